//! A client is a device that the server counts for: many requests at once, lost connections, a restore.

use std::task::Poll;
use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, StatusCode};
use serde_json::json;
use server::budgets::Allowance;
use sync::bundle::{Item, OfDevice};
use sync::codec;

use super::{Collect, FIRST, SECOND, THIRD, filled};
use crate::app::{Device, PASSWORD, TestApp};
use crate::budgets::{NEVER, assert_waits};
use crate::bundle::{deliver, items, register};
use crate::sealing::{Pair, Sealing};

#[tokio::test]
async fn after_a_restore_a_client_goes_on_and_no_number_is_given_twice() {
    let server = TestApp::start().await;
    let collect = server.collect("lan").await;
    let first = filled(FIRST, &[("ghi_chu", "một")]);
    collect.submit(&first, &[]).await.is_response(StatusCode::CREATED, "Đã nhận");
    let file = server.folder.path().join("copy.sqlite");
    server.app.database().backup(&file, 7).await.unwrap();
    let lost = filled(SECOND, &[("ghi_chu", "hai")]);
    collect.submit(&lost, &[]).await.is_response(StatusCode::CREATED, "Đã nhận");
    let seen = server.device("lan").await.pull(None).await.records;

    let restored = TestApp::restored(&file).await;
    let collect = Collect { server: &restored, address: collect.address.clone() };
    let next = filled(THIRD, &[("ghi_chu", "ba")]);
    for xml in [&first, &next] {
        collect.submit(xml, &[]).await.is_response(StatusCode::CREATED, "Đã nhận");
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
        answer.is_response(StatusCode::CREATED, "Đã nhận</message>");
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
        answer.is_response(StatusCode::CREATED, "Đã nhận</message>");
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
            other.submit(&xml, &[]).await.is_response(StatusCode::CREATED, "Đã nhận");
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
    collect.submit(&first, &[]).await.is_response(StatusCode::CREATED, "Đã nhận");
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
    collect.submit(&second, &[]).await.is_response(StatusCode::CREATED, "Đã nhận");
    assert_eq!(lan.pull(None).await.records.len(), 2);
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
        here.is_response(StatusCode::CREATED, "Đã nhận");
        there.is_response(StatusCode::CREATED, "Đã nhận");
    }
    assert_eq!(server.device("lan").await.pull(None).await.records.len(), 10);
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
