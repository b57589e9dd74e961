//! Texts of the form: `itext` of all languages, labels and hints in place.

use std::collections::{BTreeMap, BTreeSet};

use form::definition::{Label, TextPart, TextValue, Translated, Translation};

use crate::choices::Choices;
use crate::expression::instance_paths;
use crate::paths::{Paths, Style};
use crate::references::{good_references, has_reference};
use crate::table::Text;
use crate::tree::{Id, Node, NodeKind};

/// What stands for a text that a language does not have.
const MISSING: &str = "-";

/// The texts of one language, in the order in which they came.
#[derive(Default)]
struct Language {
    name: String,
    texts: Vec<(String, Forms)>,
    index: BTreeMap<String, usize>,
}

/// The forms of a text: (form, text, node that references are seen from).
type Forms = Vec<(&'static str, String, Option<Id>)>;

/// Collects the translations of a form.
pub(crate) struct Texts<'a> {
    paths: &'a Paths<'a>,
    default: &'a str,
    languages: Vec<Language>,
}

/// Whether a node's label stands in `itext`.
pub(crate) fn label_in_itext(node: &Node) -> bool {
    node.label.is_translated() || !node.media.is_empty()
}

/// Whether a node's hint stands in `itext`.
pub(crate) fn hint_in_itext(node: &Node) -> bool {
    node.hint.is_translated() || !node.guidance.is_empty()
}

/// Whether a message stands in `itext`.
pub(crate) fn message_in_itext(attribute: &str, text: &Text) -> bool {
    let computed = text.texts().any(has_reference) && attribute != "jr:noAppErrorString";
    text.is_translated() || computed
}

impl<'a> Texts<'a> {
    /// All texts of the choices and of the tree.
    pub(crate) fn collect(
        paths: &'a Paths<'a>,
        choices: &Choices,
        default: &'a str,
    ) -> Vec<Translation> {
        let mut texts = Texts { paths, default, languages: Vec::new() };
        for list in choices.lists.iter().filter(|list| list.itext) {
            for (index, choice) in list.choices.iter().enumerate() {
                let id = format!("{}-{index}", list.name);
                texts.add(&id, "", &choice.label, None);
                for (kind, files) in &choice.media {
                    texts.add(&id, medium(kind), files, None);
                }
            }
        }
        let nodes = paths.tree.descendants(0);
        for id in &nodes {
            texts.add_node(*id);
        }
        for id in nodes {
            let path = format!("{}:label", paths.text_id(id));
            for (kind, files) in &paths.tree.nodes[id].media {
                texts.add(&path, medium(kind), files, None);
            }
        }
        texts.fill_gaps();
        texts.finish()
    }

    fn add_node(&mut self, id: Id) {
        let node = &self.paths.tree.nodes[id];
        if matches!(node.kind, NodeKind::External { .. } | NodeKind::Attribute) {
            return;
        }
        let path = self.paths.text_id(id);
        for (attribute, text) in &node.messages {
            if message_in_itext(attribute, text) {
                self.add(&format!("{path}:{attribute}"), "", text, Some(id));
            }
        }
        if label_in_itext(node) {
            self.add(&format!("{path}:label"), "", &node.label, Some(id));
        }
        if hint_in_itext(node) {
            self.add(&format!("{path}:hint"), "", &node.hint, Some(id));
            self.add(&format!("{path}:hint"), "guidance", &node.guidance, Some(id));
        }
    }

    fn add(&mut self, id: &str, form: &'static str, text: &Text, at: Option<Id>) {
        for (language, text) in text.by_language(self.default) {
            let language = self.language(&language);
            language.forms(id).push((form, text, at));
        }
    }

    fn language(&mut self, name: &str) -> &mut Language {
        let at = self.languages.iter().position(|l| l.name == name).unwrap_or_else(|| {
            self.languages.push(Language { name: name.to_owned(), ..Language::default() });
            self.languages.len() - 1
        });
        &mut self.languages[at]
    }

    /// Every language gets every text that another has.
    fn fill_gaps(&mut self) {
        let mut wanted: Vec<(String, BTreeSet<&'static str>)> = Vec::new();
        let mut index: BTreeMap<String, usize> = BTreeMap::new();
        for (id, forms) in self.languages.iter().flat_map(|l| &l.texts) {
            let at = *index.entry(id.clone()).or_insert(wanted.len());
            if at == wanted.len() {
                wanted.push((id.clone(), BTreeSet::new()));
            }
            wanted[at].1.extend(forms.iter().map(|(form, ..)| *form));
        }
        for language in &mut self.languages {
            for (id, forms) in &wanted {
                let present = language.forms(id);
                for form in forms {
                    if !present.iter().any(|(f, ..)| f == form) {
                        present.push((form, MISSING.to_owned(), None));
                    }
                }
            }
        }
    }

    fn finish(self) -> Vec<Translation> {
        let translation = |language: &Language| Translation {
            is_default: language.name == self.default,
            language: language.name.clone(),
            texts: language.texts.iter().map(|(id, forms)| self.translated(id, forms)).collect(),
        };
        self.languages.iter().map(translation).collect()
    }

    fn translated(&self, id: &str, forms: &Forms) -> Translated {
        let values = forms.iter().filter_map(|(form, text, at)| {
            let folder = match *form {
                "" | "guidance" => None,
                _ if text == MISSING => return None,
                "image" | "big-image" => Some("images"),
                form => Some(form),
            };
            let mut parts = parts(self.paths, text, *at);
            if let Some(folder) = folder {
                let start = format!("jr://{folder}/");
                match parts.first_mut() {
                    Some(TextPart::Literal(literal)) => literal.insert_str(0, &start),
                    _ => parts.insert(0, TextPart::Literal(start)),
                }
            }
            Some(TextValue { form: (!form.is_empty()).then(|| (*form).to_owned()), parts })
        });
        Translated { id: id.to_owned(), values: values.collect() }
    }
}

impl Language {
    fn forms(&mut self, id: &str) -> &mut Forms {
        let at = match self.index.get(id) {
            Some(at) => *at,
            None => {
                self.texts.push((id.to_owned(), Vec::new()));
                self.index.insert(id.to_owned(), self.texts.len() - 1);
                self.texts.len() - 1
            }
        };
        &mut self.texts[at].1
    }
}

fn medium(kind: &str) -> &'static str {
    match kind {
        "big-image" => "big-image",
        "audio" => "audio",
        "video" => "video",
        _ => "image",
    }
}

/// A text with its references and instance paths as outputs.
pub(crate) fn parts(paths: &Paths, text: &str, at: Option<Id>) -> Vec<TextPart> {
    if text == MISSING {
        return vec![TextPart::Literal(text.to_owned())];
    }
    let outputs = instance_paths(text);
    let inside = |start: usize| outputs.iter().any(|range| range.contains(&start));
    let references = good_references(text).map(|r| r.range).filter(|r| !inside(r.start));
    let mut ranges: Vec<_> = references.chain(outputs.iter().cloned()).collect();
    ranges.sort_by_key(|range| range.start);
    let mut parts = Vec::new();
    let mut from = 0;
    for range in ranges {
        let before = text.get(from..range.start).unwrap_or_default();
        if !before.is_empty() {
            parts.push(TextPart::Literal(before.to_owned()));
        }
        from = range.end;
        let expression = paths.styled(text.get(range).unwrap_or_default(), at, Style::default());
        parts.push(TextPart::Output(expression));
    }
    let rest = text.get(from..).unwrap_or_default();
    if !rest.is_empty() {
        parts.push(TextPart::Literal(rest.to_owned()));
    }
    parts
}

/// The label of a node, empty when it has none.
pub(crate) fn label(paths: &Paths, id: Id) -> Label {
    let node = &paths.tree.nodes[id];
    if label_in_itext(node) {
        return Label::itext(&format!("{}:label", paths.text_id(id)));
    }
    let text = node.label.plain.as_deref().unwrap_or_default();
    Label { reference: None, parts: parts(paths, text, Some(id)) }
}

/// The hint of a node.
pub(crate) fn hint(paths: &Paths, id: Id) -> Option<Label> {
    let node = &paths.tree.nodes[id];
    if hint_in_itext(node) {
        return Some(Label::itext(&format!("{}:hint", paths.path(id))));
    }
    let text = node.hint.plain.as_deref()?;
    Some(Label { reference: None, parts: parts(paths, text, Some(id)) })
}
