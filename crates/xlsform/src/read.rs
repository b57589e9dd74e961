//! Bytes to a [`Workbook`]: chooses the reader, and reads csv and Markdown.

use crate::workbook::{CellNote, CellNoteKind, Sheet, Workbook};

/// More bytes than this are not read.
pub(crate) const MAX_BYTES: usize = 32 << 20;
/// More rows of a sheet than this are not read.
pub(crate) const MAX_ROWS: usize = 100_000;
/// More columns of a sheet than this are not read.
pub(crate) const MAX_COLUMNS: usize = 1_000;

/// The kinds of file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `.xlsx`, `.xlsm` or `.xls`, told apart by the content.
    Spreadsheet,
    /// Comma-separated values: sheet name in the first column.
    Csv,
    /// A Markdown table: sheet name in the first column.
    Markdown,
}

impl Kind {
    /// The kind that a file name ends with.
    #[must_use]
    pub fn from_file_name(name: &str) -> Option<Self> {
        let (_, extension) = name.rsplit_once('.')?;
        match extension.to_ascii_lowercase().as_str() {
            "xlsx" | "xlsm" | "xls" => Some(Self::Spreadsheet),
            "csv" => Some(Self::Csv),
            "md" => Some(Self::Markdown),
            _ => None,
        }
    }
}

/// Whether a file is an `.xls`, whatever it is called.
///
/// It says itself how large its sheets are, and room is taken for that before a cell is read: one of a few kilobytes can
/// take all memory. Read none from people whom you do not trust.
#[must_use]
pub fn is_xls(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\xd0\xcf\x11\xe0")
}

/// Why bytes are no workbook.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// Larger than is read.
    #[error("the file is larger than {limit} bytes")]
    TooLarge {
        /// The limit.
        limit: usize,
    },
    /// Not a spreadsheet, or a damaged one.
    #[error("the file is not a spreadsheet that can be read: {0}")]
    NotASpreadsheet(String),
    /// Text that is not UTF-8.
    #[error("the text is not UTF-8")]
    NotText,
    /// Text that has no table.
    #[error("the text holds no table")]
    NoTable,
    /// This build cannot read spreadsheets.
    #[error("this build reads no spreadsheets")]
    NoSpreadsheets,
}

/// Reads a workbook.
///
/// # Errors
/// When the bytes are not such a file, or are too large.
pub fn read_workbook(bytes: &[u8], kind: Kind) -> Result<Workbook, ReadError> {
    if bytes.len() > MAX_BYTES {
        return Err(ReadError::TooLarge { limit: MAX_BYTES });
    }
    match kind {
        #[cfg(feature = "spreadsheet")]
        Kind::Spreadsheet => crate::spreadsheet::read(bytes),
        #[cfg(not(feature = "spreadsheet"))]
        Kind::Spreadsheet => Err(ReadError::NoSpreadsheets),
        Kind::Csv => read_csv(text(bytes)?),
        Kind::Markdown => read_markdown(text(bytes)?),
    }
}

fn text(bytes: &[u8]) -> Result<&str, ReadError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    std::str::from_utf8(bytes).map_err(|_utf8| ReadError::NotText)
}

fn cell(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// Adds rows whose first cell names a sheet, or is empty within one.
fn add_row(sheets: &mut Vec<Sheet>, row: &[Option<String>]) {
    let Some((first, rest)) = row.split_first() else { return };
    if let Some(name) = first {
        sheets.push(Sheet { name: name.clone(), ..Sheet::default() });
    }
    if let Some(sheet) = sheets.last_mut()
        && rest.iter().any(Option::is_some)
        && sheet.notes.is_empty()
    {
        if sheet.rows.len() < MAX_ROWS && rest.len() <= MAX_COLUMNS {
            sheet.rows.push(rest.to_vec());
        } else {
            let row = u32::try_from(sheet.rows.len() + 1).unwrap_or(u32::MAX);
            sheet.notes.push(CellNote { row, column: 0, kind: CellNoteKind::TooLarge });
        }
    }
}

fn read_csv(text: &str) -> Result<Workbook, ReadError> {
    let mut sheets = Vec::new();
    let mut builder = csv::ReaderBuilder::new();
    let mut reader = builder.has_headers(false).flexible(true).from_reader(text.as_bytes());
    for record in reader.records() {
        let record = record.map_err(|e| ReadError::NotASpreadsheet(e.to_string()))?;
        let row: Vec<_> = record.iter().map(cell).collect();
        add_row(&mut sheets, &row);
    }
    named_sheets(sheets)
}

fn read_markdown(text: &str) -> Result<Workbook, ReadError> {
    let mut sheets = Vec::new();
    for line in text.lines() {
        let line = line.trim();
        let inner = line.strip_prefix('|').and_then(|l| l.rfind('|').and_then(|end| l.get(..end)));
        let Some(inner) = inner else { continue };
        if !inner.is_empty() && inner.chars().all(|c| "|-".contains(c)) {
            continue;
        }
        add_row(&mut sheets, &markdown_cells(inner));
    }
    named_sheets(sheets)
}

/// Cells between bars; `\|` is a bar in a cell.
fn markdown_cells(line: &str) -> Vec<Option<String>> {
    let mut cells = vec![String::new()];
    let mut escaped = false;
    for c in line.chars() {
        match c {
            '|' if !escaped => cells.push(String::new()),
            _ => cells.last_mut().expect("there is a cell from the start").push(c),
        }
        escaped = c == '\\';
    }
    cells.iter().map(|c| cell(&c.replace("\\|", "|"))).collect()
}

fn named_sheets(sheets: Vec<Sheet>) -> Result<Workbook, ReadError> {
    if sheets.iter().all(|s| s.rows.is_empty()) {
        return Err(ReadError::NoTable);
    }
    Ok(Workbook { sheets })
}
