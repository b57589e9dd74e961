//! A person's password, and tries to sign in that failed.

use serde_json::{Value as Json, json};

use super::audit::{Event, note};
use super::codes::end_codes;
use super::sessions::Revoked;
use super::sql::{query, query_scalar};
use super::{Answer, CodeKey, Database, SessionKey, Write};
use crate::audit::Action;

/// What shows that somebody may set an account's password.
#[derive(Clone, Debug)]
pub enum Proof {
    /// The hash of the present one, with which a given password was compared.
    Password(String),
    /// A code that was made for the account: used up by it.
    Code(CodeKey),
}

/// A password to set.
#[derive(Clone, Copy, Debug)]
pub struct NewPassword<'a> {
    /// Whose.
    pub account: &'a str,
    /// Argon2id hash of it.
    pub hash: &'a str,
    /// The session that it is set in. It goes on under another token.
    pub session: i64,
    /// That token's key.
    pub key: &'a SessionKey,
}

impl Database {
    /// Sets a password, and ends all other sessions and all codes of the account. Says whether the proof was good.
    pub async fn change_password(
        &self,
        new: NewPassword<'_>,
        proof: &Proof,
        now_ms: i64,
    ) -> Answer<bool> {
        let mut tx = self.begin_write().await?;
        let (way, before) = match proof {
            Proof::Password(before) => ("password", Some(before)),
            Proof::Code(code) => {
                if !use_code(&mut tx, new.account, code, now_ms).await? {
                    return Ok(false);
                }
                ("code", None)
            }
        };
        let unit: Option<String> = query_scalar(
            "UPDATE account SET password = $2
             WHERE name = $1 AND disabled_ms IS NULL AND password = coalesce($3, password) RETURNING unit",
        )
        .bind(new.account)
        .bind(new.hash)
        .bind(before.map(String::as_str))
        .fetch_optional(&mut tx)
        .await?;
        // Somebody else was faster, or the account was disabled meanwhile.
        let Some(unit) = unit else { return Ok(false) };
        let ended = query(
            "UPDATE session SET ended_ms = $3, revoked = $4 WHERE account = $1 AND id <> $2 AND ended_ms IS NULL",
        )
        .bind(new.account)
        .bind(new.session)
        .bind(now_ms)
        .bind(Revoked::Along.number())
        .execute(&mut tx)
        .await?;
        query("UPDATE session SET token_hash = $2 WHERE id = $1")
            .bind(new.session)
            .bind(new.key.as_slice())
            .execute(&mut tx)
            .await?;
        end_codes(&mut tx, new.account, now_ms).await?;
        let (actor, action, unit) =
            (Some(new.account), Action::PasswordChange, Some(unit.as_str()));
        let detail = json!({ "way": way, "sessions": ended });
        note(&mut tx, Event { actor, action, object: new.account, unit, detail }, now_ms).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Uses up a code that was made for an account. Says whether it was good.
    pub async fn use_code(&self, account: &str, code: &CodeKey, now_ms: i64) -> Answer<bool> {
        let mut tx = self.begin_write().await?;
        let is_used = use_code(&mut tx, account, code, now_ms).await?;
        tx.commit().await?;
        Ok(is_used)
    }

    /// Writes down that somebody tried to sign in and was not let in. `account`: the name and unit of whom they said to be,
    /// if there is such a person.
    pub async fn note_failed_sign_in(
        &self,
        account: Option<(&str, &str)>,
        detail: Json,
        now_ms: i64,
    ) -> Answer<()> {
        let mut tx = self.begin_write().await?;
        let (object, unit) = (account.map_or("", |(name, _)| name), account.map(|(_, unit)| unit));
        let action = Action::SignInFailed;
        note(&mut tx, Event { actor: None, action, object, unit, detail }, now_ms).await?;
        tx.commit().await?;
        Ok(())
    }
}

/// Uses up a code of an account. Says whether it was good.
pub(super) async fn use_code(
    tx: &mut Write,
    account: &str,
    code: &CodeKey,
    now_ms: i64,
) -> Answer<bool> {
    let used = query(
        "UPDATE sign_in_code SET used_ms = $3
         WHERE code_hash = $1 AND account = $2 AND used_ms IS NULL AND ends_ms > $3",
    )
    .bind(code.as_slice())
    .bind(account)
    .bind(now_ms)
    .execute(&mut *tx)
    .await?;
    Ok(used > 0)
}
