//! An expression made ready: parsed, bound to the schema, with all that it reads.
//!
//! The paths of an expression are followed through the schema once, here. That tells which entries
//! the expression reads (for the dependency graph), finds references to nothing, and gives a plan
//! for each plain path, so that a session takes a few steps instead of comparing names.

use xpath::ast::{Axis, Call, Expression, Path, Start, Step, Test};
use xpath::{Expr, Function, Nodes};

use super::plan::{Plan, PlanStart, Plans};
use super::schema::{DefId, Schema};
use crate::problem::ProblemKind;

/// An expression of the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ExprId(pub(crate) u32);

#[derive(Debug)]
pub(crate) struct Compiled {
    pub(crate) expr: Expr,
    /// Where the plans of its paths begin in [`Plans`].
    pub(super) plans: u32,
    pub(crate) reads: Vec<Read>,
    /// Whether the value depends on the language in use.
    pub(crate) speaks: bool,
    /// Whether it would be compiled to something else in another context.
    pub(super) in_context: bool,
    /// Whether a clock, chance or what was before has a say in the value.
    varies: bool,
}

impl Compiled {
    /// Whether the value is the same wherever and whenever it is evaluated, as long as the lists stay.
    pub(crate) fn is_lasting(&self) -> bool {
        self.reads.is_empty() && !(self.in_context || self.varies || self.speaks)
    }
}

/// Something that an expression reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Read {
    /// The value of an entry. Reader and entry share the node of `bound`; `None`: only the document.
    Value {
        target: DefId,
        bound: Option<DefId>,
        /// Whether nodes that are not relevant are left out.
        filtered: bool,
        /// Whether a predicate or an index picks some rows, so that a row may read its neighbours.
        picked: bool,
    },
    /// Which rows there are.
    Rows { target: DefId, bound: Option<DefId> },
    /// The place of the row that the reader is in.
    Position { target: DefId },
    /// The choices of the questions for this entry.
    Choices { target: DefId },
    /// Anything at all.
    Everything,
}

/// What is known while expressions are compiled.
pub(crate) struct Scope<'a> {
    pub(crate) schema: &'a Schema,
    pub(crate) has_list: &'a dyn Fn(&str) -> bool,
}

/// Where a path stands while it is followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// The document node of the primary instance.
    Document,
    /// A node of the primary instance; it is, or is below, the one node that reader and it share.
    Entry { def: DefId, bound: Option<DefId> },
    /// Somewhere in a secondary instance.
    List,
}

type Places = Nodes<Place>;

impl Scope<'_> {
    /// Compiles a text for a context. `all` receives the plans of its paths, `problems` what is wrong, `None` when unusable.
    pub(crate) fn compile(
        &self,
        text: &str,
        context: Option<DefId>,
        all: &mut Plans,
        problems: &mut Vec<ProblemKind>,
    ) -> Option<Compiled> {
        let parsed = match Expr::parse(text) {
            Ok(parsed) => parsed,
            Err(error) => {
                problems.push(ProblemKind::Expression {
                    text: text.to_owned(),
                    offset: error.offset,
                    message: error.kind.to_string(),
                });
                return None;
            }
        };
        let expr = match context.filter(|def| self.schema.row_of(*def).is_some()) {
            Some(def) => {
                let mut ast = parsed.ast().clone();
                self.bind_to_row(&mut ast, def);
                Expr::from_ast(ast)
            }
            None => parsed,
        };
        let mut follower = Follower {
            scope: self,
            text,
            context,
            plans: Vec::new(),
            reads: Vec::new(),
            speaks: false,
            in_context: false,
            varies: false,
            picked: false,
            problems,
        };
        follower.plans.resize_with(expr.path_count() as usize, || None);
        follower.expression(expr.ast(), &[start_place(context)], Use::Text);
        let Follower { plans, mut reads, speaks, in_context, varies, .. } = follower;
        reads.sort_unstable();
        reads.dedup();
        let plans = all.add(plans);
        Some(Compiled { expr, plans, reads, speaks, in_context, varies })
    }

    /// An absolute path through a repeat that the context is in means the same row, as in
    /// `JavaRosa`: it is rewritten to start at `current()`. A step with a predicate, and a last
    /// step that names the repeat itself, mean all rows.
    fn bind_to_row(&self, expression: &mut Expression, context: DefId) {
        match expression {
            Expression::Number(_) | Expression::Literal(_) | Expression::Variable(_) => {}
            Expression::Negate(inner) => self.bind_to_row(inner, context),
            Expression::Chain { first, rest } => {
                self.bind_to_row(first, context);
                rest.iter_mut().for_each(|(_, operand)| self.bind_to_row(operand, context));
            }
            Expression::Call(call) => {
                let indexed = call.function == Some(Function::IndexedRepeat);
                for (number, argument) in call.arguments.iter_mut().enumerate() {
                    // Which row is meant is said by the other arguments.
                    let names_rows = indexed && (number == 0 || number % 2 == 1);
                    if !names_rows {
                        self.bind_to_row(argument, context);
                    }
                }
            }
            Expression::Path(path) => self.bind_path(path, context),
        }
    }

    fn bind_path(&self, path: &mut Path, context: DefId) {
        if let Start::Expression { expression, predicates } = &mut path.start {
            self.bind_to_row(expression, context);
            predicates.iter_mut().for_each(|p| self.bind_to_row(p, context));
        }
        for predicate in path.steps.iter_mut().flat_map(|step| &mut step.predicates) {
            self.bind_to_row(predicate, context);
        }
        if path.start != Start::Root {
            return;
        }
        let chain = self.schema.chain(None, context);
        let common = chain.iter().zip(&path.steps).take_while(|(def, step)| {
            let def = self.schema.def(**def);
            step.axis == Axis::Child
                && step.predicates.is_empty()
                && matches!(&step.test, Test::Name(name) if &*name.local == def.local())
        });
        let mut common = common.count();
        while common > 0 && common == path.steps.len() && self.schema.def(chain[common - 1]).many {
            common -= 1;
        }
        let crosses = chain.iter().take(common).any(|def| self.schema.def(*def).many);
        if !crosses {
            return;
        }
        let up = chain.len() - common;
        let parent = Step { axis: Axis::Parent, test: Test::Node, predicates: Vec::new() };
        let down = path.steps.split_off(common);
        path.steps = std::iter::repeat_n(parent, up).chain(down).collect();
        let current = Call {
            name: xpath::ast::Name::local("current"),
            function: Some(Function::Current),
            arguments: Vec::new(),
        };
        path.start = Start::Expression {
            expression: Box::new(Expression::Call(current)),
            predicates: Vec::new(),
        };
    }
}

fn start_place(context: Option<DefId>) -> Place {
    context.map_or(Place::Document, |def| Place::Entry { def, bound: Some(def) })
}

/// What is done with the nodes of a path.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    /// Their text is read.
    Text,
    /// Their text is read, those that are not relevant left out.
    Aggregate,
    /// Only how many there are matters.
    Count,
    /// Only the place of the first matters.
    Position,
}

struct Follower<'a> {
    scope: &'a Scope<'a>,
    text: &'a str,
    context: Option<DefId>,
    plans: Vec<Option<Plan<Vec<u32>>>>,
    reads: Vec<Read>,
    speaks: bool,
    in_context: bool,
    varies: bool,
    picked: bool,
    problems: &'a mut Vec<ProblemKind>,
}

impl Follower<'_> {
    fn expression(&mut self, expression: &Expression, places: &[Place], used: Use) -> Places {
        match expression {
            Expression::Number(_) | Expression::Literal(_) => Nodes::None,
            Expression::Variable(_) => {
                self.varies = true;
                Nodes::None
            }
            Expression::Negate(inner) => {
                self.expression(inner, places, Use::Text);
                Nodes::None
            }
            Expression::Chain { first, rest } => {
                let mut found = self.expression(first, places, used);
                for (_, operand) in rest {
                    let more = self.expression(operand, places, used);
                    more.iter().for_each(|place| found.push(place));
                }
                found
            }
            Expression::Call(call) => self.call(call, places, used),
            Expression::Path(path) => self.path(path, places, used),
        }
    }

    fn call(&mut self, call: &Call, places: &[Place], used: Use) -> Places {
        // Where they stand in a list is all that these look at besides their arguments.
        let steady = [Function::Instance, Function::Position, Function::Last, Function::Pulldata];
        self.varies |= call.function.is_none_or(|f| f.reads_context() && !steady.contains(&f));
        let Some(function) = call.function else {
            let unknown = ProblemKind::UnknownFunction(call.name.to_string());
            self.problems.push(unknown);
            for argument in &call.arguments {
                self.expression(argument, places, Use::Text);
            }
            return Nodes::None;
        };
        if function.defaults_to_context() && call.arguments.is_empty() {
            self.start_from(places);
            self.read(places, used);
        }
        match function {
            Function::Current => {
                self.in_context = true;
                return Nodes::One(start_place(self.context));
            }
            Function::Instance => {
                if let Some(Expression::Literal(id)) = call.arguments.first()
                    && !(self.scope.has_list)(id)
                {
                    self.problems.push(ProblemKind::UnknownInstance(id.to_string()));
                }
                return Nodes::One(Place::List);
            }
            Function::ChoiceName => {
                self.speaks = true;
                self.in_context = true;
                self.choice_name(call);
            }
            Function::Itext | Function::Lang => self.speaks = true,
            Function::Regex => {
                if let Some(Expression::Literal(pattern)) = call.arguments.get(1)
                    && let Some(message) = xpath::pattern_fault(pattern)
                {
                    let pattern = pattern.to_string();
                    self.problems.push(ProblemKind::UnreadablePattern { pattern, message });
                }
            }
            // Without a node, `position()` is that of the context node in its node-set.
            Function::Position if call.arguments.is_empty() => {
                self.start_from(places);
                return Nodes::None;
            }
            _ => {}
        }
        let inner = match function {
            Function::Count => Use::Count,
            Function::Position => Use::Position,
            _ if function.leaves_out(call.arguments.len()) => Use::Aggregate,
            // What these give are nodes of their arguments.
            Function::If | Function::IndexedRepeat | Function::Randomize
                if used == Use::Aggregate =>
            {
                Use::Aggregate
            }
            _ => Use::Text,
        };
        let mut found = Nodes::None;
        let outer = self.picked;
        self.picked |= function == Function::IndexedRepeat;
        for (number, argument) in call.arguments.iter().enumerate() {
            // Of a repeat only its rows are looked at, not what they hold.
            let is_repeat = function == Function::IndexedRepeat && number % 2 == 1;
            let inner = if is_repeat { Use::Count } else { inner };
            let more = self.expression(argument, places, inner);
            more.iter().for_each(|place| found.push(place));
        }
        self.picked = outer;
        if function == Function::IndexedRepeat {
            self.rows_of(found.as_slice());
        }
        if function == Function::Randomize { found } else { Nodes::None }
    }

    /// The path of `jr:choice-name` is a text; the question's choices are read, too.
    fn choice_name(&mut self, call: &Call) {
        let Some(Expression::Literal(path)) = call.arguments.get(1) else { return };
        match self.scope.resolve(path, self.context) {
            Some(target) => self.reads.push(Read::Choices { target }),
            None => self.unknown(path.to_string()),
        }
    }

    fn rows_of(&mut self, places: &[Place]) {
        for place in places {
            if let Place::Entry { def, .. } = place {
                for row in self.scope.schema.chain(None, *def) {
                    if self.scope.schema.def(row).many {
                        self.reads.push(Read::Rows { target: row, bound: None });
                    }
                }
            }
        }
    }

    fn path(&mut self, path: &Path, places: &[Place], used: Use) -> Places {
        let (mut at, start) = match &path.start {
            Start::Context => {
                self.start_from(places);
                (places.iter().copied().collect(), Some(PlanStart::Context))
            }
            Start::Root => {
                self.in_context = true;
                (Nodes::One(Place::Document), Some(PlanStart::Root))
            }
            Start::Expression { expression, predicates } => {
                let current = matches!(&**expression, Expression::Call(call)
                    if call.function == Some(Function::Current));
                let inner = if current { Use::Count } else { Use::Text };
                let found = self.expression(expression, places, inner);
                for predicate in predicates {
                    self.expression(predicate, found.as_slice(), Use::Text);
                }
                (found, (current && predicates.is_empty()).then_some(PlanStart::Current))
            }
        };
        let mut plan = start
            .filter(|_| !at.is_empty() && !at.as_slice().contains(&Place::List))
            .map(|start| Plan { start, up: 0, down: Vec::new() });
        for step in &path.steps {
            let next = self.step(step, at.as_slice(), &mut plan);
            if next.is_empty() && !at.is_empty() {
                // Steps of another kind than names may find nothing and mean it.
                if matches!(step.axis, Axis::Child | Axis::Attribute)
                    && matches!(step.test, Test::Name(_))
                {
                    self.unknown(Expr::from_ast(Expression::Path(path.clone())).to_string());
                }
                return Nodes::None;
            }
            for predicate in &step.predicates {
                self.expression(predicate, next.as_slice(), Use::Text);
            }
            at = next;
        }
        let outer = self.picked;
        self.picked |= path.steps.iter().any(|step| !step.predicates.is_empty());
        self.read(at.as_slice(), used);
        self.picked = outer;
        if let Some(slot) = self.plans.get_mut(path.id as usize) {
            *slot = plan;
        }
        at
    }

    /// Notes that nodes are looked for from here. Inside a list it does not matter who looks.
    fn start_from(&mut self, places: &[Place]) {
        self.in_context |= places.iter().any(|place| *place != Place::List);
    }

    fn unknown(&mut self, path: String) {
        let text = self.text.trim().to_owned();
        self.problems.push(ProblemKind::UnknownReference { text, path });
    }

    /// The places after a step. `plan` is kept only while each step is plain.
    fn step(&mut self, step: &Step, from: &[Place], plan: &mut Option<Plan<Vec<u32>>>) -> Places {
        if !step.predicates.is_empty() || from.len() > 1 {
            *plan = None;
        }
        let mut found = Nodes::None;
        for place in from {
            match (place, step.axis) {
                (Place::List, _) => found.push(Place::List),
                (_, Axis::Child | Axis::Attribute) => self.down(*place, step, plan, &mut found),
                (Place::Entry { def, bound }, Axis::Parent) => {
                    match plan {
                        Some(plan) if plan.down.is_empty() && step.test == Test::Node => {
                            plan.up += 1;
                        }
                        _ => *plan = None,
                    }
                    found.push(self.parent(*def, *bound));
                }
                (_, Axis::SelfNode) => {
                    if step.test != Test::Node {
                        *plan = None;
                    }
                    if self.passes(*place, &step.test) {
                        found.push(*place);
                    }
                }
                (_, axis) => {
                    *plan = None;
                    self.far(*place, axis, &step.test, &mut found);
                }
            }
        }
        if let Nodes::Many(places) = &mut found {
            places.dedup();
        }
        found
    }

    fn parent(&self, def: DefId, bound: Option<DefId>) -> Place {
        match self.scope.schema.def(def).parent {
            None => Place::Document,
            Some(parent) if bound == Some(def) => Place::Entry { def: parent, bound: Some(parent) },
            Some(parent) => Place::Entry { def: parent, bound },
        }
    }

    fn down(
        &self,
        place: Place,
        step: &Step,
        plan: &mut Option<Plan<Vec<u32>>>,
        found: &mut Places,
    ) {
        let attribute = step.axis == Axis::Attribute;
        let children: &[DefId] = match (place, &step.test) {
            (Place::Document, _) => {
                let root = Place::Entry { def: DefId::ROOT, bound: None };
                let passes = !attribute && self.passes(root, &step.test);
                if passes { &[DefId::ROOT] } else { &[] }
            }
            (Place::Entry { def, .. }, Test::Name(name)) => {
                let child = self.scope.schema.child(def, &name.local, attribute);
                return child.into_iter().for_each(|child| self.enter(place, child, plan, found));
            }
            (Place::Entry { def, .. }, Test::Any | Test::AnyIn(_) | Test::Node) => {
                *plan = None;
                &self.scope.schema.def(def).children
            }
            _ => &[],
        };
        for child in children {
            if self.scope.schema.def(*child).is_attribute() == attribute {
                self.enter(place, *child, plan, found);
            }
        }
    }

    fn enter(
        &self,
        place: Place,
        child: DefId,
        plan: &mut Option<Plan<Vec<u32>>>,
        found: &mut Places,
    ) {
        if let Some(plan) = plan {
            plan.down.push(self.scope.schema.def(child).slot);
        }
        found.push(Place::Entry { def: child, bound: self.bound_below(place, child) });
    }

    /// The deepest node that the context and the child's node are sure to share.
    fn bound_below(&self, place: Place, child: DefId) -> Option<DefId> {
        let bound = match place {
            Place::Document => None,
            Place::Entry { def, bound } if bound == Some(def) => Some(def),
            Place::Entry { bound, .. } => return bound,
            Place::List => return None,
        };
        let schema = self.scope.schema;
        let on_the_way = self.context.is_some_and(|context| schema.is_within(context, child));
        if on_the_way && !schema.def(child).many { Some(child) } else { bound }
    }

    fn passes(&self, place: Place, test: &Test) -> bool {
        match (test, place) {
            (Test::Node, _) | (_, Place::List) => true,
            (Test::Any | Test::AnyIn(_), Place::Entry { .. }) => true,
            (Test::Name(name), Place::Entry { def, .. }) => {
                *name.local == *self.scope.schema.def(def).local()
            }
            _ => false,
        }
    }

    /// Axes that forms hardly use: everything that they could reach.
    fn far(&self, place: Place, axis: Axis, test: &Test, found: &mut Places) {
        let schema = self.scope.schema;
        let def = match place {
            Place::Entry { def, .. } => Some(def),
            Place::Document => None,
            Place::List => return,
        };
        let candidates: Vec<DefId> = match (axis, def) {
            (Axis::Descendant | Axis::DescendantOrSelf, Some(def)) => {
                schema.subtree(def).map(DefId).collect()
            }
            (Axis::Ancestor | Axis::AncestorOrSelf, Some(def)) => schema.chain(None, def),
            _ => schema.ids().collect(),
        };
        let places = candidates.into_iter().map(|def| Place::Entry { def, bound: None });
        places.filter(|place| self.passes(*place, test)).for_each(|place| found.push(place));
    }

    fn read(&mut self, places: &[Place], used: Use) {
        let schema = self.scope.schema;
        for place in places {
            match *place {
                Place::List => {}
                Place::Document => {
                    if used != Use::Count {
                        self.reads.push(Read::Everything);
                    }
                }
                Place::Entry { def, bound } => {
                    self.read_rows(def, bound, used);
                    let filtered = used == Use::Aggregate;
                    if used == Use::Text || used == Use::Aggregate {
                        let leaves = schema.subtree(def).map(DefId);
                        for target in leaves.filter(|d| *d == def || !schema.def(*d).is_attribute())
                        {
                            let picked = self.picked;
                            self.reads.push(Read::Value { target, bound, filtered, picked });
                            if target != def && schema.def(target).many {
                                self.reads.push(Read::Rows { target, bound });
                            }
                        }
                    }
                }
            }
        }
    }

    /// Rows that the path crosses below what it shares with its reader.
    fn read_rows(&mut self, def: DefId, bound: Option<DefId>, used: Use) {
        let schema = self.scope.schema;
        if used == Use::Position && bound == Some(def) {
            self.reads.push(Read::Position { target: def });
            return;
        }
        for row in schema.chain(bound, def) {
            if schema.def(row).many {
                self.reads.push(Read::Rows { target: row, bound });
            }
        }
    }
}
