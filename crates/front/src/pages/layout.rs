//! The frame of every page: one style sheet and one script, both inline and named by their hashes, so
//! that nothing else may run.

use super::example::Auth;
use crate::state::Front;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};
use std::sync::LazyLock;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");
const ICON: &str = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24'%3E%3Crect \
    width='24' height='24' rx='6' fill='%234650dd'/%3E%3Cpath d='M6 9h12v8H6zM6 9l2-3h10l-2 3' fill='%23fff'/%3E%3C/svg%3E";

/// The part of the policy that never changes: the hashes of the two inline texts.
static POLICY: LazyLock<String> = LazyLock::new(|| {
    let hash = |text: &str| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text.as_bytes())));
    format!(
        "default-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; connect-src 'self'; \
         style-src {}; script-src {}",
        hash(STYLE),
        hash(SCRIPT)
    )
});

/// Which page is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Current {
    /// The start page.
    Start,
    /// The API reference.
    Docs,
}

/// A whole page as an answer, with its content security policy.
pub(super) fn page(front: &Front, current: Current, body: Markup) -> Response {
    let markup = frame(current, front.settings.dev.is_some(), body);
    let mut response = markup.into_response();
    let media = origin(&front.settings.media_base).unwrap_or_default();
    let policy = format!("{}; img-src 'self' data: {media}; media-src 'self' {media}", *POLICY);
    if let Ok(value) = HeaderValue::from_str(&policy) {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, value);
    }
    response
}

/// Scheme, host and port of a URL of ours, for the policy; `None` for text that is none.
fn origin(url: &str) -> Option<String> {
    let origin = url::Url::parse(url).ok()?.origin();
    origin.is_tuple().then(|| origin.ascii_serialization())
}

fn frame(current: Current, is_dev: bool, body: Markup) -> Markup {
    let title = if current == Current::Docs { "API reference · Backlot" } else { "Backlot" };
    let mark = |page: Current| (page == current).then_some("page");
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="robots" content="noindex";
                title { (title) }
                link rel="icon" href=(ICON);
                style { (PreEscaped(STYLE)) }
            }
            body {
                header.top {
                    div.wrap {
                        a.brand href="/" { (logo()) "Backlot" }
                        @if is_dev { span.mode { "dev" } }
                        nav {
                            a href="/" aria-current=[mark(Current::Start)] { "Start" }
                            a href="/docs" aria-current=[mark(Current::Docs)] { "API" }
                            a.more href="/readyz" { "Readiness" }
                            a.more href="/metrics" { "Metrics" }
                        }
                    }
                }
                (body)
                (foot())
                script { (PreEscaped(SCRIPT)) }
            }
        }
    }
}

fn foot() -> Markup {
    html! {
        footer.foot {
            div.wrap {
                span { "Backlot " (env!("CARGO_PKG_VERSION")) }
                a href="/docs" { "API reference" }
                a href="/openapi.json" { "openapi.json" }
                a href="/readyz" { "/readyz" }
                a href="/metrics" { "/metrics" }
            }
        }
    }
}

fn logo() -> Markup {
    html! {
        svg width="26" height="26" viewBox="0 0 24 24" aria-hidden="true" {
            rect width="24" height="24" rx="6" fill="currentColor" {}
            path d="M6 10h12v7.5H6z" fill="#fff" {}
            path d="M6 9l1.2-3h2.6L8.6 9zm4.4 0l1.2-3h2.6L13 9zm4.4 0L16 6h2v3z" fill="#fff" {}
        }
    }
}

/// A block of code with a copy button.
pub(super) fn code_block(label: &str, text: &str) -> Markup {
    html! {
        div.code {
            div.bar { span { (label) } button.copy type="button" { "Copy" } }
            pre tabindex="0" { (text) }
        }
    }
}

/// How examples name the key: in `dev` the file that holds it, elsewhere a variable. Never the key.
pub(super) fn auth(front: &Front) -> Auth {
    match &front.settings.dev {
        Some(dev) => Auth::File(std::path::absolute(&dev.token_path).unwrap_or_else(|_| dev.token_path.clone())),
        None => Auth::Variable("BACKLOT_KEY"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inline_texts_can_not_end_their_elements() {
        // Inside <script> and <style> nothing is escaped.
        assert!(!STYLE.contains("</") && !SCRIPT.contains("</"));
        assert!(!SCRIPT.contains("<!--"));
    }

    #[test]
    fn the_policy_allows_our_media_only() {
        assert_eq!(origin("http://127.0.0.1:8080/media").as_deref(), Some("http://127.0.0.1:8080"));
        assert_eq!(origin("https://media.example.com/a;b").as_deref(), Some("https://media.example.com"));
        assert_eq!(origin("/media"), None);
        assert!(!POLICY.contains("unsafe"));
    }
}
