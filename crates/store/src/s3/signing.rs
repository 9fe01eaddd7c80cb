//! Whether a signature covers the bytes of what is put. They are read once more for that, which takes as long as
//! their SHA-256 (Signature Version 4, "UNSIGNED-PAYLOAD").

use super::settings::{ChecksumMode, S3Settings};
use serde::Deserialize;

/// When the bytes of what is put are part of the signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PayloadSigning {
    /// Unless TLS protects them and a checksum in the signed headers tells what they are, as other SDKs of AWS
    /// have it (botocore's `S3SigV4Auth`).
    #[default]
    Unprotected,
    /// Always, for stores that demand it.
    Always,
    /// Never, for a store on a network of one's own. What is signed are the headers alone.
    Never,
}

impl S3Settings {
    /// Whether the bytes of what is put are part of the signature.
    pub(super) fn signs_payload(&self) -> bool {
        match self.payload_signing {
            PayloadSigning::Always => true,
            PayloadSigning::Never => false,
            PayloadSigning::Unprotected => self.is_plain_http() || self.checksums == ChecksumMode::Required,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use task::Secret;

    #[test]
    fn bytes_go_unsigned_only_where_something_else_protects_them() {
        let signs = |endpoint: Option<&str>, checksums, payload_signing| {
            let usual = S3Settings::new("us-east-1", "b", "AKID", Secret::new("secret"));
            let endpoint = endpoint.map(str::to_owned);
            S3Settings { endpoint, checksums, payload_signing, ..usual }.signs_payload()
        };
        let (plain, tls) = (Some("http://s3:9000"), Some("https://s3:9000"));
        assert!(!signs(None, ChecksumMode::Supported, PayloadSigning::Unprotected), "AWS itself is asked over TLS");
        assert!(!signs(tls, ChecksumMode::Supported, PayloadSigning::Unprotected));
        assert!(signs(tls, ChecksumMode::Required, PayloadSigning::Unprotected));
        assert!(signs(plain, ChecksumMode::Supported, PayloadSigning::Unprotected));
        assert!(signs(tls, ChecksumMode::Supported, PayloadSigning::Always));
        assert!(!signs(plain, ChecksumMode::Required, PayloadSigning::Never));
    }
}
