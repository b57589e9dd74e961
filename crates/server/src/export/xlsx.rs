//! The file: a frozen heading row with a filter, dates as dates, numbers as numbers, and text that is only text.

use rust_xlsxwriter::{Format, FormatAlign, Workbook, Worksheet, XlsxError};
use sync::view::{self, RecordView};
use sync::wire::Value;

use super::cell::{self, Cell};
use super::layout::{self, Column, Kind, Sheet};
use super::rows::{Row, Rows};
use super::text::Words;
use super::{Export, chosen};

/// Why a spreadsheet could not be written.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The writer says so; more rows than a sheet has, for example.
    #[error(transparent)]
    Writer(#[from] XlsxError),
}

/// Longest text that a cell takes, in UTF-16.
const MAX_TEXT: usize = 32_767;

/// Longest name that a sheet takes, in UTF-16.
const MAX_NAME: usize = 31;

/// The rows of a sheet below its headings.
const MAX_ROWS: u32 = 1_048_575;

/// The links that a sheet may hold.
const MAX_LINKS: u32 = 65_530;

/// Between the values of a field where people disagree.
const BETWEEN_VALUES: &str = " | ";

struct Formats {
    heading: Format,
    date: Format,
    time: Format,
    date_time: Format,
}

/// The records as the bytes of a spreadsheet.
pub fn workbook(export: &Export<'_>) -> Result<Vec<u8>, ExportError> {
    write(export, MAX_ROWS)
}

/// The same with so many rows in a sheet at most.
fn write(export: &Export<'_>, max_rows: u32) -> Result<Vec<u8>, ExportError> {
    let sheets = layout::sheets(export.versions, export.language);
    let words = export.language.words();
    let formats = Formats {
        heading: Format::new().set_bold().set_text_wrap().set_align(FormatAlign::Top),
        date: Format::new().set_num_format("dd/mm/yyyy"),
        time: Format::new().set_num_format("hh:mm"),
        date_time: Format::new().set_num_format("dd/mm/yyyy hh:mm"),
    };
    let mut book = Book { workbook: Workbook::new(), names: Vec::new(), max_rows };
    for sheet in &sheets {
        let headings = headings(sheet, &sheets, words);
        let mut table = Table::begin(&mut book, &formats, &sheet.title, headings)?;
        let repeats: Vec<&str> = sheets
            .iter()
            .map(|sheet| sheet.path.as_str())
            .filter(|path| !path.is_empty())
            .collect();
        for record in export.records {
            let rows = Rows::new(record, &repeats);
            if sheet.path.is_empty() {
                record_row(&mut table, export, sheet, record, rows.own())?;
            } else {
                repeat_rows(&mut table, export, sheet, &sheets, record, &rows)?;
            }
        }
        table.finish()?;
    }
    let title = sheets.first().map_or("", |sheet| sheet.title.as_str());
    let headings = vec![(words.chosen_by.to_owned(), 28.0), (words.in_this_file.to_owned(), 60.0)];
    // People and programs take the first sheet for the records'.
    book.max_rows = MAX_ROWS;
    let mut table = Table::begin(&mut book, &formats, words.chosen_by, headings)?;
    for (line, of) in chosen::lines(export, title) {
        table.next_row()?;
        table.text(line)?;
        table.cell(Some(of))?;
    }
    table.finish()?;
    Ok(book.workbook.save_to_buffer()?)
}

/// What stands above each column, and how wide that is.
fn headings(sheet: &Sheet, sheets: &[Sheet], words: Words) -> Vec<(String, f64)> {
    let mut always = vec![
        (words.record, 36.0),
        (words.link, 12.0),
        (words.title, 28.0),
        (words.state, 12.0),
        (words.unit, 28.0),
    ];
    if sheet.path.is_empty() {
        always.extend([
            (words.to_decide, 12.0),
            (words.author, 16.0),
            (words.received, 18.0),
            (words.begun, 18.0),
        ]);
    } else {
        always.extend(sheet.is_nested(sheets).then_some((words.parent_row, 10.0)));
        always.push((words.row, 8.0));
    }
    let own = always.iter().map(|(heading, width)| ((*heading).to_owned(), *width));
    let mut headings: Vec<(String, f64)> = own.collect();
    for column in &sheet.columns {
        // Two columns of one name cannot be told apart in a formula or a pivot table.
        let is_taken = always.iter().any(|(heading, _)| *heading == column.heading)
            || sheet.columns.iter().filter(|other| other.heading == column.heading).count() > 1;
        let heading = if is_taken {
            format!("{} ({})", column.heading, column.path)
        } else {
            column.heading.clone()
        };
        let more: &[(&str, f64)] = match column.kind {
            Kind::Geopoint => &[(words.latitude, 12.0), (words.longitude, 12.0)],
            _ => &[],
        };
        let more = more.iter().map(|(part, width)| (format!("{heading} – {part}"), *width));
        let more: Vec<_> = more.collect();
        headings.push((heading, width(column)));
        headings.extend(more);
    }
    headings
}

fn width(column: &Column) -> f64 {
    match column.kind {
        Kind::Date | Kind::Time | Kind::Number => 13.0,
        Kind::DateTime => 18.0,
        _ => {
            let letters = u32::try_from(column.heading.chars().count()).unwrap_or(u32::MAX);
            f64::from(letters.clamp(14, 40))
        }
    }
}

fn record_row(
    table: &mut Table<'_>,
    export: &Export<'_>,
    sheet: &Sheet,
    record: &RecordView,
    own: Option<&Row<'_>>,
) -> Result<(), XlsxError> {
    table.next_row()?;
    about(table, export, record)?;
    let to_decide = u32::try_from(view::to_decide(&record.conflicts)).unwrap_or(u32::MAX);
    table.cell((to_decide > 0).then(|| Cell::Number(f64::from(to_decide))))?;
    table.text(&record.author)?;
    for ms in [record.received_ms, Some(record.begun_ms())] {
        let moment = ms.and_then(|ms| cell::instant(ms, export.offset_min));
        table.cell(moment.map(Cell::DateTime))?;
    }
    answers(table, sheet, record, own)
}

/// What the rows of every sheet say of their record: its name that never changes, where it is opened, with its photos, by whoever may
/// see it, and the name that people know it by; in which state it is and whose, for whoever counts rows counts those of drafts else, and can count none by ward.
fn about(table: &mut Table<'_>, export: &Export<'_>, record: &RecordView) -> Result<(), XlsxError> {
    let id = record.record.to_string();
    table.text(&id)?;
    table.link(&format!("{}/records/{id}", export.base_url), export.language.words().link)?;
    table.text(&record.title)?;
    table.text(export.language.state(record.state))?;
    table.text(&export.unit_name(&record.unit))
}

fn repeat_rows(
    table: &mut Table<'_>,
    export: &Export<'_>,
    sheet: &Sheet,
    sheets: &[Sheet],
    record: &RecordView,
    rows: &Rows<'_>,
) -> Result<(), XlsxError> {
    for row in rows.of(&sheet.path) {
        table.next_row()?;
        about(table, export, record)?;
        if sheet.is_nested(sheets) {
            table.cell(row.parent.map(|parent| Cell::Number(f64::from(parent))))?;
        }
        table.cell(Some(Cell::Number(f64::from(row.number))))?;
        answers(table, sheet, record, Some(row))?;
    }
    Ok(())
}

fn answers(
    table: &mut Table<'_>,
    sheet: &Sheet,
    record: &RecordView,
    row: Option<&Row<'_>>,
) -> Result<(), XlsxError> {
    for column in &sheet.columns {
        let answer = row.and_then(|row| row.values.get(&column.path));
        let value = answer.map(|answer| answer.value);
        let text = match value {
            Some(Value::Text(text)) => Some(text.as_str()),
            Some(Value::File(file)) => Some(file.name.as_str()),
            Some(Value::Empty) | None => None,
        };
        match answer.and_then(|answer| disagreement(record, answer.field, column)) {
            Some(both) => table.text(&both)?,
            None => table.cell(text.map(|text| content(column, text)))?,
        }
        if column.kind == Kind::Geopoint {
            let point = text.and_then(cell::point);
            table.cell(point.map(|(latitude, _)| Cell::Number(latitude)))?;
            table.cell(point.map(|(_, longitude)| Cell::Number(longitude)))?;
        }
    }
    Ok(())
}

/// An answer, read as what the question was in the newest version that has such answers.
fn content(column: &Column, text: &str) -> Cell {
    let read = column.kinds().find_map(|kind| read(kind, text));
    // A text of an older version is none of several choices.
    let is_chosen = column.kinds().all(|kind| matches!(kind, Kind::Choices { .. }));
    let words = || if is_chosen { words_of(&column.kind, text) } else { text.to_owned() };
    read.unwrap_or_else(|| Cell::Text(words()))
}

/// An answer as one of that kind, if it is.
fn read(kind: &Kind, text: &str) -> Option<Cell> {
    match kind {
        Kind::Text | Kind::Geopoint | Kind::File => None,
        Kind::Number => cell::number(text).map(Cell::Number),
        Kind::Calculated => cell::calculated(text),
        Kind::Date => cell::date(text).map(Cell::Date),
        Kind::Time => cell::time(text).map(Cell::Time),
        Kind::DateTime => cell::date_time(text).map(Cell::DateTime),
        Kind::Choices { labels, several } => {
            let is_known = |value: &str| labels.contains_key(value);
            let is_read =
                if *several { text.split_whitespace().all(is_known) } else { is_known(text) };
            is_read.then(|| Cell::Text(words_of(kind, text)))
        }
    }
}

/// A choice's label instead of its value.
fn words_of(kind: &Kind, text: &str) -> String {
    let Kind::Choices { labels, several } = kind else { return text.to_owned() };
    let label = |value: &str| labels.get(value).cloned().unwrap_or_else(|| value.to_owned());
    if !*several {
        return label(text);
    }
    let chosen: Vec<String> = text.split_whitespace().map(label).collect();
    chosen.join("; ")
}

/// Every value of a field where people disagree and nobody has decided yet: neither is hidden.
fn disagreement(record: &RecordView, field: &str, column: &Column) -> Option<String> {
    let contested = record.conflicts.iter().find(|conflict| conflict.path == field)?;
    let mut texts: Vec<String> = Vec::new();
    for sibling in &contested.values {
        let text = match &sibling.value {
            Value::Empty => "–".to_owned(),
            Value::Text(text) => match content(column, text) {
                Cell::Text(words) => words,
                Cell::Number(_) | Cell::Date(_) | Cell::Time(_) | Cell::DateTime(_) => text.clone(),
            },
            Value::File(file) => file.name.clone(),
        };
        if !texts.contains(&text) {
            texts.push(text);
        }
    }
    (texts.len() > 1).then(|| texts.join(BETWEEN_VALUES))
}

/// The file, with the sheets that are done.
struct Book {
    workbook: Workbook,
    /// Those of the sheets begun.
    names: Vec<String>,
    max_rows: u32,
}

/// A sheet as it is written: cell after cell, row after row. When it is full it goes on in another.
struct Table<'w> {
    book: &'w mut Book,
    formats: &'w Formats,
    title: &'w str,
    headings: Vec<(String, f64)>,
    page: Worksheet,
    /// Those of the page.
    links: u32,
    row: u32,
    column: u16,
}

impl<'w> Table<'w> {
    fn begin(
        book: &'w mut Book,
        formats: &'w Formats,
        title: &'w str,
        headings: Vec<(String, f64)>,
    ) -> Result<Self, XlsxError> {
        let page = Worksheet::new();
        let mut table = Self { book, formats, title, headings, page, links: 0, row: 0, column: 0 };
        table.begin_page()?;
        Ok(table)
    }

    fn begin_page(&mut self) -> Result<(), XlsxError> {
        let name = sheet_name(self.title, &self.book.names);
        self.page.set_name(&name)?;
        self.book.names.push(name);
        (self.links, self.row) = (0, 0);
        for (column, (heading, width)) in (0..).zip(&self.headings) {
            let format = &self.formats.heading;
            self.page.write_string_with_format(0, column, fitting(heading), format)?;
            self.page.set_column_width(column, *width)?;
        }
        Ok(())
    }

    fn end_page(&mut self) -> Result<(), XlsxError> {
        let columns = u16::try_from(self.headings.len()).unwrap_or(u16::MAX);
        self.page.set_freeze_panes(1, 1)?;
        self.page.autofilter(0, 0, self.row, columns.saturating_sub(1))?;
        self.book.workbook.push_worksheet(std::mem::take(&mut self.page));
        Ok(())
    }

    fn next_row(&mut self) -> Result<(), XlsxError> {
        if self.row == self.book.max_rows {
            self.end_page()?;
            self.begin_page()?;
        }
        self.row += 1;
        self.column = 0;
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<(), XlsxError> {
        self.cell(Some(Cell::Text(text.to_owned())))
    }

    /// Words that open an address; where a sheet holds no more of such, or not one so long, the address to read.
    fn link(&mut self, address: &str, words: &str) -> Result<(), XlsxError> {
        let (row, column) = (self.row, self.column);
        let is_one = self.links < MAX_LINKS
            && self.page.write_url_with_text(row, column, address, words).is_ok();
        if !is_one {
            return self.text(address);
        }
        self.links += 1;
        self.column += 1;
        Ok(())
    }

    fn cell(&mut self, cell: Option<Cell>) -> Result<(), XlsxError> {
        let (row, column) = (self.row, self.column);
        self.column += 1;
        let Some(cell) = cell else { return Ok(()) };
        match &cell {
            // Never as a formula, whatever it begins with.
            Cell::Text(text) => self.page.write_string(row, column, fitting(text))?,
            Cell::Number(number) => self.page.write_number(row, column, *number)?,
            Cell::Date(date) => {
                self.page.write_datetime_with_format(row, column, date, &self.formats.date)?
            }
            Cell::Time(time) => {
                self.page.write_datetime_with_format(row, column, time, &self.formats.time)?
            }
            Cell::DateTime(when) => {
                self.page.write_datetime_with_format(row, column, when, &self.formats.date_time)?
            }
        };
        Ok(())
    }

    fn finish(mut self) -> Result<(), XlsxError> {
        self.end_page()
    }
}

/// What fits into a cell and is text there. What begins and ends as the marks of a rich text do, the writer would write as such marks:
/// a space behind them is not seen, and it does not.
fn fitting(text: &str) -> String {
    let is_marked = text.starts_with("<r>") && text.ends_with("</r>");
    let text = text.to_owned() + if is_marked { " " } else { "" };
    match beginning(&text, MAX_TEXT) == text {
        true => text,
        false => format!("{}…", beginning(&text, MAX_TEXT - 1)),
    }
}

/// As many signs of a text as have room, as a spreadsheet counts them: in UTF-16.
fn beginning(text: &str, room: usize) -> &str {
    let mut taken = 0;
    let over = text.char_indices().find(|(_, sign)| {
        taken += sign.len_utf16();
        taken > room
    });
    over.map_or(text, |(at, _)| text.split_at(at).0)
}

/// A name that a sheet may have: at most 31 signs, none of `[]:*?/\`, no `'` at its ends, not like one before it in any case.
fn sheet_name(title: &str, taken: &[String]) -> String {
    let clean: String =
        title.chars().filter(|c| !"[]:*?/\\".contains(*c) && !c.is_control()).collect();
    let is_edge = |sign: char| sign.is_whitespace() || sign == '\'';
    let clean = clean.trim_matches(is_edge);
    let clean =
        if clean.is_empty() || clean.eq_ignore_ascii_case("history") { "Sheet" } else { clean };
    let is_taken =
        |name: &str| taken.iter().any(|taken| taken.to_lowercase() == name.to_lowercase());
    let cut = |room: usize| beginning(clean, room).trim_end_matches(is_edge).to_owned();
    let mut name = cut(MAX_NAME);
    let mut number = 2;
    while is_taken(&name) {
        let suffix = format!(" ({number})");
        name = cut(MAX_NAME - suffix.len()) + &suffix;
        number += 1;
    }
    name
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use calamine::{Reader, Xlsx};
    use form::Resources;
    use pack::Units;
    use sync::codec;
    use sync::merge::Stamp;
    use sync::wire::{Action, DeviceId, Dot, FormRef, Operation, RecordId, Times, Write};

    use super::*;
    use crate::export::{Chosen, Language, Version};

    #[test]
    fn sheet_names_are_valid_and_differ() {
        let mut names: Vec<String> = Vec::new();
        for (title, name) in [
            ("Kiểm tra: phường/xã", "Kiểm tra phườngxã"),
            ("kiểm tra phườngxã", "kiểm tra phườngxã (2)"),
            ("", "Sheet"),
            ("Danh sách học viên tham dự lớp tập huấn năm 2024", "Danh sách học viên tham dự lớp"),
            ("Danh sách học viên tham dự lớp tập huấn năm 2025", "Danh sách học viên tham dự (2)"),
            ("' 'Lớp tập huấn của phường gọi là 'A' và 'B'", "Lớp tập huấn của phường gọi là"),
            ("Các lớp của phường gọi là lớp 'Đ'", "Các lớp của phường gọi là lớp"),
        ] {
            let found = sheet_name(title, &names);
            assert_eq!(found, name);
            assert!(found.encode_utf16().count() <= MAX_NAME);
            rust_xlsxwriter::utility::check_sheet_name(&found).unwrap();
            names.push(found);
        }
    }

    #[test]
    fn a_text_is_cut_as_a_spreadsheet_counts() {
        let smiles = "😀".repeat(MAX_TEXT / 2);
        assert_eq!(fitting(&smiles), smiles);
        for long in [format!("{smiles}ab"), format!("a{smiles}😀")] {
            let cut = fitting(&long);
            assert!(cut.ends_with("😀…"), "no half of a sign");
            assert!((MAX_TEXT - 1..=MAX_TEXT).contains(&cut.encode_utf16().count()));
            Worksheet::new().write_string(0, 0, &cut).unwrap();
        }
    }

    #[test]
    fn an_answer_of_an_older_version_is_read_as_what_the_question_was_then() {
        let version = |bind: &str, body: &str| {
            let xml = format!(
                r#"<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml"><h:head><h:title>T</h:title>
                <model><instance><data id="t" version="1"><a/></data></instance><bind nodeset="/data/a" type="{bind}"/></model></h:head>
                <h:body>{body}</h:body></h:html>"#
            );
            let (form, _) = form::parse_xform(&xml).expect("XML");
            Version { form, lists: Resources::default() }
        };
        let items = "<item><label>Loa đài</label><value>loa</value></item><item><label>Mạng</label><value>mang</value></item>";
        let text = || version("string", r#"<input ref="/data/a"><label>A</label></input>"#);
        let one = || {
            version(
                "string",
                &format!(r#"<select1 ref="/data/a"><label>A</label>{items}</select1>"#),
            )
        };
        let several = || {
            version("string", &format!(r#"<select ref="/data/a"><label>A</label>{items}</select>"#))
        };
        let number = || version("int", r#"<input ref="/data/a"><label>A</label></input>"#);
        for (versions, answer, told) in [
            (vec![several(), text()], "Nguyễn Văn An", "Nguyễn Văn An"),
            (vec![several(), text()], "loa mang", "Loa đài; Mạng"),
            (vec![several()], "loa cu", "Loa đài; cu"),
            (vec![one(), several()], "loa mang", "Loa đài; Mạng"),
            (vec![text(), one()], "loa", "Loa đài"),
            (vec![text(), one()], "loa phường", "loa phường"),
            (vec![number(), one()], "mang", "Mạng"),
        ] {
            let sheets = layout::sheets(&versions, Language::Vietnamese);
            let Cell::Text(words) = content(&sheets[0].columns[0], answer) else {
                panic!("{answer}")
            };
            assert_eq!(words, told);
        }
    }

    #[test]
    fn a_sheet_that_is_full_goes_on_in_another_under_the_same_headings() {
        let xml = r#"<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml"><h:head><h:title>T</h:title>
            <model><instance><data id="t" version="1"><hv><ten/></hv></data></instance></model></h:head>
            <h:body><group ref="/data/hv"><label>Học viên</label><repeat nodeset="/data/hv"><input ref="/data/hv/ten"/></repeat></group>
            </h:body></h:html>"#;
        let (form, _) = form::parse_xform(xml).expect("XML");
        let names = ["An", "Bình", "Chi", "Dũng", "Giang"];
        let written = |(place, name): (usize, &&str)| {
            let value = Value::Text((*name).to_owned());
            (format!("hv[{place}]/ten"), Write { value, over: Vec::new() })
        };
        let operation = Operation {
            dot: Dot { device: DeviceId([1; 16]), seq: 1 },
            record: RecordId([1; 16]),
            form: FormRef {
                id: "t".into(),
                version: "1".into(),
                hash: codec::hash(xml.as_bytes()),
            },
            unit: "phuong_a".into(),
            action: Action::Create,
            fields: names.iter().enumerate().map(written).collect(),
            at: Times::default(),
            author: "lan".into(),
        };
        let (record, _) = sync::repair::apply(None, &operation, &[], &[]);
        let export = Export {
            versions: &[Version { form, lists: Resources::default() }],
            records: &[RecordView::of(&record.into_state(Stamp::default()))],
            units: &Units::default(),
            language: Language::Vietnamese,
            offset_min: 0,
            base_url: "",
            chosen: &Chosen::default(),
        };
        let file = write(&export, 2).unwrap();
        let mut file: Xlsx<_> = Xlsx::new(Cursor::new(file)).unwrap();
        assert_eq!(
            file.sheet_names(),
            ["T", "Học viên", "Học viên (2)", "Học viên (3)", "Lọc theo"]
        );
        let mut found = Vec::new();
        for sheet in 1..=3 {
            let range = file.worksheet_range_at(sheet).unwrap().unwrap();
            let mut cells = range.rows().map(|row| row.last().unwrap().to_string());
            assert_eq!(cells.next().as_deref(), Some("ten"));
            found.extend(cells);
        }
        assert_eq!(found, names);
    }
}
