//! What an operator decides about a running server.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::accounts::Role;
use crate::budgets::Allowances;

/// Largest push, blob chunk aside: bytes before and after decompression.
pub const MAX_BODY: usize = sync::push::MAX_REQUEST_BYTES;

/// Largest body of a request that brings only a few words, such as a name and a password.
pub const MAX_WORDS: usize = 64 * 1024;

/// Largest file that a record may carry.
pub const MAX_BLOB: u64 = sync::blob::MAX_SIZE;

/// How long a request may wait for news, in seconds.
pub const MAX_WAIT: u64 = 25;

/// The settings of `sotay-server serve`.
#[derive(Clone, Debug)]
pub struct Config {
    /// The folder of the database and the files.
    pub data: PathBuf,
    /// The PostgreSQL database, if it is not the file in that folder.
    pub database_url: Option<String>,
    /// The store of photos and other files, `s3://BUCKET/PREFIX`, if it is not a folder in that folder.
    pub blobs_url: Option<String>,
    /// How it is reached: what `AWS_…` variables say, by their names in small letters.
    pub blobs_options: BTreeMap<String, String>,
    /// Where backups go by themselves, and how often.
    pub backups: Option<Schedule>,
    /// Serve the app from this folder, not from the one built in.
    pub app: Option<PathBuf>,
    /// Pictures of the earth, an `MBTiles` file: without it there is no map in the app.
    pub map: Option<PathBuf>,
    /// The address that people type, when it is not the one listened on.
    pub public_url: Option<String>,
    /// Whether a reverse proxy stands in front, whose `X-Forwarded-*` headers tell the truth.
    pub behind_proxy: bool,
    /// How much of the server one person may take.
    pub allowances: Allowances,
    /// The roles of people whose password is not enough once they have a passkey.
    pub passkey_roles: Vec<Role>,
    /// Of these roles everybody does: who has no passkey makes one at the door, with a code.
    pub passkeys_must: Vec<Role>,
    /// How long requests may take to finish when the server is told to stop. A phone whose line has gone silent never would.
    pub grace: Duration,
}

/// Backups that a running server makes by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// The folder that they go to.
    pub folder: PathBuf,
    /// How old the newest one may become before another one is made.
    pub every_ms: i64,
    /// How many copies of the database stay.
    pub keep: usize,
}

impl Config {
    /// Settings for a server on this machine, with its data in a folder.
    pub fn new(data: impl Into<PathBuf>) -> Self {
        Self {
            data: data.into(),
            database_url: None,
            blobs_url: None,
            blobs_options: BTreeMap::new(),
            backups: None,
            app: None,
            map: None,
            public_url: None,
            behind_proxy: false,
            allowances: Allowances::default(),
            passkey_roles: Vec::new(),
            passkeys_must: Vec::new(),
            grace: Duration::from_secs(30),
        }
    }

    /// Makes the data folder, when missing, and closes it: photos and names are nobody else's business on this machine.
    pub fn make_data_folder(&self) -> io::Result<()> {
        std::fs::create_dir_all(&self.data)?;
        close_to_others(&self.data)
    }

    /// What an operator calls the database by. An address may have a password in it.
    #[must_use]
    pub fn database_name(&self) -> String {
        match &self.database_url {
            Some(_) => "PostgreSQL".to_owned(),
            None => self.database_file().display().to_string(),
        }
    }

    /// The database's file.
    #[must_use]
    pub fn database_file(&self) -> PathBuf {
        self.data.join("sotay.sqlite")
    }

    /// The folder of photos, signatures and other files.
    #[must_use]
    pub fn blob_folder(&self) -> PathBuf {
        self.data.join("blobs")
    }

    /// The folder of the organisation's private keys.
    #[must_use]
    pub fn key_folder(&self) -> PathBuf {
        self.data.join("keys")
    }

    /// The folder of bundles that are on their way in.
    #[must_use]
    pub fn incoming_folder(&self) -> PathBuf {
        self.data.join("incoming")
    }

    pub(crate) fn is_https(&self) -> bool {
        self.public_url.as_deref().is_some_and(|url| url.starts_with("https://"))
    }
}

/// Lets nobody but the server's own account into a folder.
pub(crate) fn close_to_others(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700))
}
