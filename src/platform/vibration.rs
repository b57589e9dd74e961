//! What a hand feels: a phone tells something without being looked at.

use js_sys::{Array, Reflect};

/// Shakes for so many milliseconds, rests for as many as come next, and so on; nothing where the device cannot.
pub fn shake(for_ms: &[u16]) {
    let Some(navigator) = web_sys::window().map(|window| window.navigator()) else { return };
    if Reflect::has(&navigator, &"vibrate".into()).unwrap_or(false) {
        let pattern: Array = for_ms.iter().map(|ms| wasm_bindgen::JsValue::from(*ms)).collect();
        navigator.vibrate_with_pattern(&pattern);
    }
}
