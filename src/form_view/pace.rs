//! Questions come in portions: a screen of them at once, the rest frame by frame.
//!
//! A form of a thousand questions on one page would otherwise keep its first one waiting for its last.

use std::collections::VecDeque;

use leptos::prelude::*;

/// More than any phone's screen shows, and few enough that they are there before a finger is.
const AT_ONCE: usize = 40;

/// The order in which the questions of a page are drawn.
#[derive(Clone, Copy)]
pub(super) struct Pace {
    /// How many may still be drawn without waiting.
    free: StoredValue<usize>,
    waiting: StoredValue<VecDeque<ArcRwSignal<bool>>>,
}

impl Pace {
    pub(super) fn new() -> Self {
        Self { free: StoredValue::new(AT_ONCE), waiting: StoredValue::new(VecDeque::new()) }
    }

    /// Another page is drawn from here on.
    pub(super) fn begin(self) {
        self.free.set_value(AT_ONCE);
        self.waiting.update_value(VecDeque::clear);
        request_animation_frame(move || self.draw_on());
    }

    /// When a question is drawn: at once, or when the signal turns true.
    pub(super) fn turn(self) -> Option<ArcRwSignal<bool>> {
        let free = self.free.get_value();
        if let Some(free) = free.checked_sub(1) {
            self.free.set_value(free);
            return None;
        }
        let turn = ArcRwSignal::new(false);
        self.waiting.update_value(|waiting| waiting.push_back(turn.clone()));
        Some(turn)
    }

    /// Nobody waits any longer: somebody looks for a question that may not be there yet. It is in the next frame.
    pub(super) fn hurry(self) {
        self.draw(usize::MAX);
    }

    /// The next portion, until there is none. What becomes relevant after that does not wait.
    fn draw_on(self) {
        if self.draw(AT_ONCE) {
            request_animation_frame(move || self.draw_on());
        } else {
            self.free.try_set_value(usize::MAX);
        }
    }

    /// Draws up to so many; whether there may be more.
    fn draw(self, count: usize) -> bool {
        let next = self.waiting.try_update_value(|waiting| {
            let count = count.min(waiting.len());
            waiting.drain(..count).collect::<Vec<_>>()
        });
        let next = next.unwrap_or_default();
        for turn in &next {
            turn.set(true);
        }
        !next.is_empty()
    }
}
