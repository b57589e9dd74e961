//! What the server decides, one push at a time.

use std::collections::BTreeMap;

use sync::{
    codec,
    merge::Record,
    push::{Batch, Decided, Directory, Kept, Known, MAX_OPERATION_BYTES, Place, Sender},
    rights::Role,
    wire::{
        Action, DeviceId, Dot, FormRef, Hash, Operation, Outcome, PushRequest, QuarantineReason,
        RecordId, SealedOperation, State, Times, Value, Write, field,
    },
};

const DEVICE: DeviceId = DeviceId([1; 16]);
const ANNA: Sender<'_> = Sender { account: "anna", revoked: false };

struct Rights;

impl Directory for Rights {
    fn knows_form(&self, form: &FormRef) -> bool {
        form.hash == Hash([1; 32])
    }

    fn knows_unit(&self, unit: &str) -> bool {
        ["mine", "theirs"].contains(&unit)
    }

    fn role(&self, account: &str, unit: &str, _: &str) -> Option<Role> {
        (account == "anna" && unit == "mine").then_some(Role::Officer)
    }

    fn hides(&self, _: &str, _: &str, path: &str) -> bool {
        path == "hidden"
    }
}

fn operation(seq: u64) -> Operation {
    let write = Write { value: Value::Text(seq.to_string()), over: Vec::new() };
    Operation {
        dot: Dot { device: DEVICE, seq },
        record: RecordId([2; 16]),
        form: FormRef { id: "form".into(), version: "1".into(), hash: Hash([1; 32]) },
        unit: "mine".into(),
        action: Action::Edit,
        fields: BTreeMap::from([(format!("field-{seq}"), write)]),
        at: Times::default(),
        author: "anna".into(),
    }
}

fn request(operations: impl IntoIterator<Item = Operation>) -> PushRequest {
    let seal = |operation: Operation| SealedOperation {
        seq: operation.dot.seq,
        bytes: codec::encode(&operation),
    };
    PushRequest {
        version: 1,
        device: DEVICE,
        epoch: None,
        operations: operations.into_iter().map(seal).collect(),
        oldest: None,
        unsent: None,
    }
}

fn push(request: PushRequest, known: Known) -> Decided {
    Batch::read(request).decide(known, &ANNA, &Rights)
}

fn known_after(decided: Decided) -> Known {
    let kept = decided
        .decisions
        .into_iter()
        .map(|decision| (decision.seq, Kept { hash: decision.hash, verdict: decision.verdict }));
    Known {
        acked: decided.acked,
        kept: kept.collect(),
        records: decided.changed,
        ..Known::default()
    }
}

fn reason(change: impl FnOnce(&mut Operation), sender: &Sender<'_>) -> Option<QuarantineReason> {
    let mut changed = operation(1);
    change(&mut changed);
    let decided =
        Batch::read(request([changed, operation(2)])).decide(Known::default(), sender, &Rights);
    assert_eq!(decided.acked, 2, "it is kept and acked all the same");
    assert!(decided.decisions.iter().all(|decision| decision.place == Place::Log));
    decided.decisions[0].verdict.reason
}

#[test]
fn what_cannot_be_applied_is_kept_with_its_reason_and_harms_no_neighbour() {
    use QuarantineReason::*;
    assert_eq!(reason(|_| {}, &ANNA), None);
    assert_eq!(reason(|it| it.form.hash = Hash([9; 32]), &ANNA), Some(UnknownForm));
    assert_eq!(reason(|it| it.unit = "gone".into(), &ANNA), Some(UnknownUnit));
    assert_eq!(reason(|it| it.unit = "theirs".into(), &ANNA), Some(OutOfScope));
    // An older phone reads it too; the desk is told more.
    let approve = |it: &mut Operation| {
        let value = Value::Text(State::Approved.name().to_owned());
        it.fields.insert(field::STATE.to_owned(), Write { value, over: Vec::new() });
    };
    assert_eq!(reason(approve, &ANNA), Some(OutOfScope));
    let blind = |it: &mut Operation| {
        let write = Write { value: Value::Empty, over: Vec::new() };
        it.fields.insert("hidden".to_owned(), write);
    };
    assert_eq!(reason(blind, &ANNA), Some(OutOfScope));
    let mut approved = operation(1);
    approve(&mut approved);
    let decided = push(request([approved]), Known::default());
    assert_eq!(decided.decisions[0].reason, Some(NotAllowed));
    assert!(decided.changed.is_empty());
    assert_eq!(reason(|it| it.author = "binh".into(), &ANNA), Some(OtherAuthor));
    assert_eq!(reason(|_| {}, &Sender { revoked: true, ..ANNA }), Some(Revoked));
    assert_eq!(reason(|it| it.author = "x".repeat(MAX_OPERATION_BYTES), &ANNA), Some(TooLarge));

    let mut garbled = request([operation(1), operation(2)]);
    garbled.operations[0].bytes.truncate(5);
    let decided = push(garbled, Known::default());
    let verdicts: Vec<_> = decided.decisions.iter().map(|it| it.verdict.reason).collect();
    assert_eq!(verdicts, [Some(Unreadable), None]);
    assert_eq!(decided.decisions[0].bytes.len(), 5, "its bytes are kept");

    let mut another = request([operation(1)]);
    another.operations[0].bytes = codec::encode(&operation(7));
    assert_eq!(push(another, Known::default()).decisions[0].verdict.reason, Some(Unreadable));
}

#[test]
fn a_record_of_another_unit_is_not_opened_by_naming_ones_own() {
    let mut theirs = operation(1);
    theirs.unit = "theirs".into();
    let known = Known {
        records: BTreeMap::from([(theirs.record, Record::begin(&theirs))]),
        ..Known::default()
    };
    let decided = push(request([operation(1)]), known);
    assert_eq!(decided.decisions[0].verdict.reason, Some(QuarantineReason::OutOfScope));
    assert!(decided.changed.is_empty());
}

#[test]
fn a_repeated_push_changes_nothing_and_is_told_the_same() {
    let first = push(request([operation(1), operation(2)]), Known::default());
    let told = first.response(1, 0, 0, Vec::new());
    let again = push(request([operation(1), operation(2)]), known_after(first));
    assert!(again.changed.is_empty());
    assert!(again.decisions.iter().all(|decision| decision.place == Place::Held));
    assert_eq!(again.response(1, 0, 0, Vec::new()), told);
}

#[test]
fn a_gap_stops_the_batch_and_the_watermark_tells_where_to_go_on() {
    let decided = push(request([operation(1), operation(3)]), Known::default());
    assert_eq!((decided.acked, decided.decisions.len()), (1, 1));
    assert_eq!(decided.lost, None);
}

#[test]
fn what_a_device_still_holds_is_known_also_when_a_gap_stopped_its_batch() {
    let with = |seqs: &[u64]| PushRequest {
        unsent: Some(7),
        ..request(seqs.iter().map(|seq| operation(*seq)))
    };
    assert_eq!(push(with(&[1, 2]), Known::default()).unsent, Some(7));
    assert_eq!(push(with(&[1, 3]), Known::default()).unsent, Some(8), "the third stays there");
    assert_eq!(push(request([operation(1)]), Known::default()).unsent, None, "an older phone");
}

#[test]
fn operations_that_the_phone_freed_are_not_waited_for() {
    let mut late = request([operation(5)]);
    late.oldest = Some(5);
    let decided = push(late, Known { acked: 2, ..Known::default() });
    assert_eq!((decided.acked, decided.lost.clone()), (5, Some(3..=4)));
    // One of them comes after all, in a rescue file.
    let rescued = push(request([operation(3)]), known_after(decided));
    assert_eq!((rescued.acked, rescued.decisions[0].place), (5, Place::Log));
    assert_eq!(rescued.decisions[0].verdict.outcome, Outcome::Applied);
}

/// Three changes, each over the one before, of which the second is of a form that nobody knows.
#[test]
fn what_is_not_let_in_does_not_part_what_it_came_over_from_what_came_over_it() {
    let change = |seq: u64| {
        let mut change = operation(seq);
        let over =
            (1..seq).next_back().map(|seq| Dot { device: DEVICE, seq }).into_iter().collect();
        let write = Write { value: Value::Text(seq.to_string()), over };
        change.fields = BTreeMap::from([("field".to_owned(), write)]);
        change.form.hash = if seq == 2 { Hash([9; 32]) } else { change.form.hash };
        change
    };
    let stands = |decided: &Decided| {
        let record = &decided.changed[&change(1).record];
        record.standing("field").map(|(dot, _)| dot.seq).collect::<Vec<_>>()
    };
    let together = push(request([1, 2, 3].map(change)), Known::default());
    assert_eq!(stands(&together), [3]);
    assert_eq!(together.decisions[2].verdict.outcome, Outcome::Applied);

    let first = push(request([1, 2].map(change)), Known::default());
    let waiting = BTreeMap::from([(change(2).record, vec![change(2)])]);
    let after = push(request([change(3)]), Known { waiting, ..known_after(first) });
    assert_eq!(stands(&after), [3]);

    // A restored server hears of it last.
    let mut record = Record::begin(&change(1));
    record.apply(&change(3));
    let records = BTreeMap::from([(record.id(), record)]);
    let late = push(request([change(2)]), Known { acked: 3, records, ..Known::default() });
    assert_eq!(stands(&late), [3]);
}

/// A carrier brought it before its device did.
#[test]
fn what_the_repair_desk_applied_is_not_decided_again() {
    let unknown = |seq| Operation { author: "somebody".into(), ..operation(seq) };
    let brought = request([1, 2].map(unknown));
    let put_in =
        BTreeMap::from([((1, codec::hash(&brought.operations[0].bytes)), Outcome::Merged)]);
    let decided = push(brought, Known { put_in, ..Known::default() });
    let [first, second] = &decided.decisions[..] else { panic!("two were sent") };
    assert_eq!(
        (first.verdict.outcome, first.reason, first.place),
        (Outcome::Merged, None, Place::Log)
    );
    assert_eq!(second.reason, Some(QuarantineReason::OtherAuthor));
    assert!(decided.changed.is_empty(), "it has its effect");
}

/// A number that the database cannot hold would be the last one.
#[test]
fn a_device_that_says_it_counted_further_than_it_can_is_not_believed() {
    let mut wild = request([]);
    wild.oldest = Some(u64::MAX);
    let decided = push(wild, Known::default());
    assert_eq!(decided.acked, 1 << 48);
    let next = push(request([operation((1 << 48) + 1)]), known_after(decided));
    assert_eq!((next.acked, next.decisions.len()), ((1 << 48) + 1, 1));
}

#[test]
fn other_bytes_under_a_known_name_are_kept_beside_and_nothing_behind_them_is_taken() {
    let known = known_after(push(request([operation(1)]), Known::default()));
    let mut copied = operation(1);
    copied.fields.clear();
    let decided = push(request([copied, operation(2)]), known);
    assert_eq!((decided.acked, decided.decisions.len()), (1, 1));
    assert_eq!(decided.decisions[0].place, Place::Beside);
    assert_eq!(decided.decisions[0].verdict.reason, Some(QuarantineReason::Fork));
}

#[test]
fn whoever_did_not_begin_a_record_does_not_take_it_over() {
    let begins = |device: u8, author: &str| {
        let mut operation = operation(1);
        operation.dot.device = DeviceId([device; 16]);
        operation.author = author.into();
        let value = Value::Text(State::Submitted.name().to_owned());
        operation.fields.insert(field::STATE.into(), Write { value, over: Vec::new() });
        operation
    };
    let reason = |begun: &Operation| {
        let records = BTreeMap::from([(begun.record, Record::begin(begun))]);
        let known = Known { records, ..Known::default() };
        push(request([begins(1, "anna")]), known).decisions[0].reason
    };
    assert_eq!(reason(&begins(2, "binh")), Some(QuarantineReason::NotAllowed));
    assert_eq!(reason(&begins(2, "anna")), None, "her own, from another phone");
    assert_eq!(reason(&begins(0, "binh")), None, "it stays his");
    let mut edit = begins(2, "binh");
    let state = edit.fields.get_mut(field::STATE).expect("it says one");
    state.over = vec![begins(1, "anna").dot];
    assert_eq!(reason(&edit), None, "what began it comes after what changed it");
}
