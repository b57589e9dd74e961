//! The pack and its forms: on the phone after the first sign-in, whole.

use std::{collections::BTreeMap, sync::Arc};

use form::{Program, Resources};
use leptos::prelude::*;
use sync::{codec, wire::Hash};
use thiserror::Error;

use super::{
    pack::{Pack, PackForm},
    preferences::Language,
};
use crate::platform::{
    http::{HttpError, Request},
    json,
    storage::{self, Change, Key, Storage, StorageError, Store, schema::PACK},
};

/// Why a form cannot be opened.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ProgramError {
    /// It is not on this phone, and the server was not reached.
    #[error("form not on this phone")]
    NotHere,
    /// The server has no such form.
    #[error("server refused: {0}")]
    Refused(String),
    /// Its bytes are not the ones that its name stands for.
    #[error("other bytes than the form's")]
    OtherBytes,
    /// It cannot be read or compiled: what is wrong with it.
    #[error("form unusable: {0}")]
    Unusable(String),
    /// The phone's storage failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Why the pack was not fetched.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PackError {
    /// No connection to the server.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// The server answered with an error: its code.
    #[error("server refused: {0}")]
    Refused(String),
    /// It cannot be read.
    #[error("pack unreadable: {0}")]
    Unreadable(String),
    /// A form of it cannot be had.
    #[error(transparent)]
    Form(#[from] ProgramError),
    /// The phone's storage failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// The pack and the forms that this phone holds.
#[derive(Clone, Copy)]
pub struct Library {
    storage: StoredValue<Storage, LocalStorage>,
    pack: RwSignal<Arc<Pack>>,
    programs: StoredValue<BTreeMap<Hash, Arc<Program>>>,
    held: RwSignal<bool>,
    /// Whether a refresh is under way: a second one would fetch the same again.
    refreshing: StoredValue<bool>,
}

impl Library {
    /// Reads the stored pack; an empty one before the first sign-in.
    pub async fn load(storage: Storage) -> Result<Self, StorageError> {
        let stored = storage.row(Store::Pack, PACK).await?;
        let pack = match stored {
            Some(bytes) => parse_pack(&bytes).map_err(StorageError::Unreadable)?,
            None => Pack::default(),
        };
        let library = Self {
            storage: StoredValue::new_local(storage),
            pack: RwSignal::new(Arc::new(pack)),
            programs: StoredValue::new(BTreeMap::new()),
            held: RwSignal::new(false),
            refreshing: StoredValue::new(false),
        };
        library.held.set(library.missing_forms().await?.is_empty());
        Ok(library)
    }

    /// The pack; empty before the first sign-in.
    #[must_use]
    pub fn pack(self) -> Signal<Arc<Pack>> {
        self.pack.into()
    }

    /// Whether every form in force is on this phone: it may go offline.
    #[must_use]
    pub fn all_forms_held(self) -> Signal<bool> {
        self.held.into()
    }

    /// The form in force with this id.
    #[must_use]
    pub fn form(self, id: &str) -> Option<PackForm> {
        self.pack.read().forms.iter().find(|form| form.id == id).cloned()
    }

    /// The form in force with this hash (hex).
    #[must_use]
    pub fn form_by_hash(self, hash: &str) -> Option<PackForm> {
        self.pack.read().forms.iter().find(|form| form.hash == hash).cloned()
    }

    /// A unit's name; its id if the pack does not know it.
    #[must_use]
    pub fn unit_name(self, unit: &str, language: Language) -> String {
        let pack = self.pack.read();
        let name =
            pack.units.iter().find(|known| known.id == unit).map(|known| known.name.get(language));
        name.filter(|name| !name.is_empty()).unwrap_or(unit).to_owned()
    }

    /// A form made ready to run: from this phone, else from the server.
    pub async fn program(self, hash: Hash) -> Result<Arc<Program>, ProgramError> {
        if let Some(program) =
            self.programs.try_with_value(|programs| programs.get(&hash).cloned()).flatten()
        {
            return Ok(program);
        }
        let storage = self.storage.get_value();
        let bytes = match storage.row(Store::Forms, hash).await? {
            Some(bytes) => bytes,
            None => fetch_form(&storage, hash).await?,
        };
        let program = Arc::new(compile(&bytes)?);
        self.programs.try_update_value(|programs| programs.insert(hash, program.clone()));
        Ok(program)
    }

    /// A form's XML, if this phone holds it.
    pub async fn held_form(self, hash: Hash) -> Result<Option<Vec<u8>>, StorageError> {
        self.storage.get_value().row(Store::Forms, hash).await
    }

    /// Fetches the pack if the server has a newer one, then every form that is missing here.
    pub async fn refresh(self) -> Result<(), PackError> {
        if self.refreshing.get_value() {
            return Ok(());
        }
        self.refreshing.set_value(true);
        let refreshed = self.fetch().await;
        self.refreshing.try_update_value(|refreshing| *refreshing = false);
        refreshed
    }

    async fn fetch(self) -> Result<(), PackError> {
        let storage = self.storage.get_value();
        let known = self.pack.with_untracked(|pack| pack.hash.clone());
        let mut request = Request::get("/api/v1/pack");
        if !known.is_empty() {
            request = request.header("If-None-Match", format!("\"{known}\""));
        }
        let answer = request.send(&[]).await?;
        if answer.is_ok() {
            let pack = parse_pack(&answer.body).map_err(PackError::Unreadable)?;
            storage.write(vec![Change::Put(Store::Pack, PACK.into(), answer.body)]).await?;
            self.held.try_set(false);
            self.pack.try_set(Arc::new(pack));
        } else if answer.status != 304 {
            let code = answer.error().map_or_else(|| answer.status.to_string(), |error| error.code);
            return Err(PackError::Refused(code));
        }
        for hash in self.missing_forms().await? {
            fetch_form(&storage, hash).await?;
        }
        self.held.try_set(true);
        Ok(())
    }

    /// The pack that is held, by its hash (hex); empty for none.
    #[must_use]
    pub fn pack_hash(self) -> String {
        self.pack.with_untracked(|pack| pack.hash.clone())
    }

    /// As [`Self::all_forms_held`], now.
    #[must_use]
    pub fn holds_all_forms(self) -> bool {
        self.held.get_untracked()
    }

    async fn missing_forms(self) -> Result<Vec<Hash>, StorageError> {
        let storage = self.storage.get_value();
        let hashes: Vec<Hash> = self.pack.with_untracked(|pack| {
            pack.forms.iter().filter_map(|form| form.hash.parse().ok()).collect()
        });
        let held = storage.read(vec![storage::Read::Keys(Store::Forms)]).await?.concat();
        let is_missing = |hash: &Hash| !held.iter().any(|(key, _)| *key == Key::from(*hash));
        Ok(hashes.into_iter().filter(is_missing).collect())
    }
}

fn parse_pack(bytes: &[u8]) -> Result<Pack, String> {
    json::read(bytes)
}

/// Fetches a form, checks that it is the one that its hash names, and keeps it.
async fn fetch_form(storage: &Storage, hash: Hash) -> Result<Vec<u8>, ProgramError> {
    let answer = Request::get(format!("/api/v1/forms/{hash}")).send(&[]).await;
    let answer = answer.map_err(|_unreachable: HttpError| ProgramError::NotHere)?;
    if !answer.is_ok() {
        let code = answer.error().map_or_else(|| answer.status.to_string(), |error| error.code);
        return Err(ProgramError::Refused(code));
    }
    if codec::hash(&answer.body) != hash {
        return Err(ProgramError::OtherBytes);
    }
    storage.write(vec![Change::Put(Store::Forms, hash.into(), answer.body.clone())]).await?;
    Ok(answer.body)
}

fn compile(bytes: &[u8]) -> Result<Program, ProgramError> {
    let unusable = |error: String| ProgramError::Unusable(error);
    let xml = std::str::from_utf8(bytes).map_err(|error| unusable(error.to_string()))?;
    let (form, _warnings) = form::parse_xform(xml).map_err(|error| unusable(error.to_string()))?;
    form::compile(form, &Resources::default()).map_err(|problems| {
        let texts: Vec<String> = problems.iter().map(ToString::to_string).collect();
        unusable(texts.join("; "))
    })
}
