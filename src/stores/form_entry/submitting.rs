//! Submitting a record: only its form can be in the way.

use form::{Session, Violation};
use leptos::prelude::*;
use sync::wire::State;
use thiserror::Error;

use super::{FormEntry, coming::kept};
use crate::platform::{clock, log_error, storage::StorageError};
use crate::stores::records::ActError;

/// Why a form was not submitted.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SubmitError {
    /// The form is not complete: what is missing or wrong, and where.
    #[error("{} problems", .0.len())]
    Problems(Vec<Violation>),
    /// It is not stored.
    #[error(transparent)]
    Act(#[from] ActError),
}

impl From<StorageError> for SubmitError {
    fn from(error: StorageError) -> Self {
        Self::Act(error.into())
    }
}

impl FormEntry {
    /// Every broken rule of the form, on the pages that it has on screen.
    #[must_use]
    pub fn violations(self) -> Vec<Violation> {
        let mut found = self.session.with_value(Session::violations);
        if untrack(|| self.is_whole()) {
            found.iter_mut().for_each(|violation| violation.page = Some(self.root()));
        }
        found
    }

    /// Whether the record was submitted before: changes amend it.
    #[must_use]
    pub fn is_submitted(self) -> Signal<bool> {
        self.submitted.into()
    }

    /// Submits the record with the files that are on their way to it: stores it and makes it ready to be sent. Only the form itself can be
    /// in the way.
    pub async fn submit(self) -> Result<(), SubmitError> {
        let draft = self.draft.try_get_value().ok_or(StorageError::Gone)?;
        // One that finds no room is sent once it does; the form tells where it has to be there.
        if let Err(error) = kept(&[draft]).await {
            log_error(&format!("submitted without a file: {error}"));
        }
        if self.is_closed() {
            return Err(StorageError::Gone.into());
        }
        let violations = self.violations();
        if !violations.is_empty() {
            violations.iter().for_each(|one| self.log_event("constraint error", Some(one.node)));
            return Err(SubmitError::Problems(violations));
        }
        self.put_in_order().await?;
        self.records.submit(self.record).await?;
        self.drop_log().await?;
        self.submitted.try_set(true);
        self.hand_on();
        Ok(())
    }

    /// What a submitted record lacks with what was changed in it here; `None` if nothing of it is for others yet, or nothing was
    /// changed. Whatever it lacks, what was changed is sent.
    #[must_use]
    pub fn amended(self) -> Option<Vec<Violation>> {
        let is_touched = self.draft.try_get_value()?.is_touched();
        let summary = untrack(|| self.records.summary(self.record))?;
        let is_sent = matches!(summary.state, State::Submitted | State::Approved);
        if is_touched && is_sent { self.session.try_with_value(Session::violations) } else { None }
    }

    /// Puts what was changed in a submitted record in order, as submitting does: it is sent as it stands. Nobody pressed a button, so
    /// one that is approved stays approved.
    pub async fn amend(self) -> Result<(), StorageError> {
        if self.is_closed() {
            return Ok(());
        }
        self.put_in_order().await?;
        self.drop_log().await?;
        self.hand_on();
        Ok(())
    }

    /// Stores the record as it is when nobody enters anything any more.
    async fn put_in_order(self) -> Result<(), StorageError> {
        self.touch();
        let changes = {
            let mut session = self.session.write_value();
            let changes = session.finalise(clock::local_now());
            session.leave_out();
            changes
        };
        self.take_in(&changes);
        self.file_log().await?;
        self.save_now().await
    }

    /// What was entered is in order: nothing of it waits for its person.
    fn hand_on(self) {
        if let Some(draft) = self.draft.try_get_value() {
            draft.hand_on();
        }
    }
}
