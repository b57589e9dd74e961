//! XML as a tree that can be compared.
//!
//! Attribute order, white space between elements and white space in expressions do not matter, nor does where the
//! actions of a model or a repeat stand among its other children. The project's own attributes are left out.

use roxmltree::{Document, Node};

/// Attributes of this namespace are the project's own and are left out.
const OWN_NAMESPACE: &str = "https://sotay.vn/xforms";

/// An element.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Element {
    /// Namespace and local name.
    pub name: String,
    /// Name and value without white space, sorted.
    pub attributes: Vec<(String, String)>,
    /// Elements and texts.
    pub children: Vec<Child>,
}

/// What an element holds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Child {
    /// An element.
    Element(Element),
    /// A text with single blanks.
    Text(String),
}

/// Reads XML.
pub fn parse(xml: &str) -> Result<Element, roxmltree::Error> {
    let document = Document::parse(xml.trim_start())?;
    Ok(element(document.root_element()))
}

fn qualified(namespace: Option<&str>, name: &str) -> String {
    namespace.map_or_else(|| name.to_owned(), |namespace| format!("{{{namespace}}}{name}"))
}

fn element(node: Node<'_, '_>) -> Element {
    let attribute = |a: roxmltree::Attribute<'_, '_>| {
        let value = a.value().split_whitespace().collect::<String>();
        (qualified(a.namespace(), a.name()), value)
    };
    let own = |a: &roxmltree::Attribute<'_, '_>| a.namespace() != Some(OWN_NAMESPACE);
    let mut attributes: Vec<_> = node.attributes().filter(own).map(attribute).collect();
    attributes.sort();
    let mut children: Vec<Child> = node.children().filter_map(child).collect();
    let name = node.tag_name();
    match name.name() {
        "model" | "repeat" => children.sort_by_key(rank),
        "text" => children.sort(),
        _ => {}
    }
    Element { name: qualified(name.namespace(), name.name()), attributes, children }
}

/// Whether a bind is there for the project's own attributes alone.
fn is_own(node: Node<'_, '_>) -> bool {
    let own = node.attributes().filter(|a| a.namespace() == Some(OWN_NAMESPACE)).count();
    node.tag_name().name() == "bind" && own > 0 && node.attributes().count() == own + 1
}

fn child(node: Node<'_, '_>) -> Option<Child> {
    if node.is_element() {
        return (!is_own(node)).then(|| Child::Element(element(node)));
    }
    let text = node.text().filter(|_| node.is_text())?;
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    (!text.is_empty()).then_some(Child::Text(text))
}

/// The place of a child in a model or a repeat: actions come last.
fn rank(child: &Child) -> usize {
    const ORDER: [&str; 4] = ["submission", "itext", "instance", "bind"];
    const ACTIONS: [&str; 3] = ["setvalue", "setgeopoint", "recordaudio"];
    let Child::Element(element) = child else { return 0 };
    let local = element.name.rsplit('}').next().unwrap_or_default();
    let other = ORDER.len() + usize::from(ACTIONS.contains(&local));
    ORDER.iter().position(|name| *name == local).unwrap_or(other)
}

/// Where two elements first differ: (path, here, there).
pub fn difference(a: &Element, b: &Element) -> Option<(String, String, String)> {
    let local = a.name.rsplit('}').next().unwrap_or_default();
    let id = |e: &Element| {
        let key = |(name, _): &&(String, String)| {
            ["id", "nodeset", "ref", "lang"].contains(&name.as_str())
        };
        e.attributes.iter().find(key).map(|(_, value)| format!("[{value}]")).unwrap_or_default()
    };
    let here = format!("/{local}{}", id(a));
    if a.name != b.name || a.attributes != b.attributes {
        return Some((
            here,
            format!("{} {:?}", a.name, a.attributes),
            format!("{} {:?}", b.name, b.attributes),
        ));
    }
    for index in 0..a.children.len().max(b.children.len()) {
        match (a.children.get(index), b.children.get(index)) {
            (Some(Child::Element(x)), Some(Child::Element(y))) => {
                if let Some((path, one, two)) = difference(x, y) {
                    return Some((here + &path, one, two));
                }
            }
            (one, two) if one == two => {}
            (one, two) => return Some((here, short(one), short(two))),
        }
    }
    None
}

fn short(child: Option<&Child>) -> String {
    match child {
        None => "nothing".to_owned(),
        Some(Child::Text(text)) => format!("text '{text}'"),
        Some(Child::Element(element)) => format!("<{} {:?}>", element.name, element.attributes),
    }
}
