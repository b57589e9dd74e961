use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use serde_json::json;
use server::database::{AccountChange, NewSession};
use sync::wire::DeviceId;

use crate::app::{PASSWORD, TestApp};

const DEVICE: DeviceId = DeviceId([7; 16]);

#[tokio::test]
async fn a_person_signs_in_is_known_and_signs_out() {
    let server = TestApp::start().await;
    let answer = server.sign_in("lan", PASSWORD, DEVICE).await;
    assert_eq!(answer.status, StatusCode::OK);
    let profile = answer.json();
    assert_eq!(profile["account"], "lan");
    assert_eq!(profile["name"], "Chị lan");
    assert_eq!(profile["role"], "officer");
    assert_eq!(profile["unit"], "phuong_a");
    assert_eq!(profile["scope"], json!(["phuong_a"]));
    assert!(profile["server_ms"].as_i64().unwrap() > 1_700_000_000_000);
    let set = answer.header("set-cookie");
    assert!(
        set.starts_with("sotay=") && set.contains("HttpOnly") && set.contains("SameSite=Lax"),
        "{set}"
    );

    let cookie = answer.cookie();
    let known = server.get("/api/v1/session", &[("cookie", &cookie)]).await;
    assert_eq!(known.json()["account"], "lan");
    let headers = [("cookie", cookie.as_str()), ("x-sotay", "1")];
    let out = server.request(Method::DELETE, "/api/v1/session", &headers, Body::empty()).await;
    assert_eq!(out.status, StatusCode::NO_CONTENT);
    assert!(out.header("set-cookie").contains("Max-Age=0"));
    let after = server.get("/api/v1/session", &[("cookie", &cookie)]).await;
    assert_eq!((after.status, after.code().as_str()), (StatusCode::UNAUTHORIZED, "signed_out"));
}

#[tokio::test]
async fn a_request_in_one_persons_name_is_not_taken_for_that_of_whoever_signed_in_last() {
    let server = TestApp::start().await;
    let cookie = server.sign_in("lan", PASSWORD, DEVICE).await.cookie();
    for (speaker, status) in [
        ("6c616e", StatusCode::OK),
        ("686f61", StatusCode::UNAUTHORIZED),
        ("lan", StatusCode::UNAUTHORIZED),
        ("", StatusCode::UNAUTHORIZED),
    ] {
        for path in ["/api/v1/session", "/api/v1/pull?wait=0"] {
            let headers = [("cookie", cookie.as_str()), ("x-sotay-account", speaker)];
            assert_eq!(server.get(path, &headers).await.status, status, "{speaker} {path}");
        }
    }
}

/// Whoever holds a locked phone types an address into its browser, which adds the cookie and no more.
#[tokio::test]
async fn an_address_that_somebody_types_brings_nothing_by_the_cookie_alone() {
    let server = TestApp::start().await;
    let cookie = server.sign_in("thu", PASSWORD, DEVICE).await.cookie();
    let typed = async |path: &str| {
        let request = Request::get(path).header("cookie", &cookie).body(Body::empty());
        server.send(request.unwrap()).await.status
    };
    for path in [
        "/api/v1/session",
        "/api/v1/pack",
        "/api/v1/pull?wait=0",
        "/api/v1/records.xlsx?form=kiem_tra",
        "/api/v1/accounts",
        "/api/v1/entities",
        "/api/v1/audit",
        "/api/v1/blobs/0000000000000000000000000000000000000000000000000000000000000000",
    ] {
        assert_eq!(typed(path).await, StatusCode::UNAUTHORIZED, "{path}");
    }
    // A locked phone brings the copy that is made before it is emptied, and says no name.
    let bundle = format!("/api/v1/bundles/{}", "0".repeat(64));
    assert_eq!(typed(&bundle).await, StatusCode::OK);
    // Nor does a page in which a form is tried: it draws the map, and this server has none.
    assert_eq!(typed("/api/v1/map").await, StatusCode::NO_CONTENT);
    // A sign-in by whoever comes next ends the session of that cookie all the same.
    let body =
        serde_json::json!({ "name": "lan", "password": PASSWORD, "device": DEVICE.to_string() });
    let request = Request::post("/api/v1/session").header("cookie", &cookie).header("x-sotay", "1");
    let request = request.header("content-type", "application/json");
    let answer = server.send(request.body(Body::from(body.to_string())).unwrap()).await;
    assert_eq!(answer.status, StatusCode::OK);
    let before = server.get("/api/v1/session", &[("cookie", &cookie)]).await;
    assert_eq!(before.code(), "signed_out");
}

/// A phone that was emptied without a network says so once it has one: whoever has signed in since stays in.
#[tokio::test]
async fn a_session_that_is_ended_late_is_the_one_of_the_device_that_is_named() {
    let server = TestApp::start().await;
    let lan = server.device("lan").await;
    let end = async |device: DeviceId| {
        let path = format!("/api/v1/session?device={device}");
        let headers = [("cookie", lan.cookie.as_str()), ("x-sotay", "1")];
        let answer = server.request(Method::DELETE, &path, &headers, Body::empty()).await;
        // The browser may have been given the next person's meanwhile.
        assert!(!answer.headers.contains_key("set-cookie"));
        (answer.status, lan.get("/api/v1/session").await.status)
    };
    assert_eq!(end(DEVICE).await, (StatusCode::UNAUTHORIZED, StatusCode::OK));
    assert_eq!(end(lan.id).await, (StatusCode::NO_CONTENT, StatusCode::UNAUTHORIZED));
}

#[tokio::test]
async fn a_coordinator_sees_all_units_below_their_own() {
    let server = TestApp::start().await;
    let profile = server.sign_in("thu", PASSWORD, DEVICE).await.json();
    assert_eq!(profile["scope"], json!(["phuong_a", "phuong_b", "thanh_pho"]));
}

#[tokio::test]
async fn an_unknown_name_gets_the_same_answer_as_a_wrong_password() {
    let server = TestApp::start().await;
    server.app.database().disable_account("hoa", None, 2).await.unwrap();
    let mut answers = Vec::new();
    for (name, password) in [
        ("lan", "sai"),
        ("khong_co_ai", PASSWORD),
        ("hoa", PASSWORD),
        ("lan", &"x".repeat(5000)),
        (&"x".repeat(5000), PASSWORD),
    ] {
        let answer = server.sign_in(name, password, DEVICE).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{name}");
        assert_eq!(answer.code(), "wrong_credentials");
        assert!(!answer.headers.contains_key("set-cookie"));
        let names: Vec<String> = answer.headers.keys().map(ToString::to_string).collect();
        answers.push((names, answer.body));
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
}

#[tokio::test]
async fn too_many_tries_have_to_wait() {
    let server = TestApp::start().await;
    for _ in 0..5 {
        assert_eq!(server.sign_in("lan", "sai", DEVICE).await.status, StatusCode::UNAUTHORIZED);
    }
    let answer = server.sign_in("lan", PASSWORD, DEVICE).await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (StatusCode::TOO_MANY_REQUESTS, "too_many_tries")
    );
    assert!(answer.header("retry-after").parse::<u64>().unwrap() >= 1);
    assert_eq!(server.sign_in("minh", PASSWORD, DEVICE).await.status, StatusCode::OK);
}

#[tokio::test]
async fn signing_in_again_is_another_session_and_ends_the_one_before() {
    let server = TestApp::start().await;
    let first = server.device_with_id("lan", DEVICE).await;
    let elsewhere = server.device("lan").await;
    let mut cookie = first.cookie.clone();
    for name in ["lan", "minh"] {
        let body = json!({ "name": name, "password": PASSWORD, "device": DEVICE.to_string() });
        let headers =
            [("x-sotay", "1"), ("content-type", "application/json"), ("cookie", cookie.as_str())];
        let body = Body::from(body.to_string());
        let answer = server.request(Method::POST, "/api/v1/session", &headers, body).await;
        assert_eq!(answer.status, StatusCode::OK);
        let before = server.get("/api/v1/session", &[("cookie", &cookie)]).await;
        assert_eq!(before.code(), "signed_out", "{name}");
        cookie = answer.cookie();
        let now = server.get("/api/v1/session", &[("cookie", &cookie)]).await;
        assert_eq!(now.json()["account"], name);
    }
    assert_eq!(elsewhere.get("/api/v1/session").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_session_that_nobody_used_for_half_a_year_is_over() {
    let server = TestApp::start().await;
    let (lan, minh) = (server.device("lan").await, server.device("minh").await);
    let mut database = server.place.outside().await;
    let half_a_year_ms = 180 * 24 * 3600 * 1000;
    for (account, unused_ms) in [("lan", half_a_year_ms + 1), ("minh", half_a_year_ms - 60_000)] {
        let seen_ms = server::clock::now_ms() - unused_ms;
        let sql = format!("UPDATE session SET seen_ms = {seen_ms} WHERE account = '{account}'");
        database.say(&sql).await.unwrap();
    }
    assert_eq!(lan.get("/api/v1/session").await.code(), "signed_out");
    assert_eq!(minh.get("/api/v1/session").await.status, StatusCode::OK);
}

/// Also one that is used every day, and the token of an ODK client: whoever copied either has it for a year at most.
#[tokio::test]
async fn a_session_is_over_a_year_after_its_sign_in_however_much_it_is_used() {
    let server = TestApp::start().await;
    let (lan, minh) = (server.device("lan").await, server.device("minh").await);
    let year_ms = 366 * 24 * 3600 * 1000;
    let mut tokens = Vec::new();
    for account in ["lan", "minh"] {
        let (token, _) = server::accounts::new_token();
        let device = DeviceId(server::accounts::random());
        let client = server::database::NewClient { device, device_name: "ODK" };
        let account = server.account(account).await;
        server.app.database().add_token(&account, &token, client, None, 1).await.unwrap();
        tokens.push(format!("{}/formList", server::openrosa::address(&token)));
    }
    let mut database = server.place.outside().await;
    let now_ms = server::clock::now_ms();
    for (account, age_ms) in [("lan", year_ms + 1), ("minh", year_ms - 60_000)] {
        let created_ms = now_ms - age_ms;
        let sql = format!(
            "UPDATE session SET seen_ms = {now_ms}, created_ms = {created_ms} WHERE account = '{account}'"
        );
        database.say(&sql).await.unwrap();
    }
    assert_eq!(lan.get("/api/v1/session").await.code(), "signed_out");
    assert_eq!(minh.get("/api/v1/session").await.status, StatusCode::OK);
    assert_eq!(server.get(&tokens[0], &[]).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(server.get(&tokens[1], &[]).await.status, StatusCode::OK);
}

/// Hashing takes its time, and people wait for their turn.
#[tokio::test]
async fn a_password_that_was_right_when_it_was_looked_up_lets_nobody_in_who_may_not_any_more() {
    let server = TestApp::start().await;
    let database = server.app.database();
    let (_, key) = server::accounts::new_token();
    let session = NewSession { key: &key, device: DEVICE, device_name: "Điện thoại" };
    let before = database.account("lan").await.unwrap().unwrap();
    let device = server.device("lan").await;
    let body = json!({ "old": PASSWORD, "new": "một mật khẩu khác" }).to_string();
    let headers = [
        ("cookie", device.cookie.as_str()),
        ("x-sotay", "1"),
        ("content-type", "application/json"),
    ];
    let path = "/api/v1/session/password";
    let changed = server.request(Method::PUT, path, &headers, Body::from(body)).await;
    assert_eq!(changed.status, StatusCode::NO_CONTENT);
    assert!(!database.add_session(&before, session, 5).await.unwrap(), "another one is right now");
    let after = database.account("lan").await.unwrap().unwrap();
    assert!(database.disable_account("lan", None, 6).await.unwrap());
    assert!(!database.add_session(&after, session, 7).await.unwrap(), "they are disabled");
    let change = AccountChange { disabled: Some(false), ..AccountChange::default() };
    assert!(database.change_account("lan", &change, None, 8).await.unwrap());
    assert!(database.session(&key).await.unwrap().is_none());
    assert!(database.add_session(&after, session, 9).await.unwrap());
}

#[tokio::test]
async fn a_request_from_another_site_changes_nothing() {
    let server = TestApp::start().await;
    let body = || {
        let body = json!({ "name": "lan", "password": PASSWORD, "device": DEVICE.to_string() });
        Body::from(body.to_string())
    };
    let json = ("content-type", "application/json");
    for headers in [
        vec![json],
        vec![json, ("x-sotay", "0")],
        vec![json, ("x-sotay", "1"), ("sec-fetch-site", "cross-site")],
        vec![json, ("x-sotay", "1"), ("sec-fetch-site", "same-site")],
    ] {
        let answer = server.request(Method::POST, "/api/v1/session", &headers, body()).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (StatusCode::FORBIDDEN, "csrf"),
            "{headers:?}"
        );
    }
    let headers = [json, ("x-sotay", "1"), ("sec-fetch-site", "same-origin")];
    let answer = server.request(Method::POST, "/api/v1/session", &headers, body()).await;
    assert_eq!(answer.status, StatusCode::OK);
}

#[tokio::test]
async fn what_cannot_be_read_is_said_precisely() {
    let server = TestApp::start().await;
    let headers = [("x-sotay", "1"), ("content-type", "application/json")];
    for (body, code) in [
        ("{", "bad_json"),
        (r#"{"name":"lan"}"#, "bad_json"),
        (r#"{"name":"lan","password":"x","device":"zz"}"#, "bad_device"),
    ] {
        let answer =
            server.request(Method::POST, "/api/v1/session", &headers, Body::from(body)).await;
        assert_eq!((answer.status, answer.code().as_str()), (StatusCode::BAD_REQUEST, code));
    }
}

#[tokio::test]
async fn behind_https_the_cookie_never_travels_in_the_clear() {
    for (public_url, behind_proxy, forwarded, secure) in [
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
        let body = json!({ "name": "lan", "password": PASSWORD, "device": DEVICE.to_string() });
        let headers = [
            ("x-sotay", "1"),
            ("content-type", "application/json"),
            ("x-forwarded-proto", forwarded),
        ];
        let body = Body::from(body.to_string());
        let answer = server.request(Method::POST, "/api/v1/session", &headers, body).await;
        let set = answer.header("set-cookie");
        assert_eq!(set.starts_with("__Host-sotay=") && set.ends_with("; Secure"), secure, "{set}");
        let known = server.get("/api/v1/session", &[("cookie", &answer.cookie())]).await;
        assert_eq!(known.status, StatusCode::OK);
        // Another host of the domain can set the plain name, and have somebody work as somebody else.
        let plain = answer.cookie().replace("__Host-", "");
        let headers = [("cookie", plain.as_str()), ("x-forwarded-proto", forwarded)];
        let known = server.get("/api/v1/session", &headers).await.status;
        assert_eq!(known == StatusCode::UNAUTHORIZED, secure, "{known}");
    }
}

/// The disk is full, or somebody else holds the database.
#[tokio::test]
async fn who_only_reads_does_so_while_nobody_can_write() {
    let server = TestApp::start().await;
    let lan = server.device("lan").await;
    lan.push(&[lan.create(1, 1, "phuong_a", &[])]).await;
    let mut outside = server.place.outside().await;
    let seen_ms = server::clock::now_ms() - 20 * 60 * 1000;
    let seen = async |outside: &mut crate::place::Outside, seen_ms: i64| {
        let sql =
            format!("UPDATE session SET seen_ms = 0 WHERE seen_ms < 0 OR seen_ms > {seen_ms}");
        outside.say(&sql).await.unwrap()
    };
    let long_ago = format!("UPDATE session SET seen_ms = {seen_ms}");
    outside.say(&long_ago).await.unwrap();
    outside.hold().await;
    let asked =
        tokio::time::timeout(std::time::Duration::from_secs(10), lan.get("/api/v1/session"));
    assert_eq!(asked.await.expect("nobody waits").status, StatusCode::OK);
    outside.let_go().await;
    // In the morning a thousand phones come back, and what they bring is written before that.
    let minh = server.device("minh").await;
    let long_ago = format!("UPDATE session SET seen_ms = {}", seen_ms - 1);
    outside.say(&long_ago).await.unwrap();
    for device in [&lan, &minh, &lan, &minh] {
        assert_eq!(device.get("/api/v1/session").await.status, StatusCode::OK);
    }
    assert_eq!(lan.push(&[lan.create(2, 2, "phuong_a", &[])]).await.acked, 2);
    assert_eq!(seen(&mut outside, seen_ms).await, 0, "it waits, and is written together");
    server.app.all_noted().await;
    assert_eq!(seen(&mut outside, seen_ms).await, 2);
}

/// Strangers are many.
#[tokio::test]
async fn what_brings_only_a_few_words_is_not_read_beyond_them() {
    let server = TestApp::start().await;
    let long = "x".repeat(server::config::MAX_WORDS);
    let answer = server.sign_in("lan", &long, DeviceId([9; 16])).await;
    assert_eq!((answer.status, answer.code().as_str()), (StatusCode::BAD_REQUEST, "bad_json"));
    let lan = server.device("lan").await;
    let operation = lan.create(1, 1, "phuong_a", &[("ghi_chu", crate::app::text(&long))]);
    assert_eq!(lan.push(&[operation]).await.acked, 1);
}

/// A name is easily known: it stands in every history.
#[tokio::test]
async fn whoever_tries_a_name_from_everywhere_keeps_its_owner_from_no_session_and_no_device_of_theirs()
 {
    let server = TestApp::with(|config| config.behind_proxy = true).await;
    let sign_in = async |address: u8, device: DeviceId, password: &str| {
        let body = json!({ "name": "lan", "password": password, "device": device.to_string() });
        let address = format!("203.0.113.{address}");
        let headers = [
            ("x-sotay", "1"),
            ("content-type", "application/json"),
            ("x-forwarded-for", address.as_str()),
        ];
        let body = Body::from(body.to_string());
        server.request(Method::POST, "/api/v1/session", &headers, body).await.status
    };
    let phone = server.device("lan").await;
    for address in 0..20 {
        let guessed = sign_in(address, DeviceId([9; 16]), "đoán mò").await;
        assert_eq!(guessed, StatusCode::UNAUTHORIZED);
    }
    let elsewhere = sign_in(100, DeviceId([9; 16]), PASSWORD).await;
    assert_eq!(elsewhere, StatusCode::TOO_MANY_REQUESTS);
    let given = json!({ "password": PASSWORD });
    let token = phone.ask(Method::POST, "accounts/lan/token", given).await;
    assert_eq!(token.status, StatusCode::CREATED);
    assert_eq!(sign_in(101, phone.id, PASSWORD).await, StatusCode::OK);
}
