//! Work that comes as a file: it counts as its author's, whoever carried it; and nobody can make anybody else's.

use std::path::Path;

use axum::body::Body;
use axum::http::{Method, StatusCode};
use p256::ecdsa::signature::Verifier;
use p256::ecdsa::{Signature, VerifyingKey};
use server::accounts::Role;
use server::database::AccountChange;
use sync::bundle::{Contents, FileHead, Item, Kind, OfDevice, PublicKey, runs};
use sync::codec;
use sync::device::DeviceState;
use sync::receipt::{self, NotOurs};
use sync::wire::{
    Action, AtDesk, DeviceId, FileRef, Hash, Operation, Outcome, QuarantineReason, SealedOperation,
    Value,
};

use crate::app::{Answer, Device, TestApp, text};
use crate::place::Place;
use crate::sealing::{Pair, Sealing, digits};

/// What a phone learns when it says what it signs with.
pub async fn register(device: &Device<'_>, pair: &Pair) -> PublicKey {
    let answer = put_key(device, &digits(&pair.public().0)).await;
    assert_eq!(answer.status, StatusCode::OK, "{:?}", answer.body);
    let json = answer.json();
    let key = json["key"].as_str().unwrap().as_bytes();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    let key: Vec<u8> = key.chunks(2).map(byte).collect();
    let key = PublicKey(key.try_into().unwrap());
    assert_eq!(json["id"], key.id().to_string());
    key
}

async fn put_key(device: &Device<'_>, key: &str) -> Answer {
    let headers = [
        ("cookie", device.cookie.as_str()),
        ("x-sotay", "1"),
        ("content-type", "application/json"),
    ];
    let body = serde_json::json!({ "key": key }).to_string();
    device.server.request(Method::PUT, "/api/v1/session/key", &headers, Body::from(body)).await
}

pub fn items(device: &Device<'_>, operations: &[Operation], files: &[&[u8]]) -> Vec<Item> {
    let mut items = vec![
        Item::Contents(Contents {
            account: device.account.clone(),
            device_name: format!("Điện thoại {}", device.account),
        }),
        Item::Device(OfDevice { device: device.id, oldest: None }),
    ];
    items.extend(operations.iter().map(|operation| {
        let bytes = codec::encode(operation);
        Item::Operation(SealedOperation { seq: operation.dot.seq, bytes })
    }));
    for bytes in files {
        let (hash, size) = (codec::hash(bytes), bytes.len() as u64);
        items.push(Item::File(FileHead { hash, size, media_type: "image/jpeg".into() }));
        items.extend(bytes.chunks(256 * 1024).map(|chunk| Item::Chunk(chunk.to_vec())));
    }
    items
}

fn photo(bytes: &[u8]) -> Value {
    let (hash, size) = (codec::hash(bytes), bytes.len() as u64);
    Value::File(FileRef { name: "a.jpg".into(), media_type: "image/jpeg".into(), size, hash })
}

pub async fn deliver(carrier: &Device<'_>, bundle: &[u8]) -> Answer {
    let headers = [
        ("cookie", carrier.cookie.as_str()),
        ("x-sotay", "1"),
        ("content-type", "application/octet-stream"),
    ];
    let body = Body::from(bundle.to_vec());
    carrier.server.request(Method::POST, "/api/v1/bundles", &headers, body).await
}

/// What the audit log says of bundles, newest first.
async fn noted(server: &TestApp) -> Vec<(String, Option<String>, serde_json::Value)> {
    let answer = server.device("quan_tri").await.get("/api/v1/audit").await.json();
    let rows = answer.as_array().unwrap().iter();
    let of_bundles = rows.filter(|row| row["action"].as_str().unwrap().starts_with("bundle"));
    of_bundles
        .map(|row| {
            let actor = row["actor"].as_str().map(str::to_owned);
            (row["action"].as_str().unwrap().to_owned(), actor, row["detail"].clone())
        })
        .collect()
}

#[tokio::test]
async fn what_another_carried_counts_as_the_authors_and_twice_is_once() {
    let server = TestApp::start().await;
    let (lan, minh) = (server.device("lan").await, server.device("minh").await);
    let key = Pair::of(7);
    let organisation = register(&lan, &key).await;
    let bytes = vec![9; 600_000];
    let operations = [
        lan.create(1, 1, "phuong_a", &[("ghi_chu", text("một")), ("anh", photo(&bytes))]),
        lan.create(2, 2, "phuong_a", &[("ghi_chu", text("hai"))]),
    ];
    let bundle =
        Sealing::new(lan.id, &key, organisation).pack(&items(&lan, &operations, &[&bytes]));

    let answer = deliver(&minh, &bundle).await;
    assert_eq!(answer.status, StatusCode::OK, "{:?}", answer.body);
    let receipt = answer.json()["receipt"].clone();
    for (name, expected) in [
        ("operations", 2),
        ("new_operations", 2),
        ("quarantined", 0),
        ("files", 1),
        ("new_files", 1),
        ("acked", 2),
    ] {
        assert_eq!(receipt[name], expected, "{name}: {receipt}");
    }
    assert_eq!((&receipt["account"], &receipt["proven"]), (&"lan".into(), &true.into()));
    let an = server.device("an").await;
    let seen = an.pull(None).await;
    assert_eq!(seen.records.len(), 2);
    assert!(seen.records.iter().all(|record| record.author == "lan"));
    let file = an.get(&format!("/api/v1/blobs/{}", codec::hash(&bytes))).await;
    assert_eq!(file.body, bytes);
    let history = an.get(&format!("/api/v1/records/{}/history", seen.records[0].record)).await;
    assert_eq!(history.json()[0]["author"], "lan");

    // Again, by somebody else, under another name of the file: nothing moves.
    let before = an.pull(Some(&seen.cursor)).await;
    let again = Sealing { key: 0x33, ..Sealing::new(lan.id, &key, organisation) };
    for bundle in [&bundle, &again.pack(&items(&lan, &operations, &[&bytes]))] {
        let answer = deliver(&an, bundle).await;
        assert_eq!(answer.status, StatusCode::OK);
    }
    let receipt = deliver(&an, &again.pack(&items(&lan, &operations, &[&bytes]))).await.json();
    assert_eq!(receipt["receipt"]["new_operations"], 0);
    assert_eq!(receipt["receipt"]["new_files"], 0);
    assert_eq!(an.pull(Some(&seen.cursor)).await.cursor, before.cursor);

    // The author learns by the watermark, and is told the same of each.
    let pushed = lan.push(&operations).await;
    assert_eq!((pushed.acked, pushed.verdicts.len(), pushed.missing_blobs.len()), (2, 2, 0));
    assert_eq!(an.pull(Some(&seen.cursor)).await.cursor, before.cursor);
    let noted = noted(&server).await;
    assert_eq!(noted.len(), 2, "the same file is not taken twice: {noted:?}");
    assert_eq!((noted[1].0.as_str(), noted[1].1.as_deref()), ("bundle_import", Some("minh")));
    assert_eq!(noted[1].2["new"], 2);
}

/// The receipt for the phone that made a bundle, as whoever brought it gets it.
fn proof(answer: &Answer) -> Option<Vec<u8>> {
    let told = answer.json()["receipt"]["proof"].as_str()?.to_owned();
    let pair = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    Some(told.as_bytes().chunks(2).map(pair).collect())
}

/// Whether that key signed a receipt.
fn is_signed(file: &[u8], key: &PublicKey) -> bool {
    let Ok((_, message, signature)) = receipt::read(file) else { return false };
    let key = VerifyingKey::from_sec1_bytes(&key.0).unwrap();
    key.verify(&message, &Signature::from_slice(&signature).unwrap()).is_ok()
}

#[tokio::test]
async fn whoever_brings_a_bundle_gets_a_receipt_for_its_author_that_nobody_can_forge() {
    let server = TestApp::start().await;
    let (lan, minh) = (server.device("lan").await, server.device("minh").await);
    let key = Pair::of(7);
    let organisation = register(&lan, &key).await;
    let (good, damaged) = (vec![9; 300_000], vec![8; 10]);
    let fields = [("anh", photo(&good)), ("anh_2", photo(&damaged))];
    let operations = [lan.create(1, 1, "phuong_a", &fields), lan.create(2, 2, "khong_co", &[])];
    let mut items = items(&lan, &operations, &[&good, &damaged]);
    *items.last_mut().unwrap() = Item::Chunk(vec![7; 10]);
    let bundle = Sealing::new(lan.id, &key, organisation).pack(&items);
    let answer = deliver(&minh, &bundle).await;
    let file = proof(&answer).expect("a receipt");
    assert!(is_signed(&file, &organisation));
    let (receipt, ..) = receipt::read(&file).unwrap();
    assert_eq!((receipt.bundle, receipt.device), (codec::hash(&bundle), lan.id));
    assert_eq!(receipt.acked, 2);
    assert_eq!(receipt.received_ms, answer.json()["receipt"]["received_ms"].as_i64().unwrap());
    assert_eq!(receipt.files, [codec::hash(&good)], "of a damaged file it says nothing");
    // The same as the phone hears when it comes itself.
    let pushed = lan.push(&operations).await;
    assert_eq!((receipt.verdicts, receipt.epoch), (pushed.verdicts, pushed.epoch));
    assert_eq!(proof(&deliver(&minh, &bundle).await), Some(file.clone()), "brought again");

    // Nobody else's key, and not a bit of it changed.
    assert!(!is_signed(&file, &Pair::of(8).public()));
    for at in [9, 40, 60, file.len() - 70, file.len() - 1] {
        let mut forged = file.clone();
        forged[at] ^= 1;
        assert!(!is_signed(&forged, &organisation), "byte {at}");
    }
}

#[tokio::test]
async fn a_bundle_that_nobody_known_signed_or_that_a_copied_phone_made_proves_nothing() {
    let server = TestApp::start().await;
    let (lan, minh) = (server.device("lan").await, server.device("minh").await);
    let (key, stranger) = (Pair::of(7), Pair::of(9));
    let organisation = register(&lan, &key).await;
    let operations = [lan.create(1, 1, "phuong_a", &[])];
    let unknown = Sealing::new(lan.id, &stranger, organisation);
    let answer = deliver(&minh, &unknown.pack(&items(&lan, &operations, &[]))).await;
    assert_eq!(answer.json()["receipt"]["proven"], false);
    assert_eq!(proof(&answer), None);
    // Another operation has the place of this one: its phone finds that in the receipt, and takes it for nothing.
    lan.push(&operations).await;
    let other = [lan.create(1, 5, "phuong_a", &[("ghi_chu", text("khác"))])];
    let mut other = items(&lan, &other, &[]);
    // Nor is what follows it there counted, though the copy freed what was between.
    let bytes = codec::encode(&lan.create(5, 6, "phuong_a", &[]));
    other.extend(runs(lan.id, [SealedOperation { seq: 5, bytes }]));
    let forked = Sealing::new(lan.id, &key, organisation).pack(&other);
    let (receipt, ..) = receipt::read(&proof(&deliver(&minh, &forked).await).unwrap()).unwrap();
    let state = DeviceState::new(lan.id);
    assert_eq!(receipt::take(&state, &receipt), Err(NotOurs::Forked));
    assert_eq!(receipt.acked, 1);
}

#[tokio::test]
async fn it_may_come_before_amid_and_after_what_the_phone_sends_itself() {
    let server = TestApp::start().await;
    let (lan, minh) = (server.device("lan").await, server.device("minh").await);
    let key = Pair::of(7);
    let sealing = Sealing::new(lan.id, &key, register(&lan, &key).await);
    let all: Vec<Operation> =
        (1..=6).map(|seq| lan.create(seq, u8::try_from(seq).unwrap(), "phuong_a", &[])).collect();
    let bundle = |range: std::ops::Range<usize>, oldest| {
        let mut items = items(&lan, &all[range], &[]);
        items[1] = Item::Device(OfDevice { device: lan.id, oldest });
        sealing.pack(&items)
    };
    assert_eq!(lan.push(&all[..2]).await.acked, 2);
    let told = deliver(&minh, &bundle(0..4, None)).await.json()["receipt"].clone();
    assert_eq!((&told["new_operations"], &told["acked"]), (&2.into(), &4.into()));
    assert_eq!(lan.push(&all[2..5]).await.acked, 5);
    let told = deliver(&minh, &bundle(1..6, None)).await.json()["receipt"].clone();
    assert_eq!((&told["new_operations"], &told["acked"]), (&1.into(), &6.into()));
    assert_eq!(lan.push(&all).await.acked, 6);
    assert_eq!(lan.pull(None).await.records.len(), 6);

    // To a server that was restored to before all that: what the phone freed as safe is not waited for.
    let restored = TestApp::start().await;
    let hoa = restored.device_with_id("lan", lan.id).await;
    let sealing = Sealing::new(lan.id, &key, register(&hoa, &key).await);
    let mut from_4 = items(&lan, &all[3..], &[]);
    from_4[1] = Item::Device(OfDevice { device: lan.id, oldest: Some(4) });
    let told = deliver(&hoa, &sealing.pack(&from_4)).await.json()["receipt"].clone();
    assert_eq!((&told["new_operations"], &told["acked"]), (&3.into(), &6.into()));
}

#[tokio::test]
async fn a_forged_or_altered_bundle_is_refused_says_why_and_leaves_a_trace() {
    let server = TestApp::start().await;
    let (lan, minh) = (server.device("lan").await, server.device("minh").await);
    let key = Pair::of(7);
    let organisation = register(&lan, &key).await;
    let sealing = Sealing::new(lan.id, &key, organisation);
    let operations = [lan.create(1, 1, "phuong_a", &[])];
    let bundle = sealing.pack(&items(&lan, &operations, &[]));
    let mut altered = bundle.clone();
    let middle = altered.len() / 2;
    altered[middle] ^= 1;
    let to_another = Sealing::new(lan.id, &key, Pair::of(99).public());
    let for_nobody = Sealing { organisation: None, kind: Kind::Rescue, ..sealing.clone() };
    let resigned = Sealing { signer: Pair::of(8), ..sealing.clone() };
    let mut others = items(&lan, &operations, &[]);
    others[1] = Item::Device(OfDevice { device: minh.id, oldest: None });
    let theirs = [minh.create(1, 1, "phuong_a", &[])];
    others[2] = Item::Operation(SealedOperation { seq: 1, bytes: codec::encode(&theirs[0]) });
    let cases = [
        (b"<html>".to_vec(), StatusCode::BAD_REQUEST, "no_bundle"),
        (Vec::new(), StatusCode::BAD_REQUEST, "no_bundle"),
        (bundle[..40].to_vec(), StatusCode::UNPROCESSABLE_ENTITY, "cut_short"),
        (bundle[..bundle.len() - 1].to_vec(), StatusCode::UNPROCESSABLE_ENTITY, "altered"),
        (altered, StatusCode::UNPROCESSABLE_ENTITY, "altered"),
        (
            resigned.sign(bundle[..bundle.len() - 64].to_vec()),
            StatusCode::UNPROCESSABLE_ENTITY,
            "altered",
        ),
        (
            to_another.pack(&items(&lan, &operations, &[])),
            StatusCode::UNPROCESSABLE_ENTITY,
            "unknown_key",
        ),
        (
            for_nobody.pack(&items(&lan, &operations, &[])),
            StatusCode::UNPROCESSABLE_ENTITY,
            "not_for_server",
        ),
        (sealing.pack(&others), StatusCode::FORBIDDEN, "wrong_device"),
        (sealing.pack(&[Item::Chunk(vec![1])]), StatusCode::UNPROCESSABLE_ENTITY, "altered"),
    ];
    let mut codes = Vec::new();
    for (bundle, status, code) in cases {
        let answer = deliver(&minh, &bundle).await;
        assert_eq!((answer.status, answer.code().as_str()), (status, code), "{bundle:02x?}");
        codes.insert(0, code);
    }
    assert!(lan.pull(None).await.records.is_empty());
    let noted = noted(&server).await;
    let told: Vec<&str> =
        noted.iter().map(|(_, _, detail)| detail["code"].as_str().unwrap()).collect();
    assert_eq!(told, codes);
    assert!(noted.iter().all(|(action, actor, _)| action == "bundle_refuse" && actor.as_deref() == Some("minh")));
    assert!(!server.folder.path().join("data/incoming").read_dir().unwrap().any(|_| true));
    // Nor is one of no bytes a bundle, whatever it is called.
    let path = format!("/api/v1/bundles/{}?size=0&at=0", codec::hash(b""));
    let headers = [("cookie", minh.cookie.as_str()), ("x-sotay", "1")];
    let answer = server.request(Method::PUT, &path, &headers, Body::empty()).await;
    assert_eq!((answer.status, answer.code().as_str()), (StatusCode::BAD_REQUEST, "no_bundle"));
    // And nobody who is not signed in may bring any.
    let headers = [("x-sotay", "1"), ("content-type", "application/octet-stream")];
    let answer =
        server.request(Method::POST, "/api/v1/bundles", &headers, Body::from(bundle)).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn what_an_unknown_key_signed_waits_at_the_repair_desk_and_takes_nobodys_place() {
    let server = TestApp::start().await;
    let (lan, minh) = (server.device("lan").await, server.device("minh").await);
    let organisation = register(&lan, &Pair::of(7)).await;
    let bytes = vec![4; 1000];
    let forged =
        [lan.create(1, 1, "phuong_a", &[("ghi_chu", text("giả")), ("anh", photo(&bytes))])];
    let sealing = Sealing::new(lan.id, &Pair::of(66), organisation);
    let receipt =
        deliver(&minh, &sealing.pack(&items(&lan, &forged, &[&bytes]))).await.json()["receipt"]
            .clone();
    assert_eq!((&receipt["proven"], &receipt["quarantined"]), (&false.into(), &1.into()));
    assert_eq!(receipt["new_files"], 1, "the desk sees what it decides on");
    assert_eq!(receipt["acked"], 0);
    let an = server.device("an").await;
    let waiting = an.get("/api/v1/quarantine").await.json();
    assert_eq!(waiting.as_array().unwrap().len(), 1);
    assert_eq!(
        (&waiting[0]["reason"], &waiting[0]["sender"]),
        (&"other_author".into(), &"minh".into())
    );
    // The device itself is not kept from sending anything.
    let own = [lan.create(1, 2, "phuong_a", &[("ghi_chu", text("thật"))])];
    let pushed = lan.push(&own).await;
    assert_eq!((pushed.acked, pushed.verdicts[0].reason), (1, None));
    assert_eq!(lan.pull(None).await.records.len(), 1);
}

/// What the desk says of what came with a key that nobody knows it says of no work of the device.
#[tokio::test]
async fn what_a_carrier_brought_and_its_device_sends_itself_waits_as_its_own() {
    let server = TestApp::start().await;
    let (lan, other) = (server.device("lan").await, server.device("lan").await);
    let (minh, thu) = (server.device("minh").await, server.device("thu").await);
    let organisation = register(&lan, &Pair::of(7)).await;
    let sent = [1, 2].map(|seq| lan.create(u64::from(seq), seq, "phuong_b", &[]));
    let sealing = Sealing::new(lan.id, &Pair::of(66), organisation);
    deliver(&minh, &sealing.pack(&items(&lan, &sent, &[]))).await;
    let brought = thu.get("/api/v1/quarantine").await.json();
    let why = serde_json::json!({ "reason": "khóa lạ" });
    thu.settle(&brought[1]["id"], "set-aside", why.clone()).await;
    thu.settle(&brought[0]["id"], "apply", serde_json::Value::Null).await;

    let told = lan.push(&sent).await.verdicts;
    assert_eq!(told[0].reason, Some(QuarantineReason::OutOfScope));
    assert_eq!((told[1].outcome, told[1].reason), (Outcome::Applied, None), "it has its effect");
    let waiting = thu.get("/api/v1/quarantine").await.json();
    assert_eq!(waiting.as_array().unwrap().len(), 1);
    let entry = ["id", "reason", "sender", "settled"].map(|key| waiting[0][key].clone());
    let expected =
        [brought[1]["id"].clone(), "out_of_scope".into(), "lan".into(), None::<u8>.into()];
    assert_eq!(entry, expected);
    let heard = other.pull(None).await.waiting.expect("what waits is told");
    assert_eq!(heard.iter().map(AtDesk::dot).collect::<Vec<_>>(), [sent[0].dot]);
    let cursor = lan.pull(None).await.cursor;
    thu.settle(&waiting[0]["id"], "set-aside", why).await;
    let settled = lan.pull(Some(&cursor)).await.settled.expect("its author reads why");
    assert_eq!(settled[0].set_aside.as_deref(), Some("khóa lạ"));
}

/// Who did it is provable nowhere but in the history.
#[tokio::test]
async fn what_the_desk_puts_in_of_a_bundle_without_a_known_key_stands_in_the_history_where_it_came()
{
    let server = TestApp::start().await;
    let (lan, minh, an) =
        (server.device("lan").await, server.device("minh").await, server.device("an").await);
    let organisation = register(&lan, &Pair::of(7)).await;
    let sealing = Sealing::new(lan.id, &Pair::of(66), organisation);
    let carried = [1, 2].map(|seq| {
        let mut operation = lan.create(seq, 1, "phuong_a", &[("ghi_chu", text("mang hộ"))]);
        operation.action = if seq == 1 { Action::Create } else { Action::Amend };
        operation
    });
    deliver(&minh, &sealing.pack(&items(&lan, &carried, &[]))).await;
    let history = format!("/api/v1/records/{}/history", carried[0].record);
    assert_eq!(an.get(&history).await.status, StatusCode::NOT_FOUND);
    let waiting = an.get("/api/v1/quarantine").await.json();
    let oldest = &waiting.as_array().unwrap().last().unwrap()["id"];
    assert_eq!(an.settle(oldest, "apply", serde_json::Value::Null).await.status, StatusCode::OK);
    let mut later = minh.create(1, 1, "phuong_a", &[]);
    later.action = Action::Amend;
    minh.push(&[later]).await;
    let told = an.get(&history).await.json();
    let acts: Vec<_> = told
        .as_array()
        .unwrap()
        .iter()
        .map(|act| ["author_name", "action", "outcome"].map(|key| act[key].as_str().unwrap()))
        .collect();
    assert_eq!(acts[0], ["Chị lan", "create", "applied"], "what waits is not told as done");
    assert_eq!(acts[1][..2], ["Chị minh", "amend"]);
    assert_eq!(acts.len(), 2);
}

/// A phone that finds a copy of itself gives its device another id, and its person's session keeps the one of before.
#[tokio::test]
async fn a_phone_that_gave_itself_another_id_signs_as_the_person_who_sent_under_it() {
    let server = TestApp::start().await;
    let (lan, minh) = (server.device("lan").await, server.device("minh").await);
    let key = Pair::of(7);
    let organisation = register(&lan, &key).await;
    let named =
        |id| Device { id, cookie: lan.cookie.clone(), account: "lan".into(), server: &server };
    let renamed = named(DeviceId([0xed; 16]));
    let deliver_of = async |phone: &Device<'_>, key: &Pair, operations: &[Operation]| {
        let bundle = Sealing::new(phone.id, key, organisation).pack(&items(phone, operations, &[]));
        deliver(&minh, &bundle).await.json()["receipt"].clone()
    };
    let mut operations = vec![renamed.create(1, 1, "phuong_a", &[])];
    renamed.push(&operations).await;
    operations.push(renamed.create(2, 2, "phuong_a", &[]));
    let receipt = deliver_of(&renamed, &key, &operations).await;
    assert_eq!((&receipt["proven"], &receipt["account"]), (&true.into(), &"lan".into()));
    assert_eq!((&receipt["quarantined"], &receipt["acked"]), (&0.into(), &2.into()), "{receipt}");
    assert!(receipt["proof"].is_string());

    // Nobody sent anything under that id, or with that key.
    let unknown = named(DeviceId([0xee; 16]));
    assert_eq!(deliver_of(&unknown, &key, &[]).await["proven"], false);
    assert_eq!(deliver_of(&renamed, &Pair::of(8), &[]).await["proven"], false);
    // Whoever named the phone's key later, and sends under its id, has none of its work by that.
    register(&minh, &key).await;
    let stranger =
        Device { account: "minh".into(), cookie: minh.cookie.clone(), ..named(renamed.id) };
    stranger.push(&[stranger.create(3, 3, "phuong_a", &[])]).await;
    assert_eq!(deliver_of(&renamed, &key, &[]).await["account"], "lan");
    // A phone that somebody lost stays lost under any id.
    let an = server.device("an").await;
    let sessions = an.get("/api/v1/sessions").await.json();
    let of_lan = |row: &&serde_json::Value| row["device"] == lan.id.to_string();
    let id = sessions.as_array().unwrap().iter().find(of_lan).unwrap()["id"].clone();
    let again = serde_json::json!({ "password": crate::app::PASSWORD });
    an.ask(Method::POST, &format!("sessions/{id}/end"), again).await;
    let late = [renamed.create(4, 4, "phuong_a", &[])];
    assert_eq!(deliver_of(&renamed, &key, &late).await["quarantined"], 1);
}

/// A phone that took another's work over lets go of its name once all of that is safe, and may have photos of it still.
#[tokio::test]
async fn a_bundle_brings_the_photo_that_an_operation_of_another_device_waits_for() {
    let server = TestApp::start().await;
    let (before, now) = (server.device("lan").await, server.device("lan").await);
    let key = Pair::of(7);
    let organisation = register(&now, &key).await;
    let (bytes, strange) = (vec![4; 1000], vec![5; 1000]);
    before.push(&[before.create(1, 1, "phuong_a", &[("anh", photo(&bytes))])]).await;
    let bundle =
        Sealing::new(now.id, &key, organisation).pack(&items(&now, &[], &[&bytes, &strange]));
    let receipt = deliver(&now, &bundle).await.json()["receipt"].clone();
    let (files, new) = (&receipt["files"], &receipt["new_files"]);
    assert_eq!((files, new), (&2.into(), &1.into()), "and nothing that nobody waits for");
    assert!(server.app.database().blob(codec::hash(&bytes)).await.unwrap().is_some());
}

#[tokio::test]
async fn photos_that_come_before_the_operations_that_name_them_may_be_brought_again() {
    let server = TestApp::start().await;
    let (lan, minh) = (server.device("lan").await, server.device("minh").await);
    let key = Pair::of(7);
    let sealing = Sealing::new(lan.id, &key, register(&lan, &key).await);
    let bytes = vec![4; 1000];
    let operations = [lan.create(1, 1, "phuong_a", &[("anh", photo(&bytes))])];
    let photos = sealing.pack(&items(&lan, &[], &[&bytes]));
    let answers = sealing.pack(&items(&lan, &operations, &[]));
    let told = async |bundle: &[u8]| {
        let receipt = deliver(&minh, bundle).await.json()["receipt"].clone();
        ["new_operations", "new_files", "unwanted_files"].map(|name| receipt[name].as_u64())
    };
    assert_eq!(told(&photos).await, [Some(0), Some(0), Some(1)]);
    assert_eq!(told(&answers).await, [Some(1), Some(0), Some(0)]);
    assert_eq!(told(&photos).await, [Some(0), Some(1), Some(0)]);
    assert_eq!(told(&photos).await, [Some(0), Some(1), Some(0)], "the receipt of that time");
}

#[tokio::test]
async fn a_revoked_devices_work_is_kept_for_the_repair_desk() {
    let server = TestApp::start().await;
    let minh = server.device("minh").await;
    let an = server.device("an").await;
    for how in ["session", "account"] {
        let lan = server.device("lan").await;
        let key = Pair::of(if how == "session" { 7 } else { 8 });
        let sealing = Sealing::new(lan.id, &key, register(&lan, &key).await);
        if how == "session" {
            let sessions = an.get("/api/v1/sessions").await.json();
            let of_lan = |row: &&serde_json::Value| row["device"] == lan.id.to_string();
            let id = sessions.as_array().unwrap().iter().find(of_lan).unwrap()["id"].clone();
            let again = serde_json::json!({ "password": crate::app::PASSWORD });
            let ended = an.ask(Method::POST, &format!("sessions/{id}/end"), again).await;
            assert_eq!(ended.status, StatusCode::NO_CONTENT);
        } else {
            server.app.database().disable_account("lan", None, 5).await.unwrap();
        }
        let operations = [lan.create(1, 1, "phuong_a", &[])];
        let answer = deliver(&minh, &sealing.pack(&items(&lan, &operations, &[]))).await;
        let receipt = answer.json()["receipt"].clone();
        assert_eq!((&receipt["quarantined"], &receipt["acked"]), (&1.into(), &1.into()), "{how}");
    }
    let waiting = an.get("/api/v1/quarantine").await.json();
    let reasons: Vec<_> = waiting.as_array().unwrap().iter().map(|row| &row["reason"]).collect();
    assert_eq!(reasons, ["revoked", "revoked"]);
}

#[tokio::test]
async fn what_was_sealed_before_its_author_got_another_role_is_applied() {
    let server = TestApp::start().await;
    let (lan, minh) = (server.device("lan").await, server.device("minh").await);
    let key = Pair::of(7);
    let sealing = Sealing::new(lan.id, &key, register(&lan, &key).await);
    let change = AccountChange { role: Some(Role::Trainer), ..AccountChange::default() };
    assert!(server.app.database().change_account("lan", &change, None, 5).await.unwrap());
    assert_eq!(lan.get("/api/v1/session").await.code(), "session_revoked");
    let operations = [lan.create(1, 1, "phuong_a", &[])];
    let answer = deliver(&minh, &sealing.pack(&items(&lan, &operations, &[]))).await;
    assert_eq!(answer.json()["receipt"]["quarantined"], 0);
}

#[tokio::test]
async fn a_bundle_comes_in_pieces_and_goes_on_where_the_line_broke() {
    let server = TestApp::start().await;
    let (lan, minh) = (server.device("lan").await, server.device("minh").await);
    let key = Pair::of(7);
    let sealing = Sealing::new(lan.id, &key, register(&lan, &key).await);
    let bytes = vec![9; 300_000];
    let operations = [lan.create(1, 1, "phuong_a", &[("anh", photo(&bytes))])];
    let bundle = sealing.pack(&items(&lan, &operations, &[&bytes]));
    let (hash, size) = (codec::hash(&bundle), bundle.len());
    let path = format!("/api/v1/bundles/{hash}");
    assert_eq!(minh.get(&path).await.json()["held"], 0);
    let answer = minh.put_bundle(hash, size, 0, &bundle[..100_000]).await;
    assert_eq!(answer.json()["held"], 100_000);
    // The answer got lost: the same piece again is told where to go on.
    let answer = minh.put_bundle(hash, size, 0, &bundle[..100_000]).await;
    assert_eq!((answer.status, answer.code().as_str()), (StatusCode::CONFLICT, "wrong_place"));
    let an = server.device("an").await;
    assert_eq!(an.get(&path).await.json()["held"], 100_000, "another carrier may go on");
    let answer = an.put_bundle(hash, size, 100_000, &bundle[100_000..]).await;
    assert_eq!(answer.json()["receipt"]["new_files"], 1, "{:?}", answer.body);
    for answer in [
        minh.get(&path).await,
        minh.put_bundle(hash, size, 100_000, &bundle[100_000..]).await,
        minh.put_bundle(hash, size, 0, &[]).await,
    ] {
        assert_eq!(answer.json()["receipt"]["new_operations"], 1, "the receipt of the first time");
        assert!(answer.json()["held"].is_null());
    }
    // Pieces that together are something else are thrown away.
    let other = codec::hash(b"another");
    let answer = minh.put_bundle(other, 3, 0, b"abc").await;
    assert_eq!(answer.code(), "bundle_mismatch");
    assert_eq!(minh.get(&format!("/api/v1/bundles/{other}")).await.json()["held"], 0);
    let answer = minh.put_bundle(other, 2, 0, b"abc").await;
    assert_eq!(answer.code(), "wrong_place", "longer than it says");
    let answer = minh.put_bundle(other, 1 << 40, 0, b"abc").await;
    assert_eq!(answer.code(), "too_large");
    // What somebody brought under its name that is longer is not that bundle, and in nobody's way.
    minh.put_bundle(other, 9, 0, b"abcdef").await;
    assert_eq!(minh.put_bundle(other, 3, 6, b"").await.code(), "wrong_place");
    assert_eq!(minh.get(&format!("/api/v1/bundles/{other}")).await.json()["held"], 0);
    minh.put_bundle(other, 9, 0, b"abc").await;
    assert_eq!(server.app.sweep(server::clock::now_ms() + 31 * 24 * 3_600_000).await.unwrap(), 1);
    assert_eq!(minh.get(&format!("/api/v1/bundles/{other}")).await.json()["held"], 0);
}

#[tokio::test]
async fn a_key_is_a_point_and_a_device_may_have_had_several() {
    let server = TestApp::start().await;
    let lan = server.device("lan").await;
    let point = digits(&Pair::of(7).public().0);
    for wrong in ["", "04", &point.replace('4', "5"), &format!("{point}00"), &"zz".repeat(65)] {
        let answer = put_key(&lan, wrong).await;
        assert_eq!(answer.code(), "bad_key", "{wrong}");
    }
    let before = register(&lan, &Pair::of(7)).await;
    assert_eq!(register(&lan, &Pair::of(7)).await, before);
    register(&lan, &Pair::of(8)).await;
    for (seq, number) in [(1, 7), (2, 8)] {
        let sealing = Sealing::new(lan.id, &Pair::of(number), before);
        let operations: Vec<Operation> =
            (1..=seq).map(|seq| lan.create(seq, 1, "phuong_a", &[])).collect();
        let receipt = deliver(&lan, &sealing.pack(&items(&lan, &operations, &[]))).await.json();
        assert_eq!(receipt["receipt"]["acked"], seq);
    }
    // Another device cannot sign with them.
    let other = Sealing::new(DeviceId([0xee; 16]), &Pair::of(7), before);
    let receipt = deliver(&lan, &other.pack(&items(&lan, &[], &[]))).await.json();
    assert_eq!(receipt["receipt"]["proven"], false);
}

fn program(server: &TestApp, args: &[&str]) -> (bool, String) {
    let output = server.place.program(args).env("RUST_LOG", "off").output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(text).unwrap())
}

#[tokio::test]
async fn the_operator_takes_files_beside_the_running_server_and_old_keys_still_open() {
    let server = TestApp::start().await;
    let lan = server.device("lan").await;
    let key = Pair::of(7);
    let old = register(&lan, &key).await;
    let (done, text) = program(&server, &["key", "show"]);
    assert!(done && text.contains(&old.id().to_string()), "{text}");
    let (done, text) = program(&server, &["key", "rotate"]);
    assert!(done, "{text}");
    let new = register(&lan, &key).await;
    assert_ne!(new, old);
    assert!(text.contains(&new.id().to_string()), "{text}");

    let folder = server.folder.path();
    for (name, organisation, count) in [("old", old, 1_u64), ("new", new, 2)] {
        let operations: Vec<Operation> =
            (1..=count).map(|seq| lan.create(seq, 1, "phuong_a", &[])).collect();
        let bundle = Sealing::new(lan.id, &key, organisation).pack(&items(&lan, &operations, &[]));
        std::fs::write(folder.join(name), bundle).unwrap();
    }
    std::fs::write(folder.join("broken"), "x").unwrap();
    let path = |name: &str| folder.join(name).to_str().unwrap().to_owned();
    let (done, text) =
        program(&server, &["bundle", "import", &path("old"), &path("broken"), &path("new")]);
    assert!(!done && text.contains("broken: refused: no bundle"), "{text}");
    assert!(
        text.contains(
            "old: lan, Điện thoại lan: 1 operations, 1 of them new, 0 at the repair desk"
        ),
        "{text}"
    );
    assert!(text.contains("new: lan, Điện thoại lan: 2 operations, 1 of them new"), "{text}");
    let receipt_of = |folder: &Path, name: &str| {
        let file = std::fs::read(folder.join(format!("{name}-bien-nhan.sotay")));
        file.ok().map(|file| (receipt::read(&file).unwrap().0.acked, file))
    };
    let (acked, file) = receipt_of(folder, "old").expect("a receipt beside it");
    assert!(acked == 1 && is_signed(&file, &old));
    assert!(
        receipt_of(folder, "new")
            .is_some_and(|(acked, file)| { acked == 2 && is_signed(&file, &new) })
    );
    assert!(receipt_of(folder, "broken").is_none());
    let elsewhere = folder.join("receipts");
    let (done, text) = program(
        &server,
        &["bundle", "import", "--receipts", &path("receipts"), &path("old"), &path("new")],
    );
    assert!(done && text.contains("receipts/old-bien-nhan.sotay: for the phone"), "{text}");
    assert_eq!(receipt_of(&elsewhere, "old").map(|(acked, _)| acked), Some(2), "as of now");
    // A stick that nothing can be written to: the work is taken all the same, and that is said.
    let blocked = path("blocked");
    std::fs::write(&blocked, "a file").unwrap();
    let args = ["bundle", "import", "--receipts", &blocked, &path("old")];
    let (done, text) = program(&server, &args);
    assert!(!done && text.contains("0 of them new") && text.contains("no receipt"), "{text}");
    assert_eq!(lan.push(&[]).await.acked, 2);
    let (_, actor, _) = noted(&server).await.remove(0);
    assert_eq!(actor, None);

    let stranger = Sealing::new(lan.id, &Pair::of(66), new);
    std::fs::write(
        folder.join("unknown"),
        stranger.pack(&items(&lan, &[lan.create(3, 1, "phuong_a", &[])], &[])),
    )
    .unwrap();
    let (done, text) = program(&server, &["bundle", "import", &path("unknown")]);
    assert!(!done && text.contains("say who brought it"), "{text}");
    let (done, text) = program(&server, &["bundle", "import", "--from", "minh", &path("unknown")]);
    assert!(done && text.contains("1 at the repair desk"), "{text}");
    assert!(receipt_of(folder, "unknown").is_none(), "whose phone it is nobody knows");
    let (done, text) = program(&server, &["bundle", "import", "--from", "ai", &path("unknown")]);
    assert!(!done && text.contains("nobody is called ai"), "{text}");
}

#[tokio::test]
async fn the_private_keys_are_beside_the_database_for_nobody_else_and_in_backups() {
    use std::os::unix::fs::PermissionsExt;
    let server = TestApp::start().await;
    let lan = server.device("lan").await;
    let organisation = register(&lan, &Pair::of(7)).await;
    let data = server.folder.path().join("data");
    let file = data.join("keys").join(format!("{}.key", organisation.id()));
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let secret = std::fs::read_to_string(&file).unwrap();
    let Hash(digits) = secret.trim().parse().unwrap();
    for database in ["sotay.sqlite", "sotay.sqlite-wal"] {
        let bytes = std::fs::read(data.join(database)).unwrap_or_default();
        assert!(!bytes.windows(32).any(|window| window == digits), "{database} holds the key");
    }
    let backup = server.folder.path().join("backup");
    let (done, text) = program(&server, &["backup", backup.to_str().unwrap()]);
    assert!(done, "{text}");
    let restored = server.folder.path().join("restored");
    let place = Place::new(&restored).await;
    let output = place.program(&["restore", backup.to_str().unwrap()]).output().unwrap();
    assert!(output.status.success());
    let put_back = restored.join("keys").join(file.file_name().unwrap());
    assert_eq!(std::fs::read_to_string(&put_back).unwrap(), secret);
    assert_eq!(put_back.metadata().unwrap().permissions().mode() & 0o777, 0o600);
}

/// Whoever carries a bundle reads the device's id and its public key in the header.
#[tokio::test]
async fn nobody_registers_a_colleagues_key_as_their_own() {
    let server = TestApp::start().await;
    let lan = server.device("lan").await;
    let key = Pair::of(7);
    let organisation = register(&lan, &key).await;
    let minh = server.device_with_id("minh", lan.id).await;
    register(&minh, &key).await;
    let operations = [lan.create(1, 1, "phuong_a", &[("ghi_chu", text("một"))])];
    let bundle = Sealing::new(lan.id, &key, organisation).pack(&items(&lan, &operations, &[]));
    let receipt = deliver(&minh, &bundle).await.json()["receipt"].clone();
    let (account, waits) = (&receipt["account"], &receipt["quarantined"]);
    assert_eq!((account, waits), (&"lan".into(), &0.into()), "{receipt}");
    assert_eq!(server.device("an").await.pull(None).await.records[0].author, "lan");
}
