//! Callbacks: the whole task object on each change, unsigned, never repeated (section 8).

use super::record::Record;
use super::{show, timeline};
use crate::config::SimConfig;
use crate::hook::{Hook, arrivals};
use std::io;

/// The callbacks of `record` that fall due after `after_ms` and not after `now_ms`, in the order in
/// which they arrive, and whether more may follow.
pub(crate) fn due(
    config: &SimConfig,
    base_url: &str,
    record: &Record,
    after_ms: i64,
    now_ms: i64,
) -> io::Result<(Vec<Hook>, bool)> {
    if record.notify_hook.is_empty() {
        return Ok((Vec::new(), false));
    }
    let work_ms = record.ended_after_ms - record.started_after_ms;
    let (due, more) = arrivals(timeline::moments(record), record.trouble(), work_ms, after_ms, now_ms);
    let hook = |moment_ms: i64| {
        let body = serde_json::to_vec(&show(config, base_url, record, moment_ms))?;
        Ok(Hook { url: record.notify_hook.clone(), headers: Vec::new(), body: body.into() })
    };
    let hooks = due.into_iter().map(|arrival| hook(arrival.moment_ms)).collect::<io::Result<_>>()?;
    Ok((hooks, more))
}
