//! The store in the browser: `IndexedDB` through `idb`, with the care that it needs.
//!
//! - Each transaction runs as a task of its own and answers through a channel.
//! - Its end is listened for before its first request: one that finished by itself is never waited for in vain.
//! - Inside it nothing but its own requests is awaited; any failure aborts it as a whole.
//! - Its end counts, not its requests: a commit that fails, as on a full disk, may leave some of them without an event.
//! - The system may close the connection at any moment: it is opened anew and the transaction tried once more.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeSet,
    rc::Rc,
};

use futures::{
    channel::oneshot,
    future::{Either, LocalBoxFuture, select},
};
use idb::{
    DatabaseEvent, Event, Factory, KeyRange, ObjectStore, ObjectStoreParams, Query, Request,
    Transaction,
    event::VersionChangeEvent,
    request::futures::{
        GetAllKeysStoreRequestFuture, GetAllStoreRequestFuture, GetStoreRequestFuture,
    },
};
use js_sys::{Array, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{IdbDatabase, IdbTransaction};

use crate::platform::{call, crypto::AesKey, exception_text};

use super::{
    Change, Decide, Key, LOW_BYTES, Read, Rows, Space, StorageError, Store,
    schema::{Schema, phone},
};

/// The open connection; `None` after the system or another tab closed it.
type Connection = Rc<RefCell<Option<Connected>>>;

struct Connected {
    raw: IdbDatabase,
    /// Holds the handlers of the connection's events.
    _events: idb::Database,
}

/// A database that is opened anew when its connection is lost.
#[derive(Clone)]
pub(super) struct Database {
    name: Rc<str>,
    schema: &'static Schema,
    connection: Connection,
    /// Whether it has been open. What is opened anew is not made anew: whoever removed it meant all of it.
    was_open: Rc<Cell<bool>>,
}

#[wasm_bindgen]
extern "C" {
    /// `IDBDatabase.transaction` with its third argument, which `web-sys` hides behind an unstable flag.
    #[wasm_bindgen(js_name = IDBDatabase)]
    type DatabaseWithDurability;

    #[wasm_bindgen(method, catch)]
    fn transaction(
        this: &DatabaseWithDurability,
        store_names: &JsValue,
        mode: &str,
        options: &JsValue,
    ) -> Result<IdbTransaction, JsValue>;
}

impl Database {
    pub(super) async fn open(name: &str, schema: &'static Schema) -> Result<Self, StorageError> {
        Self::opened(name, schema, false).await
    }

    /// As [`Self::open`], of one that is there: it is not made anew if somebody removed it.
    pub(super) async fn open_again(
        name: &str,
        schema: &'static Schema,
    ) -> Result<Self, StorageError> {
        Self::opened(name, schema, true).await
    }

    async fn opened(
        name: &str,
        schema: &'static Schema,
        was_open: bool,
    ) -> Result<Self, StorageError> {
        let was_open = Rc::new(Cell::new(was_open));
        let database = Self { name: name.into(), schema, connection: Rc::default(), was_open };
        let opening = database.clone();
        run(Box::pin(async move { opening.connect().await.map(|()| Vec::new()) })).await?;
        Ok(database)
    }

    /// Reads, lets `decide` say what changes, and writes that, all in one transaction; answers what was read.
    pub(super) async fn transact(
        &self,
        reads: Vec<Read>,
        touched: Vec<Store>,
        decide: Option<Decide>,
    ) -> Result<Vec<Rows>, StorageError> {
        let database = self.clone();
        run(Box::pin(async move { database.retried(reads, touched, decide).await })).await
    }

    /// When the connection turns out to be closed, opens it and tries once more.
    async fn retried(
        &self,
        reads: Vec<Read>,
        touched: Vec<Store>,
        mut decide: Option<Decide>,
    ) -> Result<Vec<Rows>, StorageError> {
        let stores = sync::gather(reads.iter().map(Read::store).chain(touched));
        let mode = if decide.is_some() { Mode::Write } else { Mode::Read };
        let mut is_again = false;
        loop {
            let done = match self.begin(&stores, mode) {
                Ok(open) => open.carry_out(&reads, &mut decide).await,
                Err(error) => Err(error),
            };
            if is_again || !matches!(done, Err(StorageError::Closed)) {
                return done;
            }
            is_again = true;
            self.close();
            self.connect().await?;
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The key that the browser keeps, if there is one yet.
    pub(super) async fn kept_key(&self) -> Result<Option<AesKey>, StorageError> {
        let open = self.begin(&sync::gather([Store::Phone]), Mode::Read)?;
        let store = object_store(&open.transaction, Store::Phone)?;
        let name = JsValue::from_str(phone::KEY);
        let kept = store.get(name).map_err(failed)?.await.map_err(failed)?;
        open.end().await?;
        Ok(kept.and_then(AesKey::from_js))
    }

    /// The key that the browser keeps; `fresh`, if there is none yet. Of two tabs that bring one, one key stays.
    pub(super) async fn keep_key(&self, fresh: &AesKey) -> Result<AesKey, StorageError> {
        let open = self.begin(&sync::gather([Store::Phone]), Mode::Write)?;
        let store = object_store(&open.transaction, Store::Phone)?;
        let name = JsValue::from_str(phone::KEY);
        let kept = store.get(name.clone()).map_err(failed)?.await.map_err(failed)?;
        let key = match kept.and_then(AesKey::from_js) {
            Some(kept) => kept,
            None => {
                store.put(&fresh.to_js(), Some(&name)).map_err(failed)?;
                fresh.clone()
            }
        };
        // Also when nothing was put: who listens for the end must be there when it comes.
        open.end().await?;
        Ok(key)
    }

    /// Removes a database whole. Other tabs make way; one that does not only delays it.
    pub(super) async fn remove(name: &str) -> Result<(), StorageError> {
        let request = Factory::new().map_err(refused)?.delete(name).map_err(refused)?;
        request.await.map_err(failed)
    }

    pub(super) fn close(&self) {
        if let Some(connected) = self.connection.borrow_mut().take() {
            connected.raw.close();
        }
    }

    pub(super) async fn durability(&self) -> Result<Option<String>, StorageError> {
        let open = self.begin(&sync::gather([Store::Meta]), Mode::Write)?;
        let told = Reflect::get(&open.transaction, &"durability".into())
            .map_err(|error| thrown(&error))?;
        open.carry_out(&[], &mut None).await?;
        Ok(told.as_string())
    }

    /// Opens the connection if there is none.
    async fn connect(&self) -> Result<(), StorageError> {
        if self.connection.borrow().is_some() {
            return Ok(());
        }
        let schema = self.schema;
        let version = Some(schema.version);
        let mut request =
            Factory::new().map_err(refused)?.open(&self.name, version).map_err(refused)?;
        let was_open = self.was_open.get();
        let is_gone = Rc::new(Cell::new(false));
        let gone = Rc::clone(&is_gone);
        request.on_upgrade_needed(move |event| {
            gone.set(was_open && event.old_version() == Ok(0));
            let done = if gone.get() { give_up(&event) } else { make_stores(&event, schema) };
            // An upgrade that failed leaves a database without the stores; each use of it then says so.
            if let Err(error) = done {
                crate::platform::log_error(&format!("store not upgraded: {error}"));
            }
        });
        let (blocked, is_blocked) = oneshot::channel::<()>();
        request.on_blocked(move |_| {
            blocked.send(()).ok();
        });
        let opened = match select(Box::pin(request.into_future()), is_blocked).await {
            Either::Left((opened, _)) => opened,
            Either::Right((Err(_), opening)) => opening.await,
            Either::Right((Ok(()), opening)) => {
                spawn_local(close_when_open(opening));
                return Err(StorageError::Blocked);
            }
        };
        if is_gone.get() {
            return Err(StorageError::Gone);
        }
        self.keep(opened.map_err(refused)?);
        self.was_open.set(true);
        Ok(())
    }

    fn keep(&self, opened: idb::Database) {
        let raw: IdbDatabase = opened.into();
        let mut events = idb::Database::from(raw.clone());
        let connection = self.connection.clone();
        events.on_close(move |_| drop(connection.borrow_mut().take()));
        let connection = self.connection.clone();
        events.on_version_change(move |_| {
            // A newer app in another tab wants to upgrade. Dropping alone would not close.
            if let Some(lost) = connection.borrow_mut().take() {
                lost.raw.close();
            }
        });
        // Two may open it at once. What is under way in the other one ends as it should; left open it would hear no news, and keep
        // the database from being removed or upgraded.
        if let Some(other) = self.connection.replace(Some(Connected { raw, _events: events })) {
            other.raw.close();
        }
    }

    fn begin(&self, stores: &BTreeSet<Store>, mode: Mode) -> Result<Open, StorageError> {
        let connection = self.connection.borrow();
        let connected = connection.as_ref().ok_or(StorageError::Closed)?;
        let transaction =
            begin_transaction(&connected.raw, stores, mode).map_err(|error| thrown(&error))?;
        Ok(Open::new(transaction))
    }
}

/// Starts a transaction; one that writes is strict: it completes when its rows are on the disk.
fn begin_transaction(
    raw: &IdbDatabase,
    stores: &BTreeSet<Store>,
    mode: Mode,
) -> Result<IdbTransaction, JsValue> {
    let names: Array = stores.iter().map(|store| JsValue::from_str(store.name())).collect();
    let options = js_sys::Object::new();
    let mode = match mode {
        Mode::Read => "readonly",
        Mode::Write => {
            Reflect::set(&options, &"durability".into(), &"strict".into())?;
            "readwrite"
        }
    };
    raw.unchecked_ref::<DatabaseWithDurability>().transaction(&names, mode, &options)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Read,
    Write,
}

/// A transaction that runs, and the news of its end.
struct Open {
    transaction: IdbTransaction,
    /// Whether it was committed. A browser always tells, also of a connection that it closes.
    ended: oneshot::Receiver<bool>,
    /// Holds the handlers of the transaction's events.
    _events: Transaction,
}

impl Open {
    fn new(transaction: IdbTransaction) -> Self {
        let (tell, ended) = oneshot::channel();
        let tell = Rc::new(Cell::new(Some(tell)));
        let mut events = Transaction::from(transaction.clone());
        let completed = Rc::clone(&tell);
        events.on_complete(move |_| tell_end(&completed, true));
        events.on_abort(move |_| tell_end(&tell, false));
        Self { transaction, ended, _events: events }
    }

    /// Waits until what was asked for is on the disk.
    async fn end(self) -> Result<(), StorageError> {
        match (self.ended.await, self.transaction.error()) {
            (Ok(true), _) => Ok(()),
            (_, Some(error)) => Err(thrown(&error)),
            (_, None) => Err(StorageError::Closed),
        }
    }

    /// Makes the requests and waits for the end of the transaction, even of one that ends before they are answered;
    /// after a failure, makes sure that nothing of it stays.
    async fn carry_out(
        mut self,
        reads: &[Read],
        decide: &mut Option<Decide>,
    ) -> Result<Vec<Rows>, StorageError> {
        let requests = Box::pin(request_all(&self.transaction, reads, decide));
        let (done, is_committed) = match select(requests, &mut self.ended).await {
            Either::Left((done, _)) => {
                if done.is_err() {
                    // It may have aborted by itself already, which is as good.
                    drop(self.transaction.abort());
                }
                (done, self.ended.await)
            }
            Either::Right((is_committed, _)) => (Err(StorageError::Closed), is_committed),
        };
        match (done, is_committed) {
            (Ok(answer), Ok(true)) => Ok(answer),
            // Why the browser ended it says more than what became of its requests.
            (done, _) => Err(match self.transaction.error() {
                Some(error) => thrown(&error),
                None => done.err().unwrap_or(StorageError::Closed),
            }),
        }
    }
}

/// A transaction ends once, in one way or the other.
fn tell_end(tell: &Cell<Option<oneshot::Sender<bool>>>, is_committed: bool) {
    if let Some(tell) = tell.take() {
        // Whoever went away needs no news.
        tell.send(is_committed).ok();
    }
}

fn object_store(transaction: &IdbTransaction, store: Store) -> Result<ObjectStore, StorageError> {
    transaction.object_store(store.name()).map(Into::into).map_err(|error| thrown(&error))
}

async fn request_all(
    transaction: &IdbTransaction,
    reads: &[Read],
    decide: &mut Option<Decide>,
) -> Result<Vec<Rows>, StorageError> {
    let rows = read_all(transaction, reads).await?;
    let Some(decide) = decide else { return Ok(rows) };
    let changes = decide(rows)?;
    write_all(transaction, &changes)?;
    Ok(Vec::new())
}

/// Begins all reads, then takes their answers: to wait for each before the next is asked for takes a turn of the browser for each.
async fn read_all(transaction: &IdbTransaction, reads: &[Read]) -> Result<Vec<Rows>, StorageError> {
    let (mut begun, mut found, mut failure) = (Vec::new(), Vec::new(), None);
    for run in reads.chunk_by(is_next) {
        match begin_read(transaction, run) {
            Ok(read) => begun.push(read),
            Err(error) => {
                failure = Some(error);
                break;
            }
        }
    }
    // Also after a failure: what has begun is answered, and somebody must be there.
    for read in begun {
        match read.done().await {
            Ok(rows) => found.extend(rows),
            Err(error) => failure = failure.or(Some(error)),
        }
    }
    failure.map_or(Ok(found), Err)
}

/// Whether two reads are of rows whose numbers follow each other: a run of them is one request, for each request costs
/// more than its row.
fn is_next(one: &Read, other: &Read) -> bool {
    match (one, other) {
        (Read::Row(store, Key::Number(at)), Read::Row(next, Key::Number(other))) => {
            store == next && at + 1 == *other
        }
        _ => false,
    }
}

/// A read that waits for its answer.
enum Begun {
    Row(Key, GetStoreRequestFuture),
    Keys(GetAllKeysStoreRequestFuture),
    Rows(GetAllKeysStoreRequestFuture, GetAllStoreRequestFuture),
    /// Of so many rows, from that number on.
    Run(u64, usize, GetAllKeysStoreRequestFuture, GetAllStoreRequestFuture),
}

/// Begins one read, or a run of them.
fn begin_read(transaction: &IdbTransaction, run: &[Read]) -> Result<Begun, StorageError> {
    let store = object_store(transaction, run[0].store())?;
    let (query, limit) = match run {
        [Read::Row(_, Key::Number(first)), .., Read::Row(_, Key::Number(last))] => {
            let [first_key, last_key] = [first, last].map(|at| key_to_js(&Key::Number(*at)));
            let range = KeyRange::bound(&first_key, &last_key, None, None).map_err(failed)?;
            let query = Some(Query::from(range));
            let keys = store.get_all_keys(query.clone(), None).map_err(failed)?;
            let values = store.get_all(query, None).map_err(failed)?;
            return Ok(Begun::Run(*first, run.len(), keys.into_future(), values.into_future()));
        }
        [Read::Row(_, key), ..] => {
            let asked = store.get(key_to_js(key)).map_err(failed)?;
            return Ok(Begun::Row(key.clone(), asked.into_future()));
        }
        [Read::Keys(_), ..] => {
            let asked = store.get_all_keys(None, None).map_err(failed)?;
            return Ok(Begun::Keys(asked.into_future()));
        }
        [Read::From(_, from, limit), ..] => {
            let range = KeyRange::lower_bound(&key_to_js(from), None).map_err(failed)?;
            (Some(Query::from(range)), Some(*limit))
        }
        [Read::All(_), ..] | [] => (None, None),
    };
    let keys = store.get_all_keys(query.clone(), limit).map_err(failed)?;
    let values = store.get_all(query, limit).map_err(failed)?;
    Ok(Begun::Rows(keys.into_future(), values.into_future()))
}

impl Begun {
    /// What each read found.
    async fn done(self) -> Result<Vec<Rows>, StorageError> {
        let rows: Result<Rows, StorageError> = match self {
            Self::Row(key, value) => match value.await.map_err(failed)? {
                Some(value) => Ok(vec![(key, bytes_from_js(&value)?)]),
                None => Ok(Vec::new()),
            },
            Self::Keys(keys) => {
                let keys = keys.await.map_err(failed)?;
                keys.iter().map(|key| Ok((key_from_js(key)?, Vec::new()))).collect()
            }
            Self::Rows(keys, values) => rows_of(keys, values).await,
            Self::Run(first, count, keys, values) => {
                let mut rows = rows_of(keys, values).await?.into_iter().peekable();
                let mut row = |at| rows.next_if(|(key, _)| *key == Key::Number(at));
                return Ok((first..).take(count).map(|at| row(at).into_iter().collect()).collect());
            }
        };
        Ok(vec![rows?])
    }
}

async fn rows_of(
    keys: GetAllKeysStoreRequestFuture,
    values: GetAllStoreRequestFuture,
) -> Result<Rows, StorageError> {
    let keys = keys.await;
    let values = values.await.map_err(failed)?;
    let keys = keys.map_err(failed)?;
    let row = |(key, value)| Ok((key_from_js(key)?, bytes_from_js(value)?));
    keys.iter().zip(&values).map(row).collect()
}

/// Issues every request and asks for the commit. One that fails aborts the transaction, whose end tells why.
fn write_all(transaction: &IdbTransaction, changes: &[Change]) -> Result<(), StorageError> {
    for change in changes {
        request_change(transaction, change)?;
    }
    // An engine without `commit` commits by itself.
    #[expect(
        deprecated,
        reason = "it left the standard's second edition and came back in its third"
    )]
    drop(transaction.commit());
    Ok(())
}

fn request_change(transaction: &IdbTransaction, change: &Change) -> Result<(), StorageError> {
    let store = object_store(transaction, change.store())?;
    match change {
        Change::Put(_, key, value) => {
            let value = Uint8Array::from(value.as_slice());
            store.put(&value, Some(&key_to_js(key))).map(drop)
        }
        Change::Delete(_, key) => store.delete(key_to_js(key)).map(drop),
        Change::Clear(_) => store.clear().map(drop),
    }
    .map_err(failed)
}

/// Runs a task to its end even when nobody waits for it any more.
pub(super) async fn run(
    task: LocalBoxFuture<'static, Result<Vec<Rows>, StorageError>>,
) -> Result<Vec<Rows>, StorageError> {
    let (answer, answered) = oneshot::channel();
    spawn_local(async move {
        // A caller that went away needs no answer; the work is done all the same.
        answer.send(task.await).ok();
    });
    answered.await.unwrap_or(Err(StorageError::Closed))
}

async fn close_when_open(opening: impl Future<Output = Result<idb::Database, idb::Error>>) {
    if let Ok(database) = opening.await {
        database.close();
    }
}

fn make_stores(event: &VersionChangeEvent, schema: &Schema) -> Result<(), idb::Error> {
    let database = event.database()?;
    let had = event.old_version()?;
    for store in schema.stores.iter().filter(|store| store.since() > had) {
        database.create_object_store(store.name(), ObjectStoreParams::new())?;
    }
    Ok(())
}

/// Makes nothing: a database whose first upgrade is called off is not there.
fn give_up(event: &VersionChangeEvent) -> Result<(), idb::Error> {
    event.target()?.transaction().map_or(Ok(()), |upgrade| upgrade.abort().map(drop))
}

impl Read {
    pub(super) fn store(&self) -> Store {
        match self {
            Self::Row(store, _)
            | Self::All(store)
            | Self::From(store, _, _)
            | Self::Keys(store) => *store,
        }
    }
}

impl Change {
    pub(super) fn store(&self) -> Store {
        match self {
            Self::Put(store, _, _) | Self::Delete(store, _) | Self::Clear(store) => *store,
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "counts stay far below 2^53")]
fn key_to_js(key: &Key) -> JsValue {
    match key {
        Key::Number(number) => JsValue::from_f64(*number as f64),
        Key::Text(text) => JsValue::from_str(text),
        Key::Bytes(bytes) => Uint8Array::from(bytes.as_slice()).into(),
        Key::Piece(hash, place) => {
            Array::of2(&Uint8Array::from(hash.as_slice()), &(*place).into()).into()
        }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "numbers written by `key_to_js`"
)]
fn key_from_js(key: &JsValue) -> Result<Key, StorageError> {
    if let Some(number) = key.as_f64() {
        return Ok(Key::Number(number as u64));
    }
    if let Some(text) = key.as_string() {
        return Ok(Key::Text(text));
    }
    if let Some(pair) = key.dyn_ref::<Array>() {
        let place = pair
            .get(1)
            .as_f64()
            .ok_or_else(|| StorageError::Unreadable("key of a piece".to_owned()))?;
        return Ok(Key::Piece(Uint8Array::new(&pair.get(0)).to_vec(), place as u32));
    }
    Ok(Key::Bytes(Uint8Array::new(key).to_vec()))
}

fn bytes_from_js(value: &JsValue) -> Result<Vec<u8>, StorageError> {
    match value.dyn_ref::<Uint8Array>() {
        Some(bytes) => Ok(bytes.to_vec()),
        None => Err(StorageError::Unreadable("no bytes".to_owned())),
    }
}

/// A failure while opening: the browser may refuse altogether.
fn refused(error: idb::Error) -> StorageError {
    match failed(error) {
        StorageError::Other(text) if text.contains("VersionError") => StorageError::Newer,
        StorageError::Other(text) => StorageError::Refused(text),
        known => known,
    }
}

#[expect(clippy::needless_pass_by_value, reason = "used as `map_err(failed)`")]
fn failed(error: idb::Error) -> StorageError {
    classify(error.to_string())
}

fn thrown(error: &JsValue) -> StorageError {
    classify(exception_text(error))
}

/// Tells the failures apart that a person can do something about. `idb` hands the exception over as text.
fn classify(text: String) -> StorageError {
    if text.contains("QuotaExceededError") {
        StorageError::Full
    } else if text.contains("connection is closing")
        || text.contains("InvalidStateError")
        || text.contains("connection was closed")
        // Safari has lost its database server, as after a phone slept, and may tell nobody: the connection is of no use any more.
        || text.contains("UnknownError")
    {
        StorageError::Closed
    } else {
        StorageError::Other(text)
    }
}

/// Asks the browser not to throw the data away by itself; whether it promised.
pub async fn ask_to_persist() -> bool {
    let Some(window) = web_sys::window() else { return false };
    let Ok(promise) = window.navigator().storage().persist() else { return false };
    JsFuture::from(promise).await.is_ok_and(|granted| granted.is_truthy())
}

/// Reads how much space is used and left.
pub async fn space() -> Space {
    let Some(window) = web_sys::window() else { return Space::default() };
    let manager = window.navigator().storage();
    let mut space = Space::default();
    if let Ok(promise) = manager.persisted() {
        space.persisted = JsFuture::from(promise).await.is_ok_and(|granted| granted.is_truthy());
    }
    if let Ok(promise) = manager.estimate()
        && let Ok(estimate) = JsFuture::from(promise).await
    {
        space.used = number(&estimate, "usage");
        space.quota = number(&estimate, "quota");
    }
    match call(&manager, "getDirectory", &[]).await {
        Ok(folder) => space.refuses = refuses(&folder, LOW_BYTES).await.unwrap_or_default(),
        Err(_) => {
            space.passes = Reflect::has(&manager, &"getDirectory".into()).unwrap_or_default();
        }
    }
    space
}

/// Whether the browser takes so much more, as far as it tells.
pub async fn takes(bytes: u64) -> bool {
    let Some(window) = web_sys::window() else { return true };
    let refused = match call(&window.navigator().storage(), "getDirectory", &[]).await {
        Ok(folder) => refuses(&folder, bytes).await.unwrap_or_default(),
        Err(_) => false,
    };
    !refused && space().await.left().is_none_or(|left| left >= bytes)
}

/// Whether the browser would not take so much more. Asked by a file that is declared so long and never written, for browsers
/// do not tell how full a phone is: Chrome says 10 GB whatever is left. `Err` where there are no such files.
async fn refuses(folder: &JsValue, bytes: u64) -> Result<bool, JsValue> {
    const NAME: &str = "room";
    let making = js_sys::Object::new();
    Reflect::set(&making, &"create".into(), &true.into())?;
    let file = call(folder, "getFileHandle", &[&NAME.into(), &making]).await?;
    let writing = call(&file, "createWritable", &[]).await?;
    let length = JsValue::from_f64(f64::from(u32::try_from(bytes).unwrap_or(u32::MAX)));
    let declared = call(&writing, "truncate", &[&length]).await;
    // A stream that has failed has nothing to be given up.
    drop(call(&writing, "abort", &[]).await);
    drop(call(folder, "removeEntry", &[&NAME.into()]).await);
    let error = declared.err();
    Ok(error.is_some_and(|error| exception_text(&error).contains("QuotaExceededError")))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "byte counts below 2^53"
)]
fn number(of: &JsValue, name: &str) -> Option<u64> {
    Reflect::get(of, &name.into()).ok()?.as_f64().map(|bytes| bytes as u64)
}
