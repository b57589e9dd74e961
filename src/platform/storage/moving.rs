//! What the first versions kept in the clear, in the phone's own database, moves into a sealed store.
//!
//! It is copied first. That the copy is whole, and that nothing is left in the clear, is then written in one transaction: a
//! phone that dies before it begins anew, over the same copy; one that dies after it has nothing left to move. An
//! older app in another tab cannot come between: it was shut out when the database got its newer version.

use serde::Deserialize;
use sync::device::DeviceState;

use super::{
    Change, Read, Rows, Storage, StorageError,
    phone::{Person, Phone, current, put},
    schema::{Key, Label, PersonRow, STORES_1, Stage, Store, meta},
};
use crate::platform::{json, locks};

/// Rows that are moved at once: with files among them some megabytes.
const ROWS: u32 = 24;

/// What is needed of the profile that was kept.
#[derive(Deserialize)]
struct Owner {
    account: String,
    name: String,
}

/// Moves in what there is. Under a lock: of two tabs one does it, and the other finds it done.
pub(super) async fn move_in(phone: &Phone) -> Result<(), StorageError> {
    if rows(phone, Store::Meta, first(), 1).await?.is_empty() {
        return Ok(());
    }
    let _lock = locks::take("sotay.moving").await;
    if rows(phone, Store::Meta, first(), 1).await?.is_empty() {
        return Ok(());
    }
    let Some(label) = owner(phone).await? else { return clear_unowned(phone).await };
    let person = match begun(phone).await? {
        Some(person) => person,
        None => {
            let person = phone.make(label, Stage::Moving).await?;
            phone.write(vec![put(&person.id, &person.row)]).await?;
            person
        }
    };
    let storage = phone.make_store(&person).await?;
    for store in STORES_1 {
        copy(phone, store, &storage).await?;
    }
    let row = PersonRow { stage: Stage::Ready, ..person.row };
    let mut changes = vec![put(&person.id, &row), current(Some(&person.id))];
    changes.extend(STORES_1.map(Change::Clear));
    phone.write(changes).await
}

async fn begun(phone: &Phone) -> Result<Option<Person>, StorageError> {
    let people = phone.everybody().await?;
    Ok(people.into_iter().find(|person| person.row.stage == Stage::Moving))
}

/// Whose the rows are; nobody's after a sign-out.
async fn owner(phone: &Phone) -> Result<Option<Label>, StorageError> {
    let reads = vec![
        Read::Row(Store::Meta, meta::PROFILE.into()),
        Read::Row(Store::Meta, meta::DEVICE.into()),
    ];
    let mut found = phone.database().transact(reads, Vec::new(), None).await?.into_iter();
    let mut next = || found.next().and_then(|mut rows| rows.pop()).map(|(_, row)| row);
    let Some(profile) = next() else { return Ok(None) };
    let unreadable = |what: &str| StorageError::Unreadable(what.to_owned());
    let Owner { account, name } = json::read(&profile).map_err(|_why| unreadable("profile"))?;
    let device = next().ok_or_else(|| unreadable("device"))?;
    let device: DeviceState = sync::codec::decode(&device).map_err(|_why| unreadable("device"))?;
    Ok(Some(Label { account, name, device: device.device }))
}

/// A phone on which nobody was signed in kept the forms only: they come again with the next sign-in.
async fn clear_unowned(phone: &Phone) -> Result<(), StorageError> {
    for store in [Store::Open, Store::Outbox] {
        if !rows(phone, store, first(), 1).await?.is_empty() {
            return Err(StorageError::Unreadable("work without a person".to_owned()));
        }
    }
    phone.write(STORES_1.map(Change::Clear).into()).await
}

async fn copy(phone: &Phone, store: Store, to: &Storage) -> Result<(), StorageError> {
    let mut from = Some(first());
    while let Some(key) = from.take() {
        let mut found = rows(phone, store, key, ROWS + 1).await?;
        if found.len() > ROWS as usize {
            from = found.pop().map(|(key, _)| key);
        }
        let put = |(key, value)| Change::Put(store, key, value);
        to.write(found.into_iter().map(put).collect()).await?;
    }
    Ok(())
}

async fn rows(phone: &Phone, store: Store, from: Key, limit: u32) -> Result<Rows, StorageError> {
    let reads = vec![Read::From(store, from, limit)];
    let found = phone.database().transact(reads, Vec::new(), None).await?;
    Ok(found.into_iter().flatten().collect())
}

/// The browser sorts numbers before names, and both before bytes.
fn first() -> Key {
    Key::Number(0)
}
