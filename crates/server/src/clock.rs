//! The server's clock: the only place that asks the machine for the time.

use std::time::UNIX_EPOCH;

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
