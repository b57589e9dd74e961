//! A list of names as people paste it, and which of them are there already.

use std::collections::BTreeMap;

use crate::fold::{fold, small};

/// A name of a pasted list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastedName {
    /// As it is written.
    pub text: String,
    /// Whether it is there already, or stands in the list before.
    pub is_known: bool,
}

/// Reads the names of a pasted list, one a line: out of a sheet's columns the first that is no number, without the list's own numbers
/// and marks.
///
/// A first line that names the columns is nobody: `asked` is what the form calls a name.
#[must_use]
pub fn read_names(pasted: &str, there: &[String], asked: &str) -> Vec<PastedName> {
    let mut seen: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut note = |name: &str| {
        let alike = seen.entry(fold(name)).or_default();
        let is_known = alike.iter().any(|other| is_same(other, name));
        if !is_known {
            // One without marks, that may be any, makes nobody known.
            alike.push(name.to_owned());
        }
        is_known
    };
    for name in there {
        note(name);
    }
    let mut lines = pasted.lines().filter(|line| name_in(line).is_some()).peekable();
    lines.next_if(|line| names_columns(line, &fold(asked)));
    lines.filter_map(name_in).map(|text| PastedName { is_known: note(&text), text }).collect()
}

fn names_columns(line: &str, asked: &str) -> bool {
    const HEADS: [&str; 7] = ["stt", "tt", "so tt", "ho ten", "ten", "name", "full name"];
    line.split('\t').map(fold).any(|cell| {
        let cell = cell.trim_end_matches([':', '.']);
        !cell.is_empty()
            && (cell == asked || HEADS.contains(&cell) || cell.starts_with("ho va ten"))
    })
}

fn name_in(line: &str) -> Option<String> {
    let is_letter = |c: char| c.is_ascii_alphabetic() || !c.is_ascii();
    let cell = line.split('\t').find(|cell| cell.contains(is_letter))?.trim();
    let unnumbered = cell.trim_start_matches(|c: char| c.is_ascii_digit());
    let mark = |c: char| matches!(c, '.' | ')' | '-' | '–' | '•' | '*' | '+' | ' ');
    // A number that a letter follows is part of the name.
    let name = if unnumbered.len() == cell.len() || unnumbered.starts_with(mark) {
        unnumbered.trim_start_matches(mark)
    } else {
        cell
    };
    let words: Vec<&str> = name.split_whitespace().collect();
    (!words.is_empty()).then(|| words.join(" "))
}

/// Whether two names that fold to the same are the same: a word without marks may be any, but Hùng is not Hưng.
fn is_same(one: &str, other: &str) -> bool {
    one.split_whitespace().zip(other.split_whitespace()).all(|(one, other)| {
        one.is_ascii() || other.is_ascii() || one.chars().map(small).eq(other.chars().map(small))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pasted: &str, there: &[&str]) -> (Vec<String>, Vec<String>) {
        let there: Vec<String> = there.iter().map(|&name| name.to_owned()).collect();
        let (known, new): (Vec<_>, Vec<_>) =
            read_names(pasted, &there, "Tên học viên").into_iter().partition(|name| name.is_known);
        let texts = |names: Vec<PastedName>| names.into_iter().map(|name| name.text).collect();
        (texts(new), texts(known))
    }

    #[test]
    fn a_list_is_read_as_it_comes_from_a_sheet_a_letter_or_a_message() {
        let pasted = "STT\tHọ tên\n1\tNguyễn  Thị Lan\t1985\r\n 2. Trần Văn Hùng\n3) Lê Thị Hoa\n- Điểu Bé\n\n  \n4\t\t\n12 Võ Mai\n";
        let expected = ["Nguyễn Thị Lan", "Trần Văn Hùng", "Lê Thị Hoa", "Điểu Bé", "Võ Mai"];
        assert_eq!(read(pasted, &[]), (expected.map(str::to_owned).to_vec(), Vec::new()));
        assert_eq!(read("3A Lan", &[]).0, ["3A Lan"]);
    }

    #[test]
    fn a_line_that_names_the_columns_is_nobody() {
        for heads in [
            "Họ và tên học viên",
            "\nHọ tên:",
            "Số TT\tNgười dự",
            "No.\tFull name",
            "Mã\tTÊN HỌC VIÊN\tĐơn vị",
        ] {
            assert_eq!(read(&format!("{heads}\nLan\n"), &[]).0, ["Lan"], "{heads}");
        }
        assert_eq!(read("Lan\nTên", &[]).0, ["Lan", "Tên"], "only the first line does");
        assert_eq!(read("Hồ Văn Tến\tHọc viên", &[]).0, ["Hồ Văn Tến"]);
    }

    #[test]
    fn who_is_there_already_is_told_however_they_are_written() {
        let (new, known) = read(
            "NGUYỄN THỊ LAN\nNguyen thi Lan\ntran van hung\nTrần Văn Hưng\nTrần Văn Hùng\nTrần Văn Hùng\nĐỗ An",
            &["Nguyễn Thị Lan", "Trần  Văn Hùng"],
        );
        assert_eq!(new, ["Trần Văn Hưng", "Đỗ An"], "two people, by one mark");
        assert_eq!(
            known,
            ["NGUYỄN THỊ LAN", "Nguyen thi Lan", "tran van hung", "Trần Văn Hùng", "Trần Văn Hùng"]
        );
    }
}
