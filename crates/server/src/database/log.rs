//! What devices push: the log of operations, the records that come out of it, and the quarantine.

use std::collections::BTreeMap;

use sync::codec;
use sync::merge::Record;
use sync::push::{Batch, Decided, Decision, Kept, Known, MAX_MISSING_BLOBS, Place, Sender};
use sync::wire::{
    DeviceId, Hash, Operation, Outcome, PushResponse, QuarantineReason, RecordId, Value, Verdict,
};

use super::erasure::{Gone, erased_in, keep_grown};
use super::feed::{names_of, stored_record};
use super::rights::Rights;
use super::sql::{Builder, parts, query, query_as, query_scalar};
use super::{Answer, Database, DatabaseError, Write, bytes, signed, unsigned};

/// A push that is on disk.
#[derive(Debug)]
pub struct Pushed {
    /// What the device is told.
    pub response: PushResponse,
    /// The feed's head after it.
    pub head: u64,
    /// What was put in quarantine, and why.
    pub quarantined: Vec<(u64, QuarantineReason)>,
    /// Operations that the device freed as safe and this server does not hold.
    pub lost: Option<std::ops::RangeInclusive<u64>>,
    /// Files that the device is asked for because this server lost them.
    pub lost_files: Vec<Hash>,
    /// What was erased with it and lay here already.
    pub gone: Gone,
    /// How many pushes shared the transaction.
    pub together: usize,
}

/// An operation of a record's history.
#[derive(Clone, Debug)]
pub struct LoggedOperation {
    /// What was done.
    pub operation: Operation,
    /// The name of the device at its last sign-in.
    pub device_name: String,
    /// What others see of its author; nothing if there is no such account.
    pub author_name: String,
    /// When it arrived.
    pub received_ms: i64,
    /// What became of it.
    pub outcome: Outcome,
    /// Why it is in quarantine.
    pub reason: Option<QuarantineReason>,
}

/// The log of a record, in the order of arrival.
const LOGGED: &str = "SELECT o.bytes,
        (SELECT device_name FROM session s WHERE s.device = o.device ORDER BY s.id DESC LIMIT 1),
        o.received_ms, o.verdict
     FROM operation o WHERE o.record = $1 ORDER BY o.place";

/// What came beside the log and was put into the record at the repair desk.
const PUT_IN: &str = "SELECT q.bytes,
        (SELECT device_name FROM session s WHERE s.device = q.device ORDER BY s.id DESC LIMIT 1),
        q.received_ms, q.outcome
     FROM quarantine q LEFT JOIN operation o ON o.device = q.device AND o.seq = q.seq AND o.hash = q.hash
     WHERE q.record = $1 AND q.outcome IS NOT NULL AND o.hash IS NULL ORDER BY q.id";

impl Database {
    /// Every operation of a record that can be read, in the order of arrival: of the log, and what only the repair desk put there.
    pub async fn history(&self, record: RecordId) -> Answer<Vec<LoggedOperation>> {
        let mut tx = self.begin_read().await?;
        type Row<T> = (Vec<u8>, Option<String>, i64, T);
        let logged: Vec<Row<Vec<u8>>> =
            query_as(LOGGED).bind(record.0.as_slice()).fetch_all(&mut tx).await?;
        let put_in: Vec<Row<String>> =
            query_as(PUT_IN).bind(record.0.as_slice()).fetch_all(&mut tx).await?;
        let read = |bytes: &[u8], device_name: Option<String>, received_ms, outcome, reason| {
            Some(LoggedOperation {
                operation: codec::decode(bytes).ok()?,
                device_name: device_name.unwrap_or_default(),
                author_name: String::new(),
                received_ms,
                outcome,
                reason,
            })
        };
        let mut history = Vec::new();
        for (bytes, device_name, received_ms, verdict) in logged {
            let Verdict { outcome, reason, .. } = stored_verdict(&verdict)?;
            history.extend(read(&bytes, device_name, received_ms, outcome, reason));
        }
        for (bytes, device_name, received_ms, outcome) in put_in {
            let earlier = |known: &LoggedOperation| known.received_ms <= received_ms;
            let at = history.iter().rposition(earlier).map_or(0, |at| at + 1);
            let put_in = read(&bytes, device_name, received_ms, outcome_of(&outcome)?, None);
            history.splice(at..at, put_in);
        }
        let authors = history.iter().map(|known| &known.operation.author).collect();
        let names = names_of(&mut tx, authors).await?;
        tx.rollback().await?;
        for known in &mut history {
            known.author_name = names.get(&known.operation.author).cloned().unwrap_or_default();
        }
        Ok(history)
    }

    /// Notes that a device is being told of files that were lost here. Only the answer to its own push tells it: a receipt
    /// names no file that is missing.
    pub async fn tell_lost(&self, device: DeviceId, files: &[Hash]) -> Answer<()> {
        if files.is_empty() {
            return Ok(());
        }
        let mut tx = self.begin_write().await?;
        for part in parts(files) {
            let mut query = Builder::new("UPDATE blob_wanted SET lost_ms = NULL WHERE device = ");
            query.push_bind(device.0.as_slice()).push(" AND blob IN ");
            query.push_list(part.iter().map(|hash| hash.0.as_slice().into()));
            query.build().execute(&mut tx).await?;
        }
        tx.commit().await?;
        Ok(())
    }
}

/// What the server counts by, while a transaction lasts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Head {
    epoch: i64,
    rv: i64,
}

impl Head {
    pub(super) async fn read(tx: &mut Write) -> Answer<Self> {
        let (epoch, rv) = query_as("SELECT epoch, rv FROM server").fetch_one(&mut *tx).await?;
        Ok(Self { epoch, rv })
    }

    /// The next place of the feed.
    pub(super) fn next(&mut self) -> i64 {
        self.rv += 1;
        self.rv
    }

    pub(super) async fn write(self, tx: &mut Write) -> Answer<()> {
        query("UPDATE server SET rv = $1").bind(self.rv).execute(&mut *tx).await?;
        Ok(())
    }
}

/// Keeps a push inside a transaction that others may share, and moves the feed's head on.
pub(super) async fn keep_push(
    tx: &mut Write,
    batch: Batch,
    sender: Sender<'_>,
    rights: &Rights<'_>,
    head: &mut Head,
    now_ms: i64,
) -> Answer<Pushed> {
    let known = known(tx, &batch).await?;
    let decided = batch.decide(known, &sender, rights);
    keep_decided(tx, decided, sender, head, now_ms).await
}

/// Keeps operations beside the log, where they take no place in their device's count.
pub(super) async fn keep_beside(
    tx: &mut Write,
    batch: Batch,
    sender: Sender<'_>,
    reason: QuarantineReason,
    mut head: Head,
    now_ms: i64,
) -> Answer<Pushed> {
    let known = known(tx, &batch).await?;
    let decided = batch.set_beside(&known, reason);
    keep_decided(tx, decided, sender, &mut head, now_ms).await
}

async fn keep_decided(
    tx: &mut Write,
    decided: Decided,
    sender: Sender<'_>,
    head: &mut Head,
    now_ms: i64,
) -> Answer<Pushed> {
    log(tx, &decided, sender, now_ms).await?;
    for decision in decided.decisions.iter().filter(|decision| decision.place != Place::Held) {
        keep(tx, &decided, decision, sender, head, now_ms).await?;
    }
    let moved = |record| {
        let left = decided.left.get(&Record::id(record)).map(String::as_str);
        Moved { record, left, rv: head.next() }
    };
    let moved: Vec<Moved<'_>> = decided.changed.values().map(moved).collect();
    store(tx, &moved, now_ms).await?;
    let gone = keep_grown(tx, &decided.erased, head, now_ms).await?;
    let (safe, is_missing): (i64, bool) = query_as(
        "INSERT INTO device (id, acked, safe, pushed_ms, unsent) VALUES ($1, $2, 0, $3, $4)
         ON CONFLICT (id) DO UPDATE SET acked = $2, pushed_ms = $3, unsent = coalesce($4, device.unsent)
         RETURNING safe, EXISTS (SELECT 1 FROM blob_wanted WHERE device = $1)",
    )
    .bind(decided.device.0.as_slice())
    .bind(signed(decided.acked))
    .bind(now_ms)
    .bind(decided.unsent.map(signed))
    .fetch_one(&mut *tx)
    .await?;
    let missing = if is_missing { missing(tx, decided.device).await? } else { Vec::new() };
    let lost_files =
        missing.iter().filter(|(_, is_lost)| *is_lost).map(|(hash, _)| *hash).collect();
    let missing = missing.into_iter().map(|(hash, _)| hash).collect();
    let reasons = decided.decisions.iter();
    Ok(Pushed {
        response: decided.response(unsigned(head.epoch), unsigned(safe), now_ms, missing),
        head: unsigned(head.rv),
        quarantined: reasons
            .filter_map(|decision| {
                Some((decision.seq, decision.reason.or(decision.verdict.reason)?))
            })
            .collect(),
        lost: decided.lost,
        lost_files,
        gone,
        together: 1,
    })
}

/// What a device is asked for, and whether it was lost: that comes first.
async fn missing(tx: &mut Write, device: DeviceId) -> Answer<Vec<(Hash, bool)>> {
    let rows: Vec<(Vec<u8>, bool)> = query_as(
        "SELECT blob, lost_ms IS NOT NULL FROM blob_wanted WHERE device = $1 ORDER BY lost_ms IS NULL LIMIT $2",
    )
    .bind(device.0.as_slice())
    .bind(signed(MAX_MISSING_BLOBS as u64))
    .fetch_all(&mut *tx)
    .await?;
    let read = |(blob, is_lost): &(Vec<u8>, bool)| Ok((Hash(bytes("blob hash", blob)?), *is_lost));
    rows.iter().map(read).collect()
}

/// What the database holds that a batch may meet.
async fn known(tx: &mut Write, batch: &Batch) -> Answer<Known> {
    let device = batch.device();
    let acked: Option<i64> = query_scalar("SELECT acked FROM device WHERE id = $1")
        .bind(device.0.as_slice())
        .fetch_optional(&mut *tx)
        .await?;
    let erased = erased_in(tx, &batch.records()).await?;
    let mut known = Known { acked: unsigned(acked.unwrap_or(0)), erased, ..Known::default() };
    // The log holds nothing above the watermark: what is new is not looked for.
    if let Some(seqs) = batch.seqs().filter(|seqs| *seqs.start() <= known.acked) {
        let rows: Vec<(i64, Vec<u8>, Vec<u8>)> = query_as(
            "SELECT seq, hash, verdict FROM operation WHERE device = $1 AND seq BETWEEN $2 AND $3",
        )
        .bind(device.0.as_slice())
        .bind(signed(*seqs.start()))
        .bind(signed(*seqs.end()))
        .fetch_all(&mut *tx)
        .await?;
        for (seq, hash, verdict) in rows {
            let kept = Kept {
                hash: Hash(bytes("operation hash", &hash)?),
                verdict: stored_verdict(&verdict)?,
            };
            known.kept.insert(unsigned(seq), kept);
        }
    }
    if let Some(seqs) = batch.seqs() {
        let rows: Vec<(i64, Vec<u8>, String)> = query_as(
            "SELECT seq, hash, outcome FROM quarantine WHERE device = $1 AND seq BETWEEN $2 AND $3 AND outcome IS NOT NULL",
        )
        .bind(device.0.as_slice())
        .bind(signed(*seqs.start()))
        .bind(signed(*seqs.end()))
        .fetch_all(&mut *tx)
        .await?;
        for (seq, hash, outcome) in rows {
            let name = (unsigned(seq), Hash(bytes("operation hash", &hash)?));
            known.put_in.insert(name, outcome_of(&outcome)?);
        }
    }
    let ids: Vec<RecordId> = batch.records().into_iter().collect();
    for part in parts(&ids) {
        let mut query = Builder::new("SELECT body FROM record WHERE id IN ");
        query.push_list(part.iter().map(|id| id.0.as_slice().into()));
        let bodies: Vec<(Vec<u8>,)> = query.build_as().fetch_all(&mut *tx).await?;
        for (body,) in bodies {
            let record = stored_record(&body)?;
            known.records.insert(record.id(), record);
        }
    }
    known.waiting = waiting_of(tx, &ids).await?;
    Ok(known)
}

/// What the log has of records and was not applied. What lies beside it goes by the name of another operation.
pub(super) async fn waiting_of(
    tx: &mut Write,
    records: &[RecordId],
) -> Answer<BTreeMap<RecordId, Vec<Operation>>> {
    let mut waiting: BTreeMap<RecordId, Vec<Operation>> = BTreeMap::new();
    for part in parts(records) {
        let mut query = Builder::new(
            "SELECT o.bytes FROM quarantine q JOIN operation o ON o.device = q.device AND o.seq = q.seq AND o.hash = q.hash
             WHERE q.outcome IS NULL AND q.record IN ",
        );
        query.push_list(part.iter().map(|id| id.0.as_slice().into()));
        let logged: Vec<(Vec<u8>,)> = query.build_as().fetch_all(&mut *tx).await?;
        for operation in logged.iter().filter_map(|(bytes,)| codec::decode(bytes).ok()) {
            let operation: Operation = operation;
            waiting.entry(operation.record).or_default().push(operation);
        }
    }
    Ok(waiting)
}

pub(super) fn stored_verdict(verdict: &[u8]) -> Answer<Verdict> {
    codec::decode(verdict)
        .map_err(|error| DatabaseError::Damaged { what: "verdict", why: error.to_string() })
}

/// Appends to the log what was decided to go there.
async fn log(tx: &mut Write, decided: &Decided, sender: Sender<'_>, now_ms: i64) -> Answer<()> {
    let decisions = decided.decisions.iter().filter(|decision| decision.place == Place::Log);
    for part in parts(&decisions.collect::<Vec<_>>()) {
        let mut query = Builder::new(
            "INSERT INTO operation (device, seq, hash, bytes, record, sender, received_ms, verdict) VALUES ",
        );
        query.push_lists(part.iter().map(|decision| {
            [
                decided.device.0.as_slice().into(),
                signed(decision.seq).into(),
                decision.hash.0.as_slice().into(),
                (&decision.bytes).into(),
                record_of(decision).into(),
                sender.account.into(),
                now_ms.into(),
                codec::encode(&decision.verdict).into(),
            ]
        }));
        query.build().execute(&mut *tx).await?;
    }
    Ok(())
}

fn record_of(decision: &Decision) -> Option<&[u8]> {
    decision.operation.as_ref().map(|operation| operation.record.0.as_slice())
}

/// Puts one operation where else it was decided to go.
async fn keep(
    tx: &mut Write,
    decided: &Decided,
    decision: &Decision,
    sender: Sender<'_>,
    head: &mut Head,
    now_ms: i64,
) -> Answer<()> {
    if let Some(reason) = decision.reason {
        // Of what lies beside the log no other device hears. When its device sends the same it waits for a reason of its own, whatever was
        // said of what a carrier brought.
        let rv = if decision.place == Place::Log { head.next() } else { 0 };
        query(
            "INSERT INTO quarantine (device, seq, hash, bytes, record, unit, sender, received_ms, reason, rv)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
             ON CONFLICT (device, seq, hash) DO UPDATE SET rv = excluded.rv, bytes = excluded.bytes,
                sender = excluded.sender, received_ms = excluded.received_ms, reason = excluded.reason,
                settled_ms = NULL, settled_by = NULL, settled_rv = NULL, set_aside = NULL
             WHERE excluded.rv > quarantine.rv AND quarantine.outcome IS NULL",
        )
        .bind(decided.device.0.as_slice())
        .bind(signed(decision.seq))
        .bind(decision.hash.0.as_slice())
        .bind(&decision.bytes)
        .bind(record_of(decision))
        .bind(decision.operation.as_ref().map(|operation| operation.unit.as_str()))
        .bind(sender.account)
        .bind(now_ms)
        .bind(reason.name())
        .bind(rv)
        .execute(&mut *tx)
        .await?;
    }
    want_files(tx, decided.device, decision.operation.as_ref()).await
}

/// Notes which files of an operation the device has still to send. Those of a quarantined operation too: nothing
/// of the field's work is refused.
pub(super) async fn want_files(
    tx: &mut Write,
    device: DeviceId,
    operation: Option<&Operation>,
) -> Answer<()> {
    for write in operation.into_iter().flat_map(|operation| operation.fields.values()) {
        let Value::File(file) = &write.value else { continue };
        query(
            "INSERT INTO blob_wanted (device, blob)
             SELECT $1, $2 WHERE NOT EXISTS (SELECT 1 FROM blob WHERE hash = $2 AND whole_ms IS NOT NULL)
                AND NOT EXISTS (SELECT 1 FROM erased_blob WHERE hash = $2)
             ON CONFLICT DO NOTHING",
        )
        .bind(device.0.as_slice())
        .bind(file.hash.0.as_slice())
        .execute(&mut *tx)
        .await?;
    }
    Ok(())
}

/// A record at its new place in the feed.
pub(super) struct Moved<'a> {
    pub record: &'a Record,
    /// The unit that it left.
    pub left: Option<&'a str>,
    pub rv: i64,
}

/// Puts records' new states at their new places in the feed, and there a trace of each into the unit that it left.
pub(super) async fn store(tx: &mut Write, moved: &[Moved<'_>], now_ms: i64) -> Answer<()> {
    for part in parts(moved) {
        let mut query = Builder::new(
            "INSERT INTO record (id, rv, unit, form, author, received_ms, changed_ms, body) VALUES ",
        );
        query.push_lists(part.iter().map(|Moved { record, rv, .. }| {
            [
                record.id().0.to_vec().into(),
                (*rv).into(),
                record.unit().into(),
                (&record.form().id).into(),
                record.author().into(),
                now_ms.into(),
                now_ms.into(),
                codec::encode(*record).into(),
            ]
        }));
        query.push(
            " ON CONFLICT (id) DO UPDATE SET rv = excluded.rv, unit = excluded.unit, form = excluded.form,
             author = excluded.author, changed_ms = excluded.changed_ms, body = excluded.body",
        );
        query.build().execute(&mut *tx).await?;
    }
    for Moved { record, left, rv } in moved {
        note_beside(tx, record, *left, *rv).await?;
    }
    Ok(())
}

/// Notes the files of a record, and its trace in the unit that it left.
async fn note_beside(tx: &mut Write, record: &Record, left: Option<&str>, rv: i64) -> Answer<()> {
    for file in record.files() {
        query("INSERT INTO record_blob (blob, record) VALUES ($1, $2) ON CONFLICT DO NOTHING")
            .bind(file.hash.0.as_slice())
            .bind(record.id().0.as_slice())
            .execute(&mut *tx)
            .await?;
    }
    if let Some(left) = left {
        query("DELETE FROM record_left WHERE record = $1 AND unit = $2")
            .bind(record.id().0.as_slice())
            .bind(record.unit())
            .execute(&mut *tx)
            .await?;
        query(
            "INSERT INTO record_left (record, unit, rv) VALUES ($1, $2, $3)
             ON CONFLICT (record, unit) DO UPDATE SET rv = $3",
        )
        .bind(record.id().0.as_slice())
        .bind(left)
        .bind(rv)
        .execute(&mut *tx)
        .await?;
    }
    Ok(())
}

/// The reason of that name.
pub(super) fn reason_of(name: &str) -> Answer<QuarantineReason> {
    let named = QuarantineReason::ALL.into_iter().find(|reason| reason.name() == name);
    named.ok_or_else(|| DatabaseError::Damaged { what: "reason", why: name.to_owned() })
}

/// The outcome of that name.
fn outcome_of(name: &str) -> Answer<Outcome> {
    let all = [Outcome::Applied, Outcome::Merged, Outcome::Conflict, Outcome::Quarantined];
    let named = all.into_iter().find(|outcome| outcome_name(*outcome) == name);
    named.ok_or_else(|| DatabaseError::Damaged { what: "outcome", why: name.to_owned() })
}

/// An outcome's name in the API.
#[must_use]
pub fn outcome_name(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Applied => "applied",
        Outcome::Merged => "merged",
        Outcome::Conflict => "conflict",
        Outcome::Quarantined => "quarantined",
    }
}
