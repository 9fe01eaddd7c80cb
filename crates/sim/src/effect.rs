//! Troubles, and the small grammar that names them: `name`, `name=value`, `name=value*times`.

use serde::{Deserialize, Serialize};

/// How often a trouble strikes one submission (and its repetitions).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Times {
    /// The first so many times.
    First(u32),
    /// Every time.
    Always,
}

/// What is wrong with an artifact's download.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ArtifactFault {
    /// The connection closes at half of the announced length.
    Cut,
    /// The bytes trickle: eight parts with a quarter of a second between them.
    Slow,
    /// HTTP 404.
    Missing,
    /// HTTP 503.
    Away,
    /// A web page that claims to be a picture.
    Html,
    /// No bytes at all.
    Empty,
    /// HTTP 403, as an expired link gives.
    Denied,
}

/// A trouble.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Accepted, then `FAILURE` with this `failReason`.
    Fail(String),
    /// Accepted, then failed because a moderator says this.
    LateModeration(String),
    /// Refused by a moderator.
    Moderation,
    /// Refused with this code.
    Code(i64),
    /// Refused with this word, for vendors whose codes are words.
    Error(String),
    /// Refused because of its key.
    WrongKey,
    /// Refused because too many are waiting.
    QueueFull,
    /// Accepted with code 22 behind so many others.
    Queued(u32),
    /// Answered with this HTTP status; nothing is recorded.
    Http(u16),
    /// Recorded, then answered with this HTTP status.
    HttpAfter(u16),
    /// The connection is dropped; nothing is recorded.
    LostRequest,
    /// Recorded, then the connection is dropped.
    LostAnswer,
    /// The answer is held back so many ms.
    AnswerDelay(i64),
    /// The work takes so many ms.
    Slow(i64),
    /// The work never ends.
    Stuck,
    /// After so many ms the proxy does not know the task any more.
    Forget(i64),
    /// A poll that asks for it is answered with this HTTP status.
    PollHttp(u16),
    /// While it is worked on, its status is this word.
    Status(String),
    /// Its files can't be downloaded as they should.
    Artifact(ArtifactFault),
    /// No callbacks.
    NoCallback,
    /// Callbacks arrive out of order.
    CallbackDisorder,
    /// Every callback arrives twice.
    CallbackTwice,
    /// It asks for a modal on its way.
    Modal,
    /// Only so many outputs come of it.
    Outputs(usize),
}

impl Effect {
    /// Whether it is over with the submission itself. The others stay with the task.
    pub(crate) fn is_momentary(&self) -> bool {
        matches!(
            self,
            Self::AnswerDelay(_)
                | Self::LostRequest
                | Self::LostAnswer
                | Self::Http(_)
                | Self::HttpAfter(_)
                | Self::QueueFull
                | Self::Code(_)
                | Self::Error(_)
                | Self::WrongKey
                | Self::Moderation
        )
    }
}

/// A trouble and how often it strikes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Planned {
    /// The trouble.
    pub effect: Effect,
    /// How often.
    pub times: Times,
}

/// The text names no trouble.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no such trouble: {0}")]
pub struct EffectError(pub String);

impl Planned {
    /// Reads `name`, `name=value` or `name=value*times` (a number or `always`).
    pub fn parse(text: &str) -> Result<Self, EffectError> {
        let wrong = || EffectError(text.to_owned());
        let (head, star) = match text.rsplit_once('*') {
            Some((head, times)) => (head, Some(read_times(times).ok_or_else(wrong)?)),
            None => (text, None),
        };
        let (name, value) = match head.split_once('=') {
            Some((name, value)) => (name.trim(), Some(value.trim())),
            None => (head.trim(), None),
        };
        // For these three the value itself is how often: `[sim:queue-full=2]`.
        let counted = |effect: Effect| {
            let times = value.map(read_times).unwrap_or(Some(Times::First(1)));
            times.map(|times| Self { effect, times })
        };
        let planned = match name {
            "queue-full" => counted(Effect::QueueFull),
            "lost-request" => counted(Effect::LostRequest),
            "lost-answer" => counted(Effect::LostAnswer),
            _ => read_effect(name, value).map(|effect| Self { effect, times: Times::First(1) }),
        };
        let planned = planned.ok_or_else(wrong)?;
        Ok(Self { times: star.unwrap_or(planned.times), ..planned })
    }
}

fn read_effect(name: &str, value: Option<&str>) -> Option<Effect> {
    let number = || value.and_then(|text| text.parse::<i64>().ok());
    let status = |usual: u16| value.map_or(Some(usual), |text| text.parse().ok()).filter(|n| (200..=599).contains(n));
    let words = |usual: &str| value.filter(|text| !text.is_empty()).unwrap_or(usual).to_owned();
    Some(match name {
        "fail" => Effect::Fail(words("the picture could not be made")),
        "late-moderation" => Effect::LateModeration(words("Banned prompt: flagged by moderator")),
        "moderation" => Effect::Moderation,
        "code" => Effect::Code(number()?),
        "error" => Effect::Error(value.filter(|text| !text.is_empty())?.to_owned()),
        "wrong-key" => Effect::WrongKey,
        "outputs" => Effect::Outputs(value?.parse().ok()?),
        "queued" => Effect::Queued(value.map_or(Some(1), |text| text.parse().ok())?),
        "http" => Effect::Http(status(500)?),
        "http-after" => Effect::HttpAfter(status(502)?),
        "answer-delay" => Effect::AnswerDelay(read_ms(value?)?),
        "slow" => Effect::Slow(read_ms(value?)?),
        "stuck" => Effect::Stuck,
        "forget" => Effect::Forget(value.map_or(Some(0), read_ms)?),
        "poll-http" => Effect::PollHttp(status(500)?),
        "status" => Effect::Status(words("PONDERING")),
        "artifact" => Effect::Artifact(read_fault(value?)?),
        "no-callback" => Effect::NoCallback,
        "callback-disorder" => Effect::CallbackDisorder,
        "callback-twice" => Effect::CallbackTwice,
        "modal" => Effect::Modal,
        _ => return None,
    })
}

fn read_fault(text: &str) -> Option<ArtifactFault> {
    Some(match text {
        "cut" => ArtifactFault::Cut,
        "slow" => ArtifactFault::Slow,
        "missing" => ArtifactFault::Missing,
        "away" => ArtifactFault::Away,
        "html" => ArtifactFault::Html,
        "empty" => ArtifactFault::Empty,
        "denied" => ArtifactFault::Denied,
        _ => return None,
    })
}

fn read_times(text: &str) -> Option<Times> {
    match text.trim() {
        "always" => Some(Times::Always),
        number => number.parse().ok().map(Times::First),
    }
}

/// `500ms`, `30s`, `2m`, or a bare number of ms.
fn read_ms(text: &str) -> Option<i64> {
    let split = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let number: i64 = number.parse().ok()?;
    let unit_ms = match unit.trim() {
        "" | "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        _ => return None,
    };
    number.checked_mul(unit_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_the_grammar_is_read() {
        let cases = [
            ("fail", Effect::Fail("the picture could not be made".into()), Times::First(1)),
            ("fail=no luck", Effect::Fail("no luck".into()), Times::First(1)),
            ("queue-full=2", Effect::QueueFull, Times::First(2)),
            ("queue-full=always", Effect::QueueFull, Times::Always),
            ("lost-answer", Effect::LostAnswer, Times::First(1)),
            ("http=502*3", Effect::Http(502), Times::First(3)),
            ("slow=30s", Effect::Slow(30_000), Times::First(1)),
            ("slow=250", Effect::Slow(250), Times::First(1)),
            ("artifact=cut*always", Effect::Artifact(ArtifactFault::Cut), Times::Always),
        ];
        for (text, effect, times) in cases {
            assert_eq!(Planned::parse(text), Ok(Planned { effect, times }), "{text}");
        }
        for text in ["", "nothing", "slow", "slow=soon", "http=700", "code=x", "fail*often", "artifact=odd"] {
            assert!(Planned::parse(text).is_err(), "{text}");
        }
    }
}
