//! Before the phone's store is open, and when it cannot be opened.

use leptos::prelude::*;

use super::{shell::NewVersion, title_page};
use crate::components::{Banner, Button, ButtonKind, Tone};
use crate::form_view::storage_advice;
use crate::locale::Language;
use crate::platform::storage::StorageError;
use crate::stores::preferences::use_words;

/// The moment before the store is open.
#[component]
pub fn OpeningPage() -> impl IntoView {
    let words = use_words();
    view! { <p class="opening" role="status">{words.say(Language::opening)}</p> }
}

/// Nothing can be kept on this phone: said before a person types.
#[component]
pub fn StorageProblemPage(error: StorageError, retry: Callback<()>) -> impl IntoView {
    let words = use_words();
    title_page(words.say(Language::storage_problem));
    let technical = error.to_string();
    let advice = Signal::derive(move || storage_advice(words.now(), &error).to_owned());
    view! {
        <main class="page open-failure">
            <NewVersion />
            <h1>{words.say(Language::storage_problem)}</h1>
            <Banner tone=Tone::Bad title=advice>
                <details>
                    <summary>{words.say(Language::technical)}</summary>
                    <p class="muted">{technical}</p>
                </details>
            </Banner>
            <Button kind=ButtonKind::Primary label=words.say(Language::try_again) on_click=retry />
        </main>
    }
}
