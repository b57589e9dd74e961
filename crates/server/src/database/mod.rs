//! The database: one struct with one method for each thing the server asks of it. All SQL is in this folder.
//!
//! One text of SQL is for both databases: `SQLite`, which is the default, and PostgreSQL, which several servers may share.
//! [`sqlite`] and [`postgres`] have what the two do not have in common.
//!
//! Those who write do so one after the other, while others read. A write is on disk when its method returns; pushes that
//! wait at the same time are written together.

mod accounts;
mod audit;
mod blobs;
mod bundles;
mod codes;
mod content;
mod copy;
mod credentials;
mod entities;
mod epoch;
mod erasure;
mod feed;
mod files;
mod group;
mod log;
mod openrosa;
mod passkeys;
mod personal_fields;
mod postgres;
mod quarantine;
mod rights;
mod sessions;
mod sql;
mod sqlite;

use std::cmp::Ordering;

use crate::config::Config;
use sql::{At, Pool, Transaction, query_scalar};

pub use accounts::{Account, AccountChange, NewAccount, Seen};
pub use audit::{AuditOf, AuditSought};
pub use blobs::{BlobRow, NewBlob, Unnamed};
pub use bundles::Signer;
pub use codes::{ByCode, CodeKey};
pub use content::{FormRow, NewPack};
pub use copy::{BackupError, Counts, DatabaseCopy, read_copy};
pub use credentials::{NewPassword, Proof};
pub use entities::{EntityBatch, EntityList, Folded};
pub use erasure::{Erasure, Gone, KeptOperation, NOBODY, Reason};
pub use feed::{FeedPage, Pages};
pub use files::{FileRow, HeldFile};
pub use log::{LoggedOperation, Pushed, outcome_name};
pub use openrosa::NewClient;
pub use passkeys::{Added, ByPasskey, ChallengeKey, KnownKey, Passkey, Purpose};
pub use personal_fields::PersonalRule;
pub use quarantine::{Quarantined, Repairer, SettleError, Settled, Settlement, Shown};
pub use sessions::{NewSession, Revoked, Session, SessionKey, SessionRow};
pub(crate) use sqlite::beside;

/// Texts that others choose are keys of rows up to this many bytes: PostgreSQL's indexes take some 2,700.
pub const MAX_KEY: usize = 255;

/// A connected database.
#[derive(Clone, Debug)]
pub struct Database {
    writer: Pool,
    readers: Pool,
    pushes: group::Queue,
    published: rights::LastPublished,
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
        let Self::Driver(sqlx::Error::Database(error)) = self else { return false };
        // SQLITE_FULL, and disk_full of PostgreSQL.
        matches!(error.code().as_deref(), Some("13" | "53100"))
    }
}

/// The result of asking the database.
pub type Answer<T> = Result<T, DatabaseError>;

/// Why the database could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// It cannot be reached, or is no database.
    #[error("cannot open the database: {0}")]
    Driver(#[from] sqlx::Error),
    /// What it counts by cannot be read.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// What it holds is not for this program to read.
    #[error(
        "it was written by a newer sotay-server: use that one, or put back a backup that this one made"
    )]
    Newer,
    /// A migration failed.
    #[error("cannot bring the database to this version: {0}")]
    Migrate(sqlx::migrate::MigrateError),
    /// The linked library is too old to be trusted.
    #[error("this program is linked to SQLite {found}; it needs 3.51.3 or newer")]
    TooOld {
        /// The version found.
        found: String,
    },
    /// What another database had not written into its file yet lies beside this one.
    #[error(
        "{0} is of another database than the file beside it: move it to the one that it is of, which is not whole without it"
    )]
    OthersLog(String),
    /// It cannot hold every text.
    #[error("the database's encoding is {found}; it must be UTF8")]
    Encoding {
        /// The encoding found.
        found: String,
    },
}

impl From<sqlx::migrate::MigrateError> for OpenError {
    fn from(error: sqlx::migrate::MigrateError) -> Self {
        match error {
            sqlx::migrate::MigrateError::VersionMissing(_) => Self::Newer,
            error => Self::Migrate(error),
        }
    }
}

/// A transaction that writes: no other one writes meanwhile.
type Write = Transaction;

impl Database {
    /// Opens the database that the settings name, and brings it to this version.
    pub async fn of(config: &Config, now_ms: i64) -> Result<Self, OpenError> {
        match &config.database_url {
            Some(url) => Self::connect(url, now_ms).await,
            None => Self::open(&config.database_file(), now_ms).await,
        }
    }

    /// Whether the database that the settings name is older or newer than this program; none, if nothing is there yet. Nothing in it
    /// is touched.
    pub async fn age(config: &Config) -> Result<Option<Ordering>, OpenError> {
        match &config.database_url {
            Some(url) => Self::age_at(url).await,
            None => Self::age_of(&config.database_file()).await,
        }
    }

    async fn begin_write(&self) -> Answer<Write> {
        begin_write(&self.writer).await
    }

    /// A transaction that reads, as if nothing happened meanwhile.
    async fn begin_read(&self) -> Answer<Transaction> {
        Ok(match &self.readers {
            Pool::Sqlite(pool) => Transaction::Sqlite(pool.begin().await?),
            Pool::Postgres(pool) => Transaction::Postgres(postgres::begin_read(pool).await?),
        })
    }

    /// Waits for connections to finish and closes them, which folds the write-ahead log into the file.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

async fn begin_write(writer: &Pool) -> Answer<Write> {
    Ok(match writer {
        Pool::Sqlite(pool) => Transaction::Sqlite(pool.begin_with("BEGIN IMMEDIATE").await?),
        Pool::Postgres(pool) => Transaction::Postgres(postgres::begin_write(pool).await?),
    })
}

/// How what was done to a database's tables stands to what this program does to them.
async fn age<'c>(
    at: impl Into<At<'c>>,
    migrations: &sqlx::migrate::Migrator,
) -> Result<Option<Ordering>, sqlx::Error> {
    let found: Result<Option<i64>, _> =
        query_scalar("SELECT max(version) FROM _sqlx_migrations").fetch_one(at).await;
    let newest = migrations.iter().map(|migration| migration.version).max();
    match found {
        Ok(done) => Ok(Some(done.cmp(&newest))),
        // There is no such table.
        Err(sqlx::Error::Database(error))
            if matches!(error.code().as_deref(), Some("1" | "42P01")) =>
        {
            Ok(None)
        }
        Err(error) => Err(error),
    }
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
