//! Fields that a person does not see: cut out of whatever leaves the server for them.

use std::collections::{BTreeMap, BTreeSet};

use crate::gather::gather;
use crate::wire::{DeviceId, Operation, RecordState, field};

/// The question that a field answers: its path without the keys of rows. What keys of rows are made with is as personal as what the rows
/// are called by.
#[must_use]
pub fn question(path: &str) -> String {
    let path = path.strip_prefix(field::ROWS).unwrap_or(path);
    let steps = path.split('/').map(|step| step.split('[').next().unwrap_or(step));
    steps.collect::<Vec<_>>().join("/")
}

/// The questions that a person does not see, by the form's id, whichever version: a question, or a group of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mask(BTreeMap<String, BTreeSet<String>>);

impl Mask {
    /// The mask of those questions.
    #[must_use]
    pub fn new(hidden: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut mask = Self::default();
        for (form, question) in hidden {
            mask.0.entry(form).or_default().insert(question);
        }
        mask
    }

    /// Whether it hides nothing of a form.
    #[must_use]
    pub fn shows_all_of(&self, form: &str) -> bool {
        !self.0.contains_key(form)
    }

    /// Whether it hides a field of a record of that form.
    #[must_use]
    pub fn hides(&self, form: &str, path: &str) -> bool {
        let Some(hidden) = self.0.get(form) else { return false };
        let question = question(path);
        let mut groups = question.match_indices('/').filter_map(|(at, _)| question.get(..at));
        hidden.contains(&question) || groups.any(|group| hidden.contains(group))
    }

    /// Cuts out of a record what it hides, and who wrote nothing but that.
    pub fn cut_state(&self, state: &mut RecordState) {
        if !self.shows_all_of(&state.form.id) {
            let form = state.form.id.clone();
            state.fields.retain(|path, _| !self.hides(&form, path));
            let left = state.fields.values().flatten().map(|sibling| sibling.dot.device);
            let left: BTreeSet<DeviceId> = gather(left);
            state.writers.retain(|device, _| left.contains(device));
        }
    }

    /// Cuts out of an operation what it hides.
    pub fn cut_operation(&self, operation: &mut Operation) {
        if !self.shows_all_of(&operation.form.id) {
            let form = operation.form.id.clone();
            operation.fields.retain(|path, _| !self.hides(&form, path));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_hidden_in_every_row_and_a_group_with_all_that_is_in_it() {
        let hidden = [("roster", "hoc_vien/hv_ten"), ("roster", "chung"), ("other", "x")];
        let mask = Mask::new(hidden.map(|(form, field)| (form.to_owned(), field.to_owned())));
        for path in ["hoc_vien[k]/hv_ten", "hoc_vien/hv_ten", "chung", "chung/ten", "chung/a[1]/b"]
        {
            assert!(mask.hides("roster", path), "{path}");
            assert!(!mask.hides("inspection", path) && !mask.hides("other", path), "{path}");
        }
        assert!(mask.hides("roster", "_rows/hoc_vien/hv_ten"), "it would tell a name by its key");
        assert!(!mask.hides("roster", "_rows/nhom/ten"));
        for path in ["hoc_vien[k]", "hoc_vien[k]/hv_ten_2", "chung_2/ten", "_state", "ten", "x"] {
            assert!(!mask.hides("roster", path), "{path}");
        }
        assert!(mask.shows_all_of("inspection") && !mask.shows_all_of("roster"));
    }
}
