//! The people of this phone, and the keys of their stores.
//!
//! A store's key is random. It lies beside the store, sealed by a key that the browser keeps and never shows; with a PIN
//! that key alone does not open it: what is sealed is then sealed by the PIN's key already. Another PIN seals the same key anew.

use std::{cell::Cell, hint::black_box, rc::Rc};

use sync::codec;

use super::{
    Change, Read, Rows, Storage, StorageError,
    database::Database,
    lock_of, moving,
    schema::{self, DATABASE, Key, Label, PersonRow, PinRow, Stage, Store, phone},
    sealing,
};
use crate::platform::{
    crypto::{AesKey, CryptoError, KEY_BYTES},
    log_error, random, tasks,
};

/// After how many minutes without a touch a store with a PIN is locked, unless the person chooses otherwise.
const IDLE_MIN: u32 = 5;

/// Somebody who uses this phone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The store's id, 32 hexadecimal digits.
    pub id: String,
    /// Who it is.
    pub label: Label,
    /// What is known before they are let in.
    pub row: PersonRow,
}

/// Changes a row, and says what else changes with it.
type Edit = dyn Fn(&mut PersonRow) -> Vec<Change>;

/// A key of bytes, overwritten when it is no longer needed.
pub(super) struct Secret([u8; KEY_BYTES]);

impl Secret {
    async fn key(&self) -> Result<AesKey, StorageError> {
        AesKey::import(&self.0).await.map_err(of_people)
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.fill(0);
        black_box(&self.0);
    }
}

/// The phone's own store.
#[derive(Clone)]
pub struct Phone {
    database: Database,
    key: AesKey,
}

impl Phone {
    /// Opens it, making or upgrading it. What an older app kept in the clear is in a sealed store on return.
    pub async fn open() -> Result<Self, StorageError> {
        Self::open_named(DATABASE).await
    }

    /// As [`Self::open`], of another name: for tests beside each other in one browser.
    pub async fn open_named(name: &str) -> Result<Self, StorageError> {
        let database = Database::open(name, &schema::PHONE).await?;
        let people = vec![Read::Keys(Store::People)];
        let people = database.transact(people, Vec::new(), None).await?;
        let key = match database.kept_key().await? {
            Some(kept) => kept,
            // Somebody's work is sealed by one that the browser does not give, as may pass. Another in its place would be the end of the work.
            None if people.iter().any(|rows| !rows.is_empty()) => {
                return Err(StorageError::Damaged(Store::Phone.name()));
            }
            None => database.keep_key(&AesKey::generate().await.map_err(of_people)?).await?,
        };
        let phone = Self { database, key };
        moving::move_in(&phone).await?;
        Ok(phone)
    }

    /// What the phone keeps for whoever uses it.
    #[must_use]
    pub fn shelf(&self) -> Storage {
        Storage::of_phone(&self.database)
    }

    /// Who uses this phone, by name.
    pub async fn people(&self) -> Result<Vec<Person>, StorageError> {
        let mut people = Vec::new();
        for person in self.everybody().await? {
            match person.row.stage {
                Stage::Ready => people.push(person),
                Stage::Moving => {}
                Stage::Leaving => self.forget(person.id),
            }
        }
        people.sort_by(|a, b| a.label.name.cmp(&b.label.name));
        Ok(people)
    }

    /// Everybody with a row, whatever its stage.
    pub(super) async fn everybody(&self) -> Result<Vec<Person>, StorageError> {
        let mut people = Vec::new();
        let found =
            self.database.transact(vec![Read::All(Store::People)], Vec::new(), None).await?;
        for (key, row) in found.into_iter().flatten() {
            let Key::Text(id) = key else { continue };
            let row = decode(&row)?;
            let label = self.label_of(&id, &row.label).await?;
            people.push(Person { id, label, row });
        }
        Ok(people)
    }

    async fn label_of(&self, id: &str, sealed: &[u8]) -> Result<Label, StorageError> {
        let label = open(&self.key, &place("label", id), sealed).await.map_err(of_people)?;
        codec::decode(&label).map_err(|error| StorageError::Unreadable(format!("label: {error}")))
    }

    /// Who left this phone and may still be signed in at the server: the id of what was their store, and who it was.
    pub async fn leavers(&self) -> Result<Vec<(String, Label)>, StorageError> {
        let mut leavers = Vec::new();
        let keys = vec![Read::Keys(Store::Phone)];
        let keys = self.database.transact(keys, Vec::new(), None).await?;
        for (key, _) in keys.into_iter().flatten() {
            let Key::Text(name) = &key else { continue };
            let Some(id) = name.strip_prefix(phone::LEFT).map(str::to_owned) else { continue };
            let row = vec![Read::Row(Store::Phone, key)];
            let row = self.database.transact(row, Vec::new(), None).await?;
            for (_, sealed) in row.into_iter().flatten() {
                leavers.push((id.clone(), self.label_of(&id, &sealed).await?));
            }
        }
        Ok(leavers)
    }

    /// Whoever left is signed in no more.
    pub async fn has_ended(&self, id: &str) -> Result<(), StorageError> {
        self.write(vec![Change::Delete(Store::Phone, left_at(id))]).await
    }

    /// Whose store is opened at the start.
    pub async fn current(&self) -> Result<Option<String>, StorageError> {
        let reads = vec![Read::Row(Store::Phone, phone::CURRENT.into())];
        let found = self.database.transact(reads, Vec::new(), None).await?;
        let row = found.into_iter().flatten().next();
        Ok(row.and_then(|(_, id)| String::from_utf8(id).ok()))
    }

    /// Says whose store is opened at the start.
    pub async fn set_current(&self, id: Option<&str>) -> Result<(), StorageError> {
        self.write(vec![current(id)]).await
    }

    /// Makes a store for somebody who has none on this phone, with its first rows.
    pub async fn add(&self, label: Label, first: Vec<Change>) -> Result<Person, StorageError> {
        let person = self.make(label, Stage::Ready).await?;
        let storage = self.make_store(&person).await?;
        storage.write(first).await?;
        // Another tab that opens the store later is not kept waiting for this connection.
        storage.close();
        self.write(vec![put(&person.id, &person.row)]).await?;
        Ok(person)
    }

    /// A person with a new key; the phone does not know them yet.
    pub(super) async fn make(&self, label: Label, stage: Stage) -> Result<Person, StorageError> {
        let id = format!("{:032x}", u128::from_be_bytes(random::bytes()));
        let secret = Secret(random::bytes());
        let sealed = seal(&self.key, &place("label", &id), &codec::encode(&label)).await;
        let row = PersonRow {
            label: sealed.map_err(of_people)?,
            wrap: self.wrap(&id, &secret, None).await?,
            pin: None,
            wrong_pins: 0,
            wrong_ms: 0,
            idle_min: IDLE_MIN,
            stage,
            wipe_after: None,
            copies: None,
            lost: None,
            aside: None,
        };
        Ok(Person { id, label, row })
    }

    /// The store of a person whom the phone does not know yet.
    pub(super) async fn make_store(&self, person: &Person) -> Result<Storage, StorageError> {
        let (name, secret) = (self.name_of(&person.id), self.bare_secret(person).await?);
        Ok(Storage::sealed(Database::open(&name, &schema::PERSON).await?, secret.key().await?))
    }

    /// Lets a person in who has no PIN.
    pub async fn enter(&self, person: &Person) -> Result<Storage, StorageError> {
        let secret = self.bare_secret(person).await?;
        self.store_of(&person.id, &secret).await
    }

    async fn bare_secret(&self, person: &Person) -> Result<Secret, StorageError> {
        let secret = self.unwrap(person, None).await?;
        secret.ok_or(StorageError::Damaged(Store::People.name()))
    }

    /// Lets a person in by the key that their PIN became; `None` if it is another PIN's.
    pub async fn unlock(
        &self,
        person: &Person,
        pin: &[u8; KEY_BYTES],
    ) -> Result<Option<Storage>, StorageError> {
        let Some(secret) = self.unwrap(person, Some(pin)).await? else { return Ok(None) };
        self.store_of(&person.id, &secret).await.map(Some)
    }

    /// Seals a store's key by another PIN, or by none; the store stays as it is. `false` if `old` is not the PIN's key
    /// any more.
    pub async fn set_pin(
        &self,
        person: &Person,
        old: Option<&[u8; KEY_BYTES]>,
        new: Option<(PinRow, [u8; KEY_BYTES])>,
    ) -> Result<bool, StorageError> {
        let Some(secret) = self.unwrap(person, old).await? else { return Ok(false) };
        let pin = new.as_ref().map(|(row, key)| (row, key));
        let wrap = self.wrap(&person.id, &secret, pin).await?;
        let pin = new.map(|(row, _)| row);
        let was = person.row.wrap.clone();
        let is_set = Rc::new(Cell::new(false));
        let has_set = Rc::clone(&is_set);
        self.change(&person.id, move |row| {
            // Another tab that was faster keeps its PIN.
            if row.wrap == was {
                (row.wrap, row.pin) = (wrap.clone(), pin.clone());
                row.wrong_pins = 0;
                has_set.set(true);
            }
        })
        .await?;
        Ok(is_set.get())
    }

    /// Changes what is known of a person before they are let in.
    pub async fn change(
        &self,
        id: &str,
        edit: impl Fn(&mut PersonRow) + 'static,
    ) -> Result<(), StorageError> {
        let edit = move |row: &mut PersonRow| {
            edit(row);
            Vec::new()
        };
        self.change_with(id, edit).await
    }

    /// As [`Self::change`], with what else changes of the phone's own.
    pub(super) async fn change_with(
        &self,
        id: &str,
        edit: impl Fn(&mut PersonRow) -> Vec<Change> + 'static,
    ) -> Result<(), StorageError> {
        self.change_by(id, Box::new(edit)).await
    }

    async fn change_by(&self, id: &str, edit: Box<Edit>) -> Result<(), StorageError> {
        let of = Key::from(id);
        let decide = move |rows: Vec<Rows>| {
            let mut changes = Vec::new();
            for (key, row) in rows.into_iter().flatten() {
                let mut row = decode(&row)?;
                changes.extend(edit(&mut row));
                changes.push(Change::Put(Store::People, key, codec::encode(&row)));
            }
            Ok(Rc::new(changes))
        };
        let touched = vec![Store::People, Store::CarriedPieces, Store::Phone];
        let reads = vec![Read::Row(Store::People, of)];
        self.database.transact(reads, touched, Some(Box::new(decide))).await.map(drop)
    }

    /// Has the browser remove the store of somebody who left. A tab of theirs that the system has put to sleep keeps that waiting, and
    /// is to keep nobody else waiting: without its key the store is nothing. What is left is removed at a later start.
    fn forget(&self, id: String) {
        let phone = self.clone();
        tasks::spawn(async move {
            let forgotten = async {
                Database::remove(&phone.name_of(&id)).await?;
                phone.write(vec![Change::Delete(Store::People, id.as_str().into())]).await
            };
            if let Err(error) = forgotten.await {
                log_error(&format!("a store is not removed yet: {error}"));
            }
        });
    }

    pub(super) fn database(&self) -> &Database {
        &self.database
    }

    pub(super) async fn write(&self, changes: Vec<Change>) -> Result<(), StorageError> {
        let touched = changes.iter().map(Change::store).collect();
        let changes = Rc::new(changes);
        let decide = Box::new(move |_| Ok(Rc::clone(&changes)));
        self.database.transact(Vec::new(), touched, Some(decide)).await.map(drop)
    }

    pub(super) fn name_of(&self, id: &str) -> String {
        format!("{}.{id}", self.database.name())
    }

    /// As [`Storage::lock`], of a person's store that nobody has opened here.
    #[must_use]
    pub fn lock_of(&self, id: &str) -> String {
        lock_of(&self.name_of(id))
    }

    async fn store_of(&self, id: &str, secret: &Secret) -> Result<Storage, StorageError> {
        // Who was listed may have left meanwhile: a store made anew would be one whose key is kept nowhere.
        let database = Database::open_again(&self.name_of(id), &schema::PERSON).await?;
        Ok(Storage::sealed(database, secret.key().await?))
    }

    async fn wrap(
        &self,
        id: &str,
        secret: &Secret,
        pin: Option<(&PinRow, &[u8; KEY_BYTES])>,
    ) -> Result<Vec<u8>, StorageError> {
        let inner = match pin {
            Some((row, key)) => {
                let key = AesKey::import(key).await.map_err(of_people)?;
                seal(&key, &pin_place(id, row), &secret.0).await.map_err(of_people)?
            }
            None => secret.0.to_vec(),
        };
        seal(&self.key, &place("wrap", id), &inner).await.map_err(of_people)
    }

    /// `None` if the PIN is wrong, or missing.
    async fn unwrap(
        &self,
        person: &Person,
        pin: Option<&[u8; KEY_BYTES]>,
    ) -> Result<Option<Secret>, StorageError> {
        let Person { id, row, .. } = person;
        let inner = open(&self.key, &place("wrap", id), &row.wrap).await.map_err(of_people)?;
        let bytes = match (&row.pin, pin) {
            (None, _) => inner,
            (Some(_), None) => return Ok(None),
            (Some(row), Some(key)) => {
                let key = AesKey::import(key).await.map_err(of_people)?;
                match open(&key, &pin_place(id, row), &inner).await {
                    Ok(bytes) => bytes,
                    Err(CryptoError::Damaged) => return Ok(None),
                    Err(error) => return Err(of_people(error)),
                }
            }
        };
        let bytes = bytes.try_into();
        bytes
            .map(|bytes| Some(Secret(bytes)))
            .map_err(|_other: Vec<u8>| StorageError::Damaged(Store::People.name()))
    }
}

pub(super) fn put(id: &str, row: &PersonRow) -> Change {
    Change::Put(Store::People, id.into(), codec::encode(row))
}

pub(super) fn current(id: Option<&str>) -> Change {
    let key = Key::from(phone::CURRENT);
    match id {
        Some(id) => Change::Put(Store::Phone, key, id.as_bytes().to_vec()),
        None => Change::Delete(Store::Phone, key),
    }
}

/// Where it stands that somebody left.
pub(super) fn left_at(id: &str) -> Key {
    format!("{}{id}", phone::LEFT).as_str().into()
}

pub(super) fn decode(row: &[u8]) -> Result<PersonRow, StorageError> {
    codec::decode(row).map_err(|error| StorageError::Unreadable(format!("person: {error}")))
}

fn place(what: &str, id: &str) -> Vec<u8> {
    format!("{what} {id}").into_bytes()
}

/// The PIN's key is of these parameters: with others beside it the seal does not open.
fn pin_place(id: &str, row: &PinRow) -> Vec<u8> {
    [place("pin", id), codec::encode(row)].concat()
}

fn of_people(error: CryptoError) -> StorageError {
    sealing(error, Store::People)
}

async fn seal(key: &AesKey, place: &[u8], bytes: &[u8]) -> Result<Vec<u8>, CryptoError> {
    key.seal(place, bytes)?.done().await
}

async fn open(key: &AesKey, place: &[u8], value: &[u8]) -> Result<Vec<u8>, CryptoError> {
    key.open(place, value)?.done().await
}
