//! The lists of entities: what records said of them, and how they stand.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::json;
use sync::erase::SERVER;
use sync::merge::Stamp;
use sync::view::RecordView;
use sync::wire::{RecordId, RecordState, field};

use super::audit::{Event, note};
use super::feed;
use super::personal_fields::mask;
use super::rights::Rights;
use super::sql::{Builder, query, query_as, query_scalar};
use super::{Answer, Database, DatabaseError, Transaction, Write, signed, unsigned};
use crate::audit::Action;
use crate::entities::{
    self, Entity, EntityVersion, Lists, Meeting, Outcome, Sourced, apply, counts, lists,
};

/// Records that came since the lists were worked out last.
#[derive(Debug)]
pub struct EntityBatch {
    /// Where the lists stood.
    pub from: u64,
    /// Where they stand when these are taken in.
    pub head: u64,
    /// The records, of forms that make entities, in the order of the feed.
    pub records: Vec<RecordState>,
}

/// What a record says.
#[derive(Debug)]
pub struct Folded {
    /// The record.
    pub record: RecordId,
    /// When it changed last.
    pub at_ms: i64,
    /// What it does to entities.
    pub changes: Vec<Sourced>,
}

/// A list as somebody sees it.
#[derive(Debug)]
pub struct EntityList {
    /// Its entities, in the order in which they were made.
    pub entities: Vec<Entity>,
    /// When the newest of the records changed that are taken in.
    pub as_of_ms: i64,
}

/// What a record said of an entity, as it is kept to see whether it says something else now.
#[derive(PartialEq, Eq, Serialize, Deserialize)]
struct Said {
    create: bool,
    update: bool,
    base_version: String,
    trunk_version: String,
    branch_id: String,
    label: Option<String>,
    properties: Vec<(String, String)>,
    unit: String,
    author: String,
    /// Something that it said was erased: what is left of it is still to be read.
    #[serde(default)]
    forgotten: bool,
    /// What each version that it made held, if that was forgotten.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    held: Vec<Held>,
}

/// What a version held before it was forgotten.
#[derive(PartialEq, Eq, Serialize, Deserialize)]
struct Held {
    version: i64,
    label: bool,
    properties: BTreeSet<String>,
}

impl Said {
    fn change(&self, dataset: &str, id: &str) -> form::EntityChange {
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
    /// The next records to take into the lists; `None` if there are none.
    pub async fn entity_records(&self, size: u32) -> Answer<Option<EntityBatch>> {
        let mut tx = self.begin_read().await?;
        let from: i64 =
            query_scalar("SELECT rv FROM entity_head").fetch_optional(&mut tx).await?.unwrap_or(0);
        let head: i64 = query_scalar("SELECT rv FROM server").fetch_one(&mut tx).await?;
        if head <= from {
            return Ok(None);
        }
        let makers = makers(&mut tx).await?.into_iter();
        let makers: BTreeSet<String> =
            makers.filter(|(_, lists)| !lists.made.is_empty()).map(|(id, _)| id).collect();
        let mut rows: Vec<(i64, i64, i64, Vec<u8>)> = Vec::new();
        if !makers.is_empty() {
            let mut sql =
                Builder::new("SELECT rv, received_ms, changed_ms, body FROM record WHERE rv > ");
            sql.push_bind(from).push(" AND rv <= ").push_bind(head).push(" AND form IN (");
            for (at, id) in makers.iter().enumerate() {
                sql.push(if at == 0 { "" } else { ", " }).push_bind(id);
            }
            sql.push(") ORDER BY rv LIMIT ").push_bind(i64::from(size));
            rows = sql.build_as().fetch_all(&mut tx).await?;
        }
        tx.rollback().await?;
        let is_full = rows.len() == size as usize;
        let last = rows.last().map(|(rv, ..)| *rv).filter(|_| is_full);
        let records: Answer<Vec<RecordState>> = rows.into_iter().map(feed::state).collect();
        Ok(Some(EntityBatch {
            from: unsigned(from),
            head: unsigned(last.unwrap_or(head)),
            records: records?,
        }))
    }

    /// Takes what records say into the lists, unless somebody else did since they were read. A record that moved since comes again, as
    /// it is then: what it said may be erased by now.
    pub async fn fold_entities(&self, from: u64, head: u64, said: Vec<Folded>) -> Answer<()> {
        let mut tx = self.begin_write().await?;
        let now: Option<(i64, i64)> =
            query_as("SELECT rv, at_ms FROM entity_head").fetch_optional(&mut tx).await?;
        let (rv, mut at_ms) = now.unwrap_or((0, 0));
        if unsigned(rv) != from {
            return Ok(());
        }
        let mut waiting = waiting(&mut tx).await?;
        let mut standing = Vec::new();
        for folded in said {
            let waits = waiting.remove(&folded.record).unwrap_or_default();
            if folded.changes.is_empty() && waits.is_empty() {
                at_ms = at_ms.max(folded.at_ms);
                continue;
            }
            let has_moved: bool =
                query_scalar("SELECT EXISTS (SELECT 1 FROM record WHERE id = $1 AND rv > $2)")
                    .bind(folded.record.0.as_slice())
                    .bind(signed(head))
                    .fetch_one(&mut tx)
                    .await?;
            if has_moved {
                continue;
            }
            at_ms = at_ms.max(folded.at_ms);
            let is_said = |(dataset, id): &(String, String)| {
                let mut changes = folded.changes.iter().map(|sourced| &sourced.change);
                changes.any(|change| change.dataset == *dataset && change.id == *id)
            };
            for (dataset, id) in waits.into_iter().filter(|waits| !is_said(waits)) {
                forget_waiting(&mut tx, folded.record, &dataset, &id).await?;
            }
            standing.push(folded);
        }
        for (record, at_ms, sourced) in in_order(standing) {
            take_in(&mut tx, record, at_ms, sourced).await?;
        }
        query(
            "INSERT INTO entity_head (id, rv, at_ms) VALUES (1, $1, $2)
             ON CONFLICT (id) DO UPDATE SET rv = $1, at_ms = $2",
        )
        .bind(signed(head))
        .bind(at_ms)
        .execute(&mut tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }

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

    /// The records whose change of an entity is not in the list: that is not there yet, or they may not change it.
    pub async fn entities_waiting(
        &self,
        account: &str,
        dataset: &str,
    ) -> Answer<Vec<(String, RecordView)>> {
        let mut tx = self.begin_read().await?;
        if !shows(&mut tx, account, dataset).await? {
            return Ok(Vec::new());
        }
        let rows: Vec<(String, i64, i64, i64, Vec<u8>)> = query_as(
            "SELECT source.entity, seen.rv, seen.received_ms, seen.changed_ms, seen.body FROM entity_source source
             JOIN visible_record seen ON seen.account = $1 AND seen.id = source.record
             WHERE source.dataset = $2 AND source.outcome = 'waits' ORDER BY seen.rv",
        )
        .bind(account)
        .bind(dataset)
        .fetch_all(&mut tx)
        .await?;
        tx.rollback().await?;
        let mut waiting = Vec::new();
        for (id, rv, received_ms, changed_ms, body) in rows {
            let view = RecordView::of(&feed::state((rv, received_ms, changed_ms, body))?);
            waiting.extend(counts(&view).then_some((id, view)));
        }
        Ok(waiting)
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

/// The changes of each entity in the order of the versions that they changed: the feed has a record where it was touched last.
/// Entities stay in the order of the feed.
fn in_order(said: Vec<Folded>) -> Vec<(RecordId, i64, Sourced)> {
    let mut places: BTreeMap<(String, String), usize> = BTreeMap::new();
    let mut all = Vec::new();
    for Folded { record, at_ms, changes } in said {
        for sourced in changes {
            let change = &sourced.change;
            let next = places.len();
            let key = (change.dataset.clone(), change.id.clone());
            let place = *places.entry(key).or_insert(next);
            all.push((place, !change.create, base(change), (record, at_ms, sourced)));
        }
    }
    all.sort_by_key(|(place, is_change, base, _)| (*place, *is_change, *base));
    all.into_iter().map(|(.., one)| one).collect()
}

/// The version that a change says it changed.
fn base(change: &form::EntityChange) -> u64 {
    change.base_version.trim().parse().unwrap_or(0)
}

/// Whether an account sees all that records say which make this list. A property may be made of any of their answers.
async fn shows(tx: &mut Transaction, account: &str, dataset: &str) -> Answer<bool> {
    let mask = mask(tx, account).await?;
    let makers = makers(tx).await?;
    let mut of_list = makers.iter().filter(|(_, lists)| lists.made.contains(dataset));
    Ok(of_list.all(|(form, _)| mask.shows_all_of(form)))
}

/// Forgets what a record said of entities, in all their versions. What it says now is taken in when somebody asks.
pub(super) async fn forget_said(tx: &mut Write, record: RecordId) -> Answer<()> {
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
async fn remember(
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

/// What waits since it was said, by the record that said it.
async fn waiting(tx: &mut Write) -> Answer<BTreeMap<RecordId, Vec<(String, String)>>> {
    let rows: Vec<(Vec<u8>, String, String)> = query_as(
        "SELECT record, dataset, entity FROM entity_source WHERE outcome = 'waits' AND version IS NULL",
    )
    .fetch_all(tx)
    .await?;
    let mut waiting: BTreeMap<RecordId, Vec<(String, String)>> = BTreeMap::new();
    for (record, dataset, id) in rows {
        let record = RecordId(super::bytes("record of an entity", &record)?);
        waiting.entry(record).or_default().push((dataset, id));
    }
    Ok(waiting)
}

/// A record that was put right waits for nothing that it does not say any more.
async fn forget_waiting(tx: &mut Write, record: RecordId, dataset: &str, id: &str) -> Answer<()> {
    query("DELETE FROM entity_source WHERE record = $1 AND dataset = $2 AND entity = $3")
        .bind(record.0.as_slice())
        .bind(dataset)
        .bind(id)
        .execute(tx)
        .await?;
    Ok(())
}

/// Takes in what one record says of one entity, if it did not say just that before.
async fn take_in(tx: &mut Write, record: RecordId, at_ms: i64, sourced: Sourced) -> Answer<()> {
    let said = said(&sourced);
    let Sourced { change, .. } = &sourced;
    let text = json(&said)?;
    let before: Option<(String, Option<i64>, String)> = query_as(
        "SELECT said, version, outcome FROM entity_source WHERE record = $1 AND dataset = $2 AND entity = $3",
    )
    .bind(record.0.as_slice())
    .bind(&change.dataset)
    .bind(&change.id)
    .fetch_optional(&mut *tx)
    .await?;
    let mut sourced = sourced.clone();
    // What waits is tried again whenever its record is touched: who wrote it may have been given the right.
    if let Some((before, Some(version), outcome)) = &before {
        if *before == text && outcome == Outcome::Applied.name() {
            return Ok(());
        }
        let before: Said = read(before)?;
        // A record that was put right puts right what it made, and leaves what others did since with the rest.
        let anew = if before.forgotten {
            remember(tx, record, *version, before.held, change).await?
        } else {
            change.since(&before.change(&change.dataset, &change.id))
        };
        let Some(anew) = anew else {
            // A correction that was refused may have been taken back: what it says now is in the list.
            query("UPDATE entity_source SET said = $4, outcome = 'applied' WHERE record = $1 AND dataset = $2 AND entity = $3")
                .bind(record.0.as_slice())
                .bind(&change.dataset)
                .bind(&change.id)
                .bind(&text)
                .execute(&mut *tx)
                .await?;
            return Ok(());
        };
        // Of what came since, it saw what its own line of changes did.
        let base_version = version.to_string();
        let trunk_version = base_version.clone();
        sourced.change = form::EntityChange { base_version, trunk_version, ..anew };
    }
    let (outcome, version) = change_entity(tx, record, at_ms, &sourced).await?;
    let Sourced { change, .. } = &sourced;
    if before.is_some_and(|(_, made, _)| made.is_some()) && version.is_none() {
        // What it said before still stands, and is what it will have put right when it may.
        query("UPDATE entity_source SET outcome = $4 WHERE record = $1 AND dataset = $2 AND entity = $3")
            .bind(record.0.as_slice())
            .bind(&change.dataset)
            .bind(&change.id)
            .bind(outcome.name())
            .execute(&mut *tx)
            .await?;
        return Ok(());
    }
    query(
        "INSERT INTO entity_source (record, dataset, entity, said, outcome, version) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (record, dataset, entity) DO UPDATE SET said = $4, outcome = $5, version = $6",
    )
    .bind(record.0.as_slice())
    .bind(&change.dataset)
    .bind(&change.id)
    .bind(&text)
    .bind(outcome.name())
    .bind(version)
    .execute(&mut *tx)
    .await?;
    if version == Some(1) {
        take_in_waiting(tx, &change.dataset, &change.id, at_ms).await?;
    }
    Ok(())
}

/// Changes that came before the entity was made.
async fn take_in_waiting(tx: &mut Write, dataset: &str, id: &str, at_ms: i64) -> Answer<()> {
    let waiting: Vec<(Vec<u8>, String)> = query_as(
        "SELECT record, said FROM entity_source WHERE dataset = $1 AND entity = $2 AND outcome = 'waits' ORDER BY record",
    )
    .bind(dataset)
    .bind(id)
    .fetch_all(&mut *tx)
    .await?;
    let mut all = Vec::new();
    for (record, text) in waiting {
        let said: Said = read(&text)?;
        let change = said.change(dataset, id);
        let sourced = Sourced { change, unit: said.unit, author: said.author };
        all.push((RecordId(super::bytes("record of an entity", &record)?), sourced));
    }
    all.sort_by_key(|(record, sourced)| (base(&sourced.change), *record));
    for (record, sourced) in all {
        let (outcome, version) = change_entity(tx, record, at_ms, &sourced).await?;
        query(
            "UPDATE entity_source SET outcome = $4, version = $5 WHERE record = $1 AND dataset = $2 AND entity = $3",
        )
        .bind(record.0.as_slice())
        .bind(dataset)
        .bind(id)
        .bind(outcome.name())
        .bind(version)
        .execute(&mut *tx)
        .await?;
    }
    Ok(())
}

/// Makes or changes an entity. Says what came of it, and the version that there is since.
async fn change_entity(
    tx: &mut Write,
    record: RecordId,
    at_ms: i64,
    sourced: &Sourced,
) -> Answer<(Outcome, Option<i64>)> {
    let (dataset, id) = (&sourced.change.dataset, &sourced.change.id);
    let found: Option<EntityRow> = query_as(
        "SELECT id, unit, version, label, properties, conflict FROM entity WHERE dataset = $1 AND id = $2",
    )
    .bind(dataset)
    .bind(id)
    .fetch_optional(&mut *tx)
    .await?;
    let now = match found {
        Some(found) => Some((entity(dataset, found)?, versions(tx, dataset, id).await?)),
        None => None,
    };
    if now.is_some() && sourced.change.update && !may_change(tx, record, dataset, id).await? {
        return Ok((Outcome::Waits, None));
    }
    let stands = now.as_ref().map(|(entity, versions)| (entity, versions.as_slice()));
    let (entity, version) = match apply(stands, sourced) {
        Ok(changed) => changed,
        Err(outcome) => return Ok((outcome, None)),
    };
    query(
        "INSERT INTO entity (dataset, id, unit, version, label, properties, place, conflict)
         VALUES ($1, $2, $3, $4, $5, $6, (SELECT COALESCE(max(place), 0) + 1 FROM entity WHERE dataset = $1), $7)
         ON CONFLICT (dataset, id) DO UPDATE SET version = $4, label = $5, properties = $6, conflict = $7",
    )
    .bind(dataset)
    .bind(id)
    .bind(&entity.unit)
    .bind(signed(entity.version))
    .bind(&entity.label)
    .bind(json(&entity.properties)?)
    .bind(entity.conflict.map(Meeting::name))
    .execute(&mut *tx)
    .await?;
    query(
        "INSERT INTO entity_version (dataset, entity, version, record, author, at_ms, branch, base, label, properties, conflict)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
    )
    .bind(dataset)
    .bind(id)
    .bind(signed(version.version))
    .bind(record.0.as_slice())
    .bind(&version.author)
    .bind(at_ms)
    .bind(&version.branch)
    .bind(signed(version.base))
    .bind(&version.label)
    .bind(json(&version.properties)?)
    .bind(version.conflict.map(Meeting::name))
    .execute(tx)
    .await?;
    Ok((Outcome::Applied, Some(signed(version.version))))
}

/// Whether a record changes an entity: if it is where that was made, so that everybody sees both who writes to it, or if all who
/// filled it in see that.
async fn may_change(tx: &mut Write, record: RecordId, dataset: &str, id: &str) -> Answer<bool> {
    let known: Option<(Vec<u8>, bool, Vec<u8>)> = query_as(
        "SELECT its.id, its.unit = mine.unit AND NOT EXISTS (SELECT 1 FROM form_programme one WHERE one.form = mine.form
            AND NOT EXISTS (SELECT 1 FROM form_programme other WHERE other.form = its.form AND other.programme = one.programme)),
            mine.body
         FROM entity_version made JOIN record its ON its.id = made.record JOIN record mine ON mine.id = $1
         WHERE made.dataset = $2 AND made.entity = $3 AND made.version = 1",
    )
    .bind(record.0.as_slice())
    .bind(dataset)
    .bind(id)
    .fetch_optional(&mut *tx)
    .await?;
    let Some((made_by, is_there, body)) = known else { return Ok(false) };
    if is_there {
        return Ok(true);
    }
    let state = feed::stored_record(&body)?.into_state(Stamp::default());
    let answers = state.fields.iter().filter(|(path, _)| !field::is_ours(path));
    let writers = answers.flat_map(|(_, siblings)| siblings);
    let writers = writers.filter_map(|sibling| state.writers.get(&sibling.dot.device));
    for account in writers.chain([&state.author]).collect::<BTreeSet<_>>() {
        let sees: bool = query_scalar(
            "SELECT EXISTS (SELECT 1 FROM visible_record WHERE account = $1 AND id = $2)",
        )
        .bind(account)
        .bind(&made_by)
        .fetch_one(&mut *tx)
        .await?;
        if !sees {
            return Ok(false);
        }
    }
    Ok(true)
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

fn said(sourced: &Sourced) -> Said {
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

fn json(value: &impl Serialize) -> Answer<String> {
    serde_json::to_string(value).map_err(|error| damaged(&error))
}

fn read<'t, T: Deserialize<'t>>(text: &'t str) -> Answer<T> {
    serde_json::from_str(text).map_err(|error| damaged(&error))
}

fn damaged(error: &serde_json::Error) -> DatabaseError {
    DatabaseError::Damaged { what: "entity", why: error.to_string() }
}
