//! Which failed tries to sign in are written into the audit log. Not each: whoever floods the server would fill its disk.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::task::JoinHandle;

/// Whom somebody tried to be. There are no more of these than accounts, so they can all be remembered.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// Somebody who has an account.
    Account(String),
    /// Nobody: no account has that name.
    UnknownName,
    /// Whoever has the code.
    Code,
    /// Whoever has a passkey that nobody is known by.
    Passkey,
}

/// How many tries failed, and since when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tries {
    /// How many.
    pub count: u64,
    /// When the first of them was.
    pub since_ms: i64,
}

/// How long tries are counted together.
const COUNTED_MS: i64 = 60 * 60 * 1000;

/// Counts failed tries: a million of them in an hour are twenty rows.
#[derive(Debug, Default)]
pub struct FailedSignIns {
    counts: Mutex<BTreeMap<Target, Tries>>,
    /// Writes the last row that is to be written, after those before it.
    writing: Mutex<Option<JoinHandle<()>>>,
}

impl FailedSignIns {
    /// Counts one, and answers with how many there were when they are to be written down: at the first, and whenever there
    /// are twice as many as when they were last.
    pub fn count(&self, target: Target, now_ms: i64) -> Option<Tries> {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let tries = counts.entry(target).or_insert(Tries { count: 0, since_ms: now_ms });
        if now_ms - tries.since_ms > COUNTED_MS {
            *tries = Tries { count: 0, since_ms: now_ms };
        }
        tries.count += 1;
        tries.count.is_power_of_two().then_some(*tries)
    }

    /// Writes a row when those before it are written. Nobody waits for it: how long an answer takes would tell whether there was
    /// one to write, and so whom the server knows.
    pub fn write(&self, row: impl Future<Output = ()> + Send + 'static) {
        let mut writing = self.writing();
        let before = writing.take();
        *writing = Some(tokio::spawn(async move {
            finished(before).await;
            row.await;
        }));
    }

    /// Waits until all rows so far are written.
    pub async fn all_written(&self) {
        let last = self.writing().take();
        finished(last).await;
    }

    fn writing(&self) -> MutexGuard<'_, Option<JoinHandle<()>>> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn finished(writing: Option<JoinHandle<()>>) {
    if let Some(writing) = writing
        && let Err(error) = writing.await
    {
        tracing::error!(%error, "a failed try to sign in was not written down");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_million_tries_are_twenty_rows_and_the_next_hour_begins_again() {
        let failed = FailedSignIns::default();
        let lan = || Target::Account("lan".to_owned());
        let rows = (0..1_000_000).filter_map(|_| failed.count(lan(), 7)).count();
        assert_eq!(rows, 20);
        let first = Some(Tries { count: 1, since_ms: 7 });
        assert_eq!(failed.count(Target::UnknownName, 7), first, "each for itself");
        assert_eq!(failed.count(lan(), 7 + COUNTED_MS), None);
        let again = Some(Tries { count: 1, since_ms: 8 + COUNTED_MS });
        assert_eq!(failed.count(lan(), 8 + COUNTED_MS), again);
    }
}
