//! `Range: bytes=…` with one range (RFC 9110 section 14).

use std::ops::Range;

/// What a Range header asks of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// All of it: no header, or one that a server may ignore (another unit, several ranges).
    Whole,
    /// These bytes, which exist.
    Part(Range<u64>),
    /// Bytes that do not exist: 416.
    Beyond,
}

/// Reads a Range header for an object of this length.
pub fn read(header: Option<&str>, length: u64) -> Wanted {
    let Some(spec) = header.and_then(|text| text.trim().strip_prefix("bytes=")) else { return Wanted::Whole };
    let Some((first, last)) = spec.trim().split_once('-') else { return Wanted::Whole };
    let number = |text: &str| text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse::<u64>().ok()).flatten();
    match (first.trim(), last.trim()) {
        ("", "") => Wanted::Whole,
        ("", suffix) => match number(suffix) {
            Some(0) => Wanted::Beyond,
            Some(_) if length == 0 => Wanted::Beyond,
            Some(count) => Wanted::Part(length.saturating_sub(count)..length),
            None => Wanted::Whole,
        },
        (first, last) => {
            let last = if last.is_empty() { Some(u64::MAX) } else { number(last) };
            match (number(first), last) {
                (Some(first), Some(last)) if last < first => Wanted::Whole,
                (Some(first), Some(_)) if first >= length => Wanted::Beyond,
                (Some(first), Some(last)) => Wanted::Part(first..last.saturating_add(1).min(length)),
                _ => Wanted::Whole,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Wanted::{Beyond, Part, Whole};

    #[test]
    fn one_range_is_served_and_any_other_header_ignored() {
        for (header, length, wanted) in [
            (None, 10, Whole),
            (Some("bytes=0-3"), 10, Part(0..4)),
            (Some("bytes=4-"), 10, Part(4..10)),
            (Some("bytes=-3"), 10, Part(7..10)),
            (Some("bytes=-30"), 10, Part(0..10)),
            (Some("bytes=8-99"), 10, Part(8..10)),
            (Some("bytes=0-18446744073709551615"), 10, Part(0..10)),
            (Some("bytes=10-"), 10, Beyond),
            (Some("bytes=-0"), 10, Beyond),
            (Some("bytes=0-0"), 0, Beyond),
            (Some("bytes=-5"), 0, Beyond),
            (Some("bytes=3-2"), 10, Whole),
            (Some("bytes=0-1,3-4"), 10, Whole),
            (Some("items=0-1"), 10, Whole),
            (Some("bytes=a-b"), 10, Whole),
            (Some("bytes=-"), 10, Whole),
        ] {
            assert_eq!(read(header, length), wanted, "{header:?}");
        }
    }
}
