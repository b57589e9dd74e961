//! How the phone stands with the server: what the line on top of every screen says.

use leptos::prelude::*;
use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};
use sync::wire::Hash;

use super::{outbox::Unsent, sync_log::Talk};
use crate::platform::storage::schema::BlobRow;

/// What sync is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
pub enum Phase {
    /// Nothing to do.
    #[default]
    #[n(0)]
    Idle,
    /// Sending answers.
    #[n(1)]
    Sending,
    /// Sending photos and signatures.
    #[n(2)]
    SendingFiles,
    /// Fetching what others did.
    #[n(3)]
    Receiving,
    /// No connection, or the server does not answer; it tries again by itself.
    #[n(4)]
    Offline,
    /// It cannot go on by itself.
    #[n(5)]
    Blocked(#[n(0)] Blocked),
    /// The server asked to be left alone for so many minutes; then it goes on by itself.
    #[n(6)]
    AskedToWait(#[n(0)] u32),
}

/// Why sync cannot go on by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Encode, Decode)]
#[cbor(index_only)]
pub enum Blocked {
    /// The session ended: sign in again. Work goes on.
    #[n(0)]
    SignedOut,
    /// The server speaks a newer protocol: take the app's new version.
    #[n(1)]
    UpgradeNeeded,
    /// The phone's storage failed.
    #[n(2)]
    Storage,
    /// The server answers with an error; it tries again later.
    #[n(3)]
    ServerError,
    /// A photo or another file cannot be read any more on this phone; all else is sent.
    #[n(4)]
    FileDamaged,
}

/// Counts and hours for the sync line.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// What sync is doing.
    pub phase: Phase,
    /// Whether what this phone has was counted since the app began; until then nobody knows.
    #[serde(default)]
    pub counted: bool,
    /// When the server last confirmed all that was to be sent, phone clock, milliseconds since 1970.
    pub last_success_ms: Option<i64>,
    /// Records with answers that the server does not have.
    pub unsent_records: usize,
    /// Files that the server does not have whole.
    pub unsent_files: usize,
    /// Bytes of those files that are still to go.
    pub unsent_bytes: u64,
    /// Those of the files that wait for Wi-Fi.
    #[serde(default)]
    pub files_for_wifi: usize,
    /// Operations that the server keeps for the repair desk.
    pub quarantined: usize,
}

/// The standing as a store; [`crate::sync_runner`] moves it.
#[derive(Clone, Copy)]
pub struct SyncStatus {
    standing: RwSignal<Standing>,
    asked: RwSignal<u64>,
    asked_for_all: RwSignal<u64>,
    talks: RwSignal<Vec<Talk>>,
}

impl SyncStatus {
    /// Nothing is known yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            standing: RwSignal::default(),
            asked: RwSignal::new(0),
            asked_for_all: RwSignal::new(0),
            talks: RwSignal::default(),
        }
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

    /// Sends and fetches now, whatever the line costs.
    pub fn send_all(self) {
        self.asked_for_all.update(|count| *count += 1);
    }

    /// Counts how often a person asked: the runner watches it.
    #[must_use]
    pub fn asked(self) -> Signal<u64> {
        self.asked.into()
    }

    /// The same of all that there is.
    #[must_use]
    pub fn asked_for_all(self) -> Signal<u64> {
        self.asked_for_all.into()
    }

    /// The last talks with the server, the newest first.
    #[must_use]
    pub fn talks(self) -> Signal<Vec<Talk>> {
        self.talks.into()
    }

    /// These are the last talks now.
    pub fn set_talks(self, talks: Vec<Talk>) {
        self.talks.try_set(talks);
    }

    /// Tells what the server lacks: records with open or sealed changes, and files. And when it last had all.
    pub(crate) fn count(
        self,
        unsent: &Unsent,
        files: &[(Hash, BlobRow)],
        quarantined: usize,
        last_success_ms: Option<i64>,
    ) {
        self.change(|standing| {
            standing.counted = true;
            standing.last_success_ms = standing.last_success_ms.max(last_success_ms);
            standing.unsent_records = unsent.records.len();
            standing.unsent_files = files.len();
            standing.unsent_bytes = files.iter().map(|(_, file)| file.size).sum();
            standing.quarantined = quarantined;
        });
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
