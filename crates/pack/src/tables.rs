//! The rows of a pack's tables, typed. Columns that the schema does not know are kept in `extra`,
//! so that nothing an authority wrote is lost. `row` is where the row stands in its table (the
//! header is row 1); it is not sent to phones.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Date, Text, Unit};

/// Columns beyond the schema, by header.
pub(crate) type Extra = BTreeMap<String, String>;

pub(crate) fn off(flag: &bool) -> bool {
    !flag
}

/// The plan or decision that the pack carries out.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// Its number, as printed: `342/KH-UBND`.
    pub number: String,
    /// The day it was signed.
    pub date: Date,
    /// Where it was signed.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub place: String,
    /// Its title.
    pub title: Text,
    /// The file with its full text, inside the pack.
    pub document: String,
}

/// Several units under one word: `tat_ca` for all of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// The word used in the tables.
    pub id: String,
    /// What people read.
    pub title: Text,
    /// Takes in every unit.
    #[serde(default, skip_serializing_if = "off")]
    pub all: bool,
    /// Takes in the units of these kinds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kinds: Vec<String>,
}

impl Group {
    /// Whether the unit belongs to the group.
    #[must_use]
    pub fn contains(&self, unit: &Unit) -> bool {
        self.all || self.kinds.contains(&unit.kind)
    }
}

/// A way in which a plan gives a task. Some bodies are ordered, others may only be requested.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Modality {
    /// The word used in the tables.
    pub id: String,
    /// What people read.
    pub title: Text,
    /// The body is asked, not told: nothing shown to it may read as an order.
    #[serde(default, skip_serializing_if = "off")]
    pub request: bool,
}

/// What people read for a sort of form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormKind {
    /// The word used in the forms table.
    pub id: String,
    /// What people read.
    pub title: Text,
}

/// A period that reports are of, one after the other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Period {
    /// The month and day on which one begins, and after how many months the next does: `12-15/3`.
    pub id: String,
    /// What people read.
    pub title: Text,
}

/// A programme of work that forms belong to, and that what people see can be limited to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Programme {
    /// The word used in grants, in the forms table and in the manifest; never changes.
    pub id: String,
    /// What people read.
    pub title: Text,
}

/// A change of the organisation: units that began, ended, merged or were split.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Row of the table.
    #[serde(skip)]
    pub row: u32,
    /// When: a day, a month or a year.
    pub date: String,
    /// What happened.
    pub title: Text,
    /// Units before; `lk_*` stands for every unit whose id begins so, a remark for units outside
    /// the pack.
    pub from_units: Vec<String>,
    /// Units after.
    pub to_units: Vec<String>,
    /// The legal basis.
    pub basis: String,
    /// What it means for the data.
    pub data_rule: String,
    /// How sure the authors are.
    pub verification: String,
    /// Other columns.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub extra: Extra,
}

/// A form as the pack's table describes it; its questions are in the spreadsheet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormRow {
    /// Row of the table.
    #[serde(skip)]
    pub row: u32,
    /// The name that the other tables use, which is also the spreadsheet's name without `.xlsx`.
    pub file: String,
    /// The form's own id, as in its settings sheet.
    pub form_id: String,
    /// The form's version, as in its settings sheet.
    pub version: String,
    /// What people read.
    pub title: Text,
    /// What sort of form it is: one of the manifest's kinds.
    pub kind: String,
    /// The programme it belongs to: one of the manifest's; empty: the manifest's own.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub programme: String,
    /// Who fills it in.
    pub used_by: String,
    /// The clauses it serves.
    pub clauses: Vec<String>,
    /// How often, in words.
    pub how_often: Text,
    /// Rows of its survey sheet.
    pub rows: Option<u32>,
    /// How many of its questions are scored items of a checklist.
    pub checklist_items: Option<u32>,
    /// Asks for names, birth years, phone numbers, images.
    pub personal_data: bool,
    /// Asks for sensitive personal data, such as ethnicity.
    pub sensitive_data: bool,
    /// Nobody begins a record of it any more.
    #[serde(default, skip_serializing_if = "off")]
    pub withdrawn: bool,
    /// Other columns.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub extra: Extra,
}

/// A question that asks for personal data: for what, for how long, and who sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonalField {
    /// Row of the table.
    #[serde(skip)]
    pub row: u32,
    /// The form, by the name that the other tables use.
    pub form: String,
    /// The question, by its path in the form: `hoc_vien/hv_ten`.
    pub field: String,
    /// Whose data: questions of one form with the same word are about one person.
    pub person: String,
    /// What it is asked for.
    pub purpose: Text,
    /// For how many months an answer is kept.
    pub months: u32,
    /// The roles that see it.
    pub seen_by: Vec<String>,
    /// Other columns.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub extra: Extra,
}

/// A piece of the plan's text, word for word, and what the product does for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clause {
    /// Row of the table.
    #[serde(skip)]
    pub row: u32,
    /// The clause: `IV.10.a`.
    pub id: String,
    /// Its place in the plan, counted from 1.
    pub order: u32,
    /// What sort of text it is: heading, duty, finance, recipient…
    pub kind: String,
    /// The plan's own words, errors included.
    pub text: String,
    /// Who it speaks to.
    pub actor: String,
    /// What the product lets them do about it.
    pub meaning: Text,
    /// Forms that serve it.
    pub forms: Vec<String>,
    /// Records kept for it.
    pub records: String,
    /// Where it shows in reports.
    pub reports: String,
    /// Tasks that come from it.
    pub tasks: Vec<String>,
    /// A note of the authors.
    pub note: String,
    /// Other columns.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub extra: Extra,
}

/// A duty with a date, for somebody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// Row of the table.
    #[serde(skip)]
    pub row: u32,
    /// Its id.
    pub id: String,
    /// The clause it comes from.
    pub clause: String,
    /// What is to be done.
    pub title: Text,
    /// The unit or group that leads.
    pub lead: String,
    /// Units and groups that help.
    pub partners: Vec<String>,
    /// How the plan gives it: words of the pack's modalities.
    pub modality: Vec<String>,
    /// How often, in words.
    pub recurrence: String,
    /// How often, as an RFC 5545 rule.
    pub rrule: String,
    /// First day.
    pub start: Option<Date>,
    /// Last day.
    pub due: Option<Date>,
    /// Where the last day comes from.
    pub due_rule: String,
    /// What comes out of it.
    pub output: Text,
    /// Forms that record it.
    pub forms: Vec<String>,
    /// Indicators it moves; `all` for every one.
    pub indicators: Vec<String>,
    /// What proves it.
    pub evidence: String,
    /// How sure the authors are.
    pub verification: String,
    /// A note of the authors.
    pub note: String,
    /// Other columns.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub extra: Extra,
}

/// A figure that the plan's results are measured by.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Indicator {
    /// Row of the table.
    #[serde(skip)]
    pub row: u32,
    /// Its id.
    pub id: String,
    /// The objective it belongs to.
    pub group: String,
    /// What it says.
    pub name: Text,
    /// What it is counted in.
    pub unit: String,
    /// Which way is better.
    pub direction: String,
    /// The figure it starts from.
    pub baseline: Option<f64>,
    /// The year of that figure.
    pub baseline_year: Option<u32>,
    /// What that figure covers.
    pub baseline_scope: String,
    /// What is to be reached, by year.
    pub targets: Vec<Target>,
    /// Which level collects it.
    pub level: String,
    /// How it is computed, in words.
    pub formula: String,
    /// Where the figures come from, in words.
    pub source: String,
    /// How often.
    pub frequency: String,
    /// The document that sets it.
    pub document: String,
    /// How sure the authors are.
    pub verification: String,
    /// A note of the authors.
    pub note: String,
    /// Other columns.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub extra: Extra,
}

/// What an indicator is to reach in a year.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Target {
    /// The year.
    pub year: u32,
    /// As the document words it: `< 30`, `khoảng 60`.
    pub text: String,
    /// How to compare: `<`, `<=`, `>=`, `>`, `=`, or `~` for about.
    pub op: String,
    /// With what.
    pub value: Option<f64>,
}

/// A law, decree or decision that the pack cites.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LegalRef {
    /// Row of the table.
    #[serde(skip)]
    pub row: u32,
    /// Its id.
    pub id: String,
    /// Its title.
    pub document: String,
    /// Its number.
    pub number: String,
    /// When it was signed, as the authors wrote it.
    pub date: String,
    /// Since when it is in force, as the authors wrote it.
    pub in_force_from: String,
    /// Whether it still holds.
    pub status: String,
    /// What is used of it.
    pub articles: String,
    /// Where it is used, in words.
    pub used_in: String,
    /// How sure the authors are.
    pub verification: String,
    /// Where they read it.
    pub evidence: String,
    /// Other columns.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub extra: Extra,
}

/// An act that the law forbids, with its sanction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Violation {
    /// Row of the table.
    #[serde(skip)]
    pub row: u32,
    /// Its code.
    pub id: String,
    /// The field of life or the article it belongs to.
    pub area: String,
    /// The act.
    pub act: Text,
    /// The sanction for a person.
    pub sanction: String,
    /// How sure the authors are.
    pub verification: String,
    /// Where they read it.
    pub source: String,
    /// Other columns.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub extra: Extra,
}

/// A heading, a table or a paragraph of the report that the pack's figures go into.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutlineItem {
    /// Row of the table.
    #[serde(skip)]
    pub row: u32,
    /// Its place, counted from 1.
    pub order: u32,
    /// How deep it stands: 0 for the frame, 1 for a part, 2 and 3 below.
    pub level: u32,
    /// layout, text, heading, table or annex.
    pub kind: String,
    /// The heading.
    pub heading: Text,
    /// The columns of a table, or what to write.
    pub content: String,
    /// Forms that the figures come from, and the manifest's words for other sources.
    pub sources: Vec<String>,
    /// How figures are brought together, in words.
    pub aggregation: String,
    /// Other columns.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub extra: Extra,
}
