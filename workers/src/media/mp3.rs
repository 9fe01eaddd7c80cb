//! MP3: frames of MPEG layer III, perhaps behind an ID3 tag.
//!
//! Playing time comes from the count of frames that encoders write into the first one (`Xing`, `Info`,
//! `VBRI`), and else from the file's length, but only where every frame that is looked at has one bit rate.

use super::{Kept, be32, whole_ms};

/// How much is looked at from the first frame on.
const WINDOW_BYTES: usize = 64 << 10;
/// How far behind its tag the first frame is looked for.
const PADDING_MAX_BYTES: usize = 4 << 10;
/// Fewer frames in a row than this prove nothing, unless the file ends with them.
const FRAMES_MIN: usize = 3;
/// The least and most bits of a second that layer III has.
const BITS_PER_SECOND: std::ops::RangeInclusive<u128> = 7_000..=330_000;

/// kbit/s by index, MPEG-1 and the others.
const RATES: [[u64; 15]; 2] = [
    [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
    [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
];
/// Samples of a second by index, MPEG-1.
const SAMPLES_PER_SECOND: [u64; 3] = [44_100, 48_000, 32_000];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Frame {
    kilobits: u64,
    samples_per_second: u64,
    samples: u64,
    bytes: usize,
    /// Where a count of frames stands, if there is one.
    count_at: usize,
}

/// The frame that a header at the beginning of `bytes` announces.
fn frame(bytes: &[u8]) -> Option<Frame> {
    let header = be32(bytes, 0)?;
    let field = |shift: u32, mask: u32| usize::try_from((header >> shift) & mask).ok();
    let (version, layer) = (field(19, 3)?, field(17, 3)?);
    if header >> 21 != 0x7FF || version == 1 || layer != 1 {
        return None;
    }
    let is_first = version == 3;
    let kilobits = *RATES[usize::from(!is_first)].get(field(12, 15)?)?;
    let halvings = [2, 0, 1, 0][version];
    let samples_per_second = *SAMPLES_PER_SECOND.get(field(10, 3)?)? >> halvings;
    let samples: u64 = if is_first { 1_152 } else { 576 };
    if kilobits == 0 {
        return None;
    }
    let padding = field(9, 1)?;
    let bytes = usize::try_from(samples / 8 * kilobits * 1_000 / samples_per_second).ok()? + padding;
    let is_mono = field(6, 3)? == 3;
    let count_at = match (is_first, is_mono) {
        (true, false) => 36,
        (true, true) | (false, false) => 21,
        (false, true) => 13,
    };
    Some(Frame { kilobits, samples_per_second, samples, bytes, count_at })
}

/// The place of the first frame near the beginning of `bytes` that another one follows, or the end.
pub(super) fn first_frame(bytes: &[u8]) -> Option<usize> {
    (0..bytes.len().min(PADDING_MAX_BYTES)).find(|place| {
        let Some(found) = bytes.get(*place..).and_then(frame) else { return false };
        match bytes.get(place + found.bytes..) {
            Some(rest) if rest.len() >= 4 => {
                frame(rest).is_some_and(|next| next.samples_per_second == found.samples_per_second)
            }
            Some(_) => true,
            None => false,
        }
    })
}

/// Playing time.
pub(super) async fn duration_ms(file: &Kept<'_>) -> Option<i64> {
    let tag_bytes = tag_bytes(file.head);
    let window = file.read(tag_bytes, WINDOW_BYTES).await?;
    let start = first_frame(&window)?;
    let sound = window.get(start..)?;
    let sound_bytes = file.length.checked_sub(tag_bytes)?.checked_sub(start as u64)?;
    let first = frame(sound)?;
    match frame_count(sound, first) {
        Some(frames) => by_count(u64::from(frames), first, sound_bytes),
        None => by_length(sound, first, sound_bytes),
    }
}

/// Length of the ID3 tag at the beginning: 28 bits in four bytes, and a header, perhaps a footer.
fn tag_bytes(head: &[u8]) -> u64 {
    let Some(header) = head.get(..10).filter(|header| header.starts_with(b"ID3")) else { return 0 };
    let body = header[6..].iter().fold(0_u64, |size, byte| (size << 7) | u64::from(byte & 0x7F));
    let footer = if header[5] & 0x10 == 0 { 0 } else { 10 };
    10 + body + footer
}

fn frame_count(sound: &[u8], first: Frame) -> Option<u32> {
    let tag = sound.get(first.count_at..)?;
    if tag.starts_with(b"Xing") || tag.starts_with(b"Info") {
        return (be32(tag, 4)? & 1 == 1).then(|| be32(tag, 8)).flatten();
    }
    let tag = sound.get(36..)?;
    if tag.starts_with(b"VBRI") { be32(tag, 14) } else { None }
}

/// A count that would need more or fewer bytes than there are is a lie.
fn by_count(frames: u64, first: Frame, sound_bytes: u64) -> Option<i64> {
    let samples = u128::from(frames) * u128::from(first.samples);
    let bits = u128::from(sound_bytes) * 8 * u128::from(first.samples_per_second);
    let is_plausible = bits.checked_div(samples).is_some_and(|rate| BITS_PER_SECOND.contains(&rate));
    is_plausible.then(|| whole_ms(frames * first.samples, first.samples_per_second)).flatten()
}

fn by_length(sound: &[u8], first: Frame, sound_bytes: u64) -> Option<i64> {
    let mut at = 0;
    let mut frames = 0;
    while let Some(next) = sound.get(at..).and_then(frame) {
        if (next.kilobits, next.samples_per_second) != (first.kilobits, first.samples_per_second) {
            return None;
        }
        at += next.bytes;
        frames += 1;
    }
    let is_whole = at as u64 >= sound_bytes;
    (frames >= FRAMES_MIN || is_whole).then(|| whole_ms(sound_bytes, first.kilobits * 125)).flatten()
}
