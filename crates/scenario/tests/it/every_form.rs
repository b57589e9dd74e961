//! What holds for each form of the pack.

use std::{collections::BTreeSet, sync::Arc};

use form::{Program, Resources};
use scenario::scenario::Scenario;

use crate::pack::{
    AUGUST_2025, ByName, DECEMBER_2024, NOVEMBER_2026, environment, names, program, start, start_at,
};

#[test]
fn all_eighteen_open_and_start_without_a_fault() {
    let names = names();
    assert_eq!(names.len(), 18);
    for name in names {
        let form = start(&name);
        assert_eq!(form.session().faults(), Vec::<String>::new(), "{name}");
        assert!(!form.session().pages().is_empty(), "{name} has pages");
    }
}

#[test]
fn each_can_be_filled_in_completely_and_then_nothing_is_wrong() {
    for name in names() {
        let mut form = start(&name);
        form.fill(2);
        assert_eq!(form.violations(), vec![], "{name}");
        assert_eq!(form.session().faults(), Vec::<String>::new(), "{name}");
        assert!(form.session().fields().len() > 5, "{name} holds answers");
    }
}

#[test]
fn a_record_is_called_by_what_people_wrote_in_it_and_a_new_one_as_its_form_is() {
    for name in names() {
        let mut form = start(&name);
        let title = form.session().program().form().title.clone();
        assert_eq!(form.session().title(), title, "{name}");
        form.fill(1);
        let named = form.session().title();
        assert_ne!(named, title, "{name}");
    }
    let mut form = start_at("bao_cao_dinh_ky", NOVEMBER_2026);
    form.put("ky", "quy_1");
    assert_eq!(form.session().title(), "Quý I 2026");
    form.put("don_vi_lap", "dn_p_long_khanh");
    assert_eq!(form.session().title(), "Quý I 2026 Phường Long Khánh");
}

#[test]
fn a_new_record_that_asks_for_anything_is_not_complete() {
    for name in names() {
        assert!(!start(&name).violations().is_empty(), "{name}");
    }
}

#[test]
fn each_comes_back_from_its_fields_as_it_was() {
    for name in names() {
        let mut form = start(&name);
        form.fill(3);
        let fields = form.session().fields();
        let again = Scenario::resume(program(&name), environment(DECEMBER_2024), &fields);
        assert_eq!(again.session().fields(), fields, "{name}");
        assert_eq!(again.session().to_xml(), form.session().to_xml(), "{name}");
        assert!(again.session().leftovers().is_empty(), "{name}");
        assert_eq!(again.violations(), vec![], "{name}");
    }
}

#[test]
fn what_is_written_while_filling_in_adds_up_to_the_fields() {
    for name in names() {
        let mut form = start(&name);
        let mut stored = form.session_mut().take_writes();
        form.fill(2);
        stored.extend(form.session_mut().take_writes());
        let stored: Vec<_> = stored.into_iter().filter_map(|(p, text)| Some((p, text?))).collect();
        assert_eq!(stored, form.session().fields().into_iter().collect::<Vec<_>>(), "{name}");
    }
}

#[test]
fn no_answer_of_what_is_not_relevant_is_submitted() {
    for name in names() {
        let mut form = start(&name);
        form.fill(2);
        let relevant: BTreeSet<String> = form.session().relevant_fields().into_keys().collect();
        let hidden = form.session().fields().into_keys().filter(|path| !relevant.contains(path));
        let hidden: Vec<String> = hidden.filter(|path| form.is_submitted(path)).collect();
        assert_eq!(hidden, Vec::<String>::new(), "{name}");
    }
}

#[test]
fn every_text_is_there_in_both_languages() {
    for name in names() {
        let mut form = start(&name);
        form.fill(1);
        let languages: Vec<String> =
            form.session().languages().iter().map(|language| language.name.clone()).collect();
        assert_eq!(languages, ["Tiếng Việt (vi)", "English (en)"], "{name}");
        let [vietnamese, english] =
            ["Tiếng Việt (vi)", "English (en)"].map(|language| labels(&mut form, language));
        assert_eq!(vietnamese.len(), english.len(), "{name}");
        assert!(vietnamese.iter().chain(&english).all(|label| !label.is_empty()), "{name}");
        assert_ne!(vietnamese, english, "{name}");
        assert_eq!(form.violations(), vec![], "{name}: a language changes no answer");
    }
}

/// Labels of everything relevant, and of the choices.
fn labels(form: &mut Scenario, language: &str) -> Vec<String> {
    form.set_language(language);
    let session = form.session();
    let mut labels = Vec::new();
    let mut rest = session.children(session.root());
    while let Some(id) = rest.pop() {
        let state = session.state(id).expect("it is drawn");
        if state.relevant {
            labels.extend(state.label.map(|label| label.text));
            labels.extend(session.choices(id).iter().map(|choice| choice.label.text.clone()));
        }
        rest.extend(session.children(id));
    }
    labels
}

/// A record that is begun after another.
fn after(last: &Scenario, program: &Program, unix_ms: i64) -> Scenario {
    let said = last.session().to_xml();
    let files = Resources { files: [("jr://instance/last-saved".to_owned(), said)].into() };
    let next = program.with_files(&files).expect("a form without problems");
    Scenario::start(Arc::new(next), environment(unix_ms))
}

#[test]
fn whoever_filled_in_the_last_one_is_not_asked_again_who_they_are() {
    for name in names() {
        let program = program(&name);
        let asked = |question: &&str| {
            let ending = format!("/{question}");
            program.form().binds.iter().any(|bind| bind.nodeset.ends_with(&ending))
        };
        let asked: Vec<&str> =
            ["nguoi_lap", "don_vi_lap", "ma_lop", "ten_lop"].into_iter().filter(asked).collect();
        assert!(!asked.is_empty(), "{name}");
        let mut last = start(&name);
        last.fill(1);
        if name == "diem_danh" {
            last.put("ma_qr", "");
            last.put("ma_lop", "BDG-01");
        }
        let next = after(&last, &program, DECEMBER_2024);
        for question in asked {
            assert_eq!(next.text(question), last.text(question), "{name} {question}");
            assert_ne!(next.text(question), "", "{name} {question}");
        }
        assert!(program.is_read_at_first_only("__last-saved"), "{name}");
    }
}

#[test]
fn the_next_session_of_a_class_is_the_next_and_asks_anew_only_what_is_another_each_time() {
    let program = program("lop_tap_huan");
    let mut last = start("lop_tap_huan");
    assert_eq!([last.text("buoi"), last.text("thang_diem")], ["1", "10"]);
    last.fill(1);
    last.put("co_kt", "co");
    last.put("thang_diem", "20");
    let next = after(&last, &program, DECEMBER_2024);
    assert_eq!(next.text("buoi"), "2");
    assert_eq!(after(&next, &program, DECEMBER_2024).text("buoi"), "3");
    let lacking = next.session().violations().into_iter().map(|lack| lack.path);
    let lacking: Vec<_> = lacking.filter(|path| path.starts_with("chung/")).collect();
    assert_eq!(lacking, ["chung/chuyen_de"]);
    for question in ["gio_bd", "dia_diem", "giang_vien", "trieu_tap", "thang_diem"] {
        assert_eq!(next.text(question), last.text(question), "{question}");
    }
}

#[test]
fn a_unit_that_is_no_more_is_asked_anew() {
    let program = program("kt_phuong_xa");
    let mut last = start("kt_phuong_xa");
    last.fill(1);
    last.put("don_vi_lap", "lk_p_bao_vinh");
    let next = after(&last, &program, AUGUST_2025);
    assert_eq!(next.text("don_vi_lap"), "");
    assert_eq!(next.text("nguoi_lap"), last.text("nguoi_lap"));
}
