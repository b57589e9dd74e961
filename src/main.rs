//! Starts the app in the page.

fn main() {
    sotay::platform::document::remove_opening_sign();
    leptos::mount::mount_to_body(sotay::app::App);
}
