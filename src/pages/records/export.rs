//! The records of a list as a spreadsheet, made by the server: one file a form. For the desk.

use leptos::prelude::*;
use sync::view::Level;
use sync::wire::State;

use crate::components::{Button, EmptyState, Glyph, Sheet, Toast, Toaster, keyed_list};
use crate::locale::Language;
use crate::pages::record_row::{form_title, state_text};
use crate::platform::{address::Query, files, log_error, tasks};
use crate::stores::records::{FetchError, Filter, is_signed_out, spreadsheet};
use crate::stores::{Finding, Library, Records, SignIn, day, preferences::use_words};

const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// The file of the form that the list is of; of a list of several, a sheet with each of theirs.
#[component]
pub(super) fn Export(filter: Memo<Filter>, search: Memo<String>, found: Finding) -> impl IntoView {
    let words = use_words();
    let sign_in = expect_context::<SignIn>();
    let library = expect_context::<Library>();
    let records = expect_context::<Records>();
    let toaster = expect_context::<Toaster>();
    let expired = sign_in.expired();
    let choosing = RwSignal::new(false);
    let busy = RwSignal::new(false);
    let export = Callback::new(move |form: String| {
        if busy.get_untracked() {
            return;
        }
        busy.set(true);
        let (language, filter) = (words.at_once(), filter.get_untracked());
        let asked = untrack(|| query(&form, &filter, &search.read(), language));
        let name = untrack(|| name(library, language, &form, &filter));
        let unsent = unsent(form, filter);
        let unsent =
            records.all().read_untracked().iter().filter(|record| unsent.accepts(record)).count();
        tasks::spawn(async move {
            let made = spreadsheet(&asked).await;
            busy.try_set(false);
            let told = match made {
                Ok(bytes) => match files::download(&name, XLSX, &bytes) {
                    Ok(()) => (unsent > 0).then(|| words.at_once().spreadsheet_lacks(unsent)),
                    Err(error) => {
                        log_error(&format!("a spreadsheet was not saved: {error}"));
                        Some(words.at_once().file_not_saved().to_owned())
                    }
                },
                // The button says it from then on.
                Err(FetchError::Refused(code)) if is_signed_out(&code) => {
                    sign_in.set_expired();
                    None
                }
                Err(error) => Some(not_exported(words.at_once(), &error)),
            };
            if let Some(text) = told {
                toaster.show(Toast { text, action: None });
            }
        });
    });
    let cannot = move || -> Option<fn(Language) -> &'static str> {
        match (expired.get(), filter.read().unsent_only) {
            // It would be of whoever is signed in now.
            (true, _) => Some(Language::export_needs_sign_in),
            // The server makes it: of what it has.
            (false, true) => Some(Language::export_is_of_sent),
            (false, false) => None,
        }
    };
    let label = move || cannot().unwrap_or(Language::export_xlsx)(words.now()).to_owned();
    let press = move |()| match filter.get_untracked().form {
        Some(form) => export.run(form),
        None => choosing.set(true),
    };
    view! {
        <span class="desk-only export">
            <Button
                icon=Glyph::Download
                label=Signal::derive(label)
                disabled=Signal::derive(move || busy.get() || cannot().is_some())
                on_click=press
            />
        </span>
        <Sheet
            open=choosing
            title=words.say(Language::export_which)
            close_label=words.say(Language::close)
            on_close=move |()| {
                choosing.try_set(false);
            }
        >
            <Files found=found export=export busy=busy.read_only() />
        </Sheet>
    }
}

/// What the file of a form is called: that, whose records are in it, in which state and of which time, and when it was taken.
fn name(library: Library, language: Language, form: &str, filter: &Filter) -> String {
    let offset_min = day::now().offset_min;
    let day = |ms: i64| language.day(ms, offset_min);
    // The last moment of a day, not the first of the next.
    let (from, until) = (filter.from_ms.map(day), filter.until_ms.map(|ms| day(ms - 1)));
    let is_of_a_time = from.is_some() || until.is_some();
    let period = language.days(&from.unwrap_or_default(), &until.unwrap_or_default());
    let of = [
        Some(form_title(library, language, form)),
        filter.unit.as_ref().map(|unit| library.unit_name(unit, language)),
        filter.state.map(|state| state_text(language, state).to_owned()),
        is_of_a_time.then_some(period),
    ];
    let of: Vec<String> = of.into_iter().flatten().collect();
    file_name(&language.spreadsheet_name(&of.join(", "), &day(day::now().unix_ms)))
}

/// A name without what no file's name may hold.
fn file_name(name: &str) -> String {
    let sign = |sign: char| match sign {
        '/' | '\\' => Some('-'),
        ':' | '*' | '?' | '"' | '<' | '>' | '|' => None,
        sign => (!sign.is_control()).then_some(sign),
    };
    name.chars().filter_map(sign).chain(".xlsx".chars()).collect()
}

/// The records of which a file of what that names is behind this device. The server looks for those that are so as it has them: what
/// was approved here may be among those that it takes for submitted.
fn unsent(form: String, filter: Filter) -> Filter {
    Filter { form: Some(form), state: None, asks: None, unsent_only: true, ..filter }
}

/// Why no spreadsheet came.
fn not_exported(language: Language, error: &FetchError) -> String {
    let text = match error {
        FetchError::Wait(minutes) => return language.asked_to_wait(*minutes),
        FetchError::Http(_) => language.server_unreachable(),
        FetchError::Refused(_) | FetchError::Garbled(_) | FetchError::Storage(_) => {
            language.not_exported()
        }
    };
    text.to_owned()
}

/// A file for each form of the list.
#[component]
fn Files(found: Finding, export: Callback<String>, busy: ReadSignal<bool>) -> impl IntoView {
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
                <button
                    type="button"
                    class="list-row"
                    disabled=move || busy.get()
                    on:click=move |_| export.run(form.clone())
                >
                    <span class="list-row-title">{title}</span>
                    <span class="muted">{move || words.now().record_count(count)}</span>
                </button>
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

fn query(form: &str, filter: &Filter, search: &str, language: Language) -> Query {
    let unit = filter.unit.as_deref().unwrap_or_default();
    let moment = |ms: Option<i64>| ms.map_or_else(String::new, |ms| ms.to_string());
    Query::default()
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
        .with("q", search)
        // Its days and times are those of the list beside it.
        .with("offset", &day::now().offset_min.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_a_name_that_every_machine_takes() {
        let name = Language::Vi.spreadsheet_name(
            "Phiếu \"A\": phường/xã?, Đã duyệt, 15/12/2025 – 14/06/2026",
            "02/07/2026",
        );
        assert_eq!(
            file_name(&name),
            "Phiếu A phường-xã, Đã duyệt, 15-12-2025 – 14-06-2026 (tải 02-07-2026).xlsx"
        );
    }

    /// Approved here and not sent, it is none of those that the server takes for approved, and one of those for submitted.
    #[test]
    fn a_file_is_behind_all_that_is_unsent_of_its_form_unit_and_time() {
        let of = Filter { unit: Some("u".to_owned()), from_ms: Some(5), ..Filter::default() };
        let states = [None, Some(State::Submitted), Some(State::Approved)];
        for state in states {
            let filter = Filter { state, asks: Some(Level::Decide), ..of.clone() };
            let form = Some("f".to_owned());
            let all = Filter { form, unsent_only: true, ..of.clone() };
            assert_eq!(unsent("f".to_owned(), filter), all);
        }
    }
}
