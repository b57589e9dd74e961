//! A number between two others: on a slider, from a list, or as a row of buttons.

use std::sync::Arc;

use form::{Choice, Question, QuestionControl};
use leptos::prelude::*;

use crate::reactive::Show;

use super::{is_same, number::Number, number_name};
use crate::components::{Button, ButtonKind, rich_text};
use crate::form_view::question::Asked;
use crate::locale::Language;

/// So many numbers a list may have; more stay on the slider.
const LISTED_MAX: usize = 500;

/// A number between two others. Nothing is answered until it is touched.
#[expect(clippy::needless_pass_by_value, reason = "a component owns its props")]
#[component]
pub(super) fn Range(asked: Asked, question: Arc<Question>) -> AnyView {
    let QuestionControl::Range { start, end, step } = &question.control else {
        return ().into_any();
    };
    let numbers = Numbers::new(start, end, step);
    let is_listed = asked.looks("picker") || asked.looks("rating");
    let listed = numbers.as_ref().filter(|_| is_listed).and_then(|numbers| numbers.list(1));
    match (listed, numbers) {
        (Some(listed), _) if asked.looks("rating") => {
            view! { <Rating asked=asked numbers=listed /> }.into_any()
        }
        (Some(listed), _) => view! { <Picker asked=asked numbers=listed /> }.into_any(),
        (None, Some(numbers)) => {
            let start = question.parameter("placeholder").unwrap_or(start).to_owned();
            let interval = question.parameter("tick-interval").filter(|_| !asked.looks("no-ticks"));
            let ticks = interval.and_then(|interval| numbers.ticks(interval)).unwrap_or_default();
            view! { <Slider asked=asked start=start numbers=numbers ticks=ticks /> }.into_any()
        }
        // A form that says no numbers.
        (None, None) => view! { <Number asked=asked whole=false /> }.into_any(),
    }
}

/// The numbers of a range, from its start on.
#[derive(Debug)]
struct Numbers {
    start: f64,
    /// Below zero where the range goes down.
    step: f64,
    /// How many there are behind the first.
    more: f64,
    /// So many decimals as the range is written with.
    places: usize,
}

impl Numbers {
    fn new(start: &str, end: &str, step: &str) -> Option<Self> {
        let decimals = |text: &str| text.trim().split_once('.').map_or(0, |(_, rest)| rest.len());
        let places = decimals(start).max(decimals(step));
        let (start, end) = (form::parse_number(start.trim())?, form::parse_number(end.trim())?);
        let step = form::parse_number(step.trim()).map(f64::abs).filter(|step| *step > 0.0)?;
        let more = ((end - start).abs() / step + 1e-9).floor();
        let step = if end < start { -step } else { step };
        more.is_finite().then_some(Self { start, step, more, places })
    }

    fn at(&self, place: f64) -> String {
        format!("{:.*}", self.places, self.start + self.step * place)
    }

    fn goes_down(&self) -> bool {
        self.step < 0.0
    }

    /// The first and the last, the smaller before.
    fn ends(&self) -> (String, String) {
        let (first, last) = (self.at(0.0), self.at(self.more));
        if self.goes_down() { (last, first) } else { (first, last) }
    }

    /// Each, or every so many; `None` where they are too many.
    fn list(&self, every: usize) -> Option<Vec<String>> {
        let count = (self.more / every.max(1) as f64).floor();
        let number = |at: usize| self.at((at * every) as f64);
        (count < LISTED_MAX as f64).then(|| (0..=count as usize).map(number).collect())
    }

    /// Those at which a mark stands.
    fn ticks(&self, interval: &str) -> Option<Vec<String>> {
        let every = (form::parse_number(interval.trim())? / self.step).abs().round();
        (every >= 1.0 && every <= self.more).then(|| self.list(every as usize)).flatten()
    }
}

/// The keys that move a slider to its smaller numbers, and so not at all where the smallest is.
const DOWN: [&str; 4] = ["Home", "PageDown", "ArrowLeft", "ArrowDown"];
/// The same where the largest number stands at the left.
const UP: [&str; 4] = ["End", "PageUp", "ArrowLeft", "ArrowUp"];

/// A slider with the number beside it, or with what that is called.
#[component]
fn Slider(asked: Asked, start: String, numbers: Numbers, ticks: Vec<String>) -> impl IntoView {
    let words = asked.words;
    let value = asked.value();
    let names = asked.entry.choices(asked.id);
    let called = move |number: &str| {
        number_name(&names.read(), number).unwrap_or_else(|| words.now().number(number))
    };
    // Without words of its own, a reader would say where an empty slider stands.
    let said = move || match value.read().as_str() {
        "" => words.now().empty_row().to_owned(),
        number => called(number),
    };
    // An empty slider stands where it begins: whoever wants just that number moves nothing, and the browser tells of no change.
    let take_start = move |number: String| {
        if asked.value_at_once().is_empty() {
            asked.choose(&number);
        }
    };
    let (min, max) = numbers.ends();
    let goes_down = numbers.goes_down();
    let standing = if goes_down { UP } else { DOWN };
    let marks = format!("{}-ticks", asked.input_id());
    let mark = |tick: String| view! { <option value=tick></option> };
    view! {
        <div
            class="range"
            class:range-down=goes_down
            class:range-empty=move || value.read().is_empty()
            class:range-vertical=asked.looks("vertical")
        >
            <div class="range-scale">
                <input
                    id=asked.input_id()
                    type="range"
                    min=min
                    max=max
                    step=numbers.step.abs().to_string()
                    list={(!ticks.is_empty()).then(|| marks.clone())}
                    disabled=asked.locked()
                    aria-describedby=asked.described_by()
                    aria-invalid=asked.invalid()
                    aria-valuetext=said
                    prop:value=move || if value.read().is_empty() { start.clone() } else { value.get() }
                    on:input:target=move |event| asked.entry.answer(asked.id, &event.target().value())
                    on:change:target=move |event| asked.choose(&event.target().value())
                    // Not `click`, which a press on the label is too.
                    on:mouseup:target=move |event| take_start(event.target().value())
                    on:keyup:target=move |event| {
                        if standing.contains(&event.key().as_str()) {
                            take_start(event.target().value());
                        }
                    }
                />
                {(!ticks.is_empty()).then(|| view! { <datalist id=marks>{ticks.into_iter().map(mark).collect_view()}</datalist> })}
                {move || {
                    let names = names.read();
                    (!names.is_empty()).then(|| view! { <div class="range-names">{in_order(&names)}</div> })
                }}
            </div>
            // The slider says it by itself.
            <span class="range-value" aria-hidden="true">
                {move || if value.read().is_empty() { "–".to_owned() } else { called(&value.read()) }}
            </span>
        </div>
        <Show when=move || !value.read().is_empty() && !asked.readonly().get()>
            <Button kind=ButtonKind::Quiet label=words.say(Language::clear_entry) on_click=move |()| asked.clear() />
        </Show>
    }
}

/// What numbers are called, the smallest first.
fn in_order(names: &[Choice]) -> Vec<AnyView> {
    let number = |name: &Choice| form::parse_number(&name.value).unwrap_or_default();
    let mut names: Vec<&Choice> = names.iter().collect();
    names.sort_by(|a, b| number(a).total_cmp(&number(b)));
    names.into_iter().map(|name| rich_text(&name.label.text)).collect()
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
            <Button kind=ButtonKind::Quiet label=words.say(Language::clear_entry) on_click=move |()| asked.clear() />
        </Show>
    }
}

#[cfg(test)]
mod tests {
    use super::{Numbers, is_same};

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
            let numbers = Numbers::new(start, end, step);
            let found = numbers.and_then(|numbers| numbers.list(1)).map(|all| all.join(" "));
            assert_eq!(found.as_deref(), listed, "{start} {end} {step}");
        }
        assert!(is_same("3", "3.0") && !is_same("", "0") && !is_same("3", "4"));
    }

    #[test]
    fn a_slider_goes_from_the_smaller_number_to_the_larger_whichever_the_range_begins_with() {
        let cases = [
            (("1", "5", "1"), ("1", "5"), false),
            (("5", "1", "1"), ("1", "5"), true),
            (("10", "1", "-4"), ("2", "10"), true),
            (("1", "0", "0.25"), ("0.00", "1.00"), true),
        ];
        for ((start, end, step), (low, high), down) in cases {
            let numbers = Numbers::new(start, end, step).expect("numbers");
            assert_eq!(numbers.ends(), (low.to_owned(), high.to_owned()), "{start} {end} {step}");
            assert_eq!(numbers.goes_down(), down);
        }
        let ticks = |interval| Numbers::new("0", "10", "1").expect("numbers").ticks(interval);
        assert_eq!(ticks("5").expect("marks"), ["0", "5", "10"]);
        assert!(ticks("0").is_none() && ticks("50").is_none() && ticks("a").is_none());
    }
}
