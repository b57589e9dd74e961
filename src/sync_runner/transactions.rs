//! The transactions of sync: each writes what the server said together with the machine's memory of it.

use std::{
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
};

use futures::future::join;
use sync::{
    codec,
    desk::{self, Waits},
    device::{DeviceState, Event, Former, MAX_PUSH_BYTES, Outbox, Page, Rekeyed, WaitingBlob},
    push::MAX_OPERATIONS,
    view::{Base, handed_over},
    wire::{DeviceId, Dot, Hash, Outcome, RecordId, SealedOperation, Value, Verdict},
};

use super::Runner;
use crate::{
    platform::{
        log_error, random,
        storage::{
            Change, Read, Rows, StorageError, Store,
            schema::{BlobRow, Key, OutboxRow, meta},
        },
        tasks,
    },
    stores::{blobs, outbox, records, sign_in::with_scope},
};

impl Runner {
    pub(super) async fn seal_and_load(
        &self,
        after: u64,
        max_operations: usize,
        max_bytes: usize,
    ) -> Result<Event, StorageError> {
        let mut ahead = self.turn.loaded.take().and_then(|(follows, batch)| {
            (follows == after).then(|| batch.within(max_operations, max_bytes))
        });
        if let Some(outbox::Batch { operations, last, .. }) = ahead.take_if(|batch| batch.more) {
            // In the midst of a run nothing is sealed or counted: the last batch of it has that.
            self.turn.sends_next.set(operations.last().map(|operation| operation.seq));
            let waiting = self.waited.get();
            return Ok(Event::Loaded(Outbox { operations, more: true, last, waiting }));
        }
        // What a person types right now may come too late for this batch; the next one has it. What cannot be stored is told by its
        // form, and keeps nothing back that is sealed: on a full phone that is to go above all.
        match self.seal().await {
            Ok(false) => {}
            Ok(true) => {
                self.records.tell_other_tabs();
                ahead = None;
            }
            Err(error) => log_error(&format!("not sealed: {error}")),
        }
        let batch = match ahead {
            Some(batch) => batch,
            None => outbox::load(&self.storage, after, max_operations, max_bytes).await?,
        };
        let outbox::Batch { operations, more, last } = batch;
        let end = operations.last().filter(|_| more).map(|operation| operation.seq);
        self.turn.sends_next.set(end);
        let waiting = self.waiting(self.records.device().acked).await?;
        Ok(Event::Loaded(Outbox { operations, more, last, waiting }))
    }

    /// Whether anything was sealed of what is in the forms.
    async fn seal(&self) -> Result<bool, StorageError> {
        self.open_forms.save_all().await?;
        Ok(!self.records.seal_all().await?.is_empty())
    }

    /// Loads what the next request brings while one is under way: each row costs its opening.
    pub(super) async fn load_next(&self) {
        let Some(after) = self.turn.sends_next.take() else { return };
        let loaded = outbox::load(&self.storage, after, MAX_OPERATIONS, MAX_PUSH_BYTES).await;
        // Whatever is wrong with them is told in their turn.
        self.turn.loaded.replace(loaded.ok().map(|batch| (after, batch)));
    }

    pub(super) async fn mark_acked(
        &self,
        state: DeviceState,
        verdicts: Vec<Verdict>,
        missing_blobs: Vec<Hash>,
        restored: bool,
    ) -> Result<Event, StorageError> {
        let (verdicts, others) = self.records.to_note(verdicts);
        let noted: Vec<u64> = verdicts.iter().map(|verdict| verdict.seq).collect();
        let mut reads = reads_of(&verdicts);
        if restored {
            reads.push(Read::All(Store::BlobMeta));
        } else {
            let row = |hash: &Hash| Read::Row(Store::BlobMeta, (*hash).into());
            reads.extend(missing_blobs.iter().map(row));
        }
        let owes_again = state.owes_again(&self.records.device());
        reads.push(Read::Row(Store::Meta, meta::RESCUED.into()));
        reads.push(Read::Row(Store::Meta, meta::DEVICE.into()));
        let (stored, still_leads) = (state.clone(), self.still_leads());
        let decide = move |mut rows: Vec<Rows>| {
            still_leads(rows.pop())?;
            let mut changes = vec![outbox::put_device(&stored)];
            let waiting = rows.pop().unwrap_or_default().pop();
            if owes_again {
                // No copy that was made before holds it.
                changes.push(put_rescued(waiting.map(|(_, row)| row)));
            }
            let mut records: BTreeSet<RecordId> = BTreeSet::new();
            let (of_operations, of_blobs) = rows.split_at(verdicts.len());
            note_verdicts(&verdicts, of_operations, &mut changes, &mut records)?;
            for (key, row) in of_blobs.iter().flatten() {
                let row = BlobRow::decode(row)?;
                // What was taken off is sent only where something names it all the same.
                if row.dropped_ms.is_some()
                    && !missing_blobs.iter().any(|hash| *key == (*hash).into())
                {
                    continue;
                }
                // The server lacks each file that was not sent yet, and says so with each answer.
                if row.waits() {
                    continue;
                }
                let row = row.taken_back();
                changes.push(Change::Put(Store::BlobMeta, key.clone(), codec::encode(&row)));
            }
            Ok((changes, records))
        };
        let touched = [Store::Meta, Store::Outbox, Store::BlobMeta];
        let records = self.storage.update(reads, &touched, decide).await?;
        self.talk.borrow_mut().records_up += records.union(&others).count() as u64;
        let acked = state.acked;
        self.records.noted(&noted);
        self.stand(state);
        if !records.is_empty() {
            self.refresh(&records).await?;
        }
        let (unsent, files) = self.records.sent(&others, acked).await?;
        Ok(Event::Stored(self.count(&unsent, &files)))
    }

    pub(super) async fn commit_pull(
        &self,
        state: DeviceState,
        page: Page,
    ) -> Result<Event, StorageError> {
        // A generation that came whole leaves nothing of older ones behind.
        let before = self.records.device();
        let sweeps = page.complete && before.complete != state.complete;
        if before.generation != state.generation {
            self.turn.brought.replace(Some(BTreeSet::new()));
        }
        let mut reads = reads_of(&page.settled);
        if sweeps {
            // What this page's generation brought is known unless the app began in the midst of it: then each row says its own.
            let knows = self.turn.brought.borrow().is_some();
            if !knows {
                let brought = self.records.of_generation(page.generation).await?;
                self.turn.brought.replace(Some(brought));
            }
            reads.push(Read::Keys(Store::Base));
        }
        let rows = [meta::WAITS, meta::NAMES, meta::PROFILE, meta::DEVICE];
        reads.extend(rows.map(|name| Read::Row(Store::Meta, name.into())));
        let note = Key::Bytes(random::bytes::<8>().to_vec());
        let noted = note.clone();
        let (stored, still_leads) = (state.clone(), self.still_leads());
        let brings = page.complete && !page.records.is_empty();
        let page = Rc::new(page);
        let (came, turn) = (Rc::clone(&page), Rc::clone(&self.turn));
        let decide = move |mut rows: Vec<Rows>| {
            still_leads(rows.pop())?;
            let mut changes = vec![outbox::put_device(&stored)];
            let mut records: BTreeSet<RecordId> = BTreeSet::new();
            let profile = rows.pop().unwrap_or_default();
            // They are told once, with the cursor that this page moves.
            let seen =
                came.units.as_deref().map(|units| with_scope(&profile, units)).transpose()?;
            let (changed, profile) = seen.flatten().unzip();
            changes.extend(changed);
            let known = rows.pop().unwrap_or_default();
            changes.extend(with_names(&known, &came.names)?);
            let mut touched: BTreeSet<RecordId> = BTreeSet::new();
            let before = outbox::waits(&rows.pop().unwrap_or_default())?;
            let waits = desk::taken(before.clone(), &came);
            if waits != before {
                changes.push(Change::Put(Store::Meta, meta::WAITS.into(), codec::encode(&waits)));
                let held = before.iter().chain(&waits).filter_map(Waits::held);
                touched.extend(held.map(|held| held.operation.record));
            }
            let (of_operations, of_base) = rows.split_at(came.settled.len());
            note_verdicts(&came.settled, of_operations, &mut changes, &mut records)?;
            let brought = turn.brought.borrow();
            for (key, _) in of_base.iter().flatten() {
                let Key::Bytes(id) = key else { continue };
                let Ok(id) = id.as_slice().try_into().map(RecordId) else { continue };
                if brought.as_ref().is_none_or(|brought| !brought.contains(&id)) {
                    touched.insert(id);
                    changes.push(Change::Delete(Store::Base, key.clone()));
                }
            }
            for row in came.records.rows() {
                let record = row.rest().record;
                touched.insert(record);
                changes.push(if row.rest().left {
                    Change::Delete(Store::Base, record.into())
                } else {
                    Change::Put(Store::Base, record.into(), came.stored(&row))
                });
            }
            if !touched.is_empty() {
                let ids: Vec<RecordId> = touched.iter().copied().collect();
                changes.push(Change::Put(Store::Summaries, note.clone(), codec::encode(&ids)));
            }
            let has_note = !touched.is_empty();
            records.append(&mut touched);
            Ok((changes, (records, has_note, profile)))
        };
        let touched = [Store::Meta, Store::Outbox, Store::Base, Store::Summaries];
        // The page before is summed up while this one is sealed and written.
        let stored = self.storage.update(reads, &touched, decide);
        let (stored, shown) = join(stored, self.show_pulled()).await;
        let (records, has_note, profile) = stored?;
        self.talk.borrow_mut().records_down += page.records.len() as u64;
        if page.complete {
            self.turn.brought.replace(None);
        } else if let Some(brought) = &mut *self.turn.brought.borrow_mut() {
            brought.extend(page.records.ids());
        }
        let (acked, pack, complete) = (state.acked, state.pack, page.complete);
        self.stand(state);
        self.records.add_names(page.names.clone());
        shown?;
        let moved = page.units.is_some();
        let index = self.records;
        self.turn.to_show.replace(Some(Box::pin(async move {
            index.pulled(&records, &page, has_note.then_some(noted)).await
        })));
        if complete {
            self.show_pulled().await?;
        }
        if let Some(profile) = profile {
            self.sign_in.set_profile(profile);
        }
        // Who sees other units now, or other fields, may also work in another one.
        if moved {
            self.refresh_profile();
        }
        self.follow_pack(pack);
        if brings {
            self.follow_entities();
        }
        // In between nothing of it was sent, and who adds to it counts it.
        let waiting = if complete { self.waiting(acked).await? } else { self.waited.get() };
        Ok(Event::Stored(waiting))
    }

    /// Refuses what a tab decides that another one has overtaken, or that has not heard of a receipt yet: the device's memory is
    /// not what it remembers. It begins anew with what the store says.
    fn still_leads(&self) -> impl Fn(Option<Rows>) -> Result<(), StorageError> + use<> {
        let (remembered, events) = (self.turn.stored.borrow().clone(), self.events.clone());
        move |device| {
            let device = outbox::decode_row(&device.unwrap_or_default(), "device")?;
            if device == remembered {
                return Ok(());
            }
            events.close_channel();
            Err(StorageError::Other("this tab does not lead any more".to_owned()))
        }
    }

    /// The device's memory is what was just stored.
    fn stand(&self, state: DeviceState) {
        self.turn.stored.replace(Some(state.clone()));
        self.records.set_device(state);
    }

    /// Takes what the last page brought into the lists, if that was not done yet: the disk holds it, with a note.
    pub(super) async fn show_pulled(&self) -> Result<(), StorageError> {
        let to_show = self.turn.to_show.take();
        match to_show {
            Some(to_show) => to_show.await,
            None => Ok(()),
        }
    }

    /// Fetches the lists of entities that records may have changed.
    fn follow_entities(&self) {
        let library = self.library;
        tasks::spawn(async move {
            if let Err(error) = library.refresh_entities().await {
                log_error(&format!("entities not fetched: {error}"));
            }
        });
    }

    /// Fetches the pack when the server speaks of another one than the phone holds, or forms are missing.
    fn follow_pack(&self, pack: Option<Hash>) {
        let is_held = pack.is_none_or(|pack| pack.to_string() == self.library.pack_hash());
        if !is_held || !self.library.holds_all_forms() {
            self.refresh_library();
        }
    }

    pub(super) async fn forget_safe(&self, upto: u64) -> Result<(), StorageError> {
        let told = self.turn.stored.borrow().as_ref().map(|state| state.device);
        let decide = move |rows: Vec<Rows>| {
            let (mut changes, mut rows) = (Vec::new(), rows.into_iter());
            let mut next = || rows.next().unwrap_or_default();
            let (outbox, open, device, files) = (next(), next(), next(), next());
            let device: Option<DeviceState> = outbox::decode_row(&device, "device")?;
            // Under another name of the device the places are those of others, which no backup holds.
            if device.map(|device| device.device) != told {
                return Ok((changes, ()));
            }
            let mut waiting = BTreeSet::new();
            for (key, row) in files {
                if BlobRow::decode(&row)?.waits() {
                    waiting.insert(key);
                }
            }
            for (key, row) in outbox {
                let row = OutboxRow::decode(&row)?;
                let operation = row.operation()?;
                let record = Key::from(operation.record);
                let is_open = open.iter().any(|(key, _)| *key == record);
                // A backup holds what names a file, and the file is here alone: nothing else says that it is needed.
                let has_file = operation.fields.values().any(|write| match &write.value {
                    Value::File(file) => waiting.contains(&Key::from(file.hash)),
                    Value::Empty | Value::Text(_) => false,
                });
                let is_kept = row.outcome == Some(Outcome::Quarantined) || is_open || has_file;
                if matches!(key, Key::Number(seq) if seq <= upto) && !is_kept {
                    changes.push(Change::Delete(Store::Outbox, key));
                }
            }
            Ok((changes, ()))
        };
        let reads = vec![
            Read::All(Store::Outbox),
            Read::All(Store::Open),
            Read::Row(Store::Meta, meta::DEVICE.into()),
            Read::All(Store::BlobMeta),
        ];
        let touched = [Store::Outbox, Store::Open, Store::Meta, Store::BlobMeta];
        self.storage.update(reads, &touched, decide).await
    }

    pub(super) async fn load_blobs(&self) -> Result<Event, StorageError> {
        let files = blobs::unsent(&self.storage).await?;
        let waiting = files.into_iter().map(|(hash, file)| WaitingBlob { hash, size: file.size });
        Ok(Event::BlobsWaiting(waiting.collect()))
    }

    pub(super) async fn mark_blob_sent(&self, hash: Hash) -> Result<Event, StorageError> {
        self.records.mark_file_sent(hash).await?;
        self.talk.borrow_mut().files_up += 1;
        Ok(Event::Stored(self.waiting(self.records.device().acked).await?))
    }

    pub(super) async fn rekey(&self, above: Dot) -> Result<Event, StorageError> {
        let device = DeviceId(random::bytes_16());
        let state = self.records.device();
        // What the server holds goes out of the outbox, and the next pull may be far away.
        let mut sent: BTreeSet<RecordId> = BTreeSet::new();
        for (_, row) in self.storage.all(Store::Outbox).await? {
            let operation = OutboxRow::decode(&row)?.operation()?;
            sent.extend((operation.dot.seq <= state.acked).then_some(operation.record));
        }
        let mut reads = vec![Read::All(Store::Outbox), Read::All(Store::Open)];
        reads.extend(sent.iter().map(|record| Read::Row(Store::Base, (*record).into())));
        reads.push(Read::Row(Store::Meta, meta::DEVICE.into()));
        let note = Key::Bytes(random::bytes::<8>().to_vec());
        let still_leads = self.still_leads();
        let decide = move |mut rows: Vec<Rows>| {
            still_leads(rows.pop())?;
            let mut rows = rows.into_iter();
            let mut next = || rows.next().unwrap_or_default();
            let (outbox, open) = (next(), next());
            let mut shown = Vec::new();
            let mut parts =
                records::gather(Rows::new(), &Rows::new(), outbox.clone(), Rows::new())?;
            for record in &sent {
                let base =
                    next().pop().map(|(_, row)| outbox::decode(&row, "record")).transpose()?;
                let mut held = parts.remove(record).unwrap_or_default().outbox;
                held.retain(|held| held.operation.dot.seq <= state.acked);
                let state = handed_over(&state, base.as_ref(), &held);
                shown.extend(state.map(|state| Base { state, included: 0, generation: 0 }));
            }
            let mut held = Vec::new();
            for (key, row) in outbox {
                if let Key::Number(seq) = key {
                    held.push(SealedOperation { seq, bytes: OutboxRow::decode(&row)?.bytes });
                }
            }
            let Rekeyed { state, old, operations } =
                sync::device::rekey(&state, above, held, device)
                    .map_err(|error| StorageError::Unreadable(format!("operation: {error}")))?;
            let last = operations.len() as u64;
            let mut changes = vec![
                Change::Clear(Store::Outbox),
                outbox::put_device(&state),
                Change::Put(Store::Meta, meta::LAST_SEQ.into(), codec::encode(&last)),
            ];
            for operation in operations {
                let row = OutboxRow::unsent(&operation);
                changes.push(Change::Put(
                    Store::Outbox,
                    Key::Number(operation.dot.seq),
                    codec::encode(&row),
                ));
            }
            for base in &shown {
                let record = base.state.record;
                changes.push(Change::Put(Store::Base, record.into(), codec::encode(base)));
            }
            let changed: Vec<RecordId> = sent.iter().copied().collect();
            changes.push(Change::Put(Store::Summaries, note.clone(), codec::encode(&changed)));
            for (key, bytes) in open {
                let patch =
                    sync::device::rekey_patch(outbox::decode(&bytes, "open patch")?, &old, device);
                changes.push(Change::Put(Store::Open, key, codec::encode(&patch)));
            }
            Ok((changes, state))
        };
        let touched = [Store::Meta, Store::Outbox, Store::Open, Store::Base, Store::Summaries];
        let state = self.storage.update(reads, &touched, decide).await?;
        self.turn.loaded.take();
        self.turn.stored.replace(Some(state.clone()));
        self.records.reload().await?;
        self.records.tell_other_tabs();
        Ok(Event::Rekeyed(state))
    }

    /// What a rescue file brought becomes this device's to answer for; what a receipt told is on the disk already.
    pub(super) async fn take_over(&self) -> Result<Event, StorageError> {
        let decide = |rows: Vec<Rows>| {
            let [came, device] = &rows[..] else {
                return Err(StorageError::Unreadable("an answer is missing".to_owned()));
            };
            let (_, device) = device
                .first()
                .ok_or_else(|| StorageError::Unreadable("no device id".to_owned()))?;
            let state: DeviceState = outbox::decode(device, "device")?;
            let Some((_, came)) = came.first() else { return Ok((Vec::new(), state)) };
            let came: Vec<Former> = outbox::decode(came, "rescued")?;
            if came.is_empty() {
                return Ok((Vec::new(), state));
            }
            let state = sync::device::take_over(&state, came);
            Ok((vec![put_rescued(None), outbox::put_device(&state)], state))
        };
        let reads = [meta::RESCUED, meta::DEVICE].map(|name| Read::Row(Store::Meta, name.into()));
        let state = self.storage.update(reads.into(), &[Store::Meta], decide).await?;
        self.turn.stored.replace(Some(state.clone()));
        self.records.reload().await?;
        self.records.tell_other_tabs();
        Ok(Event::TookOver(state))
    }
}

/// What waits to be taken over, written anew; none: nothing does. It is never removed: see [`meta::RESCUED`].
fn put_rescued(waiting: Option<Vec<u8>>) -> Change {
    let row = waiting.unwrap_or_else(|| codec::encode(&Vec::<Former>::new()));
    Change::Put(Store::Meta, meta::RESCUED.into(), row)
}

fn reads_of(verdicts: &[Verdict]) -> Vec<Read> {
    let read = |verdict: &Verdict| Read::Row(Store::Outbox, Key::Number(verdict.seq));
    verdicts.iter().map(read).collect()
}

/// Adds names to those that are stored, if there are new ones among them.
fn with_names(
    stored: &Rows,
    told: &BTreeMap<String, String>,
) -> Result<Option<Change>, StorageError> {
    let mut names = outbox::names(stored)?;
    let known = names.clone();
    names.extend(told.clone());
    let row = || Change::Put(Store::Meta, meta::NAMES.into(), codec::encode(&names));
    Ok((names != known).then(row))
}

/// Notes what the server said of operations; `rows` holds those that the phone still has, in the verdicts' order.
fn note_verdicts(
    verdicts: &[Verdict],
    rows: &[Rows],
    changes: &mut Vec<Change>,
    records: &mut BTreeSet<RecordId>,
) -> Result<(), StorageError> {
    for (verdict, rows) in verdicts.iter().zip(rows) {
        for (key, row) in rows {
            let row = OutboxRow::decode(row)?.told(verdict);
            records.insert(row.operation()?.record);
            changes.push(Change::Put(Store::Outbox, key.clone(), codec::encode(&row)));
        }
    }
    Ok(())
}
