//! Rows of a phone's stores, and what is in none, as a rescue file has them.

use sync::{bundle::Row, codec};

use super::rescue::Part;
use crate::platform::storage::{Store, schema::Key};
use crate::stores::preferences::Chosen;

/// What a rescue file calls the choices about the app's looks, which are in no store.
pub(super) const PREFERENCES: &str = "preferences";
/// What it calls files beside forms, which are in none either.
pub(super) const FORM_FILES: &str = "form-files";
/// What it calls that it is one of several.
pub(super) const PART: &str = "part";

/// A row of a store on its way to another phone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Kept(Row);

impl Kept {
    pub(super) fn of(store: Store, key: &Key, value: Vec<u8>) -> Self {
        Self(Row { store: store.name().to_owned(), key: write_key(key), value })
    }

    pub(super) fn preferences(chosen: &Chosen) -> Self {
        let value = serde_json::to_string(chosen).expect("choices are JSON").into_bytes();
        Self(Row { store: PREFERENCES.to_owned(), key: Vec::new(), value })
    }

    pub(super) fn form_file((name, value): (String, Vec<u8>)) -> Self {
        Self(Row { store: FORM_FILES.to_owned(), key: name.into_bytes(), value })
    }

    pub(super) fn part(part: Part) -> Self {
        Self(Row { store: PART.to_owned(), key: Vec::new(), value: codec::encode(&part) })
    }

    pub(super) fn row(self) -> Row {
        self.0
    }
}

/// A key with its kind before it.
fn write_key(key: &Key) -> Vec<u8> {
    match key {
        Key::Text(name) => [b"t", name.as_bytes()].concat(),
        Key::Bytes(bytes) => [b"b", bytes.as_slice()].concat(),
        Key::Number(number) => [&b"n"[..], &number.to_be_bytes()].concat(),
        Key::Piece(bytes, place) => [&b"p"[..], &place.to_be_bytes(), bytes].concat(),
    }
}

pub(super) fn read_key(key: &[u8]) -> Option<Key> {
    let (kind, rest) = key.split_first()?;
    match kind {
        b't' => String::from_utf8(rest.to_vec()).ok().map(Key::Text),
        b'b' => Some(Key::Bytes(rest.to_vec())),
        b'n' => Some(Key::Number(u64::from_be_bytes(rest.try_into().ok()?))),
        b'p' => {
            let (place, bytes) = rest.split_first_chunk()?;
            Some(Key::Piece(bytes.to_vec(), u32::from_be_bytes(*place)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_of_every_kind_comes_back_as_it_was() {
        for key in [
            Key::from("profile"),
            Key::Bytes(vec![1, 2]),
            Key::Number(u64::MAX),
            Key::Piece(vec![3], 4),
        ] {
            assert_eq!(read_key(&write_key(&key)), Some(key));
        }
        for wrong in [&b""[..], b"x", b"n1", b"p1", b"t\xff"] {
            assert_eq!(read_key(wrong), None);
        }
    }
}
