//! What one person may take of the server, and that whoever has to wait loses nothing.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, StatusCode};
use server::budgets::{Allowance, Allowances};
use sync::codec;
use sync::wire::PushResponse;

use crate::app::{Answer, TestApp, text};

/// So long until there is room for one more that it never comes in a test.
pub(crate) const NEVER: Duration = Duration::from_secs(1_000);

async fn with(change: impl FnOnce(&mut Allowances)) -> TestApp {
    TestApp::with(|config| change(&mut config.allowances)).await
}

/// Refused for now, with the time at which there is room again.
pub(crate) fn assert_waits(answer: &Answer, seconds: u64) {
    assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS, "{:?}", answer.body);
    let told: u64 = answer.header("retry-after").parse().unwrap();
    // It may have become a second or so less on the way here.
    assert!((seconds.saturating_sub(60)..=seconds).contains(&told), "{told} s, not {seconds}");
}

#[tokio::test]
async fn operations_beyond_a_persons_budget_wait_and_the_same_push_goes_through_later() {
    let server = with(|of| of.operations = Allowance::new(5, NEVER)).await;
    let (lan, other) = (server.device("lan").await, server.device("lan").await);
    let create = |seq| lan.create(seq, seq as u8, "phuong_a", &[("ho_ten", text("Lan"))]);
    let first: Vec<_> = (1..=4).map(create).collect();
    assert_eq!(lan.push(&first).await.acked, 4);
    let more = codec::encode(&lan.request(&[create(5), create(6)]));
    let refused = lan.post_push(more.clone(), &[]).await;
    assert_eq!(refused.code(), "too_many_requests");
    assert_waits(&refused, 1_000);
    let on_another =
        other.request(&[other.create(1, 9, "phuong_a", &[]), other.create(2, 10, "phuong_a", &[])]);
    assert_waits(&other.post_push(codec::encode(&on_another), &[]).await, 1_000);
    let minh = server.device("minh").await;
    assert_eq!(minh.push(&[minh.create(1, 11, "phuong_a", &[])]).await.acked, 1, "others go on");
    assert_eq!(lan.push(&[]).await.acked, 4, "nothing of the refused push was kept");

    // Time passes: a server that has just started has full budgets.
    let later = server.beside().await;
    let headers =
        [("cookie", lan.cookie.as_str()), ("x-sotay", "1"), ("content-type", "application/cbor")];
    let answer = later.request(Method::POST, "/api/v1/push", &headers, Body::from(more)).await;
    let answer: PushResponse = codec::decode(&answer.body).unwrap();
    assert_eq!(answer.acked, 6);
}

#[tokio::test]
async fn files_brought_and_fetched_count_by_their_length() {
    let server = with(|of| of.kib = Allowance::new(300, NEVER)).await;
    let lan = server.device("lan").await;
    let photo = vec![7; 256 * 1024];
    let hash = codec::hash(&photo);
    assert_eq!(
        lan.put_chunk(hash, 0, photo.len(), &photo, hash).await.status,
        StatusCode::NO_CONTENT
    );
    assert_waits(&lan.get(&format!("/api/v1/blobs/{hash}")).await, 212_000);
    let other = vec![8; 100 * 1024];
    let hash = codec::hash(&other);
    assert_waits(&lan.put_chunk(hash, 0, other.len(), &other, hash).await, 56_000);
    assert_eq!(lan.missing(hash, other.len()).await, "0", "the chunk is still to come");
    let small = vec![9; 40 * 1024];
    let hash = codec::hash(&small);
    let kept = lan.put_chunk(hash, 0, small.len(), &small, hash).await;
    assert_eq!(kept.status, StatusCode::NO_CONTENT, "what fits goes through");
}

#[tokio::test]
async fn a_piece_of_a_bundle_waits_and_the_bundle_goes_on_where_it_was() {
    let server = with(|of| of.kib = Allowance::new(10, NEVER)).await;
    let lan = server.device("lan").await;
    let bundle = vec![5_u8; 20 * 1024];
    let path = format!("/api/v1/bundles/{}", codec::hash(&bundle));
    let headers = [("cookie", lan.cookie.as_str()), ("x-sotay", "1")];
    let piece = |at: usize| {
        let path = format!("{path}?size={}&at={at}", bundle.len());
        (path, Body::from(bundle[at..at + 8 * 1024].to_vec()))
    };
    let (to, piece_of) = piece(0);
    let first = server.request(Method::PUT, &to, &headers, piece_of).await;
    let (to, piece_of) = piece(8 * 1024);
    let second = server.request(Method::PUT, &to, &headers, piece_of).await;
    assert_eq!(first.json()["held"], 8 * 1024);
    assert_waits(&second, 6_000);
    assert_eq!(lan.get(&path).await.json()["held"], 8 * 1024);
    let whole = server.request(Method::POST, "/api/v1/bundles", &headers, Body::from(bundle)).await;
    assert_waits(&whole, 8_000);
}

#[tokio::test]
async fn spreadsheets_are_made_now_and_then_and_not_without_end() {
    let server = with(|of| of.reports = Allowance::new(2, NEVER)).await;
    let an = server.device("an").await;
    let ask = || an.get("/api/v1/records.xlsx?form=kiem_tra");
    assert_eq!((ask().await.status, ask().await.status), (StatusCode::OK, StatusCode::OK));
    assert_waits(&ask().await, 1_000);
    let headers = [("cookie", an.cookie.as_str()), ("x-sotay", "1")];
    let tried = server
        .request(Method::POST, "/api/v1/forms/preview?name=a.csv", &headers, Body::from("a"))
        .await;
    assert_waits(&tried, 1_000);
    let rows = an.get("/api/v1/audit").await.json();
    let exports = rows.as_array().unwrap().iter().filter(|row| row["action"] == "export");
    assert_eq!(exports.count(), 2, "nothing left that was refused");
}

#[tokio::test]
async fn requests_of_all_kinds_count_for_the_person_and_signing_in_is_none() {
    let server = with(|of| of.requests = Allowance::new(3, NEVER)).await;
    let lan = server.device("lan").await;
    for _ in 0..3 {
        assert_eq!(lan.get("/api/v1/session").await.status, StatusCode::OK);
    }
    for path in ["/api/v1/session", "/api/v1/pull?cursor=", "/api/v1/sessions"] {
        assert_waits(&lan.get(path).await, 1_000);
    }
    let again = server.device("lan").await;
    assert_waits(&again.get("/api/v1/session").await, 1_000);
    assert_eq!(server.device("minh").await.get("/api/v1/session").await.status, StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pull_that_waits_is_one_request_however_often_it_wakes() {
    let server = with(|of| of.requests = Allowance::new(3, NEVER)).await;
    let hoa = server.device("hoa").await;
    let cursor = hoa.pull(None).await.cursor;
    let path = format!("/api/v1/pull?cursor={cursor}&wait=20");
    let others = async {
        for account in ["lan", "minh", "an"] {
            let device = server.device(account).await;
            for seq in 1..=3 {
                let record = account.len() as u8 * 10 + seq as u8;
                device.push(&[device.create(seq, record, "phuong_a", &[])]).await;
            }
        }
        // Of hoa's ward, at last.
        let thu = server.device("thu").await;
        thu.push(&[thu.create(1, 99, "phuong_b", &[])]).await;
    };
    let (heard, ()) = tokio::join!(hoa.get(&path), others);
    assert_eq!(heard.status, StatusCode::OK, "{:?}", heard.body);
}
