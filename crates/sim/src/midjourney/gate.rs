//! Troubles that meet a submission at the door, before and after it is recorded.

use super::envelope::Envelope;
use crate::effect::Effect;
use crate::fields::object;

/// What the caller gets.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Reply {
    /// An answer.
    Answer(Envelope),
    /// A bare HTTP status.
    Http(u16),
    /// A closed connection.
    Dropped,
    /// No such route.
    NoRoute,
}

/// What a trouble makes of a submission that is not recorded yet; `None`: it lets it pass.
pub(super) fn before(effect: &Effect, prompt: &str) -> Option<Reply> {
    Some(match effect {
        Effect::LostRequest => Reply::Dropped,
        Effect::Http(status) => Reply::Http(*status),
        Effect::QueueFull => Reply::Answer(Envelope::of(23, "queue full, please try again later")),
        Effect::Error(word) => Reply::Answer(Envelope::of(4, word)),
        Effect::WrongKey => Reply::Http(401),
        Effect::Code(code) => Reply::Answer(Envelope::of(*code, "refused by script")),
        Effect::Moderation => {
            let properties = object([("promptEn", prompt.into()), ("bannedWord", "sim:moderation".into())]);
            Reply::Answer(Envelope::of(24, "the prompt may contain a banned word").with(properties))
        }
        _ => return None,
    })
}

/// What a trouble makes of the answer to a submission that is recorded; `None`: nothing.
pub(super) fn after(effect: &Effect) -> Option<Reply> {
    Some(match effect {
        Effect::LostAnswer => Reply::Dropped,
        Effect::HttpAfter(status) => Reply::Http(*status),
        _ => return None,
    })
}
