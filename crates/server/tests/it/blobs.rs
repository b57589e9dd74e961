use axum::body::Body;
use axum::http::{Request, StatusCode};
use futures::StreamExt;
use sync::blob::CHUNK_SIZE;
use sync::codec;
use sync::wire::{FileRef, Value};
use tower::ServiceExt;

use crate::app::{Device, SPEAKER, TestApp, hex};

fn photo() -> Vec<u8> {
    (0..CHUNK_SIZE * 2 + 100).map(|at| u8::try_from(at * 31 % 251).unwrap()).collect()
}

fn chunks(bytes: &[u8]) -> Vec<&[u8]> {
    bytes.chunks(usize::try_from(CHUNK_SIZE).unwrap()).collect()
}

#[tokio::test]
async fn a_disabled_account_brings_the_files_of_its_work_and_no_others() {
    let server = TestApp::start().await;
    // The phone that took the work of another over has the files too.
    let (lan, heir) = (server.device("lan").await, server.device("lan").await);
    let bytes = photo();
    let (hash, size) = (codec::hash(&bytes), bytes.len());
    let file =
        FileRef { name: "a.jpg".into(), media_type: "image/jpeg".into(), size: size as u64, hash };
    server.app.database().disable_account("lan", None, 5).await.unwrap();
    let other = codec::hash(b"x");
    let refused = lan.put_chunk(other, 0, 1, b"x", other).await;
    assert_eq!((refused.status, refused.code().as_str()), (StatusCode::FORBIDDEN, "not_owed"));
    let operation = [lan.create(1, 1, "phuong_a", &[("anh", Value::File(file))])];
    assert_eq!(lan.push(&operation).await.missing_blobs, [hash]);
    for (chunk, part) in chunks(&bytes).into_iter().enumerate() {
        let phone = if chunk == 0 { &lan } else { &heir };
        let answer = phone.put_chunk(hash, chunk as u64, size, part, codec::hash(part)).await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT);
    }
    assert_eq!(lan.missing(hash, size).await, "");
    assert_eq!(lan.get(&format!("/api/v1/blobs/{hash}")).await.status, StatusCode::UNAUTHORIZED);
}

/// The largest piece in which a file comes to whoever asks for it, and how long all of it is.
pub async fn pieces_of(device: &Device<'_>, path: &str) -> (usize, usize) {
    let request = Request::get(path).header("cookie", &device.cookie);
    let request = request.header(SPEAKER, hex(&device.account)).body(Body::empty()).unwrap();
    let response = device.server.router.clone().oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let pieces = response.into_body().into_data_stream();
    let lengths = pieces.map(|piece| piece.unwrap().len()).collect::<Vec<_>>().await;
    (lengths.iter().copied().max().unwrap(), lengths.iter().sum())
}

#[tokio::test]
async fn of_a_file_that_somebody_fetches_no_more_than_a_piece_is_in_memory() {
    let server = TestApp::start().await;
    let lan = server.device("lan").await;
    let bytes = vec![7; 1 << 20];
    let hash = codec::hash(&bytes);
    for (chunk, part) in (0..).zip(chunks(&bytes)) {
        lan.put_chunk(hash, chunk, bytes.len(), part, codec::hash(part)).await;
    }
    let (largest, all) = pieces_of(&lan, &format!("/api/v1/blobs/{hash}")).await;
    assert!(largest <= 256 * 1024 && all == bytes.len(), "{largest} of {all}");
}

#[tokio::test]
async fn a_photo_goes_up_in_any_order_and_resumes_where_it_stopped() {
    let server = TestApp::start().await;
    let (lan, minh, hoa) =
        (server.device("lan").await, server.device("minh").await, server.device("hoa").await);
    let bytes = photo();
    let (hash, size) = (codec::hash(&bytes), bytes.len());
    let file =
        FileRef { name: "a.jpg".into(), media_type: "image/jpeg".into(), size: size as u64, hash };
    let operation = [lan.create(1, 1, "phuong_a", &[("anh", Value::File(file))])];
    assert_eq!(lan.push(&operation).await.missing_blobs, [hash]);

    assert_eq!(lan.missing(hash, size).await, "0-2");
    for (chunk, left) in [(2, "0-1"), (0, "1"), (0, "1")] {
        let part = chunks(&bytes)[chunk];
        let answer = lan.put_chunk(hash, chunk as u64, size, part, codec::hash(part)).await;
        assert_eq!(
            (answer.status, answer.header("x-missing-chunks")),
            (StatusCode::NO_CONTENT, left)
        );
    }
    assert_eq!(lan.missing(hash, size).await, "1");
    let path = format!("/api/v1/blobs/{hash}");
    assert_eq!(lan.get(&path).await.status, StatusCode::NOT_FOUND, "not whole yet");
    let part = chunks(&bytes)[1];
    lan.put_chunk(hash, 1, size, part, codec::hash(part)).await;
    assert_eq!(lan.missing(hash, size).await, "");
    assert!(lan.push(&operation).await.missing_blobs.is_empty());

    let whole = minh.get(&path).await;
    assert_eq!((whole.status, whole.header("content-type")), (StatusCode::OK, "image/jpeg"));
    assert!(
        whole.header("cache-control") == "no-store"
            && whole.header("content-security-policy").contains("sandbox")
    );
    assert_eq!(whole.body, bytes);
    assert_eq!(whole.header("content-length"), size.to_string());
    assert_eq!(
        hoa.get(&path).await.status,
        StatusCode::NOT_FOUND,
        "no record that hoa sees names it"
    );
    assert_eq!(server.get(&path, &[]).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn damaged_chunks_are_refused_and_damaged_files_start_again() {
    let server = TestApp::start().await;
    let lan = server.device("lan").await;
    let bytes = photo();
    let (hash, size) = (codec::hash(&bytes), bytes.len());
    let part = chunks(&bytes)[0];
    for (chunk, body, told, status, code) in [
        (0, part, hash, StatusCode::UNPROCESSABLE_ENTITY, "chunk_mismatch"),
        (0, &part[1..], codec::hash(&part[1..]), StatusCode::BAD_REQUEST, "bad_chunk"),
        (3, part, codec::hash(part), StatusCode::BAD_REQUEST, "bad_chunk"),
    ] {
        let answer = lan.put_chunk(hash, chunk, size, body, told).await;
        assert_eq!((answer.status, answer.code().as_str()), (status, code));
    }
    assert_eq!(lan.missing(hash, size).await, "0-2");

    let mut other = bytes.clone();
    other[5] ^= 1;
    for (chunk, part) in chunks(&other).into_iter().enumerate() {
        let answer = lan.put_chunk(hash, chunk as u64, size, part, codec::hash(part)).await;
        let expected =
            if chunk == 2 { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::NO_CONTENT };
        assert_eq!(answer.status, expected);
    }
    assert_eq!(lan.missing(hash, size).await, "0-2");
    for (chunk, part) in chunks(&bytes).into_iter().enumerate() {
        lan.put_chunk(hash, chunk as u64, size, part, codec::hash(part)).await;
    }
    assert_eq!(lan.missing(hash, size).await, "");
}

#[tokio::test]
async fn an_empty_file_is_whole_at_once() {
    let server = TestApp::start().await;
    let lan = server.device("lan").await;
    let hash = codec::hash(&[]);
    assert_eq!(lan.missing(hash, 0).await, "");
    assert_eq!(lan.get(&format!("/api/v1/blobs/{hash}")).await.body.len(), 0);
}

#[tokio::test]
async fn a_file_that_a_browser_would_run_is_offered_for_saving() {
    let server = TestApp::start().await;
    let lan = server.device("lan").await;
    let bytes = b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>";
    let hash = codec::hash(bytes);
    let path = format!("/api/v1/blobs/{hash}/0?size={}&type=image/svg%2Bxml", bytes.len());
    let told = hash.to_string();
    let headers =
        [("cookie", lan.cookie.as_str()), ("x-sotay", "1"), ("x-chunk-hash", told.as_str())];
    let answer =
        server.request(axum::http::Method::PUT, &path, &headers, bytes.to_vec().into()).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT);
    let answer = lan.get(&format!("/api/v1/blobs/{hash}")).await;
    assert_eq!(answer.header("content-type"), "application/octet-stream");
    let disposition = format!("attachment; filename=\"{hash}\"");
    assert_eq!(answer.header("content-disposition"), disposition);
    let policy = answer.header("content-security-policy");
    assert!(policy.contains("default-src 'none'") && policy.contains("sandbox"), "{policy}");
    assert_eq!(
        answer.header("cache-control"),
        "no-store",
        "a browser keeps no photo after its person left"
    );
}

#[tokio::test]
async fn a_file_larger_than_the_server_keeps_is_refused_before_it_is_sent() {
    let server = TestApp::start().await;
    let lan = server.device("lan").await;
    let hash = codec::hash(b"?");
    let answer = lan.put_chunk(hash, 0, (64 << 20) + 1, b"?", hash).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(answer.code(), "too_large");
    let path = format!("/api/v1/blobs/{hash}?size={}", (64 << 20) + 1);
    let headers = [("cookie", lan.cookie.as_str())];
    let asked = server.request(axum::http::Method::HEAD, &path, &headers, Body::empty()).await;
    assert_eq!(asked.status, StatusCode::PAYLOAD_TOO_LARGE);
}

#[tokio::test]
async fn a_server_that_died_after_the_last_chunk_puts_the_file_together_when_asked() {
    for died_before_the_file_had_its_name in [true, false] {
        let server = TestApp::start().await;
        let lan = server.device("lan").await;
        let bytes = photo();
        let (hash, size) = (codec::hash(&bytes), bytes.len());
        for (chunk, part) in chunks(&bytes).into_iter().enumerate() {
            lan.put_chunk(hash, chunk as u64, size, part, codec::hash(part)).await;
        }
        let data = server.folder.path().join("data");
        let name = hash.to_string();
        let file = data.join("blobs").join(name.split_at(2).0).join(&name);
        if died_before_the_file_had_its_name {
            std::fs::rename(&file, file.with_extension("part")).unwrap();
        }
        let mut database = server.place.outside().await;
        database.say("UPDATE blob SET whole_ms = NULL").await.unwrap();
        for chunk in 0..3 {
            let held = format!("INSERT INTO blob_chunk SELECT hash, {chunk} FROM blob");
            database.say(&held).await.unwrap();
        }
        let path = format!("/api/v1/blobs/{hash}");
        assert_eq!(lan.get(&path).await.status, StatusCode::NOT_FOUND);
        assert_eq!(lan.missing(hash, size).await, "");
        assert_eq!(lan.get(&path).await.body, bytes);
    }
}

/// A phone sent what was taken again too, and who is erased from all records is to be in no file that no record has.
#[tokio::test]
async fn a_file_that_nothing_names_for_a_month_goes_and_may_come_again() {
    let server = TestApp::start().await;
    let lan = server.device("lan").await;
    let send = async |bytes: &[u8]| {
        let hash = codec::hash(bytes);
        lan.put_chunk(hash, 0, bytes.len(), bytes, hash).await;
        assert_eq!(lan.missing(hash, bytes.len()).await, "");
        hash
    };
    let named = |bytes: &[u8]| {
        let (hash, size) = (codec::hash(bytes), bytes.len() as u64);
        Value::File(FileRef { name: "a.jpg".into(), media_type: "image/jpeg".into(), size, hash })
    };
    let mut operations = vec![
        lan.create(1, 1, "phuong_a", &[("anh", named(b"in a record"))]),
        lan.create(2, 2, "phuong_x", &[("anh", named(b"at the desk"))]),
    ];
    lan.push(&operations).await;
    let wrong = send(b"taken again").await;
    let kept = [send(b"in a record").await, send(b"at the desk").await];
    let is_here = async |hash| lan.get(&format!("/api/v1/blobs/{hash}")).await.status.is_success();
    let days = |days: i64| server::clock::now_ms() + days * 24 * 3600 * 1000;
    assert_eq!(server.app.sweep(days(29)).await.unwrap(), 0);
    assert!(is_here(wrong).await);

    // Soon after a restore what names it may be on its way once more.
    let (epoch, _) = server.app.database().epoch_and_head().await.unwrap();
    server.app.database().renew_epoch(epoch, days(2)).await.unwrap();
    assert_eq!(server.app.sweep(days(31)).await.unwrap(), 0);
    let mut database = server.place.outside().await;
    database.say(&format!("UPDATE server SET epoch = {epoch}")).await.unwrap();

    assert_eq!(server.app.sweep(days(31)).await.unwrap(), 1);
    assert!(!is_here(wrong).await);
    let name = wrong.to_string();
    let file = server.folder.path().join("data/blobs").join(name.split_at(2).0).join(&name);
    assert!(!file.exists());
    for hash in kept {
        assert!(is_here(hash).await, "who brought it sees it");
    }
    assert_eq!(server.app.sweep(days(31)).await.unwrap(), 0, "once");

    operations.push(lan.create(3, 3, "phuong_a", &[("anh", named(b"taken again"))]));
    assert_eq!(lan.push(&operations[2..]).await.missing_blobs, [wrong]);
    assert_eq!(send(b"taken again").await, wrong);
    assert_eq!(server.app.sweep(days(31)).await.unwrap(), 0);
}
