//! A time of day, and a moment, on the phone's own pickers.

use leptos::prelude::*;

use super::Typing;
use crate::form_view::question::Asked;
use crate::locale::date;
use crate::platform::clock;

/// `+07:00`
fn zone() -> String {
    let offset_min = clock::local_now().offset_min;
    let sign = if offset_min < 0 { '-' } else { '+' };
    format!("{sign}{:02}:{:02}", offset_min.abs() / 60, offset_min.abs() % 60)
}

fn with_zone(typed: &str) -> String {
    if typed.is_empty() { String::new() } else { format!("{typed}:00.000{}", zone()) }
}

/// A time of day.
#[component]
pub(super) fn Time(asked: Asked) -> impl IntoView {
    let typing = Typing::new(asked, |value| value.get(..5).unwrap_or_default().to_owned());
    view! {
        <input
            id=asked.input_id()
            class="date"
            type="time"
            readonly=asked.locked()
            aria-describedby=asked.described_by()
            aria-invalid=asked.invalid()
            value=typing.start()
            on:focus=move |_| typing.enter()
            on:input:target=move |event| typing.take(&with_zone(&event.target().value()))
            on:blur=move |_| typing.leave()
        />
    }
}

/// A moment: date and time.
#[component]
pub(super) fn DateTime(asked: Asked) -> impl IntoView {
    let typing = Typing::new(asked, |value| value.get(..16).unwrap_or_default().to_owned());
    let value = asked.value();
    view! {
        <div class="read-back-line">
            <input
                id=asked.input_id()
                class="date"
                type="datetime-local"
                readonly=asked.locked()
                aria-describedby=asked.described_by()
                aria-invalid=asked.invalid()
                value=typing.start()
                on:focus=move |_| typing.enter()
                on:input:target=move |event| typing.take(&with_zone(&event.target().value()))
                on:blur=move |_| typing.leave()
            />
            <span class="muted">{move || date::date_time(&value.read())}</span>
        </div>
    }
}
