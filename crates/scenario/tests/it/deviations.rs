//! The known deviations of docs/conformance.md, a small form each: where the engines agree and ours answers otherwise. A case
//! that gives their answer has been mended: it becomes a test of its own, and the document loses its line.

use std::path::Path;

use form::Resources;
use scenario::scenario::Scenario;

use crate::pack::{DECEMBER_2024, environment};

/// A deviation: how its line in the document begins, what of it a form shows.
struct Deviation {
    line: &'static str,
    shown: fn() -> String,
    ours: &'static str,
    theirs: &'static str,
}

const KNOWN: &[Deviation] = &[
    // XPath, in the tier of one engine.
    Deviation {
        line: "`jr:itext()` gives text",
        shown: || calculated("count(jr:itext('hello'))"),
        ours: "",
        theirs: "1",
    },
    Deviation {
        line: "`number()` of a date and time keeps the part of the day",
        shown: || calculated("number('2024-11-23T12:00:00.000+00:00') mod 1"),
        ours: "0.5",
        theirs: "0",
    },
    Deviation {
        line: "`once()` of NaN is NaN",
        shown: || calculated("string-length(once(number('x')))"),
        ours: "3",
        theirs: "0",
    },
    Deviation {
        line: "`uuid(n)` gives letters and digits",
        shown: || calculated("regex(uuid(200), '^[0-9a-f]+$')"),
        ours: "false",
        theirs: "true",
    },
    // Forms.
    Deviation {
        line: "A required node that is calculated and has no question",
        shown: || {
            let form = open(
                "<q/><c/>",
                r#"<bind nodeset="/data/c" calculate="''" required="true()"/>"#,
                r#"<input ref="/data/q"/>"#,
            );
            form.violations().len().to_string()
        },
        ours: "0",
        theirs: "1",
    },
    Deviation {
        line: "From outside a repeat an action sets the node of the first row",
        shown: || {
            let form = open(
                "<r><v/></r><r><v/></r>",
                r#"<setvalue event="odk-instance-first-load" ref="/data/r/v" value="'set'"/>"#,
                r#"<repeat nodeset="/data/r"><input ref="/data/r/v"/></repeat>"#,
            );
            form.value("r[1]/v") + "," + &form.value("r[2]/v")
        },
        ours: "set,",
        theirs: ",",
    },
    Deviation {
        line: "The actions of rows that a `jr:count` makes come after",
        shown: || {
            let form = open(
                "<n>2</n><r><v/><c/></r>",
                r#"<bind nodeset="/data/r/c" calculate="'ready'"/>"#,
                r#"<repeat nodeset="/data/r" jr:count="/data/n"><setvalue event="odk-new-repeat" ref="/data/r/v" value="../c"/>
                   <input ref="/data/r/v"/></repeat>"#,
            );
            form.value("r[2]/v")
        },
        ours: "ready",
        theirs: "",
    },
    Deviation {
        line: "Rows that a `jr:count` takes away and asks for again",
        shown: || {
            let mut form = open(
                "<n>2</n><r><v/></r>",
                r#"<bind nodeset="/data/n" type="int"/>"#,
                r#"<input ref="/data/n"/><repeat nodeset="/data/r" jr:count="/data/n"><input ref="/data/r/v"/></repeat>"#,
            );
            for (path, answer) in [("r[2]/v", "x"), ("n", "1"), ("n", "2")] {
                form.answer(path, answer).expect("it is a question");
            }
            form.value("r[2]/v")
        },
        ours: "x",
        theirs: "",
    },
    Deviation {
        line: "A default that is a whole number beyond 32 bits stays",
        shown: || {
            let form = open(
                "<q>9999999999</q>",
                r#"<bind nodeset="/data/q" type="int"/>"#,
                r#"<input ref="/data/q"/>"#,
            );
            form.value("q")
        },
        ours: "9999999999",
        theirs: "",
    },
    Deviation {
        line: "A default that its filter does not offer goes",
        shown: || {
            let mut form = open(
                "<a/><q>y</q><log/>",
                r#"<instance id="l"><root><item><name>x</name></item><item><name>y</name></item></root></instance>
                   <bind nodeset="/data/q" relevant="/data/a = 'x'"/>"#,
                r#"<input ref="/data/a"/>
                   <select1 ref="/data/q"><itemset nodeset="instance('l')/root/item[name = /data/a]"><value ref="name"/>
                   <label ref="name"/></itemset>
                   <setvalue event="xforms-value-changed" ref="/data/log" value="'changed'"/></select1>"#,
            );
            form.answer("a", "x").expect("it is a question");
            form.value("log")
        },
        ours: "changed",
        theirs: "",
    },
    Deviation {
        line: "The text `NaN`, calculated, is empty",
        shown: || calculated("string(number('x'))"),
        ours: "",
        theirs: "NaN",
    },
    Deviation {
        line: "The text `NaN`, calculated, is empty",
        shown: || {
            let mut form = open(
                "<q/>",
                r#"<bind nodeset="/data/q" type="decimal"/>"#,
                r#"<input ref="/data/q"/>"#,
            );
            form.answer("q", "-0").expect("it is a question");
            form.value("q")
        },
        ours: "0.0",
        theirs: "-0.0",
    },
];

/// Lines of which no small form shows anything, and why.
const NOT_SHOWN: &[(&str, &str)] = &[
    ("`namespace::` nodes come before", "a form has no expression whose answer that changes"),
    ("`randomize()` without seed", "any order is right, and so is the one that a case recorded"),
];

#[test]
fn each_known_deviation_still_is_one() {
    for Deviation { line, shown, ours, theirs } in KNOWN {
        let got = shown();
        assert_ne!(got, *theirs, "mended: {line}. Make it a test of its own, take its line out");
        assert_eq!(got, *ours, "{line}");
    }
}

#[test]
fn the_document_lists_those_and_no_others() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/conformance.md");
    let document = std::fs::read_to_string(path).expect("the document is there");
    let sections = document.split("### Known deviations").skip(1);
    let bodies = sections.filter_map(|section| section.split("\n#").next());
    let lines: Vec<&str> = bodies.flat_map(|body| body.split("\n- ").skip(1)).collect();
    let known: Vec<&str> = KNOWN.iter().map(|known| known.line).collect();
    let named = || known.iter().copied().chain(NOT_SHOWN.iter().map(|(line, _)| *line));
    for line in &lines {
        let found = named().any(|known| line.starts_with(known));
        assert!(found, "no case, and no word why there is none: {line}");
    }
    for known in named() {
        assert!(lines.iter().any(|line| line.starts_with(known)), "not in the document: {known}");
    }
}

fn open(instance: &str, model: &str, body: &str) -> Scenario {
    let xml = format!(
        r#"<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml" xmlns:jr="http://openrosa.org/javarosa"
         xmlns:odk="http://www.opendatakit.org/xforms"><h:head><h:title>F</h:title><model>
         <itext><translation lang="vi"><text id="hello"><value>Xin chào</value></text></translation></itext>
         <instance><data id="f">{instance}</data></instance>{model}</model></h:head><h:body>{body}</h:body></h:html>"#
    );
    Scenario::open(&xml, &Resources::default(), environment(DECEMBER_2024)).expect("the form opens")
}

/// What a calculation gives in a text.
fn calculated(expression: &str) -> String {
    let bind = format!(r#"<bind nodeset="/data/c" calculate="{expression}"/>"#);
    open("<c/>", &bind, "").value("c")
}
