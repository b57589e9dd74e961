//! Files on the phone: kept in pieces, sent apart from the records that name them.

use sync::{
    blob,
    wire::{FileRef, Hash},
};

use super::outbox;
use crate::platform::{
    clock,
    storage::{
        Change, Read, Rows, Storage, StorageError, Store,
        schema::{BlobRow, Key, meta},
    },
};

/// Keeps a file's bytes. A file that is here already is written again, which changes nothing.
pub async fn keep(storage: &Storage, file: &FileRef, bytes: &[u8]) -> Result<(), StorageError> {
    let row = BlobRow::unsent(file.size, file.media_type.clone(), clock::now_ms());
    let mut changes = pieces(file.hash, bytes);
    changes.push(Change::Put(Store::BlobMeta, file.hash.into(), sync::codec::encode(&row)));
    storage.write(changes).await
}

fn pieces(hash: Hash, bytes: &[u8]) -> Vec<Change> {
    let size = usize::try_from(blob::CHUNK_SIZE).expect("a chunk fits in memory");
    let pieces = (0..).zip(bytes.chunks(size));
    pieces
        .map(|(place, piece)| {
            Change::Put(Store::Blobs, Key::Piece(hash.0.to_vec(), place), piece.to_vec())
        })
        .collect()
}

/// Reads a file whole; `None` if it is not on this phone, or not whole.
pub async fn read(storage: &Storage, hash: Hash) -> Result<Option<Vec<u8>>, StorageError> {
    let Some(row) = storage.row(Store::BlobMeta, hash).await? else { return Ok(None) };
    let size = BlobRow::decode(&row)?.size;
    let count = u32::try_from(blob::chunk_count(size)).unwrap_or(u32::MAX);
    let reads = (0..count).map(|place| Read::Row(Store::Blobs, Key::Piece(hash.0.to_vec(), place)));
    let mut bytes = Vec::new();
    for rows in storage.read(reads.collect()).await? {
        rows.into_iter().for_each(|(_, piece)| bytes.extend(piece));
    }
    Ok((bytes.len() as u64 == size).then_some(bytes))
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
    let mut unsent = Vec::new();
    for (key, row) in storage.all(Store::BlobMeta).await? {
        let row = BlobRow::decode(&row)?;
        if let (Key::Bytes(hash), true) = (key, row.waits()) {
            let hash = hash
                .try_into()
                .map_err(|_bytes: Vec<u8>| StorageError::Unreadable("hash of a file".to_owned()))?;
            unsent.push((Hash(hash), row));
        }
    }
    Ok(unsent)
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
            changes.push(Change::Put(Store::BlobMeta, key.clone(), sync::codec::encode(&row)));
        }
        Ok((changes, ()))
    };
    storage.update(reads, &[Store::BlobMeta], decide).await
}

fn unreadable() -> StorageError {
    StorageError::Unreadable("an answer is missing".to_owned())
}
