//! Entities: the things that a finished record makes or changes in lists, and the lists themselves as the files
//! from which other forms read them.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, btree_map::Entry};

use super::Session;
use super::instance::{Instance, ItemId};
use crate::definition::{Attribute, Form};
use crate::program::{CsvRows, DefId, local};

/// What a record does to one entity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntityChange {
    /// The list.
    pub dataset: String,
    /// The entity, a UUID.
    pub id: String,
    /// Whether it is made, if it is not there.
    pub create: bool,
    /// Whether it is changed, if it is there.
    pub update: bool,
    /// The version that the person saw; empty for a new entity.
    pub base_version: String,
    /// The version of the server's that the person's changes without a network began from; empty if the list tells none.
    pub trunk_version: String,
    /// The line of those changes; empty if the list tells none.
    pub branch_id: String,
    /// Its new label; `None`: it stays.
    pub label: Option<String>,
    /// Its new properties, by name, in the form's order.
    pub properties: Vec<(String, String)>,
}

impl EntityChange {
    /// What a record that was put right says of an entity that it made or changed already, when it said this `before`: what it says
    /// otherwise now, and nothing of what others may have changed since. `None` if it says the same.
    #[must_use]
    pub fn since(&self, before: &Self) -> Option<Self> {
        let label = self.label.clone().filter(|label| before.label.as_ref() != Some(label));
        let mut properties = self.properties.clone();
        properties.retain(|property| !before.properties.contains(property));
        let is_said = label.is_some() || !properties.is_empty();
        is_said.then(|| Self { create: false, update: true, label, properties, ..self.clone() })
    }

    /// With what the same record says of the entity afterwards.
    fn join(&mut self, then: Self) {
        self.create |= then.create;
        self.update |= then.update;
        self.label = then.label.or(self.label.take());
        for (name, text) in then.properties {
            match self.properties.iter_mut().find(|(known, _)| *known == name) {
                Some((_, known)) => *known = text,
                None => self.properties.push((name, text)),
            }
        }
    }
}

impl Session {
    /// What the record does to entities, as it stands: for a finished record, what is to be done. A
    /// declaration that is not relevant, or that neither makes nor changes anything, is left out. What several rows say of
    /// one entity is one change of it: of each property what was said last.
    #[must_use]
    pub fn entities(&self) -> Vec<EntityChange> {
        let below = self.instance.below(Instance::ROOT).into_iter();
        let mut changes: Vec<EntityChange> = Vec::new();
        let mut places = BTreeMap::new();
        for change in below.filter_map(|item| self.entity(item)) {
            match places.entry((change.dataset.clone(), change.id.clone())) {
                Entry::Vacant(place) => {
                    place.insert(changes.len());
                    changes.push(change);
                }
                Entry::Occupied(place) => changes[*place.get()].join(change),
            }
        }
        changes
    }

    fn entity(&self, item: ItemId) -> Option<EntityChange> {
        let schema = &self.program.schema;
        let about = self.instance.get(item);
        let meta = about.parent.filter(|meta| self.is_called(*meta, "meta"))?;
        if !self.is_called(item, "entity") || !about.flags.relevant {
            return None;
        }
        let scope = self.instance.get(meta).parent?;
        let said = |name: &str| self.attribute(item, name).unwrap_or_default();
        let yes = |name: &str| matches!(said(name), "1" | "true" | "true()");
        let label = self.instance.children(item).find(|child| self.is_called(*child, "label"));
        let label = label.map(|label| self.instance.get(label));
        let mut change = EntityChange {
            dataset: said("dataset").to_owned(),
            id: said("id").trim_start_matches("uuid:").to_owned(),
            create: yes("create"),
            update: yes("update"),
            base_version: said("baseVersion").to_owned(),
            trunk_version: said("trunkVersion").to_owned(),
            branch_id: said("branchId").to_owned(),
            label: label
                .filter(|label| label.flags.relevant && !label.value.is_empty())
                .map(|label| label.value.clone()),
            properties: Vec::new(),
        };
        if !change.create && !change.update {
            return None;
        }
        let scope_def = self.instance.get(scope).def;
        let row = schema.row_of(scope_def);
        for id in schema.subtree(scope_def).map(DefId) {
            let Some(property) = self.saved_to(id, &change.dataset) else { continue };
            // What a row or a group with an entity of its own holds is that one's.
            if schema.row_of(id) != row || self.entity_around(id) != Some(scope_def) {
                continue;
            }
            let found = self.instance.all_of(schema, id, Some(scope_def), scope, false).first();
            let found = found.map(|found| self.instance.get(found));
            if let Some(found) = found.filter(|found| found.flags.relevant) {
                change.properties.push((property.to_owned(), found.value.clone()));
            }
        }
        Some(change)
    }

    /// The nearest node around an entry that has an entity: its properties are saved there.
    fn entity_around(&self, def: DefId) -> Option<DefId> {
        let schema = &self.program.schema;
        let around = |def: &DefId| schema.def(*def).parent;
        std::iter::successors(schema.def(def).parent, around).find(|def| {
            let meta = schema.child(*def, "meta", false);
            meta.is_some_and(|meta| schema.child(meta, "entity", false).is_some())
        })
    }

    fn is_called(&self, item: ItemId, name: &str) -> bool {
        self.program.schema.def(self.instance.get(item).def).local() == name
    }

    /// An attribute of a node, whether answers change it or the form fixes it.
    fn attribute(&self, item: ItemId, name: &str) -> Option<&str> {
        let def = self.instance.get(item).def;
        if let Some(own) = self.program.schema.child(def, name, true) {
            let found =
                self.instance.children(item).find(|id| self.instance.get(*id).def == own)?;
            return Some(&self.instance.get(found).value);
        }
        let mut fixed = self.program.schema.def(def).attributes.iter();
        fixed.find(|a| local(&a.name) == name).map(|a| a.value.as_str())
    }

    fn saved_to(&self, def: DefId, dataset: &str) -> Option<&str> {
        saved_to(&self.program.rules(def).attributes, dataset)
    }
}

/// The property of a list that an entry is saved to: `entities:saveto`, `property` or
/// `list#property`.
fn saved_to<'a>(attributes: &'a [Attribute], dataset: &str) -> Option<&'a str> {
    let saved = attributes.iter().find(|a| local(&a.name) == "saveto")?.value.as_str();
    match saved.split_once('#') {
        Some((list, property)) => (list == dataset).then_some(property),
        None => Some(saved),
    }
}

impl Form {
    /// The lists of entities that its records make or change.
    #[must_use]
    pub fn datasets(&self) -> Vec<&str> {
        let mut found = Vec::new();
        let mut rest = vec![&self.primary];
        while let Some(element) = rest.pop() {
            let dataset = element.attribute("dataset").filter(|_| local(&element.name) == "entity");
            found.extend(dataset.filter(|dataset| !dataset.is_empty()));
            rest.extend(&element.children);
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// The properties of such a list that its questions are saved to, each with the question's path.
    pub fn saved_to(&self, dataset: &str) -> impl Iterator<Item = (&str, &str)> {
        self.binds.iter().filter_map(move |bind| {
            let property = saved_to(&bind.attributes, dataset)?;
            let (_, path) = bind.nodeset.trim_start_matches('/').split_once('/')?;
            Some((property, path))
        })
    }
}

/// An entity as a list has it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EntityRow {
    /// Its id.
    pub id: String,
    /// Its label.
    pub label: String,
    /// How often it was made or changed.
    pub version: u64,
    /// Its properties, by name.
    pub properties: Vec<(String, String)>,
}

/// A list of entities: CSV with `name` (the id), `label`, `__version` and a column for each property.
#[must_use]
pub fn entity_csv(rows: &[EntityRow]) -> String {
    let mut columns: Vec<Cow<str>> = ["name", "label", "__version"].map(Cow::Borrowed).into();
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    for (name, _) in rows.iter().flat_map(|row| &row.properties) {
        places.entry(name).or_insert_with(|| {
            columns.push(Cow::Borrowed(name));
            columns.len() - 1
        });
    }
    let mut out = String::new();
    write_row(&mut out, &columns);
    for row in rows {
        let mut cells = vec![Cow::Borrowed(""); columns.len()];
        cells[0] = Cow::Borrowed(&row.id);
        cells[1] = Cow::Borrowed(&row.label);
        cells[2] = Cow::Owned(row.version.to_string());
        for (name, text) in &row.properties {
            cells[places[name.as_str()]] = Cow::Borrowed(text);
        }
        write_row(&mut out, &cells);
    }
    out
}

/// A list of entities after these changes, one after another; out of nothing if the list is empty.
///
/// A list is CSV with `name` (the id), `label`, `__version` and a column for each property. An entity that is to be changed and is not there, or to be made and is, leaves the list as it is.
///
/// What is changed here is a line of its own, a `branch`, which began at the version that the server told: each entity says both, so
/// that the server knows what a change saw, however often the entity was changed before on the way to it. A change that says another
/// line is gone on with in that one: what its person did under another name is theirs.
#[must_use]
pub fn apply_to_list(list: &str, changes: &[EntityChange], branch: &str) -> String {
    let mut rows = CsvRows::new(list);
    let mut columns: Vec<Cow<str>> = Vec::new();
    rows.read(&mut columns);
    let mut column = |name: &str| -> usize {
        let known = columns.iter().position(|column| column == name);
        known.unwrap_or_else(|| {
            columns.push(Cow::Owned(name.to_owned()));
            columns.len() - 1
        })
    };
    let (id_at, label_at, version_at) = (column("name"), column("label"), column("__version"));
    let (trunk_at, branch_at) = (column("__trunkVersion"), column("__branchId"));
    let mut new: Vec<Vec<(usize, &str)>> = Vec::new();
    // A list is long, and changes are many: it is gone through once.
    let mut of_one: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (at, change) in changes.iter().enumerate() {
        let label = change.label.iter().map(|label| (label_at, label.as_str()));
        let properties = change.properties.iter();
        new.push(
            label.chain(properties.map(|(name, text)| (column(name), text.as_str()))).collect(),
        );
        of_one.entry(&change.id).or_default().push(at);
    }
    let update = |cells: &mut [Cow<str>], of_one: &[usize]| {
        for at in of_one.iter().filter(|at| changes[**at].update) {
            set(cells, &new[*at]);
            let version = cells[version_at].trim().parse().unwrap_or(0_u64) + 1;
            cells[version_at] = Cow::Owned(version.to_string());
            if !changes[*at].branch_id.is_empty() {
                cells[branch_at] = Cow::Owned(changes[*at].branch_id.clone());
            }
        }
    };
    let mut out = String::new();
    write_row(&mut out, &columns);
    let mut found = BTreeSet::new();
    let mut cells = Vec::new();
    while rows.read(&mut cells) {
        if cells.iter().all(|cell| cell.is_empty()) {
            continue;
        }
        cells.resize(columns.len().max(cells.len()), Cow::Borrowed(""));
        if cells[branch_at].is_empty() {
            cells[trunk_at] = cells[version_at].clone();
            cells[branch_at] = Cow::Borrowed(branch);
        }
        if let Some((id, of_one)) = of_one.get_key_value(&*cells[id_at]) {
            found.insert(*id);
            update(&mut cells, of_one);
        }
        write_row(&mut out, &cells);
    }
    let mut made = Vec::new();
    for (id, of_one) in of_one.iter().filter(|(id, _)| !found.contains(*id)) {
        let Some(first) = of_one.iter().position(|at| changes[*at].create) else { continue };
        let mut cells = vec![Cow::Borrowed(""); columns.len()];
        cells[id_at] = Cow::Borrowed(*id);
        cells[version_at] = Cow::Borrowed("1");
        cells[branch_at] = Cow::Borrowed(branch);
        set(&mut cells, &new[of_one[first]]);
        update(&mut cells, &of_one[first + 1..]);
        made.push((of_one[first], cells));
    }
    made.sort_by_key(|(first, _)| *first);
    for (_, cells) in &made {
        write_row(&mut out, cells);
    }
    out
}

fn set(cells: &mut [Cow<str>], new: &[(usize, &str)]) {
    for (at, text) in new {
        cells[*at] = Cow::Owned((*text).to_owned());
    }
}

pub(super) fn write_row(out: &mut String, cells: &[Cow<str>]) {
    for (number, cell) in cells.iter().enumerate() {
        if number > 0 {
            out.push(',');
        }
        if cell.contains([',', '"', '\n', '\r', ';', '\t', '|']) {
            out.push('"');
            out.push_str(&cell.replace('"', "\"\""));
            out.push('"');
        } else {
            out.push_str(cell);
        }
    }
    out.push('\n');
}
