//! Evaluates expressions over a record, and puts labels and choices together from them.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};

use xpath::ast::{Expression, Start};
use xpath::{Context, EvalError, Expr, LocalTime, Random, Tree, Value};

use super::instance::ItemId;
use super::tree::{FormHost, Handle, Live};
use crate::program::{
    BodyKind, Choices, Compiled, ExprId, ItemLabel, Itemset, Part, Said, Saying, TextEntry,
};
use crate::view::{Choice, DataType, Numbers, RichText};

/// Counts that evaluation moves on. Atomic, so that a session can be shared for reading.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) evaluated: AtomicU64,
    /// Nodes visited and functions called on the way.
    pub(crate) visited: AtomicU64,
    draws: AtomicU64,
}

/// Everything that evaluation needs.
pub(crate) struct Reading<'a> {
    pub(crate) live: Live<'a>,
    pub(crate) language: usize,
    pub(crate) now: LocalTime,
    pub(crate) seed: u64,
    pub(crate) counters: &'a Counters,
    /// How many choices are being named, each for the label of another.
    pub(crate) naming: u8,
    /// How numbers are written where a person reads them: nothing that an expression sees.
    pub(crate) numbers: Option<Numbers>,
}

impl Reading<'_> {
    fn with<R>(
        &self,
        expr: ExprId,
        node: Handle,
        take: impl FnOnce(&Value<Handle>, &Context<Live, FormHost>) -> R,
    ) -> Result<R, EvalError> {
        let compiled = self.live.program.expression(expr);
        self.with_written(compiled, &compiled.expr, node, take)
    }

    /// The same for an expression as it stands, or as it was changed since: its paths have the numbers that they had.
    fn with_written<R>(
        &self,
        compiled: &Compiled,
        expr: &Expr,
        node: Handle,
        take: impl FnOnce(&Value<Handle>, &Context<Live, FormHost>) -> R,
    ) -> Result<R, EvalError> {
        self.counters.evaluated.fetch_add(1, Ordering::Relaxed);
        let draw = self.counters.draws.fetch_add(1, Ordering::Relaxed);
        let random = Random::new(self.seed ^ draw.wrapping_mul(0xd134_2543_de82_ef95));
        let host = FormHost { reading: self, compiled, current: node };
        let mut context = Context::new(&self.live, &host, node, self.now, &random);
        context.root = Some(Handle::DOCUMENT);
        let (value, work) = xpath::evaluate_counted(expr, &context);
        self.counters.visited.fetch_add(work, Ordering::Relaxed);
        Ok(take(&value?, &context))
    }

    pub(crate) fn text(&self, expr: ExprId, node: Handle) -> Result<String, EvalError> {
        self.with(expr, node, |value, context| value.text(context).into_owned())
    }

    pub(crate) fn boolean(&self, expr: ExprId, node: Handle) -> Result<bool, EvalError> {
        self.with(expr, node, |value, context| match value {
            // A rule that names a node means whether it has an answer, whatever that says: "0" and
            // "false" are texts.
            Value::Nodes(nodes) => nodes.first().is_some_and(|n| !context.tree.text(n).is_empty()),
            other => other.boolean(),
        })
    }

    pub(crate) fn number(&self, expr: ExprId, node: Handle) -> Result<f64, EvalError> {
        #[expect(
            clippy::redundant_closure_for_method_calls,
            reason = "the method is not general enough in its lifetimes"
        )]
        self.with(expr, node, |value, context| value.number(context))
    }

    pub(crate) fn nodes(&self, expr: ExprId, node: Handle) -> Result<Vec<Handle>, EvalError> {
        self.with(expr, node, |value, _| found(value))
    }

    /// What a path leads to without its conditions: the rows of a list, whatever a filter leaves of them.
    fn all_nodes(&self, expr: ExprId, node: Handle) -> Result<Vec<Handle>, EvalError> {
        let compiled = self.live.program.expression(expr);
        let mut whole = compiled.expr.ast().clone();
        if let Expression::Path(path) = &mut whole {
            if let Start::Expression { predicates, .. } = &mut path.start {
                predicates.clear();
            }
            path.steps.iter_mut().for_each(|step| step.predicates.clear());
        }
        self.with_written(compiled, &Expr::from_ast(whole), node, |value, _| found(value))
    }

    /// Text with the outputs filled in; an output that cannot be computed is left out.
    pub(crate) fn parts(&self, parts: &[Part], node: Handle) -> String {
        let mut text = String::new();
        let mut rest = parts.iter();
        while let Some(part) = rest.next() {
            match part {
                Part::Literal(literal) => text.push_str(literal),
                Part::Output(expr) => {
                    let next = match rest.clone().next() {
                        Some(Part::Literal(literal)) => literal,
                        _ => "",
                    };
                    text.push_str(&self.output(*expr, node, next).unwrap_or_default());
                }
            }
        }
        text
    }

    /// An output before the text that follows it.
    pub(crate) fn output(
        &self,
        expr: ExprId,
        node: Handle,
        next: &str,
    ) -> Result<String, EvalError> {
        let Some(write) = self.numbers else { return self.text(expr, node) };
        // What it reads is what any expression sees.
        let plain = Reading { numbers: None, ..*self };
        let (text, named) = plain.with(expr, node, |value, context| {
            let named = match value {
                Value::Nodes(nodes) => nodes.first().and_then(Handle::as_item),
                _ => None,
            };
            (value.text(context).into_owned(), named)
        })?;
        let program = self.live.program;
        let is_numeric = |expr| program.expression(expr).expr.is_numeric();
        let is_number = is_numeric(expr)
            || named.is_some_and(|item| {
                let rules = program.rules(self.live.instance.get(item).def);
                matches!(rules.data_type, DataType::Int | DataType::Decimal)
                    || rules.calculate.is_some_and(is_numeric)
            });
        Ok(if is_number { write(&text, next) } else { text })
    }

    fn rich(&self, entry: &TextEntry, node: Handle) -> RichText {
        let text = entry.text.as_ref().or(entry.short.as_ref());
        let medium = |address: &Option<Box<str>>| address.as_ref().map(ToString::to_string);
        RichText {
            text: text.map(|parts| self.parts(parts, node)).unwrap_or_default(),
            image: medium(&entry.image),
            big_image: medium(&entry.big_image),
            audio: medium(&entry.audio),
            video: medium(&entry.video),
        }
    }

    pub(crate) fn said(&self, said: &Said, node: Handle) -> RichText {
        let plain = |text: String| RichText { text, ..RichText::default() };
        match self.live.program.texts.say(said, self.language) {
            Saying::Entry(entry) => self.rich(entry, node),
            Saying::Inline(parts) => plain(self.parts(parts, node)),
            Saying::Value(expr) => plain(self.text(expr, node).unwrap_or_default()),
            Saying::IdOf(expr) => {
                let id = self.text(expr, node).unwrap_or_default();
                self.itext(&id).unwrap_or_else(|| plain(id))
            }
        }
    }

    pub(crate) fn guidance(&self, said: &Said, node: Handle) -> Option<String> {
        match self.live.program.texts.say(said, self.language) {
            Saying::Entry(entry) => entry.guidance.as_ref().map(|parts| self.parts(parts, node)),
            _ => None,
        }
    }

    pub(crate) fn itext(&self, id: &str) -> Option<RichText> {
        let entry = self.live.program.texts.entry(id, self.language)?;
        Some(self.rich(entry, Handle::DOCUMENT))
    }

    /// What is stored for each choice of a question, after the filter.
    pub(crate) fn choice_values(
        &self,
        choices: &Choices,
        item: ItemId,
    ) -> Result<Vec<String>, EvalError> {
        let mut values: Vec<String> =
            choices.items.iter().map(|(value, _)| value.to_string()).collect();
        if let Some(set) = &choices.itemset {
            for node in self.nodes(set.nodeset, Handle::item(item))? {
                values.push(self.child_text(set.value_child.as_deref(), set.value, node)?);
            }
        }
        Ok(values)
    }

    /// The text of a choice's node: a plain child is read without evaluation.
    fn child_text(
        &self,
        child: Option<&str>,
        expr: ExprId,
        node: Handle,
    ) -> Result<String, EvalError> {
        if let (Some(name), Some((list, at))) = (child, self.live.in_list(node)) {
            return Ok(match list.child(at, name) {
                Some(found) if list.is_leaf(found) => list.own_text(found).to_owned(),
                Some(found) => list.string_value(found),
                None => String::new(),
            });
        }
        self.text(expr, node)
    }

    /// The choices of a question, after the filter.
    pub(crate) fn choices(
        &self,
        choices: &Choices,
        item: ItemId,
    ) -> Result<Vec<Choice>, EvalError> {
        let here = Handle::item(item);
        let own = choices.items.iter();
        let mut found: Vec<Choice> = own
            .map(|(value, said)| Choice {
                value: value.to_string(),
                label: self.said(said, here),
                geometry: None,
            })
            .collect();
        if let Some(set) = &choices.itemset {
            for node in self.nodes(set.nodeset, here)? {
                let value = self.child_text(set.value_child.as_deref(), set.value, node)?;
                found.push(self.choice(set, node, value, here)?);
            }
        }
        if choices.searched {
            let mut known = BTreeSet::new();
            found.retain(|choice| known.insert(choice.value.clone()));
        }
        Ok(found)
    }

    /// A row of a list as a choice.
    fn choice(
        &self,
        set: &Itemset,
        node: Handle,
        value: String,
        here: Handle,
    ) -> Result<Choice, EvalError> {
        let plain = |text: String| RichText { text, ..RichText::default() };
        let text = |expr| self.child_text(set.label_child.as_deref(), expr, node);
        let label = match set.label {
            None => plain(value.clone()),
            Some(ItemLabel::Text(expr)) => plain(text(expr)?),
            Some(ItemLabel::Itext(expr)) => {
                let id = text(expr)?;
                match set.own.get(id.as_str()) {
                    Some(own) => self.said(own, here),
                    None => self.itext(&id).unwrap_or_else(|| plain(id)),
                }
            }
        };
        let geometry = match set.geometry {
            Some(expr) => self.child_text(Some("geometry"), expr, node)?,
            None => String::new(),
        };
        let geometry = Some(geometry).filter(|text| !text.trim().is_empty());
        Ok(Choice { value, label, geometry: geometry.map(Into::into) })
    }

    /// What a question could be answered with were there no filter, of these values.
    pub(crate) fn unfiltered(
        &self,
        choices: &Choices,
        item: ItemId,
        values: &[&str],
    ) -> Result<Vec<Choice>, EvalError> {
        let mut found = Vec::new();
        let Some(set) = &choices.itemset else { return Ok(found) };
        let here = Handle::item(item);
        for node in self.all_nodes(set.nodeset, here)? {
            let value = self.child_text(set.value_child.as_deref(), set.value, node)?;
            if values.contains(&value.as_str()) {
                found.push(self.choice(set, node, value, here)?);
            }
        }
        Ok(found)
    }

    /// The label of a value among the choices of the question at a path.
    pub(crate) fn choice_name(&self, value: &str, path: &str, current: Handle) -> Option<String> {
        // A label can tell of its own list without end.
        let naming = Some(self.naming + 1).filter(|naming| *naming <= 2)?;
        let inner = Reading { naming, ..*self };
        let program = self.live.program;
        let near = current.as_item()?;
        let def = program.resolve(path, self.live.instance.get(near).def)?;
        let item = self.live.instance.nearest(&program.schema, def, near)?;
        for body in &program.shown[def.index()] {
            if let BodyKind::Question { choices: Some(choices), .. } = &program.body(*body).kind {
                let all = inner.choices(choices, item).ok()?;
                return all.into_iter().find(|c| c.value == value).map(|c| c.label.text);
            }
        }
        None
    }
}

fn found(value: &Value<Handle>) -> Vec<Handle> {
    match value {
        Value::Nodes(nodes) => nodes.iter().collect(),
        _ => Vec::new(),
    }
}
