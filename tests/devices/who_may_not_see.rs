//! Who may not see a record never receives it, by no road.

use std::io::Cursor;

use calamine::{Reader, Xlsx};
use sync::wire::{Outcome, QuarantineReason};

use crate::rig::{Phone, Server, Work, random::Random, unit, who};

#[tokio::test]
async fn an_officer_of_another_unit_never_receives_a_record_its_history_or_its_photo() {
    let server = Server::start().await;
    let mut hoa = Phone::enrol(&server.address, who::HOA, "Hoa").await;
    let mut minh = Phone::enrol(&server.address, who::MINH, "Minh").await;
    let mut thu = Phone::enrol(&server.address, who::THU, "Thu").await;
    thu.sync().await;

    let record = hoa.begin(&Work::inspection(unit::LONG_KHANH).await);
    hoa.answer(record, "chung/nguoi_lap", "Nguyễn Thị Hoa");
    let photo = hoa.photograph(record, "pa/a1_anh", Random::new(1).bytes(300_000));
    hoa.press(record, sync::wire::Action::Submit);
    hoa.sync().await;
    thu.sync().await;
    minh.sync().await;

    assert!(thu.disk.records().is_empty());
    assert!(minh.view(record).is_some());
    for path in [format!("/api/v1/records/{record}/history"), format!("/api/v1/blobs/{photo}")] {
        let ask = async |phone: &Phone| phone.http.get(&path).await.expect("an answer");
        assert_eq!(ask(&minh).await.status, 200, "{path}");
        // The same words as for something that does not exist.
        let refused = ask(&thu).await;
        assert_eq!(refused.error(), (404, "not_found".to_owned()), "{path}");
        let stranger = Random::new(2).record();
        let nothing = path.replace(&record.to_string(), &stranger.to_string());
        let nothing = nothing.replace(&photo.to_string(), &"0".repeat(64));
        let nothing = thu.http.get(&nothing).await.expect("an answer");
        assert_eq!((nothing.status, nothing.body), (refused.status, refused.body), "{path}");
    }
}

#[tokio::test]
async fn a_spreadsheet_holds_the_asking_person_s_units_only() {
    let server = Server::start().await;
    let mut hoa = Phone::enrol(&server.address, who::HOA, "Hoa").await;
    let thu = Phone::enrol(&server.address, who::THU, "Thu").await;
    let desk = Phone::enrol(&server.address, who::COORDINATOR, "desk").await;
    let said = "Chưa lập danh sách trẻ em gái bỏ học";
    hoa.fill(&Work::inspection(unit::LONG_KHANH).await, &[("pa/a1", "khong"), ("pa/a1_gc", said)]);
    hoa.sync().await;
    for (phone, holds) in [(&hoa, true), (&desk, true), (&thu, false)] {
        let path = "/api/v1/records.xlsx?form=lk_kt_phuong_xa&lang=vi";
        let answer = phone.http.get(path).await.expect("an answer");
        assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
        let mut book = Xlsx::new(Cursor::new(answer.body)).expect("a workbook");
        let sheets = book.worksheets().into_iter();
        let mut cells = sheets.flat_map(|(_, sheet)| {
            sheet.used_cells().map(|(_, _, cell)| cell.to_string()).collect::<Vec<_>>()
        });
        assert_eq!(cells.any(|cell| cell == said), holds, "{}", phone.account);
    }
}

#[tokio::test]
async fn knowing_a_record_s_id_opens_no_door_to_another_unit() {
    let server = Server::start().await;
    let mut hoa = Phone::enrol(&server.address, who::HOA, "Hoa").await;
    let mut thu = Phone::enrol(&server.address, who::THU, "Thu").await;
    let record = hoa.fill(&Work::inspection(unit::LONG_KHANH).await, &[("chung/nguoi_lap", "Hoa")]);
    hoa.sync().await;

    // The same record, said to be of her own unit.
    let mut forged = hoa.disk.base(record).expect("Hoa pulled it").state;
    forged.unit = unit::BAO_VINH.to_owned();
    thu.know(forged);
    thu.open(record);
    thu.answer(record, "chung/nguoi_lap", "Thu");
    thu.sync().await;
    let verdict = thu.disk.outbox[&1].verdict.clone().expect("it was answered");
    assert_eq!(verdict.outcome, Outcome::Quarantined);
    assert_eq!(verdict.reason, Some(QuarantineReason::OutOfScope));

    hoa.sync().await;
    assert_eq!(hoa.shown(record, "chung/nguoi_lap").as_deref(), Some("Hoa"));
    assert_eq!(thu.disk.base(record), None, "the feed never brought it");
    assert!(thu.view(record).unwrap().quarantined, "her own words stay with her");
}

#[tokio::test]
async fn nobody_reads_anything_without_a_session() {
    let server = Server::start().await;
    let mut hoa = Phone::enrol(&server.address, who::HOA, "Hoa").await;
    let record = hoa.begin(&Work::inspection(unit::LONG_KHANH).await);
    let photo = hoa.photograph(record, "pa/a1_anh", vec![7; 1_000]);
    hoa.sync().await;
    let hash = sync::codec::hash(b"").to_string();
    let stranger = Phone::new(&server.address, who::HOA, "stranger");
    for path in [
        "/api/v1/session".to_owned(),
        "/api/v1/pull".to_owned(),
        "/api/v1/pack".to_owned(),
        "/api/v1/quarantine".to_owned(),
        "/api/v1/records.xlsx?form=lk_kt_phuong_xa".to_owned(),
        format!("/api/v1/forms/{hash}"),
        format!("/api/v1/records/{record}/history"),
        format!("/api/v1/blobs/{photo}"),
    ] {
        let answer = stranger.http.get(&path).await.expect("an answer");
        assert_eq!(answer.error(), (401, "signed_out".to_owned()), "{path}");
    }
}
