//! Pixels of what comes out.

/// Aspect ratios, by name.
const RATIOS: &[(&str, u32, u32)] = &[
    ("16:9", 16, 9),
    ("9:16", 9, 16),
    ("1:1", 1, 1),
    ("4:3", 4, 3),
    ("3:4", 3, 4),
    ("3:2", 3, 2),
    ("2:3", 2, 3),
    ("21:9", 21, 9),
];

/// Width and height of a video whose shorter edge is `short_px`.
pub(super) fn of_video(ratio: &str, short_px: u32) -> (u32, u32) {
    match parts(ratio) {
        (wide, high) if wide >= high => (even(short_px * wide / high), short_px),
        (wide, high) => (short_px, even(short_px * high / wide)),
    }
}

/// Width and height of a picture whose longer edge is `long_px`.
pub(super) fn of_picture(ratio: &str, long_px: u32) -> (u32, u32) {
    match parts(ratio) {
        (wide, high) if wide >= high => (long_px, even(long_px * high / wide)),
        (wide, high) => (even(long_px * wide / high), long_px),
    }
}

/// The known ratio that is nearest to a picture's own.
pub(super) fn nearest(width: u32, height: u32) -> &'static str {
    let own = f64::from(width) / f64::from(height.max(1));
    let off = |(_, wide, high): &&(&str, u32, u32)| ((f64::from(*wide) / f64::from(*high)).ln() - own.ln()).abs();
    RATIOS.iter().min_by(|a, b| off(a).total_cmp(&off(b))).map_or("16:9", |(name, ..)| name)
}

fn parts(ratio: &str) -> (u32, u32) {
    RATIOS.iter().find(|(name, ..)| *name == ratio).map_or((16, 9), |(_, wide, high)| (*wide, *high))
}

fn even(px: u32) -> u32 {
    px & !1
}
