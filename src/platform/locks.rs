//! Locks between tabs, by the browser's Web Locks.

use futures::channel::oneshot;
use js_sys::{Function, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue, closure::Closure, prelude::wasm_bindgen};
use wasm_bindgen_futures::{JsFuture, future_to_promise, spawn_local};

#[wasm_bindgen]
extern "C" {
    /// `navigator.locks`, which `web-sys` hides behind an unstable flag.
    type LockManager;

    #[wasm_bindgen(method, catch)]
    fn request(this: &LockManager, name: &str, callback: &Function) -> Result<Promise, JsValue>;
}

/// A lock that this tab holds until it is dropped.
pub struct Lock(Option<oneshot::Sender<()>>);

impl Lock {
    /// Whether it keeps other tabs out: a browser without Web Locks cannot.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.0.is_some()
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        if let Some(release) = self.0.take() {
            super::tasks::answer(release, ());
        }
    }
}

/// Waits until no other tab holds the lock, and takes it. A browser without Web Locks gives it always: what is done
/// under it is then done twice at worst, which the protocol bears.
pub async fn take(name: &str) -> Lock {
    let Some(manager) = manager() else { return Lock(None) };
    let (tell, told) = oneshot::channel::<Lock>();
    let granted = Closure::once(move |_lock: JsValue| -> JsValue {
        let (release, released) = oneshot::channel::<()>();
        super::tasks::answer(tell, Lock(Some(release)));
        // The lock is held until this promise resolves.
        future_to_promise(async move {
            released.await.ok();
            Ok(JsValue::UNDEFINED)
        })
        .into()
    });
    let held = match manager.request(name, granted.as_ref().unchecked_ref()) {
        Ok(promise) => promise,
        Err(error) => {
            super::log_error(&format!("no lock {name}: {}", super::exception_text(&error)));
            return Lock(None);
        }
    };
    spawn_local(async move {
        if let Err(error) = JsFuture::from(held).await {
            super::log_error(&format!("lock lost: {}", super::exception_text(&error)));
        }
        drop(granted);
    });
    told.await.unwrap_or(Lock(None))
}

fn manager() -> Option<LockManager> {
    let navigator = web_sys::window()?.navigator();
    let locks = Reflect::get(&navigator, &"locks".into()).ok()?;
    locks.is_object().then(|| locks.unchecked_into())
}
