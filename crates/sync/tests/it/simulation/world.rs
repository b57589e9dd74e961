//! One run: what happens next is drawn, then everything calms down.

use std::collections::{BTreeMap, BTreeSet};

use sync::{
    blob::Chunks,
    bundle::{Contents, Item, OfDevice, runs},
    codec,
    device::{BlobReply, Effect, Event, Reply, WaitingBlob},
    draft::{OpenPatch, Screen},
    wire::{
        Action, DeviceId, Dot, FileRef, FormRef, Hash, Operation, Outcome, PushRequest,
        PushResponse, RecordId, SealedOperation, Value, Verdict, WIRE_VERSION,
    },
};

use super::{
    Bug, Counters, UNITS,
    erasing::Erasing,
    phone::{Phone, Sealing},
    random::Random,
    server::{Database, Server},
    shown,
};
use crate::unsealed::unsealed;

/// Situations that a campaign must have met to count.
pub const SITUATIONS: [&str; 55] = [
    "answer signed out",
    "backup taken",
    "bundle made",
    "bundle taken",
    "bundle taken again",
    "captive portal",
    "clock set back",
    "clock set on",
    "clock years off",
    "conflict",
    "erased field written again",
    "erasure done again",
    "erasure noted and not committed",
    "feed begun anew for what was missing",
    "file chunk sent",
    "form upgraded",
    "given back under a former id",
    "hidden answer held back",
    "late request of an earlier life",
    "merged",
    "operation from before an erasure emptied",
    "operation found to be from before an erasure",
    "operation freed",
    "operation quarantined",
    "operation repaired",
    "operation sealed",
    "operation set aside",
    "page committed",
    "person erased",
    "phone killed",
    "phone lost and its work gone on with",
    "phone told that a record left",
    "phone told what waits of another one",
    "profile copied",
    "profile renamed",
    "record begun twice",
    "record edited under its older form",
    "record left a unit",
    "record of another programme held back",
    "replaced what the server does not know where something was erased",
    "reply lost",
    "reply truncated",
    "request doubled",
    "request lost",
    "request reordered",
    "request truncated",
    "row lost on a phone",
    "scope changed",
    "server busy",
    "server busy and asks to wait",
    "server killed after commit",
    "server killed before commit",
    "server restored",
    "storage failed",
    "what is shown changed",
];

#[derive(Clone)]
pub enum Asked {
    Push { body: Vec<u8>, last: u64 },
    Pull { cursor: Option<String>, tally: bool },
    Blob { blob: WaitingBlob },
    Chunk { blob: WaitingBlob, chunk: u64 },
}

#[derive(Clone)]
pub struct Request {
    phone: usize,
    life: u64,
    device: DeviceId,
    ticket: u64,
    pub asked: Asked,
}

pub enum Message {
    Request(Request),
    Reply { phone: usize, life: u64, event: Event },
}

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

/// Work on its way as files.
pub struct Carried {
    random: Random,
    /// Whose account, what it is, and whether it was taken.
    ///
    /// What it is: a push for each run of operations, as the server opens it.
    pub bundles: Vec<(String, Vec<Vec<u8>>, bool)>,
}

const DAY_MS: i64 = 86_400_000;

/// What a request asks for, and which of the faults below it can meet.
const ASKED: [&str; 4] = ["push", "pull", "file asked for", "chunk"];
const ON_THE_WAY: [&str; 9] = [
    "answer signed out",
    "captive portal",
    "reply lost",
    "request doubled",
    "request lost",
    "request reordered",
    "server busy",
    "server killed after commit",
    "server killed before commit",
];
/// What a phone stores, and may fail to, or be killed right after.
const STORED: [&str; 8] = [
    "seal",
    "acknowledgement",
    "page",
    "list of files",
    "file sent",
    "new id",
    "taking over",
    "count",
];

/// Every fault in every state of the protocol: a campaign must have met each of them.
pub fn pairs() -> impl Iterator<Item = String> {
    let way = ON_THE_WAY.iter().flat_map(|fault| ASKED.map(|state| pair(fault, state)));
    let disk = ["storage failed", "phone killed"];
    let disk = disk.into_iter().flat_map(|fault| STORED.map(|state| pair(fault, state)));
    way.chain(disk).chain(["push", "pull"].map(|state| pair("reply truncated", state)))
}

pub fn pair(fault: &str, state: &str) -> String {
    format!("{fault}: {state}")
}

fn stored(effect: &Effect) -> Option<&'static str> {
    let [seal, acknowledgement, page, files, sent, id, taking_over, count] = STORED;
    match effect {
        Effect::SealAndLoadOutbox { .. } => Some(seal),
        Effect::MarkAcked { .. } => Some(acknowledgement),
        Effect::CommitPull { .. } => Some(page),
        Effect::LoadBlobs => Some(files),
        Effect::MarkBlobSent { .. } => Some(sent),
        Effect::Rekey { .. } => Some(id),
        Effect::TakeOver => Some(taking_over),
        Effect::Count => Some(count),
        _ => None,
    }
}

impl Request {
    fn state(&self) -> &'static str {
        let [push, pull, blob, chunk] = ASKED;
        match self.asked {
            Asked::Push { .. } => push,
            Asked::Pull { .. } => pull,
            Asked::Blob { .. } => blob,
            Asked::Chunk { .. } => chunk,
        }
    }
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

    /// Which of them are something that went wrong.
    pub fn is_fault(situation: &str) -> bool {
        const FAULTS: [&str; 20] = [
            "answer signed out",
            "captive portal",
            "clock set back",
            "clock set on",
            "clock years off",
            "late request of an earlier life",
            "phone killed",
            "profile copied",
            "reply lost",
            "reply truncated",
            "request doubled",
            "request lost",
            "request reordered",
            "request truncated",
            "row lost on a phone",
            "server busy",
            "server killed after commit",
            "server killed before commit",
            "server restored",
            "storage failed",
        ];
        FAULTS.contains(&situation)
    }

    pub fn count(&mut self, name: &'static str) {
        *self.counters.entry(name.to_owned()).or_default() += 1;
    }

    pub fn count_times(&mut self, name: &'static str, times: u64) {
        if times > 0 {
            *self.counters.entry(name.to_owned()).or_default() += times;
        }
    }

    /// Something that went wrong, and where.
    fn count_at(&mut self, fault: &'static str, state: &'static str) {
        self.count(fault);
        *self.counters.entry(pair(fault, state)).or_default() += 1;
    }

    fn name(&mut self) -> u64 {
        self.names += 1;
        self.names
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

    /// A row may not be on a phone's disk any more, whoever is to blame.
    fn lose(&mut self, once_in: usize) {
        let phones = self.phones.len();
        let Some(losing) = &mut self.losing else { return };
        let (draw, index) = (losing.below(once_in), losing.below(phones));
        let base = &mut self.phones[index].disk.base;
        if draw == 0 && !base.is_empty() {
            let records: Vec<RecordId> = base.keys().copied().collect();
            base.remove(losing.pick(&records));
            self.count("row lost on a phone");
        }
    }

    /// A clock is set, forwards or backwards.
    fn jump(&mut self, index: usize) {
        let by =
            *self.random.pick(&[-7_300 * DAY_MS, -DAY_MS, -3_600_000, 3_600_000, 900 * DAY_MS]);
        self.count(if by < 0 { "clock set back" } else { "clock set on" });
        self.phones[index].skew_ms += by;
    }

    /// The form gets a new version; records and drafts keep theirs.
    fn publish(&mut self) {
        self.count("form upgraded");
        self.version = if self.version == "1" { "2" } else { "1" };
    }

    fn edit(&mut self, index: usize) {
        let id = self.choose_record(index);
        let is_new = self.phones[index].view(id).is_none();
        let reopen = self.phones[index].form.as_ref().is_none_or(|(open, _)| *open != id);
        if reopen || self.random.one_in(4) {
            let view = self.phones[index].view(id);
            let screen = view.map(|view| view.screen()).unwrap_or_default();
            self.phones[index].form = Some((id, screen));
        }
        let paths = ["a/x", "a/y", "b/z", "row[k]", "row[k]/v", "photo", "_state"];
        let path = *self.random.pick(&paths);
        let name = self.name();
        let value = match (path, self.random.below(8)) {
            ("photo", _) => self.photo(index, name),
            ("_state", _) if is_new => return,
            ("_state", draw) => {
                Value::Text(["returned", "approved", "withdrawn"][draw % 3].to_owned())
            }
            (_, 0) => Value::Empty,
            (_, 1) => Value::Text("the same".to_owned()),
            _ => Value::Text(format!("value {name}")),
        };
        let unit = self.choose_unit(index);
        let version = if self.random.one_in(20) { "lost" } else { self.version };
        let id_of_form = self.choose_form(index).to_owned();
        let form = FormRef { id: id_of_form, version: version.to_owned(), hash: Hash([7; 32]) };

        let phone = &mut self.phones[index];
        let (_, screen) = phone.form.clone().unwrap_or((id, Screen::default()));
        let known = phone.view(id).map(|view| (view.form, view.unit));
        let (form, unit) = known.unwrap_or((form, unit));
        let is_older = form.version != self.version && form.version != "lost";
        let account = phone.account.clone();
        let patch = phone.disk.open.entry(id);
        let patch = patch.or_insert_with(|| OpenPatch::new(id, form, unit, account, &screen));
        patch.put(path, value.clone(), &screen);
        phone.typed.insert((id, path.to_owned()), value);

        if is_older {
            self.count("record edited under its older form");
        }
        let random = self.random.next();
        if self.random.one_in(3) && path != "_state" {
            let actions = [Action::Submit, Action::Submit, Action::Delete, Action::Undelete];
            let action = *self.random.pick(&actions);
            let sealed = self.phones[index].seal(id, Some(action)).into_iter().collect();
            self.note(Sealing { sealed, ..Sealing::default() });
            self.phones[index].handle(Event::Asked, random);
        } else {
            self.phones[index].handle(Event::Edited, random);
        }
    }

    fn choose_record(&mut self, index: usize) -> RecordId {
        let known = self.phones[index].known_records();
        if known.is_empty() || (self.random.one_in(5) && known.len() < 6) {
            if self.twice
                && self.random.one_in(2)
                && let Some(id) = self.choose_begun(&known)
            {
                self.count("record begun twice");
                return id;
            }
            let mut id = [0; 16];
            id[8..].copy_from_slice(&self.name().to_be_bytes());
            return RecordId(id);
        }
        match &self.phones[index].form {
            Some((open, _)) if !self.random.one_in(3) => *open,
            _ => *self.random.pick(&known),
        }
    }

    /// A record that others began and this phone knows nothing of.
    fn choose_begun(&mut self, known: &[RecordId]) -> Option<RecordId> {
        let begun: BTreeSet<RecordId> =
            self.sealed.values().map(|operation| operation.record).collect();
        let begun: Vec<RecordId> = begun.into_iter().filter(|id| !known.contains(id)).collect();
        (!begun.is_empty()).then(|| *self.random.pick(&begun))
    }

    /// Mostly one of the person's own.
    fn choose_unit(&mut self, index: usize) -> String {
        let scope = &self.server.scopes[&self.phones[index].account];
        let own: Vec<String> = scope.iter().cloned().collect();
        if own.is_empty() || self.random.one_in(10) {
            return (*self.random.pick(&UNITS)).to_owned();
        }
        self.random.pick(&own).clone()
    }

    fn photo(&mut self, index: usize, name: u64) -> Value {
        let size = self.random.next() % (2 * sync::blob::CHUNK_SIZE) + 1;
        let hash = codec::hash(&name.to_be_bytes());
        self.phones[index].keep(hash, size);
        let media_type = "image/jpeg".to_owned();
        Value::File(FileRef { name: format!("{name}.jpg"), media_type, size, hash })
    }

    fn note(&mut self, sealing: Sealing) {
        for sealed in sealing.freed.values() {
            self.count("operation freed");
            let (dot, hash) = (sealed.held.operation.dot, codec::hash(&sealed.bytes));
            let in_backup = self.server.backup.log.get(&dot);
            let is_safe = in_backup.is_some_and(|(_, kept)| kept.hash == hash);
            assert!(is_safe, "{dot:?} was freed and is in no backup");
        }
        for operation in sealing.unsealed {
            let key = (operation.dot, codec::hash(&codec::encode(&operation)));
            // A copied profile's twin may hold the very same operation.
            let is_twins = |phone: &Phone| {
                let held = phone.disk.outbox.get(&operation.dot.seq);
                held.is_some_and(|sealed| sealed.held.operation == operation)
            };
            if !self.phones.iter().any(is_twins) {
                self.sealed.remove(&key);
            }
            self.count("profile renamed");
        }
        for operation in sealing.sealed {
            self.note_sealed(&operation);
            let key = (operation.dot, codec::hash(&codec::encode(&operation)));
            self.sealed.insert(key, operation);
            self.count("operation sealed");
        }
    }

    fn carry_out(&mut self, index: usize) {
        let Some(effect) = self.phones[index].effects.pop_front() else { return };
        let random = self.random.next();
        let asked = match effect {
            Effect::Push { ticket, body } => {
                let request: PushRequest = codec::decode(&body).expect("our own request");
                let is_own = request.device == self.phones[index].disk.state.device;
                if !is_own && !request.operations.is_empty() {
                    self.count("given back under a former id");
                }
                let last = request.operations.last().map_or(0, |last| last.seq);
                (ticket, Asked::Push { body, last })
            }
            Effect::Pull { ticket, cursor, tally, .. } => {
                assert_eq!(cursor, self.phones[index].read, "it goes on where it had not come to");
                (ticket, Asked::Pull { cursor, tally })
            }
            Effect::AskBlob { ticket, blob } => (ticket, Asked::Blob { blob }),
            Effect::SendChunk { ticket, blob, chunk } => (ticket, Asked::Chunk { blob, chunk }),
            effect => {
                if let Effect::CommitPull { page, .. } = &effect {
                    self.count("page committed");
                    if page.records.rows().any(|row| row.rest().left) {
                        self.count("phone told that a record left");
                    }
                    if !page.waiting.is_empty() {
                        self.count("phone told what waits of another one");
                    }
                }
                let known = &self.phones[index].disk.state.cursor;
                if let Effect::MarkAcked { state, .. } = &effect
                    && known.is_some()
                    && state.cursor.is_none()
                {
                    self.count("feed begun anew for what was missing");
                }
                // A phone hardly ever takes a new id: that storage fails then is to be met all the same.
                let is_rare = self.fleet && matches!(effect, Effect::Rekey { .. });
                let fails = !self.calm && self.random.one_in(if is_rare { 3 } else { 60 });
                if fails && let Some(state) = stored(&effect) {
                    self.count_at("storage failed", state);
                    if self.mishandled(index, &effect) {
                        return;
                    }
                    return self.phones[index].handle(Event::StorageFailed, random);
                }
                let state = stored(&effect);
                let name = self.name();
                let mut fresh = [0xee; 16];
                fresh[8..].copy_from_slice(&name.to_be_bytes());
                let sealing = self.phones[index].carry_out(effect, DeviceId(fresh), random);
                self.note(sealing);
                if !self.calm && self.random.one_in(25) {
                    if let Some(state) = state {
                        *self.counters.entry(pair("phone killed", state)).or_default() += 1;
                    }
                    self.kill_phone(index);
                }
                return;
            }
        };
        let phone = &self.phones[index];
        let device = phone.disk.state.device;
        let (ticket, asked) = asked;
        let request = Request { phone: index, life: phone.life, device, ticket, asked };
        self.messages.push(Message::Request(request));
    }

    /// Planted: what others made of storage that failed. Whether nothing more is told.
    fn mishandled(&mut self, index: usize, effect: &Effect) -> bool {
        let phone = &mut self.phones[index];
        match (self.bug, effect) {
            (Some(Bug::FailedPageSkipped), Effect::CommitPull { state, .. }) => {
                let random = self.random.next();
                phone.disk.state = state.clone();
                let waiting = phone.waiting();
                phone.handle(Event::Stored(waiting), random);
                true
            }
            (Some(Bug::BatchBegunAgain), Effect::CommitPull { .. }) => {
                phone.disk.state.cursor = None;
                phone.kill();
                phone.handle(Event::Opened, 0);
                true
            }
            (Some(Bug::LetGoThoughNotStored), Effect::MarkAcked { state, .. }) => {
                phone.disk.outbox.retain(|seq, _| *seq > state.acked);
                false
            }
            _ => false,
        }
    }

    /// One message arrives, or does not.
    fn deliver(&mut self) {
        if self.messages.is_empty() {
            return;
        }
        let at = if self.calm { 0 } else { self.random.below(self.messages.len()) };
        let message = self.messages.remove(at);
        if at > 0
            && let Message::Request(request) = &message
        {
            self.count_at("request reordered", request.state());
        }
        match message {
            Message::Reply { phone, life, event } => {
                let random = self.random.next();
                if self.phones[phone].life == life {
                    self.phones[phone].handle(event, random);
                }
            }
            Message::Request(request) => self.deliver_request(request),
        }
    }

    fn deliver_request(&mut self, mut request: Request) {
        if request.life != self.phones[request.phone].life {
            self.count("late request of an earlier life");
        }
        let fault = if self.calm { 99 } else { self.random.below(36) };
        match fault {
            0 | 1 => {
                self.count_at("request lost", request.state());
                return self.reply(&request, Reply::Unreachable);
            }
            2 | 3 => {
                self.count_at("request doubled", request.state());
                self.messages.push(Message::Request(request.clone()));
            }
            4 => {
                self.count_at("captive portal", request.state());
                return self.reply(&request, Reply::NotOurServer);
            }
            5 => {
                self.count_at("answer signed out", request.state());
                if self.bug == Some(Bug::SignedOutWipes) {
                    let disk = &mut self.phones[request.phone].disk;
                    let acked = disk.state.acked;
                    disk.outbox.retain(|seq, _| *seq <= acked);
                    disk.open.clear();
                }
                return self.reply(&request, Reply::SignedOut);
            }
            6 => {
                self.count_at("server busy", request.state());
                let retry_after_ms = self.asks_to_wait.then_some(5_000);
                if self.asks_to_wait {
                    self.count("server busy and asks to wait");
                }
                let busy = Reply::Refused { status: 503, retry_after_ms };
                return self.reply(&request, busy);
            }
            7 | 8 => {
                if let Asked::Push { body, .. } = &mut request.asked {
                    body.truncate(self.random.below(body.len()));
                    self.count("request truncated");
                }
            }
            _ => {}
        }
        if fault == 9 {
            self.count_at("server killed before commit", request.state());
            if let Some(bug @ (Bug::WatermarkAlone | Bug::TornTailTrusted)) = self.bug
                && let Asked::Push { body, .. } = &request.asked
            {
                let account = self.phones[request.phone].account.clone();
                let pushed = self.server.push(&account, body);
                match pushed.map(|(database, _)| database) {
                    Some(database) if bug == Bug::TornTailTrusted => {
                        self.server.database.take_half(database);
                    }
                    Some(database) => self.server.database.acked = database.acked,
                    None => {}
                }
            }
            self.open();
            return self.reply(&request, Reply::Unreachable);
        }
        let answer = self.serve(&request);
        match (fault, answer) {
            (10, _) => {
                self.count_at("server killed after commit", request.state());
                self.open();
                self.reply(&request, Reply::Unreachable);
            }
            (11 | 12, _) => {
                self.count_at("reply lost", request.state());
                self.reply(&request, Reply::Unreachable);
            }
            (13 | 14, Served::Reply(Reply::Body(mut body))) => {
                self.count_at("reply truncated", request.state());
                body.truncate(self.random.below(body.len()));
                self.reply(&request, Reply::Body(body));
            }
            (_, Served::Reply(reply)) => self.reply(&request, reply),
            (_, Served::Blob(reply)) => {
                let Request { phone, life, ticket, .. } = request;
                let event = Event::BlobReply { ticket, reply };
                self.messages.push(Message::Reply { phone, life, event });
            }
        }
    }

    fn reply(&mut self, request: &Request, mut reply: Reply) {
        let Request { phone, life, ticket, .. } = *request;
        let event = match &request.asked {
            Asked::Push { last, body } => {
                let is_success = matches!(reply, Reply::Body(_) | Reply::NotOurServer);
                let is_refusal = matches!(reply, Reply::Refused { .. });
                match self.bug {
                    Some(Bug::StatusTrusted) if is_success => {
                        reply = Reply::Body(self.presumed(*last));
                    }
                    Some(Bug::RefusalForgotten) if is_refusal => {
                        reply = Reply::Body(self.presumed(*last));
                    }
                    Some(Bug::ErrorsNotRetried) if is_refusal => {
                        let sent: Option<PushRequest> = codec::decode(body).ok();
                        let seqs = sent.into_iter().flat_map(|sent| sent.operations);
                        self.phones[phone].errors.extend(seqs.map(|sealed| sealed.seq));
                    }
                    _ => {}
                }
                Event::PushReply { ticket, reply }
            }
            Asked::Pull { .. } => Event::PullReply { ticket, page: reply.page() },
            Asked::Blob { .. } | Asked::Chunk { .. } => {
                Event::BlobReply { ticket, reply: BlobReply::Failed(reply) }
            }
        };
        self.messages.push(Message::Reply { phone, life, event });
    }

    /// What a phone that trusts status codes makes of any success.
    fn presumed(&self, last: u64) -> Vec<u8> {
        let verdict =
            |seq| Verdict { seq, outcome: Outcome::Applied, reason: None, set_aside: None };
        codec::encode(&PushResponse {
            version: WIRE_VERSION,
            epoch: self.server.epoch,
            acked: last,
            safe: 0,
            verdicts: (1..=last).map(verdict).collect(),
            server_ms: 0,
            missing_blobs: Vec::new(),
        })
    }

    fn serve(&mut self, request: &Request) -> Served {
        let account = self.phones[request.phone].account.clone();
        match &request.asked {
            Asked::Push { body, .. } => match self.server.push(&account, body) {
                Some((database, response)) => {
                    self.commit(database, &response);
                    Served::Reply(Reply::Body(codec::encode(&response)))
                }
                None => Served::Reply(Reply::Refused { status: 400, retry_after_ms: None }),
            },
            Asked::Pull { cursor, tally } => {
                let device = match self.bug {
                    Some(Bug::AnsweredForTheSession) => self.phones[request.phone].session,
                    _ => request.device,
                };
                let page = self.server.pull(&account, device, cursor.as_deref(), *tally);
                self.check_page(&account, &page.records);
                // Some phones have an app that knows nothing of columns, some one that knows nothing of words.
                let page = match request.phone % 3 {
                    0 => page.in_columns().by_words(),
                    1 => page,
                    _ => page.in_columns(),
                };
                Served::Reply(Reply::Body(codec::encode(&page)))
            }
            Asked::Blob { blob } => {
                if self.server.database.erased_files.contains(&blob.hash) {
                    return Served::Blob(BlobReply::Missing(Chunks::default().to_string()));
                }
                let held = self.server.database.chunks.get(&blob.hash).cloned().unwrap_or_default();
                Served::Blob(BlobReply::Missing(Chunks::missing(blob.size, held).to_string()))
            }
            Asked::Chunk { blob, chunk } => {
                self.count("file chunk sent");
                if self.server.database.erased_files.contains(&blob.hash) {
                    return Served::Blob(BlobReply::Taken);
                }
                self.server.database.chunks.entry(blob.hash).or_default().insert(*chunk);
                Served::Blob(BlobReply::Taken)
            }
        }
    }

    fn commit(&mut self, database: Database, response: &PushResponse) {
        if database.left.len() > self.server.database.left.len() {
            self.count("record left a unit");
        }
        let before = &self.server.database;
        let emptied = database.emptied - before.emptied;
        let unsure = database.unsure - before.unsure;
        let later = database.emptied_later - before.emptied_later;
        self.count_times("operation from before an erasure emptied", emptied);
        self.count_times("operation found to be from before an erasure", later);
        self.count_times(
            "replaced what the server does not know where something was erased",
            unsure,
        );
        self.server.commit(database);
        for verdict in &response.verdicts {
            match verdict.outcome {
                Outcome::Applied => {}
                Outcome::Merged => self.count("merged"),
                Outcome::Conflict => self.count("conflict"),
                Outcome::Quarantined => self.count("operation quarantined"),
            }
        }
    }

    fn outside_event(&mut self, index: usize) {
        let event = match self.random.below(7) {
            0 => Event::Online,
            1 => Event::Offline,
            2 => Event::Watching(true),
            3 => Event::Watching(false),
            4 => Event::SignedIn,
            _ => Event::Opened,
        };
        let random = self.random.next();
        self.phones[index].handle(event, random);
    }

    fn timer(&mut self, index: usize) {
        let random = self.random.next();
        if std::mem::take(&mut self.phones[index].timer) {
            self.phones[index].handle(Event::Tick, random);
        }
    }

    fn kill_phone(&mut self, index: usize) {
        self.count("phone killed");
        self.phones[index].kill();
        let random = self.random.next();
        self.phones[index].handle(Event::Opened, random);
    }

    fn backup(&mut self) {
        self.count("backup taken");
        self.server.back_up();
    }

    fn restore(&mut self) {
        self.count("server restored");
        let again = self.server.restore();
        self.count_times("erasure done again", again as u64);
    }

    /// The server starts anew.
    fn open(&mut self) {
        let again = self.server.open();
        self.count_times("erasure done again", again as u64);
    }

    fn repair(&mut self) {
        let waiting = self.server.waiting();
        if waiting.is_empty() {
            return;
        }
        let before = self.server.database.left.len();
        let applied = self.server.settle(*self.random.pick(&waiting));
        if self.server.database.left.len() > before {
            self.count("record left a unit");
        }
        self.count(if applied { "operation repaired" } else { "operation set aside" });
    }

    fn change_scope(&mut self) {
        self.count("scope changed");
        let accounts: Vec<String> = self.server.scopes.keys().cloned().collect();
        let account = self.random.pick(&accounts).clone();
        let unit = *self.random.pick(&UNITS);
        self.server.change_scope(&account, unit);
        if self.random.one_in(6) && !self.server.revoked.remove(&account) {
            self.server.revoked.insert(account);
        }
    }

    /// Somebody makes a bundle, brings one, or loses a phone and goes on from its rescue file.
    fn carry(&mut self) {
        let phones = self.phones.len();
        let Some(carried) = &mut self.carried else { return };
        let (draw, index) = (carried.random.below(120), carried.random.below(phones));
        let bring =
            (!carried.bundles.is_empty()).then(|| carried.random.below(carried.bundles.len()));
        match (draw, bring) {
            (0..4, _) => self.make_bundle(index),
            (4..10, Some(bundle)) => self.bring_bundle(bundle),
            (10, _) => self.go_on_elsewhere(index),
            _ => {}
        }
    }

    /// As the phone makes one: what it has not sent is sealed first, and all goes along that is in no backup.
    fn make_bundle(&mut self, index: usize) {
        let phone = &mut self.phones[index];
        let open: Vec<RecordId> = phone.disk.open.keys().copied().collect();
        let sealed = open.into_iter().filter_map(|id| phone.seal(id, None)).collect();
        let state = &phone.disk.state;
        let safe = state.acked.min(state.safe);
        let held = phone.disk.outbox.range(safe + 1..);
        let operations =
            held.map(|(seq, sealed)| SealedOperation { seq: *seq, bytes: sealed.bytes.clone() });
        let contents = Contents { account: phone.account.clone(), device_name: String::new() };
        let mut items = vec![Item::Contents(contents)];
        items.extend(runs(state.device, operations));
        let mut pushes: Vec<PushRequest> = Vec::new();
        for item in unsealed(&items) {
            match (item, pushes.last_mut()) {
                (Item::Device(OfDevice { device, oldest }), _) => pushes.push(PushRequest {
                    version: WIRE_VERSION,
                    device,
                    epoch: None,
                    operations: Vec::new(),
                    oldest,
                    unsent: None,
                }),
                (Item::Operation(operation), Some(push)) => push.operations.push(operation),
                _ => {}
            }
        }
        let pushes = pushes.iter().map(codec::encode).collect();
        let bundle = (phone.account.clone(), pushes, false);
        self.note(Sealing { sealed, ..Sealing::default() });
        self.count("bundle made");
        self.carried.iter_mut().for_each(|carried| carried.bundles.push(bundle.clone()));
    }

    fn bring_bundle(&mut self, bundle: usize) {
        let Some(carried) = &mut self.carried else { return };
        let (account, pushes, taken) = &mut carried.bundles[bundle];
        let (account, pushes) = (account.clone(), pushes.clone());
        let again = std::mem::replace(taken, true);
        self.count(if again { "bundle taken again" } else { "bundle taken" });
        for body in pushes {
            if let Some((database, response)) = self.server.push(&account, &body) {
                self.commit(database, &response);
            }
        }
    }

    fn go_on_elsewhere(&mut self, index: usize) {
        self.count("phone lost and its work gone on with");
        let rescued = self.phones[index].rescue();
        let name = self.name();
        let mut fresh = [0xdd; 16];
        fresh[8..].copy_from_slice(&name.to_be_bytes());
        self.phones[index] = self.phones[index].gone_on_with(rescued, DeviceId(fresh));
        self.phones[index].handle(Event::Opened, 0);
    }

    fn copy_profile(&mut self, index: usize) {
        if self.phones.len() < 6 {
            self.count("profile copied");
            let copy = self.phones[index].copy();
            self.phones.push(copy);
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
}

enum Served {
    Reply(Reply),
    Blob(BlobReply),
}
