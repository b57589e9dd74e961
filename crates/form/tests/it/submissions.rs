//! A submission in: a record that was sent comes back, is edited, and goes out again.

use std::sync::Arc;

use form::{ProblemKind, Resources, Session, SubmissionError, compile, parse_xform};

use crate::dsl::{Drive, environment, program, xform};

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
fn attributes_keep_the_namespaces_that_only_the_instance_declares() {
    let model = r#"<instance><data xmlns:v="urn:v" xmlns:jr="urn:mine" id="f" v:id="7" v:kind="k" jr:id="8">
        <a xmlns:v="urn:w" v:id="9"/></data></instance>"#;
    let body = r#"<input ref="/data/a" xmlns:v="urn:v" v:ref="x"/>"#;
    let xml = xform("", "", body);
    let (head, rest) = xml.split_once("<instance>").expect("it has one");
    let (_, rest) = rest.split_once("</instance>").expect("it ends");
    let (form, problems) = parse_xform(&format!("{head}{model}{rest}")).expect("XML");
    assert!(problems.is_empty(), "{problems:?}");
    let (again, _) = parse_xform(&form::write_xform(&form)).expect("what we write can be read");
    assert_eq!(again, form);
    let program = compile(form, &Resources::default()).expect("it runs");
    let mut form = Session::start(Arc::new(program), environment());
    form.put("a", "1");
    let sent = form.to_xml();
    let sent = roxmltree::Document::parse(&sent).unwrap_or_else(|e| panic!("{e}: {sent}"));
    let data = sent.root_element();
    let of = |name: (&str, &str)| data.attribute(name);
    assert_eq!([data.attribute("id"), of(("urn:v", "id"))], [Some("f"), Some("7")]);
    assert_eq!([of(("urn:v", "kind")), of(("urn:mine", "id"))], [Some("k"), Some("8")]);
    let a = data.first_element_child().expect("the answer");
    assert_eq!((a.attribute(("urn:w", "id")), a.text()), (Some("9"), Some("1")));
}

#[test]
fn a_form_that_asks_for_encryption_is_told_that_there_is_none() {
    let told = |key: &str| {
        let model = format!(r#"<submission base64RsaPublicKey="{key}"/>"#);
        let program = program("<a/>", &model, r#"<input ref="/data/a"/>"#);
        program.warnings().iter().map(|problem| problem.kind.clone()).collect::<Vec<_>>()
    };
    assert_eq!(told("MIIB"), [ProblemKind::NotEncrypted]);
    assert_eq!(told(""), []);
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

#[test]
fn what_a_submission_leaves_out_comes_with_the_defaults_when_it_is_edited() {
    let program = program(
        r#"<a>1</a><n>07</n><g><b>db</b><in><c>dc</c></in></g><r jr:template=""><x>dx</x><y>dy</y></r><s><z>dz</z></s><s><z/></s>"#,
        r#"<bind nodeset="/data/g" relevant="/data/a = 1"/><bind nodeset="/data/n" type="int"/>"#,
        r#"<input ref="/data/a"/><input ref="/data/g/b"/><repeat nodeset="/data/r"><input ref="/data/r/x"/></repeat>"#,
    );
    let xml = r#"<data id="test"><a>2</a><a>3</a><r><x/></r><r><y>5</y></r></data>"#;
    let sent = program.fields_of(xml).expect("a record of this form");
    // Nobody was asked the rest: what is kept does not say so either. Of two the first counts.
    assert_eq!(sent.keys().collect::<Vec<_>>(), ["a", "r[1]", "r[1]/x", "r[2]", "r[2]/y"]);
    let fields = program.fields_to_edit(xml).expect("a record of this form");
    let mut form = Session::edit(program, environment(), fields);
    assert_eq!((form.value("a").as_str(), form.value("n").as_str()), ("2", "7"));
    let rows = ["r[1]/x", "r[1]/y", "r[2]/x", "r[2]/y", "s[1]/z"].map(|path| form.value(path));
    // What was cleared stays so, and no rows are added.
    assert_eq!(rows, ["", "dy", "dx", "5", ""]);
    form.put("a", "1");
    assert_eq!((form.value("g/b").as_str(), form.value("g/in/c").as_str()), ("db", "dc"));
}

#[test]
fn what_was_entered_elsewhere_is_edited_as_its_type_is_written_and_nothing_of_it_is_lost() {
    let types = [
        ("i", "int", "007", "7"),
        ("half", "int", "1.9", "1.9"),
        ("d", "decimal", "3.50", "3.5"),
        ("e", "decimal", "1e3", "1000.0"),
        ("long", "decimal", "1.23456789012345678901", "1.23456789012345678901"),
        ("g", "geopoint", "1 2 3 4", "1.0 2.0 3.0 4.0"),
        ("day", "date", "2020-01-02T10:00:00", "2020-01-02T10:00:00"),
        ("no", "date", "hôm qua", "hôm qua"),
        ("text", "string", "007", "007"),
        ("pick", "int", "007", "007"),
    ];
    let (mut data, mut model, mut sent) = (String::new(), String::new(), String::new());
    for (name, kind, text, _) in types {
        data.push_str(&format!("<{name}/>"));
        model.push_str(&format!(r#"<bind nodeset="/data/{name}" type="{kind}"/>"#));
        sent.push_str(&format!("<{name}>{text}</{name}>"));
    }
    let pick =
        r#"<select1 ref="/data/pick"><item><label>A</label><value>007</value></item></select1>"#;
    let program = program(&data, &model, pick);
    let sent = format!(r#"<data id="test">{sent}</data>"#);
    let fields = program.fields_to_edit(&sent).expect("a record of this form");
    let kept = program.fields_of(&sent).expect("a record of this form");
    for (name, _, text, edited) in types {
        assert_eq!((kept[name].as_str(), fields[name].as_str()), (text, edited), "{name}");
    }
}
