//! What a person is told: of a wrong answer, of their data, in both languages.

use std::collections::BTreeSet;

use form::{ViolationKind, write_xform};

use crate::pack::{ByName, names, program, start};

/// Of 131 letters.
const TOO_LONG: &str = "Phường Bảo Vinh, phát hiện thứ hai của lần kiểm tra ngày 12 tháng 10 năm 2026, \
                        về kế hoạch năm chưa có mục tiêu và kinh phí rõ ràng";

/// Form, question, a wrong answer, what is said of it, a right answer.
const WRONG: [(&str, &str, &str, &str, &str, &str); 10] = [
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
        "Từ 3 đến 24 ký tự: chữ không dấu, số, gạch ngang, gạch dưới.",
        "3 to 24 characters: letters without accents, digits, - and _.",
        "LK-01_a",
    ),
    ("lop_tap_huan", "buoi", "41", "Từ 1 đến 40.", "1 to 40.", "40"),
    ("lop_tap_huan", "trieu_tap", "-1", "Số phải từ 0 trở lên.", "Must be 0 or more.", "0"),
    (
        "khac_phuc",
        "ma_phieu",
        TOO_LONG,
        "Tối đa 120 ký tự.",
        "At most 120 characters.",
        "Phường Bảo Vinh 12/10/2026, phát hiện 2",
    ),
    (
        "vi_pham",
        "ma_vu",
        "Bảo-Vinh/2",
        "Từ 3 đến 30 ký tự: chữ không dấu, số, dấu . _ / -, không có dấu cách.",
        "3 to 30 characters: letters without accents, digits, . _ / -, no spaces.",
        "BV-2026/2",
    ),
    ("khen_thuong", "nam_tt", "2019", "Từ 2020 đến 2035.", "2020 to 2035.", "2020"),
    ("mo_hinh", "nam_tl", "1989", "Từ 1990 đến 2035.", "1990 to 2035.", "1990"),
    (
        "kinh_phi",
        "so_lieu_den",
        "2024-06-14",
        "Không được trước ngày bắt đầu.",
        "Cannot be before the first day.",
        "2024-06-15",
    ),
    (
        "diem_danh",
        "hv_nam_sinh",
        "2020",
        "Ghi năm sinh đủ 4 chữ số, của người từ 10 đến 100 tuổi.",
        "Four digits, of a person aged 10 to 100.",
        "1990",
    ),
];

#[test]
fn a_wrong_answer_is_told_in_the_language_of_the_moment() {
    for (name, question, wrong, vietnamese, english, right) in WRONG {
        let mut form = start(name);
        if name == "kinh_phi" {
            form.put("so_lieu_tu", right);
        }
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
fn a_telephone_number_that_is_written_as_its_rule_says_is_taken() {
    let mut form = start("lop_tap_huan");
    let row = form.row("hoc_vien", 1);
    let path = format!("/data/hoc_vien[{row}]/hv_dt");
    for (number, is_right) in
        [("+840912345678", false), ("+84912345678", true), ("0912345678", true)]
    {
        form.put_in_row("hoc_vien", row, "hv_dt", number);
        let told = form.problem(&path).map(|(_, words)| words);
        let rule = "Ghi 10 chữ số bắt đầu bằng 0, hoặc +84 rồi 9 chữ số, không có dấu cách.";
        assert_eq!(told.as_deref(), (!is_right).then_some(rule), "{number}");
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

#[test]
fn nothing_that_is_said_is_a_word_for_programmers() {
    for name in names() {
        let said = write_xform(program(&name).form()).to_lowercase();
        for word in ["cấu hình", "configur"] {
            assert!(!said.contains(word), "{name}: {word}");
        }
    }
}
