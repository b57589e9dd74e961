//! A list whose rows stay on screen as long as their keys stay in it.

use std::sync::Arc;

use leptos::prelude::*;

/// A row that is not drawn yet.
struct Row {
    key: String,
    draw: Box<dyn FnOnce() -> AnyView + Send>,
}

/// Draws `items`, one row each. A row whose `key` is still there is kept as it is, moved if need be.
///
/// What is listed is erased at once: the reconciling underneath is compiled once for the whole app, where `<For>` is
/// compiled for each list (4 KB each of what a phone loads).
pub fn keyed_list<T: Send + 'static>(
    items: impl Fn() -> Vec<T> + Send + 'static,
    key: impl Fn(&T) -> String + Send + 'static,
    draw: impl Fn(T) -> AnyView + Send + Sync + 'static,
) -> AnyView {
    let draw = Arc::new(draw);
    rows(Box::new(move || {
        let row = |item| {
            let draw = Arc::clone(&draw);
            Row { key: key(&item), draw: Box::new(move || draw(item)) }
        };
        items().into_iter().map(row).collect()
    }))
}

fn rows(each: Box<dyn Fn() -> Vec<Row> + Send>) -> AnyView {
    view! { <For each=move || each() key=|row| row.key.clone() children=|row| (row.draw)() /> }
        .into_any()
}
