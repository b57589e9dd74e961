//! A browser profile that was copied: two phones that believe to be one.

use sync::device::Blocked;
use sync::wire::RecordId;

use crate::rig::{Phone, Server, Work, unit, who};

/// A phone and a copy of its profile, each with a record of its own beside the one from before.
async fn copied(server: &Server) -> ([Phone; 2], [(RecordId, &'static str); 3]) {
    let work = Work::inspection(unit::LONG_KHANH).await;
    let texts = ["trước khi sao chép", "máy thứ nhất", "máy thứ hai"];
    let mut hoa = Phone::enrol(&server.address, who::HOA, "Hoa").await;
    let first = hoa.fill(&work, &[("pa/a1_gc", texts[0])]);
    hoa.sync().await;
    let mut copy = hoa.copy("Hoa's copy");
    let one = hoa.fill(&work, &[("pa/a1_gc", texts[1])]);
    let other = copy.fill(&work, &[("pa/a1_gc", texts[2])]);
    hoa.sync().await;
    copy.sync().await;
    ([hoa, copy], [(first, texts[0]), (one, texts[1]), (other, texts[2])])
}

#[tokio::test]
async fn a_copied_profile_takes_a_new_name_and_both_lose_nothing() {
    let server = Server::start().await;
    let ([mut hoa, mut copy], records) = copied(&server).await;
    // The session belongs to the old name: the person signs in on the copy.
    if copy.disk.waiting().operations > 0 {
        copy.sign_in().await;
        copy.sync().await;
    }
    hoa.sync().await;
    assert_ne!(hoa.device(), copy.device());
    for phone in [&hoa, &copy] {
        assert_eq!(phone.disk.waiting().operations, 0);
        for (record, text) in records {
            assert_eq!(phone.shown(record, "pa/a1_gc").as_deref(), Some(text));
            assert!(phone.view(record).unwrap().conflicts.is_empty());
        }
    }
}

#[tokio::test]
async fn what_a_copied_phone_sent_under_its_old_name_comes_back_to_a_restored_server() {
    let mut server = Server::start().await;
    let before_all = server.back_up("empty.sqlite").await;
    let ([hoa, mut copy], [first, one, other]) = copied(&server).await;
    copy.sign_in().await;
    copy.sync().await;
    assert_ne!(hoa.device(), copy.device());

    // The phone that kept the name is lost, and the server forgets all of it, the sessions as well.
    drop(hoa);
    server.stop().await;
    server.put_back(&before_all).await;
    server.go_on().await;
    assert_eq!(copy.sync().await.blocked, Some(Blocked::SignedOut));
    copy.sign_in().await;
    let status = copy.sync().await;
    assert_eq!((status.blocked, status.unsent_ops), (None, 0));
    let mut desk = Phone::enrol(&server.address, who::COORDINATOR, "desk").await;
    desk.sync().await;
    assert_eq!(desk.shown(first.0, "pa/a1_gc").as_deref(), Some(first.1));
    assert_eq!(desk.shown(other.0, "pa/a1_gc").as_deref(), Some(other.1));
    assert_eq!(desk.shown(one.0, "pa/a1_gc"), None, "only the lost phone held it");
}

/// The session began under the old name, of which much is in the backup.
#[tokio::test]
async fn what_a_copied_phone_sent_under_its_new_name_stays_until_a_backup_has_it() {
    let mut server = Server::start().await;
    let work = Work::inspection(unit::LONG_KHANH).await;
    let mut hoa = Phone::enrol(&server.address, who::HOA, "Hoa").await;
    for _ in 0..5 {
        hoa.fill(&work, &[("pa/a1_gc", "trước khi sao chép")]);
    }
    hoa.sync().await;
    let night = server.back_up("night.sqlite").await;
    hoa.sync().await;
    let mut copy = hoa.copy("Hoa's copy");
    hoa.fill(&work, &[("pa/a1_gc", "máy thứ nhất")]);
    let record = copy.fill(&work, &[("pa/a1_gc", "máy thứ hai")]);
    for phone in [&mut hoa, &mut copy] {
        for _ in 0..2 {
            assert_eq!(phone.sync().await.blocked, None);
        }
    }
    assert_ne!(hoa.device(), copy.device());
    assert_eq!(copy.disk.outbox.len(), 1, "no backup has it");

    server.stop().await;
    server.put_back(&night).await;
    server.go_on().await;
    copy.sync().await;
    let mut desk = Phone::enrol(&server.address, who::COORDINATOR, "desk").await;
    desk.sync().await;
    assert_eq!(desk.shown(record, "pa/a1_gc").as_deref(), Some("máy thứ hai"));
}
