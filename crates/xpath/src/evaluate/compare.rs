//! `=`, `!=`, `<` and the like: XPath 1.0, §3.4. A date compares as a number, and for `<` and the like
//! so do a boolean and each node, as in the engines that forms are written for.

use std::borrow::Cow;

use super::Evaluator;
use crate::{
    ast::Operator,
    context::Host,
    error::EvalError,
    number,
    tree::Tree,
    value::{Nodes, Value},
};

impl<'a, T: Tree, H: Host<T>> Evaluator<'_, 'a, T, H> {
    pub(super) fn compare(
        &self,
        operator: Operator,
        left: &Value<'a, T::Node>,
        right: &Value<'a, T::Node>,
    ) -> Result<bool, EvalError> {
        let equality = matches!(operator, Operator::Equal | Operator::NotEqual);
        match (left, right) {
            (Value::Boolean(_), _) | (_, Value::Boolean(_)) if equality => {
                Ok(numbers(operator, left.boolean().into(), right.boolean().into()))
            }
            (Value::Nodes(nodes), Value::Nodes(others)) => self.sets(operator, nodes, others),
            (Value::Nodes(nodes), other) => self.set(nodes, |text| {
                let node = Value::Text(text);
                self.atoms(operator, &node, other)
            }),
            (other, Value::Nodes(nodes)) => self.set(nodes, |text| {
                let node = Value::Text(text);
                self.atoms(operator, other, &node)
            }),
            (left, right) => Ok(self.atoms(operator, left, right)),
        }
    }

    /// Compares two values that are no node-sets, and no booleans for equality.
    fn atoms(
        &self,
        operator: Operator,
        left: &Value<'a, T::Node>,
        right: &Value<'a, T::Node>,
    ) -> bool {
        match (operator, left, right) {
            (Operator::Equal, Value::Text(a), Value::Text(b)) => a == b,
            (Operator::NotEqual, Value::Text(a), Value::Text(b)) => a != b,
            _ => numbers(operator, left.number(self.context), right.number(self.context)),
        }
    }

    /// Whether the text of any node passes.
    fn set(
        &self,
        nodes: &Nodes<T::Node>,
        passes: impl Fn(Cow<'a, str>) -> bool,
    ) -> Result<bool, EvalError> {
        self.spend(nodes.len())?;
        Ok(nodes.iter().any(|node| passes(self.read(node))))
    }

    /// Whether any pair of nodes passes.
    fn sets(
        &self,
        operator: Operator,
        left: &Nodes<T::Node>,
        right: &Nodes<T::Node>,
    ) -> Result<bool, EvalError> {
        let texts: Vec<Cow<'a, str>> = right.iter().map(|node| self.read(node)).collect();
        let read = |text: &str| number::from_text(text, self.context.now.offset_min);
        let by_text = matches!(operator, Operator::Equal | Operator::NotEqual);
        let values: Vec<f64> =
            if by_text { Vec::new() } else { texts.iter().map(|text| read(text)).collect() };
        for node in left.iter() {
            self.spend(1 + texts.len())?;
            let text = self.read(node);
            let passes = match operator {
                Operator::Equal => texts.contains(&text),
                Operator::NotEqual => texts.iter().any(|other| *other != text),
                _ => {
                    let value = read(&text);
                    values.iter().any(|other| numbers(operator, value, *other))
                }
            };
            if passes {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

fn numbers(operator: Operator, left: f64, right: f64) -> bool {
    match operator {
        Operator::Equal => left == right,
        Operator::NotEqual => left != right,
        Operator::Less => left < right,
        Operator::LessOrEqual => left <= right,
        Operator::Greater => left > right,
        Operator::GreaterOrEqual => left >= right,
        _ => false,
    }
}
