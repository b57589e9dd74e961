//! Values that were erased from a server, and must not come back with a phone that still holds them.
//!
//! An erasure is an operation of the server's own ([`SERVER`]) that empties fields over every value that it knew of there.
//! Phones take it as they take any other. What was written without having seen it, sent anew after a restore or only now,
//! is emptied as it comes: it says what was to be forgotten. Who saw it may write again.

use std::collections::{BTreeMap, BTreeSet};

use crate::gather::gather;
use crate::merge::Record;
use crate::wire::{Action, DeviceId, Dot, Hash, Operation, RecordId, Times, Value, Write};

/// The device that erasures are operations of. It comes after all others, so that no record ever begins with one of it.
pub const SERVER: DeviceId = DeviceId([0xff; 16]);

/// What was erased in some records: for each field the writes that came before that.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Erased {
    fields: BTreeMap<(RecordId, String), BTreeSet<Dot>>,
    unbegun: BTreeMap<RecordId, Vec<Operation>>,
    grown: BTreeSet<(RecordId, String)>,
    files: BTreeSet<Hash>,
}

impl Erased {
    /// Notes that a field was erased after these writes.
    pub fn insert(&mut self, record: RecordId, path: &str, before: impl IntoIterator<Item = Dot>) {
        self.fields.entry(key(record, path)).or_default().extend(before);
    }

    /// Notes what an erasure erased.
    fn insert_all(&mut self, erasure: &Operation) {
        for (path, write) in &erasure.fields {
            self.insert(erasure.record, path, write.over.iter().copied());
        }
    }

    /// Notes the erasures of a record of which nothing was applied yet: it begins with them in it, so that they are seen.
    pub fn insert_unbegun(&mut self, record: RecordId, erasures: Vec<Operation>) {
        self.unbegun.insert(record, erasures);
    }

    /// The erasures that a record takes with the operation that begins it.
    #[must_use]
    pub fn of_unbegun(&self, record: RecordId) -> &[Operation] {
        self.unbegun.get(&record).map_or(&[], Vec::as_slice)
    }

    /// Empties what an operation says without having seen that its field was erased. Says whether there was any such thing.
    pub fn cut(&mut self, operation: &mut Operation) -> bool {
        let dot = operation.dot;
        self.empty(operation, |before, write| before.contains(&dot) || is_old(before, write))
    }

    /// The same of an operation that is kept beside the log: its name, and those of its device's that it replaces, may be others'
    /// in the log. So it has seen an erasure only if it names one.
    pub fn cut_beside(&mut self, operation: &mut Operation) -> bool {
        self.empty(operation, |before, write| {
            !write.over.iter().any(|over| over.device == SERVER && !before.contains(over))
        })
    }

    /// Empties what an operation that lies beside the log says where an erasure is being made: it has not seen that, whatever it
    /// names. Nobody looked at what it names when it came.
    pub fn cut_unseen(erasure: &Operation, operation: &mut Operation) -> bool {
        let mut erased = Self::default();
        erased.insert_all(erasure);
        erased.empty(operation, |_before, _write| true)
    }

    fn empty(
        &mut self,
        operation: &mut Operation,
        is_old: impl Fn(&BTreeSet<Dot>, &Write) -> bool,
    ) -> bool {
        let mut is_cut = false;
        let record = operation.record;
        if self.fields.is_empty() {
            return is_cut; // as nearly always, and there are fifty fields or more
        }
        for (path, write) in &mut operation.fields {
            let before = self.fields.get(&key(record, path));
            if before.is_some_and(|before| is_old(before, write)) {
                let value = std::mem::replace(&mut write.value, Value::Empty);
                is_cut |= value != Value::Empty;
                if let Value::File(file) = value {
                    self.files.insert(file.hash);
                }
            }
        }
        is_cut
    }

    /// Notes that an operation which is logged wrote what it wrote before the erasure, as far as [`Self::cut`] would empty it.
    /// Not of one that is set beside the log: its name is another's. Says whether that is news.
    pub fn grow(&mut self, operation: &Operation) -> bool {
        let mut is_news = false;
        if self.fields.is_empty() {
            return is_news;
        }
        for (path, write) in &operation.fields {
            let key = key(operation.record, path);
            let Some(before) = self.fields.get_mut(&key) else { continue };
            if is_old(before, write) && before.insert(operation.dot) {
                self.grown.insert(key);
                is_news = true;
            }
        }
        is_news
    }

    /// Notes an erasure that is done in a log of these operations. It may be younger than the erasure: then what is in it and
    /// the erasure does not know came before it as well, unless its author saw more than that.
    pub fn insert_into<'a>(
        &mut self,
        erasure: &Operation,
        logged: &(impl Iterator<Item = &'a Operation> + Clone),
    ) {
        self.insert_all(erasure);
        self.spread(logged);
    }

    /// Notes which operations of a log came before what was erased, by all that is known now: one that replaced what was not here
    /// when it came counted as having seen the erasure, until that comes as well and has not seen it.
    pub fn spread<'a>(&mut self, logged: &(impl Iterator<Item = &'a Operation> + Clone)) {
        // An erasure is older only if the new one names it; and who replaced what may stand before it in the log.
        let written = || logged.clone().filter(|operation| operation.dot.device != SERVER);
        while written().fold(false, |is_news, operation| self.grow(operation) | is_news) {}
    }

    /// The writes that came before the erasure of a field.
    #[must_use]
    pub fn before(&self, record: RecordId, path: &str) -> Option<&BTreeSet<Dot>> {
        self.fields.get(&key(record, path))
    }

    /// The fields for which [`Self::grow`] met writes that were not known, with all writes before their erasure.
    pub fn grown(&self) -> impl Iterator<Item = (RecordId, &str, &BTreeSet<Dot>)> {
        self.grown.iter().filter_map(|key| Some((key.0, key.1.as_str(), self.fields.get(key)?)))
    }

    /// The files that [`Self::cut`] took out: their phones may be about to send them.
    pub fn files(&self) -> impl Iterator<Item = Hash> {
        self.files.iter().copied()
    }
}

/// A field as erasures know it. There are databases that keep no text with a zero character: no form makes a name with one, but
/// somebody else's phone may, and what was erased there is to be known again.
fn key(record: RecordId, path: &str) -> (RecordId, String) {
    (record, path.replace('\0', "\u{fffd}"))
}

/// Whether who wrote this saw nothing but what was written before an erasure.
fn is_old(before: &BTreeSet<Dot>, write: &Write) -> bool {
    write.over.iter().all(|over| before.contains(over))
}

/// The operation that empties these fields of a record, over everything that is known to have been written there: `logged` is what
/// the log has of the record, applied or not.
#[must_use]
pub fn erasure<'a>(
    record: &Record,
    logged: impl IntoIterator<Item = &'a Operation>,
    paths: &BTreeSet<String>,
    seq: u64,
    wall_ms: i64,
) -> Operation {
    let over = |path: &String| (path.clone(), record.known_dots(path).collect());
    let mut over: BTreeMap<String, BTreeSet<Dot>> = gather(paths.iter().map(over));
    for operation in logged {
        for (path, write) in &operation.fields {
            if let Some(over) = over.get_mut(path) {
                over.extend(&write.over);
                over.insert(operation.dot);
            }
        }
    }
    let empty = |(path, over): (String, BTreeSet<Dot>)| {
        (path, Write { value: Value::Empty, over: over.into_iter().collect() })
    };
    Operation {
        dot: Dot { device: SERVER, seq },
        record: record.id(),
        form: record.form().clone(),
        unit: record.unit().to_owned(),
        action: Action::Amend,
        fields: gather(over.into_iter().map(empty)),
        at: Times { wall_ms, offset_ms: Some(0), offset_age_ms: Some(0) },
        author: String::new(),
    }
}
