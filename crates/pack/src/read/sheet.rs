//! One CSV table: its bytes as rows of cells, each found by the schema's field, with problems that
//! name row and column.

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::manifest::Manifest;
use super::schema::{Shape, Table};
use crate::tables::Extra;
use crate::{Date, Kind, Problem, Text};

/// A table's rows and where its fields are.
pub(super) struct Sheet<'a> {
    file: &'a str,
    header: Vec<String>,
    fields: BTreeMap<&'static str, usize>,
    texts: BTreeMap<&'static str, Vec<(String, usize)>>,
    extra: Vec<usize>,
    rows: Vec<(u32, Vec<String>)>,
    /// Readers of cells only look at the sheet; what they find wrong is collected here.
    problems: RefCell<Vec<Problem>>,
}

/// A row of a sheet.
#[derive(Clone, Copy)]
pub(super) struct Row<'s> {
    sheet: &'s Sheet<'s>,
    /// As a spreadsheet counts: the header is row 1.
    pub number: u32,
    cells: &'s [String],
}

impl<'a> Sheet<'a> {
    /// Reads the table's file.
    pub fn read(table: Table, file: &'a str, bytes: &[u8], manifest: &Manifest) -> Sheet<'a> {
        let mut sheet = Sheet {
            file,
            header: Vec::new(),
            fields: BTreeMap::new(),
            texts: BTreeMap::new(),
            extra: Vec::new(),
            rows: Vec::new(),
            problems: RefCell::default(),
        };
        sheet.read_cells(bytes);
        if let Some(divider) = sheet.other_divider() {
            // Nothing else that was found is so: no cell was where it seemed to be.
            sheet.header.clear();
            sheet.rows.clear();
            sheet.problems.get_mut().clear();
            sheet.problem(Some(1), None, Kind::NotByCommas(divider));
        }
        if !sheet.header.is_empty() {
            sheet.place_fields(table, manifest);
            sheet.check_cells(table);
        }
        sheet
    }

    /// The rows below the header.
    pub fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.rows.iter().map(|(number, cells)| Row { sheet: self, number: *number, cells })
    }

    /// Everything found wrong so far.
    pub fn into_problems(self) -> Vec<Problem> {
        self.problems.into_inner()
    }

    fn problem(&self, row: Option<u32>, column: Option<&str>, kind: Kind) {
        let column = column.map(str::to_owned);
        self.problems.borrow_mut().push(Problem { file: self.file.to_owned(), row, column, kind });
    }

    fn read_cells(&mut self, bytes: &[u8]) {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let mut reader =
            csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes);
        let mut record = csv::ByteRecord::new();
        let mut number = 0;
        let mut breaks = 0;
        while reader
            .read_byte_record(&mut record)
            .expect("bytes in memory, in rows of any length, always read")
        {
            let inside = record.iter().flatten().filter(|byte| **byte == b'\n').count();
            breaks += u64::try_from(inside).expect("a count fits in 64 bits");
            number = row_number(reader.position(), bytes, breaks).max(number + 1);
            let blank = record.iter().all(|cell| cell.iter().all(u8::is_ascii_whitespace));
            let cells: Vec<String> =
                record.iter().enumerate().map(|(at, cell)| self.decode(number, at, cell)).collect();
            if self.header.is_empty() && !blank {
                self.header = cells.iter().map(|cell| cell.trim().to_owned()).collect();
            } else if !blank {
                self.keep_row(number, cells);
            }
        }
        if self.header.is_empty() {
            self.problem(None, None, Kind::TableEmpty);
        }
        // In a well-formed table every mark has a partner: a cell opens and closes, and a mark
        // inside is doubled.
        if bytes.iter().filter(|byte| **byte == b'"').count() % 2 == 1 {
            self.problem((number > 0).then_some(number), None, Kind::OpenQuote);
        }
    }

    /// What divides the cells, if that is no comma.
    fn other_divider(&self) -> Option<&'static str> {
        let [one] = self.header.as_slice() else { return None };
        [(';', "`;`"), ('\t', "tabs")]
            .into_iter()
            .find_map(|(mark, name)| one.contains(mark).then_some(name))
    }

    fn decode(&self, row: u32, at: usize, cell: &[u8]) -> String {
        String::from_utf8(cell.to_vec()).unwrap_or_else(|_not_utf8| {
            let place = (at + 1).to_string();
            let column = self.header.get(at).map_or(place.as_str(), String::as_str);
            self.problem(Some(row), Some(column), Kind::NotUtf8);
            String::from_utf8_lossy(cell).into_owned()
        })
    }

    /// A row of another length says nothing certain: its cells may stand under the wrong headers.
    fn keep_row(&mut self, number: u32, cells: Vec<String>) {
        let expected = self.header.len();
        if cells.len() == expected {
            self.rows.push((number, cells));
        } else {
            self.problem(Some(number), None, Kind::RaggedRow { expected, found: cells.len() });
        }
    }

    /// Finds the column of each field; what is left over is extra.
    fn place_fields(&mut self, table: Table, manifest: &Manifest) {
        let mut claimed = vec![false; self.header.len()];
        for (at, name) in self.header.iter().enumerate() {
            if name.is_empty() {
                self.problem(Some(1), Some(&(at + 1).to_string()), Kind::ColumnUnnamed);
            } else if self.header.iter().take(at).any(|before| before == name) {
                self.problem(Some(1), Some(name), Kind::ColumnTwice);
            }
        }
        let find = |name: &str| self.header.iter().position(|header| header == name);
        let mut fields = BTreeMap::new();
        let mut texts: BTreeMap<&'static str, Vec<(String, usize)>> = BTreeMap::new();
        for (field, shape) in table.fields() {
            let name = manifest.header(table, field);
            let found: Vec<(String, usize)> = match shape {
                Shape::Text | Shape::OptionalText => text_columns(&name, manifest, &find),
                _ => find(&name).map(|at| (name.clone(), at)).into_iter().collect(),
            };
            for (_, at) in &found {
                claimed.iter_mut().skip(*at).take(1).for_each(|claimed| *claimed = true);
            }
            let default_there =
                found.iter().any(|(language, _)| *language == manifest.default_language);
            match shape {
                Shape::Text if !default_there => {
                    let missing = format!("{name}_{}", manifest.default_language);
                    self.problem(Some(1), Some(&missing), Kind::ColumnMissing);
                }
                Shape::Id | Shape::Filled | Shape::Present if found.is_empty() => {
                    self.problem(Some(1), Some(&name), Kind::ColumnMissing);
                }
                // A column that the manifest goes out of its way to name.
                _ if found.is_empty() && name != *field => {
                    self.problem(Some(1), Some(&name), Kind::ColumnMissing);
                }
                _ => {}
            }
            if matches!(shape, Shape::Text | Shape::OptionalText) {
                texts.insert(field, found);
            } else if let Some((_, at)) = found.first() {
                fields.insert(*field, *at);
            }
        }
        self.fields = fields;
        self.texts = texts;
        self.extra = (0..claimed.len()).filter(|at| claimed.get(*at) == Some(&false)).collect();
    }

    /// No cell is empty that must not be, and no id stands twice.
    fn check_cells(&self, table: Table) {
        for (field, shape) in table.fields() {
            let column = match shape {
                Shape::Id | Shape::Filled => self.fields.get(field).copied(),
                Shape::Text => {
                    self.texts.get(field).and_then(|columns| columns.first()).map(|(_, at)| *at)
                }
                _ => None,
            };
            let Some(column) = column else { continue };
            let name = self.header.get(column).map(String::as_str);
            let mut first: BTreeMap<&str, u32> = BTreeMap::new();
            for (number, cells) in &self.rows {
                let cell = cells.get(column).map_or("", |cell| cell.trim());
                if cell.is_empty() {
                    self.problem(Some(*number), name, Kind::Empty);
                } else if *shape == Shape::Id
                    && let Some(before) = first.insert(cell, *number)
                {
                    first.insert(cell, before);
                    self.problem(
                        Some(*number),
                        name,
                        Kind::Duplicate { id: cell.to_owned(), first: before },
                    );
                }
            }
        }
    }
}

/// The row that the reader has just left, as a spreadsheet counts: a line break inside a cell
/// begins no row, an empty line is one.
fn row_number(after: &csv::Position, bytes: &[u8], breaks: u64) -> u32 {
    let end = usize::try_from(after.byte()).unwrap_or(usize::MAX);
    let ended = end.checked_sub(1).and_then(|last| bytes.get(last)) == Some(&b'\n');
    u32::try_from(after.line().saturating_sub(breaks + u64::from(ended))).unwrap_or(u32::MAX)
}

/// The columns of a text, the default language's first; one without a language counts as the
/// default language's.
fn text_columns(
    name: &str,
    manifest: &Manifest,
    find: &impl Fn(&str) -> Option<usize>,
) -> Vec<(String, usize)> {
    let default = &manifest.default_language;
    let mut columns: Vec<(String, usize)> = manifest
        .languages
        .iter()
        .filter_map(|language| Some((language.clone(), find(&format!("{name}_{language}"))?)))
        .collect();
    if !columns.iter().any(|(language, _)| language == default)
        && let Some(at) = find(name)
    {
        columns.push((default.clone(), at));
    }
    columns.sort_by_key(|(language, _)| language != default);
    columns
}

impl<'s> Row<'s> {
    /// The cell as written.
    pub fn text(&self, field: &str) -> String {
        self.cell(field).to_owned()
    }

    /// The cell without blanks around it.
    pub fn word(&self, field: &str) -> String {
        self.cell(field).trim().to_owned()
    }

    /// A list, its items divided by semicolons; one inside a remark in parentheses divides nothing.
    pub fn list(&self, field: &str) -> Vec<String> {
        self.split(field, ';')
    }

    /// A list divided by another sign.
    pub fn split(&self, field: &str, divider: char) -> Vec<String> {
        let mut items = vec![String::new()];
        let mut depth = 0_u32;
        for sign in self.cell(field).chars() {
            match sign {
                '(' => depth += 1,
                ')' => depth = depth.saturating_sub(1),
                _ => {}
            }
            if sign == divider && depth == 0 {
                items.push(String::new());
            } else if let Some(item) = items.last_mut() {
                item.push(sign);
            }
        }
        items.iter().map(|item| item.trim().to_owned()).filter(|item| !item.is_empty()).collect()
    }

    /// A text in the pack's languages.
    pub fn texts(&self, field: &str) -> Text {
        let mut text = Text::default();
        for (language, at) in self.sheet.texts.get(field).into_iter().flatten() {
            text.set(language, self.at(*at));
        }
        text
    }

    /// A day.
    pub fn date(&self, field: &str) -> Option<Date> {
        self.parsed(field, |text| text.parse().ok(), Kind::NotADate)
    }

    /// A number with decimals.
    pub fn number(&self, field: &str) -> Option<f64> {
        self.parsed(field, finite, Kind::NotANumber)
    }

    /// A whole number.
    pub fn whole(&self, field: &str) -> Option<u32> {
        self.parsed(field, |text| text.parse().ok(), Kind::NotANumber)
    }

    /// 1 or 0; an empty cell is `empty`.
    pub fn flag(&self, field: &str, empty: bool) -> bool {
        let read = |text: &str| match text {
            "1" => Some(true),
            "0" => Some(false),
            _ => None,
        };
        self.parsed(field, read, Kind::NotAFlag).unwrap_or(empty)
    }

    /// The columns that the schema does not know, by header.
    pub fn extra(&self) -> Extra {
        let named =
            self.sheet.extra.iter().filter_map(|at| Some((self.sheet.header.get(*at)?, *at)));
        named
            .filter(|(_, at)| !self.at(*at).is_empty())
            .map(|(name, at)| (name.clone(), self.at(at).to_owned()))
            .collect()
    }

    /// Says that something is wrong with a field's cell.
    pub fn problem(&self, field: &str, kind: Kind) {
        let column = self.sheet.fields.get(field).and_then(|at| self.sheet.header.get(*at));
        self.sheet.problem(Some(self.number), column.map(String::as_str), kind);
    }

    /// Says that something is wrong with a column that is not in the schema.
    pub fn problem_in(&self, column: &str, kind: Kind) {
        self.sheet.problem(Some(self.number), Some(column), kind);
    }

    fn parsed<T>(
        &self,
        field: &str,
        parse: impl FnOnce(&str) -> Option<T>,
        wrong: fn(String) -> Kind,
    ) -> Option<T> {
        let text = self.cell(field).trim();
        if text.is_empty() {
            return None;
        }
        let value = parse(text);
        if value.is_none() {
            self.problem(field, wrong(text.to_owned()));
        }
        value
    }

    fn cell(&self, field: &str) -> &'s str {
        self.sheet.fields.get(field).map_or("", |at| self.at(*at))
    }

    fn at(&self, column: usize) -> &'s str {
        self.cells.get(column).map_or("", String::as_str)
    }
}

/// A number that a table may hold: `NaN` and infinity are none.
pub(super) fn finite(text: &str) -> Option<f64> {
    text.parse().ok().filter(|number: &f64| number.is_finite())
}
