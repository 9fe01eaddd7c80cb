//! A dialect with an account of its own: odd options, odd keys.

use crate::edits::Case;
use providers::{Account, Dialect};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::sync::LazyLock;
use task::{Kind, Secret};

/// Credentials in the forms that the protocols know, and some that none does.
pub(crate) const KEYS: [&str; 6] = [
    "sk-fuzz-key",
    "access:secret",
    "",
    "two\nlines",
    r#"{"type":"service_account","project_id":"p","client_email":"a@b.test","private_key":"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n","token_uri":"https://oauth.test/token"}"#,
    r#"{"type":"service_account"}"#,
];

/// Every kind that some dialect can be asked for.
pub(crate) static KINDS: LazyLock<Vec<Kind>> = LazyLock::new(|| {
    let kinds = providers::all().iter().flat_map(|dialect| dialect.capabilities(&Map::new()).kinds);
    kinds.copied().collect::<BTreeSet<_>>().into_iter().collect()
});

/// Options that an edit begins from.
pub(crate) fn options_start() -> Vec<Value> {
    vec![json!({}), json!({ "flavour": "x", "project": "p", "location": "l" })]
}

/// A dialect and everything that its account borrows.
pub(crate) struct Bench {
    pub(crate) dialect: &'static dyn Dialect,
    pub(crate) options: Map<String, Value>,
    pub(crate) key: Secret,
}

impl Bench {
    /// With these options if the dialect takes them, else with none.
    pub(crate) fn new(dialect: &'static dyn Dialect, options: &Case, key: &str) -> Self {
        let asked = options.value(&options_start()).as_object().cloned().unwrap_or_default();
        let options = dialect.check_options(&asked).map(|()| asked).unwrap_or_default();
        Self { dialect, options, key: Secret::new(key) }
    }

    /// The account.
    pub(crate) fn account(&self) -> Account<'_> {
        Account {
            base_url: "http://upstream.test",
            key: &self.key,
            access: None,
            options: &self.options,
            now_ms: 1_790_000_000_000,
        }
    }
}
