//! Submission XML in: a record that was sent, by us or by another client, comes back as fields.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use roxmltree::{Document, Node};

use super::{Environment, Session, recalculate};
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
    /// The fields of a submission as it was sent, to be kept. The key of a row is its number; what the form does not have
    /// keeps its path, so that it is among the leftovers. Where one leaf stands twice, the first counts.
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

    /// The fields of a submission that is to be changed, for [`Session::resume`] or [`Session::edit`]: what was left out as
    /// nobody was asked it comes with the form's defaults, and what stands there is written as by its type.
    pub fn fields_to_edit(&self, xml: &str) -> Result<BTreeMap<String, String>, SubmissionError> {
        let mut fields = self.fields_of(xml)?;
        self.complete(DefId::ROOT, "", &mut fields);
        Ok(fields)
    }

    /// Completes what is below an element. Recursive, as forms are no deeper than their reader allows.
    fn complete(&self, def: DefId, path: &str, fields: &mut BTreeMap<String, String>) {
        for id in &self.schema.def(def).children {
            let about = self.schema.def(*id);
            let own = below(path, &about.name);
            if about.many {
                let is_row = |path: &&String| {
                    let key = path.strip_prefix(&own);
                    key.is_some_and(|key| key.ends_with(']') && !key.contains('/'))
                };
                let rows = fields.range(format!("{own}[")..format!("{own}]")).map(|(path, _)| path);
                let rows: Vec<String> = rows.filter(is_row).cloned().collect();
                rows.iter().for_each(|row| self.complete(*id, row, fields));
                continue;
            }
            let inner = about.children.iter().any(|child| !self.schema.def(*child).is_attribute());
            if !inner && !about.is_attribute() {
                match fields.entry(own.clone()) {
                    Entry::Occupied(mut there) => {
                        let text = recalculate::entered(self, *id, there.get());
                        there.insert(text);
                    }
                    Entry::Vacant(missing) => {
                        missing.insert(recalculate::given(self, *id, about.default.to_string()));
                    }
                }
            }
            self.complete(*id, &own, fields);
        }
    }

    /// Reads what is below an element. Recursive, as the depth of a document is limited.
    fn read_fields(
        &self,
        element: Node,
        def: Option<DefId>,
        path: &str,
        fields: &mut BTreeMap<String, String>,
    ) {
        for attribute in element.attributes() {
            let own = def.and_then(|def| self.schema.child(def, attribute.name(), true));
            if let Some(own) = own {
                let path = below(path, &self.schema.def(own).name);
                fields.entry(path).or_insert_with(|| attribute.value().to_owned());
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
            let mut path = below(path, own.map_or(name, |own| &self.schema.def(own).name));
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
                fields.entry(path.clone()).or_insert_with(|| text.trim().to_owned());
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

fn below(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}/{name}") }
}

/// Whether a field is the one of this name in the record's meta block.
fn is_meta(path: &str, name: &str) -> bool {
    path.split_once('/').is_some_and(|(meta, rest)| local(meta) == "meta" && local(rest) == name)
}
