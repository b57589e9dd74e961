//! A passkey shows once more who somebody is, wherever the password does.

use super::*;

impl Device<'_> {
    async fn challenge_again(&self) -> Json {
        let answer = self.ask(Method::POST, "session/again", json!({})).await;
        assert_eq!(answer.status, StatusCode::OK, "{:?}", answer.body);
        answer.json()
    }

    /// Has an authenticator sign that it is still they.
    async fn again(&self, authenticator: &Authenticator) -> Json {
        let asked = self.challenge_again().await;
        authenticator.get(asked["challenge"].as_str().unwrap())
    }
}

#[tokio::test]
async fn a_passkey_shows_once_more_who_one_is_wherever_the_password_does() {
    let server = TestApp::start().await;
    let lan = server.device("lan").await;
    let none = lan.ask(Method::POST, "session/again", json!({})).await;
    assert_eq!((none.status, none.code().as_str()), (StatusCode::CONFLICT, "no_passkey_yet"));
    let own = Authenticator::new(1);
    let key = lan.add(&own, "Máy bàn").await;
    let asked = lan.challenge_again().await;
    assert_eq!(
        (&asked["rp_id"], &asked["allow"]),
        (&json!("localhost"), &json!([letters(&own.credential)]))
    );

    let given = json!({ "passkey": lan.again(&own).await });
    let to_add = lan.ask(Method::POST, "passkeys/challenge", given).await;
    let second = Authenticator::new(2);
    let added =
        lan.ask(Method::POST, "passkeys", second.create(&to_add.json(), "Chìa khóa USB")).await;
    assert_eq!(added.status, StatusCode::CREATED, "{:?}", added.body);
    // An authenticator that was told which keys may leave out whose they are.
    let mut given = lan.again(&second).await;
    given.as_object_mut().unwrap().remove("user_handle");
    let token = lan.ask(Method::POST, "accounts/lan/token", json!({ "passkey": given })).await;
    assert_eq!(token.status, StatusCode::CREATED, "{:?}", token.body);
    let sessions = lan.get("/api/v1/sessions").await.json();
    let other = sessions.as_array().unwrap().iter().find(|open| open["is_this"] == false).unwrap();
    let end = format!("sessions/{}/end", other["id"]);
    let given = json!({ "passkey": lan.again(&own).await });
    assert_eq!(lan.ask(Method::POST, &end, given).await.status, StatusCode::NO_CONTENT);
    let remove = format!("passkeys/{}/remove", key["id"]);
    let given = json!({ "passkey": lan.again(&own).await });
    assert_eq!(lan.ask(Method::POST, &remove, given).await.status, StatusCode::NO_CONTENT);
    assert!(lan.passkeys().await[0]["used_ms"].is_i64());

    let quan_tri = server.device("quan_tri").await;
    let admins = Authenticator::new(3);
    quan_tri.add(&admins, "Máy chủ nhiệm").await;
    let mut erase = json!({ "account": "minh" });
    erase["passkey"] = quan_tri.again(&admins).await;
    let erased = quan_tri.ask(Method::POST, "persons/erase", erase).await;
    assert_eq!(erased.status, StatusCode::OK, "{:?}", erased.body);
}

#[tokio::test]
async fn what_was_signed_shows_it_once_in_that_session_by_ones_own_key_and_lets_nobody_in() {
    let server = TestApp::start().await;
    let (lan, elsewhere) = (server.device("lan").await, server.device("lan").await);
    let minh = server.device("minh").await;
    let (own, others) = (Authenticator::new(1), Authenticator::new(2));
    lan.add(&own, "Máy bàn").await;
    minh.add(&others, "Của Minh").await;
    let show = async |assertion: &Json| {
        let body = json!({ "passkey": assertion });
        let answer = lan.ask(Method::POST, "passkeys/challenge", body).await;
        // The brake is for another test.
        if answer.status != StatusCode::OK {
            let right =
                lan.ask(Method::POST, "passkeys/challenge", json!({ "password": PASSWORD }));
            assert_eq!(right.await.status, StatusCode::OK);
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{:?}", answer.body);
        }
        if answer.status == StatusCode::OK { "ok".to_owned() } else { answer.code() }
    };

    let signed = lan.again(&own).await;
    assert_eq!(show(&signed).await, "ok");
    assert_eq!(show(&signed).await, "passkey_expired", "a second time");
    assert_eq!(show(&elsewhere.again(&own).await).await, "passkey_expired", "in another session");
    let to_sign_in = own.get(&server.challenge().await);
    assert_eq!(show(&to_sign_in).await, "passkey_expired", "what was asked at the door");
    assert_eq!(server.with_assertion(to_sign_in, None).await.status, StatusCode::OK);
    let to_add = lan.ask_to_add().await;
    let signed = own.get(to_add["challenge"].as_str().unwrap());
    assert_eq!(show(&signed).await, "passkey_expired", "what was asked to make a key");
    assert_eq!(show(&own.get(&letters(&[5; 32]))).await, "passkey_expired", "what nobody asked");

    let signed = lan.again(&own).await;
    let door = server.with_assertion(signed.clone(), None).await;
    assert_eq!(door.code(), "passkey_expired", "it lets nobody in");
    let mut asked = lan.challenge_again().await;
    asked["user_handle"] = to_add["user_handle"].clone();
    let body = Authenticator::new(3).create(&asked, "x");
    let added = lan.ask(Method::POST, "passkeys", body).await;
    assert_eq!(added.code(), "passkey_expired", "nor is a key made in answer to it");

    let mut stranger = own.but(|_| {});
    stranger.key = others.key.clone();
    let named_otherwise = own.but(|_| {});
    named_otherwise.user_handle.set(Some(letters(&[3; 32])));
    for (what, wrong) in [
        ("another person's key", &others),
        ("another key's signature", &stranger),
        ("another person's name", &named_otherwise),
        ("another site's page", &own.but(|saying| saying.origin = "https://evil.example".into())),
        ("another site's key", &own.but(|saying| saying.rp_id = "evil.example".into())),
        ("nobody verified", &own.but(|saying| saying.flags = PRESENT)),
        ("a key that was made", &own.but(|saying| saying.kind = "webauthn.create")),
    ] {
        let asked = lan.challenge_again().await;
        let challenge = asked["challenge"].as_str().unwrap();
        assert_eq!(show(&wrong.get(challenge)).await, "wrong_passkey", "{what}");
        let again = show(&own.get(challenge)).await;
        assert_eq!(again, "passkey_expired", "{what}: nobody tries again with it");
    }

    let database = server.app.database();
    let row = lan.get("/api/v1/sessions").await.json();
    let this = row.as_array().unwrap().iter().find(|open| open["is_this"] == true).unwrap();
    let session = this["id"].as_i64().unwrap();
    let now_ms = server::clock::now_ms();
    for (ends_ms, said) in [(now_ms + 60_000, "ok"), (now_ms, "passkey_expired")] {
        let (letters, key) = new_challenge();
        let purpose = Purpose::Again { session };
        assert!(
            database.add_challenge(&key, purpose, &[0; 32], ends_ms, now_ms - 1).await.unwrap()
        );
        assert_eq!(show(&own.get(&letters)).await, said);
    }
    let counting = own.counting(9);
    assert_eq!(show(&lan.again(&counting).await).await, "ok");
    assert_eq!(show(&lan.again(&counting).await).await, "wrong_passkey", "there are two of it");
    assert_eq!(server.deeds("passkey_refuse").await.len(), 1);
}

#[tokio::test]
async fn whoever_tries_passkeys_in_a_session_that_lies_open_has_to_wait() {
    let server = TestApp::start().await;
    let (lan, own) = (server.device("lan").await, Authenticator::new(1));
    lan.add(&own, "Máy bàn").await;
    let mut stranger = own.but(|_| {});
    stranger.key = Authenticator::new(2).key;
    for _ in 0..5 {
        let given = json!({ "passkey": lan.again(&stranger).await });
        let answer = lan.ask(Method::POST, "passkeys/challenge", given).await;
        assert_eq!(answer.code(), "wrong_passkey");
    }
    let given = json!({ "passkey": lan.again(&own).await });
    let answer = lan.ask(Method::POST, "passkeys/challenge", given).await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (StatusCode::TOO_MANY_REQUESTS, "too_many_tries")
    );
    let failed = server.deeds("sign_in_failed").await;
    assert!(failed.iter().all(|row| row["object"] == "lan" && row["detail"]["way"] == "passkey"));
}
