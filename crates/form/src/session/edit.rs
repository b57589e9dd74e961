//! Submission XML in: a record that was sent, by us or by another client, comes back as fields.

use std::collections::BTreeMap;
use std::sync::Arc;

use roxmltree::{Document, Node};

use super::{Environment, Session};
use crate::program::{DefId, Program, local};
use crate::xform::{XformError, parse_document};

/// Why a document is no record of a form.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SubmissionError {
    /// It is no XML that can be read.
    #[error(transparent)]
    Xml(#[from] XformError),
    /// It is the record of another form.
    #[error("the record is of {found}, not of {expected}")]
    OtherForm {
        /// Root element and id of the form.
        expected: String,
        /// Root element and id of the record.
        found: String,
    },
}

impl Program {
    /// The fields of a submission, for [`Session::resume`] or [`Session::edit`]. The key of a row is
    /// its number; what the form does not have keeps its path, so that it is among the leftovers.
    pub fn fields_of(&self, xml: &str) -> Result<BTreeMap<String, String>, SubmissionError> {
        let document: Document = parse_document(xml)?;
        let root = document.root_element();
        let name = root.tag_name().name();
        let id = root.attribute("id").unwrap_or(self.form.id());
        let own = self.schema.def(DefId::ROOT).local();
        if name != own || id != self.form.id() {
            return Err(SubmissionError::OtherForm {
                expected: format!("<{own} id=\"{}\">", self.form.id()),
                found: format!("<{name} id=\"{id}\">"),
            });
        }
        let mut fields = BTreeMap::new();
        self.read_fields(root, Some(DefId::ROOT), "", &mut fields);
        Ok(fields)
    }

    /// Reads what is below an element. Recursive, as the depth of a document is limited.
    fn read_fields(
        &self,
        element: Node,
        def: Option<DefId>,
        path: &str,
        fields: &mut BTreeMap<String, String>,
    ) {
        let below = |name: &str| {
            if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") }
        };
        for attribute in element.attributes() {
            let own = def.and_then(|def| self.schema.child(def, attribute.name(), true));
            if let Some(own) = own {
                let path = below(&self.schema.def(own).name);
                fields.insert(path, attribute.value().to_owned());
            }
        }
        let mut rows: Vec<(&str, usize)> = Vec::new();
        for child in element.children().filter(Node::is_element) {
            let is_template =
                |a: roxmltree::Attribute| a.name() == "template" && a.namespace().is_some();
            if child.attributes().any(is_template) {
                continue;
            }
            let name = child.tag_name().name();
            let own = def.and_then(|def| self.schema.child(def, name, false));
            let mut path = below(own.map_or(name, |own| &self.schema.def(own).name));
            let many = own.is_some_and(|own| self.schema.def(own).many);
            if many {
                let place = rows.iter().position(|(known, _)| *known == name);
                let place = place.unwrap_or_else(|| {
                    rows.push((name, 0));
                    rows.len() - 1
                });
                let number = &mut rows[place].1;
                *number += 1;
                path.push_str(&format!("[{number}]"));
                fields.insert(path.clone(), number.to_string());
            }
            let has_elements = child.children().any(|inner| inner.is_element());
            if !has_elements && !many {
                let text = child.children().filter_map(|n| n.text()).collect::<String>();
                fields.insert(path.clone(), text.trim().to_owned());
            }
            self.read_fields(child, own, &path, fields);
        }
    }
}

impl Session {
    /// A record that was sent and is to be sent again: it gets an id of its own, that of the
    /// environment, and names the one it replaces as `deprecatedID`, if the form has a place for it.
    #[must_use]
    pub fn edit(
        program: Arc<Program>,
        environment: Environment,
        mut fields: BTreeMap<String, String>,
    ) -> Self {
        let meta = |name: &str| {
            let steps = fields.keys().find(|path| is_meta(path, name));
            steps.cloned()
        };
        let (id, deprecated) = (meta("instanceID"), meta("deprecatedID"));
        if let Some(path) = id
            && let Some(old) = fields.insert(path.clone(), environment.instance_id.clone())
        {
            let beside = || path.replace("instanceID", "deprecatedID");
            fields.insert(deprecated.unwrap_or_else(beside), old);
        }
        Self::resume(program, environment, &fields)
    }
}

/// Whether a field is the one of this name in the record's meta block.
fn is_meta(path: &str, name: &str) -> bool {
    path.split_once('/').is_some_and(|(meta, rest)| local(meta) == "meta" && local(rest) == name)
}
