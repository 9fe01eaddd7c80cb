//! Words that came from upstream, fit to be shown: a vendor's URL is never shown
//! (`contract/DECISIONS.md`, artifact URLs), and proxies put those of uploaded pictures into prompts.

/// `text` without the links that the caller's own `prompt` does not hold.
pub(super) fn without_links(text: &str, prompt: &str) -> String {
    let foreign = |word: &str| {
        let bare = word.trim_start_matches('<').trim_end();
        (bare.starts_with("https://") || bare.starts_with("http://")) && !prompt.contains(bare.trim_end_matches('>'))
    };
    if !text.contains("://") {
        return text.to_owned();
    }
    let kept: String = text.split_inclusive(char::is_whitespace).filter(|word| !foreign(word)).collect();
    kept.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::without_links;

    #[test]
    fn only_links_of_others_are_left_out() {
        let own = "https://example.com/cat.png a cat --v 6";
        assert_eq!(without_links(own, own), own);
        assert_eq!(without_links("<https://s.mj.run/x> a cat --v 6", own), "a cat --v 6");
        assert_eq!(without_links("a cat https://cdn.discordapp.com/a?ex=1", own), "a cat");
        assert_eq!(without_links("one\n\nhttps://cdn.discordapp.com/a two", ""), "one\n\ntwo");
        assert_eq!(without_links(" as it is ", ""), " as it is ");
        assert_eq!(without_links("by [name](https://example.com)", ""), "by [name](https://example.com)");
    }
}
