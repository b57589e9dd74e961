//! Starts the app in the page.

fn main() {
    sotay::platform::panic::install_hook();
    leptos::mount::mount_to_body(sotay::app::App);
}
