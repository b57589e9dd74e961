use std::fs;

use axum::body::Body;
use axum::http::{Method, StatusCode};

use crate::app::TestApp;

const WASM: &str = "sotay-1f2e3d4c5b6a7988_bg.wasm";

async fn server_with_app() -> (TestApp, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [
        ("index.html", "<!doctype html>app"),
        ("sw.js", "worker"),
        (WASM, "wasm wasm wasm"),
        (&format!("{WASM}.br"), "br"),
        (&format!("{WASM}.gz"), "gz"),
        ("secret.txt.br", "only compressed"),
    ] {
        fs::write(folder.path().join(name), text).unwrap();
    }
    let app = folder.path().to_owned();
    (TestApp::with(|config| config.app = Some(app)).await, folder)
}

#[tokio::test]
async fn files_come_in_the_best_coding_that_is_accepted() {
    let (server, _folder) = server_with_app().await;
    for (accept, coding, body) in [
        ("gzip, br", "br", "br"),
        ("gzip", "gzip", "gz"),
        ("br;q=0, gzip", "gzip", "gz"),
        ("", "", "wasm wasm wasm"),
    ] {
        let answer = server.get(&format!("/{WASM}"), &[("accept-encoding", accept)]).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(
            (answer.header("content-encoding"), answer.body.as_ref()),
            (coding, body.as_bytes())
        );
        assert_eq!(answer.header("content-type"), "application/wasm");
        assert_eq!(answer.header("vary"), "accept-encoding");
        assert!(answer.header("cache-control").contains("immutable"));
    }
}

#[tokio::test]
async fn the_page_and_the_worker_are_asked_for_again_each_time() {
    let (server, _folder) = server_with_app().await;
    for path in ["/", "/index.html", "/sw.js"] {
        let answer = server.get(path, &[]).await;
        assert_eq!(
            (answer.status, answer.header("cache-control")),
            (StatusCode::OK, "no-cache"),
            "{path}"
        );
        let again = server.get(path, &[("if-none-match", answer.header("etag"))]).await;
        assert_eq!((again.status, again.body.len()), (StatusCode::NOT_MODIFIED, 0), "{path}");
    }
}

#[tokio::test]
async fn the_app_may_reach_this_server_only() {
    let (server, _folder) = server_with_app().await;
    let answer = server.get("/", &[]).await;
    assert_eq!(
        answer.header("content-security-policy"),
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; object-src 'none'; connect-src 'self'; \
         img-src 'self' blob: data:; media-src 'self' blob:; style-src 'self'; font-src 'self'; manifest-src 'self'; worker-src 'self'; \
         base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    );
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert_eq!(answer.header("cross-origin-opener-policy"), "same-origin");
    assert!(answer.header("permissions-policy").contains("camera=(self), geolocation=(self)"));
    assert!(!answer.header("referrer-policy").is_empty());
}

#[tokio::test]
async fn a_page_of_the_app_is_the_app_and_a_missing_file_is_missing() {
    let (server, _folder) = server_with_app().await;
    let navigation = [("sec-fetch-mode", "navigate"), ("accept", "text/html")];
    for path in ["/records/0192", "/forms", "/a/b/c"] {
        let answer = server.get(path, &navigation).await;
        assert_eq!(
            (answer.status, answer.body.as_ref()),
            (StatusCode::OK, "<!doctype html>app".as_bytes())
        );
        let fetched = server.get(path, &[("sec-fetch-mode", "cors"), ("accept", "*/*")]).await;
        assert_eq!(fetched.status, StatusCode::NOT_FOUND, "{path}");
    }
    for path in [
        "/old-0011223344556677.wasm",
        "/missing.js",
        "/../data/sotay.sqlite",
        "/secret.txt",
        "/api/v1/nothing",
    ] {
        let answer = server.get(path, &navigation).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (StatusCode::NOT_FOUND, "not_found"),
            "{path}"
        );
    }
    let posted = server.request(Method::POST, "/forms", &[("x-sotay", "1")], Body::empty()).await;
    assert_eq!(posted.status, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn a_server_without_the_app_says_so() {
    let folder = tempfile::tempdir().unwrap();
    // As a program that was built without it: one that is told of a folder wants it there when it starts.
    let page = folder.path().join("index.html");
    fs::write(&page, "").unwrap();
    let server = TestApp::with(|config| config.app = Some(folder.path().to_owned())).await;
    fs::remove_file(&page).unwrap();
    let answer = server.get("/", &[]).await;
    assert_eq!((answer.status, answer.code().as_str()), (StatusCode::NOT_FOUND, "no_app"));
}
