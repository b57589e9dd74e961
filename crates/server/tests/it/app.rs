//! A server in a temporary folder with a small pack, and devices that talk to it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use server::App;
use server::accounts::{Role, hash_password};
use server::config::Config;
use server::database::{Account, FormRow, NewAccount, NewPack};
use sync::codec;
use sync::wire::{
    Action, DeviceId, Dot, FormRef, Hash, Operation, PullResponse, PushRequest, PushResponse,
    RecordId, SealedOperation, State, Times, Value, WIRE_VERSION, Write, field,
};
use tower::ServiceExt;

use crate::place::Place;

pub const PASSWORD: &str = "mật khẩu thử";

/// As whom requests speak that carry a cookie, by the cookie.
static WHOSE: Mutex<BTreeMap<String, String>> = Mutex::new(BTreeMap::new());
pub const SPEAKER: &str = "x-sotay-account";

/// An account as [`SPEAKER`] says it.
pub fn hex(account: &str) -> String {
    account.bytes().map(|byte| format!("{byte:02x}")).collect()
}

pub struct TestApp {
    pub folder: tempfile::TempDir,
    pub app: App,
    pub router: Router,
    pub place: Arc<Place>,
}

pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {:?}", self.body))
    }

    /// The code of an error, with its envelope checked.
    pub fn code(&self) -> String {
        let json = self.json();
        assert!(!json["error"]["message"].as_str().unwrap().is_empty());
        assert_eq!(json.as_object().unwrap().len(), 1);
        json["error"]["code"].as_str().unwrap().to_owned()
    }

    pub fn cookie(&self) -> String {
        self.header("set-cookie").split(';').next().unwrap().to_owned()
    }
}

/// The only form of the test pack.
pub const FORM: &str = include_str!("kiem_tra.xml");

pub fn form_ref() -> FormRef {
    FormRef { id: "kiem_tra".into(), version: "1".into(), hash: codec::hash(FORM.as_bytes()) }
}

pub fn pack() -> NewPack {
    let unit = |id: &str, vi: &str, en: &str, parent: Option<&str>| {
        serde_json::json!({ "id": id, "name": { "vi": vi, "en": en }, "kind": "commune", "parent": parent,
            "valid_from": null, "valid_to": null, "successors": [], "enabled": true })
    };
    let hash = codec::hash(b"pack");
    let json = serde_json::json!({
        "hash": hash.to_string(), "id": "thu", "version": "1", "title": { "vi": "Thử" },
        "languages": ["vi", "en"], "default_language": "vi", "issuer": "thanh_pho", "plan": null,
        "roots": ["thanh_pho"], "forms": [], "groups": [], "modalities": [], "events": [], "clauses": [],
        "tasks": [], "indicators": [], "legal_refs": [], "violations": [], "report_outline": [],
        "units": [
            unit("thanh_pho", "Thành phố", "City", None),
            unit("phuong_a", "Phường Xuân An", "Xuan An ward", Some("thanh_pho")),
            unit("phuong_b", "Phường Bảo Vinh", "Bao Vinh ward", Some("thanh_pho")),
        ],
    });
    NewPack {
        hash,
        json: json.to_string().into_bytes(),
        forms: vec![FormRow { form: form_ref(), xml: FORM.to_owned() }],
        files: Vec::new(),
        units: ["thanh_pho", "phuong_a", "phuong_b"].map(str::to_owned).to_vec(),
        programmes: BTreeMap::new(),
        personal: Vec::new(),
    }
}

impl TestApp {
    /// A server with officers `lan` and `minh` of ward A, `hoa` of ward B, the coordinators `an` of ward A and `thu` of
    /// the city, the auditor `kiem` and the administrator `quan_tri`.
    pub async fn start() -> Self {
        Self::with(|_| {}).await
    }

    pub async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut place = Place::new(folder.path().join("data")).await;
        change(&mut place.config);
        let app = App::open(place.config.clone()).await.unwrap();
        app.database().load_pack(&pack(), 1).await.unwrap();
        let password = hash_password(PASSWORD.to_owned()).await.unwrap();
        for (name, role, unit) in [
            ("lan", Role::Officer, "phuong_a"),
            ("minh", Role::Officer, "phuong_a"),
            ("hoa", Role::Officer, "phuong_b"),
            ("an", Role::Coordinator, "phuong_a"),
            ("thu", Role::Coordinator, "thanh_pho"),
            ("kiem", Role::Auditor, "thanh_pho"),
            ("quan_tri", Role::Administrator, "thanh_pho"),
        ] {
            let account = NewAccount {
                name: name.to_owned(),
                display_name: format!("Chị {name}"),
                role,
                unit: unit.to_owned(),
                scope: vec![unit.to_owned()],
                programmes: Vec::new(),
                password: password.clone(),
            };
            assert!(app.database().add_account(&account, None, 1).await.unwrap());
        }
        Self::on(place, folder, app)
    }

    fn on(place: Place, folder: tempfile::TempDir, app: App) -> Self {
        let router = server::router::router(app.clone());
        Self { folder, app, router, place: Arc::new(place) }
    }

    /// Another server on the same database.
    pub async fn beside(&self) -> Self {
        let app = App::open(self.place.config.clone()).await.unwrap();
        let (router, place) = (server::router::router(app.clone()), Arc::clone(&self.place));
        Self { folder: tempfile::tempdir().unwrap(), app, router, place }
    }

    /// The server that comes out of a copy of another one's database.
    pub async fn restored(copy: &std::path::Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::new(folder.path().join("data")).await;
        place.put_back(copy).await;
        Self::opened(place, folder).await
    }

    /// A server on what is there.
    pub async fn opened(place: Place, folder: tempfile::TempDir) -> Self {
        let app = App::open(place.config.clone()).await.unwrap();
        Self::on(place, folder, app)
    }

    pub async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        Answer { status: parts.status, headers: parts.headers, body }
    }

    pub async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.request(Method::GET, path, headers, Body::empty()).await
    }

    /// As the app asks: whoever has somebody's cookie says that they are that person, unless the headers say otherwise.
    pub async fn request(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Body,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        let said = |wanted| headers.iter().find(|(name, _)| *name == wanted).map(|(_, said)| *said);
        let name = said("cookie").and_then(|cookie| WHOSE.lock().unwrap().get(cookie).cloned());
        if let (Some(name), None) = (&name, said(SPEAKER)) {
            request = request.header(SPEAKER, name);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = self.send(request.body(body).unwrap()).await;
        let profile = serde_json::from_slice::<serde_json::Value>(&answer.body).ok();
        let account = profile.as_ref().and_then(|profile| profile["account"].as_str());
        let name = account.map(hex).or(name);
        if let (true, Some(name)) = (answer.headers.contains_key(header::SET_COOKIE), name) {
            WHOSE.lock().unwrap().insert(answer.cookie(), name);
        }
        answer
    }

    pub async fn sign_in(&self, name: &str, password: &str, device: DeviceId) -> Answer {
        let body = serde_json::json!({ "name": name, "password": password, "device": device.to_string(),
            "device_name": format!("Điện thoại {name}") });
        let headers = [("x-sotay", "1"), ("content-type", "application/json")];
        self.request(Method::POST, "/api/v1/session", &headers, Body::from(body.to_string())).await
    }

    /// An account as it is now.
    pub async fn account(&self, name: &str) -> Account {
        self.app.database().account(name).await.unwrap().unwrap()
    }

    /// A new device on which somebody is signed in.
    pub async fn device(&self, account: &str) -> Device<'_> {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let mut id = [0; 16];
        id[8..].copy_from_slice(&NEXT.fetch_add(1, Ordering::Relaxed).to_be_bytes());
        self.device_with_id(account, DeviceId(id)).await
    }

    pub async fn device_with_id(&self, account: &str, id: DeviceId) -> Device<'_> {
        let answer = self.sign_in(account, PASSWORD, id).await;
        assert_eq!(answer.status, StatusCode::OK, "{:?}", answer.body);
        Device { server: self, id, account: account.to_owned(), cookie: answer.cookie() }
    }
}

pub struct Device<'a> {
    pub server: &'a TestApp,
    pub id: DeviceId,
    pub account: String,
    pub cookie: String,
}

impl Device<'_> {
    pub async fn get(&self, path: &str) -> Answer {
        self.server.get(path, &[("cookie", &self.cookie)]).await
    }

    /// It goes on under another id, in the session that it has.
    pub fn renamed(&self, id: DeviceId) -> Self {
        let (account, cookie) = (self.account.clone(), self.cookie.clone());
        Self { server: self.server, id, account, cookie }
    }

    pub async fn post_push(&self, body: Vec<u8>, headers: &[(&str, &str)]) -> Answer {
        let mut all = vec![("cookie", self.cookie.as_str()), ("x-sotay", "1")];
        all.extend(headers);
        if !headers.iter().any(|(name, _)| *name == header::CONTENT_TYPE.as_str()) {
            all.push(("content-type", "application/cbor"));
        }
        self.server.request(Method::POST, "/api/v1/push", &all, Body::from(body)).await
    }

    pub fn request(&self, operations: &[Operation]) -> PushRequest {
        let sealed = operations.iter().map(|operation| SealedOperation {
            seq: operation.dot.seq,
            bytes: codec::encode(operation),
        });
        PushRequest {
            version: WIRE_VERSION,
            device: self.id,
            epoch: None,
            operations: sealed.collect(),
            oldest: None,
            unsent: None,
        }
    }

    pub async fn push(&self, operations: &[Operation]) -> PushResponse {
        let answer = self.post_push(codec::encode(&self.request(operations)), &[]).await;
        assert_eq!(answer.status, StatusCode::OK, "{:?}", answer.body);
        codec::decode(&answer.body).unwrap()
    }

    pub async fn pull(&self, cursor: Option<&str>) -> PullResponse {
        let path = format!("/api/v1/pull?cursor={}", cursor.unwrap_or_default());
        let answer = self.get(&path).await;
        assert_eq!(answer.status, StatusCode::OK, "{:?}", answer.body);
        codec::decode(&answer.body).unwrap()
    }

    /// A submitted record's only operation.
    pub fn create(&self, seq: u64, record: u8, unit: &str, fields: &[(&str, Value)]) -> Operation {
        let state = (field::STATE, text(State::Submitted.name()));
        let fields = fields.iter().cloned().chain([state]);
        Operation {
            dot: Dot { device: self.id, seq },
            record: RecordId([record; 16]),
            form: form_ref(),
            unit: unit.to_owned(),
            action: Action::Create,
            fields: fields
                .map(|(path, value)| (path.to_owned(), Write { value, over: vec![] }))
                .collect::<BTreeMap<_, _>>(),
            at: Times { wall_ms: 1_732_320_000_000, offset_ms: Some(1500), offset_age_ms: Some(0) },
            author: self.account.clone(),
        }
    }

    pub async fn put_chunk(
        &self,
        hash: Hash,
        chunk: u64,
        size: usize,
        bytes: &[u8],
        told: Hash,
    ) -> Answer {
        let path = format!("/api/v1/blobs/{hash}/{chunk}?size={size}&type=image/jpeg");
        let told = told.to_string();
        let headers = [("cookie", self.cookie.as_str()), ("x-sotay", "1"), ("x-chunk-hash", &told)];
        self.server.request(Method::PUT, &path, &headers, Body::from(bytes.to_vec())).await
    }

    /// What the server says is missing of a blob.
    pub async fn missing(&self, hash: Hash, size: usize) -> String {
        let path = format!("/api/v1/blobs/{hash}?size={size}");
        let answer = self
            .server
            .request(Method::HEAD, &path, &[("cookie", &self.cookie)], Body::empty())
            .await;
        assert_eq!(answer.status, StatusCode::OK);
        assert!(answer.headers.contains_key("x-missing-chunks"));
        answer.header("x-missing-chunks").to_owned()
    }
}

pub fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}
