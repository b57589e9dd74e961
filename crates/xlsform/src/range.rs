//! Ranges: start, end, step and ticks, checked with exact decimals.

use crate::choices::Choices;
use crate::parameters::Given;
use crate::tree::Node;

/// A scale with more labels cannot be read.
const MAX_TICKS: usize = 1_000;

const KEYS: [&str; 6] = ["end", "placeholder", "start", "step", "tick_interval", "tick_labelset"];

/// A decimal as a whole number of `10^-9`.
fn exact(text: &str) -> Option<i128> {
    let (number, exponent) = match text.split_once('e') {
        Some((number, exponent)) => (number, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (sign, digits) = match number.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, number.strip_prefix('+').unwrap_or(number)),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all = format!("{whole}{fraction}");
    if all.is_empty() || !all.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let shift = 9 + exponent - i32::try_from(fraction.len()).ok()?;
    let scale = 10_i128.checked_pow(shift.unsigned_abs())?;
    let value: i128 = all.parse().ok()?;
    let value = if shift >= 0 { value.checked_mul(scale)? } else { value / scale };
    (value.abs() < 1 << 100).then_some(sign * value)
}

/// The numbers of a range.
struct Numbers {
    start: i128,
    end: i128,
    step: i128,
    tick: Option<i128>,
}

impl Numbers {
    fn contains(&self, value: i128) -> bool {
        (self.start.min(self.end)..=self.start.max(self.end)).contains(&value)
    }

    fn width(&self) -> i128 {
        (self.end - self.start).abs()
    }
}

/// Reads the parameters into the control, complaining about what does not fit.
pub(crate) fn range(given: &mut Given, node: &mut Node, choices: &Choices) {
    given.accept(&KEYS);
    let appearance = node.control("appearance").map(str::to_owned);
    let ticks = ["tick_interval", "placeholder", "tick_labelset"];
    if let Some(look) = &appearance
        && !look.contains("vertical")
        && !look.contains("no-ticks")
        && let Some(key) = ticks.into_iter().find(|k| given.get(k).is_some())
    {
        given.refuse(key, "it works with the appearances 'vertical' and 'no-ticks' only");
    }
    let (numbers, whole) = numbers(given, node);
    let Some(numbers) = numbers else { return };
    if !whole {
        node.set_bind("type", "decimal");
    }
    if let Some(list) = given.get("tick_labelset").map(str::to_owned) {
        let no_ticks = appearance.is_some_and(|look| look.contains("no-ticks"));
        labels(given, &list, &numbers, choices, no_ticks);
        node.itemset = Some(list);
    }
}

/// Start, end, step and tick interval; whether all are whole numbers.
fn numbers(given: &mut Given, node: &mut Node) -> (Option<Numbers>, bool) {
    let mut whole = true;
    let mut read = |given: &mut Given, key: &str, attribute: &str, default: Option<&str>| {
        let text = given.get(key).or(default)?.to_owned();
        let value = exact(&text);
        match value {
            Some(value) => {
                whole &= value % 1_000_000_000 == 0;
                node.set_control(attribute, text);
            }
            None => given.refuse(key, "a number"),
        }
        value
    };
    let start = read(given, "start", "start", Some("1"));
    let end = read(given, "end", "end", Some("10"));
    let step = read(given, "step", "step", Some("1"));
    let tick = read(given, "tick_interval", "odk:tick-interval", None);
    let placeholder = read(given, "placeholder", "odk:placeholder", None);
    let (Some(start), Some(end), Some(step)) = (start, end, step) else { return (None, whole) };
    let numbers = Numbers { start, end, step, tick };
    for (key, value) in [("step", Some(step)), ("tick_interval", tick)] {
        match value {
            Some(0) => given.refuse(key, "not zero"),
            Some(value) if value > numbers.width() => {
                given.refuse(key, "not larger than the range");
            }
            _ => {}
        }
    }
    if step == 0 || tick == Some(0) {
        return (None, whole);
    }
    if tick.is_some_and(|tick| tick % step != 0) {
        given.refuse("tick_interval", "a multiple of the step");
    }
    if let Some(placeholder) = placeholder {
        if (placeholder - start) % step != 0 {
            given.refuse("placeholder", "a multiple of the step from the start");
        }
        if !numbers.contains(placeholder) {
            given.refuse("placeholder", "within the range");
        }
    }
    (Some(numbers), whole)
}

/// The labels of ticks stand at values that the range has.
fn labels(given: &mut Given, list: &str, numbers: &Numbers, choices: &Choices, no_ticks: bool) {
    const KEY: &str = "tick_labelset";
    let Some(list) = choices.list(list) else {
        given.refuse(KEY, "the name of a list of choices");
        return;
    };
    if list.choices.len() > MAX_TICKS {
        given.refuse(KEY, "a list of fewer choices");
        return;
    }
    let every = numbers.tick.unwrap_or(numbers.step);
    let mut values = Vec::new();
    for choice in &list.choices {
        match exact(&choice.name.to_lowercase()) {
            None => given.refuse(KEY, "a list whose names are numbers"),
            Some(value) if !numbers.contains(value) => {
                given.refuse(KEY, "a list whose names are within the range");
            }
            Some(value) if (value - numbers.start) % every != 0 => {
                given.refuse(KEY, "a list whose names are multiples of the interval");
            }
            Some(value) => values.push(value),
        }
    }
    values.sort_unstable();
    values.dedup();
    let ends = [numbers.start.min(numbers.end), numbers.start.max(numbers.end)];
    if no_ticks && values != ends {
        given.refuse(KEY, "a list of the start and the end, with 'no-ticks'");
    }
}
