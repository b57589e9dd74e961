//! The repair desk: what could not be applied when it came, and how it was settled.

use std::collections::BTreeSet;

use serde_json::json;
use sync::codec;
use sync::merge::Record;
use sync::push::Directory;
use sync::repair::{self, Patient};
use sync::wire::{DeviceId, Dot, Operation, Outcome, QuarantineReason, RecordId, Verdict};

use super::audit::{Event, note};
use super::erasure::erased_in;
use super::feed::{stored_id, stored_record};
use super::log::{Moved, outcome_name, reason_of, store, waiting_of, want_files};
use super::rights::Rights;
use super::sql::{Builder, query, query_scalar};
use super::{Answer, Database, DatabaseError, Transaction, Write, bytes, signed, unsigned};
use crate::audit::Action;

/// Who stands at the repair desk.
#[derive(Clone, Copy, Debug)]
pub struct Repairer<'a> {
    /// The account.
    pub account: &'a str,
    /// Whether it sees what came from everywhere, and not from its own units only.
    pub sees_all: bool,
}

/// Which entries to list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// Those that wait.
    Waiting,
    /// Those that were settled.
    Settled,
    /// All.
    All,
}

/// An operation in quarantine.
#[derive(Clone, Debug)]
pub struct Quarantined {
    /// Its number in the quarantine.
    pub id: i64,
    /// The device that sent it.
    pub device: DeviceId,
    /// The name of the device at its last sign-in.
    pub device_name: String,
    /// Its place in the device's count.
    pub seq: u64,
    /// The record it is about, if it can be read.
    pub record: Option<RecordId>,
    /// Whether there is such a record.
    pub record_exists: bool,
    /// The unit that it names, if it can be read.
    pub unit: Option<String>,
    /// The account whose session brought it.
    pub sender: String,
    /// What others see of that person.
    pub sender_name: String,
    /// What others see of its author, if it can be read.
    pub author_name: Option<String>,
    /// When it arrived.
    pub received_ms: i64,
    /// Why it is here.
    pub reason: QuarantineReason,
    /// Why whoever asks cannot apply it now. `OutOfScope` speaks of who asks.
    pub obstacle: Option<QuarantineReason>,
    /// The operation, if the bytes are one.
    pub operation: Option<Operation>,
    /// How many bytes it has.
    pub size: usize,
    /// How it was settled, if it was.
    pub settled: Option<Settled>,
}

impl Quarantined {
    /// Whether it was put into its record after all.
    #[must_use]
    pub fn is_applied(&self) -> bool {
        self.settled.as_ref().is_some_and(|settled| settled.outcome.is_some())
    }
}

/// How an entry was settled.
#[derive(Clone, Debug)]
pub struct Settled {
    /// The account that did it.
    pub by: String,
    /// What others see of that person.
    pub by_name: String,
    /// When.
    pub at_ms: i64,
    /// The reason given for setting it aside.
    pub set_aside: Option<String>,
    /// What applying it met: `applied`, `merged` or `conflict`.
    pub outcome: Option<String>,
}

/// What to do with an entry.
#[derive(Clone, Copy, Debug)]
pub enum Settlement<'a> {
    /// Put it into its record.
    Apply,
    /// Leave it, for this reason.
    SetAside(&'a str),
}

/// Why an entry was not settled.
#[derive(Debug, thiserror::Error)]
pub enum SettleError {
    /// There is none of that number, or the asker does not see it.
    #[error("no such entry")]
    NotFound,
    /// It was settled the other way.
    #[error("settled already")]
    AlreadySettled,
    /// It cannot be applied now.
    #[error("cannot be applied: {0:?}")]
    Obstacle(QuarantineReason),
    /// The database says no.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl From<sqlx::Error> for SettleError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error.into())
    }
}

#[derive(sqlx::FromRow)]
struct Row {
    id: i64,
    device: Vec<u8>,
    device_name: Option<String>,
    seq: i64,
    hash: Vec<u8>,
    bytes: Vec<u8>,
    record: Option<Vec<u8>>,
    record_body: Option<Vec<u8>>,
    unit: Option<String>,
    sender: String,
    received_ms: i64,
    reason: String,
    settled_ms: Option<i64>,
    settled_by: Option<String>,
    set_aside: Option<String>,
    outcome: Option<String>,
}

const COLUMNS: &str = "SELECT q.id, q.device, q.seq, q.hash, q.bytes, q.record, q.unit, q.sender, q.received_ms, q.reason,
    q.settled_ms, q.settled_by, q.set_aside, q.outcome, record.body AS record_body,
    (SELECT device_name FROM session s WHERE s.device = q.device ORDER BY s.id DESC LIMIT 1) AS device_name
    FROM quarantine q LEFT JOIN record ON record.id = q.record WHERE ";

/// The part of a query that leaves what the repairer sees: what names a unit of theirs, what came from an account
/// that shares a unit with them, or everything.
fn seen_by(repairer: Repairer<'_>) -> Builder<'_> {
    let mut query = Builder::new(COLUMNS);
    query
        .push("(")
        .push_bind(repairer.sees_all)
        .push(" OR q.unit IN (SELECT unit FROM visible_unit WHERE account = ")
        .push_bind(repairer.account)
        .push(") OR EXISTS (SELECT 1 FROM account a JOIN visible_unit v ON v.unit = a.unit AND v.account = ")
        .push_bind(repairer.account)
        .push(" WHERE a.name = q.sender))");
    query
}

impl Database {
    /// The newest entries below the number `before`.
    pub async fn quarantine(
        &self,
        repairer: Repairer<'_>,
        shown: Shown,
        before: Option<i64>,
        limit: u64,
    ) -> Answer<Vec<Quarantined>> {
        let mut tx = self.begin_read().await?;
        let published = self.published.read(&mut tx).await?;
        let rights = Rights::read(&mut tx, repairer.account, &published).await?;
        let mut entries = Vec::new();
        let mut before = before;
        loop {
            let mut query = seen_by(repairer);
            query.push(match shown {
                Shown::Waiting => " AND q.settled_ms IS NULL",
                Shown::Settled => " AND q.settled_ms IS NOT NULL",
                Shown::All => "",
            });
            if let Some(before) = before {
                query.push(" AND q.id < ").push_bind(before);
            }
            query.push(" ORDER BY q.id DESC LIMIT ").push_bind(signed(limit));
            let rows: Vec<Row> = query.build_as().fetch_all(&mut tx).await?;
            let is_last = (rows.len() as u64) < limit;
            for row in rows {
                before = Some(row.id);
                let entry = entry(&mut tx, row, repairer, &rights).await?;
                if is_seen(&entry, repairer, &rights) {
                    entries.push(entry);
                }
                if entries.len() as u64 == limit {
                    break;
                }
            }
            if is_last || entries.len() as u64 == limit {
                break;
            }
        }
        tx.rollback().await?;
        Ok(entries)
    }

    /// Settles an entry, and gives it back as it is then, with the feed's head. Doing it again changes nothing.
    pub async fn settle(
        &self,
        id: i64,
        settlement: Settlement<'_>,
        repairer: Repairer<'_>,
        now_ms: i64,
    ) -> Result<(Quarantined, u64), SettleError> {
        let mut tx = self.begin_write().await?;
        let published = self.published.read(&mut tx).await?;
        let rights = Rights::read(&mut tx, repairer.account, &published).await?;
        let row = one(&mut tx, id, repairer).await?.ok_or(SettleError::NotFound)?;
        let hash = row.hash.clone();
        let waiting = entry(&mut tx, row, repairer, &rights).await?;
        if !is_seen(&waiting, repairer, &rights) {
            return Err(SettleError::NotFound);
        }
        if waiting.settled.is_some() {
            let is_same = waiting.is_applied() == matches!(settlement, Settlement::Apply);
            let head = head(&mut tx, 0).await?;
            tx.rollback().await?;
            return if is_same { Ok((waiting, head)) } else { Err(SettleError::AlreadySettled) };
        }
        let head = head(&mut tx, 1).await?;
        let verdict = match settlement {
            Settlement::Apply => {
                if let Some(obstacle) = waiting.obstacle {
                    return Err(SettleError::Obstacle(obstacle));
                }
                let outcome = apply(&mut tx, &waiting, head, now_ms).await?;
                Verdict { seq: waiting.seq, outcome, reason: None, set_aside: None }
            }
            Settlement::SetAside(reason) => Verdict {
                seq: waiting.seq,
                outcome: Outcome::Quarantined,
                reason: Some(waiting.reason.told()),
                set_aside: Some(reason.to_owned()),
            },
        };
        let is_applied = verdict.outcome != Outcome::Quarantined;
        let (action, detail) = match settlement {
            Settlement::Apply => {
                (Action::RepairApply, json!({ "outcome": outcome_name(verdict.outcome) }))
            }
            Settlement::SetAside(reason) => (Action::RepairSetAside, json!({ "reason": reason })),
        };
        let object = format!("{}/{}", waiting.device, waiting.seq);
        // A unit that never was concerns nobody, and may be called anything.
        let unit = waiting.unit.as_deref().filter(|unit| rights.knows_unit(unit));
        let actor = Some(repairer.account);
        let event = Event { actor, action, object: &object, unit, detail };
        note(&mut tx, event, now_ms).await?;
        query(
            "UPDATE quarantine SET settled_ms = $2, settled_by = $3, settled_rv = $4, set_aside = $5, outcome = $6
             WHERE id = $1",
        )
        .bind(id)
        .bind(now_ms)
        .bind(repairer.account)
        .bind(signed(head))
        .bind(&verdict.set_aside)
        .bind(is_applied.then(|| outcome_name(verdict.outcome)))
        .execute(&mut tx)
        .await?;
        // What lies beside the log under the same name is another operation: its device was told of a copy.
        query("UPDATE operation SET verdict = $4 WHERE device = $1 AND seq = $2 AND hash = $3")
            .bind(waiting.device.0.as_slice())
            .bind(signed(waiting.seq))
            .bind(hash)
            .bind(codec::encode(&verdict))
            .execute(&mut tx)
            .await?;
        let row = one(&mut tx, id, repairer).await?.ok_or(SettleError::NotFound)?;
        let settled = entry(&mut tx, row, repairer, &rights).await?;
        tx.commit().await?;
        Ok((settled, head))
    }
}

/// Whether an entry is of a programme that the repairer sees; what cannot be read is of none.
fn is_seen(entry: &Quarantined, repairer: Repairer<'_>, rights: &Rights<'_>) -> bool {
    let form = entry.operation.as_ref().map(|operation| &operation.form.id);
    repairer.sees_all || form.is_none_or(|form| rights.sees_form(form))
}

async fn one(tx: &mut Write, id: i64, repairer: Repairer<'_>) -> Answer<Option<Row>> {
    let mut query = seen_by(repairer);
    query.push(" AND q.id = ").push_bind(id);
    Ok(query.build_as().fetch_optional(&mut *tx).await?)
}

/// Moves the feed's head on.
async fn head(tx: &mut Write, by: i64) -> Answer<u64> {
    let head: i64 = query_scalar("UPDATE server SET rv = rv + $1 RETURNING rv")
        .bind(by)
        .fetch_one(&mut *tx)
        .await?;
    Ok(unsigned(head))
}

async fn apply(tx: &mut Write, entry: &Quarantined, rv: u64, now_ms: i64) -> Answer<Outcome> {
    let operation = entry.operation.as_ref().ok_or_else(|| DatabaseError::Damaged {
        what: "operation",
        why: "without an obstacle and unreadable".to_owned(),
    })?;
    let body: Option<Vec<u8>> = query_scalar("SELECT body FROM record WHERE id = $1")
        .bind(operation.record.0.as_slice())
        .fetch_optional(&mut *tx)
        .await?;
    let record: Option<Record> = body.as_deref().map(stored_record).transpose()?;
    let before = record.as_ref().map(|record| record.unit().to_owned());
    let erased = erased_in(tx, &BTreeSet::from([operation.record])).await?;
    let erasures = erased.of_unbegun(operation.record);
    let waiting = waiting_of(tx, &[operation.record]).await?.remove(&operation.record);
    let waiting = waiting.unwrap_or_default();
    let (record, outcome) = repair::apply(record, operation, erasures, &waiting);
    let left = record.left(before.as_deref());
    let moved = Moved { record: &record, left: left.as_deref(), rv: signed(rv) };
    store(tx, &[moved], now_ms).await?;
    // One that came with it may have been lost meanwhile.
    want_files(tx, entry.device, Some(operation)).await?;
    Ok(outcome)
}

async fn entry(
    tx: &mut Transaction,
    row: Row,
    repairer: Repairer<'_>,
    rights: &Rights<'_>,
) -> Answer<Quarantined> {
    let dot = Dot { device: DeviceId(bytes("device id", &row.device)?), seq: unsigned(row.seq) };
    // One that says another name than it came under is none of that device's.
    let operation: Option<Operation> =
        codec::decode(&row.bytes).ok().filter(|operation: &Operation| operation.dot == dot);
    let reason = reason_of(&row.reason)?;
    let known: Option<Record> = row.record_body.as_deref().map(stored_record).transpose()?;
    let patient = Patient {
        operation: operation.as_ref(),
        size: row.bytes.len(),
        reason,
        record: known.as_ref(),
    };
    let obstacle = patient.obstacle(repairer.account, rights);
    let author_name = match &operation {
        Some(operation) => Some(shown_name(tx, &operation.author).await?),
        None => None,
    };
    let settled = match row.settled_by.zip(row.settled_ms) {
        None => None,
        Some((by, at_ms)) => Some(Settled {
            by_name: shown_name(tx, &by).await?,
            by,
            at_ms,
            set_aside: row.set_aside,
            outcome: row.outcome,
        }),
    };
    Ok(Quarantined {
        id: row.id,
        device: dot.device,
        device_name: row.device_name.unwrap_or_default(),
        seq: dot.seq,
        record: row.record.as_deref().map(stored_id).transpose()?,
        record_exists: known.is_some(),
        unit: row.unit,
        sender_name: shown_name(tx, &row.sender).await?,
        sender: row.sender,
        author_name,
        received_ms: row.received_ms,
        reason,
        obstacle,
        operation,
        size: row.bytes.len(),
        settled,
    })
}

/// What others see of an account; its name if there is none.
async fn shown_name(tx: &mut Transaction, account: &str) -> Answer<String> {
    let name: Option<String> = query_scalar("SELECT display_name FROM account WHERE name = $1")
        .bind(account)
        .fetch_optional(&mut *tx)
        .await?;
    Ok(name.unwrap_or_else(|| account.to_owned()))
}
