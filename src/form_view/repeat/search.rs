//! Which rows of a repeat are shown: those that are sought, among those that a chip leaves.

use std::collections::BTreeMap;

use form::NodeId;
use leptos::prelude::*;

use super::super::controls::chosen_name;
use super::{AT_ONCE, Lacking, SEARCH_FROM, is_untouched, summarise};
use crate::components::{ChipToggle, keyed_list};
use crate::locale::Language;
use crate::platform::{
    document as dom,
    tasks::{self, Turn},
};
use crate::reactive::{Show, effect, memo};
use crate::stores::{FormEntry, SaveState, preferences::use_words};

/// What a chip leaves of the rows.
#[derive(Clone, PartialEq, Eq)]
enum Only {
    /// Those that lack something.
    Lacking,
    /// Those in which this is marked, and not what the form takes for granted.
    Marked(String),
}

/// Each row in which something else is marked than the form takes for granted, the question of that, and what is marked.
type Departing = Vec<(NodeId, NodeId, String)>;

/// What is wanted of the rows.
#[derive(Clone, Copy)]
pub(super) struct Wanted {
    repeat: NodeId,
    pub sought: RwSignal<String>,
    only: RwSignal<Option<Only>>,
    open: RwSignal<Option<NodeId>>,
    lacking: RwSignal<Lacking>,
    departing: RwSignal<Departing>,
}

impl Wanted {
    /// All.
    pub(super) fn all(
        entry: FormEntry,
        repeat: NodeId,
        open: RwSignal<Option<NodeId>>,
        lacking: RwSignal<Lacking>,
        is_long: Memo<bool>,
    ) -> Self {
        let departing = departing(entry, repeat, is_long);
        let (sought, only) = (RwSignal::new(String::new()), RwSignal::new(None));
        Self { repeat, sought, only, open, lacking, departing }
    }

    /// Those in which this stands.
    pub(super) fn seek(self, text: String) {
        self.sought.try_set(text);
        self.begin_at_top();
    }

    /// Those that a chip leaves.
    fn leave(self, only: Option<Only>) {
        self.only.try_set(only);
        self.begin_at_top();
    }

    /// What is found begins at the top, and no open row stands before it.
    fn begin_at_top(self) {
        if self.open.try_get_untracked().flatten().is_some() {
            self.open.set(None);
        }
        dom::scroll_to(&format!("#q{}", self.repeat.index()));
    }

    /// Whether some rows are not: whoever looks among them has them drawn.
    pub(super) fn is_narrowed(self) -> bool {
        !self.sought.read().is_empty() || self.only.read().is_some()
    }

    /// Whoever is added, or read by a code, is in no earlier search.
    pub(super) fn widen(self) {
        self.sought.try_set(String::new());
        self.only.try_set(None);
    }
}

/// How many rows are left of a search, and whether they are no more than near what is sought.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::form_view) struct Found {
    pub count: usize,
    pub is_near: bool,
}

impl Found {
    /// That what is sought stands in none.
    pub(super) fn told(self, language: Language) -> Option<String> {
        let none = language.no_choice_matches();
        match self.is_near {
            true => Some(format!("{none} {}", language.near_rows())),
            false => (self.count == 0).then(|| none.to_owned()),
        }
    }
}

/// The card of each row.
pub(in crate::form_view) type Cards = StoredValue<BTreeMap<NodeId, Card>>;

pub(in crate::form_view) struct Card {
    pub is_hidden: RwSignal<bool>,
    /// What is found in it; `None` when that is to be read anew.
    pub text: Option<Text>,
}

/// Whoever is in a row, or turns an answer on its card, changes what a search finds.
pub(in crate::form_view) fn read_anew(cards: Cards, row: NodeId) {
    cards.update_value(|cards| {
        if let Some(card) = cards.get_mut(&row) {
            card.text = None;
        }
    });
}

/// The answers of a row, folded. What it is called by comes first, and is so long.
#[derive(Clone)]
pub(in crate::form_view) struct Text {
    all: String,
    name: usize,
}

/// How well a row fits what is sought: only those that fit best are shown. A trainer types the name that somebody is called by, and
/// `an` is in nearly every other name, and in where all of them come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    Not,
    /// Whoever has the given name that is sought, and no more of it.
    Near,
    Answers,
    Name,
}

impl Text {
    fn of(entry: FormEntry, language: Language, row: NodeId) -> Self {
        let mut answers = Vec::new();
        summarise(entry, language, row, None, usize::MAX, &mut answers);
        let name = answers.first().filter(|_| !is_untouched(entry, row));
        let name = name.map_or(0, |name| report::fold(name).len());
        Self { all: report::fold(&answers.join(" ")), name }
    }

    fn fit(&self, sought: &str, is_named: bool) -> Fit {
        let name = self.all.get(..self.name).unwrap_or_default();
        if report::begins_words(name, sought) {
            Fit::Name
        } else if report::begins_words(&self.all, sought) {
            Fit::Answers
        } else if is_named && given(name) == given(sought) {
            Fit::Near
        } else {
            Fit::Not
        }
    }
}

/// What somebody is called by: the last word of their name.
fn given(name: &str) -> Option<&str> {
    name.rsplit(' ').next()
}

/// What is found in a row. An open one is being changed.
fn text_of(entry: FormEntry, language: Language, row: NodeId, cards: Cards, is_open: bool) -> Text {
    if is_open {
        read_anew(cards, row);
    }
    let known = cards.with_value(|cards| cards.get(&row)?.text.clone());
    known.unwrap_or_else(|| {
        let text = untrack(|| Text::of(entry, language, row));
        cards.update_value(|cards| {
            if let Some(card) = cards.get_mut(&row).filter(|_| !is_open) {
                card.text = Some(text.clone());
            }
        });
        text
    })
}

/// Hides the rows that are not wanted: any answer finds a row, "vắng" as well as a name, and names come first. Tells how many are left;
/// `None` as long as all are shown. Hundreds of rows are read in turns, and each once as long as the search goes on: a letter
/// waits for none of that.
pub(super) fn search(
    entry: FormEntry,
    rows: Signal<Vec<NodeId>>,
    is_named: bool,
    wanted: Wanted,
    cards: Cards,
) -> RwSignal<Option<Found>> {
    let words = use_words();
    let found = RwSignal::new(None);
    let search = StoredValue::new(0_u32);
    // Whether there is any card to show again.
    let hides = StoredValue::new(false);
    effect(move || {
        let sought = report::fold(&wanted.sought.read());
        let (rows, open, language) = (rows.get(), wanted.open.get(), words.now());
        let chosen = wanted.only.get().map(|only| chosen_by(&only, wanted));
        let mine = search.get_value() + 1;
        search.set_value(mine);
        let is_search = (!sought.is_empty() || chosen.is_some()) && rows.len() >= SEARCH_FROM;
        if !is_search {
            if !hides.get_value() {
                return;
            }
            cards.update_value(|cards| cards.values_mut().for_each(|card| card.text = None));
        }
        hides.set_value(true);
        tasks::spawn(async move {
            // Another letter.
            let is_late = move || search.try_get_value() != Some(mine);
            let (mut turn, mut fits) = (Turn::begin(), Vec::new());
            for row in rows {
                turn.rest().await;
                if is_late() {
                    return;
                }
                let is_open = open == Some(row);
                let is_chosen = chosen.as_ref().is_none_or(|chosen| chosen.contains_key(&row));
                let fit = match is_search && !sought.is_empty() && (is_chosen || is_open) {
                    true => text_of(entry, language, row, cards, is_open).fit(&sought, is_named),
                    false if is_chosen || !is_search => Fit::Name,
                    false => Fit::Not,
                };
                fits.push((row, fit));
            }
            let best = fits.iter().map(|(_, fit)| *fit).max().unwrap_or(Fit::Not);
            let (mut changed, mut count) = (0, 0);
            for (row, fit) in fits {
                if changed == AT_ONCE {
                    changed = 0;
                    tasks::sleep(0).await;
                    if is_late() {
                        return;
                    }
                }
                let is_found = open == Some(row) || (fit == best && fit != Fit::Not);
                count += usize::from(is_found);
                let hidden = cards.with_value(|cards| Some(cards.get(&row)?.is_hidden));
                if let Some(hidden) =
                    hidden.filter(|hidden| hidden.try_get_untracked() == Some(is_found))
                {
                    hidden.try_set(!is_found);
                    changed += 1;
                }
            }
            if is_search {
                found.try_set(Some(Found { count, is_near: best == Fit::Near }));
            } else {
                hides.try_set_value(false);
                // Who is left is counted anew now, when all are shown again.
                found.try_set(None);
            }
        });
    });
    found
}

/// The rows that a chip leaves.
fn chosen_by(only: &Only, wanted: Wanted) -> Lacking {
    let Only::Marked(value) = only else { return wanted.lacking.get() };
    let mut rows = Lacking::new();
    for (row, _, marked) in &*wanted.departing.read() {
        if marked == value {
            rows.insert(*row, 1);
        }
    }
    rows
}

/// Who in a long list is not as is taken for granted, as it was when all was last stored.
fn departing(entry: FormEntry, repeat: NodeId, is_long: Memo<bool>) -> RwSignal<Departing> {
    let departing = RwSignal::new(Departing::new());
    effect(move || {
        if *entry.save_state().read() == SaveState::Saving {
            return;
        }
        let rows = if is_long.get() { entry.departing(repeat) } else { Vec::new() };
        let told = |(row, question)| (row, question, entry.value(question));
        let rows: Departing = rows.into_iter().map(told).collect();
        if *departing.read_untracked() != rows {
            departing.set(rows);
        }
    });
    departing
}

/// What leaves a few rows of a long list: those that lack something, and whoever is absent or late. Nothing where there are none.
#[component]
pub(super) fn Chips(wanted: Wanted, is_long: Memo<bool>) -> impl IntoView {
    let entry = expect_context::<FormEntry>();
    let words = use_words();
    let chips = memo(move || {
        let mut chips: Vec<(Only, String)> = Vec::new();
        let lacking = wanted.lacking.read().len();
        if !is_long.get() {
            return chips;
        }
        if lacking > 0 {
            chips.push((Only::Lacking, words.now().rows_lacking(lacking)));
        }
        let departing = wanted.departing.read();
        for (_, question, value) in &*departing {
            let this = Only::Marked(value.clone());
            if chips.iter().any(|(chip, _)| *chip == this) {
                continue;
            }
            let name = chosen_name(&entry.choices(*question).read(), value);
            let count = departing.iter().filter(|(_, _, other)| other == value).count();
            chips.push((this, format!("{name} {}", words.now().count(count))));
        }
        chips
    });
    // What has been mended leaves nothing to look at.
    effect(move || {
        let is_there = |only: &Only| chips.read().iter().any(|(chip, _)| chip == only);
        if wanted.only.get().is_some_and(|only| !is_there(&only)) {
            wanted.only.set(None);
        }
    });
    let key = |(this, label): &(Only, String)| match this {
        Only::Lacking => label.clone(),
        Only::Marked(value) => format!("{value}\n{label}"),
    };
    let draw = move |(this, label): (Only, String)| {
        let chosen = this.clone();
        view! {
            <ChipToggle
                label=Signal::stored(label)
                on=Signal::derive(move || wanted.only.read().as_ref() == Some(&this))
                on_toggle=move |on: bool| wanted.leave(on.then(|| chosen.clone()))
            />
        }
        .into_any()
    };
    view! {
        <Show when=move || !chips.read().is_empty()>
            <div class="chips" role="group" aria-label=words.say(Language::filters)>
                {keyed_list(move || chips.get(), key, draw)}
            </div>
        </Show>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_sought_comes_before_what_else_stands_in_a_row() {
        let fit = |name: &str, sought: &str| {
            let all = format!("{name} Nữ 1985 Phường Long Khánh Vắng có lý do");
            let text = Text { all: report::fold(&all), name: report::fold(name).len() };
            text.fit(&report::fold(sought), true)
        };
        for (name, sought, expected) in [
            ("Lê Văn An", "an", Fit::Name),
            ("Trần Thị Hà", "hà", Fit::Name),
            ("Trần Thị Vàng", "vang", Fit::Name),
            ("Trần Thị Hà", "an", Fit::Not),
            ("Trần Thị Hà", "khanh", Fit::Answers),
            ("Trần Thị Hà", "ha long", Fit::Answers),
            ("Trần Thị Hà", "vắng có lý do", Fit::Answers),
            ("Trần Thị Hà", "Lê Thị Hạ", Fit::Near),
            ("Trần Hà Thị", "Lê Thị Hà", Fit::Not),
            ("", "lan", Fit::Not),
        ] {
            assert_eq!(fit(name, sought), expected, "{sought} in {name}");
        }
    }
}
