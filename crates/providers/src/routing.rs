//! The join of public names and channels: a table that is read, not code that knows names.

use crate::{Account, Dialect, Submission};
use task::{Channel, ClientId, FailureKind, InputData, Kind, Spec};

/// A channel that could take a task.
#[derive(Clone, Copy)]
pub struct Candidate<'a> {
    /// The channel.
    pub channel: &'a Channel,
    /// Its dialect.
    pub dialect: &'static dyn Dialect,
}

impl Candidate<'_> {
    /// Why the vendor could never take this, in words for the caller: what the dialect says when it is asked for
    /// the request, which is then not sent. `None` where that can't be told: what a task goes on from is not at
    /// hand here, and a broken input fails the task and not the order.
    pub fn refusal(&self, model: &str, spec: &Spec) -> Option<String> {
        let is_broken = spec.inputs.iter().any(|input| matches!(input.data, InputData::Broken(_)));
        if is_broken || spec.parent.is_some() || spec.kind.needs_parent() {
            return None;
        }
        let upstream_model = self.channel.upstream_model(model)?;
        let account = Account {
            base_url: &self.channel.base_url,
            key: &self.channel.key,
            access: None,
            options: &self.channel.options,
            now_ms: 0,
        };
        let submission = Submission {
            account,
            spec,
            upstream_model: &upstream_model,
            client: ClientId::NIL,
            parent: None,
            hook_url: None,
        };
        let failure = self.dialect.submit(&submission).err()?;
        (failure.kind == FailureKind::InvalidInput).then_some(failure.public)
    }
}

/// The channels that serve this kind of work under this public model name, the best first: by
/// priority, then by name. Paused ones come along (a task may wait for them) after all others;
/// removed ones do not.
pub fn candidates<'a>(channels: &'a [Channel], kind: Kind, model: &str) -> Vec<Candidate<'a>> {
    let mut found: Vec<Candidate<'a>> = channels
        .iter()
        .filter(|channel| !channel.removed && channel.upstream_model(model).is_some())
        .filter_map(|channel| crate::find(&channel.dialect).map(|dialect| Candidate { channel, dialect }))
        .filter(|c| c.dialect.capabilities(&c.channel.options).kinds.contains(&kind))
        .collect();
    let rank = |c: &Candidate<'a>| (c.channel.paused, -c.channel.priority, c.channel.name.as_str());
    found.sort_by(|one, other| rank(one).cmp(&rank(other)));
    found
}

/// Picks one of the best candidates (equal priority, equally paused) by weight. `chance` is any
/// number; equal numbers pick equally.
pub fn pick<'a>(candidates: &[Candidate<'a>], chance: u64) -> Option<Candidate<'a>> {
    let first = candidates.first()?;
    let rank = |c: &Candidate<'_>| (c.channel.paused, c.channel.priority);
    let best: Vec<Candidate<'a>> = candidates.iter().copied().filter(|c| rank(c) == rank(first)).collect();
    let weight = |c: &Candidate<'_>| c.channel.weight.max(1).cast_unsigned();
    let total: u64 = best.iter().map(weight).sum();
    let mut left = chance % total.max(1);
    for candidate in &best {
        if left < weight(candidate) {
            return Some(*candidate);
        }
        left -= weight(candidate);
    }
    Some(*first)
}
