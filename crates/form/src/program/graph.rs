//! Who reads whom. Each expression of the form is a cell; cells are put into one order in which a
//! cell comes after everything that it reads, or a cycle is told.
//!
//! The graph is between entries of the schema, not between nodes of a record: it is computed once
//! for a form and is as large as the form, however many rows a record has.

use super::body::{BodyDef, BodyId, BodyKind};
use super::expression::{ExprId, Read};
use super::rules::{Rule, RuleKind, Rules};
use super::schema::{DefId, Schema};

/// A cell: something that is computed for every node of an entry.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cell {
    pub(crate) kind: CellKind,
    /// The entry for whose nodes it is computed.
    pub(crate) def: DefId,
    /// Whether the value depends on the language in use.
    pub(crate) speaks: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CellKind {
    Relevant(ExprId),
    Calculate(ExprId),
    Readonly(ExprId),
    Required(ExprId),
    Constraint(ExprId),
    /// The number of rows of a repeat.
    Count(BodyId, ExprId),
    /// The choices of a question.
    Choices(BodyId),
    /// Label and hint of a body node. Nothing is computed: the view is told.
    Label(BodyId),
    /// The messages of a bind: likewise.
    Messages,
}

/// A cell that reads something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Reader {
    /// Place of the cell in the order.
    pub(crate) rank: u32,
    /// The entry whose node reader and read share.
    pub(crate) bound: Option<DefId>,
    /// Whether it matters that a node without value becomes relevant.
    pub(crate) filtered: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Graph {
    /// Cells in the order in which they are computed.
    pub(crate) cells: Vec<Cell>,
    /// By entry: the cells computed for its nodes.
    pub(crate) of_def: Lists<u32>,
    /// By entry: who reads its value.
    pub(crate) values: Lists<Reader>,
    /// By entry: who reads which rows there are.
    pub(crate) rows: Lists<Reader>,
    /// By entry: who reads the place of its own row.
    pub(crate) positions: Lists<Reader>,
    /// Who reads more than can be told.
    pub(crate) everything: Vec<Reader>,
}

/// Many lists, most of them short or empty, in one piece of memory: a change that runs through thousands of cells reads it
/// from one end to the other.
#[derive(Debug)]
pub(crate) struct Lists<T> {
    /// Where each begins in `items`; one more at the end.
    begins: Vec<u32>,
    items: Vec<T>,
}

impl<T> Default for Lists<T> {
    fn default() -> Self {
        Self { begins: Vec::new(), items: Vec::new() }
    }
}

impl<T: Copy> Lists<T> {
    /// So many lists of what stands behind the number of each, in the order of `pairs`.
    fn new(lists: usize, pairs: &[(u32, T)]) -> Self {
        let mut begins = vec![0; lists + 1];
        for (list, _) in pairs {
            begins[*list as usize + 1] += 1;
        }
        for list in 0..lists {
            begins[list + 1] += begins[list];
        }
        let mut next = begins.clone();
        let mut items: Vec<T> = pairs.iter().map(|(_, item)| *item).collect();
        for (list, item) in pairs {
            let at = &mut next[*list as usize];
            items[*at as usize] = *item;
            *at += 1;
        }
        Self { begins, items }
    }

    pub(crate) fn of(&self, list: usize) -> &[T] {
        &self.items[self.begins[list] as usize..self.begins[list + 1] as usize]
    }

    fn len(&self) -> usize {
        self.begins.len().saturating_sub(1)
    }
}

/// A cell with what it reads, before the order is known.
struct Draft<'a> {
    cell: Cell,
    reads: &'a [Read],
}

/// Builds the graph; the error is a list of cycles, each by the names of its cells.
pub(crate) fn build(
    schema: &Schema,
    rules: &[Rules],
    body: &[BodyDef],
) -> Result<Graph, Vec<Vec<String>>> {
    let drafts = drafts(schema, rules, body);
    let mut cycles = Vec::new();
    for strictness in [Strictness::All, Strictness::NoFeedback, Strictness::Values] {
        let net = Net::new(schema, &drafts, body, strictness);
        match net.order() {
            Ok(order) => return Ok(link(schema, &drafts, &order, body)),
            Err(found) => {
                cycles = found.iter().map(|cycle| net.names(cycle, schema, &drafts)).collect();
            }
        }
    }
    Err(cycles)
}

fn drafts<'a>(schema: &Schema, rules: &'a [Rules], body: &'a [BodyDef]) -> Vec<Draft<'a>> {
    let mut drafts = Vec::new();
    for def in schema.ids() {
        let rules = &rules[def.index()];
        let expr = |rule: Rule| match rule {
            Rule::Expr(expr) => Some(expr),
            Rule::Always(_) => None,
        };
        for (kind, reads, speaks) in &rules.reads {
            let kind = match kind {
                RuleKind::Relevant => expr(rules.relevant).map(CellKind::Relevant),
                RuleKind::Required => expr(rules.required).map(CellKind::Required),
                RuleKind::Readonly => expr(rules.readonly).map(CellKind::Readonly),
                RuleKind::Calculate => rules.calculate.map(CellKind::Calculate),
                RuleKind::Constraint => rules.constraint.map(CellKind::Constraint),
                RuleKind::Messages => (!reads.is_empty()).then_some(CellKind::Messages),
            };
            if let Some(kind) = kind {
                let cell = Cell { kind, def, speaks: *speaks };
                drafts.push(Draft { cell, reads });
            }
        }
    }
    for (number, node) in (0..).map(BodyId).zip(body) {
        let mut draft = |kind, reads: &'a [Read]| {
            let cell = Cell { kind, def: node.context, speaks: false };
            drafts.push(Draft { cell, reads });
        };
        if !node.reads.is_empty() {
            draft(CellKind::Label(number), &node.reads);
        }
        match &node.kind {
            BodyKind::Repeat { count: Some((expr, reads)), .. } => {
                draft(CellKind::Count(number, *expr), reads);
            }
            BodyKind::Question { choices: Some(choices), .. } if !choices.reads.is_empty() => {
                draft(CellKind::Choices(number), &choices.reads);
            }
            _ => {}
        }
    }
    drafts
}

/// Which edges bind the order. Forms may feed a result back: rows that are counted and so decide
/// how many there are, a filter that looks at the answer, questions of which one hides the other.
/// Such cells run again until they settle, within bounds; only values that need each other are an
/// error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Strictness {
    /// Only values come before those who read them.
    Values,
    /// Relevance comes first, too.
    NoFeedback,
    /// Choices and counts of rows, too.
    All,
}

/// The net in which the order is sought: for each entry its relevance, its value and its rows, then
/// the cells.
struct Net {
    defs: usize,
    /// Who comes before whom, until all are known.
    pairs: Vec<(u32, u32)>,
    /// By node: who comes after it.
    edges: Lists<u32>,
}

impl Net {
    fn new(schema: &Schema, drafts: &[Draft], body: &[BodyDef], strict: Strictness) -> Self {
        let defs = schema.len();
        let mut net = Self { defs, pairs: Vec::new(), edges: Lists::default() };
        for def in schema.ids() {
            if let Some(parent) = schema.def(def).parent {
                net.edge(net.relevance(parent), net.relevance(def));
            }
            if strict > Strictness::Values {
                net.edge(net.relevance(def), net.value(def));
            }
        }
        let mut choices: Vec<Vec<usize>> = vec![Vec::new(); defs];
        for (number, draft) in drafts.iter().enumerate() {
            let cell = net.cell(number);
            match draft.cell.kind {
                CellKind::Relevant(_) => net.edge(cell, net.relevance(draft.cell.def)),
                CellKind::Calculate(_) => {
                    net.edge(cell, net.value(draft.cell.def));
                    // Whether anybody sees the result is known before it is there.
                    if strict > Strictness::Values {
                        net.edge(net.relevance(draft.cell.def), cell);
                    }
                }
                CellKind::Count(node, _) => {
                    if let Some(def) = body[node.index()].def.filter(|_| strict == Strictness::All)
                    {
                        net.edge(cell, net.rows(def));
                    }
                }
                CellKind::Choices(_) => {
                    choices[draft.cell.def.index()].push(number);
                    // What is hidden by the same answer keeps its own.
                    if strict > Strictness::Values {
                        net.edge(net.relevance(draft.cell.def), cell);
                    }
                    if strict == Strictness::All {
                        net.edge(cell, net.value(draft.cell.def));
                    }
                }
                _ => {}
            }
        }
        for (number, draft) in drafts.iter().enumerate() {
            let cell = net.cell(number);
            for read in draft.reads {
                match *read {
                    Read::Value { target, bound, picked, .. } => {
                        let def = draft.cell.def;
                        let other_row = picked && crosses_rows(schema, def, target, bound);
                        // `coalesce(/data/place, /data/first)` of a place keeps what is there.
                        let itself = target == def
                            && matches!(draft.cell.kind, CellKind::Calculate(_))
                            && !schema.chain(None, def).iter().any(|def| schema.def(*def).many);
                        if !other_row && !itself {
                            net.edge(net.value(target), cell);
                        }
                    }
                    Read::Rows { target, .. } | Read::Position { target } => {
                        net.edge(net.rows(target), cell);
                    }
                    // The label of a choice may decide which choices there are.
                    Read::Choices { target } if strict > Strictness::Values => {
                        for list in &choices[target.index()] {
                            net.edge(net.cell(*list), cell);
                        }
                    }
                    Read::Choices { .. } | Read::Everything => {}
                }
            }
        }
        net.edges = Lists::new(defs * 3 + drafts.len(), &std::mem::take(&mut net.pairs));
        net
    }

    fn relevance(&self, def: DefId) -> usize {
        def.index()
    }

    fn value(&self, def: DefId) -> usize {
        self.defs + def.index()
    }

    fn rows(&self, def: DefId) -> usize {
        self.defs * 2 + def.index()
    }

    fn cell(&self, number: usize) -> usize {
        self.defs * 3 + number
    }

    fn edge(&mut self, from: usize, to: usize) {
        let node = |node: usize| u32::try_from(node).expect("fewer nodes than 2^32");
        self.pairs.push((node(from), node(to)));
    }

    /// The numbers of the drafts, each after what it reads; or the cycles.
    fn order(&self) -> Result<Vec<usize>, Vec<Vec<usize>>> {
        let mut order = Vec::new();
        let mut cycles = Vec::new();
        for component in components(&self.edges).last_first() {
            let itself = component
                .first()
                .is_some_and(|n| self.edges.of(*n).iter().any(|to| *to as usize == *n));
            if component.len() > 1 || itself {
                cycles.push(self.cycle(component));
            }
            order.extend(component.iter().filter_map(|n| n.checked_sub(self.defs * 3)));
        }
        if cycles.is_empty() { Ok(order) } else { Err(cycles) }
    }

    /// One way round inside a component.
    fn cycle(&self, component: &[usize]) -> Vec<usize> {
        let inside = |node: &usize| component.binary_search(node).is_ok();
        let start = component.iter().copied().filter(|n| *n >= self.defs * 3).min();
        let Some(start) = start else { return component.to_vec() };
        let mut before = std::collections::BTreeMap::new();
        let mut queue = std::collections::VecDeque::from([start]);
        while let Some(at) = queue.pop_front() {
            for to in self.edges.of(at).iter().map(|to| *to as usize).filter(&inside) {
                if to == start {
                    let mut way = vec![at];
                    while let Some(previous) = before.get(way.last().unwrap_or(&start)) {
                        way.push(*previous);
                    }
                    way.reverse();
                    way.push(start);
                    return way;
                }
                before.entry(to).or_insert_with(|| {
                    queue.push_back(to);
                    at
                });
            }
        }
        component.to_vec()
    }

    fn names(&self, cycle: &[usize], schema: &Schema, drafts: &[Draft]) -> Vec<String> {
        let cells = cycle.iter().filter_map(|n| n.checked_sub(self.defs * 3));
        let name = |number: usize| {
            let cell = &drafts[number].cell;
            let what = match cell.kind {
                CellKind::Relevant(_) => "relevant",
                CellKind::Calculate(_) => "calculate",
                CellKind::Count(..) => "jr:count",
                CellKind::Choices(_) => "itemset",
                CellKind::Readonly(_) => "readonly",
                CellKind::Required(_) => "required",
                CellKind::Constraint(_) => "constraint",
                CellKind::Label(_) => "label",
                CellKind::Messages => "message",
            };
            format!("{} @{what}", schema.path(cell.def))
        };
        cells.map(name).collect()
    }
}

/// Whether the read node may be in another row than its reader.
fn crosses_rows(schema: &Schema, reader: DefId, target: DefId, bound: Option<DefId>) -> bool {
    let shared = schema.chain(bound, target);
    shared.into_iter().any(|def| schema.def(def).many && schema.is_within(reader, def))
}

/// Nodes in groups. Nearly every group is one node, so they lie in one list.
#[derive(Default)]
struct Components {
    nodes: Vec<usize>,
    /// Where each ends in `nodes`.
    ends: Vec<usize>,
}

impl Components {
    fn last_first(&self) -> impl Iterator<Item = &[usize]> {
        (0..self.ends.len()).rev().map(|number| {
            let begin = number.checked_sub(1).map_or(0, |before| self.ends[before]);
            &self.nodes[begin..self.ends[number]]
        })
    }
}

/// Strongly connected components, those without successors first (Tarjan, without recursion).
fn components(edges: &Lists<u32>) -> Components {
    const NEW: u32 = u32::MAX;
    let mut index = vec![NEW; edges.len()];
    let mut low = vec![0u32; edges.len()];
    let mut on_stack = vec![false; edges.len()];
    let mut stack = Vec::new();
    let mut found = Components::default();
    let mut work = Vec::new();
    let mut next = 0u32;
    for start in 0..edges.len() {
        if index[start] != NEW {
            continue;
        }
        work.push((start, 0usize));
        while let Some((at, edge)) = work.pop() {
            if edge == 0 {
                index[at] = next;
                low[at] = next;
                next += 1;
                stack.push(at);
                on_stack[at] = true;
            }
            if let Some(to) = edges.of(at).get(edge).map(|to| *to as usize) {
                work.push((at, edge + 1));
                if index[to] == NEW {
                    work.push((to, 0));
                } else if on_stack[to] {
                    low[at] = low[at].min(index[to]);
                }
                continue;
            }
            if let Some((parent, _)) = work.last() {
                low[*parent] = low[*parent].min(low[at]);
            }
            if low[at] == index[at] {
                let from = stack.iter().rposition(|n| *n == at).unwrap_or_default();
                let begin = found.nodes.len();
                found.nodes.extend(stack.drain(from..));
                let component = &mut found.nodes[begin..];
                component.iter().for_each(|n| on_stack[*n] = false);
                component.sort_unstable();
                found.ends.push(found.nodes.len());
            }
        }
    }
    found
}

fn link(schema: &Schema, drafts: &[Draft], order: &[usize], body: &[BodyDef]) -> Graph {
    let mut readers = Readers::default();
    let mut cells = Vec::with_capacity(order.len());
    let mut of_def = Vec::with_capacity(order.len());
    for (rank, number) in (0u32..).zip(order) {
        let draft = &drafts[*number];
        cells.push(draft.cell);
        of_def.push((draft.cell.def.0, rank));
        for read in draft.reads {
            readers.add(rank, *read, body);
        }
    }
    let lay_out = |mut readers: Vec<(u32, Reader)>| {
        readers.sort_unstable();
        readers.dedup();
        Lists::new(schema.len(), &readers)
    };
    Graph {
        cells,
        of_def: Lists::new(schema.len(), &of_def),
        values: lay_out(readers.values),
        rows: lay_out(readers.rows),
        positions: lay_out(readers.positions),
        everything: readers.everything,
    }
}

/// Who reads what, each behind the entry that it reads.
#[derive(Default)]
struct Readers {
    values: Vec<(u32, Reader)>,
    rows: Vec<(u32, Reader)>,
    positions: Vec<(u32, Reader)>,
    everything: Vec<Reader>,
}

impl Readers {
    fn add(&mut self, rank: u32, read: Read, body: &[BodyDef]) {
        let reader = |bound| Reader { rank, bound, filtered: false };
        match read {
            Read::Value { target, bound, filtered, .. } => {
                self.values.push((target.0, Reader { rank, bound, filtered }));
            }
            Read::Rows { target, bound } => self.rows.push((target.0, reader(bound))),
            Read::Position { target } => self.positions.push((target.0, reader(Some(target)))),
            // The choices of another question, wherever it stands.
            Read::Choices { target } => {
                let questions = body.iter().filter(|node| node.def == Some(target));
                for node in questions {
                    let BodyKind::Question { choices: Some(choices), .. } = &node.kind else {
                        continue;
                    };
                    for read in &choices.reads {
                        match *read {
                            Read::Value { target, .. } => {
                                let reader = Reader { rank, bound: None, filtered: true };
                                self.values.push((target.0, reader));
                            }
                            Read::Rows { target, .. } | Read::Position { target } => {
                                self.rows.push((target.0, reader(None)));
                            }
                            Read::Choices { .. } | Read::Everything => {
                                self.everything.push(reader(None));
                            }
                        }
                    }
                }
            }
            Read::Everything => self.everything.push(reader(None)),
        }
    }
}
