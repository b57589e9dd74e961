//! What lies below a node: questions, sections and repeats, one after another.

use form::{Aspects, NodeId, NodeKind};
use leptos::prelude::*;

use crate::reactive::{Show, memo};

use super::grid::{self, Grid};
use super::pace::Pace;
use super::question::QuestionView;
use super::repeat::RepeatView;
use crate::components::RichText;
use crate::stores::FormEntry;

/// How many stand in one portion: about a screen of a phone.
const PORTION: usize = 10;

/// The children of a group, a row or the form, by portions: one out of sight is neither laid out nor painted, and a far one is
/// not even there until its turn.
#[component]
pub(super) fn Children(of: NodeId) -> impl IntoView {
    let entry = expect_context::<FormEntry>();
    let pace = expect_context::<Pace>();
    // Only rows of a repeat come and go, and those are its own to list.
    let mut runs = grid::runs(entry, entry.children(of).get_untracked());
    let mut portions = Vec::new();
    while !runs.is_empty() {
        let rest = runs.split_off(PORTION.min(runs.len()));
        portions.push(portion(pace, std::mem::replace(&mut runs, rest)));
    }
    portions
}

fn portion(pace: Pace, runs: Vec<Vec<NodeId>>) -> AnyView {
    let nodes: usize = runs.iter().map(Vec::len).sum();
    let turn = pace.turn(runs[0][0], nodes);
    let draw = move || runs.iter().map(|run| run_view(run)).collect::<Vec<_>>().into_any();
    let drawn = match turn {
        None => draw(),
        Some(turn) => view! { <Show when=move || turn.get()>{draw()}</Show> }.into_any(),
    };
    view! { <div class="portion" style=("--nodes", nodes.to_string())>{drawn}</div> }.into_any()
}

/// Questions of a grid are drawn together.
fn run_view(run: &[NodeId]) -> AnyView {
    match *run {
        [only] if !grid::is_row(expect_context::<FormEntry>(), only) => node_view(only),
        _ => view! { <Grid run=run.to_vec() /> }.into_any(),
    }
}

/// One node by its kind. It is in the page only while it is relevant.
pub(super) fn node_view(id: NodeId) -> AnyView {
    let entry = expect_context::<FormEntry>();
    let state = entry.node(id);
    let kind = state.with_untracked(|state| state.kind.clone());
    let draw = move || match kind.clone() {
        NodeKind::Question(question) => {
            view! { <QuestionView id=id question=question /> }.into_any()
        }
        NodeKind::Repeat { .. } => view! { <RepeatView id=id /> }.into_any(),
        NodeKind::Root | NodeKind::Group { .. } | NodeKind::Row { .. } => {
            view! { <Section id=id /> }.into_any()
        }
    };
    if !entry.may_change(id).contains(Aspects::RELEVANT) {
        return if state.with_untracked(|state| state.relevant) { draw() } else { ().into_any() };
    }
    let relevant = memo(move || state.read().relevant);
    view! { <Show when=move || relevant.get()>{draw()}</Show> }.into_any()
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
        <section class="form-section" aria-labelledby=heading id=format!("q{}", id.index())>
            <h2 id=format!("q{}-heading", id.index())><RichText text=label /></h2>
            <Children of=id />
        </section>
    }
    .into_any()
}
