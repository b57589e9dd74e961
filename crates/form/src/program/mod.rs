//! A form made ready to run: references resolved, expressions compiled, the order of computation
//! known. A program never changes and is shared by all sessions.

mod action;
mod body;
mod builder;
mod expression;
mod graph;
mod json;
mod list;
mod plan;
mod resolve;
mod resource;
mod roster;
mod rules;
pub(crate) mod schema;
mod text;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

pub(crate) use action::{ActionDef, ActionValue, Event};
pub(crate) use body::{BodyDef, BodyId, BodyKind, Choices, ItemLabel, Itemset, ListName};
pub(crate) use expression::{Compiled, ExprId};
pub(crate) use graph::{CellKind, Graph, Reader};
pub(crate) use list::List;
pub(crate) use plan::{PlanStart, Plans};
pub use resource::{CsvRows, ITEMSETS, Resources};
pub(crate) use rules::{Preload, Rule, Rules};
pub(crate) use schema::{Def, DefId, Schema, local};
pub(crate) use text::{Entry as TextEntry, Part, Said, Saying, Texts, itext_argument};

use crate::definition::{Action, Bind, BodyNode, Form, Secondary, Source};
use crate::problem::{Problem, ProblemKind};
use body::BodyBuilder;
use builder::Builder;
use expression::Scope;
use schema::Named;
use text::ToldOf;

/// A form made ready to run; share it by [`std::sync::Arc`] between sessions.
#[derive(Debug)]
pub struct Program {
    pub(crate) form: Form,
    pub(crate) warnings: Vec<Problem>,
    pub(crate) schema: Schema,
    pub(crate) rules: Vec<Rules>,
    pub(crate) expressions: Vec<Compiled>,
    pub(crate) plans: Plans,
    pub(crate) lists: Vec<Arc<List>>,
    pub(crate) texts: Texts,
    pub(crate) body: Vec<BodyDef>,
    /// The nodes at the top of the body.
    pub(crate) top: Vec<BodyId>,
    /// By entry: the body nodes that show it.
    pub(crate) shown: Vec<Vec<BodyId>>,
    pub(crate) graph: Graph,
    pub(crate) actions: Vec<ActionDef>,
    /// From which on the expressions are of actions alone.
    pub(crate) action_expressions: usize,
    /// By entry: whether an action waits for its answers.
    pub(crate) awaited: Vec<bool>,
    /// By entry: whether an action writes what a calculation writes, too.
    pub(crate) contested: Vec<bool>,
    pub(crate) clock: Clock,
    pub(crate) instance_id: Option<DefId>,
    pub(crate) instance_name: Option<DefId>,
}

/// Expressions that the engine itself needs.
#[derive(Debug)]
pub(crate) struct Clock {
    pub(crate) now: ExprId,
    pub(crate) today: ExprId,
}

impl Program {
    /// The form that it was compiled from.
    #[must_use]
    pub fn form(&self) -> &Form {
        &self.form
    }

    /// What is wrong with the form without stopping it: missing files, unknown functions.
    #[must_use]
    pub fn warnings(&self) -> &[Problem] {
        &self.warnings
    }

    /// The same form with files that were not there before, or are others now. Lists that they are not for are not read
    /// again.
    pub fn with_files(&self, resources: &Resources) -> Result<Self, Vec<Problem>> {
        compile_with(self.form.clone(), resources, Some(self))
    }

    /// The addresses of files that the form reads lists from and that were not given.
    #[must_use]
    pub fn missing_files(&self) -> Vec<&str> {
        let missing = self.warnings.iter().filter_map(|warning| match &warning.kind {
            ProblemKind::MissingResource(address) => Some(address.as_str()),
            _ => None,
        });
        missing.collect()
    }

    /// Whether nothing but the beginning of a record reads a list: it means nothing to a record that is there already.
    #[must_use]
    pub fn is_read_at_first_only(&self, list: &str) -> bool {
        let reads = |compiled: &Compiled| body::names_list(&compiled.expr.to_string(), list);
        let later = |action: &ActionDef| {
            let is_first = action.events.iter().all(|event| *event == Event::FirstLoad);
            let value = match action.value {
                ActionValue::Expression(value) => Some(value),
                _ => None,
            };
            let mut read = action.chosen.into_iter().chain(value);
            !is_first && read.any(|id| reads(self.expression(id)))
        };
        !self.expressions.iter().take(self.action_expressions).any(reads)
            && !self.actions.iter().any(later)
    }

    pub(crate) fn body(&self, id: BodyId) -> &BodyDef {
        &self.body[id.index()]
    }

    /// What a person can pick in a question.
    pub(crate) fn choices(&self, id: BodyId) -> Option<&Choices> {
        match &self.body(id).kind {
            BodyKind::Question { choices, .. } => choices.as_ref(),
            _ => None,
        }
    }

    pub(crate) fn rules(&self, def: DefId) -> &Rules {
        &self.rules[def.index()]
    }

    pub(crate) fn expression(&self, id: ExprId) -> &Compiled {
        &self.expressions[id.0 as usize]
    }

    /// The entry that a plain path names.
    pub(crate) fn resolve(&self, path: &str, context: DefId) -> Option<DefId> {
        let has_list = |_: &str| true;
        Scope { schema: &self.schema, has_list: &has_list }.resolve(path, Some(context))
    }

    pub(crate) fn list(&self, id: &str) -> Option<usize> {
        self.lists.iter().position(|list| list.id == id)
    }
}

/// Makes a form ready to run, or says everything that keeps it from running.
pub fn compile(form: Form, resources: &Resources) -> Result<Program, Vec<Problem>> {
    compile_with(form, resources, None)
}

fn compile_with(
    form: Form,
    resources: &Resources,
    before: Option<&Program>,
) -> Result<Program, Vec<Problem>> {
    let mut problems = Vec::new();
    if form.primary.name.is_empty() {
        return Err(vec![Problem::new("/", ProblemKind::NoPrimary("root"))]);
    }
    if depth(&form.primary, MAX_DEPTH) == MAX_DEPTH {
        return Err(vec![Problem::new("/", ProblemKind::TooDeep(MAX_DEPTH))]);
    }
    let of_submission = form.submission.iter().flat_map(|submission| &submission.attributes);
    if of_submission.into_iter().any(|a| a.name == "base64RsaPublicKey" && !a.value.is_empty()) {
        problems.push(Problem::new("submission", ProblemKind::NotEncrypted));
    }
    let version = form.model_attributes.iter().find(|a| local(&a.name) == "entities-version");
    if let Some(version) = version.filter(|version| is_later(&version.value))
        && !form.datasets().is_empty()
    {
        problems.push(Problem::new("model", ProblemKind::EntitiesOfLater(version.value.clone())));
    }
    let schema = schema(&form);
    let lists = resource::lists(&form, resources, before, &mut problems);
    let has_list = |id: &str| lists.iter().any(|list| list.id == id);
    let mut builder = Builder::new(Scope { schema: &schema, has_list: &has_list });
    let texts = Texts::new(&form.itext, &mut builder);
    let rules = rules(&form, &schema, &texts, &mut builder);
    let said: Vec<_> = form.secondary.iter().filter_map(|s| said(s, &texts)).collect();
    let mut bodies = BodyBuilder {
        builder: &mut builder,
        texts: &texts,
        lists: &said,
        rules: &rules,
        nodes: Vec::new(),
    };
    let top = bodies.nodes(&form.body, DefId::ROOT);
    let body = bodies.nodes;
    let action_expressions = builder.expressions.len();
    let actions = action::compile(&form, &schema, &mut builder);
    let clock = builder.expression("now()", None).zip(builder.expression("today()", None));
    let Builder { expressions, plans, problems: found, .. } = builder;
    problems.extend(found);
    let graph = graph::build(&schema, &rules, &body).unwrap_or_else(|cycles| {
        let place = |cycle: &[String]| cycle.first().cloned().unwrap_or_default();
        let told = cycles.into_iter().map(|c| Problem::new(place(&c), ProblemKind::Cycle(c)));
        problems.extend(told);
        Graph::default()
    });
    let Some((now, today)) = clock.filter(|_| problems.iter().all(Problem::is_warning)) else {
        return Err(problems);
    };
    let mut shown = vec![Vec::new(); schema.len()];
    for (id, node) in (0..).map(BodyId).zip(&body) {
        if let Some(def) = node.def {
            shown[def.index()].push(id);
        }
    }
    let mut awaited = vec![false; schema.len()];
    for action in actions.iter().filter(|action| action.events.contains(&Event::ValueChanged)) {
        if let Some(source) = action.source {
            awaited[source.index()] = true;
        }
    }
    let mut contested = vec![false; schema.len()];
    for action in &actions {
        contested[action.target.index()] = rules[action.target.index()].calculate.is_some();
    }
    let meta = |name: &str| {
        let meta = schema.child(DefId::ROOT, "meta", false)?;
        schema.child(meta, name, false)
    };
    let (instance_id, instance_name) = (meta("instanceID"), meta("instanceName"));
    Ok(Program {
        form,
        warnings: problems,
        schema,
        rules,
        expressions,
        plans,
        lists,
        texts,
        body,
        top,
        shown,
        graph,
        actions,
        action_expressions,
        awaited,
        contested,
        clock: Clock { now, today },
        instance_id,
        instance_name,
    })
}

/// The last specification of entities that is known here; what is later must not be guessed at (its section "Versioning").
const ENTITIES_VERSION: [u32; 2] = [2025, 1];

/// Whether a version such as `2024.1.0` is later than what is known here. One that is none says nothing.
fn is_later(version: &str) -> bool {
    let numbers: Vec<u32> =
        version.split('.').map_while(|part| part.parse().ok()).take(2).collect();
    numbers.len() == 2 && numbers.as_slice() > ENTITIES_VERSION.as_slice()
}

/// What the labels of a list that stands in the form tell of answers, if anything.
fn said<'f>(list: &'f Secondary, texts: &'f Texts) -> Option<(&'f str, ToldOf<'f>)> {
    let Source::Internal(root) = &list.source else { return None };
    let told = texts.told_of(root);
    (!told.ids.is_empty()).then_some((list.id.as_str(), told))
}

/// Walks over a form are recursive up to this depth.
const MAX_DEPTH: usize = 160;

/// The depth of an element, or `limit` when it is deeper.
fn depth(element: &crate::definition::Element, limit: usize) -> usize {
    let mut level = vec![element];
    for depth in 0..limit {
        level = level.iter().flat_map(|e| &e.children).collect();
        if level.is_empty() {
            return depth;
        }
    }
    limit
}

fn schema(form: &Form) -> Schema {
    let mut repeats = BTreeSet::new();
    let root = vec![local(&form.primary.name).to_owned()];
    repeats_in(&form.body, &root, &mut repeats);
    let mut attributes = BTreeSet::new();
    let bound = form.binds.iter().map(|bind| bind.nodeset.as_str());
    let set = actions(form).map(|action| action.reference.as_str());
    for path in bound.chain(set).filter(|path| path.contains('@')) {
        attributes.insert(names(path, &root));
    }
    for bind in &form.binds {
        let mut read = read_attributes(bind).peekable();
        if read.peek().is_some() {
            let context = names(&bind.nodeset, &root);
            attributes.extend(read.map(|path| names(path, &context)));
        }
    }
    Schema::new(&form.primary, &Named { repeats: &repeats, attributes: &attributes })
}

/// The paths to attributes in a bind's expressions.
fn read_attributes(bind: &Bind) -> impl Iterator<Item = &str> {
    let expressions =
        [&bind.relevant, &bind.required, &bind.readonly, &bind.constraint, &bind.calculate];
    let apart = |c: char| !c.is_alphanumeric() && !"_-./@:".contains(c);
    // Hardly any expression reads one: most are not taken apart at all.
    let reading = expressions.into_iter().flatten().filter(|text| text.contains('@'));
    let paths = reading.flat_map(move |text| text.split(apart));
    paths.filter(|path| path.contains('@'))
}

/// The local names of a plain path, from the document's root.
fn names(path: &str, context: &[String]) -> Vec<String> {
    let path = path.trim();
    let mut names = if path.starts_with('/') { Vec::new() } else { context.to_vec() };
    for step in path.split('/').map(str::trim).filter(|step| !step.is_empty() && *step != ".") {
        if step == ".." {
            names.pop();
        } else if step.starts_with("current(") {
            context.clone_into(&mut names);
        } else {
            names.push(local(step).to_owned());
        }
    }
    names
}

fn repeats_in(nodes: &[BodyNode], context: &[String], found: &mut BTreeSet<Vec<String>>) {
    for node in nodes {
        match node {
            BodyNode::Control(_) => {}
            BodyNode::Group(group) => {
                let inner = group.reference.as_ref().map(|path| names(path, context));
                repeats_in(&group.children, inner.as_deref().unwrap_or(context), found);
            }
            BodyNode::Repeat(repeat) => {
                let inner = names(&repeat.nodeset, context);
                repeats_in(&repeat.children, &inner, found);
                found.insert(inner);
            }
        }
    }
}

/// Every action, wherever it stands.
fn actions(form: &Form) -> impl Iterator<Item = &Action> {
    let mut found: Vec<&Action> = form.actions.iter().collect();
    let mut rest: Vec<&BodyNode> = form.body.iter().collect();
    while let Some(node) = rest.pop() {
        match node {
            BodyNode::Control(control) => found.extend(&control.actions),
            BodyNode::Group(group) => {
                found.extend(&group.actions);
                rest.extend(&group.children);
            }
            BodyNode::Repeat(repeat) => {
                found.extend(&repeat.actions);
                rest.extend(&repeat.children);
            }
        }
    }
    found.into_iter()
}

/// What the later of two binds says counts; the earlier keeps what the later leaves out.
fn merge(into: &mut Bind, bind: &Bind) {
    let slots = [
        (&mut into.data_type, &bind.data_type),
        (&mut into.relevant, &bind.relevant),
        (&mut into.required, &bind.required),
        (&mut into.readonly, &bind.readonly),
        (&mut into.constraint, &bind.constraint),
        (&mut into.calculate, &bind.calculate),
        (&mut into.required_message, &bind.required_message),
        (&mut into.constraint_message, &bind.constraint_message),
        (&mut into.preload, &bind.preload),
        (&mut into.preload_params, &bind.preload_params),
    ];
    for (slot, new) in slots {
        if new.is_some() {
            slot.clone_from(new);
        }
    }
    into.attributes.extend(bind.attributes.iter().cloned());
}

/// The rules of every entry; entries without bind have none.
fn rules(form: &Form, schema: &Schema, texts: &Texts, builder: &mut Builder) -> Vec<Rules> {
    let mut rules: Vec<Rules> = Vec::new();
    rules.resize_with(schema.len(), Rules::default);
    let mut named: Vec<(DefId, &Bind)> = Vec::new();
    for bind in &form.binds {
        builder.at(&bind.nodeset, "");
        match builder.scope.resolve(&bind.nodeset, Some(DefId::ROOT)) {
            None => builder.problem(ProblemKind::UnknownNode(bind.nodeset.clone())),
            Some(def) => named.push((def, bind)),
        }
    }
    named.sort_by_key(|(def, _)| *def);
    for binds in named.chunk_by(|a, b| a.0 == b.0) {
        let [(def, first), rest @ ..] = binds else { continue };
        let mut merged = Cow::Borrowed(*first);
        for (_, bind) in rest {
            builder.at(&bind.nodeset, "");
            builder.problem(ProblemKind::DuplicateBind);
            merge(merged.to_mut(), bind);
        }
        rules[def.index()] = Rules::new(&merged, *def, texts, builder);
    }
    rules
}
