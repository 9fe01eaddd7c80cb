//! Reads every error of the SDK, once. What it says is the store's status and code or the socket's trouble:
//! never the store's own message, which may quote keys, signatures and addresses.

use crate::StoreError;
use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::primitives::ByteStreamError;
use std::error::Error;
use std::io;

/// The longest code of a store that is repeated.
const CODE_MAX_BYTES: usize = 64;

/// Codes that speak of the key pair or of what it may do (S3's list of error codes).
const CREDENTIAL_CODES: [&str; 9] = [
    "AccessDenied",
    "AllAccessDisabled",
    "AuthorizationHeaderMalformed",
    "ExpiredToken",
    "InvalidAccessKeyId",
    "InvalidToken",
    "SignatureDoesNotMatch",
    "TokenRefreshRequired",
    "UnauthorizedAccess",
];

/// Codes for a key that the store does not take.
const KEY_CODES: [&str; 3] = ["InvalidObjectName", "KeyTooLongError", "XMinioInvalidObjectName"];

/// What was asked of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Doing {
    /// Putting an object with one request.
    Putting,
    /// Any request of a multipart upload.
    Uploading,
    /// Asking what is known of an object.
    Looking,
    /// Reading an object.
    Reading,
    /// Removing an object.
    Deleting,
    /// Listing objects.
    Listing,
    /// Finding or removing unfinished uploads.
    Sweeping,
    /// Finding out whether the bucket can be written to.
    Probing,
}

impl Doing {
    fn words(self) -> &'static str {
        match self {
            Self::Putting => "putting an object",
            Self::Uploading => "uploading an object in parts",
            Self::Looking => "looking at an object",
            Self::Reading => "reading an object",
            Self::Deleting => "deleting an object",
            Self::Listing => "listing objects",
            Self::Sweeping => "sweeping uploads",
            Self::Probing => "probing the bucket",
        }
    }

    /// Whether "not found" speaks of the object.
    fn asks_for_an_object(self) -> bool {
        matches!(self, Self::Looking | Self::Reading | Self::Deleting)
    }

    /// [`StoreError::Away`] with what was done and why it failed.
    pub(super) fn away(self, reason: &str) -> StoreError {
        StoreError::Away(format!("{}: {reason}", self.words()))
    }
}

/// Reads an error of a request: [`StoreError::Missing`], [`StoreError::BadKey`], else [`StoreError::Away`]
/// (unreachable, too slow, overloaded, credentials refused, no such bucket, anything else it answered).
pub(super) fn read<E: ProvideErrorMetadata>(doing: Doing, error: &SdkError<E, HttpResponse>) -> StoreError {
    match error {
        SdkError::TimeoutError(_) => doing.away("it did not answer in time"),
        SdkError::DispatchFailure(failure) if failure.is_timeout() => doing.away("it did not answer in time"),
        SdkError::DispatchFailure(failure) => {
            let reason = failure.as_connector_error().and_then(|error| socket_reason(error));
            doing.away(&reason.unwrap_or_else(|| "the connection failed".to_owned()))
        }
        SdkError::ServiceError(answer) => {
            let status = answer.raw().status().as_u16();
            answered(doing, status, answer.err().meta().code())
        }
        SdkError::ResponseError(_) => doing.away("its answer could not be read"),
        _ => doing.away("the request could not be made"),
    }
}

/// Reads an error in the middle of a body.
pub(super) fn read_cut(doing: Doing, error: &ByteStreamError) -> StoreError {
    let reason = socket_reason(error).unwrap_or_else(|| "the bytes were cut short or do not match".to_owned());
    doing.away(&reason)
}

/// The status of an answer that was an error.
pub(super) fn status<E>(error: &SdkError<E, HttpResponse>) -> Option<u16> {
    error.raw_response().map(|response| response.status().as_u16())
}

/// Whether the store says that it does not have this kind of request at all.
pub(super) fn is_unknown_request<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> bool {
    let code = error.as_service_error().and_then(|error| error.meta().code());
    code == Some("NotImplemented") || status(error) == Some(501)
}

fn answered(doing: Doing, status: u16, code: Option<&str>) -> StoreError {
    let code = code.map(cleaned).unwrap_or_default();
    match (status, code.as_str()) {
        (_, "NoSuchBucket") => doing.away("there is no such bucket"),
        (_, "NoSuchKey" | "NotFound") | (404, "") if doing.asks_for_an_object() => StoreError::Missing,
        (_, code) if KEY_CODES.contains(&code) => StoreError::BadKey,
        (_, "RequestTimeTooSkewed") => doing.away("its clock and ours differ too much (RequestTimeTooSkewed)"),
        (_, code) if CREDENTIAL_CODES.contains(&code) => doing.away(&format!("it refused our credentials ({code})")),
        (401 | 403, code) => doing.away(&format!("it refused our credentials ({})", numbered(status, code))),
        (_, "SlowDown") | (429 | 503, _) => doing.away(&format!("it asks to slow down ({})", numbered(status, &code))),
        (_, code) => doing.away(&format!("it answered {}", numbered(status, code))),
    }
}

fn numbered(status: u16, code: &str) -> String {
    if code.is_empty() { status.to_string() } else { format!("{status} {code}") }
}

/// A code is a word; anything else that stands there is left out.
fn cleaned(code: &str) -> String {
    code.chars().filter(char::is_ascii_alphanumeric).take(CODE_MAX_BYTES).collect()
}

/// The innermost trouble of a socket among the causes, which names no address.
fn socket_reason(error: &(dyn Error + 'static)) -> Option<String> {
    let mut reason = None;
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<io::Error>() {
            reason = Some(error.to_string());
        }
        cause = error.source();
    }
    reason
}

#[cfg(test)]
mod tests {
    use super::*;

    fn away(text: &str) -> StoreError {
        StoreError::Away(text.to_owned())
    }

    #[test]
    fn answers_become_what_a_caller_can_act_on() {
        let cases = [
            (Doing::Looking, 404, None, StoreError::Missing),
            (Doing::Reading, 404, Some("NoSuchKey"), StoreError::Missing),
            (Doing::Reading, 404, Some("NoSuchBucket"), away("reading an object: there is no such bucket")),
            (
                Doing::Uploading,
                404,
                Some("NoSuchUpload"),
                away("uploading an object in parts: it answered 404 NoSuchUpload"),
            ),
            (Doing::Putting, 400, Some("KeyTooLongError"), StoreError::BadKey),
            (Doing::Putting, 503, Some("SlowDown"), away("putting an object: it asks to slow down (503 SlowDown)")),
            (Doing::Putting, 500, Some("InternalError"), away("putting an object: it answered 500 InternalError")),
            (Doing::Listing, 502, None, away("listing objects: it answered 502")),
            (
                Doing::Probing,
                403,
                Some("InvalidAccessKeyId"),
                away("probing the bucket: it refused our credentials (InvalidAccessKeyId)"),
            ),
            (
                Doing::Putting,
                403,
                Some("RequestTimeTooSkewed"),
                away("putting an object: its clock and ours differ too much (RequestTimeTooSkewed)"),
            ),
        ];
        for (doing, status, code, expected) in cases {
            assert_eq!(answered(doing, status, code), expected);
        }
    }

    #[test]
    fn a_code_that_is_none_is_cut_down() {
        let error = answered(Doing::Putting, 400, Some("see https://host/?X-Amz-Signature=ab&c"));
        assert_eq!(error, away("putting an object: it answered 400 seehttpshostXAmzSignatureabc"));
        let StoreError::Away(text) = answered(Doing::Putting, 400, Some(&"x".repeat(9_000))) else { panic!("away") };
        assert!(text.len() < 150, "{text}");
    }
}
