//! Summaries that are kept between starts. Each record is sealed for itself; to open thousands of them before a list can be
//! shown takes seconds on a slow phone. So their short forms lie in rows of many, as they were when it was last worth writing
//! them all; what a pull changes after that is noted beside them, and read from the record itself.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
    sync::Arc,
};

use sync::{
    codec,
    view::Level,
    wire::{FormRef, RecordId},
};

use super::{outbox, records::RecordSummary};
use crate::platform::{
    random,
    storage::{
        Change, Read, Rows, Storage, StorageError, Store,
        schema::{Kept, Key, SummaryRow},
    },
    tasks::Turn,
};

/// Raised when what [`super::records`] makes of a record changes: what an older app kept is then made anew.
const VERSION: u32 = 6;

/// The key of the first row.
pub const HEAD: u64 = 0;

/// So many records are read one by one rather than all of them written anew.
pub const STALE_MAX: usize = 256;

/// Summaries in one row.
const IN_A_ROW: usize = 256;

/// So many rows are read in one answer of the browser, and written in one transaction.
const AT_ONCE: u64 = 8;

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
    let mut head = storage.row(Store::Summaries, HEAD).await?;
    loop {
        let Kept { first, pages, .. } = kept(head.as_deref())?;
        let part = |from: u64| {
            let rows = AT_ONCE.min(pages - from) as u32;
            Read::From(Store::Summaries, (first + from).into(), rows)
        };
        let reads = [Read::Row(Store::Summaries, HEAD.into())].into_iter();
        let parts = (0..pages).step_by(AT_ONCE as usize).map(part);
        let rows = storage.read(reads.chain(parts).chain([notes()]).collect()).await?;
        let rows: Rows = rows.into_iter().flatten().collect();
        // Another tab may have kept them anew since their number was read.
        let now = rows.first().filter(|(key, _)| *key == HEAD.into()).map(|(_, head)| head.clone());
        if now == head {
            return Ok(rows);
        }
        head = now;
    }
}

/// What the head says; of none, and of one of another version, that nothing is kept.
fn kept(head: Option<&[u8]>) -> Result<Kept, StorageError> {
    let kept: Option<Kept> = head.map(|head| outbox::decode(head, "summaries")).transpose()?;
    let nothing = Kept { version: VERSION, pages: 0, first: 0 };
    Ok(kept.filter(|kept| kept.version == VERSION).unwrap_or(nothing))
}

/// Which records changed since they were kept.
fn notes() -> Read {
    Read::From(Store::Summaries, Key::Bytes(Vec::new()), u32::MAX)
}

/// Reads the rows of [`Store::Summaries`]; `None` if they are not of this version. A hundred thousand take a second of a slow
/// phone, in which the page goes on.
pub async fn read(rows: Rows) -> Result<Option<Found>, StorageError> {
    let mut rows = rows.into_iter().peekable();
    let Some((_, head)) = rows.next_if(|(key, _)| *key == Key::Number(HEAD)) else {
        return Ok(None);
    };
    if outbox::decode::<Kept>(&head, "summaries")?.version != VERSION {
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

/// All summaries, to be kept.
pub struct Snapshot {
    /// Of the records on which this phone has no work: of the others they are not the records' own.
    own: Vec<Arc<RecordSummary>>,
    /// The others, which the next start reads from themselves.
    local: BTreeSet<RecordId>,
    /// What was kept then.
    head: Option<Vec<u8>>,
}

impl Snapshot {
    /// `own` are the summaries of all records that are not `local`; `head` is the row under [`HEAD`].
    pub fn of(
        own: Vec<Arc<RecordSummary>>,
        local: BTreeSet<RecordId>,
        head: Option<Vec<u8>>,
    ) -> Self {
        Self { own, local, head }
    }

    /// These changed while it was made: they are noted as changed, too.
    pub fn leave_out(&mut self, changed: BTreeSet<RecordId>) {
        if !changed.is_empty() {
            self.own.retain(|summary| !changed.contains(&summary.id));
            self.local.extend(changed);
        }
    }

    /// Keeps them, and tells what is known of them. The page goes on meanwhile: they are written a few rows at a time beside those
    /// that are kept, and take their place at the end. Those with work of this phone on top are noted as changed; of the notes
    /// those that are not `known` stay. `None` if another tab has kept its own meanwhile.
    pub async fn keep(
        self,
        storage: &Storage,
        known: &Known,
    ) -> Result<Option<Known>, StorageError> {
        let Self { own, local, head } = self;
        // No other tab chooses the same, and all are numbers of JavaScript.
        let first = (random::seed() >> 12) | 1;
        let pages = own.len().div_ceil(IN_A_ROW) as u64;
        let written = write(storage, first, own).await;
        let is_whole = written.is_ok();
        let mut left = Known::default();
        let mut put = vec![(HEAD.into(), codec::encode(&Kept { version: VERSION, pages, first }))];
        if !local.is_empty() {
            let note = Key::Bytes(b"local".to_vec());
            let ids: Vec<RecordId> = local.into_iter().collect();
            left.pulled(ids.len(), Some(note.clone()));
            put.push((note, codec::encode(&ids)));
        }
        let known = known.notes.clone();
        let decide = move |rows: Vec<Rows>| {
            let mut rows = rows.into_iter().map(Vec::into_iter);
            let now = rows.next().and_then(|mut head| head.next()).map(|(_, head)| head);
            let takes_place = is_whole && now == head;
            let stay = if takes_place { first..first + pages } else { in_use(now.as_deref())? };
            let gone =
                rows.next().into_iter().flatten().map(|(key, _)| key).filter(|key| match key {
                    Key::Number(HEAD) => false,
                    // Also of a tab that ended, or is still at it: that one will find the head changed.
                    Key::Number(page) => !stay.contains(page),
                    note => takes_place && known.contains(note),
                });
            let gone = gone.map(|key| Change::Delete(Store::Summaries, key));
            let put = put.iter().filter(|_| takes_place).cloned();
            let put = put.map(|(key, value)| Change::Put(Store::Summaries, key, value));
            Ok((gone.chain(put).collect(), takes_place))
        };
        let reads = vec![Read::Row(Store::Summaries, HEAD.into()), Read::Keys(Store::Summaries)];
        let takes_place = storage.update(reads, &[Store::Summaries], decide).await;
        written?;
        Ok(takes_place?.then_some(left))
    }
}

fn in_use(head: Option<&[u8]>) -> Result<Range<u64>, StorageError> {
    let Kept { first, pages, .. } = kept(head)?;
    Ok(first..first + pages)
}

/// Writes them in rows from that key on.
async fn write(
    storage: &Storage,
    first: u64,
    summaries: Vec<Arc<RecordSummary>>,
) -> Result<(), StorageError> {
    let mut turn = Turn::begin();
    let mut changes = Vec::new();
    let mut left = summaries.into_iter();
    for page in first.. {
        let part = left.by_ref().take(IN_A_ROW);
        let rows: Vec<SummaryRow> = part.map(|summary| SummaryRow::from(&*summary)).collect();
        if rows.is_empty() {
            break;
        }
        changes.push(Change::Put(Store::Summaries, page.into(), codec::encode(&rows)));
        turn.rest().await;
        if changes.len() == AT_ONCE as usize {
            storage.write(std::mem::take(&mut changes)).await?;
        }
    }
    storage.write(changes).await
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
        begun_ms: row.begun_ms.unwrap_or(row.changed_ms),
        changed_ms: row.changed_ms,
        deleted: row.deleted,
        unsent: false,
        quarantined: false,
        asks: match row.looks {
            _ if row.conflicts > 0 => Some(Level::Decide),
            Some(true) => Some(Level::Look),
            Some(false) | None => None,
        },
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
            begun_ms: Some(record.begun_ms),
            deleted: record.deleted,
            conflicts: u32::from(record.asks == Some(Level::Decide)),
            looks: (record.asks == Some(Level::Look)).then_some(true),
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
            begun_ms: i64::from(at / 2),
            changed_ms: i64::from(at),
            deleted: at == 3,
            unsent: false,
            quarantined: false,
            asks: [None, Some(Level::Decide), Some(Level::Look)][usize::from(at % 3)],
            folded: format!("phieu {at}"),
        }
    }

    fn summaries(count: u16) -> BTreeMap<RecordId, Arc<RecordSummary>> {
        (0..count).map(|at| (id(at), Arc::new(summary(at)))).collect()
    }

    struct Disk(Storage);

    impl Default for Disk {
        fn default() -> Self {
            Self(Storage::in_memory())
        }
    }

    impl Disk {
        fn put(&self, key: Key, row: Vec<u8>) {
            block_on(self.0.write(vec![Change::Put(Store::Summaries, key, row)])).expect("written");
        }

        fn note(&self, name: u8, ids: &[RecordId]) -> Key {
            let key = Key::Bytes(vec![name; 8]);
            self.put(key.clone(), codec::encode(&ids.to_vec()));
            key
        }

        fn snapshot(
            &self,
            all: &BTreeMap<RecordId, Arc<RecordSummary>>,
            local: &[RecordId],
        ) -> Snapshot {
            let head = block_on(self.0.row(Store::Summaries, HEAD)).expect("read");
            let mut snapshot = Snapshot::of(all.values().cloned().collect(), BTreeSet::new(), head);
            snapshot.leave_out(local.iter().copied().collect());
            snapshot
        }

        fn keep(
            &self,
            all: &BTreeMap<RecordId, Arc<RecordSummary>>,
            known: &Known,
            local: &[RecordId],
        ) -> Known {
            let kept = block_on(self.snapshot(all, local).keep(&self.0, known));
            kept.expect("written").expect("nobody else keeps them")
        }

        fn read(&self) -> Option<Found> {
            block_on(read(block_on(rows(&self.0)).expect("read"))).expect("readable")
        }

        fn found(&self) -> Found {
            self.read().expect("kept")
        }

        fn keys(&self) -> usize {
            block_on(self.0.all(Store::Summaries)).expect("read").len()
        }
    }

    #[test]
    fn what_is_kept_comes_back_whatever_its_number() {
        let disk = Disk::default();
        for count in [0, 1, 256, 257, 2_048, 2_100, 3] {
            disk.keep(&summaries(count), &Known::nothing(), &[]);
            let found = disk.found();
            assert_eq!(found.summaries, summaries(count), "{count}");
            assert!(found.changed.is_empty());
            let rows = 1 + usize::from(count).div_ceil(IN_A_ROW);
            assert_eq!(disk.keys(), rows, "nothing is left of more");
        }
    }

    #[test]
    fn nothing_kept_and_kept_by_another_version_are_told() {
        let disk = Disk::default();
        assert!(disk.read().is_none());
        disk.keep(&summaries(3), &Known::nothing(), &[]);
        let kept = Kept { version: VERSION + 1, pages: 1, first: 1 };
        disk.put(HEAD.into(), codec::encode(&kept));
        assert!(disk.read().is_none());
        let noted = Disk::default();
        noted.note(1, &[id(1)]);
        assert!(noted.read().is_none());
    }

    #[test]
    fn what_an_older_version_kept_goes() {
        let disk = Disk::default();
        disk.put(1_u64.into(), codec::encode(&Vec::<SummaryRow>::new()));
        disk.put(HEAD.into(), codec::encode(&Kept { version: VERSION - 1, pages: 1, first: 0 }));
        disk.keep(&summaries(3), &Known::nothing(), &[]);
        assert_eq!((disk.found().summaries, disk.keys()), (summaries(3), 2));
    }

    #[test]
    fn a_record_with_work_of_this_phone_on_top_is_read_from_itself() {
        let disk = Disk::default();
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
        let disk = Disk::default();
        let mut known = disk.keep(&summaries(4), &Known::nothing(), &[]);
        let first = disk.note(1, &[id(0), id(2)]);
        known.pulled(2, Some(first));
        disk.note(2, &[id(3)]);
        disk.keep(&summaries(4), &known, &[]);
        assert_eq!(disk.found().changed, [id(3)].into());
    }

    #[test]
    fn of_two_tabs_that_keep_them_at_once_the_first_to_end_has_it() {
        let disk = Disk::default();
        let known = disk.keep(&summaries(4), &Known::nothing(), &[]);
        let late = disk.snapshot(&summaries(4), &[]);
        // The other tab knows of a change that this one does not know of.
        let mut newer = known.clone();
        newer.pulled(1, Some(disk.note(1, &[id(2)])));
        let mut all = summaries(700);
        all.insert(id(2), Arc::new(RecordSummary { title: "Đổi".to_owned(), ..summary(2) }));
        disk.keep(&all, &newer, &[]);
        let kept = block_on(late.keep(&disk.0, &known)).expect("written");
        assert_eq!(kept, None);
        let found = disk.found();
        assert!(found.summaries == all && found.changed.is_empty());
        assert_eq!(disk.keys(), 4, "nothing is left of the late one");
    }

    #[test]
    fn of_a_tab_that_ended_while_it_kept_them_nothing_is_found_and_nothing_stays() {
        let disk = Disk::default();
        let known = disk.keep(&summaries(700), &Known::nothing(), &[]);
        let others: Vec<_> = summaries(300).into_values().collect();
        block_on(write(&disk.0, 2, others)).expect("written");
        assert_eq!(disk.found().summaries, summaries(700));
        disk.keep(&summaries(5), &known, &[]);
        assert_eq!((disk.found().summaries, disk.keys()), (summaries(5), 2));
    }

    #[test]
    fn on_a_full_disk_those_that_are_kept_stay() {
        let disk = Disk::default();
        let known = disk.keep(&summaries(4), &Known::nothing(), &[]);
        disk.0.fill_up(true);
        let kept = block_on(disk.snapshot(&summaries(700), &[]).keep(&disk.0, &known));
        assert!(matches!(kept, Err(StorageError::Full)), "{kept:?}");
        disk.0.fill_up(false);
        assert_eq!((disk.found().summaries, disk.keys()), (summaries(4), 2));
    }
}
