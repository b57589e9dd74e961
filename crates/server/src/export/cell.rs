//! What stands in one cell: an answer's text as a number, a date, or words.

use rust_xlsxwriter::ExcelDateTime;

/// A cell's content.
#[derive(Clone)]
pub(super) enum Cell {
    Text(String),
    Number(f64),
    Date(ExcelDateTime),
    Time(ExcelDateTime),
    DateTime(ExcelDateTime),
}

/// The longest whole number, in digits, that a spreadsheet shows as it is.
const MAX_DIGITS: usize = 15;

/// How a day is written.
const DAY: &str = "2024-11-23";

/// A number as a number, unless that would change it: codes with leading zeros and long numbers stay text.
pub(super) fn number(text: &str) -> Option<f64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits =
        |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let is_code = whole.len() > 1 && whole.starts_with('0');
    if !all_digits(whole) || !all_digits(fraction) || is_code || whole.len() > MAX_DIGITS {
        return None;
    }
    text.parse().ok()
}

/// What the form works out, which may be a text such as `3.10`: a number only where that is written the same, and a day or a moment
/// only where it is nothing else.
pub(super) fn calculated(text: &str) -> Option<Cell> {
    let number = number(text).filter(|number| number.to_string() == text);
    let day = || (text.len() == DAY.len()).then(|| date(text)).flatten();
    let moment = || {
        let is_one = text.as_bytes().get(DAY.len()) == Some(&b'T');
        is_one.then(|| date_time(text)).flatten()
    };
    let day_or_moment = || day().map(Cell::Date).or_else(|| moment().map(Cell::DateTime));
    number.map(Cell::Number).or_else(day_or_moment)
}

/// `2024-11-23`.
pub(super) fn date(text: &str) -> Option<ExcelDateTime> {
    let day = text.get(..10)?;
    let [year, month, day] = numbers(day, '-')?;
    ExcelDateTime::from_ymd(
        u16::try_from(year).ok()?,
        u8::try_from(month).ok()?,
        u8::try_from(day).ok()?,
    )
    .ok()
}

/// `07:30:00.000+07:00`: the time on the wall, wherever that was.
pub(super) fn time(text: &str) -> Option<ExcelDateTime> {
    let (hour, minute, seconds) = wall(text)?;
    ExcelDateTime::from_hms(hour, minute, seconds).ok()
}

/// `2024-11-23T07:30:00.000+07:00`: the time on the wall, wherever that was.
pub(super) fn date_time(text: &str) -> Option<ExcelDateTime> {
    let (day, rest) = text.split_once('T')?;
    let (hour, minute, seconds) = wall(rest)?;
    date(day)?.and_hms(hour, minute, seconds).ok()
}

/// Milliseconds since 1970 as local time.
pub(super) fn instant(ms: i64, offset_min: i32) -> Option<ExcelDateTime> {
    ExcelDateTime::from_timestamp(ms.div_euclid(1000) + i64::from(offset_min) * 60).ok()
}

fn wall(text: &str) -> Option<(u16, u8, f64)> {
    let clock = text.split(['+', 'Z', '-']).next()?;
    let mut parts = clock.split(':');
    let hour = parts.next()?.parse().ok()?;
    let minute = parts.next()?.parse().ok()?;
    let seconds: f64 = parts.next().unwrap_or("0").parse().ok()?;
    Some((hour, minute, seconds.trunc()))
}

fn numbers<const N: usize>(text: &str, separator: char) -> Option<[u32; N]> {
    let parts: Option<Vec<u32>> = text.split(separator).map(|part| part.parse().ok()).collect();
    parts?.try_into().ok()
}

/// Latitude and longitude of `lat lon altitude accuracy`.
pub(super) fn point(text: &str) -> Option<(f64, f64)> {
    let mut parts = text.split_whitespace().map(str::parse);
    Some((parts.next()?.ok()?, parts.next()?.ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_stays_the_same_becomes_a_number() {
        for (text, value) in [
            ("0", Some(0.0)),
            ("12", Some(12.0)),
            ("-3.50", Some(-3.5)),
            ("0.5", Some(0.5)),
            ("0.3333333333333333", Some(1.0 / 3.0)),
            ("66.66666666666667", Some(200.0 / 3.0)),
            ("123456789012345", Some(123_456_789_012_345.0)),
            ("1234567890123456", None),
            ("0912345678", None),
            ("079204001234567890", None),
            ("1e3", None),
            ("", None),
            (" 1", None),
            ("=1+1", None),
        ] {
            assert_eq!(number(text), value, "{text}");
        }
    }

    #[test]
    fn what_is_worked_out_is_a_number_a_day_or_a_moment_where_it_reads_the_same() {
        let told = |cell| match cell {
            Cell::Text(_) => unreachable!("it is none that was read"),
            Cell::Number(number) => ("number", number),
            Cell::Date(day) => ("day", day.to_excel()),
            Cell::Time(time) => ("time", time.to_excel()),
            Cell::DateTime(moment) => ("moment", moment.to_excel()),
        };
        for (text, value) in [
            ("24", Some(("number", 24.0))),
            ("0.3333333333333333", Some(("number", 1.0 / 3.0))),
            ("3.1", Some(("number", 3.1))),
            ("3.10", None),
            ("2.0", None),
            ("0042", None),
            ("12345678901234568", None),
            ("2026-11-23", Some(("day", 46_349.0))),
            ("2026-11-23T07:30:00.000+07:00", Some(("moment", 46_349.312_5))),
            ("2026-11-23 ", None),
            ("2026-11-23-7", None),
            ("2026-11-23, Tổ 5", None),
            ("2026-13-01", None),
            ("+026-11-23", None),
        ] {
            assert_eq!(calculated(text).map(told), value, "{text}");
        }
    }

    #[test]
    fn dates_and_times_are_those_on_the_wall() {
        for (found, excel) in [
            (date("2024-11-23"), Some(45_619.0)),
            (date_time("2024-11-23T12:00:00.000+07:00"), Some(45_619.5)),
            (time("18:00:00.000+07:00"), Some(0.75)),
            (time("06:00:00.000-05:00"), Some(0.25)),
            (date("2024-13-01"), None),
            (date("hôm nay"), None),
        ] {
            assert_eq!(found.map(|found| found.to_excel()), excel);
        }
        assert_eq!(point("10.7769 106.7009 0 12"), Some((10.7769, 106.7009)));
    }
}
