//! Records are read from the disk into the index, followed as they change, and shown; their summaries are kept.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Bound,
    sync::Arc,
};

use leptos::prelude::*;
use sync::{
    columns::Row,
    desk::Waits,
    device::{DeviceState, Page},
    draft::OpenPatch,
    view::{Base, Held},
    wire::{Operation, RecordId, SealedOperation, Tally},
};

use super::{
    RecordSummary, Records,
    index::{Found, Index},
    summing::{summary_of, summed_up},
};
use crate::{
    platform::{
        log_error,
        storage::{
            Lot, Read, Rows, Storage, StorageError, Store,
            schema::{Key, OutboxRow, meta},
        },
        tasks::{self, Turn},
    },
    stores::{
        listed::Listed,
        outbox::{self, WithSealed},
        summaries,
    },
};

/// So many records are read one by one.
const FEW: usize = 16;

/// So many are read at once when there may be very many.
const PORTION: usize = 256;

/// The rows of a page whose records are to stay.
fn rows_that_stay(page: Option<&Page>) -> impl Iterator<Item = Row<'_>> {
    let rows = page.into_iter().flat_map(|page| page.records.rows());
    rows.filter(|row| !row.rest().left)
}

/// When what a pull brought was last shown.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    Before,
    JustNow,
    /// And more came since.
    ToBeAgain,
}

/// Which records to read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Those {
    /// That this phone has work of.
    OwnWork,
    /// All but those that are here.
    Others,
    All,
}

/// The records that a pull brought, a few hundred at a time: a hundred thousand are more than a page's memory holds.
struct Portions {
    lots: std::vec::IntoIter<Lot>,
    /// Of these; none: of all.
    which: Option<BTreeSet<Key>>,
    next: Vec<Key>,
}

impl Portions {
    async fn of(
        storage: &Storage,
        which: Option<BTreeSet<RecordId>>,
    ) -> Result<Self, StorageError> {
        let which: Option<BTreeSet<Key>> =
            which.map(|which| which.into_iter().map(Key::from).collect());
        // Of a few it costs more to ask where all lie.
        let (lots, next) = match &which {
            Some(few) if few.len() <= PORTION => (Vec::new(), few.iter().cloned().collect()),
            _ => (storage.lots().await?, Vec::new()),
        };
        Ok(Self { lots: lots.into_iter(), which, next })
    }

    async fn next(&mut self, storage: &Storage) -> Result<Option<Rows>, StorageError> {
        let Self { lots, which, next } = self;
        let is_wanted = |key: &Key| which.as_ref().is_none_or(|which| which.contains(key));
        while next.len() < PORTION
            && let Some(lot) = lots.next()
        {
            next.extend(lot.rows().filter(is_wanted));
        }
        if next.is_empty() {
            return Ok(None);
        }
        let row = |key| Read::Row(Store::Base, key);
        let rows = storage.read(std::mem::take(next).into_iter().map(row).collect()).await?;
        Ok(Some(rows.into_iter().flatten().collect()))
    }
}

/// The rows that a record is made of.
#[derive(Default)]
pub(crate) struct Parts {
    pub(super) base: Option<Base>,
    /// What waits at the repair desk beside the outbox, so many, and the outbox.
    pub(super) waits: usize,
    pub outbox: Vec<Held>,
    pub open: Option<OpenPatch>,
}

impl Records {
    /// The records that a pull of this generation brought, or a later one: each row says its own.
    pub(crate) async fn of_generation(
        self,
        generation: u64,
    ) -> Result<BTreeSet<RecordId>, StorageError> {
        let storage = self.storage.try_get_value().ok_or(StorageError::Closed)?;
        let mut portions = Portions::of(&storage, None).await?;
        let mut brought = BTreeSet::new();
        while let Some(rows) = portions.next(&storage).await? {
            for (_, bytes) in rows {
                let base: Base = outbox::decode(&bytes, "record")?;
                if base.generation >= generation {
                    brought.insert(base.state.record);
                }
            }
        }
        Ok(brought)
    }

    /// Counts the records that pulls brought, as they lie on the disk. Page by page: the person goes on meanwhile.
    pub(crate) async fn tally(self) -> Result<Tally, StorageError> {
        let storage = self.storage.try_get_value().ok_or(StorageError::Closed)?;
        let mut portions = Portions::of(&storage, None).await?;
        let (mut tally, mut turn) = (Tally::default(), Turn::begin());
        loop {
            let rows = match portions.next(&storage).await {
                Ok(Some(rows)) => rows,
                Ok(None) => return Ok(tally),
                // What is not what a pull wrote is not what the server told: the feed writes it anew.
                Err(error @ StorageError::Damaged(_)) => {
                    log_error(&format!("not counted: {error}"));
                    return Ok(Tally { records: u64::MAX, ..tally });
                }
                Err(error) => return Err(error),
            };
            for (_, row) in rows {
                turn.rest().await;
                tally.add_stored(&row);
            }
        }
    }

    /// Reads some records anew.
    pub async fn refresh(self, ids: &BTreeSet<RecordId>) -> Result<(), StorageError> {
        self.read_some(ids, None).await?;
        self.publish();
        Ok(())
    }

    /// Reads some records anew; of those that came with a page, the phone's own part only.
    async fn read_some(
        self,
        ids: &BTreeSet<RecordId>,
        mut page: Option<&Page>,
    ) -> Result<(), StorageError> {
        while !self.read_once(ids, page.take()).await? {}
        Ok(())
    }

    /// Whether what was read was taken: it is not if others took one of these records meanwhile, who may have read it later.
    async fn read_once(
        self,
        ids: &BTreeSet<RecordId>,
        page: Option<&Page>,
    ) -> Result<bool, StorageError> {
        let begun = self.index.try_update_value(Index::begin);
        let read = self.read_parts(ids, page).await;
        let taken = self.index.try_update_value(|index| {
            let is_taken = !ids.iter().any(|id| index.is_newer(id, begun));
            if let (Ok((device, parts)), true) = (&read, is_taken) {
                let of_others = unsent_of_others(device);
                // Of those that the phone has no part of, the page says all.
                let mut came: BTreeMap<RecordId, RecordSummary> = rows_that_stay(page)
                    .filter(|row| !parts.contains_key(&row.rest().record))
                    .map(|row| (row.rest().record, row))
                    .map(|(id, row)| (id, summed_up(&row, of_others.contains(&id))))
                    .collect();
                for id in ids {
                    let own = || summary_of(device, parts.get(id)?, &of_others);
                    index.put(*id, came.remove(id).or_else(own));
                }
            }
            index.end();
            is_taken
        });
        read.map(|_| taken.unwrap_or(true))
    }

    async fn read_parts(
        self,
        ids: &BTreeSet<RecordId>,
        page: Option<&Page>,
    ) -> Result<(DeviceState, BTreeMap<RecordId, Parts>), StorageError> {
        let known: BTreeSet<RecordId> =
            sync::gather(page.into_iter().flat_map(|page| page.records.staying()));
        let mut reads = Vec::new();
        // Each request costs, and few patches are open when many records change at once.
        if ids.len() <= FEW {
            reads.extend(ids.iter().map(|id| Read::Row(Store::Open, (*id).into())));
        } else {
            reads.push(Read::All(Store::Open));
        }
        reads.push(Read::Row(Store::Meta, meta::WAITS.into()));
        let of_phone = reads.len();
        let unknown = ids.iter().filter(|id| !known.contains(id));
        reads.extend(unknown.map(|id| Read::Row(Store::Base, (*id).into())));
        let WithSealed { device, sealed, others: mut open } =
            self.read_with_sealed(ids, reads).await?;
        let base = open.split_off(of_phone).into_iter().flatten().collect();
        let waits = open.pop().unwrap_or_default();
        let open = open.into_iter().flatten().collect();
        let mut parts = gather(base, &waits, sealed, open)?;
        parts.retain(|id, _| ids.contains(id));
        // As a rule the phone has no part of any.
        let rows = page.filter(|_| !parts.is_empty());
        for row in rows_that_stay(rows) {
            if let Some(own) = parts.get_mut(&row.rest().record) {
                own.base = page.map(|page| page.base(&row));
            }
        }
        Ok((device, parts))
    }

    /// Reads rows with those of the outbox that are of these records.
    pub(super) async fn read_with_sealed(
        self,
        ids: &BTreeSet<RecordId>,
        reads: Vec<Read>,
    ) -> Result<WithSealed, StorageError> {
        let (Some(storage), Some(mut sealed)) =
            (self.storage.try_get_value(), self.sealed.try_get_value())
        else {
            return Err(StorageError::Closed);
        };
        let read = sealed.read(&storage, &|record| ids.contains(&record), reads).await?;
        self.keep_sealed(sealed);
        Ok(read)
    }

    pub(super) fn keep_sealed(self, read: outbox::Sealed) {
        self.sealed.try_update_value(|sealed| sealed.keep(read));
    }

    /// Reads all records anew.
    pub async fn reload(self) -> Result<(), StorageError> {
        self.read(Those::All).await
    }

    /// Reads those that this phone has no work of.
    pub async fn load_others(self) -> Result<(), StorageError> {
        self.read(Those::Others).await
    }

    /// Waits until all records are here.
    pub(in crate::stores) async fn whole(self) -> Result<(), StorageError> {
        if self.whole.get_untracked() { Ok(()) } else { self.reload().await }
    }

    /// The device's memory as it is stored: another tab may have written it.
    pub(crate) async fn reload_device(self) -> Result<(), StorageError> {
        let device = outbox::device(&self.storage.get_value()).await?;
        self.set_device(device);
        Ok(())
    }

    /// Reads these records.
    pub(super) async fn read(self, those: Those) -> Result<(), StorageError> {
        let Some(begun) = self.index.try_update_value(Index::begin) else { return Ok(()) };
        let read = self.read_rows(those).await;
        let taken = self.index.try_update_value(|index| {
            if those == Those::Others {
                let here: Vec<RecordId> = index.summaries.keys().copied().collect();
                here.into_iter().for_each(|id| index.meanwhile.took(id));
            }
            // Whoever began to read all of it later and is done already knows more.
            let is_latest = index.meanwhile.all < begun;
            let taken = read.map(|read| is_latest.then(|| index.take(read, begun)));
            if those == Those::All && is_latest && taken.is_ok() {
                index.meanwhile.all = begun;
            }
            index.end();
            taken
        });
        let Some(taken) = taken else { return Ok(()) };
        if let Some(listed) = taken?.map(Arc::new)
            && let Some(before) = self.all.try_update(|all| std::mem::replace(all, listed))
        {
            Listed::leave(before);
        }
        if those != Those::OwnWork {
            self.whole.try_set(true);
        }
        Ok(())
    }

    async fn read_rows(self, those: Those) -> Result<Found, StorageError> {
        let storage = self.storage.try_get_value().ok_or(StorageError::Closed)?;
        let device = outbox::device(&storage).await?;
        let mut reads = vec![Read::Row(Store::Meta, meta::NAMES.into())];
        if those != Those::Others {
            reads.extend(own_rows());
        }
        let kept = match those {
            Those::OwnWork => Some(summaries::Found::default()),
            Those::Others | Those::All => match summaries::rows(&storage).await {
                // They say nothing that the records do not say: then they are made anew.
                Err(StorageError::Damaged(_)) => None,
                rows => summaries::read(rows?).await?,
            },
        };
        let mut rows = storage.read(reads).await?.into_iter();
        let mut next = || rows.next().unwrap_or_default();
        let names = outbox::names(&next())?;
        let of_others = unsent_of_others(&device);
        let mut parts = gather(Rows::new(), &next(), next(), next())?;
        if those != Those::Others {
            let held = parts.values().flat_map(|parts| parts.outbox.iter().skip(parts.waits));
            let read = outbox::Sealed::of(device.device, held);
            self.sealed.try_update_value(|sealed| sealed.renew(read));
        }
        let summarised = |parts: &Parts| {
            let summary = summary_of(&device, parts, &of_others)?;
            Some((summary.id, Arc::new(summary)))
        };
        let (mut summaries, known, which) = match kept {
            Some(found) => {
                let changed = parts.keys().chain(&found.changed).chain(&of_others).copied();
                (found.summaries, found.known, Some(changed.collect::<BTreeSet<RecordId>>()))
            }
            // Never kept, or by another version of the app.
            None => (BTreeMap::new(), summaries::Known::nothing(), None),
        };
        for id in which.iter().flatten() {
            summaries.remove(id);
        }
        let mut portions = Portions::of(&storage, which).await?;
        let mut turn = Turn::begin();
        while let Some(rows) = portions.next(&storage).await? {
            for (_, bytes) in rows {
                turn.rest().await;
                let base: Base = outbox::decode(&bytes, "record")?;
                if let Some(parts) = parts.get_mut(&base.state.record) {
                    parts.base = Some(base);
                    continue;
                }
                let parts = Parts { base: Some(base), ..Parts::default() };
                summaries.extend(summarised(&parts));
            }
        }
        let own = parts.values().filter_map(summarised);
        let own: BTreeMap<RecordId, Arc<RecordSummary>> = own.collect();
        let to_repair = own.values().filter(|record| record.quarantined);
        let quarantined = to_repair.map(|record| record.id).collect();
        summaries.extend(own);
        let listed = Listed::of(&summaries).await;
        Ok(Found { device, summaries, listed, names, known, quarantined })
    }

    /// A page of a pull changed these records, and noted so under that key.
    pub(crate) async fn pulled(
        self,
        ids: &BTreeSet<RecordId>,
        page: &Page,
        note: Option<Key>,
    ) -> Result<(), StorageError> {
        self.read_some(ids, Some(page)).await?;
        self.index.try_update_value(|index| {
            index.meanwhile.known.pulled(ids.len(), note.clone());
            index.kept.pulled(ids.len(), note);
        });
        self.show_soon();
        Ok(())
    }

    /// Shows what changed, in the other tabs too: at once, unless that was done just now. A first pull has hundreds of
    /// pages, and lists of everything take longer than a page.
    pub(super) fn show_soon(self) {
        const EVERY_MS: u32 = 1_000;
        let was = self.shown.try_update_value(|shown| match shown {
            Shown::Before => std::mem::replace(shown, Shown::JustNow),
            Shown::JustNow | Shown::ToBeAgain => std::mem::replace(shown, Shown::ToBeAgain),
        });
        if was != Some(Shown::Before) {
            return;
        }
        self.publish();
        self.tell_other_tabs();
        // Nobody calls it off.
        drop(tasks::after(EVERY_MS, move || {
            let was = self.shown.try_update_value(|shown| std::mem::replace(shown, Shown::Before));
            if was == Some(Shown::ToBeAgain) {
                self.show_soon();
            }
        }));
    }

    /// Keeps the summaries for the next start, if many of those that are kept do not hold any more. Any tab may: what
    /// it does not know of yet stays noted.
    pub(crate) async fn keep_summaries(self) -> Result<(), StorageError> {
        let known = self.index.try_update_value(|index| {
            let is_due = self.whole.get_untracked()
                && index.kept.stale > summaries::STALE_MAX.max(index.summaries.len() / 16);
            // None are due meanwhile.
            is_due.then(|| std::mem::take(&mut index.kept))
        });
        let Some(Some(known)) = known else { return Ok(()) };
        let kept = self.keep_all(&known).await;
        self.index.try_update_value(|index| match &kept {
            Ok(Some(now)) => index.kept.add(now),
            Ok(None) | Err(_) => index.kept.add(&known),
        });
        kept.map(drop)
    }

    async fn keep_all(
        self,
        known: &summaries::Known,
    ) -> Result<Option<summaries::Known>, StorageError> {
        let Some(storage) = self.storage.try_get_value() else { return Ok(None) };
        let Some(begun) = self.index.try_update_value(Index::begin) else { return Ok(None) };
        let snapshot = self.snapshot(&storage).await;
        let changed = self.index.try_update_value(|index| {
            let changed: BTreeSet<RecordId> = index.meanwhile.since(begun).copied().collect();
            index.end();
            changed
        });
        let mut snapshot = snapshot?;
        snapshot.leave_out(changed.unwrap_or_default());
        snapshot.keep(&storage, known).await
    }

    /// All summaries, in turns: what changes meanwhile is in it as it was, or as it is then.
    async fn snapshot(self, storage: &Storage) -> Result<summaries::Snapshot, StorageError> {
        const AT_ONCE: usize = 256;
        let mut reads = vec![Read::Row(Store::Summaries, summaries::HEAD.into())];
        reads.extend(own_rows());
        let mut rows = storage.read(reads).await?.into_iter();
        let mut next = || rows.next().unwrap_or_default();
        let head = next().pop().map(|(_, head)| head);
        let own = gather(Rows::new(), &next(), next(), next())?;
        let mut local: BTreeSet<RecordId> = own.into_keys().collect();
        let of_others = self.index.try_with_value(|index| unsent_of_others(&index.device));
        local.extend(of_others.into_iter().flatten());
        let (mut own, mut after, mut turn) = (Vec::new(), Bound::Unbounded, Turn::begin());
        loop {
            let part: Option<Vec<Arc<RecordSummary>>> = self.index.try_with_value(|index| {
                let rest = index.summaries.range((after, Bound::Unbounded));
                let rest = rest.filter(|(id, _)| !local.contains(*id)).take(AT_ONCE);
                rest.map(|(_, summary)| Arc::clone(summary)).collect()
            });
            let Some(part) = part else { return Err(StorageError::Closed) };
            let Some(last) = part.last() else { break };
            after = Bound::Excluded(last.id);
            own.extend(part);
            turn.rest().await;
        }
        Ok(summaries::Snapshot::of(own, local, head))
    }

    /// Shows what changed.
    pub(super) fn publish(self) {
        let changed = self.index.try_update_value(|index| {
            let changed = std::mem::take(&mut index.changed);
            let now = changed.iter().filter_map(|id| index.summaries.get(id).cloned());
            (std::mem::take(&mut index.listed).into_values(), now.collect::<Vec<_>>())
        });
        if let Some((gone, come)) = changed {
            self.all.try_update(|all| Arc::make_mut(all).replace(gone, come));
        }
    }
}

/// What the phone has beside what pulls brought of records: for [`gather`].
fn own_rows() -> [Read; 3] {
    let waits = Read::Row(Store::Meta, meta::WAITS.into());
    [waits, Read::All(Store::Outbox), Read::All(Store::Open)]
}

/// Puts the rows of each record together.
pub(crate) fn gather(
    base: Rows,
    waits: &Rows,
    sealed: Rows,
    open: Rows,
) -> Result<BTreeMap<RecordId, Parts>, StorageError> {
    let mut parts: BTreeMap<RecordId, Parts> = BTreeMap::new();
    for (_, bytes) in base {
        let base: Base = outbox::decode(&bytes, "record")?;
        let record = base.state.record;
        parts.entry(record).or_default().base = Some(base);
    }
    for held in outbox::waits(waits)?.iter().filter_map(Waits::held) {
        let parts = parts.entry(held.operation.record).or_default();
        parts.outbox.push(held);
        parts.waits += 1;
    }
    for (_, row) in sealed {
        let held = OutboxRow::decode(&row)?.held()?;
        parts.entry(held.operation.record).or_default().outbox.push(held);
    }
    for (_, bytes) in open {
        let patch: OpenPatch = outbox::decode(&bytes, "open patch")?;
        let record = patch.record;
        parts.entry(record).or_default().open = Some(patch);
    }
    Ok(parts)
}

/// The records of operations that the device answers for under other names and that the server is not known to hold; one
/// for each operation.
pub(super) fn unsent_of_others(device: &DeviceState) -> Vec<RecordId> {
    let unsent = device.former().iter().flat_map(|former| {
        former.operations.iter().filter(|operation| operation.seq > former.acked)
    });
    let read = |operation: &SealedOperation| sync::codec::decode::<Operation>(&operation.bytes);
    unsent.filter_map(|operation| Some(read(operation).ok()?.record)).collect()
}

#[cfg(test)]
mod tests {
    use futures::{executor::block_on, future::join};
    use sync::wire::{FormRef, Hash, RecordState};

    use super::*;
    use crate::{platform::storage::Change, stores::listed::tests::record};

    fn ids(count: u16) -> impl Iterator<Item = RecordId> {
        (0..count).map(|at| RecordId(u128::from(at).to_be_bytes()))
    }

    #[test]
    fn very_many_records_are_read_a_few_hundred_at_a_time() {
        let storage = Storage::in_memory();
        let put = |id: RecordId| Change::Put(Store::Base, id.into(), id.0.to_vec());
        block_on(storage.write(ids(1_000).map(put).collect())).expect("written");
        let odd = || ids(1_000).skip(1).step_by(2);
        for which in [None, Some(odd().collect()), Some(odd().take(7).collect()), Some([].into())] {
            let all: BTreeSet<RecordId> = which.clone().unwrap_or_else(|| ids(1_000).collect());
            let mut portions = block_on(Portions::of(&storage, which)).expect("read");
            let mut found = Vec::new();
            while let Some(rows) = block_on(portions.next(&storage)).expect("read") {
                assert!(rows.len() <= PORTION, "{}", rows.len());
                found.extend(rows.into_iter().map(|(key, _)| key));
            }
            assert_eq!(found, all.into_iter().map(Key::from).collect::<Vec<_>>());
        }
    }

    #[test]
    fn what_a_generation_brought_is_told_by_its_rows() {
        Owner::new().with(|| {
            let storage = Storage::in_memory();
            let records = block_on(Records::load(storage.clone())).expect("read");
            let put = |record: RecordId| {
                let form =
                    FormRef { id: String::new(), version: String::new(), hash: Hash([0; 32]) };
                let state = RecordState {
                    record,
                    form,
                    unit: String::new(),
                    author: String::new(),
                    received_ms: 0,
                    changed_ms: 0,
                    fields: BTreeMap::new(),
                    rv: 0,
                    left: false,
                    writers: BTreeMap::new(),
                };
                let generation = u64::from(record.0[15] % 3);
                let base = Base { state, included: 0, generation };
                Change::Put(Store::Base, record.into(), sync::codec::encode(&base))
            };
            block_on(storage.write(ids(1_000).map(put).collect())).expect("written");
            for generation in 0..4 {
                let brought = block_on(records.of_generation(generation)).expect("read");
                let is_newer = |id: &RecordId| u64::from(id.0[15] % 3) >= generation;
                assert_eq!(brought, ids(1_000).filter(is_newer).collect(), "{generation}");
            }
        });
    }

    #[test]
    fn a_record_that_changes_while_summaries_are_kept_is_read_from_itself_at_the_next_start() {
        Owner::new().with(|| {
            let storage = Storage::in_memory();
            let records = block_on(Records::load(storage.clone())).expect("read");
            let put = |id: u8, title: &str| {
                let summary =
                    RecordSummary { deleted: false, ..(*record(id, [1; 4], title)).clone() };
                records.index.update_value(|index| index.put(summary.id, Some(summary)));
            };
            (1..4).for_each(|id| put(id, "Trước"));
            let known = summaries::Known::nothing();
            let (kept, ()) = block_on(join(records.keep_all(&known), async { put(2, "Sau") }));
            assert!(kept.expect("written").is_some());
            let rows = block_on(summaries::rows(&storage)).expect("read");
            let found = block_on(summaries::read(rows)).expect("readable").expect("kept");
            assert_eq!(found.changed, [RecordId([2; 16])].into());
            assert_eq!(found.summaries.len(), 2);
            records.index.with_value(|index| assert!(index.meanwhile.records.is_empty()));
        });
    }
}
