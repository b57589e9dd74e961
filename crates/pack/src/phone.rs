//! What the phone downloads of a pack, as JSON. The server writes these types, the phone reads
//! them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{
    Clause, Event, FormKind, Group, Indicator, LegalRef, Modality, OutlineItem, Period, Plan,
    Programme, Task, Text, Units, Violation,
    tables::{Extra, off},
};

/// A form that the server made out of a spreadsheet of the pack and can hand out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishedForm {
    /// The form's own id.
    pub id: String,
    /// Its version.
    pub version: String,
    /// SHA-256 of the form's XML, in hexadecimal: the name to download it by.
    pub hash: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// The files beside it, by name.
    pub files: Vec<PhoneFile>,
}

/// A file beside a form: a list, or what labels show and play.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PhoneFile {
    /// The last part of the `jr://` addresses by which the form names it.
    pub name: String,
    /// SHA-256 of its bytes, in hexadecimal: the name to download it by.
    pub hash: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// Its media type.
    pub media_type: String,
}

/// The pack, on the phone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PhonePack {
    /// Changes whenever anything below does.
    pub hash: String,
    /// The pack's id.
    pub id: String,
    /// The pack's version.
    pub version: String,
    /// What people read.
    pub title: Text,
    /// Language tags, the default first.
    pub languages: Vec<String>,
    /// The language to begin in.
    pub default_language: String,
    /// Who issues the pack: a unit.
    pub issuer: String,
    /// The plan it carries out.
    pub plan: Option<Plan>,
    /// Units without a parent.
    pub roots: Vec<String>,
    /// Sorts of forms, in the order in which people read them.
    #[serde(default)]
    pub form_kinds: Vec<FormKind>,
    /// The programmes that its forms may belong to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub programmes: Vec<Programme>,
    /// The periods that reports are of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub periods: Vec<Period>,
    /// Forms, in the table's order.
    pub forms: Vec<PhoneForm>,
    /// Columns of survey sheets, beyond XLSForm, that its forms keep.
    #[serde(default)]
    pub keep_columns: Vec<String>,
    /// After how many wrong PINs a phone is emptied, once all is at the server; none: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wipe_after: Option<u32>,
    /// How much a PIN is asked for: `wanted` or `required`; none: it is offered once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pin: Option<String>,
    /// Units, past and present.
    pub units: Units,
    /// Words that stand for several units.
    pub groups: Vec<Group>,
    /// Words for how a task is given.
    pub modalities: Vec<Modality>,
    /// Changes of the organisation.
    pub events: Vec<Event>,
    /// The plan, piece by piece.
    pub clauses: Vec<Clause>,
    /// Tasks.
    pub tasks: Vec<Task>,
    /// Indicators.
    pub indicators: Vec<Indicator>,
    /// Legal references.
    pub legal_refs: Vec<LegalRef>,
    /// Forbidden acts.
    pub violations: Vec<Violation>,
    /// The report's outline.
    pub report_outline: Vec<OutlineItem>,
}

impl PhonePack {
    /// The form with this id.
    #[must_use]
    pub fn form(&self, id: &str) -> Option<&PhoneForm> {
        self.forms.iter().find(|form| form.id == id)
    }
}

/// A form in the phone's list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PhoneForm {
    /// The form's own id.
    pub id: String,
    /// The name that clauses, tasks and the report outline use for it.
    pub file: String,
    /// Its version.
    pub version: String,
    /// SHA-256 of its XML, in hexadecimal.
    pub hash: String,
    /// The XML's size in bytes.
    pub bytes: u64,
    /// The files beside it, by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<PhoneFile>,
    /// What people read.
    pub title: Text,
    /// What sort of form it is: one of [`PhonePack::form_kinds`].
    pub kind: String,
    /// The programme that it belongs to: one of [`PhonePack::programmes`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub programme: Option<String>,
    /// How often, in words.
    #[serde(default)]
    pub how_often: Text,
    /// The clauses it serves.
    pub clauses: Vec<String>,
    /// Who fills it in.
    pub used_by: String,
    /// Asks for personal data.
    pub personal_data: bool,
    /// Asks for sensitive personal data.
    pub sensitive_data: bool,
    /// How many scored items its checklist has.
    pub checklist_items: Option<u32>,
    /// Nobody begins a record of it any more; those there are keep its title.
    #[serde(default, skip_serializing_if = "off")]
    pub withdrawn: bool,
    /// Other columns of the forms table.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub extra: Extra,
}
