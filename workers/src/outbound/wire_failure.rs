//! Reads what went wrong from the client library's errors, by type and never by their text.

use super::wire::{Stage, WireError, WireErrorKind};
use std::error::Error;
use std::io;

/// An error of reqwest as ours. `origin` is scheme, host and port; `connected` is false only when it is
/// certain that the connection was never handed to the request.
pub(super) fn read(error: &reqwest::Error, origin: &str, connected: bool) -> WireError {
    let kind = kind_of(error);
    let certain = !connected || error.is_connect() || error.is_builder();
    let stage = if certain { Stage::BeforeFirstByte } else { Stage::AfterFirstByte };
    WireError { stage, kind, private: format!("{origin}: {}", words(error, kind)) }
}

fn kind_of(error: &reqwest::Error) -> WireErrorKind {
    if find::<rustls::Error>(error).is_some() {
        return WireErrorKind::Tls;
    }
    if error.is_timeout() {
        return WireErrorKind::Timeout;
    }
    if error.is_dns() {
        return WireErrorKind::Dns;
    }
    if error.is_connect() {
        return WireErrorKind::Connect;
    }
    match find::<hyper::Error>(error) {
        Some(hyper) if hyper.is_user() => WireErrorKind::Store,
        Some(hyper) if hyper.is_parse() => WireErrorKind::Protocol,
        _ => WireErrorKind::Reset,
    }
}

/// A few words that hold nothing of the request: the library's outer errors may name the whole URL.
fn words(error: &reqwest::Error, kind: WireErrorKind) -> String {
    if let Some(tls) = find::<rustls::Error>(error) {
        return format!("TLS failed: {tls}");
    }
    let what = match kind {
        WireErrorKind::Timeout => "no answer within the time limit",
        WireErrorKind::Dns => "the name could not be looked up",
        WireErrorKind::Connect => "no connection",
        WireErrorKind::Store => "the request's body could not be read to its end",
        WireErrorKind::Protocol => "the answer is no HTTP",
        _ => "the connection was closed or reset",
    };
    match find::<io::Error>(error) {
        Some(io) if io.raw_os_error().is_some() => format!("{what} ({})", io.kind()),
        _ => what.to_owned(),
    }
}

/// The first error of this type in the chain, also inside of an I/O error.
fn find<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<E>() {
            return Some(found);
        }
        let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        // An I/O error hides the error that it wraps from `source`.
        if let Some(found) = wrapped.and_then(|inner| find::<E>(inner)) {
            return Some(found);
        }
        next = error.source();
    }
    None
}
