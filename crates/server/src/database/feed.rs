//! What people read: the feed of records, one record, and lists for export.

use std::collections::{BTreeMap, BTreeSet};

use sync::codec;
use sync::columns::Filling;
use sync::mask::Mask;
use sync::merge::{Record, Stamp, Stored};
use sync::pull::{self, Feed, Start};
use sync::wire::{
    AtDesk, Columns, DeviceId, Operation, Outcome, RecordId, RecordState, Tally, Verdict,
};

use super::log::stored_verdict;
use super::personal_fields::mask;
use super::sql::{Builder, Value, query_as, query_scalar};
use super::{Answer, Database, DatabaseError, Transaction, bytes, signed, unsigned};

/// A page of the feed and what is said beside it, read in one snapshot.
#[derive(Clone, Debug)]
pub struct FeedPage {
    /// The feed as the person sees it.
    pub feed: Feed,
    /// Where the page starts.
    pub start: Start,
    /// Its records.
    pub records: Vec<RecordState>,
    /// Those of their answers that stand in columns, if it was asked for so.
    pub columns: Option<Columns>,
    /// The place of its last entry, if others follow.
    pub last_of_more: Option<u64>,
    /// The asking device's operations up to here are held.
    pub acked: u64,
    /// The asking device's operations up to here are in a backup.
    pub safe: u64,
    /// The units that the person sees, when a generation begins.
    pub units: Vec<String>,
    /// What the repair desk settled of the asking device's operations, to be told with this page.
    pub settled: Vec<Verdict>,
    /// The names of the people who wrote the records, by account.
    pub names: BTreeMap<String, String>,
    /// All that the person sees, if it was asked for and the page is the last.
    pub tally: Option<Tally>,
    /// What the repair desk has of the person's and the asking device may not hold.
    pub waiting: Vec<AtDesk>,
}

/// A page ends after as many bytes of stored records as all that it may have would have at this size, however few they are.
const RECORD_BYTES: usize = 4 * 1024;

type RecordRow = (i64, i64, i64, Vec<u8>);

/// What the feed says of one record, or of an operation that could not be applied.
struct Entry {
    rv: i64,
    said: Said,
}

enum Said {
    /// As it is stored.
    Stood(RecordRow),
    /// That it left.
    Left(RecordState),
    /// That the repair desk has it: its number in the quarantine, and how many bytes it has.
    Waits(i64, i64),
}

impl Entry {
    /// How many bytes are stored of it.
    fn size(&self) -> usize {
        match &self.said {
            Said::Stood((.., body)) => body.len(),
            Said::Left(trace) => trace.record.0.len(),
            Said::Waits(_, size) => usize::try_from(*size).unwrap_or(usize::MAX),
        }
    }
}

impl Database {
    /// The part of the feed that follows a cursor: of `size` records at most, with or without columns. With a `tally` its last page
    /// costs a look at each record's place.
    pub async fn feed_page(
        &self,
        account: &str,
        device: DeviceId,
        cursor: Option<&str>,
        size: usize,
        in_columns: bool,
        with_tally: bool,
    ) -> Answer<FeedPage> {
        let mut tx = self.begin_read().await?;
        let (epoch, head, scope_rev, key): (i64, i64, i64, Vec<u8>) = query_as(
            "SELECT epoch, rv, scope_rev, cursor_key FROM server, account WHERE account.name = $1",
        )
        .bind(account)
        .fetch_one(&mut tx)
        .await?;
        let feed = Feed {
            epoch: unsigned(epoch),
            scope_rev: unsigned(scope_rev),
            head: unsigned(head),
            key: bytes("cursor key", &key)?,
        };
        let start = feed.start(cursor);
        let marks: Option<(i64, i64)> = query_as("SELECT acked, safe FROM device WHERE id = $1")
            .bind(device.0.as_slice())
            .fetch_optional(&mut tx)
            .await?;
        let (acked, safe) = marks.unwrap_or_default();
        let lacks = Lacks { device, safe };
        let mut entries = Vec::new();
        if start.after < feed.head {
            entries = stood(&mut tx, account, start.after, size + 1).await?;
            entries.extend(waits(&mut tx, account, lacks, start.after, size + 1).await?);
            // A new generation begins without what it does not bring.
            if !start.reset {
                entries.extend(left(&mut tx, account, start.after, size + 1).await?);
            }
            entries.sort_by_key(|entry| entry.rv);
        }
        let units = if start.reset {
            query_scalar("SELECT unit FROM visible_unit WHERE account = $1 ORDER BY unit")
                .bind(account)
                .fetch_all(&mut tx)
                .await?
        } else {
            Vec::new()
        };
        let size = fitting(&entries, size);
        let more = entries.len() > size;
        entries.truncate(size);
        let last_of_more = entries.last().filter(|_| more).map(|last| unsigned(last.rv));
        let end = feed.end(start, last_of_more);
        let mut waiting = put_in(&mut tx, account, lacks, start.after, end).await?;
        waiting.extend(waiting_of(&mut tx, account, &entries).await?);
        let hidden =
            if entries.is_empty() { Mask::default() } else { mask(&mut tx, account).await? };
        let (records, columns) = if in_columns {
            let (records, columns) = columns_of(entries, &hidden)?;
            (records, Some(columns))
        } else {
            (states_of(entries, &hidden)?, None)
        };
        let settled = settled(&mut tx, account, device, start.after, end).await?;
        let names = names(&mut tx, &records).await?;
        let tally = match with_tally && !more {
            true => Some(tally(&mut tx, account).await?),
            false => None,
        };
        tx.rollback().await?;
        Ok(FeedPage {
            feed,
            start,
            records,
            columns,
            last_of_more,
            acked: unsigned(acked),
            safe: unsigned(safe),
            units,
            settled,
            names,
            tally,
            waiting,
        })
    }

    /// A record, if the account sees it.
    pub async fn visible_record(&self, account: &str, id: RecordId) -> Answer<Option<RecordState>> {
        let row: Option<RecordRow> = query_as(
            "SELECT rv, received_ms, changed_ms, body FROM visible_record WHERE account = $1 AND id = $2",
        )
        .bind(account)
        .bind(id.0.as_slice())
        .fetch_optional(&self.readers)
        .await?;
        let mut found: Vec<RecordState> = row.map(state).transpose()?.into_iter().collect();
        cut(&mut found, &self.mask_of(account).await?);
        Ok(found.pop())
    }

    /// The records of a form that an account sees, of these units if any are named, by the time they were received: a page after the
    /// other, as if nothing happened meanwhile.
    pub async fn visible_records(
        &self,
        account: &str,
        form: &str,
        units: Option<&BTreeSet<String>>,
    ) -> Answer<Pages> {
        let mask = self.mask_of(account).await?;
        let mut tx = self.begin_read().await?;
        let mut query =
            Builder::new("SELECT received_ms, id, unit FROM visible_record WHERE account = ");
        query.push_bind(account).push(" AND form = ").push_bind(form);
        if let Some(units) = units.filter(|units| units.len() <= MOST_NAMED) {
            // There is a unit of every record: of none there are none.
            let named = units.iter().map(|unit| unit.as_str().into()).chain([Value::from("")]);
            query.push(" AND unit IN ").push_list(named);
        }
        let mut found: Vec<(i64, Vec<u8>, String)> = query.build_as().fetch_all(&mut tx).await?;
        found.retain(|(.., unit)| units.is_none_or(|units| units.contains(unit)));
        // Here: the database would carry all that is in them through its sorting.
        found.sort_unstable();
        let ids: Vec<Vec<u8>> = found.into_iter().map(|(_, id, _)| id).collect();
        Ok(Pages { tx, mask, ids: ids.into_iter() })
    }
}

/// Records, a page after the other: nobody holds the bodies of all of them.
#[derive(Debug)]
pub struct Pages {
    tx: Transaction,
    mask: Mask,
    /// Of those that are to come.
    ids: std::vec::IntoIter<Vec<u8>>,
}

impl Pages {
    /// The next ones; none, after the last.
    pub async fn next(&mut self) -> Answer<Vec<RecordState>> {
        let ids: Vec<Vec<u8>> = self.ids.by_ref().take(MOST_NAMED).collect();
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut query =
            Builder::new("SELECT rv, received_ms, changed_ms, body FROM record WHERE id IN ");
        query.push_list(ids.into_iter().map(Value::from));
        let rows: Vec<RecordRow> = query.build_as().fetch_all(&mut self.tx).await?;
        let mut page = rows.into_iter().map(state).collect::<Answer<Vec<_>>>()?;
        page.sort_by_key(|record| (record.received_ms, record.record));
        cut(&mut page, &self.mask);
        Ok(page)
    }

    /// The names of the people who wrote these records, by account.
    pub async fn names(&mut self, records: &[RecordState]) -> Answer<BTreeMap<String, String>> {
        names(&mut self.tx, records).await
    }
}

/// More units or records than these are not named to the database at once, which takes so many values and no more. So many units are
/// nearly all.
const MOST_NAMED: usize = 500;

/// What an account does not see of records that it sees, it does not get.
fn cut(records: &mut [RecordState], mask: &Mask) {
    records.iter_mut().for_each(|record| mask.cut_state(record));
}

/// The records in an account's units, from a place of the feed on.
async fn stood(
    tx: &mut Transaction,
    account: &str,
    after: u64,
    limit: usize,
) -> Answer<Vec<Entry>> {
    let rows: Vec<RecordRow> = query_as(
        "SELECT rv, received_ms, changed_ms, body FROM visible_record
         WHERE account = $1 AND rv > $2 ORDER BY rv LIMIT $3",
    )
    .bind(account)
    .bind(signed(after))
    .bind(signed(limit as u64))
    .fetch_all(&mut *tx)
    .await?;
    Ok(rows.into_iter().map(|row| Entry { rv: row.0, said: Said::Stood(row) }).collect())
}

/// The traces of records that left an account's units and are in none of them now.
async fn left(tx: &mut Transaction, account: &str, after: u64, limit: usize) -> Answer<Vec<Entry>> {
    let rows: Vec<(Vec<u8>, String, i64)> = query_as(
        "SELECT trace.record, trace.unit, trace.rv FROM visible_trace trace
         WHERE trace.account = $1 AND trace.rv > $2 AND NOT EXISTS
            (SELECT 1 FROM visible_record seen WHERE seen.account = $1 AND seen.id = trace.record)
         ORDER BY trace.rv LIMIT $3",
    )
    .bind(account)
    .bind(signed(after))
    .bind(signed(limit as u64))
    .fetch_all(&mut *tx)
    .await?;
    let entry = |(record, unit, rv): (Vec<u8>, String, i64)| {
        let trace = pull::left(stored_id(&record)?, unit, unsigned(rv));
        Ok(Entry { rv, said: Said::Left(trace) })
    };
    rows.into_iter().map(entry).collect()
}

/// All records in an account's units.
async fn tally(tx: &mut Transaction, account: &str) -> Answer<Tally> {
    let places: Vec<i64> = query_scalar("SELECT rv FROM visible_record WHERE account = $1")
        .bind(account)
        .fetch_all(&mut *tx)
        .await?;
    let mut tally = Tally::default();
    tally.extend(places.into_iter().map(unsigned));
    Ok(tally)
}

/// The names of those who wrote records: few, however many records a page has.
async fn names(tx: &mut Transaction, records: &[RecordState]) -> Answer<BTreeMap<String, String>> {
    let stand = || records.iter().filter(|record| !record.left);
    let written = stand().flat_map(|record| record.writers.values());
    names_of(tx, stand().map(|record| &record.author).chain(written).collect()).await
}

/// What others see of accounts, of those that there are.
pub(super) async fn names_of(
    tx: &mut Transaction,
    accounts: BTreeSet<&String>,
) -> Answer<BTreeMap<String, String>> {
    let mut names = BTreeMap::new();
    for account in accounts {
        let name: Option<String> = query_scalar("SELECT display_name FROM account WHERE name = $1")
            .bind(account)
            .fetch_optional(&mut *tx)
            .await?;
        names.extend(name.map(|name| (account.clone(), name)));
    }
    Ok(names)
}

/// What the repair desk settled of a device's operations, each with the page that reaches both that moment and the
/// record's newest state: in between the device would show neither. To whoever wrote or sent them: who signs in as if on somebody's
/// device does not hear of that person's work.
async fn settled(
    tx: &mut Transaction,
    account: &str,
    device: DeviceId,
    after: u64,
    end: u64,
) -> Answer<Vec<Verdict>> {
    let settled: Vec<(Vec<u8>, Vec<u8>, String)> = query_as(
        "SELECT o.verdict, o.bytes, o.sender FROM quarantine q
         JOIN operation o ON o.device = q.device AND o.seq = q.seq AND o.hash = q.hash
         LEFT JOIN record r ON r.id = q.record
         WHERE q.device = $1 AND q.settled_rv IS NOT NULL
            AND CASE WHEN r.rv > q.settled_rv THEN r.rv ELSE q.settled_rv END BETWEEN $2 + 1 AND $3 ORDER BY q.seq",
    )
    .bind(device.0.as_slice())
    .bind(signed(after))
    .bind(signed(end))
    .fetch_all(&mut *tx)
    .await?;
    let is_theirs = |(_, bytes, sender): &&(Vec<u8>, Vec<u8>, String)| {
        let wrote = |operation: Operation| operation.author == account;
        sender == account || codec::decode(bytes).is_ok_and(wrote)
    };
    settled.iter().filter(is_theirs).map(|(verdict, ..)| stored_verdict(verdict)).collect()
}

/// What a device may not hold: what others sent, and of its own what is in a backup. It frees that when it was applied, and after a
/// restore it may wait again.
#[derive(Clone, Copy)]
struct Lacks {
    device: DeviceId,
    safe: i64,
}

/// What an account sent that the repair desk has and a device may not, as the log knows it: beside that lies what its device, if it
/// lives, sends under another name. It stands where it was put into quarantine, emptied or set aside.
async fn waits(
    tx: &mut Transaction,
    account: &str,
    Lacks { device, safe }: Lacks,
    after: u64,
    limit: usize,
) -> Answer<Vec<Entry>> {
    let rows: Vec<(i64, i64, i64)> = query_as(
        "SELECT place, id, size FROM (
            SELECT q.id, CAST(length(q.bytes) AS BIGINT) AS size,
                CASE WHEN q.settled_rv > q.rv THEN q.settled_rv ELSE q.rv END AS place
            FROM quarantine q JOIN operation o ON o.device = q.device AND o.seq = q.seq AND o.hash = q.hash
            WHERE q.sender = $1 AND (q.device <> $2 OR q.seq <= $3) AND q.outcome IS NULL
         ) AS kept WHERE place > $4 ORDER BY place LIMIT $5",
    )
    .bind(account)
    .bind(device.0.as_slice())
    .bind(safe)
    .bind(signed(after))
    .bind(signed(limit as u64))
    .fetch_all(&mut *tx)
    .await?;
    let entry = |(rv, id, size)| Entry { rv, said: Said::Waits(id, size) };
    Ok(rows.into_iter().map(entry).collect())
}

/// What of such entries an account is told. What it only sent is its author's to hear of.
async fn waiting_of(tx: &mut Transaction, account: &str, entries: &[Entry]) -> Answer<Vec<AtDesk>> {
    let mut waiting = Vec::new();
    for entry in entries {
        let Said::Waits(id, _) = entry.said else { continue };
        let (sent_by, bytes, verdict): (Vec<u8>, Vec<u8>, Vec<u8>) = query_as(
            "SELECT q.device, q.bytes, o.verdict FROM quarantine q
             JOIN operation o ON o.device = q.device AND o.seq = q.seq WHERE q.id = $1",
        )
        .bind(id)
        .fetch_one(&mut *tx)
        .await?;
        let verdict = stored_verdict(&verdict)?;
        let wrote = |operation: Operation| operation.author == account;
        // A carrier may have brought it before its device did, from whom it was taken.
        let is_kept = verdict.outcome == Outcome::Quarantined;
        if is_kept && codec::decode(&bytes).is_ok_and(wrote) {
            let device = stored_device(&sent_by)?;
            waiting.push(AtDesk { device, bytes: Some(bytes), verdict });
        }
    }
    Ok(waiting)
}

/// Of that what the repair desk applied: told as [`settled`] is.
async fn put_in(
    tx: &mut Transaction,
    account: &str,
    Lacks { device, safe }: Lacks,
    after: u64,
    end: u64,
) -> Answer<Vec<AtDesk>> {
    let rows: Vec<(Vec<u8>, Vec<u8>)> = query_as(
        "SELECT q.device, o.verdict FROM quarantine q
         JOIN operation o ON o.device = q.device AND o.seq = q.seq AND o.hash = q.hash
         LEFT JOIN record r ON r.id = q.record
         WHERE q.sender = $1 AND (q.device <> $2 OR q.seq <= $3) AND q.outcome IS NOT NULL
            AND CASE WHEN r.rv > q.settled_rv THEN r.rv ELSE q.settled_rv END BETWEEN $4 + 1 AND $5 ORDER BY q.id",
    )
    .bind(account)
    .bind(device.0.as_slice())
    .bind(safe)
    .bind(signed(after))
    .bind(signed(end))
    .fetch_all(&mut *tx)
    .await?;
    let told = |(sent_by, verdict): &(Vec<u8>, Vec<u8>)| {
        let device = stored_device(sent_by)?;
        Ok(AtDesk { device, bytes: None, verdict: stored_verdict(verdict)? })
    };
    rows.iter().map(told).collect()
}

/// How many entries make a page: at most `size`, at least one, and no more bytes than [`RECORD_BYTES`] tells if
/// that leaves one.
fn fitting(entries: &[Entry], size: usize) -> usize {
    let mut sum = 0;
    let fit = entries.iter().take_while(|entry| {
        sum += entry.size();
        sum <= size * RECORD_BYTES
    });
    fit.count().clamp(1, size)
}

/// The records of a page, each with all that an account sees of it.
fn states_of(entries: Vec<Entry>, mask: &Mask) -> Answer<Vec<RecordState>> {
    let state = |entry: Entry| match entry.said {
        Said::Stood(row) => Some(state(row)),
        Said::Left(trace) => Some(Ok(trace)),
        Said::Waits(..) => None,
    };
    let mut states = entries.into_iter().filter_map(state).collect::<Answer<Vec<_>>>()?;
    cut(&mut states, mask);
    Ok(states)
}

/// As [`states_of`], with their answers in columns, in which they are put right as they are read.
fn columns_of(entries: Vec<Entry>, mask: &Mask) -> Answer<(Vec<RecordState>, Columns)> {
    let mut filling = Filling::default();
    let mut records = Vec::with_capacity(entries.len());
    for entry in entries {
        let (rv, received_ms, changed_ms, body) = match entry.said {
            Said::Stood(row) => row,
            Said::Left(trace) => {
                filling.put(Vec::new());
                records.push(trace);
                continue;
            }
            Said::Waits(..) => continue,
        };
        let stamp = Stamp { received_ms, changed_ms, rv: unsigned(rv) };
        let (mut state, fields) = read::<Stored<'_>>(&body)?.into_parts(stamp, mask);
        state.fields = filling.put(fields);
        records.push(state);
    }
    Ok((records, filling.columns()))
}

pub(super) fn state((rv, received_ms, changed_ms, body): RecordRow) -> Answer<RecordState> {
    Ok(stored_record(&body)?.into_state(Stamp { received_ms, changed_ms, rv: unsigned(rv) }))
}

pub(super) fn stored_record(body: &[u8]) -> Answer<Record> {
    read(body)
}

fn read<'b, T: minicbor::Decode<'b, ()>>(body: &'b [u8]) -> Answer<T> {
    codec::decode(body)
        .map_err(|error| DatabaseError::Damaged { what: "record", why: error.to_string() })
}

fn stored_device(id: &[u8]) -> Answer<DeviceId> {
    bytes("device id", id).map(DeviceId)
}

pub(super) fn stored_id(id: &[u8]) -> Answer<RecordId> {
    bytes("record id", id).map(RecordId)
}
