//! A person's store: every value sealed under their key, for the place where it stands.
//!
//! Sealing takes turns of the browser, and a transaction of `IndexedDB` does not wait for them. So a change reads, opens and
//! decides before its transaction, seals, and writes in one that first finds all as it was read; else it begins anew.

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    rc::Rc,
};

use super::{
    Change, Decide, Read, Rows, StorageError,
    database::{Database, run},
    packs::{self, Directory, EDITION, Lot},
    schema::{Key, Store},
    sealing,
};
use crate::platform::{
    crypto::{AesKey, Opening, Sealing},
    tasks::Turn,
};

/// So many values are being opened or sealed at a time: enough for the browser's threads, and few enough to be handed over within a frame.
const AT_ONCE: usize = 8;

/// A database with the key that its values are sealed under.
#[derive(Clone)]
pub(super) struct Sealed {
    database: Database,
    key: AesKey,
    /// Where the rows of [`Store::Base`] are.
    directory: Rc<RefCell<Directory>>,
}

impl Sealed {
    pub(super) fn of(database: Database, key: AesKey) -> Self {
        Self { database, key, directory: Rc::default() }
    }

    pub(super) fn database(&self) -> &Database {
        &self.database
    }

    /// As [`Database::transact`]. Runs to its end even when nobody waits for it any more.
    pub(super) async fn transact(
        &self,
        reads: Vec<Read>,
        touched: Vec<Store>,
        decide: Option<Decide>,
    ) -> Result<Vec<Rows>, StorageError> {
        let sealed = self.clone();
        run(Box::pin(async move {
            match decide {
                Some(decide) => sealed.update(reads, touched, decide).await.map(|()| Vec::new()),
                None => {
                    let found = sealed.find(&reads, false).await?;
                    sealed.rows(&reads, found).await
                }
            }
        }))
        .await
    }

    /// As [`super::Storage::lots`]: a pack is one.
    pub(super) async fn lots(&self) -> Result<Vec<Lot>, StorageError> {
        self.find(&[Read::Keys(Store::Base)], false).await?;
        Ok(self.directory.borrow().lots())
    }

    async fn update(
        &self,
        reads: Vec<Read>,
        mut touched: Vec<Store>,
        mut decide: Decide,
    ) -> Result<(), StorageError> {
        let of_base = touched.contains(&Store::Base);
        touched.extend(of_base.then_some(Store::Packs));
        loop {
            let found = self.find(&reads, of_base).await?;
            let Found { reads: all, rows: before, .. } = found.clone();
            let rows = self.rows(&reads, found).await?;
            // A page of the feed is megabytes at each of these steps, and somebody may be typing.
            let mut turn = Turn::begin();
            let changes = decide(rows)?;
            if changes.is_empty() {
                return Ok(());
            }
            turn.rest().await;
            let changes = match changes.iter().any(|change| change.store() == Store::Base) {
                true => Rc::new(self.packed(Rc::unwrap_or_clone(changes)).await?),
                false => changes,
            };
            turn.rest().await;
            let changes = Rc::new(self.seal_all(&changes).await?);
            let moved = Rc::new(Cell::new(false));
            let (has_moved, to_write) = (Rc::clone(&moved), Rc::clone(&changes));
            let write: Decide = Box::new(move |now| match now == before {
                true => Ok(Rc::clone(&to_write)),
                false => {
                    has_moved.set(true);
                    Err(StorageError::Other("changed meanwhile".to_owned()))
                }
            });
            let written = self.database.transact(all, touched.clone(), Some(write)).await;
            if written.is_ok() && of_base {
                self.directory.borrow_mut().follow(&changes);
            }
            // Whoever came between has written: somebody always gets on.
            if written.is_ok() || !moved.get() {
                return written.map(drop);
            }
        }
    }

    /// Reads rows as they lie on the disk, and what is needed to tell where those of [`Store::Base`] are.
    async fn find(&self, reads: &[Read], of_base: bool) -> Result<Found, StorageError> {
        loop {
            // What is in no pack and not by itself is nowhere: it costs no request.
            let is_asked = |read: &Read| match read {
                Read::Row(Store::Base, key) => self.directory.borrow().is_single(key),
                _ => true,
            };
            let asked: Vec<bool> = reads.iter().map(is_asked).collect();
            let those = reads.iter().zip(&asked).filter(|(_, asked)| **asked);
            let mut all: Vec<Read> = those.map(|(read, _)| read.clone()).collect();
            let own = all.len();
            if of_base || reads.iter().any(|read| read.store() == Store::Base) {
                let mut rows = Vec::new();
                let mut is_all = false;
                for read in reads {
                    match read {
                        Read::Row(Store::Base, key) => rows.push(key),
                        Read::All(Store::Base) | Read::From(Store::Base, ..) => is_all = true,
                        _ => {}
                    }
                }
                if is_all {
                    all.push(Read::All(Store::Packs));
                } else {
                    let packs = self.directory.borrow().holding(&rows);
                    all.extend(packs.into_iter().map(|key| Read::Row(Store::Packs, key)));
                }
                all.push(Read::Row(Store::Packs, EDITION));
            }
            if all.is_empty() {
                return Ok(Found::default());
            }
            let rows = self.database.transact(all.clone(), Vec::new(), None).await?;
            let is_known =
                all.len() == own || rows.last() == self.directory.borrow().edition.as_ref();
            if is_known {
                return Ok(Found { reads: all, rows, asked });
            }
            // Another tab has written, or this is the first look.
            let reads = vec![
                Read::Row(Store::Packs, EDITION),
                Read::Keys(Store::Packs),
                Read::Keys(Store::Base),
            ];
            let mut keys = self.database.transact(reads, Vec::new(), None).await?.into_iter();
            let [edition, packs, single] = std::array::from_fn(|_| keys.next().unwrap_or_default());
            self.directory.replace(Directory::read(edition, packs, single));
        }
    }

    /// Changes of rows of [`Store::Base`] as changes of where they are.
    async fn packed(&self, changes: Vec<Change>) -> Result<Vec<Change>, StorageError> {
        let packs = self.directory.borrow().holding(&packs::rows_of(&changes));
        let reads: Vec<Read> = packs.into_iter().map(|key| Read::Row(Store::Packs, key)).collect();
        let mut held = Vec::new();
        if !reads.is_empty() {
            let found = self.database.transact(reads.clone(), Vec::new(), None).await?;
            for (pack, value) in self.open_all(&reads, found).await?.into_iter().flatten() {
                let mut rows = Rows::new();
                packs::unpack(&pack, &value, &mut rows)?;
                held.push((pack, rows));
            }
        }
        Ok(self.directory.borrow().packed(changes, held))
    }

    /// What was asked for, opened, with the rows out of the packs where they belong.
    async fn rows(&self, asked: &[Read], found: Found) -> Result<Vec<Rows>, StorageError> {
        let mut opened = self.open_all(&found.reads, found.rows).await?.into_iter();
        let mut next = |asked: &bool| asked.then(|| opened.next()).flatten().unwrap_or_default();
        let mut rows: Vec<Rows> = found.asked.iter().map(&mut next).collect();
        let mut packed = Rows::new();
        for (pack, value) in opened.flatten() {
            packs::unpack(&pack, &value, &mut packed)?;
        }
        packs::sort(&mut packed);
        for (read, rows) in asked.iter().zip(&mut rows) {
            match read {
                Read::Row(Store::Base, key) => {
                    if let Ok(at) = packed.binary_search_by(|(other, _)| other.cmp(key)) {
                        rows.push(packed[at].clone());
                    }
                }
                Read::All(Store::Base) | Read::From(Store::Base, ..) => {
                    rows.extend_from_slice(&packed);
                    packs::sort(rows);
                }
                Read::Keys(Store::Base) => {
                    rows.extend(self.directory.borrow().keys().map(|key| (key, Vec::new())));
                    packs::sort(rows);
                }
                _ => {}
            }
            if let Read::From(Store::Base, from, limit) = read {
                rows.retain(|(key, _)| key >= from);
                rows.truncate(*limit as usize);
            }
        }
        Ok(rows)
    }

    async fn open_all(&self, reads: &[Read], found: Vec<Rows>) -> Result<Vec<Rows>, StorageError> {
        let mut opened: Vec<Rows> =
            found.iter().map(|rows| Rows::with_capacity(rows.len())).collect();
        let (mut begun, mut turn) = (VecDeque::new(), Turn::begin());
        for (at, (read, rows)) in reads.iter().zip(found).enumerate() {
            let store = read.store();
            for (key, value) in rows {
                if let Read::Keys(_) = read {
                    opened[at].push((key, Vec::new()));
                    continue;
                }
                if begun.len() == AT_ONCE {
                    open_next(&mut begun, &mut opened).await?;
                    // Browsers answer at once: without that they would not be asked for anything else until the last is open.
                    turn.rest().await;
                }
                let opening = self.key.open(&place(store, &key), &value);
                let opening = opening.map_err(|error| sealing(error, store))?;
                begun.push_back(ValueBegun { at, store, key, opening });
            }
        }
        while !begun.is_empty() {
            open_next(&mut begun, &mut opened).await?;
        }
        Ok(opened)
    }

    /// A few at a time: what is sealed and what is not are in memory together.
    async fn seal_all(&self, changes: &[Change]) -> Result<Vec<Change>, StorageError> {
        let begin = |change: &Change| match change {
            Change::Put(store, key, value) => {
                let begun = self.key.seal(&place(*store, key), value);
                begun
                    .map(|begun| ChangeBegun::Put(*store, key.clone(), begun))
                    .map_err(|error| sealing(error, *store))
            }
            other => Ok(ChangeBegun::Other(other.clone())),
        };
        let mut sealed = Vec::with_capacity(changes.len());
        for lot in changes.chunks(AT_ONCE) {
            for turn in lot.iter().map(begin).collect::<Result<Vec<_>, _>>()? {
                sealed.push(match turn {
                    ChangeBegun::Put(store, key, begun) => {
                        let value = begun.done().await.map_err(|error| sealing(error, store))?;
                        Change::Put(store, key, value)
                    }
                    ChangeBegun::Other(change) => change,
                });
            }
        }
        Ok(sealed)
    }
}

/// A value that is being opened, and the answer that it belongs to.
struct ValueBegun {
    at: usize,
    store: Store,
    key: Key,
    opening: Opening,
}

/// Waits for the value that was begun first.
async fn open_next(
    begun: &mut VecDeque<ValueBegun>,
    opened: &mut [Rows],
) -> Result<(), StorageError> {
    if let Some(ValueBegun { at, store, key, opening }) = begun.pop_front() {
        let value = opening.done().await.map_err(|error| sealing(error, store))?;
        opened[at].push((key, value));
    }
    Ok(())
}

/// Rows as they lie on the disk, with what they were found by.
#[derive(Clone, Default)]
struct Found {
    reads: Vec<Read>,
    rows: Vec<Rows>,
    /// Which of the reads that somebody wanted are the first ones of these; the others find nothing.
    asked: Vec<bool>,
}

/// A change whose value is being sealed, or that has none.
enum ChangeBegun {
    Put(Store, Key, Sealing),
    Other(Change),
}

/// Where a value stands: it opens nowhere else.
fn place(store: Store, key: &Key) -> Vec<u8> {
    [store.name().as_bytes(), &[0], &key.to_bytes()].concat()
}
