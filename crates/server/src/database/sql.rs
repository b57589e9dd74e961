//! One text of SQL for both databases: values are bound to `$1`, `$2`, …, and a query runs on a pool or in a transaction
//! of either. What the two say differently is said in one file for each.

use std::borrow::Cow;
use std::marker::PhantomData;

use sqlx::postgres::{PgArguments, PgConnection, PgPool, PgRow, Postgres};
use sqlx::sqlite::{Sqlite, SqliteArguments, SqliteConnection, SqlitePool, SqliteRow};
use sqlx::{Arguments, AssertSqlSafe, Error, FromRow, SqlStr};

/// Connections to one of the databases.
#[derive(Clone, Debug)]
pub(super) enum Pool {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

impl Pool {
    pub(super) async fn close(&self) {
        match self {
            Self::Sqlite(pool) => pool.close().await,
            Self::Postgres(pool) => pool.close().await,
        }
    }
}

/// A transaction of one of them. Dropped, it is rolled back.
#[derive(Debug)]
pub(super) enum Transaction {
    Sqlite(sqlx::Transaction<'static, Sqlite>),
    Postgres(sqlx::Transaction<'static, Postgres>),
}

impl Transaction {
    pub(super) async fn commit(self) -> Result<(), Error> {
        match self {
            Self::Sqlite(tx) => tx.commit().await,
            Self::Postgres(tx) => tx.commit().await,
        }
    }

    pub(super) async fn rollback(self) -> Result<(), Error> {
        match self {
            Self::Sqlite(tx) => tx.rollback().await,
            Self::Postgres(tx) => tx.rollback().await,
        }
    }
}

/// Where a query runs.
#[derive(Debug)]
pub(super) enum At<'c> {
    SqlitePool(&'c SqlitePool),
    Sqlite(&'c mut SqliteConnection),
    PostgresPool(&'c PgPool),
    Postgres(&'c mut PgConnection),
}

impl<'c> From<&'c Pool> for At<'c> {
    fn from(pool: &'c Pool) -> Self {
        match pool {
            Pool::Sqlite(pool) => Self::SqlitePool(pool),
            Pool::Postgres(pool) => Self::PostgresPool(pool),
        }
    }
}

impl<'c> From<&'c mut Transaction> for At<'c> {
    fn from(tx: &'c mut Transaction) -> Self {
        match tx {
            Transaction::Sqlite(tx) => Self::Sqlite(tx),
            Transaction::Postgres(tx) => Self::Postgres(tx),
        }
    }
}

impl<'c> From<&'c mut PgConnection> for At<'c> {
    fn from(connection: &'c mut PgConnection) -> Self {
        Self::Postgres(connection)
    }
}

impl<'c> From<&'c mut SqliteConnection> for At<'c> {
    fn from(connection: &'c mut SqliteConnection) -> Self {
        Self::Sqlite(connection)
    }
}

/// What a placeholder stands for.
#[derive(Clone, Debug)]
pub(super) enum Value<'q> {
    Bool(bool),
    Integer(Option<i64>),
    Text(Option<Cow<'q, str>>),
    Bytes(Option<Cow<'q, [u8]>>),
}

/// How a type becomes a value.
macro_rules! value {
    ($from:ty, $variant:ident, $given:ident => $value:expr) => {
        impl<'q> From<$from> for Value<'q> {
            fn from($given: $from) -> Self {
                Self::$variant($value)
            }
        }
    };
}

value!(bool, Bool, given => given);
value!(i64, Integer, given => Some(given));
value!(Option<i64>, Integer, given => given);
value!(&'q str, Text, given => Some(given.into()));
value!(&'q String, Text, given => Some(given.into()));
value!(String, Text, given => Some(given.into()));
value!(Option<&'q str>, Text, given => given.map(Into::into));
value!(&'q Option<String>, Text, given => given.as_deref().map(Into::into));
value!(&'q [u8], Bytes, given => Some(given.into()));
value!(&'q Vec<u8>, Bytes, given => Some(given.into()));
value!(Vec<u8>, Bytes, given => Some(given.into()));
value!(Option<&'q [u8]>, Bytes, given => given.map(Into::into));
value!(&'q Option<Vec<u8>>, Bytes, given => given.as_deref().map(Into::into));

/// What one row becomes.
pub(super) trait Read:
    for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin
{
}

impl<T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> + Send + Unpin> Read for T {}

/// A query with the values of its placeholders.
#[derive(Debug)]
pub(super) struct Query<'q> {
    sql: SqlStr,
    values: Vec<Value<'q>>,
}

/// A query whose rows are read as `T`.
#[derive(Debug)]
pub(super) struct QueryAs<'q, T> {
    query: Query<'q>,
    rows: PhantomData<fn() -> T>,
}

/// A query of which the first column is read.
#[derive(Debug)]
pub(super) struct QueryScalar<'q, T>(QueryAs<'q, (T,)>);

pub(super) fn query<'q>(sql: &'static str) -> Query<'q> {
    Query { sql: sqlx::SqlSafeStr::into_sql_str(sql), values: Vec::new() }
}

pub(super) fn query_as<'q, T: Read>(sql: &'static str) -> QueryAs<'q, T> {
    QueryAs { query: query(sql), rows: PhantomData }
}

pub(super) fn query_scalar<'q, T>(sql: &'static str) -> QueryScalar<'q, T>
where
    (T,): Read,
{
    QueryScalar(query_as(sql))
}

/// Runs a query where it is to run, with the arguments that go there.
macro_rules! run {
    ($query:expr, $at:expr, $with:expr, $method:ident) => {{
        let Query { sql, values } = $query;
        match $at.into() {
            At::SqlitePool(pool) => $with(sql, sqlite(values)?).$method(pool).await,
            At::Sqlite(connection) => $with(sql, sqlite(values)?).$method(connection).await,
            At::PostgresPool(pool) => $with(sql, postgres(values)?).$method(pool).await,
            At::Postgres(connection) => $with(sql, postgres(values)?).$method(connection).await,
        }
    }};
}

impl<'q> Query<'q> {
    /// A query whose text was put together: from texts of our own only, what is given to us is bound.
    pub(super) fn of_ours(sql: String) -> Self {
        Self { sql: sqlx::SqlSafeStr::into_sql_str(AssertSqlSafe(sql)), values: Vec::new() }
    }

    pub(super) fn bind(mut self, value: impl Into<Value<'q>>) -> Self {
        self.values.push(value.into());
        self
    }

    /// Runs it, and says how many rows it changed.
    pub(super) async fn execute<'c>(self, at: impl Into<At<'c>>) -> Result<u64, Error> {
        let Query { sql, values } = self;
        Ok(match at.into() {
            At::SqlitePool(pool) => {
                sqlx::query_with(sql, sqlite(values)?).execute(pool).await?.rows_affected()
            }
            At::Sqlite(connection) => {
                sqlx::query_with(sql, sqlite(values)?).execute(connection).await?.rows_affected()
            }
            At::PostgresPool(pool) => {
                sqlx::query_with(sql, postgres(values)?).execute(pool).await?.rows_affected()
            }
            At::Postgres(connection) => {
                sqlx::query_with(sql, postgres(values)?).execute(connection).await?.rows_affected()
            }
        })
    }
}

impl<'q, T: Read> QueryAs<'q, T> {
    pub(super) fn bind(mut self, value: impl Into<Value<'q>>) -> Self {
        self.query = self.query.bind(value);
        self
    }

    pub(super) async fn fetch_all<'c>(self, at: impl Into<At<'c>>) -> Result<Vec<T>, Error> {
        run!(self.query, at, sqlx::query_as_with, fetch_all)
    }

    pub(super) async fn fetch_optional<'c>(
        self,
        at: impl Into<At<'c>>,
    ) -> Result<Option<T>, Error> {
        run!(self.query, at, sqlx::query_as_with, fetch_optional)
    }

    pub(super) async fn fetch_one<'c>(self, at: impl Into<At<'c>>) -> Result<T, Error> {
        run!(self.query, at, sqlx::query_as_with, fetch_one)
    }
}

impl<'q, T> QueryScalar<'q, T>
where
    (T,): Read,
{
    pub(super) fn bind(self, value: impl Into<Value<'q>>) -> Self {
        Self(self.0.bind(value))
    }

    pub(super) async fn fetch_all<'c>(self, at: impl Into<At<'c>>) -> Result<Vec<T>, Error> {
        Ok(self.0.fetch_all(at).await?.into_iter().map(|(first,)| first).collect())
    }

    pub(super) async fn fetch_optional<'c>(
        self,
        at: impl Into<At<'c>>,
    ) -> Result<Option<T>, Error> {
        Ok(self.0.fetch_optional(at).await?.map(|(first,)| first))
    }

    pub(super) async fn fetch_one<'c>(self, at: impl Into<At<'c>>) -> Result<T, Error> {
        Ok(self.0.fetch_one(at).await?.0)
    }
}

/// A query whose text depends on what is asked.
#[derive(Debug)]
pub(super) struct Builder<'q> {
    sql: String,
    values: Vec<Value<'q>>,
}

impl<'q> Builder<'q> {
    pub(super) fn new(sql: &'static str) -> Self {
        Self { sql: sql.to_owned(), values: Vec::new() }
    }

    pub(super) fn push(&mut self, sql: &'static str) -> &mut Self {
        self.sql.push_str(sql);
        self
    }

    pub(super) fn push_bind(&mut self, value: impl Into<Value<'q>>) -> &mut Self {
        self.values.push(value.into());
        self.sql.push_str(&format!("${}", self.values.len()));
        self
    }

    /// Adds values in brackets.
    pub(super) fn push_list(&mut self, values: impl IntoIterator<Item = Value<'q>>) -> &mut Self {
        for (at, value) in values.into_iter().enumerate() {
            self.sql.push_str(if at == 0 { "(" } else { ", " });
            self.push_bind(value);
        }
        self.push(")")
    }

    /// Adds lists of values.
    pub(super) fn push_lists<const N: usize>(
        &mut self,
        lists: impl IntoIterator<Item = [Value<'q>; N]>,
    ) -> &mut Self {
        for (at, list) in lists.into_iter().enumerate() {
            self.sql.push_str(if at == 0 { "" } else { ", " });
            self.push_list(list);
        }
        self
    }

    pub(super) fn build(self) -> Query<'q> {
        Query { values: self.values, ..Query::of_ours(self.sql) }
    }

    pub(super) fn build_as<T: Read>(self) -> QueryAs<'q, T> {
        QueryAs { query: self.build(), rows: PhantomData }
    }
}

/// So many rows are asked for or written by one statement. To be sent and waited for costs more than a row does.
const ROWS_AT_ONCE: usize = 50;

/// As many parts as statements: of [`ROWS_AT_ONCE`], and the rest one by one, so that there are two texts to be prepared.
pub(super) fn parts<T>(rows: &[T]) -> impl Iterator<Item = &[T]> {
    let (many, rest) = rows.as_chunks::<ROWS_AT_ONCE>();
    many.iter().map(<[T; ROWS_AT_ONCE]>::as_slice).chain(rest.chunks(1))
}

fn sqlite(values: Vec<Value<'_>>) -> Result<SqliteArguments, Error> {
    let mut arguments = SqliteArguments::default();
    for value in values {
        let added = match value {
            Value::Bool(value) => arguments.add(value),
            Value::Integer(value) => arguments.add(value),
            Value::Text(value) => arguments.add(value),
            Value::Bytes(value) => arguments.add(value),
        };
        added.map_err(Error::Encode)?;
    }
    Ok(arguments)
}

fn postgres(values: Vec<Value<'_>>) -> Result<PgArguments, Error> {
    let mut arguments = PgArguments::default();
    for value in values {
        let added = match value {
            Value::Bool(value) => arguments.add(value),
            Value::Integer(value) => arguments.add(value),
            Value::Text(value) => arguments.add(value.map(without_zero)),
            Value::Bytes(value) => arguments.add(value),
        };
        added.map_err(Error::Encode)?;
    }
    Ok(arguments)
}

/// PostgreSQL refuses a text with a zero character in it, and what a phone sends is never refused. Operations are kept
/// as bytes, so this touches only what is written beside them.
pub(super) fn without_zero(text: Cow<'_, str>) -> Cow<'_, str> {
    if text.contains('\0') { text.replace('\0', "\u{fffd}").into() } else { text }
}
