//! A server restored from an older backup gets back from the phones what it lost.

use sync::wire::RecordId;

use crate::rig::{Phone, Server, Work, unit, who};

const FIELD: &str = "pa/a1_gc";

fn write(phone: &mut Phone, work: &Work, text: &str) -> RecordId {
    phone.fill(work, &[(FIELD, text)])
}

/// Everybody syncs until all have heard of each other's work.
async fn settle(phones: &mut [&mut Phone]) {
    for _ in 0..2 {
        for phone in &mut *phones {
            let status = phone.sync().await;
            assert_eq!((status.blocked, status.unsent_ops), (None, 0), "{}", phone.account);
        }
    }
}

#[tokio::test]
async fn a_server_restored_from_its_backup_gets_back_what_the_phones_hold() {
    let mut server = Server::start().await;
    let work = Work::inspection(unit::LONG_KHANH).await;
    let mut hoa = Phone::enrol(&server.address, who::HOA, "Hoa").await;
    let mut minh = Phone::enrol(&server.address, who::MINH, "Minh").await;
    let mut desk = Phone::enrol(&server.address, who::COORDINATOR, "desk").await;
    let before = write(&mut hoa, &work, "trước khi sao lưu");
    settle(&mut [&mut hoa, &mut minh, &mut desk]).await;
    let backup = server.back_up("night.sqlite").await;
    let after = write(&mut hoa, &work, "sau khi sao lưu");
    minh.open(before);
    minh.answer(before, FIELD, "Minh sửa");
    minh.close(before);
    settle(&mut [&mut hoa, &mut minh, &mut desk]).await;
    let epoch = hoa.disk.state().epoch;
    assert_eq!(hoa.disk.outbox.len(), 1, "what is in the backup was freed");

    server.stop().await;
    server.put_back(&backup).await;
    server.go_on().await;
    let restored = server.database().await.epoch_and_head().await.expect("a server row").0;
    assert_ne!(Some(restored), epoch, "a restored server knows by itself that it is one");
    settle(&mut [&mut hoa, &mut minh, &mut desk]).await;
    assert_eq!(hoa.disk.state().epoch, Some(restored));
    for phone in [&hoa, &minh, &desk] {
        assert_eq!(phone.disk.records().len(), 2, "{}", phone.account);
        assert_eq!(phone.shown(before, FIELD).as_deref(), Some("Minh sửa"), "{}", phone.account);
        assert_eq!(phone.shown(after, FIELD).as_deref(), Some("sau khi sao lưu"));
    }
    assert_eq!(desk.operations(before).await, 2);
    assert_eq!(desk.operations(after).await, 1);
}

#[tokio::test]
async fn a_server_whose_files_were_put_back_is_found_out_by_the_phones() {
    let mut server = Server::start().await;
    let work = Work::inspection(unit::LONG_KHANH).await;
    let mut hoa = Phone::enrol(&server.address, who::HOA, "Hoa").await;
    let mut desk = Phone::enrol(&server.address, who::COORDINATOR, "desk").await;
    let first = write(&mut hoa, &work, "một");
    settle(&mut [&mut hoa, &mut desk]).await;
    let copy = server.copy_unseen("copy.sqlite").await;
    let second = write(&mut hoa, &work, "hai");
    settle(&mut [&mut hoa, &mut desk]).await;

    server.stop().await;
    server.put_back(&copy).await;
    server.go_on().await;
    // Nobody has anything to send: only their places in the feed tell.
    settle(&mut [&mut desk, &mut hoa]).await;
    assert_eq!(desk.operations(second).await, 1, "it came back to the server");
    let third = write(&mut hoa, &work, "ba");
    settle(&mut [&mut hoa, &mut desk]).await;
    for (record, text) in [(first, "một"), (second, "hai"), (third, "ba")] {
        assert_eq!(desk.shown(record, FIELD).as_deref(), Some(text));
        assert_eq!(desk.operations(record).await, 1);
    }
}

#[tokio::test]
async fn a_backup_older_than_what_was_promised_stops_nobody() {
    let mut server = Server::start().await;
    let work = Work::inspection(unit::LONG_KHANH).await;
    let mut hoa = Phone::enrol(&server.address, who::HOA, "Hoa").await;
    let mut desk = Phone::enrol(&server.address, who::COORDINATOR, "desk").await;
    write(&mut hoa, &work, "một");
    settle(&mut [&mut hoa, &mut desk]).await;
    let monday = server.back_up("monday.sqlite").await;
    write(&mut hoa, &work, "hai");
    settle(&mut [&mut hoa, &mut desk]).await;
    let _tuesday = server.back_up("tuesday.sqlite").await;
    settle(&mut [&mut hoa, &mut desk]).await;
    assert!(hoa.disk.outbox.is_empty(), "all of it was in a backup");

    // Tuesday's backup is lost as well.
    server.stop().await;
    server.put_back(&monday).await;
    server.go_on().await;
    let third = write(&mut hoa, &work, "ba");
    settle(&mut [&mut hoa, &mut desk]).await;
    assert_eq!(desk.shown(third, FIELD).as_deref(), Some("ba"));
    assert!(hoa.view(third).is_some_and(|view| !view.pending));
}
