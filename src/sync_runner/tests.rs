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
    device::{BlobReply, Former, MAX_PUSH_BYTES, Reply},
    push::MAX_OPERATIONS,
    wire::{Action, DeviceId, Dot, FormRef, Hash, SealedOperation, State, Value, field},
};

use self::server::{ACCOUNT, Server, UNIT};
use super::*;
use crate::{
    platform::{
        storage::{
            Change, Store,
            schema::{PACK, meta},
        },
        tasks::next_turn,
    },
    stores::{Door, FormEntry, record_id, records::RecordSummary, space},
};

mod server;

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
            let attached =
                entry.attach(question(entry, name), "a.jpg", "image/jpeg", text.as_bytes());
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

#[test]
fn of_two_forms_that_are_opened_at_once_none_closes_one_that_is_not_saved() {
    let owner = Owner::new();
    owner.with(|| {
        block_on(async {
            let world = World::new(1).await;
            let (tab, form) = (world.tabs[0], world.form.hash.to_string());
            let start =
                || async { tab.open_forms.start(&form, UNIT).await.expect("the form is here") };
            let entered = [start().await, start().await].map(|entry| {
                entry.answer(question(entry, "a"), "1");
                entry.record()
            });
            futures::join!(start(), start());
            for record in entered {
                let view = tab.records.view(record).await.expect("memory reads");
                let answered = view.and_then(|view| view.fields.get("a").cloned());
                assert_eq!(answered, Some(Value::Text("1".to_owned())));
            }
        });
    });
    owner.cleanup();
}

#[test]
fn a_full_phone_sends_what_is_sealed() {
    let owner = Owner::new();
    owner.with(|| {
        block_on(async {
            let world = World::new(1).await;
            let (tab, form) = (world.tabs[0], world.form.hash.to_string());
            let entry = tab.open_forms.start(&form, UNIT).await.expect("the form is here");
            entry.answer(question(entry, "a"), "1");
            tab.open_forms.save_all().await.expect("memory stores");
            tab.records.seal_all().await.expect("memory stores");
            tab.storage.get_value().fill_up(true);
            entry.answer(question(entry, "a"), "2");
            assert!(tab.open_forms.save_all().await.is_err());
            let (runner, _events) = tab.runner();
            let loaded = runner.seal_and_load(0, MAX_OPERATIONS, MAX_PUSH_BYTES).await;
            let Ok(Event::Loaded(outbox)) = loaded else { panic!("{loaded:?}") };
            assert_eq!(outbox.operations.len(), 1);
        });
    });
    owner.cleanup();
}

/// The copy beside a PIN tells by the trace of rows whether it is of what is here now: see `platform::storage::Phone::trace`.
#[test]
fn what_a_device_answers_for_in_no_row_of_work_is_written_where_it_leaves_a_trace() {
    let owner = Owner::new();
    owner.with(|| {
        block_on(async {
            let world = World::new(1).await;
            let (tab, storage) = (world.tabs[0], world.tabs[0].storage.get_value());
            let trace =
                async || storage.row(Store::Meta, meta::RESCUED).await.expect("memory reads");
            let put = async |came: &Vec<Former>| {
                let row = Change::Put(Store::Meta, meta::RESCUED.into(), codec::encode(came));
                storage.write(vec![row]).await.expect("memory stores");
            };
            let operation = SealedOperation { seq: 1, bytes: vec![1] };
            let came = Former { device: DeviceId([9; 16]), acked: 0, operations: vec![operation] };
            put(&vec![came.clone()]).await;
            assert_eq!(Carry::has_rescued(&storage).await, Ok(true));
            let (runner, _events) = tab.runner();
            runner.take_over().await.expect("memory stores");
            assert_eq!(trace().await, Some(codec::encode(&Vec::<Former>::new())));
            assert_eq!(
                Carry::has_rescued(&storage).await,
                Ok(false),
                "nothing of it waits any more"
            );

            // What the server takes leaves none, and what a restored one has lost does; what waits then waits on.
            let stand = |own, other| DeviceState {
                acked: own,
                former: Some(vec![Former { acked: other, ..came.clone() }]),
                ..tab.records.device()
            };
            let mark = async |state| {
                let marked = runner.mark_acked(state, Vec::new(), Vec::new(), false).await;
                marked.expect("memory stores");
            };
            for (held, lost) in [((3, 1), (3, 0)), ((3, 1), (2, 1))] {
                let gone = vec![Change::Delete(Store::Meta, meta::RESCUED.into())];
                storage.write(gone).await.expect("memory stores");
                mark(stand(held.0, held.1)).await;
                assert_eq!(trace().await, None);
                mark(stand(lost.0, lost.1)).await;
                assert_eq!(trace().await, Some(codec::encode(&Vec::<Former>::new())));
            }
            put(&vec![came.clone()]).await;
            mark(stand(0, 0)).await;
            assert_eq!(trace().await, Some(codec::encode(&vec![came.clone()])));
        });
    });
    owner.cleanup();
}

#[test]
fn what_a_backup_holds_under_the_old_name_frees_nothing_under_the_new_one() {
    let owner = Owner::new();
    owner.with(|| {
        block_on(async {
            let world = World::new(1).await;
            let (tab, form) = (world.tabs[0], world.form.hash.to_string());
            let entry = tab.open_forms.start(&form, UNIT).await.expect("the form is here");
            entry.answer(question(entry, "a"), "1");
            tab.open_forms.save_all().await.expect("memory stores");
            tab.records.seal_all().await.expect("memory stores");
            let (overtaken, _events) = world.tabs[1].runner();
            overtaken.begin().await.expect("memory reads");
            let (leads, _events) = tab.runner();
            leads.begin().await.expect("memory reads");
            let above = Dot { device: tab.records.device().device, seq: 0 };
            leads.rekey(above).await.expect("memory stores");
            world.tabs[1].records.reload().await.expect("memory reads");
            overtaken.forget_safe(1).await.expect("memory stores");
            let held = tab.storage.get_value().all(Store::Outbox).await.expect("memory reads");
            assert_eq!(held.len(), 1);
        });
    });
    owner.cleanup();
}

#[test]
fn what_a_tab_stored_and_did_not_come_to_show_is_shown_by_the_next_that_leads() {
    let owner = Owner::new();
    owner.with(|| {
        block_on(async {
            let world = World::new(1).await;
            let [ends, next] = world.tabs;
            let theirs: Vec<RecordId> = (0..3).map(|_| record_id::new()).collect();
            for record in &theirs {
                let form = world.form.clone();
                world.server.borrow_mut().copy_writes(DeviceId([5; 16]), *record, form);
            }
            let (runner, mut incoming) = ends.runner();
            let mut machine = runner.begin().await.expect("memory reads");
            let mut due = machine.handle(Event::Opened, 0, 1);
            while let Some(effect) = due.pop() {
                let is_stored = matches!(effect, Task::CommitPull { .. });
                world.carry_out(runner.clone(), effect).await;
                if is_stored {
                    break;
                }
                while let Ok(event) = incoming.try_recv() {
                    due.extend(machine.handle(event, 0, 1));
                }
            }
            let shown =
                |tab: Tab| theirs.iter().filter(|id| tab.records.summary(**id).is_some()).count();
            assert_eq!([shown(ends), shown(next)], [0, 0], "a page of two is on the disk alone");
            let (runner, _events) = next.runner();
            runner.begin().await.expect("memory reads");
            assert_eq!(shown(next), 2);
        });
    });
    owner.cleanup();
}

#[test]
fn a_form_that_a_file_is_on_its_way_to_stays_open() {
    let owner = Owner::new();
    owner.with(|| {
        block_on(async {
            let world = World::new(1).await;
            let (forms, form) = (world.tabs[0].open_forms, world.form.hash.to_string());
            let start = || async { forms.start(&form, UNIT).await.expect("the form is here") };
            let first = start().await;
            let photo = question(first, "anh");
            first.answer(question(first, "a"), "1");
            first.await_file(photo, true);
            let coming = first.file_comes();
            first.answer(question(first, "a"), "2");
            let next = [start().await.record(), start().await.record()];
            let open = |record| forms.find(record).is_some();
            assert_eq!((open(first.record()), next.map(open)), (true, [true, true]));
            next_turn().await;
            start().await;
            assert_eq!((open(first.record()), next.map(open)), (true, [false, true]));
            let file = first.attach(photo, "a.jpg", "image/jpeg", &[7]).await.expect("kept");
            drop(coming);
            start().await;
            assert!(!open(first.record()), "nothing is awaited any more");
            let view = world.tabs[0].records.view(first.record()).await.expect("memory reads");
            let answered = view.and_then(|view| view.fields.get("anh").cloned());
            assert_eq!(answered, Some(Value::File(file)));
        });
    });
    owner.cleanup();
}

#[test]
fn a_record_that_is_opened_again_is_as_it_was_stored_last() {
    let owner = Owner::new();
    owner.with(|| {
        block_on(async {
            let world = World::new(1).await;
            let [here, there] = world.tabs;
            let first = here.open_forms.start(&world.form.hash.to_string(), UNIT).await;
            let first = first.expect("the form is here");
            let shown =
                |entry: FormEntry, name| entry.node(question(entry, name)).get_untracked().value;
            let again = || async { here.open_forms.open(first.record()).await.expect("a record") };
            first.set_on_screen(true);
            first.answer(question(first, "a"), "1");
            first.save_now().await.expect("memory stores");
            world.follow(0, first.record()).await;
            let theirs = there.open_forms.open(first.record()).await.expect("a record");
            theirs.answer(question(theirs, "c"), "2");
            theirs.save_now().await.expect("memory stores");
            assert_eq!(shown(again().await, "c"), "", "somebody is in it");
            first.set_on_screen(false);
            let entry = again().await;
            assert_eq!((shown(entry, "a"), shown(entry, "c")), ("1".to_owned(), "2".to_owned()));
            // A save under way has taken what is entered, and the disk does not hold it yet.
            entry.answer(question(entry, "a"), "2");
            let (mut save, mut turns) = (Box::pin(entry.save_now()), 0);
            let slow_disk = poll_fn(|turn| {
                turns += 1;
                if turns == 1 || turns > 99 {
                    return save.as_mut().poll(turn);
                }
                turn.waker().wake_by_ref();
                Poll::Pending
            });
            let (saved, entry) = futures::join!(slow_disk, again());
            saved.expect("memory stores");
            assert_eq!(shown(entry, "a"), "2");
            // What no disk holds is nowhere but in the open form.
            here.storage.get_value().fill_up(true);
            entry.answer(question(entry, "a"), "3");
            assert_eq!(shown(again().await, "a"), "3");
        });
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
