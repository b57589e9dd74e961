//! Work that came as a file: whose key signed it, and what was said of it.

use serde_json::json;
use sync::bundle::PublicKey;
use sync::push::{Batch, Sender};
use sync::wire::{DeviceId, Hash, QuarantineReason};

use super::audit::{Event, note};
use super::log::{Head, Pushed, keep_beside};
use super::sessions::Revoked;
use super::sql::{query, query_as, query_scalar};
use super::{Answer, Database, DatabaseError, bytes};
use crate::audit::Action;
use crate::bundle::Receipt;

/// Whose a device's key is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signer {
    /// The account that signed in on the device.
    pub account: String,
    /// Its account was disabled, or somebody else ended its last session on that device.
    pub revoked: bool,
}

impl Database {
    /// The organisation's key in force: what phones seal to.
    pub async fn organisation_key(&self) -> Answer<Option<PublicKey>> {
        let key: Option<Vec<u8>> = query_scalar(
            "SELECT public_key FROM organisation_key ORDER BY added_ms DESC, id LIMIT 1",
        )
        .fetch_optional(&self.readers)
        .await?;
        key.map(|key| bytes("organisation key", &key).map(PublicKey)).transpose()
    }

    /// Puts a key of the organisation in force, whatever the clock said when the others were. With `first`, only if there is none.
    pub async fn add_organisation_key(
        &self,
        key: &PublicKey,
        first: bool,
        now_ms: i64,
    ) -> Answer<bool> {
        let mut tx = self.begin_write().await?;
        let added = query(
            "INSERT INTO organisation_key (id, public_key, added_ms)
             SELECT $1, $2, (SELECT CASE WHEN newest >= $3 THEN newest + 1 ELSE CAST($3 AS BIGINT) END FROM
                (SELECT coalesce(max(added_ms), 0) AS newest FROM organisation_key) known) WHERE NOT ($4 AND EXISTS (SELECT 1 FROM organisation_key))",
        )
        .bind(key.id().0.as_slice())
        .bind(key.0.as_slice())
        .bind(now_ms)
        .bind(first)
        .execute(&mut tx)
        .await?;
        // The first one is the server's own doing.
        if added > 0 && !first {
            let object = key.id().to_string();
            let action = Action::OrganisationKey;
            let event =
                Event { actor: None, action, object: &object, unit: None, detail: json!({}) };
            note(&mut tx, event, now_ms).await?;
        }
        tx.commit().await?;
        Ok(added > 0)
    }

    /// Notes what a device signs with. A key stays that of whoever named it first: others read it in what the device signed.
    pub async fn add_device_key(
        &self,
        account: &str,
        device: DeviceId,
        key: &PublicKey,
        now_ms: i64,
    ) -> Answer<()> {
        let known: bool = query_scalar(
            "SELECT EXISTS (SELECT 1 FROM device_key WHERE device = $1 AND public_key = $2)",
        )
        .bind(device.0.as_slice())
        .bind(key.0.as_slice())
        .fetch_one(&self.readers)
        .await?;
        if known {
            return Ok(());
        }
        query(
            "INSERT INTO device_key (device, public_key, account, added_ms) VALUES ($1, $2, $3, $4)
             ON CONFLICT (device, public_key) DO NOTHING",
        )
        .bind(device.0.as_slice())
        .bind(key.0.as_slice())
        .bind(account)
        .bind(now_ms)
        .execute(&self.writer)
        .await?;
        Ok(())
    }

    /// Whose key that is: of that device, or of another of a person's who sent what that device sealed. A phone that found a copy
    /// of itself gives its device another id, and signs on with what it told in its session.
    pub async fn signer(&self, device: DeviceId, key: &PublicKey) -> Answer<Option<Signer>> {
        let row: Option<(String, bool, Option<i64>)> = query_as(
            "SELECT k.account, a.disabled_ms IS NOT NULL,
                (SELECT s.revoked FROM session s WHERE s.device = k.device AND s.account = k.account
                 ORDER BY s.id DESC LIMIT 1)
             FROM device_key k JOIN account a ON a.name = k.account
             WHERE k.public_key = $2 AND (k.device = $1
                OR EXISTS (SELECT 1 FROM operation o WHERE o.device = $1 AND o.sender = k.account))
             ORDER BY CASE WHEN k.device = $1 THEN 0 ELSE 1 END, k.added_ms LIMIT 1",
        )
        .bind(device.0.as_slice())
        .bind(key.0.as_slice())
        .fetch_optional(&self.readers)
        .await?;
        Ok(row.map(|(account, disabled, session_revoked)| Signer {
            account,
            revoked: disabled
                || session_revoked
                    .and_then(Revoked::of)
                    .is_some_and(|revoked| revoked != Revoked::OtherRole),
        }))
    }

    /// Keeps operations beside the log, for the repair desk: they take no place in their device's count.
    pub async fn keep_beside(
        &self,
        batch: Batch,
        carrier: &str,
        reason: QuarantineReason,
        now_ms: i64,
    ) -> Answer<Pushed> {
        let mut tx = self.begin_write().await?;
        let head = Head::read(&mut tx).await?;
        let sender = Sender { account: carrier, revoked: false };
        let kept = keep_beside(&mut tx, batch, sender, reason, head, now_ms).await?;
        tx.commit().await?;
        Ok(kept)
    }

    /// What was said of a bundle that was taken before.
    pub async fn receipt(&self, bundle: Hash) -> Answer<Option<Receipt>> {
        let receipt: Option<String> = query_scalar("SELECT receipt FROM bundle WHERE hash = $1")
            .bind(bundle.0.as_slice())
            .fetch_optional(&self.readers)
            .await?;
        receipt
            .map(|receipt| serde_json::from_str(&receipt))
            .transpose()
            .map_err(|error| DatabaseError::Damaged { what: "receipt", why: error.to_string() })
    }

    /// Notes what was said of a bundle.
    pub async fn add_receipt(&self, bundle: Hash, receipt: &Receipt) -> Answer<()> {
        let text = serde_json::to_string(receipt).expect("counts are JSON");
        query(
            "INSERT INTO bundle (hash, received_ms, receipt) VALUES ($1, $2, $3)
             ON CONFLICT (hash) DO NOTHING",
        )
        .bind(bundle.0.as_slice())
        .bind(receipt.received_ms)
        .bind(text)
        .execute(&self.writer)
        .await?;
        Ok(())
    }

    /// Writes down that a bundle was taken. `by`: who brought it, none for the operator of the machine.
    pub async fn note_bundle(
        &self,
        receipt: &Receipt,
        by: Option<&str>,
        now_ms: i64,
    ) -> Answer<()> {
        let mut tx = self.begin_write().await?;
        let unit: Option<String> = query_scalar("SELECT unit FROM account WHERE name = $1")
            .bind(&receipt.account)
            .fetch_optional(&mut tx)
            .await?;
        let detail = json!({
            "device": receipt.device, "device_name": receipt.device_name, "proven": receipt.proven,
            "operations": receipt.operations, "new": receipt.new_operations,
            "quarantined": receipt.quarantined, "files": receipt.files,
        });
        let (object, unit) = (receipt.account.as_str(), unit.as_deref());
        let event = Event { actor: by, action: Action::BundleImport, object, unit, detail };
        note(&mut tx, event, now_ms).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Writes down that a bundle was refused, and why.
    pub async fn note_refusal(
        &self,
        device: Option<DeviceId>,
        code: &str,
        by: Option<&str>,
        now_ms: i64,
    ) -> Answer<()> {
        let mut tx = self.begin_write().await?;
        let unit: Option<String> = query_scalar("SELECT unit FROM account WHERE name = $1")
            .bind(by)
            .fetch_optional(&mut tx)
            .await?;
        let object = device.map(|device| device.to_string()).unwrap_or_default();
        let (action, detail) = (Action::BundleRefuse, json!({ "code": code }));
        let event = Event { actor: by, action, object: &object, unit: unit.as_deref(), detail };
        note(&mut tx, event, now_ms).await?;
        tx.commit().await?;
        Ok(())
    }
}
