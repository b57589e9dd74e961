//! `/fill/:form`: begins a record of a form and goes on to fill it.

use leptos::prelude::*;

use super::edit_href;
use super::entry::OpenFailure;
use crate::locale::Language;
use crate::platform::tasks;
use crate::router::{Screen, use_router};
use crate::stores::{
    Library, OpenForms, SignIn, open_forms::OpenFormError, preferences::use_words,
};

/// Begins a record; the address of the record takes the place of this one.
#[component]
pub fn StartPage() -> impl IntoView {
    let words = use_words();
    let library = expect_context::<Library>();
    let open_forms = expect_context::<OpenForms>();
    let sign_in = expect_context::<SignIn>();
    let failure = RwSignal::new(None::<OpenFormError>);
    let router = use_router();
    let form = router.id_on(Screen::Start).get_untracked().unwrap_or_default();
    tasks::spawn(async move {
        let hash = untrack(|| library.form(&form)).map(|form| form.hash).unwrap_or_default();
        let unit = sign_in.profile().map(|profile| profile.unit).unwrap_or_default();
        match open_forms.start(&hash, &unit).await {
            Ok(entry) => router.replace(&edit_href(entry.record())),
            Err(error) => {
                failure.try_set(Some(error));
            }
        }
    });
    view! {
        {move || match failure.get() {
            Some(error) => view! { <OpenFailure error=error /> }.into_any(),
            None => view! { <p class="opening" role="status">{words.say(Language::opening)}</p> }.into_any(),
        }}
    }
}
