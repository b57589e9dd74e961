//! Figures out of records, on the phone and at the desk alike.
//!
//! Pure: records come in as [`Record`]s, figures go out as a [`Table`] in which each figure still knows how many
//! records it was made of. [`fold`] and [`order`] hold what is particular to Vietnamese text; [`search`] what a record is found by,
//! [`read_names`] what a pasted list says.
#![warn(missing_docs)]

mod fold;
mod names;
mod order;
mod query;
mod search;

pub use fold::{begins_words, fold, fold_into, matches, matches_folded};
pub use names::{Column, ColumnKind, Offered, PastedList, PastedName, read_names};
pub use order::{SortKey, name_key, sort_key};
pub use query::{Figure, Group, Measure, Query, Record, Row, Table, Test};
pub use search::{Findable, Sought, fold_names, fold_record};
