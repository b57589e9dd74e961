//! Room on this phone: watched, said before it is used up, and made of files that a backup holds.

use std::collections::{BTreeMap, BTreeSet};

use leptos::prelude::*;
use sync::{
    codec,
    device::{DeviceState, Former},
    draft::OpenPatch,
    wire::{DeviceId, Hash, Operation, RecordId, Value, Write},
};

use super::{
    SyncStatus, blobs,
    outbox::{self, Brief, WithSealed},
    sync_status::Phase,
};
use crate::platform::{
    clock, log_error,
    storage::{
        self, Change, LOW_BYTES, Read, Rows, Space, Storage, StorageError, Store,
        schema::{BlobRow, Key, meta},
    },
    tasks::{self, Turn},
    visibility,
};
use crate::reactive::{effect, memo};

/// The room on this phone, as a store.
#[derive(Clone, Copy)]
pub struct SpaceWatch(RwSignal<Space>, StoredValue<i64>);

/// So long after a file was taken off nobody brings it back any more: an undo is offered for half of it.
const UNDONE_WITHIN_MS: i64 = 3_600_000;
/// So many bytes of operations are read at a time.
const READ_AT_ONCE: usize = 1 << 20;
/// A look at the room holds for so long, however much is entered meanwhile.
const HOLDS_MS: i64 = 15_000;

impl SpaceWatch {
    /// Nothing is measured yet.
    #[must_use]
    pub fn new() -> Self {
        Self(RwSignal::new(Space::default()), StoredValue::new(0))
    }

    /// The room as it was measured last.
    #[must_use]
    pub fn space(self) -> Signal<Space> {
        self.0.into()
    }

    /// Measures anew, if that was not done just now.
    pub fn measure(self) {
        let now_ms = clock::now_ms();
        if (now_ms - self.1.get_value()).abs() < HOLDS_MS {
            return;
        }
        self.1.set_value(now_ms);
        tasks::spawn(async move {
            self.0.try_set(storage::space().await);
        });
    }

    /// Asks the browser not to throw the data away by itself.
    pub fn ask_to_persist(self) {
        tasks::spawn(async move {
            storage::ask_to_persist().await;
            self.0.try_set(storage::space().await);
        });
    }

    /// Measures and makes room now, and whenever the app comes to the front or a talk with the server begins or ends, for as
    /// long as the page lives.
    pub fn begin(self, storage: Storage, sync_status: SyncStatus) {
        let standing = sync_status.standing();
        let is_idle = memo(move || standing.get().phase == Phase::Idle);
        let tended = storage.clone();
        effect(move || {
            is_idle.track();
            self.tend(tended.clone());
        });
        visibility::on_change(move |visible| {
            if visible {
                self.tend(storage.clone());
            }
        });
    }

    fn tend(self, storage: Storage) {
        tasks::spawn(async move {
            let space = storage::space().await;
            self.0.try_set(space);
            if !space.is_low() {
                return;
            }
            match shed(&storage, LOW_BYTES).await {
                Ok(0) => {}
                Ok(_bytes) => {
                    self.0.try_set(storage::space().await);
                }
                Err(error) => log_error(&format!("no room made: {error}")),
            }
        });
    }
}

impl Default for SpaceWatch {
    fn default() -> Self {
        Self::new()
    }
}

/// Frees files until so many bytes are free, and says how many were.
///
/// Only those go that the server has confirmed, that a backup of it holds, and that no work on this phone names any more; the
/// oldest first. The server gives them back when they are looked at. What was taken off before anybody was to have it goes first.
pub async fn shed(storage: &Storage, wanted: u64) -> Result<u64, StorageError> {
    look_through(storage, wanted, Vec::new()).await
}

/// Notes of files that an answer named and does not any more that nobody is to have them, unless other work names them: they are
/// not sent, and go once nobody can bring them back. Those of earlier go now.
pub async fn let_go(storage: &Storage, files: Vec<Hash>) -> Result<(), StorageError> {
    look_through(storage, 0, files).await.map(drop)
}

async fn look_through(
    storage: &Storage,
    wanted: u64,
    left: Vec<Hash>,
) -> Result<u64, StorageError> {
    let now_ms = clock::now_ms();
    loop {
        let Some(sealed) = Sealed::read(storage).await? else { return Ok(0) };
        let left = left.clone();
        let decide = move |rows: Vec<Rows>| {
            let [device, last, files, open] = &rows[..] else { return Err(missing()) };
            let device: Option<DeviceState> = outbox::decode_row(device, "device")?;
            let last = outbox::decode_row(last, "last place")?.unwrap_or_default();
            let Some(device) = device.filter(|device| sealed.is_all(device, last)) else {
                return Ok((Vec::new(), None));
            };
            let mut in_use = sealed.files.clone();
            for (_, row) in open {
                name_files(&mut in_use, &outbox::decode::<OpenPatch>(row, "open patch")?.fields);
            }
            let (mut changes, mut may_go) = (Vec::new(), Vec::new());
            for (key, row) in files {
                let row = BlobRow::decode(row)?;
                let Some(hash) = hash_of(key).filter(|hash| !in_use.contains(hash)) else {
                    continue;
                };
                let is_long_dropped =
                    row.dropped_ms.is_some_and(|since| since + UNDONE_WITHIN_MS < now_ms);
                if row.waits() && left.contains(&hash) {
                    let row = BlobRow { dropped_ms: Some(now_ms), ..row };
                    changes.push(Change::Put(Store::BlobMeta, key.clone(), codec::encode(&row)));
                } else if row.is_in_backup(device.safe) || is_long_dropped {
                    may_go.push((!is_long_dropped, row.kept_ms, hash, row.size));
                }
            }
            may_go.sort();
            let mut freed = 0;
            for (may_stay, _, hash, size) in may_go {
                if may_stay && freed >= wanted {
                    break;
                }
                freed += size;
                changes.extend(blobs::free(hash, size));
            }
            Ok((changes, Some(freed)))
        };
        let reads = vec![
            Read::Row(Store::Meta, meta::DEVICE.into()),
            Read::Row(Store::Meta, meta::LAST_SEQ.into()),
            Read::All(Store::BlobMeta),
            Read::All(Store::Open),
        ];
        let touched = [Store::BlobMeta, Store::Blobs];
        if let Some(freed) = storage.update(reads, &touched, decide).await? {
            return Ok(freed);
        }
    }
}

/// The files that sealed operations name.
struct Sealed {
    files: BTreeSet<Hash>,
    device: DeviceId,
    /// The place of the newest of all operations.
    last: u64,
}

impl Sealed {
    /// There may be thousands of operations, and somebody is typing: they are read bit by bit, before what is written. `None` of a phone
    /// that never was anybody's.
    async fn read(storage: &Storage) -> Result<Option<Self>, StorageError> {
        let Some(device) = storage.row(Store::Meta, meta::DEVICE).await? else { return Ok(None) };
        let device = outbox::decode::<DeviceState>(&device, "device")?.device;
        let (mut files, mut after, mut turn) = (BTreeSet::new(), 0, Turn::begin());
        loop {
            let batch = outbox::load(storage, after, usize::MAX, READ_AT_ONCE).await?;
            for sealed in &batch.operations {
                let operation: Operation = outbox::decode(&sealed.bytes, "operation")?;
                name_files(&mut files, &operation.fields);
                after = sealed.seq;
                turn.rest().await;
            }
            if !batch.more {
                return Ok(Some(Self { files, device, last: batch.last }));
            }
        }
    }

    /// Whether nothing was sealed since, and under the same name.
    fn is_all(&self, device: &DeviceState, last: u64) -> bool {
        (device.device, last) == (self.device, self.last)
    }
}

fn name_files(named: &mut BTreeSet<Hash>, fields: &BTreeMap<String, Write>) {
    named.extend(fields.values().filter_map(|write| match &write.value {
        Value::File(file) => Some(file.hash),
        Value::Empty | Value::Text(_) => None,
    }));
}

fn hash_of(key: &Key) -> Option<Hash> {
    match key {
        Key::Bytes(hash) => Some(Hash(hash.as_slice().try_into().ok()?)),
        _ => None,
    }
}

fn missing() -> StorageError {
    StorageError::Unreadable("an answer is missing".to_owned())
}

/// What a phone that is lost now takes along, and what is safe of the rest.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AtRisk {
    /// Records with changes that the server does not have.
    pub records: BTreeSet<RecordId>,
    /// When the oldest of the changes was made that the phone has sealed, milliseconds since 1970.
    pub since_ms: Option<i64>,
    /// Files that the server does not have whole, and their bytes.
    pub files: usize,
    /// Their bytes.
    pub bytes: u64,
    /// Whether the server ever received work of this phone.
    pub has_sent: bool,
    /// Records with changes that the server has, and no backup of it.
    pub without_backup: usize,
    /// Files on this phone.
    pub held_files: usize,
    /// Their bytes.
    pub held_bytes: u64,
}

impl AtRisk {
    /// Counts what is in a person's store. While a season's work is sent that is done again and again: of operations only those are
    /// read that `sealed` does not know.
    pub async fn of(storage: &Storage, sealed: &mut outbox::Sealed) -> Result<Self, StorageError> {
        let reads = vec![
            Read::All(Store::BlobMeta),
            Read::Keys(Store::Open),
            Read::Row(Store::Meta, meta::RESCUED.into()),
        ];
        let WithSealed { device, others, .. } = sealed.read(storage, &|_| false, reads).await?;
        let [files, open, rescued] = &others[..] else { return Err(missing()) };
        let (acked, safe) = (device.acked, device.safe);
        let mut risk = Self { has_sent: acked > 0, ..Self::default() };
        // There may be thousands, and somebody looks at the page meanwhile.
        let mut turn = Turn::begin();
        for (_, row) in files {
            turn.rest().await;
            let row = BlobRow::decode(row)?;
            risk.held_files += 1;
            risk.held_bytes += row.size;
            if row.waits() {
                risk.files += 1;
                risk.bytes += row.size;
            }
        }
        for (key, _) in open {
            let Key::Bytes(id) = key else { continue };
            risk.records.extend(id.as_slice().try_into().ok().map(RecordId));
        }
        let mut acknowledged = BTreeSet::new();
        let mut count = |record: RecordId, made_ms: i64, is_acked: bool| {
            if is_acked {
                acknowledged.insert(record);
            } else {
                risk.records.insert(record);
                risk.since_ms = Some(risk.since_ms.map_or(made_ms, |since| since.min(made_ms)));
            }
        };
        for Brief { seq, record, made_ms, .. } in sealed.above(acked.min(safe)) {
            count(*record, *made_ms, *seq <= acked);
        }
        // What another phone has sealed is here alone too.
        let rescued: Vec<Former> = outbox::decode_row(rescued, "rescued")?.unwrap_or_default();
        for former in rescued.iter().chain(device.former()) {
            for sealed in &former.operations {
                let operation: Operation = outbox::decode(&sealed.bytes, "operation")?;
                count(operation.record, operation.at.wall_ms, sealed.seq <= former.acked);
            }
        }
        risk.without_backup = acknowledged.difference(&risk.records).count();
        Ok(risk)
    }

    /// Whether nothing would be lost.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.records.is_empty() && self.files == 0
    }
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;
    use sync::{
        codec,
        draft::Screen,
        wire::{Action, Dot, FileRef, FormRef, SealedOperation},
    };

    use super::*;
    use crate::platform::storage::schema::OutboxRow;

    const DEVICE: DeviceId = DeviceId([7; 16]);

    /// A phone that sealed so many operations, of which a backup holds those up to `safe`.
    struct Phone(Storage);

    impl Phone {
        fn new() -> Self {
            let phone = Self(Storage::in_memory());
            phone.stand(0, 0, 0);
            phone
        }

        fn stand(&self, last: u64, acked: u64, safe: u64) {
            let device = DeviceState { acked, safe, ..DeviceState::new(DEVICE) };
            self.write(vec![
                outbox::put_device(&device),
                Change::Put(Store::Meta, meta::LAST_SEQ.into(), codec::encode(&last)),
            ]);
        }

        fn write(&self, changes: Vec<Change>) {
            block_on(self.0.write(changes)).expect("memory stores");
        }

        /// A file of that size, kept at that time.
        fn keep(&self, fill: u8, size: usize, kept_ms: i64) -> FileRef {
            let bytes = vec![fill; size];
            let file = FileRef {
                name: format!("{fill}.jpg"),
                media_type: "image/jpeg".to_owned(),
                size: size as u64,
                hash: codec::hash(&bytes),
            };
            block_on(blobs::keep(&self.0, &file, &bytes.into())).expect("memory stores");
            let row = BlobRow::unsent(file.size, file.media_type.clone(), kept_ms);
            self.write(vec![Change::Put(Store::BlobMeta, file.hash.into(), codec::encode(&row))]);
            file
        }

        fn receipt(&self, file: &FileRef) {
            block_on(blobs::mark_sent(&self.0, file.hash)).expect("memory stores");
        }

        fn holds(&self, file: &FileRef) -> bool {
            block_on(blobs::read(&self.0, file.hash, drop)).expect("memory reads")
        }

        fn shed(&self, wanted: u64) -> u64 {
            block_on(shed(&self.0, wanted)).expect("memory stores")
        }

        fn pieces(&self) -> usize {
            block_on(self.0.all(Store::Blobs)).expect("memory reads").len()
        }
    }

    fn patch(record: u8, file: Option<&FileRef>) -> OpenPatch {
        let form = FormRef { id: "f".to_owned(), version: "1".to_owned(), hash: Hash([1; 32]) };
        let screen = Screen::default();
        let mut patch =
            OpenPatch::new(RecordId([record; 16]), form, "u".to_owned(), "an".to_owned(), &screen);
        if let Some(file) = file {
            patch.put("anh", Value::File(file.clone()), &screen);
        }
        patch
    }

    fn operation(seq: u64, record: u8, wall_ms: i64, file: Option<&FileRef>) -> Operation {
        let times = DeviceState::new(DEVICE).times(wall_ms);
        patch(record, file).seal(Dot { device: DEVICE, seq }, times, Action::Edit)
    }

    fn put(operation: &Operation) -> Change {
        let row = codec::encode(&OutboxRow::unsent(operation));
        Change::Put(Store::Outbox, Key::Number(operation.dot.seq), row)
    }

    /// Nobody has it then, nor is to have it.
    #[test]
    fn a_file_that_was_taken_off_before_it_was_sent_goes_once_nobody_can_bring_it_back() {
        let phone = Phone::new();
        phone.stand(0, 0, 0);
        let (named, taken_off) = (phone.keep(1, 300, 1), phone.keep(2, 300, 1));
        let open = codec::encode(&patch(1, Some(&named)));
        phone.write(vec![Change::Put(Store::Open, Key::Bytes(vec![1]), open)]);
        let let_go = || {
            let files = vec![named.hash, taken_off.hash];
            block_on(let_go(&phone.0, files)).expect("memory stores");
        };
        let waiting = || block_on(blobs::unsent(&phone.0)).expect("memory reads").len();
        let_go();
        assert_eq!((waiting(), phone.shed(u64::MAX)), (1, 0), "it can still be brought back");
        let row = BlobRow::unsent(300, "image/jpeg".to_owned(), 1);
        let row = BlobRow { dropped_ms: Some(clock::now_ms() - UNDONE_WITHIN_MS - 1), ..row };
        for file in [&named, &taken_off] {
            phone.write(vec![Change::Put(Store::BlobMeta, file.hash.into(), codec::encode(&row))]);
        }
        assert_eq!(phone.shed(0), 300);
        assert!(phone.holds(&named) && !phone.holds(&taken_off), "what work names stays");
    }

    /// The promise: whatever the phone is short of, a file of which the server gave no receipt stays.
    #[test]
    fn a_file_without_a_receipt_is_never_shed() {
        let phone = Phone::new();
        let file = phone.keep(1, 700_000, 1);
        phone.stand(9, 9, 9);
        assert_eq!(phone.shed(u64::MAX), 0);
        assert!(phone.holds(&file));
        // Nor one whose receipt was taken back, because the server lost it.
        phone.stand(9, 9, 9);
        phone.receipt(&file);
        let row = block_on(phone.0.row(Store::BlobMeta, file.hash)).expect("memory reads");
        let row = BlobRow::decode(&row.expect("the file's row")).expect("readable").taken_back();
        phone.write(vec![Change::Put(Store::BlobMeta, file.hash.into(), codec::encode(&row))]);
        phone.stand(20, 20, 20);
        assert_eq!(phone.shed(u64::MAX), 0);
        assert!(phone.holds(&file));
    }

    #[test]
    fn a_file_goes_only_once_a_backup_was_made_after_its_receipt() {
        let phone = Phone::new();
        let file = phone.keep(1, 700_000, 1);
        phone.stand(4, 4, 3);
        phone.receipt(&file);
        for safe in [3, 4] {
            phone.stand(4, 4, safe);
            assert_eq!(
                phone.shed(u64::MAX),
                0,
                "safe {safe}: that backup may be older than the file"
            );
        }
        phone.stand(5, 5, 5);
        assert_eq!(phone.shed(1), 700_000);
        assert!(!phone.holds(&file));
        assert_eq!(phone.pieces(), 0, "no piece stays behind");
    }

    #[test]
    fn the_oldest_go_first_and_no_more_than_is_needed() {
        let phone = Phone::new();
        let files = [(3, 30), (1, 10), (2, 20)].map(|(fill, at)| phone.keep(fill, 1_000, at));
        files.iter().for_each(|file| phone.receipt(file));
        phone.stand(1, 1, 1);
        assert_eq!(phone.shed(1_500), 2_000);
        assert_eq!(files.each_ref().map(|file| phone.holds(file)), [true, false, false]);
    }

    #[test]
    fn a_file_that_work_on_the_phone_names_stays() {
        let phone = Phone::new();
        let (drafted, sealed, done) =
            (phone.keep(1, 1_000, 1), phone.keep(2, 1_000, 2), phone.keep(3, 1_000, 3));
        [&drafted, &sealed, &done].into_iter().for_each(|file| phone.receipt(file));
        let open = patch(1, Some(&drafted));
        phone.write(vec![
            Change::Put(Store::Open, open.record.into(), codec::encode(&open)),
            put(&operation(1, 2, 5, Some(&sealed))),
        ]);
        phone.stand(3, 3, 3);
        assert_eq!(phone.shed(u64::MAX), 1_000);
        assert_eq!([&drafted, &sealed, &done].map(|file| phone.holds(file)), [true, true, false]);
    }

    #[test]
    fn what_a_lost_phone_would_lose_is_counted_from_what_the_server_and_its_backups_hold() {
        let phone = Phone::new();
        let (sent, waiting) = (phone.keep(1, 1_000, 1), phone.keep(2, 500, 2));
        phone.receipt(&sent);
        let open = patch(9, None);
        let mut changes: Vec<Change> = [(1, 1, 100), (2, 2, 200), (3, 3, 300), (4, 3, 250)]
            .map(|(seq, record, at)| put(&operation(seq, record, at, None)))
            .into();
        changes.push(Change::Put(Store::Open, open.record.into(), codec::encode(&open)));
        phone.write(changes);
        phone.stand(4, 2, 1);
        let mut known = outbox::Sealed::default();
        let mut count = || block_on(AtRisk::of(&phone.0, &mut known)).expect("memory reads");
        let risk = count();
        let records = [3, 9].map(|record| RecordId([record; 16]));
        let expected = AtRisk {
            records: records.into(),
            since_ms: Some(250),
            files: 1,
            bytes: waiting.size,
            has_sent: true,
            without_backup: 1,
            held_files: 2,
            held_bytes: 1_500,
        };
        assert_eq!(risk, expected);
        assert!(!risk.is_nothing());
        // No operation is read twice, and each that comes is counted.
        phone.write(vec![
            Change::Put(Store::Outbox, Key::Number(1), Vec::new()),
            put(&operation(5, 5, 240, None)),
        ]);
        phone.stand(5, 3, 1);
        let risk = count();
        let records = [3, 5, 9].map(|record| RecordId([record; 16]));
        assert_eq!((risk.records, risk.since_ms), (records.into(), Some(240)));
    }

    #[test]
    fn what_another_phone_has_sealed_is_lost_with_this_one_too() {
        let phone = Phone::new();
        let of = |fill: u8, acked, made: &[(u64, u8, i64)]| Former {
            device: DeviceId([fill; 16]),
            acked,
            operations: Vec::from_iter(made.iter().map(|(seq, record, at)| SealedOperation {
                seq: *seq,
                bytes: codec::encode(&operation(*seq, *record, *at, None)),
            })),
        };
        let former = vec![of(8, 4, &[(4, 1, 90), (5, 2, 100)])];
        let device = DeviceState { former: Some(former), ..DeviceState::new(DEVICE) };
        let waiting = vec![of(9, 0, &[(1, 3, 80)])];
        let put_waiting = |waiting: &Vec<Former>| {
            Change::Put(Store::Meta, meta::RESCUED.into(), codec::encode(waiting))
        };
        phone.write(vec![outbox::put_device(&device), put_waiting(&waiting)]);
        let risk = || {
            let mut known = outbox::Sealed::default();
            block_on(AtRisk::of(&phone.0, &mut known)).expect("memory reads")
        };
        assert_eq!(risk().records, [2, 3].map(|record| RecordId([record; 16])).into());
        assert_eq!((risk().since_ms, risk().without_backup), (Some(80), 1));
        assert!(!risk().is_nothing());
        let device = DeviceState { former: Some(vec![of(8, 5, &[(5, 2, 100)])]), ..device };
        phone.write(vec![outbox::put_device(&device), put_waiting(&Vec::new())]);
        assert_eq!((risk().is_nothing(), risk().without_backup), (true, 1));
    }

    #[test]
    fn little_room_is_told_before_there_is_none() {
        let space =
            |left: u64| Space { used: Some(10), quota: Some(10 + left), ..Space::default() };
        assert!(!space(LOW_BYTES).is_low());
        assert!(Space { refuses: true, ..space(10 << 30) }.is_low(), "whatever the browser tells");
        assert!(space(LOW_BYTES - 1).is_low());
        assert!(!Space::default().is_low(), "a browser that tells nothing is not accused");
        assert_eq!(Space { used: Some(9), quota: Some(3), ..Space::default() }.left(), Some(0));
    }
}
