use axum::body::Body;
use axum::http::{Method, StatusCode};

use crate::app::TestApp;

#[tokio::test]
async fn every_described_address_answers_and_every_operation_says_how() {
    let server = TestApp::start().await;
    let api = server.get("/api/openapi.json", &[]).await.json();
    let mut operations = 0;
    for (path, item) in api["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            operations += 1;
            assert!(
                operation["summary"].is_string() || operation["description"].is_string(),
                "{method} {path}"
            );
            let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
            let path = path
                .replace("{hash}", &"0".repeat(64))
                .replace("{id}", &"0".repeat(32))
                .replace("{account}", "lan")
                .replace("{chunk}", "0")
                .replace("{token}", &"0".repeat(64))
                .replace("{file}", &format!("{}.xml", "0".repeat(64)));
            let answer =
                server.request(method.clone(), &path, &[("x-sotay", "1")], Body::empty()).await;
            let described = operation["responses"].as_object().unwrap();
            let status = answer.status.as_str();
            assert!(described.contains_key(status), "{method} {path} answered {status}");
            let public = ["/healthz", "/api/docs", "/api/docs/style.css", "/api/openapi.json"];
            let open = public.contains(&path.as_str())
                || (method == Method::POST && path.ends_with("/session"));
            assert_eq!(answer.status == StatusCode::UNAUTHORIZED, !open, "{method} {path}");
        }
    }
    assert_eq!(operations, 37);
}

#[tokio::test]
async fn the_page_names_every_address_and_loads_nothing_from_elsewhere() {
    let server = TestApp::start().await;
    let api = server.get("/api/openapi.json", &[]).await.json();
    let page = server.get("/api/docs", &[]).await;
    let html = String::from_utf8(page.body.to_vec()).unwrap();
    for path in api["paths"].as_object().unwrap().keys() {
        assert!(html.contains(&format!(" {path}</code>")), "{path}");
    }
    assert!(!html.contains("http://") && !html.contains("https://"));
    assert!(page.header("content-security-policy").contains("style-src 'self'"));
}

#[tokio::test]
async fn health_tells_nothing_but_health() {
    let server = TestApp::start().await;
    let answer = server.get("/healthz", &[]).await;
    assert_eq!((answer.status, answer.json()["status"].as_str()), (StatusCode::OK, Some("ok")));
    assert!(!answer.header("x-request-id").is_empty());
}

#[tokio::test]
async fn large_answers_are_compressed() {
    let server = TestApp::start().await;
    let lan = server.device("lan").await;
    let path = format!("/api/v1/forms/{}", crate::app::form_ref().hash);
    for coding in ["br", "gzip"] {
        let answer =
            server.get(&path, &[("cookie", &lan.cookie), ("accept-encoding", coding)]).await;
        assert_eq!(answer.header("content-encoding"), coding);
        assert!(answer.header("cache-control").contains("immutable"));
        assert!(answer.body.len() < crate::app::FORM.len() / 2);
    }
    let pack = lan.get("/api/v1/pack").await;
    assert_eq!(pack.json()["id"], "thu");
    let tag = pack.header("etag").to_owned();
    assert_eq!(tag.trim_matches('"'), pack.json()["hash"].as_str().unwrap());
    let again =
        server.get("/api/v1/pack", &[("cookie", &lan.cookie), ("if-none-match", &tag)]).await;
    assert_eq!(again.status, StatusCode::NOT_MODIFIED);
}
