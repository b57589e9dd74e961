//! Groups, repeats and loops: where they begin and end, and what a loop becomes.

use std::collections::BTreeSet;

use super::{Flat, Open, Survey};
use crate::bindings::boolean;
use crate::problem::ProblemKind;
use crate::references::sole_reference;
use crate::table::{Row, Text};
use crate::tree::{Id, LoopChoice, Node, NodeKind, ROOT};
use crate::types::{self, CALCULATE, Container, NOTE};

/// Groups in one another.
const MAX_DEPTH: usize = 64;
/// Nodes that loops may make.
const MAX_NODES: usize = 200_000;

impl Survey<'_> {
    pub(super) fn begin(
        &mut self,
        row: &Row,
        name: &str,
        container: Container,
        list: Option<String>,
    ) {
        let place = self.place(row.number, &["name"]);
        if container == Container::Repeat {
            let root = self.tree.nodes[ROOT].name == name;
            if !self.repeats.insert(name.to_owned()) || root {
                let kind = ProblemKind::DuplicateRepeat { value: name.to_owned() };
                self.problems.error(&place, kind);
            }
        }
        let kind = match container {
            Container::Repeat => NodeKind::Repeat,
            Container::Group | Container::Loop => NodeKind::Group,
        };
        let mut node = self.node(row, kind, name);
        if container == Container::Repeat && node.label.is_empty() && !node.has_media() {
            let place = self.place(row.number, &["label"]);
            self.problems.warn(&place, ProblemKind::MissingRepeatLabel);
        }
        // A group shows no hint that could be unfolded.
        node.guidance = Text::default();
        self.save_to(row, name, true);
        if let Some(count) = node.control("jr:count").map(str::to_owned)
            && sole_reference(&count).is_none()
        {
            let counter = format!("{name}_count");
            let mut counted = Node::new(NodeKind::Question(CALCULATE), counter.clone(), row.number);
            types::apply(CALCULATE, &mut counted);
            counted.set_bind("readonly", "true()");
            counted.set_bind("calculate", count);
            self.add_generated(counted, row.number);
            node.set_control("jr:count", format!("${{{counter}}}"));
            self.counters.push((counter, row.number));
        }
        if let Some(intent) = row.get(self.table, &["intent"]) {
            node.set_control("intent", intent);
        }
        if self.open.len() > MAX_DEPTH {
            let kind = ProblemKind::NestedTooDeeply { limit: MAX_DEPTH };
            self.problems.error(&place, kind);
            self.too_deep += 1;
            return;
        }
        let mut open = Open::new(Some(container), 0, row.number);
        let heading = self.table_list_heading(row, &mut node);
        node.flat = self.settings.flat && container == Container::Group;
        let flat = node.flat;
        open.id = self.add(node);
        if flat {
            let relevant = self.tree.nodes[open.id].bind("relevant");
            let relevant = relevant.map(|text| boolean("relevant", text).to_owned());
            open.flat = Some(Flat { relevant });
        }
        open.loop_list = self.loop_list(row, container, list);
        self.open.push(open);
        if let Some(heading) = heading {
            self.add(heading);
        }
    }

    /// `table-list` is a field list whose first select shows the labels; the group's own label
    /// becomes a note in it.
    fn table_list_heading(&mut self, row: &Row, node: &mut Node) -> Option<Node> {
        let words = node.control("appearance")?.to_owned();
        let others: Vec<&str> = words.split_whitespace().filter(|w| *w != "table-list").collect();
        if others.len() == words.split_whitespace().count() {
            return None;
        }
        self.table_list = Some(None);
        let appearance = [&["field-list"], others.as_slice()].concat().join(" ");
        node.set_control("appearance", appearance);
        let (label, hint) = (std::mem::take(&mut node.label), std::mem::take(&mut node.hint));
        if label.is_empty() && hint.is_empty() {
            return None;
        }
        let name = format!("generated_table_list_label_{}", row.number);
        let mut heading = Node::new(NodeKind::Question(NOTE), name, row.number);
        types::apply(NOTE, &mut heading);
        (heading.label, heading.hint) = (label, hint);
        Some(heading)
    }

    fn loop_list(
        &mut self,
        row: &Row,
        container: Container,
        list: Option<String>,
    ) -> Option<String> {
        if container != Container::Loop {
            return None;
        }
        let list = list.unwrap_or_default();
        if self.choices.list(&list).is_none() {
            let kind = ProblemKind::MissingList { list };
            self.problems.error(&self.place(row.number, &["type"]), kind);
            return None;
        }
        Some(list)
    }

    pub(super) fn end(&mut self, row: &Row, container: Container) {
        self.save_to(row, "", true);
        if self.too_deep > 0 {
            self.too_deep -= 1;
            return;
        }
        let matches = self.open.last().is_some_and(|open| open.container == Some(container));
        if !matches {
            let what = container.name().to_owned();
            let kind = ProblemKind::UnmatchedEnd { what };
            self.problems.error(&self.place(row.number, &["type"]), kind);
            return;
        }
        let Some(open) = self.open.pop() else { return };
        self.table_list = None;
        if let Some(list) = open.loop_list {
            self.expand_loop(open.id, &list);
        }
    }

    /// One group for each choice, with a copy of the loop's questions.
    fn expand_loop(&mut self, id: Id, list: &str) {
        let Some(list) = self.choices.list(list) else { return };
        let columns: Vec<_> = list.choices.iter().filter(|c| c.name != "none").collect();
        let copies = columns.len() * self.tree.descendants(id).len();
        if copies + self.tree.nodes.len() > MAX_NODES {
            let row = self.tree.nodes[id].row;
            self.problems.error(&self.table.place(row, &["type"]), ProblemKind::LoopTooLarge);
            return;
        }
        if let Some(bad) = columns.iter().find(|choice| !self.settings.allows_name(&choice.name)) {
            let place = self.table.place(self.tree.nodes[id].row, &["type"]);
            self.problems.error(&place, ProblemKind::BadName { value: bad.name.clone() });
            return;
        }
        let templates = self.tree.detach_children(id);
        for choice in columns {
            let mut group = Node::new(NodeKind::Group, choice.name.clone(), 0);
            group.label = choice.label.clone();
            group.media = choice.media.clone();
            let group = self.tree.add(id, group);
            let (name, label, language) = (&choice.name, &choice.label, self.default_language);
            let asked = LoopChoice { name, label, language };
            for template in &templates {
                self.tree.copy(*template, group, &asked);
            }
        }
        self.check_copied_repeats(id);
    }

    /// A repeat in a loop would exist once for each choice.
    fn check_copied_repeats(&mut self, id: Id) {
        let mut seen = BTreeSet::new();
        for node in self.tree.descendants(id).into_iter().map(|id| &self.tree.nodes[id]) {
            if node.kind == NodeKind::Repeat && !seen.insert(&node.name) {
                let kind = ProblemKind::DuplicateRepeat { value: node.name.clone() };
                self.problems.error(&self.table.place(node.row, &["name"]), kind);
            }
        }
    }
}
