//! The audit log's chain: what its rows are, and proving that none was changed, removed or moved.
//!
//! A row's hash is the SHA-256 of the hash before it (32 zero bytes before the first) followed by the row in CBOR. Who can
//! write to the database can also write the whole chain anew: that is found out with a head that was noted elsewhere.

use minicbor::Encode;
pub use sync::audit::Action;
use sync::codec;
use sync::wire::Hash;

/// A row without its hash. Its bytes are hashed: fields are only ever added at the end, and only optional ones.
#[derive(Clone, Debug, PartialEq, Eq, Encode)]
#[cbor(array)]
pub struct Entry {
    /// Its place, from 1.
    #[n(0)]
    pub seq: u64,
    /// When.
    #[n(1)]
    pub at_ms: i64,
    /// The account that did it; none: the operator of the machine, or somebody who was not let in.
    #[n(2)]
    pub actor: Option<String>,
    /// What was done: [`Action::name`].
    #[n(3)]
    pub action: String,
    /// What it was done to.
    #[n(4)]
    pub object: String,
    /// The unit that it concerns.
    #[n(5)]
    pub unit: Option<String>,
    /// More of it: a JSON object.
    #[n(6)]
    pub detail: String,
}

/// The hash before the first row.
pub const START: Hash = Hash([0; 32]);

impl Entry {
    /// The hash of this row behind another.
    #[must_use]
    pub fn hash(&self, before: Hash) -> Hash {
        codec::hash(&[before.0.as_slice(), &codec::encode(self)].concat())
    }
}

/// Where a chain is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// There is no row at that place, and there are later ones.
    #[error("row {0} is missing")]
    Missing(u64),
    /// That row is not what it was, or stands behind another than it did.
    #[error("row {0} was changed or moved")]
    Changed(u64),
    /// Rows at the end are missing.
    #[error("the rows after {last} are missing: there were {of}")]
    Cut {
        /// The last row that is there.
        last: u64,
        /// How many there were.
        of: u64,
    },
    /// The head that was noted elsewhere is not that of that row.
    #[error("row {0} is another one than was noted elsewhere")]
    NotNoted(u64),
}

/// A chain that is being proved, row by row.
#[derive(Clone, Copy, Debug)]
pub struct Chain {
    /// How many rows were proved.
    pub rows: u64,
    /// The hash of the last of them.
    pub head: Hash,
    noted: Option<(u64, Hash)>,
}

impl Chain {
    /// A chain of which nothing was proved yet. `noted` is a row's place and hash, as they were noted elsewhere.
    #[must_use]
    pub fn new(noted: Option<(u64, Hash)>) -> Self {
        Self { rows: 0, head: START, noted }
    }

    /// Proves that a row is the next one.
    pub fn take(&mut self, entry: &Entry, stored: Hash) -> Result<(), Broken> {
        let next = self.rows + 1;
        if entry.seq > next {
            return Err(Broken::Missing(next));
        }
        let hash = entry.hash(self.head);
        if entry.seq < next || hash != stored {
            return Err(Broken::Changed(entry.seq));
        }
        if self.noted.is_some_and(|(seq, noted)| seq == next && noted != hash) {
            return Err(Broken::NotNoted(next));
        }
        (self.rows, self.head) = (next, hash);
        Ok(())
    }

    /// Proves that nothing follows that should: `of` and `head` are what the server counts by.
    pub fn end(&self, of: u64, head: Hash) -> Result<(), Broken> {
        let of = self.noted.map_or(of, |(seq, _)| of.max(seq));
        if self.rows < of {
            Err(Broken::Cut { last: self.rows, of })
        } else if self.rows > of || self.head != head {
            Err(Broken::Changed(self.rows))
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(seq: u64) -> Entry {
        Entry {
            seq,
            at_ms: 1_732_400_000_000,
            actor: (seq != 2).then(|| "dieuphoi".to_owned()),
            action: Action::SessionRevoke.name().to_owned(),
            object: format!("session {seq}"),
            unit: Some("dn_p_long_khanh".to_owned()),
            detail: "máy bị mất".to_owned(),
        }
    }

    fn rows(last: u64) -> Vec<(Entry, Hash)> {
        let mut before = START;
        let row = |seq| {
            before = entry(seq).hash(before);
            (entry(seq), before)
        };
        (1..=last).map(row).collect()
    }

    fn prove(
        rows: &[(Entry, Hash)],
        of: u64,
        head: Hash,
        noted: Option<(u64, Hash)>,
    ) -> Result<(), Broken> {
        let mut chain = Chain::new(noted);
        for (entry, hash) in rows {
            chain.take(entry, *hash)?;
        }
        chain.end(of, head)
    }

    #[test]
    fn whatever_is_done_to_a_row_breaks_the_chain_at_its_place() {
        let sound = rows(5);
        let head = sound[4].1;
        assert_eq!(prove(&sound, 5, head, None), Ok(()));
        assert_eq!(prove(&[], 0, START, None), Ok(()));
        let changes: [fn(&mut Entry); 6] = [
            |entry| entry.at_ms += 1,
            |entry| entry.actor = None,
            |entry| entry.action = "export".to_owned(),
            |entry| entry.object.push('x'),
            |entry| entry.unit = None,
            |entry| entry.detail.clear(),
        ];
        for change in changes {
            let mut rows = sound.clone();
            change(&mut rows[2].0);
            assert_eq!(prove(&rows, 5, head, None), Err(Broken::Changed(3)));
            // Also when the row was given a hash that fits it.
            rows[2].1 = rows[2].0.hash(rows[1].1);
            assert_eq!(prove(&rows, 5, head, None), Err(Broken::Changed(4)));
        }
        for place in 0..4 {
            let mut rows = sound.clone();
            rows.remove(place);
            assert_eq!(prove(&rows, 5, head, None), Err(Broken::Missing(place as u64 + 1)));
            let mut rows = sound.clone();
            rows.swap(place, place + 1);
            (rows[place].0.seq, rows[place + 1].0.seq) = (place as u64 + 1, place as u64 + 2);
            assert_eq!(prove(&rows, 5, head, None), Err(Broken::Changed(place as u64 + 1)));
        }
        assert_eq!(prove(&sound[..4], 5, head, None), Err(Broken::Cut { last: 4, of: 5 }));
        assert_eq!(prove(&sound, 4, sound[3].1, None), Err(Broken::Changed(5)), "added by hand");
    }

    #[test]
    fn a_chain_that_was_written_anew_is_found_by_a_head_noted_elsewhere() {
        let noted = Some((3, rows(5)[2].1));
        assert_eq!(prove(&rows(5), 5, rows(5)[4].1, noted), Ok(()));
        let mut forged = rows(5);
        forged[1].0.detail = "không có gì".to_owned();
        for place in 1..5 {
            forged[place].1 = forged[place].0.hash(forged[place - 1].1);
        }
        assert_eq!(prove(&forged, 5, forged[4].1, None), Ok(()));
        assert_eq!(prove(&forged, 5, forged[4].1, noted), Err(Broken::NotNoted(3)));
        assert_eq!(prove(&rows(2), 2, rows(2)[1].1, noted), Err(Broken::Cut { last: 2, of: 3 }));
    }

    /// Frozen: rows that were written once must be proved for ever.
    #[test]
    fn a_row_is_hashed_as_it_was_on_the_first_day() {
        let hashes: Vec<String> = rows(2).iter().map(|(_, hash)| hash.to_string()).collect();
        assert_eq!(
            hashes,
            [
                "b316154c3dd2eb735b283e54b6574b764a2eafd9b429c64064fb02a046e7d9ec",
                "6a0e4c7c3dfcd475b71df353cd0b6f6b18e9905894786480014da03ad841470b",
            ]
        );
    }
}
