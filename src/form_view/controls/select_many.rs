//! Any number of a few choices.

use form::Choice;
use leptos::prelude::*;

use crate::reactive::Show;

use super::{
    choice_text,
    select_one::{arrangement, counted_columns},
};
use crate::components::rich_text;
use crate::form_view::media::{choice_picture, with_media};
use crate::form_view::question::Asked;
use crate::locale::Language;

/// Any number of choices, one below the other or side by side.
#[component]
pub(super) fn SelectMany(asked: Asked) -> impl IntoView {
    let choices = asked.entry.choices(asked.id);
    let value = asked.value();
    view! {
        <div
            class=arrangement(asked)
            style:grid-template-columns=counted_columns(asked)
            role="group"
            id=asked.input_id()
            aria-labelledby=asked.label_id()
            aria-describedby=asked.described_by()
            aria-invalid=asked.invalid()
        >
            {move || {
                let choice = |choice: &Choice| {
                    let drawn = view! { <ManyChoice asked=asked value=value choice=choice.clone() /> };
                    with_media(asked.entry, choice, drawn.into_any())
                };
                choices.read().iter().map(choice).collect_view()
            }}
        </div>
        <Show when=move || choices.read().is_empty()>
            <p class="muted">{asked.words.say(Language::no_choices)}</p>
        </Show>
    }
}

/// One choice of a question that takes several.
#[component]
pub(super) fn ManyChoice(asked: Asked, value: Memo<String>, choice: Choice) -> impl IntoView {
    let this = choice.value.clone();
    let toggled = choice.value.clone();
    let picture = choice_picture(asked.entry, &choice);
    let text = choice_text(&choice);
    view! {
        <label class="choice">
            <input
                type="checkbox"
                value=choice.value
                disabled=asked.locked()
                prop:checked=move || value.read().split_whitespace().any(|value| value == this)
                on:change:target=move |event| {
                    let choices = asked.entry.choices(asked.id).get_untracked();
                    let text = with_choice(&asked.value_at_once(), &toggled, event.target().checked(), &choices);
                    asked.choose(&text);
                }
            />
            {picture}
            {rich_text(&text)}
        </label>
    }
}

/// The answer with a choice put in or taken out, in the order of the choices.
pub(in crate::form_view) fn with_choice(
    value: &str,
    choice: &str,
    is_in: bool,
    choices: &[Choice],
) -> String {
    let mut chosen: Vec<&str> = value.split_whitespace().filter(|other| *other != choice).collect();
    if is_in {
        chosen.push(choice);
    }
    let place =
        |value: &str| choices.iter().position(|choice| choice.value == value).unwrap_or(usize::MAX);
    chosen.sort_by_key(|value| place(value));
    chosen.join(" ")
}

#[cfg(test)]
mod tests {
    use form::RichText;

    use super::*;

    #[test]
    fn choices_stand_in_the_order_of_the_list_and_none_is_lost() {
        let choices: Vec<Choice> = ["a", "b", "c"]
            .map(|value| Choice {
                value: value.to_owned(),
                label: RichText::default(),
                geometry: None,
            })
            .into();
        let cases = [
            ("", "b", true, "b"),
            ("b", "a", true, "a b"),
            ("a b", "a", false, "b"),
            ("a b", "b", true, "a b"),
            ("cu a", "c", true, "a c cu"),
            ("a", "a", false, ""),
        ];
        for (value, choice, is_in, answer) in cases {
            assert_eq!(with_choice(value, choice, is_in, &choices), answer, "{value} {choice}");
        }
    }
}
