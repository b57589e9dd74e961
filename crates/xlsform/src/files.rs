//! Files beside the form: where a workbook names them.

use crate::problem::{Problem, ProblemColumn, ProblemKind, Severity};
use crate::workbook::{Workbook, letters};

/// What is wrong when there is no file for a `jr://` address, told at the cell that names it. `similar` is a file that is
/// there and probably meant.
#[must_use]
pub fn missing_file(workbook: &Workbook, address: &str, similar: Option<&str>) -> Problem {
    let name = address.rsplit('/').next().unwrap_or(address);
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    // A list is also named without its ending: by a row of type csv-external, and by pulldata().
    let ways: [&dyn Fn(&str) -> bool; 4] = [
        &|cell| cell == name || cell.rsplit('/').next() == Some(name),
        &|cell| cell.contains(name),
        &|cell| cell.contains(&format!("'{stem}'")) || cell.contains(&format!("\"{stem}\"")),
        &|cell| cell == stem,
    ];
    let found = ways.into_iter().find_map(|is_named| first(workbook, is_named));
    let (sheet, row, column) = match found {
        Some((sheet, row, column)) => (sheet, Some(row), Some(column)),
        None => ("survey".to_owned(), None, None),
    };
    let kind =
        ProblemKind::MissingFile { name: name.to_owned(), similar: similar.map(str::to_owned) };
    Problem { sheet, row, column, severity: Severity::Error, kind }
}

/// The first cell below the headers of which this is true.
fn first(
    workbook: &Workbook,
    is_named: &dyn Fn(&str) -> bool,
) -> Option<(String, u32, ProblemColumn)> {
    workbook.sheets.iter().find_map(|sheet| {
        let (headers, rows) = sheet.rows.split_first()?;
        (2..).zip(rows).find_map(|(row, cells)| {
            let named = |cell: &Option<String>| cell.as_deref().is_some_and(|c| is_named(c.trim()));
            let at = cells.iter().position(named)?;
            let header = headers.get(at).cloned().flatten().unwrap_or_default();
            let column = ProblemColumn { header: header.trim().to_owned(), letters: letters(at) };
            Some((sheet.name.clone(), row, column))
        })
    })
}
