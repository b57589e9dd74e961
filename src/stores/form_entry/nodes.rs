//! Signals of an open form's nodes, made when something first looks at a node.

use std::{collections::BTreeMap, sync::Arc};

use form::{Aspects, Change, Choice, NodeId, NodeKind, NodeState, Session};
use leptos::prelude::*;

/// One signal for each thing of each node that is looked at.
#[derive(Default)]
pub(super) struct Nodes {
    states: BTreeMap<NodeId, ArcRwSignal<NodeState>>,
    children: BTreeMap<NodeId, ArcRwSignal<Vec<NodeId>>>,
    choices: BTreeMap<NodeId, ArcRwSignal<Arc<[Choice]>>>,
}

impl Nodes {
    pub(super) fn state(&mut self, session: &Session, id: NodeId) -> Signal<NodeState> {
        let signal = self
            .states
            .entry(id)
            .or_insert_with(|| ArcRwSignal::new(session.state(id).unwrap_or_else(removed)));
        signal.read_only().into()
    }

    pub(super) fn children(&mut self, session: &Session, id: NodeId) -> Signal<Vec<NodeId>> {
        let signal =
            self.children.entry(id).or_insert_with(|| ArcRwSignal::new(session.children(id)));
        signal.read_only().into()
    }

    pub(super) fn choices(&mut self, session: &Session, id: NodeId) -> Signal<Arc<[Choice]>> {
        let signal =
            self.choices.entry(id).or_insert_with(|| ArcRwSignal::new(session.choices(id)));
        signal.read_only().into()
    }

    /// Reads anew what changed, and tells only those who look at it.
    pub(super) fn update(&mut self, session: &Session, changes: &[Change]) {
        for change in changes {
            let (id, aspects) = (change.node, change.aspects);
            // What nobody looks at is not made: an answer can change the texts of hundreds on other pages.
            if let Some(signal) = self.states.get(&id)
                && let Some(state) = session.state(id)
                && *signal.read_untracked() != state
            {
                signal.set(state);
            }
            if aspects.intersects(Aspects::CHILDREN)
                && let Some(signal) = self.children.get(&id)
            {
                signal.set(session.children(id));
            }
            if aspects.intersects(Aspects::CHOICES | Aspects::LABEL)
                && let Some(signal) = self.choices.get(&id)
            {
                signal.set(session.choices(id));
            }
        }
    }
}

/// What a view sees that asks for a node after it was removed: nothing to draw.
fn removed() -> NodeState {
    NodeState {
        kind: NodeKind::Group { field_list: false },
        name: String::new(),
        label: None,
        hint: None,
        guidance: None,
        value: String::new(),
        relevant: false,
        required: false,
        readonly: true,
        problem: None,
        appearance: Vec::new(),
    }
}
