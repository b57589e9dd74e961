use axum::http::StatusCode;
use server::backup::MoveError;
use server::config::{Config, Schedule};
use server::database::{AuditOf, ByCode, Database, NewSession, OpenError};
use server::{App, BackupHealth, backup};
use sync::codec;
use sync::wire::{DeviceId, FileRef, Hash, Value};

use crate::app::TestApp;
use crate::bundle::{deliver, items, register};
use crate::place::Place;
use crate::sealing::{Pair, Sealing};

#[tokio::test]
async fn a_backup_makes_operations_safe_and_a_restored_server_says_so_by_its_epoch() {
    let server = TestApp::start().await;
    let lan = server.device("lan").await;
    lan.push(&[lan.create(1, 1, "phuong_a", &[])]).await;
    let file = server.folder.path().join("copy.sqlite");
    server.app.database().backup(&file, 7).await.unwrap();
    assert!(server.app.database().backup(&file, 7).await.is_err(), "a backup never overwrites");
    let before = lan.push(&[]).await;
    assert_eq!((before.acked, before.safe), (1, 1));
    lan.push(&[lan.create(2, 2, "phuong_a", &[])]).await;

    let restored = TestApp::restored(&file).await;
    let (epoch, _) = restored.app.database().epoch_and_head().await.unwrap();
    assert!(epoch > before.epoch);
    restored.app.database().close().await;
    let again = App::open(restored.place.config.clone()).await.unwrap();
    assert_eq!(
        again.database().epoch_and_head().await.unwrap().0,
        epoch,
        "only a copy starts a new epoch"
    );
}

#[tokio::test]
async fn a_restored_server_writes_that_down_and_lets_nobody_in_with_an_old_code() {
    let server = TestApp::start().await;
    let database = server.app.database();
    let now_ms = server::clock::now_ms();
    let (_, key) = server::accounts::new_code();
    assert!(
        database
            .add_code(&server.account("lan").await, &key, now_ms + 1_000_000, None, now_ms)
            .await
            .unwrap()
    );
    let file = server.folder.path().join("copy.sqlite");
    database.backup(&file, now_ms).await.unwrap();
    let (rows, head) = database.verify_audit(None).await.unwrap().unwrap();

    let server = TestApp::restored(&file).await;
    let app = &server.app;
    let token = server::accounts::new_token();
    let session = NewSession { key: &token.1, device: DeviceId([1; 16]), device_name: "" };
    let restored = app.database().sign_in_by_code(&key, None, &[], session, now_ms).await.unwrap();
    assert_eq!(restored, ByCode::NoSuchCode);
    assert_eq!(
        database.sign_in_by_code(&key, None, &[], session, now_ms).await.unwrap(),
        ByCode::SignedIn("lan".to_owned())
    );

    let newest = async |database: &Database| {
        let rows = database.audit(AuditOf::All, None, 1).await.unwrap();
        (rows[0].seq, rows[0].action.clone())
    };
    assert_eq!(newest(app.database()).await, (rows, "restore".to_owned()));
    // The backup's own row came after the copy: whoever noted that head sees that the log went back.
    assert!(app.database().verify_audit(None).await.unwrap().is_ok());
    let noted = app.database().verify_audit(Some((rows, head))).await.unwrap();
    assert_eq!(noted, Err(server::audit::Broken::NotNoted(rows)));
}

#[tokio::test]
async fn a_database_that_was_rewound_gets_a_new_epoch_when_a_device_knows_more() {
    let server = TestApp::start().await;
    let lan = server.device("lan").await;
    lan.push(&[lan.create(1, 1, "phuong_a", &[])]).await;
    let page = lan.pull(None).await;
    server.place.outside().await.say("UPDATE server SET rv = 0").await.unwrap();
    let answer = lan.pull(Some(&page.cursor)).await;
    assert!(answer.reset && answer.epoch > page.epoch);
}

#[tokio::test]
async fn a_cursor_that_the_server_never_gave_costs_its_sender_the_feed_and_nobody_else_anything() {
    let server = TestApp::start().await;
    let (lan, minh) = (server.device("lan").await, server.device("minh").await);
    lan.push(&[lan.create(1, 1, "phuong_a", &[])]).await;
    let (page, his) = (lan.pull(None).await, minh.pull(None).await);
    let mut ahead: Vec<&str> = page.cursor.split('.').collect();
    ahead[3] = "ffff";
    let guessed = sync::pull::Cursor { epoch: page.epoch, scope_rev: 2, rv: 0xffff }.sign(&[0; 32]);
    for forged in [ahead.join("."), guessed] {
        let answer = lan.pull(Some(&forged)).await;
        assert!(answer.reset, "{forged}");
        assert_eq!(answer.epoch, page.epoch, "{forged}");
    }
    let next = minh.pull(Some(&his.cursor)).await;
    assert!(!next.reset && next.records.is_empty());
}

/// A record with a photo that came whole.
async fn photographed(server: &TestApp, seq: u64, bytes: &[u8]) -> Hash {
    let lan = server.device_with_id("lan", DeviceId([0x1a; 16])).await;
    let hash = codec::hash(bytes);
    let size = bytes.len() as u64;
    let file = FileRef { name: "a.jpg".into(), media_type: "image/jpeg".into(), size, hash };
    let record = u8::try_from(seq).unwrap();
    lan.push(&[lan.create(seq, record, "phuong_a", &[("anh", Value::File(file))])]).await;
    let answer = lan.put_chunk(hash, 0, bytes.len(), bytes, hash).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT);
    hash
}

#[tokio::test]
async fn a_backup_brings_back_photos_too_copies_each_once_and_a_lost_one_is_asked_for_again() {
    let server = TestApp::start().await;
    let config = server.place.config.clone();
    let folder = server.folder.path().join("backups");
    let first = photographed(&server, 1, b"photo one").await;
    let monday = backup::backup(&config, &folder, 1_000).await.unwrap();
    assert_eq!((monday.copied, monday.held, monday.lost.len()), (1, 0, 0));
    let second = photographed(&server, 2, b"photo two").await;
    let tuesday = backup::backup(&config, &folder, 2_000).await.unwrap();
    assert_eq!((tuesday.copied, tuesday.held), (1, 1));
    assert!(tuesday.copy > monday.copy);
    let lan = server.device_with_id("lan", DeviceId([0x1a; 16])).await;
    assert_eq!(lan.push(&[]).await.safe, 2);

    // The disk that holds the backups loses a bit.
    let name = first.to_string();
    std::fs::write(folder.join("blobs").join(name.split_at(2).0).join(&name), b"photo 0ne")
        .unwrap();
    let other = tempfile::tempdir().unwrap();
    let place = Place::new(other.path().join("data")).await;
    let moved = backup::restore(&place.config, &folder, None).await.unwrap();
    assert_eq!((moved.copied, moved.lost.as_slice()), (1, [first].as_slice()));
    assert_eq!(moved.copy, tuesday.copy, "the newest");
    let restored = TestApp::opened(place, other).await;
    let database = restored.app.database();
    assert!(database.blob(second).await.unwrap().unwrap().whole);
    assert!(database.blob(first).await.unwrap().is_none());
    let name = second.to_string();
    let file = restored.place.config.blob_folder().join(name.split_at(2).0).join(&name);
    assert_eq!(std::fs::read(file).unwrap(), b"photo two");
    let lan = restored.device_with_id("lan", DeviceId([0x1a; 16])).await;
    assert_eq!(lan.push(&[]).await.missing_blobs, [first]);
}

/// The phone has heard that the server holds it, and may throw it away when a backup does too.
#[tokio::test]
async fn a_photo_that_the_server_lost_is_not_called_safe_before_its_phone_was_asked() {
    let server = TestApp::start().await;
    let config = server.place.config.clone();
    let folder = server.folder.path().join("backups");
    let hash = photographed(&server, 1, b"photo one").await;
    photographed(&server, 2, b"photo two").await;
    let minh = server.device("minh").await;
    minh.push(&[minh.create(1, 9, "phuong_a", &[])]).await;
    let name = hash.to_string();
    std::fs::remove_file(config.blob_folder().join(name.split_at(2).0).join(&name)).unwrap();
    let lan = server.device_with_id("lan", DeviceId([0x1a; 16])).await;
    let cursor = lan.pull(None).await.cursor;
    for _ in 0..2 {
        backup::backup(&config, &folder, server::clock::now_ms()).await.unwrap();
        assert_eq!(lan.pull(Some(&cursor)).await.safe, 0);
    }
    assert_eq!(minh.push(&[]).await.safe, 1, "others go on");
    assert_eq!(lan.push(&[]).await.missing_blobs, [hash]);
    backup::backup(&config, &folder, server::clock::now_ms()).await.unwrap();
    assert_eq!(lan.push(&[]).await.safe, 2, "now it knows");
}

/// What waits at the repair desk stands in no record yet.
#[tokio::test]
async fn a_photo_of_what_waits_at_the_desk_is_asked_for_again_as_well() {
    let server = TestApp::start().await;
    let (hash, now_ms) = (codec::hash(b"photo"), server::clock::now_ms());
    let lan = server.device("lan").await;
    let file = FileRef { name: "a.jpg".into(), media_type: "image/jpeg".into(), size: 5, hash };
    let operation = lan.create(1, 1, "khong_co", &[("anh", Value::File(file))]);
    assert_eq!(lan.push(&[operation]).await.missing_blobs, [hash]);
    let chunk = lan.put_chunk(hash, 0, 5, b"photo", hash).await;
    assert!(chunk.status.is_success(), "{:?}", chunk.body);
    assert!(lan.push(&[]).await.missing_blobs.is_empty());
    server.app.database().want_again(hash, now_ms).await.unwrap();
    assert_eq!(lan.push(&[]).await.missing_blobs, [hash]);
}

/// A server that was killed leaves a log; its file is moved away, and the log is not.
#[tokio::test]
async fn the_log_of_a_database_that_was_moved_away_is_laid_over_no_copy() {
    let server = TestApp::start().await;
    let config = &server.place.config;
    if config.database_url.is_some() {
        return;
    }
    let folder = server.folder.path().join("backups");
    backup::backup(config, &folder, server::clock::now_ms()).await.unwrap();
    let lan = server.device("lan").await;
    lan.push(&[lan.create(1, 1, "phuong_a", &[])]).await;

    let other = tempfile::tempdir().unwrap();
    let killed = Config::new(other.path());
    let log = |config: &Config| config.database_file().with_extension("sqlite-wal");
    assert!(std::fs::copy(log(config), log(&killed)).unwrap() > 0);
    let refused = backup::restore(&killed, &folder, None).await;
    assert!(matches!(refused, Err(MoveError::InUse(_))), "{refused:?}");
    let opened = Database::of(&killed, 1).await;
    assert!(matches!(opened, Err(OpenError::OthersLog(_))), "it is not thrown away either");

    let copy = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let copy = copy.into_iter().find(|path| path.extension().is_some_and(|end| end == "sqlite"));
    std::fs::copy(copy.unwrap(), killed.database_file()).unwrap();
    let opened = Database::of(&killed, 1).await;
    assert!(matches!(opened, Err(OpenError::OthersLog(_))), "a copy that was put there by hand");
    std::fs::copy(config.database_file(), killed.database_file()).unwrap();
    Database::of(&killed, 1).await.expect("its own file has that log");
}

/// The receipt names no file, and what it acknowledges is not pushed any more.
#[tokio::test]
async fn a_file_that_was_carried_does_not_tell_its_phone_of_a_photo_that_the_server_lost() {
    let server = TestApp::start().await;
    let config = server.place.config.clone();
    let folder = server.folder.path().join("backups");
    let hash = photographed(&server, 1, b"photo one").await;
    let lan = server.device_with_id("lan", DeviceId([0x1a; 16])).await;
    let minh = server.device("minh").await;
    let key = Pair::of(7);
    let organisation = register(&lan, &key).await;
    server.app.database().want_again(hash, 5).await.unwrap();
    let operation = lan.create(2, 2, "phuong_a", &[]);
    let bundle = Sealing::new(lan.id, &key, organisation).pack(&items(&lan, &[operation], &[]));
    assert_eq!(deliver(&minh, &bundle).await.json()["receipt"]["acked"], 2);
    backup::backup(&config, &folder, server::clock::now_ms()).await.unwrap();
    assert_eq!(lan.pull(None).await.safe, 0);
    assert_eq!(lan.push(&[]).await.missing_blobs, [hash]);
    backup::backup(&config, &folder, server::clock::now_ms()).await.unwrap();
    assert_eq!(lan.pull(None).await.safe, 2, "now it knows");
}

/// One answer names a thousand of them.
#[tokio::test]
async fn of_many_lost_photos_none_is_called_safe_before_its_phone_was_asked_for_it() {
    let server = TestApp::start().await;
    let config = server.place.config.clone();
    let folder = server.folder.path().join("backups");
    let lan = server.device("lan").await;
    let photo = |number: u32| {
        let hash = codec::hash(&number.to_be_bytes());
        let file = FileRef { name: "a.jpg".into(), media_type: "image/jpeg".into(), size: 4, hash };
        (format!("anh[{number:x}]"), Value::File(file))
    };
    let photos: Vec<(String, Value)> = (0..1001).map(photo).collect();
    let fields: Vec<(&str, Value)> =
        photos.iter().map(|(path, file)| (path.as_str(), file.clone())).collect();
    for (seq, fields) in (1..).zip(fields.chunks(100)) {
        let record = u8::try_from(seq).unwrap();
        lan.push(&[lan.create(seq, record, "phuong_a", fields)]).await;
    }
    let mut database = server.place.outside().await;
    assert_eq!(database.say("UPDATE blob_wanted SET lost_ms = 5").await.unwrap(), 1001);
    let mut asked = std::collections::BTreeSet::new();
    for safe in [0, 0, 11] {
        backup::backup(&config, &folder, server::clock::now_ms()).await.unwrap();
        let answer = lan.push(&[]).await;
        assert_eq!(answer.safe, safe, "{} were asked for", asked.len());
        asked.extend(answer.missing_blobs);
    }
    assert_eq!(asked.len(), 1001);
}

#[tokio::test]
async fn an_upload_that_nobody_went_on_with_is_thrown_away_and_can_begin_again() {
    let server = TestApp::start().await;
    let lan = server.device("lan").await;
    let bytes = vec![7; usize::try_from(sync::blob::CHUNK_SIZE).unwrap() + 1];
    let (hash, part) = (codec::hash(&bytes), &bytes[..bytes.len() - 1]);
    lan.put_chunk(hash, 0, bytes.len(), part, codec::hash(part)).await;
    let days = |days: i64| server::clock::now_ms() + days * 24 * 3600 * 1000;
    assert_eq!(server.app.sweep(days(29)).await.unwrap(), 0);
    assert_eq!(lan.missing(hash, bytes.len()).await, "1");
    assert_eq!(server.app.sweep(days(31)).await.unwrap(), 1);
    assert_eq!(lan.missing(hash, bytes.len()).await, "0-1");
    for (chunk, part) in [(0, part), (1, &bytes[part.len()..])] {
        lan.put_chunk(hash, chunk, bytes.len(), part, codec::hash(part)).await;
    }
    assert_eq!(lan.missing(hash, bytes.len()).await, "");
    assert_eq!(server.app.sweep(days(29)).await.unwrap(), 0);
}

const HOUR_MS: i64 = 3600 * 1000;

async fn scheduled(keep: usize) -> TestApp {
    TestApp::with(|config| {
        let folder = config.data.with_file_name("backups");
        config.backups = Some(Schedule { folder, every_ms: 24 * HOUR_MS, keep });
    })
    .await
}

fn copies(server: &TestApp) -> Vec<String> {
    let folder = server.place.config.backups.as_ref().unwrap().folder.clone();
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name());
    let mut names: Vec<String> = files.map(|name| name.to_str().unwrap().to_owned()).collect();
    names.sort();
    names
}

#[tokio::test]
async fn backups_are_made_when_it_is_time_proved_by_putting_them_back_and_the_oldest_go() {
    let server = scheduled(2).await;
    let lan = server.device("lan").await;
    photographed(&server, 1, b"photo").await;
    let start_ms = server::clock::now_ms();
    let due = async |hours: i64| {
        let made = server.app.backup_if_due(start_ms + hours * HOUR_MS).await.unwrap();
        made.map(|moved| moved.copied)
    };
    assert_eq!(server.app.backup_health(start_ms), Some(BackupHealth::Late), "none yet");
    assert_eq!(due(0).await, Some(1));
    let photographer = server.device_with_id("lan", DeviceId([0x1a; 16])).await;
    assert_eq!(photographer.push(&[]).await.safe, 1);
    assert_eq!(due(23).await, None);
    lan.push(&[lan.create(1, 2, "phuong_a", &[])]).await;
    assert_eq!((due(24).await, due(47).await, due(48).await), (Some(0), None, Some(0)));
    assert_eq!(lan.push(&[]).await.safe, 1);
    let there = copies(&server);
    let kept: Vec<_> = there.iter().filter(|name| name.ends_with(".sqlite")).collect();
    assert_eq!(kept.len(), 2, "{there:?}");
    assert!(
        !there.iter().any(|name| name.contains("prov")),
        "nothing of the proof stays: {there:?}"
    );
    let health = |hours| server.app.backup_health(start_ms + hours * HOUR_MS);
    assert_eq!((health(49), health(97)), (Some(BackupHealth::Ok), Some(BackupHealth::Late)));

    // Another process, or this one after a start, knows by the folder when the last one was made.
    let again = server.beside().await;
    assert!(again.app.backup_if_due(start_ms + 71 * HOUR_MS).await.unwrap().is_none());
    assert!(again.app.backup_if_due(start_ms + 72 * HOUR_MS).await.unwrap().is_some());
}

#[tokio::test]
async fn a_copy_that_is_not_good_makes_nothing_safe_leaves_the_last_good_one_and_is_told() {
    let server = scheduled(1).await;
    let lan = server.device("lan").await;
    lan.push(&[lan.create(1, 1, "phuong_a", &[])]).await;
    let start_ms = server::clock::now_ms();
    let at = |hours: i64| start_ms + hours * HOUR_MS;
    server.app.backup_if_due(at(0)).await.unwrap().expect("it is time");
    let good = copies(&server);
    lan.push(&[lan.create(2, 2, "phuong_a", &[])]).await;
    let forged = match server.place.config.database_url {
        None => "DROP TRIGGER audit_is_never_changed; UPDATE audit SET actor = 'ai' WHERE seq = 2",
        Some(_) => {
            "ALTER TABLE audit DISABLE TRIGGER USER; UPDATE audit SET actor = 'ai' WHERE seq = 2"
        }
    };
    server.place.outside().await.say(forged).await.unwrap();
    let failed = server.app.backup_if_due(at(24)).await.unwrap_err();
    assert!(matches!(&failed, MoveError::NotProved(why) if why.contains("audit")), "{failed}");
    assert_eq!(lan.push(&[]).await.safe, 1, "phones keep what is in no good backup");
    let left: Vec<String> =
        copies(&server).into_iter().filter(|name| name.ends_with(".sqlite")).collect();
    assert!(good.iter().all(|name| copies(&server).contains(name)) && left.len() == 1, "{left:?}");
    assert_eq!(server.app.backup_health(at(24)), Some(BackupHealth::Failed));
    let told = server.get("/healthz", &[]).await.json();
    assert_eq!((&told["status"], &told["backup"]), (&"ok".into(), &"failed".into()));
    let log = server.app.database().audit(AuditOf::All, None, 1).await.unwrap();
    assert_eq!(log[0].action, "backup_fail");
    assert!(server.app.backup_if_due(at(24) + 1).await.unwrap().is_none(), "not at once again");
    assert!(server.app.backup_if_due(at(25)).await.is_err(), "but soon");
}

#[tokio::test]
async fn what_is_left_of_a_backup_that_failed_or_was_killed_goes() {
    let server = scheduled(1).await;
    let start_ms = server::clock::now_ms();
    let at = |hours: i64| start_ms + hours * HOUR_MS;
    server.app.backup_if_due(at(0)).await.unwrap().expect("it is time");
    let unproved = copies(&server)
        .into_iter()
        .find_map(|name| Some(format!("{}.unproved", name.strip_suffix(".sqlite")?)))
        .unwrap();
    let folder = server.place.config.backups.as_ref().unwrap().folder.clone();
    // The keys cannot be copied: there is a file where their folder belongs.
    std::fs::remove_dir_all(folder.join("keys")).unwrap();
    std::fs::write(folder.join("keys"), b"").unwrap();
    for hours in [24, 25, 26] {
        assert!(server.app.backup_if_due(at(hours)).await.is_err());
        let there = copies(&server);
        assert!(!there.iter().any(|name| name.contains("prov")), "{there:?}");
    }
    std::fs::remove_file(folder.join("keys")).unwrap();

    let begun_just_now = format!("proving-{}", at(27));
    for killed in ["proving-1", &begun_just_now] {
        std::fs::create_dir(folder.join(killed)).unwrap();
        std::fs::write(folder.join(killed).join("sotay.sqlite"), b"x").unwrap();
    }
    std::fs::write(folder.join(&unproved), b"x").unwrap();
    server.app.backup_if_due(at(28)).await.unwrap().expect("it is time");
    let there = copies(&server);
    let left: Vec<_> = there.iter().filter(|name| name.contains("prov")).collect();
    assert_eq!(left, [&begun_just_now], "another process may be at it");
}

#[tokio::test]
async fn a_copy_that_somebody_else_made_ends_the_word_of_one_that_failed() {
    let server = scheduled(1).await;
    let config = server.place.config.clone();
    let folder = config.backups.as_ref().unwrap().folder.clone();
    let start_ms = server::clock::now_ms();
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("keys"), b"").unwrap();
    assert!(server.app.backup_if_due(start_ms).await.is_err());
    std::fs::remove_file(folder.join("keys")).unwrap();
    backup::backup(&config, &folder, start_ms + 1).await.unwrap();
    assert_eq!(server.app.backup_health(start_ms + HOUR_MS), Some(BackupHealth::Failed));
    assert!(server.app.backup_if_due(start_ms + HOUR_MS).await.unwrap().is_none());
    assert_eq!(server.app.backup_health(start_ms + HOUR_MS), Some(BackupHealth::Ok));
}

#[tokio::test]
async fn a_copy_from_when_the_clock_was_years_ahead_stands_in_the_way_of_none() {
    let server = scheduled(1).await;
    let start_ms = server::clock::now_ms();
    let at = |hours: i64| start_ms + hours * HOUR_MS;
    let ahead = at(5 * 365 * 24);
    server.app.backup_if_due(ahead).await.unwrap().expect("it is time");
    let again = server.beside().await;
    assert_eq!(again.app.backup_health(at(0)), Some(BackupHealth::Late));
    let made = again.app.backup_if_due(at(0)).await.unwrap().expect("it is time");
    assert!(made.copy.exists(), "nor does it push out the new one");
    assert_eq!(again.app.backup_health(at(1)), Some(BackupHealth::Ok));
    let folder = server.place.config.backups.as_ref().unwrap().folder.clone();
    let other = tempfile::tempdir().unwrap();
    let place = Place::new(other.path().join("data")).await;
    // It may as well be this machine's clock that is behind: then the later one is the newest.
    let refused = backup::restore(&place.config, &folder, None).await.unwrap_err().to_string();
    assert!(refused.contains("--copy"), "{refused}");
    let name = made.copy.file_name().and_then(|name| name.to_str());
    assert_eq!(backup::restore(&place.config, &folder, name).await.unwrap().copy, made.copy);
}

#[tokio::test]
async fn a_machine_whose_clock_is_some_days_behind_puts_back_no_older_copy_unasked() {
    let server = scheduled(9).await;
    let start_ms = server::clock::now_ms();
    let folder = server.place.config.backups.as_ref().unwrap().folder.clone();
    let other = tempfile::tempdir().unwrap();
    let place = Place::new(other.path().join("data")).await;
    let later = backup::backup(&server.place.config, &folder, start_ms + 72 * HOUR_MS).await;
    let name = later.unwrap().copy.file_name().unwrap().to_str().unwrap().to_owned();
    backup::backup(&server.place.config, &folder, start_ms).await.unwrap();
    let refused = backup::restore(&place.config, &folder, None).await.unwrap_err().to_string();
    assert!(refused.contains(&name), "{refused}");
    std::fs::remove_file(folder.join(&name)).unwrap();
    backup::restore(&place.config, &folder, None).await.unwrap();
}

/// Somebody copied the database by hand, beside the copies that were proved.
#[tokio::test]
async fn a_file_that_only_looks_like_a_copy_is_neither_counted_nor_put_back_nor_deleted() {
    let server = scheduled(1).await;
    let start_ms = server::clock::now_ms();
    let at = |hours: i64| start_ms + hours * HOUR_MS;
    server.app.backup_if_due(at(0)).await.unwrap().expect("it is time");
    let folder = server.place.config.backups.as_ref().unwrap().folder.clone();
    let strangers = ["sotay.sqlite", "sotay-old.sqlite", "a.sqlite"];
    for name in strangers {
        std::fs::write(folder.join(name), b"x").unwrap();
    }
    assert_eq!(server.app.backup_health(at(49)), Some(BackupHealth::Late));
    let made = server.app.backup_if_due(at(24)).await.unwrap().expect("it is time");
    assert_eq!(server.app.backup_health(at(25)), Some(BackupHealth::Ok));
    let there = copies(&server);
    assert!(strangers.iter().all(|name| there.iter().any(|it| it == name)), "{there:?}");
    let left = there.iter().filter(|name| name.ends_with("Z.sqlite")).count();
    assert_eq!(left, 1, "{there:?}");
    let other = tempfile::tempdir().unwrap();
    let place = Place::new(other.path().join("data")).await;
    let moved = backup::restore(&place.config, &folder, None).await.unwrap();
    assert_eq!(moved.copy, made.copy);
}

#[tokio::test]
async fn a_photo_of_which_the_backups_disk_lost_a_bit_is_copied_again() {
    let server = scheduled(1).await;
    let start_ms = server::clock::now_ms();
    let at = |hours: i64| start_ms + hours * HOUR_MS;
    let hash = photographed(&server, 1, b"photo one").await;
    server.app.backup_if_due(at(0)).await.unwrap().expect("it is time");
    let name = hash.to_string();
    let folder = server.place.config.backups.as_ref().unwrap().folder.clone();
    let file = folder.join("blobs").join(name.split_at(2).0).join(&name);
    std::fs::write(&file, b"photo 0ne").unwrap();
    let made = server.app.backup_if_due(at(24)).await.unwrap().expect("it is time");
    assert_eq!((made.copied, made.lost.len()), (1, 0));
    assert_eq!(std::fs::read(&file).unwrap(), b"photo one");
}
