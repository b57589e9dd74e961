//! What a server does by itself: backups, sweeping, erasing what was kept long enough, writing the database anew.

use std::sync::PoisonError;
use std::time::{Duration, SystemTime};

use tokio::time::Instant;

use crate::backup::{self, MoveError, Moved};
use crate::blob_store::StoreError;
use crate::config::Schedule;
use crate::database::DatabaseError;
use crate::erasure_list::{self, ErasuresError};
use crate::persons::{self, PersonError};
use crate::{App, clock};

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
    pub(crate) async fn back_up(self) {
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
        erasure_list::remove_files(self.database(), self.blobs(), now_ms).await?;
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
            let _none_comes_whole = blobs.finishing(hash).await;
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
    pub(crate) async fn retain_daily(self) {
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
    pub(crate) async fn sweep_daily(self) {
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
    pub(crate) async fn scrub_hourly(self) {
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
}
