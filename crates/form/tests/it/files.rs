//! Files beside a form: which it names, and that they may come later.

use std::sync::Arc;

use form::{ProblemKind, Resources, Session, parse_xform};

use crate::dsl::{Drive, environment, try_compile, xform};

const MODEL: &str = r#"<itext><translation lang="vi" default="true()">
    <text id="q"><value>Bảng nào</value><value form="image">jr://images/bang.png</value>
        <value form="big-image">jr://images/bang-to.png</value></text>
    <text id="h"><value>Nghe</value><value form="audio">jr://audio/nghe.mp3</value>
        <value form="video">jr://video/xem.mp4</value><value form="guidance">jr://images/khong.png</value></text>
    </translation></itext>
    <instance id="xa" src="jr://file-csv/xa.csv"/><instance id="ho" src="jr://file/ho.xml"/>
    <instance id="__last-saved" src="jr://instance/last-saved"/>
    <bind nodeset="/data/ten" calculate="instance('xa')/root/item[name = /data/ma]/label"/>
    <bind nodeset="/data/chu" calculate="instance('ho')/root/item[name = /data/ma]/label"/>"#;

fn form() -> String {
    xform(
        "<ma/><ten/><chu/><anh>jr://images/mau.png</anh>",
        MODEL,
        r#"<input ref="/data/ma"><label ref="jr:itext('q')"/><hint ref="jr:itext('h')"/></input>"#,
    )
}

fn files(files: &[(&str, &str)]) -> Resources {
    let files = files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
    Resources { files: files.collect() }
}

#[test]
fn a_form_names_its_lists_what_its_labels_show_and_pictures_to_begin_with() {
    let (form, _) = parse_xform(&form()).expect("a form");
    let named: Vec<&str> = form.files().into_iter().collect();
    let expected = [
        "jr://audio/nghe.mp3",
        "jr://file-csv/xa.csv",
        "jr://file/ho.xml",
        "jr://images/bang-to.png",
        "jr://images/bang.png",
        "jr://images/mau.png",
        "jr://video/xem.mp4",
    ];
    assert_eq!(named, expected);
}

#[test]
fn a_form_says_which_lists_are_missing_and_takes_them_when_they_come() {
    let without = try_compile(&form(), &Resources::default()).expect("it runs without");
    assert_eq!(without.missing_files(), ["jr://file-csv/xa.csv", "jr://file/ho.xml"]);
    let one = files(&[("jr://file-csv/xa.csv", "name,label\n1,Bảo Quang\n")]);
    let one = without.with_files(&one).expect("it runs with one");
    assert_eq!(one.missing_files(), ["jr://file/ho.xml"]);
    let other = "<root><item><name>1</name><label>Lan</label></item></root>";
    let both = one.with_files(&files(&[("ho.xml", other)])).expect("it runs with both");
    assert!(both.missing_files().is_empty());
    let mut session = Session::start(Arc::new(both), environment());
    session.put("ma", "1");
    assert_eq!(
        (session.value("ten").as_str(), session.value("chu").as_str()),
        ("Bảo Quang", "Lan")
    );
}

#[test]
fn a_list_that_came_again_takes_the_place_of_the_one_before() {
    let list = |label: &str| files(&[("xa.csv", &format!("name,label\n1,{label}\n"))]);
    let before = try_compile(&form(), &list("Bảo Quang")).expect("it runs");
    let after = before.with_files(&list("Bảo Vinh")).expect("it runs");
    for (program, expected) in [(before, "Bảo Quang"), (Arc::new(after), "Bảo Vinh")] {
        let mut session = Session::start(program, environment());
        session.put("ma", "1");
        assert_eq!(session.value("ten"), expected);
    }
}

#[test]
fn a_features_own_id_counts_and_coordinates_are_numbers() {
    let form = xform(
        "<ma/><o/>",
        r#"<instance id="noi" src="jr://file/noi.geojson"/>
        <bind nodeset="/data/o" calculate="instance('noi')/root/item[1]/geometry"/>"#,
        r#"<select1 ref="/data/ma"><itemset nodeset="instance('noi')/root/item"><value ref="id"/><label ref="id"/></itemset></select1>"#,
    );
    let list = |kind: &str, id: &str| {
        format!(
            r#"{{"type":"FeatureCollection","features":[{{"type":"{kind}","id":{id},"geometry":{{"type":"Point","coordinates":[102.50,0.500]}},"properties":{{"id":"prop"}}}}]}}"#
        )
    };
    for (id, offered) in [("\"top\"", "top"), ("null", "prop")] {
        let files = files(&[("noi.geojson", &list("Feature", id))]);
        let session = Session::start(try_compile(&form, &files).expect("it runs"), environment());
        assert_eq!(session.values("ma"), [offered]);
        assert_eq!(session.value("o"), "0.5 102.5 0 0");
    }
    let wrong = try_compile(&form, &files(&[("noi.geojson", &list("Foo", "1"))])).expect("it runs");
    assert!(wrong.warnings().iter().any(|told| told.to_string().contains("type Feature")));
}

#[test]
fn a_feature_that_lies_nowhere_is_a_choice_all_the_same() {
    let model = r#"<instance id="noi" src="jr://file/noi.geojson"/>
        <bind nodeset="/data/o" calculate="instance('noi')/root/item[name = /data/ma]/geometry"/>"#;
    let feature = |name: &str, geometry: &str| {
        format!(r#"{{"type":"Feature","geometry":{geometry},"properties":{{"name":"{name}"}}}}"#)
    };
    let point = r#"{"type":"Point","coordinates":[107.2,10.9]}"#;
    let all = [feature("a", "null"), feature("b", point)].join(",");
    let list = format!(r#"{{"type":"FeatureCollection","features":[{all}]}}"#);
    let form = xform(
        "<ma/><o/>",
        model,
        r#"<select1 ref="/data/ma"><itemset nodeset="instance('noi')/root/item"><value ref="name"/><label ref="name"/></itemset></select1>"#,
    );
    let program = try_compile(&form, &files(&[("noi.geojson", &list)])).expect("it runs");
    let mut session = Session::start(program, environment());
    assert_eq!(session.values("ma"), ["a", "b"]);
    session.put("ma", "b");
    assert_eq!(session.value("o"), "10.9 107.2 0 0");
    session.put("ma", "a");
    assert_eq!(session.value("o"), "");
}

#[test]
fn marked_words_in_a_list_keep_the_words_around_them() {
    let choices = "<root><item><name>1</name><label>Bà <b>Lan</b> &amp; con</label></item></root>";
    let body = r#"<select1 ref="/data/ma"><itemset nodeset="instance('ho')/root/item"><value ref="name"/><label ref="label"/></itemset></select1>"#;
    let inside = format!(r#"<instance id="ho">{choices}</instance>"#);
    let beside = r#"<instance id="ho" src="jr://file/ho.xml"/>"#;
    for model in [inside.as_str(), beside] {
        let form = xform("<ma/>", model, body);
        let program = try_compile(&form, &files(&[("ho.xml", choices)])).expect("it runs");
        let session = Session::start(program, environment());
        let labels: Vec<String> = session
            .choices(session.node("ma"))
            .iter()
            .map(|choice| choice.label.text.clone())
            .collect();
        assert_eq!(labels, ["Bà Lan & con"]);
    }
}

#[test]
fn a_question_that_a_map_shows_says_where_its_choices_lie() {
    let list = "<root><item><name>a</name><geometry>10.9 107.2 0 0</geometry></item>\
        <item><name>b</name><geometry>10 107;10 108;11 108;10 107</geometry></item>\
        <item><name>c</name><geometry> </geometry></item><item><name>d</name></item></root>";
    let rows = "<cay><n>e</n><geometry>11 107 0 0</geometry></cay>";
    let item = r#"<value ref="name"/><label ref="name"/></itemset></select1>"#;
    let body = format!(
        r#"<select1 ref="/data/ma" appearance="map quick"><itemset nodeset="instance('noi')/root/item">{item}
        <select1 ref="/data/khong"><itemset nodeset="instance('noi')/root/item">{item}
        <select1 ref="/data/hang" appearance="map"><itemset nodeset="/data/cay"><value ref="n"/><label ref="n"/></itemset></select1>
        <select1 ref="/data/rieng" appearance="map"><item><value>f</value><label>F</label></item></select1>"#
    );
    let model = format!(r#"<instance id="noi">{list}</instance>"#);
    let form = xform(&format!("<ma/><khong/><hang/><rieng/>{rows}"), &model, &body);
    let session =
        Session::start(try_compile(&form, &Resources::default()).expect("it runs"), environment());
    let lies = |name: &str| -> Vec<Option<String>> {
        let choices = session.choices(session.node(name));
        choices.iter().map(|choice| choice.geometry.as_deref().map(str::to_owned)).collect()
    };
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(
        lies("ma"),
        [some("10.9 107.2 0 0"), some("10 107;10 108;11 108;10 107"), None, None]
    );
    assert_eq!(lies("khong"), [None, None, None, None]);
    assert_eq!(lies("hang"), [some("11 107 0 0")]);
    assert_eq!(lies("rieng"), [None]);
}

#[test]
fn of_two_lists_with_one_name_the_last_counts() {
    let own = |label: &str| {
        format!(
            r#"<instance id="l"><root><item><name>1</name><label>{label}</label></item></root></instance>"#
        )
    };
    let beside = r#"<instance id="l" src="jr://file-csv/l.csv"/>"#;
    let form = |lists: &str| {
        let calculated =
            r#"<bind nodeset="/data/a" calculate="instance('l')/root/item[name = '1']/label"/>"#;
        xform("<a/>", &format!("{lists}{calculated}"), r#"<input ref="/data/a"/>"#)
    };
    let csv = || files(&[("l.csv", "name,label\n1,file\n")]);
    for (lists, expected) in [
        (own("x") + &own("y") + &own("z"), "z"),
        (own("x") + beside, "file"),
        (beside.to_owned() + &own("x"), "x"),
    ] {
        let program = try_compile(&form(&lists), &csv()).expect("it runs");
        let twice =
            |kind: &ProblemKind| matches!(kind, ProblemKind::DuplicateInstance(id) if id == "l");
        assert!(program.warnings().iter().any(|warning| twice(&warning.kind)), "{lists}");
        // What was read is kept when other files come.
        let later = Arc::new(program.with_files(&Resources::default()).expect("it runs"));
        for program in [program, later] {
            assert_eq!(Session::start(program, environment()).value("a"), expected, "{lists}");
        }
    }
    let program = try_compile(&form(&(beside.to_owned() + &own("x"))), &Resources::default());
    assert!(program.expect("it runs").missing_files().is_empty(), "nothing reads that file");
}

#[test]
fn a_list_that_only_the_beginning_reads_means_nothing_to_a_record_that_is_there() {
    let with = |bind: &str, body: &str| {
        let model = format!(
            r#"<instance id="cu" src="jr://instance/last-saved"/><bind nodeset="/data/a"/>{bind}
            <setvalue ref="/data/a" event="odk-instance-first-load" value=" instance('cu')/data/a "/>"#
        );
        let form = xform(
            "<a/><b/>",
            &model,
            &format!(r#"<input ref="/data/a"><label>A</label></input>{body}"#),
        );
        let program = try_compile(&form, &Resources::default()).expect("it runs");
        program.is_read_at_first_only("cu")
    };
    assert!(with("", ""));
    assert!(!with(r#"<bind nodeset="/data/b" calculate=" instance('cu')/data/a "/>"#, ""));
    assert!(!with(
        r#"<setvalue ref="/data/b" event="odk-instance-load" value="instance('cu')/data/a"/>"#,
        ""
    ));
    assert!(!with(
        "",
        r#"<input ref="/data/b"><label><output value="instance('cu')/data/a"/></label></input>"#
    ));
}
