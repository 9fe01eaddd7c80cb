//! Tasks that follow others, by need or by choice.

use super::*;
use crate::elsewhere::Target;
use crate::submit::Readiness;
use task::{Failure, FailureKind, State};

/// The operation of the parent that goes along; none; or the failure's kind.
fn read(readiness: Readiness) -> Result<Option<String>, FailureKind> {
    match readiness {
        Readiness::Ready(_, parent) => Ok(parent.and_then(|parent| parent.operation).map(|operation| operation.id)),
        Readiness::Failed(failure) => Err(failure.kind),
        Readiness::Later(_) | Readiness::Moved => panic!("it neither waits nor moves"),
    }
}

async fn with(world: &World, kind: Kind, change: impl Fn(&mut Task)) -> Result<Option<String>, FailureKind> {
    let mut parent = world.running(Kind::Image).await;
    parent.state = State::Succeeded;
    parent.operation = Some(Operation { id: "parent".to_owned(), memo: Value::Null });
    let mut child = world.queued(kind).await;
    child.token = parent.token;
    child.spec.parent = Some(parent.id);
    change(&mut parent);
    read(world.core.with_parent(&child, line(json!({})), Some(parent)).expect("it is decided"))
}

#[tokio::test]
async fn a_remix_needs_its_film_and_a_song_can_do_without_its_clip() {
    let world = World::new(|_| (200, Bytes::new())).await;
    let along = Ok(Some("parent".to_owned()));
    let refused = Err(FailureKind::InvalidInput);
    let failed = |parent: &mut Task| {
        parent.state = State::Failed;
        parent.failure = Some(Failure::never(FailureKind::Upstream, "failed", "failed"));
    };
    for (kind, change, expected) in [
        (Kind::Remix, (|_| ()) as fn(&mut Task), along.clone()),
        (Kind::Music, |_| (), along.clone()),
        (Kind::Remix, |parent| parent.state = State::Running, refused.clone()),
        (Kind::Music, |parent| parent.state = State::Running, along),
        (Kind::Remix, failed, refused.clone()),
        (Kind::Music, failed, Ok(None)),
        (Kind::Remix, |parent| parent.operation = None, refused),
        (Kind::Music, |parent| parent.operation = None, Ok(None)),
        (Kind::Music, |parent| parent.channel = "removed".to_owned(), Ok(None)),
    ] {
        assert_eq!(with(&world, kind, change).await, expected, "{}", kind.as_str());
    }
    let stranger = |parent: &mut Task| parent.token = TokenId::new(1, &SeededEntropy::new(99));
    assert_eq!(with(&world, Kind::Music, stranger).await, Ok(None), "another tenant's task is none");
    let mut orphan = world.queued(Kind::Music).await;
    orphan.spec.parent = Some(orphan.id);
    assert_eq!(read(world.core.with_parent(&orphan, line(json!({})), None).expect("it is decided")), Ok(None));
}

#[tokio::test]
async fn the_words_go_alone_when_the_parent_is_gone() {
    let world = World::new(|_| (200, Bytes::new())).await;
    let parent = world.running(Kind::Image).await;
    let child = world.queued(Kind::Image).await;
    let claim = world.claim(&child);
    world.core.submit_on(&claim, &child, &line(json!({})), None).await.expect("the ledger is there");
    let other = world.queued(Kind::Image).await;
    let claim = world.claim(&other);
    let id = parent.operation.as_ref().expect("it is running").id.clone();
    world.core.submit_on(&claim, &other, &line(json!({})), Some(parent)).await.expect("the ledger is there");
    let bodies: Vec<String> = world
        .wire
        .seen("up.test/submit")
        .into_iter()
        .map(|seen| String::from_utf8_lossy(&seen.body).into_owned())
        .collect();
    assert_eq!(bodies, ["a lighthouse after []".to_owned(), format!("a lighthouse after [{id}]")]);
}

#[tokio::test]
async fn a_task_stays_with_its_parent_while_their_channel_is_there() {
    let world = World::new(|_| (200, Bytes::new())).await;
    for name in ["desk", "other"] {
        world.core.ledger.put_channel(&channel(name)).await.expect("a channel can be written");
    }
    world.core.channels.refresh().await.expect("the channels can be read");
    let parent = world.running(Kind::Image).await;
    let mut child = world.queued(Kind::Image).await;
    (child.token, child.spec.parent) = (parent.token, Some(parent.id));
    let moves = async |task: &Task| world.core.move_elsewhere(task, Target::Any).await.expect("the ledger is there");
    assert!(!moves(&child).await);
    // A stranger's task is no parent: nothing holds this one.
    let mut strange = world.queued(Kind::Image).await;
    strange.spec.parent = Some(parent.id);
    assert!(moves(&strange).await);
    world.core.ledger.remove_channel("desk").await.expect("a channel can be removed");
    world.core.channels.refresh().await.expect("the channels can be read");
    assert!(moves(&child).await);
    assert_eq!(world.row(child.id).await.channel, "other");
}
