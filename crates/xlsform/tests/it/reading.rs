//! Files in: good, damaged, huge.

use std::io::{Cursor, Write};

use rust_xlsxwriter::{Formula, Workbook};
use xlsform::{Kind, Options, ProblemKind, ReadError, convert, read_workbook};

const ROWS: [[&str; 3]; 2] = [["type", "name", "label"], ["text", "a", "A"]];

/// A survey sheet with one question.
fn survey(workbook: &mut Workbook) -> &mut rust_xlsxwriter::Worksheet {
    let sheet = workbook.add_worksheet().set_name("survey").expect("a name");
    for (row, cells) in ROWS.iter().enumerate() {
        sheet.write_row(u32::try_from(row).expect("few"), 0, *cells).expect("cells");
    }
    sheet
}

#[test]
fn what_is_no_spreadsheet_is_refused() {
    let mut truncated = Workbook::new();
    survey(&mut truncated);
    let bytes = truncated.save_to_buffer().expect("bytes");
    let middle = bytes.get(..bytes.len() / 2).expect("half");
    for bytes in [&b""[..], b"hello", b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", middle] {
        let read = read_workbook(bytes, Kind::Spreadsheet);
        assert!(matches!(read, Err(ReadError::NotASpreadsheet(_))), "{read:?}");
    }
    assert_eq!(read_workbook(b"\xff\xfe", Kind::Csv), Err(ReadError::NotText));
    assert_eq!(read_workbook(b"no table", Kind::Markdown), Err(ReadError::NoTable));
}

#[test]
fn every_broken_byte_gives_an_answer_and_no_panic() {
    let mut workbook = Workbook::new();
    survey(&mut workbook);
    let bytes = workbook.save_to_buffer().expect("bytes");
    for at in (0..bytes.len()).step_by(53) {
        let mut broken = bytes.clone();
        broken[at] ^= 0x5a;
        if let Ok(workbook) = read_workbook(&broken, Kind::Spreadsheet) {
            let (_form, _problems) = convert(&workbook, &Options::default());
        }
    }
}

#[test]
fn cells_are_read_as_a_form_means_them() {
    let mut workbook = Workbook::new();
    let sheet = survey(&mut workbook);
    sheet.write_number(1, 5, 1.0).expect("a number");
    sheet.write_number(1, 6, 2.5).expect("a number");
    sheet.write_boolean(1, 7, true).expect("a truth");
    sheet.write_string(1, 8, " blanks\u{a0}around ").expect("a text");
    let bytes = workbook.save_to_buffer().expect("bytes");
    let read = read_workbook(&bytes, Kind::Spreadsheet).expect("a workbook");
    let cells: Vec<_> = read.sheets[0].rows[1].iter().flatten().map(String::as_str).collect();
    assert_eq!(cells, ["text", "a", "A", "1", "2.5", "TRUE", "blanks around"]);
}

#[test]
fn a_formula_is_read_by_its_result_and_told() {
    let mut workbook = Workbook::new();
    let sheet = survey(&mut workbook);
    sheet.write_formula(1, 2, Formula::new("=\"B\"").set_result("B")).expect("a formula");
    let bytes = workbook.save_to_buffer().expect("bytes");
    let read = read_workbook(&bytes, Kind::Spreadsheet).expect("a workbook");
    let (form, problems) = convert(&read, &Options::default());
    assert!(form.is_some());
    let said: Vec<_> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(said, ["survey!C2 (label): the cell holds a formula; its stored result is used"]);
}

#[test]
fn a_sheet_with_too_many_rows_is_an_error_at_the_row_where_reading_stops() {
    let mut workbook = Workbook::new();
    let sheet = survey(&mut workbook);
    for row in (60..=100_020).step_by(60) {
        sheet.write_string(row, 0, "text").expect("a cell");
    }
    let bytes = workbook.save_to_buffer().expect("bytes");
    let read = read_workbook(&bytes, Kind::Spreadsheet).expect("a workbook");
    let (form, problems) = convert(&read, &Options::default());
    assert!(form.is_none());
    let too_large = problems.iter().find(|p| p.kind == ProblemKind::SheetTooLarge);
    assert_eq!(too_large.and_then(|p| p.row), Some(100_021));
}

/// An archive of these files.
fn archive(files: &[(&str, &str)]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in files {
        archive.start_file(*name, zip::write::SimpleFileOptions::default()).expect("a name");
        archive.write_all(text.as_bytes()).expect("memory");
    }
    archive.finish().expect("memory").into_inner()
}

/// A workbook whose survey has these rows, as the XML of its sheet.
fn workbook_of(rows: &str) -> Vec<u8> {
    workbook_with(rows, &[])
}

/// The same with more files in the archive.
fn workbook_with(rows: &str, more: &[(&str, &str)]) -> Vec<u8> {
    const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    const OFFICE: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    const PACKAGE: &str = "http://schemas.openxmlformats.org/package/2006/relationships";
    let workbook = format!(
        r#"<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets><sheet name="survey" sheetId="1" r:id="r1"/></sheets></workbook>"#
    );
    let relation = |kind: &str, target: &str| {
        format!(
            r#"<Relationships xmlns="{PACKAGE}"><Relationship Id="r1" Type="{OFFICE}/{kind}" Target="{target}"/></Relationships>"#
        )
    };
    let sheet = format!(r#"<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>"#);
    let package = relation("officeDocument", "xl/workbook.xml");
    let relations = relation("worksheet", "worksheets/sheet1.xml");
    let mut files = vec![
        ("_rels/.rels", package.as_str()),
        ("xl/workbook.xml", &workbook),
        ("xl/_rels/workbook.xml.rels", &relations),
        ("xl/worksheets/sheet1.xml", &sheet),
    ];
    files.extend(more);
    archive(&files)
}

#[test]
fn a_cell_at_an_impossible_place_is_refused_without_a_panic() {
    let right = r#"<row r="1"><c r="A1" t="str"><v>type</v></c></row>"#;
    let read = read_workbook(&workbook_of(right), Kind::Spreadsheet).unwrap();
    assert_eq!(read.sheets[0].rows[0][0].as_deref(), Some("type"));
    for place in ["ZZZZZZZZZZZ1", "A99999999999999999999"] {
        let wrong = right.replace("A1", place);
        let refused = read_workbook(&workbook_of(&wrong), Kind::Spreadsheet);
        assert!(matches!(refused, Err(ReadError::NotASpreadsheet(_))), "{place}: {refused:?}");
    }
}

/// Shared texts that say how many they are.
fn shared(count: &str, texts: &str) -> String {
    let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    format!(r#"<?xml version="1.0"?><!-- > <sst --><sst xmlns="{main}" {count}>{texts}</sst>"#)
}

#[test]
fn room_is_not_taken_for_more_texts_than_a_workbook_has() {
    let cell = r#"<row r="1"><c r="A1" t="s"><v>0</v></c></row>"#;
    let read = |name: &str, count: &str| {
        let list = shared(count, "<si><t>type</t></si>");
        read_workbook(&workbook_with(cell, &[(name, &list)]), Kind::Spreadsheet)
    };
    for count in ["", "uniqueCount=\"1\"", "count='9' uniqueCount=''", "uniqueCount=\"00005000\""] {
        let read = read("xl/sharedStrings.xml", count).expect(count);
        assert_eq!(read.sheets[0].rows[0][0].as_deref(), Some("type"));
    }
    // Names in an archive are found whatever their letters.
    for name in ["xl/sharedStrings.xml", "XL\\SHAREDSTRINGS.XML"] {
        for count in ["10000000000", "99999999999999999999999", "4000001"] {
            let refused = read(name, &format!("count=\"1\"\nuniqueCount = '{count}'"));
            assert!(matches!(refused, Err(ReadError::TooLarge { .. })), "{name}: {refused:?}");
        }
    }
}

#[test]
fn room_is_not_taken_for_a_shared_formula_by_its_number() {
    let row = r#"<row r="1"><c r="A1" t="str"><f t="shared" si="9999999999" ref="A1:A2">"type"</f><v>type</v></c></row>
        <row r="2"><c r="A2" t="str"><f t="shared" si="9999999999"/><v>text</v></c></row>"#;
    let read = read_workbook(&workbook_of(row), Kind::Spreadsheet).expect("a workbook");
    assert_eq!(read.sheets[0].rows[1][0].as_deref(), Some("text"));
    assert_eq!(read.sheets[0].notes.len(), 2);
}

#[test]
fn a_long_text_that_many_cells_share_is_not_kept_for_each() {
    let text = "x".repeat(1 << 20);
    let cells: String = (1..=200)
        .map(|n| format!(r#"<row r="{n}"><c r="A{n}" t="s"><v>0</v></c></row>"#))
        .collect();
    let list = shared("", &format!("<si><t>{text}</t></si>"));
    let workbook = workbook_with(&cells, &[("xl/sharedStrings.xml", &list)]);
    let read = read_workbook(&workbook, Kind::Spreadsheet).expect("a workbook");
    assert_eq!(read.sheets[0].rows.len(), 128);
    assert_eq!(read.sheets[0].notes.len(), 1, "it is told where reading stops");
}

#[test]
fn an_archive_that_unpacks_to_too_much_is_refused_wherever_its_directory_is_found() {
    let packed = archive(&[("a", &"\0".repeat(65 << 20))]);
    for before in [&b""[..], b"PK\0\0"] {
        let read = read_workbook(&[before, &packed].concat(), Kind::Spreadsheet);
        assert!(matches!(read, Err(ReadError::TooLarge { .. })), "{before:?}: {read:?}");
    }
}

#[test]
fn csv_and_markdown_give_the_same_sheets() {
    let csv = "survey\n,type,name,label\n,text,a,\"A, b\"\nsettings\n,form_id\n,f\n";
    let markdown = "| survey |\n| | type | name | label |\n| | text | a | A, b |\n\
        |---|---|\n| settings |\n| | form_id |\n| | f |\n";
    let csv = read_workbook(csv.as_bytes(), Kind::Csv).expect("csv");
    let markdown = read_workbook(markdown.as_bytes(), Kind::Markdown).expect("Markdown");
    let forms = [csv, markdown].map(|w| convert(&w, &Options::default()).0.expect("a form"));
    assert_eq!(forms[0], forms[1]);
    assert_eq!(forms[0].id(), "f");
}

#[test]
fn a_huge_survey_has_an_answer_in_bounded_time_and_stack() {
    let line = ",begin group,g,G\n";
    let csv = format!("survey\n,type,name,label\n{}", line.repeat(150_000));
    let read = read_workbook(csv.as_bytes(), Kind::Csv).expect("csv");
    let (form, problems) = convert(&read, &Options::default());
    assert!(form.is_none());
    assert!(problems.iter().any(|p| p.kind == ProblemKind::SheetTooLarge));
    assert!(problems.iter().any(|p| p.kind == ProblemKind::NestedTooDeeply { limit: 64 }));
}

#[test]
fn an_error_in_a_cell_is_its_text_and_told_where_the_column_means_something() {
    let rows = r##"<row r="1"><c r="A1" t="str"><v>type</v></c><c r="B1" t="str"><v>name</v></c>
        <c r="C1" t="str"><v>label</v></c></row><row r="2"><c r="A2" t="str"><v>text</v></c>
        <c r="B2" t="str"><v>a</v></c><c r="C2" t="e"><v>#N/A</v></c><c r="E2" t="e"><v>#REF!</v></c></row>"##;
    let read = read_workbook(&workbook_of(rows), Kind::Spreadsheet).expect("a workbook");
    let (form, problems) = convert(&read, &Options::default());
    let said: Vec<_> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        ["survey!C2 (label): the cell holds the error #N/A, which is taken as its text"]
    );
    let xml = form::write_xform(&form.expect("a form"));
    assert!(xml.contains("<label>#N/A</label>"), "{xml}");
}

/// What is said of a survey with one question and these further cells, and whether it is a form.
fn with_cells(cells: &[(u32, u16, &str)]) -> (bool, Vec<String>) {
    let mut workbook = Workbook::new();
    let sheet = survey(&mut workbook);
    for (row, column, text) in cells {
        sheet.write_string(*row, *column, *text).expect("a cell");
    }
    let bytes = workbook.save_to_buffer().expect("bytes");
    let read = read_workbook(&bytes, Kind::Spreadsheet).expect("a workbook");
    let (form, problems) = convert(&read, &Options::default());
    (form.is_some(), problems.iter().map(ToString::to_string).collect())
}

#[test]
fn a_sheet_ends_where_sixty_rows_are_blank() {
    let note = "my own note";
    let unknown = |row: u32| format!("survey!A{row} (type): '{note}' is not a question type");
    assert_eq!(with_cells(&[(62, 0, note)]), (false, vec![unknown(63)]));
    let told = |row: u32| {
        format!(
            "survey!A{row} (type): more than 60 rows above are blank: from here on nothing is read"
        )
    };
    assert_eq!(with_cells(&[(63, 0, note)]), (true, vec![told(64)]));
    assert_eq!(with_cells(&[(900, 0, note), (901, 2, note)]), (true, vec![told(901)]));
    // Cells below no header are nobody's: they neither count nor are they missed.
    assert_eq!(with_cells(&[(30, 7, note), (63, 0, note)]), (true, vec![told(64)]));
    assert_eq!(with_cells(&[(70, 7, note)]), (true, vec![]));
    assert_eq!(with_cells(&[(1_000_000, 0, note)]), (true, vec![told(1_000_001)]));
}

#[test]
fn a_sheet_ends_where_twenty_headers_are_blank() {
    let told =
        "survey!Y1 (label): more than 20 columns before are blank: from here on nothing is read"
            .to_owned();
    assert_eq!(with_cells(&[(0, 24, "label"), (1, 24, "B")]), (true, vec![told]));
    let twice = "survey!X1 (label): two columns mean the same: 'label' and 'label'".to_owned();
    assert_eq!(with_cells(&[(0, 23, "label"), (1, 23, "B")]), (false, vec![twice]));
    assert_eq!(with_cells(&[(1, 40, "B")]), (true, vec![]));
}
