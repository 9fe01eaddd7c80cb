//! Files inside a request: uploads, data URIs, and bare base64 that turns out to be a media file.

use super::arrived::Arrived;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::Value;

/// Shorter texts are never taken for bare base64.
const BARE_MIN_CHARS: usize = 64;

/// Longer strings are not kept in the job's body.
const KEPT_MAX_CHARS: usize = 64 << 10;

/// A file that came in, before it is kept.
pub(super) struct Found {
    /// The form field, or the way through the body.
    pub field: String,
    pub content_type: String,
    pub bytes: Bytes,
    /// The string that held it, to be shortened in the body.
    is_long_text: bool,
}

/// All files of the request, in order: uploads first.
pub(super) fn found(arrived: &Arrived) -> Vec<Found> {
    let upload = |upload: &super::Upload| Found {
        field: upload.field.clone(),
        content_type: match upload.content_type.as_str() {
            "" => sniff(&upload.bytes).unwrap_or("application/octet-stream").to_owned(),
            given => given.to_owned(),
        },
        bytes: upload.bytes.clone(),
        is_long_text: false,
    };
    let mut files: Vec<Found> = arrived.files.iter().map(upload).collect();
    walk(&arrived.body, "", &mut files);
    files
}

/// The body with its long base64 strings replaced by `kept:<name>`; `names` stand in the order of `files`.
pub(super) fn shortened(body: &Value, files: &[Found], names: &[String]) -> Value {
    let mut body = body.clone();
    for (file, name) in files.iter().zip(names).filter(|(file, _)| file.is_long_text) {
        if let Some(place) = body.pointer_mut(&format!("/{}", file.field)) {
            *place = format!("kept:{name}").into();
        }
    }
    body
}

/// The usual file ending of a content type.
pub(super) fn ending(content_type: &str) -> &'static str {
    match content_type {
        "image/png" => "png",
        "image/jpeg" => "jpg",
        "image/webp" => "webp",
        "image/gif" => "gif",
        "video/mp4" => "mp4",
        "audio/mpeg" => "mp3",
        "audio/wav" | "audio/x-wav" => "wav",
        _ => "bin",
    }
}

fn walk(value: &Value, path: &str, files: &mut Vec<Found>) {
    let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") };
    match value {
        Value::String(text) => files.extend(read(text, path)),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(place, item)| walk(item, &below(&place.to_string()), files));
        }
        Value::Object(fields) => fields.iter().for_each(|(name, item)| walk(item, &below(&escape(name)), files)),
        _ => {}
    }
}

/// As a JSON pointer wants it.
fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

fn read(text: &str, path: &str) -> Option<Found> {
    let (claimed, encoded) = match text.strip_prefix("data:").and_then(|rest| rest.split_once(";base64,")) {
        Some((claimed, encoded)) => (Some(claimed), encoded),
        None if text.len() >= BARE_MIN_CHARS => (None, text),
        None => return None,
    };
    let bytes = Bytes::from(STANDARD.decode(encoded).ok()?);
    let content_type = match claimed {
        Some(claimed) => claimed.to_owned(),
        None => sniff(&bytes)?.to_owned(),
    };
    Some(Found { field: path.to_owned(), content_type, bytes, is_long_text: text.len() > KEPT_MAX_CHARS })
}

/// The content type by the first bytes; `None` when they say nothing.
fn sniff(bytes: &[u8]) -> Option<&'static str> {
    let at = |place: usize, magic: &[u8]| bytes.get(place..).is_some_and(|rest| rest.starts_with(magic));
    Some(match () {
        () if at(0, b"\x89PNG\r\n\x1a\n") => "image/png",
        () if at(0, b"\xff\xd8\xff") => "image/jpeg",
        () if at(0, b"GIF8") => "image/gif",
        () if at(0, b"RIFF") && at(8, b"WEBP") => "image/webp",
        () if at(0, b"RIFF") && at(8, b"WAVE") => "audio/wav",
        () if at(4, b"ftyp") => "video/mp4",
        () if at(0, b"ID3") || at(0, b"\xff\xfb") => "audio/mpeg",
        () => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_is_found_wherever_it_stands_and_words_are_left_alone() {
        let picture = [b"\x89PNG\r\n\x1a\n".as_slice(), &[7; 60_000]].concat();
        let encoded = STANDARD.encode(&picture);
        let body = serde_json::json!({
            "prompt": "a".repeat(100),
            "image": encoded,
            "content": [{"url": "https://example.com/x.png"}, {"url": "data:audio/mpeg;base64,SUQz"}],
        });
        let mut files = Vec::new();
        walk(&body, "", &mut files);
        let what: Vec<_> = files.iter().map(|file| (file.field.as_str(), file.content_type.as_str())).collect();
        assert_eq!(what, [("content/1/url", "audio/mpeg"), ("image", "image/png")]);
        assert_eq!(files[1].bytes, picture);
        let short = shortened(&body, &files, &["a.mp3".into(), "b.png".into()]);
        assert_eq!(short["image"], "kept:b.png");
        assert_eq!((&short["content"], &short["prompt"]), (&body["content"], &body["prompt"]));
    }
}
