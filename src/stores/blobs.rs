//! Files on the phone: kept in pieces, sent apart from the records that name them.

use std::borrow::Cow;

use sync::{
    blob, codec,
    wire::{FileRef, Hash},
};

use super::outbox;
use crate::platform::{
    clock,
    files::{Body, FileError},
    log_error,
    storage::{
        self, Change, Read, Rows, Storage, StorageError, Store,
        schema::{BlobRow, CHUNK_SIZE_BYTES, Key, meta},
    },
};

/// So many pieces of a file are written or read at a time, which is 4 MiB: a film is more than a phone's memory holds several times.
const LOT: usize = 16;
const LOT_BYTES: usize = LOT * CHUNK_SIZE_BYTES;

/// Keeps a file's bytes. A file that is here already is written again, which changes nothing.
pub async fn keep(storage: &Storage, file: &FileRef, body: &Body) -> Result<(), StorageError> {
    let row = BlobRow::unsent(file.size, file.media_type.clone(), clock::now_ms());
    let whole = Change::Put(Store::BlobMeta, file.hash.into(), codec::encode(&row));
    if file.size <= LOT_BYTES as u64 {
        let mut changes = pieces(file.hash, 0, &part(body, 0, file.size).await?);
        changes.push(whole);
        return storage.write(changes).await;
    }
    // Until it is whole it is as one that was taken off: what a phone that dies meanwhile leaves of it is not sent, and goes as those do.
    let coming = codec::encode(&BlobRow { dropped_ms: row.kept_ms, ..row });
    begin(storage, file.hash, coming.clone(), Some(whole.clone())).await?;
    let written = write_in_lots(storage, file, body, whole).await;
    if written.is_err()
        && let Err(error) = give_up(storage, file.hash, file.size, coming).await
    {
        log_error(&format!("what came of a file stays: {error}"));
    }
    written
}

/// Whether it is worth a try to keep a file for which there was no room. What is small costs little: it comes whole or not at all.
pub async fn may_fit(size: u64) -> bool {
    // With what seals it, and what is entered meanwhile.
    size <= LOT_BYTES as u64 || storage::takes(size + size / 8).await
}

/// Notes that a file's pieces come. `false`: it is here, and `over` is written instead.
pub async fn begin(
    storage: &Storage,
    hash: Hash,
    coming: Vec<u8>,
    over: Option<Change>,
) -> Result<bool, StorageError> {
    let decide = move |rows: Vec<Rows>| {
        let mut is_here = false;
        for (_, row) in rows.iter().flatten() {
            is_here |= BlobRow::decode(row)?.dropped_ms.is_none();
        }
        let coming = || Change::Put(Store::BlobMeta, hash.into(), coming.clone());
        let change = if is_here { over.clone() } else { Some(coming()) };
        Ok((Vec::from_iter(change), !is_here))
    };
    storage.update(vec![Read::Row(Store::BlobMeta, hash.into())], &[Store::BlobMeta], decide).await
}

async fn write_in_lots(
    storage: &Storage,
    file: &FileRef,
    body: &Body,
    whole: Change,
) -> Result<(), StorageError> {
    for (place, from) in (0..).step_by(LOT).zip((0..file.size).step_by(LOT_BYTES)) {
        let lot = part(body, from, file.size.min(from + LOT_BYTES as u64)).await?;
        storage.write(pieces(file.hash, place, &lot)).await?;
    }
    storage.write(vec![whole]).await
}

async fn part(body: &Body, start: u64, end: u64) -> Result<Cow<'_, [u8]>, StorageError> {
    body.part(start, end).await.map_err(not_given)
}

/// The browser does not give the bytes of a file.
#[expect(clippy::needless_pass_by_value, reason = "used as `map_err(not_given)`")]
pub fn not_given(error: FileError) -> StorageError {
    StorageError::Unreadable(error.to_string())
}

/// Frees what came of a file, unless it became whole by another way.
pub async fn give_up(
    storage: &Storage,
    hash: Hash,
    size: u64,
    coming: Vec<u8>,
) -> Result<(), StorageError> {
    let decide = move |rows: Vec<Rows>| {
        let is_coming = rows.iter().flatten().any(|(_, row)| *row == coming);
        let changes = if is_coming { free(hash, size).collect() } else { Vec::new() };
        Ok((changes, ()))
    };
    let touched = [Store::BlobMeta, Store::Blobs];
    storage.update(vec![Read::Row(Store::BlobMeta, hash.into())], &touched, decide).await
}

fn pieces(hash: Hash, from: u32, bytes: &[u8]) -> Vec<Change> {
    let put = |(place, piece): (u32, &[u8])| {
        Change::Put(Store::Blobs, Key::Piece(hash.0.to_vec(), place), piece.to_vec())
    };
    (from..).zip(bytes.chunks(CHUNK_SIZE_BYTES)).map(put).collect()
}

/// The changes that take a file away.
pub fn free(hash: Hash, size: u64) -> impl Iterator<Item = Change> {
    let piece = move |place| Change::Delete(Store::Blobs, Key::Piece(hash.0.to_vec(), place));
    let row = Change::Delete(Store::BlobMeta, hash.into());
    std::iter::once(row).chain((0..count(size)).map(piece))
}

fn count(size: u64) -> u32 {
    u32::try_from(blob::chunk_count(size)).unwrap_or(u32::MAX)
}

/// Hands a file out piece by piece, so that no more than a few are in memory. `false` if it is not on this phone, or not whole.
pub async fn read(
    storage: &Storage,
    hash: Hash,
    mut take: impl FnMut(Vec<u8>),
) -> Result<bool, StorageError> {
    let Some(row) = storage.row(Store::BlobMeta, hash).await? else { return Ok(false) };
    let size = BlobRow::decode(&row)?.size;
    let mut left = size;
    let places: Vec<u32> = (0..count(size)).collect();
    for lot in places.chunks(LOT) {
        let piece = |place: &u32| Read::Row(Store::Blobs, Key::Piece(hash.0.to_vec(), *place));
        for (_, piece) in storage.read(lot.iter().map(piece).collect()).await?.into_iter().flatten()
        {
            left = left.saturating_sub(piece.len() as u64);
            take(piece);
        }
    }
    Ok(left == 0)
}

/// Reads a file whole, for what needs all of it at once: small ones. `None` as [`read`].
pub async fn read_whole(storage: &Storage, hash: Hash) -> Result<Option<Vec<u8>>, StorageError> {
    let mut bytes = Vec::new();
    let is_whole = read(storage, hash, |piece| bytes.extend(piece)).await?;
    Ok(is_whole.then_some(bytes))
}

/// One piece of a file with the file's media type.
pub async fn piece(
    storage: &Storage,
    hash: Hash,
    place: u64,
) -> Result<Option<(Vec<u8>, String)>, StorageError> {
    let Ok(place) = u32::try_from(place) else { return Ok(None) };
    let piece = Read::Row(Store::Blobs, Key::Piece(hash.0.to_vec(), place));
    let mut rows = storage.read(vec![Read::Row(Store::BlobMeta, hash.into()), piece]).await?;
    let (piece, row) =
        (rows.pop().and_then(|mut rows| rows.pop()), rows.pop().and_then(|mut rows| rows.pop()));
    let (Some((_, row)), Some((_, bytes))) = (row, piece) else { return Ok(None) };
    Ok(Some((bytes, BlobRow::decode(&row)?.media_type)))
}

/// The files that the server is to hold whole and does not, by hash.
pub async fn unsent(storage: &Storage) -> Result<Vec<(Hash, BlobRow)>, StorageError> {
    such(storage, BlobRow::waits).await
}

/// The files that are such, by hash.
pub async fn such(
    storage: &Storage,
    is_such: impl Fn(&BlobRow) -> bool,
) -> Result<Vec<(Hash, BlobRow)>, StorageError> {
    let mut files = Vec::new();
    for (key, row) in storage.all(Store::BlobMeta).await? {
        let row = BlobRow::decode(&row)?;
        if let (Key::Bytes(hash), true) = (key, is_such(&row)) {
            let hash = hash
                .try_into()
                .map_err(|_bytes: Vec<u8>| StorageError::Unreadable("hash of a file".to_owned()))?;
            files.push((Hash(hash), row));
        }
    }
    Ok(files)
}

/// Notes that the server holds a file whole.
pub async fn mark_sent(storage: &Storage, hash: Hash) -> Result<(), StorageError> {
    let reads = vec![
        Read::Row(Store::BlobMeta, hash.into()),
        Read::Row(Store::Meta, meta::LAST_SEQ.into()),
    ];
    let decide = |rows: Vec<Rows>| {
        let [files, last] = &rows[..] else { return Err(unreadable()) };
        let sealed = match last.first() {
            Some((_, last)) => outbox::decode(last, "last place")?,
            None => 0,
        };
        let mut changes = Vec::new();
        for (key, row) in files {
            let row = BlobRow { sent: true, sent_after: Some(sealed), ..BlobRow::decode(row)? };
            changes.push(Change::Put(Store::BlobMeta, key.clone(), codec::encode(&row)));
        }
        Ok((changes, ()))
    };
    storage.update(reads, &[Store::BlobMeta], decide).await
}

fn unreadable() -> StorageError {
    StorageError::Unreadable("an answer is missing".to_owned())
}

#[cfg(test)]
mod tests {
    use std::{
        pin::{Pin, pin},
        task::Context,
    };

    use futures::{executor::block_on, task::noop_waker_ref};

    use super::*;
    use crate::stores::space;

    /// Three lots, and the beginning of a piece.
    fn film() -> (FileRef, Body) {
        let length = u32::try_from(3 * LOT * CHUNK_SIZE_BYTES + 5).expect("a few megabytes");
        let bytes: Vec<u8> = (0..length).map(|at| at.to_be_bytes()[1]).collect();
        let media_type = "video/mp4".to_owned();
        let (size, hash) = (bytes.len() as u64, codec::hash(&bytes));
        (FileRef { name: "a.mp4".to_owned(), media_type, size, hash }, bytes.into())
    }

    fn pieces_in(storage: &Storage) -> usize {
        block_on(storage.read(vec![Read::Keys(Store::Blobs)])).expect("memory reads")[0].len()
    }

    fn row(storage: &Storage, file: &FileRef) -> Option<BlobRow> {
        let row = block_on(storage.row(Store::BlobMeta, file.hash)).expect("memory reads");
        row.map(|row| BlobRow::decode(&row).expect("readable"))
    }

    fn whole(storage: &Storage, file: &FileRef) -> Option<Body> {
        block_on(read_whole(storage, file.hash)).expect("memory reads").map(Body::from)
    }

    /// Goes on until a lot is on the disk.
    fn begin(storage: &Storage, mut keeping: Pin<&mut impl Future>) {
        let mut turn = Context::from_waker(noop_waker_ref());
        while pieces_in(storage) == 0 {
            assert!(keeping.as_mut().poll(&mut turn).is_pending());
        }
    }

    #[test]
    fn a_film_is_kept_in_lots_and_is_there_once_it_is_whole() {
        let (storage, (file, bytes)) = (Storage::in_memory(), film());
        let mut keeping = pin!(keep(&storage, &file, &bytes));
        begin(&storage, keeping.as_mut());
        assert_eq!((pieces_in(&storage), whole(&storage, &file)), (LOT, None));
        assert_eq!(block_on(unsent(&storage)), Ok(Vec::new()), "half of it is not sent");
        block_on(keeping).expect("memory stores");
        assert!(row(&storage, &file).is_some_and(|row| row.waits()));
        let mut largest = 0;
        let is_whole =
            block_on(read(&storage, file.hash, |piece| largest = largest.max(piece.len())));
        assert_eq!((is_whole, largest), (Ok(true), CHUNK_SIZE_BYTES));
        assert!(whole(&storage, &file).as_ref() == Some(&bytes));
    }

    #[test]
    fn of_a_film_that_was_cut_short_nothing_stays() {
        let (storage, (file, bytes)) = (Storage::in_memory(), film());
        {
            let keeping = pin!(keep(&storage, &file, &bytes));
            begin(&storage, keeping);
        }
        // The phone ended the app: it is as one that was taken off, and goes when those do.
        let row = row(&storage, &file).expect("what is coming is known");
        assert!(row.dropped_ms.is_some());
        let row = codec::encode(&BlobRow { dropped_ms: Some(0), ..row });
        let put_row = Change::Put(Store::BlobMeta, file.hash.into(), row);
        let device = sync::device::DeviceState::new(sync::wire::DeviceId([7; 16]));
        block_on(storage.write(vec![put_row, outbox::put_device(&device)])).expect("memory stores");
        block_on(space::shed(&storage, 0)).expect("memory stores");
        assert_eq!(pieces_in(&storage), 0);
    }

    #[test]
    fn a_film_for_which_there_is_no_room_leaves_the_room_that_there_was() {
        for was_here in [false, true] {
            let (storage, (file, bytes)) = (Storage::in_memory(), film());
            if was_here {
                block_on(keep(&storage, &file, &bytes)).expect("memory stores");
            }
            let mut keeping = pin!(keep(&storage, &file, &bytes));
            let mut turn = Context::from_waker(noop_waker_ref());
            // Begun, and one lot on its way.
            for _ in 0..5 {
                assert!(keeping.as_mut().poll(&mut turn).is_pending());
            }
            storage.fill_up(true);
            assert_eq!(block_on(keeping), Err(StorageError::Full));
            assert_eq!(
                (pieces_in(&storage) > 0, whole(&storage, &file).is_some()),
                (was_here, was_here)
            );
            assert_eq!(row(&storage, &file).is_some(), was_here);
        }
    }
}
