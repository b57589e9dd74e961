//! All choices in an order, moved up and down.

use form::Choice;
use leptos::prelude::*;

use crate::reactive::{Show, memo};

use super::{choice_name, choice_text};
use crate::components::{Button, ButtonKind, Glyph, IconButton, keyed_list, rich_text};
use crate::form_view::focus_once_drawn;
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
    let can_clear = asked.can_clear();
    let news = RwSignal::new(String::new());
    let swap = move |from: usize, to: usize| {
        let mut values: Vec<String> =
            order.with_untracked(|order| order.iter().map(|choice| choice.value.clone()).collect());
        if from < values.len() && to < values.len() {
            values.swap(from, to);
        }
        asked.choose(&values.join(" "));
    };
    let row = move |choice: Choice| {
        let name = Signal::stored(choice_name(&choice));
        let label = rich_text(&choice_text(&choice));
        let picture = choice_picture(asked.entry, &choice);
        let place = memo(move || {
            let is_this = |other: &Choice| other.value == choice.value;
            order.read().iter().position(is_this).unwrap_or_default()
        });
        // Of the two buttons, up is the first.
        let button = move |say: fn(Language) -> &'static str, glyph, down: bool| {
            let press = move |()| {
                let from = place.get_untracked();
                swap(from, if down { from + 1 } else { from.saturating_sub(1) });
                let to = place.get_untracked() + 1;
                news.set(format!("{}: {to}", name.get_untracked()));
                // A row that the browser moves loses the focus.
                let nth = 1 + usize::from(down);
                focus_once_drawn(format!(
                    "#{} > :nth-child({to}) > button:nth-of-type({nth})",
                    asked.input_id()
                ));
            };
            let label = Signal::derive(move || format!("{}: {}", say(words.now()), name.get()));
            view! { <IconButton label=label glyph=glyph on_click=press /> }
        };
        view! {
            <li class="rank-row">
                <span class="row-number">{move || place.get() + 1}</span>
                {picture}
                <span class="rank-label">{label}</span>
                <Show when=move || !asked.readonly().get()>
                    {button(Language::move_up, Glyph::Back, false)}
                    {button(Language::move_down, Glyph::Forward, true)}
                </Show>
            </li>
        }
        .into_any()
    };
    view! {
        <ol
            class="rank"
            class:rank-open=move || value.read().is_empty()
            id=asked.input_id()
            aria-labelledby=asked.label_id()
            aria-describedby=asked.described_by()
        >
            {keyed_list(move || order.get(), |choice| format!("{}\n{}", choice.value, choice.label.text), row)}
        </ol>
        <p class="visually-hidden" role="status">{news}</p>
        <Show when=move || value.read().is_empty() && !asked.readonly().get()>
            <Button label=words.say(Language::i_confirm) on_click=move |()| {
                swap(0, 0);
                asked.take_focus();
            } />
        </Show>
        <Show when=move || can_clear.get()>
            <Button kind=ButtonKind::Quiet label=words.say(Language::clear_answer) on_click=move |()| asked.clear() />
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
