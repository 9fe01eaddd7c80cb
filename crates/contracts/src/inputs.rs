//! Inputs as callers give them. Nothing is decoded or fetched: only lengths are checked.

use crate::problem::Problem;
use task::{Input, InputData};

/// The most decoded bytes that one base64 input may have (`contract/DECISIONS.md`, large inputs).
pub const INPUT_MAX_BYTES: usize = 30 * 1024 * 1024;

/// The most characters that an input's URL may have.
pub const INPUT_URL_MAX_CHARS: usize = 8_192;

/// How many bytes `text` (base64, perhaps behind a `data:` prefix) decodes to, at most; never decoded.
pub fn decoded_bytes(text: &str) -> usize {
    let digits = match text.split_once(',') {
        Some((prefix, rest)) if prefix.starts_with("data:") => rest,
        _ => text,
    };
    digits.trim_end_matches('=').len() / 4 * 3 + 2
}

/// 413 when `text` would decode to more than [`INPUT_MAX_BYTES`].
pub fn check_size(field: &str, text: &str) -> Result<(), Problem> {
    if decoded_bytes(text) <= INPUT_MAX_BYTES {
        return Ok(());
    }
    let limit = INPUT_MAX_BYTES / (1024 * 1024);
    Err(Problem::too_large(Some(field), format!("{field} is too large: at most {limit} MB once decoded")))
}

/// One input of this role: a URL when it begins `http://` or `https://`, else base64 as it stands.
/// 413 when it is too large, 400 when a URL is too long.
pub fn input(field: &str, role: &str, text: &str) -> Result<Input, Problem> {
    let data = if is_url(text) {
        if text.chars().count() > INPUT_URL_MAX_CHARS {
            let message = format!("{field} is a URL of more than {INPUT_URL_MAX_CHARS} characters");
            return Err(Problem::invalid(field, message));
        }
        InputData::Url(text.to_owned())
    } else {
        check_size(field, text)?;
        InputData::Inline(text.to_owned())
    };
    Ok(Input { role: role.to_owned(), data })
}

fn is_url(text: &str) -> bool {
    let begins = |scheme: &str| text.get(..scheme.len()).is_some_and(|head| head.eq_ignore_ascii_case(scheme));
    begins("http://") || begins("https://")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_becomes_an_input_without_being_decoded() {
        let inline = input("base64", "describe", "data:image/png;base64,iVBORw0KGgo...").expect("is short");
        assert_eq!(inline.data, InputData::Inline("data:image/png;base64,iVBORw0KGgo...".to_owned()));
        let url = input("base64", "describe", "HTTPS://example.com/a.png").expect("is a URL");
        assert_eq!(url.data, InputData::Url("HTTPS://example.com/a.png".to_owned()));
    }

    #[test]
    fn the_limits_name_the_field() {
        let most = INPUT_MAX_BYTES / 3 * 4;
        assert!(input("base64", "describe", &"A".repeat(most - 4)).is_ok());
        let large = input("base64", "describe", &"A".repeat(most + 4)).expect_err("is over the limit");
        assert_eq!((large.status, large.param.as_deref()), (413, Some("base64")));
        let long = format!("https://example.com/{}", "a".repeat(INPUT_URL_MAX_CHARS));
        let long = input("base64", "describe", &long).expect_err("is over the limit");
        assert_eq!((long.status, long.param.as_deref()), (400, Some("base64")));
    }
}
