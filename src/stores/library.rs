//! The pack and its forms: on the phone after the first sign-in, whole.

mod ready;

use std::sync::Arc;

use form::{
    Program, Resources,
    definition::{Form, Source},
};
use leptos::prelude::*;
use sync::{codec, wire::Hash};
use thiserror::Error;

use self::ready::Ready;
use super::{
    entity_lists,
    form_entry::Medium,
    form_files::{Beside, FormFilesStore, Lacking, is_list},
    pack::{Pack, PackFile, PackForm},
    preferences::Language,
};
use crate::platform::{
    form_files::FormFiles,
    http::{HttpError, Request, Response},
    json, log_error,
    storage::{
        self, Change, Key, Storage, StorageError, Store,
        schema::{EntityListRow, PACK},
    },
    tasks,
};

/// Why a form cannot be opened.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ProgramError {
    /// It is not on this phone, and the server was not reached, or had no answer for now.
    #[error("neither on this phone nor to be had now")]
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

impl PackError {
    /// Whether the server was not reached, or had no answer for now: what is asked for again later may come then. Nothing else is waited
    /// for.
    pub(super) fn is_of_line(&self) -> bool {
        matches!(self, Self::Http(_) | Self::Form(ProgramError::NotHere))
    }
}

/// The pack and the forms that this phone holds.
#[derive(Clone, Copy)]
pub struct Library {
    storage: StoredValue<Storage, LocalStorage>,
    pack: RwSignal<Arc<Pack>>,
    /// A pack that came and is not in force yet: its hash, and its bytes. It is not fetched again.
    next: StoredValue<Option<(String, Vec<u8>)>>,
    programs: StoredValue<Ready>,
    held: RwSignal<bool>,
    files: StoredValue<FormFilesStore, LocalStorage>,
    lacking: RwSignal<Lacking>,
    /// The lists of entities that forms of the pack make, with the pack's hash.
    datasets: StoredValue<Option<(String, Vec<String>)>>,
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
        let files = match storage.is_kept() {
            true => FormFiles::kept(),
            false => FormFiles::in_memory(),
        };
        let library = Self {
            files: StoredValue::new_local(FormFilesStore::new(files)),
            lacking: RwSignal::new(Lacking::default()),
            datasets: StoredValue::new(None),
            storage: StoredValue::new_local(storage),
            pack: RwSignal::new(Arc::new(pack)),
            next: StoredValue::new(None),
            programs: StoredValue::new(Ready::default()),
            held: RwSignal::new(false),
            refreshing: StoredValue::new(false),
        };
        library.held.set(library.is_whole().await?);
        Ok(library)
    }

    /// The pack; empty before the first sign-in.
    #[must_use]
    pub fn pack(self) -> Signal<Arc<Pack>> {
        self.pack.into()
    }

    /// Whether every form in force is on this phone with all files beside it: it may go offline.
    #[must_use]
    pub fn all_forms_held(self) -> Signal<bool> {
        self.held.into()
    }

    /// The files beside forms in force that are not on this phone.
    #[must_use]
    pub fn lacking_files(self) -> Signal<Lacking> {
        self.lacking.into()
    }

    /// The form in force with this id.
    #[must_use]
    pub fn form(self, id: &str) -> Option<PackForm> {
        self.pack.read().forms.iter().find(|form| form.id == id).cloned()
    }

    /// What the form with this id is called in a language, where the pack knows it.
    #[must_use]
    pub fn form_title(self, id: &str, language: Language) -> Option<String> {
        let title = self.form(id)?.title.get(language).to_owned();
        (!title.is_empty()).then_some(title)
    }

    /// The form with this id of which a record can be begun.
    #[must_use]
    pub fn form_to_begin(self, id: &str) -> Option<PackForm> {
        self.form(id).filter(|form| !form.withdrawn)
    }

    /// The form in force with this hash (hex).
    #[must_use]
    pub fn form_by_hash(self, hash: &str) -> Option<PackForm> {
        self.pack.read().forms.iter().find(|form| form.hash == hash).cloned()
    }

    /// As [`Pack::unit_name`].
    #[must_use]
    pub fn unit_name(self, unit: &str, language: Language) -> String {
        self.pack.read().unit_name(unit, language)
    }

    /// A form made ready to run: from this phone, else from the server.
    pub async fn program(self, hash: Hash) -> Result<Arc<Program>, ProgramError> {
        let beside = self.beside(hash).await;
        // A list may have come since, or be another one now.
        let known = self.programs.try_update_value(|ready| ready.find(hash, beside.lists()));
        if let Some(program) = known.flatten() {
            return Ok(program);
        }
        let storage = self.storage.get_value();
        let files = self.files.get_value();
        let (form, beside) = match storage.row(Store::Forms, hash).await? {
            Some(bytes) => {
                let form = parse(&bytes)?;
                self.fetch_what_lacks(hash, &form, &beside);
                (form, beside)
            }
            None => {
                let form = parse(&fetch_form(&storage, hash).await?)?;
                if !form.files().is_empty() {
                    files.fetch_old(hash).await?;
                }
                (form, self.beside(hash).await)
            }
        };
        let mut resources = Resources::default();
        for file in beside.lists().filter(|file| reads(&form, &file.name)) {
            if let Some(text) = files.text(file).await? {
                resources.files.insert(file.name.clone(), text);
            }
        }
        let program = form::compile(form, &resources).map_err(|problems| {
            let texts: Vec<String> = problems.iter().map(ToString::to_string).collect();
            ProgramError::Unusable(texts.join("; "))
        })?;
        let program = Arc::new(program);
        let lists = beside.lists().cloned().collect();
        self.programs.try_update_value(|ready| ready.keep(hash, lists, program.clone()));
        Ok(program)
    }

    /// The line may have broken between a form that is in force no more and the files beside it: whoever opens it has them fetched, and
    /// finds them when they open it again.
    fn fetch_what_lacks(self, hash: Hash, form: &Form, beside: &Beside) {
        let is_whole = beside.missing.is_empty() && !beside.here.is_empty();
        if form.files().is_empty() || is_whole || self.form_by_hash_now(hash).is_some() {
            return;
        }
        let files = self.files.get_value();
        tasks::spawn(async move {
            if let Err(error) = files.fetch_old(hash).await {
                log_error(&format!("files of a form not kept: {error}"));
            }
        });
    }

    /// The files beside a form, of any version: which there are, and which of them are here.
    pub async fn beside(self, form: Hash) -> Beside {
        let in_force = self.form_by_hash_now(form).map(|form| form.files);
        let files = self.files.get_value();
        let found = match in_force {
            Some(files_of_form) => files.beside(files_of_form).await,
            None => files.beside_old(form).await,
        };
        found.unwrap_or_else(|error| {
            log_error(&format!("files of a form not read: {error}"));
            Beside::default()
        })
    }

    /// What labels show and play of the files beside a form.
    pub(super) async fn media(self, beside: &Beside) -> Result<Vec<Medium>, StorageError> {
        let files = self.files.get_value();
        let is_shown = |file: &&PackFile| {
            ["image/", "audio/", "video/"].iter().any(|kind| file.media_type.starts_with(kind))
        };
        let shown: Vec<&PackFile> = beside.here.iter().filter(is_shown).collect();
        let mut media = Vec::new();
        for (file, url) in shown.iter().zip(files.urls(&shown).await?) {
            let Some(url) = url else { continue };
            let is_drawing = file.media_type == "image/svg+xml";
            let text = if is_drawing { files.text(file).await? } else { None };
            media.push(Medium::Held(file.name.clone(), url, text));
        }
        Ok(media)
    }

    fn form_by_hash_now(self, hash: Hash) -> Option<PackForm> {
        let hash = hash.to_string();
        self.pack.with_untracked(|pack| pack.forms.iter().find(|form| form.hash == hash).cloned())
    }

    /// Whether a form of any version is on this phone.
    pub async fn holds(self, hash: Hash) -> bool {
        self.programs.try_with_value(|ready| ready.has(hash)) == Some(true)
            || matches!(self.held_form(hash).await, Ok(Some(_)))
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
        let held = self.pack_hash();
        let next = self.next.get_value();
        let known = next.as_ref().map_or(&held, |(hash, _)| hash);
        let mut request = Request::get("/api/v1/pack");
        if !known.is_empty() {
            request = request.header("If-None-Match", format!("\"{known}\""));
        }
        let answer = request.send(&[]).await?;
        let next = match answer.status {
            304 => next.map(|(_, bytes)| bytes),
            _ if answer.is_ok() => Some(answer.body),
            status => {
                let code = answer.error().map_or_else(|| status.to_string(), |error| error.code);
                return Err(PackError::Refused(code));
            }
        };
        let in_force = match next {
            Some(bytes) => self.put_in_force(bytes).await,
            None => Ok(()),
        };
        let forms = self.forms();
        let fetched = self.fetch_forms(&forms).await;
        let beside = self.fetch_beside(&forms).await;
        in_force.and(fetched).and(beside).and(self.refresh_entities().await)
    }

    /// Puts a pack in force. The line may go at any time, and what can be filled now can be filled then: where a pack is in force, the
    /// next one waits for what it asks with.
    async fn put_in_force(self, bytes: Vec<u8>) -> Result<(), PackError> {
        let pack = parse_pack(&bytes).map_err(PackError::Unreadable)?;
        self.next.try_set_value(Some((pack.hash.clone(), bytes.clone())));
        if !self.pack_hash().is_empty()
            && let Err(error) = self.fetch_what_asks(&pack.forms).await
            && error.is_of_line()
        {
            return Err(error);
        }
        let put = Change::Put(Store::Pack, PACK.into(), bytes);
        self.storage.get_value().write(vec![put]).await?;
        self.next.try_set_value(None);
        self.held.try_set(false);
        self.pack.try_set(Arc::new(pack));
        Ok(())
    }

    /// Fetches forms and the lists beside them, as long as the line holds. The error of a line that went comes before others.
    async fn fetch_what_asks(self, forms: &[PackForm]) -> Result<(), PackError> {
        let fetched = self.fetch_forms(forms).await;
        if fetched.as_ref().is_err_and(PackError::is_of_line) {
            return fetched;
        }
        let mut lists = self.files.get_value().lacking(forms).await?.files();
        lists.retain(is_list);
        self.fetch_files(lists).await
    }

    /// Fetches those of these forms that are missing here. One that cannot be had keeps none of the others away.
    async fn fetch_forms(self, forms: &[PackForm]) -> Result<(), PackError> {
        let storage = self.storage.get_value();
        let mut all = Ok(());
        for hash in missing_forms(&storage, forms).await? {
            match fetch_form(&storage, hash).await {
                Err(ProgramError::NotHere) => return Err(ProgramError::NotHere.into()),
                fetched => all = all.and(fetched.map(drop)),
            }
        }
        Ok(all?)
    }

    /// Fetches the lists of entities that changed.
    pub async fn refresh_entities(self) -> Result<(), PackError> {
        let storage = self.storage.get_value();
        for dataset in self.datasets().await? {
            entity_lists::refresh(&storage, &dataset).await?;
        }
        Ok(())
    }

    /// A list of entities as the server told it last.
    pub async fn entity_list(self, dataset: &str) -> Result<Option<EntityListRow>, StorageError> {
        entity_lists::stored(&self.storage.get_value(), dataset).await
    }

    /// The lists of entities that forms of the pack make.
    pub(super) async fn datasets(self) -> Result<Vec<String>, StorageError> {
        let (pack, forms) =
            self.pack.with_untracked(|pack| (pack.hash.clone(), pack.forms.clone()));
        let known = self.datasets.get_value().filter(|(of, _)| *of == pack);
        if let Some((_, known)) = known {
            return Ok(known);
        }
        let (mut found, mut is_all) = (Vec::new(), true);
        for hash in forms.iter().filter_map(|form| form.hash.parse().ok()) {
            let xml = self.held_form(hash).await?;
            is_all &= xml.is_some();
            found.extend(named_datasets(&String::from_utf8_lossy(&xml.unwrap_or_default())));
        }
        found.sort_unstable();
        found.dedup();
        // A form that is still on its way may name others.
        if is_all {
            self.datasets.try_set_value(Some((pack, found.clone())));
        }
        Ok(found)
    }

    /// Fetches the files beside the forms in force that are missing here, the smallest first, so that most forms are whole soon.
    async fn fetch_beside(self, forms: &[PackForm]) -> Result<(), PackError> {
        let files = self.files.get_value();
        files.note(forms).await?;
        self.held.try_set(self.is_whole().await?);
        let all = self.fetch_files(self.lacking.get_untracked().files()).await;
        let is_whole = self.is_whole().await?;
        self.held.try_set(is_whole);
        // What came for the next pack stays.
        if is_whole && self.next.try_with_value(Option::is_none) == Some(true) {
            files.forget_others(forms).await?;
        }
        all
    }

    /// Fetches files. One that cannot be had keeps none of the others away.
    async fn fetch_files(self, missing: Vec<PackFile>) -> Result<(), PackError> {
        let files = self.files.get_value();
        let mut all = Ok(());
        for file in missing {
            let fetched = files.fetch(&file).await;
            self.count_files().await;
            match fetched {
                Err(error) if error.is_of_line() => return Err(error),
                fetched => all = all.and(fetched),
            }
        }
        all
    }

    /// Whether every form in force is here with all files beside it.
    async fn is_whole(self) -> Result<bool, StorageError> {
        let missing = missing_forms(&self.storage.get_value(), &self.forms()).await?;
        Ok(self.count_files().await && missing.is_empty())
    }

    /// Counts what is missing beside the forms; whether nothing is.
    async fn count_files(self) -> bool {
        match self.files.get_value().lacking(&self.forms()).await {
            Ok(lacking) => {
                let is_whole = lacking.is_empty();
                self.lacking.try_set(lacking);
                is_whole
            }
            Err(error) => {
                log_error(&format!("files of forms not counted: {error}"));
                false
            }
        }
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

    /// The forms in force, now.
    fn forms(self) -> Vec<PackForm> {
        self.pack.with_untracked(|pack| pack.forms.clone())
    }
}

/// Those of these forms that are not on this phone.
async fn missing_forms(storage: &Storage, forms: &[PackForm]) -> Result<Vec<Hash>, StorageError> {
    let held = storage.read(vec![storage::Read::Keys(Store::Forms)]).await?.concat();
    let is_missing = |hash: &Hash| !held.iter().any(|(key, _)| *key == Key::from(*hash));
    Ok(forms.iter().filter_map(|form| form.hash.parse().ok()).filter(is_missing).collect())
}

fn parse_pack(bytes: &[u8]) -> Result<Pack, String> {
    json::read(bytes)
}

/// Fetches a form, checks that it is the one that its hash names, and keeps it.
async fn fetch_form(storage: &Storage, hash: Hash) -> Result<Vec<u8>, ProgramError> {
    let answer = Request::get(format!("/api/v1/forms/{hash}")).send(&[]).await;
    let answer = answer.map_err(|_unreachable: HttpError| ProgramError::NotHere)?;
    if !answer.is_ok() {
        return Err(not_had(&answer));
    }
    if codec::hash(&answer.body) != hash {
        return Err(ProgramError::OtherBytes);
    }
    storage.write(vec![Change::Put(Store::Forms, hash.into(), answer.body.clone())]).await?;
    Ok(answer.body)
}

/// What an answer without what was asked for says of it.
pub(super) fn not_had(answer: &Response) -> ProgramError {
    answer.refusal().map_or(ProgramError::NotHere, |error| ProgramError::Refused(error.code))
}

/// The lists that a form names as its entities'. Its text is searched: whoever only fetches needs no reader of forms, which is
/// a part of its own.
fn named_datasets(xml: &str) -> impl Iterator<Item = String> {
    let named = xml.split(" dataset=\"").skip(1).filter_map(|rest| rest.split('"').next());
    named.filter(|name| !name.is_empty()).map(str::to_owned)
}

/// The form, if its records make entities. Its text is searched first: parsing takes longer.
pub(super) fn makes_entities(xml: &[u8]) -> Option<Form> {
    let text = std::str::from_utf8(xml).ok().filter(|text| text.contains("dataset="))?;
    form::parse_xform(text).ok().map(|(form, _)| form)
}

fn parse(bytes: &[u8]) -> Result<Form, ProgramError> {
    let unusable = |error: String| ProgramError::Unusable(error);
    let xml = std::str::from_utf8(bytes).map_err(|error| unusable(error.to_string()))?;
    let (form, _warnings) = form::parse_xform(xml).map_err(|error| unusable(error.to_string()))?;
    Ok(form)
}

/// Whether a form reads a list out of a file of that name.
fn reads(form: &Form, name: &str) -> bool {
    form.secondary.iter().any(|list| match &list.source {
        Source::External(address) => address.rsplit('/').next() == Some(name),
        Source::Internal(_) => false,
    })
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;

    use super::*;

    #[test]
    fn the_lists_that_a_form_makes_are_found_in_its_text() {
        let xml = "<meta><entity dataset=\"ho_dan\" id=\"\"/></meta><x dataset=\"\"/><entity id=\"\" dataset=\"ap\"/>";
        assert_eq!(named_datasets(xml).collect::<Vec<_>>(), ["ho_dan", "ap"]);
    }

    #[test]
    fn a_form_that_came_late_tells_its_lists_too() {
        let xml = b"<meta><entity dataset=\"ho_dan\"/></meta>".to_vec();
        let hash = codec::hash(&xml);
        let pack = format!(r#"{{"hash":"p","forms":[{{"id":"ho","hash":"{hash}"}}]}}"#);
        Owner::new().with(|| {
            block_on(async {
                let storage = Storage::in_memory();
                let put = |store, key, row| storage.write(vec![Change::Put(store, key, row)]);
                put(Store::Pack, PACK.into(), pack.into_bytes()).await.expect("memory stores");
                let library = Library::load(storage.clone()).await.expect("memory reads");
                assert_eq!(library.datasets().await, Ok(Vec::new()));
                put(Store::Forms, hash.into(), xml).await.expect("memory stores");
                assert_eq!(library.datasets().await, Ok(vec!["ho_dan".to_owned()]));
            });
        });
    }

    #[test]
    fn the_next_pack_waits_for_the_line_alone() {
        let line = [HttpError::TimedOut.into(), ProgramError::NotHere.into()];
        assert!(line.iter().all(PackError::is_of_line));
        let full = StorageError::Other("no room".to_owned());
        let others = [
            ProgramError::Refused("not_found".to_owned()),
            ProgramError::OtherBytes,
            ProgramError::Storage(full.clone()),
        ];
        let others = others.map(PackError::from).into_iter();
        assert!(
            !others
                .chain([PackError::Refused("404".to_owned()), full.into()])
                .any(|error| error.is_of_line())
        );
    }

    #[test]
    fn a_server_that_is_being_started_is_waited_for_and_one_that_has_no_such_form_is_not() {
        let is_of_line = |status, body: &str| {
            let body = body.as_bytes().to_vec();
            let answer = Response { status, headers: Vec::new(), body };
            PackError::from(not_had(&answer)).is_of_line()
        };
        let coded = r#"{"error":{"code":"not_found","message":"m"}}"#;
        assert_eq!(
            [502, 503, 429, 401].map(|status| is_of_line(status, "<html>try later</html>")),
            [true; 4]
        );
        assert!(is_of_line(503, coded) && !is_of_line(404, coded));
    }

    #[test]
    fn what_came_for_a_pack_that_waits_stays() {
        Owner::new().with(|| {
            block_on(async {
                let library = Library::load(Storage::in_memory()).await.expect("memory reads");
                let files = FormFiles::in_memory();
                library.files.set_value(FormFilesStore::new(files.clone()));
                files.keep("piece", "text/csv", b"name").await.expect("memory keeps");
                library.next.set_value(Some(("p".to_owned(), Vec::new())));
                let kept = async || {
                    library.fetch_beside(&[]).await.expect("nothing is missing");
                    files.names().await.expect("memory answers").len()
                };
                assert_eq!(kept().await, 1);
                let next = br#"{"hash":"p","forms":[]}"#.to_vec();
                library.put_in_force(next).await.expect("memory stores");
                assert_eq!((library.pack_hash().as_str(), kept().await), ("p", 0));
            });
        });
    }
}
