//! What is held about a person: found, handed out, erased for good, and erased by itself when its time is over.

use std::collections::BTreeSet;
use std::io::{Cursor, Read};
use std::path::Path;

use axum::http::{Method, StatusCode};
use serde_json::{Value as Json, json};
use server::audit::Action as AuditAction;
use server::database::{AuditOf, Erasure, KeptOperation, NewBlob, Reason};
use server::erasure_list::List;
use server::persons::{self, PersonError, Wanted};
use server::{backup, clock};
use sync::codec;
use sync::wire::{Action, DeviceId, Dot, Operation, Outcome, PullResponse, RecordId, Value, Write};

use crate::app::{Answer, Device, TestApp, text};
use crate::bundle::{deliver, items, register};
use crate::personal::{FIELD_WORK, ROW, SALT, declared, photo, roster, salted};
use crate::place::Place;
use crate::sealing::{Pair, Sealing};

async fn start() -> TestApp {
    let server = TestApp::start().await;
    let new = declared("declared", &FIELD_WORK);
    assert!(server.app.database().load_pack(&new, 2).await.unwrap());
    server
}

fn by(value: &str) -> Wanted {
    Wanted::by(value).unwrap()
}

/// Two people in two records; the photo is named by both.
async fn two_people<'a>(server: &'a TestApp, id: u8) -> Device<'a> {
    let lan = server.device_with_id("lan", DeviceId([id; 16])).await;
    let (hash, _) = photo(b"photo");
    let mut first = roster(&lan, 1, 1, "Nguyễn Thị Hoa", b"photo");
    salted(&mut first);
    let mut second = roster(&lan, 2, 2, "Phạm Văn Nam", b"other");
    second.fields.get_mut("ghi_chu").unwrap().value = text("Lê Thị Mai");
    second.fields.get_mut("_title").unwrap().value = text("Phiếu của Lê Thị Mai");
    lan.push(&[first, second]).await;
    lan.put_chunk(hash, 0, 5, b"photo", hash).await;
    let (other, _) = photo(b"other");
    lan.put_chunk(other, 0, 5, b"other", other).await;
    lan
}

/// A server with what that backup held.
async fn put_back(backup: &backup::Moved, folder: &Path) -> TestApp {
    let other = tempfile::tempdir().unwrap();
    let place = Place::new(other.path().join("data")).await;
    let copy = backup.copy.file_name().unwrap().to_str().unwrap();
    backup::restore(&place.config, folder, Some(copy)).await.unwrap();
    TestApp::opened(place, other).await
}

/// Whether a text stands anywhere in the database: in what it gives out, and in its file.
async fn is_held(server: &TestApp, name: &str) -> bool {
    let records = server.app.database().kept_operations(None, 100).await.unwrap();
    let page = server.device("thu").await.pull(None).await;
    let told = format!("{records:?} {page:?}");
    let desk = server.device("thu").await.get("/api/v1/quarantine?state=all").await.body;
    let mut is_held = told.contains(name) || String::from_utf8_lossy(&desk).contains(name);
    if server.place.config.database_url.is_none() {
        for file in ["sotay.sqlite", "sotay.sqlite-wal"] {
            let bytes = std::fs::read(server.place.config.data.join(file)).unwrap_or_default();
            is_held |= bytes.windows(name.len()).any(|part| part == name.as_bytes());
        }
    }
    is_held
}

/// PostgreSQL's indexes take keys of some 2,700 bytes. One phone's fault is to keep nobody from being erased.
#[tokio::test]
async fn a_row_with_a_long_key_is_erased_like_any_other() {
    let server = start().await;
    let lan = server.device("lan").await;
    let long: String = (0_u32..99).map(|at| codec::hash(&at.to_be_bytes()).to_string()).collect();
    let name = format!("hoc_vien[{long}]/hv_ten");
    lan.push(&[lan.create(1, 1, "phuong_a", &[(&name, text("Nguyễn Thị Hoa"))])]).await;
    assert!(is_held(&server, "Thị Hoa").await);
    persons::erase(&server.app, &by("nguyen thi hoa"), 1, None, 5).await.unwrap();
    lan.push(&[lan.create(2, 1, "phuong_a", &[(&name, text("Nguyễn Thị Hoa"))])]).await;
    assert!(!is_held(&server, "Thị Hoa").await);
}

/// PostgreSQL keeps no text with a zero character: what was erased under such a name is known again all the same.
#[tokio::test]
async fn a_row_whose_key_has_a_zero_character_is_erased_like_any_other() {
    let server = start().await;
    let lan = server.device("lan").await;
    let name = "hoc_vien[a\0b]/hv_ten";
    lan.push(&[lan.create(1, 1, "phuong_a", &[(name, text("Nguyễn Thị Hoa"))])]).await;
    assert!(is_held(&server, "Thị Hoa").await);
    persons::erase(&server.app, &by("nguyen thi hoa"), 1, None, 5).await.unwrap();
    assert!(!is_held(&server, "Thị Hoa").await);
    let late = lan.create(2, 1, "phuong_a", &[(name, text("Nguyễn Thị Hoa"))]);
    assert_eq!(lan.push(&[late]).await.acked, 2);
    assert!(!is_held(&server, "Thị Hoa").await);
}

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

#[tokio::test]
async fn whoever_is_erased_is_gone_from_records_history_files_and_phones_and_the_counts_stay() {
    let server = start().await;
    let lan = two_people(&server, 0x1a).await;
    let minh = server.device("minh").await;
    let before = minh.pull(None).await;
    // A part of it still waits at the desk.
    let mut kept = roster(&lan, 3, 1, "Nguyễn Thị Hoa", b"photo");
    kept.unit = "phuong_b".to_owned();
    lan.push(&[kept]).await;
    assert!(is_held(&server, "Thị Hoa").await);

    let found = persons::find(&server.app, &by("nguyen thi hoa")).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].person.as_str(), found[0].row.as_str()), ("học viên", "hoc_vien[0a]/"));
    let wrong = persons::erase(&server.app, &by("nguyen thi hoa"), 2, None, 5).await;
    assert!(matches!(wrong, Err(PersonError::OtherCount { found: 1, expected: 2 })));
    assert!(is_held(&server, "Thị Hoa").await, "nothing was erased");
    persons::erase(&server.app, &by("nguyen thi hoa"), 1, None, 5).await.unwrap();
    assert!(!is_held(&server, "Thị Hoa").await);
    assert!(!is_held(&server, SALT).await, "the row's key tells nobody who guesses the name");
    assert!(is_held(&server, "Văn Nam").await, "another person in another record stays");
    assert!(is_held(&server, "Trần Lan").await, "and so does another one in the same");

    let told = minh.pull(Some(&before.cursor)).await;
    assert!(!told.reset);
    let [record] = &told.records[..] else { panic!("one record changed: {:?}", told.records) };
    let standing = |path: &str| {
        record.fields[path].iter().map(|sibling| sibling.value.clone()).collect::<Vec<_>>()
    };
    assert_eq!(standing(&format!("{ROW}/hv_ten")), [Value::Empty]);
    assert_eq!(standing(&format!("{ROW}/hv_tuoi")), [Value::Empty]);
    assert_eq!(
        (standing(ROW), standing("loai")),
        (vec![text("1")], vec![text("tap_huan")]),
        "the count"
    );

    // The phone that wrote it may still hold it, and sends it again: nothing of it comes back.
    let mut again = roster(&lan, 1, 1, "Nguyễn Thị Hoa", b"photo");
    salted(&mut again);
    assert_eq!(lan.push(&[again]).await.acked, 3);
    let mut late = roster(&lan, 4, 1, "Nguyễn Thị Hoa", b"photo");
    late.action = Action::Amend;
    assert_eq!(lan.push(&[late]).await.acked, 4);
    assert!(!is_held(&server, "Thị Hoa").await);
    // Who saw that it was erased may write there again.
    let seen = minh.pull(None).await.records;
    let path = format!("{ROW}/hv_ten");
    let sibling =
        |state: &sync::wire::RecordState| state.fields[&path].iter().map(|it| it.dot).collect();
    let over = sibling(seen.iter().find(|it| it.record == record.record).unwrap());
    let mut anew = minh.create(1, 1, "phuong_a", &[]);
    anew.action = Action::Amend;
    anew.fields = [(path, Write { value: text("Học viên 1"), over })].into();
    assert_eq!(minh.push(&[anew]).await.verdicts[0].outcome, Outcome::Applied);
    assert!(is_held(&server, "Học viên 1").await);

    let log = server.app.database().audit(AuditOf::All, None, 100).await.unwrap();
    let row = log.iter().find(|row| row.action == "person_erase").unwrap();
    assert!(!format!("{log:?}").contains("Hoa"), "the log says that, and not who");
    assert!(row.detail.contains("\"records\":1"), "{}", row.detail);
    assert!(server.app.database().verify_audit(None).await.unwrap().is_ok());
}

/// What a key signed that nobody knows is in no log, and stands in its record all the same once a coordinator applied it.
#[tokio::test]
async fn whoever_stands_beside_the_log_is_found_handed_out_and_erased() {
    let server = start().await;
    let (lan, minh) = (server.device("lan").await, server.device("minh").await);
    let organisation = register(&lan, &Pair::of(7)).await;
    let carried = [
        roster(&lan, 1, 1, "Nguyễn Thị Hoa", b"photo"),
        roster(&lan, 2, 2, "Nguyễn Thị Hoa", b"photo"),
        roster(&lan, 3, 3, "Phạm Văn Nam", b"photo"),
    ];
    let bundle = Sealing::new(lan.id, &Pair::of(66), organisation);
    let told = deliver(&minh, &bundle.pack(&items(&lan, &carried, &[]))).await.json();
    assert_eq!(told["receipt"]["quarantined"], 3);
    let an = server.device("an").await;
    let waiting = an.get("/api/v1/quarantine").await.json();
    let of_first = |row: &&Json| row["record"] == carried[0].record.to_string();
    let first = waiting.as_array().unwrap().iter().find(of_first).unwrap();
    assert_eq!(an.settle(&first["id"], "apply", json!(null)).await.status, StatusCode::OK);
    assert!(is_held(&server, "Thị Hoa").await);

    let hoa = by("nguyen thi hoa");
    assert_eq!(
        persons::find(&server.app, &hoa).await.unwrap().len(),
        2,
        "in a record, at the desk"
    );
    let only = hoa.clone().only_in([carried[0].record.to_string().parse().unwrap()].into());
    assert_eq!(persons::find(&server.app, &only).await.unwrap().len(), 1);
    let quan_tri = server.device("quan_tri").await;
    let told = export(&quan_tri, json!({ "value": "Nguyễn Thị Hoa" })).await;
    assert!(unzip(&told.body).0["mentions"][0]["values"].to_string().contains("Thị Hoa"));
    let told = export(&quan_tri, json!({ "account": "lan" })).await;
    assert_eq!(unzip(&told.body).0["records"].as_array().unwrap().len(), 3);

    persons::erase(&server.app, &hoa, 2, None, 5).await.unwrap();
    assert!(!is_held(&server, "Thị Hoa").await);
    outlives_its_months_once(&server, "Văn Nam").await;
}

/// What nobody erased stays until the pack's months are over, and then goes once.
async fn outlives_its_months_once(server: &TestApp, who: &str) {
    assert!(is_held(server, who).await, "somebody else stays");
    let later = clock::now_ms() + 367 * 24 * 3600 * 1000;
    persons::retention(&server.app, later, false).await.unwrap();
    assert!(!is_held(server, who).await, "until the months are over");
    assert_eq!(persons::retention(&server.app, later, true).await.unwrap(), (0, 0), "once");
}

/// Answers that wait at the repair desk and say to replace what the server's first erasure leaves, which anybody can guess.
async fn foresee_an_erasure(server: &TestApp, said: &[(u8, &str)]) {
    let (lan, minh) = (server.device("lan").await, server.device("minh").await);
    let organisation = register(&lan, &Pair::of(7)).await;
    let name = format!("{ROW}/hv_ten");
    let mut carried = Vec::new();
    for (seq, (record, who)) in (1_u64..).zip(said) {
        lan.push(&[roster(&lan, seq, *record, "Ai đó", b"photo")]).await;
        let mut operation = roster(&lan, 100 + seq, *record, who, b"photo");
        operation.action = Action::Amend;
        let dot = Dot { device: sync::erase::SERVER, seq: 1 };
        operation.fields.get_mut(&name).unwrap().over = vec![dot];
        carried.push(operation);
    }
    let bundle = Sealing::new(lan.id, &Pair::of(66), organisation);
    let told = deliver(&minh, &bundle.pack(&items(&lan, &carried, &[]))).await.json();
    assert_eq!(told["receipt"]["quarantined"], said.len());
}

/// What an operation replaces is looked at by nobody as long as it waits.
#[tokio::test]
async fn whoever_stands_beside_the_log_is_erased_whatever_that_says_to_have_seen() {
    let server = start().await;
    foresee_an_erasure(&server, &[(1, "Nguyễn Thị Hoa"), (2, "Phạm Văn Nam")]).await;

    // The first number of the server's is an erasure of somebody else.
    let minh = server.device("minh").await;
    let third = roster(&minh, 1, 3, "Lê Thị Mai", b"photo");
    minh.push(&[third]).await;
    persons::erase(&server.app, &by("Lê Thị Mai"), 1, None, 4).await.unwrap();
    persons::erase(&server.app, &by("nguyen thi hoa"), 1, None, 5).await.unwrap();
    assert!(!is_held(&server, "Thị Hoa").await);
    outlives_its_months_once(&server, "Văn Nam").await;
}

#[tokio::test]
async fn whoever_stands_beside_the_log_stays_erased_when_a_backup_from_before_is_put_back() {
    let server = start().await;
    foresee_an_erasure(&server, &[(1, "Nguyễn Thị Hoa"), (2, "Phạm Văn Nam")]).await;
    let folder = server.folder.path().join("backups");
    let before = backup::backup(&server.place.config, &folder, 1_000).await.unwrap();
    persons::erase(&server.app, &by("nguyen thi hoa"), 1, None, 5).await.unwrap();
    assert!(!is_held(&server, "Thị Hoa").await);
    backup::backup(&server.place.config, &folder, 2_000).await.unwrap();

    let restored = put_back(&before, &folder).await;
    assert!(!is_held(&restored, "Thị Hoa").await);
    assert!(is_held(&restored, "Văn Nam").await, "somebody else stays");
}

#[tokio::test]
async fn a_file_goes_with_the_last_field_that_named_it_and_is_not_asked_for_again() {
    let server = start().await;
    let lan = two_people(&server, 0x1b).await;
    let (hash, _) = photo(b"photo");
    let stored = || {
        let name = hash.to_string();
        server.place.config.blob_folder().join(name.split_at(2).0).join(&name).exists()
    };
    // A third record names the same photo.
    let mut third = roster(&lan, 3, 3, "Ai đó", b"photo");
    third.fields.get_mut("ghi_chu").unwrap().value = text("Đặng Thị Tư");
    third.fields.get_mut("_title").unwrap().value = text("Phiếu 3");
    lan.push(&[third]).await;
    assert!(stored());
    persons::erase(&server.app, &by("0901234567"), 1, None, 5).await.unwrap();
    assert!(stored(), "another record names it");
    assert!(!is_held(&server, "Trần Lan").await, "the title was made of the name");
    persons::erase(&server.app, &by("Đặng Thị Tư"), 1, None, 6).await.unwrap();
    assert!(!stored());
    let blob = format!("/api/v1/blobs/{hash}");
    assert_eq!(lan.get(&blob).await.status, StatusCode::NOT_FOUND);
    assert_eq!(lan.missing(hash, 5).await, "", "the phone lets go of it");
    lan.put_chunk(hash, 0, 5, b"photo", hash).await;
    assert!(!stored());
    assert!(lan.push(&[]).await.missing_blobs.is_empty());
}

/// An answer of before that comes after it is emptied, and so its phone has a photo to send that nobody is to have.
#[tokio::test]
async fn a_file_of_an_answer_that_came_too_late_is_not_taken() {
    let server = start().await;
    let lan = two_people(&server, 0x21).await;
    persons::erase(&server.app, &by("0901234567"), 1, None, 5).await.unwrap();
    let mut late = roster(&lan, 3, 1, "Ai đó", b"late!");
    late.action = Action::Amend;
    let told = lan.push(&[late]).await;
    assert_eq!((told.acked, told.missing_blobs), (3, Vec::new()));
    let (hash, _) = photo(b"late!");
    assert_eq!(lan.missing(hash, 5).await, "", "the phone lets go of it");
    lan.put_chunk(hash, 0, 5, b"late!", hash).await;
    assert!(server.app.database().blob(hash).await.unwrap().is_none());
    let name = hash.to_string();
    assert!(!server.place.config.blob_folder().join(name.split_at(2).0).join(&name).exists());
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
    assert_eq!(restored.app.database().erasures().await.unwrap().len(), 2);
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
    let erasures = restored.app.database().erasures().await.unwrap();
    assert_eq!(erasures.len(), 2);
    let again = restored.beside().await;
    assert_eq!(again.app.database().erasures().await.unwrap(), erasures, "once");
}

/// Its last piece was on the disk when it was erased, and is noted after that.
#[tokio::test]
async fn a_file_that_is_erased_while_it_comes_is_not_kept() {
    let server = start().await;
    two_people(&server, 0x1a).await;
    persons::erase(&server.app, &by("0901234567"), 1, None, 5).await.unwrap();
    let database = server.app.database();
    let (hash, _) = photo(b"photo");
    assert!(database.is_erased_blob(hash).await.unwrap());
    let blob = NewBlob { hash, size: 5, media_type: "image/jpeg", sender: "lan" };
    assert_eq!(database.add_chunk(&blob, 0, 7).await.unwrap(), None);
    assert!(!database.finish_blob(&blob, 7).await.unwrap());
    assert!(database.blob(hash).await.unwrap().is_none());
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

#[tokio::test]
async fn answers_are_erased_when_the_months_of_the_pack_are_over_and_not_a_day_before() {
    let server = start().await;
    let lan = two_people(&server, 0x1e).await;
    let day = 24 * 3600 * 1000;
    let now_ms = clock::now_ms();
    let after = |days: i64| now_ms + days * day;
    assert_eq!(persons::retention(&server.app, after(364), false).await.unwrap(), (0, 0));
    assert_eq!(
        persons::retention(&server.app, after(367), true).await.unwrap(),
        (5, 2),
        "counted only, and with them what a row's key is made with"
    );
    assert!(is_held(&server, "Thị Hoa").await);
    assert_eq!(persons::retention(&server.app, after(367), false).await.unwrap(), (5, 2));
    assert!(!is_held(&server, "Thị Hoa").await && !is_held(&server, "Văn Nam").await);
    assert!(!is_held(&server, SALT).await);
    assert!(is_held(&server, "Trần Lan").await, "that is kept for two years");
    assert_eq!(
        persons::retention(&server.app, after(368), false).await.unwrap(),
        (0, 0),
        "done once"
    );
    persons::retention(&server.app, after(732), false).await.unwrap();
    assert!(!is_held(&server, "Trần Lan").await && is_held(&server, "tap_huan").await);
    let log = server.app.database().audit(AuditOf::All, None, 100).await.unwrap();
    assert_eq!(log.iter().filter(|row| row.action == "retention").count(), 2);
    drop(lan);
}

/// A machine that woke up in another year, before anybody told it the time.
#[tokio::test]
async fn a_clock_that_is_years_ahead_erases_nothing_by_itself() {
    let server = start().await;
    two_people(&server, 0x27).await;
    let years = |years: i64| clock::now_ms() + years * 366 * 24 * 3600 * 1000;
    assert_eq!(server.app.retain(years(0)).await.unwrap(), (0, 0));
    // What is written by that clock does not prove it: phones push, and a backup is noted.
    let heard = format!("UPDATE device SET pushed_ms = {}", years(10));
    let folder = server.folder.path().join("backups");
    for start in 0..3 {
        let woken = server.beside().await;
        assert_eq!(woken.app.retain(years(10)).await.unwrap(), (0, 0), "start {start}");
        server.place.outside().await.say(&heard).await.unwrap();
        let copy = backup::backup(&woken.place.config, &folder, years(10) + start).await.unwrap();
        let restored = put_back(&copy, &folder).await;
        assert_eq!(restored.app.retain(years(10)).await.unwrap(), (0, 0), "copy {start}");
    }
    // A machine that starts every day, for as long as the pack keeps answers in months.
    for start in 0..24 {
        let woken = server.beside().await;
        assert_eq!(woken.app.retain(years(10)).await.unwrap(), (0, 0), "daily start {start}");
        woken.app.database().close().await;
    }
    assert!(is_held(&server, "Thị Hoa").await);

    // Where somebody says that the clock is right the time is over.
    let heard = format!("UPDATE server SET heard_ms = {}", years(2));
    server.place.outside().await.say(&heard).await.unwrap();
    let woken = server.beside().await;
    assert_eq!(woken.app.retain(years(10)).await.unwrap().1, 2);
    assert!(!is_held(&server, "Thị Hoa").await);
}

/// Whoever looked for what is old held the whole log for it; a phone pushed meanwhile, and another server erases too.
#[tokio::test]
async fn what_decides_is_what_is_kept_when_it_is_erased() {
    let server = start().await;
    let lan = two_people(&server, 0x25).await;
    let (record, database) = (RecordId([1; 16]), server.app.database());
    let old_ms = clock::now_ms();
    let name = format!("{ROW}/hv_ten");
    let correction = lan.create(3, 1, "phuong_a", &[(&name, text("Nguyễn Thị Huệ"))]);
    lan.push(&[Operation { action: Action::Amend, ..correction }]).await;
    let reason = Reason { by: None, action: AuditAction::Retention };
    let says = |kept: &KeptOperation| kept.operation.fields[&name].value != Value::Empty;
    let of_old = |_, kept: &[KeptOperation]| {
        let is_new = kept.iter().any(|kept| says(kept) && kept.received_ms >= old_ms);
        if is_new { [].into() } else { [name.clone()].into() }
    };
    database.erase(&[record], of_old, reason, 0, 5, |_| Ok(())).await.unwrap();
    assert!(is_held(&server, "Thị Huệ").await);
    assert!(database.erasures().await.unwrap().is_empty(), "nothing to send anybody");

    let of_all = |_, kept: &[KeptOperation]| {
        if kept.iter().any(says) { [name.clone()].into() } else { [].into() }
    };
    for _ in 0..2 {
        database.erase(&[record], of_all, reason, 0, 5, |_| Ok(())).await.unwrap();
        assert_eq!(database.erasures().await.unwrap().len(), 1, "once");
    }
}

/// Whoever wrote it into the database died before it was written anew.
#[tokio::test]
async fn what_was_erased_leaves_the_gaps_of_the_file_whoever_does_that() {
    let server = start().await;
    two_people(&server, 0x26).await;
    let database = server.app.database();
    let reason = Reason { by: None, action: AuditAction::PersonErase };
    let which = |_, _: &[KeptOperation]| [format!("{ROW}/hv_ten")].into();
    let targets = [RecordId([1; 16])];
    database.erase(&targets, which, reason, 0, 5, |_| Ok(())).await.unwrap();
    assert!(database.scrub_if_wanted().await.unwrap());
    assert!(!is_held(&server, "Thị Hoa").await);
    assert!(database.erase_account("lan", None, 6, || Ok(())).await.unwrap());
    assert!(database.scrub_if_wanted().await.unwrap());
    assert!(!database.scrub_if_wanted().await.unwrap(), "once");
}

/// Whoever carries bundles may bring something of a record as often as they like.
#[tokio::test]
async fn what_waits_at_the_repair_desk_puts_off_nothing_of_what_is_in_a_record() {
    let server = start().await;
    let (lan, minh, an) =
        (server.device("lan").await, server.device("minh").await, server.device("an").await);
    let organisation = register(&lan, &Pair::of(7)).await;
    lan.push(&[
        roster(&lan, 1, 1, "Nguyễn Thị Hoa", b"photo"),
        roster(&lan, 2, 2, "Phạm Văn Nam", b"photo"),
    ])
    .await;
    let amend = |seq, record, who| {
        let mut operation = roster(&lan, seq, record, who, b"photo");
        operation.action = Action::Amend;
        operation
    };
    let alone = roster(&lan, 5, 3, "Lê Thị Mai", b"photo");
    let carried = [amend(3, 1, "Đỗ Văn Ba"), amend(4, 2, "Đặng Thị Tư"), alone];
    let bundle = Sealing::new(lan.id, &Pair::of(66), organisation);
    let told = deliver(&minh, &bundle.pack(&items(&lan, &carried, &[]))).await.json();
    assert_eq!(told["receipt"]["quarantined"], 3);
    let waiting = an.get("/api/v1/quarantine").await.json();
    let of_second = |row: &&Json| row["record"] == carried[1].record.to_string();
    let second = waiting.as_array().unwrap().iter().find(of_second).unwrap();
    assert_eq!(an.settle(&second["id"], "apply", json!(null)).await.status, StatusCode::OK);
    let day = 24 * 3600 * 1000;
    let later = format!("UPDATE quarantine SET received_ms = received_ms + {}", 200 * day);
    server.place.outside().await.say(&later).await.unwrap();

    let now_ms = clock::now_ms();
    persons::retention(&server.app, now_ms + 367 * day, false).await.unwrap();
    assert!(!is_held(&server, "Thị Hoa").await && !is_held(&server, "Văn Ba").await);
    assert!(is_held(&server, "Thị Tư").await, "it was applied");
    assert!(is_held(&server, "Thị Mai").await, "there is nothing else of its record");
    persons::retention(&server.app, now_ms + 567 * day, false).await.unwrap();
    assert!(!is_held(&server, "Thị Tư").await && !is_held(&server, "Thị Mai").await);
}

/// Their other phones hold what was told before.
#[tokio::test]
async fn what_waits_at_the_repair_desk_is_told_again_when_it_was_emptied() {
    let server = start().await;
    let (lan, other) = (server.device("lan").await, server.device("lan").await);
    let mut misplaced = roster(&lan, 1, 1, "Nguyễn Thị Hoa", b"photo");
    misplaced.unit = "phuong_b".to_owned();
    assert_eq!(lan.push(&[misplaced]).await.verdicts[0].outcome, Outcome::Quarantined);
    let page = other.pull(None).await;
    let is_named = |page: &PullResponse| {
        let told = page.waiting.as_ref().expect("it waits");
        let operation: Operation = codec::decode(told[0].bytes.as_ref().unwrap()).unwrap();
        format!("{operation:?}").contains("Thị Hoa")
    };
    assert!(is_named(&page));
    persons::erase(&server.app, &by("nguyen thi hoa"), 1, None, 5).await.unwrap();
    assert!(!is_named(&other.pull(Some(&page.cursor)).await));
}

/// What the server writes down of an erasure is nobody else's to write.
#[tokio::test]
async fn nobody_signs_in_or_sends_as_the_server() {
    let server = start().await;
    let lan = server.device("lan").await;
    let answer = server.sign_in("lan", crate::app::PASSWORD, sync::erase::SERVER).await;
    assert_eq!((answer.status, answer.code().as_str()), (StatusCode::BAD_REQUEST, "bad_device"));
    let mut forged = lan.create(1, 1, "phuong_a", &[]);
    forged.dot.device = sync::erase::SERVER;
    let mut request = lan.request(&[forged]);
    request.device = sync::erase::SERVER;
    let answer = lan.post_push(codec::encode(&request), &[]).await;
    assert_eq!(answer.code(), "wrong_device");
    assert!(server.app.database().erasures().await.unwrap().is_empty());
}

fn unzip(answer: &[u8]) -> (Json, BTreeSet<String>) {
    let mut zip = zip::ZipArchive::new(Cursor::new(answer.to_vec())).unwrap();
    let names: BTreeSet<String> = zip.file_names().map(|name| name.unwrap().into_owned()).collect();
    let mut text = String::new();
    zip.by_name("person.json").unwrap().read_to_string(&mut text).unwrap();
    (serde_json::from_str(&text).unwrap(), names)
}

async fn export(device: &Device<'_>, body: Json) -> Answer {
    device.ask(Method::POST, "persons/export", body).await
}

#[tokio::test]
async fn a_person_gets_what_is_held_about_them_and_nothing_of_others_in_the_same_record() {
    let server = start().await;
    let _lan = two_people(&server, 0x1f).await;
    let quan_tri = server.device("quan_tri").await;
    let answer = export(&quan_tri, json!({ "value": "+84 901 234 567" })).await;
    assert_eq!(answer.status, StatusCode::OK, "{:?}", answer.body);
    let (told, files) = unzip(&answer.body);
    assert_eq!(told["mentions"].as_array().unwrap().len(), 1);
    let values = told["mentions"][0]["values"].to_string();
    assert!(
        values.contains("Trần Lan") && values.contains("tap_huan") && !values.contains("Hoa"),
        "{values}"
    );
    assert_eq!(told["mentions"][0]["kept_for"]["ghi_chu"]["months"], 24);
    let (hash, _) = photo(b"photo");
    assert_eq!(files, BTreeSet::from(["person.json".to_owned(), format!("files/{hash}.jpg")]));

    let (told, files) = unzip(&export(&quan_tri, json!({ "value": "Phạm Văn Nam" })).await.body);
    let values = told["mentions"][0]["values"].to_string();
    assert!(values.contains("Văn Nam") && !values.contains("Mai"), "{values}");
    assert_eq!(files.len(), 1);

    let (told, _) = unzip(&export(&quan_tri, json!({ "account": "lan" })).await.body);
    assert_eq!(
        (&told["account"]["name"], told["records"].as_array().unwrap().len()),
        (&json!("Chị lan"), 2)
    );
    assert_eq!(told["sessions"][0]["device_name"], "Điện thoại lan");
    assert!(told["audit"].to_string().contains("sign_in") && !told.to_string().contains("argon2"));

    assert_eq!(export(&quan_tri, json!({ "account": "ai" })).await.code(), "not_found");
    assert_eq!(export(&quan_tri, json!({ "value": "Hoa" })).await.code(), "too_short");
    assert_eq!(export(&quan_tri, json!({})).await.code(), "bad_json");
    assert_eq!(
        export(&server.device("thu").await, json!({ "account": "lan" })).await.code(),
        "not_allowed"
    );
    let log = server.app.database().audit(AuditOf::All, None, 100).await.unwrap();
    assert_eq!(log.iter().filter(|row| row.action == "person_export").count(), 3);
}

#[tokio::test]
async fn an_account_without_a_name_signs_nobody_in_and_stays_the_author() {
    let server = start().await;
    let lan = two_people(&server, 0x20).await;
    assert!(persons::erase_account(&server.app, "lan", None, 5).await.unwrap());
    assert!(!persons::erase_account(&server.app, "lan", None, 6).await.unwrap(), "once");
    assert_eq!(
        server.sign_in("lan", crate::app::PASSWORD, lan.id).await.code(),
        "wrong_credentials"
    );
    assert_eq!(lan.get("/api/v1/session").await.status, StatusCode::UNAUTHORIZED);
    let page = server.device("minh").await.pull(None).await;
    assert!(page.records.iter().all(|record| record.author == "lan"));
    let name = page.names.unwrap()["lan"].clone();
    assert_eq!(name, server::database::NOBODY);
    assert!(codec::encode(&page.records).len() > 100);
}

#[tokio::test]
async fn an_administrator_finds_and_erases_a_person_over_the_api_and_nobody_else_does() {
    let server = start().await;
    let lan = two_people(&server, 0x21).await;
    let quan_tri = server.device("quan_tri").await;
    let whom = json!({ "value": "nguyen thi hoa" });
    for other in [&lan, &server.device("thu").await, &server.device("kiem").await] {
        for what in ["find", "erase", "export"] {
            let answer = other.ask(Method::POST, &format!("persons/{what}"), whom.clone()).await;
            assert_eq!(answer.code(), "not_allowed", "{what} by {}", other.account);
        }
    }
    let found = quan_tri.ask(Method::POST, "persons/find", whom).await.json();
    let [mention] = &found.as_array().unwrap()[..] else { panic!("one: {found}") };
    assert_eq!(
        (&mention["person"], &mention["row"], &mention["form"]),
        (&json!("học viên"), &json!("hoc_vien[0a]"), &json!("kiem_tra"))
    );
    assert_eq!(mention["record"], "01".repeat(16));
    assert!(!found.to_string().contains("Hoa"), "whoever may not see answers gets none");

    let erase = async |mentions: usize, again: Json| {
        let mut body = json!({ "value": "Nguyễn Thị Hoa", "mentions": mentions });
        body.as_object_mut().unwrap().extend(again.as_object().unwrap().clone());
        quan_tri.ask(Method::POST, "persons/erase", body).await
    };
    let password = json!({ "password": crate::app::PASSWORD });
    assert_eq!(erase(1, json!({})).await.code(), "sign_in_again");
    assert_eq!(erase(1, json!({ "password": "không phải" })).await.code(), "wrong_password");
    assert_eq!(erase(2, password.clone()).await.code(), "other_count");
    assert!(is_held(&server, "Thị Hoa").await, "nothing was erased so far");
    assert_eq!(erase(1, password.clone()).await.json(), json!({ "mentions": 1 }));
    assert!(!is_held(&server, "Thị Hoa").await);
    assert!(is_held(&server, "Văn Nam").await);
    assert_eq!(erase(0, password).await.json(), json!({ "mentions": 0 }), "nothing is left");
    let log = server.app.database().audit(AuditOf::All, None, 100).await.unwrap();
    let row = log.iter().find(|row| row.action == "person_erase").unwrap();
    assert_eq!(row.actor.as_deref(), Some("quan_tri"));
}

/// Two people of one name in one class: one of them asks.
#[tokio::test]
async fn of_two_people_of_one_name_in_one_record_one_is_handed_out_and_erased_alone() {
    let server = start().await;
    let lan = server.device("lan").await;
    let mut class = roster(&lan, 1, 1, "Nguyễn Thị Hoa", b"photo");
    for (path, value) in [("", "2"), ("/hv_ten", "Nguyễn Thị Hoa"), ("/hv_tuoi", "61")] {
        let write = Write { value: text(value), over: Vec::new() };
        class.fields.insert(format!("hoc_vien[0b]{path}"), write);
    }
    class.fields.get_mut("ghi_chu").unwrap().value = text("Nguyễn Thị Hoa dạy");
    lan.push(std::slice::from_ref(&class)).await;
    let quan_tri = server.device("quan_tri").await;
    let found = quan_tri.ask(Method::POST, "persons/find", json!({ "value": "thi hoa" })).await;
    assert_eq!(found.json().as_array().unwrap().len(), 3);
    let meant = async |row: &str| {
        let records = [format!("{}/{row}", class.record)];
        let body = json!({ "value": "thi hoa", "records": records });
        unzip(&export(&quan_tri, body).await.body).0["mentions"].clone()
    };
    let values = meant("hoc_vien[0b]").await[0]["values"].to_string();
    assert!(values.contains(r#""61""#) && !values.contains(r#""44""#), "{values}");
    let outside = meant("").await;
    assert_eq!((outside.as_array().unwrap().len(), &outside[0]["row"]), (1, &json!("")));

    let place = format!("{}/hoc_vien[0a]", class.record);
    let body = json!({ "value": "thi hoa", "records": [place], "mentions": 1,
        "password": crate::app::PASSWORD });
    assert_eq!(quan_tri.ask(Method::POST, "persons/erase", body).await.json()["mentions"], 1);
    let page = server.device("minh").await.pull(None).await;
    let stands = |path: &str| page.records[0].fields[path][0].value.clone();
    assert_eq!(stands("hoc_vien[0a]/hv_ten"), Value::Empty);
    assert_eq!(stands("hoc_vien[0b]/hv_ten"), text("Nguyễn Thị Hoa"));
}

/// Who leads a group is named in each of its sessions.
#[tokio::test]
async fn whoever_stands_in_two_thousand_places_is_handed_out_and_erased() {
    let server = start().await;
    two_people(&server, 0x28).await;
    let quan_tri = server.device("quan_tri").await;
    let record = "01".repeat(16);
    let records: Vec<String> =
        (0..2000).map(|row: u16| format!("{record}/hoc_vien[{row:02x}]")).collect();
    let body = json!({ "value": "nguyen thi hoa", "records": records });
    assert_eq!(export(&quan_tri, body.clone()).await.status, StatusCode::OK);
    let mut body = body;
    body["mentions"] = json!(1);
    body["password"] = json!(crate::app::PASSWORD);
    let erased = quan_tri.ask(Method::POST, "persons/erase", body).await;
    assert_eq!(erased.json(), json!({ "mentions": 1 }));
    assert!(!is_held(&server, "Thị Hoa").await);
}

#[tokio::test]
async fn an_administrator_erases_the_name_of_an_account_and_not_their_own() {
    let server = start().await;
    let quan_tri = server.device("quan_tri").await;
    let erase = async |account: &str, password: &str| {
        let body = json!({ "account": account, "password": password });
        quan_tri.ask(Method::POST, "persons/erase", body).await
    };
    assert_eq!(erase("lan", "không phải").await.code(), "wrong_password");
    let name = json!({ "name": "Nguyễn Thị Lan Anh" });
    assert_eq!(quan_tri.ask(Method::PATCH, "accounts/lan", name).await.status, StatusCode::OK);
    assert_eq!(server.device("lan").await.get("/api/v1/session").await.status, StatusCode::OK);
    assert_eq!(erase("lan", crate::app::PASSWORD).await.status, StatusCode::OK);
    assert_eq!(erase("lan", crate::app::PASSWORD).await.code(), "not_found", "once");
    assert_eq!(erase("quan_tri", crate::app::PASSWORD).await.code(), "own_account");
    let people = quan_tri.get("/api/v1/accounts").await.json();
    let lan = people.as_array().unwrap().iter().find(|row| row["account"] == "lan").unwrap();
    assert!(lan["name"] != "Chị lan" && lan["disabled_ms"].is_i64(), "{lan}");
    let log = server.app.database().audit(AuditOf::All, None, 100).await.unwrap();
    let row = log.iter().find(|row| row.action == "account_erase").unwrap();
    assert_eq!((row.actor.as_deref(), row.object.as_str()), (Some("quan_tri"), "lan"));
    // Nobody erases what stands in the log.
    let log = String::from_utf8(quan_tri.get("/api/v1/audit").await.body.to_vec()).unwrap();
    for name in ["Lan Anh", "Điện thoại lan"] {
        assert!(!log.contains(name), "{name}: {log}");
    }
}
