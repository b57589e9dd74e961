//! Local storage, by gloo-storage: small choices only, never answers.

use gloo_storage::{LocalStorage, Storage};
use serde::{Serialize, de::DeserializeOwned};

const KEY: &str = "sotay.preferences";

/// What was kept, if the browser keeps anything and it can be read.
#[must_use]
pub fn load<T: DeserializeOwned>() -> Option<T> {
    LocalStorage::get(KEY).ok()
}

/// Keeps the choices. A browser that refuses forgets them at the next start, which loses no work.
pub fn save<T: Serialize>(chosen: &T) {
    if let Err(error) = LocalStorage::set(KEY, chosen) {
        super::log_error(&format!("preferences not kept: {error}"));
    }
}
