//! What only the server holds of a record: its history, and files that this phone does not have.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};
use sync::wire::{Dot, FileRef, RecordId};
use thiserror::Error;

use super::Records;
use crate::{
    platform::{
        address::Query,
        files::{self, Blob, FileError, Joined},
        http::{HttpError, Request},
        storage::StorageError,
    },
    stores::{
        asking::{ask, bytes},
        blobs,
        people::LONG_MS,
    },
};

/// One line of a record's history, as the server tells it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct HistoryEntry {
    /// The account.
    pub author: String,
    /// The person's name.
    pub author_name: String,
    /// What the device calls itself.
    #[serde(rename = "device_name")]
    pub device: String,
    /// The device's id, 32 hexadecimal digits.
    #[serde(rename = "device")]
    pub device_id: String,
    /// Its place in the device's count.
    pub seq: u64,
    /// What was done: `create`, `edit`, `submit` …
    pub action: String,
    /// The phone's clock then, milliseconds since 1970.
    pub wall_ms: i64,
    /// How far it was behind the server's, if they had ever talked.
    pub offset_ms: Option<i64>,
    /// When the server received it.
    pub received_ms: i64,
    /// What became of it: `applied`, `merged`, `conflict` or `quarantined`.
    pub outcome: String,
    /// What it wrote.
    pub fields: Vec<Written>,
}

/// So far may a device's clock be from the server's before anybody is told.
const CLOCKS_DIFFER_MS: u64 = 600_000;

/// How far a device's clock is behind the server's, where people should know it.
pub fn wrong_by(offset_ms: Option<i64>) -> Option<i64> {
    offset_ms.filter(|offset_ms| offset_ms.unsigned_abs() > CLOCKS_DIFFER_MS)
}

impl HistoryEntry {
    /// Whether it is the act of that name.
    #[must_use]
    pub fn is(&self, dot: Dot) -> bool {
        self.seq == dot.seq && self.device_id == dot.device.to_string()
    }

    /// When it was done: by the device's clock, unless that was wrong.
    #[must_use]
    pub fn at_ms(&self) -> i64 {
        self.wall_ms.saturating_add(self.wrong_by().unwrap_or_default())
    }

    /// How far the device's clock was behind the server's, where people should know it. It is known from their last talk, and a clock
    /// that was put right since is not wrong any more: nothing is done after the server has received it.
    #[must_use]
    pub fn wrong_by(&self) -> Option<i64> {
        let latest = self.received_ms.saturating_add_unsigned(CLOCKS_DIFFER_MS);
        wrong_by(self.offset_ms).filter(|behind| self.wall_ms.saturating_add(*behind) <= latest)
    }
}

/// One field that an act wrote, as the server tells it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Written {
    /// The field's path.
    pub path: String,
    /// Its new value, or a file's name; none if it was left empty.
    pub value: Option<String>,
    /// How many earlier values it replaced.
    pub replaced: usize,
}

/// Why there is no history, or no file.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum FetchError {
    /// No connection to the server.
    #[error(transparent)]
    Http(#[from] HttpError),
    /// The server answered with an error: its code.
    #[error("server refused: {0}")]
    Refused(String),
    /// The server asks to wait so many minutes.
    #[error("to wait {0} min")]
    Wait(u32),
    /// The answer makes no sense.
    #[error("not understood: {0}")]
    Garbled(String),
    /// The phone's storage failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// The spreadsheet that the server makes of what it has: of the records that the query names.
pub async fn spreadsheet(query: &Query) -> Result<Vec<u8>, FetchError> {
    let request = Request::get(format!("/api/v1/records.xlsx{}", query.suffix()));
    bytes(request.timeout_ms(LONG_MS)).await
}

impl Records {
    /// Who did what to a record, from the server.
    pub async fn history(self, id: RecordId) -> Result<Vec<HistoryEntry>, FetchError> {
        ask(Request::get(format!("/api/v1/records/{id}/history"))).await
    }

    /// A file that a record names, in the browser's hands: from this phone, else from the server.
    pub async fn file(self, file: &FileRef) -> Result<Blob, FetchError> {
        match self.file_here(file).await? {
            Some(here) => Ok(here),
            None => self.file_there(file).await,
        }
    }

    /// The same if it is on this phone.
    pub async fn file_here(self, file: &FileRef) -> Result<Option<Blob>, FetchError> {
        let storage = self.storage.get_value();
        let mut here = Joined::default();
        if !blobs::read(&storage, file.hash, |piece| here.push(&piece)).await? {
            return Ok(None);
        }
        here.end(&file.media_type).map(Some).map_err(unshown)
    }

    /// The same from the server.
    pub async fn file_there(self, file: &FileRef) -> Result<Blob, FetchError> {
        let body = bytes(Request::get(format!("/api/v1/blobs/{}", file.hash))).await?;
        if sync::codec::hash(&body) != file.hash {
            return Err(FetchError::Garbled("other bytes than the record names".to_owned()));
        }
        files::blob_of(&body, &file.media_type).map_err(unshown)
    }
}

fn unshown(error: FileError) -> FetchError {
    FetchError::Garbled(error.0)
}

/// Whether an error's code says that the session has ended, in one way or another.
#[must_use]
pub fn is_signed_out(code: &str) -> bool {
    ["signed_out", "session_revoked", "session_lost", "401"].contains(&code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_act_was_done_when_the_server_says_if_the_phones_clock_was_wrong() {
        let received = |offset_ms, received_ms| HistoryEntry {
            wall_ms: 5,
            offset_ms,
            received_ms,
            ..HistoryEntry::default()
        };
        let entry = |offset_ms| received(offset_ms, 1_000_000);
        assert_eq!(entry(None).at_ms(), 5, "it had never talked with the server");
        assert_eq!(entry(Some(-600_000)).at_ms(), 5, "clocks differ");
        assert_eq!(entry(Some(600_001)).at_ms(), 600_006);
        let put_right = received(Some(600_001), 5);
        assert_eq!(
            (put_right.at_ms(), put_right.wrong_by()),
            (5, None),
            "the clock was right again"
        );
        assert_eq!(wrong_by(Some(i64::MIN)), Some(i64::MIN));
    }
}
