//! What the reference pages hold: their fenced blocks, each with the heading that it stands under.

use crate::tidy::{read, root};

/// What a fenced block is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    Curl,
    Python,
    Json,
    JavaScript,
    /// A line such as `POST /mj/submit/imagine`, a URL or a header.
    Words,
}

/// A fenced block.
#[derive(Debug, Clone)]
pub(super) struct Block {
    /// The file that it stands in.
    pub(super) page: &'static str,
    pub(super) heading: String,
    pub(super) language: Language,
    pub(super) code: String,
}

/// The pages, block by block in their order; `None` where they are not there, which only a quick run may
/// say.
pub(super) fn blocks(pages: &[&'static str]) -> Option<Vec<Block>> {
    let folder = root().join("../shared/contract");
    if !folder.is_dir() {
        assert!(std::env::var_os("BACKLOT_TEST_REQUIRE_ALL").is_none(), "the reference pages are not there");
        skipped("the reference pages are not there");
        return None;
    }
    Some(pages.iter().flat_map(|page| of_page(page, &read(&folder.join(page)))).collect())
}

/// Says why something did not run.
#[expect(clippy::print_stderr, reason = "whoever runs the tests has to see what was left out")]
pub(super) fn skipped(why: &str) {
    eprintln!("skipped: {why}");
}

fn of_page(page: &'static str, text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut heading = String::new();
    let mut open: Option<Block> = None;
    for line in text.lines() {
        match (line.strip_prefix("```"), &mut open) {
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some(tag), None) => {
                let language = language(tag.split(' ').next().unwrap_or_default());
                open = Some(Block { page, heading: heading.clone(), language, code: String::new() });
            }
            (None, Some(block)) => {
                block.code.push_str(line);
                block.code.push('\n');
            }
            (None, None) if line.starts_with('#') => heading = line.trim_start_matches('#').trim().to_owned(),
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "{page}: a block is not closed");
    blocks
}

fn language(tag: &str) -> Language {
    match tag {
        "bash" => Language::Curl,
        "python" => Language::Python,
        "json" => Language::Json,
        "javascript" => Language::JavaScript,
        "" | "text" | "http" => Language::Words,
        other => panic!("a block of an unknown language: {other}"),
    }
}

impl Block {
    /// Where it stands, for a failure's message.
    pub(super) fn place(&self) -> String {
        format!("{} under {:?}", self.page, self.heading)
    }
}

/// A request as an example makes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) method: &'static str,
    /// Without the query.
    pub(super) path: String,
}

/// The request of a curl line.
pub(super) fn asked(code: &str) -> Asked {
    let url = code.split_once("https://crazyrouter.com").expect("a curl line asks the service").1;
    let path = url.split(['"', '\'', ' ', '\n', '\\', '?']).next().unwrap_or_default();
    let method = if code.contains("-X POST") { "POST" } else { "GET" };
    Asked { method, path: path.to_owned() }
}
