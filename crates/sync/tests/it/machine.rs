//! The state machine, one situation at a time.

use std::collections::BTreeMap;

use sync::{
    codec,
    device::{
        BlobReply, Blocked, Device, DeviceState, Effect, Event, Former, Outbox, Reply, Waiting,
        WaitingBlob, rekey, take_over,
    },
    wire::{
        Action, DeviceId, Dot, FormRef, Hash, Operation, Outcome, PullResponse, PushRequest,
        PushResponse, QuarantineReason, RecordId, SealedOperation, Tally, Times, Verdict,
        WIRE_VERSION,
    },
};

fn outbox(seqs: std::ops::RangeInclusive<u64>, more: bool) -> Event {
    let last = *seqs.end();
    let operations = seqs.map(|seq| SealedOperation { seq, bytes: vec![0] }).collect();
    Event::Loaded(Outbox { operations, more, last, waiting: Waiting::default() })
}

/// An outbox without anything new; the newest operation is `last`.
fn nothing_after(last: u64) -> Event {
    let waiting = Waiting::default();
    Event::Loaded(Outbox { operations: Vec::new(), more: false, last, waiting })
}

fn told_nothing(epoch: u64, acked: u64) -> Reply {
    pushed(epoch, acked, std::ops::RangeInclusive::new(1, 0))
}

fn pushed(epoch: u64, acked: u64, told: std::ops::RangeInclusive<u64>) -> Reply {
    let verdict = |seq| Verdict { seq, outcome: Outcome::Applied, reason: None, set_aside: None };
    Reply::Body(codec::encode(&PushResponse {
        version: WIRE_VERSION,
        epoch,
        acked,
        safe: acked,
        verdicts: told.map(verdict).collect(),
        server_ms: 0,
        missing_blobs: Vec::new(),
    }))
}

fn pulled(epoch: u64, included: u64, more: bool, reset: bool) -> Reply {
    Reply::Body(codec::encode(&page(epoch, included, more, reset)))
}

fn page(epoch: u64, included: u64, more: bool, reset: bool) -> PullResponse {
    PullResponse {
        version: WIRE_VERSION,
        epoch,
        cursor: "cursor".to_owned(),
        more,
        records: Vec::new(),
        included,
        safe: included,
        units: None,
        pack: Hash([0; 32]),
        server_ms: 1_000,
        reset,
        settled: None,
        names: None,
        columns: None,
        tally: None,
        waiting: None,
    }
}

/// The last page for a device that asked what there is in all: as many records.
fn counted(records: u64) -> Reply {
    let tally = Some(Tally { records, places: 9 });
    Reply::Body(codec::encode(&PullResponse { tally, ..page(1, 2, false, false) }))
}

struct Driver {
    device: Device,
    effects: Vec<Effect>,
    wall_ms: i64,
}

impl Driver {
    fn new() -> Self {
        let device = Device::new(DeviceState::new(DeviceId([1; 16])));
        Self { device, effects: Vec::new(), wall_ms: 5_000 }
    }

    fn on(&mut self, event: Event) -> &mut Self {
        self.effects = self.device.handle(event, self.wall_ms, 7);
        self.effects.retain(|effect| !matches!(effect, Effect::ReportStatus(_)));
        self
    }

    fn ticket(&self) -> u64 {
        let ticket = self.effects.iter().find_map(|effect| match effect {
            Effect::Push { ticket, .. }
            | Effect::Pull { ticket, .. }
            | Effect::AskBlob { ticket, .. }
            | Effect::SendChunk { ticket, .. } => Some(*ticket),
            _ => None,
        });
        ticket.unwrap_or_else(|| panic!("no request in {:?}", self.effects))
    }

    fn request(&self) -> PushRequest {
        let body = self.effects.iter().find_map(|effect| match effect {
            Effect::Push { body, .. } => Some(body),
            _ => None,
        });
        let body = body.unwrap_or_else(|| panic!("no push in {:?}", self.effects));
        codec::decode(body).expect("our own request")
    }

    fn push_reply(&mut self, reply: Reply) -> &mut Self {
        let ticket = self.ticket();
        self.on(Event::PushReply { ticket, reply })
    }

    fn pull_reply(&mut self, reply: Reply) -> &mut Self {
        let ticket = self.ticket();
        self.on(Event::PullReply { ticket, page: reply.page() })
    }

    fn blob_reply(&mut self, reply: BlobReply) -> &mut Self {
        let ticket = self.ticket();
        self.on(Event::BlobReply { ticket, reply })
    }

    fn stored(&mut self) -> &mut Self {
        self.on(Event::Stored(Waiting::default()))
    }

    fn synced(&mut self) -> &mut Self {
        self.on(Event::Opened).on(outbox(1..=2, false)).push_reply(pushed(1, 2, 1..=2)).stored();
        self.pull_reply(pulled(1, 2, false, true)).stored().on(Event::BlobsWaiting(Vec::new()))
    }

    fn delay(&self) -> Option<u64> {
        self.effects.iter().find_map(|effect| match effect {
            Effect::ScheduleRetry { delay_ms } => Some(*delay_ms),
            _ => None,
        })
    }
}

#[test]
fn answers_go_first_then_records_come_then_files_go_the_smallest_first() {
    let mut it = Driver::new();
    it.on(Event::Opened).on(outbox(1..=2, true)).push_reply(pushed(1, 2, 1..=2)).stored();
    assert!(matches!(it.effects[..], [Effect::SealAndLoadOutbox { after: 2, .. }]));
    it.on(outbox(3..=3, false)).push_reply(pushed(1, 3, 3..=3)).stored();
    it.pull_reply(pulled(1, 3, true, true)).stored();
    it.pull_reply(pulled(1, 3, false, false)).stored();
    assert_eq!(it.effects, [Effect::ForgetSafe { upto: 3 }, Effect::LoadBlobs]);
    let (small, large) = (
        WaitingBlob { hash: Hash([2; 32]), size: 10 },
        WaitingBlob { hash: Hash([1; 32]), size: 300_000 },
    );
    it.on(Event::BlobsWaiting(vec![large, small]));
    assert!(matches!(it.effects[..], [Effect::AskBlob { blob, .. }] if blob == small));
    it.blob_reply(BlobReply::Missing(String::new()));
    assert_eq!(it.effects, [Effect::MarkBlobSent { hash: small.hash }]);
    it.stored().blob_reply(BlobReply::Missing("1".to_owned()));
    assert!(matches!(it.effects[..], [Effect::SendChunk { chunk: 1, .. }]));
    it.blob_reply(BlobReply::Taken).blob_reply(BlobReply::Missing(String::new())).stored();
    assert!(it.device.is_idle());
    assert_eq!(it.device.state().last_success_ms, Some(5_000));
}

#[test]
fn each_request_that_went_up_makes_the_next_one_longer_and_each_that_did_not_shorter() {
    let mut it = Driver::new();
    let room = |it: &Driver| match it.effects[..] {
        [Effect::SealAndLoadOutbox { max_bytes, .. }, ..] => max_bytes,
        _ => panic!("{:?}", it.effects),
    };
    it.on(Event::Opened);
    let first = room(&it);
    let mut longest = first;
    for seq in 1..=4 {
        it.on(outbox(seq..=seq, true)).push_reply(pushed(1, seq, seq..=seq)).stored();
        assert!(room(&it) == 2 * longest || (seq > 1 && room(&it) == longest), "{longest}");
        longest = room(&it);
    }
    it.on(outbox(5..=5, true)).push_reply(Reply::Unreachable).on(Event::Tick);
    assert_eq!(room(&it), longest / 2);
}

#[test]
fn an_operation_that_no_request_carries_keeps_nothing_from_coming() {
    let mut it = Driver::new();
    it.synced();
    let refused = || Reply::Refused { status: 413, retry_after_ms: None };
    it.on(Event::Asked).on(outbox(3..=4, false)).push_reply(refused());
    assert!(it.delay().is_some(), "two may go one by one");
    for _ in 0..3 {
        it.on(Event::Tick).on(outbox(3..=3, true)).push_reply(refused());
        assert!(matches!(it.effects[..], [Effect::Pull { .. }]), "{:?}", it.effects);
        it.pull_reply(pulled(1, 2, false, false)).stored();
        let blob = WaitingBlob { hash: Hash([1; 32]), size: 10 };
        it.on(Event::BlobsWaiting(vec![blob])).blob_reply(BlobReply::Missing(String::new()));
        it.stored();
        assert!(it.delay().is_some());
        assert_eq!(
            it.device.status().blocked,
            Some(Blocked::Server(413)),
            "it is told all the same"
        );
    }
    assert_eq!(it.device.state().acked, 2);

    // The server was restored meanwhile, which is heard with a page: it gets back what it lost, and that one goes up once in each try.
    it.on(Event::Tick).on(outbox(3..=3, true)).push_reply(refused());
    it.pull_reply(pulled(2, 2, false, false));
    assert!(it.delay().is_some(), "{:?}", it.effects);
    it.on(Event::Tick).on(outbox(3..=3, true)).push_reply(refused());
    assert_eq!(it.request().operations, [], "it is asked without that one");
    it.push_reply(told_nothing(2, 0)).stored();
    it.on(outbox(1..=2, true)).push_reply(pushed(2, 2, 1..=2)).stored();
    it.on(outbox(3..=3, true)).push_reply(refused());
    assert!(matches!(it.effects[..], [Effect::Pull { .. }]), "{:?}", it.effects);
    it.pull_reply(pulled(2, 2, false, true)).stored();
    assert!(matches!(it.effects[..], [.., Effect::LoadBlobs]), "{:?}", it.effects);
}

#[test]
fn a_persons_wish_to_send_goes_before_the_next_chunk() {
    let mut it = Driver::new();
    it.synced().on(Event::Opened).on(nothing_after(2));
    it.pull_reply(pulled(1, 2, false, false)).stored();
    let blob = WaitingBlob { hash: Hash([1; 32]), size: 900_000 };
    it.on(Event::BlobsWaiting(vec![blob])).blob_reply(BlobReply::Missing("0-3".to_owned()));
    let ticket = it.ticket();
    it.on(Event::Asked).on(Event::BlobReply { ticket, reply: BlobReply::Taken });
    assert!(matches!(it.effects[..], [Effect::SealAndLoadOutbox { .. }]));
}

#[test]
fn nothing_counts_as_held_without_a_verdict_and_a_watermark_in_the_body() {
    for (reply, acked) in [
        (pushed(1, 4, 1..=4), 4),
        (pushed(1, 2, 1..=4), 2),
        (pushed(1, 4, 1..=3), 3),
        (pushed(1, 9, 1..=4), 4),
        (pushed(1, 4, 2..=4), 0),
        (Reply::Body(Vec::new()), 0),
        (Reply::Body(b"<html>".to_vec()), 0),
        (Reply::NotOurServer, 0),
        (Reply::Refused { status: 204, retry_after_ms: None }, 0),
        (Reply::Unreachable, 0),
    ] {
        let mut it = Driver::new();
        it.on(Event::Opened).on(outbox(1..=4, false)).push_reply(reply.clone()).stored();
        assert_eq!(it.device.state().acked, acked, "{reply:?}");
    }
}

#[test]
fn a_new_epoch_brings_back_all_that_is_still_held() {
    let mut it = Driver::new();
    it.synced().on(Event::Opened).on(nothing_after(2)).pull_reply(pulled(2, 0, false, true));
    assert!(matches!(it.effects[..], [Effect::SealAndLoadOutbox { after: 2, .. }]), "push first");
    it.on(nothing_after(2)).push_reply(told_nothing(2, 1)).stored();
    assert!(matches!(it.effects[..], [Effect::SealAndLoadOutbox { after: 0, .. }]));
    // Operation 1 was freed as safe.
    it.on(outbox(2..=2, false));
    let Some(Effect::Push { body, .. }) = it.effects.first() else { panic!("{:?}", it.effects) };
    let request: PushRequest = codec::decode(body).unwrap();
    assert_eq!((request.oldest, request.epoch), (Some(2), Some(2)));
    it.push_reply(pushed(2, 2, 2..=2)).stored();
    assert_eq!(it.device.state().acked, 2);
}

#[test]
fn retries_slow_down_are_spread_and_obey_the_server() {
    let mut it = Driver::new();
    let mut delays = Vec::new();
    for _ in 0..12 {
        it.on(Event::Tick).on(outbox(1..=1, false)).push_reply(Reply::Unreachable);
        delays.push(it.delay().expect("another try"));
    }
    assert!(delays.windows(2).all(|pair| pair[0] <= pair[1]) && delays[0] <= 2_000, "{delays:?}");
    assert!((150_000..=300_000).contains(delays.last().unwrap()), "{delays:?}");
    it.on(Event::Online).on(outbox(1..=1, false));
    it.push_reply(Reply::Refused { status: 503, retry_after_ms: Some(60_000) });
    assert_eq!(it.delay(), Some(60_000));

    let spread: std::collections::BTreeSet<_> = (0..50)
        .map(|random| {
            let mut device = Device::new(DeviceState::new(DeviceId([1; 16])));
            let start = device.handle(Event::StorageFailed, 0, random * 997);
            start.into_iter().find_map(|effect| match effect {
                Effect::ScheduleRetry { delay_ms } => Some(delay_ms),
                _ => None,
            })
        })
        .collect();
    assert!(spread.len() > 25, "{spread:?}");
}

/// More than one person may send at a time, says the server. Neither an edit, a tap nor a line that comes and goes is a reason to
/// ask it sooner.
#[test]
fn whoever_was_asked_to_wait_waits() {
    let too_many = || Reply::Refused { status: 429, retry_after_ms: Some(180_000) };
    let mut it = Driver::new();
    it.on(Event::Opened).on(outbox(1..=1, false)).push_reply(too_many());
    assert_eq!(it.delay(), Some(180_000));
    for event in [
        Event::Edited,
        Event::Asked,
        Event::Opened,
        Event::Offline,
        Event::Online,
        Event::Edited,
        Event::Watching(true),
        Event::Asked,
    ] {
        it.on(event.clone());
        assert_eq!(it.effects, [], "{event:?}");
    }
    let effects = it.device.handle(Event::Watching(false), 0, 0);
    assert_eq!(effects, [], "nothing new to show");
    it.on(Event::Tick).on(outbox(1..=1, false));
    it.push_reply(too_many());
    assert_eq!(it.delay(), Some(180_000));
    it.on(Event::SignedIn).on(outbox(1..=1, false)).push_reply(pushed(1, 1, 1..=1));
    assert!(matches!(it.effects[..], [Effect::MarkAcked { .. }]));
}

#[test]
fn how_long_to_wait_is_shown_until_the_next_try() {
    let mut device = Device::new(DeviceState::new(DeviceId([1; 16])));
    let shown = |effects: Vec<Effect>| {
        effects.into_iter().find_map(|effect| match effect {
            Effect::ReportStatus(status) => Some((status.blocked, status.wait_ms)),
            _ => None,
        })
    };
    device.handle(Event::Opened, 0, 0);
    device.handle(outbox(1..=1, false), 0, 0);
    let reply = Reply::Refused { status: 429, retry_after_ms: Some(90_000) };
    let busy = (Some(Blocked::Server(429)), Some(90_000));
    assert_eq!(shown(device.handle(Event::PushReply { ticket: 1, reply }, 0, 0)), Some(busy));
    let offline = (Some(Blocked::Offline), None);
    assert_eq!(shown(device.handle(Event::Offline, 0, 0)), Some(offline));
    assert_eq!(shown(device.handle(Event::Online, 0, 0)), Some(busy));
    let tried = shown(device.handle(Event::Tick, 0, 0));
    assert_eq!(tried, Some((Some(Blocked::Server(429)), None)));
}

#[test]
fn an_ended_session_is_asked_for_once_and_filling_goes_on() {
    let mut it = Driver::new();
    it.on(Event::Opened).on(outbox(1..=1, false)).push_reply(Reply::SignedOut);
    assert_eq!(it.effects, [Effect::AskSignIn]);
    it.on(Event::Opened).on(outbox(1..=1, false)).push_reply(Reply::SignedOut);
    assert_eq!(it.effects, []);
    it.on(Event::SignedIn).on(outbox(1..=1, false)).push_reply(pushed(1, 1, 1..=1)).stored();
    assert_eq!(it.device.state().acked, 1);
}

#[test]
fn without_a_network_nothing_is_scheduled_until_it_is_back() {
    let mut it = Driver::new();
    it.on(Event::Opened).on(outbox(1..=1, false)).on(Event::Offline);
    assert!(!it.device.is_idle());
    let mut it = Driver::new();
    it.on(Event::Offline).on(Event::Asked).on(outbox(1..=1, false));
    let ticket = it.ticket();
    let effects = it.device.handle(Event::PushReply { ticket, reply: Reply::Unreachable }, 0, 0);
    let [Effect::ReportStatus(status)] = effects[..] else { panic!("{effects:?}") };
    assert_eq!(status.blocked, Some(Blocked::Offline));
    it.on(Event::Edited);
    assert_eq!(it.effects, []);
    it.on(Event::Online);
    assert!(matches!(it.effects[..], [Effect::SealAndLoadOutbox { .. }]));
}

#[test]
fn a_watching_device_waits_for_changes_and_drops_that_to_send() {
    let mut it = Driver::new();
    it.synced().on(Event::Watching(true)).on(nothing_after(2));
    it.pull_reply(pulled(1, 2, false, false)).stored().on(Event::BlobsWaiting(Vec::new()));
    assert!(matches!(it.effects[..], [Effect::Pull { wait_s: 20, .. }]));
    let ticket = it.ticket();
    it.on(Event::Asked);
    assert!(matches!(it.effects[..], [Effect::AbortPull, Effect::SealAndLoadOutbox { .. }]));
    it.on(Event::PullReply { ticket, page: Err(Reply::Unreachable) });
    assert_eq!(it.effects, [], "the aborted answer is nobody's");
}

#[test]
fn a_copied_profile_takes_a_new_id() {
    let mut it = Driver::new();
    it.on(Event::Opened).on(outbox(1..=1, false)).push_reply(pushed(1, 5, 1..=1)).stored();
    it.on(nothing_after(1));
    let above = Dot { device: DeviceId([1; 16]), seq: 1 };
    assert_eq!(it.effects, [Effect::Rekey { above }]);
    let renamed = rekey(it.device.state(), above, Vec::new(), DeviceId([2; 16])).expect("readable");
    it.on(Event::Rekeyed(renamed.state));
    assert!(matches!(it.effects[..], [Effect::SealAndLoadOutbox { after: 0, .. }]));
}

/// What the copy did would else pass for this device's own operations, which are not sent yet, and hide them.
#[test]
fn a_page_counts_no_operation_of_a_copy_for_ours() {
    let mut it = Driver::new();
    it.on(Event::Opened).on(outbox(1..=2, false)).push_reply(pushed(1, 2, 1..=2)).stored();
    it.pull_reply(pulled(1, 5, false, true));
    let [Effect::CommitPull { state, page }] = &it.effects[..] else { panic!("{:?}", it.effects) };
    assert_eq!((state.included, page.included), (2, 2));
}

#[test]
fn once_a_day_a_device_asks_what_there_is_and_takes_all_anew_if_it_holds_something_else() {
    const DAY_MS: i64 = 86_400_000;
    let asks = |it: &Driver| match it.effects[..] {
        [.., Effect::Pull { tally, ref cursor, .. }] => (tally, cursor.is_some()),
        _ => panic!("{:?}", it.effects),
    };
    let mut it = Driver::new();
    it.synced().on(Event::Opened).on(nothing_after(2));
    assert_eq!(asks(&it), (false, true), "all came just now");
    it.pull_reply(pulled(1, 2, false, false)).stored().on(Event::BlobsWaiting(Vec::new()));

    it.wall_ms += DAY_MS;
    it.on(Event::Opened).on(nothing_after(2));
    assert_eq!(asks(&it), (true, true));
    it.pull_reply(counted(3)).stored();
    assert_eq!(it.effects, [Effect::Count]);
    it.on(Event::Counted(Tally { records: 3, places: 9 }));
    assert_eq!(it.effects, [Effect::LoadBlobs]);
    it.on(Event::BlobsWaiting(Vec::new())).on(Event::Opened).on(nothing_after(2));
    assert_eq!(asks(&it), (false, true), "not again today");
    it.pull_reply(pulled(1, 2, false, false)).stored().on(Event::BlobsWaiting(Vec::new()));

    it.wall_ms -= DAY_MS;
    it.on(Event::Opened).on(nothing_after(2)).pull_reply(counted(3)).stored();
    it.on(Event::Counted(Tally { records: 2, places: 9 }));
    assert!(matches!(&it.effects[..], [Effect::MarkAcked { state, .. }] if state.cursor.is_none()));
    it.stored();
    assert_eq!(asks(&it), (false, false), "from its start");
    it.pull_reply(pulled(1, 2, false, true)).stored();
    assert_eq!(it.effects, [Effect::LoadBlobs]);
    it.on(Event::BlobsWaiting(Vec::new())).on(Event::Opened).on(nothing_after(2));
    assert_eq!(asks(&it), (false, true), "at most once a day");
}

#[test]
fn a_server_that_counts_nothing_is_asked_once_a_day() {
    let mut it = Driver::new();
    it.synced();
    it.wall_ms += 86_400_000;
    it.on(Event::Watching(true)).on(nothing_after(2));
    it.pull_reply(pulled(1, 2, false, false)).stored();
    assert_eq!(it.effects, [Effect::LoadBlobs], "it is taken at its word");
    it.on(Event::BlobsWaiting(Vec::new()));
    assert!(matches!(it.effects[..], [Effect::Pull { wait_s: 20, tally: false, .. }]));
    it.pull_reply(pulled(1, 2, false, false)).stored();
    assert_eq!(it.delay(), Some(500));
    // One that could not count once goes on without, and with its pauses.
    let mut cannot = Driver::new();
    cannot.synced();
    cannot.wall_ms += 86_400_000;
    cannot.on(Event::Watching(true)).on(nothing_after(2)).pull_reply(counted(3)).stored();
    cannot.on(Event::StorageFailed).on(Event::Tick).on(nothing_after(2));
    cannot.pull_reply(pulled(1, 2, false, false)).stored().on(Event::BlobsWaiting(Vec::new()));
    cannot.pull_reply(pulled(1, 2, false, false)).stored();
    assert_eq!(cannot.delay(), Some(500));
    // Whoever is watched for days asks all the same.
    it.on(Event::Tick);
    it.wall_ms += 86_400_000;
    it.pull_reply(pulled(1, 2, false, false)).stored();
    assert!(matches!(it.effects[..], [Effect::SealAndLoadOutbox { .. }]), "{:?}", it.effects);
}

fn sealed(seqs: std::ops::RangeInclusive<u64>) -> Vec<SealedOperation> {
    let operation = |seq| Operation {
        dot: Dot { device: DeviceId([1; 16]), seq },
        record: RecordId([7; 16]),
        form: FormRef { id: "form".to_owned(), version: "1".to_owned(), hash: Hash([7; 32]) },
        unit: "phuong/1".to_owned(),
        action: Action::Edit,
        fields: BTreeMap::new(),
        at: Times::default(),
        author: "anna".to_owned(),
    };
    seqs.map(|seq| SealedOperation { seq, bytes: codec::encode(&operation(seq)) }).collect()
}

/// A device that was copied when the server held its operations up to 3, of which the first is in a backup, and takes a
/// new id for its fourth.
fn copied() -> Driver {
    let state =
        DeviceState { epoch: Some(1), acked: 3, safe: 1, ..DeviceState::new(DeviceId([1; 16])) };
    let above = Dot { device: state.device, seq: 3 };
    let rekeyed = rekey(&state, above, sealed(1..=4), DeviceId([2; 16])).expect("readable");
    assert_eq!(rekeyed.operations.len(), 1, "what the server holds is not sealed again");
    Driver { device: Device::new(rekeyed.state), ..Driver::new() }
}

fn told(epoch: u64, acked: u64, safe: u64, told: &[(u64, Option<QuarantineReason>)]) -> Reply {
    let verdict = |(seq, reason): &(u64, Option<QuarantineReason>)| {
        let outcome = reason.map_or(Outcome::Applied, |_| Outcome::Quarantined);
        Verdict { seq: *seq, outcome, reason: *reason, set_aside: None }
    };
    Reply::Body(codec::encode(&PushResponse {
        version: WIRE_VERSION,
        epoch,
        acked,
        safe,
        verdicts: told.iter().map(verdict).collect(),
        server_ms: 0,
        missing_blobs: Vec::new(),
    }))
}

#[test]
fn a_copied_profile_gives_back_what_no_backup_held_when_the_server_is_restored() {
    let mut it = copied();
    it.on(Event::Opened).on(outbox(1..=1, false)).push_reply(told(2, 0, 0, &[])).stored();
    it.on(outbox(1..=1, false)).push_reply(told(2, 1, 0, &[(1, None)])).stored();
    let request = it.request();
    assert_eq!(request.device, DeviceId([1; 16]), "under the id it was sealed with");
    assert_eq!(request.operations, sealed(2..=3), "byte for byte");
    assert_eq!(request.oldest, Some(2), "the first was freed as safe");

    it.push_reply(told(2, 3, 1, &[(2, None), (3, None)]));
    let marked = it.effects.first();
    assert!(matches!(marked, Some(Effect::MarkAcked { verdicts, .. }) if verdicts.is_empty()));
    it.stored();
    assert!(matches!(it.effects[..], [Effect::Pull { .. }]), "{:?}", it.effects);
    assert_eq!(it.device.state().former()[0].operations, sealed(2..=3), "still in no backup");
}

#[test]
fn what_a_copied_profile_kept_under_its_old_id_is_freed_when_a_backup_holds_it() {
    let mut it = copied();
    it.on(Event::Opened).on(nothing_after(1));
    let request = it.request();
    assert_eq!((request.device, request.operations), (DeviceId([1; 16]), Vec::new()));
    it.push_reply(told(1, 3, 2, &[])).stored();
    assert_eq!(it.device.state().former()[0].operations, sealed(3..=3));

    it.device = Device::new(it.device.state().clone());
    it.on(Event::Opened).on(nothing_after(1)).push_reply(told(1, 3, 3, &[])).stored();
    assert_eq!(it.device.state().former(), []);
    assert!(matches!(it.effects[..], [Effect::Pull { .. }]));
}

#[test]
fn what_another_profile_overtook_after_a_restore_is_sealed_anew() {
    let mut it = copied();
    it.on(Event::Opened).on(outbox(1..=1, false)).push_reply(told(2, 0, 0, &[])).stored();
    it.on(outbox(1..=1, false)).push_reply(told(2, 1, 1, &[(1, None)])).stored();
    let fork = Some(QuarantineReason::Fork);
    it.push_reply(told(2, 3, 1, &[(2, None), (3, fork)])).stored();
    let above = Dot { device: DeviceId([1; 16]), seq: 2 };
    assert_eq!(it.effects, [Effect::Rekey { above }]);
    let device = DeviceId([3; 16]);
    let rekeyed = rekey(it.device.state(), above, Vec::new(), device).expect("readable");
    let dots: Vec<Dot> = rekeyed.operations.iter().map(|operation| operation.dot).collect();
    assert_eq!(dots, [Dot { device, seq: 1 }]);
    assert_eq!(rekeyed.state.former()[0].operations, sealed(2..=2));
}

#[test]
fn a_refused_file_does_not_hold_up_the_others() {
    let mut it = Driver::new();
    it.synced().on(Event::Opened).on(nothing_after(2));
    it.pull_reply(pulled(1, 2, false, false)).stored();
    let blob = |byte| WaitingBlob { hash: Hash([byte; 32]), size: 10 };
    it.on(Event::BlobsWaiting(vec![blob(1), blob(2)]));
    it.blob_reply(BlobReply::Failed(Reply::Refused { status: 422, retry_after_ms: None }));
    assert!(matches!(it.effects[..], [Effect::AskBlob { blob: next, .. }] if next == blob(2)));
    it.blob_reply(BlobReply::Missing(String::new())).stored();
    assert!(it.device.is_idle() && it.delay().is_some());
}

#[test]
fn a_file_that_the_phone_cannot_read_is_told_of_and_the_others_go() {
    let mut it = Driver::new();
    it.on(Event::Opened).on(nothing_after(0)).pull_reply(pulled(1, 0, false, true)).stored();
    let [unreadable, other] = [1, 2].map(|size| WaitingBlob { hash: Hash([1; 32]), size });
    it.on(Event::BlobsWaiting(vec![unreadable, other]));
    it.blob_reply(BlobReply::Missing("0".to_owned())).blob_reply(BlobReply::Damaged);
    assert!(matches!(it.effects[..], [Effect::AskBlob { blob, .. }] if blob == other));
    it.blob_reply(BlobReply::Missing(String::new())).stored();
    assert_eq!(it.device.status().blocked, Some(Blocked::FileDamaged));
    assert_eq!(it.delay(), None, "another try mends nothing");
    // Whoever watches waits for news all the same, and hears of it still.
    it.on(Event::Watching(true)).on(nothing_after(0));
    it.pull_reply(pulled(1, 0, false, false)).stored().on(Event::BlobsWaiting(vec![unreadable]));
    it.blob_reply(BlobReply::Missing("0".to_owned())).blob_reply(BlobReply::Damaged);
    assert!(matches!(it.effects[..], [Effect::Pull { wait_s: 20, .. }]), "{:?}", it.effects);
    assert_eq!(it.device.status().blocked, Some(Blocked::FileDamaged));
}

/// Up to the files that wait to be sent.
fn lists(it: &mut Driver, files: &[WaitingBlob]) {
    it.on(nothing_after(2)).pull_reply(pulled(1, 2, false, false)).stored();
    it.on(Event::BlobsWaiting(files.to_vec()));
}

fn held(it: &Driver) -> u64 {
    it.device.status().held_blobs
}

#[test]
fn large_files_wait_for_a_line_that_is_not_paid_for_by_the_byte_unless_a_person_sends_them_this_once()
 {
    let photo = WaitingBlob { hash: Hash([1; 32]), size: 1024 * 1024 };
    let film = WaitingBlob { hash: Hash([2; 32]), size: 1024 * 1024 + 1 };
    let goes = |it: &Driver, file: WaitingBlob| matches!(it.effects[..], [Effect::AskBlob { blob, .. }] if blob == file);
    let gone = || BlobReply::Missing(String::new());
    let mut it = Driver::new();
    it.synced().on(Event::LargeFilesWait(true));
    assert_eq!(it.effects, [], "whoever says so starts what follows from it");
    lists(it.on(Event::Opened), &[film, photo]);
    assert!(goes(&it, photo), "{:?}", it.effects);
    it.blob_reply(gone()).stored();
    assert!(it.device.is_idle() && it.delay().is_none(), "{:?}", it.effects);
    assert_eq!(held(&it), 1);

    // The wish outlives a line that breaks, and ends with what it was for.
    lists(it.on(Event::AskedForAll), &[film]);
    assert!(goes(&it, film), "{:?}", it.effects);
    it.blob_reply(BlobReply::Failed(Reply::Unreachable));
    lists(it.on(Event::Tick), &[film]);
    assert!(goes(&it, film), "{:?}", it.effects);
    it.blob_reply(gone()).stored();
    lists(it.on(Event::Asked), &[film]);
    assert!(it.device.is_idle() && held(&it) == 1, "a submit is no such wish");

    // Without the phone's own line, or without the choice, all goes.
    lists(it.on(Event::LargeFilesWait(false)).on(Event::Opened), &[film]);
    assert!(goes(&it, film) && held(&it) == 0, "{:?}", it.effects);
}

#[test]
fn a_large_file_that_is_under_way_when_the_line_changes_stops_behind_its_chunk() {
    let film = WaitingBlob { hash: Hash([2; 32]), size: 9_000_000 };
    let mut it = Driver::new();
    it.synced();
    lists(it.on(Event::Opened), &[film]);
    it.blob_reply(BlobReply::Missing("0-34".to_owned()));
    let ticket = it.ticket();
    it.on(Event::LargeFilesWait(true)).on(Event::Opened);
    it.on(Event::BlobReply { ticket, reply: BlobReply::Taken });
    lists(&mut it, &[film]);
    assert!(it.device.is_idle(), "{:?}", it.effects);
}

fn by_another(seq: u64) -> SealedOperation {
    SealedOperation { seq, bytes: vec![9] }
}

fn lost_phone(acked: u64, seqs: std::ops::RangeInclusive<u64>) -> Former {
    Former { device: DeviceId([9; 16]), acked, operations: seqs.map(by_another).collect() }
}

#[test]
fn the_work_of_a_lost_phone_goes_up_under_its_own_name() {
    let mut driver = Driver::new();
    driver.on(Event::Rescued);
    assert_eq!(driver.effects, [Effect::TakeOver]);
    let state = take_over(driver.device.state(), vec![lost_phone(4, 3..=6)]);
    driver.on(Event::TookOver(state)).on(nothing_after(0));
    let request = driver.request();
    assert_eq!(request.device, DeviceId([9; 16]));
    let seqs: Vec<u64> = request.operations.iter().map(|operation| operation.seq).collect();
    assert_eq!((seqs, request.oldest), (vec![3, 4, 5, 6], Some(3)), "all of it is proved anew");
    driver.push_reply(pushed(7, 6, 3..=6)).stored();
    assert!(
        matches!(driver.effects[..], [Effect::Pull { cursor: None, .. }]),
        "the feed from its start"
    );
}

#[test]
fn work_of_a_lost_phone_that_no_request_carries_holds_up_no_other_and_is_tried_again() {
    let mut it = Driver::new();
    let other = Former { device: DeviceId([8; 16]), ..lost_phone(0, 1..=1) };
    let state = take_over(it.device.state(), vec![lost_phone(0, 1..=1), other]);
    it.on(Event::Rescued).on(Event::TookOver(state)).on(nothing_after(0));
    let refused = || Reply::Refused { status: 413, retry_after_ms: None };
    let to = |it: &Driver| it.request().device.0[0];
    assert_eq!(to(it.push_reply(refused())), 8, "the work behind it goes up");
    it.push_reply(pushed(7, 1, 1..=1)).stored();
    for _ in 0..2 {
        it.pull_reply(pulled(7, 0, false, true)).stored().on(Event::BlobsWaiting(Vec::new()));
        assert_eq!(it.device.status().blocked, Some(Blocked::Server(413)));
        assert!(it.delay().is_some());
        assert_eq!(to(it.on(Event::Tick).on(nothing_after(0))), 9, "it waits still");
        it.push_reply(refused());
    }
}

#[test]
fn what_is_rescued_waits_for_the_request_that_is_under_way_and_survives_a_full_disk() {
    let mut driver = Driver::new();
    driver.on(Event::Asked).on(outbox(1..=1, false));
    let ticket = driver.ticket();
    driver.on(Event::Rescued);
    assert_eq!(driver.effects, []);
    // It needs no network: that the request fails is no reason to wait.
    driver.on(Event::PushReply { ticket, reply: Reply::Unreachable });
    assert_eq!(driver.effects, [Effect::TakeOver]);
    driver.on(Event::StorageFailed);
    assert!(matches!(driver.effects[..], [Effect::ScheduleRetry { .. }]));
    driver.on(Event::Tick);
    assert_eq!(driver.effects, [Effect::TakeOver]);
    let state = take_over(driver.device.state(), vec![lost_phone(0, 1..=1)]);
    driver.on(Event::TookOver(state));
    assert!(matches!(driver.effects[..], [Effect::SealAndLoadOutbox { .. }]));
}

#[test]
fn taking_over_twice_is_once_and_a_phone_takes_nothing_over_from_itself() {
    let own = DeviceState::new(DeviceId([1; 16]));
    let once = take_over(&own, vec![lost_phone(2, 2..=4)]);
    assert_eq!(take_over(&once, vec![lost_phone(2, 2..=4)]), once);
    let more = take_over(
        &once,
        vec![lost_phone(3, 4..=6), Former { device: own.device, ..lost_phone(0, 1..=1) }],
    );
    assert_eq!(more.former(), [lost_phone(0, 2..=6)]);
    assert_eq!(more.former()[0].unsent(), 5);
    let empty = Former { operations: Vec::new(), ..lost_phone(0, 1..=1) };
    assert_eq!(take_over(&own, vec![empty]).former(), []);
}
