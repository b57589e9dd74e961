//! One run: what happens next is drawn, then everything calms down.

mod carried;
mod edits;
mod effects;
mod events;
mod network;
mod situations;

use std::collections::{BTreeMap, BTreeSet};

use sync::{
    device::Event,
    wire::{DeviceId, Dot, Hash, Operation},
};

use self::carried::Carried;
pub use self::{
    network::{Asked, Message},
    situations::{SITUATIONS, pair, pairs},
};
use super::{
    Bug, Counters, UNITS, erasing::Erasing, phone::Phone, random::Random, server::Server, shown,
};

const DAY_MS: i64 = 86_400_000;

pub struct World {
    random: Random,
    pub server: Server,
    pub phones: Vec<Phone>,
    pub messages: Vec<Message>,
    /// Every operation that counts as saved.
    pub sealed: BTreeMap<(Dot, Hash), Operation>,
    pub counters: Counters,
    bug: Option<Bug>,
    calm: bool,
    /// After how many steps it calms down, if earlier than drawn.
    pub limit: Option<usize>,
    names: u64,
    /// Whether people begin the same record apart from each other.
    twice: bool,
    /// Whether it is a fleet whose clocks jump and whose forms get new versions.
    fleet: bool,
    /// The form's newest version.
    version: &'static str,
    /// Whether people carry work as files: with random numbers of its own, so that it moves nothing in other runs.
    pub carried: Option<Carried>,
    /// Whether people are erased: likewise.
    pub erasing: Option<Erasing>,
    /// Whether what accounts are shown of their units changes: likewise.
    pub granting: Option<Random>,
    /// Whether phones lose rows that they pulled: likewise.
    losing: Option<Random>,
    /// Whether a server that is busy says how long to wait.
    asks_to_wait: bool,
}

impl World {
    pub fn new(seed: u64, bug: Option<Bug>) -> Self {
        let mut random = Random::new(seed);
        let mut scopes = BTreeMap::new();
        let mut phones = Vec::new();
        let mut counters = Counters::new();
        let fleet = seed.is_multiple_of(5);
        let devices = match (fleet, seed.is_multiple_of(50)) {
            (false, _) => 2 + random.below(3),
            (true, false) => 4 + random.below(9),
            (true, true) => 4 + random.below(47),
        };
        for index in 0..devices {
            let account = format!("account-{}", index % 3);
            let mut scope: BTreeSet<String> = BTreeSet::from([UNITS[0].to_owned()]);
            scope.insert(random.pick(&UNITS).to_string());
            scopes.entry(account.clone()).or_insert(scope);
            let days = *random.pick(&[0, 0, 0, 1, 3_650, -7_300, -20_000]);
            if days != 0 {
                *counters.entry("clock years off".to_owned()).or_default() += 1;
            }
            let id = u8::try_from(index).expect("few phones") + 1;
            phones.push(Phone::new(DeviceId([id; 16]), &account, days * DAY_MS, bug));
        }
        let server = Server::new(scopes, bug);
        let messages = Vec::new();
        let sealed = BTreeMap::new();
        let (calm, names, twice) = (false, 0, seed.is_multiple_of(4));
        let carried = Carried { random: Random::new(!seed), bundles: Vec::new() };
        let carried = (seed % 7 == 3).then_some(carried);
        Self {
            random,
            server,
            phones,
            messages,
            sealed,
            counters,
            bug,
            calm,
            limit: None,
            names,
            twice,
            fleet,
            version: "1",
            carried,
            erasing: Erasing::of(seed),
            granting: shown::granting(seed),
            losing: (seed % 11 == 4).then(|| Random::new(seed.rotate_left(32))),
            asks_to_wait: seed % 6 == 5,
        }
    }

    /// A few hundred steps of everything that goes wrong.
    pub fn suffer(&mut self) {
        // Each run draws its own mix of disasters: one may hide what another would show.
        let (restores, moves) = (!self.random.one_in(3), !self.random.one_in(3));
        let mut steps = 200 + self.random.below(200);
        if self.fleet {
            steps += 60 * self.phones.len();
        }
        for step in 0..steps {
            if self.limit.is_some_and(|limit| step >= limit) {
                return;
            }
            let phone = self.random.below(self.phones.len());
            match self.random.below(if self.fleet { 44 } else { 40 }) {
                0..4 => self.edit(phone),
                4..18 => self.carry_out(phone),
                18..33 => self.deliver(),
                33 => self.outside_event(phone),
                34 => self.timer(phone),
                35 if self.random.one_in(16) => self.kill_phone(phone),
                35 if self.random.one_in(2) => self.repair(),
                36 if self.random.one_in(3) => self.backup(),
                37 if restores && self.random.one_in(4) => self.restore(),
                38 if moves && self.random.one_in(4) => self.change_scope(),
                39 if self.random.one_in(40) => self.copy_profile(phone),
                40 => self.jump(phone),
                41 if self.random.one_in(8) => self.publish(),
                42.. => self.deliver(),
                _ => {}
            }
            self.carry();
            self.erase();
            self.grant();
            self.lose(40);
        }
    }

    /// Faults stop. Everything must come to rest by itself within a few contacts.
    pub fn settle(&mut self) -> Result<(), String> {
        self.calm = true;
        self.server.revoked.clear();
        self.open();
        for round in 0..3 {
            if round == 1 {
                // A change of the record would bring back what was lost before.
                self.lose(1);
            }
            if round > 0 {
                // What is held is due to be counted, however clocks were set back; and what came whole meanwhile, with a row that was
                // lost before its last page, is due a day later.
                self.phones.iter_mut().for_each(|phone| phone.skew_ms += 50 * DAY_MS);
            }
            for index in 0..self.phones.len() {
                let events = [Event::Watching(false), Event::Online, Event::SignedIn];
                for event in events.into_iter().take(if round == 0 { 3 } else { 0 }) {
                    self.phones[index].handle(event, 0);
                }
                self.phones[index].handle(Event::Opened, 0);
                self.drain()?;
                if self.phones[index].status.is_some_and(|status| status.wait_ms.is_some()) {
                    self.phones[index].handle(Event::Tick, 0); // the time goes by
                    self.drain()?;
                }
            }
        }
        Ok(())
    }

    fn drain(&mut self) -> Result<(), String> {
        for _ in 0..20_000 {
            let busy = self.phones.iter().position(|phone| !phone.effects.is_empty());
            match busy {
                Some(index) => self.carry_out(index),
                None if !self.messages.is_empty() => self.deliver(),
                None => return Ok(()),
            }
        }
        Err("it never comes to rest".to_owned())
    }

    fn name(&mut self) -> u64 {
        self.names += 1;
        self.names
    }
}
