//! A task's milliseconds in the forms that public contracts use (`contract/DECISIONS.md`, times).

use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

const ISO_UTC: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");

/// Whole seconds since the epoch, rounded down.
pub fn seconds(at_ms: i64) -> i64 {
    at_ms.div_euclid(1000)
}

/// ISO 8601 in UTC with milliseconds and `Z`; `""` for a time outside the years 0 to 9999.
pub fn iso_utc(at_ms: i64) -> String {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(at_ms) * 1_000_000)
        .ok()
        .and_then(|at| at.format(ISO_UTC).ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn milliseconds_become_seconds_and_iso_text() {
        assert_eq!(seconds(1_709_123_456_999), 1_709_123_456);
        assert_eq!(seconds(-1), -1);
        assert_eq!(iso_utc(1_709_123_456_007), "2024-02-28T12:30:56.007Z");
        assert_eq!(iso_utc(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(iso_utc(i64::MAX), "");
    }
}
