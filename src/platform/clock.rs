//! The phone's clock. The only place that asks for the time.

use form::LocalTime;

/// Now, milliseconds since 1970-01-01 UTC.
#[must_use]
#[expect(clippy::cast_possible_truncation, reason = "milliseconds fit far beyond the year 10000")]
pub fn now_ms() -> i64 {
    imp::now_ms() as i64
}

/// Now as a person's clock shows it: the moment and the phone's offset from UTC.
#[must_use]
#[expect(clippy::cast_possible_truncation, reason = "an offset is at most a day of minutes")]
pub fn local_now() -> LocalTime {
    LocalTime { unix_ms: now_ms(), offset_min: imp::offset_min() as i32 }
}

#[cfg(target_arch = "wasm32")]
mod imp {
    pub(super) fn now_ms() -> f64 {
        js_sys::Date::now()
    }

    pub(super) fn offset_min() -> f64 {
        -js_sys::Date::new_0().get_timezone_offset()
    }
}

/// Native tests stand still at one moment, in Vietnam.
#[cfg(not(target_arch = "wasm32"))]
mod imp {
    pub(super) fn now_ms() -> f64 {
        1_732_300_000_000.0
    }

    pub(super) fn offset_min() -> f64 {
        420.0
    }
}
