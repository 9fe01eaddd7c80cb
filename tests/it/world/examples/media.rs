//! The files that the pages name under example.com, served from loopback (`contract/DECISIONS.md`, examples in tests).

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use image::{DynamicImage, ImageFormat};
use std::io::Cursor;
use std::sync::{Arc, Mutex, PoisonError};

/// Pictures that have to be as large as the film that begins with them, which the vendor checks; others are
/// [`USUAL`].
const SIZES: &[(&str, (u32, u32))] = &[("scene.jpg", (1792, 1024))];
/// Larger than what any vendor calls too small.
const USUAL: (u32, u32) = (640, 640);

/// What a film's and a sound's first bytes look like; nobody here looks further.
const FILM: &[u8] = b"\0\0\0\x18ftypisom\0\0\x02\0isomiso2\0\0\0\x08mdat";
const SOUND: &[u8] = b"ID3\x04\0\0\0\0\0\0\xff\xfb\x90\x64\0\0\0\0";

/// The host of the caller's files.
#[derive(Clone, Default)]
pub(super) struct Media {
    pub(super) base: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Media {
    /// Listens on a free port for as long as the test runs.
    pub(super) async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let base = format!("http://{}", listener.local_addr().expect("it has an address"));
        let media = Self { base, ..Self::default() };
        let router = Router::new().route("/{name}", axum::routing::get(file)).with_state(media.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        media
    }

    /// The files that were fetched, in order.
    pub(super) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn file(State(media): State<Media>, Path(name): Path<String>) -> (StatusCode, Bytes) {
    media.asked.lock().unwrap_or_else(PoisonError::into_inner).push(name.clone());
    match name.rsplit('.').next() {
        Some("mp4") => (StatusCode::OK, Bytes::from_static(FILM)),
        Some("mp3") => (StatusCode::OK, Bytes::from_static(SOUND)),
        Some("jpg" | "png") => (StatusCode::OK, picture(&name)),
        _ => (StatusCode::NOT_FOUND, Bytes::new()),
    }
}

fn picture(name: &str) -> Bytes {
    let (width, height) = SIZES.iter().find(|(of, _)| *of == name).map_or(USUAL, |(_, size)| *size);
    let mut file = Cursor::new(Vec::new());
    DynamicImage::new_rgb8(width, height).write_to(&mut file, ImageFormat::Png).expect("a picture can be written");
    file.into_inner().into()
}
