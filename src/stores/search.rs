//! Search in lists without diacritics: `nguyen` finds `Nguyễn`, `dang` finds `Đặng`.

use report::{Findable, fold};

use super::records::RecordSummary;

/// Whether a text that is folded already contains every word that is searched.
#[must_use]
pub fn matches(folded: &str, searched: &str) -> bool {
    fold(searched).split(' ').all(|word| folded.contains(word))
}

impl RecordSummary {
    /// What it is found by.
    #[must_use]
    pub fn as_found(&self) -> Findable<'_> {
        let Self { folded, form_id, unit, author, .. } = self;
        Findable { folded, form: form_id, unit, author }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_without_diacritics_and_in_any_case() {
        for (text, searched, found) in [
            ("Nguyễn Văn Ơn", "nguyen on", true),
            ("Đặng Thị Hường", "dang huong", true),
            ("Đặng Thị Hường", "ĐẶNG", true),
            ("Nguye\u{302}\u{303}n", "nguyễn", true),
            ("Long Khánh", "xuan loc", false),
            ("Long Khánh", "", true),
        ] {
            assert_eq!(matches(&fold(text), searched), found, "{text} {searched}");
        }
    }
}
