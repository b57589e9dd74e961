//! What an expression gives.

use std::borrow::Cow;

use crate::{context::Context, context::Host, tree::Tree};

/// The result of an expression.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a, N> {
    /// A node-set, in document order without duplicates (except after `randomize`).
    Nodes(Nodes<N>),
    /// A string.
    Text(Cow<'a, str>),
    /// A number.
    Number(f64),
    /// A boolean.
    Boolean(bool),
    /// What `date()` and `date-time()` give: days since 1970-01-01T00:00Z, NaN for what is no date. As text it is the
    /// local date, with time and offset unless it is midnight. Dates stored in a node are text.
    Date(f64),
}

/// A list of nodes that needs no heap for the usual case of none or one.
#[derive(Clone, Debug)]
pub enum Nodes<N> {
    /// No node.
    None,
    /// One node.
    One(N),
    /// Any number of nodes.
    Many(Vec<N>),
}

impl<N> Nodes<N> {
    /// The nodes as a slice.
    pub fn as_slice(&self) -> &[N] {
        match self {
            Nodes::None => &[],
            Nodes::One(node) => std::slice::from_ref(node),
            Nodes::Many(nodes) => nodes,
        }
    }
}

impl<N: Copy> Nodes<N> {
    /// The first node.
    pub fn first(&self) -> Option<N> {
        self.as_slice().first().copied()
    }
    /// How many nodes.
    pub fn len(&self) -> usize {
        self.as_slice().len()
    }
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// Adds a node at the end.
    pub fn push(&mut self, node: N) {
        match self {
            Nodes::None => *self = Nodes::One(node),
            Nodes::One(first) => *self = Nodes::Many(vec![*first, node]),
            Nodes::Many(nodes) => nodes.push(node),
        }
    }
    /// The nodes as a vector.
    pub fn into_vec(self) -> Vec<N> {
        match self {
            Nodes::None => Vec::new(),
            Nodes::One(node) => vec![node],
            Nodes::Many(nodes) => nodes,
        }
    }
    /// The nodes, one by one.
    pub fn iter(&self) -> std::iter::Copied<std::slice::Iter<'_, N>> {
        self.as_slice().iter().copied()
    }
}

impl<N: PartialEq> PartialEq for Nodes<N> {
    fn eq(&self, other: &Self) -> bool {
        self.as_slice() == other.as_slice()
    }
}

impl<N: Copy> FromIterator<N> for Nodes<N> {
    fn from_iter<I: IntoIterator<Item = N>>(nodes: I) -> Self {
        let mut list = Nodes::None;
        for node in nodes {
            list.push(node);
        }
        list
    }
}

impl<'a, N: Copy> Value<'a, N> {
    /// `string(value)`: of a node-set, the text of its first node.
    pub fn text<T, H>(&self, context: &Context<'a, T, H>) -> Cow<'a, str>
    where
        T: Tree<Node = N>,
        H: Host<T>,
    {
        match self {
            Value::Nodes(nodes) => {
                nodes.first().map_or(Cow::Borrowed(""), |node| context.tree.text(node))
            }
            Value::Text(text) => text.clone(),
            Value::Number(number) => Cow::Owned(crate::number::to_text(*number)),
            Value::Boolean(true) => Cow::Borrowed("true"),
            Value::Boolean(false) => Cow::Borrowed("false"),
            Value::Date(days) => {
                Cow::Owned(crate::calendar::days_to_text(*days, context.now.offset_min))
            }
        }
    }

    /// `number(value)`: dates are days since 1970-01-01 in universal time.
    pub fn number<T, H>(&self, context: &Context<'a, T, H>) -> f64
    where
        T: Tree<Node = N>,
        H: Host<T>,
    {
        match self {
            Value::Number(number) | Value::Date(number) => *number,
            Value::Boolean(boolean) => f64::from(u8::from(*boolean)),
            Value::Text(text) => crate::number::from_text(text, context.now.offset_min),
            Value::Nodes(_) => {
                crate::number::from_text(&self.text(context), context.now.offset_min)
            }
        }
    }

    /// `boolean(value)`: a node-set is true if it has a node, a text if it is not empty.
    pub fn boolean(&self) -> bool {
        match self {
            Value::Nodes(nodes) => !nodes.is_empty(),
            Value::Text(text) => !text.is_empty(),
            Value::Number(number) => *number != 0.0 && !number.is_nan(),
            Value::Boolean(boolean) => *boolean,
            Value::Date(days) => !days.is_nan(),
        }
    }
}
