//! Choices out of a long list: found by an index on what the filter compares, never by looking at every row.

use form::{Resources, Session};
use scenario::scenario::Scenario;

use crate::pack::{DECEMBER_2024, environment};

const DISTRICTS: usize = 500;

/// A list with ten communes to each district, and a question with a filter on it.
fn communes(districts: usize, filter: &str) -> Scenario {
    let mut csv = String::from("name,label,district\n");
    for number in 0..districts * 10 {
        csv.push_str(&format!("c{number},Xã {number},d{}\n", number % districts));
    }
    let xml = format!(
        r#"<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml"
         xmlns:jr="http://openrosa.org/javarosa"><h:head><h:title>Xã</h:title><model>
         <instance><data id="xa"><district/><commune/></data></instance>
         <instance id="communes" src="jr://file-csv/communes.csv"/>
         </model></h:head><h:body><input ref="/data/district"/>
         <select1 ref="/data/commune"><itemset nodeset="instance('communes')/root/item[{filter}]">
         <value ref="name"/><label ref="label"/></itemset></select1></h:body></h:html>"#
    );
    let resources = Resources { files: [("communes.csv".to_owned(), csv)].into() };
    Scenario::open(&xml, &resources, environment(DECEMBER_2024)).expect("the form opens")
}

/// The work of one answer, with the reading of the choices.
fn work(form: &mut Scenario, district: usize) -> u64 {
    let before = form.session().visited();
    form.answer("district", &format!("d{district}")).expect("it is a question");
    let found = form.choices("commune");
    assert_eq!(found.len(), 10, "{found:?}");
    assert!(found.contains(&format!("c{district}")));
    form.session().visited() - before
}

#[test]
fn an_answer_looks_at_the_rows_that_match_only() {
    let mut form = communes(DISTRICTS, "district = /data/district");
    let rows = DISTRICTS as u64 * 10;
    let worst = (0..DISTRICTS).map(|district| work(&mut form, district)).max().expect("a district");
    assert!(worst < 200, "{worst} visits for 10 of {rows} rows");
}

#[test]
fn the_work_does_not_grow_with_the_list() {
    let [short, long] = [50, 5_000].map(|districts| {
        let mut form = communes(districts, "district = /data/district");
        work(&mut form, 7)
    });
    assert_eq!(short, long);
}

#[test]
fn a_filter_that_no_index_can_answer_looks_at_every_row() {
    // Against this the figures above mean something.
    let mut form = communes(DISTRICTS, "concat(district, '') = /data/district");
    assert!(work(&mut form, 7) > DISTRICTS as u64 * 10);
}

#[test]
fn further_conditions_look_at_the_rows_that_the_first_found() {
    let mut form = communes(DISTRICTS, "district = /data/district][string-length(name) &gt; 0");
    assert!(work(&mut form, 7) < 400);
}

#[test]
fn a_value_that_no_row_has_finds_nothing_at_no_cost() {
    let mut form = communes(DISTRICTS, "district = /data/district");
    work(&mut form, 1);
    let before = form.session().visited();
    form.answer("district", "d-none").expect("it is a question");
    assert_eq!(form.choices("commune"), Vec::<String>::new());
    assert!(form.session().visited() - before < 100);
}

#[test]
fn a_list_may_part_its_cells_and_rows_as_spreadsheets_do() {
    for (cell, row) in [(",", "\n"), (";", "\r\n"), ("\t", "\n"), ("|", "\n"), (",", "\r")] {
        let rows = ["name,label", "a,Một", "b,\"Hai\""].map(|line| line.replace(',', cell));
        let resources = Resources { files: [("list.csv".to_owned(), rows.join(row))].into() };
        let xml = r#"<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml">
            <h:head><h:title>Danh sách</h:title><model><instance><data id="ds"><q/></data></instance>
            <instance id="list" src="jr://file-csv/list.csv"/></model></h:head><h:body><select1 ref="/data/q">
            <itemset nodeset="instance('list')/root/item"><value ref="name"/><label ref="label"/></itemset>
            </select1></h:body></h:html>"#;
        let form = Scenario::open(xml, &resources, environment(DECEMBER_2024));
        let form = form.expect("the form opens");
        assert_eq!(form.choices("q"), ["a", "b"], "{cell:?} {row:?}");
    }
}

#[test]
fn all_sessions_of_a_form_share_one_index() {
    let mut form = communes(DISTRICTS, "district = /data/district");
    let first = work(&mut form, 3);
    let program = std::sync::Arc::clone(form.session().program());
    let mut other = Session::start(program, environment(DECEMBER_2024));
    let district = other.find("district").expect("it is drawn");
    let before = other.visited();
    other.answer(district, "d3").expect("it is a question");
    assert_eq!(other.choices(other.find("commune").expect("it is drawn")).len(), 10);
    assert!(other.visited() - before <= first);
}
