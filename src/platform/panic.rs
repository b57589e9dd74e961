//! The last word of a program that failed: to the console, and to the start script, which covers the page.

use std::panic::{self, PanicHookInfo};

/// Installs the hook. Call it first of all.
pub fn install_hook() {
    panic::set_hook(Box::new(hook));
}

fn hook(info: &PanicHookInfo) {
    console_error_panic_hook::hook(info);
    let Some(window) = web_sys::window() else { return };
    if let Ok(event) = web_sys::Event::new("sotay-panic") {
        // Nothing is left to be done about a page that does not even take events.
        window.dispatch_event(&event).ok();
    }
}
