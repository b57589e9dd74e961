//! A headless client of the engines, and the runner that holds them against recorded cases of other engines.
//!
//! A [`scenario::Scenario`] drives a form by references, a [`person`] fills it in. One file per kind of recorded case
//! ([`xpath_cases`], [`xlsform_cases`], [`scenario_cases`], [`forms_cases`]); they share how cases are read ([`corpus`]),
//! counted ([`tally`]) and looked into ([`document`]). [`generated`] makes forms of any size; [`features`] tries what works.

pub mod canonical;
pub mod corpus;
pub mod document;
pub mod features;
pub mod forms_cases;
pub mod generated;
pub mod person;
pub mod scenario;
pub mod scenario_cases;
pub mod tally;
pub mod xlsform_cases;
pub mod xpath_cases;
