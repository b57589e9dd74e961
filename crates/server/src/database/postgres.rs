//! Opening PostgreSQL, and what several processes on one database do not share in memory.
//!
//! A transaction that writes begins by locking the one row of `server`, from which it counts on and to which it writes the
//! feed's new head. So all processes write one after the other, as the one writer of `SQLite` does, and what the rest of
//! this folder relies on holds here too: a place in the feed is given in the order of commit, and what a transaction
//! has read stays so until its end.

use std::cmp::Ordering;
use std::time::Duration;

use sqlx::Connection;
use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgListener, PgPool, PgPoolOptions, Postgres};

use super::epoch::begin_epoch;
use super::group::Queue;
use super::rights::LastPublished;
use super::sql::{Pool, Transaction, query, query_as};
use super::{Answer, Database, OpenError, age, signed};
use crate::accounts::{Failures, Tries};

static MIGRATIONS: Migrator = sqlx::migrate!("migrations/postgres");

/// Where the feed's head is called out when it moves; a trigger does.
const FEED: &str = "sotay_feed";

/// What is locked that is no row; the numbers are ours to choose.
const WRITER: i64 = 0x5074_6179_0001;
const OPENROSA_TURN: i64 = 0x5074_6179_0002;
const TRIES: i64 = 0x5074_6179_0003;

/// For how long a connection that worked is believed to work.
const PROVED: Duration = Duration::from_secs(1);

/// How long to wait before the database is tried again.
const RETRY: Duration = Duration::from_secs(1);

impl Database {
    /// Connects to a database that exists, and brings it to this version.
    pub async fn connect(url: &str, now_ms: i64) -> Result<Self, OpenError> {
        let options: PgConnectOptions = url.parse()?;
        let options = options.application_name("sotay-server");
        // Who hangs while it holds the lock lets the others go on. A commit is on the disk, whatever the database's default is.
        let writing = options.clone().options([
            ("lock_timeout", "15s"),
            ("idle_in_transaction_session_timeout", "30s"),
            ("synchronous_commit", "on"),
        ]);
        let writer = pool(4).connect_with(writing).await?;
        let (encoding, fsync): (String, String) =
            sqlx::query_as("SELECT current_setting('server_encoding'), current_setting('fsync')")
                .fetch_one(&writer)
                .await?;
        if encoding != "UTF8" {
            return Err(OpenError::Encoding { found: encoding });
        }
        if fsync != "on" {
            tracing::warn!(
                "fsync is off: the database forgets what it acknowledged when the power fails"
            );
        }
        MIGRATIONS.run(&writer).await?;
        let writer = Pool::Postgres(writer);
        begin_epoch(&writer, now_ms).await?;
        let reading = options.options([
            ("default_transaction_read_only", "on"),
            ("idle_in_transaction_session_timeout", "300s"),
        ]);
        let readers = Pool::Postgres(pool(10).connect_with(reading).await?);
        let published = LastPublished::default();
        let pushes = Queue::of(writer.clone(), published.clone());
        Ok(Self { writer, readers, pushes, published })
    }

    pub(super) async fn age_at(url: &str) -> Result<Option<Ordering>, OpenError> {
        let mut database = PgConnection::connect(url).await?;
        let age = age(&mut database, &MIGRATIONS).await?;
        database.close().await?;
        Ok(age)
    }

    /// Tells the feed's head whenever any process moves it. Ends at once where there is only this process, else never.
    pub(crate) async fn follow_head(&self, tell: impl Fn(u64)) {
        let Pool::Postgres(pool) = &self.readers else { return };
        loop {
            match self.listen(pool, &tell).await {
                _ if pool.is_closed() => return,
                Ok(()) => {}
                Err(error) => {
                    tracing::warn!(%error, "news of other processes are not heard");
                    tokio::time::sleep(RETRY).await;
                }
            }
        }
    }

    async fn listen(&self, pool: &PgPool, tell: &impl Fn(u64)) -> Answer<()> {
        let mut listener = PgListener::connect_with(pool).await?;
        listener.listen(FEED).await?;
        loop {
            // What was called out while nobody listened is not repeated.
            tell(self.epoch_and_head().await?.1);
            while let Some(moved) = listener.try_recv().await? {
                if let Ok(head) = moved.payload().parse() {
                    tell(head);
                }
            }
        }
    }

    /// Waits until no other process counts for an `OpenRosa` client. The turn ends when what this gives is dropped.
    pub(crate) async fn openrosa_turn(&self) -> Answer<Option<impl Send + use<>>> {
        let Pool::Postgres(pool) = &self.readers else { return Ok(None) };
        let mut tx = pool.begin().await?;
        lock(&mut tx, OPENROSA_TURN).await?;
        Ok(Some(tx))
    }

    /// Changes how many tries failed by these keys, if several processes count together.
    pub(crate) async fn change_tries<T>(
        &self,
        keys: &[[u8; 32]],
        forgotten_ms: i64,
        change: impl FnOnce(&mut Tries) -> T,
    ) -> Answer<Option<T>> {
        let Pool::Postgres(pool) = &self.writer else { return Ok(None) };
        let mut tx = pool.begin().await?;
        lock(&mut tx, TRIES).await?;
        let mut tx = Transaction::Postgres(tx);
        let mut tries = Tries::default();
        for key in keys {
            let known: Option<(i64, i64)> =
                query_as("SELECT count, last_ms FROM sign_in_try WHERE key = $1")
                    .bind(key.as_slice())
                    .fetch_optional(&mut tx)
                    .await?;
            if let Some((count, last_ms)) = known {
                let count = u32::try_from(count).unwrap_or(u32::MAX);
                tries.insert(*key, Failures { count, last_ms });
            }
        }
        let changed = change(&mut tries);
        for key in keys {
            match tries.get(key) {
                None => {
                    query("DELETE FROM sign_in_try WHERE key = $1")
                        .bind(key.as_slice())
                        .execute(&mut tx)
                        .await?;
                }
                Some(failures) => {
                    query(
                        "INSERT INTO sign_in_try (key, count, last_ms) VALUES ($1, $2, $3)
                         ON CONFLICT (key) DO UPDATE SET count = $2, last_ms = $3",
                    )
                    .bind(key.as_slice())
                    .bind(i64::from(failures.count))
                    .bind(failures.last_ms)
                    .execute(&mut tx)
                    .await?;
                }
            }
        }
        query("DELETE FROM sign_in_try WHERE last_ms < $1")
            .bind(forgotten_ms)
            .execute(&mut tx)
            .await?;
        tx.commit().await?;
        Ok(Some(changed))
    }
}

fn pool(most: u32) -> PgPoolOptions {
    PgPoolOptions::new()
        .max_connections(most)
        .acquire_timeout(Duration::from_secs(30))
        .test_before_acquire(false)
        .before_acquire(|connection, use_of_it| {
            Box::pin(async move {
                // A database that was started anew is noticed here, and a busy server does not ask before each query.
                if use_of_it.idle_for > PROVED {
                    connection.ping().await?;
                }
                Ok(true)
            })
        })
}

async fn lock(tx: &mut sqlx::Transaction<'static, Postgres>, number: i64) -> Answer<()> {
    sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(number).execute(&mut **tx).await?;
    Ok(())
}

/// A transaction that writes, when no other process does. It sees all that was committed before.
pub(super) async fn begin_write(
    pool: &PgPool,
) -> Result<sqlx::Transaction<'static, Postgres>, sqlx::Error> {
    // Statements after the lock see what those committed who had it before; a snapshot taken earlier would not. A row that was
    // just let go is taken by whoever comes first, and a process that writes much would keep it; the number has a queue.
    let mut tx = pool.begin_with("BEGIN ISOLATION LEVEL READ COMMITTED").await?;
    sqlx::query("SELECT 1 FROM server, pg_advisory_xact_lock($1) FOR UPDATE OF server")
        .bind(WRITER)
        .execute(&mut *tx)
        .await?;
    Ok(tx)
}

/// A transaction that reads, as if nothing happened meanwhile.
pub(super) async fn begin_read(
    pool: &PgPool,
) -> Result<sqlx::Transaction<'static, Postgres>, sqlx::Error> {
    pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY").await
}

/// Numbers that the database gives come after those that were put back.
pub(super) async fn count_on(tx: &mut Transaction) -> Answer<()> {
    for (table, column) in
        [("session", "id"), ("operation", "place"), ("quarantine", "id"), ("passkey", "id")]
    {
        let mut query = super::sql::Builder::new("SELECT setval(pg_get_serial_sequence(");
        query.push_bind(table).push(", ").push_bind(column).push("), coalesce(max(");
        query.push(column).push("), ").push_bind(signed(1)).push(")) FROM ").push(table);
        let _last: (i64,) = query.build_as().fetch_one(&mut *tx).await?;
    }
    Ok(())
}
