//! The answers of one record: a tree in an arena. Rows come and go without moving other nodes.

use xpath::Nodes;

use crate::definition::Element;
use crate::program::{Def, DefId, Program, Schema};
use crate::view::ViolationKind;

/// A node of the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ItemId(pub(crate) u32);

impl ItemId {
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) def: DefId,
    pub(crate) parent: Option<ItemId>,
    /// One for each child of the entry.
    pub(crate) slots: Vec<Slot>,
    pub(crate) value: String,
    pub(crate) row: Option<Box<Row>>,
    pub(crate) flags: Flags,
    pub(crate) problem: Option<ViolationKind>,
}

/// What rules say about a node now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is the state of one rule")]
pub(crate) struct Flags {
    pub(crate) alive: bool,
    /// By its own rule; `relevant` takes in what is around it.
    pub(crate) own_relevant: bool,
    pub(crate) relevant: bool,
    pub(crate) required: bool,
    pub(crate) own_readonly: bool,
    pub(crate) readonly: bool,
    pub(crate) valid: bool,
    /// Whether its field changed since the last [`super::Session::take_writes`].
    pub(crate) unwritten: bool,
    /// Whether nothing of it is stored, as it is not asked: see [`super::Session::leave_out`].
    pub(crate) left_out: bool,
    /// Whether its problem may have changed since it was last looked at.
    pub(crate) unchecked: bool,
}

/// What a row has besides its node.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) key: Box<str>,
    /// Where it stands among the rows, as stored: larger comes later.
    pub(crate) ordinal: u64,
    /// Its place now, from 0.
    pub(crate) place: usize,
}

#[derive(Debug)]
pub(crate) enum Slot {
    One(ItemId),
    Rows(Box<Rows>),
}

#[derive(Debug, Default)]
pub(crate) struct Rows {
    pub(crate) items: Vec<ItemId>,
    /// Stands for a row that does not exist, to tell whether one would be relevant.
    pub(crate) prototype: Option<ItemId>,
}

/// Where the values of new nodes come from.
#[derive(Clone, Copy)]
pub(crate) enum Filling<'a> {
    /// An element of the form.
    From(&'a Element),
    /// The form's defaults.
    Defaults,
    /// Nowhere: nodes are empty and no rows exist.
    Nothing,
}

/// The rows that the form itself describes in something that is filled in this way.
fn described<'p>(about: &'p Def, around: Filling<'p>) -> impl Iterator<Item = &'p Element> {
    let rows: &[Element] = match around {
        Filling::From(element) => &element.children,
        Filling::Defaults if !about.start_blank => &about.start_rows,
        Filling::Defaults | Filling::Nothing => &[],
    };
    let is_data = |e: &&Element| *e.name == *about.name && e.attribute("jr:template").is_none();
    rows.iter().filter(is_data)
}

#[derive(Debug, Default)]
pub(crate) struct Instance {
    items: Vec<Item>,
    /// How many nodes went with their rows.
    dead: usize,
}

impl Instance {
    pub(crate) const ROOT: ItemId = ItemId(0);

    pub(crate) fn get(&self, id: ItemId) -> &Item {
        &self.items[id.index()]
    }

    pub(crate) fn get_mut(&mut self, id: ItemId) -> &mut Item {
        &mut self.items[id.index()]
    }

    pub(crate) fn len(&self) -> usize {
        self.items.len()
    }

    /// How many nodes there are, those of removed rows left out.
    pub(crate) fn alive(&self) -> usize {
        self.items.len() - self.dead
    }

    /// Adds a node with all below it. The caller hangs a row into its rows.
    pub(crate) fn build(
        &mut self,
        schema: &Schema,
        def: DefId,
        parent: Option<ItemId>,
        filling: Filling,
    ) -> ItemId {
        let id = ItemId(u32::try_from(self.items.len()).expect("memory ends before 2^32 nodes"));
        let about = schema.def(def);
        let value = match filling {
            Filling::From(_) if about.is_attribute() => String::new(),
            Filling::From(element) => element.text.clone(),
            Filling::Defaults => about.default.to_string(),
            Filling::Nothing => String::new(),
        };
        let leaf = about.children.iter().all(|child| schema.def(*child).is_attribute());
        self.items.push(Item {
            def,
            parent,
            slots: Vec::new(),
            value: if leaf { value } else { String::new() },
            row: None,
            flags: Flags {
                alive: true,
                own_relevant: true,
                relevant: true,
                required: false,
                own_readonly: false,
                readonly: false,
                valid: true,
                unwritten: false,
                left_out: false,
                unchecked: false,
            },
            problem: None,
        });
        let mut after = 0;
        let slots: Vec<Slot> = about
            .children
            .iter()
            .map(|child| self.slot(schema, *child, id, filling, &mut after))
            .collect();
        self.items[id.index()].slots = slots;
        id
    }

    /// What stands in a slot. `after`: how many elements of the filling come before it, most likely.
    fn slot(
        &mut self,
        schema: &Schema,
        def: DefId,
        parent: ItemId,
        filling: Filling,
        after: &mut usize,
    ) -> Slot {
        let about = schema.def(def);
        if about.is_attribute() {
            let item = self.build(schema, def, Some(parent), Filling::Nothing);
            let name = about.name.trim_start_matches('@');
            let value = match filling {
                Filling::From(element) => element.attribute(name).unwrap_or_default(),
                Filling::Defaults => &about.default,
                Filling::Nothing => "",
            };
            value.clone_into(&mut self.get_mut(item).value);
            return Slot::One(item);
        }
        let named = |element: &Element| *element.name == *about.name;
        if !about.many {
            let inner = match filling {
                Filling::From(element) => {
                    let (before, rest) = element.children.split_at(*after);
                    match rest.iter().chain(before).find(|e| named(e)) {
                        Some(found) => {
                            *after = (*after + 1).min(element.children.len());
                            Filling::From(found)
                        }
                        None => Filling::Nothing,
                    }
                }
                other => other,
            };
            return Slot::One(self.build(schema, def, Some(parent), inner));
        }
        let mut rows = Rows::default();
        let mut add = |filling: Filling| {
            let item = self.build(schema, def, Some(parent), filling);
            let place = rows.items.len();
            let key = (place + 1).to_string().into();
            let ordinal = place as u64 + 1;
            self.get_mut(item).row = Some(Box::new(Row { key, ordinal, place }));
            rows.items.push(item);
        };
        match filling {
            Filling::Defaults if about.start_blank => {
                about.start_rows.iter().for_each(|_| add(Filling::Defaults));
            }
            around => described(about, around).for_each(|row| add(Filling::From(row))),
        }
        Slot::Rows(Box::new(rows))
    }

    /// Where a node's first values come from, whoever answered since.
    fn filling<'p>(&self, program: &'p Program, id: ItemId) -> Filling<'p> {
        let item = self.get(id);
        let Some(parent) = item.parent else { return Filling::From(&program.form.primary) };
        let about = program.schema.def(item.def);
        match (&item.row, self.filling(program, parent)) {
            (None, Filling::From(element)) => {
                let own = element.children.iter().find(|e| *e.name == *about.name);
                own.map_or(Filling::Nothing, Filling::From)
            }
            (None, around) => around,
            (Some(row), around) => {
                let number = row.key.parse().ok().and_then(|number: usize| number.checked_sub(1));
                let own = number.and_then(|number| described(about, around).nth(number));
                own.map_or(Filling::Defaults, Filling::From)
            }
        }
    }

    /// The rows of a repeat that the form itself describes below a node.
    pub(crate) fn described<'p>(
        &self,
        program: &'p Program,
        parent: ItemId,
        def: DefId,
    ) -> Vec<&'p Element> {
        described(program.schema.def(def), self.filling(program, parent)).collect()
    }

    /// What the form itself answered in a node.
    pub(crate) fn first_value<'p>(&self, program: &'p Program, id: ItemId) -> &'p str {
        let item = self.get(id);
        let about = program.schema.def(item.def);
        let around = item.parent.filter(|_| about.is_attribute());
        match around.or(program.schema.row_of(item.def).map(|_| id)) {
            // Outside rows there is one element for it.
            None => &about.default,
            Some(id) => match self.filling(program, id) {
                Filling::From(element) if about.is_attribute() => {
                    element.attribute(about.name.trim_start_matches('@')).unwrap_or_default()
                }
                Filling::From(element) => &element.text,
                Filling::Defaults => &about.default,
                Filling::Nothing => "",
            },
        }
    }

    /// The rows of a repeat below a node.
    pub(crate) fn rows(&self, parent: ItemId, schema: &Schema, def: DefId) -> Option<&Rows> {
        match self.get(parent).slots.get(schema.def(def).slot as usize)? {
            Slot::Rows(rows) => Some(rows),
            Slot::One(_) => None,
        }
    }

    pub(crate) fn rows_mut(
        &mut self,
        parent: ItemId,
        schema: &Schema,
        def: DefId,
    ) -> Option<&mut Rows> {
        match self.get_mut(parent).slots.get_mut(schema.def(def).slot as usize)? {
            Slot::Rows(rows) => Some(rows),
            Slot::One(_) => None,
        }
    }

    /// Hangs a row where its ordinal belongs; gives the rows that moved. `ordinal`: `None` puts it after all others.
    pub(crate) fn hang(
        &mut self,
        schema: &Schema,
        row: ItemId,
        key: &str,
        ordinal: Option<u64>,
    ) -> Vec<ItemId> {
        let item = self.get(row);
        let (Some(parent), def) = (item.parent, item.def) else { return Vec::new() };
        let Some(rows) = self.rows(parent, schema, def) else { return Vec::new() };
        let of = |item: &ItemId| self.get(*item).row.as_ref().map_or(0, |row| row.ordinal);
        let ordinal = ordinal.unwrap_or_else(|| rows.items.last().map_or(0, of).saturating_add(1));
        // Rows come in their order, as a rule: the place is at the end.
        let before = rows.items.iter().rposition(|other| of(other) <= ordinal);
        let place = before.map_or(0, |before| before + 1);
        let moved = rows.items.get(place..).unwrap_or_default().to_vec();
        self.get_mut(row).row = Some(Box::new(Row { key: key.into(), ordinal, place }));
        for item in &moved {
            if let Some(row) = &mut self.get_mut(*item).row {
                row.place += 1;
            }
        }
        if let Some(rows) = self.rows_mut(parent, schema, def) {
            rows.items.insert(place, row);
        }
        moved
    }

    /// Takes a row out; gives the rows that moved.
    pub(crate) fn remove(&mut self, schema: &Schema, row: ItemId) -> Vec<ItemId> {
        let item = self.get(row);
        let (Some(parent), def) = (item.parent, item.def) else { return Vec::new() };
        let place = item.row.as_ref().map_or(0, |row| row.place);
        let Some(rows) = self.rows_mut(parent, schema, def) else { return Vec::new() };
        if rows.items.get(place) != Some(&row) {
            return Vec::new();
        }
        rows.items.remove(place);
        let moved: Vec<ItemId> = rows.items.iter().skip(place).copied().collect();
        for item in &moved {
            if let Some(row) = &mut self.get_mut(*item).row {
                row.place -= 1;
            }
        }
        for item in self.below(row) {
            self.get_mut(item).flags.alive = false;
            self.dead += 1;
        }
        moved
    }

    /// The nodes right below one, rows in their order. Prototypes are not among them.
    pub(crate) fn children(&self, id: ItemId) -> impl Iterator<Item = ItemId> + '_ {
        self.get(id)
            .slots
            .iter()
            .flat_map(|slot| match slot {
                Slot::One(item) => std::slice::from_ref(item),
                Slot::Rows(rows) => rows.items.as_slice(),
            })
            .copied()
    }

    /// A node and all below it, in document order.
    pub(crate) fn below(&self, id: ItemId) -> Vec<ItemId> {
        let mut found = Vec::new();
        let mut rest = vec![id];
        while let Some(item) = rest.pop() {
            found.push(item);
            let at = rest.len();
            rest.extend(self.children(item));
            if let Some(children) = rest.get_mut(at..) {
                children.reverse();
            }
        }
        found
    }

    /// The node of an entry at or above a node.
    pub(crate) fn above(&self, mut id: ItemId, def: DefId) -> Option<ItemId> {
        loop {
            let item = self.get(id);
            if item.def == def {
                return Some(id);
            }
            id = item.parent?;
        }
    }

    /// All nodes of an entry that share with `near` its node of `bound`, or the record.
    pub(crate) fn all_of(
        &self,
        schema: &Schema,
        def: DefId,
        bound: Option<DefId>,
        near: ItemId,
        prototypes: bool,
    ) -> Nodes<ItemId> {
        let anchor = bound.and_then(|bound| self.above(near, bound)).unwrap_or(Self::ROOT);
        if let Some(only) = self.only(schema, def, anchor) {
            return Nodes::One(only);
        }
        let mut at = vec![anchor];
        for step in schema.chain(Some(self.get(anchor).def), def) {
            let slot = schema.def(step).slot as usize;
            let mut next = Vec::with_capacity(at.len());
            for item in at {
                match self.get(item).slots.get(slot) {
                    Some(Slot::One(child)) => next.push(*child),
                    Some(Slot::Rows(rows)) => {
                        next.extend(&rows.items);
                        next.extend(rows.prototype.filter(|_| prototypes && step == def));
                    }
                    None => {}
                }
            }
            at = next;
        }
        Nodes::Many(at)
    }

    /// The node of an entry below another node, when no rows are between.
    fn only(&self, schema: &Schema, def: DefId, anchor: ItemId) -> Option<ItemId> {
        if self.get(anchor).def == def {
            return Some(anchor);
        }
        let about = schema.def(def);
        let around = self.only(schema, about.parent?, anchor)?;
        match self.get(around).slots.get(about.slot as usize)? {
            Slot::One(item) => Some(*item),
            Slot::Rows(_) => None,
        }
    }

    /// The node of an entry that is nearest to another node: in the same rows as far as they are
    /// shared, in the first row beyond.
    pub(crate) fn nearest(&self, schema: &Schema, def: DefId, near: ItemId) -> Option<ItemId> {
        self.shared(schema, def, near).first()
    }

    /// All nodes of an entry in the rows that it shares with another node.
    pub(crate) fn shared(&self, schema: &Schema, def: DefId, near: ItemId) -> Nodes<ItemId> {
        let mut anchor = near;
        while !schema.is_within(def, self.get(anchor).def) {
            match self.get(anchor).parent {
                Some(parent) => anchor = parent,
                None => break,
            }
        }
        self.all_of(schema, def, Some(self.get(anchor).def), anchor, false)
    }
}
