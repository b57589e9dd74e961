//! What phones and the server say to each other, version 1: CBOR maps with numbered keys.
//!
//! Frozen: a number is never reused, a new field is optional, and the bytes of every version ever
//! shipped are kept readable by `tests/it/frozen.rs`.

use std::collections::BTreeMap;

use minicbor::{Decode, Encode};

use crate::columns::{Texts, Words};

/// The protocol's version. Every request carries it; push accepts every version ever shipped.
pub const WIRE_VERSION: u32 = 1;

/// A phone or a desk: one browser profile that was enrolled once. 128 random bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct DeviceId(#[cbor(with = "minicbor::bytes")] pub [u8; 16]);

/// One filled form. A `UUIDv7` made on the device; nothing is ever ordered by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct RecordId(#[cbor(with = "minicbor::bytes")] pub [u8; 16]);

/// SHA-256 of some bytes: of a form's XML, of a blob, of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct Hash(#[cbor(with = "minicbor::bytes")] pub [u8; 32]);

/// The name of an operation: which device wrote it, and its place in that device's gap-free count (from 1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
pub struct Dot {
    /// The device that wrote the operation.
    #[n(0)]
    pub device: DeviceId,
    /// 1 for the device's first operation, then without gaps.
    #[n(1)]
    pub seq: u64,
}

/// The exact form a record was filled with. Forms are immutable and kept for ever by `hash`.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct FormRef {
    /// The `XForm`'s id.
    #[n(0)]
    pub id: String,
    /// The `XForm`'s version.
    #[n(1)]
    pub version: String,
    /// SHA-256 of the `XForm`'s XML.
    #[n(2)]
    pub hash: Hash,
}

/// What a person entered into one field.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
pub enum Value {
    /// Cleared, or a removed repeat row.
    #[n(0)]
    Empty,
    /// An answer in the text form that ODK `XForms` gives each type.
    #[n(1)]
    Text(#[n(0)] String),
    /// A photo, signature or other file, named by its content.
    #[n(2)]
    File(#[n(0)] FileRef),
}

/// A file whose bytes travel apart from the record.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(map)]
pub struct FileRef {
    /// The file's name, which is the question's value in the form's instance.
    #[n(0)]
    pub name: String,
    /// Its media type, for example `image/jpeg`.
    #[n(1)]
    pub media_type: String,
    /// Its length in bytes.
    #[n(2)]
    pub size: u64,
    /// SHA-256 of its bytes.
    #[n(3)]
    pub hash: Hash,
}

/// One field's new value, and the values its author had on screen, which it replaces.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Write {
    /// The new value.
    #[n(0)]
    pub value: Value,
    /// The dots that this write replaces; empty for a first answer.
    #[n(1)]
    pub over: Vec<Dot>,
}

/// What the author did. Kept for people and for rules of who may do what; merging looks at dots only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub enum Action {
    /// The record's first operation.
    #[n(0)]
    Create,
    /// A change to a draft.
    #[n(1)]
    Edit,
    /// The author says that the record is finished.
    #[n(2)]
    Submit,
    /// A change to a submitted record.
    #[n(3)]
    Amend,
    /// The record is put away.
    #[n(4)]
    Delete,
    /// The record is brought back.
    #[n(5)]
    Undelete,
    /// A person settles a conflict.
    #[n(6)]
    Resolve,
}

/// When it happened, for people only: no rule ever reads it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Times {
    /// The phone's wall clock, milliseconds since 1970-01-01 UTC.
    #[n(0)]
    pub wall_ms: i64,
    /// Server clock minus phone clock at the last contact, if there ever was one.
    #[n(1)]
    pub offset_ms: Option<i64>,
    /// How long ago that contact was.
    #[n(2)]
    pub offset_age_ms: Option<i64>,
}

/// A patch of one record by one author: the unit of sending. Its bytes never change once sealed.
///
/// `fields` is keyed by field path: names from below the form's root joined by `/`, a repeat row as
/// `name[key]`, for example `chung/ngay` or `hoc_vien[0192…]/hv_ten`. The path of a row itself holds
/// its place in the list as text, and [`Value::Empty`] once removed. Paths that begin with `_` are ours
/// (see [`field`]).
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Operation {
    /// Its name.
    #[n(0)]
    pub dot: Dot,
    /// The record it changes.
    #[n(1)]
    pub record: RecordId,
    /// The form it was made with.
    #[n(2)]
    pub form: FormRef,
    /// The org unit the record belongs to.
    #[n(3)]
    pub unit: String,
    /// What the author did.
    #[n(4)]
    pub action: Action,
    /// The fields it writes.
    #[n(5)]
    pub fields: BTreeMap<String, Write>,
    /// When, for people.
    #[n(6)]
    pub at: Times,
    /// The account that made it.
    #[n(7)]
    pub author: String,
}

/// Field paths that are ours, not the form's.
pub mod field {
    /// The record's state, as one of [`super::State`]'s names.
    pub const STATE: &str = "_state";
    /// `1` while the record is deleted, else empty. Every operation writes it over the dots its author had on
    /// screen, so that two people who wrote to one record without seeing each other are always noticed.
    pub const DELETED: &str = "_deleted";
    /// The record's title for lists: the form's instance name.
    pub const TITLE: &str = "_title";
    /// Why a reviewer sent the record back, and when: see [`crate::review`].
    pub const REASON: &str = "_reason";
    /// Before the question that rows of a repeat are called by: what the keys of rows are made with that are added by name.
    ///
    /// A random text, so that nobody finds out by the keys who is in the rows. Written with what begins the record.
    pub const ROWS: &str = "_rows/";

    /// What they begin with. A form may call no question below its root so; any other name is its own, with whatever it begins.
    pub const OURS: [&str; 5] = [STATE, DELETED, TITLE, REASON, "_rows"];

    /// Whether a path is ours.
    #[must_use]
    pub fn is_ours(path: &str) -> bool {
        [STATE, DELETED, TITLE, REASON].contains(&path) || path.starts_with(ROWS)
    }
}

/// Where a record stands in its life, stored as text in [`field::STATE`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// Being filled.
    Draft,
    /// Finished by its author.
    Submitted,
    /// Sent back to its author with a reason.
    Returned,
    /// Accepted.
    Approved,
    /// Taken back.
    Withdrawn,
}

/// A device asks the server to keep these operations.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct PushRequest {
    /// [`WIRE_VERSION`] of the sender.
    #[n(0)]
    pub version: u32,
    /// The sender.
    #[n(1)]
    pub device: DeviceId,
    /// The epoch the sender last heard of.
    #[n(2)]
    pub epoch: Option<u64>,
    /// Sealed operations in order of `seq`, without gaps. Each one is the operation's exact bytes, so that a
    /// retry is byte-identical and one that cannot be read is kept all the same.
    #[n(3)]
    pub operations: Vec<SealedOperation>,
    /// Set when the device no longer holds the operations below this `seq`, for it freed them as safe: the
    /// server does not wait for them. Matters after a restore from a backup older than it promised.
    #[n(4)]
    pub oldest: Option<u64>,
    /// How many operations the device holds unsent beyond those of this request: what a coordinator is shown of a device
    /// that is lost. Absent from devices of versions that did not say so, and under an id that the device had before.
    #[n(5)]
    pub unsent: Option<u64>,
}

/// An operation as it was sealed: its place in its device's count, and its bytes.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct SealedOperation {
    /// The operation's `dot.seq`.
    #[n(0)]
    pub seq: u64,
    /// The CBOR of an [`Operation`].
    #[n(1)]
    #[cbor(with = "minicbor::bytes")]
    pub bytes: Vec<u8>,
}

/// The server's answer to a push. The device trusts `acked`, never the status code.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct PushResponse {
    /// [`WIRE_VERSION`] of the server.
    #[n(0)]
    pub version: u32,
    /// The server's epoch: a new one after a restore from backup.
    #[n(1)]
    pub epoch: u64,
    /// All operations of this device up to this `seq` are on the server's disk.
    #[n(2)]
    pub acked: u64,
    /// All operations of this device up to this `seq` are in a backup.
    #[n(3)]
    pub safe: u64,
    /// One for each operation that this request brought or repeated.
    #[n(4)]
    pub verdicts: Vec<Verdict>,
    /// The server's clock, milliseconds since 1970-01-01 UTC.
    #[n(5)]
    pub server_ms: i64,
    /// Blobs that acked records name and the server does not hold whole, at most 1,000.
    #[n(6)]
    pub missing_blobs: Vec<Hash>,
}

/// What became of one operation.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Verdict {
    /// The operation's `seq`.
    #[n(0)]
    pub seq: u64,
    /// What became of it.
    #[n(1)]
    pub outcome: Outcome,
    /// Why it was put in quarantine.
    #[n(2)]
    pub reason: Option<QuarantineReason>,
    /// Why the repair desk set it aside, in the words of whoever did.
    #[n(3)]
    pub set_aside: Option<String>,
}

impl Verdict {
    /// Whether it says no more than the device's watermark: that the server holds the operation, and in its record.
    #[must_use]
    pub fn goes_without_saying(&self) -> bool {
        self.outcome != Outcome::Quarantined && self.set_aside.is_none()
    }
}

/// What the server did with an operation. It is kept in every case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub enum Outcome {
    /// Applied to its record.
    #[n(0)]
    Applied,
    /// Applied beside another author's change to other fields.
    #[n(1)]
    Merged,
    /// Applied; a field now holds two people's values.
    #[n(2)]
    Conflict,
    /// Kept for the repair desk.
    #[n(3)]
    Quarantined,
}

/// Why the server kept an operation without applying it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(index_only)]
pub enum QuarantineReason {
    /// The server never published that form or that version of it.
    #[n(0)]
    UnknownForm,
    /// No such org unit.
    #[n(1)]
    UnknownUnit,
    /// The author has no right to do that in that unit.
    #[n(2)]
    OutOfScope,
    /// The author's account was disabled.
    #[n(3)]
    Revoked,
    /// The bytes are no operation.
    #[n(4)]
    Unreadable,
    /// The same device and seq came with other bytes before: a copied phone.
    #[n(5)]
    Fork,
    /// Larger than the server takes.
    #[n(6)]
    TooLarge,
    /// Sent by another account than the one that made it, or by nobody who can prove to have made it.
    #[n(7)]
    OtherAuthor,
    /// The author's role is not the one whose word it is: see [`crate::rights`]. Phones are told [`Self::told`].
    #[n(8)]
    NotAllowed,
}

/// A page of the feed of record states, newest state only.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct PullResponse {
    /// [`WIRE_VERSION`] of the server.
    #[n(0)]
    pub version: u32,
    /// The server's epoch.
    #[n(1)]
    pub epoch: u64,
    /// Where to go on. Opaque to the device; stored in the transaction that stores `records`.
    #[n(2)]
    pub cursor: String,
    /// Whether another page waits.
    #[n(3)]
    pub more: bool,
    /// Changed records.
    #[n(4)]
    pub records: Vec<RecordState>,
    /// All operations of the asking device up to this `seq` have their effect in `records`: what the server
    /// had acked when it read this page, in the same snapshot.
    #[n(5)]
    pub included: u64,
    /// As in [`PushResponse::safe`].
    #[n(6)]
    pub safe: u64,
    /// The units this person may see now; data of other units is to be purged after a push.
    #[n(7)]
    pub units: Option<Vec<String>>,
    /// SHA-256 of the pack in force, when the device should fetch it again.
    #[n(8)]
    pub pack: Hash,
    /// The server's clock, milliseconds since 1970-01-01 UTC.
    #[n(9)]
    pub server_ms: i64,
    /// Whether this is the first page of a new generation, from the start of the feed: what it does not bring
    /// until a page says that there is no `more` is to be dropped then.
    #[n(10)]
    pub reset: bool,
    /// What became of the asking device's operations at the repair desk, told with the records that it changed.
    #[n(11)]
    pub settled: Option<Vec<Verdict>>,
    /// The names of the people who wrote these records, by account.
    #[n(12)]
    pub names: Option<BTreeMap<String, String>>,
    /// Answers that stand here and not in `records`, for a device that asked for it: see [`crate::columns`].
    #[n(13)]
    pub columns: Option<Columns>,
    /// All that the asking person may see, counted, for a device that asked for it: on the last page alone.
    #[n(14)]
    pub tally: Option<Tally>,
    /// Operations of the asking person that could not be applied when they came, and that the asking device may not hold: another one
    /// sent them, or this one under another id, or they are in a backup. See [`crate::desk`].
    #[n(15)]
    pub waiting: Option<Vec<AtDesk>>,
}

/// An operation that the repair desk has, or had.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct AtDesk {
    /// The device that it is of; its place there is the verdict's.
    #[n(0)]
    pub device: DeviceId,
    /// The operation, but for what was erased since; absent once it was applied.
    #[n(1)]
    #[cbor(with = "minicbor::bytes")]
    pub bytes: Option<Vec<u8>>,
    /// What became of it.
    #[n(2)]
    pub verdict: Verdict,
}

impl AtDesk {
    /// The operation's name.
    #[must_use]
    pub const fn dot(&self) -> Dot {
        Dot { device: self.device, seq: self.verdict.seq }
    }
}

/// Records, counted so that whoever holds others, or earlier states of them, counts otherwise: see [`crate::tally`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Tally {
    /// How many they are.
    #[n(0)]
    pub records: u64,
    /// The sum of what their places in the feed come to.
    #[n(1)]
    pub places: u64,
}

/// Answers of a page's records, field by field.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Columns {
    /// For each record, in their order, the operation that wrote those of its answers that stand here.
    #[n(0)]
    pub dots: Vec<Option<Dot>>,
    /// The columns, by the fields' paths.
    #[n(1)]
    pub fields: BTreeMap<String, Column>,
}

/// The answers of one field.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Column {
    /// For each answer, how many records without one stand between it and the answer before; absent if there are none.
    #[n(0)]
    pub gaps: Option<Vec<u32>>,
    /// The answers, in the records' order.
    #[n(1)]
    pub texts: Texts,
    /// The answers by their words, for a device that asked for it; `texts` is empty then.
    #[n(2)]
    pub words: Option<Words>,
}

/// All that is known of one record: each field with the values that stand, by the dot that wrote them.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct RecordState {
    /// The record.
    #[n(0)]
    pub record: RecordId,
    /// The form it was made with.
    #[n(1)]
    pub form: FormRef,
    /// The org unit it belongs to.
    #[n(2)]
    pub unit: String,
    /// The account that created it.
    #[n(3)]
    pub author: String,
    /// When the server first received it, milliseconds since 1970-01-01 UTC.
    #[n(4)]
    pub received_ms: i64,
    /// When the server last changed it, milliseconds since 1970-01-01 UTC.
    #[n(5)]
    pub changed_ms: i64,
    /// Every field's values that stand: one normally, several in a conflict.
    #[n(6)]
    pub fields: BTreeMap<String, Vec<Sibling>>,
    /// Its place in the server's feed.
    #[n(7)]
    pub rv: u64,
    /// Whether this is only the trace of a record that left the asking person's scope.
    #[n(8)]
    pub left: bool,
    /// Which account wrote from each device whose values stand.
    #[n(9)]
    #[cbor(default)]
    pub writers: BTreeMap<DeviceId, String>,
}

/// One of the values that stand in a field.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Encode, Decode)]
#[cbor(map)]
pub struct Sibling {
    /// The operation that wrote it.
    #[n(0)]
    pub dot: Dot,
    /// The value.
    #[n(1)]
    pub value: Value,
}
