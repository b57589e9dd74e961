//! The server's epoch. Devices that find a new one know that what this server once acknowledged may be gone, and send
//! again what they still hold.

use serde_json::json;

use super::audit::{Event, note};
use super::sql::{Pool, query, query_as, query_scalar};
use super::{Answer, Database, begin_write, signed, unsigned};
use crate::accounts;
use crate::audit::Action;

/// A database that is new, or that was put back from a copy, starts an epoch of its own.
pub(super) async fn begin_epoch(writer: &Pool, now_ms: i64) -> Answer<()> {
    let mut tx = begin_write(writer).await?;
    let was_copy: Option<i64> =
        query_scalar("SELECT is_copy FROM server").fetch_optional(&mut tx).await?;
    query(
        "INSERT INTO server (id, epoch, rv, pack, is_copy, cursor_key) VALUES (1, $1, 0, NULL, 0, $2)
         ON CONFLICT (id) DO UPDATE SET is_copy = 0,
            epoch = CASE WHEN $1 > server.epoch THEN $1 ELSE server.epoch + 1 END
         WHERE server.is_copy = 1",
    )
    .bind(now_ms)
    .bind(accounts::random::<32>().as_slice())
    .execute(&mut tx)
    .await?;
    if was_copy == Some(1) {
        // A code that was used since the copy was made would be good a second time.
        query("UPDATE sign_in_code SET used_ms = $1 WHERE used_ms IS NULL")
            .bind(now_ms)
            .execute(&mut tx)
            .await?;
        // So would what somebody signed.
        query("DELETE FROM passkey_challenge").execute(&mut tx).await?;
        // The server counts for them, and the numbers it gave since then may stand on phones.
        let counted: Vec<i64> =
            query_scalar("SELECT id FROM session WHERE client <> 'app'").fetch_all(&mut tx).await?;
        for session in counted {
            query("UPDATE session SET device = $2 WHERE id = $1")
                .bind(session)
                .bind(accounts::random::<16>().as_slice())
                .execute(&mut tx)
                .await?;
        }
        let action = Action::Restore;
        let event = Event { actor: None, action, object: "", unit: None, detail: json!({}) };
        note(&mut tx, event, now_ms).await?;
    }
    tx.commit().await?;
    Ok(())
}

impl Database {
    /// The server's epoch and the feed's head.
    pub async fn epoch_and_head(&self) -> Answer<(u64, u64)> {
        let (epoch, rv): (i64, i64) =
            query_as("SELECT epoch, rv FROM server").fetch_one(&self.readers).await?;
        Ok((unsigned(epoch), unsigned(rv)))
    }

    /// Starts a new epoch, because devices know more than the database holds. Names the epoch that went wrong, so
    /// that two devices that say so at the same time start one.
    pub async fn renew_epoch(&self, seen: u64, now_ms: i64) -> Answer<()> {
        query("UPDATE server SET epoch = CASE WHEN $2 > epoch THEN $2 ELSE epoch + 1 END WHERE epoch = $1")
            .bind(signed(seen))
            .bind(now_ms)
            .execute(&self.writer)
            .await?;
        Ok(())
    }
}
