//! What the command line says.

use anyhow::{Context, bail};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

/// The fewest rounds from which a median says anything.
const ROUNDS: u64 = 3;

/// Sizes of a run.
#[derive(Debug)]
pub(crate) struct Flags {
    /// Sizes that show that it works, not how fast.
    pub(crate) quick: bool,
    numbers: BTreeMap<String, u64>,
    texts: BTreeMap<String, String>,
    asked: RefCell<BTreeSet<String>>,
}

impl Flags {
    /// Reads `--quick`, `--only TEXT` and `--NAME N`.
    pub(crate) fn read(words: &[String]) -> anyhow::Result<Self> {
        let mut flags =
            Self { quick: false, numbers: BTreeMap::new(), texts: BTreeMap::new(), asked: RefCell::default() };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            match word.strip_prefix("--") {
                Some("quick") => flags.quick = true,
                Some(name @ "only") => {
                    let text = words.next().with_context(|| format!("{word} needs a word"))?;
                    flags.texts.insert(name.to_owned(), text.clone());
                }
                Some(name) => {
                    let number = words.next().with_context(|| format!("{word} needs a number"))?;
                    let number = number.parse().with_context(|| format!("{word} takes a number, not {number}"))?;
                    flags.numbers.insert(name.to_owned(), number);
                }
                None => bail!("{word} is no flag"),
            }
        }
        Ok(flags)
    }

    /// The number that was given for `name`, else the usual one for a full or a quick run; at least 1.
    pub(crate) fn number(&self, name: &str, full: u64, quick: u64) -> u64 {
        self.asked.borrow_mut().insert(name.to_owned());
        let usual = if self.quick { quick } else { full };
        self.numbers.get(name).copied().unwrap_or(usual).max(1)
    }

    /// The text that was given for `name`.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        self.asked.borrow_mut().insert(name.to_owned());
        self.texts.get(name).cloned()
    }

    /// How many rounds.
    pub(crate) fn rounds(&self) -> u64 {
        self.number("rounds", ROUNDS, 1)
    }

    /// An error when something was given that the scenario never asked for.
    pub(crate) fn check_used(&self) -> anyhow::Result<()> {
        match self.numbers.keys().chain(self.texts.keys()).find(|name| !self.asked.borrow().contains(*name)) {
            Some(name) => bail!("this scenario takes no --{name}"),
            None => Ok(()),
        }
    }
}
