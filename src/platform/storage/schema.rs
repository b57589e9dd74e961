//! What is stored where; the rows' CBOR is the sync crate's, frozen there.
//!
//! Each person has a database, sealed as a whole under the person's key. Beside them the phone's own, `sotay`, knows who
//! the people are, and keeps what others sealed for the server. Its first two versions had the one person's stores, in the
//! clear: what is left of that is moved (`moving.rs`).
//!
//! A store's name and its key never change meaning: a new need is a new store and a new version.

use std::collections::BTreeSet;

use minicbor::{Decode, Encode, bytes::ByteVec};
use sync::{
    codec,
    review::Reason,
    view::Held,
    wire::{DeviceId, FormRef, Hash, Operation, Outcome, QuarantineReason, RecordId, Verdict},
};

use super::StorageError;

/// The phone's database; a person's adds a dot and their id.
pub const DATABASE: &str = "sotay";

/// A kind of database; [`Store::since`] says which stores each version added.
#[derive(Debug)]
pub struct Schema {
    /// Its version.
    pub version: u32,
    /// Its stores.
    pub stores: &'static [Store],
}

/// A person's database.
pub static PERSON: Schema = Schema { version: 2, stores: &PERSON_STORES };

/// The phone's database. The first two versions had a person's stores: nothing is written to them any more.
pub static PHONE: Schema = Schema { version: 3, stores: &PHONE_STORES };

/// Bytes of a file in one row of [`Store::Blobs`], as they are also sent.
pub const CHUNK_SIZE_BYTES: usize = 256 * 1024;

/// An object store: rows of bytes under keys kept outside them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Store {
    /// Single values by the names in [`meta`].
    Meta,
    /// What the server said of each record, by record id.
    Base,
    /// The mutable patch of each record with unsealed changes, by record id.
    Open,
    /// Sealed operations by their place in this device's count.
    Outbox,
    /// Files in pieces of [`CHUNK_SIZE_BYTES`], by hash and place.
    Blobs,
    /// What is known of each file, by hash.
    BlobMeta,
    /// `XForm` documents by the hash of their bytes.
    Forms,
    /// The pack as the server sent it, under [`PACK`].
    Pack,
    /// Where the person was in each open form, by record id; under [`FILLING`], which form was on screen.
    Place,
    /// Short forms of the records in [`Store::Base`], many in a row: see [`Kept`].
    Summaries,
    /// Rows of [`Store::Base`] that came together, a [`PackRow`] under the ids of its records one behind the other; under 0
    /// a value that changes with each change of either store.
    Packs,
    /// Of the phone: bundles of others that it keeps until it has brought them, by hash.
    Carried,
    /// Of the phone: those in pieces of [`CHUNK_SIZE_BYTES`], by hash and place.
    CarriedPieces,
    /// Of the phone: a [`PersonRow`] for each person who uses it, by their id.
    People,
    /// Of the phone: its key and who uses it now, by the names in [`phone`].
    Phone,
}

/// A person's stores, as whoever reads and writes them knows them.
pub const STORES: [Store; 10] = [
    Store::Meta,
    Store::Base,
    Store::Open,
    Store::Outbox,
    Store::Blobs,
    Store::BlobMeta,
    Store::Forms,
    Store::Pack,
    Store::Place,
    Store::Summaries,
];

/// And as they lie on the disk.
const PERSON_STORES: [Store; 11] = {
    let mut stores = [Store::Packs; 11];
    stores.split_at_mut(STORES.len()).0.copy_from_slice(&STORES);
    stores
};

/// What the phone's database had of a person before each had their own.
pub const STORES_1: [Store; 9] = [
    Store::Meta,
    Store::Base,
    Store::Open,
    Store::Outbox,
    Store::Blobs,
    Store::BlobMeta,
    Store::Forms,
    Store::Pack,
    Store::Place,
];

const PHONE_STORES: [Store; 13] = [
    Store::Meta,
    Store::Base,
    Store::Open,
    Store::Outbox,
    Store::Blobs,
    Store::BlobMeta,
    Store::Forms,
    Store::Pack,
    Store::Place,
    Store::Carried,
    Store::CarriedPieces,
    Store::People,
    Store::Phone,
];

/// Keys of [`Store::Phone`].
pub mod phone {
    /// The key that the browser keeps and never shows: no bytes, but a `CryptoKey`.
    pub const KEY: &str = "key";
    /// The id of the person whose store is opened at the start.
    pub const CURRENT: &str = "current";
    /// Before the id of somebody who left: whose session is to end at the server. The row is their label, sealed as it was.
    pub const LEFT: &str = "left ";
}

/// The key of the one row in [`Store::Pack`].
pub const PACK: &str = "pack";

/// The key of the one [`FillingRow`] in [`Store::Place`].
pub const FILLING: &str = "filling";

/// Keys of [`Store::Meta`].
pub mod meta {
    /// The profile of the person signed in, JSON.
    pub const PROFILE: &str = "profile";
    /// What the device remembers of its talks with the server, with its id: CBOR of `sync::device::DeviceState`.
    pub const DEVICE: &str = "device";
    /// The place of the newest operation ever sealed here, CBOR.
    pub const LAST_SEQ: &str = "last_seq";
    /// The last talks with the server, for people to read: CBOR of `stores::sync_log::Talk`s.
    pub const SYNC_LOG: &str = "sync_log";
    /// Before a record's id in hexadecimal: the log that its form asks for, CSV, as long as it is not submitted.
    pub const AUDIT: &str = "audit.";
    /// The names of people by account, as the server told them: a CBOR map.
    pub const NAMES: &str = "names";
    /// What bundles are sealed to, as the server told it: CBOR of `sync::bundle::PublicKey`.
    pub const ORGANISATION: &str = "organisation";
    /// What a rescue file brought and sync has not taken over: CBOR of `sync::device::Former`s.
    ///
    /// Written anew, then mostly empty, whenever [`DEVICE`] owes more to the server than before: that is in no row of which a
    /// copy beside the PIN knows the trace.
    pub const RESCUED: &str = "rescued";
    /// The rescue files that were taken in here: CBOR of the hashes of their headers.
    pub const RESTORED: &str = "restored";
    /// Rescue files that were taken in here and are not all of those that were made together: CBOR of `stores::carry::Parts`.
    pub const PARTS: &str = "rescue_parts";
    /// The code of the last rescue file that was made here, until it is written down: CBOR of a text.
    pub const RESCUE_CODE: &str = "rescue_code";
    /// The last bundles that were made here by somebody's hand: CBOR of their hashes.
    pub const BUNDLES: &str = "bundles";
    /// What waits at the repair desk and another device of the person's sent, or this one under another id: CBOR of
    /// `sync::desk::Waits`.
    pub const WAITS: &str = "waits";
    /// Before the name of a list of entities: the list as the server told it, an [`super::EntityListRow`].
    pub const ENTITIES: &str = "entities.";
}

impl Store {
    /// The object store's name in the database.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Meta => "meta",
            Self::Base => "base",
            Self::Open => "open",
            Self::Outbox => "outbox",
            Self::Blobs => "blobs",
            Self::BlobMeta => "blobmeta",
            Self::Forms => "forms",
            Self::Pack => "pack",
            Self::Place => "place",
            Self::Summaries => "summaries",
            Self::Packs => "packs",
            Self::Carried => "carried",
            Self::CarriedPieces => "carriedpieces",
            Self::People => "people",
            Self::Phone => "phone",
        }
    }

    /// The version that added the store.
    #[must_use]
    pub fn since(self) -> u32 {
        match self {
            Self::Carried | Self::CarriedPieces | Self::Packs => 2,
            Self::People | Self::Phone => 3,
            _ => 1,
        }
    }
}

/// A row's key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// A place in a count.
    Number(u64),
    /// A name.
    Text(String),
    /// An id or a hash.
    Bytes(Vec<u8>),
    /// A piece of a file: its hash and its place from 0.
    Piece(Vec<u8>, u32),
}

impl Key {
    /// The key in bytes, of which no two keys have the same.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let (kind, bytes) = match self {
            Self::Number(number) => (1, number.to_be_bytes().to_vec()),
            Self::Text(text) => (2, text.as_bytes().to_vec()),
            Self::Bytes(bytes) => (3, bytes.clone()),
            Self::Piece(hash, place) => (4, [&hash[..], &place.to_be_bytes()].concat()),
        };
        [&[kind], &bytes[..]].concat()
    }
}

impl From<&str> for Key {
    fn from(name: &str) -> Self {
        Self::Text(name.to_owned())
    }
}

impl From<u64> for Key {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

impl From<RecordId> for Key {
    fn from(id: RecordId) -> Self {
        Self::Bytes(id.0.to_vec())
    }
}

impl From<Hash> for Key {
    fn from(hash: Hash) -> Self {
        Self::Bytes(hash.0.to_vec())
    }
}

/// A row of [`Store::Outbox`].
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct OutboxRow {
    /// The operation's exact bytes, as sealed.
    #[n(0)]
    #[cbor(with = "minicbor::bytes")]
    pub bytes: Vec<u8>,
    /// What the server did with it, once it has said so. None also of one up to the device's watermark of which it said what
    /// goes without saying.
    #[n(1)]
    pub outcome: Option<Outcome>,
    /// Why the server keeps it without having applied it.
    #[n(2)]
    pub reason: Option<QuarantineReason>,
    /// Why the repair desk set it aside, in words.
    #[n(3)]
    pub set_aside: Option<String>,
}

impl OutboxRow {
    /// Reads a row.
    pub fn decode(row: &[u8]) -> Result<Self, StorageError> {
        codec::decode(row).map_err(|error| StorageError::Unreadable(format!("outbox: {error}")))
    }

    /// The operation.
    pub fn operation(&self) -> Result<Operation, StorageError> {
        codec::decode(&self.bytes)
            .map_err(|error| StorageError::Unreadable(format!("operation: {error}")))
    }

    /// An operation that the server has not spoken of.
    #[must_use]
    pub fn unsent(operation: &Operation) -> Self {
        Self { bytes: codec::encode(operation), outcome: None, reason: None, set_aside: None }
    }

    /// The row after the server said what it did with the operation.
    #[must_use]
    pub fn told(self, verdict: &Verdict) -> Self {
        Self {
            bytes: self.bytes,
            outcome: Some(verdict.outcome),
            reason: verdict.reason,
            set_aside: verdict.set_aside.clone(),
        }
    }

    /// The operation with what became of it.
    pub fn held(self) -> Result<Held, StorageError> {
        let operation = self.operation()?;
        let Self { outcome, reason, set_aside, .. } = self;
        let seq = operation.dot.seq;
        let verdict = outcome.map(|outcome| Verdict { seq, outcome, reason, set_aside });
        Ok(Held { operation, verdict })
    }
}

/// A row of [`Store::BlobMeta`].
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct BlobRow {
    /// The file's length in bytes.
    #[n(0)]
    pub size: u64,
    /// Its media type.
    #[n(1)]
    pub media_type: String,
    /// Whether the server holds it whole.
    #[n(2)]
    pub sent: bool,
    /// How many operations this device had sealed when the server said so: a later one in a backup proves that the file is
    /// in it too.
    #[n(3)]
    pub sent_after: Option<u64>,
    /// When it was kept, milliseconds since 1970.
    #[n(4)]
    pub kept_ms: Option<i64>,
    /// Since when no work on this phone names it: a photo that was removed or taken again before any of it was sealed.
    #[n(5)]
    pub dropped_ms: Option<i64>,
}

impl BlobRow {
    /// A file that the server does not have.
    #[must_use]
    pub fn unsent(size: u64, media_type: String, kept_ms: i64) -> Self {
        let kept_ms = Some(kept_ms);
        Self { size, media_type, sent: false, sent_after: None, kept_ms, dropped_ms: None }
    }

    /// Whether the server is to have it and does not.
    #[must_use]
    pub const fn waits(&self) -> bool {
        !self.sent && self.dropped_ms.is_none()
    }

    /// Whether a backup holds it, as the device's operations are safe up to `safe`.
    #[must_use]
    pub fn is_in_backup(&self, safe: u64) -> bool {
        self.sent && self.sent_after.is_some_and(|after| safe > after)
    }

    /// The server does not have it, or not any more.
    #[must_use]
    pub fn taken_back(self) -> Self {
        Self { sent: false, sent_after: None, dropped_ms: None, ..self }
    }

    /// Reads a row.
    pub fn decode(row: &[u8]) -> Result<Self, StorageError> {
        codec::decode(row).map_err(|error| StorageError::Unreadable(format!("file: {error}")))
    }
}

/// A list of entities as the server told it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct EntityListRow {
    /// The server's tag of it.
    #[n(0)]
    pub tag: String,
    /// Up to which change of a record, by the server's clock, it tells what records say.
    #[n(1)]
    pub as_of_ms: i64,
    /// CSV.
    #[n(2)]
    pub csv: String,
}

impl EntityListRow {
    /// Reads a row. One that cannot be read is fetched again.
    #[must_use]
    pub fn decode(row: &[u8]) -> Option<Self> {
        codec::decode(row).ok()
    }
}

/// A row of [`Store::Packs`].
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct PackRow {
    /// The rows of the records, in the order of their ids.
    #[n(0)]
    pub rows: Vec<ByteVec>,
}

/// The first row of [`Store::Summaries`], under 0.
///
/// So many rows of [`SummaryRow`]s lie under `first` and the numbers after it, and under random bytes the ids of records that
/// a pull changed since: theirs do not hold any more. What lies under other numbers is being written, or was when a tab ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Kept {
    /// How they were made; others are made anew.
    #[n(0)]
    pub version: u32,
    /// How many rows of them there are.
    #[n(1)]
    pub pages: u64,
    /// The key of the first one.
    #[n(2)]
    #[cbor(default)]
    pub first: u64,
}

/// A record of [`Store::Base`] as lists show it and search finds it, so that a start opens thousands of them at once.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct SummaryRow {
    /// The record.
    #[n(0)]
    pub id: RecordId,
    /// Its form.
    #[n(1)]
    pub form: FormRef,
    /// The org unit it belongs to.
    #[n(2)]
    pub unit: String,
    /// The account that created it.
    #[n(3)]
    pub author: String,
    /// Its title.
    #[n(4)]
    pub title: String,
    /// Where it stands in its life, by its name.
    #[n(5)]
    pub state: String,
    /// When it last changed, milliseconds since 1970.
    #[n(6)]
    pub changed_ms: i64,
    /// Whether it is put away.
    #[n(7)]
    pub deleted: bool,
    /// Not 0 where something is to be decided.
    #[n(8)]
    pub conflicts: u32,
    /// Title and short answers without diacritics.
    #[n(9)]
    pub folded: String,
    /// Why it was sent back, if that is where it stands.
    #[n(10)]
    pub returned: Option<Reason>,
    /// Whether something is worth a look, and nothing is to be decided.
    #[n(11)]
    pub looks: Option<bool>,
    /// When it was begun, milliseconds since 1970.
    #[n(12)]
    pub begun_ms: Option<i64>,
}

/// A row of [`Store::People`]. In the clear but for what the phone's key seals: it is read before anybody is let in.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct PersonRow {
    /// The [`Label`], sealed by the phone's key.
    #[n(0)]
    #[cbor(with = "minicbor::bytes")]
    pub label: Vec<u8>,
    /// The key of the person's store: sealed by the PIN if there is one, and that by the phone's key.
    #[n(1)]
    #[cbor(with = "minicbor::bytes")]
    pub wrap: Vec<u8>,
    /// How a PIN becomes a key; none without a PIN.
    #[n(2)]
    pub pin: Option<PinRow>,
    /// Wrong PINs since the last right one.
    #[n(3)]
    pub wrong_pins: u32,
    /// When the last of them was entered, milliseconds since 1970.
    #[n(4)]
    pub wrong_ms: i64,
    /// After how many minutes without a touch the app locks itself.
    #[n(5)]
    pub idle_min: u32,
    /// How far the store is in coming and going.
    #[n(6)]
    pub stage: Stage,
    /// After how many wrong PINs the organisation wants the phone emptied; none: never.
    #[n(7)]
    pub wipe_after: Option<u32>,
    /// Copies of what is unsent, sealed to the organisation: one that is whole, and what is left of others.
    #[n(8)]
    pub copies: Option<Vec<CopyRow>>,
    /// The server was told that the phone is lost; `false` once its person has opened it since.
    #[n(9)]
    pub lost: Option<bool>,
    /// Its person forgot the PIN, and began anew beside it; `false` once it was opened since.
    #[n(10)]
    pub aside: Option<bool>,
}

/// A copy of unsent work, a bundle whose bytes lie in [`Store::CarriedPieces`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct CopyRow {
    /// The hash over the rows that it was made of, once it is whole: `sync::wipe::Trace`.
    #[n(0)]
    pub rows: Option<Hash>,
    /// The bundle; none if there was nothing unsent.
    #[n(1)]
    pub bundle: Option<Hash>,
    /// Its length in bytes.
    #[n(2)]
    pub size: u64,
    /// When the server received it, by the server's clock.
    #[n(3)]
    pub received_ms: Option<i64>,
    /// The server's code for refusing it.
    #[n(4)]
    pub refused: Option<String>,
}

/// How a PIN becomes a key: Argon2id's parameters.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct PinRow {
    /// Random bytes.
    #[n(0)]
    #[cbor(with = "minicbor::bytes")]
    pub salt: [u8; 16],
    /// Memory, in KiB.
    #[n(1)]
    pub memory_kib: u32,
    /// Passes over it.
    #[n(2)]
    pub passes: u32,
}

/// How far a person's store is in coming and going.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Stage {
    /// It takes what version 1 kept in the clear, and does not hold all of it yet.
    #[n(0)]
    Moving,
    /// It can be used.
    #[n(1)]
    Ready,
    /// It is removed.
    #[n(2)]
    Leaving,
}

/// Whom a store is of. Sealed by the phone's key alone: the phone shows the names of its people before a PIN is entered.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Label {
    /// The account.
    #[n(0)]
    pub account: String,
    /// The person's name.
    #[n(1)]
    pub name: String,
    /// The device that the store's operations are of.
    #[n(2)]
    pub device: DeviceId,
}

/// The form on screen, for a person whose phone is killed in it. Beside the places and not among the single values,
/// so that it is written with an answer in one transaction that keeps nobody else waiting.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct FillingRow {
    /// The record.
    #[n(0)]
    pub record: RecordId,
    /// Whether the store holds the record: a new one without an answer is not kept, and begun again instead.
    #[n(1)]
    pub stored: bool,
    /// Its form's id.
    #[n(2)]
    pub form: String,
    /// The org unit it is for.
    #[n(3)]
    pub unit: String,
    /// Field path of the question where the person was.
    #[n(4)]
    pub place: String,
    /// Whether a file for that question was on its way: older versions of the app know no other way to say so.
    #[n(5)]
    pub awaits_file: Option<bool>,
    /// Field path of a question that a file was on its way to or a sound was being recorded for, wherever the person went meanwhile.
    #[n(6)]
    pub coming: Option<String>,
    /// Those of the others, if there were more.
    #[n(7)]
    pub coming_too: Option<Vec<String>>,
}

impl FillingRow {
    /// Field paths of the questions whose files do not come any more.
    #[must_use]
    pub fn awaited(&self) -> BTreeSet<String> {
        let here = (self.awaits_file == Some(true)).then_some(&self.place);
        let elsewhere = self.coming.iter().chain(self.coming_too.iter().flatten());
        sync::gather(elsewhere.chain(here).cloned())
    }

    /// Reads a row. One that cannot be read sends nobody anywhere: no work is in it.
    #[must_use]
    pub fn decode(row: &[u8]) -> Option<Self> {
        codec::decode(row).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows of version 1 stay readable for ever: phones in the field hold them.
    #[test]
    fn rows_of_version_1_keep_their_bytes() {
        let outbox = OutboxRow {
            bytes: vec![1, 2],
            outcome: Some(Outcome::Merged),
            reason: None,
            set_aside: None,
        };
        assert_eq!(codec::encode(&outbox), [0xa2, 0x00, 0x42, 1, 2, 0x01, 0x01]);
        let aside = OutboxRow {
            outcome: Some(Outcome::Quarantined),
            reason: Some(QuarantineReason::OutOfScope),
            set_aside: Some("x".to_owned()),
            ..outbox
        };
        let bytes = [0xa4, 0x00, 0x42, 1, 2, 0x01, 0x03, 0x02, 0x02, 0x03, 0x61, b'x'];
        assert_eq!(codec::encode(&aside), bytes);
        let mut blob = BlobRow {
            size: 300,
            media_type: "a/b".to_owned(),
            sent: true,
            sent_after: None,
            kept_ms: None,
            dropped_ms: None,
        };
        let bytes = [0xa3, 0x00, 0x19, 0x01, 0x2c, 0x01, 0x63, b'a', b'/', b'b', 0x02, 0xf5];
        assert_eq!(codec::encode(&blob), bytes);
        (blob.sent_after, blob.kept_ms) = (Some(7), Some(8));
        let later = [&[0xa5], &bytes[1..], &[0x03, 7, 0x04, 8]].concat();
        assert_eq!(codec::encode(&blob), later);
        blob.dropped_ms = Some(9);
        let dropped = [&[0xa6], &later[1..], &[0x05, 9]].concat();
        assert_eq!(codec::encode(&blob), dropped);
        let list = EntityListRow { tag: "t".to_owned(), as_of_ms: 9, csv: "c".to_owned() };
        let bytes = [0xa3, 0x00, 0x61, b't', 0x01, 0x09, 0x02, 0x61, b'c'];
        assert_eq!(codec::encode(&list), bytes);
        let filling = FillingRow {
            record: RecordId([9; 16]),
            stored: true,
            form: "f".to_owned(),
            unit: "u".to_owned(),
            place: "a/b".to_owned(),
            awaits_file: None,
            coming: None,
            coming_too: None,
        };
        let mut bytes = vec![0xa5, 0x00, 0x50];
        bytes.extend([9; 16]);
        bytes.extend([0x01, 0xf5, 0x02, 0x61, b'f', 0x03, 0x61, b'u', 0x04, 0x63]);
        bytes.extend(b"a/b");
        assert_eq!(codec::encode(&filling), bytes);
        let awaiting = FillingRow { awaits_file: Some(true), ..filling };
        bytes[0] = 0xa6;
        bytes.extend([0x05, 0xf5]);
        assert_eq!(codec::encode(&awaiting), bytes);
        let recording = FillingRow { coming: Some("c".to_owned()), ..awaiting };
        bytes[0] = 0xa7;
        bytes.extend([0x06, 0x61, b'c']);
        assert_eq!(codec::encode(&recording), bytes);
        assert_eq!(recording.awaited(), ["a/b", "c"].map(str::to_owned).into());
        let more = FillingRow { coming_too: Some(vec!["d".to_owned()]), ..recording };
        bytes[0] = 0xa8;
        bytes.extend([0x07, 0x81, 0x61, b'd']);
        assert_eq!(codec::encode(&more), bytes);
        assert_eq!(more.awaited(), ["a/b", "c", "d"].map(str::to_owned).into());
    }

    #[test]
    fn rows_of_the_people_keep_their_bytes() {
        let pin = PinRow { salt: [5; 16], memory_kib: 1_024, passes: 2 };
        let person = PersonRow {
            label: vec![1],
            wrap: vec![2],
            pin: Some(pin),
            wrong_pins: 3,
            wrong_ms: 4,
            idle_min: 5,
            stage: Stage::Ready,
            wipe_after: None,
            copies: None,
            lost: None,
            aside: None,
        };
        let mut bytes = vec![0xa7, 0x00, 0x41, 1, 0x01, 0x41, 2, 0x02, 0xa3, 0x00, 0x50];
        bytes.extend([5; 16]);
        bytes.extend([0x01, 0x19, 0x04, 0x00, 0x02, 0x02]);
        bytes.extend([0x03, 3, 0x04, 4, 0x05, 5, 0x06, 1]);
        assert_eq!(codec::encode(&person), bytes);
        let copy = CopyRow {
            rows: Some(Hash([7; 32])),
            bundle: Some(Hash([8; 32])),
            size: 9,
            received_ms: Some(10),
            refused: Some("x".to_owned()),
        };
        let copies = Some(vec![copy, CopyRow::default()]);
        let person = PersonRow { wipe_after: Some(11), copies, ..person };
        bytes[0] = 0xa9;
        bytes.extend([0x07, 11, 0x08, 0x82, 0xa5, 0x00, 0x58, 0x20]);
        bytes.extend([7; 32]);
        bytes.extend([0x01, 0x58, 0x20]);
        bytes.extend([8; 32]);
        bytes.extend([0x02, 9, 0x03, 10, 0x04, 0x61, b'x', 0xa1, 0x02, 0]);
        assert_eq!(codec::encode(&person), bytes);
        bytes[0] = 0xaa;
        bytes.extend([0x09, 0xf5]);
        let person = PersonRow { lost: Some(true), ..person };
        assert_eq!(codec::encode(&person), bytes);
        bytes[0] = 0xab;
        bytes.extend([0x0a, 0xf4]);
        assert_eq!(codec::encode(&PersonRow { aside: Some(false), ..person }), bytes);
        let label =
            Label { account: "a".to_owned(), name: "b".to_owned(), device: DeviceId([6; 16]) };
        let mut bytes = vec![0xa3, 0x00, 0x61, b'a', 0x01, 0x61, b'b', 0x02, 0x50];
        bytes.extend([6; 16]);
        assert_eq!(codec::encode(&label), bytes);
    }

    #[test]
    fn rows_of_summaries_keep_their_bytes() {
        let kept = Kept { version: 1, pages: 2, first: 3 };
        assert_eq!(codec::encode(&kept), [0xa3, 0x00, 1, 0x01, 2, 0x02, 3]);
        let before_it_had_a_first = [0xa2, 0x00, 1, 0x01, 2];
        assert_eq!(codec::decode(&before_it_had_a_first), Ok(Kept { first: 0, ..kept }));
        let form = FormRef { id: "f".to_owned(), version: "1".to_owned(), hash: Hash([8; 32]) };
        let row = SummaryRow {
            id: RecordId([9; 16]),
            form: form.clone(),
            unit: "u".to_owned(),
            author: "a".to_owned(),
            title: "t".to_owned(),
            state: "submitted".to_owned(),
            changed_ms: 7,
            deleted: false,
            conflicts: 1,
            folded: "t".to_owned(),
            returned: None,
            looks: None,
            begun_ms: None,
        };
        let mut bytes = vec![0xaa, 0x00, 0x50];
        bytes.extend([9; 16]);
        bytes.push(0x01);
        bytes.extend(codec::encode(&form));
        bytes.extend([0x02, 0x61, b'u', 0x03, 0x61, b'a', 0x04, 0x61, b't', 0x05]);
        bytes.extend(codec::encode(&"submitted"));
        bytes.extend([0x06, 7, 0x07, 0xf4, 0x08, 1, 0x09, 0x61, b't']);
        assert_eq!(codec::encode(&row), bytes);
        bytes[0] = 0xab;
        bytes.extend([0x0b, 0xf5]);
        let row = SummaryRow { looks: Some(true), ..row };
        assert_eq!(codec::encode(&row), bytes);
        bytes[0] = 0xac;
        bytes.extend([0x0c, 5]);
        assert_eq!(codec::encode(&SummaryRow { begun_ms: Some(5), ..row }), bytes);
    }

    #[test]
    fn packs_keep_their_bytes() {
        let rows = vec![ByteVec::from(vec![1, 2]), ByteVec::from(Vec::new())];
        assert_eq!(codec::encode(&PackRow { rows }), [0xa1, 0x00, 0x82, 0x42, 1, 2, 0x40]);
    }

    /// A value is sealed for its key: two keys that look alike in bytes could change places.
    #[test]
    fn no_two_keys_have_the_same_bytes() {
        let keys = [
            Key::Number(97),
            Key::Text("a".to_owned()),
            Key::Bytes(vec![b'a']),
            Key::Bytes(97_u64.to_be_bytes().to_vec()),
            Key::Bytes([&[1; 32][..], &7_u32.to_be_bytes()].concat()),
            Key::Piece(vec![1; 32], 7),
            Key::Piece(vec![1; 32], 8),
        ];
        let bytes: BTreeSet<Vec<u8>> = keys.iter().map(Key::to_bytes).collect();
        assert_eq!(bytes.len(), keys.len());
    }
}
