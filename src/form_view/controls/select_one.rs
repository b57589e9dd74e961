//! One of a few choices: large buttons side by side, or rows one below the other.

use form::Choice;
use leptos::prelude::*;

use crate::reactive::{Show, memo};

use crate::components::{Button, ButtonKind, RichText, keyed_list};
use crate::form_view::question::Asked;
use crate::locale::Language;

/// One of a few choices. Real radio buttons: arrow keys move between them.
#[component]
pub(super) fn SelectOne(asked: Asked) -> impl IntoView {
    let words = asked.words;
    let choices = asked.entry.choices(asked.id);
    let in_columns = asked.state.with_untracked(|state| {
        state
            .appearance
            .iter()
            .any(|word| word.starts_with("columns") || word == "horizontal" || word == "likert")
    });
    let value = asked.value();
    let can_clear = memo(move || {
        let state = asked.state.read();
        !state.required && !state.readonly && !state.value.is_empty()
    });
    view! {
        <div
            class="choices"
            class:choices-columns=in_columns
            role="radiogroup"
            id=asked.input_id()
            aria-labelledby=asked.label_id()
            aria-describedby=asked.described_by()
            aria-invalid=asked.invalid()
        >
            {keyed_list(
                move || choices.get().to_vec(),
                |choice| format!("{}\n{}", choice.value, choice.label.text),
                move |choice| view! { <OneChoice asked=asked value=value choice=choice /> }.into_any(),
            )}
        </div>
        <Show when=move || choices.read().is_empty()>
            <p class="muted">{words.say(Language::no_choices)}</p>
        </Show>
        <Show when=move || can_clear.get()>
            <Button kind=ButtonKind::Quiet label=words.say(Language::clear_answer) on_click=move |()| asked.choose("") />
        </Show>
    }
}

#[component]
fn OneChoice(asked: Asked, value: Memo<String>, choice: Choice) -> impl IntoView {
    let this = choice.value.clone();
    let chosen = choice.value.clone();
    view! {
        <label class="choice">
            <input
                type="radio"
                name=asked.input_id()
                value=choice.value
                disabled=asked.readonly()
                prop:checked=move || *value.read() == this
                on:change=move |_| asked.choose(&chosen)
            />
            <RichText text=choice.label.text />
        </label>
    }
}
