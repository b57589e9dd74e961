//! The phone's store. Every read and every write of the app's data goes through [`Storage`].
//!
//! A write is one transaction with strict durability: when it has returned, the rows are on the disk. Transactions
//! run as tasks of their own, so a caller that goes away (a page left, a timeout) never cuts one in half.
//!
//! Each person has a store of their own, in which every value is sealed; [`Phone`] says who they are and lets them in.

mod copies;
mod database;
mod memory;
mod moving;
mod packs;
mod phone;
pub mod schema;
mod sealed;

use std::{cell::Cell, rc::Rc};

use thiserror::Error;

use self::database::Database;
use self::memory::Memory;
pub use self::packs::Lot;
pub use self::phone::{Person, Phone};
pub use self::schema::{Key, STORES, Store};
use self::sealed::Sealed;
use super::crypto::{AesKey, CryptoError};

/// Why the phone's store did not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum StorageError {
    /// The browser seals nothing on this page: it came neither by https nor from this machine.
    #[error("no WebCrypto on this page")]
    Insecure,
    /// A value is not what the app wrote in its place: the name of its store.
    #[error("damaged: {0}")]
    Damaged(&'static str),
    /// The browser refuses to store: private mode, blocked site data, or no `IndexedDB`.
    #[error("storage refused: {0}")]
    Refused(String),
    /// No space left.
    #[error("no space left")]
    Full,
    /// Another tab holds an older version of the store open.
    #[error("blocked by another tab")]
    Blocked,
    /// The store was made by a newer version of the app.
    #[error("made by a newer version")]
    Newer,
    /// The system closed the connection, and closed it again after it was opened anew.
    #[error("connection closed")]
    Closed,
    /// The store was removed meanwhile: somebody signed out in another tab, or the phone was emptied.
    #[error("removed")]
    Gone,
    /// A row cannot be read.
    #[error("row unreadable: {0}")]
    Unreadable(String),
    /// Anything else, as the browser said it.
    #[error("{0}")]
    Other(String),
}

impl StorageError {
    /// Whether the store is not this app's any more: a newer one has it, or it was removed.
    #[must_use]
    pub fn is_over(&self) -> bool {
        matches!(self, Self::Newer | Self::Gone)
    }
}

/// One change to one row, or to a whole store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Writes a row.
    Put(Store, Key, Vec<u8>),
    /// Removes a row.
    Delete(Store, Key),
    /// Removes every row.
    Clear(Store),
}

/// What to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Read {
    /// One row.
    Row(Store, Key),
    /// All rows in the order of their keys.
    All(Store),
    /// At most so many rows with keys from this one on.
    From(Store, Key, u32),
    /// All keys in their order, and nothing of the rows.
    Keys(Store),
}

/// What a read found: keys with their rows.
pub type Rows = Vec<(Key, Vec<u8>)>;

/// Says what to change, from what was read. It may be asked again: what it hands out is shared, for a film is many bytes.
type Decide = Box<dyn FnMut(Vec<Rows>) -> Result<Rc<Vec<Change>>, StorageError>>;

/// Where the rows are.
enum Backend {
    /// In the browser, sealed.
    IndexedDb(Sealed),
    /// In the browser, as it is.
    Clear(Database),
    /// In memory: for forms that are only tried, and for tests without a browser.
    Memory(Memory),
}

/// A handle to the store; clones share it.
#[derive(Clone)]
pub struct Storage(Rc<Backend>);

impl Storage {
    /// Opens a person's store under their key, making or upgrading it.
    pub async fn open(name: &str, key: AesKey) -> Result<Self, StorageError> {
        Ok(Self::sealed(Database::open(name, &schema::PERSON).await?, key))
    }

    fn sealed(database: Database, key: AesKey) -> Self {
        Self(Rc::new(Backend::IndexedDb(Sealed::of(database, key))))
    }

    /// What the phone keeps for whoever uses it: others sealed it already.
    fn of_phone(database: &Database) -> Self {
        Self(Rc::new(Backend::Clear(database.clone())))
    }

    /// A store in memory: what is written is gone with it.
    #[must_use]
    pub fn in_memory() -> Self {
        Self(Rc::new(Backend::Memory(Memory::default())))
    }

    /// What no two stores of this phone have in common: tabs that show the same one speak to each other by it.
    #[must_use]
    pub fn name(&self) -> &str {
        match &*self.0 {
            Backend::IndexedDb(sealed) => sealed.database().name(),
            Backend::Clear(database) => database.name(),
            Backend::Memory(_) => "",
        }
    }

    /// The lock that a tab holds as long as it syncs the store, which is until it locks; also the channel on which the
    /// store's tabs speak of it.
    #[must_use]
    pub fn lock(&self) -> String {
        lock_of(self.name())
    }

    /// Whether what is written is on the disk.
    #[must_use]
    pub fn is_kept(&self) -> bool {
        !matches!(*self.0, Backend::Memory(_))
    }

    /// Reads one row.
    pub async fn row(
        &self,
        store: Store,
        key: impl Into<Key>,
    ) -> Result<Option<Vec<u8>>, StorageError> {
        let mut found = self.read(vec![Read::Row(store, key.into())]).await?;
        Ok(found.pop().and_then(|mut rows| rows.pop()).map(|(_, value)| value))
    }

    /// Reads all rows of a store.
    pub async fn all(&self, store: Store) -> Result<Rows, StorageError> {
        Ok(self.read(vec![Read::All(store)]).await?.pop().unwrap_or_default())
    }

    /// Where the rows of [`Store::Base`] lie, to be read a few lots at a time: all rows may be more than a page's memory holds.
    pub async fn lots(&self) -> Result<Vec<Lot>, StorageError> {
        if let Backend::IndexedDb(sealed) = &*self.0 {
            return sealed.lots().await;
        }
        let rows = self.read(vec![Read::Keys(Store::Base)]).await?;
        Ok(rows.into_iter().flatten().map(|(key, _)| Lot::of(key)).collect())
    }

    /// Reads several things as they stand at one moment; one answer for each.
    pub async fn read(&self, reads: Vec<Read>) -> Result<Vec<Rows>, StorageError> {
        if reads.is_empty() {
            return Ok(Vec::new());
        }
        self.transact(reads, Vec::new(), None).await
    }

    /// Makes all the changes or none; on return they are on the disk.
    pub async fn write(&self, changes: Vec<Change>) -> Result<(), StorageError> {
        if changes.is_empty() {
            return Ok(());
        }
        let touched = changes.iter().map(Change::store).collect();
        let changes = Rc::new(changes);
        let decide: Decide = Box::new(move |_| Ok(Rc::clone(&changes)));
        self.transact(Vec::new(), touched, Some(decide)).await.map(drop)
    }

    /// Reads, decides and writes so that no other tab comes between. `touched` names every store that `decide` may
    /// change; `decide` runs again when one came between all the same, and its last answer counts.
    pub async fn update<T: 'static>(
        &self,
        reads: Vec<Read>,
        touched: &[Store],
        mut decide: impl FnMut(Vec<Rows>) -> Result<(Vec<Change>, T), StorageError> + 'static,
    ) -> Result<T, StorageError> {
        let answer = Rc::new(Cell::new(None));
        let answered = Rc::clone(&answer);
        let decide: Decide = Box::new(move |rows| {
            let (changes, answer) = decide(rows)?;
            answered.set(Some(answer));
            Ok(Rc::new(changes))
        });
        self.transact(reads, touched.to_vec(), Some(decide)).await?;
        Ok(answer.take().expect("a transaction that succeeded was decided"))
    }

    /// The one way into the store, compiled once whatever is decided.
    async fn transact(
        &self,
        reads: Vec<Read>,
        touched: Vec<Store>,
        decide: Option<Decide>,
    ) -> Result<Vec<Rows>, StorageError> {
        match &*self.0 {
            Backend::IndexedDb(sealed) => sealed.transact(reads, touched, decide).await,
            Backend::Clear(database) => database.transact(reads, touched, decide).await,
            Backend::Memory(memory) => memory.transact(&reads, decide).await,
        }
    }
}

impl Storage {
    /// Closes the connection, as the system may at any moment. The next use opens it again.
    pub fn close(&self) {
        match &*self.0 {
            Backend::IndexedDb(sealed) => sealed.database().close(),
            Backend::Clear(database) => database.close(),
            Backend::Memory(_) => {}
        }
    }

    /// What the browser makes of the durability that writes ask for: `strict`, or `None` where it cannot tell.
    pub async fn durability(&self) -> Result<Option<String>, StorageError> {
        match &*self.0 {
            Backend::IndexedDb(sealed) => sealed.database().durability().await,
            Backend::Clear(database) => database.durability().await,
            Backend::Memory(_) => Ok(None),
        }
    }

    /// Makes every further write fail as on a full disk, or work again.
    #[cfg(test)]
    pub(crate) fn fill_up(&self, full: bool) {
        match &*self.0 {
            Backend::IndexedDb(_) | Backend::Clear(_) => {}
            Backend::Memory(memory) => memory.fill_up(full),
        }
    }

    /// What lies there does not open any more.
    #[cfg(test)]
    pub(crate) fn damage(&self, store: Store, key: Key) {
        self.fail(store, key, StorageError::Damaged(store.name()));
    }

    /// The connection closes when that is read.
    #[cfg(test)]
    pub(crate) fn cut(&self, store: Store, key: Key) {
        self.fail(store, key, StorageError::Closed);
    }

    #[cfg(test)]
    fn fail(&self, store: Store, key: Key, error: StorageError) {
        match &*self.0 {
            Backend::IndexedDb(_) | Backend::Clear(_) => {}
            Backend::Memory(memory) => memory.fail(store, key, error),
        }
    }

    /// How many values were written.
    #[cfg(test)]
    pub(crate) fn puts(&self) -> usize {
        match &*self.0 {
            Backend::IndexedDb(_) | Backend::Clear(_) => 0,
            Backend::Memory(memory) => memory.puts(),
        }
    }
}

fn lock_of(name: &str) -> String {
    format!("sotay.sync {name}")
}

/// What became of a value of a store.
fn sealing(error: CryptoError, store: Store) -> StorageError {
    match error {
        CryptoError::Missing => StorageError::Insecure,
        CryptoError::Damaged => StorageError::Damaged(store.name()),
        CryptoError::Failed(text) => StorageError::Other(text),
    }
}

/// Space on this phone, in bytes, as far as the browser tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Space {
    /// Used by the app.
    pub used: Option<u64>,
    /// What it may use at most.
    pub quota: Option<u64>,
    /// Whether the browser promised not to throw the data away by itself.
    pub persisted: bool,
    /// Whether the browser would not take [`LOW_BYTES`] more, whatever it tells of its room.
    pub refuses: bool,
    /// Whether this looks like a private window, which takes what is stored along when it is closed: those of Safari and Firefox
    /// have no files, though the browser has them. Those of Chrome tell nothing.
    pub passes: bool,
}

/// With less than this a person is told: a day with many photos takes as much.
pub const LOW_BYTES: u64 = 64 << 20;

impl Space {
    /// What the app may still use, if the browser tells.
    #[must_use]
    pub fn left(self) -> Option<u64> {
        self.quota.zip(self.used).map(|(quota, used)| quota.saturating_sub(used))
    }

    /// Whether the phone is about to be full.
    #[must_use]
    pub fn is_low(self) -> bool {
        self.refuses || self.left().is_some_and(|left| left < LOW_BYTES)
    }
}

pub use self::database::{ask_to_persist, space, takes};
