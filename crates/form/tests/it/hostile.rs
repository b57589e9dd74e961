//! Forms and files that mean harm, or were written by mistake: each ends with a word about what is wrong, within
//! bounds, on a stack as small as a browser's.

use std::thread;

use form::{Problem, ProblemKind, Resources, Session, XformError, compile, parse_xform};

use crate::dsl::{Drive, environment, inputs, start, try_compile, xform};

/// Less than a browser gives to WebAssembly; the frames of a build for tests are more than twice as large.
const STACK: usize = if cfg!(debug_assertions) { 1536 << 10 } else { 640 << 10 };

/// Runs `work` on a small stack.
fn on_a_small_stack<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    thread::scope(|scope| {
        let thread = thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work);
        thread.expect("a thread").join().expect("the stack is large enough")
    })
}

fn problems(xml: &str) -> Vec<Problem> {
    try_compile(xml, &Resources::default()).expect_err("the form is refused")
}

#[test]
fn elements_nested_without_end_are_refused() {
    let deep = |tag: &str, n: usize| {
        format!("{}{}", format!("<{tag}>").repeat(n), format!("</{tag}>").repeat(n))
    };
    let cases = [
        deep("a", 200_000),
        xform(&deep("a", 200_000), "", ""),
        xform("<a/>", "", &deep("group", 100_000)),
        xform("<a/>", &format!("<instance id=\"x\">{}</instance>", deep("a", 100_000)), ""),
    ];
    for xml in &cases {
        let error = on_a_small_stack(|| parse_xform(xml).expect_err("too deep"));
        assert!(matches!(error, XformError::TooDeep(_)), "{error}");
    }
}

#[test]
fn as_much_nesting_as_is_allowed_fits_on_the_stack() {
    let n = 110;
    let names: Vec<String> = (0..n).map(|n| format!("g{n}")).collect();
    let open: String = names.iter().map(|name| format!("<{name}>")).collect();
    let close: String = names.iter().rev().map(|name| format!("</{name}>")).collect();
    let path = format!("/data/{}/x", names.join("/"));
    let groups = |n: usize| format!("/data/{}", names[..=n].join("/"));
    let body: String = (0..n).map(|n| format!("<group ref=\"{}\">", groups(n))).collect();
    let xml = xform(
        &format!("{open}<x/>{close}<y/>"),
        &format!("<bind nodeset=\"{path}\" relevant=\"/data/y != '1'\"/>"),
        &format!("{body}<input ref=\"{path}\"/>{}<input ref=\"/data/y\"/>", "</group>".repeat(n)),
    );
    on_a_small_stack(|| {
        let program = try_compile(&xml, &Resources::default()).expect("a deep form");
        let mut form = Session::start(program, environment());
        let path = format!("{}/x", names.join("/"));
        form.put(&path, "deep");
        assert!(form.to_xml().contains("<x>deep</x>"));
        form.put("y", "1");
        assert!(!form.to_xml().contains("<x>deep</x>"));
        assert_eq!(form::write_xform(form.program().form()).matches("<group").count(), n);
    });
}

#[test]
fn expressions_nested_without_end_are_refused_with_their_place() {
    for (open, close) in
        [("(", ")"), ("not(", ")"), ("1 or 1 and 1 = 1 &lt; 1 + 1 * -(", ")"), ("a[", "]")]
    {
        for depth in [100_000, 199] {
            let text = format!("{}1{}", open.repeat(depth), close.repeat(depth));
            let xml = xform(
                "<a/>",
                &format!("<bind nodeset=\"/data/a\" relevant=\"{text}\"/>"),
                &inputs(&["a"]),
            );
            on_a_small_stack(|| match try_compile(&xml, &Resources::default()) {
                Ok(program) => drop(Session::start(program, environment())),
                Err(problems) => {
                    assert_eq!(problems[0].place, "/data/a @relevant");
                    assert!(matches!(&problems[0].kind, ProblemKind::Expression { .. }), "{open}");
                }
            });
        }
    }
}

#[test]
fn entities_are_not_expanded() {
    let bomb = r#"<?xml version="1.0"?><!DOCTYPE b [<!ENTITY a "ha"><!ENTITY c "&a;&a;&a;&a;&a;&a;&a;&a;">
        <!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;"><!ENTITY e SYSTEM "file:///etc/passwd">]>"#;
    let form = xform("<a>&d;&e;</a>", "", "");
    let xml = form.replacen(r#"<?xml version="1.0"?>"#, bomb, 1);
    let Err(XformError::Xml { line, .. }) = parse_xform(&xml) else { panic!("a document type") };
    assert_eq!(line, 1);
}

#[test]
fn a_cycle_of_thousands_is_told_once() {
    let n = 5_000;
    let data: String = (0..n).map(|n| format!("<c{n}/>")).collect();
    let bind = |i: usize| {
        format!(r#"<bind nodeset="/data/c{i}" calculate="/data/c{} + 1"/>"#, (i + 1) % n)
    };
    let binds: String = (0..n).map(bind).collect();
    let told = on_a_small_stack(|| problems(&xform(&data, &binds, "")));
    let [problem] = told.as_slice() else { panic!("{} problems", told.len()) };
    let ProblemKind::Cycle(names) = &problem.kind else { panic!("{problem}") };
    assert_eq!(names.len(), n + 1);
}

#[test]
fn a_form_full_of_mistakes_is_told_all_of_them() {
    let n = 5_000;
    let data: String = (0..n).map(|n| format!("<c{n}/>")).collect();
    let bind =
        |i: usize| format!(r#"<bind nodeset="/data/c{i}" calculate="1 +" constraint="nope("/>"#);
    let binds: String = (0..n).map(bind).collect();
    let told = problems(&xform(&data, &binds, ""));
    assert_eq!(told.len(), 2 * n);
    assert_eq!(told[3].place, "/data/c1 @calculate");
}

#[test]
fn a_count_of_rows_beyond_all_measure_is_cut_off_and_told() {
    let mut form = start(
        r#"<n/><outer jr:template=""><inner jr:template=""><x/><y/></inner></outer>"#,
        "",
        r#"<input ref="/data/n"/><group ref="/data/outer"><repeat nodeset="/data/outer" jr:count=" /data/n ">
           <group ref="/data/outer/inner"><repeat nodeset="/data/outer/inner" jr:count=" /data/n ">
           <input ref="/data/outer/inner/x"/></repeat></group></repeat></group>"#,
    );
    form.put("n", "2");
    assert!(form.faults().is_empty());
    form.put("n", "99999999");
    let faults = form.faults();
    assert!(faults.iter().any(|fault| fault.contains("more than a record can hold")), "{faults:?}");
    assert!(form.fields().len() < 1_000_000);
    form.put("n", "3");
    assert_eq!(form.children(form.node("outer")).len(), 3);
    assert!(form.faults().is_empty(), "{:?}", form.faults());
}

#[test]
fn actions_that_set_off_each_other_end() {
    let mut form = start(
        "<a>0</a><b>0</b>",
        "",
        r#"<input ref="/data/a"><setvalue event="xforms-value-changed" ref="/data/b" value="/data/a + 1"/></input>
           <input ref="/data/b"><setvalue event="xforms-value-changed" ref="/data/a" value="/data/b + 1"/></input>"#,
    );
    form.put("a", "1");
    let a: f64 = form.value("a").parse().expect("a number");
    assert!(a > 1.0 && a < 1_000.0, "{a}");
}

#[test]
fn a_text_of_everything_below_costs_what_is_below() {
    let items = "<item><name>n</name></item>".repeat(4_000);
    let form = start(
        "<a/><b/>",
        &format!(
            r#"<instance id="x"><root>{items}</root></instance><bind nodeset="/data/a"
            calculate="count(instance('x')/root/item[string(instance('x')/root) = 'y'])"/><bind nodeset="/data/b"
            calculate="count(instance('x')/root/item[string(.) = 'n'])"/>"#
        ),
        "",
    );
    assert_eq!(form.value("b"), "4000");
    let faults = form.faults();
    assert!(matches!(&*faults, [fault] if fault.ends_with("takes too long")), "{faults:?}");
}

#[test]
fn rows_that_read_their_neighbours_in_a_ring_end() {
    let mut form = start(
        r#"<row jr:template=""><x/><sum/></row>"#,
        r#"<bind nodeset="/data/row/sum" calculate="number(../x) + sum(/data/row[position() != position(current()/..)]/sum)"/>"#,
        r#"<repeat nodeset="/data/row"><input ref="/data/row/x"/></repeat>"#,
    );
    for key in ["a", "b", "c"] {
        form.add_row(form.node("row"), key).expect("a new key");
        form.put(&format!("row[{key}]/x"), "1");
    }
    assert!(form.evaluated() < 100_000, "{}", form.evaluated());
}

#[test]
fn files_that_are_none_are_told_and_the_form_runs() {
    let deep =
        |open: &str, close: &str| format!("{}{}", open.repeat(100_000), close.repeat(100_000));
    let model = r#"<instance id="g" src="jr://file/g.geojson"/><instance id="x" src="jr://file/x.xml"/>
        <instance id="c" src="jr://file-csv/c.csv"/>"#;
    let xml = xform("<a/>", model, &inputs(&["a"]));
    for (geojson, xml_file, csv) in [
        ("", "", ""),
        ("{", "<a>", "\"a,b\n1"),
        (deep("[", "]").as_str(), deep("<a>", "</a>").as_str(), &"\",".repeat(10_000)),
        (
            r#"{"features":[{"geometry":{"type":"Point","coordinates":[1]}}]}"#,
            "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
            "\u{feff}\r\n\r\n;;;\u{0}",
        ),
    ] {
        let files = [("g.geojson", geojson), ("x.xml", xml_file), ("c.csv", csv)];
        let resources = Resources {
            files: files.map(|(name, text)| (name.to_owned(), text.to_owned())).into(),
        };
        let warnings = on_a_small_stack(|| {
            let (form, _) = parse_xform(&xml).expect("the form is XML");
            let program = compile(form, &resources).expect("a missing file does not stop a form");
            program.warnings().to_vec()
        });
        let unreadable =
            |problem: &&Problem| matches!(problem.kind, ProblemKind::UnreadableResource { .. });
        assert_eq!(warnings.iter().filter(unreadable).count(), 2, "{warnings:?}");
        assert_eq!(warnings[0].place, "instance('g')");
    }
}

fn kinds(problems: &[Problem]) -> Vec<&ProblemKind> {
    problems.iter().map(|problem| &problem.kind).collect()
}

#[test]
fn an_action_of_the_model_that_only_a_new_row_starts_is_refused() {
    let body = |action: &str| {
        format!(
            r#"<input ref="/data/a">{action}</input><repeat nodeset="/data/r"><input ref="/data/r/b"/></repeat>"#
        )
    };
    let action = |event: &str| format!(r#"<setvalue event="{event}" ref="/data/a" value="1"/>"#);
    let in_model = |event: &str| xform("<a/><r><b/></r>", &action(event), &body(""));
    for event in ["odk-new-repeat", " odk-new-repeat odk-new-repeat "] {
        let told = problems(&in_model(event));
        assert_eq!(kinds(&told), [&ProblemKind::NewRepeatInModel], "{event}");
        assert_eq!(told[0].place, "/data/a @event");
    }
    // What else starts it still does, and so do the other parts of a form whose question waits for rows.
    let runs = |xml: &str| {
        let program = try_compile(xml, &Resources::default()).expect("a warning stops nothing");
        assert_eq!(kinds(program.warnings()), [&ProblemKind::EventOutsideRepeat]);
        Session::start(program, environment()).value("a")
    };
    assert_eq!(runs(&in_model("odk-instance-first-load odk-new-repeat")), "1");
    assert_eq!(runs(&xform("<a/><r><b/></r>", "", &body(&action("odk-new-repeat")))), "");
}

#[test]
fn what_lacks_its_main_part_is_refused() {
    let list = r#"<instance id="c"><root><item><name>x</name></item></root></instance>"#;
    let first =
        |rest: &str| format!(r#"<setvalue event="odk-instance-first-load" {rest} value="1"/>"#);
    let select = |value: &str| {
        format!(
            r#"<select1 ref="/data/a"><itemset nodeset="instance('c')/root/item">{value}</itemset></select1>"#
        )
    };
    let repeat = |nodeset: &str| format!(r#"<repeat {nodeset}><input ref="/data/r/b"/></repeat>"#);
    let input =
        r#"<input ref="/data/a"><setvalue event="xforms-value-changed" value="1"/></input>"#;
    for (model, body, place, kind) in [
        ("", &*repeat(""), "/data repeat", ProblemKind::NoNodeset),
        ("", &repeat(r#"nodeset="""#), "/data repeat", ProblemKind::NoNodeset),
        (list, &select(""), "/data/a itemset", ProblemKind::NoItemsetValue),
        (list, &select("<value/>"), "/data/a itemset", ProblemKind::NoItemsetValue),
        (&first(""), "", "model", ProblemKind::NoTarget),
        (&first(r#"bind="nope""#), "", "model", ProblemKind::NoTarget),
        ("", input, "/data/a", ProblemKind::NoTarget),
        (
            r#"<odk:setgeopoint event="odk-instance-first-load"/>"#,
            "",
            "model",
            ProblemKind::NoTarget,
        ),
        (
            r#"<setvalue event="" ref="/data/a" value="1"/>"#,
            "",
            "/data/a @event",
            ProblemKind::NoEvent,
        ),
    ] {
        let told = problems(&xform("<a/><r><b/></r>", model, body));
        assert_eq!(told, [Problem { place: place.to_owned(), kind }], "{model}{body}");
    }
    // An expression that is empty, and what never happens, stop nothing.
    let tolerated = [
        (r#"<bind nodeset="/data/a" relevant=""/>"#, ""),
        (r#"<setvalue ref="/data/a" value="1"/>"#, ""),
        (r#"<odk:recordaudio event="odk-instance-first-load"/>"#, ""),
        ("", r#"<select1 ref="/data/a"><item><value/></item></select1>"#),
        ("", r#"<repeat ref="/data/r"><input ref="/data/r/b"/></repeat>"#),
        ("", r#"<repeat nodeset="1"><input ref="/data/a"/></repeat>"#),
    ];
    for (model, body) in tolerated {
        let loaded = try_compile(&xform("<a/><r><b/></r>", model, body), &Resources::default());
        assert!(loaded.is_ok(), "{model}{body}: {loaded:?}");
    }
}

#[test]
fn a_choice_without_a_value_is_refused_with_its_line() {
    let xml =
        xform("<a/>", "", "\n<select1 ref=\"/data/a\">\n <item><label>x</label></item></select1>");
    let (before, _) = xml.split_once("<item>").expect("it is there");
    let line = 1 + u32::try_from(before.matches('\n').count()).expect("few");
    assert_eq!(
        parse_xform(&xml).expect_err("the form is refused"),
        XformError::Incomplete { element: "item", part: "value", line, column: 2 }
    );
}
