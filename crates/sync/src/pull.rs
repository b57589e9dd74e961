//! The server's side of a pull: where a cursor goes on, and what a page says.
//!
//! The feed holds one entry for each record, at the place (`rv`) of its last change. A cursor that is not
//! of this epoch and scope starts a new generation from the feed's beginning.

use std::{fmt, str::FromStr};

use crate::wire::{Hash, PullResponse, RecordState, WIRE_VERSION};

/// Records in one page.
pub const PAGE_SIZE: usize = 500;

/// How far a device has read. Text to the device, which never looks inside.
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
    /// Tells a cursor that was cut or mistyped; it keeps no secret and guards no right.
    fn checksum(self) -> u32 {
        let words = [self.epoch, self.scope_rev, self.rv];
        let bytes = words.into_iter().flat_map(u64::to_be_bytes);
        bytes.fold(0x811c_9dc5, |sum, byte| (sum ^ u32::from(byte)).wrapping_mul(0x0100_0193))
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { epoch, scope_rev, rv } = self;
        write!(f, "1.{epoch:x}.{scope_rev:x}.{rv:x}.{:08x}", self.checksum())
    }
}

/// A text that no server gave out as a cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a cursor")]
pub struct ParseCursorError;

impl FromStr for Cursor {
    type Err = ParseCursorError;

    fn from_str(text: &str) -> Result<Self, ParseCursorError> {
        let parts: Vec<&str> = text.split('.').collect();
        let ["1", epoch, scope_rev, rv, _] = parts[..] else { return Err(ParseCursorError) };
        let number =
            |digits| u64::from_str_radix(digits, 16).map_err(|_not_a_number| ParseCursorError);
        let cursor = Self { epoch: number(epoch)?, scope_rev: number(scope_rev)?, rv: number(rv)? };
        if cursor.to_string() == text { Ok(cursor) } else { Err(ParseCursorError) }
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
        let cursor = cursor.and_then(|text| text.parse::<Cursor>().ok());
        let cursor = cursor.filter(|cursor| cursor.epoch == self.epoch);
        let rewound = cursor.is_some_and(|cursor| cursor.rv > self.head);
        match cursor.filter(|cursor| cursor.scope_rev == self.scope_rev && !rewound) {
            Some(cursor) => Start { after: cursor.rv, reset: false, rewound },
            None => Start { after: 0, reset: true, rewound },
        }
    }

    /// The page that begins at `start`. `records` are the entries after it that the person may see, rising
    /// by `rv`, one more than `size` if there are that many.
    #[must_use]
    pub fn page(
        &self,
        start: Start,
        mut records: Vec<RecordState>,
        size: usize,
        about: About,
    ) -> PullResponse {
        let more = records.len() > size;
        records.truncate(size);
        let rv = match records.last() {
            Some(last) if more => last.rv,
            _ => self.head.max(start.after),
        };
        let cursor = Cursor { epoch: self.epoch, scope_rev: self.scope_rev, rv };
        PullResponse {
            version: WIRE_VERSION,
            epoch: self.epoch,
            cursor: cursor.to_string(),
            more,
            records,
            included: about.acked,
            safe: about.safe,
            units: start.reset.then_some(about.units),
            pack: about.pack,
            server_ms: about.server_ms,
            reset: start.reset,
        }
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
}

#[cfg(test)]
mod tests {
    use super::*;

    const FEED: Feed = Feed { epoch: 7, scope_rev: 2, head: 40 };

    #[test]
    fn a_cursor_goes_on_only_in_its_own_epoch_and_scope() {
        let text = |epoch, scope_rev, rv| Cursor { epoch, scope_rev, rv }.to_string();
        for (cursor, after, reset, rewound) in [
            (Some(text(7, 2, 13)), 13, false, false),
            (Some(text(7, 2, 40)), 40, false, false),
            (Some(text(7, 2, 41)), 0, true, true),
            (Some(text(6, 2, 13)), 0, true, false),
            (Some(text(6, 2, 99)), 0, true, false),
            (Some(text(7, 1, 13)), 0, true, false),
            (Some(text(7, 2, 13) + "0"), 0, true, false),
            (Some("1.7.2.d.00000000".to_owned()), 0, true, false),
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
        let text = cursor.to_string();
        assert_eq!(text.parse(), Ok(cursor));
        for cut in 0..text.len() {
            assert_eq!(text.get(..cut).unwrap().parse::<Cursor>(), Err(ParseCursorError));
            let mut changed = text.clone().into_bytes();
            changed[cut] ^= 1;
            let changed = String::from_utf8(changed).unwrap();
            assert_eq!(changed.parse::<Cursor>(), Err(ParseCursorError), "{changed}");
        }
    }
}
