//! What is kept of rescue files: the code of the last one that was made here, and what is missing of one in several files that was
//! opened here.

use minicbor::{Decode, Encode};
use sync::codec;

use super::Carry;
use crate::platform::storage::{Change, Rows, StorageError, Store, schema::meta};
use crate::stores::outbox;

/// More files than anybody hands on.
const MOST: u32 = 1_000;

/// Which one a file is of those that were made together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub(super) struct Part {
    /// The making, a random number.
    #[n(0)]
    pub making: u64,
    /// From 1.
    #[n(1)]
    pub place: u32,
    /// How many there are.
    #[n(2)]
    pub of: u32,
}

/// Files that were made together, of which some were opened here and some not yet.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Parts {
    #[n(0)]
    making: u64,
    /// How many there are.
    #[n(1)]
    pub of: u32,
    /// The places of those that were opened.
    #[n(2)]
    pub here: Vec<u32>,
}

impl Parts {
    /// The places of those that were not.
    #[must_use]
    pub fn missing(&self) -> Vec<u32> {
        (1..=self.of.min(MOST)).filter(|place| !self.here.contains(place)).collect()
    }
}

/// What is missing after that one came too: the row of [`meta::PARTS`], which was such.
pub(super) fn after(rows: &Rows, part: Part) -> Result<Change, StorageError> {
    let mut all: Vec<Parts> = outbox::decode_row(rows, "parts")?.unwrap_or_default();
    let Part { making, place, of } = part;
    match all.iter_mut().find(|parts| parts.making == making) {
        Some(parts) if parts.here.contains(&place) => {}
        Some(parts) => parts.here.push(place),
        None => all.push(Parts { making, of, here: vec![place] }),
    }
    all.retain(|parts| !parts.missing().is_empty());
    Ok(Change::Put(Store::Meta, meta::PARTS.into(), codec::encode(&all)))
}

impl Carry {
    /// What is missing of rescue files that were opened here.
    pub async fn missing_parts(self) -> Result<Vec<Parts>, StorageError> {
        let row = self.storage().row(Store::Meta, meta::PARTS).await?;
        Ok(row.map(|row| outbox::decode(&row, "parts")).transpose()?.unwrap_or_default())
    }

    /// What is missing will not come.
    pub async fn give_up_parts(self) -> Result<(), StorageError> {
        self.storage().write(vec![Change::Delete(Store::Meta, meta::PARTS.into())]).await
    }

    /// The code of the last rescue file, as long as its person has not said that they wrote it down.
    pub async fn rescue_code(self) -> Result<Option<String>, StorageError> {
        let row = self.storage().row(Store::Meta, meta::RESCUE_CODE).await?;
        row.map(|row| outbox::decode(&row, "code")).transpose()
    }

    pub(super) async fn keep_rescue_code(self, code: &String) -> Result<(), StorageError> {
        let put = Change::Put(Store::Meta, meta::RESCUE_CODE.into(), codec::encode(code));
        self.storage().write(vec![put]).await
    }

    /// It is written down.
    pub async fn forget_rescue_code(self) -> Result<(), StorageError> {
        self.storage().write(vec![Change::Delete(Store::Meta, meta::RESCUE_CODE.into())]).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_of_several_files_is_known_until_the_last_came() {
        let mut rows = Rows::new();
        let mut came = |making, place| {
            let change = after(&rows, Part { making, place, of: 3 }).expect("readable");
            let Change::Put(_, key, row) = change else { panic!("{change:?}") };
            let all: Vec<Parts> = codec::decode(&row).expect("readable");
            rows = vec![(key, row)];
            all.iter().map(|parts| (parts.making, parts.missing())).collect::<Vec<_>>()
        };
        assert_eq!(came(7, 1), [(7, vec![2, 3])]);
        assert_eq!(came(7, 1), [(7, vec![2, 3])], "opened twice");
        assert_eq!(came(8, 3), [(7, vec![2, 3]), (8, vec![1, 2])], "another making");
        assert_eq!(came(7, 3), [(7, vec![2]), (8, vec![1, 2])]);
        assert_eq!(came(7, 2), [(8, vec![1, 2])]);
    }
}
