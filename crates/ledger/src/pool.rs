//! Connections at rest, so that a verb need not make its own.
//!
//! A connection comes back only by [`Lease::give_back`], after its last statement has ended and outside
//! any transaction; one that is dropped instead, by an error or by a caller that hung up halfway, is
//! ended. So what rests here is sound without being asked: sqlx's own pool asks each connection when it
//! comes back, a round trip for every verb. That the server is gone shows at the next statement.

use crate::connection::{Connection, Target};
use std::collections::VecDeque;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep, timeout};

/// How long a verb waits for a connection.
const ACQUIRE_LIMIT: Duration = Duration::from_secs(5);
/// A connection that rested longer than this is tried before it is used.
const PING_AFTER: Duration = Duration::from_secs(1);
/// One that nobody needed for so long is ended.
const REST_LIMIT: Duration = Duration::from_secs(600);
/// How old one may become: a server's name may come to mean another machine, and its sessions grow.
const AGE_LIMIT: Duration = Duration::from_secs(1800);
/// The first pause before a server that refuses connections is asked again; each further one is twice as long.
const CONNECT_PAUSE: Duration = Duration::from_millis(20);
/// The longest of those pauses.
const CONNECT_PAUSE_MAX: Duration = Duration::from_millis(500);
/// How long the pool waits for its connections when it is closed.
const CLOSE_LIMIT: Duration = Duration::from_secs(10);

/// Connections to one database. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Pool {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    target: Target,
    session: &'static str,
    max: u32,
    places: Arc<Semaphore>,
    /// Those that rested longest come first.
    resting: Mutex<VecDeque<Resting>>,
}

#[derive(Debug)]
struct Resting {
    connection: Connection,
    made: Instant,
    since: Instant,
}

/// A connection that is being used, and its place among those that the pool may have.
#[derive(Debug)]
pub(crate) struct Lease {
    connection: Connection,
    made: Instant,
    pool: Arc<Inner>,
    _place: OwnedSemaphorePermit,
}

impl Pool {
    /// A pool of at most `max` connections, on each of which `session` is run first. Makes none yet.
    pub(crate) fn new(target: Target, session: &'static str, max: u32) -> Self {
        let places = Arc::new(Semaphore::new(max as usize));
        Self { inner: Arc::new(Inner { target, session, max, places, resting: Mutex::default() }) }
    }

    /// A connection, at rest or new. Waits up to 5 s for a place and for a server that is about to start.
    pub(crate) async fn lease(&self) -> Result<Lease, sqlx::Error> {
        timeout(ACQUIRE_LIMIT, self.find()).await.unwrap_or(Err(sqlx::Error::PoolTimedOut))
    }

    async fn find(&self) -> Result<Lease, sqlx::Error> {
        let places = self.inner.places.clone();
        let place = places.acquire_owned().await.map_err(|_| sqlx::Error::PoolClosed)?;
        let pool = self.inner.clone();
        let newest = self.resting().pop_back();
        if let Some(Resting { mut connection, made, since }) = newest {
            if since.elapsed() <= PING_AFTER || connection.ping().await.is_ok() {
                return Ok(Lease { connection, made, pool, _place: place });
            }
            self.forget();
        }
        // Boxed, because connecting is rare and deep: without it every verb's future, and every handler's around it,
        // is larger by 3 KiB, which are moved from place to place.
        let connection = Box::pin(self.connect()).await?;
        Ok(Lease { connection, made: Instant::now(), pool, _place: place })
    }

    async fn connect(&self) -> Result<Connection, sqlx::Error> {
        let mut pause = CONNECT_PAUSE;
        loop {
            match self.inner.target.connect().await {
                Err(error) if is_starting(&error) => sleep(pause).await,
                made => {
                    let mut connection = made?;
                    connection.run(self.inner.session).await?;
                    return Ok(connection);
                }
            }
            pause = (pause * 2).min(CONNECT_PAUSE_MAX);
        }
    }

    /// Ends what rests: one of them was found dead, and the others rested longer than that one.
    pub(crate) fn forget(&self) {
        let resting = std::mem::take(&mut *self.resting());
        drop(resting);
    }

    /// Gives no more connections, waits up to 10 s for those that are being used, and closes all.
    pub(crate) async fn close(&self) {
        // Whoever does not give back in time finds the pool closed.
        let _all = timeout(CLOSE_LIMIT, self.inner.places.acquire_many(self.inner.max)).await;
        self.inner.places.close();
        let resting = std::mem::take(&mut *self.resting());
        for Resting { connection, .. } in resting {
            // One that can't take leave ends all the same.
            let _closed = timeout(CLOSE_LIMIT, connection.close()).await;
        }
    }

    fn resting(&self) -> MutexGuard<'_, VecDeque<Resting>> {
        self.inner.resting()
    }
}

impl Inner {
    fn resting(&self) -> MutexGuard<'_, VecDeque<Resting>> {
        self.resting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lease {
    /// Lets the connection rest: its last statement has ended, and it is in no transaction.
    pub(crate) fn give_back(self) {
        let Self { connection, made, pool, _place: place } = self;
        if made.elapsed() > AGE_LIMIT || pool.places.is_closed() {
            return;
        }
        let now = Instant::now();
        let mut resting = pool.resting();
        resting.push_back(Resting { connection, made, since: now });
        let is_old = |one: &Resting| now.duration_since(one.since) > REST_LIMIT;
        let old = if resting.front().is_some_and(is_old) { resting.pop_front() } else { None };
        drop(resting);
        // Only now may the next one look for it.
        drop(place);
        drop(old);
    }
}

impl Deref for Lease {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        &self.connection
    }
}

impl DerefMut for Lease {
    fn deref_mut(&mut self) -> &mut Connection {
        &mut self.connection
    }
}

/// Whether a server refuses connections for now: it is not there yet (ECONNREFUSED), is starting or has
/// no room (57P03, 53300; appendix A of Postgres's manual).
fn is_starting(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(error) => error.kind() == std::io::ErrorKind::ConnectionRefused,
        sqlx::Error::Database(error) => error.code().is_some_and(|code| code == "57P03" || code == "53300"),
        _ => false,
    }
}
