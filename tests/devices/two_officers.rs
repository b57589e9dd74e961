//! Two people work on one record without a network between them.

use sync::view::Level;
use sync::wire::{Action, RecordId, Value};

use crate::rig::{Phone, Server, Work, unit, who};

const FIELD: &str = "pa/a1_gc";

async fn two_with_one_record(server: &Server) -> (Phone, Phone, RecordId) {
    let mut hoa = Phone::enrol(&server.address, who::HOA, "Hoa").await;
    let mut minh = Phone::enrol(&server.address, who::MINH, "Minh").await;
    let record = hoa.begin(&Work::inspection(unit::LONG_KHANH).await);
    hoa.answer(record, FIELD, "ban đầu");
    hoa.answer(record, "pb/b1", "co");
    hoa.sync().await;
    hoa.close(record);
    minh.sync().await;
    (hoa, minh, record)
}

/// Both open what they hold, answer, and leave the form.
fn edit(phone: &mut Phone, record: RecordId, path: &str, text: &str) {
    phone.open(record);
    phone.answer(record, path, text);
    phone.close(record);
}

fn all_show_the_same(phones: &[&Phone], record: RecordId) {
    let told = |phone: &Phone| {
        let view = phone.view(record).expect("the phone holds the record");
        (view.fields, view.conflicts, view.state, view.deleted)
    };
    for pair in phones.windows(2) {
        assert_eq!(told(pair[0]), told(pair[1]));
    }
}

#[tokio::test]
async fn two_values_of_one_field_both_stand_until_somebody_settles_it() {
    let server = Server::start().await;
    let (mut hoa, mut minh, record) = two_with_one_record(&server).await;
    let mut desk = Phone::enrol(&server.address, who::COORDINATOR, "desk").await;
    edit(&mut hoa, record, FIELD, "Hoa viết");
    edit(&mut minh, record, FIELD, "Minh viết");
    hoa.sync().await;
    minh.sync().await;
    hoa.sync().await;
    desk.sync().await;

    all_show_the_same(&[&hoa, &minh, &desk], record);
    let conflicts = desk.view(record).unwrap().conflicts;
    assert_eq!((conflicts[0].path.as_str(), conflicts[0].level), (FIELD, Level::Decide));
    let mut values: Vec<&Value> =
        conflicts[0].values.iter().map(|sibling| &sibling.value).collect();
    values.sort();
    let text = |text: &str| Value::Text(text.to_owned());
    assert_eq!(values, [&text("Hoa viết"), &text("Minh viết")]);

    desk.open(record);
    desk.answer(record, FIELD, "Cả hai đúng");
    desk.press(record, Action::Resolve);
    desk.sync().await;
    hoa.sync().await;
    minh.sync().await;
    all_show_the_same(&[&hoa, &minh, &desk], record);
    assert!(hoa.view(record).unwrap().conflicts.is_empty());
    assert_eq!(hoa.shown(record, FIELD).as_deref(), Some("Cả hai đúng"));

    // Nothing is forgotten: the history still has both.
    let path = format!("/api/v1/records/{record}/history");
    let history = desk.http.get(&path).await.expect("an answer").json();
    let written: Vec<String> = history
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|entry| {
            let fields = entry["fields"].as_array().unwrap().clone();
            fields.into_iter().filter(|field| field["path"] == FIELD)
        })
        .map(|field| field["value"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(written, ["ban đầu", "Hoa viết", "Minh viết", "Cả hai đúng"]);
}

#[tokio::test]
async fn different_fields_of_one_record_are_put_together() {
    let server = Server::start().await;
    let (mut hoa, mut minh, record) = two_with_one_record(&server).await;
    edit(&mut hoa, record, FIELD, "Hoa viết");
    edit(&mut minh, record, "pb/b1", "khong");
    hoa.sync().await;
    minh.sync().await;
    hoa.sync().await;
    all_show_the_same(&[&hoa, &minh], record);
    assert_eq!(hoa.shown(record, FIELD).as_deref(), Some("Hoa viết"));
    assert_eq!(hoa.shown(record, "pb/b1").as_deref(), Some("khong"));
    let gravest = hoa.view(record).unwrap().conflicts.first().map(|conflict| conflict.level);
    assert!(gravest < Some(Level::Decide), "{gravest:?}");
}

#[tokio::test]
async fn a_record_deleted_by_one_and_changed_by_the_other_asks_somebody() {
    let server = Server::start().await;
    let (mut hoa, mut minh, record) = two_with_one_record(&server).await;
    hoa.open(record);
    hoa.press(record, Action::Delete);
    edit(&mut minh, record, FIELD, "Minh viết");
    minh.sync().await;
    hoa.sync().await;
    minh.sync().await;
    all_show_the_same(&[&hoa, &minh], record);
    let conflicts = hoa.view(record).unwrap().conflicts;
    assert_eq!(conflicts.first().map(|conflict| conflict.level), Some(Level::Decide));
    assert_eq!(hoa.view(record).unwrap().dots[FIELD].len(), 1, "what Minh wrote is kept");
}

#[tokio::test]
async fn what_a_sync_brings_while_a_form_is_open_is_not_overwritten_unseen() {
    let server = Server::start().await;
    let (mut hoa, mut minh, record) = two_with_one_record(&server).await;
    hoa.open(record);
    edit(&mut minh, record, FIELD, "Minh viết");
    minh.sync().await;
    hoa.sync().await; // Minh's words arrive behind the open form
    hoa.answer(record, FIELD, "Hoa viết");
    hoa.sync().await;
    minh.sync().await;
    all_show_the_same(&[&hoa, &minh], record);
    assert_eq!(minh.view(record).unwrap().dots[FIELD].len(), 2, "both stand");
}

#[tokio::test]
async fn a_clock_that_is_years_off_decides_nothing() {
    const YEARS_MS: i64 = 20 * 365 * 24 * 3600 * 1000;
    let server = Server::start().await;
    let (mut hoa, mut minh, record) = two_with_one_record(&server).await;
    hoa.wall_ms += 2 * YEARS_MS;
    edit(&mut hoa, record, FIELD, "viết trước, đồng hồ chạy trước");
    hoa.sync().await;
    minh.sync().await;
    minh.wall_ms -= YEARS_MS;
    edit(&mut minh, record, FIELD, "viết sau, đồng hồ chạy sau");
    minh.sync().await;
    hoa.sync().await;
    all_show_the_same(&[&hoa, &minh], record);
    assert_eq!(hoa.shown(record, FIELD).as_deref(), Some("viết sau, đồng hồ chạy sau"));
    assert!(hoa.view(record).unwrap().conflicts.is_empty());
    // The server's clock, not the phones', says when it changed.
    let changed_ms = hoa.view(record).unwrap().changed_ms;
    assert!((changed_ms - server::clock::now_ms()).abs() < YEARS_MS, "{changed_ms}");
}
