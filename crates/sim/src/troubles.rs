//! The troubles that stay with a task, asked one by one.

use crate::effect::{ArtifactFault, Effect, Planned, Times};

/// The troubles of one task, as decided when it was submitted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Troubles<'a>(pub &'a [Planned]);

impl<'a> Troubles<'a> {
    /// How it fails at its end, if it does.
    pub(crate) fn fails(self) -> Option<&'a str> {
        self.find(|effect| match effect {
            Effect::Fail(reason) => Some(reason.as_str()),
            _ => None,
        })
    }

    /// What a moderator says at its end, if one speaks.
    pub(crate) fn moderated_late(self) -> Option<&'a str> {
        self.find(|effect| match effect {
            Effect::LateModeration(reason) => Some(reason.as_str()),
            _ => None,
        })
    }

    /// After how many ms it is forgotten, if it is.
    pub(crate) fn forget_after_ms(self) -> Option<i64> {
        self.find(|effect| match effect {
            Effect::Forget(after_ms) => Some(*after_ms),
            _ => None,
        })
    }

    /// The odd word that it shows while it is worked on.
    pub(crate) fn odd_status(self) -> Option<&'a str> {
        self.find(|effect| match effect {
            Effect::Status(word) => Some(word.as_str()),
            _ => None,
        })
    }

    /// How long its work takes, ms; the last word counts.
    pub(crate) fn slow_ms(self) -> Option<i64> {
        let slow = |planned: &Planned| match planned.effect {
            Effect::Slow(ms) => Some(ms),
            _ => None,
        };
        self.0.iter().rev().find_map(slow)
    }

    /// How many outputs come of it, when that is not what was asked for.
    pub(crate) fn outputs(self) -> Option<usize> {
        self.find(|effect| match effect {
            Effect::Outputs(count) => Some(*count),
            _ => None,
        })
    }

    /// Behind how many others it waits.
    pub(crate) fn queued(self) -> i64 {
        self.0.iter().map(|t| if let Effect::Queued(ahead) = t.effect { i64::from(ahead) } else { 0 }).sum()
    }

    /// How long the answer to its submission is held back, ms.
    pub(crate) fn answer_delay_ms(self) -> i64 {
        let delay = |effect: &Effect| if let Effect::AnswerDelay(ms) = effect { Some(*ms) } else { None };
        self.find(delay).unwrap_or(0)
    }

    /// What is wrong with its files, and how often.
    pub(crate) fn artifact_fault(self) -> Option<(ArtifactFault, Times)> {
        self.0.iter().find_map(|planned| match planned.effect {
            Effect::Artifact(fault) => Some((fault, planned.times)),
            _ => None,
        })
    }

    /// The status that polls for it get, and how often.
    pub(crate) fn poll_fault(self) -> Option<(u16, Times)> {
        self.0.iter().find_map(|planned| match planned.effect {
            Effect::PollHttp(status) => Some((status, planned.times)),
            _ => None,
        })
    }

    pub(crate) fn has(self, effect: &Effect) -> bool {
        self.0.iter().any(|planned| planned.effect == *effect)
    }

    /// Those that are not over with the submission itself.
    pub(crate) fn lasting(self) -> Vec<Planned> {
        self.0.iter().filter(|planned| !planned.effect.is_momentary()).cloned().collect()
    }

    fn find<T>(self, pick: impl Fn(&'a Effect) -> Option<T>) -> Option<T> {
        self.0.iter().find_map(|planned| pick(&planned.effect))
    }
}
