//! Draws an open form: one page a group, each engine node by its control.
//!
//! Nothing is decided here that the engine or [`crate::stores::FormEntry`] could decide. Start with [`FormView`].

mod answer_text;
mod card_answer;
mod card_column;
mod controls;
mod file_picture;
mod grid;
mod group;
mod map;
mod marks;
mod media;
mod pace;
mod page;
mod paste;
mod question;
mod repeat;
mod review;
mod row_card;
mod scan_rows;
mod stored_file;
mod way_back;

pub use answer_text::{answer_text, map_link};
pub use controls::{read_back, scan_with};
pub use file_picture::FilePicture;
pub use map::MapView;
pub use page::FormView;
pub use stored_file::StoredFile;

use std::sync::Arc;

use leptos::prelude::*;

use crate::components::{Toast, Toaster};
use crate::locale::Language;
use crate::platform::storage::StorageError;
use crate::platform::{clock, document};
use crate::stores::FormEntry;

/// Whether the person tried to go on from this page: then everything that is missing is said.
#[derive(Clone, Copy)]
struct Tried(RwSignal<bool>);

/// What is read out to whoever cannot see it: the one place in a form that speaks by itself. What is wrong with a question is told to
/// whoever comes to it.
#[derive(Clone, Copy)]
struct News(RwSignal<String>);

/// Gives the focus to what matches, once what changed just now is on screen.
fn focus_once_drawn(selector: String) {
    request_animation_frame(move || {
        document::focus(&selector);
    });
}

/// So long what was done can be undone. Half of what a file that was taken off is kept for: `stores/space.rs`.
const UNDONE_WITHIN_MS: i64 = 1_800_000;

/// Says what was done in a form, and offers to undo it as long as the form stays open, for half an hour.
fn offer_undo(
    entry: FormEntry,
    toaster: Toaster,
    language: Language,
    text: String,
    undo: impl Fn() + Send + Sync + 'static,
) {
    let done_ms = clock::now_ms();
    let is_late = move || !(0..UNDONE_WITHIN_MS).contains(&(clock::now_ms() - done_ms));
    let undo = move || match entry.is_closed() || is_late() {
        true => toaster.show(Toast { text: language.undo_too_late().to_owned(), action: None }),
        false => undo(),
    };
    toaster.show(Toast { text, action: Some((language.undo().to_owned(), Arc::new(undo))) });
}

/// What a person can do when the phone does not store.
#[must_use]
pub fn storage_advice(language: Language, error: &StorageError) -> &'static str {
    match error {
        StorageError::Insecure => language.storage_insecure(),
        StorageError::Damaged(_) => language.storage_damaged(),
        StorageError::Refused(_) => language.storage_refused(),
        StorageError::Full => language.storage_full(),
        StorageError::Blocked => language.storage_blocked(),
        StorageError::Newer => language.storage_newer(),
        StorageError::Gone => language.storage_gone(),
        StorageError::Closed | StorageError::Unreadable(_) | StorageError::Other(_) => {
            language.storage_failed()
        }
    }
}
