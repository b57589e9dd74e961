//! The records of a list as a spreadsheet, made by the server: one file a form. For the desk.

use leptos::prelude::*;
use sync::view::Level;
use sync::wire::State;

use crate::components::{Button, EmptyState, Glyph, Icon, Sheet, keyed_list};
use crate::locale::Language;
use crate::pages::record_row::form_title;
use crate::platform::address::Query;
use crate::reactive::memo;
use crate::stores::{Finding, Library, SignIn, preferences::use_words, records::Filter};

/// The way to the file of the form that the list is of; of a list of several, to each of theirs.
#[component]
pub(super) fn Export(filter: Memo<Filter>, search: Memo<String>, found: Finding) -> impl IntoView {
    let words = use_words();
    let expired = expect_context::<SignIn>().expired();
    let choosing = RwSignal::new(false);
    let cannot = move || -> Option<fn(Language) -> &'static str> {
        match (expired.get(), filter.read().unsent_only) {
            // The browser would fetch it by the cookie, which may be somebody else's.
            (true, _) => Some(Language::export_needs_sign_in),
            // The server makes it: of what it has.
            (false, true) => Some(Language::export_is_of_sent),
            (false, false) => None,
        }
    };
    let href_of = move |form: &str| href(form, &filter.read(), &search.read(), words.now());
    let form = memo(move || filter.read().form.clone());
    let button = move || match (cannot(), form.get()) {
        (Some(why), _) => view! {
            <Button icon=Glyph::Download label=words.say(why) disabled=true on_click=|()| {} />
        }
        .into_any(),
        (None, Some(form)) => view! {
            <a class="button" href=move || href_of(&form) rel="external" download="">
                <Icon glyph=Glyph::Download />
                <span>{words.say(Language::export_xlsx)}</span>
            </a>
        }
        .into_any(),
        (None, None) => view! {
            <Button
                icon=Glyph::Download
                label=words.say(Language::export_xlsx)
                on_click=move |()| choosing.set(true)
            />
        }
        .into_any(),
    };
    view! {
        <span class="desk-only export">{button}</span>
        <Sheet
            open=choosing
            title=words.say(Language::export_which)
            close_label=words.say(Language::close)
            on_close=move |()| {
                choosing.try_set(false);
            }
        >
            <Files found=found href=Callback::new(move |form: String| href_of(&form)) />
        </Sheet>
    }
}

/// A file for each form of the list.
#[component]
fn Files(found: Finding, href: Callback<String, String>) -> impl IntoView {
    let words = use_words();
    let library = expect_context::<Library>();
    let forms = move || {
        let language = words.now();
        let titled =
            |(form, count): (String, usize)| (form_title(library, language, &form), form, count);
        let mut forms: Vec<(String, String, usize)> =
            found.forms().into_iter().map(titled).collect();
        forms.sort_by_cached_key(|(title, ..)| report::sort_key(title));
        forms
    };
    let draw = move |(title, form, count): (String, String, usize)| {
        view! {
            <li>
                <a class="list-row" href=move || href.run(form.clone()) rel="external" download="">
                    <span class="list-row-title">{title}</span>
                    <span class="muted">{move || words.now().record_count(count)}</span>
                </a>
            </li>
        }
        .into_any()
    };
    move || {
        let forms = forms();
        if forms.is_empty() {
            return view! { <EmptyState glyph=Glyph::Records text=words.say(Language::no_record_found) /> }
                .into_any();
        }
        let forms = StoredValue::new(forms);
        let key =
            |(title, form, count): &(String, String, usize)| format!("{form} {count} {title}");
        view! {
            <p class="muted">{words.say(Language::export_by_form)}</p>
            <ul class="list card">{keyed_list(move || forms.get_value(), key, draw)}</ul>
        }
        .into_any()
    }
}

fn href(form: &str, filter: &Filter, search: &str, language: Language) -> String {
    let unit = filter.unit.as_deref().unwrap_or_default();
    let moment = |ms: Option<i64>| ms.map_or_else(String::new, |ms| ms.to_string());
    let query = Query::default()
        .with("form", form)
        .with("lang", language.code())
        .with("unit", unit)
        // The list means that unit, not those below it.
        .with("only", if unit.is_empty() { "" } else { "1" })
        .with("author", filter.author.as_deref().unwrap_or_default())
        .with("state", filter.state.map(State::name).unwrap_or_default())
        .with("asks", filter.asks.map(Level::name).unwrap_or_default())
        .with("from", &moment(filter.from_ms))
        .with("until", &moment(filter.until_ms))
        .with("q", search);
    format!("/api/v1/records.xlsx{}", query.suffix())
}
