//! The texts of a column by their words, each of which is said once.
//!
//! People answer one question with the same words again and again: a word's number takes a byte, where the word, however
//! often it came before, takes two or three of any compression.

use std::collections::HashMap;

use minicbor::{Decode, Encode};

use super::Texts;

/// What a page's texts take at most when they are put together: a page that says more was not made by a server.
pub(super) const MOST_BYTES: usize = 64 << 20;

/// Texts by their words. A word is what stands between two spaces, and may be empty.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Words {
    /// Each word once, those that occur most first.
    #[n(0)]
    words: Texts,
    /// For each text how many words it has, as LEB128.
    #[n(1)]
    #[cbor(with = "minicbor::bytes")]
    counts: Vec<u8>,
    /// The words of all texts by their places in `words`, as LEB128.
    #[n(2)]
    #[cbor(with = "minicbor::bytes")]
    places: Vec<u8>,
}

impl Words {
    /// The words of texts in which they repeat: of others, numbers for example, there would be as many as before.
    pub(super) fn of(texts: &Texts) -> Option<Self> {
        let mut known: HashMap<&str, usize, foldhash::fast::RandomState> = HashMap::default();
        let mut occurring: Vec<(&str, usize)> = Vec::new();
        let (mut counts, mut places) = (Vec::new(), Vec::new());
        for text in texts.iter() {
            let before = places.len();
            for word in text.split(' ') {
                let at = *known.entry(word).or_insert_with(|| {
                    occurring.push((word, 0));
                    occurring.len() - 1
                });
                occurring[at].1 += 1;
                places.push(at);
            }
            put(&mut counts, places.len() - before);
            if occurring.len() > places.len() / 2 && occurring.len() > SEEN_ENOUGH {
                return None;
            }
        }
        if occurring.len() > places.len() / 2 {
            return None;
        }
        let mut order: Vec<usize> = (0..occurring.len()).collect();
        order.sort_by_key(|&at| usize::MAX - occurring[at].1);
        let mut sorted = vec![0; order.len()];
        order.iter().enumerate().for_each(|(to, &from)| sorted[from] = to);
        let words = order.iter().map(|&at| occurring[at].0).collect();
        let mut all = Vec::with_capacity(places.len());
        places.iter().for_each(|&at| put(&mut all, sorted[at]));
        Some(Self { words, counts, places: all })
    }

    /// The texts; `None` if the words do not make any, or more than there is `room` for.
    pub(super) fn texts(&self, room: &mut usize) -> Option<Texts> {
        let mut texts = Texts::default();
        let (mut counts, mut places) = (self.counts.as_slice(), self.places.as_slice());
        while !counts.is_empty() {
            for nth in 0..take(&mut counts)? {
                if nth > 0 {
                    texts.joined.push(' ');
                }
                let word = self.words.get(take(&mut places)?)?;
                *room = room.checked_sub(word.len() + 1)?;
                texts.joined.push_str(word);
            }
            texts.ends.push(texts.joined.len());
        }
        places.is_empty().then_some(texts)
    }
}

/// After so many words it shows whether they repeat.
const SEEN_ENOUGH: usize = 64;

/// Writes a number as LEB128.
fn put(bytes: &mut Vec<u8>, mut number: usize) {
    while number > 0x7f {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

/// Reads such a number.
fn take(bytes: &mut &[u8]) -> Option<usize> {
    let (mut number, mut shift) = (0_usize, 0);
    loop {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= usize::from(byte & 0x7f).checked_shl(shift)?;
        if byte < 0x80 {
            return Some(number);
        }
        shift += 7;
    }
}
