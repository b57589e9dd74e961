//! The keys that rows lie under.

use sync::wire::{Hash, RecordId};

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

/// Keys of [`Store::Phone`](super::Store::Phone).
pub mod phone {
    /// The key that the browser keeps and never shows: no bytes, but a `CryptoKey`.
    pub const KEY: &str = "key";
    /// The id of the person whose store is opened at the start.
    pub const CURRENT: &str = "current";
    /// Before the id of somebody who left: whose session is to end at the server. The row is their label, sealed as it was.
    pub const LEFT: &str = "left ";
}

/// The key of the one row in [`Store::Pack`](super::Store::Pack).
pub const PACK: &str = "pack";

/// The key of the one [`FillingRow`](super::FillingRow) in [`Store::Place`](super::Store::Place).
pub const FILLING: &str = "filling";

/// Keys of [`Store::Meta`](super::Store::Meta).
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
    /// Before the name of a list of entities: the list as the server told it, an
    /// [`EntityListRow`](super::super::EntityListRow).
    pub const ENTITIES: &str = "entities.";
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

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
