//! One save of an open form: what it reads, and what it writes.

use std::{collections::BTreeMap, rc::Rc, sync::Arc};

use sync::{
    codec,
    device::DeviceState,
    draft::{OpenPatch, Screen},
    view::Base,
    wire::{Dot, Hash, Operation, RecordId, Value},
};

use super::draft::{Draft, Stand, hash_of};
use crate::platform::storage::{
    Change, Read, Rows, StorageError, Store,
    schema::{BlobRow, FILLING, FillingRow, Key, OutboxRow, meta},
};
use crate::stores::outbox;

pub(super) struct Written {
    row: Vec<u8>,
    pub(super) patch: OpenPatch,
}

/// What one save writes.
#[derive(Clone)]
pub(super) struct Batch {
    pub(super) values: BTreeMap<String, Value>,
    pub(super) stand: Stand,
    /// Whether the record is in the store once this is.
    pub(super) stored: bool,
}

/// What one save wrote.
pub(super) struct Stored {
    pub(super) screen: Arc<Screen>,
    pub(super) seen: Dot,
    /// Files that the patch named until now.
    pub(super) left: Vec<Hash>,
}

impl Draft {
    /// Puts the values onto the record's open patch as it stands in the store, whichever tab wrote it last.
    pub(super) async fn write(&self, batch: Batch) -> Result<Stored, StorageError> {
        let written = self.write_after(batch.clone(), false).await?;
        match written {
            Some(written) => Ok(written),
            None => Ok(self.write_after(batch, true).await?.expect("all was read")),
        }
    }

    /// As [`Self::write`]. `None` if what this device sealed meanwhile is not all in the outbox any more, or has other names
    /// there, and it was not told to `read_all` of the record.
    async fn write_after(
        &self,
        batch: Batch,
        read_all: bool,
    ) -> Result<Option<Stored>, StorageError> {
        let (screen, seen) = {
            let state = self.state.borrow();
            (Arc::clone(&state.screen), state.seen)
        };
        let (record, form, unit, author) =
            (self.record, self.form.clone(), self.unit.clone(), self.author.clone());
        let from = if read_all { 0 } else { seen.seq };
        let mut reads = vec![
            Read::Row(Store::Place, FILLING.into()),
            Read::Row(Store::Open, record.into()),
            Read::Row(Store::Meta, meta::DEVICE.into()),
            Read::Row(Store::Meta, meta::LAST_SEQ.into()),
            Read::From(Store::Outbox, Key::Number(from + 1), u32::MAX),
        ];
        // It may lie in one row with many others: it is read when it must be.
        reads.extend(read_all.then(|| Read::Row(Store::Base, record.into())));
        let files: Vec<Hash> = batch.values.values().filter_map(hash_of).collect();
        reads.extend(files.iter().map(|hash| Read::Row(Store::BlobMeta, (*hash).into())));
        let mut touched = vec![Store::Open, Store::Place];
        touched.extend((!files.is_empty()).then_some(Store::BlobMeta));
        let written = Rc::clone(&self.written);
        let decide = move |mut rows: Vec<Rows>| {
            let files = rows.split_off(rows.len() - files.len());
            let mut rows = rows.into_iter();
            let mut next = || rows.next().unwrap_or_default();
            let [on_screen, stored, device, last] =
                std::array::from_fn(|_| next().pop().map(|(_, row)| row));
            let sealed = Sealed::read(device, last, next(), &next(), record)?;
            if !read_all && !sealed.is_all_since(seen) {
                return Ok((Vec::new(), None));
            }
            let mut screen = Arc::clone(&screen);
            let seen = sealed.show(&mut screen, seen);
            let (mut changes, mut left) = (Vec::new(), Vec::new());
            changes.extend(stand_change(on_screen, &batch, record, &form.id, &unit));
            if batch.stored {
                let place = batch.stand.place.clone().into_bytes();
                changes.push(Change::Put(Store::Place, record.into(), place));
            }
            if !batch.values.is_empty() {
                let mut patch = match (stored, written.take()) {
                    (Some(row), Some(written)) if written.row == row => written.patch,
                    (Some(row), _) => decode_patch(&row)?,
                    (None, _) => {
                        OpenPatch::new(record, form.clone(), unit.clone(), author.clone(), &screen)
                    }
                };
                for (path, value) in &batch.values {
                    left.extend(patch.fields.get(path).and_then(|write| hash_of(&write.value)));
                    patch.put(path, value.clone(), &screen);
                }
                let is_named = |hash: &Hash| {
                    patch.fields.values().any(|write| hash_of(&write.value) == Some(*hash))
                };
                left.retain(|hash| !is_named(hash));
                // One that was taken off is brought back.
                for (key, row) in files.into_iter().flatten() {
                    let row = BlobRow::decode(&row)?;
                    if row.dropped_ms.is_some() {
                        let row = BlobRow { dropped_ms: None, ..row };
                        changes.push(Change::Put(Store::BlobMeta, key, codec::encode(&row)));
                    }
                }
                patch.resume = Some(batch.stand.place.clone());
                let row = codec::encode(&patch);
                written.replace(Some(Written { row: row.clone(), patch }));
                changes.push(Change::Put(Store::Open, record.into(), row));
            }
            Ok((changes, Some(Stored { screen, seen, left })))
        };
        self.storage.update(reads, &touched, decide).await
    }
}

/// What this device sealed of a record.
struct Sealed {
    /// The newest of all that it ever sealed.
    last: Dot,
    base: Option<Base>,
    /// Those that were read of the outbox, of any record.
    operations: Vec<Operation>,
    record: RecordId,
}

impl Sealed {
    fn read(
        device: Option<Vec<u8>>,
        last: Option<Vec<u8>>,
        outbox: Rows,
        base: &Rows,
        record: RecordId,
    ) -> Result<Self, StorageError> {
        let missing = || StorageError::Unreadable("no device id".to_owned());
        let device: DeviceState = outbox::decode(&device.ok_or_else(missing)?, "device")?;
        let last = last.map(|row| outbox::decode(&row, "last place")).transpose()?;
        let last = Dot { device: device.device, seq: last.unwrap_or_default() };
        let base = base.first().map(|(_, row)| outbox::decode(row, "record")).transpose()?;
        let operation = |(_, row): (_, Vec<u8>)| OutboxRow::decode(&row)?.operation();
        let operations = outbox.into_iter().map(operation).collect::<Result<_, _>>()?;
        Ok(Self { last, base, operations, record })
    }

    /// Whether all that was sealed since then is in the outbox, under the name that the device had then.
    fn is_all_since(&self, seen: Dot) -> bool {
        self.last.device == seen.device
            && self.last.seq.saturating_sub(seen.seq) == self.operations.len() as u64
    }

    /// A sync may have sealed the form's patch since then: its values are what is on screen, under the names that they have
    /// now. Returns what is seen so.
    fn show(&self, screen: &mut Arc<Screen>, seen: Dot) -> Dot {
        let is_new = |dot: &Dot| match dot.device == seen.device {
            true => dot.seq > seen.seq,
            false => dot.device == self.last.device,
        };
        let standing = self.base.iter().flat_map(|base| &base.state.fields);
        for (path, siblings) in standing {
            let own = siblings.iter().map(|sibling| sibling.dot).filter(is_new).max();
            if let Some(dot) = own {
                Arc::make_mut(screen).show(path, dot);
            }
        }
        for operation in &self.operations {
            if operation.record == self.record && is_new(&operation.dot) {
                Arc::make_mut(screen).sealed(operation);
            }
        }
        self.last
    }
}

/// Keeps which form is on screen, with the place in it. Another tab's form is left alone when this one goes away.
fn stand_change(
    stored: Option<Vec<u8>>,
    batch: &Batch,
    record: RecordId,
    form: &str,
    unit: &str,
) -> Option<Change> {
    if !batch.stand.on_screen {
        let is_ours = FillingRow::decode(&stored?)?.record == record;
        return is_ours.then(|| Change::Delete(Store::Place, FILLING.into()));
    }
    let mut awaited = batch.stand.awaits.values();
    let is_here = awaited.clone().any(|path| *path == batch.stand.place);
    let coming = awaited.next().cloned();
    let coming_too: Vec<String> = awaited.cloned().collect();
    let row = codec::encode(&FillingRow {
        record,
        stored: batch.stored,
        form: form.to_owned(),
        unit: unit.to_owned(),
        place: batch.stand.place.clone(),
        awaits_file: is_here.then_some(true),
        coming,
        coming_too: Some(coming_too).filter(|too| !too.is_empty()),
    });
    (stored.as_ref() != Some(&row)).then(|| Change::Put(Store::Place, FILLING.into(), row))
}

fn decode_patch(bytes: &[u8]) -> Result<OpenPatch, StorageError> {
    codec::decode(bytes).map_err(|error| StorageError::Unreadable(format!("open patch: {error}")))
}
