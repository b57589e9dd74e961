//! A person's store: every value sealed under their key, for the place where it stands.
//!
//! Sealing takes turns of the browser, and a transaction of `IndexedDB` does not wait for them. So a change reads, opens and
//! decides before its transaction, seals, and writes in one that first finds all as it was read; else it begins anew.

use std::{cell::Cell, rc::Rc};

use super::{
    Change, Decide, Read, Rows, StorageError,
    database::{Database, run},
    schema::{self, Key, Store},
    sealing,
};
use crate::platform::crypto::{AesKey, Sealing};

/// A database with the key that its values are sealed under.
#[derive(Clone)]
pub(super) struct Sealed {
    database: Database,
    key: AesKey,
}

impl Sealed {
    pub(super) async fn open(name: &str, key: AesKey) -> Result<Self, StorageError> {
        Ok(Self { database: Database::open(name, &schema::PERSON).await?, key })
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
                    let found = sealed.database.transact(reads.clone(), touched, None).await?;
                    sealed.open_all(&reads, found).await
                }
            }
        }))
        .await
    }

    async fn update(
        &self,
        reads: Vec<Read>,
        touched: Vec<Store>,
        mut decide: Decide,
    ) -> Result<(), StorageError> {
        loop {
            let found = match reads.is_empty() {
                true => Vec::new(),
                false => self.database.transact(reads.clone(), Vec::new(), None).await?,
            };
            let changes = decide(self.open_all(&reads, found.clone()).await?)?;
            if changes.is_empty() {
                return Ok(());
            }
            let changes = self.seal_all(changes).await?;
            let moved = Rc::new(Cell::new(false));
            let has_moved = Rc::clone(&moved);
            let write: Decide = Box::new(move |now| match now == found {
                true => Ok(changes.clone()),
                false => {
                    has_moved.set(true);
                    Err(StorageError::Other("changed meanwhile".to_owned()))
                }
            });
            let written = self.database.transact(reads.clone(), touched.clone(), Some(write)).await;
            // Whoever came between has written: somebody always gets on.
            if written.is_ok() || !moved.get() {
                return written.map(drop);
            }
        }
    }

    async fn open_all(&self, reads: &[Read], found: Vec<Rows>) -> Result<Vec<Rows>, StorageError> {
        let mut opening = Vec::with_capacity(found.len());
        for (read, rows) in reads.iter().zip(found) {
            let store = read.store();
            if let Read::Keys(_) = read {
                let bare = rows.into_iter().map(|(key, _)| (key, None));
                opening.push((store, bare.collect()));
                continue;
            }
            let begin = |(key, value): (Key, Vec<u8>)| {
                let begun = self.key.open(&place(store, &key), &value);
                begun.map(|begun| (key, Some(begun))).map_err(|error| sealing(error, store))
            };
            opening.push((store, rows.into_iter().map(begin).collect::<Result<Vec<_>, _>>()?));
        }
        // All of them have begun: the first ones are waited for while the others are worked on.
        let mut opened = Vec::with_capacity(opening.len());
        for (store, begun) in opening {
            let mut rows = Rows::with_capacity(begun.len());
            for (key, begun) in begun {
                let value = match begun {
                    Some(begun) => begun.done().await.map_err(|error| sealing(error, store))?,
                    None => Vec::new(),
                };
                rows.push((key, value));
            }
            opened.push(rows);
        }
        Ok(opened)
    }

    async fn seal_all(&self, changes: Vec<Change>) -> Result<Vec<Change>, StorageError> {
        let begin = |change| match change {
            Change::Put(store, key, value) => {
                let begun = self.key.seal(&place(store, &key), &value);
                begun
                    .map(|begun| Turn::Put(store, key, begun))
                    .map_err(|error| sealing(error, store))
            }
            other => Ok(Turn::Other(other)),
        };
        let begun = changes.into_iter().map(begin).collect::<Result<Vec<_>, _>>()?;
        let mut sealed = Vec::with_capacity(begun.len());
        for turn in begun {
            sealed.push(match turn {
                Turn::Put(store, key, begun) => {
                    let value = begun.done().await.map_err(|error| sealing(error, store))?;
                    Change::Put(store, key, value)
                }
                Turn::Other(change) => change,
            });
        }
        Ok(sealed)
    }
}

/// A change whose value is being sealed, or that has none.
enum Turn {
    Put(Store, Key, Sealing),
    Other(Change),
}

/// Where a value stands: it opens nowhere else.
fn place(store: Store, key: &Key) -> Vec<u8> {
    [store.name().as_bytes(), &[0], &key.to_bytes()].concat()
}
