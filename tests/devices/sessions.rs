//! A session that ends, in whatever way, takes nothing with it.

use serde_json::json;
use server::database::Revoked;
use sync::device::{Blocked, Event};
use sync::wire::{Action, Outcome, QuarantineReason};

use crate::repair_desk::settle;
use crate::rig::{Phone, Server, Work, random::Random, unit, who};

const HALF_A_YEAR_MS: i64 = 181 * 24 * 3600 * 1000;

async fn session_of(server: &Server, account: &str) -> (server::database::Database, i64) {
    let database = server.database().await;
    let sessions = database.sessions(server::database::Seen::All).await.expect("a list");
    let session = sessions.iter().find(|session| session.account == account);
    let id = session.expect("somebody is signed in").id;
    (database, id)
}

#[tokio::test]
async fn a_session_that_ended_keeps_the_outbox_until_the_person_signs_in_again() {
    let work = Work::inspection(unit::LONG_KHANH).await;
    for how in [
        "cookie lost",
        "cookie changed",
        "signed out elsewhere",
        "revoked",
        "said to be on a lost phone",
        "not used for half a year",
    ] {
        let server = Server::start().await;
        let mut hoa = Phone::enrol(&server.address, who::HOA, "Hoa").await;
        let mut desk = Phone::enrol(&server.address, who::COORDINATOR, "desk").await;
        hoa.sync().await;
        match how {
            "cookie lost" => hoa.http.set_cookie(None),
            "cookie changed" => hoa.http.set_cookie(Some(&format!("sotay={}", "0".repeat(64)))),
            "signed out elsewhere" => {
                let (database, id) = session_of(&server, who::HOA).await;
                database.end_session(id, server::clock::now_ms()).await.unwrap();
            }
            "revoked" | "said to be on a lost phone" => {
                let (database, id) = session_of(&server, who::HOA).await;
                let as_what = if how == "revoked" { Revoked::SignedOut } else { Revoked::Lost };
                let now_ms = server::clock::now_ms();
                assert!(database.revoke_session(id, as_what, None, now_ms).await.unwrap());
            }
            _ => {
                let (database, id) = session_of(&server, who::HOA).await;
                let long_ago = server::clock::now_ms() - HALF_A_YEAR_MS;
                database.touch_sessions(&[id], long_ago).await.unwrap();
            }
        }
        let record = hoa.begin(&work);
        hoa.answer(record, "pa/a1_gc", "viết khi phiên đã hết");
        let photo = hoa.photograph(record, "pa/a1_anh", vec![9; 5_000]);
        hoa.press(record, Action::Submit);
        for _ in 0..2 {
            let status = hoa.sync().await;
            assert_eq!(status.blocked, Some(Blocked::SignedOut), "{how}");
            assert_eq!((status.unsent_ops, status.unsent_blobs), (1, 1), "{how}");
        }
        assert_eq!(hoa.sign_ins_asked, 1, "{how}: it asks once, and not in a loop");
        hoa.kill();
        hoa.sign_in().await;
        hoa.happen(Event::SignedIn);
        while hoa.step().await {}
        assert_eq!(hoa.disk.waiting(), Default::default(), "{how}");
        desk.sync().await;
        assert_eq!(desk.shown(record, "pa/a1_anh"), Some(photo.to_string()), "{how}");
        assert_eq!(desk.operations(record).await, 1, "{how}");
    }
}

#[tokio::test]
async fn what_a_person_without_an_account_still_sends_is_kept_for_repair_and_stays_on_the_phone() {
    let server = Server::start().await;
    let mut hoa = Phone::enrol(&server.address, who::HOA, "Hoa").await;
    let mut desk = Phone::enrol(&server.address, who::COORDINATOR, "desk").await;
    hoa.sync().await;
    let (database, _) = session_of(&server, who::HOA).await;
    assert!(database.disable_account(who::HOA, None, server::clock::now_ms()).await.unwrap());
    let record = hoa.begin(&Work::inspection(unit::LONG_KHANH).await);
    hoa.answer(record, "pa/a1_gc", "quý");
    let bytes = Random::new(9).bytes(300_000);
    let photo = hoa.photograph(record, "pa/a1_anh", bytes.clone());
    hoa.press(record, Action::Submit);
    let status = hoa.sync().await;
    assert_eq!((status.unsent_ops, status.unsent_blobs), (0, 0));
    assert_eq!(status.blocked, Some(Blocked::SignedOut));
    let verdict = hoa.disk.outbox[&1].verdict.clone().expect("it was answered");
    assert_eq!(verdict.outcome, Outcome::Quarantined);
    assert_eq!(verdict.reason, Some(QuarantineReason::Revoked));
    assert!(hoa.view(record).unwrap().quarantined);
    assert_eq!(hoa.shown(record, "pa/a1_gc").as_deref(), Some("quý"));

    desk.sync().await;
    assert!(desk.view(record).is_none());
    let kept = desk.http.get("/api/v1/quarantine").await.expect("an answer").json();
    assert_eq!(kept[0]["reason"], "revoked");
    assert_eq!(kept[0]["record"], record.to_string());
    let answer = hoa.try_sign_in().await.expect("an answer");
    assert_eq!(answer.error(), (401, "wrong_credentials".to_owned()));
    assert_eq!(settle(&desk, &kept[0], "apply", json!(null)).await.status, 200);
    desk.sync().await;
    assert_eq!(desk.shown(record, "pa/a1_gc").as_deref(), Some("quý"));
    let file = desk.http.get(&format!("/api/v1/blobs/{photo}")).await.expect("an answer");
    assert_eq!((file.status, file.body), (200, bytes), "its photo came too");
}

#[tokio::test]
async fn another_person_on_the_same_phone_does_not_send_the_first_one_s_work_as_their_own() {
    let server = Server::start().await;
    let mut phone = Phone::enrol(&server.address, who::HOA, "shared phone").await;
    let mut desk = Phone::enrol(&server.address, who::COORDINATOR, "desk").await;
    let record = phone.fill(&Work::inspection(unit::LONG_KHANH).await, &[("pa/a1_gc", "của Hoa")]);
    phone.account = who::MINH.to_owned();
    phone.sign_in().await;
    phone.sync().await;
    let verdict = phone.disk.outbox[&1].verdict.clone().expect("it was answered");
    assert_eq!(verdict.reason, Some(QuarantineReason::OtherAuthor));
    desk.sync().await;
    assert!(desk.view(record).is_none());
    let kept = desk.http.get("/api/v1/quarantine").await.expect("an answer").json();
    assert_eq!((&kept[0]["sender"], &kept[0]["author"]), (&who::MINH.into(), &who::HOA.into()));
}

#[tokio::test]
async fn the_desk_sees_how_much_is_still_on_a_phone_that_was_cut_off_in_the_middle() {
    let server = Server::start().await;
    let mut hoa = Phone::enrol(&server.address, who::HOA, "Hoa").await;
    let desk = Phone::enrol(&server.address, who::COORDINATOR, "desk").await;
    let work = Work::inspection(unit::LONG_KHANH).await;
    let records: Vec<_> = (0..5).map(|_| hoa.begin(&work)).collect();
    for record in &records {
        hoa.answer(*record, "chung/nguoi_lap", "Hoa");
        hoa.press(*record, Action::Submit);
    }
    let photo = Random::new(5).bytes(300_000);
    hoa.open(records[0]);
    hoa.photograph(records[0], "pa/a1_anh", photo);
    hoa.batch = 2;
    let told = async || {
        let list = desk.http.get("/api/v1/sessions").await.expect("an answer").json();
        let session = list.as_array().expect("a list").iter();
        let session = session.clone().find(|session| session["account"] == who::HOA);
        let session = session.expect("Hoa is signed in").clone();
        (session["unsent"].clone(), session["files_missing"].clone())
    };
    assert_eq!(told().await, (json!(null), json!(0)), "it has said nothing yet");
    hoa.happen(Event::Asked);
    let mut seen = Vec::new();
    while hoa.step().await {
        let now = told().await;
        if seen.last() != Some(&now) {
            seen.push(now);
        }
    }
    let expected = [
        (json!(null), json!(0)),
        (json!(4), json!(0)),
        (json!(2), json!(0)),
        (json!(0), json!(1)),
        (json!(0), json!(0)),
    ];
    assert_eq!(seen, expected, "five records and a photo, two operations at a time");
}
