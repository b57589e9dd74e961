//! What packs bring: forms, units, programmes, and the pack's own description for phones.

use std::collections::{BTreeMap, BTreeSet};

use pack::phone::PhonePack;
use serde_json::json;
use sync::codec;
use sync::wire::{FormRef, Hash};

use super::accounts::refresh_all_visible_units;
use super::audit::{Event, note};
use super::files::keep_files;
use super::personal_fields::{PersonalRule, put_personal};
use super::rights::programmes;
use super::sql::{query, query_as, query_scalar};
use super::{Answer, Database, DatabaseError, Write, bytes, unsigned};
use crate::audit::Action;
use crate::form_files::FormFile;
use crate::openrosa::below_root;

/// A form's XML and its name.
#[derive(Clone, Debug)]
pub struct FormRow {
    /// Its id, version and hash.
    pub form: FormRef,
    /// The `XForm`.
    pub xml: String,
}

impl FormRow {
    /// What it asks: paths without the keys of rows.
    #[must_use]
    pub fn questions(&self) -> BTreeSet<String> {
        let form = form::parse_xform(&self.xml).map(|(form, _)| form).ok();
        let binds = form.iter().flat_map(|form| &form.binds);
        binds.filter_map(|bind| below_root(&bind.nodeset).map(str::to_owned)).collect()
    }
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
    /// The programme of each of its forms that has one, by the form's id.
    pub programmes: BTreeMap<String, String>,
    /// The questions of its forms that ask for personal data.
    pub personal: Vec<PersonalRule>,
}

impl Database {
    /// Puts a pack in force; forms of earlier packs stay. Says whether anything changed.
    pub async fn load_pack(&self, new: &NewPack, now_ms: i64) -> Answer<bool> {
        let mut tx = self.begin_write().await?;
        let now: Option<Vec<u8>> =
            query_scalar("SELECT pack FROM server").fetch_one(&mut tx).await?;
        if now.as_deref() == Some(new.hash.0.as_slice()) {
            // Phones are not told of all that lies beside a form, and another version of the server may lay more there.
            keep_files(&mut tx, new, now_ms).await?;
            tx.commit().await?;
            return Ok(false);
        }
        for form in &new.forms {
            // One that comes back is the newest again.
            query(
                "INSERT INTO form (hash, id, version, xml, added_ms) VALUES ($1, $2, $3, $4, $5)
                 ON CONFLICT (hash) DO UPDATE SET added_ms = excluded.added_ms",
            )
            .bind(form.form.hash.0.as_slice())
            .bind(&form.form.id)
            .bind(&form.form.version)
            .bind(&form.xml)
            .bind(now_ms)
            .execute(&mut tx)
            .await?;
        }
        place_forms(&mut tx, new).await?;
        put_personal(&mut tx, new).await?;
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
        refresh_all_visible_units(&mut tx, now_ms).await?;
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

    /// The pack in force, whole.
    pub async fn pack_in_force(&self) -> Answer<Option<PhonePack>> {
        let Some(hash) = self.pack_hash().await? else { return Ok(None) };
        let json = self.pack_json(hash).await?;
        json.map(|json| serde_json::from_slice(&json).map_err(damaged_pack)).transpose()
    }

    /// How many records are of a unit.
    pub async fn records_of_unit(&self, unit: &str) -> Answer<u64> {
        let count: i64 = query_scalar("SELECT count(*) FROM record WHERE unit = $1")
            .bind(unit)
            .fetch_one(&self.readers)
            .await?;
        Ok(unsigned(count))
    }

    /// How many records are of a form, in any version of it.
    pub async fn records_of_form(&self, form: &str) -> Answer<u64> {
        let count: i64 = query_scalar("SELECT count(*) FROM record WHERE form = $1")
            .bind(form)
            .fetch_one(&self.readers)
            .await?;
        Ok(unsigned(count))
    }

    /// What phones download of a pack.
    pub async fn pack_json(&self, hash: Hash) -> Answer<Option<Vec<u8>>> {
        Ok(query_scalar("SELECT json FROM pack WHERE hash = $1")
            .bind(hash.0.as_slice())
            .fetch_optional(&self.readers)
            .await?)
    }

    /// The pack in force as an account sees it: whose grant is limited to programmes sees their forms only, under a hash of
    /// its own, so that a phone whose grant changes fetches it anew.
    pub async fn pack_seen_by(&self, account: &str) -> Answer<Option<(Hash, Vec<u8>)>> {
        let Some(hash) = self.pack_hash_seen_by(account).await? else { return Ok(None) };
        let Some(whole) = self.pack_hash().await? else { return Ok(None) };
        let Some(json) = self.pack_json(whole).await? else { return Ok(None) };
        if hash == whole {
            return Ok(Some((hash, json)));
        }
        let programmes = programmes(&self.readers, account).await?;
        let mut pack: PhonePack = serde_json::from_slice(&json).map_err(damaged_pack)?;
        pack.hash = hash.to_string();
        pack.forms.retain(|form| {
            form.programme.as_ref().is_some_and(|programme| programmes.contains(programme))
        });
        Ok(Some((hash, serde_json::to_vec(&pack).map_err(damaged_pack)?)))
    }

    /// The hash of the pack in force as an account sees it.
    pub async fn pack_hash_seen_by(&self, account: &str) -> Answer<Option<Hash>> {
        let Some(whole) = self.pack_hash().await? else { return Ok(None) };
        let programmes = programmes(&self.readers, account).await?;
        if programmes.is_empty() {
            return Ok(Some(whole));
        }
        Ok(Some(codec::hash(format!("{whole} {}", programmes.join("\n")).as_bytes())))
    }

    /// Whether any pack that was ever loaded has a form of that programme.
    pub async fn has_programme(&self, id: &str) -> Answer<bool> {
        Ok(query_scalar("SELECT EXISTS (SELECT 1 FROM form_programme WHERE programme = $1)")
            .bind(id)
            .fetch_one(&self.readers)
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

#[expect(clippy::needless_pass_by_value, reason = "the shape that `map_err` gives")]
fn damaged_pack(error: serde_json::Error) -> DatabaseError {
    DatabaseError::Damaged { what: "pack", why: error.to_string() }
}

/// Notes the programmes of a pack's forms. If a form goes from one to another, people whose grants are limited see other
/// records, and their devices take the feed from its start.
async fn place_forms(tx: &mut Write, new: &NewPack) -> Answer<()> {
    let forms: BTreeSet<&String> = new.forms.iter().map(|form| &form.form.id).collect();
    let mut has_moved = false;
    for form in forms {
        let before: Option<String> =
            query_scalar("SELECT programme FROM form_programme WHERE form = $1")
                .bind(form)
                .fetch_optional(&mut *tx)
                .await?;
        let programme = new.programmes.get(form);
        if before.as_ref() == programme {
            continue;
        }
        has_moved = true;
        query("DELETE FROM form_programme WHERE form = $1").bind(form).execute(&mut *tx).await?;
        if let Some(programme) = programme {
            query("INSERT INTO form_programme (form, programme) VALUES ($1, $2)")
                .bind(form)
                .bind(programme)
                .execute(&mut *tx)
                .await?;
        }
    }
    if has_moved {
        query(
            "UPDATE account SET scope_rev = scope_rev + 1
             WHERE EXISTS (SELECT 1 FROM account_programme mine WHERE mine.account = account.name)",
        )
        .execute(&mut *tx)
        .await?;
    }
    Ok(())
}
