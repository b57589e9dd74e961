//! Questions come in portions: a screen of them at once, the rest frame by frame, from the top of the page.
//!
//! A form of a thousand questions on one page would otherwise keep its first one waiting for its last.

use std::collections::BTreeMap;

use form::NodeId;
use leptos::prelude::*;

/// More than any phone's screen shows, and few enough that they are there before a finger is.
const AT_ONCE: usize = 40;

/// The order in which what is on a page is drawn.
#[derive(Clone, Copy)]
pub(super) struct Pace {
    /// How many nodes may still be drawn without waiting.
    free: StoredValue<usize>,
    /// By the first node of a portion, which stands in the order of the page: how many it has, and its turn.
    waiting: StoredValue<BTreeMap<u32, (usize, ArcRwSignal<bool>)>>,
    /// Whether the next frame is asked for.
    runs: StoredValue<bool>,
}

impl Pace {
    pub(super) fn new() -> Self {
        Self {
            free: StoredValue::new(AT_ONCE),
            waiting: StoredValue::new(BTreeMap::new()),
            runs: StoredValue::new(false),
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

    /// Each frame draws the next portions, until none waits; then as many are free as at first.
    fn run(self) {
        if self.runs.try_update_value(|runs| std::mem::replace(runs, true)) != Some(false) {
            return;
        }
        request_animation_frame(move || {
            self.runs.try_set_value(false);
            if self.draw(AT_ONCE) {
                self.run();
            } else {
                self.free.try_set_value(AT_ONCE);
            }
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
