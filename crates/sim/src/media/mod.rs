//! Real media files, made by hand: the same seed gives the same bytes.

mod aac;
mod avc;
mod bits;
mod boxes;
mod film;
mod mp3;
mod mp4;
mod still;
mod tune;
mod wav;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

/// What a file is, exactly: pixels and ms are those asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Media {
    /// A picture.
    Png { width: u32, height: u32 },
    /// A picture without loss.
    Webp { width: u32, height: u32 },
    /// A picture.
    Jpeg { width: u32, height: u32 },
    /// H.264 baseline at 24 frames a second, and AAC when it has sound. Odd edges lose their last pixel.
    Mp4 { width: u32, height: u32, duration_ms: u32, with_sound: bool },
    /// MPEG-1 Layer III at a constant rate, rounded to whole frames of 24 ms.
    Mp3 { duration_ms: u32 },
    /// PCM, 16 bits, mono.
    Wav { duration_ms: u32 },
}

/// A file that can't be made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MediaError {
    /// The picture can't be encoded.
    #[error("the picture can't be encoded: {0}")]
    Picture(#[from] image::ImageError),
    /// The numbers in the file don't fit.
    #[error("the file would be too large for its format")]
    TooLarge,
}

impl Media {
    /// The file ending without its dot.
    pub(crate) fn ending(self) -> &'static str {
        match self {
            Self::Png { .. } => "png",
            Self::Webp { .. } => "webp",
            Self::Jpeg { .. } => "jpg",
            Self::Mp4 { .. } => "mp4",
            Self::Mp3 { .. } => "mp3",
            Self::Wav { .. } => "wav",
        }
    }

    /// The file: `seed` and `variant` decide what it shows or sounds like, `caption` is written on it.
    pub(crate) fn make(self, seed: u64, variant: u64, caption: &str) -> Result<Bytes, MediaError> {
        match self {
            Self::Png { width, height } => Ok(still::png(&still::picture(width, height, seed, variant, caption))?),
            Self::Webp { width, height } => Ok(still::webp(&still::picture(width, height, seed, variant, caption))?),
            Self::Jpeg { width, height } => Ok(still::jpeg(&still::picture(width, height, seed, variant, caption))?),
            Self::Mp4 { width, height, duration_ms, with_sound } => {
                let film = film::Film::of(width, height, duration_ms, seed, variant, caption);
                mp4::file(&film, with_sound)
            }
            Self::Mp3 { duration_ms } => Ok(mp3::file(duration_ms, seed.wrapping_add(variant), caption)),
            Self::Wav { duration_ms } => Ok(wav::file(duration_ms, seed.wrapping_add(variant))),
        }
    }
}

#[cfg(test)]
mod tests;
