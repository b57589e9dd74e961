//! The list of erasures: a file beside the database, and in each backup folder.
//!
//! It says what was erased where, and nothing of what stood there. A database that is put back from before knows nothing of an erasure; the list does it again.

use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sync::codec;
use sync::erase::SERVER;
use sync::wire::{Dot, Hash, Operation};

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

/// What a line says.
enum Noted {
    Record(Box<Erasure>),
    Account(String),
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
            operation: hex(&codec::encode(&erasure.operation)),
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
        let mut options = OpenOptions::new();
        let mut file = options.create(true).read(true).append(true).mode(0o600).open(&self.0)?;
        let whole = whole(&file)?;
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

    /// Its whole lines, one after the other: it only grows. Half a line at its end is of an erasure that was not done: that waits
    /// until the line is on the disk.
    fn lines(&self) -> io::Result<impl Iterator<Item = io::Result<String>> + use<>> {
        let mut file = match File::open(&self.0) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            file => Some(BufReader::new(file?)),
        };
        Ok(std::iter::from_fn(move || {
            let mut line = Vec::new();
            match file.as_mut()?.read_until(b'\n', &mut line) {
                Ok(_) if !line.ends_with(b"\n") => None,
                Ok(_) => Some(String::from_utf8(line).map_err(io::Error::other)),
                Err(error) => Some(Err(error)),
            }
        }))
    }

    /// What they say.
    fn noted(&self) -> io::Result<impl Iterator<Item = Result<Noted, ErasuresError>> + use<>> {
        Ok((1..).zip(self.lines()?).map(|(number, line)| read(number, &line?)))
    }

    /// Adds to another list what this one has and that does not.
    pub fn copy_to(&self, other: &Self) -> io::Result<()> {
        let name = |line: &String| codec::hash(line.as_bytes());
        let known = other.lines()?.map(|line| line.map(|line| name(&line)));
        let known: BTreeSet<Hash> = known.collect::<io::Result<_>>()?;
        let is_new = |line: &io::Result<String>| {
            line.as_ref().map_or(true, |line| !known.contains(&name(line)))
        };
        let new: Vec<String> = self.lines()?.filter(is_new).collect::<io::Result<_>>()?;
        other.add_lines(&new)
    }

    /// The files of which nothing is to be kept.
    pub fn files(&self) -> Result<Vec<Hash>, ErasuresError> {
        let mut files = Vec::new();
        for noted in self.noted()? {
            if let Noted::Record(erasure) = noted? {
                files.extend(erasure.files);
            }
        }
        Ok(files)
    }

    /// The number of the last erasure of a record, whether the database ever came to know it or not.
    pub fn last(&self) -> Result<u64, ErasuresError> {
        let mut last = 0;
        for noted in self.noted()? {
            if let Noted::Record(erasure) = noted? {
                last = last.max(erasure.operation.dot.seq);
            }
        }
        Ok(last)
    }

    /// Does again what a database that was put back does not know, and adds what it knows and the list does not. Says how many
    /// erasures were done.
    ///
    /// Each start does this with all that was ever erased: of what the database knows it asks once, and writes nothing.
    pub async fn apply(
        &self,
        database: &Database,
        blobs: &BlobStore,
        now_ms: i64,
    ) -> Result<usize, ErasuresError> {
        let erasures = database.erasures(|operation| Some(name(&operation))).await?;
        let erasures = BTreeSet::from_iter(erasures);
        let accounts = BTreeSet::from_iter(database.erased_accounts().await?);
        let mut done = 0;
        for noted in self.noted()? {
            done += usize::from(match noted? {
                Noted::Record(erasure) => {
                    !erasures.contains(&name(&erasure.operation))
                        && database.erase_again(&erasure, now_ms).await?
                }
                Noted::Account(account) => {
                    !accounts.contains(&account)
                        && database.erase_account(&account, None, now_ms, || Ok(())).await?
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
        let (mut erasures, mut accounts) = (BTreeSet::new(), BTreeSet::new());
        for noted in self.noted()? {
            match noted? {
                Noted::Record(erasure) => drop(erasures.insert(name(&erasure.operation))),
                Noted::Account(account) => drop(accounts.insert(account)),
            }
        }
        let new = |operation| {
            let is_new = !erasures.contains(&name(&operation));
            is_new.then(|| Erasure { operation, files: Vec::new() })
        };
        self.add(&database.erasures(new).await?)?;
        for account in database.erased_accounts().await? {
            if !accounts.contains(&account) {
                self.add_account(&account)?;
            }
        }
        Ok(())
    }
}

/// How many bytes of a list are whole lines.
fn whole(list: &File) -> io::Result<u64> {
    let mut end = list.metadata()?.len();
    let mut block = [0; 4096];
    while end > 0 {
        let length = end.min(block.len() as u64);
        end -= length;
        let block = &mut block[..usize::try_from(length).map_err(io::Error::other)?];
        list.read_exact_at(block, end)?;
        if let Some(at) = block.iter().rposition(|byte| *byte == b'\n') {
            return Ok(end + at as u64 + 1);
        }
    }
    Ok(0)
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

/// What an erasure is known by: all that it says but its number. Two servers that did not know of each other gave one number to two:
/// the second one has another by now.
fn name(operation: &Operation) -> Hash {
    let dot = Dot { device: SERVER, seq: 0 };
    codec::hash(&codec::encode(&Operation { dot, ..operation.clone() }))
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

fn read(number: usize, line: &str) -> Result<Noted, ErasuresError> {
    let line = serde_json::from_str(line).map_err(|_no_line| ErasuresError::Line(number))?;
    Ok(match line {
        Line::Record { operation, files } => {
            Noted::Record(Box::new(erasure(number, &operation, &files)?))
        }
        Line::Account { account } => Noted::Account(account),
    })
}
