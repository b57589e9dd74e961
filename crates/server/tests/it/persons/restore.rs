//! What was erased stays so when an older backup is put back.

use server::audit::Action as AuditAction;
use server::backup;
use server::database::{Erasure, KeptOperation, Reason};
use server::erasure_list::List;
use server::persons;
use sync::wire::{Action, DeviceId, Dot, Value, Write};

use super::{by, is_held, put_back, start, two_people};
use crate::app::{Device, text};
use crate::personal::photo;

/// The disk was full, or the power went, while a line was written.
#[tokio::test]
async fn half_a_line_of_the_list_hinders_no_start_no_erasure_and_no_restore() {
    let server = start().await;
    two_people(&server, 0x1a).await;
    let folder = server.folder.path().join("backups");
    let before = backup::backup(&server.place.config, &folder, 1_000).await.unwrap();
    let list = server.place.config.data.join("erasures.jsonl");
    let broken = r#"{"record":{"oper"#;
    std::fs::write(&list, broken).unwrap();
    let again = server.beside().await;
    persons::erase(&again.app, &by("nguyen thi hoa"), 1, None, 5).await.unwrap();
    let noted = std::fs::read_to_string(&list).unwrap();
    assert!(noted.starts_with(r#"{"record":{"operation""#) && noted.ends_with('\n'), "{noted}");
    let half_a_letter = b"{\"account\":{\"account\":\"\xe1\xba";
    std::fs::write(&list, [noted.as_bytes(), half_a_letter].concat()).unwrap();
    backup::backup(&server.place.config, &folder, 2_000).await.unwrap();
    let restored = put_back(&before, &folder).await;
    assert!(!is_held(&restored, "Thị Hoa").await);
    assert!(is_held(&restored, "Văn Nam").await);
}

/// A restore lost an answer that somebody else corrected, and then its person was erased. The correction comes first, and nobody can
/// tell whether who wrote it had seen the erasure; the answer follows and had not.
#[tokio::test]
async fn a_correction_of_what_a_restore_lost_goes_when_that_comes_back_from_before_an_erasure() {
    let server = start().await;
    let lan = two_people(&server, 0x23).await;
    let minh = server.device_with_id("minh", DeviceId([0x24; 16])).await;
    persons::erase(&server.app, &by("0901234567"), 1, None, 5).await.unwrap();
    let correction = |device: &Device<'_>, seq: u64, note: &str, photo: Value, over: Dot| {
        let mut operation = device.create(seq, 1, "phuong_a", &[]);
        let write = |value| Write { value, over: vec![over] };
        operation.action = Action::Amend;
        operation.fields =
            [("ghi_chu".into(), write(text(note))), ("anh".into(), write(photo))].into();
        operation
    };
    let lost = correction(&lan, 3, "Lan, số mới", Value::Empty, Dot { device: lan.id, seq: 1 });
    let (hash, named) = photo(b"later");
    minh.push(&[correction(&minh, 1, "Chị Lan ở tổ 5", named, lost.dot)]).await;
    minh.put_chunk(hash, 0, 5, b"later", hash).await;
    assert!(is_held(&server, "Chị Lan ở tổ 5").await);
    let seen = server.device("thu").await.pull(None).await.cursor;

    lan.push(&[lost]).await;
    // The file is written anew for many at once, also by a server that was started since: nobody writes meanwhile.
    let later = server.beside().await;
    assert!(later.app.database().scrub_if_wanted().await.unwrap());
    assert!(!is_held(&server, "Chị Lan ở tổ 5").await);
    assert!(!server.app.database().scrub_if_wanted().await.unwrap(), "once");
    assert!(server.app.database().blob(hash).await.unwrap().is_none());
    let name = hash.to_string();
    assert!(!server.place.config.blob_folder().join(name.split_at(2).0).join(&name).exists());
    let told = server.device("thu").await.pull(Some(&seen)).await.records;
    assert_eq!(told.len(), 1, "phones are told");
    assert!(told[0].fields["ghi_chu"].iter().all(|sibling| sibling.value == Value::Empty));
}

/// The disk was full when an erasure was to be committed, and it stands in the list: the next has a number of its own, so that a
/// restore does both.
#[tokio::test]
async fn an_erasure_that_could_not_be_committed_takes_no_other_with_it() {
    let server = start().await;
    let lan = two_people(&server, 0x22).await;
    let config = server.place.config.clone();
    let folder = server.folder.path().join("backups");
    let before = backup::backup(&config, &folder, 1_000).await.unwrap();
    let list = List::of(&config.data);
    let found = persons::find(&server.app, &by("Phạm Văn Nam")).await.unwrap();
    let targets = [found[0].record];
    let which = |_, _: &[_]| found[0].paths.clone();
    let reason = Reason { by: None, action: AuditAction::PersonErase };
    let noted = |erasures: &[Erasure]| {
        list.add(erasures)?;
        Err(std::io::Error::other("the disk is full"))
    };
    let database = server.app.database();
    assert!(database.erase(&targets, which, reason, list.last().unwrap(), 5, noted).await.is_err());
    assert!(is_held(&server, "Văn Nam").await, "nothing was done");
    persons::erase(&server.app, &by("Nguyễn Thị Hoa"), 1, None, 6).await.unwrap();
    backup::backup(&config, &folder, 2_000).await.unwrap();
    drop(lan);

    let restored = put_back(&before, &folder).await;
    assert!(!is_held(&restored, "Thị Hoa").await && !is_held(&restored, "Văn Nam").await);
    assert_eq!(restored.app.database().erasures(Some).await.unwrap().len(), 2);
}

/// Another server has another list, or a backup is made on another machine. Two lists may give one number to two erasures, of which one
/// was never committed.
#[tokio::test]
async fn a_restore_erases_what_was_erased_wherever_that_was_noted() {
    let server = start().await;
    two_people(&server, 0x28).await;
    let config = server.place.config.clone();
    let folder = server.folder.path().join("backups");
    let before = backup::backup(&config, &folder, 1_000).await.unwrap();
    let found = persons::find(&server.app, &by("Phạm Văn Nam")).await.unwrap();
    let which = |_, _: &[KeptOperation]| found[0].paths.clone();
    let reason = Reason { by: None, action: AuditAction::PersonErase };
    let noted = |erasures: &[Erasure]| {
        List::of(&config.data).add(erasures)?;
        Err(std::io::Error::other("the disk is full"))
    };
    let targets = [found[0].record];
    assert!(server.app.database().erase(&targets, which, reason, 0, 5, noted).await.is_err());
    backup::backup(&config, &folder, 2_000).await.unwrap();

    let elsewhere = config.data.join("erasures.jsonl");
    std::fs::remove_file(&elsewhere).unwrap();
    persons::erase(&server.app, &by("Nguyễn Thị Hoa"), 1, None, 6).await.unwrap();
    persons::erase_account(&server.app, "minh", None, 7).await.unwrap();
    std::fs::remove_file(&elsewhere).unwrap();
    backup::backup(&config, &folder, 3_000).await.unwrap();

    let restored = put_back(&before, &folder).await;
    assert!(!is_held(&restored, "Thị Hoa").await && !is_held(&restored, "Văn Nam").await);
    let account = restored.account("minh").await;
    assert_eq!(account.display_name, server::database::NOBODY);
    let erasures = restored.app.database().erasures(Some).await.unwrap();
    assert_eq!(erasures.len(), 2);
    let again = restored.beside().await;
    assert_eq!(again.app.database().erasures(Some).await.unwrap(), erasures, "once");
}

#[tokio::test]
async fn what_was_erased_stays_so_when_a_backup_from_before_is_put_back() {
    let server = start().await;
    let lan = two_people(&server, 0x1c).await;
    let config = server.place.config.clone();
    let folder = server.folder.path().join("backups");
    let before = backup::backup(&config, &folder, 1_000).await.unwrap();
    persons::erase(&server.app, &by("Nguyễn Thị Hoa"), 1, None, 5).await.unwrap();
    persons::erase(&server.app, &by("0901 234 567"), 1, None, 6).await.unwrap();
    persons::erase_account(&server.app, "lan", None, 7).await.unwrap();
    backup::backup(&config, &folder, 2_000).await.unwrap();
    let (hash, _) = photo(b"photo");
    let name = hash.to_string();
    let in_backup = folder.join("blobs").join(name.split_at(2).0).join(&name);
    assert!(!in_backup.exists(), "the backup's file is gone too");
    drop(lan);

    let restored = put_back(&before, &folder).await;
    let told = format!("{:?}", restored.app.database().kept_operations(None, 10).await.unwrap());
    assert!(
        !told.contains("Thị Hoa") && !told.contains("Trần Lan") && told.contains("Văn Nam"),
        "{told}"
    );
    let account = restored.app.database().account("lan").await.unwrap().unwrap();
    assert_eq!(
        (account.display_name.as_str(), account.is_disabled()),
        (server::database::NOBODY, true)
    );
    // A record that the backup does not have comes from a phone later, and what was erased of it comes empty.
    assert!(restored.app.database().verify_audit(None).await.unwrap().is_ok());
    let page = restored.device("minh").await.pull(None).await;
    assert!(!format!("{page:?}").contains("Thị Hoa"));
}

#[tokio::test]
async fn a_record_that_a_backup_never_had_comes_back_from_a_phone_without_what_was_erased() {
    let server = start().await;
    let config = server.place.config.clone();
    let folder = server.folder.path().join("backups");
    let before = backup::backup(&config, &folder, 1_000).await.unwrap();
    let lan = two_people(&server, 0x1d).await;
    persons::erase(&server.app, &by("Nguyễn Thị Hoa"), 1, None, 5).await.unwrap();
    drop(lan);
    let list = config.data.join("erasures.jsonl");
    assert!(!std::fs::read_to_string(&list).unwrap().contains("Hoa"));
    std::fs::copy(&list, folder.join("erasures.jsonl")).unwrap();

    let restored = put_back(&before, &folder).await;
    let _again = two_people(&restored, 0x1d).await;
    assert!(!is_held(&restored, "Thị Hoa").await);
    assert!(is_held(&restored, "Văn Nam").await);
    assert_eq!(restored.device("minh").await.pull(None).await.records.len(), 2);
}
