//! Which programmes a person's rights are limited to. Shown by [`super::people::PeoplePage`].

use std::collections::BTreeSet;

use leptos::prelude::*;

use super::people::{WhyNot, why_not};
use crate::components::{Button, ButtonKind, Sheet, Toast, Toaster};
use crate::locale::Language;
use crate::platform::tasks;
use crate::stores::{
    Library,
    people::{self, Person},
    preferences::use_words,
    records::FetchError,
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
    let wrong = RwSignal::new(None::<FetchError>);
    let busy = RwSignal::new(false);
    let toaster = expect_context::<Toaster>();
    let title = Signal::derive(move || {
        let name = person.read().as_ref().map(|person| person.name.clone()).unwrap_or_default();
        format!("{} · {name}", words.now().programmes())
    });
    let body = move || {
        let Person { account, name, programmes, .. } = person.get()?;
        wrong.set(None);
        let chosen = RwSignal::new(BTreeSet::from_iter(programmes));
        let save = move |()| {
            let (account, name) = (account.clone(), name.clone());
            busy.set(true);
            wrong.set(None);
            tasks::spawn(async move {
                let programmes: Vec<String> = chosen.get_untracked().into_iter().collect();
                let answer = people::set_programmes(&account, &programmes).await;
                busy.try_set(false);
                // It may have been closed meanwhile, and opened for somebody else.
                let is_open = person.try_with_untracked(|open| {
                    open.as_ref().is_some_and(|open| open.account == account)
                }) == Some(true);
                match answer {
                    Ok(_changed) => {
                        if is_open {
                            person.try_set(None);
                        }
                        on_changed.try_run(());
                    }
                    Err(error) if is_open => {
                        wrong.try_set(Some(error));
                    }
                    Err(error) => {
                        let text = format!("{name}: {}", why_not(words.at_once(), &error));
                        toaster.show(Toast { text, action: None });
                    }
                }
            });
        };
        Some(view! {
            <Programmes chosen=chosen />
            <WhyNot error=wrong />
            <Button kind=ButtonKind::Primary label=words.say(Language::save_programmes) disabled=busy on_click=save />
        })
    };
    view! {
        <Sheet
            open=Signal::derive(move || person.read().is_some())
            title=title
            close_label=words.say(Language::close)
            on_close=move |()| {
                person.try_set(None);
            }
        >
            {body}
        </Sheet>
    }
}
