//! A line at the bottom that says what was just done, and undoes it.

use std::{sync::Arc, time::Duration};

use leptos::prelude::*;

/// How long it stays: long enough to read and to reach.
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
        self.shown.set((number, Some(toast)));
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

/// The place where the message stands. Put once, at the app's root.
#[component]
pub fn ToasterView(toaster: Toaster) -> impl IntoView {
    view! {
        <div class="toaster" role="status" aria-live="polite">
            {move || {
                toaster
                    .shown
                    .get()
                    .1
                    .map(|toast| {
                        view! {
                            <div class="toast">
                                <span>{toast.text}</span>
                                {toast
                                    .action
                                    .map(|(label, act)| {
                                        view! {
                                            <button
                                                type="button"
                                                class="toast-action"
                                                on:click=move |_| {
                                                    toaster.hide();
                                                    act();
                                                }
                                            >
                                                {label}
                                            </button>
                                        }
                                    })}
                            </div>
                        }
                    })
            }}
        </div>
    }
}
