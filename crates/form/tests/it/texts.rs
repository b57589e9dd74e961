//! Labels, languages, choices, filters, pages.

use std::sync::Arc;

use form::{
    Aspects, NodeKind, ProblemKind, QuestionControl, Resources, Session, compile, parse_xform,
};

use crate::dsl::{Drive, environment, inputs, program, start, try_compile, xform};

const ITEXT: &str = r#"<itext>
    <translation lang="vi" default="true()"><text id="l"><value>Chào <output value="/data/name"/></value>
        <value form="guidance">Thêm</value></text>
        <text id="c-0"><value>Có</value></text><text id="c-1"><value>Không</value></text></translation>
    <translation lang="en"><text id="l"><value>Hello <output value="/data/name"/></value></text>
        <text id="c-0"><value>Yes</value></text><text id="c-1"><value>No</value></text></translation></itext>
    <instance id="c"><root><item><itextId>c-0</itextId><name>yes</name></item>
        <item><itextId>c-1</itextId><name>no</name></item></root></instance>
    <bind nodeset="/data/said" calculate="jr:choice-name(/data/pick, '/data/pick')"/>"#;
const BODY: &str = r#"<input ref="/data/name"/><select1 ref="/data/pick"><label ref="jr:itext('l')"/>
    <hint ref="jr:itext('l')"/><itemset nodeset="instance('c')/root/item"><value ref="name"/>
    <label ref="jr:itext(itextId)"/></itemset></select1>"#;

fn label(form: &Session, path: &str) -> String {
    form.shown(path).label.map(|label| label.text).unwrap_or_default()
}

#[test]
fn a_label_follows_answers_and_language() {
    let mut form = start("<name/><pick/><said/>", ITEXT, BODY);
    let changes = form.put("name", "Lan");
    let pick = form.node("pick");
    assert!(changes.iter().any(|c| c.node == pick && c.aspects.contains(Aspects::LABEL)));
    assert_eq!(label(&form, "pick"), "Chào Lan");
    assert_eq!(form.shown("pick").guidance.as_deref(), Some("Thêm"));
    form.put("pick", "no");
    assert_eq!(form.value("said"), "Không");
    form.set_language("en");
    assert_eq!((label(&form, "pick").as_str(), form.value("said").as_str()), ("Hello Lan", "No"));
    let labels: Vec<String> = form.choices(pick).iter().map(|c| c.label.text.clone()).collect();
    assert_eq!(labels, ["Yes", "No"]);
    assert!(form.set_language("fr").is_empty());
}

#[test]
fn an_answer_is_kept_when_the_answer_that_filters_it_hides_it_too() {
    let mut form = start(
        "<p/><g><city/></g>",
        &format!(r#"{CITIES}<bind nodeset="/data/g" relevant="/data/p != ''"/>"#),
        r#"<input ref="/data/p"/><group ref="/data/g"><select1 ref="/data/g/city">
            <itemset nodeset="instance('city')/root/item[p = /data/p ]"><value ref="name"/>
            <label ref="label"/></itemset></select1></group>"#,
    );
    form.put("p", "dn");
    form.put("g/city", "lk");
    for answer in ["", "dn"] {
        form.put("p", answer);
    }
    assert_eq!(form.value("g/city"), "lk");
}

#[test]
fn the_label_of_a_choice_follows_the_answers_that_it_names() {
    let mut form = start(
        "<name/><pick/><said/>",
        r#"<itext><translation lang="vi"><text id="c-0"><value>Nhà <output value="/data/name"/></value></text>
            <text id="c-1"><value>Khác</value></text></translation></itext>
        <instance id="c"><root><item><itextId>c-0</itextId><name>home</name></item>
            <item><itextId>c-1</itextId><name>other</name></item></root></instance>
        <bind nodeset="/data/said" calculate="jr:choice-name(/data/pick, '/data/pick')"/>"#,
        BODY.replace("jr:itext('l')", "jr:itext('c-1')").as_str(),
    );
    let pick = form.node("pick");
    let first = |form: &Session| form.choices(pick)[0].label.text.clone();
    form.put("pick", "home");
    assert_eq!(first(&form).trim(), "Nhà");
    let changes = form.put("name", "Lan");
    assert!(changes.iter().any(|c| c.node == pick && c.aspects.contains(Aspects::CHOICES)));
    assert_eq!((first(&form).as_str(), form.value("said").as_str()), ("Nhà Lan", "Nhà Lan"));
}

const CITIES: &str = r#"<instance id="city"><root>
    <item><name>lk</name><label>Long Khánh</label><p>dn</p></item>
    <item><name>bh</name><label>Biên Hòa</label><p>dn</p></item>
    <item><name>q1</name><label>Quận 1</label><p>hcm</p></item></root></instance>"#;
const CITY_BODY: &str = r#"<input ref="/data/p"/><select1 ref="/data/city">
    <itemset nodeset="instance('city')/root/item[p = /data/p ]"><value ref="name"/><label ref="label"/></itemset></select1>
    <select ref="/data/many"><itemset nodeset="instance('city')/root/item[p = /data/p ]"><value ref="name"/>
    <label ref="label"/></itemset></select>"#;

#[test]
fn a_filter_follows_answers_and_takes_away_what_it_no_longer_offers() {
    let mut form = start("<p/><city/><many/>", CITIES, CITY_BODY);
    assert!(form.values("city").is_empty());
    form.put("p", "dn");
    assert_eq!(form.values("city"), ["lk", "bh"]);
    form.put("city", "lk");
    form.put("many", "lk bh");
    form.put("p", "hcm");
    assert_eq!((form.value("city").as_str(), form.value("many").as_str()), ("", ""));
    assert_eq!(form.values("city"), ["q1"]);
}

#[test]
fn lists_come_from_files_beside_the_form() {
    let xml = xform(
        "<a/><b/>",
        r#"<instance id="csv" src="jr://file-csv/units.csv"/><instance id="geo" src="jr://file/map.geojson"/>"#,
        r#"<select1 ref="/data/a"><itemset nodeset="instance('csv')/root/item"><value ref="name"/><label ref="label"/></itemset></select1>
           <select1 ref="/data/b"><itemset nodeset="instance('geo')/root/item"><value ref="geometry"/><label ref="title"/></itemset></select1>"#,
    );
    let mut resources = Resources::default();
    let csv = "name,label\nx,\"Xuân, \"\"An\"\"\"\ny,Bình\n";
    let map = r#"{"type":"FeatureCollection","features":[{"type":"Feature","id":"f","geometry":{"type":"Point",
        "coordinates":[107.2,10.9]},"properties":{"title":"Long Kh\u00e1nh"}}]}"#;
    resources.files.insert("jr://file-csv/units.csv".to_owned(), csv.to_owned());
    resources.files.insert("jr://file/map.geojson".to_owned(), map.to_owned());
    let form = Session::start(try_compile(&xml, &resources).expect("a form"), environment());
    let choices = form.choices(form.node("a"));
    assert_eq!((choices[0].value.as_str(), choices[0].label.text.as_str()), ("x", "Xuân, \"An\""));
    let choices = form.choices(form.node("b"));
    assert_eq!(
        (choices[0].value.as_str(), choices[0].label.text.as_str()),
        ("10.9 107.2 0 0", "Long Khánh")
    );
    let missing = try_compile(&xml, &Resources::default()).expect("missing files are warnings");
    assert_eq!(missing.warnings().len(), 2);
}

#[test]
fn pages_are_field_lists_repeats_and_loose_questions() {
    let body = r#"<input ref="/data/a"/><group ref="/data/g" appearance="field-list"><input ref="/data/g/b"/></group>
        <group><group ref="/data/h"><input ref="/data/h/c"/></group></group>
        <group ref="/data/row"><repeat nodeset="/data/row"><input ref="/data/row/x"/></repeat></group>"#;
    let model = r#"<bind nodeset="/data/h" relevant="/data/a = 'all'"/>"#;
    let mut form =
        start(r#"<a/><g><b/></g><h><c/></h><row jr:template=""><x/></row>"#, model, body);
    let paths = |form: &Session| -> Vec<String> {
        form.pages().into_iter().map(|page| form.path(page)).collect()
    };
    assert_eq!(paths(&form), ["a", "g", "row"]);
    form.put("a", "all");
    assert_eq!(paths(&form), ["a", "g", "h/c", "row"]);
    let flat = start("<a/><b/>", "", &inputs(&["a", "b"]));
    assert_eq!(flat.pages(), [flat.root()]);
    assert_eq!(flat.state(flat.root()).map(|state| state.kind), Some(NodeKind::Root));
}

const EXTERNAL: &str = r#"<input ref="/data/p"/>
    <input ref="/data/city" query="instance('city')/root/item[p = /data/p ]"><label>City</label></input>"#;

#[test]
fn an_input_that_searches_a_list_beside_the_form_offers_its_choices() {
    let csv =
        "list_name,name,label,p\ncity,lk,Long Khánh,dn\nother,x,Khác,dn\ncity,q1,Quận 1,hcm\n";
    let mut resources = Resources::default();
    resources.files.insert("itemsets.csv".to_owned(), csv.to_owned());
    let xml = xform("<p/><city/>", "", EXTERNAL);
    let mut form = Session::start(try_compile(&xml, &resources).expect("a form"), environment());
    form.put("p", "dn");
    assert_eq!(form.values("city"), ["lk"]);
    assert_eq!(form.choices(form.node("city"))[0].label.text, "Long Khánh");
    form.put("city", "lk");
    form.put("p", "hcm");
    // The answer stays for a person to change, as in other clients.
    assert_eq!((form.values("city"), form.value("city").as_str()), (vec!["q1".to_owned()], "lk"));
}

#[test]
fn the_list_may_also_stand_in_the_form_and_without_one_the_answer_is_typed() {
    let control = |form: &Session| match form.shown("city").kind {
        NodeKind::Question(question) => question.control.clone(),
        other => panic!("{other:?}"),
    };
    let form = start("<p/><city/>", CITIES, EXTERNAL);
    assert_eq!(control(&form), QuestionControl::Select1);
    let program =
        try_compile(&xform("<p/><city/>", "", EXTERNAL), &Resources::default()).expect("a form");
    assert!(program.warnings().iter().any(|w| w.to_string().contains("itemsets.csv")));
    let mut form = Session::start(program, environment());
    assert_eq!(control(&form), QuestionControl::Input);
    form.put("city", "gõ tay");
    assert_eq!(form.value("city"), "gõ tay");
}

/// Numbers as some people write them, with a mark before a percent sign.
fn with_comma(number: &str, next: &str) -> String {
    number.replace('.', ",") + if next.starts_with('%') { "_" } else { "" }
}

#[test]
fn a_number_that_the_form_works_out_is_written_as_people_do_and_stored_as_it_was() {
    let head = r#"<bind nodeset="/data/share" type="string" calculate="if(/data/all &gt; 0, round(100 * /data/some div /data/all, 1), '')"/>
        <bind nodeset="/data/code" type="string" calculate="concat('1', '.', '2')"/>
        <bind nodeset="/data/weight" type="decimal"/><bind nodeset="/data/name" type="string"/>
        <bind nodeset="/data/told" type="string" calculate="concat(/data/share, '%')"/>"#;
    let body = r#"<input ref="/data/weight"><label><output value="/data/share"/>% of <output value="/data/all * 1.5"/>,
        <output value="/data/weight"/> kg, <output value="/data/code"/>, <output value="/data/name"/>, <output value="/data/told"/></label></input>
        <input ref="/data/some"/><input ref="/data/all"/><input ref="/data/name"/>"#;
    let mut form = start("<some/><all/><share/><code/><weight/><name/><told/>", head, body);
    for (path, value) in [("some", "33"), ("all", "35"), ("weight", "2.5"), ("name", "3.4")] {
        form.put(path, value);
    }
    let plain = "94.3% of 52.5,\n        2.5 kg, 1.2, 3.4, 94.3%";
    assert_eq!(label(&form, "weight"), plain);
    let node = form.node("weight");
    let changes = form.set_numbers(with_comma);
    assert!(changes.iter().any(|it| it.node == node && it.aspects.contains(Aspects::LABEL)));
    // A text that somebody typed or put together stays as it is, whatever it looks like.
    assert_eq!(label(&form, "weight"), "94,3_% of 52,5,\n        2,5 kg, 1.2, 3.4, 94.3%");
    assert_eq!((form.value("share"), form.value("told")), ("94.3".into(), "94.3%".into()));
}

#[test]
fn questions_that_always_have_the_same_list_have_one() {
    let list = |names: [&str; 4]| {
        let items =
            names.map(|name| format!("<item><itextId>{name}</itextId><name>{name}</name></item>"));
        format!(r#"<instance id="l"><root>{}</root></instance>"#, items.concat())
    };
    let texts = |language: &str| {
        let of =
            |name: &str| format!(r#"<text id="{name}"><value>{name} {language}</value></text>"#);
        let all = ["a", "b", "c", "d"].map(of).concat();
        format!(r#"<translation lang="{language}">{all}</translation>"#)
    };
    let asked = |name: &str, nodes: &str| {
        format!(
            r#"<select1 ref="/data/{name}"><itemset nodeset="{nodes}"><value ref="name"/>
               <label ref="jr:itext(itextId)"/></itemset></select1>"#
        )
    };
    let all = "instance('l')/root/item";
    let mut form = start(
        "<p/><one/><other/><some/><any/><chance/>",
        &format!("<itext>{}{}</itext>{}", texts("vi"), texts("en"), list(["a", "b", "c", "d"])),
        &[
            inputs(&["p"]),
            asked("one", all),
            asked("other", all),
            asked("some", "instance('l')/root/item[position() &lt; 3]"),
            asked("any", "instance('l')/root/item[name != /data/p ]"),
            asked("chance", "randomize(instance('l')/root/item)"),
        ]
        .concat(),
    );
    let kept = |form: &Session, name: &str| form.choices(form.node(name));
    let labels = |form: &Session, name: &str| {
        kept(form, name).iter().map(|choice| choice.label.text.clone()).collect::<Vec<_>>()
    };
    assert!(Arc::ptr_eq(&kept(&form, "one"), &kept(&form, "other")));
    assert_eq!(labels(&form, "other"), ["a vi", "b vi", "c vi", "d vi"]);
    assert_eq!(labels(&form, "some"), ["a vi", "b vi"]);
    form.put("p", "a");
    assert_eq!(labels(&form, "any"), ["b vi", "c vi", "d vi"]);
    assert!(!Arc::ptr_eq(&kept(&form, "one"), &kept(&form, "chance")));
    let _changes = form.set_language("en");
    assert_eq!(labels(&form, "one"), ["a en", "b en", "c en", "d en"]);
    assert_eq!(labels(&form, "other"), labels(&form, "one"));
    assert_eq!(labels(&form, "any"), ["b en", "c en", "d en"]);
}

#[test]
fn a_choice_tells_of_the_row_that_it_is_offered_in() {
    let model = r#"<itext><translation lang="vi" default="true()">
        <text id="c-0"><value><output value=" /data/r/ten "/></value></text>
        <text id="c-1"><value>Khác <output value="../../top"/></value></text>
        <text id="c-2"><value>Như <output value="jr:choice-name(/data/top, '/data/top')"/></value></text></translation>
        <translation lang="en"><text id="c-1"><value>Other</value></text></translation></itext>
        <instance id="c"><root><item><itextId>c-0</itextId><name>self</name></item>
        <item><itextId>c-1</itextId><name>other</name></item>
        <item><itextId>c-2</itextId><name>like</name></item></root></instance>
        <bind nodeset="/data/r/said" calculate="jr:choice-name(../q, '../q')"/>"#;
    let list = r#"<itemset nodeset="instance('c')/root/item"><value ref="name"/>
        <label ref="jr:itext(itextId)"/></itemset></select1>"#;
    let body = format!(
        r#"<select1 ref="/data/top"><item><label>X</label><value>x</value></item></select1>
        <select1 ref="/data/pick">{list}<group ref="/data/r"><repeat nodeset="/data/r">
        <input ref="/data/r/ten"/><select1 ref="/data/r/q">{list}</repeat></group>"#
    );
    let mut form =
        start(r#"<top>x</top><pick/><r jr:template=""><ten/><q/><said/></r>"#, model, &body);
    let labels = |form: &Session, path: &str| {
        let choices = form.choices(form.node(path));
        choices.iter().map(|choice| choice.label.text.clone()).collect::<Vec<_>>()
    };
    for (key, name) in [("a", "An"), ("b", "Bình")] {
        form.add_row(form.node("r"), key).expect("a new key");
        form.put(&format!("r[{key}]/ten"), name);
        form.put(&format!("r[{key}]/q"), "self");
    }
    assert_eq!(labels(&form, "r[a]/q"), ["An", "Khác x", "Như X"]);
    assert_eq!(labels(&form, "r[b]/q"), ["Bình", "Khác x", "Như X"]);
    assert_eq!(["a", "b"].map(|key| form.value(&format!("r[{key}]/said"))), ["An", "Bình"]);
    let changes = form.put("r[b]/ten", "Bé");
    let told = |path: &str| {
        let node = form.node(path);
        changes.iter().any(|c| c.node == node && c.aspects.contains(Aspects::CHOICES))
    };
    assert!(told("r[b]/q") && !told("r[a]/q"), "{changes:?}");
    assert_eq!(labels(&form, "r[b]/q"), ["Bé", "Khác x", "Như X"]);
    assert_eq!(form.value("r[b]/said"), "Bé");
    form.set_language("en");
    assert_eq!(labels(&form, "r[b]/q"), ["Bé", "Other", "Như X"]);
}

#[test]
fn a_choice_that_tells_of_itself_comes_to_an_end() {
    let itself = r#"<output value="jr:choice-name('a', concat('/data/', 'q'))"/>"#;
    let form = start(
        "<q/>",
        "",
        &format!(
            r#"<select1 ref="/data/q"><item><label>A {itself}</label><value>a</value></item></select1>"#
        ),
    );
    assert_eq!(form.choices(form.node("q"))[0].label.text, "A A A ");
}

#[test]
fn of_elements_in_a_text_only_what_is_html_counts() {
    let itext = |value: &str| {
        format!(
            r#"<itext><translation lang="vi"><text id="q"><value>{value}</value></text></translation></itext>"#
        )
    };
    for (written, expected, left_out) in [
        ("x <b>bold</b> y", "x  y", 1),
        ("x <odk:b>bold</odk:b> y", "x  y", 1),
        ("x <b>bold <output value=\"/data/a\"/></b> y", "x  y", 1),
        ("x <h:b>bold <h:i>too</h:i></h:b> y", "x bold too y", 0),
        ("x <h:b>of <output value=\"/data/a\"/></h:b> <h:i>no<b>ne</b></h:i>", "x of 5 no", 1),
        ("<output value=\"/data/a\">old</output>!", "5!", 0),
    ] {
        let inline = format!(
            r#"<input ref="/data/c"><label>{written}</label><hint>{written}</hint></input>"#
        );
        let by_id = r#"<input ref="/data/c"><label ref="jr:itext('q')"/><hint ref="jr:itext('q')"/></input>"#;
        for (model, body) in [("", &*inline), (&itext(written), by_id)] {
            let (form, told) = parse_xform(&xform("<a>5</a><c/>", model, body)).expect("XML");
            let kind = ProblemKind::UnknownElement("b".to_owned());
            let times = told.iter().filter(|problem| problem.kind == kind).count();
            // A label and a hint have it each, a translation once for both.
            let each = if model.is_empty() { 2 } else { 1 };
            assert_eq!((times, told.len()), (left_out * each, left_out * each), "{written}");
            let program = compile(form, &Resources::default()).expect("it runs");
            let form = Session::start(Arc::new(program), environment());
            let shown = form.shown("c");
            let texts = [shown.label.map(|label| label.text), shown.hint.map(|hint| hint.text)];
            assert_eq!(texts, [Some(expected.to_owned()), Some(expected.to_owned())], "{written}");
        }
    }
}

#[test]
fn an_output_that_cannot_be_read_says_nothing_and_is_told() {
    let itext = |value: &str| {
        let language = |name: &str| {
            format!(
                r#"<translation lang="{name}"><text id="q"><value>{value}</value></text></translation>"#
            )
        };
        format!("<itext>{}{}</itext>", language("vi"), language("en"))
    };
    for (output, unreadable) in [
        (r#"<output value="1 +"/>"#, true),
        ("<output/>", false),
        (r#"<output value=" "/>"#, false),
    ] {
        let written = format!(r#"x {output} y {output} <output value="/data/a"/>"#);
        let inline = format!(r#"<input ref="/data/c"><label>{written}</label></input>"#);
        let by_id = r#"<input ref="/data/c"><label ref="jr:itext('q')"/></input>"#;
        for (model, body) in [("", &*inline), (&itext(&written), by_id)] {
            let program = try_compile(&xform("<a>5</a><c/>", model, body), &Resources::default())
                .expect("the rest of the form can be used");
            let [warning] = program.warnings() else { panic!("{:?}", program.warnings()) };
            assert_eq!(warning.place, "/data/c");
            let is_told = match &warning.kind {
                ProblemKind::UnreadableOutput { text, offset: 3, .. } => {
                    unreadable && text == "1 +"
                }
                kind => !unreadable && *kind == ProblemKind::EmptyOutput,
            };
            assert!(is_told, "{warning}");
            let form = Session::start(program, environment());
            assert_eq!(label(&form, "c"), "x  y  5");
        }
    }
    // Elsewhere such an expression keeps the form from running.
    let xml = xform("<c/>", "", r#"<input ref="/data/c"><label ref="1 +"/></input>"#);
    assert!(try_compile(&xml, &Resources::default()).is_err());
}

#[test]
fn numbers_of_a_range_have_names_and_those_without_are_answers_all_the_same() {
    let model = r#"<instance id="muc"><root><item><name>1</name><label>Rất kém</label></item><item><name>5</name><label>Rất tốt</label></item></root></instance>
        <bind nodeset="/data/a" type="int"/><bind nodeset="/data/ten" calculate="jr:choice-name(/data/a, '/data/a')"/>"#;
    let body = r#"<range ref="/data/a" start="1" end="5" step="1"><itemset nodeset="instance('muc')/root/item"><value ref="name"/><label ref="label"/></itemset></range>"#;
    let mut session = start("<a/><ten/>", model, body);
    let names = session.choices(session.node("a"));
    let names: Vec<&str> = names.iter().map(|name| name.label.text.as_str()).collect();
    assert_eq!(names, ["Rất kém", "Rất tốt"]);
    for (number, name) in [("5", "Rất tốt"), ("3", "")] {
        session.put("a", number);
        assert_eq!((session.value("a").as_str(), session.value("ten").as_str()), (number, name));
    }
}

#[test]
fn a_range_whose_numbers_have_names_takes_defaults_as_numbers() {
    let model = r#"<instance id="muc"><root><item><name>1</name><label>Kém</label></item></root></instance>
        <bind nodeset="/data/a" type="decimal"/><bind nodeset="/data/b" type="int"/><setvalue event="odk-instance-first-load" ref="/data/b">abc</setvalue>"#;
    let range = |name: &str| {
        format!(
            r#"<range ref="/data/{name}" start="1" end="5" step="1"><itemset nodeset="instance('muc')/root/item"><value ref="name"/><label ref="label"/></itemset></range>"#
        )
    };
    let session = start("<a>3</a><b/>", model, &(range("a") + &range("b")));
    assert_eq!((session.value("a").as_str(), session.value("b").as_str()), ("3.0", ""));
}

#[test]
fn a_pattern_that_cannot_be_read_is_told_with_its_place() {
    let bind = r#"<bind nodeset="/data/a" constraint="regex(., '^(?=.*x)')"/>"#;
    let program = program("<a/>", bind, r#"<input ref="/data/a"/>"#);
    let told: Vec<String> = program.warnings().iter().map(ToString::to_string).collect();
    assert!(
        told.iter().any(|told| told.starts_with("/data/a @constraint: regex() cannot read")),
        "{told:?}"
    );
}

#[test]
fn whoever_reads_an_answer_is_told_what_it_is_called_whatever_the_filter_leaves_today() {
    let model = r#"<itext><translation lang="vi"><text id="l-0"><value>Phường Một</value></text>
        <text id="l-1"><value>Xã Hai</value></text></translation></itext>
        <instance id="l"><root><item><itextId>l-0</itextId><name>mot</name><to>5</to></item>
        <item><itextId>l-1</itextId><name>hai</name><to>9</to></item></root></instance>"#;
    let list = r#"<itemset nodeset="instance('l')/root/item[to &gt; /data/p ]"><value ref="name"/>
        <label ref="jr:itext(itextId)"/></itemset>"#;
    let body = format!(
        r#"{}<select1 ref="/data/one">{list}</select1><select ref="/data/many">{list}</select>"#,
        inputs(&["p"])
    );
    let told = |p: &str, name: &str, answer: &str| {
        let program = program("<p/><one/><many/>", model, &body);
        let fields = [("p", p), (name, answer)].map(|(at, text)| (at.to_owned(), text.to_owned()));
        let session = Session::as_stored(program, environment(), &fields.into());
        let choices = session.choices_with(session.node(name), answer);
        choices.iter().map(|choice| choice.label.text.clone()).collect::<Vec<_>>()
    };
    assert_eq!(told("", "one", "mot"), ["Phường Một"], "the filter leaves nothing");
    assert_eq!(told("7", "many", "hai mot"), ["Xã Hai", "Phường Một"]);
    assert_eq!(told("7", "one", "hai"), ["Xã Hai"], "what is left is as it was");
    assert_eq!(told("7", "one", "ba"), ["Xã Hai"], "nothing is made up");
}
