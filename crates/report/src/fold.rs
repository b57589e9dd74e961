//! Text as people search it: without case, tones and marks, so that `nguyen` finds `Nguyễn` and `dang` finds `Đặng`.

/// The text in small letters without marks; every run of white space becomes one space.
#[must_use]
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    fold_into(&mut folded, text);
    folded
}

/// Adds what [`fold`] makes of the text.
pub fn fold_into(folded: &mut String, text: &str) {
    let start = folded.len();
    for c in text.chars() {
        let c = match c {
            '\0'..'\u{80}' => c.to_ascii_lowercase(),
            _ => match base(small(c)) {
                Some(c) => c,
                None => continue,
            },
        };
        if !c.is_whitespace() {
            folded.push(c);
        } else if folded.len() > start && !folded.ends_with(' ') {
            folded.push(' ');
        }
    }
    if folded.len() > start && folded.ends_with(' ') {
        folded.pop();
    }
}

/// Whether every word of `query` begins or lies within `text`, both folded.
#[must_use]
pub fn matches(text: &str, query: &str) -> bool {
    matches_folded(&fold(text), &fold(query))
}

/// As [`matches`], of what is folded already.
#[must_use]
pub fn matches_folded(text: &str, query: &str) -> bool {
    query.split(' ').all(|word| text.contains(word))
}

/// Whether every word of `query` begins a word of `text`, both folded: `an` finds An, and nobody for being of Long Khánh.
#[must_use]
pub fn begins_words(text: &str, query: &str) -> bool {
    let in_word = |c: char| c.is_ascii_alphanumeric() || !c.is_ascii();
    let begins = |at: usize| text.get(..at).is_some_and(|before| !before.ends_with(in_word));
    query.split(' ').all(|word| text.match_indices(word).any(|(at, _)| begins(at)))
}

/// The small letter of a capital one in Latin, Greek and Cyrillic. What `char::to_lowercase` adds to it, for the scripts of
/// scholars, is 8 KB of tables that a phone would have to fetch.
pub(crate) fn small(c: char) -> char {
    let distance = match c {
        'A'..='Z' | 'À'..='Ö' | 'Ø'..='Þ' | 'Α'..='Ρ' | 'Σ'..='Ϋ' | 'А'..='Я' => 0x20,
        'Ѐ'..='Џ' => 0x50,
        'Ÿ' => return 'ÿ',
        'Ư' => 1,
        '\u{100}'..='\u{137}' | '\u{14a}'..='\u{177}' | '\u{1a0}'..='\u{1a5}' if c != 'İ' => {
            1 - u32::from(c) % 2
        }
        '\u{1e00}'..='\u{1e95}' | '\u{1ea0}'..='\u{1eff}' | 'Ѡ'..='ҁ' => 1 - u32::from(c) % 2,
        '\u{139}'..='\u{148}' | '\u{179}'..='\u{17e}' => u32::from(c) % 2,
        _ => 0,
    };
    char::from_u32(u32::from(c) + distance).unwrap_or(c)
}

/// The letter under the marks; `None` for a mark that stands by itself (decomposed text).
fn base(c: char) -> Option<char> {
    Some(match c {
        'à' | 'á' | 'ả' | 'ã' | 'ạ' | 'ă' | 'ằ' | 'ắ' | 'ẳ' | 'ẵ' | 'ặ' | 'â' | 'ầ' | 'ấ' | 'ẩ'
        | 'ẫ' | 'ậ' | 'ä' | 'å' => 'a',
        'è' | 'é' | 'ẻ' | 'ẽ' | 'ẹ' | 'ê' | 'ề' | 'ế' | 'ể' | 'ễ' | 'ệ' | 'ë' => {
            'e'
        }
        'ì' | 'í' | 'ỉ' | 'ĩ' | 'ị' | 'î' | 'ï' => 'i',
        'ò' | 'ó' | 'ỏ' | 'õ' | 'ọ' | 'ô' | 'ồ' | 'ố' | 'ổ' | 'ỗ' | 'ộ' | 'ơ' | 'ờ' | 'ớ' | 'ở'
        | 'ỡ' | 'ợ' | 'ö' => 'o',
        'ù' | 'ú' | 'ủ' | 'ũ' | 'ụ' | 'ư' | 'ừ' | 'ứ' | 'ử' | 'ữ' | 'ự' | 'û' | 'ü' => {
            'u'
        }
        'ỳ' | 'ý' | 'ỷ' | 'ỹ' | 'ỵ' | 'ÿ' => 'y',
        'đ' => 'd',
        'ç' => 'c',
        'ñ' => 'n',
        '\u{300}'..='\u{36f}' => return None,
        other => other,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_tones_and_case_do_not_matter() {
        let cases = [
            ("Nguyễn Thị Đặng", "nguyen thi dang"),
            ("  Phường\tXuân   An ", "phuong xuan an"),
            ("ƯỚC MƠ", "uoc mo"),
            ("Nguye\u{302}\u{303}n", "nguyen"),
            ("12/KH-UBND", "12/kh-ubnd"),
            ("", ""),
        ];
        for (text, folded) in cases {
            assert_eq!(fold(text), folded, "{text}");
        }
    }

    #[test]
    fn capitals_become_small_as_unicode_has_it() {
        for c in ('\0'..='\u{1aa}').chain('Ͱ'..='ҁ').chain('\u{1e00}'..='\u{1eff}') {
            let whole = c.to_lowercase().count() == 1;
            let known =
                !('\u{180}'..='\u{19f}').contains(&c) && !('\u{370}'..='\u{390}').contains(&c);
            let rare = ('\u{1a6}'..='\u{1aa}').contains(&c) || ('\u{3cf}'..='\u{3ff}').contains(&c);
            if whole && known && !rare && c != 'ẞ' {
                assert_eq!(Some(small(c)), c.to_lowercase().next(), "{c}");
            }
        }
    }

    #[test]
    fn every_word_of_a_search_must_be_found() {
        assert!(matches("Phường Xuân Bình", "binh xuan"));
        assert!(matches("Phường Xuân Bình", ""));
        assert!(!matches("Phường Xuân Bình", "xuan loc"));
    }

    #[test]
    fn a_word_of_a_search_begins_one_of_a_list() {
        let row = fold("Lê Văn Bình Nữ 1985 Phường Long Khánh 0912345678 +84 (tổ trưởng) H'Hà");
        for query in ["", "binh", "van le", "long kh", "0912", "84", "to truong", "ha"] {
            assert!(begins_words(&row, query), "{query}");
        }
        for query in ["an", "anh", "inh", "12345", "le hanh"] {
            assert!(!begins_words(&row, query), "{query}");
        }
    }

    proptest::proptest! {
        #[test]
        fn folding_twice_changes_nothing(text: String) {
            proptest::prop_assert_eq!(fold(&fold(&text)), fold(&text));
        }
    }
}
