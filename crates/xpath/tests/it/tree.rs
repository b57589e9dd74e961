//! A tree over roxmltree, and one call to evaluate in it.

use std::{borrow::Cow, cmp::Ordering};

use roxmltree::{Document, Node, NodeId, NodeType};
use xpath::{Context, EvalError, Expr, Host, LocalTime, NodeKind, Random, Tree, Value, evaluate};

/// 2024-02-29T08:30:15.250+07:00
pub const NOW: LocalTime = LocalTime { unix_ms: 1_709_170_215_250, offset_min: 420 };

pub struct Xml<'x>(pub Document<'x>);

/// A node, or with a number an attribute of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Id(NodeId, Option<usize>);

impl<'x> Xml<'x> {
    pub fn parse(xml: &'x str) -> Xml<'x> {
        Xml(Document::parse(xml).expect("the test's document is well-formed"))
    }

    pub fn root(&self) -> Id {
        Id(self.0.root().id(), None)
    }

    fn node(&self, id: Id) -> Node<'_, 'x> {
        self.0.get_node(id.0).expect("an id of this document")
    }
}

fn id(node: Node<'_, '_>) -> Id {
    Id(node.id(), None)
}

impl Tree for Xml<'_> {
    type Node = Id;

    fn kind(&self, node: Id) -> NodeKind {
        match (node.1, self.node(node).node_type()) {
            (Some(_), _) => NodeKind::Attribute,
            (_, NodeType::Root) => NodeKind::Document,
            (_, NodeType::Element) => NodeKind::Element,
            (_, NodeType::Text) => NodeKind::Text,
            (_, NodeType::Comment) => NodeKind::Comment,
            (_, NodeType::PI) => NodeKind::Instruction,
        }
    }
    fn parent(&self, node: Id) -> Option<Id> {
        if node.1.is_some() { Some(Id(node.0, None)) } else { self.node(node).parent().map(id) }
    }
    fn first_child(&self, node: Id) -> Option<Id> {
        if node.1.is_some() { None } else { self.node(node).first_child().map(id) }
    }
    fn last_child(&self, node: Id) -> Option<Id> {
        if node.1.is_some() { None } else { self.node(node).last_child().map(id) }
    }
    fn next_sibling(&self, node: Id) -> Option<Id> {
        if node.1.is_some() { None } else { self.node(node).next_sibling().map(id) }
    }
    fn previous_sibling(&self, node: Id) -> Option<Id> {
        if node.1.is_some() { None } else { self.node(node).prev_sibling().map(id) }
    }
    fn first_attribute(&self, element: Id) -> Option<Id> {
        let any = self.node(element).attributes().next().is_some();
        (any && element.1.is_none()).then_some(Id(element.0, Some(0)))
    }
    fn next_attribute(&self, attribute: Id) -> Option<Id> {
        let next = attribute.1? + 1;
        (next < self.node(attribute).attributes().count()).then_some(Id(attribute.0, Some(next)))
    }
    fn local_name(&self, node: Id) -> &str {
        match node.1 {
            Some(index) => {
                self.node(node).attributes().nth(index).map_or("", |attribute| attribute.name())
            }
            None => self.node(node).tag_name().name(),
        }
    }
    fn text(&self, node: Id) -> Cow<'_, str> {
        if let Some(index) = node.1 {
            let attribute = self.node(node).attributes().nth(index);
            return attribute.map_or("", |attribute| attribute.value()).into();
        }
        let parts = self.node(node).descendants().filter(Node::is_text).filter_map(|n| n.text());
        parts.collect::<String>().into()
    }
    fn compare(&self, a: Id, b: Id) -> Ordering {
        (a.0.get(), a.1).cmp(&(b.0.get(), b.1))
    }
}

/// The value of an expression at the root of a document, as text.
pub fn text_of(
    xml: &str,
    expression: &str,
    host: &impl for<'x> Host<Xml<'x>>,
) -> Result<String, EvalError> {
    text_within(xpath::BUDGET, xml, expression, host)
}

/// The same, with a budget.
pub fn text_within(
    budget: u64,
    xml: &str,
    expression: &str,
    host: &impl for<'x> Host<Xml<'x>>,
) -> Result<String, EvalError> {
    let tree = Xml::parse(xml);
    let expr = Expr::parse(expression).unwrap_or_else(|error| panic!("{expression}: {error}"));
    let random = Random::new(7);
    let context = Context { budget, ..Context::new(&tree, host, tree.root(), NOW, &random) };
    evaluate(&expr, &context).map(|value: Value<'_, Id>| value.text(&context).into_owned())
}
