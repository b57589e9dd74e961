//! Writing an open form to the phone's disk.

use std::{
    cell::{Cell, RefCell},
    collections::{BTreeMap, BTreeSet},
    pin::pin,
    rc::Rc,
    sync::Arc,
};

use form::NodeId;
use futures::{channel::oneshot, future::select, lock::Mutex};
use leptos::prelude::*;
use sync::{
    codec,
    device::DeviceState,
    draft::{OpenPatch, Screen},
    push::MAX_ANSWER_BYTES,
    view::Base,
    wire::{Dot, FileRef, FormRef, Hash, Operation, RecordId, Value, field},
};

use super::{FormEntry, Opening, SaveState};
use crate::platform::{
    activity, clock, log_error,
    storage::{
        Change, Read, Rows, Storage, StorageError, Store,
        schema::{BlobRow, FILLING, FillingRow, Key, OutboxRow, meta},
    },
    tasks::{self, Timer},
    visibility,
};
use crate::stores::{outbox, space};

/// How long after a save that failed the next one is tried, if nothing is entered before: a person who makes room on
/// the phone and comes back finds the answers stored.
const RETRY_AFTER_MS: u32 = 3_000;
/// How long the page stays for files that are being made small or kept.
const KEPT_WITHIN_MS: u32 = 30_000;
/// How long the page stays at most for a person who went to another app: longer than the longest film takes that could be kept.
const AWAY_MS: u32 = 30 * 60_000;
/// How long after the person came back from another app it may give the file that it was asked for.
const GIVEN_WITHIN_MS: u32 = 10_000;

/// What a save waits for.
#[derive(Clone, Copy)]
pub(in crate::stores) enum Until {
    /// Nothing.
    Now,
    /// The page is about to go: what is recorded ends, and files that came are kept.
    Kept,
    /// Other apps have given the files that they were asked for, or the person is back without.
    Given,
}

/// What was entered and is not on the disk yet, and what is needed to put it there.
pub(super) struct Draft {
    storage: Storage,
    record: RecordId,
    form: FormRef,
    unit: String,
    author: String,
    /// As [`sync::view::RecordView::salts`].
    salts: BTreeMap<String, String>,
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
    /// Files of values that another took the place of before a transaction held them.
    passed_over: Vec<Hash>,
    /// Those that are to be stored with the first thing that a person enters.
    results: BTreeMap<String, Value>,
    /// Files by the field path that they answer.
    files: BTreeMap<String, FileRef>,
    /// The dots that the person has on screen.
    screen: Arc<Screen>,
    /// This device's newest operation whose effect `screen` shows.
    seen: Dot,
    /// Where the person is, and where the disk says that they are.
    stand: Stand,
    stored_stand: Stand,
    /// Whether the record exists outside this form: an untouched new one is never stored.
    exists: bool,
    /// Whether a person entered something that was not handed on: since the form was opened, or before, as long as no sync took it.
    touched: bool,
    title: String,
    /// The files that are being read, made small or kept: the question of each, and which try to answer that it is.
    coming: BTreeSet<(NodeId, u32)>,
    /// Who waits for files is told of each that came, or does not come.
    told: Vec<oneshot::Sender<()>>,
    /// How what is recorded for a question is ended.
    ends: BTreeMap<NodeId, Rc<dyn Fn()>>,
    /// The last try to answer a question, by whichever way, of those that files were on their way to.
    tries: BTreeMap<NodeId, u32>,
    /// The save that is due.
    due: Option<Timer>,
    /// The save that is tried again by itself after one that failed.
    retry: Option<Timer>,
}

impl State {
    /// These are to be written, whatever was.
    fn put(&mut self, values: impl IntoIterator<Item = (String, Value)>) {
        for (path, value) in values {
            let before = self.pending.insert(path, value);
            self.passed_over.extend(before.as_ref().and_then(hash_of));
        }
    }

    /// An untouched new record is never stored.
    fn is_worth_storing(&self) -> bool {
        self.exists || self.touched && !self.pending.is_empty()
    }

    fn has_values(&self) -> bool {
        self.is_worth_storing() && !self.pending.is_empty()
    }

    /// A file came, or does not come.
    fn tell(&mut self) {
        for told in self.told.drain(..) {
            // Who does not wait any more need not know.
            told.send(()).ok();
        }
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
    /// The questions that files are on their way to, or sounds are being recorded for, with their field paths.
    awaits: BTreeMap<NodeId, String>,
}

/// A file on its way to a question, as long as this is kept: the form stays open for it.
pub struct Coming {
    pub(super) draft: Rc<Draft>,
    pub(super) question: NodeId,
    number: u32,
}

impl Coming {
    pub(super) fn to(draft: Rc<Draft>, question: NodeId) -> Self {
        let number = {
            let mut state = draft.state.borrow_mut();
            let last = state.tries.entry(question).or_default();
            *last += 1;
            let number = *last;
            state.coming.insert((question, number));
            number
        };
        Self { draft, question, number }
    }

    /// Which try to answer the question it is.
    #[must_use]
    pub fn number(&self) -> u32 {
        self.number
    }

    /// Whether the question was not answered otherwise since, nor another file is on its way to it: the last has the last word.
    #[must_use]
    pub fn is_last(&self) -> bool {
        self.draft.state.borrow().tries.get(&self.question) == Some(&self.number)
    }
}

impl Drop for Coming {
    fn drop(&mut self) {
        let mut state = self.draft.state.borrow_mut();
        state.coming.remove(&(self.question, self.number));
        state.tell();
    }
}

/// What one save writes.
#[derive(Clone)]
struct Batch {
    values: BTreeMap<String, Value>,
    stand: Stand,
    /// Whether the record is in the store once this is.
    stored: bool,
}

/// What one save wrote.
struct Stored {
    screen: Arc<Screen>,
    seen: Dot,
    /// Files that the patch named until now.
    left: Vec<Hash>,
}

impl Draft {
    pub(super) fn new(
        storage: Storage,
        opening: &Opening,
        screen: Screen,
        files: BTreeMap<String, FileRef>,
        defaults: BTreeMap<String, Option<String>>,
        results: BTreeMap<String, Value>,
        salts: BTreeMap<String, String>,
    ) -> Self {
        let place = opening.place.clone().unwrap_or_default();
        let stand = Stand { place, on_screen: false, awaits: BTreeMap::new() };
        let draft = Self {
            storage,
            record: opening.record,
            form: opening.form.clone(),
            unit: opening.unit.clone(),
            author: opening.account.clone(),
            salts,
            turn: Mutex::new(()),
            state: RefCell::new(State {
                pending: BTreeMap::new(),
                passed_over: Vec::new(),
                results,
                files,
                screen: Arc::new(screen),
                seen: opening.seen,
                stand: stand.clone(),
                stored_stand: stand,
                exists: opening.view.is_some(),
                touched: opening.unsealed,
                title: opening.view.as_ref().map(|view| view.title.clone()).unwrap_or_default(),
                coming: BTreeSet::new(),
                told: Vec::new(),
                ends: BTreeMap::new(),
                tries: BTreeMap::new(),
                due: None,
                retry: None,
            }),
            written: Rc::default(),
        };
        draft.take_writes(defaults);
        draft
    }

    /// What the keys of rows are made with which are called by that question; `None` where nobody wrote it, or this person does not see it.
    pub(super) fn salt(&self, question: &str) -> Option<&str> {
        self.salts.get(question).map(String::as_str)
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
                // Its question says that it is too long.
                Some(text) if text.len() > MAX_ANSWER_BYTES => continue,
                Some(text) => match state.files.get(&path) {
                    Some(file) if file.name == text => Value::File(file.clone()),
                    _ => Value::Text(text),
                },
            };
            state.put([(path, value)]);
        }
    }

    /// Takes values that do not come out of the engine.
    pub(super) fn put(&self, values: BTreeMap<String, Value>) {
        self.state.borrow_mut().put(values);
    }

    /// Whether the record has or had such a field, as far as this phone knows.
    pub(super) fn knows(&self, path: &str) -> bool {
        let state = self.state.borrow();
        let is_written = |written: &Written| written.patch.fields.contains_key(path);
        state.screen.knows(path)
            || state.pending.contains_key(path)
            || self.written.borrow().as_ref().is_some_and(is_written)
    }

    /// What a record is called; one that was stored by its form's title, when it had no name, stays so.
    fn take_title(&self, name: Option<String>, form_title: &str) {
        let mut state = self.state.borrow_mut();
        let title = &name.unwrap_or_default();
        if state.title != *title && !(title.is_empty() && state.title == form_title) {
            title.clone_into(&mut state.title);
            state.pending.insert(field::TITLE.to_owned(), Value::Text(title.clone()));
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

    /// A question is answered: a file that is on its way to it comes too late.
    pub(super) fn pass_by(&self, question: NodeId) {
        if let Some(last) = self.state.borrow_mut().tries.get_mut(&question) {
            *last += 1;
        }
    }

    /// A person entered something: from here on the record is worth storing.
    pub(super) fn touch(&self) {
        let mut state = self.state.borrow_mut();
        state.touched = true;
        // What came since is newer.
        let newer = std::mem::take(&mut state.pending);
        state.pending = std::mem::take(&mut state.results);
        state.pending.extend(newer);
    }

    /// Whether a person entered something that is not handed on.
    pub(super) fn is_touched(&self) -> bool {
        self.state.borrow().touched
    }

    /// What was entered is in order, and on the disk.
    pub(super) fn hand_on(&self) {
        self.state.borrow_mut().touched = false;
    }

    pub(super) fn stand_at(&self, path: String) {
        self.state.borrow_mut().stand.place = path;
    }

    pub(super) fn place(&self) -> String {
        self.state.borrow().stand.place.clone()
    }

    pub(super) fn await_file(&self, question: NodeId, path: String) {
        self.state.borrow_mut().stand.awaits.insert(question, path);
    }

    /// What was on its way to that question is there, or nowhere.
    pub(super) fn await_no_more(&self, question: NodeId) {
        let mut state = self.state.borrow_mut();
        state.stand.awaits.remove(&question);
        state.tell();
    }

    /// Another app gives nothing for that question. What it gave before may be on its way still.
    pub(super) fn is_given_none(&self, question: NodeId) {
        let is_coming = {
            let state = self.state.borrow();
            let last = state.tries.get(&question);
            last.is_some_and(|last| state.coming.contains(&(question, *last)))
        };
        if !is_coming {
            self.await_no_more(question);
        }
    }

    pub(super) fn awaits_file(&self) -> bool {
        let state = self.state.borrow();
        !state.stand.awaits.is_empty() || !state.coming.is_empty()
    }

    pub(super) fn ends_by(&self, question: NodeId, end: Rc<dyn Fn()>) {
        self.state.borrow_mut().ends.insert(question, end);
    }

    /// Ends whatever is recorded.
    pub(super) fn end_all(&self) {
        let ends = std::mem::take(&mut self.state.borrow_mut().ends);
        ends.values().for_each(|end| end());
    }

    /// Waits until the files that came are kept, and with `asked` also for those that other apps were asked for.
    pub(super) async fn files(&self, asked: bool) {
        loop {
            let came = {
                let mut state = self.state.borrow_mut();
                let is_asked = asked && !state.stand.awaits.is_empty();
                if state.coming.is_empty() && !is_asked {
                    return;
                }
                let (told, came) = oneshot::channel();
                state.told.push(told);
                came
            };
            came.await.ok();
        }
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
    pub(super) fn is_dirty(&self) -> bool {
        let state = self.state.borrow();
        state.has_values() || state.has_moved()
    }

    /// Whether the disk holds all of it: also what a save has taken that is still under way.
    pub(super) fn is_stored(&self) -> bool {
        self.turn.try_lock().is_some() && !self.is_dirty()
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
        let left = {
            let mut state = self.state.borrow_mut();
            match written {
                Ok(Stored { screen, seen, mut left }) => {
                    left.append(&mut state.passed_over);
                    state.screen = screen;
                    state.seen = seen;
                    state.stored_stand = batch.stand;
                    state.exists |= batch.stored;
                    left
                }
                Err(error) => {
                    let newer = std::mem::replace(&mut state.pending, batch.values);
                    state.put(newer);
                    return Err(error);
                }
            }
        };
        self.let_go(left).await;
        Ok(!batch.values.is_empty())
    }

    /// Nobody is to have these files, unless other work names them.
    pub(super) async fn let_go(&self, files: Vec<Hash>) {
        if !files.is_empty()
            && let Err(error) = space::let_go(&self.storage, files).await
        {
            // They are sent then, as if they still answered something.
            log_error(&format!("files not let go: {error}"));
        }
    }

    /// Puts the values onto the record's open patch as it stands in the store, whichever tab wrote it last.
    async fn write(&self, batch: Batch) -> Result<Stored, StorageError> {
        let written = self.write_after(batch.clone(), false).await?;
        match written {
            Some(written) => Ok(written),
            None => Ok(self.write_after(batch, true).await?.expect("all was read")),
        }
    }

    /// As [`Self::write`]. `None` if what this device sealed meanwhile is not all in the outbox any more, or has other names
    /// there, and it was not told to `read_all` of the record.
    async fn write_after(
        &self,
        batch: Batch,
        read_all: bool,
    ) -> Result<Option<Stored>, StorageError> {
        let (screen, seen) = {
            let state = self.state.borrow();
            (Arc::clone(&state.screen), state.seen)
        };
        let (record, form, unit, author) =
            (self.record, self.form.clone(), self.unit.clone(), self.author.clone());
        let from = if read_all { 0 } else { seen.seq };
        let mut reads = vec![
            Read::Row(Store::Place, FILLING.into()),
            Read::Row(Store::Open, record.into()),
            Read::Row(Store::Meta, meta::DEVICE.into()),
            Read::Row(Store::Meta, meta::LAST_SEQ.into()),
            Read::From(Store::Outbox, Key::Number(from + 1), u32::MAX),
        ];
        // It may lie in one row with many others: it is read when it must be.
        reads.extend(read_all.then(|| Read::Row(Store::Base, record.into())));
        let files: Vec<Hash> = batch.values.values().filter_map(hash_of).collect();
        reads.extend(files.iter().map(|hash| Read::Row(Store::BlobMeta, (*hash).into())));
        let mut touched = vec![Store::Open, Store::Place];
        touched.extend((!files.is_empty()).then_some(Store::BlobMeta));
        let written = Rc::clone(&self.written);
        let decide = move |mut rows: Vec<Rows>| {
            let files = rows.split_off(rows.len() - files.len());
            let mut rows = rows.into_iter();
            let mut next = || rows.next().unwrap_or_default();
            let [on_screen, stored, device, last] =
                std::array::from_fn(|_| next().pop().map(|(_, row)| row));
            let sealed = Sealed::read(device, last, next(), &next(), record)?;
            if !read_all && !sealed.is_all_since(seen) {
                return Ok((Vec::new(), None));
            }
            let mut screen = Arc::clone(&screen);
            let seen = sealed.show(&mut screen, seen);
            let (mut changes, mut left) = (Vec::new(), Vec::new());
            changes.extend(stand_change(on_screen, &batch, record, &form.id, &unit));
            if batch.stored {
                let place = batch.stand.place.clone().into_bytes();
                changes.push(Change::Put(Store::Place, record.into(), place));
            }
            if !batch.values.is_empty() {
                let mut patch = match (stored, written.take()) {
                    (Some(row), Some(written)) if written.row == row => written.patch,
                    (Some(row), _) => decode_patch(&row)?,
                    (None, _) => {
                        OpenPatch::new(record, form.clone(), unit.clone(), author.clone(), &screen)
                    }
                };
                for (path, value) in &batch.values {
                    left.extend(patch.fields.get(path).and_then(|write| hash_of(&write.value)));
                    patch.put(path, value.clone(), &screen);
                }
                let is_named = |hash: &Hash| {
                    patch.fields.values().any(|write| hash_of(&write.value) == Some(*hash))
                };
                left.retain(|hash| !is_named(hash));
                // One that was taken off is brought back.
                for (key, row) in files.into_iter().flatten() {
                    let row = BlobRow::decode(&row)?;
                    if row.dropped_ms.is_some() {
                        let row = BlobRow { dropped_ms: None, ..row };
                        changes.push(Change::Put(Store::BlobMeta, key, codec::encode(&row)));
                    }
                }
                patch.resume = Some(batch.stand.place.clone());
                let row = codec::encode(&patch);
                written.replace(Some(Written { row: row.clone(), patch }));
                changes.push(Change::Put(Store::Open, record.into(), row));
            }
            Ok((changes, Some(Stored { screen, seen, left })))
        };
        self.storage.update(reads, &touched, decide).await
    }
}

fn hash_of(value: &Value) -> Option<Hash> {
    match value {
        Value::File(file) => Some(file.hash),
        Value::Empty | Value::Text(_) => None,
    }
}

/// What this device sealed of a record.
struct Sealed {
    /// The newest of all that it ever sealed.
    last: Dot,
    base: Option<Base>,
    /// Those that were read of the outbox, of any record.
    operations: Vec<Operation>,
    record: RecordId,
}

impl Sealed {
    fn read(
        device: Option<Vec<u8>>,
        last: Option<Vec<u8>>,
        outbox: Rows,
        base: &Rows,
        record: RecordId,
    ) -> Result<Self, StorageError> {
        let missing = || StorageError::Unreadable("no device id".to_owned());
        let device: DeviceState = outbox::decode(&device.ok_or_else(missing)?, "device")?;
        let last = last.map(|row| outbox::decode(&row, "last place")).transpose()?;
        let last = Dot { device: device.device, seq: last.unwrap_or_default() };
        let base = base.first().map(|(_, row)| outbox::decode(row, "record")).transpose()?;
        let operation = |(_, row): (_, Vec<u8>)| OutboxRow::decode(&row)?.operation();
        let operations = outbox.into_iter().map(operation).collect::<Result<_, _>>()?;
        Ok(Self { last, base, operations, record })
    }

    /// Whether all that was sealed since then is in the outbox, under the name that the device had then.
    fn is_all_since(&self, seen: Dot) -> bool {
        self.last.device == seen.device
            && self.last.seq.saturating_sub(seen.seq) == self.operations.len() as u64
    }

    /// A sync may have sealed the form's patch since then: its values are what is on screen, under the names that they have
    /// now. Returns what is seen so.
    fn show(&self, screen: &mut Arc<Screen>, seen: Dot) -> Dot {
        let is_new = |dot: &Dot| match dot.device == seen.device {
            true => dot.seq > seen.seq,
            false => dot.device == self.last.device,
        };
        let standing = self.base.iter().flat_map(|base| &base.state.fields);
        for (path, siblings) in standing {
            let own = siblings.iter().map(|sibling| sibling.dot).filter(is_new).max();
            if let Some(dot) = own {
                Arc::make_mut(screen).show(path, dot);
            }
        }
        for operation in &self.operations {
            if operation.record == self.record && is_new(&operation.dot) {
                Arc::make_mut(screen).sealed(operation);
            }
        }
        self.last
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
    let mut awaited = batch.stand.awaits.values();
    let is_here = awaited.clone().any(|path| *path == batch.stand.place);
    let coming = awaited.next().cloned();
    let coming_too: Vec<String> = awaited.cloned().collect();
    let row = codec::encode(&FillingRow {
        record,
        stored: batch.stored,
        form: form.to_owned(),
        unit: unit.to_owned(),
        place: batch.stand.place.clone(),
        awaits_file: is_here.then_some(true),
        coming,
        coming_too: Some(coming_too).filter(|too| !too.is_empty()),
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
        if state.has_values() && *self.save_state.read_untracked() != SaveState::Saving {
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
                // Of a form that is only tried nobody lists the record.
                if draft.storage().is_kept() {
                    self.records.changed(self.record);
                    if !draft.is_on_screen() {
                        self.records.follow();
                    }
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
        let collected = self.session.try_update_value(|session| {
            (session.take_writes(), session.name(), session.program().form().title.clone())
        });
        if let (Some((writes, name, form)), Some(draft)) = (collected, self.draft.try_get_value()) {
            draft.take_writes(writes);
            draft.take_title(name, &form);
        }
    }
}

/// As [`FormEntry::save_now`] of each of these forms, once that was waited for in all of them at the same time; not for ever.
pub(in crate::stores) async fn save_each(
    entries: Vec<FormEntry>,
    until: Until,
) -> Result<(), StorageError> {
    let drafts: Vec<_> = entries.iter().filter_map(|entry| entry.draft.try_get_value()).collect();
    match until {
        Until::Now => {}
        Until::Kept => {
            select(pin!(files_of(&drafts, false)), pin!(tasks::sleep(KEPT_WITHIN_MS))).await;
        }
        Until::Given => {
            select(pin!(files_of(&drafts, true)), pin!(is_back())).await;
        }
    }
    let mut all = Ok(());
    for entry in entries {
        // One that cannot be written keeps none of the others from it.
        let saved = entry.save_now().await;
        all = all.and(saved);
    }
    all
}

/// Waits as [`Draft::files`] for all these forms. Who does not wait for other apps ends what is recorded: in all of them at once.
pub(super) async fn files_of(drafts: &[Rc<Draft>], asked: bool) {
    if !asked {
        drafts.iter().for_each(|draft| draft.end_all());
    }
    for draft in drafts {
        draft.files(asked).await;
    }
}

/// Waits until a person is at the page again, but not for ever, and as long as what they bring may take to come.
async fn is_back() {
    let (told, back) = oneshot::channel();
    let told = Rc::new(Cell::new(Some(told)));
    let tell = move || {
        if let Some(told) = told.take() {
            told.send(()).ok();
        }
    };
    activity::on_touch(tell.clone());
    visibility::on_change(move |visible| {
        if visible {
            tell();
        }
    });
    // The timers of a page that slept go off as it wakes: what comes just then is waited for all the same.
    select(back, pin!(tasks::sleep(AWAY_MS))).await;
    tasks::sleep(GIVEN_WITHIN_MS).await;
}
