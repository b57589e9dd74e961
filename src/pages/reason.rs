//! A reason that has to be given, typed into a sheet.

use leptos::{html, prelude::*};

use crate::components::{Banner, Tone};
use crate::platform::document;
use crate::reactive::Show;

/// Where it is typed, and whether it was asked for in vain.
#[derive(Clone, Copy)]
pub(super) struct Reason {
    pub area: NodeRef<html::Textarea>,
    is_lacking: RwSignal<bool>,
}

impl Reason {
    pub fn new() -> Self {
        Self { area: NodeRef::new(), is_lacking: RwSignal::new(false) }
    }

    /// What was given. Whoever gave nothing is told so, and brought to where it is typed.
    pub fn given(self) -> Option<String> {
        let area = self.area.get_untracked()?;
        let text = area.value().trim().to_owned();
        self.is_lacking.set(text.is_empty());
        if text.is_empty() {
            document::give_focus(area.into());
            return None;
        }
        Some(text)
    }
}

/// The field of a reason. `lacking`: what is said where none is given.
#[component]
pub(super) fn ReasonField(
    reason: Reason,
    #[prop(into)] label: Signal<String>,
    #[prop(into)] lacking: Signal<String>,
    max: &'static str,
) -> impl IntoView {
    let Reason { area, is_lacking } = reason;
    // Of the sheet as it was open before.
    is_lacking.set(false);
    view! {
        <label class="field">
            <span>{label}</span>
            <textarea
                node_ref=area
                maxlength=max
                required=true
                rows="4"
                aria-invalid=move || is_lacking.get().then_some("true")
            ></textarea>
        </label>
        <Show when=move || is_lacking.get()>
            <Banner tone=Tone::Bad title=lacking />
        </Show>
    }
}
