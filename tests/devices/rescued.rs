//! A phone is dying, and its owner goes on from its rescue file on another one.

use sync::wire::{Action, Outcome};

use crate::rig::{Phone, Server, Work, random::Random, unit, who};

#[tokio::test]
async fn work_goes_on_offline_on_the_new_phone_and_no_two_operations_have_one_name() {
    let server = Server::start().await;
    let mut old = Phone::enrol(&server.address, who::HOA, "old").await;
    let mut coordinator = Phone::enrol(&server.address, who::COORDINATOR, "Lan").await;
    let work = Work::inspection(unit::LONG_KHANH).await;
    let sent = old.fill(&work, &[("pa/a1", "dat")]);
    old.sync().await;
    old.open(sent);
    old.answer(sent, "pa/a1_ghi_chu", "ghi trên máy cũ");
    old.press(sent, Action::Amend);
    let submitted = old.begin(&work);
    let bytes = Random::new(9).bytes(300_000);
    let photo = old.photograph(submitted, "pa/a1_anh", bytes.clone());
    old.press(submitted, Action::Submit);
    let draft = old.begin(&work);
    old.answer(draft, "pa/a1", "khong_dat");

    let mut new = old.rescued("new");
    assert_ne!(new.device(), old.device());
    assert_eq!(new.shown(draft, "pa/a1").as_deref(), Some("khong_dat"), "before any network");
    assert_eq!(new.shown(sent, "pa/a1_ghi_chu").as_deref(), Some("ghi trên máy cũ"));
    assert_eq!(new.shown(submitted, "pa/a1_anh"), Some(photo.to_string()));
    assert_eq!(new.disk.waiting().operations, 4, "what was sent is to be proved anew");
    new.open(draft);
    new.answer(draft, "pa/a1_ghi_chu", "viết tiếp trên máy mới");
    new.press(draft, Action::Submit);
    assert!(new.sync().await.blocked.is_some(), "nobody is signed in there yet");

    // The old phone was not dead after all, and goes on too.
    old.answer(draft, "pa/a2", "dat");
    old.sync().await;
    new.sign_in().await;
    let status = new.sync().await;
    assert_eq!((status.unsent_ops, status.unsent_blobs, status.blocked), (0, 0, None));
    old.sync().await;
    coordinator.sync().await;
    for (record, operations) in [(sent, 2), (submitted, 1), (draft, 2)] {
        assert_eq!(coordinator.operations(record).await, operations, "{record}");
        let shown = coordinator.view(record).expect("a record");
        assert_eq!(new.view(record).expect("a record").fields, shown.fields);
    }
    let told = coordinator.view(draft).expect("a record");
    assert!(told.fields.contains_key("pa/a1_ghi_chu") && told.fields.contains_key("pa/a2"));
    let path = format!("/api/v1/blobs/{photo}");
    assert_eq!(coordinator.http.get(&path).await.expect("an answer").body, bytes);

    // The same file once more, and a kill amid it: nothing comes twice.
    let mut again = old.rescued("again");
    again.kill();
    again.happen(sync::device::Event::Rescued);
    again.sign_in().await;
    again.sync().await;
    coordinator.sync().await;
    assert_eq!(coordinator.operations(submitted).await, 1);
}

#[tokio::test]
async fn a_photo_that_the_server_had_and_no_backup_is_given_back_by_the_new_phone() {
    let mut server = Server::start().await;
    let mut old = Phone::enrol(&server.address, who::HOA, "old").await;
    let work = Work::inspection(unit::LONG_KHANH).await;
    let backup = server.back_up("night.sqlite").await;
    let record = old.begin(&work);
    let bytes = Random::new(10).bytes(300_000);
    let photo = old.photograph(record, "pa/a1_anh", bytes.clone());
    old.press(record, Action::Submit);
    let status = old.sync().await;
    assert_eq!((status.unsent_ops, status.unsent_blobs), (0, 0), "the server has it all");
    old.fill(&work, &[("pa/a1", "dat")]);
    let mut new = old.rescued("new");
    drop(old);

    server.stop().await;
    server.put_back(&backup).await;
    let name = photo.to_string();
    let folder = server.blob_folder().join(name.split_at(2).0);
    std::fs::remove_file(folder.join(&name)).expect("the server had it");
    server.go_on().await;
    new.sign_in().await;
    let status = new.sync().await;
    assert_eq!((status.unsent_ops, status.unsent_blobs, status.blocked), (0, 0, None));
    let mut coordinator = Phone::enrol(&server.address, who::COORDINATOR, "Lan").await;
    coordinator.sync().await;
    assert_eq!(coordinator.shown(record, "pa/a1_anh"), Some(photo.to_string()));
    let path = format!("/api/v1/blobs/{photo}");
    assert_eq!(coordinator.http.get(&path).await.expect("an answer").body, bytes);
}

#[tokio::test]
async fn what_waits_at_the_desk_goes_along_after_a_restore_of_an_older_backup() {
    let mut server = Server::start().await;
    let mut hoa = Phone::enrol(&server.address, who::HOA, "Hoa").await;
    let minh = Phone::enrol(&server.address, who::MINH, "Minh").await;
    let work = Work::inspection(unit::LONG_KHANH).await;
    hoa.bundle().await; // its key is in the backup
    let monday = server.back_up("monday.sqlite").await;
    hoa.fill(&Work::inspection(unit::BAO_VINH).await, &[("pa/a1", "dat")]);
    for _ in 0..3 {
        hoa.fill(&work, &[("pa/a1", "dat")]);
    }
    hoa.sync().await;
    server.back_up("tuesday.sqlite").await;
    hoa.sync().await;
    let kept: Vec<u64> = hoa.disk.outbox.keys().copied().collect();
    assert_eq!(kept, [1], "what waits at the desk is never freed");
    let verdict = hoa.disk.outbox.values().next().and_then(|sealed| sealed.verdict.as_ref());
    assert_eq!(verdict.map(|verdict| verdict.outcome), Some(Outcome::Quarantined));

    // Tuesday's backup is lost as well.
    server.stop().await;
    server.put_back(&monday).await;
    server.go_on().await;
    hoa.sync().await;
    let last = hoa.fill(&work, &[("pa/a1", "khong_dat")]);
    let bundle = hoa.bundle().await;
    let mut new = hoa.rescued("new");
    let answer = minh.deliver(&bundle).await;
    assert_eq!(answer.status, 200, "{}", String::from_utf8_lossy(&answer.body));
    new.sign_in().await;
    let status = new.sync().await;
    assert_eq!((status.unsent_ops, status.blocked), (0, None));
    assert_eq!(new.operations(last).await, 1);
}
