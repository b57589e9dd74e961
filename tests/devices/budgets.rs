//! A phone that takes more of the server than one person may: it waits as long as it is told to, and nothing is lost.

use std::time::Duration;

use server::budgets::Allowance;
use sync::device::{Blocked, Effect, Event};
use sync::wire::Action;

use crate::rig::{Phone, Server, Work, random::Random, unit, who};

/// Carries out what there is to do, and says how long the phone then means to wait.
async fn until_it_waits(phone: &mut Phone) -> Option<u64> {
    let mut waits = None;
    while let Some(effect) = phone.next_effect() {
        if let Effect::ScheduleRetry { delay_ms } = effect {
            waits = Some(*delay_ms);
        }
        phone.step().await;
    }
    waits
}

#[tokio::test]
async fn a_phone_told_to_wait_does_and_sends_all_of_it_in_the_end() {
    let hour = Duration::from_secs(3_600);
    let mut server = Server::start_with(|config| {
        config.allowances.operations = Allowance::new(5, hour);
        config.allowances.kib = Allowance::new(600, hour);
    })
    .await;
    let mut hoa = Phone::enrol(&server.address, who::HOA, "Hoa").await;
    hoa.batch = 2;
    let work = Work::inspection(unit::LONG_KHANH).await;
    for number in 0..8 {
        hoa.fill(&work, &[("pa/a1", "khong"), ("pa/a1_gc", &number.to_string())]);
    }
    let record = hoa.begin(&work);
    hoa.photograph(record, "pa/a1_anh", Random::new(5).bytes(1_200_000)); // five chunks
    hoa.press(record, Action::Submit);
    let all = 9;

    hoa.happen(Event::Asked);
    let (mut rounds, mut left) = (0, u64::MAX);
    while let Some(delay_ms) = until_it_waits(&mut hoa).await {
        let status = hoa.status.expect("a sync reports");
        assert_eq!(status.blocked, Some(Blocked::Server(429)));
        // What it is told, in whole seconds; an hour is the longest that is obeyed.
        assert!((3_590_000..=3_600_000).contains(&delay_ms), "{delay_ms} ms");
        let still = status.unsent_ops * 10 + status.unsent_blobs;
        assert!(still <= left && rounds < 10, "each time some of it went");
        (left, rounds) = (still, rounds + 1);
        // Time passes: a server that has just started has full budgets.
        server.stop().await;
        server.go_on().await;
        hoa.happen(Event::Tick);
    }
    assert!(rounds >= 3, "two budgets of work and two of photo: {rounds} rounds");
    let status = hoa.status.expect("a sync reports");
    assert_eq!((status.unsent_ops, status.unsent_blobs, status.blocked), (0, 0, None));

    let mut desk = Phone::enrol(&server.address, who::COORDINATOR, "desk").await;
    server.stop().await;
    server.go_on().await;
    desk.sync().await;
    assert_eq!(desk.disk.records().len(), all);
}
