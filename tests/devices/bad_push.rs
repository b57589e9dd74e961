//! What is wrong with a push gets a precise answer, or is kept for repair. Nothing is lost on either side.

use axum::http::Method;
use sync::codec;
use sync::device::{Effect, Event};
use sync::push::MAX_OPERATIONS;
use sync::wire::{
    Action, Hash, Outcome, PushRequest, QuarantineReason, SealedOperation, Value, WIRE_VERSION,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::rig::http::gzip;
use crate::rig::{Phone, Server, Work, unit, who};

const MEBIBYTE: usize = 1 << 20;

/// The push that a phone would make now.
async fn next_push(phone: &mut Phone) -> Vec<u8> {
    phone.happen(Event::Asked);
    loop {
        match phone.next_effect() {
            Some(Effect::Push { body, .. }) => return body.clone(),
            _ => assert!(phone.step().await, "something is to be sent"),
        }
    }
}

#[tokio::test]
async fn a_body_that_cannot_be_read_is_refused_with_its_reason_and_nothing_is_stored() {
    let server = Server::start().await;
    let mut hoa = Phone::enrol(&server.address, who::HOA, "Hoa").await;
    let mut desk = Phone::enrol(&server.address, who::COORDINATOR, "desk").await;
    let record = hoa.fill(&Work::inspection(unit::LONG_KHANH).await, &[("pa/a1_gc", "còn nguyên")]);
    let body = next_push(&mut hoa).await;
    let request: PushRequest = codec::decode(&body).unwrap();
    let newer = codec::encode(&PushRequest { version: WIRE_VERSION + 1, ..request.clone() });
    let other = codec::encode(&PushRequest { device: desk.device(), ..request.clone() });
    let many = vec![SealedOperation { seq: 1, bytes: Vec::new() }; MAX_OPERATIONS + 1];
    let many = codec::encode(&PushRequest { operations: many, ..request.clone() });
    let huge = SealedOperation { seq: 1, bytes: vec![0; 5 * MEBIBYTE] };
    let huge = codec::encode(&PushRequest { operations: vec![huge], ..request });
    let packed = gzip(&body);
    let cut = |bytes: &[u8]| bytes[..bytes.len() / 2].to_vec();

    let (cbor, json) = ("application/cbor", "application/json");
    for (what, kind, packing, bytes, error) in [
        ("nothing", cbor, "identity", Vec::new(), (400, "unreadable")),
        ("half of it", cbor, "identity", cut(&body), (400, "unreadable")),
        ("something behind it", cbor, "identity", [&body[..], b"x"].concat(), (400, "unreadable")),
        ("JSON", cbor, "identity", b"{\"version\":1}".to_vec(), (400, "unreadable")),
        ("said to be JSON", json, "identity", body.clone(), (415, "not_cbor")),
        ("half of a packed one", cbor, "gzip", cut(&packed), (400, "truncated")),
        ("said to be packed", cbor, "gzip", body.clone(), (400, "truncated")),
        ("packed otherwise", cbor, "br", body.clone(), (415, "unknown_encoding")),
        ("too large", cbor, "identity", huge.clone(), (413, "too_large")),
        ("a bomb", cbor, "gzip", gzip(&huge), (413, "too_large")),
        ("of a newer protocol", cbor, "identity", newer, (400, "unknown_version")),
        ("too many operations", cbor, "identity", many, (400, "too_many_operations")),
        ("of another device", cbor, "identity", other, (403, "wrong_device")),
    ] {
        let headers = [("Content-Type", kind), ("Content-Encoding", packing)];
        let answer = hoa.http.send(Method::POST, "/api/v1/push", &headers, bytes).await;
        let answer = answer.expect("an answer");
        assert_eq!(answer.error(), (error.0, error.1.to_owned()), "{what}");
    }
    let (status, text) = raw_push(&hoa, body.len() * 2, &body, true).await;
    assert_eq!((status, text.contains("\"truncated\"")), (400, true), "cut off on the way: {text}");
    let (status, text) = raw_push(&hoa, body.len(), &body, false).await;
    assert_eq!((status, text.contains("\"csrf\"")), (403, true), "from another site: {text}");

    desk.sync().await;
    assert!(desk.disk.records().is_empty());
    assert_eq!(desk.http.get("/api/v1/quarantine").await.unwrap().json(), serde_json::json!([]));
    while hoa.step().await {}
    assert_eq!(hoa.disk.waiting(), Default::default());
    desk.sync().await;
    assert_eq!(desk.shown(record, "pa/a1_gc").as_deref(), Some("còn nguyên"));
    assert_eq!(desk.operations(record).await, 1);
}

/// A push by hand: announces one length and sends another.
async fn raw_push(phone: &Phone, length: usize, bytes: &[u8], ours: bool) -> (u16, String) {
    let mut stream = TcpStream::connect(phone.http.server).await.expect("the server listens");
    let cookie = phone.http.cookie().expect("somebody is signed in");
    let ours = if ours { "X-Sotay: 1\r\n" } else { "" };
    let head = format!(
        "POST /api/v1/push HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{ours}Cookie: {cookie}\r\n\
         Content-Type: application/cbor\r\nContent-Length: {length}\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.expect("the head goes out");
    stream.write_all(bytes).await.expect("the body goes out");
    stream.shutdown().await.expect("the line is cut on this side only");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.expect("an answer");
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok());
    (status.unwrap_or_else(|| panic!("no status: {answer}")), answer)
}

#[tokio::test]
async fn what_cannot_be_applied_is_kept_for_repair_and_its_neighbours_arrive() {
    let server = Server::start().await;
    let mut hoa = Phone::enrol(&server.address, who::HOA, "Hoa").await;
    let mut desk = Phone::enrol(&server.address, who::COORDINATOR, "desk").await;
    let work = Work::inspection(unit::LONG_KHANH).await;
    let mut other_version = work.clone();
    other_version.form.version = "2099010101".to_owned();
    let mut other_form = work.clone();
    other_form.form.hash = Hash([7; 32]);
    let no_unit = Work { unit: "khong_co".to_owned(), ..work.clone() };
    let other_unit = Work { unit: unit::BAO_VINH.to_owned(), ..work.clone() };

    let answers = [("pa/a1_gc", "chữ của Hoa")];
    let first = hoa.fill(&work, &answers);
    let mut kept = vec![
        (hoa.fill(&other_version, &answers), QuarantineReason::UnknownForm),
        (hoa.fill(&other_form, &answers), QuarantineReason::UnknownForm),
        (hoa.fill(&no_unit, &answers), QuarantineReason::UnknownUnit),
        (hoa.fill(&other_unit, &answers), QuarantineReason::OutOfScope),
    ];
    let large = hoa.begin(&work);
    hoa.put(large, "pa/a1_gc", Value::Text("à".repeat(MEBIBYTE)));
    hoa.press(large, Action::Submit);
    kept.push((large, QuarantineReason::TooLarge));
    hoa.fill(&work, &answers);
    let damaged = hoa.disk.outbox.get_mut(&7).expect("the seventh operation");
    damaged.bytes = b"not an operation".to_vec();
    kept.push((damaged.record, QuarantineReason::Unreadable));
    let last = hoa.fill(&work, &answers);

    let status = hoa.sync().await;
    assert_eq!((status.unsent_ops, status.blocked), (0, None));
    desk.sync().await;
    let mut arrived = vec![first, last];
    arrived.sort();
    assert!(desk.disk.records().into_iter().eq(arrived));

    // Even when all of it is in a backup the phone keeps what waits for repair.
    let database = server.database().await;
    database
        .backup(&server.folder().join("night.sqlite"), server::clock::now_ms())
        .await
        .expect("a backup");
    hoa.sync().await;
    let verdicts: Vec<_> = hoa
        .disk
        .outbox
        .values()
        .map(|sealed| {
            let verdict = sealed.verdict.as_ref().expect("each was answered");
            (sealed.record, verdict.outcome, verdict.reason)
        })
        .collect();
    let expected = kept.iter();
    let expected: Vec<_> =
        expected.map(|(record, reason)| (*record, Outcome::Quarantined, Some(*reason))).collect();
    assert_eq!(verdicts, expected);
    assert!(hoa.view(large).unwrap().quarantined);

    let listed = desk.http.get("/api/v1/quarantine").await.expect("an answer").json();
    let mut listed: Vec<&str> =
        listed.as_array().unwrap().iter().map(|entry| entry["reason"].as_str().unwrap()).collect();
    listed.sort_unstable();
    assert_eq!(
        listed,
        ["out_of_scope", "too_large", "unknown_form", "unknown_form", "unknown_unit", "unreadable",]
    );
    let officers = hoa.http.get("/api/v1/quarantine").await.expect("an answer");
    assert_eq!(officers.error(), (403, "not_allowed".to_owned()));
}
