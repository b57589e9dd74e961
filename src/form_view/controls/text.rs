//! A line or an area of text.

use leptos::prelude::*;

use super::Typing;
use crate::form_view::question::Asked;

/// How an answer stands in the field, and what is stored of what is typed there.
#[derive(Clone, Copy)]
pub(super) struct Notation {
    pub(super) show: fn(&str) -> String,
    pub(super) read: fn(&str) -> String,
}

const AS_TYPED: Notation = Notation { show: str::to_owned, read: str::to_owned };

/// Text, on several lines where the form wants it.
#[component]
pub(super) fn Text(
    asked: Asked,
    rows: Option<u32>,
    secret: bool,
    #[prop(default = AS_TYPED)] notation: Notation,
) -> AnyView {
    let typing = Typing::new(asked, move |value| (notation.show)(&value));
    let take = move |text: String| typing.take(&(notation.read)(&text));
    if asked.looks("multiline") || rows.is_some() {
        return view! {
            <textarea
                id=asked.input_id()
                dir="auto"
                rows=rows.unwrap_or(3)
                readonly=asked.locked()
                aria-describedby=asked.described_by()
                aria-invalid=asked.invalid()
                prop:value=typing.start()
                on:focus=move |_| typing.enter()
                on:input:target=move |event| take(event.target().value())
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
            dir="auto"
            type=if secret { "password" } else { "text" }
            inputmode=mode
            autocomplete="off"
            readonly=asked.locked()
            aria-describedby=asked.described_by()
            aria-invalid=asked.invalid()
            value=typing.start()
            on:focus=move |_| typing.enter()
            on:input:target=move |event| take(event.target().value())
            on:blur=move |_| typing.leave()
        />
    }
    .into_any()
}
