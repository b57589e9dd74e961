//! Labels, hints, messages and translations, with their outputs compiled.

use std::collections::BTreeMap;

use super::builder::Builder;
use super::expression::{ExprId, Read};
use super::schema::DefId;
use crate::definition::{Element, Label, TextPart, TextValue, Translation};
use crate::problem::ProblemKind;
use crate::view::Language;

/// A piece of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Part {
    Literal(Box<str>),
    Output(ExprId),
}

/// A text of one language, in all its forms.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) text: Option<Vec<Part>>,
    pub(crate) short: Option<Vec<Part>>,
    pub(crate) guidance: Option<Vec<Part>>,
    pub(crate) image: Option<Box<str>>,
    pub(crate) big_image: Option<Box<str>>,
    pub(crate) audio: Option<Box<str>>,
    pub(crate) video: Option<Box<str>>,
}

/// All translations.
#[derive(Debug, Default)]
pub(crate) struct Texts {
    pub(crate) languages: Vec<Language>,
    pub(crate) default: usize,
    /// By language, by id. Outputs are compiled for the document as context.
    entries: Vec<BTreeMap<Box<str>, Entry>>,
    /// Texts that have outputs, by their id.
    with_outputs: BTreeMap<Box<str>, WithOutputs>,
}

#[derive(Debug, Default)]
struct WithOutputs {
    /// By language.
    values: Vec<Option<Vec<TextValue>>>,
    /// What the outputs read, whatever the language.
    reads: Vec<Read>,
}

/// What the texts of a list's choices tell of answers.
#[derive(Debug, Default)]
pub(crate) struct ToldOf<'a> {
    /// Those that do, by their ids.
    pub(crate) ids: Vec<&'a str>,
    /// What they read.
    pub(crate) reads: Vec<Read>,
}

/// What a label, a hint or a message says.
#[derive(Debug, Clone, Default)]
pub(crate) struct Said {
    source: Option<SaidBy>,
    /// Text in the form itself, for when there is no translation.
    inline: Vec<Part>,
}

#[derive(Debug, Clone)]
enum SaidBy {
    /// A translation without outputs.
    Id(Box<str>),
    /// A translation with outputs, compiled for the node that it is said about.
    Own(Vec<Option<Entry>>),
    /// An expression that gives the id of a translation.
    IdOf(ExprId),
    /// An expression that gives the text.
    Value(ExprId),
}

/// What a view or a session is to show.
pub(crate) enum Saying<'a> {
    Entry(&'a Entry),
    Inline(&'a [Part]),
    IdOf(ExprId),
    Value(ExprId),
}

impl Texts {
    pub(crate) fn new(itext: &[Translation], builder: &mut Builder) -> Self {
        let default = itext.iter().position(|t| t.is_default).unwrap_or_default();
        let mut texts = Self { default, ..Self::default() };
        for (number, translation) in itext.iter().enumerate() {
            let name = translation.language.clone();
            texts.languages.push(Language { name, is_default: number == default });
            let mut entries = BTreeMap::new();
            for text in &translation.texts {
                let (entry, reads) = builder.quietly(|b| entry(&text.values, None, b));
                let outputs = text.values.iter().flat_map(|v| &v.parts);
                if outputs.into_iter().any(|part| matches!(part, TextPart::Output(_))) {
                    let all = texts.with_outputs.entry(text.id.as_str().into()).or_default();
                    all.values.resize(itext.len(), None);
                    all.values[number] = Some(text.values.clone());
                    all.reads.extend(reads);
                }
                entries.insert(text.id.as_str().into(), entry);
            }
            texts.entries.push(entries);
        }
        texts
    }

    /// The text of an id, in a language or else in the default one.
    pub(crate) fn entry(&self, id: &str, language: usize) -> Option<&Entry> {
        let of = |language: usize| self.entries.get(language)?.get(id);
        of(language).or_else(|| of(self.default))
    }

    /// The texts with outputs whose ids stand in an element: those of a list's choices.
    pub(crate) fn told_of(&self, list: &Element) -> ToldOf<'_> {
        let mut told = ToldOf::default();
        if self.with_outputs.is_empty() {
            return told;
        }
        let mut rest = vec![list];
        while let Some(element) = rest.pop() {
            if let Some((id, said)) = self.with_outputs.get_key_value(element.text.as_str()) {
                told.ids.push(id);
                told.reads.extend(&said.reads);
            }
            rest.extend(&element.children);
        }
        told.reads.sort_unstable();
        told.reads.dedup();
        told
    }

    /// A text with outputs, by language, compiled for the node that it is said about.
    fn own(
        &self,
        id: &str,
        context: Option<DefId>,
        builder: &mut Builder,
    ) -> Option<Vec<Option<Entry>>> {
        let said = self.with_outputs.get(id)?;
        let values = said.values.iter().enumerate();
        let own = values.map(|(number, values)| match values {
            Some(values) => Some(entry(values, context, builder)),
            None => self.entries.get(number).and_then(|entries| entries.get(id)).cloned(),
        });
        Some(own.collect())
    }

    fn has(&self, id: &str) -> bool {
        self.entries.iter().any(|entries| entries.contains_key(id))
    }

    pub(crate) fn say<'a>(&'a self, said: &'a Said, language: usize) -> Saying<'a> {
        let found = match &said.source {
            None => None,
            Some(SaidBy::Id(id)) => self.entry(id, language),
            Some(SaidBy::Own(entries)) => {
                let of = |language: usize| entries.get(language)?.as_ref();
                of(language).or_else(|| of(self.default))
            }
            Some(SaidBy::IdOf(expr)) => return Saying::IdOf(*expr),
            Some(SaidBy::Value(expr)) => return Saying::Value(*expr),
        };
        found.map_or(Saying::Inline(&said.inline), Saying::Entry)
    }
}

impl Said {
    /// Compiles a label for the node that it is about; the expressions read are collected by the
    /// builder.
    pub(crate) fn new(
        label: &Label,
        context: Option<DefId>,
        texts: &Texts,
        builder: &mut Builder,
    ) -> Self {
        let inline = parts(&label.parts, context, builder);
        let source =
            label.reference.as_deref().and_then(|r| Self::source(r, context, texts, builder));
        Self { source, inline }
    }

    /// A message: a text, or `jr:itext('id')`.
    pub(crate) fn message(
        message: &str,
        context: DefId,
        texts: &Texts,
        builder: &mut Builder,
    ) -> Self {
        let label = if message.trim_start().starts_with("jr:itext(") {
            Label { reference: Some(message.trim().to_owned()), parts: Vec::new() }
        } else {
            Label::text(message)
        };
        Self::new(&label, Some(context), texts, builder)
    }

    /// The text of a choice of a list, compiled for the question that offers it, when it has outputs.
    pub(crate) fn of_choice(
        id: &str,
        context: DefId,
        texts: &Texts,
        builder: &mut Builder,
    ) -> Option<Self> {
        let source = SaidBy::Own(texts.own(id, Some(context), builder)?);
        Some(Self { source: Some(source), inline: vec![Part::Literal(id.into())] })
    }

    fn source(
        reference: &str,
        context: Option<DefId>,
        texts: &Texts,
        builder: &mut Builder,
    ) -> Option<SaidBy> {
        let Some(argument) = itext_argument(reference) else {
            return builder.expression(reference, context).map(SaidBy::Value);
        };
        let Some(id) = quoted(argument) else {
            return builder.expression(argument, context).map(SaidBy::IdOf);
        };
        if let Some(own) = texts.own(id, context, builder) {
            return Some(SaidBy::Own(own));
        }
        if !texts.has(id) {
            builder.problem(ProblemKind::MissingText(id.to_owned()));
        }
        Some(SaidBy::Id(id.into()))
    }
}

/// What stands in `jr:itext(…)`, when the reference is such a call and nothing else.
pub(crate) fn itext_argument(reference: &str) -> Option<&str> {
    let inner = reference.trim().strip_prefix("jr:itext(")?.strip_suffix(')')?;
    Some(inner.trim())
}

fn quoted(text: &str) -> Option<&str> {
    let quote = text.chars().next().filter(|c| *c == '\'' || *c == '"')?;
    let inner = text.strip_prefix(quote)?.strip_suffix(quote)?;
    (!inner.contains(quote)).then_some(inner)
}

fn entry(values: &[TextValue], context: Option<DefId>, builder: &mut Builder) -> Entry {
    let mut entry = Entry::default();
    for value in values {
        let address = || -> Box<str> {
            let literal = value.parts.iter().map(|part| match part {
                TextPart::Literal(text) => text.as_str(),
                TextPart::Output(_) => "",
            });
            literal.collect::<String>().into()
        };
        match value.form.as_deref() {
            None | Some("long") => entry.text = Some(parts(&value.parts, context, builder)),
            Some("short") => entry.short = Some(parts(&value.parts, context, builder)),
            Some("guidance") => entry.guidance = Some(parts(&value.parts, context, builder)),
            Some("image") => entry.image = Some(address()),
            Some("big-image") => entry.big_image = Some(address()),
            Some("audio") => entry.audio = Some(address()),
            Some("video") => entry.video = Some(address()),
            Some(_) => {}
        }
    }
    entry
}

fn parts(parts: &[TextPart], context: Option<DefId>, builder: &mut Builder) -> Vec<Part> {
    let compiled = parts.iter().filter_map(|part| match part {
        TextPart::Literal(text) => Some(Part::Literal(text.as_str().into())),
        TextPart::Output(value) => builder.output(value, context).map(Part::Output),
    });
    compiled.collect()
}
