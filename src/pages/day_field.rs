//! A field for a day, on the browser's own picker.

use leptos::prelude::*;

use crate::form_view::read_back;

/// A labelled day.
#[component]
pub(super) fn DayField(
    id: &'static str,
    #[prop(into)] label: Signal<String>,
    #[prop(optional)] value: String,
    #[prop(into)] on_input: Callback<String>,
) -> impl IntoView {
    let day = RwSignal::new(value.clone());
    view! {
        <div class="field">
            <label for=id>{move || label.get()}</label>
            <input
                id=id
                type="date"
                value=value
                on:input:target=move |event| {
                    day.set(event.target().value());
                    on_input.run(day.get_untracked());
                }
            />
            {move || read_back(&day.read()).map(|day| view! { <span class="muted">{day}</span> })}
        </div>
    }
}
