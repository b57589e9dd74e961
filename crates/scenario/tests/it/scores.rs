//! Checklists: points, their share and the rating, reckoned here from the weights in the workbook.

use scenario::scenario::Scenario;

use crate::pack::{ByName, start};

const CHECKLISTS: [&str; 4] =
    ["kt_phuong_xa", "kt_doanh_nghiep", "kt_san_pham_vh", "ra_soat_vbqppl"];

/// An item of a checklist: its name, its weight, and whether its label marks it as critical.
struct Item {
    name: String,
    weight: f64,
    is_critical: bool,
}

fn items(form: &Scenario) -> Vec<Item> {
    let binds = &form.session().program().form().binds;
    let weighted = binds.iter().filter_map(|bind| Some((bind, bind.attribute("sotay:weight")?)));
    let item = |(bind, weight): (&form::definition::Bind, &str)| {
        let label = form.state(&bind.nodeset).and_then(|state| state.label).expect("a label");
        Item {
            name: bind.nodeset.rsplit('/').next().expect("a name").to_owned(),
            weight: weight.parse().expect("a weight is a number"),
            is_critical: label.text.contains("(*)"),
        }
    };
    weighted.map(item).collect()
}

/// Answers the items and holds what the form makes of it against what the weights say.
fn check(checklist: &str, answer: impl Fn(usize, &Item) -> &'static str) -> String {
    let mut form = start(checklist);
    let items = items(&form);
    assert!(items.len() >= 8, "{checklist} has items");
    let (mut points, mut most, mut failed, mut critical, mut not_applied) = (0.0, 0.0, 0, 0, 0);
    let mut codes = Vec::new();
    for (number, item) in items.iter().enumerate() {
        let answer = answer(number, item);
        form.put(&item.name, answer);
        match answer {
            "dat" => {
                points += item.weight;
                most += item.weight;
            }
            "chua_dat" => {
                most += item.weight;
                failed += 1;
                critical += usize::from(item.is_critical);
                codes.push(item.name.as_str());
            }
            _ => not_applied += 1,
        }
    }
    form.fill(1);
    assert_eq!(form.violations(), vec![], "{checklist}");
    let share = if most > 0.0 { (1000.0 * points / most).round() / 10.0 } else { 0.0 };
    let rating = match share {
        share if critical > 0 && share >= 70.0 => "trung_binh",
        90.0.. => "tot",
        70.0.. => "kha",
        50.0.. => "trung_binh",
        _ => "yeu",
    };
    assert_eq!(form.number("diem"), points, "{checklist}");
    assert_eq!(form.number("diem_toi_da"), most, "{checklist}");
    assert_eq!(form.number("so_chua_dat"), f64::from(failed), "{checklist}");
    assert_eq!(form.number("so_khong_ap_dung"), f64::from(not_applied), "{checklist}");
    assert_eq!(form.text("so_trong_yeu_chua_dat"), critical.to_string(), "{checklist}");
    assert_eq!(form.number("ty_le_diem"), share, "{checklist}");
    assert_eq!(form.text("xep_loai"), rating, "{checklist}");
    let [vietnamese, english] = match rating {
        "tot" => ["Tốt", "Good"],
        "kha" => ["Khá", "Fair"],
        "trung_binh" => ["Trung bình", "Average"],
        _ => ["Yếu", "Weak"],
    };
    assert!(told(&form, "tom_tat").contains(&format!("xếp loại {vietnamese}.")), "{checklist}");
    form.set_language("English (en)");
    assert!(told(&form, "tom_tat").contains(&format!("rated {english}.")), "{checklist}");
    assert_eq!(form.text("ma_chua_dat").split_whitespace().collect::<Vec<_>>(), codes);
    rating.to_owned()
}

/// What a note says, without its marks of emphasis.
fn told(form: &Scenario, note: &str) -> String {
    let label = form.state(&form.path(note)).and_then(|state| state.label);
    label.expect("a note").text.replace("**", "")
}

#[test]
fn what_marks_a_critical_item_is_told_before_the_first() {
    for checklist in CHECKLISTS {
        let form = start(checklist);
        assert!(told(&form, "chu_thich").contains("(*)"), "{checklist}");
        let binds = &form.session().program().form().binds;
        let at = |path: &str| binds.iter().position(|bind| bind.nodeset == path);
        let first = binds.iter().position(|bind| bind.attribute("sotay:weight").is_some());
        assert!(at(&form.path("chu_thich")) < first, "{checklist}");
    }
}

#[test]
fn all_passed_is_the_best_rating() {
    for checklist in CHECKLISTS {
        assert_eq!(check(checklist, |_, _| "dat"), "tot", "{checklist}");
    }
}

#[test]
fn all_failed_is_the_worst() {
    for checklist in CHECKLISTS {
        assert_eq!(check(checklist, |_, _| "chua_dat"), "yeu", "{checklist}");
    }
}

#[test]
fn what_does_not_apply_counts_neither_for_nor_against() {
    for checklist in CHECKLISTS {
        let rating =
            check(checklist, |number, _| if number % 3 == 0 { "khong_ap_dung" } else { "dat" });
        assert_eq!(rating, "tot", "{checklist}");
    }
}

#[test]
fn one_critical_failure_keeps_a_good_score_from_a_good_rating() {
    for checklist in CHECKLISTS {
        let items = items(&start(checklist));
        let first = items.iter().position(|item| item.is_critical).expect("a critical item");
        let rating = check(checklist, |number, _| if number == first { "chua_dat" } else { "dat" });
        assert_eq!(rating, "trung_binh", "{checklist}");
    }
}

#[test]
fn every_mixture_is_reckoned_as_the_weights_say() {
    for checklist in CHECKLISTS {
        for step in 2..7 {
            check(checklist, |number, _| match number % step {
                0 => "chua_dat",
                1 => "khong_ap_dung",
                _ => "dat",
            });
            check(checklist, |number, item| {
                if number % step == 0 && !item.is_critical { "chua_dat" } else { "dat" }
            });
        }
    }
}

#[test]
fn nothing_applied_is_no_division_by_zero() {
    for checklist in CHECKLISTS {
        assert_eq!(check(checklist, |_, _| "khong_ap_dung"), "yeu", "{checklist}");
    }
}

#[test]
fn findings_offer_what_failed_and_something_else() {
    let mut form = start("kt_phuong_xa");
    for item in items(&form) {
        let failed = ["a1", "c2"].contains(&item.name.as_str());
        form.put(&item.name, if failed { "chua_dat" } else { "dat" });
    }
    assert_eq!(form.choices("phat_hien[1]/ph_tieu_chi"), ["a1", "c2", "khac"]);
    form.answer("phat_hien[1]/ph_tieu_chi", "c2").expect("it is offered");
    form.put("c2", "dat");
    assert_eq!(form.choices("phat_hien[1]/ph_tieu_chi"), ["a1", "khac"]);
    assert_eq!(form.value("phat_hien[1]/ph_tieu_chi"), "", "it is no longer offered");
    form.put("c2", "chua_dat");
    assert_eq!(form.value("phat_hien[1]/ph_tieu_chi"), "c2", "the other answer was a slip");
}
