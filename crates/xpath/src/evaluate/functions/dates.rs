//! Functions of dates and times.

use super::Arguments;
use crate::{
    calendar::{self, Parts},
    context::Host,
    error::EvalError,
    evaluate::Evaluated,
    function::Function,
    tree::Tree,
    value::Value,
};

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const WEEKDAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];

pub(super) fn evaluate<'a, T: Tree, H: Host<T>>(
    a: &Arguments<'_, '_, 'a, T, H>,
) -> Evaluated<'a, T> {
    let now = a.context().now;
    Ok(match a.function {
        Function::Now => {
            Value::Text(calendar::date_time_text(bounded(now.unix_ms), now.offset_min).into())
        }
        Function::Today => {
            Value::Text(calendar::date_text(bounded(now.unix_ms), now.offset_min).into())
        }
        // No answer gives no date, and no answer either.
        Function::Date | Function::DateTime => match days(a)? {
            days if days.is_nan() && a.text(0)?.is_empty() => Value::Text("".into()),
            days => Value::Date(days),
        },
        Function::DecimalDateTime => Value::Number(match a.value(0)? {
            // A text must be a date here.
            value @ (Value::Text(_) | Value::Nodes(_)) => {
                calendar::days_from_text(&a.evaluator.text_of(&value), now.offset_min)
            }
            value => value.number(a.context()),
        }),
        Function::DecimalTime => {
            Value::Number(calendar::day_part_from_text(&a.text(0)?, now.offset_min))
        }
        _ => {
            let format = a.text(1)?;
            let Some(ms) = calendar::ms_from_days(days(a)?) else {
                return Ok(Value::Text("".into()));
            };
            return a.bounded(write(&format, &calendar::parts(ms, now.offset_min)));
        }
    })
}

/// Keeps a clock that is far off from overflowing the calendar.
fn bounded(unix_ms: i64) -> i64 {
    unix_ms.clamp(-30_000_000_000_000_000, 30_000_000_000_000_000)
}

/// The first argument as days since 1970. Numbers are such days already; booleans are no dates.
fn days<T: Tree, H: Host<T>>(a: &Arguments<'_, '_, '_, T, H>) -> Result<f64, EvalError> {
    Ok(match a.value(0)? {
        Value::Boolean(_) => f64::NAN,
        value @ (Value::Text(_) | Value::Nodes(_)) => {
            let number = a.evaluator.number_of(&value);
            if number.is_nan() {
                calendar::days_from_text(&a.evaluator.text_of(&value), a.context().now.offset_min)
            } else {
                number
            }
        }
        value => value.number(a.context()),
    })
}

/// Fills in a format: `%Y-%m-%d` and so on. An unknown sign after `%` is left out.
fn write(format: &str, p: &Parts) -> String {
    let name = |names: &[&'static str], index: u32| {
        usize::try_from(index).ok().and_then(|index| names.get(index).copied()).unwrap_or_default()
    };
    let mut text = String::new();
    let mut signs = format.chars();
    while let Some(sign) = signs.next() {
        if sign != '%' {
            text.push(sign);
            continue;
        }
        let field = match signs.next() {
            Some('Y') => calendar::year_text(p.year),
            Some('y') => format!("{:02}", p.year.rem_euclid(100)),
            Some('m') => format!("{:02}", p.month),
            Some('n') => p.month.to_string(),
            Some('b') => name(&MONTHS, p.month.wrapping_sub(1)).to_owned(),
            Some('d') => format!("{:02}", p.day),
            Some('e') => p.day.to_string(),
            Some('a') => name(&WEEKDAYS, p.weekday).to_owned(),
            Some('H') => format!("{:02}", p.hour),
            Some('h') => p.hour.to_string(),
            Some('M') => format!("{:02}", p.minute),
            Some('S') => format!("{:02}", p.second),
            Some('3') => format!("{:03}", p.millisecond),
            Some('%') => "%".to_owned(),
            _ => String::new(),
        };
        text.push_str(&field);
    }
    text
}
