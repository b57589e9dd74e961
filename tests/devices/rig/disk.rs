//! What a phone keeps when it is killed: bytes, as the app's own stores hold them. A method is a transaction.

use std::collections::{BTreeMap, BTreeSet};

use sync::{
    blob,
    bundle::{Contents, FileHead, Item, MAX_CHUNK_BYTES, runs},
    codec,
    desk::{self, Waits},
    device::{
        DeviceState, Former, Outbox, Page, Rekeyed, Waiting, WaitingBlob, rekey, rekey_patch,
        take_item, take_over,
    },
    draft::OpenPatch,
    push::MAX_REQUEST_BYTES,
    view::{Base, Held, handed_over},
    wire::{
        Action, DeviceId, Dot, Hash, Operation, Outcome, RecordId, RecordState, SealedOperation,
        Tally, Verdict,
    },
};

use super::unsealed::unsealed;

/// An operation in the outbox: its bytes never change.
#[derive(Clone, Debug)]
pub struct Sealed {
    pub bytes: Vec<u8>,
    pub record: RecordId,
    pub verdict: Option<Verdict>,
}

impl Sealed {
    pub fn operation(&self) -> Operation {
        codec::decode(&self.bytes).expect("what was sealed can be read")
    }
}

/// A file that the person added.
#[derive(Clone, Debug)]
pub struct StoredFile {
    pub bytes: Vec<u8>,
    pub sent: bool,
    /// How many operations were sealed when the server said that it holds it.
    pub sent_after: u64,
}

/// The stores.
#[derive(Clone, Debug)]
pub struct Disk {
    state: Vec<u8>,
    sealed: u64,
    pub outbox: BTreeMap<u64, Sealed>,
    open: BTreeMap<RecordId, Vec<u8>>,
    base: BTreeMap<RecordId, Vec<u8>>,
    pub files: BTreeMap<Hash, StoredFile>,
    /// What a rescue file brought and the machine has not taken over.
    rescued: Vec<Former>,
    waits: Vec<u8>,
}

fn read<T: for<'b> minicbor::Decode<'b, ()>>(bytes: &[u8]) -> T {
    codec::decode(bytes).expect("what was stored can be read")
}

impl Disk {
    pub fn new(device: DeviceId) -> Self {
        Self {
            state: codec::encode(&DeviceState::new(device)),
            sealed: 0,
            outbox: BTreeMap::new(),
            open: BTreeMap::new(),
            base: BTreeMap::new(),
            files: BTreeMap::new(),
            rescued: Vec::new(),
            waits: codec::encode(&Vec::<Waits>::new()),
        }
    }

    pub fn state(&self) -> DeviceState {
        read(&self.state)
    }

    /// The records that pulls brought, counted.
    pub fn tally(&self) -> Tally {
        let mut tally = Tally::default();
        self.base.values().for_each(|row| tally.add_stored(row));
        tally
    }

    pub fn base(&self, record: RecordId) -> Option<Base> {
        self.base.get(&record).map(|bytes| read(bytes))
    }

    pub fn open(&self, record: RecordId) -> Option<OpenPatch> {
        self.open.get(&record).map(|bytes| read(bytes))
    }

    pub fn put_open(&mut self, patch: &OpenPatch) {
        self.open.insert(patch.record, codec::encode(patch));
    }

    /// What waits at the repair desk and another device sent, or this one under another id.
    pub fn waits(&self) -> Vec<Held> {
        let waits = read::<Vec<Waits>>(&self.waits);
        waits.iter().filter_map(Waits::held).collect()
    }

    pub fn held(&self, record: RecordId) -> Vec<Held> {
        let mut held = self.waits();
        held.retain(|held| held.operation.record == record);
        let sealed = self.outbox.values().filter(|sealed| sealed.record == record);
        held.extend(
            sealed.map(|sealed| Held {
                operation: sealed.operation(),
                verdict: sealed.verdict.clone(),
            }),
        );
        held
    }

    /// Every record that this phone holds anything of.
    pub fn records(&self) -> BTreeSet<RecordId> {
        let sealed = self.outbox.values().map(|sealed| sealed.record);
        let sealed = sealed.chain(self.waits().into_iter().map(|held| held.operation.record));
        self.base.keys().chain(self.open.keys()).copied().chain(sealed).collect()
    }

    /// What is not yet known to be on the server's disk.
    pub fn waiting(&self) -> Waiting {
        let unsent =
            || self.outbox.range(self.state().acked + 1..).map(|(_, sealed)| sealed.record);
        let records: BTreeSet<RecordId> = unsent().chain(self.open.keys().copied()).collect();
        let state = self.state();
        let former = state.former().iter().chain(&self.rescued).map(Former::unsent).sum::<usize>();
        Waiting {
            operations: (unsent().count() + self.open.len() + former) as u64,
            records: records.len() as u64,
            blobs: self.files.values().filter(|file| !file.sent).count() as u64,
        }
    }

    /// How many operations were ever sealed.
    pub fn sealed(&self) -> u64 {
        self.sealed
    }

    /// The open patch becomes an operation.
    pub fn seal(&mut self, record: RecordId, action: Option<Action>, wall_ms: i64) {
        let Some(patch) = self.open(record) else { return };
        self.open.remove(&record);
        if patch.is_empty() && action.is_none() {
            return;
        }
        self.sealed += 1;
        let action = action.unwrap_or_else(|| patch.quiet_action());
        let state = self.state();
        let dot = Dot { device: state.device, seq: self.sealed };
        self.insert(&patch.seal(dot, state.times(wall_ms), action));
    }

    fn insert(&mut self, operation: &Operation) {
        let bytes = codec::encode(operation);
        let sealed = Sealed { bytes, record: operation.record, verdict: None };
        self.outbox.insert(operation.dot.seq, sealed);
    }

    pub fn seal_and_load(
        &mut self,
        after: u64,
        max_operations: usize,
        max_bytes: usize,
        wall_ms: i64,
    ) -> Outbox {
        for record in self.open.keys().copied().collect::<Vec<_>>() {
            self.seal(record, None, wall_ms);
        }
        let mut room = max_bytes.min(MAX_REQUEST_BYTES);
        let mut operations: Vec<SealedOperation> = Vec::new();
        let mut above = self.outbox.range(after + 1..).peekable();
        while let Some((seq, sealed)) = above.peek() {
            let fits = operations.len() < max_operations && sealed.bytes.len() <= room;
            if !fits && !operations.is_empty() {
                break;
            }
            room = room.saturating_sub(sealed.bytes.len());
            operations.push(SealedOperation { seq: **seq, bytes: sealed.bytes.clone() });
            above.next();
        }
        let more = above.next().is_some();
        Outbox { operations, more, last: self.sealed, waiting: self.waiting() }
    }

    pub fn mark_acked(
        &mut self,
        state: &DeviceState,
        verdicts: Vec<Verdict>,
        missing: &[Hash],
        restored: bool,
    ) {
        self.note(verdicts);
        for (hash, file) in &mut self.files {
            file.sent &= !restored && !missing.contains(hash);
        }
        self.state = codec::encode(state);
    }

    fn note(&mut self, verdicts: Vec<Verdict>) {
        for verdict in verdicts {
            if let Some(sealed) = self.outbox.get_mut(&verdict.seq) {
                sealed.verdict = Some(verdict);
            }
        }
    }

    pub fn commit_pull(&mut self, state: &DeviceState, page: Page) {
        self.waits = codec::encode(&desk::taken(read(&self.waits), &page));
        let Page { generation, included, records, complete, settled, .. } = page;
        self.note(settled);
        for state in records.to_states() {
            if state.left {
                self.base.remove(&state.record);
            } else {
                let base = Base { state, included, generation };
                self.base.insert(base.state.record, codec::encode(&base));
            }
        }
        if complete {
            self.base.retain(|_, base| read::<Base>(base).generation >= generation);
        }
        self.state = codec::encode(state);
    }

    pub fn know(&mut self, state: RecordState) {
        let base = Base { state, included: 0, generation: 0 };
        self.base.insert(base.state.record, codec::encode(&base));
    }

    pub fn forget_safe(&mut self, upto: u64) {
        let is_kept = |sealed: &Sealed| {
            let verdict = sealed.verdict.as_ref();
            verdict.is_some_and(|verdict| verdict.outcome == Outcome::Quarantined)
                || self.open.contains_key(&sealed.record)
        };
        self.outbox.retain(|seq, sealed| *seq > upto || is_kept(sealed));
    }

    pub fn unsent_files(&self) -> Vec<WaitingBlob> {
        let unsent = self.files.iter().filter(|(_, file)| !file.sent);
        let waiting = |(hash, file): (&Hash, &StoredFile)| WaitingBlob {
            hash: *hash,
            size: file.bytes.len() as u64,
        };
        unsent.map(waiting).collect()
    }

    pub fn chunk(&self, hash: Hash, chunk: u64) -> Option<Vec<u8>> {
        let bytes = &self.files.get(&hash)?.bytes;
        let range = blob::chunk_range(bytes.len() as u64, chunk)?;
        let place = |at| usize::try_from(at).expect("a file in memory");
        bytes.get(place(range.start)..place(range.end)).map(<[u8]>::to_vec)
    }

    pub fn mark_file_sent(&mut self, hash: Hash) {
        if let Some(file) = self.files.get_mut(&hash) {
            (file.sent, file.sent_after) = (true, self.sealed);
        }
    }

    /// What a bundle of this phone holds, once all is sealed.
    pub fn items(&mut self, account: &str, wall_ms: i64) -> Vec<Item> {
        for record in self.open.keys().copied().collect::<Vec<_>>() {
            self.seal(record, None, wall_ms);
        }
        self.carried(account, |file| !file.sent)
    }

    /// All that is in no backup, with such files.
    fn carried(&self, account: &str, is_taken: impl Fn(&StoredFile) -> bool) -> Vec<Item> {
        let state = self.state();
        let device_name = "Điện thoại thử".to_owned();
        let mut items = vec![Item::Contents(Contents { account: account.to_owned(), device_name })];
        let sealed = self.outbox.range(state.acked.min(state.safe) + 1..);
        let sealed =
            sealed.map(|(seq, sealed)| SealedOperation { seq: *seq, bytes: sealed.bytes.clone() });
        items.extend(runs(state.device, sealed));
        for former in state.former() {
            items.extend(runs(former.device, former.operations.clone()));
        }
        for (hash, file) in self.files.iter().filter(|(_, file)| is_taken(file)) {
            let (size, media_type) = (file.bytes.len() as u64, "image/jpeg".to_owned());
            items.push(Item::File(FileHead { hash: *hash, size, media_type }));
            let chunks = file.bytes.chunks(MAX_CHUNK_BYTES);
            items.extend(chunks.map(|bytes| Item::Chunk(bytes.to_vec())));
        }
        items
    }

    /// A new phone's disk that goes on from a rescue file of this one.
    pub fn rescued(&self, fresh: DeviceId) -> Self {
        let state = self.state();
        let safe = state.acked.min(state.safe);
        let is_in_backup = |file: &StoredFile| file.sent && file.sent_after < safe;
        let mut new = Self::new(fresh);
        let mut last = None;
        for item in unsealed(&self.carried("", |file| !is_in_backup(file))) {
            match take_item(&mut new.rescued, item) {
                Some(Item::File(head)) => {
                    let file = StoredFile { bytes: Vec::new(), sent: false, sent_after: 0 };
                    new.files.insert(head.hash, file);
                    last = Some(head.hash);
                }
                Some(Item::Chunk(bytes)) => {
                    let file = last.and_then(|hash| new.files.get_mut(&hash));
                    file.expect("a file was begun").bytes.extend(bytes);
                }
                _ => {}
            }
        }
        for record in self.records() {
            let held = self.held(record);
            let base = handed_over(&state, self.base(record).as_ref(), &held);
            if let Some(state) = base {
                new.know(state);
            }
        }
        new.open = self.open.clone();
        new
    }

    pub fn take_over(&mut self) -> DeviceState {
        let state = take_over(&self.state(), std::mem::take(&mut self.rescued));
        self.state = codec::encode(&state);
        state
    }

    pub fn rekey(&mut self, above: Dot, fresh: DeviceId) -> DeviceState {
        let outbox = std::mem::take(&mut self.outbox).into_iter();
        let outbox = outbox.map(|(seq, sealed)| SealedOperation { seq, bytes: sealed.bytes });
        let Rekeyed { state, old, operations } =
            rekey(&self.state(), above, outbox.collect(), fresh).expect("our own operations");
        operations.iter().for_each(|operation| self.insert(operation));
        self.sealed = operations.len() as u64;
        for open in self.open.values_mut() {
            *open = codec::encode(&rekey_patch(read(open), &old, fresh));
        }
        self.state = codec::encode(&state);
        state
    }
}
