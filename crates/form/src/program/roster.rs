//! Lists of people: which repeats are one, what a row is called by, and what of a row is about whoever it is and not about the day.

use std::collections::BTreeSet;

use xpath::Function;
use xpath::ast::{Call, Expression};

use super::{BodyId, BodyKind, DefId, ExprId, Program, Rule, expression::Read, rules::RuleKind};
use crate::view::{DataType, Question, QuestionControl};

/// How many names of a count are followed.
const MAX_NAMES: usize = 8;

impl Program {
    /// The question that rows of a repeat are called by: the first one, if it is a text that is always asked.
    pub(crate) fn row_name(&self, repeat: BodyId) -> Option<DefId> {
        let (def, question) = self.asked_in_rows(repeat).into_iter().next()?;
        let is_text = question.control == QuestionControl::Input
            && question.data_type == DataType::String
            && question.parameter("query").is_none();
        let row = self.body(repeat).def?;
        (is_text && self.is_free(def) && self.is_always_asked(def, row)).then_some(def)
    }

    /// The questions that rows of repeats are called by: their paths below the root, without keys of rows.
    #[must_use]
    pub fn row_names(&self) -> Vec<String> {
        let bodies = (0..).map(BodyId).take(self.body.len());
        let names = bodies.filter_map(|repeat| self.row_name(repeat));
        let below_root = |def| Some(self.schema.path(def).splitn(3, '/').nth(2)?.to_owned());
        names.filter_map(below_root).collect()
    }

    /// Whether a repeat is a list of people: its rows are called by a text, and the form takes something for granted of each until it is
    /// said otherwise, which is what is marked at each session.
    pub(crate) fn is_roster(&self, repeat: BodyId) -> bool {
        self.marked(repeat).is_some()
    }

    /// The question in rows of a list of people for whose answer the form takes something for granted; the first one.
    pub(crate) fn marked(&self, repeat: BodyId) -> Option<DefId> {
        let is_marked = |(def, question): &(DefId, &Question)| {
            let is_one_of = question.control == QuestionControl::Select1;
            is_one_of && !self.schema.def(*def).default.is_empty()
        };
        self.row_name(repeat)?;
        self.asked_in_rows(repeat).into_iter().find(is_marked).map(|(def, _)| def)
    }

    /// The notes and questions outside of rows that tell how many rows of a list there are, or a sum over them.
    pub(crate) fn tellers(&self, row: DefId) -> impl Iterator<Item = BodyId> {
        let tells = move |id: &BodyId| {
            let body = self.body(*id);
            let BodyKind::Question { question, .. } = &body.kind else { return false };
            let is_in_row = self.schema.row_of(body.context).is_some();
            !is_in_row
                && match question.control {
                    QuestionControl::Note => {
                        body.reads.iter().any(|read| self.reads_count(read, row))
                    }
                    _ => body.def.is_some_and(|def| self.is_count(def, row)),
                }
        };
        (0..).map(BodyId).take(self.body.len()).filter(tells)
    }

    /// Whether an entry is worked out by an expression that [counts](Self::counts).
    pub(crate) fn is_count(&self, def: DefId, row: DefId) -> bool {
        self.rules(def).calculate.is_some_and(|expression| self.counts(expression, row))
    }

    /// Whether an expression is how many rows of a list there are, or a sum over them, or names what is worked out so.
    pub(crate) fn counts(&self, mut expression: ExprId, row: DefId) -> bool {
        // What is worked out from itself has no end.
        for _ in 0..MAX_NAMES {
            let compiled = self.expression(expression);
            match (compiled.expr.ast(), &compiled.reads[..]) {
                (Expression::Call(Call { function: Some(function), .. }), reads) => {
                    let adds = [Function::Sum, Function::Count, Function::CountNonEmpty];
                    return adds.contains(function)
                        && reads.iter().any(|read| self.is_in_row(read, row));
                }
                (Expression::Path(_), [Read::Value { target, .. }]) => {
                    let Some(next) = self.rules(*target).calculate else { return false };
                    expression = next;
                }
                _ => return false,
            }
        }
        false
    }

    fn reads_count(&self, read: &Read, row: DefId) -> bool {
        let is_count = matches!(read, Read::Value { target, .. } if self.is_count(*target, row));
        is_count || self.is_in_row(read, row)
    }

    fn is_in_row(&self, read: &Read, row: DefId) -> bool {
        matches!(read, Read::Value { target, .. } | Read::Rows { target, .. }
            if self.schema.row_of(*target) == Some(row))
    }

    /// Whether a code is scanned into rows of a repeat.
    pub(crate) fn has_codes(&self, repeat: BodyId) -> bool {
        let mut asked = self.asked_in_rows(repeat).into_iter();
        asked.any(|(_, question)| question.data_type == DataType::Barcode)
    }

    /// Whether a record has people in it that a next record can begin with.
    #[must_use]
    pub fn has_roster(&self) -> bool {
        (0..self.body.len()).any(|body| {
            let body = BodyId(u32::try_from(body).expect("as many as there are ids"));
            self.is_outermost(body) && self.is_roster(body)
        })
    }

    /// Whether a repeat stands in no other.
    pub(crate) fn is_outermost(&self, repeat: BodyId) -> bool {
        let around = self.body(repeat).def.and_then(|def| self.schema.def(def).parent);
        around.is_none_or(|around| self.schema.row_of(around).is_none())
    }

    /// What of a row goes along into the next session: what a person typed or chose. Not what the form fills in, nor times, places, files,
    /// marks and confirmations; nor what is asked, or limited, by something that does not go along itself.
    pub(crate) fn goes_along(&self, repeat: BodyId) -> BTreeSet<DefId> {
        let Some(row) = self.body(repeat).def else { return BTreeSet::new() };
        let asked = self.asked_in_rows(repeat).into_iter();
        let mut along: BTreeSet<DefId> = asked
            .filter(|(def, question)| is_of_person(question) && self.is_free(*def))
            .map(|(def, _)| def)
            .collect();
        loop {
            let stays = |def: &DefId| !self.rests_on(*def, row, &along);
            let left: Vec<DefId> = along.iter().copied().filter(stays).collect();
            if left.is_empty() {
                return along;
            }
            left.iter().for_each(|def| {
                along.remove(def);
            });
        }
    }

    /// What is asked of each row at each session anew: what is marked, and what a person fills that does not go along.
    pub(crate) fn of_the_day(&self, repeat: BodyId) -> Vec<DefId> {
        let (marked, along) = (self.marked(repeat), self.goes_along(repeat));
        let asked = self.asked_in_rows(repeat).into_iter().map(|(def, _)| def);
        let is_other =
            |def: &DefId| Some(*def) != marked && self.is_free(*def) && !along.contains(def);
        marked.into_iter().chain(asked.filter(is_other)).collect()
    }

    /// The questions that a column of a list beside the names may answer, in each row: what everybody is asked that would go along, too,
    /// one answer of the same choices. Who has to consent before they are asked is asked.
    pub(crate) fn columns(&self, repeat: BodyId) -> Vec<DefId> {
        let Some(row) = self.body(repeat).def else { return Vec::new() };
        let (name, along) = (self.row_name(repeat), self.goes_along(repeat));
        let is_column = |(def, question): &(DefId, &Question)| {
            Some(*def) != name
                && along.contains(def)
                && question.control != QuestionControl::Select
                && self.is_always_asked(*def, row)
                && self.chooses_alike(*def, row)
        };
        let asked = self.asked_in_rows(repeat).into_iter();
        asked.filter(is_column).map(|(def, _)| def).collect()
    }

    /// Whether an entry has the same choices in each row, as far as it has any.
    fn chooses_alike(&self, def: DefId, row: DefId) -> bool {
        let is_alike = |read: &Read| {
            matches!(read, Read::Value { .. } | Read::Rows { .. }) && !self.is_in_row(read, row)
        };
        self.body.iter().filter(|body| body.def == Some(def)).all(|body| match &body.kind {
            BodyKind::Question { choices: Some(choices), .. } => {
                choices.closed && choices.reads.iter().all(is_alike)
            }
            _ => true,
        })
    }

    /// Whether what has a question asked or limits its answer is within `along`.
    fn rests_on(&self, def: DefId, row: DefId, along: &BTreeSet<DefId>) -> bool {
        let is_along =
            |read: &Read| matches!(read, Read::Value { target, .. } if along.contains(target));
        self.ways_up(def, row).all(|def| {
            let mut reads = self.rules(def).reads.iter();
            reads.all(|(kind, reads, _)| {
                !matches!(kind, RuleKind::Relevant | RuleKind::Constraint)
                    || reads.iter().all(is_along)
            })
        })
    }

    fn is_always_asked(&self, def: DefId, row: DefId) -> bool {
        self.ways_up(def, row).all(|def| self.rules(def).relevant == Rule::Always(true))
    }

    /// An entry and those around it, within its row.
    fn ways_up(&self, def: DefId, row: DefId) -> impl Iterator<Item = DefId> {
        std::iter::successors(Some(def), |def| self.schema.def(*def).parent)
            .take_while(move |def| *def != row)
    }

    /// Whether a person alone fills an entry.
    fn is_free(&self, def: DefId) -> bool {
        let rules = self.rules(def);
        rules.readonly == Rule::Always(false)
            && rules.calculate.is_none()
            && rules.preload.is_none()
            && self.schema.def(def).default.is_empty()
            && self.actions.iter().all(|action| action.target != def)
    }

    /// The questions in a row, in their order; not those of repeats in it.
    fn asked_in_rows(&self, repeat: BodyId) -> Vec<(DefId, &Question)> {
        let mut found = Vec::new();
        let mut rest: Vec<BodyId> = self.body(repeat).children.iter().rev().copied().collect();
        if !matches!(self.body(repeat).kind, BodyKind::Repeat { count: None, fixed: false }) {
            return found;
        }
        while let Some(id) = rest.pop() {
            let body = self.body(id);
            match (&body.kind, body.def) {
                (BodyKind::Question { question, .. }, Some(def))
                    if question.control != QuestionControl::Note =>
                {
                    found.push((def, &**question));
                }
                (BodyKind::Group, _) => rest.extend(body.children.iter().rev()),
                _ => {}
            }
        }
        found
    }
}

/// Whether such an answer says something about a person, as far as its kind tells.
fn is_of_person(question: &Question) -> bool {
    let is_told = matches!(
        question.control,
        QuestionControl::Input | QuestionControl::Select1 | QuestionControl::Select
    );
    let is_lasting = matches!(
        question.data_type,
        DataType::String
            | DataType::Int
            | DataType::Decimal
            | DataType::Boolean
            | DataType::Date
            | DataType::Barcode
    );
    is_told && is_lasting
}
