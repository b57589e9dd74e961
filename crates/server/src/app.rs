//! What all handlers share.

use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};

use tokio::sync::watch;
use tokio::time::Instant;

use crate::accounts::Throttle;
use crate::blob_store::{BlobStore, StoreError};
use crate::budgets::Budgets;
use crate::bundle::incoming::Incoming;
use crate::bundle::keys::{KeyFolder, OrganisationKey};
use crate::config::Config;
use crate::database::{Database, DatabaseError, OpenError};
use crate::erasure_list::{ErasuresError, List};
use crate::failed_sign_ins::FailedSignIns;
use crate::heard_of::HeardOf;
use crate::map::{MapError, MapFile};
use crate::static_files::StaticFiles;
use crate::{clock, openrosa};

/// All that handlers share.
#[derive(Clone, Debug)]
pub struct App {
    pub(crate) inner: Arc<Inner>,
}

#[derive(Debug)]
pub(crate) struct Inner {
    config: Config,
    database: Database,
    blobs: BlobStore,
    keys: KeyFolder,
    incoming: Incoming,
    files: StaticFiles,
    map: Option<MapFile>,
    throttle: Throttle,
    budgets: Budgets,
    failed_sign_ins: FailedSignIns,
    pub(crate) heard_of: HeardOf,
    openrosa: openrosa::Turn,
    /// Up to when the clock was believed before this server started, and when that was by a clock that nobody sets.
    pub(crate) heard: OnceLock<(i64, Instant)>,
    /// When a scheduled backup failed last, if none was made since.
    pub(crate) backup_failed_ms: Mutex<Option<i64>>,
    /// The feed's head: whoever waits for news wakes when it moves.
    head: watch::Sender<u64>,
    /// Becomes true once, when the server is asked to stop.
    stopping: watch::Sender<bool>,
}

/// Why a server could not start, or stopped.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The database did not open.
    #[error("{0}: {1}")]
    Database(String, OpenError),
    /// The database did not answer.
    #[error(transparent)]
    Answer(#[from] DatabaseError),
    /// The network said no.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// A folder of the server's own said no.
    #[error("{path}: {error}")]
    Folder {
        /// Which.
        path: String,
        /// What the system said.
        error: std::io::Error,
    },
    /// There is no app where one was said to be.
    #[error("{0}: there is no app in this folder (no index.html)")]
    NoApp(String),
    /// The photos are not where the settings say.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The list of erasures could not be done again: what was erased would be shown.
    #[error(transparent)]
    Erasures(#[from] ErasuresError),
    /// The map that was given is none.
    #[error(transparent)]
    Map(#[from] MapError),
}

impl App {
    /// Opens the data folder, makes it when missing.
    pub async fn open(config: Config) -> Result<Self, ServeError> {
        in_folder(&config.data, config.make_data_folder())?;
        if let Some(folder) = &config.app
            && !folder.join("index.html").is_file()
        {
            return Err(ServeError::NoApp(folder.display().to_string()));
        }
        let map = match &config.map {
            Some(file) => Some(MapFile::open(file).await?),
            None => None,
        };
        let database = Database::of(&config, clock::now_ms()).await;
        let database =
            database.map_err(|error| ServeError::Database(config.database_name(), error))?;
        let heard = database.heard_ms().await?.map(|heard_ms| (heard_ms, Instant::now()));
        let blobs = BlobStore::of(&config)?;
        match blobs.check(&database).await {
            // All but photos can be served meanwhile.
            Err(error @ StoreError::Io { .. }) => {
                tracing::error!(%error, "the photos cannot be reached");
            }
            checked => checked?,
        }
        let keys = KeyFolder::new(config.key_folder());
        ensure_key(&config, &database, &keys).await?;
        let again = List::of(&config.data).apply(&database, &blobs, clock::now_ms()).await?;
        if again > 0 {
            tracing::info!(erasures = again, "erased again what a backup had brought back");
        }
        let incoming = Incoming::new(config.incoming_folder());
        let files = StaticFiles::new(config.app.clone());
        if !files.has_app() {
            tracing::warn!(
                "built without the app: phones have nothing to open here (--app names its folder)"
            );
        }
        let budgets = Budgets::new(&config.allowances);
        let inner = Inner {
            config,
            database,
            blobs,
            keys,
            incoming,
            files,
            map,
            throttle: Throttle::default(),
            budgets,
            failed_sign_ins: FailedSignIns::default(),
            heard_of: HeardOf::default(),
            openrosa: openrosa::Turn::default(),
            heard: heard.map_or_else(OnceLock::new, OnceLock::from),
            backup_failed_ms: Mutex::default(),
            head: watch::Sender::new(0),
            stopping: watch::Sender::new(false),
        };
        let app = Self { inner: Arc::new(inner) };
        tokio::spawn(follow_head(app.database().clone(), app.inner.head.clone(), app.stopping()));
        Ok(app)
    }

    /// The database.
    #[must_use]
    pub fn database(&self) -> &Database {
        &self.inner.database
    }

    pub(crate) fn config(&self) -> &Config {
        &self.inner.config
    }

    pub(crate) fn blobs(&self) -> &BlobStore {
        &self.inner.blobs
    }

    pub(crate) fn keys(&self) -> &KeyFolder {
        &self.inner.keys
    }

    pub(crate) fn incoming(&self) -> &Incoming {
        &self.inner.incoming
    }

    pub(crate) fn files(&self) -> &StaticFiles {
        &self.inner.files
    }

    pub(crate) fn map(&self) -> Option<&MapFile> {
        self.inner.map.as_ref()
    }

    pub(crate) fn throttle(&self) -> &Throttle {
        &self.inner.throttle
    }

    pub(crate) fn budgets(&self) -> &Budgets {
        &self.inner.budgets
    }

    pub(crate) fn failed_sign_ins(&self) -> &FailedSignIns {
        &self.inner.failed_sign_ins
    }

    /// Waits until all so far stands in the database of which nobody waits for it: failed tries to sign in, and who was heard of.
    pub async fn all_noted(&self) {
        self.inner.failed_sign_ins.all_written().await;
        self.note_heard_of().await;
    }

    pub(crate) fn openrosa(&self) -> &openrosa::Turn {
        &self.inner.openrosa
    }

    /// Wakes whoever waits for news.
    pub(crate) fn announce(&self, head: u64) {
        announce(&self.inner.head, head);
    }

    pub(crate) fn news(&self) -> watch::Receiver<u64> {
        self.inner.head.subscribe()
    }

    pub(crate) fn stopping(&self) -> watch::Receiver<bool> {
        self.inner.stopping.subscribe()
    }

    /// Ends when requests have had their time to finish after the server was told to stop.
    pub(crate) async fn is_overdue(&self) {
        // Its sender is this app's own, and cannot go before it.
        drop(self.stopping().wait_for(|stopping| *stopping).await);
        tokio::time::sleep(self.config().grace).await;
    }

    /// Lets whoever waits for news go, so that the server can stop.
    pub fn stop(&self) {
        self.inner.stopping.send_replace(true);
    }
}

fn announce(news: &watch::Sender<u64>, head: u64) {
    news.send_if_modified(|known| {
        let moved = head > *known;
        *known = head.max(*known);
        moved
    });
}

/// Hears of what other processes wrote, until the server stops or is gone.
async fn follow_head(
    database: Database,
    news: watch::Sender<u64>,
    mut stopping: watch::Receiver<bool>,
) {
    tokio::select! {
        () = database.follow_head(|head| announce(&news, head)) => {}
        _ = stopping.changed() => {}
    }
}

fn in_folder<T>(path: &Path, result: std::io::Result<T>) -> Result<T, ServeError> {
    result.map_err(|error| ServeError::Folder { path: path.display().to_string(), error })
}

/// Makes the organisation's first key. A server whose database names one that is not in its folder goes on without: phones
/// then seal to what only another server opens, or nobody, until the file is put back or another key is made.
async fn ensure_key(
    config: &Config,
    database: &Database,
    keys: &KeyFolder,
) -> Result<(), ServeError> {
    let at = |result| in_folder(&config.key_folder(), result);
    match database.organisation_key().await? {
        Some(key) if at(keys.find(key.id()).map(|key| key.is_none()))? => {
            tracing::error!(key = %key.id(), "the organisation's private key is not here; bundles cannot be opened");
        }
        Some(_) => {}
        None => {
            let key = OrganisationKey::new();
            // The file comes first: what a phone seals must never be for nobody.
            at(keys.add(&key).map(|()| true))?;
            database.add_organisation_key(&key.public(), true, clock::now_ms()).await?;
        }
    }
    Ok(())
}
