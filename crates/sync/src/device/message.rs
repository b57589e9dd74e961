//! What the device's state machine is told, and what it asks for.

use std::collections::BTreeMap;

use super::DeviceState;
use crate::{
    codec,
    columns::{Records, Row},
    view::Base,
    wire::{AtDesk, Dot, Hash, PullResponse, SealedOperation, Tally, Verdict},
};

/// How an HTTP exchange ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Success, with a body of the media type that was asked for.
    Body(Vec<u8>),
    /// No answer: no network, a timeout, an aborted request.
    Unreachable,
    /// 401: the session has ended.
    SignedOut,
    /// Something that our server never says, such as the HTML of a captive portal.
    NotOurServer,
    /// Another status.
    Refused {
        /// The status.
        status: u16,
        /// The header `Retry-After`.
        retry_after_ms: Option<u64>,
    },
}

impl Reply {
    /// The page of the feed that it is. What is none stays as it is: a body then makes no sense.
    ///
    /// # Errors
    ///
    /// The reply, if it is no page.
    pub fn page(self) -> Result<Box<PullResponse>, Self> {
        let Self::Body(body) = &self else { return Err(self) };
        let read = codec::decode::<PullResponse>(body).ok();
        read.and_then(PullResponse::whole).map(Box::new).ok_or(self)
    }
}

/// How a step of a file's upload ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BlobReply {
    /// To [`Effect::AskBlob`]: the header `X-Missing-Chunks`.
    Missing(String),
    /// To [`Effect::SendChunk`]: taken.
    Taken,
    /// The device no longer holds the file's bytes.
    Gone,
    /// What the device holds of the file is not what it wrote.
    Damaged,
    /// Anything else.
    Failed(Reply),
}

/// A file that waits to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WaitingBlob {
    /// SHA-256 of its bytes.
    pub hash: Hash,
    /// Its length in bytes.
    pub size: u64,
}

/// What is not on the server yet, for people to see.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waiting {
    /// Sealed operations, and open patches.
    pub operations: u64,
    /// The records that they change.
    pub records: u64,
    /// Files.
    pub blobs: u64,
}

/// The answer to [`Effect::SealAndLoadOutbox`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outbox {
    /// Operations above `after`, rising, without gaps, within the limits; at least one if there are any.
    pub operations: Vec<SealedOperation>,
    /// Whether others follow.
    pub more: bool,
    /// The place of the newest operation that this device ever sealed.
    pub last: u64,
    /// What waits in all.
    pub waiting: Waiting,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The app was opened or came to the front, or the system woke it up in the background.
    Opened,
    /// The app is in front of a person, who wants changes to arrive by themselves; or no longer.
    Watching(bool),
    /// The browser says that there is a network.
    Online,
    /// The browser says that there is none.
    Offline,
    /// A draft changed.
    Edited,
    /// A person asked for it, or submitted a record: now.
    Asked,
    /// A person asked to send all that there is, whatever the line costs: large files too, until this once they are sent.
    AskedForAll,
    /// Whether large files wait for another line: the person wants it so, and this one is paid for by the byte. The files that
    /// are listed next follow it; it starts nothing.
    LargeFilesWait(bool),
    /// The person signed in.
    SignedIn,
    /// The time of [`Effect::ScheduleRetry`] is over.
    Tick,
    /// The answer to [`Effect::SealAndLoadOutbox`].
    Loaded(Outbox),
    /// The answer to [`Effect::Push`].
    PushReply {
        /// The request's ticket.
        ticket: u64,
        /// How it ended.
        reply: Reply,
    },
    /// The answer to [`Effect::Pull`].
    PullReply {
        /// The request's ticket.
        ticket: u64,
        /// The page, or how it ended without one: [`Reply::page`].
        page: Result<Box<PullResponse>, Reply>,
    },
    /// The answer to [`Effect::LoadBlobs`].
    BlobsWaiting(Vec<WaitingBlob>),
    /// The answer to [`Effect::AskBlob`] and [`Effect::SendChunk`].
    BlobReply {
        /// The request's ticket.
        ticket: u64,
        /// How it ended.
        reply: BlobReply,
    },
    /// [`Effect::MarkAcked`], [`Effect::CommitPull`] or [`Effect::MarkBlobSent`] is on the device's disk.
    Stored(Waiting),
    /// The device's storage failed: nothing of that transaction was kept.
    StorageFailed,
    /// The answer to [`Effect::Count`].
    Counted(Tally),
    /// The answer to [`Effect::Rekey`].
    Rekeyed(DeviceState),
    /// Another phone's work was put on this one's disk, and waits to be taken over.
    Rescued,
    /// The answer to [`Effect::TakeOver`].
    TookOver(DeviceState),
}

/// What the machine asks for. Requests for storage are answered before the next one is made; the records of
/// each are written in one transaction together with `state`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Seal the open patches (each gets the next `seq` inside the transaction that stores it as an operation),
    /// then load operations above `after`. Answer: [`Event::Loaded`].
    SealAndLoadOutbox {
        /// The last operation not to load.
        after: u64,
        /// At most so many.
        max_operations: usize,
        /// At most so many bytes, but at least one operation.
        max_bytes: usize,
    },
    /// `POST /api/v1/push`. Answer: [`Event::PushReply`].
    Push {
        /// Comes back in the answer.
        ticket: u64,
        /// The CBOR of a [`crate::wire::PushRequest`].
        body: Vec<u8>,
    },
    /// `GET /api/v1/pull`. Answer: [`Event::PullReply`].
    Pull {
        /// Comes back in the answer.
        ticket: u64,
        /// The cursor; none at the very beginning.
        cursor: Option<String>,
        /// How long the server may wait for a change.
        wait_s: u32,
        /// Whether the last page is to say what the person may see in all.
        tally: bool,
    },
    /// Give up the pull that waits. Its answer is no longer of interest.
    AbortPull,
    /// Note what the server said of operations. Answer: [`Event::Stored`].
    MarkAcked {
        /// To be stored in the same transaction.
        state: DeviceState,
        /// What became of operations.
        verdicts: Vec<Verdict>,
        /// Files to be sent again, if the device still holds them.
        missing_blobs: Vec<Hash>,
        /// The server was restored: whatever file the device still holds is to be asked about again, whether a record
        /// names it by now or only when the repair desk has seen to it.
        restored: bool,
    },
    /// Store a page of the feed, each record as [`crate::view::Base`]. Answer: [`Event::Stored`].
    CommitPull {
        /// To be stored in the same transaction.
        state: DeviceState,
        /// The page.
        page: Page,
    },
    /// Count the records of pulls that are on the device's disk, by [`Tally::add_stored`]. Answer: [`Event::Counted`].
    Count,
    /// Free the operations up to this `seq`, but none that is in quarantine or whose record has an open patch. Needs
    /// no answer.
    ForgetSafe {
        /// The last one to free.
        upto: u64,
    },
    /// List the files that wait to be sent. Answer: [`Event::BlobsWaiting`].
    LoadBlobs,
    /// `HEAD /api/v1/blobs/{hash}`. Answer: [`Event::BlobReply`].
    AskBlob {
        /// Comes back in the answer.
        ticket: u64,
        /// The file.
        blob: WaitingBlob,
    },
    /// `PUT /api/v1/blobs/{hash}/{chunk}`. Answer: [`Event::BlobReply`].
    SendChunk {
        /// Comes back in the answer.
        ticket: u64,
        /// The file.
        blob: WaitingBlob,
        /// The chunk; its bytes are [`crate::blob::chunk_range`].
        chunk: u64,
    },
    /// The server holds the whole file. Answer: [`Event::Stored`].
    MarkBlobSent {
        /// The file.
        hash: Hash,
    },
    /// Send [`Event::Tick`] after this time, instead of at any time asked for before.
    ScheduleRetry {
        /// How long to wait.
        delay_ms: u64,
    },
    /// The session has ended: ask the person to sign in. Filling goes on meanwhile.
    AskSignIn,
    /// This profile is a copy of another one. Take a new id and, in one transaction, put what [`super::rekey`] makes of
    /// the outbox in its place, rename the open patches and store the new state. Answer: [`Event::Rekeyed`].
    Rekey {
        /// The last operation that the server holds as it is under the id that another profile uses too: this
        /// device's, or one it had before.
        above: Dot,
    },
    /// Take what waits of another phone's work into the state, by [`super::take_over`], in the transaction that removes it from
    /// where it waits. Answer: [`Event::TookOver`].
    TakeOver,
    /// Show it.
    ReportStatus(SyncStatus),
}

/// A page of the feed, to be stored in one transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Goes into each [`crate::view::Base`].
    pub generation: u64,
    /// Goes into each [`crate::view::Base`].
    pub included: u64,
    /// The records; one that `left` is to be removed.
    pub records: Records,
    /// The generation is whole: remove what older generations left behind.
    pub complete: bool,
    /// The units that the person may see, when they changed.
    pub units: Option<Vec<String>>,
    /// What became of operations at the repair desk: to be noted as in [`Effect::MarkAcked`].
    pub settled: Vec<Verdict>,
    /// Names of people by account, to be added to those that are known.
    pub names: BTreeMap<String, String>,
    /// What the repair desk has of the person's, from elsewhere than the outbox: to be noted by [`crate::desk::taken`].
    pub waiting: Vec<AtDesk>,
}

impl Page {
    /// What the device stores of one of its records.
    #[must_use]
    pub fn base(&self, row: &Row<'_>) -> Base {
        Base { state: row.to_state(), included: self.included, generation: self.generation }
    }

    /// The same as it is stored.
    #[must_use]
    pub fn stored(&self, row: &Row<'_>) -> Vec<u8> {
        row.stored(self.included, self.generation)
    }
}

/// How far the sync is, for people to see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Nothing to do, or waiting for the next try.
    Idle,
    /// Answers go up.
    Sending,
    /// Records come down.
    Receiving,
    /// Files go up.
    SendingFiles,
}

/// Why the sync does not go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blocked {
    /// There is no network.
    Offline,
    /// The server does not answer.
    Unreachable,
    /// Something else answers in its place: the network wants a sign-in of its own.
    CaptivePortal,
    /// The server is busy or broken; its status.
    Server(u16),
    /// The answer makes no sense.
    Garbled,
    /// The session has ended.
    SignedOut,
    /// The app is too old to receive records; sending works.
    Outdated,
    /// The device cannot write: its disk may be full.
    Storage,
    /// A file was refused; the others were sent.
    FileRefused,
    /// A file that the device holds is not what it wrote, and does not go; all else did.
    FileDamaged,
    /// This profile is a copy and takes a new id.
    Copied,
}

/// The state of the sync, for the line on top.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SyncStatus {
    /// When a sync last came to its end, by the device's clock.
    pub last_success_ms: Option<i64>,
    /// Operations that are not on the server's disk.
    pub unsent_ops: u64,
    /// The records that they change.
    pub unsent_records: u64,
    /// Files that are not on the server's disk.
    pub unsent_blobs: u64,
    /// Those of them that wait for another line, because they are large.
    pub held_blobs: u64,
    /// What is going on.
    pub phase: Phase,
    /// Why nothing is.
    pub blocked: Option<Blocked>,
    /// How long the server asked to be left alone.
    pub wait_ms: Option<u64>,
}
