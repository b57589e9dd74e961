//! Submitting a record: only its form can be in the way.

use form::{Session, Violation};
use leptos::prelude::*;
use thiserror::Error;

use super::FormEntry;
use crate::platform::{clock, storage::StorageError};
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

    /// Submits the record: stores it and makes it ready to be sent. Only the form itself can be in the way.
    pub async fn submit(self) -> Result<(), SubmitError> {
        let violations = self.violations();
        if !violations.is_empty() {
            violations.iter().for_each(|one| self.log_event("constraint error", Some(one.node)));
            return Err(SubmitError::Problems(violations));
        }
        self.touch();
        let changes = {
            let mut session = self.session.write_value();
            let changes = session.finalise(clock::local_now());
            session.leave_out();
            changes
        };
        self.take_in(&changes);
        self.file_log().await?;
        self.save_now().await?;
        self.records.submit(self.record).await?;
        self.drop_log().await?;
        self.submitted.try_set(true);
        Ok(())
    }
}
