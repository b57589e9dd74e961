//! Proof that a device holds all that it may: the server counts what its person sees, and the device what is on its disk.
//!
//! No two states of records ever stand at one place of the feed (`rv`), so that the places alone say which records there are and
//! in which state; the server finds them in an index, without a look at the records.

use minicbor::{Decode, Encode};

use crate::{codec, wire::Tally};

impl Tally {
    /// Counts the record at a place of the feed.
    pub fn add(&mut self, rv: u64) {
        let [a, b, c, d, e, f, g, h, ..] = codec::hash(&rv.to_be_bytes()).0;
        self.records += 1;
        self.places = self.places.wrapping_add(u64::from_be_bytes([a, b, c, d, e, f, g, h]));
    }

    /// Counts a record as a device stores it, a [`crate::view::Base`]. One that cannot be read is not there.
    pub fn add_stored(&mut self, row: &[u8]) {
        if let Ok(Row { state: Place { rv } }) = codec::decode(row) {
            self.add(rv);
        }
    }
}

impl Extend<u64> for Tally {
    fn extend<T: IntoIterator<Item = u64>>(&mut self, places: T) {
        places.into_iter().for_each(|rv| self.add(rv));
    }
}

/// What is asked of a [`crate::view::Base`]: a device with a hundred thousand reads nothing else of them.
#[derive(Encode, Decode)]
#[cbor(map)]
struct Row {
    #[n(0)]
    state: Place,
}

/// The same of a [`crate::wire::RecordState`].
#[derive(Encode, Decode)]
#[cbor(map)]
struct Place {
    #[n(7)]
    rv: u64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{pull::left, view::Base, wire::RecordId};

    fn of(places: &[u64]) -> Tally {
        let mut tally = Tally::default();
        tally.extend(places.iter().copied());
        tally
    }

    #[test]
    fn a_record_that_is_missing_older_or_another_one_counts_otherwise() {
        assert_eq!(of(&[]), Tally::default());
        assert_eq!(of(&[1, 2, 300]), of(&[300, 1, 2]), "in whatever order");
        for others in [&[1, 2][..], &[1, 2, 299], &[1, 2, 300, 4], &[0, 3, 300], &[1, 2, 2]] {
            assert_ne!(of(others), of(&[1, 2, 300]), "{others:?}");
        }
    }

    /// Frozen: phones and servers of all versions count alike.
    #[test]
    fn a_place_comes_to_the_first_bytes_of_its_hash() {
        assert_eq!(of(&[0]), Tally { records: 1, places: 0xaf55_70f5_a181_0b7a });
    }

    #[test]
    fn a_stored_record_is_counted_by_its_place() {
        let mut tally = Tally::default();
        let state = left(RecordId([1; 16]), "phuong/1".to_owned(), 300);
        tally.add_stored(&codec::encode(&Base { state, included: 1, generation: 2 }));
        tally.add_stored(&[0xff]);
        assert_eq!(tally, of(&[300]));
    }
}
