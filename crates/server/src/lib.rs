//! The server: keeps what phones send, merges it, serves the app, and is the coordinators' desk.
//!
//! | Module | Owns |
//! |---|---|
//! | [`router`] | what happens to every request; which file answers which path |
//! | [`api`] | one file for each resource |
//! | [`database`] | all SQL |
//! | [`backup`] | dated copies of all data, and putting one back |
//! | [`bundle`] | the work of a phone that came as a file |
//! | [`accounts`] | roles, passwords, tokens, codes, throttling |
//! | [`passwords`] | what may be a new password |
//! | [`failed_sign_ins`] | which failed tries to sign in are written down |
//! | [`audit`] | the chain of the audit log, and proving it |
//! | [`pack_load`] | from a pack folder to forms and units in force |
//! | [`form_files`] | the files beside a form: lists, what labels show and play |
//! | [`spreadsheet_form`] | from a spreadsheet to a form that phones can run |
//! | [`entities`] | the things that records make and change, in lists |
//! | [`openrosa`] | ODK Collect and its kin: form list, forms, submissions |
//! | [`export`] | records as a spreadsheet |
//! | [`static_files`] | the app, as the build left it |
//!
//! [`serve`] runs it; tests do that too, in their own process.
#![warn(missing_docs)]

pub mod accounts;
pub mod api;
pub mod audit;
pub mod backup;
mod blob_store;
pub mod bundle;
pub mod clock;
pub mod config;
pub mod database;
pub mod entities;
pub mod error;
pub mod export;
pub mod failed_sign_ins;
pub mod form_files;
pub mod openrosa;
pub mod pack_load;
pub mod passwords;
mod problem_words;
pub mod router;
pub mod spreadsheet_form;
pub mod static_files;

use std::future::Future;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::accounts::Throttle;
use crate::blob_store::BlobStore;
use crate::bundle::incoming::Incoming;
use crate::bundle::keys::{KeyFolder, OrganisationKey};
use crate::config::Config;
use crate::database::{Database, DatabaseError, OpenError};
use crate::failed_sign_ins::FailedSignIns;
use crate::static_files::StaticFiles;

/// All that handlers share.
#[derive(Clone, Debug)]
pub struct App {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    config: Config,
    database: Database,
    blobs: BlobStore,
    keys: KeyFolder,
    incoming: Incoming,
    files: StaticFiles,
    throttle: Throttle,
    failed_sign_ins: FailedSignIns,
    openrosa: openrosa::Turn,
    /// The feed's head: whoever waits for news wakes when it moves.
    head: watch::Sender<u64>,
    /// Becomes true once, when the server is asked to stop.
    stopping: watch::Sender<bool>,
}

/// Why a server could not start, or stopped.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The database did not open.
    #[error(transparent)]
    Database(#[from] OpenError),
    /// The database did not answer.
    #[error(transparent)]
    Answer(#[from] DatabaseError),
    /// The data folder or the network said no.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

/// How long the parts of a file wait for the rest.
const ABANDONED_AFTER_MS: i64 = 30 * 24 * 3600 * 1000;

/// How often abandoned parts are looked for.
const SWEEP_EVERY: Duration = Duration::from_secs(24 * 3600);

/// Why abandoned parts were not thrown away.
#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    /// The database said no.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The folder said no.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

impl App {
    /// Opens the data folder, makes it when missing.
    pub async fn open(config: Config) -> Result<Self, ServeError> {
        std::fs::create_dir_all(&config.data)?;
        close_to_others(&config.data)?;
        let database = Database::of(&config, clock::now_ms()).await?;
        let blobs = BlobStore::of(&config)?;
        let keys = KeyFolder::new(config.key_folder());
        ensure_key(&database, &keys).await?;
        let incoming = Incoming::new(config.incoming_folder());
        let files = StaticFiles::new(config.app.clone());
        let inner = Inner {
            config,
            database,
            blobs,
            keys,
            incoming,
            files,
            throttle: Throttle::default(),
            failed_sign_ins: FailedSignIns::default(),
            openrosa: openrosa::Turn::default(),
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

    pub(crate) fn throttle(&self) -> &Throttle {
        &self.inner.throttle
    }

    pub(crate) fn failed_sign_ins(&self) -> &FailedSignIns {
        &self.inner.failed_sign_ins
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

    /// Throws away the parts of files of which nothing has come for a month. Their phones are told that they are
    /// missing, and can send them from the start.
    pub async fn sweep(&self, now_ms: i64) -> Result<usize, SweepError> {
        let since_ms = u64::try_from(now_ms - ABANDONED_AFTER_MS).unwrap_or(0);
        let since = SystemTime::UNIX_EPOCH + Duration::from_millis(since_ms);
        let abandoned = self.blobs().abandoned(since).await?;
        for hash in &abandoned {
            self.database().drop_blob(*hash).await?;
            self.blobs().drop_part(*hash).await?;
        }
        Ok(abandoned.len() + self.incoming().sweep(since)?)
    }

    /// Sweeps now and every day, until the server stops.
    async fn sweep_daily(self) {
        let mut stopping = self.stopping();
        loop {
            match self.sweep(clock::now_ms()).await {
                Ok(0) => {}
                Ok(files) => tracing::info!(files, "abandoned uploads thrown away"),
                Err(error) => tracing::error!(%error, "abandoned uploads not thrown away"),
            }
            tokio::select! {
                () = tokio::time::sleep(SWEEP_EVERY) => {}
                _ = stopping.changed() => return,
            }
        }
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

/// Makes the organisation's first key. A server whose database names one that is not in its folder goes on without: phones
/// then seal to what only another server opens, or nobody, until the file is put back or another key is made.
async fn ensure_key(database: &Database, keys: &KeyFolder) -> Result<(), ServeError> {
    match database.organisation_key().await? {
        Some(key) if keys.find(key.id())?.is_none() => {
            tracing::error!(key = %key.id(), "the organisation's private key is not here; bundles cannot be opened");
        }
        Some(_) => {}
        None => {
            let key = OrganisationKey::new();
            // The file comes first: what a phone seals must never be for nobody.
            keys.add(&key)?;
            database.add_organisation_key(&key.public(), true, clock::now_ms()).await?;
        }
    }
    Ok(())
}

/// Photos and names are nobody else's business on this machine.
fn close_to_others(folder: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700))
}

/// Serves until `shutdown` is done, then lets requests finish and closes the database.
pub async fn serve(
    config: Config,
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ServeError> {
    let app = App::open(config).await?;
    let service = router::router(app.clone()).into_make_service_with_connect_info::<SocketAddr>();
    let sweeping = tokio::spawn(app.clone().sweep_daily());
    let stopping = app.clone();
    axum::serve(listener, service)
        .with_graceful_shutdown(async move {
            shutdown.await;
            stopping.stop();
        })
        .await?;
    if let Err(error) = sweeping.await {
        tracing::error!(%error, "the sweep failed");
    }
    app.database().close().await;
    Ok(())
}
