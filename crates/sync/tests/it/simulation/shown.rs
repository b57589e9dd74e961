//! Accounts are limited to programmes, and are not shown all questions; and what of that must be true of each page that is served, computed
//! from what is logged and granted alone: apart from the feed, the records and the masks that are tested.

use std::collections::{BTreeMap, BTreeSet};

use sync::wire::{DeviceId, FormRef, Hash, Operation, RecordId, RecordState, Value, field};

use super::{
    check::{Applied, Fields, applied, of, unsuperseded, waiting},
    random::Random,
    world::World,
};

/// One form of each programme.
const FORMS: [&str; 2] = ["form", "paper"];

/// What may be hidden, and the answers that are hidden by it.
const QUESTIONS: [(&str, &[&str]); 4] =
    [("a", &["a/x", "a/y"]), ("b/z", &["b/z"]), ("row/v", &["row[k]/v"]), ("photo", &["photo"])];

/// What an account is shown of the records in its units: all, at first.
#[derive(Clone, Default)]
pub struct Grant {
    /// The form of the programme that it is limited to.
    pub only: Option<&'static str>,
    /// Questions that it is not shown, each of a form.
    pub hidden: BTreeSet<(&'static str, &'static str)>,
}

impl Grant {
    fn draw(random: &mut Random) -> Self {
        let only = random.one_in(2).then(|| *random.pick(&FORMS));
        let mut hidden = BTreeSet::new();
        while random.one_in(2) {
            hidden.insert((*random.pick(&FORMS), random.pick(&QUESTIONS).0));
        }
        Self { only, hidden }
    }

    pub fn shows_form(&self, form: &str) -> bool {
        self.only.is_none_or(|only| only == form)
    }

    fn is_hidden(&self, form: &str, path: &str) -> bool {
        let hides = |question: &str| {
            QUESTIONS.iter().any(|(name, paths)| *name == question && paths.contains(&path))
        };
        self.hidden.iter().any(|(of, question)| *of == form && hides(question))
    }
}

/// A run in which what accounts are shown changes: with random numbers of its own, so that it moves nothing in other runs.
pub fn granting(seed: u64) -> Option<Random> {
    matches!(seed % 11, 1 | 10).then(|| Random::new(seed ^ 0x5ee5_0000))
}

/// The operation that began a record: of those that write its state over nothing that of the lowest name.
fn beginning(operations: &[Operation]) -> &Operation {
    let begins = |operation: &&Operation| {
        operation.fields.get(field::STATE).is_some_and(|write| write.over.is_empty())
    };
    let first = operations.iter().filter(begins).min_by_key(|operation| operation.dot);
    let first = first.or_else(|| operations.iter().min_by_key(|operation| operation.dot));
    first.expect("a record has operations")
}

impl World {
    /// Perhaps somebody is granted something else.
    pub fn grant(&mut self) {
        let Some(random) = &mut self.granting else { return };
        if !random.one_in(40) {
            return;
        }
        let accounts: Vec<&String> = self.server.scopes.keys().collect();
        let account = (*random.pick(&accounts)).clone();
        let grant = Grant::draw(random);
        self.server.grant(&account, grant);
        self.count("what is shown changed");
    }

    /// Mostly one that its person is shown.
    pub fn choose_form(&mut self, index: usize) -> &'static str {
        let [first, ..] = FORMS;
        let only = self.server.granted(&self.phones[index].account).only;
        let Some(random) = &mut self.granting else { return first };
        only.filter(|_| !random.one_in(10)).unwrap_or_else(|| *random.pick(&FORMS))
    }

    /// What an account is to be shown: each record's fields.
    pub fn shown(&self, account: &str, applied: &Applied) -> BTreeMap<RecordId, Fields> {
        let waiting = waiting(&self.server);
        let seen = applied.iter().filter(|(_, operations)| self.shows(account, operations));
        let fields = seen.map(|(id, operations)| {
            let mut fields = unsuperseded(operations, of(&waiting, *id));
            fields.retain(|path, _| !self.is_hidden(account, operations, path));
            (*id, fields)
        });
        fields.collect()
    }

    fn shows(&self, account: &str, operations: &[Operation]) -> bool {
        self.is_in_units(account, operations)
            && self.server.granted(account).shows_form(&beginning(operations).form.id)
    }

    fn is_in_units(&self, account: &str, operations: &[Operation]) -> bool {
        self.server.scopes[account].contains(&beginning(operations).unit)
    }

    pub fn is_hidden(&self, account: &str, operations: &[Operation], path: &str) -> bool {
        self.server.granted(account).is_hidden(&beginning(operations).form.id, path)
    }

    /// A page as it is served: nothing is in it that its reader is not to see, or that was erased.
    pub fn check_page(&mut self, account: &str, records: &[RecordState]) {
        let applied = applied(&self.server);
        let mut held_back = 0;
        for state in records {
            let operations = applied.get(&state.record).map_or(&[][..], Vec::as_slice);
            if let Some(what) = self.erased_in(state) {
                panic!("a page brings back {what}");
            } else if state.left {
                self.check_trace(account, state, operations);
                continue;
            }
            let id = state.record;
            assert!(self.shows(account, operations), "{account} is sent {id}, and may not see it");
            let hidden = |path: &&String| self.is_hidden(account, operations, path);
            let sent = state.fields.keys().find(hidden);
            assert_eq!(sent, None, "{account} is sent an answer of {id} that is hidden from them");
            let writes = state.fields.values().flatten().map(|sibling| sibling.dot.device);
            let writes: BTreeSet<DeviceId> = writes.collect();
            let told = state.writers.keys().find(|device| !writes.contains(device));
            assert_eq!(told, None, "{account} is told who wrote in {id} what they are not shown");
            let written = operations.iter().flat_map(|operation| &operation.fields);
            let mut answers = written.filter(|(_, write)| write.value != Value::Empty);
            held_back += u64::from(answers.any(|(path, _)| hidden(&path)));
        }
        let is_kept = |operations: &&Vec<Operation>| {
            self.is_in_units(account, operations) && !self.shows(account, operations)
        };
        let kept = applied.values().filter(is_kept).count();
        self.count_times("hidden answer held back", held_back);
        self.count_times("record of another programme held back", kept as u64);
    }

    /// That a record left is told to who saw the unit where it was, and nothing of what is in it.
    fn check_trace(&self, account: &str, trace: &RecordState, operations: &[Operation]) {
        let was_there = operations.iter().any(|operation| operation.unit == trace.unit);
        let saw = self.server.scopes[account].contains(&trace.unit) && was_there;
        let form = &beginning(operations).form.id;
        let saw = saw && self.server.granted(account).shows_form(form);
        assert!(saw, "{account} is told that {} left where they saw nothing", trace.record);
        let nothing = FormRef { id: String::new(), version: String::new(), hash: Hash([0; 32]) };
        let is_bare = trace.fields.is_empty()
            && trace.writers.is_empty()
            && trace.author.is_empty()
            && trace.form == nothing;
        assert!(is_bare, "the trace of {} says what is in it", trace.record);
    }
}
