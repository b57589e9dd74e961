//! What only a browser can show: storage on real `IndexedDB`.
//!
//! `cargo xtask test` runs it in headless Chromium, which `webdriver.json` describes. Each test has a database of its
//! own.
#![cfg(target_arch = "wasm32")]

use std::{cell::Cell, future::Future, pin::pin, rc::Rc, task::Context};

use futures::{
    future::{join_all, ready, select},
    task::noop_waker,
};
use js_sys::Function;
use sotay::platform::{
    crypto::AesKey,
    files::Joined,
    storage::{Change, Key, Read, Rows, Storage, StorageError, Store},
    tasks::sleep,
};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

mod packs;
mod people;
mod raw;
mod sealing;
mod wipe;

wasm_bindgen_test_configure!(run_in_browser);

async fn key() -> AesKey {
    AesKey::import(&[7; 32]).await.expect("the browser seals")
}

async fn open(name: &str) -> Storage {
    Storage::open(name, key().await).await.expect("the browser stores")
}

fn put(store: Store, key: impl Into<Key>, value: &[u8]) -> Change {
    Change::Put(store, key.into(), value.to_vec())
}

#[wasm_bindgen_test]
async fn a_write_is_strict_so_saved_means_on_the_disk() {
    let storage = open("strict").await;
    assert_eq!(storage.durability().await, Ok(Some("strict".to_owned())));
}

#[wasm_bindgen_test]
async fn a_timer_that_nobody_waits_for_any_more_calls_nobody() {
    let failed = Rc::new(Cell::new(false));
    let fails = Rc::clone(&failed);
    let on_error = Closure::<dyn FnMut()>::new(move || fails.set(true));
    let window = web_sys::window().expect("a page");
    let function = on_error.as_ref().unchecked_ref();
    window.add_event_listener_with_callback("error", function).expect("listens");
    select(pin!(sleep(1)), ready(())).await;
    // Set after the other and for as long, it rings behind it, however busy the machine is.
    sleep(1).await;
    window.remove_event_listener_with_callback("error", function).expect("listened");
    assert!(!failed.get());
}

#[wasm_bindgen_test]
async fn rows_come_back_under_every_kind_of_key() {
    let storage = open("keys").await;
    let keys = [
        Key::Number(7),
        Key::Text("name".to_owned()),
        Key::Bytes(vec![0, 255, 3]),
        Key::Piece(vec![1; 32], 4),
    ];
    let changes = keys.iter().map(|key| put(Store::Meta, key.clone(), &[1, 2, 3])).collect();
    storage.write(changes).await.expect("written");
    for key in &keys {
        assert_eq!(storage.row(Store::Meta, key.clone()).await, Ok(Some(vec![1, 2, 3])), "{key:?}");
    }
    let all = storage.all(Store::Meta).await.expect("read");
    let found: Vec<Key> = all.into_iter().map(|(key, _)| key).collect();
    assert_eq!(found.len(), keys.len());
    assert!(keys.iter().all(|key| found.contains(key)), "{found:?}");
    let bare = storage.read(vec![Read::Keys(Store::Meta)]).await.expect("read").remove(0);
    assert_eq!(bare, found.into_iter().map(|key| (key, Vec::new())).collect::<Rows>());
}

#[wasm_bindgen_test]
async fn nothing_to_read_and_nothing_to_write_are_no_failures() {
    let storage = open("nothing").await;
    assert_eq!(storage.read(Vec::new()).await, Ok(Vec::new()));
    assert_eq!(storage.write(Vec::new()).await, Ok(()));
}

#[wasm_bindgen_test]
async fn each_row_of_many_is_found_under_its_own_number() {
    let storage = open("runs").await;
    let rows = [(3_u64, 3_u8), (4, 4), (6, 6), (7, 7), (9, 9)];
    let mut changes: Vec<Change> =
        rows.iter().map(|(seq, value)| put(Store::Outbox, *seq, &[*value])).collect();
    changes.push(put(Store::Meta, 5_u64, &[55]));
    storage.write(changes).await.expect("written");
    // Runs with holes, a run that goes down, one that changes its store, and a number twice.
    let asked = [2, 3, 4, 5, 6, 7, 8, 9, 10, 4, 3, 3, 9];
    let mut reads: Vec<Read> =
        asked.iter().map(|seq| Read::Row(Store::Outbox, Key::Number(*seq))).collect();
    reads.insert(3, Read::Row(Store::Meta, Key::Number(5)));
    let mut found = storage.read(reads).await.expect("read");
    assert_eq!(found.remove(3), [(Key::Number(5), vec![55])]);
    for (seq, found) in asked.iter().zip(found) {
        let row = rows.iter().find(|(at, _)| at == seq);
        let row = row.map(|(at, value)| (Key::Number(*at), vec![*value]));
        assert_eq!(found, Vec::from_iter(row), "{seq}");
    }
}

#[wasm_bindgen_test]
async fn operations_come_in_the_order_of_their_count() {
    let storage = open("order").await;
    let changes = [10_u64, 2, 300, 1].map(|seq| put(Store::Outbox, seq, &[])).to_vec();
    storage.write(changes).await.expect("written");
    let rows =
        storage.read(vec![Read::From(Store::Outbox, Key::Number(2), 2)]).await.expect("read");
    let keys: Vec<Key> = rows.into_iter().flatten().map(|(key, _)| key).collect();
    assert_eq!(keys, [Key::Number(2), Key::Number(10)]);
}

#[wasm_bindgen_test]
async fn what_was_written_is_there_after_the_store_is_opened_again() {
    let storage = open("again").await;
    storage
        .write(vec![put(Store::Open, "a", &[1]), put(Store::Base, "b", &[2])])
        .await
        .expect("written");
    storage.close();
    let again = open("again").await;
    assert_eq!(again.row(Store::Open, "a").await, Ok(Some(vec![1])));
    assert_eq!(again.row(Store::Base, "b").await, Ok(Some(vec![2])));
    again
        .write(vec![Change::Clear(Store::Open), Change::Delete(Store::Base, "b".into())])
        .await
        .expect("removed");
    assert_eq!(again.all(Store::Open).await, Ok(Vec::new()));
    assert_eq!(again.row(Store::Base, "b").await, Ok(None));
}

#[wasm_bindgen_test]
async fn a_connection_that_the_system_closed_is_opened_anew() {
    let storage = open("closed").await;
    storage.write(vec![put(Store::Meta, "a", &[1])]).await.expect("written");
    storage.close();
    assert_eq!(storage.row(Store::Meta, "a").await, Ok(Some(vec![1])));
    storage.close();
    storage.write(vec![put(Store::Meta, "a", &[2])]).await.expect("written");
    assert_eq!(storage.row(Store::Meta, "a").await, Ok(Some(vec![2])));
}

#[wasm_bindgen_test]
async fn of_two_that_find_the_connection_closed_neither_leaves_one_behind() {
    let storage = open("opened twice").await;
    storage.write(vec![put(Store::Meta, "a", &[1])]).await.expect("written");
    storage.close();
    let both = [storage.row(Store::Meta, "a"), storage.row(Store::Meta, "a")];
    assert_eq!(join_all(both).await, [Ok(Some(vec![1])), Ok(Some(vec![1]))]);
    // One that hears no news would keep this waiting for ever.
    raw::remove("opened twice").await;
}

/// As Safari does when it has lost its database server, which no event tells: the connection is of no use any more.
fn lose_the_server(database: &str) {
    let body = r#"
        const original = IDBDatabase.prototype.transaction;
        let lost;
        IDBDatabase.prototype.transaction = function (...wanted) {
            if (this.name === database) {
                lost ??= this;
                if (lost === this) {
                    throw new DOMException("Connection to Indexed Database server lost. Refresh the page to try again", "UnknownError");
                }
            }
            return original.apply(this, wanted);
        };"#;
    Function::new_with_args("database", body)
        .call1(&JsValue::NULL, &database.into())
        .expect("replaced");
}

#[wasm_bindgen_test]
async fn a_connection_whose_server_is_lost_is_opened_anew() {
    let storage = open("server lost").await;
    storage.write(vec![put(Store::Meta, "a", &[1])]).await.expect("written");
    lose_the_server("server lost");
    storage.write(vec![put(Store::Meta, "a", &[2])]).await.expect("written");
    assert_eq!(storage.row(Store::Meta, "a").await, Ok(Some(vec![2])));
}

/// Who signed out in one tab meant all of it: another tab must not make it anew, empty, and say "saved" into it.
#[wasm_bindgen_test]
async fn a_store_that_was_removed_meanwhile_is_not_made_anew() {
    let storage = open("removed meanwhile").await;
    storage.write(vec![put(Store::Meta, "a", &[1])]).await.expect("written");
    raw::remove("removed meanwhile").await;
    let written = storage.write(vec![put(Store::Meta, "a", &[2])]).await;
    assert_eq!(written, Err(StorageError::Gone));
    assert_eq!(storage.row(Store::Meta, "a").await, Err(StorageError::Gone));
    assert_eq!(raw::names("removed meanwhile").await, Vec::<String>::new());
}

#[wasm_bindgen_test]
async fn a_decision_that_fails_leaves_nothing_behind() {
    let storage = open("failing").await;
    let decide =
        |_: Vec<Rows>| -> Result<(Vec<Change>, ()), StorageError> { Err(StorageError::Full) };
    let outcome = storage.update(vec![Read::All(Store::Meta)], &[Store::Meta], decide).await;
    assert_eq!(outcome, Err(StorageError::Full));
    assert_eq!(storage.all(Store::Meta).await, Ok(Vec::new()));
    storage.write(vec![put(Store::Meta, "a", &[1])]).await.expect("the store still works");
}

/// From now on each transaction of the database that calls `method` ends for want of room, and the request that was
/// made is never answered: what Chromium does when the commit fails before it has told of the last row.
fn fill_up_without_an_answer(database: &str, method: &str) {
    let body = r#"
        const original = IDBObjectStore.prototype[method];
        IDBObjectStore.prototype[method] = function (...row) {
            const request = original.apply(this, row);
            const transaction = this.transaction;
            if (transaction.db.name !== database) return request;
            for (const answer of ["success", "error"]) {
                request.addEventListener(answer, (event) => event.stopImmediatePropagation());
            }
            const error = new DOMException("no room", "QuotaExceededError");
            Object.defineProperty(transaction, "error", { value: error });
            transaction.abort();
            return request;
        };"#;
    let fill_up = Function::new_with_args("database, method", body);
    fill_up.call2(&JsValue::NULL, &database.into(), &method.into()).expect("replaced");
}

#[wasm_bindgen_test]
async fn a_full_disk_is_told_even_when_the_browser_leaves_a_write_unanswered() {
    let storage = open("unanswered write").await;
    fill_up_without_an_answer("unanswered write", "put");
    let changes = vec![put(Store::Meta, "a", &[1])];
    assert_eq!(storage.write(changes).await, Err(StorageError::Full));
    let decide = |_: Vec<Rows>| Ok((vec![put(Store::Meta, "a", &[1])], ()));
    let reads = vec![Read::All(Store::Meta)];
    assert_eq!(storage.update(reads, &[Store::Meta], decide).await, Err(StorageError::Full));
    assert_eq!(storage.all(Store::Meta).await, Ok(Vec::new()));
}

#[wasm_bindgen_test]
async fn a_transaction_that_ends_under_its_reads_is_not_waited_for() {
    let storage = open("unanswered read").await;
    fill_up_without_an_answer("unanswered read", "get");
    assert_eq!(storage.row(Store::Meta, "a").await, Err(StorageError::Full));
    storage.write(vec![put(Store::Meta, "a", &[1])]).await.expect("the store still works");
}

/// Adds one to the number in a row.
async fn increment(storage: &Storage) -> u8 {
    let decide = |rows: Vec<Rows>| {
        let count = rows[0].first().map_or(0, |(_, value)| value[0]) + 1;
        Ok((vec![put(Store::Meta, "count", &[count])], count))
    };
    storage
        .update(vec![Read::Row(Store::Meta, "count".into())], &[Store::Meta], decide)
        .await
        .expect("counted")
}

#[wasm_bindgen_test]
async fn two_tabs_never_give_the_same_place_in_the_count() {
    let (one, other) = (open("count").await, open("count").await);
    let counts = (0..40).map(|turn| increment(if turn % 2 == 0 { &one } else { &other }));
    let mut given = join_all(counts).await;
    given.sort_unstable();
    assert_eq!(given, (1..=40).collect::<Vec<u8>>());
}

#[wasm_bindgen_test]
async fn a_write_goes_on_when_the_page_that_asked_for_it_is_gone() {
    let storage = open("abandoned").await;
    {
        let write = pin!(storage.write(vec![put(Store::Open, "a", &[1])]));
        assert!(write.poll(&mut Context::from_waker(&noop_waker())).is_pending());
    }
    // It is sealed before its transaction, and so may come after the first reads.
    let mut found = None;
    for _ in 0..100 {
        found = found.or(storage.row(Store::Open, "a").await.expect("read"));
    }
    assert_eq!(found, Some(vec![1]));
}

#[wasm_bindgen_test]
async fn a_store_of_a_newer_app_is_left_alone() {
    let newer = idb::Factory::new().expect("a factory").open("newer", Some(99)).expect("a request");
    newer.await.expect("opened").close();
    assert_eq!(Storage::open("newer", key().await).await.err(), Some(StorageError::Newer));
}

#[wasm_bindgen_test]
async fn a_tab_that_does_not_make_way_is_told_and_holds_nothing_up_once_it_has_gone() {
    let older = idb::Factory::new().expect("a factory").open("held", Some(1)).expect("a request");
    let older = older.await.expect("opened");
    assert_eq!(Storage::open("held", key().await).await.err(), Some(StorageError::Blocked));
    older.close();
    assert!(Storage::open("held", key().await).await.is_ok(), "nothing holds it any more");
}

#[wasm_bindgen_test]
async fn a_newer_app_in_another_tab_may_upgrade() {
    let ours = open("upgraded").await;
    let newer =
        idb::Factory::new().expect("a factory").open("upgraded", Some(99)).expect("a request");
    newer.await.expect("our connection makes way").close();
    assert_eq!(ours.row(Store::Meta, "a").await, Err(StorageError::Newer));
}

#[wasm_bindgen_test]
async fn a_photo_of_a_megabyte_comes_back_byte_for_byte() {
    let storage = open("photo").await;
    let photo: Vec<u8> =
        (0..1_048_576_u32).map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()[0]).collect();
    let pieces = (0..).zip(photo.chunks(256 * 1024));
    let changes = pieces
        .map(|(place, piece)| put(Store::Blobs, Key::Piece(vec![9; 32], place), piece))
        .collect();
    storage.write(changes).await.expect("written");
    let stored: Vec<u8> = storage
        .all(Store::Blobs)
        .await
        .expect("read")
        .into_iter()
        .flat_map(|(_, piece)| piece)
        .collect();
    assert!(stored == photo);
}

/// A film's pieces are in the app's memory a few at a time.
#[wasm_bindgen_test]
fn pieces_become_one_file_in_the_browsers_hands() {
    let mut film = Joined::default();
    [[1, 2], [3, 4], [5, 6]].iter().for_each(|piece| film.push(piece));
    let film = film.end("video/mp4").expect("a file");
    assert_eq!((film.size(), film.type_()), (6.0, "video/mp4".to_owned()));
}
