//! AAC silence.

/// Samples in a second.
pub(super) const RATE: u32 = 48_000;

/// Samples in a frame.
pub(super) const FRAME: u32 = 1_024;

/// A frame of silence (ISO 14496-3, 4.4.2.1): one channel element without a band, then the end mark.
pub(super) const SILENCE: [u8; 4] = [0, 0, 0, 7];

/// What a player must know before: AAC LC, 48 kHz, mono (ISO 14496-3, 1.6.2.1).
pub(super) const CONFIG: [u8; 2] = [0x11, 0x88];
