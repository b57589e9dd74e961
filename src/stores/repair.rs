//! The repair desk: work that the server keeps and could not apply, read and settled over the network.

use std::collections::BTreeMap;
use std::sync::Arc;

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use super::{
    SignIn,
    asking::{ask, refusal},
    records::{FetchError, Written},
    sign_in::Role,
};
use crate::platform::{
    address::Query,
    http::{Method, Request},
    log_error,
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

/// So many cases are in one answer of the server.
const PAGE: usize = 200;

/// Cases, the newest first, as far as they were asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cases {
    /// The cases.
    pub list: Vec<Case>,
    /// Whether the server may have older ones.
    pub has_older: bool,
}

impl Cases {
    /// What the server answers.
    fn page(list: Vec<Case>) -> Self {
        Self { has_older: list.len() >= PAGE, list }
    }

    /// With older ones behind.
    #[must_use]
    pub fn with_older(mut self, older: Self) -> Self {
        let oldest = self.list.last().map(|case| case.id);
        let older_ones = older.list.into_iter();
        self.list.extend(older_ones.filter(|case| oldest.is_none_or(|oldest| case.id < oldest)));
        Self { list: self.list, has_older: older.has_older }
    }

    /// The newest anew, before the older ones that were asked for, unless there may be others between.
    fn renewed(self, newest: Self) -> Self {
        let oldest = newest.list.last().map(|case| case.id).filter(|_| newest.has_older);
        let is_behind = |case: &Case| oldest.is_some_and(|oldest| case.id < oldest);
        match (self.list.first(), self.list.last()) {
            (Some(first), Some(last)) if is_behind(last) && !is_behind(first) => {
                newest.with_older(self)
            }
            _ => newest,
        }
    }

    /// Without one that is settled.
    fn without(mut self, id: i64) -> Self {
        self.list.retain(|case| case.id != id);
        self
    }
}

/// A list of things that records make and change.
#[derive(Deserialize)]
struct Listed {
    dataset: String,
    conflicts: usize,
    #[serde(default)]
    waiting: usize,
}

/// A submitted record whose change of something in such a list is not in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct WaitingChange {
    /// The list.
    #[serde(skip)]
    pub dataset: String,
    /// The id of what is to be changed.
    pub id: String,
    /// The record.
    pub record: String,
    /// What people call the record.
    pub title: String,
    /// Its form's id.
    pub form: String,
    /// Its unit.
    pub unit: String,
    /// Whose it is: an account.
    pub author: String,
}

/// Something in such a list that people changed who did not see each other's change.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Met {
    /// The list that it is in.
    #[serde(skip)]
    pub dataset: String,
    /// Its id.
    pub id: String,
    /// What people call it.
    pub label: String,
    /// The unit of the record that made it.
    pub unit: String,
    /// The version that it stands in.
    pub version: u64,
    /// `hard`: the same was changed twice; `soft`: different things were.
    pub conflict: String,
    /// How it stands.
    pub properties: BTreeMap<String, String>,
    /// How it came so, the oldest first.
    pub versions: Vec<EntityVersion>,
}

/// One change of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct EntityVersion {
    /// Its number.
    pub version: u64,
    /// Whose it is: an account.
    pub author: String,
    /// The version that they saw.
    pub base: u64,
    /// The label that they gave it, if they did.
    pub label: Option<String>,
    /// What they changed.
    pub properties: BTreeMap<String, String>,
    /// How it met what they did not see.
    pub conflict: Option<String>,
}

/// The repair desk as a store.
#[derive(Clone, Copy)]
pub struct RepairDesk {
    sign_in: SignIn,
    waiting: RwSignal<Arc<Cases>>,
    met: RwSignal<Arc<Vec<Met>>>,
}

impl RepairDesk {
    /// Nothing is known yet.
    #[must_use]
    pub fn new(sign_in: SignIn) -> Self {
        Self { sign_in, waiting: RwSignal::default(), met: RwSignal::default() }
    }

    /// What waits, the newest first, as the server last told.
    #[must_use]
    pub fn waiting(self) -> Signal<Arc<Cases>> {
        self.waiting.into()
    }

    /// Entities of which changes met, as the server last told.
    #[must_use]
    pub fn met(self) -> Signal<Arc<Vec<Met>>> {
        self.met.into()
    }

    /// Whether the person signed in may see it.
    #[must_use]
    pub fn is_open(self) -> bool {
        let role = self.sign_in.profile().map(|profile| profile.role);
        role.is_some_and(Role::oversees)
    }

    /// Whether the person signed in may settle what waits.
    #[must_use]
    pub fn may_settle(self) -> bool {
        let role = self.sign_in.profile().map(|profile| profile.role);
        role.is_some_and(Role::may_repair)
    }

    /// Asks the server what waits.
    pub async fn refresh(self) -> Result<(), FetchError> {
        let newest = cases("waiting", None).await?;
        self.change_waiting(|known| known.renewed(newest));
        let lists = lists().await?;
        let mut met = Vec::new();
        for Listed { dataset, .. } in lists.into_iter().filter(|list| list.conflicts > 0) {
            let path = format!("/api/v1/entities/{dataset}/conflicts");
            let found: Vec<Met> = ask(Request::get(path)).await?;
            met.extend(found.into_iter().map(|one| Met { dataset: dataset.clone(), ..one }));
        }
        if **self.met.read_untracked() != met {
            self.met.try_set(Arc::new(met));
        }
        Ok(())
    }

    /// Asks the server which changes of entities wait.
    pub async fn waiting_changes(self) -> Result<Vec<WaitingChange>, FetchError> {
        let mut waiting = Vec::new();
        for Listed { dataset, .. } in lists().await?.into_iter().filter(|list| list.waiting > 0) {
            let path = format!("/api/v1/entities/{dataset}/waiting");
            let found: Vec<WaitingChange> = ask(Request::get(path)).await?;
            let in_list = |one| WaitingChange { dataset: dataset.clone(), ..one };
            waiting.extend(found.into_iter().map(in_list));
        }
        Ok(waiting)
    }

    /// Leaves an entity as it stands in the version that the person looked at.
    pub async fn settle_entity(self, met: &Met) -> Result<(), FetchError> {
        #[derive(Serialize)]
        struct Look {
            version: u64,
        }
        let Met { dataset, id, version, .. } = met;
        let body = serde_json::to_vec(&Look { version: *version }).expect("a number is JSON");
        let path = format!("/api/v1/entities/{dataset}/{id}/settle");
        self.settle(Request::new(Method::Post, path).body("application/json", body)).await
    }

    /// Asks the server for what has waited longer than all that is known.
    pub async fn ask_older(self) -> Result<(), FetchError> {
        let before = self.waiting.with_untracked(|known| known.list.last().map(|case| case.id));
        let older = cases("waiting", before).await?;
        self.change_waiting(|known| known.with_older(older));
        Ok(())
    }

    fn change_waiting(self, change: impl FnOnce(Cases) -> Cases) {
        let Some(known) = self.waiting.try_get_untracked() else { return };
        let changed = change(Cases::clone(&known));
        if *known != changed {
            self.waiting.try_set(Arc::new(changed));
        }
    }

    /// Asks the server what was settled, the newest first; before a case.
    pub async fn settled(self, before: Option<i64>) -> Result<Cases, FetchError> {
        cases("settled", before).await
    }

    /// Puts a case into its record after all.
    pub async fn apply(self, id: i64) -> Result<(), FetchError> {
        let request = Request::new(Method::Post, format!("/api/v1/quarantine/{id}/apply"));
        self.settle_case(id, request).await
    }

    /// Settles a case without applying it. Its author reads the reason.
    pub async fn set_aside(self, id: i64, reason: &str) -> Result<(), FetchError> {
        let body = serde_json::to_vec(&Reason { reason }).expect("a string is JSON");
        let request = Request::new(Method::Post, format!("/api/v1/quarantine/{id}/set-aside"));
        self.settle_case(id, request.body("application/json", body)).await
    }

    /// What is settled waits no more. What else waits is asked for anew only if the server says that it is not as it was known here:
    /// on a slow line all of it takes long.
    async fn settle_case(self, id: i64, request: Request) -> Result<(), FetchError> {
        let answer = request.send(&[]).await?;
        if answer.is_ok() {
            self.change_waiting(|known| known.without(id));
            return Ok(());
        }
        if answer.status == CHANGED {
            let renewed = cases("waiting", None).await;
            renewed.map_or_else(|error| not_read(&error), |newest| self.change_waiting(|_| newest));
        }
        Err(refusal(&answer))
    }

    /// Whatever the answer, what waits is asked for anew: somebody else may have settled it. Whether it is settled does not hang on that.
    async fn settle(self, request: Request) -> Result<(), FetchError> {
        let answer = request.send(&[]).await?;
        self.refresh().await.unwrap_or_else(|error| not_read(&error));
        if answer.is_ok() { Ok(()) } else { Err(refusal(&answer)) }
    }
}

async fn lists() -> Result<Vec<Listed>, FetchError> {
    ask(Request::get("/api/v1/entities")).await
}

/// What the server answers if something is not as the asker knew it.
const CHANGED: u16 = 409;

fn not_read(error: &FetchError) {
    log_error(&format!("repair desk not read: {error}"));
}

async fn cases(state: &str, before: Option<i64>) -> Result<Cases, FetchError> {
    let before = before.map_or_else(String::new, |before| before.to_string());
    let query = Query::default().with("state", state).with("before", &before);
    ask(Request::get(format!("/api/v1/quarantine{}", query.suffix()))).await.map(Cases::page)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entity_that_two_people_changed_is_read() {
        let json = r#"[{"id": "0a", "label": "Hộ Lan", "unit": "u", "version": 3, "conflict": "hard", "properties": {"xa": "B"},
            "versions": [{"version": 1, "author": "an", "base": 0, "label": "Hộ Lan", "properties": {"xa": "A"}, "conflict": null},
            {"version": 3, "author": "hoa", "base": 1, "label": null, "properties": {"xa": "B"}, "conflict": "hard"}]}]"#;
        let met: Vec<Met> = serde_json::from_str(json).expect("the server's answer is read");
        assert_eq!((met[0].version, met[0].versions[1].conflict.as_deref()), (3, Some("hard")));
        assert_eq!(met[0].versions[0].label.as_deref(), Some("Hộ Lan"));
    }

    #[test]
    fn what_waits_longest_stays_in_the_list_when_what_is_new_is_asked_for() {
        let cases = |ids: std::ops::RangeInclusive<i64>| {
            Cases::page(ids.rev().map(|id| Case { id, ..Case::default() }).collect())
        };
        let ids = |cases: &Cases| {
            let ids: Vec<i64> = cases.list.iter().map(|case| case.id).collect();
            (ids[0], ids[ids.len() - 1], ids.len(), cases.has_older)
        };
        let newest = cases(2..=201);
        assert_eq!(ids(&newest), (201, 2, 200, true));
        assert!(Cases::default().renewed(newest.clone()).has_older, "there may be more");
        let all = newest.with_older(cases(1..=1));
        assert_eq!(ids(&all), (201, 1, 201, false));
        // Two came, and one that was known is settled.
        let renewed = all.clone().renewed(cases(4..=203).without(150));
        assert_eq!(ids(&renewed), (203, 1, 202, false));
        assert_eq!(ids(&renewed.clone().without(1)), (203, 2, 201, false));
        assert_eq!(
            ids(&renewed.renewed(cases(301..=500))),
            (500, 301, 200, true),
            "others between"
        );
        assert_eq!(ids(&all.renewed(cases(5..=7))), (7, 5, 3, false), "the server has no more");
    }

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
