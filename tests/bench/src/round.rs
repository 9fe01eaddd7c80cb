//! What several rounds of one figure come to.

/// Median, lowest and highest of some figures; zeros when there are none.
pub(crate) fn spread(mut figures: Vec<f64>) -> (f64, f64, f64) {
    figures.sort_by(f64::total_cmp);
    let at = |place: usize| figures.get(place).copied().unwrap_or_default();
    (at(figures.len() / 2), at(0), at(figures.len().saturating_sub(1)))
}

/// How busy the machine was: its load over the last minute.
pub(crate) fn load() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().unwrap_or("unknown").to_owned()
}
