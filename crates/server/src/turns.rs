//! Taking turns: of what takes much memory or time only so much is done at once.

use tokio::sync::{Semaphore, SemaphorePermit};
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

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::time::Duration;

    use super::*;

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
