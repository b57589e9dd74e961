//! What a person does: answers, rows, languages.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::drawn::DrawnKind;
use super::instance::{Filling, Instance, ItemId};
use super::tree::Handle;
use super::{AnswerError, RowError, Session, recalculate, value};
use crate::program::{ActionDef, ActionValue, BodyKind, DefId, Event, ExprId, Preload, Program};
use crate::view::{Aspects, Change, DataType, LocalTime, NodeId, Numbers};

fn waits_for_answer(action: &ActionDef, question: DefId) -> bool {
    let is_place = matches!(action.value, ActionValue::Geopoint);
    is_place && action.events.contains(&Event::ValueChanged) && action.source == Some(question)
}

fn waits_for_place(action: &ActionDef, new: bool) -> bool {
    let is_place = matches!(action.value, ActionValue::Geopoint);
    let on_opening = |event: &Event| *event == Event::Load || new && *event == Event::FirstLoad;
    is_place && action.events.iter().any(on_opening)
}

/// Actions that set off each other are stopped after so many rounds.
const MAX_ROUNDS: usize = 100;

impl Session {
    /// Moves the clock; nothing is re-run.
    pub fn set_now(&mut self, now: LocalTime) {
        self.environment.now = now;
    }

    /// Whether the form wants to know, as a record is opened, where the device is; `new`: as it is begun.
    #[must_use]
    pub fn asks_place(&self, new: bool) -> bool {
        self.program.actions.iter().any(|action| waits_for_place(action, new))
    }

    /// The device knows by now where it is, as `lat lon alt accuracy`: what asked for that when the record was opened is told. An answer that was
    /// given meanwhile stays.
    pub fn arrive(&mut self, place: &str, new: bool) -> Vec<Change> {
        let before = self.move_to(Some(place.to_owned()));
        let program = Arc::clone(&self.program);
        for action in program.actions.iter().filter(|action| waits_for_place(action, new)) {
            let rows: Vec<ItemId> = match action.source {
                // An action in a repeat is for each of its rows.
                Some(around) => {
                    let schema = &program.schema;
                    let rows = self.instance.all_of(schema, around, None, Instance::ROOT, false);
                    rows.iter().collect()
                }
                None => vec![Instance::ROOT],
            };
            for row in rows {
                let target = self.instance.nearest(&program.schema, action.target, row);
                let Some(target) = target else { continue };
                let is_free = self.instance.get(target).value.is_empty();
                if is_free || action.events.contains(&Event::Load) {
                    self.act(action, target);
                }
            }
        }
        self.move_to(before);
        self.run();
        self.settle()
    }

    /// Whether the form wants to know where the device is when this question is answered.
    #[must_use]
    pub fn asks_place_at(&self, question: NodeId) -> bool {
        let def = self.drawn.get(question).map(|node| self.instance.get(node.item).def);
        let mut actions = self.program.actions.iter();
        def.is_some_and(|def| actions.any(|action| waits_for_answer(action, def)))
    }

    /// The device knows where it was when this question was answered.
    pub fn arrive_at(&mut self, question: NodeId, place: &str) -> Vec<Change> {
        let Some(item) = self.drawn.get(question).map(|node| node.item) else { return Vec::new() };
        let before = self.move_to(Some(place.to_owned()));
        let program = Arc::clone(&self.program);
        let def = self.instance.get(item).def;
        for action in program.actions.iter().filter(|action| waits_for_answer(action, def)) {
            self.act_near(action, item);
        }
        self.move_to(before);
        self.run();
        self.settle()
    }

    /// Moves the device for a moment; where it was before.
    fn move_to(&mut self, place: Option<String>) -> Option<String> {
        let properties = &mut self.environment.properties;
        match place {
            Some(place) => properties.insert("geopoint".to_owned(), place),
            None => properties.remove("geopoint"),
        }
    }

    /// Stores what was typed, whatever the constraint says, and re-runs what depends on it.
    pub fn answer(&mut self, id: NodeId, text: &str) -> Result<Vec<Change>, AnswerError> {
        let node = self.drawn.get(id).ok_or(AnswerError::NoSuchNode)?;
        if node.kind != DrawnKind::Question {
            return Err(AnswerError::NotAQuestion);
        }
        let item = node.item;
        if self.instance.get(item).flags.readonly {
            return Err(AnswerError::Readonly);
        }
        let data_type = self.program.rules(self.instance.get(item).def).data_type;
        self.set_value(item, value::answered(data_type, text), None);
        Ok(self.settle())
    }

    /// Adds a row at the end. The key must be new in the repeat, and the same on every device that
    /// means this row.
    pub fn add_row(&mut self, repeat: NodeId, key: &str) -> Result<Vec<Change>, RowError> {
        let (around, def) = self.room_for(repeat, key)?;
        let program = Arc::clone(&self.program);
        let row = self.attach_row(around, def, key, Filling::Defaults, None, &program);
        self.fire_new_repeat(row, &program);
        Ok(self.settle_new(&[row]))
    }

    /// Settles after rows were added: what is calculated in them for the first time has not changed.
    pub(super) fn settle_new(&mut self, rows: &[ItemId]) -> Vec<Change> {
        let set = std::mem::take(&mut self.pending.value_changed);
        self.run();
        self.forget_first_values(rows);
        self.pending.value_changed.extend(set);
        self.settle()
    }

    /// Brings a removed row back. `fields`: its own and those of all in it, as they were among [`Self::fields`].
    pub fn restore_row(
        &mut self,
        repeat: NodeId,
        key: &str,
        fields: &BTreeMap<String, String>,
    ) -> Result<Vec<Change>, RowError> {
        self.room_for(repeat, key)?;
        let program = Arc::clone(&self.program);
        self.return_row(fields, None, &program);
        Ok(self.settle())
    }

    /// Where a row with this key may be added.
    pub(super) fn room_for(&self, repeat: NodeId, key: &str) -> Result<(ItemId, DefId), RowError> {
        let node = self.drawn.get(repeat).ok_or(RowError::NoSuchNode)?;
        let program = &self.program;
        let body =
            node.body.map(|body| program.body(body)).filter(|_| node.kind == DrawnKind::Repeat);
        let Some((BodyKind::Repeat { count, fixed }, Some(def))) = body.map(|b| (&b.kind, b.def))
        else {
            return Err(RowError::NotARepeat);
        };
        if count.is_some() || *fixed {
            return Err(RowError::Fixed);
        }
        let around = node.item;
        let rows = self.instance.rows(around, &program.schema, def).ok_or(RowError::NotARepeat)?;
        let has_key =
            |id: &ItemId| self.instance.get(*id).row.as_ref().is_some_and(|row| *row.key == *key);
        if key.is_empty() || key.contains(['[', ']', '/']) || rows.items.iter().any(has_key) {
            return Err(RowError::Key);
        }
        Ok((around, def))
    }

    /// Removes a row.
    pub fn remove_row(&mut self, row: NodeId) -> Result<Vec<Change>, RowError> {
        self.remove_rows(&[row])
    }

    /// The node of a row that may go.
    pub(super) fn removable(&self, row: NodeId) -> Result<ItemId, RowError> {
        let node = self.drawn.get(row).ok_or(RowError::NoSuchNode)?;
        let body = node.body.map(|body| self.program.body(body));
        match body.filter(|_| node.kind == DrawnKind::Row).map(|body| &body.kind) {
            Some(BodyKind::Repeat { count: None, fixed: false }) => Ok(node.item),
            Some(BodyKind::Repeat { .. }) => Err(RowError::Fixed),
            _ => Err(RowError::NotARepeat),
        }
    }

    /// Changes the language; one that the form does not have changes nothing.
    pub fn set_language(&mut self, name: &str) -> Vec<Change> {
        let wanted = self.languages().iter().position(|language| language.name == name);
        let Some(wanted) = wanted.filter(|wanted| *wanted != self.language) else {
            return Vec::new();
        };
        self.language = wanted;
        self.touch_everything(Aspects::LABEL | Aspects::CHOICES | Aspects::PROBLEM);
        self.queue_speaking();
        self.settle()
    }

    /// As [`Self::set_numbers`], where nobody has drawn anything yet.
    pub fn begin_numbers(&mut self, numbers: Numbers) {
        self.numbers = Some(numbers);
    }

    /// Has the numbers in texts that a person reads written in this way. No answer changes by it, and nothing that an expression
    /// sees.
    pub fn set_numbers(&mut self, numbers: Numbers) -> Vec<Change> {
        self.begin_numbers(numbers);
        for node in self.drawn.in_order() {
            if self.may_change(node).contains(Aspects::LABEL) {
                self.tell(node, Aspects::LABEL);
            }
        }
        self.settle()
    }

    /// Sets what is known only at the end, such as the end time.
    pub fn finalise(&mut self, now: LocalTime) -> Vec<Change> {
        self.environment.now = now;
        self.preload(&[Preload::End]);
        self.fire(Event::Revalidate, None);
        self.settle()
    }

    /// Adds a row at the end. `by`: the cell that asks for it.
    pub(super) fn attach_row(
        &mut self,
        around: ItemId,
        def: DefId,
        key: &str,
        filling: Filling,
        by: Option<u32>,
        program: &Program,
    ) -> ItemId {
        let row = self.build_row(around, def, key, None, filling, program);
        self.note_writes(row);
        self.queue_counting(row, by, program);
        // Rows that come with the row are new as well.
        let inner = self.instance.below(row).into_iter().skip(1);
        let rows = inner.filter(|id| self.instance.get(*id).row.is_some());
        self.new_row_actions.extend(rows.map(|row| (row, true)));
        self.hold_against_choices(row);
        row
    }

    /// Brings a row back as it was, with the rows in it. Its actions were done when it was new.
    pub(super) fn return_row(
        &mut self,
        fields: &BTreeMap<String, String>,
        by: Option<u32>,
        program: &Program,
    ) -> Option<ItemId> {
        // Its path comes before those of the rows in it.
        let row = self.load(fields, by).into_values().next()?;
        self.note_writes(row);
        self.queue_counting(row, by, program);
        Some(row)
    }

    /// Builds a row where its ordinal belongs, and queues all that it brings.
    pub(super) fn build_row(
        &mut self,
        around: ItemId,
        def: DefId,
        key: &str,
        ordinal: Option<u64>,
        filling: Filling,
        program: &Program,
    ) -> ItemId {
        let row = self.instance.build(&program.schema, def, Some(around), filling);
        let moved = self.instance.hang(&program.schema, row, key, ordinal);
        self.set_constants(row, program);
        self.queue_below(row, program);
        let repeats = self.drawn.add_row(row, program, &self.instance);
        self.touch_rows(&repeats);
        self.queue_moved(&moved, def, program);
        row
    }

    /// Queues all who count rows such as this one.
    fn queue_counting(&mut self, row: ItemId, by: Option<u32>, program: &Program) {
        let about = self.instance.get(row);
        if let (def, Some(around)) = (about.def, about.parent) {
            self.queue_readers(program.graph.rows.of(def.index()), around, by, program);
        }
    }

    /// Takes a row out and queues all who count rows, and the rows that moved up. Gives what stood in it.
    pub(super) fn detach_row(
        &mut self,
        row: ItemId,
        by: Option<u32>,
        program: &Program,
    ) -> BTreeMap<String, String> {
        let def = self.instance.get(row).def;
        let items = self.instance.below(row);
        let mut fields = BTreeMap::new();
        for item in &items {
            if let Some(path) = self.field_of(*item) {
                fields.insert(path.clone(), self.stored(*item));
                self.removed.insert(path);
            }
        }
        fields.retain(|_, text| !text.is_empty());
        let moved = self.instance.remove(&program.schema, row);
        let repeats = self.drawn.remove_row(row, &items);
        self.touch_rows(&repeats);
        self.queue_moved(&moved, def, program);
        self.queue_counting(row, by, program);
        fields
    }

    /// Queues all who read the places of these rows.
    fn queue_moved(&mut self, moved: &[ItemId], def: DefId, program: &Program) {
        for row in moved {
            self.touch(*row, Aspects::CHILDREN);
            self.queue_readers(program.graph.positions.of(def.index()), *row, None, program);
        }
    }

    pub(super) fn fire_new_repeat(&mut self, row: ItemId, program: &Program) {
        let def = self.instance.get(row).def;
        for action in
            program.actions.iter().filter(|action| action.events.contains(&Event::NewRepeat))
        {
            let source = action.source.and_then(|source| program.schema.row_of(source));
            if source == Some(def) {
                self.act_near(action, row);
            }
        }
    }

    /// What is calculated for the first time in new rows has not changed.
    fn forget_first_values(&mut self, rows: &[ItemId]) {
        let instance = &self.instance;
        let is_new = |item: &ItemId| {
            let around = |id: &ItemId| instance.get(*id).parent;
            std::iter::successors(Some(*item), around).any(|id| rows.contains(&id))
        };
        self.pending.value_changed.retain(|item| !is_new(item));
    }

    /// Does the actions of an event; `source`: only those around this node. What follows from them is still to be run.
    pub(super) fn fire(&mut self, event: Event, source: Option<ItemId>) {
        let program = Arc::clone(&self.program);
        let def = source.map(|item| self.instance.get(item).def);
        for action in program.actions.iter().filter(|action| action.events.contains(&event)) {
            match (source, action.source) {
                (Some(item), around) if around == def => self.act_near(action, item),
                (Some(_), _) => {}
                // An action in a repeat is for each of its rows.
                (None, Some(around)) => {
                    let rows =
                        self.instance.all_of(&program.schema, around, None, Instance::ROOT, false);
                    rows.iter().for_each(|item| self.act_near(action, item));
                }
                (None, None) => self.act_near(action, Instance::ROOT),
            }
        }
    }

    /// Does an action for the node of its target that is nearest: from outside a repeat, that of the first row, unless
    /// predicates choose another.
    fn act_near(&mut self, action: &ActionDef, near: ItemId) {
        let target = match action.chosen {
            Some(expr) => self.chosen(expr, near),
            None => self.instance.nearest(&self.program.schema, action.target, near),
        };
        if let Some(target) = target {
            self.act(action, target);
        }
    }

    /// The one node that the reference of an action means.
    fn chosen(&mut self, expr: ExprId, near: ItemId) -> Option<ItemId> {
        let result = self.reading().nodes(expr, Handle::item(near));
        let nodes = self.outcome(expr, result)?;
        if nodes.len() > 1 {
            self.faults.insert(expr, "means several nodes, and an action sets one".to_owned());
            return None;
        }
        nodes.first().and_then(|node| node.as_item())
    }

    fn act(&mut self, action: &ActionDef, target: ItemId) {
        let text = match &action.value {
            ActionValue::Text(text) => text.to_string(),
            ActionValue::Expression(expr) => {
                let result = self.reading().text(*expr, Handle::item(target));
                self.outcome(*expr, result).unwrap_or_default()
            }
            // Where the device is comes in with the environment; recordings are made by the view.
            ActionValue::Geopoint => match self.environment.properties.get("geopoint") {
                // A device that does not know where it is says so in its own words.
                Some(place) if value::fits(DataType::Geopoint, place) => place.clone(),
                _ => return,
            },
            ActionValue::Audio => return,
        };
        let text = value::computed(self.program.rules(action.target).data_type, text);
        let text = recalculate::given(&self.program, action.target, text);
        self.set_value(target, text, None);
        self.hold_against_choices(target);
        // A calculation that runs in the same step has the last word.
        let again = self.pending.contested.range((target, 0)..=(target, u32::MAX)).next().copied();
        if let Some((_, rank)) = again {
            self.queue(rank, target);
        }
    }

    /// Runs the actions that wait for values that changed, until nothing more changes.
    pub(super) fn run_value_changed(&mut self) {
        for _ in 0..MAX_ROUNDS {
            let rows = std::mem::take(&mut self.new_row_actions);
            let new: Vec<ItemId> = rows.iter().map(|(row, _)| *row).collect();
            self.forget_first_values(&new);
            let mut changed = std::mem::take(&mut self.pending.value_changed);
            // Once for a node, however often it changed in this round.
            let mut seen = BTreeSet::new();
            changed.retain(|item| seen.insert(*item));
            if rows.is_empty() && changed.is_empty() {
                return;
            }
            let program = Arc::clone(&self.program);
            for (row, brought) in rows {
                if self.instance.get(row).flags.alive {
                    let told = self.pending.value_changed.len();
                    self.fire_new_repeat(row, &program);
                    if brought {
                        self.pending.value_changed.truncate(told);
                    }
                    self.run();
                }
            }
            for item in changed {
                if self.instance.get(item).flags.alive {
                    // What an earlier one of this round did to it is part of the same change.
                    self.pending.value_changed.retain(|other| *other != item);
                    self.fire(Event::ValueChanged, Some(item));
                    self.run();
                }
            }
        }
        self.pending.value_changed.clear();
    }
}
