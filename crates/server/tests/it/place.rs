//! Where a test's server keeps its records: in a file, or, when `SOTAY_TEST_POSTGRES` is the address of a PostgreSQL server
//! that is there for tests (`cargo xtask test` starts one), in a database of its own.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use server::clock;
use server::config::Config;
use server::database::Database;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection};

/// A PostgreSQL server for tests, by the address of its database `postgres`.
pub fn cluster() -> Option<String> {
    std::env::var("SOTAY_TEST_POSTGRES").ok()
}

/// Databases in the cluster that nobody uses now: making one takes longer than most tests.
fn free() -> MutexGuard<'static, Vec<String>> {
    static FREE: Mutex<Vec<String>> = Mutex::new(Vec::new());
    FREE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An empty place.
#[derive(Debug)]
pub struct Place {
    pub config: Config,
    /// The database in the cluster.
    name: Option<String>,
}

impl Place {
    /// A folder, without PostgreSQL.
    pub fn file(data: impl Into<PathBuf>) -> Self {
        Self { config: Config::new(data), name: None }
    }

    /// A place of nobody else's, with its files in that folder.
    pub async fn new(data: impl Into<PathBuf>) -> Self {
        let mut place = Self::file(data);
        if let Some(cluster) = cluster() {
            let unused = free().pop();
            let name = match unused {
                Some(name) => name,
                None => make_database().await,
            };
            let (server, _) = cluster.rsplit_once('/').expect("it ends with a database's name");
            place.config.database_url = Some(format!("{server}/{name}"));
            place.name = Some(name);
            place.empty().await;
        }
        place
    }

    /// Throws away all that is in the database, and ends whoever is connected.
    pub async fn empty(&self) {
        match &self.config.database_url {
            None => {
                for name in ["sotay.sqlite", "sotay.sqlite-wal", "sotay.sqlite-shm"] {
                    let file = self.config.data.join(name);
                    if file.exists() {
                        std::fs::remove_file(file).expect("the file goes");
                    }
                }
            }
            Some(_) => {
                let emptied = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                    WHERE datname = current_database() AND pid <> pg_backend_pid();
                    DROP SCHEMA public CASCADE; CREATE SCHEMA public";
                self.outside().await.say(emptied).await.expect("it can be emptied");
            }
        }
    }

    /// The server's program, told where its records are.
    pub fn program(&self, arguments: &[&str]) -> Command {
        // A benchmark reads this file too, and Cargo names the program for tests only.
        let Some(program) = option_env!("CARGO_BIN_EXE_sotay-server") else {
            panic!("only a test is told where the program is");
        };
        let mut command = Command::new(program);
        command.env("SOTAY_DATA", &self.config.data);
        command.env_remove("DATABASE_URL").env_remove("SOTAY_BLOBS");
        command.envs(self.config.database_url.as_ref().map(|url| ("DATABASE_URL", url)));
        command.env_remove("RUST_LOG").args(arguments).stdin(Stdio::null());
        command
    }

    pub async fn open(&self) -> Database {
        std::fs::create_dir_all(&self.config.data).expect("a folder");
        Database::of(&self.config, clock::now_ms()).await.expect("the database opens")
    }

    /// Makes it what a copy was made of.
    pub async fn put_back(&self, copy: &Path) {
        match &self.name {
            None => {
                std::fs::create_dir_all(&self.config.data).expect("a folder");
                std::fs::copy(copy, self.config.database_file()).expect("a copy");
            }
            Some(_) => {
                let database = self.open().await;
                database.put_back(copy).await.expect("the copy is put back");
                database.close().await;
            }
        }
    }

    /// The database as somebody else opens it.
    pub async fn outside(&self) -> Outside {
        match &self.config.database_url {
            None => Outside::file(&self.config.database_file()).await,
            Some(url) => {
                Outside::Postgres(PgConnection::connect(url).await.expect("the database answers"))
            }
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        free().extend(self.name.take());
    }
}

/// A new database, of a name that no other process gives.
async fn make_database() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let name = format!("test_{}_{number}", std::process::id());
    let mut cluster =
        PgConnection::connect(&cluster().expect("a cluster")).await.expect("the database answers");
    let make = AssertSqlSafe(format!("CREATE DATABASE {name}"));
    sqlx::raw_sql(make).execute(&mut cluster).await.expect("the database answers");
    cluster.close().await.expect("the database answers");
    name
}

/// Somebody who writes to the database past the server.
pub enum Outside {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Outside {
    /// An `SQLite` file.
    pub async fn file(file: &Path) -> Self {
        let file = SqliteConnectOptions::new().filename(file);
        Self::Sqlite(SqliteConnection::connect_with(&file).await.expect("the database answers"))
    }

    /// Says something that both databases understand.
    pub async fn say(&mut self, sql: &str) -> Result<u64, sqlx::Error> {
        let sql = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()));
        Ok(match self {
            Self::Sqlite(connection) => sql.execute(connection).await?.rows_affected(),
            Self::Postgres(connection) => sql.execute(connection).await?.rows_affected(),
        })
    }

    /// Says it as the database that it is understands it.
    pub async fn say_to(&mut self, sqlite: &str, postgres: &str) -> Result<u64, sqlx::Error> {
        let sql = match self {
            Self::Sqlite(_) => sqlite,
            Self::Postgres(_) => postgres,
        };
        self.say(sql).await
    }

    /// Lets nobody else write.
    pub async fn hold(&mut self) {
        self.say_to("BEGIN IMMEDIATE", "BEGIN; SELECT 1 FROM server FOR UPDATE")
            .await
            .expect("the database answers");
    }

    pub async fn let_go(&mut self) {
        self.say("ROLLBACK").await.expect("the database answers");
    }
}
