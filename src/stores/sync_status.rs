//! How the phone stands with the server: what the line on top of every screen says.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

/// What sync is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Phase {
    /// Nothing to do.
    #[default]
    Idle,
    /// Sending answers.
    Sending,
    /// Sending photos and signatures.
    SendingFiles,
    /// Fetching what others did.
    Receiving,
    /// No connection, or the server does not answer; it tries again by itself.
    Offline,
    /// It cannot go on by itself.
    Blocked(Blocked),
}

/// Why sync cannot go on by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Blocked {
    /// The session ended: sign in again. Work goes on.
    SignedOut,
    /// The server speaks a newer protocol: take the app's new version.
    UpgradeNeeded,
    /// The phone's storage failed.
    Storage,
    /// The server answers with an error; it tries again later.
    ServerError,
}

/// Counts and hours for the sync line.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// What sync is doing.
    pub phase: Phase,
    /// When the server last confirmed all that was to be sent, phone clock, milliseconds since 1970.
    pub last_success_ms: Option<i64>,
    /// Records with answers that the server does not have.
    pub unsent_records: usize,
    /// Files that the server does not have whole.
    pub unsent_files: usize,
    /// Bytes of those files that are still to go.
    pub unsent_bytes: u64,
    /// Operations that the server keeps for the repair desk.
    pub quarantined: usize,
}

/// The standing as a store; [`crate::sync_runner`] moves it.
#[derive(Clone, Copy)]
pub struct SyncStatus {
    standing: RwSignal<Standing>,
    asked: RwSignal<u64>,
}

impl SyncStatus {
    /// Nothing is known yet.
    #[must_use]
    pub fn new() -> Self {
        Self { standing: RwSignal::default(), asked: RwSignal::new(0) }
    }

    /// How the phone stands with the server.
    #[must_use]
    pub fn standing(self) -> Signal<Standing> {
        self.standing.into()
    }

    /// Sends and fetches now.
    pub fn sync_now(self) {
        self.asked.update(|count| *count += 1);
    }

    /// Counts how often a person asked: the runner watches it.
    #[must_use]
    pub fn asked(self) -> Signal<u64> {
        self.asked.into()
    }

    /// Tells what changed.
    pub fn change(self, edit: impl FnOnce(&mut Standing)) {
        let mut standing = self.standing.get_untracked();
        edit(&mut standing);
        if *self.standing.read_untracked() != standing {
            self.standing.try_set(standing);
        }
    }
}

impl Default for SyncStatus {
    fn default() -> Self {
        Self::new()
    }
}
