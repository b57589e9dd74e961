//! What a list shows when it has nothing to show.

use leptos::prelude::*;

use super::icon::{Glyph, Icon};

/// Words for an empty place, and what to do about it.
#[component]
pub fn EmptyState(
    glyph: Glyph,
    #[prop(into)] text: Signal<String>,
    #[prop(optional)] children: Option<Children>,
) -> impl IntoView {
    view! {
        <div class="empty-state">
            <Icon glyph=glyph />
            <p>{move || text.get()}</p>
            {children.map(|children| children())}
        </div>
    }
}
