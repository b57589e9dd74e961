//! Rows of [`Store::Base`] that came together lie together: many to a value of [`Store::Packs`], sealed and written at once.
//!
//! A row stands in one place only, by itself or in a pack. Whoever writes one that is in a pack takes it out of there, for a
//! value that was replaced must not stay on the phone. Which pack holds a row is known from the packs' keys.

use std::collections::BTreeSet;

use minicbor::bytes::ByteVec;
use sync::codec;

use super::{
    Change, Rows, StorageError,
    schema::{Key, PackRow, Store},
};

/// The key of the value that is another one after each change of the rows.
pub(super) const EDITION: Key = Key::Number(0);
/// Fewer rows than these lie by themselves.
const FEWEST: usize = 16;
/// No pack has more rows, nor more bytes if it has more than one: it is read whole for each of them.
const ROWS_MAX: usize = 256;
const BYTES_MAX: usize = 384 * 1024;
const ID_BYTES: usize = 16;

/// Where the rows are, as of an edition.
#[derive(Default)]
pub(super) struct Directory {
    /// As it lies sealed on the disk; none before the first look.
    pub(super) edition: Option<Rows>,
    packs: Vec<Key>,
    /// The rows that lie by themselves.
    single: BTreeSet<Key>,
}

/// Rows that lie together.
pub struct Lot(Key);

impl Lot {
    /// By the key of a pack, or of a row that lies by itself: as a pack of one has it.
    pub(super) fn of(key: Key) -> Self {
        Self(key)
    }

    /// Their keys.
    pub fn rows(&self) -> impl Iterator<Item = Key> {
        ids(&self.0).iter().map(|id| Key::Bytes(id.to_vec()))
    }
}

impl Directory {
    /// From the keys of both stores.
    pub(super) fn read(edition: Rows, packs: Rows, single: Rows) -> Self {
        let mut directory = Self { edition: Some(edition), ..Self::default() };
        directory.packs.extend(packs.into_iter().map(|(key, _)| key));
        directory.single.extend(single.into_iter().map(|(key, _)| key));
        directory
    }

    /// The keys of the rows in packs.
    pub(super) fn keys(&self) -> impl Iterator<Item = Key> {
        self.packs.iter().flat_map(|pack| ids(pack).iter().map(|id| Key::Bytes(id.to_vec())))
    }

    /// The packs, and the rows that lie by themselves.
    pub(super) fn lots(&self) -> Vec<Lot> {
        self.packs.iter().chain(&self.single).cloned().map(Lot::of).collect()
    }

    /// Whether a row lies by itself.
    pub(super) fn is_single(&self, row: &Key) -> bool {
        self.single.contains(row)
    }

    /// The packs that hold any of these rows.
    pub(super) fn holding(&self, rows: &[&Key]) -> Vec<Key> {
        let bytes = |row: &&Key| match row {
            Key::Bytes(id) => id.as_slice().try_into().ok(),
            _ => None,
        };
        let mut rows: Vec<[u8; ID_BYTES]> = rows.iter().filter_map(bytes).collect();
        rows.sort_unstable();
        // Ids rise with time: most packs end before the rows that come begin.
        let holds = |pack: &&Key| {
            let pack = ids(pack);
            let (Some(first), Some(last)) = (pack.first(), pack.last()) else { return false };
            let begin = rows.partition_point(|row| row < first);
            let mut within = rows[begin..].iter().take_while(|row| *row <= last);
            within.any(|row| pack.binary_search(row).is_ok())
        };
        self.packs.iter().filter(holds).cloned().collect()
    }

    /// The same changes with rows in packs; `held` is what was in those that hold a row which changes.
    pub(super) fn packed(&self, changes: Vec<Change>, held: Vec<(Key, Rows)>) -> Vec<Change> {
        let are_many = rows_of(&changes).len() >= FEWEST;
        let mut rows = Rows::new();
        let mut packed = Vec::with_capacity(changes.len());
        let written: BTreeSet<Key> = sync::gather(rows_of(&changes).into_iter().cloned());
        for (pack, held) in held {
            packed.push(Change::Delete(Store::Packs, pack));
            rows.extend(held.into_iter().filter(|(key, _)| !written.contains(key)));
        }
        for change in changes {
            match change {
                Change::Put(Store::Base, key, value) if are_many && !ids(&key).is_empty() => {
                    if self.single.contains(&key) {
                        packed.push(Change::Delete(Store::Base, key.clone()));
                    }
                    rows.push((key, value));
                }
                Change::Clear(Store::Base) => {
                    packed.extend([Change::Clear(Store::Base), Change::Clear(Store::Packs)]);
                    rows.clear();
                }
                other => packed.push(other),
            }
        }
        pack(rows, &mut packed);
        packed.push(Change::Put(Store::Packs, EDITION, Vec::new()));
        packed
    }

    /// Follows changes that were made.
    pub(super) fn follow(&mut self, changes: &[Change]) {
        for change in changes {
            match change {
                Change::Put(Store::Packs, EDITION, value) => {
                    self.edition = Some(vec![(EDITION, value.clone())]);
                }
                Change::Put(Store::Packs, pack, _) => self.packs.push(pack.clone()),
                Change::Delete(Store::Packs, pack) => self.packs.retain(|other| other != pack),
                Change::Clear(Store::Packs) => self.packs.clear(),
                Change::Put(Store::Base, key, _) => drop(self.single.insert(key.clone())),
                Change::Delete(Store::Base, key) => drop(self.single.remove(key)),
                Change::Clear(Store::Base) => self.single.clear(),
                _ => {}
            }
        }
    }
}

/// The ids that a pack's key is made of.
fn ids(pack: &Key) -> &[[u8; ID_BYTES]] {
    match pack {
        Key::Bytes(ids) => ids.as_chunks().0,
        _ => &[],
    }
}

/// The rows of a pack.
pub(super) fn unpack(pack: &Key, value: &[u8], into: &mut Rows) -> Result<(), StorageError> {
    let damaged = || StorageError::Damaged(Store::Packs.name());
    let ids = ids(pack);
    if ids.is_empty() {
        return Ok(());
    }
    let PackRow { rows } = codec::decode(value).map_err(|_unreadable| damaged())?;
    if ids.len() != rows.len() {
        return Err(damaged());
    }
    into.extend(ids.iter().zip(rows).map(|(id, row)| (Key::Bytes(id.to_vec()), row.into())));
    Ok(())
}

/// In the order of their keys.
pub(super) fn sort(rows: &mut Rows) {
    rows.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
}

/// Adds the changes that put rows into packs.
fn pack(mut rows: Rows, into: &mut Vec<Change>) {
    sort(&mut rows);
    let (mut pack, mut packed, mut bytes) = (Vec::new(), Vec::new(), 0);
    let mut close = |pack: &mut Vec<u8>, rows: &mut Vec<ByteVec>| {
        if !rows.is_empty() {
            let row = PackRow { rows: std::mem::take(rows) };
            let key = Key::Bytes(std::mem::take(pack));
            into.push(Change::Put(Store::Packs, key, codec::encode(&row)));
        }
    };
    for (key, row) in rows {
        if packed.len() == ROWS_MAX || bytes + row.len() > BYTES_MAX {
            close(&mut pack, &mut packed);
            bytes = 0;
        }
        if let Key::Bytes(id) = key {
            pack.extend(id);
        }
        bytes += row.len();
        packed.push(ByteVec::from(row));
    }
    close(&mut pack, &mut packed);
}

/// The keys of the rows that are written or removed.
pub(super) fn rows_of(changes: &[Change]) -> Vec<&Key> {
    let mut rows = Vec::new();
    for change in changes {
        if let Change::Put(Store::Base, key, _) | Change::Delete(Store::Base, key) = change {
            rows.push(key);
        }
    }
    rows
}
