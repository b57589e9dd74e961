//! Several people on one phone, their PINs, and the move out of the store that version 1 kept in the clear.

use std::{future::Future, pin::pin, task::Poll};

use futures::future::poll_fn;
use js_sys::{Array, Uint8Array};
use sotay::{
    platform::{
        crypto::KEY_BYTES,
        storage::{
            Key, Person, Phone, STORES, StorageError, Store,
            schema::{CHUNK_SIZE_BYTES, Label, PinRow},
        },
    },
    stores::pin,
};
use sync::{codec, device::DeviceState, wire::DeviceId};
use wasm_bindgen::JsValue;
use wasm_bindgen_test::wasm_bindgen_test;

use crate::{put, raw};

const SECRET: &str = "Trần Văn Bình vắng mặt";

fn label(account: &str, name: &str) -> Label {
    Label { account: account.to_owned(), name: name.to_owned(), device: DeviceId([3; 16]) }
}

async fn phone(name: &str) -> Phone {
    Phone::open_named(name).await.expect("the browser stores")
}

async fn only(phone: &Phone) -> Person {
    let mut people = phone.people().await.expect("read");
    assert_eq!(people.len(), 1);
    people.remove(0)
}

fn pin_row(salt: u8) -> PinRow {
    PinRow { salt: [salt; 16], memory_kib: 64, passes: 1 }
}

fn key_of(pin: &str, row: &PinRow) -> [u8; KEY_BYTES] {
    pin::key(pin, row).expect("sound parameters")
}

async fn set_pin(phone: &Phone, old: Option<&str>, new: Option<&str>, salt: u8) -> bool {
    let person = only(phone).await;
    let old = old.zip(person.row.pin.as_ref()).map(|(pin, row)| key_of(pin, row));
    let new = new.map(|pin| (pin_row(salt), key_of(pin, &pin_row(salt))));
    phone.set_pin(&person, old.as_ref(), new).await.expect("written")
}

async fn unlock(phone: &Phone, pin: &str) -> Option<Vec<u8>> {
    let person = only(phone).await;
    let key = key_of(pin, person.row.pin.as_ref().expect("a PIN"));
    let storage = phone.unlock(&person, &key).await.expect("read")?;
    storage.row(Store::Meta, "a").await.expect("opened")
}

#[wasm_bindgen_test]
async fn two_people_have_each_a_store_and_neither_reads_the_others() {
    let phone = phone("two people").await;
    let an =
        phone.add(label("an", "Lê An"), vec![put(Store::Meta, "a", &[1])]).await.expect("added");
    let ba =
        phone.add(label("ba", "Hồ Ba"), vec![put(Store::Meta, "a", &[2])]).await.expect("added");
    let names: Vec<String> =
        phone.people().await.expect("read").into_iter().map(|person| person.label.name).collect();
    assert_eq!(names, ["Hồ Ba", "Lê An"]);
    let (of_an, of_ba) =
        (phone.enter(&an).await.expect("let in"), phone.enter(&ba).await.expect("let in"));
    assert_ne!(of_an.name(), of_ba.name());
    assert_eq!(of_an.row(Store::Meta, "a").await, Ok(Some(vec![1])));
    assert_eq!(of_ba.row(Store::Meta, "a").await, Ok(Some(vec![2])));
    // Not even with the other's way in to one's own store, or the other's values in it.
    let mut mixed = ba.clone();
    mixed.row.wrap = an.row.wrap.clone();
    let damaged = Some(StorageError::Damaged("people"));
    assert_eq!(phone.enter(&mixed).await.err(), damaged);
    let (raw_an, raw_ba) = (raw::database(of_an.name()).await, raw::database(of_ba.name()).await);
    let (key, value) = raw::rows(&raw_an, "meta").await.remove(0);
    raw::put(&raw_ba, "meta", &key, &value).await;
    assert_eq!(of_ba.row(Store::Meta, "a").await, Err(StorageError::Damaged("meta")));
}

#[wasm_bindgen_test]
async fn nothing_of_anybody_can_be_read_on_the_disk_not_even_their_names() {
    let phone = phone("quiet").await;
    let first = vec![put(Store::Meta, "profile", SECRET.as_bytes())];
    let person = phone.add(label("canbo.longkhanh", "Phạm Thị Lan"), first).await.expect("added");
    let storage = phone.enter(&person).await.expect("let in");
    for store in STORES {
        storage.write(vec![put(store, "x", SECRET.as_bytes())]).await.expect("written");
    }
    for with_pin in [false, true] {
        if with_pin {
            assert!(set_pin(&phone, None, Some("274913"), 1).await);
        }
        let found = raw::dump("quiet").await;
        assert!(found.len() > STORES.len(), "something was found at all");
        for text in [SECRET, "Phạm Thị Lan", "canbo.longkhanh", "274913"] {
            assert_eq!(raw::find(&found, text), None, "{text}, with a PIN: {with_pin}");
        }
    }
}

#[wasm_bindgen_test]
async fn with_a_pin_the_phones_key_alone_opens_nothing() {
    let phone = phone("both keys").await;
    phone.add(label("an", "An"), vec![put(Store::Meta, "a", &[1])]).await.expect("added");
    assert!(set_pin(&phone, None, Some("274913"), 1).await);
    let person = only(&phone).await;
    let damaged = Some(StorageError::Damaged("people"));
    assert_eq!(phone.enter(&person).await.err(), damaged);
    // Nor does it help to say that there is no PIN.
    let mut bare = person.clone();
    bare.row.pin = None;
    assert_eq!(phone.enter(&bare).await.err(), damaged);
    assert_eq!(unlock(&phone, "274914").await, None);
    assert_eq!(unlock(&phone, "274913").await, Some(vec![1]));
    // With weaker parameters beside it the right PIN is no key either.
    let mut weak = person.clone();
    let row = PinRow { memory_kib: 32, ..person.row.pin.expect("a PIN") };
    weak.row.pin = Some(row.clone());
    assert!(phone.unlock(&weak, &key_of("274913", &row)).await.expect("read").is_none());
}

#[wasm_bindgen_test]
async fn another_phones_key_does_not_open_what_the_right_pin_would() {
    let (ours, other) = (phone("our phone").await, phone("other phone").await);
    let person = ours.add(label("an", "An"), Vec::new()).await.expect("added");
    assert_eq!(other.enter(&person).await.err(), Some(StorageError::Damaged("people")));
    assert!(set_pin(&ours, None, Some("274913"), 1).await);
    let person = only(&ours).await;
    let key = key_of("274913", &pin_row(1));
    let opened = other.unlock(&person, &key).await;
    assert_eq!(opened.err(), Some(StorageError::Damaged("people")));
}

/// The store's own bytes are the same before and after: only its key is sealed anew.
#[wasm_bindgen_test]
async fn a_pin_is_set_changed_and_removed_without_touching_the_store() {
    let phone = phone("pin changes").await;
    phone.add(label("an", "An"), vec![put(Store::Meta, "a", &[1])]).await.expect("added");
    let name = raw::names("pin changes.").await.remove(0);
    let before = raw::dump(&name).await;
    assert!(set_pin(&phone, None, Some("274913"), 1).await);
    assert!(!set_pin(&phone, Some("111222"), Some("860417"), 2).await, "another PIN sets none");
    assert!(!set_pin(&phone, None, None, 2).await, "nor does none at all");
    assert_eq!(unlock(&phone, "274913").await, Some(vec![1]));
    assert!(set_pin(&phone, Some("274913"), Some("860417"), 3).await);
    assert_eq!(unlock(&phone, "274913").await, None);
    assert_eq!(unlock(&phone, "860417").await, Some(vec![1]));
    assert!(set_pin(&phone, Some("860417"), None, 0).await);
    let person = only(&phone).await;
    let storage = phone.enter(&person).await.expect("let in");
    assert_eq!(storage.row(Store::Meta, "a").await, Ok(Some(vec![1])));
    assert!(raw::dump(&name).await == before);
}

#[wasm_bindgen_test]
async fn wrong_pins_are_counted_across_starts() {
    let ours = phone("counted").await;
    let person = ours.add(label("an", "An"), Vec::new()).await.expect("added");
    for _ in 0..3 {
        let edit = |row: &mut sotay::platform::storage::schema::PersonRow| row.wrong_pins += 1;
        ours.change(&person.id, edit).await.expect("written");
    }
    let again = phone("counted").await;
    assert_eq!(only(&again).await.row.wrong_pins, 3);
}

async fn remove(phone: &Phone, person: &Person) -> Result<bool, StorageError> {
    let rows = phone.trace(&person.id).await?;
    phone.remove(&person.id, rows).await
}

/// Somebody signs out, and another tab of theirs enters something after it was seen that all was sent.
#[wasm_bindgen_test]
async fn what_is_entered_while_somebody_leaves_keeps_them() {
    let phone = phone("entered amid").await;
    let an = phone.add(label("an", "An"), vec![put(Store::Meta, "a", &[1])]).await.expect("added");
    phone.set_current(Some(&an.id)).await.expect("written");
    let rows = phone.trace(&an.id).await.expect("read");
    let other = phone.enter(&an).await.expect("let in");
    other.write(vec![put(Store::Open, "b", &[2])]).await.expect("written");
    assert_eq!(phone.remove(&an.id, rows).await, Ok(false));
    assert_eq!(phone.current().await, Ok(Some(an.id.clone())));
    let here = only(&phone).await;
    assert_eq!(here, an);
    let again = phone.enter(&here).await.expect("let in");
    assert_eq!(again.row(Store::Open, "b").await, Ok(Some(vec![2])));
    assert_eq!(again.row(Store::Meta, "a").await, Ok(Some(vec![1])), "nothing was emptied");
    other.close();
    again.close();
    assert_eq!(remove(&phone, &here).await, Ok(true));
    raw::until_only("entered amid.", &[]).await;
}

#[wasm_bindgen_test]
async fn who_leaves_leaves_nothing_behind() {
    let phone = phone("leaves").await;
    let an = phone.add(label("an", "An"), vec![put(Store::Meta, "a", &[1])]).await.expect("added");
    let ba = phone.add(label("ba", "Ba"), vec![put(Store::Meta, "a", &[2])]).await.expect("added");
    phone.set_current(Some(&an.id)).await.expect("written");
    let held = phone.enter(&an).await.expect("let in");
    assert_eq!(remove(&phone, &an).await, Ok(true));
    drop(held);
    assert_eq!(phone.current().await, Ok(None));
    assert_eq!(only(&phone).await.id, ba.id);
    raw::until_only("leaves.", &[format!("leaves.{}", ba.id)]).await;
    let of_ba = phone.enter(&ba).await.expect("let in");
    assert_eq!(of_ba.row(Store::Meta, "a").await, Ok(Some(vec![2])));
}

/// Another tab lists who uses the phone, and knows nothing of what they did since.
#[wasm_bindgen_test]
async fn who_left_is_not_let_in_by_what_another_tab_remembers() {
    let phone = phone("remembered").await;
    let an = label("canbo.longkhanh", "Phạm Thị Lan");
    phone.add(an, vec![put(Store::Meta, "a", &[1])]).await.expect("added");
    let listed = only(&phone).await;
    assert_eq!(remove(&phone, &listed).await, Ok(true));
    raw::until_only("remembered.", &[]).await;
    assert_eq!(phone.enter(&listed).await.err(), Some(StorageError::Gone));
    raw::until_only("remembered.", &[]).await;
    // Their session is still to end, and what is kept for that names nobody who cannot open it.
    let found = raw::dump("remembered").await;
    for text in ["Phạm Thị Lan", "canbo.longkhanh"] {
        assert_eq!(raw::find(&found, text), None, "{text}");
    }
    let left = phone.leavers().await.expect("read");
    assert_eq!(left, [(listed.id.clone(), listed.label.clone())]);
    phone.has_ended(&listed.id).await.expect("written");
    assert_eq!(phone.leavers().await, Ok(Vec::new()));
}

#[wasm_bindgen_test]
async fn a_tab_that_sleeps_on_the_store_of_who_leaves_keeps_nobody_out() {
    let phone = phone("asleep").await;
    let an = phone.add(label("an", "An"), Vec::new()).await.expect("added");
    let ba = phone.add(label("ba", "Ba"), Vec::new()).await.expect("added");
    // It hears nothing of the store's end.
    let asleep = raw::database(&format!("asleep.{}", an.id)).await;
    assert_eq!(remove(&phone, &an).await, Ok(true));
    assert_eq!(only(&phone).await.id, ba.id);
    assert_eq!(only(&self::phone("asleep").await).await.id, ba.id);
    asleep.close();
    raw::until_only("asleep.", &[format!("asleep.{}", ba.id)]).await;
}

#[wasm_bindgen_test]
async fn a_key_that_the_browser_does_not_give_is_never_replaced() {
    let phone = phone("key withheld").await;
    phone.add(label("an", "An"), vec![put(Store::Meta, "a", &[1])]).await.expect("added");
    let database = raw::database("key withheld").await;
    let name = JsValue::from_str("key");
    let (_, key) = raw::rows(&database, "phone")
        .await
        .into_iter()
        .find(|(key, _)| *key == name)
        .expect("kept");
    raw::put(&database, "phone", &name, &JsValue::NULL).await;
    let refused = Phone::open_named("key withheld").await.err();
    assert_eq!(refused, Some(StorageError::Damaged("phone")));
    raw::put(&database, "phone", &name, &key).await;
    database.close();
    let again = self::phone("key withheld").await;
    let storage = again.enter(&only(&again).await).await.expect("let in");
    assert_eq!(storage.row(Store::Meta, "a").await, Ok(Some(vec![1])));
}

#[wasm_bindgen_test]
async fn two_tabs_that_open_a_new_phone_have_one_key() {
    let (one, other) = futures::join!(phone("one key"), phone("one key"));
    let person =
        one.add(label("an", "An"), vec![put(Store::Meta, "a", &[1])]).await.expect("added");
    let storage = other.enter(&person).await.expect("let in");
    assert_eq!(storage.row(Store::Meta, "a").await, Ok(Some(vec![1])));
}

/// The stores of version 1, as it made them.
const VERSION_1: &[&str] =
    &["meta", "base", "open", "outbox", "blobs", "blobmeta", "forms", "pack", "place"];

/// A phone as version 1 left it: one person, work of every kind, a photo of several pieces.
async fn version_1(name: &str) -> Vec<(Store, Key, Vec<u8>)> {
    let database = raw::make(name, 1, VERSION_1).await;
    let profile =
        br#"{"account":"an","name":"Nguyen An","role":"officer","unit":"u","scope":["u"]}"#;
    let device = codec::encode(&DeviceState::new(DeviceId([4; 16])));
    let text = |store, key: &str, value: &[u8]| (store, Key::Text(key.to_owned()), value.to_vec());
    let mut rows = vec![
        text(Store::Meta, "profile", profile),
        text(Store::Meta, "device", &device),
        text(Store::Pack, "pack", b"{}"),
        text(Store::Place, "filling", SECRET.as_bytes()),
    ];
    for at in 0..60_u8 {
        rows.push((Store::Base, Key::Bytes(vec![at; 16]), [SECRET.as_bytes(), &[at]].concat()));
        rows.push((Store::Outbox, Key::Number(u64::from(at) + 1), vec![at; 300]));
    }
    rows.push((Store::Open, Key::Bytes(vec![200; 16]), SECRET.as_bytes().to_vec()));
    rows.push((Store::BlobMeta, Key::Bytes(vec![7; 32]), vec![1]));
    for place in 0..3 {
        rows.push((Store::Blobs, Key::Piece(vec![7; 32], place), vec![5; CHUNK_SIZE_BYTES]));
    }
    for (store, key, value) in &rows {
        let value = Uint8Array::from(&value[..]);
        raw::put(&database, store.name(), &key_to_js(key), &value).await;
    }
    database.close();
    rows
}

#[expect(clippy::cast_precision_loss, reason = "small numbers")]
fn key_to_js(key: &Key) -> JsValue {
    match key {
        Key::Number(number) => JsValue::from_f64(*number as f64),
        Key::Text(text) => JsValue::from_str(text),
        Key::Bytes(bytes) => Uint8Array::from(&bytes[..]).into(),
        Key::Piece(hash, place) => {
            Array::of2(&Uint8Array::from(&hash[..]), &(*place).into()).into()
        }
    }
}

async fn is_all_there(phone: &Phone, rows: &[(Store, Key, Vec<u8>)]) {
    let person = only(phone).await;
    assert_eq!((&*person.label.account, &*person.label.name), ("an", "Nguyen An"));
    assert_eq!(person.label.device, DeviceId([4; 16]));
    assert_eq!(phone.current().await, Ok(Some(person.id.clone())));
    let storage = phone.enter(&person).await.expect("let in");
    for (store, key, value) in rows {
        let found = storage.row(*store, key.clone()).await;
        assert!(found.as_ref() == Ok(&Some(value.clone())), "{store:?} {key:?}");
    }
    let mut count = 0;
    for store in STORES {
        count += storage.all(store).await.expect("read").len();
    }
    assert_eq!(count, rows.len(), "nothing twice, nothing else");
}

#[wasm_bindgen_test]
async fn what_version_1_kept_in_the_clear_is_sealed_and_whole() {
    let rows = version_1("version 1").await;
    assert!(raw::find(&raw::dump("version 1").await, SECRET).is_some(), "it was in the clear");
    let phone = phone("version 1").await;
    is_all_there(&phone, &rows).await;
    let found = raw::dump("version 1").await;
    for text in [SECRET, "Nguyen An"] {
        assert_eq!(raw::find(&found, text), None, "{text}");
    }
    let again = Phone::open_named("version 1").await.expect("opened again");
    is_all_there(&again, &rows).await;
}

/// Runs a task until it has waited so many times, as if the phone died then; whether it came to its end before.
async fn killed_after(waits: u32, task: impl Future<Output = ()>) -> bool {
    let mut task = pin!(task);
    let mut left = waits;
    poll_fn(move |context| {
        if task.as_mut().poll(context).is_ready() {
            return Poll::Ready(true);
        }
        if left == 0 {
            return Poll::Ready(false);
        }
        left -= 1;
        Poll::Pending
    })
    .await
}

#[wasm_bindgen_test]
async fn a_move_that_is_killed_again_and_again_loses_nothing() {
    let rows = version_1("killed move").await;
    let mut kills = 0;
    loop {
        let moved = async { drop(phone("killed move").await) };
        if killed_after(kills, moved).await {
            break;
        }
        kills += 1;
        assert!(kills < 2_000, "it comes to an end");
    }
    assert!(kills > 20, "it was killed at many moments: {kills}");
    let phone = phone("killed move").await;
    is_all_there(&phone, &rows).await;
    let found = raw::dump("killed move").await;
    assert_eq!(raw::find(&found, SECRET), None);
    assert_eq!(raw::names("killed move.").await.len(), 1, "each try went on with the same store");
}

#[wasm_bindgen_test]
async fn an_app_of_version_1_in_another_tab_writes_nothing_into_the_clear_any_more() {
    let old = raw::make("old tab", 1, VERSION_1).await;
    let profile = br#"{"account":"an","name":"An","role":"officer","unit":"u","scope":[]}"#;
    let device = codec::encode(&DeviceState::new(DeviceId([4; 16])));
    for (key, value) in [("profile", &profile[..]), ("device", &device)] {
        raw::put(&old, "meta", &key.into(), &Uint8Array::from(value)).await;
    }
    // What it does when it is asked to make way; and then it wants its version back.
    old.close();
    let phone = phone("old tab").await;
    assert_eq!(only(&phone).await.label.account, "an");
    let factory = idb::Factory::new().expect("a factory");
    let refused = factory.open("old tab", Some(1)).expect("a request").await;
    assert!(refused.is_err(), "version 1 is shut out");
}

#[wasm_bindgen_test]
async fn a_phone_of_version_1_that_nobody_was_signed_in_on_begins_anew() {
    let database = raw::make("nobody", 1, VERSION_1).await;
    raw::put(&database, "meta", &"device".into(), &Uint8Array::from(&[1][..])).await;
    raw::put(&database, "pack", &"pack".into(), &Uint8Array::from(&[2][..])).await;
    database.close();
    let phone = phone("nobody").await;
    assert_eq!(phone.people().await, Ok(Vec::new()));
    let database = raw::database("nobody").await;
    assert_eq!(raw::rows(&database, "pack").await.len(), 0);
}
