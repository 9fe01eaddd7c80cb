//! A song's fields as this vendor wants them: what is asked for, what is missing, what is too long.

use super::options::Options;
use super::version::{self, Meant, Version};
use super::words::{cut, first_line};
use crate::dialect::Parent;
use task::{Clip, Song, Spec};

/// The most characters of a description (section 2.2, `customMode` false).
const DESCRIPTION_MAX_CHARS: usize = 500;

/// The style and the title of a song that has none: the vendor requires both beside words to sing.
const USUAL_STYLE: &str = "pop";
const USUAL_TITLE: &str = "Untitled";

/// What is sung, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wish {
    /// The version.
    pub version: &'static Version,
    /// The caller's own words, style and title, or a description that the vendor makes them from.
    pub text: Text,
    /// Whether nobody sings.
    pub instrumental: bool,
    /// What was fitted; the same whether or not the parent is known.
    pub fitted: Vec<String>,
    /// What was fitted to the parent.
    pub fitted_to_parent: Vec<String>,
}

/// The texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Text {
    /// A description.
    Description(String),
    /// The caller's own; the words may be missing when nobody sings.
    Own {
        /// The words that are sung.
        words: Option<String>,
        /// The style.
        style: String,
        /// The title.
        title: String,
    },
}

/// Reads the wish. `own` forces the caller's own texts: where a song is continued, a description would be
/// sung. `None` when there are no words at all.
pub(super) fn wish(
    options: &Options<'_>,
    upstream_model: &str,
    spec: &Spec,
    parent: Option<Parent<'_>>,
    own: bool,
) -> Option<Wish> {
    let untold = Song::default();
    let song = spec.song.as_deref().unwrap_or(&untold);
    let source = source_clip(song, parent);
    let (mut fitted, mut fitted_to_parent) = (Vec::new(), Vec::new());
    let version = version_of(options, upstream_model, song, source, &mut fitted, &mut fitted_to_parent);
    let description = Some(spec.prompt.trim()).filter(|text| !text.is_empty());
    let singer = song.singer_style.as_deref();
    let words = song.lyrics.as_deref();
    if !own && let Some(description) = description {
        if words.is_some() || song.title.is_some() || song.tags.is_some() {
            let note = "the song is made from its description alone; words, title and style are not used";
            fitted.push(note.to_owned());
        }
        let text = joined(description, singer);
        let text = cut(&text, DESCRIPTION_MAX_CHARS, "the description", &mut fitted);
        return Some(Wish {
            version,
            text: Text::Description(text),
            instrumental: song.instrumental,
            fitted,
            fitted_to_parent,
        });
    }
    let words = words.or(description);
    if words.is_none() && !song.instrumental {
        // A style without words can only be described.
        let text = joined(song.tags.as_deref().or(song.title.as_deref())?, singer);
        let text = cut(&text, DESCRIPTION_MAX_CHARS, "the description", &mut fitted);
        return Some(Wish { version, text: Text::Description(text), instrumental: false, fitted, fitted_to_parent });
    }
    let style = song.tags.as_deref().or(source.map(|clip| clip.tags.as_str()).filter(|tags| !tags.is_empty()));
    let style = match (style, singer) {
        (Some(style), _) => joined(style, singer),
        (None, Some(singer)) => singer.to_owned(),
        (None, None) => USUAL_STYLE.to_owned(),
    };
    let text = Text::Own {
        words: words.map(|words| cut(words, version.words_max_chars, "the words", &mut fitted)),
        style: cut(&style, version.style_max_chars, "the style", &mut fitted),
        title: title(song, source, words, version, &mut fitted),
    };
    Some(Wish { version, text, instrumental: song.instrumental, fitted, fitted_to_parent })
}

/// The clip that is continued, as the parent's task tells it.
pub(super) fn source_clip<'a>(song: &Song, parent: Option<Parent<'a>>) -> Option<&'a Clip> {
    let id = song.clip.as_deref()?;
    parent?.details.clips.iter().find(|clip| clip.id == id)
}

/// A continuation has to be made by the version that made its source (the vendor's page on `extend`).
fn version_of(
    options: &Options<'_>,
    upstream_model: &str,
    song: &Song,
    source: Option<&Clip>,
    fitted: &mut Vec<String>,
    fitted_to_parent: &mut Vec<String>,
) -> &'static Version {
    let usual = version::exactly(upstream_model).unwrap_or(options.version);
    let asked = match song.version.as_deref().map(|name| (name, version::meant(name))) {
        None => None,
        Some((_, Meant::Known(version))) => Some(version),
        Some((name, Meant::Gone(version))) => {
            fitted.push(format!("the upstream no longer has {name}; {} was taken", version.name));
            Some(version)
        }
        Some((name, Meant::Unknown)) => {
            fitted.push(format!("the upstream does not know {name}; {} was taken", usual.name));
            None
        }
    };
    let of_source = source.map(|clip| version::meant(&clip.model));
    let (Some(Meant::Known(needed)), wanted) = (of_source, asked.unwrap_or(usual)) else {
        return asked.unwrap_or(usual);
    };
    if asked.is_some() && needed != wanted {
        fitted_to_parent.push(format!("the song is continued by {}, which made it", needed.name));
    }
    needed
}

fn title(
    song: &Song,
    source: Option<&Clip>,
    words: Option<&str>,
    version: &Version,
    fitted: &mut Vec<String>,
) -> String {
    if let Some(title) = song.title.as_deref() {
        return cut(title, version.title_max_chars, "the title", fitted);
    }
    let made = source.map(|clip| clip.title.as_str()).filter(|title| !title.is_empty()).or(words.and_then(first_line));
    // A title that was only made up is no loss when it is cut.
    cut(made.unwrap_or(USUAL_TITLE), version.title_max_chars, "the title", &mut Vec::new())
}

fn joined(text: &str, more: Option<&str>) -> String {
    more.map_or_else(|| text.to_owned(), |more| format!("{text}, {more}"))
}
