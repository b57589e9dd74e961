//! How forms behave, seen from a person's side: the pack's own workbooks, filled in as people fill them in.

mod classes;
mod every_form;
mod indexes;
mod pack;
mod rows;
mod scores;
mod stored_answers;
mod sums;
mod units_by_date;
mod words;
