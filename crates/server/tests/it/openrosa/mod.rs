//! What ODK Collect does, against the router: list, fetch, submit, submit again, edit.

mod clients;
mod credentials;
mod edits;
mod forms;
mod submissions;

use std::sync::Arc;

use axum::body::Body;
use axum::http::{Method, StatusCode};
use form::{Environment, LocalTime, Program, Resources, Session, compile, parse_xform};
use serde_json::json;
use server::accounts;
use server::database::{FormRow, NewClient, NewPack};
use sync::codec;
use sync::view::RecordView;
use sync::wire::{DeviceId, FormRef, Hash};

use crate::app::{Answer, Device, FORM, TestApp, pack};

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

impl Device<'_> {
    /// The only record that this phone sees.
    async fn record(&self) -> RecordView {
        let pulled = self.pull(None).await;
        assert_eq!(pulled.records.len(), 1, "{:?}", pulled.records);
        RecordView::of(&pulled.records[0])
    }
}
