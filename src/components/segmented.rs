//! A few choices side by side, one of them on.

use leptos::prelude::*;

use super::{chip::ChoiceOption, keyed_list::keyed_list};

/// A few choices side by side, one of them on. Real radio buttons: arrow keys move between them.
#[component]
pub fn Segmented(
    name: &'static str,
    #[prop(into)] label: Signal<String>,
    #[prop(into)] options: Signal<Vec<ChoiceOption>>,
    #[prop(into)] value: Signal<String>,
    #[prop(into)] on_choose: Callback<String>,
) -> impl IntoView {
    view! {
        <fieldset class="segmented">
            <legend class="visually-hidden">{move || label.get()}</legend>
            {keyed_list(
                move || options.get(),
                ChoiceOption::key,
                move |option| {
                    let this = option.value.clone();
                    let chosen = option.value.clone();
                    view! {
                        <label class="segment">
                            <input
                                type="radio"
                                name=name
                                value=option.value
                                prop:checked=move || *value.read() == this
                                on:change=move |_| on_choose.run(chosen.clone())
                            />
                            <span>{option.label}</span>
                        </label>
                    }
                        .into_any()
                },
            )}
        </fieldset>
    }
}
