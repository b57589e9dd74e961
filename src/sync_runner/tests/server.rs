//! A server in memory, which decides as the real one does.

use std::collections::{BTreeMap, BTreeSet};

use sync::{
    codec,
    merge::{Record, Stamp},
    pull::{About, Feed},
    push::{Batch, Directory, Kept, Known, Place, Sender},
    rights::Role,
    wire::{
        Action, DeviceId, Dot, FormRef, Hash, Operation, PullResponse, PushRequest, RecordId,
        RecordState, SealedOperation, Tally, Times, Value, Write, field,
    },
};

/// Another person's device.
const OTHER: DeviceId = DeviceId([0xee; 16]);
/// The only account, and the only unit.
pub const ACCOUNT: &str = "an";
pub const UNIT: &str = "phuong_a";
const EPOCH: u64 = 1;
/// Records on a page.
const PAGE: usize = 2;

/// Everybody may do everything.
struct Everything;

impl Directory for Everything {
    fn knows_form(&self, _: &FormRef) -> bool {
        true
    }

    fn knows_unit(&self, _: &str) -> bool {
        true
    }

    fn role(&self, _: &str, _: &str, _: &str) -> Option<Role> {
        Some(Role::Coordinator)
    }

    fn hides(&self, _: &str, _: &str, _: &str) -> bool {
        false
    }
}

#[derive(Clone, Default)]
struct Log {
    acked: u64,
    kept: BTreeMap<u64, Kept>,
}

#[derive(Clone, Default)]
struct Disk {
    head: u64,
    logs: BTreeMap<DeviceId, Log>,
    operations: Vec<Operation>,
    records: BTreeMap<RecordId, (u64, Record)>,
    files: BTreeSet<Hash>,
}

pub struct Server {
    pack: Hash,
    disk: Disk,
    backup: Disk,
}

impl Server {
    pub fn new(pack: Hash) -> Self {
        Self { pack, disk: Disk::default(), backup: Disk::default() }
    }

    pub fn back_up(&mut self) {
        self.backup = self.disk.clone();
    }

    fn safe(&self, device: DeviceId) -> u64 {
        self.backup.logs.get(&device).map_or(0, |log| log.acked)
    }

    pub fn push(&mut self, request: PushRequest) -> Vec<u8> {
        let (device, batch) = (request.device, Batch::read(request));
        let log = self.disk.logs.entry(device).or_default();
        let record = |id| Some((id, self.disk.records.get(&id)?.1.clone()));
        let known = Known {
            acked: log.acked,
            kept: log.kept.clone(),
            records: batch.records().into_iter().filter_map(record).collect(),
            ..Known::default()
        };
        let decided =
            batch.decide(known, &Sender { account: ACCOUNT, revoked: false }, &Everything);
        log.acked = decided.acked;
        let mut named = BTreeSet::new();
        for decision in &decided.decisions {
            let Some(operation) = &decision.operation else { continue };
            named.extend(operation.fields.values().filter_map(|write| match &write.value {
                Value::File(file) => Some(file.hash),
                Value::Empty | Value::Text(_) => None,
            }));
            if decision.place == Place::Log {
                let kept = Kept { hash: decision.hash, verdict: decision.verdict.clone() };
                log.kept.insert(decision.seq, kept);
                self.disk.operations.push(operation.clone());
            }
        }
        for (id, record) in &decided.changed {
            self.disk.head += 1;
            self.disk.records.insert(*id, (self.disk.head, record.clone()));
        }
        let missing = named.difference(&self.disk.files).copied().collect();
        codec::encode(&decided.response(EPOCH, self.safe(device), 5, missing))
    }

    pub fn pull(&self, device: DeviceId, cursor: Option<&str>) -> PullResponse {
        let feed = Feed { epoch: EPOCH, scope_rev: 1, head: self.disk.head, key: [7; 32] };
        let start = feed.start(cursor);
        let mut records: Vec<RecordState> =
            self.states().filter(|record| record.rv > start.after).collect();
        records.sort_by_key(|record| record.rv);
        let more = records.len() > PAGE;
        records.truncate(PAGE);
        let last_of_more = records.last().filter(|_| more).map(|last| last.rv);
        let about = About {
            acked: self.disk.logs.get(&device).map_or(0, |log| log.acked),
            safe: self.safe(device),
            units: vec![UNIT.to_owned()],
            pack: self.pack,
            server_ms: 5,
            settled: Vec::new(),
            names: BTreeMap::new(),
            tally: Some(self.tally()),
            waiting: Vec::new(),
        };
        feed.page(start, records, last_of_more, about)
    }

    fn states(&self) -> impl Iterator<Item = RecordState> {
        let records = self.disk.records.values();
        records.map(|(rv, record)| record.state(Stamp { received_ms: 1, changed_ms: 1, rv: *rv }))
    }

    fn tally(&self) -> Tally {
        let mut tally = Tally::default();
        tally.extend(self.disk.records.values().map(|(rv, _)| *rv));
        tally
    }

    pub fn record(&self, id: RecordId) -> Option<RecordState> {
        self.states().find(|record| record.record == id)
    }

    pub fn take_file(&mut self, hash: Hash) {
        self.disk.files.insert(hash);
    }

    pub fn holds_file(&self, hash: Hash) -> bool {
        self.disk.files.contains(&hash)
    }

    /// What this person's devices did.
    pub fn own(&self) -> impl Iterator<Item = &Operation> {
        self.disk.operations.iter().filter(|operation| operation.dot.device != OTHER)
    }

    /// Somebody else answers a question of a record as it stands.
    pub fn somebody_writes(&mut self, id: RecordId, path: &str, text: String) {
        let Some(state) = self.record(id) else { return };
        let over = |path: &str| {
            let standing = state.fields.get(path).into_iter().flatten();
            standing.map(|sibling| sibling.dot).collect()
        };
        let write = |value, path| Write { value, over: over(path) };
        let fields = BTreeMap::from([
            (path.to_owned(), write(Value::Text(text), path)),
            (field::DELETED.to_owned(), write(Value::Empty, field::DELETED)),
        ]);
        let (form, unit) = (state.form.clone(), state.unit.clone());
        self.write(
            OTHER,
            &Operation {
                dot: Dot { device: OTHER, seq: self.next(OTHER) },
                record: id,
                form,
                unit,
                action: Action::Edit,
                fields,
                at: Times::default(),
                author: ACCOUNT.to_owned(),
            },
        );
    }

    /// A copy of the phone has sent something under its name.
    pub fn copy_writes(&mut self, device: DeviceId, record: RecordId, form: FormRef) {
        let state = Write { value: Value::Text("draft".to_owned()), over: Vec::new() };
        self.write(
            device,
            &Operation {
                dot: Dot { device, seq: self.next(device) },
                record,
                form,
                unit: UNIT.to_owned(),
                action: Action::Create,
                fields: BTreeMap::from([(field::STATE.to_owned(), state)]),
                at: Times::default(),
                author: ACCOUNT.to_owned(),
            },
        );
    }

    fn next(&self, device: DeviceId) -> u64 {
        self.disk.logs.get(&device).map_or(0, |log| log.acked) + 1
    }

    fn write(&mut self, device: DeviceId, operation: &Operation) {
        let operations =
            vec![SealedOperation { seq: operation.dot.seq, bytes: codec::encode(operation) }];
        let (version, epoch) = (sync::wire::WIRE_VERSION, Some(EPOCH));
        self.push(PushRequest { version, device, epoch, operations, oldest: None, unsent: None });
    }
}
