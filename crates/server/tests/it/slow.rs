//! What comes slowly: who sends it is asked again when all of it is here.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, StatusCode};
use futures::StreamExt;
use futures::stream::FuturesUnordered;
use server::api::bundles::{PIECE_KIB, room_left};
use server::database::Revoked;
use sync::codec;
use tokio::sync::mpsc;

use crate::app::{Answer, Device, TestApp, text};

/// A body in the middle of which something happens.
pub fn around(
    body: impl Into<Vec<u8>>,
    meanwhile: impl Future<Output = ()> + Send + 'static,
) -> Body {
    let mut first = body.into();
    let rest = first.split_off(first.len() / 2);
    let begins = futures::stream::iter([Ok::<_, std::io::Error>(first)]);
    let ends = futures::stream::once(async move {
        meanwhile.await;
        Ok(rest)
    });
    Body::from_stream(begins.chain(ends))
}

impl Device<'_> {
    async fn session(&self) -> i64 {
        let sessions = self.get("/api/v1/sessions").await.json();
        let mut sessions = sessions.as_array().unwrap().iter();
        let own = sessions.find(|session| session["is_this"] == true).unwrap();
        own["id"].as_i64().unwrap()
    }

    async fn send(&self, method: Method, path: &str, kind: &str, body: Body) -> Answer {
        let chunk = codec::hash(b"{}").to_string();
        let headers = [
            ("cookie", self.cookie.as_str()),
            ("x-sotay", "1"),
            ("content-type", kind),
            ("x-chunk-hash", &chunk),
        ];
        self.server.request(method, path, &headers, body).await
    }
}

#[tokio::test]
async fn nothing_is_done_for_a_session_that_ends_while_the_body_comes() {
    let server = TestApp::start().await;
    let hash = codec::hash(b"{}");
    let json = "application/json";
    let bytes = "application/octet-stream";
    let (chunk, piece) =
        (format!("/api/v1/blobs/{hash}/0?size=2"), format!("/api/v1/bundles/{hash}?size=9&at=0"));
    let new = r#"{"account":"moi","name":"Mới","role":"officer","unit":"phuong_a"}"#;
    let person = r#"{"value":"Nguyễn Thị Hoa"}"#;
    for (method, path, kind, body) in [
        (Method::PUT, chunk.as_str(), bytes, "{}"),
        (Method::PUT, &piece, bytes, "{}"),
        (Method::POST, "/api/v1/bundles", bytes, "{}"),
        (Method::PUT, "/api/v1/session/key", json, "{}"),
        (Method::PUT, "/api/v1/session/password", json, "{}"),
        (Method::POST, "/api/v1/passkeys", json, "{}"),
        (Method::POST, "/api/v1/passkeys/challenge", json, "{}"),
        (Method::PATCH, "/api/v1/passkeys/1", json, r#"{"name":"x"}"#),
        (Method::POST, "/api/v1/passkeys/1/remove", json, "{}"),
        (Method::POST, "/api/v1/accounts", json, new),
        (Method::PATCH, "/api/v1/accounts/lan", json, r#"{"disabled":true}"#),
        (Method::POST, "/api/v1/accounts/lan/code", json, "{}"),
        (Method::POST, "/api/v1/accounts/lan/token", json, "{}"),
        (Method::POST, "/api/v1/sessions/1/end", json, "{}"),
        (Method::POST, "/api/v1/persons/find", json, person),
        (Method::POST, "/api/v1/persons/erase", json, person),
        (Method::POST, "/api/v1/persons/export", json, person),
        (Method::POST, "/api/v1/quarantine/1/set-aside", json, r#"{"reason":"x"}"#),
        (Method::POST, "/api/v1/entities/ho_dan/a/settle", json, r#"{"version":1}"#),
        (Method::POST, "/api/v1/forms/preview?name=a.csv", bytes, "a,b"),
    ] {
        let device = server.device("quan_tri").await;
        let (session, database) = (device.session().await, server.app.database().clone());
        let body = around(body, async move {
            assert!(database.revoke_session(session, Revoked::Lost, None, 5).await.unwrap());
        });
        let answer = device.send(method.clone(), path, kind, body).await;
        let told = (answer.status, String::from_utf8_lossy(&answer.body).contains("session_lost"));
        assert_eq!(told, (StatusCode::UNAUTHORIZED, true), "{method} {path}: {:?}", answer.body);
    }
    let database = server.app.database();
    assert!(database.account("moi").await.unwrap().is_none());
    assert!(!database.account("lan").await.unwrap().unwrap().is_disabled());
    assert!(database.blob(hash).await.unwrap().is_none());
}

#[tokio::test]
async fn of_who_is_disabled_while_a_file_comes_only_what_is_owed_is_taken() {
    let server = TestApp::start().await;
    let hash = codec::hash(b"{}");
    let lan = server.device("lan").await;
    let database = server.app.database().clone();
    let body = around("{}", async move {
        assert!(database.disable_account("lan", None, 5).await.unwrap());
    });
    let path = format!("/api/v1/blobs/{hash}/0?size=2");
    let answer = lan.send(Method::PUT, &path, "application/octet-stream", body).await;
    assert_eq!((answer.status, answer.code().as_str()), (StatusCode::FORBIDDEN, "not_owed"));
    let minh = server.device("minh").await;
    let operation = minh.create(1, 1, "phuong_a", &[("ghi_chu", text("một"))]);
    assert_eq!(minh.push(&[operation]).await.acked, 1, "and others work on");
}

/// A body that tells when it is read, and then stands still.
fn still(first: Vec<u8>, read: &mpsc::UnboundedSender<()>) -> Body {
    let read = read.clone();
    let begins = futures::stream::once(async move {
        read.send(()).unwrap();
        Ok::<_, std::io::Error>(first)
    });
    Body::from_stream(begins.chain(futures::stream::pending()))
}

#[tokio::test]
async fn whoever_sends_bundles_that_stand_still_holds_no_more_of_the_memory_than_their_part() {
    let server = TestApp::start().await;
    // Whose part no other test takes any of.
    let kiem = server.device("kiem").await;
    let (read, mut reads) = mpsc::unbounded_channel();
    let take = || {
        let body = still(vec![0; 1024], &read);
        kiem.send(Method::POST, "/api/v1/bundles", "application/octet-stream", body)
    };
    let mut standing: FuturesUnordered<_> = (0..60).map(|_| take()).collect();
    for _ in 0..60 {
        tokio::select! {
            _ = standing.next() => panic!("it stands still"),
            read = reads.recv() => read.unwrap(),
        }
    }
    assert!(room_left("kiem") < PIECE_KIB, "there is room for sixty pieces");
    let mut last = std::pin::pin!(take());
    drop(standing);
    tokio::select! {
        _ = &mut last => panic!("it stands still"),
        read = reads.recv() => read.unwrap(),
    }
}

#[tokio::test]
async fn nothing_more_of_a_bundle_is_written_once_its_session_is_over() {
    let server = TestApp::start().await;
    let lan = server.device("lan").await;
    let (session, database) = (lan.session().await, server.app.database().clone());
    let begins = around(vec![0; 4 << 20], async move {
        assert!(database.revoke_session(session, Revoked::Lost, None, 5).await.unwrap());
    });
    let body = begins.into_data_stream().chain(futures::stream::pending());
    let body = Body::from_stream(body);
    let answer = lan.send(Method::POST, "/api/v1/bundles", "application/octet-stream", body);
    let answer = tokio::time::timeout(Duration::from_secs(60), answer).await.expect("an answer");
    assert_eq!(answer.code(), "session_lost");
}
