//! Binds and the actions of the model.

use std::collections::BTreeMap;

use form::definition::{Action, ActionKind, Attribute, Bind, SetValue};

use crate::paths::Paths;
use crate::texts::message_in_itext;
use crate::tree::{ActionOn, Id, Node, NodeAction, NodeKind, ROOT};
use crate::types::Special;

/// The event that starts actions of new rows.
const NEW_ROW: &str = "odk-new-repeat";

/// All binds, in document order.
pub(crate) fn binds(paths: &Paths) -> Vec<Bind> {
    let nodes = paths.tree.descendants(ROOT);
    nodes.into_iter().filter_map(|id| bind(paths, id)).collect()
}

fn bind(paths: &Paths, id: Id) -> Option<Bind> {
    let node = &paths.tree.nodes[id];
    let external = matches!(node.kind, NodeKind::External { .. });
    if external || node.flat || (node.bind.is_empty() && node.messages.is_empty()) {
        return None;
    }
    let mut bind = Bind::new(paths.path(id));
    for (name, value) in &node.bind {
        if name == "calculate" && !node.trigger.is_empty() {
            continue;
        }
        let value = paths.expression(boolean(name, value), id);
        match name.as_str() {
            "type" => bind.data_type = Some(value),
            "relevant" => bind.relevant = Some(value),
            "required" => bind.required = Some(value),
            "readonly" => bind.readonly = Some(value),
            "constraint" => bind.constraint = Some(value),
            "calculate" => bind.calculate = Some(value),
            "jr:preload" => bind.preload = Some(value),
            "jr:preloadParams" => bind.preload_params = Some(value),
            _ => bind.attributes.push(Attribute::new(name.clone(), value)),
        }
    }
    for (attribute, text) in &node.messages {
        let message = match &text.plain {
            _ if message_in_itext(attribute, text) => {
                format!("jr:itext('{}:{attribute}')", paths.path(id))
            }
            Some(plain) => paths.expression(plain, id),
            None => continue,
        };
        match *attribute {
            "jr:requiredMsg" => bind.required_message = Some(message),
            "jr:constraintMsg" => bind.constraint_message = Some(message),
            _ => bind.attributes.push(Attribute::new(*attribute, message)),
        }
    }
    Some(bind)
}

/// `yes` and `no` as expressions.
pub(crate) fn boolean<'a>(name: &str, value: &'a str) -> &'a str {
    const EXPRESSIONS: [&str; 5] = ["readonly", "required", "relevant", "constraint", "calculate"];
    match value {
        _ if !EXPRESSIONS.contains(&name) => value,
        "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" => "true()",
        "no" | "No" | "NO" | "false" | "False" | "FALSE" => "false()",
        _ => value,
    }
}

/// Actions that stand in the model.
pub(crate) fn model_actions(paths: &Paths) -> Vec<Action> {
    let nodes = paths.tree.descendants(ROOT);
    nodes.into_iter().flat_map(|id| actions(paths, id, |event| event != NEW_ROW)).collect()
}

/// Actions of the new rows of a repeat, for everything in it but inner repeats.
pub(crate) fn row_actions(paths: &Paths, repeat: Id) -> Vec<Action> {
    let nodes = paths.tree.descendants(repeat).into_iter();
    let own = nodes.filter(|id| paths.tree.repeat_around(*id) == Some(repeat));
    own.flat_map(|id| actions(paths, id, |event| event == NEW_ROW)).collect()
}

fn actions(paths: &Paths, id: Id, wanted: impl Fn(&str) -> bool) -> Vec<Action> {
    let node = &paths.tree.nodes[id];
    let wanted = node.actions.iter().filter(|action| wanted(action.event));
    wanted.map(|action| self::action(paths, id, node, action)).collect()
}

fn action(paths: &Paths, id: Id, node: &Node, action: &NodeAction) -> Action {
    let kind = match &action.kind {
        ActionOn::Default => set_value(paths, id, node.default.as_deref().unwrap_or_default()),
        ActionOn::Value(value) => set_value(paths, id, value),
        ActionOn::Other(kind) => kind.clone(),
    };
    let attributes = action.attributes.iter().map(|(n, v)| Attribute::new(n.clone(), v.clone()));
    Action {
        kind,
        events: vec![action.event.to_owned()],
        reference: paths.path(id).to_owned(),
        attributes: attributes.collect(),
    }
}

fn set_value(paths: &Paths, at: Id, expression: &str) -> ActionKind {
    let expression = paths.expression(expression, at);
    ActionKind::SetValue(match expression.is_empty() {
        true => SetValue::Text(String::new()),
        false => SetValue::Expression(expression),
    })
}

/// The questions that each question triggers, by its name.
pub(crate) struct Triggers(BTreeMap<String, Vec<Id>>);

impl Triggers {
    pub(crate) fn collect(paths: &Paths) -> Self {
        let mut targets: BTreeMap<String, Vec<Id>> = BTreeMap::new();
        for id in paths.tree.descendants(ROOT) {
            for name in &paths.tree.nodes[id].trigger {
                targets.entry(name.clone()).or_default().push(id);
            }
        }
        Self(targets)
    }

    pub(crate) fn targets(&self, name: &str) -> &[Id] {
        self.0.get(name).map_or(&[], Vec::as_slice)
    }

    /// The actions that stand in a question.
    pub(crate) fn actions(&self, paths: &Paths, at: Id) -> Vec<Action> {
        let targets = self.targets(&paths.tree.nodes[at].name);
        let places = |id: &Id| {
            matches!(paths.tree.nodes[*id].kind,
                NodeKind::Question(q) if q.special == Special::BackgroundGeopoint)
        };
        let values = targets.iter().filter(|id| !places(id)).map(|id| {
            let calculate = paths.tree.nodes[*id].bind("calculate").unwrap_or_default();
            (*id, set_value(paths, at, calculate))
        });
        let geopoints =
            targets.iter().filter(|id| places(id)).map(|id| (*id, ActionKind::SetGeopoint));
        let action = |(id, kind): (Id, ActionKind)| Action {
            kind,
            events: vec!["xforms-value-changed".to_owned()],
            reference: paths.path(id).to_owned(),
            attributes: Vec::new(),
        };
        values.chain(geopoints).map(action).collect()
    }
}
