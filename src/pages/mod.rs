//! One file a screen: reads the address, loads, lays out. A page that grows a rule has it in the wrong place.

mod entry;
mod fill;
mod more;
mod not_found;
mod record;
mod record_outline;
mod record_row;
mod records;
mod reports;
mod shell;
mod sign_in;
mod standing;
mod start;
mod storage_problem;
mod today;

pub use entry::EntryPage;
pub use not_found::NotFoundPage;
pub use shell::Shell;
pub use sign_in::SignInPage;
pub use start::StartPage;
pub use storage_problem::{OpeningPage, StorageProblemPage};

use fill::FillPage;
use leptos::prelude::*;
use more::MorePage;
use records::RecordsPage;
use reports::ReportsPage;
use sync::wire::RecordId;
use today::TodayPage;

use crate::locale::Language;
use crate::platform::{clock, document};

/// Names the page in the browser's list of tabs, and to screen readers.
fn title_page(title: Signal<String>) {
    Effect::new(move || document::set_title(&title.read()));
}

/// A moment as a person tells it now.
fn moment(language: Language, unix_ms: i64) -> String {
    let now = clock::local_now();
    language.moment(unix_ms, now.unix_ms, now.offset_min)
}

/// Where a record is read.
fn record_href(id: RecordId) -> String {
    format!("/records/{id}")
}

/// Where a record is filled in.
fn edit_href(id: RecordId) -> String {
    format!("/records/{id}/edit")
}
