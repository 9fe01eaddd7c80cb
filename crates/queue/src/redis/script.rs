//! The scripts, and how one is asked.

use super::keys::Keys;
use crate::scheduler::Lane;
use redis::{Script, ScriptInvocation};
use std::sync::atomic::{AtomicI64, Ordering};

macro_rules! script {
    ($name:literal) => {
        Script::new(concat!(include_str!("lua/prelude.lua"), include_str!(concat!("lua/", $name, ".lua"))))
    };
}

/// Every script, known to Redis by its digest and sent again when Redis has forgotten it.
#[derive(Debug)]
pub(super) struct Scripts {
    pub(super) add: Script,
    pub(super) census: Script,
    pub(super) claim: Script,
    pub(super) extend: Script,
    pub(super) fill: Script,
    pub(super) finish: Script,
    pub(super) gate: Script,
    pub(super) gate_state: Script,
    pub(super) peek: Script,
    pub(super) slots: Script,
    pub(super) visit: Script,
}

impl Scripts {
    /// Reads them; nothing is sent.
    pub(super) fn new() -> Self {
        Self {
            add: script!("add"),
            census: script!("census"),
            claim: script!("claim"),
            extend: script!("extend"),
            fill: script!("fill"),
            finish: script!("finish"),
            gate: script!("gate"),
            gate_state: script!("gate_state"),
            peek: script!("peek"),
            slots: script!("slots"),
            visit: script!("visit"),
        }
    }
}

/// What the head of every script's arguments is made of.
#[derive(Debug)]
pub(super) struct Desk {
    /// The names of the keys.
    pub(super) keys: Keys,
    /// The scripts.
    pub(super) scripts: Scripts,
    /// How far this queue's time is ahead of the server's, in milliseconds.
    pub(super) skew_ms: AtomicI64,
}

impl Desk {
    /// A call of a script on a shard, with the keys of these channels declared. Its own arguments follow.
    pub(super) fn call<'a>(
        &self,
        script: &'a Script,
        shard: usize,
        lane: Lane,
        channels: &[&str],
    ) -> ScriptInvocation<'a> {
        let mut call = script.prepare_invoke();
        let keys = &self.keys;
        call.key(keys.epoch(shard)).key(keys.line(shard, lane));
        call.key(keys.index(shard, lane)).key(keys.rung(shard, lane));
        for channel in channels {
            call.key(keys.of_channel(shard, lane, channel));
        }
        let skew_us = self.skew_ms.load(Ordering::Relaxed).saturating_mul(1_000);
        call.arg(lane.as_str()).arg(keys.bell()).arg(skew_us).arg(channels.len()).arg(channels);
        call
    }
}
