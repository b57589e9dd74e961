//! What was done, by whom, to what. Shown by [`super::people::PeoplePage`].

use leptos::prelude::*;

use super::moment;
use super::more::role_text;
use crate::components::{Button, EmptyState, Glyph, keyed_list};
use crate::locale::Language;
use crate::platform::tasks;
use crate::reactive::Show;
use crate::stores::{
    Library,
    people::{self, Deed, Detail, Known},
    preferences::use_words,
    records::FetchError,
};

/// The newest first, and older ones when asked for.
#[component]
pub(super) fn Log(failure: RwSignal<Option<FetchError>>) -> impl IntoView {
    let words = use_words();
    let deeds = RwSignal::new(None::<Vec<Deed>>);
    let is_whole = RwSignal::new(false);
    let ask = move || {
        let before = deeds.with_untracked(|deeds| deeds.as_ref()?.last().map(|deed| deed.seq));
        tasks::spawn(async move {
            match people::deeds(before).await {
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
    ask();
    let library = expect_context::<Library>();
    let row = move |deed: Deed| {
        let Deed { at_ms, actor, action, object, detail, .. } = deed;
        // Who signs in does so to no one else.
        let is_to_another = !object.is_empty() && actor.as_ref() != Some(&object);
        let to_what = is_to_another.then(|| format!(": {object}"));
        let was_let_in = action != "sign_in_failed";
        let who = move || {
            let nobody_known = if was_let_in { Language::the_operator } else { Language::somebody };
            actor.clone().unwrap_or_else(|| nobody_known(words.now()).to_owned())
        };
        view! {
            <li>
                <strong>{who}</strong>
                " "
                {move || words.now().deed(&action)}
                {to_what}
                {move || told(words.now(), library, &detail)}
                <br />
                <span class="muted">{move || moment(words.now(), at_ms)}</span>
            </li>
        }
        .into_any()
    };
    view! {
        <Show when=move || deeds.read().as_ref().is_some_and(Vec::is_empty)>
            <EmptyState glyph=Glyph::Records text=words.say(Language::no_deeds) />
        </Show>
        <ol class="deeds">
            {keyed_list(move || deeds.get().unwrap_or_default(), |deed| deed.seq.to_string(), row)}
        </ol>
        <Show when=move || !is_whole.get() && deeds.read().is_some()>
            <Button label=words.say(Language::older) on_click=move |()| ask() />
        </Show>
    }
}

/// More of a deed, in words: what stands behind its object.
fn told(language: Language, library: Library, detail: &Detail) -> String {
    let Known { device_name, name, role, unit, reason, records, tries, address } = match detail {
        Detail::Known(known) => known,
        Detail::Raw(text) => return format!(" ({text})"),
    };
    let parts: Vec<String> = [
        name.clone(),
        role.map(|role| role_text(language, role).to_owned()),
        unit.as_ref().map(|unit| library.unit_name(unit, language)),
        device_name.clone(),
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
