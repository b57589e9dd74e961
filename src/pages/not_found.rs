//! An address that leads nowhere.

use leptos::prelude::*;

use super::title_page;
use crate::locale::Language;
use crate::router::A;
use crate::stores::preferences::use_words;

/// Says that there is no such page, and that nothing is lost.
#[component]
pub fn NotFoundPage() -> impl IntoView {
    let words = use_words();
    title_page(words.say(Language::nothing_here));
    view! {
        <main class="page open-failure">
            <h1>{words.say(Language::nothing_here)}</h1>
            <p>{words.say(Language::nothing_here_why)}</p>
            <A href="/" attr:class="button">{words.say(Language::to_today)}</A>
        </main>
    }
}
