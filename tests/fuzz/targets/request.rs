//! What a phone or an OpenRosa client sends, against the very router: operations, whole requests of a push, files, bundles,
//! submissions. Whatever it is, the server answers for it and goes on; it never fails by itself.
#![no_main]

use std::cell::OnceCell;
use std::time::Duration;

use axum::body::Body;
use axum::http::Method;
use libfuzzer_sys::fuzz_target;
use server::accounts;
use server::budgets::{Allowance, Allowances};
use server::database::NewClient;
use sync::codec;
use sync::wire::{DeviceId, PushRequest, PushResponse, SealedOperation, WIRE_VERSION};
use tokio::runtime::Runtime;

use crate::app::TestApp;

#[allow(dead_code, clippy::unwrap_used, reason = "the server's tests use more of it")]
#[path = "../../../crates/server/tests/it/app.rs"]
mod app;
#[allow(dead_code, reason = "the server's tests use more of it")]
#[path = "../../../crates/server/tests/it/place.rs"]
mod place;

/// A server, a phone on which somebody is signed in, and the address of a client.
struct Rig {
    runtime: Runtime,
    server: TestApp,
    device: DeviceId,
    cookie: String,
    client: String,
}

thread_local! {
    static RIG: OnceCell<Rig> = const { OnceCell::new() };
}

impl Rig {
    fn start() -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime = runtime.expect("a runtime");
        let (server, device, cookie, client) = runtime.block_on(async {
            // Nobody sends so much in so short a time: what a person may take is not what is tried here.
            let plenty = Allowance::new(u32::MAX, Duration::from_nanos(1));
            let server = TestApp::with(|config| {
                config.allowances = Allowances {
                    requests: plenty,
                    operations: plenty,
                    kib: plenty,
                    reports: plenty,
                };
            })
            .await;
            let (device, cookie) = {
                let phone = server.device("lan").await;
                (phone.id, phone.cookie)
            };
            let (token, _) = accounts::new_token();
            let client = NewClient { device: DeviceId([9; 16]), device_name: "Collect" };
            let now_ms = server::clock::now_ms();
            let made = server.app.database().add_token("lan", &token, client, None, now_ms).await;
            assert!(made.expect("it is kept"));
            (server, device, cookie, format!("/openrosa/{token}/submission"))
        });
        Self { runtime, server, device, cookie, client }
    }

    fn send(&self, method: Method, path: &str, kind: &str, body: Vec<u8>) -> app::Answer {
        let hash = codec::hash(&body).to_string();
        let headers = [
            ("cookie", self.cookie.as_str()),
            ("x-sotay", "1"),
            ("content-type", kind),
            ("x-chunk-hash", &hash),
        ];
        let answer = self.server.request(method, path, &headers, Body::from(body));
        let answer = self.runtime.block_on(answer);
        assert!(!answer.status.is_server_error(), "{} {:?}", answer.status, answer.body);
        answer
    }

    /// A request that can be read is answered for each of its operations that follow on each other, twice the same.
    fn push(&self, body: Vec<u8>) {
        let answer = self.send(Method::POST, "/api/v1/push", "application/cbor", body.clone());
        if answer.status == 200 {
            let first: PushResponse = codec::decode(&answer.body).expect("an answer");
            let again = self.send(Method::POST, "/api/v1/push", "application/cbor", body);
            let again: PushResponse = codec::decode(&again.body).expect("an answer");
            assert_eq!((first.acked, first.verdicts), (again.acked, again.verdicts));
        }
    }

    /// Any bytes as the next operation of the device.
    fn operation(&self, bytes: &[u8]) {
        let request = |operations| PushRequest {
            version: WIRE_VERSION,
            device: self.device,
            epoch: None,
            operations,
            oldest: None,
            unsent: None,
        };
        let asked = codec::encode(&request(Vec::new()));
        let answer = self.send(Method::POST, "/api/v1/push", "application/cbor", asked);
        let answer: PushResponse = codec::decode(&answer.body).expect("an answer");
        let operation = SealedOperation { seq: answer.acked + 1, bytes: bytes.to_vec() };
        self.push(codec::encode(&request(vec![operation])));
    }

    fn submission(&self, xml: &[u8]) {
        let head = b"--r\r\nContent-Disposition: form-data; name=\"xml_submission_file\"; filename=\"a.xml\"\r\n\
            Content-Type: text/xml\r\n\r\n";
        self.parts([&head[..], xml, b"\r\n--r--\r\n"].concat());
    }

    fn parts(&self, body: Vec<u8>) {
        self.send(Method::POST, &self.client, "multipart/form-data; boundary=r", body);
    }

    /// Bytes as the first piece of a file or bundle, whose length is what they say.
    fn piece(&self, of: &str, bytes: &[u8]) {
        let (size, piece) = bytes.split_first_chunk().unwrap_or((&[0; 2], bytes));
        let size = u64::from(u16::from_le_bytes(*size));
        let hash = codec::hash(piece);
        let path = match of {
            "bundles" => format!("/api/v1/bundles/{hash}?size={size}&at=0"),
            _ => format!("/api/v1/blobs/{hash}/0?size={size}&type=image/jpeg"),
        };
        self.send(Method::PUT, &path, "application/octet-stream", piece.to_vec());
        let whole = path.replace(&format!("size={size}"), &format!("size={}", piece.len()));
        self.send(Method::PUT, &whole, "application/octet-stream", piece.to_vec());
    }
}

fuzz_target!(|bytes: &[u8]| {
    let Some((kind, rest)) = bytes.split_first() else { return };
    RIG.with(|rig| {
        let rig = rig.get_or_init(Rig::start);
        match kind {
            b'p' => rig.push(rest.to_vec()),
            b'o' => rig.operation(rest),
            b'x' => rig.submission(rest),
            b'm' => rig.parts(rest.to_vec()),
            b'f' => rig.piece("blobs", rest),
            b'b' => rig.piece("bundles", rest),
            _ => {}
        }
    });
});
