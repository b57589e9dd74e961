//! Writing the database anew, without what was emptied.

use sqlx::AssertSqlSafe;

use crate::database::sql::{Pool, query, query_scalar};
use crate::database::{Answer, Database, Write};

impl Database {
    /// Writes the database anew if something was emptied since that was done last. Says whether it did.
    pub async fn scrub_if_wanted(&self) -> Answer<bool> {
        let is_wanted = self.scrubs_wanted().await? > 0;
        if is_wanted {
            self.scrub().await?;
        }
        Ok(is_wanted)
    }

    async fn scrubs_wanted(&self) -> Answer<i64> {
        Ok(query_scalar("SELECT scrub_wanted FROM server").fetch_one(&self.readers).await?)
    }

    /// Writes the database anew, without what was deleted: a file keeps that in its gaps until something else takes the place.
    /// On `SQLite` nobody else writes meanwhile.
    pub async fn scrub(&self) -> Answer<()> {
        let wanted = self.scrubs_wanted().await?;
        match &self.writer {
            Pool::Sqlite(pool) => {
                for statement in ["VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"] {
                    sqlx::query(statement).execute(pool).await?;
                }
            }
            Pool::Postgres(pool) => {
                for table in [
                    "operation",
                    "quarantine",
                    "record",
                    "entity",
                    "entity_version",
                    "entity_source",
                ] {
                    sqlx::query(AssertSqlSafe(format!("VACUUM {table}"))).execute(pool).await?;
                }
            }
        }
        // What was emptied since this began is still to go.
        query("UPDATE server SET scrub_wanted = scrub_wanted - $1 WHERE scrub_wanted >= $1")
            .bind(wanted)
            .execute(&self.writer)
            .await?;
        Ok(())
    }
}

/// What was emptied still lies in the gaps of the file.
pub(super) async fn want_scrub(tx: &mut Write) -> Answer<()> {
    query("UPDATE server SET scrub_wanted = scrub_wanted + 1").execute(tx).await?;
    Ok(())
}
