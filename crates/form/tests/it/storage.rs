//! Field paths, what is written, and what comes back.

use std::collections::BTreeMap;

use form::{Session, parse_xform, write_xform};

use crate::dsl::{Drive, environment, program, xform};

const DATA: &str =
    r#"<a>1</a><g><b/></g><row jr:template=""><x/><y/></row><row><x>first</x><y/></row>"#;
const MODEL: &str = r#"<bind nodeset="/data/row/y" calculate="concat(../x, '-', /data/a)"/>"#;
const BODY: &str = r#"<input ref="/data/a"/><group ref="/data/g"><input ref="/data/g/b"/></group>
    <repeat nodeset="/data/row"><input ref="/data/row/x"/></repeat>"#;

#[test]
fn writes_are_what_changed_since_the_last_time() {
    let mut form = Session::start(program(DATA, MODEL, BODY), environment());
    let first = form.take_writes();
    assert_eq!(first.get("a"), Some(&Some("1".to_owned())));
    assert_eq!(first.get("row[1]"), Some(&Some("1".to_owned())));
    assert_eq!(first.get("row[1]/y"), Some(&Some("first-1".to_owned())));
    assert!(first.values().all(Option::is_some), "what is new and empty is not written");
    assert!(form.take_writes().is_empty());
    form.add_row(form.node("row"), "K").expect("a new key");
    form.put("row[K]/x", "second");
    form.put("a", "");
    let writes = form.take_writes();
    assert_eq!(writes.get("a"), Some(&None));
    assert_eq!(writes.get("row[K]"), Some(&Some("2".to_owned())));
    assert_eq!(writes.get("row[1]/y"), Some(&Some("first-".to_owned())));
    form.remove_row(form.node("row[1]")).expect("the row is there");
    let writes = form.take_writes();
    assert_eq!(writes.get("row[1]"), Some(&None));
    assert_eq!(writes.get("row[1]/x"), Some(&None));
    assert_eq!(writes.len(), 3);
}

#[test]
fn a_stored_record_comes_back_the_same_and_writes_nothing() {
    let program = program(DATA, MODEL, BODY);
    let mut form = Session::start(program.clone(), environment());
    form.add_row(form.node("row"), "K").expect("a new key");
    form.put("row[K]/x", "Nguyễn & <Trần>");
    form.remove_row(form.node("row[1]")).expect("the row is there");
    let fields = form.fields();
    let mut back = Session::resume(program, environment(), &fields);
    assert_eq!(back.fields(), fields);
    assert_eq!(back.to_xml(), form.to_xml());
    assert!(back.take_writes().is_empty());
    assert!(form.to_xml().contains("<x>Nguyễn &amp; &lt;Trần&gt;</x>"));
}

#[test]
fn rows_come_back_in_their_stored_order_and_strangers_are_kept() {
    let fields = BTreeMap::from(
        [
            ("row[z]", "1"),
            ("row[a]", "2"),
            ("row[z]/x", "one"),
            ("row[a]/x", "two"),
            ("row[gone]/x", "orphan"),
            ("unknown", "text"),
        ]
        .map(|(path, text)| (path.to_owned(), text.to_owned())),
    );
    let form = Session::resume(program(DATA, MODEL, BODY), environment(), &fields);
    let rows: Vec<String> =
        form.children(form.node("row")).into_iter().map(|row| form.path(row)).collect();
    assert_eq!(rows, ["row[z]", "row[a]"]);
    let left: Vec<&String> = form.leftovers().keys().collect();
    assert_eq!(left, ["row[gone]/x", "unknown"]);
    assert_eq!(form.value("a"), "", "a cleared default does not come back");
}

#[test]
fn a_form_survives_writing_and_reading() {
    let model = r#"<itext><translation lang="vi" default="true()"><text id="q"><value>Chào <output value=" /data/a "/> &amp; bạn</value>
        <value form="image">jr://images/a.png</value></text></translation></itext>
        <bind nodeset="/data/a" relevant="1 &lt; 2" orx:max-pixels="800" jr:constraintMsg="&quot;x&quot;"/>
        <instance id="l"><root><item><name>a</name></item></root></instance>
        <instance id="e" src="jr://file-csv/e.csv"/>
        <setvalue ref="/data/a" event="odk-instance-first-load odk-instance-load">text</setvalue>
        <submission method="post" orx:auto-send="true"/>"#;
    let body = r#"<select1 ref="/data/a" appearance="minimal"><label ref="jr:itext('q')"/><hint>H</hint>
        <itemset nodeset="randomize(instance('l')/root/item)"><value ref="name"/><label ref="name"/></itemset></select1>
        <repeat nodeset="/data/row" jr:count="3" jr:noAddRemove="true()"><range ref="/data/row/x" start="1" end="5" step="1"/></repeat>"#;
    let (form, problems) = parse_xform(&xform(DATA, model, body)).expect("XML");
    assert!(problems.is_empty());
    let written = write_xform(&form);
    let (again, _) = parse_xform(&written).expect("what is written can be read");
    assert_eq!(again, form);
    assert_eq!(write_xform(&again), written);
}

#[test]
fn no_document_makes_the_reader_panic() {
    let deep = format!("{}{}", "<a>".repeat(5000), "</a>".repeat(5000));
    let cases =
        ["", "<a/>", "<a", "<h:html/>", "<html><head><model/></head></html>", deep.as_str()];
    for case in cases {
        assert!(parse_xform(case).is_err());
    }
}
