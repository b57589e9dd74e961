//! Files in a store that speaks S3. A chunk is an object of its own until all are there; then they become one.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures::{StreamExt, TryStreamExt};
use object_store::aws::AmazonS3Builder;
use object_store::path::Path;
use object_store::{Error, ObjectMeta, ObjectStore, ObjectStoreExt, RetryConfig};
use sha2::{Digest, Sha256};
use sync::wire::Hash;

use super::{MARK, Pieces};

/// A part of a bucket.
#[derive(Clone, Debug)]
pub(super) struct Objects {
    store: Arc<dyn ObjectStore>,
    prefix: Path,
}

impl Objects {
    /// The part of a bucket that `s3://BUCKET/PREFIX` names. The options are those of `AWS_…` variables, in small letters.
    pub(super) fn s3(url: &str, options: &BTreeMap<String, String>) -> io::Result<Self> {
        let named = url.strip_prefix("s3://").unwrap_or_default();
        let (bucket, prefix) = named.split_once('/').unwrap_or((named, ""));
        if bucket.is_empty() {
            let why = format!("{url}: where files are kept is written s3://BUCKET/PREFIX");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
        }
        // Fails when it is chosen already: a process chooses once.
        let _chosen = rustls::crypto::ring::default_provider().install_default();
        // A phone that waits longer has given up, and asks again by itself.
        let retry = RetryConfig {
            max_retries: 3,
            retry_timeout: Duration::from_secs(15),
            ..RetryConfig::default()
        };
        let mut builder = AmazonS3Builder::new().with_bucket_name(bucket).with_retry(retry);
        for (name, value) in options {
            // There are more of these variables than concern a store.
            if let Ok(key) = name.parse() {
                builder = builder.with_config(key, value);
            }
        }
        let store = Arc::new(builder.build().map_err(io::Error::other)?);
        Ok(Self { store, prefix: Path::from(prefix) })
    }

    pub(super) async fn mark(&self) -> io::Result<Vec<u8>> {
        let got = self.store.get(&self.prefix.clone().join(MARK)).await.map_err(said)?;
        Ok(got.bytes().await.map_err(said)?.into())
    }

    pub(super) async fn set_mark(&self, mark: Vec<u8>) -> io::Result<()> {
        let put = self.store.put(&self.prefix.clone().join(MARK), mark.into()).await;
        put.map(drop).map_err(said)
    }

    fn whole(&self, hash: Hash) -> Path {
        let name = hash.to_string();
        let (group, _) = name.split_at(2);
        self.prefix.clone().join("whole").join(group).join(name.as_str())
    }

    fn parts(&self) -> Path {
        self.prefix.clone().join("parts")
    }

    fn parts_of(&self, hash: Hash) -> Path {
        self.parts().join(hash.to_string())
    }

    pub(super) async fn write_chunk(&self, hash: Hash, at: u64, bytes: Vec<u8>) -> io::Result<()> {
        // Names sort as the chunks lie.
        let part = self.parts_of(hash).join(format!("{at:012}"));
        self.store.put(&part, bytes.into()).await.map_err(said)?;
        Ok(())
    }

    pub(super) async fn finish(&self, hash: Hash, size: u64) -> io::Result<bool> {
        let put_together = self.put_together(hash, size).await?;
        if let Some(bytes) = put_together {
            self.store.put(&self.whole(hash), bytes.into()).await.map_err(said)?;
        } else if !self.holds(hash, size).await? {
            self.drop_parts(hash).await?;
            return Ok(false);
        }
        if let Err(error) = self.drop_parts(hash).await {
            tracing::warn!(%error, %hash, "its parts lie there until they are found abandoned");
        }
        Ok(true)
    }

    /// The file that all chunks come to, if they do.
    async fn put_together(&self, hash: Hash, size: u64) -> io::Result<Option<Vec<u8>>> {
        let mut bytes = Vec::new();
        for part in self.list(&self.parts_of(hash)).await? {
            let at = part.location.filename().and_then(|name| name.parse::<u64>().ok());
            let there = bytes.len() as u64;
            // One that begins where another lies already is of a file that came in one piece before or after.
            let Some(known) = at.and_then(|at| there.checked_sub(at)) else { return Ok(None) };
            if there + part.size > size + known {
                return Ok(None);
            }
            let got = match self.store.get(&part.location).await {
                Err(Error::NotFound { .. }) => return Ok(None),
                got => got.map_err(said)?.bytes().await.map_err(said)?,
            };
            let known = usize::try_from(known).unwrap_or(usize::MAX);
            bytes.extend_from_slice(got.get(known..).unwrap_or_default());
        }
        let is_it = bytes.len() as u64 == size && Hash(Sha256::digest(&bytes).into()) == hash;
        Ok(is_it.then_some(bytes))
    }

    /// What lies below a path, by name.
    async fn list(&self, below: &Path) -> io::Result<Vec<ObjectMeta>> {
        let mut found: Vec<ObjectMeta> =
            self.store.list(Some(below)).try_collect().await.map_err(said)?;
        found.sort_by(|one, other| one.location.cmp(&other.location));
        Ok(found)
    }

    pub(super) async fn drop_parts(&self, hash: Hash) -> io::Result<()> {
        let parts = self.list(&self.parts_of(hash)).await?;
        let parts = futures::stream::iter(parts.into_iter().map(|part| Ok(part.location)));
        let mut dropped = self.store.delete_stream(parts.boxed());
        while let Some(dropped) = dropped.next().await {
            match dropped {
                Err(Error::NotFound { .. }) => {}
                dropped => drop(dropped.map_err(said)?),
            }
        }
        Ok(())
    }

    pub(super) async fn remove(&self, hash: Hash) -> io::Result<()> {
        match self.store.delete(&self.whole(hash)).await {
            Err(Error::NotFound { .. }) => Ok(()),
            removed => removed.map_err(said),
        }
    }

    pub(super) async fn holds(&self, hash: Hash, size: u64) -> io::Result<bool> {
        match self.store.head(&self.whole(hash)).await {
            Err(Error::NotFound { .. }) => Ok(false),
            head => Ok(head.map_err(said)?.size == size),
        }
    }

    pub(super) async fn abandoned(&self, since: SystemTime) -> io::Result<Vec<Hash>> {
        let mut newest: BTreeMap<Hash, SystemTime> = BTreeMap::new();
        for part in self.list(&self.parts()).await? {
            let parts: Vec<_> = part.location.parts().collect();
            let name = parts.iter().rev().nth(1).and_then(|name| name.as_ref().parse().ok());
            if let Some(hash) = name {
                let written = newest.entry(hash).or_insert(SystemTime::UNIX_EPOCH);
                *written = (*written).max(part.last_modified.into());
            }
        }
        Ok(newest.into_iter().filter(|(_, at)| *at < since).map(|(hash, _)| hash).collect())
    }

    pub(super) async fn stream(&self, hash: Hash) -> io::Result<Pieces> {
        let got = self.store.get(&self.whole(hash)).await.map_err(said)?;
        Ok(got.into_stream().map_err(said).boxed())
    }

    pub(super) async fn read(&self, hash: Hash) -> io::Result<Vec<u8>> {
        let got = self.store.get(&self.whole(hash)).await.map_err(said)?;
        Ok(got.bytes().await.map_err(said)?.into())
    }
}

/// What the store said, as a folder would have.
fn said(error: Error) -> io::Error {
    match error {
        Error::NotFound { .. } => io::Error::new(io::ErrorKind::NotFound, error),
        error => io::Error::other(error),
    }
}
