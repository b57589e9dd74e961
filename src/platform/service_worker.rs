//! The worker that keeps the app itself on the phone. `boot.js` registers it; here a new version is offered and taken.

use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use wasm_bindgen_futures::{JsFuture, spawn_local};
use web_sys::{ServiceWorkerContainer, ServiceWorkerRegistration, ServiceWorkerState};

use super::{exception_text, log_error};

/// How long a version may take to take over.
const TAKE_OVER_MS: u32 = 3_000;

/// Calls back once when the whole app is kept, and once when a new version of it is ready to be taken.
pub fn watch(on_kept: impl FnOnce() + 'static, on_update: impl FnOnce() + 'static) {
    super::tasks::spawn(async move {
        let Some(registration) = registration().await else { return };
        on_kept();
        wait_for_new_version(&registration).await;
        on_update();
    });
}

/// Whether this browser can keep the app at all, as far as is known: one that refuses it tells so while the app starts.
#[must_use]
pub fn is_possible() -> bool {
    let refused = || js_sys::Reflect::get(&js_sys::global(), &"sotayNotKept".into());
    container().is_some() && !refused().is_ok_and(|refused| refused.is_truthy())
}

/// Whether the worker answers for this page: it has kept the whole app then.
#[must_use]
pub fn is_in_charge() -> bool {
    container().is_some_and(|all| all.controller().is_some())
}

/// Looks for a new version on the server; whether there was an answer. [`watch`] tells when one is found.
pub async fn check() -> bool {
    let Some(registration) = registration().await else { return false };
    let Ok(checking) = registration.update() else { return false };
    match JsFuture::from(checking).await {
        Ok(_) => true,
        Err(error) => {
            leptos::logging::debug_warn!("no new version looked for: {}", exception_text(&error));
            false
        }
    }
}

/// Whether another version waits or is being kept. Never known where there is no worker.
pub async fn is_another_coming() -> bool {
    let there = |it: ServiceWorkerRegistration| it.waiting().or(it.installing()).is_some();
    registration().await.is_some_and(there)
}

/// Lets the waiting version take over, and reloads the page when it has.
pub fn take_update() {
    let reload = super::document::reload;
    // A page without a worker has the server's version once it is loaded anew.
    let Some(container) = container().filter(|_| is_in_charge()) else { return reload() };
    spawn_local(async move {
        super::document::listen(&container, "controllerchange", reload);
        let waiting = registration().await.and_then(|registration| registration.waiting());
        let asked = waiting.is_some_and(|waiting| {
            let asked = waiting.post_message(&JsValue::from_str("take-over"));
            asked.map_err(|error| log_error(&exception_text(&error))).is_ok()
        });
        // Whatever the worker does: the form is saved, and its recordings have ended.
        super::tasks::sleep(if asked { TAKE_OVER_MS } else { 0 }).await;
        reload();
    });
}

/// A page without a controller is on its first visit: what gets installed then is no update.
async fn wait_for_new_version(registration: &ServiceWorkerRegistration) {
    loop {
        if registration.waiting().is_some() && is_in_charge() {
            return;
        }
        match registration.installing() {
            Some(installing) if installing.state() == ServiceWorkerState::Installing => {
                event(&installing, "statechange").await;
            }
            _ => event(registration, "updatefound").await,
        }
    }
}

/// Waits for one event.
async fn event(target: &web_sys::EventTarget, name: &str) {
    let (fire, fired) = futures::channel::oneshot::channel::<()>();
    let callback = Closure::once(move || super::tasks::answer(fire, ()));
    let function = callback.as_ref().unchecked_ref();
    let options = web_sys::AddEventListenerOptions::new();
    options.set_once(true);
    if let Err(error) = target
        .add_event_listener_with_callback_and_add_event_listener_options(name, function, &options)
    {
        log_error(&format!("no {name} events: {}", exception_text(&error)));
    }
    // The sender lives in the callback, which lives until here.
    fired.await.ok();
    drop(callback);
}

fn container() -> Option<ServiceWorkerContainer> {
    let navigator = web_sys::window()?.navigator();
    // Absent outside secure contexts, where `web-sys` would still hand out an object.
    let there = js_sys::Reflect::get(&navigator, &"serviceWorker".into()).ok()?;
    there.is_object().then(|| there.unchecked_into())
}

async fn registration() -> Option<ServiceWorkerRegistration> {
    let ready = container()?.ready().ok()?;
    JsFuture::from(ready).await.ok().map(JsCast::unchecked_into)
}
