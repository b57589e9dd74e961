use axum::body::Body;
use axum::http::{Method, StatusCode};
use serde_json::{Value as Json, json};
use server::accounts::Role;
use server::database::{AccountChange, NewClient, NewPack, Revoked, Seen};
use sync::codec;
use sync::wire::{DeviceId, Outcome, PushRequest, QuarantineReason};

use crate::app::{Answer, Device, PASSWORD, TestApp, pack};
use crate::place::Place;

impl Device<'_> {
    pub async fn ask(&self, method: Method, path: &str, body: Json) -> Answer {
        let headers = [
            ("cookie", self.cookie.as_str()),
            ("x-sotay", "1"),
            ("content-type", "application/json"),
        ];
        let path = format!("/api/v1/{path}");
        self.server.request(method, &path, &headers, Body::from(body.to_string())).await
    }

    async fn sessions(&self) -> Vec<Json> {
        self.get("/api/v1/sessions").await.json().as_array().unwrap().clone()
    }

    /// The number of the open session of an account, as this person sees it.
    async fn session_of(&self, account: &str) -> Option<Json> {
        self.sessions().await.into_iter().find(|session| session["account"] == account)
    }

    async fn end(&self, session: &Json) -> (StatusCode, String) {
        self.end_as(session, json!({ "password": PASSWORD })).await
    }

    async fn end_as(&self, session: &Json, again: Json) -> (StatusCode, String) {
        let path = format!("sessions/{}/end", session["id"]);
        let answer = self.ask(Method::POST, &path, again).await;
        let code = if answer.status.is_success() { String::new() } else { answer.code() };
        (answer.status, code)
    }

    async fn code(&self, account: &str, wish: Json) -> Answer {
        self.ask(Method::POST, &format!("accounts/{account}/code"), wish).await
    }
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

fn names(list: &[Json]) -> Vec<&str> {
    let mut names: Vec<&str> =
        list.iter().map(|entry| entry["account"].as_str().unwrap()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

async fn sign_in_with(server: &TestApp, code: &str, device: u8) -> Answer {
    sign_in_over(server, code, device, None).await
}

/// On a device that holds unsent work of `only`.
async fn sign_in_over(server: &TestApp, code: &str, device: u8, only: Option<&str>) -> Answer {
    let device = DeviceId([device; 16]).to_string();
    let body =
        json!({ "code": code, "only": only, "device": device, "device_name": "Điện thoại mới" });
    let headers = [("x-sotay", "1"), ("content-type", "application/json")];
    server.request(Method::POST, "/api/v1/session", &headers, Body::from(body.to_string())).await
}

#[tokio::test]
async fn a_disabled_person_is_out_at_once() {
    let server = TestApp::start().await;
    let lan = server.device("lan").await;
    assert!(server.app.database().disable_account("lan", None, 5).await.unwrap());
    assert!(!server.app.database().disable_account("khong_co_ai", None, 5).await.unwrap());
    assert_eq!(lan.get("/api/v1/session").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(lan.get("/api/v1/pull").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(server.sign_in("lan", PASSWORD, lan.id).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_revoked_session_is_over_and_others_of_the_person_are_not() {
    let server = TestApp::start().await;
    let (phone, desk) = (server.device("lan").await, server.device("lan").await);
    let sessions = server.app.database().sessions(Seen::All).await.unwrap();
    let id = sessions.iter().map(|session| session.id).min().unwrap();
    assert!(server.app.database().revoke_session(id, Revoked::SignedOut, None, 5).await.unwrap());
    assert!(!server.app.database().revoke_session(id, Revoked::SignedOut, None, 6).await.unwrap());
    assert_eq!(phone.get("/api/v1/session").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(desk.get("/api/v1/session").await.status, StatusCode::OK);
    assert_eq!(server.app.database().sessions(Seen::All).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_name_is_given_once() {
    let server = TestApp::start().await;
    let account = server::database::NewAccount {
        programmes: Vec::new(),
        name: "lan".to_owned(),
        display_name: "Lan khác".to_owned(),
        role: Role::Officer,
        unit: "phuong_b".to_owned(),
        scope: vec!["phuong_b".to_owned()],
        password: "-".to_owned(),
    };
    assert!(!server.app.database().add_account(&account, None, 9).await.unwrap());
    assert_eq!(server.app.database().visible_units("lan").await.unwrap(), ["phuong_a"]);
}

#[tokio::test]
async fn everybody_sees_the_sessions_that_are_theirs_to_look_after() {
    let server = TestApp::start().await;
    let mut devices = Vec::new();
    for account in ["lan", "hoa", "an", "thu", "kiem", "quan_tri"] {
        devices.push(server.device(account).await);
    }
    let all = ["an", "hoa", "kiem", "lan", "quan_tri", "thu"];
    for (device, sees) in devices.iter().zip([
        &["lan"][..],
        &["hoa"],
        &["an", "lan"], // those of ward A
        &all,           // the city and all its wards
        &all,
        &all,
    ]) {
        assert_eq!(names(&device.sessions().await), sees, "{}", device.account);
    }
    let entry = devices[3].session_of("lan").await.unwrap();
    for (key, expected) in [
        ("account_name", json!("Chị lan")),
        ("role", json!("officer")),
        ("unit", json!("phuong_a")),
        ("device", json!(devices[0].id.to_string())),
        ("device_name", json!("Điện thoại lan")),
        ("unsent", json!(null)),
        ("pushed_ms", json!(null)),
        ("files_missing", json!(0)),
        ("is_this", json!(false)),
        ("may_end", json!(true)),
    ] {
        assert_eq!(entry[key], expected, "{key}");
    }
}

#[tokio::test]
async fn a_device_that_could_not_send_everything_says_so_in_the_list() {
    let server = TestApp::start().await;
    let (lan, thu) = (server.device("lan").await, server.device("thu").await);
    let photo = crate::app::text("không phải ảnh");
    let request = PushRequest {
        unsent: Some(41),
        ..lan.request(&[lan.create(1, 1, "phuong_a", &[("ghi_chu", photo)])])
    };
    lan.post_push(codec::encode(&request), &[]).await;
    let entry = thu.session_of("lan").await.unwrap();
    assert_eq!(entry["unsent"], 41);
    assert_eq!(entry["contact_ms"], entry["pushed_ms"]);
    // A version that does not say so leaves what was said.
    lan.push(&[lan.create(2, 2, "phuong_a", &[])]).await;
    assert_eq!(thu.session_of("lan").await.unwrap()["unsent"], 41);
    let request = PushRequest { unsent: Some(u64::MAX), ..lan.request(&[]) };
    let answer = lan.post_push(codec::encode(&request), &[]).await;
    assert_eq!(answer.status, StatusCode::OK, "whatever it says");
}

#[tokio::test]
async fn nobody_says_for_a_colleagues_device_that_nothing_is_on_it() {
    let server = TestApp::start().await;
    let (lan, thu) = (server.device("lan").await, server.device("thu").await);
    let said = async |device: &Device<'_>, unsent| {
        let request = PushRequest { unsent: Some(unsent), ..device.request(&[]) };
        let answer = device.post_push(codec::encode(&request), &[]).await;
        assert_eq!(answer.status, StatusCode::OK);
    };
    said(&lan, 41).await;
    let minh = server.device_with_id("minh", lan.id).await;
    said(&minh, 0).await;
    let entry = thu.session_of("lan").await.unwrap();
    assert_eq!((&entry["unsent"], &entry["pushed_ms"]), (&json!(null), &json!(null)), "not known");
    assert!(entry["contact_ms"].is_u64());
}

#[tokio::test]
async fn a_session_is_ended_by_who_looks_after_it_and_by_nobody_else() {
    let server = TestApp::start().await;
    let (lan, hoa) = (server.device("lan").await, server.device("hoa").await);
    let (an, thu) = (server.device("an").await, server.device("thu").await);
    let (kiem, quan_tri) = (server.device("kiem").await, server.device("quan_tri").await);
    let of = async |account| quan_tri.session_of(account).await.unwrap();
    let forbidden = (StatusCode::FORBIDDEN, "not_allowed".to_owned());
    let unknown = (StatusCode::NOT_FOUND, "not_found".to_owned());
    assert_eq!(kiem.end(&of("lan").await).await, forbidden, "an auditor only reads");
    assert_eq!(thu.end(&of("an").await).await, forbidden, "another coordinator");
    assert_eq!(thu.end(&of("quan_tri").await).await, forbidden);
    assert_eq!(an.end(&of("hoa").await).await, unknown, "another ward's");
    assert_eq!(lan.end(&of("hoa").await).await, unknown);
    assert_eq!(an.end(&json!({ "id": "x" })).await, unknown);

    let lans = of("lan").await;
    let refused = |code: &str| (StatusCode::FORBIDDEN, code.to_owned());
    assert_eq!(an.end_as(&lans, json!({})).await, refused("sign_in_again"));
    let wrong = json!({ "password": "không phải" });
    assert_eq!(an.end_as(&lans, wrong).await, refused("wrong_password"));
    let others = quan_tri.code("lan", json!({})).await.json()["code"].clone();
    assert_eq!(an.end_as(&lans, json!({ "code": others })).await, refused("wrong_code"));
    assert_eq!(lan.get("/api/v1/session").await.status, StatusCode::OK, "nothing ended so far");
    assert_eq!(an.end(&lans).await, (StatusCode::NO_CONTENT, String::new()));
    assert_eq!(an.end(&lans).await, unknown, "it is over");
    assert_eq!(lan.get("/api/v1/session").await.code(), "session_revoked");
    assert_eq!(quan_tri.end(&of("thu").await).await.0, StatusCode::NO_CONTENT);
    assert_eq!(kiem.end(&of("kiem").await).await.0, StatusCode::NO_CONTENT, "one's own");
    assert_eq!(hoa.get("/api/v1/session").await.status, StatusCode::OK);
    // Who has no password ends an old phone's with a code that is made for them; it is good once.
    let old = server.device("hoa").await;
    let code = json!({ "code": quan_tri.code("hoa", json!({})).await.json()["code"] });
    let olds = |session: &&Json| session["device"] == old.id.to_string();
    let of_old = hoa.sessions().await.iter().find(olds).unwrap().clone();
    assert_eq!(hoa.end_as(&of_old, code.clone()).await.0, StatusCode::NO_CONTENT);
    assert_eq!(old.get("/api/v1/session").await.code(), "session_revoked");
    let this = hoa.session_of("hoa").await.unwrap();
    assert_eq!(hoa.end_as(&this, code).await, refused("wrong_code"));
    // Who says that a phone is lost has it told so; the log has it too.
    let lost = server.device("hoa").await;
    let losts = |session: &&Json| session["device"] == lost.id.to_string();
    let of_lost = quan_tri.sessions().await.iter().find(losts).unwrap().clone();
    let ending = json!({ "password": PASSWORD, "lost": true });
    assert_eq!(quan_tri.end_as(&of_lost, ending).await.0, StatusCode::NO_CONTENT);
    let told = lost.get("/api/v1/session").await;
    assert_eq!((told.status, told.code().as_str()), (StatusCode::UNAUTHORIZED, "session_lost"));
    let log = quan_tri.get("/api/v1/audit").await.json();
    assert_eq!(log[0]["detail"]["lost"], true, "{}", log[0]);
    // Nothing of the field's work is lost: the same person signs in again and sends it.
    let again = server.device_with_id("lan", lan.id).await;
    let told = again.push(&[again.create(1, 1, "phuong_a", &[])]).await;
    assert_eq!(told.verdicts[0].outcome, Outcome::Applied);
}

/// Whoever lost a phone sets another password first, and whoever hears of it disables the account: that a phone is lost is told to it
/// all the same.
#[tokio::test]
async fn a_device_is_told_that_it_is_lost_whatever_was_done_before_and_after() {
    let server = TestApp::start().await;
    let database = server.app.database();
    let (an, quan_tri) = (server.device("an").await, server.device("quan_tri").await);
    let lost = json!({ "password": PASSWORD, "lost": true });
    let told = async |device: &Device<'_>| device.get("/api/v1/session").await.code();
    let hoa = server.device("hoa").await;
    let of_hoa = quan_tri.session_of("hoa").await.unwrap();
    assert_eq!(quan_tri.end_as(&of_hoa, lost.clone()).await.0, StatusCode::NO_CONTENT);
    database.disable_account("hoa", None, 5).await.unwrap();
    assert_eq!(told(&hoa).await, "session_lost");

    let (phone, desk) = (server.device("lan").await, server.device("lan").await);
    let new = json!({ "old": PASSWORD, "new": "Con Mèo trên mái nhà" });
    let set = desk.ask(Method::PUT, "session/password", new).await;
    assert_eq!(set.status, StatusCode::NO_CONTENT);
    assert_eq!(told(&phone).await, "session_revoked");
    let ended = async |account: &str| {
        let sessions = an.sessions().await;
        let of = sessions.into_iter().filter(|session| session["account"] == account);
        of.filter(|session| session["ended_ms"].is_i64()).collect::<Vec<_>>()
    };
    let of_phone = ended("lan").await.pop().unwrap();
    assert_eq!(
        (&of_phone["device"], &of_phone["may_end"]),
        (&json!(phone.id.to_string()), &json!(true))
    );
    assert_eq!(an.end_as(&of_phone, lost.clone()).await.0, StatusCode::NO_CONTENT);
    assert_eq!(told(&phone).await, "session_lost");
    assert!(ended("lan").await.is_empty());
    assert_eq!(an.end_as(&of_phone, lost).await.0, StatusCode::NOT_FOUND, "that was said");

    // A device on which somebody signs in again is where it should be.
    let minh = server.device("minh").await;
    database.disable_account("minh", None, 6).await.unwrap();
    assert_eq!(ended("minh").await.len(), 1);
    let enable = AccountChange { disabled: Some(false), ..AccountChange::default() };
    database.change_account("minh", &enable, None, 7).await.unwrap();
    server.device_with_id("minh", minh.id).await;
    assert!(ended("minh").await.is_empty());
}

#[tokio::test]
async fn a_code_lets_in_once_however_it_is_typed() {
    let server = TestApp::start().await;
    let an = server.device("an").await;
    let made = an.code("lan", json!({})).await;
    assert_eq!(made.status, StatusCode::CREATED, "{:?}", made.body);
    let made = made.json();
    let code = made["code"].as_str().unwrap();
    assert!(made["ends_ms"].as_i64().unwrap() > server::clock::now_ms() + 23 * 3_600_000);
    let typed = code.to_uppercase().replace('-', " ");
    let answer = sign_in_with(&server, &typed, 9).await;
    assert_eq!((answer.status, answer.json()["account"].clone()), (StatusCode::OK, json!("lan")));
    let cookie = answer.cookie();
    assert_eq!(
        server.get("/api/v1/session", &[("cookie", &cookie)]).await.json()["name"],
        "Chị lan"
    );
    for wrong in [code, "khong-phai-ma", ""] {
        let answer = sign_in_with(&server, wrong, 8).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (StatusCode::UNAUTHORIZED, "wrong_code")
        );
        assert!(!answer.headers.contains_key("set-cookie"));
    }
    let copy = server.folder.path().join("copy.sqlite");
    server.app.database().copy_to(&copy).await.unwrap();
    let stored = std::fs::read(copy).unwrap();
    let is_in = |text: &[u8]| stored.windows(text.len()).any(|window| window == text);
    assert!(!is_in(code.as_bytes()) && !is_in(code.replace('-', "").as_bytes()), "only its hash");
    assert!(is_in(&server::accounts::code_key(code)));
}

#[tokio::test]
async fn of_many_who_bring_one_code_at_once_one_is_let_in() {
    let server = TestApp::start().await;
    let made = server.device("an").await.code("lan", json!({})).await.json();
    let code = made["code"].as_str().unwrap();
    let tries = (1..=5).map(|device| sign_in_with(&server, code, device));
    let answers = futures::future::join_all(tries).await;
    let let_in = answers.iter().filter(|answer| answer.status == StatusCode::OK);
    assert_eq!(let_in.count(), 1);
}

#[tokio::test]
async fn an_empty_server_has_nobody_who_may_sign_in() {
    let folder = tempfile::tempdir().unwrap();
    let place = Place::new(folder.path().join("data")).await;
    let server = TestApp::opened(place, folder).await;
    assert!(server.app.database().accounts(Seen::All).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_code_is_not_used_up_on_a_device_with_work_of_somebody_else() {
    let server = TestApp::start().await;
    let an = server.device("an").await;
    let made = an.code("lan", json!({})).await.json();
    let code = made["code"].as_str().unwrap();
    // A phone that eight share asks for each of them: that is no guessing.
    for _ in 0..8 {
        let answer = sign_in_over(&server, code, 9, Some("binh")).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (StatusCode::CONFLICT, "other_account")
        );
        assert!(!answer.headers.contains_key("set-cookie"));
    }
    let answer = sign_in_over(&server, "khong-phai-ma", 9, Some("lan")).await;
    assert_eq!(answer.code(), "wrong_code");
    assert_eq!(sign_in_over(&server, code, 9, Some("lan")).await.status, StatusCode::OK);
    assert_eq!(sign_in_over(&server, code, 9, Some("lan")).await.code(), "wrong_code");
}

#[tokio::test]
async fn a_code_ends_when_its_time_is_over_when_another_is_made_and_with_the_account() {
    let server = TestApp::start().await;
    let database = server.app.database();
    let now_ms = server::clock::now_ms();
    let (code, key) = server::accounts::new_code();
    assert!(
        database
            .add_code(&server.account("lan").await, &key, now_ms - 1, None, now_ms - 2)
            .await
            .unwrap()
    );
    assert_eq!(sign_in_with(&server, &code, 1).await.code(), "wrong_code", "over");

    let an = server.device("an").await;
    let make = async |account: &str| {
        let made = an.code(account, json!({ "minutes": 5 })).await.json();
        made["code"].as_str().unwrap().to_owned()
    };
    let (first, second) = (make("lan").await, make("lan").await);
    assert_eq!(sign_in_with(&server, &first, 1).await.code(), "wrong_code", "another was made");
    database.disable_account("lan", None, now_ms).await.unwrap();
    assert_eq!(sign_in_with(&server, &second, 1).await.code(), "wrong_code", "disabled");
    let none = an.code("lan", json!({})).await;
    assert_eq!((none.status, none.code().as_str()), (StatusCode::CONFLICT, "disabled"));
    let of_minh = make("minh").await;
    assert_eq!(sign_in_with(&server, &of_minh, 1).await.status, StatusCode::OK);
}

#[tokio::test]
async fn codes_are_made_by_who_looks_after_the_person() {
    let server = TestApp::start().await;
    for (who, whom, status, code) in [
        ("lan", "minh", StatusCode::NOT_FOUND, "not_found"),
        ("lan", "lan", StatusCode::FORBIDDEN, "not_allowed"),
        ("an", "hoa", StatusCode::NOT_FOUND, "not_found"),
        ("an", "an", StatusCode::FORBIDDEN, "not_allowed"),
        ("thu", "an", StatusCode::FORBIDDEN, "not_allowed"),
        ("thu", "quan_tri", StatusCode::FORBIDDEN, "not_allowed"),
        ("kiem", "lan", StatusCode::FORBIDDEN, "not_allowed"),
        ("quan_tri", "khong_co_ai", StatusCode::NOT_FOUND, "not_found"),
        ("quan_tri", "quan_tri", StatusCode::FORBIDDEN, "not_allowed"),
    ] {
        let answer = server.device(who).await.code(whom, json!({})).await;
        assert_eq!((answer.status, answer.code().as_str()), (status, code), "{who} {whom}");
    }
    let (thu, quan_tri) = (server.device("thu").await, server.device("quan_tri").await);
    assert_eq!(thu.code("hoa", json!({})).await.status, StatusCode::CREATED);
    let given = json!({ "password": PASSWORD });
    assert_eq!(quan_tri.code("thu", given).await.status, StatusCode::CREATED);
    for minutes in [json!(0), json!(7 * 24 * 60 + 1)] {
        let answer = thu.code("hoa", json!({ "minutes": minutes })).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (StatusCode::BAD_REQUEST, "bad_minutes")
        );
    }
}

#[tokio::test]
async fn a_code_lets_nobody_see_more_than_who_made_it() {
    let server = TestApp::start().await;
    let (an, quan_tri) = (server.device("an").await, server.device("quan_tri").await);
    for (scope, may) in [
        (json!(["phuong_a"]), true),
        (json!(["phuong_a", "phuong_b"]), false),
        (json!(["thanh_pho"]), false),
        (json!(["phuong_a"]), true),
    ] {
        let change = json!({ "scope": scope });
        let changed = quan_tri.ask(Method::PATCH, "accounts/lan", change).await;
        assert_eq!(changed.status, StatusCode::OK);
        let made = an.code("lan", json!({})).await;
        assert_eq!(made.status == StatusCode::CREATED, may, "{scope}");
        let listed = an.get("/api/v1/accounts").await.json();
        let lan = listed.as_array().unwrap().iter().find(|entry| entry["account"] == "lan");
        assert_eq!(lan.unwrap()["may_make_code"], may, "{scope}");
    }
    // A ward that took over from the city sees what was the city's, and not the other wards. A pack that says so ends codes that were
    // made before it, where their owners see more by it; the operator's stay.
    let now_ms = server::clock::now_ms();
    let by_an = an.code("lan", json!({})).await.json()["code"].as_str().unwrap().to_owned();
    let (of_operator, key) = server::accounts::new_code();
    let (database, minh) = (server.app.database(), server.account("minh").await);
    assert!(database.add_code(&minh, &key, now_ms + 60_000, None, now_ms).await.unwrap());
    let mut json: Json = serde_json::from_slice(&pack().json).unwrap();
    json["units"][1]["predecessors"] = json!(["thanh_pho"]);
    let later =
        NewPack { hash: codec::hash(b"later"), json: json.to_string().into_bytes(), ..pack() };
    database.load_pack(&later, now_ms).await.unwrap();
    let seen = ["phuong_a", "thanh_pho"];
    for account in ["an", "lan", "minh"] {
        assert_eq!(database.visible_units(account).await.unwrap(), seen);
    }
    assert_eq!(sign_in_with(&server, &by_an, 1).await.code(), "wrong_code");
    assert_eq!(sign_in_with(&server, &of_operator, 2).await.status, StatusCode::OK);
    assert_eq!(an.code("lan", json!({})).await.status, StatusCode::CREATED, "it is as before");
    quan_tri.ask(Method::PATCH, "accounts/lan", json!({ "scope": ["thanh_pho"] })).await;
    assert_eq!(an.code("lan", json!({})).await.code(), "not_allowed", "that is all wards");
}

#[tokio::test]
async fn whoever_guesses_codes_has_to_wait_and_nobody_else_has() {
    let server = TestApp::start().await;
    for _ in 0..5 {
        assert_eq!(sign_in_with(&server, "khong-phai-ma", 1).await.code(), "wrong_code");
    }
    let answer = sign_in_with(&server, "khong-phai-ma", 1).await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (StatusCode::TOO_MANY_REQUESTS, "too_many_tries")
    );
    assert!(answer.header("retry-after").parse::<u64>().unwrap() >= 1);
    server.device("lan").await;
}

#[tokio::test]
async fn an_administrator_adds_people_who_sign_in_with_a_code() {
    let server = TestApp::start().await;
    let quan_tri = server.device("quan_tri").await;
    let new = json!({ "account": "mai.phuong", "name": " Nguyễn Thị Mai ", "role": "officer", "unit": "phuong_b" });
    // What nobody is asked for is not taken.
    let mut more = new.clone();
    more["password"] = json!(PASSWORD);
    (more["created_ms"], more["passkeys"]) = (json!(1), json!(3));
    let added = quan_tri.ask(Method::POST, "accounts", more).await;
    assert_eq!(added.status, StatusCode::CREATED, "{:?}", added.body);
    let added = added.json();
    assert!(added["created_ms"].as_i64().unwrap() > 1_700_000_000_000);
    let by_password = server.sign_in("mai.phuong", PASSWORD, DeviceId([5; 16])).await;
    assert_eq!(by_password.status, StatusCode::UNAUTHORIZED);
    assert_eq!((&added["name"], &added["scope"]), (&json!("Nguyễn Thị Mai"), &json!(["phuong_b"])));
    let again = quan_tri.ask(Method::POST, "accounts", new.clone()).await;
    assert_eq!((again.status, again.code().as_str()), (StatusCode::CONFLICT, "name_taken"));
    let made = quan_tri.code("mai.phuong", json!({})).await.json();
    let answer = sign_in_with(&server, made["code"].as_str().unwrap(), 5).await;
    assert_eq!(answer.json()["scope"], json!(["phuong_b"]));

    let change = |key: &str, value: Json| {
        let mut new = new.clone();
        new["account"] = json!("nguoi_khac");
        new[key] = value;
        new
    };
    for (body, code) in [
        (change("account", json!("có dấu")), "bad_account"),
        (change("account", json!("")), "bad_account"),
        (change("name", json!("  ")), "bad_name"),
        (change("role", json!("king")), "bad_role"),
        (change("unit", json!("khong_co")), "unknown_unit"),
        (change("scope", json!(["phuong_a", "khong_co"])), "unknown_unit"),
        (json!({}), "bad_json"),
    ] {
        let answer = quan_tri.ask(Method::POST, "accounts", body).await;
        assert_eq!((answer.status, answer.code().as_str()), (StatusCode::BAD_REQUEST, code));
    }
    for who in ["lan", "thu", "kiem"] {
        let device = server.device(who).await;
        for answer in [
            device.ask(Method::POST, "accounts", new.clone()).await,
            device.ask(Method::PATCH, "accounts/lan", json!({ "role": "administrator" })).await,
        ] {
            assert_eq!(
                (answer.status, answer.code().as_str()),
                (StatusCode::FORBIDDEN, "not_allowed")
            );
        }
    }
}

#[tokio::test]
async fn an_account_that_is_changed_sees_and_does_what_it_is_now_for() {
    let server = TestApp::start().await;
    let (lan, quan_tri) = (server.device("lan").await, server.device("quan_tri").await);
    lan.push(&[lan.create(1, 1, "phuong_a", &[])]).await;
    let cursor = lan.pull(None).await.cursor;
    let change = json!({ "unit": "phuong_b", "scope": ["phuong_b"], "role": "auditor", "name": "Lan",
        "password": PASSWORD });
    let changed = quan_tri.ask(Method::PATCH, "accounts/lan", change).await.json();
    assert_eq!((&changed["unit"], &changed["role"]), (&json!("phuong_b"), &json!("auditor")));
    let lan = server.device_with_id("lan", lan.id).await;
    let page = lan.pull(Some(&cursor)).await;
    assert!(page.reset && page.records.is_empty(), "what was another ward's is gone");
    let told = lan.push(&[lan.create(2, 2, "phuong_b", &[])]).await;
    assert_eq!(
        told.verdicts[0].reason,
        Some(QuarantineReason::OutOfScope),
        "who reads, writes nothing"
    );

    for (body, code) in [
        (json!({ "disabled": true }), "own_account"),
        (json!({ "role": "officer" }), "own_account"),
    ] {
        let answer = quan_tri.ask(Method::PATCH, "accounts/quan_tri", body).await;
        assert_eq!((answer.status, answer.code().as_str()), (StatusCode::CONFLICT, code));
    }
    let nobody = quan_tri.ask(Method::PATCH, "accounts/khong_co_ai", json!({})).await;
    assert_eq!(nobody.code(), "not_found");

    let disable = |disabled: bool| json!({ "disabled": disabled, "password": PASSWORD });
    let gone = quan_tri.ask(Method::PATCH, "accounts/lan", disable(true)).await.json();
    assert!(gone["disabled_ms"].is_i64() && gone["may_make_code"] == false);
    assert_eq!(lan.get("/api/v1/pull").await.status, StatusCode::UNAUTHORIZED);
    quan_tri.ask(Method::PATCH, "accounts/lan", disable(false)).await;
    assert_eq!(
        lan.get("/api/v1/pull").await.status,
        StatusCode::UNAUTHORIZED,
        "sessions stay over"
    );
    server.device("lan").await;
}

/// Between the look at whom a code is for and the code, they may become somebody whom its maker does not look after.
#[tokio::test]
async fn a_way_in_is_for_the_person_as_its_maker_saw_them() {
    let server = TestApp::start().await;
    let database = server.app.database();
    let none = AccountChange::default;
    let changes = [
        (AccountChange { display_name: Some("Lan".into()), ..none() }, true),
        (AccountChange { role: Some(Role::Coordinator), ..none() }, false),
        (AccountChange { scope: Some(owned(&["phuong_a", "phuong_b"])), ..none() }, false),
        (AccountChange { programmes: Some(owned(&["gioi"])), ..none() }, false),
        (AccountChange { disabled: Some(true), ..none() }, false),
    ];
    for (at, (change, is_still_good)) in (1..).zip(changes) {
        let seen = server.account("lan").await;
        assert!(database.change_account("lan", &change, Some("quan_tri"), at).await.unwrap());
        let (code, client) = (server::accounts::new_code().1, new_client(at));
        let token = server::accounts::new_token().0;
        let added = database.add_code(&seen, &code, 1_000, Some("an"), 5).await.unwrap();
        assert_eq!(added, is_still_good, "{change:?}");
        let added = database.add_token(&seen, &token, client, Some("an"), 5).await.unwrap();
        assert_eq!(added, is_still_good, "{change:?}");
    }
}

fn new_client(number: i64) -> NewClient<'static> {
    let device = DeviceId([u8::try_from(number).unwrap(); 16]);
    NewClient { device, device_name: "ODK Collect" }
}

/// A phone asks who its person is when a feed begins: until then it fills forms for the unit of before.
#[tokio::test]
async fn whoever_is_moved_to_another_unit_hears_of_it_with_the_next_page() {
    let server = TestApp::start().await;
    let (thu, quan_tri) = (server.device("thu").await, server.device("quan_tri").await);
    let before = thu.pull(None).await;
    let work_in = async |unit: &str| {
        let change = json!({ "unit": unit, "password": PASSWORD });
        quan_tri.ask(Method::PATCH, "accounts/thu", change).await;
        thu.pull(Some(&before.cursor)).await
    };
    let unit = thu.get("/api/v1/session").await.json()["unit"].as_str().unwrap().to_owned();
    assert!(!work_in(&unit).await.reset, "that is where they work");
    let page = work_in("phuong_b").await;
    assert!(page.reset && page.units == before.units, "they see what they saw");
    assert_eq!(thu.get("/api/v1/session").await.json()["unit"], "phuong_b");
}

/// Whoever let themselves in as that person before would be what the person becomes.
#[tokio::test]
async fn another_role_lets_nobody_in_who_was_let_in_before_and_a_larger_sight_ends_codes() {
    let server = TestApp::start().await;
    let (an, lan) = (server.device("an").await, server.device("lan").await);
    let quan_tri = server.device("quan_tri").await;
    let database = server.app.database();
    let change = async |change: AccountChange| {
        assert!(database.change_account("lan", &change, Some("quan_tri"), 5).await.unwrap());
    };
    let still_good = async |after: AccountChange| {
        let made = an.code("lan", json!({})).await.json();
        change(after).await;
        let entered = sign_in_with(&server, made["code"].as_str().unwrap(), 1).await;
        entered.status == StatusCode::OK
    };
    let none = AccountChange::default;
    let scope = |units: &[&str]| AccountChange { scope: Some(owned(units)), ..none() };
    let programmes = |of: &[&str]| AccountChange { programmes: Some(owned(of)), ..none() };
    let role = |role| AccountChange { role: Some(role), ..none() };
    let (token, key) = server::accounts::new_token();
    let client = NewClient { device: DeviceId([5; 16]), device_name: "ODK Collect" };
    assert!(
        database.add_token(&server.account("lan").await, &token, client, None, 1).await.unwrap()
    );

    let same = AccountChange { role: Some(Role::Officer), ..scope(&["phuong_a"]) };
    assert!(still_good(same).await);
    assert!(still_good(programmes(&["gioi"])).await, "that is less");
    assert!(!still_good(programmes(&["gioi", "thi_diem"])).await);
    assert!(!still_good(programmes(&[])).await, "that is all");
    assert!(!still_good(scope(&["phuong_a", "phuong_b"])).await);
    change(scope(&["phuong_a"])).await;
    assert_eq!(lan.get("/api/v1/session").await.status, StatusCode::OK, "it is the same person");
    assert!(database.token_session(&key).await.unwrap().is_some_and(|it| it.revoked.is_none()));

    assert!(!still_good(role(Role::Coordinator)).await);
    assert_eq!(lan.get("/api/v1/session").await.code(), "session_revoked");
    assert!(database.token_session(&key).await.unwrap().is_some_and(|it| it.revoked.is_some()));
    let log = quan_tri.get("/api/v1/audit?action=account_change").await.json();
    // The phone's, the client's, and the two that a code opened.
    assert_eq!(log[0]["detail"], json!({ "role": "coordinator", "sessions": 4 }));
    server.device("lan").await;
}

#[tokio::test]
async fn whoever_administers_accounts_does_no_field_work_and_settles_none() {
    let server = TestApp::start().await;
    let (quan_tri, lan) = (server.device("quan_tri").await, server.device("lan").await);
    let told = quan_tri.push(&[quan_tri.create(1, 1, "phuong_a", &[])]).await;
    assert_eq!(told.verdicts[0].reason, Some(QuarantineReason::OutOfScope));
    assert!(lan.pull(None).await.records.is_empty());
    let waiting = quan_tri.get("/api/v1/quarantine").await.json();
    let path = format!("quarantine/{}/apply", waiting[0]["id"]);
    let answer = quan_tri.ask(Method::POST, &path, json!(null)).await;
    assert_eq!((answer.status, answer.code().as_str()), (StatusCode::FORBIDDEN, "not_allowed"));
}

#[tokio::test]
async fn people_are_listed_for_who_oversees_them() {
    let server = TestApp::start().await;
    let list = async |who: &str| {
        let answer = server.device(who).await.get("/api/v1/accounts").await;
        assert_eq!(answer.status, StatusCode::OK, "{who}");
        answer.json().as_array().unwrap().clone()
    };
    assert_eq!(names(&list("an").await), ["an", "lan", "minh"]);
    let all = ["an", "hoa", "kiem", "lan", "minh", "quan_tri", "thu"];
    for who in ["thu", "kiem", "quan_tri"] {
        assert_eq!(names(&list(who).await), all, "{who}");
    }
    let may = |list: Vec<Json>| {
        let may = list.into_iter().filter(|entry| entry["may_make_code"] == true);
        names(&may.collect::<Vec<_>>()).join(" ")
    };
    assert_eq!(may(list("an").await), "lan minh");
    assert_eq!(may(list("kiem").await), "");
    let answer = server.device("lan").await.get("/api/v1/accounts").await;
    assert_eq!((answer.status, answer.code().as_str()), (StatusCode::FORBIDDEN, "not_allowed"));
}
