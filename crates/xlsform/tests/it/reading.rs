//! Files in: good, damaged, huge.

use std::io::Write;

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

/// An archive of files as they are.
fn archive(files: &[(&str, &str)]) -> Vec<u8> {
    let (mut bytes, mut directory) = (Vec::new(), Vec::new());
    for (name, text) in files {
        let mut crc = flate2::Crc::new();
        crc.update(text.as_bytes());
        let (size, length) = (text.len() as u32, name.len() as u16);
        let mut about = vec![20, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        about.extend([crc.sum(), size, size].map(u32::to_le_bytes).concat());
        about.extend([length, 0].map(u16::to_le_bytes).concat());
        let offset = bytes.len() as u32;
        bytes.extend([b"PK\x03\x04", about.as_slice(), name.as_bytes(), text.as_bytes()].concat());
        directory.extend([b"PK\x01\x02\x14\x00", about.as_slice(), &[0; 10]].concat());
        directory.extend([offset.to_le_bytes().as_slice(), name.as_bytes()].concat());
    }
    let (count, at, size) = (files.len() as u16, bytes.len() as u32, directory.len() as u32);
    bytes.extend(directory);
    bytes.extend([b"PK\x05\x06\0\0\0\0".as_slice(), &count.to_le_bytes().repeat(2)].concat());
    bytes.extend([size, at].map(u32::to_le_bytes).concat());
    bytes.extend([0, 0]);
    bytes
}

/// A workbook whose survey has these rows, as the XML of its sheet.
fn workbook_of(rows: &str) -> Vec<u8> {
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
    archive(&[
        ("_rels/.rels", &relation("officeDocument", "xl/workbook.xml")),
        ("xl/workbook.xml", &workbook),
        ("xl/_rels/workbook.xml.rels", &relation("worksheet", "worksheets/sheet1.xml")),
        ("xl/worksheets/sheet1.xml", &sheet),
    ])
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

#[test]
fn an_archive_that_unpacks_to_too_much_is_refused() {
    let mut packed = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
    let zeros = vec![0; 1 << 20];
    for _ in 0..65 {
        packed.write_all(&zeros).expect("memory");
    }
    let data = packed.finish().expect("memory");
    let length = u32::try_from(data.len()).expect("small").to_le_bytes();
    let mut archive = b"PK\x03\x04\x14\0\0\0\x08\0\0\0\0\0\0\0\0\0".to_vec();
    archive.extend(length.into_iter().chain([1, 0, 0, 0, 1, 0, 0, 0, b'a']).chain(data));
    let directory = u32::try_from(archive.len()).expect("small").to_le_bytes();
    archive.extend(b"PK\x01\x02\x14\0\x14\0\0\0\x08\0\0\0\0\0\0\0\0\0");
    archive.extend(length.into_iter().chain([1, 0, 0, 0, 1, 0, 0, 0]).chain([0; 14]).chain([b'a']));
    archive.extend(
        b"PK\x05\x06\0\0\0\0\x01\0\x01\0\x2f\0\0\0".iter().copied().chain(directory).chain([0, 0]),
    );
    let read = read_workbook(&archive, Kind::Spreadsheet);
    assert!(matches!(read, Err(ReadError::TooLarge { .. })), "{read:?}");
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
