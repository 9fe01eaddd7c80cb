//! Commands within a prompt, `a cat --ratio 16:9 --dur 5`: the old way, which Seedance 1.x still takes
//! (`upstream/seedance.md`, section 2). They reach that vendor within the text; here they are read so that
//! any other vendor, the price and the answers know them too.

use super::settings::{FRAMES_PER_SECOND, SEED};
use task::Spec;

/// The longest length that a command may ask for, s.
const SECONDS_MAX: i64 = 600;

/// Reads the commands of `text` into `spec` and gives the text without them. A command that is not known,
/// or whose value makes no sense, stays where it is.
pub(super) fn take(text: &str, spec: &mut Spec) -> String {
    let words: Vec<&str> = text.split_inclusive(char::is_whitespace).collect();
    let mut kept = String::with_capacity(text.len());
    let mut place = 0;
    while let Some(word) = words.get(place) {
        let blank = |word: &&str| word.trim().is_empty();
        let gap = words[place + 1..].iter().take_while(|word| blank(word)).count();
        let value = words.get(place + 1 + gap).map(|word| word.trim_end());
        let taken = match (word.trim_end().strip_prefix("--"), value) {
            (Some(name), Some(value)) => put(name, value, spec),
            _ => false,
        };
        if taken {
            place += gap + 2;
            place += words[place.min(words.len())..].iter().take_while(|word| **word == " ").count();
        } else {
            kept.push_str(word);
            place += 1;
        }
    }
    if kept.len() == text.len() { kept } else { kept.trim_end().to_owned() }
}

fn put(name: &str, value: &str, spec: &mut Spec) -> bool {
    match name {
        "ratio" | "rt" => is_ratio(value) && set(&mut spec.aspect_ratio, value.to_owned()),
        "resolution" | "rs" => is_resolution(value) && set(&mut spec.resolution, value.to_ascii_lowercase()),
        "duration" | "dur" => match value.parse() {
            Ok(seconds @ 1..=SECONDS_MAX) => set(&mut spec.seconds, seconds as f64),
            Ok(-1) => true,
            _ => false,
        },
        "frames" => {
            value.parse().is_ok_and(|frames: u16| set(&mut spec.seconds, f64::from(frames) / FRAMES_PER_SECOND))
        }
        "seed" => match value.parse() {
            Ok(seed) if SEED.contains(&seed) => set(&mut spec.seed, seed),
            _ => false,
        },
        "framespersecond" | "fps" => value.parse::<u16>().is_ok(),
        "watermark" | "wm" | "camerafixed" | "cf" => matches!(value, "true" | "false"),
        _ => false,
    }
}

fn set<T>(field: &mut Option<T>, value: T) -> bool {
    *field = Some(value);
    true
}

fn is_ratio(text: &str) -> bool {
    let is_number = |part: &str| (1..=2).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    text == "adaptive" || text.split_once(':').is_some_and(|(across, down)| is_number(across) && is_number(down))
}

fn is_resolution(text: &str) -> bool {
    let number = text.strip_suffix(['p', 'P', 'k', 'K']).unwrap_or_default();
    (1..=4).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use task::Kind;

    fn taken(text: &str) -> (String, Spec) {
        let mut spec = Spec::new(Kind::Video);
        (take(text, &mut spec), spec)
    }

    #[test]
    fn commands_are_read_and_left_out() {
        let (text, spec) = taken("a cat --ratio 16:9 --dur 5");
        assert_eq!(text, "a cat");
        assert_eq!((spec.aspect_ratio.as_deref(), spec.seconds), (Some("16:9"), Some(5.0)));
        let (text, spec) = taken("one\ntwo --rs 720P  --seed 11 --fps 24 --wm true --cf false end");
        assert_eq!(text, "one\ntwo end");
        assert_eq!((spec.resolution.as_deref(), spec.seed), (Some("720p"), Some(11)));
        assert_eq!(taken("x --frames 49").1.seconds, Some(49.0 / 24.0));
        assert_eq!(taken("x --dur -1"), ("x".to_owned(), Spec::new(Kind::Video)));
    }

    #[test]
    fn what_is_no_command_stays() {
        for text in
            ["a -- b", "--dur", "--dur long", "--dur 0", "--ratio wide x", "--style raw ", "é --rs -p", "--wm 1", ""]
        {
            assert_eq!(taken(text), (text.to_owned(), Spec::new(Kind::Video)), "{text}");
        }
    }
}
