//! Plain paths, as binds, controls and actions name their nodes.

use xpath::ast::{Axis, Expression, Start, Test};
use xpath::{Expr, Function};

use super::expression::Scope;
use super::schema::{DefId, local};

impl Scope<'_> {
    /// The entry that a plain path names: what binds, controls and actions say.
    pub(crate) fn resolve(&self, path: &str, context: Option<DefId>) -> Option<DefId> {
        let path = path.trim();
        let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | '@' | ':');
        let has_axis = || path.as_bytes().windows(2).any(|pair| pair == b"::");
        if !path.chars().all(plain) || has_axis() {
            return self.resolve_parsed(path, context);
        }
        let (mut at, steps) = match path.strip_prefix('/') {
            Some(steps) => (None, steps),
            None => (context, path),
        };
        for step in steps.split('/') {
            at = match (step, step.strip_prefix('@')) {
                (".", _) => at,
                ("..", _) => at.and_then(|def| self.schema.def(def).parent),
                (_, Some(name)) => Some(self.schema.child(at?, local(name), true)?),
                (name, None) => Some(self.child(at, local(name))?),
            };
        }
        at
    }

    /// The entry of an element's name below an entry, or the root below the document.
    fn child(&self, at: Option<DefId>, name: &str) -> Option<DefId> {
        match at {
            None => (self.schema.def(DefId::ROOT).local() == name).then_some(DefId::ROOT),
            Some(def) => self.schema.child(def, name, false),
        }
    }

    /// The same for a path in words that few use, such as `child::a`.
    fn resolve_parsed(&self, path: &str, context: Option<DefId>) -> Option<DefId> {
        let Ok(expr) = Expr::parse(path) else { return None };
        let Expression::Path(path) = expr.ast() else { return None };
        let mut at = match &path.start {
            Start::Root => None,
            Start::Context => context,
            Start::Expression { expression, .. } => match &**expression {
                Expression::Call(call) if call.function == Some(Function::Current) => context,
                _ => return None,
            },
        };
        for step in &path.steps {
            at = match (step.axis, &step.test) {
                (Axis::SelfNode, _) => at,
                (Axis::Parent, _) => at.and_then(|def| self.schema.def(def).parent),
                (Axis::Child, Test::Name(name)) => Some(self.child(at, &name.local)?),
                (Axis::Attribute, Test::Name(name)) => {
                    Some(self.schema.child(at?, &name.local, true)?)
                }
                _ => return None,
            };
        }
        at
    }
}
