//! Carries out what the sync machine asks for: requests to the server, transactions of the store.
//!
//! Decides nothing: `sync::device` does. One tab at a time runs it, under a lock; the others ask that one.

mod requests;
#[cfg(test)]
mod tests;
mod transactions;

use std::{
    cell::{Cell, RefCell},
    collections::BTreeSet,
    future::{Future, ready},
    pin::pin,
    rc::Rc,
};

use futures::{
    FutureExt, StreamExt,
    channel::mpsc,
    future::{Either, LocalBoxFuture, select},
    stream,
};
use leptos::prelude::*;

use crate::reactive::effect;
use sync::{
    device::{self, Device, DeviceState, Effect as Task, Event, Waiting},
    wire::{Hash, RecordId},
};

use self::requests::{Ahead, Asked};
use crate::{
    platform::{
        broadcast::Channel,
        clock, connectivity,
        http::Abort,
        locks::{self, Lock},
        log_error, random,
        storage::{Storage, StorageError, schema::BlobRow},
        tasks::{self, Timer},
        visibility,
    },
    stores::{
        Carry, Library, OpenForms, Records, SignIn, SyncStatus,
        outbox::{Batch, Unsent},
        preferences::{Preferences, are_large_by_wifi},
        sign_in::SignInState,
        sync_log::{self, Talk},
        sync_status::{Blocked, Phase},
    },
};

/// After so long what could not be read at the start is read again.
const TRY_AGAIN_MS: u32 = 3_000;

/// Asks the other tabs which of them leads, and what that one answers.
const WHO_LEADS: &str = "who leads";
const I_LEAD: &str = "I lead";
/// How long a tab that leads has for its answer, and how often in a row it may owe one.
const ANSWER_MS: u32 = 3_000;
const ASKED_IN_VAIN: u32 = 3;

/// What is still to be done for the lists.
type Showing = LocalBoxFuture<'static, Result<(), StorageError>>;

/// Why a turn of leading ends.
enum End {
    /// The store is not this app's any more.
    Over,
    /// Another tab took the lead.
    Taken,
    /// What this one remembers is not what the store says: it begins anew.
    Anew,
}

/// What the runner works with.
#[derive(Clone)]
pub struct Runner {
    storage: Storage,
    records: Records,
    library: Library,
    sign_in: SignIn,
    status: SyncStatus,
    open_forms: OpenForms,
    events: mpsc::UnboundedSender<Event>,
    /// Whether this tab leads; whether it heard of one that does.
    leads: Rc<Cell<bool>>,
    heard: Rc<Cell<bool>>,
    turn: Rc<Turn>,
    /// To the runners of the other tabs.
    others: Channel,
    /// What waited to be sent when it was last counted.
    waited: Rc<Cell<Waiting>>,
    /// Whether large files wait for Wi-Fi, as it was told last.
    large_wait: Rc<Cell<bool>>,
    /// What moved since the last talk ended.
    talk: Rc<RefCell<Talk>>,
}

/// What one turn of leading knows and has under way.
#[derive(Default)]
struct Turn {
    /// The device's memory as it was read or written last.
    stored: RefCell<Option<DeviceState>>,
    pull: RefCell<Option<Abort>>,
    /// The page after the one that is being written, or the first of all.
    ahead: RefCell<Option<Ahead>>,
    /// What the last page brought into the lists, and is not in them yet.
    to_show: RefCell<Option<Showing>>,
    /// The last operation that goes up, if others follow.
    sends_next: Cell<Option<u64>>,
    /// What follows an operation, loaded before its turn.
    loaded: RefCell<Option<(u64, Batch)>>,
    retry: RefCell<Timer>,
    /// The records of the generation that is being pulled; none if the turn began in the midst of it.
    brought: RefCell<Option<BTreeSet<RecordId>>>,
}

impl Runner {
    /// Starts syncing in the background, for as long as the page lives.
    pub fn start(
        storage: Storage,
        records: Records,
        library: Library,
        sign_in: SignIn,
        status: SyncStatus,
        open_forms: OpenForms,
        preferences: Preferences,
    ) {
        let lock = storage.lock();
        let others = Channel::open(&lock);
        let (runner, incoming) =
            Self::new(storage, records, library, sign_in, status, open_forms, others);
        runner.watch();
        runner.watch_line(preferences);
        runner.recount();
        runner.show_talks();
        if connectivity::is_online() {
            runner.refresh_profile();
        }
        tasks::spawn(runner.run(lock, incoming));
    }

    /// One that does nothing yet, and what it is told.
    fn new(
        storage: Storage,
        records: Records,
        library: Library,
        sign_in: SignIn,
        status: SyncStatus,
        open_forms: OpenForms,
        others: Channel,
    ) -> (Self, mpsc::UnboundedReceiver<Event>) {
        let (events, incoming) = mpsc::unbounded();
        let runner = Self {
            storage,
            records,
            library,
            sign_in,
            status,
            open_forms,
            events,
            leads: Rc::default(),
            heard: Rc::default(),
            turn: Rc::default(),
            others,
            waited: Rc::default(),
            large_wait: Rc::default(),
            talk: Rc::default(),
        };
        (runner, incoming)
    }

    /// Turns what happens in the app and the browser into events.
    fn watch(&self) {
        let (asked, submitted, edited) =
            (self.status.asked(), self.records.submissions(), self.records.edits());
        let runner = self.clone();
        let count = Signal::derive(move || asked.get() + submitted.get());
        on_move(count, move || {
            runner.tell(Event::Asked);
            runner.others.post("asked");
        });
        let runner = self.clone();
        on_move(self.status.asked_for_all(), move || {
            runner.tell(Event::AskedForAll);
            // A tab with an older version knows the first alone.
            runner.others.post("asked");
            runner.others.post("asked for all");
        });
        let runner = self.clone();
        on_move(edited, move || {
            runner.edited();
            runner.others.post("edited");
        });
        let runner = self.clone();
        self.others.on_message(move |text| match text.as_str() {
            "asked" => runner.tell(Event::Asked),
            "asked for all" => runner.tell(Event::AskedForAll),
            "line" => runner.follow_line(),
            "edited" => runner.edited(),
            "talked" => runner.show_talks(),
            "rescued" => runner.tell(Event::Rescued),
            WHO_LEADS if runner.leads.get() => runner.others.post(I_LEAD),
            WHO_LEADS => {}
            _ => runner.follow_leader(&text),
        });
        let runner = self.clone();
        let signed_in = self.sign_in.state();
        effect(move || {
            if matches!(*signed_in.read(), SignInState::SignedIn(_)) {
                runner.tell(Event::SignedIn);
                // The forms come first: with them the phone may go offline.
                if !runner.library.holds_all_forms() || runner.library.pack_hash().is_empty() {
                    runner.refresh_library();
                }
            }
        });
        let runner = self.clone();
        connectivity::on_change(move |online| {
            runner.tell(if online { Event::Online } else { Event::Offline });
        });
        let runner = self.clone();
        visibility::on_change(move |visible| runner.come_or_go(visible));
    }

    /// Large files follow what the person wants and what the line goes by.
    fn watch_line(&self, preferences: Preferences) {
        let chosen = preferences.chosen();
        let runner = self.clone();
        on_move(Signal::derive(move || u64::from(chosen.read().large_by_wifi)), move || {
            runner.follow_line();
            runner.others.post("line");
        });
        let runner = self.clone();
        connectivity::on_line_change(move || runner.follow_line());
    }

    /// Tells the machine if large files are to wait from now on, or to wait no more, and wakes it up.
    fn follow_line(&self) {
        let before = self.large_wait.get();
        self.tell_line();
        if self.large_wait.get() != before {
            self.tell(Event::Opened);
        }
    }

    fn tell_line(&self) {
        let wait = are_large_by_wifi() && connectivity::is_cellular();
        self.large_wait.set(wait);
        self.tell(Event::LargeFilesWait(wait));
    }

    /// An answer is on the phone only from the moment that it is stored, long before it is sealed.
    fn edited(&self) {
        self.tell(Event::Edited);
        self.recount();
    }

    fn come_or_go(&self, visible: bool) {
        self.tell(Event::Watching(visible));
        if visible {
            self.tell(Event::Opened);
        } else {
            let open_forms = self.open_forms;
            // A failure shows in the form itself.
            tasks::spawn(async move { drop(open_forms.save_all().await) });
        }
    }

    fn tell(&self, event: Event) {
        // Who gave the lock up hears no more.
        self.events.unbounded_send(event).ok();
    }

    /// Leads until the store is over, under the lock of who is in. While another tab leads, what happens here is that one's to hear.
    async fn run(self, lock: String, mut incoming: mpsc::UnboundedReceiver<Event>) {
        let mut held = self.lead(&lock).await;
        loop {
            while incoming.try_recv().is_ok() {}
            let (runner, answers) = self.for_a_turn();
            match runner.lead_until(&mut incoming, answers, held.is_taken()).await {
                End::Over => return,
                End::Anew => {}
                End::Taken => {
                    self.leads.set(false);
                    held = self.lead(&lock).await;
                }
            }
        }
    }

    /// Waits until no other tab leads, or that one says nothing any more: a tab out of sight may be stopped by the system, with
    /// all that it holds.
    async fn lead(&self, name: &str) -> Lock {
        let silence = pin!(self.hear_nothing());
        let held = match select(pin!(locks::take(name)), silence).await {
            Either::Left((held, _)) => held,
            Either::Right(((), _)) => locks::take_away(name).await,
        };
        self.leads.set(true);
        held
    }

    /// Asks who leads until, before a person's eyes, nobody answers.
    async fn hear_nothing(&self) {
        let mut unanswered = 0;
        while unanswered < ASKED_IN_VAIN {
            let asks = visibility::is_visible();
            if asks {
                self.heard.set(false);
                self.others.post(WHO_LEADS);
            }
            tasks::sleep(ANSWER_MS).await;
            // This tab may have been stopped itself: one answer too late is none.
            let is_silent = asks && visibility::is_visible() && !self.heard.get();
            unanswered = if is_silent { unanswered + 1 } else { 0 };
        }
    }

    /// One that leads anew, and what answers it: of what was under way before, nothing reaches it.
    fn for_a_turn(&self) -> (Self, mpsc::UnboundedReceiver<Event>) {
        let (events, answers) = mpsc::unbounded();
        (Self { events, turn: Rc::default(), ..self.clone() }, answers)
    }

    /// Syncs until another tab takes the lead, or this one cannot.
    async fn lead_until(
        self,
        incoming: &mut mpsc::UnboundedReceiver<Event>,
        answers: mpsc::UnboundedReceiver<Event>,
        is_taken: impl Future<Output = ()>,
    ) -> End {
        let mut machine = loop {
            match self.begin().await {
                Ok(machine) => break machine,
                Err(error) => {
                    log_error(&format!("sync not started: {error}"));
                    if error.is_over() {
                        return End::Over;
                    }
                    tasks::sleep(TRY_AGAIN_MS).await;
                }
            }
        };
        if !connectivity::is_online() {
            self.tell(Event::Offline);
        }
        self.tell_line();
        match Carry::has_rescued(&self.storage).await {
            Ok(true) => self.tell(Event::Rescued),
            Ok(false) => {}
            Err(error) => log_error(&format!("a rescue file waits: {error}")),
        }
        self.tell(Event::Watching(visibility::is_visible()));
        self.tell(Event::Opened);
        if machine.state().cursor.is_none() && self.sign_in.profile().is_some() {
            // Nothing is here: what is asked first is to be sent, and there is little of that.
            self.fetch_ahead(Asked::default());
        }
        let answers = answers.map(Ok).chain(stream::once(ready(Err(End::Anew))));
        let is_taken = stream::once(is_taken.map(|()| Err(End::Taken)));
        let heard = stream::select(is_taken, stream::select(incoming.map(Ok), answers));
        let mut heard = pin!(heard);
        let end = loop {
            let event = match heard.next().await {
                Some(Ok(event)) => event,
                Some(Err(end)) => break end,
                None => break End::Over,
            };
            // Before the first sign-in, and after a sign-out, there is nobody to sync for.
            if self.sign_in.profile().is_none() && is_start(&event) {
                continue;
            }
            for effect in machine.handle(event, clock::now_ms(), random::seed()) {
                self.carry_out(effect);
            }
        };
        if let Err(error) = self.show_pulled().await {
            log_error(&format!("pulled records not shown: {error}"));
        }
        end
    }

    /// The machine as the store has it. What another tab pulled and was to tell of when it ended is read with it.
    async fn begin(&self) -> Result<Device, StorageError> {
        let known = self.records.device();
        self.records.reload_device().await?;
        let state = self.records.device();
        if state != known {
            self.records.reload().await?;
        }
        self.turn.stored.replace(Some(state.clone()));
        Ok(Device::new(state))
    }

    /// Starts what an effect asks for; its answer comes back as an event.
    fn carry_out(&self, effect: Task) {
        let runner = self.clone();
        match effect {
            Task::ReportStatus(status) => self.report(&status),
            Task::AskSignIn => self.sign_in.set_expired(),
            Task::AbortPull => {
                self.forget_ahead();
                if let Some(pull) = self.turn.pull.borrow_mut().take() {
                    pull.abort();
                }
            }
            Task::ScheduleRetry { delay_ms } => {
                let delay_ms = u32::try_from(delay_ms).unwrap_or(u32::MAX);
                let timer = tasks::after(delay_ms, move || runner.tell(Event::Tick));
                self.turn.retry.replace(timer).cancel();
            }
            other => tasks::spawn(async move { runner.answer(other).await }),
        }
    }

    async fn answer(self, effect: Task) {
        let answered = match effect {
            Task::Push { ticket, body } => Ok(Some(self.push(ticket, body).await)),
            Task::Pull { ticket, cursor, wait_s, tally } => {
                Ok(Some(self.pull(ticket, Asked { cursor, tally }, wait_s).await))
            }
            Task::AskBlob { ticket, blob } => Ok(Some(self.ask_blob(ticket, blob).await)),
            Task::SendChunk { ticket, blob, chunk } => {
                self.send_chunk(ticket, blob, chunk).await.map(Some)
            }
            Task::SealAndLoadOutbox { after, max_operations, max_bytes } => {
                self.seal_and_load(after, max_operations, max_bytes).await.map(Some)
            }
            Task::MarkAcked { state, verdicts, missing_blobs, restored } => {
                self.mark_acked(state, verdicts, missing_blobs, restored).await.map(Some)
            }
            Task::CommitPull { state, page } => self.commit_pull(state, page).await.map(Some),
            Task::Count => self.records.tally().await.map(|held| Some(Event::Counted(held))),
            Task::ForgetSafe { upto } => self.forget_safe(upto).await.map(|()| None),
            Task::LoadBlobs => self.load_blobs().await.map(Some),
            Task::MarkBlobSent { hash } => self.mark_blob_sent(hash).await.map(Some),
            Task::Rekey { above } => self.rekey(above).await.map(Some),
            Task::TakeOver => self.take_over().await.map(Some),
            Task::ReportStatus(_)
            | Task::AskSignIn
            | Task::AbortPull
            | Task::ScheduleRetry { .. } => Ok(None),
        };
        match answered {
            Ok(Some(event)) => self.tell(event),
            Ok(None) => {}
            Err(error) if error.is_over() => {
                log_error(&format!("sync ends: {error}"));
                // The lock goes to a tab that can.
                self.events.close_channel();
            }
            Err(error) => {
                log_error(&format!("sync: {error}"));
                self.tell(Event::StorageFailed);
            }
        }
    }

    fn report(&self, status: &device::SyncStatus) {
        let phase = phase_of(status);
        self.status.change(|standing| {
            standing.phase = phase;
            standing.files_for_wifi = usize::try_from(status.held_blobs).unwrap_or(usize::MAX);
            standing.last_success_ms = status.last_success_ms;
        });
        let text = serde_json::to_string(&self.status.standing().get_untracked());
        self.others.post(&text.expect("counts are JSON"));
        if matches!(phase, Phase::Idle | Phase::Offline | Phase::Blocked(_) | Phase::AskedToWait(_))
        {
            self.end_talk(phase);
            let runner = self.clone();
            tasks::spawn(async move {
                if let Err(error) = runner.show_pulled().await {
                    log_error(&format!("pulled records not shown: {error}"));
                }
                if let Err(error) = runner.records.keep_summaries().await {
                    log_error(&format!("summaries not kept: {error}"));
                }
            });
        }
    }

    /// Notes what moved, for people who ask later.
    fn end_talk(&self, end: Phase) {
        let moved = self.talk.take();
        let talk = Talk { end, ended_ms: clock::now_ms(), ..moved };
        if !talk.is_worth_a_line() {
            return;
        }
        let runner = self.clone();
        tasks::spawn(async move {
            match sync_log::add(&runner.storage, talk).await {
                Ok(talks) => runner.status.set_talks(talks),
                Err(error) => log_error(&format!("talk not noted: {error}")),
            }
            runner.others.post("talked");
        });
    }

    fn show_talks(&self) {
        let runner = self.clone();
        tasks::spawn(async move {
            match sync_log::load(&runner.storage).await {
                Ok(talks) => runner.status.set_talks(talks),
                Err(error) => log_error(&format!("talks not read: {error}")),
            }
        });
    }

    /// Another tab syncs: this one shows what that one says.
    fn follow_leader(&self, text: &str) {
        self.heard.set(true);
        if let Ok(standing) = serde_json::from_str(text) {
            self.status.change(|ours| *ours = standing);
        }
    }

    /// Counts what waits to be sent, and shows it.
    async fn waiting(&self, acked: u64) -> Result<Waiting, StorageError> {
        let (unsent, files) = self.records.unsent(acked).await?;
        Ok(self.count(&unsent, &files))
    }

    /// Shows what waits to be sent.
    fn count(&self, unsent: &Unsent, files: &[(Hash, BlobRow)]) -> Waiting {
        let last_success_ms = self.records.device().last_success_ms;
        self.status.count(unsent, files, self.records.quarantined(), last_success_ms);
        let waiting = Waiting {
            operations: unsent.operations as u64,
            records: unsent.records.len() as u64,
            blobs: files.len() as u64,
        };
        self.waited.set(waiting);
        waiting
    }

    /// Shows what waits to be sent, whatever sync is doing.
    fn recount(&self) {
        let runner = self.clone();
        tasks::spawn(async move {
            if let Err(error) = runner.waiting(runner.records.device().acked).await {
                log_error(&format!("unsent work not counted: {error}"));
            }
        });
    }

    fn refresh_library(&self) {
        let library = self.library;
        tasks::spawn(async move {
            if let Err(error) = library.refresh().await {
                log_error(&format!(
                    "pack not fetched, it is tried again with the next sync: {error}"
                ));
            }
        });
    }

    fn refresh_profile(&self) {
        let sign_in = self.sign_in;
        tasks::spawn(async move {
            if let Err(error) = sign_in.refresh().await {
                log_error(&format!("profile not kept: {error}"));
            }
        });
    }

    async fn refresh(&self, ids: &BTreeSet<RecordId>) -> Result<(), StorageError> {
        self.records.refresh(ids).await?;
        self.records.tell_other_tabs();
        Ok(())
    }
}

/// Whether an event would start a sync.
fn is_start(event: &Event) -> bool {
    matches!(
        event,
        Event::Opened
            | Event::Online
            | Event::Watching(true)
            | Event::Edited
            | Event::Asked
            | Event::AskedForAll
            | Event::Tick
    )
}

fn phase_of(status: &device::SyncStatus) -> Phase {
    match (status.phase, status.blocked) {
        (device::Phase::Sending, _) => Phase::Sending,
        (device::Phase::SendingFiles, _) => Phase::SendingFiles,
        (device::Phase::Receiving, _) => Phase::Receiving,
        (device::Phase::Idle, None | Some(device::Blocked::Copied)) => Phase::Idle,
        (device::Phase::Idle, Some(device::Blocked::Server(_))) if status.wait_ms.is_some() => {
            let minutes = status.wait_ms.unwrap_or_default().div_ceil(60_000);
            Phase::AskedToWait(u32::try_from(minutes).unwrap_or(u32::MAX))
        }
        (device::Phase::Idle, Some(blocked)) => match blocked {
            device::Blocked::Offline
            | device::Blocked::Unreachable
            | device::Blocked::CaptivePortal => Phase::Offline,
            device::Blocked::SignedOut => Phase::Blocked(Blocked::SignedOut),
            device::Blocked::Outdated => Phase::Blocked(Blocked::UpgradeNeeded),
            device::Blocked::Storage => Phase::Blocked(Blocked::Storage),
            device::Blocked::FileDamaged => Phase::Blocked(Blocked::FileDamaged),
            device::Blocked::Server(_)
            | device::Blocked::Garbled
            | device::Blocked::FileRefused
            | device::Blocked::Copied => Phase::Blocked(Blocked::ServerError),
        },
    }
}

/// Calls `then` whenever a count moves, but not for the value that it has now.
fn on_move(count: Signal<u64>, then: impl Fn() + 'static) {
    Effect::new(move |before: Option<u64>| {
        let now = count.get();
        if before.is_some_and(|before| before != now) {
            then();
        }
        now
    });
}
