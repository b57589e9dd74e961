//! Evaluation: operators here; comparison, paths and functions beside.

mod compare;
mod functions;
mod path;

pub use functions::{area_m2, pattern_fault};

use std::{borrow::Cow, cell::Cell};

use crate::{
    ast::{Expression, Operator},
    context::{Context, Host},
    error::EvalError,
    expr::Expr,
    number,
    tree::Tree,
    value::{Nodes, Value},
};

/// The value of an expression in a context.
pub fn evaluate<'a, T: Tree, H: Host<T>>(
    expr: &'a Expr,
    context: &Context<'a, T, H>,
) -> Result<Value<'a, T::Node>, EvalError> {
    evaluate_counted(expr, context).0
}

/// The same, with the work that it took: nodes visited and functions called, as the budget counts them.
pub fn evaluate_counted<'a, T: Tree, H: Host<T>>(
    expr: &'a Expr,
    context: &Context<'a, T, H>,
) -> (Result<Value<'a, T::Node>, EvalError>, u64) {
    let evaluator = Evaluator { context, budget: Cell::new(context.budget) };
    let focus = Focus { node: context.node, position: context.position, size: context.size };
    let value = evaluator.expression(expr.ast(), focus);
    (value, context.budget - evaluator.budget.get())
}

/// One run over one expression.
struct Evaluator<'c, 'a, T: Tree, H: Host<T>> {
    context: &'c Context<'a, T, H>,
    budget: Cell<u64>,
}

/// What changes from predicate to predicate.
#[derive(Clone, Copy)]
struct Focus<N> {
    node: N,
    position: usize,
    size: usize,
}

type Evaluated<'a, T> = Result<Value<'a, <T as Tree>::Node>, EvalError>;

impl<'a, T: Tree, H: Host<T>> Evaluator<'_, 'a, T, H> {
    /// Takes work off the budget.
    fn spend(&self, work: usize) -> Result<(), EvalError> {
        let work = u64::try_from(work).unwrap_or(u64::MAX);
        let left = self.budget.get().checked_sub(work).ok_or(EvalError::OutOfBudget)?;
        self.budget.set(left);
        Ok(())
    }

    /// The same for work that is done already.
    fn take(&self, work: usize) {
        let work = u64::try_from(work).unwrap_or(u64::MAX);
        self.budget.set(self.budget.get().saturating_sub(work));
    }

    fn expression(&self, expression: &'a Expression, focus: Focus<T::Node>) -> Evaluated<'a, T> {
        self.spend(1)?;
        match expression {
            Expression::Number(number) => Ok(Value::Number(*number)),
            Expression::Literal(text) => Ok(Value::Text((&**text).into())),
            Expression::Variable(name) => self
                .context
                .host
                .variable(name)
                .ok_or_else(|| EvalError::UnknownVariable(name.to_string())),
            Expression::Negate(inner) => Ok(Value::Number(-self.number(inner, focus)?)),
            Expression::Chain { first, rest } => self.chain(first, rest, focus),
            Expression::Call(call) => functions::call(self, call, focus),
            Expression::Path(path) => Ok(Value::Nodes(self.path(path, focus)?)),
        }
    }

    fn chain(
        &self,
        first: &'a Expression,
        rest: &'a [(Operator, Expression)],
        focus: Focus<T::Node>,
    ) -> Evaluated<'a, T> {
        match rest.first().map(|(operator, _)| *operator) {
            // Short circuit: what follows need not be evaluable.
            Some(Operator::Or) => Ok(Value::Boolean(self.any(true, first, rest, focus)?)),
            Some(Operator::And) => Ok(Value::Boolean(!self.any(false, first, rest, focus)?)),
            Some(Operator::Union) => self.union(first, rest, focus),
            _ => {
                let mut left = self.expression(first, focus)?;
                for (operator, right) in rest {
                    let right = self.expression(right, focus)?;
                    left = self.binary(*operator, &left, &right)?;
                }
                Ok(left)
            }
        }
    }

    /// Whether any operand is `wanted`, stopping at the first.
    fn any(
        &self,
        wanted: bool,
        first: &'a Expression,
        rest: &'a [(Operator, Expression)],
        focus: Focus<T::Node>,
    ) -> Result<bool, EvalError> {
        for operand in std::iter::once(first).chain(rest.iter().map(|(_, operand)| operand)) {
            if self.expression(operand, focus)?.boolean() == wanted {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn union(
        &self,
        first: &'a Expression,
        rest: &'a [(Operator, Expression)],
        focus: Focus<T::Node>,
    ) -> Evaluated<'a, T> {
        let mut all = self.nodes(first, focus, "|")?.into_vec();
        for (_, operand) in rest {
            all.extend(self.nodes(operand, focus, "|")?.iter());
        }
        self.sort(&mut all)?;
        Ok(Value::Nodes(Nodes::Many(all)))
    }

    fn binary(
        &self,
        operator: Operator,
        left: &Value<'a, T::Node>,
        right: &Value<'a, T::Node>,
    ) -> Evaluated<'a, T> {
        let number = |calculate: fn(f64, f64) -> f64| {
            Value::Number(calculate(self.number_of(left), self.number_of(right)))
        };
        Ok(match operator {
            Operator::Add => number(|a, b| a + b),
            Operator::Subtract => number(|a, b| a - b),
            Operator::Multiply => number(|a, b| a * b),
            Operator::Divide => number(|a, b| a / b),
            Operator::Modulo => number(|a, b| a % b),
            _ => Value::Boolean(self.compare(operator, left, right)?),
        })
    }

    fn number(&self, expression: &'a Expression, focus: Focus<T::Node>) -> Result<f64, EvalError> {
        Ok(self.number_of(&self.expression(expression, focus)?))
    }

    /// The text of a node. A long one costs its length, and one that is put together what is below: when that is more
    /// than is left, the next step ends with an error.
    fn read(&self, node: T::Node) -> Cow<'a, str> {
        let text = self.context.tree.text(node);
        let is_built = matches!(text, Cow::Owned(_));
        let below = if is_built { self.context.tree.weight(node) } else { 0 };
        self.take(below + text.len() / 64);
        text
    }

    fn text_of(&self, value: &Value<'a, T::Node>) -> Cow<'a, str> {
        match value {
            Value::Nodes(nodes) => nodes.first().map(|node| self.read(node)).unwrap_or_default(),
            value => {
                let text = value.text(self.context);
                self.take(text.len() / 64);
                text
            }
        }
    }

    fn number_of(&self, value: &Value<'a, T::Node>) -> f64 {
        match value {
            Value::Nodes(_) => number::from_text(&self.text_of(value), self.context.now.offset_min),
            value => value.number(self.context),
        }
    }

    /// The nodes of an expression that must give nodes, for `user` (in the error).
    fn nodes(
        &self,
        expression: &'a Expression,
        focus: Focus<T::Node>,
        user: &'static str,
    ) -> Result<Nodes<T::Node>, EvalError> {
        match self.expression(expression, focus)? {
            Value::Nodes(nodes) => Ok(nodes),
            _ => Err(EvalError::NotNodes(user)),
        }
    }

    /// Puts nodes in document order, each once.
    fn sort(&self, nodes: &mut Vec<T::Node>) -> Result<(), EvalError> {
        let tree = self.context.tree;
        self.spend(nodes.len())?;
        if nodes.is_sorted_by(|a, b| tree.compare(*a, *b).is_lt()) {
            return Ok(());
        }
        self.spend(nodes.len().saturating_mul(8))?;
        nodes.sort_by(|a, b| tree.compare(*a, *b));
        nodes.dedup();
        Ok(())
    }
}
