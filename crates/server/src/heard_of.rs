//! When sessions were heard of last. In the morning that is to be noted of a thousand phones at once, before what they bring: it
//! waits, and is written together.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::{App, clock};

/// How long it waits.
const TOGETHER: Duration = Duration::from_secs(30);

/// The sessions of which it is still to be noted.
#[derive(Debug, Default)]
pub(crate) struct HeardOf(Mutex<BTreeSet<i64>>);

impl HeardOf {
    /// Adds one. Says whether it is the first.
    fn add(&self, session: i64) -> bool {
        let mut sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_first = sessions.is_empty();
        sessions.insert(session);
        is_first
    }

    fn take(&self) -> BTreeSet<i64> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl App {
    /// Notes that a session was heard of. Nobody waits for it: who only reads does so too while nothing can be written.
    pub(crate) fn hear_of(&self, session: i64) {
        if !self.inner.heard_of.add(session) {
            return;
        }
        let app = self.clone();
        tokio::spawn(async move {
            tokio::time::sleep(TOGETHER).await;
            app.note_heard_of().await;
        });
    }

    /// Writes it down now.
    pub(crate) async fn note_heard_of(&self) {
        let sessions = self.inner.heard_of.take().into_iter().collect::<Vec<_>>();
        if let Err(error) = self.database().touch_sessions(&sessions, clock::now_ms()).await {
            tracing::error!(%error, "that sessions were heard of could not be noted");
        }
    }
}
