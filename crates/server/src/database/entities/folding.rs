//! Taking what records say into the lists, in the order in which it was said.

use std::collections::{BTreeMap, BTreeSet};

use sync::merge::Stamp;
use sync::wire::{RecordId, RecordState, field};

use super::said::{Said, remember, said};
use super::waiting::{forget_waiting, take_in_waiting, waiting};
use super::{EntityRow, entity, json, makers, read, versions};
use crate::database::sql::{Builder, query, query_as, query_scalar};
use crate::database::{Answer, Database, Write, feed, signed, unsigned};
use crate::entities::{Meeting, Outcome, Sourced, apply};

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
pub(super) fn base(change: &form::EntityChange) -> u64 {
    change.base_version.trim().parse().unwrap_or(0)
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

/// Makes or changes an entity. Says what came of it, and the version that there is since.
pub(super) async fn change_entity(
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
