//! A number, typed with the marks of the language; the answer holds it in the form's notation.

use leptos::prelude::*;

use super::Typing;
use crate::form_view::question::Asked;

/// A number. `type=number` is left alone: it empties itself at a wrong key, and nothing typed may be lost.
#[component]
pub(super) fn Number(asked: Asked, whole: bool) -> impl IntoView {
    let words = asked.words;
    let typing = Typing::new(asked, move |value| {
        let language = words.at_once();
        if whole { language.whole_number(&value) } else { language.number(&value) }
    });
    view! {
        <input
            node_ref=typing.input
            id=asked.input_id()
            class="number"
            type="text"
            inputmode=if whole { "numeric" } else { "decimal" }
            autocomplete="off"
            readonly=asked.readonly()
            aria-describedby=asked.described_by()
            aria-invalid=asked.invalid()
            value=typing.start()
            on:focus=move |_| typing.enter()
            on:input:target=move |event| typing.take(&words.at_once().parse_number(&event.target().value()))
            on:blur=move |_| typing.leave()
        />
    }
}
