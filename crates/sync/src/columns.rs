//! A page of the feed with its answers field by field.
//!
//! Records of one form say the same paths again and again, and most of their answers the same operation. A column says
//! both once, and answers to one question, side by side, are more alike than those of one record: a page has half the
//! bytes to be read, compressed and sent. What is no single text of a record's main operation stays where it was.
//!
//! A server fills columns with stored records as it reads them ([`Filling`]). A phone leaves the page so: [`Records`] puts together one record at a time, out of texts that stay where they came.

use minicbor::{
    Decode, Decoder, Encode, Encoder,
    decode::Error as NotRead,
    encode::{Error, Write},
};

use crate::wire::{Columns, PullResponse};

mod fill;
mod rows;
mod words;

pub use fill::Filling;
use rows::Places;
pub use rows::{Field, Records, Row};
pub use words::Words;

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

    /// One after the other.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).filter_map(|at| self.get(at))
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
        self.iter().try_for_each(|text| into.str(text).map(drop))
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
    /// The same page with the texts of its columns by their words, for a device that asked for that.
    #[must_use]
    pub fn by_words(mut self) -> Self {
        for column in self.columns.iter_mut().flat_map(|columns| columns.fields.values_mut()) {
            column.words = Words::of(&column.texts);
            if column.words.is_some() {
                column.texts = Texts::default();
            }
        }
        self
    }

    /// The page with all texts of its columns whole; `None` if its columns do not fit its records.
    #[must_use]
    pub fn whole(mut self) -> Option<Self> {
        let mut room = words::MOST_BYTES;
        for column in self.columns.iter_mut().flat_map(|columns| columns.fields.values_mut()) {
            if let Some(words) = column.words.take() {
                column.texts = words.texts(&mut room)?;
            }
        }
        self.is_whole().then_some(self)
    }

    fn is_whole(&self) -> bool {
        let Some(Columns { dots, fields }) = &self.columns else { return true };
        let has_operation =
            |at| at < self.records.len() && dots.get(at).is_some_and(Option::is_some);
        fields.values().all(|column| {
            let mut records = Places::of(column);
            (0..column.texts.len()).all(|_| records.next().is_some_and(has_operation))
        })
    }
}
