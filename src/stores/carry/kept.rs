//! Bundles of others that this phone keeps: in pieces as they are brought, with what became of them.

use leptos::prelude::*;
use minicbor::{Decode, Encode};
use serde::{Deserialize, Serialize};
use sync::{
    bundle::{
        BundleError, Counts, Frames, Header, Kind, PREFIX_BYTES, associated_data, header_length,
        read_header,
    },
    codec,
    wire::Hash,
};

use super::{Carry, CarryError, copy::write_pieces};
use crate::platform::{
    activity::AtWork,
    clock,
    files::{Body, File, FileError},
    hand_out::{self, Growing},
    locks,
    storage::{
        Change, Read, Rows, Storage, StorageError, Store,
        schema::{CHUNK_SIZE_BYTES, Key, PersonRow},
    },
};
use crate::stores::outbox;

/// Bytes of a piece.
pub(super) const PIECE: u64 = CHUNK_SIZE_BYTES as u64;

/// What the server said of a bundle that was taken.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Receipt {
    /// What the device that made it calls itself.
    pub device_name: String,
    /// Whose work it is.
    pub account: String,
    /// When it was received.
    pub received_ms: i64,
    /// Whether the server knows the key that signed it.
    pub proven: bool,
    /// Operations that the server did not have.
    pub new_operations: usize,
    /// Operations that wait at the repair desk.
    pub quarantined: usize,
    /// Files that the server did not have.
    pub new_files: usize,
    /// Files that were damaged before they were sealed.
    pub damaged_files: usize,
    /// Files of answers that did not come to the server yet: it took none of them.
    pub unwanted_files: usize,
    /// The receipt as the organisation signed it, for the phone that made the bundle: hexadecimal digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proof: Option<String>,
}

impl Receipt {
    /// The file that goes back to the phone that made the bundle.
    #[must_use]
    pub fn file(&self) -> Option<File> {
        let digits = self.proof.as_deref().filter(|digits| digits.is_ascii())?;
        let pair = |at| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok();
        let bytes: Option<Vec<u8>> = (0..digits.len()).step_by(2).map(pair).collect();
        let file = Growing::new();
        file.push(&bytes?).ok()?;
        let now = clock::local_now();
        let stamp = crate::locale::date::stamp(now.unix_ms, now.offset_min);
        file.finish(&format!("sotay-bien-nhan-{stamp}.sotay"), "application/octet-stream").ok()
    }
}

/// A row of [`Store::Carried`].
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub(super) struct Row {
    #[n(0)]
    pub size: u64,
    #[n(1)]
    pub kept_ms: i64,
    #[n(2)]
    pub made_ms: i64,
    #[n(3)]
    pub kind: Kind,
    #[n(4)]
    pub counts: Counts,
    /// What the server said when it took it: JSON of a [`Receipt`].
    #[n(5)]
    pub receipt: Option<String>,
    /// The server's code for refusing it.
    #[n(6)]
    pub refused: Option<String>,
}

/// A bundle of somebody else's work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Its name: SHA-256 of it.
    pub hash: Hash,
    /// Its length in bytes.
    pub size: u64,
    /// Since when it is here.
    pub kept_ms: i64,
    /// When it was made, by the clock of the phone that did.
    pub made_ms: i64,
    /// How much it says to hold.
    pub counts: Counts,
    /// What the server said when it took it.
    pub receipt: Option<Receipt>,
    /// The server's code for refusing it.
    pub refused: Option<String>,
}

impl Kept {
    /// Whether it is still to be brought. That a server lacks its key may change.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        self.receipt.is_none() && matches!(self.refused.as_deref(), None | Some("unknown_key"))
    }
}

/// All that are kept, the newest first.
pub(super) async fn all(storage: &Storage) -> Result<Vec<Kept>, StorageError> {
    let mut all = Vec::new();
    for (key, row) in storage.all(Store::Carried).await? {
        let Key::Bytes(hash) = key else { continue };
        let hash = hash
            .try_into()
            .map_err(|_other: Vec<u8>| StorageError::Unreadable("name of a bundle".to_owned()))?;
        let row: Row = outbox::decode(&row, "bundle")?;
        let receipt = row.receipt.as_deref().map(serde_json::from_str).transpose();
        let receipt = receipt.map_err(|error: serde_json::Error| {
            StorageError::Unreadable(format!("receipt: {error}"))
        })?;
        all.push(Kept {
            hash: Hash(hash),
            size: row.size,
            kept_ms: row.kept_ms,
            made_ms: row.made_ms,
            counts: row.counts,
            receipt,
            refused: row.refused,
        });
    }
    all.sort_by_key(|kept| std::cmp::Reverse(kept.kept_ms));
    Ok(all)
}

/// The header of a file, what its frames are bound to, and where they lie.
pub(super) async fn header_of(file: &File) -> Result<(Header, Hash, Frames), CarryError> {
    let prefix = hand_out::slice(file, 0, PREFIX_BYTES as u64).await?;
    let prefix = prefix.try_into().map_err(|_short: Vec<u8>| BundleError::NoBundle)?;
    let length = header_length(&prefix)?;
    let written = hand_out::slice(file, 0, (PREFIX_BYTES + length) as u64).await?;
    let header = read_header(written.get(PREFIX_BYTES..).unwrap_or_default())?;
    let frames = Frames::of(length, hand_out::size(file))?;
    Ok((header, associated_data(&written), frames))
}

impl Carry {
    /// Keeps somebody else's bundle until it is brought; it is on the disk when this returns. Keeping it again changes nothing.
    pub async fn keep(self, file: &File) -> Result<(), CarryError> {
        let _at_work = AtWork::begin();
        let (header, ..) = header_of(file).await?;
        let size = hand_out::size(file);
        let hash = hash_of(file).await?;
        let storage = self.shelf.get_value();
        if storage.row(Store::Carried, hash).await?.is_none() {
            let _lock = locks::take(KEEPING).await;
            let written = write_pieces(&storage, hash, file).await;
            if written.is_err() {
                // What is not whole is in no list, and nobody could ever make room of it.
                storage.write(without_pieces(hash, size)).await?;
            }
            written?;
            let row = Row {
                size,
                kept_ms: clock::now_ms(),
                made_ms: header.made_ms,
                kind: header.kind,
                counts: header.counts,
                receipt: None,
                refused: None,
            };
            // Its name comes last: what has one is whole.
            let put = Change::Put(Store::Carried, hash.into(), codec::encode(&row));
            storage.write(vec![put]).await?;
        }
        self.reload().await?;
        self.meet();
        Ok(())
    }

    /// Takes a bundle off the list. One that is not brought yet is gone from this phone then, and not from its author's.
    pub async fn forget(self, hash: Hash) -> Result<(), CarryError> {
        let size = self.kept.with_untracked(|kept| {
            kept.iter().find(|kept| kept.hash == hash).map_or(0, |kept| kept.size)
        });
        let mut changes = without_pieces(hash, size);
        changes.push(Change::Delete(Store::Carried, hash.into()));
        self.shelf.get_value().write(changes).await?;
        Ok(self.reload().await?)
    }

    /// Notes what the server said, and frees the pieces of what it took or will never take.
    pub(super) async fn note(
        self,
        hash: Hash,
        receipt: Option<String>,
        refused: Option<String>,
    ) -> Result<(), StorageError> {
        noted(&self.shelf.get_value(), hash, receipt, refused).await?;
        self.reload().await
    }
}

/// As [`Carry::note`]: of a bundle that somebody took off the list meanwhile nothing comes back.
async fn noted(
    shelf: &Storage,
    hash: Hash,
    receipt: Option<String>,
    refused: Option<String>,
) -> Result<(), StorageError> {
    let decide = move |rows: Vec<Rows>| {
        let mut changes = Vec::new();
        for (key, row) in rows.into_iter().flatten() {
            let (receipt, refused) = (receipt.clone(), refused.clone());
            let row = Row { receipt, refused, ..outbox::decode(&row, "bundle")? };
            if row.receipt.is_some() || row.refused.as_deref() != Some("unknown_key") {
                changes.extend(without_pieces(hash, row.size));
            }
            changes.push(Change::Put(Store::Carried, key, codec::encode(&row)));
        }
        Ok((changes, ()))
    };
    let reads = vec![Read::Row(Store::Carried, hash.into())];
    shelf.update(reads, &[Store::Carried, Store::CarriedPieces], decide).await
}

/// Held while the pieces come of a bundle that has no row yet.
const KEEPING: &str = "sotay.keep";

/// Removes pieces that nothing knows of: a page that ended amid [`Carry::keep`] leaves them.
pub(super) async fn sweep(shelf: &Storage) -> Result<(), StorageError> {
    let _lock = locks::take(KEEPING).await;
    swept(shelf).await
}

async fn swept(shelf: &Storage) -> Result<(), StorageError> {
    let decide = |rows: Vec<Rows>| {
        let [pieces, carried, people] = &rows[..] else { return Ok((Vec::new(), ())) };
        let mut known: Vec<&[u8]> = Vec::new();
        for (key, _) in carried {
            if let Key::Bytes(hash) = key {
                known.push(hash);
            }
        }
        let mut copies = Vec::new();
        for (_, row) in people {
            let row: PersonRow = outbox::decode(row, "person")?;
            copies.extend(row.copies.into_iter().flatten().filter_map(|copy| copy.bundle));
        }
        known.extend(copies.iter().map(|hash| hash.0.as_slice()));
        let is_of_nothing =
            |key: &Key| matches!(key, Key::Piece(hash, _) if !known.contains(&hash.as_slice()));
        let of_nothing = pieces.iter().filter(|(key, _)| is_of_nothing(key));
        let remove = of_nothing.map(|(key, _)| Change::Delete(Store::CarriedPieces, key.clone()));
        Ok((remove.collect(), ()))
    };
    let reads = vec![
        Read::Keys(Store::CarriedPieces),
        Read::Keys(Store::Carried),
        Read::All(Store::People),
    ];
    shelf.update(reads, &[Store::CarriedPieces], decide).await
}

fn without_pieces(hash: Hash, size: u64) -> Vec<Change> {
    let count = u32::try_from(size.div_ceil(PIECE)).unwrap_or(u32::MAX);
    let piece = |place| Change::Delete(Store::CarriedPieces, Key::Piece(hash.0.to_vec(), place));
    (0..count).map(piece).collect()
}

pub(super) async fn hash_of(file: &File) -> Result<Hash, FileError> {
    Body::Browser(file.clone().into()).hash().await
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;

    use super::*;
    use crate::platform::storage::schema::CopyRow;

    /// Phones in the field hold them.
    #[test]
    fn a_row_keeps_its_bytes() {
        let row = Row {
            size: 300,
            kept_ms: 2,
            made_ms: 1,
            kind: Kind::Carry,
            counts: Counts { records: 1, operations: 2, files: 3 },
            receipt: Some("{}".to_owned()),
            refused: None,
        };
        let bytes = [
            0xa6, 0x00, 0x19, 0x01, 0x2c, 0x01, 0x02, 0x02, 0x01, 0x03, 0x00, 0x04, 0xa3, 0x00,
            0x01, 0x01, 0x02, 0x02, 0x03, 0x05, 0x62, b'{', b'}',
        ];
        assert_eq!(codec::encode(&row), bytes);
    }

    /// A bundle that waits.
    fn row() -> Row {
        Row {
            size: 1,
            kept_ms: 2,
            made_ms: 1,
            kind: Kind::Carry,
            counts: Counts::default(),
            receipt: None,
            refused: None,
        }
    }

    #[test]
    fn a_bundle_that_was_taken_off_the_list_while_it_was_brought_does_not_come_back() {
        let (storage, hash) = (Storage::in_memory(), Hash([1; 32]));
        let put = Change::Put(Store::Carried, hash.into(), codec::encode(&row()));
        block_on(async {
            storage.write(vec![put]).await.expect("memory stores");
            let forget = storage.write(vec![Change::Delete(Store::Carried, hash.into())]);
            let note = noted(&storage, hash, None, Some("unknown_key".to_owned()));
            let (forgotten, noted) = futures::join!(forget, note);
            forgotten.and(noted).expect("memory stores");
            assert_eq!(storage.all(Store::Carried).await, Ok(Vec::new()));
        });
    }

    #[test]
    fn pieces_of_a_bundle_that_was_never_kept_whole_go_and_all_others_stay() {
        let storage = Storage::in_memory();
        let [kept, copied, lost] = [1, 2, 3].map(|fill| Hash([fill; 32]));
        let copy = CopyRow { bundle: Some(copied), size: 1, ..CopyRow::default() };
        let person = PersonRow { copies: Some(vec![copy]), ..PersonRow::blank() };
        let piece = |hash: Hash, place| Key::Piece(hash.0.to_vec(), place);
        let put = |key| Change::Put(Store::CarriedPieces, key, vec![0]);
        let mut changes: Vec<Change> = [kept, copied, lost].map(|hash| put(piece(hash, 0))).into();
        changes.push(put(piece(lost, 1)));
        changes.push(Change::Put(Store::Carried, kept.into(), codec::encode(&row())));
        changes.push(Change::Put(Store::People, "a".into(), codec::encode(&person)));
        block_on(async {
            storage.write(changes).await.expect("memory stores");
            swept(&storage).await.expect("memory stores");
            let left = storage.read(vec![Read::Keys(Store::CarriedPieces)]).await;
            let left: Vec<Key> =
                left.expect("memory reads").concat().into_iter().map(|(key, _)| key).collect();
            assert_eq!(left, [piece(kept, 0), piece(copied, 0)]);
        });
    }

    #[test]
    fn what_the_server_took_or_refused_for_good_waits_no_longer() {
        let kept = |receipt: Option<Receipt>, refused: Option<&str>| Kept {
            hash: Hash([1; 32]),
            size: 1,
            kept_ms: 0,
            made_ms: 0,
            counts: Counts::default(),
            receipt,
            refused: refused.map(str::to_owned),
        };
        assert!(kept(None, None).is_waiting());
        assert!(kept(None, Some("unknown_key")).is_waiting());
        assert!(!kept(None, Some("altered")).is_waiting());
        assert!(!kept(Some(Receipt::default()), None).is_waiting());
    }
}
