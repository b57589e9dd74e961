//! Every record that this phone holds, as lists show them.
//!
//! A record is what a pull brought, this device's own operations that are not in that yet, and the open patch on top;
//! `sync::view` puts them together. Here each gets a short summary in memory; the rest stays in the store.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use leptos::prelude::*;
use sync::{
    device::DeviceState,
    draft::OpenPatch,
    review::Reason,
    view::{Base, Level, RecordView},
    wire::{Action, Dot, Hash, Operation, RecordId, State, Value, Verdict},
};
use thiserror::Error;

use super::{
    blobs,
    listed::Listed,
    outbox::{self, WithSealed},
    space::AtRisk,
};
use crate::platform::{
    broadcast::Channel,
    json,
    storage::{
        Read, Storage, StorageError, Store,
        schema::{BlobRow, meta},
    },
    tasks::{self, OneAtATime},
};

mod fetched;
mod index;
mod reading;
mod summing;

pub use self::fetched::{FetchError, HistoryEntry, Written, is_signed_out, spreadsheet, wrong_by};
pub(crate) use self::reading::gather;
use self::{
    index::Index,
    reading::{Shown, Those, unsent_of_others},
    summing::view_of,
};

/// Why what a person does to a record is not stored.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ActError {
    /// The phone holds nothing of it any more: it left the person's units while it was on screen.
    #[error("no such record on this phone")]
    NoRecord,
    /// The phone could not store it.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

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
    /// Why it was sent back, if that is where it stands.
    pub returned: Option<Arc<Reason>>,
    /// When it was begun, milliseconds since 1970.
    pub begun_ms: i64,
    /// When it last changed, milliseconds since 1970.
    pub changed_ms: i64,
    /// Whether it is put away.
    pub deleted: bool,
    /// Whether the server lacks a part of it.
    pub unsent: bool,
    /// Whether the server keeps a part of it for the repair desk.
    pub quarantined: bool,
    /// What it asks of whoever looks after its unit.
    pub asks: Option<Level>,
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
    /// Those that ask this of whoever looks after their unit.
    pub asks: Option<Level>,
    /// Begun then or later, milliseconds since 1970.
    pub from_ms: Option<i64>,
    /// Begun before that.
    pub until_ms: Option<i64>,
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
            && self.asks.is_none_or(|asks| record.asks == Some(asks))
            && self.from_ms.is_none_or(|from| from <= record.begun_ms)
            && self.until_ms.is_none_or(|until| record.begun_ms < until)
            && is(&self.form, &record.form_id)
            && is(&self.unit, &record.unit)
            && is(&self.author, &record.author)
    }
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
            index: StoredValue::new(Index::new(device)),
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
        let all = OneAtATime::default();
        other_tabs.on_message(move |said| {
            let all = all.clone();
            tasks::spawn(async move { records.hear(&said, &all).await });
        });
        Ok(records)
    }

    /// All records but those put away, the newest change first.
    #[must_use]
    pub fn all(self) -> Signal<Arc<Listed>> {
        self.all.into()
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

    /// As [`Self::view`], with where the person was in it and the newest operation of this device when it was read.
    pub(super) async fn view_with_place(
        self,
        id: RecordId,
    ) -> Result<(Option<RecordView>, Option<String>, Dot, bool), StorageError> {
        let reads = vec![
            Read::Row(Store::Base, id.into()),
            Read::Row(Store::Open, id.into()),
            Read::Row(Store::Place, id.into()),
            Read::Row(Store::Meta, meta::LAST_SEQ.into()),
            Read::Row(Store::Meta, meta::WAITS.into()),
        ];
        let read = self.read_with_sealed(&sync::gather([id]), reads).await?;
        let WithSealed { device, sealed, mut others } = read;
        let waits = others.pop().unwrap_or_default();
        let mut rows = others.into_iter();
        let mut next = || rows.next().unwrap_or_default();
        let mut parts = gather(next(), &waits, sealed, next())?;
        let place = next().pop().map(|(_, path)| String::from_utf8_lossy(&path).into_owned());
        let last = next().pop().map(|(_, seq)| outbox::decode(&seq, "last place")).transpose()?;
        let parts = parts.remove(&id).unwrap_or_default();
        let seen = Dot { device: device.device, seq: last.unwrap_or_default() };
        Ok((view_of(&device, &parts), place, seen, parts.open.is_some()))
    }

    /// Puts a record away. [`Self::undelete`] brings it back.
    pub async fn delete(self, id: RecordId) -> Result<(), ActError> {
        self.act(id, Action::Delete).await
    }

    /// Brings a record back.
    pub async fn undelete(self, id: RecordId) -> Result<(), ActError> {
        self.act(id, Action::Undelete).await
    }

    /// Seals what is open in a record as submitted.
    pub(super) async fn submit(self, id: RecordId) -> Result<(), ActError> {
        self.act(id, Action::Submit).await
    }

    /// Settles what people answered differently, or where the record stands: these values stand, in place of all that the
    /// person was shown there.
    pub async fn settle(
        self,
        shown: &RecordView,
        values: BTreeMap<String, Value>,
        action: Action,
    ) -> Result<(), ActError> {
        self.do_to(shown.record, action, values, Some(shown)).await
    }

    async fn act(self, id: RecordId, action: Action) -> Result<(), ActError> {
        self.do_to(id, action, BTreeMap::new(), None).await
    }

    /// Seals what is open in a record with what a person does to it: they saw what was shown, or all of it.
    async fn do_to(
        self,
        id: RecordId,
        action: Action,
        values: BTreeMap<String, Value>,
        shown: Option<&RecordView>,
    ) -> Result<(), ActError> {
        let storage = self.storage.get_value();
        let account = self.account().await?;
        loop {
            let (view, _, seen, _) = self.view_with_place(id).await?;
            let view = view.ok_or(ActError::NoRecord)?;
            let screen =
                shown.map_or_else(|| view.screen(), |shown| view.screen_of(shown, seen.device));
            let author = account.clone().unwrap_or(view.author);
            let patch = OpenPatch::new(id, view.form, view.unit, author, &screen);
            let act = outbox::Act { action, values: values.clone(), screen, patch, seen };
            if outbox::seal_act(&storage, act).await? {
                break;
            }
        }
        let ids = sync::gather([id]);
        self.refresh(&ids).await?;
        self.tell_other_tabs_of(&ids);
        self.submissions.try_update(|count| *count += 1);
        Ok(())
    }

    async fn account(self) -> Result<Option<String>, StorageError> {
        let profile = self.storage.get_value().row(Store::Meta, meta::PROFILE).await?;
        let profile = profile.and_then(|bytes| json::read::<super::sign_in::Profile>(&bytes).ok());
        Ok(profile.map(|profile| profile.account))
    }

    /// Seals every open patch: a sync is about to send.
    pub async fn seal_all(self) -> Result<Vec<Operation>, StorageError> {
        let storage = self.storage.get_value();
        let index = self.index;
        let state = move |id: &RecordId| {
            index.with_value(|index| index.summaries.get(id).map(|record| record.state))
        };
        let sealed = outbox::seal_all(&storage, state).await?;
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

    /// What a phone that is lost now takes along.
    pub async fn at_risk(self) -> Result<AtRisk, StorageError> {
        let (Some(storage), Some(mut sealed)) =
            (self.storage.try_get_value(), self.sealed.try_get_value())
        else {
            return Err(StorageError::Closed);
        };
        let risk = AtRisk::of(&storage, &mut sealed).await?;
        self.keep_sealed(sealed);
        Ok(risk)
    }

    /// The records that this phone changed and of which no pull may have brought that yet, whatever the server took of it.
    pub(super) async fn changed_here(self) -> Result<BTreeSet<RecordId>, StorageError> {
        let mut sealed = self.sealed.get_value();
        let changed = sealed.unsent(&self.storage.get_value(), 0).await?;
        self.keep_sealed(sealed);
        Ok(changed.records)
    }

    /// A record as a pull brought it, without what this phone has over it.
    pub(super) async fn as_pulled(self, id: RecordId) -> Result<Option<RecordView>, StorageError> {
        let row = self.storage.get_value().row(Store::Base, id).await?;
        let base = row.map(|row| outbox::decode::<Base>(&row, "record")).transpose()?;
        Ok(base.map(|base| RecordView::of(&base.state)))
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
        self.index.with_value(|index| index.quarantined.len())
    }

    /// A record's rows changed here: its summary follows soon, here and in the other tabs. A record is read the longer the
    /// more stands in it and waits to be sent, and a form on screen changes it with each answer.
    pub(super) fn changed(self, id: RecordId) {
        let is_listed = self.index.with_value(|index| index.summaries.contains_key(&id));
        let is_due = self.stale.try_update_value(|stale| {
            let is_first = stale.is_empty();
            stale.insert(id) && (is_first || !is_listed)
        });
        if is_due == Some(true) {
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
            self.tell_other_tabs_of(&stale);
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
        let sinks = self.index.try_update_value(|index| {
            let sinks = device.acked < index.device.acked;
            index.put_device(device);
            sinks
        });
        if sinks == Some(true) {
            self.sealed.try_update_value(outbox::Sealed::forget);
        }
    }

    /// Tells the other tabs to read all anew.
    pub fn tell_other_tabs(self) {
        self.post("changed");
    }

    /// Tells the other tabs that a person wrote in these records, and nothing else changed.
    fn tell_other_tabs_of(self, ids: &BTreeSet<RecordId>) {
        self.post(&written(ids));
    }

    fn post(self, said: &str) {
        if let Some(channel) = self.other_tabs.try_get_value() {
            channel.post(said);
        }
    }

    /// Another tab said that something changed. There may be a hundred thousand records, and a pull says so each second.
    async fn hear(self, said: &str, all: &OneAtATime) {
        match written_in(said) {
            Some(ids) => report(self.refresh(&ids).await),
            None => all.run(async || report(self.reload().await)).await,
        }
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

    /// As [`Self::unsent`]; and shows that nothing else of these records waits any more, whatever else changed of them.
    pub(crate) async fn sent(
        self,
        ids: &BTreeSet<RecordId>,
        acked: u64,
    ) -> Result<(outbox::Unsent, Vec<(Hash, BlobRow)>), StorageError> {
        let begun = self.index.try_update_value(Index::begin);
        let read = self.unsent(acked).await;
        self.index.try_update_value(|index| {
            let now = read.iter().flat_map(|(unsent, _)| ids.difference(&unsent.records));
            for id in now.filter(|id| !index.is_newer(id, begun)).copied().collect::<Vec<_>>() {
                if let Some(summary) = index.summaries.get(&id).filter(|summary| summary.unsent) {
                    let sent = RecordSummary { unsent: false, ..(**summary).clone() };
                    index.put(id, Some(sent));
                }
            }
            index.end();
        });
        self.show_soon();
        read
    }

    /// Whether all records are here.
    #[must_use]
    pub fn is_whole(self) -> Signal<bool> {
        self.whole.into()
    }
}

/// What is said of records that a person wrote in.
fn written(ids: &BTreeSet<RecordId>) -> String {
    let ids: Vec<String> = ids.iter().map(RecordId::to_string).collect();
    ids.join(" ")
}

/// The records, if that is what was said; a tab of another version may say anything.
fn written_in(said: &str) -> Option<BTreeSet<RecordId>> {
    let ids: Option<Vec<RecordId>> = said.split(' ').map(|id| id.parse().ok()).collect();
    ids.map(sync::gather)
}

/// A failure where nobody waits for the answer: the next read of the store tells it to a person.
fn report(outcome: Result<(), StorageError>) {
    if let Err(error) = outcome {
        crate::platform::log_error(&format!("records not read: {error}"));
    }
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;

    use super::*;
    use crate::stores::listed::tests::record;

    #[test]
    fn of_what_asks_for_a_decision_what_is_worth_a_look_is_no_part() {
        let asking = |asks| {
            let record = RecordSummary::clone(&record(1, [1; 4], "Ghi"));
            RecordSummary { asks, ..record }
        };
        for (asks, decide, look) in [
            (None, false, false),
            (Some(Level::Decide), true, false),
            (Some(Level::Look), false, true),
        ] {
            let is_in =
                |level| Filter { asks: Some(level), ..Filter::default() }.accepts(&asking(asks));
            assert_eq!((is_in(Level::Decide), is_in(Level::Look)), (decide, look));
            assert!(Filter::default().accepts(&asking(asks)));
        }
    }

    #[test]
    fn a_period_is_of_when_records_were_begun_and_not_of_their_approval() {
        let record = RecordSummary { begun_ms: 5, ..(*record(1, [7; 4], "Ghi")).clone() };
        for (from_ms, until_ms, is_in) in [
            (None, None, true),
            (Some(5), Some(6), true),
            (Some(6), None, false),
            (None, Some(5), false),
        ] {
            let filter = Filter { from_ms, until_ms, ..Filter::default() };
            assert_eq!(filter.accepts(&record), is_in, "{filter:?}");
        }
    }

    #[test]
    fn another_tab_reads_what_was_written_and_all_where_more_changed() {
        Owner::new().with(|| {
            let storage = Storage::in_memory();
            let there = block_on(Records::load(storage.clone())).expect("read");
            let all = OneAtATime::default();
            // What only the memory of that tab holds: whatever is read anew is gone.
            let listed = |ids: &[u8]| {
                for id in ids {
                    let summary = RecordSummary::clone(&record(*id, [1; 4], "Ghi"));
                    there.index.update_value(|index| index.put(summary.id, Some(summary)));
                }
            };
            let left = || {
                there.index.with_value(|index| {
                    index.summaries.keys().map(|id| id.0[0]).collect::<Vec<_>>()
                })
            };
            listed(&[1, 2, 3]);
            let ids = [1, 3].map(|id| RecordId([id; 16]));
            block_on(there.hear(&written(&ids.into()), &all));
            assert_eq!(left(), [2]);
            for said in ["changed", "", "what a later version says"] {
                listed(&[1]);
                block_on(there.hear(said, &all));
                assert_eq!(left(), [0_u8; 0], "{said}");
            }
        });
    }
}
