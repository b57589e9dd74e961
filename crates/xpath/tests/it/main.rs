//! The engine from outside: values, texts of syntax trees, hostile input, and what a host can answer.

mod display;
mod host;
mod hostile;
mod tree;
mod values;
