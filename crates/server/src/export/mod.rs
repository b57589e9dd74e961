//! Records of one form as a spreadsheet: which columns there are, what stands in them, and the file.

mod cell;
mod chosen;
mod layout;
mod rows;
mod text;
mod xlsx;

use form::Resources;
use form::definition::Form;
use pack::Units;
use sync::view::RecordView;

pub use chosen::Chosen;
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
    /// What stands before the path of a record's link.
    pub base_url: &'a str,
    /// By what the records were chosen.
    pub chosen: &'a Chosen,
}

impl Export<'_> {
    /// A unit as people call it.
    fn unit_name(&self, id: &str) -> String {
        let name = self.units.get(id).map(|unit| unit.name.get(self.language.tag()).to_owned());
        name.unwrap_or_else(|| id.to_owned())
    }
}
