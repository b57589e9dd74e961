//! Copies of a person's unsent work, sealed to the organisation, that lie outside their PIN; and emptying the phone.
//!
//! What is written of them here is the phone's own, and needs nobody to be let in.

use std::{cell::RefCell, rc::Rc};

use sync::{
    wipe::{Copied, Step, Trace, Tried, step},
    wire::Hash,
};

use super::{
    Change, Read, StorageError,
    database::Database,
    phone::{Person, Phone, left_at},
    schema::{self, CHUNK_SIZE_BYTES, CopyRow, Key, PersonRow, Stage, Store, meta},
};

impl CopyRow {
    fn copied(&self) -> Option<(Copied, Hash)> {
        let copied = match self {
            Self { bundle: None, .. } => Copied::NothingUnsent,
            Self { received_ms: Some(_), .. } => Copied::Received,
            Self { refused: Some(_), .. } => Copied::Refused,
            _ => Copied::Here,
        };
        Some((copied, self.rows?))
    }

    /// The changes that free its bytes.
    fn free(&self) -> Vec<Change> {
        let Some(Hash(bundle)) = self.bundle else { return Vec::new() };
        let count = u32::try_from(self.size.div_ceil(CHUNK_SIZE_BYTES as u64)).unwrap_or(u32::MAX);
        let piece =
            |place| Change::Delete(Store::CarriedPieces, Key::Piece(bundle.to_vec(), place));
        (0..count).map(piece).collect()
    }
}

impl PersonRow {
    /// The copy that is whole.
    #[must_use]
    pub fn copy(&self) -> Option<&CopyRow> {
        self.copies.iter().flatten().find(|copy| copy.rows.is_some())
    }

    /// Whether the phone is lost, as far as its person has not opened it since that was said.
    #[must_use]
    pub fn is_lost(&self) -> bool {
        self.lost == Some(true)
    }

    /// Whether its person began anew beside it, as far as they have not opened it since.
    #[must_use]
    pub fn is_aside(&self) -> bool {
        self.aside == Some(true)
    }

    /// Whether nobody is let in at once: a PIN is asked for, or on a lost phone the server.
    #[must_use]
    pub fn is_shut(&self) -> bool {
        self.pin.is_some() || self.is_lost()
    }

    /// Wrong PINs that count: nobody has a right one who holds a lost phone, or began anew because they forgot it.
    fn wrong(&self) -> u32 {
        if self.is_lost() || self.is_aside() { u32::MAX } else { self.wrong_pins }
    }

    /// How many more wrong PINs empty the phone; none: none do.
    #[must_use]
    pub fn tries_left(&self) -> Option<u32> {
        sync::wipe::tries_left(self.wrong(), self.wipe_after)
    }

    /// What is to be done after so many wrong PINs, if the rows lie so now.
    #[must_use]
    pub fn step(&self, rows: Hash) -> Step {
        step(&Tried {
            wrong_pins: self.wrong(),
            wipe_after: self.wipe_after,
            copy: self.copy().and_then(CopyRow::copied),
            rows,
        })
    }
}

impl Phone {
    /// A hash over a person's work as it lies sealed on the disk: another one as soon as anything of it is written.
    pub async fn trace(&self, id: &str) -> Result<Hash, StorageError> {
        let database = Database::open(&self.name_of(id), &schema::PERSON).await?;
        let trace = trace_of(&database).await;
        database.close();
        trace
    }

    /// Notes that a copy's bytes come: what a phone that dies meanwhile leaves of them goes when the next one begins. Nobody else may
    /// be at one.
    pub async fn begin_copy(&self, id: &str, bundle: Hash, size: u64) -> Result<(), StorageError> {
        self.change_with(id, move |row| {
            let copies = row.copies.take().into_iter().flatten();
            let (mut kept, cut_short): (Vec<_>, Vec<_>) =
                copies.partition(|copy| copy.rows.is_some());
            // One of the same bytes as the whole one is in the same pieces.
            let is_whole = |copy: &&CopyRow| kept.iter().any(|whole| whole.bundle == copy.bundle);
            let cut_short = cut_short.iter().filter(|copy| !is_whole(copy));
            let freed = cut_short.flat_map(CopyRow::free).collect();
            kept.push(CopyRow { bundle: Some(bundle), size, ..CopyRow::default() });
            row.copies = Some(kept);
            freed
        })
        .await
    }

    /// The copy is whole, and of these rows; those before it go. Without a bundle: everything was at the server.
    pub async fn finish_copy(
        &self,
        id: &str,
        bundle: Option<Hash>,
        rows: Hash,
    ) -> Result<(), StorageError> {
        self.change_with(id, move |row| {
            let (whole, others): (Vec<_>, Vec<_>) = std::mem::take(&mut row.copies)
                .into_iter()
                .flatten()
                .partition(|copy| bundle.is_some() && copy.bundle == bundle);
            let copy = whole.into_iter().next().unwrap_or_default();
            row.copies = Some(vec![CopyRow { rows: Some(rows), ..copy }]);
            others.iter().flat_map(CopyRow::free).collect()
        })
        .await
    }

    /// Removes all copies: the phone is not to be emptied any more.
    pub async fn drop_copies(&self, id: &str) -> Result<(), StorageError> {
        self.change_with(id, take_copies).await
    }

    /// Notes what the server said of a copy.
    pub async fn note_copy(
        &self,
        id: &str,
        bundle: Hash,
        told: Result<i64, String>,
    ) -> Result<(), StorageError> {
        self.change_with(id, move |row| {
            let copies = row.copies.iter_mut().flatten();
            for copy in copies.filter(|copy| copy.bundle == Some(bundle)) {
                match &told {
                    Ok(received_ms) => copy.received_ms = Some(*received_ms),
                    Err(refused) => copy.refused = Some(refused.clone()),
                }
            }
            Vec::new()
        })
        .await
    }

    /// Removes a person and their store, if nothing was said or tried since that would keep it, as [`Self::remove`].
    pub async fn wipe(&self, person: &Person, rows: Hash) -> Result<bool, StorageError> {
        let copies = person.row.copies.clone();
        let may_go = move |row: &PersonRow| row.copies == copies && row.step(rows) == Step::Wipe;
        self.let_go(&person.id, rows, Box::new(may_go)).await
    }

    /// Removes a person and their store from this phone, for good, if nothing was written to it since that trace: with one
    /// write their key is gone, or all stays. `false` if it stays.
    pub async fn remove(&self, id: &str, rows: Hash) -> Result<bool, StorageError> {
        let is_gone = self.let_go(id, rows, Box::new(|_| true)).await?;
        if is_gone {
            self.set_current(None).await?;
        }
        Ok(is_gone)
    }

    /// A tab that is still in writes without asking: what it has written before their key was gone brings them back.
    async fn let_go(
        &self,
        id: &str,
        rows: Hash,
        may_go: Box<dyn Fn(&PersonRow) -> bool>,
    ) -> Result<bool, StorageError> {
        // Open before the key goes: what another tab removes then is not made anew.
        let store = Database::open(&self.name_of(id), &schema::PERSON).await?;
        let was = Rc::new(RefCell::new(None));
        let (left, of) = (Rc::clone(&was), id.to_owned());
        self.change_with(id, move |row| {
            if row.stage != Stage::Ready || !may_go(row) {
                return Vec::new();
            }
            left.replace(Some(row.clone()));
            leave(&of, row)
        })
        .await?;
        let now = trace_of(&store).await;
        store.close();
        if let Some(was) = was.take()
            && now != Ok(rows)
            && now != Err(StorageError::Gone)
        {
            // The bytes of its copies are gone.
            let back = PersonRow { copies: None, ..was };
            let of = left_at(id);
            self.change_with(id, move |row| {
                if row.stage != Stage::Leaving {
                    return Vec::new();
                }
                *row = back.clone();
                vec![Change::Delete(Store::Phone, of.clone())]
            })
            .await?;
        }
        // This removes the stores of all who left.
        let stays = self.people().await?.iter().any(|person| person.id == id);
        Ok(!stays)
    }
}

async fn trace_of(store: &Database) -> Result<Hash, StorageError> {
    let reads = vec![
        Read::All(Store::Open),
        Read::All(Store::Outbox),
        Read::All(Store::BlobMeta),
        Read::Row(Store::Meta, meta::RESCUED.into()),
    ];
    let found = store.transact(reads.clone(), Vec::new(), None).await?;
    let mut trace = Trace::default();
    for (read, rows) in reads.iter().zip(found) {
        for (key, value) in rows {
            trace.row(read.store().name(), &key.to_bytes(), &value);
        }
    }
    Ok(trace.finish())
}

/// Their key goes, and it is kept that their session is to end: there may be no network.
fn leave(id: &str, row: &mut PersonRow) -> Vec<Change> {
    row.wrap.clear();
    row.stage = Stage::Leaving;
    let mut changes = take_copies(row);
    changes.push(Change::Put(Store::Phone, left_at(id), row.label.clone()));
    changes
}

fn take_copies(row: &mut PersonRow) -> Vec<Change> {
    row.copies.take().into_iter().flatten().flat_map(|copy| copy.free()).collect()
}
