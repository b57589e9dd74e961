//! The order of Vietnamese text: letters first (a ă â b c d đ e ê …), tones after (ngang, huyền, hỏi, ngã, sắc, nặng).

use crate::fold::small;

/// What text is sorted by: its letters first, then its tones; compared byte by byte.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SortKey(Vec<u8>);

/// A key that sorts text in the order of a Vietnamese dictionary.
#[must_use]
pub fn sort_key(text: &str) -> SortKey {
    let mut key = Vec::with_capacity(2 * text.len() + 1);
    let mut tones = Vec::with_capacity(text.len());
    for c in text.chars().map(small) {
        let (letter, tone) = if c.is_ascii() { (c, 0) } else { split(c) };
        put_letter(&mut key, letter);
        tones.push(tone);
    }
    // Less than any letter: a word stands before those that it begins.
    key.push(0);
    key.append(&mut tones);
    SortKey(key)
}

/// A key that sorts people's names as Vietnamese lists do: by given name, which stands last, then by the rest.
#[must_use]
pub fn name_key(name: &str) -> (SortKey, SortKey) {
    let name = name.trim();
    let (rest, given) = name.rsplit_once(char::is_whitespace).unwrap_or(("", name));
    (sort_key(given), sort_key(rest))
}

/// Letters by their place in the alphabet; what is no letter comes before them, foreign letters come after. No letter's bytes
/// begin another's.
fn put_letter(key: &mut Vec<u8>, letter: char) {
    /// The bytes of what is no letter end here.
    const LETTERS: u8 = 0x82;
    let code = u32::from(letter);
    let [_, bytes @ ..] = code.to_be_bytes();
    let low = bytes[2];
    let byte = match letter {
        'a' => LETTERS,
        'ă' => LETTERS + 1,
        'â' => LETTERS + 2,
        'b'..='d' => LETTERS + 3 + (low - b'b'),
        'đ' => LETTERS + 6,
        'e' => LETTERS + 7,
        'ê' => LETTERS + 8,
        'f'..='o' => LETTERS + 9 + (low - b'f'),
        'ô' => LETTERS + 19,
        'ơ' => LETTERS + 20,
        'p'..='u' => LETTERS + 21 + (low - b'p'),
        'ư' => LETTERS + 27,
        'v'..='z' => LETTERS + 28 + (low - b'v'),
        _ if letter.is_alphabetic() => {
            key.push(u8::MAX);
            return key.extend(bytes);
        }
        '\0'..'\u{80}' => low + 1,
        _ => {
            key.push(LETTERS - 1);
            u8::try_from(code).unwrap_or(u8::MAX)
        }
    };
    key.push(byte);
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

    /// The same order as it is explained: letters by their weight, then tones.
    fn explained(text: &str) -> (Vec<u32>, Vec<u8>) {
        const ALPHABET: &str = "aăâbcdđeêfghijklmnoôơpqrstuưvwxyz";
        let weight = |letter: char| {
            let place = ALPHABET.chars().position(|known| known == letter);
            match place.and_then(|place| u32::try_from(place).ok()) {
                Some(place) => 0x100 + place,
                None if letter.is_alphabetic() => 0x1000 + u32::from(letter),
                None => u32::from(letter).min(0xff),
            }
        };
        text.chars().map(small).map(split).map(|(letter, tone)| (weight(letter), tone)).unzip()
    }

    proptest::proptest! {
        #[test]
        fn bytes_stand_in_the_order_that_is_explained(
            one in "[aăâbdđeêoơyz ạếổ0-9\u{80}-\u{3ff}\u{4e00}☂]{0,5}|.{0,5}",
            other in "[aăâbdđeêoơyz ạếổ0-9\u{80}-\u{3ff}\u{4e00}☂]{0,5}|.{0,5}",
        ) {
            let order = sort_key(&one).cmp(&sort_key(&other));
            proptest::prop_assert_eq!(order, explained(&one).cmp(&explained(&other)));
        }
    }

    #[test]
    fn people_are_listed_by_given_name() {
        let mut names = ["Nguyễn Văn Bình", "Trần Thị An", "Lê Ân", "Phạm An", "Đỗ Đức"];
        names.sort_by_key(|name| name_key(name));
        assert_eq!(names, ["Phạm An", "Trần Thị An", "Lê Ân", "Nguyễn Văn Bình", "Đỗ Đức"]);
    }
}
