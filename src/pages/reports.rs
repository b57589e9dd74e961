//! `/reports`: figures of the records on this phone, without a network.

use leptos::prelude::*;

use crate::reactive::{Show, memo};
use sync::wire::State;

use super::record_row::{form_title, state_text};
use super::title_page;
use crate::components::{Bar, Bars, EmptyState, Glyph};
use crate::locale::Language;
use crate::stores::{Library, Records, listed::Counts, preferences::use_words};

/// How many records there are, by form, unit and state.
#[component]
pub fn ReportsPage() -> impl IntoView {
    let words = use_words();
    let records = expect_context::<Records>();
    let is_whole = records.is_whole();
    let records = records.all();
    let library = expect_context::<Library>();
    title_page(words.say(Language::reports));
    let by_form = memo(move || {
        bars(words.now(), records.read().forms(), "form", |form| {
            form_title(library, words.now(), form)
        })
    });
    let by_unit = memo(move || {
        bars(words.now(), records.read().units(), "unit", |unit| {
            library.unit_name(unit, words.now())
        })
    });
    let by_state = memo(move || {
        bars(words.now(), records.read().states(), "state", |state| {
            state.parse::<State>().map_or_else(
                |_unknown| state.to_owned(),
                |state| state_text(words.now(), state).to_owned(),
            )
        })
    });
    view! {
        <div class="page reports">
            <header class="page-head">
                <div class="title-line">
                    <h1>{words.say(Language::reports)}</h1>
                    <span class="muted">
                        {move || is_whole.get().then(|| words.now().record_count(records.read().len()))}
                    </span>
                </div>
                <p class="muted">{words.say(Language::figures_of_this_phone)}</p>
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
                <Chart title=words.say(Language::by_state) bars=by_state />
                <Chart title=words.say(Language::by_form) bars=by_form />
                <Chart title=words.say(Language::by_unit) bars=by_unit />
            </Show>
        </div>
    }
}

#[component]
fn Chart(#[prop(into)] title: Signal<String>, bars: Memo<Vec<Bar>>) -> impl IntoView {
    view! {
        <section class="section chart">
            <h2>{title}</h2>
            <Bars bars=bars />
        </section>
    }
}

/// Bars by count, the longest first; each leads to its records.
fn bars(
    language: Language,
    counts: &Counts,
    filter: &str,
    label: impl Fn(&str) -> String,
) -> Vec<Bar> {
    let bar = |(value, count): (&String, &usize)| Bar {
        label: label(value),
        count: *count,
        text: language.count(*count),
        href: Some(format!("/records?{filter}={value}")),
    };
    let counts = counts.iter().filter(|(_, count)| **count > 0);
    let mut bars: Vec<Bar> = counts.map(bar).collect();
    bars.sort_by_cached_key(|bar| (std::cmp::Reverse(bar.count), report::sort_key(&bar.label)));
    bars
}
