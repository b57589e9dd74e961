//! The primary instance with its templates, and the secondary instances.

use std::collections::{BTreeMap, BTreeSet};

use form::definition::{Attribute, Element, Secondary, Source};

use crate::choices::{Choices, List};
use crate::expression::pulled_files;
use crate::paths::Paths;
use crate::problem::{Place, ProblemKind, Problems};
use crate::references::good_references;
use crate::selects::file_extension;
use crate::settings::Settings;
use crate::table::Text;
use crate::tree::{Id, Node, NodeKind, ROOT};

/// The attributes of a bind whose expressions can need an instance.
const EXPRESSIONS: [&str; 5] = ["calculate", "constraint", "readonly", "required", "relevant"];

/// The root of the primary instance.
pub(crate) fn primary(paths: &Paths, settings: &Settings, id: &str) -> Element {
    let mut root = element(paths, ROOT, false);
    let mut set = |name: &str, value: &str| {
        root.attributes.retain(|a| a.name != name);
        root.attributes.push(Attribute::new(name, value));
    };
    for (name, value) in &settings.attributes {
        set(name, value);
    }
    set("id", id);
    let further = [
        ("xmlns", &settings.instance_xmlns),
        ("version", &settings.version),
        ("odk:prefix", &settings.prefix),
        ("odk:delimiter", &settings.delimiter),
    ];
    for (name, value) in further {
        if let Some(value) = value {
            set(name, value);
        }
    }
    root
}

/// A node and what is in it. A row of a repeat has no templates of its own in it.
fn element(paths: &Paths, id: Id, in_row: bool) -> Element {
    let node = &paths.tree.nodes[id];
    let mut element = Element::new(node.name.clone());
    let attribute = |(name, value): &(String, String)| {
        Attribute::new(name.clone(), paths.expression(value, id))
    };
    element.attributes = node.instance.iter().map(attribute).collect();
    if matches!(node.kind, NodeKind::Question(_)) && !node.dynamic_default {
        element.text = node.default.clone().unwrap_or_default();
    }
    for child in &node.children {
        add_child(paths, *child, in_row, &mut element);
    }
    element
}

fn add_child(paths: &Paths, id: Id, in_row: bool, element: &mut Element) {
    let node = &paths.tree.nodes[id];
    match node.kind {
        NodeKind::External { .. } => {}
        NodeKind::Group if node.flat => {
            for child in &node.children {
                add_child(paths, *child, in_row, element);
            }
        }
        NodeKind::Attribute => {
            let value = node.default.clone().unwrap_or_default();
            element.attributes.push(Attribute::new(node.name.clone(), value));
        }
        NodeKind::Repeat => {
            if !in_row {
                element.children.push(template(paths, id));
            }
            element.children.push(self::element(paths, id, true));
        }
        _ => element.children.push(self::element(paths, id, in_row)),
    }
}

/// The prototype of a repeat's rows.
fn template(paths: &Paths, id: Id) -> Element {
    let node = &paths.tree.nodes[id];
    let mut element = Element::new(node.name.clone());
    element.attributes.push(Attribute::new("jr:template", ""));
    for child in &node.children {
        match paths.tree.nodes[*child].kind {
            NodeKind::Repeat => element.children.push(template(paths, *child)),
            _ => add_child(paths, *child, false, &mut element),
        }
    }
    element
}

/// The secondary instances: files in the order of their use, then the lists of choices.
pub(crate) fn secondary(
    paths: &Paths,
    choices: &Choices,
    searched: &BTreeSet<String>,
    place: impl Fn(u32) -> Place,
    problems: &mut Problems,
) -> Vec<Secondary> {
    let mut found: Vec<Secondary> = Vec::new();
    let mut index: BTreeMap<String, usize> = BTreeMap::new();
    let mut declared = BTreeSet::new();
    let mut add = |row: u32, id: &str, source: Source, alone: bool| {
        let twice = alone && !declared.insert(id.to_owned());
        match index.get(id).map(|at| &found[*at]) {
            Some(other) if twice || other.source != source => {
                let kind = ProblemKind::DuplicateInstance { id: id.to_owned() };
                problems.error(&place(row), kind);
            }
            Some(_) => {}
            None => {
                index.insert(id.to_owned(), found.len());
                found.push(Secondary { id: id.to_owned(), source });
            }
        }
    };
    let mut last_saved = false;
    for id in paths.tree.descendants(ROOT) {
        let node = &paths.tree.nodes[id];
        for file in expressions(node).flat_map(pulled_files) {
            add(node.row, &file, Source::External(format!("jr://file-csv/{file}.csv")), false);
        }
        if let Some((id, source)) = file(node) {
            add(node.row, id, source, false);
        }
        if let NodeKind::External { csv } = node.kind {
            let (folder, extension) = if csv { ("file-csv", "csv") } else { ("file", "xml") };
            let source = Source::External(format!("jr://{folder}/{}.{extension}", node.name));
            add(node.row, &node.name, source, true);
        }
        let texts = texts(node);
        last_saved |= expressions(node).chain(texts).any(reads_last_saved);
    }
    let labels = choices.lists.iter().flat_map(|list| &list.choices).flat_map(|c| c.label.texts());
    last_saved |= labels.into_iter().any(reads_last_saved);
    if last_saved {
        add(0, "__last-saved", Source::External("jr://instance/last-saved".to_owned()), false);
    }
    for list in choices.lists.iter().filter(|list| !searched.contains(&list.name)) {
        add(0, &list.name, Source::Internal(items(list)), false);
    }
    found
}

/// The expressions of a node that can read an instance.
fn expressions(node: &Node) -> impl Iterator<Item = &str> {
    let binds = EXPRESSIONS.iter().filter_map(|name| node.bind(name));
    binds.chain(node.choice_filter.as_deref()).chain(node.default.as_deref())
}

/// The texts of a node: they can show what was answered before.
fn texts(node: &Node) -> impl Iterator<Item = &str> {
    let messages = node.messages.iter().map(|(_, text)| text);
    [&node.label, &node.hint, &node.guidance].into_iter().chain(messages).flat_map(Text::texts)
}

fn reads_last_saved(text: &str) -> bool {
    good_references(text).any(|reference| reference.last_saved)
}

/// The file that a question's choices come from.
fn file(node: &Node) -> Option<(&str, Source)> {
    let NodeKind::Question(question) = node.kind else { return None };
    let is_select = question.special == crate::types::Special::Select;
    let list = node.itemset.as_deref().filter(|_| is_select)?;
    let extension = file_extension(list)?;
    let folder = if extension == ".csv" { "file-csv" } else { "file" };
    Some((list.strip_suffix(extension)?, Source::External(format!("jr://{folder}/{list}"))))
}

/// A list of choices as the root of an instance.
fn items(list: &List) -> Element {
    let itext = list.itext;
    let mut root = Element::new("root");
    for (index, choice) in list.choices.iter().enumerate() {
        let mut item = Element::new("item");
        if itext {
            item.children.push(Element::text("itextId", format!("{}-{index}", list.name)));
        }
        item.children.push(Element::text("name", choice.name.clone()));
        if let Some(label) = choice.label.plain.as_ref().filter(|_| !itext) {
            item.children.push(Element::text("label", label.clone()));
        }
        let data = choice.data.iter().map(|(n, v)| Element::text(n.clone(), v.clone()));
        item.children.extend(data);
        root.children.push(item);
    }
    root
}
