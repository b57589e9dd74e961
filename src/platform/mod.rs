//! The browser, one file for each of its APIs. The only place for `web-sys`, `js-sys`, `idb` and `gloo`.
//!
//! Wrappers are thin and have no opinions; each compiles natively too, so that stores are tested without a browser.

pub mod activity;
pub mod address;
pub mod barcode;
pub mod broadcast;
pub mod bundle;
pub mod calendar;
pub mod camera;
pub mod clipboard;
pub mod clock;
pub mod compass;
pub mod compression;
pub mod connectivity;
pub mod console;
pub mod crypto;
pub mod document;
pub mod drawing;
pub mod files;
pub mod form_files;
pub mod hand_out;
pub mod http;
pub mod install;
pub mod json;
pub mod location;
pub mod locks;
pub mod passkeys;
pub mod photo;
pub mod picture;
pub mod preferences;
pub mod random;
pub mod recorder;
pub mod service_worker;
pub mod signing_key;
pub mod storage;
pub mod tasks;
pub mod text;
pub mod vibration;
pub mod visibility;

use js_sys::{Array, Function, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

/// What a JavaScript exception says, for logs: `QuotaExceededError: …`.
#[must_use]
pub fn exception_text(value: &JsValue) -> String {
    if value.is_undefined() || value.is_null() {
        return "nothing there".to_owned();
    }
    js_sys::Object::from(value.clone()).to_string().into()
}

/// Calls a method that answers with a promise, by its name: for APIs that not every browser has.
async fn call(of: &JsValue, method: &str, arguments: &[&JsValue]) -> Result<JsValue, JsValue> {
    let promise: Promise = call_now(of, method, arguments)?.dyn_into()?;
    JsFuture::from(promise).await
}

/// As [`call`], a method that answers at once.
fn call_now(of: &JsValue, method: &str, arguments: &[&JsValue]) -> Result<JsValue, JsValue> {
    let function: Function = Reflect::get(of, &method.into())?.dyn_into()?;
    let arguments: Array = arguments.iter().copied().collect();
    function.apply(of, &arguments)
}

/// Writes one line to the browser's console; the place where a failure that nobody can act on ends.
pub fn log_error(text: &str) {
    leptos::logging::error!("{text}");
}

/// What kind of device this is, in few words, for the list of a person's devices: the system and the browser.
#[must_use]
pub fn device_name() -> String {
    let agent = web_sys::window()
        .and_then(|window| window.navigator().user_agent().ok())
        .unwrap_or_default();
    name_of(&agent)
}

fn name_of(agent: &str) -> String {
    let first = |marks: &[&'static str]| marks.iter().find(|mark| agent.contains(**mark)).copied();
    let system = first(&["Android", "iPhone", "iPad", "Windows", "Mac OS", "Linux"]);
    let browser = match first(&["Edg", "FxiOS", "Firefox", "CriOS", "Chrome", "Safari"]) {
        Some("Edg") => Some("Edge"),
        Some("FxiOS") => Some("Firefox"),
        Some("CriOS") => Some("Chrome"),
        other => other,
    };
    [system, browser].into_iter().flatten().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_device_is_called_by_names_that_people_know() {
        for (agent, name) in [
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36 Edg/130.0.0.0",
                "Windows Edge",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/130.0.6723.37 Mobile/15E148 Safari/604.1",
                "iPhone Chrome",
            ),
            (
                "Mozilla/5.0 (iPad; CPU OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) FxiOS/131.0 Mobile/15E148 Safari/605.1.15",
                "iPad Firefox",
            ),
            (
                "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Mobile Safari/537.36",
                "Android Chrome",
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15",
                "Mac OS Safari",
            ),
            ("", ""),
        ] {
            assert_eq!(super::name_of(agent), name);
        }
    }
}
