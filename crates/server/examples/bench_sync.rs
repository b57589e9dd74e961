//! How fast phones and a server exchange 1,000 records of the pack's forms, and with how many bytes: figures as JSON
//! on standard output. `cargo xtask bench` runs it. The phones are those of the tests in `tests/devices/`.
//!
//! With `SOTAY_SERVER`, the path of the server's program, a thousand phones come back to it at once. With `SOTAY_TEST_POSTGRES`
//! the records are in PostgreSQL; with both, patches go to one process and to two as well.
#![expect(clippy::disallowed_methods, reason = "it measures time")]
#![expect(clippy::print_stdout, reason = "its result goes there")]
#![expect(clippy::unwrap_used, reason = "a measurement that fails has no figures")]

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use form::definition::{Bind, BodyNode};
use serde_json::{Value as Json, json};
use sync::codec;
use sync::device::{Effect, Event};
use sync::wire::{Action, PushRequest, PushResponse, SealedOperation, WIRE_VERSION};
use tokio::net::{TcpListener, TcpStream};

use crate::rig::http::{Http, Traffic, gzip};
use crate::rig::place::cluster;
use crate::rig::random::Random;
use crate::rig::server::form_xml;
use crate::rig::{Phone, Server, Work, unit, who};

#[expect(dead_code, reason = "the tests use more of it")]
#[path = "../../../tests/devices/rig/mod.rs"]
mod rig;

const SEED: u64 = 342;
const RECORDS: usize = 1_000;
/// Of so many records one is a training session, the others are inspections.
const SESSION_EVERY: usize = 5;
const PEOPLE: usize = 12;
const FINDINGS: usize = 2;

/// Phones that send at the same time, and how many operations each puts into a request.
struct Crowd {
    phones: usize,
    batch: usize,
}

const CROWDS: [Crowd; 5] = [
    Crowd { phones: 1, batch: 1 },
    Crowd { phones: 8, batch: 1 },
    Crowd { phones: 64, batch: 1 },
    Crowd { phones: 64, batch: 5 },
    Crowd { phones: 64, batch: 30 },
];
/// Operations of a crowd in all.
const PATCHES: usize = 4_096;
/// A record is filled and then changed so many times.
const CHANGES: usize = 3;

/// Phones that come back to a network at the same moment, as after a holiday.
const BACK: usize = 1_000;
/// Records that each of them brings, filled and then changed [`BACK_CHANGES`] times: 30 operations.
const BACK_RECORDS: usize = 10;
const BACK_CHANGES: usize = 2;

#[tokio::main]
async fn main() {
    let forms = Forms::read().await;
    let server = Server::start().await;
    let fields = forms.fields_per_record();

    let whole = push(&server, &forms, &Way { name: "whole", phones: 1, batch: usize::MAX }).await;
    let pulled = pull(&server).await;
    let one = push(&server, &forms, &Way { name: "one", phones: 1, batch: 1 }).await;
    let eight = push(&server, &forms, &Way { name: "eight", phones: 8, batch: 1 }).await;
    let quiet = pull_without_news(&server).await;
    let mut patches = Vec::new();
    for crowd in &CROWDS {
        patches.push(push_patches(&[&server], crowd).await);
    }
    let mut processes = Vec::new();
    if let Some(program) = std::env::var_os("SOTAY_SERVER").filter(|_| cluster().is_some()) {
        let first = Server::start_program(Path::new(&program)).await;
        let second = first.beside(Path::new(&program)).await;
        for servers in [&[&first] as &[&Server], &[&first, &second]] {
            for crowd in &CROWDS[2..] {
                let mut figures = push_patches(servers, crowd).await;
                figures["processes"] = json!(servers.len());
                processes.push(figures);
            }
        }
    }

    let back = match std::env::var_os("SOTAY_SERVER") {
        Some(program) => come_back(Path::new(&program)).await,
        None => Json::Null,
    };
    let sqlite = "SQLite, WAL, synchronous=FULL";
    let database = cluster().map_or(sqlite, |_| "PostgreSQL, synchronous_commit=on");
    let figures = json!({
        "seed": SEED,
        "records": RECORDS,
        "fields_per_record": fields,
        "database": database,
        "write_and_fsync_4k_ms": fsync_ms(&server),
        "optimised": !cfg!(debug_assertions),
        "cpus": std::thread::available_parallelism().map_or(1, usize::from),
        "note": "phones, server and disk on one machine, over loopback; bytes are bodies, compressed by gzip",
        "push": {"one_phone": whole, "one_phone_a_record_at_a_time": one, "eight_phones_a_record_at_a_time": eight},
        "patches": patches,
        "patches_of_processes": processes,
        "come_back_at_once": back,
        "pull": pulled,
        "pull_without_news": quiet,
    });
    println!("{figures:#}");
}

// Records like those of the field.

/// A form's fields, those of its repeats apart.
struct FormFields {
    work: Work,
    rows: usize,
    single: Vec<Bind>,
    /// The repeat's path, and the fields of a row by their path below it.
    repeated: Vec<(String, Vec<Bind>)>,
}

impl FormFields {
    async fn read(id: &str, rows: usize) -> Self {
        let (form, _) = form::parse_xform(form_xml(id).await).expect("a form of the pack");
        let root = format!("/{}/", form.primary.name);
        let mut repeats = Vec::new();
        repeats_of(&form.body, &mut repeats);
        let mut fields = Self {
            work: Work::new(id, unit::LONG_KHANH).await,
            rows,
            single: Vec::new(),
            repeated: repeats.into_iter().map(|path| (path, Vec::new())).collect(),
        };
        // Files travel apart from the record.
        let holds_text =
            |bind: &Bind| bind.data_type.as_deref().is_some_and(|kind| kind != "binary");
        for bind in form.binds.into_iter().filter(holds_text) {
            let row =
                |path: &str| Some(bind.nodeset.strip_prefix(path)?.strip_prefix('/')?.to_owned());
            let repeat =
                fields.repeated.iter_mut().find_map(|(path, binds)| Some((binds, row(path)?)));
            match repeat {
                Some((binds, nodeset)) => binds.push(Bind { nodeset, ..bind }),
                None => {
                    let nodeset = bind.nodeset.trim_start_matches(&root).to_owned();
                    fields.single.push(Bind { nodeset, ..bind });
                }
            }
        }
        for (path, _) in &mut fields.repeated {
            *path = path.trim_start_matches(&root).to_owned();
        }
        fields
    }

    fn fill(&self, phone: &mut Phone, random: &mut Random) {
        let record = phone.begin(&self.work);
        for bind in &self.single {
            if let Some(text) = text(bind, random) {
                phone.answer(record, &bind.nodeset, &text);
            }
        }
        for (repeat, binds) in &self.repeated {
            for place in 1..=self.rows {
                let row = format!("{repeat}[{}]", random.record());
                phone.answer(record, &row, &place.to_string());
                for bind in binds {
                    if let Some(text) = text(bind, random) {
                        phone.answer(record, &format!("{row}/{}", bind.nodeset), &text);
                    }
                }
            }
        }
        phone.press(record, Action::Submit);
    }
}

fn repeats_of(nodes: &[BodyNode], found: &mut Vec<String>) {
    for node in nodes {
        match node {
            BodyNode::Repeat(repeat) => found.push(repeat.nodeset.clone()),
            BodyNode::Group(group) => repeats_of(&group.children, found),
            BodyNode::Control(_) => {}
        }
    }
}

/// What a person might have entered: notes are rare, most items of a checklist are a choice.
fn text(bind: &Bind, random: &mut Random) -> Option<String> {
    const CHOICES: [&str; 4] = ["co", "khong", "mot_phan", "khong_ap_dung"];
    const WORDS: [&str; 24] = [
        "phường",
        "đã",
        "ban hành",
        "kế hoạch",
        "bình đẳng giới",
        "chưa",
        "bố trí",
        "kinh phí",
        "tổ",
        "trưởng",
        "báo cáo",
        "quý",
        "số liệu",
        "tách",
        "theo",
        "giới tính",
        "biên bản",
        "họp",
        "ngày",
        "tuyên truyền",
        "hội",
        "phụ nữ",
        "địa bàn",
        "khắc phục",
    ];
    let is_note = bind.nodeset.ends_with("_gc");
    Some(match bind.data_type.as_deref()? {
        "int" => (random.below(120)).to_string(),
        "decimal" => format!("{}.{}", random.below(100), random.below(10)),
        "date" => format!("2026-{:02}-{:02}", 1 + random.below(12), 1 + random.below(28)),
        "time" => format!("{:02}:{:02}:00.000+07:00", random.below(24), random.below(60)),
        "dateTime" => format!("2026-11-23T08:{:02}:00.000+07:00", random.below(60)),
        "geopoint" => {
            format!("10.9{:04} 107.2{:04} 45.0 8.0", random.below(10_000), random.below(10_000))
        }
        _ if is_note && random.below(4) != 0 => return None,
        _ if is_note => (0..12).map(|_| pick(random, &WORDS)).collect::<Vec<_>>().join(" "),
        _ => pick(random, &CHOICES).to_owned(),
    })
}

fn pick<'a>(random: &mut Random, words: &[&'a str]) -> &'a str {
    words[usize::try_from(random.below(words.len() as u64)).expect("a place in a list")]
}

struct Forms {
    inspection: FormFields,
    session: FormFields,
}

impl Forms {
    async fn read() -> Self {
        Self {
            inspection: FormFields::read("lk_kt_phuong_xa", FINDINGS).await,
            session: FormFields::read("lk_lop_tap_huan", PEOPLE).await,
        }
    }

    fn fill(&self, phone: &mut Phone, records: usize, random: &mut Random) {
        for number in 0..records {
            let form = if number % SESSION_EVERY == 0 { &self.session } else { &self.inspection };
            form.fill(phone, random);
        }
    }

    fn fields_per_record(&self) -> u64 {
        let mut phone = Phone::new(&rig::server::NOWHERE, who::HOA, "counting");
        self.fill(&mut phone, 2 * SESSION_EVERY, &mut Random::new(SEED));
        let fields = phone.disk.outbox.values().map(|sealed| sealed.operation().fields.len());
        fields.sum::<usize>() as u64 / (2 * SESSION_EVERY as u64)
    }
}

// Figures.

struct Way {
    name: &'static str,
    phones: usize,
    batch: usize,
}

async fn push(server: &Server, forms: &Forms, way: &Way) -> Json {
    let mut random = Random::new(SEED);
    let mut phones = Vec::new();
    let mut raw = 0;
    for number in 0..way.phones {
        let name = format!("{}, phone {number}", way.name);
        let mut phone = Phone::enrol(&server.address, who::HOA, &name).await;
        phone.batch = way.batch;
        forms.fill(&mut phone, RECORDS / way.phones, &mut random);
        raw += phone.disk.outbox.values().map(|sealed| sealed.bytes.len()).sum::<usize>();
        phones.push(phone);
    }
    let before: Vec<Traffic> = phones.iter().map(|phone| phone.http.traffic()).collect();
    let start = Instant::now();
    let senders = phones.into_iter().map(|phone| tokio::spawn(send_all(phone)));
    let mut phones = Vec::new();
    for sender in senders.collect::<Vec<_>>() {
        phones.push(sender.await.unwrap());
    }
    let taken = start.elapsed();
    let mut traffic = Traffic::default();
    for (phone, before) in phones.iter().zip(before) {
        let after = phone.http.traffic();
        traffic.requests += after.requests - before.requests;
        traffic.up += after.up - before.up;
        traffic.down += after.down - before.down;
    }
    let mut figures = rates(taken, traffic);
    figures["bytes_per_record_uncompressed"] = json!(raw / RECORDS);
    figures
}

/// How many patches of records the server takes in a second and has on its disk. The bodies are ready before the time
/// begins, so that the phones' own work is not in it.
async fn push_patches(servers: &[&Server], crowd: &Crowd) -> Json {
    let &Crowd { phones, batch } = crowd;
    let mut random = Random::new(SEED);
    let work = Work::inspection(unit::LONG_KHANH).await;
    let mut senders = Vec::new();
    for number in 0..phones {
        let server = servers[number % servers.len()];
        let name = format!("crowd of {phones} by {batch} at {}, phone {number}", servers.len());
        let mut phone = Phone::enrol(&server.address, who::HOA, &name).await;
        for _ in 0..PATCHES / phones / (1 + CHANGES) {
            let typed = random.below(1_000).to_string();
            let record = phone.fill(&work, &[("pa/a1", "khong"), ("pa/a1_gc", &typed)]);
            for _ in 0..CHANGES {
                phone.open(record);
                phone.answer(record, "pa/a1_gc", &random.below(1_000).to_string());
                phone.press(record, Action::Amend);
            }
        }
        let sealed: Vec<SealedOperation> = phone
            .disk
            .outbox
            .iter()
            .map(|(seq, sealed)| SealedOperation { seq: *seq, bytes: sealed.bytes.clone() })
            .collect();
        let device = phone.device();
        let bodies: Vec<Vec<u8>> = sealed
            .chunks(batch)
            .map(|operations| {
                let operations = operations.to_vec();
                let version = WIRE_VERSION;
                gzip(&codec::encode(&PushRequest {
                    version,
                    device,
                    epoch: None,
                    operations,
                    oldest: None,
                    unsent: None,
                }))
            })
            .collect();
        senders.push((phone.http, bodies, sealed.len() as u64));
    }
    let patches: u64 = senders.iter().map(|(_, _, patches)| patches).sum();
    let start = Instant::now();
    let senders = senders.into_iter().map(|(http, bodies, last)| {
        tokio::spawn(async move {
            let mut taken = Vec::new();
            let mut acked = 0;
            for body in bodies {
                let asked = Instant::now();
                let answer = http.post_packed_cbor("/api/v1/push", body).await.unwrap();
                taken.push(asked.elapsed());
                acked = codec::decode::<PushResponse>(&answer.body).unwrap().acked;
            }
            assert_eq!(acked, last);
            taken
        })
    });
    let mut requests = Vec::new();
    for sender in senders.collect::<Vec<_>>() {
        requests.extend(sender.await.unwrap());
    }
    let taken = start.elapsed();
    requests.sort();
    let milliseconds = |place: usize| (requests[place].as_secs_f64() * 10_000.0).round() / 10.0;
    json!({
        "phones": phones,
        "operations_per_request": batch,
        "patches": patches,
        "seconds": (taken.as_secs_f64() * 1_000.0).round() / 1_000.0,
        "patches_per_second": (patches as f64 / taken.as_secs_f64()).round(),
        "request_ms_median": milliseconds(requests.len() / 2),
        "request_ms_p95": milliseconds(requests.len() * 95 / 100),
    })
}

/// Phones that were away come back at the same moment: how long each waits until the server has all it brings, and how
/// much memory the server takes for it.
async fn come_back(program: &Path) -> Json {
    let server = Server::start_program(program).await;
    let mut random = Random::new(SEED);
    let work = Work::inspection(unit::LONG_KHANH).await;
    let mut phones = Vec::new();
    for number in 0..BACK {
        let name = format!("back, phone {number}");
        let mut phone = Phone::enrol(&server.address, who::HOA, &name).await;
        for _ in 0..BACK_RECORDS {
            let typed = random.below(1_000).to_string();
            let record = phone.fill(&work, &[("pa/a1", "khong"), ("pa/a1_gc", &typed)]);
            for _ in 0..BACK_CHANGES {
                phone.open(record);
                phone.answer(record, "pa/a1_gc", &random.below(1_000).to_string());
                phone.press(record, Action::Amend);
            }
        }
        assert_eq!(phone.disk.waiting().operations, (BACK_RECORDS * (1 + BACK_CHANGES)) as u64);
        phones.push(phone);
    }
    let process = server.process().expect("it is a program");
    let memory_before = memory_mb(process, "VmRSS");
    let start = Instant::now();
    let senders: Vec<_> = phones
        .into_iter()
        .map(|phone| {
            tokio::spawn(async move {
                let phone = send_all(phone).await;
                let waited = start.elapsed();
                drop(phone);
                waited
            })
        })
        .collect();
    let mut waited = Vec::new();
    for sender in senders {
        waited.push(sender.await.unwrap());
    }
    waited.sort();
    let seconds = |place: usize| (waited[place].as_secs_f64() * 1_000.0).round() / 1_000.0;
    json!({
        "phones": BACK,
        "operations_each": BACK_RECORDS * (1 + BACK_CHANGES),
        "acked_s_median": seconds(BACK / 2),
        "acked_s_p95": seconds(BACK * 95 / 100),
        "all_acked_s": seconds(BACK - 1),
        "server_memory_before_mb": memory_before,
        "server_peak_memory_mb": memory_mb(process, "VmHWM"),
    })
}

/// What Linux says of a process's memory.
fn memory_mb(process: u32, what: &str) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(what)?.strip_prefix(':'))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes / 1_024)
}

/// The sending half of a sync: until the server has everything, as the phone knows for sure.
async fn send_all(mut phone: Phone) -> Phone {
    phone.happen(Event::Asked);
    while !matches!(phone.next_effect(), Some(Effect::Pull { .. })) {
        assert!(phone.step().await, "{:?}", phone.status);
    }
    assert_eq!(phone.disk.waiting().operations, 0);
    phone
}

/// A desk that has nothing receives the first thousand.
async fn pull(server: &Server) -> Json {
    let mut desk = Phone::enrol(&server.address, who::COORDINATOR, "desk").await;
    let before = desk.http.traffic();
    let start = Instant::now();
    desk.sync().await;
    let taken = start.elapsed();
    assert_eq!(desk.disk.records().len(), RECORDS);
    let after = desk.http.traffic();
    let traffic = Traffic {
        requests: after.requests - before.requests,
        up: after.up - before.up,
        down: after.down - before.down,
    };
    rates(taken, traffic)
}

fn rates(taken: Duration, traffic: Traffic) -> Json {
    let each = |bytes: u64| bytes / RECORDS as u64;
    json!({
        "seconds": (taken.as_secs_f64() * 1_000.0).round() / 1_000.0,
        "records_per_second": (RECORDS as f64 / taken.as_secs_f64()).round(),
        "requests": traffic.requests,
        "bytes_up_per_record": each(traffic.up),
        "bytes_down_per_record": each(traffic.down),
    })
}

/// Every byte on the wire of a pull that brings nothing, request and answer with their headers.
async fn pull_without_news(server: &Server) -> Json {
    let mut hoa = Phone::enrol(&server.address, who::HOA, "quiet").await;
    hoa.sync().await;
    let relay = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let http = Http::new(relay.local_addr().unwrap(), &hoa.account);
    http.set_cookie(hoa.http.cookie().as_deref());
    let socket = server.address.socket;
    let counting = tokio::spawn(async move {
        let (mut phone, _) = relay.accept().await.unwrap();
        let mut server = TcpStream::connect(socket).await.unwrap();
        tokio::io::copy_bidirectional(&mut phone, &mut server).await.unwrap()
    });
    let cursor = hoa.disk.state().cursor.unwrap();
    let start = Instant::now();
    let answer = http.get(&format!("/api/v1/pull?wait=0&cursor={cursor}")).await.unwrap();
    let taken = start.elapsed();
    assert_eq!(answer.status, 200);
    drop(http); // closes the connection
    let (up, down) = counting.await.unwrap();
    json!({
        "bytes_up_with_headers": up,
        "bytes_down_with_headers": down,
        "body_bytes": answer.body.len(),
        "milliseconds": (taken.as_secs_f64() * 10_000.0).round() / 10.0,
    })
}

/// What the disk itself takes, to compare machines by: the median of some writes of a page.
fn fsync_ms(server: &Server) -> f64 {
    let mut file = File::create(server.folder().join("fsync")).unwrap();
    let mut taken: Vec<Duration> = (0..21)
        .map(|_| {
            let start = Instant::now();
            file.write_all(&[7; 4096]).unwrap();
            file.sync_data().unwrap();
            start.elapsed()
        })
        .collect();
    taken.sort();
    (taken[10].as_secs_f64() * 100_000.0).round() / 100.0
}
