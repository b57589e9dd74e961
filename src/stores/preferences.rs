//! What a person chose about the app. Kept in local storage; losing it loses no work.

use leptos::prelude::*;
use serde::{Deserialize, Serialize};

use crate::platform::preferences;

pub use crate::locale::{Language, Words};

/// Light or dark.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Theme {
    /// As the phone is set.
    #[default]
    System,
    /// Always light.
    Light,
    /// Always dark.
    Dark,
}

/// All preferences, as they are stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Chosen {
    /// The app's language.
    pub language: Language,
    /// Light or dark.
    pub theme: Theme,
    /// Text size in percent of the phone's own.
    pub text_percent: u16,
    /// Whether the offer to install the app was put away.
    pub install_dismissed: bool,
    /// When the offer of a PIN was put away, milliseconds since 1970.
    pub pin_put_away_ms: Option<i64>,
    /// Whether large files wait for Wi-Fi, where the browser tells what the line goes by.
    pub large_by_wifi: bool,
}

impl Default for Chosen {
    fn default() -> Self {
        Self {
            language: Language::Vi,
            theme: Theme::System,
            text_percent: 100,
            install_dismissed: false,
            pin_put_away_ms: None,
            large_by_wifi: false,
        }
    }
}

/// The preferences as a store.
#[derive(Clone, Copy)]
pub struct Preferences {
    chosen: RwSignal<Chosen>,
}

impl Preferences {
    /// Reads what was chosen before; a browser that keeps nothing gives the defaults.
    #[must_use]
    pub fn load() -> Self {
        Self { chosen: RwSignal::new(preferences::load().unwrap_or_default()) }
    }

    /// What is chosen.
    #[must_use]
    pub fn chosen(self) -> Signal<Chosen> {
        self.chosen.into()
    }

    /// The app's language.
    #[must_use]
    pub fn language(self) -> Signal<Language> {
        let chosen = self.chosen;
        Signal::derive(move || chosen.read().language)
    }

    /// Changes preferences and keeps them.
    pub fn change(self, edit: impl FnOnce(&mut Chosen)) {
        self.chosen.update(edit);
        preferences::save(&*self.chosen.read_untracked());
    }
}

/// Whether large files wait for Wi-Fi, as it was chosen last, in whatever tab.
#[must_use]
pub fn are_large_by_wifi() -> bool {
    preferences::load().is_some_and(|chosen: Chosen| chosen.large_by_wifi)
}

/// The app's words, in the language that is chosen.
#[must_use]
pub fn use_words() -> Words {
    Words::new(expect_context::<Preferences>().language())
}
