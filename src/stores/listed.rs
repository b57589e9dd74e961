//! The records of lists, the newest change first, and how many there are of each form, unit and state, and of each author's forms.
//!
//! Both follow a change without looking at the records that did not change: with a hundred thousand of them a phone
//! has no time for that at each answer.

use std::{
    cmp::{Ordering, Reverse},
    collections::BTreeMap,
    ops::Deref,
    sync::Arc,
};

use sync::wire::RecordId;

use super::records::{Filter, RecordSummary};
use crate::platform::tasks::Turn;

/// How many records have each value; of one that no record has any more, none.
pub type Counts = BTreeMap<String, usize>;

/// All records but those put away.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listed {
    newest: Vec<Arc<RecordSummary>>,
    forms: Counts,
    units: Counts,
    states: Counts,
    /// By account, of each form.
    authors: BTreeMap<String, Counts>,
}

impl Deref for Listed {
    type Target = [Arc<RecordSummary>];

    fn deref(&self) -> &Self::Target {
        &self.newest
    }
}

impl Listed {
    /// These records, whatever their order. The page goes on meanwhile.
    pub async fn of(records: &BTreeMap<RecordId, Arc<RecordSummary>>) -> Self {
        let mut listed = Self::default();
        let mut newest = BTreeMap::new();
        let mut turn = Turn::begin();
        for record in records.values().filter(|record| !record.deleted) {
            turn.rest().await;
            listed.count(record, true);
            newest.insert(place(record), Arc::clone(record));
        }
        for (_, record) in newest {
            turn.rest().await;
            listed.newest.push(record);
        }
        listed
    }

    /// The newest records that a filter accepts, at most so many.
    #[must_use]
    pub fn first(&self, filter: &Filter, max: usize) -> Vec<Arc<RecordSummary>> {
        let of_state = filter.state.map(|state| self.states.get(state.name()).copied());
        // Whoever wants a state that few records are in need not look through all the others.
        let mut left = of_state.map_or(self.newest.len(), Option::unwrap_or_default);
        let mut records = self.newest.iter();
        let mut first = Vec::new();
        while left > 0
            && first.len() < max
            && let Some(record) = records.next()
        {
            left -= usize::from(filter.state.is_none_or(|state| state == record.state));
            if filter.accepts(record) {
                first.push(Arc::clone(record));
            }
        }
        first
    }

    /// Puts these records in place of those.
    pub fn replace(
        &mut self,
        gone: impl IntoIterator<Item = Arc<RecordSummary>>,
        come: impl IntoIterator<Item = Arc<RecordSummary>>,
    ) {
        let gone = gone.into_iter().map(|record| (record, false));
        let come = come.into_iter().map(|record| (record, true));
        let mut steps: Vec<(Arc<RecordSummary>, bool)> =
            gone.chain(come).filter(|(record, _)| !record.deleted).collect();
        for (record, comes) in &steps {
            self.count(record, *comes);
        }
        steps.sort_by(|(one, _), (other, _)| newer_first(one, other));
        let before = std::mem::take(&mut self.newest);
        let mut list = Vec::with_capacity(before.len() + steps.len());
        let place = |record| before.partition_point(|other| newer_first(other, record).is_lt());
        let places: Vec<usize> = steps.iter().map(|(record, _)| place(record)).collect();
        let (mut before, mut at) = (before.into_iter(), 0);
        for ((record, comes), place) in steps.into_iter().zip(places) {
            list.extend(before.by_ref().take(place.saturating_sub(at)));
            at = at.max(place);
            if comes {
                list.push(record);
            } else {
                before.next();
                at += 1;
            }
        }
        list.extend(before);
        self.newest = list;
    }

    /// How many there are of each form.
    #[must_use]
    pub fn forms(&self) -> &Counts {
        &self.forms
    }

    /// How many there are of each unit.
    #[must_use]
    pub fn units(&self) -> &Counts {
        &self.units
    }

    /// How many there are in each state.
    #[must_use]
    pub fn states(&self) -> &Counts {
        &self.states
    }

    /// How many of each form an account began.
    #[must_use]
    pub fn forms_of(&self, account: &str) -> Option<&Counts> {
        self.authors.get(account)
    }

    fn count(&mut self, record: &RecordSummary, comes: bool) {
        let Self { forms, units, states, authors, .. } = self;
        if !authors.contains_key(&record.author) {
            authors.insert(record.author.clone(), Counts::new());
        }
        let own = authors.get_mut(&record.author);
        let values = [
            (forms, record.form_id.as_str()),
            (units, record.unit.as_str()),
            (states, record.state.name()),
        ];
        let values = values.into_iter().chain(own.map(|own| (own, record.form_id.as_str())));
        for (counts, value) in values {
            match counts.get_mut(value) {
                Some(count) if comes => *count += 1,
                Some(count) => *count -= 1,
                None => drop(counts.insert(value.to_owned(), 1)),
            }
        }
    }
}

fn newer_first(one: &RecordSummary, other: &RecordSummary) -> Ordering {
    place(one).cmp(&place(other))
}

fn place(record: &RecordSummary) -> (Reverse<i64>, Reverse<RecordId>) {
    (Reverse(record.changed_ms), Reverse(record.id))
}

#[cfg(test)]
pub(super) mod tests {
    use futures::executor::block_on;
    use proptest::prelude::*;
    use sync::wire::{Hash, RecordId, State};

    use super::*;

    /// A record whose parts are few, so that many have the same.
    pub(in crate::stores) fn record(id: u8, parts: [u8; 4], title: &str) -> Arc<RecordSummary> {
        let [changed, form, unit, state] = parts;
        Arc::new(RecordSummary {
            id: RecordId([id; 16]),
            form_id: format!("f{}", form % 3),
            form_version: "1".to_owned(),
            form_hash: Hash([1; 32]),
            unit: format!("u{}", unit % 3),
            author: format!("an{}", unit % 2),
            title: title.to_owned(),
            state: State::ALL[usize::from(state) % State::ALL.len()],
            returned: None,
            changed_ms: i64::from(changed % 8),
            deleted: state % 7 == 6,
            unsent: changed % 3 == 0,
            quarantined: false,
            conflicts: 0,
            folded: report::fold(title),
        })
    }

    /// What is told plainly: sort all, count all.
    fn plainly(records: &BTreeMap<u8, Arc<RecordSummary>>) -> Listed {
        let listed = records.values().filter(|record| !record.deleted).cloned();
        let mut listed = Listed { newest: listed.collect(), ..Listed::default() };
        listed.newest.sort_by(|one, other| newer_first(one, other));
        for record in listed.newest.clone() {
            *listed.forms.entry(record.form_id.clone()).or_default() += 1;
            *listed.units.entry(record.unit.clone()).or_default() += 1;
            *listed.states.entry(record.state.name().to_owned()).or_default() += 1;
            let own = listed.authors.entry(record.author.clone()).or_default();
            *own.entry(record.form_id.clone()).or_default() += 1;
        }
        listed
    }

    proptest! {
        #[test]
        fn order_and_counts_follow_every_change(
            turns in prop::collection::vec(
                prop::collection::btree_map(0_u8..40, prop::option::of(any::<[u8; 4]>()), 0..20),
                0..12,
            ),
        ) {
            let mut records: BTreeMap<u8, Arc<RecordSummary>> = BTreeMap::new();
            let mut listed = Listed::default();
            for turn in turns {
                let (mut gone, mut come) = (Vec::new(), Vec::new());
                for (id, parts) in turn {
                    gone.extend(records.remove(&id));
                    if let Some(parts) = parts {
                        let record = record(id, parts, "Phiếu");
                        come.push(Arc::clone(&record));
                        records.insert(id, record);
                    }
                }
                listed.replace(gone, come);
                let mut told = listed.clone();
                let of_all = [&mut told.forms, &mut told.units, &mut told.states];
                for counts in of_all.into_iter().chain(told.authors.values_mut()) {
                    counts.retain(|_, count| *count > 0);
                }
                told.authors.retain(|_, own| !own.is_empty());
                let plain = plainly(&records);
                let all = sync::gather(records.values().map(|record| (record.id, Arc::clone(record))));
                prop_assert_eq!(&block_on(Listed::of(&all)), &plain);
                prop_assert_eq!(told, plain);
            }
        }

        #[test]
        fn the_first_of_a_filter_are_those_that_a_look_at_all_finds(
            parts in prop::collection::vec(any::<[u8; 4]>(), 0..40),
            (author, state, max) in (prop::option::of(0_u8..3), prop::option::of(0..State::ALL.len()), 0_usize..9),
        ) {
            let records = (0_u8..).zip(parts).map(|(id, parts)| (id, record(id, parts, "Phiếu"))).collect();
            let listed = plainly(&records);
            let filter = Filter {
                author: author.map(|author| format!("an{author}")),
                state: state.map(|state| State::ALL[state]),
                ..Filter::default()
            };
            let found: Vec<_> =
                listed.iter().filter(|record| filter.accepts(record)).take(max).cloned().collect();
            prop_assert_eq!(listed.first(&filter, max), found);
        }
    }
}
