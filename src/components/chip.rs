//! Chips: filters that show what they are set to.

use leptos::prelude::*;

use super::keyed_list::keyed_list;

/// One thing to choose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChoiceOption {
    /// What is kept.
    pub value: String,
    /// What is read.
    pub label: String,
}

impl ChoiceOption {
    /// Stays the same as long as it is drawn the same.
    pub(super) fn key(&self) -> String {
        format!("{}\n{}", self.value, self.label)
    }
}

/// A filter with a few values: the browser's own list, looking like a chip.
#[component]
pub fn ChipSelect(
    #[prop(into)] label: Signal<String>,
    #[prop(into)] any_label: Signal<String>,
    #[prop(into)] options: Signal<Vec<ChoiceOption>>,
    /// Empty when the filter is off.
    #[prop(into)]
    value: Signal<String>,
    #[prop(into)] on_choose: Callback<String>,
) -> impl IntoView {
    view! {
        <select
            class="chip"
            class:chip-on=move || !value.read().is_empty()
            aria-label=move || label.get()
            prop:value=move || {
                options.track();
                value.get()
            }
            on:change:target=move |event| on_choose.run(event.target().value())
        >
            <option value="" selected=move || value.read().is_empty()>{move || any_label.get()}</option>
            {keyed_list(
                move || options.get(),
                ChoiceOption::key,
                move |option| {
                    let this = option.value.clone();
                    view! {
                        <option value=option.value selected=move || *value.read() == this>{option.label}</option>
                    }
                        .into_any()
                },
            )}
        </select>
    }
}

/// A filter that is on or off.
#[component]
pub fn ChipToggle(
    #[prop(into)] label: Signal<String>,
    #[prop(into)] on: Signal<bool>,
    #[prop(into)] on_toggle: Callback<bool>,
) -> impl IntoView {
    view! {
        <button
            type="button"
            class="chip"
            class:chip-on=move || on.get()
            aria-pressed=move || if on.get() { "true" } else { "false" }
            on:click=move |_| on_toggle.run(!on.get_untracked())
        >
            {move || label.get()}
        </button>
    }
}
