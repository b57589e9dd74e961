//! Re-runs what depends on a change, and nothing else.
//!
//! Work is a heap of (place of the cell in the order, node). The first is taken with all that are
//! the same, so a cell runs after everything that it reads, once, however many of those changed.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};
use std::sync::Arc;

use xpath::EvalError;

use super::Session;
use super::drawn::DrawnKind;
use super::instance::{Filling, Instance, ItemId};
use super::tree::Handle;
use super::value;
use crate::program::{BodyId, BodyKind, CellKind, DefId, ExprId, Program, Reader, Rule};
use crate::view::{
    Aspects, Change, DataType, MAX_ANSWER_BYTES, NodeId, QuestionControl, ViolationKind,
};

/// A form cannot ask for more rows by `jr:count` than this.
const MAX_COUNTED_ROWS: usize = 10_000;
/// No rows are counted in beyond so many nodes of a record: counted repeats in each other would
/// fill the memory.
const MAX_NODES: usize = 300_000;

/// What is still to be done, and what the view is to be told.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    queue: BinaryHeap<Reverse<(u32, ItemId)>>,
    /// Several for a node, until they are told.
    changes: Vec<Change>,
    /// Nodes whose problem may have changed; they are flagged.
    unchecked: Vec<ItemId>,
    /// Nodes whose value changed and that have actions waiting for it.
    pub(super) value_changed: Vec<ItemId>,
    /// Calculations that came out anew since the last change, of nodes that actions write, too.
    pub(super) contested: BTreeSet<(ItemId, u32)>,
    /// How many cells may still run again after one that comes later: rows that read their
    /// neighbours do, and may never settle.
    returns: usize,
}

impl Session {
    /// Does all pending work and gives what the view must read again.
    pub(super) fn settle(&mut self) -> Vec<Change> {
        self.run();
        self.run_value_changed();
        self.pending.contested.clear();
        let unchecked = std::mem::take(&mut self.pending.unchecked);
        for item in unchecked {
            self.check(item);
        }
        let mut changes = std::mem::take(&mut self.pending.changes);
        changes.retain(|change| self.drawn.get(change.node).is_some());
        changes.sort_unstable_by_key(|change| change.node);
        changes.dedup_by(|next, first| {
            let same = next.node == first.node;
            if same {
                first.aspects |= next.aspects;
            }
            same
        });
        changes
    }

    pub(super) fn queue(&mut self, rank: u32, item: ItemId) {
        self.pending.queue.push(Reverse((rank, item)));
    }

    fn uncheck(&mut self, item: ItemId) {
        let flags = &mut self.instance.get_mut(item).flags;
        if !std::mem::replace(&mut flags.unchecked, true) {
            self.pending.unchecked.push(item);
        }
    }

    /// Runs cells until none is pending.
    pub(super) fn run(&mut self) {
        let program = Arc::clone(&self.program);
        self.pending.returns = 1_000 + self.instance.len();
        while let Some(Reverse((rank, item))) = self.pending.queue.pop() {
            while self.pending.queue.peek() == Some(&Reverse((rank, item))) {
                self.pending.queue.pop();
            }
            if self.instance.get(item).flags.alive {
                self.cell(rank, item, &program);
            }
        }
    }

    fn cell(&mut self, rank: u32, item: ItemId, program: &Program) {
        let cell = program.graph.cells[rank as usize];
        let here = Handle::item(item);
        match cell.kind {
            CellKind::Relevant(expr) => {
                let result = self.reading().boolean(expr, here);
                let relevant = self.outcome(expr, result).unwrap_or(true);
                self.instance.get_mut(item).flags.own_relevant = relevant;
                let reads_below = self.spread_relevance(item, rank, program);
                if reads_below && !relevant && self.reading().boolean(expr, here) == Ok(true) {
                    let reason = "does not settle: it reads what it hides".to_owned();
                    self.faults.insert(expr, reason);
                }
            }
            CellKind::Readonly(expr) => {
                let result = self.reading().boolean(expr, here);
                let readonly = self.outcome(expr, result).unwrap_or(false);
                self.instance.get_mut(item).flags.own_readonly = readonly;
                self.spread_readonly(item);
            }
            CellKind::Required(expr) => {
                let result = self.reading().boolean(expr, here);
                let required = self.outcome(expr, result).unwrap_or(false);
                if self.instance.get(item).flags.required != required {
                    self.instance.get_mut(item).flags.required = required;
                    self.touch(item, Aspects::REQUIRED);
                    self.uncheck(item);
                }
            }
            CellKind::Constraint(expr) => {
                let about = self.instance.get(item);
                let applies = about.flags.relevant && !about.value.is_empty();
                let valid = !applies || {
                    let result = self.reading().boolean(expr, here);
                    self.outcome(expr, result).unwrap_or(true)
                };
                self.instance.get_mut(item).flags.valid = valid;
                self.uncheck(item);
            }
            CellKind::Calculate(expr) => {
                let result = self.reading().text(expr, here);
                let text = self.outcome(expr, result).unwrap_or_default();
                let text = value::computed(program.rules(cell.def).data_type, text);
                // What it gave before as well is no news to hold against an action.
                if program.contested[cell.def.index()]
                    && self.calculated.insert((item, rank), text.clone()).as_ref() != Some(&text)
                {
                    self.pending.contested.insert((item, rank));
                }
                self.set_value(item, text, Some(rank));
            }
            CellKind::Count(body, expr) => {
                let def = program.body(body).def;
                let rows = def.and_then(|def| self.instance.rows(item, &program.schema, def));
                let here = rows.and_then(|rows| rows.prototype).map_or(here, Handle::item);
                let result = self.reading().number(expr, here);
                let count = self.outcome(expr, result).unwrap_or(f64::NAN);
                self.count_rows(body, item, (expr, count), rank, program);
            }
            CellKind::Choices(body) => {
                self.touch_body(item, body, Aspects::CHOICES);
                self.prune(item, body, Some(rank), program);
            }
            CellKind::Label(body) => self.touch_body(item, body, Aspects::LABEL),
            CellKind::Messages => self.touch(item, Aspects::PROBLEM),
        }
    }

    /// Keeps the reason when an expression cannot be evaluated.
    pub(super) fn outcome<T>(&mut self, expr: ExprId, result: Result<T, EvalError>) -> Option<T> {
        match result {
            Ok(value) => {
                if !self.faults.is_empty() {
                    self.faults.remove(&expr);
                }
                Some(value)
            }
            Err(error) => {
                self.faults.insert(expr, error.to_string());
                None
            }
        }
    }

    /// Stores a value and queues who reads it. `by`: the cell that gave it.
    pub(super) fn set_value(&mut self, item: ItemId, text: String, by: Option<u32>) -> bool {
        // What was taken from an earlier answer comes back to that one only.
        if !self.pruned.is_empty() {
            let path = self.item_path(item);
            self.pruned.remove(&path);
        }
        if self.instance.get(item).value == text {
            return false;
        }
        let program = Arc::clone(&self.program);
        let about = self.instance.get_mut(item);
        about.value = text;
        let (def, relevant) = (about.def, about.flags.relevant);
        self.note_write(item);
        self.touch(item, Aspects::VALUE);
        self.uncheck(item);
        for rank in program.graph.of_def.of(def.index()) {
            if matches!(program.graph.cells[*rank as usize].kind, CellKind::Constraint(_)) {
                self.queue(*rank, item);
            }
        }
        if relevant {
            self.queue_readers(program.graph.values.of(def.index()), item, by, &program);
            self.queue_readers(&program.graph.everything, item, by, &program);
        }
        // What the form works out for nobody to see is no change. An action may set it, and means it.
        if program.awaited[def.index()] && (relevant || by.is_none()) {
            self.pending.value_changed.push(item);
        }
        true
    }

    /// Queues the nodes of each reader that share with `item` what reader and read share.
    pub(super) fn queue_readers(
        &mut self,
        readers: &[Reader],
        item: ItemId,
        by: Option<u32>,
        program: &Program,
    ) {
        for reader in readers {
            let cell = program.graph.cells[reader.rank as usize];
            let prototypes = matches!(cell.kind, CellKind::Relevant(_));
            let again = by.is_some_and(|by| reader.rank <= by);
            let nodes =
                self.instance.all_of(&program.schema, cell.def, reader.bound, item, prototypes);
            for node in nodes.iter() {
                // A cell does not run again for what itself wrote.
                let itself = node == item && by == Some(reader.rank);
                if itself || (again && self.pending.returns == 0) {
                    continue;
                }
                if again {
                    self.pending.returns -= 1;
                }
                self.queue(reader.rank, node);
            }
        }
    }

    /// Queues every cell of a node and of all below it.
    pub(super) fn queue_below(&mut self, item: ItemId, program: &Program) {
        for id in self.instance.below(item) {
            let def = self.instance.get(id).def;
            for rank in program.graph.of_def.of(def.index()) {
                self.queue(*rank, id);
            }
        }
    }

    /// Queues the cells that depend on the language.
    pub(super) fn queue_speaking(&mut self) {
        let program = Arc::clone(&self.program);
        let speaking = (0u32..).zip(&program.graph.cells).filter(|(_, cell)| cell.speaks);
        for (rank, cell) in speaking {
            let nodes =
                self.instance.all_of(&program.schema, cell.def, None, Instance::ROOT, false);
            nodes.iter().for_each(|node| self.queue(rank, node));
        }
    }

    /// Carries a node's relevance to what is below it, as far as it changes. Whether the cell that gave it reads of that.
    fn spread_relevance(&mut self, item: ItemId, by: u32, program: &Program) -> bool {
        let mut reads_below = false;
        let mut rest = vec![item];
        while let Some(id) = rest.pop() {
            let about = self.instance.get(id);
            let around = about.parent.is_none_or(|parent| self.instance.get(parent).flags.relevant);
            let relevant = around && about.flags.own_relevant;
            if about.flags.relevant == relevant {
                continue;
            }
            let (def, filled) = (about.def, !about.value.is_empty());
            let flags = &mut self.instance.get_mut(id).flags;
            flags.relevant = relevant;
            if relevant && std::mem::take(&mut flags.left_out) {
                self.note_write(id);
            }
            self.touch_all(id, Aspects::RELEVANT);
            self.uncheck(id);
            for rank in program.graph.of_def.of(def.index()) {
                let kind = program.graph.cells[*rank as usize].kind;
                if matches!(kind, CellKind::Constraint(_) | CellKind::Choices(_)) {
                    self.queue(*rank, id);
                }
            }
            let readers = program.graph.values.of(def.index());
            let affected = |reader: &&Reader| filled || reader.filtered;
            let affected: Vec<Reader> = readers.iter().filter(affected).copied().collect();
            reads_below |= affected.iter().any(|reader| reader.rank == by);
            self.queue_readers(&affected, id, Some(by), program);
            rest.extend(self.instance.children(id));
            rest.extend(self.prototypes(id));
        }
        reads_below
    }

    fn prototypes(&self, item: ItemId) -> Vec<ItemId> {
        let slots = self.instance.get(item).slots.iter();
        let prototype = |slot: &super::instance::Slot| match slot {
            super::instance::Slot::Rows(rows) => rows.prototype,
            super::instance::Slot::One(_) => None,
        };
        slots.filter_map(prototype).collect()
    }

    pub(super) fn spread_readonly(&mut self, item: ItemId) {
        let mut rest = vec![item];
        while let Some(id) = rest.pop() {
            let about = self.instance.get(id);
            let around =
                about.parent.is_some_and(|parent| self.instance.get(parent).flags.readonly);
            let readonly = around || about.flags.own_readonly;
            if about.flags.readonly != readonly {
                self.instance.get_mut(id).flags.readonly = readonly;
                self.touch_all(id, Aspects::READONLY);
                rest.extend(self.instance.children(id));
            }
        }
    }

    /// Sets the rules that need no evaluation on new nodes.
    pub(super) fn set_constants(&mut self, item: ItemId, program: &Program) {
        for id in self.instance.below(item) {
            let about = self.instance.get_mut(id);
            let brought = std::mem::take(&mut about.value);
            about.value = given(program, about.def, brought);
            let parent = self.instance.get(id).parent.map(|parent| self.instance.get(parent).flags);
            let rules = program.rules(self.instance.get(id).def);
            let flags = &mut self.instance.get_mut(id).flags;
            flags.own_relevant = rules.relevant != Rule::Always(false);
            flags.relevant = flags.own_relevant && parent.is_none_or(|flags| flags.relevant);
            flags.required = rules.required == Rule::Always(true);
            flags.own_readonly = rules.readonly == Rule::Always(true);
            flags.readonly = flags.own_readonly || parent.is_some_and(|flags| flags.readonly);
            self.uncheck(id);
            self.add_prototypes(id, program);
        }
    }

    /// A repeat with a relevance or a count of its own gets a node for which they are computed, as
    /// there may be no rows.
    fn add_prototypes(&mut self, item: ItemId, program: &Program) {
        let about = program.schema.def(self.instance.get(item).def);
        for def in about.children.iter().filter(|def| program.schema.def(**def).repeat) {
            let counted = program.shown[def.index()].iter().any(|body| {
                matches!(program.body(*body).kind, BodyKind::Repeat { count: Some(_), .. })
            });
            if !counted && !matches!(program.rules(*def).relevant, Rule::Expr(_)) {
                continue;
            }
            let prototype =
                self.instance.build(&program.schema, *def, Some(item), Filling::Nothing);
            let around = self.instance.get(item).flags.relevant;
            for id in self.instance.below(prototype) {
                self.instance.get_mut(id).flags.relevant = around;
            }
            if let Some(rows) = self.instance.rows_mut(item, &program.schema, *def) {
                rows.prototype = Some(prototype);
            }
            let relevant = program.graph.of_def.of(def.index()).iter().filter(|rank| {
                matches!(program.graph.cells[**rank as usize].kind, CellKind::Relevant(_))
            });
            relevant.for_each(|rank| self.queue(*rank, prototype));
        }
    }

    /// Makes or removes rows until there are as many as the form says.
    fn count_rows(
        &mut self,
        body: BodyId,
        around: ItemId,
        (expr, count): (ExprId, f64),
        rank: u32,
        program: &Program,
    ) {
        // A number that is not known yet changes nothing.
        let Some(def) = program.body(body).def.filter(|_| !count.is_nan()) else { return };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "clamped before"
        )]
        let wanted = count.clamp(0.0, MAX_COUNTED_ROWS as f64) as usize;
        let Some(rows) = self.instance.rows(around, &program.schema, def) else { return };
        let rows = rows.items.clone();
        for row in rows.iter().skip(wanted).rev() {
            let path = self.item_path(*row);
            let fields = self.detach_row(*row, Some(rank), program);
            self.counted_out.insert(path, fields);
        }
        let key = |row: &ItemId| self.instance.get(*row).row.as_ref()?.key.parse().ok();
        let mut taken: Vec<usize> = rows.iter().filter_map(key).collect();
        taken.sort_unstable();
        let mut number = 0;
        let mut refused = count > MAX_COUNTED_ROWS as f64;
        let grows = rows.len() < wanted;
        let described = grows.then(|| self.instance.described(program, around, def));
        let described = described.unwrap_or_default();
        let path = self.rows_path(around, def);
        for have in rows.len()..wanted {
            if self.instance.alive() >= MAX_NODES {
                refused = true;
                break;
            }
            number = number.max(have) + 1;
            while taken.binary_search(&number).is_ok() {
                number += 1;
            }
            // A number that is corrected brings the rows back that it took away while it was typed.
            let stood = self.counted_out.remove(&format!("{path}[{number}]"));
            let back = stood.and_then(|fields| self.return_row(&fields, Some(rank), program));
            if back.is_none() {
                // A row that the form itself describes comes as it is described.
                let own = described.get(have).copied();
                let filling = own.map_or(Filling::Defaults, Filling::From);
                let key = number.to_string();
                let row = self.attach_row(around, def, &key, filling, Some(rank), program);
                self.new_row_actions.push((row, false));
            }
        }
        if refused {
            let reason = format!("asks for {count} rows, more than a record can hold");
            self.faults.insert(expr, reason);
        }
    }

    /// Holds what nobody picked, in a node and below it, against the choices.
    pub(super) fn hold_against_choices(&mut self, top: ItemId) {
        let program = Arc::clone(&self.program);
        let changed = self.pending.value_changed.len();
        for item in self.instance.below(top) {
            let about = self.instance.get(item);
            if about.value.is_empty() {
                continue;
            }
            let def = about.def.index();
            for rank in program.graph.of_def.of(def) {
                if matches!(program.graph.cells[*rank as usize].kind, CellKind::Choices(_)) {
                    self.queue(*rank, item);
                }
            }
            // A list that is always the same has no cell.
            let constant = |body: &&BodyId| {
                program.choices(**body).is_some_and(|choices| choices.reads.is_empty())
            };
            for body in program.shown[def].iter().filter(constant) {
                self.prune(item, *body, None, &program);
            }
        }
        // Nobody had it as an answer.
        self.pending.value_changed.truncate(changed);
    }

    /// Takes an answer away that is not, or no longer, offered, and gives it back once it is: the answer that offers it may be on its way
    /// to another, as a date is while its year is typed.
    fn prune(&mut self, item: ItemId, body: BodyId, by: Option<u32>, program: &Program) {
        let BodyKind::Question { question, choices: Some(choices) } = &program.body(body).kind
        else {
            return;
        };
        let about = self.instance.get(item);
        let is_free = about.value.is_empty() && self.pruned.is_empty();
        if is_free || !about.flags.relevant || !choices.closed {
            return;
        }
        let path = self.item_path(item);
        let whole = self.pruned.get(&path).unwrap_or(&about.value).clone();
        if whole.is_empty() {
            return;
        }
        // A list that cannot be read says nothing about the answer.
        let Ok(values) = self.reading().choice_values(choices, item) else { return };
        let mut offered = BTreeSet::new();
        offered.extend(values.iter().map(String::as_str));
        let kept = if question.control == QuestionControl::Select1 {
            if offered.contains(whole.trim()) { whole.clone() } else { String::new() }
        } else {
            let kept: Vec<&str> =
                whole.split_whitespace().filter(|word| offered.contains(word)).collect();
            kept.join(" ")
        };
        let is_whole = kept.split_whitespace().eq(whole.split_whitespace());
        if kept.split_whitespace().ne(self.instance.get(item).value.split_whitespace()) {
            self.set_value(item, kept, by);
        }
        if !is_whole {
            self.pruned.insert(path, whole);
        }
    }

    /// Looks at the answer of a node: is it there, of its type, and allowed?
    fn check(&mut self, item: ItemId) {
        self.instance.get_mut(item).flags.unchecked = false;
        let about = self.instance.get(item);
        let rules = self.program.rules(about.def);
        let problem = if !about.flags.alive || !about.flags.relevant {
            None
        } else if about.value.is_empty() {
            about.flags.required.then_some(ViolationKind::Required)
        } else if about.value.len() > MAX_ANSWER_BYTES {
            Some(ViolationKind::Length)
        } else if !self.is_typed(about.def, &about.value, rules.data_type) {
            Some(ViolationKind::Type)
        } else {
            (!about.flags.valid).then_some(ViolationKind::Constraint)
        };
        if about.problem != problem {
            self.instance.get_mut(item).problem = problem;
            self.touch(item, Aspects::PROBLEM);
        }
    }

    /// Only what a person types can be of a wrong type.
    fn is_typed(&self, def: DefId, text: &str, data_type: DataType) -> bool {
        let typed = |body: &BodyId| match &self.program.body(*body).kind {
            BodyKind::Question { question, .. } => {
                matches!(question.control, QuestionControl::Input | QuestionControl::Range { .. })
            }
            _ => false,
        };
        !self.program.shown[def.index()].iter().any(typed) || value::fits(data_type, text)
    }

    pub(super) fn tell(&mut self, node: NodeId, aspects: Aspects) {
        self.pending.changes.push(Change { node, aspects });
        if aspects.contains(Aspects::CHOICES) {
            self.forget_choices(node);
        }
    }

    /// Tells of the questions, groups and rows drawn for a node itself.
    pub(super) fn touch(&mut self, item: ItemId, aspects: Aspects) {
        for node in self.drawn.of(item).to_vec() {
            let own = self
                .drawn
                .get(node)
                .is_some_and(|node| matches!(node.kind, DrawnKind::Question | DrawnKind::Row));
            if own {
                self.tell(node, aspects);
            }
        }
    }

    /// Tells of everything drawn for a node, with what only draws inside it.
    fn touch_all(&mut self, item: ItemId, aspects: Aspects) {
        for node in self.drawn.of(item).to_vec() {
            self.tell(node, aspects);
        }
        let about = self.instance.get(item);
        // A prototype stands for its repeat.
        if let (None, Some(parent), true) =
            (&about.row, about.parent, self.program.schema.def(about.def).repeat)
        {
            for node in self.drawn.repeats(parent, about.def, &self.program) {
                self.tell(node, aspects);
            }
        }
    }

    fn touch_body(&mut self, item: ItemId, body: BodyId, aspects: Aspects) {
        for node in self.drawn.of(item).to_vec() {
            if self
                .drawn
                .get(node)
                .is_some_and(|n| n.body == Some(body) && n.kind != DrawnKind::Row)
            {
                self.tell(node, aspects);
            }
        }
    }

    /// Tells of every drawn node.
    pub(super) fn touch_everything(&mut self, aspects: Aspects) {
        for node in self.drawn.in_order() {
            self.tell(node, aspects);
        }
    }

    pub(super) fn touch_rows(&mut self, repeats: &[NodeId]) {
        for repeat in repeats {
            self.tell(*repeat, Aspects::CHILDREN);
        }
    }
}

/// A value that nobody typed, as it is stored at this node; what can be picked there is as the choices write it.
pub(super) fn given(program: &Program, def: DefId, text: String) -> String {
    if is_picked(program, def) { text } else { value::given(program.rules(def).data_type, text) }
}

/// A value that was entered elsewhere, likewise. What is not of the type stays as it was typed.
pub(super) fn entered(program: &Program, def: DefId, text: &str) -> String {
    if is_picked(program, def) {
        return text.to_owned();
    }
    value::entered(program.rules(def).data_type, text)
}

/// Whether choices say how its values are written. A range whose numbers have names is a number all the same.
fn is_picked(program: &Program, def: DefId) -> bool {
    program.shown[def.index()].iter().any(|body| match &program.body(*body).kind {
        BodyKind::Question { question, choices: Some(_) } => {
            !matches!(question.control, QuestionControl::Range { .. })
        }
        _ => false,
    })
}
