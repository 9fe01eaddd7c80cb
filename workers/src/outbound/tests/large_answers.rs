//! Large answers take turns; everything else goes by.

use super::peer::{Peer, Reply, answer, ok};
use super::*;
use crate::outbound::room::{LARGE_ANSWERS_MAX_MIB, ORDINARY_MAX_BYTES};

/// A limit of a dialect whose answers hold films.
const LARGE: usize = 200 << 20;

fn large(mib: usize) -> Reply {
    Reply::Send(answer(200, "", &"x".repeat(mib << 20)))
}

#[tokio::test]
async fn a_large_answer_holds_room_for_as_long_as_it_is_held() {
    let peer = Peer::always(large(12)).await;
    let world = world();
    let poll = get("/poll");
    let call = Call { body_max_bytes: LARGE, ..call("", &poll) };
    let url = peer.url();
    let answered = world.outbound.call(Call { base_url: &url, ..call }).await.expect("an answer");
    assert_eq!(answered.response.body.len(), 12 << 20);
    assert_eq!(world.outbound.large_answers_mib.available_permits(), LARGE_ANSWERS_MAX_MIB as usize - 12);
    drop(answered);
    assert_eq!(world.outbound.large_answers_mib.available_permits(), LARGE_ANSWERS_MAX_MIB as usize);
}

#[tokio::test]
async fn without_room_only_large_answers_wait() {
    let (heavy, light) = (Peer::always(large(2)).await, Peer::always(ok("at work")).await);
    let world = world();
    let poll = get("/poll");
    let taken = world.outbound.large_answers_mib.clone().acquire_many_owned(LARGE_ANSWERS_MAX_MIB - 1);
    let taken = taken.await.expect("there is room");
    let (heavy_url, light_url) = (heavy.url(), light.url());
    let ask = |base_url, body_max_bytes, timeout_ms| {
        world.outbound.call(Call { base_url, body_max_bytes, timeout_ms, ..call("", &poll) })
    };
    let error = ask(&heavy_url, LARGE, SHORT_MS * 4).await.expect_err("no room");
    assert_eq!(error.kind, WireErrorKind::Timeout);
    ask(&light_url, LARGE, ROOMY_MS).await.expect("a short answer needs no room");
    let ordinary = usize::try_from(ORDINARY_MAX_BYTES).expect("is small");
    ask(&heavy_url, ordinary, ROOMY_MS).await.expect("an ordinary one neither");
    let mut paid = get("/pay");
    paid.paid = true;
    let bought = Call { base_url: &heavy_url, body_max_bytes: LARGE, ..call("", &paid) };
    world.outbound.call(bought).await.expect("what was paid for is read at once");
    drop(taken);
    ask(&heavy_url, LARGE, ROOMY_MS).await.expect("there is room again");
}

#[tokio::test]
async fn an_answer_that_does_not_tell_its_length_takes_the_worst_case_and_gives_it_back() {
    let body = "x".repeat(3 << 20);
    let chunked =
        format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
    let peer = Peer::always(Reply::Send(chunked.into_bytes())).await;
    let world = world();
    let poll = get("/poll");
    let url = peer.url();
    let answered = world.outbound.call(Call { body_max_bytes: LARGE, ..call(&url, &poll) }).await.expect("an answer");
    assert_eq!(answered.response.body.len(), 3 << 20);
    assert_eq!(world.outbound.large_answers_mib.available_permits(), LARGE_ANSWERS_MAX_MIB as usize - 3);
    let small = Call { body_max_bytes: ORDINARY_MAX_BYTES as usize / 4, ..call(&url, &poll) };
    assert_eq!(world.outbound.call(small).await.expect_err("too large").kind, WireErrorKind::TooLarge);
}
