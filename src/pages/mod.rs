//! One file a screen: reads the address, loads, lays out. A page that grows a rule has it in the wrong place.

mod carry;
mod copy_button;
mod day_field;
mod entry;
mod fill;
mod install_banner;
mod last_time;
mod low_space;
mod more;
mod not_found;
mod not_here;
mod parts;
mod passing_by;
mod passkey_make;
mod passkey_sign_in;
mod people;
mod people_again;
mod people_asked;
mod people_data;
mod people_devices;
mod people_here;
mod people_log;
mod people_passkeys;
mod people_password;
mod people_token;
mod person_sheet;
mod pin_offer;
mod pin_pad;
mod pin_settings;
mod preview;
mod reason;
mod record;
mod record_conflicts;
mod record_history;
mod record_lines;
mod record_outline;
mod record_row;
mod record_standing;
mod records;
mod repair;
mod repair_entities;
mod reports;
mod rescue_parts;
mod review;
mod sheet_request;
mod shell;
mod sign_in;
mod standing;
mod start;
mod storage_health;
mod storage_problem;
mod sync_log;
mod today;
mod unlock;
mod wrong_clock;

pub use not_found::NotFoundPage;
pub use parts::{InPart, Later, Parts};
pub use shell::Shell;
pub use sign_in::SignInPage;
pub use storage_problem::{OpeningPage, StorageProblemPage};

use fill::FillPage;
use leptos::prelude::*;

use crate::reactive::effect;
use sync::wire::RecordId;
use today::TodayPage;

use crate::locale::Language;
use crate::platform::{address::Query, document, storage::schema::FillingRow};
use crate::stores::day;

/// Names the page in the browser's list of tabs, and to screen readers.
fn title_page(title: Signal<String>) {
    effect(move || document::set_title(&title.read()));
}

/// A moment as a person tells it now.
fn moment(language: Language, unix_ms: i64) -> String {
    let now = day::now();
    language.moment(unix_ms, now.unix_ms, now.offset_min)
}

/// Where a record is read.
fn record_href(id: RecordId) -> String {
    format!("/records/{id}")
}

/// Where a record of a form is begun for a unit.
fn start_href(form: &str, unit: &str) -> String {
    format!("/fill/{form}{}", Query::default().with("unit", unit).suffix())
}

/// The name of the record that a new one comes after, in the address of [`next_session_href`].
const AFTER: &str = "after";

/// Where the next session of a record is begun, with its people.
fn next_session_href(id: RecordId, form: &str, unit: &str) -> String {
    let query = Query::default().with("unit", unit).with(AFTER, &id.to_string());
    format!("/fill/{form}{}", query.suffix())
}

/// Where a new record is filled in. It is stored with its first answer; until then the address alone tells how to
/// begin it again after a reload.
fn new_record_href(id: RecordId, form: &str, unit: &str) -> String {
    let begun = Query::default().with("form", form).with("unit", unit);
    format!("{}{}", edit_href(id), begun.suffix())
}

/// Where a record of a list is filled in: the list, as its address has it, is come back to.
fn edit_from_href(id: RecordId, list: &Query) -> String {
    let list = Query::default().with(LIST, &list.suffix());
    format!("{}{}", edit_href(id), list.suffix())
}

/// Where a record is read, in the list that [`edit_from_href`] led from.
fn back_href(id: RecordId, query: &Query) -> String {
    format!("{}{}", record_href(id), query.get(LIST).unwrap_or_default())
}

/// A form that is filled in has other names in its address than a list has: those of [`new_record_href`].
const LIST: &str = "list";

/// Where to begin again what [`new_record_href`] led to, when no such record was stored.
fn begin_again_href(query: &Query) -> Option<String> {
    let form = query.get("form").filter(|form| !form.is_empty())?;
    Some(start_href(&form, &query.get("unit").unwrap_or_default()))
}

/// Where to go on with the form that was left on screen.
#[must_use]
pub fn go_on_href(left: &FillingRow) -> String {
    if left.stored { edit_href(left.record) } else { start_href(&left.form, &left.unit) }
}

/// Where a record is filled in.
fn edit_href(id: RecordId) -> String {
    format!("/records/{id}/edit")
}
