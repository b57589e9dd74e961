//! Rows: added, removed, taken back.

use scenario::scenario::Scenario;

use crate::pack::{ByName, DECEMBER_2024, environment, program, start};

fn with_people(names: &[&str]) -> Scenario {
    let mut form = start("lop_tap_huan");
    for (number, name) in (1..).zip(names) {
        let row = form.row("hoc_vien", number);
        form.put_in_row("hoc_vien", row, "hv_ten", name);
        form.put_in_row("hoc_vien", row, "hv_tt", "co_mat");
    }
    form
}

fn people(form: &Scenario) -> Vec<String> {
    let rows = 1..=form.row_count("hoc_vien").expect("a repeat");
    rows.map(|row| form.value(&format!("hoc_vien[{row}]/hv_ten"))).collect()
}

#[test]
fn rows_stay_in_the_order_in_which_they_came() {
    let mut form = with_people(&["Lan", "Hùng", "Hoa"]);
    form.remove_row("hoc_vien[2]").expect("a row can be removed");
    form.add_row("hoc_vien").expect("a row can be added");
    form.put_in_row("hoc_vien", 3, "hv_ten", "Minh");
    assert_eq!(people(&form), ["Lan", "Hoa", "Minh"]);
    form.reload();
    assert_eq!(people(&form), ["Lan", "Hoa", "Minh"], "stored and opened again");
}

#[test]
fn a_removed_row_leaves_nothing_behind() {
    let mut form = with_people(&["Lan", "Hùng"]);
    form.session_mut().take_writes();
    form.remove_row("hoc_vien[2]").expect("a row can be removed");
    let writes = form.session_mut().take_writes();
    let gone = writes.iter().filter(|(_, text)| text.is_none()).count();
    assert!(gone >= 2, "the row and its answers are taken back: {writes:?}");
    assert!(!form.session().to_xml().contains("Hùng"));
    assert!(form.session().fields().values().all(|text| text != "Hùng"));
}

#[test]
fn removing_can_be_undone_from_what_was_stored() {
    let mut form = with_people(&["Lan", "Hùng", "Hoa"]);
    form.fill(3);
    let before = form.session().fields();
    let figures = form.text("so_co_mat");
    form.remove_row("hoc_vien[2]").expect("a row can be removed");
    assert_ne!(form.text("so_co_mat"), figures);
    let undone = Scenario::resume(program("lop_tap_huan"), environment(DECEMBER_2024), &before);
    assert_eq!(undone.session().fields(), before);
    assert_eq!(people(&undone), ["Lan", "Hùng", "Hoa"]);
    assert_eq!(undone.text("so_co_mat"), figures);
}

#[test]
fn a_new_record_has_one_empty_row() {
    let form = start("lop_tap_huan");
    assert_eq!(people(&form), [""]);
}

#[test]
fn a_key_is_used_once() {
    let mut form = start("lop_tap_huan");
    let repeat = form.session().find("hoc_vien").expect("the repeat");
    form.session_mut().add_row(repeat, "K1").expect("a new key");
    assert_eq!(form.session_mut().add_row(repeat, "K1"), Err(form::RowError::Key));
    assert_eq!(form.row_count("hoc_vien"), Some(2));
}

#[test]
fn the_hundredth_row_costs_what_the_second_does() {
    let mut form = start("lop_tap_huan");
    let mut costs = Vec::new();
    for _ in 0..100 {
        let before = form.session().evaluated();
        form.add_row("hoc_vien").expect("a row");
        costs.push(form.session().evaluated() - before);
    }
    assert_eq!(costs[99], costs[1], "{costs:?}");
}
