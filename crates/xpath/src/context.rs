//! What an evaluation is given: a place in a tree, the time, randomness, and a host that knows the form.

use std::{borrow::Cow, cell::Cell};

use crate::{
    ast::{Name, Path},
    tree::Tree,
    value::{Nodes, Value},
};

/// A moment with the offset of the place it is seen from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalTime {
    /// Milliseconds since 1970-01-01T00:00Z.
    pub unix_ms: i64,
    /// Minutes east of Greenwich. It holds for every date without an offset of its own.
    pub offset_min: i32,
}

/// A seeded source of random numbers (SplitMix64): the same seed gives the same numbers.
#[derive(Debug)]
pub struct Random(Cell<u64>);

impl Random {
    /// A source that starts at this seed.
    pub fn new(seed: u64) -> Random {
        Random(Cell::new(seed))
    }

    /// The next 64 bits.
    pub fn bits(&self) -> u64 {
        let state = self.0.get().wrapping_add(0x9E37_79B9_7F4A_7C15);
        self.0.set(state);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// The next number in [0, 1).
    pub fn unit(&self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// What the tree alone cannot answer. Every method has an answer for "nothing known".
pub trait Host<T: Tree> {
    /// The node *above* the root element of a secondary instance, so that `instance('id')/root/item` finds its items:
    /// the `instance` element or the document. `None` fails the evaluation.
    fn instance(&self, _id: &str) -> Option<T::Node> {
        None
    }

    /// The namespace that a prefix is bound to. The prefix "" asks for the namespace of element names without prefix.
    fn namespace(&self, _prefix: &str) -> Option<&str> {
        None
    }

    /// The value of `$name`. `None` fails the evaluation.
    fn variable(&self, _name: &Name) -> Option<Value<'_, T::Node>> {
        None
    }

    /// The text of `jr:itext(id)` in the current language.
    fn itext(&self, _id: &str) -> Option<Cow<'_, str>> {
        None
    }

    /// The label of a choice in the current language: `jr:choice-name(value, path)`.
    fn choice_name(&self, _value: &str, _path: &str, _node: T::Node) -> Option<Cow<'_, str>> {
        None
    }

    /// A short cut for a path of which the host knows the nodes: `path.id` is its number in the expression.
    /// `None`: the evaluator walks the tree. The nodes must be in document order, with all predicates applied.
    fn resolve(&self, _path: &Path, _context: T::Node) -> Option<Nodes<T::Node>> {
        None
    }

    /// A short cut for the step `child::element[key = text]` below `parent`: the children named `element` that have a
    /// child `key` with exactly this text, in document order. `None`: the evaluator tries all children.
    fn lookup(
        &self,
        _parent: T::Node,
        _element: &Name,
        _key: &Name,
        _text: &str,
    ) -> Option<Nodes<T::Node>> {
        None
    }

    /// Whether a node counts for functions of many nodes: those that are not relevant add nothing, not an empty text.
    fn counts(&self, _node: T::Node) -> bool {
        true
    }

    /// What a node keeps though it reads as empty, because it is not relevant. `None`: what it reads as.
    fn kept(&self, _node: T::Node) -> Option<Cow<'_, str>> {
        None
    }

    /// The number of a repeat instance. `None`: one more than the siblings of the same name before it.
    fn position(&self, _node: T::Node) -> Option<usize> {
        None
    }
}

/// A host that knows nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoHost;

impl<T: Tree> Host<T> for NoHost {}

/// Where and with what an expression is evaluated.
#[derive(Debug)]
pub struct Context<'a, T: Tree, H: Host<T>> {
    /// The documents.
    pub tree: &'a T,
    /// What knows the form.
    pub host: &'a H,
    /// The context node: what `.` and relative paths mean.
    pub node: T::Node,
    /// The node that `current()` means, usually the same.
    pub current: T::Node,
    /// Where absolute paths start (the parent of the document root); `None`: at the top above the context node.
    pub root: Option<T::Node>,
    /// `position()`, from 1.
    pub position: usize,
    /// `last()`.
    pub size: usize,
    /// The time of `now()` and `today()`, and the offset of dates without one.
    pub now: LocalTime,
    /// What `random()`, `uuid()` and `randomize()` without seed draw from.
    pub random: &'a Random,
    /// How much work an evaluation may do, in visited nodes and calls; beyond it ends with an error.
    pub budget: u64,
}

/// The budget that [`Context::new`] gives: far above what a form of 5,000 questions needs.
pub const BUDGET: u64 = 10_000_000;

impl<'a, T: Tree, H: Host<T>> Context<'a, T, H> {
    /// A context at a node, which `current()` also means, alone in its node-set.
    pub fn new(
        tree: &'a T,
        host: &'a H,
        node: T::Node,
        now: LocalTime,
        random: &'a Random,
    ) -> Self {
        Context {
            tree,
            host,
            node,
            current: node,
            root: None,
            position: 1,
            size: 1,
            now,
            random,
            budget: BUDGET,
        }
    }
}

impl<T: Tree, H: Host<T>> Clone for Context<'_, T, H> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T: Tree, H: Host<T>> Copy for Context<'_, T, H> {}
