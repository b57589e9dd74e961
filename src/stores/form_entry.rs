//! One open form: the engine's session, one signal for each drawn node, and saving.
//!
//! An answer re-renders only the nodes that the engine reports as changed. What was typed begins to be
//! written at most [`SAVE_AFTER_MS`] after the first key of it; [`SaveState`] says `Saved` only when a strict transaction holds it.

mod coming;
mod draft;
pub(crate) mod following;
mod language;
pub(super) mod log;
mod marks;
mod media;
mod nodes;
mod opening;
pub(super) mod own_files;
mod pages;
mod place;
mod rows;
mod saving;
mod submitting;
mod writing;

use std::{
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
    sync::Arc,
};

use form::{Aspects, Change, Choice, NodeId, NodeState, Program, Session};
use leptos::prelude::*;
use sync::{
    draft::Screen,
    view::RecordView,
    wire::{FileRef, FormRef, RecordId, State, field},
};

pub(crate) use self::opening::fields_of;
pub use self::{
    coming::Coming,
    marks::Marked,
    rows::{AddedRows, Named, RemovedRow},
    saving::RETRY_AFTER_MS,
    submitting::SubmitError,
};
pub(super) use self::{
    coming::{Until, save_each},
    media::Medium,
    opening::Opening,
};
use self::{
    draft::Draft,
    following::{following, has_its_lists},
    language::follow_language,
    log::Log,
    media::Media,
    nodes::Nodes,
    opening::{files_of, start_session},
    pages::page_of,
    rows::new_salts,
};
use super::{Preferences, Records, blobs};
use crate::{
    locale,
    platform::{
        clock,
        files::{Body, Picked},
        storage::{Storage, StorageError},
        tasks,
    },
};

/// How long after the first key that is not written yet a write begins. Of the 250 ms that may be lost, the rest is for the write.
pub const SAVE_AFTER_MS: u32 = 100;

/// Whether what is on screen is on the phone's disk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum SaveState {
    /// Nothing was entered since the form was opened.
    #[default]
    Unchanged,
    /// Being written.
    Saving,
    /// A strict transaction holds it all since then, phone clock in milliseconds.
    Saved(i64),
    /// It could not be written. Every further change tries again; the person must know.
    Failed(StorageError),
}

/// One open form. A `Copy` handle; it lives in [`super::OpenForms`], not in the page that shows it.
#[derive(Clone, Copy)]
pub struct FormEntry {
    session: StoredValue<Session>,
    nodes: StoredValue<Nodes>,
    draft: StoredValue<Rc<Draft>, LocalStorage>,
    media: StoredValue<Media, LocalStorage>,
    missing_files: StoredValue<Vec<String>>,
    log: StoredValue<Option<Rc<Log>>, LocalStorage>,
    records: Records,
    record: RecordId,
    form: StoredValue<FormRef>,
    unit: StoredValue<String>,
    title: RwSignal<String>,
    language: RwSignal<String>,
    /// The app's language that the form follows.
    spoken: StoredValue<Option<locale::Language>>,
    pages: RwSignal<Vec<NodeId>>,
    page: RwSignal<NodeId>,
    focused: RwSignal<Option<NodeId>>,
    /// The row in which the person was last, by the repeat whose page it is on.
    rows_left: StoredValue<BTreeMap<NodeId, NodeId>>,
    awaited: RwSignal<BTreeSet<NodeId>>,
    save_state: RwSignal<SaveState>,
    submitted: RwSignal<bool>,
    /// Where places are looked for now.
    sought: StoredValue<Vec<Option<NodeId>>>,
}

impl FormEntry {
    pub(super) fn open(
        program: Arc<Program>,
        storage: Storage,
        records: Records,
        opening: Opening,
    ) -> Self {
        let mut session = start_session(program, &opening);
        // Defaults of a new record are stored with its first answer; those of a stored one are stored already, but for results that
        // met others: the one that is on screen takes the place of those.
        let mut defaults = session.take_writes();
        let results = opening
            .view
            .as_ref()
            .filter(|_| has_its_lists(session.program()))
            .map(|view| following(&session, view, |path| session.is_worked_out(path)));
        // Before anything is drawn: it would be drawn twice.
        let spoken = use_context::<Preferences>().map(|all| all.language().get_untracked());
        if let Some(language) = spoken {
            session.begin_numbers(language.numbers());
            follow_language(&mut session, language);
        }
        let files = opening.view.as_ref().map(files_of).unwrap_or_default();
        let pages = session.pages();
        let place = opening.place.as_deref().and_then(|path| session.find(path));
        let page = place.and_then(|node| page_of(&session, &pages, node));
        let page = page.or(pages.first().copied()).unwrap_or_else(|| session.root());
        let is_new = opening.view.is_none();
        let screen = opening.view.as_ref().map_or_else(Screen::default, RecordView::screen);
        let log = Log::new(&session, opening.account.clone(), opening.log.clone());
        let submitted = opening.view.as_ref().is_some_and(|view| view.state != State::Draft);
        let salts = match &opening.view {
            Some(view) => view.salts.clone(),
            None => new_salts(&session),
        };
        let salt = |(question, salt): (&String, &String)| {
            (format!("{}{question}", field::ROWS), Some(salt.clone()))
        };
        defaults.extend(salts.iter().map(salt));
        let draft = Draft::new(
            storage,
            &opening,
            screen,
            files,
            if is_new { defaults } else { BTreeMap::new() },
            results.unwrap_or_default(),
            salts,
        );
        let asks_place = session.asks_place(is_new);
        let entry = Self {
            title: RwSignal::new(session.title()),
            spoken: StoredValue::new(spoken),
            language: RwSignal::new(session.language().to_owned()),
            nodes: StoredValue::new(Nodes::default()),
            draft: StoredValue::new_local(Rc::new(draft)),
            media: StoredValue::new_local(Media::new(opening.media)),
            missing_files: StoredValue::new(opening.missing_files),
            log: StoredValue::new_local(log.map(Rc::new)),
            records,
            record: opening.record,
            form: StoredValue::new(opening.form),
            unit: StoredValue::new(opening.unit),
            pages: RwSignal::new(pages),
            page: RwSignal::new(page),
            focused: RwSignal::new(place),
            rows_left: StoredValue::new(BTreeMap::new()),
            awaited: RwSignal::new(sync::gather(
                opening.awaited.iter().filter_map(|path| session.find(path)),
            )),
            save_state: RwSignal::new(SaveState::Unchanged),
            submitted: RwSignal::new(submitted),
            sought: StoredValue::new(Vec::new()),
            session: StoredValue::new(session),
        };
        if asks_place {
            entry.find_place(None, is_new);
        }
        entry
    }

    /// The record that is filled.
    #[must_use]
    pub fn record(self) -> RecordId {
        self.record
    }

    /// The form it is filled with.
    #[must_use]
    pub fn form(self) -> FormRef {
        self.form.get_value()
    }

    /// The org unit it belongs to.
    #[must_use]
    pub fn unit(self) -> String {
        self.unit.get_value()
    }

    /// Files that the form names and that were not on this phone when it was opened.
    #[must_use]
    pub fn missing_files(self) -> Vec<String> {
        self.missing_files.get_value()
    }

    /// Whether all of it is on the disk.
    pub(super) fn is_saved(self) -> bool {
        self.draft.with_value(|draft| draft.is_stored())
    }

    /// Whether a file for one of its questions is on its way: picked, being made small, or being kept.
    pub(super) fn awaits_file(self) -> bool {
        self.draft.with_value(|draft| draft.awaits_file())
    }

    /// Whether it is stored and nobody looks at it: it can be opened anew without anything being lost.
    pub(super) fn is_left(self) -> bool {
        self.draft
            .with_value(|draft| draft.exists() && !draft.is_on_screen() && !draft.awaits_file())
    }

    /// Whether it was closed: the record is opened anew, or another form came in its place.
    #[must_use]
    pub fn is_closed(self) -> bool {
        self.draft.try_get_value().is_none()
    }

    /// The record's name, else the form's title.
    #[must_use]
    pub fn title(self) -> Signal<String> {
        self.title.into()
    }

    /// The form's title, in its own words.
    #[must_use]
    pub fn form_title(self) -> String {
        self.session.with_value(|session| session.program().form().title.clone())
    }

    /// The whole form's node.
    #[must_use]
    pub fn root(self) -> NodeId {
        self.session.with_value(Session::root)
    }

    /// The live state of one node; the last one known after the node is gone.
    #[must_use]
    pub fn node(self, id: NodeId) -> Signal<NodeState> {
        self.session.with_value(|session| self.nodes.write_value().state(session, id))
    }

    /// What is drawn inside a node, relevant or not; of a repeat: its rows.
    #[must_use]
    pub fn children(self, id: NodeId) -> Signal<Vec<NodeId>> {
        self.session.with_value(|session| self.nodes.write_value().children(session, id))
    }

    /// What of relevant, required and readonly can change about a node while what is around it stays.
    #[must_use]
    pub fn may_change(self, id: NodeId) -> Aspects {
        self.session.with_value(|session| session.may_change(id))
    }

    /// The choices after the filter.
    #[must_use]
    pub fn choices(self, id: NodeId) -> Signal<Arc<[Choice]>> {
        self.session.with_value(|session| self.nodes.write_value().choices(session, id))
    }

    /// The node drawn around a node.
    #[must_use]
    pub fn parent(self, id: NodeId) -> Option<NodeId> {
        self.session.with_value(|session| session.parent(id))
    }

    /// Whether somebody has answered something on a page, or in a row.
    #[must_use]
    pub fn is_begun(self, page: NodeId) -> bool {
        self.session.with_value(|session| session.is_begun(page))
    }

    /// The questions in a node that the form itself answers for whoever begins.
    #[must_use]
    pub fn defaulted(self, id: NodeId) -> Vec<NodeId> {
        self.session.with_value(|session| session.defaulted(id))
    }

    /// The form is on screen from now on, or not any more: whoever is killed in it comes back to it.
    pub fn set_on_screen(self, on_screen: bool) {
        let Some(draft) = self.draft.try_get_value() else { return };
        draft.show(on_screen);
        self.log_screen(on_screen);
        if !on_screen {
            self.records.follow();
        }
        self.save_soon(0);
    }

    /// A file for this question is on its way from another app, or not any more. On the disk before that app is in front: the
    /// system may end this one then.
    pub fn await_file(self, question: NodeId, awaits: bool) {
        let Some(draft) = self.draft.try_get_value() else { return };
        if awaits {
            draft.await_file(question, self.session.with_value(|session| session.path(question)));
            self.remember_place(question);
        } else {
            draft.is_given_none(question);
        }
        self.save_soon(0);
    }

    /// A file for this question is being made, until that is answered or [`Self::await_file`] tells otherwise, whatever else is
    /// answered meanwhile, and wherever the person is.
    pub fn make_file(self, question: NodeId) {
        let Some(draft) = self.draft.try_get_value() else { return };
        draft.await_file(question, self.session.with_value(|session| session.path(question)));
        self.save_soon(0);
    }

    /// What is recorded for this question ends so, should the page have to go away.
    pub fn ends_by(self, question: NodeId, end: impl Fn() + 'static) {
        let Some(draft) = self.draft.try_get_value() else { return };
        draft.ends_by(question, Rc::new(end));
    }

    /// Whether the file of this question did not come, because the app was killed meanwhile.
    #[must_use]
    pub fn is_awaited(self, question: NodeId) -> bool {
        self.awaited.read().contains(&question)
    }

    /// Notes the question where the person is. Call it when a control gets the focus.
    pub fn focus(self, question: NodeId) {
        self.log_question(question);
        self.remember_place(question);
        self.save_soon(SAVE_AFTER_MS);
    }

    /// Takes what was typed, on every input. It is stored soon; nothing is refused for being wrong. What was still sought when
    /// the form was closed, such as a place, comes too late.
    pub fn answer(self, id: NodeId, text: &str) {
        self.answer_all(&[(id, text.to_owned())], id);
    }

    /// The same of many in one go; `place`: where the person is.
    fn answer_all(self, answers: &[(NodeId, String)], place: NodeId) {
        let Some(draft) = self.draft.try_get_value() else { return };
        draft.touch();
        for (id, _) in answers {
            draft.pass_by(*id);
            draft.await_no_more(*id);
            if self.awaited.read_untracked().contains(id) {
                self.awaited.update(|awaited| {
                    awaited.remove(id);
                });
            }
            self.log_question(*id);
        }
        self.remember_place(place);
        let changes = {
            let mut session = self.session.write_value();
            session.set_now(clock::local_now());
            session.answer_all(answers)
        };
        self.take_in(&changes);
        for (id, _) in answers {
            if self.session.with_value(|session| session.asks_place_at(*id)) {
                self.find_place(Some(*id), false);
            }
        }
        self.save_soon(SAVE_AFTER_MS);
    }

    /// Stores as soon as the screen shows what follows. Call it when a control loses the focus, or its answer is chosen rather
    /// than typed.
    pub fn leave(self, id: NodeId) {
        self.remember_place(id);
        drop(tasks::after(0, move || self.save_soon(0)));
    }

    /// Says that a file is on its way to a question, before it is there to be kept.
    #[must_use]
    pub fn file_comes(self, question: NodeId) -> Option<Coming> {
        let coming = self.draft.try_get_value().map(|draft| Coming::to(draft, question));
        self.make_file(question);
        coming
    }

    /// The answer of a question, also of one that is drawn no more.
    #[must_use]
    pub fn value(self, id: NodeId) -> String {
        let state = self.session.try_with_value(|session| session.state(id)).flatten();
        state.map(|state| state.value).unwrap_or_default()
    }

    /// Keeps a file on the phone and answers the question with it, unless that was answered otherwise while the file came. One that
    /// could not be kept is on its way still: it can be tried again.
    pub async fn attach(
        self,
        coming: &Coming,
        picked: &Picked<Body>,
    ) -> Result<FileRef, StorageError> {
        let kept = self.keep_file(coming, picked).await;
        coming.stands(kept.as_ref().err());
        kept
    }

    async fn keep_file(
        self,
        coming: &Coming,
        Picked { name, media_type, bytes }: &Picked<Body>,
    ) -> Result<FileRef, StorageError> {
        let hash = match coming.hash.get() {
            Some(hash) => hash,
            None => bytes.hash().await.map_err(blobs::not_given)?,
        };
        coming.hash.set(Some(hash));
        let extension = name.rsplit_once('.').map_or("bin", |(_, extension)| extension);
        let file = FileRef {
            name: format!("{}.{extension}", clock::now_ms()),
            media_type: media_type.clone(),
            size: bytes.size(),
            hash,
        };
        if self.is_closed() {
            return Err(StorageError::Gone);
        }
        if !coming.is_last() {
            return Ok(file);
        }
        let (draft, id) = (&coming.draft, coming.question);
        blobs::keep(draft.storage(), &file, bytes).await?;
        if coming.is_last() {
            draft.await_no_more(id);
        }
        let path = self.session.try_with_value(|session| session.path(id));
        if let Some(path) = path.filter(|_| coming.is_last()) {
            draft.keep_files(&sync::gather([(path, file.clone())]));
            self.answer(id, &file.name);
            self.leave(id);
        } else {
            // Overtaken while it was kept: nothing will ever name it.
            draft.let_go(vec![file.hash]).await;
        }
        Ok(file)
    }

    /// A file that is on its way to this question is not wanted any more; what answers it stays.
    pub fn pass_by(self, question: NodeId) {
        let Some(draft) = self.draft.try_get_value() else { return };
        draft.pass_by(question);
        draft.await_no_more(question);
        self.save_soon(0);
    }

    /// Takes the file off the question. Its bytes stay as long as it can be brought back.
    pub fn detach(self, id: NodeId) {
        self.answer(id, "");
        self.leave(id);
    }

    /// The file that answers a question.
    #[must_use]
    pub fn file(self, id: NodeId) -> Option<FileRef> {
        let path = self.session.with_value(|session| session.path(id));
        let name = self.session.with_value(|session| session.state(id))?.value;
        self.draft.with_value(|draft| draft.file(&path)).filter(|file| file.name == name)
    }

    /// What would be submitted now: answers by field path.
    #[must_use]
    pub fn relevant_fields(self) -> BTreeMap<String, String> {
        self.session.with_value(Session::relevant_fields)
    }

    /// The submission as XML; `None` once the form is closed.
    #[must_use]
    pub fn to_xml(self) -> Option<String> {
        self.session.try_with_value(Session::to_xml)
    }

    /// Whether what is on screen is on the phone's disk.
    #[must_use]
    pub fn save_state(self) -> Signal<SaveState> {
        self.save_state.into()
    }

    /// Whether what is saved outlives the page: not in a form that is only tried.
    #[must_use]
    pub fn is_kept(self) -> bool {
        self.draft.with_value(|draft| draft.storage().is_kept())
    }

    fn touch(self) {
        self.draft.with_value(|draft| draft.touch());
    }

    /// Notes where the person is, for the next time the form or the page is shown.
    pub fn remember_place(self, node: NodeId) {
        let Some(draft) = self.draft.try_get_value() else { return };
        self.remember_row(node);
        draft.stand_at(self.session.with_value(|session| first_path(session, node)));
    }

    /// Shows what the engine changed.
    fn take_in(self, changes: &[Change]) {
        let shape = Aspects::RELEVANT | Aspects::CHILDREN;
        self.session.with_value(|session| {
            self.nodes.write_value().update(session, changes);
            // The whole form on one page has no other, however much of it goes and comes.
            if changes.iter().any(|change| change.aspects.intersects(shape))
                && !untrack(|| self.is_whole())
            {
                self.take_in_pages(session.pages());
            }
            let title = session.title();
            if *self.title.read_untracked() != title {
                self.title.set(title);
            }
        });
    }
}

/// The field path of a node, or of the first thing in it that has one.
fn first_path(session: &Session, node: NodeId) -> String {
    let path = session.path(node);
    if !path.is_empty() {
        return path;
    }
    let mut inside = session.children(node).into_iter();
    inside
        .find_map(|child| Some(first_path(session, child)).filter(|path| !path.is_empty()))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests;
