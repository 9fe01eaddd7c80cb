//! What fitting a film to a vendor comes to, whoever the vendor is (`contract/DECISIONS.md`, size and length:
//! the next longer length that the vendor takes, the nearest size of the same orientation).

use task::{Size, Spec};

/// The prompt, with the shots of a storyboard joined to it, for an upstream that has no storyboards.
pub fn joined_prompt(spec: &Spec) -> String {
    let shots = spec.shots.iter().enumerate().map(|(place, shot)| {
        let length = shot.seconds.map(|seconds| format!(" ({seconds} s)")).unwrap_or_default();
        format!("Shot {}{length}: {}", place + 1, shot.prompt)
    });
    let prompt = (!spec.prompt.is_empty()).then(|| spec.prompt.clone());
    prompt.into_iter().chain(shots).collect::<Vec<_>>().join("\n")
}

/// What the caller is told when [`joined_prompt`] joined something.
pub fn joined_warning(spec: &Spec) -> Option<String> {
    let joined = !spec.shots.is_empty();
    joined.then(|| "the upstream has no storyboard: its shots were joined into the prompt".to_owned())
}

/// The shortest of `lengths` (rising) that is no shorter than `asked_s`, else the longest.
pub fn next_longer(asked_s: f64, lengths: &[f64]) -> f64 {
    let longest = lengths.last().copied().unwrap_or(asked_s);
    lengths.iter().copied().find(|length| *length >= asked_s).unwrap_or(longest)
}

/// Whether the film is to lie (wider than high, or square); `None` when nothing was said.
pub fn lies(spec: &Spec) -> Option<bool> {
    if let Some(Size { width, height }) = spec.size {
        return Some(width >= height);
    }
    let (width, height) = spec.aspect_ratio.as_deref()?.split_once(':')?;
    Some(width.parse::<u32>().ok()? >= height.parse::<u32>().ok()?)
}

/// Pixels along the shorter side: as asked for, by number or by name; `None` when nothing was said.
pub fn short_side(spec: &Spec) -> Option<i64> {
    if let Some(Size { width, height }) = spec.size {
        return Some(width.min(height));
    }
    match spec.resolution.as_deref()? {
        "480p" => Some(480),
        "720p" => Some(720),
        "768p" => Some(768),
        "1080p" => Some(1080),
        "2k" => Some(1440),
        "4k" => Some(2160),
        _ => None,
    }
}

/// The nearest of `sizes` that lies as `wanted` does; `wanted` itself when there is none.
pub fn nearest(wanted: Size, sizes: &[Size]) -> Size {
    let same = sizes.iter().filter(|size| (size.width >= size.height) == (wanted.width >= wanted.height));
    let distance = |size: &&Size| (size.width - wanted.width).abs() + (size.height - wanted.height).abs();
    same.min_by_key(distance).copied().unwrap_or(wanted)
}

/// What the caller is told of a length that was fitted.
pub fn length_warning(asked_s: f64, made_s: f64) -> Option<String> {
    (asked_s != made_s).then(|| format!("{asked_s} s were asked for; the upstream makes {made_s} s"))
}

/// What the caller is told of a size that was fitted.
pub fn size_warning(asked: Size, made: Size) -> Option<String> {
    (asked != made).then(|| format!("{asked} was asked for; the upstream makes {made}"))
}
