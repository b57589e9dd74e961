//! Bundles on their way in: a file each, under the hash that it is to have, which grows until it is whole. Its length says
//! how far it is, so that a carrier with a bad line goes on where the line broke.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use sync::wire::Hash;
use tokio::sync::{Mutex, MutexGuard};

use crate::blob_store::{blocking, digest};

/// The folder.
#[derive(Clone, Debug)]
pub(crate) struct Incoming {
    folder: PathBuf,
    turn: Arc<Mutex<()>>,
}

impl Incoming {
    /// That folder; it is made with its first file.
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self { folder, turn: Arc::default() }
    }

    /// One piece and one import at a time: the second of two that bring the same finds it done.
    pub(crate) async fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().await
    }

    /// Where the bundle of that hash is, or comes.
    pub(crate) fn path(&self, hash: Hash) -> PathBuf {
        self.folder.join(format!("{hash}.part"))
    }

    /// How many of its bytes are here.
    pub(crate) fn held(&self, hash: Hash) -> io::Result<u64> {
        match fs::metadata(self.path(hash)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
            file => Ok(file?.len()),
        }
    }

    /// Adds the next bytes; they are on the disk when this returns.
    pub(crate) async fn append(&self, hash: Hash, bytes: Vec<u8>) -> io::Result<()> {
        let (folder, path) = (self.folder.clone(), self.path(hash));
        blocking(move || {
            fs::create_dir_all(&folder)?;
            let before = fs::metadata(&path).map_or(0, |file| file.len());
            let mut file = OpenOptions::new().create(true).append(true).open(&path)?;
            let written = file.write_all(&bytes).and_then(|()| file.sync_all());
            if written.is_err() {
                // Half a piece would be taken for the place of the next one.
                file.set_len(before)?;
            }
            written
        })
        .await
    }

    /// Gives a bundle that came whole its name, in the place of what came of it before.
    pub(crate) fn rename(&self, name: Hash, hash: Hash) -> io::Result<()> {
        fs::rename(self.path(name), self.path(hash))
    }

    /// Forgets it.
    pub(crate) fn forget(&self, hash: Hash) -> io::Result<()> {
        match fs::remove_file(self.path(hash)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }

    /// Forgets those of which nothing has come since then.
    pub(crate) fn sweep(&self, since: SystemTime) -> io::Result<usize> {
        let files = match fs::read_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
            files => files?,
        };
        let mut swept = 0;
        for file in files {
            let file = file?;
            if file.metadata()?.modified()? < since {
                fs::remove_file(file.path())?;
                swept += 1;
            }
        }
        Ok(swept)
    }
}

/// The hash of a file.
pub(crate) async fn hash_of(path: &Path) -> io::Result<Hash> {
    let path = path.to_owned();
    blocking(move || digest(fs::File::open(path)?)).await
}
