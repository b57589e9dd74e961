//! Text fields outside of forms: names, passwords, searches. The browser keeps what is typed; we only read it.

use leptos::html;
use leptos::prelude::*;

use crate::reactive::{Show, effect};

use super::button::IconButton;
use super::icon::{Glyph, Icon};

/// A labelled line of text.
#[component]
pub fn TextField(
    id: &'static str,
    #[prop(into)] label: Signal<String>,
    autocomplete: &'static str,
    #[prop(into)] on_input: Callback<String>,
) -> impl IntoView {
    view! {
        <div class="field">
            <label for=id>{move || label.get()}</label>
            <input
                id=id
                name=id
                type="text"
                autocomplete=autocomplete
                autocapitalize="none"
                spellcheck="false"
                on:input:target=move |event| on_input.run(event.target().value())
            />
        </div>
    }
}

/// A labelled password that can be shown.
#[component]
pub fn PasswordField(
    id: &'static str,
    #[prop(into)] label: Signal<String>,
    #[prop(into)] show_label: Signal<String>,
    #[prop(default = "current-password")] autocomplete: &'static str,
    #[prop(into)] on_input: Callback<String>,
) -> impl IntoView {
    let shown = RwSignal::new(false);
    view! {
        <div class="field">
            <label for=id>{move || label.get()}</label>
            <input
                id=id
                name=id
                type=move || if shown.get() { "text" } else { "password" }
                autocomplete=autocomplete
                on:input:target=move |event| on_input.run(event.target().value())
            />
            <label class="check-line">
                <input type="checkbox" on:change:target=move |event| shown.set(event.target().checked()) />
                <span>{move || show_label.get()}</span>
            </label>
        </div>
    }
}

/// A search box with a button that empties it.
#[component]
pub fn SearchField(
    #[prop(into)] label: Signal<String>,
    #[prop(into)] clear_label: Signal<String>,
    #[prop(optional, into)] start: String,
    /// How often whoever holds what is sought has emptied it: the box then is empty too.
    #[prop(optional)]
    emptied: Option<RwSignal<u32>>,
    #[prop(into)] on_input: Callback<String>,
) -> impl IntoView {
    let input = NodeRef::<html::Input>::new();
    let is_empty = RwSignal::new(start.is_empty());
    if let Some(emptied) = emptied {
        effect(move || {
            let input = input.get().filter(|_| emptied.get() > 0);
            if let Some(input) = input {
                input.set_value("");
                is_empty.set(true);
            }
        });
    }
    let say = move |text: String| {
        is_empty.try_set(text.is_empty());
        on_input.run(text);
    };
    view! {
        <div class="search-field">
            <Icon glyph=Glyph::Search />
            <input
                node_ref=input
                type="search"
                enterkeyhint="search"
                autocomplete="off"
                autocapitalize="none"
                spellcheck="false"
                value=start
                aria-label=move || label.get()
                placeholder=move || label.get()
                on:input:target=move |event| say(event.target().value())
            />
            <Show when=move || !is_empty.get()>
                <IconButton
                    label=clear_label
                    glyph=Glyph::Close
                    on_click=move |()| {
                        if let Some(input) = input.get_untracked() {
                            input.set_value("");
                            // Focus can only fail on an element that is gone.
                            drop(input.focus());
                        }
                        say(String::new());
                    }
                />
            </Show>
        </div>
    }
}
