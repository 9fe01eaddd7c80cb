//! The sim's memory on disk: one JSON event a line, appended and flushed, read back at the start.

use crate::job::Job;
use crate::midjourney::Record;
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Arc;

/// What became of a submission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Verdict {
    Accepted,
    /// A task that was there before is named instead.
    Existing,
    Refused,
    Lost,
}

/// A line.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(crate) enum Event {
    /// A submission came in and was judged.
    Received {
        at_ms: i64,
        route: String,
        state: String,
        #[serde(default)]
        prompt: String,
        verdict: Verdict,
    },
    /// A task was opened, or has changed.
    Task { record: Box<Record> },
    /// A job of another protocol was opened, or has changed.
    Job { job: Arc<Job> },
    /// A trouble struck once more.
    Struck { key: String },
    /// Callbacks up to this time have been sent.
    Called { id: String, until_ms: i64 },
}

/// The file.
#[derive(Debug)]
pub(crate) struct Log(Option<File>);

impl Log {
    /// No file: nothing survives.
    pub(crate) fn nowhere() -> Self {
        Self(None)
    }

    /// Opens or makes the file and reads all that it holds. A last line that was cut short by a
    /// crash is cut off: its event was never answered.
    pub(crate) fn open(path: &Path) -> io::Result<(Self, Vec<Event>)> {
        let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        let mut text = String::new();
        file.read_to_string(&mut text)?;
        let whole = text.rfind('\n').map_or(0, |end| end + 1);
        let events = text[..whole].lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
        file.set_len(whole as u64)?;
        file.seek(SeekFrom::End(0))?;
        Ok((Self(Some(file)), events))
    }

    /// Appends one event: on return the kernel has it.
    pub(crate) fn append(&mut self, event: &Event) -> io::Result<()> {
        let Some(file) = &mut self.0 else { return Ok(()) };
        let mut line = serde_json::to_vec(event)?;
        line.push(b'\n');
        file.write_all(&line)?;
        file.flush()
    }
}
