//! What ODK Collect does, against the router: list, fetch, submit, submit again, edit.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, StatusCode};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use form::{Environment, LocalTime, Program, Resources, Session, compile, parse_xform};
use md5::{Digest, Md5};
use serde_json::json;
use server::accounts;
use server::budgets::Allowance;
use server::config::Config;
use server::database::{FormRow, NewClient, NewPack, Revoked};
use server::pack_load;
use sync::bundle::{Item, OfDevice};
use sync::codec;
use sync::view::{RecordView, conflicts};
use sync::wire::{DeviceId, FormRef, Hash, State, Value};

use crate::app::{Answer, Device, FORM, PASSWORD, TestApp, form_ref, pack, text};
use crate::budgets::{NEVER, assert_waits};
use crate::bundle::{deliver, items, register};
use crate::sealing::{Pair, Sealing};

const FIRST: &str = "uuid:0192e6f1-0000-7000-8000-0000000000a1";
const SECOND: &str = "uuid:0192e6f1-0000-7000-8000-0000000000b2";
const THIRD: &str = "uuid:0192e6f1-0000-7000-8000-0000000000c3";

/// An attachment: name, type and bytes.
type File<'a> = (&'a str, &'a str, &'a [u8]);

/// A phone with ODK Collect on it.
struct Collect<'a> {
    server: &'a TestApp,
    address: String,
}

impl TestApp {
    async fn collect(&self, account: &str) -> Collect<'_> {
        let (token, _) = accounts::new_token();
        let device = DeviceId(accounts::random());
        let client = NewClient { device, device_name: "ODK Collect" };
        let (now_ms, account) = (server::clock::now_ms(), self.account(account).await);
        assert!(
            self.app.database().add_token(&account, &token, client, None, now_ms).await.unwrap()
        );
        Collect { server: self, address: format!("/openrosa/{token}") }
    }

    /// Loads another pack, of this form alone.
    async fn load(&self, xml: &str, now_ms: i64) -> Hash {
        let (form, _) = parse_xform(xml).unwrap();
        let (id, version) = (form.id().to_owned(), form.version().to_owned());
        let hash = codec::hash(xml.as_bytes());
        let before = pack();
        let mut json: serde_json::Value = serde_json::from_slice(&before.json).unwrap();
        json["hash"] = json!(hash.to_string());
        json["forms"] = json!([{
            "id": id, "file": id, "version": version, "hash": hash.to_string(), "bytes": xml.len(),
            "title": { "vi": "Thử" }, "kind": "inspection", "clauses": [], "used_by": "",
            "personal_data": false, "sensitive_data": false, "checklist_items": null,
        }]);
        let form = FormRef { id, version, hash };
        let forms = vec![FormRow { form, xml: xml.to_owned() }];
        let new = NewPack { hash, json: json.to_string().into_bytes(), forms, ..before };
        assert!(self.app.database().load_pack(&new, now_ms).await.unwrap());
        hash
    }

    /// What stands on the first sheet of the records of a form.
    async fn cells(&self, form: &str) -> Vec<String> {
        let path = format!("/api/v1/records.xlsx?form={form}");
        let sheet = self.device("thu").await.get(&path).await;
        assert_eq!(sheet.status, StatusCode::OK);
        let sheet = std::io::Cursor::new(sheet.body.to_vec());
        let mut sheet: calamine::Xlsx<_> = calamine::Reader::new(sheet).unwrap();
        let name = calamine::Reader::sheet_names(&sheet)[0].clone();
        let range = calamine::Reader::worksheet_range(&mut sheet, &name).unwrap();
        range.cells().map(|(_, _, cell)| cell.to_string()).collect()
    }
}

impl Collect<'_> {
    async fn get(&self, path: &str) -> Answer {
        let path = format!("{}{path}", self.address);
        self.server.get(&path, &[("host", "sotay.example")]).await
    }

    async fn post(&self, kind: &str, body: impl Into<Body>) -> Answer {
        let path = format!("{}/submission", self.address);
        self.server.request(Method::POST, &path, &[("content-type", kind)], body.into()).await
    }

    async fn send(&self, parts: &[(&str, File<'_>)]) -> Answer {
        self.post(MULTIPART, multipart(parts)).await
    }

    async fn submit(&self, xml: &str, files: &[File<'_>]) -> Answer {
        let xml = ("form.xml", "text/xml", xml.as_bytes());
        let files = files.iter().map(|file| (file.0, *file));
        let parts: Vec<_> = [("xml_submission_file", xml)].into_iter().chain(files).collect();
        self.send(&parts).await
    }

    /// Part of a submission of which more is to come.
    async fn submit_part(&self, xml: &str, files: &[File<'_>]) -> Answer {
        let xml = ("form.xml", "text/xml", xml.as_bytes());
        let more = ("*isIncomplete*", ("", "text/plain", b"yes".as_slice()));
        let files = files.iter().map(|file| (file.0, *file));
        let parts: Vec<_> = [("xml_submission_file", xml), more].into_iter().chain(files).collect();
        self.send(&parts).await
    }
}

const MULTIPART: &str = "multipart/form-data; boundary=ranh";

fn multipart(parts: &[(&str, File<'_>)]) -> Vec<u8> {
    let mut body = Vec::new();
    for (part, (name, kind, bytes)) in parts {
        let head = format!(
            "--ranh\r\nContent-Disposition: form-data; name=\"{part}\"; filename=\"{name}\"\r\n\
             Content-Type: {kind}\r\n\r\n"
        );
        body.extend(head.into_bytes());
        body.extend(*bytes);
        body.extend(b"\r\n");
    }
    body.extend(b"--ranh--\r\n");
    body
}

impl Answer {
    /// The ways in which one may show who one is.
    fn ways(&self) -> impl Iterator<Item = &str> {
        self.headers.get_all("www-authenticate").iter().map(|way| way.to_str().unwrap())
    }

    fn words(&self) -> String {
        String::from_utf8(self.body.to_vec()).unwrap()
    }

    fn is_response(&self, status: StatusCode, words: &str) {
        let told = self.words();
        assert_eq!(self.status, status, "{told}");
        assert!(told.starts_with("<OpenRosaResponse xmlns=\"http://openrosa.org/http/response\">"));
        assert!(told.contains(words), "{told}");
        assert_eq!(self.header("x-openrosa-version"), "1.0");
        assert!(self.header("content-type").starts_with("text/xml"));
    }
}

fn program(xml: &str) -> Arc<Program> {
    let (form, problems) = parse_xform(xml).unwrap();
    assert!(problems.is_empty(), "{problems:?}");
    Arc::new(compile(form, &Resources::default()).unwrap())
}

fn environment(instance: &str) -> Environment {
    Environment {
        now: LocalTime { unix_ms: 1_732_320_000_000, offset_min: 420 },
        instance_id: instance.to_owned(),
        ..Environment::default()
    }
}

/// A filled form of the test pack.
fn filled(instance: &str, answers: &[(&str, &str)]) -> String {
    let mut session = Session::start(program(FORM), environment(instance));
    for (path, answer) in answers {
        let question = session.find(path).unwrap_or_else(|| panic!("no {path}"));
        session.answer(question, answer).unwrap();
    }
    session.finalise(environment(instance).now);
    session.to_xml()
}

fn edited(before: &str, instance: &str, answers: &[(&str, &str)]) -> String {
    let program = program(FORM);
    let fields = program.fields_of(before).unwrap();
    let old = fields.iter().find(|(path, _)| path.ends_with("instanceID")).unwrap().1.clone();
    let mut session = Session::resume(program, environment(instance), &fields);
    for (path, answer) in answers {
        let question = session.find(path).unwrap_or_else(|| panic!("no {path}"));
        session.answer(question, answer).unwrap();
    }
    // The form has no place for the other id, as most have none: the client adds it.
    let own = format!("<orx:instanceID>{old}</orx:instanceID>");
    let both = format!(
        "<orx:instanceID>{instance}</orx:instanceID><orx:deprecatedID>{old}</orx:deprecatedID>"
    );
    let xml = session.to_xml();
    assert!(xml.contains(&own), "{xml}");
    xml.replace(&own, &both)
}

impl Device<'_> {
    /// The only record that this phone sees.
    async fn record(&self) -> RecordView {
        let pulled = self.pull(None).await;
        assert_eq!(pulled.records.len(), 1, "{:?}", pulled.records);
        RecordView::of(&pulled.records[0])
    }
}

fn pack_folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packs/long-khanh-2024")
}

/// Who has begun goes on with it; nobody begins anew.
#[tokio::test]
async fn a_form_that_was_withdrawn_is_not_listed_and_can_still_be_fetched() {
    let (checked, _) = pack_load::check(&pack_load::read_folder(&pack_folder()).unwrap());
    let mut checked = checked.unwrap();
    checked.pack.forms[0].withdrawn = true;
    let gone = checked.pack.forms[0].form_id.clone();
    let server = TestApp::start().await;
    server.app.database().load_pack(&checked.to_load(), 1).await.unwrap();
    let collect = server.collect("lan").await;
    let list = collect.get("/formList").await.words();
    assert_eq!(list.matches("<xform>").count(), checked.forms.len() - 1);
    assert!(!list.contains(&format!("<formID>{gone}</formID>")), "{list}");
    let row = checked.forms.iter().find(|row| row.form.id == gone).unwrap();
    let fetched = collect.get(&format!("/forms/{}.xml", row.form.hash)).await;
    assert_eq!(fetched.words(), row.xml);
}

/// A field's path, whatever its rows are called.
fn without_keys(path: &str) -> String {
    path.split('/').map(|step| step.split('[').next().unwrap()).collect::<Vec<_>>().join("/")
}

#[tokio::test]
async fn every_form_of_the_pack_is_listed_fetched_and_sent_and_is_a_record_like_any_other() {
    let (checked, _) = pack_load::check(&pack_load::read_folder(&pack_folder()).unwrap());
    let checked = checked.unwrap();
    let server = TestApp::start().await;
    server.app.database().load_pack(&checked.to_load(), 1).await.unwrap();
    let officer = checked.demo_users().iter().find(|user| user.role == "officer").unwrap();
    let users = checked.demo_users();
    let database = server.app.database();
    pack_load::add_demo_users(database, users, Some(PASSWORD), 1).await.unwrap();
    let collect = server.collect(&officer.name).await;
    let list = collect.get("/formList").await;
    assert_eq!(list.status, StatusCode::OK);
    assert_eq!(list.header("x-openrosa-version"), "1.0");
    let list = list.words();
    assert!(list.starts_with("<xforms xmlns=\"http://openrosa.org/xforms/xformsList\"><xform>"));
    assert_eq!(list.matches("<xform>").count(), checked.forms.len());
    assert!(!list.contains("manifestUrl"), "no form of a pack has files of its own");
    let base = format!("http://sotay.example{}", collect.address);
    for row in &checked.forms {
        let url = format!("/forms/{}.xml", row.form.hash);
        let fetched = collect.get(&url).await;
        assert_eq!(fetched.words(), row.xml);
        let md5: String =
            Md5::digest(&fetched.body).iter().map(|byte| format!("{byte:02x}")).collect();
        let (id, version) = (&row.form.id, &row.form.version);
        let rest = format!(
            "<version>{version}</version><hash>md5:{md5}</hash><downloadUrl>{base}{url}</downloadUrl></xform>"
        );
        assert!(list.contains(&format!("<xform><formID>{id}</formID><name>")), "{id}");
        assert!(list.contains(&rest), "{id}");
    }
    let phone = server.device(&officer.name).await;
    for (number, row) in checked.forms.iter().enumerate() {
        let instance = format!("uuid:0192e6f1-0000-7000-8000-{number:012x}");
        let mut session = Session::start(program(&row.xml), environment(&instance));
        session.finalise(environment(&instance).now);
        let answer = collect.submit(&session.to_xml(), &[]).await;
        answer.is_response(
            StatusCode::CREATED,
            "<message nature=\"submit_success\">received</message>",
        );
        let pulled = phone.pull(None).await;
        let state = pulled.records.iter().find(|record| record.form == row.form).unwrap();
        let view = RecordView::of(state);
        assert_eq!(view.record.to_string(), instance.replace("uuid:", "").replace('-', ""));
        assert_eq!((view.state, view.deleted), (State::Submitted, false));
        assert_eq!((&view.unit, &view.author), (&officer.unit, &officer.name));
        assert_eq!(view.title, session.title().trim());
        let told = |(path, value): (&String, &Value)| match value {
            Value::Text(value) => (without_keys(path), value.clone()),
            other => panic!("{path}: {other:?}"),
        };
        let kept: Vec<_> = view.fields.iter().map(told).collect();
        let sent: Vec<_> = session
            .relevant_fields()
            .iter()
            .map(|(path, value)| (without_keys(path), value.trim().to_owned()))
            .collect();
        assert_eq!(kept, sent, "{}", row.form.id);
    }
}

#[tokio::test]
async fn answers_rows_and_photos_arrive_and_sending_twice_is_one_record() {
    let server = TestApp::start().await;
    let collect = server.collect("lan").await;
    let mut session = Session::start(program(FORM), environment(FIRST));
    for (path, answer) in
        [("chung/so_hs", "7"), ("loai", "tt"), ("anh", "1732.jpg"), ("ghi_chu", "lấn tuyến")]
    {
        session.answer(session.find(path).unwrap(), answer).unwrap();
    }
    for name in ["Bảy", "Tám"] {
        let repeat = session.find("hoc_vien").unwrap();
        session.add_row(repeat, &format!("khoa{name}")).unwrap();
        let question = session.find(&format!("hoc_vien[khoa{name}]/hv_ten")).unwrap();
        session.answer(question, name).unwrap();
    }
    let xml = session.to_xml();
    let photo: &[u8] = b"\xff\xd8 a photo";
    let files = [("1732.jpg", "image/jpeg", photo)];
    let answer = collect.submit(&xml, &files).await;
    answer.is_response(StatusCode::CREATED, "received");
    assert!(answer.header("location").ends_with("/submission"));

    let phone = server.device("minh").await;
    let first = phone.pull(None).await;
    let view = phone.record().await;
    for (path, value) in [
        ("chung/so_hs", "7"),
        ("chung/diem", "14"),
        ("loai", "tt"),
        ("ghi_chu", "lấn tuyến"),
        ("hoc_vien[1]", "1"),
        ("hoc_vien[1]/hv_ten", "Bảy"),
        ("hoc_vien[2]/hv_ten", "Tám"),
    ] {
        assert_eq!(view.fields.get(path), Some(&text(value)), "{path}");
    }
    let Some(Value::File(file)) = view.fields.get("anh") else { panic!("{:?}", view.fields) };
    assert_eq!((file.name.as_str(), file.media_type.as_str()), ("1732.jpg", "image/jpeg"));
    let served = phone.get(&format!("/api/v1/blobs/{}", file.hash)).await;
    assert_eq!((served.status, served.body.as_ref()), (StatusCode::OK, photo));
    assert_eq!(served.header("content-type"), "image/jpeg");
    let cells = server.cells("kiem_tra").await;
    assert!(cells.iter().any(|cell| cell == "lấn tuyến"), "{cells:?}");

    collect.submit(&xml, &files).await.is_response(StatusCode::CREATED, "received");
    collect.submit(&xml, &[]).await.is_response(StatusCode::CREATED, "received");
    let other = server.collect("lan").await;
    other.submit(&xml, &files).await.is_response(StatusCode::CREATED, "received");
    assert_eq!(phone.pull(None).await.records, first.records, "nothing changed");
    let history = phone.get(&format!("/api/v1/records/{}/history", view.record)).await.json();
    assert_eq!(history.as_array().map(Vec::len), Some(1), "{history}");
    assert_eq!(history[0]["device_name"], "ODK Collect");
}

/// Longer than an operation that is applied, and so is its edit; another client edits what both had on their screens.
#[tokio::test]
async fn a_submission_that_is_longer_than_an_operation_may_be_is_one_record_all_the_same() {
    let server = TestApp::start().await;
    let (collect, phone) = (server.collect("lan").await, server.device("lan").await);
    let long = |answer: &str| {
        let answers = (0..2_500).map(|at| format!("<c{at:04}>{}</c{at:04}>", answer.repeat(500)));
        format!("{}</data>", answers.collect::<String>())
    };
    let first = filled(FIRST, &[("ghi_chu", "một")]).replace("</data>", &long("x"));
    let edit = |instance: &str| {
        let own = format!("<orx:instanceID>{FIRST}</orx:instanceID>");
        let both = format!(
            "<orx:instanceID>{instance}</orx:instanceID><orx:deprecatedID>{FIRST}</orx:deprecatedID>"
        );
        first.replace(&own, &both)
    };
    for _ in 0..2 {
        collect.submit(&first, &[]).await.is_response(StatusCode::CREATED, "received");
    }
    let view = phone.record().await;
    let answers = view.fields.iter().filter(|(_, value)| **value == text(&"x".repeat(500)));
    assert_eq!((answers.count(), view.state), (2_500, State::Submitted));

    let second = edit(SECOND).replace(&"x".repeat(500), &"y".repeat(500));
    let third = edit(THIRD).replacen(&"x".repeat(500), "z", 1);
    for edit in [&second, &third, &second] {
        collect.submit(edit, &[]).await.is_response(StatusCode::CREATED, "received");
    }
    let state = phone.pull(None).await.records.remove(0);
    let stand = |path: &str| state.fields[path].iter().map(|one| &one.value).collect::<Vec<_>>();
    assert_eq!(stand("c0000"), [&text(&"y".repeat(500)), &text("z")], "none saw the other's");
    assert_eq!(stand("c2499"), [&text(&"y".repeat(500))]);
}

/// As a form that another tool made calls it: "1. Họ và tên".
#[tokio::test]
async fn an_answer_is_kept_whatever_its_question_is_called() {
    let server = TestApp::start().await;
    let collect = server.collect("lan").await;
    let known = FORM.replace("ghi_chu", "_1_ten").replace("chung", "_nhom");
    server.load(&known, 2).await;
    let mut session = Session::start(program(&known), environment(FIRST));
    session.answer(session.find("_1_ten").unwrap(), "Hoa").unwrap();
    session.answer(session.find("_nhom/so_hs").unwrap(), "7").unwrap();
    collect.submit(&session.to_xml(), &[]).await.is_response(StatusCode::CREATED, "received");
    let thu = server.device("thu").await;
    let fields = thu.record().await.fields;
    assert_eq!(fields.get("_1_ten"), Some(&text("Hoa")));
    assert_eq!(fields.get("_nhom/so_hs"), Some(&text("7")));
    let cells = server.cells("kiem_tra").await;
    assert!(cells.iter().any(|cell| cell == "Hoa"), "{cells:?}");
}

/// As versions of forms that were stored before say it.
#[tokio::test]
async fn no_form_tells_a_client_to_send_its_answers_elsewhere_or_to_seal_them() {
    let server = TestApp::start().await;
    let collect = server.collect("lan").await;
    let orders = r#"<submission action="https://khac.example/nop" method="post" base64RsaPublicKey="MIIB" orx:auto-send="true"/></model>"#;
    let hash = server.load(&FORM.replace("</model>", orders), 2).await;
    let served = collect.get(&format!("/forms/{hash}.xml")).await;
    let xml = served.words();
    assert!(!xml.contains("khac.example") && !xml.contains("base64RsaPublicKey"), "{xml}");
    assert!(xml.contains("orx:auto-send=\"true\"") && xml.contains("Họ và tên"), "{xml}");
    let list = collect.get("/formList").await.words();
    let md5 = accounts::hex(&Md5::digest(&served.body));
    assert!(list.contains(&format!("<hash>md5:{md5}</hash>")), "{list}");
}

/// A client that has such a form from before sends what nobody reads without the key, and has nothing else any more.
#[tokio::test]
async fn what_a_client_sealed_is_kept_whole_and_waits_at_the_repair_desk() {
    let server = TestApp::start().await;
    let (collect, thu) = (server.collect("lan").await, server.device("thu").await);
    let xml = format!(
        r#"<data xmlns="http://www.opendatakit.org/xforms/encrypted" id="kiem_tra" version="1" encrypted="yes">
        <base64EncryptedKey>khoa</base64EncryptedKey>
        <orx:meta xmlns:orx="http://openrosa.org/xforms"><orx:instanceID>{FIRST}</orx:instanceID></orx:meta>
        <media><file>1.jpg.enc</file></media><media><file>2.jpg.enc</file></media>
        <encryptedXmlFile>submission.xml.enc</encryptedXmlFile></data>"#
    );
    let kind = "application/octet-stream";
    let files: [File; 3] = [
        ("1.jpg.enc", kind, b"one"),
        ("2.jpg.enc", kind, b"two"),
        ("submission.xml.enc", kind, b"answers"),
    ];
    for _ in 0..2 {
        let answer = collect.submit(&xml, &files).await;
        answer.is_response(StatusCode::CREATED, "waits for the coordinator");
    }
    assert!(thu.pull(None).await.records.is_empty());
    let waiting = thu.get("/api/v1/quarantine").await.json();
    assert_eq!(waiting.as_array().map(Vec::len), Some(1), "{waiting}");
    for (name, _, bytes) in files {
        let kept = server.app.database().blob(codec::hash(bytes)).await.unwrap();
        assert!(kept.is_some(), "{name}");
    }
}

/// Somebody changed the form and forgot its version; a client that had it before has nothing else to tell it by.
#[tokio::test]
async fn a_photo_of_a_question_that_the_form_asks_no_more_is_kept() {
    let server = TestApp::start().await;
    let (collect, phone) = (server.collect("lan").await, server.device("lan").await);
    let xml = filled(FIRST, &[("anh", "17.jpg"), ("ghi_chu", "17.jpg")]);
    server.load(&FORM.replace("anh", "anh_moi"), 2).await;
    let files = [("17.jpg", "image/jpeg", b"photo".as_slice())];
    collect.submit(&xml, &files).await.is_response(StatusCode::CREATED, "received</message>");
    let fields = phone.record().await.fields;
    let Some(Value::File(file)) = fields.get("anh") else { panic!("{fields:?}") };
    assert_eq!(file.hash, codec::hash(b"photo"));
    assert_eq!(fields.get("ghi_chu"), Some(&text("17.jpg")), "it is asked, and for a text");
}

#[tokio::test]
async fn a_submission_too_large_for_one_request_comes_in_several() {
    let server = TestApp::start().await;
    let collect = server.collect("lan").await;
    let head = server
        .request(
            Method::HEAD,
            &format!("{}/submission", collect.address),
            &[("host", "a.example")],
            Body::empty(),
        )
        .await;
    assert_eq!(head.status, StatusCode::NO_CONTENT);
    assert_eq!(head.header("location"), format!("http://a.example{}/submission", collect.address));
    assert_eq!(head.header("x-openrosa-accept-content-length"), "10485760");
    let xml = filled(FIRST, &[("anh", "to.jpg"), ("ghi_chu", "to.jpg")]);
    let phone = server.device("lan").await;
    collect.submit_part(&xml, &[]).await.is_response(StatusCode::CREATED, "received");
    assert_eq!(phone.record().await.fields.get("anh"), Some(&text("to.jpg")));
    // Whoever has no more to send is told what the record lacks, and has sent it all the same.
    let lacking = collect.submit(&xml, &[]).await;
    lacking.is_response(StatusCode::CREATED, "these attachments did not come: to.jpg");
    let large = vec![7; 5 * 1024 * 1024];
    let files = [("to.jpg", "image/jpeg", large.as_slice())];
    collect.submit(&xml, &files).await.is_response(StatusCode::CREATED, "received");
    let view = phone.record().await;
    let Some(Value::File(file)) = view.fields.get("anh") else { panic!("{:?}", view.fields) };
    assert_eq!(file.size, 5 * 1024 * 1024);
    assert_eq!(
        view.fields.get("ghi_chu"),
        Some(&text("to.jpg")),
        "an answer that only looks like it"
    );
    assert!(view.conflicts.is_empty() && view.state == State::Submitted);
    let served = phone.get(&format!("/api/v1/blobs/{}", file.hash)).await;
    assert_eq!(codec::hash(&served.body), file.hash);
    collect.submit(&xml, &[]).await.is_response(StatusCode::CREATED, "received");
}

/// It goes with the first file into one request, however large that is, and comes so again and again.
#[tokio::test]
async fn a_film_that_is_too_large_does_not_keep_the_answers_away() {
    let server = TestApp::start().await;
    let (collect, phone) = (server.collect("lan").await, server.device("lan").await);
    let xml = filled(FIRST, &[("anh", "phim.mp4"), ("ghi_chu", "lấn tuyến")]);
    let film = vec![0; 33 * 1024 * 1024];
    for _ in 0..2 {
        let xml = ("xml_submission_file", ("form.xml", "text/xml", xml.as_bytes()));
        let film = ("phim.mp4", ("phim.mp4", "video/mp4", film.as_slice()));
        // The end of it is not there when the beginning is, as over a line.
        let coming = crate::slow::around(multipart(&[xml, film]), async {
            for _ in 0..32 {
                tokio::task::yield_now().await;
            }
        });
        let answer = collect.post(MULTIPART, coming).await;
        let told = "the answers arrived; this file is too large: phim.mp4";
        answer.is_response(StatusCode::PAYLOAD_TOO_LARGE, told);
        let fields = phone.record().await.fields;
        assert_eq!(fields.get("ghi_chu"), Some(&text("lấn tuyến")));
        assert_eq!(fields.get("anh"), Some(&text("phim.mp4")), "it tells what it lacks");
    }
}

#[tokio::test]
async fn an_edit_changes_the_record_that_it_takes_the_place_of() {
    let server = TestApp::start().await;
    let (collect, phone) = (server.collect("lan").await, server.device("lan").await);
    let photo = [("a.jpg", "image/jpeg", b"photo".as_slice())];
    let first = filled(FIRST, &[("anh", "a.jpg"), ("chung/so_hs", "7"), ("ghi_chu", "một")]);
    collect.submit(&first, &photo).await.is_response(StatusCode::CREATED, "received");
    let record = phone.record().await.record;
    let second = edited(&first, SECOND, &[("ghi_chu", "hai"), ("chung/so_hs", "")]);
    collect.submit(&second, &[]).await.is_response(StatusCode::CREATED, "received");
    let third = edited(&second, THIRD, &[("ghi_chu", "ba")]);
    let third = third.replace("</data>", "<_state>approved</_state></data>");
    collect.submit(&third, &photo).await.is_response(StatusCode::CREATED, "received");
    for again in [&first, &second, &third] {
        collect.submit(again, &photo).await.is_response(StatusCode::CREATED, "received");
    }
    let view = phone.record().await;
    assert_eq!(view.record, record);
    assert_eq!(view.fields.get("ghi_chu"), Some(&text("ba")));
    assert_eq!(view.fields.get("chung/so_hs"), None, "an answer that was taken back");
    assert!(matches!(view.fields.get("anh"), Some(Value::File(_))));
    assert!(view.conflicts.is_empty(), "{:?}", view.conflicts);
    assert_eq!(view.state, State::Submitted);
}

/// Who knows what a record is called learns nothing of it, not even at their own coordinator's desk.
#[tokio::test]
async fn a_submission_that_names_a_record_of_others_is_not_held_against_it() {
    let server = TestApp::start().await;
    let (lan, hoa) = (server.collect("lan").await, server.collect("hoa").await);
    let first = filled(FIRST, &[("ghi_chu", "một"), ("chung/so_hs", "7")]);
    lan.submit(&first, &[]).await.is_response(StatusCode::CREATED, "received");
    let guess = filled(FIRST, &[("ghi_chu", "một")]);
    let edit = edited(&first, SECOND, &[("ghi_chu", "một"), ("chung/so_hs", "")]);
    for sent in [&edit, &guess, &edit, &guess] {
        hoa.submit(sent, &[]).await.is_response(StatusCode::CREATED, "coordinator");
    }
    let desk = server.device("thu").await.get("/api/v1/quarantine").await.json();
    let desk = desk.as_array().unwrap();
    assert_eq!(desk.len(), 2, "each once");
    for entry in desk {
        assert_eq!((&entry["unit"], &entry["sender"]), (&"phuong_b".into(), &"hoa".into()));
        let fields = entry["fields"].as_array().unwrap();
        let held = |path: &str| fields.iter().find(|field| field["path"] == path);
        assert_eq!(held("ghi_chu").unwrap()["value"], "một", "whether or not it is the same");
        assert_eq!(held("chung/so_hs"), None, "nor which answers there are");
    }
}

/// Whatever a client calls its submissions: PostgreSQL's indexes take keys of some 2,700 bytes.
#[tokio::test]
async fn an_edit_may_have_a_long_name() {
    let server = TestApp::start().await;
    let (collect, phone) = (server.collect("lan").await, server.device("lan").await);
    let first = filled(FIRST, &[("ghi_chu", "một")]);
    collect.submit(&first, &[]).await.is_response(StatusCode::CREATED, "received");
    let long: String = (0_u32..99).map(|at| codec::hash(&at.to_be_bytes()).to_string()).collect();
    let second = edited(&first, &long, &[("ghi_chu", "hai")]);
    let third = edited(&second, THIRD, &[("ghi_chu", "ba")]);
    for edit in [&second, &third, &second] {
        collect.submit(edit, &[]).await.is_response(StatusCode::CREATED, "received");
    }
    assert_eq!(phone.record().await.fields.get("ghi_chu"), Some(&text("ba")));
}

#[tokio::test]
async fn an_edit_that_did_not_see_a_colleagues_answer_leaves_both() {
    let server = TestApp::start().await;
    let (collect, phone) = (server.collect("lan").await, server.device("minh").await);
    let first = filled(FIRST, &[("ghi_chu", "một")]);
    collect.submit(&first, &[]).await.is_response(StatusCode::CREATED, "received");
    let state = phone.pull(None).await.records.remove(0);
    let over = state.fields["ghi_chu"].iter().map(|sibling| sibling.dot).collect();
    let mut theirs = phone.create(1, 0, "phuong_a", &[]);
    theirs.record = state.record;
    theirs.fields.clear();
    theirs.action = sync::wire::Action::Amend;
    let write = sync::wire::Write { value: text("của Minh"), over };
    theirs.fields.insert("ghi_chu".to_owned(), write);
    phone.push(&[theirs]).await;
    let second = edited(&first, SECOND, &[("ghi_chu", "của Lan")]);
    collect.submit(&second, &[]).await.is_response(StatusCode::CREATED, "received");
    let state = phone.pull(None).await.records.remove(0);
    let values: Vec<&Value> =
        state.fields["ghi_chu"].iter().map(|sibling| &sibling.value).collect();
    assert!(
        values.contains(&&text("của Minh")) && values.contains(&&text("của Lan")),
        "{values:?}"
    );
    assert!(conflicts(&(&state).into()).iter().any(|conflict| conflict.path == "ghi_chu"));
}

#[tokio::test]
async fn what_cannot_be_applied_is_acknowledged_and_waits_at_the_repair_desk() {
    let server = TestApp::start().await;
    let (collect, thu) = (server.collect("lan").await, server.device("thu").await);
    let known = filled(FIRST, &[("ghi_chu", "một")]);
    let other_version = known.replace("version=\"1\"", "version=\"99\"");
    let foreign = format!(
        "<khac id=\"khac\"><nhom><a>x</a><a>y</a></nhom><anh>b.jpg</anh><_state>approved</_state>\
         <meta><instanceID>{SECOND}</instanceID></meta></khac>"
    );
    let photo = [("b.jpg", "image/jpeg", b"photo".as_slice())];
    for _ in 0..2 {
        let answer = collect.submit(&other_version, &[]).await;
        answer.is_response(StatusCode::CREATED, "waits for the coordinator");
        let answer = collect.submit(&foreign, &photo).await;
        answer.is_response(StatusCode::CREATED, "waits for the coordinator");
    }
    let waiting = thu.get("/api/v1/quarantine").await.json();
    let seen: Vec<_> = waiting
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| {
            (&entry["reason"], &entry["form_id"], &entry["form_version"], &entry["sender"])
        })
        .collect();
    let (reason, lan) = (json!("unknown_form"), json!("lan"));
    assert_eq!(
        seen,
        [
            (&reason, &json!("khac"), &json!(""), &lan),
            (&reason, &json!("kiem_tra"), &json!("99"), &lan),
        ]
    );
    let fields = waiting[0]["fields"].as_array().unwrap();
    let at = |path: &str| fields.iter().find(|field| field["path"] == path).unwrap();
    assert_eq!((&at("nhom/a[1]")["value"], &at("nhom/a[2]")["value"]), (&json!("x"), &json!("y")));
    assert_eq!(at("anh")["file"], json!(codec::hash(b"photo").to_string()));
    assert_eq!(
        at("_state")["value"],
        "submitted",
        "the sender does not say in which state a record is"
    );
    // With the form that it lacked, the same submission is a record.
    collect.submit(&known, &[]).await.is_response(StatusCode::CREATED, "received</message>");
    assert_eq!(thu.record().await.fields.get("ghi_chu"), Some(&text("một")));
}

#[tokio::test]
async fn a_broken_request_is_told_what_is_wrong_and_leaves_nothing() {
    let server = TestApp::start().await;
    let (collect, thu) = (server.collect("lan").await, server.device("thu").await);
    let xml = filled(FIRST, &[("anh", "a.jpg")]);
    let bomb = "<!DOCTYPE x [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;&a;\">]><data id=\"kiem_tra\">&b;</data>";
    let deep = "<a>".repeat(100_000);
    let huge = format!("<data id=\"kiem_tra\">{}</data>", "x".repeat(4 * 1024 * 1024));
    for (broken, status, words) in [
        ("", StatusCode::BAD_REQUEST, "xml_submission_file"),
        ("<data", StatusCode::BAD_REQUEST, "line 1"),
        (bomb, StatusCode::BAD_REQUEST, "DTD"),
        (deep.as_str(), StatusCode::BAD_REQUEST, "xml_submission_file"),
        (huge.as_str(), StatusCode::PAYLOAD_TOO_LARGE, "4194304"),
    ] {
        collect
            .submit(broken, &[("b.jpg", "image/jpeg", b"stray")])
            .await
            .is_response(status, words);
    }
    let photo = ("a.jpg", ("a.jpg", "image/jpeg", b"photo".as_slice()));
    collect
        .send(&[photo])
        .await
        .is_response(StatusCode::BAD_REQUEST, "no part xml_submission_file");
    let twice = ("xml_submission_file", ("form.xml", "text/xml", xml.as_bytes()));
    collect.send(&[twice, twice]).await.is_response(StatusCode::BAD_REQUEST, "more than one");
    let latin = ("xml_submission_file", ("form.xml", "text/xml", b"<a>\xe9</a>".as_slice()));
    collect.send(&[latin]).await.is_response(StatusCode::BAD_REQUEST, "UTF-8");
    collect
        .post("text/xml", xml.clone().into_bytes())
        .await
        .is_response(StatusCode::BAD_REQUEST, "multipart");
    let cut =
        b"--ranh\r\nContent-Disposition: form-data; name=\"xml_submission_file\"\r\n\r\n<data"
            .to_vec();
    let answer = collect.post("multipart/form-data; boundary=ranh", cut).await;
    answer.is_response(StatusCode::BAD_REQUEST, "");
    let large = vec![0; 33 * 1024 * 1024];
    let large = ("a.jpg", ("a.jpg", "image/jpeg", large.as_slice()));
    let answer = collect.send(&[large, twice]).await;
    answer.is_response(StatusCode::PAYLOAD_TOO_LARGE, "");
    assert!(thu.pull(None).await.records.is_empty());
    assert_eq!(thu.get("/api/v1/quarantine").await.json(), json!([]));
    for bytes in [b"photo".as_slice(), b"stray"] {
        assert!(server.app.database().blob(codec::hash(bytes)).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn an_edit_by_the_citys_coordinator_leaves_the_record_in_its_ward() {
    let server = TestApp::start().await;
    let (lan, thu) = (server.collect("lan").await, server.collect("thu").await);
    let first = filled(FIRST, &[("ghi_chu", "một")]);
    lan.submit(&first, &[]).await.is_response(StatusCode::CREATED, "received");
    let second = edited(&first, SECOND, &[("ghi_chu", "hai")]);
    thu.submit(&second, &[]).await.is_response(StatusCode::CREATED, "received</message>");
    let view = server.device("minh").await.record().await;
    assert_eq!((view.unit.as_str(), view.author.as_str()), ("phuong_a", "lan"));
    assert_eq!(view.fields.get("ghi_chu"), Some(&text("hai")));
    let stranger = server.collect("hoa").await;
    let third = edited(&second, THIRD, &[("ghi_chu", "của người lạ")]);
    let answer = stranger.submit(&third, &[]).await;
    answer.is_response(StatusCode::CREATED, "waits for the coordinator");
    let view = server.device("minh").await.record().await;
    assert_eq!(view.fields.get("ghi_chu"), Some(&text("hai")), "another ward's record");
}

#[tokio::test]
async fn after_a_restore_a_client_goes_on_and_no_number_is_given_twice() {
    let server = TestApp::start().await;
    let collect = server.collect("lan").await;
    let first = filled(FIRST, &[("ghi_chu", "một")]);
    collect.submit(&first, &[]).await.is_response(StatusCode::CREATED, "received");
    let file = server.folder.path().join("copy.sqlite");
    server.app.database().backup(&file, 7).await.unwrap();
    let lost = filled(SECOND, &[("ghi_chu", "hai")]);
    collect.submit(&lost, &[]).await.is_response(StatusCode::CREATED, "received");
    let seen = server.device("lan").await.pull(None).await.records;

    let restored = TestApp::restored(&file).await;
    let collect = Collect { server: &restored, address: collect.address.clone() };
    let next = filled(THIRD, &[("ghi_chu", "ba")]);
    for xml in [&first, &next] {
        collect.submit(xml, &[]).await.is_response(StatusCode::CREATED, "received");
    }
    let records = restored.device("lan").await.pull(None).await.records;
    assert_eq!(records.len(), 2);
    let dots = |record: &sync::wire::RecordState| record.fields["_state"][0].dot;
    let new =
        records.iter().map(dots).find(|dot| !seen.iter().map(dots).any(|known| known == *dot));
    let new = new.expect("the new record's dot is nobody else's");
    assert!(seen.iter().map(dots).all(|dot| dot.device != new.device));
}

#[tokio::test]
async fn a_submission_without_an_id_is_one_record_however_often_it_comes() {
    let server = TestApp::start().await;
    let collect = server.collect("lan").await;
    let xml = filled(FIRST, &[("ghi_chu", "một")]);
    let own = format!("<orx:instanceID>{FIRST}</orx:instanceID>");
    let xml = xml.replace(&own, "<orx:instanceID/>");
    for _ in 0..2 {
        collect.submit(&xml, &[]).await.is_response(StatusCode::CREATED, "received");
    }
    let view = server.device("lan").await.record().await;
    assert_eq!(view.fields.get("ghi_chu"), Some(&text("một")));
}

#[tokio::test]
async fn many_requests_of_one_client_at_once_are_as_many_records() {
    let server = TestApp::start().await;
    let collect = server.collect("lan").await;
    let xml = |number: usize| filled(&format!("uuid:0192e6f1-0000-7000-8000-{number:012x}"), &[]);
    let (a, b, c, d) = (xml(1), xml(2), xml(3), xml(3));
    let answers = tokio::join!(
        collect.submit(&a, &[]),
        collect.submit(&b, &[]),
        collect.submit(&c, &[]),
        collect.submit(&d, &[])
    );
    for answer in [answers.0, answers.1, answers.2, answers.3] {
        answer.is_response(StatusCode::CREATED, "received</message>");
    }
    let thu = server.device("thu").await;
    assert_eq!(thu.pull(None).await.records.len(), 3);
    assert_eq!(thu.get("/api/v1/quarantine").await.json(), json!([]));
}

/// Its push waits for the disk then, and is kept: the next one counts after it.
#[tokio::test]
async fn a_client_that_hangs_up_makes_no_fork_of_what_comes_next() {
    let server = TestApp::start().await;
    let collect = server.collect("lan").await;
    let mut is_answered = false;
    for polls in 1..10_000 {
        let xml = |number: usize| {
            filled(&format!("uuid:0192e6f1-0000-7000-{polls:04x}-{number:012x}"), &[])
        };
        let (first, second) = (xml(1), xml(2));
        let mut first = std::pin::pin!(collect.submit(&first, &[]));
        let mut left = polls;
        let hang_up = std::future::poll_fn(|context| {
            left -= 1;
            let answer = first.as_mut().poll(context);
            is_answered = answer.is_ready();
            if is_answered || left == 0 { Poll::Ready(()) } else { Poll::Pending }
        });
        let next = async { collect.submit(&second, &[]).await };
        let ((), answer) = tokio::join!(hang_up, next);
        answer.is_response(StatusCode::CREATED, "received</message>");
        if is_answered {
            break;
        }
    }
    assert!(is_answered, "every place to hang up was tried");
    let thu = server.device("thu").await;
    assert_eq!(thu.get("/api/v1/quarantine").await.json(), json!([]));
}

#[tokio::test]
async fn whoever_sends_slowly_keeps_no_other_from_sending() {
    let server = TestApp::start().await;
    let (slow, other) = (server.collect("lan").await, server.collect("minh").await);
    let path = format!("{}/submission", slow.address);
    let kind = [("content-type", "multipart/form-data; boundary=ranh")];
    let sending = (0..20).map(|_| {
        let never = futures::stream::pending::<std::io::Result<Vec<u8>>>();
        server.request(Method::POST, &path, &kind, Body::from_stream(never))
    });
    let sent = async {
        for number in 0..20 {
            let xml = filled(&format!("uuid:0192e6f1-0000-7000-8000-{number:012x}"), &[]);
            other.submit(&xml, &[]).await.is_response(StatusCode::CREATED, "received");
        }
    };
    tokio::select! {
        _ = futures::future::join_all(sending) => unreachable!("they never end"),
        sent = tokio::time::timeout(Duration::from_secs(60), sent) => sent.expect("there is room"),
    }
}

/// The server counts for it: who could say how far, would stop it for ever.
#[tokio::test]
async fn nobody_signs_in_or_sends_as_anybodys_client() {
    let server = TestApp::start().await;
    let collect = server.collect("lan").await;
    let first = filled(FIRST, &[("ghi_chu", "một")]);
    collect.submit(&first, &[]).await.is_response(StatusCode::CREATED, "received");
    let lan = server.device("lan").await;
    let client = lan.pull(None).await.records[0].fields["_state"][0].dot.device;
    for name in ["lan", "minh"] {
        let answer = server.sign_in(name, PASSWORD, client).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (StatusCode::BAD_REQUEST, "bad_device")
        );
        let phone = server.device(name).await;
        let mut request = phone.request(&[]);
        (request.device, request.oldest) = (client, Some(u64::MAX));
        let answer = phone.post_push(codec::encode(&request), &[]).await;
        assert_eq!(answer.code(), "wrong_device", "{name}");
    }
    // Nor with the key of the phone of the person whose client it is.
    let key = Pair::of(7);
    let organisation = register(&lan, &key).await;
    let named = Device { id: client, ..server.device("lan").await };
    let mut carried = items(&named, &[], &[]);
    carried[1] = Item::Device(OfDevice { device: client, oldest: Some(1 << 40) });
    let bundle = Sealing::new(client, &key, organisation).pack(&carried);
    let answer = deliver(&lan, &bundle).await;
    assert_eq!((answer.status, answer.code().as_str()), (StatusCode::FORBIDDEN, "wrong_device"));
    let second = filled(SECOND, &[("ghi_chu", "hai")]);
    collect.submit(&second, &[]).await.is_response(StatusCode::CREATED, "received");
    assert_eq!(lan.pull(None).await.records.len(), 2);
}

#[tokio::test]
async fn a_token_is_made_listed_and_ended_by_who_looks_after_its_owner() {
    let server = TestApp::start().await;
    let (an, lan) = (server.device("an").await, server.device("lan").await);
    let make = async |device: &Device<'_>, account: &str| {
        let headers = [
            ("cookie", device.cookie.as_str()),
            ("x-sotay", "1"),
            ("content-type", "application/json"),
        ];
        let path = format!("/api/v1/accounts/{account}/token");
        let body =
            Body::from(json!({ "device_name": "Máy Samsung", "password": PASSWORD }).to_string());
        server.request(Method::POST, &path, &headers, body).await
    };
    assert_eq!(make(&lan, "minh").await.status, StatusCode::NOT_FOUND);
    assert_eq!(make(&an, "hoa").await.status, StatusCode::NOT_FOUND);
    assert_eq!(make(&lan, "lan").await.status, StatusCode::CREATED, "everybody for themselves");
    let quan_tri = server.device("quan_tri").await;
    assert_eq!(make(&quan_tri, "kiem").await.code(), "no_field_work");
    let made = make(&an, "lan").await;
    assert_eq!(made.status, StatusCode::CREATED);
    let (path, token) = (made.json()["path"].clone(), made.json()["token"].clone());
    let (path, token) = (path.as_str().unwrap(), token.as_str().unwrap());
    let list = format!("{path}/formList");
    assert_eq!(server.get(&list, &[]).await.status, StatusCode::OK);
    let cookie = format!("sotay={token}");
    let answer = server.get("/api/v1/session", &[("cookie", &cookie)]).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "it opens nothing else");
    let other = lan.cookie.split_once('=').unwrap().1;
    let answer = server.get(&format!("/openrosa/{other}/formList"), &[]).await;
    answer.is_response(StatusCode::UNAUTHORIZED, "token");
    let site = [("sec-fetch-site", "cross-site")];
    assert_eq!(server.get(&list, &site).await.status, StatusCode::FORBIDDEN);
    let sessions = an.get("/api/v1/sessions").await.json();
    let sessions = sessions.as_array().unwrap();
    let session =
        sessions.iter().rev().find(|session| session["device_name"] == "Máy Samsung").unwrap();
    assert_eq!((&session["account"], &session["may_end"]), (&json!("lan"), &json!(true)));
    let log = an.get("/api/v1/audit").await.json();
    assert!(
        log.as_array()
            .unwrap()
            .iter()
            .any(|row| row["action"] == "token_make" && row["actor"] == "an")
    );
    for session in sessions.iter().filter(|session| session["device_name"] == "Máy Samsung") {
        let path = format!("sessions/{}/end", session["id"]);
        let ended = an.ask(Method::POST, &path, json!({ "password": PASSWORD })).await;
        assert_eq!(ended.status, StatusCode::NO_CONTENT);
    }
    server.get(&list, &[]).await.is_response(StatusCode::UNAUTHORIZED, "ended or never was");
}

#[tokio::test]
async fn a_disabled_account_and_a_wrong_token_are_refused() {
    let server = TestApp::start().await;
    let (collect, thu) = (server.collect("lan").await, server.device("thu").await);
    let xml = filled(FIRST, &[]);
    server.app.database().disable_account("lan", None, 2).await.unwrap();
    collect.submit(&xml, &[]).await.is_response(StatusCode::UNAUTHORIZED, "token");
    collect.get("/formList").await.is_response(StatusCode::UNAUTHORIZED, "token");
    let stranger = Collect { server: &server, address: format!("/openrosa/{}", "0".repeat(64)) };
    stranger.submit(&xml, &[]).await.is_response(StatusCode::UNAUTHORIZED, "token");
    assert!(thu.pull(None).await.records.is_empty());
    assert_eq!(thu.get("/api/v1/quarantine").await.json(), json!([]));
}

#[tokio::test]
async fn name_and_password_do_as_well_as_a_token_and_guessing_gets_slow() {
    let server = TestApp::start().await;
    let basic = |name: &str, password: &str| {
        format!("Basic {}", STANDARD.encode(format!("{name}:{password}")))
    };
    let list =
        async |given: &str| server.get("/openrosa/formList", &[("authorization", given)]).await;
    let asked = server.get("/openrosa/formList", &[]).await;
    asked.is_response(StatusCode::UNAUTHORIZED, "name and password");
    let ways: Vec<&str> = asked.ways().collect();
    assert!(ways[0].contains("algorithm=SHA-256") && ways[1].contains("algorithm=MD5"), "{ways:?}");
    assert_eq!(ways.len(), 2, "nobody is asked for a password that everybody on the way may read");
    let right = basic("lan", PASSWORD);
    for _ in 0..2 {
        let answer = list(&right).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.words());
    }
    let lan = server.device("lan").await;
    let sessions = lan.get("/api/v1/sessions").await.json();
    assert_eq!(sessions.as_array().unwrap().len(), 2, "one for all requests, and the phone's");
    let url = format!("/openrosa/forms/{}.xml", form_ref().hash);
    assert_eq!(server.get(&url, &[("authorization", &right)]).await.words(), FORM);
    let xml = filled(FIRST, &[("ghi_chu", "một")]);
    let body = format!(
        "--ranh\r\nContent-Disposition: form-data; name=\"xml_submission_file\"\r\n\r\n{xml}\r\n--ranh--\r\n"
    );
    let kind = ("content-type", "multipart/form-data; boundary=ranh");
    let headers = [("authorization", right.as_str()), kind];
    let answer =
        server.request(Method::POST, "/openrosa/submission", &headers, Body::from(body)).await;
    answer.is_response(StatusCode::CREATED, "received");
    assert_eq!(lan.record().await.fields.get("ghi_chu"), Some(&text("một")));
    let mut statuses = BTreeMap::new();
    for _ in 0..6 {
        *statuses.entry(list(&basic("lan", "sai")).await.status.as_u16()).or_insert(0) += 1;
    }
    assert_eq!(statuses, BTreeMap::from([(401, 5), (429, 1)]));
    let answer = list(&basic("khong_co_ai", "sai")).await;
    answer.is_response(StatusCode::UNAUTHORIZED, "the name or the password is wrong");
}

/// It knows both and takes the first that it is asked for, as ODK Collect does by https; it never tries another.
#[tokio::test]
async fn a_client_by_https_is_asked_first_for_what_a_password_is_good_for() {
    let https = |config: &mut Config| config.public_url = Some("https://sotay.example".to_owned());
    let server = TestApp::with(https).await;
    for (password, status) in [(PASSWORD, StatusCode::OK), ("sai", StatusCode::UNAUTHORIZED)] {
        let asked = server.get("/openrosa/formList", &[]).await;
        asked.is_response(StatusCode::UNAUTHORIZED, "name and password");
        let mut schemes = asked.ways().map(|way| way.split(' ').next().unwrap());
        assert_eq!(schemes.next(), Some("Basic"));
        assert_eq!(schemes.collect::<Vec<_>>(), ["Digest", "Digest"], "for those that prefer it");
        let shown = format!("Basic {}", STANDARD.encode(format!("lan:{password}")));
        let answer = server.get("/openrosa/formList", &[("authorization", &shown)]).await;
        assert_eq!(answer.status, status, "{}", answer.words());
    }
}

#[tokio::test]
async fn a_client_that_sends_to_two_servers_at_once_is_counted_for_once() {
    if crate::place::cluster().is_none() {
        return; // there are no two servers
    }
    let server = TestApp::start().await;
    let beside = server.beside().await;
    let here = server.collect("lan").await;
    let there = Collect { server: &beside, address: here.address.clone() };
    for round in 0..5 {
        let [one, other] = ["a", "b"].map(|which| {
            filled(
                &format!("uuid:0192e6f1-0000-7000-8000-00000000{which}0{round:02}"),
                &[("ghi_chu", which)],
            )
        });
        let (here, there) = tokio::join!(here.submit(&one, &[]), there.submit(&other, &[]));
        here.is_response(StatusCode::CREATED, "received");
        there.is_response(StatusCode::CREATED, "received");
    }
    assert_eq!(server.device("lan").await.pull(None).await.records.len(), 10);
}

/// A client that was given a name and a token, as ODK Collect keeps them: it asks, is told a nonce, and asks again.
struct DigestClient<'a> {
    server: &'a TestApp,
    name: &'a str,
    token: &'a str,
    algorithm: &'static str,
}

impl DigestClient<'_> {
    fn hash(&self, text: &str) -> String {
        match self.algorithm {
            "MD5" => accounts::hex(&Md5::digest(text)),
            _ => codec::hash(text.as_bytes()).to_string(),
        }
    }

    fn proof(&self, method: &str, uri: &str, nonce: &str, count: u32) -> String {
        let first = self.hash(&format!("{}:Sotay:{}", self.name, self.token));
        let second = self.hash(&format!("{method}:{uri}"));
        let response = self.hash(&format!("{first}:{nonce}:{count:08x}:0a4f113b:auth:{second}"));
        format!(
            "Digest username=\"{}\", realm=\"Sotay\", nonce=\"{nonce}\", uri=\"{uri}\", algorithm={}, \
             response=\"{response}\", qop=auth, nc={count:08x}, cnonce=\"0a4f113b\"",
            self.name, self.algorithm
        )
    }

    async fn nonce(&self, uri: &str) -> String {
        let asked = self.server.get(uri, &[]).await;
        asked.is_response(StatusCode::UNAUTHORIZED, "name and password");
        let way = asked.ways().find(|way| way.contains(&format!("algorithm={}", self.algorithm)));
        let nonce = way.unwrap().split("nonce=\"").nth(1).unwrap().split('"').next().unwrap();
        nonce.to_owned()
    }

    async fn request(&self, method: Method, uri: &str, header: &str, body: Vec<u8>) -> Answer {
        let headers = [
            ("authorization", header),
            ("host", "sotay.example"),
            ("content-type", "multipart/form-data; boundary=ranh"),
        ];
        self.server.request(method, uri, &headers, Body::from(body)).await
    }
}

#[tokio::test]
async fn a_client_that_knows_name_and_token_proves_it_and_never_sends_the_token() {
    let server = TestApp::start().await;
    let collect = server.collect("lan").await;
    let token = collect.address.trim_start_matches("/openrosa/").to_owned();
    for algorithm in ["MD5", "SHA-256"] {
        let client = DigestClient { server: &server, name: "lan", token: &token, algorithm };
        let list = "/openrosa/formList?formID=kiem_tra&deviceID=collect%3AvQ7";
        let nonce = client.nonce(list).await;
        let proof = client.proof("GET", list, &nonce, 1);
        let listed = client.request(Method::GET, list, &proof, Vec::new()).await;
        assert_eq!(listed.status, StatusCode::OK, "{}", listed.words());
        // As clients do, it goes on with the nonce that it has.
        let to = "/openrosa/submission?deviceID=collect%3AvQ7";
        let head = client.proof("HEAD", to, &nonce, 2);
        let head = client.request(Method::HEAD, to, &head, Vec::new()).await;
        assert_eq!(head.status, StatusCode::NO_CONTENT);
        assert_eq!(head.header("location"), "http://sotay.example/openrosa/submission");
        let xml = filled(FIRST, &[("ghi_chu", "một")]);
        let body = format!(
            "--ranh\r\nContent-Disposition: form-data; name=\"xml_submission_file\"; filename=\"a.xml\"\r\n\r\n\
             {xml}\r\n--ranh--\r\n"
        );
        let post = client.proof("POST", to, &nonce, 3);
        let sent = client.request(Method::POST, to, &post, body.into_bytes()).await;
        sent.is_response(StatusCode::CREATED, "received");
        for (given, why) in [
            (client.proof("POST", list, &nonce, 4), "another method"),
            (client.proof("GET", "/openrosa/formList", &nonce, 4), "another address"),
            (client.proof("GET", list, &"0".repeat(48), 4), "a nonce that is not ours"),
            (client.proof("GET", list, &nonce, 4).replace("nc=00000004", "nc=00000005"), "other"),
            (client.proof("GET", list, &nonce, 4).replace("\"lan\"", "\"minh\""), "a name"),
        ] {
            let refused = client.request(Method::GET, list, &given, Vec::new()).await;
            assert_eq!(refused.status, StatusCode::UNAUTHORIZED, "{why}");
            assert!(!refused.ways().any(|way| way.contains("stale")), "{why}");
        }
    }
    let lan = server.device("lan").await;
    let sessions = lan.get("/api/v1/sessions").await.json();
    let names: Vec<&str> =
        sessions.as_array().unwrap().iter().filter_map(|s| s["device_name"].as_str()).collect();
    assert!(names.contains(&"ODK Collect (collect:vQ7)"), "{names:?}");
    assert_eq!(names.len(), 2, "it is the device of its token: {names:?}");
    // A token is good as a password too, and ends for both when it is ended.
    let basic = format!("Basic {}", STANDARD.encode(format!("lan:{token}")));
    let given = [("authorization", basic.as_str())];
    assert_eq!(server.get("/openrosa/formList", &given).await.status, StatusCode::OK);
    let wrong = format!("Basic {}", STANDARD.encode(format!("minh:{token}")));
    let refused = server.get("/openrosa/formList", &[("authorization", wrong.as_str())]).await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    let id = [&sessions[0], &sessions[1]].into_iter().find(|s| s["is_this"] == false).unwrap();
    let path = format!("sessions/{}/end", id["id"]);
    let ended = lan.ask(Method::POST, &path, json!({ "password": PASSWORD })).await;
    assert_eq!(ended.status, StatusCode::NO_CONTENT);
    let client = DigestClient { server: &server, name: "lan", token: &token, algorithm: "MD5" };
    let nonce = client.nonce("/openrosa/formList").await;
    let proof = client.proof("GET", "/openrosa/formList", &nonce, 1);
    let refused = client.request(Method::GET, "/openrosa/formList", &proof, Vec::new()).await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    assert_eq!(server.get("/openrosa/formList", &given).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_client_waits_as_its_person_does_and_the_same_submission_goes_through_later() {
    let server =
        TestApp::with(|config| config.allowances.operations = Allowance::new(1, NEVER)).await;
    let collect = server.collect("lan").await;
    assert_eq!(collect.submit(&filled(FIRST, &[]), &[]).await.status, StatusCode::CREATED);
    let second = filled(SECOND, &[]);
    let refused = collect.submit(&second, &[]).await;
    refused.is_response(StatusCode::TOO_MANY_REQUESTS, "more than one person may take");
    assert_waits(&refused, 1_000);
    let lan = server.device("lan").await;
    assert_eq!(lan.pull(None).await.records.len(), 1, "nothing of it was kept");
    // Time passes: a server that has just started has full budgets.
    let later = server.beside().await;
    let collect = Collect { server: &later, address: collect.address };
    assert_eq!(collect.submit(&second, &[]).await.status, StatusCode::CREATED);
    assert_eq!(lan.pull(None).await.records.len(), 2);
}

#[tokio::test]
async fn a_token_that_ends_while_a_submission_comes_sends_nothing() {
    let server = TestApp::start().await;
    let collect = server.collect("lan").await;
    let xml = format!(
        r#"<data id="kiem_tra" version="1"><ghi_chu>một</ghi_chu><meta><instanceID>{FIRST}</instanceID></meta></data>"#
    );
    let body = format!(
        "--ranh\r\nContent-Disposition: form-data; name=\"xml_submission_file\"; filename=\"a.xml\"\r\n\
         Content-Type: text/xml\r\n\r\n{xml}\r\n--ranh--\r\n"
    );
    let sessions = server.device("quan_tri").await.get("/api/v1/sessions").await.json();
    let mut sessions = sessions.as_array().unwrap().iter();
    let session = sessions.find(|session| session["account"] == "lan").unwrap();
    let (session, database) = (session["id"].as_i64().unwrap(), server.app.database().clone());
    let coming = crate::slow::around(body.clone(), async move {
        assert!(database.revoke_session(session, Revoked::Lost, None, 5).await.unwrap());
    });
    let path = format!("{}/submission", collect.address);
    let kind = [("content-type", "multipart/form-data; boundary=ranh")];
    let answer = server.request(Method::POST, &path, &kind, coming).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{:?}", answer.body);
    assert_eq!(server.device("minh").await.pull(None).await.records.len(), 0);
    let again = server.collect("lan").await;
    let path = format!("{}/submission", again.address);
    let answer = server.request(Method::POST, &path, &kind, Body::from(body)).await;
    assert_eq!(answer.status, StatusCode::CREATED, "nothing is lost: {:?}", answer.body);
    assert_eq!(server.device("minh").await.pull(None).await.records.len(), 1);
}
