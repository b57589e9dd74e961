//! One-time codes that let somebody in.

use serde_json::json;

use super::accounts::{Account, still_let_in, stored_role};
use super::audit::{Event, note};
use super::credentials::use_code;
use super::passkeys::Added;
use super::sessions::{NewSession, open_session};
use super::sql::{query, query_as};
use super::{Answer, Database, Write};
use crate::accounts::Role;
use crate::audit::Action;

/// SHA-256 of a one-time code.
pub type CodeKey = [u8; 32];

/// What became of a code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ByCode {
    /// It let this account in, and is used up.
    SignedIn(String),
    /// It is good, and of another account than the one that was asked for.
    OfAnother,
    /// There is no such code any more.
    NoSuchCode,
    /// It is good, and not enough for its owner.
    NotEnough,
    /// It is good, and the key that came with it was not taken.
    NotAdded(Added),
}

impl Database {
    /// Keeps a code that opens one session of an account as it was read, until `ends_ms`. Earlier ones are good no longer. Says
    /// whether it may still sign in, and sees what it saw.
    pub async fn add_code(
        &self,
        account: &Account,
        key: &CodeKey,
        ends_ms: i64,
        by: Option<&str>,
        now_ms: i64,
    ) -> Answer<bool> {
        let mut tx = self.begin_write().await?;
        let Some(unit) = still_let_in(&mut tx, account).await? else { return Ok(false) };
        let account = account.name.as_str();
        end_codes(&mut tx, account, now_ms).await?;
        query(
            "INSERT INTO sign_in_code (code_hash, account, made_by, made_ms, ends_ms) VALUES ($1, $2, $3, $4, $5)",
        )
        .bind(key.as_slice())
        .bind(account)
        .bind(by)
        .bind(now_ms)
        .bind(ends_ms)
        .execute(&mut tx)
        .await?;
        let (action, unit) = (Action::CodeMake, Some(unit.as_str()));
        let event = Event {
            actor: by,
            action,
            object: account,
            unit,
            detail: json!({ "ends_ms": ends_ms }),
        };
        note(&mut tx, event, now_ms).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Opens a session for whoever has a code, which is used up by it; with `only`, for that account alone, and for nobody of the
    /// roles that need more.
    pub async fn sign_in_by_code(
        &self,
        code: &CodeKey,
        only: Option<&str>,
        need_more: &[Role],
        session: NewSession<'_>,
        now_ms: i64,
    ) -> Answer<ByCode> {
        let mut tx = self.begin_write().await?;
        let Some((account, role)) = owner_of_code(&mut tx, code, now_ms).await? else {
            return Ok(ByCode::NoSuchCode);
        };
        if only.is_some_and(|only| only != account) {
            return Ok(ByCode::OfAnother);
        }
        if need_more.contains(&role) {
            return Ok(ByCode::NotEnough);
        }
        if !use_code(&mut tx, &account, code, now_ms).await? {
            return Ok(ByCode::NoSuchCode);
        }
        open_session(&mut tx, &account, session, Action::SignInByCode, now_ms).await?;
        tx.commit().await?;
        Ok(ByCode::SignedIn(account))
    }

    /// Whose a code is that is good, without using it up.
    pub async fn owner_of_code(&self, code: &CodeKey, now_ms: i64) -> Answer<Option<Account>> {
        let row: Option<(String, String)> = query_as(OWNER_OF_CODE)
            .bind(code.as_slice())
            .bind(now_ms)
            .fetch_optional(&self.readers)
            .await?;
        match row {
            Some((account, _role)) => self.account(&account).await,
            None => Ok(None),
        }
    }
}

/// No code of an account is good any longer.
pub(super) async fn end_codes(tx: &mut Write, account: &str, now_ms: i64) -> Answer<()> {
    query("UPDATE sign_in_code SET used_ms = $2 WHERE account = $1 AND used_ms IS NULL")
        .bind(account)
        .bind(now_ms)
        .execute(&mut *tx)
        .await?;
    Ok(())
}

const OWNER_OF_CODE: &str =
    "SELECT a.name, a.role FROM sign_in_code c JOIN account a ON a.name = c.account
    WHERE c.code_hash = $1 AND c.used_ms IS NULL AND c.ends_ms > $2 AND a.disabled_ms IS NULL";

/// Whose a code is that is good, and their role.
pub(super) async fn owner_of_code(
    tx: &mut Write,
    code: &CodeKey,
    now_ms: i64,
) -> Answer<Option<(String, Role)>> {
    let row: Option<(String, String)> =
        query_as(OWNER_OF_CODE).bind(code.as_slice()).bind(now_ms).fetch_optional(&mut *tx).await?;
    row.map(|(account, role)| Ok((account, stored_role(&role)?))).transpose()
}
