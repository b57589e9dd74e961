//! More records than fit on one page of the feed.

use sync::device::{Effect, Event};
use sync::pull::PAGE_SIZE;

use crate::rig::{Phone, Server, Work, unit, who};

#[tokio::test]
async fn more_records_than_fit_on_a_page_arrive_though_the_phone_is_killed_between_the_pages() {
    let server = Server::start().await;
    let mut hoa = Phone::enrol(&server.address, who::HOA, "Hoa").await;
    let mut minh = Phone::enrol(&server.address, who::MINH, "Minh").await;
    let work = Work::inspection(unit::LONG_KHANH).await;
    let count = PAGE_SIZE + 7;
    for n in 0..count {
        hoa.fill(&work, &[("pa/a1_gc", &n.to_string())]);
    }
    hoa.sync().await;

    minh.happen(Event::Opened);
    while !matches!(minh.next_effect(), Some(Effect::CommitPull { .. })) {
        assert!(minh.step().await, "a first page arrives");
    }
    minh.step().await;
    assert_eq!(minh.disk.records().len(), PAGE_SIZE);
    minh.kill();
    // A record of the first page changes before the second is read.
    let first = *minh.disk.records().first().expect("a record");
    hoa.open(first);
    hoa.answer(first, "pa/a1_gc", "sửa giữa hai trang");
    hoa.close(first);
    hoa.sync().await;
    let before = minh.http.traffic().requests;
    minh.sync().await;
    assert_eq!(minh.http.traffic().requests - before, 1, "it goes on where it was");
    assert_eq!(minh.disk.records(), hoa.disk.records());
    assert_eq!(minh.disk.records().len(), count);
    assert_eq!(minh.shown(first, "pa/a1_gc").as_deref(), Some("sửa giữa hai trang"));
}
