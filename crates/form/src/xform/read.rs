//! From XML to a definition. Elements are told apart by local name, as `JavaRosa` does.

use std::borrow::Cow;
use std::collections::BTreeMap;

use roxmltree::{Document, Node};

use super::XformError;
use super::search::add_itemsets;
use crate::definition::{
    Action, ActionKind, Attribute, Bind, BodyNode, Control, ControlKind, Element, Form, Group,
    Item, Itemset, Label, Repeat, STANDARD_NAMESPACES, Secondary, SetValue, Source, Submission,
    TextPart, TextValue, Translated, Translation, XFORMS_NAMESPACE,
};
use crate::problem::{Problem, ProblemKind};

/// Deeper nesting than this is refused, so that no walk over a form can overflow the stack.
const MAX_DEPTH: usize = 128;

/// Reads a form from XML. What has no meaning in a form is told in the problems and left out. Choices that it searches for in
/// a file are read as the itemset of that file.
pub fn parse_xform(xml: &str) -> Result<(Form, Vec<Problem>), XformError> {
    let (mut form, mut problems) = parse_as_written(xml)?;
    add_itemsets(&mut form, &mut problems);
    Ok((form, problems))
}

/// Reads a form as engines do that leave `search()` to whoever draws the form: JavaRosa and Web Forms.
pub fn parse_as_written(xml: &str) -> Result<(Form, Vec<Problem>), XformError> {
    let document = parse_document(xml)?;
    let html = document.root_element();
    let head = child(html, "head").ok_or(XformError::Missing("head"))?;
    let model = child(head, "model").ok_or(XformError::Missing("model"))?;
    let mut reader = Reader::new(html, model);
    reader.form.title = child(head, "title").map(text_of).unwrap_or_default().trim().to_owned();
    reader.model(model)?;
    if let Some(body) = child(html, "body") {
        reader.form.body_class = body.attribute("class").map(str::to_owned);
        reader.form.body = reader.body_nodes(body)?;
    }
    Ok((reader.form, reader.problems))
}

/// Reads XML that is no deeper than walks over it may be.
pub(crate) fn parse_document(xml: &str) -> Result<Document<'_>, XformError> {
    let document = Document::parse(xml).map_err(|error| XformError::Xml {
        line: error.pos().row,
        column: error.pos().col,
        message: error.to_string(),
    })?;
    check_depth(document.root())?;
    Ok(document)
}

/// Reads an element of an instance, as the form's own or a file's.
pub(crate) fn read_element(node: Node) -> Result<Element, XformError> {
    check_depth(node)?;
    Ok(Reader::new(node, node).element(node, node.tag_name().namespace().unwrap_or_default(), true))
}

struct Reader {
    form: Form,
    problems: Vec<Problem>,
    /// `id` of a bind -> its nodeset, for controls that name a bind.
    bind_ids: BTreeMap<String, String>,
}

impl Reader {
    fn new(html: Node, model: Node) -> Self {
        let mut form = Form::default();
        let declared = html.namespaces().chain(model.namespaces());
        for namespace in declared.filter(|n| n.uri() != XFORMS_NAMESPACE) {
            let Some(prefix) = namespace.name().filter(|name| *name != "xml") else { continue };
            if STANDARD_NAMESPACES.iter().any(|(name, _)| *name == prefix) {
                continue;
            }
            // What the model declares anew counts: its instance stands in it.
            let uri = namespace.uri().to_owned();
            match form.namespaces.iter_mut().find(|(declared, _)| declared == prefix) {
                Some((_, declared)) => *declared = uri,
                None => form.namespaces.push((prefix.to_owned(), uri)),
            }
        }
        Self { form, problems: Vec::new(), bind_ids: BTreeMap::new() }
    }

    fn unknown(&mut self, node: Node) {
        let place = path_of(node.parent());
        let name = node.tag_name().name().to_owned();
        self.problems.push(Problem::new(place, ProblemKind::UnknownElement(name)));
    }

    /// The label, the hint or the like of an element, if it has one.
    fn said(&mut self, node: Node, name: &str) -> Option<Label> {
        child(node, name).map(|node| self.label(node))
    }

    fn label(&mut self, node: Node) -> Label {
        let reference = node.attribute("ref").map(str::to_owned);
        Label { reference, parts: self.text_parts(node) }
    }

    fn text_value(&mut self, node: Node) -> TextValue {
        let form = node.attribute("form").map(str::to_owned);
        TextValue { form, parts: self.text_parts(node) }
    }

    /// The text of a label or value, in pieces, without the blanks at its ends.
    fn text_parts(&mut self, node: Node) -> Vec<TextPart> {
        let mut parts = Vec::new();
        self.add_parts(node, &mut parts);
        if let Some(TextPart::Literal(first)) = parts.first_mut() {
            first.drain(..first.len() - first.trim_start().len());
        }
        if let Some(TextPart::Literal(last)) = parts.last_mut() {
            last.truncate(last.trim_end().len());
        }
        parts.retain(|part| !matches!(part, TextPart::Literal(text) if text.is_empty()));
        parts
    }

    /// Marked words (`<h:b>`) count, without the mark; what other elements hold does not.
    fn add_parts(&mut self, node: Node, parts: &mut Vec<TextPart>) {
        for part in node.children() {
            if part.is_text() {
                let text = part.text().unwrap_or_default();
                match parts.last_mut() {
                    Some(TextPart::Literal(last)) => last.push_str(text),
                    _ => parts.push(TextPart::Literal(text.to_owned())),
                }
            } else if is(part, "output") {
                let value = part.attribute("value").or_else(|| part.attribute("ref"));
                parts.push(TextPart::Output(value.unwrap_or_default().to_owned()));
            } else if part.tag_name().namespace() == Some(STANDARD_NAMESPACES[0].1) {
                self.add_parts(part, parts);
            } else if part.is_element() {
                self.unknown(part);
            }
        }
    }

    fn model(&mut self, model: Node) -> Result<(), XformError> {
        self.form.model_attributes = self.attributes(model, &[]);
        for bind in elements(model).filter(|n| is(*n, "bind")) {
            if let (Some(id), Some(nodeset)) = (bind.attribute("id"), bind.attribute("nodeset")) {
                self.bind_ids.insert(id.to_owned(), nodeset.to_owned());
            }
        }
        let mut primary = None;
        for node in elements(model) {
            match node.tag_name().name() {
                "instance" if primary.is_none() => primary = Some(node),
                "instance" => self.secondary(node),
                "bind" => self.bind(node),
                "itext" => self.itext(node),
                "submission" => {
                    self.form.submission =
                        Some(Submission { attributes: self.attributes(node, &[]) });
                }
                _ => match self.action(node) {
                    Some(action) => self.form.actions.push(action),
                    None => self.unknown(node),
                },
            }
        }
        let instance = primary.ok_or(XformError::Missing("primary instance"))?;
        let root =
            elements(instance).next().ok_or(XformError::Missing("root of the primary instance"))?;
        self.form.primary = self.element(root, XFORMS_NAMESPACE, false);
        Ok(())
    }

    fn secondary(&mut self, node: Node) {
        let id = node.attribute("id").unwrap_or_default().to_owned();
        let source = match (node.attribute("src"), elements(node).next()) {
            (Some(src), _) => Source::External(src.to_owned()),
            (None, Some(root)) => Source::Internal(self.element(root, XFORMS_NAMESPACE, true)),
            (None, None) => Source::Internal(Element::new("root")),
        };
        self.form.secondary.push(Secondary { id, source });
    }

    /// An element of an instance; `default` is the namespace that names without prefix have around it. In a `list`, what
    /// stands between words (`<label>a <b>bold</b> word</label>`) counts as words, too.
    fn element(&mut self, node: Node, default: &str, list: bool) -> Element {
        let namespace = node.tag_name().namespace().unwrap_or_default();
        let mut element = Element::default();
        let mut inner = default.to_owned();
        let local = node.tag_name().name();
        if namespace == default {
            local.clone_into(&mut element.name);
        } else if let Some(prefix) = self.prefix(namespace) {
            element.name = format!("{prefix}:{local}");
        } else {
            local.clone_into(&mut element.name);
            element.attributes.push(Attribute::new("xmlns", namespace));
            namespace.clone_into(&mut inner);
        }
        element.attributes.extend(self.attributes(node, &[]));
        let own = text_of(node);
        if list && !own.trim().is_empty() {
            element.text =
                node.descendants().filter(Node::is_text).filter_map(|n| n.text()).collect();
            return element;
        }
        element.children = elements(node).map(|child| self.element(child, &inner, list)).collect();
        if element.children.is_empty() {
            element.text = own;
        }
        element
    }

    fn prefix(&self, namespace: &str) -> Option<&str> {
        let standard = STANDARD_NAMESPACES.iter().find(|(_, uri)| *uri == namespace);
        let declared = || self.form.namespaces.iter().find(|(_, uri)| uri == namespace);
        standard
            .map(|(prefix, _)| *prefix)
            .or_else(|| declared().map(|(prefix, _)| prefix.as_str()))
    }

    /// All attributes but those named.
    fn attributes(&mut self, node: Node, except: &[&str]) -> Vec<Attribute> {
        let named = node.attributes().map(|a| (self.attribute_name(node, a), a.value()));
        let kept = named.filter(|(name, _)| !except.contains(&&**name));
        kept.map(|(name, value)| Attribute::new(name, value)).collect()
    }

    fn attribute_name<'a>(
        &mut self,
        node: Node,
        attribute: roxmltree::Attribute<'a, '_>,
    ) -> Cow<'a, str> {
        let name = attribute.name();
        let prefix = match attribute.namespace() {
            None | Some(XFORMS_NAMESPACE) => return Cow::Borrowed(name),
            Some("http://www.w3.org/XML/1998/namespace") => "xml",
            Some(uri) => {
                if self.prefix(uri).is_none() {
                    self.declare(node, uri);
                }
                self.prefix(uri).expect("it is declared by now")
            }
        };
        format!("{prefix}:{name}").into()
    }

    /// Declares a namespace that is declared in an element only, as there unless that prefix means something else.
    fn declare(&mut self, node: Node, uri: &str) {
        let known = |prefix: &str| {
            STANDARD_NAMESPACES.iter().any(|(name, _)| *name == prefix)
                || self.form.namespaces.iter().any(|(name, _)| name == prefix)
        };
        let here = node.namespaces().filter(|namespace| namespace.uri() == uri);
        let own = here.filter_map(roxmltree::Namespace::name).map(str::to_owned);
        let made = (1..).map(|number| format!("ns{number}"));
        let prefix = own.chain(made).find(|prefix| !known(prefix));
        let prefix = prefix.expect("there is always another number");
        self.form.namespaces.push((prefix, uri.to_owned()));
    }

    fn bind(&mut self, node: Node) {
        let mut bind = Bind::new(node.attribute("nodeset").unwrap_or_default());
        for attribute in node.attributes() {
            let name = self.attribute_name(node, attribute);
            let slot = match &*name {
                "nodeset" => continue,
                "type" => &mut bind.data_type,
                "relevant" => &mut bind.relevant,
                "required" => &mut bind.required,
                "readonly" => &mut bind.readonly,
                "constraint" => &mut bind.constraint,
                "calculate" => &mut bind.calculate,
                "jr:requiredMsg" => &mut bind.required_message,
                "jr:constraintMsg" => &mut bind.constraint_message,
                "jr:preload" => &mut bind.preload,
                "jr:preloadParams" => &mut bind.preload_params,
                _ => {
                    bind.attributes.push(Attribute::new(name, attribute.value()));
                    continue;
                }
            };
            *slot = Some(attribute.value().to_owned());
        }
        self.form.binds.push(bind);
    }

    fn itext(&mut self, node: Node) {
        for translation in elements(node).filter(|n| is(*n, "translation")) {
            let mut texts = Vec::new();
            for text in elements(translation).filter(|n| is(*n, "text")) {
                let id = text.attribute("id").unwrap_or_default().to_owned();
                let values = elements(text).filter(|n| is(*n, "value"));
                let values = values.map(|value| self.text_value(value)).collect();
                texts.push(Translated { id, values });
            }
            let default = translation.attribute("default");
            self.form.itext.push(Translation {
                language: translation.attribute("lang").unwrap_or_default().to_owned(),
                is_default: default.is_some_and(|value| value != "false()" && value != "false"),
                texts,
            });
        }
    }

    fn action(&mut self, node: Node) -> Option<Action> {
        let kind = match node.tag_name().name() {
            "setvalue" => ActionKind::SetValue(match node.attribute("value") {
                Some(value) => SetValue::Expression(value.to_owned()),
                None => SetValue::Text(text_of(node)),
            }),
            "setgeopoint" => ActionKind::SetGeopoint,
            "recordaudio" => ActionKind::RecordAudio,
            _ => return None,
        };
        let mut action = Action {
            kind,
            events: Vec::new(),
            reference: self.reference(node).unwrap_or_default(),
            attributes: Vec::new(),
        };
        for attribute in self.attributes(node, &["ref", "nodeset", "bind", "value"]) {
            if attribute.name == "event" || attribute.name == "ev:event" {
                if attribute.value.is_empty() {
                    action.events.push(String::new());
                }
                action.events.extend(attribute.value.split_whitespace().map(str::to_owned));
            } else {
                action.attributes.push(attribute);
            }
        }
        Some(action)
    }

    /// The path that an element names, by itself or by a bind.
    fn reference(&self, node: Node) -> Option<String> {
        let own = node.attribute("ref").or_else(|| node.attribute("nodeset"));
        let by_bind =
            || node.attribute("bind").and_then(|id| self.bind_ids.get(id)).map(String::as_str);
        own.or_else(by_bind).map(str::to_owned)
    }

    fn body_nodes(&mut self, parent: Node) -> Result<Vec<BodyNode>, XformError> {
        let mut nodes = Vec::with_capacity(elements(parent).count());
        for node in elements(parent) {
            match node.tag_name().name() {
                "group" => nodes.push(BodyNode::Group(self.group(node)?)),
                "repeat" => nodes.push(BodyNode::Repeat(self.repeat(node)?)),
                "label" | "hint" => {}
                name => match control_kind(name) {
                    Some(kind) => nodes.push(BodyNode::Control(self.control(node, kind)?)),
                    None if self.action(node).is_some() => {}
                    None => self.unknown(node),
                },
            }
        }
        Ok(nodes)
    }

    fn actions(&mut self, node: Node) -> Vec<Action> {
        elements(node).filter_map(|child| self.action(child)).collect()
    }

    fn group(&mut self, node: Node) -> Result<Group, XformError> {
        Ok(Group {
            reference: self.reference(node),
            label: self.said(node, "label"),
            hint: self.said(node, "hint"),
            appearance: node.attribute("appearance").map(str::to_owned),
            attributes: self.attributes(node, &["ref", "nodeset", "bind", "appearance"]),
            children: self.body_nodes(node)?,
            actions: self.actions(node),
        })
    }

    fn repeat(&mut self, node: Node) -> Result<Repeat, XformError> {
        let except = ["ref", "nodeset", "bind", "appearance", "jr:count", "jr:noAddRemove"];
        let jr = |name: &str| node.attribute((STANDARD_NAMESPACES[3].1, name));
        Ok(Repeat {
            nodeset: self.reference(node).unwrap_or_default(),
            count: jr("count").map(str::to_owned),
            no_add_remove: jr("noAddRemove").is_some_and(|value| value.starts_with("true")),
            label: self.said(node, "label"),
            appearance: node.attribute("appearance").map(str::to_owned),
            attributes: self.attributes(node, &except),
            children: self.body_nodes(node)?,
            actions: self.actions(node),
        })
    }

    fn control(&mut self, node: Node, kind: ControlKind) -> Result<Control, XformError> {
        let mut control = Control::new(kind, self.reference(node).unwrap_or_default());
        control.appearance = node.attribute("appearance").map(str::to_owned);
        control.attributes = self.attributes(node, &["ref", "nodeset", "bind", "appearance"]);
        for part in elements(node) {
            match part.tag_name().name() {
                "label" => control.label = Some(self.label(part)),
                "hint" => control.hint = Some(self.label(part)),
                "item" => control.items.push(self.item(part)?),
                "tag" => control.tags.push(self.tag(part)),
                "itemset" => control.itemset = Some(itemset(part)),
                _ => match self.action(part) {
                    Some(action) => control.actions.push(action),
                    None => self.unknown(part),
                },
            }
        }
        Ok(control)
    }

    /// A choice. One whose value is empty is one, too.
    fn item(&mut self, node: Node) -> Result<Item, XformError> {
        let value = child(node, "value").ok_or_else(|| {
            let at = node.document().text_pos_at(node.range().start);
            XformError::Incomplete { element: "item", part: "value", line: at.row, column: at.col }
        })?;
        let label = self.said(node, "label").unwrap_or_default();
        Ok(Item { value: text_of(value).trim().to_owned(), label })
    }

    fn tag(&mut self, node: Node) -> Item {
        Item {
            value: node.attribute("key").unwrap_or_default().to_owned(),
            label: self.said(node, "label").unwrap_or_default(),
        }
    }
}

fn control_kind(name: &str) -> Option<ControlKind> {
    Some(match name {
        "input" => ControlKind::Input,
        "secret" => ControlKind::Secret,
        "select1" => ControlKind::Select1,
        "select" => ControlKind::Select,
        "upload" => ControlKind::Upload,
        "trigger" => ControlKind::Trigger,
        "range" => ControlKind::Range,
        "rank" => ControlKind::Rank,
        _ => return None,
    })
}

fn itemset(node: Node) -> Itemset {
    let reference = |name: &str| {
        child(node, name).and_then(|n| n.attribute("ref")).unwrap_or_default().to_owned()
    };
    Itemset {
        nodeset: node.attribute("nodeset").unwrap_or_default().to_owned(),
        value: reference("value"),
        label: reference("label"),
    }
}

fn elements<'a, 'i>(node: Node<'a, 'i>) -> impl Iterator<Item = Node<'a, 'i>> {
    node.children().filter(Node::is_element)
}

fn child<'a, 'i>(node: Node<'a, 'i>, name: &str) -> Option<Node<'a, 'i>> {
    elements(node).find(|n| is(*n, name))
}

fn is(node: Node, name: &str) -> bool {
    node.is_element() && node.tag_name().name() == name
}

/// Text and CDATA right inside an element.
fn text_of(node: Node) -> String {
    node.children().filter(Node::is_text).filter_map(|n| n.text()).collect()
}

fn path_of(node: Option<Node>) -> String {
    let above = node.into_iter().flat_map(|n| n.ancestors().filter(Node::is_element));
    let mut names: Vec<String> = above.map(|n| n.tag_name().name().to_owned()).collect();
    names.reverse();
    format!("/{}", names.join("/"))
}

/// Walks without recursion, so that the check itself cannot overflow.
fn check_depth(node: Node) -> Result<(), XformError> {
    let (mut at, mut depth) = (node, 0);
    loop {
        if let Some(child) = at.first_element_child() {
            at = child;
            depth += 1;
            if depth == MAX_DEPTH {
                return Err(XformError::TooDeep(MAX_DEPTH));
            }
            continue;
        }
        // Up, until there is something beside.
        loop {
            if depth == 0 {
                return Ok(());
            }
            if let Some(next) = at.next_sibling_element() {
                at = next;
                break;
            }
            let Some(parent) = at.parent() else { return Ok(()) };
            at = parent;
            depth -= 1;
        }
    }
}
