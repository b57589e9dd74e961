//! The form as a tree of named nodes, between the sheets and the definition.

use std::collections::BTreeMap;

use form::definition::ActionKind;

use crate::table::Text;
use crate::types::QuestionType;

/// A node's place in [`Tree::nodes`].
pub(crate) type Id = usize;

/// The root's place.
pub(crate) const ROOT: Id = 0;

/// Every node; children stand after their parent.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    pub(crate) nodes: Vec<Node>,
    /// Nodes that `${name}` can mean.
    by_name: BTreeMap<String, Vec<Id>>,
}

/// A group, a repeat, a question or what is stored beside them.
#[derive(Debug, Clone)]
pub(crate) struct Node {
    pub(crate) kind: NodeKind,
    pub(crate) name: String,
    /// Row of the survey that it comes from; 0 when it was added.
    pub(crate) row: u32,
    pub(crate) parent: Option<Id>,
    /// Whether a group has no node of its own in the instance.
    pub(crate) flat: bool,
    pub(crate) children: Vec<Id>,
    pub(crate) label: Text,
    pub(crate) hint: Text,
    pub(crate) guidance: Text,
    /// (kind, file) by language.
    pub(crate) media: Vec<(String, Text)>,
    /// A cell in a column `media` that does not say of which kind.
    pub(crate) has_idle_media: bool,
    /// Attributes of the bind.
    pub(crate) bind: Vec<(String, String)>,
    /// Messages of the bind: (attribute, text).
    pub(crate) messages: Vec<(&'static str, Text)>,
    /// Attributes of the control.
    pub(crate) control: Vec<(String, String)>,
    /// Attributes in the primary instance.
    pub(crate) instance: Vec<(String, String)>,
    pub(crate) default: Option<String>,
    pub(crate) dynamic_default: bool,
    /// Questions whose change sets this one.
    pub(crate) trigger: Vec<String>,
    pub(crate) choice_filter: Option<String>,
    /// The list that an input looks its answer up in, for clients that have it beside the form.
    pub(crate) query: Option<String>,
    /// List, file or reference that the choices come from.
    pub(crate) itemset: Option<String>,
    pub(crate) parameters: BTreeMap<String, String>,
    pub(crate) actions: Vec<NodeAction>,
}

/// What a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NodeKind {
    Root,
    Group,
    Repeat,
    /// Holds its children in the instance but not in the body.
    Meta,
    Entity,
    /// The label of an entity.
    EntityLabel,
    Question(QuestionType),
    /// A file that the form declares.
    External {
        csv: bool,
    },
    /// An attribute of the node above it; `default` is its value.
    Attribute,
}

/// An action on the node, when a form is loaded or a row added.
#[derive(Debug, Clone)]
pub(crate) struct NodeAction {
    pub(crate) kind: ActionOn,
    pub(crate) event: &'static str,
    pub(crate) attributes: Vec<(String, String)>,
}

/// What an action does.
#[derive(Debug, Clone)]
pub(crate) enum ActionOn {
    /// Sets the node to its default.
    Default,
    /// Sets the node to an expression.
    Value(String),
    Other(ActionKind),
}

impl Node {
    /// Whether it has something to see or hear, or says so.
    pub(crate) fn has_media(&self) -> bool {
        self.has_idle_media || !self.media.is_empty()
    }

    pub(crate) fn new(kind: NodeKind, name: impl Into<String>, row: u32) -> Self {
        Self {
            kind,
            name: name.into(),
            row,
            parent: None,
            flat: false,
            children: Vec::new(),
            label: Text::default(),
            hint: Text::default(),
            guidance: Text::default(),
            media: Vec::new(),
            has_idle_media: false,
            bind: Vec::new(),
            messages: Vec::new(),
            control: Vec::new(),
            instance: Vec::new(),
            default: None,
            dynamic_default: false,
            trigger: Vec::new(),
            choice_filter: None,
            query: None,
            itemset: None,
            parameters: BTreeMap::new(),
            actions: Vec::new(),
        }
    }

    pub(crate) fn bind(&self, name: &str) -> Option<&str> {
        get(&self.bind, name)
    }

    pub(crate) fn set_bind(&mut self, name: &str, value: impl Into<String>) {
        set(&mut self.bind, name, value.into());
    }

    pub(crate) fn control(&self, name: &str) -> Option<&str> {
        get(&self.control, name)
    }

    pub(crate) fn set_control(&mut self, name: &str, value: impl Into<String>) {
        set(&mut self.control, name, value.into());
    }

    /// Whether `${name}` can mean it.
    fn is_referable(&self) -> bool {
        !matches!(
            self.kind,
            NodeKind::External { .. } | NodeKind::Attribute | NodeKind::EntityLabel
        )
    }
}

fn get<'a>(attributes: &'a [(String, String)], name: &str) -> Option<&'a str> {
    attributes.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
}

fn set(attributes: &mut Vec<(String, String)>, name: &str, value: String) {
    match attributes.iter_mut().find(|(n, _)| n == name) {
        Some((_, old)) => *old = value,
        None => attributes.push((name.to_owned(), value)),
    }
}

impl Tree {
    pub(crate) fn new(root: Node) -> Self {
        Self { nodes: vec![root], by_name: BTreeMap::new() }
    }

    pub(crate) fn add(&mut self, parent: Id, mut node: Node) -> Id {
        let id = self.nodes.len();
        node.parent = Some(parent);
        if node.is_referable() {
            self.by_name.entry(node.name.clone()).or_default().push(id);
        }
        self.nodes.push(node);
        self.nodes[parent].children.push(id);
        id
    }

    /// The node that `${name}` means, the root among them; `Err` is how many there are.
    pub(crate) fn named(&self, name: &str) -> Result<Id, usize> {
        let root = (name == self.nodes[ROOT].name).then_some(ROOT);
        let below = self.by_name.get(name).map_or(&[][..], Vec::as_slice);
        match (below, root) {
            ([id], None) => Ok(*id),
            ([], Some(root)) => Ok(root),
            (several, root) => Err(several.len() + usize::from(root.is_some())),
        }
    }

    /// A node and everything in it, in document order.
    pub(crate) fn descendants(&self, id: Id) -> Vec<Id> {
        let mut found = vec![id];
        let mut stack: Vec<Id> = self.nodes[id].children.iter().rev().copied().collect();
        while let Some(next) = stack.pop() {
            found.push(next);
            stack.extend(self.nodes[next].children.iter().rev());
        }
        found
    }

    /// The nodes around a node, nearest first.
    pub(crate) fn ancestors(&self, id: Id) -> impl Iterator<Item = Id> {
        std::iter::successors(self.nodes[id].parent, |up| self.nodes[*up].parent)
    }

    /// The nearest repeat around a node.
    pub(crate) fn repeat_around(&self, id: Id) -> Option<Id> {
        self.ancestors(id).find(|up| self.nodes[*up].kind == NodeKind::Repeat)
    }
}

impl Tree {
    /// Takes the children from a node; nothing can refer to them any more.
    pub(crate) fn detach_children(&mut self, id: Id) -> Vec<Id> {
        let children = std::mem::take(&mut self.nodes[id].children);
        let inside: Vec<Id> = children.iter().flat_map(|c| self.descendants(*c)).collect();
        for child in inside {
            if let Some(ids) = self.by_name.get_mut(&self.nodes[child].name) {
                ids.retain(|other| *other != child);
            }
        }
        children
    }

    /// Copies a node and what is in it below a parent, for one choice of a loop.
    pub(crate) fn copy(&mut self, id: Id, parent: Id, choice: &LoopChoice) {
        let mut node = self.nodes[id].clone();
        let children = std::mem::take(&mut node.children);
        let fill = |text: &mut String| choice.fill(text, choice.language);
        let fill_text = |text: &mut Text| {
            text.plain.iter_mut().for_each(fill);
            text.languages.iter_mut().for_each(|(language, text)| choice.fill(text, language));
        };
        fill(&mut node.name);
        let texts = [&mut node.label, &mut node.hint, &mut node.guidance].into_iter();
        let messages = node.messages.iter_mut().map(|(_, text)| text);
        let media = node.media.iter_mut().map(|(_, text)| text);
        texts.chain(messages).chain(media).for_each(fill_text);
        let attributes = node.bind.iter_mut().chain(&mut node.control).chain(&mut node.instance);
        attributes.for_each(|(_, text)| fill(text));
        let cells =
            [&mut node.default, &mut node.choice_filter, &mut node.query, &mut node.itemset];
        cells.into_iter().flatten().for_each(fill);
        let copied = self.add(parent, node);
        for child in children {
            self.copy(child, copied, choice);
        }
    }
}

/// A choice that the questions of a loop are asked for.
pub(crate) struct LoopChoice<'a> {
    pub(crate) name: &'a str,
    pub(crate) label: &'a Text,
    /// The language of what has none.
    pub(crate) language: &'a str,
}

impl LoopChoice<'_> {
    /// Fills `%(name)s` and `%(label)s` in; `%%` is a sign that means nothing.
    fn fill(&self, text: &mut String, language: &str) {
        if !text.contains('%') {
            return;
        }
        let mut filled = String::with_capacity(text.len());
        let mut rest = text.as_str();
        while let Some((before, after)) = rest.split_once('%') {
            filled.push_str(before);
            let marks = [("(name)s", self.name), ("(label)s", self.label_in(language)), ("%", "%")];
            let mark = marks
                .into_iter()
                .find_map(|(mark, value)| after.strip_prefix(mark).map(|after| (value, after)));
            let (value, after) = mark.unwrap_or(("%", after));
            filled.push_str(value);
            rest = after;
        }
        filled.push_str(rest);
        *text = filled;
    }

    /// The label in a language, else in that of the form, else in any.
    fn label_in(&self, language: &str) -> &str {
        let of = |wanted: &str| self.label.languages.iter().find(|(l, _)| l == wanted);
        let translated = of(language).or_else(|| of(self.language)).map(|(_, text)| text.as_str());
        translated.or_else(|| self.label.texts().next()).unwrap_or(self.name)
    }
}
