//! Files beside a form: from the pack's folder to phones and to ODK Collect.

use std::collections::BTreeMap;
use std::io::Cursor;
use std::path::Path;
use std::sync::Arc;

use axum::http::StatusCode;
use calamine::{Reader, Xlsx};
use form::{Environment, Resources, Session};
use md5::{Digest, Md5};
use rust_xlsxwriter::Workbook;
use server::accounts;
use server::budgets::Allowance;
use server::database::NewClient;
use server::pack_load::{self, Checked, Problem};
use sync::codec;
use sync::wire::DeviceId;

use crate::app::{Answer, PASSWORD, TestApp, text};
use crate::blobs::pieces_of;
use crate::budgets::{NEVER, assert_waits};

type Files = BTreeMap<String, Vec<u8>>;

const PNG: &[u8] = b"\x89PNG, as far as anybody here looks";

/// The real pack with one more form, `chon_xa`, of these rows below the header, and with these files beside it.
fn pack(rows: &[[&str; 5]], beside: &[(&str, &[u8])]) -> Files {
    let header = ["type", "name", "label", "media::image", "calculation"];
    pack_of(&[("survey", &[&[header], rows].concat())], beside)
}

/// The same with these sheets.
fn pack_of<const COLUMNS: usize>(
    sheets: &[(&str, &[[&str; COLUMNS]])],
    beside: &[(&str, &[u8])],
) -> Files {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packs/long-khanh-2024");
    let mut files = pack_load::read_folder(&folder).unwrap();
    let mut workbook = Workbook::new();
    for (name, rows) in sheets {
        let sheet = workbook.add_worksheet().set_name(*name).unwrap();
        for (row, cells) in (0..).zip(*rows) {
            for (column, cell) in (0..).zip(cells) {
                sheet.write_string(row, column, *cell).unwrap();
            }
        }
    }
    let settings = workbook.add_worksheet().set_name("settings").unwrap();
    for (column, (name, value)) in
        (0..).zip([("form_id", "lk_chon_xa"), ("form_title", "Chọn xã"), ("version", "1")])
    {
        settings.write_string(0, column, name).unwrap();
        settings.write_string(1, column, value).unwrap();
    }
    files.insert("forms/chon_xa.xlsx".to_owned(), workbook.save_to_buffer().unwrap());
    let table = files.get_mut("tables/forms.csv").unwrap();
    table.extend("chon_xa,lk_chon_xa,1,Chọn xã,Choose,inspection,Cán bộ,,,,2,,0,0\n".bytes());
    for (name, bytes) in beside {
        files.insert(format!("forms/chon_xa-media/{name}"), bytes.to_vec());
    }
    files
}

const ROWS: &[[&str; 5]] = &[
    ["select_one_from_file xa.csv", "xa", "Xã nào", "bang.png", ""],
    ["calculate", "ten", "", "", "pulldata('dan_so', 'nguoi', 'name', ${xa})"],
];
const LIST: &[u8] = "name,label\nbq,Bảo Quang\nbv,Bảo Vinh\n".as_bytes();
const PEOPLE: &[u8] = b"name,nguoi\nbq,7000\nbv,9000\n";
const ALL: &[(&str, &[u8])] = &[("xa.csv", LIST), ("dan_so.csv", PEOPLE), ("bang.png", PNG)];

/// What is said of the form and its files; of the rest of the pack others tell.
fn said(files: &Files) -> (Option<Checked>, Vec<String>) {
    let (checked, problems) = pack_load::check(files);
    let about = problems.iter().map(Problem::to_string);
    (checked, about.filter(|text| text.contains("chon_xa")).collect())
}

#[test]
fn a_form_with_its_files_beside_it_has_nothing_to_mend() {
    let (checked, problems) = said(&pack(ROWS, ALL));
    assert_eq!(problems, Vec::<String>::new());
    let files = checked.unwrap().files.pop().unwrap();
    let names: Vec<&str> = files.iter().map(|file| file.name.as_str()).collect();
    assert_eq!(names, ["bang.png", "dan_so.csv", "xa.csv"]);
}

#[test]
fn what_is_wrong_with_the_files_is_told_with_its_place() {
    type Case<'a> = (&'a [(&'a str, &'a [u8])], &'a [&'a str]);
    let folder = "(in forms/chon_xa-media/)";
    let image = format!(
        "error: forms/chon_xa.xlsx: survey!D2 (media::image): there is no file 'bang.png' beside the form {folder}"
    );
    let list = format!(
        "error: forms/chon_xa.xlsx: survey!A2 (type): there is no file 'xa.csv' beside the form {folder}"
    );
    let people = format!(
        "error: forms/chon_xa.xlsx: survey!E3 (calculation): there is no file 'dan_so.csv' beside the form {folder}"
    );
    let similar = format!(
        "error: forms/chon_xa.xlsx: survey!D2 (media::image): there is no file 'bang.png' beside the form; \
         is 'Bang.PNG' meant to be it? {folder}"
    );
    let unused = "warning: forms/chon_xa-media/Bang.PNG: the form does not use this file";
    let large = vec![b'x'; 32 * 1024 * 1024 + 1];
    let cases: &[Case] = &[
        (&[], &[&people, &list, &image]),
        (&[("xa.csv", LIST), ("dan_so.csv", PEOPLE), ("Bang.PNG", PNG)], &[&similar, unused]),
        (
            &[("xa.csv", b"name,ten\nbq,Bao Quang,4\n"), ALL[1], ALL[2]],
            &[
                "error: forms/chon_xa-media/xa.csv, row 1: the form reads a column `label`, which is not here",
                "warning: forms/chon_xa-media/xa.csv, row 2: the row has 3 cells, the header 2",
            ],
        ),
        (
            &[("xa.csv", b"name,label\nbq,B\xe3o\n"), ALL[1], ALL[2]],
            &["error: forms/chon_xa-media/xa.csv: this is not UTF-8: save the file as UTF-8"],
        ),
        (
            &[ALL[0], ALL[1], ("bang.png", &large)],
            &["error: forms/chon_xa-media/bang.png: larger than 33554432 bytes"],
        ),
    ];
    for (beside, expected) in cases {
        let (checked, problems) = said(&pack(ROWS, beside));
        assert_eq!(problems, *expected);
        assert!(checked.is_none(), "{problems:?}");
    }
    let broken = pack(
        &[["select_one_from_file xa.geojson", "xa", "Xã nào", "", ""]],
        &[("xa.geojson", br#"{"type":"FeatureCollection","features":[{"type":"Feature"}]}"#)],
    );
    let (_, problems) = said(&broken);
    assert_eq!(problems, ["error: forms/chon_xa-media/xa.geojson: a feature without geometry"]);
}

async fn load(server: &TestApp, files: &Files) -> Checked {
    let (checked, problems) = said(files);
    let checked = checked.unwrap_or_else(|| panic!("{problems:?}"));
    assert!(server.app.database().load_pack(&checked.to_load(), 2).await.unwrap());
    checked
}

/// The files that a phone is told of for the form.
fn told(pack: &Answer) -> Vec<(String, String)> {
    let json = pack.json();
    let forms = json["forms"].as_array().unwrap();
    let form = forms.iter().find(|form| form["id"] == "lk_chon_xa").unwrap();
    let file = |file: &serde_json::Value| {
        let text = |key: &str| file[key].as_str().unwrap().to_owned();
        (text("name"), text("hash"))
    };
    form["files"].as_array().unwrap().iter().map(file).collect()
}

#[tokio::test]
async fn a_phone_is_told_of_the_files_and_takes_them_by_their_hash() {
    let server = TestApp::start().await;
    load(&server, &pack(ROWS, ALL)).await;
    let lan = server.device("lan").await;
    let files = told(&lan.get("/api/v1/pack").await);
    assert_eq!(files.len(), 3);
    for (name, hash) in &files {
        let (_, bytes) = ALL.iter().find(|(other, _)| other == name).unwrap();
        assert_eq!(*hash, codec::hash(bytes).to_string());
        let address = format!("/api/v1/form-files/{hash}");
        let whole = lan.get(&address).await;
        assert_eq!((whole.status, &whole.body[..]), (StatusCode::OK, *bytes));
        assert!(whole.header("cache-control").contains("immutable"));
        assert_eq!(lan.get(&format!("{address}/0")).await.body, whole.body);
        assert_eq!(lan.get(&format!("{address}/1")).await.status, StatusCode::NOT_FOUND);
        assert_eq!(server.get(&address, &[]).await.status, StatusCode::UNAUTHORIZED);
    }
    let unknown = format!("/api/v1/form-files/{}", "0".repeat(64));
    assert_eq!(lan.get(&unknown).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_file_beside_a_form_comes_in_pieces_and_counts_by_its_length() {
    let kib = Allowance::new(4 * 1024, NEVER);
    let server = TestApp::with(|config| config.allowances.kib = kib).await;
    let long = vec![b'x'; 3 << 20];
    load(&server, &pack(ROWS, &[ALL[0], ALL[1], ("bang.png", &long)])).await;
    let (lan, minh) = (server.device("lan").await, server.device("minh").await);
    let address = format!("/api/v1/form-files/{}", codec::hash(&long));
    let (largest, all) = pieces_of(&lan, &address).await;
    assert!(largest <= 256 * 1024 && all == long.len(), "{largest} of {all}");
    assert_waits(&lan.get(&address).await, 2_048_000);
    for piece in 0..12 {
        assert_eq!(minh.get(&format!("{address}/{piece}")).await.status, StatusCode::OK);
    }
    assert_waits(&minh.get(&address).await, 2_048_000);
    let (token, _) = accounts::new_token();
    let client = NewClient { device: DeviceId([9; 16]), device_name: "ODK Collect" };
    let now_ms = server::clock::now_ms();
    let hoa = server.account("hoa").await;
    assert!(server.app.database().add_token(&hoa, &token, client, None, now_ms).await.unwrap());
    let address = format!("/openrosa/{token}/files/{}", codec::hash(&long));
    assert_eq!(server.get(&address, &[]).await.body, long);
    assert_waits(&server.get(&address, &[]).await, 2_048_000);
}

#[tokio::test]
async fn what_was_chosen_out_of_a_file_is_exported_in_the_words_of_the_file() {
    let server = TestApp::start().await;
    let checked = load(&server, &pack(ROWS, ALL)).await;
    let users = checked.demo_users();
    let database = server.app.database();
    pack_load::add_demo_users(database, users, Some(PASSWORD), 1).await.unwrap();
    let officer = users.iter().find(|user| user.role == "officer").unwrap();
    let device = server.device(&officer.name).await;
    let mut record = device.create(1, 1, &officer.unit, &[("xa", text("bv"))]);
    record.form = checked.forms.last().unwrap().form.clone();
    device.push(&[record]).await;
    let answer = device.get("/api/v1/records.xlsx?form=lk_chon_xa").await;
    let mut sheets = Xlsx::new(Cursor::new(answer.body.to_vec())).unwrap();
    let range = sheets.worksheet_range_at(0).unwrap().unwrap();
    let [headings, row] = [0, 1].map(|row| range.rows().nth(row).unwrap());
    let at = headings.iter().position(|cell| *cell == "Xã nào").unwrap();
    assert_eq!(row[at].to_string(), "Bảo Vinh");
}

/// It looks for them in a file of that name beside the form and in no other place.
#[tokio::test]
async fn choices_of_the_sheet_external_choices_lie_beside_the_form_for_odk_collect_alone() {
    let survey = [
        ["type", "name", "label", "choice_filter"],
        ["text", "huyen", "Huyện nào", ""],
        ["select_one_external xa", "xa", "Xã nào", "huyen=${huyen}"],
    ];
    let lists = [
        ["list_name", "name", "label", "huyen"],
        ["xa", "bq", "Bảo Quang", "lk"],
        ["xa", "bv", "Bảo Vinh", "lk"],
    ];
    let files = pack_of(&[("survey", &survey), ("external_choices", &lists)], &[]);
    let (checked, problems) = said(&files);
    assert_eq!(problems, [""; 0]);
    let (checked, server) = (checked.unwrap(), TestApp::start().await);
    let database = server.app.database();
    // By a server that did not lay them there, and the same pack by one that does.
    let mut before = checked.to_load();
    before.files.clear();
    assert!(database.load_pack(&before, 2).await.unwrap());
    assert!(!database.load_pack(&checked.to_load(), 3).await.unwrap());
    let users = checked.demo_users();
    pack_load::add_demo_users(database, users, Some(PASSWORD), 1).await.unwrap();
    let officer = users.iter().find(|user| user.role == "officer").unwrap();
    let device = server.device(&officer.name).await;
    let pack = device.get("/api/v1/pack").await.json();
    let form = &checked.forms.last().unwrap().form;
    let told = pack["forms"].as_array().unwrap().iter().find(|told| told["id"] == form.id.as_str());
    assert_eq!(told.unwrap().get("files"), None, "phones have them in the form");

    let (token, _) = accounts::new_token();
    let client = NewClient { device: DeviceId([9; 16]), device_name: "ODK Collect" };
    let account = server.account(&officer.name).await;
    let now_ms = server::clock::now_ms();
    assert!(database.add_token(&account, &token, client, None, now_ms).await.unwrap());
    let root = format!("/openrosa/{token}");
    let list = server.get(&format!("{root}/formList"), &[]).await;
    let list = String::from_utf8(list.body.to_vec()).unwrap();
    assert_eq!(list.matches("<manifestUrl>").count(), 1, "{list}");
    let manifest = server.get(&format!("{root}/manifest/{}", form.hash), &[]).await;
    let manifest = String::from_utf8(manifest.body.to_vec()).unwrap();
    let hash = manifest.split("/files/").nth(1).unwrap().split('<').next().unwrap();
    let csv = server.get(&format!("{root}/files/{hash}"), &[]).await.body;
    assert!(csv.starts_with(
        "\"list_name\",\"name\",\"label\",\"huyen\"\n\"xa\",\"bq\",\"Bảo Quang\"".as_bytes()
    ));
    let md5 = accounts::hex(&Md5::digest(&csv));
    let file = format!("<filename>itemsets.csv</filename><hash>md5:{md5}</hash>");
    assert!(manifest.contains(&file), "{manifest}");
}

#[tokio::test]
async fn a_list_that_changes_makes_no_new_version_and_an_old_version_keeps_its_files() {
    let server = TestApp::start().await;
    let first = load(&server, &pack(ROWS, ALL)).await;
    let lan = server.device("lan").await;
    let before = told(&lan.get("/api/v1/pack").await);
    let longer = [LIST, "bm,Bình Lộc\n".as_bytes()].concat();
    let changed = load(&server, &pack(ROWS, &[("xa.csv", &longer), ALL[1], ALL[2]])).await;
    let form = changed.forms.last().unwrap().form.hash;
    assert_eq!(form, first.forms.last().unwrap().form.hash);
    let after = told(&lan.get("/api/v1/pack").await);
    assert_eq!((&before[0], &before[1]), (&after[0], &after[1]));
    assert_ne!(before[2], after[2]);
    let of = |file: &(String, String)| format!("/api/v1/form-files/{}", file.1);
    assert_eq!(lan.get(&of(&after[2])).await.body, longer);
    assert_eq!(lan.get(&of(&before[2])).await.status, StatusCode::NOT_FOUND, "nobody needs it");
    // Another version of the form without any picture: the old one is still whole.
    let plain = [["select_one_from_file xa.csv", "xa", "Chọn xã", "", ""]];
    load(&server, &pack(&plain, &[("xa.csv", LIST)])).await;
    let listed = lan.get(&format!("/api/v1/forms/{form}/files")).await.json();
    let names: Vec<&str> =
        listed.as_array().unwrap().iter().map(|file| file["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["bang.png", "dan_so.csv", "xa.csv"]);
    assert_eq!(lan.get(&of(&after[2])).await.body, longer);
    let unknown = lan.get(&format!("/api/v1/forms/{}/files", "0".repeat(64))).await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_form_that_changes_and_keeps_its_version_is_told() {
    let server = TestApp::start().await;
    let database = server.app.database();
    let first = load(&server, &pack(ROWS, ALL)).await;
    assert_eq!(pack_load::same_version(database, &first).await.unwrap(), [""; 0]);
    let plain = [["select_one_from_file xa.csv", "xa", "Chọn xã", "", ""]];
    let (changed, _) = pack_load::check(&pack(&plain, &[("xa.csv", LIST)]));
    let told = pack_load::same_version(database, &changed.unwrap()).await.unwrap();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].starts_with("the form lk_chon_xa has changed and kept version 1"), "{told:?}");
}

#[tokio::test]
async fn a_list_of_a_hundred_thousand_rows_comes_in_pieces_and_is_found_in() {
    let mut list = String::from("name,label,cap_tren\n");
    for row in 0..100_000 {
        list.push_str(&format!("x{row},Ấp số {row} của xã {},xa{}\n", row / 100, row / 100));
    }
    let rows = [
        ["text", "ma", "Mã", "", ""],
        ["calculate", "ten", "", "", "instance('ap')/root/item[name = ${ma}]/label"],
        ["csv-external", "ap", "", "", ""],
    ];
    let server = TestApp::start().await;
    let checked = load(&server, &pack(&rows, &[("ap.csv", list.as_bytes())])).await;
    let lan = server.device("lan").await;
    let (_, hash) = told(&lan.get("/api/v1/pack").await).remove(0);
    let mut came = Vec::new();
    for piece in 0..list.len().div_ceil(256 * 1024) {
        let answer = lan.get(&format!("/api/v1/form-files/{hash}/{piece}")).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert!(answer.body.len() <= 256 * 1024);
        came.extend(answer.body);
    }
    assert_eq!(codec::hash(&came).to_string(), hash);
    let (form, _) = form::parse_xform(&checked.forms.last().unwrap().xml).unwrap();
    let files = [("ap.csv".to_owned(), String::from_utf8(came).unwrap())].into();
    let program = form::compile(form, &Resources { files }).unwrap();
    assert!(program.missing_files().is_empty());
    let mut session = Session::start(Arc::new(program), Environment::default());
    let code = session.find("ma").unwrap();
    session.answer(code, "x99999").unwrap();
    assert_eq!(session.relevant_fields()["ten"], "Ấp số 99999 của xã 999");
}

#[tokio::test]
async fn collect_is_told_of_the_files_in_a_manifest_and_fetches_them() {
    let server = TestApp::start().await;
    let checked = load(&server, &pack(ROWS, ALL)).await;
    let (token, key) = accounts::new_token();
    let client = NewClient { device: DeviceId(accounts::random()), device_name: "ODK Collect" };
    let now_ms = server::clock::now_ms();
    let database = server.app.database();
    assert!(
        database
            .add_token(&server.account("lan").await, &token, client, None, now_ms)
            .await
            .unwrap()
    );
    assert!(database.token_session(&key).await.unwrap().is_some());
    let get = async |path: String| {
        let answer = server.get(&path, &[("host", "sotay.example")]).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.header("x-openrosa-version"), "1.0");
        answer.body
    };
    let base = format!("http://sotay.example/openrosa/{token}");
    let list = get(format!("/openrosa/{token}/formList")).await;
    let list = String::from_utf8(list.to_vec()).unwrap();
    let form = checked.forms.last().unwrap().form.hash;
    let manifest = format!("<manifestUrl>{base}/manifest/{form}</manifestUrl></xform></xforms>");
    assert!(list.ends_with(&manifest), "{list}");
    assert_eq!(list.matches("manifestUrl").count(), 2, "the other forms have no files");
    let one = get(format!("/openrosa/{token}/formList?formID=lk_chon_xa")).await;
    let one = String::from_utf8(one.to_vec()).unwrap();
    assert!(one.matches("<xform>").count() == 1 && one.ends_with(&manifest), "{one}");
    let listed = get(format!("/openrosa/{token}/manifest/{form}")).await;
    let mut expected =
        String::from("<manifest xmlns=\"http://openrosa.org/xforms/xformsManifest\">");
    for (name, bytes) in [ALL[2], ALL[1], ALL[0]] {
        let (md5, hash) = (accounts::hex(&Md5::digest(bytes)), codec::hash(bytes));
        expected.push_str(&format!(
            "<mediaFile><filename>{name}</filename><hash>md5:{md5}</hash>\
             <downloadUrl>{base}/files/{hash}</downloadUrl></mediaFile>"
        ));
        assert_eq!(get(format!("/openrosa/{token}/files/{hash}")).await, bytes);
    }
    assert_eq!(String::from_utf8(listed.to_vec()).unwrap(), expected + "</manifest>");
    let no_form = server.get(&format!("/openrosa/{token}/manifest/{}", "0".repeat(64)), &[]).await;
    assert_eq!(no_form.status, StatusCode::NOT_FOUND);
}
