//! The function library: this file hands each call to the file of its subject.

mod dates;
mod digest;
mod geo;
mod lists;
mod nodes;
mod numbers;
mod pattern;
mod randomize;
mod strings;

pub use geo::area_m2;
pub use pattern::pattern_fault;

use std::borrow::Cow;

use super::{Evaluated, Evaluator, Focus};
use crate::{
    ast::{Call, Expression},
    context::{Context, Host},
    error::EvalError,
    function::Function,
    tree::Tree,
    value::{Nodes, Value},
};

/// The longest text that a function may build, in bytes.
const TEXT: usize = 4 << 20;

/// A call at work: its arguments, evaluated when asked for.
struct Arguments<'s, 'c, 'a, T: Tree, H: Host<T>> {
    evaluator: &'s Evaluator<'c, 'a, T, H>,
    function: Function,
    expressions: &'a [Expression],
    focus: Focus<T::Node>,
}

/// The value of a call.
pub(super) fn call<'a, T: Tree, H: Host<T>>(
    evaluator: &Evaluator<'_, 'a, T, H>,
    call: &'a Call,
    focus: Focus<T::Node>,
) -> Evaluated<'a, T> {
    let function =
        call.function.ok_or_else(|| EvalError::UnknownFunction(call.name.to_string()))?;
    let expressions = call.arguments.as_slice();
    let (least, most) = function.arity();
    if !(least..=most).contains(&expressions.len()) {
        return Err(EvalError::Arity { function: function.name(), given: expressions.len() });
    }
    let arguments = Arguments { evaluator, function, expressions, focus };
    evaluate(&arguments)
}

fn evaluate<'a, T: Tree, H: Host<T>>(a: &Arguments<'_, '_, 'a, T, H>) -> Evaluated<'a, T> {
    use Function as F;
    match a.function {
        F::True => Ok(Value::Boolean(true)),
        F::False => Ok(Value::Boolean(false)),
        F::Boolean => a.boolean(0).map(Value::Boolean),
        F::Not => a.boolean(0).map(|boolean| Value::Boolean(!boolean)),
        F::If => a.value(if a.boolean(0)? { 1 } else { 2 }),
        F::BooleanFromString => {
            a.text(0).map(|text| Value::Boolean(matches!(&*text, "1" | "true")))
        }
        F::Concat
        | F::Contains
        | F::EndsWith
        | F::Join
        | F::NormalizeSpace
        | F::Regex
        | F::StartsWith
        | F::String
        | F::StringLength
        | F::Substr
        | F::Substring
        | F::SubstringAfter
        | F::SubstringBefore
        | F::Translate
        | F::Uuid => strings::evaluate(a),
        F::Base64Decode | F::Digest => digest::evaluate(a),
        F::Abs
        | F::Acos
        | F::Asin
        | F::Atan
        | F::Atan2
        | F::Ceiling
        | F::Cos
        | F::Exp
        | F::Exp10
        | F::Floor
        | F::Int
        | F::Log
        | F::Log10
        | F::Max
        | F::Min
        | F::Number
        | F::Pi
        | F::Pow
        | F::Random
        | F::Round
        | F::Sin
        | F::Sqrt
        | F::Sum
        | F::Tan => numbers::evaluate(a),
        F::ChoiceName
        | F::Coalesce
        | F::Count
        | F::CountNonEmpty
        | F::Current
        | F::Id
        | F::IndexedRepeat
        | F::Instance
        | F::Itext
        | F::Lang
        | F::Last
        | F::LocalName
        | F::Name
        | F::NamespaceUri
        | F::Once
        | F::Position
        | F::Pulldata => nodes::evaluate(a),
        F::Randomize => randomize::evaluate(a),
        F::Checklist | F::CountSelected | F::Selected | F::SelectedAt | F::WeightedChecklist => {
            lists::evaluate(a)
        }
        F::Date
        | F::DateTime
        | F::DecimalDateTime
        | F::DecimalTime
        | F::FormatDate
        | F::FormatDateTime
        | F::Now
        | F::Today => dates::evaluate(a),
        F::Area | F::Distance | F::Geofence => geo::evaluate(a),
    }
}

impl<'a, T: Tree, H: Host<T>> Arguments<'_, '_, 'a, T, H> {
    fn context(&self) -> &Context<'a, T, H> {
        self.evaluator.context
    }

    fn len(&self) -> usize {
        self.expressions.len()
    }

    fn arity_error(&self) -> EvalError {
        EvalError::Arity { function: self.function.name(), given: self.len() }
    }

    fn argument_error(&self, given: impl Into<String>) -> EvalError {
        let given: String = given.into();
        EvalError::Argument {
            function: self.function.name(),
            given: given.chars().take(80).collect(),
        }
    }

    fn value(&self, index: usize) -> Evaluated<'a, T> {
        let expression = self.expressions.get(index).ok_or_else(|| self.arity_error())?;
        self.evaluator.expression(expression, self.focus)
    }

    fn text(&self, index: usize) -> Result<Cow<'a, str>, EvalError> {
        Ok(self.evaluator.text_of(&self.value(index)?))
    }

    fn number(&self, index: usize) -> Result<f64, EvalError> {
        Ok(self.evaluator.number_of(&self.value(index)?))
    }

    fn boolean(&self, index: usize) -> Result<bool, EvalError> {
        Ok(self.value(index)?.boolean())
    }

    /// The argument, which must be a node-set.
    fn nodes(&self, index: usize) -> Result<Nodes<T::Node>, EvalError> {
        match self.value(index)? {
            Value::Nodes(nodes) => Ok(nodes),
            _ => Err(EvalError::NotNodes(self.function.name())),
        }
    }

    /// The text of the first argument, of the context node if there is none.
    fn text_or_context(&self) -> Result<Cow<'a, str>, EvalError> {
        if self.len() == 0 { Ok(self.evaluator.read(self.focus.node)) } else { self.text(0) }
    }

    /// The first node of the first argument, the context node if there is no argument.
    fn node_or_context(&self) -> Result<Option<T::Node>, EvalError> {
        if self.len() == 0 { Ok(Some(self.focus.node)) } else { Ok(self.nodes(0)?.first()) }
    }

    /// Whether the function looks at a node of an argument.
    fn counts(&self, node: T::Node) -> bool {
        !self.function.leaves_out(self.len()) || self.context().host.counts(node)
    }

    /// The texts of the arguments from this one on, each node of a node-set by itself.
    fn texts(&self, from: usize) -> Result<Vec<Cow<'a, str>>, EvalError> {
        let mut texts = Vec::new();
        for index in from..self.len() {
            match self.value(index)? {
                Value::Nodes(nodes) => {
                    self.evaluator.spend(nodes.len())?;
                    let counted = nodes.iter().filter(|node| self.counts(*node));
                    texts.extend(counted.map(|node| self.evaluator.read(node)));
                }
                value => texts.push(self.evaluator.text_of(&value)),
            }
        }
        Ok(texts)
    }

    /// A built text, unless it is too long.
    fn bounded(&self, text: String) -> Evaluated<'a, T> {
        if text.len() > TEXT {
            return Err(EvalError::TooLarge);
        }
        self.evaluator.spend(text.len() / 64)?;
        Ok(Value::Text(text.into()))
    }
}
