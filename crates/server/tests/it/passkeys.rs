//! Passkeys, with an authenticator made of a P-256 key. The test's server is at `http://localhost`.

use std::cell::Cell;

use axum::body::Body;
use axum::http::{Method, StatusCode};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use minicbor::Encoder;
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};
use serde_json::{Value as Json, json};
use server::accounts::Role;
use server::audit::Entry;
use server::database::{AccountChange, Added, AuditOf, Purpose, Seen};
use server::passkeys::{NewKey, new_challenge};
use sync::wire::DeviceId;

use crate::app::{Answer, Device, PASSWORD, TestApp};
use crate::place::cluster;

mod again;
mod authenticator;
mod made_at_the_door;

use authenticator::*;

const HERE: &str = "http://localhost";

fn letters(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}
impl Device<'_> {
    async fn ask_to_add(&self) -> Json {
        let answer =
            self.ask(Method::POST, "passkeys/challenge", json!({ "password": PASSWORD })).await;
        assert_eq!(answer.status, StatusCode::OK, "{:?}", answer.body);
        answer.json()
    }

    /// Adds an authenticator's key.
    async fn add(&self, authenticator: &Authenticator, name: &str) -> Json {
        let asked = self.ask_to_add().await;
        let body = authenticator.create(&asked, name);
        let answer = self.ask(Method::POST, "passkeys", body).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{:?}", answer.body);
        answer.json()
    }

    async fn passkeys(&self) -> Vec<Json> {
        self.get("/api/v1/passkeys").await.json().as_array().unwrap().clone()
    }
}

impl TestApp {
    async fn challenge(&self) -> String {
        let answer = self
            .request(Method::POST, "/api/v1/session/passkey", &[("x-sotay", "1")], Body::empty())
            .await;
        assert_eq!(answer.status, StatusCode::OK, "{:?}", answer.body);
        answer.json()["challenge"].as_str().unwrap().to_owned()
    }

    /// Signs in with what somebody signed.
    async fn with_assertion(&self, assertion: Json, only: Option<&str>) -> Answer {
        let body = json!({ "passkey": assertion, "only": only, "device": DeviceId([7; 16]).to_string(),
            "device_name": "Máy bàn" });
        let headers = [("x-sotay", "1"), ("content-type", "application/json")];
        self.request(Method::POST, "/api/v1/session", &headers, body.to_string().into()).await
    }

    /// Asks, and signs in with what the authenticator says.
    async fn with_passkey(&self, authenticator: &Authenticator) -> Answer {
        let challenge = self.challenge().await;
        self.with_assertion(authenticator.get(&challenge), None).await
    }

    async fn deeds(&self, action: &str) -> Vec<Json> {
        let device = self.device("quan_tri").await;
        self.app.all_noted().await;
        let rows = device.get(&format!("/api/v1/audit?action={action}")).await.json();
        rows.as_array().unwrap().clone()
    }
}

#[tokio::test]
async fn a_person_adds_a_passkey_and_is_let_in_by_it_alone_with_a_session_like_any_other() {
    let server = TestApp::start().await;
    let (lan, authenticator) = (server.device("lan").await, Authenticator::new(1));
    let asked = lan.ask_to_add().await;
    assert_eq!(
        (&asked["rp_id"], &asked["user_name"], &asked["algorithms"], &asked["exclude"]),
        (&json!("localhost"), &json!("lan"), &json!([-7, -8, -257]), &json!([]))
    );
    let added = lan.ask(Method::POST, "passkeys", authenticator.create(&asked, " Máy bàn ")).await;
    assert_eq!(added.status, StatusCode::CREATED, "{:?}", added.body);
    assert_eq!((&added.json()["name"], &added.json()["used_ms"]), (&json!("Máy bàn"), &Json::Null));
    assert_eq!(lan.passkeys().await, vec![added.json()]);

    let answer = server.with_passkey(&authenticator).await;
    assert_eq!(answer.status, StatusCode::OK, "{:?}", answer.body);
    assert_eq!(
        (&answer.json()["account"], &answer.json()["role"]),
        (&json!("lan"), &json!("officer"))
    );
    let cookie = answer.cookie();
    let here = server.get("/api/v1/session", &[("cookie", &cookie)]).await;
    assert_eq!(here.json(), {
        let mut known = lan.get("/api/v1/session").await.json();
        known["server_ms"] = here.json()["server_ms"].clone();
        known
    });
    let sessions = lan.get("/api/v1/sessions").await.json();
    assert!(sessions.as_array().unwrap().iter().any(|open| open["device_name"] == "Máy bàn"));
    assert!(lan.passkeys().await[0]["used_ms"].is_i64());

    let second = Authenticator::new(2);
    let asked = lan.ask_to_add().await;
    assert_eq!(asked["exclude"], json!([letters(&authenticator.credential)]));
    lan.ask(Method::POST, "passkeys", second.create(&asked, "Chìa khóa USB")).await;
    assert_eq!(
        second.user_handle.take(),
        authenticator.user_handle.take(),
        "authenticators call the person the same"
    );
    let [first, other] = &lan.passkeys().await[..] else { panic!("two of them") };
    let path = format!("passkeys/{}", first["id"]);
    let name = json!({ "name": "Máy ở ủy ban" });
    assert_eq!(lan.ask(Method::PATCH, &path, name).await.status, StatusCode::NO_CONTENT);
    for bad in ["  ".to_owned(), "x".repeat(61)] {
        assert_eq!(lan.ask(Method::PATCH, &path, json!({ "name": bad })).await.code(), "bad_name");
    }
    let names: Vec<Json> = lan.passkeys().await.iter().map(|key| key["name"].clone()).collect();
    assert_eq!(names, ["Máy ở ủy ban", other["name"].as_str().unwrap()]);

    let [by, ..] = &server.deeds("sign_in_by_passkey").await[..] else { panic!("it is noted") };
    assert_eq!(
        (&by["actor"], &by["object"], &by["unit"]),
        (&json!("lan"), &json!("lan"), &json!("phuong_a"))
    );
    let added = server.deeds("passkey_add").await;
    assert_eq!(added.len(), 2);
    assert_eq!(
        (&added[0]["actor"], &added[0]["detail"]),
        (&json!("lan"), &json!({ "number": other["id"] }))
    );
}

#[tokio::test]
async fn whoever_finds_a_session_open_neither_adds_nor_removes_a_passkey() {
    let server = TestApp::start().await;
    let (lan, authenticator) = (server.device("lan").await, Authenticator::new(1));
    let key = lan.add(&authenticator, "Máy bàn").await;
    let id = key["id"].clone();
    let remove = format!("passkeys/{id}/remove");
    for path in ["passkeys/challenge", remove.as_str()] {
        let with_nothing = lan.ask(Method::POST, path, json!({})).await;
        assert_eq!(
            (with_nothing.status, with_nothing.code().as_str()),
            (StatusCode::FORBIDDEN, "sign_in_again")
        );
        let wrong = json!({ "password": "đoán mò" });
        assert_eq!(lan.ask(Method::POST, path, wrong).await.code(), "wrong_password");
    }
    let minh = server.device("minh").await;
    let own = json!({ "password": PASSWORD });
    assert_eq!(minh.ask(Method::POST, &remove, own.clone()).await.status, StatusCode::NOT_FOUND);
    let name = json!({ "name": "của tôi" });
    let path = format!("passkeys/{}", key["id"]);
    assert_eq!(minh.ask(Method::PATCH, &path, name).await.status, StatusCode::NOT_FOUND);
    assert_eq!(lan.passkeys().await, vec![key]);
    assert_eq!(lan.ask(Method::POST, &remove, own).await.status, StatusCode::NO_CONTENT);
    assert!(lan.passkeys().await.is_empty());
    let answer = server.with_passkey(&authenticator).await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (StatusCode::UNAUTHORIZED, "wrong_passkey")
    );
    let removed = server.deeds("passkey_remove").await;
    assert_eq!(
        (&removed[0]["actor"], &removed[0]["detail"]),
        (&json!("lan"), &json!({ "number": id }))
    );
}

#[tokio::test]
async fn what_is_asked_in_one_session_is_answered_in_that_one_and_once() {
    let server = TestApp::start().await;
    let (lan, again, minh) =
        (server.device("lan").await, server.device("lan").await, server.device("minh").await);
    let authenticator = Authenticator::new(1);
    let asked = lan.ask_to_add().await;
    let body = authenticator.create(&asked, "Máy bàn");
    for other in [&minh, &again] {
        let answer = other.ask(Method::POST, "passkeys", body.clone()).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (StatusCode::CONFLICT, "passkey_expired")
        );
    }
    assert_eq!(lan.ask(Method::POST, "passkeys", body.clone()).await.status, StatusCode::CREATED);
    assert_eq!(lan.ask(Method::POST, "passkeys", body).await.code(), "passkey_expired");

    let asked = minh.ask_to_add().await;
    let answer = minh.ask(Method::POST, "passkeys", authenticator.create(&asked, "Của Lan")).await;
    assert_eq!((answer.status, answer.code().as_str()), (StatusCode::CONFLICT, "passkey_known"));

    let asked = lan.ask_to_add().await;
    authenticator.user_handle.set(asked["user_handle"].as_str().map(str::to_owned));
    let to_be_let_in = authenticator.get(asked["challenge"].as_str().unwrap());
    assert_eq!(server.with_assertion(to_be_let_in, None).await.code(), "passkey_expired");
    let challenge = server.challenge().await;
    let to_add = json!({ "challenge": challenge, "user_handle": asked["user_handle"] });
    let body = Authenticator::new(2).create(&to_add, "x");
    assert_eq!(lan.ask(Method::POST, "passkeys", body).await.code(), "passkey_expired");
}

/// Each is refused, and what it answered is used up.
#[tokio::test]
async fn what_another_page_another_site_or_nobody_signed_lets_nobody_in() {
    let server = TestApp::start().await;
    let lan = server.device("lan").await;
    let own = Authenticator::new(1);
    lan.add(&own, "Máy bàn").await;
    let minh = server.device("minh").await;
    let others = Authenticator::new(2);
    minh.add(&others, "Của Minh").await;
    let unknown = Authenticator::new(3);
    unknown.user_handle.set(Some(letters(&[3; 32])));
    let mut stranger = own.but(|_| {});
    stranger.key = others.key.clone();
    let mut borrowed = own.but(|_| {});
    borrowed.credential.clone_from(&others.credential);
    borrowed.key = others.key.clone();
    let nameless = own.but(|_| {});
    nameless.user_handle.set(Some(String::new()));

    let wrong = [
        ("another origin", own.but(|saying| saying.origin = "http://localhost:1".into())),
        ("the same name over https", own.but(|saying| saying.origin = "https://localhost".into())),
        ("another site's page", own.but(|saying| saying.origin = "https://evil.example".into())),
        ("a frame", own.but(|saying| saying.cross_origin = true)),
        ("another site's key", own.but(|saying| saying.rp_id = "evil.example".into())),
        ("nobody verified", own.but(|saying| saying.flags = PRESENT)),
        ("nobody present", own.but(|saying| saying.flags = VERIFIED)),
        (
            "a backup that cannot be",
            own.but(|saying| saying.flags = PRESENT | VERIFIED | BACKED_UP),
        ),
        ("a key in the answer that is none", own.but(|saying| saying.flags |= HAS_KEY)),
        ("extensions that are not there", own.but(|saying| saying.flags |= HAS_EXTENSIONS)),
        ("a key that was made", own.but(|saying| saying.kind = "webauthn.create")),
        ("another key's signature", stranger),
        ("another person's key with one's own name", borrowed),
        ("no name of the person", nameless),
        ("a key that nobody has", unknown),
    ];
    for (what, authenticator) in wrong {
        let challenge = server.challenge().await;
        let answer = server.with_assertion(authenticator.get(&challenge), None).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (StatusCode::UNAUTHORIZED, "wrong_passkey"),
            "{what}"
        );
        let right = server.with_assertion(own.get(&challenge), None).await;
        assert_eq!(right.code(), "passkey_expired", "{what}: nobody tries again with it");
        // The brake is for another test.
        assert_eq!(server.with_passkey(&own).await.status, StatusCode::OK, "{what}");
        assert_eq!(server.with_passkey(&others).await.status, StatusCode::OK, "{what}");
    }
    let failed = server.deeds("sign_in_failed").await;
    assert!(failed.iter().any(|row| row["detail"]["way"] == "passkey" && row["object"] == "lan"));
    assert!(failed.iter().any(|row| row["detail"]["way"] == "passkey" && row["object"] == ""));
}

#[tokio::test]
async fn the_same_holds_for_a_key_that_is_added() {
    let server = TestApp::start().await;
    let lan = server.device("lan").await;
    let own = Authenticator::new(1);
    let wrong = [
        ("another origin", own.but(|saying| saying.origin = "https://evil.example".into())),
        ("a frame", own.but(|saying| saying.cross_origin = true)),
        ("another site's key", own.but(|saying| saying.rp_id = "evil.example".into())),
        ("nobody verified", own.but(|saying| saying.flags = PRESENT)),
        ("nobody present", own.but(|saying| saying.flags = VERIFIED)),
        ("what was signed to be let in", own.but(|saying| saying.kind = "webauthn.get")),
    ];
    for (what, authenticator) in wrong {
        let asked = lan.ask_to_add().await;
        let answer = lan.ask(Method::POST, "passkeys", authenticator.create(&asked, "x")).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (StatusCode::BAD_REQUEST, "bad_passkey"),
            "{what}"
        );
        let right = lan.ask(Method::POST, "passkeys", own.create(&asked, "x")).await;
        assert_eq!(right.code(), "passkey_expired", "{what}: it is used up");
    }
    let mut beside = own.public_key();
    *beside.last_mut().unwrap() ^= 1;
    let mut other_algorithm = own.public_key();
    other_algorithm[4] = 0x27; // -8, of a key that is -7
    for key in [beside, other_algorithm, Vec::new(), vec![0xff], vec![0xa0]] {
        let asked = lan.ask_to_add().await;
        let mut body = own.create(&asked, "x");
        body["attestation"] = json!(letters(&own.attestation_of(&key)));
        let answer = lan.ask(Method::POST, "passkeys", body).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (StatusCode::BAD_REQUEST, "bad_passkey"),
            "{key:?}"
        );
    }
    assert!(lan.passkeys().await.is_empty());
}

#[tokio::test]
async fn a_challenge_is_good_once_and_for_its_time() {
    let server = TestApp::start().await;
    let own = Authenticator::new(1);
    server.device("lan").await.add(&own, "Máy bàn").await;
    let challenge = server.challenge().await;
    let assertion = own.get(&challenge);
    assert_eq!(server.with_assertion(assertion.clone(), None).await.status, StatusCode::OK);
    let again = server.with_assertion(assertion, None).await;
    assert_eq!(
        (again.status, again.code().as_str()),
        (StatusCode::UNAUTHORIZED, "passkey_expired")
    );

    let made_up = letters(&[5; 32]);
    assert_eq!(server.with_assertion(own.get(&made_up), None).await.code(), "passkey_expired");

    let database = server.app.database();
    let now_ms = server::clock::now_ms();
    for (ends_ms, status) in [(now_ms + 60_000, StatusCode::OK), (now_ms, StatusCode::UNAUTHORIZED)]
    {
        let (letters, key) = new_challenge();
        assert!(
            database
                .add_challenge(&key, Purpose::SignIn, &[0; 32], ends_ms, now_ms - 1)
                .await
                .unwrap()
        );
        let answer = server.with_assertion(own.get(&letters), None).await;
        assert_eq!(answer.status, status, "{:?}", answer.body);
    }
}

#[tokio::test]
async fn a_key_that_counts_back_is_a_second_one_and_is_refused_and_noted() {
    let server = TestApp::start().await;
    let own = Authenticator::new(1);
    let key = server.device("lan").await.add(&own.counting(7), "Chìa khóa USB").await;
    let own = {
        let known = server.device("lan").await.passkeys().await;
        assert_eq!(known.len(), 1);
        let handle = server.app.database().user_handle("lan").await.unwrap().unwrap();
        own.user_handle.set(Some(letters(&handle)));
        own
    };
    for (count, status) in [
        (7, StatusCode::UNAUTHORIZED),
        (8, StatusCode::OK),
        (8, StatusCode::UNAUTHORIZED),
        (3, StatusCode::UNAUTHORIZED),
        (0, StatusCode::UNAUTHORIZED),
        (4_000_000_000, StatusCode::OK),
    ] {
        let answer = server.with_passkey(&own.counting(count)).await;
        assert_eq!(answer.status, status, "{count}: {:?}", answer.body);
        if status != StatusCode::OK {
            assert_eq!(answer.code(), "wrong_passkey");
        }
    }
    let refused = server.deeds("passkey_refuse").await;
    assert_eq!(refused.len(), 4);
    assert_eq!(
        (&refused[0]["object"], &refused[0]["actor"], &refused[0]["detail"]),
        (&json!("lan"), &Json::Null, &json!({ "number": key["id"], "told": 0, "known": 8 }))
    );

    let never = Authenticator::new(2);
    server.device("minh").await.add(&never, "Điện thoại").await;
    for _ in 0..3 {
        assert_eq!(server.with_passkey(&never).await.status, StatusCode::OK, "it never counts");
    }
}

#[tokio::test]
async fn who_may_not_sign_in_may_not_with_a_passkey_and_another_role_ends_it() {
    let server = TestApp::start().await;
    let own = Authenticator::new(1);
    server.device("lan").await.add(&own, "Máy bàn").await;
    let database = server.app.database();
    let challenge = server.challenge().await;
    assert!(database.disable_account("lan", None, 5).await.unwrap());
    let answer = server.with_assertion(own.get(&challenge), None).await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (StatusCode::UNAUTHORIZED, "wrong_passkey")
    );
    let change = async |change| {
        assert!(database.change_account("lan", &change, None, 6).await.unwrap());
        server.with_passkey(&own).await.status
    };
    let none = AccountChange::default;
    let again = AccountChange { disabled: Some(false), ..none() };
    assert_eq!(change(again).await, StatusCode::OK);
    // A coordinator may have made it with a code, when that person was no more than an officer.
    let other = AccountChange { role: Some(Role::Trainer), ..none() };
    assert_eq!(change(other).await, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn on_a_device_with_unsent_work_the_passkey_of_another_is_not_used_up() {
    let server = TestApp::start().await;
    let own = Authenticator::new(1);
    server.device("lan").await.add(&own, "Máy bàn").await;
    let assertion = own.get(&server.challenge().await);
    for _ in 0..8 {
        let answer = server.with_assertion(assertion.clone(), Some("minh")).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (StatusCode::CONFLICT, "other_account")
        );
    }
    let answer = server.with_assertion(assertion, Some("lan")).await;
    assert_eq!(answer.status, StatusCode::OK, "{:?}", answer.body);
}

/// Between the look at the session and the key the person may get another role, which takes their keys away.
#[tokio::test]
async fn a_session_that_ended_meanwhile_adds_no_passkey() {
    let server = TestApp::start().await;
    let database = server.app.database();
    server.device("lan").await;
    let sessions = database.sessions(Seen::Own("lan")).await.unwrap();
    let (session, now_ms) = (sessions[0].id, server::clock::now_ms());
    let add = async |credential: u8| {
        let (_, challenge) = new_challenge();
        let purpose = Purpose::Add { session, user_handle: &[1; 16] };
        let ends_ms = now_ms + 60_000;
        assert!(
            database.add_challenge(&challenge, purpose, &[0; 32], ends_ms, now_ms).await.unwrap()
        );
        let new =
            NewKey { challenge, credential: vec![credential], public_key: vec![1], sign_count: 0 };
        database.add_passkey(&new, session, "Máy bàn", now_ms).await.unwrap()
    };
    assert!(matches!(add(1).await, Added::Key(_)));
    let change = AccountChange { role: Some(Role::Coordinator), ..AccountChange::default() };
    database.change_account("lan", &change, None, now_ms).await.unwrap();
    assert!(matches!(add(2).await, Added::NoChallenge));
    assert!(database.passkeys_of("lan").await.unwrap().is_empty());
}

#[tokio::test]
async fn whoever_tries_has_to_wait_as_with_passwords() {
    let server = TestApp::start().await;
    let own = Authenticator::new(1);
    server.device("lan").await.add(&own, "Máy bàn").await;
    let mut stranger = own.but(|_| {});
    stranger.key = Authenticator::new(2).key;
    for _ in 0..5 {
        assert_eq!(server.with_passkey(&stranger).await.code(), "wrong_passkey");
    }
    let answer = server.with_passkey(&own).await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (StatusCode::TOO_MANY_REQUESTS, "too_many_tries")
    );
    assert!(!answer.header("retry-after").is_empty());
    let password = server.sign_in("lan", PASSWORD, DeviceId([9; 16])).await;
    assert_eq!(password.status, StatusCode::OK, "who knows a key's public half keeps nobody out");
    let rows = server.deeds("sign_in_failed").await;
    let tries: Vec<&Json> = rows.iter().rev().map(|row| &row["detail"]["tries"]).collect();
    assert_eq!(tries, [1, 2, 4], "a flood fills no disk");
    let now_ms = server::clock::now_ms();
    assert!(rows.iter().all(|row| row["detail"]["since_ms"].as_i64().unwrap() <= now_ms));
}

#[tokio::test]
async fn one_address_does_not_fill_the_disk_with_challenges() {
    let server = TestApp::start().await;
    let ask = || {
        server.request(Method::POST, "/api/v1/session/passkey", &[("x-sotay", "1")], Body::empty())
    };
    for _ in 0..200 {
        assert_eq!(ask().await.status, StatusCode::OK);
    }
    let answer = ask().await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (StatusCode::TOO_MANY_REQUESTS, "too_many_tries")
    );
    assert!(!answer.header("retry-after").is_empty());
    let (_, key) = new_challenge();
    let later_ms = server::clock::now_ms() + 6 * 60 * 1000;
    let asker = [1; 32];
    let database = server.app.database();
    assert!(
        database
            .add_challenge(&key, Purpose::SignIn, &asker, later_ms + 1, later_ms)
            .await
            .unwrap()
    );
    assert_eq!(ask().await.status, StatusCode::OK, "those that were over are gone");
}

#[tokio::test]
async fn who_looks_after_somebody_sees_how_many_they_have_and_removes_those_of_a_lost_device() {
    let server = TestApp::start().await;
    let own = Authenticator::new(1);
    server.device("lan").await.add(&own, "Điện thoại").await;
    server.device("lan").await.add(&Authenticator::new(2), "Máy bàn").await;
    let path = "accounts/lan/passkeys";
    for (asker, status) in [
        ("minh", StatusCode::NOT_FOUND),
        ("hoa", StatusCode::NOT_FOUND),
        ("kiem", StatusCode::FORBIDDEN),
        ("lan", StatusCode::FORBIDDEN),
    ] {
        let asker = server.device(asker).await;
        assert_eq!(asker.ask(Method::DELETE, path, json!({})).await.status, status);
    }
    let quan_tri = server.device("quan_tri").await;
    let count = async || {
        let people = quan_tri.get("/api/v1/accounts").await.json();
        let lan =
            people.as_array().unwrap().iter().find(|person| person["account"] == "lan").cloned();
        lan.unwrap()["passkeys"].as_u64().unwrap()
    };
    assert_eq!(count().await, 2);
    assert_eq!(quan_tri.ask(Method::DELETE, path, json!({})).await.status, StatusCode::NO_CONTENT);
    assert_eq!(count().await, 0);
    assert_eq!(server.with_passkey(&own).await.code(), "wrong_passkey");
    assert_eq!(server.sign_in("lan", PASSWORD, DeviceId([9; 16])).await.status, StatusCode::OK);
    let removed = server.deeds("passkey_remove").await;
    assert_eq!(removed.len(), 2);
    assert!(removed.iter().all(|row| row["actor"] == "quan_tri" && row["object"] == "lan"));
    server.device("lan").await.add(&own, "Điện thoại mới").await;
    let an = server.device("an").await;
    assert_eq!(an.ask(Method::DELETE, path, json!({})).await.status, StatusCode::NO_CONTENT);
    assert_eq!(count().await, 0);
}

#[tokio::test]
async fn a_person_has_twenty_at_most() {
    let server = TestApp::start().await;
    let lan = server.device("lan").await;
    let first = lan.ask_to_add().await;
    for number in 1..=20 {
        lan.add(&Authenticator::new(number), "x").await;
    }
    let asked = lan.ask(Method::POST, "passkeys/challenge", json!({ "password": PASSWORD })).await;
    assert_eq!((asked.status, asked.code().as_str()), (StatusCode::CONFLICT, "too_many_passkeys"));
    let late = lan.ask(Method::POST, "passkeys", Authenticator::new(21).create(&first, "x")).await;
    assert_eq!((late.status, late.code().as_str()), (StatusCode::CONFLICT, "too_many_passkeys"));
    assert_eq!(lan.passkeys().await.len(), 20);
}

#[tokio::test]
async fn the_address_that_people_type_says_which_site_it_is() {
    let server =
        TestApp::with(|config| config.public_url = Some("https://Sotay.example.vn/".into())).await;
    let lan = server.device("lan").await;
    let there = Authenticator::new(1).but(|saying| {
        saying.origin = "https://sotay.example.vn".into();
        saying.rp_id = "sotay.example.vn".into();
    });
    assert_eq!(lan.ask_to_add().await["rp_id"], "sotay.example.vn");
    lan.add(&there, "Máy bàn").await;
    assert_eq!(server.with_passkey(&there).await.status, StatusCode::OK);
    let elsewhere = there.but(|saying| saying.origin = HERE.into());
    assert_eq!(server.with_passkey(&elsewhere).await.code(), "wrong_passkey");

    let server = TestApp::start().await;
    let ask = async |host: &'static str| {
        let headers = [("x-sotay", "1"), ("host", host)];
        server.request(Method::POST, "/api/v1/session/passkey", &headers, Body::empty()).await
    };
    let answer = ask("localhost:8342").await;
    assert_eq!(answer.json()["rp_id"], "localhost");
    for host in ["127.0.0.1:8342", "[::1]:8342", "sotay.example.vn", "a b"] {
        let answer = ask(host).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (StatusCode::CONFLICT, "no_passkeys"),
            "{host}"
        );
    }
}

/// A wrong bit anywhere is an answer in words and never a failure, and what lets in is what was signed.
#[tokio::test]
async fn whatever_is_damaged_in_an_answer_it_is_said_and_nobody_is_let_in() {
    const SEED: u64 = 20_261_128;
    println!("seed {SEED}");
    let mut state = SEED;
    let mut random = |below: usize| {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(state >> 33).unwrap() % below
    };
    let server = TestApp::start().await;
    let (lan, own) = (server.device("lan").await, Authenticator::new(1));
    lan.add(&own, "Máy bàn").await;
    for round in 0..60 {
        let mut assertion = own.get(&server.challenge().await);
        let field = ["client_data", "authenticator_data", "signature", "user_handle", "credential"]
            [round % 5];
        let mut bytes = URL_SAFE_NO_PAD.decode(assertion[field].as_str().unwrap()).unwrap();
        match random(3) {
            0 => bytes.truncate(random(bytes.len())),
            1 => bytes.push(0),
            _ => {
                let at = random(bytes.len());
                bytes[at] ^= 1 << random(8);
            }
        }
        assertion[field] = json!(letters(&bytes));
        let answer = server.with_assertion(assertion, None).await;
        let code = answer.code();
        assert!(answer.status.is_client_error(), "{round} {field}: {code}");
        assert_eq!(
            server.with_passkey(&own).await.status,
            StatusCode::OK,
            "{round}: the brake lets go"
        );
    }
    let mut refused = 0;
    for round in 0..120 {
        let number = u8::try_from(2 + round).unwrap();
        let made = Authenticator::new(number);
        let asked = lan.ask_to_add().await;
        let mut body = made.create(&asked, "x");
        let mut bytes = made.attestation_of(&made.public_key());
        match random(4) {
            0 => bytes.truncate(random(bytes.len())),
            1 => bytes.push(0),
            2 => bytes = (0..random(300)).map(|_| u8::try_from(random(256)).unwrap()).collect(),
            _ => {
                let at = random(bytes.len());
                bytes[at] ^= 1 << random(8);
            }
        }
        body["attestation"] = json!(letters(&bytes));
        let answer = lan.ask(Method::POST, "passkeys", body).await;
        assert!(!answer.status.is_server_error(), "{round}: {:?}", answer.body);
        if answer.status != StatusCode::CREATED {
            assert_eq!(answer.code(), "bad_passkey", "{round}");
            refused += 1;
        } else {
            // A bit of the model or the statement, which say nothing to us.
            let remove = format!("passkeys/{}/remove", answer.json()["id"]);
            lan.ask(Method::POST, &remove, json!({ "password": PASSWORD })).await;
        }
    }
    assert!(refused > 90, "{refused}");
}

#[tokio::test]
async fn passkeys_go_with_the_name_of_their_account_and_stand_in_what_is_held_about_a_person() {
    let server = TestApp::start().await;
    let own = Authenticator::new(1);
    server.device("lan").await.add(&own, "Máy của Lan").await;
    let held = server.app.database().passkeys_held("lan").await.unwrap();
    assert_eq!(held[0]["name"], "Máy của Lan");
    assert!(held[0].get("credential").is_none());
    let erased = server.app.database().erase_account("lan", None, 9, || Ok(())).await;
    assert!(erased.unwrap());
    assert!(server.app.database().passkeys_held("lan").await.unwrap().is_empty());
    assert_eq!(server.with_passkey(&own).await.code(), "wrong_passkey");
}

#[tokio::test]
async fn a_server_that_was_put_back_knows_its_passkeys_and_takes_more() {
    let server = TestApp::start().await;
    let own = Authenticator::new(1);
    server.device("lan").await.add(&own, "Máy bàn").await;
    let copy = server.folder.path().join("copy");
    server.app.database().copy_to(&copy).await.unwrap();
    let restored = TestApp::restored(&copy).await;
    assert_eq!(restored.with_passkey(&own).await.status, StatusCode::OK);
    restored.device("lan").await.add(&Authenticator::new(2), "Máy mới").await;
    assert_eq!(restored.device("lan").await.passkeys().await.len(), 2);
}

#[tokio::test]
async fn what_one_server_asked_is_answered_at_another_once() {
    if cluster().is_none() {
        return;
    }
    let first = TestApp::start().await;
    let second = first.beside().await;
    let own = Authenticator::new(1);
    first.device("lan").await.add(&own, "Máy bàn").await;
    for _ in 0..10 {
        let assertion = own.get(&first.challenge().await);
        let (here, there) = tokio::join!(
            first.with_assertion(assertion.clone(), None),
            second.with_assertion(assertion.clone(), None)
        );
        let let_in = [here, there].iter().filter(|answer| answer.status == StatusCode::OK).count();
        assert_eq!(let_in, 1);
        // The one that was late is a failed try.
        assert_eq!(second.with_passkey(&own).await.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn where_the_operator_says_so_a_password_alone_lets_nobody_in_who_has_a_passkey() {
    let server = TestApp::with(|config| {
        config.passkey_roles = vec![Role::Coordinator, Role::Administrator];
    })
    .await;
    let (an, lan) = (server.device("an").await, server.device("lan").await);
    let own = Authenticator::new(1);
    an.add(&own, "Máy bàn").await;
    lan.add(&Authenticator::new(2), "Điện thoại").await;
    let answer = server.sign_in("an", PASSWORD, DeviceId([9; 16])).await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (StatusCode::UNAUTHORIZED, "passkey_needed")
    );
    assert!(answer.header("set-cookie").is_empty());
    let basic = base64::engine::general_purpose::STANDARD.encode(format!("an:{PASSWORD}"));
    let headers = [("authorization", format!("Basic {basic}"))];
    let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
    let list = server.get("/openrosa/formList", &headers).await;
    assert_eq!(list.status, StatusCode::UNAUTHORIZED, "nor ODK Collect");
    let wrong = server.sign_in("an", "đoán mò", DeviceId([9; 16])).await;
    assert_eq!(wrong.code(), "wrong_credentials", "who guesses is told nothing");

    assert_eq!(server.with_passkey(&own).await.status, StatusCode::OK);
    let code = server
        .device("quan_tri")
        .await
        .ask(Method::POST, "accounts/an/code", json!({ "password": PASSWORD }))
        .await;
    let body = json!({ "code": code.json()["code"], "device": DeviceId([8; 16]).to_string() });
    let headers = [("x-sotay", "1"), ("content-type", "application/json")];
    let by_code =
        server.request(Method::POST, "/api/v1/session", &headers, body.to_string().into()).await;
    assert_eq!(by_code.status, StatusCode::OK, "for who lost the device");
    assert_eq!(server.sign_in("lan", PASSWORD, DeviceId([9; 16])).await.status, StatusCode::OK);
    assert_eq!(server.sign_in("thu", PASSWORD, DeviceId([9; 16])).await.status, StatusCode::OK);
    let failed = server.deeds("sign_in_failed").await;
    assert!(failed.iter().any(|row| row["object"] == "an" && row["detail"]["way"] == "password"));
}
