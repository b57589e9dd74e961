//! What the evaluator asks of a document.

use std::{borrow::Cow, cmp::Ordering, fmt::Debug, hash::Hash};

use crate::ast::Name;

/// The kinds of node that XPath 1.0 knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeKind {
    Document,
    Element,
    Attribute,
    Text,
    Comment,
    Instruction,
    Namespace,
}

/// A document, or several (the primary instance and the secondary ones).
///
/// A tree may leave out what it does not have: an instance whose elements hold their text themselves has no text nodes.
pub trait Tree {
    /// A handle to a node: small and cheap to copy.
    type Node: Copy + Eq + Hash + Debug;

    /// What kind of node this is.
    fn kind(&self, node: Self::Node) -> NodeKind;
    /// The parent; of an attribute, its element.
    fn parent(&self, node: Self::Node) -> Option<Self::Node>;
    /// The first child (never an attribute).
    fn first_child(&self, node: Self::Node) -> Option<Self::Node>;
    /// The last child.
    fn last_child(&self, node: Self::Node) -> Option<Self::Node>;
    /// The sibling after this node; `None` for attributes.
    fn next_sibling(&self, node: Self::Node) -> Option<Self::Node>;
    /// The sibling before this node; `None` for attributes.
    fn previous_sibling(&self, node: Self::Node) -> Option<Self::Node>;
    /// The first attribute of an element.
    fn first_attribute(&self, element: Self::Node) -> Option<Self::Node>;
    /// The attribute after this one on the same element.
    fn next_attribute(&self, attribute: Self::Node) -> Option<Self::Node>;
    /// The name without prefix; the target of a processing instruction; "" where a node has no name.
    fn local_name(&self, node: Self::Node) -> &str;
    /// The namespace URI, "" if none.
    fn namespace(&self, _node: Self::Node) -> &str {
        ""
    }
    /// The prefix as written, "" if none.
    fn prefix(&self, _node: Self::Node) -> &str {
        ""
    }
    /// The string value: of an element, all text below it. Empty for nodes that are not relevant.
    fn text(&self, node: Self::Node) -> Cow<'_, str>;
    /// How many nodes are below one of which the text is put together from theirs: what that costs.
    fn weight(&self, _node: Self::Node) -> usize {
        0
    }
    /// The order of two nodes in their document; documents among themselves in any fixed order.
    fn compare(&self, a: Self::Node, b: Self::Node) -> Ordering;

    /// The namespace nodes of an element, for the `namespace::` axis.
    fn namespaces(&self, _element: Self::Node) -> Vec<Self::Node> {
        Vec::new()
    }

    /// Whether an element or attribute has this name; `namespace` is what the host binds the prefix to
    /// (`None`: no prefix, or an unknown one). A tree that interns names may answer faster.
    fn is_named(&self, node: Self::Node, name: &Name, namespace: Option<&str>) -> bool {
        self.local_name(node) == &*name.local
            && self.namespace(node) == namespace.unwrap_or_default()
    }

    /// The topmost node above (or at) this one.
    fn top(&self, mut node: Self::Node) -> Self::Node {
        while let Some(parent) = self.parent(node) {
            node = parent;
        }
        node
    }
}
