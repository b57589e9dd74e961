//! On the sign-in screen: who has a store on this phone.

use leptos::prelude::*;

use crate::components::{Banner, Glyph, Icon, Toast, Toaster, Tone};
use crate::form_view::storage_advice;
use crate::locale::Language;
use crate::platform::{
    storage::{Person, StorageError},
    tasks,
};
use crate::router::use_router;
use crate::stores::{Door, OpenForms, preferences::use_words};

/// Who has a store on this phone: a tap, and a PIN if there is one, lets them in without a network.
#[component]
pub fn PeopleHere() -> impl IntoView {
    let words = use_words();
    let door = expect_context::<Door>();
    let forms = use_context::<OpenForms>();
    let failure = RwSignal::new(None::<StorageError>);
    let router = use_router();
    let toaster = expect_context::<Toaster>();
    let line = move |person: Person| {
        let (name, is_former) = (person.label.name.clone(), person.row.aside.is_some());
        let choose = move |_| {
            let person = person.clone();
            tasks::spawn(async move {
                match door.choose(person, forms).await {
                    Ok(()) => router.replace("/"),
                    // They are not listed any more, and perhaps nobody is.
                    Err(error) if error.is_over() => {
                        let text = storage_advice(words.at_once(), &error).to_owned();
                        toaster.show(Toast { text, action: None });
                    }
                    Err(error) => {
                        failure.try_set(Some(error));
                    }
                }
            });
        };
        view! {
            <li>
                <button class="list-row" type="button" on:click=choose>
                    <span class="list-row-title">
                        {name}
                        {is_former.then(|| view! { " · " {words.say(Language::former_data)} })}
                    </span>
                    <Icon glyph=Glyph::Forward />
                </button>
            </li>
        }
    };
    move || {
        let people = door.people().get();
        let here = door.inside().get().map(|here| here.id);
        let others: Vec<Person> =
            people.into_iter().filter(|person| Some(&person.id) != here.as_ref()).collect();
        (!others.is_empty()).then(|| {
            view! {
                <h2>{words.say(Language::people_here)}</h2>
                <ul class="list card people-here">{others.into_iter().map(line).collect_view()}</ul>
                {move || {
                    let advice = failure.read().as_ref().map(|error| storage_advice(words.now(), error).to_owned());
                    advice.map(|text| view! { <Banner tone=Tone::Bad title=text /> })
                }}
            }
        })
    }
}
