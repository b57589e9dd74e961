//! A browser profile that was copied: two phones that believe to be one.

use sync::device::Blocked;

use crate::rig::{Phone, Server, Work, unit, who};

#[tokio::test]
async fn a_copied_profile_takes_a_new_name_and_both_lose_nothing() {
    let server = Server::start().await;
    let work = Work::inspection(unit::LONG_KHANH).await;
    let mut hoa = Phone::enrol(&server.address, who::HOA, "Hoa").await;
    let first = hoa.fill(&work, &[("pa/a1_gc", "trước khi sao chép")]);
    hoa.sync().await;

    let mut copy = hoa.copy("Hoa's copy");
    let one = hoa.fill(&work, &[("pa/a1_gc", "máy thứ nhất")]);
    let other = copy.fill(&work, &[("pa/a1_gc", "máy thứ hai")]);
    hoa.sync().await;
    copy.sync().await;
    // The session belongs to the old name: the person signs in on the copy.
    if copy.disk.waiting().operations > 0 {
        copy.sign_in().await;
        copy.sync().await;
    }
    hoa.sync().await;
    assert_ne!(hoa.device(), copy.device());
    for phone in [&hoa, &copy] {
        assert_eq!(phone.disk.waiting().operations, 0);
        for (record, text) in
            [(first, "trước khi sao chép"), (one, "máy thứ nhất"), (other, "máy thứ hai")]
        {
            assert_eq!(phone.shown(record, "pa/a1_gc").as_deref(), Some(text));
            assert!(phone.view(record).unwrap().conflicts.is_empty());
        }
    }
}

#[tokio::test]
async fn what_a_copied_phone_sent_under_its_old_name_comes_back_to_a_restored_server() {
    let mut server = Server::start().await;
    let work = Work::inspection(unit::LONG_KHANH).await;
    let before_all = server.back_up("empty.sqlite").await;
    let mut hoa = Phone::enrol(&server.address, who::HOA, "Hoa").await;
    let first = hoa.fill(&work, &[("pa/a1_gc", "trước khi sao chép")]);
    hoa.sync().await;
    let mut copy = hoa.copy("Hoa's copy");
    let one = hoa.fill(&work, &[("pa/a1_gc", "máy thứ nhất")]);
    let other = copy.fill(&work, &[("pa/a1_gc", "máy thứ hai")]);
    hoa.sync().await;
    copy.sync().await;
    copy.sign_in().await;
    copy.sync().await;
    assert_ne!(hoa.device(), copy.device());

    // The phone that kept the name is lost, and the server forgets all of it, the sessions as well.
    drop(hoa);
    server.stop().await;
    server.put_back(&before_all);
    server.go_on().await;
    assert_eq!(copy.sync().await.blocked, Some(Blocked::SignedOut));
    copy.sign_in().await;
    let status = copy.sync().await;
    assert_eq!((status.blocked, status.unsent_ops), (None, 0));
    let mut desk = Phone::enrol(&server.address, who::COORDINATOR, "desk").await;
    desk.sync().await;
    assert_eq!(desk.shown(first, "pa/a1_gc").as_deref(), Some("trước khi sao chép"));
    assert_eq!(desk.shown(other, "pa/a1_gc").as_deref(), Some("máy thứ hai"));
    assert_eq!(desk.shown(one, "pa/a1_gc"), None, "only the lost phone held it");
}
