//! Pictures that come in: a link, or raw base64. A `data:` prefix is refused (section 2.2).

use crate::job::Refusal;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use image::{ImageFormat, ImageReader};
use std::io::Cursor;

/// The most bytes of a picture of the legacy generation.
pub(super) const LEGACY_MAX_BYTES: usize = 10 << 20;

/// The most bytes of a picture of the new generation.
pub(super) const MODERN_MAX_BYTES: usize = 50 << 20;

/// Checks a picture; gives its width and height when its bytes came with it.
pub(super) fn read(text: &str, name: &str, max_bytes: usize) -> Result<Option<(u32, u32)>, Refusal> {
    if text.starts_with("https://") || text.starts_with("http://") {
        return Ok(None);
    }
    if text.starts_with("data:") {
        return Err(invalid(name, "must be base64 without a data: prefix"));
    }
    let bytes = STANDARD.decode(text).map_err(|_| invalid(name, "is neither a link nor base64"))?;
    if bytes.len() > max_bytes {
        return Err(invalid(name, "is too large"));
    }
    match image::guess_format(&bytes) {
        Ok(ImageFormat::Png | ImageFormat::Jpeg) => {}
        _ => return Err(invalid(name, "is neither a JPEG nor a PNG")),
    }
    let size = ImageReader::new(Cursor::new(bytes)).with_guessed_format().ok();
    Ok(size.and_then(|reader| reader.into_dimensions().ok()))
}

fn invalid(name: &str, text: &str) -> Refusal {
    Refusal::Invalid(format!("{name} {text}"))
}
