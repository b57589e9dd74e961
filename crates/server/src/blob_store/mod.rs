//! The bytes of photos, signatures and other files, each under the hash of its content: in a folder, or in a store that
//! speaks S3, which several servers share. What comes in chunks lies beside the whole files until it is one.

mod folder;
mod objects;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use axum::body::Bytes;
use futures::stream::BoxStream;
use sync::wire::Hash;
use tokio::sync::{Mutex, MutexGuard};

use crate::accounts::{hex, random};
use crate::config::Config;
use crate::database::{Database, DatabaseError};
use folder::Folder;
use objects::Objects;

pub(crate) use folder::{blocking, digest};

/// A file's bytes one after the other, so that nobody holds all of it.
pub(crate) type Pieces = BoxStream<'static, io::Result<Bytes>>;

/// What a store calls the file that says whose it is, beside the folders of all others.
const MARK: &str = "store";

/// How many files a database that knows no store yet looks for in one.
const SAMPLE: u32 = 20;

/// How many files are put together at a time, at most.
const TOGETHER: usize = 8;

/// Above so many bytes only one is: all of it is in memory meanwhile.
const LARGE: u64 = 8 << 20;

/// Why a store is not the database's, or could not say so.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The store said no.
    #[error("{place}: {error}")]
    Io {
        /// Which.
        place: String,
        /// Why.
        error: io::Error,
    },
    /// The database said no.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// Nothing is looked for in it, nor thrown away: all would seem lost.
    #[error(
        "{place} is not where this database's photos are: is a disk not mounted, or SOTAY_BLOBS not set? If it is the right place, \
         write {mark} into a file {MARK} there"
    )]
    Other {
        /// Which.
        place: String,
        /// What the right one is marked with.
        mark: String,
    },
}

/// Files by hash.
#[derive(Clone, Debug)]
pub struct BlobStore {
    name: String,
    place: Place,
    /// By the first byte of the hash.
    finishing: Arc<[Mutex<()>; TOGETHER]>,
    large: Arc<Mutex<()>>,
}

#[derive(Clone, Debug)]
enum Place {
    Folder(Folder),
    Objects(Objects),
}

impl BlobStore {
    /// The store that the settings name.
    pub fn of(config: &Config) -> io::Result<Self> {
        match &config.blobs_url {
            Some(url) => {
                let objects = Objects::s3(url, &config.blobs_options)?;
                Ok(Self::at(url.clone(), Place::Objects(objects)))
            }
            None => Self::open(config.blob_folder()),
        }
    }

    /// A store in that folder, made when missing.
    pub fn open(folder: PathBuf) -> io::Result<Self> {
        Ok(Self::at(folder.display().to_string(), Place::Folder(Folder::open(folder)?)))
    }

    fn at(name: String, place: Place) -> Self {
        Self { name, place, finishing: Arc::default(), large: Arc::default() }
    }

    /// Refuses a store that is not the database's. One that holds what a database without a store knows becomes its own, and so does
    /// any while it knows of no file: nothing could seem lost, and whoever keeps the first one looks again.
    pub async fn check(&self, database: &Database) -> Result<(), StoreError> {
        let said = |error| StoreError::Io { place: self.name.clone(), error };
        let known = database.store_mark().await?;
        let found = self.mark().await.map_err(said)?;
        let other = |mark| StoreError::Other { place: self.name.clone(), mark };
        if known.is_some() && known == found {
            return Ok(());
        }
        let sample = database.whole_blobs(SAMPLE).await?;
        if let Some(known) = known.clone().filter(|_| !sample.is_empty()) {
            return Err(other(known));
        }
        let is_marked = found.is_some();
        // Never the one that another store has: that would pass for this one later.
        let mark = found.unwrap_or_else(|| hex(&random::<16>()));
        if !is_marked && !self.holds_any_of(&sample).await.map_err(said)? {
            return Err(other(mark));
        }
        self.set_mark(&mark).await.map_err(said)?;
        let known = database.set_store_mark(&known, &mark).await?;
        // Another server may have been a moment earlier.
        if known == mark { Ok(()) } else { self.set_mark(&known).await.map_err(said) }
    }

    /// Whether it holds one of those files, or there are none.
    async fn holds_any_of(&self, files: &[(Hash, u64)]) -> io::Result<bool> {
        for (hash, size) in files {
            if self.holds(*hash, *size).await? {
                return Ok(true);
            }
        }
        Ok(files.is_empty())
    }

    async fn mark(&self) -> io::Result<Option<String>> {
        let read = match &self.place {
            Place::Folder(folder) => folder.mark().await,
            Place::Objects(objects) => objects.mark().await,
        };
        match read {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            read => Ok(Some(String::from_utf8_lossy(&read?).trim().to_owned())),
        }
    }

    async fn set_mark(&self, mark: &str) -> io::Result<()> {
        let mark = mark.as_bytes().to_vec();
        match &self.place {
            Place::Folder(folder) => folder.set_mark(mark).await,
            Place::Objects(objects) => objects.set_mark(mark).await,
        }
    }

    /// Puts a chunk in its place; it is on disk when this returns.
    pub async fn write_chunk(&self, hash: Hash, at: u64, bytes: Vec<u8>) -> io::Result<()> {
        match &self.place {
            Place::Folder(folder) => folder.write_chunk(hash, at, bytes).await,
            Place::Objects(objects) => objects.write_chunk(hash, at, bytes).await,
        }
    }

    /// Whoever puts a file together, or throws it away, is alone with it: two last chunks that arrive at once must not meet.
    /// Two servers that do so together get the same file, or one of them asks for it again. Files of other hashes mostly
    /// go on meanwhile: a store that is far away answers each request late, and one film must not hold up all photos.
    pub async fn finishing(&self, hash: Hash) -> MutexGuard<'_, ()> {
        self.finishing[usize::from(hash.0[0]) % TOGETHER].lock().await
    }

    /// Proves that all chunks together are the file of that hash, and gives it its name. `false`: they are not, and
    /// are gone. Doing it again, after a crash in the middle, is harmless.
    pub async fn finish(&self, hash: Hash, size: u64) -> io::Result<bool> {
        let _alone = if size > LARGE { Some(self.large.lock().await) } else { None };
        match &self.place {
            Place::Folder(folder) => folder.finish(hash, size).await,
            Place::Objects(objects) => objects.finish(hash, size).await,
        }
    }

    /// Throws away the chunks of a file that is not whole.
    pub async fn drop_part(&self, hash: Hash) -> io::Result<()> {
        match &self.place {
            Place::Folder(folder) => folder.drop_part(hash).await,
            Place::Objects(objects) => objects.drop_parts(hash).await,
        }
    }

    /// Whether the file of that name is what its name says, byte for byte.
    pub async fn proves(&self, hash: Hash, size: u64) -> io::Result<bool> {
        match self.read(hash).await {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
            Ok(bytes) => Ok(bytes.len() as u64 == size && sync::codec::hash(&bytes) == hash),
        }
    }

    /// Takes a file away, if there is one, with what came of it so far.
    pub async fn remove(&self, hash: Hash) -> io::Result<()> {
        self.drop_part(hash).await?;
        match &self.place {
            Place::Folder(folder) => folder.remove(hash).await,
            Place::Objects(objects) => objects.remove(hash).await,
        }
    }

    /// Whether there is a file of that name and length.
    pub async fn holds(&self, hash: Hash, size: u64) -> io::Result<bool> {
        match &self.place {
            Place::Folder(folder) => folder.holds(hash, size).await,
            Place::Objects(objects) => objects.holds(hash, size).await,
        }
    }

    /// Copies a file from another store, and proves the copy. `false`: the other has none, or a damaged one.
    pub async fn take(&self, from: &Self, hash: Hash, size: u64) -> io::Result<bool> {
        let bytes = match from.read(hash).await {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            read => read?,
        };
        self.drop_part(hash).await?;
        self.write_chunk(hash, 0, bytes).await?;
        self.finish(hash, size).await
    }

    /// The files of which no chunk has come since then, and that are not whole.
    pub async fn abandoned(&self, since: SystemTime) -> io::Result<Vec<Hash>> {
        match &self.place {
            Place::Folder(folder) => folder.abandoned(since).await,
            Place::Objects(objects) => objects.abandoned(since).await,
        }
    }

    /// The bytes of a whole file, a piece at a time.
    pub async fn stream(&self, hash: Hash) -> io::Result<Pieces> {
        match &self.place {
            Place::Folder(folder) => folder.stream(hash).await,
            Place::Objects(objects) => objects.stream(hash).await,
        }
    }

    /// The bytes of a whole file.
    pub async fn read(&self, hash: Hash) -> io::Result<Vec<u8>> {
        match &self.place {
            Place::Folder(folder) => folder.read(hash).await,
            Place::Objects(objects) => objects.read(hash).await,
        }
    }
}
