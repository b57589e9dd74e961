//! The page's address: reads it, changes it without loading the page anew, and hears of links and of the way back.

use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{Element, HtmlAnchorElement, MouseEvent, UrlSearchParams};

use super::{document::listen, exception_text, log_error};

/// Where in the app a person is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Address {
    /// Begins with `/`; escapes are taken out.
    pub path: String,
    /// What follows the `?`.
    pub query: Query,
}

/// The named values of an address.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Query(String);

impl Query {
    /// The value of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<String> {
        self.parsed()?.get(name)
    }

    /// The same with that value; an empty one takes the name away.
    #[must_use]
    pub fn with(&self, name: &str, value: &str) -> Self {
        let Some(parsed) = self.parsed() else { return self.clone() };
        if value.is_empty() {
            parsed.delete(name);
        } else {
            parsed.set(name, value);
        }
        Self(parsed.to_string().into())
    }

    /// As it stands behind a path: empty, or from the `?` on.
    #[must_use]
    pub fn suffix(&self) -> String {
        if self.0.is_empty() { String::new() } else { format!("?{}", self.0) }
    }

    fn parsed(&self) -> Option<UrlSearchParams> {
        UrlSearchParams::new_with_str(&self.0).ok()
    }
}

/// Where the browser says it is.
#[must_use]
pub fn current() -> Address {
    let Some(location) = web_sys::window().map(|window| window.location()) else {
        return Address::default();
    };
    let path = location.pathname().unwrap_or_default();
    let path = js_sys::decode_uri_component(&path).map_or(path, String::from);
    let query = location.search().unwrap_or_default();
    Address { path, query: Query(query.trim_start_matches('?').to_owned()) }
}

/// Scheme, name and port of the server that the app came from.
#[must_use]
pub fn origin() -> String {
    web_sys::window().and_then(|window| window.location().origin().ok()).unwrap_or_default()
}

/// What stands behind the `#`, which no server is told; empty for nothing.
#[must_use]
pub fn fragment() -> String {
    let fragment = web_sys::window().and_then(|window| window.location().hash().ok());
    fragment.unwrap_or_default().trim_start_matches('#').to_owned()
}

/// Makes `to` the address; `replace` leaves no way back to the one before.
pub fn change(to: &str, replace: bool) {
    let Some(history) = web_sys::window().and_then(|window| window.history().ok()) else { return };
    let changed = if replace {
        history.replace_state_with_url(&JsValue::NULL, "", Some(to))
    } else {
        history.push_state_with_url(&JsValue::NULL, "", Some(to))
    };
    if let Err(error) = changed {
        log_error(&format!("address not changed: {}", exception_text(&error)));
    }
}

/// Adds a step to the way back that leads to this same address; `number` tells which of several it is, from 1.
pub fn add_step(number: usize) {
    let Some(history) = web_sys::window().and_then(|window| window.history().ok()) else { return };
    if let Err(error) = history.push_state(&JsValue::from_f64(number as f64), "") {
        log_error(&format!("no step added: {}", exception_text(&error)));
    }
}

/// Which of the steps of this address the browser is at: 0 at the address itself.
#[must_use]
pub fn step() -> usize {
    let state = web_sys::window().and_then(|window| window.history().ok()?.state().ok());
    state.and_then(|state| state.as_f64()).map_or(0, |number| number as usize)
}

/// Goes so many steps back, soon: whoever listens to [`on_travel`] hears of it.
pub fn go_back(steps: usize) {
    let Some(history) = web_sys::window().and_then(|window| window.history().ok()) else { return };
    if let Err(error) = history.go_with_delta(-i32::try_from(steps).unwrap_or_default()) {
        log_error(&format!("not gone back: {}", exception_text(&error)));
    }
}

/// Shows a page from its beginning.
pub fn scroll_to_start() {
    if let Some(window) = web_sys::window() {
        window.scroll_to_with_x_and_y(0.0, 0.0);
    }
}

/// Calls back when the person goes back or forth.
pub fn on_travel(then: impl FnMut() + 'static) {
    if let Some(window) = web_sys::window() {
        listen(&window, "popstate", then);
    }
}

/// Calls back with the target of each link into the app that is clicked, in place of loading a page.
pub fn on_link(then: impl Fn(&str) + 'static) {
    let Some(window) = web_sys::window() else { return };
    let clicked = Closure::<dyn Fn(MouseEvent)>::new(move |event: MouseEvent| {
        if let Some(to) = way_of(&event) {
            event.prevent_default();
            then(&to);
        }
    });
    if let Err(error) =
        window.add_event_listener_with_callback("click", clicked.as_ref().unchecked_ref())
    {
        log_error(&format!("no click events: {}", exception_text(&error)));
    }
    clicked.forget();
}

/// Where a click leads within the app. A new tab, a download, another site and a place on the same page are the
/// browser's.
fn way_of(event: &MouseEvent) -> Option<String> {
    let with_key = event.meta_key() || event.alt_key() || event.ctrl_key() || event.shift_key();
    if event.default_prevented() || event.button() != 0 || with_key {
        return None;
    }
    let target = event.target()?.dyn_into::<Element>().ok()?;
    let link = target.closest("a[href]").ok()??.dyn_into::<HtmlAnchorElement>().ok()?;
    let here = web_sys::window()?.location();
    let is_elsewhere = !link.target().is_empty()
        || link.has_attribute("download")
        || link.rel().split_ascii_whitespace().any(|word| word == "external")
        || link.origin() != here.origin().ok()?;
    let to = format!("{}{}", link.pathname(), link.search());
    let is_same_page = !link.hash().is_empty()
        && to == format!("{}{}", here.pathname().ok()?, here.search().ok()?);
    (!is_elsewhere && !is_same_page).then_some(to)
}
