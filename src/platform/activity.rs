//! Whether a person is at the app: touches and keys, and what goes on without any.

use std::cell::{Cell, RefCell};

use futures::channel::oneshot;
use js_sys::Reflect;
use wasm_bindgen::JsValue;

use super::{
    call,
    document::{document, listen},
    exception_text, log_error, tasks, visibility,
};

thread_local! {
    static AT_WORK: Cell<u32> = const { Cell::new(0) };
    /// What keeps the screen on.
    static AWAKE: RefCell<Option<JsValue>> = const { RefCell::new(None) };
    static LISTENS: Cell<bool> = const { Cell::new(false) };
    /// Who waits for a person; the page is listened to from the first on.
    static WAIT: RefCell<Option<Vec<oneshot::Sender<()>>>> = const { RefCell::new(None) };
}

/// Calls back at every touch, press and key, for as long as the page lives.
pub fn on_touch(then: impl Fn() + Clone + 'static) {
    let Some(window) = web_sys::window() else { return };
    for event in ["pointerdown", "keydown", "wheel"] {
        listen(&window, event, then.clone());
    }
}

/// Waits until a person touches the app, or comes back to it.
pub async fn next() {
    let (tell, told) = oneshot::channel();
    let is_first = WAIT.with_borrow_mut(|wait| {
        let is_first = wait.is_none();
        wait.get_or_insert_default().push(tell);
        is_first
    });
    if is_first {
        on_touch(tell_who_waits);
        visibility::on_change(|visible| {
            if visible {
                tell_who_waits();
            }
        });
    }
    told.await.ok();
}

fn tell_who_waits() {
    let wait = WAIT.with_borrow_mut(|wait| wait.replace(Vec::new()));
    wait.into_iter().flatten().for_each(|tell| tasks::answer(tell, ()));
}

/// Something that a person began and that needs no touch to go on, such as a sound being recorded: as long as this is kept.
///
/// The screen stays on too: a page that nobody can see hears nothing of where the phone is.
pub struct AtWork(());

impl AtWork {
    /// It begins.
    pub fn begin() -> Self {
        AT_WORK.set(AT_WORK.get() + 1);
        tasks::spawn(async {
            keep_awake().await;
            // The browser takes it back whenever the page is out of sight.
            if let Some(page) = document().filter(|_| !LISTENS.replace(true)) {
                let again = || {
                    if is_at_work() && visibility::is_visible() {
                        tasks::spawn(keep_awake());
                    }
                };
                listen(&page, "visibilitychange", again);
            }
        });
        Self(())
    }
}

/// Keeps the screen on, where the browser can.
async fn keep_awake() {
    let ask = async || {
        let navigator = web_sys::window().ok_or("no page")?.navigator();
        call(&Reflect::get(&navigator, &"wakeLock".into())?, "request", &[&"screen".into()]).await
    };
    match ask().await {
        Ok(lock) => {
            let_go(AWAKE.replace(Some(lock)));
            if !is_at_work() {
                let_go(AWAKE.take());
            }
        }
        Err(error) => log_error(&format!("the screen may go dark: {}", exception_text(&error))),
    }
}

fn let_go(lock: Option<JsValue>) {
    let Some(lock) = lock else { return };
    tasks::spawn(async move {
        if let Err(error) = call(&lock, "release", &[]).await {
            log_error(&format!("the screen stays on: {}", exception_text(&error)));
        }
    });
}

impl Drop for AtWork {
    fn drop(&mut self) {
        AT_WORK.set(AT_WORK.get() - 1);
        if !is_at_work() {
            let_go(AWAKE.take());
        }
    }
}

/// Whether something of that kind goes on.
pub fn is_at_work() -> bool {
    AT_WORK.get() > 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn somebody_is_at_work_until_the_last_of_it_has_ended() {
        assert!(!is_at_work());
        let sound = AtWork::begin();
        let line = AtWork::begin();
        drop(sound);
        assert!(is_at_work());
        drop(line);
        assert!(!is_at_work());
    }
}
