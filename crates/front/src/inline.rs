//! Base64 as callers send it, decoded piece by piece, and what decoded bytes are.

use base64::Engine;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;

/// Text that is decoded at once, in characters; a multiple of four.
pub const PIECE_CHARS: usize = 256 * 1024;

/// Standard alphabet, padded or not: both are sent.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Why an input can't be decoded; told to its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// A `data:` URI without base64.
    #[error("a data: URI has to be base64")]
    NotBase64Uri,
    /// Something that is no base64.
    #[error("it is not valid base64")]
    NotBase64,
    /// Nothing in it.
    #[error("it is empty")]
    Empty,
}

/// Decodes text piece by piece.
pub struct Pieces {
    /// Base64 without prefix, white space, or the URL-safe alphabet's letters.
    digits: Bytes,
    ended: bool,
}

impl Pieces {
    /// Takes base64, perhaps behind `data:<type>;base64,`. Only its form is looked at.
    pub fn of(text: &str) -> Result<Self, Broken> {
        let digits = match text.split_once(',') {
            Some((prefix, rest)) if starts_with_data(prefix) => {
                let is_base64 =
                    prefix.rsplit(';').next().is_some_and(|word| word.trim().eq_ignore_ascii_case("base64"));
                if !is_base64 {
                    return Err(Broken::NotBase64Uri);
                }
                rest
            }
            _ => text,
        };
        let digits: Vec<u8> = digits
            .bytes()
            .filter(|byte| !byte.is_ascii_whitespace())
            .map(|byte| match byte {
                b'-' => b'+',
                b'_' => b'/',
                other => other,
            })
            .collect();
        if digits.is_empty() {
            return Err(Broken::Empty);
        }
        Ok(Self { digits: Bytes::from(digits), ended: false })
    }
}

impl Iterator for Pieces {
    type Item = Result<Bytes, Broken>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended || self.digits.is_empty() {
            return None;
        }
        let piece = self.digits.split_to(self.digits.len().min(PIECE_CHARS));
        // Padding belongs to the end alone.
        let padded_early = !self.digits.is_empty() && piece.last() == Some(&b'=');
        let decoded = if padded_early { Err(Broken::NotBase64) } else { decode(&piece) };
        self.ended = decoded.is_err();
        Some(decoded)
    }
}

/// Decodes text whole.
pub fn decode_all(text: &str) -> Result<Vec<u8>, Broken> {
    let mut bytes = Vec::new();
    for piece in Pieces::of(text)? {
        bytes.extend_from_slice(&piece?);
    }
    if bytes.is_empty() { Err(Broken::Empty) } else { Ok(bytes) }
}

/// What bytes are by their own first ones: content type and file extension.
pub fn sniff(bytes: &[u8]) -> (&'static str, &'static str) {
    match infer::get(bytes) {
        Some(kind) => (kind.mime_type(), kind.extension()),
        None => ("application/octet-stream", "bin"),
    }
}

fn decode(digits: &[u8]) -> Result<Bytes, Broken> {
    BASE64.decode(digits).map(Bytes::from).map_err(|_| Broken::NotBase64)
}

fn starts_with_data(prefix: &str) -> bool {
    prefix.get(..5).is_some_and(|head| head.eq_ignore_ascii_case("data:"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::engine::general_purpose::STANDARD;

    #[test]
    fn every_usual_form_decodes_to_the_same_bytes() {
        for text in ["aGk/", "data:image/png;base64,aGk/", "DATA:text/plain;charset=x;BASE64,aGk_", " aG\nk/ "] {
            assert_eq!(decode_all(text).expect("is base64"), b"hi?", "{text}");
        }
        assert_eq!(decode_all("aGk").expect("needs no padding"), b"hi");
        assert_eq!(decode_all("aGk=").expect("may have padding"), b"hi");
    }

    #[test]
    fn a_long_text_is_decoded_in_pieces() {
        let bytes: Vec<u8> = (0..PIECE_CHARS * 2).map(|n| u8::try_from(n % 251).expect("is below 251")).collect();
        let text = STANDARD.encode(&bytes);
        let pieces: Vec<Bytes> = Pieces::of(&text).expect("has a form").map(|p| p.expect("is base64")).collect();
        assert!(pieces.len() > 2);
        assert_eq!(pieces.concat(), bytes);
    }

    #[test]
    fn broken_text_is_told() {
        assert_eq!(decode_all("data:image/png;base64,iVBORw0KGgo..."), Err(Broken::NotBase64));
        assert_eq!(decode_all("data:image/png,abc"), Err(Broken::NotBase64Uri));
        assert_eq!(decode_all("data:image/png;base64,"), Err(Broken::Empty));
        assert_eq!(decode_all(""), Err(Broken::Empty));
        let early = format!("{}=={}", "A".repeat(PIECE_CHARS - 2), "AAAA");
        assert_eq!(decode_all(&early), Err(Broken::NotBase64));
    }
}
