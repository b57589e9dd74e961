//! Search without diacritics: `nguyen` finds `Nguyễn`, `dang` finds `Đặng`.

use sync::{view::RecordView, wire::Value};

/// Answers longer than this are not searched: a list searches names and places, not essays.
const ANSWER_CHARS_MAX: usize = 80;

/// Lower case without Vietnamese diacritics; everything else stays.
#[must_use]
pub fn fold(text: &str) -> String {
    text.chars().flat_map(char::to_lowercase).filter_map(base_letter).collect()
}

/// Whether a folded text contains every word that is searched.
#[must_use]
pub fn matches(folded: &str, searched: &str) -> bool {
    fold(searched).split_whitespace().all(|word| folded.contains(word))
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

/// A letter without its marks; `None` for a mark that stands by itself.
fn base_letter(letter: char) -> Option<char> {
    Some(match letter {
        'à' | 'á' | 'ả' | 'ã' | 'ạ' | 'ă' | 'ằ' | 'ắ' | 'ẳ' | 'ẵ' | 'ặ' | 'â' | 'ầ' | 'ấ' | 'ẩ'
        | 'ẫ' | 'ậ' => 'a',
        'è' | 'é' | 'ẻ' | 'ẽ' | 'ẹ' | 'ê' | 'ề' | 'ế' | 'ể' | 'ễ' | 'ệ' => 'e',
        'ì' | 'í' | 'ỉ' | 'ĩ' | 'ị' => 'i',
        'ò' | 'ó' | 'ỏ' | 'õ' | 'ọ' | 'ô' | 'ồ' | 'ố' | 'ổ' | 'ỗ' | 'ộ' | 'ơ' | 'ờ' | 'ớ' | 'ở'
        | 'ỡ' | 'ợ' => 'o',
        'ù' | 'ú' | 'ủ' | 'ũ' | 'ụ' | 'ư' | 'ừ' | 'ứ' | 'ử' | 'ữ' | 'ự' => 'u',
        'ỳ' | 'ý' | 'ỷ' | 'ỹ' | 'ỵ' => 'y',
        'đ' => 'd',
        '\u{300}'..='\u{36f}' => return None,
        other => other,
    })
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
