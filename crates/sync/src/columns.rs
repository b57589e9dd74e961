//! A page of the feed with its answers field by field.
//!
//! Records of one form say the same paths again and again, and most of their answers the same operation. A column says
//! both once, and answers to one question, side by side, are more alike than those of one record: a page has half the
//! bytes to be read, compressed and sent. What is no single text of a record's main operation stays where it was.
//!
//! Whoever reads a page leaves it so: [`Records`] puts together one record at a time, out of texts that stay where they came.

use std::{collections::BTreeMap, iter, mem};

use minicbor::{
    Decode, Decoder, Encode, Encoder,
    decode::Error as NotRead,
    encode::{Error, Write},
};

use crate::{
    codec,
    wire::{
        Column, Columns, DeviceId, Dot, FormRef, PullResponse, RecordId, RecordState, Sibling,
        Value,
    },
};

/// A list of texts, all in one piece of memory: a page has tens of thousands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Texts {
    joined: String,
    /// Where each of them ends.
    ends: Vec<usize>,
}

impl Texts {
    /// Adds a text.
    pub fn push(&mut self, text: &str) {
        self.joined.push_str(text);
        self.ends.push(self.joined.len());
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The text in a place.
    #[must_use]
    pub fn get(&self, at: usize) -> Option<&str> {
        let end = *self.ends.get(at)?;
        let begin = at.checked_sub(1).map_or(0, |before| self.ends[before]);
        self.joined.get(begin..end)
    }
}

impl<'a> FromIterator<&'a str> for Texts {
    fn from_iter<I: IntoIterator<Item = &'a str>>(texts: I) -> Self {
        let mut all = Self::default();
        texts.into_iter().for_each(|text| all.push(text));
        all
    }
}

impl<C> Encode<C> for Texts {
    fn encode<W: Write>(
        &self,
        into: &mut Encoder<W>,
        _context: &mut C,
    ) -> Result<(), Error<W::Error>> {
        into.array(self.len() as u64)?;
        for text in (0..self.len()).filter_map(|at| self.get(at)) {
            into.str(text)?;
        }
        Ok(())
    }
}

impl<'b, C> Decode<'b, C> for Texts {
    fn decode(from: &mut Decoder<'b>, context: &mut C) -> Result<Self, NotRead> {
        let mut all = Self::default();
        for text in from.array_iter_with::<C, &str>(context)? {
            all.push(text?);
        }
        Ok(all)
    }
}

impl PullResponse {
    /// The same page with its answers in columns.
    #[must_use]
    pub fn in_columns(mut self) -> Self {
        self.columns = Some(split(&mut self.records));
        self
    }

    /// Whether its columns fit its records.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        let Some(Columns { dots, fields }) = &self.columns else { return true };
        let has_operation =
            |at| at < self.records.len() && dots.get(at).is_some_and(Option::is_some);
        fields.values().all(|column| {
            let mut records = Places::of(column);
            (0..column.texts.len()).all(|_| records.next().is_some_and(has_operation))
        })
    }
}

fn split(records: &mut [RecordState]) -> Columns {
    let mut dots = Vec::with_capacity(records.len());
    let mut fields: BTreeMap<String, Begun> = BTreeMap::new();
    for (at, record) in records.iter_mut().enumerate() {
        let main = main_operation(record);
        dots.push(main);
        let Some(main) = main else { continue };
        for (path, siblings) in mem::take(&mut record.fields) {
            match single_text(&siblings, main) {
                Some(text) => match fields.get_mut(&path) {
                    Some(begun) => begun.put(at, text),
                    None => fields.entry(path).or_default().put(at, text),
                },
                None => drop(record.fields.insert(path, siblings)),
            }
        }
    }
    Columns { dots, fields: fields.into_iter().map(|(path, begun)| (path, begun.column)).collect() }
}

/// The operation that wrote most of a record's single texts; of several the newest name, so that a page is always the same.
fn main_operation(record: &RecordState) -> Option<Dot> {
    let mut counts: Vec<(usize, Dot)> = Vec::new();
    for siblings in record.fields.values() {
        let [Sibling { dot, value: Value::Text(_) }] = siblings.as_slice() else { continue };
        match counts.iter_mut().find(|(_, counted)| counted == dot) {
            Some((count, _)) => *count += 1,
            None => counts.push((1, *dot)),
        }
    }
    counts.into_iter().max().map(|(_, dot)| dot)
}

fn single_text(siblings: &[Sibling], main: Dot) -> Option<&str> {
    match siblings {
        [Sibling { dot, value: Value::Text(text) }] if *dot == main => Some(text),
        _ => None,
    }
}

/// A column that is being filled.
#[derive(Default)]
struct Begun {
    column: Column,
    /// The record after its last answer.
    next: usize,
}

impl Begun {
    fn put(&mut self, at: usize, text: &str) {
        let Column { gaps, texts } = &mut self.column;
        if at > self.next && gaps.is_none() {
            *gaps = Some(vec![0; texts.len()]);
        }
        if let Some(gaps) = gaps {
            gaps.push(u32::try_from(at - self.next).expect("a page has fewer records"));
        }
        texts.push(text);
        self.next = at + 1;
    }
}

/// Which records a column's answers are of, one after the other.
struct Places<'a> {
    gaps: Option<&'a [u32]>,
    answer: usize,
    next: usize,
}

impl<'a> Places<'a> {
    fn of(column: &'a Column) -> Self {
        Self { gaps: column.gaps.as_deref(), answer: 0, next: 0 }
    }

    /// `None` behind the last gap, of a column that fits no records.
    fn next(&mut self) -> Option<usize> {
        let gap = self.gaps.map_or(Some(0), |gaps| gaps.get(self.answer).copied())?;
        let at = self.next.checked_add(gap as usize)?;
        self.answer += 1;
        self.next = at + 1;
        Some(at)
    }
}

/// The records of a page as they came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Records {
    states: Vec<RecordState>,
    columns: Columns,
}

impl Records {
    /// Those of a page that [`PullResponse::is_whole`].
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

/// As [`Value`].
#[derive(Encode)]
enum ValueRow<'a> {
    #[n(1)]
    Text(#[n(0)] &'a str),
}
