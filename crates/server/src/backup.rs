//! Backups: a folder of dated copies of the database, of every file once, and of the organisation's private keys.
//!
//! Making one more copies only the files that the folder does not hold yet. Each copy was put back once, and is called
//! `.sqlite` since.

use std::io;
use std::path::{Path, PathBuf};

use sync::wire::Hash;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;
use time::{OffsetDateTime, PrimitiveDateTime};

use crate::blob_store::{BlobStore, StoreError};
use crate::bundle::keys::KeyFolder;
use crate::clock;
use crate::config::{Config, close_to_others};
use crate::database::{BackupError, Counts, Database, DatabaseError, OpenError, beside, read_copy};
use crate::erasure_list::{ErasuresError, List};

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
    /// The photos are not where the settings say.
    #[error(transparent)]
    Store(#[from] StoreError),
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
    /// It was put back in a place of its own, and is not what it must be.
    #[error("the backup is not good: {0}")]
    NotProved(String),
    /// The folder holds no copy of a database.
    #[error("{0} holds no copy of a database")]
    NoCopy(String),
    /// Some copies are from before what the clock says and some from after it: which is the newest is not known.
    #[error(
        "{0} is from a time to come: set this machine's clock, or say with --copy which one to put back"
    )]
    ToCome(String),
    /// What is called a copy is none, or not a whole one.
    #[error("{copy}: {error}")]
    BadCopy {
        /// Which.
        copy: String,
        /// Why.
        error: BackupError,
    },
    /// A backup beside what it is of goes when that goes.
    #[error("{0} is the data folder: backups need another one")]
    OwnFolder(String),
    /// There is a database already, or a part of one, where one is to be put back.
    #[error("{0} holds a database already, or a part of one")]
    InUse(String),
}

fn at<T>(path: &Path, result: io::Result<T>) -> Result<T, MoveError> {
    result.map_err(|error| MoveError::Io { path: path.display().to_string(), error })
}

/// Refuses the data folder as the place of its own backups.
pub fn check_folder(config: &Config, folder: &Path) -> Result<(), MoveError> {
    let real = |path: &Path| path.canonicalize().or_else(|_missing| std::path::absolute(path));
    if at(folder, real(folder))? == at(&config.data, real(&config.data))? {
        return Err(MoveError::OwnFolder(folder.display().to_string()));
    }
    Ok(())
}

/// Adds a copy of the data to a backup folder while the server runs, and proves it. Operations count as safe when all of it is
/// there and was put back once.
pub async fn backup(config: &Config, folder: &Path, now_ms: i64) -> Result<Moved, MoveError> {
    let database = Database::of(config, now_ms).await?;
    let made = backup_of(&database, config, folder, now_ms).await;
    database.close().await;
    made
}

/// The same of a database that is open.
pub async fn backup_of(
    database: &Database,
    config: &Config,
    folder: &Path,
    now_ms: i64,
) -> Result<Moved, MoveError> {
    check_folder(config, folder)?;
    // Who else may look into a folder that is there is for whoever made it to say.
    if !folder.exists() {
        at(folder, std::fs::create_dir_all(folder))?;
        at(folder, close_to_others(folder))?;
    }
    let (from, to) = (files_of(config)?, files_in(folder)?);
    // Every photo would seem lost in another store.
    from.check(database).await?;
    // What was erased must stay so, whichever copy is put back, and though no other one is made.
    let list = List::of(folder);
    at(folder, List::of(&config.data).copy_to(&list))?;
    list.complete(database).await?;
    let least = database.counts().await?;
    let file = folder.join(name(now_ms));
    if file.exists() {
        return Err(BackupError::Exists(file.display().to_string()).into());
    }
    drop_given_up(folder, now_ms)?;
    // What was not proved is not called a copy: nobody puts it back by mistake.
    let unproved = file.with_extension("unproved");
    let _unless_proved = Unproved(unproved.clone());
    let copy = database.copy_to(&unproved).await?;
    let mut moved = move_files(&copy.files, &from, &to, file.clone()).await?;
    // Without them nobody could open the bundles that phones have sealed by now.
    let keys = folder.join("keys");
    at(&keys, KeyFolder::new(config.key_folder()).copy_to(&keys))?;
    // Nor are its files to lie here for ever.
    for hash in database.erased_blobs().await? {
        at(folder, to.remove(hash).await)?;
    }
    let place = folder.join(format!("{PROVING}{now_ms}"));
    prove(&unproved, &place, least, now_ms).await?;
    for (hash, size) in &copy.files {
        // A disk may have lost a bit since; here the file is still whole.
        if !moved.lost.contains(hash) && !at(folder, to.proves(*hash, *size).await)? {
            at(folder, to.remove(*hash).await)?;
            match at(folder, to.take(&from, *hash, *size).await)? {
                true => moved.copied += 1,
                false => moved.lost.push(*hash),
            }
        }
    }
    at(&unproved, std::fs::rename(&unproved, &file))?;
    at(folder, std::fs::File::open(folder).and_then(|folder| folder.sync_all()))?;
    for hash in &moved.lost {
        database.want_again(*hash, clock::now_ms()).await?;
    }
    database.mark_safe(&copy, now_ms).await?;
    Ok(moved)
}

/// Puts a copy back in a place of its own, as `restore` does, opens it as a server does, and looks whether all is there.
async fn prove(copy: &Path, place: &Path, least: Counts, now_ms: i64) -> Result<(), MoveError> {
    let _while_it_lasts = Unproved(place.to_owned());
    at(place, std::fs::create_dir_all(place))?;
    at(place, close_to_others(place))?;
    let config = Config::new(place);
    let file = config.database_file();
    at(&file, std::fs::copy(copy, &file))?;
    read_copy(&file).await?;
    let written = Database::counts_of_copy(&file).await?;
    let database = Database::open(&file, now_ms).await?;
    let restored = database.counts().await?;
    let audit = database.verify_audit(None).await;
    let records = database.read_records().await;
    database.close().await;
    let wrong = |why: String| Err(MoveError::NotProved(why));
    if let Some(what) = written.lacks(least) {
        return wrong(format!("it holds fewer {what} than the database"));
    }
    if let Some(what) = restored.lacks(written) {
        return wrong(format!("put back, it holds fewer {what}"));
    }
    if restored.epoch <= written.epoch {
        return wrong("put back, it does not begin an epoch".to_owned());
    }
    match audit? {
        Ok(_) => {}
        Err(broken) => return wrong(format!("the audit log is broken: {broken}")),
    }
    let records = records?;
    if records != restored.records {
        return wrong(format!("{records} of {} records can be read", restored.records));
    }
    Ok(())
}

/// A copy in the making, or the place where it is proved. It is as large as the database, and goes when this does, whatever became of
/// it; a copy that was proved has its own name by then.
struct Unproved(PathBuf);

impl Drop for Unproved {
    fn drop(&mut self) {
        let gone = if self.0.is_dir() { drop_folder(&self.0) } else { drop_files_of(&self.0) };
        if let Err(error) = gone {
            tracing::error!(%error, "what is left of a backup could not be taken away");
        }
    }
}

/// Takes away what a process that was killed left of a backup, a day later: somebody else may be making one now.
fn drop_given_up(folder: &Path, now_ms: i64) -> Result<(), MoveError> {
    let since_ms = now_ms - DAY_MS;
    for entry in at(folder, std::fs::read_dir(folder))? {
        let path = at(folder, entry)?.path();
        let copy = path.with_extension("sqlite");
        let is_unproved = path.extension().is_some_and(|extension| extension == "unproved");
        if is_unproved && is_name(&copy) && copy < folder.join(name(since_ms)) {
            drop_files_of(&path)?;
        }
        let begun_ms = path.file_name().and_then(|name| name.to_str()?.strip_prefix(PROVING));
        if begun_ms.and_then(|ms| ms.parse().ok()).is_some_and(|ms: i64| ms < since_ms) {
            drop_folder(&path)?;
        }
        if is_name(&path) && is_to_come(&path, now_ms) {
            tracing::warn!(copy = %path.display(), "a copy from a time to come counts for nothing");
        }
    }
    Ok(())
}

fn drop_folder(folder: &Path) -> Result<(), MoveError> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        gone => at(folder, gone),
    }
}

/// Lets copies go but for the newest ones. Says which went.
pub fn prune(folder: &Path, keep: usize, now_ms: i64) -> Result<Vec<PathBuf>, MoveError> {
    let mut copies = known(folder, now_ms)?;
    copies.truncate(copies.len().saturating_sub(keep.max(1)));
    for copy in &copies {
        at(copy, std::fs::remove_file(copy))?;
    }
    Ok(copies)
}

/// Whether the newest copy of a folder is older than so much, or there is none.
pub fn is_older(folder: &Path, age_ms: i64, now_ms: i64) -> Result<bool, MoveError> {
    if !folder.exists() {
        return Ok(true);
    }
    let newest = known(folder, now_ms)?.pop();
    let newest = newest.as_deref().and_then(Path::file_name).map(ToOwned::to_owned);
    Ok(newest.is_none_or(|newest| *newest <= *name(now_ms - age_ms)))
}

/// A database's file that was given up, with what `SQLite` keeps beside it.
fn drop_files_of(file: &Path) -> Result<(), MoveError> {
    for suffix in ["", "-wal", "-shm", "-journal"] {
        let path = beside(file, suffix);
        if path.exists() {
            at(&path, std::fs::remove_file(&path))?;
        }
    }
    Ok(())
}

/// Puts a copy of a backup folder in an empty data folder, or in an empty database and that folder: the copy of that name,
/// else the newest. Every file is proved by its hash.
pub async fn restore(
    config: &Config,
    folder: &Path,
    name: Option<&str>,
) -> Result<Moved, MoveError> {
    let target = config.database_file();
    // A log without its file is that of one that was moved away, which is not whole without it.
    let in_use = || ["", "-wal", "-journal"].map(|suffix| beside(&target, suffix));
    if config.database_url.is_none()
        && let Some(file) = in_use().into_iter().find(|file| file.exists())
    {
        return Err(MoveError::InUse(file.display().to_string()));
    }
    let copy = match name {
        Some(name) => folder.join(name),
        None => newest(folder)?,
    };
    if !copy.is_file() {
        return Err(MoveError::NoCopy(copy.display().to_string()));
    }
    at(&config.data, config.make_data_folder())?;
    // Under its own name only when all is in its place: a restore that was cut short is begun again.
    let part = target.with_extension("part");
    at(&part, std::fs::copy(&copy, &part))?;
    let files = match read_copy(&part).await {
        Ok(files) => files,
        Err(error) => {
            drop_files_of(&part)?;
            return Err(MoveError::BadCopy { copy: copy.display().to_string(), error });
        }
    };
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
    for hash in &moved.lost {
        database.want_again(*hash, clock::now_ms()).await?;
    }
    to.check(&database).await?;
    list.apply(&database, &to, clock::now_ms()).await?;
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

/// What the place is called where a copy is proved; the moment is behind it.
const PROVING: &str = "proving-";

const DAY_MS: i64 = 24 * 3600 * 1000;

/// Names of copies sort as they were made.
const NAME: &[BorrowedFormatItem<'_>] = format_description!(
    "sotay-[year][month][day]T[hour][minute][second][subsecond digits:3]Z.sqlite"
);

fn name(now_ms: i64) -> String {
    let nanos = i128::from(now_ms) * 1_000_000;
    let moment =
        OffsetDateTime::from_unix_timestamp_nanos(nanos).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    moment.format(NAME).unwrap_or_else(|_no_such_year| format!("sotay-{now_ms}.sqlite"))
}

/// Whether a file is called as copies are: any other one was not proved, and is not for us to delete.
fn is_name(file: &Path) -> bool {
    let name = file.file_name().and_then(|name| name.to_str());
    name.is_some_and(|name| PrimitiveDateTime::parse(name, NAME).is_ok())
}

fn newest(folder: &Path) -> Result<PathBuf, MoveError> {
    let mut copies = copies(folder)?;
    let newest = copies.pop().ok_or_else(|| MoveError::NoCopy(folder.display().to_string()))?;
    let is_to_come = |copy: &PathBuf| is_to_come(copy, clock::now_ms());
    // Where the clock stands before all of them it is the clock that is wrong. Else it may as well be that copy.
    if is_to_come(&newest) && !copies.iter().all(is_to_come) {
        return Err(MoveError::ToCome(newest.display().to_string()));
    }
    Ok(newest)
}

/// Whether a copy was made when the clock was ahead.
fn is_to_come(copy: &Path, now_ms: i64) -> bool {
    copy.file_name().is_some_and(|file| *file > *name(now_ms + DAY_MS))
}

/// The copies of a folder, oldest first, without those from a time to come: one would be the newest for years.
fn known(folder: &Path, now_ms: i64) -> Result<Vec<PathBuf>, MoveError> {
    Ok(copies(folder)?.into_iter().filter(|copy| !is_to_come(copy, now_ms)).collect())
}

/// All copies of a folder, oldest first.
fn copies(folder: &Path) -> Result<Vec<PathBuf>, MoveError> {
    let mut copies = Vec::new();
    for entry in at(folder, std::fs::read_dir(folder))? {
        let path = at(folder, entry)?.path();
        if is_name(&path) {
            copies.push(path);
        }
    }
    copies.sort();
    Ok(copies)
}
