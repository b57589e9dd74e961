//! Backups: a folder that holds dated copies of the database, every file once, by its hash, and the organisation's private
//! keys. Making one more copies only the files that the folder does not hold yet.

use std::io;
use std::path::{Path, PathBuf};

use sync::wire::Hash;
use time::OffsetDateTime;
use time::macros::format_description;

use crate::blob_store::BlobStore;
use crate::bundle::keys::KeyFolder;
use crate::clock;
use crate::config::Config;
use crate::database::{BackupError, Database, DatabaseError, OpenError, read_copy};
use crate::erasures::{ErasuresError, List};

/// What a backup or a restore moved.
#[derive(Debug)]
pub struct Moved {
    /// The copy of the database.
    pub copy: PathBuf,
    /// Files that were there already.
    pub held: usize,
    /// Files that were copied and proved by their hash.
    pub copied: usize,
    /// Files that are missing or damaged. The phones that sent them are asked for them again.
    pub lost: Vec<Hash>,
}

/// Why a backup was not made or not put back.
#[derive(Debug, thiserror::Error)]
pub enum MoveError {
    /// The database's copy is not right.
    #[error(transparent)]
    Backup(#[from] BackupError),
    /// The database did not open.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The database could not answer.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// A folder or file could not be read or written.
    #[error("{path}: {error}")]
    Io {
        /// Which.
        path: String,
        /// Why.
        error: io::Error,
    },
    /// What was erased could not be erased again.
    #[error(transparent)]
    Erasures(#[from] ErasuresError),
    /// The folder holds no copy of a database.
    #[error("{0} holds no copy of a database")]
    NoCopy(String),
    /// There is a database already where one is to be put back.
    #[error("{0} holds a database already")]
    InUse(String),
}

fn at<T>(path: &Path, result: io::Result<T>) -> Result<T, MoveError> {
    result.map_err(|error| MoveError::Io { path: path.display().to_string(), error })
}

/// Adds a copy of the data to a backup folder while the server runs. Operations count as safe when all of it is there.
pub async fn backup(config: &Config, folder: &Path, now_ms: i64) -> Result<Moved, MoveError> {
    at(folder, std::fs::create_dir_all(folder))?;
    let database = Database::of(config, now_ms).await?;
    let file = folder.join(name(now_ms));
    let copy = database.copy_to(&file).await?;
    let (from, to) = (files_of(config)?, files_in(folder)?);
    let moved = move_files(&copy.files, &from, &to, file).await?;
    // Without them nobody could open the bundles that phones have sealed by now.
    let keys = folder.join("keys");
    at(&keys, KeyFolder::new(config.key_folder()).copy_to(&keys))?;
    // What was erased must stay so, whichever copy is put back; and its files are not to lie here for ever.
    let list = List::of(folder);
    at(folder, List::of(&config.data).copy_to(&list))?;
    for hash in database.erased_blobs().await? {
        at(folder, to.remove(hash).await)?;
    }
    for hash in &moved.lost {
        database.want_again(*hash).await?;
    }
    database.mark_safe(&copy, now_ms).await?;
    database.close().await;
    Ok(moved)
}

/// Puts a copy of a backup folder in an empty data folder, or in an empty database and that folder: the copy of that name,
/// else the newest. Every file is proved by its hash.
pub async fn restore(
    config: &Config,
    folder: &Path,
    name: Option<&str>,
) -> Result<Moved, MoveError> {
    let target = config.database_file();
    if config.database_url.is_none() && target.exists() {
        return Err(MoveError::InUse(target.display().to_string()));
    }
    let copy = match name {
        Some(name) => folder.join(name),
        None => newest(folder)?,
    };
    if !copy.is_file() {
        return Err(MoveError::NoCopy(copy.display().to_string()));
    }
    at(&config.data, std::fs::create_dir_all(&config.data))?;
    // Under its own name only when all is in its place: a restore that was cut short is begun again.
    let part = target.with_extension("part");
    at(&part, std::fs::copy(&copy, &part))?;
    let files = read_copy(&part).await?;
    let (from, to) = (files_in(folder)?, files_of(config)?);
    let moved = move_files(&files, &from, &to, copy).await?;
    let keys = config.key_folder();
    at(&keys, KeyFolder::new(folder.join("keys")).copy_to(&keys))?;
    let list = List::of(&config.data);
    at(folder, List::of(folder).copy_to(&list))?;
    if config.database_url.is_some() {
        let database = Database::of(config, clock::now_ms()).await?;
        database.put_back(&part).await?;
        database.close().await;
        at(&part, std::fs::remove_file(&part))?;
    } else {
        at(&part, std::fs::File::open(&part).and_then(|file| file.sync_all()))?;
        at(&target, std::fs::rename(&part, &target))?;
    }
    let database = Database::of(config, clock::now_ms()).await?;
    list.apply(&database, &to, clock::now_ms()).await?;
    for hash in &moved.lost {
        database.want_again(*hash).await?;
    }
    database.close().await;
    Ok(moved)
}

/// The store that the settings name.
fn files_of(config: &Config) -> Result<BlobStore, MoveError> {
    at(&config.data, BlobStore::of(config))
}

/// The store of a backup folder.
fn files_in(backup: &Path) -> Result<BlobStore, MoveError> {
    at(backup, BlobStore::open(backup.join("blobs")))
}

async fn move_files(
    files: &[(Hash, u64)],
    from: &BlobStore,
    to: &BlobStore,
    copy: PathBuf,
) -> Result<Moved, MoveError> {
    let mut moved = Moved { copy, held: 0, copied: 0, lost: Vec::new() };
    for (hash, size) in files {
        let file = PathBuf::from(hash.to_string());
        if at(&file, to.holds(*hash, *size).await)? {
            moved.held += 1;
        } else if at(&file, to.take(from, *hash, *size).await)? {
            moved.copied += 1;
        } else {
            moved.lost.push(*hash);
        }
    }
    Ok(moved)
}

/// Names that sort as they were made.
fn name(now_ms: i64) -> String {
    let nanos = i128::from(now_ms) * 1_000_000;
    let moment =
        OffsetDateTime::from_unix_timestamp_nanos(nanos).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    let format = format_description!(
        "sotay-[year][month][day]T[hour][minute][second][subsecond digits:3]Z.sqlite"
    );
    moment.format(format).unwrap_or_else(|_no_such_year| format!("sotay-{now_ms}.sqlite"))
}

fn newest(folder: &Path) -> Result<PathBuf, MoveError> {
    let mut newest: Option<PathBuf> = None;
    for entry in at(folder, std::fs::read_dir(folder))? {
        let path = at(folder, entry)?.path();
        let is_copy = path.extension().is_some_and(|extension| extension == "sqlite");
        if is_copy && newest.as_ref().is_none_or(|known| *known < path) {
            newest = Some(path);
        }
    }
    newest.ok_or_else(|| MoveError::NoCopy(folder.display().to_string()))
}
