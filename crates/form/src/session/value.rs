//! What a stored text has to look like for its type.

use crate::view::DataType;

/// What an expression gave, in the form of the node's type.
pub(crate) fn computed(data_type: DataType, text: String) -> String {
    // No number is no answer.
    if text == "NaN" {
        return String::new();
    }
    match data_type {
        // A whole number keeps no decimals, a date no time.
        DataType::Int => match text.trim().parse::<f64>() {
            Ok(number) if number.is_finite() && text.contains('.') => {
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
            text.chars().all(plain) && text.parse::<f64>().is_ok_and(f64::is_finite)
        }
        DataType::Date => is_date(text),
        DataType::DateTime => {
            text.split_once('T').is_some_and(|(date, _)| is_date(date)) || is_date(text)
        }
        DataType::Geopoint => is_point(text),
        _ => true,
    }
}

fn is_date(text: &str) -> bool {
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

/// Latitude, longitude, and at most altitude and accuracy.
fn is_point(text: &str) -> bool {
    let numbers: Option<Vec<f64>> = text.split_whitespace().map(|n| n.parse().ok()).collect();
    let Some(numbers) = numbers else { return false };
    let within = |at: usize, limit: f64| numbers.get(at).is_some_and(|n| n.abs() <= limit);
    within(0, 90.0) && within(1, 180.0) && numbers.len() <= 4
}
