//! Field paths: how a record is stored. Names from below the root, rows by their key:
//! `hoc_vien[K7]/ten`; the path of a row itself holds its ordinal.

use std::collections::BTreeMap;

use super::Session;
use super::instance::{Instance, ItemId};
use crate::program::DefId;
use crate::view::NodeId;

/// One step of a field path.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Segment<'a> {
    pub(crate) name: &'a str,
    pub(crate) key: Option<&'a str>,
}

/// The steps of a field path; `None` when it is malformed.
pub(crate) fn segments(path: &str) -> Option<Vec<Segment<'_>>> {
    let segment = |step| -> Option<Segment> {
        match str::split_once(step, '[') {
            Some((name, rest)) => Some(Segment { name, key: Some(rest.strip_suffix(']')?) }),
            None => Some(Segment { name: step, key: None }),
        }
    };
    path.split('/').map(segment).collect()
}

impl Session {
    /// Field path of a drawn node: of a question, row or group its node's, of a repeat the path of
    /// its rows without key; empty for the root and for a group without a node.
    #[must_use]
    pub fn path(&self, id: NodeId) -> String {
        let Some(node) = self.drawn.get(id) else { return String::new() };
        let Some(body) = node.body.map(|body| self.program.body(body)) else {
            return String::new();
        };
        let Some(def) = body.def else { return String::new() };
        if node.kind != super::drawn::DrawnKind::Repeat {
            return self.item_path(node.item);
        }
        self.rows_path(node.item, def)
    }

    /// The path of the rows of a repeat below a node, without key.
    pub(super) fn rows_path(&self, around: ItemId, def: DefId) -> String {
        let own = self.item_path(around);
        let name = &self.program.schema.def(def).name;
        if own.is_empty() { name.to_string() } else { format!("{own}/{name}") }
    }

    /// The node drawn for a field path, rows and repeats among them.
    #[must_use]
    pub fn find(&self, path: &str) -> Option<NodeId> {
        let parts = segments(path)?;
        if let Some(item) = self.locate(&parts, &BTreeMap::new()) {
            let own = |id: &&NodeId| self.path(**id) == path;
            return self.drawn.of(item).iter().find(own).copied();
        }
        let (last, above) = parts.split_last()?;
        let around = self.locate(above, &BTreeMap::new())?;
        let def = self.program.schema.child_named(self.instance.get(around).def, last.name)?;
        self.drawn.repeats(around, def, &self.program).first().copied()
    }

    /// Whether the form alone fills a field: it works it out, and nobody is asked it.
    #[must_use]
    pub fn is_worked_out(&self, path: &str) -> bool {
        let item = segments(path).and_then(|parts| self.locate(&parts, &BTreeMap::new()));
        let def = item.map(|item| self.instance.get(item).def);
        let asked = |id| self.state(id).is_some_and(|state| !state.readonly);
        def.is_some_and(|def| self.program.rules(def).calculate.is_some())
            && !self.find(path).is_some_and(asked)
    }

    /// The node of the record that a path leads to; `known` finds rows by their whole path.
    pub(super) fn locate(
        &self,
        parts: &[Segment],
        known: &BTreeMap<String, ItemId>,
    ) -> Option<ItemId> {
        let mut at = Instance::ROOT;
        let mut from = 0;
        if !known.is_empty()
            && let Some(row) = parts.iter().rposition(|part| part.key.is_some())
        {
            let text = |part: &Segment| match part.key {
                Some(key) => format!("{}[{key}]", part.name),
                None => part.name.to_owned(),
            };
            let path: Vec<String> = parts.iter().take(row + 1).map(text).collect();
            at = *known.get(&path.join("/"))?;
            from = row + 1;
        }
        for part in parts.iter().skip(from) {
            let def = self.program.schema.child_named(self.instance.get(at).def, part.name)?;
            let slot = self.program.schema.def(def).slot as usize;
            at = match (self.instance.get(at).slots.get(slot)?, part.key) {
                (super::instance::Slot::One(item), None) => *item,
                (super::instance::Slot::Rows(rows), Some(key)) => {
                    let same = |id: &&ItemId| {
                        self.instance.get(**id).row.as_ref().is_some_and(|row| *row.key == *key)
                    };
                    rows.items.iter().find(same).copied()?
                }
                _ => return None,
            };
        }
        Some(at)
    }

    /// Whether a node holds text: it has no elements below.
    pub(super) fn holds_text(&self, item: ItemId) -> bool {
        let schema = &self.program.schema;
        let about = self.instance.get(item);
        about.parent.is_some()
            && schema.def(about.def).children.iter().all(|child| schema.def(*child).is_attribute())
    }

    pub(super) fn item_path(&self, item: ItemId) -> String {
        let mut steps = Vec::new();
        let mut at = item;
        while let Some(parent) = self.instance.get(at).parent {
            let about = self.instance.get(at);
            let name = &self.program.schema.def(about.def).name;
            steps.push(match &about.row {
                Some(row) => format!("{name}[{}]", row.key),
                None => name.to_string(),
            });
            at = parent;
        }
        steps.reverse();
        steps.join("/")
    }

    /// The path of a node that is stored: it holds text, or is a row.
    pub(super) fn field_of(&self, item: ItemId) -> Option<String> {
        let stored = self.instance.get(item).row.is_some() || self.holds_text(item);
        stored.then(|| self.item_path(item))
    }

    /// What is stored for a node.
    pub(super) fn stored(&self, item: ItemId) -> String {
        let about = self.instance.get(item);
        match &about.row {
            Some(row) if !self.holds_text(item) => row.ordinal.to_string(),
            _ => about.value.clone(),
        }
    }

    /// Notes what a new node holds, itself and below: it is to be written. What is empty is not: there was nothing before. Where a counted
    /// row comes back that somebody else answered meanwhile, their answers are for people to see.
    pub(super) fn note_writes(&mut self, item: ItemId) {
        for id in self.instance.below(item) {
            let about = self.instance.get(id);
            if about.row.is_some() || !about.value.is_empty() {
                self.note_write(id);
            }
        }
    }

    pub(super) fn note_write(&mut self, item: ItemId) {
        let flags = &mut self.instance.get_mut(item).flags;
        if !std::mem::replace(&mut flags.unwritten, true) {
            self.unwritten.push(item);
        }
    }

    pub(super) fn take_unwritten(&mut self) -> Vec<ItemId> {
        let items = std::mem::take(&mut self.unwritten);
        for item in &items {
            self.instance.get_mut(*item).flags.unwritten = false;
        }
        items
    }

    /// Fields that changed since the last call; `None`: cleared or removed. What calculations gave
    /// and the rows are among them.
    pub fn take_writes(&mut self) -> BTreeMap<String, Option<String>> {
        let mut writes = BTreeMap::new();
        writes.extend(std::mem::take(&mut self.removed).into_iter().map(|path| (path, None)));
        for item in self.take_unwritten() {
            let flags = self.instance.get(item).flags;
            if let Some(path) = self.field_of(item).filter(|_| flags.alive) {
                let text = Some(self.stored(item));
                writes.insert(path, text.filter(|text| !text.is_empty() && !flags.left_out));
            }
        }
        writes
    }

    /// Has nothing stored of what is not asked, as a submitted record has nothing of it. What is asked again is stored again.
    pub fn leave_out(&mut self) {
        for item in self.instance.below(Instance::ROOT) {
            let about = self.instance.get_mut(item);
            let is_stored = about.row.is_some() || !about.value.is_empty();
            if is_stored && !about.flags.relevant {
                about.flags.left_out = true;
                self.note_write(item);
            }
        }
    }

    fn collect_fields(&self, relevant_only: bool) -> BTreeMap<String, String> {
        let mut found = BTreeMap::new();
        let mut rest: Vec<(ItemId, String)> = vec![(Instance::ROOT, String::new())];
        while let Some((item, path)) = rest.pop() {
            for child in self.instance.children(item) {
                let about = self.instance.get(child);
                if relevant_only && !about.flags.relevant {
                    continue;
                }
                let name = &self.program.schema.def(about.def).name;
                let slash = if path.is_empty() { "" } else { "/" };
                let own = match &about.row {
                    Some(row) => format!("{path}{slash}{name}[{}]", row.key),
                    None => format!("{path}{slash}{name}"),
                };
                if about.row.is_some() || self.holds_text(child) {
                    let text = self.stored(child);
                    if !text.is_empty() {
                        found.insert(own.clone(), text);
                    }
                }
                if !about.slots.is_empty() {
                    rest.push((child, own));
                }
            }
        }
        found
    }

    /// Every field that holds something, relevant or not: what is stored.
    #[must_use]
    pub fn fields(&self) -> BTreeMap<String, String> {
        self.collect_fields(false)
    }

    /// Every relevant field that holds something: what is submitted.
    #[must_use]
    pub fn relevant_fields(&self) -> BTreeMap<String, String> {
        self.collect_fields(true)
    }
}
