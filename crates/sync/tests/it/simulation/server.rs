//! A server as a model: the product's decisions over a database in memory that can be backed up and restored.

use std::collections::{BTreeMap, BTreeSet};

use sync::{
    codec,
    erase::{self, Erased, SERVER},
    mask::Mask,
    merge::{Record, Stamp},
    pull::{About, Feed, left},
    push::{Batch, Decided, Decision, Directory, Kept, Known, Place, Sender},
    repair::{self, Patient},
    rights::Role,
    wire::{
        AtDesk, DeviceId, Dot, FormRef, Hash, Operation, Outcome, PullResponse, PushRequest,
        PushResponse, RecordId, RecordState, Tally, Value, Verdict, Write, field,
    },
};

use super::{Bug, UNITS, shown::Grant};

pub const PAGE: usize = 3;

/// The account whose phones may not approve; the others may.
const OFFICER: &str = "account-0";

/// What is in the database, and comes back as it was after a restore.
#[derive(Clone, Default)]
pub struct Database {
    pub acked: BTreeMap<DeviceId, u64>,
    pub log: BTreeMap<Dot, (Vec<u8>, Kept)>,
    pub beside: BTreeMap<(Dot, Hash), Vec<u8>>,
    pub audit: Vec<Dot>,
    pub records: BTreeMap<RecordId, (Record, u64)>,
    /// Where in the feed a record left a unit.
    pub left: BTreeMap<(RecordId, String), u64>,
    pub head: u64,
    /// The place in the feed at which the repair desk settled an operation.
    pub settled: BTreeMap<Dot, u64>,
    /// The place in the feed at which an operation was put into quarantine, or emptied there.
    pub quarantined: BTreeMap<Dot, u64>,
    pub chunks: BTreeMap<Hash, BTreeSet<u64>>,
    pub erased: Erased,
    /// Files that are not to come again.
    pub erased_files: BTreeSet<Hash>,
    /// How many operations came from before an erasure and were emptied.
    pub emptied: u64,
    /// How many came over what was not here, where something was erased.
    pub unsure: u64,
    /// How many of such were emptied later, when what they replaced came as well.
    pub emptied_later: u64,
}

pub struct Server {
    pub database: Database,
    pub backup: Database,
    pub epoch: u64,
    pub scopes: BTreeMap<String, BTreeSet<String>>,
    /// What accounts are limited to in their units, if they are.
    grants: BTreeMap<String, Grant>,
    pub scope_rev: u64,
    pub revoked: BTreeSet<String>,
    /// What was erased: beside the database, so that no restore takes it back.
    pub list: Vec<Operation>,
    /// Planted: records as they were before they were deleted, which is not on the disk yet.
    undeleted: BTreeMap<RecordId, (Record, u64)>,
    bug: Option<Bug>,
}

struct Rights<'a>(&'a Server);

impl Directory for Rights<'_> {
    fn knows_form(&self, form: &FormRef) -> bool {
        form.version != "lost"
    }

    fn knows_unit(&self, unit: &str) -> bool {
        UNITS.contains(&unit)
    }

    fn role(&self, account: &str, unit: &str, form: &str) -> Option<Role> {
        let role = if account == OFFICER { Role::Officer } else { Role::Coordinator };
        let sees =
            self.0.scopes[account].contains(unit) && self.0.granted(account).shows_form(form);
        sees.then_some(role)
    }

    fn hides(&self, account: &str, form: &str, path: &str) -> bool {
        self.0.mask(account).hides(form, path)
    }
}

/// Whoever repairs sees every unit, and all that is in it.
struct Desk;

impl Directory for Desk {
    fn knows_form(&self, form: &FormRef) -> bool {
        form.version != "lost"
    }

    fn knows_unit(&self, unit: &str) -> bool {
        UNITS.contains(&unit)
    }

    fn role(&self, _: &str, _: &str, _: &str) -> Option<Role> {
        Some(Role::Coordinator)
    }

    fn hides(&self, _: &str, _: &str, _: &str) -> bool {
        false
    }
}

impl Database {
    /// Puts a record at the feed's head, and a trace of it there into the unit that it left.
    fn put(&mut self, record: Record, left: Option<String>) {
        if let Some(unit) = left {
            self.left.insert((record.id(), unit), self.head);
            self.left.remove(&(record.id(), record.unit().to_owned()));
        }
        self.records.insert(record.id(), (record, self.head));
    }

    /// What the log has of a record, applied or not.
    pub fn logged_of(&self, record: RecordId) -> Vec<Operation> {
        let logged = self.log.values().filter_map(|(bytes, _)| codec::decode(bytes).ok());
        logged.filter(|operation: &Operation| operation.record == record).collect()
    }

    /// Empties what is kept, and takes the erasure into the record.
    fn take_erasure(&mut self, erasure: &Operation, bug: Option<Bug>) {
        let mut erased = self.erased.clone();
        erased.insert_into(erasure, &self.logged_of(erasure.record).iter());
        for path in erasure.fields.keys() {
            let before = erased.before(erasure.record, path).into_iter().flatten();
            self.erased.insert(erasure.record, path, before.copied());
        }
        self.keep_grown(&erased);
        if bug != Some(Bug::LogKeptAtErasure) {
            self.empty_log(erasure.record, &mut erased);
        }
        for bytes in self.beside.values_mut() {
            empty(bytes, erasure.record, |operation| erased.cut_beside(operation));
        }
        let (dot, bytes) = (erasure.dot, codec::encode(erasure));
        let outcome = Outcome::Applied;
        let verdict = Verdict { seq: dot.seq, outcome, reason: None, set_aside: None };
        self.log.insert(dot, (bytes.clone(), Kept { hash: codec::hash(&bytes), verdict }));
        self.audit.push(dot);
        let acked = self.acked.entry(SERVER).or_default();
        *acked = dot.seq.max(*acked);
        if let Some((mut record, _)) = self.records.remove(&erasure.record) {
            record.erase(erasure, &self.logged_of(erasure.record));
            self.head += 1;
            self.put(record, None);
        }
        self.drop_files(erased.files());
    }

    /// Empties what the log has of a record from before an erasure. Says how many operations that were.
    fn empty_log(&mut self, record: RecordId, erased: &mut Erased) -> u64 {
        let mut emptied = 0;
        for (dot, (bytes, _)) in &mut self.log {
            if empty(bytes, record, |operation| erased.cut(operation)) {
                emptied += 1;
                if let Some(place) = self.quarantined.get_mut(dot) {
                    self.head += 1;
                    *place = self.head;
                }
            }
        }
        emptied
    }

    /// The erasures of a record of which nothing was applied yet.
    fn of_unbegun(&self, record: RecordId) -> Vec<Operation> {
        if self.records.contains_key(&record) {
            return Vec::new();
        }
        let logged = self.logged_of(record).into_iter();
        logged.filter(|operation| operation.dot.device == SERVER).collect()
    }

    /// Forgets files that no record names.
    fn drop_files(&mut self, files: impl IntoIterator<Item = Hash>) {
        for hash in files {
            let mut named = self.records.values().flat_map(|(record, _)| record.files());
            if named.all(|file| file.hash != hash) {
                self.chunks.remove(&hash);
                self.erased_files.insert(hash);
            }
        }
    }

    /// Keeps what a push taught of erasures.
    fn learn(&mut self, decided: &Decided, bug: Option<Bug>) {
        for decision in &decided.decisions {
            let logged = decision.operation.as_ref().filter(|_| decision.place == Place::Log);
            let Some(operation) = logged else { continue };
            self.emptied += u64::from(codec::hash(&decision.bytes) != decision.hash);
            self.unsure += u64::from(self.is_unsure(operation));
        }
        self.keep_grown(&decided.erased);
        let learnt: BTreeSet<RecordId> = decided.erased.grown().map(|(id, ..)| id).collect();
        if bug != Some(Bug::LearntOfNewcomersOnly) {
            learnt.into_iter().for_each(|record| self.empty_anew(record));
        }
        if bug != Some(Bug::LateFileTaken) {
            self.drop_files(decided.erased.files().collect::<Vec<_>>());
        }
    }

    fn keep_grown(&mut self, erased: &Erased) {
        for (record, path, before) in erased.grown() {
            self.erased.insert(record, path, before.iter().copied());
        }
    }

    /// Empties what turns out to have come before an erasure.
    fn empty_anew(&mut self, record: RecordId) {
        let mut erased = self.erased.clone();
        erased.spread(&self.logged_of(record).iter());
        self.keep_grown(&erased);
        let emptied = self.empty_log(record, &mut erased);
        if emptied == 0 {
            return;
        }
        self.emptied_later += emptied;
        if let Some((mut known, _)) = self.records.remove(&record) {
            known.empty_as(&self.logged_of(record));
            self.head += 1;
            self.put(known, None);
        }
        self.drop_files(erased.files());
    }

    /// Planted: a push of one operation, of which the disk has half, and otherwise only that it is there.
    pub fn take_half(&mut self, pushed: Database) {
        let mut log = pushed.log;
        let mut new = log.iter_mut().filter(|(dot, _)| !self.log.contains_key(dot));
        if let (Some((_, (bytes, _))), None) = (new.next(), new.next()) {
            bytes.truncate(bytes.len() / 2);
            (self.log, self.audit, self.acked) = (log, pushed.audit, pushed.acked);
        }
    }

    /// The records that are deleted in the database after this one, as they are here.
    fn before_deletion(&self, after: &Self) -> BTreeMap<RecordId, (Record, u64)> {
        let is_deleted = |record: &Record| {
            let mut standing = record.standing(field::DELETED);
            standing.any(|(_, value)| *value != Value::Empty)
        };
        let deleted = self.records.iter().filter(|(id, (record, _))| {
            let after = after.records.get(id);
            !is_deleted(record) && after.is_some_and(|(record, _)| is_deleted(record))
        });
        deleted.map(|(id, record)| (*id, record.clone())).collect()
    }

    /// Whether an operation replaced, where something was erased, what is not here: whether it saw the erasure no server can tell.
    pub fn is_unsure(&self, operation: &Operation) -> bool {
        let mut fields = operation.fields.iter();
        fields.any(|(path, write)| {
            let is_erased = self.erased.before(operation.record, path).is_some();
            is_erased && self.is_over_unknown(path, write, &mut BTreeSet::new())
        })
    }

    fn is_over_unknown(&self, path: &str, write: &Write, seen: &mut BTreeSet<Dot>) -> bool {
        write.over.iter().any(|over| {
            if !seen.insert(*over) {
                return false;
            }
            let logged = self.log.get(over).map(|(bytes, _)| codec::decode::<Operation>(bytes));
            // A copied phone's writing may have gone under the name of another operation.
            match logged.as_ref().and_then(|logged| logged.as_ref().ok()?.fields.get(path)) {
                Some(write) => self.is_over_unknown(path, write, seen),
                None => true,
            }
        })
    }
}

/// Empties bytes that are an operation of that record. Says whether there was anything to empty.
fn empty(bytes: &mut Vec<u8>, record: RecordId, cut: impl FnOnce(&mut Operation) -> bool) -> bool {
    let operation = codec::decode::<Operation>(bytes).ok();
    let Some(mut operation) = operation.filter(|operation| operation.record == record) else {
        return false;
    };
    let is_emptied = cut(&mut operation);
    if is_emptied {
        *bytes = codec::encode(&operation);
    }
    is_emptied
}

/// Planted: of values that stand side by side only the one with the latest clock.
fn latest(record: &Record, log: &BTreeMap<Dot, (Vec<u8>, Kept)>) -> Record {
    let wall = |dot: &Dot| {
        let bytes = log.get(dot).map(|(bytes, _)| bytes.as_slice());
        bytes.and_then(|bytes| codec::decode::<Operation>(bytes).ok()).map(|o| o.at.wall_ms)
    };
    let mut state = record.state(Stamp::default());
    for siblings in state.fields.values_mut() {
        let newest = siblings.iter().map(|sibling| wall(&sibling.dot)).max().flatten();
        siblings.retain(|sibling| wall(&sibling.dot) == newest);
    }
    Record::from_state(&state)
}

impl Server {
    pub fn new(scopes: BTreeMap<String, BTreeSet<String>>, bug: Option<Bug>) -> Self {
        Self {
            database: Database::default(),
            backup: Database::default(),
            epoch: 1,
            scopes,
            grants: BTreeMap::new(),
            scope_rev: 1,
            revoked: BTreeSet::new(),
            list: Vec::new(),
            undeleted: BTreeMap::new(),
            bug,
        }
    }

    /// Says how many erasures were done again.
    pub fn restore(&mut self) -> usize {
        self.database = self.backup.clone();
        self.undeleted.clear();
        if self.bug != Some(Bug::NoEpochOnRestore) {
            self.epoch += 1;
        }
        if self.bug == Some(Bug::ErasureNotRepeated) { 0 } else { self.open() }
    }

    /// As a server opens its data: it does again what the list of erasures says and the database does not know. Says how many.
    pub fn open(&mut self) -> usize {
        self.database.records.append(&mut self.undeleted);
        let mut again = 0;
        for erasure in &self.list {
            if !self.database.log.contains_key(&erasure.dot) {
                self.database.take_erasure(erasure, self.bug);
                again += 1;
            }
        }
        again
    }

    /// Erases fields of a record. The list has it before the database does; whether that comes to it is another question.
    pub fn erase(&mut self, record: RecordId, paths: &BTreeSet<String>, is_committed: bool) {
        let database = &mut self.database;
        let logged = database.logged_of(record);
        let first = logged.first().expect("a record of which something is kept");
        let begun = database.records.get(&record).map(|(record, _)| record.clone());
        let begun = begun.unwrap_or_else(|| Record::begin(first));
        let listed = self.list.iter().map(|erasure| erasure.dot.seq).max().unwrap_or_default();
        let listed = if self.bug == Some(Bug::ErasureNumberTwice) { 0 } else { listed };
        let seq = database.acked.get(&SERVER).copied().unwrap_or_default().max(listed) + 1;
        let erasure = erase::erasure(&begun, &logged, paths, seq, 0);
        self.list.push(erasure.clone());
        if is_committed {
            self.database.take_erasure(&erasure, self.bug);
        }
    }

    pub fn change_scope(&mut self, account: &str, unit: &str) {
        let scope = self.scopes.get_mut(account).expect("a known account");
        if !scope.remove(unit) {
            scope.insert(unit.to_owned());
        }
        self.revise();
    }

    pub fn grant(&mut self, account: &str, grant: Grant) {
        self.grants.insert(account.to_owned(), grant);
        self.revise();
    }

    pub fn granted(&self, account: &str) -> Grant {
        self.grants.get(account).cloned().unwrap_or_default()
    }

    fn mask(&self, account: &str) -> Mask {
        let hidden = self.granted(account).hidden.into_iter();
        Mask::new(hidden.map(|(form, question)| (form.to_owned(), question.to_owned())))
    }

    /// What somebody may see is another than before.
    fn revise(&mut self) {
        if self.bug != Some(Bug::ScopeWithoutRevision) {
            self.scope_rev += 1;
        }
    }

    pub fn back_up(&mut self) {
        self.undeleted.clear();
        self.backup = self.database.clone();
    }

    pub fn commit(&mut self, database: Database) {
        if self.bug == Some(Bug::DeletionForgotten) {
            self.undeleted = self.database.before_deletion(&database);
        }
        self.database = database;
    }

    fn safe(&self, device: DeviceId) -> u64 {
        self.backup.acked.get(&device).copied().unwrap_or_default()
    }

    /// The database as it is after this push, and the answer.
    pub fn push(&self, account: &str, body: &[u8]) -> Option<(Database, PushResponse)> {
        let request: PushRequest = codec::decode(body).ok()?;
        let mut database = self.database.clone();
        let batch = Batch::read(request);
        let device = batch.device();
        let mut known = Known {
            acked: database.acked.get(&device).copied().unwrap_or_default(),
            ..Known::default()
        };
        if let Some(seqs) = batch.seqs() {
            let range = Dot { device, seq: *seqs.start() }..=Dot { device, seq: *seqs.end() };
            let kept = database.log.range(range);
            known.kept = kept.map(|(dot, (_, kept))| (dot.seq, kept.clone())).collect();
            if self.bug == Some(Bug::NoIdempotencyKey) {
                known.kept.clear();
            }
        }
        if self.bug != Some(Bug::LateWriteKept) {
            known.erased = database.erased.clone();
        }
        for id in batch.records() {
            known.waiting.insert(id, self.waiting_of(id));
            if let Some((record, _)) = database.records.get(&id) {
                known.records.insert(id, record.clone());
            } else if self.bug != Some(Bug::BegunWithoutErasure) {
                known.erased.insert_unbegun(id, database.of_unbegun(id));
            }
        }
        if self.bug == Some(Bug::GapAccepted)
            && let Some(seqs) = batch.seqs()
        {
            known.acked = known.acked.max(seqs.start().saturating_sub(1));
        }
        let sender = Sender { account, revoked: self.revoked.contains(account) };
        let decided = batch.decide(known, &sender, &Rights(self));
        if self.refuses(&decided) {
            return None;
        }
        assert_eq!(decided.lost, None, "backups keep what they promised");
        for decision in &decided.decisions {
            let dot = Dot { device, seq: decision.seq };
            match decision.place {
                Place::Held => {}
                Place::Beside => {
                    database.beside.insert((dot, decision.hash), decision.bytes.clone());
                }
                Place::Log => {
                    if self.bug == Some(Bug::QuarantineDropped) && decision.verdict.reason.is_some()
                    {
                        continue;
                    }
                    let kept = Kept { hash: decision.hash, verdict: decision.verdict.clone() };
                    database.log.insert(dot, (decision.bytes.clone(), kept));
                    database.audit.push(dot);
                    if decision.reason.is_some() {
                        database.head += u64::from(self.bug != Some(Bug::QuarantineWithoutPlace));
                        database.quarantined.insert(dot, database.head);
                    }
                }
            }
        }
        for (id, record) in &decided.changed {
            let is_contested = |decision: &Decision| {
                let is_here = decision.operation.as_ref().is_some_and(|o| o.record == *id);
                is_here && decision.verdict.outcome == Outcome::Conflict
            };
            if self.bug == Some(Bug::ConflictDropped) && decided.decisions.iter().any(is_contested)
            {
                continue;
            }
            let is_late = self.bug == Some(Bug::PlaceBeforeCommit)
                && decided.decisions.iter().any(|decision| decision.hash.0[0].is_multiple_of(4));
            if !is_late {
                database.head += 1;
            }
            let record = match self.bug {
                Some(Bug::SupersededForgotten) => {
                    Record::from_state(&record.state(Stamp::default()))
                }
                Some(Bug::ClockDecides) => latest(record, &database.log),
                _ => record.clone(),
            };
            database.put(record, decided.left.get(id).cloned());
        }
        database.learn(&decided, self.bug);
        database.acked.insert(device, decided.acked);
        let missing = database.records.values().flat_map(|(record, _)| record.files());
        let missing = missing.filter(|file| {
            let held = database.chunks.get(&file.hash).map_or(0, BTreeSet::len);
            (held as u64) < sync::blob::chunk_count(file.size)
        });
        let missing: BTreeSet<Hash> = missing.map(|file| file.hash).collect();
        let response =
            decided.response(self.epoch, self.safe(device), 0, missing.into_iter().collect());
        Some((database, response))
    }

    /// Planted: what others refuse.
    fn refuses(&self, decided: &Decided) -> bool {
        let is_years_off = |operation: &Operation| operation.at.wall_ms.abs() > 86_400_000;
        let mut decisions = decided.decisions.iter();
        match self.bug {
            Some(Bug::NameTwiceRefused) => {
                decisions.any(|decision| self.is_named_as_another(decision))
            }
            Some(Bug::HeadBlocksTheRest) => decisions.any(|d| d.verdict.reason.is_some()),
            Some(Bug::DriftRefused) => {
                decisions.filter_map(|d| d.operation.as_ref()).any(is_years_off)
            }
            _ => false,
        }
    }

    fn is_named_as_another(&self, decision: &Decision) -> bool {
        let Some(operation) = &decision.operation else { return false };
        let name = operation.fields.get("a/x").map(|write| &write.value);
        let name = name.filter(|name| **name != Value::Empty);
        let others = self.database.records.iter().filter(|(id, _)| **id != operation.record);
        let mut names = others.flat_map(|(_, (record, _))| record.standing("a/x"));
        names.any(|(_, other)| Some(other) == name)
    }

    /// What the log has of a record and was not applied.
    fn waiting_of(&self, record: RecordId) -> Vec<Operation> {
        if self.bug == Some(Bug::WaitingEndsTheChain) {
            return Vec::new();
        }
        let waiting = self.operations().filter(|(operation, kept)| {
            operation.record == record && kept.verdict.outcome == Outcome::Quarantined
        });
        waiting.map(|(operation, _)| operation).collect()
    }

    /// Operations that wait at the repair desk.
    pub fn waiting(&self) -> Vec<Dot> {
        let waiting = self.database.log.iter().filter(|(dot, (_, kept))| {
            kept.verdict.outcome == Outcome::Quarantined && !self.database.settled.contains_key(dot)
        });
        waiting.map(|(dot, _)| *dot).collect()
    }

    /// The repair desk applies an operation, or sets it aside where that cannot be. Says whether it was applied.
    pub fn settle(&mut self, dot: Dot) -> bool {
        let (bytes, _) = &self.database.log[&dot];
        let operation: Operation = codec::decode(bytes).expect("phones seal operations");
        let waiting = self.waiting_of(operation.record);
        let database = &mut self.database;
        let (bytes, kept) = database.log.get_mut(&dot).expect("an operation that waits");
        let record = database.records.get(&operation.record).map(|(record, _)| record);
        let reason = kept.verdict.reason.expect("quarantine has a reason");
        let patient = Patient { operation: Some(&operation), size: bytes.len(), reason, record };
        database.head += 1;
        database.settled.insert(dot, database.head);
        if patient.obstacle("desk", &Desk).is_some() {
            kept.verdict.set_aside = Some("không dùng được".to_owned());
            return false;
        }
        let before = record.map(|record| record.unit().to_owned());
        let record = record.cloned();
        let erasures = match self.bug {
            Some(Bug::BegunWithoutErasure) => Vec::new(),
            _ => database.of_unbegun(operation.record),
        };
        let (record, outcome) = repair::apply(record, &operation, &erasures, &waiting);
        let left = record.left(before.as_deref());
        let verdict = Verdict { seq: dot.seq, outcome, reason: None, set_aside: None };
        database.log.get_mut(&dot).expect("it waits there").1.verdict = verdict;
        database.put(record, left);
        true
    }

    /// What is told of settled operations with a page that reaches from `after` to `end`.
    fn settled(&self, device: DeviceId, after: u64, end: u64) -> Vec<Verdict> {
        let mut told = Vec::new();
        for (dot, settled) in &self.database.settled {
            let (bytes, kept) = &self.database.log[dot];
            let operation: Operation = codec::decode(bytes).expect("phones seal operations");
            let record = self.database.records.get(&operation.record);
            let place = record.map_or(*settled, |(_, rv)| *rv.max(settled));
            if dot.device == device && place > after && place <= end {
                told.push(kept.verdict.clone());
            }
        }
        if self.bug == Some(Bug::RepairUntold) { Vec::new() } else { told }
    }

    /// What an account sent that the repair desk has, or applied, and the asking device may not hold, with a page that reaches from
    /// `after` to `end`.
    fn at_desk(&self, account: &str, asking: DeviceId, after: u64, end: u64) -> Vec<AtDesk> {
        let mut told = Vec::new();
        for (dot, kept_at) in &self.database.quarantined {
            let (bytes, kept) = &self.database.log[dot];
            let operation: Operation = codec::decode(bytes).expect("phones seal operations");
            let settled = self.database.settled.get(dot).copied().unwrap_or_default();
            let is_kept = kept.verdict.outcome == Outcome::Quarantined;
            let place = match self.database.records.get(&operation.record) {
                Some((_, rv)) if !is_kept => *rv.max(&settled),
                _ => *kept_at.max(&settled),
            };
            let may_lack = dot.device != asking || dot.seq <= self.safe(asking);
            if operation.author == account && may_lack && place > after && place <= end {
                let (device, verdict) = (dot.device, kept.verdict.clone());
                told.push(AtDesk { device, bytes: is_kept.then(|| bytes.clone()), verdict });
            }
        }
        if self.bug == Some(Bug::FormerIdsUntold) { Vec::new() } else { told }
    }

    pub fn visible(&self, account: &str) -> Vec<RecordState> {
        let mut states: Vec<RecordState> = self
            .database
            .records
            .values()
            .filter(|(record, _)| self.bug == Some(Bug::FeedUnscoped) || self.sees(account, record))
            .map(|(record, rv)| record.state(Stamp { rv: *rv, ..Stamp::default() }))
            .collect();
        if self.bug != Some(Bug::HiddenFieldSent) {
            let mask = self.mask(account);
            states.iter_mut().for_each(|state| mask.cut_state(state));
        }
        states.sort_by_key(|state| state.rv);
        states
    }

    fn sees(&self, account: &str, record: &Record) -> bool {
        Rights(self).role(account, record.unit(), &record.form().id).is_some()
    }

    /// The traces of what left the units of an account, and is in none of them now.
    fn left(&self, account: &str) -> Vec<RecordState> {
        let saw = |id: &RecordId, unit: &str| {
            let (record, _) = &self.database.records[id];
            let saw = Rights(self).role(account, unit, &record.form().id).is_some();
            saw && !self.sees(account, record)
        };
        let traces = self.database.left.iter().filter(|((id, unit), _)| saw(id, unit));
        let states = traces.map(|((id, unit), rv)| left(*id, unit.clone(), *rv)).collect();
        if self.bug == Some(Bug::MoveUntold) { Vec::new() } else { states }
    }

    pub fn pull(
        &mut self,
        account: &str,
        device: DeviceId,
        cursor: Option<&str>,
        tally: bool,
    ) -> PullResponse {
        let feed = |server: &Self| Feed {
            epoch: server.epoch,
            scope_rev: server.scope_rev,
            head: server.database.head,
            key: [9; 32],
        };
        let mut start = feed(self).start(cursor);
        if start.rewound && self.bug != Some(Bug::NoEpochOnRestore) {
            self.epoch += 1;
            start = feed(self).start(cursor);
        }
        let mut records = self.visible(account);
        let mut seen = Tally::default();
        seen.extend(records.iter().map(|state| state.rv));
        if !start.reset {
            records.extend(self.left(account));
            records.sort_by_key(|state| state.rv);
        }
        records.retain(|state| state.rv > start.after);
        let more = records.len() > PAGE && self.bug != Some(Bug::HeadAdopted);
        records.truncate(PAGE);
        let last_of_more = records.last().filter(|_| more).map(|last| last.rv);
        let end = feed(self).end(start, last_of_more);
        let about = About {
            acked: self.database.acked.get(&device).copied().unwrap_or_default(),
            safe: self.safe(device),
            units: self.scopes[account].iter().cloned().collect(),
            pack: Hash([1; 32]),
            server_ms: 0,
            settled: self.settled(device, start.after, end),
            names: BTreeMap::new(),
            tally: (tally && self.bug != Some(Bug::LossUnnoticed)).then_some(seen),
            waiting: self.at_desk(account, device, start.after, end),
        };
        let mut page = feed(self).page(start, records, last_of_more, about);
        if start.reset && self.bug == Some(Bug::ResetForNothing) {
            page.cursor = cursor.map_or(page.cursor, str::to_owned);
        }
        page
    }

    pub fn operations(&self) -> impl Iterator<Item = (Operation, &Kept)> {
        self.database
            .log
            .values()
            .filter_map(|(bytes, kept)| Some((codec::decode::<Operation>(bytes).ok()?, kept)))
    }
}
