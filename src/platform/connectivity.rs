//! Whether the browser believes that it has a network, and of which kind. A hint only: the answer of the server counts.

use js_sys::Reflect;
use wasm_bindgen::JsCast;
use web_sys::EventTarget;

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

/// `navigator.connection`, which neither Safari nor Firefox has.
fn connection() -> Option<EventTarget> {
    let navigator = web_sys::window()?.navigator();
    Reflect::get(&navigator, &"connection".into()).ok()?.dyn_into().ok()
}

/// What the line goes by, such as `wifi`. Only phones with Android tell.
fn line_type() -> Option<String> {
    Reflect::get(&connection()?.into(), &"type".into()).ok()?.as_string()
}

/// Whether this browser tells what the line goes by.
#[must_use]
pub fn tells_line_type() -> bool {
    line_type().is_some()
}

/// Whether the line goes by the phone's own network, which is paid for by the byte.
#[must_use]
pub fn is_cellular() -> bool {
    line_type().as_deref() == Some("cellular")
}

/// Calls back when the line goes by something else, for as long as the page lives.
pub fn on_line_change(then: impl FnMut() + 'static) {
    if let Some(connection) = connection() {
        super::document::listen(&connection, "change", then);
    }
}
