//! Dates in other calendars, as far as the browser knows them.

use js_sys::{Array, Date, Intl::DateTimeFormat, Object, Reflect};

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
