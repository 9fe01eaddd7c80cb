//! The table of `DESIGN.md` section 3, written out and compared arrow by arrow.

use super::*;
use crate::clock::SeededEntropy;
use crate::failure::FailureKind;
use crate::id::TokenId;
use crate::spec::{Kind, Spec};
use State::*;

/// (from, step, to): every arrow that the design draws, and no other.
const ARROWS: &[(State, &str, State)] = &[
    (Queued, "take_lease", Submitting),
    (Queued, "move", Queued),
    (Queued, "cancel", Cancelled),
    (Queued, "fail", Failed),
    (Submitting, "accept", Running),
    (Submitting, "answer", Archiving),
    (Submitting, "refused", Queued),
    (Submitting, "give_back", Queued),
    (Submitting, "fail", Failed),
    (Submitting, "doubt", Uncertain),
    (Uncertain, "accept", Running),
    (Uncertain, "answer", Archiving),
    (Uncertain, "resubmit", Queued),
    (Uncertain, "fail", Failed),
    (Running, "work", Running),
    (Running, "answer", Archiving),
    (Running, "fail", Failed),
    (Running, "cancel", Cancelled),
    (Running, "ask_input", AwaitingInput),
    (AwaitingInput, "hand_over", HandedOver),
    (AwaitingInput, "fail", Failed),
    (AwaitingInput, "cancel", Cancelled),
    (Archiving, "store", Succeeded),
    (Archiving, "fail", Failed),
];

fn task_in(state: State) -> Task {
    let entropy = SeededEntropy::new(3);
    let born = Task::queued(TaskId::new(1, &entropy), TokenId::new(1, &entropy), Spec::new(Kind::Image), 1);
    Task { version: 4, state, shown: Shown::of(state), channel: "one".into(), reserved: 7, ..born }
}

fn every_step() -> Vec<Step> {
    let entropy = SeededEntropy::new(9);
    let details = Details::default();
    vec![
        Step::TakeLease { attempt: AttemptId::new(1, &entropy), client: ClientId::new(1, &entropy), lease_until_ms: 5 },
        Step::Move {
            channel: "two".into(),
            upstream_model: "x".into(),
            fitted: Fitted::default(),
            warnings: Vec::new(),
        },
        Step::Accept { operation: Operation { id: "9".into(), memo: serde_json::Value::Null }, warnings: vec![] },
        Step::Answer { outputs: vec![], details: details.clone() },
        Step::Requeue { why: Requeue::GivenBack, due_ms: 9 },
        Step::Requeue { why: Requeue::Refused, due_ms: 9 },
        Step::Requeue { why: Requeue::Resubmit, due_ms: 9 },
        Step::Doubt { due_ms: 9 },
        Step::Work { phase: Phase::Working },
        Step::AskInput { details, due_ms: 9 },
        Step::HandOver { child: TaskId::new(2, &entropy) },
        Step::Store { artifacts: vec![], warnings: vec![] },
        Step::Fail(Failure::never(FailureKind::Upstream, "no", "no")),
        Step::Cancel,
    ]
}

#[test]
fn the_table_has_these_arrows_and_no_other() {
    for from in State::ALL {
        for step in every_step() {
            let name = step.name();
            let drawn = ARROWS.iter().find(|(f, s, _)| *f == from && *s == name).map(|(_, _, to)| *to);
            let taken = task_in(from).after(step, 50).ok().map(|t| t.state);
            assert_eq!(taken, drawn, "{name} from {from}");
        }
    }
}

#[test]
fn money_moves_once_and_only_at_the_end() {
    for (from, name, to) in ARROWS {
        let step = every_step().into_iter().find(|s| s.name() == *name).expect("every arrow has a step");
        let next = task_in(*from).after(step, 50).expect("the arrow is drawn");
        let expected = match to {
            Succeeded => (0, 7),
            Failed | Cancelled | HandedOver => (0, 0),
            _ => (7, 0),
        };
        assert_eq!((next.reserved, next.charged), expected, "{name} from {from}");
    }
}

#[test]
fn the_public_word_and_the_progress_never_go_back() {
    let mut task = task_in(Queued);
    let take = || every_step().swap_remove(0);
    task = task.after(take(), 2).expect("a queued task can be taken");
    assert_eq!((task.shown, task.progress, task.attempts), (Shown::Submitted, 10, 1));
    let client = task.client;
    task = task.after(Step::Requeue { why: Requeue::GivenBack, due_ms: 9 }, 3).expect("it can be given back");
    assert_eq!((task.state, task.shown, task.progress, task.attempts), (Queued, Shown::Submitted, 10, 0));
    task = task.after(take(), 4).expect("and be taken again");
    assert_eq!(task.client, client, "a resubmission inherits the client id");
    assert!(!task.raise_progress(5) && task.raise_progress(150));
    assert_eq!(task.progress, 99);
}
