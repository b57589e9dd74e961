//! Photos and other files in a store that speaks S3: here a small one of our own, with what the server asks of a store.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use server::backup::{self, MoveError};
use server::config::Config;
use server::erasure_list::List;
use server::persons::{self, Wanted};
use server::{App, StoreError};
use sync::blob::CHUNK_SIZE;
use sync::codec;
use sync::wire::{FileRef, Hash, Value};

use crate::app::{Device, TestApp};
use crate::personal::{FIELD_WORK, declared, photo as photo_of, roster};

/// A bucket, over HTTP with path-style addresses. Objects are whole when they are seen.
#[derive(Clone, Default)]
struct Bucket {
    objects: Arc<Mutex<BTreeMap<String, Bytes>>>,
    /// What to answer instead, for a store that has a bad day.
    failing: Arc<Mutex<Option<StatusCode>>>,
    /// Whether nothing can be taken out of it.
    is_keeping: Arc<AtomicBool>,
    url: String,
}

/// What says whose photos they are.
const MARK: &str = "photos/342/store";
const NAME: &str = "/so-tay/";
const MODIFIED: &str = "2026-11-23T08:00:00.000Z";

impl Bucket {
    async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let bucket = Self { url, ..Self::default() };
        let router = Router::new().fallback(answer).with_state(bucket.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        bucket
    }

    fn use_it(&self, config: &mut Config) {
        config.blobs_url = Some("s3://so-tay/photos/342".to_owned());
        let options = [
            ("aws_endpoint_url", self.url.as_str()),
            ("aws_allow_http", "true"),
            ("aws_region", "nowhere"),
            ("aws_access_key_id", "name"),
            ("aws_secret_access_key", "secret"),
            ("aws_profile", "what no store asks for"),
        ];
        config.blobs_options =
            options.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    }

    fn names(&self) -> Vec<String> {
        let objects = self.objects.lock().unwrap();
        objects.keys().filter(|key| *key != MARK).cloned().collect()
    }
}

fn parameter(uri: &Uri, name: &str) -> Option<String> {
    let mut pairs = uri.query()?.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    pairs.find(|(key, _)| *key == name).map(|(_, value)| value.replace("%2F", "/"))
}

fn xml(text: String) -> Response {
    ([(header::CONTENT_TYPE, "application/xml")], text).into_response()
}

async fn answer(State(bucket): State<Bucket>, method: Method, uri: Uri, body: Bytes) -> Response {
    if let Some(failing) = *bucket.failing.lock().unwrap() {
        return failing.into_response();
    }
    let mut objects = bucket.objects.lock().unwrap();
    let missing = || {
        let text = "<Error><Code>NoSuchKey</Code><Message>there is none</Message></Error>";
        (StatusCode::NOT_FOUND, xml(text.to_owned())).into_response()
    };
    if format!("{}/", uri.path().trim_end_matches('/')) == NAME {
        if method == Method::POST {
            if bucket.is_keeping.load(Ordering::Relaxed) {
                return StatusCode::FORBIDDEN.into_response();
            }
            let body = std::str::from_utf8(&body).unwrap();
            let mut deleted = String::new();
            for key in body.split("<Key>").skip(1).filter_map(|key| key.split("</Key>").next()) {
                objects.remove(key);
                deleted.push_str(&format!("<Deleted><Key>{key}</Key></Deleted>"));
            }
            return xml(format!("<DeleteResult>{deleted}</DeleteResult>"));
        }
        let prefix = parameter(&uri, "prefix").unwrap_or_default();
        let listed = objects.iter().filter(|(key, _)| key.starts_with(&prefix)).map(|(key, object)| {
            format!(
                "<Contents><Key>{key}</Key><Size>{}</Size><LastModified>{MODIFIED}</LastModified><ETag>\"1\"</ETag></Contents>",
                object.len()
            )
        });
        let listed: String = listed.collect();
        return xml(format!(
            "<ListBucketResult><IsTruncated>false</IsTruncated>{listed}</ListBucketResult>"
        ));
    }
    let key = uri.path().strip_prefix(NAME).expect("a key of the bucket").to_owned();
    let etag = [(header::ETAG, "\"1\""), (header::LAST_MODIFIED, "Mon, 23 Nov 2026 08:00:00 GMT")];
    match method {
        Method::PUT => {
            objects.insert(key, body);
            etag.into_response()
        }
        Method::DELETE if bucket.is_keeping.load(Ordering::Relaxed) => {
            StatusCode::FORBIDDEN.into_response()
        }
        Method::DELETE => {
            objects.remove(&key);
            StatusCode::NO_CONTENT.into_response()
        }
        // The router leaves the body of an answer to HEAD away, and says its length.
        _ => match objects.get(&key) {
            Some(object) => (etag, object.clone()).into_response(),
            None => missing(),
        },
    }
}

fn photo() -> Vec<u8> {
    let chunk = usize::try_from(CHUNK_SIZE).unwrap();
    (0..2 * chunk + 1000).map(|at| u8::try_from(at % 251).unwrap()).collect()
}

fn chunks(bytes: &[u8]) -> Vec<&[u8]> {
    bytes.chunks(usize::try_from(CHUNK_SIZE).unwrap()).collect()
}

fn whole(hash: Hash) -> String {
    let name = hash.to_string();
    format!("photos/342/whole/{}/{name}", name.split_at(2).0)
}

#[tokio::test]
async fn chunks_in_any_order_become_one_object_that_is_read_back() {
    let bucket = Bucket::start().await;
    let server = TestApp::with(|config| bucket.use_it(config)).await;
    let lan = server.device("lan").await;
    let bytes = photo();
    let (hash, size) = (codec::hash(&bytes), bytes.len());
    let parts = chunks(&bytes);
    for (chunk, missing) in [(2, "0-1"), (0, "1"), (1, "")] {
        let part = parts[usize::try_from(chunk).unwrap()];
        let answer = lan.put_chunk(hash, chunk, size, part, codec::hash(part)).await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT, "{:?}", answer.body);
        assert_eq!(answer.header("x-missing-chunks"), missing);
    }
    assert_eq!(bucket.names(), [whole(hash)], "no part stays");
    assert!(lan.get(&format!("/api/v1/blobs/{hash}")).await.body == bytes);
    assert!(!server.place.config.blob_folder().exists());
    let nothing = codec::hash(b"");
    assert_eq!(lan.missing(nothing, 0).await, "");
    let empty = lan.get(&format!("/api/v1/blobs/{nothing}")).await;
    assert!(empty.status == StatusCode::OK && empty.body.is_empty());
}

#[tokio::test]
async fn chunks_that_are_another_file_are_thrown_away_and_sent_again() {
    let bucket = Bucket::start().await;
    let server = TestApp::with(|config| bucket.use_it(config)).await;
    let lan = server.device("lan").await;
    let bytes = photo();
    let (hash, size) = (codec::hash(&bytes), bytes.len());
    for (chunk, part) in chunks(&bytes).into_iter().enumerate() {
        let mut damaged = part.to_vec();
        damaged[0] ^= 1;
        let answer = lan.put_chunk(hash, chunk as u64, size, &damaged, codec::hash(&damaged)).await;
        let is_last = chunk == 2;
        assert_eq!(answer.status == StatusCode::UNPROCESSABLE_ENTITY, is_last);
    }
    assert!(bucket.names().is_empty());
    assert_eq!(lan.missing(hash, size).await, "0-2");
    for (chunk, part) in chunks(&bytes).into_iter().enumerate() {
        lan.put_chunk(hash, chunk as u64, size, part, codec::hash(part)).await;
    }
    assert_eq!(bucket.names(), [whole(hash)]);
}

#[tokio::test]
async fn a_store_that_does_not_answer_loses_no_chunk_that_was_acknowledged() {
    let bucket = Bucket::start().await;
    let server = TestApp::with(|config| bucket.use_it(config)).await;
    let lan = server.device("lan").await;
    let bytes = photo();
    let (hash, size) = (codec::hash(&bytes), bytes.len());
    let parts = chunks(&bytes);
    lan.put_chunk(hash, 0, size, parts[0], codec::hash(parts[0])).await;
    *bucket.failing.lock().unwrap() = Some(StatusCode::FORBIDDEN);
    let answer = lan.put_chunk(hash, 1, size, parts[1], codec::hash(parts[1])).await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    *bucket.failing.lock().unwrap() = None;
    assert_eq!(lan.missing(hash, size).await, "1-2");
    for chunk in [1, 2] {
        let part = parts[chunk];
        lan.put_chunk(hash, chunk as u64, size, part, codec::hash(part)).await;
    }
    assert!(lan.get(&format!("/api/v1/blobs/{hash}")).await.body == bytes);
}

#[tokio::test]
async fn a_server_that_died_while_it_put_a_file_together_does_so_when_asked() {
    for died_before_the_file_was_there in [true, false] {
        let bucket = Bucket::start().await;
        let server = TestApp::with(|config| bucket.use_it(config)).await;
        let lan = server.device("lan").await;
        let bytes = photo();
        let (hash, size) = (codec::hash(&bytes), bytes.len());
        for (chunk, part) in chunks(&bytes).into_iter().enumerate() {
            lan.put_chunk(hash, chunk as u64, size, part, codec::hash(part)).await;
        }
        if died_before_the_file_was_there {
            let mut objects = bucket.objects.lock().unwrap();
            objects.clear();
            for (chunk, part) in chunks(&bytes).into_iter().enumerate() {
                let at = chunk as u64 * CHUNK_SIZE;
                objects.insert(format!("photos/342/parts/{hash}/{at:012}"), part.to_vec().into());
            }
        }
        let mut database = server.place.outside().await;
        database.say("UPDATE blob SET whole_ms = NULL").await.unwrap();
        for chunk in 0..3 {
            let held = format!("INSERT INTO blob_chunk SELECT hash, {chunk} FROM blob");
            database.say(&held).await.unwrap();
        }
        assert_eq!(lan.missing(hash, size).await, "");
        assert!(lan.get(&format!("/api/v1/blobs/{hash}")).await.body == bytes);
        assert_eq!(bucket.names(), [whole(hash)]);
    }
}

#[tokio::test]
async fn an_upload_that_nobody_went_on_with_leaves_the_bucket() {
    let bucket = Bucket::start().await;
    let server = TestApp::with(|config| bucket.use_it(config)).await;
    let lan = server.device("lan").await;
    let bytes = photo();
    let hash = codec::hash(&bytes);
    let part = chunks(&bytes)[0];
    lan.put_chunk(hash, 0, bytes.len(), part, codec::hash(part)).await;
    assert_eq!(bucket.names().len(), 1);
    // The bucket says that it was written on 23 November 2026.
    let day = |day: i64| (20_780 + day) * 24 * 3600 * 1000;
    assert_eq!(server.app.sweep(day(0) + 29 * 24 * 3600 * 1000).await.unwrap(), 0);
    assert_eq!(server.app.sweep(day(0) + 31 * 24 * 3600 * 1000).await.unwrap(), 1);
    assert!(bucket.names().is_empty());
    assert_eq!(lan.missing(hash, bytes.len()).await, "0-2");
}

/// A record with a photo that came whole.
async fn photographed(lan: &Device<'_>) -> Hash {
    let bytes = b"a photo";
    let hash = codec::hash(bytes);
    let file = FileRef { name: "a.jpg".into(), media_type: "image/jpeg".into(), size: 7, hash };
    lan.push(&[lan.create(1, 1, "phuong_a", &[("anh", Value::File(file))])]).await;
    lan.put_chunk(hash, 0, bytes.len(), bytes, hash).await;
    hash
}

#[tokio::test]
async fn a_backup_takes_files_out_of_the_bucket_and_a_restore_puts_them_into_another() {
    let bucket = Bucket::start().await;
    let server = TestApp::with(|config| bucket.use_it(config)).await;
    let lan = server.device("lan").await;
    let hash = photographed(&lan).await;
    let folder = server.folder.path().join("backups");
    let moved = backup::backup(&server.place.config, &folder, 1_000).await.unwrap();
    assert_eq!((moved.copied, moved.lost.len()), (1, 0));

    let other = Bucket::start().await;
    let data = tempfile::tempdir().unwrap();
    let mut place = crate::place::Place::new(data.path().join("data")).await;
    other.use_it(&mut place.config);
    let moved = backup::restore(&place.config, &folder, None).await.unwrap();
    assert_eq!((moved.copied, moved.lost.len()), (1, 0));
    assert_eq!(other.names(), [whole(hash)]);
}

/// A command out of cron is not told where the photos are.
#[tokio::test]
async fn a_backup_out_of_another_store_than_the_databases_is_refused_and_no_photo_counts_as_lost() {
    let bucket = Bucket::start().await;
    let server = TestApp::with(|config| bucket.use_it(config)).await;
    let lan = server.device("lan").await;
    let hash = photographed(&lan).await;
    let folder = server.folder.path().join("backups");
    let config = Config { blobs_url: None, ..server.place.config.clone() };
    let refused = backup::backup(&config, &folder, 1_000).await.unwrap_err();
    assert!(matches!(&refused, MoveError::Store(StoreError::Other { .. })), "{refused}");
    assert!(App::open(config).await.is_err(), "nor does a server begin without them");
    assert!(server.app.database().blob(hash).await.unwrap().unwrap().whole);
    assert_eq!(lan.push(&[]).await.safe, 0);

    // As a disk that is not mounted.
    let held = std::mem::take(&mut *bucket.objects.lock().unwrap());
    assert!(backup::backup(&server.place.config, &folder, 2_000).await.is_err());
    *bucket.objects.lock().unwrap() = held;
    let moved = backup::backup(&server.place.config, &folder, 3_000).await.unwrap();
    assert_eq!((moved.copied, moved.lost.len()), (1, 0));
}

/// A store that has a bad day while somebody is erased.
#[tokio::test]
async fn a_photo_that_could_not_be_taken_out_of_the_bucket_goes_with_the_next_sweep() {
    let bucket = Bucket::start().await;
    let server = TestApp::with(|config| bucket.use_it(config)).await;
    let new = declared("declared", &FIELD_WORK);
    assert!(server.app.database().load_pack(&new, 2).await.unwrap());
    let lan = server.device("lan").await;
    lan.push(&[roster(&lan, 1, 1, "Nguyễn Thị Hoa", b"photo")]).await;
    let (hash, _) = photo_of(b"photo");
    lan.put_chunk(hash, 0, 5, b"photo", hash).await;
    assert_eq!(bucket.names(), [whole(hash)]);
    bucket.is_keeping.store(true, Ordering::Relaxed);
    let now_ms = server::clock::now_ms();
    let wanted = Wanted::by("0901234567").unwrap();
    let copy = server.folder.path().join("copy.sqlite");
    server.app.database().backup(&copy, now_ms).await.unwrap();
    let erased = persons::erase(&server.app, &wanted, 1, None, now_ms).await.unwrap();
    assert_eq!(erased.len(), 1, "that is done");
    assert!(!server.app.database().scrub_if_wanted().await.unwrap(), "to its end");
    assert!(server.app.database().is_erased_blob(hash).await.unwrap(), "for all others it is gone");
    assert!(server.app.sweep(now_ms).await.is_err());
    assert_eq!(bucket.names(), [whole(hash)]);
    bucket.is_keeping.store(false, Ordering::Relaxed);
    server.app.sweep(now_ms).await.unwrap();
    assert!(bucket.names().is_empty());
    assert!(server.app.database().erased_blobs_left().await.unwrap().is_empty());

    // Nor is it a reason not to begin after a copy from before was put back.
    let data = tempfile::tempdir().unwrap();
    let mut place = crate::place::Place::new(data.path().join("data")).await;
    bucket.use_it(&mut place.config);
    place.put_back(&copy).await;
    List::of(&server.place.config.data).copy_to(&List::of(&place.config.data)).unwrap();
    *bucket.failing.lock().unwrap() = Some(StatusCode::FORBIDDEN);
    let restored = TestApp::opened(place, data).await;
    assert!(restored.app.database().is_erased_blob(hash).await.unwrap());
}

/// From before stores were marked.
#[tokio::test]
async fn a_database_without_a_store_takes_the_one_that_holds_its_photos_and_no_other() {
    let bucket = Bucket::start().await;
    let server = TestApp::with(|config| bucket.use_it(config)).await;
    photographed(&server.device("lan").await).await;
    let forgotten = "UPDATE server SET blob_store = NULL";
    server.place.outside().await.say(forgotten).await.unwrap();
    let mark = bucket.objects.lock().unwrap().remove(MARK).unwrap();
    let mut config = Config { blobs_url: None, ..server.place.config.clone() };
    assert!(App::open(config.clone()).await.is_err());
    let beside = server.beside().await;
    let known = beside.app.database().store_mark().await.unwrap().unwrap();
    let marked = bucket.objects.lock().unwrap()[MARK].clone();
    assert!(known.as_bytes() == marked && marked != mark);

    // Where all photos are gone for good the operator says so.
    config.blobs_url = Some("s3://so-tay/another".to_owned());
    let Err(refused) = App::open(config.clone()).await else { panic!("there are no photos") };
    assert!(refused.to_string().contains(&known), "{refused}");
    bucket.objects.lock().unwrap().insert("another/store".to_owned(), marked);
    assert!(App::open(config).await.is_ok());
}

/// A server is tried before anybody says where the photos are to be, and a command out of cron is not told.
#[tokio::test]
async fn a_database_moves_to_another_store_until_it_has_a_photo() {
    let bucket = Bucket::start().await;
    let server = TestApp::with(|config| bucket.use_it(config)).await;
    let config = Config { blobs_url: None, ..server.place.config.clone() };
    for config in [&config, &server.place.config, &config] {
        assert!(App::open(config.clone()).await.is_ok(), "{:?}", config.blobs_url);
    }
    let hash = photographed(&server.device("lan").await).await;
    let folder = server.folder.path().join("backups");
    let refused = backup::backup(&config, &folder, 1_000).await.unwrap_err();
    assert!(matches!(&refused, MoveError::Store(StoreError::Other { .. })), "{refused}");
    assert!(server.app.database().blob(hash).await.unwrap().unwrap().whole);
    let moved = backup::backup(&server.place.config, &folder, 2_000).await.unwrap();
    assert_eq!((moved.copied, moved.lost.len()), (1, 0));
}

#[tokio::test]
async fn a_server_starts_while_the_bucket_is_away() {
    let bucket = Bucket::start().await;
    let server = TestApp::with(|config| bucket.use_it(config)).await;
    *bucket.failing.lock().unwrap() = Some(StatusCode::FORBIDDEN);
    let beside = server.beside().await;
    let lan = beside.device("lan").await;
    assert_eq!(lan.push(&[lan.create(1, 1, "phuong_a", &[])]).await.acked, 1);
}

#[tokio::test]
async fn two_servers_take_the_chunks_of_one_photo() {
    if crate::place::cluster().is_none() {
        return; // there are no two servers
    }
    let bucket = Bucket::start().await;
    let server = TestApp::with(|config| bucket.use_it(config)).await;
    let beside = server.beside().await;
    let lan = server.device("lan").await;
    let bytes = photo();
    let (hash, size) = (codec::hash(&bytes), bytes.len());
    let parts = chunks(&bytes);
    let there = lan.at(&beside);
    let (first, second) = tokio::join!(
        lan.put_chunk(hash, 0, size, parts[0], codec::hash(parts[0])),
        there.put_chunk(hash, 1, size, parts[1], codec::hash(parts[1]))
    );
    assert!(first.status.is_success() && second.status.is_success());
    // The last one comes to both at once, as from a phone that did not hear the first answer.
    let last = codec::hash(parts[2]);
    let (one, other) = tokio::join!(
        lan.put_chunk(hash, 2, size, parts[2], last),
        there.put_chunk(hash, 2, size, parts[2], last)
    );
    assert!(one.status.is_success() || other.status.is_success());
    assert_eq!(there.missing(hash, size).await, "");
    assert!(there.get(&format!("/api/v1/blobs/{hash}")).await.body == bytes);
}
