//! Taking turns: of what takes much memory or time only so much is done at once.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use axum::http::{HeaderMap, header};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};
use tokio::task::{JoinError, spawn_blocking};

/// So many at a time; others wait.
#[derive(Debug)]
pub(crate) struct Turns(Semaphore);

impl Turns {
    pub(crate) const fn new(at_a_time: usize) -> Self {
        Self(Semaphore::const_new(at_a_time))
    }

    /// Waits for a turn.
    pub(crate) async fn take(&'static self) -> Turn {
        Turn(self.0.acquire().await.expect("nobody closes it"))
    }
}

/// A turn. It lasts until this is dropped.
#[derive(Debug)]
pub(crate) struct Turn(SemaphorePermit<'static>);

impl Turn {
    /// Does it beside everything else. The turn is over when it is done, and not when nobody waits for it any more: it cannot
    /// be stopped, and whoever hangs up would otherwise let in the next one at once.
    pub(crate) async fn work<T: Send + 'static>(
        self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, JoinError> {
        spawn_blocking(move || {
            let Self(_permit) = self;
            work()
        })
        .await
    }
}

/// Room for what is held in memory, by its weight. At most a quarter of it is one person's, however slowly they fill it.
#[derive(Debug)]
pub(crate) struct Room {
    all: Semaphore,
    of_each: u32,
    own: Mutex<BTreeMap<String, Weak<Semaphore>>>,
}

impl Room {
    pub(crate) const fn new(size: u32) -> Self {
        let all = Semaphore::const_new(size as usize);
        Self { all, of_each: size / 4, own: Mutex::new(BTreeMap::new()) }
    }

    /// Waits until there is so much room, of the person's own quarter first.
    pub(crate) async fn take(&'static self, account: &str, weight: u32) -> Held {
        let weight = weight.min(self.of_each);
        let own = self.own_of(account).acquire_many_owned(weight).await;
        let all = self.all.acquire_many(weight).await;
        Held { _own: own.expect("nobody closes it"), _all: all.expect("nobody closes it") }
    }

    /// The same for a request, in KiB: what it says of its length. One that says nothing may be as long as any.
    pub(crate) async fn take_for(
        &'static self,
        account: &str,
        headers: &HeaderMap,
        longest: usize,
    ) -> Held {
        let length = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok());
        let length = length.and_then(|length| length.parse().ok()).unwrap_or(longest);
        let weight = u32::try_from(length.min(longest).div_ceil(1024)).unwrap_or(u32::MAX);
        self.take(account, weight).await
    }

    /// How much is left of a person's own quarter.
    pub(crate) fn left(&self, account: &str) -> u32 {
        u32::try_from(self.own_of(account).available_permits()).unwrap_or(u32::MAX)
    }

    fn own_of(&self, account: &str) -> Arc<Semaphore> {
        let mut own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        own.retain(|_, own| own.strong_count() > 0);
        if let Some(known) = own.get(account).and_then(Weak::upgrade) {
            return known;
        }
        let new = Arc::new(Semaphore::new(self.of_each as usize));
        own.insert(account.to_owned(), Arc::downgrade(&new));
        new
    }
}

/// Some of the room. It is free again when this is dropped.
#[derive(Debug)]
pub(crate) struct Held {
    _own: OwnedSemaphorePermit,
    _all: SemaphorePermit<'static>,
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn nobody_holds_more_than_a_quarter_and_what_is_free_again_is_taken() {
        static ROOM: Room = Room::new(256);
        let take = |account, weight| {
            let taken = ROOM.take(account, weight);
            async move { tokio::time::timeout(Duration::ZERO, taken).await.ok() }
        };
        let (first, _second) = (take("lan", 32).await.unwrap(), take("lan", 32).await.unwrap());
        assert!(take("lan", 1).await.is_none(), "that is the quarter");
        drop(first);
        let _again = [take("lan", 31).await.unwrap(), take("lan", 1).await.unwrap()];
        let _others = ["an", "minh", "hoa"].map(async |account| take(account, 99).await.unwrap());
        let _others = futures::future::join_all(_others).await;
        assert!(take("thu", 1).await.is_none(), "it is full");
    }

    #[tokio::test]
    async fn whoever_hangs_up_lets_in_nobody_before_the_work_is_done() {
        static TURNS: Turns = Turns::new(1);
        let (begun, begins) = mpsc::channel();
        let (end, ends) = mpsc::channel::<()>();
        let turn = TURNS.take().await;
        let waiting = tokio::spawn(turn.work(move || {
            begun.send(()).unwrap();
            ends.recv().unwrap();
        }));
        spawn_blocking(move || begins.recv().unwrap()).await.unwrap();
        waiting.abort();
        assert!(waiting.await.unwrap_err().is_cancelled());
        assert!(
            tokio::time::timeout(Duration::ZERO, TURNS.take()).await.is_err(),
            "it still works"
        );
        end.send(()).unwrap();
        tokio::time::timeout(Duration::from_secs(60), TURNS.take()).await.expect("it is done");
    }
}
