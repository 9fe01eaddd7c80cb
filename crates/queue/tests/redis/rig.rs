//! The conformance suite over Redis, with one shard and with several.

use crate::server::{self, Server};
use crate::suite::Rig;
use async_trait::async_trait;
use queue::{RedisScheduler, Scheduler};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use tokio::time::Instant;

struct RedisRig {
    scheduler: Arc<RedisScheduler>,
    began_ms: i64,
    began: Instant,
    ahead_ms: AtomicI64,
    _server: Server,
}

#[async_trait]
impl Rig for RedisRig {
    fn scheduler(&self) -> Arc<dyn Scheduler> {
        self.scheduler.clone()
    }

    fn now_ms(&self) -> i64 {
        let passed_ms = i64::try_from(self.began.elapsed().as_millis()).expect("short");
        self.began_ms + passed_ms + self.ahead_ms.load(Ordering::SeqCst)
    }

    async fn advance(&self, ms: i64) {
        let ahead_ms = self.ahead_ms.fetch_add(ms, Ordering::SeqCst) + ms;
        self.scheduler.skew_time(ahead_ms);
    }
}

async fn rig(shards: usize) -> Box<dyn Rig> {
    let server = Server::start();
    let (began_s, began_us): (i64, i64) =
        redis::cmd("TIME").query_async(&mut server.admin().await).await.expect("the time");
    let began = Instant::now();
    let scheduler = server::scheduler(&server.url(), shards);
    let began_ms = began_s * 1_000 + began_us / 1_000;
    Box::new(RedisRig { scheduler, began_ms, began, ahead_ms: AtomicI64::new(0), _server: server })
}

mod one_shard {
    async fn one_shard() -> Option<Box<dyn crate::suite::Rig>> {
        if crate::server::is_there() { Some(super::rig(1).await) } else { None }
    }

    crate::conformance!(one_shard);
}

mod five_shards {
    async fn five_shards() -> Option<Box<dyn crate::suite::Rig>> {
        if crate::server::is_there() { Some(super::rig(5).await) } else { None }
    }

    crate::conformance!(five_shards);
}
