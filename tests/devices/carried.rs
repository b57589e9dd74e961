//! Work leaves a phone that has no network, in somebody else's hand.

use serde_json::Value as Json;
use sync::wire::Action;

use crate::rig::{Phone, Server, Work, random::Random, unit, who};

fn receipt(answer: &crate::rig::http::Answer) -> Json {
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    answer.json()["receipt"].clone()
}

fn numbers(receipt: &Json) -> [u64; 5] {
    ["operations", "new_operations", "quarantined", "files", "new_files"]
        .map(|name| receipt[name].as_u64().expect("a number"))
}

#[tokio::test]
async fn a_colleague_brings_it_and_the_coordinator_sees_records_and_photos() {
    let server = Server::start().await;
    let mut hoa = Phone::enrol(&server.address, who::HOA, "Hoa").await;
    let mut minh = Phone::enrol(&server.address, who::MINH, "Minh").await;
    let mut coordinator = Phone::enrol(&server.address, who::COORDINATOR, "Lan").await;
    hoa.sync().await;
    let work = Work::inspection(unit::LONG_KHANH).await;
    let submitted = hoa.begin(&work);
    let bytes = Random::new(8).bytes(700_000);
    let photo = hoa.photograph(submitted, "pa/a1_anh", bytes.clone());
    hoa.press(submitted, Action::Submit);
    let draft = hoa.begin(&work);
    hoa.answer(draft, "pa/a1", "dat");
    let bundle = hoa.bundle().await;
    assert_eq!(hoa.disk.waiting().records, 2, "all of it is still on the phone");

    assert_eq!(numbers(&receipt(&minh.deliver(&bundle).await)), [2, 2, 0, 1, 1]);
    coordinator.sync().await;
    assert_eq!(coordinator.shown(submitted, "pa/a1_anh"), Some(photo.to_string()));
    assert_eq!(coordinator.shown(draft, "pa/a1").as_deref(), Some("dat"), "drafts go along");
    assert_eq!(coordinator.view(submitted).expect("a record").author, who::HOA);
    let file = coordinator.http.get(&format!("/api/v1/blobs/{photo}")).await.expect("an answer");
    assert_eq!(file.body, bytes);
    assert_eq!(coordinator.operations(submitted).await, 1);

    // Once more by another, and then the phone itself comes back: nothing is there twice, no photo is sent twice.
    assert_eq!(
        numbers(&receipt(&coordinator.deliver(&bundle).await)),
        [2, 2, 0, 1, 1],
        "the first receipt"
    );
    let before = hoa.http.traffic().up;
    let status = hoa.sync().await;
    assert_eq!((status.unsent_ops, status.unsent_blobs, status.blocked), (0, 0, None));
    assert!(hoa.http.traffic().up - before < 4_000, "the answers as proof, and no photo");
    assert_eq!(coordinator.operations(submitted).await, 1);
    assert_eq!(coordinator.operations(draft).await, 1);
    minh.sync().await;
    assert_eq!(minh.shown(draft, "pa/a1").as_deref(), Some("dat"));
}

#[tokio::test]
async fn what_the_phone_sends_itself_may_come_before_between_and_after() {
    let server = Server::start().await;
    let mut hoa = Phone::enrol(&server.address, who::HOA, "Hoa").await;
    let minh = Phone::enrol(&server.address, who::MINH, "Minh").await;
    let work = Work::inspection(unit::LONG_KHANH).await;
    let first = hoa.fill(&work, &[("pa/a1", "dat")]);
    let early = hoa.bundle().await;
    let second = hoa.fill(&work, &[("pa/a1", "khong_dat")]);
    let late = hoa.bundle().await;
    hoa.open(first);
    hoa.answer(first, "pa/a1_ghi_chu", "sửa sau");
    hoa.press(first, Action::Amend);

    assert_eq!(
        numbers(&receipt(&minh.deliver(&late).await))[..2],
        [2, 2],
        "the second overtakes the first"
    );
    hoa.sync().await;
    assert_eq!(numbers(&receipt(&minh.deliver(&early).await))[..2], [1, 0]);
    assert_eq!(hoa.disk.waiting(), Default::default());
    for (record, operations) in [(first, 2), (second, 1)] {
        assert_eq!(hoa.operations(record).await, operations);
    }
    assert_eq!(hoa.shown(first, "pa/a1_ghi_chu").as_deref(), Some("sửa sau"));
    assert!(hoa.view(first).expect("a record").conflicts.is_empty());
}

#[tokio::test]
async fn a_restored_server_is_healed_by_a_file() {
    let mut server = Server::start().await;
    let mut hoa = Phone::enrol(&server.address, who::HOA, "Hoa").await;
    let minh = Phone::enrol(&server.address, who::MINH, "Minh").await;
    let work = Work::inspection(unit::LONG_KHANH).await;
    let kept = hoa.fill(&work, &[("pa/a1", "dat")]);
    hoa.sync().await;
    hoa.bundle().await; // its key is in the backup
    let copy = server.back_up("backup.sqlite").await;
    hoa.sync().await;
    let lost = hoa.fill(&work, &[("pa/a1", "khong_dat")]);
    hoa.sync().await;
    assert_eq!(hoa.disk.waiting(), Default::default(), "the server had it");
    let bundle = hoa.bundle().await;
    server.stop().await;
    server.put_back(&copy).await;
    server.go_on().await;
    assert_eq!(numbers(&receipt(&minh.deliver(&bundle).await))[..2], [1, 1]);
    for record in [kept, lost] {
        assert_eq!(hoa.operations(record).await, 1);
    }
}
