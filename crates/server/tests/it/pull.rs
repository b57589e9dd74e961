use std::time::Duration;

use axum::http::StatusCode;
use sync::codec;
use sync::columns::Records;
use sync::wire::{Action, DeviceId, PullResponse, RecordId, Tally, field};

use crate::app::{TestApp, text};
use crate::asked::{LEFT, Whose, asked};

fn ids(page: &PullResponse) -> Vec<u8> {
    page.records.iter().map(|record| record.record.0[0]).collect()
}

#[tokio::test]
async fn another_units_officer_never_receives_a_record() {
    let server = TestApp::start().await;
    let (lan, minh) = (server.device("lan").await, server.device("minh").await);
    let (hoa, thu) = (server.device("hoa").await, server.device("thu").await);
    lan.push(&[lan.create(1, 1, "phuong_a", &[("ghi_chu", text("riêng"))])]).await;
    hoa.push(&[hoa.create(1, 2, "phuong_b", &[])]).await;
    assert_eq!(ids(&lan.pull(None).await), [1]);
    assert_eq!(ids(&minh.pull(None).await), [1]);
    assert_eq!(ids(&hoa.pull(None).await), [2]);
    assert_eq!(ids(&thu.pull(None).await), [1, 2]);
    let path = format!("/api/v1/records/{}/history", RecordId([1; 16]));
    assert_eq!(lan.get(&path).await.status, StatusCode::OK);
    assert_eq!(hoa.get(&path).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn naming_ones_own_unit_opens_no_door_to_a_record_of_another() {
    let server = TestApp::start().await;
    let (lan, hoa) = (server.device("lan").await, server.device("hoa").await);
    lan.push(&[lan.create(1, 1, "phuong_a", &[("ghi_chu", text("riêng"))])]).await;
    let response = hoa.push(&[hoa.create(1, 1, "phuong_b", &[("ghi_chu", text("lén"))])]).await;
    assert_eq!(response.verdicts[0].reason, Some(sync::wire::QuarantineReason::OutOfScope));
    assert!(ids(&hoa.pull(None).await).is_empty());
}

#[tokio::test]
async fn pages_go_on_from_the_cursor_and_only_news_is_sent() {
    let server = TestApp::start().await;
    let lan = server.device("lan").await;
    let many: Vec<_> = (1..=500).map(|seq| lan.create(seq, 0, "phuong_a", &[])).collect();
    let many: Vec<_> = many
        .into_iter()
        .map(|mut operation| {
            operation.record.0[..8].copy_from_slice(&operation.dot.seq.to_be_bytes());
            operation
        })
        .collect();
    lan.push(&many).await;
    lan.push(&[lan.create(501, 1, "phuong_a", &[])]).await;
    let first = lan.pull(None).await;
    assert!(first.reset && first.more);
    assert_eq!(
        (first.records.len(), first.units.as_deref()),
        (500, Some(["phuong_a".to_owned()].as_slice()))
    );
    let second = lan.pull(Some(&first.cursor)).await;
    assert!(!second.reset && !second.more && second.units.is_none());
    assert_eq!(second.records.len(), 1);
    let third = lan.pull(Some(&second.cursor)).await;
    assert_eq!((third.records.len(), &third.cursor), (0, &second.cursor));

    // What another unit does moves the cursor and brings nothing.
    let hoa = server.device("hoa").await;
    hoa.push(&[hoa.create(1, 2, "phuong_b", &[])]).await;
    let fourth = lan.pull(Some(&third.cursor)).await;
    assert!(fourth.records.is_empty() && fourth.cursor != third.cursor);
    for garbage in ["x", "1.2.3.4.5", "%F0%9F%98%80"] {
        assert!(lan.pull(Some(garbage)).await.reset);
    }
}

#[tokio::test]
async fn answers_come_in_columns_to_whoever_asks_for_it() {
    let server = TestApp::start().await;
    let lan = server.device("lan").await;
    let many = (1..=3).map(|seq| {
        let mut operation = lan.create(seq, 0, "phuong_a", &[("ghi_chu", text("đã xem"))]);
        operation.record.0[..8].copy_from_slice(&seq.to_be_bytes());
        operation
    });
    lan.push(&many.collect::<Vec<_>>()).await;
    let plain = lan.pull(None).await;
    assert_eq!(plain.columns, None, "an app of before does not ask");
    for (asked, by_words) in [(1, false), (2, true)] {
        let answer = lan.get(&format!("/api/v1/pull?columns={asked}")).await;
        let page: PullResponse = codec::decode(&answer.body).unwrap();
        assert!(page.records.iter().all(|record| record.fields.is_empty()));
        assert!(answer.body.len() < codec::encode(&plain).len());
        let column = &page.columns.as_ref().unwrap().fields["ghi_chu"];
        assert_eq!(column.words.is_some(), by_words, "an app of before knows no words");
        let page = page.whole().unwrap();
        let records = Records::new(page.records, page.columns).to_states();
        let page = PullResponse { records, columns: None, ..page };
        assert_eq!(page, PullResponse { server_ms: page.server_ms, ..plain.clone() });
    }
}

#[tokio::test]
async fn no_news_is_said_in_less_than_600_bytes() {
    let server = TestApp::start().await;
    let lan = server.device("lan").await;
    lan.push(&[lan.create(1, 1, "phuong_a", &[])]).await;
    let page = lan.pull(None).await;
    let answer = lan.get(&format!("/api/v1/pull?tally=1&cursor={}", page.cursor)).await;
    let headers: usize =
        answer.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4).sum();
    let size = "HTTP/1.1 200 OK\r\n\r\n".len()
        + headers
        + "date: Sat, 23 Nov 2024 07:00:00 GMT\r\n".len()
        + answer.body.len();
    assert!(size < 600, "{size} bytes: {:?}", answer.headers);
}

/// Whoever asks is told what they see in all, of this very page, and of nothing else.
#[tokio::test]
async fn what_a_person_sees_in_all_is_counted_for_whoever_asks() {
    let server = TestApp::start().await;
    let (lan, hoa) = (server.device("lan").await, server.device("hoa").await);
    let thu = server.device("thu").await;
    let many = (1..=1_001).map(|seq| {
        let mut operation = lan.create(seq, 0, "phuong_a", &[]);
        operation.record.0[..8].copy_from_slice(&seq.to_be_bytes());
        operation
    });
    for part in many.collect::<Vec<_>>().chunks(500) {
        lan.push(part).await;
    }
    hoa.push(&[hoa.create(1, 2, "phuong_b", &[])]).await;
    // One stands at another place since.
    let mut edit = lan.create(1_002, 0, "phuong_a", &[("ghi_chu", text("đã xem"))]);
    edit.record.0[..8].copy_from_slice(&7_u64.to_be_bytes());
    (edit.action, _) = (Action::Edit, edit.fields.remove(field::STATE));
    lan.push(&[edit]).await;
    for (device, seen) in [(&lan, 1_001), (&hoa, 1), (&thu, 1_002)] {
        let mut held = std::collections::BTreeMap::new();
        let (mut cursor, mut told) = (String::new(), None);
        while told.is_none() {
            let path = format!("/api/v1/pull?tally=1&columns=2&wait=20&cursor={cursor}");
            let page: PullResponse = codec::decode(&device.get(&path).await.body).unwrap();
            assert_eq!(page.tally.is_some(), !page.more, "of what is not here yet nothing is said");
            held.extend(page.records.iter().map(|record| (record.record, record.rv)));
            (cursor, told) = (page.cursor, page.tally);
        }
        let mut tally = Tally::default();
        tally.extend(held.into_values());
        assert_eq!((told, tally.records), (Some(tally), seen));
        // Asked again, it waits for no news; who does not ask is told nothing.
        let again = device.get(&format!("/api/v1/pull?tally=1&wait=20&cursor={cursor}")).await;
        let again: PullResponse = codec::decode(&again.body).unwrap();
        assert_eq!((again.records.len(), again.tally), (0, told));
        assert_eq!(device.pull(Some(&cursor)).await.tally, None);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_waits_hears_of_a_record_when_it_arrives() {
    let server = TestApp::start().await;
    let (lan, thu) = (server.device("lan").await, server.device("thu").await);
    let cursor = thu.pull(None).await.cursor;
    let path = format!("/api/v1/pull?cursor={cursor}&wait=20");
    let wait = thu.get(&path);
    let operation = [lan.create(1, 1, "phuong_a", &[])];
    let (heard, _) = tokio::time::timeout(Duration::from_secs(10), async {
        tokio::join!(wait, lan.push(&operation))
    })
    .await
    .expect("the news comes long before the wait is over");
    let page: PullResponse = codec::decode(&heard.body).unwrap();
    assert_eq!(ids(&page), [1]);
}

/// Pushes are many, and so are those who wait.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_waits_is_not_woken_by_each_push_that_is_not_for_them() {
    let server = TestApp::start().await;
    let (lan, hoa) = (server.device("lan").await, server.device("hoa").await);
    let page = hoa.pull(None).await;
    let path = format!("/api/v1/pull?cursor={}&wait=2", page.cursor);
    let pushes = async {
        for at in 1..=30 {
            lan.push(&[lan.create(u64::from(at), at, "phuong_a", &[])]).await;
        }
    };
    let wait = async {
        let page: PullResponse = codec::decode(&hoa.get(&path).await.body).unwrap();
        assert_eq!(ids(&page), [0; 0]);
        assert_eq!(ids(&hoa.pull(Some(&page.cursor)).await), [0; 0]);
    };
    let (looked, ()) = tokio::join!(asked(LEFT, Whose::Own, wait), pushes);
    assert!(looked <= 4, "{looked}");
    // What comes for them after what does not is told.
    let thu = server.device("thu").await;
    let for_them = async {
        lan.push(&[lan.create(31, 31, "phuong_a", &[])]).await;
        thu.push(&[thu.create(1, 32, "phuong_b", &[])]).await;
    };
    let path = format!("/api/v1/pull?cursor={}&wait=20", hoa.pull(Some(&page.cursor)).await.cursor);
    let (heard, ()) = tokio::join!(hoa.get(&path), for_them);
    assert_eq!(ids(&codec::decode(&heard.body).unwrap()), [32]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stops_lets_whoever_waits_go() {
    let server = TestApp::start().await;
    let thu = server.device("thu").await;
    let cursor = thu.pull(None).await.cursor;
    let path = format!("/api/v1/pull?cursor={cursor}&wait=20");
    let stop = async { server.app.stop() };
    let waited = async { tokio::join!(thu.get(&path), stop) };
    let (heard, ()) =
        tokio::time::timeout(Duration::from_secs(10), waited).await.expect("nobody waits in vain");
    assert_eq!(heard.status, StatusCode::OK);
}

/// A phone that took another id goes on in the session that it began under the one before.
#[tokio::test]
async fn a_pull_speaks_of_the_device_that_asks() {
    let server = TestApp::start().await;
    let (lan, hoa) = (server.device("lan").await, server.device("hoa").await);
    let sent = [1, 2].map(|seq| lan.create(u64::from(seq), seq, "phuong_a", &[]));
    lan.push(&sent).await;
    let taken = lan.renamed(DeviceId([0xee; 16]));
    taken.push(&[taken.create(1, 3, "phuong_a", &[])]).await;
    let included = async |asked: &str| {
        let answer = lan.get(&format!("/api/v1/pull{asked}")).await;
        match answer.status {
            StatusCode::OK => Ok(codec::decode::<PullResponse>(&answer.body).unwrap().included),
            status => Err((status, answer.code())),
        }
    };
    assert_eq!(included("").await, Ok(2));
    assert_eq!(included(&format!("?device={}", lan.id)).await, Ok(2));
    assert_eq!(included(&format!("?device={}", taken.id)).await, Ok(1));
    let wrong = Err((StatusCode::FORBIDDEN, "wrong_device".to_owned()));
    assert_eq!(included(&format!("?device={}", hoa.id)).await, wrong);
    let bad = Err((StatusCode::BAD_REQUEST, "bad_device".to_owned()));
    assert_eq!(included("?device=x").await, bad);
}

#[tokio::test]
async fn a_changed_scope_starts_the_feed_again() {
    let server = TestApp::start().await;
    let lan = server.device("lan").await;
    lan.push(&[lan.create(1, 1, "phuong_a", &[])]).await;
    let page = lan.pull(None).await;
    let pack = server.app.database().pack_json(page.pack).await.unwrap().unwrap();
    let mut value: serde_json::Value = serde_json::from_slice(&pack).unwrap();
    value["units"].as_array_mut().unwrap().push(serde_json::json!({
        "id": "khu_pho_1", "name": { "vi": "Khu phố 1" }, "kind": "quarter", "parent": "phuong_a", "enabled": true,
        "valid_from": null, "valid_to": null, "successors": [] }));
    let pack = value.to_string().into_bytes();
    let new = server::database::NewPack {
        programmes: std::collections::BTreeMap::new(),
        personal: Vec::new(),
        hash: codec::hash(&pack),
        json: pack,
        forms: vec![],
        files: vec![],
        units: vec!["khu_pho_1".to_owned()],
    };
    assert!(server.app.database().load_pack(&new, 9).await.unwrap());
    assert!(!server.app.database().load_pack(&new, 10).await.unwrap());
    let again = lan.pull(Some(&page.cursor)).await;
    assert!(again.reset);
    assert_eq!(again.units.unwrap(), ["khu_pho_1", "phuong_a"]);
    assert_eq!((again.pack, again.records.len()), (new.hash, 1));
    let form = lan.get(&format!("/api/v1/forms/{}", crate::app::form_ref().hash)).await;
    assert_eq!(form.status, StatusCode::OK, "forms of earlier packs stay");
}

#[tokio::test]
async fn a_page_names_the_people_who_wrote_its_records_and_nobody_else() {
    let server = TestApp::start().await;
    let (lan, minh) = (server.device("lan").await, server.device("minh").await);
    lan.push(&[lan.create(1, 1, "phuong_a", &[])]).await;
    let names = |pairs: &[(&str, &str)]| {
        let pairs = pairs.iter().map(|(account, name)| ((*account).into(), (*name).into()));
        Some(pairs.collect())
    };
    let first = minh.pull(None).await;
    assert_eq!(first.names, names(&[("lan", "Chị lan")]));
    minh.push(&[minh.create(1, 2, "phuong_a", &[])]).await;
    let second = minh.pull(Some(&first.cursor)).await;
    assert_eq!(second.names, names(&[("minh", "Chị minh")]));
    assert_eq!(minh.pull(Some(&second.cursor)).await.names, None);
    assert_eq!(server.device("hoa").await.pull(None).await.names, None);
}

#[tokio::test]
async fn a_record_that_moves_there_and_back_is_with_whoever_sees_its_unit_and_nobody_else() {
    let server = TestApp::start().await;
    let (lan, hoa) = (server.device("lan").await, server.device("hoa").await);
    let (mut of_lan, mut of_hoa) = (lan.pull(None).await.cursor, hoa.pull(None).await.cursor);
    // Each of these was begun before those that came sooner.
    for (device, unit) in [(3, "phuong_b"), (2, "phuong_a"), (1, "phuong_b")] {
        let thu = server.device_with_id("thu", DeviceId([device; 16])).await;
        thu.push(&[thu.create(1, 1, unit, &[("ghi_chu", text("riêng"))])]).await;
        let (at_a, at_b) = (lan.pull(Some(&of_lan)).await, hoa.pull(Some(&of_hoa)).await);
        let told = |page: &PullResponse| {
            page.records.iter().map(|record| (record.unit.clone(), record.left)).collect::<Vec<_>>()
        };
        let stands = |here: &str| vec![(here.to_owned(), false)];
        let left = |here: &str| vec![(here.to_owned(), true)];
        match device {
            3 => assert_eq!((told(&at_a), told(&at_b)), (vec![], stands(unit))),
            2 => assert_eq!((told(&at_a), told(&at_b)), (stands(unit), left("phuong_b"))),
            _ => assert_eq!((told(&at_a), told(&at_b)), (left("phuong_a"), stands(unit))),
        }
        (of_lan, of_hoa) = (at_a.cursor, at_b.cursor);
    }
    let all = hoa.pull(None).await;
    assert_eq!((all.records.len(), all.records[0].left), (1, false));
}
