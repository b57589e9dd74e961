//! Text as the browser composes it.

use js_sys::JsString;

/// Letters with their marks in one: Vietnamese is typed and pasted either way.
#[must_use]
pub fn composed(text: &str) -> String {
    JsString::from(text).normalize("NFC").into()
}
