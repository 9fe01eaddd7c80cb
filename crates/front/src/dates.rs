//! The date in a key, from a time in milliseconds.

const DAY_MS: i64 = 86_400_000;

/// `yyyy/mm/dd` in UTC (civil-from-days over the proleptic Gregorian calendar).
pub fn path_of(now_ms: i64) -> String {
    let days = now_ms.div_euclid(DAY_MS) + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    format!("{year:04}/{month:02}/{day:02}")
}

#[cfg(test)]
mod tests {
    use super::path_of;

    #[test]
    fn days_have_their_dates() {
        for (ms, path) in [
            (0, "1970/01/01"),
            (951_782_400_000, "2000/02/29"),
            (1_709_123_456_000, "2024/02/28"),
            (1_795_305_600_000, "2026/11/22"),
            (1_798_761_599_999, "2026/12/31"),
        ] {
            assert_eq!(path_of(ms), path);
        }
    }
}
