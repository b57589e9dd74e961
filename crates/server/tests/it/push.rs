use std::io::Write as _;

use axum::body::Body;
use axum::http::{Method, StatusCode};
use serde_json::json;
use server::database::Revoked;
use sync::codec;
use sync::push::MAX_OPERATION_BYTES;
use sync::view::RecordView;
use sync::wire::{
    Action, Dot, Outcome, PushResponse, QuarantineReason, SealedOperation, State, Value, Verdict,
    Write, field,
};

use crate::app::{Answer, Device, TestApp, text};

/// A body, its headers, and what they are answered with.
type Case = (Vec<u8>, Vec<(&'static str, &'static str)>, StatusCode, &'static str);

fn reasons(verdicts: &[Verdict]) -> Vec<(u64, Outcome, Option<QuarantineReason>)> {
    verdicts.iter().map(|verdict| (verdict.seq, verdict.outcome, verdict.reason)).collect()
}

async fn stored(device: &Device<'_>) -> usize {
    device.pull(None).await.records.len()
}

#[tokio::test]
async fn sending_twice_changes_nothing() {
    let server = TestApp::start().await;
    let lan = server.device("lan").await;
    let operations = [
        lan.create(1, 1, "phuong_a", &[("ghi_chu", text("một"))]),
        lan.create(2, 2, "phuong_a", &[("ghi_chu", text("hai"))]),
    ];
    let first = lan.push(&operations).await;
    assert_eq!((first.acked, first.safe), (2, 0));
    let before = lan.pull(None).await;
    let second = lan.push(&operations).await;
    assert_eq!(second.verdicts, first.verdicts);
    assert_eq!(second.acked, 2);
    let after = lan.pull(None).await;
    assert_eq!(after.records, before.records);
    assert_eq!(after.cursor, before.cursor);
    assert_eq!(after.included, 2);
}

#[tokio::test]
async fn a_gap_is_not_taken_and_the_watermark_says_where_to_go_on() {
    let server = TestApp::start().await;
    let lan = server.device("lan").await;
    let response = lan.push(&[lan.create(2, 2, "phuong_a", &[])]).await;
    assert_eq!((response.acked, response.verdicts.len()), (0, 0));
    assert_eq!(stored(&lan).await, 0);
}

#[tokio::test]
async fn every_body_that_cannot_be_read_has_its_code_and_stores_nothing() {
    let server = TestApp::start().await;
    let lan = server.device("lan").await;
    let whole = codec::encode(&lan.request(&[lan.create(1, 1, "phuong_a", &[])]));
    let mut newer = lan.request(&[]);
    newer.version = 999;
    let mut other = lan.request(&[]);
    other.device = server.device("minh").await.request(&[]).device;
    let many =
        lan.request(&(1..=501).map(|seq| lan.create(seq, 1, "phuong_a", &[])).collect::<Vec<_>>());
    let bomb = gzip(&vec![0; 16 << 20]);
    let cases: Vec<Case> = vec![
        (whole[..whole.len() / 2].to_vec(), vec![], StatusCode::BAD_REQUEST, "unreadable"),
        (vec![], vec![], StatusCode::BAD_REQUEST, "unreadable"),
        (b"<html>".to_vec(), vec![], StatusCode::BAD_REQUEST, "unreadable"),
        ([whole.as_slice(), b"x"].concat(), vec![], StatusCode::BAD_REQUEST, "unreadable"),
        (
            whole.clone(),
            vec![("content-type", "application/json")],
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "not_cbor",
        ),
        (
            whole.clone(),
            vec![("content-encoding", "zstd")],
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unknown_encoding",
        ),
        (whole.clone(), vec![("content-encoding", "gzip")], StatusCode::BAD_REQUEST, "truncated"),
        (
            gzip(&whole)[..40].to_vec(),
            vec![("content-encoding", "gzip")],
            StatusCode::BAD_REQUEST,
            "truncated",
        ),
        (bomb, vec![("content-encoding", "gzip")], StatusCode::PAYLOAD_TOO_LARGE, "too_large"),
        (vec![0; (4 << 20) + 1], vec![], StatusCode::PAYLOAD_TOO_LARGE, "too_large"),
        (codec::encode(&newer), vec![], StatusCode::BAD_REQUEST, "unknown_version"),
        (codec::encode(&many), vec![], StatusCode::BAD_REQUEST, "too_many_operations"),
        (codec::encode(&other), vec![], StatusCode::FORBIDDEN, "wrong_device"),
    ];
    for (body, headers, status, code) in cases {
        let answer = lan.post_push(body, &headers).await;
        assert_eq!((answer.status, answer.code().as_str()), (status, code), "{headers:?}");
    }
    assert_eq!(stored(&lan).await, 0);
    let packed = lan.post_push(gzip(&whole), &[("content-encoding", "gzip")]).await;
    assert_eq!(packed.status, StatusCode::OK);
    assert_eq!(stored(&lan).await, 1);
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

#[tokio::test]
async fn what_cannot_be_applied_is_kept_acknowledged_and_shown_at_the_repair_desk() {
    let server = TestApp::start().await;
    let lan = server.device("lan").await;
    let mut unknown_form = lan.create(1, 1, "phuong_a", &[]);
    unknown_form.form.version = "99".to_owned();
    let unknown_unit = lan.create(2, 2, "khong_co", &[]);
    let other_unit = lan.create(3, 3, "phuong_b", &[]);
    let too_large =
        lan.create(4, 4, "phuong_a", &[("ghi_chu", text(&"x".repeat(MAX_OPERATION_BYTES)))]);
    let mut other_author = lan.create(6, 6, "phuong_a", &[]);
    other_author.author = "minh".to_owned();
    let good = lan.create(7, 7, "phuong_a", &[]);
    let mut request = lan.request(&[unknown_form, unknown_unit, other_unit, too_large]);
    request.operations.push(SealedOperation { seq: 5, bytes: b"garbage".to_vec() });
    request.operations.extend(lan.request(&[other_author, good]).operations);

    let answer = lan.post_push(codec::encode(&request), &[]).await;
    let response: PushResponse = codec::decode(&answer.body).unwrap();
    let quarantined = |seq, reason| (seq, Outcome::Quarantined, Some(reason));
    assert_eq!(
        reasons(&response.verdicts),
        [
            quarantined(1, QuarantineReason::UnknownForm),
            quarantined(2, QuarantineReason::UnknownUnit),
            quarantined(3, QuarantineReason::OutOfScope),
            quarantined(4, QuarantineReason::TooLarge),
            quarantined(5, QuarantineReason::Unreadable),
            quarantined(6, QuarantineReason::OtherAuthor),
            (7, Outcome::Applied, None),
        ]
    );
    assert_eq!(response.acked, 7);
    assert_eq!(stored(&lan).await, 1);

    let desk = server.device("thu").await.get("/api/v1/quarantine").await.json();
    let kept: Vec<(u64, &str)> = desk
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| (entry["seq"].as_u64().unwrap(), entry["reason"].as_str().unwrap()))
        .collect();
    assert_eq!(
        kept,
        [
            (6, "other_author"),
            (5, "unreadable"),
            (4, "too_large"),
            (3, "out_of_scope"),
            (2, "unknown_unit"),
            (1, "unknown_form"),
        ]
    );
    let refused = lan.get("/api/v1/quarantine").await;
    assert_eq!((refused.status, refused.code().as_str()), (StatusCode::FORBIDDEN, "not_allowed"));
}

#[tokio::test]
async fn a_revoked_session_is_told_to_sign_in_and_stores_nothing() {
    let server = TestApp::start().await;
    let lan = server.device("lan").await;
    let id = server.app.database().sessions(server::database::Seen::All).await.unwrap()[0].id;
    assert!(server.app.database().revoke_session(id, Revoked::SignedOut, None, 5).await.unwrap());
    let operations = [lan.create(1, 1, "phuong_a", &[])];
    let answer = lan.post_push(codec::encode(&lan.request(&operations)), &[]).await;
    let code = (answer.status, answer.code());
    assert_eq!(code, (StatusCode::UNAUTHORIZED, "session_revoked".to_owned()));
    let thu = server.device("thu").await;
    assert_eq!(thu.get("/api/v1/quarantine").await.json(), serde_json::json!([]));

    let again = server.device_with_id("lan", lan.id).await;
    let response = again.push(&operations).await;
    assert_eq!(reasons(&response.verdicts), [(1, Outcome::Applied, None)]);
    assert_eq!(stored(&thu).await, 1);
}

#[tokio::test]
async fn work_of_a_disabled_account_is_kept_and_an_unknown_session_is_turned_away() {
    let server = TestApp::start().await;
    let lan = server.device("lan").await;
    server.app.database().disable_account("lan", None, 5).await.unwrap();
    let response = lan.push(&[lan.create(1, 1, "phuong_a", &[])]).await;
    assert_eq!(
        reasons(&response.verdicts),
        [(1, Outcome::Quarantined, Some(QuarantineReason::Revoked))]
    );
    assert_eq!(response.acked, 1);
    let pull = lan.get("/api/v1/pull").await;
    assert_eq!((pull.status, pull.code().as_str()), (StatusCode::UNAUTHORIZED, "session_revoked"));
    let thu = server.device("thu").await;
    assert_eq!(stored(&thu).await, 0);
    assert_eq!(thu.get("/api/v1/quarantine").await.json()[0]["reason"], "revoked");

    let stranger = Device { cookie: "sotay=0123".to_owned(), account: "lan".to_owned(), ..lan };
    let body = codec::encode(&stranger.request(&[]));
    let answer = stranger.post_push(body, &[]).await;
    assert_eq!((answer.status, answer.code().as_str()), (StatusCode::UNAUTHORIZED, "signed_out"));
}

#[tokio::test]
async fn a_copied_phone_is_noticed_and_both_its_words_are_kept() {
    let server = TestApp::start().await;
    let lan = server.device("lan").await;
    lan.push(&[lan.create(1, 1, "phuong_a", &[("ghi_chu", text("gốc"))])]).await;
    let copy = [lan.create(1, 2, "phuong_a", &[("ghi_chu", text("bản sao"))])];
    for _ in 0..2 {
        let response = lan.push(&copy).await;
        assert_eq!(
            reasons(&response.verdicts),
            [(1, Outcome::Quarantined, Some(QuarantineReason::Fork))]
        );
    }
    let desk = server.device("thu").await.get("/api/v1/quarantine").await.json();
    assert_eq!(desk.as_array().unwrap().len(), 1, "kept once");
    assert_eq!(stored(&lan).await, 1);
}

#[tokio::test]
async fn two_people_who_did_not_see_each_other_end_in_a_conflict_that_hides_nothing() {
    let server = TestApp::start().await;
    let (lan, minh) = (server.device("lan").await, server.device("minh").await);
    lan.push(&[lan.create(1, 1, "phuong_a", &[("ghi_chu", text("của lan"))])]).await;
    let dot = Dot { device: lan.id, seq: 1 };
    let amend = |device: &Device<'_>, seq, value: &str| {
        let mut operation = device.create(seq, 1, "phuong_a", &[("ghi_chu", text(value))]);
        operation.action = Action::Amend;
        operation.fields.remove(field::STATE);
        operation.fields.get_mut("ghi_chu").unwrap().over = vec![dot];
        operation
    };
    let by_lan = lan.push(&[amend(&lan, 2, "lan sửa")]).await;
    assert_eq!(by_lan.verdicts[0].outcome, Outcome::Applied);
    let by_minh = minh.push(&[amend(&minh, 1, "minh sửa")]).await;
    assert_eq!(by_minh.verdicts[0].outcome, Outcome::Conflict);
    let records = lan.pull(None).await.records;
    let standing: Vec<_> =
        records[0].fields["ghi_chu"].iter().map(|sibling| sibling.value.clone()).collect();
    assert_eq!(standing, [text("lan sửa"), text("minh sửa")]);
}

#[tokio::test]
async fn an_auditor_writes_nothing() {
    let server = TestApp::start().await;
    let kiem = server.device("kiem").await;
    let response = kiem.push(&[kiem.create(1, 1, "phuong_a", &[])]).await;
    assert_eq!(
        reasons(&response.verdicts),
        [(1, Outcome::Quarantined, Some(QuarantineReason::OutOfScope))]
    );
}

/// Approving and sending back are the coordinator's word; what an officer sends of that is kept and not applied.
#[tokio::test]
async fn an_officer_cannot_approve_a_record_or_undo_an_approval() {
    let server = TestApp::start().await;
    let (lan, an) = (server.device("lan").await, server.device("an").await);
    lan.push(&[lan.create(1, 1, "phuong_a", &[])]).await;
    let says = |device: &Device<'_>, seq, state: State, over: &[Dot]| {
        let mut operation = device.create(seq, 1, "phuong_a", &[]);
        operation.action = Action::Edit;
        let write = Write { value: text(state.name()), over: over.to_vec() };
        operation.fields.insert(field::STATE.to_owned(), write);
        operation
    };
    let submitted = Dot { device: lan.id, seq: 1 };
    let forged = lan.push(&[says(&lan, 2, State::Approved, &[submitted])]).await;
    assert_eq!((forged.acked, forged.verdicts[0].outcome), (2, Outcome::Quarantined));
    assert_eq!(forged.verdicts[0].reason, Some(QuarantineReason::OutOfScope));
    let state = async || {
        let page = an.pull(None).await;
        page.records[0].fields[field::STATE].iter().map(|s| s.value.clone()).collect::<Vec<_>>()
    };
    assert_eq!(state().await, [text("submitted")]);
    let entry = an.get("/api/v1/quarantine").await.json()[0].clone();
    assert_eq!((&entry["reason"], &entry["obstacle"]), (&json!("not_allowed"), &json!(null)));

    let returned = an.push(&[says(&an, 1, State::Returned, &[submitted])]).await;
    assert_eq!(returned.verdicts[0].outcome, Outcome::Applied);
    let back = Dot { device: an.id, seq: 1 };
    let again = lan.push(&[says(&lan, 3, State::Submitted, &[back])]).await;
    assert_eq!(again.verdicts[0].outcome, Outcome::Applied, "what was returned is reopened");
    let again = Dot { device: lan.id, seq: 3 };
    let approved = an.push(&[says(&an, 2, State::Approved, &[again])]).await;
    assert_eq!(approved.verdicts[0].outcome, Outcome::Applied);
    let approval = Dot { device: an.id, seq: 2 };
    for (seq, state) in (4..).zip([State::Draft, State::Withdrawn]) {
        let told = lan.push(&[says(&lan, seq, state, &[approval])]).await;
        assert_eq!(told.verdicts[0].outcome, Outcome::Quarantined, "{state}");
    }
    assert_eq!(state().await, [text("approved")]);

    // The desk may apply what its author was not allowed: the coordinator vouches for it.
    let entry = an.get("/api/v1/quarantine").await.json()[0].clone();
    let path = format!("/api/v1/quarantine/{}/apply", entry["id"]);
    let headers = [("cookie", an.cookie.as_str()), ("x-sotay", "1")];
    let applied = server.request(Method::POST, &path, &headers, Body::empty()).await;
    assert_eq!(applied.json()["state"], "applied", "{:?}", applied.body);
    assert_eq!(state().await, [text("withdrawn")]);
}

/// Whatever an officer's phone says: the reason for sending a record back is the reviewer's word, what was approved is
/// changed by nobody else who saw that, and no session speaks for another account. All of it is kept.
#[tokio::test]
async fn an_officer_neither_judges_nor_changes_what_they_saw_approved() {
    let server = TestApp::start().await;
    let (lan, an) = (server.device("lan").await, server.device("an").await);
    lan.push(&[lan.create(1, 1, "phuong_a", &[("ghi_chu", text("một"))])]).await;
    let writes = |device: &Device<'_>, seq, fields: &[(&str, &str, &[Dot])]| {
        let mut operation = device.create(seq, 1, "phuong_a", &[]);
        operation.action = Action::Amend;
        let write = |(path, value, over): &(&str, &str, &[Dot])| {
            let value = if value.is_empty() { Value::Empty } else { text(value) };
            ((*path).to_owned(), Write { value, over: over.to_vec() })
        };
        operation.fields = fields.iter().map(write).collect();
        operation
    };
    let submitted = Dot { device: lan.id, seq: 1 };
    let approval = Dot { device: an.id, seq: 1 };
    let approve =
        [(field::STATE, "approved", &[submitted][..]), (field::DELETED, "", &[submitted])];
    let approved = an.push(&[writes(&an, 1, &approve)]).await;
    assert_eq!(approved.verdicts[0].outcome, Outcome::Applied);

    let hostile: [&[(&str, &str, &[Dot])]; 4] = [
        &[(field::REASON, "1 tự nhận", &[])],
        &[(field::STATE, "approved", &[]), (field::DELETED, "", &[])],
        &[("ghi_chu", "hai", &[submitted]), (field::DELETED, "", &[approval])],
        &[("ghi_chu", "hai", &[submitted, approval])],
    ];
    for (seq, fields) in (2..).zip(hostile) {
        let told = lan.push(&[writes(&lan, seq, fields)]).await;
        assert_eq!(
            (told.acked, told.verdicts[0].outcome),
            (seq, Outcome::Quarantined),
            "{fields:?}"
        );
    }
    let mut forged = writes(&lan, 6, &[(field::STATE, "returned", &[approval])]);
    forged.author = "an".to_owned();
    let told = lan.push(&[forged]).await;
    assert_eq!(told.verdicts[0].reason, Some(QuarantineReason::OtherAuthor));
    let record = an.pull(None).await.records[0].clone();
    let standing = |path: &str| {
        record.fields.get(path).into_iter().flatten().map(|it| it.value.clone()).collect::<Vec<_>>()
    };
    assert_eq!(
        (standing(field::STATE), standing("ghi_chu")),
        (vec![text("approved")], vec![text("một")])
    );
    assert_eq!(standing(field::REASON), []);

    // Without having seen the approval, as from a phone that was away, it stands beside it and is told.
    let away = [("ghi_chu", "hai", &[submitted][..]), (field::DELETED, "", &[submitted])];
    let told = lan.push(&[writes(&lan, 7, &away)]).await;
    assert_ne!(told.verdicts[0].outcome, Outcome::Quarantined);
    let view = RecordView::of(&an.pull(None).await.records[0]);
    let told = view.conflicts.iter().any(|conflict| conflict.path == field::STATE);
    assert!(told && view.is_approved() && view.fields["ghi_chu"] == text("hai"), "{view:?}");
}

impl Device<'_> {
    /// Pushes, and lets something happen after the server knows who sends and before it has what is sent.
    async fn push_around(
        &self,
        body: Vec<u8>,
        meanwhile: impl Future<Output = ()> + Send + 'static,
    ) -> Answer {
        let coming = futures::stream::once(async move {
            meanwhile.await;
            Ok::<_, std::io::Error>(body)
        });
        let headers = [
            ("cookie", self.cookie.as_str()),
            ("x-sotay", "1"),
            ("content-type", "application/cbor"),
        ];
        let body = Body::from_stream(coming);
        self.server.request(Method::POST, "/api/v1/push", &headers, body).await
    }
}

#[tokio::test]
async fn a_session_that_ends_while_its_body_comes_pushes_nothing() {
    let server = TestApp::start().await;
    let lan = server.device("lan").await;
    let body = codec::encode(&lan.request(&[lan.create(1, 1, "phuong_a", &[])]));
    let database = server.app.database().clone();
    let session = lan.get("/api/v1/sessions").await.json()[0]["id"].as_i64().unwrap();
    let answer = lan
        .push_around(body.clone(), async move {
            assert!(database.revoke_session(session, Revoked::Lost, None, 5).await.unwrap());
        })
        .await;
    assert_eq!((answer.status, answer.code().as_str()), (StatusCode::UNAUTHORIZED, "session_lost"));
    let again = server.device_with_id("lan", lan.id).await;
    assert_eq!(stored(&again).await, 0);
    assert_eq!(again.push(&[lan.create(1, 1, "phuong_a", &[])]).await.acked, 1);
}

#[tokio::test]
async fn what_comes_while_its_author_is_disabled_waits_at_the_repair_desk() {
    let server = TestApp::start().await;
    let lan = server.device("lan").await;
    let body = codec::encode(&lan.request(&[lan.create(1, 1, "phuong_a", &[])]));
    let database = server.app.database().clone();
    let answer = lan
        .push_around(body, async move {
            assert!(database.disable_account("lan", None, 5).await.unwrap());
        })
        .await;
    assert_eq!(answer.status, StatusCode::OK, "{:?}", answer.body);
    let told: PushResponse = codec::decode(&answer.body).unwrap();
    assert_eq!(
        reasons(&told.verdicts),
        [(1, Outcome::Quarantined, Some(QuarantineReason::Revoked))]
    );
    assert_eq!(stored(&server.device("minh").await).await, 0);
}

/// Of two operations that begin a record the lower name counts as its first, and device ids are in every record.
#[tokio::test]
async fn nobody_takes_over_a_record_that_a_colleague_began() {
    let server = TestApp::start().await;
    let (minh, lan) = (server.device("minh").await, server.device("lan").await);
    assert!(minh.id < lan.id);
    lan.push(&[lan.create(1, 1, "phuong_a", &[("ghi_chu", text("của Lan"))])]).await;
    let told = minh.push(&[minh.create(1, 1, "phuong_a", &[("ghi_chu", text("của Minh"))])]).await;
    let an = server.device("an").await;
    assert_eq!(an.pull(None).await.records[0].author, "lan");
    assert_eq!(
        reasons(&told.verdicts),
        [(1, Outcome::Quarantined, Some(QuarantineReason::OutOfScope))]
    );
    // What he wrote is not lost: whoever looks after the ward decides.
    let entry = an.get("/api/v1/quarantine").await.json()[0].clone();
    assert_eq!((&entry["reason"], &entry["obstacle"]), (&json!("not_allowed"), &json!(null)));
}

/// A device's id is no secret, so anybody can sign in as if on it.
#[tokio::test]
async fn who_signs_in_under_a_colleagues_device_loses_nothing_of_theirs_and_hears_nothing() {
    let server = TestApp::start().await;
    let (lan, an) = (server.device("lan").await, server.device("an").await);
    lan.push(&[lan.create(1, 1, "khong_co", &[])]).await;
    let minh = server.device_with_id("minh", lan.id).await;
    minh.push(&[minh.create(2, 2, "phuong_a", &[])]).await;
    let mine = lan.create(2, 3, "phuong_a", &[]);
    let told = lan.push(std::slice::from_ref(&mine)).await;
    let fork = [(2, Outcome::Quarantined, Some(QuarantineReason::Fork))];
    assert_eq!(reasons(&told.verdicts), fork, "her phone goes on under another id");
    let anew = server.device("lan").await;
    let told = anew.push(&[anew.create(1, 3, "phuong_a", &[])]).await;
    assert_eq!(reasons(&told.verdicts), [(1, Outcome::Applied, None)]);
    assert_eq!(an.pull(None).await.records.len(), 2);
    // What the desk says of her work it says to her.
    let desk = an.get("/api/v1/quarantine").await.json();
    let entries = desk.as_array().unwrap();
    let unknown = entries.iter().find(|entry| entry["reason"] == "unknown_unit").unwrap();
    let why = json!({ "reason": "không có phường này" });
    assert_eq!(an.settle(&unknown["id"], "set-aside", why).await.status, StatusCode::OK);
    let told =
        async |device: &Device<'_>| device.pull(None).await.settled.map_or(0, |all| all.len());
    assert_eq!((told(&lan).await, told(&minh).await), (1, 0));
}
