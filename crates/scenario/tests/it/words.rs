//! What a person is told: of a wrong answer, of their data, in both languages.

use std::collections::BTreeSet;

use form::ViolationKind;

use crate::pack::{ByName, program, start};

/// Form, question, a wrong answer, what is said of it, a right answer.
const WRONG: [(&str, &str, &str, &str, &str, &str); 6] = [
    (
        "kt_phuong_xa",
        "ngay",
        "2024-12-02",
        "Ngày không được ở tương lai.",
        "Date cannot be in the future.",
        "2024-12-01",
    ),
    (
        "lop_tap_huan",
        "ma_lop",
        "lớp một",
        "Từ 3 đến 24 ký tự: chữ không dấu, số, gạch.",
        "3-24 characters: letters, digits, dash.",
        "LK-01_a",
    ),
    ("lop_tap_huan", "buoi", "41", "Từ 1 đến 40.", "1 to 40.", "40"),
    ("lop_tap_huan", "trieu_tap", "-1", "Số phải từ 0 trở lên.", "Must be 0 or more.", "0"),
    ("khac_phuc", "ma_phieu", "phiếu số 1", "Không có dấu cách.", "No spaces.", "KT-2024/12#1"),
    (
        "diem_danh",
        "hv_nam_sinh",
        "2020",
        "Năm sinh không hợp lý.",
        "Implausible year of birth.",
        "1990",
    ),
];

#[test]
fn a_wrong_answer_is_told_in_the_language_of_the_moment() {
    for (name, question, wrong, vietnamese, english, right) in WRONG {
        let mut form = start(name);
        form.put(question, wrong);
        let path = form.path(question);
        let told = |words: &str| Some((ViolationKind::Constraint, words.to_owned()));
        assert_eq!(form.problem(&path), told(vietnamese), "{name} {question}");
        form.set_language("English (en)");
        assert_eq!(form.problem(&path), told(english), "{name} {question}");
        assert_eq!(form.value(&path), wrong, "nothing that was typed is lost");
        form.put(question, right);
        assert_eq!(form.problem(&path), None, "{name} {question}");
    }
}

#[test]
fn a_missing_answer_is_told_in_the_language_of_the_moment() {
    let mut form = start("kt_phuong_xa");
    let path = form.path("nguoi_lap");
    let told = |words: &str| Some((ViolationKind::Required, words.to_owned()));
    assert_eq!(form.problem(&path), told("Vui lòng nhập nội dung này."));
    form.set_language("English (en)");
    assert_eq!(form.problem(&path), told("Please fill in this field."));
    form.put("nguoi_lap", "Nguyễn Thị Lan");
    assert_eq!(form.problem(&path), None);
}

#[test]
fn a_reason_is_asked_when_an_item_fails_and_has_to_say_something() {
    let mut form = start("kt_phuong_xa");
    assert!(!form.relevant("a1_gc"));
    form.put("a1", "chua_dat");
    assert!(form.relevant("a1_gc") && form.relevant("a1_anh"));
    form.put("a1_gc", "chưa");
    let path = form.path("a1_gc");
    assert_eq!(
        form.problem(&path),
        Some((ViolationKind::Constraint, "Ghi ít nhất 5 ký tự.".to_owned()))
    );
    form.put("a1_gc", "chưa có");
    assert_eq!(form.problem(&path), None);
    form.put("a1", "khong_ap_dung");
    assert!(form.relevant("a1_gc") && !form.relevant("a1_anh"));
    form.put("a1", "dat");
    assert!(!form.relevant("a1_gc") && form.relevant("a1_anh"));
    assert!(!form.session().to_xml().contains("chưa có"), "what is not asked is not submitted");
}

#[test]
fn letters_in_a_number_are_told_apart_from_a_broken_rule() {
    let mut form = start("lop_tap_huan");
    form.put("trieu_tap", "mười");
    let path = form.path("trieu_tap");
    assert_eq!(form.problem(&path).map(|(kind, _)| kind), Some(ViolationKind::Type));
}

#[test]
fn a_broken_rule_names_its_page() {
    let mut form = start("kt_phuong_xa");
    form.fill(1);
    form.put("ngay", "2025-01-01");
    let broken = form.session().violations();
    let ngay = broken.iter().find(|broken| broken.path == "chung/ngay").expect("it is told");
    assert!(ngay.page.is_some_and(|page| form.session().pages().contains(&page)));
}

#[test]
fn a_trainee_is_told_how_long_each_kind_of_their_data_is_kept() {
    let table = include_str!("../../../../packs/long-khanh-2024/tables/personal_data.csv");
    for (name, fields) in [("lop_tap_huan", "hoc_vien/"), ("diem_danh", "hv_")] {
        let row = format!("{name},{fields}");
        let rows = table.lines().filter(|line| line.starts_with(&row));
        let months: BTreeSet<&str> = rows.filter_map(|line| line.rsplit(',').nth(1)).collect();
        assert!(months.len() > 1, "{name}: {months:?}");
        let mut form = start(name);
        let notice = form.path("tb_dl");
        for (language, unit) in [("Tiếng Việt (vi)", "tháng"), ("English (en)", "months")] {
            form.set_language(language);
            let told = form.state(&notice).and_then(|state| state.label).expect("a notice").text;
            for months in &months {
                assert!(told.contains(&format!(" {months} {unit}")), "{name}, {months}: {told}");
            }
        }
    }
}

#[test]
fn whoever_confirms_a_notice_has_been_shown_it() {
    for (name, confirmed) in [("lop_tap_huan", "da_thong_bao"), ("diem_danh", "da_doc")] {
        let program = program(name);
        let at = |question: &str| {
            let ending = format!("/{question}");
            program.form().binds.iter().position(|bind| bind.nodeset.ends_with(&ending))
        };
        let (notice, confirmed) = (at("tb_dl"), at(confirmed));
        assert!(notice.is_some() && notice < confirmed, "{name}: {notice:?}, {confirmed:?}");
    }
}
