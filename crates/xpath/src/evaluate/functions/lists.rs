//! Functions of lists separated by white space (the answers of select-multiple questions), and checklists.

use super::Arguments;
use crate::{
    context::Host, error::EvalError, evaluate::Evaluated, function::Function, number::is_space,
    tree::Tree, value::Value,
};

pub(super) fn evaluate<'a, T: Tree, H: Host<T>>(
    a: &Arguments<'_, '_, 'a, T, H>,
) -> Evaluated<'a, T> {
    Ok(match a.function {
        Function::Selected => {
            let (list, wanted) = (a.text(0)?, a.text(1)?);
            let wanted = wanted.trim_matches(is_space);
            Value::Boolean(if wanted.is_empty() {
                words(&list).next().is_none()
            } else {
                words(&list).any(|word| word == wanted)
            })
        }
        Function::SelectedAt => {
            let list = a.text(0)?;
            let index = a.number(1)?;
            Value::Text(word_at(&list, index).to_owned().into())
        }
        Function::CountSelected => Value::Number(words(&a.text(0)?).count() as f64),
        Function::Checklist => Value::Boolean(checklist(a)?),
        _ => Value::Boolean(weighted_checklist(a)?),
    })
}

fn words(list: &str) -> impl Iterator<Item = &str> {
    list.split(is_space).filter(|word| !word.is_empty())
}

fn word_at(list: &str, index: f64) -> &str {
    if index > -1.0 { words(list).nth(index as usize).unwrap_or_default() } else { "" }
}

/// Whether a number lies between two bounds, of which -1 means none.
fn within(number: f64, least: f64, most: f64) -> bool {
    (least < 0.0 || number >= least) && (most < 0.0 || number <= most)
}

/// The truth of each value; of a node-set, whether each node has a text, as in the reference engines.
fn truths<T: Tree, H: Host<T>>(
    a: &Arguments<'_, '_, '_, T, H>,
    index: usize,
) -> Result<Vec<bool>, EvalError> {
    Ok(match a.value(index)? {
        Value::Nodes(nodes) => {
            nodes.iter().map(|node| !a.evaluator.read(node).is_empty()).collect()
        }
        value => vec![value.boolean()],
    })
}

fn checklist<T: Tree, H: Host<T>>(a: &Arguments<'_, '_, '_, T, H>) -> Result<bool, EvalError> {
    let mut count = 0.0;
    for index in 2..a.len() {
        count += truths(a, index)?.into_iter().map(|truth| f64::from(u8::from(truth))).sum::<f64>();
    }
    Ok(within(count, a.number(0)?, a.number(1)?))
}

fn weighted_checklist<T: Tree, H: Host<T>>(
    a: &Arguments<'_, '_, '_, T, H>,
) -> Result<bool, EvalError> {
    if a.len() % 2 == 1 {
        return Err(a.arity_error());
    }
    let mut total = 0.0;
    for index in (2..a.len()).step_by(2) {
        let weights: Vec<f64> = match a.value(index + 1)? {
            Value::Nodes(nodes) => {
                let read = |node| {
                    let text = a.evaluator.read(node);
                    crate::number::from_text(&text, a.context().now.offset_min)
                };
                nodes.iter().map(read).collect()
            }
            value => vec![value.number(a.context())],
        };
        // Each value has its own weight; what is left over on either side counts nothing.
        let counted = truths(a, index)?.into_iter().zip(weights).filter(|(truth, _)| *truth);
        total += counted.map(|(_, weight)| weight).sum::<f64>();
    }
    Ok(within(total, a.number(0)?, a.number(1)?))
}
