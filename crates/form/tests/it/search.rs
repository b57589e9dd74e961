//! `search()` in an appearance: its choices are rows of a file, and what the items name are columns.

use std::sync::Arc;

use form::{ProblemKind, Resources, Session, parse_xform, write_xform};

use crate::dsl::{Drive, environment, try_compile, xform};

const FILE: &str = "ma_huyen,ten_huyen,ma_xa,ten_xa,name_en,cap\n\
    h1,Long Khánh,x1,Bảo Quang,Bao Quang,xã\n\
    h1,Long Khánh,x2,Bảo Vinh,Bao Vinh,phường\n\
    h2,Xuân Lộc,x3,Xuân Bảo,Xuan Bao,xã\n\
    h2,Xuân Lộc,x4,XUÂN TRƯỜNG,XUAN TRUONG,xã\n";

/// A form with a question that searches, and one whose answer it searches by.
fn form(appearance: &str, items: &str) -> String {
    let body = format!(
        r#"<input ref="/data/h"/><select1 ref="/data/xa" appearance="{appearance}">{items}</select1>"#
    );
    xform(
        "<h/><xa/><ten/>",
        r#"<bind nodeset="/data/ten" calculate="jr:choice-name(/data/xa, '/data/xa')"/>"#,
        &body,
    )
}

fn item(value: &str, label: &str) -> String {
    format!("<item><label>{label}</label><value>{value}</value></item>")
}

fn open(xml: &str) -> Session {
    let files = [("xa.csv".to_owned(), FILE.to_owned())].into();
    Session::start(try_compile(xml, &Resources { files }).expect("it runs"), environment())
}

fn labels(session: &Session) -> Vec<String> {
    let choices = session.choices(session.node("xa"));
    choices.iter().map(|choice| choice.label.text.clone()).collect()
}

#[test]
fn a_search_offers_the_rows_of_its_file_that_it_asks_for() {
    let cases = [
        ("search('xa')", "", &["x1", "x2", "x3", "x4"][..]),
        ("minimal search(\"xa.csv\") quick", "", &["x1", "x2", "x3", "x4"]),
        ("search('xa', 'matches', 'ma_huyen', /data/h)", "h1", &["x1", "x2"]),
        ("search('xa', 'matches', 'ma_huyen', ../h)", "h2", &["x3", "x4"]),
        ("search('xa', 'matches', 'ma_huyen', concat('h', string(../h)))", "2", &["x3", "x4"]),
        ("search('xa', 'matches', 'ma_huyen', /data/h, 'cap', 'xã')", "h1", &["x1"]),
        ("search('xa', 'matches', 'ma_huyen, ma_xa', /data/h)", "x3", &["x3"]),
        ("search('xa', 'contains', 'name_en', /data/h)", "bao", &["x1", "x2", "x3"]),
        ("search('xa', 'contains', 'name_en', /data/h)", "", &["x1", "x2", "x3", "x4"]),
        ("search('xa', 'startswith', 'name_en', /data/h)", "xuan", &["x3", "x4"]),
        ("search('xa', 'endswith', 'name_en', /data/h)", "Bao", &["x3"]),
        ("search('xa', 'contains', 'name_en', /data/h, 'ma_huyen', 'h1')", "bao", &["x1", "x2"]),
        ("search('xa', 'contains', '', '', 'cap', 'phường')", "", &["x2"]),
        ("search('xa', 'matches', 'ma_huyen', 'it''s)')", "", &[]),
    ];
    for (appearance, text, expected) in cases {
        let appearance = appearance.replace('"', "&quot;").replace("'it''s)'", "&quot;it's)&quot;");
        let mut session = open(&form(&appearance, &item("ma_xa", "ten_xa")));
        session.put("h", text);
        assert_eq!(session.values("xa"), expected, "{appearance}");
    }
}

#[test]
fn what_is_shown_of_a_row_is_told_by_the_label() {
    let cases = [
        ("ten_xa", "Bảo Quang"),
        ("ten_xa,cap", "Bảo Quang (cap: xã)"),
        ("ten_xa cap ma_xa", "Bảo Quang (cap: xã) (ma_xa: x1)"),
        ("", "x1"),
    ];
    for (label, expected) in cases {
        let mut session = open(&form("search('xa')", &item("ma_xa", label)));
        assert_eq!(labels(&session)[0], expected);
        session.put("xa", "x1");
        assert_eq!(session.value("ten"), expected);
    }
}

#[test]
fn another_language_shows_another_column() {
    let text = |language: &str, column: &str| {
        format!(
            r#"<translation lang="{language}"><text id="l-0"><value>{column}</value></text></translation>"#
        )
    };
    let model = format!("<itext>{}{}</itext>", text("vi", "ten_xa,cap"), text("en", "name_en"));
    let body = r#"<select1 ref="/data/xa" appearance="search('xa')"><item><label ref="jr:itext('l-0')"/><value>ma_xa</value></item></select1>"#;
    let mut session = open(&xform("<xa/>", &model, body));
    assert_eq!(labels(&session)[0], "Bảo Quang (cap: xã)");
    session.set_language("en");
    assert_eq!(labels(&session)[0], "Bao Quang");
}

#[test]
fn a_value_in_several_rows_is_one_choice_and_numbers_are_choices_of_the_form() {
    let items = item("ma_huyen", "ten_huyen") + &item("99", "Nơi khác");
    let mut session = open(&form("search('xa')", &items));
    assert_eq!(session.values("xa"), ["99", "h1", "h2"]);
    assert_eq!(labels(&session), ["Nơi khác", "Long Khánh", "Xuân Lộc"]);
    session.put("xa", "h2");
    assert_eq!(session.value("ten"), "Xuân Lộc");
}

#[test]
fn an_answer_that_the_search_no_longer_finds_is_taken_away() {
    let search = "search('xa', 'matches', 'ma_huyen', /data/h)";
    let mut session = open(&form(search, &item("ma_xa", "ten_xa")));
    session.put("h", "h1");
    session.put("xa", "x1");
    session.put("h", "h2");
    assert_eq!(session.value("xa"), "");
}

#[test]
fn in_a_row_it_searches_by_the_answer_of_that_row() {
    let body = r#"<group ref="/data/r"><repeat nodeset="/data/r"><input ref="/data/r/h"/>
        <select1 ref="/data/r/xa" appearance="search('xa', 'matches', 'ma_huyen',  ../h )"><item><label>ten_xa</label><value>ma_xa</value></item></select1></repeat></group>"#;
    let mut session = open(&xform("<r><h/><xa/></r><r><h/><xa/></r>", "", body));
    let rows = ["r[1]", "r[2]"];
    for (row, huyen) in rows.into_iter().zip(["h1", "h2"]) {
        session.put(&format!("{row}/h"), huyen);
    }
    let found: Vec<_> = rows.iter().map(|row| session.values(&format!("{row}/xa"))).collect();
    assert_eq!(found, [["x1", "x2"], ["x3", "x4"]]);
}

#[test]
fn a_form_names_the_file_that_it_searches_in_and_keeps_the_call() {
    let xml = form("search('xa')", &item("ma_xa", "ten_xa"));
    let (read, problems) = parse_xform(&xml).expect("XML");
    assert!(problems.is_empty(), "{problems:?}");
    assert_eq!(read.files().into_iter().collect::<Vec<_>>(), ["jr://file-csv/xa.csv"]);
    let written = write_xform(&read);
    assert!(written.contains("appearance=\"search('xa')\""), "{written}");
    assert_eq!(parse_xform(&written).expect("XML").0, read);
    let program = try_compile(&xml, &Resources::default()).expect("it runs without");
    assert_eq!(program.missing_files(), ["jr://file-csv/xa.csv"]);
    drop(Session::start(Arc::clone(&program), environment()));
}

#[test]
fn a_search_that_says_too_little_is_told() {
    for call in ["search('xa', 'matches')", "search(/data/h)", "search('xa', 'a'", "search()"] {
        let (_, problems) = parse_xform(&form(call, &item("ma_xa", "ten_xa"))).expect("XML");
        let kinds: Vec<_> = problems.into_iter().map(|problem| problem.kind).collect();
        assert_eq!(kinds, [ProblemKind::UnreadableSearch(call.to_owned())], "{call}");
    }
}

#[test]
fn the_columns_of_a_list_that_an_expression_reads_are_told_as_they_come() {
    let cases: [(&str, &[&str]); 5] = [
        ("ten", &["ten"]),
        ("concat(ten, ' (huyen: ', huyen, ')')", &["ten", "huyen"]),
        ("if(jr:itext('xa') = 'ten', ten, name_en)", &["ten", "name_en"]),
        ("jr:itext(itextId)", &["itextId"]),
        ("/data/ten", &[]),
    ];
    for (expression, columns) in cases {
        assert_eq!(form::columns_read(expression), columns, "{expression}");
    }
}
