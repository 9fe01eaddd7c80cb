//! Where a job stands at a moment: a pure function of the job and the time.

use super::protocol::Moment;
use super::record::Job;
use crate::effect::Effect;

/// The most that shows before the end, percent.
const PERCENT_MAX: i64 = 99;

/// How a job stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum State {
    /// Nothing is done yet; `is_sent`: it has left the vendor's own queue.
    Waiting { is_sent: bool },
    /// 0 to 99, in even steps.
    Working { percent: u8 },
    /// Its outputs are there.
    Done,
    /// `fail=#13 no luck` gives the code `13` and the reason `no luck`.
    Failed { code: Option<String>, reason: String },
    /// Accepted, and failed because a moderator said this.
    Moderated { reason: String },
    /// Stopped by the caller.
    Cancelled,
}

/// A job at a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Snapshot {
    pub state: State,
    /// Set while it is worked on when a script wants an odd status word to be shown.
    pub odd_status: Option<String>,
    pub started_ms: Option<i64>,
    pub finished_ms: Option<i64>,
    /// The moment.
    pub now_ms: i64,
}

impl Snapshot {
    pub(crate) fn is_over(&self) -> bool {
        self.finished_ms.is_some()
    }

    pub(crate) fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// 0 while waiting, 100 when done; what it had reached is lost with a failure.
    pub(crate) fn percent(&self) -> u8 {
        match self.state {
            State::Working { percent } => percent,
            State::Done => 100,
            _ => 0,
        }
    }

    /// When it last changed, ms since the epoch: its end, its start, or its submission.
    pub(crate) fn changed_ms(&self, job: &Job) -> i64 {
        self.finished_ms.or(self.started_ms).unwrap_or(job.submit_ms)
    }
}

/// How `job` stands at `now_ms`.
pub(crate) fn snapshot(job: &Job, now_ms: i64) -> Snapshot {
    let (started_ms, ended_ms) = (job.submit_ms + job.started_after_ms, job.submit_ms + job.ended_after_ms);
    let has_started = now_ms >= started_ms && job.cancelled_ms.is_none_or(|at_ms| at_ms >= started_ms);
    let at = |state, finished_ms| Snapshot {
        state,
        odd_status: None,
        started_ms: has_started.then_some(started_ms),
        finished_ms,
        now_ms,
    };
    if let Some(at_ms) = job.cancelled_ms.filter(|at_ms| now_ms >= *at_ms) {
        return at(State::Cancelled, Some(at_ms));
    }
    if !has_started {
        return at(State::Waiting { is_sent: now_ms >= job.submit_ms + job.sent_after_ms }, None);
    }
    if now_ms >= ended_ms && !job.has(&Effect::Stuck) {
        return at(ending(job), Some(ended_ms));
    }
    let percent = (now_ms - started_ms) * 100 / (ended_ms - started_ms).max(1);
    let percent = u8::try_from(percent.clamp(0, PERCENT_MAX)).unwrap_or(0);
    let odd_status = job.trouble().odd_status().map(str::to_owned);
    Snapshot { odd_status, ..at(State::Working { percent }, None) }
}

fn ending(job: &Job) -> State {
    if let Some(reason) = job.trouble().moderated_late() {
        return State::Moderated { reason: reason.to_owned() };
    }
    let Some(text) = job.trouble().fails() else { return State::Done };
    let (code, reason) = match text.strip_prefix('#').map(|rest| rest.split_once(' ').unwrap_or((rest, rest))) {
        Some((code, reason)) => (Some(code.to_owned()), reason.to_owned()),
        None => (None, text.to_owned()),
    };
    State::Failed { code, reason }
}

/// The moments of `told` in the life of `job`, in order, ms since the epoch.
pub(super) fn moments(job: &Job, told: &[Moment]) -> Vec<i64> {
    let (from_ms, to_ms) = (job.submit_ms + job.started_after_ms, job.submit_ms + job.ended_after_ms);
    let over_ms = if job.has(&Effect::Stuck) { None } else { Some(to_ms) };
    let at = |moment: &Moment| match moment {
        Moment::Sent => Some(job.submit_ms + job.sent_after_ms),
        Moment::Started => Some(from_ms),
        // Rounded up, so that the percentage is reached.
        Moment::Percent(percent) => Some(from_ms + ((to_ms - from_ms) * i64::from(*percent) + 99) / 100),
        Moment::Over => over_ms,
    };
    let mut moments: Vec<i64> = told.iter().filter_map(at).collect();
    if let Some(at_ms) = job.cancelled_ms {
        moments.retain(|moment_ms| *moment_ms < at_ms);
        moments.push(at_ms);
    }
    moments.sort_unstable();
    moments.dedup();
    moments
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::effect::Planned;
    use serde_json::Value;

    fn job(troubles: &[&str]) -> Job {
        let planned = |text: &&str| Planned::parse(text).expect("a trouble of the grammar");
        Job {
            number: 1,
            id: "1".into(),
            protocol: "p".into(),
            route: "r".into(),
            prompt: String::new(),
            body: Value::Null,
            inputs: Vec::new(),
            client: String::new(),
            notify_url: String::new(),
            seed: 1,
            submit_ms: 1_000,
            sent_after_ms: 100,
            started_after_ms: 200,
            ended_after_ms: 1_200,
            cancelled_ms: None,
            is_deleted: false,
            outputs: Vec::new(),
            troubles: troubles.iter().map(planned).collect(),
            memo: Value::Null,
        }
    }

    fn states(job: &Job) -> Vec<State> {
        [1_000, 1_100, 1_200, 1_700, 2_199, 2_200].into_iter().map(|now_ms| snapshot(job, now_ms).state).collect()
    }

    #[test]
    fn a_job_waits_works_and_ends() {
        let waiting = |is_sent| State::Waiting { is_sent };
        let working = |percent| State::Working { percent };
        let usual = states(&job(&[]));
        assert_eq!(usual, [waiting(false), waiting(true), working(0), working(50), working(99), State::Done]);
        assert_eq!(states(&job(&["stuck"]))[5], working(99));
        let failed =
            |code: Option<&str>, reason: &str| State::Failed { code: code.map(Into::into), reason: reason.into() };
        assert_eq!(states(&job(&["fail=no luck"]))[5], failed(None, "no luck"));
        assert_eq!(states(&job(&["fail=#13 no luck"]))[5], failed(Some("13"), "no luck"));
        assert_eq!(states(&job(&["late-moderation=rude"]))[5], State::Moderated { reason: "rude".into() });
        let cancelled = Job { cancelled_ms: Some(1_500), ..job(&[]) };
        assert_eq!(states(&cancelled)[3], State::Cancelled);
        assert_eq!(snapshot(&job(&["status=ODD"]), 1_700).odd_status.as_deref(), Some("ODD"));
    }

    #[test]
    fn only_the_told_moments_are_told() {
        let told = [Moment::Started, Moment::Percent(33), Moment::Over];
        assert_eq!(moments(&job(&[]), &told), [1_200, 1_530, 2_200]);
        assert_eq!(moments(&job(&["stuck"]), &told), [1_200, 1_530]);
        assert_eq!(moments(&Job { cancelled_ms: Some(1_500), ..job(&[]) }, &told), [1_200, 1_500]);
        assert_eq!(snapshot(&job(&[]), 1_530).percent(), 33);
    }

    #[test]
    fn a_forgotten_job_is_gone_after_its_time() {
        let forgetful = job(&["forget=5s"]);
        assert!(!forgetful.is_gone(5_999) && forgetful.is_gone(6_000));
        assert!(Job { is_deleted: true, ..job(&[]) }.is_gone(1_000));
    }
}
