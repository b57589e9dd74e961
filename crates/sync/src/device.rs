//! When a device talks to the server, and what it does with the answers: a state machine. Events go in,
//! effects come out; whoever carries them out may be killed between any two of them.
//!
//! One sync is a cycle: push until nothing is left, pull until there is no more, then files, the smallest
//! first. Answers go first and alone: a file's next chunk waits whenever a person asks to send.

mod files;
mod former;
mod message;
mod rekey;
mod state;
mod take_over;

use std::collections::VecDeque;

pub use self::{
    former::Former,
    message::{
        BlobReply, Blocked, Effect, Event, Outbox, Page, Phase, Reply, SyncStatus, Waiting,
        WaitingBlob,
    },
    rekey::{Rekeyed, rekey, rekey_patch},
    state::{Contact, DeviceState},
    take_over::{take_item, take_over},
};
use crate::{
    blob::Chunks,
    codec,
    columns::Records,
    push::MAX_OPERATIONS,
    wire::{
        DeviceId, Dot, PullResponse, PushRequest, PushResponse, QuarantineReason, SealedOperation,
        Tally, WIRE_VERSION,
    },
};

/// Bytes of operations in the first request after a start, before compression: a slow network carries it within half a minute.
const FIRST_PUSH_BYTES: usize = 256 * 1024;
/// The same of the longest: each request that went up makes the next one longer, each that did not shorter.
pub const MAX_PUSH_BYTES: usize = 1024 * 1024;
/// How long after an edit a sync starts by itself.
const EDIT_DELAY_MS: u64 = 20_000;
/// How long a pull waits for a change on the server, while a person watches.
const POLL_WAIT_S: u32 = 20;
/// The pause between two such pulls, so that an answer at once makes no storm.
const POLL_PAUSE_MS: u64 = 500;
/// The first and the longest time before the next try.
const RETRY_MS: (u64, u64) = (2_000, 300_000);
/// What a server says to a request that is longer than it takes.
const TOO_LARGE: Blocked = Blocked::Server(413);
/// The longest `Retry-After` that is obeyed.
const LONGEST_RETRY_AFTER_MS: u64 = 3_600_000;

/// The server asked to be left alone until the retry that is scheduled.
#[derive(Clone, Copy, Debug)]
struct Wait {
    ms: u64,
    /// How it said so.
    blocked: Blocked,
}

/// What was sent in a push.
#[derive(Clone, Copy, Debug)]
struct Sent {
    /// The last operation before it.
    before: u64,
    /// Its last operation; `before` if it has none.
    last: u64,
    /// Whether more operations wait behind it.
    more: bool,
    /// Whether they are of an id that the device had before.
    former: bool,
}

#[derive(Clone, Debug)]
enum Step {
    Idle,
    Loading,
    Pushing { ticket: u64, sent: Sent },
    Marking { more: bool, copied: Option<Dot> },
    Rekeying,
    TakingOver,
    Pulling { ticket: u64, tally: bool },
    Polling { ticket: u64 },
    Committing { more: bool, polled: bool, tally: Option<Tally> },
    Counting { told: Tally },
    ListingBlobs,
    AskingBlob { ticket: u64, blob: WaitingBlob, sent: bool },
    SendingChunk { ticket: u64, blob: WaitingBlob, left: Chunks },
    MarkingBlob,
}

/// The machine.
#[derive(Debug)]
pub struct Device {
    state: DeviceState,
    /// What becomes the state once it is on the disk.
    pending: Option<DeviceState>,
    step: Step,
    tickets: u64,
    /// The device's clock at the event that it takes.
    wall_ms: i64,
    /// A sync was asked for while one was under way.
    again: bool,
    /// A draft changed since the outbox was last sealed.
    dirty: bool,
    /// The server may have lost operations: ask what it holds before anything else.
    probe: bool,
    /// How many of the ids that the device had before, from the first, are to be asked about: all at a start and after a
    /// restore.
    former_due: usize,
    /// Another phone's work waits to be taken over.
    takes_over: bool,
    /// What the cycle is to end in, for something of it failed: the server let nothing be read, or an operation was too large for it.
    /// The rest is done all the same.
    ends_in: Option<Blocked>,
    /// Whether what is held could not be read to be counted.
    cannot_count: bool,
    /// The server's watermark as last heard, own or not.
    heard: u64,
    online: bool,
    watching: bool,
    poll_next: bool,
    failures: u32,
    waits: Option<Wait>,
    max_operations: usize,
    max_bytes: usize,
    blocked: Option<Blocked>,
    blobs: VecDeque<WaitingBlob>,
    file_refused: bool,
    file_damaged: bool,
    /// Large files wait for another line; but a person wants this once that they do not; how many wait.
    large_wait: bool,
    large_once: bool,
    held_blobs: u64,
    /// Operations up to here were told to be freed; 0 to tell it again.
    freed: u64,
    waiting: Waiting,
    reported: Option<SyncStatus>,
}

impl Device {
    /// A machine that goes on from what was stored last.
    #[must_use]
    pub fn new(state: DeviceState) -> Self {
        Self {
            former_due: state.former().len(),
            state,
            pending: None,
            step: Step::Idle,
            tickets: 0,
            wall_ms: 0,
            again: false,
            dirty: false,
            probe: false,
            heard: 0,
            online: true,
            watching: false,
            poll_next: false,
            failures: 0,
            waits: None,
            max_operations: MAX_OPERATIONS,
            max_bytes: FIRST_PUSH_BYTES,
            blocked: None,
            blobs: VecDeque::new(),
            file_refused: false,
            file_damaged: false,
            large_wait: false,
            large_once: false,
            held_blobs: 0,
            takes_over: false,
            ends_in: None,
            cannot_count: false,
            freed: 0,
            waiting: Waiting::default(),
            reported: None,
        }
    }

    /// What is stored: for [`crate::view::view`] and [`DeviceState::times`].
    #[must_use]
    pub fn state(&self) -> &DeviceState {
        &self.state
    }

    /// Whether nothing is under way: it waits for an event.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        matches!(self.step, Step::Idle)
    }

    /// Takes an event. `wall_ms` is the device's clock, for people, and for the day of the last count; `random` spreads the
    /// retries of many devices.
    pub fn handle(&mut self, event: Event, wall_ms: i64, random: u64) -> Vec<Effect> {
        self.wall_ms = wall_ms;
        let mut effects = match event {
            Event::Opened => self.start(),
            Event::Asked => {
                self.failures = 0;
                self.start()
            }
            Event::AskedForAll => {
                self.large_once = true;
                self.failures = 0;
                self.start()
            }
            Event::LargeFilesWait(wait) => {
                self.large_wait = wait;
                Vec::new()
            }
            Event::SignedIn => {
                self.failures = 0;
                self.waits = None; // it may have had too much of somebody else
                self.start()
            }
            Event::Online => {
                self.online = true;
                self.failures = 0;
                self.blocked = self.waits.map(|wait| wait.blocked).or(self.blocked);
                self.start()
            }
            Event::Offline => self.offline(),
            Event::Watching(watching) => self.watch(watching),
            Event::Edited => self.edited(),
            Event::Tick => self.tick(),
            Event::Loaded(outbox) => self.loaded(outbox),
            Event::PushReply { ticket, reply } => self.push_reply(ticket, reply, wall_ms, random),
            Event::PullReply { ticket, page } => self.pull_reply(ticket, page, wall_ms, random),
            Event::BlobsWaiting(blobs) => self.blobs_waiting(blobs, random),
            Event::BlobReply { ticket, reply } => self.blob_reply(ticket, reply, random),
            Event::Stored(waiting) => self.stored(waiting, random),
            Event::StorageFailed => {
                self.pending = None;
                // What can be read is synced all the same, without a count until the app starts anew.
                self.cannot_count |= matches!(self.step, Step::Counting { .. });
                self.former_due = self.state.former().len();
                self.fail(Blocked::Storage, None, random)
            }
            Event::Counted(held) => self.counted(held),
            Event::Rekeyed(state) => self.rekeyed(state),
            Event::Rescued => self.ask_to_take_over(),
            Event::TookOver(state) => self.took_over(state),
        };
        let status = self.status();
        if self.reported != Some(status) {
            self.reported = Some(status);
            effects.push(Effect::ReportStatus(status));
        }
        effects
    }

    fn ticket(&mut self) -> u64 {
        self.tickets += 1;
        self.tickets
    }

    // Events from outside.

    fn start(&mut self) -> Vec<Effect> {
        match self.step {
            Step::Idle if self.waits.is_some() => Vec::new(),
            Step::Idle => self.load(),
            Step::Polling { .. } => {
                let mut effects = vec![Effect::AbortPull];
                effects.extend(self.load());
                effects
            }
            _ => {
                self.again = true;
                Vec::new()
            }
        }
    }

    fn offline(&mut self) -> Vec<Effect> {
        self.online = false;
        self.blocked = Some(Blocked::Offline);
        Vec::new() // what is under way fails by itself
    }

    fn watch(&mut self, watching: bool) -> Vec<Effect> {
        self.watching = watching;
        match self.step {
            Step::Idle if watching => self.start(),
            Step::Polling { .. } if !watching => {
                self.step = Step::Idle;
                let mut effects = vec![Effect::AbortPull];
                effects.extend(self.schedule_edits());
                effects
            }
            _ => Vec::new(),
        }
    }

    fn edited(&mut self) -> Vec<Effect> {
        let first = !self.dirty;
        self.dirty = true;
        match self.step {
            // A try is scheduled already after a failure, and the end of a cycle schedules one.
            Step::Idle | Step::Polling { .. }
                if first && self.failures == 0 && self.waits.is_none() =>
            {
                self.schedule_edits()
            }
            _ => Vec::new(),
        }
    }

    fn schedule_edits(&self) -> Vec<Effect> {
        let wanted = self.dirty && self.online;
        wanted.then_some(Effect::ScheduleRetry { delay_ms: EDIT_DELAY_MS }).into_iter().collect()
    }

    fn tick(&mut self) -> Vec<Effect> {
        self.waits = None;
        let poll = self.poll_next && self.watching && !self.dirty && self.failures == 0;
        match self.step {
            Step::Idle if poll => self.poll(),
            Step::Idle => self.start(),
            Step::Polling { .. } if self.dirty => self.start(),
            _ => Vec::new(),
        }
    }

    // Answers up.

    fn load(&mut self) -> Vec<Effect> {
        self.step = Step::Loading;
        self.waits = None;
        if self.ends_in.take() == Some(TOO_LARGE) {
            self.former_due = self.state.former().len(); // it may be one of theirs, and waits still
        }
        self.again = false;
        self.dirty = false;
        self.poll_next = false;
        if self.takes_over {
            self.step = Step::TakingOver;
            return vec![Effect::TakeOver];
        }
        vec![Effect::SealAndLoadOutbox {
            after: self.state.acked,
            max_operations: self.max_operations,
            max_bytes: self.max_bytes,
        }]
    }

    fn loaded(&mut self, outbox: Outbox) -> Vec<Effect> {
        if !matches!(self.step, Step::Loading) {
            return Vec::new();
        }
        let Outbox { operations, more, last, waiting } = outbox;
        self.waiting = waiting;
        if !operations.is_empty() {
            self.freed = 0; // a record whose form was open may have been closed
        }
        if !operations.is_empty() || self.probe {
            return self.push(self.state.device, self.state.acked, operations, more);
        }
        if self.heard > last {
            return self.copied(self.own(self.state.acked)); // the server holds what we never sealed
        }
        self.receive()
    }

    fn own(&self, seq: u64) -> Dot {
        Dot { device: self.state.device, seq }
    }

    /// Sends operations of `device` above `acked`.
    fn push(
        &mut self,
        device: DeviceId,
        acked: u64,
        mut operations: Vec<SealedOperation>,
        mut more: bool,
    ) -> Vec<Effect> {
        // Freed operations leave holes among those in quarantine, which are never freed.
        let run = operations.windows(2).take_while(|pair| pair[0].seq + 1 == pair[1].seq).count();
        more |= run + 1 < operations.len();
        operations.truncate(run + 1);
        let before = operations.first().map_or(acked, |first| first.seq - 1);
        let oldest = (before > acked).then_some(before + 1);
        let last = operations.last().map_or(before, |last| last.seq);
        let sent = Sent { before, last, more, former: device != self.state.device };
        let unsent = self.waiting.operations.saturating_sub(operations.len() as u64);
        let request = PushRequest {
            version: WIRE_VERSION,
            device,
            epoch: self.state.epoch,
            operations,
            oldest,
            unsent: (!sent.former).then_some(unsent),
        };
        let ticket = self.ticket();
        self.step = Step::Pushing { ticket, sent };
        vec![Effect::Push { ticket, body: codec::encode(&request) }]
    }

    fn push_reply(&mut self, ticket: u64, reply: Reply, wall_ms: i64, random: u64) -> Vec<Effect> {
        let Step::Pushing { ticket: ours, sent } = self.step else { return Vec::new() };
        if ours != ticket {
            return Vec::new();
        }
        let response = match read(reply) {
            Ok(response) => response,
            Err(failure) => {
                // A batch that is too large for the network, or for something in between.
                self.max_operations = (self.max_operations / 2).max(1);
                self.max_bytes = (self.max_bytes / 2).max(16 * 1024);
                // One that no request carries holds up what is sent behind it, and not what is received.
                if sent.last == sent.before + 1 && failure.blocked == TOO_LARGE {
                    if self.probe && !sent.former {
                        // What else the server lost is heard without it.
                        return self.push(self.state.device, self.state.acked, Vec::new(), true);
                    }
                    self.ends_in = Some(TOO_LARGE);
                    if sent.former {
                        self.pass_former();
                    }
                    return self.receive();
                }
                return self.fail(failure.blocked, failure.retry_after_ms, random);
            }
        };
        // A restored server proves again what it holds: it is sent all that this device still has.
        let restored = self.state.epoch.is_some_and(|epoch| epoch != response.epoch);
        let first = self.state.former().first().filter(|_| sent.former);
        let device = first.map_or(self.state.device, |former| former.device);
        let before = first.map_or(self.state.acked, |former| former.acked);
        let acked = if restored { 0 } else { acked(&response, sent) };
        let is_fork = is_fork(&response) && !restored; // what is held is to be proved again first
        let stuck = acked == before && sent.last > acked;
        if stuck && !restored && !is_fork {
            return self.fail(Blocked::Garbled, None, random); // no step forward: do not ask in a loop
        }
        self.online = true;
        self.max_operations = (self.max_operations * 2).min(MAX_OPERATIONS);
        self.max_bytes = (self.max_bytes * 2).min(MAX_PUSH_BYTES);
        let mut state = self.state.clone();
        state.epoch = Some(response.epoch);
        state.contact = Some(Contact { server_ms: response.server_ms, wall_ms });
        let mut more = restored;
        if sent.former {
            self.probe |= restored;
            self.former_told(&mut state, acked, response.safe);
        } else {
            self.probe = false;
            self.heard = response.acked;
            state.acked = acked;
            state.safe = response.safe;
            more |= sent.more || acked < sent.last || self.heard > sent.last;
        }
        if restored {
            state.acked = 0;
            state.former.iter_mut().flatten().for_each(|former| former.told(0, 0));
            self.former_due = state.former().len();
        }
        self.step = Step::Marking { more, copied: is_fork.then_some(Dot { device, seq: acked }) };
        self.pending = Some(state.clone());
        let PushResponse { mut verdicts, missing_blobs, .. } = response;
        if sent.former {
            verdicts.clear(); // the outbox counts under another id
        }
        vec![Effect::MarkAcked { state, verdicts, missing_blobs, restored }]
    }

    fn copied(&mut self, above: Dot) -> Vec<Effect> {
        self.step = Step::Rekeying;
        self.blocked = Some(Blocked::Copied);
        vec![Effect::Rekey { above }]
    }

    fn rekeyed(&mut self, state: DeviceState) -> Vec<Effect> {
        if !matches!(self.step, Step::Rekeying) {
            return Vec::new();
        }
        self.state = state;
        self.former_due = self.state.former().len();
        self.heard = 0;
        self.freed = 0;
        self.blocked = None;
        self.load()
    }

    // Records down.

    /// Records come down when a restored server was given back all that it lost.
    fn receive(&mut self) -> Vec<Effect> {
        match self.push_former() {
            Some(effects) => effects,
            None => self.pull(),
        }
    }

    fn pull(&mut self) -> Vec<Effect> {
        let ticket = self.ticket();
        let tally = self.counts_now();
        let cursor = self.state.cursor.clone();
        self.step = Step::Pulling { ticket, tally };
        vec![Effect::Pull { ticket, cursor, wait_s: 0, tally }]
    }

    fn counts_now(&self) -> bool {
        self.state.counts(self.wall_ms) && !self.cannot_count
    }

    fn poll(&mut self) -> Vec<Effect> {
        let ticket = self.ticket();
        self.step = Step::Polling { ticket };
        self.poll_next = false;
        let cursor = self.state.cursor.clone();
        vec![Effect::Pull { ticket, cursor, wait_s: POLL_WAIT_S, tally: false }]
    }

    fn pull_reply(
        &mut self,
        ticket: u64,
        page: Result<Box<PullResponse>, Reply>,
        wall_ms: i64,
        random: u64,
    ) -> Vec<Effect> {
        let (polled, asked) = match self.step {
            Step::Pulling { ticket: ours, tally } if ours == ticket => (false, tally),
            Step::Polling { ticket: ours } if ours == ticket => (true, false),
            _ => return Vec::new(),
        };
        let response = match page.map_err(|reply| Failure::of(&reply)) {
            Ok(response) => *response,
            // Whoever may not read any more may still owe files to what they sent.
            Err(failure) if failure.blocked == Blocked::SignedOut && self.waiting.blobs > 0 => {
                self.ends_in = Some(failure.blocked);
                return self.list_blobs();
            }
            Err(failure) => return self.fail(failure.blocked, failure.retry_after_ms, random),
        };
        if self.state.epoch.is_some_and(|epoch| epoch != response.epoch) {
            self.probe = true; // a restored server: give it back first what it lost
            return match self.ends_in {
                Some(blocked) => self.fail(blocked, None, random), // it would not end: what it does not take goes up again
                None => self.load(),
            };
        }
        let mut state = self.state.clone();
        if response.reset {
            state.generation = state.generation.max(state.complete) + 1;
        }
        state.epoch = Some(response.epoch);
        state.safe = response.safe;
        state.cursor = Some(response.cursor);
        state.contact = Some(Contact { server_ms: response.server_ms, wall_ms });
        state.pack = Some(response.pack);
        let complete = !response.more;
        // A server of before does not count: it is asked once a day, too. What came whole need not be counted.
        let is_uncounted = asked && response.tally.is_none();
        if complete && (is_uncounted || state.complete != state.generation) {
            state.counted_ms = Some(wall_ms);
        }
        // What it counts beyond what was acknowledged a copy of this device may have sent: our own stay on top until it is.
        let included = response.included.min(self.state.acked);
        if complete {
            state.complete = state.generation;
            state.included = included;
            state.last_success_ms = Some(wall_ms);
        }
        let page = Page {
            generation: state.generation,
            included,
            records: Records::new(response.records, response.columns),
            complete,
            units: response.units,
            settled: response.settled.unwrap_or_default(),
            names: response.names.unwrap_or_default(),
            waiting: response.waiting.unwrap_or_default(),
        };
        if !page.settled.is_empty() {
            self.freed = 0; // what was settled may be freed now
        }
        self.step = Step::Committing {
            more: response.more,
            polled,
            tally: response.tally.filter(|_| complete),
        };
        self.pending = Some(state.clone());
        vec![Effect::CommitPull { state, page }]
    }

    /// Who does not hold what there is takes the feed from its start: what is missing comes again.
    fn counted(&mut self, held: Tally) -> Vec<Effect> {
        let Step::Counting { told } = self.step else { return Vec::new() };
        // It goes to the disk with whatever is stored next.
        self.state.counted_ms = Some(self.wall_ms);
        if held == told {
            return self.list_blobs();
        }
        let state = DeviceState { cursor: None, ..self.state.clone() };
        self.step = Step::Marking { more: false, copied: None };
        self.pending = Some(state.clone());
        let (verdicts, missing_blobs) = (Vec::new(), Vec::new());
        vec![Effect::MarkAcked { state, verdicts, missing_blobs, restored: false }]
    }

    // Ends.

    fn stored(&mut self, waiting: Waiting, random: u64) -> Vec<Effect> {
        self.waiting = waiting;
        if let Some(state) = self.pending.take() {
            self.state = state;
        }
        let mut effects = self.free();
        effects.extend(match self.step {
            Step::Marking { copied: Some(above), .. } => self.copied(above),
            Step::Marking { more, .. } if more || self.again => self.load(),
            Step::Marking { .. } => self.receive(),
            Step::Committing { more: true, .. } => self.pull(),
            // What somebody sends does not wait for a count, which stays due.
            Step::Committing { tally: Some(_), .. } if self.again => self.load(),
            Step::Committing { tally: Some(told), .. } => {
                self.step = Step::Counting { told };
                vec![Effect::Count]
            }
            Step::Committing { polled: true, .. } => self.polled(),
            Step::Committing { .. } => self.list_blobs(),
            Step::MarkingBlob => self.next_blob(random),
            _ => Vec::new(),
        });
        effects
    }

    fn free(&mut self) -> Vec<Effect> {
        let DeviceState { acked, safe, included, .. } = self.state;
        let upto = acked.min(safe).min(included);
        if upto <= self.freed {
            return Vec::new();
        }
        self.freed = upto;
        vec![Effect::ForgetSafe { upto }]
    }

    fn polled(&mut self) -> Vec<Effect> {
        self.step = Step::Idle;
        if self.again || !self.watching || self.counts_now() {
            return self.load();
        }
        self.poll_next = true;
        vec![Effect::ScheduleRetry { delay_ms: POLL_PAUSE_MS }]
    }

    fn finish(&mut self, random: u64) -> Vec<Effect> {
        self.large_once = false;
        if let Some(blocked) = self.ends_in {
            return self.fail(blocked, None, random);
        }
        if self.file_refused {
            return self.fail(Blocked::FileRefused, None, random);
        }
        self.failures = 0;
        // It is told; to try again would mend nothing, and must not be in the way of news.
        self.blocked = self.file_damaged.then_some(Blocked::FileDamaged);
        self.step = Step::Idle;
        let mut effects = self.schedule_edits();
        if self.watching {
            effects.extend(self.poll());
        }
        effects
    }

    fn fail(&mut self, blocked: Blocked, retry_after_ms: Option<u64>, random: u64) -> Vec<Effect> {
        self.step = Step::Idle;
        self.again = false;
        if self.takes_over && blocked != Blocked::Storage {
            return self.load(); // that needs no network
        }
        let first = self.blocked != Some(blocked);
        self.blocked = Some(if self.online { blocked } else { Blocked::Offline });
        match blocked {
            Blocked::SignedOut if first => return vec![Effect::AskSignIn],
            Blocked::SignedOut => return Vec::new(),
            _ if !self.online => return Vec::new(), // the browser says when to go on
            _ => {}
        }
        let (shortest, longest) = RETRY_MS;
        let most = shortest.saturating_mul(1 << self.failures.min(16)).min(longest);
        self.failures = self.failures.saturating_add(1);
        let spread = most / 2 + random % (most / 2 + 1);
        let asked = retry_after_ms.map(|ms| ms.min(LONGEST_RETRY_AFTER_MS).max(spread));
        self.waits = asked.map(|ms| Wait { ms, blocked });
        vec![Effect::ScheduleRetry { delay_ms: asked.unwrap_or(spread) }]
    }

    /// How far it is, for people to see.
    #[must_use]
    pub fn status(&self) -> SyncStatus {
        let phase = match self.step {
            Step::Idle | Step::Polling { .. } => Phase::Idle,
            Step::Loading
            | Step::Pushing { .. }
            | Step::Marking { .. }
            | Step::Rekeying
            | Step::TakingOver => Phase::Sending,
            Step::Pulling { .. } | Step::Committing { .. } | Step::Counting { .. } => {
                Phase::Receiving
            }
            Step::ListingBlobs
            | Step::AskingBlob { .. }
            | Step::SendingChunk { .. }
            | Step::MarkingBlob => Phase::SendingFiles,
        };
        SyncStatus {
            last_success_ms: self.state.last_success_ms,
            unsent_ops: self.waiting.operations,
            unsent_records: self.waiting.records,
            unsent_blobs: self.waiting.blobs,
            held_blobs: self.held_blobs,
            phase,
            blocked: self.blocked,
            wait_ms: self.waits.filter(|_| self.online).map(|wait| wait.ms),
        }
    }
}

/// How far the answer proves that the server holds what it was sent: as far as it has compared each
/// operation. Lower than before if the server lost some.
fn acked(response: &PushResponse, sent: Sent) -> u64 {
    let is_held = |seq: &u64| {
        let mut verdicts = response.verdicts.iter().filter(|verdict| verdict.seq == *seq);
        verdicts.any(|verdict| verdict.reason != Some(QuarantineReason::Fork))
    };
    let sent_and_held = (sent.before + 1..=sent.last.min(response.acked)).take_while(is_held);
    sent_and_held.last().unwrap_or(sent.before.min(response.acked))
}

fn is_fork(response: &PushResponse) -> bool {
    response.verdicts.iter().any(|verdict| verdict.reason == Some(QuarantineReason::Fork))
}

struct Failure {
    blocked: Blocked,
    retry_after_ms: Option<u64>,
}

impl Failure {
    const GARBLED: Self = Self { blocked: Blocked::Garbled, retry_after_ms: None };

    fn of(reply: &Reply) -> Self {
        let (blocked, retry_after_ms) = match *reply {
            Reply::Body(_) => (Blocked::Garbled, None),
            Reply::Unreachable => (Blocked::Unreachable, None),
            Reply::SignedOut => (Blocked::SignedOut, None),
            Reply::NotOurServer => (Blocked::CaptivePortal, None),
            Reply::Refused { status: 426, retry_after_ms } => (Blocked::Outdated, retry_after_ms),
            Reply::Refused { status, retry_after_ms } => (Blocked::Server(status), retry_after_ms),
        };
        Self { blocked, retry_after_ms }
    }
}

fn read(reply: Reply) -> Result<PushResponse, Failure> {
    match reply {
        Reply::Body(bytes) => codec::decode(&bytes).map_err(|_not_readable| Failure::GARBLED),
        reply => Err(Failure::of(&reply)),
    }
}
