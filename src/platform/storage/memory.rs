//! A store in memory: for forms that are only tried, and for tests that run without a browser.

use std::cell::{Cell, RefCell};

use super::{Change, Decide, Key, Read, Rows, StorageError, Store};
use crate::platform::tasks::next_turn;

type Row = ((Store, Key), Vec<u8>);

/// Rows by store and key, in their order. They are few.
#[derive(Default)]
pub(super) struct Memory {
    rows: RefCell<Vec<Row>>,
    full: Cell<bool>,
    #[cfg(test)]
    fails: RefCell<Option<(Store, Key, StorageError)>>,
    #[cfg(test)]
    puts: Cell<usize>,
}

impl Memory {
    fn read(&self, reads: &[Read]) -> Vec<Rows> {
        reads.iter().map(|read| self.read_one(read)).collect()
    }

    fn write(&self, changes: &[Change]) -> Result<(), StorageError> {
        // As a browser: what makes room is done.
        if self.full.get() && changes.iter().any(|change| matches!(change, Change::Put(..))) {
            return Err(StorageError::Full);
        }
        let mut rows = self.rows.borrow_mut();
        for change in changes {
            match change.clone() {
                Change::Put(store, key, value) => {
                    #[cfg(test)]
                    self.puts.set(self.puts.get() + 1);
                    let key = (store, key);
                    match rows.binary_search_by(|(other, _)| other.cmp(&key)) {
                        Ok(at) => rows[at].1 = value,
                        Err(at) => rows.insert(at, (key, value)),
                    }
                }
                Change::Delete(store, key) => rows.retain(|((s, k), _)| (*s, k) != (store, &key)),
                Change::Clear(store) => rows.retain(|((of, _), _)| *of != store),
            }
        }
        Ok(())
    }

    /// Begins in a later turn and answers in another one, as a browser's store does: whoever waits meets what came between.
    pub(super) async fn transact(
        &self,
        reads: &[Read],
        decide: Option<Decide>,
    ) -> Result<Vec<Rows>, StorageError> {
        next_turn().await;
        let done = self.carry_out(reads, decide);
        next_turn().await;
        done
    }

    fn carry_out(&self, reads: &[Read], decide: Option<Decide>) -> Result<Vec<Rows>, StorageError> {
        let rows = self.read(reads);
        #[cfg(test)]
        self.open(reads, &rows)?;
        let Some(mut decide) = decide else { return Ok(rows) };
        self.write(&decide(rows)?)?;
        Ok(Vec::new())
    }

    #[cfg(test)]
    pub(super) fn fail(&self, store: Store, key: Key, error: StorageError) {
        self.fails.replace(Some((store, key, error)));
    }

    #[cfg(test)]
    pub(super) fn puts(&self) -> usize {
        self.puts.get()
    }

    /// As the store that seals: one value that does not open fails the reading.
    #[cfg(test)]
    fn open(&self, reads: &[Read], rows: &[Rows]) -> Result<(), StorageError> {
        let fails = self.fails.borrow();
        let Some((store, key, error)) = &*fails else { return Ok(()) };
        let holds = |(read, rows): (&Read, &Rows)| {
            let of = match read {
                Read::Row(of, _) | Read::All(of) | Read::From(of, ..) => of,
                Read::Keys(_) => return false,
            };
            of == store && rows.iter().any(|(found, _)| found == key)
        };
        match reads.iter().zip(rows).any(holds) {
            true => Err(error.clone()),
            false => Ok(()),
        }
    }

    #[cfg(test)]
    pub(super) fn fill_up(&self, full: bool) {
        self.full.set(full);
    }

    fn read_one(&self, read: &Read) -> Rows {
        let rows = self.rows.borrow();
        let of = |wanted: Store| rows.iter().filter(move |((store, _), _)| *store == wanted);
        let pair = |((_, key), value): &Row| (key.clone(), value.clone());
        match read {
            Read::Row(store, key) => of(*store).filter(|((_, k), _)| k == key).map(pair).collect(),
            Read::All(store) => of(*store).map(pair).collect(),
            Read::Keys(store) => {
                of(*store).map(|((_, key), _)| (key.clone(), Vec::new())).collect()
            }
            Read::From(store, from, limit) => {
                of(*store).filter(|((_, k), _)| k >= from).take(*limit as usize).map(pair).collect()
            }
        }
    }
}
