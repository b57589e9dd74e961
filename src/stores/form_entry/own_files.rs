//! Files that a form reads and that this phone makes itself: the record that was submitted last
//! (`jr://instance/last-saved`), and the lists of entities that submitted records have made.

use std::sync::Arc;

use form::{EntityChange, Program, Resources, Session, definition::Source};
use leptos::prelude::*;
use sync::{
    view::RecordView,
    wire::{Hash, RecordId, State},
};

use super::opening::fields_of;
use crate::platform::storage::{StorageError, schema::EntityListRow};
use crate::stores::{
    Library, Records,
    library::{ProgramError, makes_entities},
    record_id,
    records::RecordSummary,
};

const LAST_SAVED: &str = "jr://instance/last-saved";

/// How a record stands to its beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::stores) enum Beginning {
    /// It is there already.
    Over,
    /// It begins.
    New,
    /// It begins as the next after this one.
    After(RecordId),
}

/// The program with the files that this phone has for it; as it is when it reads none. A record that is there already is not
/// told again what it could have begun with: looking for that would keep whoever comes back to it waiting.
pub(in crate::stores) async fn with_own_files(
    program: Arc<Program>,
    library: Library,
    records: Records,
    opened: RecordId,
    account: &str,
    beginning: Beginning,
) -> Result<Arc<Program>, ProgramError> {
    let mut resources = Resources::default();
    for list in &program.form().secondary {
        let Source::External(address) = &list.source else { continue };
        let is_over = beginning == Beginning::Over;
        if address == LAST_SAVED && is_over && program.is_read_at_first_only(&list.id) {
            continue;
        }
        let file = if address == LAST_SAVED {
            last_saved(&program, library, records, opened, account, beginning).await?
        } else {
            entities(&program, address, library, records, opened, account).await?
        };
        resources.files.extend(file.map(|text| (address.clone(), text)));
    }
    if resources.files.is_empty() {
        return Ok(program);
    }
    let compiled = program.with_files(&resources);
    // It was compiled before without them.
    Ok(compiled.map_or(program, Arc::new))
}

/// The record that this one comes after, else the one of the form that this person submitted and began last, as the XML that a server
/// gets: what others say of a record, and what is mended in it later, does not make it the last.
async fn last_saved(
    program: &Program,
    library: Library,
    records: Records,
    opened: RecordId,
    account: &str,
    beginning: Beginning,
) -> Result<Option<String>, ProgramError> {
    let is_one = |record: &&Arc<RecordSummary>| {
        let own = record.form_id == program.form().id() && record.author == account;
        own && record.id != opened && record.state != State::Draft
    };
    // An id begins with its time.
    let newest =
        || records.all().get_untracked().iter().filter(is_one).map(|record| record.id).max();
    let last = match beginning {
        Beginning::After(record) => Some(record),
        Beginning::Over | Beginning::New => match newest() {
            None => {
                records.whole().await?;
                newest()
            }
            at_hand => at_hand,
        },
    };
    let Some(last) = last else { return Ok(None) };
    let session = session(last, library, records).await?;
    Ok(session.map(|session| session.to_xml()))
}

/// The list of entities that a file stands for, if any form that this phone holds makes such ones: what the server told
/// last, and what records say that are not in it.
///
/// The order of changes is that of the versions which they changed, then that of the phones' clocks: a phone does not
/// know in which order the server took them. What the opened record says itself is on screen, and counts once it is left.
async fn entities(
    program: &Program,
    address: &str,
    library: Library,
    records: Records,
    opened: RecordId,
    account: &str,
) -> Result<Option<String>, ProgramError> {
    let name = address.rsplit('/').next().unwrap_or(address);
    let Some(dataset) = name.strip_suffix(".csv") else { return Ok(None) };
    let told = library.entity_list(dataset).await?;
    // A list that came with the form and that nobody makes is whole as it is.
    if told.is_none()
        && !program.missing_files().contains(&address)
        && !library.datasets().await?.iter().any(|made| made == dataset)
    {
        return Ok(None);
    }
    let in_pack = library.pack().get_untracked();
    let mut hashes: Vec<Hash> =
        in_pack.forms.iter().filter_map(|form| form.hash.parse().ok()).collect();
    records.whole().await?;
    let all = records.all().get_untracked();
    hashes.extend(all.iter().map(|record| record.form_hash));
    hashes.sort_unstable();
    hashes.dedup();
    let mut makers = Vec::new();
    for hash in hashes {
        if library.held_form(hash).await?.is_some_and(|xml| makes(&xml, dataset)) {
            makers.push(hash);
        }
    }
    if makers.is_empty() && told.is_none() {
        return Ok(None);
    }
    let mut changes: Vec<(EntityChange, i64, RecordId)> = Vec::new();
    let is_done = |record: &&Arc<RecordSummary>| {
        counts(record.state) && record.id != opened && makers.contains(&record.form_hash)
    };
    // What the server has taken into its list is not worked out here again. Of what this phone changed only a pull says when that
    // was by the server's clock.
    let here = records.changed_here().await?;
    let is_news = |record: &&Arc<RecordSummary>| {
        let is_later = |told: &EntityListRow| record.changed_ms > told.as_of_ms;
        record.unsent || here.contains(&record.id) || told.as_ref().is_none_or(is_later)
    };
    for record in all.iter().filter(is_done).filter(is_news) {
        let Some(session) = session(record.id, library, records).await? else { continue };
        let told = match &told {
            Some(told) => told_by(record.id, told, library, records).await?,
            None => Vec::new(),
        };
        let anew = |change: EntityChange| match told.iter().find(|one| is_of_one(one, &change)) {
            Some(told) => change.since(told),
            None => Some(change),
        };
        let mut here = session.entities();
        here.retain(|change| change.dataset == dataset);
        if record.author != account {
            // Theirs goes on without this phone, which saw no more than the beginning of it.
            here.iter_mut().for_each(|change| change.branch_id.clear());
        }
        changes.extend(
            here.into_iter().filter_map(anew).map(|change| (change, record.changed_ms, record.id)),
        );
    }
    changes.sort_by_key(|(change, changed_ms, record)| {
        let version: u64 = change.base_version.trim().parse().unwrap_or_default();
        (!change.create, version, *changed_ms, *record)
    });
    let changes: Vec<EntityChange> = changes.into_iter().map(|(change, ..)| change).collect();
    let told = told.map(|told| told.csv).unwrap_or_default();
    let branch = record_id::hexadecimal(&records.device().device.0);
    Ok(Some(form::apply_to_list(&told, &changes, &branch)))
}

/// Whether a record that stands there does anything to entities.
fn counts(state: State) -> bool {
    matches!(state, State::Submitted | State::Returned | State::Approved)
}

fn is_of_one(one: &EntityChange, other: &EntityChange) -> bool {
    (&one.dataset, &one.id) == (&other.dataset, &other.id)
}

/// What of a record is in the list that the server told: what it said when a pull brought it, if that was before.
async fn told_by(
    record: RecordId,
    told: &EntityListRow,
    library: Library,
    records: Records,
) -> Result<Vec<EntityChange>, StorageError> {
    let pulled = records.as_pulled(record).await?;
    let is_in = |pulled: &RecordView| {
        counts(pulled.state) && !pulled.deleted && pulled.changed_ms <= told.as_of_ms
    };
    let Some(pulled) = pulled.filter(is_in) else { return Ok(Vec::new()) };
    let session = session_of(&pulled, library).await?;
    Ok(session.map_or_else(Vec::new, |session| session.entities()))
}

/// Whether a form says that its records make entities of this list.
fn makes(xml: &[u8], dataset: &str) -> bool {
    makes_entities(xml).is_some_and(|form| form.datasets().contains(&dataset))
}

/// A record as its own form reads it; `None` if the phone does not hold that form.
async fn session(
    record: RecordId,
    library: Library,
    records: Records,
) -> Result<Option<Session>, StorageError> {
    match records.view(record).await? {
        Some(view) => session_of(&view, library).await,
        None => Ok(None),
    }
}

async fn session_of(view: &RecordView, library: Library) -> Result<Option<Session>, StorageError> {
    // To fetch it would keep whoever opens a form waiting for the line.
    if !library.holds(view.form.hash).await {
        return Ok(None);
    }
    match library.program(view.form.hash).await {
        Ok(program) => Ok(Some(stored(program, view))),
        Err(ProgramError::Storage(error)) => Err(error),
        Err(_) => Ok(None),
    }
}

fn stored(program: Arc<Program>, view: &RecordView) -> Session {
    let environment = form::Environment {
        seed: record_id::seed(view.record),
        instance_id: format!("uuid:{}", record_id::uuid(view.record)),
        ..form::Environment::default()
    };
    Session::as_stored(program, environment, &fields_of(view))
}
