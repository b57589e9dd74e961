//! Where everybody of a role needs a passkey, one is made at the sign-in, with a code.

use super::*;

impl TestApp {
    /// A code that an administrator made for somebody.
    async fn code_for(&self, account: &str) -> String {
        let (code, key) = server::accounts::new_code();
        let (now_ms, by) = (server::clock::now_ms(), Some("quan_tri"));
        let (database, account) = (self.app.database(), self.account(account).await);
        assert!(database.add_code(&account, &key, now_ms + 60_000, by, now_ms).await.unwrap());
        code
    }

    async fn ask_to_make(&self, code: &str) -> Answer {
        let headers = [("x-sotay", "1"), ("content-type", "application/json")];
        let body = json!({ "code": code }).to_string();
        self.request(Method::POST, "/api/v1/session/passkey/new", &headers, body.into()).await
    }

    /// Brings a code, and perhaps a passkey that was made with it.
    async fn with_code(&self, code: &str, made: Option<Json>, only: Option<&str>) -> Answer {
        let body = json!({ "code": code, "new_passkey": made, "only": only,
            "device": DeviceId([8; 16]).to_string(), "device_name": "Máy ở ủy ban" });
        let headers = [("x-sotay", "1"), ("content-type", "application/json")];
        self.request(Method::POST, "/api/v1/session", &headers, body.to_string().into()).await
    }

    async fn demanding() -> Self {
        Self::with(|config| config.passkeys_must = vec![Role::Coordinator, Role::Administrator])
            .await
    }
}

#[tokio::test]
async fn where_everybody_needs_a_passkey_one_is_made_at_the_door_with_a_code_and_nothing_else_lets_in()
 {
    let server = TestApp::demanding().await;
    let refused = server.sign_in("an", PASSWORD, DeviceId([9; 16])).await;
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (StatusCode::UNAUTHORIZED, "passkey_needed"),
        "a right password, of who has no passkey"
    );
    let basic = base64::engine::general_purpose::STANDARD.encode(format!("an:{PASSWORD}"));
    let headers = [("authorization", format!("Basic {basic}"))];
    let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
    let list = server.get("/openrosa/formList", &headers).await;
    assert_eq!(list.status, StatusCode::UNAUTHORIZED, "nor ODK Collect");

    let code = server.code_for("an").await;
    for _ in 0..8 {
        let alone = server.with_code(&code, None, None).await;
        assert_eq!(
            (alone.status, alone.code().as_str()),
            (StatusCode::UNAUTHORIZED, "passkey_to_make")
        );
        assert!(alone.header("set-cookie").is_empty());
    }
    let asked = server.ask_to_make(&code).await.json();
    assert_eq!(
        (&asked["rp_id"], &asked["user_name"], &asked["exclude"]),
        (&json!("localhost"), &json!("an"), &json!([]))
    );
    let own = Authenticator::new(1);
    let made = own.create(&asked, "x");
    let others = server.with_code(&code, Some(made.clone()), Some("lan")).await;
    assert_eq!(others.code(), "other_account");
    let answer = server.with_code(&code, Some(made.clone()), Some("an")).await;
    assert_eq!(answer.status, StatusCode::OK, "{:?}", answer.body);
    assert_eq!(answer.json()["account"], "an");
    let cookie = answer.cookie();
    let keys = server.get("/api/v1/passkeys", &[("cookie", &cookie)]).await.json();
    assert_eq!(keys[0]["name"], "Máy ở ủy ban", "it is called what the device calls itself");
    assert_eq!(server.with_code(&code, Some(made), None).await.code(), "wrong_code", "used up");
    assert_eq!(server.with_passkey(&own).await.status, StatusCode::OK);
    let refused = server.sign_in("an", PASSWORD, DeviceId([9; 16])).await;
    assert_eq!(refused.code(), "passkey_needed");

    // Whoever lost it gets another code, and makes another; theirs are removed as for anybody.
    let code = server.code_for("an").await;
    assert_eq!(server.with_code(&code, None, None).await.code(), "passkey_to_make");
    let asked = server.ask_to_make(&code).await.json();
    assert_eq!(asked["exclude"], json!([letters(&own.credential)]));
    let second = Authenticator::new(2);
    let answer = server.with_code(&code, Some(second.create(&asked, "x")), None).await;
    assert_eq!(answer.status, StatusCode::OK, "{:?}", answer.body);

    assert_eq!(server.sign_in("lan", PASSWORD, DeviceId([9; 16])).await.status, StatusCode::OK);
    let code = server.code_for("lan").await;
    let other_role = server.with_code(&code, None, None).await;
    assert_eq!(other_role.status, StatusCode::OK, "other roles are let in as ever");
    let log = server.app.database().audit(AuditOf::All, None, 50).await.unwrap();
    let of_an = |action: &str| {
        let is_it = |row: &&Entry| row.action == action && row.object == "an";
        log.iter().filter(is_it).count()
    };
    assert_eq!((of_an("passkey_add"), of_an("sign_in_by_passkey")), (2, 3));
    assert_eq!((of_an("sign_in"), of_an("sign_in_by_code")), (0, 0));
}

#[tokio::test]
async fn a_passkey_is_made_at_the_door_with_that_code_in_answer_to_that_question_once() {
    let server = TestApp::demanding().await;
    let (code, others) = (server.code_for("an").await, server.code_for("quan_tri").await);
    let own = Authenticator::new(1);
    let unknown = server.ask_to_make("abcde-fghij-kmnpq-rstuv").await;
    assert_eq!((unknown.status, unknown.code().as_str()), (StatusCode::UNAUTHORIZED, "wrong_code"));

    let asked = server.ask_to_make(&code).await.json();
    let with_anothers = server.with_code(&others, Some(own.create(&asked, "x")), None).await;
    assert_eq!(
        (with_anothers.status, with_anothers.code().as_str()),
        (StatusCode::CONFLICT, "passkey_expired"),
        "in answer to what was asked with another code"
    );
    let at_the_door =
        json!({ "challenge": server.challenge().await, "user_handle": asked["user_handle"] });
    let made = server.with_code(&code, Some(own.create(&at_the_door, "x")), None).await;
    assert_eq!(made.code(), "passkey_expired", "what was asked to sign in");
    let lan = server.device("lan").await;
    let made = server.with_code(&code, Some(own.create(&lan.ask_to_add().await, "x")), None).await;
    assert_eq!(made.code(), "passkey_expired", "what was asked in a session");
    let made = lan.ask(Method::POST, "passkeys", own.create(&asked, "x")).await;
    assert_eq!(made.code(), "passkey_expired", "and the other way");

    for (what, wrong) in [
        ("another origin", own.but(|saying| saying.origin = "https://evil.example".into())),
        ("another site's key", own.but(|saying| saying.rp_id = "evil.example".into())),
        ("nobody verified", own.but(|saying| saying.flags = PRESENT)),
        ("what was signed to be let in", own.but(|saying| saying.kind = "webauthn.get")),
    ] {
        let asked = server.ask_to_make(&code).await.json();
        let answer = server.with_code(&code, Some(wrong.create(&asked, "x")), None).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (StatusCode::BAD_REQUEST, "bad_passkey"),
            "{what}"
        );
        let right = server.with_code(&code, Some(own.create(&asked, "x")), None).await;
        assert_eq!(right.code(), "passkey_expired", "{what}: it is used up");
    }
    lan.add(&own, "Của Lan").await;
    let asked = server.ask_to_make(&code).await.json();
    let known = server.with_code(&code, Some(own.create(&asked, "x")), None).await;
    assert_eq!((known.status, known.code().as_str()), (StatusCode::CONFLICT, "passkey_known"));
    assert!(known.header("set-cookie").is_empty());
    let asked = server.ask_to_make(&code).await.json();
    let made = Authenticator::new(2).create(&asked, "x");
    let answer = server.with_code(&code, Some(made), None).await;
    assert_eq!(answer.status, StatusCode::OK, "the code was good all the time: {:?}", answer.body);
    assert!(server.app.database().passkeys_of("quan_tri").await.unwrap().is_empty());
}

#[tokio::test]
async fn whoever_guesses_codes_to_make_a_passkey_with_has_to_wait() {
    let server = TestApp::demanding().await;
    for _ in 0..5 {
        assert_eq!(server.ask_to_make("abcde-fghij-kmnpq-rstuv").await.code(), "wrong_code");
    }
    let code = server.code_for("an").await;
    let answer = server.ask_to_make(&code).await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (StatusCode::TOO_MANY_REQUESTS, "too_many_tries")
    );
    let (key, now_ms) = (server::accounts::code_key(&code), server::clock::now_ms());
    let database = server.app.database();
    let owner = async || database.owner_of_code(&key, now_ms).await.unwrap();
    assert!(owner().await.is_some());
    assert!(database.disable_account("an", None, 5).await.unwrap());
    assert!(owner().await.is_none(), "who may not sign in makes none");
}
