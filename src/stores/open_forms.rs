//! The forms that are open. They live here and not in pages, so that leaving a page never cuts off a save.

use std::collections::{BTreeSet, VecDeque};

use futures::{channel::oneshot, future::LocalBoxFuture};
use leptos::prelude::*;
use sync::{
    view::RecordView,
    wire::{FormRef, Hash, RecordId, Value},
};
use thiserror::Error;

use super::{
    FormEntry, Library, Records, SignIn,
    form_entry::{
        Opening, Until, fields_of, log,
        own_files::{Beginning, with_own_files},
        save_each,
    },
    library::ProgramError,
    record_id,
};
use crate::platform::{
    storage::{
        Storage, StorageError, Store,
        schema::{FILLING, FillingRow},
    },
    tasks,
};

/// How many forms stay open: the one on screen, and the one before it while its page goes away.
const OPEN_MAX: usize = 2;
/// How long others wait for the first form, if it does not open.
const FIRST_FORM_MS: u32 = 1_000;

/// Why a form was not opened.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum OpenFormError {
    /// This phone holds no such record.
    #[error("no such record")]
    NoSuchRecord,
    /// The pack holds no such form.
    #[error("no such form")]
    NoSuchForm,
    /// It is approved: a reviewer sends it back before its officer changes it.
    #[error("approved")]
    Approved,
    /// Nobody is signed in.
    #[error("nobody is signed in")]
    SignedOut,
    /// Its form cannot be had.
    #[error(transparent)]
    Program(#[from] ProgramError),
    /// The phone's storage failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// Stores what is entered in these forms, once that was waited for. As a function's address: only a form that opens names it, so that it
/// comes with the part of the app that opens forms, and not with what syncs.
type Save = fn(Vec<FormEntry>, Until) -> LocalBoxFuture<'static, Result<(), StorageError>>;

/// The forms that are open.
#[derive(Clone, Copy)]
pub struct OpenForms {
    storage: StoredValue<Storage, LocalStorage>,
    library: Library,
    records: Records,
    sign_in: SignIn,
    owner: StoredValue<Owner>,
    open: StoredValue<VecDeque<(RecordId, Owner, FormEntry)>>,
    /// There is one as soon as a form was opened.
    save: StoredValue<Option<Save>>,
    /// The form that was on screen when the app last ended.
    left: StoredValue<Option<FillingRow>>,
    /// Told when the first form is open.
    first: StoredValue<Option<oneshot::Sender<()>>, LocalStorage>,
}

impl OpenForms {
    /// No form is open yet. What is opened belongs to `owner`, which outlives every page.
    pub async fn load(
        owner: Owner,
        storage: Storage,
        library: Library,
        records: Records,
        sign_in: SignIn,
    ) -> Result<Self, StorageError> {
        let left = storage.row(Store::Place, FILLING).await?;
        let left = left.and_then(|row| FillingRow::decode(&row));
        if let Some(left) = &left {
            // It may be a record that this phone has no work of any more.
            records.refresh(&sync::gather([left.record])).await?;
        }
        Ok(Self {
            storage: StoredValue::new_local(storage),
            library,
            records,
            sign_in,
            owner: StoredValue::new(owner),
            open: StoredValue::new(VecDeque::new()),
            save: StoredValue::new(None),
            left: StoredValue::new(left),
            first: StoredValue::new_local(None),
        })
    }

    /// Waits until the first form is open, or does not open.
    pub async fn first_entered(self) {
        let (told, entered) = oneshot::channel();
        self.first.set_value(Some(told));
        drop(tasks::after(FIRST_FORM_MS, move || self.tell_first()));
        entered.await.ok();
    }

    fn tell_first(self) {
        if let Some(told) = self.first.try_update_value(Option::take).flatten() {
            told.send(()).ok();
        }
    }

    /// The form that was on screen when the app was killed, as long as one can go on with it.
    #[must_use]
    pub fn left(self) -> Option<FillingRow> {
        let is_there = |left: &FillingRow| match left.stored {
            true => self.records.summary(left.record).is_some(),
            false => self.library.form_to_begin(&left.form).is_some(),
        };
        self.left.get_value().filter(|left| untrack(|| is_there(left)))
    }

    /// What the disk knew of a new record that the app was killed in, and that is begun again now.
    fn left_new(self, form: &str, unit: &str) -> Option<FillingRow> {
        let left = self.left.try_update_value(Option::take).flatten()?;
        (!left.stored && left.form == form && left.unit == unit).then_some(left)
    }

    /// Field paths of the questions of this record whose files were on their way when the app was killed. Told once.
    fn awaited(self, record: RecordId) -> BTreeSet<String> {
        let told = self.left.try_update_value(|left| {
            let left = left.as_mut().filter(|left| left.record == record)?;
            let awaited = left.awaited();
            (left.awaits_file, left.coming, left.coming_too) = (None, None, None);
            Some(awaited)
        });
        told.flatten().unwrap_or_default()
    }

    /// Opens a record where it was left. One that somebody is in gives the same entry.
    pub async fn open(self, record: RecordId) -> Result<FormEntry, OpenFormError> {
        // One that was left is opened anew: others may have changed the record, and files that it lacked may have come.
        while let Some(entry) = self.find(record) {
            if !entry.is_left() {
                return Ok(entry);
            }
            if entry.is_saved() {
                self.close(record);
            } else if entry.save_now().await.is_err() {
                return Ok(entry); // nothing else holds what was entered
            }
        }
        let profile = self.sign_in.profile().ok_or(OpenFormError::SignedOut)?;
        let (view, place, seen, unsealed) = self.records.view_with_place(record).await?;
        let view = view.ok_or(OpenFormError::NoSuchRecord)?;
        if view.is_approved() && !profile.role.reviews() {
            return Err(OpenFormError::Approved);
        }
        let log = self.log_of(record, &view).await?;
        let opening = Opening {
            record,
            form: view.form.clone(),
            unit: view.unit.clone(),
            account: profile.account,
            device: self.records.device().device.to_string(),
            view: Some(view),
            place,
            awaited: self.awaited(record),
            seen,
            unsealed,
            media: Vec::new(),
            missing_files: Vec::new(),
            log,
            submission: None,
        };
        self.enter(opening, Beginning::Over).await
    }

    /// A new record of a form (hash in hex) for a unit. It is stored with its first answer.
    pub async fn start(self, form_hash: &str, unit: &str) -> Result<FormEntry, OpenFormError> {
        self.start_after(form_hash, unit, None, || true).await
    }

    /// As [`Self::start`]; one that begins with the people of the record `after`, as the next session does, is stored at once, if it
    /// is `awaited` still by then.
    pub async fn start_after(
        self,
        form_hash: &str,
        unit: &str,
        after: Option<RecordId>,
        awaited: impl Fn() -> bool,
    ) -> Result<FormEntry, OpenFormError> {
        let profile = self.sign_in.profile().ok_or(OpenFormError::SignedOut)?;
        let form =
            untrack(|| self.library.form_by_hash(form_hash)).ok_or(OpenFormError::NoSuchForm)?;
        let hash: Hash = form_hash.parse().map_err(|_not_a_hash| OpenFormError::NoSuchForm)?;
        let record = record_id::new();
        let (_, _, seen, _) = self.records.view_with_place(record).await?;
        let left = self.left_new(&form.id, unit);
        let opening = Opening {
            record,
            awaited: left.as_ref().map(FillingRow::awaited).unwrap_or_default(),
            place: left.map(|left| left.place),
            form: FormRef { id: form.id, version: form.version, hash },
            unit: unit.to_owned(),
            account: profile.account,
            device: self.records.device().device.to_string(),
            view: None,
            seen,
            unsealed: false,
            media: Vec::new(),
            missing_files: Vec::new(),
            log: String::new(),
            submission: None,
        };
        let after = match after {
            Some(after) => self.records.view(after).await?,
            None => None,
        };
        let Some(after) = after.filter(|after| after.form.id == opening.form.id) else {
            return self.enter(opening, Beginning::New).await;
        };
        let entry = self.enter(opening, Beginning::After(after.record)).await?;
        if awaited() {
            entry.begin_after(&fields_of(&after));
        }
        Ok(entry)
    }

    /// Stores what is entered in every open form.
    pub async fn save_all(self) -> Result<(), StorageError> {
        self.save_each(Until::Now).await
    }

    /// As [`Self::save_all`], with what is recorded and with the files that came. `Ok` means that the page may go away.
    pub async fn finish_all(self) -> Result<(), StorageError> {
        self.save_each(Until::Kept).await
    }

    /// As [`Self::save_all`], once other apps, such as the phone's camera, have given the files that they were asked for, or the
    /// person is back without.
    pub async fn take_given(self) -> Result<(), StorageError> {
        self.save_each(Until::Given).await
    }

    async fn save_each(self, until: Until) -> Result<(), StorageError> {
        let Some(save) = self.save.get_value() else { return Ok(()) };
        save(self.open.with_value(|open| open.iter().map(|(_, _, entry)| *entry).collect()), until)
            .await
    }

    /// The open form of a record.
    #[must_use]
    pub fn find(self, record: RecordId) -> Option<FormEntry> {
        self.open.with_value(|open| {
            open.iter().find(|(id, _, _)| *id == record).map(|(_, _, entry)| *entry)
        })
    }

    /// What was logged of a record whose form asks for it.
    async fn log_of(self, record: RecordId, view: &RecordView) -> Result<String, OpenFormError> {
        let program = self.library.program(view.form.hash).await?;
        let Some(field) = program.audit_field() else { return Ok(String::new()) };
        let sent = match view.fields.get(&field) {
            Some(Value::File(file)) => Some(file),
            _ => None,
        };
        Ok(log::stored(&self.storage.get_value(), record, sent).await?)
    }

    async fn enter(
        self,
        mut opening: Opening,
        beginning: Beginning,
    ) -> Result<FormEntry, OpenFormError> {
        let program = self.library.program(opening.form.hash).await?;
        let record = opening.record;
        let account = &opening.account;
        let program =
            with_own_files(program, self.library, self.records, record, account, beginning);
        let program = program.await?;
        let beside = self.library.beside(opening.form.hash).await;
        opening.media = self.library.media(&beside).await?;
        let lists = program.missing_files().into_iter();
        let lists = lists.map(|address| address.rsplit('/').next().unwrap_or(address));
        let media = beside.missing.iter().map(|file| file.name.as_str());
        opening.missing_files = lists.chain(media).map(str::to_owned).collect();
        opening.missing_files.sort_unstable();
        opening.missing_files.dedup();
        self.make_way().await?;
        // While the form was fetched, the same record may have been opened from elsewhere.
        if let Some(entry) = self.find(record) {
            return Ok(entry);
        }
        self.save.set_value(Some(|open, until| Box::pin(save_each(open, until))));
        let owner = self.owner.with_value(Owner::child);
        let storage = self.storage.get_value();
        let entry = owner.with(|| FormEntry::open(program, storage, self.records, opening));
        self.open.update_value(|open| open.push_back((record, owner, entry)));
        self.tell_first();
        Ok(entry)
    }

    fn close(self, record: RecordId) {
        let closed = self.open.try_update_value(|open| {
            let at = open.iter().position(|(id, _, _)| *id == record)?;
            open.remove(at)
        });
        if let Some((_, owner, _)) = closed.flatten() {
            owner.cleanup();
        }
    }

    /// Closes the oldest form if too many are open. What was entered while it was being saved is saved too; one that a file is on
    /// its way to stays open.
    async fn make_way(self) -> Result<(), StorageError> {
        let oldest = |open: &VecDeque<(RecordId, Owner, FormEntry)>| {
            let may_go = open.iter().take((open.len() + 1).saturating_sub(OPEN_MAX));
            let oldest = may_go.into_iter().find(|(_, _, entry)| !entry.awaits_file());
            oldest.map(|(record, _, entry)| (*record, *entry))
        };
        while let Some((record, entry)) = self.open.with_value(oldest) {
            if entry.is_saved() {
                self.close(record);
            } else {
                entry.save_now().await?;
            }
        }
        Ok(())
    }
}
