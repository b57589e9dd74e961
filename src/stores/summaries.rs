//! Summaries that are kept between starts. Each record is sealed for itself; to open thousands of them before a list can be
//! shown takes seconds on a slow phone. So their short forms lie in rows of many, as they were when it was last worth writing
//! them all; what a pull changes after that is noted beside them, and read from the record itself.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use sync::{
    codec,
    wire::{FormRef, RecordId},
};

use super::{outbox, records::RecordSummary};
use crate::platform::{
    storage::{
        Change, Read, Rows, Storage, StorageError, Store,
        schema::{Kept, Key, SummaryRow},
    },
    tasks::Turn,
};

/// Raised when what [`super::records`] makes of a record changes: what an older app kept is then made anew.
const VERSION: u32 = 2;

/// The key of the first row.
pub const HEAD: u64 = 0;

/// So many records are read one by one rather than all of them written anew.
pub const STALE_MAX: usize = 256;

/// Summaries in one row.
const IN_A_ROW: usize = 256;

/// What the summaries in memory know of those that are kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// How many records changed since they were kept.
    pub stale: usize,
    /// The notes of what changed whose records are in memory as they are now.
    notes: BTreeSet<Key>,
}

impl Known {
    /// None are kept.
    pub fn nothing() -> Self {
        Self { stale: usize::MAX, notes: BTreeSet::new() }
    }

    /// A pull changed so many records, which are in memory now.
    pub fn pulled(&mut self, records: usize, note: Option<Key>) {
        self.stale = self.stale.saturating_add(records);
        self.notes.extend(note);
    }

    /// Pulls did that since these were read.
    pub fn add(&mut self, pulled: &Self) {
        self.stale = self.stale.saturating_add(pulled.stale);
        self.notes.extend(pulled.notes.iter().cloned());
    }
}

/// What was kept.
#[derive(Default)]
pub struct Found {
    /// The summaries, those among them too that do not hold any more.
    pub summaries: BTreeMap<RecordId, Arc<RecordSummary>>,
    /// The records that changed since.
    pub changed: BTreeSet<RecordId>,
    /// For the next time that they are kept.
    pub known: Known,
}

/// The rows of [`Store::Summaries`] as they stand at one moment, a few in each answer of the browser: to take a hundred thousand
/// summaries out of one answer, a slow phone's page stands still for half a second.
pub async fn rows(storage: &Storage) -> Result<Rows, StorageError> {
    const IN_AN_ANSWER: u64 = 8;
    let mut head = storage.row(Store::Summaries, HEAD).await?;
    loop {
        let pages = match &head {
            Some(head) => outbox::decode::<Kept>(head, "summaries")?.pages,
            None => 0,
        };
        let part = |from: u64| {
            let rows = IN_AN_ANSWER.min(pages + 1 - from) as u32;
            Read::From(Store::Summaries, from.into(), rows)
        };
        let notes = Read::From(Store::Summaries, Key::Bytes(Vec::new()), u32::MAX);
        let reads = [Read::Row(Store::Summaries, HEAD.into())].into_iter();
        let parts = (1..=pages).step_by(IN_AN_ANSWER as usize).map(part);
        let rows = storage.read(reads.chain(parts).chain([notes]).collect()).await?;
        let rows: Rows = rows.into_iter().flatten().collect();
        // Another tab may have kept them anew since their number was read.
        let now = rows.first().filter(|(key, _)| *key == HEAD.into()).map(|(_, head)| head.clone());
        if now == head {
            return Ok(rows);
        }
        head = now;
    }
}

/// Reads the rows of [`Store::Summaries`]; `None` if they are not of this version. A hundred thousand take a second of a slow
/// phone, in which the page goes on.
pub async fn read(rows: Rows) -> Result<Option<Found>, StorageError> {
    let mut rows = rows.into_iter().peekable();
    let Some((_, head)) = rows.next_if(|(key, _)| *key == Key::Number(HEAD)) else {
        return Ok(None);
    };
    let head: Kept = outbox::decode(&head, "summaries")?;
    if head.version != VERSION {
        return Ok(None);
    }
    let mut found = Found::default();
    let mut turn = Turn::begin();
    for (key, row) in rows {
        turn.rest().await;
        if let Key::Number(_) = key {
            let page: Vec<SummaryRow> = outbox::decode(&row, "summaries")?;
            for row in page {
                found.summaries.insert(row.id, Arc::new(summary_of(row)?));
            }
        } else {
            let ids: Vec<RecordId> = outbox::decode(&row, "summaries")?;
            found.changed.extend(ids);
            found.known.notes.insert(key);
        }
    }
    found.known.stale = found.changed.len();
    Ok(Some(found))
}

/// The changes that keep all summaries. Those of records with work of this phone on top are not the records' own: they are
/// noted as changed. Notes that are not known here stay.
pub fn keep(
    summaries: &BTreeMap<RecordId, Arc<RecordSummary>>,
    known: &Known,
    local: impl Iterator<Item = RecordId>,
    head: Rows,
    notes: Rows,
) -> Result<(Vec<Change>, Known), StorageError> {
    let local: BTreeSet<RecordId> = local.collect();
    let own = summaries.iter().filter(|(id, _)| !local.contains(*id));
    let rows: Vec<SummaryRow> = own.map(|(_, summary)| SummaryRow::from(&**summary)).collect();
    let put = |key: Key, bytes| Change::Put(Store::Summaries, key, bytes);
    let mut changes: Vec<Change> = (1..)
        .zip(rows.chunks(IN_A_ROW))
        .map(|(page, rows)| put(Key::Number(page), codec::encode(&rows.to_vec())))
        .collect();
    let pages = changes.len() as u64;
    let mut before = 0;
    for (_, head) in head {
        before = outbox::decode::<Kept>(&head, "summaries")?.pages;
    }
    changes.extend((pages + 1..=before).map(|page| Change::Delete(Store::Summaries, page.into())));
    changes.push(put(HEAD.into(), codec::encode(&Kept { version: VERSION, pages })));
    let mut left = Known::default();
    for (key, _) in notes {
        if known.notes.contains(&key) {
            changes.push(Change::Delete(Store::Summaries, key));
        }
    }
    if !local.is_empty() {
        let note = Key::Bytes(b"local".to_vec());
        let ids: Vec<RecordId> = local.into_iter().collect();
        left.pulled(ids.len(), Some(note.clone()));
        changes.push(put(note, codec::encode(&ids)));
    }
    Ok((changes, left))
}

fn summary_of(row: SummaryRow) -> Result<RecordSummary, StorageError> {
    let FormRef { id: form_id, version: form_version, hash: form_hash } = row.form;
    let state = row.state.parse().map_err(|error| StorageError::Unreadable(format!("{error}")))?;
    Ok(RecordSummary {
        id: row.id,
        form_id,
        form_version,
        form_hash,
        unit: row.unit,
        author: row.author,
        title: row.title,
        state,
        returned: row.returned.map(Arc::new),
        changed_ms: row.changed_ms,
        deleted: row.deleted,
        unsent: false,
        quarantined: false,
        conflicts: row.conflicts as usize,
        folded: row.folded,
    })
}

impl From<&RecordSummary> for SummaryRow {
    fn from(summary: &RecordSummary) -> Self {
        let record = summary.clone();
        Self {
            id: record.id,
            form: FormRef {
                id: record.form_id,
                version: record.form_version,
                hash: record.form_hash,
            },
            unit: record.unit,
            author: record.author,
            title: record.title,
            state: record.state.name().to_owned(),
            changed_ms: record.changed_ms,
            deleted: record.deleted,
            conflicts: u32::try_from(record.conflicts).unwrap_or(u32::MAX),
            folded: record.folded,
            returned: record.returned.map(Arc::unwrap_or_clone),
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;
    use sync::{
        review::Reason,
        wire::{Hash, State},
    };

    use super::*;

    fn id(at: u16) -> RecordId {
        RecordId(u128::from(at).to_be_bytes())
    }

    fn summary(at: u16) -> RecordSummary {
        RecordSummary {
            id: id(at),
            form_id: "f".to_owned(),
            form_version: "1".to_owned(),
            form_hash: Hash([1; 32]),
            unit: "u".to_owned(),
            author: "an".to_owned(),
            title: format!("Phiếu {at}"),
            state: if at % 5 == 4 { State::Returned } else { State::Submitted },
            returned: (at % 5 == 4).then(|| {
                Arc::new(Reason { by: "an".to_owned(), at_ms: 7, why: "Ảnh mờ".to_owned() })
            }),
            changed_ms: i64::from(at),
            deleted: at == 3,
            unsent: false,
            quarantined: false,
            conflicts: usize::from(at % 2),
            folded: format!("phieu {at}"),
        }
    }

    fn summaries(count: u16) -> BTreeMap<RecordId, Arc<RecordSummary>> {
        (0..count).map(|at| (id(at), Arc::new(summary(at)))).collect()
    }

    /// The store's rows in the order of their keys.
    #[derive(Default)]
    struct Disk(BTreeMap<Key, Vec<u8>>);

    impl Disk {
        fn write(&mut self, changes: Vec<Change>) {
            for change in changes {
                match change {
                    Change::Put(_, key, value) => drop(self.0.insert(key, value)),
                    Change::Delete(_, key) => drop(self.0.remove(&key)),
                    Change::Clear(_) => self.0.clear(),
                }
            }
        }

        fn rows(&self, wanted: impl Fn(&Key) -> bool) -> Rows {
            let rows = self.0.iter().filter(|(key, _)| wanted(key));
            rows.map(|(key, value)| (key.clone(), value.clone())).collect()
        }

        fn note(&mut self, name: u8, ids: &[RecordId]) -> Key {
            let key = Key::Bytes(vec![name; 8]);
            self.0.insert(key.clone(), codec::encode(&ids.to_vec()));
            key
        }

        fn keep(
            &mut self,
            all: &BTreeMap<RecordId, Arc<RecordSummary>>,
            known: &Known,
            local: &[RecordId],
        ) -> Known {
            let head = self.rows(|key| *key == Key::Number(HEAD));
            let notes = self.rows(|key| matches!(key, Key::Bytes(_)));
            let (changes, known) =
                keep(all, known, local.iter().copied(), head, notes).expect("readable");
            self.write(changes);
            known
        }

        fn found(&self) -> Found {
            block_on(read(self.rows(|_| true))).expect("readable").expect("kept")
        }
    }

    #[test]
    fn what_is_kept_comes_back_whatever_its_number() {
        let mut disk = Disk::default();
        for count in [0, 1, 256, 257, 700, 3] {
            disk.keep(&summaries(count), &Known::nothing(), &[]);
            let found = disk.found();
            assert_eq!(found.summaries, summaries(count), "{count}");
            assert!(found.changed.is_empty());
            let rows = 1 + usize::from(count).div_ceil(IN_A_ROW);
            assert_eq!(disk.0.len(), rows, "nothing is left of more");
        }
    }

    #[test]
    fn nothing_kept_and_kept_by_another_version_are_told() {
        assert!(block_on(read(Rows::new())).expect("readable").is_none());
        let mut disk = Disk::default();
        disk.keep(&summaries(3), &Known::nothing(), &[]);
        let other = codec::encode(&Kept { version: VERSION + 1, pages: 1 });
        disk.0.insert(Key::Number(HEAD), other);
        assert!(block_on(read(disk.rows(|_| true))).expect("readable").is_none());
        let mut noted = Disk::default();
        noted.note(1, &[id(1)]);
        assert!(block_on(read(noted.rows(|_| true))).expect("readable").is_none());
    }

    #[test]
    fn a_record_with_work_of_this_phone_on_top_is_read_from_itself() {
        let mut disk = Disk::default();
        disk.keep(&summaries(4), &Known::nothing(), &[id(1), id(9)]);
        let found = disk.found();
        assert!(!found.summaries.contains_key(&id(1)));
        assert_eq!(found.changed, [id(1), id(9)].into());
        // And once the work is gone, it is one among the others again.
        disk.keep(&summaries(4), &found.known, &[]);
        assert_eq!(disk.found().summaries, summaries(4));
        assert!(disk.found().changed.is_empty());
    }

    #[test]
    fn a_change_that_memory_does_not_know_of_yet_stays_noted() {
        let mut disk = Disk::default();
        let mut known = disk.keep(&summaries(4), &Known::nothing(), &[]);
        let first = disk.note(1, &[id(0), id(2)]);
        known.pulled(2, Some(first));
        disk.note(2, &[id(3)]);
        disk.keep(&summaries(4), &known, &[]);
        assert_eq!(disk.found().changed, [id(3)].into());
    }
}
