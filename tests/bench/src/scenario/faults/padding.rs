//! The upstream's files made large: what it serves, with zeros behind, so that a copy goes in parts.

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

/// What a file is made to weigh: three parts of 5 MiB.
const PADDED_BYTES: usize = 11 << 20;

/// Where files are fetched from, once that is known.
pub(super) type Origin = Arc<OnceLock<String>>;

/// Serves padded files for as long as this program runs.
pub(super) async fn start(origin: Origin) -> anyhow::Result<SocketAddr> {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let client = reqwest::Client::builder().no_proxy().build()?;
    let router = Router::new().fallback(padded).with_state((origin, client));
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(address)
}

async fn padded(State((origin, client)): State<(Origin, reqwest::Client)>, request: Request) -> Response {
    let Some(origin) = origin.get() else { return StatusCode::NOT_FOUND.into_response() };
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let Ok(response) = client.get(format!("{origin}{path}")).send().await else {
        return StatusCode::BAD_GATEWAY.into_response();
    };
    let status = response.status().as_u16();
    let Ok(body) = response.bytes().await else { return StatusCode::BAD_GATEWAY.into_response() };
    let mut file = body.to_vec();
    file.resize(file.len().max(PADDED_BYTES), 0);
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
    (status, file).into_response()
}
