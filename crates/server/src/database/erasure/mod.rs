//! Erasing what records say of a person: in their state, in the log and at the repair desk; and the name of an account.

mod files;
mod held;
mod scrub;

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use serde_json::{Value as Json, json};
use sync::codec;
use sync::erase::{self, Erased, SERVER};
use sync::merge::Record;
use sync::wire::{Dot, Hash, Operation, Outcome, RecordId, Value, Verdict};

use super::accounts::disable;
use super::audit::{Event, note};
use super::entities::forget_said;
use super::feed::{stored_id, stored_record};
use super::log::{Head, Moved, store};
use super::passkeys::forget_passkeys;
use super::sql::{Builder, parts, query, query_as, query_scalar};
use super::{Answer, Database, DatabaseError, Write, signed, unsigned};
use crate::accounts::NOBODYS_PASSWORD;
use crate::audit::Action;
use files::{drop_file, drop_files};
use held::{LOG, empty_held, empty_unseen, held, logged};
use scrub::want_scrub;

pub(super) use files::is_erased;

/// What others see in the place of a name that was erased.
pub const NOBODY: &str = "(đã xóa · erased)";

/// What was erased of one record: enough to do it again in a database that was put back from before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Erasure {
    /// The operation that empties the fields.
    pub operation: Operation,
    /// The files that those fields named.
    pub files: Vec<Hash>,
}

/// Why something is erased, for the audit log: never what.
#[derive(Clone, Copy, Debug)]
pub struct Reason<'a> {
    /// The account that does it; none for the operator of the machine, and for time.
    pub by: Option<&'a str>,
    /// `person_erase` or `retention`.
    pub action: Action,
}

/// An operation that is kept, whatever became of it.
#[derive(Clone, Debug)]
pub struct KeptOperation {
    /// The operation.
    pub operation: Operation,
    /// When it arrived.
    pub received_ms: i64,
    /// Whether it is in the log, or was applied at the repair desk. What only waits there anybody may have made.
    pub stands: bool,
}

/// None of what cannot be read any more.
fn kept_operation(bytes: &[u8], received_ms: i64, stands: bool) -> Option<KeptOperation> {
    Some(KeptOperation { operation: codec::decode(bytes).ok()?, received_ms, stands })
}

impl Database {
    /// What is kept of records after this one, in the order of their ids: at most so many records.
    pub async fn kept_operations(
        &self,
        after: Option<RecordId>,
        records: u64,
    ) -> Answer<BTreeMap<RecordId, Vec<KeptOperation>>> {
        let after = after.map_or(Vec::new(), |after| after.0.to_vec());
        let ids: Vec<Vec<u8>> = query_scalar(
            "SELECT record FROM
                (SELECT DISTINCT record FROM operation WHERE record > $1 ORDER BY record LIMIT $2) logged
             UNION SELECT record FROM
                (SELECT DISTINCT record FROM quarantine WHERE record > $1 ORDER BY record LIMIT $2) waiting
             ORDER BY record LIMIT $2",
        )
        .bind(&after)
        .bind(signed(records))
        .fetch_all(&self.readers)
        .await?;
        let Some((first, last)) = ids.first().zip(ids.last()) else { return Ok(BTreeMap::new()) };
        self.kept(first, last).await
    }

    /// What is kept of a record: what the log has, oldest first, and then what stands at the repair desk alone.
    pub async fn kept_of(&self, record: RecordId) -> Answer<Vec<KeptOperation>> {
        let id = record.0.to_vec();
        Ok(self.kept(&id, &id).await?.remove(&record).unwrap_or_default())
    }

    async fn kept(
        &self,
        first: &[u8],
        last: &[u8],
    ) -> Answer<BTreeMap<RecordId, Vec<KeptOperation>>> {
        let mut kept: BTreeMap<RecordId, Vec<KeptOperation>> = BTreeMap::new();
        for sql in [
            "SELECT record, bytes, received_ms, TRUE FROM operation
             WHERE record BETWEEN $1 AND $2 ORDER BY record, place",
            "SELECT q.record, q.bytes, q.received_ms, q.outcome IS NOT NULL FROM quarantine q
             LEFT JOIN operation o ON o.device = q.device AND o.seq = q.seq AND o.hash = q.hash
             WHERE q.record BETWEEN $1 AND $2 AND o.hash IS NULL ORDER BY q.record, q.id",
        ] {
            let rows: Vec<(Vec<u8>, Vec<u8>, i64, bool)> =
                query_as(sql).bind(first).bind(last).fetch_all(&self.readers).await?;
            for (id, bytes, received_ms, stands) in rows {
                let of_record = kept.entry(stored_id(&id)?).or_default();
                of_record.extend(kept_operation(&bytes, received_ms, stands));
            }
        }
        Ok(kept)
    }

    /// Erases fields of records, and all that was ever written there: those that `which` names when it is shown what is kept of a
    /// record as this is done, so that what decides can be asked of that. `noted` is given each erasure before it is done for good:
    /// what it could not note is not done. `listed` is the number of the last one that was noted before, done or not.
    pub async fn erase(
        &self,
        targets: &[RecordId],
        which: impl Fn(RecordId, &[KeptOperation]) -> BTreeSet<String>,
        reason: Reason<'_>,
        listed: u64,
        now_ms: i64,
        noted: impl FnOnce(&[Erasure]) -> io::Result<()>,
    ) -> Answer<()> {
        let mut tx = self.begin_write().await?;
        let mut head = Head::read(&mut tx).await?;
        let mut erasures = Vec::new();
        let mut files = 0;
        for record in targets {
            if let Some(erasure) = plan(&mut tx, *record, &which, listed, now_ms).await? {
                files += put(&mut tx, &erasure, &mut head, now_ms).await?.len();
                erasures.push(erasure);
            }
        }
        if erasures.is_empty() {
            return Ok(());
        }
        head.write(&mut tx).await?;
        want_scrub(&mut tx).await?;
        let fields: usize = erasures.iter().map(|erasure| erasure.operation.fields.len()).sum();
        let detail = json!({ "records": erasures.len(), "fields": fields, "files": files });
        let Reason { by: actor, action } = reason;
        note(&mut tx, Event { actor, action, object: "", unit: None, detail }, now_ms).await?;
        noted(&erasures).map_err(|error| DatabaseError::Driver(sqlx::Error::Io(error)))?;
        tx.commit().await?;
        Ok(())
    }

    /// Erases again what was erased before this database was put back from a backup. Says whether there was anything to do.
    pub async fn erase_again(&self, erasure: &Erasure, now_ms: i64) -> Answer<bool> {
        let mut tx = self.begin_write().await?;
        let Operation { dot, record, .. } = erasure.operation;
        let known = erasures_of(&mut tx, record).await?;
        // Two servers that did not know of each other gave one number to two: the second one has another by now.
        let is_it = |known: Operation| erasure.operation == Operation { dot, ..known };
        if known.into_iter().any(is_it) {
            return Ok(false);
        }
        let mut erasure = erasure.clone();
        let is_taken = "SELECT EXISTS (SELECT 1 FROM operation WHERE device = $1 AND seq = $2)";
        let is_taken: bool = query_scalar(is_taken)
            .bind(SERVER.0.as_slice())
            .bind(signed(dot.seq))
            .fetch_one(&mut tx)
            .await?;
        if is_taken {
            erasure.operation.dot.seq = next_seq(&mut tx, dot.seq).await?;
        }
        let mut head = Head::read(&mut tx).await?;
        put(&mut tx, &erasure, &mut head, now_ms).await?;
        head.write(&mut tx).await?;
        want_scrub(&mut tx).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// What `read` makes of the erasures that this database knows of, in their order. In time there are hundreds of thousands.
    pub async fn erasures<T>(
        &self,
        mut read: impl FnMut(Operation) -> Option<T>,
    ) -> Answer<Vec<T>> {
        let (mut found, mut after) = (Vec::new(), Some(0));
        while let Some(last) = after {
            let rows: Vec<(i64, Vec<u8>)> = query_as(
                "SELECT seq, bytes FROM operation WHERE device = $1 AND seq > $2 ORDER BY seq LIMIT 1000",
            )
            .bind(SERVER.0.as_slice())
            .bind(last)
            .fetch_all(&self.readers)
            .await?;
            after = rows.last().map(|(seq, _)| *seq);
            let erasures = rows.iter().filter_map(|(_, bytes)| codec::decode(bytes).ok());
            found.extend(erasures.filter_map(&mut read));
        }
        Ok(found)
    }

    /// Accounts that name nobody any more.
    pub async fn erased_accounts(&self) -> Answer<Vec<String>> {
        Ok(query_scalar("SELECT name FROM account WHERE erased_ms IS NOT NULL ORDER BY name")
            .fetch_all(&self.readers)
            .await?)
    }

    /// Takes the name from an account, and what its devices were called; nobody signs in with it any more. Its id stays: it is
    /// the author of records. Says whether there was such an account with a name.
    pub async fn erase_account(
        &self,
        account: &str,
        by: Option<&str>,
        now_ms: i64,
        noted: impl FnOnce() -> io::Result<()>,
    ) -> Answer<bool> {
        let mut tx = self.begin_write().await?;
        let unit: Option<String> = query_scalar(
            "UPDATE account SET display_name = $2, password = $4, erased_ms = $3
             WHERE name = $1 AND erased_ms IS NULL RETURNING unit",
        )
        .bind(account)
        .bind(NOBODY)
        .bind(now_ms)
        .bind(NOBODYS_PASSWORD)
        .fetch_optional(&mut tx)
        .await?;
        let Some(unit) = unit else { return Ok(false) };
        let detail: Json = disable(&mut tx, account, now_ms).await?;
        query("UPDATE session SET device_name = '' WHERE account = $1")
            .bind(account)
            .execute(&mut tx)
            .await?;
        forget_passkeys(&mut tx, account).await?;
        want_scrub(&mut tx).await?;
        let (action, unit) = (Action::AccountErase, Some(unit.as_str()));
        note(&mut tx, Event { actor: by, action, object: account, unit, detail }, now_ms).await?;
        noted().map_err(|error| DatabaseError::Driver(sqlx::Error::Io(error)))?;
        tx.commit().await?;
        Ok(true)
    }

    /// Up to when the clock was believed when answers were erased by their age last.
    pub async fn heard_ms(&self) -> Answer<Option<i64>> {
        Ok(query_scalar("SELECT heard_ms FROM server").fetch_one(&self.readers).await?)
    }

    /// Notes that the clock is believed up to then. All else that is written down is so by whatever the clock says.
    pub async fn hear(&self, now_ms: i64) -> Answer<()> {
        query("UPDATE server SET heard_ms = $1 WHERE coalesce(heard_ms, $1) <= $1")
            .bind(now_ms)
            .execute(&self.writer)
            .await?;
        Ok(())
    }
}

/// What a transaction knows to be erased in a record.
pub(super) async fn erased_in(tx: &mut Write, records: &BTreeSet<RecordId>) -> Answer<Erased> {
    let mut erased = Erased::default();
    let is_any: bool =
        query_scalar("SELECT EXISTS (SELECT 1 FROM erased)").fetch_one(&mut *tx).await?;
    let records: Vec<RecordId> = records.iter().filter(|_| is_any).copied().collect();
    let mut of = BTreeSet::new();
    for part in parts(&records) {
        let mut query = Builder::new("SELECT record, path, dots FROM erased WHERE record IN ");
        query.push_list(part.iter().map(|id| id.0.as_slice().into()));
        let rows: Vec<(Vec<u8>, String, Vec<u8>)> = query.build_as().fetch_all(&mut *tx).await?;
        for (record, path, dots) in rows {
            let record = stored_id(&record)?;
            of.insert(record);
            erased.insert(record, &path, stored_dots(&dots)?);
        }
    }
    for record in of {
        let has_begun = "SELECT EXISTS (SELECT 1 FROM record WHERE id = $1)";
        let has_begun: bool =
            query_scalar(has_begun).bind(record.0.as_slice()).fetch_one(&mut *tx).await?;
        if !has_begun {
            erased.insert_unbegun(record, erasures_of(tx, record).await?);
        }
    }
    Ok(erased)
}

/// The erasures of a record, in their order. All that the log has of it is read, which is little: the log has more of the server's own
/// than of anybody else's.
async fn erasures_of(tx: &mut Write, record: RecordId) -> Answer<Vec<Operation>> {
    let rows: Vec<(Vec<u8>, i64, Vec<u8>)> =
        query_as("SELECT device, seq, bytes FROM operation WHERE record = $1")
            .bind(record.0.as_slice())
            .fetch_all(&mut *tx)
            .await?;
    let own = rows.iter().filter(|(device, ..)| *device == SERVER.0);
    let read = |(_, seq, bytes): &(_, i64, Vec<u8>)| {
        Ok((*seq, codec::decode(bytes).map_err(damaged_erasure)?))
    };
    let read: BTreeMap<i64, Operation> = own.map(read).collect::<Answer<_>>()?;
    Ok(read.into_values().collect())
}

fn damaged_erasure(error: impl std::fmt::Display) -> DatabaseError {
    DatabaseError::Damaged { what: "erasure", why: error.to_string() }
}

/// What a push took away of what was here before it.
#[derive(Debug, Default)]
pub struct Gone {
    /// Files that nothing names any more.
    pub files: Vec<Hash>,
}

/// Keeps what was learnt of writes from before an erasure, and empties what turns out to have come over nothing else.
pub(super) async fn keep_grown(
    tx: &mut Write,
    erased: &Erased,
    head: &mut Head,
    now_ms: i64,
) -> Answer<Gone> {
    let mut gone = Gone::default();
    keep_before(tx, erased).await?;
    for record in erased.grown().map(|(record, ..)| record).collect::<BTreeSet<_>>() {
        empty_anew(tx, record, &mut gone, head, now_ms).await?;
    }
    for hash in erased.files() {
        let is_here: bool = query_scalar("SELECT EXISTS (SELECT 1 FROM blob WHERE hash = $1)")
            .bind(hash.0.as_slice())
            .fetch_one(&mut *tx)
            .await?;
        if drop_file(tx, hash).await? && is_here {
            gone.files.push(hash);
        }
    }
    Ok(gone)
}

async fn keep_before(tx: &mut Write, erased: &Erased) -> Answer<()> {
    for (record, path, dots) in erased.grown() {
        keep_erased(tx, record, path, dots).await?;
    }
    Ok(())
}

/// Who replaced what was not here counted as having seen an erasure. Now that more is here, that may prove wrong.
async fn empty_anew(
    tx: &mut Write,
    id: RecordId,
    gone: &mut Gone,
    head: &mut Head,
    now_ms: i64,
) -> Answer<()> {
    let mut held = held(tx, id).await?;
    let mut erased = erased_in(tx, &BTreeSet::from([id])).await?;
    erased.spread(&logged(&held));
    keep_before(tx, &erased).await?;
    if !empty_held(tx, &mut held, &mut erased, head).await? {
        return Ok(());
    }
    forget_said(tx, id).await?;
    if let Some(mut record) = record_of(tx, id).await? {
        record.empty_as(logged(&held));
        let moved = Moved { record: &record, left: None, rv: head.next() };
        store(tx, &[moved], now_ms).await?;
    }
    // Whoever pushes can bring this about as often as they like: it is done for many at once.
    want_scrub(tx).await?;
    let files = erased.files().collect();
    gone.files.extend(drop_files(tx, id, &files, &held).await?);
    Ok(())
}

async fn keep_erased(
    tx: &mut Write,
    record: RecordId,
    path: &str,
    dots: &BTreeSet<Dot>,
) -> Answer<()> {
    let dots: Vec<Dot> = dots.iter().copied().collect();
    // No path is too long to be erased, but some are for a key of PostgreSQL's: that there is one row of each is seen to here.
    query("DELETE FROM erased WHERE record = $1 AND path = $2")
        .bind(record.0.as_slice())
        .bind(path)
        .execute(&mut *tx)
        .await?;
    query("INSERT INTO erased (record, path, dots) VALUES ($1, $2, $3)")
        .bind(record.0.as_slice())
        .bind(path)
        .bind(codec::encode(&dots))
        .execute(&mut *tx)
        .await?;
    Ok(())
}

fn stored_dots(dots: &[u8]) -> Answer<Vec<Dot>> {
    codec::decode(dots)
        .map_err(|error| DatabaseError::Damaged { what: "dots", why: error.to_string() })
}

async fn record_of(tx: &mut Write, id: RecordId) -> Answer<Option<Record>> {
    let body: Option<Vec<u8>> = query_scalar("SELECT body FROM record WHERE id = $1")
        .bind(id.0.as_slice())
        .fetch_optional(&mut *tx)
        .await?;
    body.map(|body| stored_record(&body)).transpose()
}

/// The number of the next erasure; `listed` is that of the last one that was noted.
async fn next_seq(tx: &mut Write, listed: u64) -> Answer<u64> {
    let acked: Option<i64> = query_scalar("SELECT acked FROM device WHERE id = $1")
        .bind(SERVER.0.as_slice())
        .fetch_optional(tx)
        .await?;
    Ok(unsigned(acked.unwrap_or(0)).max(listed) + 1)
}

/// The erasure of the fields of a record that `which` names; none if it names none.
async fn plan(
    tx: &mut Write,
    id: RecordId,
    which: impl Fn(RecordId, &[KeptOperation]) -> BTreeSet<String>,
    listed: u64,
    now_ms: i64,
) -> Answer<Option<Erasure>> {
    let held = held(tx, id).await?;
    // What is in the log and waits at the repair desk too is one.
    let kept = held.iter().filter(|held| held.table == LOG || !held.is_logged);
    let kept: Vec<KeptOperation> = kept.map(|held| held.kept.clone()).collect();
    let Some(first) = kept.first() else { return Ok(None) };
    let paths = which(id, &kept);
    if paths.is_empty() {
        return Ok(None);
    }
    let seq = next_seq(tx, listed).await?;
    // Where nothing was applied the erasure is of what the first operation says it is.
    let record = record_of(tx, id).await?.unwrap_or_else(|| Record::begin(&first.operation));
    let operation = erase::erasure(&record, logged(&held), &paths, seq, now_ms);
    let writes = held.iter().flat_map(|held| &held.kept.operation.fields);
    let writes = writes.filter(|(path, _)| paths.contains(*path));
    let files: BTreeSet<Hash> = writes
        .filter_map(|(_, write)| match &write.value {
            Value::File(file) => Some(file.hash),
            Value::Empty | Value::Text(_) => None,
        })
        .collect();
    Ok(Some(Erasure { operation, files: files.into_iter().collect() }))
}

/// Does an erasure. Says which files nothing names any more.
async fn put(tx: &mut Write, erasure: &Erasure, head: &mut Head, now_ms: i64) -> Answer<Vec<Hash>> {
    let Erasure { operation, files } = erasure;
    let id = operation.record;
    let mut held = held(tx, id).await?;
    empty_unseen(tx, &mut held, operation, head).await?;
    let mut erased = erased_in(tx, &BTreeSet::from([id])).await?;
    erased.insert_into(operation, &logged(&held));
    empty_held(tx, &mut held, &mut erased, head).await?;
    forget_said(tx, id).await?;
    keep_before(tx, &erased).await?;
    for path in operation.fields.keys() {
        if let Some(dots) = erased.before(id, path) {
            keep_erased(tx, id, path, dots).await?;
        }
    }
    let sealed = codec::encode(operation);
    let seq = operation.dot.seq;
    let verdict = Verdict { seq, outcome: Outcome::Applied, reason: None, set_aside: None };
    query(
        "INSERT INTO operation (device, seq, hash, bytes, record, sender, received_ms, verdict)
         VALUES ($1, $2, $3, $4, $5, '', $6, $7)",
    )
    .bind(SERVER.0.as_slice())
    .bind(signed(seq))
    .bind(codec::hash(&sealed).0.as_slice())
    .bind(&sealed)
    .bind(id.0.as_slice())
    .bind(now_ms)
    .bind(codec::encode(&verdict))
    .execute(&mut *tx)
    .await?;
    query(
        "INSERT INTO device (id, acked, safe) VALUES ($1, $2, 0)
         ON CONFLICT (id) DO UPDATE SET acked = CASE WHEN device.acked < $2 THEN $2 ELSE device.acked END",
    )
    .bind(SERVER.0.as_slice())
    .bind(signed(seq))
    .execute(&mut *tx)
    .await?;
    if let Some(mut record) = record_of(tx, id).await? {
        record.erase(operation, logged(&held));
        let moved = Moved { record: &record, left: None, rv: head.next() };
        store(tx, &[moved], now_ms).await?;
    }
    let files: BTreeSet<Hash> = files.iter().copied().chain(erased.files()).collect();
    drop_files(tx, id, &files, &held).await
}
