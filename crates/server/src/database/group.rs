//! Group commit: pushes that wait at the same time share one transaction, and so one wait for the disk. None is answered
//! before that is over, and none fails because of another.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use sync::push::{Batch, Sender};
use sync::wire::PushRequest;
use tokio::sync::{mpsc, oneshot};

use super::log::{Head, Pushed, keep_push};
use super::rights::{LastPublished, Rights};
use super::sql::{Pool, query};
use super::{Answer, Database, DatabaseError, Write, begin_write};

/// Pushes that share a transaction, at most: the first of them waits for the last.
const MOST: usize = 64;

/// Pushes that wait; those beyond wait for a place.
const QUEUE: usize = 256;

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
pub(super) struct Queue(mpsc::Sender<Waiting>);

impl Queue {
    /// The queue, and the task that serves it for as long as somebody may push.
    pub(super) fn of(writer: Pool, published: LastPublished) -> Self {
        let (queue, waiting) = mpsc::channel(QUEUE);
        tokio::spawn(serve(Writer { pool: writer, published }, waiting));
        Self(queue)
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
        self.pushes.0.send((push, answer)).await.map_err(|_ended| DatabaseError::Stopped)?;
        answered.await.map_err(|_ended| DatabaseError::Stopped)?
    }
}

/// What it takes to keep pushes.
struct Writer {
    pool: Pool,
    published: LastPublished,
}

async fn serve(writer: Writer, mut queue: mpsc::Receiver<Waiting>) {
    while let Some((first, answer)) = queue.recv().await {
        // While the last group was being written, and while others hold the writer, more arrive.
        let begun = begin_write(&writer.pool).await;
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
                let not_begun = |answer| (answer, Err(DatabaseError::NotBegun(error.to_string())));
                answers.into_iter().map(not_begun).for_each(tell);
                continue;
            }
        };
        let group: Arc<[Push]> = group.into();
        match apart(together(tx, Arc::clone(&group), writer.published.clone())).await {
            Ok(kept) => answers.into_iter().zip(kept).for_each(tell),
            Err(error) if group.len() == 1 => answers.into_iter().zip([Err(error)]).for_each(tell),
            Err(error) => {
                tracing::warn!(%error, pushes = group.len(), "pushes go one by one");
                one_by_one(&writer, &group, answers).await;
            }
        }
    }
}

/// What stopped them together may be the doing of one.
async fn one_by_one(
    writer: &Writer,
    group: &Arc<[Push]>,
    answers: Vec<oneshot::Sender<Answer<Pushed>>>,
) {
    let mut not_begun = None;
    for (place, answer) in answers.into_iter().enumerate() {
        let kept = match &not_begun {
            None => match begin_write(&writer.pool).await {
                Ok(tx) => {
                    apart(alone(tx, Arc::clone(group), place, writer.published.clone())).await
                }
                Err(error) => {
                    // The others would wait as long and in vain.
                    let error = not_begun.insert(error.to_string()).clone();
                    Err(DatabaseError::NotBegun(error))
                }
            },
            Some(error) => Err(DatabaseError::NotBegun(error.clone())),
        };
        tell((answer, kept));
    }
}

/// In a task of its own, so that a panic ends that and not the queue.
async fn apart<T: Send + 'static>(
    work: impl Future<Output = Answer<T>> + Send + 'static,
) -> Answer<T> {
    tokio::spawn(work).await.unwrap_or(Err(DatabaseError::Stopped))
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
