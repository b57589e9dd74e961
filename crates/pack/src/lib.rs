//! A pack is what one authority brings to the product: its units, its plan clause by clause, tasks,
//! indicators, legal references, report outline and the table of its forms. All of it is data; none
//! of it is in code.
//!
//! - [`read`](read()) turns the files of a pack folder into a [`Pack`], or into every [`Problem`]
//!   it found, each with its place.
//! - [`phone`] is the part of a pack that the phone downloads as JSON, for both ends of that
//!   download.
//! - [`Units`] answers who stands below whom, on which day, and whose records somebody may see.
//!
//! The schema for authors is `docs/pack.md`. The crate does not open spreadsheets: `xlsform` reads
//! the forms, and the server brings both together. With `default-features = false` only the types
//! and the unit queries are left.

mod date;
pub mod phone;
mod tables;
mod text;
mod units;

#[cfg(feature = "read")]
mod problem;
#[cfg(feature = "read")]
mod read;

pub use date::{Date, NotADate};
pub use tables::{
    Clause, Event, FormKind, FormRow, Group, Indicator, LegalRef, Modality, OutlineItem, Period,
    PersonalField, Plan, Programme, Target, Task, Violation,
};
pub use text::{Text, reference};
pub use units::{Unit, Units};

#[cfg(feature = "read")]
pub use problem::{Kind, Problem, Severity};
#[cfg(feature = "read")]
pub use read::{
    Demo, DemoUser, Issuer, Manifest, Pack, ROLES, Table, content_hash, manifest, phone_json, read,
};
