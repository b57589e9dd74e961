//! What was entered into an open form and is not on the disk yet.

use std::{cell::RefCell, collections::BTreeMap, rc::Rc, sync::Arc};

use form::NodeId;
use futures::lock::Mutex;
use sync::{
    draft::Screen,
    push::MAX_ANSWER_BYTES,
    wire::{Dot, FileRef, FormRef, Hash, RecordId, Value, field},
};

use super::{Opening, coming::Awaited, writing::Written};
use crate::platform::{storage::Storage, tasks::Timer};

/// What was entered and is not on the disk yet, and what is needed to put it there.
pub(super) struct Draft {
    pub(super) storage: Storage,
    pub(super) record: RecordId,
    pub(super) form: FormRef,
    pub(super) unit: String,
    pub(super) author: String,
    /// As [`sync::view::RecordView::salts`].
    salts: BTreeMap<String, String>,
    /// One save at a time: a failed one gives its values back before the next takes them.
    pub(super) turn: Mutex<()>,
    pub(super) state: RefCell<State>,
    /// The patch as it was written last: reading it anew costs the more the more was answered.
    pub(super) written: Rc<RefCell<Option<Written>>>,
}

pub(super) struct State {
    /// Values by field path that no transaction holds yet.
    pub(super) pending: BTreeMap<String, Value>,
    /// Files of values that another took the place of before a transaction held them.
    pub(super) passed_over: Vec<Hash>,
    /// Those that are to be stored with the first thing that a person enters.
    results: BTreeMap<String, Value>,
    /// Files by the field path that they answer.
    files: BTreeMap<String, FileRef>,
    /// The dots that the person has on screen.
    pub(super) screen: Arc<Screen>,
    /// This device's newest operation whose effect `screen` shows.
    pub(super) seen: Dot,
    /// Where the person is, and where the disk says that they are.
    pub(super) stand: Stand,
    pub(super) stored_stand: Stand,
    /// Whether the record exists outside this form: an untouched new one is never stored.
    pub(super) exists: bool,
    /// Whether a person entered something that was not handed on: since the form was opened, or before, as long as no sync took it.
    touched: bool,
    title: String,
    pub(super) awaited: Awaited,
    /// The save that is due.
    pub(super) due: Option<Timer>,
    /// The save that is tried again by itself after one that failed.
    pub(super) retry: Option<Timer>,
}

impl State {
    /// These are to be written, whatever was.
    pub(super) fn put(&mut self, values: impl IntoIterator<Item = (String, Value)>) {
        for (path, value) in values {
            let before = self.pending.insert(path, value);
            self.passed_over.extend(before.as_ref().and_then(hash_of));
        }
    }

    /// An untouched new record is never stored.
    pub(super) fn is_worth_storing(&self) -> bool {
        self.exists || self.touched && !self.pending.is_empty()
    }

    pub(super) fn has_values(&self) -> bool {
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
pub(super) struct Stand {
    /// Field path of the question.
    pub(super) place: String,
    /// Whether the form is on screen.
    pub(super) on_screen: bool,
    /// The questions that files are on their way to, or sounds are being recorded for, with their field paths.
    pub(super) awaits: BTreeMap<NodeId, String>,
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
                awaited: Awaited::default(),
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
    pub(super) fn take_writes(&self, writes: BTreeMap<String, Option<String>>) {
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
    pub(super) fn take_title(&self, name: Option<String>, form_title: &str) {
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
}

pub(super) fn hash_of(value: &Value) -> Option<Hash> {
    match value {
        Value::File(file) => Some(file.hash),
        Value::Empty | Value::Text(_) => None,
    }
}
