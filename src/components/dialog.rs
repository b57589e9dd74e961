//! A sheet: from the bottom on a phone, in the middle at a desk.

use leptos::ev::MouseEvent;
use leptos::html;
use leptos::prelude::*;

use crate::reactive::{Show, effect};

use super::button::IconButton;
use super::icon::Glyph;

/// A modal sheet on the browser's own dialog: it keeps the focus inside, Escape closes it, and the focus
/// goes back to where it was.
#[component]
pub fn Sheet(
    #[prop(into)] open: Signal<bool>,
    #[prop(into)] title: Signal<String>,
    #[prop(into)] close_label: Signal<String>,
    #[prop(into)] on_close: Callback<()>,
    /// Whether it takes the whole screen.
    #[prop(optional)]
    full: bool,
    children: ChildrenFn,
) -> impl IntoView {
    let dialog = NodeRef::<html::Dialog>::new();
    // What lies above the sheet is the backdrop.
    let is_above = move |event: &MouseEvent| {
        let top =
            dialog.get_untracked().map_or(0.0, |dialog| dialog.get_bounding_client_rect().top());
        f64::from(event.client_y()) < top
    };
    // A stroke may begin on the sheet and end above it, and the click then is the dialog's.
    let began_above = StoredValue::new(false);
    effect(move || {
        let Some(dialog) = dialog.get() else { return };
        match (open.get(), dialog.open()) {
            (true, false) => {
                if let Err(error) = dialog.show_modal() {
                    leptos::logging::error!("sheet not shown: {error:?}");
                }
            }
            (false, true) => dialog.close(),
            _ => {}
        }
    });
    view! {
        <dialog
            class=if full { "sheet sheet-full" } else { "sheet" }
            node_ref=dialog
            aria-label=move || title.get()
            on:close=move |_| {
                if open.try_get_untracked() == Some(true) {
                    on_close.run(());
                }
            }
            on:pointerdown=move |event| began_above.set_value(is_above(&event))
            on:click=move |event| {
                // A key's press has no place: (0, 0).
                if event.detail() > 0 && began_above.get_value() && is_above(&event) {
                    on_close.run(());
                }
            }
        >
            <Show when=move || open.get()>
                <div class="sheet-head">
                    <h2>{move || title.get()}</h2>
                    <IconButton label=close_label glyph=Glyph::Close on_click=on_close />
                </div>
                <div class="sheet-body">{children()}</div>
            </Show>
        </dialog>
    }
}
