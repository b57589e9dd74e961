//! What is stored where; the rows' CBOR is the sync crate's, frozen there.
//!
//! Each person has a database, sealed as a whole under the person's key. Beside them the phone's own, `sotay`, knows who
//! the people are, and keeps what others sealed for the server. Its first two versions had the one person's stores, in the
//! clear: what is left of that is moved (`moving.rs`).
//!
//! A store's name and its key never change meaning: a new need is a new store and a new version.

mod keys;
mod people;
mod rows;

pub use self::{
    keys::{FILLING, Key, PACK, meta, phone},
    people::{CopyRow, Label, PersonRow, PinRow, Stage},
    rows::{BlobRow, EntityListRow, FillingRow, Kept, OutboxRow, PackRow, SummaryRow},
};

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
