//! What lies below a node: questions, sections and repeats, one after another.

use std::sync::Arc;

use form::{Aspects, NodeId, NodeKind};
use leptos::prelude::*;

use crate::reactive::{Show, memo};

use super::grid::{self, Grid};
use super::pace::Pace;
use super::question::QuestionView;
use super::repeat::RepeatView;
use crate::components::{RichText, keyed_list};
use crate::stores::FormEntry;

/// The children of a group, a row or the form.
#[component]
pub(super) fn Children(of: NodeId) -> impl IntoView {
    let entry = expect_context::<FormEntry>();
    let children = entry.children(of);
    // Questions of a grid are drawn together; its first one names it.
    keyed_list(
        move || grid::runs(entry, children.get()),
        |run| run[0].index().to_string(),
        |run| match run[..] {
            [only] if !grid::is_row(expect_context::<FormEntry>(), only) => node_view(only),
            _ => view! { <Grid run=run /> }.into_any(),
        },
    )
}

/// One node by its kind. It is in the page only while it is relevant.
pub(super) fn node_view(id: NodeId) -> AnyView {
    let entry = expect_context::<FormEntry>();
    let state = entry.node(id);
    let kind = state.with_untracked(|state| state.kind.clone());
    let pace = expect_context::<Pace>();
    let draw = move || match kind.clone() {
        NodeKind::Question(question) => match pace.turn() {
            None => view! { <QuestionView id=id question=question /> }.into_any(),
            Some(turn) => view! {
                <Show when=move || turn.get()>
                    <QuestionView id=id question=Arc::clone(&question) />
                </Show>
            }
            .into_any(),
        },
        NodeKind::Repeat { .. } => view! { <RepeatView id=id /> }.into_any(),
        NodeKind::Root | NodeKind::Group { .. } | NodeKind::Row { .. } => {
            view! { <Section id=id /> }.into_any()
        }
    };
    if !entry.may_change(id).contains(Aspects::RELEVANT) {
        return if state.with_untracked(|state| state.relevant) { draw() } else { ().into_any() };
    }
    let relevant = memo(move || state.read().relevant);
    let draw = StoredValue::new(draw);
    view! { <Show when=move || relevant.get()>{draw.with_value(|draw| draw())}</Show> }.into_any()
}

/// A group within a page: a section with its label as heading.
#[component]
fn Section(id: NodeId) -> AnyView {
    let entry = expect_context::<FormEntry>();
    let state = entry.node(id);
    if state.with_untracked(|state| state.label.is_none()) {
        return view! { <Children of=id /> }.into_any();
    }
    let heading = format!("q{}-heading", id.index());
    let label = Signal::derive(move || {
        state.read().label.as_ref().map(|label| label.text.clone()).unwrap_or_default()
    });
    view! {
        <section class="form-section" aria-labelledby=heading>
            <h2 id=format!("q{}-heading", id.index())><RichText text=label /></h2>
            <Children of=id />
        </section>
    }
    .into_any()
}
