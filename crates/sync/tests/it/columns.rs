//! A page of the feed with its answers in columns says what it says with them in its records.

use std::{collections::BTreeMap, iter};

use proptest::prelude::*;
use sync::{
    codec,
    columns::{Records, Row},
    device::{Page, Reply},
    view::{self, Base, Brief},
    wire::{
        Column, Columns, DeviceId, Dot, FileRef, FormRef, Hash, PullResponse, RecordId,
        RecordState, Sibling, Value,
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
    assert_eq!(columns.fields["a"], Column { gaps: None, texts: ["1", "1"].into_iter().collect() });
    assert_eq!(columns.fields.len(), 2);
    let left: Vec<&str> = page.records[0].fields.keys().map(String::as_str).collect();
    assert_eq!(left, ["_deleted"], "another operation's");
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
        let fields = BTreeMap::from([("a".to_owned(), Column { gaps, texts })]);
        let columns = Columns { dots, fields };
        let page =
            PullResponse { columns: Some(columns), ..page(vec![record(1, BTreeMap::new())]) };
        assert_eq!(read(&page), None, "{page:?}");
    }
}
