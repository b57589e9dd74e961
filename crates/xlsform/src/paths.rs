//! Paths of nodes, and `${name}` in expressions turned into them.
//!
//! Two nodes in the same row of a repeat are joined by a relative path, so that an expression
//! means its own row; all others by the path from the root.

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::references::{good_references, has_reference};
use crate::tree::{Id, NodeKind, Tree};

/// The tree with the path of every node.
pub(crate) struct Paths<'a> {
    pub(crate) tree: &'a Tree,
    paths: Vec<String>,
}

/// How references of an expression are written.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Style {
    /// Relative paths begin with `current()`: the expression stands in a predicate.
    pub(crate) current: bool,
    /// The path goes up to the parent of the common repeat, so that all its rows are meant.
    pub(crate) all_rows: bool,
}

impl<'a> Paths<'a> {
    pub(crate) fn new(tree: &'a Tree) -> Self {
        let mut paths: Vec<String> = Vec::with_capacity(tree.nodes.len());
        for node in &tree.nodes {
            let above = node.parent.map_or("", |parent| paths[parent].as_str());
            if node.flat {
                paths.push(above.to_owned());
                continue;
            }
            let at = if node.kind == NodeKind::Attribute { "@" } else { "" };
            paths.push(format!("{above}/{at}{}", node.name));
        }
        Self { tree, paths }
    }

    /// The path from the root.
    pub(crate) fn path(&self, id: Id) -> &str {
        &self.paths[id]
    }

    /// What the ids of a node's texts begin with.
    pub(crate) fn text_id(&self, id: Id) -> Cow<'_, str> {
        let node = &self.tree.nodes[id];
        match node.flat {
            true => Cow::Owned(format!("{}/{}", self.path(id), node.name)),
            false => Cow::Borrowed(self.path(id)),
        }
    }

    /// An expression as it stands at a node.
    pub(crate) fn expression(&self, text: &str, at: Id) -> String {
        self.styled(text, Some(at), Style::default())
    }

    /// The same, with a style; without a node every path is from the root.
    pub(crate) fn styled(&self, text: &str, at: Option<Id>, style: Style) -> String {
        if !has_reference(text) {
            return text.to_owned();
        }
        let mut written = String::with_capacity(text.len() + 32);
        let mut from = 0;
        for reference in good_references(text) {
            written.push_str(text.get(from..reference.range.start).unwrap_or_default());
            from = reference.range.end;
            let Ok(target) = self.tree.named(reference.name) else { continue };
            let relative = at.filter(|_| {
                !reference.last_saved
                    && may_be_relative(text, reference.range.start, reference.name)
            });
            let current = style.current || in_predicate(text, reference.range.start);
            let relative =
                relative.and_then(|at| self.relative(at, target, Style { current, ..style }));
            match relative {
                Some(path) => written.push_str(&format!(" {path} ")),
                None if reference.last_saved => {
                    written.push_str(&format!(" instance('__last-saved'){} ", self.path(target)));
                }
                None => written.push_str(&format!(" {} ", self.path(target))),
            }
        }
        written.push_str(text.get(from..).unwrap_or_default());
        written
    }

    /// A relative path, when both nodes are in one repeat.
    fn relative(&self, at: Id, target: Id, style: Style) -> Option<String> {
        let has_node = |id: &Id| !self.tree.nodes[*id].flat;
        if !has_node(&at) {
            return None;
        }
        let above_target: BTreeSet<Id> = self.tree.ancestors(target).collect();
        let kind = |id: Id| self.tree.nodes[id].kind;
        let common = |wanted: &dyn Fn(NodeKind) -> bool| {
            let mut above = self.tree.ancestors(at).filter(has_node).zip(1..);
            above.find(|(up, _)| above_target.contains(up) && wanted(kind(*up)))
        };
        let (repeat, steps_to_repeat) = common(&|k| k == NodeKind::Repeat)?;
        let holds = |k| matches!(k, NodeKind::Repeat | NodeKind::Group | NodeKind::Meta);
        let (mut top, mut steps): (Id, usize) = common(&holds)?;
        if style.all_rows {
            let direct = self.tree.repeat_around(target) == Some(repeat);
            let outermost = self.tree.repeat_around(repeat).is_none();
            if direct && (outermost || self.tree.repeat_around(at) != Some(repeat)) {
                top = self.tree.nodes[repeat].parent?;
                steps = steps_to_repeat + 1;
            }
        }
        let below = self.path(target).strip_prefix(self.path(top))?;
        let start = if style.current { "current()/" } else { "" };
        Some(format!("{start}{}{below}", vec![".."; steps].join("/")))
    }
}

/// Whether a position is in `[…]` of a text that reads another instance.
fn in_predicate(text: &str, position: usize) -> bool {
    if !text.contains("instance(") {
        return false;
    }
    let before = text.get(..position).unwrap_or_default();
    let after = text.get(position..).unwrap_or_default();
    let open =
        before.rfind('[').is_some_and(|open| !before.get(open..).is_some_and(|t| t.contains(']')));
    open && after.contains(']')
}

/// `indexed-repeat(node, repeat, index, …)` takes its node and its repeats by whole paths.
fn may_be_relative(text: &str, position: usize, name: &str) -> bool {
    let before = text.get(..position).unwrap_or_default();
    let Some(start) = before.rfind("indexed-repeat(") else { return true };
    let call = text.get(start..).unwrap_or_default();
    let call = call.get(..call.find(')').map_or(call.len(), |end| end + 1)).unwrap_or_default();
    if position >= start + call.len() {
        return true;
    }
    let arguments = call.trim_start_matches("indexed-repeat(").trim_end_matches(')');
    let reference = format!("${{{name}}}");
    let index = arguments.split(',').enumerate().filter(|(_, a)| a.contains(&reference)).last();
    index.is_some_and(|(index, _)| ![0, 1, 3, 5].contains(&index))
}
