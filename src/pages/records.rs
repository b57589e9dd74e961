//! `/records` and `/records/:record`: everything one may see. A list on the phone; list and record side by side at a desk.

use std::{collections::BTreeMap, sync::Arc};

use leptos::prelude::*;
use report::Sought;

use crate::reactive::{Show, effect, memo};
use sync::view::Level;
use sync::wire::{RecordId, State};

mod export;
mod period;

use self::export::Export;
use self::period::{FROM, Period, TO};
use super::record::RecordView;
use super::record_row::{RecordRow, asked, form_title, record_name, row_key, state_text};
use super::review::Following;
use super::title_page;
use crate::components::{
    Button, ChipSelect, ChipToggle, ChoiceOption, EmptyState, Glyph, SearchField, VirtualList,
};
use crate::locale::Language;
use crate::platform::{address::Query, clock};
use crate::router::{A, Screen, use_router};
use crate::stores::{
    Finding, Library, Records, RepairDesk, SignIn,
    finding::{Order, Wanted},
    listed::Counts,
    pack::{Pack, PackForm},
    preferences::use_words,
    records::Filter,
};

/// How the address says the order.
const OLDEST: &str = "oldest";
const TITLE: &str = "title";

/// The list, and the record that the address names.
#[component]
pub fn RecordsPage() -> impl IntoView {
    let words = use_words();
    let router = use_router();
    let query = router.query();
    let id = router.id_on(Screen::Records);
    let records = expect_context::<Records>();
    let library = expect_context::<Library>();
    let record = memo(move || id.get().and_then(|id| id.parse::<RecordId>().ok()));
    title_page(Signal::derive(move || {
        records.all().track();
        let language = words.now();
        let read = record.get().and_then(|record| records.summary(record));
        read.map_or_else(
            || language.records().to_owned(),
            |read| record_name(library, language, &read.title, &read.form_id),
        )
    }));
    // In the address, as the filters: whoever comes back to the list finds it as it was.
    let search = memo(move || query.read().get("q").unwrap_or_default());
    let me = expect_context::<SignIn>().profile().map(|profile| profile.account);
    let filter = memo(move || filter_of(&query.read(), me.as_deref()));
    let order = memo(move || order_of(&query.read()));
    let names = memo(move || folded_names(&library.pack().read()));
    let people = memo(move || {
        records.all().track();
        records.folded_people()
    });
    let form_titles = memo(move || form_titles(&library.pack().read(), words.now()));
    let sought =
        memo(move || Sought::new(&report::fold(&search.read()), &names.read(), &people.read()));
    let found = Finding::new();
    effect(move || {
        let (filter, sought, order) = (filter.get(), sought.get(), order.get());
        let wanted = Wanted { filter, sought, order, form_titles: form_titles.get() };
        found.seek(records.all().get(), wanted);
    });
    let drawn = RwSignal::new(0_u64);
    effect(move || {
        found.generation().get();
        // Another row may be the one that is read.
        record.get();
        drawn.update(|drawn| *drawn += 1);
    });
    let stood = StoredValue::new(None::<(RecordId, usize)>);
    let next = memo(move || {
        found.generation().track();
        found.count().track();
        let record = record.get()?;
        if let Some(place) = found.place(record) {
            stood.set_value(Some((record, place)));
        }
        let (_, place) = stood.get_value().filter(|(stood, _)| *stood == record)?;
        found.follows(record, place)
    });
    provide_context(Following { next, left: found.count() });
    let row = move |index: usize| {
        let current = record.get_untracked();
        let Some(record) = found.row(index) else { return ().into_any() };
        let id = record.id;
        let href = Signal::derive(move || format!("/records/{id}{}", query.read().suffix()));
        let is_current = current == Some(record.id);
        view! { <RecordRow record=record href=href current=is_current /> }.into_any()
    };
    let key = move |index: usize| {
        let current = record.get_untracked();
        let Some(record) = found.row(index) else { return index.to_string() };
        let is_current = current == Some(record.id);
        row_key(&record, is_current)
    };
    let head = move || view! { <ListHead filter=filter order=order search=search found=found /> };
    view! {
        <div class="records" class:records-one=move || record.read().is_some()>
            <div class="records-list">
                <VirtualList
                    class="record-list"
                    label=words.say(Language::records)
                    count=found.count()
                    generation=drawn
                    row=row
                    key=key
                    address=Signal::derive(move || query.read().suffix())
                    whole=found.is_whole()
                    head=head
                />
            </div>
            <div class="records-panel">
                {move || match record.get() {
                    Some(record) => view! { <RecordView record=record /> }.into_any(),
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
        names.insert(id.clone(), report::fold_names(name.0.values().map(String::as_str)));
    }
    names
}

/// What records without a title are called by, by form.
fn form_titles(pack: &Pack, language: Language) -> Arc<BTreeMap<String, String>> {
    let title = |form: &PackForm| (form.id.clone(), form.title.get(language).to_owned());
    Arc::new(sync::gather(pack.forms.iter().map(title).filter(|(_, title)| !title.is_empty())))
}

fn order_of(query: &Query) -> Order {
    match query.get("sort").as_deref() {
        Some(OLDEST) => Order::Oldest,
        Some(TITLE) => Order::Title,
        _ => Order::Newest,
    }
}

/// What an address filters by; `me`: whose records are one's own.
pub(super) fn filter_of(query: &Query, me: Option<&str>) -> Filter {
    Filter {
        form: query.get("form"),
        unit: query.get("unit"),
        state: query.get("state").and_then(|state| state.parse::<State>().ok()),
        author: query.get("mine").and(me).map(str::to_owned),
        unsent_only: query.get("unsent").is_some(),
        asks: query.get("asks").and_then(|level| Level::asking(&level)),
        from_ms: query.get(FROM).and_then(|day| clock::day_start_ms(&day, 0)),
        until_ms: query.get(TO).and_then(|day| clock::day_start_ms(&day, 1)),
    }
}

/// The last day that an address filters by, `YYYY-MM-DD`.
pub(super) fn last_day(query: &Query) -> Option<String> {
    query.get(TO)
}

/// The title, the search, the filters, and the export.
#[component]
fn ListHead(
    filter: Memo<Filter>,
    order: Memo<Order>,
    search: Memo<String>,
    found: Finding,
) -> impl IntoView {
    let words = use_words();
    let is_whole = expect_context::<Records>().is_whole();
    let is_filtered =
        memo(move || *filter.read() != Filter::default() || !search.read().is_empty());
    let count = found.count();
    let library = expect_context::<Library>();
    let sign_in = expect_context::<SignIn>();
    let (profile, fills) = (sign_in.profile(), sign_in.does_field_work());
    let scope = memo(move || {
        let language = words.now();
        let units = profile.iter().flat_map(|profile| &profile.scope);
        let names: Vec<String> = units.map(|unit| library.unit_name(unit, language)).collect();
        if is_filtered.get() { String::new() } else { language.only_these_units(&names) }
    });
    let router = use_router();
    let clear = move |()| {
        let sort = router.query().with_untracked(|query| query.get("sort"));
        router.refine(&Query::default().with("sort", &sort.unwrap_or_default()));
    };
    let counted = move || {
        let more = if found.is_whole().get() { "" } else { "…" };
        format!("{}{more}", words.now().record_count(count.get()))
    };
    view! {
        <header class="page-head">
            <div class="title-line">
                <h1>{words.say(Language::records)}</h1>
                <span class="muted">{counted}</span>
                <Export filter=filter search=search found=found />
            </div>
            <SearchField
                label=words.say(Language::search_records)
                clear_label=words.say(Language::clear_search)
                sought=search
                found=Signal::derive(counted)
                on_input=move |text: String| {
                    router.refine(&router.query().with_untracked(|query| query.with("q", &text)));
                }
            />
            <Filters filter=filter order=order />
        </header>
        <Show when=move || !is_whole.get()>
            <p class="opening" role="status">{words.say(Language::opening)}</p>
        </Show>
        <Show when=move || count.get() == 0 && found.is_whole().get() && is_whole.get()>
            <EmptyState
                glyph=Glyph::Records
                text=words.say(if is_filtered.get() { Language::no_record_found } else { Language::no_records_yet })
            >
                <p class="muted">{scope}</p>
                <Show
                    when=move || is_filtered.get()
                    fallback=move || {
                        fills
                            .then(|| {
                                view! {
                                    <A href="/fill" attr:class="button">
                                        {words.say(Language::start_a_form)}
                                    </A>
                                }
                            })
                    }
                >
                    <Button label=words.say(Language::clear_filters) on_click=clear />
                </Show>
            </EmptyState>
        </Show>
    }
}

#[component]
fn Filters(filter: Memo<Filter>, order: Memo<Order>) -> impl IntoView {
    let words = use_words();
    let library = expect_context::<Library>();
    let records = expect_context::<Records>();
    let set = refining();
    let units = memo(move || {
        options(records.all().read().units(), &|unit| library.unit_name(unit, words.now()))
    });
    let states = memo(move || {
        let option = |state: State| ChoiceOption {
            value: state.name().to_owned(),
            label: state_text(words.now(), state).to_owned(),
        };
        State::ALL.into_iter().map(option).collect::<Vec<_>>()
    });
    let orders = memo(move || {
        let option = |(value, label): (&str, &str)| ChoiceOption {
            value: value.to_owned(),
            label: label.to_owned(),
        };
        let language = words.now();
        [(OLDEST, language.oldest_first()), (TITLE, language.by_title())].map(option).to_vec()
    });
    let looks_after = expect_context::<RepairDesk>().may_settle();
    // Where nothing asks, nothing is looked for.
    let asking = |level: Level| {
        let label = asked(level, looks_after)?;
        let on = memo(move || filter.read().asks == Some(level));
        let is_there = memo(move || on.get() || records.all().read().count_asking(level) > 0);
        Some(view! {
            <Show when=move || is_there.get()>
                <ChipToggle
                    label=words.say(label)
                    on=on
                    on_toggle=move |on: bool| set.run(("asks", if on { level.name().to_owned() } else { String::new() }))
                />
            </Show>
        })
    };
    view! {
        <div class="chips" role="group" aria-label=words.say(Language::filters)>
            // An officer's two questions: what of these is mine, and what is not sent.
            <ChipToggle
                label=words.say(Language::mine_only)
                on=Signal::derive(move || filter.read().author.is_some())
                on_toggle=move |on: bool| set.run(("mine", if on { "1".to_owned() } else { String::new() }))
            />
            <ChipToggle
                label=words.say(Language::not_sent)
                on=Signal::derive(move || filter.read().unsent_only)
                on_toggle=move |on: bool| set.run(("unsent", if on { "1".to_owned() } else { String::new() }))
            />
            <FormAndTime filter=filter />
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
            {Level::ASKING.map(asking).collect_view()}
            <ChipSelect
                label=words.say(Language::order)
                any_label=words.say(Language::newest_first)
                options=orders
                value=Signal::derive(move || match order.get() {
                    Order::Newest => String::new(),
                    Order::Oldest => OLDEST.to_owned(),
                    Order::Title => TITLE.to_owned(),
                })
                on_choose=move |value| set.run(("sort", value))
            />
        </div>
    }
}

/// Sets a filter. They are in the address: going back brings them back.
fn refining() -> Callback<(&'static str, String)> {
    let router = use_router();
    Callback::new(move |(name, value): (&'static str, String)| {
        router.refine(&router.query().with_untracked(|query| query.with(name, &value)));
    })
}

/// What there are records of.
fn options(values: &Counts, label: &dyn Fn(&str) -> String) -> Vec<ChoiceOption> {
    let option = |value: &String| ChoiceOption { label: label(value), value: value.clone() };
    let values = values.iter().filter(|(_, count)| **count > 0);
    let mut options: Vec<ChoiceOption> = values.map(|(value, _)| option(value)).collect();
    options.sort_by_cached_key(|option| report::sort_key(&option.label));
    options
}

/// The filters that reports are made by as well.
#[component]
pub(super) fn FormAndTime(filter: Memo<Filter>) -> impl IntoView {
    let words = use_words();
    let library = expect_context::<Library>();
    let records = expect_context::<Records>();
    let set = refining();
    let forms = memo(move || {
        options(records.all().read().forms(), &|form| form_title(library, words.now(), form))
    });
    view! {
        <ChipSelect
            label=words.say(Language::form)
            any_label=words.say(Language::any_form)
            options=forms
            value=Signal::derive(move || filter.read().form.clone().unwrap_or_default())
            on_choose=move |value| set.run(("form", value))
        />
        <Period />
    }
}
