//! The log that a form asks for.

use form::{Audit, AuditEvent};

use crate::dsl::{Drive, inputs, program, start};

const META: &str = "<q/><meta><audit/></meta>";

#[test]
fn a_form_says_what_is_to_be_logged() {
    let plain = program(META, r#"<bind nodeset="/data/meta/audit" type="binary"/>"#, "");
    assert_eq!(plain.audit(), Some(Audit::default()));
    assert_eq!(program("<q/>", "", "").audit(), None);
    let all = program(
        META,
        r#"<bind nodeset="/data/meta/audit" type="binary" odk:location-priority="balanced"
            odk:location-min-interval="60" odk:location-max-age="120" odk:track-changes="true"
            odk:identify-user="true" odk:track-changes-reasons="on-form-edit"/>"#,
        "",
    );
    let audit = all.audit().expect("a log is asked for");
    let place = audit.place.as_ref().expect("with places");
    assert_eq!(
        (place.priority.as_str(), place.min_interval_s, place.max_age_s),
        ("balanced", 60, 120)
    );
    assert!(audit.track_changes && audit.identify_user && audit.reasons);
}

#[test]
fn the_log_has_the_columns_that_are_asked_for() {
    let events = [
        AuditEvent { event: "form start".to_owned(), start_ms: 1, ..AuditEvent::default() },
        AuditEvent {
            event: "question".to_owned(),
            node: "/data/q".to_owned(),
            start_ms: 2,
            end_ms: Some(3),
            place: Some("10.9 107.2 150.0 5.0".to_owned()),
            change: Some((String::new(), "a, \"b\"\nc".to_owned())),
            user: "lan".to_owned(),
            reason: "typo".to_owned(),
        },
    ];
    let plain = Audit::default();
    assert_eq!(
        plain.write(&events),
        "event,node,start,end\nform start,,1,\nquestion,/data/q,2,3\n"
    );
    let changes = Audit { track_changes: true, identify_user: true, ..Audit::default() };
    assert_eq!(
        changes.write(&events),
        "event,node,start,end,old-value,new-value,user\nform start,,1,,,,\n\
         question,/data/q,2,3,,\"a, \"\"b\"\"\nc\",lan\n"
    );
}

#[test]
fn a_node_is_named_by_its_path_with_the_numbers_of_its_rows() {
    let mut form = start(
        r#"<q/><row jr:template=""><x/></row>"#,
        "",
        &format!(
            "{}<repeat nodeset=\"/data/row\"><input ref=\"/data/row/x\"/></repeat>",
            inputs(&["q"])
        ),
    );
    for key in ["K9", "A1"] {
        form.add_row(form.node("row"), key).expect("a new key");
    }
    assert_eq!(form.reference(form.node("q")), "/data/q");
    assert_eq!(form.reference(form.node("row[A1]/x")), "/data/row[2]/x");
}
