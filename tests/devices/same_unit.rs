//! What one person records, those who may see it receive.

use sync::device::{Blocked, Effect, Event, Phase};
use sync::wire::{Action, State};

use crate::rig::{Phone, Server, Work, server::form_xml, unit, who};

const ANSWERS: [(&str, &str); 4] = [
    ("chung/ngay", "2026-11-23"),
    ("chung/nguoi_lap", "Nguyễn Thị Hoa"),
    ("pa/a1", "khong"),
    ("pa/a1_gc", "Chưa lập danh sách trẻ em gái bỏ học; hẹn ngày 30/11 nộp lại."),
];

#[tokio::test]
async fn what_one_officer_records_another_of_the_same_unit_receives() {
    let server = Server::start().await;
    let mut hoa = Phone::enrol(&server.address, who::HOA, "Hoa").await;
    let mut minh = Phone::enrol(&server.address, who::MINH, "Minh").await;
    let work = Work::inspection(unit::LONG_KHANH).await;
    let record = hoa.fill(&work, &ANSWERS);
    assert!(hoa.view(record).unwrap().pending);

    let status = hoa.sync().await;
    assert_eq!((status.unsent_ops, status.blocked, status.phase), (0, None, Phase::Idle));
    assert!(!hoa.view(record).unwrap().pending);
    minh.sync().await;

    let seen = minh.view(record).expect("it arrived");
    assert_eq!(seen.fields, hoa.view(record).unwrap().fields);
    for (path, text) in ANSWERS {
        assert_eq!(minh.shown(record, path).as_deref(), Some(text), "{path}");
    }
    assert_eq!((seen.state, seen.author.as_str()), (State::Submitted, who::HOA));
    assert_eq!((seen.unit.as_str(), &seen.form), (unit::LONG_KHANH, &work.form));
    assert!(seen.conflicts.is_empty() && !seen.pending);
}

#[tokio::test]
async fn the_rows_of_a_roster_arrive_and_a_removed_row_is_gone() {
    let server = Server::start().await;
    let mut hoa = Phone::enrol(&server.address, who::HOA, "Hoa").await;
    let mut minh = Phone::enrol(&server.address, who::MINH, "Minh").await;
    let work = Work::new("lk_lop_tap_huan", unit::LONG_KHANH).await;
    let record = hoa.begin(&work);
    for person in 1..=12 {
        let row = format!("hoc_vien[{person:02}]");
        hoa.answer(record, &row, &person.to_string());
        hoa.answer(record, &format!("{row}/hv_ten"), &format!("Học viên số {person}"));
    }
    hoa.sync().await;
    hoa.put(record, "hoc_vien[07]", sync::wire::Value::Empty);
    hoa.press(record, Action::Submit);
    hoa.sync().await;
    minh.sync().await;

    let names = minh.view(record).expect("it arrived").fields;
    let names = names.keys().filter(|path| path.ends_with("/hv_ten"));
    assert_eq!(names.count(), 11);
    assert_eq!(minh.shown(record, "hoc_vien[07]/hv_ten"), None);
    assert_eq!(minh.shown(record, "hoc_vien[08]/hv_ten").as_deref(), Some("Học viên số 8"));
}

#[tokio::test]
async fn a_draft_follows_its_author_to_another_phone() {
    let server = Server::start().await;
    let mut old = Phone::enrol(&server.address, who::HOA, "Hoa, old phone").await;
    let mut new = Phone::enrol(&server.address, who::HOA, "Hoa, new phone").await;
    let record = old.begin(&Work::inspection(unit::LONG_KHANH).await);
    old.answer(record, "chung/nguoi_lap", "Nguyễn Thị Hoa");
    old.sync().await;
    new.sync().await;
    assert_eq!(new.view(record).expect("it arrived").state, State::Draft);

    new.open(record);
    new.answer(record, "pa/a1", "co");
    new.press(record, Action::Submit);
    new.sync().await;
    old.sync().await;
    assert_eq!(old.view(record).unwrap().state, State::Submitted);
    assert_eq!(old.shown(record, "pa/a1").as_deref(), Some("co"));
    assert!(old.view(record).unwrap().conflicts.is_empty());
}

#[tokio::test]
async fn the_coordinator_receives_the_records_of_every_unit() {
    let server = Server::start().await;
    let mut records = Vec::new();
    for (account, unit) in
        [(who::HOA, unit::LONG_KHANH), (who::MINH, unit::LONG_KHANH), (who::THU, unit::BAO_VINH)]
    {
        let mut phone = Phone::enrol(&server.address, account, account).await;
        records.push(phone.fill(&Work::inspection(unit).await, &ANSWERS));
        phone.sync().await;
    }
    let mut desk = Phone::enrol(&server.address, who::COORDINATOR, "desk").await;
    desk.sync().await;
    records.sort();
    assert!(desk.disk.records().into_iter().eq(records));
}

#[tokio::test]
async fn a_coordinator_who_watches_receives_a_record_without_asking() {
    let server = Server::start().await;
    let mut hoa = Phone::enrol(&server.address, who::HOA, "Hoa").await;
    let mut desk = Phone::enrol(&server.address, who::COORDINATOR, "desk").await;
    desk.happen(Event::Watching(true));
    while !matches!(desk.next_effect(), Some(Effect::Pull { wait_s: 1.., .. })) {
        assert!(desk.step().await, "a desk that watches asks for news and waits");
    }
    let record = hoa.fill(&Work::inspection(unit::LONG_KHANH).await, &ANSWERS);
    let receive = async { while desk.step().await {} };
    tokio::join!(receive, hoa.sync());
    assert_eq!(desk.view(record).expect("it arrived").state, State::Submitted);
    assert!(desk.wants_tick, "it asks for more after a pause");
}

#[tokio::test]
async fn a_phone_downloads_the_pack_and_every_form_by_its_hash() {
    let server = Server::start().await;
    let hoa = Phone::enrol(&server.address, who::HOA, "Hoa").await;
    let pack = hoa.http.get("/api/v1/pack").await.expect("an answer").json();
    let forms = pack["forms"].as_array().expect("forms").clone();
    assert_eq!(forms.len(), 18);
    for form in &forms {
        let (id, hash) = (form["id"].as_str().unwrap(), form["hash"].as_str().unwrap());
        let xml = hoa.http.get(&format!("/api/v1/forms/{hash}")).await.expect("an answer");
        assert_eq!(xml.status, 200, "{id}");
        assert_eq!(sync::codec::hash(&xml.body).to_string(), hash, "{id}");
        assert_eq!(xml.body, form_xml(id).await.as_bytes(), "{id}");
    }
}

#[tokio::test]
async fn a_phone_without_a_server_says_so_and_keeps_everything() {
    let mut server = Server::start().await;
    let mut hoa = Phone::enrol(&server.address, who::HOA, "Hoa").await;
    server.stop().await;
    let record = hoa.fill(&Work::inspection(unit::LONG_KHANH).await, &ANSWERS);
    let status = hoa.sync().await;
    assert_eq!((status.unsent_ops, status.blocked), (1, Some(Blocked::Unreachable)));
    assert!(hoa.wants_tick);

    server.go_on().await;
    hoa.happen(Event::Tick);
    while hoa.step().await {}
    assert!(!hoa.view(record).unwrap().pending);
    assert_eq!(hoa.status.unwrap().blocked, None);
}
