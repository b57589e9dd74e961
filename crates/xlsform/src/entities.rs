//! The sheet `entities`: lists of things that a record creates or updates.

use crate::names::is_name;
use crate::problem::{Place, ProblemKind, Problems};
use crate::references::good_references;
use crate::table::{Headers, Row, Table};
use crate::tree::{ActionOn, Id, Node, NodeAction, NodeKind, Tree};

/// How the headers are read.
pub(crate) const HEADERS: Headers = Headers {
    sheet: "entities",
    known: &["dataset", "entity_id", "create_if", "update_if", "repeat", "label"],
    aliases: &[("list_name", &["dataset"])],
    collapse: false,
};

/// More lists than this are not read.
const MAX_LISTS: usize = 100;

/// The declarations in their order.
#[derive(Debug, Default)]
pub(crate) struct Entities {
    pub(crate) lists: Vec<Entity>,
    /// Whether the sheet was wrong, so that what follows from it is not told again.
    broken: bool,
}

/// One declaration and where the survey uses it.
#[derive(Debug)]
pub(crate) struct Entity {
    pub(crate) list: String,
    pub(crate) row: u32,
    id: Option<String>,
    create_if: Option<String>,
    update_if: Option<String>,
    label: Option<String>,
    pub(crate) uses: Vec<Use>,
}

/// A question that an entity reads or saves.
#[derive(Debug)]
pub(crate) struct Use {
    /// The groups around the question, outermost first.
    pub(crate) path: Vec<Id>,
    pub(crate) row: u32,
    /// The property that it is saved to; `None` when an expression refers to it.
    pub(crate) property: Option<String>,
}

impl Entities {
    pub(crate) fn read(table: &Table, problems: &mut Problems) -> Self {
        let mut entities = Self::default();
        for heading in &table.headings {
            let known =
                heading.path.len() == 1 && HEADERS.known.contains(&heading.path[0].as_str());
            if !known
                && table
                    .rows
                    .iter()
                    .any(|r| r.cells(table).any(|(h, _)| h.column == heading.column))
            {
                problems.error(&table.cell(1, heading), ProblemKind::UnknownColumn);
                entities.broken = true;
            }
        }
        for row in table.rows.iter().filter(|r| !r.is_blank()) {
            if entities.lists.len() >= MAX_LISTS {
                problems.error(&table.place(row.number, &[]), ProblemKind::SheetTooLarge);
                break;
            }
            match entities.declaration(table, row) {
                Ok(entity) => entities.lists.push(entity),
                Err((column, kind)) => {
                    problems.error(&table.place(row.number, &[column]), kind);
                    entities.broken = true;
                }
            }
        }
        entities
    }

    fn declaration(&self, table: &Table, row: &Row) -> Result<Entity, (&'static str, ProblemKind)> {
        let get = |name: &str| row.get(table, &[name]).map(str::to_owned);
        let incomplete = |column, what: &str| {
            Err((column, ProblemKind::IncompleteEntity { what: what.to_owned() }))
        };
        let Some(list) = get("dataset") else {
            return incomplete("dataset", "the list has no name");
        };
        if list.starts_with("__") || list.contains('.') || !is_name(&list) {
            return Err(("dataset", ProblemKind::BadName { value: list }));
        }
        if self.has(&list) {
            return Err(("dataset", ProblemKind::DuplicateEntity { list }));
        }
        let entity = Entity {
            list,
            row: row.number,
            id: get("entity_id"),
            create_if: get("create_if"),
            update_if: get("update_if"),
            label: get("label"),
            uses: Vec::new(),
        };
        match (&entity.id, &entity.create_if, &entity.update_if, &entity.label) {
            (None, _, Some(_), _) => incomplete("update_if", "update_if needs entity_id"),
            (Some(_), Some(_), None, _) => {
                incomplete("create_if", "with entity_id, create_if needs update_if")
            }
            (None, _, _, None) => incomplete("label", "a new entity needs a label"),
            _ => Ok(entity),
        }
    }

    pub(crate) fn has(&self, list: &str) -> bool {
        self.lists.iter().any(|e| e.list == list)
    }

    /// Notes that the survey has a question; entities whose expressions refer to it use it.
    pub(crate) fn note_question(&mut self, name: &str, path: &[Id], row: u32) {
        for entity in &mut self.lists {
            let Entity { id, create_if, update_if, label, uses, .. } = entity;
            let mut texts = [id, create_if, update_if, label].into_iter().flatten();
            if texts.any(|text| good_references(text).any(|r| r.name == name)) {
                uses.push(Use { path: path.to_vec(), row, property: None });
            }
        }
    }

    /// Notes a cell of `save_to`: `property`, or `list#property`.
    pub(crate) fn save_to(
        &mut self,
        cell: &str,
        path: &[Id],
        container: bool,
        (row, place): (u32, &Place),
        problems: &mut Problems,
    ) -> Option<String> {
        match self.checked_save_to(cell, container) {
            Ok((list, property)) => {
                let uses = &mut self.lists[list].uses;
                uses.push(Use { path: path.to_vec(), row, property: Some(property.clone()) });
                Some(property)
            }
            Err(Some(kind)) => {
                problems.error(place, kind);
                None
            }
            Err(None) => None,
        }
    }

    fn checked_save_to(
        &self,
        cell: &str,
        group: bool,
    ) -> Result<(usize, String), Option<ProblemKind>> {
        let (list, property) = match cell.split_once('#') {
            Some((list, property)) => (Some(list), property),
            None => (None, cell),
        };
        let at = match list {
            Some(list) => self.lists.iter().position(|e| e.list == list),
            None if self.lists.len() > 1 => return Err(Some(ProblemKind::AmbiguousSaveTo)),
            None => (!self.lists.is_empty()).then_some(0),
        };
        let Some(at) = at else {
            let list = list.unwrap_or_default().to_owned();
            return Err((!self.broken).then_some(ProblemKind::UnknownEntity { list }));
        };
        if group {
            return Err(Some(ProblemKind::SaveToOnGroup));
        }
        let value = property.to_owned();
        let reserved = ["name", "label"].contains(&value.to_lowercase().as_str());
        if reserved || value.starts_with("__") {
            return Err(Some(ProblemKind::ReservedName { value }));
        }
        if !is_name(&value) {
            return Err(Some(ProblemKind::BadName { value }));
        }
        let same = |u: &&Use| u.property.as_deref() == Some(property);
        match self.lists[at].uses.iter().find(same) {
            Some(first) => {
                let first = first.row;
                Err(Some(ProblemKind::DuplicateSaveTo { property: value, first }))
            }
            None => Ok((at, value)),
        }
    }

    /// The version of the entities specification that a form with these needs.
    pub(crate) fn version(&self, in_repeat: bool) -> &'static str {
        if self.lists.len() > 1 || in_repeat { "2025.1.0" } else { "2024.1.0" }
    }
}

impl Entity {
    /// Adds `meta/entity` to a group; the root's other meta nodes go into the same block.
    pub(crate) fn add_to(&self, tree: &mut Tree, group: Id, in_repeat: bool) -> Id {
        let meta = tree.add(group, Node::new(NodeKind::Meta, "meta", 0));
        let entity = tree.add(meta, Node::new(NodeKind::Entity, "entity", self.row));
        let mut attribute = |name: &str, value: &str, calculate: Option<String>| {
            let mut node = Node::new(NodeKind::Attribute, name, self.row);
            node.default = Some(value.to_owned());
            if let Some(calculate) = calculate {
                computed(&mut node, &calculate);
            }
            tree.add(entity, node)
        };
        attribute("dataset", &self.list, None);
        if self.id.is_none() || self.create_if.is_some() {
            attribute("create", "1", self.create_if.clone());
        }
        if let Some(id) = &self.id {
            attribute("update", "1", self.update_if.clone());
            let item = format!("instance('{}')/root/item[name={id}]", self.list);
            for (name, property) in [
                ("baseVersion", "__version"),
                ("trunkVersion", "__trunkVersion"),
                ("branchId", "__branchId"),
            ] {
                attribute(name, "", Some(format!("{item}/{property}")));
            }
        }
        let id = attribute("id", "", self.id.clone());
        let node = &mut tree.nodes[id];
        node.set_bind("readonly", "true()");
        node.set_bind("type", "string");
        if self.id.is_none() {
            let events = ["odk-instance-first-load", "odk-new-repeat"];
            for event in events.into_iter().take(1 + usize::from(in_repeat)) {
                let kind = ActionOn::Value("uuid()".to_owned());
                node.actions.push(NodeAction { kind, event, attributes: Vec::new() });
            }
        }
        if let Some(label) = &self.label {
            let mut node = Node::new(NodeKind::EntityLabel, "label", self.row);
            computed(&mut node, label);
            tree.add(entity, node);
        }
        meta
    }
}

fn computed(node: &mut Node, calculate: &str) {
    node.set_bind("calculate", calculate);
    node.set_bind("readonly", "true()");
    node.set_bind("type", "string");
}
