//! What a list shows of very many records: found a few milliseconds at a time, so that no frame waits for the last of
//! them. A screenful is shown as soon as it is found; the count follows.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap},
    sync::Arc,
};

use leptos::prelude::*;
use report::{SortKey, Sought};
use sync::wire::RecordId;

use super::{
    listed::{Counts, Listed, one_more},
    records::{Filter, RecordSummary},
};
use crate::platform::{clock, tasks};

/// Records that are looked at between two looks at the clock.
const AT_ONCE: usize = 128;
/// More rows than any screen shows.
const SCREENFUL: usize = 40;

/// What a list is sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// The newest change first.
    #[default]
    Newest,
    /// The oldest change first.
    Oldest,
    /// By title, as a Vietnamese dictionary has it; of the same title the newest change first.
    Title,
}

/// What is looked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Wanted {
    /// Which records; not by their text.
    pub filter: Filter,
    /// What is searched in them.
    pub sought: Sought,
    /// In which order.
    pub order: Order,
    /// The titles of forms: a record without a title is called by its form's.
    pub form_titles: Arc<BTreeMap<String, String>>,
}

/// Looks through a list, in turns.
pub struct Search {
    list: Arc<Listed>,
    wanted: Wanted,
    way: Way,
    next: usize,
    found: Vec<u32>,
}

/// In which order the list is gone through.
enum Way {
    /// As it is, or backwards.
    Straight,
    /// By title, which is found out on the way.
    Sorting(Sorting),
    /// By title, as it was found out before.
    Sorted(Arc<Vec<u32>>),
}

impl Search {
    /// `by_title` is the order that a search in the same list found before.
    #[must_use]
    pub fn new(list: Arc<Listed>, wanted: Wanted, by_title: Option<Arc<Vec<u32>>>) -> Self {
        let way = match (wanted.order, by_title) {
            (Order::Newest | Order::Oldest, _) => Way::Straight,
            (Order::Title, Some(sorted)) => Way::Sorted(sorted),
            (Order::Title, None) => Way::Sorting(Sorting::default()),
        };
        Self { list, wanted, way, next: 0, found: Vec::new() }
    }

    /// Looks on until a turn is over; whether all was looked at.
    pub fn go_on(&mut self, is_over: &dyn Fn() -> bool) -> bool {
        if let Way::Sorting(sorting) = &mut self.way
            && !sorting.take_all(&self.list, &self.wanted, is_over)
        {
            return false;
        }
        loop {
            for _ in 0..AT_ONCE {
                let Some(place) = self.next_place() else { return true };
                if let Some(record) = self.list.get(place as usize)
                    && self.wanted.filter.accepts(record)
                    && self.wanted.sought.finds(record.as_found())
                {
                    self.found.push(place);
                }
            }
            if is_over() {
                return false;
            }
        }
    }

    /// The order by title, once all was looked at.
    fn by_title(&mut self) -> Option<Arc<Vec<u32>>> {
        match &mut self.way {
            Way::Straight => None,
            Way::Sorting(sorting) => Some(Arc::new(std::mem::take(&mut sorting.sorted))),
            Way::Sorted(sorted) => Some(Arc::clone(sorted)),
        }
    }

    fn next_place(&mut self) -> Option<u32> {
        let at = self.next;
        self.next += 1;
        let last = || u32::try_from(self.list.len()).ok()?.checked_sub(1);
        match &mut self.way {
            Way::Sorting(sorting) => sorting.next(),
            Way::Sorted(sorted) => sorted.get(at).copied(),
            Way::Straight => {
                let place = u32::try_from(at).ok().filter(|place| Some(*place) <= last())?;
                if self.wanted.order == Order::Oldest {
                    last()?.checked_sub(place)
                } else {
                    Some(place)
                }
            }
        }
    }
}

/// Sorts by title in turns: small parts first, which are then taken together one by one.
#[derive(Default)]
struct Sorting {
    taken: usize,
    parts: Vec<std::vec::IntoIter<(SortKey, u32)>>,
    heads: BinaryHeap<Reverse<(SortKey, u32, usize)>>,
    sorted: Vec<u32>,
}

impl Sorting {
    /// Sorts the parts; whether all are.
    fn take_all(&mut self, list: &Listed, wanted: &Wanted, is_over: &dyn Fn() -> bool) -> bool {
        while self.taken < list.len() {
            let end = list.len().min(self.taken + AT_ONCE);
            let key = |place: usize| {
                let record = list.get(place)?;
                let title = match record.title.is_empty() {
                    true => wanted.form_titles.get(&record.form_id).unwrap_or(&record.form_id),
                    false => &record.title,
                };
                Some((report::sort_key(title), u32::try_from(place).ok()?))
            };
            let mut part: Vec<_> = (self.taken..end).filter_map(key).collect();
            part.sort_unstable();
            self.parts.push(part.into_iter());
            self.take_head(self.parts.len() - 1);
            self.taken = end;
            if is_over() {
                return self.taken == list.len();
            }
        }
        true
    }

    fn take_head(&mut self, part: usize) {
        let head = self.parts.get_mut(part).and_then(Iterator::next);
        self.heads.extend(head.map(|(key, place)| Reverse((key, place, part))));
    }

    fn next(&mut self) -> Option<u32> {
        let Reverse((_, place, part)) = self.heads.pop()?;
        self.take_head(part);
        self.sorted.push(place);
        Some(place)
    }
}

/// What was found so far.
#[derive(Default)]
struct Found {
    list: Arc<Listed>,
    wanted: Wanted,
    /// Places in the list; none if all of it is wanted as it is.
    places: Option<Vec<u32>>,
    by_title: Option<Arc<Vec<u32>>>,
}

impl Found {
    fn replace(&mut self, by: Self) {
        Listed::leave(std::mem::replace(self, by).list);
    }
}

impl Default for Finding {
    fn default() -> Self {
        Self::new()
    }
}

/// The rows of a list, and how many there are.
#[derive(Clone, Copy)]
pub struct Finding {
    found: StoredValue<Found>,
    count: RwSignal<usize>,
    whole: RwSignal<bool>,
    generation: RwSignal<u64>,
    /// Counts what was looked for: an older search ends when a newer one begins.
    searches: StoredValue<u64>,
}

impl Finding {
    /// Nothing is looked for yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            found: StoredValue::new(Found::default()),
            count: RwSignal::new(0),
            whole: RwSignal::new(false),
            generation: RwSignal::new(0),
            searches: StoredValue::new(0),
        }
    }

    /// A row.
    #[must_use]
    pub fn row(self, index: usize) -> Option<Arc<RecordSummary>> {
        self.found.with_value(|Found { list, wanted, places, .. }| {
            let place = match places {
                Some(places) => *places.get(index)? as usize,
                None if wanted.order == Order::Oldest => list.len().checked_sub(index + 1)?,
                None => index,
            };
            list.get(place).cloned()
        })
    }

    /// At which row a record stands.
    #[must_use]
    pub fn place(self, record: RecordId) -> Option<usize> {
        let is_it = |at: &usize| self.row(*at).is_some_and(|row| row.id == record);
        (0..self.count.get_untracked()).find(is_it)
    }

    /// Who follows a record that stood at a row and has left the list: whoever stands there now; after the last one, the first.
    #[must_use]
    pub fn follows(self, record: RecordId, stood: usize) -> Option<RecordId> {
        let has_left = self.place(record).is_none();
        let row = has_left.then(|| self.row(stood).or_else(|| self.row(0))).flatten();
        row.map(|row| row.id)
    }

    /// How many rows there are of each form, so far.
    #[must_use]
    pub fn forms(self) -> Counts {
        self.generation.track();
        let mut forms = Counts::new();
        for row in (0..self.count.get()).filter_map(|row| self.row(row)) {
            one_more(&mut forms, &row.form_id);
        }
        forms
    }

    /// How many rows were found so far.
    #[must_use]
    pub fn count(self) -> Signal<usize> {
        self.count.into()
    }

    /// Whether that is all.
    #[must_use]
    pub fn is_whole(self) -> Signal<bool> {
        self.whole.into()
    }

    /// Moves when other rows are shown than before, not when more are.
    #[must_use]
    pub fn generation(self) -> Signal<u64> {
        self.generation.into()
    }

    /// Looks for something in a list. What was asked before and is not found yet is given up.
    pub fn seek(self, list: Arc<Listed>, wanted: Wanted) {
        let Some(search) = self.searches.try_update_value(|searches| {
            *searches += 1;
            *searches
        }) else {
            return;
        };
        // The same once more, because records changed: whoever looks at the middle of it stays there until it is whole.
        let (again, by_title) = self.found.with_value(|found| {
            let is_list = Arc::ptr_eq(&found.list, &list);
            (found.wanted == wanted, found.by_title.clone().filter(|_| is_list))
        });
        let is_all = wanted.filter == Filter::default() && wanted.sought.is_all();
        if is_all && wanted.order != Order::Title {
            let count = list.len();
            self.found.update_value(|found| {
                found.replace(Found { list, wanted, places: None, by_title });
            });
            return self.show(true, count, true);
        }
        if !again {
            self.whole.set(false);
        }
        let mut looking = Search::new(list, wanted, by_title);
        let mut shown = None;
        let enough = if again { usize::MAX } else { SCREENFUL };
        if !self.turn(&mut looking, &mut shown, enough) {
            tasks::spawn(async move {
                loop {
                    tasks::sleep(0).await;
                    let is_last = self.searches.try_get_value() == Some(search);
                    if !is_last || self.turn(&mut looking, &mut shown, enough) {
                        return;
                    }
                }
            });
        }
    }

    /// Looks for a turn, and shows what is worth it: a first screenful, twice as much as is shown, all of it. Whether that is
    /// all.
    fn turn(self, looking: &mut Search, shown: &mut Option<usize>, enough: usize) -> bool {
        let until_ms = clock::now_ms() + tasks::TURN_MS;
        let is_whole = looking.go_on(&|| clock::now_ms() >= until_ms);
        let enough = shown.map_or(enough, |shown| 2 * shown);
        if !is_whole && looking.found.len() < enough {
            return false;
        }
        let by_title = is_whole.then(|| looking.by_title()).flatten();
        self.found.update_value(|found| {
            match (*shown, &mut found.places) {
                (Some(shown), Some(places)) => places.extend_from_slice(&looking.found[shown..]),
                _ => {
                    let Search { list, wanted, found: places, .. } = &*looking;
                    let sorted = found.by_title.take().filter(|_| Arc::ptr_eq(&found.list, list));
                    let (list, wanted) = (Arc::clone(list), wanted.clone());
                    let places = Some(places.clone());
                    found.replace(Found { list, wanted, places, by_title: sorted });
                }
            }
            if by_title.is_some() {
                found.by_title = by_title;
            }
        });
        let is_first = shown.replace(looking.found.len()).is_none();
        self.show(is_first, looking.found.len(), is_whole);
        is_whole
    }

    fn show(self, is_other: bool, count: usize, is_whole: bool) {
        self.count.set(count);
        self.whole.set(is_whole);
        if is_other {
            self.generation.update(|generation| *generation += 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use proptest::prelude::*;

    use super::*;
    use crate::stores::listed::tests::record;

    const TITLES: [&str; 5] = ["", "Đặng Ân", "Đàng An", "Dân", "ăn 2"];

    /// The same, told plainly: all that is accepted, then sorted.
    fn plainly(list: &Arc<Listed>, wanted: &Wanted) -> Vec<Arc<RecordSummary>> {
        let mut all: Vec<_> =
            list.iter().filter(|record| wanted.filter.accepts(record)).cloned().collect();
        all.retain(|record| wanted.sought.finds(record.as_found()));
        let title = |record: &RecordSummary| match record.title.as_str() {
            "" => wanted.form_titles[&record.form_id].clone(),
            title => title.to_owned(),
        };
        match wanted.order {
            Order::Newest => {}
            Order::Oldest => all.reverse(),
            Order::Title => all.sort_by_key(|record| report::sort_key(&title(record))),
        }
        all
    }

    #[test]
    fn a_record_that_leaves_the_list_is_followed_by_the_next_and_the_last_one_by_the_first() {
        Owner::new().with(|| {
            let finding = Finding::new();
            let wanted = Wanted { order: Order::Oldest, ..Wanted::default() };
            let at = |id: u8| record(id, [id, 0, 0, 0], "Phiếu");
            let mut listed = Listed::default();
            listed.replace([], [1, 2, 3].map(at));
            finding.seek(Arc::new(listed.clone()), wanted.clone());
            let id = |id: u8| RecordId([id; 16]);
            assert_eq!(
                [1, 2, 3, 4].map(|of| finding.place(id(of))),
                [Some(0), Some(1), Some(2), None]
            );
            for (leaves, stood, follows) in [(2, 1, Some(3)), (3, 1, Some(1)), (1, 0, None)] {
                assert_eq!(finding.follows(id(leaves), stood), None, "it is in the list");
                listed.replace([at(leaves)], []);
                finding.seek(Arc::new(listed.clone()), wanted.clone());
                assert_eq!(finding.follows(id(leaves), stood), follows.map(id), "{leaves}");
            }
        });
    }

    proptest! {
        #[test]
        fn what_is_found_in_turns_is_what_is_found_at_once(
            parts in prop::collection::vec((any::<[u8; 4]>(), 0..TITLES.len()), 0..250),
            asked in prop::collection::vec(
                (0_u8..6, 0_u8..6, prop::bool::ANY, 0_usize..6, 0_usize..3), 1..4,
            ),
            turns in prop::collection::vec(0_u32..4, 1..9),
        ) {
            let all = parts.iter().zip(0_u8..).map(|((parts, title), id)| record(id, *parts, TITLES[*title]));
            let mut listed = Listed::default();
            listed.replace([], all);
            let list = Arc::new(listed);
            let form_titles: BTreeMap<String, String> =
                (0..3).map(|form| (format!("f{form}"), format!("Ba phiếu {form}"))).collect();
            let names = form_titles.iter().map(|(id, title)| (id.clone(), report::fold(title))).collect();
            let people = [("an0".to_owned(), "hoa".to_owned())].into();
            let form_titles = Arc::new(form_titles);
            Owner::new().with(|| {
                let finding = Finding::new();
                for (form, unit, unsent_only, text, order) in asked {
                    let text = ["", "dan", "an dang", "phieu", "hoa", "an1 2"][text];
                    let wanted = Wanted {
                        filter: Filter {
                            form: (form < 3).then(|| format!("f{form}")),
                            unit: (unit < 3).then(|| format!("u{unit}")),
                            unsent_only,
                            ..Filter::default()
                        },
                        sought: Sought::new(text, &names, &people),
                        order: [Order::Newest, Order::Oldest, Order::Title][order],
                        form_titles: Arc::clone(&form_titles),
                    };
                    let expected = plainly(&list, &wanted);
                    // As the page has it: the clock of tests stands still.
                    finding.seek(Arc::clone(&list), wanted.clone());
                    assert!(finding.is_whole().get_untracked());
                    let count = finding.count().get_untracked();
                    let rows: Vec<_> = (0..count).filter_map(|row| finding.row(row)).collect();
                    assert_eq!(rows, expected, "{wanted:?}");
                    assert!(finding.row(count).is_none());
                    let mut forms = Counts::new();
                    for record in &rows {
                        *forms.entry(record.form_id.clone()).or_default() += 1;
                    }
                    assert_eq!(finding.forms(), forms);
                    // In turns, each as long as it happens to be.
                    let mut looking = Search::new(Arc::clone(&list), wanted, None);
                    let mut turns = turns.iter().cycle();
                    let left = Cell::new(0);
                    while !looking.go_on(&|| { left.set(left.get() - 1); left.get() < 0 }) {
                        left.set(*turns.next().expect("there is one") as i32);
                    }
                    let rows: Vec<_> = looking.found.iter().filter_map(|at| list.get(*at as usize).cloned()).collect();
                    assert_eq!(rows, expected);
                }
            });
        }
    }
}
