//! A grant that is limited to programmes limits whatever a person sees and sends.

use axum::body::Body;
use axum::http::{Method, StatusCode};
use serde_json::{Value as Json, json};
use server::database::{AccountChange, FormRow, NewClient, NewPack};
use server::form_files::FormFile;
use sync::codec;
use sync::wire::{DeviceId, FileRef, FormRef, Hash, Operation, Outcome, QuarantineReason, Value};

use crate::app::{Device, FORM, PASSWORD, TestApp, form_ref, pack, text};

/// The second form, of the programme `tap_huan`.
pub fn other_form() -> FormRow {
    let xml = FORM.replace("kiem_tra", "diem_danh");
    let hash = codec::hash(xml.as_bytes());
    FormRow { form: FormRef { id: "diem_danh".into(), version: "1".into(), hash }, xml }
}

/// The pack with two forms: inspections are of the programme `gioi`, attendance is of the other.
fn two_programmes(name: &str, of_inspections: &str) -> NewPack {
    let mut new = pack();
    let mut json: Json = serde_json::from_slice(&new.json).unwrap();
    let entry = |row: &FormRow, programme: &str| {
        json!({ "id": row.form.id, "file": row.form.id, "version": "1", "hash": row.form.hash.to_string(), "bytes": 1,
            "title": { "vi": row.form.id }, "kind": "k", "clauses": [], "used_by": "", "personal_data": false,
            "sensitive_data": false, "checklist_items": null, "programme": programme })
    };
    new.hash = codec::hash(name.as_bytes());
    json["hash"] = json!(new.hash.to_string());
    json["forms"] = json!([entry(&new.forms[0], of_inspections), entry(&other_form(), "tap_huan")]);
    new.json = json.to_string().into_bytes();
    new.forms.push(other_form());
    new.programmes = [(form_ref().id, of_inspections), ("diem_danh".to_owned(), "tap_huan")]
        .map(|(form, programme)| (form, programme.to_owned()))
        .into();
    new
}

async fn limit(server: &TestApp, account: &str, programmes: &[&str]) {
    let programmes = programmes.iter().map(|&programme| programme.to_owned()).collect();
    let change = AccountChange { programmes: Some(programmes), ..AccountChange::default() };
    assert!(server.app.database().change_account(account, &change, None, 2).await.unwrap());
}

fn attendance(device: &Device<'_>, seq: u64, record: u8, fields: &[(&str, Value)]) -> Operation {
    Operation { form: other_form().form, ..device.create(seq, record, "phuong_a", fields) }
}

async fn start() -> TestApp {
    let server = TestApp::start().await;
    let new = two_programmes("two", "gioi");
    assert!(server.app.database().load_pack(&new, 2).await.unwrap());
    server
}

/// Another server loads two packs, so that the one in force is the one from before.
#[tokio::test]
async fn what_was_published_meanwhile_is_known_to_the_next_push() {
    let server = TestApp::start().await;
    let lan = server.device("lan").await;
    let unknown = lan.push(&[attendance(&lan, 1, 1, &[])]).await;
    assert_eq!(unknown.verdicts[0].reason, Some(QuarantineReason::UnknownForm));
    let other = server.beside().await;
    for new in [two_programmes("two", "gioi"), pack()] {
        assert!(other.app.database().load_pack(&new, 2).await.unwrap());
    }
    let known = lan.push(&[attendance(&lan, 2, 2, &[])]).await;
    assert_eq!(known.verdicts[0].outcome, Outcome::Applied);
}

async fn forms_of(device: &Device<'_>) -> Vec<String> {
    let pack = device.get("/api/v1/pack").await.json();
    let forms = pack["forms"].as_array().unwrap().iter();
    forms.map(|form| form["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn whoever_is_limited_to_a_programme_receives_nothing_of_another() {
    let server = start().await;
    let lan = server.device("lan").await;
    let photo = b"photo";
    let hash = codec::hash(photo);
    let file = FileRef { name: "a.jpg".into(), media_type: "image/jpeg".into(), size: 5, hash };
    let inspection = lan.create(1, 1, "phuong_a", &[("ghi_chu", text("kiểm tra"))]);
    let roster = attendance(&lan, 2, 2, &[("anh", Value::File(file))]);
    let told = lan.push(&[inspection.clone(), roster.clone()]).await;
    assert!(told.verdicts.iter().all(|verdict| verdict.outcome == Outcome::Applied));
    lan.put_chunk(hash, 0, 5, photo, hash).await;

    let minh = server.device("minh").await;
    let before = minh.pull(None).await;
    assert_eq!(before.records.len(), 2, "a grant without programmes sees all");
    limit(&server, "minh", &["gioi"]).await;
    let after = minh.pull(Some(&before.cursor)).await;
    assert!(
        after.reset,
        "leaving a programme is as leaving a unit: the phone drops what does not come"
    );
    assert_eq!(
        after.records.iter().map(|record| record.record).collect::<Vec<_>>(),
        [inspection.record]
    );
    assert_ne!(after.pack, before.pack, "and it fetches its forms anew");
    assert_eq!(forms_of(&minh).await, ["kiem_tra"]);
    assert_eq!(forms_of(&lan).await.len(), 2);
    let history = format!("/api/v1/records/{}/history", roster.record);
    assert_eq!(minh.get(&history).await.status, StatusCode::NOT_FOUND);
    assert_eq!(minh.get(&format!("/api/v1/blobs/{hash}")).await.status, StatusCode::NOT_FOUND);
    assert_eq!(lan.get(&format!("/api/v1/blobs/{hash}")).await.status, StatusCode::OK);
    let visible = async |form| {
        let mut pages = server.app.database().visible_records("minh", form, None).await.unwrap();
        pages.next().await.unwrap().len()
    };
    assert_eq!((visible("kiem_tra").await, visible("diem_danh").await), (1, 0), "an export");

    limit(&server, "minh", &[]).await;
    let back = minh.pull(Some(&after.cursor)).await;
    assert_eq!(
        (back.reset, back.records.len(), back.pack),
        (true, 2, before.pack),
        "entering again"
    );
}

#[tokio::test]
async fn what_is_sent_to_a_programme_that_is_not_ones_own_waits_at_its_desk() {
    let server = start().await;
    let (lan, an, thu) =
        (server.device("lan").await, server.device("an").await, server.device("thu").await);
    lan.push(&[attendance(&lan, 1, 1, &[])]).await;
    limit(&server, "lan", &["gioi"]).await;
    limit(&server, "an", &["gioi"]).await;
    limit(&server, "thu", &["tap_huan"]).await;
    let mut relabelled = lan.create(3, 1, "phuong_a", &[("ghi_chu", text("đè lên"))]);
    relabelled.action = sync::wire::Action::Edit;
    let told = lan.push(&[attendance(&lan, 2, 2, &[]), relabelled]).await;
    for verdict in &told.verdicts {
        assert_eq!(verdict.reason, Some(QuarantineReason::OutOfScope));
    }
    let desk = async |device: &Device<'_>| {
        device.get("/api/v1/quarantine").await.json().as_array().unwrap().clone()
    };
    let (ans, thus) = (desk(&an).await, desk(&thu).await);
    assert_eq!(ans.iter().map(|entry| &entry["form_id"]).collect::<Vec<_>>(), ["kiem_tra"]);
    assert_eq!(ans[0]["obstacle"], "not_your_unit", "the record is of the other programme");
    assert_eq!(thus.iter().map(|entry| &entry["form_id"]).collect::<Vec<_>>(), ["diem_danh"]);
    let path = format!("/api/v1/quarantine/{}/apply", thus[0]["id"]);
    let settle = async |device: &Device<'_>| {
        let headers = [("cookie", device.cookie.as_str()), ("x-sotay", "1")];
        server.request(Method::POST, &path, &headers, Body::empty()).await.status
    };
    assert_eq!(settle(&an).await, StatusCode::NOT_FOUND);
    assert_eq!(settle(&thu).await, StatusCode::OK);
}

#[tokio::test]
async fn a_form_that_a_new_pack_moves_to_another_programme_takes_its_records_along() {
    let server = start().await;
    let lan = server.device("lan").await;
    lan.push(&[lan.create(1, 1, "phuong_a", &[])]).await;
    limit(&server, "minh", &["gioi"]).await;
    let minh = server.device("minh").await;
    let before = minh.pull(None).await;
    assert_eq!(before.records.len(), 1);
    let unlimited = lan.pull(None).await;
    server.app.database().load_pack(&two_programmes("moved", "tap_huan"), 3).await.unwrap();
    let after = minh.pull(Some(&before.cursor)).await;
    assert_eq!((after.reset, after.records.len()), (true, 0));
    assert!(!lan.pull(Some(&unlimited.cursor)).await.reset, "who sees all of it hears nothing new");
}

#[tokio::test]
async fn programmes_are_granted_by_administrators_and_listed_for_odk_clients() {
    let server = start().await;
    let quan_tri = server.device("quan_tri").await;
    let ask = async |method, path: &str, body: Json| {
        let headers = [
            ("cookie", quan_tri.cookie.as_str()),
            ("x-sotay", "1"),
            ("content-type", "application/json"),
        ];
        server.request(method, path, &headers, Body::from(body.to_string())).await
    };
    let change = async |body| ask(Method::PATCH, "/api/v1/accounts/lan", body).await;
    let answer = change(json!({ "programmes": ["tap_huan"] })).await;
    assert_eq!(answer.json()["programmes"], json!(["tap_huan"]));
    assert_eq!(change(json!({ "programmes": ["gì đó"] })).await.code(), "unknown_programme");
    let new = json!({ "account": "moi", "name": "Người mới", "role": "officer", "unit": "phuong_a", "programmes": ["gioi"] });
    let added = ask(Method::POST, "/api/v1/accounts", new).await;
    assert_eq!(added.json()["programmes"], json!(["gioi"]), "{:?}", added.body);
    let token = ask(Method::POST, "/api/v1/accounts/lan/token", json!({ "password": PASSWORD }))
        .await
        .json();
    let path = format!("{}/formList", token["path"].as_str().unwrap());
    let list = String::from_utf8(server.get(&path, &[]).await.body.to_vec()).unwrap();
    assert!(list.contains("diem_danh") && !list.contains("kiem_tra"), "{list}");
    let lan = server.device("lan").await;
    assert_eq!(lan.get("/api/v1/session").await.json()["programmes"], json!(["tap_huan"]));
}

#[tokio::test]
async fn whoever_is_limited_makes_no_code_for_who_is_not() {
    let server = start().await;
    let thu = server.device("thu").await;
    let status = async |method, what| {
        let headers = [
            ("cookie", thu.cookie.as_str()),
            ("x-sotay", "1"),
            ("content-type", "application/json"),
        ];
        let path = format!("/api/v1/accounts/hoa/{what}");
        server.request(method, &path, &headers, Body::from("{}")).await.status
    };
    let both =
        async || (status(Method::POST, "code").await, status(Method::DELETE, "passkeys").await);
    limit(&server, "thu", &["gioi"]).await;
    assert_eq!(both().await, (StatusCode::FORBIDDEN, StatusCode::FORBIDDEN));
    limit(&server, "hoa", &["gioi", "tap_huan"]).await;
    assert_eq!(both().await, (StatusCode::FORBIDDEN, StatusCode::FORBIDDEN));
    limit(&server, "hoa", &["gioi"]).await;
    assert_eq!(both().await, (StatusCode::CREATED, StatusCode::NO_CONTENT));
}

#[tokio::test]
async fn forms_and_the_files_beside_them_are_of_their_programme_however_they_are_asked_for() {
    let server = TestApp::start().await;
    let mut new = two_programmes("with files", "gioi");
    let file = |bytes: &[u8]| FormFile::new("danh_sach.csv", bytes.to_vec());
    new.files = vec![vec![file(b"a")], vec![file(b"b")]];
    assert!(server.app.database().load_pack(&new, 2).await.unwrap());
    limit(&server, "lan", &["tap_huan"]).await;
    let (lan, minh) = (server.device("lan").await, server.device("minh").await);
    let (token, _) = server::accounts::new_token();
    let client = NewClient { device: DeviceId([7; 16]), device_name: "Collect" };
    let now_ms = server::clock::now_ms();
    let account = server.account("lan").await;
    assert!(server.app.database().add_token(&account, &token, client, None, now_ms).await.unwrap());

    let (inspection, attendance) = (form_ref().hash, other_form().form.hash);
    let (beside, other) = (codec::hash(b"a"), codec::hash(b"b"));
    let paths = |form: Hash, id: &str, file: Hash| {
        [
            format!("/api/v1/forms/{form}"),
            format!("/api/v1/forms/{form}/files"),
            format!("/api/v1/form-files/{file}"),
            format!("/api/v1/form-files/{file}/0"),
            format!("/api/v1/records.xlsx?form={id}"),
            format!("/openrosa/{token}/forms/{form}.xml"),
            format!("/openrosa/{token}/manifest/{form}"),
            format!("/openrosa/{token}/files/{file}"),
        ]
    };
    for path in paths(inspection, "kiem_tra", beside) {
        assert_eq!(lan.get(&path).await.status, StatusCode::NOT_FOUND, "{path}");
        if path.starts_with("/api") {
            assert_eq!(minh.get(&path).await.status, StatusCode::OK, "{path}");
        }
    }
    for path in paths(attendance, "diem_danh", other) {
        assert_eq!(lan.get(&path).await.status, StatusCode::OK, "{path}");
    }
}
