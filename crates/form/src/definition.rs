//! A form as data: what an `XForm` document says, nothing computed.
//!
//! `xlsform` builds these values from a spreadsheet, [`crate::parse_xform`] from XML, and
//! [`crate::write_xform`] writes them. Names of elements and attributes are qualified as in XML
//! (`orx:meta`); the prefixes of [`STANDARD_NAMESPACES`] always mean the standard ones, further
//! prefixes are declared in [`Form::namespaces`].

use std::collections::BTreeSet;

/// The prefixes that every document may use, with what they stand for.
pub const STANDARD_NAMESPACES: [(&str, &str); 7] = [
    ("h", "http://www.w3.org/1999/xhtml"),
    ("ev", "http://www.w3.org/2001/xml-events"),
    ("xsd", "http://www.w3.org/2001/XMLSchema"),
    ("jr", "http://openrosa.org/javarosa"),
    ("orx", "http://openrosa.org/xforms"),
    ("odk", "http://www.opendatakit.org/xforms"),
    ("entities", "http://www.opendatakit.org/xforms/entities"),
];

/// The default namespace of the document.
pub const XFORMS_NAMESPACE: &str = "http://www.w3.org/2002/xforms";

/// A whole form.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Form {
    /// `h:title`.
    pub title: String,
    /// Prefixes declared beside the standard ones: (prefix, URI).
    pub namespaces: Vec<(String, String)>,
    /// Attributes of `model`, such as `odk:xforms-version` and `entities:entities-version`.
    pub model_attributes: Vec<Attribute>,
    /// `class` of the body (`pages`, `theme-grid` …).
    pub body_class: Option<String>,
    /// Root element of the primary instance; its attributes carry `id` and `version`.
    pub primary: Element,
    /// Secondary instances in document order.
    pub secondary: Vec<Secondary>,
    /// Binds in document order.
    pub binds: Vec<Bind>,
    /// Translations in document order.
    pub itext: Vec<Translation>,
    /// Actions that stand in the model.
    pub actions: Vec<Action>,
    /// `submission`.
    pub submission: Option<Submission>,
    /// The body.
    pub body: Vec<BodyNode>,
}

impl Form {
    /// The `id` attribute of the primary instance's root.
    #[must_use]
    pub fn id(&self) -> &str {
        self.primary.attribute("id").unwrap_or_default()
    }

    /// The `version` attribute of the primary instance's root (also written `orx:version`).
    #[must_use]
    pub fn version(&self) -> &str {
        let version = self.primary.attribute("version");
        version.or_else(|| self.primary.attribute("orx:version")).unwrap_or_default()
    }

    /// The addresses of the files beside the form that it names, such as `jr://images/a.png`: lists, what labels show
    /// and play, and pictures to begin with. Addresses that an expression makes are not among them, nor is the record
    /// that was saved last.
    #[must_use]
    pub fn files(&self) -> BTreeSet<&str> {
        let lists = self.secondary.iter().filter_map(|list| match &list.source {
            Source::External(address) => Some(address.as_str()),
            Source::Internal(_) => None,
        });
        let texts = self.itext.iter().flat_map(|language| &language.texts);
        let media = texts.flat_map(|text| &text.values).filter_map(|value| {
            let is_medium = value.form.as_deref().is_some_and(|form| MEDIA_FORMS.contains(&form));
            match value.parts.as_slice() {
                [TextPart::Literal(address)] if is_medium => Some(address.trim()),
                _ => None,
            }
        });
        let mut named: BTreeSet<&str> = lists.chain(media).collect();
        let mut rest = vec![&self.primary];
        while let Some(element) = rest.pop() {
            named.insert(element.text.trim());
            rest.extend(&element.children);
        }
        named.retain(|address| {
            let inside = address.strip_prefix("jr://");
            inside.is_some_and(|path| !path.starts_with("instance/"))
        });
        named
    }
}

/// The forms of a text that are addresses of files.
const MEDIA_FORMS: [&str; 4] = ["image", "big-image", "audio", "video"];

/// A name and a value in an XML start tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// Qualified name.
    pub name: String,
    /// Value, unescaped.
    pub value: String,
}

impl Attribute {
    /// An attribute.
    pub fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self { name: name.into(), value: value.into() }
    }
}

/// An element of the primary or of a secondary instance. It has children or text, not both.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Element {
    /// Qualified name.
    pub name: String,
    /// Attributes in document order; `jr:template` and `xmlns` are among them.
    pub attributes: Vec<Attribute>,
    /// Text, for an element without children.
    pub text: String,
    /// Child elements in document order.
    pub children: Vec<Element>,
}

impl Element {
    /// An empty element.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    /// An element that holds text.
    pub fn text(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self { name: name.into(), text: text.into(), ..Self::default() }
    }

    /// The value of an attribute.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|a| a.name == name).map(|a| a.value.as_str())
    }
}

/// A secondary instance: data that expressions read with `instance('id')`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Secondary {
    /// The name that `instance()` takes.
    pub id: String,
    /// Where its elements come from.
    pub source: Source,
}

/// Where a secondary instance comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// It stands in the form: its root element.
    Internal(Element),
    /// It is a file beside the form: a `jr://` address.
    External(String),
}

/// Types and expressions of the nodes that `nodeset` names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bind {
    /// Path of the element or attribute.
    pub nodeset: String,
    /// `type` as written.
    pub data_type: Option<String>,
    /// Expression.
    pub relevant: Option<String>,
    /// Expression.
    pub required: Option<String>,
    /// Expression.
    pub readonly: Option<String>,
    /// Expression.
    pub constraint: Option<String>,
    /// Expression.
    pub calculate: Option<String>,
    /// `jr:requiredMsg`: text, or `jr:itext('id')`.
    pub required_message: Option<String>,
    /// `jr:constraintMsg`: text, or `jr:itext('id')`.
    pub constraint_message: Option<String>,
    /// `jr:preload`.
    pub preload: Option<String>,
    /// `jr:preloadParams`.
    pub preload_params: Option<String>,
    /// Every other attribute (`orx:max-pixels`, `entities:saveto`, `odk:…`, `saveIncomplete` …).
    pub attributes: Vec<Attribute>,
}

impl Bind {
    /// A bind that says nothing yet.
    pub fn new(nodeset: impl Into<String>) -> Self {
        Self { nodeset: nodeset.into(), ..Self::default() }
    }

    /// The value of one of the other attributes.
    #[must_use]
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|a| a.name == name).map(|a| a.value.as_str())
    }
}

/// The texts of one language.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Translation {
    /// `lang` as written, such as `Tiếng Việt (vi)`.
    pub language: String,
    /// `default="true()"`.
    pub is_default: bool,
    /// Texts in document order.
    pub texts: Vec<Translated>,
}

/// One text of a translation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Translated {
    /// The name that `jr:itext()` takes.
    pub id: String,
    /// Its forms.
    pub values: Vec<TextValue>,
}

/// A form of a translated text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TextValue {
    /// `None` is the text to read; else `short`, `guidance`, `image`, `big-image`, `audio`, `video`.
    pub form: Option<String>,
    /// Text, or the `jr://` address of a medium.
    pub parts: Vec<TextPart>,
}

/// A piece of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TextPart {
    /// Text as it stands.
    Literal(String),
    /// `output`: an expression whose value is put in.
    Output(String),
}

/// A label or a hint.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Label {
    /// `ref`: `jr:itext('id')`, or a path.
    pub reference: Option<String>,
    /// Text in the element itself.
    pub parts: Vec<TextPart>,
}

impl Label {
    /// A label that stands in `itext`.
    #[must_use]
    pub fn itext(id: &str) -> Self {
        Self { reference: Some(format!("jr:itext('{id}')")), parts: Vec::new() }
    }

    /// A label that is the same in every language.
    pub fn text(text: impl Into<String>) -> Self {
        Self { reference: None, parts: vec![TextPart::Literal(text.into())] }
    }
}

/// Something that happens at an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action {
    /// What is done.
    pub kind: ActionKind,
    /// The events that start it, such as `odk-instance-first-load`.
    pub events: Vec<String>,
    /// Path of the node that it changes.
    pub reference: String,
    /// Every other attribute.
    pub attributes: Vec<Attribute>,
}

/// What an action does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ActionKind {
    /// Sets a node to the value of an expression, or to a text.
    SetValue(SetValue),
    /// `odk:setgeopoint`.
    SetGeopoint,
    /// `odk:recordaudio`; its `odk:quality` is among the attributes.
    RecordAudio,
}

/// What `setvalue` sets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SetValue {
    /// `value=`.
    Expression(String),
    /// The text in the element; empty clears.
    Text(String),
}

/// `submission`, attributes as written (`action`, `method`, `base64RsaPublicKey`, `orx:auto-send` …).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Submission {
    /// Attributes in document order.
    pub attributes: Vec<Attribute>,
}

/// A node of the body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BodyNode {
    /// A question.
    Control(Control),
    /// Nodes that belong together.
    Group(Group),
    /// Rows of nodes.
    Repeat(Repeat),
}

/// The kinds of question that a body knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ControlKind {
    /// `input`
    Input,
    /// `secret`: an input whose characters are not shown.
    Secret,
    /// `select1`
    Select1,
    /// `select`
    Select,
    /// `upload`
    Upload,
    /// `trigger`
    Trigger,
    /// `range`
    Range,
    /// `odk:rank`
    Rank,
}

/// A question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Control {
    /// Its kind.
    pub kind: ControlKind,
    /// Path of the node that it answers.
    pub reference: String,
    /// `label`
    pub label: Option<Label>,
    /// `hint`; its guidance is the `guidance` form of the same text.
    pub hint: Option<Label>,
    /// Choices that stand in the control.
    pub items: Vec<Item>,
    /// `tag`: what to say of a thing on the map, by its key there. Only an upload of `osm/*` has them.
    pub tags: Vec<Item>,
    /// Choices that stand in a secondary instance.
    pub itemset: Option<Itemset>,
    /// `appearance` as written.
    pub appearance: Option<String>,
    /// Every other attribute (`mediatype`, `start`, `rows`, `query`, `accuracyThreshold` …).
    pub attributes: Vec<Attribute>,
    /// Actions that stand in the control.
    pub actions: Vec<Action>,
}

impl Control {
    /// A control that has a node only.
    pub fn new(kind: ControlKind, reference: impl Into<String>) -> Self {
        Self {
            kind,
            reference: reference.into(),
            label: None,
            hint: None,
            items: Vec::new(),
            tags: Vec::new(),
            itemset: None,
            appearance: None,
            attributes: Vec::new(),
            actions: Vec::new(),
        }
    }

    /// The choices of a `select_one_external`: an input that finds them by its `query`.
    #[must_use]
    pub fn external_choices(&self) -> Option<Itemset> {
        let query = self.attributes.iter().find(|attribute| attribute.name == "query")?;
        (self.kind == ControlKind::Input).then(|| Itemset {
            nodeset: query.value.clone(),
            value: "name".to_owned(),
            label: "label".to_owned(),
        })
    }
}

/// A choice that stands in a control.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Item {
    /// What is stored.
    pub value: String,
    /// What is shown.
    pub label: Label,
}

/// Choices that stand in an instance.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Itemset {
    /// Expression of the choices' nodes, with filter and `randomize()`.
    pub nodeset: String,
    /// Expression of what is stored, relative to a choice's node.
    pub value: String,
    /// Expression of what is shown: a path, or `jr:itext(itextId)`.
    pub label: String,
}

/// A group.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Group {
    /// Path of the node, for a group that has one.
    pub reference: Option<String>,
    /// `label`
    pub label: Option<Label>,
    /// `hint`
    pub hint: Option<Label>,
    /// `appearance` as written.
    pub appearance: Option<String>,
    /// Every other attribute (`intent` …).
    pub attributes: Vec<Attribute>,
    /// Its nodes.
    pub children: Vec<BodyNode>,
    /// Actions that stand in the group.
    pub actions: Vec<Action>,
}

/// A repeat. Its label is that of the group around it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Repeat {
    /// Path of the rows.
    pub nodeset: String,
    /// `jr:count`: expression of how many rows there are.
    pub count: Option<String>,
    /// `jr:noAddRemove="true()"`.
    pub no_add_remove: bool,
    /// `label`: rare; each row's own.
    pub label: Option<Label>,
    /// `appearance` as written.
    pub appearance: Option<String>,
    /// Every other attribute.
    pub attributes: Vec<Attribute>,
    /// The nodes of a row.
    pub children: Vec<BodyNode>,
    /// Actions that stand in the repeat.
    pub actions: Vec<Action>,
}
