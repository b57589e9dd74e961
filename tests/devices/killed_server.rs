//! The server is killed with `kill -9` while phones push: what it acknowledged it has, and everything arrives once.
//!
//! `SOTAY_KILLS=1000 cargo test -p server --test devices eight_phones -- --nocapture` kills it more often; `SOTAY_SEED` draws
//! other moments.

use std::collections::BTreeSet;
use std::path::Path;

use sync::device::{Effect, Event};
use sync::wire::{Action, PushRequest, PushResponse, RecordId, WIRE_VERSION};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use crate::rig::place::cluster;
use crate::rig::{Phone, Server, Work, random::Random, unit, who};

pub fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

/// How often it is killed.
pub fn kills_wanted() -> u64 {
    number("SOTAY_KILLS").unwrap_or(8)
}

/// How many records each phone writes: enough to be at it until the last kill.
pub fn records_each() -> usize {
    usize::try_from(kills_wanted()).expect("a few thousand").max(24)
}

/// The two moments that matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Moment {
    /// A push goes on its way.
    Sent,
    /// The phone has just been told that the server keeps what it sent.
    Acked,
}

/// What a phone wrote, and how far the server said that it keeps it.
struct Written {
    phone: Phone,
    records: Vec<(RecordId, String)>,
}

#[tokio::test]
async fn a_server_killed_while_eight_phones_push_loses_nothing_it_acknowledged() {
    let seed = number("SOTAY_SEED").unwrap_or(342);
    println!("seed {seed}");
    let mut random = Random::new(seed);
    let program = Path::new(env!("CARGO_BIN_EXE_sotay-server"));
    let mut server = Server::start_program(program).await;
    let mut phones = Vec::new();
    for (account, unit) in [
        (who::HOA, unit::LONG_KHANH),
        (who::MINH, unit::LONG_KHANH),
        (who::THU, unit::BAO_VINH),
        (who::TRAINER, unit::BAO_VINH),
    ] {
        for name in ["phone", "tablet"] {
            let phone =
                Phone::enrol(&server.address, account, &format!("{name} of {account}")).await;
            phones.push((phone, Work::inspection(unit).await));
        }
    }
    let writing = phones.len();

    // Raised with every life of the server; a phone that finds it dead waits for the next.
    let (life, lives) = watch::channel(1);
    let (tell, mut moments) = mpsc::unbounded_channel();
    let mut writers = JoinSet::new();
    for (phone, work) in phones {
        writers.spawn(write(phone, work, lives.clone(), tell.clone()));
    }

    let mut kills = 0;
    let mut acks = 1 + random.below(6); // so many answers, then a kill
    let mut done: Vec<Written> = Vec::new();
    loop {
        let moment = tokio::select! {
            Some(moment) = moments.recv(), if kills < kills_wanted() => moment,
            ended = writers.join_next() => match ended {
                Some(ended) => {
                    done.push(ended.expect("the phone's work ends"));
                    continue;
                }
                None => break,
            },
        };
        acks = acks.saturating_sub(u64::from(moment == Moment::Acked));
        // Half of the kills meet an answer that has just arrived, the others a push under way.
        let wanted = if kills % 2 == 0 { Moment::Acked } else { Moment::Sent };
        if acks > 0 || moment != wanted {
            continue;
        }
        if moment == Moment::Sent {
            for _ in 0..random.below(60) {
                tokio::task::yield_now().await; // anywhere in the exchange
            }
        }
        server.kill().await;
        while moments.try_recv().is_ok() {}
        kills += 1;
        acks = 1 + random.below(6);
        server.go_on_as_program(program).await;
        life.send_replace(1 + kills);
    }
    assert_eq!(kills, kills_wanted(), "the phones were done before the last kill");

    let mut desk = Phone::enrol(&server.address, who::COORDINATOR, "desk").await;
    desk.sync().await;
    let written: BTreeSet<RecordId> =
        done.iter().flat_map(|written| written.records.iter().map(|(record, _)| *record)).collect();
    assert_eq!(written.len(), writing * records_each());
    assert_eq!(desk.disk.records(), written);
    for Written { phone, records } in &done {
        assert_eq!(phone.disk.waiting().operations, 0);
        for (record, text) in records {
            assert_eq!(desk.shown(*record, "pa/a1_gc").as_ref(), Some(text));
            let sealed = phone.disk.held(*record).len();
            assert_eq!(desk.operations(*record).await, sealed, "each operation is there once");
        }
    }
    let operations: u64 = done.iter().map(|written| written.phone.disk.sealed()).sum();
    let database = cluster().map_or("", |_| " on PostgreSQL");
    println!(
        "campaign killed server{database}: {writing} devices, {operations} operations, {kills} faults, 0 lost"
    );
}

#[tokio::test]
async fn a_photo_arrives_whole_though_the_server_is_killed_at_every_chunk() {
    let program = Path::new(env!("CARGO_BIN_EXE_sotay-server"));
    let mut server = Server::start_program(program).await;
    let mut hoa = Phone::enrol(&server.address, who::HOA, "Hoa").await;
    let record = hoa.begin(&Work::inspection(unit::LONG_KHANH).await);
    let bytes = Random::new(8).bytes(900_000); // four chunks
    let photo = hoa.photograph(record, "pa/a1_anh", bytes.clone());
    hoa.press(record, Action::Submit);
    hoa.happen(Event::Asked);
    let mut kills = 0;
    while let Some(effect) = hoa.next_effect() {
        if matches!(effect, Effect::SendChunk { chunk, .. } if *chunk == kills) {
            let killed = server.process().expect("it is a program");
            server.kill().await;
            assert!(!Path::new(&format!("/proc/{killed}")).exists(), "nothing of it runs on");
            kills += 1;
            while hoa.step().await {}
            assert_eq!(hoa.status.unwrap().unsent_blobs, 1);
            server.go_on_as_program(program).await;
            hoa.happen(Event::Tick);
        }
        hoa.step().await;
    }
    assert_eq!(kills, 4);
    assert_eq!(hoa.disk.waiting(), sync::device::Waiting::default());
    let file = hoa.http.get(&format!("/api/v1/blobs/{photo}")).await.expect("an answer");
    assert_eq!(file.body, bytes);
}

/// Writes records one after the other and sends them, whatever becomes of the server.
async fn write(
    mut phone: Phone,
    work: Work,
    mut lives: watch::Receiver<u64>,
    tell: mpsc::UnboundedSender<Moment>,
) -> Written {
    phone.batch = 3;
    let mut records = Vec::new();
    while records.len() < records_each() || phone.disk.waiting().operations > 0 {
        if records.len() < records_each() {
            let text = format!("{}: biên bản số {}", phone.account, records.len());
            let record = phone.begin(&work);
            phone.answer(record, "pa/a1", "khong");
            phone.disk.seal(record, None, 0); // a first part, then the rest
            phone.open(record);
            phone.answer(record, "pa/a1_gc", &text);
            phone.press(record, Action::Submit);
            records.push((record, text));
        }
        let life = *lives.borrow_and_update();
        phone.happen(Event::Asked);
        while let Some(effect) = phone.next_effect() {
            let moment = match effect {
                Effect::Push { .. } => Some(Moment::Sent),
                Effect::MarkAcked { .. } => Some(Moment::Acked),
                _ => None,
            };
            if let Some(moment) = moment {
                tell.send(moment).expect("the story listens to its end");
            }
            phone.step().await;
        }
        if *lives.borrow() != life {
            still_has_what_it_acknowledged(&phone).await;
        }
        if phone.status.is_some_and(|status| status.blocked.is_some()) && *lives.borrow() == life {
            lives.changed().await.expect("the server comes back");
            still_has_what_it_acknowledged(&phone).await;
        }
    }
    Written { phone, records }
}

/// Asks without sending anything: the watermark never goes back.
pub async fn still_has_what_it_acknowledged(phone: &Phone) {
    let state = phone.disk.state();
    let request = PushRequest {
        version: WIRE_VERSION,
        device: state.device,
        epoch: state.epoch,
        operations: Vec::new(),
        oldest: None,
        unsent: None,
    };
    let answer = phone.http.post_cbor("/api/v1/push", &sync::codec::encode(&request)).await;
    // No answer: it was killed again meanwhile.
    if let Some(answer) = answer {
        let said: PushResponse = sync::codec::decode(&answer.body).expect("a push response");
        assert!(said.acked >= state.acked, "{} then {}", state.acked, said.acked);
    }
}
