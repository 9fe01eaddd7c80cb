//! What a submission does: judged at the door, recorded, answered.

use super::answer::{Instead, broken};
use super::arrived::Arrived;
use super::desk::{Desk, Seen};
use super::inputs;
use super::protocol::Refusal;
use super::{Input, Job, Output, snapshot};
use crate::effect::{Effect, Planned, Times};
use crate::fingerprint::{Dice, fingerprint, sha256_hex};
use crate::log::{Event, Verdict};
use crate::script::{Asked, unmarked};
use crate::server::hold;
use crate::troubles::Troubles;
use crate::world::Memory;
use axum::response::Response;
use serde_json::Value;
use std::io;
use std::sync::Arc;

/// What a submission asks for, as the protocol read it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wish {
    /// The words; markers in them are troubles.
    pub prompt: String,
    /// The caller's own id, where the protocol has one; `""` for none.
    pub client: String,
    /// Where changes are told; `""` for nowhere.
    pub notify_url: String,
    /// The files that come of it.
    pub outputs: Vec<Output>,
    /// How long the work usually takes, ms from submission; see `SimConfig::pace`.
    pub take_ms: i64,
    /// The protocol's own notes.
    pub memo: Value,
}

/// A submission while it is judged.
struct Case<'a> {
    desk: &'a Desk,
    arrived: &'a Arrived,
    route: &'a str,
    /// What stays the same when it is repeated.
    key: String,
    prompt: String,
    now_ms: i64,
}

impl Desk {
    /// Takes a submission: counts it under `route` (`suno_api/music`) and by the caller's own id or
    /// prompt, lets troubles strike, records the job, and holds the answer back. `wish` may be a
    /// refusal: it counts as one. `Err` is the answer that the caller gets instead.
    pub(crate) async fn submit(
        &self,
        arrived: &Arrived,
        route: &str,
        wish: Result<Wish, Refusal>,
    ) -> Result<Seen, Response> {
        let (judged, delay_ms) = self.judge(arrived, route, wish).map_err(|error| broken(&error))?;
        hold(&*self.world.config.clock, delay_ms).await;
        judged.map_err(|instead| instead.respond(self.protocol, &arrived.cut))
    }

    fn judge(
        &self,
        arrived: &Arrived,
        route: &str,
        wish: Result<Wish, Refusal>,
    ) -> io::Result<(Result<Seen, Instead>, i64)> {
        let (now_ms, mut memory) = (self.now_ms(), self.world.memory());
        let (client, prompt) = wish.as_ref().map_or(("", ""), |wish| (wish.client.as_str(), wish.prompt.as_str()));
        let key = match (client, prompt) {
            ("", "") => format!("body:{}", &sha256_hex(arrived.body.to_string().as_bytes())[..16]),
            ("", prompt) => prompt.to_owned(),
            (client, _) => client.to_owned(),
        };
        let case = Case { desk: self, arrived, route, key, prompt: prompt.to_owned(), now_ms };
        let wish = match wish {
            Ok(wish) => wish,
            Err(refusal) => {
                case.count(&mut memory, Verdict::Refused)?;
                return Ok((Err(Instead::Refused(refusal)), 0));
            }
        };
        let troubles = case.troubles(&mut memory)?;
        let delay_ms = Troubles(&troubles).answer_delay_ms();
        if let Some(instead) = case.struck(&mut memory, &troubles, |effect| self.before(effect))? {
            let verdict = if matches!(instead, Instead::Refused(_)) { Verdict::Refused } else { Verdict::Lost };
            case.count(&mut memory, verdict)?;
            return Ok((Err(instead), delay_ms));
        }
        if let Some(known) = case.used_before(&memory, &wish) {
            case.count(&mut memory, Verdict::Existing)?;
            return Ok((Err(Instead::Refused(Refusal::Duplicate(known))), delay_ms));
        }
        let job = Arc::new(case.open(&mut memory, wish, &troubles)?);
        // The job stands in the log before the count: a crash between the two can only count too few.
        memory.write(Event::Job { job: job.clone() })?;
        case.count(&mut memory, Verdict::Accepted)?;
        if let Some(instead) = case.struck(&mut memory, &troubles, after)? {
            return Ok((Err(instead), delay_ms));
        }
        Ok((Ok(Seen { at: snapshot(&job, now_ms), job }), delay_ms))
    }

    /// What a trouble makes of a submission that is not recorded yet; `None`: it lets it pass.
    fn before(&self, effect: &Effect) -> Option<Instead> {
        Some(match effect {
            Effect::LostRequest => Instead::Dropped,
            Effect::Http(status) => Instead::Http(*status),
            Effect::QueueFull => Instead::Refused(Refusal::QueueFull),
            Effect::Code(code) => Instead::Refused(Refusal::Code(*code)),
            Effect::Error(word) => Instead::Refused(Refusal::Error(word.clone())),
            Effect::WrongKey => Instead::Refused(Refusal::WrongKey),
            Effect::Moderation if self.protocol.moderates_at_the_door() => Instead::Refused(Refusal::Moderation),
            _ => return None,
        })
    }
}

/// What a trouble makes of the answer to a submission that is recorded; `None`: nothing.
fn after(effect: &Effect) -> Option<Instead> {
    Some(match effect {
        Effect::LostAnswer => Instead::Dropped,
        Effect::HttpAfter(status) => Instead::Http(*status),
        _ => return None,
    })
}

impl Case<'_> {
    fn name(&self) -> &'static str {
        self.desk.protocol.name()
    }

    fn seed(&self) -> u64 {
        self.desk.world.config.seed
    }

    fn troubles(&self, memory: &mut Memory) -> io::Result<Vec<Planned>> {
        let (route, prompt) = (self.route, self.prompt.as_str());
        let asked = Asked { protocol: self.name(), route, action: route, prompt, story: prompt, key: &self.key };
        memory.troubles(&asked, self.seed(), true)
    }

    fn count(&self, memory: &mut Memory, verdict: Verdict) -> io::Result<()> {
        let (route, state) = (format!("{}/{}", self.name(), self.route), self.key.clone());
        memory.write(Event::Received { at_ms: self.now_ms, route, state, prompt: self.prompt.clone(), verdict })
    }

    /// The first trouble that makes something of the request and still strikes.
    fn struck(
        &self,
        memory: &mut Memory,
        troubles: &[Planned],
        makes: impl Fn(&Effect) -> Option<Instead>,
    ) -> io::Result<Option<Instead>> {
        for trouble in troubles {
            let Some(instead) = makes(&trouble.effect) else { continue };
            let key = format!("{}|{}|{}", self.name(), self.route, self.key);
            if memory.strikes(&format!("{:?}", trouble.effect), &key, trouble.times, true)? {
                return Ok(Some(instead));
            }
        }
        Ok(None)
    }

    fn used_before(&self, memory: &Memory, wish: &Wish) -> Option<String> {
        let unique = self.desk.protocol.has_unique_client_ids() && !wish.client.is_empty();
        let known = memory.jobs.of_client(self.name(), &wish.client).filter(|_| unique)?;
        (!known.is_gone(self.now_ms)).then(|| known.id.clone())
    }

    fn open(&self, memory: &mut Memory, wish: Wish, troubles: &[Planned]) -> io::Result<Job> {
        let (inputs, body) = self.keep(memory)?;
        let pace = self.desk.config().pace;
        let number = memory.next_number(self.now_ms);
        let print = fingerprint(self.seed(), &["job", self.name(), &number.to_string()]);
        let sums: Vec<&str> = inputs.iter().map(|input| input.sha256.as_str()).collect();
        let lasting = self.lasting(troubles);
        let waits_ms = pace.sent_ms.saturating_mul(Troubles(&lasting).queued());
        let jitter = Dice::new(print).between(90.0, 110.0) as i64;
        let usual_ms = wish.take_ms.saturating_mul(jitter) / 100 + waits_ms;
        let ended_after_ms = Troubles(&lasting).slow_ms().unwrap_or(usual_ms).max(0);
        let started_after_ms = (pace.started_ms + waits_ms).clamp(0, ended_after_ms);
        let mut outputs = wish.outputs;
        outputs.truncate(Troubles(&lasting).outputs().unwrap_or(usize::MAX));
        Ok(Job {
            number,
            id: self.desk.protocol.id(number, print),
            protocol: self.name().to_owned(),
            route: self.route.to_owned(),
            seed: fingerprint(self.seed(), &[&unmarked(&wish.prompt), &sums.join(",")]),
            prompt: wish.prompt,
            body,
            inputs,
            client: wish.client,
            notify_url: wish.notify_url,
            submit_ms: self.now_ms,
            sent_after_ms: (pace.sent_ms + waits_ms).clamp(0, started_after_ms),
            started_after_ms,
            ended_after_ms,
            cancelled_ms: None,
            is_deleted: false,
            outputs,
            troubles: lasting,
            memo: wish.memo,
        })
    }

    /// The troubles that stay with the job; a moderator who does not stand at the door comes late.
    fn lasting(&self, troubles: &[Planned]) -> Vec<Planned> {
        let mut lasting = Troubles(troubles).lasting();
        if Troubles(troubles).has(&Effect::Moderation) && !self.desk.protocol.moderates_at_the_door() {
            let effect = Effect::LateModeration("the prompt may contain a banned word".to_owned());
            lasting.push(Planned { effect, times: Times::Always });
        }
        lasting
    }

    /// Keeps the files that came in; gives them, and the body without what is too long to remember.
    fn keep(&self, memory: &mut Memory) -> io::Result<(Vec<Input>, Value)> {
        let found = inputs::found(self.arrived);
        let mut kept = Vec::new();
        for file in &found {
            let name = self.desk.world.keep(memory, inputs::ending(&file.content_type), &file.bytes)?;
            kept.push(Input {
                field: file.field.clone(),
                name,
                content_type: file.content_type.clone(),
                bytes: file.bytes.len() as u64,
                sha256: sha256_hex(&file.bytes),
            });
        }
        let names: Vec<String> = kept.iter().map(|input| input.name.clone()).collect();
        Ok((kept, inputs::shortened(&self.arrived.body, &found, &names)))
    }
}
