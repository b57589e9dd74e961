//! What a submission says of itself, for whoever does not know its form yet, or never will.

use std::collections::BTreeMap;

use roxmltree::Node;

use crate::xform::{XformError, parse_document};

/// A submission without its form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Envelope {
    /// The form's id.
    pub form_id: String,
    /// The form's version, empty if it says none.
    pub version: String,
    /// `meta/instanceID`.
    pub instance_id: Option<String>,
    /// `meta/deprecatedID`: the instance that this one takes the place of.
    pub deprecated_id: Option<String>,
    /// Whether it is only what goes with answers that nobody reads without a key: they are in a file of their own.
    pub is_encrypted: bool,
    /// Every text by its path below the root; elements of one name are numbered as rows are.
    pub fields: BTreeMap<String, String>,
}

/// Why a document is no submission at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// It is no XML that can be read.
    #[error(transparent)]
    Xml(#[from] XformError),
    /// A few bytes of it would become very many.
    #[error("the names of its elements are too long: their paths have {0} bytes")]
    LongPaths(usize),
}

/// Bytes that the paths of a submission may have together. Each holds the names of all elements above it.
const MAX_PATHS: usize = 16 << 20;

/// Reads what a submission says of itself. What passes here is safe for [`crate::Program::fields_of`].
pub fn read_envelope(xml: &str) -> Result<Envelope, EnvelopeError> {
    let document = parse_document(xml)?;
    let root = document.root_element();
    let paths = paths_below(root, 0);
    if paths > MAX_PATHS {
        return Err(EnvelopeError::LongPaths(paths));
    }
    let form_id = root.attribute("id").or_else(|| root.tag_name().namespace());
    let of_meta = |name: &str| {
        let named = |node: &Node, name: &str| node.is_element() && node.tag_name().name() == name;
        let meta = root.children().find(|node| named(node, "meta"))?;
        let text = meta.children().find(|node| named(node, name))?.text()?.trim();
        (!text.is_empty()).then(|| text.to_owned())
    };
    let mut fields = BTreeMap::new();
    read_texts(root, "", &mut fields);
    Ok(Envelope {
        form_id: form_id.unwrap_or(root.tag_name().name()).to_owned(),
        version: root.attribute("version").unwrap_or_default().to_owned(),
        instance_id: of_meta("instanceID"),
        deprecated_id: of_meta("deprecatedID"),
        is_encrypted: root.attribute("encrypted") == Some("yes"),
        fields,
    })
}

/// How many bytes the paths below an element have together, without the numbers of rows.
fn paths_below(element: Node, above: usize) -> usize {
    let children = element.children().filter(Node::is_element);
    let lengths = children.map(|child| {
        let own = above + 1 + child.tag_name().name().len();
        own.saturating_add(paths_below(child, own))
    });
    lengths.fold(0, usize::saturating_add)
}

/// Recursive, as the depth of a document is limited.
fn read_texts(element: Node, path: &str, fields: &mut BTreeMap<String, String>) {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for child in element.children().filter(Node::is_element) {
        *counts.entry(child.tag_name().name()).or_default() += 1;
    }
    let mut numbers: BTreeMap<&str, usize> = BTreeMap::new();
    for child in element.children().filter(Node::is_element) {
        let name = child.tag_name().name();
        let slash = if path.is_empty() { "" } else { "/" };
        let mut own = format!("{path}{slash}{name}");
        if counts.get(name).is_some_and(|count| *count > 1) {
            let number = numbers.entry(name).or_default();
            *number += 1;
            own.push_str(&format!("[{number}]"));
            fields.insert(own.clone(), number.to_string());
        }
        if child.children().any(|inner| inner.is_element()) {
            read_texts(child, &own, fields);
            continue;
        }
        let text = child.children().filter_map(|node| node.text()).collect::<String>();
        fields.insert(own, text.trim().to_owned());
    }
}
