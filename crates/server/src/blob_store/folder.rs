//! Files in a folder: each under the hash of its content, written beside it until it is whole.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use axum::body::Bytes;
use futures::StreamExt;
use sha2::{Digest, Sha256};
use sync::wire::Hash;
use tokio::io::AsyncReadExt;

use super::{MARK, Pieces};

/// As much of a file is held at a time by whoever reads it.
const PIECE: usize = 256 * 1024;

/// A folder of files by hash.
#[derive(Clone, Debug)]
pub(super) struct Folder(PathBuf);

impl Folder {
    /// That folder, made when missing.
    pub(super) fn open(folder: PathBuf) -> io::Result<Self> {
        fs::create_dir_all(&folder)?;
        Ok(Self(folder))
    }

    pub(super) async fn mark(&self) -> io::Result<Vec<u8>> {
        let path = self.0.join(MARK);
        blocking(move || fs::read(path)).await
    }

    pub(super) async fn set_mark(&self, mark: Vec<u8>) -> io::Result<()> {
        let folder = self.0.clone();
        blocking(move || {
            let file = OpenOptions::new()
                .create(true)
                .truncate(true)
                .write(true)
                .open(folder.join(MARK))?;
            file.write_all_at(&mark, 0)?;
            file.sync_all()?;
            File::open(folder)?.sync_all()
        })
        .await
    }

    fn path(&self, hash: Hash) -> PathBuf {
        let name = hash.to_string();
        let (group, _) = name.split_at(2);
        self.0.join(group).join(&name)
    }

    fn part(&self, hash: Hash) -> PathBuf {
        self.path(hash).with_extension("part")
    }

    /// Puts a chunk in its place; it is on disk when this returns.
    pub(super) async fn write_chunk(&self, hash: Hash, at: u64, bytes: Vec<u8>) -> io::Result<()> {
        let part = self.part(hash);
        blocking(move || {
            make_folder_of(&part)?;
            let file = OpenOptions::new().create(true).truncate(false).write(true).open(&part)?;
            file.write_all_at(&bytes, at)?;
            file.sync_all()
        })
        .await
    }

    /// Proves that all chunks together are the file of that hash, and gives it its name. `false`: they are not, and
    /// are gone. Doing it again, after a crash in the middle, is harmless.
    pub(super) async fn finish(&self, hash: Hash, size: u64) -> io::Result<bool> {
        let (part, path) = (self.part(hash), self.path(hash));
        blocking(move || {
            if size == 0 {
                make_folder_of(&part)?;
                File::create(&part)?.sync_all()?;
            }
            let renamed = !part.exists() && path.exists();
            let part = if renamed { &path } else { &part };
            let file = match File::open(part) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
                opened => opened?,
            };
            if file.metadata()?.len() != size || digest(file)? != hash {
                fs::remove_file(part)?;
                return Ok(false);
            }
            fs::rename(part, &path)?;
            File::open(folder_of(&path)?)?.sync_all()?;
            Ok(true)
        })
        .await
    }

    /// Throws away the chunks of a file that is not whole.
    pub(super) async fn drop_part(&self, hash: Hash) -> io::Result<()> {
        let part = self.part(hash);
        blocking(move || match fs::remove_file(&part) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        })
        .await
    }

    pub(super) async fn remove(&self, hash: Hash) -> io::Result<()> {
        let path = self.path(hash);
        blocking(move || match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        })
        .await
    }

    pub(super) async fn holds(&self, hash: Hash, size: u64) -> io::Result<bool> {
        let path = self.path(hash);
        blocking(move || Ok(fs::metadata(path).is_ok_and(|file| file.len() == size))).await
    }

    /// The files of which no chunk has come since then, and that are not whole.
    pub(super) async fn abandoned(&self, since: SystemTime) -> io::Result<Vec<Hash>> {
        let folder = self.0.clone();
        blocking(move || {
            let mut abandoned = Vec::new();
            for group in fs::read_dir(folder)? {
                let group = group?.path();
                if !group.is_dir() {
                    continue;
                }
                for file in fs::read_dir(group)? {
                    let file = file?;
                    let path = file.path();
                    let is_part = path.extension().is_some_and(|extension| extension == "part");
                    let name = path.file_stem().and_then(|name| name.to_str());
                    let hash = name.and_then(|name| name.parse().ok()).filter(|_| is_part);
                    if let Some(hash) = hash
                        && file.metadata()?.modified()? < since
                    {
                        abandoned.push(hash);
                    }
                }
            }
            Ok(abandoned)
        })
        .await
    }

    /// The bytes of a whole file, a piece at a time.
    pub(super) async fn stream(&self, hash: Hash) -> io::Result<Pieces> {
        let file = tokio::fs::File::open(self.path(hash)).await?;
        let pieces = futures::stream::try_unfold(file, async |mut file| {
            let mut piece = Vec::with_capacity(PIECE);
            let read = file.read_buf(&mut piece).await?;
            Ok((read > 0).then(|| (Bytes::from(piece), file)))
        });
        Ok(pieces.boxed())
    }

    /// The bytes of a whole file.
    pub(super) async fn read(&self, hash: Hash) -> io::Result<Vec<u8>> {
        let path = self.path(hash);
        blocking(move || fs::read(path)).await
    }
}

/// Makes the folder of a file if it is missing; its name is on the disk then.
fn make_folder_of(path: &Path) -> io::Result<()> {
    let folder = folder_of(path)?;
    if !folder.exists() {
        fs::create_dir_all(folder)?;
        File::open(folder_of(folder)?)?.sync_all()?;
    }
    Ok(())
}

fn folder_of(path: &Path) -> io::Result<&Path> {
    path.parent().ok_or_else(|| io::Error::other("a file of the store has a folder"))
}

/// SHA-256 of a file.
pub(crate) fn digest(mut file: File) -> io::Result<Hash> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(Hash(hasher.finalize().into())),
            read => hasher.update(buffer.get(..read).unwrap_or_default()),
        }
    }
}

/// Waits for the disk beside everything else.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}
