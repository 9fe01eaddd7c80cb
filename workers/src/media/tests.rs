//! Files as vendors send them, and as nobody should.

use super::*;
use std::sync::Arc;
use store::FolderStore;
use task::Role;
use task::clock::ManualClock;

/// How much of a file is at hand, as the stage has it at the most.
const HEAD_BYTES: usize = 256 << 10;

/// Reads a file that lies in a store.
async fn facts_with_head(file: &[u8], role: Role, head_bytes: usize) -> Facts {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let clock = Arc::new(ManualClock::new(0));
    let store = FolderStore::open(folder.path().to_path_buf(), clock).expect("a folder opens");
    let body = futures::stream::iter([Ok(Bytes::copy_from_slice(file))]).boxed();
    store.put_stream("a", "x/y", 1 << 30, body).await.expect("a put");
    let head = Bytes::copy_from_slice(&file[..file.len().min(head_bytes)]);
    let kind = sniff(&head, role).expect("is what it is");
    Kept { store: &store, key: "a", length: file.len() as u64, head: &head }.facts(kind).await
}

async fn facts(file: &[u8], role: Role) -> Facts {
    facts_with_head(file, role, HEAD_BYTES).await
}

fn film(width: i64, height: i64, duration_ms: i64) -> Facts {
    Facts { size: Some(Size { width, height }), duration_ms: Some(duration_ms) }
}

fn sound(duration_ms: i64) -> Facts {
    Facts { size: None, duration_ms: Some(duration_ms) }
}

fn boxed(kind: &[u8; 4], inside: &[u8]) -> Vec<u8> {
    let length = u32::try_from(inside.len() + 8).expect("a small box");
    [&length.to_be_bytes(), kind.as_slice(), inside].concat()
}

fn mvhd(per_second: u32, units: u32) -> Vec<u8> {
    boxed(b"mvhd", &[&[0; 12], &per_second.to_be_bytes()[..], &units.to_be_bytes(), &[0; 80]].concat())
}

fn mvhd_long(per_second: u32, units: u64) -> Vec<u8> {
    boxed(b"mvhd", &[&[1, 0, 0, 0], &[0; 16][..], &per_second.to_be_bytes(), &units.to_be_bytes(), &[0; 80]].concat())
}

fn trak(handler: &[u8; 4], matrix: [u32; 9], width: u32, height: u32) -> Vec<u8> {
    let matrix: Vec<u8> = matrix.iter().flat_map(|part| part.to_be_bytes()).collect();
    let (width, height) = ((width << 16).to_be_bytes(), (height << 16).to_be_bytes());
    let tkhd = boxed(b"tkhd", &[&[0; 40], &matrix[..], &width, &height].concat());
    let hdlr = boxed(b"hdlr", &[&[0; 8], &handler[..], &[0; 13]].concat());
    boxed(b"trak", &[tkhd, boxed(b"mdia", &hdlr)].concat())
}

const UPRIGHT: [u32; 9] = [0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000];
const TURNED: [u32; 9] = [0, 0x1_0000, 0, 0xFFFF_0000, 0, 0, 0, 0, 0x4000_0000];

fn ftyp(brand: &[u8; 4]) -> Vec<u8> {
    boxed(b"ftyp", &[brand.as_slice(), &[0; 4], b"isom"].concat())
}

fn moov(parts: &[Vec<u8>]) -> Vec<u8> {
    boxed(b"moov", &parts.concat())
}

#[tokio::test]
async fn a_film_tells_pixels_and_time_wherever_its_headers_are() {
    let headers = moov(&[mvhd(1_000, 5_041), trak(b"soun", UPRIGHT, 0, 0), trak(b"vide", UPRIGHT, 1_280, 720)]);
    let pictures = boxed(b"mdat", &vec![7; 600_000]);
    for brand in [b"isom", b"mp42", b"iso9", b"M4V ", b"qt  "] {
        let first = [ftyp(brand), headers.clone(), pictures.clone()].concat();
        assert_eq!(facts(&first, Role::Video).await, film(1_280, 720, 5_041));
        let last = [ftyp(brand), pictures.clone(), headers.clone()].concat();
        assert_eq!(facts(&last, Role::Video).await, film(1_280, 720, 5_041));
    }
    let large = [&1_u32.to_be_bytes()[..], b"mdat", &(600_016_u64).to_be_bytes(), &vec![7; 600_000]].concat();
    let last = [ftyp(b"isom"), large, headers.clone()].concat();
    assert_eq!(facts(&last, Role::Video).await, film(1_280, 720, 5_041));
    // An old MOV begins with its pictures.
    assert_eq!(facts(&[pictures, headers].concat(), Role::Video).await, film(1_280, 720, 5_041));
}

#[tokio::test]
async fn a_film_is_told_as_it_is_shown() {
    let turned = [ftyp(b"isom"), moov(&[mvhd_long(90_000, 900_045), trak(b"vide", TURNED, 1_920, 1_080)])].concat();
    assert_eq!(facts(&turned, Role::Video).await, film(1_080, 1_920, 10_001));
    let sound_alone = [ftyp(b"M4A "), moov(&[mvhd(44_100, 441_000), trak(b"soun", UPRIGHT, 0, 0)])].concat();
    assert_eq!(facts(&sound_alone, Role::Audio).await, sound(10_000));
    // The headers of fragments tell of no fragment, unless they say so.
    let mehd = boxed(b"mvex", &boxed(b"mehd", &[&[0; 4][..], &8_000_u32.to_be_bytes()].concat()));
    let told = [ftyp(b"iso5"), moov(&[mvhd(1_000, 1), mehd])].concat();
    assert_eq!(facts(&told, Role::Video).await, sound(8_000));
    let untold = [ftyp(b"iso5"), moov(&[mvhd(1_000, 1_000), boxed(b"mvex", b"")])].concat();
    assert_eq!(facts(&untold, Role::Video).await, Facts::default());
    for (per_second, units) in [(0, 5), (1_000, 0), (1_000, u32::MAX), (1, u32::MAX - 1)] {
        let film = [ftyp(b"isom"), moov(&[mvhd(per_second, units)])].concat();
        assert_eq!(facts(&film, Role::Video).await, Facts::default(), "{units} of {per_second}");
    }
}

fn element(id: &[u8], inside: &[u8]) -> Vec<u8> {
    let length = u16::try_from(inside.len()).expect("a small element") | 0x4000;
    [id, &length.to_be_bytes(), inside].concat()
}

#[tokio::test]
async fn a_webm_tells_pixels_and_time() {
    let ebml = element(&[0x1A, 0x45, 0xDF, 0xA3], &element(&[0x42, 0x82], b"webm"));
    let scale = element(&[0x2A, 0xD7, 0xB1], &1_000_000_u32.to_be_bytes());
    let info = |duration: &[u8]| {
        element(&[0x15, 0x49, 0xA9, 0x66], &[scale.clone(), element(&[0x44, 0x89], duration)].concat())
    };
    let video = element(&[0xE0], &[element(&[0xB0], &[0x05, 0x00]), element(&[0xBA], &[0x02, 0xD0])].concat());
    let tracks = element(&[0x16, 0x54, 0xAE, 0x6B], &[element(&[0xAE], b""), element(&[0xAE], &video)].concat());
    // A segment of unknown length, as it is written live.
    let segment = [0x18, 0x53, 0x80, 0x67, 0x01, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF];
    for duration in [5_250_f64.to_be_bytes().to_vec(), 5_250_f32.to_be_bytes().to_vec()] {
        let file = [ebml.clone(), segment.to_vec(), info(&duration), tracks.clone()].concat();
        assert_eq!(facts(&file, Role::Video).await, film(1_280, 720, 5_250));
    }
    for nonsense in [f64::NAN, f64::INFINITY, -1.0, 1e300, 0.0] {
        let file = [ebml.clone(), segment.to_vec(), info(&nonsense.to_be_bytes())].concat();
        assert_eq!(facts(&file, Role::Video).await, Facts::default(), "{nonsense}");
    }
}

fn wav(said_bytes: u32, bytes_per_second: u32, samples: &[u8]) -> Vec<u8> {
    let fmt =
        [&1_u16.to_le_bytes()[..], &2_u16.to_le_bytes(), &44_100_u32.to_le_bytes(), &bytes_per_second.to_le_bytes()];
    let fmt = [fmt.concat(), 4_u16.to_le_bytes().to_vec(), 16_u16.to_le_bytes().to_vec()].concat();
    let chunk = |kind: &[u8; 4], size: u32, inside: &[u8]| [kind.as_slice(), &size.to_le_bytes(), inside].concat();
    let list = chunk(b"LIST", 3, b"abc\0");
    [b"RIFF\0\0\0\0WAVE".to_vec(), chunk(b"fmt ", 16, &fmt), list, chunk(b"data", said_bytes, samples)].concat()
}

#[tokio::test]
async fn a_wav_tells_its_time() {
    let samples = vec![0; 88_200];
    for said in [88_200, u32::MAX, 1_000_000] {
        assert_eq!(facts(&wav(said, 176_400, &samples), Role::Wav).await, sound(500), "{said}");
    }
    assert_eq!(facts(&wav(88_200, 176_401, &samples), Role::Audio).await, Facts::default());
    assert_eq!(facts(&wav(88_200, 0, &samples), Role::Audio).await, Facts::default());
}

/// Frames of 128 kbit/s at 44.1 kHz, 417 bytes each.
fn frames(count: usize) -> Vec<u8> {
    let one = [&[0xFF, 0xFB, 0x90, 0x00][..], &[0; 413]].concat();
    one.repeat(count)
}

/// A first frame that counts the others.
fn counting(word: &[u8; 4], frames: u32) -> Vec<u8> {
    let tag = [word.as_slice(), &1_u32.to_be_bytes(), &frames.to_be_bytes()].concat();
    [&[0xFF, 0xFB, 0x90, 0x00], &[0; 32][..], &tag, &vec![0; 417 - 36 - tag.len()]].concat()
}

fn id3(body_bytes: usize) -> Vec<u8> {
    let part = |shift: usize| u8::try_from((body_bytes >> shift) & 0x7F).expect("seven bits");
    [b"ID3\x04\0\0".as_slice(), &[part(21), part(14), part(7), part(0)], &vec![1; body_bytes]].concat()
}

#[tokio::test]
async fn an_mp3_tells_its_time() {
    // 417 bytes of 16,000 in a second, though a frame lasts 26.122 ms: the padding is not there.
    let bare = frames(100);
    assert_eq!(facts(&bare, Role::Audio).await, sound(2_606));
    assert_eq!(facts(&[id3(300), bare.clone()].concat(), Role::Audio).await, sound(2_606));
    // A picture in the tag is longer than what is at hand.
    let far = [id3(400_000), bare.clone()].concat();
    assert_eq!(facts(&far, Role::Audio).await, sound(2_606));
    let counted = [counting(b"Xing", 100), bare.clone()].concat();
    assert_eq!(facts(&counted, Role::Audio).await, sound(2_612));
    assert_eq!(facts(&[counting(b"Info", 100), bare.clone()].concat(), Role::Audio).await, sound(2_612));
    for lie in [0, 1, 4_000_000_000] {
        let file = [counting(b"Xing", lie), bare.clone()].concat();
        assert_eq!(facts(&file, Role::Audio).await, Facts::default(), "{lie}");
    }
    // Frames of several rates without a count: nobody knows.
    let other = [&[0xFF, 0xFB, 0xA0, 0x00][..], &[0; 518]].concat();
    assert_eq!(facts(&[bare, other].concat(), Role::Audio).await, Facts::default());
    for (header, kept) in [([0xFF, 0xF3, 0x84, 0x00], 208 * 20), ([0xFF, 0xFA, 0x90, 0x00], 417 * 20)] {
        assert!(sniff(&[&header[..], &vec![0; kept]].concat(), Role::Audio).is_err(), "one header is no sound");
    }
}

#[test]
fn what_vendors_send_is_taken_for_what_it_is() {
    let mpeg2 = [&[0xFF, 0xF3, 0x84, 0xC0][..], &[0; 200]].concat().repeat(3);
    let mpeg2_bytes = mpeg2.len();
    assert!(mpeg2_bytes > 0);
    let webp = b"RIFF\x24\0\0\0WEBPVP8 ".to_vec();
    for (file, role, content_type, extension) in [
        (ftyp(b"isom"), Role::Video, "video/mp4", "mp4"),
        (ftyp(b"iso8"), Role::Video, "video/mp4", "mp4"),
        (ftyp(b"qt  "), Role::Video, "video/quicktime", "mov"),
        (ftyp(b"M4A "), Role::Audio, "audio/mp4", "m4a"),
        (ftyp(b"mp42"), Role::Audio, "audio/mp4", "m4a"),
        (id3(20), Role::Audio, "audio/mpeg", "mp3"),
        (frames(3), Role::Audio, "audio/mpeg", "mp3"),
        (wav(0, 1, b""), Role::Wav, "audio/wav", "wav"),
        (webp, Role::Cover, "image/webp", "webp"),
        (b"\x89PNG\r\n\x1a\n".to_vec(), Role::LastFrame, "image/png", "png"),
    ] {
        let found = sniff(&file, role).expect(content_type);
        assert_eq!((found.content_type, found.extension), (content_type, extension));
    }
    for (file, role) in [
        (b"<html>expired</html>".to_vec(), Role::Video),
        (b"<html>expired</html>".to_vec(), Role::Image),
        (b"{\"error\":1}".to_vec(), Role::Audio),
        (frames(3), Role::Video),
        (ftyp(b"isom"), Role::Image),
        (ftyp(b"avif"), Role::Video),
        (b"\x89PNG\r\n\x1a\n".to_vec(), Role::Video),
    ] {
        sniff(&file, role).expect_err("is something else");
    }
}

#[tokio::test]
async fn no_file_breaks_a_reader() {
    use task::Entropy;
    let headers = moov(&[mvhd(1_000, 5_000), trak(b"vide", UPRIGHT, 1_280, 720)]);
    let seeds: [(Vec<u8>, Role); 4] = [
        ([ftyp(b"isom"), headers].concat(), Role::Video),
        ([counting(b"Xing", 20), frames(20)].concat(), Role::Audio),
        (wav(400, 176_400, &[0; 400]), Role::Wav),
        ([&[0x1A, 0x45, 0xDF, 0xA3, 0x80, 0x18, 0x53, 0x80, 0x67, 0x80][..], &[0x16; 80]].concat(), Role::Video),
    ];
    let chance = task::clock::SeededEntropy::new(7);
    let clock = Arc::new(ManualClock::new(0));
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = FolderStore::open(folder.path().to_path_buf(), clock).expect("a folder opens");
    for (seed, role) in &seeds {
        for _ in 0..3_000 {
            let mut file = seed.clone();
            for _ in 0..=chance.below(6) {
                let place = usize::try_from(chance.below(file.len() as u64)).expect("a place in it");
                let mut byte = [0];
                chance.fill(&mut byte);
                file[place] = if chance.below(3) == 0 { 0xFF } else { byte[0] };
            }
            file.truncate(usize::try_from(1 + chance.below(file.len() as u64)).expect("a length"));
            let Ok(kind) = sniff(&file, *role) else { continue };
            let head = Bytes::from(file);
            // Longer than what is there, so that every reader runs into the store, which has nothing.
            let kept = Kept { store: &store, key: "a", length: head.len() as u64 + 1_000, head: &head };
            let found = kept.facts(kind).await;
            assert!(found.duration_ms.is_none_or(|ms| ms > 0 && ms <= 86_400_000));
            assert!(found.size.is_none_or(|size| size.width > 0 && size.height > 0));
        }
    }
}
