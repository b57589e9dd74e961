//! Units merge and split: which are offered depends on the day of the record.

use std::collections::BTreeSet;

use crate::pack::{AUGUST_2025, ByName, start_at};

#[test]
fn wards_are_those_of_the_day() {
    let mut form = start_at("kt_phuong_xa", AUGUST_2025);
    let path = form.path("don_vi_kt");
    for (day, wards) in [("2024-03-20", 15), ("2024-12-01", 13), ("2025-08-01", 5)] {
        form.put("ngay", day);
        assert_eq!(form.choices(&path).len(), wards, "{day}");
    }
}

#[test]
fn the_last_day_of_a_ward_is_its_last() {
    let mut form = start_at("kt_phuong_xa", AUGUST_2025);
    let path = form.path("don_vi_kt");
    for (day, is_offered) in [("2024-10-31", true), ("2024-11-01", false)] {
        form.put("ngay", day);
        let offered: BTreeSet<String> = form.choices(&path).into_iter().collect();
        assert_eq!(offered.contains("lk_p_xuan_trung"), is_offered, "{day}");
        assert!(offered.contains("lk_p_xuan_an"), "{day}");
    }
}

#[test]
fn a_ward_that_is_no_longer_offered_is_no_longer_the_answer() {
    let mut form = start_at("kt_phuong_xa", AUGUST_2025);
    form.put("ngay", "2024-03-20");
    form.put("don_vi_kt", "lk_p_xuan_trung");
    form.put("ngay", "2024-12-01");
    assert_eq!(form.text("don_vi_kt"), "");
    form.put("ngay", "2024-03-20");
    form.put("don_vi_kt", "lk_p_bao_vinh");
    form.put("ngay", "2024-12-01");
    assert_eq!(form.text("don_vi_kt"), "lk_p_bao_vinh", "this one outlived the merger");
}

#[test]
fn a_date_that_is_typed_anew_takes_nobody_out_of_their_unit() {
    let mut form = start_at("lop_tap_huan", AUGUST_2025);
    form.put("ngay", "2024-11-28");
    let units = ["lk_p_xuan_an", "lk_p_bao_vinh"];
    for (row, unit) in (1..).zip(units) {
        let row = form.row("hoc_vien", row);
        form.put_in_row("hoc_vien", row, "hv_don_vi", unit);
    }
    let unit = |row: usize| format!("/data/hoc_vien[{row}]/hv_don_vi");
    // Cleared, and as a browser tells of each key of a year.
    for on_the_way in [&[""][..], &["0002-11-28", "0020-11-28", "0202-11-28"]] {
        on_the_way.iter().for_each(|day| form.put("ngay", day));
        assert_eq!(form.value(&unit(1)), "", "{on_the_way:?}");
        form.put("ngay", "2024-11-28");
        assert_eq!([form.value(&unit(1)), form.value(&unit(2))], units, "{on_the_way:?}");
    }
    // Whoever answers meanwhile has answered.
    form.put("ngay", "");
    form.put_in_row("hoc_vien", 2, "hv_don_vi", "khac");
    form.put("ngay", "2024-11-28");
    assert_eq!([form.value(&unit(1)), form.value(&unit(2))], [units[0], "khac"]);
}

#[test]
fn one_form_can_be_filled_in_for_each_of_the_three_times() {
    for day in ["2024-03-20", "2024-12-01", "2025-08-01"] {
        let mut form = start_at("kt_phuong_xa", AUGUST_2025);
        form.put("ngay", day);
        form.fill(1);
        assert_eq!(form.violations(), vec![], "{day}");
    }
}

#[test]
fn labels_of_units_follow_the_language() {
    let mut form = start_at("kt_phuong_xa", AUGUST_2025);
    form.put("ngay", "2024-12-01");
    let node = form.question(&form.path("don_vi_kt")).expect("it is drawn");
    let label = |form: &scenario::scenario::Scenario| {
        form.session().choices(node).first().expect("a ward").label.text.clone()
    };
    let vietnamese = label(&form);
    form.set_language("English (en)");
    assert_ne!(label(&form), vietnamese);
    form.set_language("Tiếng Việt (vi)");
    assert_eq!(label(&form), vietnamese);
}
