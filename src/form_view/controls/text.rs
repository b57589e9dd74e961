//! A line or an area of text.

use leptos::prelude::*;

use super::Typing;
use crate::form_view::question::Asked;

/// Text, on several lines where the form wants it.
#[component]
pub(super) fn Text(asked: Asked, rows: Option<u32>, secret: bool) -> AnyView {
    let typing = Typing::new(asked, |value| value);
    if asked.looks("multiline") || rows.is_some() {
        return view! {
            <textarea
                id=asked.input_id()
                rows=rows.unwrap_or(3)
                readonly=asked.locked()
                aria-describedby=asked.described_by()
                aria-invalid=asked.invalid()
                prop:value=typing.start()
                on:focus=move |_| typing.enter()
                on:input:target=move |event| typing.take(&event.target().value())
                on:blur=move |_| typing.leave()
            ></textarea>
        }
        .into_any();
    }
    let mode = if asked.looks("numbers") {
        "numeric"
    } else if asked.looks("url") {
        "url"
    } else {
        "text"
    };
    view! {
        <input
            id=asked.input_id()
            type=if secret { "password" } else { "text" }
            inputmode=mode
            autocomplete="off"
            readonly=asked.locked()
            aria-describedby=asked.described_by()
            aria-invalid=asked.invalid()
            value=typing.start()
            on:focus=move |_| typing.enter()
            on:input:target=move |event| typing.take(&event.target().value())
            on:blur=move |_| typing.leave()
        />
    }
    .into_any()
}
