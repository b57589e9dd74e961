//! What is wrong with a pack, and where: data for whoever wrote it, not an error of the program.

use std::fmt;

/// Something wrong in a pack, with its place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The file, by its path inside the pack.
    pub file: String,
    /// The row of a table as a spreadsheet counts it (the header is row 1), or the line of a text
    /// file.
    pub row: Option<u32>,
    /// The column's header, or the manifest's key.
    pub column: Option<String>,
    /// What it is.
    pub kind: Kind,
}

/// Whether a pack with this problem can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The pack loads; its authors should look at it.
    Warning,
    /// The pack does not load.
    Error,
}

/// What can be wrong with a pack.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Kind {
    /// A file that must be there is not.
    #[error("the pack has no file `{0}`")]
    FileMissing(String),
    /// A file that nothing refers to.
    #[error("nothing in the pack uses this file")]
    FileUnused,
    /// The file is not UTF-8.
    #[error("this is not UTF-8: save the file as UTF-8")]
    NotUtf8,
    /// The manifest is not TOML.
    #[error("this is not TOML: {0}")]
    NotToml(String),
    /// The manifest follows another version of the schema.
    #[error("this program reads schema 1, not {0}")]
    UnknownSchema(String),
    /// A key that the manifest does not have.
    #[error("the manifest has no such key")]
    UnknownKey,
    /// A key that must be there is not.
    #[error("this key is missing")]
    KeyMissing,
    /// A key holds another type of value.
    #[error("this must be {expected}, not {found}")]
    WrongType {
        /// The type it must be.
        expected: &'static str,
        /// What it is.
        found: String,
    },
    /// A word that is none of the allowed ones.
    #[error("`{found}` is none of {allowed}")]
    UnknownWord {
        /// The word.
        found: String,
        /// The allowed ones.
        allowed: String,
    },
    /// The table has no header.
    #[error("the table is empty: its first row must name the columns")]
    TableEmpty,
    /// A column that must be there is not.
    #[error("this column is missing")]
    ColumnMissing,
    /// Two columns have the same header.
    #[error("two columns have this name")]
    ColumnTwice,
    /// A column with cells and no header.
    #[error("the column has no name")]
    ColumnUnnamed,
    /// The cells are divided by something else than commas, as spreadsheet programs do where the comma is the decimal sign.
    #[error("the cells are divided by {0}: save the table as CSV divided by commas")]
    NotByCommas(&'static str),
    /// The row has not as many cells as the header.
    #[error("the row has {found} cells, the header {expected}")]
    RaggedRow {
        /// Cells of the header.
        expected: usize,
        /// Cells of the row.
        found: usize,
    },
    /// A quotation mark opens and never closes, or closes and never opened.
    #[error("the quotation marks do not pair up: one that opens a cell is never closed")]
    OpenQuote,
    /// The cell must not be empty.
    #[error("this must not be empty")]
    Empty,
    /// An id that stands in another row too.
    #[error("`{id}` is in row {first} already")]
    Duplicate {
        /// The id.
        id: String,
        /// The row that has it first.
        first: u32,
    },
    /// Not a real day.
    #[error("`{0}` is not a real day written YYYY-MM-DD")]
    NotADate(String),
    /// Not a date in any of the ways that documents write one.
    #[error("`{0}` is not a date: write YYYY-MM-DD, YYYY-MM, YYYY, D/M/YYYY or M/YYYY")]
    NotAWrittenDate(String),
    /// Not a number.
    #[error("`{0}` is not a number")]
    NotANumber(String),
    /// Neither 1 nor 0.
    #[error("`{0}` is neither 1 nor 0")]
    NotAFlag(String),
    /// The last day comes before the first.
    #[error("the last day, {last}, comes before the first, {first}")]
    EndsBeforeStart {
        /// The first day.
        first: String,
        /// The last day.
        last: String,
    },
    /// A reference to something that is not in the pack.
    #[error("there is no {what} `{name}` in the pack")]
    Unknown {
        /// What it should be.
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// A unit is above or after itself.
    #[error("the units go in a circle: {0}")]
    Cycle(String),
    /// A unit without a parent that the manifest does not name as a root, or a root with a parent.
    #[error("the unit `{unit}` {}", if *.has_parent { "is a root of the manifest and has a parent" } else { "has no parent and is no root of the manifest" })]
    Root {
        /// The unit.
        unit: String,
        /// It has a parent.
        has_parent: bool,
    },
    /// One end of a relation names the other, which does not name it back.
    #[error("`{there}` does not name `{here}` back in its column {column}")]
    OneSided {
        /// The row that names the other.
        here: String,
        /// The other.
        there: String,
        /// The column in which it should name it.
        column: String,
    },
    /// A unit does not exist on the day it is needed.
    #[error("the unit `{unit}` does not exist on {day}")]
    NotValidOn {
        /// The unit.
        unit: String,
        /// The day.
        day: String,
    },
    /// A spreadsheet that the forms table does not have.
    #[error("the forms table has no row for this form")]
    FormNotInTable,
    /// A form that asks for personal data, of which no question is said to.
    #[error(
        "the table of personal data names no question of this form: its answers are kept for ever and hidden from nobody"
    )]
    PersonalWithoutField,
    /// A part of a recurrence rule that RFC 5545 does not have.
    #[error("`{0}` is not in RFC 5545: other programs will not understand this rule")]
    NotARule(String),
    /// A recurrence rule that does not say how often.
    #[error("RFC 5545 requires FREQ in a rule: this one says nothing of how often")]
    RuleWithoutFrequency,
    /// A clause that the plan's document does not contain.
    #[error("the plan does not contain this text: {0}")]
    NotInPlan(String),
    /// A piece of the plan that no clause has.
    #[error("no clause has this text of the plan: {0}")]
    NotMapped(String),
}

impl Kind {
    /// Whether a pack with this problem can be used.
    #[must_use]
    pub fn severity(&self) -> Severity {
        match self {
            Kind::FileUnused
            | Kind::OneSided { .. }
            | Kind::PersonalWithoutField
            | Kind::NotARule(_)
            | Kind::RuleWithoutFrequency => Severity::Warning,
            _ => Severity::Error,
        }
    }

    /// Whether rows may be missing from what was read: every reference to one of them would then be
    /// called wrong, so references are not followed until this is put right.
    pub(crate) fn leaves_a_gap(&self) -> bool {
        matches!(
            self,
            Kind::FileMissing(_)
                | Kind::NotUtf8
                | Kind::KeyMissing
                | Kind::TableEmpty
                | Kind::NotByCommas(_)
                | Kind::ColumnMissing
                | Kind::ColumnTwice
                | Kind::RaggedRow { .. }
                | Kind::OpenQuote
        )
    }
}

impl Problem {
    /// Whether a pack with this problem can be used.
    #[must_use]
    pub fn severity(&self) -> Severity {
        self.kind.severity()
    }
}

/// `tables/tasks.csv, row 5, column forms: there is no form …`: a fragment to put after "error" or
/// "warning".
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let table = self.file.ends_with(".csv");
        f.write_str(&self.file)?;
        if let Some(row) = self.row {
            write!(f, ", {} {row}", if table { "row" } else { "line" })?;
        }
        if let Some(column) = &self.column {
            write!(f, ", {} {column}", if table { "column" } else { "key" })?;
        }
        write!(f, ": {}", self.kind)
    }
}
