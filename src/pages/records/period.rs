//! When the records of a list were begun: by the months and years that reports are of, or from one day to another.

use form::LocalTime;
use leptos::prelude::*;

use crate::components::{Button, ButtonKind, ChipSelect, ChoiceOption, Sheet};
use crate::locale::{
    Language,
    date::{date, days_in, iso_day},
};
use crate::platform::address::Query;
use crate::reactive::memo;
use crate::router::use_router;
use crate::stores::{day, preferences::use_words};

/// The names by which an address tells the first and the last day.
pub(super) const FROM: &str = "from";
pub(super) const TO: &str = "to";

/// What stands between two days where they are one value.
const BETWEEN: &str = "..";
/// Other days than those that are offered.
const OTHER: &str = "other";

/// A first and a last day, `YYYY-MM-DD`; either may be left out.
type Days = (String, String);

/// What days are called, and which they are.
type Offered = (fn(Language) -> &'static str, Days);

/// What a report is of on a day.
fn offered(LocalTime { unix_ms, offset_min }: LocalTime) -> Vec<Offered> {
    let today = iso_day(unix_ms, offset_min);
    let mut numbers = today.split('-').map(|number| number.parse::<u32>().unwrap_or_default());
    let (year, month) = (numbers.next().unwrap_or_default(), numbers.next().unwrap_or_default());
    let months = |year: u32, first: u32, last: u32| {
        let end = days_in(year, last);
        (format!("{year:04}-{first:02}-01"), format!("{year:04}-{last:02}-{end:02}"))
    };
    let before = year.saturating_sub(1);
    let (of_last, last) = if month <= 1 { (before, 12) } else { (year, month - 1) };
    vec![
        (Language::this_month, months(year, month, month)),
        (Language::last_month, months(of_last, last, last)),
        (Language::first_half, months(year, 1, 6)),
        (Language::this_year, months(year, 1, 12)),
        (Language::last_year, months(before, 1, 12)),
    ]
}

fn value((from, to): &Days) -> String {
    if from.is_empty() && to.is_empty() { String::new() } else { format!("{from}{BETWEEN}{to}") }
}

/// The days that an address names.
fn days(query: &Query) -> Days {
    (query.get(FROM).unwrap_or_default(), query.get(TO).unwrap_or_default())
}

/// The filter.
#[component]
pub(super) fn Period() -> impl IntoView {
    let words = use_words();
    let router = use_router();
    let query = router.query();
    let asking = RwSignal::new(false);
    let chosen = memo(move || days(&query.read()));
    let options = Signal::derive(move || {
        // Whoever chose no other days is back at what is chosen.
        asking.track();
        let language = words.now();
        let option = |label: &str, value| ChoiceOption { label: label.to_owned(), value };
        let offered = offered(day::now());
        let mut options: Vec<ChoiceOption> =
            offered.iter().map(|(label, days)| option(label(language), value(days))).collect();
        let now = value(&chosen.read());
        if !now.is_empty() && options.iter().all(|option| option.value != now) {
            let (from, to) = chosen.get();
            options.push(option(&language.days(&date(&from), &date(&to)), now));
        }
        options.push(option(language.other_days(), OTHER.to_owned()));
        options
    });
    let set = move |(from, to): (&str, &str)| {
        let query = router.query().with_untracked(|query| query.with(FROM, from).with(TO, to));
        router.refine(&query);
    };
    let choose = move |value: String| match value.split_once(BETWEEN) {
        Some(days) => set(days),
        None if value == OTHER => asking.set(true),
        None => set(("", "")),
    };
    view! {
        <ChipSelect
            label=words.say(Language::begun)
            any_label=words.say(Language::any_time)
            options=options
            value=Signal::derive(move || value(&chosen.read()))
            on_choose=choose
        />
        <Sheet
            open=asking
            title=words.say(Language::begun)
            close_label=words.say(Language::close)
            on_close=move |()| {
                asking.try_set(false);
            }
        >
            <Other
                chosen=chosen
                on_days=move |(from, to): Days| {
                    asking.set(false);
                    set((&from, &to));
                }
            />
        </Sheet>
    }
}

/// Asks for the days.
#[component]
fn Other(chosen: Memo<Days>, #[prop(into)] on_days: Callback<Days>) -> impl IntoView {
    let words = use_words();
    let typed = RwSignal::new(chosen.get_untracked());
    let (from, to) = typed.get_untracked();
    let field = move |label: fn(Language) -> &'static str,
                      day: String,
                      put: fn(&mut Days, String)| {
        view! {
            <label class="field">
                <span>{words.say(label)}</span>
                <input
                    type="date"
                    value=day
                    on:input:target=move |event| typed.update(|typed| put(typed, event.target().value()))
                />
            </label>
        }
    };
    view! {
        <form
            on:submit=move |event| {
                event.prevent_default();
                on_days.run(typed.get_untracked());
            }
        >
            <p class="muted">{words.say(Language::begun_then)}</p>
            {field(Language::from_day, from, |days, day| days.0 = day)}
            {field(Language::until_day, to, |days, day| days.1 = day)}
            <Button
                kind=ButtonKind::Primary
                label=words.say(Language::show_these)
                submits=true
                on_click=|()| {}
            />
        </form>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_of_whole_months_and_years() {
        let days = |unix_ms| {
            let offered = offered(LocalTime { unix_ms, offset_min: 420 });
            offered.iter().map(|(_, days)| value(days)).collect::<Vec<_>>()
        };
        // 2026-11-30 18:30 UTC: December in Hanoi.
        assert_eq!(
            days(1_796_063_400_000),
            [
                "2026-12-01..2026-12-31",
                "2026-11-01..2026-11-30",
                "2026-01-01..2026-06-30",
                "2026-01-01..2026-12-31",
                "2025-01-01..2025-12-31",
            ]
        );
        // 2024-03-01 and 2025-01-01 in Hanoi.
        assert_eq!(days(1_709_226_000_000)[1], "2024-02-01..2024-02-29");
        assert_eq!(days(1_735_664_400_000)[1], "2024-12-01..2024-12-31");
    }
}
