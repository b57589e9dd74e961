//! Locks between tabs, by the browser's Web Locks.

use std::{future::Future, rc::Rc};

use futures::channel::oneshot;
use js_sys::{Function, Object, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue, closure::Closure, prelude::wasm_bindgen};
use wasm_bindgen_futures::{JsFuture, future_to_promise, spawn_local};
use web_sys::AbortController;

/// How long after a lock was asked for the browser is reminded of it, first and at most: each time after twice as long.
const REMIND_MS: u32 = 250;
const REMIND_MAX_MS: u32 = 16_000;

#[wasm_bindgen]
extern "C" {
    /// `navigator.locks`, which `web-sys` hides behind an unstable flag.
    type LockManager;

    #[wasm_bindgen(method, catch, js_name = request)]
    fn request_with(
        this: &LockManager,
        name: &str,
        options: &Object,
        callback: &Function,
    ) -> Result<Promise, JsValue>;
}

/// A lock that this tab holds until it is dropped, or another tab takes it away.
pub struct Lock {
    release: Option<oneshot::Sender<()>>,
    taken: oneshot::Receiver<()>,
}

impl Lock {
    /// Whether it keeps other tabs out: a browser without Web Locks cannot.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.release.is_some()
    }

    /// Waits until another tab has taken it away.
    pub async fn is_taken(&mut self) {
        if (&mut self.taken).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    fn of_nobody() -> Self {
        Self { release: None, taken: oneshot::channel().1 }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        if let Some(release) = self.release.take() {
            super::tasks::answer(release, ());
        }
    }
}

/// Waits until no other tab holds the lock, and takes it. A browser without Web Locks gives it always: what is done
/// under it is then done twice at worst, which the protocol bears.
pub async fn take(name: &str) -> Lock {
    let Some(manager) = manager() else { return Lock::of_nobody() };
    let lock = request(&manager, name, &Object::new());
    let waits = Rc::new(());
    let (asked, still) = (name.to_owned(), Rc::downgrade(&waits));
    spawn_local(async move {
        let mut wait_ms = REMIND_MS;
        loop {
            super::tasks::sleep(wait_ms).await;
            if still.strong_count() == 0 {
                break;
            }
            // In a browser that cannot abort there is nothing to be done.
            remind(&manager, &asked).await.ok();
            wait_ms = REMIND_MAX_MS.min(wait_ms * 2);
        }
    });
    let lock = lock.await;
    drop(waits);
    lock
}

/// Takes the lock whoever holds it; that tab hears of it when it runs again.
pub async fn take_away(name: &str) -> Lock {
    let Some(manager) = manager() else { return Lock::of_nobody() };
    let options = Object::new();
    if Reflect::set(&options, &"steal".into(), &true.into()).is_err() {
        return Lock::of_nobody();
    }
    request(&manager, name, &options).await
}

/// Asks for the lock at once, and waits for it.
fn request(
    manager: &LockManager,
    name: &str,
    options: &Object,
) -> impl Future<Output = Lock> + use<> {
    let (tell, told) = oneshot::channel::<Lock>();
    let (take, taken) = oneshot::channel();
    let granted = Closure::once(move |_lock: JsValue| -> JsValue {
        let (release, released) = oneshot::channel::<()>();
        super::tasks::answer(tell, Lock { release: Some(release), taken });
        // The lock is held until this promise resolves.
        future_to_promise(async move {
            released.await.ok();
            Ok(JsValue::UNDEFINED)
        })
        .into()
    });
    match manager.request_with(name, options, granted.as_ref().unchecked_ref()) {
        Ok(held) => spawn_local(async move {
            if let Err(error) = JsFuture::from(held).await {
                super::log_error(&format!("lock lost: {}", super::exception_text(&error)));
                super::tasks::answer(take, ());
            }
            drop(granted);
        }),
        Err(error) => {
            super::log_error(&format!("no lock {name}: {}", super::exception_text(&error)));
        }
    }
    async move { told.await.unwrap_or_else(|_| Lock::of_nobody()) }
}

/// Asks for the lock and gives it up again. Where the tab that held it has just gone, Chromium (156) may leave all who wait waiting,
/// although nobody holds it, until one of them gives up: a page that is loaded anew would send nothing any more.
async fn remind(manager: &LockManager, name: &str) -> Result<(), JsValue> {
    let abort = AbortController::new()?;
    let options = Object::new();
    Reflect::set(&options, &"signal".into(), &abort.signal())?;
    let granted = Closure::once(|_lock: JsValue| JsValue::UNDEFINED);
    let asked = manager.request_with(name, &options, granted.as_ref().unchecked_ref())?;
    super::tasks::sleep(0).await;
    abort.abort();
    // Given up, as a rule.
    JsFuture::from(asked).await.ok();
    Ok(())
}

fn manager() -> Option<LockManager> {
    let navigator = web_sys::window()?.navigator();
    let locks = Reflect::get(&navigator, &"locks".into()).ok()?;
    locks.is_object().then(|| locks.unchecked_into())
}
