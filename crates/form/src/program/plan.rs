//! Plans for plain paths: a session takes a few steps instead of comparing names.

use xpath::ast::Path;

use super::expression::Compiled;

/// How to reach the nodes of a plain path.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan<D> {
    /// Whether it starts at the node that `current()` means; else at the context node or the root.
    pub(crate) start: PlanStart,
    /// How many parents up.
    pub(crate) up: u16,
    /// Places among children, downwards.
    pub(crate) down: D,
}

/// The plans of all expressions, side by side in the order in which they were compiled: a change that runs through thousands of
/// them reads on, and does not look each up.
#[derive(Debug, Default)]
pub(crate) struct Plans {
    /// By expression, by the number of the path; `down` is where its places lie.
    plans: Vec<Option<Plan<(u32, u32)>>>,
    places: Vec<u32>,
}

impl Plans {
    pub(super) fn add(&mut self, plans: Vec<Option<Plan<Vec<u32>>>>) -> u32 {
        let number = |number: usize| u32::try_from(number).expect("fewer places than 2^32");
        let first = number(self.plans.len());
        for plan in plans {
            let begin = number(self.places.len());
            self.plans.push(plan.map(|plan| {
                self.places.extend(&plan.down);
                let Plan { start, up, .. } = plan;
                Plan { start, up, down: (begin, number(self.places.len())) }
            }));
        }
        first
    }

    /// The plan of a path of an expression, if it is plain.
    pub(crate) fn of(&self, compiled: &Compiled, path: &Path) -> Option<Plan<&[u32]>> {
        let plan = (*self.plans.get((compiled.plans + path.id) as usize)?)?;
        let Plan { start, up, down: (begin, end) } = plan;
        Some(Plan { start, up, down: &self.places[begin as usize..end as usize] })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PlanStart {
    Context,
    Current,
    Root,
}
