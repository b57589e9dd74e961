//! The crate from outside: workbooks in, forms and problems out.

mod anything;
mod conversion;
mod pack;
mod problems;
mod reading;
mod warnings;

use form::definition::Form;
use xlsform::{Kind, Options, Problem, Severity, convert, read_workbook};

/// Converts a Markdown table.
fn of(markdown: &str) -> (Option<Form>, Vec<Problem>) {
    let workbook = read_workbook(markdown.as_bytes(), Kind::Markdown).expect("a table");
    convert(&workbook, &Options::default())
}

/// The XML of a Markdown table that must convert.
fn xml(markdown: &str) -> String {
    let (form, problems) = of(markdown);
    form::write_xform(&form.unwrap_or_else(|| panic!("{problems:#?}")))
}

/// The errors of a Markdown table, as a person reads them.
fn errors(markdown: &str) -> Vec<String> {
    let (form, problems) = of(markdown);
    let errors: Vec<_> = problems.iter().filter(|p| p.severity == Severity::Error).collect();
    assert_eq!(form.is_none(), !errors.is_empty(), "an error and a form exclude each other");
    errors.into_iter().map(ToString::to_string).collect()
}
