//! What stands in memory of the records, and how it takes what others read while it changed.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use sync::{device::DeviceState, wire::RecordId};

use super::RecordSummary;
use crate::{
    platform::tasks,
    stores::{listed::Listed, summaries},
};

/// What the store holds beside the summaries.
pub(super) struct Index {
    pub(super) device: DeviceState,
    pub(super) summaries: BTreeMap<RecordId, Arc<RecordSummary>>,
    /// The names of people by account.
    pub(super) names: BTreeMap<String, String>,
    /// What changed while others read.
    pub(super) meanwhile: Meanwhile,
    /// Records that changed since lists were shown, and what those show of them.
    pub(super) changed: BTreeSet<RecordId>,
    pub(super) listed: BTreeMap<RecordId, Arc<RecordSummary>>,
    /// What of [`Store::Summaries`] these summaries know.
    pub(super) kept: summaries::Known,
    /// Records of which the server keeps a part for the repair desk. They are few, and counted often.
    pub(super) quarantined: BTreeSet<RecordId>,
}

/// What changed while somebody reads, who may have read it before that or after.
#[derive(Default)]
pub(super) struct Meanwhile {
    /// How many read.
    readers: usize,
    /// Counts reads that began, and what was taken.
    now: u64,
    /// When a record was last taken.
    pub(super) records: BTreeMap<RecordId, u64>,
    /// When the device's memory was.
    device: u64,
    /// When the last reading of all began that was taken.
    pub(super) all: u64,
    pub(super) known: summaries::Known,
}

impl Meanwhile {
    fn tick(&mut self) -> u64 {
        self.now += 1;
        self.now
    }

    pub(super) fn took(&mut self, id: RecordId) {
        if self.readers > 0 {
            let now = self.tick();
            self.records.insert(id, now);
        }
    }

    /// The records that were taken since somebody began to read.
    pub(super) fn since(&self, begun: u64) -> impl Iterator<Item = &RecordId> {
        self.records.iter().filter(move |(_, taken)| **taken > begun).map(|(id, _)| id)
    }
}

/// All records as they were read.
pub(super) struct Found {
    pub device: DeviceState,
    pub summaries: BTreeMap<RecordId, Arc<RecordSummary>>,
    pub listed: Listed,
    pub names: BTreeMap<String, String>,
    pub known: summaries::Known,
    pub quarantined: BTreeSet<RecordId>,
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
            quarantined: BTreeSet::new(),
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
        match &summary {
            Some(summary) if summary.quarantined => self.quarantined.insert(id),
            _ => self.quarantined.remove(&id),
        };
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
    pub(super) fn take(&mut self, read: Found, begun: u64) -> Listed {
        let Found { device, mut summaries, mut listed, mut names, mut known, quarantined } = read;
        let before = std::mem::replace(&mut self.quarantined, quarantined);
        let (mut gone, mut come) = (Vec::new(), Vec::new());
        for id in self.meanwhile.since(begun) {
            self.quarantined.remove(id);
            self.quarantined.extend(before.get(id));
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
        (self.names, self.kept) = (names, known);
        tasks::drop_in_turns(std::mem::replace(&mut self.summaries, summaries));
        listed
    }
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;
    use leptos::prelude::*;

    use super::*;
    use crate::{
        platform::storage::Storage,
        stores::{listed::tests::record, records::Records},
    };

    #[test]
    fn records_that_wait_for_repair_are_counted_as_they_change() {
        Owner::new().with(|| {
            let records = block_on(Records::load(Storage::in_memory())).expect("read");
            let summary = |id: u8, quarantined: bool| RecordSummary {
                quarantined,
                ..(*record(id, [1; 4], "")).clone()
            };
            let put = |id: u8, waits: Option<bool>| {
                let summary = waits.map(|waits| summary(id, waits));
                records.index.update_value(|index| index.put(RecordId([id; 16]), summary));
                records.quarantined()
            };
            let told =
                [(1, Some(true)), (2, Some(true)), (3, Some(false)), (1, Some(false)), (2, None)];
            assert_eq!(told.map(|(id, waits)| put(id, waits)), [1, 2, 2, 1, 0]);
            // What changes while all is read anew stays as it is, and so does its count.
            let found = |waiting: &[u8]| Found {
                device: records.device(),
                summaries: waiting
                    .iter()
                    .map(|id| (RecordId([*id; 16]), Arc::new(summary(*id, true))))
                    .collect(),
                listed: Listed::default(),
                names: BTreeMap::new(),
                known: summaries::Known::default(),
                quarantined: waiting.iter().map(|id| RecordId([*id; 16])).collect(),
            };
            let found = found(&[4, 6]);
            records.index.update_value(|index| {
                let begun = index.begin();
                index.put(RecordId([5; 16]), Some(summary(5, true)));
                index.put(RecordId([6; 16]), Some(summary(6, false)));
                index.take(found, begun);
                index.end();
            });
            let waiting = [4, 5].map(|id| RecordId([id; 16]));
            records.index.with_value(|index| assert_eq!(index.quarantined, waiting.into()));
        });
    }
}
