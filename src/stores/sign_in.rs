//! Who uses this phone: the stored profile, and whether the server still agrees.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use sync::device::{DeviceState, Former};
use thiserror::Error;

use super::{Records, outbox};
use crate::platform::{
    document,
    http::{HttpError, Method, Request},
    json,
    storage::{
        Change, Read, Rows, Storage, StorageError, Store,
        schema::{self, BlobRow, STORES, meta},
    },
};

/// What an account may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Inspects and reports for a unit.
    Officer,
    /// Runs training sessions.
    Trainer,
    /// Looks after a whole area at the desk.
    Coordinator,
    /// Runs the server's accounts and forms.
    Administrator,
    /// Reads only.
    Auditor,
}

impl Role {
    /// All roles, those of the field first.
    pub const ALL: [Self; 5] =
        [Self::Officer, Self::Trainer, Self::Coordinator, Self::Auditor, Self::Administrator];
}

/// The person signed in, as the server described them; kept on the phone so that the app opens offline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// The account's name, which operations carry as author.
    pub account: String,
    /// The person's name.
    pub name: String,
    /// What they may do.
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
    /// No answer from the server.
    #[error("server not reached")]
    Unreachable,
    /// The server answered something else: its code.
    #[error("server refused: {0}")]
    Refused(String),
    /// Another person's unsent work is on this phone: its count of records.
    #[error("{0} records are not sent yet")]
    UnsentWork(usize),
    /// The phone cannot store the profile.
    #[error("profile not stored")]
    Storage(#[from] StorageError),
}

/// Who uses this phone, as a store.
#[derive(Clone, Copy)]
pub struct SignIn {
    storage: StoredValue<Storage, LocalStorage>,
    records: Records,
    state: RwSignal<SignInState>,
    expired: RwSignal<bool>,
}

/// What lets a person in.
#[derive(Clone, Copy, Serialize)]
#[serde(untagged)]
pub enum Key<'a> {
    /// What the person knows.
    Password {
        /// The account's name.
        name: &'a str,
        /// Its password.
        password: &'a str,
    },
    /// What a coordinator made for the person; good once.
    Code {
        /// The code as it was read out or stood in the link.
        code: &'a str,
    },
}

#[derive(Serialize)]
struct Credentials<'a> {
    #[serde(flatten)]
    key: Key<'a>,
    /// Whose unsent work is here: a code of anybody else is not used.
    #[serde(skip_serializing_if = "Option::is_none")]
    only: Option<String>,
    device: String,
    device_name: String,
}

impl SignIn {
    /// Reads the stored profile.
    pub async fn load(storage: Storage, records: Records) -> Result<Self, StorageError> {
        let profile = match storage.row(Store::Meta, meta::PROFILE).await? {
            Some(bytes) => Some(
                json::read(&bytes)
                    .map_err(|error| StorageError::Unreadable(format!("profile: {error}")))?,
            ),
            None => None,
        };
        Ok(Self {
            storage: StoredValue::new_local(storage),
            records,
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

    /// Whether the server wants the password again before it takes or gives anything. Filling goes on.
    #[must_use]
    pub fn expired(self) -> Signal<bool> {
        self.expired.into()
    }

    /// The server ended the session.
    pub fn set_expired(self) {
        self.expired.try_set(true);
    }

    /// The server says which units the person may see now.
    pub async fn set_scope(self, units: Vec<String>) -> Result<(), StorageError> {
        let Some(profile) = self.profile().filter(|profile| profile.scope != units) else {
            return Ok(());
        };
        self.keep(Profile { scope: units, ..profile }).await
    }

    async fn keep(self, profile: Profile) -> Result<(), StorageError> {
        let bytes = serde_json::to_vec(&profile).expect("a profile is JSON");
        self.storage
            .get_value()
            .write(vec![Change::Put(Store::Meta, meta::PROFILE.into(), bytes)])
            .await?;
        self.state.try_set(SignInState::SignedIn(profile));
        Ok(())
    }

    /// Signs in. Another person than before gets an empty phone, once all is sent.
    pub async fn sign_in(self, key: Key<'_>) -> Result<(), SignInError> {
        // Before the server is asked: with its answer the browser sends in the other person's name.
        let mut only = None;
        if let Some(before) = self.profile() {
            match (key, self.forbid_unsent_work().await) {
                (Key::Password { name, .. }, Err(unsent)) => {
                    if !before.account.eq_ignore_ascii_case(name) {
                        return Err(unsent);
                    }
                }
                // Whose a code is only the server knows.
                (Key::Code { .. }, Err(SignInError::UnsentWork(_))) => only = Some(before.account),
                (Key::Code { .. }, Err(error)) => return Err(error),
                (_, Ok(())) => {}
            }
        }
        let device = self.records.device();
        let credentials = Credentials {
            key,
            only,
            device: device.device.to_string(),
            device_name: crate::platform::device_name(),
        };
        let body = serde_json::to_vec(&credentials).expect("strings are JSON");
        let request = Request::new(Method::Post, "/api/v1/session").body("application/json", body);
        let answer =
            request.send(&[]).await.map_err(|_no_answer: HttpError| SignInError::Unreachable)?;
        if !answer.is_ok() {
            return Err(match answer.error() {
                Some(error) if error.code == "other_account" => {
                    self.forbid_unsent_work().await?;
                    // It was sent just now: the same code lets in at the next try.
                    SignInError::Refused(error.code)
                }
                Some(error) if error.code == "wrong_credentials" => SignInError::WrongCredentials,
                Some(error) if error.code == "wrong_code" => SignInError::WrongCode,
                Some(error) => SignInError::Refused(error.code),
                None => SignInError::Refused(answer.status.to_string()),
            });
        }
        let profile: Profile = json::read(&answer.body).map_err(SignInError::Refused)?;
        let is_other = self.profile().is_some_and(|before| before.account != profile.account);
        if is_other && let Err(error) = self.forget_person().await {
            // Something was written meanwhile. It is not sent in the other person's name.
            end_session().await;
            self.expired.try_set(true);
            return Err(error);
        }
        self.expired.try_set(false);
        self.keep(profile).await?;
        if is_other {
            document::reload();
        }
        Ok(())
    }

    /// Signs out: what the server has is removed from this phone. Unsent work is in the way.
    pub async fn sign_out(self) -> Result<(), SignInError> {
        self.forget_person().await?;
        end_session().await;
        self.state.try_set(SignInState::SignedOut);
        // Nothing of the person stays in memory either.
        document::reload();
        Ok(())
    }

    /// What the server does not have yet stays: nobody may take the phone over before it is sent.
    async fn forbid_unsent_work(self) -> Result<(), SignInError> {
        let acked = self.records.device().acked;
        let (unsent, files) = self.records.unsent(acked).await?;
        refuse(unsent.records.len(), files.len())
    }

    /// Empties the phone of a person's records, in the transaction that finds all of them sent; forms and the device's
    /// id stay.
    async fn forget_person(self) -> Result<(), SignInError> {
        let reads = vec![
            Read::Row(Store::Meta, meta::DEVICE.into()),
            Read::All(Store::Open),
            Read::From(
                Store::Outbox,
                schema::Key::Number(self.records.device().acked + 1),
                u32::MAX,
            ),
            Read::All(Store::BlobMeta),
            Read::Row(Store::Meta, meta::RESCUED.into()),
        ];
        let decide = |rows: Vec<Rows>| {
            let [device, open, sealed, files, rescued] = &rows[..] else {
                return Err(StorageError::Unreadable("an answer is missing".to_owned()));
            };
            let mut unsent_files = 0;
            for (_, row) in files {
                unsent_files += usize::from(!BlobRow::decode(row)?.sent);
            }
            // What this phone answers for in another's name is unsent work too.
            let mut of_others: Vec<Former> = match rescued.first() {
                Some((_, row)) => outbox::decode(row, "rescued")?,
                None => Vec::new(),
            };
            for (_, row) in device {
                let device: DeviceState = outbox::decode(row, "device")?;
                of_others.extend(device.former().iter().cloned());
            }
            let of_others: usize = of_others.iter().map(Former::unsent).sum();
            let records = outbox::unsent_in(open, sealed)?.records.len() + of_others;
            let unsent = (records, unsent_files);
            if unsent != (0, 0) {
                return Ok((Vec::new(), unsent));
            }
            let kept =
                [Store::Meta, Store::Forms, Store::Pack, Store::Carried, Store::CarriedPieces];
            let cleared = STORES.into_iter().filter(|store| !kept.contains(store));
            let mut changes: Vec<Change> = cleared.map(Change::Clear).collect();
            changes.push(Change::Delete(Store::Meta, meta::PROFILE.into()));
            changes.push(Change::Delete(Store::Meta, meta::SYNC_LOG.into()));
            changes.push(Change::Delete(Store::Meta, meta::NAMES.into()));
            for (_, row) in device {
                let device: DeviceState = outbox::decode(row, "device")?;
                changes.push(outbox::put_device(&DeviceState {
                    cursor: None,
                    former: None,
                    ..device
                }));
            }
            Ok((changes, unsent))
        };
        let storage = self.storage.get_value();
        let (records, files) = storage.update(reads, &STORES, decide).await?;
        refuse(records, files)?;
        self.records.reload().await?;
        Ok(())
    }
}

fn refuse(records: usize, files: usize) -> Result<(), SignInError> {
    match records.max(usize::from(files > 0)) {
        0 => Ok(()),
        count => Err(SignInError::UnsentWork(count)),
    }
}

async fn end_session() {
    if let Err(error) = Request::new(Method::Delete, "/api/v1/session").send(&[]).await {
        // The cookie dies with its time.
        crate::platform::log_error(&format!("session not ended at the server: {error}"));
    }
}
