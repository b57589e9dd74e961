//! A button that puts a text on the clipboard, and says itself whether it could: a toast would lie below the sheet that it stands in.

use leptos::prelude::*;

use crate::components::{Button, ButtonKind, Glyph};
use crate::locale::Language;
use crate::platform::{clipboard, tasks};
use crate::stores::preferences::use_words;

/// Copies what `text` gives. Where the browser refuses, the text stands there to be selected.
#[component]
pub(super) fn CopyButton(
    #[prop(into)] label: Signal<String>,
    #[prop(into)] text: Callback<(), String>,
    #[prop(optional)] kind: ButtonKind,
) -> impl IntoView {
    let words = use_words();
    let refused = RwSignal::new(None::<String>);
    let told = RwSignal::new(None::<fn(Language) -> &'static str>);
    let copy = move |()| {
        let text = text.run(());
        tasks::spawn(async move {
            let is_copied = clipboard::copy(&text).await;
            told.try_set(Some(if is_copied { Language::copied } else { Language::not_copied }));
            refused.try_set((!is_copied).then_some(text));
        });
    };
    view! {
        <Button kind=kind icon=Glyph::Copy label=label on_click=copy />
        <p class="muted" role="status">{move || told.get().map(|told| told(words.now()))}</p>
        {move || refused.get().map(|text| view! { <p class="sign-in-code">{text}</p> })}
    }
}
