//! Many rows at once: a list of names, and the people of one session in the next.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::drawn::DrawnKind;
use super::fields::segments;
use super::instance::{Filling, ItemId};
use super::{RowError, Session, value};
use crate::program::{BodyId, BodyKind, DefId};
use crate::view::{Change, DataType, NodeId, QuestionControl};

/// A row that is to be added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRow {
    /// As for [`Session::add_row`].
    pub key: String,
    /// What is answered in it, by path below the row.
    pub answers: BTreeMap<String, String>,
}

impl Session {
    /// The path below a row of the question that rows of a repeat are called by: the first one, if it is a text that is always asked.
    #[must_use]
    pub fn row_name(&self, repeat: NodeId) -> Option<String> {
        let body = self.repeat_body(repeat)?;
        let name = self.program.row_name(body)?;
        Some(self.path_in_row(name, self.program.body(body).def?))
    }

    /// The paths below a row of the questions that a column of a list beside the names may answer, in each row.
    #[must_use]
    pub fn columns(&self, repeat: NodeId) -> Vec<String> {
        let Some(body) = self.repeat_body(repeat) else { return Vec::new() };
        let Some(row) = self.program.body(body).def else { return Vec::new() };
        self.program.columns(body).into_iter().map(|def| self.path_in_row(def, row)).collect()
    }

    /// Whether a code is scanned into rows of a repeat.
    #[must_use]
    pub fn has_codes(&self, repeat: NodeId) -> bool {
        self.repeat_body(repeat).is_some_and(|body| self.program.has_codes(body))
    }

    /// The row in which a code stands: as one that was scanned, else as the row's name, else as any text. Of a code of several
    /// parts, as that of an identity card, one may be what was scanned or the name; of namesakes it is who was born in the year that
    /// another one says.
    #[must_use]
    pub fn row_with(&self, repeat: NodeId, code: &str) -> Option<NodeId> {
        let name = self.program.row_name(self.repeat_body(repeat)?);
        let code = code.trim();
        let parts: Vec<String> = code.split('|').map(|part| part.trim().to_lowercase()).collect();
        let is_part = |text: &str| parts.contains(&text.to_lowercase());
        let is_year = |text: &str| text.len() == 4 && parts.iter().any(|part| part.ends_with(text));
        let mut found: Option<(u8, NodeId)> = None;
        for row in self.children(repeat) {
            let mut rest = vec![row];
            let (mut nearest, mut is_of_year) = (None::<u8>, false);
            while let Some(id) = rest.pop() {
                let Some(node) = self.drawn.get(id).filter(|_| self.is_relevant(id)) else {
                    continue;
                };
                rest.extend(&node.children);
                let Some(BodyKind::Question { question, .. }) =
                    node.body.map(|body| &self.program.body(body).kind)
                else {
                    continue;
                };
                let item = self.instance.get(node.item);
                let text = item.value.trim();
                let rank = match question.data_type {
                    _ if text.is_empty() => continue,
                    DataType::Barcode if text == code => 0,
                    DataType::String if question.control != QuestionControl::Input => continue,
                    DataType::Barcode if is_part(text) => 1,
                    DataType::String if Some(item.def) == name && is_part(text) => 3,
                    DataType::String if text == code => 4,
                    DataType::Int if is_year(text) => {
                        is_of_year = true;
                        continue;
                    }
                    _ => continue,
                };
                nearest = Some(nearest.map_or(rank, |nearest| nearest.min(rank)));
            }
            let rank = nearest.map(|rank| if rank == 3 && is_of_year { 2 } else { rank });
            if let Some(rank) = rank.filter(|rank| found.is_none_or(|(best, _)| *rank < best)) {
                found = Some((rank, row));
            }
        }
        found.map(|(_, row)| row)
    }

    /// Adds rows at the end, all or none, as if a person had added each and answered in it; what waits for that is done once for all.
    pub fn add_rows(&mut self, repeat: NodeId, rows: &[NewRow]) -> Result<Vec<Change>, RowError> {
        let mut keys = BTreeSet::new();
        for NewRow { key, .. } in rows {
            self.room_for(repeat, key)?;
            if !keys.insert(key) {
                return Err(RowError::Key);
            }
        }
        let program = Arc::clone(&self.program);
        let mut added = Vec::new();
        for NewRow { key, answers } in rows {
            let (around, def) = self.room_for(repeat, key)?;
            let row = self.attach_row(around, def, key, Filling::Defaults, None, &program);
            self.fire_new_repeat(row, &program);
            let path = self.item_path(row);
            for (below, text) in answers {
                let item = segments(&format!("{path}/{below}"))
                    .and_then(|parts| self.locate(&parts, &BTreeMap::new()));
                if let Some(item) = item.filter(|item| self.holds_text(*item)) {
                    let data_type = program.rules(self.instance.get(item).def).data_type;
                    self.set_value(item, value::answered(data_type, text), None);
                }
            }
            added.push(row);
        }
        Ok(self.settle_new(&added))
    }

    /// Removes rows; all of them may go, or none does.
    pub fn remove_rows(&mut self, rows: &[NodeId]) -> Result<Vec<Change>, RowError> {
        let items: Result<Vec<ItemId>, RowError> =
            rows.iter().map(|row| self.removable(*row)).collect();
        let program = Arc::clone(&self.program);
        // The last first: what stands behind a row moves.
        for item in items?.into_iter().rev() {
            self.detach_row(item, None, &program);
        }
        Ok(self.settle())
    }

    /// The rows of a repeat in which nobody has answered anything, and that have no name.
    #[must_use]
    pub fn blank_rows(&self, repeat: NodeId) -> Vec<NodeId> {
        let name = self.row_name(repeat);
        let is_blank = |row: &NodeId| {
            let named =
                name.as_ref().and_then(|name| self.find(&format!("{}/{name}", self.path(*row))));
            let is_named =
                named.and_then(|id| self.state(id)).is_some_and(|state| !state.value.is_empty());
            !is_named && !self.is_begun(*row)
        };
        self.children(repeat).into_iter().filter(is_blank).collect()
    }

    /// Begins with the people of an earlier record of this form, or of another version of it: their rows, with what was said of them
    /// that is not about that day. `fields`: those of the earlier record.
    pub fn begin_after(
        &mut self,
        fields: &BTreeMap<String, String>,
    ) -> Result<Vec<Change>, RowError> {
        let mut changes = Vec::new();
        for repeat in self.drawn.in_order() {
            let Some((body, _)) = self.roster(repeat) else { continue };
            let rows = self.rows_along(repeat, body, fields);
            if !rows.is_empty() {
                changes.extend(self.remove_rows(&self.blank_rows(repeat))?);
                changes.extend(self.add_rows(repeat, &rows)?);
            }
        }
        Ok(changes)
    }

    /// The people of an earlier record of this form, or of another version of it, as they go along into a next one: what is answered in
    /// each of their rows.
    #[must_use]
    pub fn people_along(
        &self,
        repeat: NodeId,
        fields: &BTreeMap<String, String>,
    ) -> Vec<BTreeMap<String, String>> {
        let Some((body, _)) = self.roster(repeat) else { return Vec::new() };
        let rows = self.rows_along(repeat, body, fields).into_iter();
        rows.map(|row| row.answers).collect()
    }

    /// The rows of a list of people in which something else is marked than the form takes for granted of each, and the question of that.
    #[must_use]
    pub fn departing(&self, repeat: NodeId) -> Vec<(NodeId, NodeId)> {
        let marked = self.repeat_body(repeat).and_then(|body| self.program.marked(body));
        let Some(marked) = marked else { return Vec::new() };
        let mark = |row: NodeId| {
            let item = self.drawn.get(row)?.item;
            let item = self.instance.nearest(&self.program.schema, marked, item)?;
            let question = self.drawn.of(item).iter().copied().find(|id| {
                self.drawn.get(*id).is_some_and(|node| node.kind == DrawnKind::Question)
            })?;
            Some((row, question))
        };
        let marks = self.children(repeat).into_iter().filter_map(mark);
        marks
            .filter(|(_, mark)| self.is_relevant(*mark) && self.departs_from_default(*mark))
            .collect()
    }

    fn rows_along(
        &self,
        repeat: NodeId,
        body: BodyId,
        fields: &BTreeMap<String, String>,
    ) -> Vec<NewRow> {
        let path = self.path(repeat);
        let Some(row) = self.program.body(body).def else { return Vec::new() };
        let along = self.program.goes_along(body).into_iter();
        let along: Vec<String> = along.map(|def| self.path_in_row(def, row)).collect();
        let begin = format!("{path}[");
        let of_list =
            fields.range(begin.clone()..).take_while(|(path, _)| path.starts_with(&begin));
        let mut rows: Vec<(u64, NewRow)> = of_list
            .filter_map(|(path, ordinal)| {
                let key = path.strip_prefix(&begin)?.strip_suffix(']')?;
                let answer = |below: &String| {
                    Some((below.clone(), fields.get(&format!("{path}/{below}"))?.clone()))
                };
                let answers: BTreeMap<_, _> = along.iter().filter_map(answer).collect();
                let row = NewRow { key: key.to_owned(), answers };
                let is_own = !key.contains('[') && !row.answers.is_empty();
                is_own.then(|| (ordinal.trim().parse().unwrap_or(u64::MAX), row))
            })
            .collect();
        rows.sort_by_key(|(ordinal, _)| *ordinal);
        rows.into_iter().map(|(_, row)| row).collect()
    }

    pub(super) fn repeat_body(&self, repeat: NodeId) -> Option<BodyId> {
        self.drawn.get(repeat).filter(|node| node.kind == DrawnKind::Repeat)?.body
    }

    pub(super) fn path_in_row(&self, def: DefId, row: DefId) -> String {
        let schema = &self.program.schema;
        let ways_up = std::iter::successors(Some(def), |def| schema.def(*def).parent);
        let mut names: Vec<&str> =
            ways_up.take_while(|def| *def != row).map(|def| &*schema.def(def).name).collect();
        names.reverse();
        names.join("/")
    }
}
