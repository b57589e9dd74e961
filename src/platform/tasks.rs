//! Tasks and timers of the page.

use std::{
    cell::Cell,
    future::{Future, pending, poll_fn},
    rc::Rc,
    task::Poll,
};

use futures::channel::oneshot;
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use web_sys::{MessageChannel, MessageEvent};

use super::clock;

/// Runs a task beside the page. Without a browser (native tests) tasks are called directly, never spawned.
pub fn spawn(task: impl Future<Output = ()> + 'static) {
    #[cfg(target_arch = "wasm32")]
    wasm_bindgen_futures::spawn_local(task);
    #[cfg(not(target_arch = "wasm32"))]
    drop(task);
}

/// A timer that has not fired; [`Timer::cancel`] keeps it from firing.
#[derive(Clone, Default)]
pub struct Timer {
    cancelled: Rc<Cell<bool>>,
}

impl Timer {
    /// Keeps the timer from firing.
    pub fn cancel(&self) {
        self.cancelled.set(true);
    }
}

/// Calls `then` after that time. Natively nothing ever fires: tests call what is due themselves.
#[must_use]
pub fn after(delay_ms: u32, then: impl FnOnce() + 'static) -> Timer {
    let timer = Timer::default();
    let cancelled = timer.cancelled.clone();
    spawn(async move {
        sleep(delay_ms).await;
        if !cancelled.get() {
            then();
        }
    });
    timer
}

/// Milliseconds that a long work may take at once: most of a frame is left to the browser.
pub const TURN_MS: i64 = 5;

/// A long work's turn of the page.
pub struct Turn {
    until_ms: i64,
}

impl Turn {
    /// Begins now.
    #[must_use]
    pub fn begin() -> Self {
        Self { until_ms: clock::now_ms() + TURN_MS }
    }

    /// Lets the page do what waits, once the turn is over, and begins the next one.
    pub async fn rest(&mut self) {
        if clock::now_ms() >= self.until_ms {
            step_back().await;
            *self = Self::begin();
        }
    }
}

/// A work of which one goes on at a time: asked for meanwhile, however often, it is done once more after that.
#[derive(Clone, Default)]
pub struct OneAtATime(Rc<Cell<Asked>>);

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum Asked {
    #[default]
    Not,
    Once,
    Again,
}

impl OneAtATime {
    /// Does the work, unless it goes on: then whoever does it does it once more.
    pub async fn run(&self, work: impl AsyncFn()) {
        if self.0.get() != Asked::Not {
            return self.0.set(Asked::Again);
        }
        loop {
            self.0.set(Asked::Once);
            work().await;
            if self.0.replace(Asked::Not) == Asked::Once {
                return;
            }
        }
    }
}

/// Frees many values, in turns.
pub fn drop_in_turns<T: 'static>(values: impl IntoIterator<Item = T> + 'static) {
    spawn(async move {
        let mut turn = Turn::begin();
        for value in values {
            drop(value);
            turn.rest().await;
        }
    });
}

/// Waits until the page has done what waits. A timer would have the page wait for itself: 4 ms each time, a second out of sight.
pub(super) async fn step_back() {
    let (fire, fired) = oneshot::channel::<()>();
    let callback = Closure::once(move |_: MessageEvent| answer(fire, ()));
    let channel = MessageChannel::new().expect("every browser has them");
    channel.port1().set_onmessage(Some(callback.as_ref().unchecked_ref()));
    channel.port2().post_message(&JsValue::NULL).expect("nothing can be copied");
    fired.await.ok();
    channel.port1().close();
}

/// Lets everything else that waits go on first.
pub(crate) async fn next_turn() {
    let mut is_next = false;
    poll_fn(|turn| {
        if std::mem::replace(&mut is_next, true) {
            return Poll::Ready(());
        }
        turn.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Answers; who went away needs no answer.
pub(super) fn answer<T>(to: oneshot::Sender<T>, with: T) {
    to.send(with).ok();
}

/// Waits; natively for ever.
pub async fn sleep(delay_ms: u32) {
    if cfg!(not(target_arch = "wasm32")) {
        return pending().await;
    }
    let (fire, fired) = oneshot::channel::<()>();
    // It lives until it is called: whoever waits may be gone by then.
    let callback = Closure::once_into_js(move || answer(fire, ()));
    let window = web_sys::window().expect("the app runs in a page");
    let delay_ms = i32::try_from(delay_ms).unwrap_or(i32::MAX);
    let function = callback.unchecked_ref();
    if let Err(error) =
        window.set_timeout_with_callback_and_timeout_and_arguments_0(function, delay_ms)
    {
        super::log_error(&format!("no timer: {}", super::exception_text(&error)));
        return;
    }
    fired.await.ok();
}

#[cfg(test)]
mod tests {
    use futures::{executor::block_on, future::join_all};

    use super::*;

    #[test]
    fn a_work_that_is_asked_for_while_it_goes_on_is_done_once_more() {
        let (one, done) = (OneAtATime::default(), Cell::new(0));
        let work = async || {
            next_turn().await;
            done.set(done.get() + 1);
        };
        block_on(join_all((0..20).map(|_| one.run(work))));
        assert_eq!(done.get(), 2);
        block_on(one.run(work));
        assert_eq!(done.get(), 3);
    }
}
