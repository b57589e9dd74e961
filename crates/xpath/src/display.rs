//! From syntax tree to text that parses to the same tree.

use std::fmt::{self, Display, Formatter};

use crate::ast::{Axis, Expression, NEGATION, Name, Operator, Path, Start, Step, Test};

/// The precedence of an operand that needs no parentheses anywhere.
const OPERAND: u8 = 9;
impl Display for Name {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if self.prefix.is_empty() {
            f.write_str(&self.local)
        } else {
            write!(f, "{}:{}", self.prefix, self.local)
        }
    }
}

impl Display for Expression {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Expression::Number(number) => f.write_str(&crate::number::to_text(*number)),
            Expression::Literal(text) => literal(text, f),
            Expression::Variable(name) => write!(f, "${name}"),
            Expression::Negate(inner) => {
                f.write_str("-")?;
                operand(inner, NEGATION, f)
            }
            Expression::Chain { first, rest } => {
                let precedence = rest.first().map_or(OPERAND, |(op, _)| op.precedence());
                operand(first, precedence + 1, f)?;
                for (operator, right) in rest {
                    write!(f, " {} ", operator.symbol())?;
                    operand(right, precedence + 1, f)?;
                }
                Ok(())
            }
            Expression::Call(call) => {
                write!(f, "{}(", call.name)?;
                for (index, argument) in call.arguments.iter().enumerate() {
                    if index > 0 {
                        f.write_str(", ")?;
                    }
                    argument.fmt(f)?;
                }
                f.write_str(")")
            }
            Expression::Path(path) => path.fmt(f),
        }
    }
}

/// Writes an operand, in parentheses unless it binds at least this tightly.
fn operand(expression: &Expression, least: u8, f: &mut Formatter<'_>) -> fmt::Result {
    let precedence = match expression {
        Expression::Chain { rest, .. } => {
            rest.first().map_or(OPERAND, |(operator, _)| operator.precedence())
        }
        Expression::Negate(_) => NEGATION,
        // A lone `/` would take what follows as its first step.
        Expression::Path(Path { start: Start::Root, steps, .. }) if steps.is_empty() => 0,
        _ => OPERAND,
    };
    if precedence < least { write!(f, "({expression})") } else { expression.fmt(f) }
}

/// A text with both kinds of quotation mark cannot be one literal: it is written as a `concat`.
fn literal(text: &str, f: &mut Formatter<'_>) -> fmt::Result {
    if !text.contains('\'') {
        write!(f, "'{text}'")
    } else if !text.contains('"') {
        write!(f, "\"{text}\"")
    } else {
        f.write_str("concat('")?;
        f.write_str(&text.replace('\'', "', \"'\", '"))?;
        f.write_str("')")
    }
}

impl Display for Path {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let mut separate = false;
        match &self.start {
            Start::Context => {}
            Start::Root => f.write_str("/")?,
            Start::Expression { expression, predicates } => {
                let bare = matches!(
                    **expression,
                    Expression::Call(_)
                        | Expression::Variable(_)
                        | Expression::Number(_)
                        | Expression::Literal(_)
                );
                if bare {
                    expression.fmt(f)?;
                } else {
                    write!(f, "({expression})")?;
                }
                write_predicates(predicates, f)?;
                separate = true;
            }
        }
        for step in &self.steps {
            if separate {
                f.write_str("/")?;
            }
            step.fmt(f)?;
            separate = true;
        }
        Ok(())
    }
}

impl Display for Step {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match (self.axis, &self.test) {
            (Axis::SelfNode, Test::Node) => f.write_str(".")?,
            (Axis::Parent, Test::Node) => f.write_str("..")?,
            (Axis::Child, test) => test.fmt(f)?,
            (Axis::Attribute, test) => write!(f, "@{test}")?,
            (axis, test) => write!(f, "{}::{test}", axis.name())?,
        }
        write_predicates(&self.predicates, f)
    }
}

impl Display for Test {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Test::Any => f.write_str("*"),
            Test::AnyIn(prefix) => write!(f, "{prefix}:*"),
            Test::Name(name) => name.fmt(f),
            Test::Node => f.write_str("node()"),
            Test::Text => f.write_str("text()"),
            Test::Comment => f.write_str("comment()"),
            Test::Instruction(None) => f.write_str("processing-instruction()"),
            Test::Instruction(Some(target)) => {
                f.write_str("processing-instruction(")?;
                literal(target, f)?;
                f.write_str(")")
            }
        }
    }
}

impl Display for Operator {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(self.symbol())
    }
}

fn write_predicates(predicates: &[Expression], f: &mut Formatter<'_>) -> fmt::Result {
    predicates.iter().try_for_each(|predicate| write!(f, "[{predicate}]"))
}
