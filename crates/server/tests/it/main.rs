//! The API, through its router and a real `SQLite` file: one file for each resource.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

mod accounts;
mod app;
mod asked;
mod audit;
mod backup;
mod blobs;
mod budgets;
mod bundle;
mod cli;
mod docs;
mod entities;
mod export;
mod form_files;
mod group_commit;
mod headers;
mod map;
mod openrosa;
mod passkeys;
mod password;
mod personal;
mod persons;
mod place;
mod preview;
mod programmes;
mod pull;
mod push;
mod records;
mod repair;
mod s3;
mod serve;
mod session;
mod shared;
mod slow;
mod static_files;
mod vietnam;

#[path = "../../../../tests/devices/rig/sealing.rs"]
mod sealing;
