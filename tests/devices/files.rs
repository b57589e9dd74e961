//! Photos and other files travel in chunks, and go on where they stopped.

use sync::device::{Blocked, Effect, Event, WaitingBlob};
use sync::wire::Action;

use crate::rig::phone::put_chunk;
use crate::rig::{Phone, Server, Work, random::Random, unit, who};

#[tokio::test]
async fn a_photo_goes_on_where_it_stopped_when_the_server_comes_back() {
    let mut server = Server::start().await;
    let mut hoa = Phone::enrol(&server.address, who::HOA, "Hoa").await;
    let record = hoa.begin(&Work::inspection(unit::LONG_KHANH).await);
    let bytes = Random::new(3).bytes(1_200_000); // five chunks
    let photo = hoa.photograph(record, "pa/a1_anh", bytes.clone());
    hoa.press(record, Action::Submit);
    hoa.happen(Event::Asked);
    while !matches!(hoa.next_effect(), Some(Effect::SendChunk { chunk: 2, .. })) {
        assert!(hoa.step().await, "a photo of five chunks is sent");
    }

    server.stop().await;
    while hoa.step().await {}
    let status = hoa.status.unwrap();
    assert_eq!((status.unsent_ops, status.unsent_blobs), (0, 1));
    assert_eq!(status.blocked, Some(Blocked::Unreachable));
    server.go_on().await;
    let before = hoa.http.traffic().up;
    hoa.happen(Event::Tick);
    while hoa.step().await {}
    assert_eq!(hoa.status.unwrap().unsent_blobs, 0);
    let sent = hoa.http.traffic().up - before;
    assert!((600_000..700_000).contains(&sent), "three chunks and little else, not {sent}");

    let mut minh = Phone::enrol(&server.address, who::MINH, "Minh").await;
    minh.sync().await;
    assert_eq!(minh.shown(record, "pa/a1_anh"), Some(photo.to_string()));
    let path = format!("/api/v1/blobs/{photo}");
    let file = minh.http.get(&path).await.expect("an answer");
    assert_eq!((file.status, file.header("content-type")), (200, Some("image/jpeg")));
    assert_eq!(file.body, bytes);
    let thu = Phone::enrol(&server.address, who::THU, "Thu").await;
    assert_eq!(thu.http.get(&path).await.expect("an answer").status, 404);
}

#[tokio::test]
async fn a_photo_is_not_there_for_others_until_it_is_whole() {
    let server = Server::start().await;
    let mut hoa = Phone::enrol(&server.address, who::HOA, "Hoa").await;
    let mut minh = Phone::enrol(&server.address, who::MINH, "Minh").await;
    let record = hoa.begin(&Work::inspection(unit::LONG_KHANH).await);
    let photo = hoa.photograph(record, "pa/a1_anh", Random::new(4).bytes(600_000));
    hoa.press(record, Action::Submit);
    hoa.happen(Event::Asked);
    while !matches!(hoa.next_effect(), Some(Effect::SendChunk { chunk: 2, .. })) {
        assert!(hoa.step().await, "a photo of three chunks is sent");
    }
    minh.sync().await;
    assert_eq!(minh.shown(record, "pa/a1_anh"), Some(photo.to_string()), "the answer went first");
    let path = format!("/api/v1/blobs/{photo}");
    assert_eq!(minh.http.get(&path).await.expect("an answer").status, 404);
    while hoa.step().await {}
    assert_eq!(minh.http.get(&path).await.expect("an answer").status, 200);
}

#[tokio::test]
async fn a_photo_of_two_records_is_sent_once() {
    let server = Server::start().await;
    let mut hoa = Phone::enrol(&server.address, who::HOA, "Hoa").await;
    let mut minh = Phone::enrol(&server.address, who::MINH, "Minh").await;
    let bytes = Random::new(5).bytes(400_000);
    let work = Work::inspection(unit::LONG_KHANH).await;
    for phone in [&mut hoa, &mut minh] {
        let record = phone.begin(&work);
        phone.photograph(record, "pa/a1_anh", bytes.clone());
        phone.press(record, Action::Submit);
        phone.sync().await;
        assert_eq!(phone.disk.waiting(), Default::default());
    }
    assert!(minh.http.traffic().up < 10_000, "the server has it already");
}

#[tokio::test]
async fn chunks_that_are_not_what_they_say_are_refused_with_their_reason() {
    let server = Server::start().await;
    let hoa = Phone::enrol(&server.address, who::HOA, "Hoa").await;
    let bytes = Random::new(6).bytes(300_000);
    let hash = sync::codec::hash(&bytes);
    let whole = WaitingBlob { hash, size: 300_000 };
    let (first, last) = bytes.split_at(256 * 1024);
    let path = format!("/api/v1/blobs/{hash}/0?size=300000");
    let other = [("X-Chunk-Hash", "00")];
    let answer = hoa.http.send(axum::http::Method::PUT, &path, &other, first.to_vec()).await;
    assert_eq!(answer.unwrap().error(), (422, "chunk_mismatch".to_owned()));
    for (blob, chunk, bytes, error) in [
        (whole, 0, first[1..].to_vec(), (400, "bad_chunk")),
        (whole, 2, last.to_vec(), (400, "bad_chunk")),
        (WaitingBlob { size: 1 << 40, ..whole }, 0, first.to_vec(), (413, "too_large")),
    ] {
        let answer = put_chunk(&hoa.http, blob, chunk, bytes).await.expect("an answer");
        assert_eq!(answer.error(), (error.0, error.1.to_owned()), "{blob:?} {chunk}");
    }
    // Each chunk is what it says, and together they are another file.
    let wrong = Random::new(7).bytes(last.len());
    assert_eq!(put_chunk(&hoa.http, whole, 0, first.to_vec()).await.unwrap().status, 204);
    let answer = put_chunk(&hoa.http, whole, 1, wrong).await.expect("an answer");
    assert_eq!(answer.error(), (422, "blob_mismatch".to_owned()));
    // After that the right ones are welcome.
    for (chunk, bytes) in [(0, first), (1, last)] {
        let answer = put_chunk(&hoa.http, whole, chunk, bytes.to_vec()).await.expect("an answer");
        assert_eq!(answer.status, 204, "{}", String::from_utf8_lossy(&answer.body));
    }
    let file = hoa.http.get(&format!("/api/v1/blobs/{hash}")).await.expect("an answer");
    assert_eq!(file.body, bytes);
}
