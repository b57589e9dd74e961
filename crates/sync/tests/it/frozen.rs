//! The bytes of every wire type of every version ever shipped, and of what devices store of unsent work and of their talks with the
//! server. They are never changed: a new version adds its own.

use std::collections::BTreeMap;

use minicbor::{Decode, Encode};
use sync::{
    codec,
    desk::Waits,
    device::{Contact, DeviceState, Former},
    draft::{OpenPatch, Screen},
    view::Base,
    wire::*,
};

fn samples() -> BTreeMap<&'static str, Vec<u8>> {
    BTreeMap::from([
        ("Operation", codec::encode(&operation())),
        ("PushRequest", codec::encode(&push_request())),
        ("PushRequest, the least", codec::encode(&least_push_request())),
        ("PushRequest, with what is unsent", codec::encode(&unsent_push_request())),
        ("PushResponse", codec::encode(&push_response())),
        ("PullResponse", codec::encode(&pull_response())),
        ("PullResponse, with what was settled", codec::encode(&settled_pull_response())),
        ("PullResponse, in columns", codec::encode(&pull_response_in_columns())),
        ("PullResponse, by words", codec::encode(&pull_response_by_words())),
        ("PullResponse, counted", codec::encode(&counted_pull_response())),
        ("PullResponse, with what waits", codec::encode(&waiting_pull_response())),
        ("RecordState", codec::encode(&record_state())),
        ("OpenPatch", codec::encode(&open_patch())),
        ("DeviceState", codec::encode(&device_state())),
        ("DeviceState, the least", codec::encode(&DeviceState::new(DeviceId([0xd0; 16])))),
        ("Former", codec::encode(&former())),
        ("Base", codec::encode(&base())),
        ("Waits", codec::encode(&waits())),
    ])
}

fn dot(seq: u64) -> Dot {
    Dot { device: DeviceId([0xd0; 16]), seq }
}

fn form() -> FormRef {
    FormRef { id: "gs_phuong".into(), version: "2024.1".into(), hash: Hash([0xf0; 32]) }
}

fn file() -> Value {
    Value::File(FileRef {
        name: "ảnh.jpg".into(),
        media_type: "image/jpeg".into(),
        size: 262_145,
        hash: Hash([0xb0; 32]),
    })
}

fn operation() -> Operation {
    let write =
        |value, over: &[u64]| Write { value, over: over.iter().copied().map(dot).collect() };
    Operation {
        dot: dot(300),
        record: RecordId([0xa0; 16]),
        form: form(),
        unit: "hcmc/long-khanh".into(),
        action: Action::Submit,
        fields: BTreeMap::from([
            ("_deleted".into(), write(Value::Empty, &[])),
            ("chung/ghi_chu".into(), write(Value::Text("Đạt".into()), &[1, 299])),
            ("hoc_vien[0192]/anh".into(), write(file(), &[])),
        ]),
        at: Times { wall_ms: -1, offset_ms: Some(1_700_000_000_000), offset_age_ms: Some(60_000) },
        author: "can-bo".into(),
    }
}

fn least_push_request() -> PushRequest {
    PushRequest {
        version: 1,
        device: DeviceId([0xd0; 16]),
        epoch: None,
        operations: Vec::new(),
        oldest: None,
        unsent: None,
    }
}

fn push_request() -> PushRequest {
    let sealed = SealedOperation { seq: 24, bytes: vec![0xde, 0xad] };
    PushRequest {
        epoch: Some(7),
        operations: vec![sealed],
        oldest: Some(24),
        ..least_push_request()
    }
}

fn unsent_push_request() -> PushRequest {
    PushRequest { unsent: Some(300), ..push_request() }
}

fn push_response() -> PushResponse {
    let outcomes = [Outcome::Applied, Outcome::Merged, Outcome::Conflict];
    let verdicts = outcomes.into_iter().map(|outcome| (outcome, None));
    let reasons = [
        QuarantineReason::UnknownForm,
        QuarantineReason::UnknownUnit,
        QuarantineReason::OutOfScope,
        QuarantineReason::Revoked,
        QuarantineReason::Unreadable,
        QuarantineReason::Fork,
        QuarantineReason::TooLarge,
        QuarantineReason::OtherAuthor,
    ];
    let verdicts =
        verdicts.chain(reasons.into_iter().map(|reason| (Outcome::Quarantined, Some(reason))));
    PushResponse {
        version: 1,
        epoch: 7,
        acked: 11,
        safe: 9,
        verdicts: verdicts
            .zip(1..)
            .map(|((outcome, reason), seq)| Verdict { seq, outcome, reason, set_aside: None })
            .collect(),
        server_ms: 1_732_400_000_000,
        missing_blobs: vec![Hash([0xb0; 32])],
    }
}

fn record_state() -> RecordState {
    let sibling = |seq, value| Sibling { dot: dot(seq), value };
    RecordState {
        record: RecordId([0xa0; 16]),
        form: form(),
        unit: "hcmc/long-khanh".into(),
        author: "can-bo".into(),
        received_ms: 1,
        changed_ms: 2,
        fields: BTreeMap::from([
            ("_state".into(), vec![sibling(1, Value::Text("draft".into()))]),
            ("a/x".into(), vec![sibling(1, Value::Empty), sibling(2, file())]),
        ]),
        rv: 65_536,
        left: true,
        writers: BTreeMap::from([(DeviceId([0xd0; 16]), "can-bo".into())]),
    }
}

fn pull_response() -> PullResponse {
    PullResponse {
        version: 1,
        epoch: 7,
        cursor: "1.7.2.d.0badcafe".into(),
        more: true,
        records: vec![RecordState { fields: BTreeMap::new(), ..record_state() }],
        included: 11,
        safe: 9,
        units: Some(vec!["hcmc/long-khanh".into()]),
        pack: Hash([0xc0; 32]),
        server_ms: 1_732_400_000_000,
        reset: true,
        settled: None,
        names: None,
        columns: None,
        tally: None,
        waiting: None,
    }
}

fn counted_pull_response() -> PullResponse {
    let tally = Tally { records: 100_000, places: u64::MAX };
    PullResponse { more: false, records: Vec::new(), tally: Some(tally), ..pull_response() }
}

fn settled_pull_response() -> PullResponse {
    let aside = Verdict {
        seq: 4,
        outcome: Outcome::Quarantined,
        reason: Some(QuarantineReason::OutOfScope),
        set_aside: Some("đã có phiếu khác".into()),
    };
    let applied = Verdict { seq: 3, outcome: Outcome::Applied, reason: None, set_aside: None };
    PullResponse { records: Vec::new(), settled: Some(vec![applied, aside]), ..pull_response() }
}

fn waiting_pull_response() -> PullResponse {
    let settled = settled_pull_response();
    let bytes = [None, Some(vec![0xde, 0xad])];
    let told = bytes.into_iter().zip(settled.settled.into_iter().flatten());
    let waiting =
        told.map(|(bytes, verdict)| AtDesk { device: DeviceId([0xd1; 16]), bytes, verdict });
    PullResponse { records: Vec::new(), waiting: Some(waiting.collect()), ..pull_response() }
}

fn pull_response_in_columns() -> PullResponse {
    let text = |text: &str| vec![Sibling { dot: dot(1), value: Value::Text(text.into()) }];
    let with = |extra: &[(&str, &str)]| {
        let fields = extra.iter().map(|(path, answer)| ((*path).to_owned(), text(answer)));
        let mut record = record_state();
        record.fields.extend(fields);
        record
    };
    let records = vec![with(&[("b", "1")]), record_state(), with(&[("b", "3"), ("c", "ba")])];
    PullResponse { records, ..pull_response() }.in_columns()
}

fn pull_response_by_words() -> PullResponse {
    let text = |text: &str| vec![Sibling { dot: dot(1), value: Value::Text(text.into()) }];
    let record =
        |answer| RecordState { fields: [("b".to_owned(), text(answer))].into(), ..record_state() };
    let records = ["đã xem", "chưa xem", "đã xem", "xem đã xem"].map(record).into();
    PullResponse { records, ..pull_response() }.in_columns().by_words()
}

fn open_patch() -> OpenPatch {
    let dots = [("_deleted", 3), ("_state", 4), ("a/x", 5)];
    let screen = Screen::new(dots.map(|(path, seq)| (path.to_owned(), vec![dot(seq)])).into());
    let (unit, author) = ("hcmc/long-khanh".into(), "can-bo".into());
    let mut patch = OpenPatch::new(RecordId([0xa0; 16]), form(), unit, author, &screen);
    patch.put("a/x", Value::Text("Đạt".into()), &screen);
    patch.put("a/y", file(), &screen);
    patch.resume = Some("a/y".into());
    patch
}

fn former() -> Former {
    let operations = vec![SealedOperation { seq: 24, bytes: vec![0xde, 0xad] }];
    Former { device: DeviceId([0xd2; 16]), acked: 23, operations }
}

fn device_state() -> DeviceState {
    DeviceState {
        device: DeviceId([0xd0; 16]),
        epoch: Some(7),
        acked: 12,
        safe: 11,
        cursor: Some("1.7.2.d.0badcafe".into()),
        generation: 6,
        complete: 5,
        included: 10,
        first_generation: 4,
        contact: Some(Contact { server_ms: 1_732_400_000_000, wall_ms: -1 }),
        last_success_ms: Some(1_732_400_000_001),
        pack: Some(Hash([0xc0; 32])),
        former: Some(vec![former()]),
        counted_ms: Some(1_732_400_000_002),
    }
}

fn base() -> Base {
    Base { state: record_state(), included: 10, generation: 5 }
}

fn waits() -> Waits {
    let told = waiting_pull_response().waiting.into_iter().flatten().next_back();
    Waits { told: told.expect("two are told"), generation: 5 }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<char> = hex.chars().filter(|digit| !digit.is_whitespace()).collect();
    let byte = |pair: &[char]| u8::from_str_radix(&pair.iter().collect::<String>(), 16);
    digits.chunks(2).map(|pair| byte(pair).expect("hexadecimal")).collect()
}

/// Version 1: what each sample was on the day it was frozen.
const VERSION_1: &str = include_str!("frozen/version-1.txt");

fn frozen() -> BTreeMap<&'static str, Vec<u8>> {
    let lines = VERSION_1.lines().filter_map(|line| line.split_once(": "));
    lines.map(|(name, hex)| (name, bytes(hex))).collect()
}

#[test]
fn every_type_is_written_as_it_was_frozen() {
    let (samples, frozen) = (samples(), frozen());
    for (name, sample) in &samples {
        let now = hex(sample);
        assert_eq!(Some(&now), frozen.get(name).map(|old| hex(old)).as_ref(), "{name}");
    }
    assert_eq!(samples.len(), frozen.len());
}

fn reads<T: for<'b> Decode<'b, ()> + Encode<()> + PartialEq + std::fmt::Debug>(
    name: &str,
    value: &T,
) {
    let frozen = &frozen()[name];
    assert_eq!(codec::decode::<T>(frozen).as_ref(), Ok(value), "{name}");
    assert_eq!(hex(&codec::encode(value)), hex(frozen), "{name}");
    for cut in 0..frozen.len() {
        assert!(codec::decode::<T>(&frozen[..cut]).is_err(), "{name} cut at {cut} was read");
    }
    let longer = [frozen.as_slice(), &[0]].concat();
    assert_eq!(codec::decode::<T>(&longer), Err(codec::DecodeError::Trailing(1)), "{name}");
}

#[test]
fn frozen_bytes_are_read_and_no_part_of_them_is() {
    reads("Operation", &operation());
    reads("PushRequest", &push_request());
    reads("PushRequest, the least", &least_push_request());
    reads("PushRequest, with what is unsent", &unsent_push_request());
    reads("PushResponse", &push_response());
    reads("PullResponse", &pull_response());
    reads("PullResponse, with what was settled", &settled_pull_response());
    reads("PullResponse, in columns", &pull_response_in_columns());
    reads("PullResponse, by words", &pull_response_by_words());
    reads("PullResponse, counted", &counted_pull_response());
    reads("PullResponse, with what waits", &waiting_pull_response());
    reads("RecordState", &record_state());
    reads("OpenPatch", &open_patch());
    reads("DeviceState", &device_state());
    reads("DeviceState, the least", &DeviceState::new(DeviceId([0xd0; 16])));
    reads("Former", &former());
    reads("Base", &base());
    reads("Waits", &waits());
}

#[test]
fn fields_of_a_later_version_are_passed_over() {
    // A map of six, the sixth under a number that version 1 does not have.
    let later = hex(&codec::encode(&push_request()));
    let later = later.replacen("a5", "a6", 1) + "1863820102";
    assert_eq!(codec::decode::<PushRequest>(&bytes(&later)), Ok(push_request()));
}

#[test]
#[ignore = "writes the samples down, on the day that a version is frozen"]
fn print_samples() {
    for (name, bytes) in samples() {
        println!("{name}: {}", hex(&bytes));
    }
}
