//! A person's store on the disk: nothing of it can be read there, and nothing of it can be changed unseen.

use futures::future::join_all;
use js_sys::Uint8Array;
use sotay::platform::storage::{
    Change, Key, Read, Rows, STORES, Storage, StorageError, Store, schema::CHUNK_SIZE_BYTES,
};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::{open, put, raw};

const SECRET: &str = "Nguyễn Thị Hoa bị bạo lực";

#[wasm_bindgen_test]
async fn no_value_of_any_store_can_be_read_on_the_disk() {
    let storage = open("sealed values").await;
    let wide: Vec<u8> = SECRET.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for store in STORES {
        let changes = vec![put(store, 1, SECRET.as_bytes()), put(store, 2, &wide)];
        storage.write(changes).await.expect("written");
    }
    let found = raw::dump("sealed values").await;
    assert!(found.len() > 2 * STORES.len(), "something was found at all");
    assert_eq!(raw::find(&found, SECRET), None);
    for store in STORES {
        assert_eq!(storage.row(store, 1).await, Ok(Some(SECRET.as_bytes().to_vec())), "{store:?}");
    }
}

#[wasm_bindgen_test]
async fn what_is_looked_for_would_be_found_in_the_clear() {
    let database = raw::make("in the clear", 1, &["a"]).await;
    let wide: Vec<u8> = SECRET.encode_utf16().flat_map(u16::to_le_bytes).collect();
    raw::put(&database, "a", &1.into(), &Uint8Array::from(&wide[..])).await;
    database.close();
    let found = raw::dump("in the clear").await;
    assert_eq!(raw::find(&found, SECRET), Some("UTF-16, little end first"));
}

#[wasm_bindgen_test]
async fn the_same_value_never_looks_the_same_twice() {
    let storage = open("fresh nonces").await;
    for key in ["a", "b"] {
        storage.write(vec![put(Store::Meta, key, &[1; 64])]).await.expect("written");
    }
    let database = raw::database("fresh nonces").await;
    let rows = raw::rows(&database, "meta").await;
    let values: Vec<Vec<u8>> = rows.iter().map(|(_, value)| bytes(value)).collect();
    assert_eq!(values.len(), 2);
    assert_eq!(values[0].len(), 1 + 12 + 64 + 16, "how it is sealed, its nonce, it, its tag");
    assert_ne!(values[0][1..13], values[1][1..13]);
    assert_ne!(values[0][13..], values[1][13..]);
}

/// Every way to touch a sealed value: it is told, and neither read nor passed over.
#[wasm_bindgen_test]
async fn a_value_with_one_bit_changed_is_told_as_damaged() {
    let storage = open("one bit").await;
    storage.write(vec![put(Store::Open, "a", &[5; 40])]).await.expect("written");
    let database = raw::database("one bit").await;
    let (key, sealed) = raw::rows(&database, "open").await.remove(0);
    let sealed = bytes(&sealed);
    for at in [0, 1, 12, 13, sealed.len() / 2, sealed.len() - 1] {
        let mut changed = sealed.clone();
        changed[at] ^= 1;
        raw::put(&database, "open", &key, &Uint8Array::from(&changed[..])).await;
        let damaged = Err(StorageError::Damaged("open"));
        assert_eq!(storage.row(Store::Open, "a").await, damaged, "bit of byte {at}");
        assert_eq!(storage.all(Store::Open).await, Err(StorageError::Damaged("open")));
    }
    for short in [&[][..], &sealed[..13], &sealed[..sealed.len() - 1]] {
        raw::put(&database, "open", &key, &Uint8Array::from(short)).await;
        let damaged = Err(StorageError::Damaged("open"));
        assert_eq!(storage.row(Store::Open, "a").await, damaged, "{} bytes", short.len());
    }
    raw::put(&database, "open", &key, &Uint8Array::from(&sealed[..])).await;
    assert_eq!(storage.row(Store::Open, "a").await, Ok(Some(vec![5; 40])));
}

#[wasm_bindgen_test]
async fn two_values_that_change_places_are_told_as_damaged() {
    let storage = open("swapped").await;
    let changes = vec![
        put(Store::Open, "a", &[1; 8]),
        put(Store::Open, "b", &[2; 8]),
        put(Store::Base, "a", &[3; 8]),
    ];
    storage.write(changes).await.expect("written");
    let database = raw::database("swapped").await;
    let opened = raw::rows(&database, "open").await;
    let based = raw::rows(&database, "base").await;
    raw::put(&database, "open", &opened[0].0, &opened[1].1).await;
    assert_eq!(storage.row(Store::Open, "a").await, Err(StorageError::Damaged("open")));
    raw::put(&database, "open", &opened[0].0, &based[0].1).await;
    assert_eq!(storage.row(Store::Open, "a").await, Err(StorageError::Damaged("open")));
    assert_eq!(storage.row(Store::Open, "b").await, Ok(Some(vec![2; 8])));
}

#[wasm_bindgen_test]
async fn a_change_is_not_made_over_a_value_that_is_damaged() {
    let storage = open("no change").await;
    storage.write(vec![put(Store::Meta, "a", &[1; 8])]).await.expect("written");
    let database = raw::database("no change").await;
    let (key, _) = raw::rows(&database, "meta").await.remove(0);
    raw::put(&database, "meta", &key, &Uint8Array::from(&[1; 50][..])).await;
    let decide = |_: Vec<Rows>| Ok((vec![put(Store::Meta, "a", &[2])], ()));
    let changed = storage.update(vec![Read::All(Store::Meta)], &[Store::Meta], decide).await;
    assert_eq!(changed, Err(StorageError::Damaged("meta")));
    assert_eq!(bytes(&raw::rows(&database, "meta").await[0].1), [1; 50]);
}

#[wasm_bindgen_test]
async fn another_key_opens_nothing() {
    let storage = open("another key").await;
    storage.write(vec![put(Store::Meta, "a", &[1])]).await.expect("written");
    let other = sotay::platform::crypto::AesKey::import(&[8; 32]).await.expect("a key");
    let other = Storage::open("another key", other).await.expect("opened");
    assert_eq!(other.row(Store::Meta, "a").await, Err(StorageError::Damaged("meta")));
}

/// A change decides on what it read before its transaction: whoever wrote meanwhile is not written over.
#[wasm_bindgen_test]
async fn of_changes_in_many_tabs_none_is_lost() {
    let tabs = join_all((0..4).map(|_| open("many tabs"))).await;
    let add = |tab: Storage, what: u8| async move {
        let decide = move |rows: Vec<Rows>| {
            let mut all = rows[0].first().map_or_else(Vec::new, |(_, value)| value.clone());
            all.push(what);
            Ok((vec![put(Store::Meta, "all", &all)], ()))
        };
        let reads = vec![Read::Row(Store::Meta, "all".into())];
        tab.update(reads, &[Store::Meta], decide).await.expect("added");
    };
    join_all((0..60).map(|what| add(tabs[usize::from(what) % 4].clone(), what))).await;
    let mut all = tabs[0].row(Store::Meta, "all").await.expect("read").expect("there");
    all.sort_unstable();
    assert_eq!(all, (0..60).collect::<Vec<u8>>());
}

#[wasm_bindgen_test]
async fn a_row_that_came_meanwhile_is_seen_by_the_decision() {
    let storage = open("came meanwhile").await;
    let other = open("came meanwhile").await;
    let mut runs = 0;
    let decide = move |rows: Vec<Rows>| {
        runs += 1;
        if runs == 1 {
            let other = other.clone();
            // It is asked for before the transaction that writes, and so comes before it.
            wasm_bindgen_futures::spawn_local(async move {
                other.write(vec![put(Store::Outbox, 1, &[1])]).await.expect("written");
            });
        }
        let seen = u8::try_from(rows[0].len()).expect("few rows");
        Ok((vec![put(Store::Meta, "seen", &[seen])], seen))
    };
    let reads = vec![Read::All(Store::Outbox)];
    let seen = storage.update(reads, &[Store::Meta], decide).await.expect("decided");
    let rows = storage.all(Store::Outbox).await.expect("read").len();
    assert_eq!(storage.row(Store::Meta, "seen").await, Ok(Some(vec![seen])));
    assert!(usize::from(seen) == rows || rows == 1 && seen == 0, "{seen} of {rows}");
}

#[wasm_bindgen_test]
async fn a_photo_is_sealed_piece_by_piece() {
    let storage = open("sealed photo").await;
    let piece: Vec<u8> = vec![9; CHUNK_SIZE_BYTES];
    let key = |place| Key::Piece(vec![1; 32], place);
    let changes: Vec<Change> = (0..3).map(|place| put(Store::Blobs, key(place), &piece)).collect();
    storage.write(changes).await.expect("written");
    let database = raw::database("sealed photo").await;
    let rows = raw::rows(&database, "blobs").await;
    let run = [9; 64];
    assert!(rows.iter().all(|(_, value)| !bytes(value).windows(64).any(|window| window == run)));
    raw::put(&database, "blobs", &rows[0].0, &rows[1].1).await;
    let first = storage.row(Store::Blobs, key(0)).await;
    assert_eq!(first, Err(StorageError::Damaged("blobs")));
    assert_eq!(storage.row(Store::Blobs, key(2)).await, Ok(Some(piece)));
}

fn bytes(value: &JsValue) -> Vec<u8> {
    value.dyn_ref::<Uint8Array>().expect("bytes").to_vec()
}
