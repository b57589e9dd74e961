//! What is stored where. Version 2 of the database `sotay`; the rows' CBOR is the sync crate's, frozen there.
//!
//! A store's name and its key never change meaning: a new need is a new store and a new [`VERSION`].

use minicbor::{Decode, Encode};
use sync::{
    codec,
    view::Held,
    wire::{Hash, Operation, Outcome, QuarantineReason, RecordId, Verdict},
};

use super::StorageError;

/// The database's name.
pub const DATABASE: &str = "sotay";

/// The schema's version; [`Store::since`] says which stores each version added.
pub const VERSION: u32 = 2;

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
    /// Bundles of others that this phone keeps until it has brought them, by hash.
    Carried,
    /// Those in pieces of [`CHUNK_SIZE_BYTES`], by hash and place.
    CarriedPieces,
}

/// Every store.
pub const STORES: [Store; 11] = [
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
];

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
    pub const RESCUED: &str = "rescued";
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
            Self::Carried => "carried",
            Self::CarriedPieces => "carriedpieces",
        }
    }

    /// The version that added the store.
    #[must_use]
    pub fn since(self) -> u32 {
        match self {
            Self::Carried | Self::CarriedPieces => 2,
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
    /// What the server did with it, once it has said so.
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
}

impl BlobRow {
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
}

impl FillingRow {
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
        let blob = BlobRow { size: 300, media_type: "a/b".to_owned(), sent: true };
        let bytes = [0xa3, 0x00, 0x19, 0x01, 0x2c, 0x01, 0x63, b'a', b'/', b'b', 0x02, 0xf5];
        assert_eq!(codec::encode(&blob), bytes);
        let list = EntityListRow { tag: "t".to_owned(), as_of_ms: 9, csv: "c".to_owned() };
        let bytes = [0xa3, 0x00, 0x61, b't', 0x01, 0x09, 0x02, 0x61, b'c'];
        assert_eq!(codec::encode(&list), bytes);
        let filling = FillingRow {
            record: RecordId([9; 16]),
            stored: true,
            form: "f".to_owned(),
            unit: "u".to_owned(),
            place: "a/b".to_owned(),
        };
        let mut bytes = vec![0xa5, 0x00, 0x50];
        bytes.extend([9; 16]);
        bytes.extend([0x01, 0xf5, 0x02, 0x61, b'f', 0x03, 0x61, b'u', 0x04, 0x63]);
        bytes.extend(b"a/b");
        assert_eq!(codec::encode(&filling), bytes);
    }
}
