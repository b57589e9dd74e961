//! A line at the bottom that says what was just done, and undoes it.

use std::{sync::Arc, time::Duration};

use leptos::{ev, prelude::*};

use super::button::IconButton;
use super::icon::Glyph;
use crate::platform::document;

/// How long it stays where there is nothing to press in it, or the person has gone elsewhere: long enough to read.
const STAYS: Duration = Duration::from_secs(8);

/// What a toast's button does. Not a `Callback`: that dies with the component that showed the toast, which undoing outlives.
pub type Act = Arc<dyn Fn() + Send + Sync>;

/// What was done, and how to undo it.
#[derive(Clone)]
pub struct Toast {
    /// What was done.
    pub text: String,
    /// The button's word and what it does.
    pub action: Option<(String, Act)>,
}

/// Where any page may say what it did. The newest message takes the place of the one before.
///
/// One with a button waits to be closed: whoever goes by keys or has it read out gets there late.
#[derive(Clone, Copy)]
pub struct Toaster {
    /// The number of the newest message, and the message until it goes.
    shown: RwSignal<(u32, Option<Toast>)>,
}

impl Toaster {
    /// A toaster that shows nothing.
    #[must_use]
    pub fn new() -> Self {
        Self { shown: RwSignal::new((0, None)) }
    }

    /// Says what was done.
    pub fn show(self, toast: Toast) {
        let number = self.shown.with_untracked(|(number, _)| number.wrapping_add(1));
        let waits = toast.action.is_some();
        self.shown.set((number, Some(toast)));
        if !waits {
            self.pass();
        }
    }

    /// The person went on to something else: what is shown now goes by time.
    pub fn pass(self) {
        let number = self.shown.with_untracked(|(number, _)| *number);
        set_timeout(
            move || {
                if self.shown.try_with_untracked(|(newest, _)| *newest == number) == Some(true) {
                    self.hide();
                }
            },
            STAYS,
        );
    }

    /// Takes the message away.
    pub fn hide(self) {
        self.shown.try_update(|(_, toast)| *toast = None);
    }
}

impl Default for Toaster {
    fn default() -> Self {
        Self::new()
    }
}

/// The place where the message stands. Put once, at the app's root: F6 leads to the button in it, but out of no open sheet.
#[component]
pub fn ToasterView(toaster: Toaster, #[prop(into)] close_label: Signal<String>) -> impl IntoView {
    let keys = window_event_listener(ev::keydown, move |event| {
        if event.key() == "F6" && document::focus(".toast-action") {
            event.prevent_default();
        }
    });
    on_cleanup(move || keys.remove());
    // Whoever came to it by keys goes back to where they were.
    let came_from = StoredValue::new_local(None);
    let close = move || {
        if let Some(before) = came_from.try_update_value(Option::take).flatten() {
            document::give_focus(before);
        }
        toaster.hide();
    };
    let button = move |(label, act): (String, Act)| {
        view! {
            <button
                type="button"
                class="toast-action"
                aria-keyshortcuts="F6"
                on:click=move |_| {
                    close();
                    act();
                }
            >
                {label}
            </button>
            <IconButton label=close_label glyph=Glyph::Close on_click=move |()| close() />
        }
    };
    let shown = move || {
        let toast = toaster.shown.get().1?;
        Some(view! {
            <div class="toast">
                <span>{toast.text}</span>
                {toast.action.map(button)}
            </div>
        })
    };
    view! {
        <div
            class="toaster"
            role="status"
            aria-live="polite"
            on:focusin=move |event| {
                if let Some(before) = document::other_end(&event, ".toaster") {
                    came_from.set_value(Some(before));
                }
            }
            on:focusout=move |event| {
                if document::other_end(&event, ".toaster").is_some() {
                    came_from.set_value(None);
                }
            }
        >
            {shown}
        </div>
    }
}
