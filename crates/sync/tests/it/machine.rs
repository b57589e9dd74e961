//! The state machine, one situation at a time.

use sync::{
    codec,
    device::{
        BlobReply, Blocked, Device, DeviceState, Effect, Event, Outbox, Reply, Waiting, WaitingBlob,
    },
    wire::{
        DeviceId, Hash, Outcome, PullResponse, PushRequest, PushResponse, SealedOperation, Verdict,
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
    Reply::Body(codec::encode(&PullResponse {
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
    }))
}

struct Driver {
    device: Device,
    effects: Vec<Effect>,
}

impl Driver {
    fn new() -> Self {
        let device = Device::new(DeviceState::new(DeviceId([1; 16])));
        Self { device, effects: Vec::new() }
    }

    fn on(&mut self, event: Event) -> &mut Self {
        self.effects = self.device.handle(event, 5_000, 7);
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

    fn push_reply(&mut self, reply: Reply) -> &mut Self {
        let ticket = self.ticket();
        self.on(Event::PushReply { ticket, reply })
    }

    fn pull_reply(&mut self, reply: Reply) -> &mut Self {
        let ticket = self.ticket();
        self.on(Event::PullReply { ticket, reply })
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
    it.on(Event::PullReply { ticket, reply: Reply::Unreachable });
    assert_eq!(it.effects, [], "the aborted answer is nobody's");
}

#[test]
fn a_copied_profile_takes_a_new_id() {
    let mut it = Driver::new();
    it.on(Event::Opened).on(outbox(1..=1, false)).push_reply(pushed(1, 5, 1..=1)).stored();
    it.on(nothing_after(1));
    assert!(matches!(it.effects[..], [Effect::Rekey { above: 1 }]), "{:?}", it.effects);
    let renamed = it.device.state().renamed(DeviceId([2; 16]));
    it.on(Event::Rekeyed(renamed));
    assert!(matches!(it.effects[..], [Effect::SealAndLoadOutbox { after: 0, .. }]));
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
