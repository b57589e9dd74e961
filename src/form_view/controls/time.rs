//! A time of day, and a moment, on the phone's own pickers.

use leptos::prelude::*;

use super::Typing;
use crate::form_view::question::Asked;
use crate::locale::date;
use crate::platform::clock;

/// What is typed, with the offset of the clock that it stands on: `2026-07-01T08:30:00.000+07:00`
fn with_zone(typed: &str) -> String {
    if typed.is_empty() {
        return String::new();
    }
    let offset_min = clock::offset_min_at(typed);
    let sign = if offset_min < 0 { '-' } else { '+' };
    let (hours, minutes) = (offset_min.abs() / 60, offset_min.abs() % 60);
    format!("{typed}:00.000{sign}{hours:02}:{minutes:02}")
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
