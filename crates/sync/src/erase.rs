//! Values that were erased from a server, and must not come back with a phone that still holds them.
//!
//! An erasure is an operation of the server's own ([`SERVER`]) that empties fields over every value that it knew of there.
//! Phones take it as they take any other. What was written without having seen it, sent anew after a restore or only now,
//! is emptied as it comes: it says what was to be forgotten. Who saw it may write again.

use std::collections::{BTreeMap, BTreeSet};

use crate::merge::Record;
use crate::wire::{Action, DeviceId, Dot, Operation, RecordId, Times, Value, Write};

/// The device that erasures are operations of. It comes after all others, so that no record ever begins with one of it.
pub const SERVER: DeviceId = DeviceId([0xff; 16]);

/// What was erased in some records: for each field the writes that came before that.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Erased {
    fields: BTreeMap<(RecordId, String), BTreeSet<Dot>>,
    grown: BTreeSet<(RecordId, String)>,
}

impl Erased {
    /// Notes that a field was erased after these writes.
    pub fn insert(
        &mut self,
        record: RecordId,
        path: String,
        before: impl IntoIterator<Item = Dot>,
    ) {
        self.fields.entry((record, path)).or_default().extend(before);
    }

    /// Notes what an erasure erased.
    pub fn insert_all(&mut self, erasure: &Operation) {
        for (path, write) in &erasure.fields {
            self.insert(erasure.record, path.clone(), write.over.iter().copied());
        }
    }

    /// Empties what an operation says without having seen that its field was erased. Says whether there was any such thing.
    pub fn cut(&mut self, operation: &mut Operation) -> bool {
        let mut is_cut = false;
        for (path, write) in &mut operation.fields {
            let key = (operation.record, path.clone());
            let Some(before) = self.fields.get_mut(&key) else { continue };
            let is_old = before.contains(&operation.dot)
                || write.over.iter().all(|over| before.contains(over));
            if is_old {
                if before.insert(operation.dot) {
                    self.grown.insert(key);
                }
                is_cut |= write.value != Value::Empty;
                write.value = Value::Empty;
            }
        }
        is_cut
    }

    /// The writes that came before the erasure of a field.
    #[must_use]
    pub fn before(&self, record: RecordId, path: &str) -> Option<&BTreeSet<Dot>> {
        self.fields.get(&(record, path.to_owned()))
    }

    /// The fields for which [`Self::cut`] met writes that were not known, with all writes before their erasure.
    pub fn grown(&self) -> impl Iterator<Item = (RecordId, &str, &BTreeSet<Dot>)> {
        self.grown.iter().filter_map(|key| Some((key.0, key.1.as_str(), self.fields.get(key)?)))
    }
}

/// The operation that empties these fields of a record, over everything that is known to have been written there.
#[must_use]
pub fn erasure(record: &Record, paths: &BTreeSet<String>, seq: u64, wall_ms: i64) -> Operation {
    let empty = |path: &String| {
        let over = record.known_dots(path).collect();
        (path.clone(), Write { value: Value::Empty, over })
    };
    Operation {
        dot: Dot { device: SERVER, seq },
        record: record.id(),
        form: record.form().clone(),
        unit: record.unit().to_owned(),
        action: Action::Amend,
        fields: paths.iter().map(empty).collect(),
        at: Times { wall_ms, offset_ms: Some(0), offset_age_ms: Some(0) },
        author: String::new(),
    }
}

/// Empties these fields in an operation that is kept. Says whether it said anything there.
pub fn purge(operation: &mut Operation, paths: &BTreeSet<String>) -> bool {
    let written = operation.fields.iter_mut().filter(|(path, _)| paths.contains(*path));
    written.fold(false, |is_purged, (_, write)| {
        let said = write.value != Value::Empty;
        write.value = Value::Empty;
        is_purged | said
    })
}
