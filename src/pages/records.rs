//! `/records` and `/records/:record`: everything one may see. A list on the phone; list and record side by side at a desk.

use std::collections::{BTreeMap, BTreeSet};

use leptos::prelude::*;

use crate::reactive::{Show, effect, memo};
use sync::wire::{RecordId, State};

use super::record_row::{RecordRow, form_title, state_text};
use super::{InPart, Later, title_page};
use crate::components::{
    Button, ButtonKind, ChipSelect, ChipToggle, ChoiceOption, EmptyState, Glyph, Icon, SearchField,
    VirtualList,
};
use crate::locale::Language;
use crate::platform::address::Query;
use crate::router::{Screen, use_router};
use crate::stores::{
    Library, Records, SignIn,
    pack::Pack,
    preferences::use_words,
    records::{Filter, RecordSummary},
    search,
};

/// The list, and the record that the address names.
#[component]
pub fn RecordsPage() -> impl IntoView {
    let words = use_words();
    let router = use_router();
    let query = router.query();
    let id = router.id_on(Screen::Records);
    let records = expect_context::<Records>();
    let library = expect_context::<Library>();
    title_page(words.say(Language::records));
    let record = memo(move || id.get().and_then(|id| id.parse::<RecordId>().ok()));
    let search = RwSignal::new(String::new());
    let filter = memo(move || Filter { text: search.get(), ..filter_of(&query.read()) });
    let names = memo(move || folded_names(&library.pack().read()));
    let people = memo(move || {
        records.all().track();
        records.folded_people()
    });
    let found = memo(move || {
        records.all().track();
        let people = people.read();
        let filter = filter.get();
        let sought = report::fold(&filter.text);
        let mut found = records.find(&Filter { text: String::new(), ..filter });
        let names = names.read();
        if !sought.is_empty() {
            let sought = search::Sought::new(&sought, &names, &people);
            found.retain(|record| sought.finds(record));
        }
        found
    });
    let generation = RwSignal::new(0_u64);
    effect(move || {
        found.read();
        record.get();
        generation.update(|generation| *generation += 1);
    });
    let row = move |index: usize| {
        let current = record.get_untracked();
        let Some(record) = found.with_untracked(|found| found.get(index).cloned()) else {
            return ().into_any();
        };
        let href = format!("/records/{}{}", record.id, query.with_untracked(Query::suffix));
        let is_current = current == Some(record.id);
        view! { <RecordRow record=record href=href current=is_current /> }.into_any()
    };
    let head = move || view! { <ListHead filter=filter search=search count=Signal::derive(move || found.read().len()) /> };
    view! {
        <div class="records" class:records-one=move || record.read().is_some()>
            <div class="records-list">
                <VirtualList
                    class="record-list"
                    label=words.say(Language::records)
                    count=Signal::derive(move || found.read().len())
                    generation=generation
                    row=row
                    head=head
                />
            </div>
            <div class="records-panel">
                {move || match record.get() {
                    Some(record) => view! { <InPart screen=Later::Record(record) /> }.into_any(),
                    None => view! { <EmptyState glyph=Glyph::Records text=words.say(Language::choose_record) /> }.into_any(),
                }}
            </div>
        </div>
    }
}

/// The names of forms and units in every language, by id: a record is found by them too.
fn folded_names(pack: &Pack) -> BTreeMap<String, String> {
    let forms = pack.forms.iter().map(|form| (&form.id, &form.title));
    let units = pack.units.iter().map(|unit| (&unit.id, &unit.name));
    let mut names: BTreeMap<String, String> = BTreeMap::new();
    for (id, name) in forms.chain(units) {
        let all: Vec<&str> = name.0.values().map(String::as_str).collect();
        names.insert(id.clone(), report::fold(&all.join(" ")));
    }
    names
}

fn filter_of(query: &Query) -> Filter {
    Filter {
        form: query.get("form"),
        unit: query.get("unit"),
        state: query.get("state").and_then(|state| state.parse::<State>().ok()),
        unsent_only: query.get("unsent").is_some(),
        ..Filter::default()
    }
}

/// The title, the search, the filters, and the export.
#[component]
fn ListHead(
    filter: Memo<Filter>,
    search: RwSignal<String>,
    #[prop(into)] count: Signal<usize>,
) -> impl IntoView {
    let words = use_words();
    let is_whole = expect_context::<Records>().is_whole();
    let is_filtered = memo(move || *filter.read() != Filter::default());
    view! {
        <header class="page-head">
            <div class="title-line">
                <h1>{words.say(Language::records)}</h1>
                <span class="muted">{move || words.now().record_count(count.get())}</span>
                <Export filter=filter />
            </div>
            <SearchField
                label=words.say(Language::search_records)
                clear_label=words.say(Language::clear_search)
                on_input=move |text| {
                    search.try_set(text);
                }
            />
            <Filters filter=filter />
        </header>
        <Show when=move || !is_whole.get()>
            <p class="opening" role="status">{words.say(Language::opening)}</p>
        </Show>
        <Show when=move || count.get() == 0 && is_whole.get()>
            <EmptyState
                glyph=Glyph::Records
                text=words.say(if is_filtered.get() { Language::no_record_found } else { Language::no_records_yet })
            />
        </Show>
    }
}

#[component]
fn Filters(filter: Memo<Filter>) -> impl IntoView {
    let words = use_words();
    let library = expect_context::<Library>();
    let records = expect_context::<Records>();
    let router = use_router();
    // The filters are in the address: going back brings them back.
    let set = Callback::new(move |(name, value): (&'static str, String)| {
        router.refine(&router.query().with_untracked(|query| query.with(name, &value)));
    });
    let of_records = move |part: fn(&RecordSummary) -> &String| {
        let all = records.all().read();
        let values: BTreeSet<&String> = sync::gather(all.iter().map(|record| part(record)));
        values.into_iter().cloned().collect::<Vec<String>>()
    };
    let options = move |values: Vec<String>, label: &dyn Fn(&str) -> String| {
        let mut options: Vec<ChoiceOption> =
            values.into_iter().map(|value| ChoiceOption { label: label(&value), value }).collect();
        options.sort_by_cached_key(|option| report::sort_key(&option.label));
        options
    };
    let forms = memo(move || {
        options(of_records(|record| &record.form_id), &|form| {
            form_title(library, words.now(), form)
        })
    });
    let units = memo(move || {
        options(of_records(|record| &record.unit), &|unit| library.unit_name(unit, words.now()))
    });
    let states = memo(move || {
        let option = |state: State| ChoiceOption {
            value: state.name().to_owned(),
            label: state_text(words.now(), state).to_owned(),
        };
        State::ALL.into_iter().map(option).collect::<Vec<_>>()
    });
    view! {
        <div class="chips" role="group" aria-label=words.say(Language::filters)>
            <ChipSelect
                label=words.say(Language::form)
                any_label=words.say(Language::any_form)
                options=forms
                value=Signal::derive(move || filter.read().form.clone().unwrap_or_default())
                on_choose=move |value| set.run(("form", value))
            />
            <ChipSelect
                label=words.say(Language::unit)
                any_label=words.say(Language::any_unit)
                options=units
                value=Signal::derive(move || filter.read().unit.clone().unwrap_or_default())
                on_choose=move |value| set.run(("unit", value))
            />
            <ChipSelect
                label=words.say(Language::state)
                any_label=words.say(Language::any_state)
                options=states
                value=Signal::derive(move || filter.read().state.map(|state| state.name().to_owned()).unwrap_or_default())
                on_choose=move |value| set.run(("state", value))
            />
            <ChipToggle
                label=words.say(Language::unsent_only)
                on=Signal::derive(move || filter.read().unsent_only)
                on_toggle=move |on: bool| set.run(("unsent", if on { "1".to_owned() } else { String::new() }))
            />
        </div>
    }
}

/// The records of one form as a spreadsheet, made by the server. For the desk.
#[component]
fn Export(filter: Memo<Filter>) -> impl IntoView {
    let words = use_words();
    let expired = expect_context::<SignIn>().expired();
    let href = memo(move || {
        // The browser would fetch it by the cookie, which may be somebody else's.
        if expired.get() {
            return None;
        }
        let filter = filter.read();
        let form = filter.form.as_deref()?;
        let query = Query::default()
            .with("form", form)
            .with("lang", words.now().code())
            .with("unit", filter.unit.as_deref().unwrap_or_default())
            .with("state", filter.state.map(State::name).unwrap_or_default())
            .with("q", &filter.text);
        Some(format!("/api/v1/records.xlsx{}", query.suffix()))
    });
    view! {
        <span class="desk-only export">
            {move || match href.get() {
                Some(href) => {
                    view! {
                        <a class="button" href=href rel="external" download="">
                            <Icon glyph=Glyph::Download />
                            <span>{words.say(Language::export_xlsx)}</span>
                        </a>
                    }
                        .into_any()
                }
                None => {
                    view! {
                        <Button
                            kind=ButtonKind::Secondary
                            icon=Glyph::Download
                            label=words.say(Language::export_needs_form)
                            disabled=true
                            on_click=|()| {}
                        />
                    }
                        .into_any()
                }
            }}
        </span>
    }
}
