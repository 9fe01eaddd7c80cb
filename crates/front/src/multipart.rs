//! Multipart forms, on the routes that take them.

use axum::body::Body as HttpBody;
use axum::extract::{DefaultBodyLimit, FromRequest, Multipart, Request};
use axum::http::{HeaderMap, header};
use bytes::Bytes;
use contracts::{Body, Problem, Route, Upload};
use serde_json::Value;

/// The most parts of a form.
pub const PARTS_MAX: usize = 100;

/// The most bytes of a text field.
pub const TEXT_FIELD_MAX_BYTES: usize = 1024 * 1024;

/// Whether a route takes forms: its body schema says `"x-multipart": true`.
pub fn is_taken(route: &Route) -> bool {
    route.schema.get("x-multipart").and_then(Value::as_bool).unwrap_or(false)
}

/// Reads a form whose bytes are all there. Fields with a file name are files, all others text.
pub async fn read(headers: &HeaderMap, bytes: Bytes) -> Result<Body, Problem> {
    let mut request = Request::new(HttpBody::from(bytes));
    if let Some(content_type) = headers.get(header::CONTENT_TYPE) {
        request.headers_mut().insert(header::CONTENT_TYPE, content_type.clone());
    }
    // The bytes have been counted on their way in.
    DefaultBodyLimit::disable().apply(&mut request);
    let mut form = Multipart::from_request(request, &()).await.map_err(|_| broken())?;
    let (mut texts, mut files) = (Vec::new(), Vec::new());
    while let Some(field) = form.next_field().await.map_err(|_| broken())? {
        if texts.len() + files.len() >= PARTS_MAX {
            return Err(Problem::refused("invalid_request", format!("a form may have at most {PARTS_MAX} parts")));
        }
        let name = field.name().unwrap_or_default().to_owned();
        let file_name = field.file_name().map(str::to_owned);
        let content_type = field.content_type().map(str::to_owned);
        let bytes = field.bytes().await.map_err(|_| broken())?;
        if file_name.is_some() {
            files.push(Upload { field: name, file_name, content_type, bytes });
            continue;
        }
        if bytes.len() > TEXT_FIELD_MAX_BYTES {
            let message = format!("{name} is larger than {TEXT_FIELD_MAX_BYTES} bytes; send it as a file");
            return Err(Problem::too_large(Some(&name), message));
        }
        let text = String::from_utf8(bytes.to_vec())
            .map_err(|_| Problem::invalid(&name, format!("{name} is no UTF-8 text")))?;
        texts.push((name, text));
    }
    Ok(Body::Form(texts, files))
}

fn broken() -> Problem {
    Problem::refused("invalid_body", "the multipart form could not be read")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn texts_and_files_are_told_apart() {
        let mut headers = HeaderMap::new();
        headers.insert("content-type", "multipart/form-data; boundary=X".parse().expect("is a header value"));
        let body = "--X\r\nContent-Disposition: form-data; name=\"prompt\"\r\n\r\na cat\r\n\
                    --X\r\nContent-Disposition: form-data; name=\"f\"; filename=\"a.png\"\r\n\
                    Content-Type: image/png\r\n\r\nPNG\r\n--X--\r\n";
        let read_form = read(&headers, Bytes::from_static(body.as_bytes())).await.expect("is a form");
        let Body::Form(texts, files) = read_form else { panic!("a form was sent") };
        assert_eq!(texts, [("prompt".to_owned(), "a cat".to_owned())]);
        assert_eq!((files[0].field.as_str(), &files[0].bytes[..]), ("f", &b"PNG"[..]));
        let cut = read(&headers, Bytes::from_static(b"--X\r\nContent-Disp")).await.expect_err("is cut short");
        assert_eq!(cut.status, 400);
    }
}
