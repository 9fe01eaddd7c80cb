//! MP3 files: MPEG-1 Layer III, 48 kHz, mono, 64 kbit/s, so that every frame is 192 bytes and 24 ms.
//! A tone is one line of the spectrum (ISO 11172-3, 2.4).

use super::bits::Bits;
use super::tune;
use bytes::Bytes;

/// Ms of sound in a frame.
const FRAME_MS: u32 = 24;

/// Bytes in a frame.
const FRAME_BYTES: usize = 192;

/// The longest, ms.
const DURATION_MAX_MS: u32 = 1_200_000;

/// Sync, Layer III without checksum, 64 kbit/s, 48 kHz, mono, original.
const HEADER: [u8; 4] = [0xff, 0xfb, 0x54, 0xc4];

/// `global_gain`: 210 is full scale for a line of 1; four less is half.
const GAIN: u32 = 200;

/// A file of this length, rounded to whole frames, at least one, with an ID3 title unless it is empty.
pub(super) fn file(duration_ms: u32, seed: u64, title: &str) -> Bytes {
    let frames = ((duration_ms.min(DURATION_MAX_MS) + FRAME_MS / 2) / FRAME_MS).max(1);
    let mut file = id3(title);
    for number in 0..frames {
        let line = tune::line(seed, number * FRAME_MS / tune::TONE_MS);
        file.extend(frame(line, number));
    }
    file.into()
}

fn frame(line: u32, number: u32) -> Vec<u8> {
    let (mut side, mut main) = (Bits::default(), Bits::default());
    // The main data begins here; private bits; no scale factors are shared.
    side.put(0, 9 + 5 + 4);
    for granule in 0..2 {
        let before = main.len() as u32;
        // Turning the sign in every second pair of granules keeps the wave going.
        tone(&mut main, line, ((number * 2 + granule) / 2) % 2 == 1);
        side.put(main.len() as u32 - before, 12);
        side.put(line / 2 + 1, 9);
        side.put(GAIN, 8);
        // No scale factors, plain window.
        side.put(0, 4 + 1);
        // Code table 1 in all three regions.
        [1, 1, 1].into_iter().for_each(|table| side.put(table, 5));
        side.put(7, 4);
        side.put(7, 3);
        side.put(0, 3);
    }
    let mut frame = [HEADER.to_vec(), side.into_bytes(), main.into_bytes()].concat();
    frame.resize(FRAME_BYTES, 0);
    frame
}

/// Pairs of zeros, then the pair in which the line is ±1 (table 1: 00 is 1, 10 is 01, 01 is 001).
fn tone(main: &mut Bits, line: u32, is_negative: bool) {
    (0..line / 2).for_each(|_| main.put(1, 1));
    main.put(1, if line.is_multiple_of(2) { 2 } else { 3 });
    main.put(u32::from(is_negative), 1);
}

/// An ID3v2.4 tag with a title in UTF-8.
fn id3(title: &str) -> Vec<u8> {
    if title.is_empty() {
        return Vec::new();
    }
    // A tag's numbers have seven bits a byte; so long a title as would not fit is cut.
    let text: String = title.chars().take(1_000).collect();
    let sized = |length: usize| [21, 14, 7, 0].map(|shift| (length >> shift & 0x7f) as u8);
    let title = [b"TIT2".as_slice(), &sized(text.len() + 1), &[0, 0, 3], text.as_bytes()].concat();
    [b"ID3".as_slice(), &[4, 0, 0], &sized(title.len()), &title].concat()
}
