//! `Call::Upload`: takes pictures in and answers their URLs at once.

use crate::api::Api;
use crate::asked::Asked;
use crate::inline::{decode_all, sniff};
use crate::inputs::stream_of;
use crate::{dates, reply};
use axum::response::Response;
use bytes::Bytes;
use contracts::Problem;
use contracts::inputs::INPUT_MAX_BYTES;

/// The most pictures of one request.
pub const UPLOADS_MAX: usize = 20;

struct Picture {
    key: String,
    content_type: &'static str,
    bytes: Bytes,
}

/// Decodes and looks at every picture first, then stores them: 400 for a bad one stores none.
pub async fn handle(api: &Api, asked: &Asked) -> Result<Response, Problem> {
    let texts = asked.family.uploads(&asked.input())?;
    if texts.len() > UPLOADS_MAX {
        return Err(Problem::refused("invalid_request", format!("at most {UPLOADS_MAX} pictures may be sent at once")));
    }
    let pictures: Vec<Picture> =
        texts.iter().enumerate().map(|(place, text)| read(api, place, text)).collect::<Result<_, _>>()?;
    let mut urls = Vec::with_capacity(pictures.len());
    for picture in pictures {
        urls.push(api.front.link(&picture.key));
        put(api, picture).await?;
    }
    Ok(reply::answer(&asked.family.uploaded(&urls)))
}

fn read(api: &Api, place: usize, text: &str) -> Result<Picture, Problem> {
    let refuse = |why: &str| Problem::refused("invalid_request", format!("picture {} can't be read: {why}", place + 1));
    let bytes = decode_all(text).map_err(|broken| refuse(&broken.to_string()))?;
    if bytes.len() > INPUT_MAX_BYTES {
        let message = format!("picture {} is larger than {INPUT_MAX_BYTES} bytes", place + 1);
        return Err(Problem::too_large(None, message));
    }
    if !infer::is_image(&bytes) {
        return Err(refuse("it is no picture of a known type (PNG, JPEG, WebP, GIF …)"));
    }
    let (content_type, extension) = sniff(&bytes);
    let mut random = [0u8; 16];
    api.front.entropy.fill(&mut random);
    let name = crate::auth::hex(&random);
    let key = format!("uploads/{}/{name}.{extension}", dates::path_of(api.now_ms()));
    Ok(Picture { key, content_type, bytes: Bytes::from(bytes) })
}

async fn put(api: &Api, picture: Picture) -> Result<(), Problem> {
    let Picture { key, content_type, bytes } = picture;
    let body = stream_of(bytes);
    match api.front.store.put_stream(&key, content_type, INPUT_MAX_BYTES as u64, body).await {
        Ok(_) => Ok(()),
        Err(error) => {
            tracing::warn!(%error, "an upload could not be stored");
            Err(Problem::unavailable("the file store is temporarily unavailable, please try again"))
        }
    }
}
