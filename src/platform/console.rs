//! What the page offers to whoever measures it, or looks into it from the browser's console.

use js_sys::Reflect;
use wasm_bindgen::{JsValue, closure::Closure};

use super::{exception_text, log_error};

/// Puts a function on `window`, for as long as the page lives. The next of the same name takes its place.
pub fn offer(name: &str, call: impl Fn() -> JsValue + 'static) {
    let call = Closure::<dyn Fn() -> JsValue>::new(call).into_js_value();
    let window = web_sys::window().map(JsValue::from).unwrap_or_default();
    if let Err(error) = Reflect::set(&window, &name.into(), &call) {
        log_error(&format!("{name} not offered: {}", exception_text(&error)));
    }
}

/// Bytes of memory that the program holds.
#[must_use]
pub fn memory_bytes() -> f64 {
    let buffer = Reflect::get(&wasm_bindgen::memory(), &"buffer".into());
    let bytes = buffer.and_then(|buffer| Reflect::get(&buffer, &"byteLength".into()));
    bytes.ok().and_then(|bytes| bytes.as_f64()).unwrap_or_default()
}
