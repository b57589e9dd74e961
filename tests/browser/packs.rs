//! Rows that came together lie together: what is read is what was written, whoever writes, and nothing lies in two places.

use std::collections::{BTreeMap, BTreeSet};

use js_sys::{JsString, Uint8Array};
use sotay::platform::storage::{Change, Key, Read, Rows, Storage, StorageError, Store};
use wasm_bindgen::JsCast;
use wasm_bindgen_test::{console_log, wasm_bindgen_test};

use crate::{open, put, raw, wipe::Random};

const SEEDS: u64 = 30;
const TURNS: usize = 25;

type Model = BTreeMap<Key, Vec<u8>>;

fn id(at: u64) -> Key {
    Key::Bytes([[0; 8], (at % 400).to_be_bytes()].concat())
}

/// The rows as a reader finds them in each way there is, and nothing but them on the disk.
async fn is_as(storage: &Storage, name: &str, model: &Model, seed: u64) {
    let all: Rows = model.clone().into_iter().collect();
    let some: Vec<Key> = (0..400).step_by(37).map(id).collect();
    let mut reads =
        vec![Read::All(Store::Base), Read::Keys(Store::Base), Read::From(Store::Base, id(150), 40)];
    reads.extend(some.iter().map(|key| Read::Row(Store::Base, key.clone())));
    let mut found = storage.read(reads).await.expect("read");
    let rows = found.split_off(3);
    assert_eq!(found[0], all, "seed {seed}");
    let keys: Vec<&Key> = found[1].iter().map(|(key, _)| key).collect();
    assert_eq!(keys, model.keys().collect::<Vec<_>>(), "seed {seed}");
    let from: Rows = all.iter().filter(|(key, _)| *key >= id(150)).take(40).cloned().collect();
    assert_eq!(found[2], from, "seed {seed}");
    for (key, row) in some.iter().zip(rows) {
        assert_eq!(row.first().map(|(_, value)| value), model.get(key), "seed {seed}");
    }
    let database = raw::database(name).await;
    let mut ids: Vec<Vec<u8>> = Vec::new();
    for store in ["base", "packs"] {
        let keys = raw::rows(&database, store).await.into_iter().map(|(key, _)| key);
        for key in keys.filter(|key| key.dyn_ref::<JsString>().is_none() && key.as_f64().is_none())
        {
            ids.extend(Uint8Array::new(&key).to_vec().chunks(16).map(<[u8]>::to_vec));
        }
    }
    database.close();
    let distinct: BTreeSet<Vec<u8>> = ids.iter().cloned().collect();
    assert_eq!((ids.len(), distinct.len()), (model.len(), model.len()), "seed {seed}: each once");
}

#[wasm_bindgen_test]
async fn rows_are_found_wherever_two_tabs_have_put_them() {
    for seed in 1..=SEEDS {
        console_log!("seed {seed}");
        let mut random = Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let name = format!("packs {seed}");
        let mut tabs = [open(&name).await, open(&name).await];
        let mut model = Model::new();
        for turn in 0..TURNS {
            let tab = &tabs[random.below(2) as usize];
            // Few lie by themselves, many in packs.
            let count = [1, 3, 15, 16, 40, 300][random.below(6) as usize];
            let first = random.below(400);
            let mut changes = Vec::new();
            for at in 0..count {
                let key = id(first + at * (1 + random.below(3)));
                if random.below(5) == 0 {
                    changes.push(Change::Delete(Store::Base, key));
                } else {
                    let value = vec![turn as u8; random.below(30) as usize];
                    changes.push(Change::Put(Store::Base, key, value));
                }
            }
            // Each row at most once in a change, as sync writes them.
            let mut seen = BTreeSet::new();
            changes.retain(|change| match change {
                Change::Put(_, key, _) | Change::Delete(_, key) => seen.insert(key.clone()),
                Change::Clear(_) => true,
            });
            if random.below(20) == 0 {
                changes.insert(0, Change::Clear(Store::Base));
            }
            for change in changes.clone() {
                match change {
                    Change::Put(_, key, value) => drop(model.insert(key, value)),
                    Change::Delete(_, key) => drop(model.remove(&key)),
                    Change::Clear(_) => model.clear(),
                }
            }
            tab.write(changes).await.expect("written");
            if random.below(6) == 0 {
                tabs[0].close();
                tabs[0] = open(&name).await;
            }
            if random.below(3) == 0 {
                is_as(&tabs[random.below(2) as usize], &name, &model, seed).await;
            }
        }
        for tab in &tabs {
            is_as(tab, &name, &model, seed).await;
        }
    }
}

#[wasm_bindgen_test]
async fn a_pack_that_was_changed_is_told_as_damaged() {
    let storage = open("pack bit").await;
    storage
        .write((0..20).map(|at| put(Store::Base, id(at), &[7; 9])).collect())
        .await
        .expect("written");
    let database = raw::database("pack bit").await;
    let packs = raw::rows(&database, "packs").await;
    let (key, sealed) = packs.iter().find(|(key, _)| key.as_f64().is_none()).expect("one is there");
    let mut changed = Uint8Array::new(sealed).to_vec();
    *changed.last_mut().expect("not empty") ^= 1;
    raw::put(&database, "packs", key, &Uint8Array::from(&changed[..])).await;
    let damaged = StorageError::Damaged("packs");
    assert_eq!(storage.row(Store::Base, id(3)).await, Err(damaged.clone()));
    assert_eq!(storage.all(Store::Base).await, Err(damaged.clone()));
    // And it is not written over by what would lose the others in it.
    assert_eq!(storage.write(vec![put(Store::Base, id(3), &[1])]).await, Err(damaged));
    raw::put(&database, "packs", key, sealed).await;
    assert_eq!(storage.row(Store::Base, id(3)).await, Ok(Some(vec![7; 9])));
}

/// A store as the version before packs left it: each row by itself, under the same key and sealed for the same place.
#[wasm_bindgen_test]
async fn a_store_of_version_1_opens_and_its_rows_move_as_they_change() {
    const STORES_OF_1: &[&str] = &[
        "meta",
        "base",
        "open",
        "outbox",
        "blobs",
        "blobmeta",
        "forms",
        "pack",
        "place",
        "summaries",
    ];
    let source = open("before packs, source").await;
    let mut model = Model::new();
    for at in 0..50 {
        source.write(vec![put(Store::Base, id(at), &[at as u8; 5])]).await.expect("written");
        model.insert(id(at), vec![at as u8; 5]);
    }
    let old = raw::make("before packs", 1, STORES_OF_1).await;
    let from = raw::database("before packs, source").await;
    for (key, value) in raw::rows(&from, "base").await {
        raw::put(&old, "base", &key, &value).await;
    }
    old.close();
    let storage = open("before packs").await;
    is_as(&storage, "before packs", &model, 0).await;
    let changes: Vec<Change> = (30..90).map(|at| put(Store::Base, id(at), &[1])).collect();
    model.extend((30..90).map(|at| (id(at), vec![1])));
    storage.write(changes).await.expect("written");
    is_as(&storage, "before packs", &model, 0).await;
    let database = raw::database("before packs").await;
    assert_eq!(raw::rows(&database, "base").await.len(), 30, "the others are in a pack");
}
