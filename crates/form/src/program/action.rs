//! Actions and their events, bound to the schema.

use super::builder::Builder;
use super::expression::ExprId;
use super::schema::{DefId, Schema};
use crate::definition::{Action, ActionKind, BodyNode, Form, SetValue};
use crate::problem::ProblemKind;

/// The events that an action can wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Event {
    /// A new record was begun.
    FirstLoad,
    /// A record was opened.
    Load,
    /// The answer of the question around the action changed.
    ValueChanged,
    /// A row was added to the repeat around the action.
    NewRepeat,
    /// The record is about to be finished.
    Revalidate,
}

#[derive(Debug)]
pub(crate) struct ActionDef {
    pub(crate) events: Vec<Event>,
    /// The entry around the action: that of its question or repeat.
    pub(crate) source: Option<DefId>,
    pub(crate) target: DefId,
    /// Which of the target's nodes, where the reference has predicates.
    pub(crate) chosen: Option<ExprId>,
    pub(crate) value: ActionValue,
}

#[derive(Debug)]
pub(crate) enum ActionValue {
    Expression(ExprId),
    Text(Box<str>),
    /// The place where the device is.
    Geopoint,
    /// A recording.
    Audio,
}

pub(crate) fn compile(form: &Form, schema: &Schema, builder: &mut Builder) -> Vec<ActionDef> {
    let mut compiler = Compiler { schema, builder, found: Vec::new() };
    compiler.all(&form.actions, None);
    compiler.nodes(&form.body, DefId::ROOT);
    compiler.found
}

struct Compiler<'a, 'b, 'c> {
    schema: &'a Schema,
    builder: &'b mut Builder<'c>,
    found: Vec<ActionDef>,
}

impl Compiler<'_, '_, '_> {
    fn nodes(&mut self, nodes: &[BodyNode], context: DefId) {
        for node in nodes {
            if matches!(node, BodyNode::Control(control) if control.actions.is_empty()) {
                continue;
            }
            let (reference, actions, children): (_, _, &[BodyNode]) = match node {
                BodyNode::Control(control) => (Some(&control.reference), &control.actions, &[]),
                BodyNode::Group(group) => {
                    (group.reference.as_ref(), &group.actions, &group.children)
                }
                BodyNode::Repeat(repeat) => {
                    (Some(&repeat.nodeset), &repeat.actions, &repeat.children)
                }
            };
            let own = reference.and_then(|path| self.builder.scope.resolve(path, Some(context)));
            let own = own.unwrap_or(context);
            self.all(actions, Some(own));
            self.nodes(children, own);
        }
    }

    fn all(&mut self, actions: &[Action], source: Option<DefId>) {
        for action in actions {
            if let Some(action) = self.action(action, source) {
                self.found.push(action);
            }
        }
    }

    fn action(&mut self, action: &Action, source: Option<DefId>) -> Option<ActionDef> {
        self.builder.at(&action.reference, "@event");
        let mut events = Vec::new();
        for name in &action.events {
            match event(name) {
                Some(event) => events.push(event),
                None if name.is_empty() => self.builder.problem(ProblemKind::NoEvent),
                None => self.builder.problem(ProblemKind::UnknownEvent(name.clone())),
            }
        }
        let in_repeat = source.and_then(|def| self.schema.row_of(def)).is_some();
        let mut names = action.events.iter();
        if source.is_none() && !events.is_empty() && names.all(|name| name == NEW_REPEAT) {
            self.builder.problem(ProblemKind::NewRepeatInModel);
        } else if events.contains(&Event::NewRepeat) && !in_repeat {
            self.builder.problem(ProblemKind::EventOutsideRepeat);
        }
        let context = source.unwrap_or(DefId::ROOT);
        // Web Forms takes no recordings, and loads a form that does not say where one goes.
        let may_lack = matches!(action.kind, ActionKind::RecordAudio);
        if action.reference.trim().is_empty() && !may_lack {
            let place = source.map_or_else(|| "model".to_owned(), |def| self.schema.path(def));
            self.builder.at(&place, "");
            self.builder.problem(ProblemKind::NoTarget);
            return None;
        }
        let Some(target) = self.builder.scope.resolve(&action.reference, Some(context)) else {
            self.builder.problem(ProblemKind::UnknownNode(action.reference.clone()));
            return None;
        };
        let chosen = if action.reference.contains('[') {
            self.builder.at(&action.reference, "@ref");
            Some(self.builder.expression(&action.reference, Some(context))?)
        } else {
            None
        };
        self.builder.at(&action.reference, "@value");
        let value = match &action.kind {
            ActionKind::SetValue(SetValue::Expression(text)) if text.trim().is_empty() => {
                ActionValue::Text("".into())
            }
            ActionKind::SetValue(SetValue::Expression(text)) => {
                ActionValue::Expression(self.builder.expression(text, Some(target))?)
            }
            ActionKind::SetValue(SetValue::Text(text)) => ActionValue::Text(text.as_str().into()),
            ActionKind::SetGeopoint => ActionValue::Geopoint,
            ActionKind::RecordAudio => ActionValue::Audio,
        };
        Some(ActionDef { events, source, target, chosen, value })
    }
}

const NEW_REPEAT: &str = "odk-new-repeat";

fn event(name: &str) -> Option<Event> {
    Some(match name {
        "odk-instance-first-load" | "xforms-ready" => Event::FirstLoad,
        "odk-instance-load" => Event::Load,
        "xforms-value-changed" => Event::ValueChanged,
        NEW_REPEAT | "jr-insert" => Event::NewRepeat,
        "xforms-revalidate" => Event::Revalidate,
        _ => return None,
    })
}
