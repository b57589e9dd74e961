//! Spreadsheet bytes to a form: reads an `XLSForm` workbook and gives a [`form::definition::Form`].
//!
//! [`read_workbook`] turns bytes into a [`Workbook`] of text cells; [`convert`] reads the sheets
//! `survey`, `choices`, `settings`, `entities` and `external_choices` and lists every [`Problem`]
//! with sheet, row and column. A form is given only when no problem is an error.

mod bindings;
#[cfg(feature = "spreadsheet")]
mod blanks;
mod body;
mod choices;
mod convert;
mod entities;
mod entity_places;
mod expression;
mod files;
mod instances;
mod names;
mod parameters;
mod paths;
mod problem;
mod questions;
mod range;
mod read;
mod references;
mod selects;
mod settings;
#[cfg(feature = "spreadsheet")]
mod spreadsheet;
mod survey;
mod table;
mod texts;
mod translations;
mod tree;
mod types;
mod workbook;

pub use convert::{
    Options, SOTAY_NAMESPACE, convert, external_choices_csv, external_choices_lists,
};
pub use files::missing_file;
pub use problem::{Problem, ProblemColumn, ProblemKind, Severity};
pub use read::{Kind, ReadError, is_xls, read_workbook};
pub use types::question_types;
pub use workbook::{CellNote, CellNoteKind, Sheet, Workbook};
