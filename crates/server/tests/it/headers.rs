//! What every answer carries, and what the log says of every request.

use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Body;
use axum::http::{Method, StatusCode};
use tracing_subscriber::util::SubscriberInitExt;

use crate::app::TestApp;

#[tokio::test]
async fn every_answer_keeps_itself_to_who_asked() {
    let server = TestApp::start().await;
    let thu = server.device("thu").await;
    for (method, path, status) in [
        (Method::GET, "/healthz", StatusCode::OK),
        (Method::GET, "/api/docs", StatusCode::OK),
        (Method::GET, "/api/openapi.json", StatusCode::OK),
        (Method::GET, "/api/v1/session", StatusCode::OK),
        (Method::GET, "/api/v1/pull", StatusCode::OK),
        (Method::GET, "/api/v1/records.xlsx?form=kiem_tra", StatusCode::OK),
        (Method::GET, "/api/v1/nothing", StatusCode::NOT_FOUND),
        (Method::GET, "/nothing.js", StatusCode::NOT_FOUND),
        (Method::POST, "/api/v1/push", StatusCode::FORBIDDEN),
        (Method::POST, "/", StatusCode::METHOD_NOT_ALLOWED),
        (Method::GET, "/openrosa/formList", StatusCode::UNAUTHORIZED),
        (Method::GET, "/api/v1/pull?wait=x", StatusCode::BAD_REQUEST),
        (Method::GET, "/api/v1/pull?wait=0&wait=1", StatusCode::BAD_REQUEST),
    ] {
        let headers = [("cookie", thu.cookie.as_str()), ("origin", "https://elsewhere.example")];
        let answer = server.request(method, path, &headers, Body::empty()).await;
        assert_eq!(answer.status, status, "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("referrer-policy"), "same-origin", "{path}");
        assert_eq!(answer.header("cross-origin-resource-policy"), "same-origin", "{path}");
        let policy = answer.header("content-security-policy");
        for directive in ["default-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"] {
            assert!(policy.contains(directive), "{path}: {policy}");
        }
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
        let kind = answer.header("content-type");
        assert!(answer.body.is_empty() || !kind.is_empty(), "{path}");
        assert!(!kind.starts_with("text/") || kind.contains("charset=utf-8"), "{path}: {kind}");
        assert_eq!(answer.header("access-control-allow-origin"), "", "{path}");
        assert_eq!(answer.header("server"), "", "{path}");
        assert_eq!(answer.header("strict-transport-security"), "", "{path}: it came without TLS");
    }
}

#[tokio::test]
async fn over_https_browsers_are_told_to_come_by_https_only() {
    for (public_url, behind_proxy, forwarded, told) in [
        (Some("https://sotay.example.vn"), false, "", true),
        (None, true, "https", true),
        (None, true, "http", false),
        (None, false, "https", false),
    ] {
        let server = TestApp::with(|config| {
            config.public_url = public_url.map(str::to_owned);
            config.behind_proxy = behind_proxy;
        })
        .await;
        for path in ["/healthz", "/api/v1/session", "/nothing", "/openrosa/formList"] {
            let answer = server.get(path, &[("x-forwarded-proto", forwarded)]).await;
            let policy = answer.header("strict-transport-security");
            let age = policy.strip_prefix("max-age=").and_then(|rest| rest.split(';').next());
            let is_long = age.is_some_and(|age| age.parse::<u64>().unwrap() >= 365 * 24 * 3600);
            assert_eq!(is_long && policy.contains("includeSubDomains"), told, "{path}: {policy}");
        }
    }
}

#[tokio::test]
async fn a_method_that_an_address_does_not_know_does_nothing_and_is_not_echoed() {
    let server = TestApp::start().await;
    let headers = [("x-sotay", "1"), ("cookie", "sotay=secret")];
    for path in ["/", "/healthz", "/api/v1/session", "/api/v1/push", "/openrosa/formList"] {
        for method in [Method::TRACE, Method::PATCH, Method::OPTIONS] {
            let answer = server.request(method.clone(), path, &headers, Body::empty()).await;
            assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{method} {path}");
            assert!(!answer.body.windows(6).any(|part| part == b"secret"), "{method} {path}");
        }
    }
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Log {
    /// What is logged on this thread from now on, as the program writes it where no terminal is.
    fn begin() -> (Self, tracing::subscriber::DefaultGuard) {
        let log = Self::default();
        let writer = {
            let log = log.clone();
            move || log.clone()
        };
        let subscriber = tracing_subscriber::fmt().json().with_span_list(false).with_writer(writer);
        (log, subscriber.finish().set_default())
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

#[tokio::test]
async fn an_error_that_nobody_foresaw_is_told_to_the_log_alone() {
    let server = TestApp::start().await;
    let (log, guard) = Log::begin();
    server.app.database().close().await;
    let answer = server.get("/healthz", &[]).await;
    drop(guard);
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(answer.code(), "internal");
    let told = String::from_utf8(answer.body.to_vec()).unwrap();
    let log = log.text();
    let cause = "closed pool";
    assert!(log.contains(cause) && log.contains("\"level\":\"ERROR\""), "{log}");
    assert!(!told.contains(cause) && !told.contains("sqlx"), "{told}");
}

#[tokio::test]
async fn the_log_says_who_was_refused_what_and_holds_nothing_that_lets_in() {
    let server = TestApp::with(|config| config.behind_proxy = true).await;
    let lan = server.device("lan").await;
    let (log, guard) = Log::begin();
    let headers = [("cookie", lan.cookie.as_str()), ("x-forwarded-for", "10.0.0.9, 203.0.113.7")];
    server.get("/api/v1/audit?before=9&q=bimat", &headers).await;
    let (token, _) = server::accounts::new_token();
    server.get(&format!("/openrosa/{token}/formList"), &[]).await;
    for mistyped in [
        "/openrosa/{}/wrong",
        "//openrosa/{}/formList",
        "/OpenRosa/{}/formList",
        "/sotay/openrosa/{}",
    ] {
        server.get(&mistyped.replace("{}", &token), &[]).await;
    }
    drop(guard);
    let log = log.text();
    let lines: Vec<serde_json::Value> =
        log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let refused = lines.iter().find(|line| line["span"]["path"] == "/api/v1/audit").unwrap();
    for (key, value) in [("account", "lan"), ("address", "203.0.113.7"), ("method", "GET")] {
        assert_eq!(refused["span"][key], value, "{refused}");
    }
    assert_eq!(refused["fields"]["status"], 403, "{refused}");
    assert!(refused["timestamp"].as_str().unwrap().ends_with('Z'), "{refused}");
    assert!(refused["span"]["id"].is_string(), "{refused}");
    let cookie = lan.cookie.split_once('=').unwrap().1;
    for secret in [cookie, &token, "bimat"] {
        assert!(!log.contains(secret), "{secret} in {log}");
    }
}
