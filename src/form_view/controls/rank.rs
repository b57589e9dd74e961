//! All choices in an order, moved up and down.

use form::Choice;
use leptos::prelude::*;

use crate::reactive::{Show, memo};

use super::choice_text;
use crate::components::{Button, Glyph, IconButton};
use crate::form_view::media::choice_picture;
use crate::form_view::question::Asked;
use crate::locale::Language;

/// All choices in an order. It is an answer only once the person has touched it.
#[component]
pub(super) fn Rank(asked: Asked) -> impl IntoView {
    let words = asked.words;
    let choices = asked.entry.choices(asked.id);
    let value = asked.value();
    let order = memo(move || in_order(&choices.read(), &value.read()));
    let move_to = move |from: usize, to: usize| {
        let mut values: Vec<String> =
            order.with_untracked(|order| order.iter().map(|choice| choice.value.clone()).collect());
        if from < values.len() && to < values.len() {
            values.swap(from, to);
        }
        asked.choose(&values.join(" "));
    };
    let row = move |(place, choice): (usize, Choice)| {
        view! {
            <li class="rank-row">
                <span class="row-number">{place + 1}</span>
                {choice_picture(asked.entry, &choice)}
                <span class="rank-label">{choice_text(&choice)}</span>
                <IconButton label=words.say(Language::move_up) glyph=Glyph::Back on_click=move |()| move_to(place, place.saturating_sub(1)) />
                <IconButton label=words.say(Language::move_down) glyph=Glyph::Forward on_click=move |()| move_to(place, place + 1) />
            </li>
        }
    };
    view! {
        <ol class="rank" class:rank-open=move || value.read().is_empty() id=asked.input_id() aria-labelledby=asked.label_id()>
            {move || order.get().into_iter().enumerate().map(row).collect_view()}
        </ol>
        <Show when=move || value.read().is_empty() && !asked.readonly().get()>
            <Button label=words.say(Language::i_confirm) on_click=move |()| move_to(0, 0) />
        </Show>
    }
}

/// The choices in the order of the answer; those it does not name come last.
fn in_order(choices: &[Choice], value: &str) -> Vec<Choice> {
    let ranked: Vec<&str> = value.split_whitespace().collect();
    let mut ordered = choices.to_vec();
    ordered.sort_by_key(|choice| {
        ranked.iter().position(|value| *value == choice.value).unwrap_or(usize::MAX)
    });
    ordered
}
