//! Files on their way to the questions of an open form, and waiting for them.

use std::{cell::Cell, collections::BTreeMap, pin::pin, rc::Rc};

use form::NodeId;
use futures::{
    channel::oneshot,
    future::{Either, select},
};
use leptos::prelude::*;
use sync::wire::Hash;

use super::{FormEntry, draft::Draft};
use crate::platform::{activity, clock, storage::StorageError, tasks};

/// How long the page stays for files that are being made small or kept.
const KEPT_WITHIN_MS: u32 = 30_000;
/// How long the page stays at most for a person who went to another app: longer than the longest film takes that could be kept.
const AWAY_MS: u32 = 30 * 60_000;
/// How long after the person came back from another app it may give the file that it was asked for.
const GIVEN_WITHIN_MS: u32 = 10_000;

/// How long the page stays for a file that finds no room. Then nobody makes any: it is asked for anew when the form is opened again.
pub(super) const ROOM_WITHIN_MS: i64 = 10 * 60_000;

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

/// The files that are on their way to the questions of a form.
#[derive(Default)]
pub(super) struct Awaited {
    /// The files that are being read, made small or kept: the question of each, and which try to answer that it is. With why one could
    /// not be kept when that was tried last, and when it was tried first.
    pub(super) coming: BTreeMap<(NodeId, u32), Option<(StorageError, i64)>>,
    /// Who waits for files is told of each that came, or does not come.
    told: Vec<oneshot::Sender<()>>,
    /// How what is recorded for a question is ended.
    ends: BTreeMap<NodeId, Rc<dyn Fn()>>,
    /// The last try to answer a question, by whichever way, of those that files were on their way to.
    tries: BTreeMap<NodeId, u32>,
}

impl Awaited {
    /// Nobody waits any more for files of that question that found no room.
    fn pass_by(&mut self, question: NodeId) {
        self.coming.retain(|(of, _), trouble| *of != question || trouble.is_none());
        self.tell();
    }

    /// A file came, or does not come.
    fn tell(&mut self) {
        for told in self.told.drain(..) {
            // Who does not wait any more need not know.
            told.send(()).ok();
        }
    }
}

/// A file on its way to a question, as long as this is kept: the form stays open for it.
pub struct Coming {
    pub(super) draft: Rc<Draft>,
    pub(super) question: NodeId,
    number: u32,
    /// The hash of its bytes, once it was worked out.
    pub(super) hash: Cell<Option<Hash>>,
}

impl Coming {
    pub(super) fn to(draft: Rc<Draft>, question: NodeId) -> Self {
        let number = {
            let mut state = draft.state.borrow_mut();
            let last = state.awaited.tries.entry(question).or_default();
            *last += 1;
            let number = *last;
            state.awaited.pass_by(question);
            state.awaited.coming.insert((question, number), None);
            number
        };
        Self { draft, question, number, hash: Cell::new(None) }
    }

    /// Which try to answer the question it is.
    #[must_use]
    pub fn number(&self) -> u32 {
        self.number
    }

    /// Whether the question was not answered otherwise since, nor another file is on its way to it: the last has the last word.
    #[must_use]
    pub fn is_last(&self) -> bool {
        self.draft.state.borrow().awaited.tries.get(&self.question) == Some(&self.number)
    }

    /// It was tried to keep it: why it could not be.
    pub(super) fn stands(&self, trouble: Option<&StorageError>) {
        let mut state = self.draft.state.borrow_mut();
        if let Some(known) = state.awaited.coming.get_mut(&(self.question, self.number)) {
            let since_ms = known.as_ref().map_or_else(clock::now_ms, |(_, since_ms)| *since_ms);
            *known = trouble.map(|trouble| (trouble.clone(), since_ms));
            state.awaited.tell();
        }
    }
}

impl Drop for Coming {
    fn drop(&mut self) {
        let mut state = self.draft.state.borrow_mut();
        state.awaited.coming.remove(&(self.question, self.number));
        state.awaited.tell();
    }
}

impl Draft {
    /// A question is answered: a file that is on its way to it comes too late.
    pub(super) fn pass_by(&self, question: NodeId) {
        let mut state = self.state.borrow_mut();
        if let Some(last) = state.awaited.tries.get_mut(&question) {
            *last += 1;
            state.awaited.pass_by(question);
        }
    }

    pub(super) fn await_file(&self, question: NodeId, path: String) {
        self.state.borrow_mut().stand.awaits.insert(question, path);
    }

    /// What was on its way to that question is there, or nowhere.
    pub(super) fn await_no_more(&self, question: NodeId) {
        let mut state = self.state.borrow_mut();
        state.stand.awaits.remove(&question);
        state.awaited.tell();
    }

    /// Another app gives nothing for that question. What it gave before may be on its way still.
    pub(super) fn is_given_none(&self, question: NodeId) {
        let is_coming = {
            let state = self.state.borrow();
            let last = state.awaited.tries.get(&question);
            last.is_some_and(|last| state.awaited.coming.contains_key(&(question, *last)))
        };
        if !is_coming {
            self.await_no_more(question);
        }
    }

    pub(super) fn awaits_file(&self) -> bool {
        let state = self.state.borrow();
        !state.stand.awaits.is_empty() || !state.awaited.coming.is_empty()
    }

    pub(super) fn ends_by(&self, question: NodeId, end: Rc<dyn Fn()>) {
        self.state.borrow_mut().awaited.ends.insert(question, end);
    }

    /// Ends whatever is recorded.
    pub(super) fn end_all(&self) {
        let ends = std::mem::take(&mut self.state.borrow_mut().awaited.ends);
        ends.values().for_each(|end| end());
    }

    /// Waits until the files that came are kept, and with `asked` also for those that other apps were asked for. Why not, where one could
    /// not be kept. One that finds no room for long is waited for no more.
    pub(super) async fn files(&self, asked: bool) -> Result<(), StorageError> {
        loop {
            let came = {
                let mut state = self.state.borrow_mut();
                let coming = &state.awaited.coming;
                for (trouble, since_ms) in coming.values().flatten() {
                    // However the clock was set meanwhile.
                    if since_ms.abs_diff(clock::now_ms()) < ROOM_WITHIN_MS.unsigned_abs() {
                        return Err(trouble.clone());
                    }
                }
                let came = |question: &NodeId| coming.keys().any(|(of, _)| of == question);
                let is_asked = asked && !state.stand.awaits.keys().all(came);
                if coming.values().all(Option::is_some) && !is_asked {
                    return Ok(());
                }
                let (told, came) = oneshot::channel();
                state.awaited.told.push(told);
                came
            };
            came.await.ok();
        }
    }
}

/// As [`FormEntry::save_now`] of each of these forms, once that was waited for in all of them at the same time; not for ever.
pub(in crate::stores) async fn save_each(
    entries: Vec<FormEntry>,
    until: Until,
) -> Result<(), StorageError> {
    let drafts: Vec<_> = entries.iter().filter_map(|entry| entry.draft.try_get_value()).collect();
    let mut all = match until {
        Until::Now => Ok(()),
        Until::Kept => kept(&drafts).await,
        Until::Given => files_or(files_of(&drafts, true), is_back()).await,
    };
    for entry in entries {
        // One that cannot be written keeps none of the others from it.
        let saved = entry.save_now().await;
        all = all.and(saved);
    }
    all
}

/// Ends what is recorded for these forms, and waits until the files that came are kept; not for ever.
pub(super) async fn kept(drafts: &[Rc<Draft>]) -> Result<(), StorageError> {
    files_or(files_of(drafts, false), tasks::sleep(KEPT_WITHIN_MS)).await
}

/// Waits as [`Draft::files`] for all these forms. Who does not wait for other apps ends what is recorded: in all of them at once.
pub(super) async fn files_of(drafts: &[Rc<Draft>], asked: bool) -> Result<(), StorageError> {
    if !asked {
        drafts.iter().for_each(|draft| draft.end_all());
    }
    for draft in drafts {
        draft.files(asked).await?;
    }
    Ok(())
}

async fn files_or(
    files: impl Future<Output = Result<(), StorageError>>,
    end: impl Future<Output = ()>,
) -> Result<(), StorageError> {
    match select(pin!(files), pin!(end)).await {
        Either::Left((kept, _)) => kept,
        Either::Right(_) => Ok(()),
    }
}

/// Waits until a person is at the page again, but not for ever, and as long as what they bring may take to come.
async fn is_back() {
    // The timers of a page that slept go off as it wakes: what comes just then is waited for all the same.
    select(pin!(activity::next()), pin!(tasks::sleep(AWAY_MS))).await;
    tasks::sleep(GIVEN_WITHIN_MS).await;
}
