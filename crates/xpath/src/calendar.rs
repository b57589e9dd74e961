//! Days, times and offsets in the proleptic Gregorian calendar, and their ISO 8601 texts.
//!
//! A moment is a number of days since 1970-01-01T00:00Z, as ODK counts. A date without time is midnight at the given
//! offset, which holds for all dates alike: zones with summer time are not known here.

use crate::number::is_space;

const DAY_MS: f64 = 86_400_000.0;
const MINUTE_MS: i64 = 60_000;
/// Dates beyond ±1,000,000 years are no dates: keeps all arithmetic within `i64`.
const MAX_DAYS: f64 = 365_000_000.0;

/// What [`days_to_text`] gives for what is no date, as the reference engines do.
pub const INVALID_DATE: &str = "Invalid Date";

/// A moment taken apart at an offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Parts {
    pub(crate) year: i64,
    pub(crate) month: u32,
    pub(crate) day: u32,
    pub(crate) hour: u32,
    pub(crate) minute: u32,
    pub(crate) second: u32,
    pub(crate) millisecond: u32,
    /// 0 is Sunday.
    pub(crate) weekday: u32,
}

/// Milliseconds since 1970 as days.
pub(crate) fn days_from_ms(unix_ms: i64) -> f64 {
    unix_ms as f64 / DAY_MS
}

/// Days as milliseconds since 1970; `None` for NaN and what is far from any calendar.
pub(crate) fn ms_from_days(days: f64) -> Option<i64> {
    (days.abs() <= MAX_DAYS).then(|| (days * DAY_MS).round() as i64)
}

/// The parts of a moment as a clock at the offset shows them.
pub(crate) fn parts(unix_ms: i64, offset_min: i32) -> Parts {
    let local = unix_ms + i64::from(offset_min) * MINUTE_MS;
    let days = local.div_euclid(86_400_000);
    let within = u32::try_from(local.rem_euclid(86_400_000)).unwrap_or_default();
    let (year, month, day) = civil_from_days(days);
    Parts {
        year,
        month,
        day,
        hour: within / 3_600_000,
        minute: within / 60_000 % 60,
        second: within / 1000 % 60,
        millisecond: within % 1000,
        weekday: u32::try_from((days + 4).rem_euclid(7)).unwrap_or_default(),
    }
}

/// `2024-02-29`
pub(crate) fn date_text(unix_ms: i64, offset_min: i32) -> String {
    let p = parts(unix_ms, offset_min);
    format!("{}-{:02}-{:02}", year_text(p.year), p.month, p.day)
}

/// `2024-02-29T08:00:00.000+07:00`
pub(crate) fn date_time_text(unix_ms: i64, offset_min: i32) -> String {
    let p = parts(unix_ms, offset_min);
    let sign = if offset_min < 0 { '-' } else { '+' };
    let offset = offset_min.unsigned_abs();
    format!(
        "{}T{:02}:{:02}:{:02}.{:03}{sign}{:02}:{:02}",
        date_text(unix_ms, offset_min),
        p.hour,
        p.minute,
        p.second,
        p.millisecond,
        offset / 60,
        offset % 60
    )
}

/// Years have at least four digits.
pub(crate) fn year_text(year: i64) -> String {
    if year < 0 { format!("-{:04}", -year) } else { format!("{year:04}") }
}

/// The text of a date value: only the date if it is midnight at the offset.
pub(crate) fn days_to_text(days: f64, offset_min: i32) -> String {
    let Some(ms) = ms_from_days(days) else { return INVALID_DATE.to_owned() };
    let local = ms + i64::from(offset_min) * MINUTE_MS;
    if local.rem_euclid(86_400_000) == 0 {
        date_text(ms, offset_min)
    } else {
        date_time_text(ms, offset_min)
    }
}

/// The moment of a date, or of a date with time; NaN for anything else.
pub(crate) fn days_from_text(text: &str, offset_min: i32) -> f64 {
    parse(text.trim_matches(is_space), offset_min).map_or(f64::NAN, days_from_ms)
}

/// The same of a text that is as a form stores it, which counts as a number even where nobody asked for a date.
pub(crate) fn days_from_stored(text: &str, offset_min: i32) -> f64 {
    let date = text.split(['T', 't']).next().unwrap_or_default();
    if is_stored_date(date) { days_from_text(text, offset_min) } else { f64::NAN }
}

/// `2024-02-09` to the letter.
fn is_stored_date(text: &str) -> bool {
    let fits = |(at, byte): (usize, u8)| {
        if at == 4 || at == 7 { byte == b'-' } else { byte.is_ascii_digit() }
    };
    text.len() == 10 && text.bytes().enumerate().all(fits)
}

/// The part of the local day that a time (`10:30:00.000+07:00`) or a date with time falls on, in [0, 1).
pub(crate) fn day_part_from_text(text: &str, offset_min: i32) -> f64 {
    let text = text.trim_matches(is_space);
    let moment = parse_time(text, offset_min)
        .or_else(|| text.contains('T').then(|| parse(text, offset_min)).flatten());
    moment.map_or(f64::NAN, |ms| {
        let local = ms + i64::from(offset_min) * MINUTE_MS;
        days_from_ms(local.rem_euclid(86_400_000))
    })
}

/// Milliseconds since 1970 of `2024-2-9`, `2024-02-09T08:00:00.000+07:00` and what is between.
fn parse(text: &str, offset_min: i32) -> Option<i64> {
    let (date, time) = match text.find(['T', 't', ' ']) {
        Some(at) => (text.get(..at)?, text.get(at + 1..)),
        None => (text, None),
    };
    let midnight = parse_date(date)?.checked_mul(86_400_000)?;
    let within = match time {
        Some(time) => parse_time(time.trim_start_matches(is_space), offset_min)?,
        None => -i64::from(offset_min) * MINUTE_MS,
    };
    midnight.checked_add(within)
}

fn parse_date(text: &str) -> Option<i64> {
    let (sign, text) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let mut fields = text.split('-');
    let year = digits(fields.next()?, 4, 6)?;
    let month = digits(fields.next()?, 1, 2)?;
    let day = digits(fields.next()?, 1, 2)?;
    if fields.next().is_some() || !(1..=12).contains(&month) {
        return None;
    }
    let year = i64::from(year) * sign;
    if day == 0 || day > days_in_month(year, month) {
        return None;
    }
    Some(days_from_civil(year, month, day))
}

/// Whether a text is a time of the day: `22:02`, `22:02:30.500`, with or without its offset.
#[must_use]
pub fn is_time(text: &str) -> bool {
    parse_time(text, 0).is_some()
}

/// Milliseconds since midnight in universal time; may be negative or more than a day.
fn parse_time(text: &str, offset_min: i32) -> Option<i64> {
    let zone = text.find(['Z', 'z', '+', '-']).unwrap_or(text.len());
    let (clock, zone) = text.split_at_checked(zone)?;
    let offset_min = match zone {
        "" => offset_min,
        "Z" | "z" => 0,
        zone => parse_offset(zone)?,
    };
    let mut fields = clock.split(':');
    let hour = digits(fields.next()?, 1, 2)?;
    let minute = digits(fields.next()?, 2, 2)?;
    let (second, millisecond) = match fields.next() {
        Some(seconds) => parse_seconds(seconds)?,
        None => (0, 0),
    };
    if fields.next().is_some() || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let ms = (i64::from(hour) * 60 + i64::from(minute)) * MINUTE_MS
        + i64::from(second) * 1000
        + i64::from(millisecond);
    Some(ms - i64::from(offset_min) * MINUTE_MS)
}

/// Seconds and milliseconds of `30`, `30.5`, `30.123456`.
fn parse_seconds(text: &str) -> Option<(u32, u32)> {
    let Some((whole, fraction)) = text.split_once('.') else {
        return Some((digits(text, 2, 2)?, 0));
    };
    if fraction.is_empty() || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let thousandths: String = fraction.chars().chain("00".chars()).take(3).collect();
    Some((digits(whole, 2, 2)?, thousandths.parse().ok()?))
}

/// Minutes of `+07:00`, `-0700`, `+07`.
fn parse_offset(text: &str) -> Option<i32> {
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+')?),
    };
    let (hours, minutes) = match rest.split_once(':') {
        Some(pair) => pair,
        None => rest.split_at_checked(2)?,
    };
    let hours = digits(hours, 1, 2)?;
    let minutes = if minutes.is_empty() { 0 } else { digits(minutes, 2, 2)? };
    if hours > 23 || minutes > 59 {
        return None;
    }
    i32::try_from(hours * 60 + minutes).ok().map(|minutes| sign * minutes)
}

/// A number of this many digits and nothing else.
fn digits(text: &str, least: usize, most: usize) -> Option<u32> {
    let fits = (least..=most).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    if fits { text.parse().ok() } else { None }
}

fn days_in_month(year: i64, month: u32) -> u32 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01, counted in years that begin in March, so that the leap day is the last of its year.
fn days_from_civil(year: i64, month: u32, day: u32) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month_from_march = i64::from((month + 9) % 12);
    let day_of_year = (153 * month_from_march + 2) / 5 + i64::from(day) - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

fn civil_from_days(days: i64) -> (i64, u32, u32) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, u32::try_from(month).unwrap_or(1), u32::try_from(day).unwrap_or(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_of_four_centuries_goes_there_and_back() {
        for days in -150_000..150_000 {
            let (year, month, day) = civil_from_days(days);
            assert_eq!(days_from_civil(year, month, day), days);
        }
    }

    #[test]
    fn texts_are_read_at_their_offset_or_at_the_local_one() {
        for (text, days) in [
            ("1970-01-01", -7.0 / 24.0),
            ("1970-1-2", 1.0 - 7.0 / 24.0),
            ("1970-01-01T00:00:00Z", 0.0),
            ("1970-01-01T12:00:00.000+12:00", 0.0),
            ("1970-01-01T00:00-12:00", 0.5),
            ("2024-02-29T07:00:00.000", 19782.0),
        ] {
            assert!((days_from_text(text, 420) - days).abs() < 1e-9, "{text}");
        }
        for text in
            ["", "2023-02-29", "2023-13-01", "1970-01-01T24:00", "12", "1970-01-01Tx", "opv-3"]
        {
            assert!(days_from_text(text, 420).is_nan(), "{text}");
        }
    }
}
