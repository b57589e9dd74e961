//! People are erased from records while phones hold them; and what must be true of that, computed apart from the code that is tested.

use std::collections::{BTreeMap, BTreeSet};

use sync::{
    codec,
    device::Event,
    erase::SERVER,
    wire::{
        Dot, Hash, Operation, Outcome, PullResponse, PushRequest, RecordId, RecordState, Value,
        Write,
    },
};

use super::{
    random::Random,
    server::Database,
    world::{Asked, Message, World, pair},
};

/// What is said about people: the rest of a record stays.
const PERSONAL: [&str; 5] = ["a/x", "a/y", "b/z", "photo", "row[k]/v"];

/// Where an erasure finds what it erases, apart from the record itself.
const PLACES: [&str; 11] = [
    "on a phone",
    "in an open form",
    "sealed and not sent",
    "under a former id",
    "on its way up",
    "on its way down",
    "at the repair desk",
    "beside the log",
    "in a bundle",
    "in a backup",
    "in a record that has not begun",
];

/// Every place: a campaign must have met an erasure in each.
pub fn met() -> impl Iterator<Item = String> {
    PLACES.into_iter().map(|place| pair("person erased", place))
}

/// A run in which people are erased: with random numbers of its own, so that it moves nothing in other runs.
pub struct Erasing {
    random: Random,
    /// What must not be seen any more, where.
    forbidden: BTreeSet<(RecordId, String, Value)>,
}

impl Erasing {
    pub fn of(seed: u64) -> Option<Self> {
        let random = Random::new(seed ^ 0xe4a5_ed00);
        (seed % 3 == 1).then_some(Self { random, forbidden: BTreeSet::new() })
    }
}

/// What an erasure is after.
struct Target<'a> {
    record: RecordId,
    paths: &'a BTreeSet<String>,
}

impl Target<'_> {
    fn names(&self, path: &str, value: &Value) -> bool {
        self.paths.contains(path) && *value != Value::Empty
    }

    fn is_in(&self, operation: &Operation) -> bool {
        let mut fields = operation.fields.iter();
        operation.record == self.record
            && fields.any(|(path, write)| self.names(path, &write.value))
    }

    fn is_in_bytes(&self, bytes: &[u8]) -> bool {
        codec::decode(bytes).is_ok_and(|operation| self.is_in(&operation))
    }

    fn is_in_push(&self, body: &[u8]) -> bool {
        codec::decode::<PushRequest>(body).is_ok_and(|request| {
            request.operations.iter().any(|sealed| self.is_in_bytes(&sealed.bytes))
        })
    }

    fn is_in_state(&self, state: &RecordState) -> bool {
        let mut siblings = state.fields.iter().flat_map(|(path, siblings)| {
            siblings.iter().map(move |sibling| (path, &sibling.value))
        });
        state.record == self.record && siblings.any(|(path, value)| self.names(path, value))
    }

    fn is_in_page(&self, page: &PullResponse) -> bool {
        let at_desk = page.waiting.iter().flatten().filter_map(|told| told.bytes.as_ref());
        page.records.iter().any(|state| self.is_in_state(state))
            || at_desk.into_iter().any(|bytes| self.is_in_bytes(bytes))
    }
}

impl World {
    /// Perhaps somebody asks to be erased.
    pub fn erase(&mut self) {
        let Some(erasing) = &mut self.erasing else { return };
        if !erasing.random.one_in(40) {
            return;
        }
        let database = &self.server.database;
        let kept = self.server.operations().filter(|(o, _)| o.dot.device != SERVER);
        let records: BTreeSet<RecordId> = kept.map(|(operation, _)| operation.record).collect();
        let records: Vec<RecordId> = records.into_iter().collect();
        if records.is_empty() {
            return;
        }
        // One of few, so that people are erased where somebody is at work; and some of them twice.
        let record = *erasing.random.pick(&records);
        let mut paths = BTreeSet::from([erasing.random.pick(&PERSONAL).to_string()]);
        while erasing.random.one_in(2) {
            paths.insert(erasing.random.pick(&PERSONAL).to_string());
        }
        let is_committed = !erasing.random.one_in(8);
        let is_begun = database.records.contains_key(&record);
        self.meet(&Target { record, paths: &paths }, is_begun);
        self.count("person erased");
        if !is_committed {
            self.count("erasure noted and not committed");
        }
        self.server.erase(record, &paths, is_committed);
        self.forbid(record);
    }

    fn meet(&mut self, target: &Target<'_>, is_begun: bool) {
        let mut met = [false; PLACES.len()];
        let [phone, open, sealed, former, up, down, desk, beside, bundle, backup, unbegun] =
            &mut met;
        for one in &self.phones {
            let disk = &one.disk;
            *phone |= disk.base.get(&target.record).is_some_and(|b| target.is_in_state(&b.state));
            *open |= disk.open.get(&target.record).is_some_and(|patch| {
                patch.fields.iter().any(|(path, write)| target.names(path, &write.value))
            });
            let mut unsent = disk.outbox.range(disk.state.acked + 1..);
            *sealed |= unsent.any(|(_, sealed)| target.is_in(&sealed.held.operation));
            let formers = disk.state.former().iter().chain(&disk.rescued);
            let mut operations = formers.flat_map(|former| &former.operations);
            *former |= operations.any(|sealed| target.is_in_bytes(&sealed.bytes));
        }
        for message in &self.messages {
            match message {
                Message::Request(request) => {
                    if let Asked::Push { body, .. } = &request.asked {
                        *up |= target.is_in_push(body);
                    }
                }
                Message::Reply { event, .. } => {
                    if let Event::PullReply { page: Ok(page), .. } = event {
                        *down |= target.is_in_page(page);
                    }
                }
            }
        }
        let database = &self.server.database;
        *desk = database.log.values().any(|(bytes, kept)| {
            kept.verdict.outcome == Outcome::Quarantined && target.is_in_bytes(bytes)
        });
        *beside = database.beside.values().any(|bytes| target.is_in_bytes(bytes));
        let mut bundles = self.carried.iter().flat_map(|carried| &carried.bundles);
        *bundle = bundles.any(|(_, pushes, _)| pushes.iter().any(|body| target.is_in_push(body)));
        *backup = self.server.backup.log.values().any(|(bytes, _)| target.is_in_bytes(bytes));
        *unbegun = !is_begun;
        for (place, _) in PLACES.into_iter().zip(met).filter(|(_, met)| *met) {
            *self.counters.entry(pair("person erased", place)).or_default() += 1;
        }
    }

    /// Notes what of a record must not be seen any more.
    fn forbid(&mut self, record: RecordId) {
        let history = History::of(self);
        let written = self.sealed.values().filter(|operation| operation.record == record);
        let written = written.flat_map(|operation| &operation.fields);
        let (mut gone, mut stays) = (BTreeSet::new(), BTreeSet::new());
        for (path, write) in written.filter(|(_, write)| is_unique(&write.value)) {
            let said = (record, path.clone(), write.value.clone());
            match history.saw(record, path, write) {
                Saw::Nothing => gone.insert(said),
                Saw::Everything | Saw::Perhaps => stays.insert(said),
            };
        }
        if let Some(erasing) = &mut self.erasing {
            erasing.forbidden.extend(gone.into_iter().filter(|said| !stays.contains(said)));
        }
    }

    /// An operation was sealed.
    pub fn note_sealed(&mut self, operation: &Operation) {
        if self.erasing.is_none() {
            return;
        }
        let history = History::of(self);
        let (mut again, mut gone) = (0, Vec::new());
        for (path, write) in operation.fields.iter().filter(|(_, write)| is_unique(&write.value)) {
            let is_erased = history.erasure(operation.record, path).is_some();
            match history.saw(operation.record, path, write) {
                Saw::Nothing => {
                    gone.push((operation.record, path.clone(), write.value.clone()));
                }
                Saw::Everything => again += u64::from(is_erased),
                Saw::Perhaps => {}
            }
        }
        self.erasing.iter_mut().for_each(|erasing| erasing.forbidden.extend(gone.clone()));
        self.count_times("erased field written again", again);
    }

    /// What of a record was erased, and is in it.
    pub fn erased_in(&self, state: &RecordState) -> Option<String> {
        let erasing = self.erasing.as_ref()?;
        let database = &self.server.database;
        let is_unsure = |dot: &Dot| {
            let logged = database.log.get(dot);
            let logged = logged.and_then(|(bytes, _)| codec::decode::<Operation>(bytes).ok());
            logged.is_some_and(|operation| database.is_unsure(&operation))
        };
        state.fields.iter().find_map(|(path, siblings)| {
            let is_gone = |value: &Value| {
                erasing.forbidden.contains(&(state.record, path.clone(), value.clone()))
            };
            let back = siblings.iter().find(|s| is_gone(&s.value) && !is_unsure(&s.dot))?;
            Some(format!("{path} of {}: {back:?}", state.record))
        })
    }
}

fn files_of(operation: &Operation) -> Vec<Hash> {
    let values = operation.fields.values().map(|write| &write.value);
    let hash = |value: &Value| match value {
        Value::File(file) => Some(file.hash),
        Value::Empty | Value::Text(_) => None,
    };
    values.filter_map(hash).collect()
}

/// Whether a value was written once in the whole run.
fn is_unique(value: &Value) -> bool {
    match value {
        Value::Empty => false,
        Value::Text(text) => text.starts_with("value "),
        Value::File(_) => true,
    }
}

/// How much of what was erased at a field the author of a write had seen to be gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Saw {
    /// Not all: what they wrote belongs to what was to be forgotten.
    Nothing,
    /// All; so too if nothing was erased.
    Everything,
    /// Two operations have one name, and the one saw what the other did not.
    Perhaps,
}

/// All that was ever written, as it was written.
struct History<'a> {
    written: BTreeMap<Dot, Vec<&'a Operation>>,
    erased: Vec<&'a Operation>,
}

impl<'a> History<'a> {
    fn of(world: &'a World) -> Self {
        let database = &world.server.database;
        let erased = world.server.list.iter();
        let erased: Vec<&Operation> =
            erased.filter(|erasure| database.log.contains_key(&erasure.dot)).collect();
        let mut written: BTreeMap<Dot, Vec<&Operation>> = BTreeMap::new();
        for operation in world.sealed.values().chain(erased.iter().copied()) {
            written.entry(operation.dot).or_default().push(operation);
        }
        Self { written, erased }
    }

    /// The last erasure of a field. One that was noted before it and done after it adds nothing.
    fn erasure(&self, record: RecordId, path: &str) -> Option<Dot> {
        let of_field = self.erased.iter();
        let of_field = of_field.filter(|e| e.record == record && e.fields.contains_key(path));
        of_field.map(|erasure| erasure.dot).max()
    }

    fn saw(&self, record: RecordId, path: &str, write: &Write) -> Saw {
        let Some(erasure) = self.erasure(record, path) else { return Saw::Everything };
        let (mut met, mut missed) = (false, false);
        self.follow(path, write, erasure, &mut BTreeSet::new(), &mut met, &mut missed);
        match (met, missed) {
            (false, _) => Saw::Nothing,
            (true, true) => Saw::Perhaps,
            (true, false) => Saw::Everything,
        }
    }

    /// Goes back through what was replaced: `missed` where one of several operations of one name did not come that way.
    fn follow(
        &self,
        path: &str,
        write: &Write,
        to: Dot,
        seen: &mut BTreeSet<Dot>,
        met: &mut bool,
        missed: &mut bool,
    ) {
        for over in &write.over {
            *met |= *over == to;
            if !seen.insert(*over) {
                continue;
            }
            let operations = self.written.get(over).map_or(&[][..], Vec::as_slice);
            *missed |= operations.len() > 1;
            for write in operations.iter().filter_map(|operation| operation.fields.get(path)) {
                self.follow(path, write, to, seen, met, missed);
            }
        }
    }
}

/// Each operation is kept as it was written, but for what its author wrote without having seen that it was erased.
pub fn what_was_erased_is_gone_and_nothing_else(world: &World) -> Result<(), String> {
    let database = &world.server.database;
    let history = History::of(world);
    for ((dot, _), written) in &world.sealed {
        let Some((bytes, _)) = database.log.get(dot) else { continue };
        let kept: Operation = codec::decode(bytes).map_err(|error| format!("{dot:?}: {error}"))?;
        let mut expected = written.clone();
        for (path, write) in &mut expected.fields {
            match history.saw(written.record, path, write) {
                Saw::Everything => {}
                Saw::Nothing => write.value = Value::Empty,
                Saw::Perhaps => write.value = kept.fields[path].value.clone(),
            }
        }
        if kept != expected && !database.is_unsure(&kept) {
            return Err(format!("{dot:?} is kept as {kept:?} instead of {expected:?}"));
        }
    }
    nothing_erased_lies_anywhere(world, database)
}

fn nothing_erased_lies_anywhere(world: &World, database: &Database) -> Result<(), String> {
    let Some(erasing) = &world.erasing else { return Ok(()) };
    for (record, rv) in database.records.values() {
        let stamp = sync::merge::Stamp { rv: *rv, ..sync::merge::Stamp::default() };
        if let Some(what) = world.erased_in(&record.state(stamp)) {
            return Err(format!("a record holds {what}"));
        }
    }
    for bytes in database.beside.values() {
        let Ok(operation) = codec::decode::<Operation>(bytes) else { continue };
        for (path, write) in operation.fields {
            if erasing.forbidden.contains(&(operation.record, path.clone(), write.value)) {
                return Err(format!("beside the log lies {path} of {:?}", operation.dot));
            }
        }
    }
    let named: BTreeSet<Hash> = world.server.operations().flat_map(|(o, _)| files_of(&o)).collect();
    let files = erasing.forbidden.iter().filter_map(|(_, _, value)| match value {
        Value::File(file) => Some(file.hash),
        Value::Empty | Value::Text(_) => None,
    });
    for hash in files.filter(|hash| !named.contains(hash)) {
        if database.chunks.contains_key(&hash) {
            return Err(format!("the file {hash} was erased and lies on the server"));
        }
    }
    Ok(())
}
