//! A parsed expression and what can be said about it without evaluating.

use std::{fmt, str::FromStr};

use crate::{
    ast::{Call, Expression, Path},
    error::ParseError,
    function::Function,
    parser,
    walk::{self, Item},
};

/// A parsed expression. Parsing accepts unknown functions: those fail when evaluated, if they are.
#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    root: Expression,
    paths: u32,
}

impl Expr {
    /// Parses a text.
    pub fn parse(text: &str) -> Result<Expr, ParseError> {
        parser::parse(text).map(Expr::from_ast)
    }

    /// An expression from its syntax tree; the paths are numbered anew.
    pub fn from_ast(mut root: Expression) -> Expr {
        let paths = walk::number_paths(&mut root);
        Expr { root, paths }
    }

    /// The syntax tree.
    pub fn ast(&self) -> &Expression {
        &self.root
    }

    /// How many paths there are: their ids are below this.
    pub fn path_count(&self) -> u32 {
        self.paths
    }

    /// Every path, with the paths inside predicates and arguments, by id.
    pub fn paths(&self) -> Vec<&Path> {
        let mut paths = Vec::new();
        walk::walk(&self.root, &mut |item| {
            if let Item::Path(path) = item {
                paths.push(path);
            }
        });
        paths
    }

    /// Every call, in the order of the text.
    pub fn calls(&self) -> Vec<&Call> {
        let mut calls = Vec::new();
        walk::walk(&self.root, &mut |item| {
            if let Item::Call(call) = item {
                calls.push(call);
            }
        });
        calls
    }

    /// The names of the functions used, known or not, as written.
    pub fn functions(&self) -> Vec<String> {
        self.calls().into_iter().map(|call| call.name.to_string()).collect()
    }

    /// Whether the value is a number whatever it reads, or nothing.
    pub fn is_numeric(&self) -> bool {
        is_numeric(&self.root)
    }
}

fn is_numeric(expression: &Expression) -> bool {
    match expression {
        Expression::Number(_) | Expression::Negate(_) => true,
        Expression::Chain { rest, .. } => rest.iter().all(|(operator, _)| operator.is_arithmetic()),
        Expression::Call(Call { function: Some(Function::If), arguments, .. }) => {
            let empty =
                |it: &Expression| matches!(it, Expression::Literal(text) if text.is_empty());
            let mut either = arguments.iter().skip(1);
            either.clone().any(is_numeric) && either.all(|it| is_numeric(it) || empty(it))
        }
        Expression::Call(call) => call.function.is_some_and(Function::gives_number),
        Expression::Literal(_) | Expression::Variable(_) | Expression::Path(_) => false,
    }
}

impl Call {
    /// Whether the call looks at more than its arguments. An unknown function might.
    pub fn reads_context(&self) -> bool {
        self.function.is_none_or(|function| {
            function.reads_context()
                || (self.arguments.is_empty() && function.defaults_to_context())
        })
    }
}

impl Function {
    /// Whether the function looks at more than its arguments.
    pub fn reads_context(self) -> bool {
        matches!(
            self,
            Function::ChoiceName
                | Function::Current
                | Function::Id
                | Function::IndexedRepeat
                | Function::Instance
                | Function::Itext
                | Function::Lang
                | Function::Last
                | Function::Now
                | Function::Once
                | Function::Position
                | Function::Pulldata
                | Function::Random
                | Function::Randomize
                | Function::Today
                | Function::Uuid
        )
    }

    /// Whether nodes of an argument that are not relevant are left out, and not read as nothing. Of several values each
    /// counts.
    pub fn leaves_out(self, arguments: usize) -> bool {
        match self {
            Function::Area
            | Function::Concat
            | Function::CountNonEmpty
            | Function::Distance
            | Function::Sum => true,
            Function::Max | Function::Min => arguments == 1,
            Function::Join => arguments == 2,
            _ => false,
        }
    }

    /// Whether what it gives is a number.
    pub fn gives_number(self) -> bool {
        matches!(
            self,
            Function::Abs
                | Function::Acos
                | Function::Area
                | Function::Asin
                | Function::Atan
                | Function::Atan2
                | Function::Ceiling
                | Function::Cos
                | Function::Count
                | Function::CountNonEmpty
                | Function::CountSelected
                | Function::DecimalDateTime
                | Function::DecimalTime
                | Function::Distance
                | Function::Exp
                | Function::Exp10
                | Function::Floor
                | Function::Int
                | Function::Log
                | Function::Log10
                | Function::Max
                | Function::Min
                | Function::Number
                | Function::Pi
                | Function::Position
                | Function::Pow
                | Function::Random
                | Function::Round
                | Function::Sin
                | Function::Sqrt
                | Function::StringLength
                | Function::Sum
                | Function::Tan
        )
    }

    /// Whether the function without arguments takes the context node.
    pub fn defaults_to_context(self) -> bool {
        matches!(
            self,
            Function::LocalName
                | Function::Name
                | Function::NamespaceUri
                | Function::NormalizeSpace
                | Function::Number
                | Function::String
                | Function::StringLength
        )
    }
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.root.fmt(f)
    }
}

impl FromStr for Expr {
    type Err = ParseError;
    fn from_str(text: &str) -> Result<Expr, ParseError> {
        Expr::parse(text)
    }
}
