//! What a sheet asks of the server. Its answer may come when the sheet is closed or open for somebody else, or when the page is left:
//! then it is told, and changes nothing in a sheet.

use leptos::prelude::*;

use crate::components::{Toast, Toaster};
use crate::locale::Language;
use crate::stores::{
    preferences::{Words, use_words},
    records::FetchError,
};

/// The request of a sheet: one at a time.
#[derive(Clone, Copy)]
pub(super) struct SheetRequest {
    /// Whether one is under way.
    pub busy: RwSignal<bool>,
    /// Why the server did not do it, for the sheet to say.
    pub failure: RwSignal<Option<FetchError>>,
    /// Closes the sheet.
    pub close: Callback<()>,
    say: fn(Language, &FetchError) -> String,
    toaster: Toaster,
    words: Words,
}

impl SheetRequest {
    /// `say`: why the server did not do it, in the words of the page. `close`: takes away whom the sheet is open for, and what was typed.
    pub fn new(
        say: fn(Language, &FetchError) -> String,
        close: impl Fn() + Send + Sync + 'static,
    ) -> Self {
        let failure = RwSignal::new(None);
        let close = Callback::new(move |()| {
            close();
            failure.try_set(None);
        });
        let (toaster, words) = (expect_context(), use_words());
        Self { busy: RwSignal::new(false), failure, close, say, toaster, words }
    }

    /// Whether one begins: not while another is under way.
    pub fn begins(self) -> bool {
        let is_free = !self.busy.get_untracked();
        if is_free {
            self.busy.set(true);
            self.failure.set(None);
        }
        is_free
    }

    /// What the server did. It closes a sheet that `is_open` for the same one still. Why the server did not do it that sheet says, else
    /// a toast, with whose it was.
    pub fn answered<T>(
        self,
        answer: Result<T, FetchError>,
        is_open: bool,
        whose: Option<&str>,
    ) -> Option<T> {
        self.busy.try_set(false);
        match answer {
            Ok(done) => {
                if is_open {
                    self.close.try_run(());
                }
                Some(done)
            }
            Err(error) if is_open => {
                self.failure.try_set(Some(error));
                None
            }
            Err(error) => {
                let why = (self.say)(self.words.at_once(), &error);
                self.tell(match whose {
                    Some(whose) => format!("{whose}: {why}"),
                    None => why,
                });
                None
            }
        }
    }

    /// Tells it on whatever page is there.
    pub fn tell(self, text: String) {
        self.toaster.show(Toast { text, action: None });
    }
}

/// Whether a sheet is open, and for the one that was meant when it asked.
pub(super) fn is_open_for<T: Send + Sync + 'static>(
    sheet: RwSignal<Option<T>>,
    is_meant: impl FnOnce(&T) -> bool,
) -> bool {
    sheet.try_with_untracked(|open| open.as_ref().is_some_and(is_meant)) == Some(true)
}
