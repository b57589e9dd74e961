//! A workbook as text cells, whatever file it came from.

/// Sheets in the file's order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Workbook {
    /// The sheets.
    pub sheets: Vec<Sheet>,
}

/// One sheet: rows of cells, the first of which holds the headers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sheet {
    /// Name as written.
    pub name: String,
    /// Rows of cells; `None` and blank text are empty cells.
    pub rows: Vec<Vec<Option<String>>>,
    /// What reading found about single cells.
    pub notes: Vec<CellNote>,
}

/// Something about a cell that a text cannot say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CellNote {
    /// Row as the spreadsheet shows it, from 1.
    pub row: u32,
    /// Column from 0.
    pub column: usize,
    /// What it is.
    pub kind: CellNoteKind,
}

/// What a [`CellNote`] says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CellNoteKind {
    /// The cell holds a formula; its stored result was read.
    Formula,
    /// The cell holds an error value, such as `#REF!`, which was read as text.
    ErrorValue(String),
    /// Rows or columns from here on were not read: the sheet is too large.
    TooLarge,
    /// From here on rows were not read: so many above are blank.
    BehindBlankRows { limit: usize },
    /// From here on columns were not read: so many headers before are blank.
    BehindBlankColumns { header: String, limit: usize },
}

impl Workbook {
    /// A workbook from grids: (sheet name, rows of cells, headers first).
    #[must_use]
    pub fn from_grid(sheets: Vec<(String, Vec<Vec<Option<String>>>)>) -> Self {
        let sheet = |(name, rows)| Sheet { name, rows, notes: Vec::new() };
        Self { sheets: sheets.into_iter().map(sheet).collect() }
    }

    /// The sheet of this name, in any letter case. The only sheet of a workbook is its survey.
    pub(crate) fn sheet(&self, name: &str) -> Option<&Sheet> {
        let named = self.sheets.iter().find(|s| s.name.trim().to_lowercase() == name);
        let alone = self.sheets.len() == 1 && name == "survey";
        let known = |s: &&Sheet| !KNOWN.contains(&s.name.trim().to_lowercase().as_str());
        named.or_else(|| self.sheets.first().filter(|_| alone).filter(known))
    }

    /// The sheets that are probably meant to have this name: at most two letters differ.
    pub(crate) fn misspelt(&self, name: &str) -> impl Iterator<Item = &str> {
        let names = self.sheets.iter().map(|s| s.name.as_str());
        names
            .filter(|n| !n.starts_with('_') && !KNOWN.contains(&n.to_lowercase().as_str()))
            .filter(move |n| distance(&n.to_lowercase(), name) <= 2)
    }
}

const KNOWN: [&str; 6] = ["survey", "choices", "settings", "external_choices", "osm", "entities"];

/// Number of letters to insert, delete or replace between two words.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().take(40).collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().take(40).enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(row[j + 1] + 1);
        }
    }
    row[b.len()]
}

/// The letters of a column as the spreadsheet shows it: 0 is `A`, 26 is `AA`.
pub(crate) fn letters(column: usize) -> String {
    let mut letters = Vec::new();
    let mut rest = column + 1;
    while rest > 0 {
        letters.push(b'A' + u8::try_from((rest - 1) % 26).unwrap_or(0));
        rest = (rest - 1) / 26;
    }
    letters.iter().rev().map(|b| char::from(*b)).collect()
}
