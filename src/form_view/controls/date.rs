//! A date on the phone's own picker, read back day first where that shows another order: a phone set to English the month first.

use leptos::prelude::*;

use super::Typing;
use crate::form_view::question::Asked;
use crate::locale::Language;
use crate::locale::date;
use crate::platform::calendar;

/// How a date is entered.
struct Field {
    /// The type of the input.
    kind: &'static str,
    max: Option<&'static str>,
    /// How much of a stored date stands in the field.
    length: usize,
    /// What a stored date has beside that.
    rest: &'static str,
}

const DAY: Field = Field { kind: "date", max: Some("9999-12-31"), length: 10, rest: "" };
const MONTH: Field = Field { kind: "month", max: Some("9999-12"), length: 7, rest: "-01" };
const YEAR: Field = Field { kind: "text", max: None, length: 4, rest: "-01-01" };

/// Calendars of ODK's appearances, by the name that browsers have for them. Of `bikram-sambat` and `myanmar` none knows.
const CALENDARS: [(&str, &str); 4] = [
    ("ethiopian", "ethiopic"),
    ("coptic", "coptic"),
    ("islamic", "islamic"),
    ("persian", "persian"),
];

/// A date; with `month-year` a month, with `year` a year, with `no-calendar` typed.
#[component]
pub(super) fn Date(asked: Asked) -> impl IntoView {
    let is_typed = asked.looks("no-calendar");
    let field = if asked.looks("month-year") {
        MONTH
    } else if asked.looks("year") {
        YEAR
    } else {
        DAY
    };
    let Field { kind, max, length, rest } = field;
    let is_typed = is_typed && rest.is_empty();
    let typing = Typing::new(asked, move |value| {
        if is_typed { date::date(&value) } else { value.get(..length).unwrap_or(&value).to_owned() }
    });
    let take = move |typed: String| {
        let typed = typed.trim();
        let is_whole = typed.len() == length && !rest.is_empty();
        if is_typed {
            typing.take(&date::parse_date(typed).unwrap_or_else(|| typed.to_owned()));
        } else if is_whole {
            typing.take(&format!("{typed}{rest}"));
        } else {
            typing.take(typed);
        }
    };
    let value = asked.value();
    let other = CALENDARS.iter().find(|(word, _)| asked.looks(word)).map(|(_, name)| *name);
    let told = move || {
        let value = value.read();
        let own = (rest.is_empty() && !is_typed).then(|| read_back(&value)).flatten();
        let in_other = other
            .and_then(|name| calendar::day_in(name, asked.words.now().code(), value.get(..10)?));
        own.into_iter().chain(in_other).collect::<Vec<_>>().join(" · ")
    };
    let is_text = is_typed || kind == "text";
    view! {
        <div class="read-back-line">
            <input
                id=asked.input_id()
                class="date"
                type=if is_typed { "text" } else { kind }
                max=max.filter(|_| !is_text)
                inputmode=is_text.then_some("numeric")
                placeholder=is_typed.then(|| asked.words.say(Language::date_as_typed))
                autocomplete="off"
                readonly=asked.locked()
                aria-describedby=asked.described_by()
                aria-invalid=asked.invalid()
                value=typing.start()
                on:focus=move |_| typing.enter()
                on:input:target=move |event| take(event.target().value())
                on:blur=move |_| typing.leave()
            />
            <span class="muted">{told}</span>
        </div>
    }
}

/// A day (`2024-03-07`) as people write it, where the browser's own field shows it in another order: an English one the month first.
#[must_use]
pub fn read_back(day: &str) -> Option<String> {
    (!day.is_empty() && !calendar::is_day_first()).then(|| date::date(day))
}
