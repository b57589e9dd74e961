//! A headless client of the engines, and the runner that holds them against recorded cases of other engines.
//!
//! One file per kind of case ([`xpath_cases`]); they share how cases are read ([`corpus`]), counted ([`tally`]) and
//! looked into ([`document`]).

pub mod canonical;
pub mod corpus;
pub mod document;
pub mod tally;
pub mod xlsform_cases;
pub mod xpath_cases;
