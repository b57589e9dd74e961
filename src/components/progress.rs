//! How far along.

use leptos::prelude::*;

/// A thin bar with its words for screen readers.
#[component]
pub fn ProgressBar(
    #[prop(into)] label: Signal<String>,
    /// From 0 to `of`.
    #[prop(into)]
    at: Signal<usize>,
    #[prop(into)] of: Signal<usize>,
) -> impl IntoView {
    let percent = move || (at.get() * 100).checked_div(of.get()).unwrap_or(0).min(100);
    view! {
        <div
            class="progress"
            role="progressbar"
            aria-valuemin="0"
            aria-valuemax=move || of.get()
            aria-valuenow=move || at.get()
            aria-valuetext=move || label.get()
            aria-label=move || label.get()
        >
            <span style:width=move || format!("{}%", percent())></span>
        </div>
    }
}
