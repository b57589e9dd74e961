//! The phone's clock. The only place that asks for the time.

use form::LocalTime;

/// Now, milliseconds since 1970-01-01 UTC.
#[must_use]
#[expect(clippy::cast_possible_truncation, reason = "milliseconds fit far beyond the year 10000")]
pub fn now_ms() -> i64 {
    imp::now_ms() as i64
}

/// For how many milliseconds the page is open: nobody sets that clock, and it may stand still while the phone sleeps.
#[must_use]
#[expect(clippy::cast_possible_truncation, reason = "no page is open for so long")]
pub fn open_ms() -> i64 {
    imp::open_ms() as i64
}

/// Now as a person's clock shows it: the moment and the phone's offset from UTC.
#[must_use]
#[expect(clippy::cast_possible_truncation, reason = "an offset is at most a day of minutes")]
pub fn local_now() -> LocalTime {
    LocalTime { unix_ms: now_ms(), offset_min: imp::offset_min() as i32 }
}

/// How many minutes the person's clock is ahead of UTC at a moment that it shows, `2026-07-01T08:30`: in summer it may be another
/// than now. Of what is no moment, such as a time of day alone, that of now.
#[must_use]
#[expect(clippy::cast_possible_truncation, reason = "an offset is at most a day of minutes")]
pub fn offset_min_at(shown: &str) -> i32 {
    let offset_min = imp::offset_min_at(shown);
    if offset_min.is_finite() { offset_min as i32 } else { imp::offset_min() as i32 }
}

/// When a day begins on the person's clock, `YYYY-MM-DD`; so many days later.
#[must_use]
pub fn day_start_ms(day: &str, days_later: i32) -> Option<i64> {
    let mut parts = day.splitn(3, '-');
    let year = parts.next()?.parse().ok()?;
    let month: i32 = parts.next()?.parse().ok()?;
    let date: i32 = parts.next()?.parse().ok()?;
    imp::day_start_ms(year, month - 1, date.checked_add(days_later)?)
}

#[cfg(target_arch = "wasm32")]
mod imp {
    use wasm_bindgen::JsValue;

    pub(super) fn now_ms() -> f64 {
        js_sys::Date::now()
    }

    pub(super) fn open_ms() -> f64 {
        let now = || {
            let performance = js_sys::Reflect::get(&js_sys::global(), &"performance".into())?;
            Ok::<_, JsValue>(crate::platform::call_now(&performance, "now", &[])?.as_f64())
        };
        now().ok().flatten().unwrap_or_default()
    }

    pub(super) fn offset_min() -> f64 {
        -js_sys::Date::new_0().get_timezone_offset()
    }

    pub(super) fn offset_min_at(shown: &str) -> f64 {
        -js_sys::Date::new(&shown.into()).get_timezone_offset()
    }

    /// `month` from 0; a `date` beyond its month is a day of the next.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "milliseconds fit far beyond the year 10000"
    )]
    pub(super) fn day_start_ms(year: u32, month: i32, date: i32) -> Option<i64> {
        let start = js_sys::Date::new_with_year_month_day(year, month, date).get_time();
        start.is_finite().then_some(start as i64)
    }
}

/// From now on a millisecond passes with each look at the clock, in this test.
#[cfg(test)]
pub(crate) fn let_run() {
    imp::STEP_MS.set(1.0);
}

/// Native tests stand still at one moment, in Vietnam.
#[cfg(not(target_arch = "wasm32"))]
mod imp {
    use std::cell::Cell;

    thread_local! {
        static NOW_MS: Cell<f64> = const { Cell::new(1_732_300_000_000.0) };
        pub(super) static STEP_MS: Cell<f64> = const { Cell::new(0.0) };
    }

    pub(super) fn now_ms() -> f64 {
        NOW_MS.set(NOW_MS.get() + STEP_MS.get());
        NOW_MS.get()
    }

    pub(super) fn open_ms() -> f64 {
        NOW_MS.get()
    }

    pub(super) fn offset_min() -> f64 {
        420.0
    }

    pub(super) fn offset_min_at(_: &str) -> f64 {
        f64::NAN // there is no calendar here
    }

    pub(super) fn day_start_ms(_: u32, _: i32, _: i32) -> Option<i64> {
        None // there is no calendar here
    }
}
