//! Credentials at rest: ChaCha20-Poly1305 under the operator's key, bound to the place where they stand.

use crate::error::LedgerError;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{ChaCha20Poly1305, Key, Nonce};
use std::fmt;
use task::{Entropy, Secret};

/// Bytes of the random nonce that stands before the cipher text (RFC 8439).
const NONCE_BYTES: usize = 12;

/// The key that credentials are encrypted with. Shows itself to nobody.
#[derive(Clone)]
pub struct Keyring {
    cipher: ChaCha20Poly1305,
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[keyring]")
    }
}

/// Where a sealed value stands; a value that was moved elsewhere does not open.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    pub(crate) table: &'static str,
    pub(crate) column: &'static str,
    pub(crate) row: &'a str,
}

impl Place<'_> {
    fn aad(&self) -> String {
        format!("{}.{}:{}", self.table, self.column, self.row)
    }

    pub(crate) fn corrupt(&self, reason: &str) -> LedgerError {
        LedgerError::Corrupt {
            table: self.table,
            column: self.column,
            row: self.row.to_owned(),
            reason: reason.to_owned(),
        }
    }
}

impl Keyring {
    /// A keyring with this one key.
    pub fn from_bytes(key: [u8; 32]) -> Self {
        Self { cipher: ChaCha20Poly1305::new(Key::from_slice(&key)) }
    }

    /// Base64 of nonce and cipher text.
    pub(crate) fn seal(&self, place: Place<'_>, secret: &Secret, entropy: &dyn Entropy) -> Result<String, LedgerError> {
        let mut nonce = [0u8; NONCE_BYTES];
        entropy.fill(&mut nonce);
        let aad = place.aad();
        let payload = Payload { msg: secret.expose().as_bytes(), aad: aad.as_bytes() };
        let mut sealed = nonce.to_vec();
        let cipher_text = self
            .cipher
            .encrypt(Nonce::from_slice(&nonce), payload)
            .map_err(|_| LedgerError::Invalid("a secret is too long to be sealed".into()))?;
        sealed.extend(cipher_text);
        Ok(STANDARD.encode(sealed))
    }

    /// The secret that was sealed at this place with this key.
    pub(crate) fn open(&self, place: Place<'_>, text: &str) -> Result<Secret, LedgerError> {
        let sealed = STANDARD.decode(text).map_err(|_| place.corrupt("not base64"))?;
        let (nonce, cipher_text) =
            sealed.split_at_checked(NONCE_BYTES).ok_or_else(|| place.corrupt("shorter than its nonce"))?;
        let aad = place.aad();
        let payload = Payload { msg: cipher_text, aad: aad.as_bytes() };
        let plain = self
            .cipher
            .decrypt(Nonce::from_slice(nonce), payload)
            .map_err(|_| place.corrupt("sealed with another key, or altered"))?;
        String::from_utf8(plain).map(Secret::new).map_err(|_| place.corrupt("not text"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use task::clock::SeededEntropy;

    const HERE: Place<'static> = Place { table: "channel", column: "key", row: "one" };

    #[test]
    fn a_secret_opens_only_with_its_key_and_at_its_place() {
        let entropy = SeededEntropy::new(1);
        let keyring = Keyring::from_bytes([7; 32]);
        let secret = Secret::new("sk-very-secret");
        let sealed = keyring.seal(HERE, &secret, &entropy).expect("short enough");
        assert!(!sealed.contains("secret"));
        assert_eq!(keyring.open(HERE, &sealed).expect("own key and place"), secret);
        assert_ne!(keyring.seal(HERE, &secret, &entropy).expect("short enough"), sealed, "a fresh nonce each time");
        assert!(keyring.open(Place { row: "two", ..HERE }, &sealed).is_err());
        assert!(Keyring::from_bytes([8; 32]).open(HERE, &sealed).is_err());
        assert!(keyring.open(HERE, "AAAA").is_err() && keyring.open(HERE, "%").is_err());
    }
}
