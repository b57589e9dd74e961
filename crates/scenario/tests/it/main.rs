//! How forms behave, seen from a person's side: the pack's own workbooks, filled in as people fill them in.

mod bodies_by_date;
mod classes;
mod deviations;
mod every_form;
mod feature_matrix;
mod indexes;
mod or_other;
mod pack;
mod rows;
mod scores;
mod search;
mod sizes;
mod stored_answers;
mod sums;
mod units_by_date;
mod words;
mod workbook_cases;
