//! What packs bring: forms, units, and the pack's own description for phones.

use serde_json::json;
use sync::wire::{FormRef, Hash};

use super::accounts::refresh_visible_units;
use super::audit::{Event, note};
use super::files::keep_files;
use super::sql::{query, query_as, query_scalar};
use super::{Answer, Database, bytes};
use crate::audit::Action;
use crate::form_files::FormFile;

/// A form's XML and its name.
#[derive(Clone, Debug)]
pub struct FormRow {
    /// Its id, version and hash.
    pub form: FormRef,
    /// The `XForm`.
    pub xml: String,
}

/// A pack to put in force.
#[derive(Clone, Debug)]
pub struct NewPack {
    /// What `json` says its hash is.
    pub hash: Hash,
    /// What phones download.
    pub json: Vec<u8>,
    /// Its forms.
    pub forms: Vec<FormRow>,
    /// The files beside each of them, in the same order; a form without any may be left out at the end.
    pub files: Vec<Vec<FormFile>>,
    /// The ids of its units.
    pub units: Vec<String>,
}

impl Database {
    /// Puts a pack in force; forms of earlier packs stay. Says whether anything changed.
    pub async fn load_pack(&self, new: &NewPack, now_ms: i64) -> Answer<bool> {
        let mut tx = self.begin_write().await?;
        let now: Option<Vec<u8>> =
            query_scalar("SELECT pack FROM server").fetch_one(&mut tx).await?;
        if now.as_deref() == Some(new.hash.0.as_slice()) {
            return Ok(false);
        }
        for form in &new.forms {
            query(
                "INSERT INTO form (hash, id, version, xml, added_ms) VALUES ($1, $2, $3, $4, $5)
                 ON CONFLICT (hash) DO NOTHING",
            )
            .bind(form.form.hash.0.as_slice())
            .bind(&form.form.id)
            .bind(&form.form.version)
            .bind(&form.xml)
            .bind(now_ms)
            .execute(&mut tx)
            .await?;
        }
        keep_files(&mut tx, new, now_ms).await?;
        query("INSERT INTO pack (hash, json, loaded_ms) VALUES ($1, $2, $3) ON CONFLICT (hash) DO NOTHING")
            .bind(new.hash.0.as_slice())
            .bind(&new.json)
            .bind(now_ms)
            .execute(&mut tx)
            .await?;
        for unit in &new.units {
            query("INSERT INTO unit (id) VALUES ($1) ON CONFLICT DO NOTHING")
                .bind(unit)
                .execute(&mut tx)
                .await?;
        }
        query("UPDATE server SET pack = $1").bind(new.hash.0.as_slice()).execute(&mut tx).await?;
        refresh_visible_units(&mut tx).await?;
        let detail = json!({ "forms": new.forms.len(), "units": new.units.len() });
        let object = new.hash.to_string();
        let action = Action::PackLoad;
        let event = Event { actor: None, action, object: &object, unit: None, detail };
        note(&mut tx, event, now_ms).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// The hash of the pack in force.
    pub async fn pack_hash(&self) -> Answer<Option<Hash>> {
        let hash: Option<Vec<u8>> =
            query_scalar("SELECT pack FROM server").fetch_one(&self.readers).await?;
        hash.map(|hash| bytes("pack hash", &hash).map(Hash)).transpose()
    }

    /// What phones download of a pack.
    pub async fn pack_json(&self, hash: Hash) -> Answer<Option<Vec<u8>>> {
        Ok(query_scalar("SELECT json FROM pack WHERE hash = $1")
            .bind(hash.0.as_slice())
            .fetch_optional(&self.readers)
            .await?)
    }

    /// The form of that hash.
    pub async fn form(&self, hash: Hash) -> Answer<Option<FormRow>> {
        let row: Option<(String, String, String)> =
            query_as("SELECT id, version, xml FROM form WHERE hash = $1")
                .bind(hash.0.as_slice())
                .fetch_optional(&self.readers)
                .await?;
        Ok(row.map(|(id, version, xml)| FormRow { form: FormRef { id, version, hash }, xml }))
    }

    /// Every version of the form of that id, newest first.
    pub async fn form_versions(&self, id: &str) -> Answer<Vec<FormRow>> {
        let rows: Vec<(Vec<u8>, String, String, String)> = query_as(
            "SELECT hash, id, version, xml FROM form WHERE id = $1 ORDER BY added_ms DESC, hash",
        )
        .bind(id)
        .fetch_all(&self.readers)
        .await?;
        rows.into_iter()
            .map(|(hash, id, version, xml)| {
                let hash = Hash(bytes("form hash", &hash)?);
                Ok(FormRow { form: FormRef { id, version, hash }, xml })
            })
            .collect()
    }

    /// Whether any pack that was ever loaded has that unit.
    pub async fn has_unit(&self, id: &str) -> Answer<bool> {
        Ok(query_scalar("SELECT EXISTS (SELECT 1 FROM unit WHERE id = $1)")
            .bind(id)
            .fetch_one(&self.readers)
            .await?)
    }
}
