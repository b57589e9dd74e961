//! A date on the phone's own picker, read back day first: a phone set to English shows the month first.

use leptos::prelude::*;

use super::Typing;
use crate::form_view::question::Asked;
use crate::locale::date;

/// A date; with `month-year` a month.
#[component]
pub(super) fn Date(asked: Asked) -> impl IntoView {
    let by_month = asked.looks("month-year") || asked.looks("year");
    let length = if by_month { 7 } else { 10 };
    let typing =
        Typing::new(asked, move |value| value.get(..length).unwrap_or_default().to_owned());
    let take = move |typed: String| {
        let is_month = by_month && !typed.is_empty();
        typing.take(&if is_month { format!("{typed}-01") } else { typed });
    };
    let value = asked.value();
    view! {
        <div class="read-back-line">
            <input
                node_ref=typing.input
                id=asked.input_id()
                class="date"
                type=if by_month { "month" } else { "date" }
                max=if by_month { "9999-12" } else { "9999-12-31" }
                readonly=asked.readonly()
                aria-describedby=asked.described_by()
                aria-invalid=asked.invalid()
                value=typing.start()
                on:focus=move |_| typing.enter()
                on:input:target=move |event| take(event.target().value())
                on:blur=move |_| typing.leave()
            />
            <span class="muted">{move || date::date(&value.read())}</span>
        </div>
    }
}
