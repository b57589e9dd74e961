//! When a phone that somebody tries PINs on is emptied: only when all that its person entered is at the server.
//!
//! Nobody's PIN is needed to decide it. Whenever the phone locks, what is unsent is sealed to the organisation and put beside
//! the store; what the copy was made of is told by a hash over the rows as they lie sealed on the disk. Each write of a row has
//! a new nonce: as long as the hash is the same, nothing was entered since.

use crate::{codec::Hasher, wire::Hash};

/// A hash over rows as they lie on the disk.
#[derive(Clone, Debug, Default)]
pub struct Trace(Hasher);

impl Trace {
    /// Takes the next row; all of a store follow each other in the order of their keys.
    pub fn row(&mut self, store: &str, key: &[u8], value: &[u8]) {
        for part in [store.as_bytes(), key, value] {
            self.0.update(&(part.len() as u64).to_be_bytes());
            self.0.update(part);
        }
    }

    /// The hash.
    #[must_use]
    pub fn finish(self) -> Hash {
        self.0.finish()
    }
}

/// How far a copy of unsent work is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Copied {
    /// Everything was at the server when the phone locked.
    NothingUnsent,
    /// It lies on this phone only.
    Here,
    /// The server has it on its disk.
    Received,
    /// The server does not take it.
    Refused,
}

/// What is known without the PIN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tried {
    /// Wrong PINs since the last right one.
    pub wrong_pins: u32,
    /// After how many of them the organisation wants the phone emptied; none: never.
    pub wipe_after: Option<u32>,
    /// The whole copy there is, and the hash over the rows that it was made of.
    pub copy: Option<(Copied, Hash)>,
    /// The hash over the rows now.
    pub rows: Hash,
}

/// What is to be done after a wrong PIN, and again when there is a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing but to wait; after so many more wrong PINs the phone is emptied. None: it never is.
    Wait(Option<u32>),
    /// Something is on this phone that is in no copy: it stays, whatever is tried.
    Keep,
    /// The copy is brought to the server.
    Bring,
    /// The store goes.
    Wipe,
}

/// How many more wrong PINs the policy bears; none: any number.
#[must_use]
pub fn tries_left(wrong_pins: u32, wipe_after: Option<u32>) -> Option<u32> {
    wipe_after.map(|limit| limit.saturating_sub(wrong_pins))
}

/// Says what is to be done.
#[must_use]
pub fn step(tried: &Tried) -> Step {
    let left = tries_left(tried.wrong_pins, tried.wipe_after);
    if left != Some(0) {
        return Step::Wait(left);
    }
    match tried.copy {
        Some((copied, rows)) if rows == tried.rows => match copied {
            Copied::NothingUnsent | Copied::Received => Step::Wipe,
            Copied::Here => Step::Bring,
            Copied::Refused => Step::Keep,
        },
        _ => Step::Keep,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROWS: Hash = Hash([1; 32]);

    fn tried(wrong_pins: u32, copied: Option<Copied>) -> Tried {
        Tried {
            wrong_pins,
            wipe_after: Some(5),
            copy: copied.map(|copied| (copied, ROWS)),
            rows: ROWS,
        }
    }

    #[test]
    fn without_a_policy_no_number_of_wrong_pins_does_anything() {
        let tried = Tried { wipe_after: None, ..tried(u32::MAX, Some(Copied::NothingUnsent)) };
        assert_eq!(step(&tried), Step::Wait(None));
    }

    #[test]
    fn one_try_less_than_the_policy_says_only_waits() {
        assert_eq!(step(&tried(0, Some(Copied::Received))), Step::Wait(Some(5)));
        assert_eq!(step(&tried(4, Some(Copied::Received))), Step::Wait(Some(1)));
        assert_eq!(step(&tried(5, Some(Copied::Received))), Step::Wipe);
        assert_eq!(step(&tried(u32::MAX, Some(Copied::NothingUnsent))), Step::Wipe);
    }

    #[test]
    fn what_is_here_alone_is_brought_first_and_what_nobody_takes_stays() {
        assert_eq!(step(&tried(5, Some(Copied::Here))), Step::Bring);
        assert_eq!(step(&tried(5, Some(Copied::Refused))), Step::Keep);
        assert_eq!(step(&tried(5, None)), Step::Keep);
    }

    /// Whatever became of a copy: it does not speak for rows that it was not made of.
    #[test]
    fn a_stale_copy_empties_nothing() {
        for copied in [Copied::NothingUnsent, Copied::Here, Copied::Received, Copied::Refused] {
            let tried = Tried { rows: Hash([2; 32]), ..tried(99, Some(copied)) };
            assert_eq!(step(&tried), Step::Keep, "{copied:?}");
        }
    }

    #[test]
    fn a_trace_tells_every_change_of_a_row_and_where_it_lies() {
        let of = |rows: &[(&str, &str, &str)]| {
            let mut trace = Trace::default();
            rows.iter()
                .for_each(|(store, key, value)| trace.row(store, key.as_bytes(), value.as_bytes()));
            trace.finish()
        };
        let before = of(&[("open", "a", "1"), ("outbox", "b", "2")]);
        assert_eq!(before, of(&[("open", "a", "1"), ("outbox", "b", "2")]));
        for other in [
            of(&[]),
            of(&[("open", "a", "1")]),
            of(&[("open", "a", "1"), ("outbox", "b", "3")]),
            of(&[("open", "a", "1"), ("outbox", "c", "2")]),
            of(&[("outbox", "a", "1"), ("outbox", "b", "2")]),
            of(&[("outbox", "b", "2"), ("open", "a", "1")]),
            of(&[("open", "a1", ""), ("outbox", "b", "2")]),
        ] {
            assert_ne!(before, other);
        }
    }
}
