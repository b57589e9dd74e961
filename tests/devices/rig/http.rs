//! HTTP as the phone's browser speaks it: one cookie, the headers that the app sends, gzip both ways.

use std::io::{Read, Write};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use axum::body::Bytes;
use axum::http::{HeaderMap, Method, Request, header};
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

/// An answer that arrived whole.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    /// Unpacked.
    pub body: Vec<u8>,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&self.body)))
    }

    /// The status and the stable code of an error.
    pub fn error(&self) -> (u16, String) {
        let code = self.json()["error"]["code"].as_str().map(str::to_owned);
        (self.status, code.expect("every error has a code"))
    }
}

/// Requests, and bytes of bodies as they travel, compressed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Traffic {
    pub requests: u64,
    pub up: u64,
    pub down: u64,
}

/// One browser profile.
#[derive(Clone, Debug)]
pub struct Http {
    pub server: SocketAddr,
    /// As whom it speaks.
    name: String,
    cookie: Arc<Mutex<Option<String>>>,
    client: Client<HttpConnector, Full<Bytes>>,
    traffic: Arc<Mutex<Traffic>>,
}

impl Http {
    pub fn new(server: SocketAddr, account: &str) -> Self {
        let client = Client::builder(TokioExecutor::new()).build(HttpConnector::new());
        let (cookie, traffic) = (Arc::default(), Arc::default());
        let mut http = Self { server, name: String::new(), cookie, client, traffic };
        http.speak_as(account);
        http
    }

    /// Who speaks from now on.
    pub fn speak_as(&mut self, account: &str) {
        self.name = account.bytes().map(|byte| format!("{byte:02x}")).collect();
    }

    pub fn cookie(&self) -> Option<String> {
        hold(&self.cookie).clone()
    }

    pub fn set_cookie(&self, cookie: Option<&str>) {
        *hold(&self.cookie) = cookie.map(str::to_owned);
    }

    /// What was sent and received so far.
    pub fn traffic(&self) -> Traffic {
        *hold(&self.traffic)
    }

    fn note(&self, requests: u64, up: usize, down: usize) {
        let mut traffic = hold(&self.traffic);
        traffic.requests += requests;
        traffic.up += up as u64;
        traffic.down += down as u64;
    }

    pub async fn get(&self, path: &str) -> Option<Answer> {
        self.send(Method::GET, path, &[], Vec::new()).await
    }

    pub async fn post_json(&self, path: &str, body: &serde_json::Value) -> Option<Answer> {
        let headers = [(header::CONTENT_TYPE.as_str(), "application/json")];
        self.send(Method::POST, path, &headers, body.to_string().into_bytes()).await
    }

    /// Sends CBOR, packed.
    pub async fn post_cbor(&self, path: &str, body: &[u8]) -> Option<Answer> {
        self.post_packed_cbor(path, gzip(body)).await
    }

    /// Sends CBOR that is packed already.
    pub async fn post_packed_cbor(&self, path: &str, body: Vec<u8>) -> Option<Answer> {
        let headers = [
            (header::CONTENT_TYPE.as_str(), "application/cbor"),
            (header::CONTENT_ENCODING.as_str(), "gzip"),
        ];
        self.send(Method::POST, path, &headers, body).await
    }

    /// Sends a request. `None`: no answer, or none that is whole.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Vec<u8>,
    ) -> Option<Answer> {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("http://{}{path}", self.server))
            .header("X-Sotay", "1")
            .header("X-Sotay-Account", &self.name)
            .header("Sec-Fetch-Site", "same-origin")
            .header(header::ACCEPT_ENCODING, "gzip");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(cookie) = self.cookie() {
            request = request.header(header::COOKIE, cookie);
        }
        self.note(1, body.len(), 0);
        let request = request.body(Full::new(Bytes::from(body))).expect("a request of our own");
        let (head, body) = self.client.request(request).await.ok()?.into_parts();
        let body = body.collect().await.ok()?.to_bytes();
        self.note(0, 0, body.len());
        if let Some(cookie) = head.headers.get(header::SET_COOKIE) {
            let cookie = cookie.to_str().expect("cookies are ASCII");
            self.set_cookie(cookie.split(';').next());
        }
        let is_packed = head.headers.get(header::CONTENT_ENCODING).is_some_and(|how| how == "gzip");
        let body = if is_packed { gunzip(&body) } else { body.to_vec() };
        Some(Answer { status: head.status.as_u16(), headers: head.headers, body })
    }
}

fn hold<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().expect("nobody panics while holding it")
}

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::default());
    packer.write_all(bytes).expect("a vector takes every byte");
    packer.finish().expect("a vector takes every byte")
}

fn gunzip(bytes: &[u8]) -> Vec<u8> {
    let mut unpacked = Vec::new();
    GzDecoder::new(bytes).read_to_end(&mut unpacked).expect("the server packs well");
    unpacked
}
