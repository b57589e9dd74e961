//! Two servers on one PostgreSQL database are one server to the phones, though either is killed with `kill -9` at any moment.
//!
//! `SOTAY_KILLS=200 cargo test -p server --test devices two_servers -- --nocapture` kills them more often; `SOTAY_SEED` draws
//! other moments.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::Path;

use sync::device::{Effect, Event};
use sync::wire::{Action, RecordId};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::killed_server::{kills_wanted, number, records_each, still_has_what_it_acknowledged};
use crate::rig::place::cluster;
use crate::rig::{Phone, Server, Work, random::Random, unit, who};

const FIELD: &str = "pa/a1_gc";

/// A phone in somebody's hand, and what it draws its servers and records by.
struct Writer {
    phone: Phone,
    work: Work,
    random: Random,
    servers: [SocketAddr; 2],
}

#[tokio::test]
async fn two_servers_on_one_database_lose_nothing_and_apply_nothing_twice_though_either_is_killed()
{
    if cluster().is_none() {
        println!("not run: SOTAY_TEST_POSTGRES names no PostgreSQL server");
        return;
    }
    let seed = number("SOTAY_SEED").unwrap_or(342);
    println!("seed {seed}");
    let mut random = Random::new(seed);
    let program = Path::new(env!("CARGO_BIN_EXE_sotay-server"));
    let first = Server::start_program(program).await;
    let second = first.beside(program).await;
    let mut servers = [first, second];
    let addresses = servers.each_ref().map(|server| server.address.socket);

    let (tell, mut moments) = mpsc::unbounded_channel();
    let mut writers = JoinSet::new();
    for (account, unit) in [
        (who::HOA, unit::LONG_KHANH),
        (who::MINH, unit::LONG_KHANH),
        (who::THU, unit::BAO_VINH),
        (who::TRAINER, unit::BAO_VINH),
    ] {
        for name in ["phone", "tablet"] {
            // Signed in at one of them, it is signed in at the other.
            let server = &servers[place(&mut random, 2)];
            let name = format!("{name} of {account}");
            let phone = Phone::enrol(&server.address, account, &name).await;
            let work = Work::inspection(unit).await;
            let random = Random::new(random.next());
            let writer = Writer { phone, work, random, servers: addresses };
            writers.spawn(write(writer, tell.clone()));
        }
    }
    let writing = writers.len();

    let mut kills = 0;
    let mut until_kill = 1 + random.below(12); // so many exchanges, then a kill
    let mut done: Vec<Writer> = Vec::new();
    loop {
        tokio::select! {
            Some(()) = moments.recv(), if kills < kills_wanted() => {}
            ended = writers.join_next() => match ended {
                Some(ended) => {
                    done.push(ended.expect("the phone's work ends"));
                    continue;
                }
                None => break,
            },
        }
        until_kill = until_kill.saturating_sub(1);
        if until_kill > 0 {
            continue;
        }
        for _ in 0..random.below(60) {
            tokio::task::yield_now().await; // anywhere in the exchange
        }
        let server = &mut servers[place(&mut random, 2)];
        server.kill().await;
        while moments.try_recv().is_ok() {}
        kills += 1;
        until_kill = 1 + random.below(12);
        server.go_on_as_program(program).await;
    }
    assert_eq!(kills, kills_wanted(), "the phones were done before the last kill");

    // Everybody hears of everybody's work, at whichever server.
    let mut desk = Phone::enrol(&servers[0].address, who::COORDINATOR, "desk").await;
    for _ in 0..2 {
        for writer in &mut done {
            writer.choose_server();
            let status = writer.phone.sync().await;
            assert_eq!((status.blocked, status.unsent_ops), (None, 0), "{}", writer.phone.account);
        }
    }
    desk.sync().await;
    let records = desk.disk.records();
    assert_eq!(records.len(), writing * records_each());
    let state = |phone: &Phone, record: RecordId| phone.disk.base(record).map(|base| base.state);
    let database = servers[0].database().await;
    for Writer { phone, .. } in &done {
        let units = database.visible_units(&phone.account).await.expect("the units they see");
        let sees = |record: &RecordId| {
            state(&desk, *record).is_some_and(|state| units.contains(&state.unit))
        };
        let seen: BTreeSet<RecordId> = records.iter().copied().filter(sees).collect();
        assert_eq!(phone.disk.records(), seen, "{}", phone.account);
        for record in seen {
            assert_eq!(state(phone, record), state(&desk, record), "{}", phone.account);
        }
    }
    let sealed: u64 = done.iter().map(|writer| writer.phone.disk.sealed()).sum();
    let mut kept = 0;
    for record in &records {
        kept += desk.operations(*record).await as u64;
    }
    assert_eq!(kept, sealed, "each operation is there once");
    assert!(database.verify_audit(None).await.expect("the log can be read").is_ok());
    let places: BTreeSet<u64> =
        records.iter().filter_map(|record| state(&desk, *record)).map(|state| state.rv).collect();
    assert_eq!(places.len(), records.len(), "no place in the feed was given twice");
    println!(
        "campaign two servers: {writing} devices, {sealed} operations, {kills} faults, 0 lost"
    );
}

fn place(random: &mut Random, of: usize) -> usize {
    usize::try_from(random.below(of as u64)).expect("a place in a list")
}

impl Writer {
    fn choose_server(&mut self) {
        self.phone.http.server = self.servers[place(&mut self.random, 2)];
    }

    /// Writes into a record that the phone holds, whoever began it.
    fn amend(&mut self) {
        let held: Vec<RecordId> = self.phone.disk.records().into_iter().collect();
        let Some(record) = held.get(place(&mut self.random, held.len().max(1))) else { return };
        self.phone.open(*record);
        let text = format!("{} sửa", self.phone.account);
        self.phone.answer(*record, FIELD, &text);
        self.phone.press(*record, Action::Amend);
    }
}

/// Writes records and changes those of others, and syncs with one server or the other, whatever becomes of them.
async fn write(mut writer: Writer, tell: mpsc::UnboundedSender<()>) -> Writer {
    writer.phone.batch = 3;
    let mut written = 0;
    while written < records_each() || writer.phone.disk.waiting().operations > 0 {
        if written < records_each() {
            let text = format!("biên bản số {written}");
            writer.phone.fill(&writer.work, &[("pa/a1", "khong"), (FIELD, &text)]);
            written += 1;
            if writer.random.below(2) == 0 {
                writer.amend();
            }
        }
        writer.choose_server();
        writer.phone.happen(Event::Asked);
        while let Some(effect) = writer.phone.next_effect() {
            if matches!(
                effect,
                Effect::Push { .. } | Effect::MarkAcked { .. } | Effect::Pull { .. }
            ) {
                tell.send(()).expect("the story listens to its end");
            }
            writer.phone.step().await;
        }
        // What one of them acknowledged the other knows of.
        writer.choose_server();
        still_has_what_it_acknowledged(&writer.phone).await;
    }
    writer
}
