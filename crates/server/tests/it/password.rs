//! Setting one's own password.

use axum::http::{Method, StatusCode};
use serde_json::{Value as Json, json};
use sync::wire::DeviceId;

use crate::app::{Answer, Device, PASSWORD, TestApp};

const NEW: &str = "Con Mèo  trên mái nhà ";

impl Device<'_> {
    async fn set_password(&self, body: Json) -> Answer {
        self.ask(Method::PUT, "session/password", body).await
    }

    async fn code_for(&self, account: &str) -> String {
        let made = self.ask(Method::POST, &format!("accounts/{account}/code"), json!({})).await;
        made.json()["code"].as_str().unwrap().to_owned()
    }
}

async fn sign_in_status(server: &TestApp, account: &str, password: &str) -> StatusCode {
    server.sign_in(account, password, DeviceId([9; 16])).await.status
}

async fn by_code(server: &TestApp, code: &str) -> Answer {
    let body = json!({ "code": code, "device": DeviceId([8; 16]).to_string() }).to_string();
    let headers = [("x-sotay", "1"), ("content-type", "application/json")];
    server.request(Method::POST, "/api/v1/session", &headers, body.into()).await
}

#[tokio::test]
async fn with_the_old_password_one_sets_a_new_one_and_is_out_everywhere_else() {
    let server = TestApp::start().await;
    let (phone, desk) = (server.device("lan").await, server.device("lan").await);
    let (minh, an) = (server.device("minh").await, server.device("an").await);
    let code = an.code_for("lan").await;
    let token =
        phone.ask(Method::POST, "accounts/lan/token", json!({ "password": PASSWORD })).await.json();
    let list = format!("{}/formList", token["path"].as_str().unwrap());
    assert_eq!(server.get(&list, &[]).await.status, StatusCode::OK);

    let answer = phone.set_password(json!({ "old": PASSWORD, "new": NEW })).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT, "{:?}", answer.body);
    let cookie = answer.cookie();
    assert_ne!(cookie, phone.cookie);
    let here = server.get("/api/v1/session", &[("cookie", &cookie)]).await;
    assert_eq!(here.json()["account"], "lan", "the session goes on under another token");
    assert_eq!(
        phone.get("/api/v1/session").await.code(),
        "signed_out",
        "and not under the old one"
    );
    assert_eq!(desk.get("/api/v1/session").await.code(), "session_revoked");
    assert_eq!(server.get(&list, &[]).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(by_code(&server, &code).await.code(), "wrong_code");
    assert_eq!(minh.get("/api/v1/session").await.status, StatusCode::OK, "nobody else is out");

    assert_eq!(sign_in_status(&server, "lan", PASSWORD).await, StatusCode::UNAUTHORIZED);
    for not_quite in [NEW.trim(), &NEW.to_lowercase(), &NEW.replace("  ", " ")] {
        assert_eq!(sign_in_status(&server, "lan", not_quite).await, StatusCode::UNAUTHORIZED);
    }
    assert_eq!(sign_in_status(&server, "lan", NEW).await, StatusCode::OK);

    let rows = an.get("/api/v1/audit").await.json();
    let rows = rows.as_array().unwrap();
    let row = rows.iter().find(|row| row["action"] == "password_change").unwrap();
    assert_eq!(
        (&row["actor"], &row["object"], &row["unit"], &row["detail"]),
        (
            &json!("lan"),
            &json!("lan"),
            &json!("phuong_a"),
            &json!({ "way": "password", "sessions": 2 })
        )
    );
}

#[tokio::test]
async fn a_code_does_for_who_forgot_the_password_or_never_had_one() {
    let server = TestApp::start().await;
    let (an, quan_tri) = (server.device("an").await, server.device("quan_tri").await);
    let new =
        json!({ "account": "moi", "name": "Người mới", "role": "officer", "unit": "phuong_a" });
    assert_eq!(quan_tri.ask(Method::POST, "accounts", new).await.status, StatusCode::CREATED);
    let cookie = by_code(&server, &an.code_for("moi").await).await.cookie();
    let moi = Device { server: &server, id: DeviceId([8; 16]), account: "moi".to_owned(), cookie };

    let (of_minh, of_moi) = (an.code_for("minh").await, an.code_for("moi").await);
    for code in [of_minh.as_str(), "khong-phai-ma"] {
        let answer = moi.set_password(json!({ "code": code, "new": NEW })).await;
        let told = (answer.status, answer.code());
        assert_eq!(told, (StatusCode::FORBIDDEN, "wrong_code".to_owned()), "{code}");
    }
    assert_eq!(sign_in_status(&server, "moi", NEW).await, StatusCode::UNAUTHORIZED);
    let answer = moi.set_password(json!({ "code": of_moi, "new": NEW })).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT, "{:?}", answer.body);
    assert_eq!(sign_in_status(&server, "moi", NEW).await, StatusCode::OK);
    assert_eq!(by_code(&server, &of_moi).await.code(), "wrong_code", "it is used up");
    assert_eq!(
        by_code(&server, &of_minh).await.status,
        StatusCode::OK,
        "and that of another is not"
    );
}

#[tokio::test]
async fn whoever_guesses_the_old_password_has_to_wait_as_at_the_door() {
    let server = TestApp::start().await;
    let lan = server.device("lan").await;
    for _ in 0..5 {
        let answer = lan.set_password(json!({ "old": "sai sai sai", "new": NEW })).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (StatusCode::FORBIDDEN, "wrong_password")
        );
    }
    let answer = lan.set_password(json!({ "old": PASSWORD, "new": NEW })).await;
    let told = (answer.status, answer.code());
    assert_eq!(told, (StatusCode::TOO_MANY_REQUESTS, "too_many_tries".to_owned()));
    assert!(answer.header("retry-after").parse::<u64>().unwrap() >= 1);
    assert_eq!(sign_in_status(&server, "lan", PASSWORD).await, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!(lan.get("/api/v1/session").await.status, StatusCode::OK, "the session is as it was");
}

#[tokio::test]
async fn what_may_be_no_password_is_said_by_a_code_of_its_own() {
    let server = TestApp::start().await;
    let lan = server.device("lan").await;
    let long = "x".repeat(1025);
    for (new, code) in [
        ("bảy chữ", "short_password"),
        (long.as_str(), "long_password"),
        ("iloveyou", "common_password"),
        ("Chị Lan Phường A", "name_password"),
        ("sotay2024", "name_password"),
    ] {
        let answer = lan.set_password(json!({ "old": PASSWORD, "new": new })).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (StatusCode::BAD_REQUEST, code),
            "{new}"
        );
    }
    for body in [
        json!({}),
        json!({ "new": NEW }),
        json!({ "old": PASSWORD }),
        json!({ "old": PASSWORD, "code": "abc", "new": NEW }),
    ] {
        let answer = lan.set_password(body).await;
        assert_eq!((answer.status, answer.code().as_str()), (StatusCode::BAD_REQUEST, "bad_json"));
    }
    assert_eq!(sign_in_status(&server, "lan", PASSWORD).await, StatusCode::OK, "nothing changed");
    let longest = "ầ ".repeat(256);
    assert_eq!(longest.len(), 1024);
    let answer = lan.set_password(json!({ "old": PASSWORD, "new": longest })).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT, "{:?}", answer.body);
    assert_eq!(sign_in_status(&server, "lan", &longest).await, StatusCode::OK, "none of it is cut");
}

#[tokio::test]
async fn a_token_is_made_only_for_who_shows_again_who_they_are() {
    let server = TestApp::start().await;
    let (lan, an) = (server.device("lan").await, server.device("an").await);
    let make = async |who: &Device<'_>, again: Json| {
        who.ask(Method::POST, "accounts/lan/token", again).await
    };
    for who in [&lan, &an] {
        let refused = make(who, json!({ "device_name": "Máy lạ" })).await;
        assert_eq!(
            (refused.status, refused.code().as_str()),
            (StatusCode::FORBIDDEN, "sign_in_again")
        );
    }
    let both = json!({ "password": PASSWORD, "code": an.code_for("lan").await });
    assert_eq!(make(&lan, both).await.code(), "sign_in_again");
    assert_eq!(make(&an, json!({ "password": "mật khẩu khác" })).await.code(), "wrong_password");
    assert_eq!(make(&an, json!({ "password": PASSWORD })).await.status, StatusCode::CREATED);

    // Who came in by a code knows no password.
    let code = an.code_for("lan").await;
    assert_eq!(make(&an, json!({ "code": code })).await.code(), "wrong_code", "it is not An's");
    assert_eq!(make(&lan, json!({ "code": code })).await.status, StatusCode::CREATED);
    assert_eq!(make(&lan, json!({ "code": code })).await.code(), "wrong_code", "it is used up");
    let made = an.get("/api/v1/audit").await.json();
    let made = made.as_array().unwrap().iter().filter(|row| row["action"] == "token_make");
    assert_eq!(made.count(), 2);
}

#[tokio::test]
async fn whoever_finds_a_session_open_does_not_guess_its_password_by_making_tokens() {
    let server = TestApp::start().await;
    let lan = server.device("lan").await;
    let make = async |password: &str| {
        lan.ask(Method::POST, "accounts/lan/token", json!({ "password": password })).await
    };
    for _ in 0..5 {
        assert_eq!(make("đoán mò thôi").await.code(), "wrong_password");
    }
    let waits = make(PASSWORD).await;
    assert_eq!((waits.code().as_str(), waits.header("retry-after")), ("too_many_tries", "5"));
}

#[tokio::test]
async fn whoever_finds_an_administrators_session_open_becomes_nobody_who_oversees_others() {
    let server = TestApp::start().await;
    let quan_tri = server.device("quan_tri").await;
    let refusal = async |method: &Method, path: &str, body: Json| {
        let answer = quan_tri.ask(method.clone(), path, body).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path}");
        answer.code()
    };
    let own = json!({ "password": PASSWORD });
    assert_eq!(refusal(&Method::POST, "accounts/quan_tri/code", own.clone()).await, "not_allowed");
    assert_eq!(refusal(&Method::DELETE, "accounts/quan_tri/passkeys", own).await, "not_allowed");
    let people = quan_tri.get("/api/v1/accounts").await.json();
    let may = |name: &str| {
        let person = people.as_array().unwrap().iter().find(|person| person["account"] == name);
        person.unwrap()["may_make_code"].clone()
    };
    assert_eq!((may("quan_tri"), may("an")), (json!(false), json!(true)));
    for (method, path, mut body) in [
        (Method::POST, "accounts/an/code", json!({})),
        (Method::DELETE, "accounts/an/passkeys", json!({})),
        (Method::PATCH, "accounts/an", json!({ "scope": ["thanh_pho"] })),
        (Method::PATCH, "accounts/an", json!({ "disabled": true })),
        (Method::PATCH, "accounts/an", json!({ "disabled": false })),
        (Method::PATCH, "accounts/lan", json!({ "role": "administrator" })),
    ] {
        assert_eq!(refusal(&method, path, body.clone()).await, "sign_in_again", "{path} {body}");
        body["password"] = json!("không phải");
        assert_eq!(refusal(&method, path, body.clone()).await, "wrong_password");
        body["password"] = json!(PASSWORD);
        let done = quan_tri.ask(method, path, body).await;
        assert!(done.status.is_success(), "{path}: {:?}", done.body);
    }
    let headers = [("cookie", quan_tri.cookie.as_str()), ("x-sotay", "1")];
    let path = "/api/v1/accounts/an/passkeys";
    let nothing = server.request(Method::DELETE, path, &headers, axum::body::Body::empty()).await;
    assert_eq!(nothing.code(), "sign_in_again");
    // What is done every day is one press still.
    for (method, path, body) in [
        (Method::POST, "accounts/minh/code", json!({})),
        (Method::PATCH, "accounts/minh", json!({ "scope": ["phuong_a", "phuong_b"] })),
    ] {
        assert!(quan_tri.ask(method, path, body).await.status.is_success(), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_sets_a_password_while_a_pull_waits_hears_the_news_all_the_same() {
    let server = TestApp::start().await;
    let (lan, minh) = (server.device("lan").await, server.device("minh").await);
    let other = server.device("lan").await;
    let cursor = lan.pull(None).await.cursor;
    let path = format!("/api/v1/pull?cursor={cursor}&wait=20");
    let elsewhere = other.get(&path);
    let waits = lan.get(&path);
    let act = async {
        let set = lan.set_password(json!({ "old": PASSWORD, "new": NEW })).await;
        assert_eq!(set.status, StatusCode::NO_CONTENT);
        minh.push(&[minh.create(1, 1, "phuong_a", &[])]).await;
    };
    let (heard, elsewhere, ()) = tokio::join!(waits, elsewhere, act);
    assert_eq!(heard.status, StatusCode::OK, "the session goes on: {:?}", heard.body);
    assert_eq!(elsewhere.code(), "session_revoked", "the person's other sessions do not");
}
