//! Sending twice changes nothing.

use sync::device::{Blocked, Effect, Event};

use crate::rig::{Phone, Server, Work, unit, who};

#[tokio::test]
async fn the_same_push_twice_is_answered_alike_and_stored_once() {
    let server = Server::start().await;
    let mut hoa = Phone::enrol(&server.address, who::HOA, "Hoa").await;
    let mut desk = Phone::enrol(&server.address, who::COORDINATOR, "desk").await;
    let record = hoa.fill(&Work::inspection(unit::LONG_KHANH).await, &[("pa/a1", "co")]);
    hoa.happen(Event::Asked);
    let body = loop {
        match hoa.next_effect() {
            Some(Effect::Push { body, .. }) => break body.clone(),
            _ => assert!(hoa.step().await),
        }
    };
    let mut answers = Vec::new();
    for _ in 0..3 {
        let answer = hoa.http.post_cbor("/api/v1/push", &body).await.expect("an answer");
        assert_eq!(answer.status, 200);
        let mut said: sync::wire::PushResponse = sync::codec::decode(&answer.body).unwrap();
        said.server_ms = 0;
        answers.push(said);
    }
    assert!(answers.iter().all(|said| *said == answers[0]), "{answers:?}");
    assert_eq!(answers[0].acked, 1);
    while hoa.step().await {}

    desk.sync().await;
    assert_eq!(desk.disk.records().len(), 1);
    assert_eq!(desk.operations(record).await, 1);
    let place = desk.disk.base(record).unwrap().state.rv;
    let cursor = desk.disk.state().cursor;
    hoa.http.post_cbor("/api/v1/push", &body).await.expect("an answer");
    desk.sync().await;
    assert_eq!(desk.disk.base(record).unwrap().state.rv, place);
    assert_eq!(desk.disk.state().cursor, cursor, "nothing moved in the feed");
}

#[tokio::test]
async fn a_push_whose_answer_is_lost_is_sent_again_and_stored_once() {
    let server = Server::start().await;
    let mut hoa = Phone::enrol(&server.address, who::HOA, "Hoa").await;
    let mut desk = Phone::enrol(&server.address, who::COORDINATOR, "desk").await;
    let work = Work::inspection(unit::LONG_KHANH).await;
    let records: Vec<_> =
        (0..20).map(|n| hoa.fill(&work, &[("pa/a1_gc", &n.to_string())])).collect();
    hoa.batch = 3;
    let mut lost = 0;
    loop {
        hoa.replies_to_lose = u32::from(lost < 10);
        lost += hoa.replies_to_lose;
        let status = hoa.sync().await;
        if status.unsent_ops == 0 {
            break;
        }
        assert_eq!(status.blocked, Some(Blocked::Unreachable));
        assert!(hoa.wants_tick, "it tries again by itself");
    }
    desk.sync().await;
    assert_eq!(desk.disk.records().len(), records.len());
    for (n, record) in records.into_iter().enumerate() {
        assert_eq!(desk.shown(record, "pa/a1_gc"), Some(n.to_string()));
        assert_eq!(desk.operations(record).await, 1);
    }
}

#[tokio::test]
async fn a_pull_whose_answer_is_lost_brings_everything_the_next_time() {
    let server = Server::start().await;
    let mut hoa = Phone::enrol(&server.address, who::HOA, "Hoa").await;
    let mut minh = Phone::enrol(&server.address, who::MINH, "Minh").await;
    let work = Work::inspection(unit::LONG_KHANH).await;
    for n in 0..5 {
        hoa.fill(&work, &[("pa/a1_gc", &n.to_string())]);
    }
    hoa.sync().await;
    minh.replies_to_lose = 1;
    minh.sync().await;
    assert!(minh.disk.records().is_empty());
    minh.sync().await;
    assert_eq!(minh.disk.records().len(), 5);
}

#[tokio::test]
async fn a_pull_without_news_is_one_small_request() {
    let server = Server::start().await;
    let mut hoa = Phone::enrol(&server.address, who::HOA, "Hoa").await;
    hoa.fill(&Work::inspection(unit::LONG_KHANH).await, &[("pa/a1", "co")]);
    hoa.sync().await;
    let before = hoa.http.traffic();
    hoa.sync().await;
    let after = hoa.http.traffic();
    assert_eq!(after.requests - before.requests, 1);
    assert!(after.down - before.down < 300, "{} bytes", after.down - before.down);
}
