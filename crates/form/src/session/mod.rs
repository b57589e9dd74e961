//! The live form: the answers of one record, and what the form says about them.

mod answer;
mod audit;
mod drawn;
mod edit;
mod entities;
mod envelope;
mod fields;
mod figures;
mod instance;
mod marks;
mod reading;
mod recalculate;
mod roster;
mod start;
mod submission;
mod tree;
mod value;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

pub use audit::{Audit, AuditEvent, AuditPlace};
pub use edit::SubmissionError;
pub use entities::{EntityChange, EntityRow, apply_to_list, entity_csv};
pub use envelope::{Envelope, EnvelopeError, read_envelope};
pub use figures::Figure;
pub use roster::NewRow;
pub use value::is_date;

use drawn::{Drawn, DrawnKind};
use instance::{Instance, ItemId};
use reading::{Counters, Reading};
use recalculate::Pending;
use tree::{Handle, Live};

use crate::program::{BodyKind, Choices, DefId, ExprId, ListName, Program, Rules, Said};
use crate::view::{
    AnswerProblem, Aspects, Choice, Language, LocalTime, NodeId, NodeKind, NodeState, Numbers,
    Violation, ViolationKind,
};

/// What a session cannot know by itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Environment {
    /// The moment.
    pub now: LocalTime,
    /// Where random numbers start.
    pub seed: u64,
    /// `username`, `deviceid`, `email`, `phonenumber` …
    pub properties: BTreeMap<String, String>,
    /// Unique id of the record, such as `uuid:…`.
    pub instance_id: String,
}

/// Why an answer was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// The id names nothing, or no longer.
    #[error("there is no such question")]
    NoSuchNode,
    /// The node holds no answer.
    #[error("this is not a question")]
    NotAQuestion,
    /// The question is read-only.
    #[error("the question is read-only")]
    Readonly,
}

/// Why a row was not added or removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RowError {
    /// The id names nothing, or no longer.
    #[error("there is no such repeat or row")]
    NoSuchNode,
    /// The node is no repeat, or no row.
    #[error("this is not a repeat or row")]
    NotARepeat,
    /// The form decides how many rows there are.
    #[error("the form decides how many rows there are")]
    Fixed,
    /// A row of this repeat has the key already, or the key cannot stand in a path.
    #[error("the key of the row is taken or malformed")]
    Key,
}

/// A form that a person fills in.
#[derive(Debug)]
pub struct Session {
    program: Arc<Program>,
    environment: Environment,
    instance: Instance,
    drawn: Drawn,
    language: usize,
    numbers: Option<Numbers>,
    counters: Counters,
    pending: Pending,
    /// Rows made by `jr:count`, or brought by another row (`true`), whose `odk-new-repeat` is still to come.
    new_row_actions: Vec<(ItemId, bool)>,
    /// Nodes whose field changed since the last [`Session::take_writes`]; they are flagged.
    unwritten: Vec<ItemId>,
    /// Fields that went with their row since then.
    removed: BTreeSet<String>,
    /// What stood in the rows that are more than `jr:count` asks for, by the path of the row: the number may be on its way to another.
    counted_out: BTreeMap<String, BTreeMap<String, String>>,
    /// The whole of each answer of which something is not offered now, by its path: what decides that may be on its way to another, too.
    pruned: BTreeMap<String, String>,
    leftovers: BTreeMap<String, String>,
    /// Expressions that could not be evaluated when they last were, with the reason.
    faults: BTreeMap<ExprId, String>,
    /// What calculations last gave, of nodes that actions write, too; by node and cell.
    calculated: BTreeMap<(ItemId, u32), String>,
    choices: Mutex<BTreeMap<KeptAs, Arc<[Choice]>>>,
}

/// Under what choices are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum KeptAs {
    /// One question's.
    Of(NodeId),
    /// Those of every question that always has this list.
    List(ListName),
}

impl Session {
    fn reading(&self) -> Reading<'_> {
        let now = self.environment.now;
        Reading {
            live: Live { program: &self.program, instance: &self.instance, as_if: None },
            language: self.language,
            now: xpath::LocalTime { unix_ms: now.unix_ms, offset_min: now.offset_min },
            seed: self.environment.seed,
            counters: &self.counters,
            naming: 0,
            numbers: None,
        }
    }

    /// The same for texts that a person reads.
    fn telling(&self) -> Reading<'_> {
        Reading { numbers: self.numbers, ..self.reading() }
    }

    /// The form that is filled in.
    #[must_use]
    pub fn program(&self) -> &Arc<Program> {
        &self.program
    }

    /// Fields given to [`Session::resume`] that the form does not have.
    #[must_use]
    pub fn leftovers(&self) -> &BTreeMap<String, String> {
        &self.leftovers
    }

    /// Expressions that could not be evaluated when they last were, each with the reason.
    #[must_use]
    pub fn faults(&self) -> Vec<String> {
        let about = |(id, reason): (&ExprId, &String)| {
            format!("{}: {reason}", self.program.expression(*id).expr)
        };
        self.faults.iter().map(about).collect()
    }

    /// The whole form.
    #[must_use]
    pub fn root(&self) -> NodeId {
        Drawn::ROOT
    }

    /// The record's name (`meta/instanceName`), once it has one.
    #[must_use]
    pub fn name(&self) -> Option<String> {
        let name = self.program.instance_name?;
        let name = self.instance.nearest(&self.program.schema, name, Instance::ROOT)?;
        let name = self.instance.get(name).value.trim();
        (!name.is_empty()).then(|| name.to_owned())
    }

    /// The record's name, else the form's title.
    #[must_use]
    pub fn title(&self) -> String {
        self.name().unwrap_or_else(|| self.program.form.title.clone())
    }

    /// Languages in the form's order; empty when it has none.
    #[must_use]
    pub fn languages(&self) -> &[Language] {
        &self.program.texts.languages
    }

    /// The language in use; empty when the form has none.
    #[must_use]
    pub fn language(&self) -> &str {
        self.languages().get(self.language).map_or("", |language| &language.name)
    }

    /// Everything needed to draw a node; `None` when it was removed.
    #[must_use]
    pub fn state(&self, id: NodeId) -> Option<NodeState> {
        let node = self.drawn.get(id)?;
        let item = self.instance.get(node.item);
        let flags = item.flags;
        let mut state = NodeState {
            kind: NodeKind::Root,
            name: self.program.schema.def(item.def).name.to_string(),
            label: None,
            hint: None,
            guidance: None,
            value: String::new(),
            relevant: self.is_relevant(id),
            required: flags.required,
            readonly: flags.readonly,
            problem: None,
            appearance: Vec::new(),
        };
        let Some(body) = node.body.map(|body| self.program.body(body)) else {
            state.label = Some(crate::view::RichText { text: self.title(), ..Default::default() });
            return Some(state);
        };
        state.appearance.clone_from(&body.appearance);
        let field_list = body.appearance.iter().any(|word| word == "field-list");
        if body.def.is_none() {
            state.name.clear();
        } else if let Some(def) = body.def {
            state.name = self.program.schema.def(def).name.to_string();
        }
        if node.kind != DrawnKind::Row {
            let here = Handle::item(node.item);
            let reading = self.telling();
            state.label = body.label.as_ref().map(|said| reading.said(said, here));
            state.hint = body.hint.as_ref().map(|said| reading.said(said, here));
            state.guidance = body.hint.as_ref().and_then(|said| reading.guidance(said, here));
        }
        match (&body.kind, node.kind) {
            (BodyKind::Question { question, .. }, _) => {
                state.kind = NodeKind::Question(Arc::clone(question));
                state.value.clone_from(&item.value);
                state.problem = item.problem.map(|kind| self.answer_problem(node.item, kind));
            }
            (BodyKind::Repeat { count, fixed }, DrawnKind::Repeat) => {
                let free = count.is_none() && !fixed;
                let count = node.children.len();
                state.kind = NodeKind::Repeat { can_add: free, can_remove: free, count };
            }
            (BodyKind::Repeat { .. }, _) => {
                let (key, position) = item
                    .row
                    .as_ref()
                    .map_or((String::new(), 0), |row| (row.key.to_string(), row.place + 1));
                state.kind = NodeKind::Row { key, position, field_list };
            }
            (BodyKind::Group, _) => state.kind = NodeKind::Group { field_list },
        }
        Some(state)
    }

    fn answer_problem(&self, item: ItemId, kind: ViolationKind) -> AnswerProblem {
        let rules = self.program.rules(self.instance.get(item).def);
        let message = match kind {
            ViolationKind::Required => rules.required_message.as_ref(),
            ViolationKind::Constraint => rules.constraint_message.as_ref(),
            ViolationKind::Type | ViolationKind::Length => None,
        };
        let say = |said: &Said| self.telling().said(said, Handle::item(item)).text;
        AnswerProblem { kind, message: message.map(say).filter(|text| !text.is_empty()) }
    }

    /// Nodes drawn inside a node, relevant or not; of a repeat: its rows.
    #[must_use]
    pub fn children(&self, id: NodeId) -> Vec<NodeId> {
        self.drawn.get(id).map(|node| node.children.clone()).unwrap_or_default()
    }

    /// The node drawn around a node.
    #[must_use]
    pub fn parent(&self, id: NodeId) -> Option<NodeId> {
        self.drawn.get(id)?.parent
    }

    /// Choices of a question after the filter; none for what is no select. They are kept until
    /// something that they read changes.
    #[must_use]
    pub fn choices(&self, id: NodeId) -> Arc<[Choice]> {
        let Some((item, choices)) = self.asked(id) else { return Arc::from(Vec::new()) };
        let kept_as = choices.lasting().map_or(KeptAs::Of(id), KeptAs::List);
        let mut kept = self.choices.lock().unwrap_or_else(PoisonError::into_inner);
        let found = kept
            .entry(kept_as)
            .or_insert_with(|| self.reading().choices(choices, item).unwrap_or_default().into());
        Arc::clone(found)
    }

    /// The same for whoever only reads an answer: what the filter leaves out today was chosen once, and is called something.
    #[must_use]
    pub fn choices_with(&self, id: NodeId, answer: &str) -> Arc<[Choice]> {
        let choices = self.choices(id);
        let is_out = |value: &&str| choices.iter().all(|choice| choice.value != *value);
        let mut out: Vec<&str> = answer.split_whitespace().filter(is_out).collect();
        let Some((item, asked)) = self.asked(id).filter(|_| !out.is_empty() && is_out(&answer))
        else {
            return choices;
        };
        out.push(answer);
        let found = self.reading().unfiltered(asked, item, &out).unwrap_or_default();
        choices.iter().cloned().chain(found).collect()
    }

    /// The node whose answer a select is, and where its choices come from.
    fn asked(&self, id: NodeId) -> Option<(ItemId, &Choices)> {
        let node = self.drawn.get(id)?;
        Some((node.item, self.program.choices(node.body?)?))
    }

    /// Choices are to be found anew.
    fn forget_choices(&mut self, id: NodeId) {
        let lasting = self.asked(id).and_then(|(_, choices)| choices.lasting());
        let kept = self.choices.get_mut().unwrap_or_else(PoisonError::into_inner);
        kept.remove(&lasting.map_or(KeptAs::Of(id), KeptAs::List));
    }

    /// Every broken rule among the relevant questions, in the form's order.
    #[must_use]
    pub fn violations(&self) -> Vec<Violation> {
        let mut pages = BTreeSet::new();
        pages.extend(self.pages());
        let mut found = Vec::new();
        for id in self.drawn.in_order() {
            let Some(node) = self.drawn.get(id).filter(|node| node.kind == DrawnKind::Question)
            else {
                continue;
            };
            let Some(kind) = self.instance.get(node.item).problem else { continue };
            let AnswerProblem { kind, message } = self.answer_problem(node.item, kind);
            let mut page = Some(id);
            while let Some(at) = page.filter(|at| !pages.contains(at)) {
                page = self.parent(at);
            }
            found.push(Violation {
                node: id,
                path: self.item_path(node.item),
                kind,
                message,
                page,
            });
        }
        found
    }

    /// Whether a node and everything around it is relevant.
    #[must_use]
    pub fn is_relevant(&self, id: NodeId) -> bool {
        let Some(node) = self.drawn.get(id) else { return false };
        let relevant = self.instance.get(node.item).flags.relevant;
        let def = node.body.and_then(|body| self.program.body(body).def);
        match (node.kind, def) {
            (DrawnKind::Repeat, Some(def)) => {
                let rows = self.instance.rows(node.item, &self.program.schema, def);
                let prototype = rows.and_then(|rows| rows.prototype);
                let any = |item: &ItemId| self.instance.get(*item).flags.relevant;
                let rows_relevant = || rows.is_some_and(|rows| rows.items.iter().any(any));
                relevant && prototype.is_none_or(|item| any(&item) || rows_relevant())
            }
            _ => relevant,
        }
    }

    /// Which of [`Aspects::RELEVANT`], [`Aspects::REQUIRED`], [`Aspects::READONLY`] and [`Aspects::LABEL`] can change about a node as
    /// long as the form is open and what is drawn around it stays. What no expression decides needs nobody who watches it.
    #[must_use]
    pub fn may_change(&self, id: NodeId) -> Aspects {
        let Some(node) = self.drawn.get(id) else { return Aspects::default() };
        // A repeat is relevant with its rows.
        if matches!(node.kind, DrawnKind::Repeat | DrawnKind::Row) {
            return Aspects::RELEVANT | Aspects::REQUIRED | Aspects::READONLY;
        }
        let def = self.instance.get(node.item).def;
        let around = node.parent.and_then(|parent| self.drawn.get(parent));
        let around = around.map(|parent| self.instance.get(parent.item).def);
        let rules = |def: &DefId| self.program.rules(*def);
        let inherits = |from, depends: fn(&Rules) -> bool| {
            self.program.schema.chain(from, def).iter().map(rules).any(depends)
        };
        let mut may = Aspects::default();
        if inherits(around, |rules| rules.relevant.depends()) {
            may |= Aspects::RELEVANT;
        }
        if inherits(None, |rules| rules.readonly.depends()) {
            may |= Aspects::READONLY;
        }
        if rules(&def).required.depends() {
            may |= Aspects::REQUIRED;
        }
        if node.body.is_some_and(|body| !self.program.body(body).reads.is_empty()) {
            may |= Aspects::LABEL;
        }
        may
    }

    /// The pages of the paged view, relevant ones with something in them only: a group with
    /// `field-list` is one page, as is a repeat (it lists its rows); other groups are taken apart
    /// into their pages; a question outside all of these is a page of its own. A form without any
    /// group or repeat is one page: the root.
    #[must_use]
    pub fn pages(&self) -> Vec<NodeId> {
        let plain = |body: &crate::program::BodyId| {
            matches!(self.program.body(*body).kind, BodyKind::Question { .. })
        };
        if self.program.top.iter().all(plain) {
            return vec![self.root()];
        }
        let mut pages = Vec::new();
        let mut rest = self.children(self.root());
        rest.reverse();
        while let Some(id) = rest.pop() {
            let Some(node) = self.drawn.get(id).filter(|_| self.is_relevant(id)) else { continue };
            let appearance = node.body.map(|body| &self.program.body(body).appearance);
            let field_list =
                appearance.is_some_and(|words| words.iter().any(|w| w == "field-list"));
            if node.kind == DrawnKind::Group && !field_list {
                rest.extend(node.children.iter().rev());
            } else if node.kind != DrawnKind::Group || self.has_relevant_question(id) {
                pages.push(id);
            }
        }
        pages
    }

    /// Whether somebody has answered something in a node that is asked now. What a new record or row begins with is no answer.
    #[must_use]
    pub fn is_begun(&self, id: NodeId) -> bool {
        let mut rest = vec![id];
        while let Some(id) = rest.pop() {
            let Some(node) = self.drawn.get(id).filter(|_| self.is_relevant(id)) else { continue };
            let item = self.instance.get(node.item);
            let is_asked =
                || !item.flags.readonly && self.program.rules(item.def).calculate.is_none();
            let is_answer = || {
                let first = || self.instance.first_value(&self.program, node.item);
                !item.value.is_empty() && item.value != first()
            };
            if node.kind == DrawnKind::Question && is_answer() && is_asked() {
                return true;
            }
            rest.extend(&node.children);
        }
        false
    }

    /// The questions in a node that the form itself answers for whoever begins.
    #[must_use]
    pub fn defaulted(&self, id: NodeId) -> Vec<NodeId> {
        let mut found = Vec::new();
        let mut rest = vec![id];
        while let Some(id) = rest.pop() {
            let Some(node) = self.drawn.get(id) else { continue };
            let first = || self.instance.first_value(&self.program, node.item);
            if node.kind == DrawnKind::Question && !first().is_empty() {
                found.push(id);
            }
            rest.extend(node.children.iter().rev());
        }
        found
    }

    fn has_relevant_question(&self, id: NodeId) -> bool {
        let mut rest = vec![id];
        while let Some(id) = rest.pop() {
            let Some(node) = self.drawn.get(id).filter(|_| self.is_relevant(id)) else { continue };
            if matches!(node.kind, DrawnKind::Question | DrawnKind::Repeat) {
                return true;
            }
            rest.extend(&node.children);
        }
        false
    }

    /// How many expressions were evaluated since the session began.
    #[must_use]
    pub fn evaluated(&self) -> u64 {
        self.counters.evaluated.load(std::sync::atomic::Ordering::Relaxed)
    }

    /// How much work these evaluations were: nodes visited and functions called.
    #[must_use]
    pub fn visited(&self) -> u64 {
        self.counters.visited.load(std::sync::atomic::Ordering::Relaxed)
    }
}
