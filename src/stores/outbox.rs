//! Sealing: open patches become operations with the next places in this device's count.
//!
//! The place is given inside the transaction that stores the operation, so the count has no gaps however many tabs
//! seal at once.

use std::collections::{BTreeMap, BTreeSet};

use minicbor::{Decode, Encode};
use sync::{
    codec,
    desk::Waits,
    device::DeviceState,
    draft::{OpenPatch, Screen},
    view::Held,
    wire::{Action, DeviceId, Dot, Operation, RecordId, SealedOperation, State, Value},
};

use crate::platform::{
    clock, random,
    storage::{
        Change, Read, Rows, Storage, StorageError, Store,
        schema::{Key, OutboxRow, meta},
    },
};

/// The names of people by account, out of their row in the store.
pub fn names(stored: &Rows) -> Result<BTreeMap<String, String>, StorageError> {
    Ok(decode_row(stored, "names")?.unwrap_or_default())
}

/// What waits at the repair desk beside the outbox, out of its row in the store.
pub fn waits(stored: &Rows) -> Result<Vec<Waits>, StorageError> {
    Ok(decode_row(stored, "what waits")?.unwrap_or_default())
}

/// What a person does to a record at once.
#[derive(Clone, Debug)]
pub struct Act {
    /// What it is called.
    pub action: Action,
    /// What it writes beside what is open in the record.
    pub values: BTreeMap<String, Value>,
    /// What the person has on screen.
    pub screen: Screen,
    /// The patch that it is sealed in if none is open.
    pub patch: OpenPatch,
    /// The newest operation of this device when `screen` and `patch` were made.
    pub seen: Dot,
}

/// Seals every open patch, quietly: nobody pressed a button. Returns the new operations, oldest first. `state` tells where
/// a record stands: a change to a submitted one is an amendment.
pub async fn seal_all(
    storage: &Storage,
    state: impl Fn(&RecordId) -> Option<State> + 'static,
) -> Result<Vec<Operation>, StorageError> {
    let decide = move |mut sealing: Sealing, open: Rows| {
        for (key, bytes) in open {
            let patch: OpenPatch = decode(&bytes, "open patch")?;
            sealing.changes.push(Change::Delete(Store::Open, key));
            if !patch.is_empty() {
                let action = quiet_action(&patch, state(&patch.record));
                sealing.seal(patch, action);
            }
        }
        Ok(sealing.end())
    };
    update(storage, Read::All(Store::Open), decide).await
}

/// Seals one record's patch with what a person does to it. Whether it was done: it is not if this device sealed something
/// since the act was made, for that may be of this record.
pub async fn seal_act(storage: &Storage, act: Act) -> Result<bool, StorageError> {
    let record = act.patch.record;
    let decide = move |mut sealing: Sealing, open: Rows| {
        if (Dot { device: sealing.device.device, seq: sealing.seq }) != act.seen {
            return Ok((Vec::new(), false));
        }
        let mut patch = act.patch.clone();
        for (key, bytes) in open {
            patch = decode(&bytes, "open patch")?;
            sealing.changes.push(Change::Delete(Store::Open, key));
        }
        for (path, value) in &act.values {
            patch.put(path, value.clone(), &act.screen);
        }
        sealing.seal(patch, act.action);
        Ok((sealing.end().0, true))
    };
    update(storage, Read::Row(Store::Open, record.into()), decide).await
}

/// Patches that become operations in one transaction.
struct Sealing {
    device: DeviceState,
    now_ms: i64,
    seq: u64,
    changes: Vec<Change>,
    sealed: Vec<Operation>,
}

impl Sealing {
    fn seal(&mut self, patch: OpenPatch, action: Action) {
        // A longer operation is applied by no server, and one that no request carries keeps back all behind it.
        patch.in_parts(action, |part, action| self.seal_one(part, action));
    }

    fn seal_one(&mut self, patch: OpenPatch, action: Action) -> Dot {
        self.seq += 1;
        let dot = Dot { device: self.device.device, seq: self.seq };
        let operation = patch.seal(dot, self.device.times(self.now_ms), action);
        let row = codec::encode(&OutboxRow::unsent(&operation));
        self.changes.push(Change::Put(Store::Outbox, Key::Number(self.seq), row));
        self.sealed.push(operation);
        dot
    }

    fn end(mut self) -> (Vec<Change>, Vec<Operation>) {
        if !self.sealed.is_empty() {
            let last = codec::encode(&self.seq);
            self.changes.push(Change::Put(Store::Meta, meta::LAST_SEQ.into(), last));
        }
        (self.changes, self.sealed)
    }
}

async fn update<T: 'static>(
    storage: &Storage,
    open: Read,
    decide: impl Fn(Sealing, Rows) -> Result<(Vec<Change>, T), StorageError> + 'static,
) -> Result<T, StorageError> {
    let reads = vec![
        Read::Row(Store::Meta, meta::DEVICE.into()),
        Read::Row(Store::Meta, meta::LAST_SEQ.into()),
        open,
    ];
    let now_ms = clock::now_ms();
    let decide = move |rows: Vec<Rows>| {
        let [device, last, open] = three(rows);
        let device = decode_row(&device, "device")?.ok_or_else(no_device)?;
        let seq = decode_row(&last, "last place")?.unwrap_or_default();
        decide(Sealing { device, now_ms, seq, changes: Vec::new(), sealed: Vec::new() }, open)
    };
    storage.update(reads, &[Store::Open, Store::Outbox, Store::Meta], decide).await
}

fn quiet_action(patch: &OpenPatch, state: Option<State>) -> Action {
    match (patch.quiet_action(), state) {
        (Action::Edit, Some(State::Submitted | State::Approved)) => Action::Amend,
        (action, _) => action,
    }
}

/// The device's memory; made, with a new id, when this browser profile has none.
pub async fn device(storage: &Storage) -> Result<DeviceState, StorageError> {
    let fresh = DeviceState::new(DeviceId(random::bytes_16()));
    let decide = move |rows: Vec<Rows>| {
        let row = rows.into_iter().next().unwrap_or_default();
        match decode_row(&row, "device")? {
            Some(device) => Ok((Vec::new(), device)),
            None => Ok((vec![put_device(&fresh)], fresh.clone())),
        }
    };
    storage.update(vec![Read::Row(Store::Meta, meta::DEVICE.into())], &[Store::Meta], decide).await
}

/// The change that stores the device's memory.
#[must_use]
pub fn put_device(device: &DeviceState) -> Change {
    Change::Put(Store::Meta, meta::DEVICE.into(), codec::encode(device))
}

/// What waits to be sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unsent {
    /// Sealed operations and open patches.
    pub operations: usize,
    /// The records that they change.
    pub records: BTreeSet<RecordId>,
}

/// A sealed operation, as far as it costs too much to read it whenever it is asked for.
#[derive(Clone, Copy)]
pub struct Brief {
    /// Its place.
    pub seq: u64,
    /// The record that it is of.
    pub record: RecordId,
    /// When it was made, milliseconds since 1970.
    pub made_ms: i64,
    /// Whether its row notes what the server said of it.
    pub is_told: bool,
}

impl Brief {
    fn of(held: &Held) -> Self {
        let Operation { dot, record, at, .. } = &held.operation;
        let is_told = held.verdict.is_some();
        Self { seq: dot.seq, record: *record, made_ms: at.wall_ms, is_told }
    }
}

/// What was read at one moment.
pub struct WithSealed {
    /// The device's memory: what it says of the rows was true then.
    pub device: DeviceState,
    /// Rows of the outbox.
    pub sealed: Rows,
    /// What was asked for beside them.
    pub others: Vec<Rows>,
}

/// The sealed operations by their places: each is read once, for under one name of the device it stays what it is.
#[derive(Clone, Default)]
pub struct Sealed {
    device: Option<DeviceId>,
    /// By their places. What was freed since it was read may stand here too: it is not above the watermark.
    records: Vec<Brief>,
    /// How often all was forgotten.
    edition: u32,
}

impl Sealed {
    /// Of all that the outbox holds.
    pub fn of<'a>(device: DeviceId, held: impl Iterator<Item = &'a Held>) -> Self {
        let mut records: Vec<Brief> = held.map(Brief::of).collect();
        records.sort_unstable_by_key(|brief| brief.seq);
        Self { device: Some(device), records, edition: 0 }
    }

    /// The operations above that place that were read.
    pub fn above(&self, seq: u64) -> impl Iterator<Item = &Brief> {
        let first = self.records.partition_point(|brief| brief.seq <= seq);
        self.records[first..].iter()
    }

    /// The operation in a place, if it is here and was read.
    #[must_use]
    pub fn at(&self, seq: u64) -> Option<Brief> {
        self.place(seq).map(|at| self.records[at])
    }

    fn place(&self, seq: u64) -> Option<usize> {
        self.records.binary_search_by_key(&seq, |brief| brief.seq).ok()
    }

    /// The rows of these operations note now what the server said.
    pub fn note(&mut self, seqs: &[u64]) {
        for seq in seqs {
            if let Some(at) = self.place(*seq) {
                self.records[at].is_told = true;
            }
        }
    }

    /// The watermark has sunk, for the server was restored: what was freed before does not wait now.
    pub fn forget(&mut self) {
        *self = Self { edition: self.edition + 1, ..Self::default() };
    }

    /// All of the outbox was read; what was noted meanwhile stays.
    pub fn renew(&mut self, mut read: Self) {
        read.follow(self);
        *self = Self { edition: self.edition, ..read };
    }

    /// Takes what was read while `self` may have changed: what that noted stays, and what it forgot.
    pub fn keep(&mut self, mut read: Self) {
        if read.edition == self.edition {
            read.follow(self);
            *self = read;
        }
    }

    fn follow(&mut self, noted: &Self) {
        if noted.device != self.device {
            return;
        }
        // An app before this one noted every operation: there may be thousands.
        for brief in &mut self.records {
            brief.is_told |= noted.at(brief.seq).is_some_and(|noted| noted.is_told);
        }
    }

    /// Reads rows, and with them those of the outbox that are of records which are asked for: a phone that was long without
    /// a network has thousands, and each costs its opening.
    pub async fn read(
        &mut self,
        storage: &Storage,
        is_asked: &dyn Fn(RecordId) -> bool,
        reads: Vec<Read>,
    ) -> Result<WithSealed, StorageError> {
        loop {
            let asked = self.records.iter().filter(|brief| is_asked(brief.record));
            let row = |brief: &Brief| Read::Row(Store::Outbox, Key::Number(brief.seq));
            let mut all: Vec<Read> = asked.map(row).collect();
            let sealed = all.len();
            all.extend(reads.iter().cloned());
            all.push(Read::Row(Store::Meta, meta::DEVICE.into()));
            // The count only rises: whatever any tab has sealed since stands behind what is known.
            let next = self.records.last().map_or(0, |brief| brief.seq) + 1;
            all.push(Read::From(Store::Outbox, Key::Number(next), u32::MAX));
            let mut rows = storage.read(all).await?;
            let newer = rows.pop().unwrap_or_default();
            let device: DeviceState =
                decode_row(&rows.pop().unwrap_or_default(), "device")?.ok_or_else(no_device)?;
            if self.device != Some(device.device) {
                (self.device, self.records) = (Some(device.device), Vec::new());
                continue;
            }
            let others = rows.split_off(sealed);
            let mut sealed = rows.concat();
            for (key, row) in newer {
                let brief = Brief::of(&OutboxRow::decode(&row)?.held()?);
                self.records.push(brief);
                if is_asked(brief.record) {
                    sealed.push((key, row));
                }
            }
            return Ok(WithSealed { device, sealed, others });
        }
    }

    /// Counts what the server does not have.
    pub async fn unsent(&mut self, storage: &Storage, acked: u64) -> Result<Unsent, StorageError> {
        let read = self.read(storage, &|_| false, vec![Read::Keys(Store::Open)]).await?;
        let mut unsent = Unsent::default();
        for (key, _) in read.others.into_iter().flatten() {
            let Key::Bytes(id) = key else { continue };
            unsent.operations += 1;
            unsent.records.extend(id.try_into().ok().map(RecordId));
        }
        for brief in self.above(acked) {
            unsent.operations += 1;
            unsent.records.insert(brief.record);
        }
        Ok(unsent)
    }
}

/// Counts open patches, and sealed operations that the server does not have.
pub fn unsent_in(open: &Rows, sealed: &Rows) -> Result<Unsent, StorageError> {
    let mut unsent = Unsent { operations: open.len() + sealed.len(), ..Unsent::default() };
    for (_, bytes) in open {
        unsent.records.insert(decode::<OpenPatch>(bytes, "open patch")?.record);
    }
    for (_, bytes) in sealed {
        unsent.records.insert(OutboxRow::decode(bytes)?.operation()?.record);
    }
    Ok(unsent)
}

/// Sealed operations that follow a place in the outbox.
pub struct Batch {
    /// In the order of their places.
    pub operations: Vec<SealedOperation>,
    /// Whether others follow.
    pub more: bool,
    /// The newest place in the outbox.
    pub last: u64,
}

impl Batch {
    /// As many of them as keep within limits, but at least one.
    #[must_use]
    pub fn within(mut self, max_operations: usize, max_bytes: usize) -> Self {
        let mut size = 0;
        let fits = |operation: &&SealedOperation| {
            size += operation.bytes.len();
            size <= max_bytes
        };
        let fit = self.operations.iter().take(max_operations).take_while(fits).count().max(1);
        self.more |= fit < self.operations.len();
        self.operations.truncate(fit);
        self
    }
}

/// Loads sealed operations after a place, within limits but at least one.
pub async fn load(
    storage: &Storage,
    after: u64,
    max_operations: usize,
    max_bytes: usize,
) -> Result<Batch, StorageError> {
    // Each row costs its opening, and long operations fill a request before there are many of them.
    const AT_ONCE: u32 = 128;
    let (mut operations, mut size): (Vec<SealedOperation>, _) = (Vec::new(), 0);
    let mut from = after + 1;
    loop {
        let reads = vec![
            Read::From(Store::Outbox, Key::Number(from), AT_ONCE),
            Read::Row(Store::Meta, meta::LAST_SEQ.into()),
        ];
        let mut found = storage.read(reads).await?.into_iter();
        let (rows, last) = (found.next().unwrap_or_default(), found.next().unwrap_or_default());
        let last: u64 = decode_row(&last, "last place")?.unwrap_or_default();
        let are_all = rows.len() < AT_ONCE as usize;
        for (key, row) in rows {
            let Key::Number(seq) = key else {
                return Err(StorageError::Unreadable("place in the outbox".to_owned()));
            };
            let bytes = OutboxRow::decode(&row)?.bytes;
            size += bytes.len();
            if operations.len() == max_operations || (size > max_bytes && !operations.is_empty()) {
                return Ok(Batch { operations, more: true, last });
            }
            operations.push(SealedOperation { seq, bytes });
            from = seq + 1;
        }
        if are_all {
            return Ok(Batch { operations, more: false, last });
        }
    }
}

/// Reads a value's CBOR out of the store.
pub fn decode<'b, T: Decode<'b, ()>>(bytes: &'b [u8], what: &str) -> Result<T, StorageError> {
    codec::decode(bytes).map_err(|error| StorageError::Unreadable(format!("{what}: {error}")))
}

/// As [`decode`], of the row that was found, if any.
pub fn decode_row<T>(rows: &Rows, what: &str) -> Result<Option<T>, StorageError>
where
    T: for<'b> Decode<'b, ()> + Encode<()>,
{
    rows.first().map(|(_, bytes)| decode(bytes, what)).transpose()
}

fn three(rows: Vec<Rows>) -> [Rows; 3] {
    let mut rows = rows.into_iter();
    std::array::from_fn(|_| rows.next().unwrap_or_default())
}

fn no_device() -> StorageError {
    StorageError::Unreadable("no device id".to_owned())
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;
    use sync::{
        push::MAX_OPERATION_BYTES,
        wire::{FormRef, Hash, Times, field},
    };

    use super::*;

    const RECORD: RecordId = RecordId([3; 16]);

    fn operation(device: DeviceId, seq: u64) -> Operation {
        Operation {
            dot: Dot { device, seq },
            record: if seq % 2 == 1 { RECORD } else { RecordId([4; 16]) },
            form: FormRef { id: "f".to_owned(), version: "1".to_owned(), hash: Hash([1; 32]) },
            unit: "u".to_owned(),
            action: Action::Edit,
            fields: BTreeMap::new(),
            at: Times::default(),
            author: "an".to_owned(),
        }
    }

    fn put(device: DeviceId, seq: u64) -> Change {
        let row = codec::encode(&OutboxRow::unsent(&operation(device, seq)));
        Change::Put(Store::Outbox, Key::Number(seq), row)
    }

    fn free(seq: u64) -> Change {
        Change::Delete(Store::Outbox, Key::Number(seq))
    }

    fn is(device: DeviceId) -> Change {
        put_device(&DeviceState::new(device))
    }

    /// A store whose outbox holds operations of `device`.
    fn phone(device: DeviceId, seqs: std::ops::RangeInclusive<u64>) -> Storage {
        let storage = Storage::in_memory();
        let changes = seqs.map(|seq| put(device, seq)).chain([is(device)]).collect();
        block_on(storage.write(changes)).expect("written");
        storage
    }

    fn unsent(sealed: &mut Sealed, storage: &Storage, acked: u64) -> usize {
        block_on(sealed.unsent(storage, acked)).expect("read").operations
    }

    fn of_record(sealed: &mut Sealed, storage: &Storage) -> Vec<Key> {
        let read = block_on(sealed.read(storage, &|record| record == RECORD, Vec::new()));
        read.expect("read").sealed.into_iter().map(|(key, _)| key).collect()
    }

    #[test]
    fn what_is_too_long_for_one_operation_is_sealed_in_several_that_say_the_same() {
        let device = DeviceId([1; 16]);
        let form = operation(device, 1).form;
        let mut patch =
            OpenPatch::new(RECORD, form, "u".to_owned(), "an".to_owned(), &Screen::default());
        for row in 0..20_000 {
            let path = format!("hoc_vien[{row:032}]/hv_ten");
            patch.put(&path, Value::Text("x".repeat(60)), &Screen::default());
        }
        patch.put(field::TITLE, Value::Text("Lớp".to_owned()), &Screen::default());
        for action in [Action::Create, Action::Submit] {
            let storage = Storage::in_memory();
            block_on(storage.write(vec![is(device)])).expect("written");
            let act = Act {
                action,
                values: BTreeMap::new(),
                screen: Screen::default(),
                patch: patch.clone(),
                seen: Dot { device, seq: 0 },
            };
            assert!(block_on(seal_act(&storage, act)).expect("written"));
            let rows = block_on(storage.all(Store::Outbox)).expect("read");
            let held = rows.iter().map(|(_, row)| OutboxRow::decode(row).and_then(OutboxRow::held));
            let held: Vec<Held> = held.collect::<Result<_, _>>().expect("ours");
            assert!(held.len() > 4);
            for one in &held {
                assert!(codec::encode(&one.operation).len() < MAX_OPERATION_BYTES / 2);
            }
            let actions: Vec<Action> = held.iter().map(|held| held.operation.action).collect();
            let last = if action == Action::Create { Action::Edit } else { action };
            assert_eq!((actions[0], actions[1]), (Action::Create, Action::Edit));
            assert_eq!(actions.last(), Some(&last));
            let state = DeviceState::new(device);
            let sealed = sync::view::view(&state, None, &held, None).expect("a record");
            let open = sync::view::view(&state, None, &[], Some(&patch)).expect("a record");
            assert_eq!((sealed.fields, sealed.title), (open.fields, open.title));
            assert_eq!(sealed.conflicts, [], "each part saw the one before");
            let stands = if action == Action::Submit { State::Submitted } else { State::Draft };
            assert_eq!(sealed.state, stands);
        }
    }

    #[test]
    fn what_another_tab_sealed_and_freed_is_told() {
        let device = DeviceId([1; 16]);
        let storage = phone(device, 1..=3);
        let mut sealed = Sealed::default();
        assert_eq!(unsent(&mut sealed, &storage, 1), 2);
        block_on(storage.write(vec![put(device, 4), put(device, 5), free(1)])).expect("written");
        assert_eq!(of_record(&mut sealed, &storage), [3, 5].map(Key::Number));
        assert_eq!(unsent(&mut sealed, &storage, 1), 4);
        assert_eq!(unsent(&mut sealed, &storage, 5), 0);
    }

    #[test]
    fn after_a_restore_what_was_freed_does_not_wait() {
        let device = DeviceId([1; 16]);
        let storage = phone(device, 1..=4);
        let mut sealed = Sealed::default();
        assert_eq!(unsent(&mut sealed, &storage, 4), 0);
        block_on(storage.write(vec![free(1), free(2)])).expect("written");
        let read_before = sealed.clone();
        sealed.forget();
        sealed.keep(read_before);
        assert_eq!(unsent(&mut sealed, &storage, 0), 2, "the server lacks all that is here");
    }

    #[test]
    fn under_a_new_name_all_is_read_anew() {
        let [before, device] = [1, 2].map(|id| DeviceId([id; 16]));
        let storage = phone(before, 1..=4);
        let mut sealed = Sealed::default();
        assert_eq!(unsent(&mut sealed, &storage, 3), 1);
        let changes = vec![Change::Clear(Store::Outbox), is(device), put(device, 1)];
        block_on(storage.write(changes)).expect("written");
        assert_eq!(unsent(&mut sealed, &storage, 0), 1);
        assert_eq!(of_record(&mut sealed, &storage), [Key::Number(1)]);
    }

    #[test]
    fn a_batch_that_was_loaded_keeps_within_the_limits_of_its_turn() {
        let storage = phone(DeviceId([1; 16]), 1..=5);
        let size = codec::encode(&operation(DeviceId([1; 16]), 1)).len();
        for (operations, bytes) in [(2, usize::MAX), (9, 2 * size), (9, 3 * size - 1), (9, 0)] {
            let loaded = |most, bytes| block_on(load(&storage, 1, most, bytes)).expect("read");
            let ahead = loaded(4, usize::MAX).within(operations, bytes);
            let in_turn = loaded(operations, bytes);
            assert_eq!(ahead.operations, in_turn.operations);
            assert!(ahead.more && in_turn.more, "{operations}, {bytes}");
        }
        assert!(
            !block_on(load(&storage, 1, 4, usize::MAX)).expect("read").within(4, 4 * size).more
        );
    }
}
