//! What lies on the disk: the databases as any other program of this origin finds them.

use idb::{Database, DatabaseEvent, Factory, ObjectStoreParams, TransactionMode};
use js_sys::{Array, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};

/// Opens a database as it stands.
pub async fn database(name: &str) -> Database {
    let factory = Factory::new().expect("a factory");
    factory.open(name, None).expect("a request").await.expect("opened")
}

/// Makes a database of that version with stores of these names.
pub async fn make(name: &str, version: u32, stores: &'static [&'static str]) -> Database {
    let factory = Factory::new().expect("a factory");
    let mut request = factory.open(name, Some(version)).expect("a request");
    request.on_upgrade_needed(move |event| {
        let database = idb::event::VersionChangeEvent::database(&event).expect("a database");
        for store in stores {
            database.create_object_store(store, ObjectStoreParams::new()).expect("made");
        }
    });
    request.await.expect("opened")
}

/// A row's key and value as they lie there.
pub type Row = (JsValue, JsValue);

/// Every row of a store.
pub async fn rows(database: &Database, store: &str) -> Vec<Row> {
    let transaction = database.transaction(&[store], TransactionMode::ReadOnly).expect("begun");
    let store = transaction.object_store(store).expect("a store");
    let keys = store.get_all_keys(None, None).expect("asked").await.expect("read");
    let values = store.get_all(None, None).expect("asked").await.expect("read");
    transaction.commit().expect("asked").await.expect("ended");
    keys.into_iter().zip(values).collect()
}

/// Writes a value as it is.
pub async fn put(database: &Database, store: &str, key: &JsValue, value: &JsValue) {
    let transaction = database.transaction(&[store], TransactionMode::ReadWrite).expect("begun");
    let rows = transaction.object_store(store).expect("a store");
    rows.put(value, Some(key)).expect("asked").await.expect("written");
    transaction.commit().expect("asked").await.expect("committed");
}

/// Everything in every database whose name begins so, keys and values, in one piece of bytes each.
pub async fn dump(prefix: &str) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    for name in names(prefix).await {
        found.push(name.clone().into_bytes());
        let database = database(&name).await;
        for store in database.store_names() {
            for (key, value) in rows(&database, &store).await {
                found.push(bytes(&key));
                found.push(bytes(&value));
            }
        }
        database.close();
    }
    found
}

/// Waits until the databases whose names begin so are these: the browser removes one when it likes.
pub async fn until_only(prefix: &str, expected: &[String]) {
    let mut found = names(prefix).await;
    for _ in 0..5_000 {
        if found == expected {
            return;
        }
        sotay::platform::tasks::sleep(1).await;
        found = names(prefix).await;
    }
    panic!("there stay {found:?}");
}

/// Removes a database, as another tab does.
pub async fn remove(name: &str) {
    let factory = Factory::new().expect("a factory");
    factory.delete(name).expect("a request").await.expect("removed");
}

/// The names of the databases that begin so.
pub async fn names(prefix: &str) -> Vec<String> {
    let listed = js_sys::eval("indexedDB.databases()").expect("asked");
    let listed = wasm_bindgen_futures::JsFuture::from(js_sys::Promise::resolve(&listed)).await;
    let listed: Array = listed.expect("listed").unchecked_into();
    let name = |entry: JsValue| js_sys::Reflect::get(&entry, &"name".into()).ok()?.as_string();
    let mut names: Vec<String> = listed.iter().filter_map(name).collect();
    names.retain(|name| name.starts_with(prefix));
    names.sort();
    names
}

/// A key or a value in bytes; of a key that the browser keeps, what a program can read: nothing.
fn bytes(value: &JsValue) -> Vec<u8> {
    if let Some(bytes) = value.dyn_ref::<Uint8Array>() {
        return bytes.to_vec();
    }
    if let Some(parts) = value.dyn_ref::<Array>() {
        return parts.iter().flat_map(|part| bytes(&part)).collect();
    }
    value.as_string().unwrap_or_else(|| format!("{value:?}")).into_bytes()
}

/// Where a text lies in what was found, in UTF-8 or UTF-16.
pub fn find(found: &[Vec<u8>], text: &str) -> Option<&'static str> {
    let wide = |order: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(order).collect();
    let forms: [(&str, Vec<u8>); 3] = [
        ("UTF-8", text.as_bytes().to_vec()),
        ("UTF-16, little end first", wide(u16::to_le_bytes)),
        ("UTF-16, big end first", wide(u16::to_be_bytes)),
    ];
    let lies_in = |needle: &[u8]| {
        found.iter().any(|bytes| bytes.windows(needle.len()).any(|window| window == needle))
    };
    forms.into_iter().find(|(_, needle)| lies_in(needle)).map(|(form, _)| form)
}
