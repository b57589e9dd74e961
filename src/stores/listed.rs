//! The records of lists, the newest change first, and how many there are of each form, unit and state, and of each author's forms.
//!
//! Both follow a change without looking at the records that did not change: with a hundred thousand of them a phone
//! has no time for that at each answer.

use std::{
    cmp::{Ordering, Reverse},
    collections::BTreeMap,
    sync::Arc,
};

use sync::{
    view::Level,
    wire::{RecordId, State},
};

use super::records::{Filter, RecordSummary};
use crate::platform::tasks::{self, Turn};

/// How many records have each value; of one that no record has any more, none.
pub type Counts = BTreeMap<String, usize>;

/// One more has that value.
pub fn one_more(counts: &mut Counts, value: &str) {
    match counts.get_mut(value) {
        Some(count) => *count += 1,
        None => drop(counts.insert(value.to_owned(), 1)),
    }
}

/// About so many records stand in one part of the list.
const PART: usize = if cfg!(test) { 4 } else { 512 };

/// All records but those put away.
///
/// They stand in parts, none of them empty: a list that follows a change shares all other parts with the one before.
#[derive(Clone, Debug, Default)]
pub struct Listed {
    parts: Vec<Arc<Vec<Arc<RecordSummary>>>>,
    /// The place of each part's first record.
    starts: Vec<usize>,
    len: usize,
    forms: Counts,
    units: Counts,
    states: Counts,
    /// By [`Level::name`].
    asks: Counts,
    /// By account.
    authors: BTreeMap<String, Own>,
}

/// How many records an account began.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Own {
    forms: Counts,
    states: Counts,
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
        let mut part = Vec::with_capacity(PART);
        for (_, record) in newest {
            turn.rest().await;
            part.push(record);
            if part.len() == PART {
                listed.add(std::mem::replace(&mut part, Vec::with_capacity(PART)));
            }
        }
        listed.add(part);
        listed
    }

    /// The record at a place, from 0.
    #[must_use]
    pub fn get(&self, place: usize) -> Option<&Arc<RecordSummary>> {
        let part = self.starts.partition_point(|start| *start <= place).checked_sub(1)?;
        self.parts[part].get(place - self.starts[part])
    }

    /// The records, the newest change first.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<RecordSummary>> {
        self.parts.iter().flat_map(|part| part.iter())
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The newest records that a filter accepts, at most so many.
    #[must_use]
    pub fn first(&self, filter: &Filter, max: usize) -> Vec<Arc<RecordSummary>> {
        let in_state = |states: &Counts, of_all: usize| match filter.state {
            Some(state) => states.get(state.name()).copied().unwrap_or_default(),
            None => of_all,
        };
        let own = |own: &Own| in_state(&own.states, own.states.values().sum());
        // Whoever wants what few records are need not look through all the others.
        let mut left = match &filter.author {
            Some(author) => self.authors.get(author).map_or(0, own),
            None => in_state(&self.states, self.len),
        };
        let mut records = self.iter();
        let mut first = Vec::new();
        while left > 0
            && first.len() < max
            && let Some(record) = records.next()
        {
            let is_one = filter.state.is_none_or(|state| state == record.state)
                && filter.author.as_ref().is_none_or(|author| *author == record.author);
            left -= usize::from(is_one);
            if is_one && filter.accepts(record) {
                first.push(Arc::clone(record));
            }
        }
        first
    }

    /// The record of a form and a unit that was begun last of those handed in; before another, if one is named. One of the same title
    /// comes first: that of the same place. When a record was changed says nothing of that: an approval changes it too.
    #[must_use]
    pub fn last_handed_in(
        &self,
        form: &str,
        unit: &str,
        title: &str,
        before: Option<&RecordSummary>,
    ) -> Option<&Arc<RecordSummary>> {
        let name = |title: &str| report::fold(undated(title).unwrap_or(title));
        let sought = name(title);
        // It is asked at each letter of the name, of each record: what is folded anew begins so.
        let is_same = |record: &RecordSummary| {
            !sought.is_empty()
                && record.folded.starts_with(&sought)
                && name(&record.title) == sought
        };
        let of = |counts: &Counts, value: &str| counts.get(value).copied().unwrap_or_default();
        // As in `first`: behind the last of a form nobody looks on.
        let (mut of_form, mut of_unit) = (of(&self.forms, form), of(&self.units, unit));
        let mut records = self.iter();
        let mut last: Option<(_, &Arc<RecordSummary>)> = None;
        while of_form > 0
            && of_unit > 0
            && let Some(record) = records.next()
        {
            let (is_form, is_unit) = (record.form_id == form, record.unit == unit);
            of_form -= usize::from(is_form);
            of_unit -= usize::from(is_unit);
            if is_form
                && is_unit
                && matches!(record.state, State::Submitted | State::Returned | State::Approved)
                && before.is_none_or(|before| begun(record) < begun(before))
            {
                let rank = (is_same(record), begun(record));
                if last.is_none_or(|(least, _)| least < rank) {
                    last = Some((rank, record));
                }
            }
        }
        last.map(|(_, record)| record)
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
        let mut steps = steps.into_iter().peekable();
        self.starts.clear();
        self.len = 0;
        let mut before = std::mem::take(&mut self.parts).into_iter().peekable();
        while before.peek().is_some() || steps.peek().is_some() {
            let part = before.next().unwrap_or_default();
            let next = before.peek().map(|next| &next[0]);
            let is_here =
                |record: &RecordSummary| next.is_none_or(|next| newer_first(record, next).is_lt());
            let mut own = Vec::new();
            while let Some(step) = steps.next_if(|(record, _)| is_here(record)) {
                own.push(step);
            }
            if own.is_empty() {
                self.share(part);
            } else {
                self.add(replaced(&part, own));
            }
        }
    }

    /// Forgets it, in turns if nobody else has it: a hundred thousand records take longer to be freed than a frame.
    pub fn leave(list: Arc<Self>) {
        if let Some(list) = Arc::into_inner(list) {
            tasks::drop_in_turns(list.parts);
        }
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

    /// How many ask this of whoever looks after their unit.
    #[must_use]
    pub fn count_asking(&self, level: Level) -> usize {
        self.asks.get(level.name()).copied().unwrap_or_default()
    }

    /// How many an account began that are in a state.
    #[must_use]
    pub fn count_of(&self, account: &str, state: State) -> usize {
        let own = self.authors.get(account).and_then(|own| own.states.get(state.name()));
        own.copied().unwrap_or_default()
    }

    /// How many of each form an account began.
    #[must_use]
    pub fn forms_of(&self, account: &str) -> Option<&Counts> {
        self.authors.get(account).map(|own| &own.forms)
    }

    /// Adds records at the end.
    fn add(&mut self, records: Vec<Arc<RecordSummary>>) {
        if records.len() <= 2 * PART {
            self.share(Arc::new(records));
        } else {
            for part in records.chunks(PART) {
                self.share(Arc::new(part.to_vec()));
            }
        }
    }

    fn share(&mut self, part: Arc<Vec<Arc<RecordSummary>>>) {
        if !part.is_empty() {
            self.starts.push(self.len);
            self.len += part.len();
            self.parts.push(part);
        }
    }

    fn count(&mut self, record: &RecordSummary, comes: bool) {
        let Self { forms, units, states, asks, authors, .. } = self;
        if !authors.contains_key(&record.author) {
            authors.insert(record.author.clone(), Own::default());
        }
        let (form, state) = (record.form_id.as_str(), record.state.name());
        let own = authors.get_mut(&record.author);
        let own = own.map(|own| [(&mut own.forms, form), (&mut own.states, state)]);
        let values = [(forms, form), (units, record.unit.as_str()), (states, state)];
        let asks = record.asks.map(|level| (asks, level.name()));
        for (counts, value) in values.into_iter().chain(asks).chain(own.into_iter().flatten()) {
            match counts.get_mut(value) {
                Some(count) if !comes => *count -= 1,
                _ => one_more(counts, value),
            }
        }
    }
}

/// A part with records that come into it or go, in the order of the list.
fn replaced(
    part: &[Arc<RecordSummary>],
    steps: Vec<(Arc<RecordSummary>, bool)>,
) -> Vec<Arc<RecordSummary>> {
    let mut records = Vec::with_capacity(part.len() + steps.len());
    let mut rest = part;
    for (record, comes) in steps {
        let newer = rest.partition_point(|other| newer_first(other, &record).is_lt());
        let (before, from) = rest.split_at(newer);
        records.extend_from_slice(before);
        if comes {
            records.push(record);
            rest = from;
        } else {
            rest = from.get(1..).unwrap_or_default();
        }
    }
    records.extend_from_slice(rest);
    records
}

fn newer_first(one: &RecordSummary, other: &RecordSummary) -> Ordering {
    place(one).cmp(&place(other))
}

/// A title without the day that it ends in, if it ends in one: `Chợ 05/03/2026`.
#[must_use]
pub fn undated(title: &str) -> Option<&str> {
    let (rest, day) = title.trim_end().rsplit_once(' ')?;
    let is_alike = |(at, byte): (usize, u8)| match at {
        2 | 5 => byte == b'/',
        _ => byte.is_ascii_digit(),
    };
    (day.len() == "05/03/2026".len() && day.bytes().enumerate().all(is_alike)).then_some(rest)
}

fn place(record: &RecordSummary) -> (Reverse<i64>, Reverse<RecordId>) {
    (Reverse(record.changed_ms), Reverse(record.id))
}

/// Which was begun first. Of two at once the ids decide.
fn begun(record: &RecordSummary) -> (i64, RecordId) {
    (record.begun_ms, record.id)
}

#[cfg(test)]
pub(crate) mod tests {
    use futures::executor::block_on;
    use proptest::prelude::*;
    use sync::wire::Hash;

    use super::*;

    /// A record whose parts are few, so that many have the same.
    pub(crate) fn record(id: u8, parts: [u8; 4], title: &str) -> Arc<RecordSummary> {
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
            begun_ms: i64::from(changed % 5),
            changed_ms: i64::from(changed % 8),
            deleted: state % 7 == 6,
            unsent: changed % 3 == 0,
            quarantined: false,
            asks: [None, Some(Level::Decide), Some(Level::Look)][usize::from(changed % 3)],
            folded: report::fold(title),
        })
    }

    #[test]
    fn what_was_handed_in_last_is_not_what_was_approved_last() {
        let begun = |id: u8, at: u8, changed: u8| {
            let record = record(id, [changed, 0, 0, 0], "Phiếu");
            let mut record = Arc::unwrap_or_clone(record);
            record.id.0[5] = at;
            record.begun_ms = i64::from(at);
            record.state = State::Approved;
            record.deleted = false;
            Arc::new(record)
        };
        let (march, february) = (begun(1, 3, 4), begun(1, 2, 7));
        let mut listed = Listed::default();
        listed.replace([], [march.clone(), february.clone()]);
        assert_eq!(listed.last_handed_in("f0", "u0", "", None), Some(&march));
        assert_eq!(listed.last_handed_in("f0", "u0", "", Some(&march)), Some(&february));
        assert_eq!(listed.last_handed_in("f0", "u0", "", Some(&february)), None);
    }

    #[test]
    fn what_was_handed_in_last_of_the_same_place_comes_before_another_place() {
        let begun = |id: u8, title: &str| {
            let mut record = Arc::unwrap_or_clone(record(id, [id, 0, 0, 0], title));
            record.begun_ms = i64::from(id);
            record.state = State::Submitted;
            record.deleted = false;
            Arc::new(record)
        };
        let rose = begun(1, "Công ty Hoa Hồng 12/03/2026");
        let plum = begun(2, "Công ty Hoa Mai 20/04/2026");
        let again = begun(3, "CÔNG TY HOA HỒNG 05/06/2026");
        let mut listed = Listed::default();
        listed.replace([], [rose.clone(), plum.clone(), again.clone()]);
        let last = |title: &str| listed.last_handed_in("f0", "u0", title, None).cloned();
        assert_eq!(last("Công ty Hoa Mai 01/12/2026"), Some(plum.clone()));
        assert_eq!(last("công ty hoa hồng"), Some(again.clone()));
        for title in ["", "Công ty Lan 01/12/2026", "20/04/2026", "Công ty Hoa"] {
            assert_eq!(last(title), Some(again.clone()), "{title}: the last of any");
        }
        let before = |record: &Arc<RecordSummary>| {
            listed.last_handed_in("f0", "u0", &record.title, Some(record)).cloned()
        };
        assert_eq!(before(&again), Some(rose.clone()), "not what came in between");
        assert_eq!(before(&plum), Some(rose));
    }

    #[test]
    fn a_title_may_end_in_its_day() {
        assert_eq!(undated("Chợ 05/03/2026"), Some("Chợ"));
        for title in ["", "05/03/2026", "Chợ 5/3/2026", "Chợ 05-03-2026", "BDG-1 b2", "3/2026"]
        {
            assert_eq!(undated(title), None, "{title}");
        }
    }

    /// What is told plainly: sort all, count all.
    fn plainly(records: &BTreeMap<u8, Arc<RecordSummary>>) -> Told {
        let listed = records.values().filter(|record| !record.deleted).cloned();
        let mut told = Told { newest: listed.collect(), ..Told::default() };
        told.newest.sort_by(|one, other| newer_first(one, other));
        for record in &told.newest {
            *told.forms.entry(record.form_id.clone()).or_default() += 1;
            *told.units.entry(record.unit.clone()).or_default() += 1;
            *told.states.entry(record.state.name().to_owned()).or_default() += 1;
            if let Some(level) = record.asks {
                *told.asks.entry(level.name().to_owned()).or_default() += 1;
            }
            let own = told.authors.entry(record.author.clone()).or_default();
            *own.forms.entry(record.form_id.clone()).or_default() += 1;
            *own.states.entry(record.state.name().to_owned()).or_default() += 1;
        }
        told
    }

    /// All that a list tells.
    #[derive(Debug, Default, PartialEq)]
    struct Told {
        newest: Vec<Arc<RecordSummary>>,
        forms: Counts,
        units: Counts,
        states: Counts,
        asks: Counts,
        authors: BTreeMap<String, Own>,
    }

    fn told(listed: &Listed) -> Told {
        let some = |counts: &Counts| {
            let mut counts = counts.clone();
            counts.retain(|_, count| *count > 0);
            counts
        };
        let own = |own: &Own| Own { forms: some(&own.forms), states: some(&own.states) };
        let mut authors: BTreeMap<String, Own> =
            listed.authors.iter().map(|(author, of)| (author.clone(), own(of))).collect();
        authors.retain(|_, own| *own != Own::default());
        let newest: Vec<_> = listed.iter().cloned().collect();
        assert_eq!(newest.len(), listed.len());
        assert!(newest.iter().enumerate().all(|(place, record)| listed.get(place) == Some(record)));
        assert_eq!(listed.get(listed.len()), None);
        Told {
            newest,
            forms: some(&listed.forms),
            units: some(&listed.units),
            states: some(&listed.states),
            asks: some(&listed.asks),
            authors,
        }
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
                let plain = plainly(&records);
                let all = sync::gather(records.values().map(|record| (record.id, Arc::clone(record))));
                prop_assert_eq!(&told(&block_on(Listed::of(&all))), &plain);
                prop_assert_eq!(&told(&listed), &plain);
            }
        }

        #[test]
        fn the_first_of_a_filter_are_those_that_a_look_at_all_finds(
            parts in prop::collection::vec(any::<[u8; 4]>(), 0..40),
            (author, state, max) in (prop::option::of(0_u8..3), prop::option::of(0..State::ALL.len()), 0_usize..9),
        ) {
            let records: BTreeMap<u8, _> =
                (0..).zip(parts).map(|(id, parts)| (id, record(id, parts, "Phiếu"))).collect();
            let mut listed = Listed::default();
            listed.replace([], records.values().cloned());
            let filter = Filter {
                author: author.map(|author| format!("an{author}")),
                state: state.map(|state| State::ALL[state]),
                ..Filter::default()
            };
            let all: Vec<_> =
                listed.iter().filter(|record| filter.accepts(record)).cloned().collect();
            if let (Some(author), Some(state)) = (&filter.author, filter.state) {
                prop_assert_eq!(listed.count_of(author, state), all.len());
            }
            let found: Vec<_> = all.into_iter().take(max).collect();
            prop_assert_eq!(listed.first(&filter, max), found);
        }

        #[test]
        fn the_last_that_was_handed_in_is_the_one_that_a_look_at_all_finds(
            parts in prop::collection::vec(any::<[u8; 4]>(), 0..40),
            (form, unit, before) in (0_u8..3, 0_u8..3, any::<prop::sample::Index>()),
        ) {
            let records: Vec<_> =
                (0..).zip(parts).map(|(id, parts)| record(id, parts, "Phiếu")).collect();
            let mut listed = Listed::default();
            listed.replace([], records.clone());
            let (form, unit) = (format!("f{form}"), format!("u{unit}"));
            let is_wanted = |record: &&Arc<RecordSummary>| {
                let state = record.state;
                record.form_id == form
                    && record.unit == unit
                    && state != State::Draft
                    && state != State::Withdrawn
            };
            let last = |older: &dyn Fn(&RecordSummary) -> bool| {
                let wanted = listed.iter().filter(is_wanted).filter(|record| older(record));
                wanted.max_by_key(|record| begun(record))
            };
            prop_assert_eq!(listed.last_handed_in(&form, &unit, "", None), last(&|_| true));
            if !records.is_empty() {
                let before = before.get(&records);
                let found = listed.last_handed_in(&form, &unit, "", Some(before));
                prop_assert_eq!(found, last(&|record| begun(record) < begun(before)));
            }
        }
    }
}
