//! Commands inside the text, `--ratio 16:9 --dur 5`, which the 1.x models still obey (section 2).

/// The text without its commands, and what they say.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Flags {
    /// As it came when there are no commands in it.
    pub words: String,
    pub ratio: Option<String>,
    pub resolution: Option<String>,
    pub duration: Option<i64>,
    pub seed: Option<i64>,
}

/// Reads the text; a command whose number is none stays among the words.
pub(super) fn read(text: &str) -> Flags {
    let mut flags = Flags::default();
    let (mut words, mut is_commanded) = (Vec::new(), false);
    let mut parts = text.split_whitespace().peekable();
    while let Some(word) = parts.next() {
        let obeyed = parts.peek().is_some_and(|value| flags.obey(word, value));
        if obeyed {
            parts.next();
            is_commanded = true;
        } else {
            words.push(word);
        }
    }
    flags.words = if is_commanded { words.join(" ") } else { text.to_owned() };
    flags
}

impl Flags {
    /// Whether `word` is a command that takes `value`.
    fn obey(&mut self, word: &str, value: &str) -> bool {
        match word {
            "--ratio" | "--rt" => self.ratio = Some(value.to_owned()),
            "--resolution" | "--rs" => self.resolution = Some(value.to_owned()),
            "--duration" | "--dur" => match value.parse() {
                Ok(seconds) => self.duration = Some(seconds),
                Err(_) => return false,
            },
            "--seed" => match value.parse() {
                Ok(seed) => self.seed = Some(seed),
                Err(_) => return false,
            },
            // These change nothing that can be seen in a file.
            "--camerafixed" | "--cf" | "--watermark" | "--wm" | "--framepersecond" | "--fps" => {}
            _ => return false,
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_taken_out_of_the_words() {
        let flags = read("a cat  --ratio 9:16 on a hill --dur 7 --wm true --seed 3");
        assert_eq!((flags.words.as_str(), flags.ratio.as_deref()), ("a cat on a hill", Some("9:16")));
        assert_eq!((flags.duration, flags.seed), (Some(7), Some(3)));
        assert_eq!(read("two  spaces -- and --dur soon").words, "two  spaces -- and --dur soon");
    }
}
