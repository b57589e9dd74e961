//! One of a few choices: large buttons side by side, or rows one below the other.

use form::Choice;
use leptos::prelude::*;

use crate::reactive::Show;

use super::{Columns, choice_text, columns};
use crate::components::{Button, ButtonKind, rich_text};
use crate::form_view::media::{choice_picture, with_media};
use crate::form_view::question::Asked;
use crate::locale::Language;

/// How the choices of a question stand: classes of the element around them.
pub(super) fn arrangement(asked: Asked) -> &'static str {
    match (columns(asked), asked.looks("no-buttons")) {
        (Columns::None, true) => "choices choices-plain",
        (Columns::None, false) => "choices",
        _ => "choices choices-plain choices-columns",
    }
}

/// The columns, where the form counts them: so many where there is room for a word in each, fewer where the letters are large.
pub(super) fn counted_columns(asked: Asked) -> Option<String> {
    let Columns::Exactly(count) = columns(asked) else { return None };
    let gaps = count - 1;
    let width = format!("calc((100% - {gaps} * var(--space-2)) / {count})");
    Some(format!("repeat(auto-fill, minmax(max(4.75rem, {width}), 1fr))"))
}

/// One of a few choices. Real radio buttons: arrow keys move between them.
#[component]
pub(super) fn SelectOne(asked: Asked) -> impl IntoView {
    let words = asked.words;
    let choices = asked.entry.choices(asked.id);
    let value = asked.value();
    let can_clear = asked.can_clear();
    // `quick` is for fingers: arrow keys go over the choices, and would leave at the first.
    let by_finger = StoredValue::new(false);
    let is_quick = asked.looks("quick") || asked.looks("quickcompact");
    let choose = Callback::new(move |choice: String| {
        asked.choose(&choice);
        if is_quick && by_finger.get_value() && asked.is_page() {
            asked.entry.next_page();
        }
    });
    view! {
        <div
            class=arrangement(asked)
            style:grid-template-columns=counted_columns(asked)
            role="radiogroup"
            id=asked.input_id()
            aria-labelledby=asked.label_id()
            aria-describedby=asked.described_by()
            aria-invalid=asked.invalid()
            on:pointerdown=move |_| by_finger.set_value(true)
            on:keydown=move |_| by_finger.set_value(false)
        >
            {move || {
                let choice = |choice: &Choice| {
                    let drawn = view! { <OneChoice asked=asked value=value choice=choice.clone() choose=choose /> };
                    with_media(asked.entry, choice, drawn.into_any())
                };
                choices.read().iter().map(choice).collect_view()
            }}
        </div>
        <Show when=move || choices.read().is_empty()>
            <p class="muted">{words.say(Language::no_choices)}</p>
        </Show>
        <Show when=move || can_clear.get()>
            <Button kind=ButtonKind::Quiet label=words.say(Language::clear_answer) on_click=move |()| asked.clear() />
        </Show>
    }
}

#[component]
fn OneChoice(
    asked: Asked,
    value: Memo<String>,
    choice: Choice,
    choose: Callback<String>,
) -> impl IntoView {
    let this = choice.value.clone();
    let chosen = choice.value.clone();
    view! {
        <label class="choice">
            <input
                type="radio"
                name=asked.input_id()
                value=choice.value.clone()
                disabled=asked.locked()
                prop:checked=move || *value.read() == this
                on:change=move |_| choose.run(chosen.clone())
            />
            {choice_picture(asked.entry, &choice)}
            {rich_text(&choice_text(&choice))}
        </label>
    }
}
