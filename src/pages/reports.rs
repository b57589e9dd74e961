//! `/reports`: figures of the records on this phone, without a network: of one form and one time, if the address names them.

use std::sync::Arc;

use leptos::prelude::*;

use crate::reactive::{Show, memo};
use sync::wire::State;

use super::record_row::{form_title, state_text};
use super::records::{FormAndTime, filter_of, last_day};
use super::title_page;
use crate::components::{Bar, Bars, EmptyState, Glyph};
use crate::locale::{Language, date::iso_day};
use crate::platform::address::Query;
use crate::router::use_router;
use crate::stores::{
    Library, Records, SignIn, day,
    listed::{Counts, one_more},
    pack::Unit,
    preferences::use_words,
    records::RecordSummary,
    sign_in::Profile,
};

/// How many records there are, by form, unit and state, and who has handed in none.
#[component]
pub fn ReportsPage() -> impl IntoView {
    let words = use_words();
    let records = expect_context::<Records>();
    let is_whole = records.is_whole();
    let records = records.all();
    let library = expect_context::<Library>();
    let profile = expect_context::<SignIn>().profile();
    let query = use_router().query();
    title_page(words.say(Language::reports));
    let filter = memo(move || filter_of(&query.read(), None));
    let counted = memo(move || {
        let (records, filter) = (records.read(), filter.read());
        Counted::of(records.iter().filter(|record| filter.accepts(record)))
    });
    let by_form = memo(move || {
        bars(words.now(), &counted.read().forms, &query.read(), "form", |form| {
            form_title(library, words.now(), form)
        })
    });
    let by_unit = memo(move || {
        bars(words.now(), &counted.read().units, &query.read(), "unit", |unit| {
            library.unit_name(unit, words.now())
        })
    });
    let by_state = memo(move || {
        bars(words.now(), &counted.read().states, &query.read(), "state", |state| {
            state.parse::<State>().map_or_else(
                |_unknown| state.to_owned(),
                |state| state_text(words.now(), state).to_owned(),
            )
        })
    });
    let lacking = memo(move || {
        let now = day::now();
        let today = iso_day(now.unix_ms, now.offset_min);
        let day = last_day(&query.read()).filter(|last| *last < today).unwrap_or(today);
        let pack = library.pack().read();
        let units = profile
            .iter()
            .flat_map(|profile| lacking(&pack.units, profile, &day, &counted.read().units));
        let mut names: Vec<String> =
            units.map(|unit| library.unit_name(unit, words.now())).collect();
        names.sort_by_cached_key(|name| report::sort_key(name));
        names
    });
    view! {
        <div class="page reports">
            <header class="page-head">
                <div class="title-line">
                    <h1>{words.say(Language::reports)}</h1>
                    <span class="muted">
                        {move || is_whole.get().then(|| words.now().record_count(counted.read().states.values().sum()))}
                    </span>
                </div>
                <p class="muted">{words.say(Language::figures_of_this_phone)}</p>
                <div class="chips" role="group" aria-label=words.say(Language::filters)>
                    <FormAndTime filter=filter />
                </div>
            </header>
            <Show
                when=move || is_whole.get() && !records.read().is_empty()
                fallback=move || {
                    // Before all records are here, no figure is true.
                    if is_whole.get() {
                        view! { <EmptyState glyph=Glyph::Reports text=words.say(Language::no_records_yet) /> }.into_any()
                    } else {
                        view! { <p class="opening" role="status">{words.say(Language::opening)}</p> }.into_any()
                    }
                }
            >
                <Show when=move || counted.read().states.is_empty()>
                    <EmptyState glyph=Glyph::Reports text=words.say(Language::no_record_found) />
                </Show>
                <Chart title=words.say(Language::by_state) bars=by_state />
                <Chart title=words.say(Language::by_form) bars=by_form />
                <Chart title=words.say(Language::by_unit) bars=by_unit />
                <Show when=move || !lacking.read().is_empty()>
                    <p>{move || words.now().units_without(&lacking.read())}</p>
                </Show>
            </Show>
        </div>
    }
}

#[component]
fn Chart(#[prop(into)] title: Signal<String>, bars: Memo<Vec<Bar>>) -> impl IntoView {
    view! {
        <Show when=move || !bars.read().is_empty()>
            <section class="section chart">
                <h2>{title}</h2>
                <Bars bars=bars />
            </section>
        </Show>
    }
}

/// How many records there are of each state, without those taken out; and, of each form and unit, those that count: handed in and not
/// sent back.
#[derive(Debug, Default, PartialEq, Eq)]
struct Counted {
    states: Counts,
    forms: Counts,
    units: Counts,
}

impl Counted {
    fn of<'a>(records: impl Iterator<Item = &'a Arc<RecordSummary>>) -> Self {
        let mut counted = Self::default();
        for record in records.filter(|record| record.state != State::Withdrawn) {
            one_more(&mut counted.states, record.state.name());
            if matches!(record.state, State::Submitted | State::Approved) {
                one_more(&mut counted.forms, &record.form_id);
                one_more(&mut counted.units, &record.unit);
            }
        }
        counted
    }
}

/// The units that existed on a day, of which a person sees the records, and of which none counts. A unit above others hands in nothing
/// itself, and of their own nobody need be told.
fn lacking<'a>(units: &'a [Unit], profile: &Profile, day: &str, counted: &Counts) -> Vec<&'a str> {
    let is_there = |unit: &&Unit| unit.is_in_force(day);
    let is_above = |unit: &Unit| {
        units.iter().filter(is_there).any(|other| other.parent.as_ref() == Some(&unit.id))
    };
    let is_late = |unit: &&Unit| {
        profile.scope.contains(&unit.id)
            && unit.id != profile.unit
            && !counted.contains_key(&unit.id)
            && !is_above(unit)
    };
    units.iter().filter(is_there).filter(is_late).map(|unit| unit.id.as_str()).collect()
}

/// Bars by count, the longest first; each leads to its records.
fn bars(
    language: Language,
    counts: &Counts,
    query: &Query,
    filter: &str,
    label: impl Fn(&str) -> String,
) -> Vec<Bar> {
    let bar = |(value, count): (&String, &usize)| Bar {
        label: label(value),
        count: *count,
        text: language.count(*count),
        href: Some(format!("/records{}", query.with(filter, value).suffix())),
    };
    let mut bars: Vec<Bar> = counts.iter().map(bar).collect();
    bars.sort_by_cached_key(|bar| (std::cmp::Reverse(bar.count), report::sort_key(&bar.label)));
    bars
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stores::{listed::tests::record, sign_in::Role};

    #[test]
    fn what_is_handed_in_counts_and_what_was_taken_out_is_told_nowhere() {
        let of = |id, form: &str, unit: &str, state| {
            let record = RecordSummary::clone(&record(id, [1; 4], "Ghi"));
            let (form_id, unit) = (form.to_owned(), unit.to_owned());
            Arc::new(RecordSummary { form_id, unit, state, ..record })
        };
        let records = [
            of(1, "f", "a", State::Submitted),
            of(2, "f", "a", State::Approved),
            of(3, "g", "b", State::Draft),
            of(4, "g", "b", State::Returned),
            of(5, "g", "c", State::Withdrawn),
        ];
        let counts = |counts: &[(&str, usize)]| -> Counts {
            counts.iter().map(|(value, count)| ((*value).to_owned(), *count)).collect()
        };
        let expected = Counted {
            states: counts(&[("approved", 1), ("draft", 1), ("returned", 1), ("submitted", 1)]),
            forms: counts(&[("f", 2)]),
            units: counts(&[("a", 2)]),
        };
        assert_eq!(Counted::of(records.iter()), expected);
    }

    #[test]
    fn who_has_handed_in_nothing_is_named_where_they_existed() {
        let unit = |id: &str, parent: &str, valid_to: Option<&str>| Unit {
            id: id.to_owned(),
            parent: Some(parent.to_owned()),
            valid_to: valid_to.map(str::to_owned),
            ..Unit::default()
        };
        let units = [
            unit("tinh", "", None),
            unit("so", "tinh", None),
            unit("phuong_cu", "tinh", Some("2025-06-30")),
            unit("phuong_a", "tinh", None),
            unit("phuong_b", "tinh", None),
            unit("noi_khac", "", None),
        ];
        let scope = ["tinh", "so", "phuong_cu", "phuong_a", "phuong_b"].map(str::to_owned);
        let profile = Profile {
            account: "lan".to_owned(),
            name: "Lan".to_owned(),
            role: Role::Coordinator,
            unit: "so".to_owned(),
            scope: scope.to_vec(),
        };
        let counted = Counts::from([("phuong_a".to_owned(), 2)]);
        let named = |day| lacking(&units, &profile, day, &counted);
        assert_eq!(named("2026-12-01"), ["phuong_b"]);
        assert_eq!(named("2025-06-30"), ["phuong_cu", "phuong_b"]);
    }
}
