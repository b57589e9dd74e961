//! The body: what is drawn, bound to the schema.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::builder::Builder;
use super::expression::{ExprId, Read};
use super::rules::Rules;
use super::schema::DefId;
use super::text::{Said, Texts, ToldOf, itext_argument};
use crate::definition::{self, BodyNode, ControlKind, Label};
use crate::problem::ProblemKind;
use crate::view::{DataType, Question, QuestionControl};
use crate::xform::is_searched;

/// A node of the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct BodyId(pub(crate) u32);

impl BodyId {
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

#[derive(Debug)]
pub(crate) struct BodyDef {
    pub(crate) kind: BodyKind,
    /// The entry that it shows; `None` for a group that only draws.
    pub(crate) def: Option<DefId>,
    /// The entry whose nodes its texts are about.
    pub(crate) context: DefId,
    pub(crate) children: Vec<BodyId>,
    pub(crate) label: Option<Said>,
    pub(crate) hint: Option<Said>,
    pub(crate) appearance: Vec<String>,
    /// What label and hint read, and whether they change with answers.
    pub(crate) reads: Vec<Read>,
}

#[derive(Debug)]
pub(crate) enum BodyKind {
    Group,
    Repeat { count: Option<(ExprId, Vec<Read>)>, fixed: bool },
    Question { question: Arc<Question>, choices: Option<Choices> },
}

/// Where the choices of a question come from.
#[derive(Debug)]
pub(crate) struct Choices {
    pub(crate) items: Vec<(Box<str>, Said)>,
    pub(crate) itemset: Option<Itemset>,
    /// What filter and labels read.
    pub(crate) reads: Vec<Read>,
    /// Whether an answer that is no longer among the choices is taken away: an open list, such as
    /// that of a search by another app, is not known here.
    pub(crate) closed: bool,
    /// Whether `search()` looks them up: a value that stands in several rows of the file is one choice, by the first.
    pub(crate) searched: bool,
}

#[derive(Debug)]
pub(crate) struct Itemset {
    pub(crate) nodeset: ExprId,
    pub(crate) value: ExprId,
    pub(crate) label: Option<ItemLabel>,
    /// Whether it gives the same choices wherever and whenever it is asked, in one language.
    pub(crate) lasting: bool,
    /// The name of the child, when `value` is no more than that.
    pub(crate) value_child: Option<Box<str>>,
    /// The same for the expression in `label`.
    pub(crate) label_child: Option<Box<str>>,
    /// The texts that tell of the row that the question is in, by their ids: of those of the form they are the ones that
    /// are another in each.
    pub(crate) own: BTreeMap<Box<str>, Said>,
    /// Where a choice lies, if a map shows them.
    pub(crate) geometry: Option<ExprId>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ItemLabel {
    /// The expression gives the text.
    Text(ExprId),
    /// The expression gives the id of a translation.
    Itext(ExprId),
}

impl Choices {
    /// What names the list that the question has always, if it has; all questions of that name have it.
    pub(crate) fn lasting(&self) -> Option<ListName> {
        let set = self.itemset.as_ref().filter(|set| set.lasting)?;
        let alone = self.items.is_empty() && self.reads.is_empty() && set.own.is_empty();
        alone.then_some((set.nodeset, set.value, set.label, set.geometry, self.searched))
    }
}

/// Where values, labels and places of a list come from, and whether each value is but one choice.
pub(crate) type ListName = (ExprId, ExprId, Option<ItemLabel>, Option<ExprId>, bool);

/// Builds the body; `counts` of the repeats are compiled in the context of what is around them.
pub(crate) struct BodyBuilder<'a, 'b> {
    pub(crate) builder: &'a mut Builder<'b>,
    pub(crate) texts: &'a Texts,
    /// What the labels of each list in the form tell of answers, by its name.
    pub(crate) lists: &'a [(&'a str, ToldOf<'a>)],
    pub(crate) rules: &'a [Rules],
    pub(crate) nodes: Vec<BodyDef>,
}

impl BodyBuilder<'_, '_> {
    pub(crate) fn nodes(&mut self, nodes: &[BodyNode], context: DefId) -> Vec<BodyId> {
        nodes.iter().filter_map(|node| self.node(node, context)).collect()
    }

    fn node(&mut self, node: &BodyNode, context: DefId) -> Option<BodyId> {
        match node {
            BodyNode::Control(control) => self.control(control, context),
            BodyNode::Group(group) => match group.children.as_slice() {
                // The usual way to give a repeat a label: a group around it.
                [BodyNode::Repeat(repeat)] => {
                    let label = group.label.as_ref().or(repeat.label.as_ref());
                    let words = [&group.appearance, &repeat.appearance];
                    self.repeat(repeat, context, label, group.hint.as_ref(), &words)
                }
                _ => Some(self.group(group, context)),
            },
            BodyNode::Repeat(repeat) => {
                self.repeat(repeat, context, repeat.label.as_ref(), None, &[&repeat.appearance])
            }
        }
    }

    fn resolve(&mut self, path: &str, context: DefId) -> Option<DefId> {
        self.builder.at(path, "");
        let found = self.builder.scope.resolve(path, Some(context));
        if found.is_none() {
            self.builder.problem(ProblemKind::UnboundControl(path.to_owned()));
        }
        found
    }

    fn push(&mut self, def: BodyDef) -> BodyId {
        let id = u32::try_from(self.nodes.len()).expect("fewer nodes than 2^32");
        self.nodes.push(def);
        BodyId(id)
    }

    /// Label and hint, with what they read.
    fn said(
        &mut self,
        label: Option<&Label>,
        hint: Option<&Label>,
        context: DefId,
    ) -> (Option<Said>, Option<Said>, Vec<Read>) {
        let texts = self.texts;
        let ((label, hint), reads, _) = self.builder.collect(|b| {
            let mut say =
                |text: Option<&Label>| text.map(|t| Said::new(t, Some(context), texts, b));
            (say(label), say(hint))
        });
        (label, hint, reads)
    }

    fn group(&mut self, group: &definition::Group, context: DefId) -> BodyId {
        let named = group.reference.as_deref().and_then(|path| self.resolve(path, context));
        // A group for a repeat's node that holds more than the repeat only draws.
        let def = named.filter(|def| !self.builder.scope.schema.def(*def).many);
        let inner = def.unwrap_or(context);
        self.builder.at(group.reference.as_deref().unwrap_or("group"), "");
        let (label, hint, reads) = self.said(group.label.as_ref(), group.hint.as_ref(), inner);
        let children = self.nodes(&group.children, inner);
        let appearance = words(&[&group.appearance]);
        self.push(BodyDef {
            kind: BodyKind::Group,
            def,
            context: inner,
            children,
            label,
            hint,
            appearance,
            reads,
        })
    }

    fn repeat(
        &mut self,
        repeat: &definition::Repeat,
        context: DefId,
        label: Option<&Label>,
        hint: Option<&Label>,
        appearances: &[&Option<String>],
    ) -> Option<BodyId> {
        if repeat.nodeset.trim().is_empty() {
            let place = self.builder.scope.schema.path(context);
            self.builder.at(&place, "repeat");
            self.builder.problem(ProblemKind::NoNodeset);
            return None;
        }
        let def = self.resolve(&repeat.nodeset, context)?;
        let around = self.builder.scope.schema.def(def).parent.unwrap_or(DefId::ROOT);
        let (label, hint, reads) = self.said(label, hint, around);
        self.builder.at(&repeat.nodeset, "@jr:count");
        // Paths of the count are relative to the repeat itself, though it is counted from around.
        let count = repeat.count.as_deref();
        let count = count.and_then(|text| {
            let (expr, mut reads, _) = self.builder.collect(|b| b.expression(text, Some(def)));
            for read in &mut reads {
                if let Read::Value { bound, .. } | Read::Rows { bound, .. } = read
                    && *bound == Some(def)
                {
                    *bound = Some(around);
                }
            }
            reads.retain(|read| !matches!(read, Read::Position { target } if *target == def));
            Some((expr?, reads))
        });
        let children = self.nodes(&repeat.children, def);
        let kind = BodyKind::Repeat { count, fixed: repeat.no_add_remove };
        let appearance = words(appearances);
        Some(self.push(BodyDef {
            kind,
            def: Some(def),
            context: around,
            children,
            label,
            hint,
            appearance,
            reads,
        }))
    }

    fn control(&mut self, control: &definition::Control, context: DefId) -> Option<BodyId> {
        let def = self.resolve(&control.reference, context)?;
        let (label, hint, reads) = self.said(control.label.as_ref(), control.hint.as_ref(), def);
        let choices = self.choices(control, def);
        let rules = &self.rules[def.index()];
        let question = Question {
            control: question_control(control, rules, choices.is_some()),
            data_type: data_type(control, rules),
            parameters: parameters(control, rules),
        };
        let kind = BodyKind::Question { question: Arc::new(question), choices };
        let appearance = words(&[&control.appearance]);
        Some(self.push(BodyDef {
            kind,
            def: Some(def),
            context: def,
            children: Vec::new(),
            label,
            hint,
            appearance,
            reads,
        }))
    }

    fn choices(&mut self, control: &definition::Control, def: DefId) -> Option<Choices> {
        let selects = [ControlKind::Select1, ControlKind::Select, ControlKind::Rank];
        // Of a range they are what some of its numbers are called.
        let names_numbers = control.kind == ControlKind::Range && control.itemset.is_some();
        if !selects.contains(&control.kind) && !names_numbers {
            return self.external_choices(control, def);
        }
        let texts = self.texts;
        self.builder.at(&control.reference, "itemset");
        let ((items, mut itemset), mut reads, _) = self.builder.collect(|b| {
            let said = |item: &definition::Item, b: &mut Builder| {
                (item.value.as_str().into(), Said::new(&item.label, Some(def), texts, b))
            };
            let items: Vec<(Box<str>, Said)> = control.items.iter().map(|i| said(i, b)).collect();
            (items, control.itemset.as_ref().and_then(|set| itemset(set, control, def, b)))
        });
        if let (Some(named), Some(set)) = (&control.itemset, &mut itemset)
            && matches!(set.label, Some(ItemLabel::Itext(_)))
        {
            let in_row = self.builder.scope.schema.row_of(def).is_some();
            for (_, told) in self.lists.iter().filter(|(list, _)| names_list(&named.nodeset, list))
            {
                if !in_row {
                    reads.extend(&told.reads);
                    continue;
                }
                let (own, read) = self.builder.quietly(|b| {
                    let own = |id: &&str| Some(((*id).into(), Said::of_choice(id, def, texts, b)?));
                    told.ids.iter().filter_map(own).collect::<Vec<_>>()
                });
                set.own.extend(own);
                reads.extend(read);
            }
            reads.sort_unstable();
            reads.dedup();
        }
        let searched = is_searched(control);
        // From a search that cannot be read nothing is known of the choices.
        let closed = !names_numbers && (!searched || control.itemset.is_some());
        Some(Choices { items, itemset, reads, closed, searched })
    }

    /// The choices of a `select_one_external`: an input with a `query` into a list beside the form. Where that list was
    /// not given it stays an input.
    fn external_choices(&mut self, control: &definition::Control, def: DefId) -> Option<Choices> {
        let set = control.external_choices()?;
        if !(self.builder.scope.has_list)(queried_list(&set.nodeset)?) {
            return None;
        }
        self.builder.at(&control.reference, "query");
        let (itemset, reads, _) = self.builder.collect(|b| itemset(&set, control, def, b));
        // Both engines take it for an input with suggestions, and leave the answer alone.
        let itemset = Some(itemset?);
        Some(Choices { items: Vec::new(), itemset, reads, closed: false, searched: false })
    }
}

/// The list that a query begins in: `instance('towns')/root/item[…]`.
pub(super) fn queried_list(query: &str) -> Option<&str> {
    let rest = query.trim().strip_prefix("instance(")?.trim_start();
    let quote = rest.chars().next().filter(|c| ['\'', '"'].contains(c))?;
    rest.strip_prefix(quote)?.split_once(quote).map(|(list, _)| list)
}

/// Whether an expression reads `instance('list')`.
pub(super) fn names_list(expression: &str, list: &str) -> bool {
    let mut calls = expression.split("instance(").skip(1);
    calls.any(|rest| {
        let rest = rest.trim_start().strip_prefix(['\'', '"']);
        let rest = rest.and_then(|rest| rest.strip_prefix(list));
        rest.is_some_and(|rest| rest.starts_with(['\'', '"']))
    })
}

fn itemset(
    set: &definition::Itemset,
    control: &definition::Control,
    def: DefId,
    b: &mut Builder,
) -> Option<Itemset> {
    let nodeset = b.expression(&set.nodeset, Some(def))?;
    if set.value.trim().is_empty() {
        b.problem(ProblemKind::NoItemsetValue);
        return None;
    }
    let primary = primary_rows(b, nodeset);
    let mut inner = |text: &str| match primary {
        Some(row) => b.quietly(|b| b.expression(text, Some(row))).0,
        None => b.of_item(text),
    };
    let value = inner(&set.value)?;
    let label = match itext_argument(&set.label) {
        _ if set.label.trim().is_empty() => None,
        Some(id) => inner(id).map(ItemLabel::Itext),
        None => inner(&set.label).map(ItemLabel::Text),
    };
    let on_map = words(&[&control.appearance]).iter().any(|word| word == "map");
    let geometry = if on_map { inner("geometry") } else { None };
    if let Some(row) = primary {
        b.read_below(row);
    }
    let plain = |text: &str| {
        let text = itext_argument(text).unwrap_or(text).trim();
        let name = |c: char| c.is_alphanumeric() || "_-.".contains(c);
        (!text.is_empty() && text != "." && text != ".." && text.chars().all(name))
            .then(|| text.into())
    };
    let (value_child, label_child) = (plain(&set.value), plain(&set.label));
    let lasting = primary.is_none() && b.expressions[nodeset.0 as usize].is_lasting();
    let own = BTreeMap::new();
    Some(Itemset { nodeset, value, label, lasting, value_child, label_child, own, geometry })
}

/// The entry that an itemset takes its choices from, when they are rows of the record itself.
fn primary_rows(b: &Builder, nodeset: ExprId) -> Option<DefId> {
    let reads = &b.expressions[nodeset.0 as usize].reads;
    let mut rows = reads.iter().filter_map(|read| match read {
        Read::Rows { target, .. } => Some(*target),
        _ => None,
    });
    let starts_in_list = b.expressions[nodeset.0 as usize]
        .expr
        .calls()
        .iter()
        .any(|call| call.function == Some(xpath::Function::Instance));
    rows.next_back().filter(|_| !starts_in_list)
}

fn words(appearances: &[&Option<String>]) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for word in appearances.iter().filter_map(|a| a.as_deref()).flat_map(str::split_whitespace) {
        if !words.iter().any(|known| known == word) {
            words.push(word.to_owned());
        }
    }
    words
}

fn attribute<'a>(control: &'a definition::Control, name: &str) -> Option<&'a str> {
    let mut attributes = control.attributes.iter();
    attributes.find(|a| super::schema::local(&a.name) == name).map(|a| a.value.as_str())
}

fn question_control(
    control: &definition::Control,
    rules: &Rules,
    has_choices: bool,
) -> QuestionControl {
    let number = |name: &str, other: &str| attribute(control, name).unwrap_or(other).to_owned();
    match control.kind {
        ControlKind::Input if has_choices => QuestionControl::Select1,
        ControlKind::Input if rules.is_note() => QuestionControl::Note,
        ControlKind::Input => QuestionControl::Input,
        ControlKind::Secret => QuestionControl::Secret,
        ControlKind::Select1 => QuestionControl::Select1,
        ControlKind::Select => QuestionControl::Select,
        ControlKind::Rank => QuestionControl::Rank,
        ControlKind::Trigger => QuestionControl::Trigger,
        ControlKind::Upload => {
            let media = attribute(control, "mediatype").or_else(|| attribute(control, "accept"));
            QuestionControl::Upload { media: media.unwrap_or("*/*").to_owned() }
        }
        ControlKind::Range => QuestionControl::Range {
            start: number("start", "0"),
            end: number("end", "10"),
            step: number("step", "1"),
        },
    }
}

fn data_type(control: &definition::Control, rules: &Rules) -> DataType {
    match control.kind {
        // The text of a select is not checked: `select1` of type `int` holds its choice's value.
        ControlKind::Upload => DataType::Binary,
        _ => rules.data_type,
    }
}

fn parameters(control: &definition::Control, rules: &Rules) -> Vec<(String, String)> {
    let own = control.attributes.iter().chain(&rules.attributes);
    own.map(|a| (a.name.clone(), a.value.clone())).collect()
}
