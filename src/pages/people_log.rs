//! What was done, by whom, to what. Shown by [`super::people::PeoplePage`].

use leptos::prelude::*;
use sync::audit::Action;

use super::day_field::DayField;
use super::moment;
use super::more::role_text;
use super::people::{awaited, limits, sees};
use crate::components::{Button, EmptyState, Glyph, TextField, keyed_list};
use crate::locale::Language;
use crate::platform::tasks;
use crate::reactive::{Show, effect};
use crate::stores::{
    Library, Records,
    people::{self, Deed, Detail, Known, Sought},
    preferences::use_words,
    records::FetchError,
    sign_in::Role,
};

/// The newest first, and older ones when asked for.
#[component]
pub(super) fn Log(
    failure: RwSignal<Option<FetchError>>,
    /// Moves when what did not come is asked for once more.
    #[prop(into)]
    again: Signal<u32>,
) -> impl IntoView {
    let words = use_words();
    let deeds = RwSignal::new(None::<Vec<Deed>>);
    let is_whole = RwSignal::new(false);
    // What is typed, and what the rows on screen were looked for by.
    let (typed, sought) = (RwSignal::new(Sought::default()), RwSignal::new(Sought::default()));
    let oldest =
        move || deeds.try_with_untracked(|deeds| deeds.as_ref()?.last().map(|deed| deed.seq));
    let ask = move || {
        let before = oldest();
        failure.set(None);
        tasks::spawn(async move {
            let asked = sought.get_untracked();
            let answer = people::deeds(&asked, before.flatten()).await;
            // The answer to an earlier search comes too late, and so does the second one to a button that was pressed twice.
            if sought.try_get_untracked().is_none_or(|sought| sought != asked) || oldest() != before
            {
                return;
            }
            match answer {
                Ok(more) => {
                    is_whole.try_set(more.len() < PAGE);
                    deeds.try_update(|deeds| deeds.get_or_insert_default().extend(more));
                }
                Err(error) => {
                    failure.try_set(Some(error));
                }
            }
        });
    };
    effect(move || {
        again.track();
        ask();
    });
    let search = move || {
        deeds.set(None);
        is_whole.set(false);
        sought.set(typed.get_untracked());
        ask();
    };
    let library = expect_context::<Library>();
    let records = expect_context::<Records>();
    let row = move |deed: Deed| {
        let Deed { at_ms, actor, action, object, detail, device_name, .. } = deed;
        // Who signs in does so to no one else.
        let is_to_another = !object.is_empty() && actor.as_ref() != Some(&object);
        let to_what = is_to_another.then(|| format!(": {object}"));
        let done = Action::named(&action);
        let was_let_in = !matches!(done, Some(Action::SignInFailed | Action::PasskeyRefuse));
        let name = actor.as_ref().map(|actor| records.person(actor));
        // A log is exact: two people may have one name.
        let login = actor.filter(|actor| name.as_ref() != Some(actor));
        let who = move || {
            let nobody_known = if was_let_in { Language::the_operator } else { Language::somebody };
            name.clone().unwrap_or_else(|| nobody_known(words.now()).to_owned())
        };
        view! {
            <li>
                <strong>{who}</strong>
                " "
                {login.map(|login| view! { <span class="muted">{login}</span>" " })}
                // What a later server writes is told by its name.
                {move || done.map_or_else(|| action.clone(), |done| words.now().deed(done).to_owned())}
                {to_what}
                {move || told(words.now(), library, &detail, device_name.as_deref())}
                <br />
                <span class="muted">{move || moment(words.now(), at_ms)}</span>
            </li>
        }
        .into_any()
    };
    view! {
        <SearchForm typed=typed on_search=search />
        {awaited(failure, move || deeds.read().is_some())}
        <Show when=move || deeds.read().as_ref().is_some_and(Vec::is_empty)>
            <EmptyState
                glyph=Glyph::Records
                text=words.say(if *sought.read() == Sought::default() { Language::no_deeds } else { Language::no_deed_found })
            />
        </Show>
        <ol class="deeds">
            {keyed_list(move || deeds.get().unwrap_or_default(), |deed| deed.seq.to_string(), row)}
        </ol>
        <Show when=move || !is_whole.get() && deeds.read().is_some()>
            <Button label=words.say(Language::older) on_click=move |()| ask() />
        </Show>
    }
}

/// By whom, what, to what, when.
#[component]
fn SearchForm(typed: RwSignal<Sought>, on_search: impl Fn() + 'static) -> impl IntoView {
    let words = use_words();
    let actions = move || {
        let language = words.now();
        let mut actions = Action::ALL.to_vec();
        actions.sort_by_cached_key(|action| report::sort_key(language.deed(*action)));
        let option = |action: Action| {
            view! { <option value=action.name()>{language.deed(action)}</option> }
        };
        actions.into_iter().map(option).collect_view()
    };
    view! {
        <details>
            <summary>{words.say(Language::search_log)}</summary>
        <form
            class="log-search"
            on:submit=move |event| {
                event.prevent_default();
                on_search();
            }
        >
            <TextField
                id="log-actor"
                label=words.say(Language::log_actor)
                autocomplete="off"
                on_input=move |text| typed.update(|typed| typed.actor = text)
            />
            <label class="field">
                <span>{words.say(Language::log_action)}</span>
                <select
                    class="select"
                    on:change:target=move |event| typed.update(|typed| typed.action = event.target().value())
                >
                    <option value="">{words.say(Language::any_action)}</option>
                    {actions}
                </select>
            </label>
            <TextField
                id="log-object"
                label=words.say(Language::log_object)
                autocomplete="off"
                on_input=move |text| typed.update(|typed| typed.object = text)
            />
            <DayField
                id="log-from"
                label=words.say(Language::from_day)
                on_input=move |day| typed.update(|sought| sought.from = day)
            />
            <DayField
                id="log-until"
                label=words.say(Language::until_day)
                on_input=move |day| typed.update(|sought| sought.until = day)
            />
            <Button icon=Glyph::Search label=words.say(Language::search) submits=true on_click=|()| {} />
        </form>
        </details>
    }
}

/// More of a deed, in words: what stands behind its object.
fn told(language: Language, library: Library, detail: &Detail, device: Option<&str>) -> String {
    let known: &Known = match detail {
        Detail::Known(known) => known,
        Detail::Raw(text) => return format!(" ({text})"),
    };
    let Known { device_name, passkey, name, renamed, role, unit, scope, programmes, .. } = known;
    let Known { reason, records, tries, address, .. } = known;
    let parts: Vec<String> = [
        name.clone(),
        renamed.then(|| language.full_name().to_owned()),
        role.as_deref().map(|name| {
            Role::named(name).map_or(name, |role| role_text(language, role)).to_owned()
        }),
        unit.as_ref().map(|unit| library.unit_name(unit, language)),
        scope.as_deref().and_then(|scope| sees(language, library, unit.as_deref(), scope)),
        programmes.as_deref().map(|programmes| limits(language, library, programmes)),
        device_name.as_deref().or(device).map(str::to_owned),
        passkey.clone(),
        records.map(|count| language.record_count(count)),
        tries.map(|count| language.tries(count)),
        address.clone(),
        reason.clone(),
    ]
    .into_iter()
    .flatten()
    .filter(|part| !part.is_empty())
    .collect();
    if parts.is_empty() { String::new() } else { format!(" ({})", parts.join(" · ")) }
}

/// Rows in one answer of the server.
const PAGE: usize = 200;
