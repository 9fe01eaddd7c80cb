//! Texts fitted to the vendor's limits, and titles for songs that have none.

/// `text` cut to `max_chars` characters, at a line or a word if one ends in the last fifth; a sentence is
/// added to `warnings` when something is cut.
pub(super) fn cut(text: &str, max_chars: usize, what: &str, warnings: &mut Vec<String>) -> String {
    let Some((end, _)) = text.char_indices().nth(max_chars) else { return text.to_owned() };
    let head = &text[..end];
    warnings.push(format!("{what} was cut to {max_chars} characters, the most that the upstream takes"));
    // A word that ends exactly at the limit is whole.
    if text[end..].starts_with(char::is_whitespace) {
        return head.trim_end().to_owned();
    }
    let tail_from = head.char_indices().nth(max_chars - max_chars / 5).map_or(head.len(), |(place, _)| place);
    let late = |place: &usize| *place >= tail_from;
    let at_line = head.rfind('\n').filter(late);
    let place = at_line.or_else(|| head.rfind(char::is_whitespace).filter(late));
    head[..place.unwrap_or(head.len())].trim_end().to_owned()
}

/// The first line that is sung: no `[Verse]` mark, no blank one.
pub(super) fn first_line(lyrics: &str) -> Option<&str> {
    lyrics.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with(['[', '(']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_lose_whole_words() {
        let mut warnings = Vec::new();
        assert_eq!(cut("short", 5, "x", &mut warnings), "short");
        assert!(warnings.is_empty());
        assert_eq!(cut("one two three four", 15, "the title", &mut warnings), "one two three");
        assert_eq!(warnings, ["the title was cut to 15 characters, the most that the upstream takes"]);
        assert_eq!(cut("one two three", 7, "x", &mut warnings), "one two");
        assert_eq!(cut("貓貓貓貓貓貓", 4, "x", &mut warnings), "貓貓貓貓", "no word to stop at");
        assert_eq!(cut(&"a".repeat(20), 10, "x", &mut warnings), "a".repeat(10));
    }

    #[test]
    fn marks_are_no_title() {
        assert_eq!(first_line("[Verse]\n\n Sunshine on the waves \nmore"), Some("Sunshine on the waves"));
        assert_eq!(first_line("[Intro]\n(humming)"), None);
    }
}
