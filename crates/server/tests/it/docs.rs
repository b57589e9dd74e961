use axum::body::Body;
use axum::http::{Method, StatusCode};
use serde_json::json;

use crate::app::{Device, PASSWORD, TestApp};

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
                .replace("{piece}", "0")
                .replace("{dataset}", "ho_dan")
                .replace("{entity}", "0")
                .replace("{list}", "ho_dan.csv")
                .replace("{token}", &"0".repeat(64))
                .replace("{version}", "0")
                .replace("{z}", "0")
                .replace("{x}", "0")
                .replace("{y}", "0")
                .replace("{file}", &format!("{}.xml", "0".repeat(64)));
            let answer =
                server.request(method.clone(), &path, &[("x-sotay", "1")], Body::empty()).await;
            let described = operation["responses"].as_object().unwrap();
            let status = answer.status.as_str();
            assert!(described.contains_key(status), "{method} {path} answered {status}");
            let public = ["/healthz", "/api/docs", "/api/docs/style.css", "/api/openapi.json"];
            let open = public.contains(&path.as_str())
                || (method == Method::POST
                    && ["/session", "/session/passkey", "/session/passkey/new"]
                        .iter()
                        .any(|open| path.ends_with(open)));
            assert_eq!(answer.status == StatusCode::UNAUTHORIZED, !open, "{method} {path}");
            // Who is asked whose session it is says so, and finds here how.
            let security = operation["security"][0].as_object();
            let reads = method == Method::GET || method == Method::HEAD;
            if path.starts_with("/api/") && !open {
                let asked = security.is_some_and(|asked| asked.contains_key("session"));
                assert!(asked, "{method} {path}");
                assert_eq!(security.unwrap().contains_key("account"), reads, "{method} {path}");
                assert!(described.contains_key("408") && described.contains_key("429"), "{path}");
            }
        }
    }
    assert_eq!(operations, 69);
}

/// Whatever is described as not for everybody is refused to all whom it is not for.
#[tokio::test]
async fn every_operation_is_refused_to_the_roles_that_it_is_not_for() {
    let server = TestApp::start().await;
    let api = server.get("/api/openapi.json", &[]).await.json();
    let (lan, an) = (server.device("lan").await, server.device("an").await);
    let (kiem, quan_tri) = (server.device("kiem").await, server.device("quan_tri").await);
    server.device("hoa").await;
    let sessions = quan_tri.get("/api/v1/sessions").await.json();
    let of_hoa = sessions.as_array().unwrap().iter().find(|row| row["account"] == "hoa").unwrap();
    // What any of them asks for.
    let body = json!({ "account": "moi", "name": "Mới", "role": "officer", "unit": "phuong_a", "value": "Nguyễn Thị Hoa",
        "reason": "trùng", "version": 1, "mentions": 0, "password": PASSWORD });
    let mut operations = 0;
    for (path, item) in api["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let told = operation["responses"]["403"]["description"].as_str().unwrap_or_default();
            let Some((_, whose)) = told.split_once("`not_allowed`: ") else { continue };
            operations += 1;
            let refused: &[&Device<'_>] = match whose {
                _ if whose.starts_with("for coordinators, administrators and auditors") => &[&lan],
                _ if whose.starts_with("for administrators") => &[&lan, &an, &kiem],
                "for coordinators" | "coordinators do that" => &[&lan, &kiem, &quan_tri],
                // Of another ward's person.
                _ => &[&lan, &an, &kiem],
            };
            let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
            let path = path.trim_start_matches("/api/v1/");
            let id =
                if path.starts_with("sessions") { of_hoa["id"].to_string() } else { "1".into() };
            let path = path.replace("{account}", "hoa").replace("{id}", &id);
            let path = path.replace("{dataset}", "ho_dan").replace("{entity}", "0");
            for device in refused {
                let answer = device.ask(method.clone(), &path, body.clone()).await;
                assert!(
                    ["not_allowed", "not_found"].contains(&answer.code().as_str()),
                    "{method} {path} by {}: {:?}",
                    device.account,
                    answer.body
                );
            }
        }
    }
    assert_eq!(operations, 15);
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

/// What strangers and broken clients send, to every address there is.
#[tokio::test]
async fn whatever_is_sent_to_a_described_address_every_answer_is_described_and_in_the_api_s_words()
{
    const PARTS: [&str; 9] = [
        "0",
        "-1",
        "9223372036854775808",
        "%00",
        "%F0%9F%98%80",
        "..%2F..%2Fetc%2Fpasswd",
        "%27%20OR%201%3D1--",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "%FF",
    ];
    const BODIES: [(&str, &[u8]); 10] = [
        ("application/json", b""),
        ("application/json", b"null"),
        ("application/json", b"[null, null]"),
        ("application/json", b"{\"name\":{\"a\":[]},\"reason\":-1,\"minutes\":1e400}"),
        ("application/json", b"{\"name\":\"\\u0000\",\"account\":\"\\ud800\"}"),
        ("application/cbor", b"\xa1\x00\x9f\x9f\x9f\x9f"),
        ("application/cbor", b"\xbb\xff\xff\xff\xff\xff\xff\xff\xff"),
        ("application/octet-stream", b"PK\x03\x04\xff\xff\xff\xff"),
        ("multipart/form-data; boundary=x", b"--x\r\n[]--x"),
        ("nonsense", b"\xff\xfe\x00"),
    ];
    let server = TestApp::start().await;
    let reader = server.device("quan_tri").await;
    let api = server.get("/api/openapi.json", &[]).await.json();
    for (path, item) in api["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
            let queries: Vec<&str> = operation["parameters"]
                .as_array()
                .into_iter()
                .flatten()
                .filter(|parameter| parameter["in"] == "query")
                .filter_map(|parameter| parameter["name"].as_str())
                .collect();
            for (at, part) in PARTS.iter().enumerate() {
                // What changes something may end the session.
                let device = match method {
                    Method::GET | Method::HEAD => None,
                    _ => Some(server.device("quan_tri").await),
                };
                let cookie = device.as_ref().map_or(&reader.cookie, |device| &device.cookie);
                let names = [
                    "{hash}",
                    "{id}",
                    "{account}",
                    "{chunk}",
                    "{token}",
                    "{file}",
                    "{version}",
                    "{z}",
                    "{x}",
                    "{y}",
                ];
                let path = names.iter().fold(path.clone(), |path, name| path.replace(name, part));
                let query: Vec<_> = queries.iter().map(|name| format!("{name}={part}")).collect();
                let address = match (at % 3, query.is_empty()) {
                    (0, _) | (_, true) => path.clone(),
                    _ => format!("{path}?{}", query.join("&")),
                };
                let (media_type, body) = BODIES[at % BODIES.len()];
                let headers =
                    [("x-sotay", "1"), ("cookie", cookie.as_str()), ("content-type", media_type)];
                let answer =
                    server.request(method.clone(), &address, &headers, Body::from(body)).await;
                assert!(!answer.status.is_server_error(), "{method} {address}: {}", answer.status);
                let described = operation["responses"].as_object().unwrap();
                let status = answer.status.as_str();
                // What is no address of a client's is told in the words of `OpenRosa`, whatever is asked there.
                let is_described = described.contains_key(status) || path.starts_with("/openrosa");
                assert!(is_described, "{method} {address} answered {status}");
                let refuses_in_words = !path.starts_with("/openrosa") && method != Method::HEAD;
                if answer.status.is_client_error() && refuses_in_words {
                    let kind = answer.header("content-type");
                    assert_eq!(kind, "application/json", "{method} {address}: {:?}", answer.body);
                    assert!(answer.json()["error"]["code"].is_string(), "{method} {address}");
                }
            }
        }
    }
}
