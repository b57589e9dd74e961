//! The files that only erased fields named.

use std::collections::BTreeSet;

use sync::wire::{Hash, RecordId, Value};

use super::held::Held;
use crate::database::sql::{query, query_scalar};
use crate::database::{Answer, Database, Write, bytes};

/// Whether a file was erased.
const IS_ERASED: &str = "SELECT EXISTS (SELECT 1 FROM erased_blob WHERE hash = $1)";

impl Database {
    /// Whether a file was erased: nobody is to bring it again.
    pub async fn is_erased_blob(&self, hash: Hash) -> Answer<bool> {
        Ok(query_scalar(IS_ERASED).bind(hash.0.as_slice()).fetch_one(&self.readers).await?)
    }

    /// All files that were erased.
    pub async fn erased_blobs(&self) -> Answer<Vec<Hash>> {
        let hashes: Vec<Vec<u8>> = query_scalar("SELECT hash FROM erased_blob ORDER BY hash")
            .fetch_all(&self.readers)
            .await?;
        hashes.iter().map(|hash| bytes("blob hash", hash).map(Hash)).collect()
    }

    /// Erased files that may still be in the store.
    pub async fn erased_blobs_left(&self) -> Answer<Vec<Hash>> {
        let hashes: Vec<Vec<u8>> =
            query_scalar("SELECT hash FROM erased_blob WHERE removed_ms IS NULL ORDER BY hash")
                .fetch_all(&self.readers)
                .await?;
        hashes.iter().map(|hash| bytes("blob hash", hash).map(Hash)).collect()
    }

    /// Notes that an erased file is in the store no more.
    pub async fn note_removed(&self, hash: Hash, now_ms: i64) -> Answer<()> {
        query("UPDATE erased_blob SET removed_ms = $2 WHERE hash = $1")
            .bind(hash.0.as_slice())
            .bind(now_ms)
            .execute(&self.writer)
            .await?;
        Ok(())
    }
}

/// Forgets the files that only erased fields named.
pub(super) async fn drop_files(
    tx: &mut Write,
    record: RecordId,
    files: &BTreeSet<Hash>,
    held: &[Held],
) -> Answer<Vec<Hash>> {
    let values = || held.iter().flat_map(|held| held.kept.operation.fields.values());
    let mut dropped = Vec::new();
    for hash in files {
        let is_named =
            values().any(|write| matches!(&write.value, Value::File(file) if file.hash == *hash));
        if is_named {
            continue;
        }
        query("DELETE FROM record_blob WHERE blob = $1 AND record = $2")
            .bind(hash.0.as_slice())
            .bind(record.0.as_slice())
            .execute(&mut *tx)
            .await?;
        if drop_file(tx, *hash).await? {
            dropped.push(*hash);
        }
    }
    Ok(dropped)
}

/// As [`Database::is_erased_blob`], for whoever is about to write that it is here.
pub(in crate::database) async fn is_erased(tx: &mut Write, hash: Hash) -> Answer<bool> {
    Ok(query_scalar(IS_ERASED).bind(hash.0.as_slice()).fetch_one(&mut *tx).await?)
}

/// Forgets a file that no record names, and that it is not to come again. Says whether it is so.
pub(super) async fn drop_file(tx: &mut Write, hash: Hash) -> Answer<bool> {
    let is_named: bool = query_scalar("SELECT EXISTS (SELECT 1 FROM record_blob WHERE blob = $1)")
        .bind(hash.0.as_slice())
        .fetch_one(&mut *tx)
        .await?;
    if is_named {
        return Ok(false);
    }
    for statement in [
        "DELETE FROM blob WHERE hash = $1",
        "DELETE FROM blob_wanted WHERE blob = $1",
        "INSERT INTO erased_blob (hash) VALUES ($1) ON CONFLICT (hash) DO UPDATE SET removed_ms = NULL",
    ] {
        query(statement).bind(hash.0.as_slice()).execute(&mut *tx).await?;
    }
    Ok(true)
}
