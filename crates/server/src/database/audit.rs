//! The audit log: who did what, in the transaction in which it was done.

use serde_json::{Value as Json, json};
use sync::wire::Hash;

use super::sql::{Builder, query, query_as, without_zero};
use super::{Answer, Database, Transaction, Write, bytes, signed, unsigned};
use crate::audit::{Action, Broken, Chain, Entry, START};

/// Something to write down.
#[derive(Clone, Debug)]
pub(super) struct Event<'a> {
    /// The account that did it; none: the operator of the machine, or somebody who was not let in.
    pub actor: Option<&'a str>,
    pub action: Action,
    pub object: &'a str,
    pub unit: Option<&'a str>,
    /// An object with more of it, for whoever words it.
    pub detail: Json,
}

/// Whose part of the log is read.
#[derive(Clone, Copy, Debug)]
pub enum AuditOf<'a> {
    /// All of it.
    All,
    /// What concerns the units that this account sees.
    SeenBy(&'a str),
}

/// What rows of the log are looked for by; nothing: all.
#[derive(Clone, Debug, Default)]
pub struct AuditSought {
    /// A part of the account that did it, in any case.
    pub actor: Option<String>,
    /// The action's name.
    pub action: Option<String>,
    /// A part of what it was done to, in any case.
    pub object: Option<String>,
    /// Not before then.
    pub from_ms: Option<i64>,
    /// Before then.
    pub until_ms: Option<i64>,
}

/// Rows read at a time.
const PAGE: usize = 1_000;

type Row = (i64, i64, Option<String>, String, String, Option<String>, String, Vec<u8>);

const COLUMNS: &str = "SELECT seq, at_ms, actor, action, object, unit, detail, hash FROM audit";

impl Database {
    /// The newest rows before a place, newest first.
    pub async fn audit(
        &self,
        of: AuditOf<'_>,
        before: Option<i64>,
        limit: u64,
    ) -> Answer<Vec<Entry>> {
        self.audit_with(of, &AuditSought::default(), before, limit).await
    }

    /// The newest of those that are looked for.
    pub async fn audit_with(
        &self,
        of: AuditOf<'_>,
        sought: &AuditSought,
        before: Option<i64>,
        limit: u64,
    ) -> Answer<Vec<Entry>> {
        let AuditSought { actor, action, object, from_ms, until_ms } = sought;
        let mut query = Builder::new(COLUMNS);
        query.push(" WHERE seq < ").push_bind(before.unwrap_or(i64::MAX));
        if let AuditOf::SeenBy(account) = of {
            query.push(" AND unit IN (SELECT unit FROM visible_unit WHERE account = ");
            query.push_bind(account).push(")");
        }
        for (column, part) in [("actor", actor), ("object", object)] {
            if let Some(part) = part {
                query.push(" AND lower(").push(column).push(") LIKE ").push_bind(holding(part));
                query.push(" ESCAPE '!'");
            }
        }
        if let Some(action) = action {
            query.push(" AND action = ").push_bind(action);
        }
        if let Some(from_ms) = from_ms {
            query.push(" AND at_ms >= ").push_bind(*from_ms);
        }
        if let Some(until_ms) = until_ms {
            query.push(" AND at_ms < ").push_bind(*until_ms);
        }
        query.push(" ORDER BY seq DESC LIMIT ").push_bind(signed(limit));
        let rows: Vec<Row> = query.build_as().fetch_all(&self.readers).await?;
        rows.into_iter().map(|row| Ok(entry(row)?.0)).collect()
    }

    /// What an account did, and what was done to it, in order.
    pub async fn audit_about(&self, account: &str) -> Answer<Vec<Entry>> {
        let mut query = Builder::new(COLUMNS);
        query.push(" WHERE actor = ").push_bind(account).push(" OR object = ").push_bind(account);
        query.push(" ORDER BY seq");
        let rows: Vec<Row> = query.build_as().fetch_all(&self.readers).await?;
        rows.into_iter().map(|row| Ok(entry(row)?.0)).collect()
    }

    /// Writes down that what is held about a person left as a file: of an account, or of somebody whom records speak of.
    pub async fn note_person_export(
        &self,
        actor: Option<&str>,
        account: &str,
        records: usize,
        now_ms: i64,
    ) -> Answer<()> {
        let mut tx = self.begin_write().await?;
        let detail = json!({ "records": records });
        let action = Action::PersonExport;
        let event = Event { actor, action, object: account, unit: None, detail };
        note(&mut tx, event, now_ms).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Writes down that a scheduled backup was not made, or is not good.
    pub async fn note_backup_failure(&self, why: &str, now_ms: i64) -> Answer<()> {
        let mut tx = self.begin_write().await?;
        let detail = json!({ "reason": why });
        let event =
            Event { actor: None, action: Action::BackupFail, object: "", unit: None, detail };
        note(&mut tx, event, now_ms).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Proves the whole log: the count and the hash of its last row, or where it is broken. `noted` is a row's place and
    /// hash as somebody noted them elsewhere.
    pub async fn verify_audit(
        &self,
        noted: Option<(u64, Hash)>,
    ) -> Answer<Result<(u64, Hash), Broken>> {
        let mut tx = self.begin_read().await?;
        let (of, head) = head(&mut tx).await?;
        let mut chain = Chain::new(noted);
        let mut after = i64::MIN;
        loop {
            let mut query = Builder::new(COLUMNS);
            query.push(" WHERE seq > ").push_bind(after).push(" ORDER BY seq LIMIT ");
            query.push_bind(signed(PAGE as u64));
            let rows: Vec<Row> = query.build_as().fetch_all(&mut tx).await?;
            let is_last = rows.len() < PAGE;
            for row in rows {
                after = row.0;
                let taken = match entry(row) {
                    Ok((entry, hash)) => chain.take(&entry, hash),
                    Err(_no_hash) => Err(Broken::Changed(unsigned(after))),
                };
                if let Err(broken) = taken {
                    return Ok(Err(broken));
                }
            }
            if is_last {
                break;
            }
        }
        tx.rollback().await?;
        Ok(chain.end(of, head).map(|()| (chain.rows, chain.head)))
    }

    /// Writes down that somebody took records away as a spreadsheet.
    pub async fn note_export(
        &self,
        actor: &str,
        form: &str,
        unit: &str,
        records: usize,
        now_ms: i64,
    ) -> Answer<()> {
        let mut tx = self.begin_write().await?;
        let detail = json!({ "records": records });
        let (actor, action, unit) = (Some(actor), Action::Export, Some(unit));
        let event = Event { actor, action, object: form, unit, detail };
        note(&mut tx, event, now_ms).await?;
        tx.commit().await?;
        Ok(())
    }
}

/// The pattern of what holds a text.
fn holding(part: &str) -> String {
    let mut pattern = String::from("%");
    for letter in part.to_lowercase().chars() {
        if matches!(letter, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(letter);
    }
    pattern + "%"
}

/// Adds a row to the log.
pub(super) async fn note(tx: &mut Write, event: Event<'_>, now_ms: i64) -> Answer<()> {
    let (last, before) = head(tx).await?;
    let Event { actor, action, object, unit, detail } = event;
    // The hash is that of what can be read again.
    let kept = |text: &str| without_zero(text.into()).into_owned();
    let entry = Entry {
        seq: last + 1,
        at_ms: now_ms,
        actor: actor.map(kept),
        action: action.name().to_owned(),
        object: kept(object),
        unit: unit.map(kept),
        detail: detail.to_string(),
    };
    let hash = entry.hash(before);
    query(
        "INSERT INTO audit (seq, at_ms, actor, action, object, unit, detail, hash)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(signed(entry.seq))
    .bind(entry.at_ms)
    .bind(&entry.actor)
    .bind(&entry.action)
    .bind(&entry.object)
    .bind(&entry.unit)
    .bind(&entry.detail)
    .bind(hash.0.as_slice())
    .execute(&mut *tx)
    .await?;
    query("UPDATE server SET audit_seq = $1, audit_head = $2")
        .bind(signed(entry.seq))
        .bind(hash.0.as_slice())
        .execute(&mut *tx)
        .await?;
    Ok(())
}

/// How many rows the log has, and the hash of the last.
async fn head(tx: &mut Transaction) -> Answer<(u64, Hash)> {
    let (seq, head): (i64, Option<Vec<u8>>) =
        query_as("SELECT audit_seq, audit_head FROM server").fetch_one(&mut *tx).await?;
    let head = head.map(|head| bytes("audit head", &head).map(Hash)).transpose()?;
    Ok((unsigned(seq), head.unwrap_or(START)))
}

fn entry(row: Row) -> Answer<(Entry, Hash)> {
    let (seq, at_ms, actor, action, object, unit, detail, hash) = row;
    let entry = Entry { seq: unsigned(seq), at_ms, actor, action, object, unit, detail };
    Ok((entry, Hash(bytes("audit hash", &hash)?)))
}
