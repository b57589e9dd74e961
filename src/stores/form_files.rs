//! The files beside forms: fetched after the forms, kept by the hash of their bytes, gone on with where a line broke.

use std::{cell::RefCell, collections::BTreeSet, rc::Rc};

use sync::{codec, wire::Hash};

use super::{
    library::{PackError, ProgramError, not_had},
    pack::{PackFile, PackForm},
};
use crate::platform::{
    files::ObjectUrl,
    form_files::FormFiles,
    http::{HttpError, Request, Response},
    json,
    storage::StorageError,
};

/// Files come in pieces of this many bytes, the last one shorter.
const PIECE_BYTES: u64 = 256 * 1024;

/// What is missing on this phone beside the forms in force.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lacking {
    /// Each form by its hash (hex), with the files that it lacks.
    by_form: Vec<(String, Vec<PackFile>)>,
}

impl Lacking {
    /// Whether nothing is missing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_form.is_empty()
    }

    /// How many files one form lacks.
    #[must_use]
    pub fn of_form(&self, hash: &str) -> usize {
        let found = self.by_form.iter().find(|(form, _)| form == hash);
        found.map_or(0, |(_, files)| files.len())
    }

    /// Each missing file once, the smallest first.
    #[must_use]
    pub fn files(&self) -> Vec<PackFile> {
        let mut files: Vec<PackFile> =
            self.by_form.iter().flat_map(|(_, files)| files).cloned().collect();
        files.sort_by(|a, b| (a.bytes, &a.hash).cmp(&(b.bytes, &b.hash)));
        files.dedup_by(|a, b| a.hash == b.hash);
        files
    }
}

/// The files beside one form.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Beside {
    /// Those that are here.
    pub here: Vec<PackFile>,
    /// Those that are not.
    pub missing: Vec<PackFile>,
}

impl Beside {
    /// The lists that are here.
    pub fn lists(&self) -> impl Iterator<Item = &PackFile> {
        self.here.iter().filter(|file| is_list(file))
    }
}

/// Whether a file is text that a form may read: a list, or the drawing of an image map.
pub(super) fn is_list(file: &PackFile) -> bool {
    ["text/csv", "application/xml", "application/geo+json"].contains(&file.media_type.as_str())
}

/// The files of this phone.
#[derive(Clone)]
pub struct FormFilesStore {
    files: FormFiles,
    /// Names that were here when somebody last looked. What a form names is not removed, so these need no other look.
    seen: Rc<RefCell<BTreeSet<String>>>,
}

impl FormFilesStore {
    /// On these.
    #[must_use]
    pub fn new(files: FormFiles) -> Self {
        Self { files, seen: Rc::default() }
    }

    /// Those of these files that are here, and those that are not.
    async fn split<'f>(
        &self,
        files: impl Iterator<Item = &'f PackFile> + Clone,
    ) -> Result<Beside, StorageError> {
        let is_seen = |file: &&PackFile| self.seen.borrow().contains(&file.hash);
        if !files.clone().all(|file| is_seen(&file)) {
            let names = sync::gather(self.files.names().await?);
            self.seen.replace(names);
        }
        let (here, missing) = files.cloned().partition(|file| is_seen(&file));
        Ok(Beside { here, missing })
    }

    /// Notes which files are beside the forms in force: a record that is filled with one of them later knows it then.
    pub(super) async fn note(&self, forms: &[PackForm]) -> Result<(), StorageError> {
        for form in forms.iter().filter(|form| !form.files.is_empty()) {
            let text = serde_json::to_vec(&form.files).expect("names and numbers are JSON");
            self.files.keep(&list_of(&form.hash), "application/json", &text).await?;
        }
        Ok(())
    }

    /// Which of these are here.
    pub(super) async fn beside(&self, files: Vec<PackFile>) -> Result<Beside, StorageError> {
        self.split(files.iter()).await
    }

    /// The files beside a form that is in force no more, as they were noted when it was, or when it was fetched.
    pub(super) async fn beside_old(&self, form: Hash) -> Result<Beside, StorageError> {
        match self.files.bytes(&list_of(&form.to_string())).await? {
            Some(noted) => self.beside(json::read(&noted).map_err(StorageError::Unreadable)?).await,
            None => Ok(Beside::default()),
        }
    }

    /// Fetches what is beside a form that is in force no more, as far as the server is reached: the form says what it
    /// lacks.
    pub(super) async fn fetch_old(&self, form: Hash) -> Result<(), StorageError> {
        let answer = Request::get(format!("/api/v1/forms/{form}/files")).send(&[]).await;
        let Some(answer) = answer.ok().filter(Response::is_ok) else { return Ok(()) };
        // Somebody between may answer for the server.
        if json::read::<Vec<PackFile>>(&answer.body).is_err() {
            return Ok(());
        }
        self.files.keep(&list_of(&form.to_string()), "application/json", &answer.body).await?;
        for file in self.beside_old(form).await?.missing {
            match self.fetch(&file).await {
                Err(PackError::Storage(error)) => return Err(error),
                Err(error) if error.is_of_line() => return Ok(()),
                Ok(()) | Err(_) => {}
            }
        }
        Ok(())
    }

    /// What is missing beside these forms.
    pub(super) async fn lacking(&self, forms: &[PackForm]) -> Result<Lacking, StorageError> {
        let mut lacking = Lacking::default();
        // All at once first: one look is enough for all forms.
        let all = self.split(forms.iter().flat_map(|form| &form.files)).await?.missing;
        for form in forms {
            let missing: Vec<PackFile> =
                form.files.iter().filter(|file| all.contains(file)).cloned().collect();
            if !missing.is_empty() {
                lacking.by_form.push((form.hash.clone(), missing));
            }
        }
        Ok(lacking)
    }

    /// Fetches a file piece by piece, proves that it is the one that its hash names, and keeps it.
    pub(super) async fn fetch(&self, file: &PackFile) -> Result<(), PackError> {
        let hash: Hash = file.hash.parse().map_err(|_not_a_hash| ProgramError::OtherBytes)?;
        let count = file.bytes.div_ceil(PIECE_BYTES);
        let mut whole = Vec::new();
        for place in 0..count {
            let name = piece_of(&file.hash, place);
            let kept = if count > 1 { self.files.bytes(&name).await? } else { None };
            match kept {
                Some(piece) => whole.extend(piece),
                None => {
                    let piece = fetch_piece(hash, place).await?;
                    if count > 1 {
                        self.files.keep(&name, "application/octet-stream", &piece).await?;
                    }
                    whole.extend(piece);
                }
            }
        }
        let is_right = codec::hash(&whole) == hash;
        if is_right {
            self.files.keep(&file.hash, &file.media_type, &whole).await?;
        }
        for place in (0..count).filter(|_| count > 1) {
            self.files.remove(&piece_of(&file.hash, place)).await?;
        }
        if is_right { Ok(()) } else { Err(ProgramError::OtherBytes.into()) }
    }

    /// Removes files and pieces that neither these forms name nor any that was in force before.
    pub(super) async fn forget_others(&self, forms: &[PackForm]) -> Result<(), StorageError> {
        let mut named: BTreeSet<String> =
            sync::gather(forms.iter().flat_map(|form| &form.files).map(|file| file.hash.clone()));
        let names = self.files.names().await?;
        for name in names.iter().filter(|name| name.starts_with(LISTS)) {
            let Some(noted) = self.files.bytes(name).await? else { continue };
            match json::read::<Vec<PackFile>>(&noted) {
                Ok(files) => named.extend(files.into_iter().map(|file| file.hash)),
                Err(_no_list) => self.files.remove(name).await?,
            }
        }
        for name in names.iter().filter(|name| !name.starts_with(LISTS) && !named.contains(*name)) {
            self.files.remove(name).await?;
        }
        Ok(())
    }

    /// What another phone needs of the lists beside a form: which files those are, and their bytes, each with its name here.
    pub(super) async fn for_another(
        &self,
        form: Hash,
    ) -> Result<Vec<(String, Vec<u8>)>, StorageError> {
        let mut kept = Vec::new();
        let name = list_of(&form.to_string());
        if let Some(noted) = self.files.bytes(&name).await? {
            kept.push((name, noted));
        }
        for file in self.beside_old(form).await?.lists() {
            if let Some(bytes) = self.files.bytes(&file.hash).await? {
                kept.push((file.hash.clone(), bytes));
            }
        }
        Ok(kept)
    }

    /// Keeps what another phone had so, as far as it is not here: files that have the hash by which they are called.
    pub(super) async fn take_in(&self, came: &[(String, Vec<u8>)]) -> Result<(), StorageError> {
        let here: BTreeSet<String> = sync::gather(self.files.names().await?);
        let mut named: Vec<PackFile> = Vec::new();
        for (name, bytes) in came.iter().filter(|(name, _)| name.starts_with(LISTS)) {
            let Ok(files) = json::read::<Vec<PackFile>>(bytes) else { continue };
            named.extend(files);
            if !here.contains(name) {
                self.files.keep(name, "application/json", bytes).await?;
            }
        }
        for (name, bytes) in came.iter().filter(|(name, _)| !here.contains(name)) {
            let file = named.iter().find(|file| file.hash == *name);
            if let Some(file) = file.filter(|_| codec::hash(bytes).to_string() == *name) {
                self.files.keep(name, &file.media_type, bytes).await?;
            }
        }
        Ok(())
    }

    /// A file as text; `None` if it is not here, or no text.
    pub(super) async fn text(&self, file: &PackFile) -> Result<Option<String>, StorageError> {
        Ok(self.files.bytes(&file.hash).await?.and_then(|bytes| String::from_utf8(bytes).ok()))
    }

    /// The addresses under which the page shows these files, as far as they are here.
    pub(super) async fn urls(
        &self,
        files: &[&PackFile],
    ) -> Result<Vec<Option<ObjectUrl>>, StorageError> {
        self.files.urls(files.iter().map(|file| file.hash.as_str())).await
    }
}

/// A piece of 256 KB on a line that brings a kilobyte in a second.
const PIECE_TIMEOUT_MS: u32 = 300_000;

/// Before the hash of a form: the list of the files beside it.
const LISTS: &str = "of/";

fn list_of(form: &str) -> String {
    format!("{LISTS}{form}")
}

fn piece_of(file: &str, place: u64) -> String {
    format!("{file}/{place}")
}

async fn fetch_piece(hash: Hash, place: u64) -> Result<Vec<u8>, PackError> {
    let request = Request::get(format!("/api/v1/form-files/{hash}/{place}"));
    let answer = request.timeout_ms(PIECE_TIMEOUT_MS).send(&[]).await;
    let answer = answer.map_err(|error: HttpError| PackError::Http(error))?;
    if answer.is_ok() { Ok(answer.body) } else { Err(not_had(&answer).into()) }
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;

    use super::*;

    fn file(name: &str, text: &str, media_type: &str) -> PackFile {
        PackFile {
            name: name.to_owned(),
            hash: codec::hash(text.as_bytes()).to_string(),
            bytes: text.len() as u64,
            media_type: media_type.to_owned(),
        }
    }

    fn form(hash: u8, files: &[&PackFile]) -> PackForm {
        let files = files.iter().map(|file| (*file).clone()).collect();
        PackForm { hash: Hash([hash; 32]).to_string(), files, ..PackForm::default() }
    }

    #[test]
    fn a_form_is_whole_when_all_files_beside_it_came() {
        let (list, longer) =
            (file("xa.csv", "name", "text/csv"), file("a.png", "picture", "image/png"));
        let forms = [form(1, &[&list, &longer]), form(2, &[&longer]), form(3, &[])];
        block_on(async {
            let files = FormFiles::in_memory();
            let store = FormFilesStore::new(files.clone());
            let lacking = store.lacking(&forms).await.expect("memory answers");
            let of = |lacking: &Lacking| forms.each_ref().map(|form| lacking.of_form(&form.hash));
            assert_eq!(of(&lacking), [2, 1, 0]);
            assert_eq!(
                lacking.files(),
                [list.clone(), longer.clone()],
                "each once, the smallest first"
            );
            files.keep(&longer.hash, "image/png", b"picture").await.expect("memory keeps");
            let lacking = store.lacking(&forms).await.expect("memory answers");
            assert_eq!(of(&lacking), [1, 0, 0]);
            let beside = store.beside(forms[0].files.clone()).await.expect("memory answers");
            assert_eq!((beside.here, beside.missing), (vec![longer], vec![list]));
        });
    }

    #[test]
    fn another_phone_gets_the_lists_beside_a_form_and_nothing_that_is_not_what_its_name_says() {
        let (list, picture) = (file("xa.csv", "name", "text/csv"), file("a.png", "p", "image/png"));
        block_on(async {
            let (from, to) = (FormFiles::in_memory(), FormFiles::in_memory());
            let (store, other) =
                (FormFilesStore::new(from.clone()), FormFilesStore::new(to.clone()));
            store.note(&[form(1, &[&list, &picture])]).await.expect("memory keeps");
            from.keep(&list.hash, "text/csv", b"name").await.expect("memory keeps");
            from.keep(&picture.hash, "image/png", b"p").await.expect("memory keeps");
            let came = store.for_another(Hash([1; 32])).await.expect("memory answers");
            let mut forged = came.clone();
            forged.last_mut().expect("a list").1 = b"other".to_vec();
            let stranger = (codec::hash(b"x").to_string(), b"x".to_vec());
            forged.push(stranger);
            other.take_in(&forged).await.expect("memory keeps");
            assert_eq!(to.names().await.expect("memory answers").len(), 1, "the note");
            other.take_in(&came).await.expect("memory keeps");
            let beside = other.beside_old(Hash([1; 32])).await.expect("memory answers");
            assert_eq!((beside.here, beside.missing), (vec![list.clone()], vec![picture]));
            assert_eq!(other.text(&list).await.expect("memory answers").as_deref(), Some("name"));
        });
    }

    #[test]
    fn a_form_that_is_in_force_no_more_keeps_its_files_and_what_nobody_names_goes() {
        let (old, new) =
            (file("xa.csv", "name", "text/csv"), file("xa.csv", "name,label", "text/csv"));
        block_on(async {
            let files = FormFiles::in_memory();
            let store = FormFilesStore::new(files.clone());
            let before = [form(1, &[&old])];
            store.note(&before).await.expect("memory keeps");
            for (name, bytes) in [(&old.hash, b"name".as_slice()), (&new.hash, b"name,label")] {
                files.keep(name, "text/csv", bytes).await.expect("memory keeps");
            }
            files.keep(&piece_of(&new.hash, 0), "text/csv", b"na").await.expect("memory keeps");
            let now = [form(2, &[&new])];
            store.note(&now).await.expect("memory keeps");
            store.forget_others(&now).await.expect("memory removes");
            let beside = store.beside_old(Hash([1; 32])).await.expect("memory answers");
            assert_eq!(beside.lists().collect::<Vec<_>>(), [&old]);
            assert_eq!(store.text(&old).await.expect("memory answers").as_deref(), Some("name"));
            assert_eq!(
                files.names().await.expect("memory answers").len(),
                4,
                "two lists, two notes"
            );
            // The list of the same version of a form became longer: the shorter one is of no use.
            let longer = [form(1, &[&new]), form(2, &[&new])];
            store.note(&longer).await.expect("memory keeps");
            store.forget_others(&longer).await.expect("memory removes");
            assert_eq!(store.text(&old).await.expect("memory answers"), None);
        });
    }
}
