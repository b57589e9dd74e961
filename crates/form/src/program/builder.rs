//! What grows while a form is compiled: expressions, with the problems and the reads of each.

use std::collections::BTreeMap;

use super::expression::{Compiled, ExprId, Read, Scope};
use super::plan::Plans;
use super::schema::DefId;
use crate::problem::{Problem, ProblemKind};

pub(crate) struct Builder<'a> {
    pub(crate) scope: Scope<'a>,
    pub(crate) expressions: Vec<Compiled>,
    pub(crate) plans: Plans,
    pub(crate) problems: Vec<Problem>,
    /// Where the next problems are.
    pub(crate) place: String,
    /// What the expressions since [`Builder::collect`] read.
    reads: Vec<Read>,
    speaks: bool,
    /// Expressions that mean the same wherever they stand, by their texts.
    shared: BTreeMap<Box<str>, ExprId>,
    /// Expressions about an item of a list, likewise.
    of_items: BTreeMap<Box<str>, ExprId>,
}

impl<'a> Builder<'a> {
    pub(crate) fn new(scope: Scope<'a>) -> Self {
        Self {
            scope,
            expressions: Vec::new(),
            plans: Plans::default(),
            problems: Vec::new(),
            place: String::new(),
            reads: Vec::new(),
            speaks: false,
            shared: BTreeMap::new(),
            of_items: BTreeMap::new(),
        }
    }

    /// What follows is about this path, and this part of what is said about it.
    pub(crate) fn at(&mut self, path: &str, part: &str) {
        self.place.clear();
        self.place.push_str(path);
        if !part.is_empty() {
            self.place.push(' ');
            self.place.push_str(part);
        }
    }

    pub(crate) fn problem(&mut self, kind: ProblemKind) {
        let problem = Problem::new(self.place.clone(), kind);
        // The same is told again only about the same place, which is not left until then.
        let same_place = self.problems.iter().rev().take_while(|p| p.place == problem.place);
        if !same_place.into_iter().any(|known| *known == problem) {
            self.problems.push(problem);
        }
    }

    /// Compiles an expression; `None` when it cannot be read, which is then among the problems.
    pub(crate) fn expression(&mut self, text: &str, context: Option<DefId>) -> Option<ExprId> {
        self.expression_or(text, context, |problem| problem)
    }

    /// Compiles the expression of an output; one that cannot be read keeps nothing else from being said.
    pub(crate) fn output(&mut self, text: &str, context: Option<DefId>) -> Option<ExprId> {
        if text.trim().is_empty() {
            self.problem(ProblemKind::EmptyOutput);
            return None;
        }
        self.expression_or(text, context, |problem| match problem {
            ProblemKind::Expression { text, offset, message } => {
                ProblemKind::UnreadableOutput { text, offset, message }
            }
            other => other,
        })
    }

    /// Compiles an expression; `told`: what becomes of a problem with it.
    fn expression_or(
        &mut self,
        text: &str,
        context: Option<DefId>,
        told: fn(ProblemKind) -> ProblemKind,
    ) -> Option<ExprId> {
        if let Some(id) = self.shared.get(text).copied() {
            self.note(id);
            return Some(id);
        }
        let mut problems = Vec::new();
        let compiled = self.scope.compile(text, context, &mut self.plans, &mut problems);
        // What is wrong with it is told of each place.
        let is_sound = problems.is_empty();
        problems.into_iter().for_each(|kind| self.problem(told(kind)));
        let compiled = compiled?;
        let id =
            ExprId(u32::try_from(self.expressions.len()).expect("fewer expressions than 2^32"));
        if is_sound && !compiled.in_context {
            self.shared.insert(text.into(), id);
        }
        self.expressions.push(compiled);
        self.note(id);
        Some(id)
    }

    /// Compiles an expression about an item of a list. The names inside a list are not in the schema: problems with them
    /// mean nothing.
    pub(crate) fn of_item(&mut self, text: &str) -> Option<ExprId> {
        if let Some(known) = self.of_items.get(text) {
            return Some(*known);
        }
        let id = self.quietly(|b| b.expression(text, None)).0?;
        self.of_items.insert(text.into(), id);
        Some(id)
    }

    /// Notes what an expression reads.
    fn note(&mut self, id: ExprId) {
        let compiled = &self.expressions[id.0 as usize];
        self.reads.extend(&compiled.reads);
        self.speaks |= compiled.speaks;
    }

    /// Notes that everything below an entry is read, in whatever row.
    pub(crate) fn read_below(&mut self, def: DefId) {
        let targets = self.scope.schema.subtree(def).map(DefId);
        let value = |target| Read::Value { target, bound: None, filtered: false, picked: false };
        self.reads.extend(targets.map(value));
    }

    /// Runs `work`; gives what the expressions compiled in it read, and whether they speak a language.
    pub(crate) fn collect<T>(&mut self, work: impl FnOnce(&mut Self) -> T) -> (T, Vec<Read>, bool) {
        let outer = (std::mem::take(&mut self.reads), std::mem::take(&mut self.speaks));
        let result = work(self);
        let mut reads = std::mem::replace(&mut self.reads, outer.0);
        let speaks = std::mem::replace(&mut self.speaks, outer.1);
        reads.sort_unstable();
        reads.dedup();
        (result, reads, speaks)
    }

    /// Runs `work` and forgets the problems found in it.
    pub(crate) fn quietly<T>(&mut self, work: impl FnOnce(&mut Self) -> T) -> (T, Vec<Read>) {
        let known = self.problems.len();
        let (result, reads, _) = self.collect(work);
        self.problems.truncate(known);
        (result, reads)
    }
}
