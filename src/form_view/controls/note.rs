//! Text to read. The label says it all.

use leptos::prelude::*;

use crate::form_view::question::Asked;

/// A note; what it holds beside its label is shown too.
#[component]
pub(super) fn Note(asked: Asked) -> impl IntoView {
    let value = asked.value();
    move || {
        Some(value.get())
            .filter(|value| !value.is_empty())
            .map(|value| view! { <p class="note-value">{value}</p> })
    }
}
