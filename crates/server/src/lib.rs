//! The server: keeps what phones send, merges it, serves the app, and is the coordinators' desk.
//!
//! | Module | Owns |
//! |---|---|
//! | [`App`] | what all handlers share |
//! | `chores` | what it does by itself: backups, sweeping, erasing what was kept long enough |
//! | [`router`] | what happens to every request; which file answers which path |
//! | [`api`] | one file for each resource |
//! | [`database`] | all SQL about records and people |
//! | [`map`] | the map's file: pictures of the earth |
//! | [`backup`] | dated copies of all data, and putting one back |
//! | [`bundle`] | the work of a phone that came as a file |
//! | [`accounts`] | roles, passwords, tokens, codes, throttling |
//! | [`budgets`] | how much of the server one person may take |
//! | [`passkeys`] | what browsers and authenticators say, read and verified |
//! | [`passwords`] | what may be a new password |
//! | [`failed_sign_ins`] | which failed tries to sign in are written down |
//! | [`audit`] | the chain of the audit log, and proving it |
//! | [`pack_load`] | from a pack folder to forms and units in force |
//! | [`form_files`] | the files beside a form: lists, what labels show and play |
//! | [`spreadsheet_form`] | from a spreadsheet to a form that phones can run |
//! | [`entities`] | the things that records make and change, in lists |
//! | [`openrosa`] | ODK Collect and its kin: form list, forms, submissions |
//! | [`persons`] | what is held about a person: finding, exporting, erasing it |
//! | [`erasure_list`] | the list of what was erased, for databases that are put back |
//! | [`export`] | records as a spreadsheet |
//! | [`static_files`] | the app, as the build left it |
//!
//! [`serve`] runs it; tests do that too, in their own process.
#![warn(missing_docs)]

pub mod accounts;
pub mod api;
mod app;
pub mod audit;
pub mod backup;
mod blob_store;
pub mod budgets;
pub mod bundle;
mod chores;
pub mod clock;
pub mod config;
pub mod database;
pub mod entities;
pub mod erasure_list;
pub mod error;
pub mod export;
pub mod failed_sign_ins;
pub mod form_files;
mod heard_of;
pub mod map;
pub mod openrosa;
pub mod pack_load;
pub mod passkeys;
pub mod passwords;
pub mod persons;
mod problem_words;
pub mod router;
mod serve;
pub mod spreadsheet_form;
pub mod static_files;
mod turns;

pub use app::{App, ServeError};
pub use blob_store::StoreError;
pub use chores::{BackupHealth, SweepError};
pub use serve::serve;
