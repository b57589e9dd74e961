//! Whether a person is at the app: touches and keys.

use super::document::listen;

/// Calls back at every touch, press and key, for as long as the page lives.
pub fn on_touch(then: impl Fn() + Clone + 'static) {
    let Some(window) = web_sys::window() else { return };
    for event in ["pointerdown", "keydown", "wheel"] {
        listen(&window, event, then.clone());
    }
}
