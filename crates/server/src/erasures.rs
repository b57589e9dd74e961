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
use sync::wire::Hash;

use crate::App;
use crate::accounts::unhex;
use crate::blob_store::BlobStore;
use crate::database::{Database, DatabaseError, Erasure, Gone};

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
            operation: crate::accounts::hex(&codec::encode(&erasure.operation)),
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
        let mut file = OpenOptions::new().create(true).append(true).mode(0o600).open(&self.0)?;
        file.write_all(lines.concat().as_bytes())?;
        file.sync_all()?;
        let folder = self.0.parent().ok_or_else(|| io::Error::other("a list has a folder"))?;
        File::open(folder)?.sync_all()
    }

    fn lines(&self) -> io::Result<Vec<String>> {
        match std::fs::read_to_string(&self.0) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            read => Ok(read?.split_inclusive('\n').map(str::to_owned).collect()),
        }
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
        let mut listed = BTreeSet::new();
        let mut accounts = BTreeSet::new();
        for (number, line) in (1..).zip(self.lines()?) {
            match read(number, &line)? {
                Line::Record { operation, files } => {
                    let erasure = erasure(number, &operation, &files)?;
                    listed.insert(erasure.operation.dot.seq);
                    if let Some(dropped) = database.erase_again(&erasure, now_ms).await? {
                        remove(blobs, &dropped).await?;
                        done += 1;
                    }
                }
                Line::Account { account } => {
                    done += usize::from(
                        database.erase_account(&account, None, now_ms, || Ok(())).await?,
                    );
                    accounts.insert(account);
                }
            }
        }
        let known = database.erasures().await?.into_iter();
        let known = known.filter(|operation| !listed.contains(&operation.dot.seq));
        self.add(
            &known.map(|operation| Erasure { operation, files: Vec::new() }).collect::<Vec<_>>(),
        )?;
        for account in database.erased_accounts().await? {
            if !accounts.contains(&account) {
                self.add_account(&account)?;
            }
        }
        if done > 0 {
            database.scrub().await?;
        }
        Ok(done)
    }
}

/// Takes files away whose rows are gone.
pub(crate) async fn remove(blobs: &BlobStore, files: &[Hash]) -> io::Result<()> {
    for hash in files {
        blobs.remove(*hash).await?;
    }
    Ok(())
}

/// Takes away what a push brought that is erased. The push is on the disk already: that something could not go is for the operator.
pub(crate) async fn let_go(app: &App, gone: &Gone) {
    if let Err(error) = remove(app.blobs(), &gone.files).await {
        tracing::error!(%error, "a file that was erased could not be taken away");
    }
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
