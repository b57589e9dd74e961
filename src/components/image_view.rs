//! A picture: small in place, and as large as the screen.

use leptos::prelude::*;

use super::dialog::Sheet;

/// A small picture that opens large.
#[component]
pub fn Thumbnail(
    #[prop(into)] src: Signal<String>,
    #[prop(into)] alt: Signal<String>,
    #[prop(into)] open_label: Signal<String>,
    #[prop(into)] on_open: Callback<()>,
    /// It cannot be drawn here.
    #[prop(optional, into)]
    on_error: Option<Callback<()>>,
) -> impl IntoView {
    let fail = move |_| {
        if let Some(on_error) = on_error {
            on_error.run(());
        }
    };
    view! {
        <button
            type="button"
            class="thumbnail"
            aria-label=move || format!("{}: {}", open_label.get(), alt.get())
            on:click=move |_| on_open.run(())
        >
            <img src=move || src.get() alt="" on:error=fail />
        </button>
    }
}

/// The picture in full.
#[component]
pub fn FullImage(
    #[prop(into)] src: Signal<String>,
    #[prop(into)] alt: Signal<String>,
    #[prop(into)] open: Signal<bool>,
    #[prop(into)] close_label: Signal<String>,
    #[prop(into)] on_close: Callback<()>,
) -> impl IntoView {
    view! {
        <Sheet open=open title=alt close_label=close_label on_close=on_close>
            <img class="full-image" src=move || src.get() alt=move || alt.get() />
        </Sheet>
    }
}
