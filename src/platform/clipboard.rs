//! The clipboard.

use wasm_bindgen_futures::JsFuture;

use super::{exception_text, log_error};

/// Puts a text on the clipboard; whether that worked.
pub async fn copy(text: &str) -> bool {
    let Some(window) = web_sys::window() else { return false };
    match JsFuture::from(window.navigator().clipboard().write_text(text)).await {
        Ok(_) => true,
        Err(error) => {
            log_error(&format!("not copied: {}", exception_text(&error)));
            false
        }
    }
}
