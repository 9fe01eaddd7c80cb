//! Leases: taken in two steps, ended many at a time, renewed.

use super::{PAGE_MAX, RedisScheduler, text};
use crate::scheduler::{Batch, Claim, Finish, Lane, QueueError};
use futures::future::join_all;
use redis::{FromRedisValue, Value, from_redis_value};
use std::collections::{HashMap, HashSet};
use std::hash::Hash;
use std::sync::PoisonError;

/// How far ahead of time a poll may be taken to fill a batch that has a due one.
const POLL_FILL_MS: i64 = 250;

/// The most channels that one claim looks into. Those behind them come first the next time.
const CHANNELS_MAX: usize = 256;

/// The most channels that a claim declares on the chance that it is their turn.
const GUESSED_MAX: usize = 16;

/// The longest lease, so that its end stays a time that a score holds.
const LEASE_MAX_MS: i64 = 30 * 24 * 3_600_000;

/// In place of a due time: the work is done.
const NEVER: i64 = -1;

/// In place of a due time: the look does not count.
const GIVEN_BACK: i64 = -2;

/// How much one claim may hand out.
#[derive(Debug, Clone, Copy)]
pub(super) struct Portion {
    /// Ids in all.
    pub(super) ids: usize,
    /// Batches in all.
    pub(super) batches: usize,
    /// Ids in one batch.
    pub(super) batch: usize,
    /// How long the leases last.
    pub(super) lease_ms: i64,
}

/// A shard's channels whose turn it is, and what it may hand out.
#[derive(Debug)]
struct Turn {
    shard: usize,
    channels: Vec<String>,
    portion: Portion,
}

/// What became of a claim that did not ask first.
#[derive(Debug)]
enum Guess {
    /// It was the turn of the guessed channels alone: what they handed out.
    Right(Vec<Batch>),
    /// It is the turn of these.
    Wrong(Vec<String>),
}

/// What a shard says of its line.
#[derive(Debug)]
pub(super) struct Line {
    /// Whether its epoch stands.
    pub(super) is_filled: bool,
    /// In how many microseconds something can be claimed; negative if nothing is in sight.
    pub(super) opens_in_us: i64,
    /// Name and place of each channel that can be claimed from.
    due: Vec<(String, f64)>,
}

impl RedisScheduler {
    /// Asks a shard whose turn it is, for at most `most` channels.
    pub(super) async fn peek(&self, lane: Lane, shard: usize, most: usize) -> Result<Line, QueueError> {
        let mut call = self.desk.call(&self.scripts().peek, shard, lane, &[]);
        let answer: Vec<Value> = self.claims.run(call.arg(most)).await?;
        let mut reading = Reading(answer.into_iter());
        let (filled, opens_in_us): (i64, i64) = (reading.next()?, reading.next()?);
        let mut due = Vec::new();
        while !reading.is_over() {
            due.push((reading.next()?, reading.next()?));
        }
        Ok(Line { is_filled: filled == 1, opens_in_us, due })
    }

    /// Leases what is due. One shard that does not answer does not keep the others' work back.
    pub(super) async fn hand_out(&self, lane: Lane, portion: Portion) -> Result<Vec<Batch>, QueueError> {
        let mut left = Portion { ids: portion.ids.min(PAGE_MAX), batch: portion.batch.clamp(1, PAGE_MAX), ..portion };
        left.batches = left.batches.min(left.ids);
        if left.batches == 0 {
            return Ok(Vec::new());
        }
        let guessed = if self.desk.keys.shards().len() == 1 { self.claim_guessing(lane, left).await? } else { None };
        let (line, mut failures) = match guessed {
            Some(Guess::Right(batches)) => return Ok(batches),
            Some(Guess::Wrong(line)) => (line.into_iter().map(|channel| (0.0, 0, channel)).collect(), Vec::new()),
            None => self.look(lane, left.batches.min(CHANNELS_MAX)).await,
        };
        self.remember_turns(lane, &line);
        let mut batches = Vec::new();
        // The second time around, what some shards did not use goes to those that could use more.
        let mut hungry = by_shard(line);
        for _ in 0..2 {
            let mut channels_left: usize = hungry.iter().map(|(_, channels)| channels.len()).sum();
            for (shard, channels) in std::mem::take(&mut hungry) {
                let portion = left.share(channels.len(), channels_left);
                channels_left -= channels.len();
                if portion.batches == 0 || portion.ids == 0 {
                    continue;
                }
                let turn = Turn { shard, channels, portion };
                match self.claim_from(lane, &turn, 0).await {
                    Ok((_, claimed)) => {
                        let ids: usize = claimed.iter().map(|batch| batch.claims.len()).sum();
                        let used_all = claimed.len() >= portion.batches || ids >= portion.ids;
                        left.batches = left.batches.saturating_sub(claimed.len());
                        left.ids = left.ids.saturating_sub(ids);
                        batches.extend(claimed);
                        if used_all {
                            hungry.push((shard, turn.channels));
                        }
                    }
                    Err(error) => failures.push(error),
                }
            }
        }
        let shards = self.desk.keys.shards().len();
        let Some(error) = failures.pop() else { return Ok(batches) };
        // What was leased has to be handed out, or it would lie idle until the leases end.
        if batches.is_empty() && failures.len() + 1 >= shards {
            return Err(error);
        }
        tracing::warn!(%lane, %error, shards, failed = failures.len() + 1, "not every shard of the queue answers");
        Ok(batches)
    }

    /// The channels of all shards whose turn it is, first ones first, at most `most`; and why a shard's are
    /// not among them, for each that did not answer.
    async fn look(&self, lane: Lane, most: usize) -> (Vec<(f64, usize, String)>, Vec<QueueError>) {
        let looks = self.desk.keys.shards().map(|shard| async move { (shard, self.peek(lane, shard, most).await) });
        let (mut line, mut failures) = (Vec::new(), Vec::new());
        for (shard, look) in join_all(looks).await {
            match look {
                Ok(found) => line.extend(found.due.into_iter().map(|(channel, place)| (place, shard, channel))),
                Err(error) => failures.push(error),
            }
        }
        line.sort_by(|one, other| one.0.total_cmp(&other.0));
        line.truncate(most);
        (line, failures)
    }

    /// Claims in one call, from the channels that lately had their turn: their keys can be declared without
    /// asking first. `None` when there is nothing to guess by.
    async fn claim_guessing(&self, lane: Lane, portion: Portion) -> Result<Option<Guess>, QueueError> {
        let channels = self.guessed[lane as usize].lock().unwrap_or_else(PoisonError::into_inner).clone();
        if channels.is_empty() {
            return Ok(None);
        }
        let turn = Turn { shard: 0, channels, portion };
        let (line, batches) = self.claim_from(lane, &turn, portion.batches.min(CHANNELS_MAX)).await?;
        Ok(Some(if line.is_empty() { Guess::Right(batches) } else { Guess::Wrong(line) }))
    }

    /// Remembers whose turn it is, before those whose turn it was.
    fn remember_turns(&self, lane: Lane, line: &[(f64, usize, String)]) {
        if line.is_empty() {
            return;
        }
        let mut guessed = self.guessed[lane as usize].lock().unwrap_or_else(PoisonError::into_inner);
        let mut fresh: Vec<String> = line.iter().take(GUESSED_MAX).map(|(_, _, channel)| channel.clone()).collect();
        guessed.retain(|channel| !fresh.contains(channel));
        fresh.append(&mut guessed);
        fresh.truncate(GUESSED_MAX);
        *guessed = fresh;
    }

    /// What the channels of a turn hand out. With `turns_most` only those of them whose turn it is among so
    /// many; nothing, but all whose turn it is, when others are among these.
    async fn claim_from(
        &self,
        lane: Lane,
        turn: &Turn,
        turns_most: usize,
    ) -> Result<(Vec<String>, Vec<Batch>), QueueError> {
        let portion = turn.portion;
        let channels: Vec<_> = turn.channels.iter().map(String::as_str).collect();
        let mut call = self.desk.call(&self.scripts().claim, turn.shard, lane, &channels);
        let ahead_ms = if lane == Lane::Poll { POLL_FILL_MS } else { 0 };
        call.arg(portion.ids).arg(portion.batches).arg(portion.batch);
        call.arg(lease_us(portion.lease_ms)).arg(ahead_ms * 1_000).arg(turns_most);
        let answer: Vec<Value> = self.claims.run(&call).await?;
        read_batches(answer, &turn.channels)
    }

    /// Ends leases, page by page; tells for each claim whether its lease was the newest.
    pub(super) async fn end_leases(&self, lane: Lane, claims: &[(Claim, Finish)]) -> Result<Vec<bool>, QueueError> {
        let mut is_held = vec![false; claims.len()];
        let mut by_shard: HashMap<usize, Vec<usize>> = HashMap::new();
        for (place, (claim, _)) in claims.iter().enumerate() {
            by_shard.entry(self.desk.keys.shard_of(&claim.channel)).or_default().push(place);
        }
        for (shard, places) in by_shard {
            for page in places.chunks(PAGE_MAX) {
                let groups = leases(claims, page);
                let answers = self.end_page(lane, shard, claims, &groups).await?;
                let asked = groups.iter().flat_map(|(_, places)| places);
                for (place, answer) in asked.zip(answers) {
                    is_held[*place] = answer == 1;
                }
            }
        }
        Ok(is_held)
    }

    async fn end_page(
        &self,
        lane: Lane,
        shard: usize,
        claims: &[(Claim, Finish)],
        groups: &[((&str, i64), Vec<usize>)],
    ) -> Result<Vec<i64>, QueueError> {
        let channels = Channels::of(groups.iter().map(|((channel, _), _)| *channel));
        let mut call = self.desk.call(&self.scripts().finish, shard, lane, &channels.names);
        for ((channel, fence), places) in groups {
            call.arg(channels.place(channel)).arg(fence).arg(places.len());
            for place in places {
                let (claim, finish) = &claims[*place];
                let due_us = match finish {
                    Finish::Done => NEVER,
                    Finish::At(at_ms) => text::us_of(*at_ms),
                    Finish::GiveBack => GIVEN_BACK,
                };
                call.arg(due_us).arg(text::of_id(claim.id));
            }
        }
        self.finishes.run(&call).await
    }

    /// Renews a lease that is still the newest one of its entry.
    pub(super) async fn renew(&self, lane: Lane, claim: &Claim, lease_ms: i64) -> Result<Option<Claim>, QueueError> {
        let shard = self.desk.keys.shard_of(&claim.channel);
        let mut call = self.desk.call(&self.scripts().extend, shard, lane, &[&claim.channel]);
        call.arg(text::of_id(claim.id)).arg(claim.fence).arg(lease_us(lease_ms));
        let fence: i64 = self.finishes.run(&call).await?;
        Ok((fence != 0).then(|| Claim { fence, lease_until_ms: text::ms_of(fence), ..claim.clone() }))
    }
}

impl Portion {
    /// What some of the channels that are left get, if all get the same.
    fn share(self, channels: usize, channels_left: usize) -> Self {
        let of = |all: usize| (all * channels).div_ceil(channels_left.max(1)).min(all);
        Self { ids: of(self.ids), batches: of(self.batches), ..self }
    }
}

/// The shards in order of their first channels, each with its channels in order.
fn by_shard(line: Vec<(f64, usize, String)>) -> Vec<(usize, Vec<String>)> {
    let mut shards: Vec<(usize, Vec<String>)> = Vec::new();
    for (_, shard, channel) in line {
        match shards.iter_mut().find(|(known, _)| *known == shard) {
            Some((_, channels)) => channels.push(channel),
            None => shards.push((shard, vec![channel])),
        }
    }
    shards
}

/// The channels of one call, each once, with their places from 1 on as the scripts count.
#[derive(Debug, Default)]
pub(super) struct Channels<'a> {
    /// In order of their places.
    pub(super) names: Vec<&'a str>,
    places: HashMap<&'a str, usize>,
}

impl<'a> Channels<'a> {
    /// Takes each name once.
    pub(super) fn of(names: impl Iterator<Item = &'a str>) -> Self {
        let mut channels = Self::default();
        for name in names {
            if let std::collections::hash_map::Entry::Vacant(vacant) = channels.places.entry(name) {
                channels.names.push(name);
                vacant.insert(channels.names.len());
            }
        }
        channels
    }

    /// A channel's place; 0, which no script knows, for one that is not among them.
    pub(super) fn place(&self, name: &str) -> usize {
        self.places.get(name).copied().unwrap_or(0)
    }
}

/// Things by what they share, in the order of each one's first.
pub(super) fn grouped<K: Copy + Eq + Hash, T>(things: impl Iterator<Item = (K, T)>) -> Vec<(K, Vec<T>)> {
    let mut groups: Vec<(K, Vec<T>)> = Vec::new();
    let mut places: HashMap<K, usize> = HashMap::new();
    for (key, thing) in things {
        let place = *places.entry(key).or_insert_with(|| {
            groups.push((key, Vec::new()));
            groups.len() - 1
        });
        groups[place].1.push(thing);
    }
    groups
}

/// The claims of a page by channel and fence. One that is there twice has no lease the second time, and is left out.
fn leases<'a>(claims: &'a [(Claim, Finish)], page: &[usize]) -> Vec<((&'a str, i64), Vec<usize>)> {
    let mut seen = HashSet::with_capacity(page.len());
    let once = page.iter().filter(|place| seen.insert((claims[**place].0.id, claims[**place].0.fence)));
    grouped(once.map(|place| {
        let (claim, _) = &claims[*place];
        ((claim.channel.as_str(), claim.fence), *place)
    }))
}

fn lease_us(lease_ms: i64) -> i64 {
    lease_ms.clamp(1, LEASE_MAX_MS) * 1_000
}

/// Reads an answer of mixed values, one after another.
struct Reading(std::vec::IntoIter<Value>);

impl Reading {
    fn is_over(&self) -> bool {
        self.0.len() == 0
    }

    fn next<T: FromRedisValue>(&mut self) -> Result<T, QueueError> {
        let value = self.0.next().and_then(|value| from_redis_value(value).ok());
        value.ok_or_else(|| QueueError("claim: an answer that can't be read".into()))
    }
}

fn read_batches(answer: Vec<Value>, channels: &[String]) -> Result<(Vec<String>, Vec<Batch>), QueueError> {
    let mut reading = Reading(answer.into_iter());
    let turns: usize = reading.next()?;
    let line = (0..turns).map(|_| reading.next()).collect::<Result<Vec<String>, _>>()?;
    let mut batches = Vec::new();
    while !reading.is_over() {
        let (place, many, shared_fence): (usize, usize, i64) = (reading.next()?, reading.next()?, reading.next()?);
        let channel = place.checked_sub(1).and_then(|place| channels.get(place));
        let channel = channel.ok_or_else(|| QueueError("claim: a channel that was not asked for".into()))?;
        let mut claims = Vec::with_capacity(many);
        for _ in 0..many {
            let (id, due_us): (String, i64) = (reading.next()?, reading.next()?);
            let fence = if shared_fence == 0 { reading.next()? } else { shared_fence };
            let Some(id) = text::to_id(&id) else {
                tracing::warn!(channel, "an id in the queue is not ours");
                continue;
            };
            let (due_ms, lease_until_ms) = (text::ms_of(due_us), text::ms_of(fence));
            claims.push(Claim { id, channel: channel.clone(), fence, due_ms, lease_until_ms });
        }
        if !claims.is_empty() {
            batches.push(Batch { channel: channel.clone(), claims });
        }
    }
    Ok((line, batches))
}
