//! A page of the feed with its answers in columns says what it says with them in its records.

use std::{collections::BTreeMap, iter};

use proptest::prelude::*;
use sync::{
    codec,
    columns::{Records, Row},
    device::{Page, Reply},
    mask::Mask,
    merge::{Record, Stamp, Stored},
    view::{self, Base, Brief},
    wire::{
        Action, Column, Columns, DeviceId, Dot, FileRef, FormRef, Hash, Operation, PullResponse,
        RecordId, RecordState, Sibling, Times, Value, Write,
    },
};

fn value(kind: u8) -> Value {
    match kind {
        0 => Value::Empty,
        1 => Value::File(FileRef {
            name: "a.jpg".to_owned(),
            media_type: "image/jpeg".to_owned(),
            size: 1,
            hash: Hash([2; 32]),
        }),
        kind => Value::Text(format!("Ô {kind}")),
    }
}

fn record(at: u8, fields: BTreeMap<String, Vec<Sibling>>) -> RecordState {
    RecordState {
        record: RecordId([at; 16]),
        form: FormRef { id: "f".to_owned(), version: "1".to_owned(), hash: Hash([1; 32]) },
        unit: "u".to_owned(),
        author: "an".to_owned(),
        received_ms: 5,
        changed_ms: 6,
        fields,
        rv: 7,
        left: false,
        writers: [(DeviceId([1; 16]), "an".to_owned())].into(),
    }
}

fn page(records: Vec<RecordState>) -> PullResponse {
    PullResponse {
        version: 1,
        epoch: 7,
        cursor: "c".to_owned(),
        more: true,
        records,
        included: 0,
        safe: 0,
        units: None,
        pack: Hash([0; 32]),
        server_ms: 1,
        reset: false,
        settled: None,
        names: None,
        columns: None,
        tally: None,
        waiting: None,
    }
}

/// The page that a device reads, with all that stands in its records; each is stored as if it had been taken apart.
fn read(page: &PullResponse) -> Option<PullResponse> {
    let page = *Reply::Body(codec::encode(page)).page().ok()?;
    let records = Records::new(page.records, page.columns);
    let states = records.to_states();
    let stored = Page {
        generation: 3,
        included: 4,
        records,
        complete: true,
        units: None,
        settled: Vec::new(),
        names: BTreeMap::new(),
        waiting: Vec::new(),
    };
    for (row, state) in stored.records.rows().zip(&states) {
        let base = Base { state: state.clone(), included: 4, generation: 3 };
        assert_eq!(codec::decode(&stored.stored(&row)), Ok(base.clone()));
        assert_eq!(stored.stored(&row), codec::encode(&base));
        let whole = Row::from(state);
        assert_eq!(Brief::of(&row), Brief::of(&whole));
        assert_eq!(view::conflicts(&row), view::conflicts(&whole));
        assert!(view::answers(&row).eq(view::answers(&whole)), "{row:?}");
    }
    Some(PullResponse { records: states, columns: None, ..page })
}

fn dot(seq: u64) -> Dot {
    Dot { device: DeviceId([1; 16]), seq }
}

proptest! {
    #[test]
    fn a_page_in_columns_says_the_same(
        records in prop::collection::vec(
            prop::collection::btree_map(
                0_u8..8,
                prop::collection::vec((1_u64..4, 0_u8..5), 0..3),
                0..8,
            ),
            0..8,
        ),
    ) {
        let sibling = |(seq, kind)| Sibling { dot: dot(seq), value: value(kind) };
        let records = records.into_iter().zip(0..).map(|(fields, at)| {
            let field = |(path, siblings): (u8, Vec<(u64, u8)>)| {
                (format!("r[{path}]/a"), siblings.into_iter().map(sibling).collect())
            };
            record(at, fields.into_iter().map(field).collect())
        });
        let page = page(records.collect());
        let columns = page.clone().in_columns();
        prop_assert_eq!(codec::encode(&columns), codec::encode(&page.clone().in_columns()));
        prop_assert_eq!(read(&columns), Some(page.clone()));
        prop_assert_eq!(read(&columns.by_words()), Some(page.clone()));
        prop_assert_eq!(read(&page), Some(page.clone()), "as a server of before says it");
    }
}

#[test]
fn what_most_records_have_from_one_operation_leaves_the_records() {
    let answer =
        |seq, text: &str| vec![Sibling { dot: dot(seq), value: Value::Text(text.to_owned()) }];
    let fields = |seq| -> BTreeMap<_, _> {
        [
            ("_deleted".to_owned(), answer(9, "")),
            ("a".to_owned(), answer(seq, "1")),
            ("b".to_owned(), answer(seq, "2")),
        ]
        .into()
    };
    let page = page(vec![record(1, fields(1)), record(2, fields(2))]).in_columns();
    let columns = page.columns.expect("asked for");
    assert_eq!(columns.dots, [Some(dot(1)), Some(dot(2))]);
    let texts = ["1", "1"].into_iter().collect();
    assert_eq!(columns.fields["a"], Column { gaps: None, texts, words: None });
    assert_eq!(columns.fields.len(), 2);
    let left: Vec<&str> = page.records[0].fields.keys().map(String::as_str).collect();
    assert_eq!(left, ["_deleted"], "another operation's");
}

/// A page whose answers to `a` are those texts.
fn answered(texts: &[&str]) -> PullResponse {
    let record = |text: &&str| {
        let answer = vec![Sibling { dot: dot(1), value: Value::Text((*text).to_owned()) }];
        record(1, [("a".to_owned(), answer)].into())
    };
    page(texts.iter().map(record).collect())
}

proptest! {
    #[test]
    fn texts_by_their_words_are_the_same(
        texts in prop::collection::vec(
            prop_oneof!["[a-c ]{0,9}", "(đã xem|chưa|Phường Xuân Lộc| ){1,4}", "\\PC{0,3}"],
            0..40,
        ),
    ) {
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let page = answered(&texts);
        let by_words = page.clone().in_columns().by_words();
        prop_assert_eq!(codec::encode(&by_words), codec::encode(&page.clone().in_columns().by_words()));
        prop_assert_eq!(read(&by_words), Some(page));
    }
}

#[test]
fn only_words_that_repeat_are_said_once() {
    let words = |texts: &[&str]| {
        let page = answered(texts).in_columns().by_words();
        page.columns.expect("asked for").fields["a"].words.is_some()
    };
    assert!(words(&["đã xem", "chưa xem", "đã xem", "đã xem"]));
    assert!(!words(&["12", "13", "14", "15"]), "numbers");
    let names: Vec<String> = (0..1_000).map(|at| format!("mã {at}")).collect();
    assert!(!words(&names.iter().map(String::as_str).collect::<Vec<_>>()), "half of them are new");
    let many: Vec<String> = (0..1_000).map(|at| format!("{} {}", at % 300, at % 7)).collect();
    assert!(words(&many.iter().map(String::as_str).collect::<Vec<_>>()), "places of two bytes");
    assert_eq!(
        read(&answered(&["a b", "a b", "a b"]).in_columns().by_words()),
        Some(answered(&["a b", "a b", "a b"]))
    );
}

#[test]
fn words_that_make_no_texts_are_no_page() {
    let by_words = answered(&["a b", "a a", "b a"]).in_columns().by_words();
    let bytes = codec::encode(&by_words);
    let known = [0x43, 2, 2, 2, 2, 0x46, 0, 1, 0, 0, 1, 0];
    let from = bytes.windows(known.len()).position(|part| part == known).expect("as it is written");
    for (at, byte) in [(1, 3), (1, 1), (1, 0x82), (6, 2), (11, 0x80), (10, 0xff)] {
        let mut bytes = bytes.clone();
        bytes[from + at] = byte;
        let page = Reply::Body(bytes).page();
        assert!(page.is_err(), "{at} {byte}: {page:?}");
    }
}

/// Operations on one record, as several devices write over what they saw.
fn record_of(writes: &[(u8, u8, u8, bool)]) -> Option<Record> {
    let mut record: Option<Record> = None;
    for (nth, (device, path, kind, over)) in writes.iter().enumerate() {
        let path = format!("r[{path}]/a");
        let seen = record.as_ref().map(|record| record.state(Stamp::default()));
        let standing = seen.and_then(|state| state.fields.get(&path).cloned()).unwrap_or_default();
        let over = if *over { standing.iter().map(|one| one.dot).collect() } else { Vec::new() };
        let operation = Operation {
            dot: Dot { device: DeviceId([*device; 16]), seq: nth as u64 + 1 },
            record: RecordId([7; 16]),
            form: FormRef { id: "f".to_owned(), version: "1".to_owned(), hash: Hash([1; 32]) },
            unit: "u".to_owned(),
            action: Action::Edit,
            fields: [(path, Write { value: value(*kind), over })].into(),
            at: Times::default(),
            author: format!("account {device}"),
        };
        match &mut record {
            Some(record) => drop(record.apply(&operation)),
            None => record = Some(Record::begin(&operation)),
        }
    }
    record
}

proptest! {
    #[test]
    fn a_stored_record_is_read_as_it_is(
        writes in prop::collection::vec((0_u8..3, 0_u8..4, 0_u8..5, any::<bool>()), 1..12),
    ) {
        let record = record_of(&writes).expect("one at least");
        let stamp = Stamp { received_ms: 1, changed_ms: 2, rv: 3 };
        let bytes = codec::encode(&record);
        let stored: Stored<'_> = codec::decode(&bytes).expect("as it was written");
        let (mut state, fields) = stored.into_parts(stamp, &Mask::default());
        state.fields = fields.into_iter().map(|(path, all)| (path.to_owned(), all.into_siblings())).collect();
        prop_assert_eq!(state, record.into_state(stamp));
    }
}

#[test]
fn columns_that_do_not_fit_their_records_are_no_page() {
    let texts = |count| iter::repeat_n("1", count).collect();
    for (dots, gaps, texts) in [
        (vec![Some(dot(1))], None, texts(2)),
        (vec![Some(dot(1)), Some(dot(2))], None, texts(2)),
        (vec![None], None, texts(1)),
        (Vec::new(), None, texts(1)),
        (vec![Some(dot(1))], Some(vec![1]), texts(1)),
        (vec![Some(dot(1))], Some(Vec::new()), texts(1)),
        (vec![Some(dot(1))], Some(vec![u32::MAX, u32::MAX]), texts(2)),
    ] {
        let fields = BTreeMap::from([("a".to_owned(), Column { gaps, texts, words: None })]);
        let columns = Columns { dots, fields };
        let page =
            PullResponse { columns: Some(columns), ..page(vec![record(1, BTreeMap::new())]) };
        assert_eq!(read(&page), None, "{page:?}");
    }
}
