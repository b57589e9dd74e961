//! A list of names as people paste it, what its columns say of them, and which of them are there already.

use std::collections::BTreeMap;

use crate::fold::{fold, small};

/// What a column of a pasted list may answer, beside the names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// As it is asked.
    pub label: String,
    /// What is an answer to it.
    pub kind: ColumnKind,
}

/// What is an answer to what a column asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ColumnKind {
    /// Any text.
    Text,
    /// A whole number.
    Whole,
    /// A number.
    Number,
    /// A day: `5/3/1985`.
    Day,
    /// One of these.
    Choice(Vec<Offered>),
}

/// A choice that a cell may name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offered {
    /// What is stored.
    pub value: String,
    /// What is shown.
    pub label: String,
    /// The label: a long list is met by each line, at each key.
    folded: String,
}

impl Offered {
    /// One by what is stored, and what is shown.
    #[must_use]
    pub fn new(value: String, label: String) -> Self {
        Self { value, folded: fold(&label), label }
    }
}

/// A list of names as it was pasted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PastedList {
    /// Which of the columns asked for it has, by their place.
    pub columns: Vec<usize>,
    /// Whether there are cells beside the names, and no line that names their columns.
    pub lacks_heads: bool,
    /// How the columns are called that are none of those asked for.
    pub left: Vec<String>,
    /// Those in it.
    pub names: Vec<PastedName>,
}

/// A name of a pasted list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastedName {
    /// As it is written.
    pub text: String,
    /// Whether it is there already, or stands in the list before.
    pub is_known: bool,
    /// What its cells answer, by the column's place.
    pub answers: Vec<(usize, String)>,
    /// How many of its cells are no answer to what their column asks.
    pub unread: usize,
}

/// Reads a pasted list, a name a line, without the list's own numbers and marks.
///
/// A first line that names the columns is nobody: `asked` is what the form calls a name, `columns` what else it asks. Without one, and
/// where it names no column of names, a name is the first cell that is no number.
#[must_use]
pub fn read_names(pasted: &str, there: &[String], asked: &str, columns: &[Column]) -> PastedList {
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
    let mut lines = pasted.lines().filter(|line| line.split('\t').any(has_letters)).peekable();
    let heads = lines.next_if(|line| Heads::are(line, &head(asked)));
    let heads = heads.map(|line| Heads::new(line, &head(asked), columns));
    let left = heads.as_ref().map(|heads| heads.left.clone()).unwrap_or_default();
    let mut list = PastedList { left, ..PastedList::default() };
    list.columns.extend(heads.iter().flat_map(|heads| heads.columns.iter().map(|(_, asks)| asks)));
    for line in lines {
        let cells: Vec<&str> = line.split('\t').collect();
        let Some(text) = heads.as_ref().map_or_else(|| name_in(&cells), |heads| heads.name(&cells))
        else {
            continue;
        };
        list.lacks_heads |= heads.is_none() && cells.len() > 1;
        let mut name = PastedName { is_known: note(&text), text, answers: Vec::new(), unread: 0 };
        for (at, asks) in heads.iter().flat_map(|heads| &heads.columns) {
            let cell = cells.get(*at).copied().map(words).unwrap_or_default();
            match columns[*asks].answer(&cell) {
                _ if cell.is_empty() => {}
                Some(answer) => name.answers.push((*asks, answer)),
                None => name.unread += 1,
            }
        }
        list.names.push(name);
    }
    list
}

impl Column {
    /// What is stored where a cell says this.
    fn answer(&self, cell: &str) -> Option<String> {
        self.kind.answer(cell).or_else(|| self.year(cell))
    }

    /// The year of a day, where a year is asked: of a day it can mean nothing else.
    fn year(&self, cell: &str) -> Option<String> {
        let asked = head(&self.label);
        let is_asked = asked.starts_with("nam ") || asked.starts_with("year ");
        let date = day(cell).filter(|_| is_asked && self.kind == ColumnKind::Whole)?;
        Some(date.split_once('-')?.0.to_owned())
    }
}

impl ColumnKind {
    /// What is stored where a cell says this.
    fn answer(&self, cell: &str) -> Option<String> {
        match self {
            Self::Text => Some(cell.to_owned()),
            Self::Whole => is_digits(cell).then(|| cell.to_owned()),
            Self::Number => match cell.split_once([',', '.']) {
                None => is_digits(cell).then(|| cell.to_owned()),
                // Of `1.234` nobody knows how much it is.
                Some((whole, part)) => (is_digits(whole) && is_digits(part) && part.len() != 3)
                    .then(|| format!("{whole}.{part}")),
            },
            Self::Day => day(cell),
            Self::Choice(choices) => {
                if let Some(choice) = choices.iter().find(|choice| choice.value == cell) {
                    return Some(choice.value.clone());
                }
                let folded = fold(cell);
                let is_meant =
                    |choice: &&Offered| choice.folded == folded && is_same(&choice.label, cell);
                let mut meant = choices.iter().filter(is_meant);
                let Offered { value, .. } = meant.next()?;
                meant.next().is_none().then(|| value.clone())
            }
        }
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// `5/3/1985` or `1985-03-05` as it is stored.
fn day(cell: &str) -> Option<String> {
    let parts: Vec<&str> = cell.split(['/', '-', '.']).collect();
    let &[one, month, other] = &parts[..] else { return None };
    let (day, year) = if one.len() == 4 { (other, one) } else { (one, other) };
    let (day, month) = (day.parse::<u8>().ok()?, month.parse::<u8>().ok()?);
    Some(format!("{year}-{month:02}-{day:02}")).filter(|date| form::is_date(date))
}

/// The line that names the columns.
struct Heads {
    /// From which cell to which a name goes.
    name: Option<(usize, usize)>,
    /// The place of a cell, and that of the column it is of.
    columns: Vec<(usize, usize)>,
    /// The cells that are of none, as they are written.
    left: Vec<String>,
}

impl Heads {
    fn are(line: &str, asked: &str) -> bool {
        line.split('\t').map(head).any(|cell| names_name(&cell, asked) || names_number(&cell))
    }

    fn new(line: &str, asked: &str, columns: &[Column]) -> Self {
        let written: Vec<&str> = line.split('\t').collect();
        let cells: Vec<String> = written.iter().map(|cell| head(cell)).collect();
        let names_family = |cell: &String| cell == "ho" || cell.starts_with("ho ");
        let name = cells.iter().position(|cell| names_name(cell, asked)).map(|at| {
            let is_half = cells[at] == "ten" && at > 0 && names_family(&cells[at - 1]);
            // A head over two columns, and 'family name, name'.
            let next = cells.get(at + 1);
            let is_wide = next.is_some_and(|next| next.is_empty() || next == "ten");
            (at - usize::from(is_half), at + 1 + usize::from(is_wide))
        });
        let labels: Vec<String> = columns.iter().map(|column| head(&column.label)).collect();
        let mut found: Vec<(usize, usize)> = Vec::new();
        let is_name = |at: usize| name.is_some_and(|(from, to)| (from..to).contains(&at));
        let mut left = Vec::new();
        for (at, cell) in cells.iter().enumerate().filter(|(at, _)| !is_name(*at)) {
            if let Some(asks) = column_of(cell, &labels)
                && found.iter().all(|(_, taken)| *taken != asks)
            {
                found.push((at, asks));
            } else if !cell.is_empty() && !names_number(cell) {
                left.push(words(written[at]));
            }
        }
        Self { name, columns: found, left }
    }

    fn name(&self, cells: &[&str]) -> Option<String> {
        match self.name {
            Some((from, to)) if cells.len() > 1 => {
                let parts = cells.iter().take(to).skip(from).filter(|cell| has_letters(cell));
                name_in(&[&parts.copied().collect::<Vec<_>>().join(" ")])
            }
            _ => name_in(cells),
        }
    }
}

/// What a column is called, to be compared: without what stands in parentheses behind it.
fn head(cell: &str) -> String {
    let folded = fold(cell.split('(').next().unwrap_or_default());
    folded.trim_matches(|c: char| matches!(c, ':' | '.' | '*' | ' ' | '"')).to_owned()
}

fn names_name(cell: &str, asked: &str) -> bool {
    const HEADS: [&str; 4] = ["ho ten", "ten", "name", "full name"];
    !cell.is_empty() && (cell == asked || HEADS.contains(&cell) || cell.starts_with("ho va ten"))
}

fn names_number(cell: &str) -> bool {
    ["stt", "tt", "so tt"].contains(&cell)
}

/// How lists and forms call when somebody was born; the day before the year.
const BORN: [&str; 5] =
    ["ngay sinh", "ngay thang nam sinh", "date of birth", "nam sinh", "year of birth"];

/// Which of the columns a head is of: the one that is called so, else the only one whose name is in it, or begins with it. What stands
/// further behind is what is asked about: 'ethnic group' is no consent to tell the ethnic group.
fn column_of(cell: &str, labels: &[String]) -> Option<usize> {
    let called = |name: &str| labels.iter().position(|label| label == name);
    let same = called(cell);
    if same.is_some() || cell.is_empty() {
        return same;
    }
    // Lists have the day that somebody was born, and forms often ask the year alone.
    if BORN.contains(&cell)
        && let Some(born) = BORN.into_iter().find_map(called)
    {
        return Some(born);
    }
    let within = |all: &str, part: &str| {
        // One word is in too much.
        part.contains(' ') && format!(" {all} ").contains(&format!(" {part} "))
    };
    let begins = |label: &str| label.starts_with(cell) && within(label, cell);
    let is_near = |label: &&String| begins(label) || within(cell, label);
    let mut near = labels.iter().enumerate().filter(|(_, label)| is_near(label));
    let (at, _) = near.next()?;
    near.next().is_none().then_some(at)
}

fn has_letters(cell: &str) -> bool {
    cell.contains(|c: char| c.is_ascii_alphabetic() || !c.is_ascii())
}

/// A cell without what only sets it apart.
fn words(cell: &str) -> String {
    cell.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn name_in(cells: &[&str]) -> Option<String> {
    let cell = cells.iter().find(|cell| has_letters(cell))?.trim();
    let unnumbered = cell.trim_start_matches(|c: char| c.is_ascii_digit());
    let mark = |c: char| matches!(c, '.' | ')' | '-' | '–' | '•' | '*' | '+' | ' ');
    // A number that a letter follows is part of the name.
    let name = if unnumbered.len() == cell.len() || unnumbered.starts_with(mark) {
        unnumbered.trim_start_matches(mark)
    } else {
        cell
    };
    Some(words(name)).filter(|name| !name.is_empty())
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
        let (known, new): (Vec<_>, Vec<_>) = read_names(pasted, &there, "Tên học viên", &[])
            .names
            .into_iter()
            .partition(|name| name.is_known);
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

    fn asked() -> Vec<Column> {
        let column = |label: &str, kind| Column { label: label.to_owned(), kind };
        let choice = |choices: &[(&str, &str)]| {
            let own = |(value, label): &(&str, &str)| {
                Offered::new((*value).to_owned(), (*label).to_owned())
            };
            ColumnKind::Choice(choices.iter().map(own).collect())
        };
        vec![
            column("Giới tính", choice(&[("nam", "Nam"), ("nu", "Nữ")])),
            column("Năm sinh", ColumnKind::Whole),
            column(
                "Đơn vị",
                choice(&[("an", "Phường Xuân An"), ("x", "Tổ Hùng"), ("y", "Tổ Hưng")]),
            ),
            column("Chức vụ hoặc nhiệm vụ", ColumnKind::Text),
            column("Số điện thoại (không bắt buộc)", ColumnKind::Text),
            column("Ngày vào", ColumnKind::Day),
            column("Hệ số", ColumnKind::Number),
        ]
    }

    /// The columns that are found, and of each name what is answered and how much is not read.
    fn told(pasted: &str) -> (Vec<usize>, Vec<String>) {
        let list = read_names(pasted, &[], "Họ và tên", &asked());
        let told = |name: PastedName| {
            let answers = name.answers.iter().map(|(at, answer)| format!("{at}={answer}"));
            format!("{} {} {}", name.text, answers.collect::<Vec<_>>().join(" "), name.unread)
        };
        (list.columns, list.names.into_iter().map(told).collect())
    }

    #[test]
    fn columns_that_are_named_as_questions_answer_them() {
        let pasted = "STT\tHọ và tên\tGIỚI TÍNH\tNăm sinh:\tĐơn vị\n\
            1\tTrần Thị Hoa\tNữ\t1985\tphường  xuân an\n2\tLê Văn An\tnam\t12/3/1990\tSở Y tế\n3\tVõ Mai\tnu\t\tan\n\
            4\t\tNam\t1970\tan\nĐỗ Bé";
        assert_eq!(
            told(pasted),
            (
                vec![0, 1, 2],
                [
                    "Trần Thị Hoa 0=nu 1=1985 2=an 0",
                    "Lê Văn An 0=nam 1=1990 1",
                    "Võ Mai 0=nu 2=an 0",
                    "Đỗ Bé  0"
                ]
                .map(str::to_owned)
                .to_vec()
            )
        );
    }

    #[test]
    fn a_column_is_found_where_it_stands_and_by_near_words() {
        let pasted = "Đơn vị công tác\tChức vụ\tHọ và tên\t\tSố điện thoại\tSố\tNgày vào\tHệ số\n\
            Tổ Hùng\tTổ trưởng\tNguyễn Thị\tLan\t0912345678\t7\t5/3/2020\t2,34\n\
            Tổ Hung\t\tLê Văn\tAn\t\t8\t2020-03-05\t1.234";
        assert_eq!(
            told(pasted),
            (
                vec![2, 3, 4, 5, 6],
                [
                    "Nguyễn Thị Lan 2=x 3=Tổ trưởng 4=0912345678 5=2020-03-05 6=2.34 0",
                    "Lê Văn An 5=2020-03-05 2"
                ]
                .map(str::to_owned)
                .to_vec()
            ),
            "a unit that may be two, and a number that may be two, are left out"
        );
    }

    #[test]
    fn a_column_of_what_somebody_may_consent_to_tell_is_not_their_consent() {
        let yes_no = ["Có", "Không"].map(|word| Offered::new(word.to_owned(), word.to_owned()));
        let consent = Column {
            label: "Đồng ý cung cấp thành phần dân tộc".to_owned(),
            kind: ColumnKind::Choice(yes_no.to_vec()),
        };
        let read = |head: &str| {
            let pasted = format!("Họ và tên\t{head}\nLan\tCó");
            read_names(&pasted, &[], "Họ và tên", std::slice::from_ref(&consent)).columns
        };
        for head in ["Dân tộc", "Thành phần dân tộc", "Đồng ý"] {
            let is_consent = head == "Đồng ý";
            assert_eq!(!read(head).is_empty(), is_consent, "{head}");
        }
    }

    #[test]
    fn a_day_that_no_calendar_has_is_none() {
        for (cell, expected) in [
            ("5/3/1985", Some("1985-03-05")),
            ("29.2.2024", Some("2024-02-29")),
            ("3/25/1985", None),
            ("31/02/1985", None),
            ("0/0/1985", None),
            ("5/3/85", None),
        ] {
            assert_eq!(day(cell).as_deref(), expected, "{cell}");
        }
    }

    #[test]
    fn where_a_year_is_asked_a_day_of_birth_tells_it() {
        for heads in ["Năm sinh", "Ngày sinh", "Ngày, tháng, năm sinh", "Ngày tháng năm sinh"]
        {
            for cell in ["05/03/1985", "5.3.1985", "1985-03-05", "1985"] {
                let pasted = format!("Họ và tên\t{heads}\nLan\t{cell}");
                assert_eq!(
                    told(&pasted),
                    (vec![1], vec!["Lan 1=1985 0".to_owned()]),
                    "{heads} {cell}"
                );
            }
        }
        let told = |column: &str, cell: &str| {
            told(&format!("Họ và tên\t{column}\nLan\t{cell}")).1.join(" ")
        };
        assert_eq!(told("Ngày sinh", "5/3/85"), "Lan  1", "of which century nobody knows");
        assert_eq!(told("Số điện thoại", "5/3/1985"), "Lan 4=5/3/1985 0");
        let day = Column { label: "Ngày sinh".to_owned(), kind: ColumnKind::Day };
        let age = Column { label: "Số năm công tác".to_owned(), kind: ColumnKind::Whole };
        let read = |pasted: &str, columns: &[Column]| {
            read_names(pasted, &[], "Họ và tên", columns).names.remove(0).answers
        };
        assert_eq!(read("Họ và tên\tSố năm công tác\nLan\t5/3/1985", &[age]), []);
        let both = [asked().remove(1), day];
        for heads in ["Ngày sinh", "Ngày tháng năm sinh"] {
            let answers = read(&format!("Họ và tên\t{heads}\nLan\t5/3/1985"), &both);
            assert_eq!(answers, [(1, "1985-03-05".to_owned())], "where the day is asked");
        }
    }

    #[test]
    fn a_name_in_two_columns_is_one() {
        for heads in ["Họ và tên đệm\tTên", "STT\tHọ đệm\tTên", "Họ\tTên", "Họ và tên\t"]
        {
            let number = if heads.starts_with("STT") { "1\t" } else { "" };
            let pasted = format!("{heads}\tNăm sinh\n{number}Nguyễn Thị\tLan\t1985");
            assert_eq!(told(&pasted).1, ["Nguyễn Thị Lan 1=1985 0"], "{heads}");
        }
    }

    #[test]
    fn cells_whose_column_nobody_named_are_told_of() {
        let lacks = |pasted: &str| read_names(pasted, &[], "Họ và tên", &asked()).lacks_heads;
        assert!(lacks("1\tLan\tNữ"));
        assert!(!lacks("Lan\nAn"));
        assert!(!lacks("TT\tHọ tên\tGhi chú\n1\tLan\t"));
        let left =
            |pasted: &str, columns: &[Column]| read_names(pasted, &[], "Họ và tên", columns).left;
        assert_eq!(left("TT\tHọ tên\tGhi  chú\tNăm sinh\n1\tLan\t\t1985", &asked()), ["Ghi chú"]);
        assert_eq!(left("TT\tHọ tên\tNăm sinh\n1\tLan\t1985", &[]), ["Năm sinh"]);
        assert!(left("TT\tHọ tên\tNăm sinh\n1\tLan\t1985", &asked()).is_empty());
        assert!(left("TT\tHọ tên\n1\tLan", &asked()).is_empty());
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
