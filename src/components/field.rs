//! Text fields outside of forms: names, passwords, searches. The browser keeps what is typed; we only read it.

use std::time::Duration;

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

/// After so long without another letter what was found is said.
const SETTLES: Duration = Duration::from_millis(500);

/// A search box with a button that empties it.
#[component]
pub fn SearchField(
    #[prop(into)] label: Signal<String>,
    #[prop(into)] clear_label: Signal<String>,
    /// What is sought, where it changes without being typed: the box shows it.
    #[prop(optional, into)]
    sought: Option<Signal<String>>,
    /// What was found, in words: said to whoever does not see it, once that has settled.
    #[prop(into)]
    found: Signal<String>,
    #[prop(into)] on_input: Callback<String>,
) -> impl IntoView {
    let input = NodeRef::<html::Input>::new();
    let is_empty = RwSignal::new(true);
    if let Some(sought) = sought {
        effect(move || {
            let text = sought.get();
            is_empty.set(text.is_empty());
            // As it was typed, it stands there already, and the cursor in it.
            if let Some(input) = input.get().filter(|input| input.value() != text) {
                input.set_value(&text);
            }
        });
    }
    let told = RwSignal::new(String::new());
    let turn = StoredValue::new(0_u32);
    effect(move || {
        let (found, is_sought) = (found.get(), !is_empty.get());
        let mine = turn.get_value() + 1;
        turn.set_value(mine);
        let tell = move || {
            if turn.try_get_value() == Some(mine) {
                told.try_set(if is_sought { found } else { String::new() });
            }
        };
        set_timeout(tell, SETTLES);
    });
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
            <span class="visually-hidden" role="status">{told}</span>
        </div>
    }
}
