//! By what a client shows whose it is: a token in its address, or a name with a password or a token.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::http::{Method, StatusCode};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest, Md5};
use serde_json::json;
use server::accounts;
use server::config::Config;
use server::database::Revoked;
use sync::codec;

use super::{Collect, FIRST, filled};
use crate::app::{Answer, Device, FORM, PASSWORD, TestApp, form_ref, text};

impl Answer {
    /// The ways in which one may show who one is.
    fn ways(&self) -> impl Iterator<Item = &str> {
        self.headers.get_all("www-authenticate").iter().map(|way| way.to_str().unwrap())
    }
}

#[tokio::test]
async fn a_token_is_made_listed_and_ended_by_who_looks_after_its_owner() {
    let server = TestApp::start().await;
    let (an, lan) = (server.device("an").await, server.device("lan").await);
    let make = async |device: &Device<'_>, account: &str| {
        let headers = [
            ("cookie", device.cookie.as_str()),
            ("x-sotay", "1"),
            ("content-type", "application/json"),
        ];
        let path = format!("/api/v1/accounts/{account}/token");
        let body =
            Body::from(json!({ "device_name": "Máy Samsung", "password": PASSWORD }).to_string());
        server.request(Method::POST, &path, &headers, body).await
    };
    assert_eq!(make(&lan, "minh").await.status, StatusCode::NOT_FOUND);
    assert_eq!(make(&an, "hoa").await.status, StatusCode::NOT_FOUND);
    assert_eq!(make(&lan, "lan").await.status, StatusCode::CREATED, "everybody for themselves");
    let quan_tri = server.device("quan_tri").await;
    assert_eq!(make(&quan_tri, "kiem").await.code(), "no_field_work");
    let made = make(&an, "lan").await;
    assert_eq!(made.status, StatusCode::CREATED);
    let (path, token) = (made.json()["path"].clone(), made.json()["token"].clone());
    let (path, token) = (path.as_str().unwrap(), token.as_str().unwrap());
    let list = format!("{path}/formList");
    assert_eq!(server.get(&list, &[]).await.status, StatusCode::OK);
    let cookie = format!("sotay={token}");
    let answer = server.get("/api/v1/session", &[("cookie", &cookie)]).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "it opens nothing else");
    let other = lan.cookie.split_once('=').unwrap().1;
    let answer = server.get(&format!("/openrosa/{other}/formList"), &[]).await;
    answer.is_response(StatusCode::UNAUTHORIZED, "token");
    let site = [("sec-fetch-site", "cross-site")];
    assert_eq!(server.get(&list, &site).await.status, StatusCode::FORBIDDEN);
    let sessions = an.get("/api/v1/sessions").await.json();
    let sessions = sessions.as_array().unwrap();
    let session =
        sessions.iter().rev().find(|session| session["device_name"] == "Máy Samsung").unwrap();
    assert_eq!((&session["account"], &session["may_end"]), (&json!("lan"), &json!(true)));
    let log = an.get("/api/v1/audit").await.json();
    assert!(
        log.as_array()
            .unwrap()
            .iter()
            .any(|row| row["action"] == "token_make" && row["actor"] == "an")
    );
    for session in sessions.iter().filter(|session| session["device_name"] == "Máy Samsung") {
        let path = format!("sessions/{}/end", session["id"]);
        let ended = an.ask(Method::POST, &path, json!({ "password": PASSWORD })).await;
        assert_eq!(ended.status, StatusCode::NO_CONTENT);
    }
    server
        .get(&list, &[])
        .await
        .is_response(StatusCode::UNAUTHORIZED, "Địa chỉ này không còn dùng được");
}

#[tokio::test]
async fn a_disabled_account_and_a_wrong_token_are_refused() {
    let server = TestApp::start().await;
    let (collect, thu) = (server.collect("lan").await, server.device("thu").await);
    let xml = filled(FIRST, &[]);
    server.app.database().disable_account("lan", None, 2).await.unwrap();
    collect.submit(&xml, &[]).await.is_response(StatusCode::UNAUTHORIZED, "token");
    collect.get("/formList").await.is_response(StatusCode::UNAUTHORIZED, "token");
    let stranger = Collect { server: &server, address: format!("/openrosa/{}", "0".repeat(64)) };
    stranger.submit(&xml, &[]).await.is_response(StatusCode::UNAUTHORIZED, "token");
    assert!(thu.pull(None).await.records.is_empty());
    assert_eq!(thu.get("/api/v1/quarantine").await.json(), json!([]));
}

#[tokio::test]
async fn name_and_password_do_as_well_as_a_token_and_guessing_gets_slow() {
    let server = TestApp::start().await;
    let basic = |name: &str, password: &str| {
        format!("Basic {}", STANDARD.encode(format!("{name}:{password}")))
    };
    let list =
        async |given: &str| server.get("/openrosa/formList", &[("authorization", given)]).await;
    let asked = server.get("/openrosa/formList", &[]).await;
    asked.is_response(StatusCode::UNAUTHORIZED, "name and password");
    let ways: Vec<&str> = asked.ways().collect();
    assert!(ways[0].contains("algorithm=SHA-256") && ways[1].contains("algorithm=MD5"), "{ways:?}");
    assert_eq!(ways.len(), 2, "nobody is asked for a password that everybody on the way may read");
    let right = basic("lan", PASSWORD);
    for _ in 0..2 {
        let answer = list(&right).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.words());
    }
    let lan = server.device("lan").await;
    let sessions = lan.get("/api/v1/sessions").await.json();
    assert_eq!(sessions.as_array().unwrap().len(), 2, "one for all requests, and the phone's");
    let url = format!("/openrosa/forms/{}.xml", form_ref().hash);
    assert_eq!(server.get(&url, &[("authorization", &right)]).await.words(), FORM);
    let xml = filled(FIRST, &[("ghi_chu", "một")]);
    let body = format!(
        "--ranh\r\nContent-Disposition: form-data; name=\"xml_submission_file\"\r\n\r\n{xml}\r\n--ranh--\r\n"
    );
    let kind = ("content-type", "multipart/form-data; boundary=ranh");
    let headers = [("authorization", right.as_str()), kind];
    let answer =
        server.request(Method::POST, "/openrosa/submission", &headers, Body::from(body)).await;
    answer.is_response(StatusCode::CREATED, "Đã nhận");
    assert_eq!(lan.record().await.fields.get("ghi_chu"), Some(&text("một")));
    let mut statuses = BTreeMap::new();
    for _ in 0..6 {
        *statuses.entry(list(&basic("lan", "sai")).await.status.as_u16()).or_insert(0) += 1;
    }
    assert_eq!(statuses, BTreeMap::from([(401, 5), (429, 1)]));
    let answer = list(&basic("khong_co_ai", "sai")).await;
    answer.is_response(StatusCode::UNAUTHORIZED, "the name or the password is wrong");
}

/// It knows both and takes the first that it is asked for, as ODK Collect does by https; it never tries another.
#[tokio::test]
async fn a_client_by_https_is_asked_first_for_what_a_password_is_good_for() {
    let https = |config: &mut Config| config.public_url = Some("https://sotay.example".to_owned());
    let server = TestApp::with(https).await;
    for (password, status) in [(PASSWORD, StatusCode::OK), ("sai", StatusCode::UNAUTHORIZED)] {
        let asked = server.get("/openrosa/formList", &[]).await;
        asked.is_response(StatusCode::UNAUTHORIZED, "name and password");
        let mut schemes = asked.ways().map(|way| way.split(' ').next().unwrap());
        assert_eq!(schemes.next(), Some("Basic"));
        assert_eq!(schemes.collect::<Vec<_>>(), ["Digest", "Digest"], "for those that prefer it");
        let shown = format!("Basic {}", STANDARD.encode(format!("lan:{password}")));
        let answer = server.get("/openrosa/formList", &[("authorization", &shown)]).await;
        assert_eq!(answer.status, status, "{}", answer.words());
    }
}

/// A client that was given a name and a token, as ODK Collect keeps them: it asks, is told a nonce, and asks again.
struct DigestClient<'a> {
    server: &'a TestApp,
    name: &'a str,
    token: &'a str,
    algorithm: &'static str,
}

impl DigestClient<'_> {
    fn hash(&self, text: &str) -> String {
        match self.algorithm {
            "MD5" => accounts::hex(&Md5::digest(text)),
            _ => codec::hash(text.as_bytes()).to_string(),
        }
    }

    fn proof(&self, method: &str, uri: &str, nonce: &str, count: u32) -> String {
        let first = self.hash(&format!("{}:Sotay:{}", self.name, self.token));
        let second = self.hash(&format!("{method}:{uri}"));
        let response = self.hash(&format!("{first}:{nonce}:{count:08x}:0a4f113b:auth:{second}"));
        format!(
            "Digest username=\"{}\", realm=\"Sotay\", nonce=\"{nonce}\", uri=\"{uri}\", algorithm={}, \
             response=\"{response}\", qop=auth, nc={count:08x}, cnonce=\"0a4f113b\"",
            self.name, self.algorithm
        )
    }

    async fn nonce(&self, uri: &str) -> String {
        let asked = self.server.get(uri, &[]).await;
        asked.is_response(StatusCode::UNAUTHORIZED, "name and password");
        let way = asked.ways().find(|way| way.contains(&format!("algorithm={}", self.algorithm)));
        let nonce = way.unwrap().split("nonce=\"").nth(1).unwrap().split('"').next().unwrap();
        nonce.to_owned()
    }

    async fn request(&self, method: Method, uri: &str, header: &str, body: Vec<u8>) -> Answer {
        let headers = [
            ("authorization", header),
            ("host", "sotay.example"),
            ("content-type", "multipart/form-data; boundary=ranh"),
        ];
        self.server.request(method, uri, &headers, Body::from(body)).await
    }
}

#[tokio::test]
async fn a_client_that_knows_name_and_token_proves_it_and_never_sends_the_token() {
    let server = TestApp::start().await;
    let collect = server.collect("lan").await;
    let token = collect.address.trim_start_matches("/openrosa/").to_owned();
    for algorithm in ["MD5", "SHA-256"] {
        let client = DigestClient { server: &server, name: "lan", token: &token, algorithm };
        let list = "/openrosa/formList?formID=kiem_tra&deviceID=collect%3AvQ7";
        let nonce = client.nonce(list).await;
        let proof = client.proof("GET", list, &nonce, 1);
        let listed = client.request(Method::GET, list, &proof, Vec::new()).await;
        assert_eq!(listed.status, StatusCode::OK, "{}", listed.words());
        // As clients do, it goes on with the nonce that it has.
        let to = "/openrosa/submission?deviceID=collect%3AvQ7";
        let head = client.proof("HEAD", to, &nonce, 2);
        let head = client.request(Method::HEAD, to, &head, Vec::new()).await;
        assert_eq!(head.status, StatusCode::NO_CONTENT);
        assert_eq!(head.header("location"), "http://sotay.example/openrosa/submission");
        let xml = filled(FIRST, &[("ghi_chu", "một")]);
        let body = format!(
            "--ranh\r\nContent-Disposition: form-data; name=\"xml_submission_file\"; filename=\"a.xml\"\r\n\r\n\
             {xml}\r\n--ranh--\r\n"
        );
        let post = client.proof("POST", to, &nonce, 3);
        let sent = client.request(Method::POST, to, &post, body.into_bytes()).await;
        sent.is_response(StatusCode::CREATED, "Đã nhận");
        for (given, why) in [
            (client.proof("POST", list, &nonce, 4), "another method"),
            (client.proof("GET", "/openrosa/formList", &nonce, 4), "another address"),
            (client.proof("GET", list, &"0".repeat(48), 4), "a nonce that is not ours"),
            (client.proof("GET", list, &nonce, 4).replace("nc=00000004", "nc=00000005"), "other"),
            (client.proof("GET", list, &nonce, 4).replace("\"lan\"", "\"minh\""), "a name"),
        ] {
            let refused = client.request(Method::GET, list, &given, Vec::new()).await;
            assert_eq!(refused.status, StatusCode::UNAUTHORIZED, "{why}");
            assert!(!refused.ways().any(|way| way.contains("stale")), "{why}");
        }
    }
    let lan = server.device("lan").await;
    let sessions = lan.get("/api/v1/sessions").await.json();
    let names: Vec<&str> =
        sessions.as_array().unwrap().iter().filter_map(|s| s["device_name"].as_str()).collect();
    assert!(names.contains(&"ODK Collect (collect:vQ7)"), "{names:?}");
    assert_eq!(names.len(), 2, "it is the device of its token: {names:?}");
    // A token is good as a password too, and ends for both when it is ended.
    let basic = format!("Basic {}", STANDARD.encode(format!("lan:{token}")));
    let given = [("authorization", basic.as_str())];
    assert_eq!(server.get("/openrosa/formList", &given).await.status, StatusCode::OK);
    let wrong = format!("Basic {}", STANDARD.encode(format!("minh:{token}")));
    let refused = server.get("/openrosa/formList", &[("authorization", wrong.as_str())]).await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    let id = [&sessions[0], &sessions[1]].into_iter().find(|s| s["is_this"] == false).unwrap();
    let path = format!("sessions/{}/end", id["id"]);
    let ended = lan.ask(Method::POST, &path, json!({ "password": PASSWORD })).await;
    assert_eq!(ended.status, StatusCode::NO_CONTENT);
    let client = DigestClient { server: &server, name: "lan", token: &token, algorithm: "MD5" };
    let nonce = client.nonce("/openrosa/formList").await;
    let proof = client.proof("GET", "/openrosa/formList", &nonce, 1);
    let refused = client.request(Method::GET, "/openrosa/formList", &proof, Vec::new()).await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    assert_eq!(server.get("/openrosa/formList", &given).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_token_that_ends_while_a_submission_comes_sends_nothing() {
    let server = TestApp::start().await;
    let collect = server.collect("lan").await;
    let xml = format!(
        r#"<data id="kiem_tra" version="1"><ghi_chu>một</ghi_chu><meta><instanceID>{FIRST}</instanceID></meta></data>"#
    );
    let body = format!(
        "--ranh\r\nContent-Disposition: form-data; name=\"xml_submission_file\"; filename=\"a.xml\"\r\n\
         Content-Type: text/xml\r\n\r\n{xml}\r\n--ranh--\r\n"
    );
    let sessions = server.device("quan_tri").await.get("/api/v1/sessions").await.json();
    let mut sessions = sessions.as_array().unwrap().iter();
    let session = sessions.find(|session| session["account"] == "lan").unwrap();
    let (session, database) = (session["id"].as_i64().unwrap(), server.app.database().clone());
    let coming = crate::slow::around(body.clone(), async move {
        assert!(database.revoke_session(session, Revoked::Lost, None, 5).await.unwrap());
    });
    let path = format!("{}/submission", collect.address);
    let kind = [("content-type", "multipart/form-data; boundary=ranh")];
    let answer = server.request(Method::POST, &path, &kind, coming).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{:?}", answer.body);
    assert_eq!(server.device("minh").await.pull(None).await.records.len(), 0);
    let again = server.collect("lan").await;
    let path = format!("{}/submission", again.address);
    let answer = server.request(Method::POST, &path, &kind, Body::from(body)).await;
    assert_eq!(answer.status, StatusCode::CREATED, "nothing is lost: {:?}", answer.body);
    assert_eq!(server.device("minh").await.pull(None).await.records.len(), 1);
}
