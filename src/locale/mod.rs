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
        Self::from_code(form_language(name))
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

/// What a form calls a language by behind its name, `ar` in `العربية (ar)`; else the name.
fn form_language(name: &str) -> &str {
    let code = name.rsplit_once('(').and_then(|(_, rest)| rest.strip_suffix(')'));
    code.unwrap_or(name).trim()
}

/// The `lang` of a form's language, where its name tells one, and the `dir` of one that is written from the right.
#[must_use]
pub fn lang_and_dir(name: &str) -> (Option<&str>, Option<&'static str>) {
    const FROM_THE_RIGHT: [&str; 10] =
        ["ar", "ckb", "dv", "fa", "he", "ps", "sd", "ug", "ur", "yi"];
    let code = form_language(name);
    let is_part = |part: &str| {
        (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric())
    };
    let base = code.split('-').next().unwrap_or_default();
    let is_code = (2..=3).contains(&base.len()) && code.split('-').all(is_part);
    let dir = FROM_THE_RIGHT.iter().any(|other| base.eq_ignore_ascii_case(other)).then_some("rtl");
    (is_code.then_some(code), dir)
}

impl Language {
    /// The code of a form's language, where another voice than the app's has to read it.
    #[must_use]
    pub fn other_voice(self, form_language: &str) -> Option<String> {
        let code = lang_and_dir(form_language).0?;
        (code != self.code()).then(|| code.to_owned())
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
    use super::{Language, lang_and_dir};

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

    #[test]
    fn english_is_right_for_one_and_for_several() {
        type Told<'a> = &'a dyn Fn(Language, usize) -> String;
        let units = |count: usize| vec!["An".to_owned(); count + 3];
        let cases: [(Told<'_>, &str, &str); 11] = [
            (&Language::rows_lack, "1 entry lacks", "2 entries lack"),
            (&|words, count| words.files_arriving(count, 1), "1 file of", "2 files of"),
            (&Language::lacks_files, "1 file missing", "2 files missing"),
            (&Language::record_lacks_files, "1 file missing", "2 files missing"),
            (
                &|words, count| words.only_these_units(&units(count)),
                "1 more unit.",
                "2 more units.",
            ),
            (&Language::without_backup, "1 record received", "2 records received"),
            (&Language::unsent_work, "1 record to send. Sign", "2 records to send. Sign"),
            (&Language::bundle_without_room, "1 file, still", "2 files, still"),
            (&Language::bundle_quarantined, "1 of them for", "2 of them for"),
            (
                &Language::bundle_unwanted,
                "1 file not taken, as the answers are",
                "2 files not taken, as the answers are",
            ),
            (
                &|words, count| words.still_there(Some(count as u64), 1),
                "1 change, 1 file",
                "2 changes, 1 file",
            ),
        ];
        for (told, one, two) in cases {
            for (count, words) in [(1, one), (2, two)] {
                let told = told(Language::En, count);
                assert!(told.contains(words), "{told}");
            }
        }
    }

    #[test]
    fn counts_have_their_thousands_apart() {
        let told = [
            Language::Vi.files_arriving(1234, 1),
            Language::Vi.lacks_files(1234),
            Language::Vi.record_lacks_files(1234),
            Language::Vi.still_there(Some(1234), 1234),
            Language::Vi.mentioned_in(1234),
            Language::Vi.has_passkeys(1234),
            Language::Vi.tries(1234),
        ];
        for told in told {
            assert!(told.contains("1.234") && !told.contains("1234"), "{told}");
        }
    }

    #[test]
    fn a_form_is_read_in_the_voice_of_its_language_and_written_from_its_side() {
        let cases = [
            ("Tiếng Việt (vi)", (Some("vi"), None)),
            ("العربية (ar)", (Some("ar"), Some("rtl"))),
            ("ar-EG", (Some("ar-EG"), Some("rtl"))),
            ("Chơ Ro (cma-Latn)", (Some("cma-Latn"), None)),
            ("French", (None, None)),
            ("Chơ Ro", (None, None)),
            ("English (of 2024)", (None, None)),
            ("default", (None, None)),
            ("", (None, None)),
        ];
        for (name, told) in cases {
            assert_eq!(lang_and_dir(name), told, "{name}");
        }
        let other = |name| Language::Vi.other_voice(name);
        assert_eq!(other("English (en)").as_deref(), Some("en"));
        assert_eq!(
            [other("Tiếng Việt (vi)"), other("default")],
            [None, None],
            "the app's own does"
        );
    }
}
