//! Functions of texts. Characters are Unicode scalar values, so `string-length('Ấ')` is 1.

use std::{borrow::Cow, collections::BTreeMap};

use super::{Arguments, TEXT, pattern};
use crate::{
    context::Host, error::EvalError, evaluate::Evaluated, function::Function, number::is_space,
    tree::Tree, value::Value,
};

pub(super) fn evaluate<'a, T: Tree, H: Host<T>>(
    a: &Arguments<'_, '_, 'a, T, H>,
) -> Evaluated<'a, T> {
    Ok(match a.function {
        Function::String => Value::Text(a.text_or_context()?),
        Function::Concat => return join(a, "", &a.texts(0)?),
        Function::Join => return join(a, &a.text(0)?, &a.texts(1)?),
        Function::Contains => Value::Boolean(a.text(0)?.contains(&*a.text(1)?)),
        Function::StartsWith => Value::Boolean(a.text(0)?.starts_with(&*a.text(1)?)),
        Function::EndsWith => Value::Boolean(a.text(0)?.ends_with(&*a.text(1)?)),
        Function::SubstringBefore => {
            let (text, mark) = (a.text(0)?, a.text(1)?);
            let before = text.split_once(&*mark).map_or("", |(before, _)| before);
            Value::Text(before.to_owned().into())
        }
        Function::SubstringAfter => {
            let (text, mark) = (a.text(0)?, a.text(1)?);
            let after = text.split_once(&*mark).map_or("", |(_, after)| after);
            Value::Text(after.to_owned().into())
        }
        Function::Substring => {
            let length = if a.len() > 2 { Some(a.number(2)?) } else { None };
            Value::Text(substring(&a.text(0)?, a.number(1)?, length).into())
        }
        Function::Substr => {
            let end = if a.len() > 2 { Some(a.number(2)?) } else { None };
            Value::Text(substr(&a.text(0)?, a.number(1)?, end).into())
        }
        Function::StringLength => Value::Number(count(a.text_or_context()?.chars().count())),
        Function::NormalizeSpace => Value::Text(normalize_space(a.text_or_context()?)),
        Function::Translate => Value::Text(translate(&a.text(0)?, &a.text(1)?, &a.text(2)?).into()),
        Function::Regex => Value::Boolean(regex(a)?),
        _ => return uuid(a),
    })
}

fn count(number: usize) -> f64 {
    number as f64
}

fn join<'a, T: Tree, H: Host<T>>(
    a: &Arguments<'_, '_, 'a, T, H>,
    separator: &str,
    texts: &[Cow<'a, str>],
) -> Evaluated<'a, T> {
    let size: usize = texts.iter().map(|text| text.len() + separator.len()).sum();
    if size > TEXT + separator.len() {
        return Err(EvalError::TooLarge);
    }
    a.bounded(texts.join(separator))
}

/// From the character `start` (counted from 1), `length` characters, both rounded as XPath 1.0 says.
fn substring(text: &str, start: f64, length: Option<f64>) -> String {
    let round = |number: f64| (number + 0.5).floor();
    let start = round(start);
    let end = length.map_or(f64::INFINITY, |length| start + round(length));
    let wanted = |(index, _): &(usize, char)| {
        let position = count(*index) + 1.0;
        position >= start && position < end
    };
    text.chars().enumerate().filter(wanted).map(|(_, character)| character).collect()
}

/// From `start` (counted from 0) up to `end`; negative numbers count from the end.
fn substr(text: &str, start: f64, end: Option<f64>) -> String {
    let size = count(text.chars().count());
    let index = |number: f64| {
        let number = if number.is_nan() { 0.0 } else { number.trunc() };
        if number < 0.0 { (size + number).max(0.0) } else { number }
    };
    let (start, end) = (index(start), end.map_or(size, index));
    let wanted = |(at, _): &(usize, char)| count(*at) >= start && count(*at) < end;
    text.chars().enumerate().filter(wanted).map(|(_, character)| character).collect()
}

fn normalize_space(text: Cow<'_, str>) -> Cow<'_, str> {
    let mut normal = String::with_capacity(text.len());
    for word in text.split(is_space).filter(|word| !word.is_empty()) {
        if !normal.is_empty() {
            normal.push(' ');
        }
        normal.push_str(word);
    }
    if normal == *text { text } else { normal.into() }
}

fn translate(text: &str, from: &str, to: &str) -> String {
    let to = to.chars().map(Some).chain(std::iter::repeat(None));
    let mut changed = BTreeMap::new();
    for (character, change) in from.chars().zip(to) {
        // The first counts.
        changed.entry(character).or_insert(change);
    }
    let change = |character| changed.get(&character).copied().unwrap_or(Some(character));
    text.chars().filter_map(change).collect()
}

/// Whether the pattern is found anywhere in the text: patterns anchor themselves with `^` and `$`.
fn regex<T: Tree, H: Host<T>>(a: &Arguments<'_, '_, '_, T, H>) -> Result<bool, EvalError> {
    let (text, written) = (a.text(0)?, a.text(1)?);
    a.evaluator.spend(written.len().saturating_add(text.len()))?;
    // Each character costs as much as the program is large.
    for size in pattern::SIZES {
        a.evaluator.spend(size >> 6)?;
        if let Ok(regex) = pattern::compiled(&written, size) {
            a.evaluator.spend(text.len().saturating_mul(size >> 10))?;
            return Ok(regex.is_match(&text));
        }
    }
    Err(a.argument_error(written))
}

/// Without argument a UUID of version 4; with one, that many letters and digits.
fn uuid<'a, T: Tree, H: Host<T>>(a: &Arguments<'_, '_, 'a, T, H>) -> Evaluated<'a, T> {
    let random = a.context().random;
    if a.len() == 0 {
        let high = random.bits() & !0xF000 | 0x4000;
        let low = random.bits() & !(3 << 62) | 2 << 62;
        return Ok(Value::Text(
            format!(
                "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
                high >> 32,
                high >> 16 & 0xFFFF,
                high & 0xFFFF,
                low >> 48,
                low & 0xFFFF_FFFF_FFFF
            )
            .into(),
        ));
    }
    const SIGNS: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let length = a.number(0)?;
    if !(0.0..=4096.0).contains(&length) {
        return Err(a.argument_error(crate::number::to_text(length)));
    }
    let mut text = String::new();
    while count(text.len()) < length.trunc() {
        let index = usize::try_from(random.bits() % 62).unwrap_or_default();
        text.push(SIGNS.get(index).copied().unwrap_or(b'0').into());
    }
    Ok(Value::Text(text.into()))
}
