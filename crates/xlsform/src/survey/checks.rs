//! Names are checked as they come; what rows say of each other, when all are read.

use std::collections::BTreeSet;

use super::Survey;
use crate::problem::{Place, ProblemKind};
use crate::references::sole_reference;
use crate::tree::ROOT;

impl Survey<'_> {
    /// Names are unique within a group that has a node. Those of the sheet should differ in more than case.
    pub(super) fn check_name(&mut self, name: &str, row: u32, place: &Place, of_sheet: bool) {
        let Some(open) = self.open.iter_mut().rfind(|open| open.flat.is_none()) else { return };
        let value = name.to_owned();
        if let Some(first) = open.names.get(name) {
            let kind = ProblemKind::DuplicateName { value, first: *first };
            self.problems.error(place, kind);
        } else if of_sheet && !open.lower.insert(name.to_lowercase()) {
            self.problems.warn(place, ProblemKind::NameDiffersInCase { value });
        }
        open.names.entry(name.to_owned()).or_insert(row);
    }

    pub(super) fn check_triggers(&mut self) {
        for (name, place) in std::mem::take(&mut self.triggers) {
            if !self.questions.contains(&name) {
                self.problems.error(&place, ProblemKind::UnknownReference { name });
            }
        }
    }

    /// What a trigger sets is found by its name.
    pub(super) fn check_targets(&mut self) {
        let mut told = BTreeSet::new();
        for id in self.tree.descendants(ROOT) {
            let node = &self.tree.nodes[id];
            let several = || self.tree.named(&node.name).is_err_and(|count| count > 1);
            if !node.trigger.is_empty() && several() && told.insert(node.row) {
                let place = self.table.place(node.row, &["trigger"]);
                let kind = ProblemKind::AmbiguousReference { name: node.name.clone() };
                self.problems.error(&place, kind);
            }
        }
    }

    /// A repeat finds what counts its rows by its name.
    pub(super) fn check_counters(&mut self) {
        for (name, row) in std::mem::take(&mut self.counters) {
            if self.tree.named(&name).is_err_and(|count| count > 1) {
                let place = self.table.place(row, &["control", "jr:count"]);
                self.problems.error(&place, ProblemKind::AmbiguousReference { name });
            }
        }
    }

    pub(super) fn check_geometries(&mut self) {
        for (target, place) in std::mem::take(&mut self.geometries) {
            let repeat = sole_reference(&target).is_some_and(|name| self.repeats.contains(name));
            let known = repeat
                || self.files.contains(&target)
                || self.choices.list(&target).is_some()
                || self.entities.has(&target);
            if !known {
                let key = "reference-geometry".to_owned();
                let expected = "a list, a file or a repeat".to_owned();
                let kind = ProblemKind::BadParameter { key, value: target, expected };
                self.problems.error(&place, kind);
            }
        }
    }
}
