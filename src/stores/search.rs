//! Search in lists without diacritics: `nguyen` finds `Nguyễn`, `dang` finds `Đặng`.

use report::fold;
use sync::{view::RecordView, wire::Value};

/// Answers longer than this are not searched: a list searches names and places, not essays.
const ANSWER_CHARS_MAX: usize = 80;

/// Whether a text that is folded already contains every word that is searched.
#[must_use]
pub fn matches(folded: &str, searched: &str) -> bool {
    all_found(&fold(searched), &[folded])
}

/// Whether every word of `sought` is in one of the texts; all are folded already.
#[must_use]
pub fn all_found(sought: &str, texts: &[&str]) -> bool {
    sought.split(' ').all(|word| texts.iter().any(|text| text.contains(word)))
}

/// What a record is found by: its title and its short answers.
#[must_use]
pub fn fold_record(view: &RecordView) -> String {
    let mut folded = fold(&view.title);
    for value in view.fields.values() {
        if let Value::Text(text) = value
            && text.chars().count() <= ANSWER_CHARS_MAX
        {
            folded.push('\n');
            folded.push_str(&fold(text));
        }
    }
    folded
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
