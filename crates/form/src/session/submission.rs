//! The submission: the relevant part of the record as XML.

use super::Session;
use super::instance::{Instance, ItemId};
use crate::definition::STANDARD_NAMESPACES;
use crate::xform::{escape_attribute, escape_text};

impl Session {
    /// The submission as `OpenRosa` servers expect it: nodes that are not relevant and templates
    /// are left out, attributes kept.
    #[must_use]
    pub fn to_xml(&self) -> String {
        let mut body = String::new();
        self.write(Instance::ROOT, &mut body);
        // Only prefixes that occur are declared.
        let declared = self.program.form.namespaces.iter().map(|(p, u)| (p.as_str(), u.as_str()));
        let mut namespaces = String::new();
        for (prefix, uri) in STANDARD_NAMESPACES.into_iter().chain(declared) {
            if body.contains(&format!("<{prefix}:")) || body.contains(&format!(" {prefix}:")) {
                namespaces.push_str(&format!(" xmlns:{prefix}=\""));
                escape_attribute(&mut namespaces, uri);
                namespaces.push('"');
            }
        }
        let root = self.program.schema.def(self.instance.get(Instance::ROOT).def);
        let at = 1 + root.name.len();
        let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>");
        xml.push_str(body.get(..at).unwrap_or_default());
        xml.push_str(&namespaces);
        xml.push_str(body.get(at..).unwrap_or_default());
        xml
    }

    /// Writes a node and, as forms are no deeper than their reader allows, what is below by recursion.
    fn write(&self, item: ItemId, out: &mut String) {
        let about = self.instance.get(item);
        let def = self.program.schema.def(about.def);
        out.push('<');
        out.push_str(&def.name);
        let mut attribute = |name: &str, value: &str| {
            out.push(' ');
            out.push_str(name);
            out.push_str("=\"");
            escape_attribute(out, value);
            out.push('"');
        };
        for fixed in &def.attributes {
            attribute(&fixed.name, &fixed.value);
        }
        let is_attribute =
            |id: &ItemId| self.program.schema.def(self.instance.get(*id).def).is_attribute();
        let below = self.instance.children(item).filter(|id| self.instance.get(*id).flags.relevant);
        let (attributes, elements): (Vec<ItemId>, Vec<ItemId>) = below.partition(is_attribute);
        for id in attributes {
            let about = self.instance.get(id);
            let name = self.program.schema.def(about.def).name.trim_start_matches('@');
            attribute(name, &about.value);
        }
        if elements.is_empty() && about.value.is_empty() {
            out.push_str("/>");
            return;
        }
        out.push('>');
        escape_text(out, &about.value);
        elements.into_iter().for_each(|id| self.write(id, out));
        out.push_str("</");
        out.push_str(&def.name);
        out.push('>');
    }
}
