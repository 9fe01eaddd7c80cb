//! `input_reference`: an uploaded file, or an object; never a bare string (section 2).

use super::fields::{WRONG_TYPE, wrong};
use crate::job::{Arrived, Refusal};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use image::{ImageFormat, ImageReader};
use serde_json::Value;
use std::io::Cursor;

const FIELD: &str = "input_reference";

/// The most characters of a link or data URI: about 20 MB.
const LINK_MAX_CHARS: usize = 20 << 20;

/// Checks the reference. `size`: pixels that a picture must have, for models that want them to match.
pub(super) fn check(arrived: &Arrived, size: Option<(u32, u32)>) -> Result<(), Refusal> {
    if let Some(upload) = arrived.files.iter().find(|upload| upload.field == FIELD) {
        return check_bytes(&upload.bytes, size);
    }
    // An object in a form has its fields in brackets.
    let bracketed = |name: &str| arrived.body.get(format!("{FIELD}[{name}]"));
    let (link, file) = match arrived.body.get(FIELD) {
        Some(Value::Object(object)) => (object.get("image_url"), object.get("file_id")),
        Some(Value::Null) | None => (bracketed("image_url"), bracketed("file_id")),
        Some(_) => return Err(wrong(FIELD, WRONG_TYPE)),
    };
    let is_given = arrived.body.get(FIELD).is_some_and(Value::is_object);
    match (link.filter(|value| !value.is_null()), file.filter(|value| !value.is_null())) {
        (Some(link), None) => check_link(link, size),
        (None, Some(_)) => Err(wrong(FIELD, "names a file that there is none of")),
        (None, None) if !is_given => Ok(()),
        _ => Err(wrong(FIELD, "needs exactly one of image_url and file_id")),
    }
}

fn check_link(link: &Value, size: Option<(u32, u32)>) -> Result<(), Refusal> {
    let link = link.as_str().ok_or_else(|| wrong(FIELD, WRONG_TYPE))?;
    if link.len() > LINK_MAX_CHARS {
        return Err(wrong(FIELD, "is too long"));
    }
    if let Some((_, encoded)) = link.strip_prefix("data:").and_then(|rest| rest.split_once(";base64,")) {
        let bytes = STANDARD.decode(encoded).map_err(|_| wrong(FIELD, "is no base64"))?;
        return check_bytes(&bytes, size);
    }
    let is_link = link.starts_with("https://") || link.starts_with("http://");
    is_link.then_some(()).ok_or_else(|| wrong(FIELD, "is no link"))
}

/// The type that a form claims is not trusted: some clients always send `application/octet-stream`.
fn check_bytes(bytes: &[u8], size: Option<(u32, u32)>) -> Result<(), Refusal> {
    let reader = ImageReader::new(Cursor::new(bytes)).with_guessed_format().ok();
    let known = |format: &ImageFormat| matches!(format, ImageFormat::Png | ImageFormat::Jpeg | ImageFormat::WebP);
    let reader = reader.filter(|reader| reader.format().as_ref().is_some_and(known));
    let reader = reader.ok_or_else(|| wrong(FIELD, "must be a JPEG, PNG or WebP picture"))?;
    let pixels = reader.into_dimensions().map_err(|_| wrong(FIELD, "can't be read"))?;
    let fits = size.is_none_or(|size| size == pixels);
    fits.then_some(()).ok_or_else(|| wrong(FIELD, "must be as wide and high as the video"))
}
