//! A calendar day, as ISO 8601 writes it: `2025-06-30`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A real day of the Gregorian calendar. Days compare in the order of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

/// A text that is not a real day written `YYYY-MM-DD`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a real day written YYYY-MM-DD")]
pub struct NotADate(pub String);

impl Date {
    /// The day, if the calendar has it.
    #[must_use]
    pub fn new(year: u16, month: u8, day: u8) -> Option<Date> {
        let real = (1..=9999).contains(&year) && day >= 1 && day <= days_in(year, month);
        real.then_some(Date { year, month, day })
    }

    /// The day on a wall calendar `offset_min` minutes east of Greenwich.
    #[must_use]
    pub fn from_unix_ms(unix_ms: i64, offset_min: i32) -> Option<Date> {
        let local = unix_ms.checked_add(i64::from(offset_min) * 60_000)?;
        // Days since 0000-03-01: a year that begins in March has its leap day last.
        let days = local.div_euclid(86_400_000) + 719_468;
        let era = days.div_euclid(146_097);
        let of_era = days.rem_euclid(146_097);
        let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted = (5 * of_year + 2) / 153;
        let day = of_year - (153 * shifted + 2) / 5 + 1;
        let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
        let year = year_of_era + era * 400 + i64::from(month <= 2);
        Date::new(u16::try_from(year).ok()?, u8::try_from(month).ok()?, u8::try_from(day).ok()?)
    }

    /// The year.
    #[must_use]
    pub fn year(self) -> u16 {
        self.year
    }

    /// The month, 1 to 12.
    #[must_use]
    pub fn month(self) -> u8 {
        self.month
    }

    /// The day of the month, from 1.
    #[must_use]
    pub fn day(self) -> u8 {
        self.day
    }
}

/// How many days the month has; none when there is no such month.
fn days_in(year: u16, month: u8) -> u8 {
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if (year.is_multiple_of(4) && !year.is_multiple_of(100)) || year.is_multiple_of(400) => {
            29
        }
        2 => 28,
        _ => 0,
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl FromStr for Date {
    type Err = NotADate;

    fn from_str(text: &str) -> Result<Date, NotADate> {
        let parse = || {
            let shaped = text.len() == 10
                && text
                    .bytes()
                    .enumerate()
                    .all(|(i, b)| if i == 4 || i == 7 { b == b'-' } else { b.is_ascii_digit() });
            let mut parts = shaped.then(|| text.split('-'))?;
            Date::new(
                parts.next()?.parse().ok()?,
                parts.next()?.parse().ok()?,
                parts.next()?.parse().ok()?,
            )
        };
        parse().ok_or_else(|| NotADate(text.to_owned()))
    }
}

impl TryFrom<String> for Date {
    type Error = NotADate;

    fn try_from(text: String) -> Result<Date, NotADate> {
        text.parse()
    }
}

impl From<Date> for String {
    fn from(date: Date) -> String {
        date.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_real_days_written_in_full_are_dates() {
        for good in ["2024-02-29", "2000-02-29", "2025-06-30", "0001-01-01"] {
            assert_eq!(good.parse::<Date>().expect(good).to_string(), good);
        }
        for bad in [
            "",
            "2026",
            "2023-02-29",
            "1900-02-29",
            "2024-13-01",
            "2024-00-10",
            "2024-1-01",
            "+024-01-01",
            "30/6/2025",
        ] {
            assert!(bad.parse::<Date>().is_err(), "{bad}");
        }
    }

    #[test]
    fn an_instant_falls_on_the_day_of_the_place() {
        for (ms, offset, day) in [
            (0, 0, "1970-01-01"),
            (-1, 0, "1969-12-31"),
            (951_782_400_000, 0, "2000-02-29"),
            // 18:00 in Greenwich is the next morning in Viet Nam.
            (1_751_306_400_000, 7 * 60, "2025-07-01"),
            (1_751_306_400_000, 0, "2025-06-30"),
        ] {
            assert_eq!(
                Date::from_unix_ms(ms, offset).map(|date| date.to_string()).as_deref(),
                Some(day)
            );
        }
    }
}
