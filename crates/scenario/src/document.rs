//! An XML document as a tree for XPath, as a browser's DOM shows it to XPath.

use std::{borrow::Cow, cmp::Ordering};

use roxmltree::{Document as Xml, NodeType, ParsingOptions};
use xpath::{NodeKind, Tree};

/// How a document is taken in.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reading {
    /// Keep CDATA sections as text nodes of their own, instead of one with the text beside them.
    pub split_cdata: bool,
}

/// A node: its place in document order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(usize);

/// A parsed document.
#[derive(Debug)]
pub struct Document {
    nodes: Vec<Node>,
}

#[derive(Debug)]
struct Node {
    kind: NodeKind,
    prefix: String,
    local: String,
    namespace: String,
    /// The text of the node itself; empty for documents and elements.
    text: String,
    /// Whether this text was a CDATA section.
    is_cdata: bool,
    parent: Option<NodeId>,
    children: Vec<NodeId>,
    attributes: Vec<NodeId>,
    namespaces: Vec<NodeId>,
    /// Where it is in its parent's list.
    index: usize,
}

impl Document {
    /// Parses XML; white space before it is forgiven.
    pub fn parse(xml: &str, reading: Reading) -> Result<Document, roxmltree::Error> {
        let xml = xml.trim_start();
        let options = ParsingOptions { allow_dtd: true, ..ParsingOptions::default() };
        let parsed = Xml::parse_with_options(xml, options)?;
        let mut document = Document { nodes: Vec::new() };
        let root = document.push(NodeKind::Document, None);
        document.add_doctype(xml, root);
        for child in parsed.root().children() {
            document.add(child, root, xml, reading);
        }
        Ok(document)
    }

    /// The document node.
    pub fn root(&self) -> NodeId {
        NodeId(0)
    }

    /// The node at a path such as `/*[1]/text()[2]` or `/*[1]/@*[name()='x']`.
    pub fn find(&self, path: &str) -> Option<NodeId> {
        let mut at = self.root();
        for step in split_path(path) {
            at = if let Some(name) = step.strip_prefix("@*[name()='") {
                let name = name.strip_suffix("']")?;
                let node = self.node(at);
                let named = |id: &&NodeId| self.qualified_name(**id) == name;
                *node.attributes.iter().chain(&node.namespaces).find(named)?
            } else {
                let (test, position) = step.strip_suffix(']')?.split_once('[')?;
                let position: usize = position.parse().ok()?;
                let fits = |id: &&NodeId| self.path_test(**id) == test;
                *self.node(at).children.iter().filter(fits).nth(position.checked_sub(1)?)?
            };
        }
        Some(at)
    }

    /// The path of a node, as [`find`](Document::find) reads it; `None` for a document type.
    pub fn path(&self, id: NodeId) -> Option<String> {
        let node = self.node(id);
        let Some(parent) = node.parent else { return Some("/".to_owned()) };
        let above = self.path(parent).filter(|path| path != "/").unwrap_or_default();
        let test = self.path_test(id);
        match node.kind {
            NodeKind::Document => None,
            NodeKind::Attribute | NodeKind::Namespace => {
                Some(format!("{above}/@*[name()='{}']", self.qualified_name(id)))
            }
            _ => {
                let before = self.node(parent).children.iter().take(node.index + 1);
                let position = before.filter(|other| self.path_test(**other) == test).count();
                Some(format!("{above}/{test}[{position}]"))
            }
        }
    }

    /// The name with its prefix; namespace nodes as the attribute that declares them.
    pub fn qualified_name(&self, id: NodeId) -> String {
        let node = self.node(id);
        match node.kind {
            NodeKind::Namespace if node.local.is_empty() => "xmlns".to_owned(),
            NodeKind::Namespace => format!("xmlns:{}", node.local),
            _ if node.prefix.is_empty() => node.local.clone(),
            _ => format!("{}:{}", node.prefix, node.local),
        }
    }

    /// Whether a text node was a CDATA section, kept apart by [`Reading::split_cdata`].
    pub fn is_cdata(&self, id: NodeId) -> bool {
        self.node(id).is_cdata
    }

    /// All elements, in document order.
    pub fn elements(&self) -> impl Iterator<Item = NodeId> {
        let elements = self.nodes.iter().enumerate();
        elements.filter(|(_, node)| node.kind == NodeKind::Element).map(|(at, _)| NodeId(at))
    }

    /// The text of an attribute without namespace.
    pub fn attribute(&self, element: NodeId, name: &str) -> Option<&str> {
        let mut attributes = self.node(element).attributes.iter().map(|id| self.node(*id));
        attributes.find(|node| node.local == name && node.namespace.is_empty()).map(|n| &*n.text)
    }

    /// The child elements.
    pub fn child_elements(&self, element: NodeId) -> impl Iterator<Item = NodeId> {
        let children = self.node(element).children.iter().copied();
        children.filter(|id| self.node(*id).kind == NodeKind::Element)
    }

    /// A node as XML, attributes in the order of their names: those of a namespace last, by its address.
    ///
    /// Of namespaces, what the element itself declares; an attribute or a text is its value.
    pub fn source(&self, id: NodeId) -> String {
        let mut source = String::new();
        self.write(id, &mut source);
        source
    }

    fn write(&self, id: NodeId, out: &mut String) {
        let node = self.node(id);
        match node.kind {
            NodeKind::Element => {}
            NodeKind::Document => return node.children.iter().for_each(|c| self.write(*c, out)),
            NodeKind::Text if node.parent.is_some() => return out.push_str(&escaped(&node.text)),
            NodeKind::Comment | NodeKind::Instruction => return,
            _ => return out.push_str(&node.text),
        }
        let name = self.qualified_name(id);
        out.push('<');
        out.push_str(&name);
        let mut attributes = node.attributes.clone();
        attributes.sort_by_key(|id| (&self.node(*id).namespace, &self.node(*id).local));
        for id in node.namespaces.iter().chain(&attributes) {
            let value = escaped(&self.node(*id).text).replace('"', "&quot;");
            out.push_str(&format!(" {}=\"{value}\"", self.qualified_name(*id)));
        }
        if node.children.is_empty() {
            out.push_str("/>");
            return;
        }
        out.push('>');
        node.children.iter().for_each(|child| self.write(*child, out));
        out.push_str(&format!("</{name}>"));
    }

    fn node(&self, id: NodeId) -> &Node {
        &self.nodes[id.0]
    }

    fn path_test(&self, id: NodeId) -> &'static str {
        match self.node(id).kind {
            NodeKind::Element => "*",
            NodeKind::Text => "text()",
            NodeKind::Comment => "comment()",
            NodeKind::Instruction => "processing-instruction()",
            _ => "",
        }
    }

    fn push(&mut self, kind: NodeKind, parent: Option<NodeId>) -> NodeId {
        let id = NodeId(self.nodes.len());
        let mut index = 0;
        if let Some(parent) = parent {
            let parent = &mut self.nodes[parent.0];
            let list = match kind {
                NodeKind::Attribute => &mut parent.attributes,
                NodeKind::Namespace => &mut parent.namespaces,
                _ => &mut parent.children,
            };
            index = list.len();
            list.push(id);
        }
        self.nodes.push(Node {
            kind,
            prefix: String::new(),
            local: String::new(),
            namespace: String::new(),
            text: String::new(),
            is_cdata: false,
            parent,
            children: Vec::new(),
            attributes: Vec::new(),
            namespaces: Vec::new(),
            index,
        });
        id
    }

    /// A document type is a node to a browser: it answers to `node()` and to nothing else.
    fn add_doctype(&mut self, xml: &str, root: NodeId) {
        let Some((_, rest)) = xml.split_once("<!DOCTYPE") else { return };
        let id = self.push(NodeKind::Document, Some(root));
        let name = rest.split(['>', '[']).next().unwrap_or_default().split_whitespace().next();
        self.nodes[id.0].local = name.unwrap_or_default().to_owned();
    }

    fn add(&mut self, node: roxmltree::Node<'_, '_>, parent: NodeId, xml: &str, reading: Reading) {
        match node.node_type() {
            NodeType::Root => {}
            NodeType::Element => self.add_element(node, parent, xml, reading),
            NodeType::Comment => {
                let id = self.push(NodeKind::Comment, Some(parent));
                self.nodes[id.0].text = node.text().unwrap_or_default().to_owned();
            }
            NodeType::PI => {
                let id = self.push(NodeKind::Instruction, Some(parent));
                if let Some(instruction) = node.pi() {
                    self.nodes[id.0].local = instruction.target.to_owned();
                    self.nodes[id.0].text = instruction.value.unwrap_or_default().to_owned();
                }
            }
            NodeType::Text => {
                let whole = || vec![(node.text().unwrap_or_default().to_owned(), false)];
                let parts = if reading.split_cdata {
                    cdata_parts(node, xml).unwrap_or_else(whole)
                } else {
                    whole()
                };
                for (part, is_cdata) in parts {
                    let id = self.push(NodeKind::Text, Some(parent));
                    self.nodes[id.0].text = part;
                    self.nodes[id.0].is_cdata = is_cdata;
                }
            }
        }
    }

    fn add_element(
        &mut self,
        node: roxmltree::Node<'_, '_>,
        parent: NodeId,
        xml: &str,
        reading: Reading,
    ) {
        let id = self.push(NodeKind::Element, Some(parent));
        let name = node.tag_name();
        self.nodes[id.0].local = name.name().to_owned();
        self.nodes[id.0].namespace = name.namespace().unwrap_or_default().to_owned();
        let written = xml.get(node.range().start + 1..).unwrap_or_default();
        self.nodes[id.0].prefix = prefix_of(written, name.name());
        // Only what the element itself declares, as the DOM lists it.
        for declared in node.namespaces() {
            let inherited = node
                .parent()
                .is_some_and(|parent| parent.namespaces().any(|other| other == declared));
            // `xmlns=""` takes the default namespace away.
            let undeclared = declared.name() == Some("xml") || declared.uri().is_empty();
            if !inherited && !undeclared {
                let namespace = self.push(NodeKind::Namespace, Some(id));
                self.nodes[namespace.0].local = declared.name().unwrap_or_default().to_owned();
                self.nodes[namespace.0].text = declared.uri().to_owned();
            }
        }
        for attribute in node.attributes() {
            let at = self.push(NodeKind::Attribute, Some(id));
            let written = xml.get(attribute.range().start..).unwrap_or_default();
            self.nodes[at.0].prefix = prefix_of(written, attribute.name());
            self.nodes[at.0].local = attribute.name().to_owned();
            self.nodes[at.0].namespace = attribute.namespace().unwrap_or_default().to_owned();
            self.nodes[at.0].text = attribute.value().to_owned();
        }
        for child in node.children() {
            self.add(child, id, xml, reading);
        }
    }

    fn append_text(&self, id: NodeId, text: &mut String) {
        for child in &self.node(id).children {
            match self.node(*child).kind {
                NodeKind::Text => text.push_str(&self.node(*child).text),
                NodeKind::Element => self.append_text(*child, text),
                _ => {}
            }
        }
    }
}

/// The steps of a path; a slash inside quotes is no separator.
fn split_path(path: &str) -> Vec<&str> {
    let mut quoted = false;
    path.split(|sign| {
        quoted ^= sign == '\'';
        sign == '/' && !quoted
    })
    .filter(|step| !step.is_empty())
    .collect()
}

/// The prefix in front of a name in the source.
fn prefix_of(written: &str, local: &str) -> String {
    let name = written.split(|sign: char| sign.is_whitespace() || "/>=".contains(sign)).next();
    let prefix = name.and_then(|name| name.strip_suffix(local)).and_then(|p| p.strip_suffix(':'));
    prefix.unwrap_or_default().to_owned()
}

/// The texts around and in the CDATA sections of a text node, if it has any, each with whether it is one.
fn cdata_parts(node: roxmltree::Node<'_, '_>, xml: &str) -> Option<Vec<(String, bool)>> {
    let start = node.range().start;
    let parent_end = node.parent()?.range().end;
    let end = match node.next_sibling() {
        Some(next) => next.range().start,
        None => start + xml.get(start..parent_end)?.rfind("</")?,
    };
    let mut rest = xml.get(start..end)?;
    if !rest.contains("<![CDATA[") {
        return None;
    }
    let mut parts = Vec::new();
    while let Some((before, after)) = rest.split_once("<![CDATA[") {
        parts.push((decoded(before), false));
        let (inside, after) = after.split_once("]]>")?;
        parts.push((inside.to_owned(), true));
        rest = after;
    }
    parts.push((decoded(rest), false));
    parts.retain(|(part, _)| !part.is_empty());
    Some(parts)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn decoded(text: &str) -> String {
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
    text.replace("&apos;", "'").replace("&amp;", "&")
}

impl Tree for Document {
    type Node = NodeId;

    fn kind(&self, node: NodeId) -> NodeKind {
        self.node(node).kind
    }
    fn parent(&self, node: NodeId) -> Option<NodeId> {
        self.node(node).parent
    }
    fn first_child(&self, node: NodeId) -> Option<NodeId> {
        self.node(node).children.first().copied()
    }
    fn last_child(&self, node: NodeId) -> Option<NodeId> {
        self.node(node).children.last().copied()
    }
    fn next_sibling(&self, id: NodeId) -> Option<NodeId> {
        let node = self.node(id);
        if matches!(node.kind, NodeKind::Attribute | NodeKind::Namespace) {
            return None;
        }
        self.node(node.parent?).children.get(node.index + 1).copied()
    }
    fn previous_sibling(&self, id: NodeId) -> Option<NodeId> {
        let node = self.node(id);
        if matches!(node.kind, NodeKind::Attribute | NodeKind::Namespace) {
            return None;
        }
        self.node(node.parent?).children.get(node.index.checked_sub(1)?).copied()
    }
    fn first_attribute(&self, element: NodeId) -> Option<NodeId> {
        self.node(element).attributes.first().copied()
    }
    fn next_attribute(&self, attribute: NodeId) -> Option<NodeId> {
        let node = self.node(attribute);
        self.node(node.parent?).attributes.get(node.index + 1).copied()
    }
    fn local_name(&self, node: NodeId) -> &str {
        &self.node(node).local
    }
    fn namespace(&self, node: NodeId) -> &str {
        &self.node(node).namespace
    }
    fn prefix(&self, node: NodeId) -> &str {
        &self.node(node).prefix
    }
    fn text(&self, id: NodeId) -> Cow<'_, str> {
        let node = self.node(id);
        match node.kind {
            NodeKind::Document | NodeKind::Element => match node.children.as_slice() {
                [] => Cow::Borrowed(""),
                [only] if self.node(*only).kind == NodeKind::Text => {
                    Cow::Borrowed(&self.node(*only).text)
                }
                _ => {
                    let mut text = String::new();
                    self.append_text(id, &mut text);
                    Cow::Owned(text)
                }
            },
            _ => Cow::Borrowed(&node.text),
        }
    }
    fn compare(&self, a: NodeId, b: NodeId) -> Ordering {
        a.cmp(&b)
    }
    fn namespaces(&self, element: NodeId) -> Vec<NodeId> {
        self.node(element).namespaces.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const XML: &str =
        "<a xmlns:p='urn:p' k='1' p:l='x/y'><b>1</b>t<!--c--><b><![CDATA[<]]>&amp;</b></a>";

    #[test]
    fn every_node_is_found_by_its_path() {
        let document = Document::parse(XML, Reading::default()).expect("well-formed");
        for index in 0..document.nodes.len() {
            let path = document.path(NodeId(index)).expect("no document type here");
            assert_eq!(document.find(&path), Some(NodeId(index)), "{path}");
        }
        assert_eq!(document.find("/*[1]/*[3]"), None);
        assert_eq!(document.find("nonsense"), None);
    }

    #[test]
    fn cdata_is_one_text_with_its_neighbours_unless_kept_apart() {
        for (split_cdata, texts) in [(false, vec!["<&"]), (true, vec!["<", "&"])] {
            let document = Document::parse(XML, Reading { split_cdata }).expect("well-formed");
            let b = document.find("/*[1]/*[2]").expect("there");
            let found: Vec<_> =
                document.node(b).children.iter().map(|id| document.text(*id)).collect();
            assert_eq!(found, texts);
        }
    }
}
