//! Rows of repeats: added, removed, and brought back.

use std::collections::BTreeMap;

use form::{Change, NodeId, RowError, Session};
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
    /// Its own field and those of all in it.
    fields: BTreeMap<String, String>,
    files: BTreeMap<String, FileRef>,
}

impl FormEntry {
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
        self.touch();
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
        fields.retain(|field, _| *field == path || field.starts_with(&inside));
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
