//! The server's clock: the only place that asks the machine for the time.

use std::time::UNIX_EPOCH;

use pack::Date;
use time::OffsetDateTime;

/// Minutes that the day of the organisation is ahead of UTC, where nobody says otherwise.
pub const OFFSET_MIN: i32 = 7 * 60;

/// Milliseconds since 1970-01-01 UTC.
#[must_use]
pub fn now_ms() -> i64 {
    #[expect(clippy::disallowed_methods, reason = "this is the server's clock")]
    let now = std::time::SystemTime::now();
    let elapsed = now.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX)
}

/// The day of a moment where the organisation is.
pub(crate) fn day(unix_ms: i64) -> Option<Date> {
    let local_ms = unix_ms.checked_add(i64::from(OFFSET_MIN) * 60_000)?;
    let day = OffsetDateTime::from_unix_timestamp(local_ms.div_euclid(1000)).ok()?.date();
    Date::new(u16::try_from(day.year()).ok()?, day.month().into(), day.day())
}
