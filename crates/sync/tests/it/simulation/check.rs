//! What must be true when everything has come to rest, computed apart from the code that is tested.

use std::collections::{BTreeMap, BTreeSet};

use sync::{
    codec,
    erase::SERVER,
    merge::Stamp,
    push::Kept,
    view::RecordView,
    wire::{Dot, Operation, Outcome, RecordId, Sibling, Value, field},
};

use super::{erasing, phone::Phone, server::Server, world::World};

pub type Fields = BTreeMap<String, Vec<Sibling>>;

/// Of each record what was applied, by the log.
pub type Applied = BTreeMap<RecordId, Vec<Operation>>;

macro_rules! must {
    ($holds:expr, $($what:tt)*) => {
        if !$holds {
            return Err(format!($($what)*));
        }
    };
}

pub fn all(world: &World) -> Result<(), String> {
    every_operation_is_held_once(world)?;
    let (applied, waiting) = (applied(&world.server), waiting(&world.server));
    registers_are_what_nobody_replaced(world, &applied, &waiting)?;
    erasing::what_was_erased_is_gone_and_nothing_else(world)?;
    every_file_is_whole(world)?;
    // A phone that lost nothing missed nothing either: it need not be healed, and what heals it hides no fault of the feed.
    let times = |what| world.counters.get(what).copied().unwrap_or_default();
    let anew = times("feed begun anew for what was missing");
    must!(anew == 0 || times("row lost on a phone") > 0, "something was missing {anew} times");
    for (index, phone) in world.phones.iter().enumerate() {
        phone_equals_server(world, phone, &applied)
            .and_then(|()| what_waits_is_shown(world, phone))
            .and_then(|()| the_newest_answer_is_shown(world, phone, &applied, &waiting))
            .map_err(|what| format!("phone {index}: {what}"))?;
    }
    Ok(())
}

fn every_operation_is_held_once(world: &World) -> Result<(), String> {
    let database = &world.server.database;
    for ((dot, hash), operation) in &world.sealed {
        let held = database.log.get(dot);
        must!(held.is_some(), "{dot:?} is lost: {operation:?}");
        must!(held.is_some_and(|(_, kept)| kept.hash == *hash), "{dot:?} holds other bytes");
    }
    let audited: BTreeSet<&Dot> = database.audit.iter().collect();
    must!(audited.len() == database.audit.len(), "an operation took effect twice");
    must!(audited.len() == database.log.len(), "the audit log has holes");
    Ok(())
}

pub fn applied(server: &Server) -> Applied {
    let mut applied = Applied::new();
    for (operation, kept) in server.operations() {
        if kept.verdict.outcome != Outcome::Quarantined {
            applied.entry(operation.record).or_default().push(operation);
        }
    }
    // An erasure begins no record.
    applied.retain(|_, operations| operations.iter().any(|o| o.dot.device != SERVER));
    applied
}

/// Of each record what the repair desk has, or set aside.
pub fn waiting(server: &Server) -> Applied {
    let mut waiting = Applied::new();
    for (operation, kept) in server.operations() {
        if kept.verdict.outcome == Outcome::Quarantined {
            waiting.entry(operation.record).or_default().push(operation);
        }
    }
    waiting
}

fn registers_are_what_nobody_replaced(
    world: &World,
    applied: &Applied,
    waiting: &Applied,
) -> Result<(), String> {
    let records = &world.server.database.records;
    must!(records.keys().eq(applied.keys()), "records without operations, or the reverse");
    for (id, operations) in applied {
        let state = records[id].0.state(Stamp::default());
        let expected = unsuperseded(operations, of(waiting, *id));
        must!(state.fields == expected, "{id}: {:?} instead of {expected:?}", state.fields);
    }
    Ok(())
}

/// What of those is of a record.
pub fn of(operations: &Applied, record: RecordId) -> &[Operation] {
    operations.get(&record).map_or(&[], Vec::as_slice)
}

/// The rule of merging in its plainest form, over the whole sets at once: what waits hands on what replaced it to what it replaced itself,
/// but no approval that stands.
pub fn unsuperseded(operations: &[Operation], waiting: &[Operation]) -> Fields {
    let is_approval = |operation: &Operation| {
        approves(operation) && !is_replaced(operations, &[], field::STATE, operation.dot)
    };
    let mut fields = Fields::new();
    for operation in operations {
        let waiting = if is_approval(operation) { &[] } else { waiting };
        for (path, write) in &operation.fields {
            if !is_replaced(operations, waiting, path, operation.dot) {
                let sibling = Sibling { dot: operation.dot, value: write.value.clone() };
                fields.entry(path.clone()).or_default().push(sibling);
            }
        }
    }
    fields.values_mut().for_each(|siblings| siblings.sort());
    fields
}

fn approves(operation: &Operation) -> bool {
    let state = operation.fields.get(field::STATE);
    state.is_some_and(|write| write.value == Value::Text("approved".to_owned()))
}

fn is_replaced(operations: &[Operation], waiting: &[Operation], path: &str, dot: Dot) -> bool {
    let replaces =
        |other: &&Operation| other.fields.get(path).is_some_and(|write| write.over.contains(&dot));
    let mut between = waiting.iter().filter(replaces);
    operations.iter().any(|other| replaces(&other))
        || between.any(|between| is_replaced(operations, waiting, path, between.dot))
}

/// Whoever took a photo has it until the server does: no phone loses a file, and each brings what is named.
fn every_file_is_whole(world: &World) -> Result<(), String> {
    let database = &world.server.database;
    for file in database.records.values().flat_map(|(record, _)| record.files()) {
        let chunks = database.chunks.get(&file.hash).map_or(0, BTreeSet::len) as u64;
        let is_whole = chunks == sync::blob::chunk_count(file.size);
        must!(is_whole, "a file is not whole: {}", file.hash);
    }
    Ok(())
}

fn phone_equals_server(world: &World, phone: &Phone, applied: &Applied) -> Result<(), String> {
    must!(phone.machine.is_idle(), "not at rest");
    must!(phone.disk.open.is_empty() && phone.typed.is_empty(), "an answer was not sent");
    let status = phone.status.expect("a status was reported");
    must!(status.blocked.is_none(), "blocked: {:?}", status.blocked);
    let unsent = (status.unsent_ops, status.unsent_records, status.unsent_blobs);
    must!(unsent == (0, 0, 0), "says that it waits: {unsent:?}");

    let visible = world.server.visible(&phone.account);
    let expected: BTreeMap<_, _> = visible.iter().map(|state| (state.record, state)).collect();
    let held: BTreeMap<_, _> =
        phone.disk.base.iter().map(|(id, base)| (*id, &base.state)).collect();
    let shown = world.shown(&phone.account, applied);
    let (mine, theirs): (Vec<_>, Vec<_>) = (held.keys().collect(), shown.keys().collect());
    must!(mine == theirs, "holds the records {mine:?} instead of {theirs:?}");
    for (id, state) in &held {
        must!(state.fields == shown[id], "{id}: {:?} instead of {:?}", state.fields, shown[id]);
    }
    must!(held == expected, "holds other states than the server");
    for id in phone.known_records() {
        let view = phone.view(id);
        if let Some(view) = view.as_ref().filter(|view| view.quarantined) {
            let theirs = expected.get(&id).map(|state| &state.fields);
            nobody_disagrees_with_themselves(view, theirs)?;
            continue;
        }
        let theirs = expected.get(&id).map(|state| RecordView::of(state));
        must!(view == theirs, "shows {view:?} instead of {theirs:?}");
    }
    let database = &world.server.database;
    for (dot, kept) in database.log.range(Dot { device: phone.disk.state.device, seq: 0 }..) {
        if dot.device != phone.disk.state.device {
            break;
        }
        let Some(sealed) = phone.disk.outbox.get(&dot.seq) else { continue };
        let same = sealed.held.verdict.as_ref() == Some(&kept.1.verdict);
        must!(same, "was told {:?} of {dot:?}", sealed.held.verdict);
        must!(codec::hash(&sealed.bytes) == kept.1.hash, "holds other bytes of {dot:?}");
    }
    for former in phone.disk.state.former() {
        for sealed in &former.operations {
            let dot = Dot { device: former.device, seq: sealed.seq };
            let held = database.log.get(&dot).map(|(_, kept)| kept.hash);
            must!(held == Some(codec::hash(&sealed.bytes)), "{dot:?} was not given back");
        }
    }
    let proved = phone.disk.state.acked.min(phone.disk.state.safe).min(phone.disk.state.included);
    for (seq, sealed) in phone.disk.outbox.range(..=proved) {
        let repairs = sealed.outcome() == Some(Outcome::Quarantined);
        must!(repairs, "still holds {seq}, which is in a backup and in what it pulled");
    }
    Ok(())
}

/// What waits is laid over what the server shows so that no device's answers stand side by side that do not there.
fn nobody_disagrees_with_themselves(
    view: &RecordView,
    theirs: Option<&Fields>,
) -> Result<(), String> {
    for (path, dots) in &view.dots {
        let stands = |dot: &&Dot| {
            let siblings = theirs.and_then(|fields| fields.get(path));
            siblings.is_some_and(|siblings| siblings.iter().any(|sibling| sibling.dot == **dot))
        };
        for laid in dots.iter().filter(|dot| !stands(dot)) {
            let others = dots.iter().filter(|dot| dot.device == laid.device).count();
            must!(others == 1, "{}: {laid:?} of {path} is one of {dots:?}", view.record);
        }
    }
    Ok(())
}

/// What of an account could not be applied is shown by each of its phones, with what the repair desk says of it.
fn what_waits_is_shown(world: &World, phone: &Phone) -> Result<(), String> {
    let waits = |kept: &Kept| kept.verdict.outcome == Outcome::Quarantined;
    for (Operation { dot, record, author, .. }, kept) in world.server.operations() {
        // A copy of the profile wrote it, under the name that this one goes by still.
        let is_copys = dot.device == phone.disk.state.device && dot.seq > phone.disk.sealed;
        if !waits(kept) || author != phone.account || is_copys {
            continue;
        }
        let held = phone.held(record);
        let shown = held.iter().find(|held| held.operation.dot == dot);
        let told = shown.and_then(|held| held.verdict.as_ref());
        must!(told == Some(&kept.verdict), "was told {told:?} of {dot:?} instead of {kept:?}");
        let view = phone.view(record).filter(|view| view.quarantined);
        must!(view.is_some_and(|view| view.kept.is_some()), "does not show that {dot:?} waits");
    }
    for known in &phone.disk.waits {
        let dot = known.told.dot();
        let logged = world.server.database.log.get(&dot).filter(|(_, kept)| waits(kept));
        let bytes = logged.map(|(bytes, _)| bytes);
        must!(bytes == known.told.bytes.as_ref(), "holds other bytes of {dot:?}");
        let operation = known.held().map(|held| held.operation);
        let is_own = operation.is_some_and(|operation| operation.author == phone.account);
        must!(is_own, "was told of what another account wrote: {dot:?}");
    }
    Ok(())
}

/// Where nobody but the person answered, and each answer had seen those before, all phones of theirs show the newest alone, whether that
/// was applied or waits. But for the phone that sent what waits, if the person replaced that from another: it cannot tell that this saw it.
fn the_newest_answer_is_shown(
    world: &World,
    phone: &Phone,
    applied: &Applied,
    waiting: &Applied,
) -> Result<(), String> {
    let Phone { account, disk, .. } = phone;
    for record in phone.known_records() {
        let (applied, waiting) = (of(applied, record), of(waiting, record));
        if applied.iter().any(approves) {
            continue;
        }
        let all: Vec<Operation> = applied.iter().chain(waiting).cloned().collect();
        let is_own = |operation: &Operation| operation.dot.device == disk.state.device;
        let is_copys = |operation: &Operation| is_own(operation) && operation.dot.seq > disk.sealed;
        if !disk.base.contains_key(&record) || waiting.iter().any(is_copys) {
            continue;
        }
        let view = phone.view(record).expect("a record that it knows");
        for (path, standing) in unsuperseded(&all, &[]) {
            let writes = || all.iter().filter(|operation| operation.fields.contains_key(&path));
            let [Sibling { dot: newest, .. }] = standing[..] else { continue };
            let is_theirs = writes().all(|operation| operation.author == *account);
            let replaced_elsewhere = waiting.iter().filter(|one| is_own(one)).any(|one| {
                let is_here = one.fields.contains_key(&path) && one.dot != newest;
                is_here && writes().any(|other| other.dot.device != one.dot.device)
            });
            if !is_theirs || field::is_ours(&path) || replaced_elsewhere {
                continue;
            }
            let shown = view.dots.get(&path).map(Vec::as_slice);
            let is_hidden = world.is_hidden(account, applied, &path);
            must!(
                is_hidden || shown == Some(&[newest]),
                "{record}: shows {shown:?} of {path} and not {newest:?}"
            );
        }
    }
    Ok(())
}
