//! The sheets `choices` and `external_choices`: lists of choices.

use std::collections::BTreeMap;

use crate::problem::{ProblemKind, Problems};
use crate::references::has_reference;
use crate::settings::Settings;
use crate::table::{Headers, Table, Text};

/// How the headers of lists are read.
pub(crate) const HEADERS: Headers = Headers {
    sheet: "choices",
    known: &["name", "label", "media", "sms_option"],
    aliases: &[
        ("caption", &["label"]),
        ("list_name", &["list name"]),
        ("value", &["name"]),
        ("image", &["media", "image"]),
        ("big-image", &["media", "big-image"]),
        ("audio", &["media", "audio"]),
        ("video", &["media", "video"]),
    ],
    collapse: false,
};

/// Lists in the order of their first choice.
#[derive(Debug, Default)]
pub(crate) struct Choices {
    pub(crate) lists: Vec<List>,
    index: BTreeMap<String, usize>,
}

/// A list of choices.
#[derive(Debug, Default)]
pub(crate) struct List {
    pub(crate) name: String,
    pub(crate) choices: Vec<Choice>,
    /// Whether the texts stand in itext.
    pub(crate) itext: bool,
    /// The first name that has a blank in it.
    pub(crate) blank: Option<String>,
    has_other: bool,
}

/// A choice.
#[derive(Debug, Default)]
pub(crate) struct Choice {
    pub(crate) name: String,
    pub(crate) label: Text,
    /// (kind, file) by language.
    pub(crate) media: Vec<(String, Text)>,
    /// Further columns: (name, value).
    pub(crate) data: Vec<(String, String)>,
    row: u32,
}

impl List {
    fn add(&mut self, choice: Choice) {
        let label = &choice.label;
        self.itext |= label.is_translated() || label.texts().any(has_reference);
        self.itext |= !choice.media.is_empty();
        self.has_other |= choice.name == "other";
        if self.blank.is_none() && choice.name.contains(' ') {
            self.blank = Some(choice.name.clone());
        }
        self.choices.push(choice);
    }

    /// Adds the choice that asks to specify.
    pub(crate) fn add_other(&mut self) {
        const OTHER: &str = "Other";
        if self.has_other {
            return;
        }
        let mut languages: Vec<String> = Vec::new();
        for (language, _) in self.choices.iter().flat_map(|c| &c.label.languages) {
            if !languages.contains(language) {
                languages.push(language.clone());
            }
        }
        let label = match languages.is_empty() {
            true => Text::plain(OTHER),
            false => Text {
                plain: None,
                languages: languages.into_iter().map(|l| (l, OTHER.to_owned())).collect(),
            },
        };
        self.add(Choice { name: "other".to_owned(), label, ..Choice::default() });
    }
}

impl Choices {
    pub(crate) fn list(&self, name: &str) -> Option<&List> {
        self.index.get(name).map(|at| &self.lists[*at])
    }

    pub(crate) fn list_mut(&mut self, name: &str) -> Option<&mut List> {
        self.index.get(name).map(|at| &mut self.lists[*at])
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.lists.is_empty()
    }

    fn entry(&mut self, name: &str) -> &mut List {
        let next = self.lists.len();
        let at = *self.index.entry(name.to_owned()).or_insert(next);
        if at == next {
            self.lists.push(List { name: name.to_owned(), ..List::default() });
        }
        &mut self.lists[at]
    }

    /// Reads the rows of a sheet. Where it is not `strict`, a row without a name is left out and told.
    pub(crate) fn read(
        table: &Table,
        default_language: &str,
        settings: &Settings,
        strict: bool,
        problems: &mut Problems,
    ) -> Self {
        let mut choices = Self::default();
        let tell = if strict { Problems::error } else { Problems::warn };
        let named = table.has("name");
        if !named && table.rows.iter().any(|r| !r.is_blank()) {
            let kind = ProblemKind::MissingColumn { column: "name".to_owned() };
            tell(problems, &table.place(1, &[]), kind);
            if strict {
                return choices;
            }
        }
        for heading in table.headings.iter().filter(|h| h.path.len() == 1) {
            let name = &heading.path[0];
            if name != "list name" && !settings.allows_name(name) {
                problems.warn(&table.cell(1, heading), ProblemKind::UnknownColumn);
            }
        }
        for row in table.rows.iter().filter(|r| !r.is_blank()) {
            let Some(list) = row.get(table, &["list name"]) else {
                problems
                    .warn(&table.place(row.number, &["list name"]), ProblemKind::MissingListName);
                continue;
            };
            let found = choices.entry(list);
            let Some(name) = row.get(table, &["name"]) else {
                if named {
                    let place = table.place(row.number, &["name"]);
                    tell(problems, &place, ProblemKind::MissingChoiceName);
                }
                continue;
            };
            let label = row.text(table, &["label"], default_language);
            if label.is_empty() {
                problems
                    .warn(&table.place(row.number, &["label"]), ProblemKind::MissingChoiceLabel);
            }
            let data = row.cells(table).filter_map(|(heading, value)| {
                let [name] = heading.path.as_slice() else { return None };
                let taken = ["list name", "name", "label", "media"].contains(&name.as_str());
                (!taken && settings.allows_name(name)).then(|| (name.clone(), value.to_owned()))
            });
            let media = media(table, row, default_language);
            found.add(Choice {
                name: name.to_owned(),
                label,
                media,
                data: data.collect(),
                row: row.number,
            });
        }
        choices
    }

    /// A choice is in its list once.
    pub(crate) fn check_duplicates(&self, table: &Table, problems: &mut Problems) {
        for list in &self.lists {
            let mut seen: BTreeMap<&str, u32> = BTreeMap::new();
            for choice in &list.choices {
                let first = *seen.entry(&choice.name).or_insert(choice.row);
                if first != choice.row {
                    let (list, value) = (list.name.clone(), choice.name.clone());
                    let kind = ProblemKind::DuplicateChoice { list, value, first };
                    problems.error(&table.place(choice.row, &["name"]), kind);
                }
            }
        }
    }
}

/// The media of a row: (kind, file by language).
pub(crate) fn media(table: &Table, row: &crate::table::Row, default: &str) -> Vec<(String, Text)> {
    let mut kinds: Vec<&String> = Vec::new();
    for (rest, _) in row.under(table, &["media"]) {
        if let Some(kind) = rest.first()
            && !kinds.contains(&kind)
        {
            kinds.push(kind);
        }
    }
    let text = |kind: &&String| row.text(table, &["media", kind.as_str()], default);
    kinds.iter().map(|kind| ((*kind).clone(), text(kind))).collect()
}
