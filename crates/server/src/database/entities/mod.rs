//! The lists of entities: how they stand, and what an account sees of them.

mod folding;
mod said;
mod waiting;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::audit::{Event, note};
use super::personal_fields::mask;
use super::rights::Rights;
use super::sql::{query_as, query_scalar};
use super::{Answer, Database, DatabaseError, Transaction, Write, signed, unsigned};
use crate::audit::Action;
use crate::entities::{Entity, EntityVersion, Lists, Meeting, lists};

pub use folding::{EntityBatch, Folded};
pub(super) use said::forget_said;

/// A list as somebody sees it.
#[derive(Debug)]
pub struct EntityList {
    /// Its entities, in the order in which they were made.
    pub entities: Vec<Entity>,
    /// When the newest of the records changed that are taken in.
    pub as_of_ms: i64,
}

type EntityRow = (String, String, i64, String, String, Option<String>);
type VersionRow = (i64, String, String, i64, Option<String>, String, Option<String>);

/// The entities of a list that an account sees: those made by records that it sees, wherever these are by now.
macro_rules! seen {
    ($end:literal) => {
        concat!(
            "SELECT entity.id, seen.unit, entity.version, entity.label, entity.properties, entity.conflict FROM entity
             JOIN entity_version made ON made.dataset = entity.dataset AND made.entity = entity.id AND made.version = 1
             JOIN visible_record seen ON seen.account = $1 AND seen.id = made.record
             WHERE entity.dataset = $2 ",
            $end
        )
    };
}

impl Database {
    /// A list as an account sees it: entities of the units and programmes whose records it sees; none if it does not see all
    /// that such records say.
    pub async fn entity_list(&self, account: &str, dataset: &str) -> Answer<EntityList> {
        let mut tx = self.begin_read().await?;
        let rows: Vec<EntityRow> = if shows(&mut tx, account, dataset).await? {
            query_as(seen!("ORDER BY entity.place"))
                .bind(account)
                .bind(dataset)
                .fetch_all(&mut tx)
                .await?
        } else {
            Vec::new()
        };
        let as_of_ms: Option<i64> =
            query_scalar("SELECT at_ms FROM entity_head").fetch_optional(&mut tx).await?;
        tx.rollback().await?;
        let entities: Answer<Vec<Entity>> =
            rows.into_iter().map(|row| entity(dataset, row)).collect();
        Ok(EntityList { entities: entities?, as_of_ms: as_of_ms.unwrap_or(0) })
    }

    /// An entity with all its versions, if the account sees it.
    pub async fn entity(
        &self,
        account: &str,
        dataset: &str,
        id: &str,
    ) -> Answer<Option<(Entity, Vec<EntityVersion>)>> {
        let mut tx = self.begin_read().await?;
        if !shows(&mut tx, account, dataset).await? {
            return Ok(None);
        }
        let found: Option<EntityRow> = query_as(seen!("AND entity.id = $3"))
            .bind(account)
            .bind(dataset)
            .bind(id)
            .fetch_optional(&mut tx)
            .await?;
        let Some(found) = found else { return Ok(None) };
        let versions = versions(&mut tx, dataset, id).await?;
        tx.rollback().await?;
        Ok(Some((entity(dataset, found)?, versions)))
    }

    /// The entities of which changes met and nobody has looked at that since, with all their versions, as the account sees them.
    pub async fn entities_met(
        &self,
        account: &str,
        dataset: &str,
    ) -> Answer<Vec<(Entity, Vec<EntityVersion>)>> {
        let mut tx = self.begin_read().await?;
        if !shows(&mut tx, account, dataset).await? {
            return Ok(Vec::new());
        }
        let rows: Vec<EntityRow> =
            query_as(seen!("AND entity.conflict IS NOT NULL ORDER BY entity.place"))
                .bind(account)
                .bind(dataset)
                .fetch_all(&mut tx)
                .await?;
        let mut met = Vec::new();
        for row in rows {
            let entity = entity(dataset, row)?;
            let versions = versions(&mut tx, dataset, &entity.id).await?;
            met.push((entity, versions));
        }
        tx.rollback().await?;
        Ok(met)
    }

    /// Notes that somebody looked at how changes met in an entity, as it stood in that version. Says whether it stands so.
    pub async fn settle_entity(
        &self,
        dataset: &str,
        id: &str,
        version: u64,
        by: &str,
        now_ms: i64,
    ) -> Answer<bool> {
        let mut tx = self.begin_write().await?;
        let unit: Option<String> = query_scalar(
            "UPDATE entity SET conflict = NULL WHERE dataset = $1 AND id = $2 AND version = $3 RETURNING unit",
        )
        .bind(dataset)
        .bind(id)
        .bind(signed(version))
        .fetch_optional(&mut tx)
        .await?;
        let Some(unit) = unit else { return Ok(false) };
        let (object, unit) = (format!("{dataset}/{id}"), Some(unit.as_str()));
        let (actor, action, detail) =
            (Some(by), Action::EntitySettle, json!({ "version": version }));
        note(&mut tx, Event { actor, action, object: &object, unit, detail }, now_ms).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// The lists that records of any form here make and that forms which the account sees make or read.
    pub async fn datasets_seen_by(&self, account: &str) -> Answer<BTreeSet<String>> {
        let mut tx = self.begin_read().await?;
        let makers = makers(&mut tx).await?;
        let published = self.published.read(&mut tx).await?;
        let rights = Rights::read(&mut tx, account, &published).await?;
        tx.rollback().await?;
        let made: BTreeSet<&String> = makers.iter().flat_map(|(_, lists)| &lists.made).collect();
        let seen = makers.iter().filter(|(form, _)| rights.sees_form(form));
        let seen = seen.flat_map(|(_, lists)| lists.made.iter().chain(&lists.read));
        Ok(seen.filter(|list| made.contains(list)).cloned().collect())
    }
}

/// Whether an account sees all that records say which make this list. A property may be made of any of their answers.
async fn shows(tx: &mut Transaction, account: &str, dataset: &str) -> Answer<bool> {
    let mask = mask(tx, account).await?;
    let makers = makers(tx).await?;
    let mut of_list = makers.iter().filter(|(_, lists)| lists.made.contains(dataset));
    Ok(of_list.all(|(form, _)| mask.shows_all_of(form)))
}

/// The id of each form, with its lists. A form of a hash never changes, so it is read once.
async fn makers(tx: &mut Transaction) -> Answer<Vec<(String, Lists)>> {
    static KNOWN: Mutex<BTreeMap<Vec<u8>, Lists>> = Mutex::new(BTreeMap::new());
    let known = |hash: &[u8]| {
        let known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(hash).cloned()
    };
    let forms: Vec<(Vec<u8>, String)> =
        query_as("SELECT hash, id FROM form ORDER BY hash").fetch_all(&mut *tx).await?;
    let mut makers = Vec::new();
    for (hash, id) in forms {
        let lists = match known(&hash) {
            Some(lists) => lists,
            None => {
                let xml: String = query_scalar("SELECT xml FROM form WHERE hash = $1")
                    .bind(&hash)
                    .fetch_one(&mut *tx)
                    .await?;
                let lists = lists(&xml);
                let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
                known.insert(hash, lists.clone());
                lists
            }
        };
        makers.push((id, lists));
    }
    Ok(makers)
}

async fn versions(tx: &mut Write, dataset: &str, id: &str) -> Answer<Vec<EntityVersion>> {
    let rows: Vec<VersionRow> = query_as(
        "SELECT version, author, branch, base, label, properties, conflict FROM entity_version
         WHERE dataset = $1 AND entity = $2 ORDER BY version",
    )
    .bind(dataset)
    .bind(id)
    .fetch_all(tx)
    .await?;
    rows.into_iter()
        .map(|(version, author, branch, base, label, properties, conflict)| {
            Ok(EntityVersion {
                version: unsigned(version),
                author,
                branch,
                base: unsigned(base),
                label,
                properties: read(&properties)?,
                conflict: conflict.as_deref().and_then(Meeting::named),
            })
        })
        .collect()
}

fn entity(dataset: &str, row: EntityRow) -> Answer<Entity> {
    let (id, unit, version, label, properties, conflict) = row;
    Ok(Entity {
        dataset: dataset.to_owned(),
        id,
        unit,
        version: unsigned(version),
        label,
        properties: read::<BTreeMap<String, String>>(&properties)?,
        conflict: conflict.as_deref().and_then(Meeting::named),
    })
}

fn json(value: &impl Serialize) -> Answer<String> {
    serde_json::to_string(value).map_err(|error| damaged(&error))
}

fn read<'t, T: Deserialize<'t>>(text: &'t str) -> Answer<T> {
    serde_json::from_str(text).map_err(|error| damaged(&error))
}

fn damaged(error: &serde_json::Error) -> DatabaseError {
    DatabaseError::Damaged { what: "entity", why: error.to_string() }
}
