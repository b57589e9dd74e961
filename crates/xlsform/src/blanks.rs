//! Where a spreadsheet's sheet ends: people keep notes of their own far below and far beside it.

use crate::read::MAX_ROWS;
use crate::workbook::{CellNote, CellNoteKind, Sheet};

/// More blank headers than this in a row end the columns, as in `pyxform`.
const MAX_BLANK_COLUMNS: usize = 20;
/// More blank rows than this, one after the other, end the rows.
const MAX_BLANK_ROWS: usize = 60;

/// Takes away what stands behind so many blanks, and notes it.
pub(crate) fn end_at_blanks(sheet: &mut Sheet) {
    end_columns(sheet);
    end_rows(sheet);
}

fn end_columns(sheet: &mut Sheet) {
    let Some(headers) = sheet.rows.first_mut() else { return };
    let mut width = 0;
    for (column, header) in headers.iter().enumerate() {
        if is_blank(header.as_deref()) {
            continue;
        }
        if column - width > MAX_BLANK_COLUMNS {
            let header = header.clone().unwrap_or_default();
            let kind = CellNoteKind::BehindBlankColumns { header, limit: MAX_BLANK_COLUMNS };
            sheet.notes.push(CellNote { row: 1, column, kind });
            break;
        }
        width = column + 1;
    }
    // Cells below no header are nobody's.
    headers.truncate(width);
}

fn end_rows(sheet: &mut Sheet) {
    let Some((headers, rows)) = sheet.rows.split_first() else { return };
    let has_header = |column: usize| !is_blank(headers.get(column).and_then(Option::as_deref));
    let first_cell = |row: &[Option<String>]| {
        let mut cells = row.iter().enumerate();
        cells.find(|(at, cell)| has_header(*at) && !is_blank(cell.as_deref())).map(|(at, _)| at)
    };
    let mut end = 1;
    let mut behind = None;
    for (at, row) in (1..).zip(rows) {
        let Some(column) = first_cell(row) else { continue };
        if at - end > MAX_BLANK_ROWS {
            behind = Some((at, column));
            break;
        }
        end = at + 1;
    }
    // A row beyond those that are kept is known by its note alone.
    let unkept = sheet.notes.iter().find(|note| {
        note.kind == CellNoteKind::TooLarge
            && note.row as usize > MAX_ROWS.max(end + MAX_BLANK_ROWS + 1)
    });
    let unkept = unkept.map(|note| (note.row as usize - 1, note.column));
    if behind.is_none() && unkept.is_none() {
        return;
    }
    let behind = behind.or(unkept.filter(|(_, column)| has_header(*column)));
    sheet.rows.truncate(end);
    sheet.notes.retain(|note| note.row as usize <= end);
    if let Some((row, column)) = behind {
        let row = u32::try_from(row + 1).unwrap_or(u32::MAX);
        let kind = CellNoteKind::BehindBlankRows { limit: MAX_BLANK_ROWS };
        sheet.notes.push(CellNote { row, column, kind });
    }
}

fn is_blank(cell: Option<&str>) -> bool {
    cell.is_none_or(|text| text.trim().is_empty())
}
