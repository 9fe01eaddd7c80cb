//! Adding entries, and finding them again by their ids alone.
//!
//! A shard's index says which channel an id is on. An id is on one shard at most: what is added to one
//! shard first yields on the others, one after the other and not at once, so a process that dies in
//! between leaves an entry to the sweep.

use super::claim::{Channels, grouped};
use super::wire::Question;
use super::{PAGE_MAX, RedisScheduler, text};
use crate::scheduler::{Entry, Lane, QueueError};
use futures::future::try_join_all;
use redis::{Value, from_redis_value};
use std::collections::{HashMap, hash_map};
use task::TaskId;

/// How often a call is made again for ids that were on channels it had not declared. Each time they have
/// moved since; after that it is left to the sweep.
const TRIES: usize = 4;

/// What a visit answers for a leased id.
const LEASED: i64 = -1;

/// Which entries are added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Adding {
    /// All: one that is there is due at the earlier time.
    Any,
    /// Those whose ids are not on the lane.
    Absent,
}

/// What is done to entries that are known by their ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Visit {
    /// Due now, if scheduled.
    Hint,
    /// Off the lane.
    Remove,
    /// Off the lane if scheduled, because they move to another shard.
    Yield,
}

impl Visit {
    fn as_str(self) -> &'static str {
        match self {
            Self::Hint => "hint",
            Self::Remove => "remove",
            Self::Yield => "yield",
        }
    }
}

impl RedisScheduler {
    /// Adds entries, page by page; tells how many were new.
    pub(super) async fn add_entries(&self, lane: Lane, entries: &[Entry], adding: Adding) -> Result<usize, QueueError> {
        let mut by_shard: HashMap<usize, Vec<Entry>> = HashMap::new();
        for entry in each_id_once(entries, adding) {
            by_shard.entry(self.desk.keys.shard_of(&entry.channel)).or_default().push(entry);
        }
        let mut added = 0;
        for (shard, entries) in by_shard {
            for page in entries.chunks(PAGE_MAX) {
                let page = self.called_in(lane, shard, page, adding).await?;
                added += self.add_page(lane, shard, page, adding).await?;
            }
        }
        Ok(added)
    }

    async fn add_page(
        &self,
        lane: Lane,
        shard: usize,
        mut page: Vec<Entry>,
        adding: Adding,
    ) -> Result<usize, QueueError> {
        let word = if adding == Adding::Absent { "absent" } else { "add" };
        let (mut added, mut others) = (0, Vec::<String>::new());
        for _ in 0..TRIES {
            if page.is_empty() {
                break;
            }
            let groups = grouped(page.iter().map(|entry| (entry.channel.as_str(), entry)));
            let names = groups.iter().map(|(channel, _)| *channel).chain(others.iter().map(String::as_str));
            let channels = Channels::of(names);
            let mut call = self.desk.call(&self.scripts().add, shard, lane, &channels.names);
            call.arg(word);
            for (channel, entries) in &groups {
                call.arg(channels.place(channel)).arg(entries.len());
                for entry in entries {
                    call.arg(text::us_of(entry.due_ms)).arg(text::of_id(entry.id));
                }
            }
            let answer: Vec<Value> = self.adds.run(&call).await?;
            let (new, elsewhere) = read_added(answer)?;
            added += new;
            let sent: Vec<&Entry> = groups.into_iter().flat_map(|(_, entries)| entries).collect();
            page = elsewhere.iter().filter_map(|(place, _)| sent.get(*place).map(|entry| (*entry).clone())).collect();
            others = elsewhere.into_iter().map(|(_, channel)| channel).collect();
        }
        Ok(added)
    }

    /// What is left to add on a shard once the other shards have given the ids up.
    async fn called_in(
        &self,
        lane: Lane,
        shard: usize,
        page: &[Entry],
        adding: Adding,
    ) -> Result<Vec<Entry>, QueueError> {
        let mut page = page.to_vec();
        let others = self.desk.keys.shards().filter(|other| *other != shard);
        let ids: Vec<_> = page.iter().map(|entry| (entry.id, text::us_of(entry.due_ms))).collect();
        let verb = (adding == Adding::Any).then_some(Visit::Yield);
        let yielding = others.map(|other| self.visit_shard(lane, other, verb, &ids));
        for found in try_join_all(yielding).await? {
            page.retain_mut(|entry| match found.get(&entry.id) {
                None => true,
                Some(score) if adding == Adding::Absent || *score == LEASED => false,
                Some(due_us) => {
                    entry.due_ms = entry.due_ms.min(text::ms_of(*due_us));
                    true
                }
            });
        }
        Ok(page)
    }

    /// Does one thing to these ids wherever they are. Ids that are nowhere are left alone.
    pub(super) async fn visit(&self, lane: Lane, verb: Visit, ids: &[TaskId]) -> Result<(), QueueError> {
        for page in ids.chunks(PAGE_MAX) {
            let ids: Vec<_> = page.iter().map(|id| (*id, 0)).collect();
            let visiting = self.desk.keys.shards().map(|shard| self.visit_shard(lane, shard, Some(verb), &ids));
            try_join_all(visiting).await?;
        }
        Ok(())
    }

    /// Looks ids up on a shard and does the thing (or nothing) to those that are there. Tells for each of
    /// them when it was due, or that it is leased.
    async fn visit_shard(
        &self,
        lane: Lane,
        shard: usize,
        verb: Option<Visit>,
        ids: &[(TaskId, i64)],
    ) -> Result<HashMap<TaskId, i64>, QueueError> {
        let mut told = HashMap::new();
        let mut left = ids.to_vec();
        for _ in 0..TRIES {
            if left.is_empty() {
                break;
            }
            let mut found = Vec::new();
            for (id, channel) in left.iter().zip(self.look_up(lane, shard, &left).await?) {
                found.extend(channel.map(|channel| (*id, channel)));
            }
            let Some(verb) = verb.filter(|_| !found.is_empty()) else {
                told.extend(found.into_iter().map(|((id, _), _)| (id, 0)));
                break;
            };
            let channels = Channels::of(found.iter().map(|(_, channel)| channel.as_str()));
            let mut call = self.desk.call(&self.scripts().visit, shard, lane, &channels.names);
            call.arg(verb.as_str());
            for ((id, due_us), _) in &found {
                call.arg(text::of_id(*id)).arg(*due_us);
            }
            let answers: Vec<i64> = self.adds.run(&call).await?;
            left.clear();
            for ((id, _), answer) in found.into_iter().zip(answers) {
                match answer {
                    -3 => left.push(id),
                    -2 => {}
                    score => {
                        told.insert(id.0, score.max(LEASED));
                    }
                }
            }
        }
        Ok(told)
    }

    /// Which channel each of these ids is on, on one shard.
    async fn look_up(
        &self,
        lane: Lane,
        shard: usize,
        ids: &[(TaskId, i64)],
    ) -> Result<Vec<Option<String>>, QueueError> {
        let mut command = redis::cmd("HMGET");
        command.arg(self.desk.keys.index(shard, lane));
        for (id, _) in ids {
            command.arg(text::of_id(*id));
        }
        self.adds.ask(Question::Command(&command)).await
    }
}

/// What comes to the same as adding these one after the other.
fn each_id_once(entries: &[Entry], adding: Adding) -> Vec<Entry> {
    let mut once: Vec<Entry> = Vec::with_capacity(entries.len());
    let mut places = HashMap::with_capacity(entries.len());
    for entry in entries {
        match places.entry(entry.id) {
            hash_map::Entry::Vacant(vacant) => {
                vacant.insert(once.len());
                once.push(entry.clone());
            }
            hash_map::Entry::Occupied(_) if adding == Adding::Absent => {}
            hash_map::Entry::Occupied(place) => {
                let before = &mut once[*place.get()];
                *before = Entry { due_ms: entry.due_ms.min(before.due_ms), ..entry.clone() };
            }
        }
    }
    once
}

/// How many were new, and place and channel of those that stand on a channel that was not declared.
fn read_added(answer: Vec<Value>) -> Result<(usize, Vec<(usize, String)>), QueueError> {
    let unreadable = || QueueError("add: an answer that can't be read".into());
    let mut values = answer.into_iter();
    let new = values.next().and_then(|value| from_redis_value(value).ok()).ok_or_else(unreadable)?;
    let mut elsewhere = Vec::new();
    while let (Some(place), Some(channel)) = (values.next(), values.next()) {
        let place = from_redis_value(place).map_err(|_| unreadable())?;
        let channel = from_redis_value(channel).map_err(|_| unreadable())?;
        elsewhere.push((place, channel));
    }
    Ok((new, elsewhere))
}
