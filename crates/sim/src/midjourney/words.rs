//! Words that come out: what is on a picture, and a prompt made shorter.

use super::record::Record;
use crate::fingerprint::{Dice, fingerprint};
use crate::script::unmarked;

/// Words that a shortened prompt can do without.
const FILLERS: &[&str] = &[
    "a",
    "an",
    "the",
    "of",
    "and",
    "with",
    "very",
    "really",
    "in",
    "on",
    "at",
    "that",
    "is",
    "are",
    "to",
    "for",
    "beautiful",
    "nice",
    "some",
];

const MEDIA: &[&str] = &["an oil painting", "a flat illustration", "a soft photograph", "a paper collage"];
const MOODS: &[&str] = &["calm and wide", "bright and busy", "quiet, at dusk", "playful, in clear colours"];

/// Where the words stand: `prompt`, `promptEn`, `properties.finalPrompt`.
pub(super) fn places(record: &Record, done: bool) -> (String, String, String) {
    let prompt = record.prompt.clone();
    if record.words.is_empty() {
        let final_prompt = if done { format!("{} --v 6", unmarked(&prompt)) } else { String::new() };
        return (prompt.clone(), prompt, final_prompt);
    }
    if !done {
        return (prompt.clone(), prompt, String::new());
    }
    let text = record.words.join("\n\n");
    let shown = if record.action == "DESCRIBE" { text.clone() } else { prompt };
    (shown, text.clone(), text)
}

/// Four descriptions of a picture, from its bytes.
pub(super) fn describe(bytes: &[u8], seed: u64) -> Vec<String> {
    let print = crate::fingerprint::sha256_hex(bytes);
    let look = looks(bytes).unwrap_or_else(|| "an unreadable picture".to_owned());
    let mut dice = Dice::new(fingerprint(seed, &["describe", &print]));
    let mut pick = |list: &[&'static str]| list[(dice.unit() * list.len() as f32) as usize % list.len()];
    ["1️⃣", "2️⃣", "3️⃣", "4️⃣"].iter().map(|n| format!("{n} {}, {look}, {}", pick(MEDIA), pick(MOODS))).collect()
}

/// Up to three shorter forms of a prompt, the longest first.
pub(super) fn shorten(prompt: &str) -> Vec<String> {
    let plain = unmarked(prompt);
    let is_filler = |word: &&str| FILLERS.contains(&word.to_lowercase().as_str());
    let kept: Vec<&str> = plain.split_whitespace().filter(|word| !is_filler(word)).collect();
    let part = |share: usize| kept[..kept.len().div_ceil(share)].join(" ");
    let mut forms = vec![kept.join(" "), part(2), part(3)];
    forms.retain(|form| !form.is_empty());
    forms.dedup();
    let numbered = |(place, form): (usize, String)| format!("{}. {form}", place + 1);
    forms.into_iter().enumerate().map(numbered).collect()
}

/// Size and main colour of a PNG.
fn looks(bytes: &[u8]) -> Option<String> {
    let picture = image::load_from_memory(bytes).ok()?.to_rgb8();
    let (mut sums, count) = ([0u64; 3], u64::from(picture.width()) * u64::from(picture.height()));
    for pixel in picture.pixels() {
        for (sum, value) in sums.iter_mut().zip(pixel.0) {
            *sum += u64::from(value);
        }
    }
    let [red, green, blue] = sums.map(|sum| sum / count.max(1));
    let colour = match (red, green, blue) {
        (r, g, b) if r.abs_diff(g) < 16 && g.abs_diff(b) < 16 => "grey",
        (r, g, b) if r >= g && g >= b => "amber",
        (r, g, b) if r >= b && b >= g => "rose",
        (r, g, b) if g >= r && r >= b => "olive",
        (r, g, b) if g >= b && b >= r => "teal",
        (r, _, b) if b >= r => "blue",
        _ => "violet",
    };
    Some(format!("mostly {colour}, {} by {} pixels", picture.width(), picture.height()))
}
