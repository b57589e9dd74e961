//! The server: keeps what phones send, merges it, serves the app, and is the coordinators' desk.
//!
//! | Module | Owns |
//! |---|---|
//! | [`router`] | what happens to every request; which file answers which path |
//! | [`api`] | one file for each resource |
//! | [`database`] | all SQL about records and people |
//! | [`map`] | the map's file: pictures of the earth |
//! | [`backup`] | dated copies of all data, and putting one back |
//! | [`bundle`] | the work of a phone that came as a file |
//! | [`accounts`] | roles, passwords, tokens, codes, throttling |
//! | [`budgets`] | how much of the server one person may take |
//! | [`passkeys`] | what browsers and authenticators say, read and verified |
//! | [`passwords`] | what may be a new password |
//! | [`failed_sign_ins`] | which failed tries to sign in are written down |
//! | [`audit`] | the chain of the audit log, and proving it |
//! | [`pack_load`] | from a pack folder to forms and units in force |
//! | [`form_files`] | the files beside a form: lists, what labels show and play |
//! | [`spreadsheet_form`] | from a spreadsheet to a form that phones can run |
//! | [`entities`] | the things that records make and change, in lists |
//! | [`openrosa`] | ODK Collect and its kin: form list, forms, submissions |
//! | [`persons`] | what is held about a person: finding, exporting, erasing it |
//! | [`erasures`] | the list of what was erased, for databases that are put back |
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
pub mod budgets;
pub mod bundle;
pub mod clock;
pub mod config;
pub mod database;
pub mod entities;
pub mod erasures;
pub mod error;
pub mod export;
pub mod failed_sign_ins;
pub mod form_files;
pub mod map;
pub mod openrosa;
pub mod pack_load;
pub mod passkeys;
pub mod passwords;
pub mod persons;
mod problem_words;
pub mod router;
pub mod spreadsheet_form;
pub mod static_files;
mod turns;

use std::future::Future;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, SystemTime};

use axum::serve::ListenerExt as _;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::accounts::Throttle;
use crate::backup::{MoveError, Moved};
use crate::blob_store::BlobStore;
use crate::budgets::Budgets;
use crate::bundle::incoming::Incoming;
use crate::bundle::keys::{KeyFolder, OrganisationKey};
use crate::config::{Config, Schedule};
use crate::database::{Database, DatabaseError, OpenError};
use crate::erasures::{ErasuresError, List};
use crate::failed_sign_ins::FailedSignIns;
use crate::map::{MapError, MapFile};
use crate::persons::PersonError;
use crate::static_files::StaticFiles;

pub use crate::blob_store::StoreError;

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
    map: Option<MapFile>,
    throttle: Throttle,
    budgets: Budgets,
    failed_sign_ins: FailedSignIns,
    openrosa: openrosa::Turn,
    /// Up to when the clock was believed before this server started, and when that was by a clock that nobody sets.
    heard: OnceLock<(i64, Instant)>,
    /// When a scheduled backup failed last, if none was made since.
    backup_failed_ms: Mutex<Option<i64>>,
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

/// How long the parts of a file wait for the rest.
const ABANDONED_AFTER_MS: i64 = 30 * 24 * 3600 * 1000;

/// How often abandoned parts are looked for, and answers that were kept long enough.
const SWEEP_EVERY: Duration = Duration::from_secs(24 * 3600);

/// How long after the start answers are looked for that were kept long enough: by then the clock was set.
const RETAIN_AFTER: Duration = Duration::from_secs(3600);

/// How long a server may have stood still: a clock that is further ahead is not believed where that would erase what nobody gets back.
const STOOD_STILL_MS: i64 = 31 * 24 * 3600 * 1000;

/// How often the database is written anew at most, where pushes want it: on `SQLite` nobody else writes meanwhile.
const SCRUB_EVERY: Duration = Duration::from_secs(3600);

/// How often is looked whether it is time for a backup.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// How long after a backup that failed the next one is tried.
const BACKUP_RETRY_MS: i64 = 15 * 60 * 1000;

/// How scheduled backups stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BackupHealth {
    /// The newest was proved, and is young enough.
    Ok,
    /// There is none yet, or the newest is twice as old as it should become.
    Late,
    /// The last try failed.
    Failed,
}

/// Why abandoned parts were not thrown away.
#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    /// What was erased could not be taken out of the store.
    #[error(transparent)]
    Erasures(#[from] ErasuresError),
    /// The database said no.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The folder said no.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// The photos are not where the settings say.
    #[error(transparent)]
    Store(#[from] StoreError),
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

    /// Waits until the failed tries to sign in so far stand in the log, of which nobody who tries waits for it.
    pub async fn all_noted(&self) {
        self.inner.failed_sign_ins.all_written().await;
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
    async fn is_overdue(&self) {
        // Its sender is this app's own, and cannot go before it.
        drop(self.stopping().wait_for(|stopping| *stopping).await);
        tokio::time::sleep(self.config().grace).await;
    }

    /// Makes the backup of the schedule if it is time for one, proves it and lets the oldest go. After one that failed the next try
    /// comes sooner.
    pub async fn backup_if_due(&self, now_ms: i64) -> Result<Option<Moved>, MoveError> {
        let Some(schedule) = &self.config().backups else { return Ok(None) };
        let Schedule { folder, every_ms, keep } = schedule;
        let failed = || self.inner.backup_failed_ms.lock().unwrap_or_else(PoisonError::into_inner);
        let tried_ms = *failed();
        let retry_ms = BACKUP_RETRY_MS.min(*every_ms);
        if tried_ms.is_some_and(|tried_ms| now_ms - tried_ms < retry_ms) {
            return Ok(None);
        }
        let made = match backup::is_older(folder, *every_ms, now_ms) {
            Ok(false) => {
                // Somebody else made one since.
                *failed() = None;
                return Ok(None);
            }
            Ok(true) => backup::backup_of(self.database(), self.config(), folder, now_ms).await,
            Err(error) => Err(error),
        };
        // Older ones go only when a newer one is good.
        let made = made.and_then(|moved| backup::prune(folder, *keep, now_ms).map(|_| moved));
        match made {
            Ok(moved) => {
                *failed() = None;
                Ok(Some(moved))
            }
            Err(error) => {
                *failed() = Some(now_ms);
                self.database().note_backup_failure(&error.to_string(), now_ms).await?;
                Err(error)
            }
        }
    }

    /// How the backups of the schedule stand; none if there is no schedule.
    pub fn backup_health(&self, now_ms: i64) -> Option<BackupHealth> {
        let Schedule { folder, every_ms, .. } = self.config().backups.as_ref()?;
        let failed_ms = self.inner.backup_failed_ms.lock().unwrap_or_else(PoisonError::into_inner);
        let is_late = backup::is_older(folder, every_ms.saturating_mul(2), now_ms);
        Some(match (*failed_ms, is_late) {
            (Some(_), _) | (None, Err(_)) => BackupHealth::Failed,
            (None, Ok(true)) => BackupHealth::Late,
            (None, Ok(false)) => BackupHealth::Ok,
        })
    }

    /// Looks every minute whether it is time for a backup, until the server stops.
    async fn back_up(self) {
        let mut stopping = self.stopping();
        loop {
            // Reading all files takes its time: apart from those who answer phones.
            let (app, mut asked) = (self.clone(), stopping.clone());
            let made = tokio::task::spawn_blocking(move || {
                tokio::runtime::Handle::current().block_on(async {
                    tokio::select! {
                        made = app.backup_if_due(clock::now_ms()) => made,
                        // Whoever stops a server does not wait an hour; the next one begins anew.
                        _ = asked.changed() => Ok(None),
                    }
                })
            });
            match made.await.unwrap_or_else(|error| Err(MoveError::NotProved(error.to_string()))) {
                Ok(None) => {}
                Ok(Some(Moved { copy, copied, lost, .. })) => {
                    tracing::info!(copy = %copy.display(), copied, lost = lost.len(), "backup made and proved");
                }
                Err(error) => tracing::error!(%error, "backup not made"),
            }
            tokio::select! {
                () = tokio::time::sleep(LOOK_EVERY) => {}
                _ = stopping.changed() => return,
            }
        }
    }

    /// Takes away the files of erasures that ended before that was done, and throws away the parts of files of which nothing has come for a month, and
    /// the files that nothing has named for as long. Their phones are told that they are missing, and can send them from the start.
    pub async fn sweep(&self, now_ms: i64) -> Result<usize, SweepError> {
        let since_ms = u64::try_from(now_ms - ABANDONED_AFTER_MS).unwrap_or(0);
        let since = SystemTime::UNIX_EPOCH + Duration::from_millis(since_ms);
        let abandoned = self.blobs().abandoned(since).await?;
        for hash in &abandoned {
            self.database().drop_blob(*hash).await?;
            self.blobs().drop_part(*hash).await?;
        }
        let swept = abandoned.len() + self.incoming().sweep(since)?;
        erasures::remove_files(self.database(), self.blobs(), now_ms).await?;
        Ok(swept + self.drop_unnamed(self.believed(now_ms) - ABANDONED_AFTER_MS).await?)
    }

    /// Throws away the files that came before then and that nothing names. What cannot go from the store now goes the next time.
    async fn drop_unnamed(&self, before_ms: i64) -> Result<usize, SweepError> {
        let (database, blobs) = (self.database(), self.blobs());
        let unnamed = database.unnamed_blobs(before_ms).await?;
        database.forget_unnamed(unnamed, before_ms).await?;
        let forgotten = database.forgotten_blobs().await?;
        if forgotten.is_empty() {
            return Ok(0);
        }
        // What is not in another store is not gone.
        blobs.check(database).await?;
        let mut dropped = 0;
        for hash in forgotten {
            // It may come again just now.
            let _none_comes_whole = blobs.finishing().await;
            if database.blob(hash).await?.is_some_and(|blob| !blob.whole) {
                blobs.remove(hash).await?;
                database.drop_blob(hash).await?;
                dropped += 1;
            }
        }
        Ok(dropped)
    }

    /// Erases what was kept long enough, as every day. A clock that is years ahead erases nothing before its time, however often a
    /// server starts by it: no backup would bring it back.
    pub async fn retain(&self, now_ms: i64) -> Result<(usize, usize), PersonError> {
        let (known_ms, believed_ms) = (self.known(now_ms), self.believed(now_ms));
        // A clock that is not believed moves nothing on but by the time that the server ran.
        let heard_ms = if believed_ms < now_ms { known_ms } else { now_ms };
        self.database().hear(heard_ms).await?;
        persons::retention(self, believed_ms, false).await
    }

    /// What it is at least, by all that the database knows and by how long the server has run; by the clock if nothing is known.
    fn known(&self, now_ms: i64) -> i64 {
        let (heard_ms, opened) = *self.inner.heard.get_or_init(|| (now_ms, Instant::now()));
        let runs_ms = i64::try_from(opened.elapsed().as_millis()).unwrap_or(i64::MAX);
        heard_ms.saturating_add(runs_ms)
    }

    /// What the clock says, or the latest that it can be.
    fn believed(&self, now_ms: i64) -> i64 {
        let latest_ms = self.known(now_ms).saturating_add(STOOD_STILL_MS);
        if now_ms > latest_ms {
            tracing::warn!(
                now_ms,
                latest_ms,
                "the clock is far ahead of when answers were erased last: if it is right, run `sotay-server retention` once, and start the server again"
            );
        }
        now_ms.min(latest_ms)
    }

    /// Erases what was kept long enough, an hour from now and every day, until the server stops.
    async fn retain_daily(self) {
        let mut stopping = self.stopping();
        let mut pause = RETAIN_AFTER;
        loop {
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                _ = stopping.changed() => return,
            }
            pause = SWEEP_EVERY;
            match self.retain(clock::now_ms()).await {
                Ok((0, _)) => {}
                Ok((fields, records)) => {
                    tracing::info!(fields, records, "erased what was kept long enough");
                }
                Err(error) => tracing::error!(%error, "what was kept long enough was not erased"),
            }
        }
    }

    /// Sweeps now and every day, until the server stops.
    async fn sweep_daily(self) {
        let mut stopping = self.stopping();
        loop {
            self.budgets().forget_the_idle();
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

    /// Writes the database anew, now and every hour, when pushes emptied something, until the server stops.
    async fn scrub_hourly(self) {
        let mut stopping = self.stopping();
        loop {
            if let Err(error) = self.database().scrub_if_wanted().await {
                tracing::error!(%error, "the database could not be written anew without what was erased");
            }
            tokio::select! {
                () = tokio::time::sleep(SCRUB_EVERY) => {}
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

/// Serves until `shutdown` is done, then lets requests finish and closes the database.
pub async fn serve(
    config: Config,
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ServeError> {
    let app = App::open(config).await?;
    let service = router::router(app.clone()).into_make_service_with_connect_info::<SocketAddr>();
    let sweeping = tokio::spawn(app.clone().sweep_daily());
    let retaining = tokio::spawn(app.clone().retain_daily());
    let backing_up = tokio::spawn(app.clone().back_up());
    let scrubbing = tokio::spawn(app.clone().scrub_hourly());
    let (stopping, overdue) = (app.clone(), app.clone());
    let address = listener.local_addr()?;
    // A compressed answer goes out in pieces: the last one, smaller than a packet, would wait up to 40 ms for the word that the others came.
    let listener = listener.tap_io(|stream| {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "small packets wait");
        }
    });
    tracing::info!(address = %address, data = %app.config().data.display(), "serving");
    let serving = axum::serve(listener, service).with_graceful_shutdown(async move {
        shutdown.await;
        tracing::info!("stopping: no new requests");
        stopping.stop();
    });
    tokio::select! {
        served = serving => served?,
        () = overdue.is_overdue() => tracing::warn!("some requests did not finish in time"),
    }
    if let Err(error) = sweeping.await {
        tracing::error!(%error, "the sweep failed");
    }
    if let Err(error) = retaining.await {
        tracing::error!(%error, "looking for what was kept long enough failed");
    }
    if let Err(error) = backing_up.await {
        tracing::error!(%error, "backups failed");
    }
    if let Err(error) = scrubbing.await {
        tracing::error!(%error, "writing the database anew failed");
    }
    app.all_noted().await;
    app.database().close().await;
    Ok(())
}
