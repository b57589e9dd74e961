//! A message that stays until what it says is over.

use leptos::prelude::*;

use super::badge::Tone;
use super::icon::{Glyph, Icon};

/// A message across the page. Bad news is announced at once, other news when there is a pause.
#[component]
pub fn Banner(
    #[prop(optional)] tone: Tone,
    /// Whether it answers nothing that somebody did, or is told elsewhere: it is announced by nothing here.
    #[prop(optional)]
    stands: bool,
    #[prop(into)] title: Signal<String>,
    #[prop(optional)] children: Option<Children>,
) -> impl IntoView {
    let glyph = match tone {
        Tone::Plain => Glyph::Info,
        Tone::Good => Glyph::Check,
        Tone::Attention | Tone::Bad => Glyph::Warning,
    };
    let role = (!stands).then_some(if tone == Tone::Bad { "alert" } else { "status" });
    view! {
        <div class=format!("banner {}", tone.class()) role=role>
            <Icon glyph=glyph />
            <div class="banner-body">
                <p class="banner-title">{move || title.get()}</p>
                {children.map(|children| children())}
            </div>
        </div>
    }
}

/// What stood in the way of what was tried just now. A status is heard when it changes, so it is there before.
#[component]
pub fn Trouble(#[prop(into)] told: Signal<Option<String>>) -> impl IntoView {
    let class = move || if told.read().is_some() { "trouble" } else { "visually-hidden" };
    view! {
        <div class=class role="status">
            {move || told.get().map(|told| view! { <Banner tone=Tone::Attention stands=true title=told /> })}
        </div>
    }
}
