//! A submission in: a record that was sent comes back, is edited, and goes out again.

use form::{Session, SubmissionError};

use crate::dsl::{Drive, environment, program};

const DATA: &str = r#"<name/><row jr:template=""><who/><photo/></row><place kind=""/>
    <orx:meta xmlns:orx="http://openrosa.org/xforms"><orx:instanceID/><orx:deprecatedID/></orx:meta>"#;
const MODEL: &str = r#"<bind nodeset="/data/place/@kind" calculate="concat('k', /data/name)"/>
    <bind nodeset="/data/meta/instanceID" jr:preload="uid"/>"#;
const BODY: &str = r#"<input ref="/data/name"/><repeat nodeset="/data/row"><input ref="/data/row/who"/>
    <upload ref="/data/row/photo" mediatype="image/*"/></repeat><input ref="/data/place"/>"#;

fn filled() -> Session {
    let mut form = Session::start(program(DATA, MODEL, BODY), environment());
    form.put("name", "Nguyễn & <Trần>\n2");
    for (key, who) in [("K7", "Lan"), ("A1", "Hoa"), ("Z9", "")] {
        form.add_row(form.node("row"), key).expect("a new key");
        form.put(&format!("row[{key}]/who"), who);
    }
    form
}

#[test]
fn what_goes_out_comes_in_the_same() {
    let form = filled();
    let sent = form.to_xml();
    let fields = form.program().fields_of(&sent).expect("our own submission");
    let back = Session::resume(form.program().clone(), environment(), &fields);
    assert_eq!(back.to_xml(), sent);
    assert!(back.leftovers().is_empty(), "{:?}", back.leftovers());
    assert_eq!(back.value("row[2]/who"), "Hoa");
    assert_eq!(back.value("place/@kind"), "kNguyễn & <Trần>\n2");
}

#[test]
fn an_edited_record_has_a_new_id_and_names_the_old_one() {
    let form = filled();
    let fields = form.program().fields_of(&form.to_xml()).expect("our own submission");
    let mut environment = environment();
    environment.instance_id = "uuid:second".to_owned();
    let mut edit = Session::edit(form.program().clone(), environment, fields);
    edit.put("row[1]/who", "Lan Anh");
    let sent = edit.to_xml();
    assert!(sent.contains("<orx:instanceID>uuid:second</orx:instanceID>"), "{sent}");
    assert!(sent.contains("<orx:deprecatedID>uuid:test</orx:deprecatedID>"), "{sent}");
    assert!(sent.contains("<who>Lan Anh</who>"), "{sent}");
}

#[test]
fn a_record_of_another_client_may_have_more_and_less() {
    let program = program(DATA, MODEL, BODY);
    let xml = r#"<d:data xmlns:d="urn:x" id="test" version="0"><d:row><d:who>one</d:who></d:row><gone><deep>x</deep></gone>
        <row><who><![CDATA[t<w>o]]></who></row></d:data>"#;
    let fields = program.fields_of(xml).expect("a record of this form");
    let form = Session::resume(program, environment(), &fields);
    assert_eq!(
        (form.value("row[1]/who").as_str(), form.value("row[2]/who").as_str()),
        ("one", "t<w>o")
    );
    let left: Vec<&String> = form.leftovers().keys().collect();
    assert_eq!(left, ["gone/deep"]);
}

#[test]
fn what_is_no_record_of_the_form_is_told() {
    let program = program(DATA, MODEL, BODY);
    for xml in [r#"<other id="test"/>"#, r#"<data id="another"/>"#] {
        let error = program.fields_of(xml).expect_err("another form");
        assert!(matches!(error, SubmissionError::OtherForm { .. }), "{error}");
    }
    let deep = format!("<data id=\"test\">{}{}</data>", "<a>".repeat(5_000), "</a>".repeat(5_000));
    for xml in ["", "<data", "<!DOCTYPE data [<!ENTITY a 'b'>]><data>&a;</data>", deep.as_str()] {
        let error = program.fields_of(xml).expect_err("no record");
        assert!(matches!(error, SubmissionError::Xml(_)), "{error}");
    }
}

#[test]
fn a_submission_says_whose_it_is_before_its_form_is_known() {
    let xml = "<du_lieu id=\"khac\" version=\"7\" xmlns:orx=\"http://openrosa.org/xforms\">\
        <ten> Lan </ten><hang><so>1</so></hang><hang><so>2</so><so>3</so></hang><trong/>\
        <orx:meta><orx:instanceID>uuid:b</orx:instanceID><orx:deprecatedID>uuid:a</orx:deprecatedID></orx:meta>\
        </du_lieu>";
    let told = form::read_envelope(xml).unwrap();
    assert_eq!((told.form_id.as_str(), told.version.as_str()), ("khac", "7"));
    assert_eq!(told.instance_id.as_deref(), Some("uuid:b"));
    assert_eq!(told.deprecated_id.as_deref(), Some("uuid:a"));
    let fields: Vec<(&str, &str)> =
        told.fields.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    assert_eq!(
        fields,
        [
            ("hang[1]", "1"),
            ("hang[1]/so", "1"),
            ("hang[2]", "2"),
            ("hang[2]/so[1]", "2"),
            ("hang[2]/so[2]", "3"),
            ("meta/deprecatedID", "uuid:a"),
            ("meta/instanceID", "uuid:b"),
            ("ten", "Lan"),
            ("trong", ""),
        ]
    );
    let unnamed =
        form::read_envelope("<x xmlns=\"urn:khac\"><meta><instanceID> </instanceID></meta></x>");
    let unnamed = unnamed.unwrap();
    assert_eq!((unnamed.form_id.as_str(), unnamed.instance_id), ("urn:khac", None));
    assert!(form::read_envelope("<x><y></x>").is_err());
    let long = "x".repeat(1 << 20);
    let long = format!("<x><{long}>{}</{long}></x>", "<y/>".repeat(1 << 15));
    let told = form::read_envelope(&long);
    assert!(matches!(told, Err(form::EnvelopeError::LongPaths(_))), "34 GB of paths");
    let deep = "<x>".repeat(5_000) + &"</x>".repeat(5_000);
    assert!(form::read_envelope(&deep).is_err());
}
