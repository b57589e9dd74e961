//! Which programmes a person's rights are limited to. Shown by [`super::people::PeoplePage`].

use std::collections::BTreeSet;

use leptos::prelude::*;

use super::people::{WhyNot, why_not};
use super::sheet_request::{SheetRequest, is_open_for};
use crate::components::{Button, ButtonKind, Sheet};
use crate::locale::Language;
use crate::platform::tasks;
use crate::stores::{
    Library,
    people::{self, Person},
    preferences::use_words,
};

/// A box for each programme of the pack, and for those that only the person has. Nothing where there are none.
#[component]
pub(super) fn Programmes(chosen: RwSignal<BTreeSet<String>>) -> impl IntoView {
    let words = use_words();
    let library = expect_context::<Library>();
    let boxes = move || {
        let language = words.now();
        // What is offered stays while it is offered.
        let pack = library.pack().read_untracked();
        let mut all: Vec<(String, String)> = pack
            .programmes
            .iter()
            .map(|programme| (programme.id.clone(), programme.title.get(language).to_owned()))
            .collect();
        let is_known = |id: &String| pack.programmes.iter().any(|programme| programme.id == *id);
        let others = chosen.with_untracked(|chosen| {
            chosen.iter().filter(|id| !is_known(id)).cloned().collect::<Vec<_>>()
        });
        all.extend(others.into_iter().map(|id| (id.clone(), id)));
        let line = |(id, title): (String, String)| {
            let is_on = chosen.with_untracked(|chosen| chosen.contains(&id));
            let toggle = move |on: bool| {
                chosen.update(|chosen| {
                    if on {
                        chosen.insert(id.clone())
                    } else {
                        chosen.remove(&id)
                    };
                });
            };
            view! {
                <label class="check-line">
                    <input
                        type="checkbox"
                        checked=is_on
                        on:change:target=move |event| toggle(event.target().checked())
                    />
                    <span>{title}</span>
                </label>
            }
        };
        (!all.is_empty()).then(|| {
            view! {
                <fieldset class="field programmes">
                    <legend>{words.say(Language::programmes)}</legend>
                    <p class="muted">{words.say(Language::programmes_why)}</p>
                    {all.into_iter().map(line).collect_view()}
                </fieldset>
            }
        })
    };
    view! { {boxes} }
}

/// Changes them for a person.
#[component]
pub(super) fn ProgrammesSheet(
    person: RwSignal<Option<Person>>,
    #[prop(into)] on_changed: Callback<()>,
) -> impl IntoView {
    let words = use_words();
    let request = SheetRequest::new(why_not, move || {
        person.try_set(None);
    });
    let title = Signal::derive(move || {
        let name = person.read().as_ref().map(|person| person.name.clone()).unwrap_or_default();
        format!("{} · {name}", words.now().programmes())
    });
    let body = move || {
        let Person { account, name, programmes, .. } = person.get()?;
        let chosen = RwSignal::new(BTreeSet::from_iter(programmes));
        let save = move |()| {
            let (account, name) = (account.clone(), name.clone());
            if !request.begins() {
                return;
            }
            tasks::spawn(async move {
                let programmes: Vec<String> = chosen.get_untracked().into_iter().collect();
                let answer = people::set_programmes(&account, &programmes).await;
                let is_open = is_open_for(person, |open| open.account == account);
                if request.answered(answer, is_open, Some(&name)).is_some() {
                    on_changed.try_run(());
                }
            });
        };
        Some(view! {
            <Programmes chosen=chosen />
            <WhyNot error=request.failure />
            <Button kind=ButtonKind::Primary label=words.say(Language::save_programmes) disabled=request.busy on_click=save />
        })
    };
    view! {
        <Sheet
            open=Signal::derive(move || person.read().is_some())
            title=title
            close_label=words.say(Language::close)
            on_close=request.close
        >
            {body}
        </Sheet>
    }
}
