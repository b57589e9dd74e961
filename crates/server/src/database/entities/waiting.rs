//! Changes that are not in the lists: their entity is not there yet, or their record may not change it.

use std::collections::BTreeMap;

use sync::view::RecordView;
use sync::wire::RecordId;

use super::folding::{base, change_entity};
use super::said::Said;
use super::{read, shows};
use crate::database::sql::{query, query_as};
use crate::database::{Answer, Database, Write, bytes, feed};
use crate::entities::{Sourced, counts};

impl Database {
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
}

/// What waits since it was said, by the record that said it.
pub(super) async fn waiting(tx: &mut Write) -> Answer<BTreeMap<RecordId, Vec<(String, String)>>> {
    let rows: Vec<(Vec<u8>, String, String)> = query_as(
        "SELECT record, dataset, entity FROM entity_source WHERE outcome = 'waits' AND version IS NULL",
    )
    .fetch_all(tx)
    .await?;
    let mut waiting: BTreeMap<RecordId, Vec<(String, String)>> = BTreeMap::new();
    for (record, dataset, id) in rows {
        let record = RecordId(bytes("record of an entity", &record)?);
        waiting.entry(record).or_default().push((dataset, id));
    }
    Ok(waiting)
}

/// A record that was put right waits for nothing that it does not say any more.
pub(super) async fn forget_waiting(
    tx: &mut Write,
    record: RecordId,
    dataset: &str,
    id: &str,
) -> Answer<()> {
    query("DELETE FROM entity_source WHERE record = $1 AND dataset = $2 AND entity = $3")
        .bind(record.0.as_slice())
        .bind(dataset)
        .bind(id)
        .execute(tx)
        .await?;
    Ok(())
}

/// Changes that came before the entity was made.
pub(super) async fn take_in_waiting(
    tx: &mut Write,
    dataset: &str,
    id: &str,
    at_ms: i64,
) -> Answer<()> {
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
        all.push((RecordId(bytes("record of an entity", &record)?), sourced));
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
