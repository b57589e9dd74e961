//! The rules of merging: order, repetition and grouping of operations change nothing.

use std::collections::BTreeMap;

use proptest::prelude::*;
use sync::{
    codec,
    device::DeviceState,
    draft::{OpenPatch, Screen},
    merge::{Record, Stamp},
    review::{self, Reason},
    view::{self, Base, Held, Level, RecordView, view},
    wire::{
        Action, DeviceId, Dot, FormRef, Hash, Operation, Outcome, QuarantineReason, RecordId,
        RecordState, State, Times, Value, Verdict, Write, field,
    },
};

const RECORD: RecordId = RecordId([9; 16]);
const ANNA: DeviceId = DeviceId([1; 16]);
const BINH: DeviceId = DeviceId([2; 16]);

fn form() -> FormRef {
    FormRef { id: "form".to_owned(), version: "1".to_owned(), hash: Hash([3; 32]) }
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

/// A person with a device, who sees one record.
struct Person {
    device: DeviceId,
    seq: u64,
    screen: Screen,
}

impl Person {
    fn new(device: DeviceId) -> Self {
        Self { device, seq: 0, screen: Screen::default() }
    }

    fn sees(&mut self, state: &RecordState) {
        self.screen = RecordView::of(state).screen();
    }

    fn does(&mut self, action: Action, answers: &[(&str, Value)]) -> Operation {
        let author = format!("account-{}", self.device.0[0]);
        let unit = "unit".to_owned();
        let mut patch = OpenPatch::new(RECORD, form(), unit, author, &self.screen);
        for (path, value) in answers {
            patch.put(path, value.clone(), &self.screen);
        }
        self.seq += 1;
        let dot = Dot { device: self.device, seq: self.seq };
        let operation = patch.seal(dot, Times::default(), action);
        self.screen.sealed(&operation);
        operation
    }
}

fn merged<'a>(operations: impl IntoIterator<Item = &'a Operation>) -> Record {
    let mut operations = operations.into_iter();
    let mut record = Record::begin(operations.next().expect("at least one operation"));
    operations.for_each(|operation| {
        record.apply(operation);
    });
    record
}

fn state(operations: &[&Operation]) -> RecordState {
    merged(operations.iter().copied()).state(Stamp::default())
}

#[test]
fn two_people_who_did_not_see_each_other_leave_both_values_and_a_decision() {
    let (mut anna, mut binh) = (Person::new(ANNA), Person::new(BINH));
    let created = anna.does(Action::Create, &[("a/x", text("1"))]);
    binh.sees(&state(&[&created]));
    let annas = anna.does(Action::Submit, &[("a/x", text("2"))]);
    let binhs = binh.does(Action::Amend, &[("a/x", text("3"))]);

    let mut record = merged([&created]);
    assert_eq!(record.apply(&annas), Outcome::Applied);
    assert_eq!(record.apply(&binhs), Outcome::Conflict);
    let shown = RecordView::of(&record.state(Stamp::default()));
    assert_eq!(shown.fields["a/x"], text("2"), "the author's own answer is shown meanwhile");
    assert_eq!(shown.state, State::Submitted);
    assert_eq!(shown.conflicts[0].level, Level::Decide);
    assert_eq!(shown.conflicts[0].path, "a/x");
    assert_eq!(shown.conflicts[0].values.len(), 2);

    binh.sees(&record.state(Stamp::default()));
    let settled = binh.does(Action::Resolve, &[("a/x", text("3"))]);
    assert_eq!(record.apply(&settled), Outcome::Applied);
    let shown = RecordView::of(&record.state(Stamp::default()));
    assert_eq!((shown.conflicts.len(), &shown.fields["a/x"]), (0, &text("3")));
}

#[test]
fn what_parallel_changes_ask_of_people_depends_on_how_near_they_are() {
    let cases: [(&str, &str, Value, Option<Level>, &str); 5] = [
        ("a/x", "b/y", text("1"), Some(Level::Note), field::DELETED),
        ("a/x", "a/y", text("1"), Some(Level::Look), "a"),
        ("a/x", "a/x", text("other"), Some(Level::Decide), "a/x"),
        ("a/x", "a/x", text("anna"), Some(Level::Note), field::DELETED),
        ("row[k]/v", "row[k]", Value::Empty, Some(Level::Decide), "row[k]"),
    ];
    for (annas_path, binhs_path, binhs_value, level, at) in cases {
        let (mut anna, mut binh) = (Person::new(ANNA), Person::new(BINH));
        let created = anna.does(Action::Create, &[("row[k]", text("1")), ("row[k]/v", text("0"))]);
        binh.sees(&state(&[&created]));
        let annas = anna.does(Action::Edit, &[(annas_path, text("anna"))]);
        let binhs = binh.does(Action::Edit, &[(binhs_path, binhs_value)]);
        let shown = RecordView::of(&state(&[&created, &annas, &binhs]));
        let gravest = shown.conflicts.first();
        assert_eq!(gravest.map(|conflict| conflict.level), level, "{annas_path} {binhs_path}");
        assert_eq!(gravest.map(|conflict| conflict.path.as_str()), Some(at));
        let asks = level.filter(|level| *level != Level::Note);
        assert_eq!(view::asks(&shown.conflicts), asks, "{annas_path} {binhs_path}");
    }
}

#[test]
fn a_row_that_two_people_add_at_different_places_asks_nothing() {
    let (mut anna, mut binh) = (Person::new(ANNA), Person::new(BINH));
    let created = anna.does(Action::Create, &[("a/x", text("1"))]);
    binh.sees(&state(&[&created]));
    let annas = anna.does(Action::Edit, &[("row[k]", text("1")), ("row[k]/name", text("Lan"))]);
    let binhs = binh.does(Action::Edit, &[("row[k]", text("7")), ("row[k]/name", text("Lan"))]);
    let shown = RecordView::of(&state(&[&created, &annas, &binhs]));
    assert!(shown.conflicts.iter().all(|conflict| conflict.level == Level::Note), "{shown:?}");
    assert_eq!(shown.fields.len(), 3);
}

#[test]
fn what_was_changed_side_by_side_is_told_with_both_until_somebody_writes_who_has_seen_it() {
    let (mut anna, mut binh) = (Person::new(ANNA), Person::new(BINH));
    let created = anna.does(Action::Create, &[("a/x", text("1"))]);
    binh.sees(&state(&[&created]));
    let annas = anna.does(Action::Edit, &[("a/x", text("2"))]);
    let binhs = binh.does(Action::Edit, &[("a/y", text("3"))]);
    let mut record = merged([&created, &annas, &binhs]);
    let shown = RecordView::of(&record.state(Stamp::default()));
    assert_eq!(shown.met_in("a").into_iter().collect::<Vec<_>>(), ["account-1", "account-2"]);
    assert!(shown.met_in("b").is_empty());

    binh.sees(&record.state(Stamp::default()));
    let looked = binh.does(Action::Resolve, &[]);
    assert_eq!(record.apply(&looked), Outcome::Applied);
    let shown = RecordView::of(&record.state(Stamp::default()));
    assert!(shown.conflicts.is_empty(), "{:?}", shown.conflicts);
    assert_eq!((&shown.fields["a/x"], &shown.fields["a/y"]), (&text("2"), &text("3")));
}

#[test]
fn an_edit_that_meets_a_delete_asks_for_a_decision_whichever_came_first() {
    let (mut anna, mut binh) = (Person::new(ANNA), Person::new(BINH));
    let created = anna.does(Action::Create, &[("a/x", text("1"))]);
    binh.sees(&state(&[&created]));
    let deleted = anna.does(Action::Delete, &[]);
    let edited = binh.does(Action::Edit, &[("b/z", text("2"))]);
    for order in [[&created, &deleted, &edited], [&created, &edited, &deleted]] {
        let shown = RecordView::of(&state(&order));
        assert_eq!(shown.conflicts[0].level, Level::Decide);
        assert_eq!(shown.conflicts[0].path, field::DELETED);
        assert_eq!(shown.fields.len(), 2, "nothing is gone");
        assert!(
            !shown.deleted,
            "until it is decided it is in every list, also if its author deleted it"
        );
    }
}

#[test]
fn a_record_is_put_away_once_nobody_is_against_it() {
    let (mut anna, mut binh) = (Person::new(ANNA), Person::new(BINH));
    let created = anna.does(Action::Create, &[("a/x", text("1"))]);
    let is_away = |operations: &[&Operation]| RecordView::of(&state(operations)).deleted;
    assert!(!is_away(&[&created]), "it is there");
    binh.sees(&state(&[&created]));
    let annas = anna.does(Action::Delete, &[]);
    let binhs = binh.does(Action::Delete, &[]);
    assert!(is_away(&[&created, &annas]));
    assert!(is_away(&[&created, &annas, &binhs]), "two did, neither of them against it");
}

#[test]
fn a_removed_row_hides_its_answers() {
    let mut anna = Person::new(ANNA);
    let created = anna.does(
        Action::Create,
        &[("a/r[k]", text("1")), ("a/r[k]/v", text("x")), ("a/r[l]", text("2"))],
    );
    let removed = anna.does(Action::Edit, &[("a/r[k]", Value::Empty)]);
    let shown = RecordView::of(&state(&[&created, &removed]));
    assert_eq!(shown.fields, BTreeMap::from([("a/r[l]".to_owned(), text("2"))]));
    assert_eq!(shown.conflicts, []);
}

/// Other tools put `_` before a label that begins with a digit, and in place of a letter that ASCII does not have.
#[test]
fn a_question_may_be_called_as_its_author_likes() {
    let (mut anna, mut binh) = (Person::new(ANNA), Person::new(BINH));
    let answers = [("_1_H_v_t_n", text("Hoa")), ("_nhom/a", text("x")), ("_state_2", text("y"))];
    let created = anna.does(Action::Submit, &answers);
    let shown = RecordView::of(&state(&[&created]));
    assert_eq!(shown.fields, answers.map(|(path, value)| (path.to_owned(), value)).into());
    assert_eq!(shown.state, State::Submitted, "ours is none of them");
    anna.sees(&state(&[&created]));
    binh.sees(&state(&[&created]));
    let annas = anna.does(Action::Amend, &[("_nhom/a", text("1"))]);
    let binhs = binh.does(Action::Amend, &[("_nhom/b", text("2"))]);
    let shown = RecordView::of(&state(&[&created, &annas, &binhs]));
    let met: Vec<_> = shown.conflicts.iter().map(|met| (met.path.as_str(), met.level)).collect();
    assert!(met.contains(&("_nhom", Level::Look)), "{met:?}");
    assert_eq!(shown.met_in("_nhom").len(), 2);
}

#[test]
fn what_a_sync_brought_while_the_form_was_open_is_not_replaced() {
    let (mut anna, mut binh) = (Person::new(ANNA), Person::new(BINH));
    let created = anna.does(Action::Create, &[("a/x", text("1"))]);
    binh.sees(&state(&[&created])); // and keeps the form open
    let annas = anna.does(Action::Edit, &[("a/x", text("2"))]);
    let mut device = DeviceState::new(BINH);
    device.complete = 1;
    let base = Base { state: state(&[&created, &annas]), included: 0, generation: 1 };

    let account = "account-2".to_owned();
    let mut patch = OpenPatch::new(RECORD, form(), "unit".to_owned(), account, &binh.screen);
    patch.put("a/x", text("3"), &binh.screen);
    patch.put("a/x", text("4"), &RecordView::of(&base.state).screen());
    let shown = view(&device, Some(&base), &[], Some(&patch)).expect("there is a record");
    assert!(shown.pending);
    assert_eq!(shown.conflicts[0].values.len(), 2, "both stand");

    let dot = Dot { device: BINH, seq: 1 };
    let sealed = patch.seal(dot, Times::default(), Action::Edit);
    let held = Held { operation: sealed.clone(), verdict: None };
    let shown =
        view(&device, Some(&base), std::slice::from_ref(&held), None).expect("there is a record");
    assert_eq!(shown.conflicts[0].values.len(), 2);

    // Once a pull includes it, it is not laid over again.
    let settled = anna.does(Action::Resolve, &[("a/x", text("5"))]);
    let mut resolved = sealed.clone();
    resolved.dot = settled.dot;
    resolved.fields = BTreeMap::from([(
        "a/x".to_owned(),
        Write { value: text("5"), over: vec![annas.dot, sealed.dot] },
    )]);
    let base =
        Base { state: state(&[&created, &annas, &sealed, &resolved]), included: 1, generation: 1 };
    let shown = view(&device, Some(&base), &[held], None).expect("there is a record");
    assert_eq!(shown.fields["a/x"], text("5"));
    assert_eq!(shown.dots["a/x"].len(), 1);
}

/// A unit was taken away and given back: what was sent meanwhile waits at the repair desk, and may do so for ever.
#[test]
fn beside_what_waits_at_the_repair_desk_nobody_disagrees_with_themselves() {
    let mut anna = Person::new(ANNA);
    let kept = anna.does(Action::Create, &[("a/x", text("2")), ("a/y", text("2"))]);
    let applied = anna.does(Action::Edit, &[("a/x", text("3"))]);
    let mut device = DeviceState::new(ANNA);
    (device.acked, device.included, device.complete) = (2, 2, 1);
    let base = Base { state: state(&[&applied]), included: 2, generation: 1 };
    let held = waits(&kept);
    let shown = view(&device, Some(&base), std::slice::from_ref(&held), None);
    let shown = shown.expect("there is a record");
    assert_eq!(shown.conflicts, []);
    assert_eq!((&shown.fields["a/x"], &shown.fields["a/y"]), (&text("3"), &text("2")));
    assert!(shown.quarantined, "a part of it waits");

    // Nor does whoever went on with it under another id; two people do.
    let mut other = Person { device: DeviceId([9; 16]), ..anna };
    other.screen.sealed(&kept);
    let mut applied = other.does(Action::Edit, &[("a/x", text("4"))]);
    for (author, conflicts) in [(kept.author.clone(), 0), ("account-2".to_owned(), 1)] {
        applied.author = author;
        let base = Base { state: state(&[&applied]), included: 0, generation: 1 };
        for device in [DeviceId([9; 16]), DeviceId([8; 16])].map(DeviceState::new) {
            let shown = view(&device, Some(&base), std::slice::from_ref(&held), None);
            let shown = shown.expect("there is a record");
            let decide = shown.conflicts.iter().filter(|met| met.level == Level::Decide);
            assert_eq!(decide.count(), conflicts);
            assert_eq!(shown.fields["a/y"], text("2"));
            assert!(shown.quarantined && !shown.pending);
        }
    }
}

fn waits(operation: &Operation) -> Held {
    let verdict = Verdict {
        seq: operation.dot.seq,
        outcome: Outcome::Quarantined,
        reason: Some(QuarantineReason::OutOfScope),
        set_aside: None,
    };
    Held { operation: operation.clone(), verdict: Some(verdict) }
}

/// Both wait, and each came over the one before it.
#[test]
fn of_two_changes_that_wait_the_second_is_shown_on_each_phone_of_who_wrote_them() {
    let mut anna = Person::new(ANNA);
    let applied = anna.does(Action::Create, &[("a/x", text("1"))]);
    let mut other = Person { device: DeviceId([9; 16]), seq: 0, ..anna };
    let [mut first, mut second] =
        ["2", "3"].map(|answer| other.does(Action::Delete, &[("a/x", text(answer))]));
    for operation in [&mut first, &mut second] {
        operation.author.clone_from(&applied.author);
    }
    let base = Base { state: state(&[&applied]), included: 0, generation: 1 };
    for held in [[&first, &second], [&second, &first]] {
        for device in [ANNA, DeviceId([9; 16]), DeviceId([8; 16])].map(DeviceState::new) {
            let shown = view(&device, Some(&base), &held.map(waits), None);
            let shown = shown.expect("there is a record");
            assert_eq!(shown.fields["a/x"], text("3"), "{:?}", device.device);
            assert!(shown.deleted && shown.conflicts.is_empty());
        }
    }
}

/// Of three changes, each over the one before, the one between came from another phone and was applied: that it came over the
/// first no pull tells.
#[test]
fn what_a_phone_wrote_after_what_waits_of_it_takes_its_place() {
    let mut anna = Person::new(ANNA);
    let first = anna.does(Action::Create, &[("a/x", text("1"))]);
    let mut other = Person::new(DeviceId([9; 16]));
    other.screen.sealed(&first);
    let mut between = other.does(Action::Edit, &[("a/x", text("2"))]);
    between.author.clone_from(&first.author);
    anna.screen.sealed(&between);
    let last = anna.does(Action::Edit, &[("a/x", text("3"))]);
    let base = Base { state: state(&[&between]), included: 0, generation: 1 };
    let unsent = Held { operation: last.clone(), verdict: None };
    for last in [waits(&last), unsent] {
        let outbox = [waits(&first), last];
        let shown = view(&DeviceState::new(ANNA), Some(&base), &outbox, None);
        let shown = shown.expect("there is a record");
        assert_eq!((&shown.fields["a/x"], shown.conflicts), (&text("3"), vec![]));
    }
}

/// Of three changes that one person made, each over the one before, the one between could not be applied.
#[test]
fn what_waits_hands_on_what_replaced_it_to_what_it_replaced_itself() {
    let mut anna = Person::new(ANNA);
    let first = anna.does(Action::Create, &[("a/x", text("1")), ("a/y", text("1"))]);
    let between = ["2", "3"].map(|answer| anna.does(Action::Edit, &[("a/x", text(answer))]));
    let last = anna.does(Action::Delete, &[("a/x", text("4"))]);
    for order in [[&first, &last], [&last, &first]] {
        let mut record = merged(order);
        assert_eq!(RecordView::of(&record.state(Stamp::default())).conflicts.len(), 2);
        assert!(!record.pass_through(&between[..1]), "the chain has a hole");
        assert!(record.pass_through(&between) && !record.pass_through(&between));
        assert_eq!(record.outcome(&last), Outcome::Applied);
        let shown = RecordView::of(&record.state(Stamp::default()));
        assert!(shown.deleted && shown.conflicts.is_empty(), "{:?}", shown.conflicts);
        assert_eq!((&shown.fields["a/x"], &shown.fields["a/y"]), (&text("4"), &text("1")));
        // It is put into the record after all, in whichever order.
        for late in [[0, 1], [1, 0]] {
            let mut record = record.clone();
            for operation in late.map(|at| &between[at]) {
                record.apply(operation);
                record.pass_through(&between);
            }
            assert_eq!(
                record.state(Stamp::default()).fields,
                merged([&first, &last, &between[0], &between[1]]).state(Stamp::default()).fields
            );
        }
        // What came over what waits comes after it was noted what that replaced.
        let mut late = merged([&last]);
        assert!(!late.pass_through(&between), "of what is not here nothing is noted");
        late.apply(&first);
        assert!(late.pass_through(&between));
        assert_eq!(late, record);
    }
}

#[test]
fn what_was_not_let_in_takes_no_approval_away() {
    let (mut anna, mut binh, all) = submitted();
    let approval = binh.does(Action::Amend, &approving());
    anna.screen = shown(&[&all[..], std::slice::from_ref(&approval)].concat()).screen();
    let undone = [(field::STATE, text(State::Withdrawn.name()))];
    let refused = anna.does(Action::Amend, &undone);
    let after = anna.does(Action::Amend, &undone);
    let mut record = merged(all.iter().chain([&approval, &after]));
    assert!(!record.pass_through(std::slice::from_ref(&refused)));
    let view = RecordView::of(&record.state(Stamp::default()));
    assert!(view.is_approved(), "{:?}", view.conflicts);
    assert_eq!(to_decide(&view), [field::STATE]);
}

#[test]
fn an_open_draft_is_shown_over_nothing() {
    let screen = Screen::default();
    let account = "account-1".to_owned();
    let mut patch = OpenPatch::new(RECORD, form(), "unit".to_owned(), account, &screen);
    patch.put(field::TITLE, text("Trường A"), &screen);
    patch.resume = Some("a/x".to_owned());
    let stored = codec::decode::<OpenPatch>(&codec::encode(&patch)).expect("what was stored");
    assert_eq!(stored, patch);
    let device = DeviceState::new(ANNA);
    let shown = view(&device, None, &[], Some(&stored)).expect("there is a draft");
    assert_eq!((shown.state, shown.title.as_str()), (State::Draft, "Trường A"));
    assert!(shown.dots.values().all(Vec::is_empty), "nothing of it has a name yet");
    assert!(shown.pending && shown.received_ms.is_none());
    assert_eq!(view(&device, None, &[], None), None);
}

/// Histories of a few devices over a few fields, in which any write may replace any earlier one.
fn histories() -> impl Strategy<Value = Vec<Operation>> {
    let write = (0..3_usize, 0..4_u8, any::<u16>());
    let operation = (1..4_u8, prop::collection::vec(write, 1..3));
    prop::collection::vec(operation, 1..14).prop_map(|drawn| {
        let mut seqs: BTreeMap<u8, u64> = BTreeMap::new();
        let mut operations: Vec<Operation> = Vec::new();
        for (device, writes) in drawn {
            let seq = seqs.entry(device).or_default();
            *seq += 1;
            let dot = Dot { device: DeviceId([device; 16]), seq: *seq };
            let fields = writes.into_iter().map(|(path, value, seen)| {
                let path = ["a/x", "a/y", field::STATE][path].to_owned();
                let earlier = operations.iter().filter(|other| other.fields.contains_key(&path));
                let seen = earlier.zip(0..16).filter(|(_, bit)| seen >> bit & 1 == 1);
                let over = seen.map(|(other, _)| other.dot).collect();
                (path, Write { value: text(&value.to_string()), over })
            });
            operations.push(Operation {
                dot,
                record: RECORD,
                form: form(),
                unit: format!("unit-{device}"),
                action: Action::Edit,
                fields: fields.collect(),
                at: Times::default(),
                author: format!("account-{device}"),
            });
        }
        operations
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn order_and_repetition_change_nothing(
        (ordered, shuffled) in histories().prop_flat_map(|ordered| {
            let doubled = [ordered.clone(), ordered.clone()].concat();
            (Just(ordered), Just(doubled).prop_shuffle())
        })
    ) {
        prop_assert_eq!(merged(&ordered), merged(&shuffled));
    }

    #[test]
    fn storing_a_record_between_operations_changes_nothing(
        (operations, cut) in histories().prop_flat_map(|all| { let n = all.len(); (Just(all), 1..=n) })
    ) {
        let stored = codec::encode(&merged(&operations[..cut]));
        let mut record: Record = codec::decode(&stored).expect("what was stored");
        for operation in &operations[cut..] {
            record.apply(operation);
        }
        prop_assert_eq!(record, merged(&operations));
    }

    #[test]
    fn what_stands_is_exactly_what_nobody_replaced(operations in histories()) {
        let state = merged(&operations).state(Stamp::default());
        for operation in &operations {
            for (path, write) in &operation.fields {
                let mut others = operations.iter().filter_map(|other| other.fields.get(path));
                let replaced = others.any(|other| other.over.contains(&operation.dot));
                let siblings = state.fields.get(path).map_or(&[][..], Vec::as_slice);
                let standing = siblings.iter().find(|sibling| sibling.dot == operation.dot);
                prop_assert_eq!(standing.is_none(), replaced);
                prop_assert!(standing.is_none_or(|sibling| sibling.value == write.value));
            }
        }
    }
}

/// A record that Anna filled and submitted, as Binh, who reviews, and she see it.
fn submitted() -> (Person, Person, Vec<Operation>) {
    let (mut anna, mut binh) = (Person::new(ANNA), Person::new(BINH));
    let created = anna.does(Action::Create, &[("a/x", text("1"))]);
    let submitted = anna.does(Action::Submit, &[]);
    binh.sees(&state(&[&created, &submitted]));
    (anna, binh, vec![created, submitted])
}

fn approving() -> [(&'static str, Value); 1] {
    [(field::STATE, text(State::Approved.name()))]
}

fn sending_back(why: &str) -> [(&'static str, Value); 2] {
    [(field::STATE, text(State::Returned.name())), (field::REASON, review::said(8, why))]
}

fn shown(operations: &[Operation]) -> RecordView {
    RecordView::of(&state(&operations.iter().collect::<Vec<_>>()))
}

/// What asks for a decision.
fn to_decide(view: &RecordView) -> Vec<&str> {
    let decide = view.conflicts.iter().filter(|conflict| conflict.level == Level::Decide);
    decide.map(|conflict| conflict.path.as_str()).collect()
}

#[test]
fn a_record_is_sent_back_with_a_reason_mended_and_approved() {
    let (mut anna, mut binh, mut all) = submitted();
    all.push(binh.does(Action::Amend, &sending_back("Ảnh A1 mờ, chụp lại")));
    let back = shown(&all);
    let why = "Ảnh A1 mờ, chụp lại".to_owned();
    let reason = Reason { by: "account-2".to_owned(), at_ms: 8, why };
    assert_eq!((back.state, &back.reasons), (State::Returned, &vec![reason]));
    assert_eq!((to_decide(&back), back.fields.len()), (vec![], 1), "it is no answer");

    anna.screen = back.screen();
    all.push(anna.does(Action::Submit, &[("a/x", text("2"))]));
    let again = shown(&all);
    assert_eq!((again.state, again.reasons.len()), (State::Submitted, 0), "the reason is over");
    binh.screen = again.screen();
    all.push(binh.does(Action::Amend, &approving()));
    let approved = shown(&all);
    assert!(approved.is_approved() && approved.conflicts.is_empty() && approved.reasons.is_empty());
}

#[test]
fn what_was_changed_without_having_seen_the_approval_stands_and_is_told_to_who_decides() {
    for submits in [false, true] {
        let (mut anna, mut binh, all) = submitted();
        let action = if submits { Action::Submit } else { Action::Amend };
        let change = anna.does(action, &[("a/x", text("2"))]);
        let approval = binh.does(Action::Amend, &approving());
        let beside = [[&change, &approval], [&approval, &change]].map(|order| {
            let all: Vec<&Operation> = all.iter().chain(order).collect();
            RecordView::of(&state(&all))
        });
        assert_eq!(beside[0], beside[1], "whichever came first");
        let [met, _] = beside;
        assert_eq!(met.state, if submits { State::Submitted } else { State::Approved });
        assert_eq!((to_decide(&met), &met.fields["a/x"]), (vec![field::STATE], &text("2")));
        assert!(met.is_approved(), "and its officer leaves it until somebody decides");

        // Whoever has seen both approves what stands now, or sends it back.
        for judgement in [&approving()[..], &sending_back("Sai ngày")] {
            binh.screen = met.screen();
            let judged = binh.does(Action::Amend, judgement);
            let all: Vec<&Operation> = all.iter().chain([&change, &approval, &judged]).collect();
            assert_eq!(to_decide(&RecordView::of(&state(&all))), Vec::<&str>::new());
        }
    }
}

#[test]
fn two_who_send_a_record_back_are_both_read() {
    let (_, mut binh, mut all) = submitted();
    let mut chi = Person::new(DeviceId([3; 16]));
    chi.screen = binh.screen.clone();
    all.push(binh.does(Action::Amend, &sending_back("Thiếu chữ ký")));
    all.push(chi.does(Action::Amend, &sending_back("Sai ngày")));
    let back = shown(&all);
    let why: Vec<&str> = back.reasons.iter().map(|reason| reason.why.as_str()).collect();
    assert_eq!((why, to_decide(&back)), (vec!["Thiếu chữ ký", "Sai ngày"], vec![]));
    all.push({
        let mut an = Person::new(DeviceId([4; 16]));
        an.screen = chi.screen.clone();
        an.does(Action::Amend, &approving())
    });
    assert_eq!(
        to_decide(&shown(&all)),
        [field::STATE],
        "one who approves meanwhile is another matter"
    );
}

#[test]
fn who_judges_has_not_seen_what_came_after_what_they_were_shown() {
    let (mut anna, binh, all) = submitted();
    let shown_to_binh = shown(&all);
    let change = anna.does(Action::Amend, &[("a/x", text("2"))]);
    let now = shown(&[&all[..], &[change]].concat());
    let (theirs, own) =
        (now.screen_of(&shown_to_binh, binh.device), now.screen_of(&shown_to_binh, ANNA));
    assert_eq!(
        (theirs.dots("a/x"), theirs.dots(field::STATE)),
        (&[][..], shown_to_binh.screen().dots(field::STATE))
    );
    assert_eq!(own, now.screen(), "one's own device has written what one was shown");
}
