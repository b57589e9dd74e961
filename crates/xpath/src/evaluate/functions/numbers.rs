//! Functions of numbers. Those that the platform's mathematics would round in its own way come from `libm`, so that the
//! phone and the server give the same last digit.

use super::Arguments;
use crate::{
    context::Host, error::EvalError, evaluate::Evaluated, function::Function, number, tree::Tree,
    value::Value,
};

pub(super) fn evaluate<'a, T: Tree, H: Host<T>>(
    a: &Arguments<'_, '_, 'a, T, H>,
) -> Evaluated<'a, T> {
    let result = match a.function {
        Function::Number if a.len() == 0 => read(a, &a.text_or_context()?),
        Function::Number => a.number(0)?,
        Function::Int => int(a)?,
        Function::Round => {
            let digits = if a.len() > 1 { a.number(1)? } else { 0.0 };
            round(a.number(0)?, digits)
        }
        Function::Floor => a.number(0)?.floor(),
        Function::Ceiling => a.number(0)?.ceil(),
        Function::Abs => a.number(0)?.abs(),
        Function::Sqrt => a.number(0)?.sqrt(),
        Function::Exp => exp(a.number(0)?),
        Function::Exp10 => libm::pow(10.0, a.number(0)?),
        Function::Log => libm::log(a.number(0)?),
        Function::Log10 => log10(a.number(0)?),
        Function::Sin => libm::sin(a.number(0)?),
        Function::Cos => libm::cos(a.number(0)?),
        Function::Tan => libm::tan(a.number(0)?),
        Function::Asin => libm::asin(a.number(0)?),
        Function::Acos => libm::acos(a.number(0)?),
        Function::Atan => libm::atan(a.number(0)?),
        Function::Atan2 => libm::atan2(a.number(0)?, a.number(1)?),
        Function::Pow => pow(a.number(0)?, a.number(1)?),
        Function::Pi => std::f64::consts::PI,
        Function::Random => a.context().random.unit(),
        Function::Sum => sum(a)?,
        Function::Max => extreme(a, f64::max)?,
        _ => extreme(a, f64::min)?,
    };
    Ok(Value::Number(result))
}

/// `int(number)`. A text with an exponent, which is no number elsewhere, is one here: what computes writes small results so.
fn int<T: Tree, H: Host<T>>(a: &Arguments<'_, '_, '_, T, H>) -> Result<f64, EvalError> {
    let number = a.number(0)?;
    Ok(if number.is_nan() { number::with_exponent(&a.text(0)?) } else { number }.trunc())
}

fn read<T: Tree, H: Host<T>>(a: &Arguments<'_, '_, '_, T, H>, text: &str) -> f64 {
    number::from_text(text, a.context().now.offset_min)
}

fn sum<T: Tree, H: Host<T>>(a: &Arguments<'_, '_, '_, T, H>) -> Result<f64, EvalError> {
    let nodes = a.nodes(0)?;
    a.evaluator.spend(nodes.len())?;
    let counted = nodes.iter().filter(|node| a.counts(*node));
    Ok(counted.map(|node| read(a, &a.evaluator.read(node))).sum::<f64>() + 0.0)
}

fn exp(number: f64) -> f64 {
    // The algorithm is one digit off here, of all places.
    if number == 1.0 { std::f64::consts::E } else { libm::exp(number) }
}

/// The power of two apart, as browsers and Java do it: `libm` takes a way that ends in another digit now and then.
fn log10(number: f64) -> f64 {
    const OF_E: f64 = std::f64::consts::LOG10_E;
    const OF_TWO: (f64, f64) = (0.301_029_995_663_611_77, 3.694_239_077_158_931e-13);
    let (fraction, exponent) = libm::frexp(number);
    if number <= 0.0 || !number.is_finite() {
        return libm::log10(number);
    }
    // From 1 up the fraction is in [1, 2), below it in [1/2, 1).
    let (fraction, exponent) =
        if number < 1.0 { (fraction, exponent) } else { (fraction * 2.0, exponent - 1) };
    let exponent = f64::from(exponent);
    exponent * OF_TWO.1 + OF_E * libm::log(fraction) + exponent * OF_TWO.0
}

/// Where the standard for floating point has 1, ECMAScript and Java have NaN: powers of ±1 that have no end or are no number.
fn pow(base: f64, exponent: f64) -> f64 {
    let unknown = exponent.is_nan() || (base.abs() == 1.0 && exponent.is_infinite());
    if unknown { f64::NAN } else { libm::pow(base, exponent) }
}

/// The greatest or least of all values; NaN if there is none or any is no number.
fn extreme<T: Tree, H: Host<T>>(
    a: &Arguments<'_, '_, '_, T, H>,
    choose: fn(f64, f64) -> f64,
) -> Result<f64, EvalError> {
    let mut numbers = Vec::new();
    for index in 0..a.len() {
        match a.value(index)? {
            Value::Nodes(nodes) => {
                a.evaluator.spend(nodes.len())?;
                let counted = nodes.iter().filter(|node| a.counts(*node));
                numbers.extend(counted.map(|node| read(a, &a.evaluator.read(node))));
            }
            value => numbers.push(a.evaluator.number_of(&value)),
        }
    }
    if numbers.iter().any(|number| number.is_nan()) {
        return Ok(f64::NAN);
    }
    Ok(numbers.into_iter().reduce(choose).unwrap_or(f64::NAN))
}

/// Rounds halves away from zero. With digits the decimal text is rounded, so that `round(-1.475, 2)` is -1.48 although
/// the binary number is a little nearer to zero.
pub(super) fn round(number: f64, digits: f64) -> f64 {
    let digits = digits.trunc();
    if digits.is_nan() {
        return f64::NAN;
    }
    if digits == 0.0 || !number.is_finite() {
        return number.round();
    }
    if digits.abs() > 300.0 {
        return if digits > 0.0 { number } else { 0.0 };
    }
    let shifted = number::parse(&format!("{number}e{digits}")).unwrap_or(f64::NAN).round();
    if shifted.is_infinite() {
        return number;
    }
    number::parse(&format!("{shifted}e{}", -digits)).unwrap_or(f64::NAN)
}
