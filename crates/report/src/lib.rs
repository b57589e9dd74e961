//! How Vietnamese text is searched and sorted, on the phone and at the desk alike. Pure.
//!
//! [`fold`] takes the marks off a text, [`sort_key`] puts it in its place; [`fold_record`] makes what a record is found by, and
//! [`read_names`] says what a pasted list of names holds.
#![warn(missing_docs)]

mod fold;
mod names;
mod order;
mod search;

pub use fold::{begins_words, fold, fold_into, matches, matches_folded};
pub use names::{Column, ColumnKind, Offered, PastedList, PastedName, read_names};
pub use order::{SortKey, name_key, sort_key};
pub use search::{Findable, Sought, fold_names, fold_record};
