//! What a push takes from the server's memory: a few pieces for each answer. There are fifty or more in a record, and hundreds of
//! records in a request. One test in a process of its own, as the count is of the whole process.

use std::alloc::System;
use std::collections::BTreeMap;

use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use sync::codec;
use sync::push::{Batch, Decided, Directory, Known, Sender};
use sync::rights::Role;
use sync::wire::{
    Action, DeviceId, Dot, FormRef, Hash, Operation, PushRequest, RecordId, SealedOperation, State,
    Times, Value, WIRE_VERSION, Write, field,
};

#[global_allocator]
static MEMORY: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const RECORDS: u8 = 200;
const FIELDS: usize = 75;
const DEVICE: DeviceId = DeviceId([1; 16]);

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

    fn hides(&self, _: &str, _: &str, _: &str) -> bool {
        false
    }
}

fn operation(number: u8) -> Operation {
    let write = |text: &str| Write { value: Value::Text(text.to_owned()), over: Vec::new() };
    let answers = (1..FIELDS).map(|at| (format!("nhom_{}/cau_{at}", at / 10), write("mot_phan")));
    let state = (field::STATE.to_owned(), write(State::Submitted.name()));
    Operation {
        dot: Dot { device: DEVICE, seq: u64::from(number) },
        record: RecordId([number; 16]),
        form: FormRef { id: "kiem_tra".into(), version: "1".into(), hash: Hash([1; 32]) },
        unit: "phuong_a".into(),
        action: Action::Create,
        fields: BTreeMap::from_iter(answers.chain([state])),
        at: Times::default(),
        author: "lan".into(),
    }
}

fn request() -> PushRequest {
    let operations = (1..=RECORDS).map(|number| {
        let bytes = codec::encode(&operation(number));
        SealedOperation { seq: u64::from(number), bytes }
    });
    PushRequest {
        version: WIRE_VERSION,
        device: DEVICE,
        epoch: None,
        operations: operations.collect(),
        oldest: None,
        unsent: None,
    }
}

fn decided(batch: Batch) -> Decided {
    batch.decide(Known::default(), &Sender { account: "lan", revoked: false }, &All)
}

#[test]
fn a_push_of_new_records_takes_a_few_pieces_of_memory_for_each_answer() {
    let batch = Batch::read(request());
    let region = Region::new(MEMORY);
    let decided = decided(batch);
    let change = region.change();
    assert_eq!(decided.changed.len(), usize::from(RECORDS));
    let taken = change.allocations + change.reallocations;
    let answers = usize::from(RECORDS) * FIELDS;
    // Its path, its text, where it stands, and its part of the map.
    assert!(taken < answers * 4, "{taken} for {answers}");
}
