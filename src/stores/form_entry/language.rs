//! The language that an open form speaks.

use form::{Change, Language, Session};
use leptos::prelude::*;

use super::FormEntry;
use crate::locale;

impl FormEntry {
    /// The form's languages.
    #[must_use]
    pub fn languages(self) -> Vec<Language> {
        self.session.with_value(|session| session.languages().to_vec())
    }

    /// The form's language in use; empty when it has none.
    #[must_use]
    pub fn language(self) -> Signal<String> {
        self.language.into()
    }

    /// Shows the form in another of its languages.
    pub fn set_language(self, name: &str) {
        let changes = self.session.write_value().set_language(name);
        self.language.set(self.session.with_value(|session| session.language().to_owned()));
        self.take_in(&changes);
    }

    /// The form speaks the language of the app where it can, and writes the numbers in its texts as people of that language do.
    pub fn speak(self, language: locale::Language) {
        if self.spoken.get_value() == Some(language) {
            return;
        }
        self.spoken.set_value(Some(language));
        let changes = {
            let mut session = self.session.write_value();
            let mut changes = session.set_numbers(language.numbers());
            changes.extend(follow_language(&mut session, language));
            changes
        };
        self.language.set(self.session.with_value(|session| session.language().to_owned()));
        self.take_in(&changes);
    }
}

/// In the form's language that is the app's, if it has one and speaks another.
pub(super) fn follow_language(session: &mut Session, language: locale::Language) -> Vec<Change> {
    let is_its = |name: &str| locale::Language::of_form(name) == Some(language);
    if is_its(session.language()) {
        return Vec::new();
    }
    let name = session.languages().iter().map(|one| &one.name).find(|name| is_its(name)).cloned();
    name.map(|name| session.set_language(&name)).unwrap_or_default()
}
