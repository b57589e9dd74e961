//! The body: groups, repeats and controls in the order of the sheet.

use std::collections::{BTreeMap, BTreeSet};

use form::definition::{
    Attribute, BodyNode, Control, ControlKind, Group, Item, Itemset, Label, Repeat,
};

use crate::bindings::{Triggers, row_actions};
use crate::choices::{Choice, Choices};
use crate::paths::{Paths, Style};
use crate::problem::{ProblemKind, Problems};
use crate::references::has_reference;
use crate::selects::file_extension;
use crate::table::Table;
use crate::texts::{hint, label, parts};
use crate::tree::{Id, Node, NodeKind, ROOT};
use crate::types::{QuestionType, Special};

/// What the body is made from.
pub(crate) struct Body<'a> {
    pub(crate) paths: &'a Paths<'a>,
    pub(crate) choices: &'a Choices,
    pub(crate) osm: &'a Choices,
    pub(crate) triggers: &'a Triggers,
    pub(crate) table: &'a Table,
    pub(crate) problems: &'a mut Problems,
}

impl Body<'_> {
    /// Everything below the root.
    pub(crate) fn nodes(&mut self) -> Vec<BodyNode> {
        self.children(ROOT)
    }

    fn children(&mut self, id: Id) -> Vec<BodyNode> {
        let paths = self.paths;
        paths.tree.nodes[id].children.iter().filter_map(|child| self.node(*child)).collect()
    }

    fn node(&mut self, id: Id) -> Option<BodyNode> {
        match self.paths.tree.nodes[id].kind {
            NodeKind::Group => Some(BodyNode::Group(self.group(id))),
            NodeKind::Repeat => Some(BodyNode::Group(self.repeat(id))),
            NodeKind::Question(question) => self.question(id, question).map(BodyNode::Control),
            _ => None,
        }
    }

    fn group(&mut self, id: Id) -> Group {
        let node = &self.paths.tree.nodes[id];
        Group {
            reference: (!node.flat).then(|| self.paths.path(id).to_owned()),
            label: (!node.label.is_empty()).then(|| label(self.paths, id)),
            appearance: node.control("appearance").map(str::to_owned),
            attributes: self.attributes(id, &["appearance"]),
            children: self.children(id),
            ..Group::default()
        }
    }

    /// A repeat stands in a group that carries its label.
    fn repeat(&mut self, id: Id) -> Group {
        let node = &self.paths.tree.nodes[id];
        let expression = |name| node.control(name).map(|v| self.expression(v, id));
        let repeat = Repeat {
            nodeset: self.paths.path(id).to_owned(),
            count: expression("jr:count"),
            no_add_remove: expression("jr:noAddRemove").is_some_and(|v| v == "true()"),
            appearance: expression("appearance"),
            attributes: self.attributes(id, &["jr:count", "jr:noAddRemove", "appearance"]),
            children: self.children(id),
            actions: row_actions(self.paths, id),
            ..Repeat::default()
        };
        Group {
            reference: Some(self.paths.path(id).to_owned()),
            label: Some(label(self.paths, id)),
            children: vec![BodyNode::Repeat(repeat)],
            ..Group::default()
        }
    }

    fn expression(&self, text: &str, id: Id) -> String {
        self.paths.expression(text, id)
    }

    /// The attributes of a control, but these.
    fn attributes(&self, id: Id, but: &[&str]) -> Vec<Attribute> {
        let node = &self.paths.tree.nodes[id];
        let others = node.control.iter().filter(|(name, _)| !but.contains(&name.as_str()));
        others
            .map(|(name, value)| Attribute::new(name.clone(), self.expression(value, id)))
            .collect()
    }

    fn question(&mut self, id: Id, question: QuestionType) -> Option<Control> {
        let node = &self.paths.tree.nodes[id];
        let text = !node.label.is_empty() || !node.hint.is_empty();
        let computed = node.bind("calculate").is_some() || !node.trigger.is_empty();
        if question.special == Special::Calculate || (computed && !text) {
            self.refuse_triggers(id);
            return None;
        }
        let kind = question.control?;
        let mut control = Control::new(kind, self.paths.path(id));
        self.add_texts(id, &mut control);
        control.appearance = node.control("appearance").map(|a| self.expression(a, id));
        control.attributes = self.attributes(id, &["appearance"]);
        self.add_query(id, question, &mut control);
        self.add_choices(id, question, &mut control);
        control.actions = self.triggers.actions(self.paths, id);
        Some(control)
    }

    /// What is not shown cannot trigger anything.
    fn refuse_triggers(&mut self, id: Id) {
        let name = self.paths.tree.nodes[id].name.clone();
        for target in self.triggers.targets(&name) {
            let place = self.table.place(self.paths.tree.nodes[*target].row, &["trigger"]);
            self.problems.error(&place, ProblemKind::HiddenTrigger { name: name.clone() });
        }
    }

    fn add_texts(&mut self, id: Id, control: &mut Control) {
        let node = &self.paths.tree.nodes[id];
        let shown = !node.label.is_empty() || node.has_media() || !node.hint.is_empty();
        if !shown {
            let place = self.table.place(node.row, &["label"]);
            self.problems.error(&place, ProblemKind::MissingLabel);
        }
        let has = |kind: &str| node.media.iter().any(|(k, _)| k == kind);
        if has("big-image") && !has("image") {
            let place = self.table.place(node.row, &["media", "big-image"]);
            self.problems.error(&place, ProblemKind::BigImageAlone);
        }
        control.label = Some(label(self.paths, id));
        control.hint = hint(self.paths, id);
    }

    /// An input that looks its answer up in a list beside the form.
    fn add_query(&mut self, id: Id, question: QuestionType, control: &mut Control) {
        let node = &self.paths.tree.nodes[id];
        let list = match question.special {
            Special::SelectExternal => node.itemset.as_ref(),
            Special::Geopoint | Special::Geoshape => None,
            _ if control.kind == ControlKind::Input => node.query.as_ref(),
            _ => None,
        };
        let Some(list) = list else { return };
        let filter = node.choice_filter.as_ref().map(|filter| {
            let style = Style { current: true, all_rows: false };
            format!("[{}]", self.paths.styled(filter, Some(id), style))
        });
        let query = format!("instance('{list}')/root/item{}", filter.unwrap_or_default());
        if node.control("query").is_some() {
            let place = self.table.place(node.row, &["control", "query"]);
            self.problems.warn(&place, ProblemKind::UnknownColumn);
            control.attributes.retain(|attribute| attribute.name != "query");
        }
        control.attributes.push(Attribute::new("query", query));
    }

    fn add_choices(&mut self, id: Id, question: QuestionType, control: &mut Control) {
        let node = &self.paths.tree.nodes[id];
        let Some(list) = &node.itemset else { return };
        match question.special {
            Special::Select if uses_search(node) => self.add_items(id, list, control),
            Special::Osm => {
                let tags = self.osm.list(list).into_iter().flat_map(|list| &list.choices);
                let tag = |tag: &Choice| {
                    let label = tag.label.texts().next().unwrap_or_default();
                    let label = Label { reference: None, parts: parts(self.paths, label, None) };
                    Item { value: tag.name.clone(), label }
                };
                control.tags = tags.map(tag).collect();
            }
            Special::Select | Special::Range | Special::Geopoint | Special::Geoshape => {
                control.itemset = Some(self.itemset(id, list, question));
            }
            _ => {}
        }
    }

    /// Choices in the control itself, for clients that search in files.
    fn add_items(&self, id: Id, list: &str, control: &mut Control) {
        let Some(list) = self.choices.list(list) else { return };
        let labelled = !self.paths.tree.nodes[id].label.is_empty();
        let itext = list.itext;
        for (index, choice) in list.choices.iter().enumerate() {
            let label = match &choice.label.plain {
                _ if itext => Label::itext(&format!("{}-{index}", list.name)),
                Some(text) if labelled => {
                    Label { reference: None, parts: parts(self.paths, text, None) }
                }
                _ => Label::default(),
            };
            control.items.push(Item { value: choice.name.clone(), label });
        }
    }

    fn itemset(&self, id: Id, list: &str, question: QuestionType) -> Itemset {
        let node = &self.paths.tree.nodes[id];
        let from_rows = has_reference(list);
        let geometry = matches!(question.special, Special::Geopoint | Special::Geoshape);
        let (mut itemset, own_filter) = match file_extension(list) {
            Some(extension) if question.special != Special::Range => {
                (file_itemset(node, list, extension), None)
            }
            _ if from_rows => self.row_itemset(id, list, geometry),
            _ => (self.list_itemset(list), None),
        };
        let filter = node.choice_filter.as_ref().map(|filter| {
            let style = Style { current: true, all_rows: from_rows };
            let filter = self.paths.styled(filter, Some(id), style);
            match from_rows {
                true => filter
                    .replace(&format!("current()/{}", itemset.nodeset), ".")
                    .replace(&itemset.nodeset, "."),
                false => filter,
            }
        });
        if let Some(filter) = filter.or(own_filter) {
            itemset.nodeset.push_str(&format!("[{filter}]"));
        }
        if node.parameters.get("randomize").is_some_and(|r| r == "true") {
            let seed =
                node.parameters.get("seed").map(|seed| self.expression(seed, id).trim().to_owned());
            let seed = seed.map(|seed| format!(", {seed}")).unwrap_or_default();
            itemset.nodeset = format!("randomize({}{seed})", itemset.nodeset);
        }
        itemset
    }

    fn list_itemset(&self, list: &str) -> Itemset {
        let itext = self.choices.list(list).is_some_and(|list| list.itext);
        Itemset {
            nodeset: format!("instance('{list}')/root/item"),
            value: "name".to_owned(),
            label: if itext { "jr:itext(itextId)" } else { "label" }.to_owned(),
        }
    }

    /// The answers of a question in a repeat as choices; rows without an answer are left out.
    fn row_itemset(&self, id: Id, list: &str, geometry: bool) -> (Itemset, Option<String>) {
        let style = Style { current: false, all_rows: true };
        let path = self.paths.styled(list, Some(id), style).trim().to_owned();
        let (rows, value) = match path.rsplit_once('/') {
            Some((rows, value)) if !geometry => (rows.to_owned(), value.to_owned()),
            _ => (path, "geometry".to_owned()),
        };
        let filter = format!("./{value} != ''");
        (Itemset { nodeset: rows, value: value.clone(), label: value }, Some(filter))
    }
}

fn file_itemset(node: &Node, list: &str, extension: &str) -> Itemset {
    let (value, label) = if extension == ".geojson" { ("id", "title") } else { ("name", "label") };
    let named = |key: &str, default: &str| {
        node.parameters.get(key).cloned().unwrap_or_else(|| default.to_owned())
    };
    let id = list.strip_suffix(extension).unwrap_or(list);
    Itemset {
        nodeset: format!("instance('{id}')/root/item"),
        value: named("value", value),
        label: named("label", label),
    }
}

/// Whether a select leaves its choices to the client: `search('file', …)`.
fn uses_search(node: &Node) -> bool {
    let call = node.control("appearance").and_then(|look| look.split_once("search("));
    call.is_some_and(|(_, rest)| rest.contains(')'))
}

/// The lists that are used with `search()`: they are no instances.
pub(crate) fn searched_lists(
    paths: &Paths,
    table: &Table,
    problems: &mut Problems,
) -> BTreeSet<String> {
    let mut searched = BTreeSet::new();
    let mut plain: BTreeMap<&str, u32> = BTreeMap::new();
    for node in paths.tree.descendants(ROOT).into_iter().map(|id| &paths.tree.nodes[id]) {
        let select = matches!(node.kind, NodeKind::Question(q) if q.control != Some(ControlKind::Input)
            && q.special == Special::Select);
        let Some(list) = node.itemset.as_deref().filter(|_| select) else { continue };
        if !uses_search(node) {
            plain.insert(list, node.row);
            continue;
        }
        if file_extension(list).is_some() {
            let place = table.place(node.row, &["control", "appearance"]);
            problems.error(&place, ProblemKind::SearchWithFile);
        }
        searched.insert(list.to_owned());
    }
    for (list, row) in plain.into_iter().filter(|(list, _)| searched.contains(*list)) {
        let kind = ProblemKind::SearchMixed { list: list.to_owned() };
        problems.error(&table.place(row, &["control", "appearance"]), kind);
    }
    searched
}
