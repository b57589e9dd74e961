//! Files travel apart from records, in chunks that may arrive in any order: which chunks there are, and
//! which are missing.

use std::ops::Range;

/// Bytes in every chunk but the last.
pub const CHUNK_SIZE: u64 = 256 * 1024;

/// The largest file that a record may carry: no server keeps a larger one.
pub const MAX_SIZE: u64 = 64 * 1024 * 1024;

/// How many chunks a file of `size` bytes has; an empty file has none.
#[must_use]
pub fn chunk_count(size: u64) -> u64 {
    size.div_ceil(CHUNK_SIZE)
}

/// The bytes of a file that a chunk holds, or `None` past the file's end.
#[must_use]
pub fn chunk_range(size: u64, chunk: u64) -> Option<Range<u64>> {
    let start = chunk.checked_mul(CHUNK_SIZE).filter(|start| *start < size)?;
    Some(start..size.min(start.saturating_add(CHUNK_SIZE)))
}

/// A text that names no set of a file's chunks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseChunksError {
    /// Not `first` or `first-last` joined by commas, in rising order.
    #[error("“{0}” is no list of chunks")]
    Malformed(String),
    /// The file has not that many chunks.
    #[error("the file has {count} chunks, the list names chunk {chunk}")]
    PastEnd {
        /// The chunk named.
        chunk: u64,
        /// How many chunks the file has.
        count: u64,
    },
}

/// A set of chunks, as text `0,3-5`: what the header `X-Missing-Chunks` holds. Empty: the file is whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chunks(Vec<Range<u64>>);

impl Chunks {
    /// All chunks of a file of `size` bytes.
    #[must_use]
    pub fn all(size: u64) -> Self {
        (0..chunk_count(size)).collect()
    }

    /// The chunks of a file of `size` bytes that are not among those held.
    #[must_use]
    pub fn missing(size: u64, held: impl IntoIterator<Item = u64>) -> Self {
        let mut held: Vec<u64> = held.into_iter().collect();
        held.sort_unstable();
        (0..chunk_count(size)).filter(|chunk| held.binary_search(chunk).is_err()).collect()
    }

    /// Reads the list that a server sent for a file of `size` bytes.
    pub fn parse(text: &str, size: u64) -> Result<Self, ParseChunksError> {
        let count = chunk_count(size);
        let mut ranges: Vec<Range<u64>> = Vec::new();
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let malformed = || ParseChunksError::Malformed(text.to_owned());
            let number =
                |digits: &str| digits.trim().parse::<u64>().map_err(|_not_a_number| malformed());
            let (first, last) = match part.split_once('-') {
                Some((first, last)) => (number(first)?, number(last)?),
                None => (number(part)?, number(part)?),
            };
            if last >= count {
                return Err(ParseChunksError::PastEnd { chunk: last, count });
            }
            if first > last || ranges.last().is_some_and(|before| first < before.end) {
                return Err(malformed());
            }
            ranges.push(first..last + 1);
        }
        Ok(Self(ranges))
    }

    /// Whether no chunk is in the set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The chunks, rising.
    pub fn iter(&self) -> impl Iterator<Item = u64> + '_ {
        self.0.iter().cloned().flatten()
    }

    /// Takes the lowest chunk out.
    pub fn take_first(&mut self) -> Option<u64> {
        let range = self.0.first_mut()?;
        let chunk = range.start;
        range.start += 1;
        if range.is_empty() {
            self.0.remove(0);
        }
        Some(chunk)
    }
}

impl FromIterator<u64> for Chunks {
    /// The chunks must rise.
    fn from_iter<I: IntoIterator<Item = u64>>(chunks: I) -> Self {
        let mut ranges: Vec<Range<u64>> = Vec::new();
        for chunk in chunks {
            match ranges.last_mut() {
                Some(range) if range.end == chunk => range.end += 1,
                _ => ranges.push(chunk..chunk + 1),
            }
        }
        Self(ranges)
    }
}

impl std::fmt::Display for Chunks {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (index, range) in self.0.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            match (range.start, range.end - 1) {
                (first, last) if first == last => write!(f, "{comma}{first}")?,
                (first, last) => write!(f, "{comma}{first}-{last}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_cover_a_file_without_gap_or_overlap() {
        for size in
            [0, 1, CHUNK_SIZE - 1, CHUNK_SIZE, CHUNK_SIZE + 1, 5 * CHUNK_SIZE, 5 * CHUNK_SIZE + 7]
        {
            let mut end = 0;
            for chunk in 0..chunk_count(size) {
                let range = chunk_range(size, chunk).expect("a chunk of the file");
                assert_eq!(range.start, end, "size {size}");
                assert!(!range.is_empty() && range.end - range.start <= CHUNK_SIZE);
                end = range.end;
            }
            assert_eq!(end, size);
            assert_eq!(chunk_range(size, chunk_count(size)), None);
        }
        assert_eq!(chunk_range(u64::MAX, u64::MAX), None);
    }

    #[test]
    fn missing_chunks_are_told_as_ranges_and_read_back() {
        let size = 6 * CHUNK_SIZE + 1;
        for (held, text) in [
            (vec![], "0-6"),
            (vec![1, 2, 6], "0,3-5"),
            (vec![0, 1, 2, 3, 4, 5], "6"),
            (vec![6, 5, 4, 3, 2, 1, 0], ""),
        ] {
            let missing = Chunks::missing(size, held);
            assert_eq!(missing.to_string(), text);
            assert_eq!(Chunks::parse(text, size).expect("our own text"), missing);
        }
        let mut chunks = Chunks::parse("0, 3-5", size).expect("spaces are allowed");
        let taken: Vec<u64> = std::iter::from_fn(|| chunks.take_first()).collect();
        assert_eq!(taken, [0, 3, 4, 5]);
    }

    #[test]
    fn a_list_that_names_no_chunks_of_the_file_is_refused() {
        let size = 4 * CHUNK_SIZE;
        for text in ["x", "1-", "-1", "3-2", "2,1", "1,1", "0-18446744073709551615", "<html>"] {
            assert!(Chunks::parse(text, size).is_err(), "{text}");
        }
        assert_eq!(Chunks::parse("4", size), Err(ParseChunksError::PastEnd { chunk: 4, count: 4 }));
    }
}
