//! The list of erasures: a file beside the database, and in each backup folder.
//!
//! It says what was erased where, and nothing of what stood there. A database that is put back from before knows nothing of an erasure; the list does it again.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sync::codec;
use sync::wire::{Hash, Operation};

use crate::accounts::{hex, unhex};
use crate::blob_store::{BlobStore, StoreError};
use crate::database::{Database, DatabaseError, Erasure, Gone};
use crate::{App, clock};

/// The file's name.
const NAME: &str = "erasures.jsonl";

/// Why the list could not be kept or done again.
#[derive(Debug, thiserror::Error)]
pub enum ErasuresError {
    /// The file or the store of files said no.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The database said no.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The photos are not where the settings say.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A line of the list is none.
    #[error("line {0} of {NAME} cannot be read")]
    Line(usize),
}

/// The list of a folder.
#[derive(Clone, Debug)]
pub struct List(PathBuf);

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    /// CBOR of the operation in hexadecimal, and the files.
    Record {
        operation: String,
        files: Vec<String>,
    },
    Account {
        account: String,
    },
}

impl List {
    /// The list of that folder, whether there is one yet or not.
    #[must_use]
    pub fn of(folder: &Path) -> Self {
        Self(folder.join(NAME))
    }

    /// Adds erasures of records. They are on the disk when this returns.
    pub fn add(&self, erasures: &[Erasure]) -> io::Result<()> {
        let lines = erasures.iter().map(|erasure| Line::Record {
            operation: sealed(&erasure.operation),
            files: erasure.files.iter().map(ToString::to_string).collect(),
        });
        self.add_lines(&lines.map(|line| text(&line)).collect::<Vec<_>>())
    }

    /// Adds an account whose name was erased.
    pub fn add_account(&self, account: &str) -> io::Result<()> {
        self.add_lines(&[text(&Line::Account { account: account.to_owned() })])
    }

    fn add_lines(&self, lines: &[String]) -> io::Result<()> {
        if lines.is_empty() {
            return Ok(());
        }
        let whole = self.text()?.len() as u64;
        let mut file = OpenOptions::new().create(true).append(true).mode(0o600).open(&self.0)?;
        if file.metadata()?.len() > whole {
            file.set_len(whole)?;
        }
        let written = file.write_all(lines.concat().as_bytes()).and_then(|()| file.sync_all());
        if written.is_err() {
            // What was not noted was not done.
            file.set_len(whole)?;
        }
        written?;
        let folder = self.0.parent().ok_or_else(|| io::Error::other("a list has a folder"))?;
        File::open(folder)?.sync_all()
    }

    /// Its whole lines. Half a line at its end is of an erasure that was not done: that waits until the line is on the disk.
    fn text(&self) -> io::Result<String> {
        let mut bytes = match std::fs::read(&self.0) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            read => read?,
        };
        let end = bytes.iter().rposition(|byte| *byte == b'\n');
        bytes.truncate(end.map_or(0, |end| end + 1));
        String::from_utf8(bytes).map_err(io::Error::other)
    }

    fn lines(&self) -> io::Result<Vec<String>> {
        Ok(self.text()?.split_inclusive('\n').map(str::to_owned).collect())
    }

    /// Adds to another list what this one has and that does not.
    pub fn copy_to(&self, other: &Self) -> io::Result<()> {
        let known: BTreeSet<String> = other.lines()?.into_iter().collect();
        let new: Vec<String> =
            self.lines()?.into_iter().filter(|line| !known.contains(line)).collect();
        other.add_lines(&new)
    }

    /// The files of which nothing is to be kept.
    pub fn files(&self) -> Result<Vec<Hash>, ErasuresError> {
        Ok(self.erasures()?.into_iter().flat_map(|erasure| erasure.files).collect())
    }

    /// The number of the last erasure of a record, whether the database ever came to know it or not.
    pub fn last(&self) -> Result<u64, ErasuresError> {
        let seqs = self.erasures()?.into_iter().map(|erasure| erasure.operation.dot.seq);
        Ok(seqs.max().unwrap_or_default())
    }

    fn erasures(&self) -> Result<Vec<Erasure>, ErasuresError> {
        let lines = (1..).zip(self.lines()?);
        let erasure = |(number, line): (usize, String)| match read(number, &line) {
            Ok(Line::Record { operation, files }) => Some(erasure(number, &operation, &files)),
            Ok(Line::Account { .. }) => None,
            Err(error) => Some(Err(error)),
        };
        lines.filter_map(erasure).collect()
    }

    /// Does again what a database that was put back does not know, and adds what it knows and the list does not. Says how many
    /// erasures were done.
    pub async fn apply(
        &self,
        database: &Database,
        blobs: &BlobStore,
        now_ms: i64,
    ) -> Result<usize, ErasuresError> {
        let mut done = 0;
        for (number, line) in (1..).zip(self.lines()?) {
            done += usize::from(match read(number, &line)? {
                Line::Record { operation, files } => {
                    let erasure = erasure(number, &operation, &files)?;
                    database.erase_again(&erasure, now_ms).await?
                }
                Line::Account { account } => {
                    database.erase_account(&account, None, now_ms, || Ok(())).await?
                }
            });
        }
        self.complete(database).await?;
        if done > 0 {
            remove_files_if_they_go(database, blobs, now_ms).await;
            database.scrub().await?;
        }
        Ok(done)
    }

    /// Adds what a database knows and this does not: another server, or another machine, erased it.
    pub async fn complete(&self, database: &Database) -> Result<(), ErasuresError> {
        let mut erasures = BTreeSet::new();
        let mut accounts = BTreeSet::new();
        for (number, line) in (1..).zip(self.lines()?) {
            match read(number, &line)? {
                Line::Record { operation, .. } => drop(erasures.insert(operation)),
                Line::Account { account } => drop(accounts.insert(account)),
            }
        }
        let known = database.erasures().await?.into_iter();
        let known = known.filter(|operation| !erasures.contains(&sealed(operation)));
        self.add(
            &known.map(|operation| Erasure { operation, files: Vec::new() }).collect::<Vec<_>>(),
        )?;
        for account in database.erased_accounts().await? {
            if !accounts.contains(&account) {
                self.add_account(&account)?;
            }
        }
        Ok(())
    }
}

/// Takes the files out of the store that were erased and may still be there. What cannot go now goes when this is done again.
pub(crate) async fn remove_files(
    database: &Database,
    blobs: &BlobStore,
    now_ms: i64,
) -> Result<(), ErasuresError> {
    let left = database.erased_blobs_left().await?;
    if left.is_empty() {
        return Ok(());
    }
    // What is not in another store is not gone.
    blobs.check(database).await?;
    let mut all_gone = Ok(());
    for hash in left {
        match blobs.remove(hash).await {
            Ok(()) => database.note_removed(hash, now_ms).await?,
            Err(error) => all_gone = Err(error.into()),
        }
    }
    all_gone
}

/// The same where all else is done and on the disk: what could not go does with the next sweep.
pub(crate) async fn remove_files_if_they_go(database: &Database, blobs: &BlobStore, now_ms: i64) {
    if let Err(error) = remove_files(database, blobs, now_ms).await {
        tracing::error!(%error, "a file that was erased could not be taken away yet");
    }
}

/// Takes away what a push brought that is erased.
pub(crate) async fn let_go(app: &App, gone: &Gone) {
    if !gone.files.is_empty() {
        remove_files_if_they_go(app.database(), app.blobs(), clock::now_ms()).await;
    }
}

/// An operation as a line has it.
fn sealed(operation: &Operation) -> String {
    hex(&codec::encode(operation))
}

fn erasure(number: usize, operation: &str, files: &[String]) -> Result<Erasure, ErasuresError> {
    let unreadable = || ErasuresError::Line(number);
    let bytes = unhex(operation).ok_or_else(unreadable)?;
    let operation = codec::decode(&bytes).map_err(|_no_operation| unreadable())?;
    let files = files.iter().map(|hash| hash.parse());
    let files = files.collect::<Result<_, _>>().map_err(|_no_hash| unreadable())?;
    Ok(Erasure { operation, files })
}

fn text(line: &Line) -> String {
    format!("{}\n", serde_json::to_string(line).expect("texts are plain data"))
}

fn read(number: usize, line: &str) -> Result<Line, ErasuresError> {
    serde_json::from_str(line).map_err(|_no_line| ErasuresError::Line(number))
}
