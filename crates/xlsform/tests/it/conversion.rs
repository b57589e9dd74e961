//! What rows become, piece by piece.

use crate::xml;

/// (what, rows of the survey below the header, pieces of the XML without blanks)
const ROWS: [(&str, &str, &[&str]); 11] = [
    (
        "two questions in a row of a repeat are joined by a relative path",
        "| | begin repeat | r | R | |\n| | integer | a | A | |\n| | integer | b | B | ${a} > 1 |\n| | end repeat | | | |",
        &[r#"<bindnodeset="/data/r/b"type="int"relevant="../a&gt;1"/>"#, r#"<rjr:template="">"#],
    ),
    (
        "outside, the path is from the root",
        "| | integer | a | A | |\n| | integer | b | B | ${a} > 1 |",
        &[r#"relevant="/data/a&gt;1""#],
    ),
    ("a sign alone refers to nothing", "| | note | a | ${ | |", &["<label>${</label>"]),
    ("yes means true", "| | integer | a | A | yes |", &[r#"relevant="true()""#]),
    (
        "a reference in a label is an output",
        "| | text | a | A | |\n| | note | n | Hello ${a}! | |",
        &[
            r#"Hello<outputvalue="/data/a"/>!"#,
            r#"<bindnodeset="/data/n"type="string"readonly="true()"/>"#,
        ],
    ),
    (
        "typographic quotes are straightened",
        "| | text | a | A | |\n| | text | b | B | ${a} = ‘x’ |",
        &[r#"relevant="/data/a='x'""#],
    ),
    (
        "a range has its ends",
        "| | range | a | A | |",
        &[r#"start="1""#, r#"end="10""#, r#"step="1""#, "<range"],
    ),
    (
        "a loop is a group for each choice",
        "| | begin loop over l | p | P | |\n| | integer | n | How many %(label)s | |\n| | end loop | | | |",
        &["<x><n/></x><y><n/></y>", "HowmanyEx", "HowmanyWhy"],
    ),
    (
        "or_other asks to specify",
        "| | select_one l or_other | a | A | |",
        &["<a_other/>", "selected(../a,'other')", "<name>other</name>"],
    ),
    (
        "a thing on the map is asked for by its tags",
        "| | osm tags | a | A | |",
        &[r#"<tagkey="addr:city"><label>City</label></tag></upload>"#],
    ),
    (
        "the last saved record is an instance",
        "| | text | a | A | ${last-saved#a} = '' |",
        &["instance('__last-saved')/data/a", r#"src="jr://instance/last-saved""#],
    ),
];

#[test]
fn rows_become_what_the_specification_says() {
    for (what, rows, pieces) in ROWS {
        let markdown = format!(
            "| survey |\n| | type | name | label | relevant |\n{rows}\n| choices |\n\
            | | list_name | name | label |\n| | l | x | Ex |\n| | l | y | Why |\n| | m | z | Zed |\n\
            | osm |\n| | list name | name | label |\n| | tags | addr:city | City |\n"
        );
        let xml: String = xml(&markdown).split_whitespace().collect();
        for piece in pieces {
            assert!(xml.contains(piece), "{what}: {piece} is not in {xml}");
        }
    }
}

#[test]
fn the_external_choices_become_the_file_beside_the_form() {
    let markdown = "| survey |\n| | type | name | label |\n| | text | a | A |\n\
        | external_choices |\n| | list_name | name | label |\n| | l | x | \"X\" |\n";
    let workbook =
        xlsform::read_workbook(markdown.as_bytes(), xlsform::Kind::Markdown).expect("a table");
    let csv = xlsform::external_choices_csv(&workbook).expect("a file");
    assert_eq!(csv, "\"list_name\",\"name\",\"label\"\n\"l\",\"x\",\"\"\"X\"\"\"\n");
}

#[test]
fn a_medium_of_no_kind_is_none_but_its_question_is_shown() {
    let converted = xml("| survey | | | |\n| | type | name | media |\n| | text | a | m.png |\n");
    assert!(converted.contains("<input") && !converted.contains("m.png"), "{converted}");
}

#[test]
fn what_is_sent_by_itself_is_said_as_odk_does() {
    for (said, is) in [("yes", "true"), ("FALSE", "false"), ("true()", "true"), ("maybe", "maybe")]
    {
        let converted = xml(&format!(
            "| survey | | | |\n| | type | name | label |\n| | text | a | A |\n| settings | | |\n| | auto_send | auto_delete |\n| | {said} | {said} |\n"
        ));
        for name in ["auto-send", "auto-delete"] {
            assert!(converted.contains(&format!("orx:{name}=\"{is}\"")), "{said}: {converted}");
        }
    }
}

#[test]
fn a_group_has_no_hint_to_unfold() {
    let xml = xml(
        "| survey |\n| | type | name | label | guidance_hint |\n| | begin group | g | G | more |\n\
        | | text | a | A | |\n| | end group | | | |\n",
    );
    assert!(!xml.contains("itext"), "{xml}");
}

#[test]
fn what_is_told_when_there_is_no_app_may_name_a_question() {
    let xml =
        xml("| survey |\n| | type | name | label | no_app_error_string |\n| | text | a | A | |\n\
        | | text | b | B | ask ${a} |\n");
    assert!(xml.contains(r#"jr:noAppErrorString="ask  /data/a ""#), "{xml}");
}

#[test]
fn a_table_list_labels_its_first_select_however_deep_it_stands() {
    let xml: String = xml(
        "| survey |\n| | type | name | label | appearance |\n| | begin group | t | | table-list |\n\
        | | begin group | g | G | |\n| | select_one l | a | A | |\n| | end group | | | |\n\
        | | select_one l | b | B | |\n| | end group | | | |\n\
        | choices |\n| | list_name | name | label |\n| | l | x | Ex |\n",
    )
    .split_whitespace()
    .collect();
    let rows = "<t><g><reserved_name_for_field_list_labels_4/><a/></g><b/></t>";
    assert!(xml.contains(rows), "{xml}");
}

#[test]
fn lists_of_external_choices_can_stand_in_the_form_itself() {
    let markdown = "| survey |\n| | type | name | label |\n| | text | tinh | T |\n| | select_one_external xa | xa | X |\n\
        | external_choices |\n| | list_name | name | label::vi | tinh |\n| | xa | a | A | dn |\n| | thon | t | T | |\n\
        | | xa | b | B | bd |\n";
    let workbook =
        xlsform::read_workbook(markdown.as_bytes(), xlsform::Kind::Markdown).expect("a table");
    let lists = xlsform::external_choices_lists(&workbook);
    let [towns, hamlets] = lists.as_slice() else { panic!("{lists:?}") };
    assert_eq!((towns.id.as_str(), hamlets.id.as_str()), ("xa", "thon"));
    let form::definition::Source::Internal(root) = &towns.source else { panic!("{towns:?}") };
    let told = |item: &form::definition::Element| {
        let cells = item.children.iter().map(|cell| format!("{}={}", cell.name, cell.text));
        cells.collect::<Vec<_>>().join(" ")
    };
    let items: Vec<String> = root.children.iter().map(told).collect();
    assert_eq!(items, ["name=a label=A tinh=dn", "name=b label=B tinh=bd"]);
}

#[test]
fn an_input_with_a_query_looks_its_answer_up_in_a_list() {
    let xml: String = xml(
        "| survey |\n| | type | name | label | query | choice_filter |\n| | text | a | A | | |\n\
        | | text | b | B | towns | c = ${a} |\n| | text | c | C | towns | |\n",
    )
    .split_whitespace()
    .collect();
    assert!(xml.contains(r#"query="instance('towns')/root/item[c=/data/a]""#), "{xml}");
    assert!(xml.contains(r#"query="instance('towns')/root/item""#), "{xml}");
}

#[test]
fn a_prefix_stays_with_its_name_where_a_single_colon_parts_a_header() {
    for (header, attribute) in [
        ("bind:odk:length", "odk:length=\"9\""),
        ("bind::odk:length", "odk:length=\"9\""),
        ("instance:orx:kind", "<a orx:kind=\"9\""),
        ("body:accept", "accept=\"9\""),
        ("control:accept", "accept=\"9\""),
    ] {
        let markdown =
            format!("| survey |\n| | type | name | label | {header} |\n| | text | a | A | 9 |\n");
        let xml = xml(&markdown);
        assert!(xml.contains(attribute), "{header}: {xml}");
    }
}

#[test]
fn a_text_that_shows_the_last_saved_record_has_its_instance() {
    let choices = "| choices |\n| | list_name | name | label |\n| | l | x |";
    for sheets in [
        format!("label |\n| | select_one l | a | ${{last-saved#a}} |\n{choices} X |\n"),
        format!("hint |\n| | select_one l | a | ${{last-saved#a}} |\n{choices} X |\n"),
        format!("label |\n| | select_one l | a | A |\n{choices} ${{last-saved#a}} |\n"),
    ] {
        let xml = xml(&format!("| survey |\n| | type | name | {sheets}"));
        assert!(xml.contains(r#"src="jr://instance/last-saved""#), "{sheets}");
    }
}

/// A form whose groups are flat.
fn flat(rows: &str) -> String {
    format!(
        "| survey |\n| | type | name | label::vi | relevant |\n{rows}\n| settings |\n| | flat |\n| | yes |\n"
    )
}

#[test]
fn what_is_in_a_flat_group_stands_beside_it_and_keeps_its_relevance() {
    let xml: String = xml(&flat(
        "| | integer | a | A | |\n| | begin repeat | r | R | |\n| | integer | n | N | |\n\
        | | begin group | g | G | ${a} > 1 or ${n} > 1 |\n| | text | b | B | yes |\n\
        | | begin group | h | H | ${b} = 1 |\n| | note | c | C ${b} | |\n| | end group | | | |\n\
        | | end group | | | |\n| | end repeat | | | |",
    ))
    .split_whitespace()
    .collect();
    for piece in [
        "<r><n/><b/><c/></r>",
        r#"<bindnodeset="/data/r/b"type="string"relevant="(/data/a&gt;1or../n&gt;1)and(true())"/>"#,
        r#"<bindnodeset="/data/r/c"type="string"relevant="(/data/a&gt;1or../n&gt;1)and(../b=1)"readonly="true()"/>"#,
        r#"<group><labelref="jr:itext('/data/r/g:label')"/>"#,
        r#"<group><labelref="jr:itext('/data/r/h:label')"/>"#,
        r#"<outputvalue="../b"/>"#,
    ] {
        assert!(xml.contains(piece), "{piece} is not in {xml}");
    }
    assert!(!xml.contains(r#"<bindnodeset="/data/r""#), "a flat group has no bind: {xml}");
}

#[test]
fn the_namespace_of_entities_is_declared_where_it_is_used() {
    let survey = "| survey |\n| | type | name | label | save_to |\n| | text | a | A | ";
    let declared = r#" xmlns:entities="http://www.opendatakit.org/xforms/entities""#;
    assert!(!xml(&format!("{survey} |\n")).contains(declared));
    let entities = "| entities |\n| | list_name | label |\n| | e | ${a} |\n";
    assert!(xml(&format!("{survey} p |\n{entities}")).contains(declared));
}

/// The XML, without blanks, of a loop over two choices, around one row.
fn in_loop(header: &str, row: &str, label: &str) -> String {
    let markdown = format!(
        "| survey |\n| | type | name | label | {header} |\n| | begin loop over l | p | P | |\n{row}\n\
        | | end loop | | | |\n| choices |\n| | list_name | name | {label} | c |\n\
        | | l | x | Ex | Ếch | |\n| | l | y | Why | Ỷ | |\n| | k | a | A | A | x |\n"
    );
    xml(&markdown).split_whitespace().collect()
}

#[test]
fn the_choice_of_a_loop_is_filled_in_everywhere() {
    for (header, row, pieces) in [
        (
            "choice_filter",
            "| | select_one k | q | Q | c='%(name)s' |",
            ["item[c='x']", "item[c='y']"],
        ),
        ("default", "| | text | q | Q | %(name)s |", ["<q>x</q>", "<q>y</q>"]),
        (
            "default",
            "| | text | q | Q | concat('%(name)s', 1) |",
            ["concat('x',1)", "concat('y',1)"],
        ),
        (
            "media::image",
            "| | note | q | Q | %(name)s.png |",
            ["jr://images/x.png", "jr://images/y.png"],
        ),
        ("instance::foo", "| | text | q | Q | %(name)s |", [r#"<qfoo="x"/>"#, r#"<qfoo="y"/>"#]),
        ("query", "| | text | q | Q | %(name)s |", ["instance('x')/root", "instance('y')/root"]),
        (
            "hint",
            "| | select_one_from_file %(name)s.csv | q | Q | |",
            [r#"<instanceid="x"src="jr://file-csv/x.csv"/>"#, "instance('y')/root"],
        ),
        (
            "hint",
            "| | text | q | 100%% %(label)s %(other)s 5% | |",
            ["100%Ex%(other)s5%", "100%Why%"],
        ),
    ] {
        let xml = in_loop(header, row, "label | note");
        for piece in pieces {
            assert!(xml.contains(piece), "{row}: {piece} is not in {xml}");
        }
    }
}

#[test]
fn a_question_without_a_language_takes_the_label_of_a_choice_in_one() {
    let xml = in_loop("hint", "| | text | q | Q %(label)s | |", "label::en | label::vi");
    assert!(xml.contains("<label>QEx</label>"), "{xml}");
    let in_two = in_loop("label::vi", "| | text | q | | Q %(label)s |", "label::en | label::vi");
    assert!(in_two.contains("QẾch"), "{in_two}");
}

#[test]
fn a_group_that_labels_choices_has_a_blank_label() {
    let xml = xml(
        "| survey |\n| | type | name | label | appearance |\n| | begin group | g | | label |\n\
        | | text | a | A | |\n| | end group | | | |\n",
    );
    assert!(xml.contains("<label> </label>"), "{xml}");
}

#[test]
fn a_path_in_a_text_ends_where_nothing_continues_it() {
    const ITEM: &str = "instance('l')/root/item[name=${a}]";
    let written = |end: &str| {
        let row = format!("| | note | n | ({ITEM}{end} |");
        let xml = xml(&format!(
            "| survey |\n| | type | name | label |\n| | select_one l | a | A |\n{row}\n\
            | choices |\n| | list_name | name | label |\n| | l | x | X |\n"
        ));
        let (_, label) = xml.rsplit_once("<label>").expect("a label");
        label.split_once("</label>").expect("its end").0.replace(' ', "")
    };
    let output = "(<outputvalue=\"instance('l')/root/item[name=/data/a]";
    for end in [",x", ")x", ".x", "!", "?x", ";"] {
        assert_eq!(written(end), format!("{output}\"/>{end}"), "{end}");
    }
    for end in ["/label", "[1]/label", "[1]"] {
        assert_eq!(written(end), format!("{output}{end}\"/>"), "{end}");
    }
    let two = written(ITEM);
    assert_eq!(two.matches("<output").count(), 2, "{two}");
}

#[test]
fn a_prefix_has_a_column_of_its_own_in_the_settings() {
    let sheets = |column: &str, uri: &str| {
        format!(
            "| survey |\n| | type | name | label | instance::e:k |\n| | text | a | A | 1 |\n\
            | settings |\n| | namespaces | {column} |\n| | e=u:e | {uri} |\n"
        )
    };
    let xml = xml(&sheets("attribute::xmlns:f", "http://f").replace("e:k", "f:k"));
    assert!(xml.contains(r#" xmlns:f="http://f""#) && xml.contains(r#"<a f:k="1"/>"#), "{xml}");
    let xml = crate::xml(&sheets("attribute::xml:lang", "vi"));
    assert!(xml.contains(r#"<data xml:lang="vi""#), "{xml}");
    for (column, said) in [("attribute::xmlns:e", "e=u:e"), ("attribute::xmlns:xml", "xml=u:x")] {
        let (form, problems) = crate::of(&sheets(column, "u:x"));
        assert!(form.is_some(), "{problems:?}");
        let told = problems.iter().any(|problem| problem.to_string().contains(said));
        assert!(told, "{column}: {problems:?}");
    }
}
