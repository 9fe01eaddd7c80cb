//! MP4 files: a video track, and a silent sound track when asked for. The index stands before the
//! data, so that a player can begin at once.

use super::boxes::{boxed, full, halves, upright, words};
use super::film::{FPS, Film, Reel};
use super::{MediaError, aac};
use bytes::Bytes;

/// Ticks in a second of the video track: 24 of them are a ms, 1,000 a frame.
const VIDEO_RATE: u32 = FPS * 1_000;

/// A track on its way into the file.
struct Track {
    id: u32,
    rate: u32,
    /// Ticks of all samples but the last, and of the whole.
    sample_ticks: u32,
    ticks: u32,
    samples: Vec<Vec<u8>>,
    /// `vmhd` or `smhd`.
    media_header: Vec<u8>,
    handler: &'static [u8; 4],
    entry: Vec<u8>,
    /// Pixels; zero for sound.
    size: (u32, u32),
    /// Only the first sample can be begun with.
    has_one_start: bool,
}

/// The file.
pub(super) fn file(film: &Film, with_sound: bool) -> Result<Bytes, MediaError> {
    let mut tracks = vec![video(film)];
    if with_sound {
        tracks.push(sound(film.duration_ms));
    }
    let kind = boxed(b"ftyp", &[b"isom", &words(&[0x200]), b"isom", b"iso2", b"avc1", b"mp41"]);
    let lengths: Vec<usize> = tracks.iter().map(|track| track.samples.iter().map(Vec::len).sum()).collect();
    let data_length = u32::try_from(lengths.iter().sum::<usize>() + 8).map_err(|_| MediaError::TooLarge)?;
    // The index is as long wherever it says that the data stands.
    let index_length = index(film, &tracks, &vec![0; tracks.len()]).len();
    let mut at = kind.len() + index_length + 8;
    let mut offsets = Vec::new();
    for length in lengths {
        offsets.push(u32::try_from(at).map_err(|_| MediaError::TooLarge)?);
        at += length;
    }
    let mut file = [kind, index(film, &tracks, &offsets), words(&[data_length]), b"mdat".to_vec()].concat();
    tracks.iter().flat_map(|track| &track.samples).for_each(|sample| file.extend(sample));
    Ok(file.into())
}

fn index(film: &Film, tracks: &[Track], offsets: &[u32]) -> Vec<u8> {
    let times = words(&[0, 0, 1_000, film.duration_ms]);
    let rest = [words(&[0x1_0000, 0x100_0000, 0, 0]), upright(), words(&[0; 6]), words(&[tracks.len() as u32 + 1])];
    let header = full(b"mvhd", 0, &[&times, &rest.concat()]);
    let described: Vec<Vec<u8>> =
        tracks.iter().zip(offsets).map(|(track, offset)| track.described(film.duration_ms, *offset)).collect();
    boxed(b"moov", &[&header, &described.concat()])
}

impl Track {
    fn described(&self, duration_ms: u32, offset: u32) -> Vec<u8> {
        let volume = if self.size.0 == 0 { 0x0100 } else { 0 };
        let header = full(
            b"tkhd",
            0b11,
            &[
                &words(&[0, 0, self.id, 0, duration_ms, 0, 0]),
                &halves(&[0, 0, volume, 0]),
                &upright(),
                &words(&[self.size.0 << 16, self.size.1 << 16]),
            ],
        );
        // The language is "und".
        let media_header = full(b"mdhd", 0, &[&words(&[0, 0, self.rate, self.ticks]), &halves(&[0x55c4, 0])]);
        let handler = full(b"hdlr", 0, &[&words(&[0]), self.handler, &words(&[0; 3]), b"sim\0"]);
        let here = full(b"url ", 1, &[]);
        let data = boxed(b"dinf", &[&full(b"dref", 0, &[&words(&[1]), &here])]);
        let information = boxed(b"minf", &[&self.media_header, &data, &self.table(offset)]);
        boxed(b"trak", &[&header, &boxed(b"mdia", &[&media_header, &handler, &information])])
    }

    /// Where the samples are and how long each lasts. All stand in one chunk.
    fn table(&self, offset: u32) -> Vec<u8> {
        let count = self.samples.len() as u32;
        let last = self.ticks - self.sample_ticks * count.saturating_sub(1);
        let sizes: Vec<u32> = self.samples.iter().map(|sample| sample.len() as u32).collect();
        let starts = if self.has_one_start { full(b"stss", 0, &[&words(&[1, 1])]) } else { Vec::new() };
        boxed(
            b"stbl",
            &[
                &full(b"stsd", 0, &[&words(&[1]), &self.entry]),
                &full(b"stts", 0, &[&words(&[2, count - 1, self.sample_ticks, 1, last])]),
                &starts,
                &full(b"stsc", 0, &[&words(&[1, 1, count, 1])]),
                &full(b"stsz", 0, &[&words(&[0, count]), &words(&sizes)]),
                &full(b"stco", 0, &[&words(&[1, offset])]),
            ],
        )
    }
}

fn video(film: &Film) -> Track {
    let reel = film.shoot();
    let entry = video_entry(film, &reel);
    let sized = |unit: Vec<u8>| [words(&[unit.len() as u32]), unit].concat();
    Track {
        id: 1,
        rate: VIDEO_RATE,
        sample_ticks: VIDEO_RATE / FPS,
        ticks: film.duration_ms * FPS,
        samples: reel.frames.into_iter().map(sized).collect(),
        media_header: full(b"vmhd", 1, &[&words(&[0, 0])]),
        handler: b"vide",
        entry,
        size: (film.width, film.height),
        has_one_start: true,
    }
}

/// `avc1` with its `avcC` (ISO 14496-15).
fn video_entry(film: &Film, reel: &Reel) -> Vec<u8> {
    let set = |set: &[u8]| [halves(&[set.len() as u16]), set.to_vec()].concat();
    let config =
        boxed(b"avcC", &[&[1, 66, 0xc0, reel.level, 0xff, 0xe1], &set(&reel.sequence), &[1], &set(&reel.picture)]);
    // Edges are at most 4,096, so they fit.
    let (width, height) = (film.width as u16, film.height as u16);
    let plain = [halves(&[0, 0, 0, 1]), words(&[0; 4]), halves(&[width, height])].concat();
    let screen = [words(&[0x48_0000, 0x48_0000, 0]), halves(&[1]), vec![0; 32], halves(&[24, 0xffff])].concat();
    boxed(b"avc1", &[&plain, &screen, &config])
}

fn sound(duration_ms: u32) -> Track {
    let ticks = duration_ms * (aac::RATE / 1_000);
    Track {
        id: 2,
        rate: aac::RATE,
        sample_ticks: aac::FRAME,
        ticks,
        samples: vec![aac::SILENCE.to_vec(); ticks.div_ceil(aac::FRAME) as usize],
        media_header: full(b"smhd", 0, &[&words(&[0])]),
        handler: b"soun",
        entry: sound_entry(),
        size: (0, 0),
        has_one_start: false,
    }
}

/// `mp4a` with its `esds` (ISO 14496-14).
fn sound_entry() -> Vec<u8> {
    let stream = [&[3, 25, 0, 2, 0, 4, 17, 0x40, 0x15, 0, 0, 0], words(&[0, 0]).as_slice(), &[5, 2]].concat();
    let descriptor = full(b"esds", 0, &[&stream, &aac::CONFIG, &[6, 1, 2]]);
    let plain = [halves(&[0, 0, 0, 1]), words(&[0, 0]), halves(&[1, 16, 0, 0]), words(&[aac::RATE << 16])].concat();
    boxed(b"mp4a", &[&plain, &descriptor])
}
