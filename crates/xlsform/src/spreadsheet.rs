//! `.xlsx` and `.xls` to a [`Workbook`]; the former with bounded memory.

use std::io::{BufReader, Cursor, Read};

use calamine::{CellErrorType, Data, DataRef, ExcelDateTime, Reader, Xls, Xlsx, XlsxError};
use quick_xml::events::Event;
use zip::ZipArchive;

use crate::blanks::end_at_blanks;
use crate::read::{MAX_COLUMNS, MAX_ROWS, ReadError, is_xls};
use crate::workbook::{CellNote, CellNoteKind, Sheet, Workbook};

/// More cells of a workbook than this are not read, counting the empty ones between.
const MAX_CELLS: usize = 4_000_000;
/// More text in the cells of a workbook than this is not read, in bytes: many cells can share one.
const MAX_TEXT: usize = 128 << 20;
/// More formulas of a sheet than this are not told one by one.
const MAX_NOTES: usize = 10_000;
/// An archive that unpacks to more than this is not read.
const MAX_UNPACKED: u64 = 64 << 20;

/// What may still be kept of a workbook.
struct Room {
    cells: usize,
    text: usize,
}

impl Room {
    const ALL: Self = Self { cells: MAX_CELLS, text: MAX_TEXT };
}

/// Reads by content, not by name: people rename files.
pub(crate) fn read(bytes: &[u8]) -> Result<Workbook, ReadError> {
    let read = if bytes.starts_with(b"PK") {
        check_size(bytes)?;
        read_xlsx
    } else if is_xls(bytes) {
        read_xls
    } else {
        return Err(ReadError::NotASpreadsheet("it is neither .xlsx nor .xls".to_owned()));
    };
    // The library's own arithmetic can panic on a damaged file. It holds nothing of ours then.
    std::panic::catch_unwind(|| read(bytes)).unwrap_or_else(|_panic| Err(damaged(&"it is damaged")))
}

fn damaged(error: &dyn std::fmt::Display) -> ReadError {
    ReadError::NotASpreadsheet(error.to_string())
}

fn read_xlsx(bytes: &[u8]) -> Result<Workbook, ReadError> {
    let mut file: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(|e| damaged(&e))?;
    let mut workbook = Workbook::default();
    let mut room = Room::ALL;
    for name in file.sheet_names() {
        workbook.sheets.push(match xlsx_sheet(&mut file, &name, &mut room) {
            Ok(sheet) => sheet,
            Err(XlsxError::NotAWorksheet(_)) => continue,
            Err(error) => return Err(damaged(&error)),
        });
    }
    Ok(workbook)
}

/// Cells one by one, so that a sheet with a million rows costs no more than those that are kept.
fn xlsx_sheet(
    file: &mut Xlsx<Cursor<&[u8]>>,
    name: &str,
    room: &mut Room,
) -> Result<Sheet, XlsxError> {
    let mut sheet = Sheet { name: name.to_owned(), ..Sheet::default() };
    let mut cells = file.worksheet_cells_reader(name)?;
    // Formulas as they stand: told from what they are shared with, each would claim the room that its number says.
    while let Some(cell) = cells.next_cell_with_formula_metadata()? {
        let (row, column) = cell.pos;
        if !put(&mut sheet, (row, column as usize), &cell.value, room) {
            break;
        }
        if cell.formula.is_some() && sheet.notes.len() < MAX_NOTES {
            let kind = CellNoteKind::Formula;
            sheet.notes.push(CellNote { row: row + 1, column: column as usize, kind });
        }
    }
    drop(cells);
    end_at_blanks(&mut sheet);
    Ok(sheet)
}

fn read_xls(bytes: &[u8]) -> Result<Workbook, ReadError> {
    let mut file: Xls<_> = Xls::new(Cursor::new(bytes)).map_err(|e| damaged(&e))?;
    let mut workbook = Workbook::default();
    let mut room = Room::ALL;
    for name in file.sheet_names() {
        let mut sheet = Sheet { name: name.clone(), ..Sheet::default() };
        let range = file.worksheet_range(&name).map_err(|e| damaged(&e))?;
        let (top, left) = range.start().unwrap_or_default();
        for (row, column, value) in range.used_cells() {
            let row = u32::try_from(row).unwrap_or(u32::MAX).saturating_add(top);
            let place = (row, column + left as usize);
            if !put(&mut sheet, place, &borrowed(value), &mut room) {
                break;
            }
        }
        end_at_blanks(&mut sheet);
        workbook.sheets.push(sheet);
    }
    Ok(workbook)
}

fn borrowed(value: &Data) -> DataRef<'_> {
    match value {
        Data::Int(number) => DataRef::Int(*number),
        Data::Float(number) => DataRef::Float(*number),
        Data::String(text) => DataRef::SharedString(text),
        Data::Bool(truth) => DataRef::Bool(*truth),
        Data::DateTime(moment) => DataRef::DateTime(*moment),
        Data::DateTimeIso(text) => DataRef::DateTimeIso(text.clone()),
        Data::DurationIso(text) => DataRef::DurationIso(text.clone()),
        Data::Error(error) => DataRef::Error(error.clone()),
        _ => DataRef::Empty,
    }
}

/// Stores a cell; false when the sheet has as many cells as are read.
fn put(
    sheet: &mut Sheet,
    (row, column): (u32, usize),
    value: &DataRef<'_>,
    room: &mut Room,
) -> bool {
    let note = |kind| CellNote { row: row.saturating_add(1), column, kind };
    if let DataRef::Error(error) = value {
        sheet.notes.push(note(CellNoteKind::ErrorValue(error_text(error).to_owned())));
    }
    let Some(text) = text(value) else { return true };
    if row as usize >= MAX_ROWS || column > room.cells || text.len() > room.text {
        sheet.notes.push(note(CellNoteKind::TooLarge));
        return false;
    }
    if column >= MAX_COLUMNS {
        if !sheet.notes.iter().any(|n| n.kind == CellNoteKind::TooLarge) {
            sheet.notes.push(note(CellNoteKind::TooLarge));
        }
        return true;
    }
    if sheet.rows.len() <= row as usize {
        sheet.rows.resize(row as usize + 1, Vec::new());
    }
    let cells = &mut sheet.rows[row as usize];
    if cells.len() <= column {
        room.cells -= (column + 1 - cells.len()).min(room.cells);
        cells.resize(column + 1, None);
    }
    room.text -= text.len();
    cells[column] = Some(text);
    true
}

/// Text of a cell as a form uses it: whole numbers without a point, `TRUE`, ISO dates.
fn text(value: &DataRef<'_>) -> Option<String> {
    let text = match value {
        DataRef::Empty => return None,
        DataRef::Error(error) => error_text(error).to_owned(),
        DataRef::Int(number) => number.to_string(),
        DataRef::Float(number) => number.to_string(),
        DataRef::String(text) => text.replace('\u{a0}', " "),
        DataRef::SharedString(text) => text.replace('\u{a0}', " "),
        DataRef::Bool(true) => "TRUE".to_owned(),
        DataRef::Bool(false) => "FALSE".to_owned(),
        DataRef::DateTime(moment) => date_text(moment),
        DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text.clone(),
    };
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

fn date_text(moment: &ExcelDateTime) -> String {
    let (year, month, day, hour, minute, second, _milli) = moment.to_ymd_hms_milli();
    if moment.as_f64() < 1.0 {
        format!("{hour:02}:{minute:02}:{second:02}")
    } else {
        format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
    }
}

fn error_text(error: &CellErrorType) -> &'static str {
    match error {
        CellErrorType::Div0 => "#DIV/0!",
        CellErrorType::NA => "#N/A",
        CellErrorType::Name => "#NAME?",
        CellErrorType::Null => "#NULL!",
        CellErrorType::Num => "#NUM!",
        CellErrorType::Ref => "#REF!",
        CellErrorType::Value => "#VALUE!",
        _ => "#ERROR!",
    }
}

/// Unpacks every entry into nothing, counting, before anything is kept: a small file can hold a
/// huge sheet, and the sizes that an archive states need not be true. It is unpacked by the same
/// reader as later, so that none is found then that was not counted.
fn check_size(bytes: &[u8]) -> Result<(), ReadError> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|e| damaged(&e))?;
    let mut left = MAX_UNPACKED + 1;
    for index in 0..archive.len() {
        let entry = archive.by_index(index).map_err(|e| damaged(&e))?;
        let name = entry.name().map_err(|e| damaged(&e))?.to_ascii_lowercase();
        let mut unpacked = entry.take(left);
        if name.ends_with("sharedstrings.xml") && claims_too_much(&mut unpacked) {
            return Err(ReadError::TooLarge { limit: MAX_UNPACKED as usize });
        }
        std::io::copy(&mut unpacked, &mut std::io::sink()).map_err(|e| damaged(&e))?;
        left = unpacked.limit();
        if left == 0 {
            return Err(ReadError::TooLarge { limit: MAX_UNPACKED as usize });
        }
    }
    Ok(())
}

/// Whether a list of shared texts says that it has more than a workbook has cells: room for all is taken before one is
/// read. It is read as calamine reads it.
fn claims_too_much(list: impl Read) -> bool {
    let mut xml = quick_xml::Reader::from_reader(BufReader::new(list));
    let config = xml.config_mut();
    (config.check_end_names, config.expand_empty_elements) = (false, true);
    let mut buffer = Vec::new();
    loop {
        buffer.clear();
        match xml.read_event_into(&mut buffer) {
            Ok(Event::Start(start)) if start.local_name().as_ref() == "sst" => {
                let mut counts = start.attributes_raw().split("uniqueCount").skip(1);
                return counts.any(|rest| {
                    let digits = rest.trim_start_matches(|c: char| !c.is_ascii_digit());
                    let digits = digits.split(|c: char| !c.is_ascii_digit()).next();
                    let digits = digits.filter(|digits| !digits.is_empty());
                    digits.is_some_and(|n| n.parse().map_or(true, |count: usize| count > MAX_CELLS))
                });
            }
            // What is broken is told by who reads it.
            Ok(Event::Eof) | Err(_) => return false,
            Ok(_) => {}
        }
    }
}
