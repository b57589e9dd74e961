//! A record that moves to another unit leaves the phones of those who see only the one that it left, and takes nothing
//! with it that they still owe.

use serde_json::json;
use sync::merge::{Record, Stamp};
use sync::wire::{Action, QuarantineReason, RecordId};

use crate::repair_desk::{settle, waiting};
use crate::rig::{Phone, Server, Work, unit, who};

const FIELD: &str = "pa/a1_gc";
const OTHER: &str = "chung/nguoi_lap";
const TYPED: &str = "pa/a2_gc";

/// Thu's record waits at the desk. Meanwhile Hoa comes to hold it in another way, under her own ward, and amends it.
async fn begun_late(server: &Server) -> (Phone, Phone, RecordId) {
    let mut thu = Phone::enrol(&server.address, who::THU, "Thu").await;
    let record = thu.fill(&Work::inspection(unit::BAO_VINH).await, &[(FIELD, "của Thu")]);
    thu.account = who::HOA.to_owned();
    thu.sign_in().await;
    thu.sync().await;
    thu.account = who::THU.to_owned();
    thu.sign_in().await;

    let mut hoa = Phone::enrol(&server.address, who::HOA, "Hoa").await;
    let mut carried = Record::begin(&thu.disk.outbox[&1].operation()).state(Stamp::default());
    carried.unit = unit::LONG_KHANH.to_owned();
    hoa.know(carried);
    hoa.open(record);
    hoa.answer(record, OTHER, "Hoa");
    hoa.press(record, Action::Amend);
    hoa.sync().await;
    assert_eq!(hoa.view(record).expect("applied").unit, unit::LONG_KHANH);
    (thu, hoa, record)
}

#[tokio::test]
async fn a_record_that_the_desk_moves_leaves_the_other_ward_and_stays_with_who_sees_both() {
    let server = Server::start().await;
    let (mut thu, mut hoa, record) = begun_late(&server).await;
    let mut minh = Phone::enrol(&server.address, who::MINH, "Minh").await;
    let mut desk = Phone::enrol(&server.address, who::COORDINATOR, "desk").await;
    minh.sync().await;
    desk.sync().await;
    assert!(minh.disk.base(record).is_some() && desk.disk.base(record).is_some());
    // Minh types while he has no network.
    minh.open(record);
    minh.answer(record, TYPED, "Minh đang viết");

    let entry = waiting(&desk).await.remove(0);
    assert_eq!(settle(&desk, &entry, "apply", json!(null)).await.status, 200);
    for phone in [&mut thu, &mut hoa, &mut minh, &mut desk] {
        let status = phone.sync().await;
        assert_eq!((status.unsent_ops, status.blocked), (0, None), "{}", phone.account);
    }
    assert!(hoa.disk.base(record).is_none() && hoa.view(record).is_none(), "it left");
    assert!(minh.disk.base(record).is_none(), "it left him too");
    let sealed = &minh.disk.outbox[&1];
    let verdict = sealed.verdict.as_ref().expect("it was answered");
    assert_eq!(verdict.reason, Some(QuarantineReason::OutOfScope));
    assert_eq!(minh.shown(record, TYPED).as_deref(), Some("Minh đang viết"), "his own words stay");
    for phone in [&thu, &desk] {
        assert_eq!(phone.view(record).expect("it is theirs").unit, unit::BAO_VINH);
        assert_eq!(phone.shown(record, OTHER).as_deref(), Some("Hoa"));
    }

    // What he wrote is not lost: whoever sees both wards finds it.
    let entry = waiting(&desk).await.remove(0);
    assert_eq!((&entry["author"], &entry["obstacle"]), (&json!(who::MINH), &json!(null)));
    let mut fields = entry["fields"].as_array().expect("a list").iter();
    assert!(fields.any(|field| field["value"] == "Minh đang viết"), "{entry}");
}

#[tokio::test]
async fn a_phone_that_reads_the_feed_page_by_page_is_told_on_whichever_page_it_left() {
    let server = Server::start().await;
    let (_thu, mut hoa, record) = begun_late(&server).await;
    let desk = Phone::enrol(&server.address, who::COORDINATOR, "desk").await;
    let work = Work::inspection(unit::LONG_KHANH).await;
    for number in 0..sync::pull::PAGE_SIZE {
        hoa.fill(&work, &[(OTHER, &number.to_string())]);
    }
    let mut minh = Phone::enrol(&server.address, who::MINH, "Minh").await;
    minh.sync().await;
    assert!(minh.disk.base(record).is_some());
    hoa.sync().await;
    let entry = waiting(&desk).await.remove(0);
    assert_eq!(settle(&desk, &entry, "apply", json!(null)).await.status, 200);
    let before = minh.http.traffic().requests;
    minh.sync().await;
    assert!(minh.http.traffic().requests > before + 1, "more than a page");
    assert!(minh.view(record).is_none());
    assert_eq!(minh.disk.records().len(), sync::pull::PAGE_SIZE, "and nothing else left");
}
