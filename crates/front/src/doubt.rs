//! A commit whose fate is unknown: only the row itself can tell (`DESIGN.md` section 4, 1).

use ledger::{LedgerError, Opened};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How long a row is looked for before the caller is told that nobody knows.
pub const DOUBT_LIMIT: Duration = Duration::from_secs(5);

/// The pause before each look at it.
const PAUSE: Duration = Duration::from_millis(100);

/// Opens a task by `open`. When the connection is lost during COMMIT, the row is looked for by `is_there`;
/// one that is not there (yet) is opened again under the same id, which opens once. `Unknown` only when
/// nothing could be learned within [`DOUBT_LIMIT`].
pub async fn settle<O, I>(open: impl Fn() -> O, is_there: impl Fn() -> I) -> Result<Opened, LedgerError>
where
    O: Future<Output = Result<Opened, LedgerError>>,
    I: Future<Output = Result<bool, LedgerError>>,
{
    let reason = match open().await {
        Err(LedgerError::Unknown(reason)) => reason,
        told => return told,
    };
    tracing::warn!(reason, "a commit is unknown; reading back");
    let deadline = Instant::now() + DOUBT_LIMIT;
    while Instant::now() < deadline {
        sleep(PAUSE).await;
        match is_there().await {
            Ok(true) => return Ok(Opened::New),
            Ok(false) => {}
            Err(_) => continue,
        }
        match open().await {
            // This one wrote nothing, or nobody knows; the first may be there all the same.
            Err(LedgerError::Away(_) | LedgerError::Unknown(_)) => {}
            told => return told,
        }
    }
    Err(LedgerError::Unknown(reason))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::VecDeque;
    use std::sync::Mutex;

    fn unknown<T>() -> Result<T, LedgerError> {
        Err(LedgerError::Unknown("cut".into()))
    }

    fn away<T>() -> Result<T, LedgerError> {
        Err(LedgerError::Away("gone".into()))
    }

    /// Answers in turn, then the last one for ever; tells how many were asked for.
    async fn play(
        opens: Vec<Result<Opened, LedgerError>>,
        looks: Vec<Result<bool, LedgerError>>,
    ) -> (Result<Opened, LedgerError>, usize, usize) {
        fn next<T: Clone>(script: &Mutex<(VecDeque<T>, usize)>) -> T {
            let mut script = script.lock().expect("no test panics here");
            script.1 += 1;
            let only = script.0.len() == 1;
            if only { script.0[0].clone() } else { script.0.pop_front().expect("something is scripted") }
        }
        let opens = Mutex::new((VecDeque::from(opens), 0));
        let looks = Mutex::new((VecDeque::from(looks), 0));
        let told = settle(async || next(&opens), async || next(&looks)).await;
        let counts = [&opens.lock().expect("is free").1, &looks.lock().expect("is free").1].map(|count| *count);
        (told, counts[0], counts[1])
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_known_needs_no_second_look() {
        let quota = Err(LedgerError::InsufficientQuota);
        for told in [Ok(Opened::New), Ok(Opened::Conflict), quota, away()] {
            assert_eq!(play(vec![told.clone()], vec![Ok(true)]).await, (told, 1, 0));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_row_that_is_there_is_open_and_not_opened_again() {
        assert_eq!(play(vec![unknown()], vec![away(), away(), Ok(true)]).await, (Ok(Opened::New), 1, 3));
    }

    #[tokio::test(start_paused = true)]
    async fn a_row_that_is_not_there_is_opened_again() {
        let opens = vec![unknown(), away(), Ok(Opened::New)];
        assert_eq!(play(opens, vec![Ok(false)]).await, (Ok(Opened::New), 3, 2));
        let refused = Err(LedgerError::InsufficientQuota);
        assert_eq!(play(vec![unknown(), refused.clone()], vec![Ok(false)]).await, (refused, 2, 1));
    }

    #[tokio::test(start_paused = true)]
    async fn a_ledger_that_stays_away_leaves_it_unknown_in_time() {
        let began = Instant::now();
        let (told, opens, looks) = play(vec![unknown()], vec![away()]).await;
        assert_eq!((told, opens), (unknown(), 1));
        assert!(looks > 1 && began.elapsed() <= DOUBT_LIMIT + PAUSE, "{looks}");
    }
}
