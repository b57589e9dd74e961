//! The browser's way back inside a form: each page on from the first is one step of its history, so that Back leads to the page
//! before and only from the first page out.
//!
//! The steps are made as the person goes on, not when Back is pressed: browsers pass over a step that nobody's hand led to.

use form::NodeId;
use leptos::{ev, prelude::*};

use crate::platform::{address, document, tasks};
use crate::reactive::effect;
use crate::stores::FormEntry;

/// How many steps a form takes at most: browsers keep some 50 in all, and the way out of the form is one of them.
const MOST: usize = 20;
/// Nobody is kept in a form by a browser that does not go back.
const PATIENCE_MS: u32 = 1_500;

/// The way back from the page on screen.
#[derive(Clone, Copy)]
pub(super) struct WayBack {
    entry: FormEntry,
    reviewing: RwSignal<bool>,
    /// The page that one was sent to from Review, which is a step behind it then.
    sent_to: RwSignal<Option<NodeId>>,
    /// How many steps there were when Review was on screen last.
    at_review: StoredValue<usize>,
    /// How many steps of the browser's history are this form's.
    steps: StoredValue<usize>,
    /// Whether the browser is on its way to where it was told to go.
    travels: StoredValue<bool>,
    /// What comes once none of the steps is left.
    leaving: StoredValue<Option<Callback<()>>>,
}

impl WayBack {
    /// Follows the person through the form, and the browser's Back and Forward, as long as the form is on screen.
    pub(super) fn follow(
        entry: FormEntry,
        reviewing: RwSignal<bool>,
        sent_to: RwSignal<Option<NodeId>>,
    ) -> Self {
        let way = Self {
            entry,
            reviewing,
            sent_to,
            at_review: StoredValue::new(0),
            steps: StoredValue::new(address::step()),
            travels: StoredValue::new(false),
            leaving: StoredValue::new(None),
        };
        let here = address::current().path;
        let travelled = window_event_listener(ev::popstate, move |_| {
            if address::current().path == here {
                way.arrive();
            }
        });
        on_cleanup(move || travelled.remove());
        let progress = entry.progress();
        effect(move || {
            progress.track();
            reviewing.track();
            sent_to.track();
            untrack(|| way.keep());
        });
        way
    }

    /// Goes to the page before, or back to the page from where the answers were reviewed.
    pub(super) fn back(self) {
        if self.reviewing.get_untracked() {
            self.reviewing.set(false);
            self.entry.go_to(self.entry.page().get_untracked());
        } else {
            self.entry.previous_page();
        }
    }

    /// Goes on to the next page, or to the review.
    pub(super) fn on(self) {
        if !self.reviewing.get_untracked() && !self.entry.next_page() {
            self.reviewing.set(true);
        }
    }

    /// Leaves the form: `then` is called where the form began, so that Back leads nowhere into the midst of it. Where `then` takes the
    /// place of the form instead of going on from it, as after submitting, the browser's Forward still does.
    pub(super) fn leave(self, then: Callback<()>) {
        self.leaving.set_value(Some(then));
        self.keep();
        drop(tasks::after(PATIENCE_MS, move || self.left()));
    }

    fn left(self) {
        if let Some(then) = self.leaving.try_update_value(Option::take).flatten() {
            then.try_run(());
        }
    }

    /// As many steps as the page is from the first, or from where Review stood that led to it.
    fn keep(self) {
        if self.travels.get_value() {
            return;
        }
        let leaves = self.leaving.with_value(Option::is_some);
        let reviewing = self.reviewing.get_untracked();
        let pages = self.entry.progress().get_untracked().0 + usize::from(reviewing);
        if reviewing {
            self.at_review.set_value(pages);
        }
        let wanted = match self.sent_to.get_untracked() {
            _ if leaves => 0,
            Some(_) if !reviewing => self.at_review.get_value() + 1,
            _ => pages,
        };
        let (steps, wanted) = (self.steps.get_value(), wanted.min(MOST));
        for step in steps + 1..=wanted {
            address::add_step(step);
        }
        self.steps.set_value(steps.max(wanted));
        if wanted < steps {
            self.travels.set_value(true);
            address::go_back(steps - wanted);
        } else if leaves {
            self.left();
        }
    }

    /// The browser went back or forth.
    fn arrive(self) {
        let (before, now) = (self.steps.get_value(), address::step());
        self.steps.set_value(now);
        if self.travels.get_value() {
            self.travels.set_value(false);
        } else if now > before || !document::close_sheet() {
            // A browser that closes sheets itself does not come here with one. On the first page none comes here: Back leaves the form.
            (now..before).for_each(|_| match self.sent_to.get_untracked() {
                Some(_) if !self.reviewing.get_untracked() => {
                    // Further steps go on from there.
                    self.sent_to.set(None);
                    self.reviewing.set(true);
                }
                _ => self.back(),
            });
            (before..now).for_each(|_| self.on());
        }
        self.keep();
    }
}
