//! The app's words as signals: they change when the person changes the language.

use leptos::prelude::*;

use super::Language;

/// The app's words in the language that is chosen.
#[derive(Clone, Copy)]
pub struct Words(Signal<Language>);

impl Words {
    /// Words in that language.
    #[must_use]
    pub fn new(language: Signal<Language>) -> Self {
        Self(language)
    }

    /// The language, for a view: what calls this runs again when the language changes.
    #[must_use]
    pub fn now(self) -> Language {
        self.0.get()
    }

    /// The language, for a handler. Vietnamese once the page is gone.
    #[must_use]
    pub fn at_once(self) -> Language {
        self.0.try_get_untracked().unwrap_or_default()
    }

    /// One text as a signal.
    #[must_use]
    pub fn say(self, text: fn(Language) -> &'static str) -> Signal<String> {
        let language = self.0;
        Signal::derive(move || text(language.get()).to_owned())
    }
}
