//! Inputs that go as links, for upstreams that fetch by themselves: the caller's own URL, or one of ours.

use super::Outbound;
use super::input::{Material, bad};
use super::target;
use super::wire::{Reach, WireError, WireErrorKind};
use bytes::Bytes;
use futures::StreamExt;
use futures::stream;
use store::{ByteStream, StoreError};
use tokio::time::{Instant, timeout_at};
use url::Url;

/// Prefixes of the store that are served to whoever has the link (`crates/front/src/media.rs`).
const SERVED: [&str; 2] = ["task-artifacts/", "uploads/"];

/// The longest extension that is taken over from a stored input's key.
const EXTENSION_MAX_CHARS: usize = 5;

/// Where inputs are put that go as links of ours.
#[derive(Debug, Clone, Copy)]
pub struct Links<'a> {
    /// Where the store is served from; no slash at its end.
    pub media_base: &'a str,
    /// What their keys begin with, under a prefix that is served and past guessing; `-<place>.<extension>`
    /// follows. The same task puts the same keys again.
    pub stem: &'a str,
}

/// The links, when an upstream at `base` can follow them: a loopback address of ours means nothing to
/// another machine.
pub(super) fn links_within_reach<'a>(links: Option<Links<'a>>, base: &Url) -> Result<Links<'a>, WireError> {
    let refused = |why: String| WireError::before(WireErrorKind::Link, why);
    let links = links.ok_or_else(|| refused("this request has no place for links of ours".to_owned()))?;
    let media = target::given(links.media_base)
        .map_err(|_| refused("no media address is configured, and this upstream takes links alone".to_owned()))?;
    if target::scope(&media) < target::scope(base) {
        let (ours, theirs) = (target::label(&media), target::label(base));
        return Err(refused(format!("the media address {ours} can't be reached from where {theirs} is")));
    }
    Ok(links)
}

impl Outbound {
    /// A caller's own URL, safe inside a JSON string. It is not fetched; its form is checked, and that it
    /// names no private address: it would lead an upstream in the operator's network where it should not.
    pub(super) fn checked_link(&self, text: &str) -> Result<Bytes, WireError> {
        let url = target::given(text).map_err(|_| bad("its URL is no plain http or https URL"))?;
        let reach = Reach::Public { ranges: self.settings.input_ranges.clone() };
        target::admit(&url, &reach).map_err(|_| bad(format!("{} is not a public address", target::label(&url))))?;
        Ok(json_safe(url.as_str()))
    }

    /// A link to an input that we hold, safe inside a JSON string. Puts the input where it is served,
    /// unless it is there.
    pub(super) async fn link_to(
        &self,
        material: &Material,
        position: usize,
        links: Links<'_>,
        until: Instant,
    ) -> Result<Bytes, WireError> {
        let key = match material {
            Material::Stored { key, .. } if SERVED.iter().any(|prefix| key.starts_with(prefix)) => key.clone(),
            _ => {
                let key = format!("{}-{position}.{}", links.stem, extension_of(material));
                let late = |_| WireError::before(WireErrorKind::Timeout, "the store did not take it in time");
                timeout_at(until, self.put_linked(&key, material)).await.map_err(late)??;
                key
            }
        };
        Ok(json_safe(&format!("{}/{key}", links.media_base)))
    }

    async fn put_linked(&self, key: &str, material: &Material) -> Result<(), WireError> {
        let away = |error: StoreError| WireError::before(WireErrorKind::Store, error.to_string());
        let (Material::Held { content_type, .. } | Material::Stored { content_type, .. }) = material;
        let length = match material {
            Material::Held { bytes, .. } => bytes.len() as u64,
            Material::Stored { bytes, .. } => *bytes,
        };
        if self.store.head(key).await.is_ok_and(|known| known.bytes == length) {
            return Ok(());
        }
        let body: ByteStream = match material {
            Material::Held { bytes, .. } => stream::iter([Ok(bytes.clone())]).boxed(),
            Material::Stored { key, .. } => self.store.get_range(key, None).await.map_err(away)?.1,
        };
        self.store.put_stream(key, content_type, length, body).await.map_err(away)?;
        Ok(())
    }
}

fn extension_of(material: &Material) -> &str {
    match material {
        Material::Held { bytes, .. } => infer::get(bytes).map_or("bin", |kind| kind.extension()),
        Material::Stored { key, .. } => {
            let file = key.rsplit('/').next().unwrap_or_default();
            let extension = file.rsplit_once('.').map(|(_, extension)| extension);
            let plain = |text: &&str| {
                (1..=EXTENSION_MAX_CHARS).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric())
            };
            extension.filter(plain).unwrap_or("bin")
        }
    }
}

/// A text as it stands inside a JSON string.
fn json_safe(text: &str) -> Bytes {
    let quoted = serde_json::Value::from(text).to_string();
    let inside = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or_default();
    Bytes::copy_from_slice(inside.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reaches(media_base: &str, base: &str) -> bool {
        let links = Links { media_base, stem: "task-artifacts/inputs/x" };
        links_within_reach(Some(links), &Url::parse(base).expect("is a URL")).is_ok()
    }

    #[test]
    fn a_link_is_given_only_where_it_can_be_followed() {
        for (media_base, base, expected) in [
            ("https://media.example.com/media", "https://api.example.com", true),
            ("https://media.example.com/media", "http://127.0.0.1:9", true),
            ("http://127.0.0.1:8080/media", "http://127.0.0.1:9090", true),
            ("http://127.0.0.1:8080/media", "http://localhost:9090", true),
            ("http://127.0.0.1:8080/media", "https://api.example.com", false),
            ("http://localhost/media", "https://api.example.com", false),
            ("http://a.localhost./media", "http://10.0.0.9", false),
            ("http://[::1]/media", "http://relay:3000", false),
            ("http://10.0.0.7/media", "http://10.0.0.9", true),
            ("http://10.0.0.7/media", "https://api.example.com", false),
            ("http://backlot:8080/media", "http://relay:3000", true),
            ("http://backlot:8080/media", "https://api.example.com", false),
            ("http://8.8.8.8/media", "https://api.example.com", true),
            ("", "https://api.example.com", false),
            ("", "http://127.0.0.1", false),
        ] {
            assert_eq!(reaches(media_base, base), expected, "{media_base} for {base}");
        }
        assert!(links_within_reach(None, &Url::parse("http://127.0.0.1").expect("is a URL")).is_err());
    }

    #[test]
    fn nothing_in_a_link_ends_a_json_string() {
        assert_eq!(&json_safe("a\"b\\c\n")[..], br#"a\"b\\c\n"#);
    }
}
