//! How big a picture is, and how wide for its height.

use serde::{Deserialize, Serialize};

/// Pixels, both multiples of 16.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Size {
    pub width: u32,
    pub height: u32,
}

/// The widest and the narrowest that is painted.
const ASPECTS: std::ops::RangeInclusive<f64> = 0.25..=4.0;

/// The longest edge, pixels.
const EDGE_MAX: f64 = 4_096.0;

impl Size {
    /// About as many pixels as a square of this edge, `aspect` times as wide as high.
    pub(crate) fn of_area(edge_px: u32, aspect: f64) -> Self {
        let root = aspect.clamp(*ASPECTS.start(), *ASPECTS.end()).sqrt();
        let edge = f64::from(edge_px);
        Self { width: whole(edge * root), height: whole(edge / root) }
    }

    /// Both edges so many times as long.
    pub(crate) fn times(self, across: f64, down: f64) -> Self {
        Self { width: whole(f64::from(self.width) * across), height: whole(f64::from(self.height) * down) }
    }
}

fn whole(pixels: f64) -> u32 {
    let sixteens = (pixels.clamp(16.0, EDGE_MAX) / 16.0).round().max(1.0);
    sixteens as u32 * 16
}

/// `--ar 16:9` (or `--aspect`) in a prompt as width over height; 1 when there is none.
pub(crate) fn aspect_of(prompt: &str) -> f64 {
    let mut words = prompt.split_whitespace();
    while let Some(word) = words.next() {
        if matches!(word, "--ar" | "--aspect" | "—ar") {
            return words.next().and_then(read_ratio).unwrap_or(1.0);
        }
    }
    1.0
}

fn read_ratio(text: &str) -> Option<f64> {
    let (width, height) = text.split_once(':')?;
    let (width, height): (f64, f64) = (width.parse().ok()?, height.parse().ok()?);
    let ratio = width / height;
    (ratio.is_finite() && ratio > 0.0).then_some(ratio)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ratio_in_the_prompt_gives_the_size() {
        let size = |prompt: &str| Size::of_area(1024, aspect_of(prompt));
        assert_eq!(size("cat"), Size { width: 1024, height: 1024 });
        assert_eq!(size("cat --ar 16:9 --v 6"), Size { width: 1360, height: 768 });
        assert_eq!(size("cat --ar 9:16"), Size { width: 768, height: 1360 });
        assert_eq!(size("cat --ar"), size("cat --ar 0:0"));
        assert_eq!(size("cat --ar 1:1000"), Size { width: 512, height: 2048 });
    }
}
