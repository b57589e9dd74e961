//! What `OpenRosa` clients need: tokens, and which record a submission belongs to.

use sync::wire::{DeviceId, RecordId};

use super::accounts::{Client, insert_session};
use super::sql::{query, query_scalar};
use super::{Answer, Database, NewSession, Session, SessionKey, bytes, unsigned};
use crate::accounts::{new_token, random};
use crate::audit::Action;

impl Database {
    /// Opens a session for whoever has a token in the address of their `OpenRosa` client. Says whether there is such an
    /// account, which may sign in.
    pub async fn add_token(
        &self,
        account: &str,
        session: NewSession<'_>,
        by: Option<&str>,
        now_ms: i64,
    ) -> Answer<bool> {
        let mut tx = self.begin_write().await?;
        let may_sign_in: bool = query_scalar(
            "SELECT EXISTS (SELECT 1 FROM account WHERE name = $1 AND disabled_ms IS NULL)",
        )
        .bind(account)
        .fetch_one(&mut tx)
        .await?;
        if !may_sign_in {
            return Ok(false);
        }
        let noted = (by, Action::TokenMake);
        insert_session(&mut tx, account, session, Client::Token, noted, now_ms).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// The open or revoked session of a token of an `OpenRosa` client.
    pub async fn token_session(&self, key: &SessionKey) -> Answer<Option<Session>> {
        self.session_of(key, Client::Token).await
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
                .bind(instance)
                .fetch_optional(&self.readers)
                .await?;
        record.map(|record| bytes("record of an edit", &record).map(RecordId)).transpose()
    }

    /// Notes which record a submission belongs to that takes another one's place.
    pub async fn keep_edit(&self, instance: &str, record: RecordId) -> Answer<()> {
        query(
            "INSERT INTO openrosa_edit (instance, record) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        )
        .bind(instance)
        .bind(record.0.as_slice())
        .execute(&self.writer)
        .await?;
        Ok(())
    }
}
