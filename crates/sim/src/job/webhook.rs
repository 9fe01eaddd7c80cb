//! Signatures by the Standard Webhooks scheme, which three vendors share (`upstream/README.md`, trap 11).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

/// Bytes of a SHA-256 block.
const BLOCK: usize = 64;

/// The headers `webhook-id`, `webhook-timestamp` (seconds) and `webhook-signature` for this body.
/// `secret` is `whsec_` and base64; what is no base64 is taken as it stands.
pub(crate) fn signed(secret: &str, delivery: &str, at_s: i64, body: &[u8]) -> Vec<(String, String)> {
    let encoded = secret.strip_prefix("whsec_").unwrap_or(secret);
    let key = STANDARD.decode(encoded).unwrap_or_else(|_| encoded.as_bytes().to_vec());
    let message = [format!("{delivery}.{at_s}.").as_bytes(), body].concat();
    let signature = format!("v1,{}", STANDARD.encode(hmac(&key, &message)));
    [("webhook-id", delivery.to_owned()), ("webhook-timestamp", at_s.to_string()), ("webhook-signature", signature)]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
}

/// HMAC-SHA256 (RFC 2104).
pub(crate) fn hmac(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut block = [0u8; BLOCK];
    match key.len() {
        0..=BLOCK => block[..key.len()].copy_from_slice(key),
        _ => block[..32].copy_from_slice(&Sha256::digest(key)),
    }
    let inner = Sha256::new().chain_update(block.map(|byte| byte ^ 0x36)).chain_update(message).finalize();
    Sha256::new().chain_update(block.map(|byte| byte ^ 0x5c)).chain_update(inner).finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vector that Kling publishes (`upstream/kling.md`, section 8).
    #[test]
    fn the_published_vector_comes_out() {
        let body = br#"{"id":"1234567890","status":"succeeded","message":"","create_time":1781080778802,"update_time":1781080794151}"#;
        let headers = signed("whsec_dGVzdHNlY3JldHRlc3RzZWNyZXR0ZXN0c2VjcmV0MTI=", "9876543210", 1_781_080_794, body);
        assert_eq!(headers[2].1, "v1,UsKlJP00XoQyOn410NM9xv34sP+Gl0jnOO9Lcpr7NJ4=");
    }
}
