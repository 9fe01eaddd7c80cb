//! Standard Webhooks signatures, as several vendors put them on their callbacks: HMAC-SHA256 over
//! `id.timestamp.body`, base64 behind `v1,`, one or more in a header (`upstream/README.md`, traps: 11).

use base64::Engine;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use hmac::{Hmac, Mac};
use http::HeaderMap;
use sha2::Sha256;
use task::Secret;

/// What a secret's text begins with.
pub const SECRET_PREFIX: &str = "whsec_";

/// How far a callback's own time may be from ours, s; older ones may be replays.
pub const TOLERANCE_S: i64 = 300;

/// The most signatures of one header that are compared: vendors send two while a secret is being changed.
const SIGNATURES_MAX: usize = 8;

/// Standard alphabet, padded or not.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Why a callback is not to be trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// The secret is no base64 behind `whsec_`.
    #[error("the webhook secret is not usable")]
    Secret,
    /// A header is missing or makes no sense.
    #[error("the callback is not signed")]
    Unsigned,
    /// It was signed more than [`TOLERANCE_S`] ago, or for the future.
    #[error("the callback was signed at another time")]
    Stale,
    /// No signature fits.
    #[error("the callback's signature does not fit")]
    Mismatch,
}

/// Checks `webhook-id`, `webhook-timestamp` and `webhook-signature` of a callback against a secret with or
/// without its prefix. `body` has to be the bytes as they came; `now_ms` is the time of arrival.
pub fn verify(secret: &Secret, headers: &HeaderMap, body: &[u8], now_ms: i64) -> Result<(), SignatureError> {
    let text = secret.expose();
    let key = BASE64.decode(text.strip_prefix(SECRET_PREFIX).unwrap_or(text)).map_err(|_| SignatureError::Secret)?;
    if key.is_empty() {
        return Err(SignatureError::Secret);
    }
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).ok_or(SignatureError::Unsigned);
    let (id, timestamp, signatures) =
        (header("webhook-id")?, header("webhook-timestamp")?, header("webhook-signature")?);
    let signed_s: i64 = timestamp.parse().map_err(|_| SignatureError::Unsigned)?;
    if now_ms.div_euclid(1_000).saturating_sub(signed_s).unsigned_abs() > TOLERANCE_S.unsigned_abs() {
        return Err(SignatureError::Stale);
    }
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).map_err(|_| SignatureError::Secret)?;
    for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", body] {
        mac.update(part);
    }
    let ours = signatures.split(' ').filter_map(|one| one.strip_prefix("v1,")).take(SIGNATURES_MAX);
    let fits = |one: &str| BASE64.decode(one).is_ok_and(|given| mac.clone().verify_slice(&given).is_ok());
    if ours.map(fits).fold(false, |any, fits| any | fits) { Ok(()) } else { Err(SignatureError::Mismatch) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    // The public test vector of `upstream/kling.md` section 8.
    const SECRET: &str = "whsec_dGVzdHNlY3JldHRlc3RzZWNyZXR0ZXN0c2VjcmV0MTI=";
    const BODY: &[u8] = br#"{"id":"1234567890","status":"succeeded","message":"","create_time":1781080778802,"update_time":1781080794151}"#;
    const SIGNATURE: &str = "v1,UsKlJP00XoQyOn410NM9xv34sP+Gl0jnOO9Lcpr7NJ4=";
    const NOW_MS: i64 = 1_781_080_794_500;

    fn headers(id: &'static str, timestamp: &'static str, signature: &str) -> HeaderMap {
        let signature = HeaderValue::from_str(signature).expect("is plain text");
        let pairs =
            [("webhook-id", HeaderValue::from_static(id)), ("webhook-timestamp", HeaderValue::from_static(timestamp))];
        let mut headers: HeaderMap =
            pairs.into_iter().map(|(name, value)| (http::HeaderName::from_static(name), value)).collect();
        headers.insert("webhook-signature", signature);
        headers
    }

    fn checked(headers: &HeaderMap, body: &[u8], now_ms: i64) -> Result<(), SignatureError> {
        verify(&Secret::new(SECRET), headers, body, now_ms)
    }

    #[test]
    fn the_public_vector_verifies() {
        assert_eq!(checked(&headers("9876543210", "1781080794", SIGNATURE), BODY, NOW_MS), Ok(()));
    }

    #[test]
    fn one_of_several_signatures_is_enough() {
        for text in [
            format!("v1,AAAA {SIGNATURE}"),
            format!("{SIGNATURE} v1,AAAA"),
            format!("v1a,AAAA  v1,%% {SIGNATURE}"),
            SIGNATURE.trim_end_matches('=').to_owned(),
        ] {
            assert_eq!(checked(&headers("9876543210", "1781080794", &text), BODY, NOW_MS), Ok(()), "{text}");
        }
    }

    #[test]
    fn whatever_is_changed_is_noticed() {
        let good = headers("9876543210", "1781080794", SIGNATURE);
        assert_eq!(checked(&good, &BODY[1..], NOW_MS), Err(SignatureError::Mismatch));
        assert_eq!(
            checked(&headers("987654321", "1781080794", SIGNATURE), BODY, NOW_MS),
            Err(SignatureError::Mismatch)
        );
        assert_eq!(
            checked(&headers("9876543210", "1781080795", SIGNATURE), BODY, NOW_MS),
            Err(SignatureError::Mismatch)
        );
        for text in [
            "",
            "v1,",
            "v1a,UsKlJP00XoQyOn410NM9xv34sP+Gl0jnOO9Lcpr7NJ4=",
            "UsKlJP00XoQyOn410NM9xv34sP+Gl0jnOO9Lcpr7NJ4=",
        ] {
            assert_eq!(
                checked(&headers("9876543210", "1781080794", text), BODY, NOW_MS),
                Err(SignatureError::Mismatch),
                "{text}"
            );
        }
        let other = Secret::new("whsec_b3RoZXI=");
        assert_eq!(verify(&other, &good, BODY, NOW_MS), Err(SignatureError::Mismatch));
    }

    #[test]
    fn the_time_has_to_fit() {
        let good = headers("9876543210", "1781080794", SIGNATURE);
        for (seconds, expected) in
            [(300, Ok(())), (-300, Ok(())), (301, Err(SignatureError::Stale)), (-301, Err(SignatureError::Stale))]
        {
            assert_eq!(checked(&good, BODY, (1_781_080_794 + seconds) * 1_000), expected, "{seconds}");
        }
        assert_eq!(checked(&headers("9876543210", "soon", SIGNATURE), BODY, NOW_MS), Err(SignatureError::Unsigned));
    }

    #[test]
    fn nothing_verifies_without_headers_or_secret() {
        assert_eq!(checked(&HeaderMap::new(), BODY, NOW_MS), Err(SignatureError::Unsigned));
        let good = headers("9876543210", "1781080794", SIGNATURE);
        for text in ["", "whsec_", "whsec_%"] {
            assert_eq!(verify(&Secret::new(text), &good, BODY, NOW_MS), Err(SignatureError::Secret), "{text}");
        }
    }
}
