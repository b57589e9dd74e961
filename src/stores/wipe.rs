//! After too many wrong PINs, where the organisation wants it: what is unsent goes to the server, and then the store goes.
//!
//! `sync::wipe` decides; nobody is let in for it. Nothing is removed that the server does not have.

use sync::{wipe::Step, wire::Hash};

use leptos::prelude::GetUntracked;

use super::{Door, carry, records::is_signed_out};
use crate::platform::{
    broadcast::Channel,
    connectivity,
    http::{Method, Request},
    locks, log_error,
    storage::{Person, Phone, StorageError, schema::Label},
};

/// Where a phone stands that somebody tries PINs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// So many more wrong PINs empty it; none: none do.
    Waits(Option<u32>),
    /// Something on it is in no copy: it stays, and the next PIN waits.
    Keeps,
    /// Its copy is not at the server yet: it is brought when there is a network.
    NotBrought,
    /// Nothing of the person is on this phone any more.
    Wiped,
}

/// What became of a copy on its way to the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Brought {
    /// The server has it, since then.
    Taken(i64),
    /// The server will never take it: its code.
    Refused(String),
    /// Not this time.
    Failed,
}

/// Does what is to be done after a wrong PIN, and again when there is a network.
pub async fn settle(door: Door, person: &Person) -> Result<Outcome, StorageError> {
    let (phone, shelf) = (door.phone()?, door.shelf()?);
    // Another tab of theirs that is open locks itself, and is out of the way then.
    if is_due(&phone, &person.id).await?.is_ok() {
        Channel::open(&door_channel(&person.id)).post(LOCK);
    }
    let bring = async |bundle: Hash, size: u64| match connectivity::is_online() {
        true => carry::deliver(&shelf, bundle, size).await,
        false => Brought::Failed,
    };
    let outcome = settle_with(&phone, &person.id, bring).await?;
    if outcome == Outcome::Wiped {
        end_sessions(door).await;
    }
    Ok(outcome)
}

/// Ends at the server the sessions of those who left this phone; where it cannot be told just now, later. They would last for half a
/// year without a use.
pub async fn end_sessions(door: Door) {
    let ended = async {
        let phone = door.phone()?;
        for (id, label) in phone.leavers().await? {
            if is_ended(&label).await {
                phone.has_ended(&id).await?;
            }
        }
        Ok::<_, StorageError>(())
    };
    if let Err(error) = ended.await {
        log_error(&format!("sessions not ended: {error}"));
    }
}

/// Stores beside which their people began anew go as after too many wrong PINs.
///
/// That is where the organisation wants it, and once the server has all of them. Others stay as they are, closed.
pub async fn settle_aside(door: Door) {
    let settled = async {
        for person in door.people().get_untracked() {
            if person.row.is_aside() && settle(door, &person).await? == Outcome::Wiped {
                door.look().await?;
            }
        }
        Ok::<_, StorageError>(())
    };
    if let Err(error) = settled.await {
        log_error(&format!("stores of forgotten PINs not followed up: {error}"));
    }
}

/// Only theirs: people who share a phone share its cookie. And only of the device that they were: they may have signed in anew since.
async fn is_ended(label: &Label) -> bool {
    let path = format!("/api/v1/session?device={}", label.device);
    let request = Request::new(Method::Delete, path).spoken_for(&label.account);
    match request.send(&[]).await {
        Ok(answer) => {
            answer.status == 204 || answer.error().is_some_and(|error| is_signed_out(&error.code))
        }
        Err(error) => {
            log_error(&format!("a session is not ended yet: {error}"));
            false
        }
    }
}

/// Said on [`door_channel`]: whoever hears it locks.
pub const LOCK: &str = "lock";
/// Said on [`door_channel`]: the phone is lost, and locks in any case.
pub const LOST: &str = "lost";
/// Said on [`door_channel`]: the person and their store were removed from this phone.
pub const REMOVED: &str = "removed";

/// The channel on which the tabs of a person's store lock each other.
#[must_use]
pub fn door_channel(id: &str) -> String {
    format!("sotay.door {id}")
}

/// As [`settle`], with that way to the server.
pub async fn settle_with(
    phone: &Phone,
    id: &str,
    bring: impl AsyncFn(Hash, u64) -> Brought,
) -> Result<Outcome, StorageError> {
    if let Err(outcome) = is_due(phone, id).await? {
        return Ok(outcome);
    }
    // Whoever is in holds it: nobody writes to the store from here on, or they have come in by the right PIN since. But for a tab
    // that the system stopped, whose lock was taken away: what that one writes keeps the store to the end.
    let lock = locks::take(&phone.lock_of(id)).await;
    if !lock.is_held() {
        return Ok(Outcome::Keeps);
    }
    loop {
        let person = match is_due(phone, id).await? {
            Ok(person) => person,
            Err(outcome) => return Ok(outcome),
        };
        let rows = phone.trace(id).await?;
        match person.row.step(rows) {
            Step::Wait(left) => return Ok(Outcome::Waits(left)),
            Step::Keep => return Ok(Outcome::Keeps),
            Step::Bring => {
                let copy = person.row.copy().and_then(|copy| Some((copy.bundle?, copy.size)));
                let Some((bundle, size)) = copy else { return Ok(Outcome::Keeps) };
                let told = match bring(bundle, size).await {
                    Brought::Taken(received_ms) => Ok(received_ms),
                    Brought::Refused(code) => Err(code),
                    Brought::Failed => return Ok(Outcome::NotBrought),
                };
                phone.note_copy(id, bundle, told).await?;
            }
            Step::Wipe => {
                if phone.wipe(&person, rows).await? {
                    return Ok(Outcome::Wiped);
                }
            }
        }
    }
}

/// The person, if so many PINs were wrong that their store is to go; else how it stands.
async fn is_due(phone: &Phone, id: &str) -> Result<Result<Person, Outcome>, StorageError> {
    let person = phone.people().await?.into_iter().find(|person| person.id == id);
    Ok(match person {
        None => Err(Outcome::Wiped),
        Some(person) => match person.row.tries_left() {
            Some(0) => Ok(person),
            left => Err(Outcome::Waits(left)),
        },
    })
}
