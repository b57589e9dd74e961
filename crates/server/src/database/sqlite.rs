//! Opening the `SQLite` file.

use std::cmp::Ordering;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::migrate::Migrator;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Connection, SqliteConnection};

use super::epoch::begin_epoch;
use super::group::Queue;
use super::rights::LastPublished;
use super::sql::Pool;
use super::{Database, OpenError, age};

pub(super) static MIGRATIONS: Migrator = sqlx::migrate!("migrations/sqlite");

/// Versions before this one can lose a write-ahead log that two connections reset at the same time.
const OLDEST_SQLITE: (u32, u32, u32) = (3, 51, 3);

impl Database {
    /// Opens the file, makes it when missing, and brings it to this version.
    pub async fn open(file: &Path, now_ms: i64) -> Result<Self, OpenError> {
        own_log(file)?;
        // Writing the file anew would take as much memory as all of it.
        let writing = options(file).create_if_missing(true).pragma("temp_store", "FILE");
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
        let writer = Pool::Sqlite(writer);
        begin_epoch(&writer, now_ms).await?;
        let readers = SqlitePoolOptions::new()
            .max_connections(4)
            .test_before_acquire(false)
            .acquire_timeout(Duration::from_secs(30))
            .connect_with(options(file).read_only(true).pragma("temp_store", "MEMORY"))
            .await?;
        let readers = Pool::Sqlite(readers);
        let published = LastPublished::default();
        let pushes = Queue::of(writer.clone(), published.clone());
        Ok(Self { writer, readers, pushes, published })
    }
}

impl Database {
    pub(super) async fn age_of(file: &Path) -> Result<Option<Ordering>, OpenError> {
        if !file.exists() {
            return Ok(None);
        }
        own_log(file)?;
        let reading = SqliteConnectOptions::new().filename(file).read_only(true);
        let mut database = SqliteConnection::connect_with(&reading).await?;
        let age = age(&mut database, &MIGRATIONS).await?;
        database.close().await?;
        Ok(age)
    }
}

/// What `SQLite` keeps beside a file.
pub(crate) fn beside(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Refuses the write-ahead log of another database, such as a server that was killed left when its file was moved away: its pages would
/// be laid over those of the copy that was put there. Each of our files says in its header that it has such a log (2), a copy that it
/// has none (1).
fn own_log(file: &Path) -> Result<(), OpenError> {
    let log = beside(file, "-wal");
    if std::fs::metadata(&log).is_ok_and(|log| log.len() > 0) {
        let mut header = [0; 20];
        let read = std::fs::File::open(file).and_then(|mut file| file.read_exact(&mut header));
        if read.is_err() || header[18] != 2 {
            return Err(OpenError::OthersLog(log.display().to_string()));
        }
    }
    Ok(())
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
