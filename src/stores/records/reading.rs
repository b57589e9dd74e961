//! The records in memory: read from the disk, followed as they change, and shown.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use leptos::prelude::*;
use sync::{
    device::DeviceState,
    draft::OpenPatch,
    view::{Base, Held},
    wire::{Operation, RecordId, SealedOperation},
};

use super::{RecordSummary, Records, summing::summary_of};
use crate::{
    platform::{
        storage::{
            Read, Rows, StorageError, Store,
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

/// What the store holds beside the summaries.
pub(super) struct Index {
    pub(super) device: DeviceState,
    pub(super) summaries: BTreeMap<RecordId, Arc<RecordSummary>>,
    /// The names of people by account.
    pub(super) names: BTreeMap<String, String>,
    /// What changed while others read.
    meanwhile: Meanwhile,
    /// Records that changed since lists were shown, and what those show of them.
    changed: BTreeSet<RecordId>,
    listed: BTreeMap<RecordId, Arc<RecordSummary>>,
    /// What of [`Store::Summaries`] these summaries know.
    kept: summaries::Known,
}

/// What changed while somebody reads, who may have read it before that or after.
#[derive(Default)]
struct Meanwhile {
    /// How many read.
    readers: usize,
    /// Counts reads that began, and what was taken.
    now: u64,
    /// When a record was last taken.
    records: BTreeMap<RecordId, u64>,
    /// When the device's memory was.
    device: u64,
    /// When the last reading of all began that was taken.
    all: u64,
    known: summaries::Known,
}

impl Meanwhile {
    fn tick(&mut self) -> u64 {
        self.now += 1;
        self.now
    }

    fn took(&mut self, id: RecordId) {
        if self.readers > 0 {
            let now = self.tick();
            self.records.insert(id, now);
        }
    }
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

/// All records as they were read.
struct Found {
    device: DeviceState,
    summaries: BTreeMap<RecordId, Arc<RecordSummary>>,
    listed: Listed,
    names: BTreeMap<String, String>,
    known: summaries::Known,
}

impl Index {
    /// With no record yet.
    pub(super) fn new(device: DeviceState) -> Self {
        Self {
            device,
            summaries: BTreeMap::new(),
            names: BTreeMap::new(),
            meanwhile: Meanwhile::default(),
            changed: BTreeSet::new(),
            listed: BTreeMap::new(),
            kept: summaries::Known::default(),
        }
    }

    /// Somebody begins to read: when.
    pub(super) fn begin(&mut self) -> u64 {
        self.meanwhile.readers += 1;
        self.meanwhile.tick()
    }

    /// Somebody has read.
    pub(super) fn end(&mut self) {
        self.meanwhile.readers -= 1;
        if self.meanwhile.readers == 0 {
            self.meanwhile = Meanwhile { now: self.meanwhile.now, ..Meanwhile::default() };
        }
    }

    /// Whether others took a record since somebody began to read.
    pub(super) fn is_newer(&self, id: &RecordId, begun: Option<u64>) -> bool {
        self.meanwhile.records.get(id).copied() > begun
    }

    /// Takes the device's memory.
    pub(super) fn put_device(&mut self, device: DeviceState) {
        self.device = device;
        self.meanwhile.device = self.meanwhile.tick();
    }

    /// Takes a record's summary; none: there is nothing of it any more.
    pub(super) fn put(&mut self, id: RecordId, summary: Option<RecordSummary>) {
        self.meanwhile.took(id);
        let before = match summary {
            Some(summary) => self.summaries.insert(id, Arc::new(summary)),
            None => self.summaries.remove(&id),
        };
        if self.changed.insert(id)
            && let Some(before) = before
        {
            self.listed.insert(id, before);
        }
    }

    /// Takes what was read since then, of which it says the lists; what changed meanwhile stays.
    fn take(&mut self, read: Found, begun: u64) -> Listed {
        let Found { device, mut summaries, mut listed, mut names, mut known } = read;
        let (mut gone, mut come) = (Vec::new(), Vec::new());
        for (id, _) in self.meanwhile.records.iter().filter(|(_, taken)| **taken > begun) {
            let newer = self.summaries.remove(id);
            come.extend(newer.clone());
            gone.extend(match newer {
                Some(newer) => summaries.insert(*id, newer),
                None => summaries.remove(id),
            });
        }
        listed.replace(gone, come);
        names.append(&mut self.names);
        known.add(&self.meanwhile.known);
        if self.meanwhile.device < begun {
            self.device = device;
        }
        self.changed.clear();
        self.listed.clear();
        (self.summaries, self.names, self.kept) = (summaries, names, known);
        listed
    }
}

/// The rows that a record is made of.
#[derive(Default)]
pub(crate) struct Parts {
    pub(super) base: Option<Base>,
    pub outbox: Vec<Held>,
    pub open: Option<OpenPatch>,
}

impl Records {
    /// Reads some records anew.
    pub async fn refresh(self, ids: &BTreeSet<RecordId>) -> Result<(), StorageError> {
        self.read_some(ids, Vec::new()).await?;
        self.publish();
        Ok(())
    }

    /// Reads some records anew; of those that `came` with a page, the phone's own part only.
    async fn read_some(
        self,
        ids: &BTreeSet<RecordId>,
        mut came: Vec<Base>,
    ) -> Result<(), StorageError> {
        while !self.read_once(ids, std::mem::take(&mut came)).await? {}
        Ok(())
    }

    /// Whether what was read was taken: it is not if others took one of these records meanwhile, who may have read it later.
    async fn read_once(
        self,
        ids: &BTreeSet<RecordId>,
        came: Vec<Base>,
    ) -> Result<bool, StorageError> {
        let begun = self.index.try_update_value(Index::begin);
        let read = self.read_parts(ids, came).await;
        let taken = self.index.try_update_value(|index| {
            let is_taken = !ids.iter().any(|id| index.is_newer(id, begun));
            if let (Ok((device, parts)), true) = (&read, is_taken) {
                let of_others = unsent_of_others(device);
                for id in ids {
                    let parts = parts.get(id);
                    index.put(*id, parts.and_then(|parts| summary_of(device, parts, &of_others)));
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
        came: Vec<Base>,
    ) -> Result<(DeviceState, BTreeMap<RecordId, Parts>), StorageError> {
        let known: BTreeSet<RecordId> = sync::gather(came.iter().map(|base| base.state.record));
        let mut reads = Vec::new();
        // Each request costs, and few patches are open when many records change at once.
        if ids.len() <= FEW {
            reads.extend(ids.iter().map(|id| Read::Row(Store::Open, (*id).into())));
        } else {
            reads.push(Read::All(Store::Open));
        }
        let of_phone = reads.len();
        let unknown = ids.iter().filter(|id| !known.contains(id));
        reads.extend(unknown.map(|id| Read::Row(Store::Base, (*id).into())));
        let WithSealed { device, sealed, others: mut open } =
            self.read_with_sealed(ids, reads).await?;
        let base = open.split_off(of_phone).into_iter().flatten().collect();
        let mut parts = gather(base, sealed, open.into_iter().flatten().collect())?;
        for base in came.into_iter().filter(|base| !base.state.left) {
            let record = base.state.record;
            parts.entry(record).or_default().base = Some(base);
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
        if let Some(taken) = taken? {
            self.all.try_set(Arc::new(taken));
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
            reads.extend([Read::All(Store::Outbox), Read::All(Store::Open)]);
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
        let (names, sealed, open) = (outbox::names(&next())?, next(), next());
        let of_others = unsent_of_others(&device);
        let mut parts = gather(Rows::new(), sealed, open)?;
        if those != Those::Others {
            let held = parts.values().flat_map(|parts| &parts.outbox);
            let read = outbox::Sealed::of(device.device, held);
            self.sealed.try_update_value(|sealed| sealed.renew(read));
        }
        let summarised = |parts: &Parts| {
            let summary = summary_of(&device, parts, &of_others)?;
            Some((summary.id, Arc::new(summary)))
        };
        let (mut summaries, known) = match kept {
            Some(found) => {
                let changed = parts.keys().chain(&found.changed).chain(&of_others).copied();
                let ids: BTreeSet<RecordId> = changed.collect();
                let row = |id: &RecordId| Read::Row(Store::Base, (*id).into());
                let base = storage.read(ids.iter().map(row).collect()).await?;
                add_base(&mut parts, base.into_iter().flatten())?;
                let mut summaries = found.summaries;
                for id in &ids {
                    summaries.remove(id);
                }
                (summaries, found.known)
            }
            // Never kept, or by another version of the app.
            None => {
                let (mut summaries, mut turn) = (BTreeMap::new(), Turn::begin());
                for (_, bytes) in storage.all(Store::Base).await? {
                    turn.rest().await;
                    let base: Base = outbox::decode(&bytes, "record")?;
                    let record = base.state.record;
                    if let Some(parts) = parts.get_mut(&record) {
                        parts.base = Some(base);
                        continue;
                    }
                    let parts = Parts { base: Some(base), ..Parts::default() };
                    summaries.extend(summarised(&parts));
                }
                (summaries, summaries::Known::nothing())
            }
        };
        summaries.extend(parts.values().filter_map(summarised));
        let listed = Listed::of(&summaries).await;
        Ok(Found { device, summaries, listed, names, known })
    }

    /// A page of a pull changed these records, and noted so under that key; `came` is what it brought of them.
    pub(crate) async fn pulled(
        self,
        ids: &BTreeSet<RecordId>,
        came: Vec<Base>,
        note: Option<Key>,
    ) -> Result<(), StorageError> {
        self.read_some(ids, came).await?;
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
        let decide = move |rows: Vec<Rows>| {
            let mut rows = rows.into_iter();
            let mut next = || rows.next().unwrap_or_default();
            let (sealed, open) = (next(), next());
            let mut local: BTreeSet<RecordId> =
                gather(Rows::new(), sealed, open)?.into_keys().collect();
            let head = next().pop().map(|(_, head)| head);
            let snapshot = self.index.with_value(|index| {
                local.extend(unsent_of_others(&index.device));
                summaries::Snapshot::of(&index.summaries, local, head)
            });
            Ok((Vec::new(), snapshot))
        };
        let reads = vec![
            Read::All(Store::Outbox),
            Read::All(Store::Open),
            Read::Row(Store::Summaries, summaries::HEAD.into()),
        ];
        let snapshot = storage.update(reads, &[], decide).await?;
        snapshot.keep(&storage, known).await
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

/// Puts the rows of each record together.
pub(crate) fn gather(
    base: Rows,
    sealed: Rows,
    open: Rows,
) -> Result<BTreeMap<RecordId, Parts>, StorageError> {
    let mut parts: BTreeMap<RecordId, Parts> = BTreeMap::new();
    add_base(&mut parts, base)?;
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

fn add_base(
    parts: &mut BTreeMap<RecordId, Parts>,
    rows: impl IntoIterator<Item = (Key, Vec<u8>)>,
) -> Result<(), StorageError> {
    for (_, bytes) in rows {
        let base: Base = outbox::decode(&bytes, "record")?;
        let record = base.state.record;
        parts.entry(record).or_default().base = Some(base);
    }
    Ok(())
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
