//! What a phone reads of a page: one record at a time, out of texts that stay where they came.

use std::{collections::BTreeMap, iter};

use minicbor::{
    Encode, Encoder,
    encode::{Error, Write},
};

use super::Texts;
use crate::{
    codec,
    merge::ValueRow,
    wire::{Column, Columns, DeviceId, Dot, FormRef, RecordId, RecordState, Sibling, Value},
};

/// The records of a page as they came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Records {
    states: Vec<RecordState>,
    columns: Columns,
}

impl Records {
    /// Those of a page that is [`PullResponse::whole`].
    #[must_use]
    pub fn new(states: Vec<RecordState>, columns: Option<Columns>) -> Self {
        Self { states, columns: columns.unwrap_or_default() }
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.states.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.states.is_empty()
    }

    /// Their ids.
    pub fn ids(&self) -> impl Iterator<Item = RecordId> {
        self.states.iter().map(|state| state.record)
    }

    /// The ids of those that the reader goes on seeing.
    pub fn staying(&self) -> impl Iterator<Item = RecordId> {
        self.states.iter().filter(|state| !state.left).map(|state| state.record)
    }

    /// One after the other.
    pub fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        let mut columns: Vec<Reading<'_>> =
            self.columns.fields.iter().map(|(path, column)| Reading::of(path, column)).collect();
        self.states.iter().enumerate().map(move |(at, state)| {
            let mut answers = Vec::with_capacity(columns.len());
            answers.extend(columns.iter_mut().filter_map(|column| column.take(at)));
            Row { state, dot: self.columns.dots.get(at).copied().flatten(), answers }
        })
    }

    /// Each with all that stands in it.
    #[must_use]
    pub fn to_states(&self) -> Vec<RecordState> {
        self.rows().map(|row| row.to_state()).collect()
    }
}

/// A column that is being read.
struct Reading<'a> {
    path: &'a str,
    texts: &'a Texts,
    places: Places<'a>,
    /// The record of the next answer.
    record: Option<usize>,
}

impl<'a> Reading<'a> {
    fn of(path: &'a str, column: &'a Column) -> Self {
        let mut places = Places::of(column);
        let record = places.next();
        Self { path, texts: &column.texts, places, record }
    }

    /// The answer of this record, if it has one.
    fn take(&mut self, at: usize) -> Option<(&'a str, &'a str)> {
        if self.record != Some(at) {
            return None;
        }
        let text = self.texts.get(self.places.answer - 1)?;
        self.record = self.places.next();
        Some((self.path, text))
    }
}

/// A record's state, of which answers may stand elsewhere.
#[derive(Clone, Debug)]
pub struct Row<'a> {
    state: &'a RecordState,
    /// The operation that wrote the answers that stand elsewhere.
    dot: Option<Dot>,
    /// Those by their paths, in the order of these.
    answers: Vec<(&'a str, &'a str)>,
}

/// What stands in a field.
#[derive(Clone, Copy, Debug)]
pub enum Field<'a> {
    /// A text alone.
    Text(&'a str),
    /// Whatever it is.
    Siblings(&'a [Sibling]),
}

impl<'a> From<&'a RecordState> for Row<'a> {
    fn from(state: &'a RecordState) -> Self {
        Self { state, dot: None, answers: Vec::new() }
    }
}

impl<'a> Row<'a> {
    /// The state, without the answers that stand elsewhere.
    #[must_use]
    pub fn rest(&self) -> &'a RecordState {
        self.state
    }

    /// What stands in the field of that path.
    #[must_use]
    pub fn field(&self, path: &str) -> Option<Field<'a>> {
        match self.answers.binary_search_by_key(&path, |(path, _)| *path) {
            Ok(at) => Some(Field::Text(self.answers[at].1)),
            Err(_) => Some(Field::Siblings(self.state.fields.get(path)?)),
        }
    }

    /// What stands in all fields, by their paths.
    pub fn fields(&self) -> impl Iterator<Item = (&'a str, Field<'a>)> {
        let mut rest = self.state.fields.iter().peekable();
        let mut answers = self.answers.iter().peekable();
        iter::from_fn(move || {
            if let (Some((path, _)), Some((answered, _))) = (rest.peek(), answers.peek()) {
                if path.as_str() < *answered {
                    return rest.next().map(|(path, all)| (path.as_str(), Field::Siblings(all)));
                }
                // Of a page that says both the column counts.
                rest.next_if(|(path, _)| path.as_str() == *answered);
            }
            match answers.next() {
                Some((path, text)) => Some((*path, Field::Text(text))),
                None => rest.next().map(|(path, all)| (path.as_str(), Field::Siblings(all))),
            }
        })
    }

    /// The state with all that stands in it.
    #[must_use]
    pub fn to_state(&self) -> RecordState {
        let mut state = self.state.clone();
        if let Some(dot) = self.dot {
            for (path, text) in &self.answers {
                let answer = Sibling { dot, value: Value::Text((*text).to_owned()) };
                state.fields.insert((*path).to_owned(), vec![answer]);
            }
        }
        state
    }

    /// The CBOR of what [`crate::device::Page::base`] gives, without having made it.
    pub(crate) fn stored(&self, included: u64, generation: u64) -> Vec<u8> {
        let answer = |dot| codec::encode(&[SiblingRow { dot, value: ValueRow::Text("") }]);
        let mut before_text = self.dot.map(answer).unwrap_or_default();
        // The text itself.
        before_text.pop();
        let state = StateRow {
            record: self.state.record,
            form: &self.state.form,
            unit: &self.state.unit,
            author: &self.state.author,
            received_ms: self.state.received_ms,
            changed_ms: self.state.changed_ms,
            fields: FieldsRow { row: self, before_text },
            rv: self.state.rv,
            left: self.state.left,
            writers: &self.state.writers,
        };
        let size = |(path, text): &(&str, &str)| path.len() + text.len() + ANSWER_BYTES;
        let room = REST_BYTES + self.answers.iter().map(size).sum::<usize>();
        codec::encode_behind(Vec::with_capacity(room), &BaseRow { state, included, generation })
    }
}

/// What a stored answer has beside its path and its text, and a stored record beside its answers, about: a row that grows is copied.
const ANSWER_BYTES: usize = 40;
const REST_BYTES: usize = 300;

/// As [`crate::view::Base`].
#[derive(Encode)]
#[cbor(map)]
struct BaseRow<'a> {
    #[n(0)]
    state: StateRow<'a>,
    #[n(1)]
    included: u64,
    #[n(2)]
    generation: u64,
}

/// As [`RecordState`].
#[derive(Encode)]
#[cbor(map)]
struct StateRow<'a> {
    #[n(0)]
    record: RecordId,
    #[n(1)]
    form: &'a FormRef,
    #[n(2)]
    unit: &'a str,
    #[n(3)]
    author: &'a str,
    #[n(4)]
    received_ms: i64,
    #[n(5)]
    changed_ms: i64,
    #[n(6)]
    fields: FieldsRow<'a>,
    #[n(7)]
    rv: u64,
    #[n(8)]
    left: bool,
    #[n(9)]
    writers: &'a BTreeMap<DeviceId, String>,
}

/// As [`RecordState::fields`].
struct FieldsRow<'a> {
    row: &'a Row<'a>,
    /// What each answer of a column has before its text.
    before_text: Vec<u8>,
}

impl<C> Encode<C> for FieldsRow<'_> {
    fn encode<W: Write>(
        &self,
        into: &mut Encoder<W>,
        context: &mut C,
    ) -> Result<(), Error<W::Error>> {
        into.map(self.row.fields().count() as u64)?;
        for (path, field) in self.row.fields() {
            into.str(path)?;
            match field {
                Field::Siblings(siblings) => siblings.encode(into, context)?,
                Field::Text(text) => {
                    into.writer_mut().write_all(&self.before_text).map_err(Error::write)?;
                    into.str(text)?;
                }
            }
        }
        Ok(())
    }
}

/// As [`Sibling`].
#[derive(Encode)]
#[cbor(map)]
struct SiblingRow<'a> {
    #[n(0)]
    dot: Dot,
    #[n(1)]
    value: ValueRow<'a>,
}

/// Which records a column's answers are of, one after the other.
pub(super) struct Places<'a> {
    gaps: Option<&'a [u32]>,
    answer: usize,
    next: usize,
}

impl<'a> Places<'a> {
    pub(super) fn of(column: &'a Column) -> Self {
        Self { gaps: column.gaps.as_deref(), answer: 0, next: 0 }
    }

    /// `None` behind the last gap, of a column that fits no records.
    pub(super) fn next(&mut self) -> Option<usize> {
        let gap = self.gaps.map_or(Some(0), |gaps| gaps.get(self.answer).copied())?;
        let at = self.next.checked_add(gap as usize)?;
        self.answer += 1;
        self.next = at + 1;
        Some(at)
    }
}
