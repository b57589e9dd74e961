//! Dates in other calendars, as far as the browser knows them.

use std::sync::LazyLock;

use js_sys::{Array, Date, Intl::DateTimeFormat, Object, Reflect};

/// Whether this browser's own fields show the day before the month.
#[must_use]
pub fn is_day_first() -> bool {
    static IS_FIRST: LazyLock<bool> = LazyLock::new(|| {
        let format = DateTimeFormat::new(&Array::new(), &Object::new()).format();
        // The third of February.
        let told = format.call1(&format, &Date::new_with_year_month_day(2001, 1, 3));
        told.ok().and_then(|told| told.as_string()).is_some_and(|told| begins_with_day(&told))
    });
    *IS_FIRST
}

fn begins_with_day(third: &str) -> bool {
    third.trim_start_matches('0').starts_with('3')
}

/// A day (`2024-03-07`) in a calendar of the Unicode standard, such as `ethiopic`; `None` if this browser has it not.
#[must_use]
pub fn day_in(calendar: &str, language: &str, iso: &str) -> Option<String> {
    let options = Object::new();
    let settings = [
        ("calendar", calendar),
        ("timeZone", "UTC"),
        ("day", "numeric"),
        ("month", "long"),
        ("year", "numeric"),
    ];
    for (name, value) in settings {
        Reflect::set(&options, &name.into(), &value.into()).ok()?;
    }
    let format = DateTimeFormat::new(&Array::of1(&language.into()), &options);
    let resolved = Reflect::get(&format.resolved_options(), &"calendar".into()).ok()?;
    // A calendar that it does not know is left out without a word.
    if !resolved.as_string()?.starts_with(calendar) {
        return None;
    }
    let day = Date::new(&format!("{iso}T00:00:00Z").into());
    if day.get_time().is_nan() {
        return None;
    }
    format.format().call1(&format, &day).ok()?.as_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_a_browser_is_told_by_a_day_that_it_writes() {
        // The third of February 2001 in Vietnamese, English of two countries, German, Swedish, Japanese.
        let cases = [
            ("3/2/2001", true),
            ("03/02/2001", true),
            ("2/3/2001", false),
            ("3.2.2001", true),
            ("2001-02-03", false),
            ("2001/2/3", false),
        ];
        for (told, is_first) in cases {
            assert_eq!(begins_with_day(told), is_first, "{told}");
        }
    }
}
