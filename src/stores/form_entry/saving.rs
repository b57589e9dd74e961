//! Writing an open form to the phone's disk.

use std::collections::BTreeMap;

use leptos::prelude::*;
use sync::wire::Hash;

use super::{
    FormEntry, SaveState,
    draft::Draft,
    writing::{Batch, Stored},
};
use crate::platform::{clock, log_error, storage::StorageError, tasks};
use crate::stores::space;

/// How long after a save that failed, or a file that could not be kept, the next one is tried, if nothing is entered before: a person
/// who makes room on the phone and comes back finds the answers stored.
pub const RETRY_AFTER_MS: u32 = 3_000;

impl Draft {
    /// Writes what is pending. On return it is on the disk, or pending again. Whether there were answers among it, and
    /// the files that answers named before and do not any more.
    async fn save(&self) -> Result<(bool, Vec<Hash>), StorageError> {
        let _turn = self.turn.lock().await;
        if !self.is_dirty() {
            return Ok((false, Vec::new()));
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
            Ok(Stored { screen, seen, mut left }) => {
                left.append(&mut state.passed_over);
                state.screen = screen;
                state.seen = seen;
                state.stored_stand = batch.stand;
                state.exists |= batch.stored;
                Ok((!batch.values.is_empty(), left))
            }
            Err(error) => {
                let newer = std::mem::replace(&mut state.pending, batch.values);
                state.put(newer);
                Err(error)
            }
        }
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
        // What could not be saved is said until it is: a page that says so at times moves what is under the finger.
        let is_told = |said: &SaveState| matches!(said, SaveState::Saving | SaveState::Failed(_));
        if state.has_values() && !self.save_state.with_untracked(is_told) {
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
        let left = match draft.save().await {
            Ok((true, left)) => {
                let is_all = !draft.state.borrow().has_values();
                let saved = || SaveState::Saved(clock::now_ms());
                self.save_state.try_set(if is_all { saved() } else { SaveState::Saving });
                // Of a form that is only tried nobody lists the record.
                if draft.storage().is_kept() {
                    self.records.changed(self.record);
                    if !draft.is_on_screen() {
                        self.records.follow();
                    }
                }
                left
            }
            Ok((false, left)) => {
                self.take_back_failure();
                left
            }
            Err(error) => {
                self.save_state.try_set(SaveState::Failed(error.clone()));
                let again = tasks::after(RETRY_AFTER_MS, self.save());
                if let Some(other) = draft.state.borrow_mut().retry.replace(again) {
                    other.cancel();
                }
                return Err(error);
            }
        };
        self.save_log().await;
        // All the work on the phone is looked through for it: what is entered meanwhile is written before.
        draft.let_go(left).await;
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
