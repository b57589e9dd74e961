//! Units merge and split: which are offered depends on the day of the record.

use std::collections::BTreeSet;

use crate::pack::{AUGUST_2025, ByName, NOVEMBER_2026, names, program, start_at};

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

/// The questions of a form, outside of rows, that a unit must answer.
const UNITS: [&str; 3] = ["don_vi_lap", "cq_soan_thao", "hv_don_vi"];

#[test]
fn whoever_fills_in_forms_today_finds_their_unit_and_any_other_in_each() {
    let manifest = include_str!("../../../../packs/long-khanh-2024/pack.toml");
    let (_, demo) = manifest.split_once("[demo]").expect("people to try the pack with");
    let units = demo.lines().filter_map(|line| line.strip_prefix("unit = \"")?.strip_suffix('"'));
    let units: BTreeSet<&str> = units.collect();
    assert!(units.len() > 2);
    for name in names() {
        let mut form = start_at(&name, NOVEMBER_2026);
        let paths: Vec<String> = program(&name)
            .form()
            .binds
            .iter()
            .map(|bind| bind.nodeset.clone())
            .filter(|path| UNITS.iter().any(|unit| path.ends_with(&format!("/{unit}"))))
            .filter(|path| !path.contains("/hoc_vien/"))
            .collect();
        assert!(!paths.is_empty(), "{name} asks for a unit");
        for path in paths {
            let offered = form.choices(&path);
            let is_for = |unit: &&&str| match name.as_str() {
                // Reports of the wards, and of the agencies.
                "bao_cao_dinh_ky" => unit.starts_with("dn_p_"),
                "bao_cao_co_quan" => !unit.starts_with("dn_p_"),
                _ => true,
            };
            for unit in units.iter().filter(is_for) {
                assert!(offered.iter().any(|choice| choice == unit), "{name}, {path}: {unit}");
            }
            if name == "bao_cao_dinh_ky" {
                continue;
            }
            form.answer(&path, "khac").expect("any other unit is offered");
            let other = form.state(&format!("{path}_khac")).expect("its name is asked for");
            assert!(other.relevant && other.required, "{name}, {path}");
        }
    }
}

#[test]
fn a_question_that_cannot_name_another_unit_offers_none() {
    let cases = [
        ("kt_san_pham_vh", "don_vi_nhan"),
        ("su_kien_truyen_thong", "phoi_hop"),
        ("vi_pham", "cq_xu_ly"),
    ];
    for (name, question) in cases {
        let form = start_at(name, NOVEMBER_2026);
        let offered = form.choices(&form.path(question));
        assert!(offered.len() > 3, "{name}: {offered:?}");
        assert!(!offered.iter().any(|choice| choice == "khac"), "{name}");
    }
}

#[test]
fn a_report_is_of_the_year_in_which_it_is_begun() {
    let mut asked = 0;
    for name in names() {
        let form = start_at(&name, NOVEMBER_2026);
        for bind in &program(&name).form().binds {
            if ["/nam_bc", "/nam_tt"].iter().any(|year| bind.nodeset.ends_with(year)) {
                asked += 1;
                assert_eq!(form.value(&bind.nodeset), "2026", "{name}");
            }
        }
    }
    assert_eq!(asked, 6);
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
