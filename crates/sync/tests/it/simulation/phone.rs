//! A phone as a model: the product's state machine, over a disk in memory that survives a kill.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use sync::{
    bundle::{Contents, Item, runs},
    codec,
    desk::{self, Waits},
    device::{
        Device, DeviceState, Effect, Event, Former, Outbox, Page, Rekeyed, SyncStatus, Waiting,
        WaitingBlob, rekey, rekey_patch, take_item, take_over,
    },
    draft::{OpenPatch, Screen},
    view::{Base, Held, RecordView, handed_over, view},
    wire::{
        Action, DeviceId, Dot, Hash, Operation, Outcome, RecordId, SealedOperation, Tally, Value,
        Verdict, field,
    },
};

use super::Bug;
use crate::unsealed::unsealed;

#[derive(Clone)]
pub struct Sealed {
    pub bytes: Vec<u8>,
    pub held: Held,
}

impl Sealed {
    pub fn outcome(&self) -> Option<Outcome> {
        self.held.verdict.as_ref().map(|verdict| verdict.outcome)
    }
}

/// What survives a kill.
#[derive(Clone)]
pub struct Disk {
    pub state: DeviceState,
    pub sealed: u64,
    pub outbox: BTreeMap<u64, Sealed>,
    pub open: BTreeMap<RecordId, OpenPatch>,
    pub base: BTreeMap<RecordId, Base>,
    pub blobs: BTreeMap<Hash, (u64, bool)>,
    /// What a rescue file brought and the machine has not taken over.
    pub rescued: Vec<Former>,
    /// What the repair desk has and another id of the person's sent.
    pub waits: Vec<Waits>,
}

pub struct Phone {
    pub account: String,
    /// The id under which it signed in last.
    pub session: DeviceId,
    pub disk: Disk,
    pub machine: Device,
    pub effects: VecDeque<Effect>,
    /// Raised by a kill: answers to requests of an earlier life never arrive.
    pub life: u64,
    pub timer: bool,
    pub skew_ms: i64,
    pub form: Option<(RecordId, Screen)>,
    pub status: Option<SyncStatus>,
    /// What the person typed and no operation holds yet.
    pub typed: BTreeMap<(RecordId, String), Value>,
    /// A page that one of the planted bugs stores after its cursor.
    late_page: Option<Page>,
    /// Files that another of them names and has not stored.
    late_files: BTreeMap<Hash, (u64, bool)>,
    /// What another of them does not send again.
    pub errors: BTreeSet<u64>,
    /// The cursor of the last page that was stored: where reading must go on.
    pub read: Option<String>,
    bug: Option<Bug>,
}

impl Phone {
    pub fn new(device: DeviceId, account: &str, skew_ms: i64, bug: Option<Bug>) -> Self {
        let disk = Disk {
            state: DeviceState::new(device),
            sealed: 0,
            outbox: BTreeMap::new(),
            open: BTreeMap::new(),
            base: BTreeMap::new(),
            blobs: BTreeMap::new(),
            rescued: Vec::new(),
            waits: Vec::new(),
        };
        Self {
            account: account.to_owned(),
            session: device,
            machine: Device::new(disk.state.clone()),
            disk,
            effects: VecDeque::new(),
            life: 0,
            timer: false,
            skew_ms,
            form: None,
            status: None,
            typed: BTreeMap::new(),
            late_page: None,
            late_files: BTreeMap::new(),
            errors: BTreeSet::new(),
            read: None,
            bug,
        }
    }

    /// Another browser profile with a copy of this one's disk.
    pub fn copy(&self) -> Self {
        let mut copy = Self::new(self.disk.state.device, &self.account, self.skew_ms, self.bug);
        copy.disk = self.disk.clone();
        copy.typed = self.typed.clone();
        copy.read = self.read.clone();
        copy.session = self.session;
        copy.kill();
        copy
    }

    pub fn kill(&mut self) {
        self.machine = Device::new(self.disk.state.clone());
        self.effects.clear();
        self.late_page = None;
        self.late_files.clear();
        match self.bug {
            Some(Bug::CountedApart) => self.disk.sealed = self.disk.state.acked,
            Some(Bug::SavedBeforeCommit) if self.disk.sealed > self.disk.state.acked => {
                self.disk.outbox.remove(&self.disk.sealed);
                self.disk.sealed -= 1;
            }
            Some(Bug::DraftLostAtStart) => self.disk.open.clear(),
            _ => {}
        }
        self.life += 1;
        self.timer = false;
        self.form = None;
        if !self.disk.rescued.is_empty() {
            self.handle(Event::Rescued, 0); // as whoever starts the machine does
        }
    }

    /// What its owner carries away from it, to go on from on another phone.
    pub fn rescue(&self) -> Disk {
        let mut rescued = self.disk.clone();
        let (acked, safe) = (self.disk.state.acked, self.disk.state.safe);
        let operations = self.disk.outbox.range(acked.min(safe) + 1..);
        let operations = operations
            .map(|(seq, sealed)| SealedOperation { seq: *seq, bytes: sealed.bytes.clone() });
        let device = self.disk.state.device;
        let contents = Contents { account: self.account.clone(), device_name: String::new() };
        let mut items = vec![Item::Contents(contents)];
        items.extend(runs(device, operations));
        for former in self.disk.state.former().iter().chain(&self.disk.rescued) {
            items.extend(runs(former.device, former.operations.clone()));
        }
        rescued.rescued.clear();
        for item in unsealed(&items) {
            take_item(&mut rescued.rescued, item);
        }
        rescued.base.clear();
        for record in self.known_records() {
            let outbox = self.disk.outbox.values();
            let outbox = outbox.filter(|sealed| sealed.held.operation.record == record);
            let outbox: Vec<Held> = outbox.map(|sealed| sealed.held.clone()).collect();
            let state = handed_over(&self.disk.state, self.disk.base.get(&record), &outbox);
            if let Some(state) = state.filter(|_| !outbox.is_empty()) {
                rescued.base.insert(record, Base { state, included: 0, generation: 0 });
            }
        }
        rescued
    }

    /// A new phone that goes on from there.
    pub fn gone_on_with(&self, rescued: Disk, device: DeviceId) -> Self {
        let mut phone = Self::new(device, &self.account, self.skew_ms, self.bug);
        let Disk { rescued, base, open, blobs, .. } = rescued;
        phone.disk = Disk { rescued, base, open, blobs, ..phone.disk };
        phone.typed = self.typed.clone();
        phone.life = self.life;
        phone.kill();
        phone
    }

    /// Stores a photo, before anything names it.
    pub fn keep(&mut self, file: Hash, size: u64) {
        let is_late = self.bug == Some(Bug::FileNamedBeforeStored);
        let files = if is_late { &mut self.late_files } else { &mut self.disk.blobs };
        files.insert(file, (size, false));
    }

    pub fn handle(&mut self, event: Event, random: u64) {
        if matches!(event, Event::SignedIn) {
            self.session = self.disk.state.device;
        }
        let effects = self.machine.handle(event, self.skew_ms, random);
        for effect in effects {
            match effect {
                Effect::ScheduleRetry { .. } => self.timer = true,
                Effect::ReportStatus(status) => self.status = Some(status),
                Effect::AskSignIn | Effect::AbortPull => {}
                effect => self.effects.push_back(effect),
            }
        }
    }

    pub fn view(&self, record: RecordId) -> Option<RecordView> {
        let outbox = self.held(record);
        let mut state = self.disk.state.clone();
        let mut base = self.disk.base.get(&record).cloned();
        if self.bug == Some(Bug::ReoverlayAcked) {
            state.included = 0;
            if let Some(base) = &mut base {
                base.included = 0;
            }
        }
        view(&state, base.as_ref(), &outbox, self.disk.open.get(&record))
    }

    /// What waits at the repair desk, and the outbox.
    fn all_held(&self) -> impl Iterator<Item = Held> {
        let waits = self.disk.waits.iter().filter_map(Waits::held);
        waits.chain(self.disk.outbox.values().map(|sealed| sealed.held.clone()))
    }

    /// What of it is of that record.
    pub fn held(&self, record: RecordId) -> Vec<Held> {
        self.all_held().filter(|held| held.operation.record == record).collect()
    }

    pub fn known_records(&self) -> Vec<RecordId> {
        let outbox = self.all_held().map(|held| held.operation.record);
        let records: BTreeSet<RecordId> =
            self.disk.base.keys().chain(self.disk.open.keys()).copied().chain(outbox).collect();
        records.into_iter().collect()
    }

    /// Seals one patch; returns the operation.
    pub fn seal(&mut self, record: RecordId, action: Option<Action>) -> Option<Operation> {
        let patch = self.disk.open.remove(&record)?;
        if patch.is_empty() && action.is_none() {
            return None;
        }
        let action = action.unwrap_or_else(|| patch.quiet_action());
        self.disk.sealed += 1;
        let dot = Dot { device: self.disk.state.device, seq: self.disk.sealed };
        let operation = patch.seal(dot, self.disk.state.times(self.skew_ms), action);
        let held = Held { operation: operation.clone(), verdict: None };
        self.disk.outbox.insert(dot.seq, Sealed { bytes: codec::encode(&operation), held });
        if let Some((open, screen)) = &mut self.form
            && *open == record
        {
            screen.sealed(&operation);
        }
        self.check_typed(&operation);
        Some(operation)
    }

    /// What was typed is what is sealed.
    fn check_typed(&mut self, operation: &Operation) {
        self.typed.retain(|(record, path), value| {
            if *record != operation.record {
                return true;
            }
            let overruled = operation.action == Action::Submit && path == field::STATE;
            assert!(overruled || operation.fields[path].value == *value, "{path} was typed");
            false
        });
    }

    pub fn waiting(&self) -> Waiting {
        let unsent: Vec<&Sealed> =
            self.disk.outbox.range(self.disk.state.acked + 1..).map(|(_, sealed)| sealed).collect();
        let records: BTreeSet<RecordId> =
            unsent.iter().map(|sealed| sealed.held.operation.record).collect();
        let former = self.disk.state.former().iter().chain(&self.disk.rescued);
        let former: usize = former.map(Former::unsent).sum();
        Waiting {
            operations: (unsent.len() + former) as u64,
            records: records.len() as u64,
            blobs: self.disk.blobs.values().filter(|(_, sent)| !sent).count() as u64,
        }
    }

    /// Carries out an effect that needs no network. Returns the operations it sealed, and those it renamed.
    pub fn carry_out(&mut self, effect: Effect, fresh: DeviceId, random: u64) -> Sealing {
        let mut sealing = Sealing::default();
        match effect {
            Effect::SealAndLoadOutbox { after, max_operations, .. } => {
                let open: Vec<RecordId> = self.disk.open.keys().copied().collect();
                sealing.sealed = open.into_iter().filter_map(|id| self.seal(id, None)).collect();
                let mut above = self.disk.outbox.range(after + 1..);
                // Pages of few operations, so that batches are many.
                let operations: Vec<SealedOperation> = above
                    .by_ref()
                    .filter(|(seq, _)| !self.errors.contains(seq))
                    .take(max_operations.min(4))
                    .map(|(seq, sealed)| SealedOperation { seq: *seq, bytes: sealed.bytes.clone() })
                    .collect();
                let more = above.next().is_some();
                let outbox =
                    Outbox { operations, more, last: self.disk.sealed, waiting: self.waiting() };
                self.handle(Event::Loaded(outbox), random);
            }
            Effect::MarkAcked { state, verdicts, missing_blobs, restored } => {
                self.note_verdicts(&verdicts);
                for (hash, (_, sent)) in &mut self.disk.blobs {
                    *sent &= !restored && !missing_blobs.contains(hash);
                }
                match self.bug {
                    Some(Bug::OutboxDroppedAtAck) => {
                        self.disk.outbox.retain(|seq, _| *seq > state.acked);
                    }
                    Some(Bug::RolledBackOnRejection) => {
                        let is_kept = |s: &Sealed| s.outcome() != Some(Outcome::Quarantined);
                        self.disk.outbox.retain(|_, sealed| is_kept(sealed));
                    }
                    _ => {}
                }
                sealing.freed = self.freed_of_former(&state);
                // What is missing is read from the start.
                self.read = self.read.take().filter(|_| state.cursor.is_some());
                self.disk.state = state;
                self.handle(Event::Stored(self.waiting()), random);
            }
            Effect::CommitPull { state, page } => {
                self.disk.state = state;
                if self.bug == Some(Bug::CursorBeforePage) && self.late_page.is_none() {
                    self.late_page = Some(page.clone());
                    let state = self.disk.state.clone();
                    self.effects.push_front(Effect::CommitPull { state, page });
                    return sealing;
                }
                self.late_page = None;
                self.read = self.disk.state.cursor.clone();
                self.store(page);
                self.handle(Event::Stored(self.waiting()), random);
            }
            Effect::Count => {
                let mut held = Tally::default();
                let rows = self.disk.base.values();
                rows.for_each(|base| held.add_stored(&codec::encode(base)));
                self.handle(Event::Counted(held), random);
            }
            Effect::ForgetSafe { upto } => {
                let is_kept = |sealed: &Sealed| {
                    sealed.outcome() == Some(Outcome::Quarantined)
                        || self.disk.open.contains_key(&sealed.held.operation.record)
                };
                let (kept, freed) = std::mem::take(&mut self.disk.outbox)
                    .into_iter()
                    .partition(|(seq, sealed)| *seq > upto || is_kept(sealed));
                self.disk.outbox = kept;
                sealing.freed = freed;
            }
            Effect::LoadBlobs => {
                let blobs = self.disk.blobs.iter().filter(|(_, (_, sent))| !sent);
                let blobs = blobs.map(|(hash, (size, _))| WaitingBlob { hash: *hash, size: *size });
                let blobs = blobs.collect();
                self.disk.blobs.append(&mut self.late_files);
                self.handle(Event::BlobsWaiting(blobs), random);
            }
            Effect::MarkBlobSent { hash } => {
                if let Some((_, sent)) = self.disk.blobs.get_mut(&hash) {
                    *sent = true;
                }
                self.handle(Event::Stored(self.waiting()), random);
            }
            Effect::Rekey { above } => {
                let outbox = std::mem::take(&mut self.disk.outbox)
                    .into_iter()
                    .map(|(seq, sealed)| SealedOperation { seq, bytes: sealed.bytes });
                let Rekeyed { state, old, operations } =
                    rekey(&self.disk.state, above, outbox.collect(), fresh).expect("our own");
                for operation in &operations {
                    let held = Held { operation: operation.clone(), verdict: None };
                    let bytes = codec::encode(operation);
                    self.disk.outbox.insert(operation.dot.seq, Sealed { bytes, held });
                }
                self.disk.sealed = operations.len() as u64;
                let open = std::mem::take(&mut self.disk.open);
                let open =
                    open.into_iter().map(|(id, patch)| (id, rekey_patch(patch, &old, fresh)));
                self.disk.open = open.collect();
                self.disk.state = state;
                self.form = None;
                self.read = None;
                sealing.unsealed = old;
                sealing.sealed = operations;
                self.handle(Event::Rekeyed(self.disk.state.clone()), random);
            }
            Effect::TakeOver => {
                let came = std::mem::take(&mut self.disk.rescued);
                self.disk.state = take_over(&self.disk.state, came);
                self.read = None;
                self.handle(Event::TookOver(self.disk.state.clone()), random);
            }
            Effect::ScheduleRetry { .. }
            | Effect::ReportStatus(_)
            | Effect::AskSignIn
            | Effect::AbortPull => unreachable!("done at once"),
            Effect::Push { .. }
            | Effect::Pull { .. }
            | Effect::AskBlob { .. }
            | Effect::SendChunk { .. } => unreachable!("goes by the network"),
        }
        sealing
    }

    /// Operations of ids that the phone had before and is about to forget.
    fn freed_of_former(&self, next: &DeviceState) -> BTreeMap<u64, Sealed> {
        let mut freed = BTreeMap::new();
        for former in self.disk.state.former() {
            let kept = next.former().iter().find(|kept| kept.device == former.device);
            let kept = kept.map_or(&[][..], |kept| &kept.operations);
            for sealed in former.operations.iter().filter(|sealed| !kept.contains(sealed)) {
                let operation = codec::decode(&sealed.bytes).expect("our own");
                let held = Held { operation, verdict: None };
                freed.insert(sealed.seq, Sealed { bytes: sealed.bytes.clone(), held });
            }
        }
        freed
    }

    fn note_verdicts(&mut self, verdicts: &[Verdict]) {
        for verdict in verdicts {
            if let Some(sealed) = self.disk.outbox.get_mut(&verdict.seq) {
                sealed.held.verdict = Some(verdict.clone());
            }
        }
    }

    fn store(&mut self, page: Page) {
        self.disk.waits = desk::taken(std::mem::take(&mut self.disk.waits), &page);
        let Page { generation, included, records, complete, settled, .. } = page;
        self.note_verdicts(&settled);
        for state in records.to_states() {
            if state.left {
                self.disk.base.remove(&state.record);
            } else {
                self.disk.base.insert(state.record, Base { state, included, generation });
            }
        }
        if complete {
            self.disk.base.retain(|_, base| base.generation >= generation);
        }
    }
}

#[derive(Default)]
pub struct Sealing {
    pub sealed: Vec<Operation>,
    pub unsealed: Vec<Operation>,
    pub freed: BTreeMap<u64, Sealed>,
}
