//! Bodies end and others take over: who reports which duty, and which levels and sources are offered.

use std::collections::BTreeMap;

use scenario::scenario::Scenario;

use crate::pack::{AUGUST_2025, ByName, NOVEMBER_2026, names, start_at};

const UNITS: &str = include_str!("../../../../packs/long-khanh-2024/tables/org_units.csv");

/// The cells of a row; quotation marks hold commas together.
fn cells(line: &str) -> Vec<String> {
    let mut cells = vec![String::new()];
    let mut is_quoted = false;
    for sign in line.chars() {
        match sign {
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => cells.push(String::new()),
            _ => cells.last_mut().expect("there is one").push(sign),
        }
    }
    cells
}

/// What the choices of a question are called.
fn called(form: &Scenario, path: &str) -> Vec<String> {
    let node = form.question(path).expect("it is drawn");
    form.session().choices(node).iter().map(|choice| choice.label.text.clone()).collect()
}

#[test]
fn whoever_has_a_duty_of_the_plan_or_took_it_over_can_report_it() {
    let mut lines = UNITS.lines();
    let header = cells(lines.next().expect("a header"));
    let units: BTreeMap<String, Vec<String>> =
        lines.map(cells).map(|row| (row[0].clone(), row)).collect();
    let cell = |unit: &str, column: &str| {
        let at = header.iter().position(|name| name == column).expect("a column");
        units.get(unit).map_or_else(String::new, |row| row[at].clone())
    };
    let mut reported = 0;
    for unit in units.keys() {
        // The others are told of the plan, or made it.
        let roles = ["lead", "lead_successor", "agency", "agency_successor", "member_org"]
            .map(str::to_owned);
        if !roles.contains(&cell(unit, "role_in_plan")) {
            continue;
        }
        let mut form = start_at("bao_cao_co_quan", AUGUST_2025);
        let ended = cell(unit, "valid_to");
        form.put("ngay", if *ended < *"2025-03-01" { "2024-12-01" } else { "2025-04-01" });
        form.row("nhiem_vu_rp", 1);
        assert!(!form.relevant("mt_gs"), "nobody reports yet");
        form.put("don_vi_lap", unit);
        assert_eq!(form.text("don_vi_lap"), *unit, "it is offered");
        let duties = called(&form, "/data/nhiem_vu_rp[1]/nv");
        let before = cell(unit, "predecessor_ids");
        let owners = before.split(';').chain([unit.as_str()]);
        let clauses: Vec<String> = owners.map(|owner| cell(owner, "seed_clause")).collect();
        let clauses = clauses.iter().flat_map(|clauses| clauses.split(';'));
        for clause in clauses.filter_map(|clause| clause.split_whitespace().next()) {
            if clause.starts_with("IV.") {
                let is_there = duties.iter().any(|duty| duty.starts_with(clause));
                assert!(is_there, "{unit} cannot report {clause}: {duties:?}");
                assert_eq!(form.relevant("mt_gs"), clause == "IV.8", "{unit}");
                reported += 1;
            }
        }
    }
    assert!(reported > 15, "{reported}");
}

#[test]
fn no_body_that_has_ended_is_offered_today() {
    for name in names() {
        // The duties are called as the plan has them.
        if name == "bao_cao_co_quan" {
            continue;
        }
        let mut form = start_at(&name, NOVEMBER_2026);
        scenario::person::fill(form.session_mut(), 1);
        let session = form.session();
        let mut rest = session.children(session.root());
        while let Some(id) = rest.pop() {
            for choice in session.choices(id).iter() {
                let text = &choice.label.text;
                for ended in ["LĐ-TB&XH", "UBND thành phố", "Ngân sách thành phố"] {
                    assert!(!text.contains(ended), "{name}: {text}");
                }
            }
            rest.extend(session.children(id));
        }
    }
}

#[test]
fn what_the_city_was_is_offered_for_its_days() {
    for (name, question, city, after) in [
        ("kho_khan", "cap_gq", "ct_ubnd", "ct_ubnd_xa"),
        ("khen_thuong", "de_nghi", "gk_tp", "gk_xa"),
        ("ke_hoach_don_vi", "nguon", "ns_tp", "ns_tinh"),
    ] {
        let mut form = start_at(name, AUGUST_2025);
        for (day, is_city) in [("2025-06-30", true), ("2025-07-01", false)] {
            form.put("ngay", day);
            let offered = form.choices(&form.path(question));
            let has = |choice: &str| offered.iter().any(|offered| offered == choice);
            assert_eq!(has(city), is_city, "{name}, {day}");
            assert!(is_city || has(after), "{name}, {day}");
        }
    }
}
