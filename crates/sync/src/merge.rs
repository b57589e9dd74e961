//! A record is the set of its operations: their order and repetition change nothing.
//!
//! Each field is a multi-value register. A write removes the dots it was made over and puts its own in;
//! values that nobody saw and replaced stand side by side until a person decides. No clock is read.

use std::collections::{BTreeMap, BTreeSet};

use minicbor::{Decode, Encode};

mod stored;

pub(crate) use stored::ValueRow;
pub use stored::{Standing, Stored};

use crate::gather;
use crate::wire::{
    DeviceId, Dot, FileRef, FormRef, Operation, Outcome, RecordId, RecordState, Sibling, State,
    Value, Write, field,
};

/// The values of one field that stand, and the dots that were replaced.
///
/// Replaced dots are remembered, so that an operation that arrives after the one that replaced it (a
/// phone that comes back, a server restored from a backup) does not bring its value back.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
struct Register {
    /// In the order of their dots. A list, for most are alone: a map takes room for eleven at once.
    #[n(0)]
    #[cbor(with = "standing")]
    standing: Vec<Sibling>,
    #[n(1)]
    superseded: BTreeSet<Dot>,
}

impl Register {
    fn write(&mut self, dot: Dot, write: &Write) {
        if !write.over.is_empty() {
            self.standing.retain(|sibling| !write.over.contains(&sibling.dot));
            self.superseded.extend(&write.over);
        }
        if !self.superseded.contains(&dot) {
            let sibling = Sibling { dot, value: write.value.clone() };
            match self.place(dot) {
                Ok(at) => self.standing[at] = sibling,
                Err(at) => self.standing.insert(at, sibling),
            }
        }
    }

    /// Where the value stands that an operation wrote, or would.
    fn place(&self, dot: Dot) -> Result<usize, usize> {
        self.standing.binary_search_by_key(&dot, |sibling| sibling.dot)
    }

    fn is_contested(&self) -> bool {
        self.standing.iter().any(|sibling| sibling.value != self.standing[0].value)
    }
}

/// What stands in a register, stored as a map of values by their dots.
mod standing {
    use minicbor::{
        Decoder, Encode, Encoder, decode::Error as NotRead, encode::Error, encode::Write,
    };

    use crate::wire::{Dot, Sibling, Value};

    pub fn encode<C, W: Write>(
        siblings: &[Sibling],
        into: &mut Encoder<W>,
        context: &mut C,
    ) -> Result<(), Error<W::Error>> {
        into.map(siblings.len() as u64)?;
        for Sibling { dot, value } in siblings {
            dot.encode(into, context)?;
            value.encode(into, context)?;
        }
        Ok(())
    }

    pub fn decode<C>(from: &mut Decoder<'_>, context: &mut C) -> Result<Vec<Sibling>, NotRead> {
        // Room for the one that is there as a rule: collected, it would be for four.
        let mut standing = Vec::with_capacity(1);
        for one in from.map_iter_with::<C, Dot, Value>(context)? {
            let (dot, value) = one?;
            standing.push(Sibling { dot, value });
        }
        Ok(standing)
    }
}

/// What the record took from the operation that began it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
struct Origin {
    /// Whether that operation wrote the record's first state: only its creator does.
    #[n(0)]
    creates: bool,
    #[n(1)]
    dot: Dot,
    #[n(2)]
    form: FormRef,
    #[n(3)]
    unit: String,
    #[n(4)]
    author: String,
}

impl Origin {
    fn of(operation: &Operation) -> Self {
        Self {
            creates: operation.fields.get(field::STATE).is_some_and(|write| write.over.is_empty()),
            dot: operation.dot,
            form: operation.form.clone(),
            unit: operation.unit.clone(),
            author: operation.author.clone(),
        }
    }

    /// Whether this origin stands before the other, whichever arrived first.
    fn precedes(&self, other: &Self) -> bool {
        (!self.creates, self.dot) < (!other.creates, other.dot)
    }
}

/// Who last wrote from a device.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
struct Writer {
    #[n(0)]
    seq: u64,
    #[n(1)]
    account: String,
}

/// Where a record's state stands on the server: all that does not come out of operations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stamp {
    /// See [`RecordState::received_ms`].
    pub received_ms: i64,
    /// See [`RecordState::changed_ms`].
    pub changed_ms: i64,
    /// See [`RecordState::rv`].
    pub rv: u64,
}

/// One record, merged from operations. Its CBOR (see [`crate::codec`]) is what the server stores.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Record {
    #[n(0)]
    id: RecordId,
    #[n(1)]
    origin: Origin,
    #[n(2)]
    writers: BTreeMap<DeviceId, Writer>,
    #[n(3)]
    fields: BTreeMap<String, Register>,
}

impl Record {
    /// The record of one operation, whether that is its first or merely the first to arrive.
    #[must_use]
    pub fn begin(operation: &Operation) -> Self {
        let mut record = Self {
            id: operation.record,
            origin: Origin::of(operation),
            writers: BTreeMap::new(),
            fields: BTreeMap::new(),
        };
        record.write(operation);
        record
    }

    /// A record as a pull brought it. What was replaced is not in it, so it may only take operations
    /// that are not yet included in it.
    #[must_use]
    pub fn from_state(state: &RecordState) -> Self {
        let newest = state
            .fields
            .values()
            .flatten()
            .map(|sibling| (sibling.dot.device, sibling.dot.seq))
            .fold(BTreeMap::new(), |mut newest: BTreeMap<DeviceId, u64>, (device, seq)| {
                let place = newest.entry(device).or_default();
                *place = seq.max(*place);
                newest
            });
        let writers = state.writers.iter().map(|(device, account)| {
            let seq = newest.get(device).copied().unwrap_or_default();
            (*device, Writer { seq, account: account.clone() })
        });
        let fields = state.fields.iter().map(|(path, siblings)| {
            let mut standing = siblings.clone();
            standing.sort_unstable();
            (path.clone(), Register { standing, superseded: BTreeSet::new() })
        });
        Self {
            id: state.record,
            origin: Origin {
                creates: true,
                dot: Dot { device: DeviceId([0; 16]), seq: 0 },
                form: state.form.clone(),
                unit: state.unit.clone(),
                author: state.author.clone(),
            },
            writers: gather(writers),
            fields: gather(fields),
        }
    }

    /// Takes an operation of this record, and says what it met.
    pub fn apply(&mut self, operation: &Operation) -> Outcome {
        self.take(operation);
        self.outcome(operation)
    }

    /// Takes an operation of this record.
    pub fn take(&mut self, operation: &Operation) {
        let origin = Origin::of(operation);
        if origin.precedes(&self.origin) {
            self.origin = origin;
        }
        self.write(operation);
    }

    fn write(&mut self, operation: &Operation) {
        let Dot { device, seq } = operation.dot;
        let writer = Writer { seq, account: operation.author.clone() };
        let newest = self.writers.entry(device).or_insert_with(|| writer.clone());
        if newest.seq < seq {
            *newest = writer;
        }
        for (path, write) in &operation.fields {
            self.fields.entry(path.clone()).or_default().write(operation.dot, write);
        }
    }

    /// Whether an operation would make it one that somebody else began: of two that begin it the lower name counts as the first,
    /// and anybody may give themselves a low one.
    #[must_use]
    pub fn is_taken_over_by(&self, operation: &Operation) -> bool {
        let is_others = self.origin.creates && self.origin.author != operation.author;
        is_others && Origin::of(operation).precedes(&self.origin)
    }

    /// What an operation that was applied has met so far.
    #[must_use]
    pub fn outcome(&self, operation: &Operation) -> Outcome {
        let dot = operation.dot;
        let mut merged = false;
        for register in operation.fields.keys().filter_map(|path| self.fields.get(path)) {
            if register.place(dot).is_err() {
                merged = true; // somebody replaced it before it arrived
            } else if register.is_contested() {
                return Outcome::Conflict;
            } else {
                merged |= register.standing.len() > 1;
            }
        }
        if merged { Outcome::Merged } else { Outcome::Applied }
    }

    /// What operations replaced that wait at the repair desk, or were set aside there, is replaced wherever one that was applied
    /// replaced those in its turn: its author saw all of it. Says whether anything was.
    ///
    /// An approval is not: who may not undo it does not do so by what was not let in. What stands then depends on the operations, and
    /// not on when they came: of what is not here yet nothing is noted.
    pub fn pass_through(&mut self, waiting: &[Operation]) -> bool {
        if waiting.is_empty() {
            return false;
        }
        let approvals: Vec<Dot> = self.approvals().collect();
        let mut has_changed = false;
        for (path, register) in &mut self.fields {
            let writes =
                waiting.iter().filter_map(|one| Some((one.dot, &one.fields.get(path)?.over)));
            let over: BTreeMap<Dot, &Vec<Dot>> = gather(writes);
            let replaced = over.keys().filter(|dot| register.superseded.contains(dot));
            let mut due: Vec<Dot> = replaced.copied().collect();
            let mut passed = BTreeSet::new();
            while let Some(dot) = due.pop() {
                let below = over.get(&dot).into_iter().flat_map(|over| over.iter().copied());
                due.extend(below.filter(|dot| passed.insert(*dot)));
            }
            passed.retain(|dot| register.place(*dot).is_ok() && !approvals.contains(dot));
            has_changed |= !passed.is_empty();
            register.standing.retain(|sibling| !passed.contains(&sibling.dot));
            register.superseded.extend(passed);
        }
        has_changed
    }

    /// Takes an erasure, of which the log has these operations by now, emptied: one that it does not know was applied whole.
    pub fn erase<'a>(
        &mut self,
        erasure: &Operation,
        logged: impl IntoIterator<Item = &'a Operation>,
    ) {
        self.take(erasure);
        self.empty_as(logged);
    }

    /// Takes over what the log has of its operations by now: values that were emptied there.
    pub fn empty_as<'a>(&mut self, logged: impl IntoIterator<Item = &'a Operation>) {
        for operation in logged {
            for (path, write) in &operation.fields {
                let Some(register) = self.fields.get_mut(path) else { continue };
                if let Ok(at) = register.place(operation.dot) {
                    register.standing[at].value.clone_from(&write.value);
                }
            }
        }
    }

    /// The record.
    #[must_use]
    pub fn id(&self) -> RecordId {
        self.id
    }

    /// The org unit it belongs to.
    #[must_use]
    pub fn unit(&self) -> &str {
        &self.origin.unit
    }

    /// The unit that a change made it leave, if it belonged to `before`: the creator's operation came after another's.
    #[must_use]
    pub fn left(&self, before: Option<&str>) -> Option<String> {
        before.filter(|before| *before != self.unit()).map(str::to_owned)
    }

    /// The account that created it.
    #[must_use]
    pub fn author(&self) -> &str {
        &self.origin.author
    }

    /// The form it was made with.
    #[must_use]
    pub fn form(&self) -> &FormRef {
        &self.origin.form
    }

    /// Every write to a field that is known to have been: those whose values stand, and those that were replaced.
    pub fn known_dots(&self, path: &str) -> impl Iterator<Item = Dot> {
        let register = self.fields.get(path).into_iter();
        register.flat_map(|register| {
            let standing = register.standing.iter().map(|sibling| sibling.dot);
            standing.chain(register.superseded.iter().copied())
        })
    }

    /// The values of a field that stand, each with the operation that wrote it.
    pub fn standing(&self, path: &str) -> impl Iterator<Item = (Dot, &Value)> {
        let register = self.fields.get(path).into_iter();
        let standing = register.flat_map(|register| &register.standing);
        standing.map(|sibling| (sibling.dot, &sibling.value))
    }

    /// The operations by which it stands approved.
    pub(crate) fn approvals(&self) -> impl Iterator<Item = Dot> {
        let approved =
            |value: &Value| matches!(value, Value::Text(name) if name == State::Approved.name());
        self.standing(field::STATE).filter(move |(_, value)| approved(value)).map(|(dot, _)| dot)
    }

    /// The files that its standing values name.
    pub fn files(&self) -> impl Iterator<Item = &FileRef> {
        let standing = self.fields.values().flat_map(|register| &register.standing);
        standing.filter_map(|sibling| match &sibling.value {
            Value::File(file) => Some(file),
            Value::Empty | Value::Text(_) => None,
        })
    }

    /// The values that stand, as a pull sends them.
    #[must_use]
    pub fn state(&self, stamp: Stamp) -> RecordState {
        self.clone().into_state(stamp)
    }

    /// As [`Self::state`], of a record that nobody needs any more.
    #[must_use]
    pub fn into_state(self, stamp: Stamp) -> RecordState {
        let fields = self.fields.into_iter().map(|(path, register)| (path, register.standing));
        let fields: BTreeMap<String, Vec<Sibling>> =
            gather(fields.filter(|(_, standing)| !standing.is_empty()));
        let standing: BTreeSet<DeviceId> =
            gather(fields.values().flatten().map(|sibling| sibling.dot.device));
        let writers = self.writers.into_iter().filter(|(device, _)| standing.contains(device));
        let Origin { form, unit, author, .. } = self.origin;
        RecordState {
            record: self.id,
            form,
            unit,
            author,
            received_ms: stamp.received_ms,
            changed_ms: stamp.changed_ms,
            fields,
            rv: stamp.rv,
            left: false,
            writers: gather(writers.map(|(device, writer)| (device, writer.account))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec;

    /// Servers have stored millions of them so.
    #[test]
    fn a_register_is_stored_as_a_map_of_values_by_their_dots() {
        #[derive(Encode)]
        struct Stored {
            #[n(0)]
            standing: BTreeMap<Dot, Value>,
            #[n(1)]
            superseded: BTreeSet<Dot>,
        }
        let dot = |device, seq| Dot { device: DeviceId([device; 16]), seq };
        let write = |text: &str, over| Write { value: Value::Text(text.to_owned()), over };
        let mut register = Register::default();
        register.write(dot(2, 1), &write("b", Vec::new()));
        register.write(dot(3, 9), &write("c", vec![dot(3, 8)]));
        register.write(dot(1, 7), &write("a", vec![dot(2, 1)]));
        register.write(dot(3, 8), &write("too late", Vec::new()));
        register.write(dot(3, 9), &write("c", vec![dot(3, 8)]));
        let text = |text: &str| Value::Text(text.to_owned());
        let stored = codec::encode(&Stored {
            standing: [(dot(1, 7), text("a")), (dot(3, 9), text("c"))].into(),
            superseded: [dot(2, 1), dot(3, 8)].into(),
        });
        assert_eq!(codec::encode(&register), stored);
        assert_eq!(codec::decode(&stored), Ok(register));
    }
}
