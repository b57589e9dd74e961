//! The schema of the tables: which fields each has, and what their cells must hold. `docs/pack.md`
//! says it in words.

/// A table of a pack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Table {
    /// Units, past and present.
    Units,
    /// Changes of the organisation.
    Events,
    /// Forms.
    Forms,
    /// Questions that ask for personal data.
    PersonalData,
    /// The plan, piece by piece.
    Clauses,
    /// Tasks.
    Tasks,
    /// Indicators.
    Indicators,
    /// Legal references.
    LegalRefs,
    /// Forbidden acts.
    Violations,
    /// The report's outline.
    ReportOutline,
}

/// What a field's column must be like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// The column must be there, every cell filled, no two alike.
    Id,
    /// The column must be there, every cell filled.
    Filled,
    /// The column must be there.
    Present,
    /// The column may be left out.
    Optional,
    /// One column for each language, `name_vi`, `name_en`; the default language's must be there and
    /// filled.
    Text,
    /// One column for each language; all may be left out.
    OptionalText,
}

/// A field's name and what its column must be like.
pub type Field = (&'static str, Shape);

use Shape::{Filled, Id, Optional, OptionalText, Present, Text};

impl Table {
    /// Every table.
    pub const ALL: [Table; 10] = [
        Table::Units,
        Table::Events,
        Table::Forms,
        Table::PersonalData,
        Table::Clauses,
        Table::Tasks,
        Table::Indicators,
        Table::LegalRefs,
        Table::Violations,
        Table::ReportOutline,
    ];

    /// Its name in the manifest.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Table::Units => "units",
            Table::Events => "events",
            Table::Forms => "forms",
            Table::PersonalData => "personal_data",
            Table::Clauses => "clauses",
            Table::Tasks => "tasks",
            Table::Indicators => "indicators",
            Table::LegalRefs => "legal_refs",
            Table::Violations => "violations",
            Table::ReportOutline => "report_outline",
        }
    }

    /// A pack cannot do without it.
    #[must_use]
    pub fn required(self) -> bool {
        matches!(self, Table::Units | Table::Forms)
    }

    /// Its fields.
    #[must_use]
    pub fn fields(self) -> &'static [Field] {
        match self {
            Table::Units => UNITS,
            Table::Events => EVENTS,
            Table::Forms => FORMS,
            Table::PersonalData => PERSONAL_DATA,
            Table::Clauses => CLAUSES,
            Table::Tasks => TASKS,
            Table::Indicators => INDICATORS,
            Table::LegalRefs => LEGAL_REFS,
            Table::Violations => VIOLATIONS,
            Table::ReportOutline => REPORT_OUTLINE,
        }
    }
}

const UNITS: &[Field] = &[
    ("id", Id),
    ("name", Text),
    ("kind", Filled),
    ("level", Optional),
    ("parent", Present),
    ("code", Optional),
    ("valid_from", Present),
    ("valid_to", Present),
    ("predecessors", Present),
    ("successors", Present),
    ("basis", Optional),
    ("clauses", Optional),
    ("role", Optional),
    ("enabled", Optional),
    ("verification", Optional),
    ("note", Optional),
];

const EVENTS: &[Field] = &[
    ("date", Filled),
    ("title", Text),
    ("from_units", Present),
    ("to_units", Present),
    ("basis", Optional),
    ("data_rule", Optional),
    ("verification", Optional),
];

const FORMS: &[Field] = &[
    ("file", Id),
    ("form_id", Id),
    ("version", Filled),
    ("title", Text),
    ("kind", Filled),
    ("programme", Optional),
    ("used_by", Optional),
    ("clauses", Optional),
    ("how_often", OptionalText),
    ("rows", Optional),
    ("checklist_items", Optional),
    ("personal_data", Optional),
    ("sensitive_data", Optional),
    ("withdrawn", Optional),
];

const PERSONAL_DATA: &[Field] = &[
    ("form", Filled),
    ("field", Filled),
    ("person", Filled),
    ("purpose", Text),
    ("months", Filled),
    ("seen_by", Filled),
];

const CLAUSES: &[Field] = &[
    ("order", Id),
    ("id", Id),
    ("kind", Filled),
    ("text", Filled),
    ("actor", Optional),
    ("meaning", OptionalText),
    ("forms", Present),
    ("records", Optional),
    ("reports", Optional),
    ("tasks", Present),
    ("note", Optional),
];

const TASKS: &[Field] = &[
    ("id", Id),
    ("clause", Filled),
    ("title", Text),
    ("lead", Filled),
    ("partners", Optional),
    ("modality", Filled),
    ("recurrence", Optional),
    ("rrule", Optional),
    ("start", Present),
    ("due", Present),
    ("due_rule", Optional),
    ("output", OptionalText),
    ("forms", Present),
    ("indicators", Optional),
    ("evidence", Optional),
    ("verification", Optional),
    ("note", Optional),
];

const INDICATORS: &[Field] = &[
    ("id", Id),
    ("group", Optional),
    ("name", Text),
    ("unit", Filled),
    ("direction", Optional),
    ("baseline", Optional),
    ("baseline_year", Optional),
    ("baseline_scope", Optional),
    ("level", Optional),
    ("formula", Optional),
    ("source", Optional),
    ("frequency", Optional),
    ("document", Optional),
    ("verification", Optional),
    ("note", Optional),
];

const LEGAL_REFS: &[Field] = &[
    ("id", Id),
    ("document", Filled),
    ("number", Optional),
    ("date", Optional),
    ("in_force_from", Optional),
    ("status", Optional),
    ("articles", Optional),
    ("used_in", Optional),
    ("verification", Optional),
    ("evidence", Optional),
];

const VIOLATIONS: &[Field] = &[
    ("id", Id),
    ("area", Filled),
    ("act", Text),
    ("sanction", Optional),
    ("verification", Optional),
    ("source", Optional),
];

const REPORT_OUTLINE: &[Field] = &[
    ("order", Id),
    ("level", Filled),
    ("kind", Filled),
    ("heading", Text),
    ("content", Optional),
    ("sources", Optional),
    ("aggregation", Optional),
];
