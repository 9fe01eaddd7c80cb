//! Errands: questions asked upstream on a caller's behalf while the caller waits.

use crate::advance::{AdvanceError, Move};
use crate::core::{Core, Line};
use ledger::{Errand, ErrandKind, ErrandResult};
use providers::{Account, CancelOutcome, PollItem, PollOutcome, Request, Response};
use serde_json::json;
use task::{Operation, Phase, State, Step, Task, TaskId};
use tracing::Instrument;

/// The most bytes of an errand's answer that are read.
const ANSWER_MAX_BYTES: usize = 1 << 20;

impl Core {
    /// Asks what is to be asked before the tasks themselves are polled. The ends are written after the
    /// poll, so that whoever waits for a cancel sees the task as it is then.
    pub(crate) async fn begin_errands(&self, ids: &[TaskId], tasks: &[Task]) -> Vec<(Errand, ErrandResult)> {
        let errands = match self.ledger.open_errands(ids).await {
            Ok(errands) => errands,
            Err(error) => {
                tracing::warn!(%error, "errands not read");
                return Vec::new();
            }
        };
        let mut ended = Vec::with_capacity(errands.len());
        for errand in errands {
            let result = match tasks.iter().find(|task| task.id == errand.task) {
                Some(task) => self.run_errand(&errand, task).instrument(self.span(errand.kind.as_str(), task)).await,
                None => ErrandResult::Failed("the task is gone".to_owned()),
            };
            ended.push((errand, result));
        }
        ended
    }

    /// Writes the ends down and tells the callers who wait.
    pub(crate) async fn end_errands(&self, ended: Vec<(Errand, ErrandResult)>) {
        for (errand, result) in ended {
            let now_ms = self.clock.now_ms();
            if let Err(error) = self.ledger.end_errand(errand.id, &result, now_ms).await {
                tracing::warn!(task = %errand.task, %error, "errand's end not recorded; it is run again");
            }
            self.scheduler.announce(&[errand.task]).await;
        }
    }

    async fn run_errand(&self, errand: &Errand, task: &Task) -> ErrandResult {
        let (Some(line), Some(operation)) = (self.line(&task.channel), task.operation.as_ref()) else {
            return ErrandResult::Failed("the upstream has no such task".to_owned());
        };
        match errand.kind {
            ErrandKind::Cancel => self.run_cancel(&line, task, operation).await,
            ErrandKind::Seed => {
                let seed = |account: Account<'_>| line.dialect.seed(account, operation);
                let Some(answer) = self.ask_errand(&line, seed).await else { return ErrandResult::None };
                match answer.map(|response| line.dialect.read_seed(&response)) {
                    Ok(Ok(Some(seed))) => self.keep_seed(task, seed).await,
                    Ok(Ok(None)) => ErrandResult::None,
                    Ok(Err(failure)) => ErrandResult::Failed(failure.public),
                    Err(why) => ErrandResult::Failed(why),
                }
            }
        }
    }

    async fn run_cancel(&self, line: &Line, task: &Task, operation: &Operation) -> ErrandResult {
        if line.dialect.capabilities(&line.channel.options).stops_waiting_only
            && let Some(no) = self.past_waiting(line, task, operation).await
        {
            return no;
        }
        let cancel = |account: Account<'_>| line.dialect.cancel(account, operation);
        let Some(answer) = self.ask_errand(line, cancel).await else {
            return ErrandResult::TooLate("this upstream can't stop a running task".to_owned());
        };
        match answer.map(|response| line.dialect.read_cancel(&response)) {
            Ok(Ok(CancelOutcome::Stopped)) => self.stopped(task).await,
            Ok(Ok(CancelOutcome::TooLate(why))) => ErrandResult::TooLate(why),
            Ok(Err(failure)) => ErrandResult::Failed(failure.public),
            Err(why) => ErrandResult::Failed(why),
        }
    }

    /// Why no stop is sent to an upstream that would take it for the wish to delete what has ended; none while
    /// the operation waits. How the task has ended is for the poll that follows to tell.
    async fn past_waiting(&self, line: &Line, task: &Task, operation: &Operation) -> Option<ErrandResult> {
        let item = PollItem { operation, kind: task.spec.kind };
        let asked = match self.ask(line, &[item]).await {
            Ok(asked) => asked,
            Err(failure) => {
                tracing::warn!(task = %task.id, error = failure.private, "errand failed");
                return Some(ErrandResult::Failed("the upstream could not be reached".to_owned()));
            }
        };
        let waits = matches!(asked.outcomes.first(), Some(PollOutcome::Pending { phase: Phase::Waiting, .. }));
        let why = "the upstream stops a task only as long as it waits in its queue";
        (!waits).then(|| ErrandResult::TooLate(why.to_owned()))
    }

    /// A task that awaits input is not polled, so nobody else would tell that it has stopped.
    async fn stopped(&self, task: &Task) -> ErrandResult {
        if task.state == State::AwaitingInput {
            let moved = self.advance(Move::new(task, Step::Cancel, json!({ "by": "caller" }))).await;
            if let Err(AdvanceError::Ledger(error)) = moved {
                tracing::warn!(task = %task.id, %error, "cancel not recorded");
                return ErrandResult::Failed("the cancellation could not be recorded; please try again".to_owned());
            }
        }
        ErrandResult::Done(None)
    }

    async fn keep_seed(&self, task: &Task, seed: String) -> ErrandResult {
        if let Err(error) = self.ledger.keep_seed(task.id, &seed).await {
            tracing::warn!(task = %task.id, %error, "seed not kept; it is asked for again next time");
        }
        ErrandResult::Done(Some(seed))
    }

    /// `None` when the protocol has no such question.
    async fn ask_errand(
        &self,
        line: &Line,
        build: impl Fn(Account<'_>) -> Option<Request> + Send + Sync,
    ) -> Option<Result<Response, String>> {
        let answer = self.question(line, ANSWER_MAX_BYTES, build).await?;
        Some(answer.map_err(|failure| {
            tracing::warn!(error = failure.private, "errand failed");
            "the upstream could not be reached".to_owned()
        }))
    }
}
