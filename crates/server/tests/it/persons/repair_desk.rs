//! Whoever is named in what waits at the repair desk, or was applied from there and is in no log.

use axum::http::StatusCode;
use serde_json::{Value as Json, json};
use server::{backup, clock, persons};
use sync::codec;
use sync::wire::{Action, Dot, Operation, Outcome, PullResponse};

use super::{by, export, is_held, put_back, start, unzip};
use crate::app::TestApp;
use crate::bundle::{deliver, items, register};
use crate::personal::{ROW, roster};
use crate::sealing::{Pair, Sealing};

/// What a key signed that nobody knows is in no log, and stands in its record all the same once a coordinator applied it.
#[tokio::test]
async fn whoever_stands_beside_the_log_is_found_handed_out_and_erased() {
    let server = start().await;
    let (lan, minh) = (server.device("lan").await, server.device("minh").await);
    let organisation = register(&lan, &Pair::of(7)).await;
    let carried = [
        roster(&lan, 1, 1, "Nguyễn Thị Hoa", b"photo"),
        roster(&lan, 2, 2, "Nguyễn Thị Hoa", b"photo"),
        roster(&lan, 3, 3, "Phạm Văn Nam", b"photo"),
    ];
    let bundle = Sealing::new(lan.id, &Pair::of(66), organisation);
    let told = deliver(&minh, &bundle.pack(&items(&lan, &carried, &[]))).await.json();
    assert_eq!(told["receipt"]["quarantined"], 3);
    let an = server.device("an").await;
    let waiting = an.get("/api/v1/quarantine").await.json();
    let of_first = |row: &&Json| row["record"] == carried[0].record.to_string();
    let first = waiting.as_array().unwrap().iter().find(of_first).unwrap();
    assert_eq!(an.settle(&first["id"], "apply", json!(null)).await.status, StatusCode::OK);
    assert!(is_held(&server, "Thị Hoa").await);

    let hoa = by("nguyen thi hoa");
    assert_eq!(
        persons::find(&server.app, &hoa).await.unwrap().len(),
        2,
        "in a record, at the desk"
    );
    let only = hoa.clone().only_in([carried[0].record.to_string().parse().unwrap()].into());
    assert_eq!(persons::find(&server.app, &only).await.unwrap().len(), 1);
    let quan_tri = server.device("quan_tri").await;
    let told = export(&quan_tri, json!({ "value": "Nguyễn Thị Hoa" })).await;
    assert!(unzip(&told.body).0["mentions"][0]["values"].to_string().contains("Thị Hoa"));
    let told = export(&quan_tri, json!({ "account": "lan" })).await;
    assert_eq!(unzip(&told.body).0["records"].as_array().unwrap().len(), 3);

    persons::erase(&server.app, &hoa, 2, None, 5).await.unwrap();
    assert!(!is_held(&server, "Thị Hoa").await);
    outlives_its_months_once(&server, "Văn Nam").await;
}

/// What nobody erased stays until the pack's months are over, and then goes once.
async fn outlives_its_months_once(server: &TestApp, who: &str) {
    assert!(is_held(server, who).await, "somebody else stays");
    let later = clock::now_ms() + 367 * 24 * 3600 * 1000;
    persons::retention(&server.app, later, false).await.unwrap();
    assert!(!is_held(server, who).await, "until the months are over");
    assert_eq!(persons::retention(&server.app, later, true).await.unwrap(), (0, 0), "once");
}

/// Answers that wait at the repair desk and say to replace what the server's first erasure leaves, which anybody can guess.
async fn foresee_an_erasure(server: &TestApp, said: &[(u8, &str)]) {
    let (lan, minh) = (server.device("lan").await, server.device("minh").await);
    let organisation = register(&lan, &Pair::of(7)).await;
    let name = format!("{ROW}/hv_ten");
    let mut carried = Vec::new();
    for (seq, (record, who)) in (1_u64..).zip(said) {
        lan.push(&[roster(&lan, seq, *record, "Ai đó", b"photo")]).await;
        let mut operation = roster(&lan, 100 + seq, *record, who, b"photo");
        operation.action = Action::Amend;
        let dot = Dot { device: sync::erase::SERVER, seq: 1 };
        operation.fields.get_mut(&name).unwrap().over = vec![dot];
        carried.push(operation);
    }
    let bundle = Sealing::new(lan.id, &Pair::of(66), organisation);
    let told = deliver(&minh, &bundle.pack(&items(&lan, &carried, &[]))).await.json();
    assert_eq!(told["receipt"]["quarantined"], said.len());
}

/// What an operation replaces is looked at by nobody as long as it waits.
#[tokio::test]
async fn whoever_stands_beside_the_log_is_erased_whatever_that_says_to_have_seen() {
    let server = start().await;
    foresee_an_erasure(&server, &[(1, "Nguyễn Thị Hoa"), (2, "Phạm Văn Nam")]).await;

    // The first number of the server's is an erasure of somebody else.
    let minh = server.device("minh").await;
    let third = roster(&minh, 1, 3, "Lê Thị Mai", b"photo");
    minh.push(&[third]).await;
    persons::erase(&server.app, &by("Lê Thị Mai"), 1, None, 4).await.unwrap();
    persons::erase(&server.app, &by("nguyen thi hoa"), 1, None, 5).await.unwrap();
    assert!(!is_held(&server, "Thị Hoa").await);
    outlives_its_months_once(&server, "Văn Nam").await;
}

#[tokio::test]
async fn whoever_stands_beside_the_log_stays_erased_when_a_backup_from_before_is_put_back() {
    let server = start().await;
    foresee_an_erasure(&server, &[(1, "Nguyễn Thị Hoa"), (2, "Phạm Văn Nam")]).await;
    let folder = server.folder.path().join("backups");
    let before = backup::backup(&server.place.config, &folder, 1_000).await.unwrap();
    persons::erase(&server.app, &by("nguyen thi hoa"), 1, None, 5).await.unwrap();
    assert!(!is_held(&server, "Thị Hoa").await);
    backup::backup(&server.place.config, &folder, 2_000).await.unwrap();

    let restored = put_back(&before, &folder).await;
    assert!(!is_held(&restored, "Thị Hoa").await);
    assert!(is_held(&restored, "Văn Nam").await, "somebody else stays");
}

/// Whoever carries bundles may bring something of a record as often as they like.
#[tokio::test]
async fn what_waits_at_the_repair_desk_puts_off_nothing_of_what_is_in_a_record() {
    let server = start().await;
    let (lan, minh, an) =
        (server.device("lan").await, server.device("minh").await, server.device("an").await);
    let organisation = register(&lan, &Pair::of(7)).await;
    lan.push(&[
        roster(&lan, 1, 1, "Nguyễn Thị Hoa", b"photo"),
        roster(&lan, 2, 2, "Phạm Văn Nam", b"photo"),
    ])
    .await;
    let amend = |seq, record, who| {
        let mut operation = roster(&lan, seq, record, who, b"photo");
        operation.action = Action::Amend;
        operation
    };
    let alone = roster(&lan, 5, 3, "Lê Thị Mai", b"photo");
    let carried = [amend(3, 1, "Đỗ Văn Ba"), amend(4, 2, "Đặng Thị Tư"), alone];
    let bundle = Sealing::new(lan.id, &Pair::of(66), organisation);
    let told = deliver(&minh, &bundle.pack(&items(&lan, &carried, &[]))).await.json();
    assert_eq!(told["receipt"]["quarantined"], 3);
    let waiting = an.get("/api/v1/quarantine").await.json();
    let of_second = |row: &&Json| row["record"] == carried[1].record.to_string();
    let second = waiting.as_array().unwrap().iter().find(of_second).unwrap();
    assert_eq!(an.settle(&second["id"], "apply", json!(null)).await.status, StatusCode::OK);
    let day = 24 * 3600 * 1000;
    let later = format!("UPDATE quarantine SET received_ms = received_ms + {}", 200 * day);
    server.place.outside().await.say(&later).await.unwrap();

    let now_ms = clock::now_ms();
    persons::retention(&server.app, now_ms + 367 * day, false).await.unwrap();
    assert!(!is_held(&server, "Thị Hoa").await && !is_held(&server, "Văn Ba").await);
    assert!(is_held(&server, "Thị Tư").await, "it was applied");
    assert!(is_held(&server, "Thị Mai").await, "there is nothing else of its record");
    persons::retention(&server.app, now_ms + 567 * day, false).await.unwrap();
    assert!(!is_held(&server, "Thị Tư").await && !is_held(&server, "Thị Mai").await);
}

/// Their other phones hold what was told before.
#[tokio::test]
async fn what_waits_at_the_repair_desk_is_told_again_when_it_was_emptied() {
    let server = start().await;
    let (lan, other) = (server.device("lan").await, server.device("lan").await);
    let mut misplaced = roster(&lan, 1, 1, "Nguyễn Thị Hoa", b"photo");
    misplaced.unit = "phuong_b".to_owned();
    assert_eq!(lan.push(&[misplaced]).await.verdicts[0].outcome, Outcome::Quarantined);
    let page = other.pull(None).await;
    let is_named = |page: &PullResponse| {
        let told = page.waiting.as_ref().expect("it waits");
        let operation: Operation = codec::decode(told[0].bytes.as_ref().unwrap()).unwrap();
        format!("{operation:?}").contains("Thị Hoa")
    };
    assert!(is_named(&page));
    persons::erase(&server.app, &by("nguyen thi hoa"), 1, None, 5).await.unwrap();
    assert!(!is_named(&other.pull(Some(&page.cursor)).await));
}
