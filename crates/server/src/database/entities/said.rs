//! What a record said of an entity: kept to see whether it says something else now, and forgotten when it was erased.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use sync::erase::SERVER;
use sync::wire::RecordId;

use super::{json, read, versions};
use crate::database::sql::{query, query_as, query_scalar};
use crate::database::{Answer, Write, unsigned};
use crate::entities::{self, Sourced};

/// What a record said of an entity, as it is kept to see whether it says something else now.
#[derive(PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Said {
    create: bool,
    update: bool,
    base_version: String,
    trunk_version: String,
    branch_id: String,
    label: Option<String>,
    properties: Vec<(String, String)>,
    pub(super) unit: String,
    pub(super) author: String,
    /// Something that it said was erased: what is left of it is still to be read.
    #[serde(default)]
    pub(super) forgotten: bool,
    /// What each version that it made held, if that was forgotten.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) held: Vec<Held>,
}

/// What a version held before it was forgotten.
#[derive(PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Held {
    version: i64,
    label: bool,
    properties: BTreeSet<String>,
}

impl Said {
    pub(super) fn change(&self, dataset: &str, id: &str) -> form::EntityChange {
        form::EntityChange {
            dataset: dataset.to_owned(),
            id: id.to_owned(),
            create: self.create,
            update: self.update,
            base_version: self.base_version.clone(),
            trunk_version: self.trunk_version.clone(),
            branch_id: self.branch_id.clone(),
            label: self.label.clone(),
            properties: self.properties.clone(),
        }
    }
}

/// Forgets what a record said of entities, in all their versions. What it says now is taken in when somebody asks.
pub(in crate::database) async fn forget_said(tx: &mut Write, record: RecordId) -> Answer<()> {
    let rows: Vec<(String, String, String)> =
        query_as("SELECT dataset, entity, said FROM entity_source WHERE record = $1")
            .bind(record.0.as_slice())
            .fetch_all(&mut *tx)
            .await?;
    for (dataset, id, text) in rows {
        let before: Said = read(&text)?;
        let held =
            if before.forgotten { before.held } else { held(tx, record, &dataset, &id).await? };
        let (label, properties) = (None, Vec::new());
        let said = Said { label, properties, forgotten: true, held, ..before };
        query(
            "UPDATE entity_source SET said = $4 WHERE record = $1 AND dataset = $2 AND entity = $3",
        )
        .bind(record.0.as_slice())
        .bind(&dataset)
        .bind(&id)
        .bind(json(&said)?)
        .execute(&mut *tx)
        .await?;
        query(
            "UPDATE entity_version SET label = NULL, properties = '{}' WHERE record = $1 AND dataset = $2 AND entity = $3",
        )
        .bind(record.0.as_slice())
        .bind(&dataset)
        .bind(&id)
        .execute(&mut *tx)
        .await?;
        put_together(tx, &dataset, &id).await?;
    }
    Ok(())
}

/// What each version that a record made of an entity holds.
async fn held(tx: &mut Write, record: RecordId, dataset: &str, id: &str) -> Answer<Vec<Held>> {
    let rows: Vec<(i64, Option<String>, String)> = query_as(
        "SELECT version, label, properties FROM entity_version
         WHERE record = $1 AND dataset = $2 AND entity = $3 ORDER BY version",
    )
    .bind(record.0.as_slice())
    .bind(dataset)
    .bind(id)
    .fetch_all(tx)
    .await?;
    rows.into_iter()
        .map(|(version, label, properties)| {
            let properties = read::<BTreeMap<String, String>>(&properties)?.into_keys().collect();
            Ok(Held { version, label: label.is_some(), properties })
        })
        .collect()
}

/// What an erasure left of a record's change of an entity stands where that stood, in each of its versions what that held: nobody
/// else's change is undone by it. Gives what somebody put right since and none of them held.
pub(super) async fn remember(
    tx: &mut Write,
    record: RecordId,
    version: i64,
    mut held: Vec<Held>,
    change: &form::EntityChange,
) -> Answer<Option<form::EntityChange>> {
    if held.is_empty() {
        // A server from before did not write down what it held.
        let properties = change.properties.iter().map(|(name, _)| name.clone()).collect();
        held.push(Held { version, label: true, properties });
    }
    for Held { version, label, properties } in &held {
        let left = change.properties.iter().filter(|(name, _)| properties.contains(name));
        let left: BTreeMap<&String, &String> = left.map(|(name, value)| (name, value)).collect();
        query(
            "UPDATE entity_version SET label = $5, properties = $6
             WHERE record = $1 AND dataset = $2 AND entity = $3 AND version = $4",
        )
        .bind(record.0.as_slice())
        .bind(&change.dataset)
        .bind(&change.id)
        .bind(*version)
        .bind(&change.label.clone().filter(|_| *label))
        .bind(json(&left)?)
        .execute(&mut *tx)
        .await?;
    }
    put_together(tx, &change.dataset, &change.id).await?;
    // Of what is only less by the erasure nothing is new.
    if !is_amended(tx, record).await? {
        return Ok(None);
    }
    let mut seen = versions(tx, &change.dataset, &change.id).await?;
    seen.retain(|one| one.version <= unsigned(version));
    let (label, mut properties) = entities::put_together(&seen);
    let is_held = |name: &String| held.iter().any(|held| held.properties.contains(name));
    let known = change.properties.iter().filter(|(name, text)| text.is_empty() || is_held(name));
    properties.extend(known.cloned());
    let is_label_held = held.iter().any(|held| held.label);
    let label = if is_label_held { change.label.clone() } else { Some(label) };
    let properties = properties.into_iter().collect();
    Ok(change.since(&form::EntityChange { label, properties, ..change.clone() }))
}

/// Whether a record has got something since what it said was erased last.
async fn is_amended(tx: &mut Write, record: RecordId) -> Answer<bool> {
    Ok(query_scalar(
        "SELECT EXISTS (SELECT 1 FROM operation WHERE record = $1 AND device <> $2
            AND place > (SELECT coalesce(max(place), 0) FROM operation WHERE record = $1 AND device = $2))",
    )
    .bind(record.0.as_slice())
    .bind(SERVER.0.as_slice())
    .fetch_one(tx)
    .await?)
}

/// An entity as its versions leave it.
async fn put_together(tx: &mut Write, dataset: &str, id: &str) -> Answer<()> {
    let versions = versions(tx, dataset, id).await?;
    let (label, properties) = entities::put_together(&versions);
    query("UPDATE entity SET label = $3, properties = $4 WHERE dataset = $1 AND id = $2")
        .bind(dataset)
        .bind(id)
        .bind(label)
        .bind(json(&properties)?)
        .execute(tx)
        .await?;
    Ok(())
}

pub(super) fn said(sourced: &Sourced) -> Said {
    let Sourced { change, unit, author } = sourced.clone();
    Said {
        create: change.create,
        update: change.update,
        base_version: change.base_version,
        trunk_version: change.trunk_version,
        branch_id: change.branch_id,
        label: change.label,
        properties: change.properties,
        unit,
        author,
        forgotten: false,
        held: Vec::new(),
    }
}
