//! The record of a task.

use super::Book;
use task::State;

/// The table of `DESIGN.md` section 3, written down once more on purpose.
fn may_follow(from: State, to: State) -> bool {
    use State::{
        Archiving, AwaitingInput, Cancelled, Failed, HandedOver, Queued, Running, Submitting, Succeeded, Uncertain,
    };
    match from {
        Queued => matches!(to, Queued | Submitting | Cancelled | Failed),
        Submitting => matches!(to, Running | Archiving | Queued | Failed | Uncertain),
        Uncertain => matches!(to, Running | Archiving | Queued | Failed),
        Running => matches!(to, Running | Archiving | Failed | Cancelled | AwaitingInput),
        AwaitingInput => matches!(to, HandedOver | Failed | Cancelled),
        Archiving => matches!(to, Succeeded | Failed),
        Succeeded | Failed | Cancelled | HandedOver => false,
    }
}

/// Notes that make no version and so may come after the end.
const NOTES: &[&str] = &["orphan_operation", "late_artifacts", "spilled"];

/// Versions count from 1 without a gap, every arrow is in the table, the last one is the only end, and
/// after it come notes at most.
pub(super) fn make_a_chain(book: &Book) -> Result<(), String> {
    let changes: Vec<_> = book.events.iter().filter(|event| event.part == 0).collect();
    let versions: Vec<i64> = changes.iter().map(|event| event.version).collect();
    let counted: Vec<i64> = (1..=book.task.version).collect();
    if versions != counted {
        return Err(format!("versions {versions:?} of a task at version {}", book.task.version));
    }
    for pair in changes.windows(2) {
        if !may_follow(pair[0].state, pair[1].state) {
            return Err(format!("{} follows {} ({})", pair[1].state, pair[0].state, pair[1].step));
        }
        if pair[1].at_ms < pair[0].at_ms {
            return Err(format!("{} at {} came before its forerunner", pair[1].step, pair[1].at_ms));
        }
    }
    let first = changes.first().map(|event| event.state);
    let last = changes.last().map(|event| event.state);
    if first != Some(State::Queued) || last != Some(book.task.state) {
        return Err(format!("the record goes from {first:?} to {last:?}, the row says {}", book.task.state));
    }
    let ends = changes.iter().filter(|event| event.state.is_terminal()).count();
    if ends != 1 {
        return Err(format!("{ends} ends"));
    }
    let strange = book.events.iter().find(|event| event.part > 0 && !NOTES.contains(&event.step.as_str()));
    strange.map_or(Ok(()), |event| Err(format!("a note {:?}", event.step)))
}
