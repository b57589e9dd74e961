//! Rows of repeats: added, removed, and brought back.

use std::collections::BTreeMap;

use form::{NodeId, Session};
use leptos::prelude::*;
use sync::wire::FileRef;

use super::FormEntry;
use crate::platform::random;
use crate::stores::record_id;

/// A row that was removed, with what stood in it, so that it can come back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemovedRow {
    repeat: NodeId,
    key: String,
    ordinal: String,
    fields: BTreeMap<String, String>,
    files: BTreeMap<String, FileRef>,
}

impl FormEntry {
    /// Adds a row; `None` if the form does not allow it.
    pub fn add_row(self, repeat: NodeId) -> Option<NodeId> {
        let key = record_id::hexadecimal(&random::bytes_16());
        self.add_keyed_row(repeat, &key, None)
    }

    /// `ordinal`: where the row stood before.
    fn add_keyed_row(self, repeat: NodeId, key: &str, ordinal: Option<&str>) -> Option<NodeId> {
        self.touch();
        let added = {
            let mut session = self.session.write_value();
            match ordinal.and_then(|ordinal| ordinal.parse().ok()) {
                Some(ordinal) => session.restore_row(repeat, key, ordinal),
                None => session.add_row(repeat, key),
            }
        };
        match added {
            Ok(changes) => self.take_in(&changes),
            Err(error) => {
                crate::platform::log_error(&format!("row not added: {error}"));
                return None;
            }
        }
        self.save_soon(0);
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
        let ordinal = fields.remove(&path).unwrap_or_default();
        let fields =
            sync::gather(fields.into_iter().filter(|(field, _)| field.starts_with(&inside)));
        let files = self.draft.with_value(|draft| draft.files_in(&inside));
        self.log_event("delete repeat", Some(row));
        let removed = self.session.write_value().remove_row(row);
        match removed {
            Ok(changes) => self.take_in(&changes),
            Err(error) => {
                crate::platform::log_error(&format!("row not removed: {error}"));
                return None;
            }
        }
        self.save_soon(0);
        Some(RemovedRow { repeat, key, ordinal, fields, files })
    }

    /// Brings a removed row back to its place.
    pub fn restore_row(self, removed: &RemovedRow) {
        let RemovedRow { repeat, key, ordinal, .. } = removed;
        if self.add_keyed_row(*repeat, key, Some(ordinal)).is_none() {
            return;
        }
        self.draft.with_value(|draft| draft.keep_files(&removed.files));
        // Outer fields come before inner ones: a nested row exists before what stands in it.
        for (path, text) in &removed.fields {
            self.restore_field(path, text);
        }
        self.save_soon(0);
    }

    fn restore_field(self, path: &str, text: &str) {
        if path.ends_with(']') {
            let Some((repeat, key)) = path.trim_end_matches(']').rsplit_once('[') else { return };
            if let Some(repeat) = self.session.with_value(|session| session.find(repeat)) {
                self.add_keyed_row(repeat, key, Some(text));
            }
            return;
        }
        let Some(node) = self.session.with_value(|session| session.find(path)) else { return };
        // What is calculated comes back by itself: it refuses to be answered.
        let answered = self.session.write_value().answer(node, text);
        if let Ok(changes) = answered {
            self.take_in(&changes);
        }
    }
}
