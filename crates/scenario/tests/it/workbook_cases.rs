//! The runner of workbooks: every assertion of a case counts.

use std::path::PathBuf;

use scenario::xlsform_cases;

/// What the runner says of one case with a question `a` of this type, and whether it holds.
fn run(name: &str, kind: &str, asserts: &str) -> (bool, String) {
    let grid = format!(
        r#"{{"survey": [["type", "name", "label", "max-pixels"], ["{kind}", "a", "A  <b>", null]]}}"#
    );
    let xform = "<h:html xmlns:h='http://www.w3.org/1999/xhtml'/>";
    let case = format!(
        r#"{{"id": "c", "ok": true, "grid": {grid}, "xform": "{xform}", "asserts": {{{asserts}}}}}"#
    );
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("workbook-{name}.jsonl"));
    std::fs::write(&path, case).expect("a file");
    let mut said = Vec::new();
    let holds = xlsform_cases::run(&[path], None, &mut said).expect("a run");
    (holds, String::from_utf8(said).expect("text"))
}

#[test]
fn every_kind_of_assertion_is_held_against_the_form() {
    let ask = "\"//x:input\"";
    for (what, asserts, holds) in [
        ("match", format!(r#""xpath_match": [{ask}]"#), true),
        ("count", format!(r#""xpath_count": [[{ask}, 2]]"#), false),
        (
            "exact",
            format!(
                r#""xpath_exact": [[{ask}, ["<input ref=\"/data/a\">\n <label>A &lt;b&gt;</label> </input>"]], ["//x:input/@ref", ["/data/a"]]]"#
            ),
            true,
        ),
        ("not-exact", r#""xpath_exact": [["//x:input/@ref", ["/data/b"]]]"#.to_owned(), false),
        (
            "contains",
            r#""xml_contains": ["<bind nodeset=\"/data/a\" type=\"string\"/>\n<bind"], "model_contains": ["xmlns:odk="], "instance_contains": ["<a/>"]"#
                .to_owned(),
            true,
        ),
        (
            "sorted",
            r#""xml_contains": ["<bind nodeset=\"/data/meta/instanceID\" readonly=\"true()\" type=\"string\" jr:preload=\"uid\"/>"]"#
                .to_owned(),
            true,
        ),
        ("elsewhere", r#""instance_contains": ["<bind"]"#.to_owned(), false),
        ("no-part", r#""itext_contains": ["<text"]"#.to_owned(), false),
        ("excludes", r#""model_excludes": ["<input"], "itext_excludes": ["<text"]"#.to_owned(), true),
        ("there", r#""xml_excludes": ["<input"]"#.to_owned(), false),
    ] {
        let (held, said) = run(what, "text", &asserts);
        assert_eq!(held, holds, "{what}: {said}");
    }
}

#[test]
fn what_is_asserted_of_a_form_that_is_none_has_failed() {
    let (held, said) = run("none", "txet", r#""xpath_match": ["//x:input"], "warnings_count": 0"#);
    assert!(!held);
    assert!(said.contains("asserts: 0 passed, 2 failed"), "{said}");
}
