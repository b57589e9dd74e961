//! What a record is found by in a list: one answer for the phone that shows it and the server that makes a table of it.

use std::collections::{BTreeMap, BTreeSet};

use crate::fold::{fold, fold_into};

/// Answers longer than this are not searched: a list searches names and places, not essays.
const ANSWER_CHARS_MAX: usize = 80;

/// A record as it is searched.
#[derive(Clone, Copy, Debug)]
pub struct Findable<'a> {
    /// What [`fold_record`] makes of it.
    pub folded: &'a str,
    /// The id of its form.
    pub form: &'a str,
    /// The id of its unit.
    pub unit: &'a str,
    /// The account that created it.
    pub author: &'a str,
}

/// The words that are searched, each with the ids of what has it in its name: a record says the ids of its form, its unit and its
/// author, and there are far fewer of those than records.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sought {
    words: Vec<(String, BTreeSet<String>)>,
    /// The accounts whose names are known.
    known: BTreeSet<String>,
}

impl Sought {
    /// `sought` is folded already, and so are the names of forms and units and those of people, by id.
    #[must_use]
    pub fn new(
        sought: &str,
        names: &BTreeMap<String, String>,
        people: &BTreeMap<String, String>,
    ) -> Self {
        let named = |word: &str| {
            let names = names.iter().chain(people).filter(|(_, name)| name.contains(word));
            gather(names.map(|(id, _)| id))
        };
        let words: Vec<_> =
            sought.split_whitespace().map(|word| (word.to_owned(), named(word))).collect();
        // Looked at only where a word is searched.
        let known = if words.is_empty() { BTreeSet::new() } else { gather(people.keys()) };
        Self { words, known }
    }

    /// Whether everything is found.
    #[must_use]
    pub fn is_all(&self) -> bool {
        self.words.is_empty()
    }

    /// Whether a record is found by every word.
    #[must_use]
    pub fn finds(&self, record: Findable<'_>) -> bool {
        let Findable { folded, form, unit, author } = record;
        self.words.iter().all(|(word, named)| {
            let mut ids = [form, unit, author].into_iter();
            // Somebody of whom only the account is known is found by that.
            let is_author = || has(author, word) && !self.known.contains(author);
            has(folded, word)
                || !named.is_empty() && ids.any(|id| named.contains(id))
                || is_author()
        })
    }
}

/// One after the other: `collect` sorts them first, which is 5 KB of code that a phone has to fetch.
fn gather<'a>(ids: impl Iterator<Item = &'a String>) -> BTreeSet<String> {
    let mut gathered = BTreeSet::new();
    gathered.extend(ids.cloned());
    gathered
}

/// Whether a word stands in a text. `str::contains` prepares itself for long words at each call, which takes longer than to
/// look through a title.
fn has(text: &str, word: &str) -> bool {
    let (text, word) = (text.as_bytes(), word.as_bytes());
    let Some((first, rest)) = word.split_first() else { return true };
    let is_here = |at: usize| text[at] == *first && text[at + 1..].starts_with(rest);
    (0..(text.len() + 1).saturating_sub(word.len())).any(is_here)
}

/// What a record is found by: its title and its short answers.
#[must_use]
pub fn fold_record<'a>(title: &str, answers: impl Iterator<Item = &'a str>) -> String {
    let mut folded = fold(title);
    for text in answers {
        if text.len() <= ANSWER_CHARS_MAX || text.chars().count() <= ANSWER_CHARS_MAX {
            folded.push('\n');
            fold_into(&mut folded, text);
        }
    }
    folded.shrink_to_fit();
    folded
}

/// The names of something in all languages, as they are searched.
#[must_use]
pub fn fold_names<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let all: Vec<&str> = names.collect();
    fold(&all.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_found_by_its_words_and_by_the_names_of_its_form_its_unit_and_its_author() {
        let name = |id: &str, name: &str| (id.to_owned(), fold(name));
        let names = [name("kt", "Kiểm tra bình đẳng giới"), name("p1", "Phường Xuân An")].into();
        let people = [name("hoa", "Nguyễn Thị Hoa")].into();
        let folded =
            fold_record("Trường Mầm non 2", ["Ấp Bàu Sầm", &"Ghi dài ".repeat(20)].into_iter());
        let finds = |author: &str, sought: &str| {
            let record = Findable { folded: &folded, form: "kt", unit: "p1", author };
            Sought::new(&fold(sought), &names, &people).finds(record)
        };
        for (sought, found) in [
            ("", true),
            ("mam non", true),
            ("Nguyễn mầm", true),
            ("xuan an hoa binh dang", true),
            ("xuan loc", false),
            ("hoa khac", false),
            ("bau sam", true),
            // What is told at length is not what a list is searched for.
            ("ghi dai", false),
        ] {
            assert_eq!(finds("hoa", sought), found, "{sought}");
        }
        // An account is no name, unless it is all that is known.
        assert!(finds("canbo.an", "canbo") && !finds("hoa", "hoa.") && !finds("la", "canbo"));
    }

    proptest::proptest! {
        #[test]
        fn a_word_stands_in_a_text_or_not(text in "[ab ]{0,12}", word in "[ab]{0,4}") {
            proptest::prop_assert_eq!(has(&text, &word), text.contains(&word), "{} {}", text, word);
        }
    }
}
