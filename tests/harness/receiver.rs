//! A caller's callback host: keeps what it hears, in order, and answers as it is told.

use bytes::Bytes;
use http::HeaderMap;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    /// 200.
    Well,
    /// 500.
    Failing,
    /// It hears the request and never answers.
    Silent,
}

/// A callback that arrived.
#[derive(Debug, Clone, PartialEq)]
pub struct Heard {
    /// The `webhook-id` header.
    pub id: String,
    /// The task that the body names.
    pub task: String,
    /// The status word that the body tells.
    pub word: String,
    /// The bytes.
    pub body: Bytes,
    /// Whether it was answered with 200.
    pub answered_well: bool,
    /// When, ms.
    pub at_ms: i64,
}

#[derive(Debug)]
struct Inner {
    mood: Mood,
    heard: Vec<Heard>,
    /// Task → until when (ms) a request of it may still be under way.
    under_way: HashMap<String, i64>,
    overlaps: Vec<String>,
}

/// The host.
#[derive(Debug)]
pub struct Receiver(Mutex<Inner>);

impl Default for Receiver {
    fn default() -> Self {
        let inner = Inner { mood: Mood::Well, heard: Vec::new(), under_way: HashMap::new(), overlaps: Vec::new() };
        Self(Mutex::new(inner))
    }
}

impl Receiver {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How it answers from now on.
    pub fn set_mood(&self, mood: Mood) {
        self.lock().mood = mood;
    }

    /// Everything that arrived, in order.
    pub fn heard(&self) -> Vec<Heard> {
        self.lock().heard.clone()
    }

    /// Tasks of which two callbacks were under way at the same time.
    pub fn overlaps(&self) -> Vec<String> {
        self.lock().overlaps.clone()
    }

    /// A request for this task sets out; it may be under way until `until_ms`.
    pub fn set_out(&self, task: &str, now_ms: i64, until_ms: i64) {
        let mut inner = self.lock();
        let before = inner.under_way.insert(task.to_owned(), until_ms);
        if before.is_some_and(|before_ms| now_ms < before_ms) {
            inner.overlaps.push(task.to_owned());
        }
    }

    /// The request for this task is over, whatever came of it.
    pub fn came_home(&self, task: &str) {
        self.lock().under_way.remove(task);
    }

    /// A request arrives; the status that it is answered with, or none.
    pub fn hear(&self, headers: &HeaderMap, body: Bytes, at_ms: i64) -> Option<u16> {
        let told = told(&body);
        let id = headers.get("webhook-id").and_then(|id| id.to_str().ok()).unwrap_or_default().to_owned();
        let mut inner = self.lock();
        let answered_well = inner.mood == Mood::Well;
        inner.heard.push(Heard { id, task: told.0, word: told.1, body, answered_well, at_ms });
        match inner.mood {
            Mood::Well => Some(200),
            Mood::Failing => Some(500),
            Mood::Silent => None,
        }
    }
}

/// The task and the word that a callback's body tells of.
pub fn told(body: &[u8]) -> (String, String) {
    let value: Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    (text("id"), text("status"))
}
