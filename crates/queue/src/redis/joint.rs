//! What many callers want at about the same time, asked in one call: a call to Redis costs the same with one
//! id as with some dozens.
//!
//! Nobody waits for company. Whoever finds no call under way makes one; what comes meanwhile goes out together
//! in the next.

use super::PAGE_MAX;
use crate::scheduler::QueueError;
use std::mem::take;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

type Answer = Result<(), QueueError>;

/// Wishes of one kind, in the order in which they came.
#[derive(Debug)]
pub(super) struct Joint<T> {
    waiting: Mutex<Vec<Wish<T>>>,
    /// Held by whoever makes the call.
    turn: tokio::sync::Mutex<()>,
}

/// What one caller wants, and where the answer goes.
#[derive(Debug)]
struct Wish<T> {
    items: Vec<T>,
    told: oneshot::Sender<Answer>,
}

impl<T> Default for Joint<T> {
    fn default() -> Self {
        Self { waiting: Mutex::default(), turn: tokio::sync::Mutex::default() }
    }
}

impl<T: Clone> Joint<T> {
    /// Has `call` make these items true, alone or together with others' (at most [`PAGE_MAX`] in all, unless
    /// one caller brings more). All of them get the answer of the call.
    pub(super) async fn ask<F>(&self, items: &[T], call: impl Fn(Vec<T>) -> F) -> Answer
    where
        F: Future<Output = Answer>,
    {
        if items.is_empty() {
            return Ok(());
        }
        let (told, mut answer) = oneshot::channel();
        self.lock().push(Wish { items: items.to_vec(), told });
        loop {
            tokio::select! {
                biased;
                told = &mut answer => match told {
                    Ok(answer) => return answer,
                    // Whoever asked for us was stopped on the way: perhaps it was done, and twice does no harm.
                    Err(_) => return call(items.to_vec()).await,
                },
                _turn = self.turn.lock() => self.call_for_those_who_wait(&call).await,
            }
        }
    }

    async fn call_for_those_who_wait<F>(&self, call: &impl Fn(Vec<T>) -> F)
    where
        F: Future<Output = Answer>,
    {
        let (items, those) = self.take_page();
        if items.is_empty() {
            return;
        }
        let answer = call(items).await;
        for told in those {
            // A caller that is gone wants no answer.
            let _ = told.send(answer.clone());
        }
    }

    /// The wishes that go out next.
    fn take_page(&self) -> (Vec<T>, Vec<oneshot::Sender<Answer>>) {
        let mut waiting = self.lock();
        let mut room = PAGE_MAX;
        let fits = |wish: &&Wish<T>| match room.checked_sub(wish.items.len()) {
            Some(left) => {
                room = left;
                true
            }
            None => false,
        };
        let many = waiting.iter().take_while(fits).count().max(1);
        let rest = if many < waiting.len() { waiting.split_off(many) } else { Vec::new() };
        let page = take(&mut *waiting);
        *waiting = rest;
        let (mut items, mut those) = (Vec::new(), Vec::new());
        for wish in page {
            items.extend(wish.items);
            those.push(wish.told);
        }
        (items, those)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Wish<T>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;
    use futures::future::join_all;
    use tokio::sync::Semaphore;

    /// Calls that wait for a permit each, and what they were asked for.
    #[derive(Default)]
    struct Calls {
        joint: Joint<usize>,
        made: Mutex<Vec<Vec<usize>>>,
    }

    impl Calls {
        async fn ask(&self, items: &[usize], gate: &Semaphore) -> Answer {
            let call = |items: Vec<usize>| async move {
                self.made.lock().expect("no test panics with it").push(items);
                gate.acquire().await.expect("is never closed").forget();
                Ok(())
            };
            self.joint.ask(items, call).await
        }

        fn made(&self) -> Vec<Vec<usize>> {
            self.made.lock().expect("no test panics with it").clone()
        }
    }

    #[tokio::test]
    async fn what_comes_during_a_call_goes_out_in_one() {
        let (calls, gate) = (Calls::default(), Semaphore::new(0));
        let mut first = Box::pin(calls.ask(&[0], &gate));
        assert!(first.as_mut().now_or_never().is_none(), "it waits for its call");
        let items: Vec<usize> = (1..=20).collect();
        let mut others = Box::pin(join_all(items.iter().map(|item| calls.ask(std::slice::from_ref(item), &gate))));
        assert!(others.as_mut().now_or_never().is_none(), "they wait for the call under way");
        gate.add_permits(2);
        let (one, rest) = tokio::join!(first, others);
        assert!(one.is_ok() && rest.iter().all(Result::is_ok));
        assert_eq!(calls.made(), [vec![0], items]);
    }

    #[tokio::test]
    async fn no_call_takes_more_than_a_page_unless_one_caller_brings_more() {
        let (calls, gate) = (Calls::default(), Semaphore::new(0));
        let mut first = Box::pin(calls.ask(&[0], &gate));
        assert!(first.as_mut().now_or_never().is_none(), "it waits for its call");
        let large = [vec![1; PAGE_MAX - 1], vec![2; 2], vec![3; PAGE_MAX + 5]];
        let others = join_all(large.iter().map(|items| calls.ask(items, &gate)));
        gate.add_permits(4);
        let (one, rest) = tokio::join!(first, others);
        assert!(one.is_ok() && rest.iter().all(Result::is_ok));
        assert_eq!(calls.made().iter().map(Vec::len).collect::<Vec<_>>(), [1, PAGE_MAX - 1, 2, PAGE_MAX + 5]);
    }

    #[tokio::test]
    async fn a_caller_that_is_stopped_takes_nobody_along() {
        let (calls, gate) = (Calls::default(), Semaphore::new(0));
        let mut first = Box::pin(calls.ask(&[0], &gate));
        assert!(first.as_mut().now_or_never().is_none(), "it waits for its call");
        let mut second = Box::pin(calls.ask(&[1], &gate));
        let mut third = Box::pin(calls.ask(&[2], &gate));
        assert!(second.as_mut().now_or_never().is_none() && third.as_mut().now_or_never().is_none());
        drop(first);
        assert!(second.as_mut().now_or_never().is_none(), "it makes the call for both");
        drop(second);
        gate.add_permits(1);
        assert_eq!(third.await, Ok(()));
        assert_eq!(calls.made(), [vec![0], vec![1, 2], vec![2]]);
    }
}
