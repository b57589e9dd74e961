//! CBOR and hexadecimal: how wire types become bytes, and ids become text.

use std::{convert::Infallible, fmt, str::FromStr};

use minicbor::{Decode, Decoder, Encode};
use sha2::{Digest, Sha256};

use crate::wire::{DeviceId, Hash, QuarantineReason, RecordId, State, WIRE_VERSION};

/// Bytes that are not what was expected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Not the CBOR of that type: truncated, or something else.
    #[error("not readable: {0}")]
    Malformed(String),
    /// Readable, and something follows.
    #[error("{0} bytes follow the end")]
    Trailing(usize),
}

/// A value's CBOR. The same value always gives the same bytes.
pub fn encode<T: Encode<()>>(value: &T) -> Vec<u8> {
    encode_behind(Vec::new(), value)
}

/// A value's CBOR behind these bytes, or in the room that they have.
pub(crate) fn encode_behind<T: Encode<()>>(mut bytes: Vec<u8>, value: &T) -> Vec<u8> {
    let written: Result<(), minicbor::encode::Error<Infallible>> =
        minicbor::encode(value, &mut bytes);
    written.expect("a vector takes every byte");
    bytes
}

/// The value whose CBOR these bytes are, all of them.
pub fn decode<'b, T: Decode<'b, ()>>(bytes: &'b [u8]) -> Result<T, DecodeError> {
    let mut decoder = Decoder::new(bytes);
    let value = decoder.decode().map_err(|error| DecodeError::Malformed(error.to_string()))?;
    match bytes.len() - decoder.position() {
        0 => Ok(value),
        rest => Err(DecodeError::Trailing(rest)),
    }
}

/// SHA-256 of some bytes.
#[must_use]
pub fn hash(bytes: &[u8]) -> Hash {
    Hash(Sha256::digest(bytes).into())
}

/// SHA-256 of bytes that come piece by piece.
#[derive(Clone, Debug, Default)]
pub struct Hasher(Sha256);

impl Hasher {
    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The hash of all of them.
    #[must_use]
    pub fn finish(self) -> Hash {
        Hash(self.0.finalize().into())
    }
}

/// Whether a peer that says this version may be answered: pull may demand an upgrade, push never does.
#[must_use]
pub fn is_understood(version: u32) -> bool {
    (1..=WIRE_VERSION).contains(&version)
}

/// A text that is not an id in hexadecimal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not {expected} hexadecimal digits")]
pub struct ParseIdError {
    expected: usize,
}

fn parse_hex<const N: usize>(text: &str) -> Result<[u8; N], ParseIdError> {
    let error = || ParseIdError { expected: 2 * N };
    let digits = text.as_bytes();
    if digits.len() != 2 * N {
        return Err(error());
    }
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|value| u8::try_from(value).ok());
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        let (Some(high), Some(low)) = (digit(pair[0]), digit(pair[1])) else { return Err(error()) };
        *byte = high << 4 | low;
    }
    Ok(bytes)
}

macro_rules! hexadecimal {
    ($($id:ident)*) => {$(
        impl fmt::Display for $id {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl FromStr for $id {
            type Err = ParseIdError;

            fn from_str(text: &str) -> Result<Self, ParseIdError> {
                parse_hex(text).map(Self)
            }
        }
    )*};
}

hexadecimal!(DeviceId RecordId Hash);

/// A text that names no [`State`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("“{0}” is no record state")]
pub struct ParseStateError(String);

impl State {
    /// Every state, in the order of a record's life.
    pub const ALL: [Self; 5] =
        [Self::Draft, Self::Submitted, Self::Returned, Self::Approved, Self::Withdrawn];

    /// The name that stands in [`crate::wire::field::STATE`].
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Submitted => "submitted",
            Self::Returned => "returned",
            Self::Approved => "approved",
            Self::Withdrawn => "withdrawn",
        }
    }
}

impl QuarantineReason {
    /// Every reason.
    pub const ALL: [Self; 9] = [
        Self::UnknownForm,
        Self::UnknownUnit,
        Self::OutOfScope,
        Self::Revoked,
        Self::Unreadable,
        Self::Fork,
        Self::TooLarge,
        Self::OtherAuthor,
        Self::NotAllowed,
    ];

    /// The code that stands for it in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::UnknownForm => "unknown_form",
            Self::UnknownUnit => "unknown_unit",
            Self::OutOfScope => "out_of_scope",
            Self::Revoked => "revoked",
            Self::Unreadable => "unreadable",
            Self::Fork => "fork",
            Self::TooLarge => "too_large",
            Self::OtherAuthor => "other_author",
            Self::NotAllowed => "not_allowed",
        }
    }

    /// The same in words that every phone knows: one of an older version could not read an answer with a newer reason in it.
    #[must_use]
    pub fn told(self) -> Self {
        match self {
            Self::NotAllowed => Self::OutOfScope,
            known => known,
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for State {
    type Err = ParseStateError;

    fn from_str(text: &str) -> Result<Self, ParseStateError> {
        Self::ALL
            .into_iter()
            .find(|state| state.name() == text)
            .ok_or_else(|| ParseStateError(text.to_owned()))
    }
}
