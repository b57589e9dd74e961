//! XPath 1.0 with the functions of ODK XForms: parsed once, evaluated over any tree.
//!
//! [`Expr::parse`] gives a syntax tree ([`ast`]) that tells what it reads; [`evaluate`] runs it in a [`Context`] over
//! anything that is a [`Tree`]. What the tree alone cannot answer (secondary instances, translations, indexes) is asked
//! of a [`Host`]. No clock, no randomness, no I/O: time and seeds come in with the context.

pub mod ast;
mod calendar;
mod context;
mod display;
mod error;
mod evaluate;
mod expr;
mod function;
mod lexer;
pub mod number;
mod parser;
mod tree;
mod value;
mod walk;

pub use calendar::{INVALID_DATE, is_time};
pub use context::{BUDGET, Context, Host, LocalTime, NoHost, Random};
pub use error::{EvalError, ParseError, ParseErrorKind};
pub use evaluate::{area_m2, evaluate, evaluate_counted, pattern_fault};
pub use expr::Expr;
pub use function::Function;
pub use tree::{NodeKind, Tree};
pub use value::{Nodes, Value};
pub use walk::{Item, walk};
