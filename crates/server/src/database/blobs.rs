//! Which files there are, which chunks of them, and who may see them. The bytes are in a folder.

use std::collections::BTreeSet;

use sync::mask::Mask;
use sync::merge::{Record, Stamp};
use sync::wire::{Hash, Value};

use super::erasure::is_erased;
use super::feed::stored_record;
use super::personal_fields::mask;
use super::sql::{query, query_as, query_scalar};
use super::{Answer, Database, Transaction, bytes, signed, unsigned};

/// A blob that is here, whole or in part.
#[derive(Clone, Debug)]
pub struct BlobRow {
    /// Its length in bytes.
    pub size: u64,
    /// Its media type, as its sender says.
    pub media_type: String,
    /// Whether it is here whole.
    pub whole: bool,
}

/// A blob whose first chunk came.
#[derive(Clone, Debug)]
pub struct NewBlob<'a> {
    /// Its name.
    pub hash: Hash,
    /// Its length in bytes.
    pub size: u64,
    /// Its media type.
    pub media_type: &'a str,
    /// The account that sends it.
    pub sender: &'a str,
}

/// Files that no record names, nor any operation up to those rows of the log and of the repair desk.
#[derive(Debug, Default)]
pub struct Unnamed {
    files: BTreeSet<Hash>,
    read_upto: [i64; 2],
}

/// Where operations are, by rising rows.
const OPERATIONS: [&str; 2] = [
    "SELECT place, bytes FROM operation WHERE place > $1 ORDER BY place LIMIT 100",
    "SELECT id, bytes FROM quarantine WHERE id > $1 ORDER BY id LIMIT 100",
];

impl Unnamed {
    /// Reads on, and lets go of the files whose hashes stand in what was read, be it an operation that this server understands or not.
    async fn read_on(&mut self, tx: &mut Transaction) -> Answer<()> {
        for (sql, upto) in OPERATIONS.into_iter().zip(&mut self.read_upto) {
            while !self.files.is_empty() {
                let rows: Vec<(i64, Vec<u8>)> =
                    query_as(sql).bind(*upto).fetch_all(&mut *tx).await?;
                let Some((last, _)) = rows.last() else { break };
                *upto = *last;
                for part in rows.iter().flat_map(|(_, bytes)| bytes.windows(size_of::<Hash>())) {
                    self.files.remove(&Hash(bytes("hash", part)?));
                }
            }
        }
        Ok(())
    }
}

impl Database {
    /// The blob of that hash.
    pub async fn blob(&self, hash: Hash) -> Answer<Option<BlobRow>> {
        let row: Option<(i64, String, Option<i64>)> =
            query_as("SELECT size, media_type, whole_ms FROM blob WHERE hash = $1")
                .bind(hash.0.as_slice())
                .fetch_optional(&self.readers)
                .await?;
        Ok(row.map(|(size, media_type, whole)| BlobRow {
            size: unsigned(size),
            media_type,
            whole: whole.is_some(),
        }))
    }

    /// The chunks of a blob that are on disk, rising.
    pub async fn blob_chunks(&self, hash: Hash) -> Answer<Vec<u64>> {
        let chunks: Vec<i64> =
            query_scalar("SELECT chunk FROM blob_chunk WHERE blob = $1 ORDER BY chunk")
                .bind(hash.0.as_slice())
                .fetch_all(&self.readers)
                .await?;
        Ok(chunks.into_iter().map(unsigned).collect())
    }

    /// Notes that a chunk is on disk, and says how many of the blob are. `None` if the blob was erased while it came.
    pub async fn add_chunk(
        &self,
        blob: &NewBlob<'_>,
        chunk: u64,
        now_ms: i64,
    ) -> Answer<Option<u64>> {
        let mut tx = self.begin_write().await?;
        if is_erased(&mut tx, blob.hash).await? {
            return Ok(None);
        }
        query(
            "INSERT INTO blob (hash, size, media_type, sender, started_ms) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (hash) DO NOTHING",
        )
        .bind(blob.hash.0.as_slice())
        .bind(signed(blob.size))
        .bind(blob.media_type)
        .bind(blob.sender)
        .bind(now_ms)
        .execute(&mut tx)
        .await?;
        query("INSERT INTO blob_chunk (blob, chunk) VALUES ($1, $2) ON CONFLICT DO NOTHING")
            .bind(blob.hash.0.as_slice())
            .bind(signed(chunk))
            .execute(&mut tx)
            .await?;
        let held: i64 = query_scalar("SELECT count(*) FROM blob_chunk WHERE blob = $1")
            .bind(blob.hash.0.as_slice())
            .fetch_one(&mut tx)
            .await?;
        tx.commit().await?;
        Ok(Some(unsigned(held)))
    }

    /// Notes that a blob is on disk whole and right; nobody needs to be asked for it again. Says whether it is so: it may have
    /// been erased while it came.
    pub async fn finish_blob(&self, blob: &NewBlob<'_>, now_ms: i64) -> Answer<bool> {
        let mut tx = self.begin_write().await?;
        if is_erased(&mut tx, blob.hash).await? {
            return Ok(false);
        }
        query(
            "INSERT INTO blob (hash, size, media_type, sender, started_ms, whole_ms) VALUES ($1, $2, $3, $4, $5, $5)
             ON CONFLICT (hash) DO UPDATE SET whole_ms = $5",
        )
        .bind(blob.hash.0.as_slice())
        .bind(signed(blob.size))
        .bind(blob.media_type)
        .bind(blob.sender)
        .bind(now_ms)
        .execute(&mut tx)
        .await?;
        for statement in
            ["DELETE FROM blob_chunk WHERE blob = $1", "DELETE FROM blob_wanted WHERE blob = $1"]
        {
            query(statement).bind(blob.hash.0.as_slice()).execute(&mut tx).await?;
        }
        tx.commit().await?;
        Ok(true)
    }

    /// Forgets the chunks of a blob that came together wrong.
    pub async fn drop_blob(&self, hash: Hash) -> Answer<()> {
        query("DELETE FROM blob WHERE hash = $1 AND whole_ms IS NULL")
            .bind(hash.0.as_slice())
            .execute(&self.writer)
            .await?;
        Ok(())
    }

    /// The files that came whole before that time and that nothing names: they were removed or taken again before a record had them.
    /// None soon after the database was put back: what names them may be on its way once more.
    pub async fn unnamed_blobs(&self, before_ms: i64) -> Answer<Unnamed> {
        let mut tx = self.begin_read().await?;
        let hashes: Vec<Vec<u8>> = query_scalar(
            "SELECT hash FROM blob WHERE whole_ms < $1 AND (SELECT epoch FROM server) < $1
                AND NOT EXISTS (SELECT 1 FROM record_blob named WHERE named.blob = blob.hash)",
        )
        .bind(before_ms)
        .fetch_all(&mut tx)
        .await?;
        let read = |hash: &Vec<u8>| bytes("blob hash", hash).map(Hash);
        let files = hashes.iter().map(read).collect::<Answer<_>>()?;
        let mut unnamed = Unnamed { files, ..Unnamed::default() };
        unnamed.read_on(&mut tx).await?;
        tx.rollback().await?;
        Ok(unnamed)
    }

    /// Holds those of them for whole no more that nothing has named since. Unlike an erased one each may come again: once an operation
    /// names it, its device is asked for it.
    pub async fn forget_unnamed(&self, mut unnamed: Unnamed, before_ms: i64) -> Answer<()> {
        if unnamed.files.is_empty() {
            return Ok(());
        }
        let mut tx = self.begin_write().await?;
        unnamed.read_on(&mut tx).await?;
        for hash in unnamed.files {
            query(
                "UPDATE blob SET whole_ms = NULL WHERE hash = $1 AND whole_ms < $2
                    AND NOT EXISTS (SELECT 1 FROM record_blob WHERE blob = $1)",
            )
            .bind(hash.0.as_slice())
            .bind(before_ms)
            .execute(&mut tx)
            .await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// Files that are here neither whole nor in part any more, and may still be in the store.
    pub async fn forgotten_blobs(&self) -> Answer<Vec<Hash>> {
        let hashes: Vec<Vec<u8>> = query_scalar(
            "SELECT hash FROM blob WHERE whole_ms IS NULL
                AND NOT EXISTS (SELECT 1 FROM blob_chunk part WHERE part.blob = blob.hash)",
        )
        .fetch_all(&self.readers)
        .await?;
        hashes.iter().map(|hash| bytes("blob hash", hash).map(Hash)).collect()
    }

    /// The bytes of a whole blob are gone: it is wanted again from every device that wrote to a record naming it, and from those whose
    /// operations name it and wait at the repair desk.
    pub async fn want_again(&self, hash: Hash, now_ms: i64) -> Answer<()> {
        let mut tx = self.begin_write().await?;
        query("DELETE FROM blob WHERE hash = $1").bind(hash.0.as_slice()).execute(&mut tx).await?;
        query(
            "INSERT INTO blob_wanted (device, blob, lost_ms)
             SELECT DISTINCT operation.device, named.blob, CAST($2 AS BIGINT) FROM record_blob named
             JOIN operation ON operation.record = named.record WHERE named.blob = $1
             ON CONFLICT (device, blob) DO UPDATE SET lost_ms = $2",
        )
        .bind(hash.0.as_slice())
        .bind(now_ms)
        .execute(&mut tx)
        .await?;
        let mut after = i64::MIN;
        loop {
            let rows: Vec<(i64, Vec<u8>, Vec<u8>)> = query_as(
                "SELECT id, device, bytes FROM quarantine WHERE id > $1 AND settled_ms IS NULL ORDER BY id LIMIT 100",
            )
            .bind(after)
            .fetch_all(&mut tx)
            .await?;
            let Some((last, ..)) = rows.last() else { break };
            after = *last;
            let names = |bytes: &[u8]| bytes.windows(hash.0.len()).any(|part| part == hash.0);
            for (_, device, _) in rows.iter().filter(|(.., bytes)| names(bytes)) {
                query(
                    "INSERT INTO blob_wanted (device, blob, lost_ms) VALUES ($1, $2, $3)
                     ON CONFLICT (device, blob) DO UPDATE SET lost_ms = $3",
                )
                .bind(device.as_slice())
                .bind(hash.0.as_slice())
                .bind(now_ms)
                .execute(&mut tx)
                .await?;
            }
        }
        tx.commit().await?;
        Ok(())
    }

    /// What the store of all files is marked with, if one is known.
    pub async fn store_mark(&self) -> Answer<Option<String>> {
        Ok(query_scalar("SELECT blob_store FROM server").fetch_one(&self.readers).await?)
    }

    /// Takes a store for its own, unless it knows another one than was known. Says which it knows now.
    pub async fn set_store_mark(&self, known: &Option<String>, mark: &str) -> Answer<String> {
        Ok(query_scalar(
            "UPDATE server SET blob_store = coalesce(nullif(blob_store, $2), $1) RETURNING blob_store",
        )
        .bind(mark)
        .bind(known)
        .fetch_one(&self.writer)
        .await?)
    }

    /// Some files that are whole, with their lengths.
    pub async fn whole_blobs(&self, limit: u32) -> Answer<Vec<(Hash, u64)>> {
        let rows: Vec<(Vec<u8>, i64)> = query_as(
            "SELECT hash, size FROM blob WHERE whole_ms IS NOT NULL ORDER BY hash LIMIT $1",
        )
        .bind(i64::from(limit))
        .fetch_all(&self.readers)
        .await?;
        let read =
            |(hash, size): (Vec<u8>, i64)| Ok((Hash(bytes("blob hash", &hash)?), unsigned(size)));
        rows.into_iter().map(read).collect()
    }

    /// Whether an operation waits for the blob, whoever sent it.
    pub async fn is_wanted(&self, hash: Hash) -> Answer<bool> {
        let sql = "SELECT EXISTS (SELECT 1 FROM blob_wanted WHERE blob = $1)";
        Ok(query_scalar(sql).bind(hash.0.as_slice()).fetch_one(&self.readers).await?)
    }

    /// Whether an account still owes the blob: to an operation of a device of theirs, or of one that nobody is known to have.
    pub async fn is_owed(&self, account: &str, hash: Hash) -> Answer<bool> {
        Ok(query_scalar(
            "SELECT EXISTS (SELECT 1 FROM blob_wanted w WHERE w.blob = $2
                AND (EXISTS (SELECT 1 FROM session s WHERE s.device = w.device AND s.account = $1)
                    OR NOT EXISTS (SELECT 1 FROM session s WHERE s.device = w.device)))",
        )
        .bind(account)
        .bind(hash.0.as_slice())
        .fetch_one(&self.readers)
        .await?)
    }

    /// Whether an account brought the blob, or sees a field that names it.
    pub async fn may_see_blob(&self, account: &str, hash: Hash) -> Answer<bool> {
        let mut tx = self.begin_read().await?;
        let is_own: bool =
            query_scalar("SELECT EXISTS (SELECT 1 FROM blob WHERE hash = $2 AND sender = $1)")
                .bind(account)
                .bind(hash.0.as_slice())
                .fetch_one(&mut tx)
                .await?;
        let naming: Vec<Vec<u8>> = query_scalar(
            "SELECT seen.body FROM record_blob named
             JOIN visible_record seen ON seen.account = $1 AND seen.id = named.record WHERE named.blob = $2",
        )
        .bind(account)
        .bind(hash.0.as_slice())
        .fetch_all(&mut tx)
        .await?;
        let mask = mask(&mut tx, account).await?;
        tx.rollback().await?;
        if is_own {
            return Ok(true);
        }
        for body in naming {
            let record = stored_record(&body)?;
            if mask.shows_all_of(&record.form().id) || shows(&record, &mask, hash) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Whether a value that stands in a field which the mask shows names the file. What stood there before is not looked for.
fn shows(record: &Record, mask: &Mask, hash: Hash) -> bool {
    let mut state = record.state(Stamp::default());
    mask.cut_state(&mut state);
    let mut values = state.fields.values().flatten().map(|sibling| &sibling.value);
    values.any(|value| matches!(value, Value::File(file) if file.hash == hash))
}
