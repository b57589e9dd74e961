use axum::http::StatusCode;

use crate::app::{PASSWORD, TestApp};

#[tokio::test]
async fn a_disabled_person_is_out_at_once() {
    let server = TestApp::start().await;
    let lan = server.device("lan").await;
    assert!(server.app.database().disable_account("lan", 5).await.unwrap());
    assert!(!server.app.database().disable_account("khong_co_ai", 5).await.unwrap());
    assert_eq!(lan.get("/api/v1/session").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(lan.get("/api/v1/pull").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(server.sign_in("lan", PASSWORD, lan.id).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_revoked_session_is_over_and_others_of_the_person_are_not() {
    let server = TestApp::start().await;
    let (phone, desk) = (server.device("lan").await, server.device("lan").await);
    let sessions = server.app.database().sessions().await.unwrap();
    let id = sessions.iter().map(|session| session.id).min().unwrap();
    assert!(server.app.database().revoke_session(id, 5).await.unwrap());
    assert!(!server.app.database().revoke_session(id, 6).await.unwrap());
    assert_eq!(phone.get("/api/v1/session").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(desk.get("/api/v1/session").await.status, StatusCode::OK);
    assert_eq!(server.app.database().sessions().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_name_is_given_once() {
    let server = TestApp::start().await;
    let account = server::database::NewAccount {
        name: "lan".to_owned(),
        display_name: "Lan khác".to_owned(),
        role: "officer".to_owned(),
        unit: "phuong_b".to_owned(),
        scope: vec!["phuong_b".to_owned()],
        password: "-".to_owned(),
    };
    assert!(!server.app.database().add_account(&account, 9).await.unwrap());
    assert_eq!(server.app.database().visible_units("lan").await.unwrap(), ["phuong_a"]);
}
