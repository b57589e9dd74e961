//! What is wrong in a workbook, as data with its place.

use std::fmt;

/// Something that a person should know about the workbook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Name of the sheet.
    pub sheet: String,
    /// Row as the spreadsheet shows it, from 1; `None` for the whole sheet.
    pub row: Option<u32>,
    /// The column, where one is at fault.
    pub column: Option<ProblemColumn>,
    /// Whether a form can be made all the same.
    pub severity: Severity,
    /// What it is.
    pub kind: ProblemKind,
}

/// A column as a person sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProblemColumn {
    /// Its header as written.
    pub header: String,
    /// Its letters: `A`, `AB`.
    pub letters: String,
}

/// Whether a problem stops the conversion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// A form is made.
    Warning,
    /// No form is made.
    Error,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.sheet)?;
        match (&self.column, self.row) {
            (Some(column), Some(row)) => write!(f, "!{}{row} ({})", column.letters, column.header)?,
            (Some(column), None) => write!(f, "!{} ({})", column.letters, column.header)?,
            (None, Some(row)) => write!(f, " row {row}")?,
            (None, None) => {}
        }
        write!(f, ": {}", self.kind)
    }
}

/// What can be wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "each message says what its data is")]
pub enum ProblemKind {
    // The workbook and its sheets.
    #[error("there is no sheet named '{sheet}'{}", meant(similar.as_deref()))]
    MissingSheet { sheet: String, similar: Option<String> },
    #[error(
        "this sheet is ignored; is it meant to be '{meant}'? A name that begins with '_' is not asked about"
    )]
    MisspeltSheet { meant: String },
    #[error("the sheet has no column '{column}'")]
    MissingColumn { column: String },
    #[error("two columns mean the same: '{first}' and '{second}'")]
    DuplicateColumn { first: String, second: String },
    #[error("the column is not known and is ignored")]
    UnknownColumn,
    #[error("'{what}' is not supported and has no effect")]
    NotSupported { what: String },
    #[error("the sheet is too large: the rest is not read")]
    SheetTooLarge,
    #[error("more than {limit} rows above are blank: from here on nothing is read")]
    BehindBlankRows { limit: usize },
    #[error("more than {limit} columns before are blank: from here on nothing is read")]
    BehindBlankColumns { limit: usize },
    #[error("the cell holds a formula; its stored result is used")]
    Formula,
    #[error("the cell holds the error {value}, which is taken as its text")]
    ErrorValue { value: String },
    // Rows of the survey.
    #[error("the row has no type")]
    MissingType,
    #[error("the row has neither type, name nor label and is skipped")]
    SkippedRow,
    #[error("the column 'disabled' is no part of XLSForm: 'relevant' is better")]
    Disabled,
    #[error("'{value}' is not a question type")]
    UnknownType { value: String },
    #[error("the question or group has no name")]
    MissingName,
    #[error(
        "'{value}' cannot be a name: a name begins with a letter or '_' and has only letters, digits, '-', '_' and '.'; a prefix must be declared"
    )]
    BadName { value: String },
    #[error("the name '{value}' is used twice in the same group (first in row {first})")]
    DuplicateName { value: String, first: u32 },
    #[error("the name '{value}' differs from another only in letter case")]
    NameDiffersInCase { value: String },
    #[error("the name '{value}' is reserved")]
    ReservedName { value: String },
    #[error("the repeat '{value}' has the name of another repeat or of the form's root")]
    DuplicateRepeat { value: String },
    #[error("nothing is open that 'end {what}' could close")]
    UnmatchedEnd { what: String },
    #[error("'begin {what}' of '{name}' is never closed")]
    UnclosedGroup { what: String, name: String },
    #[error("more than {limit} groups stand in one another")]
    NestedTooDeeply { limit: usize },
    #[error("the loop would make too many questions")]
    LoopTooLarge,
    #[error("the question has no label and no hint")]
    MissingLabel,
    #[error("the repeat has no label")]
    MissingRepeatLabel,
    #[error("the calculation is missing")]
    MissingCalculation,
    #[error("'big-image' needs an 'image' too")]
    BigImageAlone,
    #[error("the type '{value}' is no longer supported on most devices")]
    OldType { value: String },
    #[error("groups and repeats cannot be saved as entity properties")]
    SaveToOnGroup,
    #[error("an audit is always named 'audit': leave the name empty")]
    AuditName,
    #[error("'{value}' appears in the column but the list of choices has '{first}'")]
    TableListMismatch { first: String, value: String },
    #[error("no choice filter can be used with {with}")]
    ChoiceFilterNotAllowed { with: String },
    #[error("choices of the sheet 'external_choices' are meant to be used with a choice filter")]
    MissingChoiceFilter,
    #[error("a background-geopoint needs a trigger and takes no calculation")]
    BackgroundGeopoint,
    #[error("the question '{name}' cannot be a trigger: it is not shown")]
    HiddenTrigger { name: String },
    // References and expressions.
    #[error("'{value}' is not a reference: write ${{name}}")]
    BadReference { value: String },
    #[error("${{{name}}} refers to nothing")]
    UnknownReference { name: String },
    #[error("${{{name}}} refers to several questions")]
    AmbiguousReference { name: String },
    #[error("the expression is broken at character {offset}: {message}")]
    BrokenExpression { offset: usize, message: String },
    // Choices.
    #[error("there is no list of choices named '{list}'")]
    MissingList { list: String },
    #[error("the choice has no name")]
    MissingChoiceName,
    #[error("the choice has no list name and is skipped")]
    MissingListName,
    #[error("the choice has no label")]
    MissingChoiceLabel,
    #[error("the choice '{value}' is in the list '{list}' twice (first in row {first})")]
    DuplicateChoice { list: String, value: String, first: u32 },
    #[error(
        "the choice '{value}' of '{list}' has a blank in its name: it cannot be used where several are chosen"
    )]
    ChoiceNameWithBlank { list: String, value: String },
    #[error("'{value}' is not a file of a known kind: .csv, .xml or .geojson")]
    UnknownFileKind { value: String },
    #[error("search() cannot be used with choices from a file")]
    SearchWithFile,
    #[error("the list '{list}' is used with search() and without")]
    SearchMixed { list: String },
    // Parameters.
    #[error("parameters are written key=value, with blanks between: '{value}'")]
    BadParameters { value: String },
    #[error("'{key}' is not a parameter here; these are: {accepted}")]
    UnknownParameter { key: String, accepted: String },
    #[error("the parameter '{key}' cannot be '{value}': {expected}")]
    BadParameter { key: String, value: String, expected: String },
    #[error("the parameter '{key}' is missing: {expected}")]
    MissingParameter { key: String, expected: String },
    #[error("an image without 'max-pixels' takes much room")]
    ImageWithoutMaxPixels,
    // Secondary instances and entities.
    #[error("two sources of data would have the name '{id}'")]
    DuplicateInstance { id: String },
    #[error("the entity declaration is not complete: {what}")]
    IncompleteEntity { what: String },
    #[error("the entity list '{list}' is declared twice")]
    DuplicateEntity { list: String },
    #[error("there is no entity list '{list}' on the sheet 'entities'")]
    UnknownEntity { list: String },
    #[error("several entity lists are declared: write list#property")]
    AmbiguousSaveTo,
    #[error("the property '{property}' is already saved to in row {first}")]
    DuplicateSaveTo { property: String, first: u32 },
    #[error("the entity list '{list}' is used from different repeats: '{here}' and '{there}'")]
    EntityScope { list: String, here: String, there: String },
    #[error("two entity lists need the same group: the other one is declared in row {other}")]
    EntityPlace { other: u32 },
    // Files beside the form.
    #[error("there is no file '{name}' beside the form{}", meant(similar.as_deref()))]
    MissingFile { name: String, similar: Option<String> },
    // Settings and texts.
    #[error("an encrypted form needs its instanceID")]
    EncryptedWithoutInstanceId,
    #[error("no text in '{language}' for '{what}', which other languages have")]
    MissingTranslation { language: String, what: String },
    #[error("'or_other' adds texts in English only: write the choice and its question out")]
    UntranslatedOther,
    #[error("'{value}' has no language code, such as 'Tiếng Việt (vi)'")]
    LanguageWithoutCode { value: String },
    #[error("'{value}' is not a kind of medium")]
    UnknownMedium { value: String },
}

fn meant(similar: Option<&str>) -> String {
    similar.map(|s| format!("; is '{s}' meant to be it?")).unwrap_or_default()
}

/// Collects problems.
#[derive(Debug, Default)]
pub(crate) struct Problems(pub(crate) Vec<Problem>);

impl Problems {
    pub(crate) fn add(&mut self, place: &Place, severity: Severity, kind: ProblemKind) {
        let place = place.clone();
        self.0.push(Problem {
            sheet: place.sheet,
            row: place.row,
            column: place.column,
            severity,
            kind,
        });
    }

    pub(crate) fn error(&mut self, place: &Place, kind: ProblemKind) {
        self.add(place, Severity::Error, kind);
    }

    pub(crate) fn warn(&mut self, place: &Place, kind: ProblemKind) {
        self.add(place, Severity::Warning, kind);
    }

    pub(crate) fn has_errors(&self) -> bool {
        self.0.iter().any(|p| p.severity == Severity::Error)
    }
}

/// Where a problem is.
#[derive(Debug, Clone, Default)]
pub(crate) struct Place {
    pub(crate) sheet: String,
    pub(crate) row: Option<u32>,
    pub(crate) column: Option<ProblemColumn>,
}

impl Place {
    pub(crate) fn sheet(name: &str) -> Self {
        Self { sheet: name.to_owned(), row: None, column: None }
    }
}
