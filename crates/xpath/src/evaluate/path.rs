//! Location paths: steps, axes, node tests and predicates.
//!
//! The usual path of a form goes from one node to one node and allocates nothing.

use super::{Evaluator, Focus};
use crate::{
    ast::{Axis, Expression, Name, Operator, Path, Start, Step, Test},
    context::Host,
    error::EvalError,
    function::Function,
    tree::{NodeKind, Tree},
    value::{Nodes, Value},
};

/// A node test with its prefix resolved.
enum Matcher<'m> {
    Kind(Option<NodeKind>),
    Named(&'m Name, Option<&'m str>),
    In(&'m str),
    Instruction(Option<&'m str>),
}

impl<'a, T: Tree, H: Host<T>> Evaluator<'_, 'a, T, H> {
    pub(super) fn path(
        &self,
        path: &'a Path,
        focus: Focus<T::Node>,
    ) -> Result<Nodes<T::Node>, EvalError> {
        if let Some(nodes) = self.context.host.resolve(path, focus.node) {
            self.spend(nodes.len())?;
            return Ok(nodes);
        }
        // Whether the nodes are in document order and none is below another: then so are their children.
        let mut flat = true;
        let mut nodes = match &path.start {
            Start::Context => Nodes::One(focus.node),
            Start::Root => Nodes::One(self.root(focus.node)),
            Start::Expression { expression, predicates } => {
                let start = self.nodes(expression, focus, "/")?;
                flat = start.len() < 2;
                self.filter(start, predicates)?
            }
        };
        for step in &path.steps {
            nodes = self.step(step, &nodes, flat)?;
            let keeps = matches!(step.axis, Axis::Child | Axis::Attribute | Axis::SelfNode);
            flat = nodes.len() < 2 || (flat && keeps);
        }
        Ok(nodes)
    }

    fn root(&self, node: T::Node) -> T::Node {
        self.context.root.unwrap_or_else(|| self.context.tree.top(node))
    }

    fn step(
        &self,
        step: &'a Step,
        nodes: &Nodes<T::Node>,
        flat: bool,
    ) -> Result<Nodes<T::Node>, EvalError> {
        let matcher = self.matcher(step)?;
        if let Nodes::One(node) = nodes {
            return self.step_from(step, &matcher, *node);
        }
        let mut all = Vec::new();
        for node in nodes.iter() {
            all.extend(self.step_from(step, &matcher, node)?.iter());
        }
        let ordered = matches!(
            step.axis,
            Axis::Child
                | Axis::Attribute
                | Axis::SelfNode
                | Axis::Descendant
                | Axis::DescendantOrSelf
        );
        if !(flat && ordered) {
            self.sort(&mut all)?;
        }
        Ok(Nodes::Many(all))
    }

    /// One step from one node, in document order.
    fn step_from(
        &self,
        step: &'a Step,
        matcher: &Matcher<'_>,
        node: T::Node,
    ) -> Result<Nodes<T::Node>, EvalError> {
        let mut predicates = step.predicates.as_slice();
        let mut found = Nodes::None;
        if let Some(nodes) = self.indexed(step, node)? {
            self.spend(nodes.len())?;
            found = nodes;
            predicates = predicates.get(1..).unwrap_or_default();
        } else {
            self.along(step.axis, node, &mut |candidate| {
                if self.matches(matcher, step.axis, candidate) {
                    found.push(candidate);
                }
            })?;
        }
        let found = self.filter(found, predicates)?;
        Ok(match found {
            Nodes::Many(mut nodes) if step.axis.is_reverse() => {
                nodes.reverse();
                Nodes::Many(nodes)
            }
            found => found,
        })
    }

    /// Applies predicates one after the other, positions counted in the given order.
    fn filter(
        &self,
        mut nodes: Nodes<T::Node>,
        predicates: &'a [Expression],
    ) -> Result<Nodes<T::Node>, EvalError> {
        for predicate in predicates {
            if let Expression::Number(position) = predicate {
                nodes = at_position(&nodes, *position);
                continue;
            }
            let size = nodes.len();
            let mut kept = Nodes::None;
            for (index, node) in nodes.iter().enumerate() {
                let focus = Focus { node, position: index + 1, size };
                let keep = match self.expression(predicate, focus)? {
                    Value::Number(position) => is_position(position, index + 1),
                    value => value.boolean(),
                };
                if keep {
                    kept.push(node);
                }
            }
            nodes = kept;
        }
        Ok(nodes)
    }

    /// The nodes of `element[key = value]` by the host's index, when it has one and the value does not depend on the
    /// element: only the first predicate is then applied.
    fn indexed(&self, step: &'a Step, node: T::Node) -> Result<Option<Nodes<T::Node>>, EvalError> {
        let (Axis::Child, Test::Name(element), Some(predicate)) =
            (step.axis, &step.test, step.predicates.first())
        else {
            return Ok(None);
        };
        let Some((key, value)) = key_and_value(predicate) else { return Ok(None) };
        let focus = Focus { node, position: 1, size: 1 };
        let text = match self.expression(value, focus)? {
            Value::Text(text) => text,
            Value::Nodes(nodes) if nodes.len() == 1 => {
                nodes.first().map(|node| self.read(node)).unwrap_or_default()
            }
            _ => return Ok(None),
        };
        Ok(self.context.host.lookup(node, element, key, &text))
    }

    /// Shows every node on an axis, in the order of the axis.
    fn along(
        &self,
        axis: Axis,
        node: T::Node,
        visit: &mut impl FnMut(T::Node),
    ) -> Result<(), EvalError> {
        let tree = self.context.tree;
        match axis {
            Axis::SelfNode => visit(node),
            Axis::Parent => {
                if let Some(parent) = tree.parent(node) {
                    visit(parent);
                }
            }
            Axis::Child => {
                self.chain_of(tree.first_child(node), |n| tree.next_sibling(n), visit)?;
            }
            Axis::Attribute => {
                self.chain_of(tree.first_attribute(node), |n| tree.next_attribute(n), visit)?;
            }
            Axis::Ancestor => self.chain_of(tree.parent(node), |n| tree.parent(n), visit)?,
            Axis::AncestorOrSelf => self.chain_of(Some(node), |n| tree.parent(n), visit)?,
            Axis::FollowingSibling => {
                self.chain_of(tree.next_sibling(node), |n| tree.next_sibling(n), visit)?;
            }
            Axis::PrecedingSibling => {
                self.chain_of(tree.previous_sibling(node), |n| tree.previous_sibling(n), visit)?;
            }
            Axis::Descendant => self.below(node, visit)?,
            Axis::DescendantOrSelf => {
                visit(node);
                self.below(node, visit)?;
            }
            Axis::Following => self.following(node, visit)?,
            Axis::Preceding => self.preceding(node, visit)?,
            Axis::Namespace => tree.namespaces(node).into_iter().for_each(visit),
        }
        Ok(())
    }

    fn chain_of(
        &self,
        first: Option<T::Node>,
        next: impl Fn(T::Node) -> Option<T::Node>,
        visit: &mut impl FnMut(T::Node),
    ) -> Result<(), EvalError> {
        let mut at = first;
        while let Some(node) = at {
            self.spend(1)?;
            visit(node);
            at = next(node);
        }
        Ok(())
    }

    /// The descendants in document order, without recursion.
    pub(super) fn below(
        &self,
        top: T::Node,
        visit: &mut impl FnMut(T::Node),
    ) -> Result<(), EvalError> {
        let tree = self.context.tree;
        let mut at = tree.first_child(top);
        while let Some(node) = at {
            self.spend(1)?;
            visit(node);
            at = tree.first_child(node).or_else(|| {
                let mut up = node;
                loop {
                    if up == top {
                        return None;
                    }
                    if let Some(next) = tree.next_sibling(up) {
                        return Some(next);
                    }
                    up = tree.parent(up)?;
                }
            });
        }
        Ok(())
    }

    fn following(&self, node: T::Node, visit: &mut impl FnMut(T::Node)) -> Result<(), EvalError> {
        let tree = self.context.tree;
        let mut at = Some(node);
        while let Some(node) = at {
            self.spend(1)?;
            at = tree.parent(node);
            if matches!(tree.kind(node), NodeKind::Attribute | NodeKind::Namespace) {
                if let Some(element) = at {
                    self.below(element, visit)?;
                }
                continue;
            }
            let mut next = tree.next_sibling(node);
            while let Some(sibling) = next {
                visit(sibling);
                self.below(sibling, visit)?;
                next = tree.next_sibling(sibling);
            }
        }
        Ok(())
    }

    fn preceding(&self, node: T::Node, visit: &mut impl FnMut(T::Node)) -> Result<(), EvalError> {
        let tree = self.context.tree;
        let mut at = Some(node);
        while let Some(node) = at {
            self.spend(1)?;
            at = tree.parent(node);
            if matches!(tree.kind(node), NodeKind::Attribute | NodeKind::Namespace) {
                continue;
            }
            let mut previous = tree.previous_sibling(node);
            while let Some(sibling) = previous {
                let mut subtree = vec![sibling];
                self.below(sibling, &mut |below| subtree.push(below))?;
                subtree.into_iter().rev().for_each(&mut *visit);
                previous = tree.previous_sibling(sibling);
            }
        }
        Ok(())
    }

    fn matcher(&self, step: &'a Step) -> Result<Matcher<'a>, EvalError> {
        let principal = match step.axis {
            Axis::Attribute => NodeKind::Attribute,
            Axis::Namespace => NodeKind::Namespace,
            _ => NodeKind::Element,
        };
        let bound = |prefix: &str| {
            let namespace = self.context.host.namespace(prefix);
            namespace.ok_or_else(|| EvalError::UnknownPrefix(prefix.to_owned()))
        };
        Ok(match &step.test {
            Test::Node => Matcher::Kind(None),
            Test::Any => Matcher::Kind(Some(principal)),
            Test::Text => Matcher::Kind(Some(NodeKind::Text)),
            Test::Comment => Matcher::Kind(Some(NodeKind::Comment)),
            Test::Instruction(target) => Matcher::Instruction(target.as_deref()),
            Test::AnyIn(prefix) => Matcher::In(bound(prefix)?),
            Test::Name(name) if !name.prefix.is_empty() => {
                Matcher::Named(name, Some(bound(&name.prefix)?))
            }
            Test::Name(name) if principal == NodeKind::Element => {
                Matcher::Named(name, self.context.host.namespace(""))
            }
            Test::Name(name) => Matcher::Named(name, None),
        })
    }

    fn matches(&self, matcher: &Matcher<'_>, axis: Axis, node: T::Node) -> bool {
        let tree = self.context.tree;
        let principal = || match axis {
            Axis::Attribute => NodeKind::Attribute,
            Axis::Namespace => NodeKind::Namespace,
            _ => NodeKind::Element,
        };
        match matcher {
            Matcher::Kind(None) => true,
            Matcher::Kind(Some(kind)) => tree.kind(node) == *kind,
            Matcher::Named(name, namespace) => {
                tree.kind(node) == principal() && tree.is_named(node, name, *namespace)
            }
            Matcher::In(namespace) => {
                tree.kind(node) == principal() && tree.namespace(node) == *namespace
            }
            Matcher::Instruction(target) => {
                tree.kind(node) == NodeKind::Instruction
                    && target.is_none_or(|target| tree.local_name(node) == target)
            }
        }
    }
}

fn at_position<N: Copy>(nodes: &Nodes<N>, position: f64) -> Nodes<N> {
    let found = nodes.iter().enumerate().find(|(index, _)| is_position(position, index + 1));
    found.map_or(Nodes::None, |(_, node)| Nodes::One(node))
}

fn is_position(number: f64, position: usize) -> bool {
    number == position as f64
}

/// `key` and `value` of a predicate `[key = value]` where the value is the same for every candidate.
fn key_and_value(predicate: &Expression) -> Option<(&Name, &Expression)> {
    let Expression::Chain { first, rest } = predicate else { return None };
    let [(Operator::Equal, second)] = rest.as_slice() else { return None };
    let key = |expression| child_name(expression);
    match (key(first), key(second)) {
        (Some(name), None) if is_fixed(second) => Some((name, second)),
        (None, Some(name)) if is_fixed(first) => Some((name, first)),
        _ => None,
    }
}

/// The name, if the expression is a path of one child step.
fn child_name(expression: &Expression) -> Option<&Name> {
    let Expression::Path(Path { start: Start::Context, steps, .. }) = expression else {
        return None;
    };
    match steps.as_slice() {
        [Step { axis: Axis::Child, test: Test::Name(name), predicates }]
            if predicates.is_empty() =>
        {
            Some(name)
        }
        _ => None,
    }
}

/// Whether an expression means the same at every context node of a predicate.
fn is_fixed(expression: &Expression) -> bool {
    match expression {
        Expression::Number(_) | Expression::Literal(_) | Expression::Variable(_) => true,
        Expression::Negate(inner) => is_fixed(inner),
        Expression::Chain { first, rest } => {
            is_fixed(first) && rest.iter().all(|(_, operand)| is_fixed(operand))
        }
        Expression::Path(path) => match &path.start {
            Start::Context => false,
            Start::Root => true,
            Start::Expression { expression, .. } => is_fixed(expression),
        },
        Expression::Call(call) => {
            let same_for_all = matches!(
                call.function,
                Some(Function::Current | Function::Instance | Function::Now | Function::Today)
            );
            (same_for_all || !call.reads_context()) && call.arguments.iter().all(is_fixed)
        }
    }
}
