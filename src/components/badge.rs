//! A short word that marks a row.

use leptos::prelude::*;

use super::icon::{Glyph, Icon};

/// What a mark means. Its words say it too: colour never does alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tone {
    /// Nothing special.
    #[default]
    Plain,
    /// Good or done.
    Good,
    /// Somebody should look.
    Attention,
    /// Something is wrong.
    Bad,
}

impl Tone {
    /// The class that gives the colours.
    #[must_use]
    pub const fn class(self) -> &'static str {
        match self {
            Self::Plain => "tone-plain",
            Self::Good => "tone-good",
            Self::Attention => "tone-attention",
            Self::Bad => "tone-bad",
        }
    }
}

/// A short word that marks a row.
#[component]
pub fn Badge(
    #[prop(into)] label: Signal<String>,
    #[prop(optional)] tone: Tone,
    #[prop(optional)] icon: Option<Glyph>,
) -> impl IntoView {
    view! {
        <span class=format!("badge {}", tone.class())>
            {icon.map(|glyph| view! { <Icon glyph=glyph /> })}
            {move || label.get()}
        </span>
    }
}
