//! The sheet of a training class, with twelve people.

use crate::pack::{ByName, DECEMBER_2024, start};

/// Name, sex, attendance, ethnicity when given, points before and after.
type Person =
    (&'static str, &'static str, &'static str, Option<&'static str>, &'static str, &'static str);

const PEOPLE: [Person; 12] = [
    ("Nguyễn Thị Lan", "nu", "co_mat", Some("dt_01"), "5", "8"),
    ("Trần Văn Hùng", "nam", "co_mat", None, "6", "7.5"),
    ("Lê Thị Hoa", "nu", "muon", Some("dt_02"), "4.5", "9"),
    ("Phạm Văn Minh", "nam", "vang", None, "", ""),
    ("Điểu Thị Bé", "nu", "co_mat", Some("dt_03"), "", "7"),
    ("Võ Thị Mai", "nu", "vang_phep", None, "", ""),
    ("Đặng Văn Tài", "nam", "muon", None, "7", "7"),
    ("Bùi Thị Thu", "nu", "co_mat", None, "3", "6"),
    ("Hồ Văn Sơn", "khac", "co_mat", None, "8", "9.5"),
    ("Ngô Thị Yến", "nu", "co_mat", Some("dt_01"), "6", ""),
    ("Dương Văn Phúc", "nam", "co_mat", Some("dt_04"), "5.5", "8"),
    ("Lý Thị Nga", "nu", "vang", None, "", ""),
];

const INVITED: usize = 15;

fn class() -> scenario::scenario::Scenario {
    let mut form = start("lop_tap_huan");
    form.put("co_kt", "co");
    form.put("thang_diem", "10");
    form.put("trieu_tap", &INVITED.to_string());
    let offered = |form: &scenario::scenario::Scenario, row: usize, nth: usize| {
        let choices = form.choices(&format!("hoc_vien[{row}]/hv_dan_toc"));
        choices
            .get(nth)
            .cloned()
            .unwrap_or_else(|| panic!("there are few ethnicities: {choices:?}"))
    };
    for (number, (name, sex, attendance, ethnicity, before, after)) in (1..).zip(PEOPLE) {
        let row = form.row("hoc_vien", number);
        form.put_in_row("hoc_vien", row, "hv_ten", name);
        form.put_in_row("hoc_vien", row, "hv_gt", sex);
        form.put_in_row("hoc_vien", row, "hv_tt", attendance);
        form.put_in_row(
            "hoc_vien",
            row,
            "hv_dong_y_dt",
            if ethnicity.is_some() { "co" } else { "khong" },
        );
        if let Some(ethnicity) = ethnicity {
            let nth: usize = ethnicity.trim_start_matches("dt_").parse().expect("a number");
            let offered = offered(&form, row, nth - 1);
            form.put_in_row("hoc_vien", row, "hv_dan_toc", &offered);
        }
        for (question, points) in [("hv_truoc", before), ("hv_sau", after)] {
            if !points.is_empty() {
                form.put_in_row("hoc_vien", row, question, points);
            }
        }
    }
    form
}

fn is_present(attendance: &str) -> bool {
    ["co_mat", "muon"].contains(&attendance)
}

#[test]
fn who_is_there_is_counted_by_sex_and_as_a_share_of_those_invited() {
    let form = class();
    let present = PEOPLE.iter().filter(|person| is_present(person.2));
    let of = |sex: &'static str| present.clone().filter(move |person| person.1 == sex).count();
    let there = present.clone().count();
    assert_eq!(form.text("so_co_mat"), there.to_string());
    assert_eq!(form.text("so_nu"), of("nu").to_string());
    assert_eq!(form.text("so_nam"), of("nam").to_string());
    let share = (1000.0 * there as f64 / INVITED as f64).round() / 10.0;
    assert_eq!(form.number("ty_le_du"), share);
}

#[test]
fn an_ethnicity_that_is_not_the_majoritys_is_counted_for_those_who_gave_it() {
    let form = class();
    let minority = |person: &&Person| {
        is_present(person.2) && person.3.is_some_and(|ethnicity| ethnicity != "dt_01")
    };
    assert_eq!(form.text("so_dtts"), PEOPLE.iter().filter(minority).count().to_string());
}

#[test]
fn the_gain_is_the_mean_over_those_who_wrote_both_tests() {
    let form = class();
    let gains: Vec<f64> = PEOPLE
        .iter()
        .filter(|person| is_present(person.2))
        .filter_map(|person| Some(person.5.parse::<f64>().ok()? - person.4.parse::<f64>().ok()?))
        .collect();
    assert_eq!(form.text("so_2_diem"), gains.len().to_string());
    let mean = gains.iter().sum::<f64>() / gains.len() as f64;
    assert_eq!(form.number("tang_tb"), (100.0 * mean).round() / 100.0);
}

#[test]
fn someone_who_leaves_the_list_leaves_the_figures() {
    let mut form = class();
    let before = form.number("so_nu");
    form.remove_row("hoc_vien[1]").expect("the first can be removed");
    assert_eq!(form.row_count("hoc_vien"), Some(PEOPLE.len() - 1));
    assert_eq!(form.value("hoc_vien[1]/hv_ten"), PEOPLE[1].0);
    assert_eq!(form.number("so_nu"), before - 1.0);
}

#[test]
fn the_note_at_the_end_says_the_figures_in_the_persons_language() {
    let mut form = class();
    let note = |form: &scenario::scenario::Scenario| {
        form.state("tong_hop/tb_th").and_then(|state| state.label).expect("a note").text
    };
    let figures = format!("**{}/{INVITED}** ({}%)", form.text("so_co_mat"), form.text("ty_le_du"));
    assert!(note(&form).starts_with(&format!("Có mặt: {figures}")), "{}", note(&form));
    form.set_language("English (en)");
    assert!(note(&form).starts_with(&format!("Present: {figures}")), "{}", note(&form));
}

#[test]
fn the_figures_of_the_note_stand_beside_the_list_in_few_words() {
    let mut form = class();
    let list = form.session().find("hoc_vien").expect("a list");
    let told = |form: &scenario::scenario::Scenario| {
        let figures = form.session().figures(list).into_iter();
        figures.map(|figure| (figure.label, figure.value)).collect::<Vec<_>>()
    };
    let there = format!("{}/{INVITED}", form.text("so_co_mat"));
    let [women, men, minority] = ["so_nu", "so_nam", "so_dtts"].map(|name| form.text(name));
    let figures = [there, women, men, minority];
    let with = |labels: [&str; 4]| {
        let labels = labels.map(ToOwned::to_owned).into_iter();
        labels.zip(figures.clone()).collect::<Vec<_>>()
    };
    assert_eq!(told(&form), with(["Có mặt", "Nữ", "Nam", "DTTS"]));
    form.set_language("English (en)");
    assert_eq!(told(&form), with(["Present", "Women", "Men", "Ethnic minority"]));
}

#[test]
fn nobody_is_there_before_they_are_called_and_nobody_may_be_left_uncalled() {
    let mut form = start("lop_tap_huan");
    let list = form.session().find("hoc_vien").expect("a list");
    let row = |key: usize| form::NewRow {
        key: key.to_string(),
        answers: [("hv_ten".to_owned(), format!("Học viên {key}"))].into(),
    };
    let rows: Vec<_> = (10..13).map(row).collect();
    form.session_mut().add_rows(list, &rows).expect("people can be added");
    let uncalled = |form: &scenario::scenario::Scenario| {
        let violations = form.session().violations().into_iter();
        let told = violations.filter(|violation| violation.path.ends_with("/hv_tt"));
        told.filter_map(|violation| violation.message).collect::<Vec<_>>()
    };
    let first = |form: &scenario::scenario::Scenario| {
        let figures = form.session().figures(list);
        figures.first().map(|figure| format!("{} {}", figure.label, figure.value))
    };
    // The row that a form begins with is no person yet.
    assert_eq!(first(&form).as_deref(), Some("Chưa điểm danh 3"));
    assert_eq!(uncalled(&form), vec!["Người này chưa được điểm danh."; 4]);
    assert_eq!(form.text("so_co_mat"), "0");
    form.set_language("English (en)");
    assert_eq!(first(&form).as_deref(), Some("Not called yet 3"));
    assert_eq!(uncalled(&form)[0], "This person has not been called yet.");
    for (row, mark) in (2..).zip(["co_mat", "muon", "vang"]) {
        let path = format!("hoc_vien[{row}]/hv_tt");
        assert_eq!(form.value(&path), "chua");
        form.put_in_row("hoc_vien", row, "hv_tt", mark);
        let question = format!("hoc_vien[{}]/hv_tt", row + 8);
        let question = form.session().find(&question).expect("it is asked");
        assert_eq!(form.session().departs_from_default(question), mark != "co_mat", "{mark}");
    }
    assert_eq!(uncalled(&form).len(), 1, "of the empty row");
    assert_eq!(first(&form).as_deref(), Some("Present 2"));
}

#[test]
fn the_sheet_is_complete_once_everything_is_answered() {
    let mut form = class();
    assert!(!form.violations().is_empty());
    form.fill(PEOPLE.len());
    assert_eq!(form.violations(), vec![]);
    assert_eq!(form.row_count("hoc_vien"), Some(PEOPLE.len()));
}

#[test]
fn a_list_that_is_made_the_evening_before_says_of_nobody_when_they_came() {
    let minutes = 60 * 1000;
    let at = |unix_ms: i64| form::LocalTime { unix_ms, offset_min: 420 };
    let evening = DECEMBER_2024 + 704 * minutes;
    let mut form = start("lop_tap_huan");
    form.session_mut().set_now(at(evening));
    let list = form.session().find("hoc_vien").expect("a list");
    let row = |key: usize| form::NewRow {
        key: key.to_string(),
        answers: [("hv_ten".to_owned(), format!("Học viên {key}"))].into(),
    };
    let rows: Vec<_> = (10..15).map(row).collect();
    form.session_mut().add_rows(list, &rows).expect("people can be added");
    form.session_mut().set_now(at(evening + 12 * 60 * minutes));
    form.put("ngay", "2024-12-02");
    form.put("gio_bd", "08:00:00.000+07:00");
    assert!(!form.session().to_xml().contains("20:14"));
    let asked = form.state("hoc_vien[3]/hv_gio").expect("it is drawn").relevant;
    assert!(!asked, "whoever is there came by the beginning");
}

#[test]
fn who_comes_late_came_when_that_was_marked_and_nobody_else_is_asked_when() {
    let mut form = start("lop_tap_huan");
    let came = |form: &scenario::scenario::Scenario| {
        let state = form.state("hoc_vien[1]/hv_gio").expect("it is drawn");
        state.relevant.then_some(state.value)
    };
    form.put_in_row("hoc_vien", 1, "hv_ten", "Nguyễn Thị Lan");
    assert_eq!(came(&form), None);
    form.session_mut()
        .set_now(form::LocalTime { unix_ms: DECEMBER_2024 + 70 * 60 * 1000, offset_min: 420 });
    form.put_in_row("hoc_vien", 1, "hv_tt", "muon");
    assert!(came(&form).is_some_and(|time| time.starts_with("09:40:00")), "not when it was typed");
    form.put_in_row("hoc_vien", 1, "hv_gio", "09:15:00.000+07:00");
    form.put_in_row("hoc_vien", 1, "hv_ten", "Nguyễn Thị Lan Anh");
    assert_eq!(came(&form).as_deref(), Some("09:15:00.000+07:00"), "a name changes no time");
    for other in ["co_mat", "vang"] {
        form.put_in_row("hoc_vien", 1, "hv_tt", other);
        assert_eq!(came(&form), None);
        form.put_in_row("hoc_vien", 1, "hv_tt", "muon");
        let anew = came(&form).is_some_and(|time| time.starts_with("09:40:00"));
        assert!(anew, "they are marked anew");
    }
}

#[test]
fn nobody_answers_for_whoever_is_absent_nor_consents_for_whoever_is_there() {
    let mut form = start("lop_tap_huan");
    let lacking = |form: &scenario::scenario::Scenario| {
        let violations = form.session().violations().into_iter();
        violations.filter(|violation| violation.path.starts_with("hoc_vien[")).count()
    };
    form.put_in_row("hoc_vien", 1, "hv_ten", "Nguyễn Thị Lan");
    assert_eq!(lacking(&form), 1, "nobody has called them");
    form.put_in_row("hoc_vien", 1, "hv_tt", "co_mat");
    assert_eq!(lacking(&form), 3, "sex, year of birth and unit");
    for absent in ["vang", "vang_phep"] {
        form.put_in_row("hoc_vien", 1, "hv_tt", absent);
        assert_eq!(lacking(&form), 0, "{absent}");
    }
    form.put_in_row("hoc_vien", 1, "hv_tt", "co_mat");
    form.put_in_row("hoc_vien", 1, "hv_gt", "nu");
    form.put_in_row("hoc_vien", 1, "hv_nam_sinh", "1985");
    form.put_in_row("hoc_vien", 1, "hv_don_vi", "lk_p_xuan_an");
    assert_eq!(lacking(&form), 0, "nobody was asked about the ethnic group");
    let group = form.state("hoc_vien[1]/hv_dan_toc").expect("it is drawn");
    assert!(!group.relevant, "it is told only with a consent");
}

#[test]
fn a_record_is_called_by_a_date_as_people_write_it() {
    let mut form = start("kt_san_pham_vh");
    form.put("ten_sp", "Băng rôn");
    form.put("ngay", "2024-11-23");
    assert_eq!(form.session().title(), "Băng rôn 23/11/2024");
}

#[test]
fn the_next_session_of_a_class_takes_along_who_its_people_are() {
    let mut form = class();
    form.fill(PEOPLE.len());
    let fields = form.session().relevant_fields();
    let mut next = start("lop_tap_huan");
    next.session_mut().begin_after(&fields).expect("people can be added");
    assert_eq!(next.row_count("hoc_vien"), Some(PEOPLE.len()));
    let begun = next.session().fields();
    let mut along: Vec<&str> = begun
        .keys()
        .filter_map(|path| path.strip_prefix("hoc_vien[")?.split_once("]/").map(|(_, field)| field))
        .collect();
    along.sort_unstable();
    along.dedup();
    let of_people = [
        "hv_chuc_vu",
        "hv_dan_toc",
        "hv_don_vi",
        "hv_dong_y_dt",
        "hv_dt",
        "hv_gt",
        "hv_nam_sinh",
        "hv_ten",
    ];
    let anew = [
        "hv_chua",
        "hv_co",
        "hv_co_2_diem",
        "hv_la_dtts",
        "hv_la_nam",
        "hv_la_nu",
        "hv_tang",
        "hv_tt",
    ];
    let mut expected = [&of_people[..], &anew].concat();
    expected.sort_unstable();
    assert_eq!(along, expected);
    for (row, person) in (1..).zip(PEOPLE) {
        assert_eq!(next.value(&format!("hoc_vien[{row}]/hv_ten")), person.0);
        assert_eq!(next.value(&format!("hoc_vien[{row}]/hv_tt")), "chua");
    }
    assert_eq!(next.text("so_co_mat"), "0");
    assert_eq!(next.text("so_chua"), PEOPLE.len().to_string());
    assert!(
        crate::pack::names()
            .iter()
            .filter(|name| crate::pack::program(name).has_roster())
            .eq(["lop_tap_huan"])
    );
}
