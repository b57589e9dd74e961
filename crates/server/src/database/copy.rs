//! Copies of the database, for backups: an `SQLite` file, whichever database it is a copy of, so that one proof is good for
//! all of them and each can be put back into either.

use std::cmp::Ordering;
use std::path::Path;

use futures::TryStreamExt;
use serde_json::json;
use sqlx::sqlite::{SqliteConnectOptions, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ColumnIndex, Connection, Decode, Row, SqliteConnection, Type};
use sync::wire::Hash;

use super::audit::{Event, note};
use super::feed::stored_record;
use super::sql::{At, Pool, Query, Transaction, Value, query, query_as, query_scalar};
use super::{Answer, Database, DatabaseError, age, begin_write, bytes, postgres, sqlite, unsigned};
use crate::audit::Action;

/// Why a backup was not made, or not put back.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The database said no.
    #[error(transparent)]
    Driver(#[from] sqlx::Error),
    /// The database could not answer.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The copy's tables could not be made.
    #[error("cannot make the copy's tables: {0}")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    /// The copy is not sound.
    #[error("the copy is damaged: {0}")]
    Damaged(String),
    /// What it holds is not for this program to read.
    #[error("the copy was made by a newer sotay-server: put it back with that one")]
    Newer,
    /// There is a file of that name already.
    #[error("{0} exists already")]
    Exists(String),
    /// There is something in the database where a copy is to be put back.
    #[error("the database holds data already")]
    InUse,
}

/// How much a database holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// The server's epoch.
    pub epoch: u64,
    /// Operations in the log.
    pub operations: u64,
    /// Records.
    pub records: u64,
    /// Accounts.
    pub accounts: u64,
    /// Rows of the audit log.
    pub audit: u64,
}

impl Counts {
    /// What this has fewer of.
    #[must_use]
    pub fn lacks(self, least: Self) -> Option<&'static str> {
        [
            ("operations", self.operations, least.operations),
            ("records", self.records, least.records),
            ("accounts", self.accounts, least.accounts),
            ("rows of the audit log", self.audit, least.audit),
        ]
        .into_iter()
        .find_map(|(what, has, least)| (has < least).then_some(what))
    }

    async fn read<'c>(at: impl Into<At<'c>>) -> Result<Self, sqlx::Error> {
        let (epoch, operations, records, accounts, audit): (i64, i64, i64, i64, i64) = query_as(
            "SELECT epoch, (SELECT count(*) FROM operation), (SELECT count(*) FROM record),
                (SELECT count(*) FROM account), (SELECT count(*) FROM audit) FROM server",
        )
        .fetch_one(at)
        .await?;
        Ok(Self {
            epoch: unsigned(epoch),
            operations: unsigned(operations),
            records: unsigned(records),
            accounts: unsigned(accounts),
            audit: unsigned(audit),
        })
    }
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
    /// How much it holds.
    pub async fn counts(&self) -> Answer<Counts> {
        Ok(Counts::read(&self.readers).await?)
    }

    /// How much a copy holds that nobody has opened yet.
    pub async fn counts_of_copy(file: &Path) -> Result<Counts, BackupError> {
        let mut copy = open_copy(file).await?;
        let counts = Counts::read(&mut copy).await?;
        copy.close().await?;
        Ok(counts)
    }

    /// Reads every record, and says how many there are.
    pub async fn read_records(&self) -> Answer<u64> {
        let (mut after, mut count) = (Vec::new(), 0);
        loop {
            let page: Vec<(Vec<u8>, Vec<u8>)> =
                query_as("SELECT id, body FROM record WHERE id > $1 ORDER BY id LIMIT 1000")
                    .bind(&after)
                    .fetch_all(&self.readers)
                    .await?;
            let Some((last, _)) = page.last() else { return Ok(count) };
            after.clone_from(last);
            for (_, body) in &page {
                stored_record(body)?;
                count += 1;
            }
        }
    }

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
        match &self.readers {
            Pool::Sqlite(_) => {
                query("VACUUM INTO $1").bind(&name).execute(&self.readers).await?;
            }
            Pool::Postgres(_) => self.copy_rows_to(file).await?,
        }
        let mut copy = open_copy(file).await?;
        query("UPDATE device SET safe = acked").execute(&mut copy).await?;
        // Where it is put back the files may be in another store.
        query("UPDATE server SET is_copy = 1, blob_store = NULL").execute(&mut copy).await?;
        let acked = query_as("SELECT id, acked FROM device").fetch_all(&mut copy).await?;
        let files = whole_files(&mut copy).await?;
        copy.close().await?;
        std::fs::File::open(file).and_then(|copy| copy.sync_all()).map_err(sqlx::Error::Io)?;
        Ok(DatabaseCopy { acked, files })
    }

    /// Writes all rows, as one snapshot shows them, to a new file.
    async fn copy_rows_to(&self, file: &Path) -> Result<(), BackupError> {
        let options = SqliteConnectOptions::new().filename(file).create_if_missing(true);
        // All of it is synced when it is whole.
        let options = options.foreign_keys(true).synchronous(SqliteSynchronous::Off);
        let mut copy = SqliteConnection::connect_with(&options).await?;
        sqlite::MIGRATIONS.run(&mut copy).await?;
        let mut snapshot = self.begin_read().await?;
        query("BEGIN").execute(&mut copy).await?;
        for table in tables(&mut copy).await? {
            let sql = || AssertSqlSafe(table.select());
            let mut copied: i64 = 0;
            match &mut snapshot {
                Transaction::Sqlite(tx) => {
                    let mut rows = sqlx::query(sql()).fetch(&mut **tx);
                    while let Some(row) = rows.try_next().await? {
                        table.insert(&row)?.execute(&mut copy).await?;
                        copied += 1;
                    }
                }
                Transaction::Postgres(tx) => {
                    let mut rows = sqlx::query(sql()).fetch(&mut **tx);
                    while let Some(row) = rows.try_next().await? {
                        table.insert(&row)?.execute(&mut copy).await?;
                        copied += 1;
                    }
                }
            }
            table.prove(copied, &mut copy).await?;
        }
        query("COMMIT").execute(&mut copy).await?;
        snapshot.rollback().await?;
        copy.close().await?;
        Ok(())
    }

    /// Puts all rows of a proved copy into a database that has none: all of them or nothing. The next who opens it begins
    /// an epoch.
    pub async fn put_back(&self, file: &Path) -> Result<(), BackupError> {
        let mut copy = open_copy(file).await?;
        sqlite::MIGRATIONS.run(&mut copy).await?;
        let mut tx = begin_write(&self.writer).await?;
        let is_used: bool = query_scalar(
            "SELECT EXISTS (SELECT 1 FROM account) OR EXISTS (SELECT 1 FROM device) OR EXISTS (SELECT 1 FROM pack)
                OR EXISTS (SELECT 1 FROM audit)",
        )
        .fetch_one(&mut tx)
        .await?;
        if is_used {
            return Err(BackupError::InUse);
        }
        query("DELETE FROM server").execute(&mut tx).await?;
        for table in tables(&mut copy).await? {
            let mut rows = sqlx::query(AssertSqlSafe(table.select())).fetch(&mut copy);
            while let Some(row) = rows.try_next().await? {
                table.insert(&row)?.execute(&mut tx).await?;
            }
        }
        if let Transaction::Postgres(_) = tx {
            postgres::count_on(&mut tx).await?;
        }
        tx.commit().await?;
        copy.close().await?;
        Ok(())
    }

    /// Records that the operations of a copy are safe: it is where it belongs, with all that it names. A phone that has not heard yet
    /// that a file was lost may have the only one: it is to make no room.
    pub async fn mark_safe(&self, copy: &DatabaseCopy, now_ms: i64) -> Result<(), BackupError> {
        let mut tx = self.begin_write().await?;
        for (device, acked) in &copy.acked {
            query(
                "UPDATE device SET safe = $2 WHERE id = $1 AND safe < $2 AND NOT EXISTS (SELECT 1 FROM blob_wanted lost
                 WHERE lost.device = device.id AND lost.lost_ms IS NOT NULL)",
            )
            .bind(device)
            .bind(*acked)
            .execute(&mut tx)
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
    if age(&mut copy, &sqlite::MIGRATIONS).await?.is_some_and(Ordering::is_gt) {
        return Err(BackupError::Newer);
    }
    let files = whole_files(&mut copy).await?;
    copy.close().await?;
    Ok(files)
}

async fn open_copy(file: &Path) -> Result<SqliteConnection, BackupError> {
    let options = SqliteConnectOptions::new().filename(file);
    let mut copy = SqliteConnection::connect_with(&options).await?;
    let check: String = query_scalar("PRAGMA integrity_check").fetch_one(&mut copy).await?;
    if check == "ok" { Ok(copy) } else { Err(BackupError::Damaged(check)) }
}

async fn whole_files(copy: &mut SqliteConnection) -> Result<Vec<(Hash, u64)>, BackupError> {
    let rows: Vec<(Vec<u8>, i64)> =
        query_as("SELECT hash, size FROM blob WHERE whole_ms IS NOT NULL ORDER BY hash")
            .fetch_all(copy)
            .await?;
    let read = |(hash, size): (Vec<u8>, i64)| {
        let hash = bytes("blob hash", &hash).map_err(|why| BackupError::Damaged(why.to_string()));
        Ok((Hash(hash?), unsigned(size)))
    };
    rows.into_iter().map(read).collect()
}

/// What a column holds.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Integer,
    Text,
    Bytes,
}

/// A table and its columns, as the copy has them.
#[derive(Debug)]
struct Table {
    name: String,
    columns: Vec<(String, Kind)>,
}

/// All tables, those that others refer to first.
async fn tables(copy: &mut SqliteConnection) -> Result<Vec<Table>, BackupError> {
    let rows: Vec<(String, String, String)> = query_as(
        "SELECT t.name, c.name, c.type FROM sqlite_schema t JOIN pragma_table_info(t.name) c
         WHERE t.type = 'table' AND t.name NOT LIKE '\\_sqlx%' ESCAPE '\\' AND t.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
         ORDER BY EXISTS (SELECT 1 FROM pragma_foreign_key_list(t.name)), t.name, c.cid",
    )
    .fetch_all(copy)
    .await?;
    let mut tables: Vec<Table> = Vec::new();
    for (table, column, kind) in rows {
        let kind = match kind.as_str() {
            "INTEGER" => Kind::Integer,
            "TEXT" => Kind::Text,
            "BLOB" => Kind::Bytes,
            other => return Err(BackupError::Damaged(format!("{table}.{column} holds {other}"))),
        };
        if tables.last().is_none_or(|last| last.name != table) {
            tables.push(Table { name: table, columns: Vec::new() });
        }
        if let Some(last) = tables.last_mut() {
            last.columns.push((column, kind));
        }
    }
    Ok(tables)
}

impl Table {
    fn list(&self) -> String {
        let names: Vec<&str> = self.columns.iter().map(|(name, _)| name.as_str()).collect();
        names.join(", ")
    }

    fn select(&self) -> String {
        format!("SELECT {} FROM {}", self.list(), self.name)
    }

    /// The query that puts a row of it somewhere else.
    fn insert<'r, R>(&self, row: &'r R) -> Result<Query<'r>, sqlx::Error>
    where
        R: Row,
        usize: ColumnIndex<R>,
        Option<i64>: Decode<'r, R::Database> + Type<R::Database>,
        Option<&'r str>: Decode<'r, R::Database> + Type<R::Database>,
        Option<&'r [u8]>: Decode<'r, R::Database> + Type<R::Database>,
    {
        let places: Vec<String> =
            (1..=self.columns.len()).map(|place| format!("${place}")).collect();
        let (name, columns, places) = (&self.name, self.list(), places.join(", "));
        let mut query = Query::of_ours(format!("INSERT INTO {name} ({columns}) VALUES ({places})"));
        for (place, (_, kind)) in self.columns.iter().enumerate() {
            query = query.bind(match kind {
                Kind::Integer => Value::Integer(row.try_get(place)?),
                Kind::Text => Value::Text(row.try_get::<Option<&str>, _>(place)?.map(Into::into)),
                Kind::Bytes => {
                    Value::Bytes(row.try_get::<Option<&[u8]>, _>(place)?.map(Into::into))
                }
            });
        }
        Ok(query)
    }

    /// That so many rows of it arrived.
    async fn prove(&self, rows: i64, copy: &mut SqliteConnection) -> Result<(), BackupError> {
        let sql = AssertSqlSafe(format!("SELECT count(*) FROM {}", self.name));
        let (there,): (i64,) = sqlx::query_as(sql).fetch_one(copy).await?;
        if there == rows {
            return Ok(());
        }
        let name = &self.name;
        Err(BackupError::Damaged(format!("{there} of {rows} rows of {name} arrived")))
    }
}
