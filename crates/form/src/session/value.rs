//! What a stored text has to look like for its type.

use xpath::is_time;

use crate::view::DataType;

/// An answer as it is stored: a decimal and the numbers of a place always have decimals, as other
/// ODK clients write them. What is not of the type is stored as typed.
pub(crate) fn answered(data_type: DataType, text: &str) -> String {
    match data_type {
        DataType::Decimal => decimal(text.trim()).unwrap_or_else(|| text.to_owned()),
        _ => placed(data_type, text.to_owned()),
    }
}

/// A value that a form brings along or an action sets, as it is stored: like an answer. What is not of the type is
/// nothing, as nobody typed it.
pub(crate) fn given(data_type: DataType, text: String) -> String {
    let text = shaped(data_type, text);
    match data_type {
        // Corners may come one after another.
        DataType::Geotrace | DataType::Geoshape => text,
        _ if !fits(data_type, &text) => String::new(),
        _ => entered(data_type, &text),
    }
}

/// A value of a record that comes from elsewhere, as it is stored: like an answer, and a whole number without what does not count.
pub(crate) fn entered(data_type: DataType, text: &str) -> String {
    match data_type {
        DataType::Int if fits(data_type, text) => whole(text.trim()),
        _ => answered(data_type, text),
    }
}

/// `+007` as `7`, digit by digit: there are numbers that no machine number holds.
fn whole(text: &str) -> String {
    let digits = text.trim_start_matches(['+', '-']).trim_start_matches('0');
    match digits {
        "" if text.is_empty() => String::new(),
        "" => "0".to_owned(),
        _ if text.starts_with('-') => format!("-{digits}"),
        _ => digits.to_owned(),
    }
}

/// A place as it is stored, wherever it comes from.
fn placed(data_type: DataType, text: String) -> String {
    if data_type != DataType::Geopoint || text.is_empty() || !is_point(&text) {
        return text;
    }
    let numbers: Option<Vec<String>> = text.split_whitespace().map(decimal).collect();
    numbers.map_or(text, |numbers| numbers.join(" "))
}

/// `10` as `10.0`, `1.50` as `1.5`; `None` for what is no number or would lose digits.
fn decimal(text: &str) -> Option<String> {
    const EXACT_DIGITS: usize = 17;
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    if digits > EXACT_DIGITS || !fits(DataType::Decimal, text) {
        return None;
    }
    let mut decimal = xpath::number::to_text(xpath::number::parse(text)?);
    if !decimal.contains('.') {
        decimal.push_str(".0");
    }
    Some(decimal)
}

/// What an expression gave, in the form of the node's type.
pub(crate) fn computed(data_type: DataType, text: String) -> String {
    let is_time = matches!(data_type, DataType::Date | DataType::Time | DataType::DateTime);
    // No number is no answer, and neither is no date.
    if text == "NaN" || (is_time && text == xpath::INVALID_DATE) {
        return String::new();
    }
    shaped(data_type, text)
}

/// What is near to the type, of the type.
fn shaped(data_type: DataType, text: String) -> String {
    match data_type {
        DataType::Geopoint => placed(data_type, text),
        // A whole number keeps no decimals, a date no time.
        DataType::Int => match xpath::number::parse(text.trim()) {
            Some(number) if number.is_finite() && text.contains('.') => {
                xpath::number::to_text(number.trunc())
            }
            _ => text,
        },
        DataType::Date => match text.split_once('T') {
            Some((date, _)) if is_date(date) => date.to_owned(),
            _ => text,
        },
        _ => text,
    }
}

/// Whether an answer can be of the type. Empty is of every type.
pub(crate) fn fits(data_type: DataType, text: &str) -> bool {
    let text = text.trim();
    if text.is_empty() {
        return true;
    }
    match data_type {
        DataType::Int => {
            let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
            !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit())
        }
        DataType::Decimal => {
            let plain = |c: char| c.is_ascii_digit() || "+-.eE".contains(c);
            text.chars().all(plain) && xpath::number::parse(text).is_some_and(f64::is_finite)
        }
        DataType::Date => is_date(text),
        DataType::Time => is_time(text),
        DataType::DateTime => match text.split_once('T') {
            Some((date, time)) => is_date(date) && is_time(time),
            None => is_date(text),
        },
        DataType::Geopoint => is_point(text),
        DataType::Geotrace => corners(text).is_some_and(|corners| corners.len() >= 2),
        DataType::Geoshape => corners(text).is_some_and(|corners| match corners.as_slice() {
            // It ends where it began.
            [first, _, .., _, last] => first[..2] == last[..2],
            _ => false,
        }),
        _ => true,
    }
}

/// Whether a text is a day of the calendar: `1985-03-05`.
#[must_use]
pub fn is_date(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    let number = |part: &str, digits: usize| {
        (part.len() == digits && part.chars().all(|c| c.is_ascii_digit()))
            .then(|| part.parse::<u32>().ok())?
    };
    let [year, month, day] = parts.as_slice() else { return false };
    let (Some(year), Some(month), Some(day)) = (number(year, 4), number(month, 2), number(day, 2))
    else {
        return false;
    };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    (1..=days).contains(&day)
}

/// The points of a line; the last one may have a semicolon behind it, too.
fn corners(text: &str) -> Option<Vec<Vec<f64>>> {
    text.strip_suffix(';').unwrap_or(text).split(';').map(point).collect()
}

fn is_point(text: &str) -> bool {
    point(text).is_some()
}

/// Latitude, longitude, and at most altitude and accuracy.
fn point(text: &str) -> Option<Vec<f64>> {
    let numbers: Vec<f64> =
        text.split_whitespace().map(xpath::number::parse).collect::<Option<_>>()?;
    let within = |at: usize, limit: f64| numbers.get(at).is_some_and(|n| n.abs() <= limit);
    (within(0, 90.0) && within(1, 180.0) && numbers.len() <= 4).then_some(numbers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_two_points_and_an_area_three_and_an_end_where_it_began() {
        let cases = [
            ("", true, true),
            ("10 107 0 0", false, false),
            ("10 107 0 0;11 107 0 0", true, false),
            ("10 107; 11 107 0 5 ;", true, false),
            ("10 107;11 107;10 107", true, false),
            ("10 107 0 0;11 107 0 0;11 108 0 0", true, false),
            ("10 107 0 0;11 107 0 0;11 108 0 0;10 107 0 0", true, true),
            ("10.0 107.0 0 0; 11 107; 11 108; 10 107 3 5;", true, true),
            ("10 107;abc", false, false),
            ("10,93 107,24;10,93 107,25;10,94 107,25;10,93 107,24", false, false),
            ("10 107;11 197;11 108;10 107", false, false),
            ("10 107;;11 107", false, false),
            ("abc", false, false),
        ];
        for (text, line, area) in cases {
            assert_eq!(fits(DataType::Geotrace, text), line, "{text}");
            assert_eq!(fits(DataType::Geoshape, text), area, "{text}");
        }
        let times = ["22:02", "22:02:30", "22:02:30.500+07:00", "00:00:00.000Z"];
        let no_times = ["24:00:00", "25:99:00", "22:60", "22:02:61", "22", "abc", "22:02:00+7000"];
        for (time, is_one) in
            times.map(|it| (it, true)).into_iter().chain(no_times.map(|it| (it, false)))
        {
            assert_eq!(fits(DataType::Time, time), is_one, "{time}");
            assert_eq!(fits(DataType::DateTime, &format!("2026-04-22T{time}")), is_one, "{time}");
        }
        let brought = "10 107 0 0".to_owned();
        assert_eq!(given(DataType::Geotrace, brought.clone()), brought, "more may come");
    }
}
