//! What a person does in two tabs while a sync runs, others write and a copy of the phone turns up: whatever comes between two
//! turns of it, nothing is lost, done twice, or in conflict with oneself.

use std::{collections::BTreeMap, future::poll_fn, sync::Arc};

use form::{NodeId, NodeKind};
use futures::{
    StreamExt,
    executor::block_on,
    future::LocalBoxFuture,
    lock::Mutex,
    stream::FuturesUnordered,
    task::{Context, Poll, noop_waker},
};
use sync::{
    codec,
    device::{BlobReply, Former, MAX_PUSH_BYTES, Reply, WaitingBlob},
    push::MAX_OPERATIONS,
    wire::{Action, DeviceId, Dot, FormRef, Hash, SealedOperation, State, Value, field},
};

use self::server::{ACCOUNT, Server, UNIT};
use super::*;
use crate::{
    platform::{
        storage::{
            Change, Store,
            schema::{Key, PACK, meta},
        },
        tasks::next_turn,
    },
    stores::{Door, FormEntry, record_id, records::RecordSummary, space},
};

mod server;
mod single;

const FORM: &str = r#"<?xml version="1.0"?>
<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml" xmlns:orx="http://openrosa.org/xforms">
  <h:head>
    <h:title>Phiếu</h:title>
    <model>
      <instance><data id="f" version="1"><a/><b/><c/><d/><anh/><orx:meta><orx:instanceID/></orx:meta></data></instance>
    </model>
  </h:head>
  <h:body>
    <input ref="/data/a"><label>A</label></input>
    <input ref="/data/b"><label>B</label></input>
    <input ref="/data/c"><label>C</label></input>
    <input ref="/data/d"><label>D</label></input>
    <upload ref="/data/anh" mediatype="image/*"><label>Ảnh</label></upload>
  </h:body>
</h:html>"#;

/// The questions that are answered in each tab: nobody answers one twice at once.
const QUESTIONS: [&[&str]; 2] = [&["a", "b", "anh"], &["c"]];
/// What somebody else answers.
const THEIRS: &str = "d";

/// Numbers that look random (`splitmix64`), the same from the same seed.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    fn one_in(&mut self, chances: usize) -> bool {
        self.below(chances) == 0
    }
}

/// A page of the app.
#[derive(Clone, Copy)]
struct Tab {
    storage: StoredValue<Storage, LocalStorage>,
    records: Records,
    library: Library,
    sign_in: SignIn,
    open_forms: OpenForms,
}

impl Tab {
    async fn open(storage: &Storage) -> Self {
        let records = Records::load(storage.clone()).await.expect("memory reads");
        records.load_others().await.expect("memory reads");
        let sign_in = SignIn::load(storage.clone(), Door::new()).await;
        let sign_in = sign_in.expect("memory reads");
        let library = Library::load(storage.clone()).await.expect("memory reads");
        let open_forms =
            OpenForms::load(Owner::new(), storage.clone(), library, records, sign_in).await;
        let open_forms = open_forms.expect("memory reads");
        Self {
            storage: StoredValue::new_local(storage.clone()),
            records,
            library,
            sign_in,
            open_forms,
        }
    }

    fn runner(self) -> (Runner, mpsc::UnboundedReceiver<Event>) {
        Runner::new(
            self.storage.get_value(),
            self.records,
            self.library,
            self.sign_in,
            SyncStatus::new(),
            self.open_forms,
            Channel::closed(),
        )
    }
}

fn question(entry: FormEntry, name: &str) -> NodeId {
    let is_it = |node: &NodeId| {
        let state = entry.node(*node).get_untracked();
        matches!(state.kind, NodeKind::Question(_)) && state.name == name
    };
    let among = entry.children(entry.root()).get_untracked();
    among.into_iter().find(is_it).expect("the form asks it")
}

/// Everything that there is, and what was promised.
struct World {
    tabs: [Tab; 2],
    /// The tab that holds it syncs.
    lock: Mutex<()>,
    server: RefCell<Server>,
    random: RefCell<Random>,
    form: FormRef,
    made: RefCell<Vec<RecordId>>,
    /// What was answered last.
    answered: RefCell<BTreeMap<(RecordId, &'static str), Value>>,
    /// How often the app said that something was done.
    done: RefCell<BTreeMap<(RecordId, Action), usize>>,
    /// Whether some requests do not reach the server, and some answers not the phone.
    is_flaky: Cell<bool>,
    /// How many copies of the phone may still turn up.
    copies: Cell<usize>,
    /// Whether a tab may take the lead of one that is in the midst of it.
    overtakes: bool,
}

impl World {
    async fn new(seed: u64) -> Self {
        let storage = Storage::in_memory();
        let hash = codec::hash(FORM.as_bytes());
        let pack = Hash([9; 32]);
        let described =
            format!(r#"{{"hash":"{pack}","forms":[{{"id":"f","version":"1","hash":"{hash}"}}]}}"#);
        let profile = format!(
            r#"{{"account":"{ACCOUNT}","name":"An","role":"coordinator","unit":"{UNIT}","scope":["{UNIT}"]}}"#
        );
        storage
            .write(vec![
                Change::Put(Store::Pack, PACK.into(), described.into_bytes()),
                Change::Put(Store::Forms, hash.into(), FORM.as_bytes().to_vec()),
                Change::Put(Store::Meta, meta::PROFILE.into(), profile.into_bytes()),
            ])
            .await
            .expect("memory stores");
        Self {
            tabs: [Tab::open(&storage).await, Tab::open(&storage).await],
            lock: Mutex::new(()),
            server: RefCell::new(Server::new(pack)),
            random: RefCell::new(Random(seed)),
            form: FormRef { id: "f".to_owned(), version: "1".to_owned(), hash },
            made: RefCell::default(),
            answered: RefCell::default(),
            done: RefCell::default(),
            is_flaky: Cell::new(false),
            copies: Cell::new((seed % 3) as usize),
            overtakes: seed % 4 == 3,
        }
    }

    fn below(&self, end: usize) -> usize {
        self.random.borrow_mut().below(end)
    }

    fn one_in(&self, chances: usize) -> bool {
        self.random.borrow_mut().one_in(chances)
    }

    fn any_record(&self) -> Option<RecordId> {
        let made = self.made.borrow();
        (!made.is_empty()).then(|| made[self.below(made.len())])
    }

    async fn pause(&self, most: usize) {
        for _ in 0..self.below(most) {
            next_turn().await;
        }
    }

    /// Answers a question, and says so when it is saved.
    async fn answer(&self, tab: usize, entry: FormEntry) {
        let mut name = QUESTIONS[tab][self.below(QUESTIONS[tab].len())];
        // Files are named by the time, and here it stands still.
        if self.answered.borrow().contains_key(&(entry.record(), "anh")) {
            name = QUESTIONS[tab][0];
        }
        let text = self.random.borrow_mut().next().to_string();
        let value = if name == "anh" {
            let coming = entry.file_comes(question(entry, name)).expect("open");
            let attached = entry.give(coming, "a.jpg", "image/jpeg", text.as_bytes());
            Value::File(attached.await.expect("memory stores"))
        } else {
            entry.answer(question(entry, name), &text);
            Value::Text(text)
        };
        self.answered.borrow_mut().insert((entry.record(), name), value);
        // Else the next save has it, or that of whoever closes the form.
        if !self.one_in(3) {
            entry.save_now().await.expect("memory stores");
        }
    }

    fn did(&self, record: RecordId, action: Action) {
        *self.done.borrow_mut().entry((record, action)).or_default() += 1;
    }

    /// Something that a person does in a tab.
    async fn act(&self, at: usize) {
        let tab = self.tabs[at];
        let Some(record) = self.any_record().filter(|_| !self.one_in(5)) else {
            let entry = tab.open_forms.start(&self.form.hash.to_string(), UNIT).await;
            let entry = entry.expect("the form is here");
            entry.answer(question(entry, QUESTIONS[at][0]), "đầu");
            entry.save_now().await.expect("memory stores");
            self.made.borrow_mut().push(entry.record());
            let begun = (entry.record(), QUESTIONS[at][0]);
            self.answered.borrow_mut().insert(begun, Value::Text("đầu".to_owned()));
            return self.follow(at, entry.record()).await;
        };
        match self.below(9) {
            0 => {
                let entry = tab.open_forms.open(record).await.expect("a record");
                entry.submit().await.expect("nothing is required");
                self.did(record, Action::Submit);
            }
            1 => {
                tab.records.delete(record).await.expect("memory stores");
                self.did(record, Action::Delete);
            }
            2 => {
                tab.records.undelete(record).await.expect("memory stores");
                self.did(record, Action::Undelete);
            }
            3 => {
                let shown = tab.records.view(record).await.expect("memory reads");
                let shown = shown.expect("a record");
                self.pause(6).await;
                let state = Value::Text(State::Approved.name().to_owned());
                let values = BTreeMap::from([(field::STATE.to_owned(), state)]);
                let settled = tab.records.settle(&shown, values, Action::Resolve).await;
                settled.expect("memory stores");
                self.did(record, Action::Resolve);
            }
            _ => {
                let entry = tab.open_forms.open(record).await.expect("a record");
                for _ in 0..=self.below(3) {
                    self.answer(at, entry).await;
                    self.pause(8).await;
                }
            }
        }
        self.follow(at, record).await;
    }

    /// A record with one answer, sealed.
    async fn seal_one(&self, tab: Tab) -> FormEntry {
        let form = self.form.hash.to_string();
        let entry = tab.open_forms.start(&form, UNIT).await.expect("the form is here");
        entry.answer(question(entry, "a"), "1");
        tab.open_forms.save_all().await.expect("memory stores");
        tab.records.seal_all().await.expect("memory stores");
        entry
    }

    /// What the app does some time after a change.
    async fn follow(&self, at: usize, record: RecordId) {
        let (here, there) = (self.tabs[at].records, self.tabs[1 - at].records);
        here.refresh(&sync::gather([record])).await.expect("memory reads");
        there.reload().await.expect("memory reads");
    }

    /// Something that nobody on this phone does.
    fn happen(&self) {
        let mut server = self.server.borrow_mut();
        match self.below(8) {
            0 if self.copies.get() > 0 => {
                self.copies.set(self.copies.get() - 1);
                let device = self.tabs[0].records.device().device;
                server.copy_writes(device, record_id::new(), self.form.clone());
            }
            1 | 2 => {
                if let Some(record) = self.any_record() {
                    let text = self.random.borrow_mut().next().to_string();
                    server.somebody_writes(record, THEIRS, text);
                }
            }
            _ => server.back_up(),
        }
    }

    /// Syncs in a tab until nothing is left to do, or the network is gone.
    async fn sync(&self, at: usize) {
        let tab = self.tabs[at];
        // A tab that the system stopped is overtaken in the midst of it.
        let _leader = match self.overtakes && self.one_in(4) {
            true => None,
            false => Some(self.lock.lock().await),
        };
        let (runner, mut incoming) = tab.runner();
        let mut machine = runner.begin().await.expect("memory reads");
        let mut under_way = FuturesUnordered::new();
        runner.tell(Event::Opened);
        loop {
            while let Ok(event) = incoming.try_recv() {
                for effect in machine.handle(event, clock::now_ms(), 1) {
                    under_way.push(self.carry_out(runner.clone(), effect));
                }
            }
            if under_way.next().await.is_none() {
                break;
            }
        }
        runner.show_pulled().await.expect("memory reads");
        assert!(machine.is_idle() || runner.events.is_closed(), "{machine:?}");
        self.tabs[1 - at].records.reload().await.expect("memory reads");
    }

    async fn carry_out(&self, runner: Runner, effect: Task) {
        let is_lost = || self.is_flaky.get() && self.one_in(5);
        let device = runner.records.device().device;
        let event = match effect {
            Task::Push { ticket, body } => {
                let mut reply = Reply::Unreachable;
                if !is_lost() {
                    let request = codec::decode(&body).expect("a request");
                    let answer = self.server.borrow_mut().push(request);
                    runner.load_next().await;
                    reply = if is_lost() { reply } else { Reply::Body(answer) };
                }
                Event::PushReply { ticket, reply }
            }
            Task::Pull { ticket, cursor, .. } => {
                next_turn().await;
                let page = self.server.borrow().pull(device, cursor.as_deref());
                next_turn().await;
                let page = if is_lost() { Err(Reply::Unreachable) } else { Ok(Box::new(page)) };
                Event::PullReply { ticket, page }
            }
            Task::AskBlob { ticket, blob } => {
                self.server.borrow_mut().take_file(blob.hash);
                next_turn().await;
                Event::BlobReply { ticket, reply: BlobReply::Missing(String::new()) }
            }
            Task::ReportStatus(_) | Task::ScheduleRetry { .. } | Task::AbortPull => return,
            other => return runner.answer(other).await,
        };
        runner.tell(event);
    }

    /// Checks what was promised, when all is quiet and everything was sent.
    async fn check(&self, seed: u64) {
        self.is_flaky.set(false);
        for at in [0, 1, 0] {
            self.tabs[at].open_forms.save_all().await.expect("memory stores");
            self.sync(at).await;
        }
        let storage = self.tabs[0].storage.get_value();
        let open = storage.all(Store::Open).await.expect("memory reads");
        assert_eq!(open, Vec::new(), "seed {seed}: nothing waits to be sealed");
        for (at, tab) in self.tabs.iter().enumerate() {
            let shown = self.summaries(*tab);
            tab.records.reload().await.expect("memory reads");
            assert_eq!(
                shown,
                self.summaries(*tab),
                "seed {seed}: tab {at} shows what the store holds"
            );
        }
        let server = self.server.borrow();
        let own: BTreeSet<DeviceId> = server.own().map(|operation| operation.dot.device).collect();
        for record in self.made.borrow().iter() {
            let state =
                server.record(*record).unwrap_or_else(|| panic!("seed {seed}: a record is lost"));
            for (path, siblings) in &state.fields {
                let ours = siblings.iter().filter(|sibling| own.contains(&sibling.dot.device));
                assert!(
                    ours.count() < 2,
                    "seed {seed}: in conflict with oneself: {path} {siblings:?}"
                );
            }
        }
        for ((record, path), value) in self.answered.borrow().iter() {
            let state = server.record(*record).expect("it is there");
            let standing: Vec<&Value> = state
                .fields
                .get(*path)
                .into_iter()
                .flatten()
                .map(|sibling| &sibling.value)
                .collect();
            assert_eq!(standing, [value], "seed {seed}: {path} was answered");
            if let Value::File(file) = value {
                assert!(server.holds_file(file.hash), "seed {seed}: a photo is lost");
            }
        }
        for ((record, action), times) in self.done.borrow().iter() {
            let found = server
                .own()
                .filter(|operation| operation.record == *record && operation.action == *action);
            assert_eq!(found.count(), *times, "seed {seed}: {action:?} was done");
        }
    }

    fn summaries(&self, tab: Tab) -> Vec<Option<Arc<RecordSummary>>> {
        self.made.borrow().iter().map(|record| tab.records.summary(*record)).collect()
    }
}

/// Runs tasks a turn at a time, in an order that the seed says.
fn run_all(world: &World, mut tasks: Vec<LocalBoxFuture<'_, ()>>) {
    let waker = noop_waker();
    let mut turn = Context::from_waker(&waker);
    while !tasks.is_empty() {
        let at = world.below(tasks.len());
        // Some get on for long while the others stand still.
        for _ in 0..=world.below(12) {
            if let Poll::Ready(()) = tasks[at].as_mut().poll(&mut turn) {
                drop(tasks.swap_remove(at));
                break;
            }
        }
    }
}

fn play(seed: u64) {
    let owner = Owner::new();
    owner.with(|| {
        let world = block_on(World::new(seed));
        world.is_flaky.set(world.one_in(2));
        let (world, mut tasks) = (&world, Vec::<LocalBoxFuture<'_, ()>>::new());
        for at in [0, 1] {
            tasks.push(Box::pin(async move {
                for _ in 0..6 {
                    world.act(at).await;
                    world.pause(20).await;
                }
            }));
            tasks.push(Box::pin(async move {
                for _ in 0..3 {
                    world.pause(60).await;
                    world.sync(at).await;
                }
            }));
        }
        tasks.push(Box::pin(async move {
            for _ in 0..8 {
                world.pause(80).await;
                world.happen();
            }
        }));
        tasks.push(Box::pin(async move {
            for _ in 0..4 {
                world.pause(80).await;
                let storage = world.tabs[0].storage.get_value();
                space::shed(&storage, u64::MAX).await.expect("memory stores");
            }
        }));
        run_all(world, tasks);
        run_all(world, vec![Box::pin(world.check(seed))]);
    });
    owner.cleanup();
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

#[test]
fn nothing_is_lost_or_done_twice_or_in_conflict_with_oneself_whatever_comes_between() {
    let seeds = match number("SOTAY_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("SOTAY_SCHEDULES").unwrap_or(60),
    };
    for seed in seeds {
        println!("SOTAY_SEED={seed}");
        play(seed);
    }
}
