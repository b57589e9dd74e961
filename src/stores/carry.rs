//! Work that goes by file: bundles that this phone makes, those of others that it keeps until it has brought them, and
//! going on from another phone's.

mod bring;
mod copy;
mod kept;
mod make;
mod receipt;
mod rescue;
mod restore;
mod rows;

use leptos::prelude::*;
use serde::Deserialize;
use sync::{
    bundle::{BundleError, PublicKey},
    device::Former,
    wire::Hash,
};
use thiserror::Error;

pub(super) use self::bring::deliver;
pub use self::kept::{Kept, Receipt};
pub use self::make::Made;
pub use self::receipt::{BadReceipt, Told};
pub use self::rescue::Parts;
pub use self::restore::restore;
use super::{OpenForms, Records, SignIn, outbox, sign_in::SignInState};
use crate::platform::{
    bundle::CipherError,
    connectivity,
    files::FileError,
    http::{HttpError, Method, Request},
    json, log_error,
    signing_key::SigningKey,
    storage::{Change, Storage, StorageError, Store, schema::meta},
    tasks::{self, Timer},
    visibility,
};
use crate::reactive::effect;

/// Why work did not go by file.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CarryError {
    /// Nobody is signed in.
    #[error("nobody is signed in")]
    SignedOut,
    /// The server's key never came: the phone has not been online since it can make bundles.
    #[error("the organisation's key is not here")]
    NoKey,
    /// The server has everything.
    #[error("nothing to carry")]
    Nothing,
    /// The file is no bundle.
    #[error(transparent)]
    Bundle(#[from] BundleError),
    /// The bundle is for the server alone.
    #[error("no rescue file")]
    NoRescueFile,
    /// Another code, or a damaged file.
    #[error("wrong code")]
    WrongCode,
    /// Somebody else is in.
    #[error("made by {0}")]
    OtherPerson(String),
    /// Its owner has a PIN on this phone, which was not entered.
    #[error("{0} has a PIN here")]
    Locked(String),
    /// The file was made on this very phone.
    #[error("made on this phone")]
    SamePhone,
    /// The file is no receipt, or not one for this phone.
    #[error(transparent)]
    Receipt(#[from] BadReceipt),
    /// The phone's storage failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The browser's ciphers failed.
    #[error(transparent)]
    Cipher(#[from] CipherError),
    /// The browser would not read or make the file.
    #[error(transparent)]
    File(#[from] FileError),
}

/// What goes by file, as a store.
#[derive(Clone, Copy)]
pub struct Carry {
    /// Bundles of others are the phone's, whoever uses it.
    shelf: StoredValue<Storage, LocalStorage>,
    storage: StoredValue<Storage, LocalStorage>,
    records: Records,
    sign_in: SignIn,
    open_forms: OpenForms,
    kept: RwSignal<Vec<Kept>>,
    /// Whether the server knows this device's key, as far as this page knows.
    enrolled: StoredValue<bool>,
    /// Of what no copy can be made that stands for all of it: `sync::wipe::Trace`.
    uncopied: StoredValue<Option<Hash>>,
    /// Whether bundles are on their way right now.
    bringing: RwSignal<bool>,
    retry: StoredValue<Timer, LocalStorage>,
}

/// What the server answers to a device that tells its key.
#[derive(Deserialize)]
struct Organisation {
    key: String,
}

impl Carry {
    /// Nothing is read yet.
    #[must_use]
    pub fn new(
        shelf: Storage,
        storage: Storage,
        records: Records,
        sign_in: SignIn,
        open_forms: OpenForms,
    ) -> Self {
        Self {
            kept: RwSignal::new(Vec::new()),
            shelf: StoredValue::new_local(shelf),
            storage: StoredValue::new_local(storage),
            records,
            sign_in,
            open_forms,
            enrolled: StoredValue::new(false),
            uncopied: StoredValue::new(None),
            bringing: RwSignal::new(false),
            retry: StoredValue::new_local(Timer::default()),
        }
    }

    /// Reads what is kept, and brings it whenever there is a network, for as long as the page lives. Once in its life.
    pub fn begin(self) {
        tasks::spawn(async move {
            if let Err(error) = self.reload().await {
                log_error(&format!("kept bundles not read: {error}"));
            }
            self.meet();
            if let Err(error) = kept::sweep(&self.shelf.get_value()).await {
                log_error(&format!("pieces of nothing stay: {error}"));
            }
        });
        let signed_in = self.sign_in.state();
        effect(move || {
            if matches!(*signed_in.read(), SignInState::SignedIn(_)) {
                self.meet();
            }
        });
        connectivity::on_change(move |online| {
            if online {
                self.meet();
            }
        });
        visibility::on_change(move |visible| {
            if visible {
                self.meet();
            }
        });
    }

    /// There may be a network: the keys are exchanged, and what is kept is brought.
    fn meet(self) {
        if !connectivity::is_online() || self.sign_in.profile().is_none() {
            return;
        }
        tasks::spawn(async move {
            if !self.enrolled.get_value()
                && let Err(error) = self.enrol().await
            {
                log_error(&format!("keys not exchanged, it is tried again later: {error}"));
            }
            self.bring_all().await;
        });
    }

    /// Tells the server what this device signs with, and learns what to seal to.
    async fn enrol(self) -> Result<(), EnrolError> {
        let own = SigningKey::open().await?.public();
        let body = format!("{{\"key\":\"{}\"}}", digits(&own));
        let request = Request::new(Method::Put, "/api/v1/session/key");
        let answer = request.body("application/json", body.into_bytes()).send(&[]).await?;
        if !answer.is_ok() {
            return Err(EnrolError::Refused(answer.status));
        }
        let told: Organisation = json::read(&answer.body).map_err(EnrolError::Garbled)?;
        let key = read_digits(&told.key).ok_or_else(|| EnrolError::Garbled(told.key.clone()))?;
        let row = sync::codec::encode(&key);
        let storage = self.storage.get_value();
        storage.write(vec![Change::Put(Store::Meta, meta::ORGANISATION.into(), row)]).await?;
        self.enrolled.try_set_value(true);
        Ok(())
    }

    /// What bundles are sealed to, if the phone was told.
    async fn organisation(self) -> Result<Option<PublicKey>, StorageError> {
        let storage = self.storage.get_value();
        let row = storage.row(Store::Meta, meta::ORGANISATION).await?;
        row.map(|row| outbox::decode(&row, "organisation")).transpose()
    }

    /// Bundles of others that this phone keeps, the newest first.
    #[must_use]
    pub fn kept(self) -> Signal<Vec<Kept>> {
        self.kept.into()
    }

    /// Whether bundles are on their way right now.
    #[must_use]
    pub fn is_bringing(self) -> Signal<bool> {
        self.bringing.into()
    }

    async fn reload(self) -> Result<(), StorageError> {
        let kept = kept::all(&self.shelf.get_value()).await?;
        self.kept.try_set(kept);
        Ok(())
    }

    /// The store of the person who is in.
    #[must_use]
    pub fn storage(self) -> Storage {
        self.storage.get_value()
    }

    /// What waits of another phone's work, and is not taken over yet.
    pub async fn has_rescued(storage: &Storage) -> Result<bool, StorageError> {
        let row = storage.row(Store::Meta, meta::RESCUED).await?;
        let waiting: Option<Vec<Former>> =
            row.map(|row| outbox::decode(&row, "rescued")).transpose()?;
        Ok(waiting.is_some_and(|waiting| !waiting.is_empty()))
    }
}

/// Why the keys were not exchanged.
#[derive(Debug, Error)]
enum EnrolError {
    #[error(transparent)]
    Cipher(#[from] CipherError),
    #[error(transparent)]
    Http(#[from] HttpError),
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error("status {0}")]
    Refused(u16),
    #[error("not understood: {0}")]
    Garbled(String),
}

fn digits(key: &PublicKey) -> String {
    key.0.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn read_digits(digits: &str) -> Option<PublicKey> {
    let mut key = PublicKey([0; 65]);
    if !digits.is_ascii() || digits.len() != 2 * key.0.len() {
        return None;
    }
    for (place, byte) in key.0.iter_mut().enumerate() {
        *byte = u8::from_str_radix(digits.get(2 * place..2 * place + 2)?, 16).ok()?;
    }
    Some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_told_in_digits_and_read_back() {
        let mut key = PublicKey([0xa5; 65]);
        key.0[0] = 4;
        assert_eq!(read_digits(&digits(&key)), Some(key));
        for wrong in ["", "04", &"é".repeat(65), &"zz".repeat(65)] {
            assert_eq!(read_digits(wrong), None, "{wrong}");
        }
    }
}
