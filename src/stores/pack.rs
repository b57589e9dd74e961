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

/// What [`Pack::pin`] may say.
pub const WANTED: &str = "wanted";
/// And that nobody may take theirs away.
pub const REQUIRED: &str = "required";

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
    /// The periods that reports are of, each by the month and day on which one begins and after how many months the next does:
    /// `12-15/3`.
    pub periods: Vec<FormKind>,
    /// The forms in force.
    pub forms: Vec<PackForm>,
    /// Org units, those out of force too.
    pub units: Vec<Unit>,
    /// After how many wrong PINs a phone is emptied; none: never.
    pub wipe_after: Option<u32>,
    /// How much a PIN is asked for: `wanted`, `required`; none: it is offered once.
    pub pin: Option<String>,
}

impl Pack {
    /// A unit's name; its id if the pack does not know it. One that ended, and whose name another has, tells its last day.
    #[must_use]
    pub fn unit_name(&self, unit: &str, language: Language) -> String {
        let known = self.units.iter().find(|known| known.id == unit);
        let known = known.map(|known| (known, known.name.get(language)));
        let Some((known, name)) = known.filter(|(_, name)| !name.is_empty()) else {
            return unit.to_owned();
        };
        let has_name = |other: &Unit| other.id != unit && other.name.get(language) == name;
        match &known.valid_to {
            Some(last) if self.units.iter().any(has_name) => language.until(name, last),
            _ => name.to_owned(),
        }
    }
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

/// What people read for a kind of forms, for a programme, or for a period.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_that_ended_is_told_from_the_one_that_has_its_name_now() {
        let unit = |id: &str, name: &str, valid_to: Option<&str>| Unit {
            id: id.to_owned(),
            name: Text([("vi".to_owned(), name.to_owned())].into()),
            valid_to: valid_to.map(str::to_owned),
            ..Unit::default()
        };
        let units = vec![
            unit("lk_p_bao_vinh", "Phường Bảo Vinh", Some("2025-06-30")),
            unit("dn_p_bao_vinh", "Phường Bảo Vinh", None),
            unit("lk_p_xuan_an", "Phường Xuân An", Some("2025-06-30")),
            unit("trong", "", Some("2025-06-30")),
        ];
        let pack = Pack { units, ..Pack::default() };
        for (unit, language, name) in [
            ("lk_p_bao_vinh", Language::Vi, "Phường Bảo Vinh (đến 30/06/2025)"),
            ("lk_p_bao_vinh", Language::En, "Phường Bảo Vinh (until 30/06/2025)"),
            ("dn_p_bao_vinh", Language::Vi, "Phường Bảo Vinh"),
            // Nobody takes it for another.
            ("lk_p_xuan_an", Language::Vi, "Phường Xuân An"),
            ("trong", Language::Vi, "trong"),
            ("khac", Language::Vi, "khac"),
        ] {
            assert_eq!(pack.unit_name(unit, language), name, "{unit}");
        }
    }
}
