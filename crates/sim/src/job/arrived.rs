//! A request as it came in: JSON, a form, or a multipart form.

use super::protocol::{BODY_MAX_BYTES, Refusal};
use crate::cut::Cut;
use axum::body::to_bytes;
use axum::extract::{FromRequest, Multipart, Query, Request};
use axum::http::{HeaderMap, Method, Uri};
use bytes::Bytes;
use serde_json::{Map, Value};

/// A request.
#[derive(Debug)]
pub(crate) struct Arrived {
    pub method: Method,
    pub uri: Uri,
    pub headers: HeaderMap,
    /// Decoded, in order.
    pub query: Vec<(String, String)>,
    /// JSON of any kind; forms become an object of strings (the last of a name counts); `Null` for an
    /// empty body and for one that is neither.
    pub body: Value,
    /// Files of a multipart form; the whole body when it is neither JSON nor a form.
    pub files: Vec<Upload>,
    pub(super) cut: Cut,
}

/// A file of a multipart form.
#[derive(Debug, Clone)]
pub(crate) struct Upload {
    /// The form field; `""` when the file is the whole body.
    pub field: String,
    pub file_name: String,
    pub content_type: String,
    pub bytes: Bytes,
}

impl Arrived {
    /// Reads the whole request. A body that claims to be JSON and is not is refused.
    pub(super) async fn read(request: Request) -> Result<Self, Refusal> {
        let cut = Cut::of(&request);
        let (method, uri, headers) = (request.method().clone(), request.uri().clone(), request.headers().clone());
        let query = Query::<Vec<(String, String)>>::try_from_uri(&uri).map_or_else(|_| Vec::new(), |query| query.0);
        let kind = headers.get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
        let mut arrived = Self { method, uri, headers, query, body: Value::Null, files: Vec::new(), cut };
        if kind.starts_with("multipart/form-data") {
            arrived.read_form(request).await?;
            return Ok(arrived);
        }
        let bytes =
            to_bytes(request.into_body(), BODY_MAX_BYTES).await.map_err(|_| invalid("the body is too large"))?;
        if bytes.is_empty() {
            return Ok(arrived);
        }
        if kind.starts_with("application/x-www-form-urlencoded") {
            arrived.body = Value::Object(fields(&bytes));
        } else if let Ok(body) = serde_json::from_slice(&bytes) {
            arrived.body = body;
        } else if kind.is_empty() || kind.contains("json") {
            return Err(invalid("the body is no JSON"));
        } else {
            let (field, file_name) = (String::new(), String::new());
            arrived.files.push(Upload { field, file_name, content_type: kind, bytes });
        }
        Ok(arrived)
    }

    async fn read_form(&mut self, request: Request) -> Result<(), Refusal> {
        let mut form = Multipart::from_request(request, &()).await.map_err(|_| invalid("the form has no boundary"))?;
        let mut texts = Map::new();
        while let Some(part) = form.next_field().await.map_err(|_| invalid("the form is broken"))? {
            let field = part.name().unwrap_or_default().to_owned();
            let file_name = part.file_name().map(str::to_owned);
            let content_type = part.content_type().unwrap_or_default().to_owned();
            let bytes = part.bytes().await.map_err(|_| invalid("the form is broken"))?;
            match file_name {
                Some(file_name) => self.files.push(Upload { field, file_name, content_type, bytes }),
                None => drop(texts.insert(field, String::from_utf8_lossy(&bytes).into_owned().into())),
            }
        }
        self.body = Value::Object(texts);
        Ok(())
    }

    /// A text of the body's top level; `""` when it is absent or no text.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.body.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// A value of the query string, the first of this name; `""` when it is absent.
    pub(crate) fn asks(&self, name: &str) -> &str {
        self.query.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.as_str())
    }
}

/// The fields of a form body, decoded as the query string is.
fn fields(bytes: &Bytes) -> Map<String, Value> {
    let uri = Uri::builder().path_and_query(format!("/?{}", String::from_utf8_lossy(bytes).trim())).build();
    let read = |uri: Uri| Query::<Vec<(String, String)>>::try_from_uri(&uri).ok();
    let pairs = uri.ok().and_then(read).map(|query| query.0).unwrap_or_default();
    pairs.into_iter().map(|(name, value)| (name, Value::from(value))).collect()
}

fn invalid(text: &str) -> Refusal {
    Refusal::Invalid(text.to_owned())
}
