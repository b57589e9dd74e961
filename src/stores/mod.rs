//! Reactive state: the only place where results of the engine, of storage and of sync become signals.
//!
//! Every store is a `Copy` handle made once by [`crate::app::App`] and found with `expect_context`;
//! a [`FormEntry`] is made by [`OpenForms`] for the record that a page shows.

mod asking;
pub(crate) mod blobs;
pub mod carry;
pub mod day;
pub mod door;
mod entity_lists;
pub mod finding;
pub mod form_entry;
pub mod form_files;
pub mod install_offer;
pub mod library;
pub mod listed;
pub mod open_forms;
pub(crate) mod outbox;
pub mod pack;
pub mod passkeys;
pub mod people;
pub mod pin;
pub mod preferences;
pub mod preview;
pub mod record_id;
pub mod records;
pub mod repair;
pub mod search;
pub mod server_map;
pub mod sign_in;
pub mod space;
mod summaries;
pub mod sync_log;
pub mod sync_status;
pub mod update;
pub mod wipe;

pub use carry::Carry;
pub use day::Day;
pub use door::Door;
pub use finding::Finding;
pub use form_entry::{Coming, FormEntry, Marked, Named, SaveState};
pub use install_offer::InstallOffer;
pub use library::Library;
pub use open_forms::OpenForms;
pub use preferences::Preferences;
pub use records::Records;
pub use repair::RepairDesk;
pub use sign_in::SignIn;
pub use space::SpaceWatch;
pub use sync_status::SyncStatus;
pub use update::AppUpdate;
