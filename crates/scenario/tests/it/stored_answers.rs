//! The form in which answers are stored: as other ODK clients write them, so that servers and sheets agree.

use form::Resources;
use scenario::scenario::Scenario;

use crate::pack::{DECEMBER_2024, environment};

fn asking(data_type: &str, default: &str, calculate: &str) -> Scenario {
    let xml = format!(
        r#"<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml">
         <h:head><h:title>Một câu</h:title><model><instance><data id="f"><q>{default}</q><c/></data></instance>
         <bind nodeset="/data/q" type="{data_type}"/>
         <bind nodeset="/data/c" type="{data_type}" calculate="{calculate}"/></model></h:head>
         <h:body><input ref="/data/q"/></h:body></h:html>"#
    );
    Scenario::open(&xml, &Resources::default(), environment(DECEMBER_2024)).expect("the form opens")
}

#[test]
fn numbers_with_decimals_keep_at_least_one() {
    for (data_type, typed, stored) in [
        ("decimal", "10", "10.0"),
        ("decimal", "-3", "-3.0"),
        ("decimal", "1.50", "1.5"),
        ("decimal", "0.1", "0.1"),
        ("decimal", "mười", "mười"),
        ("decimal", "12345678901234567890", "12345678901234567890"),
        ("decimal", "", ""),
        ("int", "10", "10"),
        ("string", "10", "10"),
        ("geopoint", "10.9 107 12 5", "10.9 107.0 12.0 5.0"),
        ("geopoint", "10.9 107.25", "10.9 107.25"),
        ("geopoint", "ở nhà", "ở nhà"),
    ] {
        let mut form = asking(data_type, "", "''");
        form.answer("q", typed).expect("it is a question");
        assert_eq!(form.value("q"), stored, "{data_type} {typed}");
    }
}

#[test]
fn a_place_that_the_form_brings_along_is_stored_alike() {
    assert_eq!(asking("geopoint", "10.9 107 0 0", "''").value("q"), "10.9 107.0 0.0 0.0");
}

#[test]
fn what_is_no_date_is_no_answer() {
    assert_eq!(asking("date", "", "date('hôm qua')").value("c"), "");
    assert_eq!(asking("date", "", "date('2024-12-01')").value("c"), "2024-12-01");
}

#[test]
fn an_attribute_of_the_form_can_be_read() {
    let xml = r#"<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml">
        <h:head><h:title>Một câu</h:title><model><instance><data id="f"><q don_vi="kg"/><c/></data></instance>
        <bind nodeset="/data/c" calculate="/data/q/@don_vi"/></model></h:head>
        <h:body><input ref="/data/q"/></h:body></h:html>"#;
    let form = Scenario::open(xml, &Resources::default(), environment(DECEMBER_2024));
    assert_eq!(form.expect("the form opens").value("c"), "kg");
}
