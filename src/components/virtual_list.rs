//! A list of any length: only the rows in sight, and a few around them, are in the page.

use std::cell::RefCell;

use leptos::html;
use leptos::prelude::*;

use crate::platform::document;
use crate::reactive::{effect, memo};

use super::keyed_list::keyed_list;

/// Rows kept above and below those in sight.
const MARGIN: usize = 8;

/// The rows to draw when `height` pixels from `top` are in sight of rows of `row` pixels each.
fn window(top: f64, height: f64, row: f64, count: usize) -> (usize, usize) {
    if row <= 0.0 {
        return (0, count.min(4 * MARGIN));
    }
    let first = (top.max(0.0) / row) as usize;
    let seen = (height.max(0.0) / row).ceil() as usize + 1;
    let end = first.saturating_add(seen + MARGIN).min(count);
    (first.saturating_sub(MARGIN).min(end), end)
}

/// A row that moved farther is not looked for.
const FAR: usize = 256;

/// Where the row is now that was at a place: as near as can be.
fn place_now(was: usize, count: usize, is_it: impl Fn(usize) -> bool) -> Option<usize> {
    let near = (0..=FAR).flat_map(|far| [was.checked_add(far), was.checked_sub(far)]);
    near.flatten().find(|place| *place < count && is_it(*place))
}

/// A list that was left: its address, and its first row in sight.
type Left = (String, (usize, String));

thread_local! {
    /// Since the app began; none that was left at its top.
    static LEFT: RefCell<Vec<Left>> = const { RefCell::new(Vec::new()) };
}

/// Notes where a list was left.
fn leave(address: String, row: Option<(usize, String)>) {
    LEFT.with_borrow_mut(|left| {
        left.retain(|(other, _)| *other != address);
        left.extend(row.map(|row| (address, row)));
    });
}

/// Where the list was left that one comes back to.
fn come_back(address: &str) -> Option<(usize, String)> {
    LEFT.with_borrow(|left| {
        let mut left = left.iter();
        left.find(|(other, _)| other == address).map(|(_, row)| row.clone())
    })
}

/// Where a list of `count` rows begins that was left at `row`: as soon as that is found, or at its last one where all are found and it
/// has become shorter.
fn begin_at(row: usize, count: usize, is_whole: bool) -> Option<usize> {
    let last = count.checked_sub(1)?;
    (is_whole || row <= last).then(|| row.min(last))
}

/// A scrolling list of `count` rows of equal height (`--row-height` in the style of `class`).
///
/// `head` scrolls with the rows, above them.
#[component]
pub fn VirtualList(
    class: &'static str,
    #[prop(into)] label: Signal<String>,
    #[prop(into)] count: Signal<usize>,
    /// What the rows are rows of: when it changes, drawn rows are drawn anew, all or those with another `key`.
    #[prop(into)]
    generation: Signal<u64>,
    /// Names what is drawn of a row, no two rows alike: as long as it stays, the row stays, with its focus and a finger on it, wherever
    /// in the list it moves.
    #[prop(optional, into)]
    key: Option<Callback<usize, String>>,
    /// What it is a list of, if it is to begin where the same was left: it needs a `key`.
    #[prop(optional, into)]
    address: Option<Signal<String>>,
    /// Whether all of its rows are found, if they are found in turns.
    #[prop(optional, into)]
    whole: Option<Signal<bool>>,
    #[prop(into)] row: Callback<usize, AnyView>,
    #[prop(optional, into)] head: Option<ViewFn>,
) -> impl IntoView {
    let scroller = NodeRef::<html::Div>::new();
    let body = NodeRef::<html::Ul>::new();
    let range = RwSignal::new((0, 0));
    let rows = memo(move || {
        let (first, end) = range.get();
        let generation = generation.get();
        let name =
            |index| key.map_or_else(|| format!("{index} {generation}"), |key| key.run(index));
        let named = |index| (index, name(index));
        (first..end.min(count.get())).map(named).collect::<Vec<(usize, String)>>()
    });
    // The first row in sight, unless the list is at its top.
    let eyed = StoredValue::new(None::<(usize, String)>);
    let here = StoredValue::new(address.map(|address| address.get_untracked()));
    // The row to begin at, as soon as it is there: what is looked for is found in turns, and the list may not be in sight.
    let begin = StoredValue::new(here.with_value(|here| come_back(here.as_deref()?)));
    on_cleanup(move || {
        // The browser's address is another one by now.
        let row = eyed.try_get_value().flatten().or(begin.try_get_value().flatten());
        if let Some(here) = here.try_get_value().flatten() {
            leave(here, row);
        }
    });
    let look = move || {
        let now = address.map(|address| address.get_untracked());
        if here.with_value(|here| *here != now) {
            // Another list: where the one before was left is nothing to it.
            here.set_value(now);
            begin.set_value(None);
        }
        let count = count.get_untracked();
        let (Some(scroller), Some(body)) = (scroller.get_untracked(), body.get_untracked()) else {
            return;
        };
        let row_px = if count == 0 { 0.0 } else { f64::from(body.offset_height()) / count as f64 };
        let key = key.filter(|_| row_px > 0.0);
        let is_it = |name: &String, at| key.is_some_and(|key| key.run(at) == *name);
        let is_whole = whole.is_some_and(|whole| whole.get_untracked());
        if let Some((row, name)) = begin.get_value().filter(|_| row_px > 0.0)
            && let Some(row) = begin_at(row, count, is_whole)
        {
            begin.set_value(None);
            scroller.set_scroll_top(body.offset_top() + (row as f64 * row_px).ceil() as i32);
            eyed.set_value(Some((row, name)));
        }
        if let Some((was, name)) = eyed.get_value()
            && let Some(now) = place_now(was, count, |at| is_it(&name, at))
            && now != was
        {
            // What came above it leaves it where the eye is.
            let moved_px = (now as f64 - was as f64) * row_px;
            scroller.set_scroll_top(scroller.scroll_top() + moved_px.round() as i32);
        }
        let top = f64::from(scroller.scroll_top()) - f64::from(body.offset_top());
        if let Some(key) = key {
            let first = (top / row_px) as usize;
            eyed.set_value((top > 0.0 && first < count).then(|| (first, key.run(first))));
        }
        let seen = window(top, f64::from(scroller.client_height()), row_px, count);
        if range.try_get_untracked() != Some(seen) {
            range.try_set(seen);
        }
    };
    effect(move || {
        count.track();
        generation.track();
        // A list that is gone before the frame has nothing to look at.
        if let Ok(frame) = request_animation_frame_with_handle(look) {
            on_cleanup(move || frame.cancel());
        }
    });
    let scrolled = move || {
        // Somebody went elsewhere before it was there.
        begin.set_value(None);
        look();
    };
    let resized = window_event_listener(leptos::ev::resize, move |_| look());
    on_cleanup(move || resized.remove());
    view! {
        <div class=format!("virtual-list {class}") node_ref=scroller on:scroll=move |_| scrolled()>
            {head.map(|head| head.run())}
            <ul
                node_ref=body
                class="virtual-body"
                aria-label=move || label.get()
                style:height=move || format!("calc(var(--row-height) * {})", count.get())
                on:keydown=move |event| {
                    let step = match event.key().as_str() {
                        "ArrowDown" => 1,
                        "ArrowUp" => -1,
                        _ => return,
                    };
                    if document::focus_link_beside(&event, step) {
                        event.prevent_default();
                    }
                }
            >
                {keyed_list(
                    move || rows.get(),
                    |(_, name)| name.clone(),
                    move |(index, name)| {
                        let name = StoredValue::new(name);
                        let place = move || {
                            let rows = rows.read();
                            let row = rows.iter().find(|(_, other)| name.with_value(|name| name == other));
                            row.map_or(index, |(now, _)| *now)
                        };
                        view! {
                            <li
                                class="virtual-row"
                                style:top=move || format!("calc(var(--row-height) * {})", place())
                                aria-setsize=move || count.get()
                                aria-posinset=move || place() + 1
                            >
                                {row.run(index)}
                            </li>
                        }
                            .into_any()
                    },
                )}
            </ul>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::{FAR, begin_at, come_back, leave, place_now, window};

    #[test]
    fn a_list_begins_where_the_same_was_left() {
        let row = |at: usize| Some((at, format!("row {at}")));
        leave("?state=draft".to_owned(), row(30));
        leave(String::new(), row(7));
        leave("?state=draft".to_owned(), row(31));
        let rows = || ["?state=draft", "", "?q=an"].map(come_back);
        assert_eq!(rows(), [row(31), row(7), None]);
        leave("?state=draft".to_owned(), None);
        assert_eq!(rows(), [None, row(7), None], "at its top");
    }

    #[test]
    fn a_list_that_became_shorter_begins_at_its_last_row_and_leaps_nowhere_later() {
        for (row, count, is_whole, begins) in [
            (30, 31, false, Some(30)),
            (30, 28, false, None),
            (30, 28, true, Some(27)),
            (30, 400, true, Some(30)),
            (30, 0, true, None),
        ] {
            assert_eq!(begin_at(row, count, is_whole), begins, "{row} {count} {is_whole}");
        }
    }

    #[test]
    fn a_row_is_found_again_where_it_moved() {
        let found = |was, rows: &[u8], row| place_now(was, rows.len(), |at| rows[at] == row);
        for (was, rows, row, now) in [
            (2, &b"abcde"[..], b'c', Some(2)),
            (2, b"xabcde", b'c', Some(3)),
            (2, b"bcde", b'c', Some(1)),
            (4, b"ed", b'e', Some(0)),
            (0, b"zyxa", b'a', Some(3)),
            (2, b"abde", b'c', None),
            (0, b"", b'a', None),
        ] {
            assert_eq!(found(was, rows, row), now, "{was} {rows:?}");
        }
        assert_eq!(place_now(0, 9_999, |at| at == FAR + 1), None);
    }

    #[test]
    fn only_the_rows_in_sight_and_a_few_around_are_drawn() {
        let cases = [
            ((0.0, 700.0, 70.0, 100_000), (0, 19)),
            ((70_000.0, 700.0, 70.0, 100_000), (992, 1_019)),
            ((6_999_300.0, 700.0, 70.0, 100_000), (99_982, 100_000)),
            ((-150.0, 700.0, 70.0, 5), (0, 5)),
            ((9_999.0, 700.0, 70.0, 5), (5, 5)),
            ((0.0, 700.0, 0.0, 100_000), (0, 32)),
            ((0.0, 700.0, 0.0, 0), (0, 0)),
        ];
        for ((top, height, row, count), drawn) in cases {
            assert_eq!(window(top, height, row, count), drawn, "{top} {count}");
        }
    }
}
