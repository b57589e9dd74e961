//! What is marked of each row at a time: what the form takes for granted, what it does not, and many answers at once.

use super::drawn::DrawnKind;
use super::instance::ItemId;
use super::reading::Reading;
use super::tree::{Handle, Live};
use super::{Session, value};
use crate::program::DefId;
use crate::view::{Change, NodeId};

impl Session {
    /// Whether an answer stands where the form itself answered that most have not: neither what it gave, nor, where that is not
    /// accepted, what [one press](Session::unmarked) gives.
    #[must_use]
    pub fn departs_from_default(&self, question: NodeId) -> bool {
        let Some(item) = self.drawn.get(question).map(|node| node.item) else { return false };
        let first = self.instance.first_value(&self.program, item);
        let value = &self.instance.get(item).value;
        !first.is_empty() && value != first && self.mark(question).is_none_or(|mark| mark != *value)
    }

    /// What is marked of most, where the form gives an answer that it does not accept: nobody has said anything of them yet. It is
    /// the first choice that is another. `None` as soon as anything else stands there.
    #[must_use]
    pub fn unmarked(&self, question: NodeId) -> Option<String> {
        let item = self.drawn.get(question)?.item;
        self.is_unmarked(item).then(|| self.mark(question))?
    }

    /// The questions of a list of people in which nobody has said anything yet of somebody who has a name.
    #[must_use]
    pub fn all_unmarked(&self, repeat: NodeId) -> Vec<NodeId> {
        let Some((body, _)) = self.roster(repeat) else { return Vec::new() };
        let program = &self.program;
        let Some((name, marked)) = program.row_name(body).zip(program.marked(body)) else {
            return Vec::new();
        };
        let of_row = |row: NodeId| {
            let row = self.drawn.get(row)?.item;
            let item = |def| self.instance.nearest(&program.schema, def, row);
            let is_named = item(name).is_some_and(|name| !self.instance.get(name).value.is_empty());
            let marked = item(marked).filter(|item| is_named && self.is_unmarked(*item))?;
            self.question_of(marked)
        };
        self.children(repeat).into_iter().filter_map(of_row).collect()
    }

    /// The paths below a row of a list of people of what is asked at each session anew, the marked one first; of what is asked in any
    /// row now.
    #[must_use]
    pub fn of_the_day(&self, repeat: NodeId) -> Vec<String> {
        let Some((body, row)) = self.roster(repeat) else { return Vec::new() };
        let rows = self.children(repeat);
        let is_asked = |def: &DefId| {
            rows.iter().filter_map(|row| self.drawn.get(*row)).any(|row| {
                let item = self.instance.nearest(&self.program.schema, *def, row.item);
                item.is_some_and(|item| self.instance.get(item).flags.relevant)
            })
        };
        let asked = self.program.of_the_day(body).into_iter().filter(is_asked);
        asked.map(|def| self.path_in_row(def, row)).collect()
    }

    fn is_unmarked(&self, item: ItemId) -> bool {
        let about = self.instance.get(item);
        let first = self.instance.first_value(&self.program, item);
        !about.flags.valid && !first.is_empty() && about.value == first
    }

    /// What one press gives in the place of an answer that the form gives and does not accept.
    pub(super) fn mark(&self, question: NodeId) -> Option<String> {
        let item = self.drawn.get(question)?.item;
        let constraint = self.program.rules(self.instance.get(item).def).constraint?;
        let first = self.instance.first_value(&self.program, item);
        let reading = self.reading();
        let live = Live { as_if: Some((item, first)), ..reading.live };
        let accepts = Reading { live, ..reading }.boolean(constraint, Handle::item(item));
        if first.is_empty() || accepts.unwrap_or(true) {
            return None;
        }
        let choices = self.choices(question);
        choices.iter().find(|choice| choice.value != first).map(|choice| choice.value.clone())
    }

    /// The question that is drawn for a node.
    pub(super) fn question_of(&self, item: ItemId) -> Option<NodeId> {
        let is_question = |id: &&NodeId| {
            self.drawn.get(**id).is_some_and(|node| node.kind == DrawnKind::Question)
        };
        self.drawn.of(item).iter().find(is_question).copied()
    }

    /// What stands in the row around a question, by question.
    #[must_use]
    pub fn answers_beside(&self, question: NodeId) -> Vec<(NodeId, String)> {
        let ways_up = std::iter::successors(Some(question), |id| self.parent(*id));
        let is_row = |id: &NodeId| self.drawn.get(*id).is_some_and(|it| it.kind == DrawnKind::Row);
        let mut rest: Vec<NodeId> = ways_up.filter(is_row).take(1).collect();
        let mut found = Vec::new();
        while let Some(id) = rest.pop() {
            let Some(node) = self.drawn.get(id) else { continue };
            rest.extend(&node.children);
            if node.kind == DrawnKind::Question {
                found.push((id, self.instance.get(node.item).value.clone()));
            }
        }
        found
    }

    /// As [`Session::answer`] of each, in one go. What is gone, or may not be changed, is passed over.
    pub fn answer_all(&mut self, answers: &[(NodeId, String)]) -> Vec<Change> {
        for (id, text) in answers {
            let node = self.drawn.get(*id).filter(|node| node.kind == DrawnKind::Question);
            let Some(item) = node.map(|node| node.item) else { continue };
            let about = self.instance.get(item);
            if !about.flags.readonly {
                let data_type = self.program.rules(about.def).data_type;
                self.set_value(item, value::answered(data_type, text), None);
            }
        }
        self.settle()
    }
}
