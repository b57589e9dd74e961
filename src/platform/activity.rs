//! Whether a person is at the app: touches and keys, and what goes on without any.

use std::cell::Cell;

use super::document::listen;

thread_local! {
    static AT_WORK: Cell<u32> = const { Cell::new(0) };
}

/// Calls back at every touch, press and key, for as long as the page lives.
pub fn on_touch(then: impl Fn() + Clone + 'static) {
    let Some(window) = web_sys::window() else { return };
    for event in ["pointerdown", "keydown", "wheel"] {
        listen(&window, event, then.clone());
    }
}

/// Something that a person began and that needs no touch to go on, such as a sound being recorded: as long as this is kept.
pub struct AtWork(());

impl AtWork {
    /// It begins.
    pub fn begin() -> Self {
        AT_WORK.set(AT_WORK.get() + 1);
        Self(())
    }
}

impl Drop for AtWork {
    fn drop(&mut self) {
        AT_WORK.set(AT_WORK.get() - 1);
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
