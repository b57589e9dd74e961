//! What follows from the answers where two results met: nobody chooses between those.

use std::collections::BTreeMap;

use form::{Program, Session};
use sync::{
    view::{Level, RecordView},
    wire::{Value, field},
};

/// Whether the lists that a form looks into are here. Without them it would give other results.
pub(crate) fn has_its_lists(program: &Program) -> bool {
    program.missing_files().is_empty()
}

/// What a session gives for the fields in which two values stand and that follow from others: the title, and which it is told.
pub(crate) fn following(
    session: &Session,
    view: &RecordView,
    follows: impl Fn(&str) -> bool,
) -> BTreeMap<String, Value> {
    let fields = session.fields();
    let given = view.conflicts.iter().filter_map(|conflict| {
        let path = conflict.path.as_str();
        let is_open = conflict.level == Level::Decide && conflict.values.len() > 1;
        let text = match path {
            field::TITLE if is_open => Some(session.name().unwrap_or_default()),
            _ if is_open && !field::is_ours(path) && follows(path) => fields.get(path).cloned(),
            _ => return None,
        };
        Some((path.to_owned(), text.map_or(Value::Empty, Value::Text)))
    });
    sync::gather(given)
}
