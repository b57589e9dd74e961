//! Search in lists without diacritics: `nguyen` finds `Nguyễn`, `dang` finds `Đặng`.

use std::collections::{BTreeMap, BTreeSet};

use report::fold;
use sync::{view::RecordView, wire::Value};

use super::records::RecordSummary;

/// Answers longer than this are not searched: a list searches names and places, not essays.
const ANSWER_CHARS_MAX: usize = 80;

/// Whether a text that is folded already contains every word that is searched.
#[must_use]
pub fn matches(folded: &str, searched: &str) -> bool {
    fold(searched).split(' ').all(|word| folded.contains(word))
}

/// The words that are searched, each with the ids of what has it in its name: a record says the ids of its form, its unit and its
/// author, and there are far fewer of those than records.
pub struct Sought<'a> {
    words: Vec<(&'a str, BTreeSet<&'a str>)>,
    people: &'a BTreeMap<String, String>,
}

impl<'a> Sought<'a> {
    /// `sought` is folded already, and so are the names of forms and units and those of people, by id.
    #[must_use]
    pub fn new(
        sought: &'a str,
        names: &'a BTreeMap<String, String>,
        people: &'a BTreeMap<String, String>,
    ) -> Self {
        let named = |word: &str| {
            let names = names.iter().chain(people).filter(|(_, name)| name.contains(word));
            sync::gather(names.map(|(id, _)| id.as_str()))
        };
        let words = sought.split_whitespace().map(|word| (word, named(word))).collect();
        Self { words, people }
    }

    /// Whether a record is found by every word.
    #[must_use]
    pub fn finds(&self, record: &RecordSummary) -> bool {
        let RecordSummary { folded, form_id, unit, author, .. } = record;
        self.words.iter().all(|(word, named)| {
            let mut ids = [form_id, unit, author].into_iter().map(String::as_str);
            // Somebody of whom only the account is known is found by that.
            let is_author = || author.contains(word) && !self.people.contains_key(author);
            folded.contains(word)
                || !named.is_empty() && ids.any(|id| named.contains(id))
                || is_author()
        })
    }
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
    use sync::wire::{Hash, RecordId, State};

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

    #[test]
    fn a_record_is_found_by_its_words_and_by_the_names_of_its_form_its_unit_and_its_author() {
        let name = |id: &str, name: &str| (id.to_owned(), fold(name));
        let names = [name("kt", "Kiểm tra bình đẳng giới"), name("p1", "Phường Xuân An")].into();
        let people = [name("hoa", "Nguyễn Thị Hoa")].into();
        let record = |author: &str| RecordSummary {
            id: RecordId([1; 16]),
            form_id: "kt".to_owned(),
            form_version: "1".to_owned(),
            form_hash: Hash([1; 32]),
            unit: "p1".to_owned(),
            author: author.to_owned(),
            title: "Trường Mầm non 2".to_owned(),
            state: State::Submitted,
            changed_ms: 1,
            deleted: false,
            unsent: false,
            quarantined: false,
            conflicts: 0,
            folded: fold("Trường Mầm non 2"),
        };
        let finds = |author: &str, sought: &str| {
            Sought::new(&fold(sought), &names, &people).finds(&record(author))
        };
        for (sought, found) in [
            ("", true),
            ("mam non", true),
            ("Nguyễn mầm", true),
            ("xuan an hoa binh dang", true),
            ("xuan loc", false),
            ("hoa khac", false),
        ] {
            assert_eq!(finds("hoa", sought), found, "{sought}");
        }
        // An account is no name, unless it is all that is known.
        assert!(finds("canbo.an", "canbo") && !finds("hoa", "hoa.") && !finds("la", "canbo"));
    }
}
