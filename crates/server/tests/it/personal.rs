//! Personal data: who does not see it, and that nothing of it leaves the server for them.

use std::collections::BTreeMap;
use std::io::Cursor;
use std::path::Path;

use axum::http::StatusCode;
use calamine::{Data, Reader, Xlsx};
use server::accounts::Role;
use server::database::{AccountChange, FormRow, NewPack, PersonalRule};
use server::pack_load;
use server::persons::{self, Wanted};
use sync::codec;
use sync::wire::{
    Action, DeviceId, Dot, FileRef, FormRef, Hash, Operation, Outcome, PullResponse,
    QuarantineReason, RecordState, Value, Write, field,
};

use crate::app::{Device, FORM, TestApp, form_ref, pack, text};
use crate::programmes::other_form;

pub const FIELD_WORK: [Role; 3] = [Role::Officer, Role::Trainer, Role::Coordinator];

pub fn rule(field: &str, person: &str, months: u32, seen_by: &[Role]) -> PersonalRule {
    PersonalRule {
        form: form_ref().id,
        field: field.to_owned(),
        person: person.to_owned(),
        purpose: r#"{"vi":"điểm danh"}"#.to_owned(),
        months,
        seen_by: seen_by.to_vec(),
    }
}

/// The pack with names, a photo and the title that is made of a name declared as personal.
pub fn declared(name: &str, seen_by: &[Role]) -> NewPack {
    let rule = |field, person, months| rule(field, person, months, seen_by);
    NewPack {
        hash: codec::hash(name.as_bytes()),
        personal: vec![
            rule("hoc_vien/hv_ten", "học viên", 12),
            rule("hoc_vien/hv_tuoi", "học viên", 12),
            rule("ghi_chu", "người lập", 24),
            rule("anh", "người lập", 24),
            rule(field::TITLE, "người lập", 24),
        ],
        ..pack()
    }
}

pub const ROW: &str = "hoc_vien[0a]";

pub fn photo(bytes: &[u8]) -> (Hash, Value) {
    let hash = codec::hash(bytes);
    let (size, name, media_type) = (bytes.len() as u64, "a.jpg".into(), "image/jpeg".into());
    (hash, Value::File(FileRef { name, media_type, size, hash }))
}

/// A roster of one, with a photo.
pub fn roster(device: &Device<'_>, seq: u64, record: u8, who: &str, bytes: &[u8]) -> Operation {
    let (name, age) = (format!("{ROW}/hv_ten"), format!("{ROW}/hv_tuoi"));
    device.create(
        seq,
        record,
        "phuong_a",
        &[
            ("loai", text("tap_huan")),
            ("ghi_chu", text("Trần Lan 0901 234 567")),
            ("anh", photo(bytes).1),
            (ROW, text("1")),
            (&name, text(who)),
            (&age, text("44")),
            (field::TITLE, text("Phiếu của Trần Lan")),
        ],
    )
}

pub const SALT: &str = "00112233445566778899aabbccddeeff";

/// With what the keys of rows are made with.
pub fn salted(operation: &mut Operation) {
    let write = Write { value: text(SALT), over: Vec::new() };
    operation.fields.insert("_rows/hoc_vien/hv_ten".to_owned(), write);
}

async fn start() -> TestApp {
    let server = TestApp::start().await;
    let new = declared("declared", &FIELD_WORK);
    assert!(server.app.database().load_pack(&new, 2).await.unwrap());
    server
}

fn paths(record: &RecordState) -> Vec<&str> {
    record.fields.keys().map(String::as_str).collect()
}

#[tokio::test]
async fn whoever_needs_only_counts_receives_no_name_by_any_way_out() {
    let server = start().await;
    let (lan, kiem) = (server.device("lan").await, server.device("kiem").await);
    let mut operation = roster(&lan, 1, 1, "Nguyễn Thị Hoa", b"photo");
    salted(&mut operation);
    let mut strange = roster(&lan, 2, 2, "Nguyễn Thị Hoa", b"photo");
    strange.unit = "phuong_b".to_owned();
    let told = lan.push(&[operation.clone(), strange]).await;
    assert_eq!(told.verdicts[1].outcome, Outcome::Quarantined);
    let (hash, _) = photo(b"photo");
    lan.put_chunk(hash, 0, 5, b"photo", hash).await;

    let full = lan.pull(None).await.records.remove(0);
    assert_eq!(full.fields.len(), 9);
    let cut = kiem.pull(None).await.records.remove(0);
    assert_eq!(paths(&cut), ["_state", ROW, "loai"], "the row can be counted");
    assert_eq!(cut.rv, full.rv);

    let history = format!("/api/v1/records/{}/history", operation.record);
    let blob = format!("/api/v1/blobs/{hash}");
    let sheet = format!("/api/v1/records.xlsx?form={}", form_ref().id);
    let found = format!("{sheet}&q=hoa");
    let holds = async |device: &Device<'_>, path: &str| {
        let answer = device.get(path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        let told = if path.contains("xlsx") {
            cells(&answer.body).join("\n")
        } else {
            String::from_utf8(answer.body.to_vec()).unwrap()
        };
        (
            told.contains("Hoa") || told.contains(SALT),
            told.contains("Lan 0901"),
            told.contains("tap_huan") || told.contains("Tập huấn"),
        )
    };
    for path in [history.as_str(), "/api/v1/quarantine?state=all"] {
        let name = holds(&kiem, path).await;
        assert_eq!((name.0, name.1, name.2), (false, false, true), "{path}");
    }
    assert_eq!(holds(&lan, &history).await, (true, true, true));
    let (name, number, _) = holds(&kiem, &sheet).await;
    assert!(!name && !number);
    let (name, number, _) = holds(&lan, &sheet).await;
    assert!(name && number);
    let rows = |body: &[u8]| cells(body).iter().filter(|cell| cell.starts_with("01010101")).count();
    assert!(rows(&lan.get(&found).await.body) > 0);
    assert_eq!(rows(&kiem.get(&found).await.body), 0, "nothing is found by what one does not see");
    assert_eq!(kiem.get(&blob).await.status, StatusCode::NOT_FOUND);
    assert_eq!(server.device("minh").await.get(&blob).await.status, StatusCode::OK);
}

fn cells(workbook: &[u8]) -> Vec<String> {
    let mut workbook = Xlsx::new(Cursor::new(workbook.to_vec())).unwrap();
    let sheets = workbook.worksheets();
    let rows = sheets.iter().flat_map(|(_, range)| range.rows().flatten());
    rows.filter(|cell| **cell != Data::Empty).map(ToString::to_string).collect()
}

#[tokio::test]
async fn whoever_wrote_only_what_is_hidden_is_not_named() {
    let server = start().await;
    let (lan, minh) = (server.device("lan").await, server.device("minh").await);
    let kiem = server.device("kiem").await;
    lan.push(&[roster(&lan, 1, 1, "Hoa", b"photo")]).await;
    let mut write = minh.create(1, 1, "phuong_a", &[]);
    write.action = Action::Amend;
    let over = vec![Dot { device: lan.id, seq: 1 }];
    write.fields = BTreeMap::from([(format!("{ROW}/hv_ten"), Write { value: text("Hoà"), over })]);
    assert_eq!(minh.push(&[write]).await.verdicts[0].outcome, Outcome::Applied);
    for columns in ["", "&columns=1", "&columns=2"] {
        for (device, named) in [(&kiem, false), (&lan, true)] {
            let answer = device.get(&format!("/api/v1/pull?cursor={columns}")).await;
            let page: PullResponse = codec::decode(&answer.body).unwrap();
            let is_named = page.records[0].writers.values().any(|account| account == "minh");
            let names = page.names.unwrap_or_default();
            assert_eq!((is_named, names.contains_key("minh")), (named, named), "{columns}");
        }
    }
}

#[tokio::test]
async fn another_role_or_another_pack_shows_other_fields_from_the_next_pull_on() {
    let server = start().await;
    let (lan, minh) = (server.device("lan").await, server.device("minh").await);
    lan.push(&[roster(&lan, 1, 1, "Hoa", b"photo")]).await;
    let full = minh.pull(None).await;
    assert_eq!(full.records[0].fields.len(), 8);
    let change = AccountChange { role: Some(Role::Auditor), ..AccountChange::default() };
    server.app.database().change_account("minh", &change, None, 3).await.unwrap();
    let minh = server.device_with_id("minh", minh.id).await;
    let cut = minh.pull(Some(&full.cursor)).await;
    assert_eq!(
        (cut.reset, paths(&cut.records[0]).len()),
        (true, 3),
        "the phone replaces what it had"
    );
    let all = [&FIELD_WORK[..], &[Role::Auditor]].concat();
    server.app.database().load_pack(&declared("for all", &all), 4).await.unwrap();
    let again = minh.pull(Some(&cut.cursor)).await;
    assert_eq!((again.reset, again.records[0].fields.len()), (true, 8));
}

/// A version of the form that calls a name by another name: records of the one before keep what is said of them.
#[tokio::test]
async fn what_a_new_version_asks_no_more_stays_personal_in_the_records_that_have_it() {
    let server = start().await;
    let (lan, kiem) = (server.device("lan").await, server.device("kiem").await);
    lan.push(&[roster(&lan, 1, 1, "Nguyễn Thị Hoa", b"photo")]).await;
    assert_eq!(paths(&kiem.pull(None).await.records[0]), ["_state", ROW, "loai"]);
    let xml = FORM.replace("hv_ten", "ho_ten").replace("version=\"1\"", "version=\"2\"");
    let form = FormRef { version: "2".into(), hash: codec::hash(xml.as_bytes()), ..form_ref() };
    let renamed = |name: &str, rules: &[(&str, &str)]| NewPack {
        hash: codec::hash(name.as_bytes()),
        forms: vec![FormRow { form: form.clone(), xml: xml.clone() }],
        personal: rules.iter().map(|(field, who)| rule(field, who, 12, &FIELD_WORK)).collect(),
        ..pack()
    };
    let database = server.app.database();
    let fewer = [("hoc_vien/ho_ten", "học viên"), ("anh", "người lập")];
    assert!(database.load_pack(&renamed("renamed", &fewer), 3).await.unwrap());
    let age = format!("{ROW}/hv_tuoi");
    assert_eq!(
        paths(&kiem.pull(None).await.records[0]),
        ["_state", "ghi_chu", ROW, &age, "loai"],
        "of what is still asked, the new pack says what is personal"
    );
    let found = persons::find(&server.app, &Wanted::by("nguyen thi hoa").unwrap()).await.unwrap();
    assert_eq!(found.len(), 1);
    // The title was about whoever wrote it, of whom nothing is personal now.
    assert!(database.load_pack(&renamed("less", &fewer[..1]), 4).await.unwrap());
    let shown = kiem.pull(None).await.records.remove(0);
    assert!(shown.fields.contains_key(field::TITLE), "{:?}", paths(&shown));
    assert!(!shown.fields.contains_key(&format!("{ROW}/hv_ten")), "{:?}", paths(&shown));
}

/// A coordinator of another pack, whose role is shown no names: what is not seen cannot be written over.
#[tokio::test]
async fn a_value_that_one_does_not_see_is_not_overwritten_by_guessing_its_name() {
    let server = TestApp::start().await;
    let new = declared("officers only", &[Role::Officer]);
    server.app.database().load_pack(&new, 2).await.unwrap();
    let (lan, an) = (server.device("lan").await, server.device("an").await);
    lan.push(&[roster(&lan, 1, 1, "Hoa", b"photo")]).await;
    assert_eq!(paths(&an.pull(None).await.records[0]), ["_state", ROW, "loai"]);
    let over = vec![Dot { device: lan.id, seq: 1 }];
    let mut write = an.create(1, 1, "phuong_a", &[]);
    write.action = Action::Amend;
    let (value, path) = (Value::Empty, format!("{ROW}/hv_ten"));
    write.fields = BTreeMap::from([(path.clone(), Write { value, over: over.clone() })]);
    let mut other = write.clone();
    other.dot.seq = 2;
    let value = text("loa_dai");
    other.fields = BTreeMap::from([("loai".to_owned(), Write { value, over })]);
    let told = an.push(&[write, other]).await;
    let outcomes: Vec<_> = told.verdicts.iter().map(|it| (it.outcome, it.reason)).collect();
    assert_eq!(
        outcomes,
        [(Outcome::Quarantined, Some(QuarantineReason::OutOfScope)), (Outcome::Applied, None)]
    );
    let record = lan.pull(None).await.records.remove(0);
    assert_eq!(record.fields[&path][0].value, text("Hoa"));
    assert_eq!(record.fields["loai"][0].value, text("loa_dai"));
}

/// What is personal is said of a form: a record that passed for one of another form would show all of it.
#[tokio::test]
async fn no_record_becomes_one_of_a_form_that_hides_less() {
    let server = TestApp::start().await;
    let mut new = declared("two forms, officers only", &[Role::Officer]);
    new.forms.push(other_form());
    server.app.database().load_pack(&new, 2).await.unwrap();
    let lan = server.device_with_id("lan", DeviceId([9; 16])).await;
    // Of two that say they began a record, the one with the lower id did.
    let an = server.device_with_id("an", DeviceId([1; 16])).await;
    lan.push(&[roster(&lan, 1, 1, "Hoa", b"photo")]).await;
    let claim = Operation { form: other_form().form, ..an.create(1, 1, "phuong_a", &[]) };
    let told = an.push(&[claim]).await.verdicts.remove(0);
    assert_eq!(
        (told.outcome, told.reason),
        (Outcome::Quarantined, Some(QuarantineReason::OutOfScope))
    );
    let record = an.pull(None).await.records.remove(0);
    assert_eq!(
        (record.form.id.as_str(), paths(&record)),
        ("kiem_tra", vec!["_state", ROW, "loai"])
    );
    let desk = an.get("/api/v1/quarantine").await.json();
    assert_eq!(
        (&desk[0]["reason"], &desk[0]["obstacle"]),
        (&"not_allowed".into(), &"not_allowed".into())
    );
}

#[test]
fn the_pack_of_the_repository_says_what_its_forms_ask_of_people() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packs/long-khanh-2024");
    let mut files = pack_load::read_folder(&folder).unwrap();
    let (checked, _) = pack_load::check(&files);
    let personal = checked.unwrap().to_load().personal;
    let hidden = |form: &str, field: &str| {
        let found = personal.iter().find(|rule| rule.form == form && rule.field == field);
        found.is_some_and(|rule| !rule.seen_by.contains(&Role::Auditor) && rule.months > 0)
    };
    for field in ["hv_ten", "hv_ky", "hv_dan_toc", "_title", "meta/instanceName"] {
        assert!(hidden("lk_diem_danh", field), "{field}: {personal:#?}");
    }
    assert!(hidden("lk_lop_tap_huan", "hoc_vien/hv_dt") && !hidden("lk_lop_tap_huan", "_title"));
    assert!(!hidden("lk_diem_danh", "hv_gt"), "figures by sex need no name");

    let table = "tables/personal_data.csv";
    let text = String::from_utf8(files[table].clone()).unwrap();
    files.insert(table.to_owned(), text.replacen("hoc_vien/hv_dt", "hoc_vien/dt", 1).into_bytes());
    let (checked, problems) = pack_load::check(&files);
    let told: Vec<String> = problems.iter().map(ToString::to_string).collect();
    let told: Vec<&String> = told.iter().filter(|told| told.contains("`hoc_vien/dt`")).collect();
    assert!(
        told.len() == 1
            && told[0].starts_with("warning: tables/personal_data.csv, row ")
            && told[0].contains("column field"),
        "{told:?}"
    );
    let personal = checked.unwrap().to_load().personal;
    assert!(personal.iter().any(|rule| rule.field == "hoc_vien/dt"), "records of before have it");
}
