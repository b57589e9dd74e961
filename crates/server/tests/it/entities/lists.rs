//! Who gets which list, and what is in it.

use std::collections::BTreeMap;
use std::io::Cursor;
use std::sync::Arc;

use axum::body::Body;
use axum::http::{Method, StatusCode};
use calamine::{Reader, Xlsx};
use form::{Environment, Program, Resources, Session, compile, parse_xform};
use md5::{Digest, Md5};
use server::accounts;
use server::database::{AccountChange, FormRow, NewClient, NewPack};
use server::form_files::FormFile;
use sync::codec;
use sync::wire::{DeviceId, Operation, field};

use super::{HEAD, HOUSE, form_ref, register, visit, with_forms, with_programmes};
use crate::app::{TestApp, text};

async fn limit(server: &TestApp, account: &str, programme: &str) {
    let programmes = Some(vec![programme.to_owned()]);
    let change = AccountChange { programmes, ..AccountChange::default() };
    assert!(server.app.database().change_account(account, &change, None, 2).await.unwrap());
}

#[tokio::test]
async fn what_records_make_is_in_the_list_of_those_who_see_the_records() {
    let server = with_forms().await;
    let (lan, minh, hoa) =
        (server.device("lan").await, server.device("minh").await, server.device("hoa").await);
    lan.push(&[lan.household(
        1,
        1,
        "phuong_a",
        &[("ho", HOUSE), ("chu", "Lan, \"Bé\""), ("nguoi", "4")],
    )])
    .await;
    let made = format!("{HOUSE},\"Hộ Lan, \"\"Bé\"\"\",1,\"Lan, \"\"Bé\"\"\",4");
    assert_eq!(minh.entity_rows().await, ["name,label,__version,chu_ho,nguoi", &made]);
    assert_eq!(hoa.entity_rows().await, ["name,label,__version"], "another ward's");
    let list = minh.entity_list().await;
    let tag = list.header("etag").to_owned();
    assert!(list.header("x-sotay-as-of").parse::<i64>().unwrap() > 0);
    let headers = [("cookie", minh.cookie.as_str()), ("if-none-match", &tag)];
    let again = server.get("/api/v1/entities/ho_dan", &headers).await;
    assert_eq!(again.status, StatusCode::NOT_MODIFIED);
    assert!(!again.header("x-sotay-as-of").is_empty());
    minh.push(&[minh.household(1, 2, "phuong_a", &[("ho", HOUSE), ("nguoi", "5"), ("base", "1")])])
        .await;
    let headers = [("cookie", minh.cookie.as_str()), ("if-none-match", &tag)];
    let again = server.get("/api/v1/entities/ho_dan", &headers).await;
    assert_eq!(again.status, StatusCode::OK);
    let row = lan.entity_rows().await.remove(1);
    assert!(row.ends_with(",5") && row.contains("\",2,\""), "{row}");
    assert_eq!(lan.entity_conflicts().await, serde_json::json!([]), "Minh saw what Lan had made");
    assert_eq!(lan.get("/api/v1/entities/khong_co").await.status, StatusCode::NOT_FOUND);
    let lists = lan.get("/api/v1/entities").await.json();
    assert_eq!(
        lists,
        serde_json::json!([{ "dataset": "ho_dan", "entities": 1, "conflicts": 0, "waiting": 0 }])
    );
}

/// The creator's operation may come after another's, and says where the record belongs.
#[tokio::test]
async fn what_a_record_made_goes_with_it_to_another_unit() {
    let server = with_forms().await;
    let (lan, hoa) = (server.device("lan").await, server.device("hoa").await);
    let (first, second) = (server.device("thu").await, server.device("thu").await);
    let begun = first.household(1, 1, "phuong_b", &[("ho", HOUSE), ("chu", "Lan"), ("nguoi", "4")]);
    let mut edit = second.household(1, 1, "phuong_a", &[("ho", HOUSE), ("chu", "Lan")]);
    edit.fields.get_mut(field::STATE).unwrap().over = vec![begun.dot];
    second.push(&[edit]).await;
    assert_eq!((lan.entity_rows().await.len(), hoa.entity_rows().await.len()), (2, 1));
    first.push(&[begun]).await;
    assert_eq!(lan.pull(None).await.records.len(), 0);
    assert_eq!((lan.entity_rows().await.len(), hoa.entity_rows().await.len()), (1, 2));
    let listed = hoa.get("/api/v1/entities").await.json();
    assert_eq!(listed[0]["entities"], 1);
}

#[tokio::test]
async fn lists_of_other_programmes_are_neither_named_nor_changed() {
    let server = with_programmes(&[("ho", "dan_so"), ("tham", "y_te")]).await;
    let lan = server.device("lan").await;
    lan.push(&[lan.household(1, 1, "phuong_a", &[("ho", HOUSE), ("chu", "Lan"), ("nguoi", "4")])])
        .await;
    let names = async |account| {
        let device = server.device(account).await;
        let lists = device.get("/api/v1/entities").await.json();
        let count = lists.as_array().unwrap().len();
        (
            count,
            device.entity_list().await.status,
            device.get("/api/v1/entities/ho_dan/conflicts").await.status,
        )
    };
    limit(&server, "minh", "gioi").await;
    assert_eq!(names("minh").await, (0, StatusCode::NOT_FOUND, StatusCode::NOT_FOUND));
    limit(&server, "minh", "dan_so").await;
    assert_eq!(names("minh").await, (1, StatusCode::OK, StatusCode::OK));
    // Their forms read it, so they know of it; its entities are of records that they do not see.
    limit(&server, "minh", "y_te").await;
    assert_eq!(names("minh").await, (1, StatusCode::OK, StatusCode::OK));
    assert_eq!(server.device("minh").await.entity_rows().await.len(), 1);
    assert_eq!(names("lan").await, (1, StatusCode::OK, StatusCode::OK));
}

/// PostgreSQL's indexes take keys of some 2,700 bytes, and one answer is to stop nobody's list.
#[tokio::test]
async fn an_id_that_is_no_id_makes_nothing_and_is_in_nobodys_way() {
    let server = with_forms().await;
    let lan = server.device("lan").await;
    let long: String =
        (0_u32..2_000).map(|at| codec::hash(&at.to_be_bytes()).to_string()).collect();
    lan.push(&[
        lan.household(1, 1, "phuong_a", &[("ho", &long), ("chu", "Dài")]),
        lan.household(2, 2, "phuong_a", &[("ho", HOUSE), ("chu", "Lan")]),
    ])
    .await;
    let rows = lan.entity_rows().await;
    assert_eq!(rows.len(), 2);
    assert!(rows[1].starts_with(HOUSE), "{}", rows[1]);
}

/// Chooses a household as forms did before there were itemsets: no file is named.
fn search() -> String {
    format!(
        r#"{HEAD}<h:head><h:title>Tìm</h:title><model><instance><data id="tim" version="1"><ho/><xa/></data></instance></model></h:head>
        <h:body><select1 ref="/data/ho" appearance="search('ho_dan')"><item><label>label</label><value>name</value></item></select1>
        <select1 ref="/data/xa" appearance="search('xa')"><item><label>ten, huyen</label><value>ma</value></item></select1></h:body></h:html>"#
    )
}

#[tokio::test]
async fn a_list_that_is_searched_in_is_one_that_the_form_reads() {
    let server = with_forms().await;
    let database = server.app.database();
    let row = FormRow { form: form_ref("tim", &search()), xml: search() };
    let form = row.form.clone();
    let villages = "ma,huyen,ten\nbq,Long Khánh,Bảo Quang\n";
    let new = NewPack {
        hash: codec::hash(b"tim"),
        json: database
            .pack_json(database.pack_hash().await.unwrap().unwrap())
            .await
            .unwrap()
            .unwrap(),
        forms: vec![row, FormRow { form: form_ref("ho", &register()), xml: register() }],
        files: vec![vec![FormFile::new("xa.csv", villages.as_bytes().to_vec())]],
        units: vec![],
        programmes: BTreeMap::new(),
        personal: vec![],
    };
    assert!(database.load_pack(&new, 3).await.unwrap());
    let lan = server.device("lan").await;
    let made = lan.household(1, 1, "phuong_a", &[("ho", HOUSE), ("chu", "Lan")]);
    let chosen = [("ho", text(HOUSE)), ("xa", text("bq"))];
    let chosen = Operation { form: form.clone(), ..lan.create(2, 2, "phuong_a", &chosen) };
    lan.push(&[made, chosen]).await;
    let table = lan.get("/api/v1/records.xlsx?form=tim").await;
    let mut table = Xlsx::new(Cursor::new(table.body.to_vec())).unwrap();
    let cells = table.worksheet_range_at(0).unwrap().unwrap();
    let cells: Vec<String> = cells.used_cells().map(|(_, _, cell)| cell.to_string()).collect();
    for word in ["Hộ Lan", "Bảo Quang"] {
        assert!(cells.iter().any(|cell| cell == word), "{word}: {cells:?}");
    }
    let (token, _) = accounts::new_token();
    let client = NewClient { device: DeviceId(accounts::random()), device_name: "ODK Collect" };
    let account = server.account("lan").await;
    let now_ms = server::clock::now_ms();
    assert!(database.add_token(&account, &token, client, None, now_ms).await.unwrap());
    let manifest = server.get(&format!("/openrosa/{token}/manifest/{}", form.hash), &[]).await;
    let manifest = String::from_utf8(manifest.body.to_vec()).unwrap();
    for file in ["ho_dan.csv", "xa.csv"] {
        assert!(manifest.contains(&format!("<filename>{file}</filename>")), "{manifest}");
    }
}

#[tokio::test]
async fn collect_makes_an_entity_and_finds_it_in_its_manifest() {
    let server = with_forms().await;
    let (token, _) = accounts::new_token();
    let client = NewClient { device: DeviceId(accounts::random()), device_name: "ODK Collect" };
    let now_ms = server::clock::now_ms();
    let database = server.app.database();
    assert!(
        database
            .add_token(&server.account("lan").await, &token, client, None, now_ms)
            .await
            .unwrap()
    );
    let get = async |path: String| {
        let answer = server.get(&path, &[("host", "sotay.example")]).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        String::from_utf8(answer.body.to_vec()).unwrap()
    };
    let program: Arc<Program> =
        Arc::new(compile(parse_xform(&register()).unwrap().0, &Resources::default()).unwrap());
    let environment = Environment {
        instance_id: "uuid:0192e6f1-0000-7000-8000-0000000000a1".to_owned(),
        ..Environment::default()
    };
    let mut session = Session::start(program, environment);
    for (path, answer) in [("ho", HOUSE), ("chu", "Lan"), ("nguoi", "4")] {
        let question = session.find(path).unwrap();
        session.answer(question, answer).unwrap();
    }
    let body = format!(
        "--ranh\r\nContent-Disposition: form-data; name=\"xml_submission_file\"; filename=\"a.xml\"\r\n\r\n\
         {}\r\n--ranh--\r\n",
        session.to_xml()
    );
    let headers = [("content-type", "multipart/form-data; boundary=ranh")];
    let path = format!("/openrosa/{token}/submission");
    let sent = server.request(Method::POST, &path, &headers, Body::from(body)).await;
    assert_eq!(sent.status, StatusCode::CREATED);
    let list = get(format!("/openrosa/{token}/formList")).await;
    assert_eq!(list.matches("<manifestUrl>").count(), 1, "only one form reads a list: {list}");
    let form = codec::hash(visit().as_bytes());
    let manifest = get(format!("/openrosa/{token}/manifest/{form}")).await;
    let csv = get(format!("/openrosa/{token}/entities/ho_dan.csv")).await;
    assert_eq!(csv, format!("name,label,__version,chu_ho,nguoi\n{HOUSE},Hộ Lan,1,Lan,4\n"));
    let md5 = accounts::hex(&Md5::digest(&csv));
    let file = format!(
        "<mediaFile type=\"entityList\"><filename>ho_dan.csv</filename><hash>md5:{md5}</hash>\
         <downloadUrl>http://sotay.example/openrosa/{token}/entities/ho_dan.csv</downloadUrl></mediaFile>"
    );
    assert!(manifest.contains(&file), "{manifest}");
    let unknown = server.get(&format!("/openrosa/{token}/entities/x.csv"), &[]).await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn who_does_not_see_all_that_records_say_or_not_their_programme_gets_no_list_of_them() {
    let server = with_forms().await;
    let (lan, auditor) = (server.device("lan").await, server.device("kiem").await);
    lan.push(&[lan.household(1, 1, "phuong_a", &[("ho", HOUSE), ("chu", "Lan"), ("nguoi", "4")])])
        .await;
    assert_eq!(auditor.entity_rows().await.len(), 2);
    let mut database = server.place.outside().await;
    let hidden = "INSERT INTO personal_field (form, field, person, purpose, months, seen_by)
        VALUES ('ho', 'chu', 'chu', '{}', 12, 'officer coordinator')";
    database.say(hidden).await.unwrap();
    assert_eq!(auditor.entity_rows().await.len(), 1);
    assert_eq!(lan.entity_rows().await.len(), 2);
    for sql in [
        "INSERT INTO form_programme (form, programme) VALUES ('ho', 'ho_dan')",
        "INSERT INTO account_programme (account, programme) VALUES ('lan', 'khac')",
    ] {
        database.say(sql).await.unwrap();
    }
    assert_eq!(lan.entity_list().await.status, StatusCode::NOT_FOUND);
    database.say("UPDATE account_programme SET programme = 'ho_dan'").await.unwrap();
    assert_eq!(lan.entity_rows().await.len(), 2);
}
