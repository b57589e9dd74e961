//! Records of one form as a spreadsheet: which columns there are, what stands in them, and the file.

mod cell;
mod layout;
mod rows;
mod text;
mod xlsx;

use form::Resources;
use form::definition::Form;
use pack::Units;
use sync::view::RecordView;

pub use text::Language;
pub use xlsx::{ExportError, workbook};

/// A version of a form.
#[derive(Debug)]
pub struct Version {
    /// The form.
    pub form: Form,
    /// The lists beside it, by name: what people chose out of them is written there.
    pub lists: Resources,
}

/// What an export is made of.
#[derive(Debug)]
pub struct Export<'a> {
    /// Every version of the form that a record needs, newest first: it names the columns, older ones add to it.
    pub versions: &'a [Version],
    /// The records, in order.
    pub records: &'a [RecordView],
    /// Names of units.
    pub units: &'a Units,
    /// The language of headings and choices.
    pub language: Language,
    /// Local time minus UTC, in minutes.
    pub offset_min: i32,
    /// What stands before the path of a file's link.
    pub base_url: &'a str,
}
