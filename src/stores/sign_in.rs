//! Who uses this phone: the stored profile, and whether the server still agrees.

use std::pin::pin;

use futures::future::select;
use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use sync::device::{DeviceState, Former};
use thiserror::Error;

use super::{Door, OpenForms, outbox, wipe::end_sessions};
use crate::platform::{
    document,
    http::{Request, speak_for},
    json,
    storage::{
        Change, Read, Rows, Storage, StorageError, Store,
        schema::{BlobRow, Key, meta},
    },
    tasks,
};

/// What an account is for: the server's own word.
pub use sync::rights::Role;

/// A role in JSON, by its name.
pub(super) mod role_by_name {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    use super::Role;

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
    pub(crate) fn serialize<S: Serializer>(role: &Role, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(role.name())
    }

    pub(crate) fn deserialize<'d, D: Deserializer<'d>>(from: D) -> Result<Role, D::Error> {
        let name = String::deserialize(from)?;
        Role::named(&name).ok_or_else(|| D::Error::custom(format!("{name} is no role")))
    }
}

/// The change that keeps who is signed in.
pub(super) fn put_profile(profile: &Profile) -> Change {
    let bytes = serde_json::to_vec(profile).expect("a profile is JSON");
    Change::Put(Store::Meta, meta::PROFILE.into(), bytes)
}

/// The stored profile with the units that the person may see now; `None` if it says so already.
pub(crate) fn with_scope(
    stored: &Rows,
    units: &[String],
) -> Result<Option<(Change, Profile)>, StorageError> {
    let Some((_, row)) = stored.first() else { return Ok(None) };
    let profile: Profile =
        json::read(row).map_err(|error| StorageError::Unreadable(format!("profile: {error}")))?;
    if profile.scope == units {
        return Ok(None);
    }
    let profile = Profile { scope: units.to_vec(), ..profile };
    Ok(Some((put_profile(&profile), profile)))
}

/// The person signed in, as the server described them; kept on the phone so that the app opens offline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// The account's name, which operations carry as author.
    pub account: String,
    /// The person's name.
    pub name: String,
    /// What they may do.
    #[serde(with = "role_by_name")]
    pub role: Role,
    /// Their own org unit's id.
    pub unit: String,
    /// Every unit whose records they may see.
    pub scope: Vec<String>,
}

/// Where the sign-in stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SignInState {
    /// The store is being read.
    Opening,
    /// Nobody has signed in on this phone.
    SignedOut,
    /// This person works here, online or not.
    SignedIn(Profile),
}

/// Why signing in or out did not work.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SignInError {
    /// The server does not know this name with this password.
    #[error("wrong name or password")]
    WrongCredentials,
    /// The code was used, is over, or never was.
    #[error("wrong code")]
    WrongCode,
    /// The password is right, and not enough for this person.
    #[error("passkey needed")]
    PasskeyNeeded,
    /// No answer from the server.
    #[error("server not reached")]
    Unreachable,
    /// The server answered something else: its code.
    #[error("server refused: {0}")]
    Refused(String),
    /// The server asks to wait so many minutes.
    #[error("to wait {0} min")]
    Wait(u32),
    /// Unsent work is on this phone: its count of records.
    #[error("{0} records are not sent yet")]
    UnsentWork(usize),
    /// The phone cannot store the profile.
    #[error("profile not stored")]
    Storage(#[from] StorageError),
}

/// How long signing out waits at most for the server: the request outlives the page.
const END_MS: u32 = 3_000;

/// Who uses this phone, as a store.
#[derive(Clone, Copy)]
pub struct SignIn {
    storage: StoredValue<Storage, LocalStorage>,
    door: Door,
    state: RwSignal<SignInState>,
    expired: RwSignal<bool>,
}

impl SignIn {
    /// Reads the stored profile.
    pub async fn load(storage: Storage, door: Door) -> Result<Self, StorageError> {
        let profile: Option<Profile> = match storage.row(Store::Meta, meta::PROFILE).await? {
            Some(bytes) => Some(
                json::read(&bytes)
                    .map_err(|error| StorageError::Unreadable(format!("profile: {error}")))?,
            ),
            None => None,
        };
        if let Some(profile) = &profile {
            speak_for(&profile.account);
        }
        Ok(Self {
            storage: StoredValue::new_local(storage),
            door,
            state: RwSignal::new(profile.map_or(SignInState::SignedOut, SignInState::SignedIn)),
            expired: RwSignal::new(false),
        })
    }

    /// Where the sign-in stands.
    #[must_use]
    pub fn state(self) -> Signal<SignInState> {
        self.state.into()
    }

    /// The person signed in, now.
    #[must_use]
    pub fn profile(self) -> Option<Profile> {
        match self.state.get_untracked() {
            SignInState::SignedIn(profile) => Some(profile),
            SignInState::Opening | SignInState::SignedOut => None,
        }
    }

    /// Whether the person signed in fills forms: who does not is offered no work that the server would only keep aside.
    #[must_use]
    pub fn does_field_work(self) -> bool {
        self.profile().is_some_and(|profile| profile.role.does_field_work())
    }

    /// Whether the person approves records and sends them back.
    #[must_use]
    pub fn reviews(self) -> bool {
        self.profile().is_some_and(|profile| profile.role.reviews())
    }

    /// Whether a unit is the one where the person works.
    #[must_use]
    pub fn is_of(self, unit: &str) -> bool {
        self.state.with_untracked(
            |state| matches!(state, SignInState::SignedIn(profile) if profile.unit == unit),
        )
    }

    /// Whether the server wants the password again before it takes or gives anything. Filling goes on.
    #[must_use]
    pub fn expired(self) -> Signal<bool> {
        self.expired.into()
    }

    /// The server ended the session.
    pub fn set_expired(self) {
        self.expired.try_set(true);
    }

    /// The server ended the session because the phone is lost.
    pub fn set_lost(self, forms: OpenForms) {
        self.door.lose(forms);
    }

    /// The stored profile is another one now.
    pub(crate) fn set_profile(self, profile: Profile) {
        speak_for(&profile.account);
        self.state.try_set(SignInState::SignedIn(profile));
    }

    /// Asks the server who the person is: they may work elsewhere since they signed in, or do something else.
    pub(crate) async fn refresh(self) -> Result<(), StorageError> {
        if self.profile().is_some()
            && let Ok(answer) = Request::get("/api/v1/session").send(&[]).await
            && answer.is_ok()
            && let Some(profile) = self.news(&answer.body)
        {
            self.renew(profile).await?;
        }
        Ok(())
    }

    /// What is new of the person in what the server says. Of anybody else, or out of a network's own mouth, nothing is.
    fn news(self, said: &[u8]) -> Option<Profile> {
        let (said, known) = (json::read::<Profile>(said).ok()?, self.profile()?);
        (known.account == said.account && known != said).then_some(said)
    }

    /// The server knows the person again.
    pub(super) async fn renew(self, profile: Profile) -> Result<(), StorageError> {
        self.storage.get_value().write(vec![put_profile(&profile)]).await?;
        self.set_profile(profile);
        self.expired.try_set(false);
        Ok(())
    }

    /// Signs out: the person and their store are removed from this phone. Unsent work is in the way, and so is what an open form
    /// could not store.
    pub async fn sign_out(self, forms: OpenForms) -> Result<(), SignInError> {
        // Who is refused has lost no recording by it.
        self.owes_nothing().await?;
        // From here on nobody enters what would be on no server.
        document::set_root_attribute("data-locking", "on");
        let removed = async {
            forms.finish_all().await?;
            self.door.remove_inside(async || self.owes_nothing().await).await
        };
        if let Err(error) = removed.await {
            document::set_root_attribute("data-locking", "off");
            return Err(error);
        }
        // The server is told last, and nobody waits long for its answer: on a bad line that takes a minute.
        select(pin!(end_sessions(self.door)), pin!(tasks::sleep(END_MS))).await;
        self.state.try_set(SignInState::SignedOut);
        // Nothing of the person stays in memory either.
        document::reload();
        Ok(())
    }

    /// Finds all that the person entered sent.
    async fn owes_nothing(self) -> Result<(), SignInError> {
        let reads = vec![
            Read::Row(Store::Meta, meta::DEVICE.into()),
            Read::All(Store::Open),
            Read::All(Store::Outbox),
            Read::All(Store::BlobMeta),
            Read::Row(Store::Meta, meta::RESCUED.into()),
        ];
        let rows = self.storage.get_value().read(reads).await?;
        let [device, open, sealed, files, rescued] = &rows[..] else {
            return Err(StorageError::Unreadable("an answer is missing".to_owned()).into());
        };
        let mut unsent_files = 0;
        for (_, row) in files {
            unsent_files += usize::from(BlobRow::decode(row)?.waits());
        }
        // What this phone answers for in another's name is unsent work too.
        let mut of_others: Vec<Former> = match rescued.first() {
            Some((_, row)) => outbox::decode(row, "rescued")?,
            None => Vec::new(),
        };
        let mut acked = 0;
        for (_, row) in device {
            let device: DeviceState = outbox::decode(row, "device")?;
            acked = device.acked;
            of_others.extend(device.former().iter().cloned());
        }
        let of_others: usize = of_others.iter().map(Former::unsent).sum();
        let is_unsent = |(key, _): &&(Key, Vec<u8>)| *key > Key::Number(acked);
        let sealed: Rows = sealed.iter().filter(is_unsent).cloned().collect();
        let records = outbox::unsent_in(open, &sealed)?.records.len() + of_others;
        match records.max(usize::from(unsent_files > 0)) {
            0 => Ok(()),
            count => Err(SignInError::UnsentWork(count)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use futures::executor::block_on;
    use sync::{
        codec,
        wire::{Action, DeviceId, Dot, FormRef, Hash, Operation, RecordId, Times},
    };

    use super::*;
    use crate::platform::storage::schema::OutboxRow;

    /// Whoever was moved to another unit goes on there, not where they were when they signed in.
    #[test]
    fn what_the_server_says_of_the_person_is_kept_and_nobody_elses_word_is() {
        let storage = Storage::in_memory();
        let said = |account: &str, role: &str, unit: &str| {
            format!(
                r#"{{"account":"{account}","name":"Lan","role":"{role}","unit":"{unit}","scope":["{unit}"],"server_ms":5}}"#
            )
        };
        Owner::new().with(|| {
            block_on(async {
                let here: Profile = json::read(said("lan", "officer", "a").as_bytes()).unwrap();
                storage.write(vec![put_profile(&here)]).await.expect("memory stores");
                let open = || SignIn::load(storage.clone(), Door::new());
                let sign_in = open().await.expect("memory reads");
                for old in
                    [said("lan", "officer", "a"), said("minh", "officer", "b"), "<html>".into()]
                {
                    assert_eq!(sign_in.news(old.as_bytes()), None, "{old}");
                }
                let news = sign_in.news(said("lan", "trainer", "b").as_bytes());
                sign_in.renew(news.expect("she was moved")).await.expect("memory stores");
                for tab in [sign_in, open().await.expect("memory reads")] {
                    let now = tab.profile().expect("they are in");
                    assert_eq!((now.role, now.unit.as_str()), (Role::Trainer, "b"));
                    assert_eq!(now.scope, ["b"]);
                }
            });
        });
    }

    /// Another tab syncs: what this one remembers of the server may be older than its restore.
    #[test]
    fn whoever_signs_out_keeps_what_a_restored_server_has_lost() {
        let (storage, device) = (Storage::in_memory(), DeviceId([1; 16]));
        let operation = Operation {
            dot: Dot { device, seq: 1 },
            record: RecordId([2; 16]),
            form: FormRef { id: "f".to_owned(), version: "1".to_owned(), hash: Hash([3; 32]) },
            unit: "u".to_owned(),
            action: Action::Submit,
            fields: BTreeMap::new(),
            at: Times::default(),
            author: "an".to_owned(),
        };
        let sealed = codec::encode(&OutboxRow::unsent(&operation));
        let stand = |acked| outbox::put_device(&DeviceState { acked, ..DeviceState::new(device) });
        let held = vec![Change::Put(Store::Outbox, Key::Number(1), sealed), stand(1)];
        Owner::new().with(|| {
            block_on(async {
                storage.write(held).await.expect("memory stores");
                let sign_in = SignIn::load(storage.clone(), Door::new()).await;
                let sign_in = sign_in.expect("memory reads");
                storage.write(vec![stand(0)]).await.expect("memory stores");
                assert_eq!(sign_in.owes_nothing().await, Err(SignInError::UnsentWork(1)));
                storage.write(vec![stand(1)]).await.expect("memory stores");
                assert_eq!(sign_in.owes_nothing().await, Ok(()));
                assert_eq!(storage.all(Store::Outbox).await.map(|rows| rows.len()), Ok(1));
            });
        });
    }
}
