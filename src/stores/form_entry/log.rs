//! The log that a form asks for (`audit`): what was done when, kept on the phone until it goes out with the record as
//! `audit.csv`.

use std::cell::RefCell;

use form::{Audit, AuditEvent, NodeId, NodeKind, Session};
use futures::lock::Mutex;
use leptos::prelude::*;
use sync::{
    codec,
    wire::{FileRef, RecordId, Value},
};

use super::FormEntry;
use crate::platform::{
    clock,
    location::{self, LocationError},
    log_error,
    storage::{Change, Read, Rows, Storage, StorageError, Store, schema::meta},
    tasks,
};
use crate::stores::{blobs, record_id};

/// Good enough for a log.
const ACCURACY_M: f64 = 100.0;
const PATIENCE_MS: u32 = 20_000;
const NAME: &str = "audit.csv";

/// What the log of a record is so far.
pub(super) struct Log {
    audit: Audit,
    /// Where the record holds it.
    field: String,
    user: String,
    state: RefCell<State>,
    /// One at a time writes what is new.
    turn: Mutex<()>,
}

#[derive(Default)]
struct State {
    /// What was logged before the form was opened, with the header.
    before: String,
    events: Vec<AuditEvent>,
    /// How many events the phone's disk holds.
    stored: usize,
    is_open: bool,
    question: Option<Visit>,
    page: Option<Visit>,
    /// Where the phone was, and when.
    place: Option<(i64, String)>,
}

/// Something that is on screen.
struct Visit {
    node: NodeId,
    start_ms: i64,
    value: String,
}

/// The key of a record's log.
fn key(record: RecordId) -> String {
    format!("{}{}", meta::AUDIT, record_id::hexadecimal(&record.0))
}

/// What was logged of a record before: on this phone since it was last sent, else what was sent.
pub(in crate::stores) async fn stored(
    storage: &Storage,
    record: RecordId,
    sent: Option<&FileRef>,
) -> Result<String, StorageError> {
    let row = storage.row(Store::Meta, key(record).as_str()).await?;
    let bytes = match (row, sent) {
        (Some(row), _) => row,
        (None, Some(file)) => blobs::read_whole(storage, file.hash).await?.unwrap_or_default(),
        (None, None) => Vec::new(),
    };
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

impl Log {
    pub(super) fn new(session: &Session, user: String, before: String) -> Option<Self> {
        let program = session.program();
        let state = RefCell::new(State { before, ..State::default() });
        let turn = Mutex::new(());
        Some(Self { audit: program.audit()?, field: program.audit_field()?, user, state, turn })
    }

    fn push(&self, event: AuditEvent) {
        let mut state = self.state.borrow_mut();
        let place = state.place.as_ref().filter(|(at_ms, _)| {
            let age_s = (event.start_ms - at_ms) / 1_000;
            self.audit.place.as_ref().is_some_and(|wanted| age_s <= i64::from(wanted.max_age_s))
        });
        let place = place.map(|(_, place)| place.clone());
        let user = if self.audit.identify_user { self.user.clone() } else { String::new() };
        state.events.push(AuditEvent { place, user, ..event });
    }

    fn happened(&self, event: &str, node: String) {
        let start_ms = clock::now_ms();
        self.push(AuditEvent { event: event.to_owned(), node, start_ms, ..AuditEvent::default() });
    }

    /// What is new, to be put behind the rest.
    fn news(&self) -> News {
        let state = self.state.borrow();
        let rows = |from: usize| {
            let text = self.audit.write(&state.events[from..]);
            // The header stands before the rest already.
            text.split_once('\n').map_or_else(String::new, |(_, rows)| rows.to_owned())
        };
        let all = match &*state.before {
            "" => self.audit.write(&state.events),
            before => format!("{before}{}", rows(0)),
        };
        News { rows: rows(state.stored), all, count: state.events.len() }
    }
}

/// What a form that is open adds to the log of its record.
struct News {
    /// What the phone's disk does not hold yet.
    rows: String,
    /// All of the log, where the disk holds nothing of it.
    all: String,
    /// How many events the form has logged.
    count: usize,
}

impl News {
    /// The whole log as CSV: behind what the disk holds, where another tab with the same record may have written too.
    fn behind(&self, stored: &Rows) -> Vec<u8> {
        match &stored[..] {
            [(_, stored), ..] => [stored, self.rows.as_bytes()].concat(),
            [] => self.all.clone().into_bytes(),
        }
    }
}

impl FormEntry {
    fn log(self) -> Option<std::rc::Rc<Log>> {
        self.log.try_get_value().flatten()
    }

    /// The form comes on screen, or goes.
    pub(super) fn log_screen(self, on_screen: bool) {
        let Some(log) = self.log() else { return };
        if on_screen {
            let was_open = std::mem::replace(&mut log.state.borrow_mut().is_open, true);
            log.happened(if was_open { "form resume" } else { "form start" }, String::new());
            self.log_page(self.page.get_untracked());
            self.follow_place();
        } else {
            self.log_leave();
            log.happened("form save", String::new());
            log.happened("form exit", String::new());
        }
    }

    /// A page comes on screen.
    pub(super) fn log_page(self, page: NodeId) {
        let Some(log) = self.log() else { return };
        self.log_leave();
        let visit = Visit { node: page, start_ms: clock::now_ms(), value: String::new() };
        let is_question = self.session.with_value(|session| {
            session.state(page).is_some_and(|state| matches!(state.kind, NodeKind::Question(_)))
        });
        // A question that is a page is told as a question.
        log.state.borrow_mut().page = (!is_question).then_some(visit);
        if is_question {
            self.log_question(page);
        }
    }

    /// The person is at a question.
    pub(super) fn log_question(self, node: NodeId) {
        let Some(log) = self.log() else { return };
        if log.state.borrow().question.as_ref().is_some_and(|visit| visit.node == node) {
            return;
        }
        self.log_question_left();
        let value = self.session.with_value(|session| session.state(node)).map(|state| state.value);
        let Some(value) = value else { return };
        let visit = Visit { node, start_ms: clock::now_ms(), value };
        log.state.borrow_mut().question = Some(visit);
    }

    fn log_question_left(self) {
        let Some(log) = self.log() else { return };
        let Some(visit) = log.state.borrow_mut().question.take() else { return };
        let (node, value) = self.session.with_value(|session| {
            let value = session.state(visit.node).map(|state| state.value);
            (session.reference(visit.node), value.unwrap_or_default())
        });
        let change = (value != visit.value).then_some((visit.value, value));
        log.push(AuditEvent {
            event: "question".to_owned(),
            node,
            start_ms: visit.start_ms,
            end_ms: Some(clock::now_ms()),
            change,
            ..AuditEvent::default()
        });
    }

    fn log_leave(self) {
        self.log_question_left();
        let Some(log) = self.log() else { return };
        let Some(visit) = log.state.borrow_mut().page.take() else { return };
        log.push(AuditEvent {
            event: "group questions".to_owned(),
            node: self.session.with_value(|session| session.reference(visit.node)),
            start_ms: visit.start_ms,
            end_ms: Some(clock::now_ms()),
            ..AuditEvent::default()
        });
    }

    /// Something else happened, at a node or at none.
    pub(super) fn log_event(self, event: &str, node: Option<NodeId>) {
        let Some(log) = self.log() else { return };
        let node = node.map(|node| self.session.with_value(|session| session.reference(node)));
        log.happened(event, node.unwrap_or_default());
    }

    /// The person sees the end of the form.
    pub fn reviewed(self) {
        self.log_leave();
        self.log_event("end screen", None);
    }

    /// Whether a person must say why the record is changed.
    #[must_use]
    pub fn asks_reason(self) -> bool {
        self.submitted.get_untracked() && self.log().is_some_and(|log| log.audit.reasons)
    }

    /// Why the record is changed.
    pub fn give_reason(self, reason: &str) {
        let Some(log) = self.log() else { return };
        let (event, reason) = ("change reason".to_owned(), reason.to_owned());
        log.push(AuditEvent { event, reason, start_ms: clock::now_ms(), ..AuditEvent::default() });
    }

    /// Writes what is new of the log to the disk. An answer never waits for it.
    pub(super) async fn save_log(self) {
        let (Some(log), Some(draft)) = (self.log(), self.draft.try_get_value()) else { return };
        let _turn = log.turn.lock().await;
        let news = log.news();
        let count = news.count;
        if count == log.state.borrow().stored || !draft.exists() {
            return;
        }
        let key = key(self.record);
        let read = Read::Row(Store::Meta, key.as_str().into());
        let decide = move |mut rows: Vec<Rows>| {
            let log = news.behind(&rows.pop().unwrap_or_default());
            Ok((vec![Change::Put(Store::Meta, key.as_str().into(), log)], ()))
        };
        match draft.storage().update(vec![read], &[Store::Meta], decide).await {
            Ok(()) => log.state.borrow_mut().stored = count,
            // It is tried again with the next answer, whose own failure the person reads.
            Err(error) => log_error(&format!("log not stored: {error}")),
        }
    }

    /// Makes the log a file of the record.
    pub(super) async fn file_log(self) -> Result<(), StorageError> {
        let (Some(log), Some(draft)) = (self.log(), self.draft.try_get_value()) else {
            return Ok(());
        };
        self.log_leave();
        for event in ["form save", "form finalize", "form exit"] {
            log.happened(event, String::new());
        }
        let _turn = log.turn.lock().await;
        let read = Read::Row(Store::Meta, key(self.record).as_str().into());
        let stored = draft.storage().read(vec![read]).await?.pop().unwrap_or_default();
        let bytes = log.news().behind(&stored);
        let file = FileRef {
            name: NAME.to_owned(),
            media_type: "text/csv".to_owned(),
            size: bytes.len() as u64,
            hash: codec::hash(&bytes),
        };
        blobs::keep(draft.storage(), &file, &bytes.into()).await?;
        draft.put(sync::gather([(log.field.clone(), Value::File(file))]));
        Ok(())
    }

    /// The record has its log: the phone needs no other.
    pub(super) async fn drop_log(self) -> Result<(), StorageError> {
        let (Some(_), Some(draft)) = (self.log(), self.draft.try_get_value()) else {
            return Ok(());
        };
        let row = Change::Delete(Store::Meta, key(self.record).as_str().into());
        draft.storage().write(vec![row]).await
    }

    /// Looks where the phone is, as often as the form wants it, while the form is on screen.
    fn follow_place(self) {
        let Some(log) = self.log() else { return };
        let Some(wanted) = log.audit.place.clone().filter(|place| place.priority != "no-power")
        else {
            return;
        };
        log.happened("location tracking enabled", String::new());
        tasks::spawn(async move {
            let mut is_told = false;
            while self.draft.try_get_value().is_some_and(|draft| draft.is_on_screen()) {
                match location::locate(ACCURACY_M, PATIENCE_MS, |_| {}).await {
                    Ok(fix) => {
                        let place = (clock::now_ms(), fix.to_geopoint());
                        log.state.borrow_mut().place = Some(place);
                        if !std::mem::replace(&mut is_told, true) {
                            log.happened("location permissions granted", String::new());
                        }
                    }
                    Err(LocationError::Denied) => {
                        log.happened("location permissions not granted", String::new());
                        return;
                    }
                    Err(_) if !is_told => {
                        is_told = true;
                        log.happened("location providers disabled", String::new());
                    }
                    Err(_) => {}
                }
                tasks::sleep(wanted.min_interval_s.max(1).saturating_mul(1_000)).await;
            }
        });
    }
}
