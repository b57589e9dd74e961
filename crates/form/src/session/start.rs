//! How a session begins: with a new record, or with a stored one.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::drawn::Drawn;
use super::fields::{Segment, segments};
use super::instance::{Filling, Instance, ItemId};
use super::recalculate::Pending;
use super::tree::Handle;
use super::{Counters, Environment, Session};
use crate::program::{DefId, Event, Preload, Program};
use crate::view::DataType;

impl Session {
    /// A new record: defaults, preloads, first-load events.
    #[must_use]
    pub fn start(program: Arc<Program>, environment: Environment) -> Self {
        let mut session = Self::empty(program, environment, true);
        session.preload(&[Preload::InstanceId, Preload::Start, Preload::Today]);
        session.preload_properties();
        session.pending.value_changed.clear();
        session.hold_against_choices(Instance::ROOT);
        session.begin(&[Event::FirstLoad, Event::Load]);
        session.note_writes(Instance::ROOT);
        session
    }

    /// A stored record: nothing is taken from the form's defaults, rows are exactly those that have
    /// a field. Calculations are run again, as on every opening.
    #[must_use]
    pub fn resume(
        program: Arc<Program>,
        environment: Environment,
        fields: &BTreeMap<String, String>,
    ) -> Self {
        Self::reopen(program, environment, fields).0
    }

    /// A stored record as it was written, to be read and not to be changed: what its calculations gave then stands, whatever they would give
    /// here, where the lists and records are not that they looked at.
    #[must_use]
    pub fn as_stored(
        program: Arc<Program>,
        environment: Environment,
        fields: &BTreeMap<String, String>,
    ) -> Self {
        let (mut session, rows) = Self::reopen(program, environment, fields);
        for (path, text) in fields {
            let parts = segments(path).filter(|_| !path.ends_with(']'));
            let item = parts.and_then(|parts| session.locate(&parts, &rows));
            if let Some(item) = item.filter(|item| session.holds_text(*item)) {
                session.set_value(item, text.clone(), None);
            }
        }
        session.pending.value_changed.clear();
        session
    }

    /// The record, and its rows by path.
    fn reopen(
        program: Arc<Program>,
        environment: Environment,
        fields: &BTreeMap<String, String>,
    ) -> (Self, BTreeMap<String, ItemId>) {
        let mut session = Self::empty(program, environment, false);
        let rows = session.load(fields, None);
        session.take_unwritten();
        session.removed.clear();
        let id = session.program.instance_id;
        let id = id
            .and_then(|def| session.instance.nearest(&session.program.schema, def, Instance::ROOT));
        if id.is_some_and(|item| session.instance.get(item).value.is_empty()) {
            session.preload(&[Preload::InstanceId]);
        }
        session.pending.value_changed.clear();
        session.begin(&[Event::Load]);
        (session, rows)
    }

    fn empty(program: Arc<Program>, environment: Environment, new: bool) -> Self {
        let mut instance = Instance::default();
        let filling = if new { Filling::From(&program.form.primary) } else { Filling::Nothing };
        instance.build(&program.schema, DefId::ROOT, None, filling);
        let drawn = Drawn::new(&program, &instance);
        let language = program.texts.default;
        let shared = Arc::clone(&program);
        let mut session = Self {
            program,
            environment,
            instance,
            drawn,
            language,
            numbers: None,
            counters: Counters::default(),
            pending: Pending::default(),
            new_row_actions: Vec::new(),
            unwritten: Vec::new(),
            removed: std::collections::BTreeSet::new(),
            counted_out: BTreeMap::new(),
            pruned: BTreeMap::new(),
            leftovers: BTreeMap::new(),
            faults: BTreeMap::new(),
            calculated: BTreeMap::new(),
            choices: std::sync::Mutex::default(),
        };
        session.set_constants(Instance::ROOT, &shared);
        session.queue_below(Instance::ROOT, &shared);
        session
    }

    /// Actions come before calculations, as in a new row, and what is calculated for the first time has not changed.
    /// Nobody has drawn anything yet, so nobody is told of what happened so far.
    fn begin(&mut self, events: &[Event]) {
        for event in events {
            self.fire(*event, None);
        }
        let set = std::mem::take(&mut self.pending.value_changed);
        self.run();
        // What a counted row brings along when the record begins is as the form has it, and not new.
        self.new_row_actions.retain(|(_, brought)| !brought);
        self.pending.value_changed = set;
        self.settle();
        self.leftovers.retain(|_, text| !text.is_empty());
    }

    /// Puts stored fields where nothing stands: rows first, in their order. Returns those by path. `by`: the cell that asked for it.
    pub(super) fn load(
        &mut self,
        fields: &BTreeMap<String, String>,
        by: Option<u32>,
    ) -> BTreeMap<String, ItemId> {
        let program = Arc::clone(&self.program);
        let changed = self.pending.value_changed.len();
        let mut rows: Vec<(usize, u64, &str, Vec<Segment>)> = Vec::new();
        let mut values = Vec::new();
        for (path, text) in fields {
            let Some(parts) = segments(path) else {
                self.leftovers.insert(path.clone(), text.clone());
                continue;
            };
            if path.ends_with(']') {
                let ordinal = text.trim().parse().unwrap_or(u64::MAX);
                if !text.is_empty() {
                    rows.push((parts.len(), ordinal, path, parts));
                }
            } else {
                values.push((path, text, parts));
            }
        }
        rows.sort_by(|a, b| (a.0, a.1, a.2).cmp(&(b.0, b.1, b.2)));
        let mut known: BTreeMap<String, ItemId> = BTreeMap::new();
        for (_, ordinal, path, parts) in rows {
            match self.load_row(&parts, ordinal, &known, &program) {
                Some(row) => {
                    known.insert(path.to_owned(), row);
                }
                None => {
                    self.leftovers.insert(path.to_owned(), ordinal.to_string());
                }
            }
        }
        for (path, text, parts) in values {
            let item = self.locate(&parts, &known).filter(|item| self.holds_text(*item));
            match item {
                Some(item) => {
                    self.set_value(item, text.clone(), by);
                }
                None => {
                    self.leftovers.insert(path.clone(), text.clone());
                }
            }
        }
        // Nobody had it as an answer just now.
        self.pending.value_changed.truncate(changed);
        known
    }

    fn load_row(
        &mut self,
        parts: &[Segment],
        ordinal: u64,
        known: &BTreeMap<String, ItemId>,
        program: &Program,
    ) -> Option<ItemId> {
        let (last, above) = parts.split_last()?;
        let around = self.locate(above, known)?;
        let def = program.schema.child_named(self.instance.get(around).def, last.name)?;
        self.instance.rows(around, &program.schema, def)?;
        Some(self.build_row(around, def, last.key?, Some(ordinal), Filling::Nothing, program))
    }

    /// Fills in what the form asks the device for.
    pub(super) fn preload(&mut self, kinds: &[Preload]) {
        let program = Arc::clone(&self.program);
        for def in program.schema.ids() {
            let rules = program.rules(def);
            let unasked = rules.preload.is_none();
            let kind = match &rules.preload {
                // The id of the record is needed whether the form asks for it or not.
                None if Some(def) == program.instance_id && rules.calculate.is_none() => {
                    &Preload::InstanceId
                }
                Some(kind) => kind,
                None => continue,
            };
            if !kinds.contains(kind) {
                continue;
            }
            let text = match kind {
                Preload::InstanceId => self.environment.instance_id.clone(),
                Preload::Today => self.moment(DataType::Date),
                Preload::Start | Preload::End => match rules.data_type {
                    DataType::Date => self.moment(DataType::Date),
                    _ => self.moment(DataType::DateTime),
                },
                Preload::Property(_) => continue,
            };
            let items = self.instance.all_of(&program.schema, def, None, Instance::ROOT, false);
            for item in items.iter() {
                // An id that the form brings along is left alone.
                if !unasked || self.instance.get(item).value.is_empty() {
                    self.set_value(item, text.clone(), None);
                }
            }
        }
    }

    fn preload_properties(&mut self) {
        let program = Arc::clone(&self.program);
        for def in program.schema.ids() {
            let Some(Preload::Property(name)) = &program.rules(def).preload else { continue };
            let Some(text) = self.environment.properties.get(name).cloned() else { continue };
            let items = self.instance.all_of(&program.schema, def, None, Instance::ROOT, false);
            for item in items.iter() {
                self.set_value(item, text.clone(), None);
            }
        }
    }

    fn moment(&self, data_type: DataType) -> String {
        let clock = &self.program.clock;
        let expr = if data_type == DataType::Date { clock.today } else { clock.now };
        self.reading().text(expr, Handle::DOCUMENT).unwrap_or_default()
    }
}
