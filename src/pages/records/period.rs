//! When the records of a list were begun: by the months and years that reports are of, or from one day to another.

use form::LocalTime;
use leptos::prelude::*;

use crate::components::{Button, ButtonKind, ChipSelect, ChoiceOption, Sheet};
use crate::locale::{
    Language,
    date::{date, days_in, iso_day},
};
use crate::pages::day_field::DayField;
use crate::platform::address::Query;
use crate::reactive::memo;
use crate::router::use_router;
use crate::stores::{Library, day, pack::FormKind, preferences::use_words};

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
type Offered = (String, Days);

/// What a report is of on a day: of each of the organisation's periods the newest that has begun and the one before it; without
/// any, months and years of the calendar.
fn offered(
    LocalTime { unix_ms, offset_min }: LocalTime,
    periods: &[FormKind],
    language: Language,
) -> Vec<Offered> {
    let today = iso_day(unix_ms, offset_min);
    let mut numbers = today.split('-').map(|number| number.parse::<u32>().unwrap_or_default());
    let mut number = || numbers.next().unwrap_or_default();
    let (year, month, day) = (number(), number(), number());
    let of_pack = periods.iter().filter_map(|period| {
        let title = period.title.get(language);
        let [newest, before] = newest(&period.id, year * 12 + month, day)?;
        let told = |days: Days| {
            (format!("{title} ({})", language.days(&date(&days.0), &date(&days.1))), days)
        };
        Some([told(newest), told(before)])
    });
    let of_pack: Vec<Offered> = of_pack.flatten().collect();
    if !of_pack.is_empty() {
        return of_pack;
    }
    let months = |year: u32, first: u32, last: u32| {
        let end = days_in(year, last);
        (format!("{year:04}-{first:02}-01"), format!("{year:04}-{last:02}-{end:02}"))
    };
    let before = year.saturating_sub(1);
    let (of_last, last) = if month <= 1 { (before, 12) } else { (year, month - 1) };
    [
        (language.this_month(), months(year, month, month)),
        (language.last_month(), months(of_last, last, last)),
        (language.first_half(), months(year, 1, 6)),
        (language.this_year(), months(year, 1, 12)),
        (language.last_year(), months(before, 1, 12)),
    ]
    .map(|(label, days)| (label.to_owned(), days))
    .into()
}

/// The days of the newest period of a kind (`12-15/3`) that has begun in a month, counted from the year 0, by a day of it, and those of
/// the one before.
fn newest(kind: &str, month: u32, day: u32) -> Option<[Days; 2]> {
    let (from, months) = kind.split_once('/')?;
    let (first, begin) = from.split_once('-')?;
    let (first, begin, months) =
        (first.parse::<u32>().ok()?, begin.parse::<u32>().ok()?, months.parse::<u32>().ok()?);
    let begun = month.checked_sub(u32::from(day < begin))?;
    let since = (begun + 12).checked_sub(first)?.checked_rem(months)?;
    let newest = begun.checked_sub(since)?;
    let iso = |month: u32, day: u32| {
        let month = month.saturating_sub(1);
        format!("{:04}-{:02}-{day:02}", month / 12, month % 12 + 1)
    };
    let end = |next: u32| match begin {
        1 => {
            let last = next.saturating_sub(2);
            iso(next.saturating_sub(1), days_in(last / 12, last % 12 + 1))
        }
        _ => iso(next, begin.saturating_sub(1)),
    };
    let from = |start: u32| (iso(start, begin), end(start + months));
    Some([from(newest), from(newest.checked_sub(months)?)])
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
    let pack = expect_context::<Library>().pack();
    let asking = RwSignal::new(false);
    let chosen = memo(move || days(&query.read()));
    let options = Signal::derive(move || {
        // Whoever chose no other days is back at what is chosen.
        asking.track();
        let language = words.now();
        let option = |label: &str, value| ChoiceOption { label: label.to_owned(), value };
        let offered = offered(day::now(), &pack.read().periods, language);
        let mut options: Vec<ChoiceOption> =
            offered.iter().map(|(label, days)| option(label, value(days))).collect();
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
    view! {
        <form
            on:submit=move |event| {
                event.prevent_default();
                on_days.run(typed.get_untracked());
            }
        >
            <p class="muted">{words.say(Language::begun_then)}</p>
            <DayField
                id="begun-from"
                label=words.say(Language::from_day)
                value=from
                on_input=move |day| typed.update(|days| days.0 = day)
            />
            <DayField
                id="begun-until"
                label=words.say(Language::until_day)
                value=to
                on_input=move |day| typed.update(|days| days.1 = day)
            />
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
    use crate::stores::pack::Text;

    use super::*;

    #[test]
    fn without_periods_of_its_own_a_report_is_of_whole_months_and_years() {
        let days = |unix_ms| {
            let offered = offered(LocalTime { unix_ms, offset_min: 420 }, &[], Language::Vi);
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

    #[test]
    fn a_report_is_of_the_periods_of_the_organisation_that_have_begun() {
        let kind = |id: &str| {
            let title = Text([("vi".to_owned(), "6 tháng".to_owned())].into());
            FormKind { id: id.to_owned(), title }
        };
        let labels = |unix_ms, id: &str| {
            let now = LocalTime { unix_ms, offset_min: 420 };
            let offered = offered(now, &[kind(id)], Language::Vi);
            offered.into_iter().map(|(label, _)| label).collect::<Vec<_>>()
        };
        // 2026-07-02, 2027-01-10 and 2026-12-14 in Hanoi.
        const JULY: i64 = 1_782_925_200_000;
        const JANUARY: i64 = 1_799_514_000_000;
        const DECEMBER: i64 = 1_797_181_200_000;
        for (now, id, told) in [
            (JULY, "12-15/6", ["15/06/2026 – 14/12/2026", "15/12/2025 – 14/06/2026"]),
            (JANUARY, "12-15/6", ["15/12/2026 – 14/06/2027", "15/06/2026 – 14/12/2026"]),
            (DECEMBER, "12-15/12", ["15/12/2025 – 14/12/2026", "15/12/2024 – 14/12/2025"]),
            (DECEMBER, "12-15/3", ["15/09/2026 – 14/12/2026", "15/06/2026 – 14/09/2026"]),
            (DECEMBER, "12-15/1", ["15/11/2026 – 14/12/2026", "15/10/2026 – 14/11/2026"]),
            (JANUARY, "01-01/12", ["01/01/2027 – 31/12/2027", "01/01/2026 – 31/12/2026"]),
            (JULY, "01-01/6", ["01/07/2026 – 31/12/2026", "01/01/2026 – 30/06/2026"]),
        ] {
            let told = told.map(|days| format!("6 tháng ({days})"));
            assert_eq!(labels(now, id), told, "{id}");
        }
        assert_eq!(labels(JULY, "later").len(), 5, "what it cannot read offers the calendar's");
    }
}
