//! WAV files: PCM, 16 bits, mono, 24 kHz.

use super::tune;
use bytes::Bytes;
use std::f32::consts::TAU;

const RATE: u32 = 24_000;

/// The longest, ms.
const DURATION_MAX_MS: u32 = 600_000;

/// How loud, of 1.
const LOUDNESS: f32 = 0.2;

/// A file of exactly this length.
pub(super) fn file(duration_ms: u32, seed: u64) -> Bytes {
    let count = duration_ms.min(DURATION_MAX_MS) * (RATE / 1_000);
    let length = count * 2;
    let mut file = Vec::with_capacity(44 + length as usize);
    file.extend(b"RIFF");
    file.extend((36 + length).to_le_bytes());
    file.extend(b"WAVEfmt ");
    file.extend(16u32.to_le_bytes());
    [1u16, 1].into_iter().for_each(|value| file.extend(value.to_le_bytes()));
    [RATE, RATE * 2].into_iter().for_each(|value| file.extend(value.to_le_bytes()));
    [2u16, 16].into_iter().for_each(|value| file.extend(value.to_le_bytes()));
    file.extend(b"data");
    file.extend(length.to_le_bytes());
    let tone = RATE / 1_000 * tune::TONE_MS;
    for first in (0..count).step_by(tone as usize) {
        let step = TAU * tune::pitch(tune::line(seed, first / tone)) / RATE as f32;
        for place in 0..tone.min(count - first) {
            // Each tone fades, so that none ends with a click.
            let fade = 1.0 - place as f32 / tone as f32;
            let value = (step * place as f32).sin() * fade * LOUDNESS;
            file.extend(((value * f32::from(i16::MAX)) as i16).to_le_bytes());
        }
    }
    file.into()
}
