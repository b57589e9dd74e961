//! Places that a form wants to know without asking for them (`setgeopoint`, `start-geopoint`).

use form::NodeId;
use leptos::prelude::*;

use super::{FormEntry, SAVE_AFTER_MS};
use crate::platform::{location, tasks};

/// Good enough.
const ACCURACY_M: f64 = 20.0;
const PATIENCE_MS: u32 = 60_000;

impl FormEntry {
    /// Looks where the phone is, for a form that wants to know it at a question or, without one, at its opening. Nobody
    /// waits for it.
    pub(super) fn find_place(self, at: Option<NodeId>, new: bool) {
        // Every key is an answer: one search serves them all.
        let is_sought = self.sought.try_update_value(|sought| {
            let is_sought = sought.contains(&at);
            if !is_sought {
                sought.push(at);
            }
            is_sought
        });
        if is_sought != Some(false) {
            return;
        }
        tasks::spawn(async move {
            let found = location::locate(ACCURACY_M, PATIENCE_MS, |_| {}).await;
            self.sought.try_update_value(|sought| sought.retain(|other| *other != at));
            match found {
                Ok(fix) => self.arrive(&fix.to_geopoint(), at, new),
                // What stays empty tells the rest: the form may ask for the place in a question.
                Err(error) => crate::platform::log_error(&format!("no place: {error}")),
            }
        });
    }

    /// The phone is here. It goes to the disk with the person's own answers: a form that is only looked at is not stored.
    pub(super) fn arrive(self, place: &str, at: Option<NodeId>, new: bool) {
        let arrived = self.session.try_update_value(|session| match at {
            Some(question) => session.arrive_at(question, place),
            None => session.arrive(place, new),
        });
        if let Some(changes) = arrived {
            self.take_in(&changes);
            self.save_soon(SAVE_AFTER_MS);
        }
    }
}
