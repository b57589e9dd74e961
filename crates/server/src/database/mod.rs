//! The database: one struct with one method for each thing the server asks of it, so that a second
//! database is a second set of method bodies. All SQL is in this folder.
//!
//! Writing goes through one connection with `BEGIN IMMEDIATE`, reading through several. A write is on
//! disk when its method returns (`synchronous = FULL`); pushes that wait at the same time are written together.

mod accounts;
mod audit;
mod blobs;
mod content;
mod credentials;
mod feed;
mod group;
mod log;
mod openrosa;
mod quarantine;
mod rights;
mod sqlite;

use sqlx::SqlitePool;

pub use accounts::{
    Account, AccountChange, ByCode, CodeKey, NewAccount, NewSession, Seen, Session, SessionKey,
    SessionRow,
};
pub use audit::AuditOf;
pub use blobs::{BlobRow, NewBlob};
pub use content::{FormRow, NewPack};
pub use credentials::{NewPassword, Proof};
pub use feed::FeedPage;
pub use log::{LoggedOperation, Pushed, outcome_name};
pub use quarantine::{Quarantined, Repairer, SettleError, Settled, Settlement, Shown};
pub use sqlite::{BackupError, DatabaseCopy, OpenError, read_copy};

/// A connected database.
#[derive(Clone, Debug)]
pub struct Database {
    writer: SqlitePool,
    readers: SqlitePool,
    pushes: group::Queue,
}

/// Why the database could not answer.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// The driver says so.
    #[error(transparent)]
    Driver(#[from] sqlx::Error),
    /// It could not begin to write: somebody else holds it.
    #[error("could not begin to write: {0}")]
    NotBegun(String),
    /// It ended before it answered.
    #[error("the writer stopped before it answered")]
    Stopped,
    /// Something stored does not read as what it must be.
    #[error("stored {what} is damaged: {why}")]
    Damaged {
        /// Which thing.
        what: &'static str,
        /// What is wrong with it.
        why: String,
    },
}

impl DatabaseError {
    /// Whether the disk or the quota is full: nothing was stored, and trying again later is right.
    pub fn is_full(&self) -> bool {
        // 13 is SQLITE_FULL.
        matches!(self, Self::Driver(sqlx::Error::Database(error)) if error.code().as_deref() == Some("13"))
    }
}

/// The result of asking the database.
pub type Answer<T> = Result<T, DatabaseError>;

type Transaction = sqlx::Transaction<'static, sqlx::Sqlite>;

/// A transaction of the one writer.
type Write = Transaction;

impl Database {
    async fn begin_write(&self) -> Answer<Write> {
        begin_write(&self.writer).await
    }

    /// Waits for connections to finish and closes them, which folds the write-ahead log into the file.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

async fn begin_write(writer: &SqlitePool) -> Answer<Write> {
    Ok(writer.begin_with("BEGIN IMMEDIATE").await?)
}

/// SQL integers are signed; counts and positions here never come near the sign.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

fn bytes<const N: usize>(what: &'static str, stored: &[u8]) -> Answer<[u8; N]> {
    stored.try_into().map_err(|_wrong_length: std::array::TryFromSliceError| {
        DatabaseError::Damaged { what, why: format!("{} bytes where {N} belong", stored.len()) }
    })
}
