//! What was erased does not come back, in whatever order phones send it, before and after a restore.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use sync::{
    codec,
    erase::{self, Erased},
    mask::Mask,
    merge::{Record, Stamp},
    push::{Batch, Decided, Directory, Kept, Known, Place, Sender},
    rights::Role,
    wire::{
        Action, DeviceId, Dot, FormRef, Hash, Operation, Outcome, PushRequest, RecordId,
        SealedOperation, Times, Value, Verdict, Write,
    },
};

const RECORD: RecordId = RecordId([2; 16]);

struct All;

impl Directory for All {
    fn knows_form(&self, _: &FormRef) -> bool {
        true
    }

    fn knows_unit(&self, _: &str) -> bool {
        true
    }

    fn role(&self, _: &str, _: &str, _: &str) -> Option<Role> {
        Some(Role::Officer)
    }

    fn hides(&self, _: &str, form: &str, path: &str) -> bool {
        Mask::default().hides(form, path)
    }
}

fn dot(device: u8, seq: u64) -> Dot {
    Dot { device: DeviceId([device; 16]), seq }
}

fn write(dot: Dot, value: &str, over: &[Dot]) -> Operation {
    let fields = ["name", "count"].map(|path| {
        let value = Value::Text(format!("{path} {value}"));
        (path.to_owned(), Write { value, over: over.to_vec() })
    });
    Operation {
        dot,
        record: RECORD,
        form: FormRef { id: "form".into(), version: "1".into(), hash: Hash([1; 32]) },
        unit: "ward".into(),
        action: Action::Edit,
        fields: fields.into(),
        at: Times::default(),
        author: "anna".into(),
    }
}

/// A server: what it merged, what it keeps, what was erased.
#[derive(Clone, Default)]
struct Server {
    record: Option<Record>,
    kept: BTreeMap<Dot, (Hash, Operation)>,
    erased: Erased,
}

impl Server {
    fn push(&mut self, operation: &Operation) {
        let Dot { device, seq } = operation.dot;
        if self.kept.contains_key(&operation.dot) {
            return;
        }
        let sealed = SealedOperation { seq, bytes: codec::encode(operation) };
        let request = PushRequest {
            version: 1,
            device,
            epoch: None,
            operations: vec![sealed],
            oldest: None,
            unsent: None,
        };
        let known = Known {
            acked: seq - 1,
            records: self.record.clone().map(|record| (RECORD, record)).into_iter().collect(),
            erased: self.erased.clone(),
            ..Known::default()
        };
        let sender = Sender { account: "anna", revoked: false };
        let mut decided = Batch::read(request).decide(known, &sender, &All);
        for (record, path, before) in decided.erased.grown() {
            self.erased.insert(record, path, before.iter().copied());
        }
        let is_news = decided.erased.grown().count() > 0;
        self.record = decided.changed.remove(&RECORD);
        let decision = decided.decisions.remove(0);
        assert_eq!(decision.hash, codec::hash(&codec::encode(operation)), "its name stays");
        let kept: Operation = codec::decode(&decision.bytes).expect("what was read");
        self.kept.insert(operation.dot, (decision.hash, kept));
        if is_news {
            self.erased.spread(&self.kept.values().map(|(_, kept)| kept));
            self.empty();
            let record = self.record.as_mut().expect("what was pushed");
            record.empty_as(self.kept.values().map(|(_, kept)| kept));
        }
    }

    fn erase(&mut self, erasure: &Operation) {
        self.erased.insert_into(erasure, &self.kept.values().map(|(_, kept)| kept));
        self.empty();
        if let Some(record) = &mut self.record {
            record.erase(erasure, self.kept.values().map(|(_, kept)| kept));
        }
    }

    fn empty(&mut self) {
        for (_, kept) in self.kept.values_mut() {
            self.erased.cut(kept);
        }
    }

    fn values(&self, path: &str) -> BTreeSet<Value> {
        let record = self.record.as_ref().expect("a record").state(Stamp::default());
        record.fields[path].iter().map(|sibling| sibling.value.clone()).collect()
    }

    fn holds_no_name(&self) {
        let text = format!("{:?} {:?}", self.record, self.kept);
        assert!(!text.contains("name old"), "a name came back");
    }
}

/// Operations of before, in the order of each device: some the server had when it erased, some were not sent yet. The second
/// device saw the first one's, so that came before the erasure.
fn before() -> Vec<Operation> {
    vec![
        write(dot(1, 1), "old a", &[]),
        write(dot(1, 2), "old b", &[dot(1, 1)]),
        write(dot(2, 1), "old c", &[dot(1, 1)]),
        write(dot(2, 2), "old d", &[dot(2, 1)]),
        write(dot(3, 1), "old e", &[]),
    ]
}

fn in_order(order: &[usize]) -> Vec<Operation> {
    let mut waiting: BTreeMap<DeviceId, Vec<Operation>> = BTreeMap::new();
    for operation in before().into_iter().rev() {
        waiting.entry(operation.dot.device).or_default().push(operation);
    }
    let mut sent = Vec::new();
    for pick in order {
        let devices: Vec<DeviceId> = waiting.keys().copied().collect();
        let device = devices[pick % devices.len()];
        let operations = waiting.get_mut(&device).expect("a device that has some");
        sent.extend(operations.pop());
        if operations.is_empty() {
            waiting.remove(&device);
        }
    }
    sent
}

/// What a push of these operations of a device finds in a log where nothing of it was lost.
fn pushed(known: Known, operations: &[&Operation]) -> Decided {
    let sealed = operations.iter().map(|operation| SealedOperation {
        seq: operation.dot.seq,
        bytes: codec::encode(*operation),
    });
    let request = PushRequest {
        version: 1,
        device: operations[0].dot.device,
        epoch: None,
        operations: sealed.collect(),
        oldest: None,
        unsent: None,
    };
    let sender = Sender { account: "anna", revoked: false };
    Batch::read(request).decide(known, &sender, &All)
}

fn name(record: Option<&Record>) -> BTreeSet<Value> {
    let record = record.expect("a record").state(Stamp::default());
    record.fields["name"].iter().map(|sibling| sibling.value.clone()).collect()
}

/// A profile was copied before the erasure: the copy brings what it wrote then under the name of what the other wrote after it.
#[test]
fn a_copied_phone_makes_nothing_old_that_was_written_after_an_erasure() {
    let first = write(dot(1, 1), "old", &[]);
    let mut server = Server::default();
    server.push(&first);
    let erasure = erase::erasure(server.record.as_ref().unwrap(), [&first], &names(), 1, 0);
    server.erase(&erasure);
    let after = write(dot(1, 2), "new", &[erasure.dot]);
    server.push(&after);

    let copy = write(dot(1, 2), "old too", &[dot(1, 1)]);
    let hash = codec::hash(&codec::encode(&after));
    let verdict = Verdict { seq: 2, outcome: Outcome::Applied, reason: None, set_aside: None };
    let known = Known {
        acked: 2,
        kept: BTreeMap::from([(2, Kept { hash, verdict })]),
        records: BTreeMap::from([(RECORD, server.record.clone().unwrap())]),
        erased: server.erased.clone(),
        ..Known::default()
    };
    let decided = pushed(known, &[&copy]);
    let beside = &decided.decisions[0];
    assert_eq!(beside.place, Place::Beside);
    let kept: Operation = codec::decode(&beside.bytes).unwrap();
    assert_eq!(kept.fields["name"].value, Value::Empty, "nor does the desk get it");
    assert_eq!(kept.fields["count"], copy.fields["count"]);
    assert_eq!(decided.erased.grown().count(), 0);

    // So who saw the new name may correct it.
    server.erased = decided.erased;
    server.push(&write(dot(2, 1), "newer", &[dot(1, 2)]));
    assert_eq!(
        name(server.record.as_ref()),
        BTreeSet::from([Value::Text("name newer".to_owned())])
    );
}

/// A copy was put back that is younger than the one on which the name was erased.
#[test]
fn an_erasure_that_is_done_again_takes_what_it_did_not_know_and_not_what_came_after_it() {
    let (first, unknown) =
        (write(dot(1, 1), "old", &[]), write(dot(2, 1), "old too", &[dot(3, 1)]));
    let third = write(dot(3, 1), "old as well", &[]);
    let begun = Record::begin(&first);
    let erasure = erase::erasure(&begun, [&first], &names(), 1, 0);
    let mut server = Server::default();
    for operation in [&first, &third, &unknown] {
        server.push(operation);
    }
    server.erase(&erasure);
    server.holds_no_name();
    assert_eq!(name(server.record.as_ref()), BTreeSet::from([Value::Empty]));
    let later = erase::erasure(
        server.record.as_ref().unwrap(),
        server.kept.values().map(|(_, kept)| kept),
        &names(),
        2,
        0,
    );
    server.erase(&later);
    let new = write(dot(4, 1), "new", &[later.dot]);
    server.push(&new);
    server.erase(&later);
    assert!(name(server.record.as_ref()).contains(&Value::Text("name new".to_owned())));
}

/// A restore lost what an answer replaced, and the erasure with it. Each phone sends again, the one that was last first.
#[test]
fn an_answer_over_what_a_restore_lost_goes_when_that_comes_back_and_had_not_seen_the_erasure() {
    let (first, second) = (write(dot(1, 1), "old", &[]), write(dot(2, 1), "old b", &[dot(1, 1)]));
    let third = write(dot(3, 1), "old c", &[dot(2, 1)]);
    let unknown = write(dot(4, 1), "kept", &[dot(5, 1)]);
    let erasure = erase::erasure(&Record::begin(&first), [&first], &names(), 1, 0);
    let mut server = Server::default();
    for operation in [&third, &unknown] {
        server.push(operation);
    }
    server.erase(&erasure);
    let held = |server: &Server| (server.values("name"), server.values("count"));
    let text = |value: &str| Value::Text(value.to_owned());
    assert!(held(&server).0.contains(&text("name old c")), "nobody can tell yet");
    server.push(&second);
    server.holds_no_name();
    server.push(&first);
    server.holds_no_name();
    let (names, counts) = held(&server);
    assert_eq!(names, BTreeSet::from([Value::Empty, text("name kept")]), "nor of this one");
    assert_eq!(counts, BTreeSet::from([text("count old c"), text("count kept")]));
}

/// Of a record only the repair desk has anything when a name in it is erased.
#[test]
fn a_record_that_begins_after_an_erasure_shows_that_there_was_one() {
    let first = write(dot(1, 1), "old", &[]);
    let erasure = erase::erasure(&Record::begin(&first), [&first], &names(), 1, 0);
    let mut erased = Erased::default();
    erased.insert_into(&erasure, &[&first].into_iter());
    erased.insert_unbegun(RECORD, vec![erasure.clone()]);
    let decided = pushed(Known { erased, ..Known::default() }, &[&first]);
    let record = &decided.changed[&RECORD];
    let standing: Vec<Dot> = record.standing("name").map(|(dot, _)| dot).collect();
    assert_eq!(standing, [erasure.dot], "so that who fills it in again is known to have seen it");
    assert_eq!(record.standing("count").count(), 1);
}

fn names() -> BTreeSet<String> {
    BTreeSet::from(["name".to_owned()])
}

proptest! {
    #[test]
    fn a_name_that_was_erased_stays_away_and_the_count_stays(
        order in proptest::collection::vec(0..3_usize, 4),
        again in proptest::collection::vec(0..3_usize, 5),
        known in 1..=5_usize,
        backed_up in 0..=5_usize,
    ) {
        let sent = in_order(&[&[0], &order[..]].concat());
        let mut server = Server::default();
        let mut backup = None;
        for (place, operation) in sent.iter().enumerate().take(known) {
            if place == backed_up {
                backup = Some(server.clone());
            }
            server.push(operation);
        }
        let erasure = erase::erasure(server.record.as_ref().unwrap(), [], &names(), 1, 0);
        server.erase(&erasure);
        server.holds_no_name();
        prop_assert_eq!(server.values("name"), BTreeSet::from([Value::Empty]));
        for operation in &sent[known..] {
            server.push(operation);
            server.holds_no_name();
        }
        let counts = server.values("count");

        // A backup of before comes back, the list of erasures is applied again, and phones send all they hold.
        let mut restored = backup.unwrap_or_default();
        restored.erase(&erasure);
        restored.holds_no_name();
        for operation in in_order(&again) {
            restored.push(&operation);
            restored.holds_no_name();
        }
        prop_assert_eq!(restored.values("count"), counts);
        prop_assert_eq!(restored.values("name"), BTreeSet::from([Value::Empty]));

        // Who saw the erasure may write again, and so may who saw that; also when the second comes first.
        for mut server in [server, restored] {
            let own = [erasure.dot, dot(1, 2), dot(2, 2), dot(3, 1)];
            let (first, second) = (write(dot(4, 1), "new", &own), write(dot(5, 1), "newer", &[dot(4, 1)]));
            server.push(&second);
            server.push(&first);
            let newer = Value::Text("name newer".to_owned());
            prop_assert!(server.values("name").contains(&newer));
        }
    }
}
