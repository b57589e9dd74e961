//! What is held about a person: found, handed out, erased for good, and erased by itself when its time is over.

mod erasure;
mod export;
mod files;
mod repair_desk;
mod restore;
mod retention;

use std::collections::BTreeSet;
use std::io::{Cursor, Read};
use std::path::Path;

use axum::http::Method;
use serde_json::Value as Json;
use server::backup;
use server::persons::Wanted;
use sync::wire::DeviceId;

use crate::app::{Answer, Device, TestApp, text};
use crate::personal::{FIELD_WORK, declared, photo, roster, salted};
use crate::place::Place;

async fn start() -> TestApp {
    let server = TestApp::start().await;
    let new = declared("declared", &FIELD_WORK);
    assert!(server.app.database().load_pack(&new, 2).await.unwrap());
    server
}

fn by(value: &str) -> Wanted {
    Wanted::by(value).unwrap()
}

/// Two people in two records; the photo is named by both.
async fn two_people<'a>(server: &'a TestApp, id: u8) -> Device<'a> {
    let lan = server.device_with_id("lan", DeviceId([id; 16])).await;
    let (hash, _) = photo(b"photo");
    let mut first = roster(&lan, 1, 1, "Nguyễn Thị Hoa", b"photo");
    salted(&mut first);
    let mut second = roster(&lan, 2, 2, "Phạm Văn Nam", b"other");
    second.fields.get_mut("ghi_chu").unwrap().value = text("Lê Thị Mai");
    second.fields.get_mut("_title").unwrap().value = text("Phiếu của Lê Thị Mai");
    lan.push(&[first, second]).await;
    lan.put_chunk(hash, 0, 5, b"photo", hash).await;
    let (other, _) = photo(b"other");
    lan.put_chunk(other, 0, 5, b"other", other).await;
    lan
}

/// A server with what that backup held.
async fn put_back(backup: &backup::Moved, folder: &Path) -> TestApp {
    let other = tempfile::tempdir().unwrap();
    let place = Place::new(other.path().join("data")).await;
    let copy = backup.copy.file_name().unwrap().to_str().unwrap();
    backup::restore(&place.config, folder, Some(copy)).await.unwrap();
    TestApp::opened(place, other).await
}

/// Whether a text stands anywhere in the database: in what it gives out, and in its file.
async fn is_held(server: &TestApp, name: &str) -> bool {
    let records = server.app.database().kept_operations(None, 100).await.unwrap();
    let page = server.device("thu").await.pull(None).await;
    let told = format!("{records:?} {page:?}");
    let desk = server.device("thu").await.get("/api/v1/quarantine?state=all").await.body;
    let mut is_held = told.contains(name) || String::from_utf8_lossy(&desk).contains(name);
    if server.place.config.database_url.is_none() {
        for file in ["sotay.sqlite", "sotay.sqlite-wal"] {
            let bytes = std::fs::read(server.place.config.data.join(file)).unwrap_or_default();
            is_held |= bytes.windows(name.len()).any(|part| part == name.as_bytes());
        }
    }
    is_held
}

fn unzip(answer: &[u8]) -> (Json, BTreeSet<String>) {
    let mut zip = zip::ZipArchive::new(Cursor::new(answer.to_vec())).unwrap();
    let names: BTreeSet<String> = zip.file_names().map(|name| name.unwrap().into_owned()).collect();
    let mut text = String::new();
    zip.by_name("person.json").unwrap().read_to_string(&mut text).unwrap();
    (serde_json::from_str(&text).unwrap(), names)
}

async fn export(device: &Device<'_>, body: Json) -> Answer {
    device.ask(Method::POST, "persons/export", body).await
}
