//! Writing an open form to the phone's disk.

use std::{cell::RefCell, collections::BTreeMap, rc::Rc, sync::Arc};

use futures::lock::Mutex;
use leptos::prelude::*;
use sync::{
    codec,
    draft::{OpenPatch, Screen},
    wire::{FileRef, FormRef, RecordId, Value, field},
};

use super::{FormEntry, Opening, SaveState};
use crate::platform::{
    clock,
    storage::{
        Change, Read, Rows, Storage, StorageError, Store,
        schema::{FILLING, FillingRow, Key, OutboxRow},
    },
    tasks::{self, Timer},
};

/// How long after a save that failed the next one is tried, if nothing is entered before: a person who makes room on
/// the phone and comes back finds the answers stored.
const RETRY_AFTER_MS: u32 = 3_000;

/// What was entered and is not on the disk yet, and what is needed to put it there.
pub(super) struct Draft {
    storage: Storage,
    record: RecordId,
    form: FormRef,
    unit: String,
    author: String,
    /// One save at a time: a failed one gives its values back before the next takes them.
    turn: Mutex<()>,
    state: RefCell<State>,
    /// The patch as it was written last: reading it anew costs the more the more was answered.
    written: Rc<RefCell<Option<Written>>>,
}

struct Written {
    row: Vec<u8>,
    patch: OpenPatch,
}

struct State {
    /// Values by field path that no transaction holds yet.
    pending: BTreeMap<String, Value>,
    /// Files by the field path that they answer.
    files: BTreeMap<String, FileRef>,
    /// The dots that the person has on screen.
    screen: Arc<Screen>,
    /// This device's newest operation whose effect `screen` shows.
    seen_seq: u64,
    /// Where the person is, and where the disk says that they are.
    stand: Stand,
    stored_stand: Stand,
    /// Whether the record exists outside this form: an untouched new one is never stored.
    exists: bool,
    /// Whether a person entered something.
    touched: bool,
    title: String,
    /// The save that is due.
    due: Option<Timer>,
    /// The save that is tried again by itself after one that failed.
    retry: Option<Timer>,
}

impl State {
    /// An untouched new record is never stored.
    fn is_worth_storing(&self) -> bool {
        self.exists || self.touched && !self.pending.is_empty()
    }

    fn has_values(&self) -> bool {
        self.is_worth_storing() && !self.pending.is_empty()
    }

    /// Whether the disk should hear where the person is.
    fn has_moved(&self) -> bool {
        let is_told =
            self.is_worth_storing() || self.stand.on_screen || self.stored_stand.on_screen;
        is_told && self.stand != self.stored_stand
    }
}

/// Where a person is.
#[derive(Clone, PartialEq, Eq)]
struct Stand {
    /// Field path of the question.
    place: String,
    /// Whether the form is on screen.
    on_screen: bool,
    /// Whether a file for that question is on its way from another app.
    awaits_file: bool,
}

/// What one save writes.
#[derive(Clone)]
struct Batch {
    values: BTreeMap<String, Value>,
    stand: Stand,
    /// Whether the record is in the store once this is.
    stored: bool,
}

impl Draft {
    pub(super) fn new(
        storage: Storage,
        opening: &Opening,
        screen: Screen,
        files: BTreeMap<String, FileRef>,
        defaults: BTreeMap<String, Option<String>>,
    ) -> Self {
        let place = opening.place.clone().unwrap_or_default();
        let stand = Stand { place, on_screen: false, awaits_file: false };
        let draft = Self {
            storage,
            record: opening.record,
            form: opening.form.clone(),
            unit: opening.unit.clone(),
            author: opening.account.clone(),
            turn: Mutex::new(()),
            state: RefCell::new(State {
                pending: BTreeMap::new(),
                files,
                screen: Arc::new(screen),
                seen_seq: opening.seen_seq,
                stand: stand.clone(),
                stored_stand: stand,
                exists: opening.view.is_some(),
                touched: false,
                title: opening.view.as_ref().map(|view| view.title.clone()).unwrap_or_default(),
                due: None,
                retry: None,
            }),
            written: Rc::default(),
        };
        draft.take_writes(defaults);
        draft
    }

    pub(super) fn storage(&self) -> &Storage {
        &self.storage
    }

    /// Takes what the engine wrote since the last call.
    fn take_writes(&self, writes: BTreeMap<String, Option<String>>) {
        let mut state = self.state.borrow_mut();
        for (path, text) in writes {
            let value = match text {
                None => Value::Empty,
                Some(text) => match state.files.get(&path) {
                    Some(file) if file.name == text => Value::File(file.clone()),
                    _ => Value::Text(text),
                },
            };
            state.pending.insert(path, value);
        }
    }

    /// Takes values that do not come out of the engine.
    pub(super) fn put(&self, values: BTreeMap<String, Value>) {
        self.state.borrow_mut().pending.extend(values);
    }

    fn take_title(&self, title: &str) {
        let mut state = self.state.borrow_mut();
        if state.title != title {
            title.clone_into(&mut state.title);
            state.pending.insert(field::TITLE.to_owned(), Value::Text(title.to_owned()));
        }
    }

    pub(super) fn file(&self, path: &str) -> Option<FileRef> {
        self.state.borrow().files.get(path).cloned()
    }

    pub(super) fn files_in(&self, inside: &str) -> BTreeMap<String, FileRef> {
        let state = self.state.borrow();
        let files = state.files.iter().filter(|(path, _)| path.starts_with(inside));
        sync::gather(files.map(|(path, file)| (path.clone(), file.clone())))
    }

    pub(super) fn keep_files(&self, files: &BTreeMap<String, FileRef>) {
        self.state.borrow_mut().files.extend(files.clone());
    }

    /// A person entered something: from here on the record is worth storing.
    pub(super) fn touch(&self) {
        self.state.borrow_mut().touched = true;
    }

    pub(super) fn stand_at(&self, path: String) {
        self.state.borrow_mut().stand.place = path;
    }

    pub(super) fn await_file(&self, awaits: bool) {
        self.state.borrow_mut().stand.awaits_file = awaits;
    }

    pub(super) fn is_on_screen(&self) -> bool {
        self.state.borrow().stand.on_screen
    }

    /// Whether the disk holds the record.
    pub(super) fn exists(&self) -> bool {
        self.state.borrow().exists
    }

    pub(super) fn show(&self, on_screen: bool) {
        self.state.borrow_mut().stand.on_screen = on_screen;
    }

    /// Whether there is something to write.
    fn is_dirty(&self) -> bool {
        let state = self.state.borrow();
        state.has_values() || state.has_moved()
    }

    /// Writes what is pending. On return it is on the disk, or pending again. Whether there were answers among it.
    async fn save(&self) -> Result<bool, StorageError> {
        let _turn = self.turn.lock().await;
        if !self.is_dirty() {
            return Ok(false);
        }
        let batch = {
            let mut state = self.state.borrow_mut();
            let stored = state.is_worth_storing();
            let values = if stored { std::mem::take(&mut state.pending) } else { BTreeMap::new() };
            Batch { values, stand: state.stand.clone(), stored }
        };
        let written = self.write(batch.clone()).await;
        let mut state = self.state.borrow_mut();
        match written {
            Ok((screen, seen_seq)) => {
                state.screen = screen;
                state.seen_seq = seen_seq;
                state.stored_stand = batch.stand;
                state.exists |= batch.stored;
                Ok(!batch.values.is_empty())
            }
            Err(error) => {
                let newer = std::mem::replace(&mut state.pending, batch.values);
                state.pending.extend(newer);
                Err(error)
            }
        }
    }

    /// Puts the values onto the record's open patch as it stands in the store, whichever tab wrote it last.
    async fn write(&self, batch: Batch) -> Result<(Arc<Screen>, u64), StorageError> {
        let (screen, seen_seq) = {
            let state = self.state.borrow();
            (Arc::clone(&state.screen), state.seen_seq)
        };
        let (record, form, unit, author) =
            (self.record, self.form.clone(), self.unit.clone(), self.author.clone());
        let reads = vec![
            Read::Row(Store::Place, FILLING.into()),
            Read::Row(Store::Open, record.into()),
            Read::From(Store::Outbox, Key::Number(seen_seq + 1), u32::MAX),
        ];
        let written = Rc::clone(&self.written);
        let decide = move |mut rows: Vec<Rows>| {
            let (mut screen, mut seen_seq) = (Arc::clone(&screen), seen_seq);
            // A sync may have sealed this form's patch meanwhile: its values are what is on screen.
            for (_, row) in rows.pop().unwrap_or_default() {
                let operation = OutboxRow::decode(&row)?.operation()?;
                seen_seq = seen_seq.max(operation.dot.seq);
                if operation.record == record {
                    Arc::make_mut(&mut screen).sealed(&operation);
                }
            }
            let stored = rows.pop().and_then(|mut found| found.pop());
            let on_screen = rows.pop().and_then(|mut found| found.pop()).map(|(_, row)| row);
            let mut changes = Vec::new();
            changes.extend(stand_change(on_screen, &batch, record, &form.id, &unit));
            if batch.stored {
                let place = batch.stand.place.clone().into_bytes();
                changes.push(Change::Put(Store::Place, record.into(), place));
            }
            if !batch.values.is_empty() {
                let mut patch = match (stored, written.take()) {
                    (Some((_, row)), Some(written)) if written.row == row => written.patch,
                    (Some((_, row)), _) => decode_patch(&row)?,
                    (None, _) => {
                        OpenPatch::new(record, form.clone(), unit.clone(), author.clone(), &screen)
                    }
                };
                for (path, value) in &batch.values {
                    patch.put(path, value.clone(), &screen);
                }
                patch.resume = Some(batch.stand.place.clone());
                let row = codec::encode(&patch);
                written.replace(Some(Written { row: row.clone(), patch }));
                changes.push(Change::Put(Store::Open, record.into(), row));
            }
            Ok((changes, (screen, seen_seq)))
        };
        self.storage.update(reads, &[Store::Open, Store::Place], decide).await
    }
}

/// Keeps which form is on screen, with the place in it. Another tab's form is left alone when this one goes away.
fn stand_change(
    stored: Option<Vec<u8>>,
    batch: &Batch,
    record: RecordId,
    form: &str,
    unit: &str,
) -> Option<Change> {
    if !batch.stand.on_screen {
        let is_ours = FillingRow::decode(&stored?)?.record == record;
        return is_ours.then(|| Change::Delete(Store::Place, FILLING.into()));
    }
    let row = codec::encode(&FillingRow {
        record,
        stored: batch.stored,
        form: form.to_owned(),
        unit: unit.to_owned(),
        place: batch.stand.place.clone(),
        awaits_file: batch.stand.awaits_file.then_some(true),
    });
    (stored.as_ref() != Some(&row)).then(|| Change::Put(Store::Place, FILLING.into(), row))
}

pub(crate) fn decode_patch(bytes: &[u8]) -> Result<OpenPatch, StorageError> {
    codec::decode(bytes).map_err(|error| StorageError::Unreadable(format!("open patch: {error}")))
}

impl FormEntry {
    /// Stores what is on screen after that time at the latest, and at once with 0.
    pub(super) fn save_soon(self, delay_ms: u32) {
        let Some(draft) = self.draft.try_get_value() else { return };
        self.collect();
        if !draft.is_dirty() {
            return;
        }
        let mut state = draft.state.borrow_mut();
        if state.has_values() {
            self.save_state.set(SaveState::Saving);
        }
        if delay_ms > 0 && state.due.is_some() {
            return; // the first key starts the clock: going on typing does not put it off
        }
        let save = self.save();
        let timer = (delay_ms > 0).then(|| tasks::after(delay_ms, save));
        if let Some(earlier) = std::mem::replace(&mut state.due, timer) {
            earlier.cancel();
        }
        if delay_ms == 0 {
            save();
        }
    }

    /// Stores what is on screen now. [`Self::save_state`] tells the outcome too.
    pub async fn save_now(self) -> Result<(), StorageError> {
        let Some(draft) = self.draft.try_get_value() else { return Ok(()) };
        self.collect();
        {
            let mut state = draft.state.borrow_mut();
            state.due = None;
            if let Some(retry) = state.retry.take() {
                retry.cancel();
            }
        }
        match draft.save().await {
            Ok(true) => {
                if !draft.state.borrow().has_values() {
                    self.save_state.try_set(SaveState::Saved(clock::now_ms()));
                }
                self.records.changed(self.record);
                if !draft.is_on_screen() {
                    self.records.follow();
                }
            }
            Ok(false) => self.take_back_failure(),
            Err(error) => {
                self.save_state.try_set(SaveState::Failed(error.clone()));
                let again = tasks::after(RETRY_AFTER_MS, self.save());
                if let Some(other) = draft.state.borrow_mut().retry.replace(again) {
                    other.cancel();
                }
                return Err(error);
            }
        }
        self.save_log().await;
        Ok(())
    }

    /// Only where the person is could not be written, and now it is: no answer was in question.
    fn take_back_failure(self) {
        let has_failed = |state: &SaveState| matches!(state, SaveState::Failed(_));
        if self.save_state.try_with_untracked(has_failed) == Some(true) {
            self.save_state.try_set(SaveState::Unchanged);
        }
    }

    fn save(self) -> impl FnOnce() + Copy {
        move || tasks::spawn(async move { drop(self.save_now().await) })
    }

    /// Takes what the engine wrote.
    fn collect(self) {
        let collected =
            self.session.try_update_value(|session| (session.take_writes(), session.title()));
        if let (Some((writes, title)), Some(draft)) = (collected, self.draft.try_get_value()) {
            draft.take_writes(writes);
            draft.take_title(&title);
        }
    }
}
