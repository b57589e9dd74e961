//! From a definition to XML: the same bytes for the same form, in the order in which `pyxform` writes.

use std::fmt::Write as _;

use crate::definition::{
    Action, ActionKind, Attribute, Bind, BodyNode, Control, ControlKind, Element, Form, Group,
    Label, Repeat, STANDARD_NAMESPACES, SetValue, Source, TextPart, Translation, XFORMS_NAMESPACE,
};

/// Writes a form as XML.
#[must_use]
pub fn write_xform(form: &Form) -> String {
    let mut writer =
        Writer { out: String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"), depth: 0 };
    let mut namespaces = vec![Attribute::new("xmlns", XFORMS_NAMESPACE)];
    let standard = STANDARD_NAMESPACES.map(|(prefix, uri)| (prefix.to_owned(), uri.to_owned()));
    for (prefix, uri) in standard.iter().chain(&form.namespaces) {
        let name = format!("xmlns:{prefix}");
        if namespaces.iter().all(|declared| declared.name != name) {
            namespaces.push(Attribute::new(name, uri));
        }
    }
    writer.block("h:html", &namespaces, |w| {
        w.block("h:head", &[], |w| {
            w.leaf("h:title", &[], &form.title);
            w.block("model", &form.model_attributes, |w| w.model(form));
        });
        let class: Vec<Attribute> =
            form.body_class.iter().map(|c| Attribute::new("class", c)).collect();
        w.block("h:body", &class, |w| form.body.iter().for_each(|node| w.body_node(node)));
    });
    without_idle_entities(writer.out)
}

/// The namespace of entities is declared where it is used, as `pyxform` does.
fn without_idle_entities(mut xml: String) -> String {
    let declared = STANDARD_NAMESPACES.iter().find(|(prefix, _)| *prefix == "entities");
    let declared = declared.map(|(prefix, uri)| format!(" xmlns:{prefix}=\"{uri}\""));
    if let Some(declared) = declared.filter(|_| !xml.contains("entities:"))
        && let Some(at) = xml.find(&declared)
    {
        xml.replace_range(at..at + declared.len(), "");
    }
    xml
}

struct Writer {
    out: String,
    depth: usize,
}

impl Writer {
    fn indent(&mut self) {
        self.out.extend(std::iter::repeat_n("  ", self.depth));
    }

    fn open(&mut self, name: &str, attributes: &[Attribute]) {
        self.indent();
        self.out.push('<');
        self.out.push_str(name);
        for attribute in attributes {
            self.out.push(' ');
            self.out.push_str(&attribute.name);
            self.out.push_str("=\"");
            escape_attribute(&mut self.out, &attribute.value);
            self.out.push('"');
        }
    }

    /// An element with elements in it.
    fn block(&mut self, name: &str, attributes: &[Attribute], inner: impl FnOnce(&mut Self)) {
        self.open(name, attributes);
        let start = self.out.len();
        self.out.push_str(">\n");
        let content = self.out.len();
        self.depth += 1;
        inner(self);
        self.depth -= 1;
        if self.out.len() == content {
            self.out.truncate(start);
            self.out.push_str("/>\n");
        } else {
            self.indent();
            self.close(name);
        }
    }

    /// An element with text in it.
    fn leaf(&mut self, name: &str, attributes: &[Attribute], text: &str) {
        self.open(name, attributes);
        if text.is_empty() {
            self.out.push_str("/>\n");
        } else {
            self.out.push('>');
            escape_text(&mut self.out, text);
            self.close(name);
        }
    }

    fn close(&mut self, name: &str) {
        self.out.push_str("</");
        self.out.push_str(name);
        self.out.push_str(">\n");
    }

    /// An element with text and outputs in it.
    fn mixed(&mut self, name: &str, attributes: &[Attribute], parts: &[TextPart]) {
        self.open(name, attributes);
        if parts.is_empty() {
            self.out.push_str("/>\n");
            return;
        }
        self.out.push('>');
        for part in parts {
            match part {
                TextPart::Literal(text) => escape_text(&mut self.out, text),
                TextPart::Output(value) => {
                    self.out.push_str("<output value=\"");
                    escape_attribute(&mut self.out, value);
                    self.out.push_str("\"/>");
                }
            }
        }
        self.close(name);
    }

    fn model(&mut self, form: &Form) {
        if !form.itext.is_empty() {
            self.block("itext", &[], |w| form.itext.iter().for_each(|t| w.translation(t)));
        }
        self.block("instance", &[], |w| w.element(&form.primary));
        for instance in &form.secondary {
            let mut attributes = vec![Attribute::new("id", &instance.id)];
            match &instance.source {
                Source::Internal(root) => self.block("instance", &attributes, |w| w.element(root)),
                Source::External(src) => {
                    attributes.push(Attribute::new("src", src));
                    self.leaf("instance", &attributes, "");
                }
            }
        }
        for bind in &form.binds {
            self.leaf("bind", &bind_attributes(bind), "");
        }
        self.actions(&form.actions);
        if let Some(submission) = &form.submission {
            self.leaf("submission", &submission.attributes, "");
        }
    }

    fn translation(&mut self, translation: &Translation) {
        let mut attributes = vec![Attribute::new("lang", &translation.language)];
        if translation.is_default {
            attributes.push(Attribute::new("default", "true()"));
        }
        self.block("translation", &attributes, |w| {
            for text in &translation.texts {
                w.block("text", &[Attribute::new("id", &text.id)], |w| {
                    for value in &text.values {
                        let form: Vec<Attribute> =
                            value.form.iter().map(|form| Attribute::new("form", form)).collect();
                        w.mixed("value", &form, &value.parts);
                    }
                });
            }
        });
    }

    fn element(&mut self, element: &Element) {
        if element.children.is_empty() {
            self.leaf(&element.name, &element.attributes, &element.text);
        } else {
            self.block(&element.name, &element.attributes, |w| {
                element.children.iter().for_each(|child| w.element(child));
            });
        }
    }

    fn actions(&mut self, actions: &[Action]) {
        for action in actions {
            let mut attributes = vec![
                Attribute::new("event", action.events.join(" ")),
                Attribute::new("ref", &action.reference),
            ];
            let (name, text) = match &action.kind {
                ActionKind::SetValue(SetValue::Expression(value)) => {
                    attributes.push(Attribute::new("value", value));
                    ("setvalue", "")
                }
                ActionKind::SetValue(SetValue::Text(text)) => ("setvalue", text.as_str()),
                ActionKind::SetGeopoint => ("odk:setgeopoint", ""),
                ActionKind::RecordAudio => ("odk:recordaudio", ""),
            };
            attributes.retain(|a| a.name == "value" || !a.value.is_empty());
            attributes.extend(action.attributes.iter().cloned());
            self.leaf(name, &attributes, text);
        }
    }

    fn body_node(&mut self, node: &BodyNode) {
        match node {
            BodyNode::Control(control) => self.control(control),
            BodyNode::Group(group) => self.group(group),
            BodyNode::Repeat(repeat) => self.repeat(repeat),
        }
    }

    fn label(&mut self, name: &str, label: Option<&Label>) {
        let Some(label) = label else { return };
        let reference: Vec<Attribute> =
            label.reference.iter().map(|reference| Attribute::new("ref", reference)).collect();
        self.mixed(name, &reference, &label.parts);
    }

    fn group(&mut self, group: &Group) {
        let reference = group.reference.as_ref().map(|path| Attribute::new("ref", path));
        let attributes = with(reference, group.appearance.as_ref(), &group.attributes);
        self.block("group", &attributes, |w| {
            w.label("label", group.label.as_ref());
            w.label("hint", group.hint.as_ref());
            w.actions(&group.actions);
            group.children.iter().for_each(|node| w.body_node(node));
        });
    }

    fn repeat(&mut self, repeat: &Repeat) {
        let nodeset = Some(Attribute::new("nodeset", &repeat.nodeset));
        let mut attributes = with(nodeset, repeat.appearance.as_ref(), &repeat.attributes);
        if let Some(count) = &repeat.count {
            attributes.push(Attribute::new("jr:count", count));
        }
        if repeat.no_add_remove {
            attributes.push(Attribute::new("jr:noAddRemove", "true()"));
        }
        self.block("repeat", &attributes, |w| {
            w.label("label", repeat.label.as_ref());
            w.actions(&repeat.actions);
            repeat.children.iter().for_each(|node| w.body_node(node));
        });
    }

    fn control(&mut self, control: &Control) {
        let name = match control.kind {
            ControlKind::Input => "input",
            ControlKind::Secret => "secret",
            ControlKind::Select1 => "select1",
            ControlKind::Select => "select",
            ControlKind::Upload => "upload",
            ControlKind::Trigger => "trigger",
            ControlKind::Range => "range",
            ControlKind::Rank => "odk:rank",
        };
        let reference = Some(Attribute::new("ref", &control.reference));
        let attributes = with(reference, control.appearance.as_ref(), &control.attributes);
        self.block(name, &attributes, |w| {
            w.label("label", control.label.as_ref());
            w.label("hint", control.hint.as_ref());
            for item in &control.items {
                w.block("item", &[], |w| {
                    w.label("label", Some(&item.label));
                    w.leaf("value", &[], &item.value);
                });
            }
            for tag in &control.tags {
                w.block("tag", &[Attribute::new("key", &tag.value)], |w| {
                    w.label("label", Some(&tag.label));
                });
            }
            if let Some(itemset) = &control.itemset {
                w.block("itemset", &[Attribute::new("nodeset", &itemset.nodeset)], |w| {
                    w.leaf("value", &[Attribute::new("ref", &itemset.value)], "");
                    w.leaf("label", &[Attribute::new("ref", &itemset.label)], "");
                });
            }
            w.actions(&control.actions);
        });
    }
}

fn with(
    first: Option<Attribute>,
    appearance: Option<&String>,
    others: &[Attribute],
) -> Vec<Attribute> {
    let appearance = appearance.map(|words| Attribute::new("appearance", words));
    first.into_iter().chain(appearance).chain(others.iter().cloned()).collect()
}

fn bind_attributes(bind: &Bind) -> Vec<Attribute> {
    let named = [
        ("type", &bind.data_type),
        ("relevant", &bind.relevant),
        ("required", &bind.required),
        ("jr:requiredMsg", &bind.required_message),
        ("readonly", &bind.readonly),
        ("constraint", &bind.constraint),
        ("jr:constraintMsg", &bind.constraint_message),
        ("calculate", &bind.calculate),
        ("jr:preload", &bind.preload),
        ("jr:preloadParams", &bind.preload_params),
    ];
    let nodeset = std::iter::once(Attribute::new("nodeset", &bind.nodeset));
    let present = named
        .into_iter()
        .filter_map(|(name, value)| value.as_ref().map(|v| Attribute::new(name, v)));
    nodeset.chain(present).chain(bind.attributes.iter().cloned()).collect()
}

/// Appends text with what XML reserves escaped; characters that XML cannot hold become U+FFFD.
pub(crate) fn escape_text(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\t' | '\n' => out.push(c),
            '\r' => out.push_str("&#13;"),
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            _ => out.push(c),
        }
    }
}

/// The same for the value of an attribute.
pub(crate) fn escape_attribute(out: &mut String, text: &str) {
    let mut escaped = String::with_capacity(text.len());
    escape_text(&mut escaped, text);
    for c in escaped.chars() {
        match c {
            '"' => out.push_str("&quot;"),
            '\t' | '\n' => {
                write!(out, "&#{};", u32::from(c)).expect("writing to a string does not fail");
            }
            _ => out.push(c),
        }
    }
}
