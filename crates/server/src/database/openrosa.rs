//! What `OpenRosa` clients need: tokens, and which record a submission belongs to.

use sync::codec;
use sync::wire::{DeviceId, RecordId};

use super::accounts::{Account, still_let_in};
use super::sessions::{Client, insert_session};
use super::sql::{query, query_as, query_scalar};
use super::{
    Answer, Database, DatabaseError, MAX_KEY, NewSession, Session, SessionKey, bytes, unsigned,
};
use crate::accounts::{new_token, random, session_key};
use crate::audit::Action;
use crate::openrosa::Secret;

/// A client that gets a token.
#[derive(Clone, Copy, Debug)]
pub struct NewClient<'a> {
    /// The device that its operations are of.
    pub device: DeviceId,
    /// What people call it.
    pub device_name: &'a str,
}

impl Database {
    /// Opens a session for whoever has a token in the address of their `OpenRosa` client, of an account as it was read. Says whether
    /// it may still sign in, and sees what it saw.
    pub async fn add_token(
        &self,
        account: &Account,
        token: &str,
        client: NewClient<'_>,
        by: Option<&str>,
        now_ms: i64,
    ) -> Answer<bool> {
        let mut tx = self.begin_write().await?;
        if still_let_in(&mut tx, account).await?.is_none() {
            return Ok(false);
        }
        let account = account.name.as_str();
        let noted = (by, Action::TokenMake);
        let key = session_key(token);
        let NewClient { device, device_name } = client;
        let session = NewSession { key: &key, device, device_name };
        insert_session(&mut tx, account, session, Client::Token, noted, now_ms).await?;
        let secret = Secret::of(account, token);
        query(
            "INSERT INTO session_secret (session, md5, sha256)
             SELECT id, $2, $3 FROM session WHERE token_hash = $1",
        )
        .bind(key.as_slice())
        .bind(secret.md5.as_slice())
        .bind(secret.sha256.as_slice())
        .execute(&mut tx)
        .await?;
        tx.commit().await?;
        Ok(true)
    }

    /// The open or revoked session of a token of an `OpenRosa` client.
    pub async fn token_session(&self, key: &SessionKey) -> Answer<Option<Session>> {
        self.session_of(key, Client::Token).await
    }

    /// What nonces are made with: the same for all servers on this database.
    pub async fn nonce_key(&self) -> Answer<Vec<u8>> {
        let key: Option<Vec<u8>> =
            query_scalar("SELECT cursor_key FROM server").fetch_one(&self.readers).await?;
        key.ok_or_else(|| DatabaseError::Damaged { what: "key", why: "there is none".to_owned() })
    }

    /// What the open tokens of an account come to for Digest, each with the key of its session.
    pub async fn digest_secrets(&self, account: &str) -> Answer<Vec<(SessionKey, Secret)>> {
        let rows: Vec<(Vec<u8>, Vec<u8>, Vec<u8>)> = query_as(
            "SELECT session.token_hash, secret.md5, secret.sha256 FROM session_secret secret
             JOIN session ON session.id = secret.session
             WHERE session.account = $1 AND session.ended_ms IS NULL ORDER BY session.seen_ms DESC",
        )
        .bind(account)
        .fetch_all(&self.readers)
        .await?;
        rows.iter()
            .map(|(key, md5, sha256)| {
                let md5 = bytes("MD5 of a token", md5)?;
                let sha256 = bytes("SHA-256 of a token", sha256)?;
                Ok((bytes("session key", key)?, Secret { md5, sha256 }))
            })
            .collect()
    }

    /// The session of an account that sends its password with each request: there is one for all of them. Nobody has a
    /// token of it.
    pub async fn password_session(&self, account: &str, now_ms: i64) -> Answer<Option<Session>> {
        let mut tx = self.begin_write().await?;
        let open: Option<Vec<u8>> = query_scalar(
            "SELECT token_hash FROM session WHERE account = $1 AND client = 'password' AND ended_ms IS NULL",
        )
        .bind(account)
        .fetch_optional(&mut tx)
        .await?;
        let key = match open {
            Some(key) => bytes("session key", &key)?,
            None => {
                let (_unused, key) = new_token();
                let device = DeviceId(random());
                let session = NewSession { key: &key, device, device_name: "OpenRosa" };
                let noted = (Some(account), Action::SignIn);
                insert_session(&mut tx, account, session, Client::Password, noted, now_ms).await?;
                key
            }
        };
        tx.commit().await?;
        self.session_of(&key, Client::Password).await
    }

    /// Notes which phone an `OpenRosa` client runs on, behind what people call it.
    pub async fn name_client(&self, session: &Session, phone: &str) -> Answer<()> {
        let name: Option<String> = query_scalar("SELECT device_name FROM session WHERE id = $1")
            .bind(session.id)
            .fetch_optional(&self.readers)
            .await?;
        let Some(name) = name else { return Ok(()) };
        let own = name.split_once(" (").map_or(name.as_str(), |(own, _)| own);
        let named = format!("{own} ({phone})");
        if named != name {
            query("UPDATE session SET device_name = $2 WHERE id = $1")
                .bind(session.id)
                .bind(&named)
                .execute(&self.writer)
                .await?;
        }
        Ok(())
    }

    /// How many operations of a device there are: the next one comes after that.
    pub async fn acked(&self, device: DeviceId) -> Answer<u64> {
        let acked: Option<i64> = query_scalar("SELECT acked FROM device WHERE id = $1")
            .bind(device.0.as_slice())
            .fetch_optional(&self.readers)
            .await?;
        Ok(unsigned(acked.unwrap_or(0)))
    }

    /// The record that a submission belongs to which took another one's place.
    pub async fn edited_record(&self, instance: &str) -> Answer<Option<RecordId>> {
        let record: Option<Vec<u8>> =
            query_scalar("SELECT record FROM openrosa_edit WHERE instance = $1")
                .bind(noted(instance))
                .fetch_optional(&self.readers)
                .await?;
        record.map(|record| bytes("record of an edit", &record).map(RecordId)).transpose()
    }

    /// Notes which record a submission belongs to that takes another one's place.
    pub async fn keep_edit(&self, instance: &str, record: RecordId) -> Answer<()> {
        query(
            "INSERT INTO openrosa_edit (instance, record) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        )
        .bind(noted(instance))
        .bind(record.0.as_slice())
        .execute(&self.writer)
        .await?;
        Ok(())
    }
}

/// What a submission is noted by: its name or, where that is no key for every database, a hash of it.
fn noted(instance: &str) -> String {
    if instance.len() <= MAX_KEY {
        return instance.to_owned();
    }
    format!("sha256:{}", codec::hash(instance.as_bytes()))
}
