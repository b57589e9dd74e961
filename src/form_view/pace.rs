//! Questions come in portions: a screen of them at once, the rest frame by frame, from the top of the page.
//!
//! A form of a thousand questions on one page would otherwise keep its first one waiting for its last.

use std::collections::BTreeMap;

use form::NodeId;
use leptos::prelude::*;

use crate::platform::{clock, tasks};

/// More than any phone's screen shows, and few enough that they are there before a finger is.
const AT_ONCE: usize = 40;
/// What a portion may shrink to on a slow phone, where a tap waits for the portion that is being drawn.
const AT_LEAST: usize = 8;
/// How long a frame may take with a portion in it before the next ones are smaller, and from when on they grow again.
const LONG_MS: i64 = 34;
const SHORT_MS: i64 = 20;

/// The order in which what is on a page is drawn.
#[derive(Clone, Copy)]
pub(super) struct Pace {
    /// How many nodes may still be drawn without waiting.
    free: StoredValue<usize>,
    /// By the first node of a portion, which stands in the order of the page: how many it has, and its turn.
    waiting: StoredValue<BTreeMap<u32, (usize, ArcRwSignal<bool>)>>,
    /// Whether the next frame is asked for.
    runs: StoredValue<bool>,
    /// How many nodes the next frame draws, and when the last one began.
    portion: StoredValue<(usize, Option<i64>)>,
}

impl Pace {
    pub(super) fn new() -> Self {
        Self {
            free: StoredValue::new(AT_ONCE),
            waiting: StoredValue::new(BTreeMap::new()),
            runs: StoredValue::new(false),
            portion: StoredValue::new((AT_ONCE, None)),
        }
    }

    /// Another page is drawn from here on.
    pub(super) fn begin(self) {
        self.free.set_value(AT_ONCE);
        self.waiting.update_value(BTreeMap::clear);
    }

    /// When so many nodes from `first` on are drawn: at once, or when the signal turns true.
    pub(super) fn turn(self, first: NodeId, nodes: usize) -> Option<ArcRwSignal<bool>> {
        self.run();
        let free = self.free.get_value();
        if free > 0 {
            self.free.set_value(free.saturating_sub(nodes));
            return None;
        }
        let turn = ArcRwSignal::new(false);
        self.waiting.update_value(|waiting| {
            waiting.insert(first.index(), (nodes, turn.clone()));
        });
        Some(turn)
    }

    /// Nobody waits any longer: somebody looks for a question that may not be there yet. It is in the next frame.
    pub(super) fn hurry(self) {
        self.free.set_value(usize::MAX);
        self.draw(usize::MAX);
        self.run();
    }

    /// Each frame is followed by the next portion, until none waits; then as many are free as at first. What is drawn already is painted
    /// before.
    fn run(self) {
        if self.runs.try_update_value(|runs| std::mem::replace(runs, true)) != Some(false) {
            return;
        }
        request_animation_frame(move || {
            drop(tasks::after(0, move || {
                self.runs.try_set_value(false);
                let portion = self.portion.try_update_value(|portion| {
                    *portion = next_portion(*portion, clock::now_ms());
                    portion.0
                });
                if self.draw(portion.unwrap_or(AT_ONCE)) {
                    self.run();
                } else {
                    self.free.try_set_value(AT_ONCE);
                    self.portion.try_set_value((AT_ONCE, None));
                }
            }));
        });
    }

    /// Draws about so many nodes; whether there may be more.
    fn draw(self, nodes: usize) -> bool {
        let next = self.waiting.try_update_value(|waiting| {
            let mut drawn = 0;
            let mut next = Vec::new();
            while drawn < nodes
                && let Some((_, (count, turn))) = waiting.pop_first()
            {
                drawn += count;
                next.push(turn);
            }
            next
        });
        let next = next.unwrap_or_default();
        for turn in &next {
            turn.set(true);
        }
        !next.is_empty()
    }
}

/// How many nodes are drawn now, after what the last portion took.
fn next_portion((drawn, began_ms): (usize, Option<i64>), now_ms: i64) -> (usize, Option<i64>) {
    let next = match began_ms.map(|began| now_ms - began) {
        Some(took) if took > LONG_MS => (drawn / 2).max(AT_LEAST),
        Some(took) if took < SHORT_MS => (drawn + drawn / 4).min(AT_ONCE),
        _ => drawn,
    };
    (next, Some(now_ms))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_phone_draws_less_at_once_and_a_quick_one_goes_on() {
        let mut portion = next_portion((AT_ONCE, None), 0);
        assert_eq!(portion, (40, Some(0)));
        for (now_ms, nodes) in
            [(75, 20), (120, 10), (160, 8), (240, 8), (257, 10), (285, 10), (302, 12)]
        {
            portion = next_portion(portion, now_ms);
            assert_eq!(portion, (nodes, Some(now_ms)), "at {now_ms}");
        }
    }
}
