//! Whether the browser believes that it has a network. A hint only: the answer of the server counts.

/// Whether there may be a network.
#[must_use]
pub fn is_online() -> bool {
    web_sys::window().is_some_and(|window| window.navigator().on_line())
}

/// Calls back when a network appears or goes, for as long as the page lives.
pub fn on_change(then: impl Fn(bool) + Clone + 'static) {
    let Some(window) = web_sys::window() else { return };
    let online = then.clone();
    super::document::listen(&window, "online", move || online(true));
    super::document::listen(&window, "offline", move || then(false));
}
