//! Opening, checking and copying the `SQLite` file.

use std::path::Path;
use std::time::Duration;

use serde_json::json;
use sqlx::migrate::Migrator;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Connection, SqliteConnection};

use sync::wire::Hash;

use super::audit::{Event, note};
use super::group::Queue;
use super::{Database, DatabaseError, begin_write, bytes, unsigned};
use crate::accounts;
use crate::audit::Action;

static MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");

/// Versions before this one can lose a write-ahead log that two connections reset at the same time.
const OLDEST_SQLITE: (u32, u32, u32) = (3, 51, 3);

/// Why the database could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The file cannot be opened or is no database.
    #[error("cannot open the database: {0}")]
    Driver(#[from] sqlx::Error),
    /// What it counts by cannot be read.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// It was written by a newer server, or a migration failed.
    #[error("cannot bring the database to this version: {0}")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    /// The linked library is too old to be trusted.
    #[error("this program is linked to SQLite {found}; it needs 3.51.3 or newer")]
    TooOld {
        /// The version found.
        found: String,
    },
}

/// Why a backup was not made.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The database said no.
    #[error(transparent)]
    Driver(#[from] sqlx::Error),
    /// The database could not answer.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The copy is not sound; it was left for inspection.
    #[error("the copy is damaged: {0}")]
    Damaged(String),
    /// There is a file of that name already.
    #[error("{0} exists already")]
    Exists(String),
}

impl Database {
    /// Opens the file, makes it when missing, and brings it to this version.
    pub async fn open(file: &Path, now_ms: i64) -> Result<Self, OpenError> {
        let writing = options(file).create_if_missing(true);
        let writer = SqlitePoolOptions::new()
            .max_connections(1)
            .test_before_acquire(false) // a file does not hang up
            .acquire_timeout(Duration::from_secs(30))
            .after_release(|connection, _| Box::pin(is_usable(connection)))
            .connect_with(writing)
            .await?;
        let found = sqlite_version(&writer).await?;
        if version_numbers(&found) < OLDEST_SQLITE {
            return Err(OpenError::TooOld { found });
        }
        MIGRATIONS.run(&writer).await?;
        begin_epoch(&writer, now_ms).await?;
        let readers = SqlitePoolOptions::new()
            .max_connections(4)
            .test_before_acquire(false)
            .acquire_timeout(Duration::from_secs(30))
            .connect_with(options(file).read_only(true))
            .await?;
        let pushes = Queue::of(writer.clone());
        Ok(Self { writer, readers, pushes })
    }
}

/// After an error that ended the transaction by itself (a full disk can) the driver still counts it as open, and would
/// begin no other.
async fn is_usable(connection: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
    connection.ping().await?;
    Ok(!connection.is_in_transaction())
}

fn options(file: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(file)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(Duration::from_secs(15))
        .pragma("temp_store", "MEMORY")
        .pragma("cache_size", "-16000")
}

/// What the linked library calls itself.
async fn sqlite_version(pool: &sqlx::SqlitePool) -> Result<String, sqlx::Error> {
    sqlx::query_scalar("SELECT sqlite_version()").fetch_one(pool).await
}

fn version_numbers(text: &str) -> (u32, u32, u32) {
    let mut numbers = text.split('.').map(|part| part.parse().unwrap_or(0));
    let mut next = || numbers.next().unwrap_or(0);
    (next(), next(), next())
}

/// A database that is new, or that is a copy made by [`backup`], starts an epoch of its own: devices then
/// know that what this server once acknowledged may be gone, and send again what they still hold.
async fn begin_epoch(writer: &sqlx::SqlitePool, now_ms: i64) -> Result<(), DatabaseError> {
    let mut tx = begin_write(writer).await?;
    let was_copy: Option<bool> =
        sqlx::query_scalar("SELECT is_copy FROM server").fetch_optional(&mut *tx).await?;
    sqlx::query(
        "INSERT INTO server (id, epoch, rv, pack, is_copy, cursor_key) VALUES (1, $1, 0, NULL, 0, $2)
         ON CONFLICT (id) DO UPDATE SET epoch = max(server.epoch + 1, $1), is_copy = 0 WHERE server.is_copy = 1",
    )
    .bind(now_ms)
    .bind(accounts::random::<32>().as_slice())
    .execute(&mut *tx)
    .await?;
    if was_copy == Some(true) {
        // A code that was used since the copy was made would be good a second time.
        sqlx::query("UPDATE sign_in_code SET used_ms = $1 WHERE used_ms IS NULL")
            .bind(now_ms)
            .execute(&mut *tx)
            .await?;
        // The server counts for them, and the numbers it gave since then may stand on phones.
        sqlx::query("UPDATE session SET device = randomblob(16) WHERE client <> 'app'")
            .execute(&mut *tx)
            .await?;
        let action = Action::Restore;
        let event = Event { actor: None, action, object: "", unit: None, detail: json!({}) };
        note(&mut tx, event, now_ms).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// A proved copy of the database, and what is in it.
#[derive(Debug)]
pub struct DatabaseCopy {
    /// Each device, and the last of its operations in the copy.
    acked: Vec<(Vec<u8>, i64)>,
    /// The files that are whole, with their lengths.
    pub files: Vec<(Hash, u64)>,
}

impl Database {
    /// Copies the database while it is in use, proves the copy, and records which operations are safe now.
    pub async fn backup(&self, file: &Path, now_ms: i64) -> Result<(), BackupError> {
        let copy = self.copy_to(file).await?;
        self.mark_safe(&copy, now_ms).await?;
        Ok(())
    }

    /// Copies the database while it is in use, and proves the copy.
    pub async fn copy_to(&self, file: &Path) -> Result<DatabaseCopy, BackupError> {
        let name = file.display().to_string();
        if file.exists() {
            return Err(BackupError::Exists(name));
        }
        sqlx::query("VACUUM INTO $1").bind(&name).execute(&self.readers).await?;
        let mut copy = open_copy(file).await?;
        sqlx::query("UPDATE device SET safe = acked").execute(&mut copy).await?;
        sqlx::query("UPDATE server SET is_copy = 1").execute(&mut copy).await?;
        let acked = sqlx::query_as("SELECT id, acked FROM device").fetch_all(&mut copy).await?;
        let files = whole_files(&mut copy).await?;
        copy.close().await?;
        std::fs::File::open(file).and_then(|copy| copy.sync_all()).map_err(sqlx::Error::Io)?;
        Ok(DatabaseCopy { acked, files })
    }

    /// Records that the operations of a copy are safe: it is where it belongs, with all that it names.
    pub async fn mark_safe(&self, copy: &DatabaseCopy, now_ms: i64) -> Result<(), BackupError> {
        let mut tx = self.begin_write().await?;
        for (device, acked) in &copy.acked {
            sqlx::query("UPDATE device SET safe = max(safe, $2) WHERE id = $1")
                .bind(device)
                .bind(acked)
                .execute(&mut *tx)
                .await?;
        }
        let detail = json!({ "devices": copy.acked.len(), "files": copy.files.len() });
        let action = Action::Backup;
        let event = Event { actor: None, action, object: "", unit: None, detail };
        note(&mut tx, event, now_ms).await?;
        tx.commit().await?;
        Ok(())
    }
}

/// Proves a copy of a database, and lists the files that are whole in it, with their lengths.
pub async fn read_copy(file: &Path) -> Result<Vec<(Hash, u64)>, BackupError> {
    let mut copy = open_copy(file).await?;
    let files = whole_files(&mut copy).await?;
    copy.close().await?;
    Ok(files)
}

async fn open_copy(file: &Path) -> Result<SqliteConnection, BackupError> {
    let options = SqliteConnectOptions::new().filename(file);
    let mut copy = SqliteConnection::connect_with(&options).await?;
    let check: String = sqlx::query_scalar("PRAGMA integrity_check").fetch_one(&mut copy).await?;
    if check == "ok" { Ok(copy) } else { Err(BackupError::Damaged(check)) }
}

async fn whole_files(copy: &mut SqliteConnection) -> Result<Vec<(Hash, u64)>, BackupError> {
    let rows: Vec<(Vec<u8>, i64)> =
        sqlx::query_as("SELECT hash, size FROM blob WHERE whole_ms IS NOT NULL ORDER BY hash")
            .fetch_all(copy)
            .await?;
    let read = |(hash, size): (Vec<u8>, i64)| {
        let hash = bytes("blob hash", &hash).map_err(|why| BackupError::Damaged(why.to_string()));
        Ok((Hash(hash?), unsigned(size)))
    };
    rows.into_iter().map(read).collect()
}
