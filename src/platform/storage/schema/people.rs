//! Rows of who uses the phone: their names, their PINs, and copies of their work.

use minicbor::{Decode, Encode};
use sync::wire::{DeviceId, Hash};

/// A row of [`Store::People`](super::Store::People). In the clear but for what the phone's key seals: it is read before
/// anybody is let in.
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

#[cfg(test)]
impl PersonRow {
    /// A person without a PIN, of whom nothing is known yet.
    pub(crate) const fn blank() -> Self {
        Self {
            label: Vec::new(),
            wrap: Vec::new(),
            pin: None,
            wrong_pins: 0,
            wrong_ms: 0,
            idle_min: 5,
            stage: Stage::Ready,
            wipe_after: None,
            copies: None,
            lost: None,
            aside: None,
        }
    }
}

/// A copy of unsent work, a bundle whose bytes lie in [`Store::CarriedPieces`](super::Store::CarriedPieces).
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

#[cfg(test)]
mod tests {
    use sync::codec;

    use super::*;

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
}
