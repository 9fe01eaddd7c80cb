//! One transaction for many units: lock and read, decide in memory, write what was decided.
//!
//! Every transaction locks in the same order (tasks by id, tokens by id, then what it inserts, by key),
//! so that two of them never wait for each other; a callback's row is touched by whoever sends it alone. With the rows locked each unit is decided by itself:
//! a stale or a poor one is left out and harms nobody. What no lock covers (a key that another process
//! inserts at the same moment) shows as a missing row, and the batch is run again one by one.

use crate::callback::Arrival;
use crate::change::{AttemptNote, Change};
use crate::connection::Connection;
use crate::engine::Engine;
use crate::error::{Fault, LedgerError};
use crate::idempotency::Remembered;
use crate::opening::{Opened, Opening};
use crate::statement::{Cell, Statement, cells, write_rows};
use crate::token::Balance;
use crate::unit::{Reply, Unit};
use crate::{artifact, attempt, callback, clip, event, idempotency, reader::Reader, rows, token};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use task::{Entropy, TaskId, TokenId};

/// What the transaction has locked of a task.
struct Locked {
    version: i64,
    token: TokenId,
    reserved: i64,
    charged: i64,
}

/// What the units are decided by.
#[derive(Default)]
struct Known {
    tasks: HashMap<TaskId, Locked>,
    replays: HashMap<(TokenId, String), Remembered>,
    children: HashMap<TaskId, TaskId>,
    tokens: HashMap<TokenId, Balance>,
}

/// Rows with what they are sorted by before they are written.
type Sorted<K> = Vec<(K, Vec<Cell>)>;

/// What is to be written.
#[derive(Default)]
struct Plan {
    changed: Sorted<TaskId>,
    opened: Sorted<(Option<TaskId>, TaskId)>,
    money: BTreeMap<TokenId, (i64, i64)>,
    keys: Sorted<(TokenId, String)>,
    events: Vec<Vec<Cell>>,
    callbacks: Vec<Vec<Cell>>,
    delivered: Vec<Vec<Cell>>,
    artifacts: Vec<Vec<Cell>>,
    clips: Vec<Vec<Cell>>,
    attempts_begun: Vec<Vec<Cell>>,
    attempts_ended: Vec<Vec<Cell>>,
}

/// Runs the units inside the caller's transaction; gives one result for each, in order.
pub(crate) async fn run(
    engine: Engine,
    connection: &mut Connection,
    entropy: &dyn Entropy,
    units: &[Unit],
) -> Result<Vec<Result<Reply, LedgerError>>, Fault> {
    let mut known = look(engine, connection, units).await?;
    let mut plan = Plan::default();
    let mut results = Vec::with_capacity(units.len());
    for unit in units {
        // A unit that was decided but can't be planned (no JSON form) ends the batch, so that what was
        // decided after it does not count on its money.
        let result = match unit {
            Unit::Open(opening) => match known.decide_opening(opening) {
                Ok(opened) => {
                    if opened == Opened::New && !known.tasks.contains_key(&opening.task.id) {
                        plan.open(opening, entropy)?;
                    }
                    Ok(Reply::Opened(opened))
                }
                Err(error) => Err(error),
            },
            Unit::Commit(changes) => match known.decide_changes(changes) {
                Ok(money) => {
                    plan.change(changes, &money, entropy)?;
                    Ok(Reply::Committed)
                }
                Err(error) => Err(error),
            },
            Unit::Deliver(arrival) => {
                plan.delivered.push(arrival.row());
                Ok(Reply::Committed)
            }
        };
        results.push(result);
    }
    plan.write(engine, connection).await?;
    Ok(results)
}

/// One statement that does a whole batch, where nothing has to be looked at first: arrivals of callbacks, or
/// openings without a key, a parent and a price, which it all refuses when a task is there already.
pub(crate) fn at_once(engine: Engine, entropy: &dyn Entropy, units: &[Unit]) -> Option<Result<Statement, LedgerError>> {
    if engine == Engine::Sqlite {
        // There a round trip costs nothing.
        return None;
    }
    if let Some(arrivals) = units.iter().map(Unit::arrival).collect::<Option<Vec<_>>>() {
        let rows = arrivals.into_iter().map(Arrival::row).collect();
        return Some(Ok(callback::delivery_statement(engine, rows)));
    }
    let openings: Vec<&Opening> = units.iter().map(Unit::plain_opening).collect::<Option<_>>()?;
    let mut plan = Plan::default();
    let planned = openings.into_iter().try_for_each(|opening| plan.open(opening, entropy));
    Some(planned.map(|()| plan.opening_statement(engine)))
}

async fn look(engine: Engine, connection: &mut Connection, units: &[Unit]) -> Result<Known, Fault> {
    let mut known = Known::default();
    let mut tasks = BTreeSet::new();
    let mut keys = Vec::new();
    let mut parents = Vec::new();
    let mut tokens = BTreeSet::new();
    for unit in units {
        match unit {
            Unit::Open(opening) => {
                // A retry after an unknown commit finds itself. A plain one among others is not asked for:
                // that its row is there already shows when the rows are written, and then each unit is run
                // again by itself.
                let is_plain = opening.idempotency.is_none() && opening.only_child_of.is_none();
                if units.len() == 1 || !is_plain {
                    tasks.insert(opening.task.id);
                }
                keys.extend(opening.idempotency.as_ref().map(|key| cells![key.token, &key.scope]));
                parents.extend(opening.only_child_of);
                if opening.reserve > 0 {
                    tokens.insert(opening.task.token);
                }
            }
            Unit::Commit(changes) => tasks.extend(changes.iter().map(|change| change.before.id)),
            Unit::Deliver(_) => {}
        }
    }
    if !tasks.is_empty() {
        known.tasks = lock_tasks(engine, connection, &tasks).await?;
    }
    for change in units.iter().flat_map(Unit::changes) {
        if let Some(locked) = known.tasks.get(&change.before.id)
            && locked.money_to(change) != (0, 0)
        {
            tokens.insert(locked.token);
        }
    }
    if !keys.is_empty() {
        known.replays = idempotency::find(engine, connection, keys).await?;
    }
    if !parents.is_empty() {
        known.children = find_children(engine, connection, parents).await?;
    }
    if !tokens.is_empty() {
        known.tokens = token::lock(engine, connection, &tokens).await?;
    }
    Ok(known)
}

async fn lock_tasks(
    engine: Engine,
    connection: &mut Connection,
    ids: &BTreeSet<TaskId>,
) -> Result<HashMap<TaskId, Locked>, Fault> {
    let mut sql =
        Statement::start(engine, "/* lock_tasks */ SELECT id, version, token_id, reserved, charged FROM task WHERE id");
    sql.among(ids.iter().copied()).push(" ORDER BY id").push(engine.row_lock());
    let mut locked = HashMap::new();
    for row in sql.fetch_all(connection).await? {
        let mut row = Reader::new("task", &row);
        let id = row.parsed("id")?;
        let task = Locked {
            version: row.int("version")?,
            token: row.parsed("token_id")?,
            reserved: row.int("reserved")?,
            charged: row.int("charged")?,
        };
        locked.insert(id, task);
    }
    Ok(locked)
}

async fn find_children(
    engine: Engine,
    connection: &mut Connection,
    parents: Vec<TaskId>,
) -> Result<HashMap<TaskId, TaskId>, Fault> {
    let mut sql = Statement::start(engine, "/* find_children */ SELECT id, modal_of FROM task WHERE modal_of");
    sql.among(parents);
    let mut children = HashMap::new();
    for row in sql.fetch_all(connection).await? {
        let mut row = Reader::new("task", &row);
        let child = row.parsed("id")?;
        children.insert(row.parsed("modal_of")?, child);
    }
    Ok(children)
}

impl Unit {
    /// An opening that its own rows decide.
    fn plain_opening(&self) -> Option<&Opening> {
        let Self::Open(opening) = self else { return None };
        let is_plain = opening.idempotency.is_none() && opening.only_child_of.is_none() && opening.reserve == 0;
        is_plain.then_some(opening)
    }

    fn arrival(&self) -> Option<&Arrival> {
        if let Self::Deliver(arrival) = self { Some(arrival) } else { None }
    }

    fn changes(&self) -> &[Change] {
        if let Self::Commit(changes) = self { changes } else { &[] }
    }
}

impl Locked {
    /// What a change moves, from the row's own amounts: reserved and settled.
    fn money_to(&self, change: &Change) -> (i64, i64) {
        (change.after.reserved - self.reserved, change.after.charged - self.charged)
    }
}

impl Known {
    fn decide_opening(&mut self, opening: &Opening) -> Result<Opened, LedgerError> {
        if self.tasks.contains_key(&opening.task.id) {
            return Ok(Opened::New);
        }
        if let Some(key) = &opening.idempotency
            && let Some(replay) = self.replays.get(&(key.token, key.scope.clone()))
            && replay.expires_ms > opening.task.created_ms
        {
            return Ok(replay.answer_to(key));
        }
        if let Some(child) = opening.only_child_of.and_then(|parent| self.children.get(&parent)) {
            return Ok(Opened::ExistingChild(*child));
        }
        if opening.reserve > 0 {
            let balance = self.tokens.get_mut(&opening.task.token).ok_or(LedgerError::NotFound)?;
            balance.take(opening.reserve)?;
        }
        Ok(Opened::New)
    }

    /// Compares the versions; gives what each change moves.
    fn decide_changes(&mut self, changes: &[Change]) -> Result<Vec<(TokenId, i64, i64)>, LedgerError> {
        let mut money = Vec::with_capacity(changes.len());
        for change in changes {
            let locked = self.tasks.get(&change.before.id).ok_or(LedgerError::Stale)?;
            if locked.version != change.before.version {
                return Err(LedgerError::Stale);
            }
            let (reserved, settled) = locked.money_to(change);
            money.push((locked.token, reserved, settled));
        }
        let mut sums: BTreeMap<TokenId, i64> = BTreeMap::new();
        for (token, reserved, settled) in &money {
            *sums.entry(*token).or_default() += reserved + settled;
        }
        // All of the unit's tokens are asked before any of them is touched.
        for (token, sum) in &sums {
            if let Some(balance) = self.tokens.get(token) {
                balance.clone().take(*sum)?;
            }
        }
        for (token, sum) in sums {
            if let Some(balance) = self.tokens.get_mut(&token) {
                balance.take(sum)?;
            }
        }
        Ok(money)
    }
}

impl Plan {
    fn open(&mut self, opening: &Opening, entropy: &dyn Entropy) -> Result<(), LedgerError> {
        let task = &opening.task;
        let row = rows::insert(task, opening.only_child_of)?;
        let note = json!({ "family": task.family, "action": task.action, "channel": task.channel });
        self.events.push(event::row(task, "open", &note)?);
        self.opened.push(((opening.only_child_of, task.id), row));
        if let Some(key) = &opening.idempotency {
            self.keys.push(((key.token, key.scope.clone()), idempotency::row(key, task)));
        }
        self.callbacks.extend(opening.callback.as_ref().map(|new| callback::row(task, new, entropy)));
        if opening.reserve > 0 {
            self.money.entry(task.token).or_default().0 += opening.reserve;
        }
        Ok(())
    }

    fn change(
        &mut self,
        changes: &[Change],
        money: &[(TokenId, i64, i64)],
        entropy: &dyn Entropy,
    ) -> Result<(), LedgerError> {
        for change in changes {
            self.change_one(change, entropy)?;
        }
        for (token, reserved, settled) in money.iter().filter(|(_, reserved, settled)| (*reserved, *settled) != (0, 0))
        {
            let sums = self.money.entry(*token).or_default();
            sums.0 += reserved;
            sums.1 += settled;
        }
        Ok(())
    }

    fn change_one(&mut self, change: &Change, entropy: &dyn Entropy) -> Result<(), LedgerError> {
        let after = &change.after;
        let mut row = cells![after.id, change.before.version, after.progress];
        row.extend(rows::update(after)?);
        self.changed.push((after.id, row));
        self.events.push(event::row(after, change.event.step, &change.event.note)?);
        self.callbacks.extend(change.callback.as_ref().map(|new| callback::row(after, new, entropy)));
        let known = |key: &str| change.before.artifacts.iter().any(|old| old.key == key);
        let new = after.artifacts.iter().filter(|artifact| !known(&artifact.key));
        self.artifacts.extend(new.map(|new| artifact::row(after.id, new, new.late, after.updated_ms)));
        self.clips.extend(clip::rows(&change.before, after));
        match &change.attempt {
            Some(AttemptNote::Begin { attempt, client, channel, upstream_model }) => {
                let row = cells![*attempt, after.id, *client, channel, upstream_model, after.updated_ms];
                self.attempts_begun.push(row);
            }
            Some(AttemptNote::End { attempt, outcome, note }) => {
                let row = cells![*attempt, after.updated_ms, *outcome, rows::json("attempt note", note)?];
                self.attempts_ended.push(row);
            }
            None => {}
        }
        Ok(())
    }

    /// Tasks, events and callbacks together: a foreign key is looked at when the statement ends.
    fn opening_statement(mut self, engine: Engine) -> Statement {
        self.opened.sort_by_key(|(key, _)| *key);
        let tasks = self.opened.into_iter().map(|(_, row)| row).collect();
        let mut sql = Statement::start(engine, "/* open_tasks */ WITH opened AS (INSERT INTO task (");
        sql.push(rows::COLUMNS).push(") ").rows(tasks).push(")");
        if !self.callbacks.is_empty() {
            sql.push(", called AS (").push(callback::INSERT).rows(self.callbacks).push(")");
        }
        sql.push(" ").push(event::INSERT).rows(self.events);
        sql
    }

    async fn write(mut self, engine: Engine, connection: &mut Connection) -> Result<(), Fault> {
        self.write_changed(engine, connection).await?;
        token::move_money(engine, connection, &self.money).await?;
        self.write_opened(engine, connection).await?;
        self.keys.sort_by(|a, b| a.0.cmp(&b.0));
        let keys = self.keys.into_iter().map(|(_, row)| row).collect();
        idempotency::insert(engine, connection, keys).await?;
        event::insert(engine, connection, self.events).await?;
        attempt::begin(engine, connection, self.attempts_begun).await?;
        attempt::end(engine, connection, self.attempts_ended).await?;
        artifact::insert(engine, connection, self.artifacts).await?;
        clip::insert(engine, connection, self.clips).await?;
        callback::insert(engine, connection, self.callbacks).await?;
        callback::deliver(engine, connection, self.delivered).await?;
        Ok(())
    }

    async fn write_changed(&mut self, engine: Engine, connection: &mut Connection) -> Result<(), Fault> {
        self.changed.sort_by_key(|(id, _)| *id);
        let count = self.changed.len() as u64;
        let head = format!("/* commit */ WITH v (k, expect, progress, {}) AS (", rows::CHANGED.join(", "));
        let set: Vec<_> = rows::CHANGED.iter().map(|column| format!("{column} = v.{column}")).collect();
        let tail = format!(
            ") UPDATE task SET {}, progress = CASE WHEN v.progress > task.progress THEN v.progress ELSE task.progress END \
             FROM v WHERE task.id = v.k AND task.version = v.expect",
            set.join(", ")
        );
        let rows = self.changed.drain(..).map(|(_, row)| row).collect();
        // The rows are locked and their versions known: fewer written rows would be a mistake of ours.
        all_written(write_rows(engine, connection, &head, rows, &tail).await?, count)
    }

    async fn write_opened(&mut self, engine: Engine, connection: &mut Connection) -> Result<(), Fault> {
        self.opened.sort_by_key(|(key, _)| *key);
        let count = self.opened.len() as u64;
        let head = format!("/* open_task */ INSERT INTO task ({}) ", rows::COLUMNS);
        let rows = self.opened.drain(..).map(|(_, row)| row).collect();
        all_written(write_rows(engine, connection, &head, rows, " ON CONFLICT DO NOTHING").await?, count)
    }
}

/// Fewer rows than were meant: another transaction came first.
pub(crate) fn all_written(written: u64, meant: u64) -> Result<(), Fault> {
    if written == meant { Ok(()) } else { Err(Fault::Raced("another transaction came first".into())) }
}
