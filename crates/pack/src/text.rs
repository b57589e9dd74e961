//! Words in the pack's languages, and references from one table to another.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A text in each language that has it, by language tag: `{"vi": "Phường", "en": "Ward"}`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Text(BTreeMap<String, String>);

impl Text {
    /// The text in this language, else in the first language that has one, else nothing.
    #[must_use]
    pub fn get(&self, language: &str) -> &str {
        self.0.get(language).or_else(|| self.0.values().next()).map_or("", String::as_str)
    }

    /// The text in exactly this language.
    #[must_use]
    pub fn only(&self, language: &str) -> Option<&str> {
        self.0.get(language).map(String::as_str)
    }

    /// Says nothing in any language.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Sets the text of a language; an empty one is left out.
    pub fn set(&mut self, language: &str, text: &str) {
        if !text.trim().is_empty() {
            self.0.insert(language.to_owned(), text.to_owned());
        }
    }

    /// Every language with its text, by tag.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(language, text)| (language.as_str(), text.as_str()))
    }
}

impl<L: Into<String>, T: Into<String>> FromIterator<(L, T)> for Text {
    fn from_iter<I: IntoIterator<Item = (L, T)>>(texts: I) -> Text {
        Text(texts.into_iter().map(|(language, text)| (language.into(), text.into())).collect())
    }
}

/// What an item of a list refers to, without the remark that may follow it in parentheses: `vi_pham
/// (từ 2025)` is `vi_pham`. An item that is all remark, such as `(mọi phiếu)`, refers to nothing.
#[must_use]
pub fn reference(item: &str) -> Option<&str> {
    let name = item.split_once('(').map_or(item, |(name, _)| name).trim();
    (!name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_language_falls_back_to_one_that_is_there() {
        let text: Text = [("vi", "Phường")].into_iter().collect();
        assert_eq!((text.get("vi"), text.get("en"), text.only("en")), ("Phường", "Phường", None));
        assert_eq!(Text::default().get("vi"), "");
    }

    #[test]
    fn a_remark_is_not_part_of_a_reference() {
        for (item, name) in [
            ("vi_pham", Some("vi_pham")),
            ("N4 (các đoàn thể)", Some("N4")),
            ("(tổng hợp)", None),
            (" ", None),
        ] {
            assert_eq!(reference(item), name);
        }
    }
}
