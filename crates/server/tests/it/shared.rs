//! Two servers on one PostgreSQL database, each with its own connections and its own memory, as two processes have them.
//! On `SQLite` there is only one server, and nothing of this runs.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, StatusCode};
use server::App;
use server::config::Config;
use server::database::{ByCode, Database, NewSession, Writing};
use sync::push::Sender;
use sync::wire::{DeviceId, Hash, Outcome};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

use crate::app::{Answer, Device, PASSWORD, TestApp, text};
use crate::place::{Outside, Place, cluster};

/// Two servers, if there is a database for them.
async fn two() -> Option<[TestApp; 2]> {
    cluster()?;
    let first = TestApp::start().await;
    let second = first.beside().await;
    Some([first, second])
}

impl Device<'_> {
    /// The same device at another server.
    pub fn at<'a>(&self, server: &'a TestApp) -> Device<'a> {
        let (id, account, cookie) = (self.id, self.account.clone(), self.cookie.clone());
        Device { server, id, account, cookie }
    }

    /// Brings a piece of a bundle.
    pub async fn put_bundle(&self, hash: Hash, size: usize, at: usize, piece: &[u8]) -> Answer {
        let headers = [
            ("cookie", self.cookie.as_str()),
            ("x-sotay", "1"),
            ("content-type", "application/octet-stream"),
        ];
        let path = format!("/api/v1/bundles/{hash}?size={size}&at={at}");
        self.server.request(Method::PUT, &path, &headers, Body::from(piece.to_vec())).await
    }
}

#[tokio::test]
async fn who_waits_at_one_hears_at_once_what_was_sent_to_the_other() {
    let Some([first, second]) = two().await else { return };
    let (lan, desk) = (first.device("lan").await, second.device("thu").await);
    let mut cursor = desk.pull(None).await.cursor;
    for number in 1..=5 {
        let path = format!("/api/v1/pull?wait=25&cursor={cursor}");
        let waiting = tokio::time::timeout(Duration::from_secs(20), desk.get(&path));
        let sending = async {
            for _ in 0..100 {
                tokio::task::yield_now().await; // the other begins to wait
            }
            let record = u8::try_from(number).unwrap();
            lan.push(&[lan.create(number, record, "phuong_a", &[])]).await
        };
        let (heard, _) = tokio::join!(waiting, sending);
        let heard = heard.expect("the news come before the wait is over");
        let page: sync::wire::PullResponse = sync::codec::decode(&heard.body).unwrap();
        assert_eq!(page.records.len(), 1);
        cursor = page.cursor;
    }
}

#[tokio::test]
async fn a_phone_that_sends_to_both_at_once_has_sent_once() {
    let Some([first, second]) = two().await else { return };
    let lan = first.device("lan").await;
    let there = lan.at(&second);
    for seq in 1..=20 {
        let record = u8::try_from(seq).unwrap();
        let operations = [lan.create(seq, record, "phuong_a", &[("ghi_chu", text("một lần"))])];
        let (here, there) = tokio::join!(lan.push(&operations), there.push(&operations));
        assert_eq!((here.acked, there.acked), (seq, seq));
        assert_eq!(here.verdicts, there.verdicts);
        assert_eq!(here.verdicts[0].outcome, Outcome::Applied);
    }
    let mut places: Vec<u64> =
        lan.pull(None).await.records.iter().map(|record| record.rv).collect();
    places.sort_unstable();
    assert!(places.into_iter().eq(1..=20), "each took one place in the feed");
}

#[tokio::test]
async fn what_many_send_to_both_has_one_order_and_one_log() {
    let Some(servers) = two().await else { return };
    let mut senders = Vec::new();
    for number in 0..8 {
        let server = &servers[number % 2];
        senders.push((number, server.device(["lan", "minh", "hoa", "an"][number % 4]).await));
    }
    let sending = senders.iter().map(|(number, sender)| async move {
        for seq in 1..=5 {
            let record = u8::try_from(16 * number + usize::try_from(seq).unwrap()).unwrap();
            let unit = if sender.account == "hoa" { "phuong_b" } else { "phuong_a" };
            assert_eq!(sender.push(&[sender.create(seq, record, unit, &[])]).await.acked, seq);
            let form = sender.account.as_str();
            sender.server.app.database().note_export(form, form, unit, 1, 1).await.unwrap();
        }
    });
    futures::future::join_all(sending).await;
    let desk = servers[1].device("thu").await;
    let page = desk.pull(None).await;
    let mut places: Vec<u64> = page.records.iter().map(|record| record.rv).collect();
    places.sort_unstable();
    assert!(places.into_iter().eq(1..=40));
    let database = servers[0].app.database();
    assert!(database.verify_audit(None).await.unwrap().is_ok(), "no two rows stand on one");
}

#[tokio::test]
async fn one_that_writes_without_end_keeps_no_other_from_writing() {
    let Some([first, second]) = two().await else { return };
    let busy = async {
        let mut written = 0;
        loop {
            let database = first.app.database();
            let write = || database.note_export("lan", "kiem_tra", "phuong_a", 1, 1);
            // There is always one that waits while another writes.
            let (a, b, c) = tokio::join!(write(), write(), write());
            a.and(b).and(c).unwrap();
            written += 3;
            assert!(written < 3_000, "the other waits for ever");
        }
    };
    let minh = second.device("minh").await;
    let other = async {
        for seq in 1..=20 {
            let record = u8::try_from(seq).unwrap();
            minh.push(&[minh.create(seq, record, "phuong_a", &[])]).await;
        }
    };
    tokio::select! {
        _ = busy => unreachable!("it writes without end"),
        () = other => {}
    }
}

#[tokio::test]
async fn a_code_lets_in_once_wherever_it_is_given() {
    let Some(servers) = two().await else { return };
    for round in 0..10 {
        let (_, key) = server::accounts::new_code();
        let database = servers[0].app.database();
        assert!(
            database
                .add_code(&servers[0].account("lan").await, &key, 1_000, None, 1)
                .await
                .unwrap()
        );
        let enter = |server: usize| {
            let database = servers[server].app.database();
            async move {
                let (_, token) = server::accounts::new_token();
                let device = DeviceId([u8::try_from(2 * round + server).unwrap(); 16]);
                let session = NewSession { key: &token, device, device_name: "" };
                database.sign_in_by_code(&key, None, &[], session, 2).await.unwrap()
            }
        };
        let (here, there) = tokio::join!(enter(0), enter(1));
        let let_in = [here, there].into_iter().filter(|by| *by != ByCode::NoSuchCode).count();
        assert_eq!(let_in, 1, "round {round}");
    }
}

#[tokio::test]
async fn tries_at_both_are_counted_together() {
    let Some(servers) = two().await else { return };
    let device = DeviceId([9; 16]);
    for number in 0..5 {
        let answer = servers[number % 2].sign_in("lan", "sai mật khẩu", device).await;
        assert_eq!(answer.code(), "wrong_credentials");
    }
    for server in &servers {
        let answer = server.sign_in("lan", PASSWORD, device).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (StatusCode::TOO_MANY_REQUESTS, "too_many_tries")
        );
        assert!(!answer.header("retry-after").is_empty());
    }
    assert_eq!(servers[1].sign_in("minh", PASSWORD, device).await.status, StatusCode::OK);
}

#[tokio::test]
async fn two_that_start_at_the_same_time_make_the_tables_once() {
    if cluster().is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let place = Place::new(folder.path()).await;
    let open = || App::open(place.config.clone());
    let (first, second) = tokio::join!(open(), open());
    let (first, second) = (first.unwrap(), second.unwrap());
    let epoch = first.database().epoch_and_head().await.unwrap();
    assert_eq!(second.database().epoch_and_head().await.unwrap(), epoch);
}

#[tokio::test]
async fn a_full_disk_is_said_and_nothing_is_stored() {
    if cluster().is_none() {
        return;
    }
    let server = TestApp::start().await;
    let lan = server.device("lan").await;
    let mut outside = server.place.outside().await;
    let full = "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN RAISE EXCEPTION 'no space left' USING ERRCODE = 'disk_full'; END $$;
        CREATE TRIGGER full_disk BEFORE INSERT ON operation FOR EACH ROW EXECUTE FUNCTION full_disk()";
    outside.say(full).await.unwrap();
    let operations = [lan.create(1, 1, "phuong_a", &[])];
    let body = sync::codec::encode(&lan.request(&operations));
    let answer = lan.post_push(body, &[]).await;
    assert_eq!(answer.status, StatusCode::INSUFFICIENT_STORAGE);
    assert_eq!(answer.code(), "storage_full");
    let writing = async || server.get("/healthz", &[]).await.json()["writing"].clone();
    assert_eq!(writing().await, "full");
    outside.say("DROP TRIGGER full_disk ON operation").await.unwrap();
    assert_eq!(lan.push(&operations).await.acked, 1);
    assert_eq!(writing().await, "ok");
}

/// Passes on what it gets, until it is told to keep still: then nothing comes through what is open, and nobody is told.
struct Line {
    address: SocketAddr,
    cuts: Arc<AtomicU64>,
}

impl Line {
    async fn to(database: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, cuts) = (listener.local_addr().unwrap(), Arc::new(AtomicU64::new(0)));
        let cut = Arc::clone(&cuts);
        tokio::spawn(async move {
            while let Ok((here, _)) = listener.accept().await {
                let there = TcpStream::connect(&database).await.unwrap();
                let [(from, to), (back, away)] = [here.into_split(), there.into_split()];
                for (from, to) in [(from, away), (back, to)] {
                    tokio::spawn(pass(from, to, Arc::clone(&cut)));
                }
            }
        });
        Self { address, cuts }
    }
}

async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, cuts: Arc<AtomicU64>) {
    let begun = cuts.load(Ordering::Relaxed);
    let mut bytes = vec![0; 65_536];
    while let Ok(length @ 1..) = from.read(&mut bytes).await {
        if cuts.load(Ordering::Relaxed) != begun {
            std::future::pending::<()>().await;
        }
        if to.write_all(&bytes[..length]).await.is_err() {
            return;
        }
    }
}

/// A machine that is switched off closes no connection: without an end of its own a push would wait for ever, and all behind it.
#[tokio::test]
async fn a_database_that_went_away_without_a_word_is_given_up_and_found_again() {
    if cluster().is_none() {
        return;
    }
    let server = TestApp::start().await;
    let lan = server.device("lan").await;
    let url = server.place.config.database_url.clone().unwrap();
    let (before, name) = url.rsplit_once('/').unwrap();
    let (who, database) = before.rsplit_once('@').unwrap();
    let line = Line::to(database.to_owned()).await;
    let mut config = server.place.config.clone();
    config.database_url = Some(format!("{who}@{}/{name}", line.address));
    let database = Database::of(&config, server::clock::now_ms()).await.unwrap();
    let push = |seq: u64| {
        let operations = [lan.create(seq, u8::try_from(seq).unwrap(), "phuong_a", &[])];
        database.push(lan.request(&operations), Sender { account: "lan", revoked: false }, 7)
    };
    push(1).await.unwrap();
    line.cuts.fetch_add(1, Ordering::Relaxed);
    let mut tries = 0;
    let pushed = loop {
        tries += 1;
        assert!(tries < 8, "each connection that hangs is given up once");
        let hangs = async {
            // Whatever can go on by itself does, then a minute passes.
            tokio::time::sleep(Duration::from_millis(300)).await;
            tokio::time::pause();
            tokio::time::advance(Duration::from_secs(61)).await;
            tokio::time::resume();
            std::future::pending::<()>().await;
        };
        let pushed = tokio::select! { pushed = push(2) => pushed, () = hangs => unreachable!() };
        match pushed {
            Ok(pushed) => break pushed,
            Err(error) => assert!(error.is_busy(), "{error}"),
        }
    };
    assert!(tries > 1, "the first finds nobody");
    assert_eq!(pushed.response.acked, 2);
    assert_eq!(database.writing(server::clock::now_ms()), Writing::Ok);
}

#[tokio::test]
async fn a_copy_that_was_put_back_is_the_same_to_the_last_byte_and_is_put_back_over_nothing() {
    let server = TestApp::start().await;
    let (lan, thu) = (server.device("lan").await, server.device("thu").await);
    let zero = lan.create(2, 2, "kh\0ng có", &[]);
    lan.push(&[lan.create(1, 1, "phuong_a", &[("ghi_chu", text("dấu \"nháy\""))]), zero]).await;
    lan.put_chunk(sync::codec::hash(b"x"), 0, 1, b"x", sync::codec::hash(b"x")).await;
    thu.pull(None).await;
    let (copy, again) = (server.folder.path().join("copy"), server.folder.path().join("again"));
    server.app.database().copy_to(&copy).await.unwrap();
    assert!(matches!(
        server.app.database().put_back(&copy).await,
        Err(server::database::BackupError::InUse)
    ));
    let folder = tempfile::tempdir().unwrap();
    let place = Place::new(folder.path().join("data")).await;
    let database = place.open().await;
    database.put_back(&copy).await.unwrap();
    database.copy_to(&again).await.unwrap();
    assert_eq!(different(&copy, &again).await, Vec::<String>::new());
    // By hand and without its photo: whoever does that says that there is none.
    let without_photos = |config: &Config| {
        std::fs::create_dir_all(config.blob_folder()).unwrap();
        std::fs::write(config.blob_folder().join("store"), b"new").unwrap();
    };
    without_photos(&place.config);
    let app = TestApp::opened(place, folder).await;
    assert_eq!(app.device("thu").await.pull(None).await.records.len(), 1);
    // And of either a file that a server without PostgreSQL opens.
    let alone = tempfile::tempdir().unwrap();
    let config = Config::new(alone.path());
    std::fs::copy(&again, config.database_file()).unwrap();
    without_photos(&config);
    let app = App::open(config).await.unwrap();
    assert!(app.database().verify_audit(None).await.unwrap().is_ok());
}

/// The tables in which two files differ.
async fn different(one: &Path, other: &Path) -> Vec<String> {
    let Outside::Sqlite(mut files) = Outside::file(one).await else { unreachable!("a file") };
    sqlx::query("ATTACH $1 AS other")
        .bind(other.to_str().unwrap())
        .execute(&mut files)
        .await
        .unwrap();
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE '%sqlx%'",
    )
    .fetch_all(&mut files)
    .await
    .unwrap();
    assert!(tables.len() > 15);
    let mut different = Vec::new();
    for table in tables {
        let rows = sqlx::AssertSqlSafe(format!(
            "SELECT count(*) FROM (SELECT * FROM (SELECT * FROM main.{table} EXCEPT SELECT * FROM other.{table})
             UNION ALL SELECT * FROM (SELECT * FROM other.{table} EXCEPT SELECT * FROM main.{table}))"
        ));
        let rows: i64 = sqlx::query_scalar(rows).fetch_one(&mut files).await.unwrap();
        if rows > 0 {
            different.push(table);
        }
    }
    different
}

#[tokio::test]
async fn pieces_of_a_bundle_that_go_to_two_folders_are_told_and_brought_from_the_start() {
    let Some([first, second]) = two().await else { return };
    let apart = tempfile::tempdir().unwrap();
    let config = Config { data: apart.path().to_owned(), ..second.place.config.clone() };
    let app = App::open(config).await.unwrap();
    let router = server::router::router(app.clone());
    let second = TestApp { folder: apart, app, router, place: second.place.clone() };
    let lan = first.device("lan").await;
    let there = lan.at(&second);
    let bytes = b"no bundle, but in pieces";
    let hash = sync::codec::hash(bytes);
    let (one, two) = bytes.split_at(10);
    assert_eq!(lan.put_bundle(hash, bytes.len(), 0, one).await.json()["held"], 10);
    let answer = there.put_bundle(hash, bytes.len(), 10, two).await;
    assert_eq!((answer.status, answer.code().as_str()), (StatusCode::CONFLICT, "wrong_place"));
    let standing = there.get(&format!("/api/v1/bundles/{hash}")).await;
    assert_eq!(standing.json()["held"], 0, "whoever brings it goes on from there");
    assert_eq!(there.put_bundle(hash, bytes.len(), 0, one).await.json()["held"], 10);
    let answer = there.put_bundle(hash, bytes.len(), 10, two).await;
    assert_eq!(answer.code(), "no_bundle", "all of it came");
}
