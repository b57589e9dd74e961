//! A stored record read for whoever only passes it on: its texts stay where they are.

use std::collections::{BTreeMap, BTreeSet};

use minicbor::{Decode, Decoder, Encode, decode::Error as NotRead};

use super::{Origin, Stamp, Writer};
use crate::{
    gather,
    mask::Mask,
    wire::{DeviceId, Dot, FileRef, RecordId, RecordState, Sibling, Value},
};

/// The bytes of a [`super::Record`], read.
#[derive(Debug, Decode)]
#[cbor(map)]
pub struct Stored<'b> {
    #[n(0)]
    id: RecordId,
    #[n(1)]
    origin: Origin,
    #[n(2)]
    writers: BTreeMap<DeviceId, Writer>,
    #[b(3)]
    fields: Fields<'b>,
}

/// The values of a field that stand.
#[derive(Clone, Debug)]
pub enum Standing<'b> {
    /// One text.
    Text(Dot, &'b str),
    /// Whatever else.
    Siblings(Vec<Sibling>),
}

impl<'b> Stored<'b> {
    /// As [`super::Record::into_state`] and then [`Mask::cut_state`], with the fields apart, in the order of their paths.
    #[must_use]
    pub fn into_parts(
        self,
        stamp: Stamp,
        mask: &Mask,
    ) -> (RecordState, Vec<(&'b str, Standing<'b>)>) {
        let Self { id, origin: Origin { form, unit, author, .. }, writers, mut fields } = self;
        if !mask.shows_all_of(&form.id) {
            fields.0.retain(|(path, _)| !mask.hides(&form.id, path));
        }
        let mut standing: BTreeSet<DeviceId> = BTreeSet::new();
        for (_, field) in &fields.0 {
            match field {
                Standing::Text(dot, _) => drop(standing.insert(dot.device)),
                Standing::Siblings(all) => standing.extend(all.iter().map(|one| one.dot.device)),
            }
        }
        let writers = writers.into_iter().filter(|(device, _)| standing.contains(device));
        let state = RecordState {
            record: id,
            form,
            unit,
            author,
            received_ms: stamp.received_ms,
            changed_ms: stamp.changed_ms,
            fields: BTreeMap::new(),
            rv: stamp.rv,
            left: false,
            writers: gather(writers.map(|(device, writer)| (device, writer.account))),
        };
        (state, fields.0)
    }
}

impl Standing<'_> {
    /// As a record's state has them.
    #[must_use]
    pub fn into_siblings(self) -> Vec<Sibling> {
        match self {
            Self::Text(dot, text) => vec![Sibling { dot, value: Value::Text(text.to_owned()) }],
            Self::Siblings(siblings) => siblings,
        }
    }
}

impl<'b> From<&'b [Sibling]> for Standing<'b> {
    fn from(siblings: &'b [Sibling]) -> Self {
        match siblings {
            [Sibling { dot, value: Value::Text(text) }] => Self::Text(*dot, text),
            other => Self::Siblings(other.to_vec()),
        }
    }
}

/// Those fields in which something stands.
#[derive(Debug)]
struct Fields<'b>(Vec<(&'b str, Standing<'b>)>);

impl<'b, C> Decode<'b, C> for Fields<'b> {
    fn decode(from: &mut Decoder<'b>, context: &mut C) -> Result<Self, NotRead> {
        let mut fields = Vec::new();
        for field in from.map_iter_with::<C, &str, Register<'b>>(context)? {
            let (path, Register { standing, .. }) = field?;
            if !matches!(&standing, Standing::Siblings(none) if none.is_empty()) {
                fields.push((path, standing));
            }
        }
        Ok(Self(fields))
    }
}

/// As [`super::Register`].
#[derive(Decode)]
struct Register<'b> {
    #[b(0)]
    standing: Standing<'b>,
    #[n(1)]
    _superseded: Passed,
}

impl<'b, C> Decode<'b, C> for Standing<'b> {
    fn decode(from: &mut Decoder<'b>, context: &mut C) -> Result<Self, NotRead> {
        let mut rows = from.map_iter_with::<C, Dot, ValueRow<'b>>(context)?;
        let first = rows.next().transpose()?;
        let second = rows.next().transpose()?;
        if let (Some((dot, ValueRow::Text(text))), None) = (&first, &second) {
            return Ok(Self::Text(*dot, text));
        }
        let mut siblings = Vec::new();
        for row in first.into_iter().chain(second).map(Ok).chain(rows) {
            let (dot, value) = row?;
            siblings.push(Sibling { dot, value: value.into_value() });
        }
        Ok(Self::Siblings(siblings))
    }
}

/// Something that nobody looks at.
#[derive(Debug)]
struct Passed;

impl<C> Decode<'_, C> for Passed {
    fn decode(from: &mut Decoder<'_>, _context: &mut C) -> Result<Self, NotRead> {
        from.skip()?;
        Ok(Self)
    }
}

/// As [`Value`], of which a text stays where it is.
#[derive(Encode, Decode)]
pub(crate) enum ValueRow<'a> {
    #[n(0)]
    Empty,
    #[n(1)]
    Text(#[b(0)] &'a str),
    #[n(2)]
    File(#[n(0)] FileRef),
}

impl ValueRow<'_> {
    fn into_value(self) -> Value {
        match self {
            Self::Empty => Value::Empty,
            Self::Text(text) => Value::Text(text.to_owned()),
            Self::File(file) => Value::File(file),
        }
    }
}
