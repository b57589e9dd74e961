//! Dates as people write them: `dd/mm/yyyy`, in both languages; the hour on 24.

use super::Language;

/// A moment as its parts, on the clock of the place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Parts {
    year: i64,
    month: i64,
    day: i64,
    hour: i64,
    minute: i64,
}

const DAY_MS: i64 = 86_400_000;

fn parts(unix_ms: i64, offset_min: i32) -> Parts {
    let local = unix_ms + i64::from(offset_min) * 60_000;
    let days = local.div_euclid(DAY_MS);
    let minutes = local.rem_euclid(DAY_MS) / 60_000;
    let (year, month, day) = civil(days);
    Parts { year, month, day, hour: minutes / 60, minute: minutes % 60 }
}

/// The calendar date of a number of days since 1970-01-01 (Howard Hinnant's algorithm).
fn civil(days: i64) -> (i64, i64, i64) {
    let z = days + 719_468;
    let era = z.div_euclid(146_097);
    let day_of_era = z.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

/// The day of a moment as data writes it: `2024-03-07`.
#[must_use]
pub fn iso_day(unix_ms: i64, offset_min: i32) -> String {
    let Parts { year, month, day, .. } = parts(unix_ms, offset_min);
    format!("{year:04}-{month:02}-{day:02}")
}

/// `07/03/2024` from `2024-03-07` (a time of day after it is left out). Other text comes back as it is.
#[must_use]
pub fn date(iso: &str) -> String {
    let day = iso.split('T').next().unwrap_or(iso);
    let mut numbers = day.split('-');
    match (numbers.next(), numbers.next(), numbers.next(), numbers.next()) {
        (Some(year), Some(month), Some(day), None) if year.len() == 4 => {
            format!("{day}/{month}/{year}")
        }
        _ => iso.to_owned(),
    }
}

/// `14:05` from `14:05:00.000+07:00`. Other text comes back as it is.
#[must_use]
pub fn time(iso: &str) -> String {
    iso.get(..5).filter(|text| text.as_bytes()[2] == b':').unwrap_or(iso).to_owned()
}

/// `14:05 07/03/2024` from `2024-03-07T14:05:00.000+07:00`.
#[must_use]
pub fn date_time(iso: &str) -> String {
    match iso.split_once('T') {
        Some((day, hour)) => format!("{} {}", time(hour), date(day)),
        None => date(iso),
    }
}

/// The ISO date that was typed as `7/3/2024`, `07-03-2024`, `07.03.2024` or `07032024`.
#[must_use]
pub fn parse_date(typed: &str) -> Option<String> {
    let typed = typed.trim();
    let numbers: Vec<&str> = typed.split(['/', '-', '.', ' ']).collect();
    let (day, month, year) = match numbers.as_slice() {
        [day, month, year] => (*day, *month, *year),
        [all] if all.len() == 8 => (all.get(..2)?, all.get(2..4)?, all.get(4..)?),
        _ => return None,
    };
    let (day, month, year): (u32, u32, u32) =
        (day.parse().ok()?, month.parse().ok()?, year.parse().ok()?);
    let is_real = (1..=days_in(year, month)).contains(&day)
        && (1..=12).contains(&month)
        && (1000..=9999).contains(&year);
    is_real.then(|| format!("{year:04}-{month:02}-{day:02}"))
}

/// How many days a month has.
#[must_use]
pub fn days_in(year: u32, month: u32) -> u32 {
    let is_leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if is_leap => 29,
        2 => 28,
        _ => 31,
    }
}

/// A moment as a part of a file's name: `20240307-1405`.
#[must_use]
pub fn stamp(unix_ms: i64, offset_min: i32) -> String {
    let then = parts(unix_ms, offset_min);
    let day: String = iso_day(unix_ms, offset_min).chars().filter(|sign| *sign != '-').collect();
    format!("{day}-{:02}{:02}", then.hour, then.minute)
}

impl Language {
    /// A moment told from now: the hour today, `hôm qua 14:05`, or the hour and date.
    #[must_use]
    pub fn moment(self, unix_ms: i64, now_ms: i64, offset_min: i32) -> String {
        let then = parts(unix_ms, offset_min);
        let clock = format!("{:02}:{:02}", then.hour, then.minute);
        let day_of = |ms: i64| (ms + i64::from(offset_min) * 60_000).div_euclid(DAY_MS);
        match day_of(now_ms) - day_of(unix_ms) {
            0 => clock,
            1 => format!("{} {clock}", self.yesterday()),
            _ => format!("{clock} {}", day_month_year(then)),
        }
    }

    /// The day of a moment: `07/03/2024`.
    #[must_use]
    pub fn day(self, unix_ms: i64, offset_min: i32) -> String {
        day_month_year(parts(unix_ms, offset_min))
    }

    /// A name that was good until a day, `YYYY-MM-DD`: `Phường Bảo Vinh (đến 30/06/2025)`.
    #[must_use]
    pub fn until(self, name: &str, last: &str) -> String {
        let until = match self {
            Self::Vi => "đến",
            Self::En => "until",
        };
        format!("{name} ({until} {})", date(last))
    }

    /// Today with its weekday: `Thứ hai, 23/11/2026`.
    #[must_use]
    pub fn today_in_words(self, now_ms: i64, offset_min: i32) -> String {
        const VI: [&str; 7] =
            ["Thứ năm", "Thứ sáu", "Thứ bảy", "Chủ nhật", "Thứ hai", "Thứ ba", "Thứ tư"];
        const EN: [&str; 7] =
            ["Thursday", "Friday", "Saturday", "Sunday", "Monday", "Tuesday", "Wednesday"];
        let days = (now_ms + i64::from(offset_min) * 60_000).div_euclid(DAY_MS);
        let weekday = usize::try_from(days.rem_euclid(7)).expect("a remainder of 7 is 0 to 6");
        let name = match self {
            Self::Vi => VI[weekday],
            Self::En => EN[weekday],
        };
        format!("{name}, {}", day_month_year(parts(now_ms, offset_min)))
    }
}

fn day_month_year(parts: Parts) -> String {
    format!("{:02}/{:02}/{:04}", parts.day, parts.month, parts.year)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HANOI: i32 = 7 * 60;
    /// 2026-11-23 19:00 UTC, 02:00 on the 24th in Hanoi.
    const NOW: i64 = 1_795_460_400_000;

    #[test]
    fn dates_are_written_day_first() {
        let cases = [
            ("2024-03-07", "07/03/2024"),
            ("2024-03-07T14:05:00.000+07:00", "07/03/2024"),
            ("hôm qua", "hôm qua"),
            ("", ""),
        ];
        for (iso, text) in cases {
            assert_eq!(date(iso), text);
        }
        assert_eq!(date_time("2024-03-07T14:05:00.000+07:00"), "14:05 07/03/2024");
        assert_eq!(time("14:05:00.000+07:00"), "14:05");
        assert_eq!(time("2 giờ"), "2 giờ");
    }

    #[test]
    fn a_typed_date_is_read_day_first_and_must_exist() {
        let cases = [
            ("7/3/2024", Some("2024-03-07")),
            ("07-03-2024", Some("2024-03-07")),
            ("07.03.2024", Some("2024-03-07")),
            ("07032024", Some("2024-03-07")),
            ("29/02/2024", Some("2024-02-29")),
            ("29/02/2023", None),
            ("31/04/2024", None),
            ("13/13/2024", None),
            ("7/3/24", None),
            ("mai", None),
        ];
        for (typed, iso) in cases {
            assert_eq!(parse_date(typed).as_deref(), iso, "{typed}");
        }
    }

    #[test]
    fn a_moment_is_told_from_now_on_the_clock_of_the_place() {
        assert_eq!(Language::Vi.moment(NOW - 60_000, NOW, HANOI), "01:59");
        assert_eq!(Language::Vi.moment(NOW - 3 * 3_600_000, NOW, HANOI), "hôm qua 23:00");
        assert_eq!(Language::En.moment(NOW - 48 * 3_600_000, NOW, HANOI), "02:00 22/11/2026");
        assert_eq!(Language::Vi.today_in_words(NOW, HANOI), "Thứ ba, 24/11/2026");
        assert_eq!(Language::En.today_in_words(NOW, 0), "Monday, 23/11/2026");
        assert_eq!([iso_day(NOW, HANOI), iso_day(NOW, 0)], ["2026-11-24", "2026-11-23"]);
    }
}
