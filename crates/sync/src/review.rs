//! Why a reviewer sent a record back. It stands in [`field::REASON`] beside the state: the time in milliseconds since 1970
//! by the reviewer's clock, a space, and the words.

use minicbor::{Decode, Encode};

use crate::wire::{RecordState, State, Value, field};

/// Why a record was sent back.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Reason {
    /// The account that did; empty if nobody knows it.
    #[n(0)]
    pub by: String,
    /// When, by its device's clock: for people only.
    #[n(1)]
    pub at_ms: i64,
    /// What is to be mended.
    #[n(2)]
    pub why: String,
}

/// The value that says it.
#[must_use]
pub fn said(at_ms: i64, why: &str) -> Value {
    Value::Text(format!("{at_ms} {why}"))
}

/// When and why, as a value says it.
#[must_use]
pub fn read(text: &str) -> Option<(i64, &str)> {
    let (at_ms, why) = text.split_once(' ')?;
    Some((at_ms.parse().ok()?, why))
}

/// What is to be mended in a record that stands as sent back. Two who did not see each other may both have done that: the
/// reasons of both are to be read.
#[must_use]
pub fn reasons(record: &RecordState, stands: State) -> Vec<Reason> {
    let said = record.fields.get(field::REASON).filter(|_| stands == State::Returned);
    let told = said.into_iter().flatten().filter_map(|sibling| {
        let Value::Text(text) = &sibling.value else { return None };
        let (at_ms, why) = read(text)?;
        let by = record.writers.get(&sibling.dot.device).cloned().unwrap_or_default();
        Some(Reason { by, at_ms, why: why.to_owned() })
    });
    told.collect()
}
