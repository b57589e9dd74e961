//! The browser's offer to put the app on the home screen.

use leptos::prelude::*;

use crate::platform::{
    install::{Prompt, Way},
    tasks,
};

/// The browser's offer. What reads it is drawn again when the browser makes one, or the person takes it.
#[derive(Clone, Copy)]
pub struct InstallOffer {
    prompt: StoredValue<Prompt, LocalStorage>,
    changes: RwSignal<u32>,
}

impl InstallOffer {
    /// Listens for the offer, which comes once and early.
    #[must_use]
    pub fn watch() -> Self {
        let changes = RwSignal::new(0);
        let prompt = Prompt::watch(move || {
            changes.try_update(|count| *count += 1);
        });
        Self { prompt: StoredValue::new_local(prompt), changes }
    }

    /// How the app can be installed now.
    #[must_use]
    pub fn way(self) -> Way {
        self.changes.track();
        self.prompt.with_value(|prompt| prompt.way())
    }

    /// Shows the browser's question.
    pub fn show(self) {
        let prompt = self.prompt.get_value();
        tasks::spawn(async move {
            prompt.show().await;
            self.changes.try_update(|count| *count += 1);
        });
    }
}
