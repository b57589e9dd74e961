//! The last sheet: by what the records of a file were chosen, and when and by whom it was taken. A month later nobody knows it by its name.

use rust_xlsxwriter::ExcelDateTime;
use sync::view::Level;
use sync::wire::State;

use super::Export;
use super::cell::{self, Cell};

/// By what records were chosen, and when and by whom they were taken.
#[derive(Debug, Default)]
pub struct Chosen {
    /// Of this unit and those below it.
    pub unit: Option<String>,
    /// Of the unit without those below it.
    pub is_alone: bool,
    /// In this state.
    pub state: Option<State>,
    /// By this account.
    pub author: Option<String>,
    /// In which this is to be done.
    pub asks: Option<Level>,
    /// Begun from then on, and before then.
    pub begun: (Option<i64>, Option<i64>),
    /// Where these words are found.
    pub text: String,
    /// When they were taken.
    pub at_ms: i64,
    /// The account that took them.
    pub by: String,
}

/// What stands there: what each line is of, and what of that was chosen. What most people leave alone has no line where they do.
pub(super) fn lines(export: &Export<'_>, title: &str) -> Vec<(&'static str, Cell)> {
    let words = export.language.words();
    let chosen = export.chosen;
    let text = |text: &str| Cell::Text(text.to_owned());
    let or_all = |cell: Option<Cell>| cell.unwrap_or_else(|| text(words.all));
    let moment = |ms: i64| cell::instant(ms, export.offset_min);
    let day = |ms: Option<i64>| or_all(ms.and_then(moment).map(Cell::Date));
    let unit = chosen.unit.as_deref().map(|unit| {
        let below = if chosen.is_alone { "" } else { words.and_below };
        Cell::Text(export.unit_name(unit) + below)
    });
    let (from, until) = chosen.begun;
    let mut lines = vec![
        (words.form, text(title)),
        (words.unit, or_all(unit)),
        (words.state, or_all(chosen.state.map(|state| text(export.language.state(state))))),
        (words.begun_from, day(from)),
        // The last moment of a day, not the first of the next.
        (words.begun_until, day(until.map(|until| until.saturating_sub(60_000)))),
    ];
    let asks = chosen.asks.map(|asks| match asks {
        Level::Decide => words.to_decide,
        Level::Look | Level::Note => words.to_look_at,
    });
    lines.extend(asks.map(|asks| (words.asks, text(asks))));
    lines.extend(chosen.author.as_deref().map(|author| (words.author, text(author))));
    if !chosen.text.is_empty() {
        lines.push((words.sought, text(&chosen.text)));
    }
    let taken: Option<ExcelDateTime> = moment(chosen.at_ms);
    lines.extend(taken.map(|taken| (words.taken, Cell::DateTime(taken))));
    lines.push((words.taken_by, text(&chosen.by)));
    lines
}
