//! Every record that this phone holds, as lists show them.
//!
//! A record is what a pull brought, this device's own operations that are not in that yet, and the open patch on top;
//! `sync::view` puts them together. Here each gets a short summary in memory; the rest stays in the store.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use sync::{
    device::DeviceState,
    draft::OpenPatch,
    view::{Base, Held, RecordView},
    wire::{Action, FileRef, Hash, Operation, RecordId, SealedOperation, State, Value, Verdict},
};
use thiserror::Error;

use self::summing::{summary_of, view_of};
use super::{blobs, listed::Listed, outbox, summaries};
use crate::platform::{
    broadcast::Channel,
    http::{HttpError, Request},
    json,
    storage::{
        Change, Read, Rows, Storage, StorageError, Store,
        schema::{BlobRow, Key, OutboxRow, meta},
    },
    tasks,
};

mod summing;

/// A record as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordSummary {
    /// The record.
    pub id: RecordId,
    /// Its form's id.
    pub form_id: String,
    /// Its form's version.
    pub form_version: String,
    /// SHA-256 of its form's XML.
    pub form_hash: Hash,
    /// The org unit it belongs to.
    pub unit: String,
    /// The account that created it.
    pub author: String,
    /// Its title; empty if the form gives none.
    pub title: String,
    /// Where it stands in its life.
    pub state: State,
    /// When it last changed, milliseconds since 1970.
    pub changed_ms: i64,
    /// Whether it is put away.
    pub deleted: bool,
    /// Whether the server lacks a part of it.
    pub unsent: bool,
    /// Whether the server keeps a part of it for the repair desk.
    pub quarantined: bool,
    /// How many conflicts ask for a person.
    pub conflicts: usize,
    /// Title and short answers without diacritics, for search.
    pub folded: String,
}

/// Which records to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Of this form.
    pub form: Option<String>,
    /// Of this unit.
    pub unit: Option<String>,
    /// In this state.
    pub state: Option<State>,
    /// By this account.
    pub author: Option<String>,
    /// Only those that the server lacks a part of.
    pub unsent_only: bool,
}

impl Filter {
    /// Whether a record is wanted.
    #[must_use]
    pub fn accepts(&self, record: &RecordSummary) -> bool {
        let is = |wanted: &Option<String>, found: &str| {
            wanted.as_deref().is_none_or(|wanted| wanted == found)
        };
        self.state.is_none_or(|state| state == record.state)
            && (!self.unsent_only || record.unsent)
            && is(&self.form, &record.form_id)
            && is(&self.unit, &record.unit)
            && is(&self.author, &record.author)
    }
}

/// One line of a record's history, as the server tells it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct HistoryEntry {
    /// The account.
    pub author: String,
    /// The person's name.
    pub author_name: String,
    /// What the device calls itself.
    #[serde(rename = "device_name")]
    pub device: String,
    /// The device's id, 32 hexadecimal digits.
    #[serde(rename = "device")]
    pub device_id: String,
    /// Its place in the device's count.
    pub seq: u64,
    /// What was done: `create`, `edit`, `submit` …
    pub action: String,
    /// The phone's clock then, milliseconds since 1970.
    pub wall_ms: i64,
    /// When the server received it.
    pub received_ms: i64,
    /// What became of it: `applied`, `merged`, `conflict` or `quarantined`.
    pub outcome: String,
    /// What it wrote.
    pub fields: Vec<Written>,
}

/// One field that an act wrote, as the server tells it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Written {
    /// The field's path.
    pub path: String,
    /// Its new value, or a file's name; none if it was left empty.
    pub value: Option<String>,
    /// How many earlier values it replaced.
    pub replaced: usize,
}

/// Why there is no history, or no file.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FetchError {
    /// No connection to the server.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// The server answered with an error: its code.
    #[error("server refused: {0}")]
    Refused(String),
    /// The server asks to wait so many minutes.
    #[error("to wait {0} min")]
    Wait(u32),
    /// The answer makes no sense.
    #[error("not understood: {0}")]
    Garbled(String),
    /// The phone's storage failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// What the store holds beside the summaries.
struct Index {
    device: DeviceState,
    summaries: BTreeMap<RecordId, Arc<RecordSummary>>,
    /// The names of people by account.
    names: BTreeMap<String, String>,
    /// What changed while all is read anew.
    meanwhile: Meanwhile,
    /// Records that changed since lists were shown, and what those show of them.
    changed: BTreeSet<RecordId>,
    listed: BTreeMap<RecordId, Arc<RecordSummary>>,
    /// What of [`Store::Summaries`] these summaries know.
    kept: summaries::Known,
}

/// What changed while all is read anew, which may have been read before that or after.
#[derive(Default)]
struct Meanwhile {
    /// How often all is being read.
    reads: usize,
    records: BTreeSet<RecordId>,
    device: bool,
    known: summaries::Known,
}

/// The records of this phone.
#[derive(Clone, Copy)]
pub struct Records {
    storage: StoredValue<Storage, LocalStorage>,
    index: StoredValue<Index>,
    /// Lists of everything are made often; they share what they list.
    all: RwSignal<Arc<Listed>>,
    other_tabs: StoredValue<Channel, LocalStorage>,
    /// Counts local changes; sync starts when it moves.
    edits: RwSignal<u64>,
    submissions: RwSignal<u64>,
    /// Whether all records are here; at first only those are that this phone has work of.
    whole: RwSignal<bool>,
    shown: StoredValue<Shown>,
    /// Records that changed here and whose summaries do not tell it yet.
    stale: StoredValue<BTreeSet<RecordId>>,
    sealed: StoredValue<outbox::Sealed>,
}

/// How far the summary of a record may be behind a form on screen: of a new one, and of one that is listed already.
const APPEARS_AFTER_MS: u32 = 1_000;
const FOLLOWS_AFTER_MS: u32 = 10_000;

/// So many records are read one by one.
const FEW: usize = 16;

/// When what a pull brought was last shown.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shown {
    Before,
    JustNow,
    /// And more came since.
    ToBeAgain,
}

/// Which records to read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Those {
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
    names: BTreeMap<String, String>,
    known: summaries::Known,
}

impl Index {
    /// Takes a record's summary; none: there is nothing of it any more.
    fn put(&mut self, id: RecordId, summary: Option<RecordSummary>) {
        if self.meanwhile.reads > 0 {
            self.meanwhile.records.insert(id);
        }
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

    /// Takes what was read; what changed meanwhile stays.
    fn take(&mut self, read: Found) {
        let Found { device, mut summaries, mut names, mut known } = read;
        for id in &self.meanwhile.records {
            match self.summaries.remove(id) {
                Some(newer) => drop(summaries.insert(*id, newer)),
                None => drop(summaries.remove(id)),
            }
        }
        names.append(&mut self.names);
        known.add(&self.meanwhile.known);
        if !self.meanwhile.device {
            self.device = device;
        }
        self.changed.clear();
        self.listed.clear();
        (self.summaries, self.names, self.kept) = (summaries, names, known);
    }
}

/// The rows that a record is made of.
#[derive(Default)]
pub(super) struct Parts {
    base: Option<Base>,
    pub outbox: Vec<Held>,
    pub open: Option<OpenPatch>,
}

impl Records {
    /// Reads those that this phone has work of: what a person goes on with. [`Self::load_others`] brings the others.
    pub async fn load(storage: Storage) -> Result<Self, StorageError> {
        let channel = Channel::open(&format!("sotay.records {}", storage.name()));
        Self::with(storage, channel).await
    }

    /// Records that are only tried: no other tab and no sync hears of them.
    pub(super) async fn tried(storage: Storage) -> Result<Self, StorageError> {
        Self::with(storage, Channel::closed()).await
    }

    async fn with(storage: Storage, other_tabs: Channel) -> Result<Self, StorageError> {
        let device = outbox::device(&storage).await?;
        let records = Self {
            storage: StoredValue::new_local(storage),
            index: StoredValue::new(Index {
                device,
                summaries: BTreeMap::new(),
                names: BTreeMap::new(),
                meanwhile: Meanwhile::default(),
                changed: BTreeSet::new(),
                listed: BTreeMap::new(),
                kept: summaries::Known::default(),
            }),
            all: RwSignal::new(Arc::default()),
            other_tabs: StoredValue::new_local(other_tabs.clone()),
            edits: RwSignal::new(0),
            submissions: RwSignal::new(0),
            whole: RwSignal::new(false),
            shown: StoredValue::new(Shown::Before),
            stale: StoredValue::new(BTreeSet::new()),
            sealed: StoredValue::new(outbox::Sealed::default()),
        };
        records.read(Those::OwnWork).await?;
        other_tabs.on_message(move |_| tasks::spawn(async move { report(records.reload().await) }));
        Ok(records)
    }

    /// All records but those put away, the newest change first.
    #[must_use]
    pub fn all(self) -> Signal<Arc<Listed>> {
        self.all.into()
    }

    /// The records that a filter accepts, the newest change first. Follows every change when called in a view.
    #[must_use]
    pub fn find(self, filter: &Filter) -> Vec<Arc<RecordSummary>> {
        self.all.with(|all| all.iter().filter(|record| filter.accepts(record)).cloned().collect())
    }

    /// One record as lists show it; those put away too.
    #[must_use]
    pub fn summary(self, id: RecordId) -> Option<Arc<RecordSummary>> {
        self.all.track();
        self.index.with_value(|index| index.summaries.get(&id).cloned())
    }

    /// What stands in a record, this phone's own unsent changes included.
    pub async fn view(self, id: RecordId) -> Result<Option<RecordView>, StorageError> {
        Ok(self.view_with_place(id).await?.0)
    }

    /// As [`Self::view`], with where the person was in it and the newest operation of this device that it shows.
    pub(super) async fn view_with_place(
        self,
        id: RecordId,
    ) -> Result<(Option<RecordView>, Option<String>, u64), StorageError> {
        let reads = vec![
            Read::Row(Store::Base, id.into()),
            Read::Row(Store::Open, id.into()),
            Read::Row(Store::Place, id.into()),
            Read::Row(Store::Meta, meta::LAST_SEQ.into()),
        ];
        let (sealed, rows) = self.read_with_sealed(&sync::gather([id]), reads).await?;
        let mut rows = rows.into_iter();
        let mut next = || rows.next().unwrap_or_default();
        let mut parts = gather(next(), sealed, next())?;
        let place = next().pop().map(|(_, path)| String::from_utf8_lossy(&path).into_owned());
        let last = next().pop().map(|(_, seq)| outbox::decode(&seq, "last place")).transpose()?;
        let parts = parts.remove(&id).unwrap_or_default();
        let view = self.index.with_value(|index| view_of(&index.device, &parts));
        Ok((view, place, last.unwrap_or_default()))
    }

    /// Who did what to a record, from the server.
    pub async fn history(self, id: RecordId) -> Result<Vec<HistoryEntry>, FetchError> {
        let answer = Request::get(format!("/api/v1/records/{id}/history")).send(&[]).await?;
        if !answer.is_ok() {
            return Err(refusal(&answer));
        }
        json::read(&answer.body).map_err(FetchError::Garbled)
    }

    /// A file that a record names: from this phone, else from the server.
    pub async fn file(self, file: &FileRef) -> Result<Vec<u8>, FetchError> {
        let storage = self.storage.get_value();
        if let Some(bytes) = blobs::read(&storage, file.hash).await? {
            return Ok(bytes);
        }
        let answer = Request::get(format!("/api/v1/blobs/{}", file.hash)).send(&[]).await?;
        if !answer.is_ok() {
            return Err(refusal(&answer));
        }
        if sync::codec::hash(&answer.body) != file.hash {
            return Err(FetchError::Garbled("other bytes than the record names".to_owned()));
        }
        Ok(answer.body)
    }

    /// Puts a record away. [`Self::undelete`] brings it back.
    pub async fn delete(self, id: RecordId) -> Result<(), StorageError> {
        self.act(id, Action::Delete).await
    }

    /// Brings a record back.
    pub async fn undelete(self, id: RecordId) -> Result<(), StorageError> {
        self.act(id, Action::Undelete).await
    }

    /// Seals what is open in a record as submitted.
    pub(super) async fn submit(self, id: RecordId) -> Result<(), StorageError> {
        self.act(id, Action::Submit).await
    }

    async fn act(self, id: RecordId, action: Action) -> Result<(), StorageError> {
        let storage = self.storage.get_value();
        self.ensure_patch(id).await?;
        outbox::seal(&storage, outbox::Which::One(id, action), BTreeMap::new()).await?;
        self.refresh(&sync::gather([id])).await?;
        self.tell_other_tabs();
        self.submissions.try_update(|count| *count += 1);
        Ok(())
    }

    /// Settles what people answered differently: these values stand, in place of all that stood there.
    pub async fn settle(
        self,
        id: RecordId,
        values: BTreeMap<String, Value>,
        action: Action,
    ) -> Result<(), StorageError> {
        let storage = self.storage.get_value();
        self.ensure_patch(id).await?;
        let Some(view) = self.view(id).await? else { return Ok(()) };
        let screen = view.screen();
        let decide = move |rows: Vec<Rows>| {
            let mut changes = Vec::new();
            for (key, row) in rows.into_iter().flatten() {
                let mut patch: OpenPatch = outbox::decode(&row, "open patch")?;
                for (path, value) in &values {
                    patch.put(path, value.clone(), &screen);
                }
                changes.push(Change::Put(Store::Open, key, sync::codec::encode(&patch)));
            }
            Ok((changes, ()))
        };
        let reads = vec![Read::Row(Store::Open, id.into())];
        storage.update(reads, &[Store::Open], decide).await?;
        self.act(id, action).await
    }

    /// Makes an empty patch for an act on a record in which nothing is open.
    async fn ensure_patch(self, id: RecordId) -> Result<(), StorageError> {
        let storage = self.storage.get_value();
        if storage.row(Store::Open, id).await?.is_some() {
            return Ok(());
        }
        let Some(view) = self.view(id).await? else { return Ok(()) };
        let author = self.account().await?.unwrap_or_else(|| view.author.clone());
        let patch =
            OpenPatch::new(id, view.form.clone(), view.unit.clone(), author, &view.screen());
        let put = Change::Put(Store::Open, id.into(), sync::codec::encode(&patch));
        storage.write(vec![put]).await
    }

    async fn account(self) -> Result<Option<String>, StorageError> {
        let profile = self.storage.get_value().row(Store::Meta, meta::PROFILE).await?;
        let profile = profile.and_then(|bytes| json::read::<super::sign_in::Profile>(&bytes).ok());
        Ok(profile.map(|profile| profile.account))
    }

    /// Seals every open patch: a sync is about to send.
    pub async fn seal_all(self) -> Result<Vec<Operation>, StorageError> {
        let storage = self.storage.get_value();
        let states = self.index.with_value(|index| {
            sync::gather(index.summaries.iter().map(|(id, record)| (*id, record.state)))
        });
        let sealed = outbox::seal(&storage, outbox::Which::All, states).await?;
        if !sealed.is_empty() {
            self.refresh(&sync::gather(sealed.iter().map(|operation| operation.record))).await?;
        }
        Ok(sealed)
    }

    /// What the server lacks: operations after `acked`, and files.
    pub async fn unsent(
        self,
        acked: u64,
    ) -> Result<(outbox::Unsent, Vec<(Hash, BlobRow)>), StorageError> {
        let storage = self.storage.get_value();
        let mut sealed = self.sealed.get_value();
        let mut unsent = sealed.unsent(&storage, acked).await?;
        self.keep_sealed(sealed);
        let of_others = self.index.with_value(|index| unsent_of_others(&index.device));
        unsent.operations += of_others.len();
        unsent.records.extend(of_others);
        Ok((unsent, blobs::unsent(&storage).await?))
    }

    /// One piece of a file, with the file's media type; `None` if it is not on this phone.
    pub async fn piece(
        self,
        hash: Hash,
        place: u64,
    ) -> Result<Option<(Vec<u8>, String)>, StorageError> {
        blobs::piece(&self.storage.get_value(), hash, place).await
    }

    /// The server holds a file whole.
    pub async fn mark_file_sent(self, hash: Hash) -> Result<(), StorageError> {
        blobs::mark_sent(&self.storage.get_value(), hash).await
    }

    /// How many records have a part that waits at the repair desk.
    #[must_use]
    pub fn quarantined(self) -> usize {
        self.index.with_value(|index| {
            index.summaries.values().filter(|record| record.quarantined).count()
        })
    }

    /// A record's rows changed here: its summary follows soon, here and in the other tabs. A record is read the longer the
    /// more stands in it and waits to be sent, and a form on screen changes it with each answer.
    pub(super) fn changed(self, id: RecordId) {
        let is_first = self.stale.try_update_value(|stale| {
            let is_first = stale.is_empty();
            stale.insert(id);
            is_first
        });
        if is_first == Some(true) {
            let is_listed = self.index.with_value(|index| index.summaries.contains_key(&id));
            let delay_ms = if is_listed { FOLLOWS_AFTER_MS } else { APPEARS_AFTER_MS };
            // It always fires: who followed before has left it nothing to do.
            drop(tasks::after(delay_ms, move || self.follow()));
        }
        self.edits.try_update(|count| *count += 1);
    }

    /// The summaries of what changed follow at once: somebody goes to where they are shown.
    pub(super) fn follow(self) {
        let stale = self.stale.try_update_value(std::mem::take).unwrap_or_default();
        if stale.is_empty() {
            return;
        }
        tasks::spawn(async move {
            report(self.refresh(&stale).await);
            self.tell_other_tabs();
        });
    }

    /// Counts changes made here: sync watches it.
    #[must_use]
    pub fn edits(self) -> Signal<u64> {
        self.edits.into()
    }

    /// Counts acts that a person expects to go out at once: sync watches it.
    #[must_use]
    pub fn submissions(self) -> Signal<u64> {
        self.submissions.into()
    }

    /// The name of the person behind an account; the account where the server has not told it yet.
    #[must_use]
    pub fn person(self, account: &str) -> String {
        let name = self.index.with_value(|index| index.names.get(account).cloned());
        name.unwrap_or_else(|| account.to_owned())
    }

    /// The names of people as they are searched, by account.
    #[must_use]
    pub fn folded_people(self) -> BTreeMap<String, String> {
        let folded = |(account, name): (&String, &String)| (account.clone(), report::fold(name));
        self.index.with_value(|index| sync::gather(index.names.iter().map(folded)))
    }

    /// Takes the names that came with a page of the feed.
    pub(crate) fn add_names(self, names: BTreeMap<String, String>) {
        self.index.try_update_value(|index| index.names.extend(names));
    }

    /// The device's memory of its talks with the server.
    #[must_use]
    pub fn device(self) -> DeviceState {
        self.index.with_value(|index| index.device.clone())
    }

    /// The device's memory changed; it is stored already.
    pub fn set_device(self, device: DeviceState) {
        self.index.update_value(|index| {
            index.device = device;
            index.meanwhile.device = true;
        });
    }

    /// Tells the other tabs to read anew.
    pub fn tell_other_tabs(self) {
        if let Some(channel) = self.other_tabs.try_get_value() {
            channel.post("changed");
        }
    }

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
        came: Vec<Base>,
    ) -> Result<(), StorageError> {
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
        let (sealed, mut rows) = self.read_with_sealed(ids, reads).await?;
        let base = rows.split_off(of_phone).into_iter().flatten().collect();
        let mut parts = gather(base, sealed, rows.into_iter().flatten().collect())?;
        for base in came.into_iter().filter(|base| !base.state.left) {
            let record = base.state.record;
            parts.entry(record).or_default().base = Some(base);
        }
        self.index.try_update_value(|index| {
            let of_others = unsent_of_others(&index.device);
            for id in ids {
                let parts = parts.get(id);
                let summary = parts.and_then(|parts| summary_of(&index.device, parts, &of_others));
                index.put(*id, summary);
            }
        });
        Ok(())
    }

    /// Reads rows with those of the outbox that are of these records.
    async fn read_with_sealed(
        self,
        ids: &BTreeSet<RecordId>,
        reads: Vec<Read>,
    ) -> Result<(Rows, Vec<Rows>), StorageError> {
        let (Some(storage), Some(mut sealed)) =
            (self.storage.try_get_value(), self.sealed.try_get_value())
        else {
            return Err(StorageError::Closed);
        };
        let rows = sealed.read(&storage, &|record| ids.contains(&record), reads).await?;
        self.keep_sealed(sealed);
        Ok(rows)
    }

    fn keep_sealed(self, mut sealed: outbox::Sealed) {
        self.sealed.try_update_value(|before| {
            sealed.follow(before);
            *before = sealed;
        });
    }

    /// Takes the verdicts that have to be noted with their operations from those that go without saying, of which it
    /// says the records.
    pub(crate) fn to_note(self, verdicts: Vec<Verdict>) -> (Vec<Verdict>, BTreeSet<RecordId>) {
        let (mut to_note, mut others) = (Vec::new(), BTreeSet::new());
        self.sealed.with_value(|sealed| {
            for verdict in verdicts {
                match sealed.at(verdict.seq) {
                    Some(brief) if verdict.goes_without_saying() && !brief.is_told => {
                        others.insert(brief.record);
                    }
                    _ => to_note.push(verdict),
                }
            }
        });
        (to_note, others)
    }

    /// The rows of these operations note what the server said.
    pub(crate) fn noted(self, seqs: &[u64]) {
        self.sealed.try_update_value(|sealed| sealed.note(seqs));
    }

    /// Shows that nothing of these records waits any more but what is `unsent`, and that nothing else of them changed.
    pub(crate) fn sent(self, ids: &BTreeSet<RecordId>, unsent: &outbox::Unsent) {
        self.index.try_update_value(|index| {
            for id in ids.difference(&unsent.records) {
                if let Some(summary) = index.summaries.get(id).filter(|summary| summary.unsent) {
                    let sent = RecordSummary { unsent: false, ..(**summary).clone() };
                    index.put(*id, Some(sent));
                }
            }
        });
        self.show_soon();
    }

    /// Reads all records anew.
    pub async fn reload(self) -> Result<(), StorageError> {
        self.read(Those::All).await
    }

    /// Reads those that this phone has no work of.
    pub async fn load_others(self) -> Result<(), StorageError> {
        self.read(Those::Others).await
    }

    /// Whether all records are here.
    #[must_use]
    pub fn is_whole(self) -> Signal<bool> {
        self.whole.into()
    }

    /// Waits until all records are here.
    pub(super) async fn whole(self) -> Result<(), StorageError> {
        if self.whole.get_untracked() { Ok(()) } else { self.reload().await }
    }

    /// The device's memory as it is stored: another tab may have written it.
    pub(crate) async fn reload_device(self) -> Result<(), StorageError> {
        let device = outbox::device(&self.storage.get_value()).await?;
        self.set_device(device);
        Ok(())
    }

    /// Reads these records.
    async fn read(self, those: Those) -> Result<(), StorageError> {
        self.index.try_update_value(|index| index.meanwhile.reads += 1);
        let read = self.read_rows(those).await;
        let taken = self.index.try_update_value(|index| {
            index.meanwhile.reads -= 1;
            let is_over = index.meanwhile.reads == 0;
            if those == Those::Others {
                index.meanwhile.records.extend(index.summaries.keys());
            }
            let taken = read.map(|read| index.take(read));
            if is_over {
                index.meanwhile = Meanwhile::default();
            }
            taken
        });
        let Some(taken) = taken else { return Ok(()) };
        taken?;
        self.publish_anew();
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
            Those::Others | Those::All => match storage.all(Store::Summaries).await {
                // They say nothing that the records do not say: then they are made anew.
                Err(StorageError::Damaged(_)) => None,
                rows => summaries::read(rows?)?,
            },
        };
        let mut rows = storage.read(reads).await?.into_iter();
        let mut next = || rows.next().unwrap_or_default();
        let (names, sealed, open) = (outbox::names(&next())?, next(), next());
        let of_others = unsent_of_others(&device);
        let mut parts = gather(Rows::new(), sealed, open)?;
        if those != Those::Others {
            let held = parts.values().flat_map(|parts| &parts.outbox);
            self.sealed.try_set_value(outbox::Sealed::of(device.device, held));
        }
        let (mut summaries, known) = match kept {
            Some(found) => {
                let changed = parts.keys().chain(&found.changed).chain(&of_others).copied();
                let ids: BTreeSet<RecordId> = changed.collect();
                let row = |id: &RecordId| Read::Row(Store::Base, (*id).into());
                let base = storage.read(ids.iter().map(row).collect()).await?;
                add_base(&mut parts, base.into_iter().flatten())?;
                let mut summaries = found.summaries;
                summaries.retain(|id, _| !ids.contains(id));
                (summaries, found.known)
            }
            // Never kept, or by another version of the app.
            None => {
                add_base(&mut parts, storage.all(Store::Base).await?)?;
                (BTreeMap::new(), summaries::Known::nothing())
            }
        };
        summaries.extend(parts.values().filter_map(|parts| {
            let summary = summary_of(&device, parts, &of_others)?;
            Some((summary.id, Arc::new(summary)))
        }));
        Ok(Found { device, summaries, names, known })
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
    fn show_soon(self) {
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
        let is_due = self.index.with_value(|index| {
            self.whole.get_untracked()
                && index.kept.stale > summaries::STALE_MAX.max(index.summaries.len() / 16)
        });
        if !is_due {
            return Ok(());
        }
        let Some(storage) = self.storage.try_get_value() else { return Ok(()) };
        let decide = move |rows: Vec<Rows>| {
            let mut rows = rows.into_iter();
            let mut next = || rows.next().unwrap_or_default();
            let (sealed, open) = (next(), next());
            let local = gather(Rows::new(), sealed, open)?;
            let index = self.index;
            index.with_value(|index| {
                let of_others = unsent_of_others(&index.device);
                summaries::keep(
                    &index.summaries,
                    &index.kept,
                    local.keys().copied().chain(of_others),
                    next(),
                    next(),
                )
            })
        };
        let reads = vec![
            Read::All(Store::Outbox),
            Read::All(Store::Open),
            Read::Row(Store::Summaries, summaries::HEAD.into()),
            Read::From(Store::Summaries, Key::Bytes(Vec::new()), u32::MAX),
        ];
        let known = storage.update(reads, &[Store::Summaries], decide).await?;
        self.index.try_update_value(|index| index.kept = known);
        Ok(())
    }

    /// Shows what changed.
    fn publish(self) {
        let changed = self.index.try_update_value(|index| {
            let changed = std::mem::take(&mut index.changed);
            let now = changed.iter().filter_map(|id| index.summaries.get(id).cloned());
            (std::mem::take(&mut index.listed).into_values(), now.collect::<Vec<_>>())
        });
        if let Some((gone, come)) = changed {
            self.all.try_update(|all| Arc::make_mut(all).replace(gone, come));
        }
    }

    /// Shows all, whatever was shown before.
    fn publish_anew(self) {
        let all = self.index.try_with_value(|index| {
            let mut all = Listed::default();
            all.replace([], index.summaries.values().cloned());
            all
        });
        if let Some(all) = all {
            self.all.try_set(Arc::new(all));
        }
    }
}

/// Puts the rows of each record together.
pub(super) fn gather(
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
fn unsent_of_others(device: &DeviceState) -> Vec<RecordId> {
    let unsent = device.former().iter().flat_map(|former| {
        former.operations.iter().filter(|operation| operation.seq > former.acked)
    });
    let read = |operation: &SealedOperation| sync::codec::decode::<Operation>(&operation.bytes);
    unsent.filter_map(|operation| Some(read(operation).ok()?.record)).collect()
}

pub(super) fn refusal(answer: &crate::platform::http::Response) -> FetchError {
    if let Some(minutes) = answer.wait_min() {
        return FetchError::Wait(minutes);
    }
    FetchError::Refused(
        answer.error().map_or_else(|| answer.status.to_string(), |error| error.code),
    )
}

/// A failure where nobody waits for the answer: the next read of the store tells it to a person.
fn report(outcome: Result<(), StorageError>) {
    if let Err(error) = outcome {
        crate::platform::log_error(&format!("records not read: {error}"));
    }
}
