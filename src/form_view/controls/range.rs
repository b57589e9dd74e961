//! A number between two others, on a slider.

use leptos::prelude::*;

use crate::reactive::Show;

use crate::components::{Button, ButtonKind};
use crate::form_view::question::Asked;
use crate::locale::Language;

/// A slider with the number beside it. Nothing is answered until it is touched.
#[component]
pub(super) fn Range(asked: Asked, start: String, end: String, step: String) -> impl IntoView {
    let words = asked.words;
    let value = asked.value();
    let middle = start.clone();
    view! {
        <div class="range" class:range-empty=move || value.read().is_empty()>
            <input
                id=asked.input_id()
                type="range"
                min=start
                max=end
                step=step
                disabled=asked.readonly()
                aria-describedby=asked.described_by()
                aria-valuetext=move || words.now().number(&value.read())
                prop:value=move || if value.read().is_empty() { middle.clone() } else { value.get() }
                on:input:target=move |event| asked.entry.answer(asked.id, &event.target().value())
                on:change:target=move |event| asked.choose(&event.target().value())
            />
            <output class="range-value">
                {move || if value.read().is_empty() { "–".to_owned() } else { words.now().number(&value.read()) }}
            </output>
        </div>
        <Show when=move || !value.read().is_empty() && !asked.readonly().get()>
            <Button kind=ButtonKind::Quiet label=words.say(Language::clear_answer) on_click=move |()| asked.choose("") />
        </Show>
    }
}
