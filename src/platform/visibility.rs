//! Whether the app is in front, and the last moment before the system may end it.

use web_sys::VisibilityState;

/// Whether a person can see the app.
#[must_use]
pub fn is_visible() -> bool {
    super::document::document()
        .is_some_and(|document| document.visibility_state() == VisibilityState::Visible)
}

/// Calls back when the app comes to the front (`true`) or goes from it (`false`). The latter may be the last moment
/// of its life: what is not stored then may be lost.
pub fn on_change(then: impl Fn(bool) + Clone + 'static) {
    let Some(window) = web_sys::window() else { return };
    if let Some(document) = window.document() {
        let changed = then.clone();
        super::document::listen(&document, "visibilitychange", move || changed(is_visible()));
    }
    let focused = then.clone();
    super::document::listen(&window, "focus", move || focused(true));
    super::document::listen(&window, "pagehide", move || then(false));
}
