//! Writing an open form to the phone's disk.

use std::{cell::RefCell, collections::BTreeMap};

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
        schema::{Key, OutboxRow},
    },
    tasks::{self, Timer},
};

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
}

struct State {
    /// Values by field path that no transaction holds yet.
    pending: BTreeMap<String, Value>,
    /// Files by the field path that they answer.
    files: BTreeMap<String, FileRef>,
    /// The dots that the person has on screen.
    screen: Screen,
    /// This device's newest operation whose effect `screen` shows.
    seen_seq: u64,
    place: String,
    stored_place: String,
    /// Whether the record exists outside this form: an untouched new one is never stored.
    exists: bool,
    /// Whether a person entered something.
    touched: bool,
    title: String,
    /// The save that is due.
    due: Option<Timer>,
}

/// What one save writes.
#[derive(Clone)]
struct Batch {
    values: BTreeMap<String, Value>,
    place: String,
}

impl Draft {
    pub(super) fn new(
        storage: Storage,
        opening: &Opening,
        screen: Screen,
        files: BTreeMap<String, FileRef>,
        defaults: BTreeMap<String, Option<String>>,
    ) -> Self {
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
                screen,
                seen_seq: opening.seen_seq,
                place: opening.place.clone().unwrap_or_default(),
                stored_place: opening.place.clone().unwrap_or_default(),
                exists: opening.view.is_some(),
                touched: false,
                title: opening.view.as_ref().map(|view| view.title.clone()).unwrap_or_default(),
                due: None,
            }),
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
        self.state.borrow_mut().place = path;
    }

    /// Whether there is something to write.
    fn is_dirty(&self) -> bool {
        let state = self.state.borrow();
        let has_news = !state.pending.is_empty() || state.place != state.stored_place;
        has_news && (state.exists || state.touched)
    }

    /// Writes what is pending. On return it is on the disk, or pending again.
    async fn save(&self) -> Result<(), StorageError> {
        let _turn = self.turn.lock().await;
        if !self.is_dirty() {
            return Ok(());
        }
        let batch = {
            let mut state = self.state.borrow_mut();
            Batch { values: std::mem::take(&mut state.pending), place: state.place.clone() }
        };
        let written = self.write(batch.clone()).await;
        let mut state = self.state.borrow_mut();
        match written {
            Ok((screen, seen_seq)) => {
                state.screen = screen;
                state.seen_seq = seen_seq;
                state.stored_place = batch.place;
                state.exists = true;
                Ok(())
            }
            Err(error) => {
                let newer = std::mem::replace(&mut state.pending, batch.values);
                state.pending.extend(newer);
                Err(error)
            }
        }
    }

    /// Puts the values onto the record's open patch as it stands in the store, whichever tab wrote it last.
    async fn write(&self, batch: Batch) -> Result<(Screen, u64), StorageError> {
        let (screen, seen_seq) = {
            let state = self.state.borrow();
            (state.screen.clone(), state.seen_seq)
        };
        let (record, form, unit, author) =
            (self.record, self.form.clone(), self.unit.clone(), self.author.clone());
        let reads = vec![
            Read::Row(Store::Open, record.into()),
            Read::From(Store::Outbox, Key::Number(seen_seq + 1), u32::MAX),
        ];
        let decide = move |mut rows: Vec<Rows>| {
            let (mut screen, mut seen_seq) = (screen.clone(), seen_seq);
            // A sync may have sealed this form's patch meanwhile: its values are what is on screen.
            for (_, row) in rows.pop().unwrap_or_default() {
                let operation = OutboxRow::decode(&row)?.operation()?;
                seen_seq = seen_seq.max(operation.dot.seq);
                if operation.record == record {
                    screen.sealed(&operation);
                }
            }
            let stored = rows.pop().and_then(|mut found| found.pop());
            let mut patch = match stored {
                Some((_, bytes)) => decode_patch(&bytes)?,
                None => OpenPatch::new(record, form.clone(), unit.clone(), author.clone(), &screen),
            };
            for (path, value) in &batch.values {
                patch.put(path, value.clone(), &screen);
            }
            patch.resume = Some(batch.place.clone());
            let mut changes =
                vec![Change::Put(Store::Place, record.into(), batch.place.clone().into_bytes())];
            if !batch.values.is_empty() {
                changes.push(Change::Put(Store::Open, record.into(), codec::encode(&patch)));
            }
            Ok((changes, (screen, seen_seq)))
        };
        self.storage.update(reads, &[Store::Open, Store::Place], decide).await
    }
}

pub(crate) fn decode_patch(bytes: &[u8]) -> Result<OpenPatch, StorageError> {
    codec::decode(bytes).map_err(|error| StorageError::Unreadable(format!("open patch: {error}")))
}

impl FormEntry {
    /// Stores what is on screen after that time at the latest, and at once with 0.
    pub(super) fn save_soon(self, delay_ms: u32) {
        self.collect();
        let draft = self.draft.get_value();
        if !draft.is_dirty() {
            return;
        }
        let mut state = draft.state.borrow_mut();
        if !state.pending.is_empty() {
            self.save_state.set(SaveState::Saving);
        }
        if delay_ms > 0 && state.due.is_some() {
            return; // the first key starts the clock: going on typing does not put it off
        }
        let save = move || tasks::spawn(async move { drop(self.save_now().await) });
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
        draft.state.borrow_mut().due = None;
        let had_values = !draft.state.borrow().pending.is_empty();
        let saved = draft.save().await;
        match &saved {
            Ok(()) if had_values => {
                if draft.state.borrow().pending.is_empty() {
                    self.save_state.try_set(SaveState::Saved(clock::now_ms()));
                }
                self.records.changed(self.record);
            }
            Ok(()) => {}
            Err(error) => {
                self.save_state.try_set(SaveState::Failed(error.clone()));
            }
        }
        saved
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
