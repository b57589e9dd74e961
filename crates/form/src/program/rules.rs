//! What binds say about the entries of the schema.

use super::builder::Builder;
use super::expression::{ExprId, Read};
use super::schema::DefId;
use super::text::{Said, Texts};
use crate::definition::{Attribute, Bind};
use crate::view::DataType;

/// A yes or no that may depend on answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rule {
    Always(bool),
    Expr(ExprId),
}

impl Rule {
    /// Whether an expression decides.
    pub(crate) fn depends(self) -> bool {
        matches!(self, Self::Expr(_))
    }
}

/// Value that the engine fills in by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Preload {
    InstanceId,
    Start,
    End,
    Today,
    Property(String),
}

/// Everything that binds say about one entry.
#[derive(Debug)]
pub(crate) struct Rules {
    pub(crate) data_type: DataType,
    pub(crate) relevant: Rule,
    pub(crate) required: Rule,
    pub(crate) readonly: Rule,
    pub(crate) constraint: Option<ExprId>,
    pub(crate) calculate: Option<ExprId>,
    pub(crate) required_message: Option<Said>,
    pub(crate) constraint_message: Option<Said>,
    pub(crate) preload: Option<Preload>,
    pub(crate) attributes: Vec<Attribute>,
    /// What each expression reads.
    pub(crate) reads: Vec<(RuleKind, Vec<Read>, bool)>,
}

/// The expressions of a bind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum RuleKind {
    Relevant,
    Calculate,
    Readonly,
    Required,
    Constraint,
    Messages,
}

impl RuleKind {
    pub(crate) fn attribute(self) -> &'static str {
        match self {
            Self::Relevant => "@relevant",
            Self::Calculate => "@calculate",
            Self::Readonly => "@readonly",
            Self::Required => "@required",
            Self::Constraint => "@constraint",
            Self::Messages => "@jr:constraintMsg",
        }
    }
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            data_type: DataType::String,
            relevant: Rule::Always(true),
            required: Rule::Always(false),
            readonly: Rule::Always(false),
            constraint: None,
            calculate: None,
            required_message: None,
            constraint_message: None,
            preload: None,
            attributes: Vec::new(),
            reads: Vec::new(),
        }
    }
}

impl Rules {
    pub(crate) fn new(bind: &Bind, def: DefId, texts: &Texts, builder: &mut Builder) -> Self {
        let mut rules = Self {
            data_type: data_type(bind.data_type.as_deref()),
            preload: preload(bind),
            attributes: bind.attributes.clone(),
            ..Self::default()
        };
        let mut compile = |kind: RuleKind, text: Option<&String>| -> Option<ExprId> {
            let text = text.filter(|text| !text.trim().is_empty())?;
            builder.at(&bind.nodeset, kind.attribute());
            let (expr, reads, speaks) = builder.collect(|b| b.expression(text, Some(def)));
            rules.reads.push((kind, reads, speaks));
            expr
        };
        let constant = |text: Option<&String>, other: bool| match text.map(|t| t.trim()) {
            Some("true()") => Some(true),
            Some("false()") => Some(false),
            None | Some("") => Some(other),
            _ => None,
        };
        let mut rule =
            |kind: RuleKind, text: Option<&String>, other: bool| match constant(text, other) {
                Some(always) => Rule::Always(always),
                None => compile(kind, text).map_or(Rule::Always(other), Rule::Expr),
            };
        let relevant = rule(RuleKind::Relevant, bind.relevant.as_ref(), true);
        let required = rule(RuleKind::Required, bind.required.as_ref(), false);
        let readonly = rule(RuleKind::Readonly, bind.readonly.as_ref(), false);
        let constraint = compile(RuleKind::Constraint, bind.constraint.as_ref());
        let calculate = compile(RuleKind::Calculate, bind.calculate.as_ref());
        rules.relevant = relevant;
        rules.required = required;
        rules.readonly = readonly;
        rules.constraint = constraint;
        rules.calculate = calculate;
        builder.at(&bind.nodeset, RuleKind::Messages.attribute());
        let ((required, constraint), reads, speaks) = builder.collect(|b| {
            let mut say =
                |text: &Option<String>| text.as_ref().map(|t| Said::message(t, def, texts, b));
            (say(&bind.required_message), say(&bind.constraint_message))
        });
        rules.required_message = required;
        rules.constraint_message = constraint;
        if !reads.is_empty() {
            rules.reads.push((RuleKind::Messages, reads, speaks));
        }
        rules
    }

    /// Whether an input for the entry is text to read: never writable, never calculated.
    pub(crate) fn is_note(&self) -> bool {
        self.readonly == Rule::Always(true)
            && self.calculate.is_none()
            && self.preload.is_none()
            && self.data_type == DataType::String
    }
}

fn preload(bind: &Bind) -> Option<Preload> {
    let params = bind.preload_params.as_deref().unwrap_or_default().trim();
    match (bind.preload.as_deref()?.trim(), params) {
        ("uid", _) => Some(Preload::InstanceId),
        ("timestamp", "end") => Some(Preload::End),
        ("timestamp", _) => Some(Preload::Start),
        ("date", _) => Some(Preload::Today),
        ("property", name) => Some(Preload::Property(name.to_owned())),
        _ => None,
    }
}

fn data_type(name: Option<&str>) -> DataType {
    match super::schema::local(name.unwrap_or_default().trim()) {
        "int" | "integer" => DataType::Int,
        "decimal" => DataType::Decimal,
        "boolean" => DataType::Boolean,
        "date" => DataType::Date,
        "time" => DataType::Time,
        "dateTime" | "datetime" => DataType::DateTime,
        "geopoint" => DataType::Geopoint,
        "geotrace" => DataType::Geotrace,
        "geoshape" => DataType::Geoshape,
        "binary" => DataType::Binary,
        "barcode" => DataType::Barcode,
        "intent" => DataType::Intent,
        _ => DataType::String,
    }
}
