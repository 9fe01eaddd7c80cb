//! Troubles that meet a question (a poll, a list, a cancel) before it is answered.

use crate::effect::{Effect, Planned};
use crate::script::Asked;
use crate::troubles::Troubles;
use crate::world::Memory;
use std::io;

/// What the asker gets instead of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Strike {
    /// A bare HTTP status.
    Http(u16),
    /// A closed connection.
    Dropped,
}

/// A question, and the tasks that it asks for with their troubles.
pub(crate) struct Question<'a> {
    pub asked: Asked<'a>,
    pub tasks: Vec<(&'a str, &'a [Planned])>,
}

impl Memory {
    /// Judges a question: rules for its route first, then the `poll-http` of the tasks asked for.
    /// Gives the strike, if any, and how long the answer is held back, ms.
    pub(crate) fn meet(&mut self, question: &Question<'_>, seed: u64) -> io::Result<(Option<Strike>, i64)> {
        let Asked { route, key, .. } = question.asked;
        let mut delay_ms = 0;
        for planned in self.troubles(&question.asked, seed, false)? {
            let strike = match planned.effect {
                Effect::Http(status) | Effect::HttpAfter(status) => Strike::Http(status),
                Effect::LostRequest | Effect::LostAnswer => Strike::Dropped,
                Effect::AnswerDelay(ms) => {
                    delay_ms = ms;
                    continue;
                }
                _ => continue,
            };
            if self.strikes(&format!("{route}|{:?}", planned.effect), key, planned.times, false)? {
                return Ok((Some(strike), delay_ms));
            }
        }
        for (id, troubles) in &question.tasks {
            if let Some((status, times)) = Troubles(troubles).poll_fault()
                && self.strikes("poll-http", id, times, false)?
            {
                return Ok((Some(Strike::Http(status)), delay_ms));
            }
        }
        Ok((None, delay_ms))
    }
}
