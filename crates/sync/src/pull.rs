//! The server's side of a pull: where a cursor goes on, and what a page says.
//!
//! The feed holds one entry for each record, at the place (`rv`) of its last change, and one for each unit that a record
//! has left, at the place where it did: whoever sees that unit and not the record's present one is told that it [`left`].
//! An operation that could not be applied has a place too, for the other devices of whoever wrote it: see [`crate::desk`].
//! A cursor that is not of this epoch and scope starts a new generation from the feed's beginning.

use std::collections::BTreeMap;

use crate::{
    codec,
    wire::{
        AtDesk, FormRef, Hash, PullResponse, RecordId, RecordState, Tally, Verdict, WIRE_VERSION,
    },
};

/// Records in one page.
pub const PAGE_SIZE: usize = 500;
/// Records in one page for a device that takes their answers in columns: those have half the bytes.
pub const PAGE_IN_COLUMNS: usize = 1_000;

/// What the server signs its cursors with: random, kept in its database and in every copy of it.
pub type CursorKey = [u8; 32];

/// How far a device has read. Text to the device, which never looks inside.
///
/// It is signed, because the server acts on one that is ahead of its database: only the server itself can have been
/// there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The server's epoch when it was given out.
    pub epoch: u64,
    /// The revision of what the person may see.
    pub scope_rev: u64,
    /// Everything up to this place of the feed was sent.
    pub rv: u64,
}

impl Cursor {
    /// The text that the device keeps.
    #[must_use]
    pub fn sign(self, key: &CursorKey) -> String {
        let Self { epoch, scope_rev, rv } = self;
        format!("2.{epoch:x}.{scope_rev:x}.{rv:x}.{}", self.signature(key))
    }

    /// The cursor of a text, if this key signed it.
    #[must_use]
    pub fn read(text: &str, key: &CursorKey) -> Option<Self> {
        let parts: Vec<&str> = text.split('.').collect();
        let ["2", epoch, scope_rev, rv, _] = parts[..] else { return None };
        let number = |digits| u64::from_str_radix(digits, 16).ok();
        let cursor = Self { epoch: number(epoch)?, scope_rev: number(scope_rev)?, rv: number(rv)? };
        (cursor.sign(key) == text).then_some(cursor)
    }

    /// Half of an HMAC-SHA256: 128 bits that nobody guesses.
    fn signature(self, key: &CursorKey) -> String {
        let padded = |pad: u8| {
            let mut block = [pad; 64];
            block.iter_mut().zip(key).for_each(|(byte, key)| *byte ^= key);
            block
        };
        let words = [self.epoch, self.scope_rev, self.rv].map(u64::to_be_bytes).concat();
        let inner = codec::hash(&[padded(0x36).as_slice(), &words].concat());
        let outer = codec::hash(&[padded(0x5c).as_slice(), &inner.0].concat());
        let mut text = outer.to_string();
        text.truncate(32);
        text
    }
}

/// The feed as one snapshot of the database shows it to the asking person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Feed {
    /// The server's epoch.
    pub epoch: u64,
    /// The revision of what the person may see; it rises with every change of units or role.
    pub scope_rev: u64,
    /// The place of the newest entry of all, seen or not.
    pub head: u64,
    /// What it signs cursors with.
    pub key: CursorKey,
}

/// Where to read on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Start {
    /// Read entries with a greater `rv` than this, rising, one more than fit on the page.
    pub after: u64,
    /// Whether a new generation begins here.
    pub reset: bool,
    /// The device has seen more than the database holds, in the same epoch: the database was rewound, and
    /// must get a new epoch before it answers.
    pub rewound: bool,
}

impl Feed {
    /// Where a cursor goes on. `None`, or one that is not ours, starts from the beginning.
    #[must_use]
    pub fn start(&self, cursor: Option<&str>) -> Start {
        let cursor = cursor.and_then(|text| Cursor::read(text, &self.key));
        let cursor = cursor.filter(|cursor| cursor.epoch == self.epoch);
        let rewound = cursor.is_some_and(|cursor| cursor.rv > self.head);
        match cursor.filter(|cursor| cursor.scope_rev == self.scope_rev && !rewound) {
            Some(cursor) => Start { after: cursor.rv, reset: false, rewound },
            None => Start { after: 0, reset: true, rewound },
        }
    }

    /// How far a page reaches: to its last entry if there is more, else to the feed's head.
    #[must_use]
    pub fn end(&self, start: Start, last_of_more: Option<u64>) -> u64 {
        last_of_more.unwrap_or(self.head.max(start.after))
    }

    /// The page that begins at `start` and reaches to its [`Self::end`]. `records` are entries in between that the person may see,
    /// rising by `rv`; if there is a `last_of_more`, others follow.
    #[must_use]
    pub fn page(
        &self,
        start: Start,
        records: Vec<RecordState>,
        last_of_more: Option<u64>,
        about: About,
    ) -> PullResponse {
        let (rv, more) = (self.end(start, last_of_more), last_of_more.is_some());
        let cursor = Cursor { epoch: self.epoch, scope_rev: self.scope_rev, rv };
        PullResponse {
            version: WIRE_VERSION,
            epoch: self.epoch,
            cursor: cursor.sign(&self.key),
            more,
            records,
            included: about.acked,
            safe: about.safe,
            units: start.reset.then_some(about.units),
            pack: about.pack,
            server_ms: about.server_ms,
            reset: start.reset,
            settled: Some(about.settled).filter(|settled| !settled.is_empty()),
            names: Some(about.names).filter(|names| !names.is_empty()),
            columns: None,
            tally: about.tally.filter(|_| !more),
            waiting: Some(about.waiting).filter(|waiting| !waiting.is_empty()),
        }
    }
}

/// What is told of a record that left `unit` at that place of the feed: its name, and nothing of what is in it.
#[must_use]
pub fn left(record: RecordId, unit: String, rv: u64) -> RecordState {
    RecordState {
        record,
        form: FormRef { id: String::new(), version: String::new(), hash: Hash([0; 32]) },
        unit,
        author: String::new(),
        received_ms: 0,
        changed_ms: 0,
        fields: BTreeMap::new(),
        rv,
        left: true,
        writers: BTreeMap::new(),
    }
}

/// What a page says beside the records, read in the same snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct About {
    /// The asking device's operations up to this `seq` are held.
    pub acked: u64,
    /// The asking device's operations up to this `seq` are in a backup.
    pub safe: u64,
    /// The units the person may see; sent at the beginning of a generation.
    pub units: Vec<String>,
    /// The pack in force.
    pub pack: Hash,
    /// The server's clock.
    pub server_ms: i64,
    /// What the repair desk settled of the asking device's operations: each with the page that reaches both that
    /// moment and the newest state of the record, which has its effect.
    pub settled: Vec<Verdict>,
    /// The names of the people who wrote the records, by account.
    pub names: BTreeMap<String, String>,
    /// All that the person may see, if the device asked for it.
    pub tally: Option<Tally>,
    /// What the repair desk has of the person's and the device may not hold: entries of the page, and what was applied, as in [`Self::settled`].
    pub waiting: Vec<AtDesk>,
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: CursorKey = [7; 32];
    const FEED: Feed = Feed { epoch: 7, scope_rev: 2, head: 40, key: KEY };

    #[test]
    fn a_cursor_goes_on_only_in_its_own_epoch_and_scope() {
        let text = |epoch, scope_rev, rv| Cursor { epoch, scope_rev, rv }.sign(&KEY);
        for (cursor, after, reset, rewound) in [
            (Some(text(7, 2, 13)), 13, false, false),
            (Some(text(7, 2, 40)), 40, false, false),
            (Some(text(7, 2, 41)), 0, true, true),
            (Some(text(6, 2, 13)), 0, true, false),
            (Some(text(6, 2, 99)), 0, true, false),
            (Some(text(7, 1, 13)), 0, true, false),
            (Some(text(7, 2, 13) + "0"), 0, true, false),
            (Some("2.7.2.d.00000000000000000000000000000000".to_owned()), 0, true, false),
            (Some("1.7.2.d.c3bd5ad1".to_owned()), 0, true, false),
            (Some(String::new()), 0, true, false),
            (None, 0, true, false),
        ] {
            assert_eq!(
                FEED.start(cursor.as_deref()),
                Start { after, reset, rewound },
                "{cursor:?}"
            );
        }
    }

    #[test]
    fn a_cursor_that_was_cut_or_changed_is_not_read() {
        let cursor = Cursor { epoch: u64::MAX, scope_rev: 3, rv: 0xabc };
        let text = cursor.sign(&KEY);
        assert_eq!(Cursor::read(&text, &KEY), Some(cursor));
        for cut in 0..text.len() {
            assert_eq!(Cursor::read(text.get(..cut).unwrap(), &KEY), None);
            let mut changed = text.clone().into_bytes();
            changed[cut] ^= 1;
            let changed = String::from_utf8(changed).unwrap();
            assert_eq!(Cursor::read(&changed, &KEY), None, "{changed}");
        }
    }

    #[test]
    fn a_cursor_that_the_server_never_gave_says_nothing_of_its_database() {
        let forged = Cursor { epoch: 7, scope_rev: 2, rv: 41 }.sign(&[8; 32]);
        let start = FEED.start(Some(&forged));
        assert_eq!(start, Start { after: 0, reset: true, rewound: false });
    }

    #[test]
    fn a_cursor_is_signed_by_hmac_sha256() {
        let text = Cursor { epoch: 1, scope_rev: 2, rv: 3 }.sign(&KEY);
        assert_eq!(text, "2.1.2.3.80b370ca34714330ce9cc4ccb4d712ac");
    }
}
