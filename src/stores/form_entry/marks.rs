//! What is marked of each row of a list of people: of one or of all of whom nobody has said anything yet, and taken back.

use form::{NodeId, NodeKind, Session};
use leptos::prelude::*;

use super::FormEntry;

/// What marks changed in their rows, and how it stood before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marked(Vec<Changed>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Changed {
    question: NodeId,
    before: String,
    after: String,
}

impl Marked {
    /// Whether all stood so before.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FormEntry {
    /// Whether another answer stands where the form itself answered than most have.
    #[must_use]
    pub fn departs_from_default(self, question: NodeId) -> bool {
        self.session.with_value(|session| session.departs_from_default(question))
    }

    /// What one press marks where the form does not accept the answer that it gave; `None` once somebody said anything.
    #[must_use]
    pub fn unmarked(self, question: NodeId) -> Option<String> {
        self.session.try_with_value(|session| session.unmarked(question)).flatten()
    }

    /// Where a list of people has no mark yet, as it stood when all was last stored.
    #[must_use]
    pub fn all_unmarked(self, repeat: NodeId) -> Vec<NodeId> {
        self.save_state.track();
        self.session.with_value(|session| session.all_unmarked(repeat))
    }

    /// What is asked in rows of a list of people at each session anew, by paths below the row: the marked question first.
    #[must_use]
    pub fn of_the_day(self, repeat: NodeId) -> Vec<String> {
        self.save_state.track();
        self.session.with_value(|session| session.of_the_day(repeat))
    }

    /// Marks what stands on cards; what is returned takes it back. `None` if the form was closed.
    pub fn mark(self, marks: &[(NodeId, String)]) -> Option<Marked> {
        let (first, _) = marks.first()?;
        let beside = |session: &Session| {
            let beside = marks.iter().map(|(question, _)| session.answers_beside(*question));
            beside.flatten().collect::<Vec<_>>()
        };
        let before = self.session.try_with_value(beside)?;
        let place = self.card_of(*first);
        // A log tells what each of them was before.
        let at_once = if self.log.try_get_value().flatten().is_some() { 1 } else { marks.len() };
        marks.chunks(at_once).for_each(|marks| self.answer_all(marks, place));
        self.leave(place);
        let after = self.session.try_with_value(beside)?;
        let changed = before.into_iter().zip(after);
        let changed = changed.filter(|((_, before), (_, after))| before != after);
        let changed =
            changed.map(|((question, before), (_, after))| Changed { question, before, after });
        Some(Marked(changed.collect()))
    }

    /// Takes marks back, with what the form answered because of them. What somebody has answered otherwise since then stays.
    pub fn take_back_marks(self, marked: &Marked) {
        if self.is_closed() {
            return;
        }
        let stands = |changed: &&Changed| self.value(changed.question) == changed.after;
        let back = marked.0.iter().filter(stands);
        let back: Vec<_> = back.map(|it| (it.question, it.before.clone())).collect();
        let Some((first, _)) = back.first() else { return };
        // What waits for a mark writes when that changes again: the second time there is nothing to wait for.
        let place = self.card_of(*first);
        self.answer_all(&back, place);
        self.answer_all(&back, place);
        self.leave(place);
    }

    /// Where whoever comes back finds themselves: at the card, not inside it.
    fn card_of(self, question: NodeId) -> NodeId {
        let mut ways_up = std::iter::successors(Some(question), |node| self.parent(*node));
        let is_row =
            |node: &NodeId| matches!(self.node(*node).read_untracked().kind, NodeKind::Row { .. });
        ways_up.find(is_row).unwrap_or(question)
    }
}
