//! A new version of the app: offered, never forced.

use leptos::prelude::*;

use crate::platform::service_worker;

/// Whether a new version waits, and how to take it.
#[derive(Clone, Copy)]
pub struct AppUpdate {
    waiting: RwSignal<bool>,
}

impl AppUpdate {
    /// Listens for a new version.
    #[must_use]
    pub fn watch() -> Self {
        let waiting = RwSignal::new(false);
        service_worker::on_update(move || {
            waiting.try_set(true);
        });
        Self { waiting }
    }

    /// Whether a new version is ready.
    #[must_use]
    pub fn waiting(self) -> Signal<bool> {
        self.waiting.into()
    }

    /// Switches to the new version and reloads. Call it only after [`super::OpenForms::save_all`].
    pub fn take(self) {
        service_worker::take_update();
    }
}
