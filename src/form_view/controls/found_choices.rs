//! Which choices of a long list match what is searched. Their names are folded once, when the list opens; that and each search go
//! in turns, so that no letter waits for a hundred thousand of them.

use std::sync::Arc;

use form::Choice;
use leptos::prelude::*;

use super::choice_name;
use crate::form_view::question::Asked;
use crate::platform::tasks::{self, Turn};
use crate::reactive::effect;

/// So many choices are gone through between two looks at the clock.
const PORTION: usize = 256;

/// What a list is searched by.
#[derive(Default)]
struct Index {
    choices: Arc<[Choice]>,
    /// The names, folded, one behind the other.
    names: String,
    /// Where each of them ends.
    ends: Vec<usize>,
    /// What was searched last, and where it was found.
    last: Option<(String, Vec<usize>)>,
}

impl Index {
    fn of(choices: Arc<[Choice]>) -> Self {
        Self { choices, ..Self::default() }
    }

    /// Folds some more names; whether others are left.
    fn fold_on(&mut self) -> bool {
        for choice in self.choices.iter().skip(self.ends.len()).take(PORTION) {
            report::fold_into(&mut self.names, &choice_name(choice));
            self.ends.push(self.names.len());
        }
        self.ends.len() < self.choices.len()
    }

    /// Where something can be found: who types on finds it where it was found last.
    fn candidates(&self, sought: &str) -> Vec<usize> {
        match &self.last {
            Some((last, places)) if sought.starts_with(last) => places.clone(),
            _ => (0..self.choices.len()).collect(),
        }
    }

    fn is_found(&self, sought: &str, place: usize) -> bool {
        let end = |place: usize| self.ends.get(place).copied();
        let start = place.checked_sub(1).and_then(end).unwrap_or_default();
        let name = end(place).and_then(|end| self.names.get(start..end));
        name.is_some_and(|name| report::matches_folded(name, sought))
    }
}

/// The choices to show, and a number that changes with them.
#[derive(Clone, Copy)]
pub(super) struct Found {
    all: Signal<Arc<[Choice]>>,
    shown: RwSignal<Shown>,
}

#[derive(Default)]
struct Shown {
    /// Places in the list; `None` for all of it.
    places: Option<Vec<usize>>,
    generation: u64,
}

impl Found {
    /// Those of a question that match `search`, as long as its list is open; once it closes, `search` is emptied.
    pub(super) fn new(asked: Asked, open: RwSignal<bool>, search: RwSignal<String>) -> Self {
        let found = Self { all: asked.entry.choices(asked.id), shown: RwSignal::default() };
        let index = StoredValue::new(Index::default());
        let turn = StoredValue::new(0_u32);
        effect(move || {
            let mine = turn.get_value() + 1;
            turn.set_value(mine);
            if !open.get() {
                index.set_value(Index::default());
                search.set(String::new());
                found.show(None);
                return;
            }
            let (choices, sought) = (found.all.get(), report::fold(&search.read()));
            if !index.with_value(|index| Arc::ptr_eq(&index.choices, &choices)) {
                index.set_value(Index::of(choices));
                found.show(None);
            } else if sought.is_empty() {
                found.show(None);
            }
            tasks::spawn(async move {
                let is_mine = move || turn.try_get_value() == Some(mine);
                let mut pause = Turn::begin();
                while index.try_update_value(Index::fold_on) == Some(true) {
                    pause.rest().await;
                    if !is_mine() {
                        return;
                    }
                }
                if sought.is_empty() {
                    return;
                }
                let candidates = index.try_with_value(|index| index.candidates(&sought));
                let mut places = Vec::new();
                for portion in candidates.unwrap_or_default().chunks(PORTION) {
                    pause.rest().await;
                    if !is_mine() {
                        return;
                    }
                    index.try_with_value(|index| {
                        places.extend(
                            portion.iter().filter(|place| index.is_found(&sought, **place)),
                        );
                    });
                }
                index.try_update_value(|index| index.last = Some((sought, places.clone())));
                found.show(Some(places));
            });
        });
        found
    }

    fn show(self, places: Option<Vec<usize>>) {
        self.shown.try_update(|shown| {
            shown.places = places;
            shown.generation += 1;
        });
    }

    /// How many there are.
    pub(super) fn count(self) -> usize {
        let all = self.all.read().len();
        self.shown.read().places.as_ref().map_or(all, Vec::len)
    }

    pub(super) fn generation(self) -> Signal<u64> {
        Signal::derive(move || self.shown.read().generation)
    }

    /// The choice at a place among them, for whoever draws it.
    pub(super) fn at(self, index: usize) -> Option<Choice> {
        let place = self.shown.with_untracked(|shown| match &shown.places {
            Some(places) => places.get(index).copied(),
            None => Some(index),
        });
        self.all.with_untracked(|all| all.get(place?).cloned())
    }
}

#[cfg(test)]
mod tests {
    use form::RichText;

    use super::*;

    fn index(count: usize) -> Index {
        let choice = |at: usize| Choice {
            value: format!("x{at}"),
            label: RichText {
                text: if at == 0 { String::new() } else { format!("**Xã** số {at}") },
                ..RichText::default()
            },
            geometry: None,
        };
        Index::of((0..count).map(choice).collect())
    }

    fn found(index: &Index, sought: &str, among: &[usize]) -> Vec<usize> {
        let hits = among.iter().filter(|place| index.is_found(sought, **place));
        hits.copied().collect()
    }

    #[test]
    fn names_are_folded_once_in_portions_and_each_is_found_by_its_own() {
        let mut index = index(2 * PORTION + 1);
        let portions = std::iter::from_fn(|| index.fold_on().then_some(())).count();
        assert_eq!(portions, 2, "and the last, behind which there is none");
        assert_eq!(index.ends.len(), index.choices.len());
        let all = index.candidates("");
        assert_eq!(found(&index, "xa so 300", &all), [300]);
        assert_eq!(found(&index, "512 xa", &all), [512]);
        assert_eq!(found(&index, "x0", &all), [0], "by its value, as it has no label");
        assert_eq!(found(&index, "1xa", &all), [0; 0], "no name goes on in the next");
    }

    #[test]
    fn who_types_on_is_looked_for_among_what_was_found() {
        let mut index = index(40);
        while index.fold_on() {}
        let first = found(&index, "xa 3", &index.candidates("xa 3"));
        assert_eq!(first, [3, 13, 23, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39]);
        index.last = Some(("xa 3".to_owned(), first.clone()));
        assert_eq!(index.candidates("xa 37"), first);
        assert_eq!(index.candidates("xa 2").len(), 40, "something else is sought everywhere");
        assert_eq!(index.candidates("xa").len(), 40);
    }
}
