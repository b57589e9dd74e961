//! People and their sessions.

use pack::phone::PhonePack;
use sync::wire::DeviceId;

use super::{Answer, Database, DatabaseError, Write, bytes, unsigned};

/// A person who may sign in.
#[derive(Clone, Debug)]
pub struct Account {
    /// What they sign in with; also the author of their operations.
    pub name: String,
    /// What others see.
    pub display_name: String,
    /// `officer`, `trainer`, `coordinator`, `administrator` or `auditor`.
    pub role: String,
    /// Where they work.
    pub unit: String,
    /// Argon2id hash of the password.
    pub password: String,
    /// Whether they may no longer sign in.
    pub disabled: bool,
}

/// A person to add.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// What they sign in with.
    pub name: String,
    /// What others see.
    pub display_name: String,
    /// Their role.
    pub role: String,
    /// Where they work.
    pub unit: String,
    /// Units granted: each with all below it.
    pub scope: Vec<String>,
    /// Argon2id hash of the password.
    pub password: String,
}

/// SHA-256 of a session's token.
pub type SessionKey = [u8; 32];

/// An open session, or one that was revoked.
#[derive(Clone, Debug)]
pub struct Session {
    /// Its number.
    pub id: i64,
    /// Whose it is.
    pub account: String,
    /// The person's role.
    pub role: String,
    /// The device it was opened on.
    pub device: DeviceId,
    /// When it was last used.
    pub seen_ms: i64,
    /// Ended by somebody else than its owner.
    pub revoked: bool,
    /// The account may no longer sign in.
    pub disabled: bool,
    /// Counts the changes of what the account sees.
    pub scope_rev: u64,
}

/// A session as the operator sees it.
#[derive(Clone, Debug)]
pub struct SessionRow {
    /// Its number.
    pub id: i64,
    /// Whose it is.
    pub account: String,
    /// What the device calls itself.
    pub device_name: String,
    /// When it began.
    pub created_ms: i64,
    /// When it was last used.
    pub seen_ms: i64,
}

impl Database {
    /// The account of that name.
    pub async fn account(&self, name: &str) -> Answer<Option<Account>> {
        Ok(self.accounts_where(Some(name)).await?.pop())
    }

    /// All accounts by name.
    pub async fn accounts(&self) -> Answer<Vec<Account>> {
        self.accounts_where(None).await
    }

    async fn accounts_where(&self, name: Option<&str>) -> Answer<Vec<Account>> {
        type Row = (String, String, String, String, String, Option<i64>);
        let rows: Vec<Row> = sqlx::query_as(
            "SELECT name, display_name, role, unit, password, disabled_ms FROM account
             WHERE $1 IS NULL OR name = $1 ORDER BY name",
        )
        .bind(name)
        .fetch_all(&self.readers)
        .await?;
        Ok(rows
            .into_iter()
            .map(|(name, display_name, role, unit, password, disabled)| Account {
                name,
                display_name,
                role,
                unit,
                password,
                disabled: disabled.is_some(),
            })
            .collect())
    }

    /// Adds a person, or says `false` when the name is taken.
    pub async fn add_account(&self, new: &NewAccount, now_ms: i64) -> Answer<bool> {
        let mut tx = self.begin_write().await?;
        let added = sqlx::query(
            "INSERT INTO account (name, display_name, role, unit, password, created_ms, scope_rev)
             VALUES ($1, $2, $3, $4, $5, $6, 1) ON CONFLICT (name) DO NOTHING",
        )
        .bind(&new.name)
        .bind(&new.display_name)
        .bind(&new.role)
        .bind(&new.unit)
        .bind(&new.password)
        .bind(now_ms)
        .execute(&mut *tx)
        .await?
        .rows_affected();
        if added == 0 {
            return Ok(false);
        }
        for unit in &new.scope {
            sqlx::query(
                "INSERT INTO account_scope (account, unit) VALUES ($1, $2) ON CONFLICT DO NOTHING",
            )
            .bind(&new.name)
            .bind(unit)
            .execute(&mut *tx)
            .await?;
        }
        refresh_visible_units(&mut tx).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Ends an account's right to sign in, and revokes its sessions. Says whether there is such an account.
    pub async fn disable_account(&self, name: &str, now_ms: i64) -> Answer<bool> {
        let mut tx = self.begin_write().await?;
        let found = sqlx::query(
            "UPDATE account SET disabled_ms = coalesce(disabled_ms, $2) WHERE name = $1",
        )
        .bind(name)
        .bind(now_ms)
        .execute(&mut *tx)
        .await?
        .rows_affected();
        sqlx::query(
            "UPDATE session SET ended_ms = $2, revoked = 1 WHERE account = $1 AND ended_ms IS NULL",
        )
        .bind(name)
        .bind(now_ms)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(found > 0)
    }

    /// Opens a session.
    pub async fn add_session(
        &self,
        key: &SessionKey,
        account: &str,
        device: DeviceId,
        device_name: &str,
        now_ms: i64,
    ) -> Answer<()> {
        sqlx::query(
            "INSERT INTO session (token_hash, account, device, device_name, created_ms, seen_ms)
             VALUES ($1, $2, $3, $4, $5, $5)",
        )
        .bind(key.as_slice())
        .bind(account)
        .bind(device.0.as_slice())
        .bind(device_name)
        .bind(now_ms)
        .execute(&self.writer)
        .await?;
        Ok(())
    }

    /// The open or revoked session of a token. One that its owner ended is gone.
    pub async fn session(&self, key: &SessionKey) -> Answer<Option<Session>> {
        type Row = (i64, String, String, Vec<u8>, i64, i64, bool, i64);
        let row: Option<Row> = sqlx::query_as(
            "SELECT s.id, s.account, a.role, s.device, s.seen_ms, s.revoked, a.disabled_ms IS NOT NULL, a.scope_rev
             FROM session s JOIN account a ON a.name = s.account
             WHERE s.token_hash = $1 AND (s.ended_ms IS NULL OR s.revoked = 1)",
        )
        .bind(key.as_slice())
        .fetch_optional(&self.readers)
        .await?;
        let Some((id, account, role, device, seen_ms, revoked, disabled, scope_rev)) = row else {
            return Ok(None);
        };
        Ok(Some(Session {
            id,
            account,
            role,
            device: DeviceId(bytes("session device", &device)?),
            seen_ms,
            revoked: revoked != 0,
            disabled,
            scope_rev: unsigned(scope_rev),
        }))
    }

    /// Whether an account may send what a device sealed: one that it signed in on, or that nobody is known to have: a
    /// restored server may have forgotten.
    pub async fn may_send_for(&self, account: &str, device: DeviceId) -> Answer<bool> {
        let (is_own, is_known): (bool, bool) = sqlx::query_as(
            "SELECT EXISTS (SELECT 1 FROM session WHERE device = $1 AND account = $2),
                    EXISTS (SELECT 1 FROM session WHERE device = $1)",
        )
        .bind(device.0.as_slice())
        .bind(account)
        .fetch_one(&self.readers)
        .await?;
        Ok(is_own || !is_known)
    }

    /// Notes that a session is in use.
    pub async fn touch_session(&self, id: i64, now_ms: i64) -> Answer<()> {
        sqlx::query("UPDATE session SET seen_ms = $2 WHERE id = $1")
            .bind(id)
            .bind(now_ms)
            .execute(&self.writer)
            .await?;
        Ok(())
    }

    /// Its owner signs out.
    pub async fn end_session(&self, id: i64, now_ms: i64) -> Answer<()> {
        sqlx::query("UPDATE session SET ended_ms = $2 WHERE id = $1 AND ended_ms IS NULL")
            .bind(id)
            .bind(now_ms)
            .execute(&self.writer)
            .await?;
        Ok(())
    }

    /// Somebody else ends it. Says whether there was an open session of that number.
    pub async fn revoke_session(&self, id: i64, now_ms: i64) -> Answer<bool> {
        let done = sqlx::query(
            "UPDATE session SET ended_ms = $2, revoked = 1 WHERE id = $1 AND ended_ms IS NULL",
        )
        .bind(id)
        .bind(now_ms)
        .execute(&self.writer)
        .await?;
        Ok(done.rows_affected() > 0)
    }

    /// Open sessions, newest use first.
    pub async fn sessions(&self) -> Answer<Vec<SessionRow>> {
        let rows: Vec<(i64, String, String, i64, i64)> = sqlx::query_as(
            "SELECT id, account, device_name, created_ms, seen_ms FROM session
             WHERE ended_ms IS NULL ORDER BY seen_ms DESC",
        )
        .fetch_all(&self.readers)
        .await?;
        Ok(rows
            .into_iter()
            .map(|(id, account, device_name, created_ms, seen_ms)| SessionRow {
                id,
                account,
                device_name,
                created_ms,
                seen_ms,
            })
            .collect())
    }

    /// Every unit that an account sees, sorted.
    pub async fn visible_units(&self, account: &str) -> Answer<Vec<String>> {
        Ok(sqlx::query_scalar("SELECT unit FROM visible_unit WHERE account = $1 ORDER BY unit")
            .bind(account)
            .fetch_all(&self.readers)
            .await?)
    }
}

/// Works out again which units each account sees. Accounts whose units changed get a new `scope_rev`, so
/// that their devices take the feed from its start.
pub(super) async fn refresh_visible_units(tx: &mut Write) -> Answer<()> {
    let json: Option<Vec<u8>> =
        sqlx::query_scalar("SELECT pack.json FROM pack JOIN server ON server.pack = pack.hash")
            .fetch_optional(&mut **tx)
            .await?;
    let pack: Option<PhonePack> = json
        .map(|json| serde_json::from_slice(&json))
        .transpose()
        .map_err(|error| DatabaseError::Damaged { what: "pack", why: error.to_string() })?;
    let names: Vec<String> =
        sqlx::query_scalar("SELECT name FROM account").fetch_all(&mut **tx).await?;
    for name in names {
        let granted: Vec<String> =
            sqlx::query_scalar("SELECT unit FROM account_scope WHERE account = $1")
                .bind(&name)
                .fetch_all(&mut **tx)
                .await?;
        let units = pack.as_ref().map(|pack| pack.units.scope(&granted)).unwrap_or_default();
        let before: Vec<String> =
            sqlx::query_scalar("SELECT unit FROM visible_unit WHERE account = $1 ORDER BY unit")
                .bind(&name)
                .fetch_all(&mut **tx)
                .await?;
        if units.iter().eq(before.iter()) {
            continue;
        }
        sqlx::query("DELETE FROM visible_unit WHERE account = $1")
            .bind(&name)
            .execute(&mut **tx)
            .await?;
        for unit in units {
            sqlx::query("INSERT INTO visible_unit (account, unit) VALUES ($1, $2)")
                .bind(&name)
                .bind(unit)
                .execute(&mut **tx)
                .await?;
        }
        sqlx::query("UPDATE account SET scope_rev = scope_rev + 1 WHERE name = $1")
            .bind(&name)
            .execute(&mut **tx)
            .await?;
    }
    Ok(())
}
