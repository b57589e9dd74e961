//! A list of any length: only the rows in sight, and a few around them, are in the page.

use leptos::html;
use leptos::prelude::*;

use crate::reactive::effect;

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
    /// Names what is drawn of a row: as long as it stays, the row stays, with its focus and a finger on it.
    #[prop(optional, into)]
    key: Option<Callback<usize, String>>,
    #[prop(into)] row: Callback<usize, AnyView>,
    #[prop(optional, into)] head: Option<ViewFn>,
) -> impl IntoView {
    let scroller = NodeRef::<html::Div>::new();
    let body = NodeRef::<html::Ul>::new();
    let range = RwSignal::new((0, 0));
    let look = move || {
        let count = count.get_untracked();
        let (Some(scroller), Some(body)) = (scroller.get_untracked(), body.get_untracked()) else {
            return;
        };
        let row_px = if count == 0 { 0.0 } else { f64::from(body.offset_height()) / count as f64 };
        let top = f64::from(scroller.scroll_top()) - f64::from(body.offset_top());
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
    let resized = window_event_listener(leptos::ev::resize, move |_| look());
    on_cleanup(move || resized.remove());
    view! {
        <div class=format!("virtual-list {class}") node_ref=scroller on:scroll=move |_| look()>
            {head.map(|head| head.run())}
            <ul
                node_ref=body
                class="virtual-body"
                aria-label=move || label.get()
                style:height=move || format!("calc(var(--row-height) * {})", count.get())
            >
                {keyed_list(
                    move || {
                        let (first, end) = range.get();
                        let generation = generation.get();
                        let name = |index| key.map_or_else(|| generation.to_string(), |key| key.run(index));
                        (first..end.min(count.get())).map(|index| (index, name(index))).collect()
                    },
                    |(index, name)| format!("{index} {name}"),
                    move |(index, _)| {
                        view! {
                            <li
                                class="virtual-row"
                                style:top=format!("calc(var(--row-height) * {index})")
                                aria-setsize=move || count.get()
                                aria-posinset=index + 1
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
    use super::window;

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
