//! Walks over a syntax tree, in the order of the text.

use crate::ast::{Call, Expression, Name, Path, Start};

/// What a walk meets.
#[derive(Clone, Copy, Debug)]
pub enum Item<'a> {
    /// A path; what is inside it follows.
    Path(&'a Path),
    /// A call; its arguments follow.
    Call(&'a Call),
    /// A variable.
    Variable(&'a Name),
}

/// Shows every path, call and variable to `visit`, the outer before the inner.
pub fn walk<'a>(expression: &'a Expression, visit: &mut impl FnMut(Item<'a>)) {
    match expression {
        Expression::Number(_) | Expression::Literal(_) => {}
        Expression::Variable(name) => visit(Item::Variable(name)),
        Expression::Negate(inner) => walk(inner, visit),
        Expression::Chain { first, rest } => {
            walk(first, visit);
            for (_, operand) in rest {
                walk(operand, visit);
            }
        }
        Expression::Call(call) => {
            visit(Item::Call(call));
            for argument in &call.arguments {
                walk(argument, visit);
            }
        }
        Expression::Path(path) => {
            visit(Item::Path(path));
            if let Start::Expression { expression, predicates } = &path.start {
                walk(expression, visit);
                for predicate in predicates {
                    walk(predicate, visit);
                }
            }
            for predicate in path.steps.iter().flat_map(|step| &step.predicates) {
                walk(predicate, visit);
            }
        }
    }
}

/// Numbers the paths in the order of [`walk`]; gives how many there are.
pub(crate) fn number_paths(expression: &mut Expression) -> u32 {
    let mut next = 0;
    number(expression, &mut next);
    next
}

fn number(expression: &mut Expression, next: &mut u32) {
    match expression {
        Expression::Number(_) | Expression::Literal(_) | Expression::Variable(_) => {}
        Expression::Negate(inner) => number(inner, next),
        Expression::Chain { first, rest } => {
            number(first, next);
            for (_, operand) in rest {
                number(operand, next);
            }
        }
        Expression::Call(call) => {
            for argument in &mut call.arguments {
                number(argument, next);
            }
        }
        Expression::Path(path) => {
            path.id = *next;
            *next += 1;
            if let Start::Expression { expression, predicates } = &mut path.start {
                number(expression, next);
                for predicate in predicates {
                    number(predicate, next);
                }
            }
            for predicate in path.steps.iter_mut().flat_map(|step| &mut step.predicates) {
                number(predicate, next);
            }
        }
    }
}
