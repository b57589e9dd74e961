//! Buttons.

use leptos::prelude::*;

use super::icon::{Glyph, Icon};

/// How much a button asks for attention.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ButtonKind {
    /// The one main action of a screen.
    Primary,
    /// Any other action.
    #[default]
    Secondary,
    /// An action beside text, without a frame.
    Quiet,
    /// It takes something away.
    Danger,
}

impl ButtonKind {
    const fn class(self) -> &'static str {
        match self {
            Self::Primary => "button button-primary",
            Self::Secondary => "button",
            Self::Quiet => "button button-quiet",
            Self::Danger => "button button-danger",
        }
    }
}

/// A button with words, and an icon before them. Disabled it keeps the focus: most are disabled by their own press, and whoever pressed is
/// to be there still when the answer comes.
#[component]
pub fn Button(
    #[prop(into)] label: Signal<String>,
    #[prop(into)] on_click: Callback<()>,
    #[prop(optional)] kind: ButtonKind,
    #[prop(optional)] icon: Option<Glyph>,
    #[prop(optional, into)] disabled: Signal<bool>,
    /// Whether Enter in a field of the same form presses it.
    #[prop(optional)]
    submits: bool,
) -> impl IntoView {
    view! {
        <button
            class=kind.class()
            type=if submits { "submit" } else { "button" }
            aria-disabled=move || disabled.get().then_some("true")
            on:click=move |event| {
                if disabled.get_untracked() {
                    // Nor does it submit its form.
                    event.prevent_default();
                } else {
                    on_click.run(());
                }
            }
        >
            {icon.map(|glyph| view! { <Icon glyph=glyph /> })}
            <span>{move || label.get()}</span>
        </button>
    }
}

/// A button that shows an icon only; its name is for screen readers and for the mouse's hint.
#[component]
pub fn IconButton(
    #[prop(into)] label: Signal<String>,
    glyph: Glyph,
    #[prop(into)] on_click: Callback<()>,
) -> impl IntoView {
    view! {
        <button
            class="icon-button"
            type="button"
            aria-label=move || label.get()
            title=move || label.get()
            on:click=move |_| on_click.run(())
        >
            <Icon glyph=glyph />
        </button>
    }
}
