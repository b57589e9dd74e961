//! Whoever is sought and is not in the list: added by the name that was typed, or as they were last time.

use form::NodeId;
use leptos::prelude::*;

use super::super::paste::add_people;
use super::search::Found;
use crate::components::{Button, Glyph, Toaster, keyed_list};
use crate::locale::Language;
use crate::platform::{
    tasks,
    text::{capitalised, composed},
};
use crate::reactive::{Show, effect, memo};
use crate::stores::{FormEntry, Named, preferences::use_words};

/// So many of an earlier list are offered, once no more than so many are found in this one: whoever types on finds the others.
const OFFERED: usize = 5;

/// The button that adds a row: a blank one, or that of whoever is sought. Before it, who of those that are sought was there last time.
#[component]
pub(super) fn WalkIn(
    repeat: NodeId,
    /// Whether rows are called by a name.
    is_named: bool,
    sought: RwSignal<String>,
    found: RwSignal<Option<Found>>,
    add_label: Signal<String>,
    #[prop(into)] on_add: Callback<()>,
    /// Whose row came.
    #[prop(into)]
    on_added: Callback<NodeId>,
) -> impl IntoView {
    let entry = expect_context::<FormEntry>();
    let toaster = expect_context::<Toaster>();
    let words = use_words();
    let name = memo(move || if is_named { name_in(&sought.read()) } else { String::new() });
    let earlier = RwSignal::new(None::<Vec<Named>>);
    // Nobody waits for an earlier record who seeks nobody.
    effect(move || {
        if name.read().is_empty() || earlier.read_untracked().is_some() {
            return;
        }
        earlier.set(Some(Vec::new()));
        tasks::spawn(async move {
            let people = entry.people_before(repeat).await;
            earlier.try_set(Some(people));
        });
    });
    let meant = memo(move || {
        let sought = report::fold(&name.read());
        let is_near_end = found.get().is_some_and(|found| found.count <= OFFERED);
        if sought.is_empty() || !is_near_end {
            return Vec::new();
        }
        let mut meant = earlier.get().unwrap_or_default();
        meant.retain(|person| report::begins_words(&report::fold(&person.name), &sought));
        if !meant.is_empty() {
            let there = entry.row_names(repeat).into_iter().map(|name| report::fold(&name));
            let there: Vec<String> = there.collect();
            meant.retain(|person| !there.contains(&report::fold(&person.name)));
            meant.truncate(OFFERED);
        }
        meant
    });
    let add = move |person: Named| {
        let language = words.at_once();
        let said = language.rows_added(1);
        if let Some(row) = add_people(entry, toaster, language, repeat, &[person], said) {
            on_added.run(row);
        }
    };
    let add_sought = move |()| match name.get_untracked() {
        name if name.is_empty() => on_add.run(()),
        name => add(Named { name, ..Named::default() }),
    };
    let offer = move |person: Named| {
        let label = Signal::stored(person.name.clone());
        view! { <Button icon=Glyph::Plus label=label on_click=move |()| add(person.clone()) /> }
            .into_any()
    };
    view! {
        <Show when=move || !meant.read().is_empty()>
            <div class="field" role="group" aria-labelledby=format!("q{}-earlier", repeat.index())>
                <p class="muted" id=format!("q{}-earlier", repeat.index())>{words.say(Language::there_last_time)}</p>
                {keyed_list(
                    move || meant.get().into_iter().enumerate().collect(),
                    |(at, person)| format!("{at} {}", person.name),
                    move |(_, person)| offer(person),
                )}
            </div>
        </Show>
        <Button
            icon=Glyph::Plus
            label=Signal::derive(move || match name.read().as_str() {
                "" => add_label.get(),
                name => words.now().add_named(name),
            })
            on_click=add_sought
        />
    }
}

/// The name that was typed, as a list would give it; empty where it is none.
fn name_in(sought: &str) -> String {
    let list = report::read_names(&composed(sought), &[], "", &[]);
    let name = list.names.first().map(|name| capitalised(&name.text));
    name.unwrap_or_default()
}
