//! A little tune: which tone sounds when.

use crate::fingerprint::{Dice, fingerprint};

/// How long a tone lasts, ms: a whole number of MP3 frames.
pub(super) const TONE_MS: u32 = 480;

/// The tones, as lines of MP3's spectrum at 48 kHz: the middle of line `n` is at (n + ½) · 41.7 Hz.
const LINES: [u32; 6] = [6, 7, 9, 10, 12, 15];

/// The line that sounds during tone `number`.
pub(super) fn line(seed: u64, number: u32) -> u32 {
    let at = Dice::new(fingerprint(seed, &["tone", &number.to_string()])).unit();
    LINES[(at * LINES.len() as f32) as usize % LINES.len()]
}

/// Its pitch, Hz.
pub(super) fn pitch(line: u32) -> f32 {
    (line as f32 + 0.5) * 48_000.0 / 1_152.0
}
