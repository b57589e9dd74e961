//! What a person reads: every text of the app in Vietnamese and English, numbers and dates.
//!
//! One function a text, so that a missing translation does not compile. Words of forms, choices, units
//! and plans are not here: they are in the pack.

mod about_carrying;
mod about_device;
mod about_form;
mod about_lock;
mod about_passkeys;
mod about_people;
mod about_preview;
mod about_problem;
mod about_record;
mod about_repair;
mod about_review;
mod about_screen;
mod about_sending;
mod chosen;
pub mod date;
pub mod number;

use serde::{Deserialize, Serialize};

pub use chosen::Words;

/// A language of the app itself. Forms may have others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// Tiếng Việt.
    #[default]
    Vi,
    /// English.
    En,
}

impl Language {
    /// All languages, in the order in which they are offered.
    pub const ALL: [Self; 2] = [Self::Vi, Self::En];

    /// The language's code, for the `lang` attribute and for requests.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Vi => "vi",
            Self::En => "en",
        }
    }

    /// The language with this code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|lang| lang.code() == code)
    }

    /// The app's language that a form's language stands for: forms name theirs `English (en)` or just `en`.
    #[must_use]
    pub fn of_form(name: &str) -> Option<Self> {
        let code = name.rsplit_once('(').and_then(|(_, rest)| rest.strip_suffix(')'));
        Self::from_code(code.unwrap_or(name).trim())
    }

    /// The language's own name.
    #[must_use]
    pub const fn own_name(self) -> &'static str {
        match self {
            Self::Vi => "Tiếng Việt",
            Self::En => "English",
        }
    }
}

/// A function for each text without numbers or names in it.
macro_rules! words {
    ($($name:ident: $vi:literal, $en:literal;)*) => {
        impl $crate::locale::Language {
            $(
                #[doc = $en]
                #[must_use]
                pub const fn $name(self) -> &'static str {
                    match self {
                        Self::Vi => $vi,
                        Self::En => $en,
                    }
                }
            )*
        }
    };
}
use words;

#[cfg(test)]
mod tests {
    use super::Language;

    #[test]
    fn a_forms_language_is_known_by_its_code() {
        let cases = [
            ("Tiếng Việt (vi)", Some(Language::Vi)),
            ("English (en)", Some(Language::En)),
            ("en", Some(Language::En)),
            ("Chơ Ro", None),
        ];
        for (name, lang) in cases {
            assert_eq!(Language::of_form(name), lang, "{name}");
        }
    }
}
