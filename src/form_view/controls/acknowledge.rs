//! A confirmation.

use leptos::prelude::*;

use crate::form_view::question::Asked;
use crate::locale::Language;

/// A box to tick; the answer is `OK`.
#[component]
pub(super) fn Acknowledge(asked: Asked) -> impl IntoView {
    let value = asked.value();
    view! {
        <label class="choice">
            <input
                id=asked.input_id()
                type="checkbox"
                value="OK"
                disabled=asked.locked()
                aria-labelledby=asked.label_id()
                aria-describedby=asked.described_by()
                aria-invalid=asked.invalid()
                prop:checked=move || *value.read() == "OK"
                on:change:target=move |event| asked.choose(if event.target().checked() { "OK" } else { "" })
            />
            <span>{asked.words.say(Language::i_confirm)}</span>
        </label>
    }
}
