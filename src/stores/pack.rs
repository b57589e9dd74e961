//! The pack as the phone gets it: forms and units as data.
//!
//! Unknown keys are ignored, so an older app reads a newer pack; the plan's tasks, clauses and indicators come with it and stay in the stored bytes until a screen needs them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::preferences::Language;

/// One text in each language, by language code.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Text(pub BTreeMap<String, String>);

impl Text {
    /// The text in this language, or in any there is.
    #[must_use]
    pub fn get(&self, language: Language) -> &str {
        let wanted = self.0.get(language.code()).filter(|text| !text.is_empty());
        wanted.or_else(|| self.0.values().find(|text| !text.is_empty())).map_or("", String::as_str)
    }
}

/// Everything the phone needs to know about an organisation and its forms.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Pack {
    /// SHA-256 of the pack, hex.
    pub hash: String,
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: Text,
    /// The kinds of forms, in the order in which they are listed.
    pub form_kinds: Vec<FormKind>,
    /// The programmes that a person's rights can be limited to.
    pub programmes: Vec<FormKind>,
    /// The forms in force.
    pub forms: Vec<PackForm>,
    /// Org units, those out of force too.
    pub units: Vec<Unit>,
    /// After how many wrong PINs a phone is emptied; none: never.
    pub wipe_after: Option<u32>,
}

/// A form in force.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct PackForm {
    /// The `XForm`'s id.
    pub id: String,
    /// Its version.
    pub version: String,
    /// SHA-256 of its XML, hex.
    pub hash: String,
    /// Its title.
    pub title: Text,
    /// What kind of work it is for: one of [`Pack::form_kinds`].
    pub kind: Option<String>,
    /// How often it is due, in words.
    pub how_often: Text,
    /// The plan's clauses it serves.
    pub clauses: Vec<String>,
    /// Nobody begins a record of it any more: those there are keep its title.
    pub withdrawn: bool,
    /// The files beside it.
    pub files: Vec<PackFile>,
}

/// A file beside a form: a list, or what labels show and play.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct PackFile {
    /// The last part of the `jr://` addresses by which the form names it.
    pub name: String,
    /// SHA-256 of its bytes, hex.
    pub hash: String,
    /// Its length.
    pub bytes: u64,
    /// Its media type.
    pub media_type: String,
}

/// What people read for a kind of forms, or for a programme.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct FormKind {
    /// The word by which forms name it.
    pub id: String,
    /// Its title.
    pub title: Text,
}

/// An org unit.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Unit {
    /// Its id, which records carry.
    pub id: String,
    /// Its name.
    pub name: Text,
    /// The unit above it.
    pub parent: Option<String>,
    /// Ward, commune, agency …
    pub kind: Option<String>,
    /// First day in force, `YYYY-MM-DD`.
    pub valid_from: Option<String>,
    /// Last day in force.
    pub valid_to: Option<String>,
    /// The units that took its place.
    pub successors: Vec<String>,
}

impl Unit {
    /// Whether it exists on a day, `YYYY-MM-DD`.
    #[must_use]
    pub fn is_in_force(&self, day: &str) -> bool {
        self.valid_from.as_deref().is_none_or(|from| from <= day)
            && self.valid_to.as_deref().is_none_or(|to| day <= to)
    }
}
