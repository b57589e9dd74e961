//! The repair desk: work that the server keeps and could not apply, read and settled over the network.

use std::sync::Arc;

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::{
    SignIn,
    records::{FetchError, Written, refusal},
    sign_in::Role,
};
use crate::platform::{
    http::{Method, Request},
    json,
};

/// Why a case is settled without applying it.
#[derive(Serialize)]
struct Reason<'a> {
    reason: &'a str,
}

/// An act that the server keeps whole and has not put into its record.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Case {
    /// Its number at the server.
    pub id: i64,
    /// Why it was not applied: a code.
    pub reason: String,
    /// Why it cannot be applied now: a code; none if it can.
    pub obstacle: Option<String>,
    /// What the device calls itself.
    pub device_name: String,
    /// The person whose session brought it.
    pub sender_name: String,
    /// The person that it names as author.
    pub author_name: Option<String>,
    /// When the server received it.
    pub received_ms: i64,
    /// The record that it belongs to.
    pub record: Option<String>,
    /// Whether the server has that record.
    pub record_exists: bool,
    /// The record's org unit.
    pub unit: Option<String>,
    /// The form's id.
    pub form_id: Option<String>,
    /// SHA-256 of the form's XML.
    pub form_hash: Option<String>,
    /// What was done: `create`, `edit`, `submit` …
    pub action: Option<String>,
    /// What it wrote.
    pub fields: Vec<Written>,
    /// How it was settled.
    pub settled: Option<Settled>,
}

/// How a case was settled.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Settled {
    /// The person who did it.
    pub by_name: String,
    /// When.
    pub at_ms: i64,
    /// Why it was set aside; none if it was applied.
    pub reason: Option<String>,
}

/// The repair desk as a store.
#[derive(Clone, Copy)]
pub struct RepairDesk {
    sign_in: SignIn,
    waiting: RwSignal<Arc<Vec<Case>>>,
}

impl RepairDesk {
    /// Nothing is known yet.
    #[must_use]
    pub fn new(sign_in: SignIn) -> Self {
        Self { sign_in, waiting: RwSignal::default() }
    }

    /// What waits, the newest first, as the server last told.
    #[must_use]
    pub fn waiting(self) -> Signal<Arc<Vec<Case>>> {
        self.waiting.into()
    }

    /// Whether the person signed in may see it.
    #[must_use]
    pub fn is_open(self) -> bool {
        let role = self.sign_in.profile().map(|profile| profile.role);
        matches!(role, Some(Role::Coordinator | Role::Administrator | Role::Auditor))
    }

    /// Whether the person signed in may settle what waits.
    #[must_use]
    pub fn may_settle(self) -> bool {
        let role = self.sign_in.profile().map(|profile| profile.role);
        matches!(role, Some(Role::Coordinator))
    }

    /// Asks the server what waits.
    pub async fn refresh(self) -> Result<(), FetchError> {
        let cases = cases("waiting").await?;
        if *self.waiting.read_untracked() != cases {
            self.waiting.try_set(cases);
        }
        Ok(())
    }

    /// Asks the server what was settled, the newest first.
    pub async fn settled(self) -> Result<Arc<Vec<Case>>, FetchError> {
        cases("settled").await
    }

    /// Puts a case into its record after all.
    pub async fn apply(self, id: i64) -> Result<(), FetchError> {
        self.settle(Request::new(Method::Post, format!("/api/v1/quarantine/{id}/apply"))).await
    }

    /// Settles a case without applying it. Its author reads the reason.
    pub async fn set_aside(self, id: i64, reason: &str) -> Result<(), FetchError> {
        let body = serde_json::to_vec(&Reason { reason }).expect("a string is JSON");
        let request = Request::new(Method::Post, format!("/api/v1/quarantine/{id}/set-aside"));
        self.settle(request.body("application/json", body)).await
    }

    /// Whatever the answer, what waits is asked for anew: somebody else may have settled it.
    async fn settle(self, request: Request) -> Result<(), FetchError> {
        let answer = request.send(&[]).await?;
        self.refresh().await?;
        if answer.is_ok() { Ok(()) } else { Err(refusal(&answer)) }
    }
}

async fn cases(state: &str) -> Result<Arc<Vec<Case>>, FetchError> {
    let answer = Request::get(format!("/api/v1/quarantine?state={state}")).send(&[]).await?;
    if !answer.is_ok() {
        return Err(refusal(&answer));
    }
    json::read(&answer.body).map(Arc::new).map_err(FetchError::Garbled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_of_unreadable_bytes_is_read_too() {
        let json = r#"[{"id": 17, "state": "waiting", "reason": "unreadable", "obstacle": "unreadable", "device": "01",
            "device_name": "Chrome", "seq": 3, "sender": "an", "sender_name": "An", "author": null, "author_name": null,
            "received_ms": 5, "wall_ms": null, "record": null, "record_exists": false, "unit": null, "form": null,
            "form_id": null, "form_version": null, "form_hash": null, "action": null, "fields": [], "bytes": 9, "settled": null}]"#;
        let cases: Vec<Case> = serde_json::from_str(json).expect("the server's answer is read");
        assert_eq!((cases[0].id, cases[0].obstacle.as_deref()), (17, Some("unreadable")));
        assert_eq!((cases[0].unit.as_ref(), cases[0].sender_name.as_str()), (None, "An"));
    }
}
