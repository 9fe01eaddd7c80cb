//! How big a video is.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use image::ImageReader;
use std::io::Cursor;

/// Frames a second of every video.
pub(super) const FPS: u32 = 24;

/// Ratios that can be asked for.
pub(super) const RATIOS: [&str; 7] = ["16:9", "4:3", "1:1", "3:4", "9:16", "21:9", "adaptive"];

/// Resolutions that can be asked for.
pub(super) const RESOLUTIONS: [&str; 4] = ["480p", "720p", "1080p", "4k"];

/// Pixels across and down: as many in all as a 16:9 picture of this resolution has. The sheet gives no
/// table of its own.
pub(super) fn size(resolution: &str, ratio: &str) -> (u32, u32) {
    let short = match resolution {
        "480p" => 480.0,
        "1080p" => 1_080.0,
        "4k" => 2_160.0,
        _ => 720.0,
    };
    let root = (short * short * 16.0_f64 / 9.0).sqrt();
    let aspect = aspect(ratio).unwrap_or(16.0 / 9.0).sqrt();
    let even = |pixels: f64| (pixels / 2.0).round() as u32 * 2;
    (even(root * aspect), even(root / aspect))
}

/// The ratio that an adaptive one becomes: the nearest to a picture that came as a data URI, else 16:9.
pub(super) fn adapted(picture: Option<&str>) -> &'static str {
    let Some(wanted) = picture.and_then(aspect_of_picture) else { return "16:9" };
    let far = |ratio: &str| aspect(ratio).map_or(f64::MAX, |is| (is / wanted).ln().abs());
    RATIOS.into_iter().min_by(|a, b| far(a).total_cmp(&far(b))).unwrap_or("16:9")
}

fn aspect(ratio: &str) -> Option<f64> {
    let (across, down) = ratio.split_once(':')?;
    Some(across.parse::<f64>().ok()? / down.parse::<f64>().ok()?)
}

fn aspect_of_picture(link: &str) -> Option<f64> {
    let (_, encoded) = link.strip_prefix("data:")?.split_once(";base64,")?;
    let bytes = STANDARD.decode(encoded).ok()?;
    let (width, height) = ImageReader::new(Cursor::new(bytes)).with_guessed_format().ok()?.into_dimensions().ok()?;
    Some(f64::from(width) / f64::from(height))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_measures_come_out() {
        assert_eq!(size("720p", "16:9"), (1_280, 720));
        assert_eq!(size("1080p", "9:16"), (1_080, 1_920));
        assert_eq!(size("480p", "16:9"), (854, 480));
        assert_eq!(size("720p", "1:1"), (960, 960));
        assert_eq!(adapted(Some("https://example.com/x.png")), "16:9");
    }
}
