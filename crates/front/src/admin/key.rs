//! How keys are made and kept: 48 random base62 characters behind `sk-`, kept as a hash.

use crate::auth::key_hash;
use task::{Entropy, Secret};

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Random characters of a key: 48 of 62 kinds are more than 285 bits.
const KEY_CHARACTERS: usize = 48;

/// A fresh key with everything that is derived from it.
#[derive(Debug, Clone)]
pub struct NewKey {
    /// The key itself; shown once, then forgotten.
    pub secret: Secret,
    /// What the ledger keeps: [`key_hash`] of it.
    pub hash: String,
    /// What lists show: `sk-ab…wxyz`.
    pub masked: String,
}

impl NewKey {
    /// A fresh key.
    pub fn generate(entropy: &dyn Entropy) -> Self {
        let random = random_base62(entropy, KEY_CHARACTERS);
        let key = format!("sk-{random}");
        let masked = format!("sk-{}…{}", &random[..2], &random[KEY_CHARACTERS - 4..]);
        Self { hash: key_hash(&key), masked, secret: Secret::new(key) }
    }
}

/// So many base62 characters, each equally likely: bytes of 248 and above are thrown away, because 62
/// does not divide 256.
pub fn random_base62(entropy: &dyn Entropy, characters: usize) -> String {
    let mut text = String::with_capacity(characters);
    let mut bytes = [0u8; 64];
    while text.len() < characters {
        entropy.fill(&mut bytes);
        let fair = bytes.iter().filter(|byte| **byte < 248).map(|byte| char::from(BASE62[usize::from(byte % 62)]));
        text.extend(fair.take(characters - text.len()));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use task::clock::SeededEntropy;

    #[test]
    fn a_key_has_its_form_and_its_mask_tells_little() {
        let key = NewKey::generate(&SeededEntropy::new(3));
        let text = key.secret.expose();
        assert_eq!(text.len(), 51);
        assert!(text.starts_with("sk-") && text[3..].bytes().all(|b| b.is_ascii_alphanumeric()), "{text}");
        assert_eq!(key.masked.chars().count(), 10);
        assert!(key.masked.starts_with(&text[..5]) && key.masked.ends_with(&text[47..]));
        assert_eq!(key.hash, key_hash(text));
        assert!(!format!("{key:?}").contains(text));
    }
}
