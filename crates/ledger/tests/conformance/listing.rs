//! Lists in pages, and finding a task by what its caller or its vendor calls it.

use crate::fixture::{NOW, World, opening};
use ledger::TaskFilter;
use serde_json::json;
use task::{Clip, Details, Operation, Shown, Step, Task, TaskId, TokenId};

async fn listed(world: &World, filter: TaskFilter) -> Vec<TaskId> {
    let tasks = world.ledger.list_tasks(&filter).await.expect("tasks can be listed");
    tasks.into_iter().map(|task| task.id).collect()
}

/// Opens so many tasks of one token; gives their ids, oldest first.
async fn opened(world: &World, token: TokenId, count: usize) -> Vec<TaskId> {
    let mut ids = Vec::new();
    for _ in 0..count {
        let task = world.task(token);
        ids.push(task.id);
        world.ledger.open_task(opening(task)).await.expect("it can be opened");
    }
    ids.sort_unstable();
    ids
}

pub async fn lists_go_either_way_in_pages(world: &World) {
    let token = world.token(None).await.id;
    let ids = opened(world, token, 5).await;
    opened(world, world.token(None).await.id, 2).await;
    let newest = TaskFilter { token: Some(token), limit: 2, ..TaskFilter::default() };
    let oldest = TaskFilter { ascending: true, ..newest.clone() };
    assert_eq!(listed(world, newest.clone()).await, [ids[4], ids[3]]);
    assert_eq!(listed(world, oldest.clone()).await, [ids[0], ids[1]]);
    assert_eq!(listed(world, TaskFilter { after: Some(ids[1]), ..oldest.clone() }).await, [ids[2], ids[3]]);
    assert_eq!(listed(world, TaskFilter { after: Some(ids[1]), ..newest.clone() }).await, [ids[0]]);
    assert_eq!(listed(world, TaskFilter { offset: 3, ..newest.clone() }).await, [ids[1], ids[0]]);
    assert_eq!(listed(world, TaskFilter { offset: 3, ..oldest.clone() }).await, [ids[3], ids[4]]);
    assert_eq!(listed(world, TaskFilter { offset: 5, ..oldest.clone() }).await, []);
    assert_eq!(listed(world, TaskFilter { offset: 1, after: Some(ids[0]), ..oldest }).await, [ids[2], ids[3]]);

    let named = |ids: Vec<TaskId>| TaskFilter { ids: Some(ids), limit: 10, ..newest.clone() };
    assert_eq!(listed(world, named(vec![ids[1], ids[3], ids[1], world.task_id()])).await, [ids[3], ids[1]]);
    assert_eq!(listed(world, named(vec![])).await, [], "nothing was named, so nothing is meant");
    let families = |words: &[&str]| {
        let families = Some(words.iter().map(|&word| word.to_owned()).collect());
        TaskFilter { families, limit: 10, ..newest.clone() }
    };
    assert_eq!(listed(world, families(&["kling", "midjourney"])).await.len(), 5);
    assert_eq!(listed(world, families(&["kling"])).await, []);
    assert_eq!(listed(world, families(&[])).await, []);
}

pub async fn a_count_is_of_all_that_match(world: &World) {
    let token = world.token(None).await.id;
    let ids = opened(world, token, 5).await;
    opened(world, world.token(None).await.id, 2).await;
    let filter = TaskFilter { token: Some(token), limit: 1, offset: 2, after: Some(ids[1]), ..TaskFilter::default() };
    assert_eq!(world.ledger.count_tasks(&filter, 99).await, Ok(5), "whatever the page is");
    world.ledger.hide_task(ids[0]).await.expect("it is there");
    assert_eq!(world.ledger.count_tasks(&filter, 99).await, Ok(4));
    let failed = TaskFilter { shown: Some(vec![Shown::Failed]), ..filter };
    assert_eq!(world.ledger.count_tasks(&failed, 99).await, Ok(0));
    assert_eq!(world.ledger.count_tasks(&TaskFilter::default(), 99).await, Ok(6));
    assert_eq!(world.ledger.count_tasks(&TaskFilter::default(), 5).await, Ok(5), "it goes on no further");
}

pub async fn a_task_that_was_handed_over_is_listed_as_its_child(world: &World) {
    let parent = world.running("op-1").await;
    let asks = world.step(&parent, Step::AskInput { details: Details::default(), due_ms: NOW + 99 }, NOW + 3).await;
    let child = world.task(parent.token);
    world.ledger.open_task(opening(child.clone())).await.expect("it can be opened");
    world.step(&asks, Step::HandOver { child: child.id }, NOW + 4).await;
    let shown_as = async |shown: Shown| {
        listed(world, TaskFilter { shown: Some(vec![shown]), limit: 9, ..TaskFilter::default() }).await
    };
    assert_eq!(shown_as(Shown::AwaitingInput).await, [parent.id], "until the child runs");
    assert_eq!(shown_as(Shown::Queued).await, [child.id]);

    let lease = world.lease(&child, NOW + 5);
    let leased = lease.after.clone();
    world.ledger.commit(vec![lease]).await.expect("nobody else changes it");
    assert_eq!(shown_as(Shown::AwaitingInput).await, [parent.id], "a word that came later stays");
    let operation = Operation { id: "op-1".into(), memo: json!(null) };
    let running = world.step(&leased, Step::Accept { operation, warnings: vec![] }, NOW + 6).await;
    let mut both = [parent.id, child.id];
    both.sort_unstable_by(|a, b| b.cmp(a));
    assert_eq!(shown_as(Shown::InProgress).await, both);
    assert_eq!(shown_as(Shown::AwaitingInput).await, []);
    world.step(&running, Step::Cancel, NOW + 7).await;
    assert_eq!(shown_as(Shown::Cancelled).await, both);
}

fn songs(ids: &[&str]) -> Details {
    let clips = ids.iter().map(|&id| Clip { id: id.to_owned(), ..Clip::default() }).collect();
    Details { clips, ..Details::default() }
}

/// Brings a new task of the token to the answer with these clips.
async fn sung(world: &World, token: TokenId, clips: &[&str]) -> Task {
    let task = world.task(token);
    world.ledger.open_task(opening(task.clone())).await.expect("it can be opened");
    let lease = world.lease(&task, NOW + 1);
    let leased = lease.after.clone();
    world.ledger.commit(vec![lease]).await.expect("nobody else changes it");
    let operation = Operation { id: "op".into(), memo: json!(null) };
    let running = world.step(&leased, Step::Accept { operation, warnings: vec![] }, NOW + 2).await;
    world.step(&running, Step::Answer { outputs: vec![], details: songs(clips) }, NOW + 3).await
}

pub async fn a_clip_leads_to_its_newest_task(world: &World) {
    let (token, other) = (world.token(None).await.id, world.token(None).await.id);
    let long = "x".repeat(3000);
    let first = sung(world, token, &["clip-a", "clip-b", "clip-b", "", &long]).await;
    let clip_task = async |token: TokenId, clip: &str| world.ledger.clip_task(token, clip).await;
    assert_eq!(clip_task(token, "clip-a").await, Ok(Some(first.id)));
    assert_eq!(clip_task(token, "clip-b").await, Ok(Some(first.id)));
    assert_eq!(clip_task(other, "clip-a").await, Ok(None), "another tenant's");
    for unknown in ["clip-c", "", "' OR 1=1 --", &long] {
        assert_eq!(clip_task(token, unknown).await, Ok(None), "{unknown}");
    }

    let second = sung(world, token, &["clip-a"]).await;
    assert_eq!(clip_task(token, "clip-a").await, Ok(Some(first.id.max(second.id))));
    let theirs = sung(world, other, &["clip-a"]).await;
    assert_eq!(clip_task(other, "clip-a").await, Ok(Some(theirs.id)));
    let stored = world.step(&first, Step::Store { artifacts: vec![], warnings: vec![] }, NOW + 4).await;
    assert_eq!(stored.details.clips.len(), 5, "the change that follows writes no row twice");

    let late = world.change(&theirs, Step::Store { artifacts: vec![], warnings: vec![] }, NOW + 4);
    world.ledger.commit(vec![late]).await.expect("nobody else changes it");
    let purged = world.ledger.purge(ledger::Retention::Tasks, NOW + 99, 10).await;
    assert_eq!(purged, Ok(2));
    assert_eq!(clip_task(other, "clip-a").await, Ok(None), "it goes with its task");
}

pub async fn a_caller_s_own_text_leads_to_their_newest_task(world: &World) {
    let (token, other) = (world.token(None).await.id, world.token(None).await.id);
    let open = async |token: TokenId, family: &str, external_id: &str| {
        let mut task = world.task(token);
        (task.family, task.external_id) = (family.to_owned(), Some(external_id.to_owned()));
        let id = task.id;
        world.ledger.open_task(opening(task)).await.expect("it can be opened");
        id
    };
    let mut mine = [open(token, "kling", "shot 1").await, open(token, "kling", "shot 1").await];
    mine.sort_unstable();
    let theirs = open(other, "kling", "shot 1").await;
    open(token, "kling", "shot 2").await;
    open(token, "suno", "shot 3").await;
    let find = async |token: TokenId, text: &str| world.ledger.task_by_external_id(token, "kling", text).await;
    assert_eq!(find(token, "shot 1").await, Ok(Some(mine[1])));
    assert_eq!(find(other, "shot 1").await, Ok(Some(theirs)));
    for unknown in ["shot 3", "shot", "", "' OR 1=1 --"] {
        assert_eq!(find(token, unknown).await, Ok(None), "{unknown}");
    }
    world.ledger.hide_task(mine[1]).await.expect("it is there");
    assert_eq!(find(token, "shot 1").await, Ok(Some(mine[0])), "what was deleted is not meant");
}

pub async fn ids_that_no_task_has_are_told(world: &World) {
    let token = world.token(None).await.id;
    let ids = opened(world, token, 2).await;
    let (one, two) = (world.task_id(), world.task_id());
    assert_eq!(world.ledger.unknown_tasks(&[one, ids[0], two, ids[1]]).await, Ok(vec![one, two]));
    assert_eq!(world.ledger.unknown_tasks(&[]).await, Ok(vec![]));
}
