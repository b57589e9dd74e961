//! Group commit: pushes that wait at the same time share one transaction, and so one wait for the disk. None is answered
//! before that is over, and none fails because of another.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::atomic::{AtomicI64, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sync::push::{Batch, Sender};
use sync::wire::PushRequest;
use tokio::sync::{mpsc, oneshot};

use super::log::{Head, Pushed, keep_push};
use super::rights::{LastPublished, Rights};
use super::sql::{Pool, query};
use super::{Answer, Database, DatabaseError, Write, begin_write};
use crate::clock;

/// Pushes that share a transaction, at most: the first of them waits for the last.
const MOST: usize = 64;

/// Pushes that wait; those beyond wait for a place.
const QUEUE: usize = 256;

/// How long a push may take where the database is another machine: one that went away without a word answers never, and
/// no system closes the connection within a quarter of an hour. `SQLite` has nobody who could go away.
const SILENCE: Duration = Duration::from_secs(60);

/// After how long the group that is being kept is told to be slow.
const SLOW_MS: i64 = 60_000;

/// What somebody pushed.
#[derive(Debug)]
struct Push {
    /// What it brought, read before its turn came.
    batch: Mutex<Option<Batch>>,
    /// The same unread: what stopped a group is tried again one by one.
    request: PushRequest,
    account: String,
    revoked: bool,
    now_ms: i64,
}

/// A push that waits for the writer, and where its answer goes.
type Waiting = (Push, oneshot::Sender<Answer<Pushed>>);

/// Where pushes wait for the writer.
#[derive(Clone, Debug)]
pub(super) struct Queue {
    waiting: mpsc::Sender<Waiting>,
    progress: Arc<Progress>,
}

/// How keeping what is pushed goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writing {
    /// What was pushed last was kept, or nothing was pushed yet.
    Ok,
    /// The disk or the quota is full.
    Full,
    /// It could not be kept; the log says why.
    Failed,
    /// What was pushed has waited for a minute.
    Slow,
}

/// What the task that keeps pushes says of itself.
#[derive(Debug, Default)]
struct Progress {
    /// Since when it keeps a group, in ms of the clock; 0: it keeps none.
    since_ms: AtomicI64,
    /// [`Writing`] of the last group.
    last: AtomicU8,
    /// How many pushes were written, of groups under way too.
    written: AtomicU64,
}

impl Progress {
    fn begin(&self) {
        self.since_ms.store(clock::now_ms(), Ordering::Relaxed);
    }

    fn end(&self, writing: Writing) {
        self.last.store(writing as u8, Ordering::Relaxed);
        self.since_ms.store(0, Ordering::Relaxed);
    }

    fn now(&self, now_ms: i64) -> Writing {
        let since_ms = self.since_ms.load(Ordering::Relaxed);
        if since_ms != 0 && now_ms - since_ms > SLOW_MS {
            return Writing::Slow;
        }
        let was = |writing: &Writing| *writing as u8 == self.last.load(Ordering::Relaxed);
        [Writing::Full, Writing::Failed].into_iter().find(was).unwrap_or(Writing::Ok)
    }
}

/// How it went for all of a group.
fn writing_of<'a>(mut kept: impl Iterator<Item = &'a DatabaseError>) -> Writing {
    match kept.next() {
        None => Writing::Ok,
        Some(error) if error.is_full() => Writing::Full,
        Some(_) => Writing::Failed,
    }
}

impl Queue {
    /// The queue, and the task that serves it for as long as somebody may push.
    pub(super) fn of(writer: Pool, published: LastPublished) -> Self {
        let (queue, waiting) = mpsc::channel(QUEUE);
        let progress = Arc::new(Progress::default());
        let writer = Writer { pool: writer, published, progress: Arc::clone(&progress) };
        tokio::spawn(serve(writer, waiting));
        Self { waiting: queue, progress }
    }
}

impl Database {
    /// Keeps a push: all of it or, if this fails, nothing. It is on the disk when this returns. Once begun it is kept even
    /// if whoever asks goes away.
    pub async fn push(
        &self,
        request: PushRequest,
        sender: Sender<'_>,
        now_ms: i64,
    ) -> Answer<Pushed> {
        let (answer, answered) = oneshot::channel();
        let Sender { account, revoked } = sender;
        let batch = Mutex::new(Some(Batch::read(request.clone())));
        let push = Push { batch, request, account: account.to_owned(), revoked, now_ms };
        self.pushes.waiting.send((push, answer)).await.map_err(|_ended| DatabaseError::Stopped)?;
        answered.await.map_err(|_ended| DatabaseError::Stopped)?
    }

    /// How keeping what is pushed goes.
    pub fn writing(&self, now_ms: i64) -> Writing {
        self.pushes.progress.now(now_ms)
    }
}

/// What it takes to keep pushes.
struct Writer {
    pool: Pool,
    published: LastPublished,
    progress: Arc<Progress>,
}

async fn serve(writer: Writer, mut queue: mpsc::Receiver<Waiting>) {
    while let Some((first, answer)) = queue.recv().await {
        // While the last group was being written, and while others hold the writer, more arrive.
        writer.progress.begin();
        let begun = within(&writer.pool, begin_write(&writer.pool)).await;
        let (mut group, mut answers) = (vec![first], vec![answer]);
        while group.len() < MOST
            && let Ok((next, answer)) = queue.try_recv()
        {
            group.push(next);
            answers.push(answer);
        }
        let tx = match begun {
            Ok(tx) => tx,
            Err(error) => {
                writer.progress.end(writing_of(Some(&error).into_iter()));
                let not_begun = |answer| (answer, Err(DatabaseError::NotBegun(error.to_string())));
                answers.into_iter().map(not_begun).for_each(tell);
                continue;
            }
        };
        let group: Arc<[Push]> = group.into();
        let progress = Arc::clone(&writer.progress);
        let work = together(tx, Arc::clone(&group), writer.published.clone(), progress);
        let kept = match apart(&writer, work).await {
            Ok(kept) => kept,
            Err(error) if group.len() == 1 => vec![Err(error)],
            // The next would wait as long, and in vain.
            Err(DatabaseError::Silent) => {
                group.iter().map(|_| Err(DatabaseError::Silent)).collect()
            }
            Err(error) => {
                tracing::warn!(%error, pushes = group.len(), "pushes go one by one");
                one_by_one(&writer, &group).await
            }
        };
        writer.progress.end(writing_of(kept.iter().filter_map(|one| one.as_ref().err())));
        answers.into_iter().zip(kept).for_each(tell);
    }
}

/// What stopped them together may be the doing of one.
async fn one_by_one(writer: &Writer, group: &Arc<[Push]>) -> Vec<Answer<Pushed>> {
    let mut not_begun = None;
    let mut kept = Vec::with_capacity(group.len());
    for place in 0..group.len() {
        kept.push(match &not_begun {
            None => match within(&writer.pool, begin_write(&writer.pool)).await {
                Ok(tx) => {
                    let work = alone(tx, Arc::clone(group), place, writer.published.clone());
                    apart(writer, work).await
                }
                Err(error) => {
                    // The others would wait as long and in vain.
                    let error = not_begun.insert(error.to_string()).clone();
                    Err(DatabaseError::NotBegun(error))
                }
            },
            Some(error) => Err(DatabaseError::NotBegun(error.clone())),
        });
    }
    kept
}

/// What comes of it, unless the database is another machine of which nothing is heard.
async fn within<T>(pool: &Pool, work: impl Future<Output = Answer<T>>) -> Answer<T> {
    match pool {
        Pool::Sqlite(_) => work.await,
        Pool::Postgres(_) => {
            tokio::time::timeout(SILENCE, work).await.unwrap_or(Err(DatabaseError::Silent))
        }
    }
}

/// In a task of its own, so that a panic ends that and not the queue.
async fn apart<T: Send + 'static>(
    writer: &Writer,
    work: impl Future<Output = Answer<T>> + Send + 'static,
) -> Answer<T> {
    let mut task = tokio::spawn(work);
    let written = || writer.progress.written.load(Ordering::Relaxed);
    loop {
        let before = written();
        match within(&writer.pool, async { Ok((&mut task).await) }).await {
            Ok(ended) => return ended.unwrap_or(Err(DatabaseError::Stopped)),
            // Another push of its group was written meanwhile.
            Err(_) if written() != before => {}
            Err(silent) => {
                task.abort();
                return Err(silent);
            }
        }
    }
}

fn tell((answer, kept): (oneshot::Sender<Answer<Pushed>>, Answer<Pushed>)) {
    if answer.send(kept).is_err() {
        tracing::debug!("nobody waits for the answer any more");
    }
}

async fn alone(
    mut tx: Write,
    group: Arc<[Push]>,
    place: usize,
    published: LastPublished,
) -> Answer<Pushed> {
    let push = &group[place];
    let published = published.read(&mut tx).await?;
    let rights = Rights::read(&mut tx, &push.account, &published).await?;
    let mut head = Head::read(&mut tx).await?;
    let kept = keep(&mut tx, push, &rights, &mut head).await?;
    head.write(&mut tx).await?;
    tx.commit().await?;
    Ok(kept)
}

/// Keeps each or gives each its own error, if they can be kept together at all.
async fn together(
    mut tx: Write,
    group: Arc<[Push]>,
    published: LastPublished,
    progress: Arc<Progress>,
) -> Answer<Vec<Answer<Pushed>>> {
    if group.len() == 1 {
        return Ok(vec![Ok(alone(tx, group, 0, published).await?)]);
    }
    let published = published.read(&mut tx).await?;
    let mut rights = BTreeMap::new();
    for push in group.iter() {
        if !rights.contains_key(&push.account) {
            let read = Rights::read(&mut tx, &push.account, &published).await?;
            rights.insert(&push.account, read);
        }
    }
    let mut head = Head::read(&mut tx).await?;
    let mut kept = Vec::with_capacity(group.len());
    for push in group.iter() {
        query("SAVEPOINT push").execute(&mut tx).await?;
        let before = head;
        let mut one = keep(&mut tx, push, &rights[&push.account], &mut head).await;
        match &mut one {
            Ok(pushed) => pushed.together = group.len(),
            Err(_) => {
                head = before;
                // This fails if the error ended the whole transaction.
                query("ROLLBACK TO push").execute(&mut tx).await?;
            }
        }
        query("RELEASE push").execute(&mut tx).await?;
        progress.written.fetch_add(1, Ordering::Relaxed);
        kept.push(one);
    }
    head.write(&mut tx).await?;
    tx.commit().await?;
    Ok(kept)
}

async fn keep(tx: &mut Write, push: &Push, rights: &Rights<'_>, head: &mut Head) -> Answer<Pushed> {
    // While it waited, and while its body came, its account may have been disabled.
    let revoked = push.revoked || rights.is_disabled;
    let sender = Sender { account: &push.account, revoked };
    let batch = push.batch.lock().unwrap_or_else(PoisonError::into_inner).take();
    let batch = batch.unwrap_or_else(|| Batch::read(push.request.clone()));
    keep_push(tx, batch, sender, rights, head, push.now_ms).await
}
