//! The order of Vietnamese text: letters first (a ă â b c d đ e ê …), tones after (ngang, huyền, hỏi, ngã, sắc, nặng).

use crate::fold::small;

/// What text is sorted by: its letters first, then its tones.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SortKey {
    letters: Vec<u32>,
    tones: Vec<u8>,
}

/// A key that sorts text in the order of a Vietnamese dictionary.
#[must_use]
pub fn sort_key(text: &str) -> SortKey {
    let mut letters = Vec::with_capacity(text.len());
    let mut tones = Vec::with_capacity(text.len());
    for c in text.chars().map(small) {
        let (letter, tone) = split(c);
        letters.push(weight(letter));
        tones.push(tone);
    }
    SortKey { letters, tones }
}

/// A key that sorts people's names as Vietnamese lists do: by given name, which stands last, then by the rest.
#[must_use]
pub fn name_key(name: &str) -> (SortKey, SortKey) {
    let name = name.trim();
    let (rest, given) = name.rsplit_once(char::is_whitespace).unwrap_or(("", name));
    (sort_key(given), sort_key(rest))
}

/// Letters by their place in the alphabet; what is no letter comes before them, foreign letters where Latin has them.
fn weight(letter: char) -> u32 {
    const ALPHABET: &str = "aăâbcdđeêfghijklmnoôơpqrstuưvwxyz";
    let place = ALPHABET.chars().position(|known| known == letter);
    match place.and_then(|place| u32::try_from(place).ok()) {
        Some(place) => 0x100 + place,
        None if letter.is_alphabetic() => 0x1000 + u32::from(letter),
        None => u32::from(letter).min(0xff),
    }
}

/// A letter without its tone, and the tone's place: ngang 0, huyền 1, hỏi 2, ngã 3, sắc 4, nặng 5.
fn split(c: char) -> (char, u8) {
    const ROWS: [(char, &str); 12] = [
        ('a', "àảãáạ"),
        ('ă', "ằẳẵắặ"),
        ('â', "ầẩẫấậ"),
        ('e', "èẻẽéẹ"),
        ('ê', "ềểễếệ"),
        ('i', "ìỉĩíị"),
        ('o', "òỏõóọ"),
        ('ô', "ồổỗốộ"),
        ('ơ', "ờởỡớợ"),
        ('u', "ùủũúụ"),
        ('ư', "ừửữứự"),
        ('y', "ỳỷỹýỵ"),
    ];
    for (letter, toned) in ROWS {
        if let Some(tone) = toned.chars().position(|other| other == c) {
            return (letter, u8::try_from(tone + 1).unwrap_or(u8::MAX));
        }
    }
    (c, 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_stand_in_dictionary_order() {
        let sorted = [
            "an", "ăn", "ân", "ba", "bà", "bả", "bã", "bá", "bạ", "dân", "đan", "em", "êm", "ông",
            "ơn", "ưa",
        ];
        let mut words = sorted;
        words.reverse();
        words.sort_by_key(|word| sort_key(word));
        assert_eq!(words, sorted);
    }

    #[test]
    fn people_are_listed_by_given_name() {
        let mut names = ["Nguyễn Văn Bình", "Trần Thị An", "Lê Ân", "Phạm An", "Đỗ Đức"];
        names.sort_by_key(|name| name_key(name));
        assert_eq!(names, ["Phạm An", "Trần Thị An", "Lê Ân", "Nguyễn Văn Bình", "Đỗ Đức"]);
    }
}
