//! Rows of repeats: added, removed, and brought back.

use std::collections::BTreeMap;

use form::{Change, Figure, NewRow, NodeId, RowError, Session};
use leptos::prelude::*;
use sync::{codec::Hasher, mask, wire::FileRef};

use super::{FormEntry, fields_of};
use crate::platform::{clock, random};
use crate::stores::record_id;

/// A row that was removed, with what stood in it, so that it can come back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemovedRow {
    repeat: NodeId,
    key: String,
    /// Its own field and those of all in it.
    fields: BTreeMap<String, String>,
    files: BTreeMap<String, FileRef>,
}

/// Somebody who is added to a list by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Named {
    /// As they are called.
    pub name: String,
    /// What else is known of them, by path below the row.
    pub answers: BTreeMap<String, String>,
}

/// What the keys of rows of a new record are made with, by the question that they are called by.
pub(super) fn new_salts(session: &Session) -> BTreeMap<String, String> {
    let names = session.program().row_names().into_iter();
    sync::gather(names.map(|name| (name, record_id::hexadecimal(&random::bytes_16()))))
}

/// Rows that were added at once, and the blank ones that they took the place of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddedRows {
    repeat: NodeId,
    keys: Vec<String>,
    blank: Vec<RemovedRow>,
}

impl FormEntry {
    /// The question that a row is called by, by its path below the row, if rows are called by a text.
    #[must_use]
    pub fn row_name(self, repeat: NodeId) -> Option<String> {
        self.session.with_value(|session| session.row_name(repeat))
    }

    /// The node of a row that a path below it leads to.
    #[must_use]
    pub fn within(self, row: NodeId, below: &str) -> Option<NodeId> {
        self.session.with_value(|session| session.find(&format!("{}/{below}", session.path(row))))
    }

    /// How many are in a list of people, as they become more or fewer.
    #[must_use]
    pub fn figures(self, repeat: NodeId) -> Vec<Figure> {
        let tellers = self.session.with_value(|session| session.tellers(repeat));
        tellers.iter().for_each(|teller| self.node(*teller).track());
        // Where those tell nothing any answer in a row may count.
        self.save_state.track();
        self.language.track();
        self.session.with_value(|session| session.figures(repeat))
    }

    /// What a column of a list beside the names may answer, by paths below the row.
    #[must_use]
    pub fn columns(self, repeat: NodeId) -> Vec<String> {
        self.session.with_value(|session| session.columns(repeat))
    }

    /// Whether a code is scanned into rows of a repeat.
    #[must_use]
    pub fn has_codes(self, repeat: NodeId) -> bool {
        self.session.with_value(|session| session.has_codes(repeat))
    }

    /// The row of a repeat in which a code stands.
    #[must_use]
    pub fn row_with(self, repeat: NodeId, code: &str) -> Option<NodeId> {
        self.session.try_with_value(|session| session.row_with(repeat, code)).flatten()
    }

    /// What the rows of a repeat are called.
    #[must_use]
    pub fn row_names(self, repeat: NodeId) -> Vec<String> {
        let Some(name) = self.row_name(repeat) else { return Vec::new() };
        let rows = self.session.with_value(|session| session.children(repeat));
        let called = |row| Some(self.value(self.within(row, &name)?));
        rows.into_iter().filter_map(called).filter(|name| !name.is_empty()).collect()
    }

    /// Who was in a list of people in the record that was handed in last before this one, for the same form and unit, with what of them
    /// goes along.
    pub async fn people_before(self, repeat: NodeId) -> Vec<Named> {
        let Some(question) = self.row_name(repeat) else { return Vec::new() };
        let before = self.records.summary(self.record);
        let (form, title) = (self.form().id, self.title.get_untracked());
        let all = self.records.all().get_untracked();
        let last = all.last_handed_in(&form, &self.unit(), &title, before.as_deref());
        let Some(last) = last.map(|last| last.id) else { return Vec::new() };
        // Whoever is not found is typed.
        let Ok(Some(view)) = self.records.view(last).await else { return Vec::new() };
        let fields = fields_of(&view);
        let people = self.session.try_with_value(|session| session.people_along(repeat, &fields));
        let named = |mut answers: BTreeMap<String, String>| {
            let name = answers.remove(&question)?;
            Some(Named { name, answers })
        };
        people.unwrap_or_default().into_iter().filter_map(named).collect()
    }

    /// The rows of a list of people in which something else is marked than is taken for granted, and the question of that.
    #[must_use]
    pub fn departing(self, repeat: NodeId) -> Vec<(NodeId, NodeId)> {
        self.session.try_with_value(|session| session.departing(repeat)).unwrap_or_default()
    }

    /// Adds a row for each person, in one go; blank rows make way for them.
    pub fn add_named_rows(self, repeat: NodeId, people: &[Named]) -> Option<AddedRows> {
        let question = self.row_name(repeat)?;
        let blank = self.session.with_value(|session| session.blank_rows(repeat));
        let blank = blank.into_iter().filter_map(|row| self.remove_row(row)).collect();
        let mut rows: Vec<NewRow> = Vec::new();
        for Named { name, answers } in people {
            let key = self.key_of_name(repeat, &question, name, &rows)?;
            let mut answers = answers.clone();
            answers.insert(question.clone(), name.clone());
            rows.push(NewRow { key, answers });
        }
        let added = {
            let mut session = self.session.write_value();
            session.set_now(clock::local_now());
            session.add_rows(repeat, &rows)
        };
        self.take_in_rows(added)?;
        let keys = rows.into_iter().map(|row| row.key).collect();
        let added = AddedRows { repeat, keys, blank };
        self.rows_of(&added).into_iter().for_each(|row| self.log_event("add repeat", Some(row)));
        Some(added)
    }

    /// The key of a row that is added by a name: another phone that adds the same name to the same record gives it the same, and
    /// the person is there once. Namesakes are told apart by their number; what was removed does not come back by its name. Nobody
    /// tells a name by its key who is not told what keys are made with.
    fn key_of_name(
        self,
        repeat: NodeId,
        question: &str,
        name: &str,
        added: &[NewRow],
    ) -> Option<String> {
        let draft = self.draft.try_get_value()?;
        let path = self.session.with_value(|session| session.path(repeat));
        let Some(salt) = draft.salt(&mask::question(&format!("{path}/{question}"))) else {
            return Some(record_id::hexadecimal(&random::bytes_16()));
        };
        let key = |number: u32| {
            let mut hasher = Hasher::default();
            hasher.update(salt.as_bytes());
            hasher.update(&self.record.0);
            hasher.update(&number.to_be_bytes());
            hasher.update(format!("{path}\0{}", name.to_lowercase()).as_bytes());
            let [half @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _] = hasher.finish().0;
            record_id::hexadecimal(&half)
        };
        let is_free = |key: &String| {
            !added.iter().any(|row| row.key == *key) && !draft.knows(&format!("{path}[{key}]"))
        };
        (0..).map(key).find(is_free)
    }

    /// Those of the rows that are there.
    #[must_use]
    pub fn rows_of(self, added: &AddedRows) -> Vec<NodeId> {
        let found = self.session.try_with_value(|session| {
            let repeat = session.path(added.repeat);
            let row = |key| {
                let path = format!("{repeat}[{key}]");
                // Where a row is not, its repeat is found.
                session.find(&path).filter(|row| session.path(*row) == path)
            };
            added.keys.iter().filter_map(row).collect()
        });
        found.unwrap_or_default()
    }

    /// Takes back what was added at once, as long as the form is open.
    pub fn take_back(self, added: &AddedRows) {
        if self.draft.try_get_value().is_none() {
            return;
        }
        let rows = self.rows_of(added);
        rows.iter().for_each(|row| self.log_event("delete repeat", Some(*row)));
        let removed = self.session.write_value().remove_rows(&rows);
        self.take_in_rows(removed);
        added.blank.iter().for_each(|row| {
            self.restore_row(row);
        });
    }

    /// Begins with the people of an earlier record, `fields`, and stores that at once: nobody types them again after a crash.
    pub fn begin_after(self, fields: &BTreeMap<String, String>) {
        let begun = self.session.write_value().begin_after(fields);
        if begun.as_ref().is_ok_and(Vec::is_empty) {
            return;
        }
        self.take_in_rows(begun);
    }

    fn take_in_rows(self, changed: Result<Vec<Change>, RowError>) -> Option<()> {
        self.touch();
        match changed {
            Ok(changes) => self.take_in(&changes),
            Err(error) => {
                crate::platform::log_error(&format!("rows not changed: {error}"));
                return None;
            }
        }
        self.save_soon(0);
        Some(())
    }

    /// Adds a row; `None` if the form does not allow it.
    pub fn add_row(self, repeat: NodeId) -> Option<NodeId> {
        let key = record_id::hexadecimal(&random::bytes_16());
        let added = self.session.write_value().add_row(repeat, &key);
        self.take_in_row(repeat, &key, added)
    }

    fn take_in_row(
        self,
        repeat: NodeId,
        key: &str,
        added: Result<Vec<Change>, RowError>,
    ) -> Option<NodeId> {
        self.take_in_rows(added)?;
        let row = self
            .session
            .with_value(|session| session.find(&format!("{}[{key}]", session.path(repeat))));
        self.log_event("add repeat", row);
        row
    }

    /// Removes a row; what is returned brings it back.
    pub fn remove_row(self, row: NodeId) -> Option<RemovedRow> {
        self.touch();
        let repeat = self.parent(row)?;
        let path = self.session.with_value(|session| session.path(row));
        let key = path.rsplit_once('[')?.1.trim_end_matches(']').to_owned();
        let inside = format!("{path}/");
        let mut fields = self.session.with_value(Session::fields);
        fields.retain(|field, _| *field == path || field.starts_with(&inside));
        let files = self.draft.with_value(|draft| draft.files_in(&inside));
        self.log_event("delete repeat", Some(row));
        let removed = self.session.write_value().remove_row(row);
        self.take_in_rows(removed)?;
        Some(RemovedRow { repeat, key, fields, files })
    }

    /// Brings a removed row back to its place, as it was; `false` if the form was closed meanwhile.
    pub fn restore_row(self, removed: &RemovedRow) -> bool {
        let RemovedRow { repeat, key, fields, files } = removed;
        let Some(draft) = self.draft.try_get_value() else { return false };
        draft.keep_files(files);
        let restored = self.session.write_value().restore_row(*repeat, key, fields);
        self.take_in_row(*repeat, key, restored);
        true
    }
}
