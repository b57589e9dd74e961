//! Leptos' memos, effects and conditions, erased.
//!
//! What they are made of is boxed at once, so that the machinery underneath is compiled once for the whole app and not
//! for each use, about 1 KB each of what a phone loads.

use leptos::prelude::*;

/// As [`Memo::new`], for a value that does not look at the one before.
pub fn memo<T: PartialEq + Send + Sync + 'static>(
    compute: impl Fn() -> T + Send + Sync + 'static,
) -> Memo<T> {
    let compute: Box<dyn Fn() -> T + Send + Sync> = Box::new(compute);
    Memo::new(move |_| compute())
}

/// As [`Effect::new`], for an effect that leaves nothing to its next run.
pub fn effect(run: impl FnMut() + 'static) {
    let run: Box<dyn FnMut()> = Box::new(run);
    Effect::new(run);
}

/// Whether something is shown.
pub struct Condition(Box<dyn Fn() -> bool + Send + Sync>);

impl<F: Fn() -> bool + Send + Sync + 'static> From<F> for Condition {
    fn from(holds: F) -> Self {
        Self(Box::new(holds))
    }
}

/// As Leptos' `<Show>`: draws the children while the condition holds, else the fallback; draws anew only when that changes.
#[component(transparent)]
pub fn Show(
    /// What is shown while the condition holds.
    children: ChildrenFn,
    /// The condition.
    #[prop(into)]
    when: Condition,
    /// What is shown while it does not; nothing if not given.
    #[prop(optional, into)]
    fallback: ViewFn,
) -> impl IntoView {
    let holds = Memo::new(move |_| (when.0)());
    move || if holds.get() { children() } else { fallback.run() }
}
