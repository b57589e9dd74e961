//! A number between two others: on a slider, from a list, or as a row of buttons.

use leptos::prelude::*;

use crate::reactive::Show;

use crate::components::{Button, ButtonKind};
use crate::form_view::question::Asked;
use crate::locale::Language;

/// So many numbers a list may have; more stay on the slider.
const LISTED_MAX: usize = 500;

/// A number between two others. Nothing is answered until it is touched.
#[component]
pub(super) fn Range(asked: Asked, start: String, end: String, step: String) -> AnyView {
    let is_listed = asked.looks("picker") || asked.looks("rating");
    let numbers = if is_listed { numbers(&start, &end, &step) } else { None };
    match numbers {
        Some(numbers) if asked.looks("rating") => {
            view! { <Rating asked=asked numbers=numbers /> }.into_any()
        }
        Some(numbers) => view! { <Picker asked=asked numbers=numbers /> }.into_any(),
        None => view! { <Slider asked=asked start=start end=end step=step /> }.into_any(),
    }
}

/// The numbers of a range, with as many decimals as it is written with.
fn numbers(start: &str, end: &str, step: &str) -> Option<Vec<String>> {
    let decimals = |text: &str| text.trim().split_once('.').map_or(0, |(_, rest)| rest.len());
    let places = decimals(start).max(decimals(step));
    let (start, end) = (form::parse_number(start.trim())?, form::parse_number(end.trim())?);
    let step = form::parse_number(step.trim()).map(f64::abs).filter(|step| *step > 0.0)?;
    let count = ((end - start).abs() / step + 1e-9).floor();
    if !count.is_finite() || count as usize >= LISTED_MAX {
        return None;
    }
    let step = if end < start { -step } else { step };
    let number = |at: usize| format!("{:.places$}", start + step * at as f64);
    Some((0..=count as usize).map(number).collect())
}

/// The keys that move a slider down, and so not at all where it begins.
const DOWN: [&str; 4] = ["Home", "PageDown", "ArrowLeft", "ArrowDown"];

/// A slider with the number beside it.
#[component]
fn Slider(asked: Asked, start: String, end: String, step: String) -> impl IntoView {
    let words = asked.words;
    let value = asked.value();
    let middle = start.clone();
    // Without words of its own, a reader would say where an empty slider stands.
    let said = move || match value.read().as_str() {
        "" => words.now().empty_row().to_owned(),
        number => words.now().number(number),
    };
    // An empty slider stands where it begins: whoever wants just that number moves nothing, and the browser tells of no change.
    let take_start = move |number: String| {
        if asked.value_at_once().is_empty() {
            asked.choose(&number);
        }
    };
    view! {
        <div
            class="range"
            class:range-empty=move || value.read().is_empty()
            class:range-vertical=asked.looks("vertical")
        >
            <input
                id=asked.input_id()
                type="range"
                min=start
                max=end
                step=step
                disabled=asked.locked()
                aria-describedby=asked.described_by()
                aria-invalid=asked.invalid()
                aria-valuetext=said
                prop:value=move || if value.read().is_empty() { middle.clone() } else { value.get() }
                on:input:target=move |event| asked.entry.answer(asked.id, &event.target().value())
                on:change:target=move |event| asked.choose(&event.target().value())
                // Not `click`, which a press on the label is too.
                on:mouseup:target=move |event| take_start(event.target().value())
                on:keyup:target=move |event| {
                    if DOWN.contains(&event.key().as_str()) {
                        take_start(event.target().value());
                    }
                }
            />
            // The slider says it by itself.
            <span class="range-value" aria-hidden="true">
                {move || if value.read().is_empty() { "–".to_owned() } else { words.now().number(&value.read()) }}
            </span>
        </div>
        <Show when=move || !value.read().is_empty() && !asked.readonly().get()>
            <Button kind=ButtonKind::Quiet label=words.say(Language::clear_answer) on_click=move |()| asked.clear() />
        </Show>
    }
}

/// Whether two texts are the same number: `3` and `3.0` are.
fn is_same(a: &str, b: &str) -> bool {
    a == b || form::parse_number(a).is_some_and(|a| form::parse_number(b) == Some(a))
}

/// The numbers in a list.
#[component]
fn Picker(asked: Asked, numbers: Vec<String>) -> impl IntoView {
    let words = asked.words;
    let value = asked.value();
    let option = |number: String| {
        let this = number.clone();
        let text = number.clone();
        view! {
            <option value=number selected=move || is_same(&value.read(), &this)>
                {move || words.now().number(&text)}
            </option>
        }
        .into_any()
    };
    view! {
        <select
            class="select picker"
            id=asked.input_id()
            disabled=asked.locked()
            aria-describedby=asked.described_by()
            aria-invalid=asked.invalid()
            on:change:target=move |event| asked.choose(&event.target().value())
        >
            <option value="" selected=move || value.read().is_empty()>{words.say(Language::choose)}</option>
            {numbers.into_iter().map(option).collect_view()}
        </select>
    }
}

/// The numbers side by side; all up to the chosen one are filled.
#[component]
fn Rating(asked: Asked, numbers: Vec<String>) -> impl IntoView {
    let words = asked.words;
    let value = asked.value();
    let can_clear = asked.can_clear();
    let one = |number: String| {
        let (this, chosen, text) = (number.clone(), number.clone(), number.clone());
        let upto = form::parse_number(&number).unwrap_or_default();
        let is_filled =
            move || form::parse_number(&value.read()).is_some_and(|value| upto <= value);
        view! {
            <label class="rating" class:rating-filled=is_filled>
                <input
                    type="radio"
                    name=asked.input_id()
                    value=number
                    disabled=asked.locked()
                    prop:checked=move || is_same(&value.read(), &this)
                    on:change=move |_| asked.choose(&chosen)
                />
                <span>{move || words.now().number(&text)}</span>
            </label>
        }
        .into_any()
    };
    view! {
        <div class="ratings" role="radiogroup" aria-labelledby=asked.label_id() aria-describedby=asked.described_by() aria-invalid=asked.invalid()>
            {numbers.into_iter().map(one).collect_view()}
        </div>
        <Show when=move || can_clear.get()>
            <Button kind=ButtonKind::Quiet label=words.say(Language::clear_answer) on_click=move |()| asked.clear() />
        </Show>
    }
}

#[cfg(test)]
mod tests {
    use super::{is_same, numbers};

    #[test]
    fn the_numbers_of_a_range_are_written_as_the_range_is() {
        let cases = [
            (("1", "5", "1"), Some("1 2 3 4 5")),
            (("0", "1", "0.25"), Some("0.00 0.25 0.50 0.75 1.00")),
            (("5", "1", "2"), Some("5 3 1")),
            (("-1", "1", "1"), Some("-1 0 1")),
            (("0", "0.3", "0.1"), Some("0.0 0.1 0.2 0.3")),
            (("0", "1000000", "1"), None),
            (("0", "10", "0"), None),
            (("a", "10", "1"), None),
        ];
        for ((start, end, step), listed) in cases {
            let found = numbers(start, end, step).map(|numbers| numbers.join(" "));
            assert_eq!(found.as_deref(), listed, "{start} {end} {step}");
        }
        assert!(is_same("3", "3.0") && !is_same("", "0") && !is_same("3", "4"));
    }
}
