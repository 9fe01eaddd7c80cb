//! The items of `content` (section 2).

use super::fields::{choice, field, missing, text, wrong};
use super::model::Generation;
use crate::job::Refusal;
use serde_json::Value;

/// The most references of each kind.
const IMAGES_MAX: usize = 9;
const CLIPS_MAX: usize = 3;

/// What `content` says.
#[derive(Debug, Default)]
pub(super) struct Content {
    /// All texts, one below the other.
    pub words: String,
    /// The picture that decides an adaptive ratio: the first frame, else the first reference.
    pub picture: Option<String>,
    /// The draft that is to be finished.
    pub draft_task: Option<String>,
    first_frames: usize,
    last_frames: usize,
    images: usize,
    videos: usize,
    audios: usize,
}

/// Reads and checks all items.
pub(super) fn read(body: &Value, generation: Generation) -> Result<Content, Refusal> {
    let items = field(body, "content").ok_or_else(|| missing("content"))?;
    let items = items.as_array().ok_or_else(|| wrong("content", "must be an array"))?;
    let mut content = Content::default();
    for item in items {
        content.add(item)?;
    }
    content.check(generation)?;
    Ok(content)
}

impl Content {
    fn add(&mut self, item: &Value) -> Result<(), Refusal> {
        match text(item, "type")?.ok_or_else(|| missing("content.type"))? {
            "text" => {
                let words = text(item, "text")?.ok_or_else(|| missing("content.text"))?;
                let gap = if self.words.is_empty() { "" } else { "\n" };
                self.words = format!("{}{gap}{words}", self.words);
            }
            "image_url" => {
                let link = url(item, "image_url", &["http://", "https://", "data:image/", "asset://"])?;
                let is_first = self.picture.is_none();
                match choice(item, "role", &["first_frame", "last_frame", "reference_image"])? {
                    Some("last_frame") => self.last_frames += 1,
                    Some("reference_image") => self.images += 1,
                    _ => self.first_frames += 1,
                }
                self.picture = if is_first { Some(link.to_owned()) } else { self.picture.take() };
            }
            "video_url" => {
                url(item, "video_url", &["http://", "https://", "asset://"])?;
                choice(item, "role", &["reference_video"])?;
                self.videos += 1;
            }
            "audio_url" => {
                url(item, "audio_url", &["http://", "https://", "data:audio/", "asset://"])?;
                choice(item, "role", &["reference_audio"])?;
                self.audios += 1;
            }
            "draft_task" => {
                let task = field(item, "draft_task").ok_or_else(|| missing("content.draft_task"))?;
                let id = text(task, "id")?.ok_or_else(|| missing("content.draft_task.id"))?;
                self.draft_task = Some(id.to_owned());
            }
            _ => return Err(wrong("content.type", "is not known")),
        }
        Ok(())
    }

    fn check(&self, generation: Generation) -> Result<(), Refusal> {
        let content = |why: &str| Err(wrong("content", why));
        let (frames, references) = (self.first_frames + self.last_frames, self.images + self.videos + self.audios);
        if self.words.trim().is_empty() && frames + references == 0 && self.draft_task.is_none() {
            return Err(missing("content.text"));
        }
        if frames > 0 && references > 0 {
            return content("can't hold frames and references together");
        }
        if self.first_frames > 1 || self.last_frames > 1 || self.last_frames > self.first_frames {
            return content("takes one first frame, and one last frame besides");
        }
        if self.videos + self.audios > 0 && !generation.takes_clips() {
            return content("takes no video or audio with this model");
        }
        if self.audios > 0 && self.images + self.videos == 0 {
            return content("can't hold audio alone");
        }
        if self.images > IMAGES_MAX || self.videos > CLIPS_MAX || self.audios > CLIPS_MAX {
            return content("holds too many references");
        }
        Ok(())
    }

    /// Whether pictures, videos or audios came as references.
    pub(super) fn has_references(&self) -> bool {
        self.images + self.videos + self.audios > 0
    }
}

/// The link of an item, which must begin with one of `starts`.
fn url<'a>(item: &'a Value, kind: &str, starts: &[&str]) -> Result<&'a str, Refusal> {
    let name = format!("content.{kind}.url");
    let holder = field(item, kind).ok_or_else(|| missing(&format!("content.{kind}")))?;
    let link = holder.get("url").and_then(Value::as_str).ok_or_else(|| missing(&name))?;
    let is_good = starts.iter().any(|start| link.starts_with(start));
    is_good.then_some(link).ok_or_else(|| wrong(&name, "is no link of a kind that is taken here"))
}
