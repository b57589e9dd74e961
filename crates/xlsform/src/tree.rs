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

    /// Copies a node and what is in it below a parent, with `%(name)s` and `%(label)s` filled in.
    pub(crate) fn copy(&mut self, id: Id, parent: Id, name: &str, label: &Text) {
        let mut node = self.nodes[id].clone();
        let children = std::mem::take(&mut node.children);
        let fill = |text: &mut String, language: Option<&str>| {
            if !text.contains("%(") {
                return;
            }
            let of_language = label.languages.iter().find(|(l, _)| Some(l.as_str()) == language);
            let label = of_language.map(|(_, text)| text).or(label.plain.as_ref());
            *text = text.replace("%(name)s", name);
            *text = text.replace("%(label)s", label.map_or(name, String::as_str));
        };
        let fill_text = |text: &mut Text| {
            text.plain.iter_mut().for_each(|t| fill(t, None));
            text.languages.iter_mut().for_each(|(l, t)| fill(t, Some(l.as_str())));
        };
        fill(&mut node.name, None);
        for text in [&mut node.label, &mut node.hint, &mut node.guidance] {
            fill_text(text);
        }
        node.messages.iter_mut().for_each(|(_, text)| fill_text(text));
        node.bind.iter_mut().chain(&mut node.control).for_each(|(_, text)| fill(text, None));
        let copied = self.add(parent, node);
        for child in children {
            self.copy(child, copied, name, label);
        }
    }
}
