//! What the sim remembers of a job. How the job looks at a moment follows from it alone.

use crate::effect::{Effect, Planned};
use crate::media::Media;
use crate::troubles::Troubles;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A job of any protocol but Midjourney's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Job {
    /// Grows from job to job, over all protocols.
    pub number: i64,
    /// As the protocol writes it: [`super::Protocol::id`]. No slash in it.
    pub id: String,
    /// The protocol's name.
    pub protocol: String,
    /// The route that opened it, as named to [`super::Desk::submit`].
    pub route: String,
    pub prompt: String,
    /// The body as it was received; strings of more than 64 KiB stand as `kept:<name>`.
    pub body: Value,
    /// Files that came in, by upload or as base64.
    pub inputs: Vec<Input>,
    /// The caller's own id, where the protocol has one; `""` for none.
    pub client: String,
    /// Where changes are told; `""` for nowhere.
    pub notify_url: String,
    /// Follows from the sim's seed, the words and the inputs; decides what the outputs show.
    pub seed: u64,
    pub submit_ms: i64,
    /// From submission until it is sent on.
    pub sent_after_ms: i64,
    /// From submission until progress shows.
    pub started_after_ms: i64,
    /// From submission until it is over.
    pub ended_after_ms: i64,
    pub cancelled_ms: Option<i64>,
    /// The caller deleted it: nobody sees it any more.
    pub is_deleted: bool,
    pub outputs: Vec<Output>,
    /// Troubles that were decided when it was submitted.
    pub troubles: Vec<Planned>,
    /// The protocol's own notes.
    pub memo: Value,
}

/// A file that came in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Input {
    /// Where it stood: the form field, or the way through the JSON body (`content/1/image_url/url`).
    pub field: String,
    /// Its name under `/sim/files/`.
    pub name: String,
    pub content_type: String,
    pub bytes: u64,
    /// Lower-case hex.
    pub sha256: String,
}

/// A file that comes out: `/sim/files/<id>-<number>.<ending>`, numbered from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Output {
    pub media: Media,
    /// It can be downloaded as soon as progress has reached this percentage; 100: at the end.
    pub from_percent: u8,
}

impl Output {
    /// A file that is there at the end.
    pub(crate) fn at_end(media: Media) -> Self {
        Self { media, from_percent: 100 }
    }

    /// A file that is there while the work goes on: a preview, a live stream.
    pub(crate) fn early(media: Media, from_percent: u8) -> Self {
        Self { media, from_percent }
    }
}

impl Job {
    /// Its troubles, to be asked.
    pub(crate) fn trouble(&self) -> Troubles<'_> {
        Troubles(&self.troubles)
    }

    /// Whether the vendor does not know it any more.
    pub(crate) fn is_gone(&self, now_ms: i64) -> bool {
        let forgotten = |after_ms| now_ms >= self.submit_ms.saturating_add(after_ms);
        self.is_deleted || self.trouble().forget_after_ms().is_some_and(forgotten)
    }

    pub(crate) fn has(&self, effect: &Effect) -> bool {
        self.trouble().has(effect)
    }

    /// The name of an output, from 1, under `/sim/files/`.
    pub(crate) fn file_name(&self, number: usize) -> Option<String> {
        let output = self.outputs.get(number.checked_sub(1)?)?;
        Some(format!("{}-{number}.{}", self.id, output.media.ending()))
    }
}
