//! A sheet with its headers understood: each column has a path such as `bind / relevant` or
//! `label / English (en)`.

use std::collections::BTreeMap;

use crate::problem::{Place, ProblemColumn, ProblemKind, Problems};
use crate::settings::yes_no;
use crate::workbook::{CellNoteKind, Sheet, letters};

/// How the headers of one kind of sheet are read.
pub(crate) struct Headers {
    /// Name of the kind of sheet, for problems.
    pub(crate) sheet: &'static str,
    /// Columns known by this very name.
    pub(crate) known: &'static [&'static str],
    /// Other names: (written, path).
    pub(crate) aliases: &'static [(&'static str, &'static [&'static str])],
    /// Whether runs of blanks in cells become one.
    pub(crate) collapse: bool,
}

/// A header.
#[derive(Debug, Clone)]
pub(crate) struct Heading {
    pub(crate) header: String,
    pub(crate) column: usize,
    pub(crate) path: Vec<String>,
}

/// A sheet by rows and paths.
#[derive(Debug, Default)]
pub(crate) struct Table {
    pub(crate) name: String,
    pub(crate) headings: Vec<Heading>,
    pub(crate) rows: Vec<Row>,
}

/// A row that is not empty.
#[derive(Debug)]
pub(crate) struct Row {
    /// As the spreadsheet shows it.
    pub(crate) number: u32,
    /// Cells that are not empty: (index of the heading, text).
    cells: Vec<(usize, String)>,
}

/// A text in one or several languages.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Text {
    /// Without a language.
    pub(crate) plain: Option<String>,
    /// By language, in the order of the columns.
    pub(crate) languages: Vec<(String, String)>,
}

impl Text {
    pub(crate) fn plain(text: impl Into<String>) -> Self {
        Self { plain: Some(text.into()), languages: Vec::new() }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.plain.is_none() && self.languages.is_empty()
    }

    pub(crate) fn is_translated(&self) -> bool {
        !self.languages.is_empty()
    }

    /// By language; a text without one belongs to the default language.
    pub(crate) fn by_language(&self, default: &str) -> Vec<(String, String)> {
        let plain = self.plain.iter().map(|text| (default.to_owned(), text.clone()));
        plain.chain(self.languages.iter().cloned()).collect()
    }

    /// Every text.
    pub(crate) fn texts(&self) -> impl Iterator<Item = &str> {
        self.plain.iter().chain(self.languages.iter().map(|(_, text)| text)).map(String::as_str)
    }
}

impl Row {
    /// The cell of a column.
    pub(crate) fn get<'a>(&'a self, table: &Table, path: &[&str]) -> Option<&'a str> {
        let found = self.cells.iter().find(|(h, _)| table.headings[*h].path == path);
        found.map(|(_, text)| text.as_str())
    }

    /// The cells whose path begins so, with the rest of the path.
    pub(crate) fn under<'a>(
        &'a self,
        table: &'a Table,
        start: &'a [&'a str],
    ) -> impl Iterator<Item = (&'a [String], &'a str)> {
        self.cells.iter().filter_map(move |(heading, text)| {
            let path = &table.headings[*heading].path;
            let begins = path.len() >= start.len() && path.iter().zip(start).all(|(a, b)| a == b);
            begins.then(|| (path.get(start.len()..).unwrap_or_default(), text.as_str()))
        })
    }

    /// A text in one or several languages.
    pub(crate) fn text(&self, table: &Table, path: &[&str], default: &str) -> Text {
        let mut text = Text::default();
        let mut plain = None;
        for (rest, cell) in self.under(table, path) {
            match rest {
                [] => plain = Some((text.languages.len(), cell.to_owned())),
                [language, ..] => text.languages.push((language.clone(), cell.to_owned())),
            }
        }
        let named = text.languages.iter().any(|(language, _)| language == default);
        match plain {
            Some((_, cell)) if text.languages.is_empty() => text.plain = Some(cell),
            Some((at, cell)) if !named => text.languages.insert(at, (default.to_owned(), cell)),
            _ => {}
        }
        text
    }

    pub(crate) fn is_blank(&self) -> bool {
        self.cells.is_empty()
    }

    /// Whether the row is left out.
    pub(crate) fn is_disabled(&self, table: &Table) -> bool {
        self.get(table, &["disabled"]).and_then(yes_no) == Some(true)
    }

    /// Every cell with its heading.
    pub(crate) fn cells<'a>(
        &'a self,
        table: &'a Table,
    ) -> impl Iterator<Item = (&'a Heading, &'a str)> {
        self.cells.iter().map(|(heading, text)| (&table.headings[*heading], text.as_str()))
    }
}

impl Table {
    /// Reads the headers and keeps the cells below them.
    pub(crate) fn read(sheet: &Sheet, headers: &Headers, problems: &mut Problems) -> Self {
        let mut table = Self { name: sheet.name.clone(), ..Self::default() };
        let mut of_column = BTreeMap::new();
        if let Some(first) = sheet.rows.first() {
            table.read_headings(first, headers, problems);
        }
        for (index, heading) in table.headings.iter().enumerate() {
            of_column.insert(heading.column, index);
        }
        for (index, cells) in sheet.rows.iter().enumerate().skip(1) {
            let cells = cells.iter().enumerate().filter_map(|(column, text)| {
                let text = clean(text.as_deref()?, headers.collapse);
                Some((*of_column.get(&column)?, text)).filter(|(_, text)| !text.trim().is_empty())
            });
            let number = u32::try_from(index + 1).unwrap_or(u32::MAX);
            table.rows.push(Row { number, cells: cells.collect() });
        }
        table.add_notes(sheet, &of_column, problems);
        table
    }

    fn read_headings(
        &mut self,
        first: &[Option<String>],
        headers: &Headers,
        problems: &mut Problems,
    ) {
        let double = first.iter().flatten().any(|h| h.contains("::"));
        let mut seen: BTreeMap<Vec<String>, String> = BTreeMap::new();
        for (column, header) in first.iter().enumerate() {
            let Some(header) = header.as_deref().filter(|h| !h.trim().is_empty()) else { continue };
            let header = clean(header.trim(), true);
            let path = path_of(&header, double, headers);
            let heading = Heading { header: header.clone(), column, path };
            match seen.get(&heading.path) {
                Some(other) => {
                    let first = other.clone();
                    // An old name beside the new one is an oversight, not a contradiction.
                    let old_name = headers.sheet == "settings"
                        && [("id_string", "form_id"), ("form_id", "id_string")]
                            .contains(&(first.as_str(), header.as_str()));
                    let is_new = header == "form_id";
                    let kind = ProblemKind::DuplicateColumn { first, second: header };
                    let place = place(&self.name, Some(1), Some(&heading));
                    if !old_name {
                        problems.error(&place, kind);
                        continue;
                    }
                    problems.warn(&place, kind);
                    if is_new {
                        self.headings.retain(|h| h.path != heading.path);
                        self.headings.push(heading);
                    }
                }
                None => {
                    seen.insert(heading.path.clone(), header);
                    self.headings.push(heading);
                }
            }
        }
    }

    fn add_notes(
        &self,
        sheet: &Sheet,
        of_column: &BTreeMap<usize, usize>,
        problems: &mut Problems,
    ) {
        for note in &sheet.notes {
            let heading = of_column.get(&note.column).map(|index| &self.headings[*index]);
            let place = place(&self.name, Some(note.row), heading);
            match &note.kind {
                CellNoteKind::TooLarge => problems.error(&place, ProblemKind::SheetTooLarge),
                CellNoteKind::BehindBlankColumns { header, limit } => {
                    let (header, letters) = (header.clone(), letters(note.column));
                    let column = Some(ProblemColumn { header, letters });
                    let kind = ProblemKind::BehindBlankColumns { limit: *limit };
                    problems.warn(&Place { column, ..place }, kind);
                }
                _ if heading.is_none() => {}
                CellNoteKind::BehindBlankRows { limit } => {
                    problems.warn(&place, ProblemKind::BehindBlankRows { limit: *limit });
                }
                CellNoteKind::Formula => problems.warn(&place, ProblemKind::Formula),
                CellNoteKind::ErrorValue(value) => {
                    problems.warn(&place, ProblemKind::ErrorValue { value: value.clone() });
                }
            }
        }
    }

    pub(crate) fn has(&self, first: &str) -> bool {
        self.headings.iter().any(|h| h.path.first().is_some_and(|p| p == first))
    }

    /// A place in this sheet; the column is the first whose path begins so.
    pub(crate) fn place(&self, row: u32, path: &[&str]) -> Place {
        let begins = |h: &&Heading| h.path.iter().zip(path).all(|(a, b)| a == b);
        let long_enough = |h: &&Heading| !path.is_empty() && h.path.len() >= path.len();
        let heading = self.headings.iter().filter(long_enough).find(begins);
        place(&self.name, Some(row), heading)
    }

    /// The place of a cell.
    pub(crate) fn cell(&self, row: u32, heading: &Heading) -> Place {
        place(&self.name, Some(row), Some(heading))
    }
}

fn place(sheet: &str, row: Option<u32>, heading: Option<&Heading>) -> Place {
    let column =
        heading.map(|h| ProblemColumn { header: h.header.clone(), letters: letters(h.column) });
    Place { sheet: sheet.to_owned(), row, column }
}

/// Prefixes of names that stand in headers, also where a single colon parts a path.
const PREFIXES: [&str; 4] = ["jr", "odk", "orx", "entities"];

/// The path that a header means.
fn path_of(header: &str, double: bool, headers: &Headers) -> Vec<String> {
    let alias = |name: &str| headers.aliases.iter().find(|(n, _)| *n == name).map(|(_, p)| *p);
    let known = |name: &str| headers.known.contains(&name) && alias(name).is_none();
    for name in [header.to_owned(), snake_case(header)] {
        if known(&name) {
            return vec![name];
        }
    }
    let separator = if double || header.contains("::") { "::" } else { ":" };
    let mut parts: Vec<String> = header.split(separator).map(|p| p.trim().to_owned()).collect();
    let is_prefix = |part: &String| PREFIXES.contains(&part.as_str());
    if let Some(at) = parts.iter().position(is_prefix).filter(|at| at + 1 < parts.len()) {
        let name = parts.remove(at + 1);
        parts[at] = format!("{}:{name}", parts[at]);
    }
    let first = snake_case(&parts[0]);
    if let Some(path) = alias(&first) {
        let start = path.iter().map(|p| (*p).to_owned());
        start.chain(parts.into_iter().skip(1)).collect()
    } else if headers.known.contains(&first.as_str()) {
        parts[0] = first;
        parts
    } else {
        parts
    }
}

fn snake_case(header: &str) -> String {
    header.split_whitespace().collect::<Vec<_>>().join("_").to_lowercase()
}

/// Straight quotes for typographic ones; with `collapse`, one blank for several.
fn clean(text: &str, collapse: bool) -> String {
    let mut cleaned = String::with_capacity(text.len());
    let text = if collapse { text.trim() } else { text };
    for c in text.chars() {
        match c {
            '\u{2018}' | '\u{2019}' => cleaned.push('\''),
            '\u{201c}' | '\u{201d}' => cleaned.push('"'),
            ' ' if collapse && cleaned.ends_with(' ') => {}
            c => cleaned.push(c),
        }
    }
    cleaned
}
